// Headers, marks, messages and records: what goes in comes out, and nothing else does.
#include <gtest/gtest.h>

#include "consensus/messages_test.h"
#include "consensus/pow/chain_test.h"
#include "consensus/pow/records.h"

namespace holdfast::pow {
namespace {

/// A frame without a header of its own, as the common tests want one.
struct Frame {};
constexpr auto encode_message = [](Frame, const Message& message) { return encode(message); };
struct Framed {
    Frame header;
    Message body;
};
constexpr auto decode_message = [](ByteView bytes) -> Result<Framed> {
    auto message = decode(bytes);
    if (!message) return std::unexpected(message.error());
    return Framed{{}, std::move(*message)};
};

std::vector<Message> some_messages() {
    const Chain chain(3);
    return {Announce{chain.header(1)},
            AskHeaders{{chain.hash(2), chain.hash(1)}},
            Headers{.headers = {chain.header(1), chain.header(2)}, .more = true},
            Gap{.first = Height(3), .tip = Height(9)},
            AskBodies{{chain.hash(1)}},
            Body{.block = chain.hash(1), .payload = make_buffer({1, 2, 3})},
            NoBody{chain.hash(1)}};
}

TEST(Encoding, MessagesComeBackUnchanged) {
    consensus::expect_unchanged(Frame{}, some_messages(), encode_message, decode_message,
                                [](const Framed&) {});
}

TEST(Encoding, EveryPrefixAndEveryTailIsRefused) {
    consensus::expect_prefixes_and_tails_refused(Frame{}, some_messages(), encode_message,
                                                 decode_message);
}

TEST(Encoding, FlippedBytesAreRefusedOrMeanAnotherMessage) {
    consensus::expect_flips_refused_or_another(Frame{}, some_messages(), encode_message,
                                               decode_message);
}

TEST(Encoding, MessagesThatWouldLeadAstrayAreRefused) {
    const auto refused = [](const Message& message) {
        return !decode(*encode(message)).has_value();
    };
    const Chain chain(3);
    EXPECT_TRUE(refused(Headers{.headers = {chain.header(1), chain.header(3)}})) << "a gap";
    EXPECT_TRUE(refused(Headers{.headers = {}, .more = true})) << "more, after nothing";
    EXPECT_FALSE(refused(Headers{}));
    EXPECT_TRUE(refused(AskHeaders{})) << "after nothing, not even genesis";
    EXPECT_TRUE(refused(AskBodies{})) << "nothing asked for";
    EXPECT_TRUE(refused(AskBodies{std::vector<Hash32>(bodies_per_request_max + 1)}));
    EXPECT_TRUE(refused(AskHeaders{std::vector<Hash32>(locator_max + 1)}));
    EXPECT_TRUE(refused(Gap{.first = Height(0), .tip = Height(5)}))
        << "genesis is nobody's to lack";
    EXPECT_TRUE(refused(Gap{.first = Height(7), .tip = Height(5)}));
    Header header = chain.header(1);
    header.height = Height(0);
    EXPECT_TRUE(refused(Announce{header})) << "genesis is not announced";
    header.height = Height(ordinal_max + 1);
    EXPECT_TRUE(refused(Announce{header})) << "a height that could wrap";
    header = chain.header(1);
    header.time_ms = ordinal_max + 1;
    EXPECT_TRUE(refused(Announce{header}));
    header = chain.header(1);
    header.target = 0;
    EXPECT_TRUE(refused(Announce{header})) << "nothing is below 0";
}

TEST(Encoding, TheNonceIsWhereMinersLookForIt) {
    const Chain chain(1);
    Header header = chain.header(1);
    Bytes bytes = encode(header);
    EXPECT_EQ(bytes.size(), header_bytes);
    header.nonce = 0x0102030405060708;
    consensus::set_nonce(bytes, header.nonce);
    EXPECT_EQ(bytes, encode(header));
    EXPECT_EQ(hash_of(header), consensus::seal_hash(bytes));
}

TEST(Encoding, HashIsSha256Twice) {
    // Of the empty string, known from elsewhere.
    EXPECT_EQ(to_hex(consensus::seal_hash({}).view()),
              "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456");
}

TEST(Encoding, MarksComeBackUnchangedAndFollowEachOther) {
    const Rules rules = test_rules();
    const Chain chain(14);
    std::optional<Mark> before;
    for (size_t height = 1; height <= 14; ++height) {
        const Mark mark = chain.mark(height);
        EXPECT_EQ(decode_mark(encode(mark)), mark);
        EXPECT_TRUE(follows(rules, before, mark)) << height;
        EXPECT_EQ(mark.times.size(), std::min<size_t>(height, median_blocks - 1));
        Mark wrong = mark;
        wrong.work += 1;
        EXPECT_FALSE(follows(rules, before, wrong)) << "work that nobody did";
        wrong = mark;
        ++wrong.times.back();
        EXPECT_FALSE(follows(rules, before, wrong));
        EXPECT_EQ(follows(rules, std::nullopt, mark), height == 1);
        before = mark;
    }
}

TEST(Encoding, AMarkWithoutWorkIsNone) {
    const Chain chain(2);
    Mark mark = chain.mark(2);
    mark.header.nonce = chain.wrong_nonce(2);
    EXPECT_FALSE(decode_mark(encode(mark)).has_value());
    mark = chain.mark(2);
    mark.times.pop_back();
    EXPECT_FALSE(decode_mark(encode(mark)).has_value()) << "the times of its past are missing";
    EXPECT_FALSE(decode_mark({}).has_value());
}

TEST(Encoding, RecordsComeBackUnchangedAndProveThemselves) {
    const Chain chain(1);
    const Record record{
        .final = chain.hash(0), .header = chain.header(1), .payload = chain.payload(1)};
    const auto again = decode_record(*encode(record));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->header, record.header);
    EXPECT_EQ(*again->payload, *record.payload);
    EXPECT_EQ(again->final, record.final);
    Bytes bytes = *encode(record);
    for (size_t i = 1 + 32; i < bytes.size(); ++i) {
        bytes[i] ^= 0xff;
        // At a target this easy, one change in sixteen is sealed as well.
        const auto other = decode_record(bytes);
        EXPECT_TRUE(!other || (i < 1 + 32 + header_bytes && is_sealed(*other->header))) << i;
        bytes[i] ^= 0xff;
    }
    const Record final{.final = chain.hash(1), .header = {}, .payload = {}};
    EXPECT_EQ(decode_record(*encode(final))->final, final.final);
    EXPECT_FALSE(decode_record({}).has_value());
    EXPECT_FALSE(decode_record(Bytes{2}).has_value());
}

// Any bytes of a journal or a mark: refused, or the same again.
TEST(Encoding, FlippedMarksAreRefusedOrAnother) {
    Random random(1);
    const Chain chain(12);
    for (int i = 0; i < 20'000; ++i) {
        Bytes bytes = encode(chain.mark(random.between(1, 12)));
        for (uint64_t flips = random.between(1, 3); flips > 0; --flips)
            bytes[random.below(bytes.size())] = static_cast<uint8_t>(random.next());
        const auto mark = decode_mark(bytes);
        if (mark) {
            EXPECT_EQ(encode(*mark), bytes);
        }
    }
}

}  // namespace
}  // namespace holdfast::pow
