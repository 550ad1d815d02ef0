// The state at the head: the flat columns and the tries of the store, behind bounded caches. Turns
// the changes of a block into the writes that keep both in step, and the undo records beside them.
#pragma once

#include "chain/trie.h"
#include "env/state_store.h"
#include "ledger/generation_cache.h"
#include "ledger/journaled_state.h"

namespace holdfast::ledger {

/// About 250 and 500 bytes each.
inline constexpr size_t cached_accounts_max = 1 << 17;
inline constexpr size_t cached_nodes_max = 1 << 17;

class UndoRecorder;

class LiveState final : public StateSource {
  public:
    /// `seed` makes the cache's table unpredictable to those who choose addresses.
    LiveState(const env::StateView& store, uint64_t seed);

    KeyedAccount account(const Address& address) override;
    U256 slot(const Hash32& account_key, const Hash32& slot_key) override;
    Bytes code(const Hash32& code_hash) override;

    /// Appends the writes that turn the stored state into `state`, tells `undo` (unless null) what
    /// they overwrite, and returns the new state root. The caches then hold the new state: the
    /// batch must be written.
    Hash32 commit(const JournaledState& state, UndoRecorder* undo, env::Batch& batch);
    [[nodiscard]] const Hash32& root() const { return root_; }
    void set_root(const Hash32& root) { root_ = root; }
    /// Forgets everything cached: the store was changed behind its back.
    void reset(const Hash32& root);

  private:
    struct PathHasher {
        size_t operator()(const Bytes& path) const noexcept {
            return std::hash<std::string_view>{}(text_of(path));
        }
    };
    /// Valid until the next call.
    const std::optional<Bytes>& node(const Bytes& path);

    const env::StateView& store_;
    Hash32 root_;
    GenerationCache<Address, KeyedAccount, AddressHasher> accounts_;
    GenerationCache<Bytes, std::optional<Bytes>, PathHasher> nodes_;  ///< of the account trie
};

/// A reader's state after one height: the same door, for calls on the past.
class PastState final : public StateSource {
  public:
    PastState(const env::StateView& view, Height height, Height head)
        : view_(view), height_(height), head_(head) {}
    KeyedAccount account(const Address& address) override;
    U256 slot(const Hash32& account_key, const Hash32& slot_key) override;
    Bytes code(const Hash32& code_hash) override;

  private:
    const env::StateView& view_;
    Height height_, head_;
};

/// The account as column `accounts` holds it; a new one if it holds none.
chain::Account account_from(const std::optional<Bytes>& stored);

/// A storage value as its trie holds it: the RLP of the number; null for zero, which is not stored.
std::optional<Bytes> slot_trie_value(const U256& value);

}  // namespace holdfast::ledger
