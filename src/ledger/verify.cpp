// Re-checking a whole store, trusting nothing in it but the genesis object.
#include <fmt/format.h>

#include "crypto/hash.h"
#include "ledger/block_records.h"
#include "ledger/keys.h"
#include "ledger/ledger.h"
#include "ledger/snapshot.h"

namespace holdfast::ledger {
namespace {

using env::Column;
using keys::BlockPart;

constexpr size_t problems_max = 100;
constexpr uint64_t progress_every_blocks = 1024;

class Verifier {
  public:
    Verifier(const Reader& reader, const chain::Genesis& genesis)
        : reader_(reader), genesis_(genesis), genesis_hash_(chain::genesis_hash(genesis)) {}

    VerifyReport run(const std::function<void(Height)>& progress);

  private:
    template <class... Args>
    void problem(fmt::format_string<Args...> format, Args&&... args) {
        if (report_.problems.size() < problems_max)
            report_.problems.push_back(fmt::format(format, std::forward<Args>(args)...));
    }
    void check_header(Height height);
    void check_body(Height height, const chain::Header& header);
    void check_certificate(Height height, const Hash32& hash);
    void check_above_head();
    void check_hashes();
    void check_state(const chain::Header& head);
    void check_node(Column column, ByteView key, ByteView rebuilt);
    void count_nodes(Column column, uint64_t rebuilt);
    Status feed_state(SnapshotStream& stream);

