// What all policies share: accusations.
#include "sim/member_reference.h"

#include "base/codec.h"
#include "crypto/hash.h"
#include "ledger/contract.h"
#include "sim/bft_sight.h"
#include "sim/cast.h"

namespace holdfast::sim {

bool is_call_of(ByteView data, std::string_view signature) {
    return data.size() >= 4 &&
           std::ranges::equal(data.first(4), crypto::keccak256(view_of(signature)).view().first(4));
}

U256 word_at(ByteView data, size_t index) {
    const size_t from = 4 + 32 * index;
    if (data.size() < from + 32) return {};
    return U256::from_big_endian(data.subspan(from, 32)).value_or(U256{});
}

MemberReference::MemberReference(const chain::Genesis& genesis)
    : genesis_(genesis), genesis_hash_(chain::genesis_hash(genesis)) {
    Weights weights;
    for (const chain::Member& member : genesis.members.members)
        weights.emplace(member.id, member.weight);
    set_weights(std::move(weights));
}

uint64_t MemberReference::epoch_of(Height height) const {
    return (height.value - 1) / genesis_.bft.epoch_blocks;
}

void MemberReference::set_weights(Weights weights) {
    weights_ = std::move(weights);
    for (const auto& [id, weight] : weights_) ever_members_.insert(id);
}

bool MemberReference::was_proven(const chain::Evidence& evidence) const {
    const chain::Statement& said = evidence.first.statement;
    return proven_.contains({evidence.guilty, said.epoch, said.view});
}

bool MemberReference::is_too_old(const chain::Evidence& evidence, Height height) const {
    return evidence.first.statement.epoch + genesis_.bft.evidence_epochs_max < epoch_of(height);
}

MemberReference::Effect MemberReference::call(const Call& call) {
    return call.to == ledger::faults_address() ? accuse(call) : call_members(call);
}

bool MemberReference::proves(const chain::Evidence& evidence) const {
    if (!contradict(evidence.first.statement, evidence.second.statement)) return false;
    const crypto::NodePublicKey key = member(evidence.guilty).voting_key;
    for (const auto* part : {&evidence.first, &evidence.second}) {
        Writer body;
        body.u8(static_cast<uint8_t>(part->statement.kind));
        body.u64(part->statement.view);
        body.fixed(part->statement.digest);
        if (!crypto::verify(key,
                            crypto::signing_bytes("statement", genesis_hash_, part->statement.epoch,
                                                  body.take()),
                            part->signature))
            return false;
    }
    return true;
}

MemberReference::Effect MemberReference::accuse(const Call& call) {
    constexpr size_t head_bytes = 4 + 2 * 32;  // selector, where it begins, how long it is
    if (!is_call_of(call.data, "accuse(bytes)") || call.data.size() <= head_bytes) return {};
    const size_t bytes = word_at(call.data, 1).low64();
    if (bytes > call.data.size() - head_bytes) return {};
    const auto evidence = chain::decode_evidence(call.data.subspan(head_bytes, bytes));
    if (!evidence || evidence->first.statement.epoch > epoch_of(call.height) ||
        is_too_old(*evidence, call.height) || was_proven(*evidence) ||
        !ever_members_.contains(evidence->guilty) || !proves(*evidence))
        return {};
    const chain::Statement& said = evidence->first.statement;
    proven_.insert({evidence->guilty, said.epoch, said.view});
    ++guilts_[evidence->guilty];
    return punish(evidence->guilty, said.epoch, call);
}

std::unique_ptr<MemberReference> make_member_reference(const chain::Genesis& genesis) {
    return genesis.bft.policy == chain::Policy::poa ? make_vote_reference(genesis)
                                                    : make_stake_reference(genesis);
}

}  // namespace holdfast::sim
