// Headers and accounts: what decodes encodes to the same bytes.
#include <cstdint>

#include "base/check.h"
#include "chain/account.h"
#include "chain/block.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    namespace chain = holdfast::chain;
    const holdfast::ByteView input(data, size);
    if (const auto header = chain::decode_header(input)) {
        CHECK(holdfast::equal(chain::encode_header(*header), input), "a header has one encoding");
        // Whatever a header says, the fee after it is a number.
        CHECK(chain::next_base_fee(*header, {}) >= chain::FeeRules{}.base_fee_min,
              "the base fee has a floor");
    }
    if (const auto account = chain::decode_account(input))
        CHECK(holdfast::equal(chain::encode_account(*account), input),
              "an account has one encoding");
    return 0;
}
