// The journal by hand: births, groups, rotation, forgetting, and each kind of damage by name.
#include "journal/journal.h"

#include <gtest/gtest.h>

#include "env/memory_device.h"
#include "journal/format.h"
#include "journal/test_support.h"

namespace holdfast::journal {
namespace {

using namespace test;
using consensus::JournalHealth;

TEST(JournalBirth, NewbornIsIntactAndEmpty) {
    MemoryDevice device;
    ASSERT_TRUE(Journal::create(device, me(), Birth::newborn, 7));
    const auto opened = Journal(device).open(me(), 8);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->health, JournalHealth::intact);
    EXPECT_EQ(opened->birth, Birth::newborn);
    EXPECT_EQ(opened->incarnation, 7u);
    EXPECT_TRUE(opened->records.empty());
    EXPECT_EQ(opened->note, "");
}

TEST(JournalBirth, RejoinIsLostForItsWholeLife) {
    MemoryDevice device;
    ASSERT_TRUE(Journal::create(device, me(), Birth::rejoin, 7));
    {
        Journal journal(device);
        const auto opened = journal.open(me(), 8);
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->health, JournalHealth::lost);
        journal.append_group(group({{1, "abstain until 5"}}));
    }
    const auto again = Journal(device).open(me(), 9);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->health, JournalHealth::lost);
    EXPECT_EQ(again->birth, Birth::rejoin);
    EXPECT_EQ(texts(*again), "1:abstain until 5 ");
}

TEST(JournalBirth, MissingNamesTheRepair) {
    MemoryDevice device;
    const auto opened = Journal(device).open(me(), 8);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errc::missing);
    EXPECT_NE(opened.error().detail.find("holdfast init --rejoin"), std::string::npos);
    EXPECT_TRUE(device.list().empty()) << "a node never makes its own journal";
}

TEST(JournalBirth, AllFilesEmptyIsMissing) {
    MemoryDevice device;
    filled(device, {1, 2, 3});
    device.cut(1, 0);
    const auto opened = Journal(device).open(me(), 8);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errc::missing);
}

TEST(JournalBirth, NoSecondBirthOverARecord) {
    MemoryDevice device;
    ASSERT_TRUE(Journal::create(device, me(), Birth::newborn, 7));
    const auto again = Journal::create(device, me(), Birth::newborn, 8);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, errc::exists);
    EXPECT_EQ(Journal(device).open(me(), 9)->incarnation, 7u);
}

TEST(JournalBirth, RejoinSetsTheOldFilesAside) {
    MemoryDevice device;
    filled(device, {1, 2, 3});
    ASSERT_TRUE(Journal::create(device, me(), Birth::rejoin, 70));
    EXPECT_EQ(device.quarantined_files(), 1u);
    const auto opened = Journal(device).open(me(), 9);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->incarnation, 70u);
    EXPECT_EQ(opened->health, JournalHealth::lost);
}

TEST(JournalBirth, OtherPeoplesJournalsAreRefusedAndLeftAlone) {
    MemoryDevice device;
    filled(device, {1, 2});
    const Bytes before = device.read(1);
    Identity other = me();
    other.node = NodeId(99);
    EXPECT_EQ(Journal(device).open(other, 8).error().code, errc::wrong_node);
    other = me();
    other.genesis.bytes[3] ^= 1;
    EXPECT_EQ(Journal(device).open(other, 8).error().code, errc::wrong_genesis);
    EXPECT_EQ(device.read(1), before);
    EXPECT_EQ(device.quarantined_files(), 0u);
}

TEST(JournalBirth, AnotherFormatVersionIsRefusedNotQuarantined) {
    MemoryDevice device;
    filled(device, {1, 2});
    auto header = *read_header(device.read(1));
    header.version = format_version + 1;
    Bytes file;
    append_header(file, header);
    device.lose_file(1);
    device.append(1, file);
    EXPECT_EQ(Journal(device).open(me(), 8).error().code, errc::unsupported);
    EXPECT_EQ(device.quarantined_files(), 0u);
}

