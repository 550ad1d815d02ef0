// An onlooker of random lives who trusts no engine: from the messages that leave, and from what is
// on the disks when they do, it tells for itself what was promised, accepted and chosen, and says
// what contradicts the rules. Voters are journals, not machines.
#pragma once

#include <map>
#include <set>

#include "consensus/cluster.h"
#include "consensus/paxos/describe.h"

namespace holdfast::paxos {

class Judge {
  public:
    Judge(const consensus::Members& founding, size_t alpha) : alpha_(alpha) {
        schedule_[1] = Configuration::founding(founding);
    }

    /// Disks first: whatever is durable by now.
    void look_at_disks(const std::map<NodeId, consensus::Machine>& machines);
    /// A message is leaving.
    void on_message(ByteView bytes);
    /// The ledgers' common history must be the chosen payloads, in order.
    void compare(const std::vector<consensus::Block>& history);

    [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
    [[nodiscard]] size_t chosen_again() const { return chosen_again_; }
    [[nodiscard]] size_t fillers() const { return fillers_; }
    [[nodiscard]] size_t configurations() const { return schedule_.size() - 1; }

  private:
    using Voice = uint64_t;  ///< an incarnation: no two journals of a test share one
    struct Acceptor {
        NodeId node;
        bool rejoined = false;
        Ballot promised;  ///< on its disk
        std::map<uint64_t, std::pair<Ballot, Bytes>> accepted;
        uint64_t start = 0;
        uint64_t read_upto = 0;  ///< token
        Ballot said;             ///< the highest that it promised aloud
    };

    static Bytes bytes_of(const Value& value) {
        Writer out;
        write(out, value);
        return out.take();
    }
    void on_record(Voice voice, const Record& record);
    void on_accepted(Voice voice, uint64_t slot, const Ballot& ballot, const Bytes& value);
    void on_proposed(uint64_t slot, const Ballot& ballot, const Bytes& value);
    void settle();
    [[nodiscard]] const Configuration& configuration_at(uint64_t slot) const {
        return std::prev(schedule_.upper_bound(slot))->second;
    }
    void problem(std::string what) { problems_.push_back(std::move(what)); }

    size_t alpha_;
    std::map<Voice, Acceptor> acceptors_;
    std::map<std::pair<uint64_t, Ballot>, Bytes> proposed_;
    std::map<uint64_t, std::map<Ballot, std::set<Voice>>> accepted_;  ///< slot -> ballot -> by whom
    std::map<uint64_t, std::pair<Ballot, Bytes>> chosen_;  ///< slot -> by the lowest such ballot
    std::map<uint64_t, Configuration> schedule_;           ///< from which slot on
    uint64_t settled_ = 0;                                 ///< chosen up to here, without a gap
    std::vector<Bytes> payloads_;                          ///< of those, in order
    size_t compared_ = 0, chosen_again_ = 0, fillers_ = 0;
    std::vector<std::string> problems_;
};

}  // namespace holdfast::paxos
