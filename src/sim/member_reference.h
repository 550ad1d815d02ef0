// Who takes part in Byzantine agreement, by a second opinion: docs/membership.md written down once
// more, from the transactions of the chain alone. It shares no rule with ledger/.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "chain/genesis.h"
#include "chain/statement.h"

namespace holdfast::sim {

/// What the staking contract lets go of, of its own accord; burnt if to nobody.
struct Paid {
    std::optional<Address> to;
    U256 amount;
    bool operator==(const Paid&) const = default;
};

class MemberReference {
  public:
    /// A transaction's call of a native contract, with gas enough.
    struct Call {
        Height height;  ///< of the block that it is in
        Address from;
        Address to;
        U256 value;
        ByteView data;
    };
    struct Effect {
        bool success = false;
        std::vector<Paid> paid;
        bool operator==(const Effect&) const = default;
    };
    using Weights = std::map<NodeId, uint64_t>;

    explicit MemberReference(const chain::Genesis& genesis);
    virtual ~MemberReference() = default;
    MemberReference(const MemberReference&) = delete;
    MemberReference& operator=(const MemberReference&) = delete;

    Effect call(const Call& call);
    /// The block ends; what it issued to the stake behind its proposer.
    virtual U256 close(Height height, const chain::Origin& origin, const chain::Origin& parent) = 0;
    /// What the staking contract must have.
    [[nodiscard]] virtual U256 held() const { return {}; }
    /// In force for the next block.
    [[nodiscard]] const Weights& weights() const { return weights_; }
    /// Whom execution has found guilty, and how often.
    [[nodiscard]] const std::map<NodeId, uint64_t>& guilts() const { return guilts_; }
    [[nodiscard]] bool was_proven(const chain::Evidence& evidence) const;
    [[nodiscard]] bool is_too_old(const chain::Evidence& evidence, Height height) const;

  protected:
    [[nodiscard]] uint64_t epoch_of(Height height) const;
    void set_weights(Weights weights);
    [[nodiscard]] const chain::Genesis& genesis() const { return genesis_; }

  private:
    virtual Effect call_members(const Call& call) = 0;
    virtual Effect punish(NodeId guilty, uint64_t epoch_of_guilt, const Call& call) = 0;
    Effect accuse(const Call& call);
    [[nodiscard]] bool proves(const chain::Evidence& evidence) const;

    const chain::Genesis& genesis_;
    Hash32 genesis_hash_;
    Weights weights_;
    std::set<NodeId> ever_members_;
    std::set<std::tuple<NodeId, uint64_t, uint64_t>> proven_;  ///< in an epoch, in a view
    std::map<NodeId, uint64_t> guilts_;
};

/// The policy of genesis.
std::unique_ptr<MemberReference> make_member_reference(const chain::Genesis& genesis);
std::unique_ptr<MemberReference> make_vote_reference(const chain::Genesis& genesis);
std::unique_ptr<MemberReference> make_stake_reference(const chain::Genesis& genesis);

/// Calldata: whose first four bytes are these, and its words behind them, zero beyond the end.
bool is_call_of(ByteView data, std::string_view signature);
U256 word_at(ByteView data, size_t index);

}  // namespace holdfast::sim