TEST(JournalGroups, ComeBackInOrder) {
    MemoryDevice device;
    ASSERT_TRUE(Journal::create(device, me(), Birth::newborn, 7));
    {
        Journal journal(device);
        ASSERT_TRUE(journal.open(me(), 8));
        const uint64_t before = journal.sync_count();
        EXPECT_EQ(journal.append_group(group({{1, "a"}, {2, ""}, {5, "ccc"}})), Token(5));
        EXPECT_EQ(journal.append_group({}), Token(5));
        EXPECT_EQ(journal.append_group(group({{6, std::string(100'000, 'x')}})), Token(6));
        EXPECT_EQ(journal.sync_count() - before, 2u) << "one sync a group, none for nothing";
    }
    const auto opened = Journal(device).open(me(), 8);
    ASSERT_TRUE(opened);
    EXPECT_EQ(texts(*opened), "1:a 2: 5:ccc 6:" + std::string(100'000, 'x') + " ");
}

TEST(JournalGroups, AppendingGoesOnAfterOpening) {
    MemoryDevice device;
    filled(device, {1, 2});
    {
        Journal journal(device);
        ASSERT_TRUE(journal.open(me(), 8));
        journal.append_group(group({{3, "three"}}));
    }
    EXPECT_EQ(texts(*Journal(device).open(me(), 8)), "1:r1 2:r2 3:three ");
}

TEST(JournalGroups, RoomMadeAheadIsNoRecord) {
    MemoryDevice device;
    filled(device, {1, 2});
    const size_t good = device.read(1).size();
    device.pad(1, 10'000);
    Journal journal(device);
    const auto opened = journal.open(me(), 8);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->health, JournalHealth::intact);
    EXPECT_EQ(opened->note, "");
    EXPECT_EQ(texts(*opened), "1:r1 2:r2 ");
    EXPECT_EQ(device.read(1).size(), good);
    EXPECT_EQ(journal.size_bytes(), good);
}

TEST(JournalGroupsDeathTest, TokensOnlyGrow) {
    MemoryDevice device;
    filled(device, {1, 2});
    Journal journal(device);
    ASSERT_TRUE(journal.open(me(), 8));
    EXPECT_DEATH(journal.append_group(group({{2, "again"}})), "tokens only grow");
}

TEST(JournalSegments, RotateAndComeBack) {
    MemoryDevice device;
    filled(device, upto(50), 400);
    EXPECT_GT(device.list().size(), 5u);
    const auto opened = Journal(device, 400).open(me(), 8);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->health, JournalHealth::intact);
    EXPECT_EQ(opened->records.size(), 50u);
}

TEST(JournalSegments, ForgettingKeepsBirthAndTail) {
    MemoryDevice device;
    ASSERT_TRUE(Journal::create(device, me(), Birth::rejoin, 7));
    {
        Journal journal(device, 400);
        ASSERT_TRUE(journal.open(me(), 8));
        for (uint64_t token = 1; token <= 50; ++token) journal.append_group(numbered({token}));
        const uint64_t before = journal.size_bytes();
        journal.forget(Token(40));
        EXPECT_LT(journal.size_bytes(), before);
    }
    EXPECT_GT(device.list().front(), 1u);
    const auto opened = Journal(device, 400).open(me(), 8);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->incarnation, 7u);
    EXPECT_EQ(opened->birth, Birth::rejoin);
    EXPECT_EQ(opened->health, JournalHealth::lost);
    ASSERT_FALSE(opened->records.empty());
    EXPECT_LE(opened->records.front().token, Token(41)) << "nothing beyond 40 may go";
    EXPECT_EQ(opened->records.back().token, Token(50));
}

TEST(JournalSegments, ForgettingEverythingKeepsTheNewest) {
    MemoryDevice device;
    filled(device, upto(50), 400);
    Journal journal(device, 400);
    ASSERT_TRUE(journal.open(me(), 8));
    journal.forget(Token(1'000'000));
    EXPECT_EQ(device.list().size(), 1u);
    EXPECT_EQ(journal.append_group(numbered({51})), Token(51));
    EXPECT_EQ(Journal(device, 400).open(me(), 8)->health, JournalHealth::intact);
}

TEST(JournalSegments, LeftoversOfAForgetAreRemoved) {
    MemoryDevice device;
    filled(device, upto(50), 400);
    const Bytes first = device.read(1);
    {
        Journal journal(device, 400);
        ASSERT_TRUE(journal.open(me(), 8));
        journal.forget(Token(20));
    }
    device.append(1, first);
    const auto opened = Journal(device, 400).open(me(), 8);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->health, JournalHealth::intact);
    EXPECT_NE(device.list().front(), 1u);
}

struct Harm {
    const char* name;
    void (*harm)(MemoryDevice&);
};

class JournalDamage : public testing::TestWithParam<Harm> {};

TEST_P(JournalDamage, IsToldSetAsideAndBegunAnew) {
    MemoryDevice device;
    filled(device, upto(50), 400);
    ASSERT_GE(device.list().size(), 5u);
    GetParam().harm(device);
    {
        Journal journal(device, 400);
        const auto opened = journal.open(me(), 1234);
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->health, JournalHealth::damaged);
        EXPECT_EQ(opened->birth, Birth::rejoin);
        EXPECT_EQ(opened->incarnation, 1234u);
        EXPECT_TRUE(opened->records.empty());
        EXPECT_NE(opened->note.find("damaged"), std::string::npos);
        EXPECT_GT(device.quarantined_files(), 0u);
    }
    {
        // Before the engine has said anything, a second start still abstains.
        Journal journal(device, 400);
        const auto opened = journal.open(me(), 99);
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->health, JournalHealth::lost);
        EXPECT_EQ(opened->incarnation, 1234u);
        journal.append_group(numbered({1}));
    }
    EXPECT_EQ(texts(*Journal(device, 400).open(me(), 99)), "1:r1 ");
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, JournalDamage,
    testing::Values(
        Harm{"first_segment_lost", [](MemoryDevice& d) { d.lose_file(1); }},
        Harm{"middle_segment_lost", [](MemoryDevice& d) { d.lose_file(3); }},
        Harm{"last_segment_lost", [](MemoryDevice& d) { d.lose_file(d.list().back()); }},
        Harm{"mark_lost", [](MemoryDevice& d) { d.lose_mark(); }},
        Harm{"both_marks_flipped",
             [](MemoryDevice& d) {
                 d.flip_mark_bit(100);
                 d.flip_mark_bit(100 + 8 * mark_slot_bytes);
             }},
        Harm{"middle_segment_empty", [](MemoryDevice& d) { d.cut(3, 0); }},
        Harm{"middle_header_flipped", [](MemoryDevice& d) { d.flip_bit(3, 200); }},
        Harm{"middle_record_flipped",
             [](MemoryDevice& d) { d.flip_bit(3, 8 * header_size_bytes + 300); }},
        Harm{"middle_segment_cut_between_records",
             [](MemoryDevice& d) { d.cut(3, header_size_bytes + record_size_bytes(3)); }},
        Harm{"last_record_flipped",
             [](MemoryDevice& d) { d.flip_bit(d.list().back(), 8 * header_size_bytes + 300); }},
        Harm{"last_segment_cut_between_records",
             [](MemoryDevice& d) { d.cut(d.list().back(), header_size_bytes); }},
        Harm{"two_segments_swapped",
             [](MemoryDevice& d) {
                 const Bytes two = d.read(2);
                 const Bytes three = d.read(3);
                 d.lose_file(2);
                 d.lose_file(3);
                 d.append(2, three);
                 d.append(3, two);
             }},
        Harm{"segment_of_another_birth",
             [](MemoryDevice& d) {
                 auto header = *read_header(d.read(4));
                 header.incarnation ^= 1;
                 Bytes file;
                 append_header(file, header);
                 append(file, ByteView(d.read(4)).subspan(header_size_bytes));
                 d.lose_file(4);
                 d.append(4, file);
             }},
        Harm{"an_old_record_again",
             [](MemoryDevice& d) {
                 Bytes again;
                 append_record(again, record_seed(7), Token(50), Token(49), view_of("r50"));
                 d.append(d.list().back(), again);
             }},
        Harm{"a_hole_before_later_records",
             [](MemoryDevice& d) {
                 // The bytes between were synced, for the last record says so: the mark need not.
                 Bytes later;
                 later.resize(4096);
                 append_record(later, record_seed(7), Token(60), Token(55), view_of("r60"));
                 d.append(d.list().back(), later);
             }}),
    [](const auto& harm) { return harm.param.name; });

TEST(JournalTear, BeyondTheMarkIsDroppedWithANote) {
    MemoryDevice device;
    filled(device, {1, 2});
    Bytes torn;
    append_record(torn, record_seed(7), Token(3), Token(2), view_of("never acknowledged"));
    torn.resize(torn.size() - 9);
    device.append(1, torn);
    const auto opened = Journal(device).open(me(), 8);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->health, JournalHealth::intact);
    EXPECT_EQ(texts(*opened), "1:r1 2:r2 ");
    EXPECT_NE(opened->note.find("torn"), std::string::npos);
    EXPECT_EQ(Journal(device).open(me(), 8)->note, "") << "cut off, so seen once";
}

TEST(JournalTear, LaterPagesOfTheSameGroupMayHaveSurvived) {
    MemoryDevice device;
    filled(device, {1, 2});
    Bytes first;
    append_record(first, record_seed(7), Token(3), Token(2), view_of("three"));
    first[20] ^= 1;
    append_record(first, record_seed(7), Token(4), Token(2), view_of("four"));
    device.append(1, first);
    const auto opened = Journal(device).open(me(), 8);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->health, JournalHealth::intact);
    EXPECT_EQ(texts(*opened), "1:r1 2:r2 ");
}

TEST(JournalTear, APayloadCannotForgeARecord) {
    MemoryDevice device;
    filled(device, {1, 2});
    Bytes forged;
    append_record(forged, record_seed(8), Token(99), Token(98), view_of("not of this journal"));
    Bytes torn;
    append_record(torn, record_seed(7), Token(3), Token(2), forged);
    torn[4] ^= 1;
    device.append(1, torn);
    EXPECT_EQ(Journal(device).open(me(), 8)->health, JournalHealth::intact);
}

TEST(JournalTear, SegmentTornAtBirthIsRemoved) {
    for (const size_t size : {size_t{0}, size_t{50}, header_size_bytes - 1}) {
        MemoryDevice device;
        filled(device, {1, 2});
        Bytes header;
        append_header(header, {.identity = me(), .incarnation = 7, .number = 2, .after = Token(2)});
        header.resize(size);
        device.append(2, header);
        const auto opened = Journal(device).open(me(), 8);
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->health, JournalHealth::intact);
        EXPECT_EQ(texts(*opened), "1:r1 2:r2 ");
        EXPECT_EQ(device.list().size(), 1u);
    }
}

TEST(JournalMark, OneGoodSlotIsEnough) {
    for (const uint64_t bit : {uint64_t{100}, 100 + 8 * mark_slot_bytes}) {
        MemoryDevice device;
        filled(device, {1, 2, 3});
        device.flip_mark_bit(bit);
        const auto opened = Journal(device).open(me(), 8);
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->health, JournalHealth::intact);
        EXPECT_EQ(opened->records.size(), 3u);
    }
}

TEST(JournalFormat, Crc32cIsCastagnoli) {
    // [RFC 3720 §B.4]
    EXPECT_EQ(crc32c(Bytes(32, 0)), 0x8a9136aau);
    EXPECT_EQ(crc32c(Bytes(32, 0xff)), 0x62a8ab43u);
    EXPECT_EQ(crc32c(view_of("123456789")), 0xe3069283u);
    EXPECT_EQ(crc32c(view_of("6789"), crc32c(view_of("12345"))), 0xe3069283u);
}

}  // namespace
}  // namespace holdfast::journal
