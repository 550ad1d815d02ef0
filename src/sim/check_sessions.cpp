// The promise of sessions: between two ends that both go on, however often their connection breaks,
// what one says is handed to the other at most once, in order within a priority, and without a gap.
// Whoever forgets, forgets for good: a process that begins is handed nothing that the one before it
// was. Judged from what was given in and what came out, and not from any number of the session.
#include <unordered_map>

#include <fmt/format.h>

#include "base/check.h"
#include "session/session.h"
#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

/// Sessions of one node with one peer that are remembered: a connection may outlive its maker.
constexpr size_t sessions_max = 4;

class Sessions final : public Checker {
  public:
    [[nodiscard]] std::string_view name() const override { return "session"; }

    void on_end(NodeId node, Death /*why*/) override { ++lives_[node]; }
    void on_session(NodeId node, NodeId peer) override;
    void on_connected(NodeId node, NodeId peer, uint64_t connection) override {
        ends_[{connection, node}] = numbers_[{node, peer}];
    }
    void on_queued(NodeId from, NodeId to, env::Priority priority, ByteView message) override;
    void on_handed(NodeId node, NodeId from, uint64_t connection, ByteView message) override;

  private:
    using Way = std::pair<NodeId, NodeId>;
    /// What one session is to carry, of one priority.
    struct Lane {
        std::vector<uint64_t> said;
        std::vector<uint64_t> bytes;  ///< up to and with each
        bool overfull = false;        ///< its queue may have been full, and messages dropped
        size_t taken = 0;             ///< those before it are no later process's
        /// Where the hearer may stand: after these. Several, as messages may be alike.
        std::vector<size_t> places;
        bool begun = false;  ///< the hearer was handed something, so the places count
    };
    struct Said {
        uint64_t number = 0;  ///< of the session
        std::array<Lane, env::priority_count> lanes;
        uint64_t hearer = 0;  ///< the session that it was last handed to
        uint64_t hearer_life = 0;
    };
    void meet(Said& said, uint64_t hearer, uint64_t life);
    static bool take(Lane& lane, uint64_t print);

    std::map<NodeId, uint64_t> lives_;
    std::map<Way, uint64_t> numbers_;  ///< of the present session of a node with a peer
    std::map<Way, std::deque<Said>> said_;
    std::map<std::pair<uint64_t, NodeId>, uint64_t> ends_;  ///< connection, node -> session
    std::unordered_map<uint8_t, size_t> lane_of_;           ///< kind of message -> priority
};

void Sessions::on_session(NodeId node, NodeId peer) {
    const uint64_t number = ++numbers_[{node, peer}];
    auto& all = said_[{node, peer}];
    all.push_back({.number = number, .lanes = {}, .hearer = 0, .hearer_life = 0});
    if (all.size() > sessions_max) all.pop_front();
}

void Sessions::on_queued(NodeId from, NodeId to, env::Priority priority, ByteView message) {
    auto& all = said_[{from, to}];
    if (all.empty() || message.empty()) return;
    const auto index = static_cast<size_t>(priority);
    const auto kind = lane_of_.try_emplace(message.front(), index).first;
    CHECK(kind->second == index, "sim: who is handed a message can tell its priority");
    Lane& lane = all.back().lanes[index];
    const uint64_t before = lane.bytes.empty() ? 0 : lane.bytes.back();
    lane.said.push_back(fingerprint(message));
    lane.bytes.push_back(before + message.size() + session::message_cost_bytes);
    // What has arrived may still wait for its acknowledgement and take room; half of it is ample.
    const uint64_t arrived = lane.taken == 0 ? 0 : lane.bytes[lane.taken - 1];
    if (lane.bytes.back() - arrived > session::Limits{}.queue_bytes_max[index] / 2)
        lane.overfull = true;
}

// Another session hears now. If its process is another too, it gets nothing that was handed over
// before; if it only began anew, what was not acknowledged may come again.
void Sessions::meet(Said& said, uint64_t hearer, uint64_t life) {
    if (said.hearer == hearer) return;
    const bool same_process = said.hearer != 0 && said.hearer_life == life;
    said.hearer = hearer;
    said.hearer_life = life;
    for (Lane& lane : said.lanes) {
        if (same_process) lane.taken = 0;
        lane.places.clear();
        lane.begun = false;
    }
}

bool Sessions::take(Lane& lane, uint64_t print) {
    std::vector<size_t> next;
    const auto is_it = [&](size_t at) { return at < lane.said.size() && lane.said[at] == print; };
    if (lane.begun)
        for (const size_t place : lane.places)
            if (is_it(place)) next.push_back(place + 1);
    // The beginning may be lost with the process that it was for; the middle only if it was much.
    if (!lane.begun || (next.empty() && lane.overfull))
        for (size_t at = lane.begun ? lane.places.front() : lane.taken; at < lane.said.size(); ++at)
            if (is_it(at)) next.push_back(at + 1);
    if (next.empty()) return false;
    lane.places = std::move(next);
    lane.begun = true;
    lane.taken = lane.places.front();
    return true;
}

void Sessions::on_handed(NodeId node, NodeId from, uint64_t connection, ByteView message) {
    const auto sender = ends_.find({connection, from}), hearer = ends_.find({connection, node});
    if (message.empty() || sender == ends_.end() || hearer == ends_.end())
        return violated(
            fmt::format("node {} is handed something of node {} that nobody sent", node, from));
    auto& all = said_[{from, node}];
    const auto said = std::ranges::find(all, sender->second, &Said::number);
    if (said == all.end()) return;  // too long ago
    meet(*said, hearer->second, lives_[node]);
    const auto kind = lane_of_.find(message.front());
    if (kind != lane_of_.end() && take(said->lanes[kind->second], fingerprint(message))) return;
    violated(
        fmt::format("node {} is handed message {} of node {} again, out of order or after a "
                    "gap",
                    node, kind == lane_of_.end() ? 0 : unsigned{kind->first}, from));
}

}  // namespace

CheckerPtr make_sessions(const Sight& /*sight*/) {
    return std::make_unique<Sessions>();
}

}  // namespace holdfast::sim
