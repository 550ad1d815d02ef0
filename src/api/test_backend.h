// For tests: a backend over a real ledger in memory and a real pool, that makes blocks when told
// to.
#pragma once

#include <mutex>

#include "api/backend.h"
#include "ledger/test_chain.h"
#include "mempool/mempool.h"
#include "node/config.h"

namespace holdfast::api::testing {

namespace led = ledger::testing;

/// The memory store knows one thread only; the server has several.
class LockedView : public env::StateView {
  public:
    LockedView(std::mutex& mutex, std::shared_ptr<const env::StateView> view)
        : mutex_(mutex), view_(std::move(view)) {}
    ~LockedView() override {
        const std::scoped_lock lock(mutex_);
        view_.reset();
    }
    LockedView(const LockedView&) = delete;
    LockedView& operator=(const LockedView&) = delete;
    [[nodiscard]] std::optional<Bytes> get(env::Column column, ByteView key) const override {
        const std::scoped_lock lock(mutex_);
        return view_->get(column, key);
    }
    void scan(env::Column column, ByteView from,
              const std::function<bool(ByteView, ByteView)>& visit) const override {
        const std::scoped_lock lock(mutex_);
        view_->scan(column, from, visit);
    }

  private:
    std::mutex& mutex_;
    std::shared_ptr<const env::StateView> view_;
};

class TestBackend : public Backend {
  public:
    explicit TestBackend(chain::Genesis genesis = led::make_genesis())
        : chain_(std::move(genesis)),
          pool_({}, chain_.genesis().gas_limit,
                [this](const Address& address) { return chain_.account(address); }) {}

    [[nodiscard]] const chain::Genesis& genesis() const override { return chain_.genesis(); }
    [[nodiscard]] Hash32 genesis_hash() const override {
        return chain::genesis_hash(chain_.genesis());
    }
    [[nodiscard]] ledger::Reader reader() const override {
        const std::scoped_lock lock(mutex_);
        return ledger::Reader(std::make_shared<LockedView>(mutex_, chain_.store->snapshot()));
    }
    void submit(ledger::TransactionPtr transaction, std::function<void(Status)> done) override {
        Status status;
        {
            const std::scoped_lock lock(mutex_);
            ++submitted;
            status = pool_.add(transaction, next_base_fee());
        }
        if (done) done(status);
        if (mines_at_once && status) mine();
    }
    void next_nonce(const Address& account, std::function<void(uint64_t)> done) override {
        uint64_t nonce = 0;
        {
            const std::scoped_lock lock(mutex_);
            nonce = pool_.next_nonce(account);
        }
        done(nonce);
    }
    void find_pending(const Hash32& hash, std::function<void(PendingTransaction)> done) override {
        PendingTransaction pending;
        {
            const std::scoped_lock lock(mutex_);
            pending = {pool_.find(hash), pool_.dropped_because(hash)};
        }
        done(pending);
    }
    void linearizable(std::function<void(Result<Height>)> done) override {
        ++linearizable_calls;
        if (linearizable_error) return done(std::unexpected(*linearizable_error));
        done(reader().head());
    }
    void status(std::function<void(node::NodeStatus)> done) override {
        if (mute) {
            const std::scoped_lock lock(mutex_);
            unanswered_.push_back(std::move(done));
            return;
        }
        node::NodeStatus status;
        status.self = NodeId(1);
        status.engine = "raft";
        status.state = state;
        status.trouble = trouble;
        status.agreement.role = "leader";
        status.agreement.leader = NodeId(1);
        const std::scoped_lock lock(mutex_);
        status.head = chain_.ledger().head();
        status.head_hash = chain_.ledger().head_block().hash;
        status.sync_target = status.head + 7;
        status.pending_transactions = pool_.size() + queued;
        status.ready_transactions = pool_.size();
        status.members = chain_.ledger().members();
        status.queues = {{"execute", 3}};
        done(status);
    }
    [[nodiscard]] std::vector<PeerStatus> peers() const override {
        PeerStatus peer{.id = NodeId(2),
                        .endpoint = "node2.example:7000",
                        .connected = true,
                        .last_error = "reset \"by\" peer"};
        peer.messages_sent = 5;
        return {peer, {.id = NodeId(3), .endpoint = "node3.example:7000", .last_error = ""}};
    }
    void subscribe(BlockListener listener) override { listener_ = std::move(listener); }
    void transfer_leadership(NodeId to, std::function<void(Status)> done) override {
        transferred_to = to;
        done({});
    }

    /// A block of what the pool has ready.
    void mine() {
        std::shared_ptr<const ledger::Executed> executed;
        {
            const std::scoped_lock lock(mutex_);
            const auto chosen = pool_.select({}, 1 << 20, genesis().gas_limit, next_base_fee());
            executed =
                std::make_shared<const ledger::Executed>(chain_.execute(chosen.transactions));
            pool_.executed(chosen.transactions, next_base_fee());
            for (const auto& left_out : executed->left_out)
                pool_.drop(left_out.transaction->hash, left_out.reason);
        }
        if (listener_) listener_(executed);
    }
    /// Tells a block that never was: with logs, which plain transfers do not leave.
    void announce(const std::shared_ptr<const ledger::Executed>& executed) { listener_(executed); }
    void certify(Height height) {
        const std::scoped_lock lock(mutex_);
        chain::Certificate certificate{.height = height,
                                       .block_hash = chain_.reader().block_hash(height).value(),
                                       .signatures = {}};
        for (uint64_t id = 1; id <= 2; ++id)
            certificate.signatures.emplace_back(
                NodeId(id), chain::attest(led::member_key(id), NodeId(id), genesis_hash(), 0,
                                          height, certificate.block_hash)
                                .signature);
        ledger::put_certificate(*chain_.store, certificate);
    }
    void drop(const Hash32& hash, const Error& why) {
        const std::scoped_lock lock(mutex_);
        pool_.drop(hash, why);
    }

    std::atomic<bool> mines_at_once = false;
    std::atomic<uint64_t> queued = 0;  ///< pooled, with a gap before them
    std::atomic<bool> mute = false;    ///< never answers `status`
    std::atomic<int> linearizable_calls = 0;
    std::atomic<int> submitted = 0;
    std::optional<Error> linearizable_error;
    node::NodeState state = node::NodeState::running;
    std::string trouble;
    std::optional<NodeId> transferred_to;

  private:
    [[nodiscard]] U256 next_base_fee() {
        return chain::next_base_fee(chain_.ledger().head_block().header, genesis().fees);
    }

    mutable std::mutex mutex_;
    mutable led::TestChain chain_;
    mempool::Mempool pool_;
    BlockListener listener_;
    std::vector<std::function<void(node::NodeStatus)>> unanswered_;
};

}  // namespace holdfast::api::testing
