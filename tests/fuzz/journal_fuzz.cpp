// Journal recovery: any bytes as mark and segments give an answer, and whatever it is, a second
// opening gives no worse one; any bytes written over a good journal never give wrong records back
// as intact.
//
// Input: 'r', mark length u16, first segment length u16, mark, first segment, second segment; or
// 'h', then harms of four bytes: file (0 is the mark), offset u16, value to xor.
#include <cstdint>

#include "base/check.h"
#include "base/codec.h"
#include "env/memory_device.h"
#include "journal/format.h"
#include "journal/journal.h"

namespace {

using namespace holdfast;
using consensus::JournalHealth;
using env::MemoryDevice;
using journal::Journal;
using Token = consensus::Token;

constexpr size_t rotate_bytes = 400;
constexpr uint64_t last_token = 20;
constexpr size_t harms_max = 64;

journal::Identity identity() {
    return {.genesis = {}, .node = NodeId(1)};
}

consensus::Persist record(uint64_t token) {
    return {Token(token), make_buffer(Bytes(token * 7 % 60, static_cast<uint8_t>(token)))};
}

void open_raw(Reader in) {
    const size_t mark_size = in.u16();
    const size_t first_size = in.u16();
    MemoryDevice device;
    device.write_mark(in.raw(std::min(mark_size, in.left())));
    device.append(1, in.raw(std::min(first_size, in.left())));
    if (in.left() > 0) device.append(2, in.rest());

    Journal once(device, rotate_bytes);
    const auto opened = once.open(identity(), 77);
    if (!opened) return;
    uint64_t token = opened->records.empty() ? 0 : opened->records.back().token.value;
    if (token == UINT64_MAX) return;
    once.append_group({record(token + 1)});
    Journal again(device, rotate_bytes);
    const auto second = again.open(identity(), 78);
    CHECK(second.has_value(), "what was opened once opens again");
    CHECK(second->health != JournalHealth::damaged, "and is not damaged");
    CHECK(second->records.size() == opened->records.size() + 1, "and holds what was added");
}

void open_harmed(Reader in) {
    MemoryDevice device;
    CHECK(Journal::create(device, identity(), journal::Birth::newborn, 7), "an empty device");
    {
        Journal good(device, rotate_bytes);
        CHECK(good.open(identity(), 8), "a good journal opens");
        for (uint64_t token = 1; token <= last_token; token += 2)
            good.append_group({record(token), record(token + 1)});
    }
    for (size_t i = 0; i < harms_max && in.left() >= 4; ++i) {
        const uint64_t file = in.u8();
        const uint64_t offset = in.u16();
        const uint8_t harm = in.u8();
        const size_t size = file == 0 ? device.read_mark().size() : device.read(file).size();
        for (uint64_t bit = 0; size > 0 && bit < 8; ++bit) {
            if ((harm >> bit & 1) == 0) continue;
            const uint64_t at = (offset % size) * 8 + bit;
            if (file == 0)
                device.flip_mark_bit(at);
            else
                device.flip_bit(file, at);
        }
    }
    const auto opened = Journal(device, rotate_bytes).open(identity(), 9);
    if (!opened || opened->health != JournalHealth::intact) return;
    // The mark's older slot trails by one group; all else must be there.
    CHECK(opened->records.size() + 2 >= last_token, "nothing durable is missing");
    CHECK(opened->records.size() <= last_token, "nothing was made up");
    uint64_t token = 0;
    for (const auto& found : opened->records) {
        const auto expected = record(++token);
        CHECK(found.token == expected.token && *found.bytes == *expected.record, "as written");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Reader in(ByteView(data, size));
    const uint8_t kind = in.u8();
    if (kind == 'r') open_raw(in);
    if (kind == 'h') open_harmed(in);
    return 0;
}
