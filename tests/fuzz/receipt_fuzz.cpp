// Receipts: what decodes encodes to the same bytes.
#include <cstdint>

#include "base/check.h"
#include "chain/receipt.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    namespace chain = holdfast::chain;
    const holdfast::ByteView input(data, size);
    const auto receipt = chain::decode_receipt(input);
    if (!receipt) return 0;
    CHECK(holdfast::equal(chain::encode_receipt(*receipt), input), "a receipt has one encoding");
    chain::bloom_of(receipt->logs);
    return 0;
}
