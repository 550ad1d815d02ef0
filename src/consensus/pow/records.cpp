// Journal records, and how store and journal become a tree again.
#include "consensus/pow/records.h"

#include "crypto/hash.h"

namespace holdfast::pow {
namespace {

constexpr uint8_t without_block = 0;
constexpr uint8_t with_block = 1;

std::optional<Mark> mark_of_chain(const Rules& rules, ByteView bytes) {
    auto mark = decode_mark(bytes);
    if (!mark || mark->header.target > rules.target_max) return std::nullopt;
    return *mark;
}

}  // namespace

std::optional<Tree> tree_of_store(const Rules& rules, Height applied, const Bytes& mark,
                                  const std::vector<Bytes>& earlier, size_t headers_max) {
    std::vector<Mark> marks;
    // More than this is of no use to anybody.
    const size_t skipped = earlier.size() - std::min(earlier.size(), headers_max / 4);
    for (size_t i = skipped; i < earlier.size(); ++i) {
        auto one = mark_of_chain(rules, earlier[i]);
        if (!one) return std::nullopt;
        marks.push_back(std::move(*one));
    }
    if (applied == Height{}) return Tree(rules, std::nullopt, headers_max);
    auto newest = mark_of_chain(rules, mark);
    if (!newest || newest->header.height != applied) return std::nullopt;
    marks.push_back(std::move(*newest));
    const bool from_genesis = marks.front().header.height == Height(1);
    Tree tree(rules, from_genesis ? std::nullopt : std::optional(marks.front()), headers_max);
    for (size_t i = from_genesis ? 0 : 1; i < marks.size(); ++i) {
        const Tree::Addition addition = tree.add(marks[i].header);
        if (addition.what != Tree::Added::fresh || addition.block->work != marks[i].work)
            return std::nullopt;
        addition.block->validity = Validity::good;
        tree.settle(*addition.block);
    }
    return tree;
}

Buffer encode(const Record& record) {
    Writer out(64 + header_bytes + (record.header ? record.payload->size() : 0));
    out.u8(record.header ? with_block : without_block);
    out.fixed(record.final);
    if (record.header) {
        out.raw(encode(*record.header));
        out.bytes(*record.payload);
    }
    return make_buffer(out.take());
}

Result<Record> decode_record(ByteView bytes) {
    Reader in(bytes);
    const uint8_t kind = in.u8();
    if (kind > with_block) in.fail_with(codec_errc::bad_value);
    Record record;
    record.final = in.fixed<Hash32>();
    if (kind == with_block) {
        record.header = read_header(in);
        record.payload = make_buffer(in.bytes_copy(in.left()));
        const bool fits = crypto::sha256(*record.payload) == record.header->payload;
        if (!fits || !is_sealed(*record.header)) in.fail_with(codec_errc::bad_value);
    }
    if (Status status = in.finish(); !status) return std::unexpected(status.error());
    return record;
}

std::optional<Recalled> recall(const Rules& rules, const consensus::Base& base,
                               const std::vector<consensus::JournalRecord>& records,
                               size_t headers_max) {
    auto tree = tree_of_store(rules, base.applied, base.mark, base.earlier, headers_max);
    if (!tree) return std::nullopt;
    const auto mark = decode_mark(base.mark);
    Recalled recalled{.tree = std::move(*tree),
                      .applied = mark ? hash_of(mark->header) : rules.genesis,
                      .last = {}};
    std::vector<std::pair<Record, consensus::Token>> blocks;
    std::vector<Hash32> finals;
    for (const consensus::JournalRecord& stored : records) {
        recalled.last = std::max(recalled.last, stored.token);
        auto record = decode_record(*stored.bytes);
        if (!record) continue;
        finals.push_back(record->final);
        if (record->header) blocks.emplace_back(std::move(*record), stored.token);
    }
    // Bodies may have come in any order; among equals, in the order they were written.
    std::ranges::stable_sort(blocks, {}, [](const auto& one) { return one.first.header->height; });
    for (auto& [record, token] : blocks) {
        Block* block = recalled.tree.add(*record.header).block;
        if (block != nullptr) block->token = token;
        if (block != nullptr) block->payload = std::move(record.payload);
    }
    std::ranges::sort(blocks, {}, [](const auto& one) { return one.second; });
    for (const auto& [record, token] : blocks) {
        Block* block = recalled.tree.find(hash_of(*record.header));
        if (block != nullptr && !block->whole && block->seen == 0) recalled.tree.settle(*block);
    }
    for (auto final = finals.rbegin(); final != finals.rend(); ++final) {
        Block* block = recalled.tree.find(*final);
        if (block == nullptr) continue;
        recalled.tree.make_final(*block, U256{});  // the ledger may still stand on another
        break;
    }
    return recalled;
}

}  // namespace holdfast::pow
