// The frame: which input goes where, what a step says and writes, and the one timer.
#include "consensus/bft/core.h"

#include "base/check.h"
#include "base/overload.h"
#include "chain/epochs.h"

namespace holdfast::bft {

Core::Core(const Config& config, const consensus::Base& base, Recalled recalled, std::string note,
           Instant now)
    : config_(config),
      key_(config.voting_seed),
      random_(config.seed ^ (config.self.value << 32)),
      now_(now),
      note_(std::move(note)),
      incarnation_(config.incarnation),
      forgetful_(recalled.forgetful),
      silenced_(!note_.empty() && !recalled.forgetful),
      gate_(std::move(recalled.gate)),
      ledger_(base.applied),
      delivered_(base.applied),
      candidates_(config.candidates_bytes_max),
      recalled_(std::move(recalled)),
      next_token_(recalled_.last.next()),
      durable_(recalled_.last) {
    CHECK(config.self != NodeId{}, "node 0 means nobody");
    CHECK(config.epoch_blocks > 0, "an epoch has blocks");
    CHECK(config.payload_bytes_max <= payload_bytes_max, "a payload must fit into a message");
    if (!recalled_.incarnation) {
        record_.incarnation = incarnation_;
        record_.forgetful = forgetful_;
    }
    start_epoch(epoch_after(base.applied), base.members, base.applied);
    if (const auto mark = decode_mark(base.mark);
        mark && !chain::is_boundary(base.applied, config.epoch_blocks))
        finish_sync(base.applied, base.members, *mark);
}

void Core::begin(consensus::Effects& out) {
    announce();
    inquire();
    progress();
    flush(out);
}

void Core::step(Instant now, consensus::Input input, consensus::Effects& out) {
    now_ = std::max(now_, now);
    std::visit(Overload{
                   [&](const consensus::Tick&) { on_tick(); },
                   [&](const consensus::Received& in) { on_received(in.from, in.bytes); },
                   [&](const consensus::Durable& in) { on_durable(in.token); },
                   [&](const consensus::PayloadReady& in) { on_payload(in.ask, in.payload); },
                   [&](const consensus::Checked& in) { on_checked(in); },
                   [&](const consensus::Verified& in) { on_verified(in); },
                   [&](const consensus::Synced& in) { on_synced(in); },
                   [&](const consensus::MembersChanged& in) { on_members(in); },
                   [&](const consensus::Read& in) { on_read(in.id); },
                   // Leaders take turns, and there is no work to be found.
                   [&](const consensus::Admin&) {},
                   [&](const consensus::Sealed&) {},
                   // Knows whom to talk to from its members.
                   [&](const consensus::Neighbours&) {},
               },
               input);
    progress();
    flush(out);
}

void Core::on_tick() {
    armed_at_.reset();
    fetch_again();
    inquire();
    expire_reads();
    if (now_ >= announce_at_) announce();
    for (auto& [digest, known] : candidates_.open())
        if (known.validity == Validity::later && now_ >= known.ask_again_at)
            known.validity = Validity::unknown;
}

void Core::on_received(NodeId from, const Buffer& bytes) {
    if (from == config_.self || from == NodeId{}) return;
    const auto body = decode(*bytes);
    if (!body) return;
    if (epoch_.voter(from) != nullptr) idle_leaders_.erase(from);
    std::visit(Overload{
                   [&](const Propose& m) { on_propose(from, m); },
                   [&](const Vote& m) { on_vote(from, m.said); },
                   [&](const Certified& m) { on_certificate(from, m.certificate); },
                   [&](const Waiting& m) { on_waiting(from, m); },
                   [&](const Standing& m) { on_standing(from, m); },
                   [&](const Fetch& m) { on_fetch(from, m); },
                   [&](const Fetched& m) { on_fetched(from, m); },
                   [&](const InLedger& m) { catch_up(m.upto, from); },
                   [&](const Inquiry& m) { on_inquiry(from, m); },
                   [&](const Answer& m) { on_answer(from, m); },
               },
               *body);
}

// Only now do own statements count: before, a crash could have taken them back.
void Core::on_durable(consensus::Token token) {
    if (token >= next_token_) return;  // nothing of ours
    durable_ = std::max(durable_, token);
    while (!unsynced_.empty() && unsynced_.front().token <= durable_) {
        const SignedStatement said = unsynced_.front().said;
        unsynced_.pop_front();
        if (place_of(said.statement).epoch != epoch_.number) continue;
        hear(config_.self, said, Trust::good);
        certify(said.statement);
    }
}

// Every rule, until none has anything left to do.
void Core::progress() {
    do {
        changed_ = false;
        deliver();
        while (advance_view()) changed_ = true;
        vote();
        lead();
        skip_if_due();
        fetch_notarized();
        remember();
        serve_reads();
    } while (changed_);
}

void Core::send(NodeId to, const Body& body) {
    sends_.push_back({to, encode(body)});
}

void Core::send_to_others(const Body& body, std::vector<consensus::Send>& out, NodeId but) const {
    const Buffer bytes = encode(body);
    for (const consensus::Voter& voter : epoch_.members.voters)
        if (voter.id != config_.self && voter.id != but) out.push_back({voter.id, bytes});
}

// Certificates and answers may leave at once: they promise nothing. What is said is written first.
void Core::flush(consensus::Effects& out) {
    flush_timer(out);
    for (auto& effect : sends_) out.emplace_back(std::move(effect));
    for (auto& effect : deliveries_) out.push_back(std::move(effect));
    for (auto& effect : asks_) out.push_back(std::move(effect));
    // Certificates alone can wait for the next record: what they rest on is in its signers'
    // journals.
    if (record_.is_binding()) {
        const bool full =
            journaled_bytes_ > config_.journal_bytes_max && final_view_ != checkpoint_view_;
        Buffer bytes = encode(full ? checkpoint() : record_);
        journaled_bytes_ = full ? 0 : journaled_bytes_ + bytes->size();
        for (Unsynced& unsynced : unsynced_)
            if (unsynced.token == consensus::Token{}) unsynced.token = next_token_;
        out.emplace_back(consensus::Persist{.token = next_token_, .record = std::move(bytes)});
        for (auto& effect : sends_after_) out.emplace_back(std::move(effect));
        if (full) {
            checkpoint_view_ = final_view_;
            out.emplace_back(consensus::Forget{next_token_.previous()});
        }
        ++next_token_;
        record_ = {};
    } else {
        CHECK(sends_after_.empty(), "bft: something is said that is not written");
    }
    sends_.clear();
    sends_after_.clear();
    deliveries_.clear();
    asks_.clear();
}

// All that is still binding, and all that may be needed to deliver what is final.
Record Core::checkpoint() const {
    Record record{.incarnation = incarnation_,
                  .forgetful = forgetful_,
                  .floor = gate_.floor(),
                  .said = {},
                  .candidates = {},
                  .certificates = {}};
    for (const auto& [place, said] : gate_.all())
        said.each([&](const SignedStatement& one) { record.said.push_back(one); });
    for (const auto& [digest, known] : candidates_.open())
        if (known.validity == Validity::good || certificate_of(known) != nullptr)
            record.candidates.push_back(known.candidate);
    for (const auto& [view, slot] : slots_)
        for (const auto* one : {&slot.notarized, &slot.skipped, &slot.finalized})
            if (*one) record.certificates.push_back(**one);
    return record;
}

void Core::flush_timer(consensus::Effects& out) {
    Instant next = announce_at_;
    const auto sooner = [&](std::optional<Instant> at) {
        if (at) next = std::min(next, *at);
    };
    sooner(skip_at());
    if (ask_) sooner(waiting_said_at_ + config_.delta);
    if (round_) sooner(round_->again_at);
    if (!reads_next_.empty() || !reads_pending_.empty()) sooner(reads_expire_at_);
    for (const auto& [digest, fetching] : fetching_) sooner(fetching.again_at);
    for (const auto& [digest, known] : candidates_.open())
        if (known.validity == Validity::later) sooner(known.ask_again_at);
    if (armed_at_ && *armed_at_ <= next) return;
    armed_at_ = next;
    out.emplace_back(consensus::SetTimer{next});
}

const Slot* Core::slot(View view) const {
    const auto at = slots_.find(view);
    return at == slots_.end() ? nullptr : &at->second;
}

uint64_t Core::epoch_after(Height height) const {
    return chain::epoch_after(height, config_.epoch_blocks);
}

// The epoch's last block is delivered: nothing more is to be agreed on by this set.
bool Core::is_closed() const {
    return epoch_after(delivered_) > epoch_.number;
}

NodeId Core::leader() const {
    return is_closed() ? NodeId{} : epoch_.leader_of(current_);
}

std::vector<NodeId> Core::counted() const {
    std::vector<NodeId> ids;
    for (const consensus::Voter& voter : epoch_.members.voters) ids.push_back(voter.id);
    return ids;
}

consensus::EngineStatus Core::status() const {
    consensus::EngineStatus status;
    const bool is_voter = epoch_.voter(config_.self) != nullptr;
    status.role = !is_voter ? "learner" : may_speak() ? "validator" : "abstaining";
    status.view = current_;
    if (const NodeId id = leader(); id != NodeId{}) status.leader = id;
    status.final = status.last = std::max(delivered_, ledger_);
    for (const auto& [digest, known] : candidates_.open())
        if (known.candidate.proposal.place.epoch == epoch_.number)
            status.last = std::max(status.last, known.candidate.proposal.height);
    status.members_epoch = epoch_.number;
    status.note = note_;
    return status;
}

consensus::Probe Core::probe() const {
    return {
        {"epoch", epoch_.number},
        {"view", current_},
        {"final_view", final_view_},
        {"delivered", delivered_.value},
        {"delivered_view", delivered_view_},
        {"floor_epoch", gate_.floor().epoch},
        {"floor_view", gate_.floor().view},
        {"forgetful", forgetful_ ? 1 : 0},
        {"silenced", silenced_ ? 1 : 0},
        {"slots", slots_.size()},
        {"candidates", candidates_.size()},
        {"verifying", verifying_.size()},
        {"fetching", fetching_.size()},
        {"missing", candidates_missing()},
        {"reads", reads_next_.size() + reads_pending_.size()},
        {"accused", accused_.size()},
    };
}

}  // namespace holdfast::bft
