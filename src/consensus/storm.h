// Random disturbance of a cluster in memory, for tests of every family: what each random test of
// whole lives needs besides its own rules. A failure is a seed.
#pragma once

#include <set>

#include "base/random.h"
#include "consensus/cluster.h"

namespace holdfast::consensus {

/// Which runs of a random test: HOLDFAST_SEED is the first, HOLDFAST_SEEDS so many of them.
struct Seeds {
    uint64_t first = 1;
    uint64_t count = 0;
};
/// Of the environment; by default the first `count`.
Seeds seeds_or(uint64_t count);

class Storm {
  public:
    Storm(Family family, std::map<std::string, uint64_t, std::less<>> options, uint64_t seed)
        : random_(seed), cluster_(std::move(family), std::move(options), {}) {}

    [[nodiscard]] size_t blocks() const { return cluster_.history().size(); }
    [[nodiscard]] size_t losses() const { return losses_; }
    [[nodiscard]] size_t reads() const { return cluster_.reads_answered(); }
    [[nodiscard]] const std::vector<std::string>& problems() const { return cluster_.problems(); }

  protected:
    [[nodiscard]] NodeId some_node();
    /// Delivers, drops or repeats one of the oldest packets; links that are cut drop theirs.
    void move_packet();
    /// The next of all alarms.
    void ring_earliest();
    /// A new payload for a node that asks for one; `may_be_empty` if the family allows it.
    void answer_need(NodeId id, bool may_be_empty);
    void crash_or_restart(NodeId id);
    /// The journal, and perhaps the ledger; another life begins at once.
    void lose_disk_of(NodeId id);
    /// Everybody at once, with nothing but what was synced; and everybody comes back.
    void lose_power();
    /// Some or all of the node's links, one way or both.
    void cut_off(NodeId id);
    void read(NodeId id) { cluster_.read(id, ReadId(++reads_asked_)); }
    /// Who has the longest ledger.
    [[nodiscard]] NodeId longest();
    /// Everybody is up, disks and workers wait for nobody, and no link is cut.
    void heal();
    /// Delivers up to `count` packets.
    void deliver_some(size_t count);

    Random random_;
    Cluster cluster_;
    std::set<std::pair<NodeId, NodeId>> cuts_;
    /// Machines that speak as another member, with its key; what is sent to that one reaches either
    /// or both.
    std::map<NodeId, NodeId> twins_;

  private:
    void deliver(size_t at);

    uint64_t payloads_ = 0;
    uint64_t reads_asked_ = 0;
    size_t losses_ = 0;
};

}  // namespace holdfast::consensus
