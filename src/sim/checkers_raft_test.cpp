// Raft's checkers: a history that breaks each rule; and linearizability by witness against a search
// over all orders.
#include "base/random.h"
#include "consensus/raft/invariants.h"
#include "sim/checkers_test.h"
#include "sim/witness.h"

namespace holdfast::sim {
namespace {

using testing::History;
using testing::one;
using testing::three;
using testing::two;

class RaftCheckers : public testing::CheckerTest {
  protected:
    static raft::Entry payload(uint64_t term, uint64_t position, std::string_view data) {
        return History::entry(term, raft::EntryKind::payload, position, data);
    }
    static raft::Entry no_op(uint64_t term, uint64_t position) {
        return History::entry(term, raft::EntryKind::no_op, position, "");
    }
};

TEST_F(RaftCheckers, RecordsSeeAGapAndAnotherLog) {
    h.write(one, 9, {no_op(1, 1)});
    flags("raft-records");
    h.engines[two].last = 77;
    h.effects(two, {});
    flags("raft-records");
}

TEST_F(RaftCheckers, ElectionSafetySeesTwoLeaders) {
    h.engines[two].leads = true;
    h.effects(two, {});
    flags("raft-election-safety");
}

TEST_F(RaftCheckers, LeaderCompletenessSeesAnEmptyLeader) {
    h.promise(three, 2, 3);
    holds();
    h.engines[three].leads = true;
    h.write(three, 1, {no_op(2, 0)});
    flags("raft-leader-completeness");
}

TEST_F(RaftCheckers, OneVoteSeesTwo) {
    h.promise(two, 1, 3);
    flags("raft-one-vote");
}

TEST_F(RaftCheckers, PromiseSeesWhatIsNotOnThePlatter) {
    h.on_send(three, one, raft::VoteReply{}, 5);
    flags("raft-promise");
    h.promise(three, 1, 0);
    h.findings();
    h.write(three, 1, {no_op(1, 0)}, true);
    h.on_send(three, one, raft::AppendReply{.accepted = true, .index = raft::Index(1), .hint = {}},
              1);
    flags("raft-promise");
}

TEST_F(RaftCheckers, LogMatchingSeesAnotherEntry) {
    h.write(three, 1, {no_op(1, 0), payload(1, 1, "another block 1")});
    flags("raft-log-matching");
}

TEST_F(RaftCheckers, LeaderAppendOnlySeesAReplacement) {
    h.write(one, 2, {payload(1, 1, "block 1")});
    flags("raft-leader-append-only");
}

TEST_F(RaftCheckers, CommitTermSeesAnOldEntryCounted) {
    h.write(one, 3, {payload(1, 2, "block 2")});
    h.engines[one].leads = false;
    h.promise(one, 2, 1);
    h.promise(two, 2, 1);
    h.engines[one].leads = true;
    h.write(one, 4, {no_op(2, 2)});
    holds();
    h.engines[one].commit = 3;
    h.effects(one, {});
    flags("raft-commit-term");
}

TEST_F(RaftCheckers, ConvergenceSeesTermsPassWithoutALeader) {
    h.engines[one].leads = false;
    for (uint64_t term = 2; term < 40; ++term) h.promise(one, term, 1);
    holds();  // not healed yet
    h.healed = {one, two, three};
    for (uint64_t term = 40; term < 59; ++term) h.promise(one, term, 1);
    holds();
    h.engines[two].leads = true;
    h.promise(two, 59, 2);
    h.findings();  // it leads without a majority, which another checker notices
    h.engines[two].leads = false;
    for (uint64_t term = 60; term < 79; ++term) h.promise(one, term, 1);
    holds();
    h.promise(one, 79, 1);
    flags("raft-convergence");
}

TEST_F(RaftCheckers, StateMachineSafetySeesAnotherCommitment) {
    h.write(three, 1, {no_op(2, 0)});
    h.engines[three].commit = 1;
    h.effects(three, {});
    flags("raft-state-machine-safety");
}

TEST_F(RaftCheckers, MatchIndexSeesWhatAPeerHasNot) {
    h.promise(three, 1, 0);
    holds();
    h.engines[one].matches.emplace_back(Voice{three, 103, false}, 1);
    h.effects(one, {});
    flags("raft-match-index");
}

TEST_F(RaftCheckers, MatchIndexSeesWhatWasSaidInAnEarlierTerm) {
    h.promise(three, 1, 0);
    h.write(three, 1, {no_op(1, 0)});
    h.send(three, one, raft::AppendReply{.accepted = true, .index = raft::Index(1), .hint = {}});
    h.engines[one].matches.emplace_back(Voice{three, 103, false}, 1);
    h.effects(one, {});
    holds();
    h.promise(one, 2, 1);
    flags("raft-match-index");
}

TEST_F(RaftCheckers, ConfigSeesTwoChangesAtOnce) {
    const std::vector<raft::Seat> named{{one, 101}, {two, 102}, {three, 103}};
    h.write(one, 3, {History::configuration(1, 1, 0, named)});
    holds();
    h.write(one, 4, {History::configuration(1, 1, 0, named)});
    flags("raft-config");
}

TEST_F(RaftCheckers, ConfigSeesAJumpAndAStolenElection) {
    h.write(one, 3, {History::configuration(1, 1, 1, {{one, 101}})});
    flags("raft-config");
    h.promise(two, 2, 2);
    h.findings();
    h.engines[two].leads = true;
    h.effects(two, {});
    flags("raft-config");
}

TEST_F(RaftCheckers, ReadIndexSeesAnOldPlace) {
    h.tell([](Checker& it) { it.on_input(two, consensus::Read{consensus::ReadId(1)}); });
    h.effects(two, {consensus::ReadAt{consensus::ReadId(1), Height(0)}});
    flags("raft-read-index");
}

TEST_F(RaftCheckers, InvariantsPassOnWhatAnEngineSays) {
    Sight sight{.stage = h, .interpreter = {}};
    const auto healthy = make_raft_invariants(
        sight, [](const consensus::Engine&) { return std::vector<std::string>{}; });
    const auto real = make_raft_invariants(sight, raft::broken_invariants);
    consensus::Effects out;
    const auto engine =
        raft::restore({.self = one, .incarnation = 7},
                      {.applied = {}, .mark = {}, .members = {.voters = {{.id = one}}}}, {},
                      consensus::JournalHealth::intact, Instant{}, out);
    healthy->on_effects(one, *engine, {});
    real->on_effects(one, *engine, {});
    EXPECT_THAT(healthy->take_findings(), ::testing::IsEmpty());
    EXPECT_THAT(real->take_findings(), ::testing::IsEmpty());
    real->on_start(one, {}, {}, consensus::JournalHealth::intact, 7);
    real->on_effects(one, h.engines[one], {});
    EXPECT_FALSE(real->take_findings().empty());
}

// --------------------------------------------------------------------------------- linearizability

/// An operation on one account: adds `amount`, or reads `amount`.
struct AccountStep {
    uint64_t invoked = 0, returned = 0;
    bool read = false;
    uint64_t amount = 0;
    Height place;
};

/// [Wing & Gong 1993]: is there any order that keeps real time and explains every read?
bool explained(const std::vector<AccountStep>& operations, uint64_t done, uint64_t balance,
               std::set<uint64_t>& seen) {
    if (done + 1 == uint64_t{1} << operations.size()) return true;
    // The balance follows from what is done: what was tried once need not be tried again.
    if (!seen.insert(done).second) return false;
    uint64_t first_return = UINT64_MAX;
    for (size_t i = 0; i < operations.size(); ++i)
        if ((done >> i & 1) == 0) first_return = std::min(first_return, operations[i].returned);
    for (size_t i = 0; i < operations.size(); ++i) {
        const AccountStep& next = operations[i];
        if ((done >> i & 1) != 0 || next.invoked > first_return) continue;
        if (next.read && next.amount != balance) continue;
        const uint64_t after = next.read ? balance : balance + next.amount;
        if (explained(operations, done | uint64_t{1} << i, after, seen)) return true;
    }
    return false;
}

bool witnessed(const std::vector<AccountStep>& operations) {
    struct Moment {
        uint64_t at = 0;
        bool answer = false;
        size_t operation = 0;
        auto operator<=>(const Moment&) const = default;
    };
    std::vector<Moment> moments;
    for (size_t i = 0; i < operations.size(); ++i) {
        moments.push_back({operations[i].invoked, false, i});
        moments.push_back({operations[i].returned, true, i});
    }
    std::ranges::sort(moments);
    Witness witness;
    for (const Moment& moment : moments) {
        if (!moment.answer) {
            witness.on_call(moment.operation);
        } else if (witness.on_answer(moment.operation, operations[moment.operation].place)) {
            return false;
        }
    }
    return std::ranges::all_of(operations, [&](const AccountStep& read) {
        uint64_t balance = 0;
        for (const AccountStep& write : operations)
            if (!write.read && write.place <= read.place) balance += write.amount;
        return !read.read || balance == read.amount;
    });
}

/// A history as a correct ledger would make it: each operation takes its place somewhere between
/// its question and its answer, writes in blocks of their own.
std::vector<AccountStep> some_history(Random& random) {
    std::vector<AccountStep> operations(random.between(4, 14));
    std::vector<std::pair<uint64_t, size_t>> points;
    for (size_t i = 0; i < operations.size(); ++i) {
        const uint64_t point = random.between(10, 100) * 16 + i;
        operations[i].invoked = point - random.between(1, 150);
        operations[i].returned = point + random.between(1, 150);
        operations[i].read = random.chance(1, 2);
        operations[i].amount = uint64_t{1} << i;
        points.emplace_back(point, i);
    }
    std::ranges::sort(points);
    uint64_t balance = 0, height = 0;
    for (const auto& [point, i] : points) {
        AccountStep& operation = operations[i];
        if (!operation.read) {
            balance += operation.amount;
            ++height;
        } else {
            operation.amount = balance;
        }
        operation.place = Height(height);
    }
    return operations;
}

TEST(Witness, AgreesWithTheSearch) {
    size_t spoilt = 0, caught = 0;
    for (uint64_t seed = 1; seed <= 2000; ++seed) {
        Random random(seed);
        std::vector<AccountStep> history = some_history(random);
        std::set<uint64_t> seen;
        ASSERT_TRUE(witnessed(history)) << seed;
        ASSERT_TRUE(explained(history, 0, 0, seen)) << seed;
        // A read put elsewhere, with the balance of there: only real time can tell.
        AccountStep& victim = history[random.below(history.size())];
        if (!victim.read) continue;
        const auto blocks =
            static_cast<uint64_t>(std::ranges::count(history, false, &AccountStep::read));
        victim.place = Height(std::min(blocks, random.below(victim.place.value + 2)));
        victim.amount = 0;
        for (const AccountStep& write : history)
            if (!write.read && write.place <= victim.place) victim.amount += write.amount;
        seen.clear();
        const bool possible = explained(history, 0, 0, seen);
        ++spoilt;
        if (!witnessed(history)) ++caught;
        // Amounts are distinct powers of two, so a balance names its place: the two must agree,
        // but for a read from the future, which no place below a later answer can show.
        if (!possible && victim.invoked > 0) {
            bool future = false;
            for (const AccountStep& write : history)
                future = future || (!write.read && write.place <= victim.place &&
                                    write.invoked > victim.returned);
            EXPECT_TRUE(future || !witnessed(history)) << seed;
        }
        if (possible) {
            EXPECT_TRUE(witnessed(history)) << seed;
        }
    }
    EXPECT_GT(spoilt, 500U);
    EXPECT_GT(caught, 100U);
}

TEST(Witness, LongHistoriesOfOneAccount) {
    // Sixty operations, one client: only one order, and the search finds it as fast.
    std::vector<AccountStep> history(60);
    for (size_t i = 0; i < history.size(); ++i)
        history[i] = {.invoked = 10 * i + 1,
                      .returned = 10 * i + 5,
                      .read = i % 2 == 1,
                      .amount = i % 2 == 1 ? i / 2 + 1 : 1,
                      .place = Height(i / 2 + 1)};
    std::set<uint64_t> seen;
    EXPECT_TRUE(witnessed(history));
    EXPECT_TRUE(explained(history, 0, 0, seen));
    history[31].amount -= 1;
    history[31].place = Height(15);
    seen.clear();
    EXPECT_FALSE(witnessed(history));
    EXPECT_FALSE(explained(history, 0, 0, seen));
}

}  // namespace
}  // namespace holdfast::sim
