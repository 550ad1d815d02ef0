// Accusations: what is checked, and whose rule follows.
//
// Slots by area: 1 {id in 7 bytes' place, epoch, view}: 1 if proven; 2 by id: how many were.
#include "ledger/faults.h"

#include "ledger/policy_poa.h"
#include "ledger/reader.h"
#include "ledger/slashing.h"

namespace holdfast::ledger {
namespace {

constexpr std::string_view accuse_signature = "accuse(bytes)";
constexpr std::string_view was_proven_signature = "wasProven(uint64,uint64,uint64)";
constexpr std::string_view guilts_signature = "guilts(uint64)";
constexpr std::string_view guilty_event = "Guilty(uint64,address,uint64,uint64,uint64)";
constexpr uint8_t guilt_area = 1, guilt_count_area = 2;

/// {area, 7 zero bytes, id, epoch, view}
Hash32 guilt_slot(NodeId id, uint64_t epoch, uint64_t view) {
    Hash32 key = slot_key(guilt_area, id.value, epoch, 0);
    for (size_t i = 0; i < 8; ++i) key.bytes[24 + i] = static_cast<uint8_t>(view >> (56 - 8 * i));
    return key;
}

class Faults {
  public:
    Faults(Host& host, Meter& meter, const NativeCall& call, const Rules& rules)
        : storage_(host, meter, faults_address()), caller_(call.caller), rules_(rules) {}

    static std::span<const Method<Faults>> methods() {
        static constexpr Method<Faults> all[] = {
            {accuse_signature, false, &Faults::on_accuse},
            {was_proven_signature, false, &Faults::on_was_proven},
            {guilts_signature, false, &Faults::on_guilts},
        };
        return all;
    }
    Bytes output;

  private:
    Reason on_accuse(abi::Decoder& in);
    Reason on_was_proven(abi::Decoder& in);
    Reason on_guilts(abi::Decoder& in);
    Reason verify(const chain::Evidence& evidence);
    void punish(NodeId id, uint64_t guilt_epoch, uint64_t guilts);

    Storage storage_;
    Address caller_;
    const Rules& rules_;
};

Reason Faults::verify(const chain::Evidence& evidence) {
    const chain::Statement& said = evidence.first.statement;
    const uint64_t epoch = rules_.epoch_of(storage_.host().block().number);
    if (said.epoch > epoch) return "the epoch has not begun";
    if (epoch - said.epoch > rules_.bft.evidence_epochs_max) return "too long ago";
    if (!storage_.read(guilt_slot(evidence.guilty, said.epoch, said.view)).is_zero())
        return "proven before";
    const auto key = ValidatorsStore(storage_.host(), storage_.meter()).voting_key(evidence.guilty);
    if (!key) return "never was a member";
    storage_.meter().charge(2 * contract_gas::signature);
    if (storage_.out_of_gas()) return std::nullopt;  // and nothing is done for nothing
    const Status status = chain::verify_evidence(evidence, *key, rules_.genesis);
    if (status) return std::nullopt;
    return status.error().code == chain::errc::evidence_no_conflict ? "no contradiction"
                                                                    : "not signed by the accused";
}

void Faults::punish(NodeId id, uint64_t guilt_epoch, uint64_t guilts) {
    Host& host = storage_.host();
    if (rules_.has_stakes()) {
        StakingStore staking(host, storage_.meter());
        punish_candidate(staking, rules_, id, guilt_epoch, guilts, caller_);
        return;
    }
    ValidatorsStore validators(host, storage_.meter());
    if (validators.is_member(id)) expel(validators, id);
}

Reason Faults::on_accuse(abi::Decoder& in) {
    in.expect(abi::word_bytes);
    const ByteView bytes = in.bytes(chain::evidence_bytes);
    if (!in.done()) return "malformed arguments";
    const auto evidence = chain::decode_evidence(bytes);
    if (!evidence) return "malformed evidence";
    if (const Reason why = verify(*evidence)) return why;
    if (storage_.out_of_gas()) return std::nullopt;

    const NodeId id = evidence->guilty;
    const chain::Statement& said = evidence->first.statement;
    const Hash32 count_slot = slot_key(guilt_count_area, id.value, 0);
    const uint64_t guilts = storage_.read(count_slot).low64() + 1;
    storage_.write(guilt_slot(id, said.epoch, said.view), 1);
    storage_.write(count_slot, guilts);
    storage_.emit(guilty_event, abi::word_of(id.value), abi::word_of(caller_),
                  abi::Encoder().word(said.epoch).word(said.view).word(guilts).take());
    punish(id, said.epoch, guilts);
    return std::nullopt;
}

Reason Faults::on_was_proven(abi::Decoder& in) {
    const NodeId id(in.number64());
    const uint64_t epoch = in.number64(), view = in.number64();
    if (!in.done()) return "malformed arguments";
    output = abi::Encoder().word(storage_.read(guilt_slot(id, epoch, view))).take();
    return std::nullopt;
}

Reason Faults::on_guilts(abi::Decoder& in) {
    const NodeId id(in.number64());
    if (!in.done()) return "malformed arguments";
    output = abi::Encoder().word(storage_.read(slot_key(guilt_count_area, id.value, 0))).take();
    return std::nullopt;
}

}  // namespace

Bytes encode_accuse(const chain::Evidence& evidence) {
    return abi::Encoder()
        .raw(abi::selector(accuse_signature))
        .word(abi::word_bytes)
        .bytes(chain::encode(evidence))
        .take();
}

Bytes encode_was_proven_call(NodeId id, uint64_t epoch, uint64_t view) {
    return abi::Encoder()
        .raw(abi::selector(was_proven_signature))
        .word(id.value)
        .word(epoch)
        .word(view)
        .take();
}

Bytes encode_guilts_call(NodeId id) {
    return abi::Encoder().raw(abi::selector(guilts_signature)).word(id.value).take();
}

RunResult call_faults(Host& host, const NativeCall& call, const Rules& rules) {
    return run_contract<Faults>(host, faults_address(), call, rules);
}

bool was_proven(const Reader& reader, const chain::Evidence& evidence) {
    const chain::Statement& said = evidence.first.statement;
    const auto slot = reader.slot(
        faults_address(), guilt_slot(evidence.guilty, said.epoch, said.view), reader.head());
    return slot && !slot->is_zero();
}

}  // namespace holdfast::ledger
