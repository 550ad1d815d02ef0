// The journal under a disk that crashes at every operation, loses and tears what was not synced,
// and rots at every bit: what was acknowledged comes back, or its loss is told. Never anything
// else.
#include <gtest/gtest.h>

#include "base/random.h"
#include "journal/format.h"
#include "journal/test_support.h"

namespace holdfast::journal {
namespace {

using namespace test;
using consensus::JournalHealth;
using Texts = std::vector<std::pair<uint64_t, std::string>>;

constexpr size_t small_segment = 700;

/// Keeps what a correct journal may give back, across any number of deaths.
class History {
  public:
    explicit History(uint64_t seed) : random_(seed) {
        CHECK(Journal::create(device_, me(), Birth::newborn, 7), "an empty device");
    }

    /// One life of the process, which ends after `operations` changes to the disk, if it lasts as
    /// long: opening counts too. Then the machine loses power, or only the process died.
    void live(uint64_t operations, bool lose_power) {
        device_.die_after(operations);
        run();
        if (lose_power)
            device_.lose_power(random_);
        else
            device_.revive();
    }

    void check_opens() {
        Journal journal(device_, small_segment);
        open(journal);
        EXPECT_FALSE(device_.dead());
    }

    [[nodiscard]] uint64_t operations() const { return device_.operations(); }
    [[nodiscard]] uint64_t acknowledged() const { return acknowledged_; }

  private:
    static constexpr int groups_a_life = 8;

    void run() {
        Journal journal(device_, small_segment);
        if (!open(journal)) return;
        for (int i = 0; i < groups_a_life; ++i) {
            const auto group = next_group();
            journal.append_group(test::group(group));
            if (device_.dead()) return;
            acknowledged_ = group.back().first;
            if (random_.chance(1, 3)) {
                const uint64_t token = random_.between(forgotten_, acknowledged_);
                forgotten_ = token;
                journal.forget(Token(token));
                if (device_.dead()) return;
            }
        }
    }

    Texts next_group() {
        Texts group;
        const uint64_t records = random_.between(1, 4);
        uint64_t token = written_.empty() ? 0 : written_.back().first;
        for (uint64_t i = 0; i < records; ++i) {
            token += random_.between(1, 3);
            group.emplace_back(
                token, std::string(random_.below(900), static_cast<char>('a' + token % 26)));
            written_.push_back(group.back());
        }
        return group;
    }

    /// False if the process died on the way.
    bool open(Journal& journal) {
        const auto opened = journal.open(me(), 8);
        if (device_.dead()) return false;
        EXPECT_TRUE(opened) << describe(opened.error());
        if (!opened) return false;
        EXPECT_EQ(opened->health, JournalHealth::intact) << opened->note;
        EXPECT_EQ(opened->incarnation, 7u);
        check(*opened);
        return opened->health == JournalHealth::intact;
    }

    /// The records are an unbroken piece of what was written, from at most the first unforgotten to
    /// at least the last acknowledged.
    void check(const Recovered& opened) {
        Texts got;
        for (const auto& record : opened.records)
            got.emplace_back(record.token.value, std::string(text_of(*record.bytes)));
        const uint64_t last = got.empty() ? 0 : got.back().first;
        if (got.empty()) {
            EXPECT_TRUE(acknowledged_ == 0 || forgotten_ == acknowledged_);
        } else {
            const auto first = std::ranges::find(written_, got.front());
            ASSERT_NE(first, written_.end());
            ASSERT_LE(got.size(), static_cast<size_t>(written_.end() - first));
            EXPECT_TRUE(std::equal(got.begin(), got.end(), first));
            EXPECT_GE(last, acknowledged_);
            const auto unforgotten = std::ranges::find_if(
                written_, [&](const auto& record) { return record.first > forgotten_; });
            EXPECT_LE(first - written_.begin(), unforgotten - written_.begin());
            // What came back counts as durable from now on; the rest of that group never was.
            acknowledged_ = last;
            std::erase_if(written_, [&](const auto& record) { return record.first > last; });
        }
        if (got.empty())
            std::erase_if(written_, [&](const auto& r) { return r.first > acknowledged_; });
    }

