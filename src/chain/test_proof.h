// For tests: a small ledger's headers, certified, with two changes of members, and proofs of it.
#pragma once

#include "base/check.h"
#include "chain/proof.h"
#include "chain/trie.h"
#include "crypto/hash.h"

namespace holdfast::chain::testing {

inline crypto::NodeKey voting_key(uint64_t id) {
    crypto::NodeSeed seed;
    seed.bytes[0] = static_cast<uint8_t>(id);
    return crypto::NodeKey(seed);
}
inline Member proof_member(uint64_t id, uint64_t weight) {
    Member member;
    member.id = NodeId(id);
    member.voting_key = voting_key(id).public_key();
    member.transport_key.bytes[0] = static_cast<uint8_t>(id);
    member.operator_account.bytes[0] = static_cast<uint8_t>(id);
    member.endpoint = fmt::format("node{}:7000", id);
    member.weight = weight;
    return member;
}

/// Members 1 to 4 of weight 1; from block 5 on also member 5, of weight 4; from block 9 on without
/// member 1. Block 12 has three transactions.
class ProofWorld {
  public:
    explicit ProofWorld(EngineKind engine) {
        genesis.chain_id = 4242;
        genesis.engine = engine;
        for (uint64_t id = 1; id <= 4; ++id) genesis.members.members.push_back(proof_member(id, 1));
        sets = {genesis.members, genesis.members, {}};
        sets[1].epoch = 1;
        sets[1].members.push_back(proof_member(5, 4));
        sets[2] = sets[1];
        sets[2].epoch = 2;
        sets[2].members.erase(sets[2].members.begin());
        fill_state();
        fill_block();
    }

    /// Attested by `signers`, as members of `sets[set]`.
    [[nodiscard]] std::vector<std::pair<NodeId, crypto::NodeSignature>> sign(
        const Header& header, size_t set, const std::vector<uint64_t>& signers) const {
        std::vector<std::pair<NodeId, crypto::NodeSignature>> result;
        result.reserve(signers.size());
        for (const uint64_t id : signers)
            result.emplace_back(NodeId(id),
                                attest(voting_key(id), NodeId(id), genesis_hash(genesis),
                                       sets[set].epoch, header.number, header_hash(header))
                                    .signature);
        return result;
    }
    [[nodiscard]] Header header_at(uint64_t number, size_t next_set) const {
        Header header;
        header.number = Height(number);
        header.state_root = crypto::keccak256(Bytes{static_cast<uint8_t>(number)});
        header.extra_data =
            encode_extra({.origin = {.proposer = NodeId(2), .epoch = 0, .view = number},
                          .time_ms = 1'700'000'000'000 + number,
                          .payload_hash = {},
                          .next_members_hash = sets[next_set].hash()});
        return header;
    }
    [[nodiscard]] Proof proof(Claim claim) const {
        const Header first = header_at(5, 1);
        const Header second = header_at(9, 2);
        Header block = header_at(12, 2);
        block.state_root = state.root;
        std::vector<ByteView> raw(transactions.begin(), transactions.end());
        std::vector<ByteView> results(receipts.begin(), receipts.end());
        block.transactions_root = ordered_trie_root(raw);
        block.receipts_root = ordered_trie_root(results);
        return {.genesis = genesis,
                .history = {{{first, sign(first, 0, {1, 3, 4})}, sets[1]},
                            {{second, sign(second, 1, {1, 2, 5})}, sets[2]}},
                .block = {block, sign(block, 2, {2, 5})},
                .claim = std::move(claim)};
    }
    [[nodiscard]] AccountClaim account_claim(const Address& address) const {
        return {.address = address,
                .account_proof = path(state, crypto::keccak256(address.view()))};
    }
    [[nodiscard]] SlotClaim slot_claim(const Address& address, const Hash32& key) const {
        return {.address = address,
                .slot = key,
                .account_proof = path(state, crypto::keccak256(address.view())),
                .slot_proof = address == contract ? path(storage, crypto::keccak256(key.view()))
                                                  : TriePath{}};
    }
    [[nodiscard]] ReceiptClaim receipt_claim(uint64_t index) const {
        return {.transaction = crypto::keccak256(transactions[index]),
                .index = index,
                .transaction_proof = prove_ordered(
                    std::vector<ByteView>(transactions.begin(), transactions.end()), index),
                .receipt_proof =
                    prove_ordered(std::vector<ByteView>(receipts.begin(), receipts.end()), index)};
    }

    Genesis genesis;
    std::vector<MemberSet> sets;
    Address rich{{0x11}}, contract{{0x22}}, nobody{{0x99}};
    Hash32 slot{{7}}, empty_slot{{8}};
    TrieUpdate state, storage;
    std::vector<Bytes> transactions, receipts;

  private:
    static TriePath path(const TrieUpdate& trie, const Hash32& key) {
        return prove(
            [&trie](ByteView at) -> std::optional<Bytes> {
                const auto found = trie.nodes.find(to_bytes(at));
                return found == trie.nodes.end() ? std::nullopt : found->second;
            },
            key);
    }
    void fill_state() {
        const NodeSource nothing = [](ByteView) { return std::nullopt; };
        std::map<Hash32, std::optional<Bytes>> slots, accounts;
        // 0x8405f5e100 is RLP of 100,000,000.
        slots[crypto::keccak256(slot.view())] = Bytes{0x84, 0x05, 0xf5, 0xe1, 0x00};
        for (uint8_t i = 0; i < 20; ++i)
            slots[crypto::keccak256(Bytes{i})] = Bytes{static_cast<uint8_t>(i + 1)};
        storage = update_trie(nothing, slots);
        Account account = new_account();
        account.balance = U256(1'000'000);
        account.nonce = 3;
        accounts[crypto::keccak256(rich.view())] = encode_account(account);
        account = new_account();
        account.storage_root = storage.root;
        accounts[crypto::keccak256(contract.view())] = encode_account(account);
        for (uint8_t i = 0; i < 40; ++i)
            accounts[crypto::keccak256(Bytes{1, i})] = encode_account(new_account());
        state = update_trie(nothing, accounts);
    }
    void fill_block() {
        crypto::SecretKey key;
        key.bytes[31] = 1;
        for (uint64_t nonce = 0; nonce < 3; ++nonce) {
            Transaction transaction;
            transaction.chain_id = genesis.chain_id;
            transaction.nonce = nonce;
            transaction.max_fee_per_gas = U256(1'000'000'000);
            transaction.gas_limit = 21'000;
            transaction.to = rich;
            transaction.value = U256(nonce + 1);
            CHECK(sign_transaction(transaction, key).has_value(), "a good key");
            transactions.push_back(encode_transaction(transaction));
            Receipt receipt{.type = TxType::dynamic_fee,
                            .success = nonce != 1,
                            .cumulative_gas_used = 21'000 * (nonce + 1),
                            .logs_bloom = {},
                            .logs = {}};
            if (nonce == 2)
                receipt.logs.push_back({.address = contract, .topics = {slot}, .data = {1, 2}});
            receipt.logs_bloom = bloom_of(receipt.logs);
            receipts.push_back(encode_receipt(receipt));
        }
    }
};

}  // namespace holdfast::chain::testing
