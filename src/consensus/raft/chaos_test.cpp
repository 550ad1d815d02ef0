// Random lives of small clusters (consensus/crash_storm_test.h); after each step every invariant,
// and at the end everybody who should be is alive and of one mind. A failure is a seed.
#include "consensus/crash_storm_test.h"
#include "consensus/raft/core.h"
#include "consensus/raft/describe.h"

namespace holdfast::raft {
namespace {

class Chaos final : public consensus::CrashStorm {
  public:
    explicit Chaos(uint64_t seed)
        : CrashStorm(family(),
                     {{"seed", seed}, {"retained", 400}, {"window", 4}, {"append_bytes", 200}},
                     seed) {
        begin();
    }
    [[nodiscard]] size_t changes() const { return members_.epoch; }

  private:
    // The next is lost only when everybody has the last one's owner seated anew.
    bool may_lose_a_disk() override {
        return std::ranges::all_of(cluster_.machines(), [&](const auto& item) {
            const auto* core = dynamic_cast<const Core*>(item.second.engine.get());
            if (core == nullptr) return false;
            const Configuration& configuration = core->log().configuration();
            return !configuration.joint() && core->log().configuration_index() <= core->commit() &&
                   own_their_seats(configuration.voters);
        });
    }

    std::string describe_engine(const consensus::Engine& engine) override {
        const auto& core = dynamic_cast<const Core&>(engine);
        return fmt::format("start {} commit {} last {} {}", core.log().start().index, core.commit(),
                           core.log().last_index(), describe(core.log().configuration()));
    }
};

TEST(Chaos, ManySeeds) {
    const auto [first, seeds] = consensus::seeds_or(300);
    size_t blocks = 0;
    size_t reads = 0;
    size_t losses = 0;
    size_t changes = 0;
    for (uint64_t seed = first; seed < first + seeds; ++seed) {
        SCOPED_TRACE(fmt::format("HOLDFAST_SEED={}", seed));
        Chaos chaos(seed);
        chaos.run();
        blocks += chaos.blocks();
        reads += chaos.reads();
        losses += chaos.losses();
        changes += chaos.changes();
        if (HasFailure()) break;
    }
    // A test in which nothing happens tests nothing.
    if (seeds < 100 || HasFailure()) return;
    EXPECT_GT(blocks, seeds * 10);
    EXPECT_GT(reads, seeds / 2);
    EXPECT_GT(losses, seeds / 20);
    EXPECT_GT(changes, seeds);
    RecordProperty("blocks", static_cast<int>(blocks));
    fmt::print("blocks {}, reads {}, lost disks {}, epochs {}\n", blocks, reads, losses, changes);
}

}  // namespace
}  // namespace holdfast::raft
