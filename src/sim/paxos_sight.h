// Paxos as the all-seeing eye has it: what is promised and accepted on each journal's platter, and
// what is chosen by that. Kept by the checker `paxos-chosen` from effects alone; voters are
// journals, not machines.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "chain/genesis.h"
#include "consensus/engine.h"
#include "consensus/paxos/records.h"

namespace holdfast::sim {

class PaxosSight {
  public:
    explicit PaxosSight(const chain::Genesis& genesis);

    void on_start(NodeId node, const std::vector<consensus::JournalRecord>& records,
                  uint64_t incarnation);
    void on_end(NodeId node) { nodes_[node].writing.clear(); }
    void on_persist(NodeId node, const consensus::Persist& persist);
    void on_platter(NodeId node, consensus::Token token);
    void on_message(NodeId from, ByteView bytes);
    void on_deliver(NodeId node, const consensus::Deliver& deliver);

    /// Broken rules since the last call: of what is promised, of what is chosen, of the order.
    struct Problems {
        std::vector<std::string> promise, chosen, order;
    };
    Problems problems;

  private:
    using Voice = std::pair<NodeId, uint64_t>;
    using Print = uint64_t;  ///< of a value, with everything in it
    struct Held {
        paxos::Ballot ballot;
        bool told = false;  ///< to be chosen, in a ballot below the promised one
    };
    struct Acceptor {
        bool rejoined = false;
        paxos::Ballot promised;
        paxos::Ballot said;  ///< the highest that it promised aloud
        std::map<uint64_t, Held> accepted;
        uint64_t newest = 0;  ///< token on the platter
    };
    struct Node {
        Voice voice;
        std::deque<std::pair<uint64_t, paxos::Record>> writing;
    };
    struct Payload {
        Print data = 0;
        consensus::Origin origin;
    };

    void apply(const Voice& voice, const paxos::Record& record, uint64_t token);
    void accepted(const Voice& voice, const paxos::Acceptance& one);
    void settle();
    void settle(uint64_t slot);
    void on_promise(NodeId from, Acceptor& acceptor, const paxos::Ballot& ballot,
                    const paxos::Promise& promise);
    void on_accepted(NodeId from, Acceptor& acceptor, const paxos::Ballot& ballot,
                     const paxos::Accepted& accepted);
    [[nodiscard]] bool has(const Acceptor& acceptor, uint64_t slot,
                           const paxos::Ballot& ballot) const;
    [[nodiscard]] const paxos::Configuration& configuration_at(uint64_t slot) const {
        return std::prev(schedule_.upper_bound(slot))->second;
    }

    std::map<NodeId, Node> nodes_;
    std::map<Voice, Acceptor> acceptors_;
    std::map<uint64_t, std::map<paxos::Ballot, std::set<Voice>>> accepted_;
    std::map<std::pair<uint64_t, paxos::Ballot>, Print> proposed_;
    std::map<Print, paxos::Value> configurations_;
    std::map<Print, Payload> values_;  ///< of payloads
    std::map<uint64_t, std::pair<paxos::Ballot, Print>> chosen_;
    std::map<uint64_t, paxos::Configuration> schedule_;  ///< from which slot on
    uint64_t settled_ = 0;                               ///< chosen up to here, without a gap
    std::vector<Payload> payloads_;                      ///< of those, by height
};

}  // namespace holdfast::sim
