// Creating, opening and executing: the writing side of the ledger.
#include "ledger/ledger.h"

#include "base/check.h"
#include "chain/errors.h"
#include "crypto/hash.h"
#include "ledger/block_records.h"
#include "ledger/keys.h"
#include "ledger/live_state.h"
#include "ledger/policy.h"
#include "ledger/snapshot.h"
#include "ledger/staking.h"
#include "ledger/staking_store.h"
#include "ledger/transition.h"
#include "ledger/undo.h"
#include "ledger/validators.h"

namespace holdfast::ledger {
namespace {

using env::Column;
using keys::BlockPart;

uint64_t seed_from(const Hash32& hash) {
    return keys::read_big_endian(hash.view());
}

void put(env::Batch& batch, Column column, ByteView key, Bytes value) {
    batch.push_back({column, to_bytes(key), std::move(value)});
}

void put_block(env::Batch& batch, const chain::Block& block,
               const std::vector<chain::Receipt>& receipts, ByteView mark) {
    const Height height = block.header.number;
    batch.push_back({Column::blocks, keys::block_part(BlockPart::header, height),
                     encode_header_record(block.hash, block.header)});
    batch.push_back({Column::blocks, keys::block_part(BlockPart::body, height),
                     encode_body(block.transactions)});
    batch.push_back(
        {Column::blocks, keys::block_part(BlockPart::receipts, height), encode_receipts(receipts)});
    batch.push_back({Column::blocks, keys::block_part(BlockPart::mark, height), to_bytes(mark)});
    put(batch, Column::hashes, block.hash.view(), encode_number(height.value));
    for (uint32_t index = 0; index < block.transactions.size(); ++index) {
        put(batch, Column::hashes, block.transactions[index]->hash.view(),
            encode_place({.height = height, .index = index}));
    }
    put(batch, Column::meta, view_of(keys::head), encode_head({height, block.hash}));
}

void put_members(env::Batch& batch, Height height, const chain::MemberSet& members) {
    Writer out;
    chain::encode(out, members);
    batch.push_back({Column::meta, keys::members_at(height), out.take()});
}

/// The sum of all balances of genesis; null if it does not fit.
std::optional<U256> supply_of(const chain::Genesis& genesis) {
    U256 supply;
    for (const auto& [address, account] : genesis.alloc) {
        const auto sum = checked_add(supply, account.balance);
        if (!sum) return std::nullopt;
        supply = *sum;
    }
    return supply;
}

void put_genesis_state(const chain::Genesis& genesis, const Rules& rules, JournaledState& state) {
    for (const auto& [address, given] : genesis.alloc) {
        chain::Account account = chain::new_account();
        account.nonce = given.nonce;
        account.balance = given.balance;
        if (!given.code.empty()) account.code_hash = crypto::keccak256(given.code);
        state.put_account(address, account, given.code);
        for (const auto& [key, value] : given.storage)
            state.set_storage(address, key, U256::from_big_endian(value.view()).value_or(U256{}));
    }
    chain::Account contract = chain::new_account();
    contract.nonce = 1;  // as every contract's [EIP-161]
    contract.code_hash = crypto::keccak256(native_code_marker);
    for (const Address& address : native_contracts(rules))
        state.put_account(address, contract, to_bytes(ByteView(native_code_marker)));
    store_genesis_members(state, genesis.members);
    if (rules.has_stakes()) store_genesis_stakes(state, genesis);
}

/// What is the same in every block.
chain::Header blank_header(const chain::Genesis& genesis) {
    chain::Header header;
    header.ommers_hash = chain::empty_list_hash();
    header.transactions_root = chain::empty_trie_root();
    header.receipts_root = chain::empty_trie_root();
    header.withdrawals_root = chain::empty_trie_root();
    header.requests_hash = chain::empty_requests_hash();
    header.gas_limit = genesis.gas_limit;
    return header;
}

BlockContext context_of(const chain::Genesis& genesis, const chain::Header& header,
                        WallMillis time_ms) {
    return {.chain_id = genesis.chain_id,
            .number = header.number,
            .timestamp = header.timestamp,
            .time_ms = time_ms,
            .beneficiary = header.beneficiary,
            .gas_limit = header.gas_limit,
            .base_fee = header.base_fee_per_gas,
            .prev_randao = header.prev_randao};
}

/// What the block added to a number that the staking contract counts.
U256 counted_here(const JournaledState& state, const Hash32& slot) {
    const auto slots = state.slots().find(staking_address());
    if (slots == state.slots().end()) return {};
    const auto entry = slots->second.find(slot);
    return entry == slots->second.end() ? U256{} : entry->second.now - entry->second.before;
}

}  // namespace

Ledger::Ledger(env::StateStore& store, const chain::Genesis& genesis, const Hash32& genesis_hash)
    : store_(store), genesis_(genesis), rules_(rules_of(genesis, genesis_hash)) {}

Ledger::~Ledger() = default;

Status Ledger::create(env::StateStore& store, const chain::Genesis& genesis) {
    if (store.get(Column::meta, view_of(keys::genesis)))
        return fail(errc::already_exists, "the store holds a ledger already");
    const auto supply = supply_of(genesis);
    if (!supply)
        return fail(chain::errc::genesis_invalid, "the balances add up to more than 2^256-1");
    const Hash32 genesis_hash = chain::genesis_hash(genesis);
    const Rules rules = rules_of(genesis, genesis_hash);
    for (const Address& address : native_contracts(rules)) {
        if (genesis.alloc.contains(address))
            return fail(chain::errc::genesis_invalid,
                        "alloc uses the address of a native contract");
    }
    chain::Block block{.header = blank_header(genesis), .hash = {}, .transactions = {}};
    chain::Header& header = block.header;
    header.beneficiary = genesis.coinbase;
    header.timestamp = genesis.timestamp;
    header.prev_randao = genesis.mix_hash;
    header.base_fee_per_gas = genesis.fees.base_fee_initial;
    // The payload of block 0 is the genesis object, so the hash of block 0 covers every parameter.
    header.extra_data = chain::encode_extra({.origin = {},
                                             .time_ms = genesis.timestamp * 1000,
                                             .payload_hash = genesis_hash,
                                             .next_members_hash = genesis.members.hash()});
    LiveState live(store, 0);
    JournaledState state(live, context_of(genesis, header, genesis.timestamp * 1000));
    put_genesis_state(genesis, rules, state);
    env::Batch batch;
    header.state_root = live.commit(state, nullptr, batch);
    block.hash = chain::header_hash(header);
    put_block(batch, block, {}, {});
    put_members(batch, Height(0), genesis.members);
    put(batch, Column::meta, view_of(keys::genesis), to_bytes(genesis_hash.view()));
    put(batch, Column::meta, view_of(keys::supply), encode_amount(*supply));
    put(batch, Column::meta, view_of(keys::burnt), encode_amount({}));
    if (rules.has_stakes())
        put(batch, Column::meta, view_of(keys::issued), encode_amount(genesis.founding_stake()));
    put(batch, Column::meta, view_of(keys::lowest_block), encode_number(0));
    put(batch, Column::meta, view_of(keys::state_from), encode_number(0));
    put(batch, Column::meta, view_of(keys::undo_from), encode_number(1));
    store.write(batch);
    store.flush();
    return {};
}

Result<std::unique_ptr<Ledger>> Ledger::open(env::StateStore& store,
                                             const chain::Genesis& genesis) {
    const auto held = store.get(Column::meta, view_of(keys::genesis));
    if (!held) return fail(errc::no_ledger, "run `holdfast init` first");
    const Hash32 genesis_hash = chain::genesis_hash(genesis);
    if (!equal(*held, genesis_hash.view()))
        return fail(errc::wrong_genesis, "the store was made from another genesis");
    std::unique_ptr<Ledger> ledger(new Ledger(store, genesis, genesis_hash));
    SnapshotImport::recover(store);
    if (auto loaded = ledger->load_head(); !loaded) return std::unexpected(loaded.error());
    return ledger;
}

Status Ledger::load_head() {
    const Reader reader = reader_at_head(store_);
    const Height height = reader.head();
    const auto header = reader.header(height);
    const auto members = reader.members(height);
    const auto burnt = meta_amount(store_, keys::burnt);
    if (!header || !members || !burnt)
        return fail(errc::no_ledger, "the store lacks its head block");
    const auto extra = chain::decode_extra(header->extra_data);
    if (!extra) return std::unexpected(extra.error());
    head_ = {.header = *header, .hash = *reader.block_hash(height), .transactions = {}};
    if (auto block = reader.block(height)) head_ = std::move(*block);
    head_time_ms_ = extra->time_ms;
    head_origin_ = extra->origin;
    members_ = *members;
    burnt_ = *burnt;
    issued_ = reader.issued();
    undo_from_ = first_undo(store_, height);
    state_ = std::make_unique<LiveState>(store_, seed_from(head_.hash));
    state_->reset(head_.header.state_root);
    return {};
}

chain::Header Ledger::begin_header(const OrderedPayload& payload) const {
    chain::Header header = blank_header(genesis_);
    header.parent_hash = head_.hash;
    header.beneficiary = payload.fee_recipient;
    header.number = payload.height;
    // Time never goes back, whatever the proposer's clock says.
    header.timestamp = std::max(head_time_ms_, payload.time_ms) / 1000;
    header.base_fee_per_gas = chain::next_base_fee(head_.header, genesis_.fees);
    header.prev_randao = crypto::keccak256(head_.hash.view());
    return header;
}

Executed Ledger::execute(const OrderedPayload& payload) {
    CHECK(payload.height == head().next(), "payloads are executed in order");
    Executed executed{.block = {.header = begin_header(payload), .hash = {}, .transactions = {}},
                      .receipts = {},
                      .left_out = {},
                      .members = members_};
    chain::Header& header = executed.block.header;
    JournaledState state(*state_,
                         context_of(genesis_, header, std::max(head_time_ms_, payload.time_ms)),
                         seed_from(head_.hash));
    U256 burnt_here;
    executed.block.transactions.reserve(payload.transactions.size());
    executed.receipts.reserve(payload.transactions.size());
    for (const TransactionPtr& transaction : payload.transactions) {
        auto applied =
            apply_transaction(state, *transaction, header.gas_limit - header.gas_used, rules_);
        if (!applied) {
            executed.left_out.push_back(
                {transaction, std::move(applied.error().reason), applied.error().may_fit_later});
            continue;
        }
        header.gas_used += applied->gas_used;
        burnt_here += applied->base_fee_burnt;
        chain::Receipt receipt{.type = transaction->transaction.type,
                               .success = applied->success,
                               .cumulative_gas_used = header.gas_used,
                               .logs_bloom = {},
                               .logs = std::move(applied->logs)};
        if (!receipt.logs.empty()) {
            receipt.logs_bloom = chain::bloom_of(receipt.logs);
            chain::add_to(header.logs_bloom, receipt.logs_bloom);
        }
        executed.receipts.push_back(std::move(receipt));
        executed.block.transactions.push_back(transaction);
    }
    close_block(state, rules_, members_, payload.origin, head_origin_);
    seal(payload, state, burnt_here, executed);
    return executed;
}

// What lies above the newest certified block stays, however old: its state is what a peer far
// behind is offered. So does what may be taken back. When certificates come after all, what has
// waited goes a few at a time.
void Ledger::erase_old_undo(Height height, env::Batch& batch) {
    constexpr size_t at_once_max = 4;
    if (height.value <= history_blocks) return;
    const Height upto = std::min(height - history_blocks, reader_at_head(store_).settled());
    if (undo_from_ > upto) return;
    for (size_t i = 0; i < at_once_max && undo_from_ <= upto; ++i) {
        erase_undo(store_, undo_from_, batch);
        ++undo_from_;
    }
    put(batch, Column::meta, view_of(keys::undo_from), encode_number(undo_from_.value));
}

void Ledger::seal(const OrderedPayload& payload, JournaledState& state, const U256& burnt_here,
                  Executed& executed) {
    // Only calls of the contract touch its storage, so most blocks need not look.
    if (state.slots().contains(validators_address()) &&
        load_members_epoch(state) != members_.epoch) {
        executed.members = load_members(state);
        executed.members_changed = true;
    }
    chain::Header& header = executed.block.header;
    const WallMillis time_ms = state.block().time_ms;
    header.extra_data = chain::encode_extra({.origin = payload.origin,
                                             .time_ms = time_ms,
                                             .payload_hash = payload.payload_hash,
                                             .next_members_hash = executed.members.hash()});
    if (!executed.receipts.empty()) {
        header.transactions_root = chain::transactions_root(executed.block.transactions);
        header.receipts_root = chain::receipts_root(executed.receipts);
    }
    env::Batch batch;
    batch.reserve(executed.receipts.size() * 8 + 64);
    UndoRecorder undo;
    header.state_root = state_->commit(state, &undo, batch);
    executed.block.hash = chain::header_hash(header);
    put_block(batch, executed.block, executed.receipts, payload.mark);
    if (executed.members_changed) put_members(batch, payload.height, executed.members);
    const U256 lost = burnt_here + counted_here(state, slashed_slot());
    const auto keep_sum = [&](std::string_view key) {
        undo.add(Column::meta, view_of(key), store_.get(Column::meta, view_of(key)));
    };
    if (!lost.is_zero()) {
        keep_sum(keys::burnt);
        burnt_ += lost;
        put(batch, Column::meta, view_of(keys::burnt), encode_amount(burnt_));
    }
    if (const U256 made = counted_here(state, issued_slot()); !made.is_zero()) {
        keep_sum(keys::issued);
        issued_ += made;
        put(batch, Column::meta, view_of(keys::issued), encode_amount(issued_));
    }
    undo.finish(payload.height, batch);
    erase_old_undo(payload.height, batch);
    store_.write(batch);

    head_ = executed.block;
    head_time_ms_ = time_ms;
    head_origin_ = payload.origin;
    members_ = executed.members;
}

void Ledger::prune(Height keep_from) {
    Height upto = std::min(keep_from, head());
    // What may be taken back names the transactions that then wait again; and the block that would
    // be the head has the mark that the engine goes on from.
    if (genesis_.engine == chain::EngineKind::pow)
        upto = std::min(upto, reader_at_head(store_).final());
    prune_bodies(store_, upto);
}

// Blocks above the newest certified one were executed here, but their certificates are not here.
void Ledger::begin_import() {
    const Reader reader = reader_at_head(store_);
    const Height trusted = reader.certified();
    auto members = reader.members(trusted);
    CHECK(members.has_value(), "the members of every height here are known");
    import_ = std::make_unique<SnapshotImport>(
        store_, rules_,
        chain::MemberHistory(std::move(*members), trusted, reader.genesis(),
                             genesis_.quorum_rule()));
}

Status Ledger::import_history(const std::vector<chain::MemberChange>& changes) {
    if (import_ == nullptr) return fail(errc::bad_snapshot, "no import has begun");
    for (const chain::MemberChange& change : changes)
        if (auto good = import_->follow(change); !good) return good;
    return {};
}

Height Ledger::import_history_at() const {
    return import_ == nullptr ? head() : import_->history().at();
}

Status Ledger::check_attested(const chain::CertifiedHeader& block) const {
    if (import_ == nullptr) return fail(errc::bad_snapshot, "no import has begun");
    return import_->history().check(block);
}

Status Ledger::import_chunk(ByteView chunk) {
    if (import_ == nullptr) return fail(errc::bad_snapshot, "no import has begun");
    return import_->add(chunk);
}

Status Ledger::finish_import(const chain::CertifiedHeader& block, const chain::MemberSet& members,
                             ByteView mark) {
    if (import_ == nullptr) return fail(errc::bad_snapshot, "no import has begun");
    const std::unique_ptr<SnapshotImport> import = std::move(import_);
    if (block.header.number <= head()) return fail(errc::bad_snapshot, "not above the head");
    if (auto done = import->finish(block, members, mark); !done) return done;
    return load_head();
}

}  // namespace holdfast::ledger
