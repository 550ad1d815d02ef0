// What operators do once all is calm, as docs/operations.md asks of them: a node that stands still
// and knows nobody any more who could bring it further is told who the members are now.
#include <fmt/format.h>

#include "sim/cast.h"
#include "sim/run.h"

namespace holdfast::sim {
namespace {

constexpr Duration now_and_then = 10s;

bool calls(const Machine& machine, NodeId other) {
    return machine.node()->peers().members.find(other) != nullptr;
}

bool lets_in(const Machine& machine, NodeId other) {
    const std::vector<chain::Member> followers = machine.node()->peers().followers;
    return calls(machine, other) ||
           std::ranges::find(followers, other, &chain::Member::id) != followers.end();
}

}  // namespace

void Run::look_after_nodes() {
    for (const NodeId id : core_) {
        Machine& machine = *machines_.at(id);
        if (!machine.up()) continue;
        const Height head = machine.node()->head();
        const auto [before, is_first] = seen_at_.try_emplace(id, head);
        const bool stands = !is_first && std::exchange(before->second, head) == head;
        if (stands && !has_a_source(machine)) tell_members(machine);
    }
    schedule_.at(schedule_.now() + now_and_then, 0, [this] { look_after_nodes(); });
}

// Somebody healed who is further, where each lets the other in and one calls.
bool Run::has_a_source(const Machine& machine) const {
    return std::ranges::any_of(core_, [&](NodeId id) {
        const Machine& other = *machines_.at(id);
        return other.up() && other.node()->head() > machine.node()->head() &&
               lets_in(machine, id) && lets_in(other, machine.id()) &&
               (calls(machine, id) || calls(other, machine.id()));
    });
}

// By whoever is furthest of those who would let it in, and with that one on the list.
void Run::tell_members(Machine& machine) {
    const Machine* source = nullptr;
    for (const NodeId id : core_) {
        const Machine& other = *machines_.at(id);
        if (!other.up() || other.node()->head() <= machine.node()->head()) continue;
        if (!lets_in(other, machine.id())) continue;
        if (source == nullptr || other.node()->head() > source->node()->head()) source = &other;
    }
    if (source == nullptr) return;
    chain::MemberSet list = source->node()->members();
    if (list.find(source->id()) == nullptr) {
        list.members.push_back(member(source->id()));
        std::ranges::sort(list.members, {}, &chain::Member::id);
    }
    if (list.epoch <= machine.bootstrap().epoch) return;
    watch_.line(machine.id(),
                fmt::format("its operator tells it the members of epoch {}, by node {}", list.epoch,
                            source->id()));
    machine.set_bootstrap(std::move(list));
    killing_ = true;
    machine.die(Death::killed);
    killing_ = false;
    machine.start();
}

}  // namespace holdfast::sim
