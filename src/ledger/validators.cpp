// The validators contract: its calls, and how operators approve a change. Deviation [Raft §6]: the
// ledger only says who the members are; when an engine switches to them is the engine's rule.
#include "ledger/validators.h"

#include <algorithm>
#include <set>

#include "crypto/hash.h"
#include "ledger/abi.h"
#include "ledger/member_slots.h"
#include "ledger/policy.h"
#include "ledger/policy_poa.h"
#include "ledger/validators_store.h"

namespace holdfast::ledger {
namespace {

constexpr std::string_view members_signature = "members()";
constexpr std::string_view next_members_signature = "nextMembers()";
constexpr std::string_view proposals_signature = "proposals()";
constexpr std::string_view pending_signature = "pending()";
constexpr std::string_view add_signature =
    "addMember(uint64,bytes32,bytes32,address,string,uint64)";
constexpr std::string_view remove_signature = "removeMember(uint64)";
constexpr std::string_view approved_event = "Approved(bytes32,address,uint64,uint64)";
constexpr std::string_view added_event = "MemberAdded(uint64,address,uint64)";
constexpr std::string_view removed_event = "MemberRemoved(uint64,address,uint64)";
constexpr std::string_view decided_event = "ChangeDecided(uint64,address,uint64,uint64)";

Bytes encode_set(const chain::MemberSet& set) {
    std::vector<Bytes> tuples;
    tuples.reserve(set.members.size());
    for (const chain::Member& member : set.members) tuples.push_back(member_tuple(member));
    abi::Encoder out;
    out.word(set.epoch).word(2 * abi::word_bytes).array(tuples);
    return out.take();
}

/// Null if the member may join; else why not. `all` are the members in force and those that are
/// decided, `next` what comes of both.
Reason refuse_to_add(const chain::MemberSet& all, const chain::MemberSet& next,
                     const chain::Member& member, bool id_was_used) {
    if (member.id.value == 0) return "id is zero";
    if (id_was_used) return "id was used before";
    if (const Reason why = refuse_member(member)) return why;
    if (next.members.size() >= chain::members_max) return "too many members";
    for (const chain::Member& other : all.members) {
        for (const auto& key : {member.voting_key, member.transport_key}) {
            if (key == other.voting_key || key == other.transport_key) return "key already in use";
        }
        if (member.endpoint == other.endpoint) return "endpoint already in use";
    }
    return std::nullopt;
}

class Validators {
  public:
    Validators(Host& host, Meter& meter, const NativeCall& call, const Rules& rules)
        : store_(host, meter),
          caller_(call.caller),
          data_(call.data),
          now_(host.block().number),
          rules_(rules) {}

    static std::span<const Method<Validators>> methods();
    Bytes output;

  private:
    Reason on_members(abi::Decoder& in);
    Reason on_next_members(abi::Decoder& in);
    Reason on_proposals(abi::Decoder& in);
    Reason on_pending(abi::Decoder& in);
    Reason on_add(abi::Decoder& in);
    Reason on_remove(abi::Decoder& in);

    Reason approve(Action action, const chain::Member& member);
    Reason refuse(Action action, const chain::MemberSet& set, const chain::Member& member);
    void decide(Action action, const chain::MemberSet& set, const chain::Member& member);
    void take_effect(Action action, const chain::MemberSet& set, const chain::Member& member);
    Bytes encode_proposals();

