// Proof files from anyone: what is read in the strict form is written as the same bytes, and the
// check of it ends, whatever it finds.
#include <cstdint>

#include "base/check.h"
#include "chain/proof.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    namespace chain = holdfast::chain;
    const std::string_view text = holdfast::text_of({data, size});
    const auto proof = chain::parse_proof(text, chain::Form::any);
    const auto strict = chain::parse_proof(text, chain::Form::strict);
    if (!proof) {
        CHECK(!strict.has_value(), "the strict form is one of all");
        return 0;
    }
    const std::string written = chain::proof_to_json(*proof);
    CHECK(strict.has_value() == (written == text), "one form for each proof");
    const auto again = chain::parse_proof(written, chain::Form::strict);
    CHECK(again.has_value() && *again == *proof, "what is written reads back");
    const auto genesis = chain::genesis_hash(proof->genesis);
    const bool good = chain::check_proof(*proof, genesis).has_value();
    auto other = genesis;
    other.bytes[0] ^= 1;
    CHECK(!chain::check_proof(*proof, other).has_value(), "a proof is of one ledger");
    CHECK(good == chain::check_proof(*again, genesis).has_value(), "and says the same twice");
    return 0;
}
