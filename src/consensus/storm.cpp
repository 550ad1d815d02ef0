// The weather of random tests.
#include "consensus/storm.h"

#include <cstdlib>

#include <fmt/format.h>

namespace holdfast::consensus {
namespace {

constexpr size_t reordered_max = 6;

}  // namespace

Seeds seeds_or(uint64_t count) {
    const char* first = std::getenv("HOLDFAST_SEED");
    const char* many = std::getenv("HOLDFAST_SEEDS");
    Seeds seeds{.first = first == nullptr ? 1 : std::strtoull(first, nullptr, 10),
                .count = first == nullptr ? count : 1};
    if (many != nullptr) seeds.count = std::strtoull(many, nullptr, 10);
    return seeds;
}

NodeId Storm::some_node() {
    auto at = cluster_.machines().begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random_.below(cluster_.machines().size())));
    return at->first;
}

void Storm::move_packet() {
    auto& packets = cluster_.packets();
    if (packets.empty()) return;
    const size_t at = random_.below(std::min(packets.size(), reordered_max));
    const Packet packet = packets[at];
    const bool dropped = cuts_.contains({packet.from, packet.to}) || random_.chance(4, 100);
    if (random_.chance(3, 100)) packets.push_back(packet);
    if (dropped) {
        packets.erase(packets.begin() + static_cast<std::ptrdiff_t>(at));
    } else {
        deliver(at);
    }
}

void Storm::deliver(size_t at) {
    Packet& packet = cluster_.packets()[at];
    if (const auto twin = twins_.find(packet.from); twin != twins_.end())
        packet.from = twin->second;
    for (const auto& [twin, original] : twins_) {
        if (packet.to != original) continue;
        const uint64_t dice = random_.below(3);
        const Packet copy{packet.from, twin, packet.bytes};
        if (dice == 0) {
            packet.to = twin;
        } else if (dice == 1) {
            cluster_.packets().push_back(copy);
        }
        break;
    }
    cluster_.deliver_packet(at);
}

void Storm::ring_earliest() {
    std::optional<NodeId> first;
    for (auto& [id, machine] : cluster_.machines()) {
        if (!machine.engine || !machine.alarm) continue;
        if (!first || *machine.alarm < *cluster_.machine(*first).alarm) first = id;
    }
    if (first) cluster_.ring(*first);
}

void Storm::answer_need(NodeId id, bool may_be_empty) {
    Machine& machine = cluster_.machine(id);
    if (!machine.engine || !machine.need) return;
    const NeedPayload need = *machine.need;
    machine.need.reset();
    std::string text = fmt::format("payload {}", ++payloads_);
    if (may_be_empty && random_.chance(1, 5)) text.clear();
    cluster_.feed(id, cluster_.payload_for(need, std::move(text)));
}

void Storm::crash_or_restart(NodeId id) {
    Machine& machine = cluster_.machine(id);
    if (!machine.engine) return cluster_.restart(id);
    cluster_.crash(id, random_.below(machine.writing.size() + 1));
}

void Storm::lose_disk_of(NodeId id) {
    ++losses_;
    cluster_.crash(id);
    cluster_.lose_disk(id, random_.chance(1, 2));
    cluster_.restart(id);
}

void Storm::lose_power() {
    for (auto& [id, machine] : cluster_.machines()) {
        cluster_.crash(id);
        cluster_.restart(id);
    }
}

void Storm::cut_off(NodeId id) {
    const bool both_ways = random_.chance(1, 2);
    const bool from_all = random_.chance(1, 2);
    for (const auto& [other, machine] : cluster_.machines()) {
        if (!from_all && random_.chance(1, 2)) continue;
        cuts_.insert({id, other});
        if (both_ways) cuts_.insert({other, id});
    }
}

NodeId Storm::longest() {
    NodeId best = cluster_.machines().begin()->first;
    for (auto& [id, machine] : cluster_.machines())
        if (machine.chain.size() > cluster_.machine(best).chain.size()) best = id;
    return best;
}

void Storm::heal() {
    cuts_.clear();
    for (auto& [id, machine] : cluster_.machines()) {
        machine.disk_waits = machine.store_waits = machine.workers_wait = false;
        if (!machine.engine) cluster_.restart(id);
        cluster_.sync(id);
        cluster_.answer(id);
        cluster_.flush(id);
    }
}

void Storm::deliver_some(size_t count) {
    for (; count > 0 && !cluster_.packets().empty(); --count) deliver(0);
}

}  // namespace holdfast::consensus
