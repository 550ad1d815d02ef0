// Messages, marks, configurations and journal records: what goes in comes out, and nothing else
// does. And how a journal is joined to the ledger's store.
#include <gtest/gtest.h>

#include "base/random.h"
#include "consensus/messages_test.h"
#include "consensus/paxos/describe.h"

namespace holdfast::paxos {
namespace {

const Ballot ballot{.round = 3, .proposer = NodeId(2), .incarnation = 77};

Configuration some_configuration() {
    return {.epoch = 7, .voters = {{NodeId(1), 11}, {NodeId(2), 0}, {NodeId(5), 55}}};
}

Mark some_mark(uint64_t slot, uint64_t position) {
    return {.slot = Slot(slot),
            .position = Height(position),
            .terms = {{Slot(1), some_configuration()}, {Slot(9), some_configuration()}}};
}

Value some_value(Kind kind) {
    Bytes data;
    if (kind == Kind::payload) data = {1, 2, 3};
    if (kind == Kind::configuration) data = encode(some_configuration());
    return {.kind = kind,
            .origin = {.proposer = NodeId(3), .epoch = 4, .view = 2},
            .data = make_buffer(std::move(data))};
}

std::vector<Acceptance> some_acceptances() {
    return {{Slot(4), ballot, some_value(Kind::payload)},
            {Slot(5), ballot, some_value(Kind::configuration)},
            {Slot(6), ballot, some_value(Kind::filler)}};
}

Promise some_promise() {
    return {.granted = true,
            .first = Slot(4),
            .start = Slot(3),
            .start_position = Height(2),
            .chosen = Slot(3),
            .more = true,
            .accepted = some_acceptances()};
}

std::vector<Body> some_bodies() {
    return {Poll{.chosen = Slot(5)},
            PollReply{.granted = true, .start = Slot(1), .start_position = Height(1)},
            Prepare{.first = Slot(4), .insists = true},
            some_promise(),
            Accept{.first = Slot(4),
                   .chosen = Slot(3),
                   .round = 5,
                   .wants_answer = true,
                   .values = {some_value(Kind::payload), some_value(Kind::filler)}},
            Accepted{.granted = true,
                     .first = Slot(4),
                     .count = 2,
                     .durable = Slot(5),
                     .reached = Slot(6),
                     .sent = Slot(7),
                     .round = 5},
            Decided{.decided = some_acceptances()},
            Behind{.upto = Height(5), .round = 6},
            Campaign{},
            ReadRequest{.asker = {7, 1}, .number = 2},
            ReadReply{.asker = {7, 1}, .number = 2, .granted = true, .height = Height(3)}};
}

constexpr auto encode_message = [](const Header& head, const Body& body) {
    return encode(head, body);
};
const Header header{.ballot = ballot, .speaker = {.incarnation = 77, .rejoined = true}};

TEST(Encoding, MessagesComeBackUnchanged) {
    consensus::expect_unchanged(header, some_bodies(), encode_message, decode,
                                [](const Message& message) {
                                    EXPECT_EQ(message.header.ballot, header.ballot);
                                    EXPECT_EQ(message.header.speaker, header.speaker);
                                });
}

TEST(Encoding, EveryPrefixAndEveryTailIsRefused) {
    consensus::expect_prefixes_and_tails_refused(header, some_bodies(), encode_message, decode);
}

TEST(Encoding, FlippedBytesAreRefusedOrMeanAnotherMessage) {
    consensus::expect_flips_refused_or_another(header, some_bodies(), encode_message, decode);
}

TEST(Encoding, MessagesThatWouldLeadAstrayAreRefused) {
    const auto refused = [](const Body& body) {
        return !decode(*encode(header, body)).has_value();
    };
    EXPECT_FALSE(refused(some_promise()));
    Promise twice = some_promise();
    twice.accepted[1].slot = Slot(4);
    EXPECT_TRUE(refused(twice)) << "two values in a slot";
    Promise early = some_promise();
    early.first = Slot(5);
    EXPECT_TRUE(refused(early)) << "a slot that was not asked for";
    Promise endless = some_promise();
    endless.accepted.clear();
    EXPECT_TRUE(refused(endless)) << "more, after nothing";
    Decided gap{.decided = some_acceptances()};
    gap.decided.erase(gap.decided.begin() + 1);
    EXPECT_TRUE(refused(gap)) << "decisions with a gap";
    EXPECT_TRUE(refused(Prepare{.first = Slot(0)})) << "there is no slot 0";
    EXPECT_TRUE(refused(Accept{.first = Slot(ordinal_max + 1)})) << "a slot that could wrap";
    Value broken = some_value(Kind::configuration);
    broken.data = make_buffer({1});
    EXPECT_TRUE(refused(Accept{.first = Slot(1), .values = {broken}}));
    Value full = some_value(Kind::filler);
    full.data = make_buffer({1});
    EXPECT_TRUE(refused(Accept{.first = Slot(1), .values = {full}}))
        << "a filler with something in it";
}

TEST(Encoding, ConfigurationsAreAscendingAndNotEmpty) {
    Configuration configuration = some_configuration();
    EXPECT_EQ(*decode_configuration(encode(configuration)), configuration);
    configuration.voters[1].id = NodeId(1);
    EXPECT_FALSE(decode_configuration(encode(configuration)).has_value());
    configuration.voters.clear();
    EXPECT_FALSE(decode_configuration(encode(configuration)).has_value());
}

TEST(Encoding, MarksComeBackUnchanged) {
    Mark mark = some_mark(5, 3);
    EXPECT_EQ(*decode_mark(encode(mark)), mark);
    Bytes bytes = encode(mark);
    bytes.pop_back();
    EXPECT_FALSE(decode_mark(bytes).has_value());
    mark.terms[1].from = Slot(1);
    EXPECT_FALSE(decode_mark(encode(mark)).has_value());
    mark.terms.clear();
    EXPECT_FALSE(decode_mark(encode(mark)).has_value());
}

TEST(Encoding, RecordsComeBackUnchanged) {
    for (int parts = 1; parts < 16; ++parts) {
        if ((parts & 8) != 0 && (parts & 2) == 0) continue;
        Record record{.chosen = Slot(3)};
        if ((parts & 1) != 0) record.vow = Vow{ballot, 3, {.incarnation = 9, .rejoined = true}};
        if ((parts & 2) != 0) record.start = some_mark(2, 1);
        if ((parts & 4) != 0) record.accepted = some_acceptances();
        record.leaps = (parts & 8) != 0;
        const Buffer bytes = encode(record);
        const auto again = decode_record(*bytes);
        ASSERT_TRUE(again.has_value());
        EXPECT_EQ(again->vow, record.vow);
        EXPECT_EQ(again->start, record.start);
        EXPECT_EQ(again->leaps, record.leaps);
        EXPECT_EQ(again->accepted.size(), record.accepted.size());
        EXPECT_EQ(*encode(*again), *bytes);
    }
    EXPECT_FALSE(decode_record({}).has_value());
    EXPECT_FALSE(decode_record(Bytes{16}).has_value());
    EXPECT_FALSE(decode_record(Bytes{8}).has_value()) << "a leap to nowhere";
}

constexpr size_t alpha = 4;

std::vector<consensus::JournalRecord> some_journal(uint64_t chosen) {
    const Record first{.vow = Vow{ballot, 1, {.incarnation = 9}}, .start = some_mark(3, 1)};
    const Record second{.chosen = Slot(chosen), .accepted = some_acceptances()};
    return {{consensus::Token(1), encode(first)}, {consensus::Token(2), encode(second)}};
}

TEST(Recall, WhatTheJournalKnowsToBeChosenIsDelivered) {
    const auto recalled = recall(some_mark(3, 1), some_journal(5), alpha);
    ASSERT_TRUE(recalled.has_value());
    EXPECT_EQ(recalled->slots.start().slot, Slot(3));
    EXPECT_EQ(recalled->slots.chosen(), Slot(5));
    EXPECT_EQ(recalled->slots.chosen_position(), Height(2));
    EXPECT_EQ(recalled->slots.schedule().newest().from, Slot(5 + alpha));
    EXPECT_EQ(recalled->slots.last(), Slot(6));
    EXPECT_FALSE(recalled->start_is_new);
}

// A store ahead of what the journal knows: what the journal holds up to there may be stale.
TEST(Recall, StoreAheadOfTheJournal) {
    const auto recalled = recall(some_mark(5, 2), some_journal(4), alpha);
    ASSERT_TRUE(recalled.has_value());
    EXPECT_EQ(recalled->slots.start().slot, Slot(5));
    EXPECT_TRUE(recalled->start_is_new);
    EXPECT_EQ(recalled->slots.find(Slot(5)), nullptr);
    EXPECT_NE(recalled->slots.find(Slot(6)), nullptr);
}

// A start that was written for a store that did not come to flush: the older records still count.
// After a leap they tell what was accepted, and no more what was chosen.
TEST(Recall, StoreBehindTheStart) {
    auto journal = some_journal(6);
    Record later{.start = some_mark(5, 2), .chosen = Slot(6)};
    journal.push_back({consensus::Token(3), encode(later)});
    EXPECT_EQ(recall(some_mark(3, 1), journal, alpha)->slots.start().slot, Slot(3));
    EXPECT_EQ(recall(some_mark(3, 1), journal, alpha)->slots.chosen(), Slot(6));
    auto leaping = some_journal(4);
    later.leaps = true;
    leaping.push_back({consensus::Token(3), encode(later)});
    const auto leapt = recall(some_mark(3, 1), leaping, alpha);
    EXPECT_EQ(leapt->slots.start().slot, Slot(3));
    EXPECT_EQ(leapt->slots.chosen(), Slot(4));
    EXPECT_NE(leapt->slots.find(Slot(5)), nullptr);
    journal.erase(journal.begin() + 1);
    later.leaps = false;
    journal.back().bytes = encode(later);
    EXPECT_EQ(recall(some_mark(3, 1), journal, alpha)->slots.start().slot, Slot(5)) << "forgotten";
}

TEST(Recall, AnotherLedgersStoreIsNoticed) {
    EXPECT_FALSE(recall(some_mark(4, 1), some_journal(5), alpha).has_value());
}

TEST(Recall, AJournalWithoutItsBeginningIsRefused) {
    auto journal = some_journal(5);
    journal.erase(journal.begin());
    EXPECT_FALSE(recall(some_mark(3, 1), journal, alpha).has_value());
}

// The last word on a slot counts.
TEST(Recall, LaterWordsReplaceEarlierOnes) {
    auto journal = some_journal(3);
    Ballot higher = ballot;
    ++higher.round;
    const Record later{.accepted = {{Slot(4), higher, some_value(Kind::filler)}}};
    journal.push_back({consensus::Token(3), encode(later)});
    const auto recalled = recall(some_mark(3, 1), journal, alpha);
    EXPECT_EQ(recalled->slots.find(Slot(4))->ballot, higher);
    EXPECT_EQ(recalled->slots.find(Slot(4))->value.kind, Kind::filler);
    EXPECT_EQ(recalled->slots.find(Slot(5))->ballot, ballot);
}

TEST(Schedule, EachSlotHasOneConfiguration) {
    Schedule schedule({{Slot(0), {.epoch = 1}}});
    schedule.add({Slot(10), {.epoch = 2}});
    schedule.add({Slot(12), {.epoch = 3}});
    EXPECT_EQ(schedule.at(Slot(1)).configuration.epoch, 1);
    EXPECT_EQ(schedule.at(Slot(9)).configuration.epoch, 1);
    EXPECT_EQ(schedule.at(Slot(10)).configuration.epoch, 2);
    EXPECT_EQ(schedule.at(Slot(99)).configuration.epoch, 3);
    EXPECT_EQ(schedule.open_at(Slot(9)).size(), 3);
    EXPECT_EQ(schedule.open_at(Slot(12)).size(), 1);
    // Chosen up to 7, alpha 4: what governs from 12 on is not known there yet.
    EXPECT_EQ(schedule.as_of(Slot(7), alpha).size(), 2);
    EXPECT_EQ(schedule.as_of(Slot(8), alpha).size(), 3);
    EXPECT_EQ(schedule.as_of(Slot(9), alpha).size(), 2);
    schedule.drop_before(Slot(11));
    EXPECT_EQ(schedule.at(Slot(11)).configuration.epoch, 2);
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
}  // namespace holdfast::paxos
