// Genesis files: what parses is written as a file that parses to the same value.
#include <cstdint>

#include "base/check.h"
#include "chain/genesis.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    namespace chain = holdfast::chain;
    const auto genesis = chain::parse_genesis(holdfast::text_of({data, size}));
    if (!genesis) return 0;
    CHECK(chain::validate_genesis(*genesis).has_value(), "what parses is valid");
    const auto again = chain::parse_genesis(chain::genesis_to_json(*genesis));
    CHECK(again.has_value(), "what is written parses");
    CHECK(*again == *genesis, "nothing is lost in writing");
    CHECK(chain::genesis_hash(*again) == chain::genesis_hash(*genesis), "nor in the hash");
    return 0;
}
