// Random lives of small clusters (consensus/crash_storm_test.h); each message and record is seen by
// a judge who trusts no engine, and at the end everybody who should be is alive and of one mind. A
// failure is a seed.
#include "consensus/crash_storm_test.h"
#include "consensus/paxos/core.h"
#include "consensus/paxos/judge_test.h"

namespace holdfast::paxos {
namespace {

using consensus::Machine;

constexpr size_t alpha = 6;

/// What an onlooker is shown: each message as it leaves, and the disks as they are then.
struct Onlooker {
    std::optional<Judge> judge;
    const std::map<NodeId, Machine>* machines = nullptr;
};

consensus::Family watched(const std::shared_ptr<Onlooker>& onlooker) {
    consensus::Family family = paxos::family();
    family.describe_message = [onlooker](ByteView bytes) {
        onlooker->judge->look_at_disks(*onlooker->machines);
        onlooker->judge->on_message(bytes);
        return std::string();
    };
    family.describe_record = [](ByteView) { return std::string(); };
    return family;
}

class Chaos final : public consensus::CrashStorm {
  public:
    explicit Chaos(uint64_t seed) : Chaos(seed, std::make_shared<Onlooker>()) {}

    Chaos(uint64_t seed, std::shared_ptr<Onlooker> onlooker)
        : CrashStorm(watched(onlooker),
                     {{"seed", seed},
                      {"alpha", alpha},
                      {"retained", 600},
                      {"window", 4},
                      {"message_bytes", 200}},
                     seed),
          onlooker_(std::move(onlooker)) {
        onlooker_->judge.emplace(members_, alpha);
        onlooker_->machines = &cluster_.machines();
        begin();
    }

    void run() {
        CrashStorm::run();
        for (const std::string& problem : judge().problems()) ADD_FAILURE() << problem;
    }
    [[nodiscard]] Judge& judge() const { return *onlooker_->judge; }

  private:
    bool sound() override {
        judge().look_at_disks(cluster_.machines());
        judge().compare(cluster_.history());
        return CrashStorm::sound() && judge().problems().empty();
    }

    // The next is lost only when everybody has it on disk that the last one's owner is seated anew.
    // The slots before that are the old voters', of whom a majority must be left for as long as
    // anybody asks.
    bool may_lose_a_disk() override {
        return std::ranges::all_of(cluster_.machines(), [&](const auto& item) {
            const Machine& machine = item.second;
            const auto* core = dynamic_cast<const Core*>(machine.engine.get());
            if (core == nullptr) return false;
            const Slots& slots = core->slots();
            const Schedule& schedule = slots.schedule();
            for (Slot slot = slots.chosen().next(); slot <= slots.last(); ++slot)
                if (slots.find(slot) && slots.find(slot)->value.kind == Kind::configuration)
                    return false;
            return schedule.newest().from <= durably_chosen(machine).next() &&
                   own_their_seats(schedule.newest().configuration.voters);
        });
    }
    static Slot durably_chosen(const Machine& machine) {
        Slot chosen;
        if (!machine.journal.empty())
            chosen = decode_record(*machine.journal.back().bytes).value().chosen;
        if (machine.flushed == 0) return chosen;
        return std::max(chosen, decode_mark(machine.chain[machine.flushed - 1].mark).value().slot);
    }

    std::string describe_engine(const consensus::Engine& engine) override {
        const Slots& slots = dynamic_cast<const Core&>(engine).slots();
        return fmt::format("start {} chosen {} last {} {}", slots.start().slot, slots.chosen(),
                           slots.last(), describe(slots.schedule().newest().configuration));
    }

    std::shared_ptr<Onlooker> onlooker_;
};

TEST(Chaos, ManySeeds) {
    const auto [first, seeds] = consensus::seeds_or(300);
    size_t blocks = 0, reads = 0, losses = 0, changes = 0, again = 0, fillers = 0;
    for (uint64_t seed = first; seed < first + seeds; ++seed) {
        SCOPED_TRACE(fmt::format("HOLDFAST_SEED={}", seed));
        Chaos chaos(seed);
        chaos.run();
        blocks += chaos.blocks();
        reads += chaos.reads();
        losses += chaos.losses();
        changes += chaos.judge().configurations();
        again += chaos.judge().chosen_again();
        fillers += chaos.judge().fillers();
        if (HasFailure()) break;
    }
    fmt::print(
        "blocks {}, reads {}, lost disks {}, configurations {}, proposed again {}, fillers {}\n",
        blocks, reads, losses, changes, again, fillers);
    // A test in which nothing happens tests nothing.
    if (seeds < 100 || HasFailure()) return;
    EXPECT_GT(blocks, seeds * 5);
    EXPECT_GT(reads, seeds / 2);
    EXPECT_GT(losses, seeds / 20);
    EXPECT_GT(changes, seeds);
    EXPECT_GT(again, seeds);
    EXPECT_GT(fillers, seeds);
}

}  // namespace
}  // namespace holdfast::paxos
