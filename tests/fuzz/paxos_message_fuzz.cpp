// Paxos's decoder, and an engine behind it: no bytes from a peer may break either. The input is cut
// into messages by length bytes; each is decoded alone, and all are fed to one engine of three,
// whose invariants must hold afterwards.
#include <cstdlib>

#include "base/check.h"
#include "consensus/paxos/invariants.h"
#include "consensus/paxos/messages.h"

namespace {

using namespace holdfast;

consensus::Members founders() {
    consensus::Members members{.epoch = 1, .voters = {}};
    for (uint64_t id = 1; id <= 3; ++id)
        members.voters.push_back({.id = NodeId(id), .weight = 1, .voting_key = {}});
    return members;
}

// What decodes must encode to the very same bytes: one encoding per message.
void check_decoder(ByteView bytes) {
    const auto message = paxos::decode(bytes);
    if (!message) return;
    const Buffer again = paxos::encode(message->header, message->body);
    CHECK(equal(*again, bytes), "a message has two encodings");
}

// Everything persisted is durable at once.
void settle(consensus::Engine& engine, Instant now, consensus::Effects effects) {
    constexpr int rounds_max = 64;
    for (int i = 0; i < rounds_max && !effects.empty(); ++i) {
        consensus::Effects next;
        for (const consensus::Effect& effect : effects) {
            if (const auto* persist = std::get_if<consensus::Persist>(&effect))
                engine.step(now, consensus::Durable{persist->token}, next);
        }
        effects = std::move(next);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    check_decoder({data, size});

    paxos::Config config;
    config.self = NodeId(1);
    Instant now{Duration(1'000'000)};
    consensus::Effects effects;
    const auto engine =
        paxos::restore(config, {.applied = Height{}, .mark = {}, .members = founders()}, {},
                       consensus::JournalHealth::intact, now, effects);
    settle(*engine, now, std::move(effects));

    ByteView rest(data, size);
    constexpr int messages_max = 64;
    for (int i = 0; i < messages_max && rest.size() > 1; ++i) {
        // One byte says from whom and how long after; one how long it is.
        const uint8_t control = rest[0];
        const size_t length = std::min<size_t>(rest[1], rest.size() - 2);
        const ByteView bytes = rest.subspan(2, length);
        rest = rest.subspan(2 + length);
        check_decoder(bytes);
        now += Duration((control >> 2) * 10'000);
        effects.clear();
        if ((control & 2) != 0) engine->step(now, consensus::Tick{}, effects);
        engine->step(now,
                     consensus::Received{NodeId(2 + (control & 1)), make_buffer(to_bytes(bytes))},
                     effects);
        settle(*engine, now, std::move(effects));
        effects = {};
        CHECK(paxos::broken_invariants(*engine).empty(), "bytes from a peer broke an invariant");
    }
    return 0;
}
