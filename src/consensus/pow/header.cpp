// Headers and marks: their one encoding, and the rules that bind a header to its ancestors.
#include "consensus/pow/header.h"

#include "consensus/pow/difficulty.h"

namespace holdfast::pow {
namespace {

constexpr uint8_t version = 1;

consensus::Target target_bytes(const U256& target) {
    return target.to_big_endian();
}

U256 read_number(Reader& in) {
    return U256::from_big_endian(in.raw(32)).value_or(U256{});
}

uint64_t read_bounded(Reader& in) {
    const uint64_t value = in.u64();
    if (value > ordinal_max) in.fail_with(codec_errc::bad_value);
    return value;
}

}  // namespace

Bytes encode(const Header& header) {
    Writer out(header_bytes);
    out.u8(version);
    out.fixed(header.parent);
    out.ordinal(header.height);
    out.fixed(header.payload);
    out.ordinal(header.miner);
    out.u64(header.time_ms);
    out.raw(target_bytes(header.target));
    out.u64(header.nonce);
    return out.take();
}

Header read_header(Reader& in) {
    if (in.u8() != version) in.fail_with(codec_errc::bad_value);
    Header header;
    header.parent = in.fixed<Hash32>();
    header.height = Height(read_bounded(in));
    header.payload = in.fixed<Hash32>();
    header.miner = in.ordinal<NodeId>();
    header.time_ms = read_bounded(in);
    header.target = read_number(in);
    header.nonce = in.u64();
    if (header.height == Height{} || header.target.is_zero()) in.fail_with(codec_errc::bad_value);
    return header;
}

Hash32 hash_of(const Header& header) {
    return consensus::seal_hash(encode(header));
}

bool is_sealed(const Header& header) {
    return consensus::meets(hash_of(header), target_bytes(header.target));
}

Bytes encode(const Mark& mark) {
    Writer out(header_bytes + 32 + 4 + 8 * median_blocks);
    out.raw(encode(mark.header));
    out.raw(mark.work.to_big_endian());
    out.count(mark.times.size());
    for (const WallMillis time : mark.times) out.u64(time);
    return out.take();
}

Result<Mark> decode_mark(ByteView bytes) {
    Reader in(bytes);
    Mark mark;
    mark.header = read_header(in);
    mark.work = read_number(in);
    const size_t count = in.count(median_blocks - 1);
    for (size_t i = 0; i < count && !in.failed(); ++i) mark.times.push_back(read_bounded(in));
    // Genesis is the oldest that has a time.
    const uint64_t ancestors = std::min<uint64_t>(mark.header.height.value, median_blocks - 1);
    if (mark.times.size() != ancestors || !is_sealed(mark.header))
        in.fail_with(codec_errc::bad_value);
    if (Status status = in.finish(); !status) return std::unexpected(status.error());
    return mark;
}

WallMillis median_of(std::vector<WallMillis> times) {
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::ranges::nth_element(times, middle);
    return *middle;
}

Flaw flaw_of(const Rules& rules, const Header& parent, const std::vector<WallMillis>& times,
             const Header& header) {
    // The seal first: it is the cheapest proof that somebody worked.
    if (header.target > rules.target_max || !is_sealed(header)) return Flaw::seal;
    if (header.height != parent.height.next()) return Flaw::height;
    if (header.target != next_target(rules, parent.height.value, parent.time_ms))
        return Flaw::target;
    if (header.time_ms <= median_of(times)) return Flaw::time;
    return Flaw::none;
}

bool follows(const Rules& rules, const std::optional<Mark>& parent, const Mark& mark) {
    const Header before = parent ? parent->header : genesis_header(rules);
    std::vector<WallMillis> times = parent ? parent->times : std::vector<WallMillis>{};
    times.push_back(before.time_ms);
    const Hash32 name = parent ? hash_of(before) : rules.genesis;
    if (mark.header.parent != name) return false;
    if (flaw_of(rules, before, times, mark.header) != Flaw::none) return false;
    if (times.size() > median_blocks - 1) times.erase(times.begin());
    const auto work = checked_add(parent ? parent->work : U256{}, work_of(mark.header.target));
    return work && mark.work == *work && mark.times == times;
}

Header genesis_header(const Rules& rules) {
    return {.parent = {},
            .height = {},
            .payload = {},
            .miner = {},
            .time_ms = rules.genesis_time_ms,
            .target = rules.genesis_target};
}

}  // namespace holdfast::pow
