// The stream of a snapshot: writing it from a view, and following it with its roots.
#include "ledger/snapshot.h"

#include "base/check.h"
#include "chain/errors.h"
#include "chain/rlp.h"
#include "crypto/hash.h"
#include "ledger/keys.h"
#include "ledger/ledger.h"
#include "ledger/live_state.h"

namespace holdfast::ledger {
namespace {

using env::Column;

constexpr size_t item_value_bytes_max = 1 << 20;
constexpr size_t items_max = 1 << 20;

/// Collects items until the piece is full.
class PieceWriter {
  public:
    explicit PieceWriter(size_t bytes_max) : bytes_max_(bytes_max) {}
    [[nodiscard]] bool full() const { return count_ == items_max || items_.size() >= bytes_max_; }
    void add(SnapshotItemKind kind, ByteView key, ByteView value) {
        items_.u8(static_cast<uint8_t>(kind));
        items_.raw(key);
        items_.bytes(value);
        ++count_;
    }
    Bytes take() {
        Writer out(4 + items_.size());
        out.count(count_);
        out.raw(items_.take());
        return out.take();
    }

  private:
    Writer items_;
    size_t count_ = 0;
    size_t bytes_max_;
};

/// The smallest key above `key` of the same length or longer.
Bytes just_after(ByteView key) {
    Bytes next = to_bytes(key);
    next.push_back(0);
    return next;
}

/// Where the stream goes on: the kind and key of the last item that was written.
struct Cursor {
    SnapshotItemKind kind = SnapshotItemKind::account;
    Bytes key;  ///< of its column
    [[nodiscard]] Bytes encode() const {
        Bytes out{static_cast<uint8_t>(kind)};
        append(out, key);
        return out;
    }
};

class Exporter {
  public:
    Exporter(const env::StateView& view, size_t bytes_max) : view_(view), piece_(bytes_max) {}

    /// Writes on after `cursor`; false once the piece is full.
    bool slots_of(ByteView account_key, ByteView from) {
        view_.scan(Column::slots, from, [&](ByteView key, ByteView value) {
            if (!equal(key.first(Hash32::size_bytes), account_key)) return false;
            if (piece_.full()) return false;
            piece_.add(SnapshotItemKind::slot, key.last(Hash32::size_bytes), value);
            cursor_ = {SnapshotItemKind::slot, to_bytes(key)};
            return true;
        });
        return !piece_.full();
    }
    bool accounts(ByteView from) {
        view_.scan(Column::accounts, from, [&](ByteView key, ByteView value) {
            if (piece_.full()) return false;
            piece_.add(SnapshotItemKind::account, key, value);
            cursor_ = {SnapshotItemKind::account, to_bytes(key)};
            return slots_of(key, key);
        });
        return !piece_.full();
    }
    bool code(ByteView from) {
        view_.scan(Column::code, from, [&](ByteView key, ByteView value) {
            if (piece_.full()) return false;
            piece_.add(SnapshotItemKind::code, key, value);
            cursor_ = {SnapshotItemKind::code, to_bytes(key)};
            return true;
        });
        return !piece_.full();
    }
    Bytes take() { return piece_.take(); }
    [[nodiscard]] const Cursor& cursor() const { return cursor_; }

