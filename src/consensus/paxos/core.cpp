// The frame: which input goes where, what a step says and writes, and the one timer.
#include "consensus/paxos/core.h"

#include "base/check.h"
#include "base/overload.h"

namespace holdfast::paxos {

Core::Core(const Config& config, const consensus::Base& base, Recalled recalled, std::string note,
           Instant now)
    : config_(config),
      // Another life, other timeouts: equal draws would meet again and again.
      random_(config.seed ^ (config.self.value << 32) ^ recalled.vow.boot),
      slots_(std::move(recalled.slots)),
      vow_(recalled.vow),
      now_(now),
      note_(std::move(note)),
      next_token_(recalled.last.next()),
      vow_token_(next_token_),
      durable_(recalled.last),
      round_seen_(recalled.vow.ballot.round),
      desired_(base.members) {
    CHECK(config.self != NodeId{}, "node 0 means nobody");
    CHECK(config.payload_bytes_max <= value_bytes_max, "a payload must fit into a value");
    CHECK(config.alpha > 0, "a leader that may not go ahead at all never begins");
    // Without a mark the store is at genesis, which may be far before the start of the slots.
    delivered_ = decode_mark(base.mark).value_or(Mark{}).slot;
    delivered_position_ = base.applied;
    out_.vow_changed = true;
    out_.start_changed = out_.start_leaps = recalled.start_is_new;
    restart_election_timer();
    // Nobody else to wait for.
    if (now_in_force().voters.size() == 1) election_at_ = now_;
}

void Core::begin(consensus::Effects& out) {
    deliver();
    flush(out);
}

void Core::step(Instant now, consensus::Input input, consensus::Effects& out) {
    now_ = std::max(now_, now);
    std::visit(Overload{
                   [&](const consensus::Tick&) { on_tick(); },
                   [&](const consensus::Received& in) { on_received(in.from, in.bytes); },
                   [&](const consensus::Durable& in) { on_durable(in.token); },
                   [&](const consensus::PayloadReady& in) { on_payload(in.ask, in.payload); },
                   [&](const consensus::Synced& in) { on_synced(in); },
                   [&](const consensus::MembersChanged& in) { learn_members(in.members); },
                   [&](const consensus::Read& in) { on_read(in.id); },
                   [&](const consensus::Admin& in) { on_admin(in); },
                   // Asks neither for checks nor for signatures nor for work.
                   [&](const consensus::Checked&) {},
                   [&](const consensus::Verified&) {},
                   [&](const consensus::Sealed&) {},
                   // Knows whom to talk to from its members.
                   [&](const consensus::Neighbours&) {},
               },
               input);
    pump();
    flush(out);
}

void Core::on_tick() {
    armed_at_.reset();
    expire_reads();
    if (delivered_ < slots_.start().slot) deliver();
    if (role_ == Role::leader) {
        if (now_ >= beat_at_) beat();
        return;
    }
    if (now_ < election_at_) return;
    if (may_campaign()) {
        become_poller();
    } else {
        become_follower(NodeId{});
        restart_election_timer();
        inquire();
    }
}

void Core::on_received(NodeId from, const Buffer& bytes) {
    if (from == config_.self || from == NodeId{}) return;
    const auto message = decode(*bytes);
    if (!message) return;
    const Header& theirs = message->header;
    // So that the next campaign here is above whatever is going on: a ballot that somebody has
    // surpassed already would be for nothing. [PMMC §2.4]
    round_seen_ = std::max(round_seen_, theirs.ballot.round);
    std::visit(Overload{
                   [&](const Poll& m) { on_poll(from, m); },
                   [&](const PollReply& m) { on_poll_reply(from, theirs, m); },
                   [&](const Prepare& m) { on_prepare(from, theirs, m); },
                   [&](const Promise& m) { on_promise(from, theirs, m); },
                   [&](const Accept& m) { on_accept(from, theirs, m); },
                   [&](const Accepted& m) { on_accepted(from, theirs, m); },
                   [&](const Decided& m) { on_decided(m); },
                   [&](const Behind& m) { on_behind(from, theirs, m); },
                   [&](const Campaign&) { on_campaign(from); },
                   [&](const ReadRequest& m) { on_read_request(from, m); },
                   [&](const ReadReply& m) { on_read_reply(from, m); },
               },
               message->body);
}

void Core::on_durable(consensus::Token token) {
    if (token >= next_token_) return;  // nothing of ours
    durable_ = std::max(durable_, token);
    if (role_ == Role::candidate && vow_durable()) count_own_promise();
}

void Core::on_payload(consensus::AskId ask, const Buffer& payload) {
    // Late answers are for a leadership that is over.
    if (!ask_ || *ask_ != ask || role_ != Role::leader) return;
    CHECK(payload->size() <= config_.payload_bytes_max,
          "the host answered with too large a payload");
    ask_.reset();
    propose(own_value(Kind::payload, payload));
}

// The ledger now stands where the mark says, by other means than these slots.
void Core::on_synced(const consensus::Synced& synced) {
    learn_members(synced.members);
    auto mark = decode_mark(synced.mark);
    // Only forward: what was delivered is never taken back, however late a sync reports.
    if (!mark || mark->position != synced.position || mark->slot <= delivered_) return;
    const bool inside = mark->slot >= slots_.start().slot && mark->slot <= slots_.chosen();
    if (inside && slots_.position_at(mark->slot) != mark->position) {
        note_ = "a synced block contradicts what was chosen: compare this ledger with its peers";
        return;
    }
    delivered_ = mark->slot;
    delivered_position_ = synced.position;
    if (mark->slot > slots_.chosen()) {
        // What was accepted here up to the mark may be older than what was chosen in its place.
        slots_.restart_at(std::move(*mark));
        out_.start_changed = out_.start_leaps = true;
        next_slot_ = std::max(next_slot_, slots_.chosen().next());
        std::erase_if(recovered_, [&](const auto& one) { return one.first <= slots_.chosen(); });
    }
    catch_up_again_at_.reset();
    learn();
    if (leader_ != NodeId{} && leader_ != config_.self) send_after_persist(leader_, standing(0));
}

void Core::send(NodeId to, const Body& body) {
    out_.sends.push_back({to, encode({vow_.ballot, vow_.speaker}, body)});
}

void Core::send_after_persist(NodeId to, const Body& body) {
    out_.sends_after.push_back({to, encode({vow_.ballot, vow_.speaker}, body)});
}

// The order of a step's effects. Nothing is said under a ballot whose promise a crash could still
// take back: so if the vow is not on disk yet, it is written (again) before anything is sent.
// [PMS §2.5]
void Core::flush(consensus::Effects& out) {
    if (!vow_durable() && !(out_.sends.empty() && out_.sends_after.empty()))
        out_.vow_changed = true;
    if (out_.vow_changed) {
        out_.sends.insert(out_.sends.end(), out_.sends_after.begin(), out_.sends_after.end());
        out_.sends_after = std::move(out_.sends);
        out_.sends.clear();
    }
    flush_timer(out);
    for (auto& effect : out_.sends) out.emplace_back(std::move(effect));
    for (auto& effect : out_.deliveries) out.push_back(std::move(effect));
    // Behind the deliveries: what was just delivered is no ancestor any more, so a host that had
    // not heard of it would put the same transactions into the next payload.
    for (auto& effect : out_.asks) out.push_back(std::move(effect));
    if (out_.writes()) flush_record(out);
    for (auto& effect : out_.sends_after) out.emplace_back(std::move(effect));
    if (out_.forget) out.emplace_back(consensus::Forget{*out_.forget});
    out_ = Output{};
}

void Core::flush_record(consensus::Effects& out) {
    Record record;
    if (out_.vow_changed) {
        record.vow = vow_;
        vow_token_ = next_token_;
    }
    if (out_.start_changed) record.start = slots_.start();
    record.leaps = out_.start_leaps;
    record.chosen = slots_.chosen();
    for (const Slot slot : out_.accepted)
        if (const Slots::Cell* cell = slots_.find(slot))
            record.accepted.push_back({slot, cell->ballot, cell->value});
    out.emplace_back(consensus::Persist{.token = next_token_, .record = encode(record)});
    ++next_token_;
}

// A deadline that only moved away is left to ring and is set again then: one timer a heartbeat
// instead of one a message.
void Core::flush_timer(consensus::Effects& out) {
    Instant next = role_ == Role::leader ? beat_at_ : election_at_;
    if (!waiting_.empty() || !forwarded_.empty()) next = std::min(next, reads_expire_at_);
    if (armed_at_ && *armed_at_ <= next) return;
    armed_at_ = next;
    out.emplace_back(consensus::SetTimer{next});
}

consensus::EngineStatus Core::status() const {
    static constexpr std::array<std::string_view, 4> names{"follower", "candidate", "candidate",
                                                           "leader"};
    consensus::EngineStatus status;
    status.role = names.at(static_cast<size_t>(role_));
    if (role_ != Role::leader && !seated())
        status.role = vow_.speaker.rejoined ? "abstaining" : "learner";
    status.view = vow_.ballot.round;
    if (leader_ != NodeId{}) status.leader = leader_;
    status.final = std::max(slots_.chosen_position(), delivered_position_);
    status.last = status.final;
    const Slot end = role_ == Role::leader ? next_slot_.previous() : slots_.last();
    for (Slot slot = slots_.chosen().next(); slot <= end; ++slot) {
        const Slots::Cell* cell = slots_.find(slot);
        if (cell != nullptr && cell->value.kind == Kind::payload) ++status.last;
    }
    status.members_epoch = now_in_force().epoch;
    if (!note_.empty() && status.role == "abstaining") status.note = note_;
    if (status.note.empty() && role_ == Role::leader) status.note = membership_note();
    if (status.note.empty() && delivered_ < slots_.start().slot)
        status.note = "the ledger's store is older than the journal: syncing blocks from peers";
    return status;
}

std::vector<NodeId> Core::counted() const {
    std::vector<NodeId> ids;
    for (const Configuration* configuration : slots_.schedule().open_at(slots_.chosen().next()))
        for (const Seat& seat : configuration->voters)
            if (std::ranges::find(ids, seat.id) == ids.end()) ids.push_back(seat.id);
    return ids;
}

consensus::Probe Core::probe() const {
    consensus::Probe probe{
        {"role", static_cast<uint64_t>(role_)},
        {"round", vow_.ballot.round},
        {"proposer", vow_.ballot.proposer.value},
        {"leader", leader_.value},
        {"incarnation", vow_.speaker.incarnation},
        {"rejoined", vow_.speaker.rejoined ? 1 : 0},
        {"start", slots_.start().slot.value},
        {"chosen", slots_.chosen().value},
        {"last", slots_.last().value},
        {"next", next_slot_.value},
        {"delivered", delivered_.value},
        {"recovered", recovered_.size()},
        {"epoch", now_in_force().epoch},
        {"voters", now_in_force().voters.size()},
        {"reads", reads_.size() + waiting_.size() + forwarded_.size()},
    };
    return probe;
}

}  // namespace holdfast::paxos
