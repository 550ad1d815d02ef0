// For tests: a ledger with epochs, whose payloads come from whose turn it is.
#pragma once

#include <set>

#include "chain/statement.h"
#include "ledger/abi.h"
#include "ledger/faults.h"
#include "ledger/staking.h"
#include "ledger/test_chain.h"

namespace holdfast::ledger::testing {

inline constexpr uint64_t epoch_blocks = 4;

/// Members 1..members with weight 1 each; accounts 0..15 own 1000 ether; epochs of four blocks.
inline chain::Genesis epoch_genesis(chain::Policy policy, uint64_t members = 4) {
    chain::Genesis genesis = make_genesis(16, members);
    genesis.engine = chain::EngineKind::bft;
    genesis.bft.policy = policy;
    genesis.bft.epoch_blocks = epoch_blocks;
    genesis.bft.evidence_epochs_max = 2;
    if (policy == chain::Policy::poa) return genesis;
    genesis.bft.unbonding_epochs = 3;
    genesis.bft.committee_max = 4;
    genesis.bft.slash_per_mille = 100;
    genesis.bft.jail_epochs = 2;
    return genesis;
}

/// Two votes of one kind in one view, signed by member `id`.
inline chain::Evidence lie_of(uint64_t id, uint64_t epoch, uint64_t view, const Hash32& genesis) {
    chain::Evidence evidence{.guilty = NodeId(id), .first = {}, .second = {}};
    uint8_t digest = 1;
    for (chain::SignedStatement* part : {&evidence.first, &evidence.second}) {
        part->statement = {.kind = chain::StatementKind::notarize, .epoch = epoch, .view = view};
        part->statement.digest.bytes[0] = digest++;
        part->signature = member_key(id).sign(chain::statement_bytes(genesis, part->statement));
    }
    return evidence;
}

class EpochChain {
  public:
    explicit EpochChain(chain::Genesis genesis)
        : chain(std::move(genesis)), genesis_hash(chain::genesis_hash(chain.genesis())) {}

    /// Of the next block.
    [[nodiscard]] uint64_t epoch() {
        return chain::epoch_of(chain.ledger().head().next(), epoch_length());
    }
    /// The next block; whose turn it is and who is in `silent` lets it pass.
    Executed next(std::vector<TransactionPtr> transactions = {},
                  const std::set<uint64_t>& silent = {}) {
        OrderedPayload payload = chain.payload(std::move(transactions));
        const auto head = chain::decode_extra(chain.ledger().head_block().header.extra_data);
        const uint64_t now = epoch();
        uint64_t view = head->origin.epoch == now ? head->origin.view : 0;
        const auto turns = chain::turns_of(chain.ledger().members());
        NodeId leader;
        do {
            leader = chain::leader_of(turns, now, ++view);
        } while (silent.contains(leader.value));
        payload.origin = {.proposer = leader, .epoch = now, .view = view};
        return last = chain.ledger().execute(payload);
    }
    /// Blocks until the newest ends an epoch.
    Executed end_epoch(const std::set<uint64_t>& silent = {}) {
        do {
            next({}, silent);
        } while (!chain::is_boundary(chain.ledger().head(), epoch_length()));
        return last;
    }
    void end_epochs(uint64_t count) {
        for (uint64_t i = 0; i < count; ++i) end_epoch();
    }

    /// A block with one call; true if the call succeeded.
    bool call(uint64_t from, const Address& to, const Bytes& data, const U256& value = {}) {
        next({make_transaction({.from = from,
                                .nonce = chain.account(account_address(from)).nonce,
                                .to = to,
                                .value = value,
                                .data = data,
                                .gas_limit = 5'000'000})});
        CHECK(last.receipts.size() == 1, "the call is in the block");
        return last.receipts[0].success;
    }
    bool stake(uint64_t from, const Bytes& data, const U256& value = {}) {
        return call(from, staking_address(), data, value);
    }
    bool accuse(uint64_t from, const chain::Evidence& evidence) {
        return call(from, faults_address(), encode_accuse(evidence));
    }
    chain::Evidence lie(uint64_t id, uint64_t of_epoch, uint64_t view = 1) const {
        return lie_of(id, of_epoch, view, genesis_hash);
    }
    /// The reason for which a call would revert now; empty if it would not.
    std::string reason(uint64_t from, const Address& to, const Bytes& data,
                       const U256& value = {}) {
        const auto result =
            simulate(chain.reader(), chain.genesis(), chain.ledger().head(),
                     {.from = account_address(from), .to = to, .value = value, .data = data});
        if (!result) return std::string(result.error().code.name);
        return result->success ? "" : abi::decode_revert(result->output).value_or("?");
    }
    /// What a view answers, as words.
    std::vector<U256> view(const Address& to, const Bytes& data) {
        const auto result = simulate(chain.reader(), chain.genesis(), chain.ledger().head(),
                                     {.from = account_address(0), .to = to, .data = data});
        CHECK(result && result->success, "the view answers");
        std::vector<U256> words;
        for (size_t at = 0; at + 32 <= result->output.size(); at += 32) {
            const ByteView word = ByteView(result->output).subspan(at, 32);
            words.push_back(U256::from_big_endian(word).value());
        }
        return words;
    }
    U256 stake_of(uint64_t id) {
        return view(staking_address(), encode_candidate_call(NodeId(id))).at(2);
    }
    U256 worth(uint64_t id, uint64_t account) {
        return view(staking_address(), encode_holding_call(NodeId(id), account_address(account)))
            .at(1);
    }
    U256 balance(const Address& address) const { return chain.account(address).balance; }

    std::vector<uint64_t> ids() {
        std::vector<uint64_t> result;
        for (const auto& member : chain.ledger().members().members)
            result.push_back(member.id.value);
        return result;
    }
    std::vector<uint64_t> weights() {
        std::vector<uint64_t> result;
        for (const auto& member : chain.ledger().members().members) result.push_back(member.weight);
        return result;
    }
    uint64_t changes() { return chain.ledger().members().epoch; }

    TestChain chain;
    Hash32 genesis_hash;
    Executed last;

  private:
    [[nodiscard]] uint64_t epoch_length() const { return chain.genesis().bft.epoch_blocks; }
};

inline Bytes bond_of(uint64_t id) {
    const chain::Member member = make_member(id);
    return encode_bond(member.id, member.voting_key, member.transport_key, member.endpoint);
}

using Ids = std::vector<uint64_t>;

}  // namespace holdfast::ledger::testing
