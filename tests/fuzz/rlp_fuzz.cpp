// RLP: whatever validates is rebuilt byte for byte from what the decoder reads out of it.
#include <cstdint>

#include "base/check.h"
#include "chain/rlp.h"

namespace {

using holdfast::ByteView;
namespace rlp = holdfast::chain::rlp;

// NOLINTNEXTLINE(misc-no-recursion): validation has bounded the depth
void rebuild(rlp::Decoder& in, rlp::Encoder& out) {
    while (!in.at_end()) {
        if (!in.next_is_list()) {
            out.string(in.string());
            continue;
        }
        rlp::Decoder list = in.list();
        out.begin_list();
        rebuild(list, out);
        out.end_list();
        in.close(list);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const ByteView input(data, size);
    const bool valid = rlp::validate(input).has_value();
    rlp::Decoder numbers(input);
    numbers.number256();
    if (numbers.finish()) {
        CHECK(valid, "a number is valid RLP");
    }
    if (!valid) return 0;
    rlp::Decoder in(input);
    rlp::Encoder out;
    rebuild(in, out);
    CHECK(in.finish().has_value(), "what validates decodes");
    CHECK(holdfast::equal(out.take(), input), "canonical RLP has one form");
    return 0;
}
