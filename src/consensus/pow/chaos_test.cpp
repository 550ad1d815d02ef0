// Random lives of a few miners: loss, repetition, reordering, cuts, crashes that tear off what was
// not synced, lost disks, clocks that are ahead. Sealing takes exponential
// times, as chance would have it. A failure is a seed.
#include <cmath>

#include <gtest/gtest.h>

#include "base/sometimes.h"
#include "consensus/pow/core.h"
#include "consensus/pow/judge_test.h"
#include "consensus/storm.h"

namespace holdfast::pow {
namespace {

using consensus::Machine;

constexpr int chaos_steps = 4000;
constexpr size_t final_depth = 12;
/// Hashes in a millisecond that all miners make together: the first target is met once a second.
constexpr double power_per_ms = 0.016;

struct Onlooker {
    Judge judge;
    const std::map<NodeId, Machine>* machines = nullptr;
};

consensus::Family watched(const std::shared_ptr<Onlooker>& onlooker) {
    consensus::Family family = pow::family();
    family.describe_message = [onlooker](ByteView bytes) {
        if (onlooker->machines != nullptr) onlooker->judge.look(*onlooker->machines);
        onlooker->judge.on_message(bytes);
        return std::string();
    };
    family.describe_record = [](ByteView) { return std::string(); };
    return family;
}

class Chaos : public consensus::Storm {
  public:
    explicit Chaos(uint64_t seed) : Chaos(seed, std::make_shared<Onlooker>()) {}
    Chaos(uint64_t seed, std::shared_ptr<Onlooker> onlooker)
        : Storm(watched(onlooker),
                {{"depth", final_depth},
                 {"mines", 1},
                 {"batch", 4},
                 {"retained", 8},
                 {"headers", 300}},
                seed),
          onlooker_(std::move(onlooker)) {
        onlooker_->machines = &cluster_.machines();
        nodes_ = random_.between(2, 6);
        for (uint64_t id = 1; id <= nodes_; ++id) {
            cluster_.add(NodeId(id), {});
            Machine& machine = cluster_.machine(NodeId(id));
            machine.disk_waits = machine.store_waits = machine.workers_wait = true;
        }
    }

    void run() {
        for (int i = 0; i < chaos_steps && sound(); ++i) disturb();
        if (sound()) calm();
        for (const std::string& problem : problems()) ADD_FAILURE() << problem;
        for (const std::string& problem : judge().problems()) ADD_FAILURE() << problem;
    }
    [[nodiscard]] size_t catch_ups() const { return catch_ups_; }
    [[nodiscard]] uint64_t reverts() const { return reverts_; }
    [[nodiscard]] uint64_t height() { return cluster_.machine(longest()).chain.size(); }

  private:
    Judge& judge() { return onlooker_->judge; }
    bool sound() {
        judge().look(cluster_.machines());
        return problems().empty() && judge().problems().empty();
    }

    void disturb() {
        const NodeId id = some_node();
        Machine& machine = cluster_.machine(id);
        const uint64_t dice = random_.below(1000);
        if (dice < 500) {
            move_packet();
        } else if (dice < 620) {
            cluster_.sync(id, random_.between(1, 4));
        } else if (dice < 740) {
            cluster_.answer(id, random_.between(1, 4));
        } else if (dice < 820) {
            pass_time();
        } else if (dice < 900) {
            give_payload(id);
        } else if (dice < 930) {
            cluster_.flush(id);
        } else if (dice < 950) {
            catch_up(id);
        } else if (dice < 954) {
            crash_or_restart(id);
        } else if (dice < 974) {
            if (!machine.engine) cluster_.restart(id);
        } else if (dice < 979) {
            cut_off(id);
        } else if (dice < 988) {
            cuts_.clear();
        } else if (dice < 990) {
            cluster_.ring(id);
        } else if (dice < 991) {
            lose_power();
        } else if (dice < 993) {
            if (may_lose_disk(id)) lose_disk_of(id);
        } else if (dice < 995) {
            switch_mining(id);
        } else {
            read(id);
        }
        note_reverts(id);
    }

