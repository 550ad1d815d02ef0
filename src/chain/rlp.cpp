// RLP: an encoder that fixes list headers when a list ends, and a decoder that refuses every form
// but the shortest. [YP §App. B]
#include "chain/rlp.h"

#include "base/check.h"
#include "chain/errors.h"

namespace holdfast::chain::rlp {
namespace {

constexpr uint8_t string_offset = 0x80;
constexpr uint8_t list_offset = 0xc0;
constexpr size_t short_length_max = 55;

/// A prefix of one byte and, for long content, up to eight bytes of length.
struct Prefix {
    std::array<uint8_t, 9> bytes{};
    size_t size = 0;
    [[nodiscard]] ByteView view() const { return ByteView(bytes).first(size); }
};

Prefix prefix_of(uint8_t offset, size_t length) {
    Prefix prefix;
    if (length <= short_length_max) {
        prefix.bytes[0] = static_cast<uint8_t>(offset + length);
        prefix.size = 1;
        return prefix;
    }
    size_t length_bytes = 0;
    for (size_t rest = length; rest != 0; rest >>= 8) ++length_bytes;
    prefix.bytes[0] = static_cast<uint8_t>(offset + short_length_max + length_bytes);
    for (size_t i = 0; i < length_bytes; ++i)
        prefix.bytes[length_bytes - i] = static_cast<uint8_t>(length >> (8 * i));
    prefix.size = 1 + length_bytes;
    return prefix;
}

/// The extent of the item that a view begins with.
struct Extent {
    bool is_list = false;
    size_t prefix_size = 0;  ///< 0 for a single byte that is its own encoding
    size_t content_size = 0;
};

std::expected<Extent, Errc> read_extent(ByteView in) {
    if (in.empty()) return std::unexpected(errc::rlp_truncated);
    const uint8_t first = in[0];
    if (first < string_offset) return Extent{.content_size = 1};

    Extent extent{.is_list = first >= list_offset, .prefix_size = 1};
    const size_t code = size_t{first} - (extent.is_list ? list_offset : string_offset);
    if (code <= short_length_max) {
        extent.content_size = code;
    } else {
        const size_t length_bytes = code - short_length_max;
        if (in.size() < 1 + length_bytes) return std::unexpected(errc::rlp_truncated);
        if (in[1] == 0) return std::unexpected(errc::rlp_not_canonical);
        uint64_t length = 0;
        for (const uint8_t byte : in.subspan(1, length_bytes)) length = length << 8 | byte;
        if (length <= short_length_max) return std::unexpected(errc::rlp_not_canonical);
        extent.prefix_size = 1 + length_bytes;
        extent.content_size = length;
    }
    // Subtracting cannot wrap, where adding to a hostile length could.
    if (extent.content_size > in.size() - extent.prefix_size)
        return std::unexpected(errc::rlp_truncated);
    if (!extent.is_list && extent.content_size == 1 && in[extent.prefix_size] < string_offset)
        return std::unexpected(errc::rlp_not_canonical);
    return extent;
}

}  // namespace

void Encoder::string(ByteView bytes) {
    if (bytes.size() == 1 && bytes[0] < string_offset) {
        out_.push_back(bytes[0]);
        return;
    }
    append(out_, prefix_of(string_offset, bytes.size()).view());
    append(out_, bytes);
}

void Encoder::number(uint64_t value) {
    std::array<uint8_t, 8> bytes{};
    size_t size = 0;
    for (uint64_t rest = value; rest != 0; rest >>= 8)
        bytes[bytes.size() - ++size] = static_cast<uint8_t>(rest);
    string(ByteView(bytes).last(size));
}

void Encoder::number(const U256& value) {
    const auto bytes = value.to_big_endian();
    string(ByteView(bytes).last((value.bit_length() + 7) / 8));
}

void Encoder::begin_list() {
    open_.push_back(out_.size());
}

void Encoder::end_list() {
    CHECK(!open_.empty(), "end_list closes a list that was begun");
    const size_t start = open_.back();
    open_.pop_back();
    const Prefix prefix = prefix_of(list_offset, out_.size() - start);
    const ByteView bytes = prefix.view();
    out_.insert(out_.begin() + static_cast<std::ptrdiff_t>(start), bytes.begin(), bytes.end());
}

void Encoder::raw(ByteView item) {
    append(out_, item);
}

Bytes Encoder::take() {
    CHECK(open_.empty(), "every list is ended");
    return std::move(out_);
}

ByteView Decoder::string(size_t bytes_max) {
    if (failed()) return {};
    const auto extent = read_extent(in_);
    if (!extent) {
        fail_with(extent.error());
        return {};
    }
    if (extent->is_list) {
        fail_with(errc::rlp_unexpected, "a list where a string belongs");
        return {};
    }
    if (extent->content_size > bytes_max) {
        fail_with(errc::rlp_unexpected, "a string of " + std::to_string(extent->content_size) +
                                            " bytes, at most " + std::to_string(bytes_max));
        return {};
    }
    const ByteView content = in_.subspan(extent->prefix_size, extent->content_size);
    in_ = in_.subspan(extent->prefix_size + extent->content_size);
    return content;
}

uint64_t Decoder::number() {
    const ByteView bytes = string(sizeof(uint64_t));
    if (!bytes.empty() && bytes[0] == 0) fail_with(errc::rlp_not_canonical, "a leading zero");
    if (failed()) return 0;
    uint64_t value = 0;
    for (const uint8_t byte : bytes) value = value << 8 | byte;
    return value;
}

U256 Decoder::number256() {
    const ByteView bytes = string(32);
    if (!bytes.empty() && bytes[0] == 0) fail_with(errc::rlp_not_canonical, "a leading zero");
    if (failed()) return {};
    return U256::from_big_endian(bytes).value_or(U256{});
}

Decoder Decoder::list() {
    if (failed()) return Decoder({});
    const auto extent = read_extent(in_);
    if (!extent) {
        fail_with(extent.error());
        return Decoder({});
    }
    if (!extent->is_list) {
        fail_with(errc::rlp_unexpected, "a string where a list belongs");
        return Decoder({});
    }
    const ByteView content = in_.subspan(extent->prefix_size, extent->content_size);
    in_ = in_.subspan(extent->prefix_size + extent->content_size);
    return Decoder(content);
}

void Decoder::close(const Decoder& list) {
    if (list.failed())
        fail_with(list.error_->code, list.error_->detail);
    else if (!list.at_end())
        fail_with(errc::rlp_unexpected, "more items than the list may hold");
}

ByteView Decoder::item() {
    if (failed()) return {};
    const auto extent = read_extent(in_);
    if (!extent) {
        fail_with(extent.error());
        return {};
    }
    const ByteView whole = in_.first(extent->prefix_size + extent->content_size);
    in_ = in_.subspan(whole.size());
    return whole;
}

Status Decoder::finish() {
    if (!failed() && !at_end()) fail_with(errc::rlp_trailing);
    if (failed()) return std::unexpected(*error_);
    return {};
}

void Decoder::fail_with(Errc code, std::string detail) {
    if (!failed()) error_ = Error{.code = code, .detail = std::move(detail)};
    // A failed decoder reads as ended, so `while (!at_end())` loops stop.
    in_ = {};
}

void Decoder::fail_with_length(size_t found, size_t wanted) {
    fail_with(errc::rlp_unexpected,
              "a string of " + std::to_string(found) + " bytes, not " + std::to_string(wanted));
}

Status validate(ByteView in) {
    // The lists that are open around the next item; what is left of each.
    std::array<ByteView, depth_max + 1> open{in};
    size_t depth = 0;
    bool first = true;
    while (first || depth > 0) {
        if (!first && open[depth].empty()) {
            --depth;
            continue;
        }
        first = false;
        const auto extent = read_extent(open[depth]);
        if (!extent) return fail(extent.error());
        const ByteView content = open[depth].subspan(extent->prefix_size, extent->content_size);
        open[depth] = open[depth].subspan(extent->prefix_size + extent->content_size);
        if (!extent->is_list) continue;
        if (depth == depth_max) return fail(errc::rlp_too_deep);
        open[++depth] = content;
    }
    if (!open[0].empty()) return fail(errc::rlp_trailing);
    return {};
}

}  // namespace holdfast::chain::rlp
