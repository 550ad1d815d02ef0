// Children that break rules, crash, hang or just work: each is what came of one run.
#include "sim/isolated.h"

#include <csignal>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/check.h"
#include "base/codec.h"
#include "sim/wire.h"

namespace holdfast::sim {
namespace {

const RunOptions* current = nullptr;

/// What the seed says is what happens.
Outcome misbehave(const Plan& plan, const RunOptions& options) {
    static uint64_t runs_in_this_process = 0;
    ++runs_in_this_process;
    Outcome outcome{.seed = plan.seed, .trace = 7 * plan.seed, .simulated = 5s, .events = 100};
    if (options.recorder != nullptr) options.recorder->line(1s, NodeId(2), "a line");
    switch (plan.seed) {
        case 100: {  // as run_plan does it
            current = &options;
            set_last_words([](std::string_view message) {
                Outcome last{.events = 33};
                last.violations = {{.checker = "CHECK", .what = std::string(message), .at = 2s}};
                current->last_outcome(last);
            });
            CHECK(plan.seed != 100, "the seed is a good one");
            break;
        }
        case 101:
            CHECK(plan.seed != 101, "nobody listens");
            break;
        case 102:
            std::signal(SIGSEGV, SIG_DFL);  // not a sanitizer's business
            std::raise(SIGSEGV);
            break;
        case 103:
            while (true) ::pause();
        case 104:
            fatal("the disk is gone");
        case 105:
            throw std::runtime_error("thrown");
        case 106:
            outcome.verdict = Verdict::safety;
            outcome.violations = {{.checker = "agreement", .what = "two blocks", .at = 3s}};
            break;
        default:
            break;
    }
    outcome.blocks = runs_in_this_process;
    return outcome;
}

Request request(uint64_t seed, bool record = false) {
    Request made;
    made.plan.seed = seed;
    made.record = record;
    return made;
}

Violation first_of(Pool& pool, uint64_t seed) {
    const Finished finished = pool.run_one(request(seed));
    EXPECT_EQ(finished.outcome.seed, seed);
    EXPECT_EQ(finished.outcome.verdict, Verdict::crash);
    EXPECT_EQ(finished.outcome.violations.size(), 1U);
    return finished.outcome.violations.empty() ? Violation{} : finished.outcome.violations.front();
}

TEST(Isolated, BringsHomeWhatCameOfARun) {
    Pool pool({.run = misbehave});
    const Finished finished = pool.run_one(request(106, true));
    EXPECT_EQ(finished.outcome.verdict, Verdict::safety);
    ASSERT_EQ(finished.outcome.violations.size(), 1U);
    EXPECT_EQ(finished.outcome.violations[0],
              (Violation{.checker = "agreement", .what = "two blocks", .at = 3s}));
    EXPECT_EQ(finished.outcome.trace, 742U);
    EXPECT_EQ(finished.outcome.simulated, Duration(5s));
    ASSERT_TRUE(finished.recorder);
    ASSERT_EQ(finished.recorder->lines.size(), 1U);
    EXPECT_EQ(finished.recorder->lines[0].text, "a line");
    EXPECT_FALSE(pool.run_one(request(1)).recorder);
}

TEST(Isolated, OneChildRunsManyPlans) {
    Pool pool({.run = misbehave});
    for (uint64_t seed = 1; seed <= 20; ++seed)
        EXPECT_EQ(pool.run_one(request(seed)).outcome.blocks, seed);
    EXPECT_EQ(pool.forked(), 1U);
}

TEST(Isolated, ACheckIsAnOutcomeWithWhatWasKnownAndAnotherChildGoesOn) {
    Pool pool({.run = misbehave});
    const Finished finished = pool.run_one(request(100, true));
    EXPECT_EQ(finished.outcome.verdict, Verdict::crash);
    EXPECT_EQ(finished.outcome.events, 33U);
    ASSERT_EQ(finished.outcome.violations.size(), 1U);
    EXPECT_EQ(finished.outcome.violations[0].checker, "CHECK");
    EXPECT_NE(finished.outcome.violations[0].what.find("the seed is a good one"),
              std::string::npos);
    EXPECT_TRUE(finished.recorder);
    EXPECT_EQ(pool.run_one(request(1)).outcome.blocks, 1U);
    EXPECT_EQ(pool.forked(), 2U);
}

TEST(Isolated, NamesHowAChildDied) {
    Pool pool({.run = misbehave});
    const Violation unheard = first_of(pool, 101);
    EXPECT_EQ(unheard.checker, "CHECK");
    EXPECT_NE(unheard.what.find("nobody listens"), std::string::npos);
    EXPECT_EQ(first_of(pool, 102).checker, "signal SIGSEGV");
    const Violation machine = first_of(pool, 104);
    EXPECT_EQ(machine.checker, "exit 70");
    EXPECT_EQ(machine.what, "fatal: the disk is gone");
    const Violation thrown = first_of(pool, 105);
    EXPECT_EQ(thrown.checker, "exception");
    EXPECT_EQ(thrown.what, "thrown");
}

TEST(Isolated, KillsWhoDoesNotEnd) {
    Pool pool({.run = misbehave, .stuck_after = 300ms});
    EXPECT_EQ(first_of(pool, 103).checker, "watchdog");
    EXPECT_EQ(pool.run_one(request(5)).outcome.verdict, Verdict::held);
}

TEST(Isolated, ManyAtOnceEachWithItsNumber) {
    Pool pool({.run = misbehave, .jobs = 3});
    uint64_t next = 95;
    std::map<size_t, Outcome> outcomes;
    pool.run(
        [&]() -> std::optional<Request> {
            if (next == 103) return std::nullopt;
            return request(next++);
        },
        [&](size_t number, Finished finished) {
            outcomes[number] = std::move(finished.outcome);
            return true;
        });
    ASSERT_EQ(outcomes.size(), 8U);
    for (const auto& [number, outcome] : outcomes) {
        EXPECT_EQ(outcome.seed, 95 + number);
        EXPECT_EQ(outcome.verdict, number < 5 ? Verdict::held : Verdict::crash);
    }
}

TEST(Isolated, StopsWhenNothingMoreIsWanted) {
    Pool pool({.run = misbehave, .jobs = 2});
    uint64_t asked = 0;
    pool.run(
        [&]() -> std::optional<Request> {
            ++asked;
            return request(asked == 1 ? 103 : asked);  // the first would never end
        },
        [](size_t, const Finished&) { return false; });
    EXPECT_EQ(asked, 2U);
    EXPECT_EQ(pool.run_one(request(5)).outcome.seed, 5U);
}

TEST(Isolated, PlansAndOutcomesSurviveTheWire) {
    for (uint64_t seed = 1; seed < 20; ++seed) {
        const auto plan = draw_plan({.nodes = 5, .seed = seed});
        ASSERT_TRUE(plan);
        Writer out;
        write(out, *plan);
        const Bytes bytes = out.take();
        Reader in(bytes);
        EXPECT_EQ(read_plan(in), *plan);
        EXPECT_TRUE(in.finish());
    }
    Recorder recorder;
    recorder.lives = {{.from = 1s, .to = 2s, .node = NodeId(3), .end = "killed"}};
    recorder.roles = {{.at = 1s, .node = NodeId(3), .role = "leader", .view = 9}};
    recorder.faults = {{.at = 2s,
                        .lasts = 3s,
                        .fault = {.at = 2s, .kind = FaultKind::wipe, .node = NodeId(1)},
                        .why_not = "the atlas refuses"}};
    recorder.progress = {{.at = 4s, .node = NodeId(2), .height = Height(77)}};
    recorder.healed_at = 9s;
    Outcome outcome{.seed = 3, .verdict = Verdict::liveness, .unrecoverable = true};
    outcome.faults = {{"kill", 3}, {"loss", 1}};
    outcome.marks = {"raft.a", "raft.b"};
    Writer out;
    write(out, recorder);
    write(out, outcome);
    const Bytes bytes = out.take();
    Reader in(bytes);
    const Recorder back = read_recorder(in);
    const Outcome outcome_back = read_outcome(in);
    ASSERT_TRUE(in.finish());
    EXPECT_EQ(back.lives[0].end, "killed");
    EXPECT_EQ(back.lives[0].to, Duration(2s));
    EXPECT_EQ(back.roles[0].view, 9U);
    EXPECT_EQ(back.faults[0].fault, recorder.faults[0].fault);
    EXPECT_EQ(back.faults[0].why_not, "the atlas refuses");
    EXPECT_EQ(back.progress[0].height, Height(77));
    EXPECT_EQ(back.healed_at, Duration(9s));
    EXPECT_EQ(outcome_back.faults, outcome.faults);
    EXPECT_EQ(outcome_back.marks, outcome.marks);
    EXPECT_TRUE(outcome_back.unrecoverable);
    EXPECT_EQ(outcome_back.verdict, Verdict::liveness);
}

}  // namespace
}  // namespace holdfast::sim
