// Bodies of JSON-RPC as any client may send them: never a crash, and always an answer that is
// itself JSON, unless there was nothing to answer.
#include <cstdlib>
#include <deque>

#include <boost/json.hpp>

#include "api/rpc.h"
#include "chain/genesis.h"
#include "env/memory_store.h"
#include "ledger/ledger.h"

namespace {

using namespace holdfast;

/// Everything on the caller's thread.
class InlineLoop : public api::Loop {
  public:
    void post(std::function<void()> work) override { queue_.push_back(std::move(work)); }
    void dispatch(std::function<void()> work) override { work(); }
    bool run(api::Work, std::function<void()> work) override {
        queue_.push_back(std::move(work));
        return true;
    }
    [[nodiscard]] Instant now() const override { return time; }
    [[nodiscard]] size_t queued(api::Work) const override { return queue_.size(); }

    void drain() {
        while (!queue_.empty()) {
            const auto work = std::move(queue_.front());
            queue_.pop_front();
            work();
        }
    }
    Instant time;

  private:
    std::deque<std::function<void()>> queue_;
};

/// A ledger of one block and a pool that takes everything.
class TinyBackend : public api::Backend {
  public:
    TinyBackend() {
        genesis_.chain_id = 1;
        genesis_.alloc[Address{}].balance = U256(1000);
        chain::Member member;
        member.id = NodeId(1);
        member.voting_key.bytes[0] = 1;
        member.transport_key.bytes[0] = 2;
        member.endpoint = "a.example:1";
        genesis_.members.members.push_back(member);
        if (!ledger::Ledger::create(store_, genesis_)) std::abort();
    }
    [[nodiscard]] const chain::Genesis& genesis() const override { return genesis_; }
    [[nodiscard]] Hash32 genesis_hash() const override { return chain::genesis_hash(genesis_); }
    [[nodiscard]] ledger::Reader reader() const override {
        return ledger::Reader(store_.snapshot());
    }
    void submit(ledger::TransactionPtr, std::function<void(Status)> done) override { done({}); }
    void next_nonce(const Address&, std::function<void(uint64_t)> done) override { done(0); }
    void find_pending(const Hash32&, std::function<void(api::PendingTransaction)> done) override {
        done({});
    }
    void linearizable(std::function<void(Result<Height>)> done) override { done(Height(0)); }
    void status(std::function<void(node::NodeStatus)> done) override { done({}); }
    [[nodiscard]] std::vector<api::PeerStatus> peers() const override { return {}; }
    void subscribe(api::BlockListener) override {}
    void transfer_leadership(NodeId, std::function<void(Status)> done) override { done({}); }

  private:
    chain::Genesis genesis_;
    env::MemoryStore store_;
};

class Sink : public api::Subscriber {
  public:
    void push(std::shared_ptr<const std::string>) override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static TinyBackend backend;
    const auto loop = std::make_shared<InlineLoop>();
    api::ServerConfig config;
    config.request_timeout_ms = 1000;
    const auto service = std::make_shared<api::Service>(config, backend, Logger(), loop);
    const auto sink = std::make_shared<Sink>();
    const api::Caller caller{.trust = api::Trust::operators,
                             .consistency = api::Consistency::linearizable,
                             .subscriber = sink};
    int answers = 0;
    std::string answer;
    api::serve_rpc(*service, text_of({data, size}), caller, [&](std::string text) {
        ++answers;
        answer = std::move(text);
    });
    loop->drain();
    // Synchronous sends wait for a block that never comes.
    loop->time += std::chrono::seconds(10);
    service->tick();
    loop->drain();
    if (answers != 1 || !service->live().empty()) std::abort();
    boost::json::error_code error;
    if (!answer.empty()) boost::json::parse(answer, error);
    if (error) std::abort();
    service->hub().drop(*sink);
    service->abandon();
    return 0;
}
