// What Byzantine agreement costs, and how fast it is: engines alone in virtual time, on links that
// all take equally long, with signatures that are really made and checked. Payloads are ready when
// asked for, disks take no time; ledgers and sessions are left out.
#include <algorithm>
#include <ctime>
#include <map>
#include <queue>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "consensus/bft/bft.h"
#include "crypto/ed25519.h"

namespace holdfast {
namespace {

using namespace consensus;

constexpr Duration delay = std::chrono::milliseconds(20);
constexpr size_t payload_bytes = 1'000;

crypto::NodeSeed seed_of(uint64_t id) {
    crypto::NodeSeed seed;
    seed.bytes[0] = static_cast<uint8_t>(id);
    return seed;
}

class Validators {
  public:
    Validators(uint64_t count, uint64_t dead) : nodes_(count) {
        Base base{.applied = {}, .mark = {}, .members = {.epoch = 1, .voters = {}}};
        for (uint64_t id = 1; id <= count; ++id)
            base.members.voters.push_back(
                {.id = NodeId(id),
                 .weight = 1,
                 .voting_key = crypto::NodeKey(seed_of(id)).public_key()});
        for (uint64_t id = 1; id + dead <= count; ++id) {
            bft::Config config{.self = NodeId(id), .voting_seed = seed_of(id), .genesis = {}};
            config.seed = config.incarnation = id;
            config.delta = 4 * delay;
            config.epoch_blocks = 1'000'000'000;
            Effects effects;
            nodes_[id - 1].engine =
                bft::restore(config, base, {}, JournalHealth::intact, now_, effects);
            take(id - 1, effects);
        }
    }

    /// Until node 1 has delivered so many more.
    void run(uint64_t blocks) {
        const uint64_t goal = nodes_[0].delivered + blocks;
        while (nodes_[0].delivered < goal) {
            CHECK(!queue_.empty(), "engines always have a deadline");
            Event event = queue_.top();
            queue_.pop();
            now_ = event.at;
            Node& node = nodes_[event.node];
            if (std::holds_alternative<Tick>(event.input) && node.alarm != now_) continue;
            step(event.node, std::move(event.input));
        }
    }

    [[nodiscard]] uint64_t delivered() const { return nodes_[0].delivered; }
    [[nodiscard]] Duration simulated() const { return now_ - Instant{}; }
    /// From the leader's payload to its delivery, of all nodes that live.
    std::vector<Duration> finalities;
    uint64_t messages = 0, bytes = 0, checked = 0;

  private:
    struct Event {
        Instant at;
        uint64_t order = 0;
        size_t node = 0;
        Input input;
        bool operator<(const Event& other) const {  // the earliest is on top
            return at != other.at ? at > other.at : order > other.order;
        }
    };
    struct Node {
        std::unique_ptr<Engine> engine;
        std::optional<Instant> alarm;
        uint64_t delivered = 0;
    };

    void later(Duration after, size_t node, Input input) {
        queue_.push({now_ + after, ++events_, node, std::move(input)});
    }
    void step(size_t at, Input input) {
        Effects effects;
        nodes_[at].engine->step(now_, std::move(input), effects);
        take(at, effects);
    }
    // What is written is durable at once, so no effect has to wait.
    void take(size_t at, const Effects& effects) {
        std::optional<Token> written;
        for (const Effect& effect : effects) {
            if (const auto* persist = std::get_if<Persist>(&effect))
                written = persist->token;
            else
                carry_out(at, effect);
        }
        if (written) later({}, at, Durable{*written});
    }
    void carry_out(size_t at, const Effect& effect) {
        if (const auto* send = std::get_if<Send>(&effect)) {
            ++messages;
            bytes += send->bytes->size();
            const size_t to = send->to.value - 1;
            if (nodes_[to].engine) later(delay, to, Received{NodeId(at + 1), send->bytes});
        } else if (const auto* timer = std::get_if<SetTimer>(&effect)) {
            nodes_[at].alarm = std::max(timer->at, now_);
            later(*nodes_[at].alarm - now_, at, Tick{});
        } else if (const auto* need = std::get_if<NeedPayload>(&effect)) {
            later({}, at, PayloadReady{need->ask, some_payload()});
        } else if (const auto* check = std::get_if<Check>(&effect)) {
            later({}, at, Checked{.ask = check->ask});
        } else if (const auto* verify = std::get_if<Verify>(&effect)) {
            std::vector<bool> valid;
            for (const VerifyItem& it : verify->items)
                valid.push_back(crypto::verify(it.key, it.message, it.signature));
            checked += valid.size();
            later({}, at, Verified{verify->ask, std::move(valid)});
        } else if (const auto* deliver = std::get_if<Deliver>(&effect)) {
            CHECK(deliver->position.value == ++nodes_[at].delivered, "without gaps");
            finalities.push_back(now_ - made_.at(*deliver->payload));
        }
    }
    Buffer some_payload() {
        Bytes made(payload_bytes, 7);
        const uint64_t number = made_.size();
        for (size_t i = 0; i < 8; ++i) made[i] = static_cast<uint8_t>(number >> (8 * i));
        made_.emplace(made, now_);
        return make_buffer(std::move(made));
    }

    std::vector<Node> nodes_;
    std::priority_queue<Event> queue_;
    std::map<Bytes, Instant> made_;
    Instant now_;
    uint64_t events_ = 0;
};

double seconds(Duration time) {
    return std::chrono::duration<double>(time).count();
}

/// Arguments: how many validators, and how many of them are dead from the beginning.
void agree(benchmark::State& state) {
    const auto count = static_cast<uint64_t>(state.range(0));
    const auto dead = static_cast<uint64_t>(state.range(1));
    Validators world(count, dead);
    world.run(10);
    const uint64_t blocks = world.delivered();
    const Duration from = world.simulated();
    world.finalities.clear();
    world.messages = world.bytes = world.checked = 0;
    const std::clock_t started = std::clock();
    for (auto _ : state) world.run(10);
    const double cpu_us = 1e6 * static_cast<double>(std::clock() - started) / CLOCKS_PER_SEC;

    const auto made = static_cast<double>(world.delivered() - blocks);
    const double each = made * static_cast<double>(count - dead);
    std::ranges::sort(world.finalities);
    const auto hops = [&](size_t place) {
        return seconds(world.finalities[place]) / seconds(delay);
    };
    state.counters["cpu_us_per_block_and_validator"] = cpu_us / each;
    state.counters["signatures_checked"] = static_cast<double>(world.checked) / each;
    state.counters["messages_sent"] = static_cast<double>(world.messages) / each;
    state.counters["bytes_sent"] = static_cast<double>(world.bytes) / each;
    state.counters["blocks_per_delay"] = made * seconds(delay) / seconds(world.simulated() - from);
    state.counters["hops_median"] = hops(world.finalities.size() / 2);
    state.counters["hops_worst"] = hops(world.finalities.size() - 1);
}
BENCHMARK(agree)
    ->ArgNames({"validators", "dead"})
    ->Args({4, 0})
    ->Args({7, 0})
    ->Args({10, 0})
    ->Args({10, 3})
    ->Args({31, 0})
    ->Args({100, 0})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace holdfast