    ValidatorsStore store_;
    Address caller_;
    ByteView data_;
    Height now_;
    const Rules& rules_;
};

std::span<const Method<Validators>> Validators::methods() {
    static constexpr Method<Validators> all[] = {
        {members_signature, false, &Validators::on_members},
        {next_members_signature, false, &Validators::on_next_members},
        {proposals_signature, false, &Validators::on_proposals},
        {pending_signature, false, &Validators::on_pending},
        {add_signature, false, &Validators::on_add},
        {remove_signature, false, &Validators::on_remove},
    };
    return all;
}

Bytes Validators::encode_proposals() {
    const std::set<Address> operators = operators_of(store_.members());
    std::vector<Proposal> proposals = store_.proposals();
    drop_stale(proposals, operators, now_, rules_.parameters.approval_blocks_max);
    std::vector<Bytes> tuples;
    for (const Proposal& proposal : proposals) {
        const Bytes member = member_tuple(proposal.member);
        constexpr size_t head_bytes = 5 * abi::word_bytes;
        uint64_t newest = 0;
        for (const Approval& approval : proposal.approvals)
            newest = std::max(newest, approval.at.value);
        abi::Encoder out;
        out.hash(proposal.hash)
            .word(static_cast<uint64_t>(proposal.action))
            .word(head_bytes)
            .word(head_bytes + member.size())
            .word(newest + rules_.parameters.approval_blocks_max)
            .raw(member)
            .word(proposal.approvals.size());
        for (const Approval& approval : proposal.approvals) out.address(approval.account);
        tuples.push_back(out.take());
    }
    abi::Encoder out;
    out.word(abi::word_bytes).array(tuples);
    return out.take();
}

Reason Validators::refuse(Action action, const chain::MemberSet& set, const chain::Member& member) {
    chain::MemberSet all = set, next = set;
    if (rules_.has_epochs()) {
        const auto pending = store_.pending();
        if (pending.size() >= pending_changes_max) return "too many pending changes";
        next = next_by_authority(set, pending).members;
        for (const chain::Member& joining : next.members)
            if (set.find(joining.id) == nullptr) all.members.push_back(joining);
    }
    if (action == Action::add) return refuse_to_add(all, next, member, store_.was_used(member.id));
    if (next.find(member.id) == nullptr) return "no such member";
    if (next.members.size() == 1) return "the last member cannot be removed";
    return std::nullopt;
}

Reason Validators::approve(Action action, const chain::Member& member) {
    if (rules_.has_stakes()) return "members are chosen by stake";
    const Hash32 hash = crypto::keccak256(data_);
    const chain::MemberSet set = store_.members();
    const std::set<Address> operators = operators_of(set);
    if (!operators.contains(caller_)) return "the caller operates no member";
    if (const Reason why = refuse(action, set, member)) return why;

    std::vector<Proposal> proposals = store_.proposals();
    drop_stale(proposals, operators, now_, rules_.parameters.approval_blocks_max);
    const auto is_callers = [this](const Approval& approval) {
        return approval.account == caller_;
    };
    const auto open = std::ranges::count_if(proposals, [&](const Proposal& proposal) {
        return std::ranges::any_of(proposal.approvals, is_callers);
    });
    auto place = std::ranges::find(proposals, hash, &Proposal::hash);
    if (place != proposals.end() && std::ranges::any_of(place->approvals, is_callers))
        return "already approved by the caller";
    if (static_cast<size_t>(open) >= open_approvals_max) return "too many open proposals";
    if (place == proposals.end())
        place = proposals.insert(
            place, {.hash = hash, .action = action, .member = member, .approvals = {}});
    place->approvals.push_back({caller_, now_});

    const size_t approvals = place->approvals.size(), needed = operators.size() / 2 + 1;
    abi::Encoder data;
    data.word(approvals).word(needed);
    store_.storage().emit(approved_event, hash, abi::word_of(caller_), data.take());
    if (approvals >= needed) {
        proposals.erase(place);
        if (rules_.has_epochs()) {
            decide(action, set, member);
        } else {
            take_effect(action, set, member);
            drop_stale(proposals, operators_of(store_.members()), now_,
                       rules_.parameters.approval_blocks_max);
        }
    }
    store_.set_proposals(proposals);
    return std::nullopt;
}

// The id is spent at once: whoever is decided on and off again in one epoch never returns.
void Validators::decide(Action action, const chain::MemberSet& set, const chain::Member& member) {
    auto pending = store_.pending();
    chain::Member changed = member;
    if (action == Action::add) {
        store_.mark_used(member.id);
    } else {
        const chain::MemberSet next = next_by_authority(set, pending).members;
        // Null only if gas ran out in between, and the call fails.
        if (const chain::Member* leaving = next.find(member.id)) changed = *leaving;
    }
    pending.push_back({.action = action, .member = member});
    store_.set_pending(pending);
    abi::Encoder data;
    data.word(static_cast<uint64_t>(action)).word(rules_.boundary_of(now_).value);
    store_.storage().emit(decided_event, abi::word_of(changed.id.value),
                          abi::word_of(changed.operator_account), data.take());
}

void Validators::take_effect(Action action, const chain::MemberSet& set,
                             const chain::Member& member) {
    const uint64_t epoch = set.epoch + 1;
    const chain::Member changed = action == Action::add ? member : *set.find(member.id);
    if (action == Action::add) {
        store_.add_member(member);
    } else {
        store_.remove_member(member.id);
    }
    store_.set_epoch(epoch);
    store_.storage().emit(action == Action::add ? added_event : removed_event,
                          abi::word_of(changed.id.value), abi::word_of(changed.operator_account),
                          to_bytes(abi::word_of(epoch).view()));
}

Reason Validators::on_members(abi::Decoder& in) {
    if (!in.done()) return "malformed arguments";
    output = encode_set(store_.members());
    return std::nullopt;
}

Reason Validators::on_next_members(abi::Decoder& in) {
    if (!rules_.has_epochs()) return unknown_function;
    if (!in.done()) return "malformed arguments";
    output =
        encode_set(next_members(store_.host(), store_.storage().meter(), store_.members(), rules_));
    return std::nullopt;
}

Reason Validators::on_proposals(abi::Decoder& in) {
    if (!in.done()) return "malformed arguments";
    output = encode_proposals();
    return std::nullopt;
}

Reason Validators::on_pending(abi::Decoder& in) {
    if (!rules_.has_epochs()) return unknown_function;
    if (!in.done()) return "malformed arguments";
    std::vector<Bytes> tuples;
    for (const PendingChange& change : store_.pending()) {
        abi::Encoder tuple;
        tuple.word(static_cast<uint64_t>(change.action))
            .word(2 * abi::word_bytes)
            .raw(member_tuple(change.member));
        tuples.push_back(tuple.take());
    }
    abi::Encoder out;
    out.word(rules_.boundary_of(now_).value).word(2 * abi::word_bytes).array(tuples);
    output = out.take();
    return std::nullopt;
}

Reason Validators::on_add(abi::Decoder& in) {
    const auto member = read_member_tuple(in);
    if (!member) return "malformed arguments";
    return approve(Action::add, *member);
}

Reason Validators::on_remove(abi::Decoder& in) {
    const chain::Member member{.id = NodeId(in.number64()),
                               .voting_key = {},
                               .transport_key = {},
                               .operator_account = {},
                               .endpoint = {},
                               .weight = 0};
    if (!in.done()) return "malformed arguments";
    return approve(Action::remove, member);
}

}  // namespace

Bytes encode_add_member(const chain::Member& member) {
    return abi::Encoder().raw(abi::selector(add_signature)).raw(member_tuple(member)).take();
}

Bytes encode_remove_member(NodeId id) {
    return abi::Encoder().raw(abi::selector(remove_signature)).word(id.value).take();
}

Bytes encode_members_call() {
    return abi::Encoder().raw(abi::selector(members_signature)).take();
}

Bytes encode_proposals_call() {
    return abi::Encoder().raw(abi::selector(proposals_signature)).take();
}

Bytes encode_next_members_call() {
    return abi::Encoder().raw(abi::selector(next_members_signature)).take();
}

Bytes encode_pending_call() {
    return abi::Encoder().raw(abi::selector(pending_signature)).take();
}

RunResult call_validators(Host& host, const NativeCall& call, const Rules& rules) {
    return run_contract<Validators>(host, validators_address(), call, rules);
}

void store_genesis_members(Host& host, const chain::MemberSet& members) {
    Meter meter(unlimited_gas);
    ValidatorsStore store(host, meter);
    for (const chain::Member& member : members.members) store.add_member(member);
    store.set_epoch(members.epoch);
}

chain::MemberSet load_members(Host& host) {
    Meter meter(unlimited_gas);
    return ValidatorsStore(host, meter).members();
}

uint64_t load_members_epoch(Host& host) {
    Meter meter(unlimited_gas);
    return ValidatorsStore(host, meter).epoch();
}

}  // namespace holdfast::ledger
