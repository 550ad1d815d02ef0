// Reading journals and messages into books.
#include "sim/bft_sight.h"

#include <fmt/format.h>

#include "ledger/reader.h"
#include "node/messages.h"

namespace holdfast::sim {

using chain::Statement;
using chain::StatementKind;

bool contradict(const Statement& one, const Statement& other) {
    if (one.epoch != other.epoch || one.view != other.view || one == other) return false;
    if (one.kind == other.kind) return true;
    const auto [low, high] = std::minmax(one.kind, other.kind);
    if (high != StatementKind::finalize) return false;
    return low == StatementKind::skip ||
           (low == StatementKind::notarize && one.digest != other.digest);
}

std::string to_string(const Statement& statement) {
    constexpr std::array words{"propose", "notarize", "skip", "finalize"};
    std::string text = fmt::format("{} {}.{}", words.at(static_cast<size_t>(statement.kind)),
                                   statement.epoch, statement.view);
    if (statement.kind != StatementKind::skip)
        text += " " + to_hex(statement.digest.view()).substr(0, 8);
    return text;
}

BftSight::BftSight(const Stage& stage)
    : stage_(stage), tag_(node::encode_message(node::EngineMessage{})->front()) {
    sets_.emplace(0, stage.genesis().members);
}

// ----------------------------------------------------------------------------------- journals

BftSight::Written BftSight::read(NodeId node, consensus::Token token, ByteView bytes) {
    Written written{.token = token, .said = {}, .candidates = {}};
    const auto record = bft::decode_record(bytes);
    if (!record) {
        problems_.push_back(fmt::format("node {}: record {} does not decode", node, token));
        return written;
    }
    written.said = record->said;
    for (const bft::Candidate& candidate : record->candidates) {
        written.candidates.push_back(candidate.digest);
        proposals_.try_emplace(candidate.digest, candidate.proposal);
    }
    return written;
}

void BftSight::keep(NodeId node, const Written& written) {
    for (const Hash32& digest : written.candidates) holders_[digest].insert(node);
    for (const chain::SignedStatement& said : written.said) {
        const bool is_new =
            books_[bft::place_of(said.statement)][node].insert(said.statement).second;
        if (is_new) news_.push_back({node, said});
    }
}

// Opening a journal syncs what it finds, for the engine takes it for durable.
void BftSight::on_start(NodeId node, const std::vector<consensus::JournalRecord>& records) {
    news_.clear();
    pending_[node].clear();
    newest_[node] = {};
    for (const consensus::JournalRecord& record : records) {
        keep(node, read(node, record.token, *record.bytes));
        newest_[node] = record.token;
    }
}

void BftSight::on_effects(NodeId node, std::span<const consensus::Effect> effects) {
    news_.clear();
    for (const consensus::Effect& effect : effects) {
        const auto* persist = std::get_if<consensus::Persist>(&effect);
        if (persist == nullptr) continue;
        if (persist->token <= newest_[node])
            problems_.push_back(fmt::format("node {}: record {} is not newer than those before",
                                            node, persist->token));
        newest_[node] = persist->token;
        pending_[node].push_back(read(node, persist->token, *persist->record));
    }
}

void BftSight::on_platter(NodeId node, consensus::Token token) {
    news_.clear();
    auto& pending = pending_[node];
    size_t kept = 0;
    for (; kept < pending.size() && pending[kept].token <= token; ++kept) keep(node, pending[kept]);
    pending.erase(pending.begin(), pending.begin() + static_cast<ptrdiff_t>(kept));
}

// ----------------------------------------------------------------------------------- messages

void BftSight::on_send(ByteView message) {
    body_.reset();
    if (message.empty() || message.front() != tag_) return;
    // The same goes to everybody, one after the other.
    if (!std::ranges::equal(message, last_message_)) {
        last_message_ = to_bytes(message);
        auto decoded = bft::decode(message.subspan(1));
        last_body_ = decoded ? std::optional(std::move(*decoded)) : std::nullopt;
        if (last_body_)
            if (const auto* propose = std::get_if<bft::Propose>(&*last_body_))
                proposals_.try_emplace(propose->candidate.digest, propose->candidate.proposal);
    }
    body_ = last_body_;
}

void BftSight::on_block(const ledger::Executed& executed) {
    const uint64_t height = executed.block.header.number.value;
    const uint64_t epoch_blocks = stage_.plan().epoch_blocks;
    if (height % epoch_blocks == 0) sets_.try_emplace(height / epoch_blocks, executed.members);
}

// ----------------------------------------------------------------------------------- questions

// A life may end between the execution of a block and word of it: then a store has it.
const chain::MemberSet* BftSight::set(uint64_t epoch) {
    if (const auto at = sets_.find(epoch); at != sets_.end()) return &at->second;
    if (epoch > UINT64_MAX / stage_.plan().epoch_blocks) return nullptr;
    for (const NodeId node : stage_.nodes()) {
        const env::StateStore* store = stage_.view(node).store;
        if (store == nullptr) continue;
        const ledger::Reader reader = ledger::reader_at_head(*store);
        if (auto set = reader.members(Height(epoch * stage_.plan().epoch_blocks)))
            return &sets_.emplace(epoch, std::move(*set)).first->second;
    }
    return nullptr;
}

bool BftSight::is_liar(NodeId node) const {
    return stage_.plan().lies(node);
}

bool BftSight::is_sound(const chain::MemberSet& set) const {
    uint64_t lying = 0, whole = 0;
    for (const chain::Member& member : set.members) {
        whole += member.weight;
        if (is_liar(member.id)) lying += member.weight;
    }
    return lying * 3 < whole;
}

bool BftSight::has_said(NodeId node, const Statement& statement) const {
    const auto place = books_.find(bft::place_of(statement));
    if (place == books_.end()) return false;
    const auto said = place->second.find(node);
    return said != place->second.end() && said->second.contains(statement);
}

bool BftSight::formable(const Statement& statement) {
    const chain::MemberSet* members = set(statement.epoch);
    if (members == nullptr) return false;
    uint64_t part = 0, whole = 0;
    for (const chain::Member& member : members->members) {
        whole += member.weight;
        if (is_liar(member.id) || has_said(member.id, statement)) part += member.weight;
    }
    return is_quorum(part, whole);
}

std::set<Statement> BftSight::said_at(bft::Place place) const {
    std::set<Statement> all;
    const auto at = books_.find(place);
    if (at == books_.end()) return all;
    for (const auto& [node, said] : at->second) all.insert(said.begin(), said.end());
    return all;
}

std::optional<Statement> BftSight::final_from(bft::Place place) {
    for (auto at = books_.lower_bound(place); at != books_.end() && at->first.epoch == place.epoch;
         ++at)
        for (const Statement& one : said_at(at->first))
            if (one.kind == StatementKind::finalize && formable(one)) return one;
    return std::nullopt;
}

bft::View BftSight::highest_view(uint64_t epoch) const {
    const auto beyond = books_.lower_bound({.epoch = epoch + 1, .view = 0});
    if (beyond == books_.begin() || std::prev(beyond)->first.epoch != epoch) return 0;
    return std::prev(beyond)->first.view;
}

const bft::Proposal* BftSight::proposal(const Hash32& digest) const {
    const auto at = proposals_.find(digest);
    return at == proposals_.end() ? nullptr : &at->second;
}

std::optional<bool> BftSight::is_in_past(const Hash32& digest, bft::View view,
                                         const Hash32& below) const {
    for (Hash32 at = below; at != digest;) {
        const bft::Proposal* here = proposal(at);
        if (here == nullptr) return std::nullopt;
        if (here->place.view <= view || here->parent_view >= here->place.view) return false;
        if (here->parent_view == 0) return view == 0;
        at = here->parent;
    }
    return true;
}

const std::set<NodeId>& BftSight::holders(const Hash32& digest) const {
    static const std::set<NodeId> nobody;
    const auto at = holders_.find(digest);
    return at == holders_.end() ? nobody : at->second;
}

}  // namespace holdfast::sim
