// The codec: one encoding per value, bounds that hold, and a first failure that sticks.
#include "base/codec.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(Codec, ReadsBackWhatItWrote) {
    const auto hash = fixed_from_hex<Hash32>(std::string(64, '7'));
    ASSERT_TRUE(hash);
    Writer out;
    out.u8(0xab);
    out.u16(0x1234);
    out.u32(0xdeadbeef);
    out.u64(0x0123456789abcdef);
    out.boolean(true);
    out.ordinal(Height(7));
    out.fixed(*hash);
    out.bytes(Bytes{1, 2, 3});
    out.text("name");
    out.count(2);
    out.raw(Bytes{9, 8});

    const Bytes bytes = out.take();
    Reader in(bytes);
    EXPECT_EQ(in.u8(), 0xab);
    EXPECT_EQ(in.u16(), 0x1234);
    EXPECT_EQ(in.u32(), 0xdeadbeef);
    EXPECT_EQ(in.u64(), 0x0123456789abcdef);
    EXPECT_TRUE(in.boolean());
    EXPECT_EQ(in.ordinal<Height>(), Height(7));
    EXPECT_EQ(in.fixed<Hash32>(), *hash);
    EXPECT_EQ(in.bytes_copy(3), (Bytes{1, 2, 3}));
    EXPECT_EQ(in.text(4), "name");
    EXPECT_EQ(in.count(2), 2U);
    EXPECT_EQ(to_bytes(in.rest()), (Bytes{9, 8}));
    EXPECT_TRUE(in.finish());
}

TEST(Codec, NumbersAreLittleEndian) {
    Writer out;
    out.u32(0x01020304);
    EXPECT_EQ(out.take(), (Bytes{4, 3, 2, 1}));
}

TEST(Codec, TruncationAnywhereIsNamed) {
    Writer out;
    out.u64(1);
    out.bytes(Bytes{1, 2, 3});
    const Bytes whole = out.take();
    for (size_t size = 0; size < whole.size(); ++size) {
        Reader in(ByteView(whole).first(size));
        in.u64();
        in.bytes(16);
        const auto status = in.finish();
        ASSERT_FALSE(status) << size;
        EXPECT_EQ(status.error().code, codec_errc::truncated);
    }
}

TEST(Codec, TrailingBytesAreAnError) {
    const Bytes bytes{1, 2};
    Reader in(bytes);
    in.u8();
    EXPECT_EQ(in.left(), 1U);
    EXPECT_EQ(in.finish().error().code, codec_errc::trailing);
}

TEST(Codec, LengthsAndCountsOverTheirBoundAreRefused) {
    Writer out;
    out.bytes(Bytes(5));
    const Bytes bytes = out.take();
    Reader in(bytes);
    EXPECT_TRUE(in.bytes(4).empty());
    EXPECT_EQ(in.finish().error().code, codec_errc::too_long);

    Writer counted;
    counted.count(5);
    const Bytes count = counted.take();
    Reader count_in(count);
    EXPECT_EQ(count_in.count(4), 0U);
    EXPECT_EQ(count_in.finish().error().code, codec_errc::too_long);
}

TEST(Codec, ABooleanIsZeroOrOne) {
    const Bytes bytes{2};
    Reader in(bytes);
    in.boolean();
    EXPECT_EQ(in.finish().error().code, codec_errc::bad_value);
}

TEST(Codec, TheFirstFailureSticks) {
    const Bytes bytes{2, 0, 0, 0, 9};
    Reader in(bytes);
    in.boolean();
    EXPECT_EQ(in.u64(), 0U);  // would be truncated
    EXPECT_EQ(in.count(100), 0U);
    EXPECT_TRUE(in.fixed<Hash32>().is_zero());
    EXPECT_EQ(in.finish().error().code, codec_errc::bad_value);
}

}  // namespace
}  // namespace holdfast
