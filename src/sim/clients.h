// The clients of a run: they send transfers until somebody acknowledges them, and read. They come
// by an open schedule, whatever the answers, and never learn the outcome of what times out.
#pragma once

#include <map>
#include <set>
#include <unordered_map>

#include "sim/cast.h"
#include "sim/draw.h"
#include "sim/machine.h"

namespace holdfast::sim {

class Clients {
  public:
    using Machines = std::map<NodeId, std::unique_ptr<Machine>>;

    Clients(Surroundings& around, Machines& machines) : around_(around), machines_(machines) {}

    void begin(const Operation& planned);
    /// Stakes, taken back, moved; and accusations that prove nothing.
    void begin_stakes(const Operation& planned);
    /// More than half of the founding operators approve the call, one after another.
    void propose(const Bytes& call);
    void on_executed(NodeId node, const ledger::Executed& executed);
    /// From now on only these are asked.
    void stay_with(std::vector<NodeId> nodes) { nodes_ = std::move(nodes); }
    /// Seats come and go where stakes move, and nobody listens to who has none: as long as any of
    /// these can be asked, no other is.
    void members_are(const chain::MemberSet& members);
    /// Transfers not yet acknowledged.
    [[nodiscard]] size_t waiting() const { return waiting_.size(); }
    /// A change of members is under way that no node may have executed yet.
    [[nodiscard]] bool operators_wait() const;
    /// In words, which transfer waits longest.
    [[nodiscard]] std::string oldest() const;

    uint64_t acknowledged = 0, reads_answered = 0;

  private:
    struct Waiting {
        Call call;
        ledger::TransactionPtr transaction;
        NodeId asked;
        bool is_ours = true;  ///< else an operator's: not part of the clients' history
        uint64_t variant = 0, bid = 0;
        bool outbid = false;
        std::set<Hash32> rivals;  ///< the others with this nonce: one of all gets in
    };
    void send(Waiting waiting, NodeId first);
    void send(uint64_t account, uint64_t nonce, uint64_t variant, std::set<Hash32> rivals,
              NodeId first);
    void bid_more(const Hash32& hash);
    void overreach(const Operation& operation);
    /// `caller` is an account's number beyond those of clients.
    void send_call(uint64_t caller, const ContractCall& call, NodeId first);
    [[nodiscard]] ContractCall stake_call(const Operation& operation);
    [[nodiscard]] Bytes slander_of(NodeId candidate);
    void ask(const Hash32& hash, NodeId node);
    void ask_at(NodeId node, Waiting& waiting);
    void read(uint64_t account, NodeId node);
    void acknowledge(const Hash32& hash, NodeId node, Height height);
    [[nodiscard]] NodeId honest(NodeId node) const;
    [[nodiscard]] NodeId someone(Random& random) const;
    Random random(std::string_view what) { return draw(around_.plan.seed, what, ++draws_); }

    Surroundings& around_;
    Machines& machines_;
    std::vector<NodeId> nodes_;    ///< empty: all
    std::vector<NodeId> members_;  ///< of the newest committee; empty: it does not matter
    std::map<uint64_t, uint64_t> next_nonce_;
    std::map<uint64_t, uint64_t> caller_nonce_;  ///< by number
    std::set<NodeId> bonded_;                    ///< candidates that founders are not
    Height head_;                                ///< the highest that anybody executed
    std::unordered_map<Hash32, Waiting> waiting_;
    uint64_t last_call_ = 0;
    uint64_t draws_ = 0;
};

}  // namespace holdfast::sim