  private:
    const env::StateView& view_;
    PieceWriter piece_;
    Cursor cursor_;
};

Error bad(std::string detail) {
    return {errc::bad_snapshot, std::move(detail)};
}

bool ascends(std::optional<Hash32>& last, const Hash32& next) {
    if (last && next <= *last) return false;
    last = next;
    return true;
}

}  // namespace

Bytes export_chunk(const Reader& reader, Bytes& cursor, size_t bytes_max) {
    Exporter out(reader.view(), std::min(bytes_max, snapshot_piece_bytes_max / 2));
    const auto kind = cursor.empty() ? SnapshotItemKind::account : SnapshotItemKind(cursor[0]);
    const ByteView key = cursor.empty() ? ByteView{} : ByteView(cursor).subspan(1);
    bool more_room = true;
    if (kind == SnapshotItemKind::code) {
        more_room = out.code(just_after(key));
    } else {
        if (key.size() >= Hash32::size_bytes) {
            const ByteView account_key = key.first(Hash32::size_bytes);
            // An account's own key sorts before those of all its slots.
            more_room = out.slots_of(account_key, just_after(key));
            more_room = more_room && out.accounts(just_after(account_key));
        } else {
            more_room = out.accounts({});
        }
        more_room = more_room && out.code({});
    }
    cursor = more_room ? Bytes{} : out.cursor().encode();
    return out.take();
}

SnapshotStream::SnapshotStream(Sinks sinks)
    : sinks_(std::move(sinks)),
      accounts_([this](const Bytes& path, const Bytes& node) {
          if (sinks_.node) sinks_.node(Column::account_trie, path, node);
      }),
      slots_([this](const Bytes& path, const Bytes& node) {
          if (sinks_.node)
              sinks_.node(Column::slot_trie, keys::joined(account_key_->view(), path), node);
      }) {}

Status SnapshotStream::add(ByteView piece) {
    holdfast::Reader in(piece);
    const size_t count = in.count(items_max);
    for (size_t i = 0; i < count; ++i) {
        SnapshotItem item;
        item.kind = SnapshotItemKind(in.u8());
        item.key = in.fixed<Hash32>();
        item.value = in.bytes(item_value_bytes_max);
        if (in.failed()) break;
        Status done = std::unexpected(bad("unknown kind of item"));
        if (item.kind == SnapshotItemKind::account) done = on_account(item);
        if (item.kind == SnapshotItemKind::slot) done = on_slot(item);
        if (item.kind == SnapshotItemKind::code) done = on_code(item);
        if (!done) return done;
        if (sinks_.item) sinks_.item(item, account_key_.value_or(Hash32{}));
    }
    if (const auto finished = in.finish(); !finished)
        return std::unexpected(bad(describe(finished.error())));
    return {};
}

Status SnapshotStream::end_account() {
    if (!account_key_) return {};
    const Hash32 root = slots_.finish();
    slot_key_.reset();
    if (root != account_.storage_root)
        return std::unexpected(bad("the storage of an account does not hash to its root"));
    return {};
}

Status SnapshotStream::on_account(const SnapshotItem& item) {
    if (code_key_) return std::unexpected(bad("an account after code"));
    if (auto ended = end_account(); !ended) return ended;
    if (!ascends(account_key_, item.key)) return std::unexpected(bad("accounts out of order"));
    const auto account = chain::decode_account(item.value);
    if (!account) return std::unexpected(bad(describe(account.error())));
    const auto total = checked_add(total_balance_, account->balance);
    if (!total) return std::unexpected(bad("the balances overflow"));
    total_balance_ = *total;
    account_ = *account;
    if (account_.code_hash != chain::new_account().code_hash)
        code_wanted_.insert(account_.code_hash);
    accounts_.add(item.key, to_bytes(item.value));
    return {};
}

Status SnapshotStream::on_slot(const SnapshotItem& item) {
    if (!account_key_ || code_key_) return std::unexpected(bad("a slot without its account"));
    if (!ascends(slot_key_, item.key)) return std::unexpected(bad("slots out of order"));
    const auto value = U256::from_big_endian(item.value);
    if (!value || value->is_zero() || item.value[0] == 0)
        return std::unexpected(bad("a slot that is zero, too long or has leading zeros"));
    slots_.add(item.key, *slot_trie_value(*value));
    return {};
}

Status SnapshotStream::on_code(const SnapshotItem& item) {
    if (!code_key_) {
        if (auto ended = end_account(); !ended) return ended;
    }
    if (!ascends(code_key_, item.key)) return std::unexpected(bad("code out of order"));
    if (crypto::keccak256(item.value) != item.key)
        return std::unexpected(bad("code does not hash to its name"));
    code_wanted_.erase(item.key);
    return {};
}

Result<Hash32> SnapshotStream::finish() {
    if (!code_key_) {
        if (auto ended = end_account(); !ended) return std::unexpected(ended.error());
    }
    if (!code_wanted_.empty()) return std::unexpected(bad("the code of a contract is missing"));
    return accounts_.finish();
}

}  // namespace holdfast::ledger