    MemoryDevice device_;
    Random random_;
    Texts written_;  ///< everything that may be there
    uint64_t acknowledged_ = 0;
    uint64_t forgotten_ = 0;
};

class JournalCrash : public testing::TestWithParam<bool> {};

TEST_P(JournalCrash, AtEveryOperationOfALife) {
    const bool lose_power = GetParam();
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        for (uint64_t operations = 0; operations < 60; ++operations) {
            SCOPED_TRACE(fmt::format("seed {} operations {}", seed, operations));
            History history(seed);
            history.live(1'000'000, true);
            ASSERT_GT(history.acknowledged(), 0u);
            history.live(operations, lose_power);
            history.check_opens();
            if (HasFailure()) return;
        }
    }
}

// A process that was killed leaves behind what the machine has only in memory. The next one may not
// build on that before it is on disk: power may fail at any of its own first steps.
TEST(JournalLives, KilledAnywhereAndThenWithoutPowerAnywhereInTheNextLife) {
    for (uint64_t seed = 1; seed <= 10; ++seed) {
        for (uint64_t killed = 0; killed < 60; ++killed) {
            for (uint64_t operations = 0; operations < 10; ++operations) {
                SCOPED_TRACE(fmt::format("seed {} killed {} then {}", seed, killed, operations));
                History history(seed);
                history.live(1'000'000, true);
                history.live(killed, false);
                history.live(operations, true);
                history.check_opens();
                if (HasFailure()) return;
            }
        }
    }
}

TEST_P(JournalCrash, ManyLivesInARow) {
    const bool lose_power = GetParam();
    for (uint64_t seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE(fmt::format("seed {}", seed));
        History history(seed);
        Random random(seed * 7919);
        for (int life = 0; life < 30; ++life) {
            const uint64_t operations = random.below(50);
            history.live(operations, lose_power || random.chance(1, 4));
            if (HasFailure()) return;
        }
        history.check_opens();
        if (HasFailure()) return;
    }
}

INSTANTIATE_TEST_SUITE_P(Deaths, JournalCrash, testing::Bool(),
                         [](const auto& kind) { return kind.param ? "PowerLoss" : "Kill"; });

TEST(JournalCrash, DuringBirthNeverGivesAJournalThatVotesWrongly) {
    for (const Birth birth : {Birth::newborn, Birth::rejoin}) {
        for (uint64_t operations = 0; operations < 12; ++operations) {
            for (uint64_t seed = 1; seed <= 20; ++seed) {
                MemoryDevice device;
                Random random(seed);
                device.die_after(operations);
                std::ignore = Journal::create(device, me(), birth, 7);
                device.lose_power(random);
                const auto opened = Journal(device).open(me(), 8);
                if (!opened) {
                    EXPECT_EQ(opened.error().code, errc::missing);
                    // And nothing stands in the way of doing it again.
                    EXPECT_TRUE(Journal::create(device, me(), birth, 7));
                    continue;
                }
                EXPECT_TRUE(opened->records.empty());
                if (birth == Birth::rejoin) {
                    EXPECT_NE(opened->health, JournalHealth::intact);
                }
            }
        }
    }
}

TEST(JournalCrash, WhileSettingDamageAsideNeverEndsIntact) {
    for (uint64_t operations = 0; operations < 30; ++operations) {
        for (uint64_t seed = 1; seed <= 20; ++seed) {
            MemoryDevice device;
            Random random(seed);
            filled(device, upto(40), 400);
            // In the oldest file, so that a half-done clearing could leave a clean rest.
            device.flip_bit(1, 8 * header_size_bytes + 100);
            device.die_after(operations);
            std::ignore = Journal(device, 400).open(me(), 8);
            device.lose_power(random);
            const auto opened = Journal(device, 400).open(me(), 9);
            if (!opened) {
                EXPECT_EQ(opened.error().code, errc::missing);
                continue;
            }
            EXPECT_NE(opened->health, JournalHealth::intact);
            EXPECT_TRUE(opened->records.empty());
        }
    }
}

/// A journal of a few segments whose mark trails by exactly one group: tokens up to `marked` are
/// spoken for, the last group is not.
struct Trailing {
    static constexpr size_t rotate_bytes = 400;

    MemoryDevice device;
    uint64_t marked = 0;
    Texts all;
    /// Where in which file the group beyond the mark begins.
    uint64_t last_file = 0;
    size_t last_good = 0;
    size_t last_end = 0;

