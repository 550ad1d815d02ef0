// Members and proposals as storage slots.
#include "ledger/validators_store.h"

#include <algorithm>

#include "ledger/validators.h"

namespace holdfast::ledger {
namespace {

enum Area : uint8_t { globals = 0, list = 1, member_area = 2, proposal_area = 3 };
enum GlobalField : uint16_t { epoch_field = 0, member_count_field = 1, proposal_count_field = 2 };
constexpr uint16_t proposal_member_field = 2;
constexpr uint16_t first_approval_field = 16;
constexpr size_t endpoint_slots_max = (chain::endpoint_bytes_max + 31) / 32;
static_assert(proposal_member_field + 4 + endpoint_slots_max <= first_approval_field);

constexpr uint64_t used_flag = 1, present_flag = 2;

Hash32 slot_key(uint8_t area, uint64_t index, uint16_t field) {
    Hash32 key;
    key.bytes[0] = area;
    for (size_t i = 0; i < 8; ++i) key.bytes[16 + i] = static_cast<uint8_t>(index >> (56 - 8 * i));
    key.bytes[30] = static_cast<uint8_t>(field >> 8);
    key.bytes[31] = static_cast<uint8_t>(field);
    return key;
}

uint16_t field_after(uint16_t first, size_t offset) {
    return static_cast<uint16_t>(first + offset);
}

U256 number_of(ByteView bytes) {
    return U256::from_big_endian(bytes).value_or(U256{});
}

template <class Key>
Key key_of(const U256& value) {
    return {value.to_big_endian()};
}

Address address_of(const U256& value) {
    const auto bytes = value.to_big_endian();
    return Address::from(ByteView(bytes).last(20)).value_or(Address{});
}

}  // namespace

void ValidatorsStore::charge(uint64_t gas) {
    if (out_of_gas_ || gas > gas_left_) {
        out_of_gas_ = true;
        gas_left_ = 0;
        return;
    }
    gas_left_ -= gas;
}

U256 ValidatorsStore::read(const Hash32& key) {
    charge(validators_gas::slot_read);
    return out_of_gas_ ? U256{} : host_.storage(validators_address(), key);
}

void ValidatorsStore::write(const Hash32& key, const U256& value) {
    if (read(key) == value) return;
    charge(validators_gas::slot_write);
    if (!out_of_gas_) host_.set_storage(validators_address(), key, value);
}

uint64_t ValidatorsStore::epoch() {
    return read(slot_key(globals, 0, epoch_field)).low64();
}

void ValidatorsStore::set_epoch(uint64_t epoch) {
    write(slot_key(globals, 0, epoch_field), epoch);
}

chain::Member ValidatorsStore::read_member(uint8_t area, uint64_t index, uint16_t first_field) {
    chain::Member member;
    const U256 packed = read(slot_key(area, index, first_field));
    member.weight = packed.limbs[0];
    member.id = NodeId(packed.limbs[2]);
    member.voting_key =
        key_of<crypto::NodePublicKey>(read(slot_key(area, index, field_after(first_field, 1))));
    member.transport_key =
        key_of<crypto::NodePublicKey>(read(slot_key(area, index, field_after(first_field, 2))));
    member.operator_account = address_of(read(slot_key(area, index, field_after(first_field, 3))));
    const size_t length = std::min<size_t>(packed.limbs[1] >> 8, chain::endpoint_bytes_max);
    for (size_t at = 0; at < length; at += 32) {
        const auto chunk =
            read(slot_key(area, index, field_after(first_field, 4 + at / 32))).to_big_endian();
        member.endpoint.append(text_of(ByteView(chunk).first(std::min<size_t>(32, length - at))));
    }
    return member;
}

void ValidatorsStore::write_member(uint8_t area, uint64_t index, uint16_t first_field,
                                   const chain::Member& member) {
    const uint64_t flags = used_flag | present_flag;
    write(slot_key(area, index, first_field),
          U256(0, member.id.value, member.endpoint.size() << 8 | flags, member.weight));
    write(slot_key(area, index, field_after(first_field, 1)), number_of(member.voting_key.view()));
    write(slot_key(area, index, field_after(first_field, 2)),
          number_of(member.transport_key.view()));
    write(slot_key(area, index, field_after(first_field, 3)),
          number_of(member.operator_account.view()));
    for (size_t at = 0; at < endpoint_slots_max * 32; at += 32) {
        std::array<uint8_t, 32> chunk{};
        if (at < member.endpoint.size()) {
            const ByteView part = view_of(member.endpoint).subspan(at);
            std::ranges::copy(part.first(std::min<size_t>(32, part.size())), chunk.begin());
        }
        write(slot_key(area, index, field_after(first_field, 4 + at / 32)), number_of(chunk));
    }
}

void ValidatorsStore::clear_member(uint8_t area, uint64_t index, uint16_t first_field) {
    for (size_t field = 0; field < 4 + endpoint_slots_max; ++field)
        write(slot_key(area, index, field_after(first_field, field)), U256{});
}

chain::MemberSet ValidatorsStore::members() {
    chain::MemberSet set{.epoch = epoch(), .members = {}};
    const uint64_t count = read(slot_key(globals, 0, member_count_field)).low64();
    for (uint64_t i = 0; i < count && !out_of_gas_; ++i) {
        const uint64_t id = read(slot_key(list, i, 0)).low64();
        set.members.push_back(read_member(member_area, id, 0));
    }
    std::ranges::sort(set.members, {}, &chain::Member::id);
    return set;
}

bool ValidatorsStore::was_used(NodeId id) {
    return (read(slot_key(member_area, id.value, 0)).limbs[1] & used_flag) != 0;
}

void ValidatorsStore::add_member(const chain::Member& member) {
    const Hash32 count_key = slot_key(globals, 0, member_count_field);
    const uint64_t count = read(count_key).low64();
    write(slot_key(list, count, 0), member.id.value);
    write(count_key, count + 1);
    write_member(member_area, member.id.value, 0, member);
}

void ValidatorsStore::remove_member(NodeId id) {
    const Hash32 count_key = slot_key(globals, 0, member_count_field);
    const uint64_t count = read(count_key).low64();
    for (uint64_t i = 0; i < count && !out_of_gas_; ++i) {
        if (read(slot_key(list, i, 0)).low64() != id.value) continue;
        // The last one takes its place: the list has no order.
        write(slot_key(list, i, 0), read(slot_key(list, count - 1, 0)));
        write(slot_key(list, count - 1, 0), U256{});
        write(count_key, count - 1);
        break;
    }
    clear_member(member_area, id.value, 0);
    write(slot_key(member_area, id.value, 0), U256(0, id.value, used_flag, 0));
}

std::vector<Proposal> ValidatorsStore::proposals() {
    std::vector<Proposal> proposals;
    const uint64_t count = read(slot_key(globals, 0, proposal_count_field)).low64();
    for (uint64_t i = 0; i < count && !out_of_gas_; ++i) {
        Proposal proposal;
        proposal.hash = key_of<Hash32>(read(slot_key(proposal_area, i, 0)));
        const U256 packed = read(slot_key(proposal_area, i, 1));
        proposal.action = packed.limbs[1] == 1 ? Action::add : Action::remove;
        proposal.member = read_member(proposal_area, i, proposal_member_field);
        for (uint64_t j = 0; j < packed.limbs[0] && !out_of_gas_; ++j) {
            const U256 slot =
                read(slot_key(proposal_area, i, field_after(first_approval_field, j)));
            proposal.approvals.push_back({address_of(slot >> 96), Height(slot.low64())});
        }
        proposals.push_back(std::move(proposal));
    }
    return proposals;
}

void ValidatorsStore::clear_proposal(uint64_t index, uint64_t approvals_before) {
    write(slot_key(proposal_area, index, 0), U256{});
    write(slot_key(proposal_area, index, 1), U256{});
    clear_member(proposal_area, index, proposal_member_field);
    for (uint64_t j = 0; j < approvals_before && !out_of_gas_; ++j)
        write(slot_key(proposal_area, index, field_after(first_approval_field, j)), U256{});
}

void ValidatorsStore::write_proposal(uint64_t index, const Proposal& proposal,
                                     uint64_t approvals_before) {
    write(slot_key(proposal_area, index, 0), number_of(proposal.hash.view()));
    write(slot_key(proposal_area, index, 1),
          U256(0, 0, static_cast<uint64_t>(proposal.action), proposal.approvals.size()));
    write_member(proposal_area, index, proposal_member_field, proposal.member);
    for (size_t j = 0; j < proposal.approvals.size(); ++j) {
        const Approval& approval = proposal.approvals[j];
        write(slot_key(proposal_area, index, field_after(first_approval_field, j)),
              (number_of(approval.account.view()) << 96) + U256(approval.at.value));
    }
    for (uint64_t j = proposal.approvals.size(); j < approvals_before && !out_of_gas_; ++j)
        write(slot_key(proposal_area, index, field_after(first_approval_field, j)), U256{});
}

void ValidatorsStore::set_proposals(const std::vector<Proposal>& proposals) {
    const Hash32 count_key = slot_key(globals, 0, proposal_count_field);
    const uint64_t before = read(count_key).low64();
    write(count_key, proposals.size());
    for (uint64_t i = 0; i < std::max<uint64_t>(before, proposals.size()) && !out_of_gas_; ++i) {
        const uint64_t approvals_before =
            i < before ? read(slot_key(proposal_area, i, 1)).limbs[0] : 0;
        if (i < proposals.size()) {
            write_proposal(i, proposals[i], approvals_before);
        } else {
            clear_proposal(i, approvals_before);
        }
    }
}

}  // namespace holdfast::ledger
