// The validators contract: its calls, and the rule by which its members change. Deviation [Raft
// §6]: the ledger only says who the members are; when an engine switches to them is the engine's
// rule.
#include "ledger/validators.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "crypto/hash.h"
#include "ledger/abi.h"
#include "ledger/transition.h"
#include "ledger/validators_store.h"

namespace holdfast::ledger {
namespace {

constexpr std::string_view members_signature = "members()";
constexpr std::string_view proposals_signature = "proposals()";
constexpr std::string_view add_signature =
    "addMember(uint64,bytes32,bytes32,address,string,uint64)";
constexpr std::string_view remove_signature = "removeMember(uint64)";
constexpr std::string_view approved_event = "Approved(bytes32,address,uint64,uint64)";
constexpr std::string_view added_event = "MemberAdded(uint64,address,uint64)";
constexpr std::string_view removed_event = "MemberRemoved(uint64,address,uint64)";
constexpr uint64_t member_head_words = 6;
constexpr uint64_t unlimited_gas = UINT64_MAX;

/// The tuple; also the arguments of addMember.
Bytes member_tuple(const chain::Member& member) {
    abi::Encoder out;
    out.word(member.id.value)
        .raw(member.voting_key.view())
        .raw(member.transport_key.view())
        .address(member.operator_account)
        .word(member_head_words * abi::word_bytes)
        .word(member.weight)
        .bytes(view_of(member.endpoint));
    return out.take();
}

/// Null unless it is exactly what `member_tuple` writes: equal arguments are equal bytes, so the
/// hash of the call names the proposal.
std::optional<chain::Member> read_member_tuple(ByteView arguments) {
    abi::Decoder in(arguments);
    chain::Member member;
    member.id = NodeId(in.number64());
    member.voting_key.bytes = in.hash().bytes;
    member.transport_key.bytes = in.hash().bytes;
    member.operator_account = in.address();
    in.expect(member_head_words * abi::word_bytes);
    member.weight = in.number64();
    member.endpoint = text_of(in.bytes(chain::endpoint_bytes_max));
    return in.done() ? std::optional(std::move(member)) : std::nullopt;
}

bool is_endpoint(std::string_view endpoint) {
    const size_t colon = endpoint.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    const std::string_view port = endpoint.substr(colon + 1);
    if (port.empty() || port.size() > 5 || port[0] == '0') return false;
    uint32_t number = 0;
    for (const char digit : port) {
        if (digit < '0' || digit > '9') return false;
        number = number * 10 + static_cast<uint32_t>(digit - '0');
    }
    return number <= 65'535 &&
           std::ranges::all_of(endpoint, [](char c) { return c > ' ' && c < 127; });
}

std::set<Address> operators_of(const chain::MemberSet& set) {
    std::set<Address> operators;
    for (const chain::Member& member : set.members) operators.insert(member.operator_account);
    return operators;
}

/// Null if the member may join; else why not.
std::optional<std::string_view> refuse_to_add(const chain::MemberSet& set,
                                              const chain::Member& member, bool id_was_used) {
    if (member.id.value == 0) return "id is zero";
    if (id_was_used) return "id was used before";
    if (member.voting_key.is_zero() || member.transport_key.is_zero()) return "a key is zero";
    if (member.voting_key == member.transport_key) return "the two keys are the same";
    if (member.operator_account.is_zero()) return "account is zero";
    if (!is_endpoint(member.endpoint)) return "endpoint is not host:port";
    if (member.weight == 0 || member.weight > member_weight_max) return "weight out of range";
    if (set.members.size() >= chain::members_max) return "too many members";
    for (const chain::Member& other : set.members) {
        for (const auto& key : {member.voting_key, member.transport_key}) {
            if (key == other.voting_key || key == other.transport_key) return "key already in use";
        }
        if (member.endpoint == other.endpoint) return "endpoint already in use";
    }
    return std::nullopt;
}

/// Drops approvals that have expired or whose account no longer operates a member.
void drop_stale(std::vector<Proposal>& proposals, const std::set<Address>& operators, Height now,
                uint64_t approval_blocks_max) {
    for (Proposal& proposal : proposals) {
        std::erase_if(proposal.approvals, [&](const Approval& approval) {
            return now - approval.at > approval_blocks_max || !operators.contains(approval.account);
        });
    }
    std::erase_if(proposals, [](const Proposal& proposal) { return proposal.approvals.empty(); });
}

class ContractCall {
  public:
    ContractCall(Host& host, const Address& caller, uint64_t gas,
                 const chain::Parameters& parameters)
        : store_(host, gas), caller_(caller), parameters_(parameters) {}