    const Reader& reader_;
    const chain::Genesis& genesis_;
    Hash32 genesis_hash_;
    VerifyReport report_;
    std::optional<Hash32> previous_hash_;  ///< of the header one below, if it is here
    std::array<uint64_t, 2> nodes_{};      ///< rebuilt, of the account trie and of slot tries
};

void Verifier::check_header(Height height) {
    const auto header = reader_.header(height);
    const auto hash = reader_.block_hash(height);
    const bool must_exist = height == report_.head || height >= reader_.lowest_block();
    if (!header || !hash) {
        if (must_exist) problem("block {}: the header is missing or unreadable", height);
        previous_hash_.reset();
        return;
    }
    ++report_.blocks;
    if (chain::header_hash(*header) != *hash)
        problem("block {}: the header does not hash to the name it is kept under", height);
    if (header->number != height) problem("block {}: the header says {}", height, header->number);
    if (previous_hash_ && header->parent_hash != *previous_hash_)
        problem("block {}: does not name its parent", height);
    if (height.value == 0) {
        const auto extra = chain::decode_extra(header->extra_data);
        if (!extra || extra->payload_hash != genesis_hash_)
            problem("block 0: was not made from this genesis");
    }
    const auto members = reader_.members(height);
    const auto extra = chain::decode_extra(header->extra_data);
    if (members && (!extra || extra->next_members_hash != members->hash()))
        problem("block {}: the members kept here are not those that the header names", height);
    if (reader_.height_of(*hash) != height) problem("block {}: not found by its hash", height);
    check_body(height, *header);
    check_certificate(height, *hash);
    previous_hash_ = hash;
}

void Verifier::check_body(Height height, const chain::Header& header) {
    if (height < reader_.lowest_block()) return;
    const auto block = reader_.block(height);
    const auto receipts = reader_.receipts(height);
    if (!block || !receipts) {
        problem("block {}: the body or the receipts are missing or unreadable", height);
        return;
    }
    report_.transactions += block->transactions.size();
    if (chain::transactions_root(block->transactions) != header.transactions_root)
        problem("block {}: the transactions do not hash to their root", height);
    if (chain::receipts_root(*receipts) != header.receipts_root)
        problem("block {}: the receipts do not hash to their root", height);
    for (uint32_t index = 0; index < block->transactions.size(); ++index) {
        const auto& item = *block->transactions[index];
        const auto place = reader_.place_of(item.hash);
        if (!place || place->height != height || place->index != index)
            problem("block {}: transaction {} is not found by its hash", height, index);
        const auto key =
            crypto::recover(chain::signing_hash(item.transaction), item.transaction.signature);
        if (!key || crypto::address_of(*key) != item.sender)
            problem("block {}: transaction {} was not signed by its sender", height, index);
    }
}

void Verifier::check_certificate(Height height, const Hash32& hash) {
    const auto certificate = reader_.certificate(height);
    if (!certificate) {
        if (height.value > 0 && height <= reader_.certified() && height >= reader_.lowest_block() &&
            !reader_.vouched_for(height))
            problem("block {}: counted as certified, but the certificate is missing", height);
        return;
    }
    ++report_.certificates;
    if (certificate->height != height || certificate->block_hash != hash) {
        problem("block {}: its certificate is for another block", height);
        return;
    }
    if (height.value == 0) return;
    // Attested by the set in force before the block.
    const auto members = reader_.members(height.previous());
    if (!members) return;
    const auto good =
        chain::verify_certificate(*certificate, *members, genesis_hash_, genesis_.quorum_rule());
    if (!good) problem("block {}: {}", height, describe(good.error()));
}

void Verifier::check_node(Column column, ByteView key, ByteView rebuilt) {
    ++nodes_[column == Column::account_trie ? 0 : 1];
    const auto stored = reader_.view().get(column, key);
    if (!stored || !equal(*stored, rebuilt))
        problem("state: the trie node at {} is not what the accounts give", to_hex(key));
}

void Verifier::count_nodes(Column column, uint64_t rebuilt) {
    uint64_t stored = 0;
    reader_.view().scan(column, {}, [&](ByteView, ByteView) {
        ++stored;
        return true;
    });
    if (stored != rebuilt)
        problem("state: {} trie nodes are kept where {} belong", stored, rebuilt);
}

Status Verifier::feed_state(SnapshotStream& stream) {
    constexpr size_t piece_bytes = 1 << 20;
    Bytes cursor;
    do {
        const Bytes piece = export_chunk(reader_, cursor, piece_bytes);
        if (auto added = stream.add(piece); !added) return added;
    } while (!cursor.empty());
    return {};
}

void Verifier::check_state(const chain::Header& head) {
    SnapshotStream stream({.item =
                               [this](const SnapshotItem& item, const Hash32&) {
                                   if (item.kind == SnapshotItemKind::account) ++report_.accounts;
                               },
                           .node = [this](Column column, const Bytes& key,
                                          const Bytes& node) { check_node(column, key, node); }});
    const auto fed = feed_state(stream);
    const auto root = fed ? stream.finish() : Result<Hash32>(std::unexpected(fed.error()));
    report_.total_balance = stream.total_balance();
    if (!root) {
        problem("state: {}", root.error().detail);
        return;
    }
    if (*root != head.state_root)
        problem("state: the accounts do not hash to the head's state root");
    count_nodes(Column::account_trie, nodes_[0]);
    count_nodes(Column::slot_trie, nodes_[1]);

    // Money is moved or burnt [EIP-1559], and made only where it is counted.
    std::optional<U256> supply = U256{};
    for (const auto& [address, account] : genesis_.alloc)
        supply = supply ? checked_add(*supply, account.balance) : supply;
    const auto burnt = meta_amount(reader_.view(), keys::burnt);
    const U256 issued = reader_.issued();
    supply = supply ? checked_add(*supply, issued) : supply;
    const auto total = checked_add(report_.total_balance, burnt.value_or(U256{}));
    if (!supply || !burnt || total != supply) {
        problem(
            "state: the balances ({}) and what was burnt ({}) do not add up to genesis and what "
            "was issued ({})",
            report_.total_balance.to_decimal(), burnt.value_or(U256{}).to_decimal(),
            issued.to_decimal());
    }
}

// Blocks above the head, or members whom they brought, would be leftovers of blocks taken back.
void Verifier::check_above_head() {
    const Height next = report_.head.next();
    for (const BlockPart part :
         {BlockPart::header, BlockPart::body, BlockPart::receipts, BlockPart::mark}) {
        reader_.view().scan(Column::blocks, keys::block_part(part, next),
                            [&](ByteView key, ByteView) {
                                if (key[0] == static_cast<uint8_t>(part))
                                    problem("block {}: kept, though the head is {}",
                                            keys::read_big_endian(key.subspan(1)), report_.head);
                                return false;
                            });
    }
    reader_.view().scan(Column::undo, keys::of_height(next), [&](ByteView key, ByteView) {
        problem("block {}: undo records are kept, though the head is {}",
                keys::read_big_endian(key), report_.head);
        return false;
    });
    // Heights run downwards in these keys.
    reader_.view().scan(Column::meta, view_of(keys::members_prefix), [&](ByteView key, ByteView) {
        const bool is_set = text_of(key).starts_with(keys::members_prefix);
        const Height from(is_set ? ~keys::read_big_endian(key.subspan(keys::members_prefix.size()))
                                 : 0);
        if (from > report_.head)
            problem("block {}: its members are kept, though the head is {}", from, report_.head);
        return false;
    });
}

// That every block and transaction is found by its hash has been seen; so it is enough to count.
void Verifier::check_hashes() {
    uint64_t places = 0;
    reader_.view().scan(Column::hashes, {}, [&](ByteView key, ByteView value) {
        if (const auto place = decode_place(value)) {
            if (place->height >= reader_.lowest_block()) ++places;
            return true;
        }
        const auto hash = Hash32::from(key);
        const auto height = hash ? reader_.height_of(*hash) : std::nullopt;
        if (!height || reader_.block_hash(*height) != hash)
            problem("the hash {} is of no block that is here", to_hex0x(key));
        return true;
    });
    if (places != report_.transactions)
        problem("{} transactions are found by their hash where {} belong", places,
                report_.transactions);
}

VerifyReport Verifier::run(const std::function<void(Height)>& progress) {
    report_.head = reader_.head();
    const auto head = reader_.header(report_.head);
    report_.head_hash = reader_.block_hash(report_.head).value_or(Hash32{});
    for (Height height; height <= report_.head; ++height) {
        if (progress && height.value % progress_every_blocks == 0) progress(height);
        check_header(height);
    }
    check_above_head();
    check_hashes();
    if (head) check_state(*head);
    if (progress) progress(report_.head);
    return std::move(report_);
}

}  // namespace

VerifyReport verify(const Reader& reader, const chain::Genesis& genesis,
                    const std::function<void(Height)>& progress) {
    return Verifier(reader, genesis).run(progress);
}

}  // namespace holdfast::ledger
