// RLP: the shortest form and nothing else, and a decoder whose first failure sticks.
#include "chain/rlp.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "chain/errors.h"

namespace holdfast::chain {
namespace {

Bytes hex(std::string_view text) {
    return from_hex(text).value();
}

template <class Write>
std::string encoded(Write write) {
    rlp::Encoder out;
    write(out);
    return to_hex(out.take());
}

Errc refusal(std::string_view text) {
    const auto status = rlp::validate(hex(text));
    return status ? Errc{} : status.error().code;
}

TEST(Rlp, Strings) {
    EXPECT_EQ(encoded([](auto& out) { out.string({}); }), "80");
    EXPECT_EQ(encoded([](auto& out) { out.string(Bytes{0}); }), "00");
    EXPECT_EQ(encoded([](auto& out) { out.string(Bytes{0x7f}); }), "7f");
    EXPECT_EQ(encoded([](auto& out) { out.string(Bytes{0x80}); }), "8180");
    EXPECT_EQ(encoded([](auto& out) { out.string(Bytes(55, 1)); }).substr(0, 4), "b701");
    EXPECT_EQ(encoded([](auto& out) { out.string(Bytes(56, 1)); }).substr(0, 6), "b83801");
    EXPECT_EQ(encoded([](auto& out) { out.string(Bytes(65'536, 1)); }).substr(0, 8), "ba010000");
}

TEST(Rlp, Numbers) {
    EXPECT_EQ(encoded([](auto& out) { out.number(uint64_t{0}); }), "80");
    EXPECT_EQ(encoded([](auto& out) { out.number(uint64_t{15}); }), "0f");
    EXPECT_EQ(encoded([](auto& out) { out.number(uint64_t{1024}); }), "820400");
    EXPECT_EQ(encoded([](auto& out) { out.number(UINT64_MAX); }), "88ffffffffffffffff");
    EXPECT_EQ(encoded([](auto& out) { out.number(U256{}); }), "80");
    EXPECT_EQ(encoded([](auto& out) { out.number(U256{1, 0, 0, 0}); }),
              "99"
              "01" +
                  std::string(48, '0'));
}

TEST(Rlp, Lists) {
    EXPECT_EQ(encoded([](auto& out) {
                  out.begin_list();
                  out.end_list();
              }),
              "c0");
    // The set of three: [ [], [[]], [ [], [[]] ] ].
    EXPECT_EQ(encoded([](auto& out) {
                  out.begin_list();
                  out.raw(hex("c0"));
                  out.raw(hex("c1c0"));
                  out.begin_list();
                  out.raw(hex("c0"));
                  out.raw(hex("c1c0"));
                  out.end_list();
                  out.end_list();
              }),
              "c7c0c1c0c3c0c1c0");
    EXPECT_EQ(encoded([](auto& out) {
                  out.begin_list();
                  for (int i = 0; i < 60; ++i) out.number(uint64_t{1});
                  out.end_list();
              }).substr(0, 4),
              "f83c");
}

TEST(Rlp, RefusesWhatIsNotTheShortestForm) {
    EXPECT_EQ(refusal("8100"), errc::rlp_not_canonical);      // a byte that is its own encoding
    EXPECT_EQ(refusal("b800"), errc::rlp_not_canonical);      // a long form for a short string
    EXPECT_EQ(refusal("b83701"), errc::rlp_not_canonical);    // 55 still fits the short form
    EXPECT_EQ(refusal("b9003801"), errc::rlp_not_canonical);  // a length with a leading zero
    EXPECT_EQ(refusal("f800"), errc::rlp_not_canonical);
    EXPECT_EQ(refusal("f90000"), errc::rlp_not_canonical);
}

TEST(Rlp, RefusesWhatEndsEarlyOrLate) {
    EXPECT_EQ(refusal(""), errc::rlp_truncated);
    EXPECT_EQ(refusal("83646f"), errc::rlp_truncated);
    EXPECT_EQ(refusal("b8"), errc::rlp_truncated);
    EXPECT_EQ(refusal("c3c0"), errc::rlp_truncated);
    EXPECT_EQ(refusal("c28200"), errc::rlp_truncated);  // an item that leaves its list
    EXPECT_EQ(refusal("bfffffffffffffffff"), errc::rlp_truncated);
    EXPECT_EQ(refusal("ffffffffffffffffff00"), errc::rlp_truncated);
    EXPECT_EQ(refusal("8080"), errc::rlp_trailing);
    EXPECT_EQ(refusal("c000"), errc::rlp_trailing);
}

TEST(Rlp, DepthIsBounded) {
    Bytes nested;
    for (size_t depth = 1; depth <= rlp::depth_max + 1; ++depth) {
        rlp::Encoder out;
        out.begin_list();
        out.raw(nested);
        out.end_list();
        nested = out.take();
        if (depth <= rlp::depth_max) {
            EXPECT_TRUE(rlp::validate(nested)) << depth;
        }
    }
    EXPECT_EQ(rlp::validate(nested).error().code, errc::rlp_too_deep);
}

TEST(RlpDecoder, ReadsWhatTheEncoderWrote) {
    Random random(1);
    for (int round = 0; round < 200; ++round) {
        const Bytes text(random.below(100), static_cast<uint8_t>(random.next()));
        const uint64_t number = random.next() >> random.below(64);
        const U256 large{random.next(), random.next(), 0, number};
        rlp::Encoder out;
        out.begin_list();
        out.string(text);
        out.number(number);
        out.begin_list();
        out.number(large);
        out.end_list();
        out.end_list();
        const Bytes bytes = out.take();
        EXPECT_TRUE(rlp::validate(bytes));

        rlp::Decoder in(bytes);
        rlp::Decoder list = in.list();
        EXPECT_TRUE(equal(list.string(), text));
        EXPECT_EQ(list.number(), number);
        EXPECT_TRUE(list.next_is_list());
        rlp::Decoder inner = list.list();
        EXPECT_EQ(inner.number256(), large);
        list.close(inner);
        in.close(list);
        EXPECT_TRUE(in.finish());
    }
}

TEST(RlpDecoder, NumbersHaveNoLeadingZeros) {
    const Bytes zero = hex("00");
    EXPECT_EQ((rlp::Decoder(zero).number()), 0U);
    rlp::Decoder single(zero);
    single.number();
    EXPECT_EQ(single.finish().error().code, errc::rlp_not_canonical);
    const Bytes leading = hex("820001");
    rlp::Decoder wide(leading);
    wide.number256();
    EXPECT_EQ(wide.finish().error().code, errc::rlp_not_canonical);
    const Bytes nine = hex("89010000000000000000");
    rlp::Decoder long_number(nine);
    long_number.number();
    EXPECT_EQ(long_number.finish().error().code, errc::rlp_unexpected);
}

TEST(RlpDecoder, AListIsNoStringAndAStringNoList) {
    const Bytes list = hex("c0");
    rlp::Decoder in(list);
    EXPECT_TRUE(in.string().empty());
    EXPECT_EQ(in.finish().error().code, errc::rlp_unexpected);
    const Bytes string = hex("80");
    rlp::Decoder other(string);
    EXPECT_TRUE(other.list().at_end());
    EXPECT_EQ(other.finish().error().code, errc::rlp_unexpected);
}

TEST(RlpDecoder, FixedSizesAreExact) {
    const Bytes bytes = hex("82abcd");
    rlp::Decoder in(bytes);
    EXPECT_TRUE(in.fixed<Address>().is_zero());
    EXPECT_EQ(in.finish().error().code, errc::rlp_unexpected);
}

TEST(RlpDecoder, AListWithItemsLeftIsAnError) {
    const Bytes bytes = hex("c20102");
    rlp::Decoder in(bytes);
    rlp::Decoder list = in.list();
    list.number();
    in.close(list);
    EXPECT_EQ(in.finish().error().code, errc::rlp_unexpected);
}

TEST(RlpDecoder, TheFirstFailureSticksAndEndsLoops) {
    const Bytes bytes = hex("c3810101");
    rlp::Decoder in(bytes);
    rlp::Decoder list = in.list();
    int turns = 0;
    while (!list.at_end() && turns < 10) {
        list.number();
        ++turns;
    }
    EXPECT_EQ(turns, 1);
    EXPECT_TRUE(list.item().empty());
    in.close(list);
    EXPECT_EQ(in.finish().error().code, errc::rlp_not_canonical);
}

TEST(RlpDecoder, ItemsComeWhole) {
    const Bytes bytes = hex("c50183aabbcc");
    rlp::Decoder in(bytes);
    rlp::Decoder list = in.list();
    EXPECT_EQ(to_hex(list.item()), "01");
    EXPECT_EQ(to_hex(list.item()), "83aabbcc");
    in.close(list);
    EXPECT_TRUE(in.finish());
}

}  // namespace
}  // namespace holdfast::chain
