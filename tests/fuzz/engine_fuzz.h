// Of every fuzzer of an engine's messages: its decoder, and an engine behind it, whom no bytes from
// a peer may break. The input is cut into messages by length bytes; each is decoded alone, and all
// are fed to one engine of three, whose invariants must hold afterwards.
#pragma once

#include <cstdlib>

#include "base/check.h"
#include "consensus/engine.h"

namespace holdfast::fuzz {

inline consensus::Members founders() {
    consensus::Members members{.epoch = 1, .voters = {}};
    for (uint64_t id = 1; id <= 3; ++id)
        members.voters.push_back({.id = NodeId(id), .weight = 1, .voting_key = {}});
    return members;
}

// Everything persisted is durable at once.
inline void settle(consensus::Engine& engine, Instant now, consensus::Effects effects) {
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

/// `check_decoder` takes bytes; what decodes must encode to the very same: one encoding per
/// message. `broken` gives the invariants of an engine that do not hold.
template <class Config, class Restore, class CheckDecoder, class Broken>
void run(ByteView input, Restore restore, CheckDecoder check_decoder, Broken broken) {
    check_decoder(input);

    Config config;
    config.self = NodeId(1);
    Instant now{Duration(1'000'000)};
    consensus::Effects effects;
    const auto engine = restore(config, {.applied = Height{}, .mark = {}, .members = founders()},
                                {}, consensus::JournalHealth::intact, now, effects);
    settle(*engine, now, std::move(effects));

    ByteView rest = input;
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
        CHECK(broken(*engine).empty(), "bytes from a peer broke an invariant");
    }
}

}  // namespace holdfast::fuzz
