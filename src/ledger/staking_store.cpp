// Candidates and their stake as storage slots.
#include "ledger/staking_store.h"

#include "crypto/hash.h"

namespace holdfast::ledger {
namespace {

enum StakingArea : uint8_t {
    staking_globals = 0,
    listed_area = 1,
    candidate_area = 2,
    leaving_area = 3,
    holding_area = 4,
    duty_area = 5,
};
enum StakingField : uint16_t {
    listed_count_field = 0,
    issued_field = 1,
    slashed_field = 2,
    standing_field = 16,
    stake_field = 17,
    shares_field = 18,
    withdrawal_count_field = 1,
    first_withdrawal_field = 2,
};
static_assert(member_slots <= standing_field);

constexpr uint64_t jailed_flag = 1, tombstoned_flag = 2;

Hash32 used_key_slot(const crypto::NodePublicKey& key) {
    Writer out;
    out.text("holdfast/staking/key");
    out.fixed(key);
    return crypto::sha256(out.take());
}

}  // namespace

Hash32 issued_slot() {
    return slot_key(staking_globals, 0, issued_field);
}
Hash32 slashed_slot() {
    return slot_key(staking_globals, 0, slashed_field);
}

bool StakingStore::exists(NodeId id) {
    return member_was_used(read(slot_key(candidate_area, id.value, 0)));
}

chain::Member StakingStore::member(NodeId id) {
    return read_member(storage_, candidate_area, id.value, 0);
}

void StakingStore::add_candidate(const chain::Member& member) {
    write_member(storage_, candidate_area, member.id.value, 0, member);
    write(used_key_slot(member.voting_key), 1);
    write(used_key_slot(member.transport_key), 1);
}

bool StakingStore::key_was_used(const crypto::NodePublicKey& key) {
    return !read(used_key_slot(key)).is_zero();
}

Standing StakingStore::standing(NodeId id) {
    const U256 packed = read(slot_key(candidate_area, id.value, standing_field));
    return {.place = packed.limbs[2],
            .jailed = (packed.limbs[1] & jailed_flag) != 0,
            .tombstoned = (packed.limbs[1] & tombstoned_flag) != 0,
            .jailed_until = packed.limbs[0]};
}

void StakingStore::set_standing(NodeId id, const Standing& standing) {
    const uint64_t flags =
        (standing.jailed ? jailed_flag : 0) | (standing.tombstoned ? tombstoned_flag : 0);
    write(slot_key(candidate_area, id.value, standing_field),
          U256(0, standing.place, flags, standing.jailed_until));
}

Pool StakingStore::pool(NodeId id) {
    return {.stake = read(slot_key(candidate_area, id.value, stake_field)),
            .shares = read(slot_key(candidate_area, id.value, shares_field))};
}

void StakingStore::set_pool(NodeId id, const Pool& pool) {
    write(slot_key(candidate_area, id.value, stake_field), pool.stake);
    write(slot_key(candidate_area, id.value, shares_field), pool.shares);
}

uint64_t StakingStore::listed_count() {
    return read(slot_key(staking_globals, 0, listed_count_field)).low64();
}

std::vector<NodeId> StakingStore::listed() {
    std::vector<NodeId> ids;
    const uint64_t count = listed_count();
    for (uint64_t i = 0; i < count && !storage_.out_of_gas(); ++i)
        ids.emplace_back(read(slot_key(listed_area, i, 0)).low64());
    return ids;
}

void StakingStore::put_on_list(NodeId id) {
    const uint64_t count = listed_count();
    write(slot_key(listed_area, count, 0), id.value);
    write(slot_key(staking_globals, 0, listed_count_field), count + 1);
    Standing now = standing(id);
    now.place = count + 1;
    set_standing(id, now);
}

void StakingStore::take_off_list(NodeId id) {
    const uint64_t count = listed_count();
    Standing leaves = standing(id);
    if (leaves.place == 0 || leaves.place > count) return;
    // The last one takes its place: the list has no order.
    const NodeId last(read(slot_key(listed_area, count - 1, 0)).low64());
    if (last != id) {
        write(slot_key(listed_area, leaves.place - 1, 0), last.value);
        Standing moves = standing(last);
        moves.place = leaves.place;
        set_standing(last, moves);
    }
    write(slot_key(listed_area, count - 1, 0), U256{});
    write(slot_key(staking_globals, 0, listed_count_field), count - 1);
    leaves.place = 0;
    set_standing(id, leaves);
}

Pool StakingStore::leaving(NodeId id, uint64_t epoch) {
    return {.stake = read(slot_key(leaving_area, id.value, epoch, 0)),
            .shares = read(slot_key(leaving_area, id.value, epoch, 1))};
}

void StakingStore::set_leaving(NodeId id, uint64_t epoch, const Pool& pool) {
    write(slot_key(leaving_area, id.value, epoch, 0), pool.stake);
    write(slot_key(leaving_area, id.value, epoch, 1), pool.shares);
}

U256 StakingStore::holding(NodeId id, const Address& holder) {
    return read(account_slot_key(holding_area, holder, id.value, 0));
}

void StakingStore::set_holding(NodeId id, const Address& holder, const U256& shares) {
    write(account_slot_key(holding_area, holder, id.value, 0), shares);
}

std::vector<Withdrawal> StakingStore::withdrawals(NodeId id, const Address& holder) {
    std::vector<Withdrawal> all;
    const auto slot = [&](size_t field) {
        return account_slot_key(holding_area, holder, id.value, field_after(0, field));
    };
    const uint64_t count = read(slot(withdrawal_count_field)).low64();
    for (uint64_t i = 0; i < count && !storage_.out_of_gas(); ++i) {
        U256 packed = read(slot(first_withdrawal_field + i));
        const uint64_t epoch = packed.limbs[3];
        packed.limbs[3] = 0;
        all.push_back({.epoch = epoch, .shares = packed});
    }
    return all;
}

void StakingStore::set_withdrawals(NodeId id, const Address& holder,
                                   const std::vector<Withdrawal>& all) {
    const auto slot = [&](size_t field) {
        return account_slot_key(holding_area, holder, id.value, field_after(0, field));
    };
    const uint64_t before = read(slot(withdrawal_count_field)).low64();
    write(slot(withdrawal_count_field), all.size());
    for (uint64_t i = 0; i < std::max<uint64_t>(before, all.size()); ++i) {
        if (storage_.out_of_gas()) return;
        U256 packed;
        if (i < all.size()) {
            packed = all[i].shares;
            packed.limbs[3] = all[i].epoch;
        }
        write(slot(first_withdrawal_field + i), packed);
    }
}

Duty StakingStore::duty(NodeId id, uint64_t epoch) {
    const U256 packed = read(slot_key(duty_area, id.value, 0));
    if (packed.limbs[2] != epoch) return {.epoch = epoch};
    return {.epoch = epoch, .proposed = packed.limbs[1], .missed = packed.limbs[0]};
}

void StakingStore::set_duty(NodeId id, const Duty& duty) {
    write(slot_key(duty_area, id.value, 0), U256(0, duty.epoch, duty.proposed, duty.missed));
}

U256 StakingStore::issued() {
    return read(issued_slot());
}
U256 StakingStore::slashed() {
    return read(slashed_slot());
}
void StakingStore::set_issued(const U256& amount) {
    write(issued_slot(), amount);
}
void StakingStore::set_slashed(const U256& amount) {
    write(slashed_slot(), amount);
}

}  // namespace holdfast::ledger
