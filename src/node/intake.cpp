// Admission, gossip and re-offering.
#include "node/intake.h"

#include "crypto/hash.h"

namespace holdfast::node {
namespace {

constexpr Duration offer_interval = 2s;
constexpr size_t offers_max = 2048;
constexpr Duration payload_wait = 500ms;

}  // namespace

Intake::Intake(Context& context, std::function<void()> admitted)
    : context_(context),
      admitted_(std::move(admitted)),
      head_reader_(context.reader()),
      pool_(context.config.mempool, context.genesis.gas_limit, [this](const Address& address) {
          // The head's state is always at hand; a failure would mean the store lost its head.
          return head_reader_.account_at_head(address);
      }) {}

Status Intake::submit(const TransactionPtr& transaction) {
    ++context_.counters.signatures_recovered;  // by whoever submits it
    if (context_.stopped()) return fail(errc::stopped, context_.trouble);
    auto status = pool_.add(transaction, context_.next_base_fee);
    if (!status) {
        ++context_.counters.transactions_refused;
        if (const TransactionPtr known = pool_.find(transaction->hash)) adopt(known);
        return status;
    }
    ++context_.counters.transactions_admitted;
    unsent_.push_back(transaction);
    adopt(transaction);
    admitted_();
    return {};
}

// A client that asks again, here, for what only gossip brought: whoever admitted it may be out of
// touch with the leader, and this node may not.
void Intake::adopt(const TransactionPtr& transaction) {
    if (own_hashes_.insert(transaction->hash).second)
        own_.push_back({transaction, context_.now() + offer_interval});
}

// What a payload brings anyway would cost everybody its bytes and a signature check twice.
void Intake::flush(bool proposing) {
    if (unsent_.empty()) return;
    if (proposing) {
        if (!send_at_) send_at_ = context_.now() + payload_wait;
        if (context_.now() < *send_at_) return;
    }
    send_at_.reset();
    offer(unsent_);
    unsent_.clear();
}

void Intake::on_proposed(const std::vector<Hash32>& hashes) {
    if (unsent_.empty()) return;
    const std::unordered_set<Hash32> taken(hashes.begin(), hashes.end());
    std::erase_if(unsent_, [&](const TransactionPtr& one) { return taken.contains(one->hash); });
    if (unsent_.empty()) send_at_.reset();
}

void Intake::offer(const std::vector<TransactionPtr>& transactions) {
    Transactions message;
    size_t bytes = 0;
    const auto send = [&] {
        if (message.raw.empty()) return;
        context_.broadcast(env::Priority::gossip, message);
        message.raw.clear();
        bytes = 0;
    };
    for (const TransactionPtr& transaction : transactions) {
        if (message.raw.size() == gossip_transactions_max ||
            bytes + transaction->raw.size() > gossip_bytes_max)
            send();
        message.raw.push_back(transaction->raw);
        bytes += transaction->raw.size();
    }
    send();
}

void Intake::on_gossip(const Transactions& transactions) {
    if (context_.stopped()) return;
    // A flood is dropped before it costs signature checks; whoever admitted it offers it again.
    if (recovering_ + transactions.raw.size() > recovering_max) {
        ++context_.counters.messages_refused;
        return;
    }
    struct Job {
        std::vector<Bytes> raw;
        std::vector<TransactionPtr> recovered;
    };
    auto job = std::make_shared<Job>();
    for (const ByteView raw : transactions.raw)
        if (!pool_.find(crypto::keccak256(raw))) job->raw.push_back(to_bytes(raw));
    if (job->raw.empty()) return;
    recovering_ += job->raw.size();
    context_.ports.lanes.run(
        env::Lane::verify,
        [job, rules = context_.genesis.tx_rules()] {
            for (const Bytes& raw : job->raw) {
                auto one = chain::recover_transaction(raw, rules);
                if (!one) continue;
                job->recovered.push_back(
                    std::make_shared<const chain::RecoveredTransaction>(std::move(*one)));
            }
        },
        [this, job] {
            recovering_ -= job->raw.size();
            context_.counters.signatures_recovered += job->recovered.size();
            admit_gossip(job->recovered, job->raw.size() - job->recovered.size());
        });
}

void Intake::admit_gossip(const std::vector<TransactionPtr>& transactions, size_t refused) {
    context_.counters.messages_refused += refused;
    bool any = false;
    for (const TransactionPtr& transaction : transactions)
        if (pool_.add(transaction, context_.next_base_fee)) any = true;
    if (any) admitted_();
}

void Intake::on_executed(const ledger::Executed& executed) {
    head_reader_ = context_.reader();
    pool_.executed(executed.block.transactions, context_.next_base_fee);
    for (const ledger::LeftOut& left_out : executed.left_out)
        if (!left_out.may_fit_later) pool_.drop(left_out.transaction->hash, left_out.reason);
}

void Intake::on_jumped() {
    head_reader_ = context_.reader();
    pool_.jumped(context_.next_base_fee);
    std::erase_if(unsent_, [this](const TransactionPtr& one) { return !pool_.find(one->hash); });
    if (unsent_.empty()) send_at_.reset();
}

void Intake::on_tick() {
    std::vector<TransactionPtr> again;
    while (!own_.empty() && own_.front().due <= context_.now() && again.size() < offers_max) {
        Own own = std::move(own_.front());
        own_.pop_front();
        if (!pool_.find(own.transaction->hash)) {
            own_hashes_.erase(own.transaction->hash);
            continue;
        }
        again.push_back(own.transaction);
        own_.push_back({std::move(own.transaction), context_.now() + offer_interval});
    }
    if (!again.empty()) offer(again);
}

std::optional<Instant> Intake::deadline() const {
    if (own_.empty()) return send_at_;
    return send_at_ ? std::min(*send_at_, own_.front().due) : own_.front().due;
}

}  // namespace holdfast::node
