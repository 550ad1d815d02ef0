// For tests: a ledger in memory with funded accounts, and short ways to make transactions for it.
#pragma once

#include <gtest/gtest.h>

#include "base/check.h"
#include "chain/trie.h"
#include "crypto/hash.h"
#include "env/memory_store.h"
#include "ledger/ledger.h"
#include "ledger/prove.h"
#include "ledger/validators.h"

namespace holdfast::ledger::testing {

inline const U256 ether{1'000'000'000'000'000'000};
inline const U256 gwei{1'000'000'000};

inline crypto::SecretKey secret_key(uint64_t number) {
    crypto::SecretKey key;
    for (size_t i = 0; i < 8; ++i)
        key.bytes[31 - i] = static_cast<uint8_t>((number + 1) >> (8 * i));
    return key;
}
inline Address account_address(uint64_t number) {
    return crypto::address_of(crypto::public_key(secret_key(number)).value());
}
inline Address plain_address(uint64_t number) {
    Address address;
    address.bytes[0] = 0xaa;
    for (size_t i = 0; i < 8; ++i) address.bytes[19 - i] = static_cast<uint8_t>(number >> (8 * i));
    return address;
}

/// Member `id`, operated by account `id`.
inline chain::Member make_member(uint64_t id) {
    crypto::NodeSeed voting, transport;
    voting.bytes[0] = transport.bytes[0] = static_cast<uint8_t>(id);
    transport.bytes[1] = 1;
    return {.id = NodeId(id),
            .voting_key = crypto::NodeKey(voting).public_key(),
            .transport_key = crypto::NodeKey(transport).public_key(),
            .operator_account = account_address(id),
            .endpoint = "node" + std::to_string(id) + ".example:7000",
            .weight = 1};
}
inline crypto::NodeKey member_key(uint64_t id) {
    crypto::NodeSeed voting;
    voting.bytes[0] = static_cast<uint8_t>(id);
    return crypto::NodeKey(voting);
}

/// `accounts` accounts of 1000 ether, members 1..members.
inline chain::Genesis make_genesis(uint64_t accounts = 8, uint64_t members = 3) {
    chain::Genesis genesis;
    genesis.chain_id = 4242;
    genesis.timestamp = 1'700'000'000;
    for (uint64_t i = 0; i < accounts; ++i)
        genesis.alloc[account_address(i)].balance = ether * U256(1000);
    for (uint64_t id = 1; id <= members; ++id) genesis.members.members.push_back(make_member(id));
    return genesis;
}

struct TxFields {
    uint64_t from = 0;
    uint64_t nonce = 0;
    std::optional<Address> to;
    U256 value;
    Bytes data;
    uint64_t gas_limit = 21'000;
    U256 tip = gwei;
    U256 cap = gwei * U256(100);
};

inline TransactionPtr make_transaction(const TxFields& fields, uint64_t chain_id = 4242) {
    chain::Transaction transaction;
    transaction.type = chain::TxType::dynamic_fee;
    transaction.chain_id = chain_id;
    transaction.nonce = fields.nonce;
    transaction.max_priority_fee_per_gas = fields.tip;
    transaction.max_fee_per_gas = fields.cap;
    transaction.gas_limit = fields.gas_limit;
    transaction.to = fields.to;
    transaction.value = fields.value;
    transaction.data = fields.data;
    const auto signed_well = chain::sign_transaction(transaction, secret_key(fields.from));
    CHECK(signed_well.has_value(), "test keys are good");
    auto recovered = std::make_shared<chain::RecoveredTransaction>();
    recovered->raw = chain::encode_transaction(transaction);
    recovered->hash = crypto::keccak256(recovered->raw);
    recovered->sender = account_address(fields.from);
    recovered->transaction = std::move(transaction);
    return recovered;
}

class TestChain {
  public:
    explicit TestChain(chain::Genesis genesis = make_genesis())
        : store(std::make_shared<env::MemoryStore>()), genesis_(std::move(genesis)) {
        CHECK(Ledger::create(*store, genesis_), "the test genesis is good");
        reopen();
    }
    void reopen() {
        ledger_.reset();
        auto opened = Ledger::open(*store, genesis_);
        CHECK(opened.has_value(), "the test ledger opens");
        ledger_ = std::move(*opened);
    }
    Ledger& ledger() { return *ledger_; }
    [[nodiscard]] const chain::Genesis& genesis() const { return genesis_; }
    [[nodiscard]] Reader reader() const { return Reader(store->snapshot()); }

    OrderedPayload payload(std::vector<TransactionPtr> transactions) {
        const Height height = ledger_->head().next();
        return {.height = height,
                .time_ms = genesis_.timestamp * 1000 + height.value * 500,
                .fee_recipient = plain_address(0xfee),
                .payload_hash = crypto::sha256(keys_of(height)),
                .origin = {.proposer = NodeId(1), .epoch = 0, .view = 1},
                .mark = {1, 2, 3},
                .transactions = std::move(transactions)};
    }
    Executed execute(std::vector<TransactionPtr> transactions) {
        return ledger_->execute(payload(std::move(transactions)));
    }
    [[nodiscard]] chain::Account account(const Address& address) const {
        const Reader now = reader();
        return now.account(address, now.head()).value();
    }
    /// The block, attested by all who were members before it.
    [[nodiscard]] chain::CertifiedHeader attested(Height height) const {
        const Reader now = reader();
        chain::CertifiedHeader block{.header = now.header(height).value(), .signatures = {}};
        const Hash32 hash = chain::header_hash(block.header);
        const auto set = now.members(height.previous()).value();
        for (const chain::Member& member : set.members)
            block.signatures.emplace_back(
                member.id, chain::attest(member_key(member.id.value), member.id, now.genesis(),
                                         set.epoch, height, hash)
                               .signature);
        return block;
    }
    void certify_head() {
        put_certificate(*store, chain::certificate_of(attested(ledger_->head())));
    }
    void certify_all() {
        for (Height height(1); height <= ledger_->head(); ++height)
            if (reader().header(height))
                put_certificate(*store, chain::certificate_of(attested(height)));
    }
    /// Expects that `verify` finds nothing.
    void expect_sound() const {
        const VerifyReport report = verify(reader(), genesis_, {});
        for (const std::string& problem : report.problems) ADD_FAILURE() << problem;
    }

    std::shared_ptr<env::MemoryStore> store;

  private:
    static Bytes keys_of(Height height) { return {static_cast<uint8_t>(height.value)}; }
    chain::Genesis genesis_;
    std::unique_ptr<Ledger> ledger_;
};

/// Every change of members from what the target trusts to who attested the source's head.
inline Status take_history(Ledger& target, const Reader& source) {
    const Height upto = source.head().previous();
    while (true) {
        const auto page = member_changes_after(source, target.import_history_at(), upto);
        if (!page) return std::unexpected(page.error());
        if (page->empty()) return {};
        if (auto good = target.import_history(*page); !good) return good;
    }
}

/// The source's head, whole.
inline Status take_snapshot(Ledger& target, const TestChain& source, size_t bytes_max = 500) {
    const Reader reader = source.reader();
    target.begin_import();
    if (auto good = take_history(target, reader); !good) return good;
    Bytes cursor;
    do {
        if (auto good = target.import_chunk(export_chunk(reader, cursor, bytes_max)); !good)
            return good;
    } while (!cursor.empty());
    return target.finish_import(source.attested(reader.head()), *reader.members(reader.head()), {});
}

}  // namespace holdfast::ledger::testing
