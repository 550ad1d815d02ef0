// Majorities of voters whose journals are what they were.
#include "sim/atlas_majority.h"

namespace holdfast::sim {

bool MajorityAtlas::intact(const consensus::Seat& seat) const {
    const auto at = machines_.find(seat.id);
    if (at == machines_.end() || damaged_.contains(seat.id)) return false;
    const Machine& machine = *at->second;
    return seat.incarnation == 0 ? machine.journals_lost() == 0
                                 : seat.incarnation == machine.incarnation();
}

bool MajorityAtlas::enough(const Seats& seats, const std::set<NodeId>& nodes) const {
    const auto there = std::ranges::count_if(seats, [&](const consensus::Seat& seat) {
        return nodes.contains(seat.id) && intact(seat);
    });
    return 2 * static_cast<size_t>(there) > seats.size();
}

void MajorityAtlas::forget_healed() {
    std::erase_if(damaged_, [this](const auto& item) {
        const auto& [id, life] = item;
        const Machine& machine = *machines_.at(id);
        return machine.lives() > life && votes(machine);
    });
}

void MajorityAtlas::damaged(NodeId node) {
    damaged_[node] = machines_.at(node)->lives();
}

std::string MajorityAtlas::forbids_damage(NodeId node) {
    forget_healed();
    if (damaged_.contains(node)) return "it is damaged already";
    if (!settled()) return "the membership is changing";
    const Seats now = voters();
    if (consensus::find_seat(now, node) == nullptr) return {};
    std::set<NodeId> others;
    for (const auto& [id, machine] : machines_)
        if (id != node) others.insert(id);
    return enough(now, others) ? "" : "it has one of the last good copies";
}

std::string MajorityAtlas::forbids_change(FaultKind kind, NodeId node) {
    forget_healed();
    if (!damaged_.empty()) return "a journal is damaged";
    if (!settled()) return "the membership is changing";
    const Seats now = voters();
    const bool member = consensus::find_seat(now, node) != nullptr;
    if (kind == FaultKind::add_member) return member ? "it is a member already" : "";
    if (!member) return "it is no member";
    const size_t least = std::max<size_t>(2, plan_.nodes - 1);
    return now.size() <= least ? "too few members would be left" : "";
}

}  // namespace holdfast::sim
