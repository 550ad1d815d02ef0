// Payloads: what decodes encodes to the same bytes; and so do the extra data of headers.
#include <cstdint>

#include "base/check.h"
#include "chain/block.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    namespace chain = holdfast::chain;
    const holdfast::ByteView input(data, size);
    if (const auto extra = chain::decode_extra(input))
        CHECK(holdfast::equal(chain::encode_extra(*extra), input), "extra data has one encoding");

    const auto raw = chain::decode_payload(input);
    if (!raw) return 0;
    chain::Payload payload{
        .time_ms = raw->time_ms, .fee_recipient = raw->fee_recipient, .transactions = {}};
    for (const holdfast::ByteView bytes : raw->transactions) {
        chain::RecoveredTransaction transaction;
        transaction.raw = holdfast::to_bytes(bytes);
        payload.transactions.push_back(
            std::make_shared<const chain::RecoveredTransaction>(std::move(transaction)));
    }
    CHECK(holdfast::equal(chain::encode_payload(payload), input), "a payload has one encoding");
    return 0;
}
