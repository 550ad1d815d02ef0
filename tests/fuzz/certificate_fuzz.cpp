// Certificates, attestations and member sets: what decodes encodes to the same bytes.
#include <cstdint>

#include "base/check.h"
#include "chain/certificate.h"

namespace {

namespace chain = holdfast::chain;

template <class Decode>
void round_trip(holdfast::ByteView input, Decode decode) {
    holdfast::Reader in(input);
    const auto value = decode(in);
    if (!in.finish()) return;
    holdfast::Writer out;
    encode(out, value);
    CHECK(holdfast::equal(out.take(), input), "one encoding per value");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const holdfast::ByteView input(data, size);
    round_trip(input, chain::decode_certificate);
    round_trip(input, chain::decode_attestation);
    round_trip(input, chain::decode_member_set);
    return 0;
}
