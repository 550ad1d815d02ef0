// Raft's decoder, and an engine behind it: no bytes from a peer may break either.
#include "consensus/raft/invariants.h"
#include "consensus/raft/messages.h"
#include "engine_fuzz.h"

namespace {

using namespace holdfast;

void check_decoder(ByteView bytes) {
    const auto message = raft::decode(bytes);
    if (!message) return;
    const Buffer again = raft::encode(message->header, message->body);
    CHECK(equal(*again, bytes), "a message has two encodings");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    fuzz::run<raft::Config>({data, size}, raft::restore, check_decoder, raft::broken_invariants);
    return 0;
}
