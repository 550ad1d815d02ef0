// Mixing of contract values into 64 bits. FNV-1a by 8-byte words: fast, and good enough to tell
// runs apart; nothing rests on it being hard to forge.
#include "node/trace.h"

#include <cstring>

namespace holdfast::node {
namespace {

constexpr uint64_t prime = 0x100000001b3;

class Mixer {
  public:
    explicit Mixer(uint64_t trace) : state_(trace ^ 0xcbf29ce484222325) {}

    void number(uint64_t value) { state_ = (state_ ^ value) * prime ^ (state_ >> 29); }
    void bytes(ByteView view) {
        number(view.size());
        while (view.size() >= 8) {
            uint64_t word = 0;
            std::memcpy(&word, view.data(), 8);
            number(word);
            view = view.subspan(8);
        }
        for (const uint8_t byte : view) number(byte);
    }
    void buffer(const Buffer& value) {
        if (value) bytes(*value);
    }
    void members(const consensus::Members& members) {
        number(members.epoch);
        for (const consensus::Voter& voter : members.voters) {
            number(voter.id.value);
            number(voter.weight);
        }
    }
    [[nodiscard]] uint64_t state() const { return state_; }

  private:
    uint64_t state_;
};

void mix_one(Mixer& /*to*/, const consensus::Tick& /*input*/) {}
void mix_one(Mixer& to, const consensus::Received& input) {
    to.number(input.from.value);
    to.buffer(input.bytes);
}
void mix_one(Mixer& to, const consensus::Durable& input) {
    to.number(input.token.value);
}
void mix_one(Mixer& to, const consensus::PayloadReady& input) {
    to.number(input.ask.value);
    to.buffer(input.payload);
    to.number(input.time_ms);
}
void mix_one(Mixer& to, const consensus::Checked& input) {
    to.number(input.ask.value);
    to.number(static_cast<uint64_t>(input.verdict));
    to.number(input.time_ms);
}
void mix_one(Mixer& to, const consensus::Verified& input) {
    to.number(input.ask.value);
    for (const bool valid : input.valid) to.number(valid ? 1 : 0);
}
void mix_one(Mixer& to, const consensus::Synced& input) {
    to.number(input.position.value);
    to.bytes(input.mark);
    to.members(input.members);
}
void mix_one(Mixer& to, const consensus::MembersChanged& input) {
    to.number(input.boundary.value);
    to.members(input.members);
}
void mix_one(Mixer& to, const consensus::Read& input) {
    to.number(input.id.value);
}
void mix_one(Mixer& to, const consensus::Admin& input) {
    to.number(static_cast<uint64_t>(input.action));
    to.number(input.target.value);
}
void mix_one(Mixer& to, const consensus::Sealed& input) {
    to.number(input.nonce);
}
void mix_one(Mixer& to, const consensus::Neighbours& input) {
    for (const NodeId id : input.reachable) to.number(id.value);
}

void mix_one(Mixer& to, const consensus::Persist& effect) {
    to.number(effect.token.value);
    to.buffer(effect.record);
}
void mix_one(Mixer& to, const consensus::Send& effect) {
    to.number(effect.to.value);
    to.buffer(effect.bytes);
}
void mix_one(Mixer& to, const consensus::SetTimer& effect) {
    to.number(static_cast<uint64_t>(effect.at.time_since_epoch().count()));
}
void mix_one(Mixer& to, const consensus::NeedPayload& effect) {
    to.number(effect.ask.value);
    to.number(effect.ancestors.size());
    to.number(effect.time_min_ms);
}
void mix_one(Mixer& to, const consensus::Check& effect) {
    to.number(effect.ask.value);
    to.buffer(effect.payload);
}
void mix_one(Mixer& to, const consensus::Verify& effect) {
    to.number(effect.ask.value);
    for (const consensus::VerifyItem& item : effect.items) to.bytes(item.signature.view());
}
void mix_one(Mixer& to, const consensus::Cancel& effect) {
    to.number(effect.ask.value);
}
void mix_one(Mixer& to, const consensus::Deliver& effect) {
    to.number(effect.position.value);
    to.buffer(effect.payload);
    to.bytes(effect.mark);
}
void mix_one(Mixer& to, const consensus::Final& effect) {
    to.number(effect.upto.value);
}
void mix_one(Mixer& to, const consensus::Revert& effect) {
    to.number(effect.above.value);
}
void mix_one(Mixer& to, const consensus::CatchUp& effect) {
    to.number(effect.from.value);
    to.number(effect.upto.value);
}
void mix_one(Mixer& to, const consensus::Forget& effect) {
    to.number(effect.upto.value);
}
void mix_one(Mixer& to, const consensus::Seal& effect) {
    to.bytes(effect.header);
}
void mix_one(Mixer& to, const consensus::ReadAt& effect) {
    to.number(effect.id.value);
    to.number(effect.height.value);
}
void mix_one(Mixer& to, const consensus::ReadRefused& effect) {
    to.number(effect.id.value);
}
void mix_one(Mixer& to, const consensus::Accuse& effect) {
    to.bytes(effect.evidence);
}

template <class Variant>
uint64_t mix_variant(uint64_t trace, const Variant& value) {
    Mixer mixer(trace);
    mixer.number(value.index());
    std::visit([&mixer](const auto& one) { mix_one(mixer, one); }, value);
    return mixer.state();
}

}  // namespace

uint64_t mix(uint64_t trace, const consensus::Input& input) {
    return mix_variant(trace, input);
}
uint64_t mix(uint64_t trace, const consensus::Effect& effect) {
    return mix_variant(trace, effect);
}

}  // namespace holdfast::node
