// Transactions: what decodes encodes to the same bytes, and no rule or recovery breaks on it.
#include <cstdint>

#include "base/check.h"
#include "chain/rlp.h"
#include "chain/transaction.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    namespace chain = holdfast::chain;
    const holdfast::ByteView input(data, size);
    const auto transaction = chain::decode_transaction(input);
    if (!transaction) return 0;
    CHECK(holdfast::equal(chain::encode_transaction(*transaction), input),
          "a transaction has one encoding");
    const bool typed = transaction->type != chain::TxType::legacy;
    CHECK(chain::rlp::validate(input.subspan(typed ? 1 : 0)).has_value(),
          "a transaction is canonical RLP");

    const chain::TxRules rules{.chain_id = transaction->chain_id.value_or(1),
                               .require_chain_id = false};
    const auto recovered = chain::recover_transaction(input, rules);
    if (recovered) {
        CHECK(chain::check_transaction(*transaction, rules).has_value(),
              "what is recovered was checked");
        CHECK(recovered->transaction == *transaction, "recovery changes nothing");
    }
    return 0;
}
