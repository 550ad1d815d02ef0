// Members, proposals and pending changes as storage slots.
#include "ledger/validators_store.h"

#include <algorithm>

namespace holdfast::ledger {
namespace {

enum Area : uint8_t {
    globals = 0,
    list = 1,
    member_area = 2,
    proposal_area = 3,
    pending_area = 4,
    former_area = 5,
};
enum GlobalField : uint16_t {
    epoch_field = 0,
    member_count_field = 1,
    proposal_count_field = 2,
    pending_count_field = 3,
};
constexpr uint16_t proposal_member_field = 2;
constexpr uint16_t first_approval_field = 16;
constexpr uint16_t pending_action_field = 1, pending_member_field = 2;
static_assert(proposal_member_field + member_slots <= first_approval_field);

}  // namespace

uint64_t ValidatorsStore::epoch() {
    return read(slot_key(globals, 0, epoch_field)).low64();
}

void ValidatorsStore::set_epoch(uint64_t epoch) {
    write(slot_key(globals, 0, epoch_field), epoch);
}

chain::MemberSet ValidatorsStore::members() {
    chain::MemberSet set{.epoch = epoch(), .members = {}};
    const uint64_t count = read(slot_key(globals, 0, member_count_field)).low64();
    for (uint64_t i = 0; i < count && !storage_.out_of_gas(); ++i) {
        const uint64_t id = read(slot_key(list, i, 0)).low64();
        set.members.push_back(read_member(storage_, member_area, id, 0));
    }
    std::ranges::sort(set.members, {}, &chain::Member::id);
    return set;
}

bool ValidatorsStore::was_used(NodeId id) {
    return member_was_used(read(slot_key(member_area, id.value, 0)));
}

bool ValidatorsStore::is_member(NodeId id) {
    return member_is_present(read(slot_key(member_area, id.value, 0)));
}

void ValidatorsStore::add_member(const chain::Member& member) {
    const Hash32 count_key = slot_key(globals, 0, member_count_field);
    const uint64_t count = read(count_key).low64();
    write(slot_key(list, count, 0), member.id.value);
    write(count_key, count + 1);
    write_member(storage_, member_area, member.id.value, 0, member);
}

void ValidatorsStore::remove_member(NodeId id) {
    const Hash32 count_key = slot_key(globals, 0, member_count_field);
    const uint64_t count = read(count_key).low64();
    for (uint64_t i = 0; i < count && !storage_.out_of_gas(); ++i) {
        if (read(slot_key(list, i, 0)).low64() != id.value) continue;
        // The last one takes its place: the list has no order.
        write(slot_key(list, i, 0), read(slot_key(list, count - 1, 0)));
        write(slot_key(list, count - 1, 0), U256{});
        write(count_key, count - 1);
        break;
    }
    clear_member(storage_, member_area, id.value, 0);
    write(slot_key(member_area, id.value, 0), used_member_slot(id));
}

std::vector<Proposal> ValidatorsStore::proposals() {
    std::vector<Proposal> proposals;
    const uint64_t count = read(slot_key(globals, 0, proposal_count_field)).low64();
    for (uint64_t i = 0; i < count && !storage_.out_of_gas(); ++i) {
        Proposal proposal;
        proposal.hash = key_of_slot<Hash32>(read(slot_key(proposal_area, i, 0)));
        const U256 packed = read(slot_key(proposal_area, i, 1));
        proposal.action = packed.limbs[1] == 1 ? Action::add : Action::remove;
        proposal.member = read_member(storage_, proposal_area, i, proposal_member_field);
        for (uint64_t j = 0; j < packed.limbs[0] && !storage_.out_of_gas(); ++j) {
            const U256 slot =
                read(slot_key(proposal_area, i, field_after(first_approval_field, j)));
            proposal.approvals.push_back({address_of_slot(slot >> 96), Height(slot.low64())});
        }
        proposals.push_back(std::move(proposal));
    }
    return proposals;
}

void ValidatorsStore::clear_proposal(uint64_t index, uint64_t approvals_before) {
    write(slot_key(proposal_area, index, 0), U256{});
    write(slot_key(proposal_area, index, 1), U256{});
    clear_member(storage_, proposal_area, index, proposal_member_field);
    for (uint64_t j = 0; j < approvals_before && !storage_.out_of_gas(); ++j)
        write(slot_key(proposal_area, index, field_after(first_approval_field, j)), U256{});
}

void ValidatorsStore::write_proposal(uint64_t index, const Proposal& proposal,
                                     uint64_t approvals_before) {
    write(slot_key(proposal_area, index, 0), number_of_bytes(proposal.hash.view()));
    write(slot_key(proposal_area, index, 1),
          U256(0, 0, static_cast<uint64_t>(proposal.action), proposal.approvals.size()));
    write_member(storage_, proposal_area, index, proposal_member_field, proposal.member);
    for (size_t j = 0; j < proposal.approvals.size(); ++j) {
        const Approval& approval = proposal.approvals[j];
        write(slot_key(proposal_area, index, field_after(first_approval_field, j)),
              (number_of_bytes(approval.account.view()) << 96) + U256(approval.at.value));
    }
    for (uint64_t j = proposal.approvals.size(); j < approvals_before && !storage_.out_of_gas();
         ++j)
        write(slot_key(proposal_area, index, field_after(first_approval_field, j)), U256{});
}

void ValidatorsStore::set_proposals(const std::vector<Proposal>& proposals) {
    const Hash32 count_key = slot_key(globals, 0, proposal_count_field);
    const uint64_t before = read(count_key).low64();
    write(count_key, proposals.size());
    for (uint64_t i = 0; i < std::max<uint64_t>(before, proposals.size()) && !storage_.out_of_gas();
         ++i) {
        const uint64_t approvals_before =
            i < before ? read(slot_key(proposal_area, i, 1)).limbs[0] : 0;
        if (i < proposals.size()) {
            write_proposal(i, proposals[i], approvals_before);
        } else {
            clear_proposal(i, approvals_before);
        }
    }
}

void ValidatorsStore::mark_used(NodeId id) {
    write(slot_key(member_area, id.value, 0), used_member_slot(id));
}

std::vector<PendingChange> ValidatorsStore::pending() {
    std::vector<PendingChange> changes;
    const uint64_t count = read(slot_key(globals, 0, pending_count_field)).low64();
    for (uint64_t i = 0; i < count && !storage_.out_of_gas(); ++i) {
        const uint64_t action = read(slot_key(pending_area, i, pending_action_field)).low64();
        changes.push_back({.action = action == 1 ? Action::add : Action::remove,
                           .member = read_member(storage_, pending_area, i, pending_member_field)});
    }
    return changes;
}

void ValidatorsStore::set_pending(const std::vector<PendingChange>& changes) {
    const Hash32 count_key = slot_key(globals, 0, pending_count_field);
    const uint64_t before = read(count_key).low64();
    write(count_key, changes.size());
    for (uint64_t i = 0; i < std::max<uint64_t>(before, changes.size()); ++i) {
        if (storage_.out_of_gas()) return;
        const Hash32 action_key = slot_key(pending_area, i, pending_action_field);
        if (i < changes.size()) {
            write(action_key, static_cast<uint64_t>(changes[i].action));
            write_member(storage_, pending_area, i, pending_member_field, changes[i].member);
        } else {
            write(action_key, U256{});
            clear_member(storage_, pending_area, i, pending_member_field);
        }
    }
}

void ValidatorsStore::replace_members(const chain::MemberSet& now, const chain::MemberSet& next) {
    for (const chain::Member& member : now.members) {
        if (next.find(member.id) != nullptr) continue;
        remove_member(member.id);
        write(slot_key(former_area, member.id.value, 0), number_of_bytes(member.voting_key.view()));
    }
    for (const chain::Member& member : next.members) {
        const chain::Member* before = now.find(member.id);
        if (before == nullptr)
            add_member(member);
        else if (*before != member)
            write_member(storage_, member_area, member.id.value, 0, member);
    }
    set_epoch(next.epoch);
}

std::optional<crypto::NodePublicKey> ValidatorsStore::voting_key(NodeId id) {
    const Hash32 key =
        is_member(id) ? slot_key(member_area, id.value, 1) : slot_key(former_area, id.value, 0);
    const auto found = key_of_slot<crypto::NodePublicKey>(read(key));
    return found.is_zero() ? std::nullopt : std::optional(found);
}

}  // namespace holdfast::ledger