    explicit Trailing(bool new_segment) {
        CHECK(Journal::create(device, me(), Birth::newborn, 7), "an empty device");
        Journal journal(device, rotate_bytes);
        CHECK(journal.open(me(), 8), "a new journal opens");
        for (uint64_t token = 1; token <= 9; token += 3) append(journal, token, 3, 30);
        marked = 9;
        last_file = device.list().back();
        last_good = device.read(last_file).size();
        const size_t bytes = new_segment ? 300 : 1;
        // One append and one sync, and death before the mark moves.
        device.die_after(new_segment ? 3 : 2);
        append(journal, 10, 3, bytes);
        device.revive();
        if (new_segment) {
            last_file = device.list().back();
            last_good = 0;
        }
        last_end = device.read(last_file).size();
        device.pad(last_file, 64);
    }

    void append(Journal& journal, uint64_t token, size_t records, size_t bytes) {
        Texts group;
        for (size_t i = 0; i < records; ++i)
            group.emplace_back(token + i, std::string(bytes, static_cast<char>('a' + i)));
        journal.append_group(test::group(group));
        all.insert(all.end(), group.begin(), group.end());
    }

    /// Harm at byte `at` of `file`: damaged if that byte was durable, else a prefix of what is
    /// beyond.
    void expect(const Recovered& opened, uint64_t file, size_t at) const {
        const bool beyond = file == last_file && at >= last_good;
        if (!beyond) {
            EXPECT_EQ(opened.health, JournalHealth::damaged);
            return;
        }
        ASSERT_EQ(opened.health, JournalHealth::intact) << opened.note;
        ASSERT_GE(opened.records.size(), marked);
        ASSERT_LE(opened.records.size(), all.size());
        for (size_t i = 0; i < opened.records.size(); ++i)
            EXPECT_EQ(text_of(*opened.records[i].bytes), all[i].second);
        if (at >= last_end) {
            EXPECT_EQ(opened.records.size(), all.size());
        }
    }
};

class JournalRot : public testing::TestWithParam<bool> {};

TEST_P(JournalRot, EveryBitBelowTheMarkIsDamageAndEveryBitBeyondIsDropped) {
    const Trailing original(GetParam());
    ASSERT_GE(original.device.list().size(), 2u);
    for (const uint64_t file : original.device.list()) {
        const size_t bits = original.device.read(file).size() * 8;
        for (size_t bit = 0; bit < bits; ++bit) {
            MemoryDevice device = original.device;
            device.flip_bit(file, bit);
            SCOPED_TRACE(fmt::format("file {} bit {}", file, bit));
            const auto opened = Journal(device, Trailing::rotate_bytes).open(me(), 8);
            ASSERT_TRUE(opened) << describe(opened.error());
            original.expect(*opened, file, bit / 8);
            if (HasFailure()) return;
        }
    }
}

TEST_P(JournalRot, EveryCutBelowTheMarkIsDamageAndEveryCutBeyondIsDropped) {
    const Trailing original(GetParam());
    for (const uint64_t file : original.device.list()) {
        const size_t size = original.device.read(file).size();
        for (size_t at = 0; at < size; ++at) {
            MemoryDevice device = original.device;
            device.cut(file, at);
            SCOPED_TRACE(fmt::format("file {} cut at {}", file, at));
            const auto opened = Journal(device, Trailing::rotate_bytes).open(me(), 8);
            ASSERT_TRUE(opened) << describe(opened.error());
            original.expect(*opened, file, at);
            if (HasFailure()) return;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(LastGroup, JournalRot, testing::Bool(), [](const auto& kind) {
    return kind.param ? "InASegmentOfItsOwn" : "BehindOthers";
});

TEST(JournalRot, ZeroedSectorsAreDamageUnlessNobodySpokeForThem) {
    constexpr size_t sector = 64;
    MemoryDevice original;
    filled(original, upto(30), 1500);
    for (const uint64_t file : original.list()) {
        const Bytes bytes = original.read(file);
        for (size_t at = 0; at < bytes.size(); at += sector) {
            MemoryDevice device = original;
            for (size_t i = at; i < std::min(at + sector, bytes.size()); ++i)
                for (size_t bit = 0; bit < 8; ++bit)
                    if ((bytes[i] >> bit & 1) != 0) device.flip_bit(file, i * 8 + bit);
            const auto opened = Journal(device, 1500).open(me(), 8);
            ASSERT_TRUE(opened);
            EXPECT_EQ(opened->health, JournalHealth::damaged) << file << " " << at;
        }
    }
}

}  // namespace
}  // namespace holdfast::journal
