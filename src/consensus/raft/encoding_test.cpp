// Messages, marks, configurations and journal records: what goes in comes out, and nothing else
// does.
#include <gtest/gtest.h>

#include "base/random.h"
#include "consensus/messages_test.h"
#include "consensus/raft/describe.h"

namespace holdfast::raft {
namespace {

Configuration some_configuration() {
    return {.epoch = 7,
            .voters = {{NodeId(1), 11}, {NodeId(2), 0}, {NodeId(5), 55}},
            .outgoing = {{NodeId(1), 10}, {NodeId(2), 0}}};
}

Entry some_entry(EntryKind kind, uint64_t term, uint64_t position) {
    Bytes data;
    if (kind == EntryKind::payload) data = {1, 2, 3};
    if (kind == EntryKind::configuration) data = encode(Change{some_configuration(), Index(1)});
    return {.term = Term(term),
            .kind = kind,
            .position = Height(position),
            .proposer = NodeId(3),
            .epoch = 4,
            .data = make_buffer(std::move(data))};
}

Append some_append() {
    return {.previous = {Term(2), Index(9)},
            .commit = Index(8),
            .round = 5,
            .entries = {some_entry(EntryKind::payload, 2, 6), some_entry(EntryKind::no_op, 3, 6),
                        some_entry(EntryKind::configuration, 3, 6)}};
}

std::vector<Body> some_bodies() {
    return {
        VoteRequest{.ballot = Ballot::poll,
                    .transfer = true,
                    .seat_incarnation = 9,
                    .last = {Term(1), Index(2)}},
        VoteReply{.ballot = Ballot::vote, .granted = true},
        some_append(),
        AppendReply{.accepted = true, .index = Index(3), .hint = {Term(1), Index(2)}, .round = 4},
        Behind{.upto = Height(5), .round = 6},
        TimeoutNow{},
        ReadRequest{.asker = {7, 1}, .number = 2},
        ReadReply{.asker = {7, 1}, .number = 2, .granted = true, .height = Height(3)}};
}

constexpr auto encode_message = [](const Header& head, const Body& body) {
    return encode(head, body);
};
const Header header{.term = Term(3), .speaker = {.incarnation = 77, .rejoined = true}};

TEST(Encoding, MessagesComeBackUnchanged) {
    consensus::expect_unchanged(header, some_bodies(), encode_message, decode,
                                [](const Message& message) {
                                    EXPECT_EQ(message.header.term, header.term);
                                    EXPECT_EQ(message.header.speaker, header.speaker);
                                });
}

TEST(Encoding, EveryPrefixAndEveryTailIsRefused) {
    consensus::expect_prefixes_and_tails_refused(header, some_bodies(), encode_message, decode);
}

TEST(Encoding, FlippedBytesAreRefusedOrMeanAnotherMessage) {
    consensus::expect_flips_refused_or_another(header, some_bodies(), encode_message, decode);
}

TEST(Encoding, AppendsThatWouldBreakALogAreRefused) {
    const auto refused = [](const Append& append) {
        return !decode(*encode(header, append)).has_value();
    };
    EXPECT_FALSE(refused(some_append()));
    Append falling = some_append();
    falling.entries[1].term = Term(1);
    EXPECT_TRUE(refused(falling)) << "terms fall";
    Append ahead = some_append();
    ahead.entries[2].term = Term(4);
    EXPECT_TRUE(refused(ahead)) << "an entry newer than its leader";
    Append skipping = some_append();
    skipping.entries[1].position = Height(7);
    EXPECT_TRUE(refused(skipping)) << "a no-op takes no position";
    Append broken = some_append();
    broken.entries[2].data = make_buffer({1});
    EXPECT_TRUE(refused(broken)) << "a configuration that does not decode";
    Append huge = some_append();
    huge.previous.index = Index(ordinal_max + 1);
    EXPECT_TRUE(refused(huge)) << "an index that could wrap";
}

TEST(Encoding, ConfigurationsAreAscendingAndNotEmpty) {
    Change change{.configuration = some_configuration(), .committed = Index(7)};
    EXPECT_EQ(*decode_change(encode(change)), change);
    change.configuration.voters[1].id = NodeId(1);
    EXPECT_FALSE(decode_change(encode(change)).has_value());
    change.configuration.voters.clear();
    EXPECT_FALSE(decode_change(encode(change)).has_value());
}

TEST(Encoding, MarksComeBackUnchanged) {
    const Mark mark{.index = Index(5),
                    .term = Term(2),
                    .position = Height(3),
                    .configuration = some_configuration()};
    EXPECT_EQ(*decode_mark(encode(mark)), mark);
    Bytes bytes = encode(mark);
    bytes.pop_back();
    EXPECT_FALSE(decode_mark(bytes).has_value());
}

TEST(Encoding, RecordsComeBackUnchanged) {
    const Mark mark{.index = Index(5),
                    .term = Term(2),
                    .position = Height(3),
                    .configuration = some_configuration()};
    const Promise promise{.term = Term(4),
                          .vote = NodeId(2),
                          .boot = 3,
                          .speaker = {.incarnation = 9, .rejoined = true}};
    for (int parts = 1; parts < 8; ++parts) {
        Record record;
        if ((parts & 1) != 0) record.promise = promise;
        if ((parts & 2) != 0) record.start = mark;
        if ((parts & 4) != 0) {
            record.first = Index(6);
            record.entries = some_append().entries;
        }
        const Buffer bytes = encode(record);
        const auto again = decode_record(*bytes);
        ASSERT_TRUE(again.has_value());
        EXPECT_EQ(again->promise, record.promise);
        EXPECT_EQ(again->start, record.start);
        EXPECT_EQ(again->entries.size(), record.entries.size());
        EXPECT_EQ(*encode(*again), *bytes);
    }
    EXPECT_FALSE(decode_record({}).has_value());
    EXPECT_FALSE(decode_record(Bytes{8}).has_value());
}

// Seats: a founder's nameless seat is its first journal's alone; a named one its incarnation's
// alone.
TEST(Encoding, WhoMaySit) {
    const Seat nameless{NodeId(1), 0};
    const Seat named{NodeId(1), 7};
    EXPECT_TRUE(may_sit(nameless, {.incarnation = 7, .rejoined = false}));
    EXPECT_FALSE(may_sit(nameless, {.incarnation = 8, .rejoined = true}));
    EXPECT_TRUE(may_sit(named, {.incarnation = 7, .rejoined = true}));
    EXPECT_FALSE(may_sit(named, {.incarnation = 8, .rejoined = true}));
    EXPECT_FALSE(may_sit(nameless, {.incarnation = 0, .rejoined = true})) << "nobody sits nowhere";
    EXPECT_FALSE(may_sit(named, {.incarnation = 0, .rejoined = true}));
}

}  // namespace
}  // namespace holdfast::raft
