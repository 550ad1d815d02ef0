// Paxos's decoder, and an engine behind it: no bytes from a peer may break either.
#include "consensus/paxos/invariants.h"
#include "consensus/paxos/messages.h"
#include "engine_fuzz.h"

namespace {

using namespace holdfast;

void check_decoder(ByteView bytes) {
    const auto message = paxos::decode(bytes);
    if (!message) return;
    const Buffer again = paxos::encode(message->header, message->body);
    CHECK(equal(*again, bytes), "a message has two encodings");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    fuzz::run<paxos::Config>({data, size}, paxos::restore, check_decoder, paxos::broken_invariants);
    return 0;
}
