// holdfast_sim_speed: how fast the simulator is on one core: Raft engines alone, and whole nodes,
// beside the Keccak-256 hashes that the same core makes a second, measured before and after.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "base/check.h"
#include "crypto/hash.h"
#include "engines.h"
#include "sim/campaign.h"
#include "sim/world.h"

namespace holdfast::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double hash_seconds = 0.4;
constexpr uint64_t nodes = 5;
constexpr uint64_t engine_events = 100'000;  ///< between two looks at the clock

double since(Clock::time_point from) {
    return std::chrono::duration<double>(Clock::now() - from).count();
}
std::string whole(double number) {
    return sim::grouped(static_cast<uint64_t>(number));
}
double seconds(Duration time) {
    return std::chrono::duration<double>(time).count();
}

/// Of 64 bytes, each of the one before it.
double hashes_per_second() {
    std::array<uint8_t, 64> text{};
    uint64_t count = 0;
    const auto from = Clock::now();
    while (since(from) < hash_seconds)
        for (int i = 0; i < 1000; ++i, ++count)
            std::ranges::copy(crypto::keccak256(text).bytes, text.begin());
    return static_cast<double>(count) / since(from);
}

/// Runs `work` between two measurements of hashes; gives what they were on average.
template <class Work>
double beside_hashes(Work&& work) {
    const double before = hashes_per_second();
    work();
    return (before + hashes_per_second()) / 2;
}

void say_ratio(double per_second, double hashes) {
    fmt::print("  {:.3f} for each hash of 64 bytes; {} hashes a second\n", per_second / hashes,
               whole(hashes));
}

void measure_engines(double lasts) {
    Engines world(nodes, 1);
    double took = 0;
    const double hashes = beside_hashes([&] {
        const auto from = Clock::now();
        while (since(from) < lasts) world.run(engine_events);
        took = since(from);
    });
    const EngineEvents& events = world.events();
    const auto all = static_cast<double>(events.all());
    const auto share = [&](uint64_t part) { return 100 * static_cast<double>(part) / all; };
    fmt::print(
        "{} Raft engines alone: {} events a second\n"
        "  an event is an input of an engine: {:.1f}% messages, {:.1f}% syncs, {:.1f}% payloads, "
        "{:.1f}% deadlines\n"
        "  {:.0f} payloads agreed on in a simulated second, {:.1f} times as fast as real time\n",
        nodes, whole(all / took), share(events.messages), share(events.syncs),
        share(events.payloads), share(events.timers),
        static_cast<double>(world.delivered()) / seconds(world.simulated()),
        seconds(world.simulated()) / took);
    say_ratio(all / took, hashes);
}

void measure_nodes(const std::string& profile, double lasts, uint64_t calls_per_second) {
    sim::Tally tally;
    double took = 0;
    const double hashes = beside_hashes([&] {
        const auto from = Clock::now();
        for (uint64_t seed = 1; since(from) < lasts; ++seed) {
            const auto plan = sim::draw_plan({.profile = profile,
                                              .nodes = nodes,
                                              .seed = seed,
                                              .load_per_second = calls_per_second});
            CHECK(plan.has_value(), "the options are in bounds");
            const sim::Outcome outcome = sim::run_plan(*plan);
            if (outcome.verdict != sim::Verdict::held)
                fmt::print("seed {} of profile {}: {}\n", seed, profile,
                           to_string(outcome.verdict));
            tally.add(outcome);
        }
        took = since(from);
    });
    const double simulated = seconds(tally.simulated);
    const auto events = static_cast<double>(tally.events);
    fmt::print(
        "{} whole nodes, profile {}, {} seeds, {} calls of clients a simulated second:\n"
        "  {} simulated seconds a second\n"
        "  {} events a second; an event is what the virtual schedule calls: a message, a sync, a "
        "deadline, work that is done, a fault, a call\n"
        "  {} inputs of engines a second\n"
        "  in a simulated second {:.1f} transfers acknowledged, {:.1f} blocks, {:.0f} events\n",
        nodes, profile, tally.seeds, calls_per_second, whole(simulated / took),
        whole(events / took), whole(static_cast<double>(tally.engine_steps) / took),
        static_cast<double>(tally.transfers_acknowledged) / simulated,
        static_cast<double>(tally.blocks) / simulated, events / simulated);
    say_ratio(events / took, hashes);
}

}  // namespace
}  // namespace holdfast::bench

int main(int argc, char** argv) {
    using namespace holdfast::bench;
    const double each = argc > 1 ? std::strtod(argv[1], nullptr) : 5;
    // What `holdfast sim` has by default.
    const uint64_t calls_per_second = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 10;
    measure_engines(each);
    measure_nodes("none", each, calls_per_second);
    measure_nodes("swarm", each, calls_per_second);
    return 0;
}