    void note_reverts(NodeId id) {
        const Machine& machine = cluster_.machine(id);
        if (!machine.engine) return;
        for (const auto& [name, value] : machine.engine->probe())
            if (name == "reorganisations" && value > seen_[{id, lives_[id]}]) {
                reverts_ += value - seen_[{id, lives_[id]}];
                seen_[{id, lives_[id]}] = value;
            }
    }

    // What is final must be left somewhere for good.
    bool may_lose_disk(NodeId id) {
        return std::ranges::any_of(cluster_.machines(), [&](const auto& item) {
            const Machine& machine = item.second;
            const size_t stored = machine.stored ? 0 : machine.flushed;
            return item.first != id && stored >= blocks() && machine.final == blocks();
        });
    }

    void give_payload(NodeId id) {
        Machine& machine = cluster_.machine(id);
        if (!machine.engine || !machine.need) return;
        const consensus::NeedPayload need = *machine.need;
        machine.need.reset();
        std::string text = fmt::format("payload {}", ++payloads_);
        // A clock that is ahead, and may be further than others bear.
        if (random_.chance(1, 20)) {
            const WallMillis ahead = cluster_.wall_ms() + random_.below(4000);
            text += fmt::format("@{}", std::max(need.time_min_ms, ahead));
        }
        cluster_.feed(id, cluster_.payload_for(need, std::move(text)));
    }

    void catch_up(NodeId id) {
        Machine& machine = cluster_.machine(id);
        if (!machine.engine || !machine.catch_up) return;
        const NodeId from = machine.catch_up->source;
        const auto& chain = cluster_.machine(from).chain;
        if (chain.size() <= machine.chain.size()) return;
        ++catch_ups_;
        cluster_.copy_blocks(from, id);
    }

    void switch_mining(NodeId id) {
        const auto action = random_.chance(1, 3) ? consensus::AdminAction::stop_mining
                                                 : consensus::AdminAction::start_mining;
        cluster_.feed(id, consensus::Admin{.action = action, .target = {}});
    }

    // The next alarm rings, or the next seal is found, whatever comes first.
    void pass_time() {
        std::optional<NodeId> first;
        Instant at;
        for (auto& [id, machine] : cluster_.machines()) {
            if (!machine.engine || !machine.seal) continue;
            auto& [ask, due] = due_[id];
            if (ask != machine.seal->ask) {
                ask = machine.seal->ask;
                due = cluster_.now() + draw(*machine.seal);
            }
            if (!first || due < at) first = id, at = due;
        }
        for (auto& [id, machine] : cluster_.machines())
            if (machine.engine && machine.alarm && first && *machine.alarm < at) first.reset();
        if (!first) return ring_earliest();
        cluster_.set_now(at);
        if (may_seal(*first)) {
            cluster_.seal(*first, !random_.chance(1, 50));
        } else {
            due_.erase(*first);  // bad luck
        }
    }

    Duration draw(const consensus::Seal& seal) {
        const U256 target = *U256::from_big_endian(seal.target);
        const double chance = static_cast<double>((target >> 200).low64()) / std::ldexp(1.0, 56);
        const double uniform = std::ldexp(static_cast<double>((random_.next() >> 11) + 1), -53);
        const double hashes = -std::log(uniform) / chance;
        const double milliseconds = hashes * static_cast<double>(nodes_) / power_per_ms;
        return Duration(static_cast<int64_t>(milliseconds * 1000) + 1);
    }

    // Final is safe as long as no branch that somebody stands on gets so deep that another might
    // win: nature sees to that with great probability, and here chance is bent a little. What
    // happens otherwise, a script shows.
    bool may_seal(NodeId id) {
        const Machine& miner = cluster_.machine(id);
        for (const auto& [other, machine] : cluster_.machines()) {
            if (other == id) continue;
            const size_t own = Judge::divergence(miner, machine);
            const size_t theirs = Judge::divergence(machine, miner);
            const size_t common = miner.chain.size() - own;
            if (machine.final > common) return false;
            const bool is_close = theirs + final_depth / 2 > own;
            if (own + 2 < final_depth || !is_close) continue;
            // So deep, only one of the two goes on.
            const bool leads = own > theirs || (own == theirs && id < other);
            if (!leads || own + 1 > final_depth) return false;
        }
        return true;
    }

