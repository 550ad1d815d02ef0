// Proof of work's decoder, and an engine behind it: no bytes from a peer may break either.
#include "consensus/pow/describe.h"
#include "consensus/pow/invariants.h"
#include "consensus/pow/messages.h"
#include "engine_fuzz.h"

namespace {

using namespace holdfast;

struct Config : pow::Config {
    Config() { rules = pow::test_rules(); }
};

void check_decoder(ByteView bytes) {
    const auto message = pow::decode(bytes);
    if (!message) return;
    CHECK(equal(*pow::encode(*message), bytes), "a message has two encodings");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    fuzz::run<Config>({data, size}, pow::restore, check_decoder, pow::broken_invariants);
    return 0;
}
