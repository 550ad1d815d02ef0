// Reading the state at the head, and sealing a block's changes into a batch.
#include "ledger/live_state.h"

#include <algorithm>

#include "base/check.h"
#include "chain/rlp.h"
#include "crypto/hash.h"
#include "ledger/keys.h"
#include "ledger/undo.h"

namespace holdfast::ledger {
namespace {

using env::Column;

U256 slot_from(const std::optional<Bytes>& stored) {
    if (!stored) return {};
    const auto value = U256::from_big_endian(*stored);
    CHECK(value.has_value(), "the store gives back the slots that we wrote");
    return *value;
}

/// Null for an account that is not stored.
std::optional<Bytes> stored_form(const chain::Account& account) {
    if (account.is_empty()) return std::nullopt;
    return chain::encode_account(account);
}

std::optional<Bytes> stored_form(const U256& slot) {
    if (slot.is_zero()) return std::nullopt;
    return slot.to_minimal_bytes();
}

// Writes the nodes that an update changed. `read` holds what the update found on its way; nodes
// that it wrote without reading were looked for by no one yet.
template <class OldNode>
void put_nodes(const chain::NodeChanges& changes, Column column, ByteView prefix,
               const OldNode& old_node, UndoRecorder* undo, env::Batch& batch) {
    for (const auto& [path, node] : changes) {
        Bytes key = prefix.empty() ? path : keys::joined(prefix, path);
        if (undo != nullptr) undo->add(column, key, old_node(path));
        batch.push_back({column, std::move(key), node});
    }
}

// Brings one account's storage trie up to date and returns its new root.
Hash32 commit_slots(const env::StateView& store, const Hash32& account_key,
                    const JournaledState::Slots& slots, const Hash32& old_root, UndoRecorder* undo,
                    env::Batch& batch) {
    std::map<Hash32, std::optional<Bytes>> changes;
    for (const auto& [slot_key, slot] : slots) {
        if (slot.before == slot.now) continue;
        const Hash32 hashed = crypto::keccak256(slot_key.view());
        changes.emplace(hashed, slot_trie_value(slot.now));
        Bytes key = keys::joined(account_key.view(), hashed.view());
        if (undo != nullptr) undo->add(Column::slots, key, stored_form(slot.before));
        batch.push_back({Column::slots, std::move(key), stored_form(slot.now)});
    }
    if (changes.empty()) return old_root;
    const auto read = [&](ByteView path) {
        return store.get(Column::slot_trie, keys::joined(account_key.view(), path));
    };
    const chain::TrieUpdate update = chain::update_trie(read, changes);
    put_nodes(update.nodes, Column::slot_trie, account_key.view(), read, undo, batch);
    return update.root;
}

}  // namespace

chain::Account account_from(const std::optional<Bytes>& stored) {
    if (!stored) return chain::new_account();
    auto account = chain::decode_account(*stored);
    CHECK(account.has_value(), "the store gives back the accounts that we wrote");
    return *account;
}

std::optional<Bytes> slot_trie_value(const U256& value) {
    if (value.is_zero()) return std::nullopt;
    chain::rlp::Encoder encoder;
    encoder.number(value);
    return encoder.take();
}

LiveState::LiveState(const env::StateView& store, uint64_t seed)
    : store_(store),
      root_(chain::empty_trie_root()),
      accounts_(cached_accounts_max, AddressHasher{seed}),
      nodes_(cached_nodes_max, PathHasher{}) {}

KeyedAccount LiveState::account(const Address& address) {
    if (const KeyedAccount* cached = accounts_.find(address)) return *cached;
    const Hash32 key = crypto::keccak256(address.view());
    return accounts_.put(address, {key, account_from(store_.get(Column::accounts, key.view()))});
}

U256 LiveState::slot(const Hash32& account_key, const Hash32& slot_key) {
    return slot_from(store_.get(Column::slots, keys::joined(account_key.view(), slot_key.view())));
}

Bytes LiveState::code(const Hash32& code_hash) {
    return store_.get(Column::code, code_hash.view()).value_or(Bytes{});
}

const std::optional<Bytes>& LiveState::node(const Bytes& path) {
    if (const auto* cached = nodes_.find(path)) return *cached;
    return nodes_.put(path, store_.get(Column::account_trie, path));
}

void LiveState::reset(const Hash32& root) {
    root_ = root;
    accounts_.clear();
    nodes_.clear();
}

Hash32 LiveState::commit(const JournaledState& state, UndoRecorder* undo, env::Batch& batch) {
    std::map<Hash32, std::optional<Bytes>> changes;
    for (const auto& [hash, code] : state.new_code()) {
        if (undo != nullptr)
            undo->add(Column::code, hash.view(), store_.get(Column::code, hash.view()));
        batch.push_back({Column::code, to_bytes(hash.view()), code});
    }

    // The order of the table does not matter: everything below goes through sorted maps or into a
    // batch that is applied as one.
    for (const auto& [address, entry] : state.accounts()) {
        chain::Account now = entry.now;
        if (const auto slots = state.slots().find(address); slots != state.slots().end()) {
            now.storage_root = commit_slots(store_, entry.before.key, slots->second,
                                            now.storage_root, undo, batch);
        }
        if (now == entry.before.account) continue;
        auto stored = stored_form(now);
        if (undo != nullptr)
            undo->add(Column::accounts, entry.before.key.view(), stored_form(entry.before.account));
        changes.emplace(entry.before.key, std::move(stored));
        accounts_.put(address, {entry.before.key, now});
    }
    // In the order of their keys, which is what a store takes fastest.
    for (const auto& [key, stored] : changes)
        batch.push_back({Column::accounts, to_bytes(key.view()), stored});
    if (!changes.empty()) {
        const chain::TrieUpdate update = chain::update_trie(
            [this](ByteView path) -> std::optional<Bytes> { return node(to_bytes(path)); },
            changes);
        put_nodes(
            update.nodes, Column::account_trie, {},
            [this](const Bytes& path) -> const std::optional<Bytes>& { return node(path); }, undo,
            batch);
        for (const auto& [path, node] : update.nodes) nodes_.put(path, node);
        root_ = update.root;
    }
    return root_;
}

KeyedAccount PastState::account(const Address& address) {
    const Hash32 key = crypto::keccak256(address.view());
    return {key, account_from(get_at(view_, Column::accounts, key.view(), height_, head_))};
}

U256 PastState::slot(const Hash32& account_key, const Hash32& slot_key) {
    const Bytes key = keys::joined(account_key.view(), slot_key.view());
    return slot_from(get_at(view_, Column::slots, key, height_, head_));
}

Bytes PastState::code(const Hash32& code_hash) {
    // Named by its hash, so never overwritten.
    return view_.get(Column::code, code_hash.view()).value_or(Bytes{});
}

}  // namespace holdfast::ledger