    void calm() {
        constexpr int rounds_max = 6000;
        heal();
        for (uint64_t id = 1; id <= nodes_; ++id)
            cluster_.feed(NodeId(id), consensus::Admin{consensus::AdminAction::start_mining, {}});
        const uint64_t goal = height() + 8;
        for (int i = 0; i < rounds_max && sound(); ++i) {
            deliver_some(500);
            for (uint64_t id = 1; id <= nodes_; ++id) {
                catch_up(NodeId(id));
                give_payload(NodeId(id));
            }
            deliver_some(500);
            if (height() >= goal && agreed()) break;
            pass_time();
        }
        EXPECT_TRUE(agreed()) << picture();
        EXPECT_GE(height(), goal);
        for (uint64_t id = 1; id <= nodes_; ++id)
            cluster_.feed(NodeId(id), consensus::Admin{consensus::AdminAction::stop_mining, {}});
        for (int i = 0; i < 20; ++i) {
            cluster_.advance(1s);
            for (uint64_t id = 1; id <= nodes_; ++id) cluster_.ring(NodeId(id));
            deliver_some(500);
        }
        judge().look(cluster_.machines());
        for (auto& [id, machine] : cluster_.machines())
            judge().expect_most_work(id, machine, cluster_.wall_ms());
    }

    bool agreed() {
        const Machine& first = cluster_.machines().begin()->second;
        return std::ranges::all_of(cluster_.machines(), [&](const auto& item) {
            return item.second.chain.size() == first.chain.size() &&
                   Judge::divergence(first, item.second) == 0;
        });
    }

    std::string picture() {
        std::string text;
        for (auto& [id, machine] : cluster_.machines()) {
            text += fmt::format("{} chain {} final {}", id, machine.chain.size(), machine.final);
            if (!machine.chain.empty())
                text += " " + describe(decode_mark(machine.chain.back().mark)->header);
            if (machine.engine) {
                for (const auto& [name, value] : machine.engine->probe())
                    text += fmt::format(" {}={}", name, value);
                text += " " + machine.engine->status().note;
            }
            text += "\n";
        }
        return text;
    }

    std::shared_ptr<Onlooker> onlooker_;
    uint64_t nodes_ = 3;
    uint64_t payloads_ = 0;
    std::map<NodeId, std::pair<consensus::AskId, Instant>> due_;
    std::map<NodeId, uint64_t> lives_;
    std::map<std::pair<NodeId, uint64_t>, uint64_t> seen_;
    size_t catch_ups_ = 0;
    uint64_t reverts_ = 0;
};

TEST(Chaos, ManySeeds) {
    const auto [first, seeds] = consensus::seeds_or(100);
    SometimesMark::forget();
    size_t blocks = 0, finals = 0, losses = 0, catch_ups = 0;
    uint64_t reverts = 0;
    for (uint64_t seed = first; seed < first + seeds; ++seed) {
        SCOPED_TRACE(fmt::format("HOLDFAST_SEED={}", seed));
        Chaos chaos(seed);
        chaos.run();
        blocks += chaos.height();
        finals += chaos.blocks();
        losses += chaos.losses();
        catch_ups += chaos.catch_ups();
        reverts += chaos.reverts();
        if (HasFailure()) break;
    }
    fmt::print("blocks {}, final {}, reorganisations {}, lost disks {}, caught up {}\n", blocks,
               finals, reverts, losses, catch_ups);
    // A test in which nothing happens tests nothing.
    if (seeds < 100 || HasFailure()) return;
    EXPECT_GT(blocks, seeds * 20);
    EXPECT_GT(finals, seeds * 10);
    EXPECT_GT(reverts, seeds);
    EXPECT_GT(losses, seeds / 2);
    EXPECT_GT(catch_ups, 0U);
    for (const std::string& mark : SometimesMark::passed()) fmt::print("passed {}\n", mark);
}

}  // namespace
}  // namespace holdfast::pow