    /// True if the call succeeded; `output` holds its result or its revert data.
    bool run(const U256& value, ByteView data);
    Bytes output;
    [[nodiscard]] const ValidatorsStore& store() const { return store_; }

  private:
    bool revert(std::string_view reason) {
        output = abi::encode_revert(reason);
        return false;
    }
    bool approve(Action action, const chain::Member& member, const Hash32& hash);
    std::optional<std::string_view> refuse(Action action, const chain::MemberSet& set,
                                           const chain::Member& member);
    void take_effect(Action action, const chain::MemberSet& set, const chain::Member& member);
    void emit(std::string_view event, const Hash32& first, const Hash32& second, Bytes data);
    Bytes encode_members();
    Bytes encode_proposals();

    ValidatorsStore store_;
    Address caller_;
    const chain::Parameters& parameters_;
};

void ContractCall::emit(std::string_view event, const Hash32& first, const Hash32& second,
                        Bytes data) {
    store_.charge(validators_gas::log_base + validators_gas::log_byte * data.size());
    if (store_.out_of_gas()) return;
    store_.host().emit({.address = validators_address(),
                        .topics = {abi::topic(event), first, second},
                        .data = std::move(data)});
}

Bytes ContractCall::encode_members() {
    const chain::MemberSet set = store_.members();
    std::vector<Bytes> tuples;
    tuples.reserve(set.members.size());
    for (const chain::Member& member : set.members) tuples.push_back(member_tuple(member));
    abi::Encoder out;
    out.word(set.epoch).word(2 * abi::word_bytes).array(tuples);
    return out.take();
}

Bytes ContractCall::encode_proposals() {
    const std::set<Address> operators = operators_of(store_.members());
    std::vector<Proposal> proposals = store_.proposals();
    drop_stale(proposals, operators, store_.host().block().number, parameters_.approval_blocks_max);
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
            .word(newest + parameters_.approval_blocks_max)
            .raw(member)
            .word(proposal.approvals.size());
        for (const Approval& approval : proposal.approvals) out.address(approval.account);
        tuples.push_back(out.take());
    }
    abi::Encoder out;
    out.word(abi::word_bytes).array(tuples);
    return out.take();
}

std::optional<std::string_view> ContractCall::refuse(Action action, const chain::MemberSet& set,
                                                     const chain::Member& member) {
    if (action == Action::add) return refuse_to_add(set, member, store_.was_used(member.id));
    if (set.find(member.id) == nullptr) return "no such member";
    if (set.members.size() == 1) return "the last member cannot be removed";
    return std::nullopt;
}

bool ContractCall::approve(Action action, const chain::Member& member, const Hash32& hash) {
    const chain::MemberSet set = store_.members();
    const std::set<Address> operators = operators_of(set);
    if (!operators.contains(caller_)) return revert("the caller operates no member");
    if (const auto why = refuse(action, set, member)) return revert(*why);

    std::vector<Proposal> proposals = store_.proposals();
    const Height now = store_.host().block().number;
    drop_stale(proposals, operators, now, parameters_.approval_blocks_max);
    const auto is_callers = [this](const Approval& approval) {
        return approval.account == caller_;
    };
    const auto open = std::ranges::count_if(proposals, [&](const Proposal& proposal) {
        return std::ranges::any_of(proposal.approvals, is_callers);
    });
    auto place = std::ranges::find(proposals, hash, &Proposal::hash);
    if (place != proposals.end() && std::ranges::any_of(place->approvals, is_callers))
        return revert("already approved by the caller");
    if (static_cast<size_t>(open) >= open_approvals_max) return revert("too many open proposals");
    if (place == proposals.end())
        place = proposals.insert(
            place, {.hash = hash, .action = action, .member = member, .approvals = {}});
    place->approvals.push_back({caller_, now});

    const size_t approvals = place->approvals.size(), needed = operators.size() / 2 + 1;
    abi::Encoder data;
    data.word(approvals).word(needed);
    emit(approved_event, hash, abi::word_of(caller_), data.take());
    if (approvals >= needed) {
        proposals.erase(place);
        take_effect(action, set, member);
        // An account that left takes its approvals along, and does not find them again if it
        // returns.
        drop_stale(proposals, operators_of(store_.members()), now, parameters_.approval_blocks_max);
    }
    store_.set_proposals(proposals);
    return true;
}

void ContractCall::take_effect(Action action, const chain::MemberSet& set,
                               const chain::Member& member) {
    const uint64_t epoch = set.epoch + 1;
    const chain::Member changed = action == Action::add ? member : *set.find(member.id);
    if (action == Action::add) {
        store_.add_member(member);
    } else {
        store_.remove_member(member.id);
    }
    store_.set_epoch(epoch);
    emit(action == Action::add ? added_event : removed_event, abi::word_of(changed.id.value),
         abi::word_of(changed.operator_account), to_bytes(abi::word_of(epoch).view()));
}

bool ContractCall::run(const U256& value, ByteView data) {
    store_.charge(validators_gas::call);
    if (!value.is_zero()) return revert("not payable");
    if (data.size() < 4) return revert("unknown function");
    const ByteView arguments = data.subspan(4);
    const auto calls = [&](std::string_view signature) {
        return equal(data.first(4), abi::selector(signature));
    };
    if (calls(members_signature) || calls(proposals_signature)) {
        if (!arguments.empty()) return revert("malformed arguments");
        output = calls(members_signature) ? encode_members() : encode_proposals();
        return true;
    }
    if (calls(add_signature)) {
        const auto member = read_member_tuple(arguments);
        if (!member) return revert("malformed arguments");
        return approve(Action::add, *member, crypto::keccak256(data));
    }
    if (calls(remove_signature)) {
        abi::Decoder in(arguments);
        chain::Member member{.id = NodeId(in.number64()),
                             .voting_key = {},
                             .transport_key = {},
                             .operator_account = {},
                             .endpoint = {},
                             .weight = 0};
        if (!in.done()) return revert("malformed arguments");
        return approve(Action::remove, member, crypto::keccak256(data));
    }
    return revert("unknown function");
}

}  // namespace

Address validators_address() {
    return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x48, 0x6f, 0x6c, 0x64, 0, 0, 0, 1}};
}

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

RunResult call_validators(Host& host, const Address& caller, const U256& value, ByteView data,
                          uint64_t gas, const chain::Parameters& parameters) {
    const size_t before = host.snapshot();
    ContractCall call(host, caller, gas, parameters);
    const bool success = call.run(value, data) && !call.store().out_of_gas();
    if (!success) host.revert_to(before);
    // Whatever a call that ran out of gas has said was said on made-up zeros.
    return {.success = success,
            .gas_used = gas - call.store().gas_left(),
            .output = call.store().out_of_gas() ? Bytes{} : std::move(call.output)};
}

void store_genesis_members(Host& host, const chain::MemberSet& members) {
    ValidatorsStore store(host, unlimited_gas);
    for (const chain::Member& member : members.members) store.add_member(member);
    store.set_epoch(members.epoch);
}

chain::MemberSet load_members(Host& host) {
    return ValidatorsStore(host, unlimited_gas).members();
}

uint64_t load_members_epoch(Host& host) {
    return ValidatorsStore(host, unlimited_gas).epoch();
}

}  // namespace holdfast::ledger
