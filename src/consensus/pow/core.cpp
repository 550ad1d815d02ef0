// The frame: which input goes where, what a step says and writes, and the one timer.
#include "consensus/pow/core.h"

#include "base/check.h"
#include "base/overload.h"

namespace holdfast::pow {

Core::Core(const Config& config, Recalled recalled, consensus::JournalHealth health, Instant now)
    : config_(config),
      tree_(std::move(recalled.tree)),
      now_(now),
      next_token_(recalled.last.next()),
      delivered_(tree_.find(recalled.applied)),
      mines_(config.mines),
      refresh_at_(now),
      began_at_(now),
      announce_at_(now + config.announce_again),
      announced_(recalled.applied) {
    CHECK(config.self != NodeId{}, "node 0 means nobody");
    CHECK(delivered_ != nullptr, "the store's block is in its own tree");
    CHECK(config.rules.payload_bytes_max <= payload_bytes_limit, "a payload must fit a message");
    if (health == consensus::JournalHealth::lost)
        journal_note_ = "the journal was lost: nothing was promised, blocks come from the others";
    if (health == consensus::JournalHealth::damaged)
        journal_note_ = "the journal is damaged: what is left of it proves itself, and was used";
}

void Core::begin(consensus::Effects& out) {
    choose();
    drive_mining();
    flush(out);
}

void Core::step(Instant now, consensus::Input input, consensus::Effects& out) {
    now_ = std::max(now_, now);
    if (due_at_ && now_ >= *due_at_) changed_ = true;
    std::visit(Overload{
                   [&](const consensus::Tick&) { on_tick(); },
                   [&](const consensus::Received& in) { on_received(in.from, in.bytes); },
                   [&](const consensus::Durable& in) { on_durable(in.token); },
                   [&](const consensus::PayloadReady& in) { on_payload(in); },
                   [&](const consensus::Checked& in) { on_checked(in); },
                   [&](const consensus::Synced& in) { on_synced(in); },
                   [&](const consensus::Read& in) {
                       out_.asks.emplace_back(consensus::ReadRefused{
                           .id = in.id,
                           .why = "nobody can know that he has heard of all: read what is final"});
                   },
                   [&](const consensus::Admin& in) { on_admin(in); },
                   [&](const consensus::Sealed& in) { on_sealed(in); },
                   [&](const consensus::Neighbours& in) { on_neighbours(in); },
                   // Nobody votes and nobody is a member.
                   [&](const consensus::Verified&) {},
                   [&](const consensus::MembersChanged&) {},
               },
               input);
    choose();
    fetch();
    drive_mining();
    flush(out);
}

void Core::on_tick() {
    armed_at_.reset();
    expire_requests();
    if (now_ < announce_at_) return;
    announce_at_ = now_ + config_.announce_again;
    for (const auto& [id, peer] : peers_) announce_to(id, peer);
}

void Core::on_received(NodeId from, const Buffer& bytes) {
    if (from == config_.self || from == NodeId{}) return;
    if (heard(from) == nullptr) return;
    const auto message = decode(*bytes);
    if (!message) return;
    std::visit(Overload{
                   [&](const Announce& m) { on_announce(from, m); },
                   [&](const AskHeaders& m) { on_ask_headers(from, m); },
                   [&](const Headers& m) { on_headers(from, m); },
                   [&](const Gap& m) { on_gap(from, m); },
                   [&](const AskBodies& m) { on_ask_bodies(from, m); },
                   [&](const Body& m) { on_body(from, m); },
                   [&](const NoBody& m) { on_no_body(from, m); },
               },
               *message);
}

void Core::on_durable(consensus::Token token) {
    while (!writing_.empty() && writing_.front().first <= token) {
        Block* block = tree_.find(writing_.front().second);
        writing_.pop_front();
        if (block == nullptr || block->seen != 0) continue;
        tree_.settle(*block);
        changed_ = true;
    }
}

// The ledger now stands where the mark says, by other means than these blocks: that is a fact,
// whatever this engine would have chosen. Whoever fetched the blocks has seen that each follows the
// one before; here the marks since the final one are judged once more.
void Core::on_synced(const consensus::Synced& synced) {
    auto tree = tree_of_store(config_.rules, synced.position, synced.mark, synced.earlier,
                              config_.headers_max);
    CHECK(tree, "the host stored blocks whose marks it had not checked");
    catch_up_again_at_.reset();
    changed_ = true;
    const Hash32 hash = synced.position == Height{} ? config_.rules.genesis
                                                    : hash_of(decode_mark(synced.mark)->header);
    if (hash == delivered_->hash) return;
    cancel_check();
    cancel_mining();
    const Hash32 final = tree_.final().hash;
    tree_ = std::move(*tree);
    delivered_ = tree_.find(hash);
    if (Block* block = tree_.find(final)) tree_.make_final(*block, U256{});
    // What was on its way was for a tree that is gone; whatever is of use is asked for again.
    writing_.clear();
    out_.blocks.clear();
    fetches_.clear();
    for (auto& [id, peer] : peers_) peer.bodies_asked = 0;
    ask_everybody();
}

void Core::send(NodeId to, const Message& message) {
    out_.sends.push_back({to, encode(message)});
}

// The order of a step's effects. What is delivered and sent is durable already; what is said to be
// final is written first, so that a restart does not choose again what nobody may choose any more.
void Core::flush(consensus::Effects& out) {
    flush_timer(out);
    for (auto& effect : out_.sends) out.emplace_back(std::move(effect));
    for (auto& effect : out_.orders) out.push_back(std::move(effect));
    for (auto& effect : out_.asks) out.push_back(std::move(effect));
    flush_records(out);
    if (out_.final_moved) out.emplace_back(consensus::Final{tree_.final().height()});
    if (out_.forget) out.emplace_back(consensus::Forget{*out_.forget});
    out_ = Output{};
}

void Core::flush_records(consensus::Effects& out) {
    const auto write = [&](const Record& record) {
        out.emplace_back(consensus::Persist{.token = next_token_, .record = encode(record)});
        const consensus::Token token = next_token_;
        ++next_token_;
        return token;
    };
    const Hash32 final = tree_.final().hash;
    const consensus::Token before = next_token_;
    for (const Hash32& hash : out_.blocks) {
        Block* block = tree_.find(hash);
        if (block == nullptr || block->payload == nullptr) continue;  // given up meanwhile
        block->token = write({.final = final, .header = block->header, .payload = block->payload});
        writing_.emplace_back(block->token, block->hash);
    }
    if (out_.final_moved && next_token_ == before)
        write({.final = final, .header = {}, .payload = {}});
}

void Core::flush_timer(consensus::Effects& out) {
    Instant next = announce_at_;
    const auto consider = [&](const std::optional<Instant>& at) {
        if (at) next = std::min(next, *at);
    };
    for (const auto& [id, peer] : peers_) consider(peer.headers_due);
    for (const auto& [hash, fetch] : fetches_) consider(fetch.due);
    due_at_.reset();
    for (const auto& [hash, block] : tree_.blocks())
        if (is_put_off(block)) due_at_ = std::min(due_at_.value_or(*block.put_off), *block.put_off);
    consider(due_at_);
    consider(catch_up_again_at_);
    if (mines_ && !need_ && refresh_at_ > now_) consider(refresh_at_);
    for (const int timeouts : {1, introduction_timeouts}) {
        const Instant at = began_at_ + timeouts * config_.request_timeout;
        if (at > now_) consider(at);
    }
    next = std::max(next, now_);
    if (armed_at_ && *armed_at_ <= next) return;
    armed_at_ = next;
    out.emplace_back(consensus::SetTimer{next});
}

consensus::EngineStatus Core::status() const {
    consensus::EngineStatus status;
    status.role = mines_ ? "miner" : "observer";
    status.final = tree_.final().height();
    status.last = delivered_->height();
    for (const auto& [hash, block] : tree_.blocks())
        if (!block.parted && block.validity != Validity::bad)
            status.last = std::max(status.last, block.height());
    status.note = note();
    return status;
}

// What is worst comes first.
std::string Core::note() const {
    if (tree_.parted_work() > delivered_->work)
        return "more work goes on below what is final here: ask others, or follow it by "
               "`holdfast init --rejoin`";
    if (!miner_note_.empty()) return miner_note_;
    if (catch_up_again_at_) return "far behind: the ledger syncs blocks from peers";
    return journal_note_;
}

consensus::Probe Core::probe() const {
    const auto count = [&](auto has) {
        const auto number =
            std::ranges::count_if(tree_.blocks(), [&](const auto& one) { return has(one.second); });
        return static_cast<uint64_t>(number);
    };
    return {
        {"mines", mines_ ? 1 : 0},
        {"root", tree_.root().height().value},
        {"final", tree_.final().height().value},
        {"delivered", delivered_->height().value},
        {"work_low", delivered_->work.low64()},
        {"work_bits", delivered_->work.bit_length()},
        {"headers", tree_.size()},
        {"tips", count([](const Block& block) { return block.children.empty(); })},
        {"bodies", count([](const Block& block) { return block.payload != nullptr; })},
        {"parted", count([](const Block& block) { return block.parted; })},
        {"put_off", count([&](const Block& block) { return is_put_off(block); })},
        {"peers", peers_.size()},
        {"fetches", fetches_.size()},
        {"orphans", counters_.orphans},
        {"flawed", counters_.flawed},
        {"wrong_bodies", counters_.wrong_bodies},
        {"bad_blocks", counters_.bad_blocks},
        {"wrong_nonces", counters_.wrong_nonces},
        {"mined", counters_.mined},
        {"reorganisations", counters_.reorganisations},
        {"deepest", counters_.deepest},
    };
}

}  // namespace holdfast::pow
