// The second opinion on members by authority: approvals, decisions, and the end of an epoch.
#include <algorithm>

#include "ledger/contract.h"
#include "sim/member_reference.h"

namespace holdfast::sim {
namespace {

constexpr size_t open_approvals_max = 8, pending_max = 64;

class VoteReference final : public MemberReference {
  public:
    explicit VoteReference(const chain::Genesis& genesis) : MemberReference(genesis) {
        for (const chain::Member& member : genesis.members.members) {
            now_[member.id] = {member.operator_account, member.weight};
            used_.insert(member.id);
        }
    }
    U256 close(Height height, const chain::Origin& origin, const chain::Origin& parent) override;

  private:
    struct Member {
        Address operator_account;
        uint64_t weight = 0;
        bool operator==(const Member&) const = default;
    };
    using Members = std::map<NodeId, Member>;
    struct Change {
        bool joins = false;
        NodeId id;
        Member member;
    };
    struct Proposal {
        Change change;
        std::map<Address, Height> approvals;
    };

    Effect call_members(const Call& call) override;
    Effect punish(NodeId guilty, uint64_t epoch_of_guilt, const Call& call) override;
    /// What the decisions so far come to; `left` are those that wait for somebody else.
    [[nodiscard]] Members with_decisions(std::vector<Change>* left = nullptr) const;
    [[nodiscard]] std::set<Address> operators() const;
    void forget_stale(Height height);

    Members now_;
    std::set<NodeId> used_;
    std::map<Bytes, Proposal> proposals_;  ///< by their calldata
    std::vector<Change> decided_;
};

std::set<Address> VoteReference::operators() const {
    std::set<Address> all;
    for (const auto& [id, member] : now_) all.insert(member.operator_account);
    return all;
}

VoteReference::Members VoteReference::with_decisions(std::vector<Change>* left) const {
    Members next = now_;
    for (const Change& change : decided_) {
        if (change.joins)
            next.try_emplace(change.id, change.member);
        else if (next.size() > 1)
            next.erase(change.id);
        else if (next.contains(change.id) && left != nullptr)
            left->push_back(change);
    }
    return next;
}

void VoteReference::forget_stale(Height height) {
    const uint64_t age_max = genesis().parameters.approval_blocks_max;
    const std::set<Address> who = operators();
    for (auto& [data, proposal] : proposals_)
        std::erase_if(proposal.approvals, [&](const auto& approval) {
            return height.value - approval.second.value > age_max || !who.contains(approval.first);
        });
    std::erase_if(proposals_, [](const auto& it) { return it.second.approvals.empty(); });
}

VoteReference::Effect VoteReference::call_members(const Call& call) {
    const bool joins =
        is_call_of(call.data, "addMember(uint64,bytes32,bytes32,address,string,uint64)");
    if (!joins && !is_call_of(call.data, "removeMember(uint64)")) return {};
    const Change change{.joins = joins, .id = NodeId(word_at(call.data, 0).low64()), .member = {}};
    const Members next = with_decisions();
    const bool possible =
        joins ? !used_.contains(change.id) : next.contains(change.id) && next.size() > 1;
    if (!operators().contains(call.from) || decided_.size() >= pending_max || !possible) return {};

    forget_stale(call.height);
    const Bytes name = to_bytes(call.data);
    const auto has_approved = [&](const auto& it) {
        return it.second.approvals.contains(call.from);
    };
    const auto known = proposals_.find(name);
    if (known != proposals_.end() && has_approved(*known)) return {};
    if (std::ranges::count_if(proposals_, has_approved) >=
        static_cast<ptrdiff_t>(open_approvals_max))
        return {};
    Proposal& proposal = proposals_[name];
    proposal.change = change;
    if (joins) {
        const auto account = word_at(call.data, 3).to_big_endian();
        const auto operated = Address::from(ByteView(account).last(20));
        if (operated) proposal.change.member = {*operated, word_at(call.data, 5).low64()};
    }
    proposal.approvals[call.from] = call.height;
    if (proposal.approvals.size() > operators().size() / 2) {
        if (joins) used_.insert(change.id);
        decided_.push_back(proposal.change);
        proposals_.erase(name);
    }
    return {.success = true, .paid = {}};
}

VoteReference::Effect VoteReference::punish(NodeId guilty, uint64_t /*epoch_of_guilt*/,
                                            const Call& /*call*/) {
    const bool leaves_already = std::ranges::any_of(
        decided_, [&](const Change& it) { return !it.joins && it.id == guilty; });
    if (now_.contains(guilty) && !leaves_already)
        decided_.push_back({.joins = false, .id = guilty, .member = {}});
    return {.success = true, .paid = {}};
}

U256 VoteReference::close(Height height, const chain::Origin& /*origin*/,
                          const chain::Origin& /*parent*/) {
    if (height.value % genesis().bft.epoch_blocks != 0) return {};
    std::vector<Change> left;
    Members next = with_decisions(&left);
    decided_ = std::move(left);
    if (next == now_) return {};
    now_ = std::move(next);
    forget_stale(height);
    Weights weights;
    for (const auto& [id, member] : now_) weights.emplace(id, member.weight);
    set_weights(std::move(weights));
    return {};
}

}  // namespace

std::unique_ptr<MemberReference> make_vote_reference(const chain::Genesis& genesis) {
    return std::make_unique<VoteReference>(genesis);
}

}  // namespace holdfast::sim
