// Carrying out effects, and group commit: while one group is being synced the next one gathers.
#include "node/engine_host.h"

#include "base/check.h"
#include "node/trace.h"

namespace holdfast::node {

using consensus::Deliver;
using consensus::Effect;
using consensus::Effects;
using consensus::Final;
using consensus::Persist;
using consensus::Revert;
using consensus::Token;

void EngineHost::start(std::unique_ptr<consensus::Engine> engine, Effects effects, Height applied) {
    engine_ = std::move(engine);
    delivered_ = applied;
    final_ = applied;
    stepping_ = true;
    carry_out(std::move(effects));
    stepping_ = false;
    drain();
}

void EngineHost::step(consensus::Input input) {
    if (stopped_) return;
    inputs_.push_back(std::move(input));
    drain();
}

void EngineHost::drain() {
    if (stepping_ || !engine_) return;
    stepping_ = true;
    while (!inputs_.empty() && !stopped_) {
        auto next = std::move(inputs_.front());
        inputs_.pop_front();
        if (const auto* synced = std::get_if<consensus::Synced>(&next)) {
            // Blocks that came from peers are delivered as far as the engine is concerned.
            if (synced->position > delivered_) delivered_ = synced->position;
            if (synced->position > final_) final_ = synced->position;
        }
        trace_ = mix(trace_, next);
        Effects effects;
        engine_->step(clock_.now(), std::move(next), effects);
        carry_out(std::move(effects));
    }
    stepping_ = false;
}

void EngineHost::on_tick() {
    if (!timer_ || clock_.now() < *timer_) return;
    timer_.reset();
    step(consensus::Tick{});
}

void EngineHost::carry_out(Effects effects) {
    Token barrier = durable_;
    for (Effect& effect : effects) {
        if (stopped_) return;
        trace_ = mix(trace_, effect);
        if (auto* record = std::get_if<Persist>(&effect)) {
            barrier = record->token;
            persist(std::move(*record));
            continue;
        }
        Token after = barrier;
        const bool ordered = is_ordered(effect);
        if (ordered && held_ordered_ > 0 && last_ordered_after_ > after)
            after = last_ordered_after_;
        if (after <= durable_) {
            carry_out_one(effect);
            continue;
        }
        if (ordered) {
            ++held_ordered_;
            last_ordered_after_ = after;
        }
        // Lists come with growing tokens, so this nearly always appends.
        auto place = held_.end();
        while (place != held_.begin() && std::prev(place)->after > after) --place;
        held_.insert(place, Held{after, std::move(effect)});
    }
    write_group();
}

void EngineHost::persist(Persist effect) {
    CHECK(effect.token > persisted_, "engine: journal tokens must strictly increase");
    CHECK(effect.record && effect.record->size() <= journal::record_bytes_max,
          "engine: a journal record is missing or too large");
    persisted_ = effect.token;
    waiting_.push_back(std::move(effect));
}

void EngineHost::write_group() {
    if (in_flight_ > 0 || waiting_.empty() || stopped_) return;
    auto group = std::make_shared<std::vector<Persist>>(std::move(waiting_));
    waiting_.clear();
    in_flight_ = group->size();
    auto journal_bytes = std::make_shared<uint64_t>(0);
    lanes_.run(
        env::Lane::journal,
        [this, group, journal_bytes] {
            journal_.append_group(*group);
            *journal_bytes = journal_.size_bytes();
        },
        [this, group, journal_bytes] {
            records_ += group->size();
            ++syncs_;
            journal_bytes_ = *journal_bytes;
            in_flight_ = 0;
            on_durable(group->back().token);
        });
}

void EngineHost::on_durable(Token token) {
    if (stopped_) return;
    CHECK(token > durable_, "host: durability went backwards");
    durable_ = token;
    // The next group goes to the disk before anything else is done: it is what others wait for.
    write_group();
    stepping_ = true;  // inputs that come up now wait until the released effects are all out
    while (!held_.empty() && held_.front().after <= durable_ && !stopped_) {
        Effect effect = std::move(held_.front().effect);
        held_.pop_front();
        if (is_ordered(effect)) --held_ordered_;
        carry_out_one(effect);
    }
    stepping_ = false;
    step(consensus::Durable{token});
}

void EngineHost::note_deliver(const Deliver& effect) {
    CHECK(effect.position == delivered_.next(), "engine: delivery skipped or repeated a position");
    CHECK(effect.payload != nullptr, "engine: delivered no payload");
    delivered_ = effect.position;
}

void EngineHost::carry_out_one(Effect& effect) {
    struct Visitor {
        EngineHost& host;
        void operator()(const Persist& /*effect*/) const {
            CHECK(false, "host: a Persist was held");
        }
        void operator()(const consensus::SetTimer& it) const { host.timer_ = it.at; }
        void operator()(const Deliver& it) const {
            host.note_deliver(it);
            host.client_.on_deliver(it);
        }
        void operator()(const Final& it) const {
            CHECK(it.upto >= host.final_, "engine: finality went backwards");
            CHECK(it.upto <= host.delivered_, "engine: final beyond what was delivered");
            host.final_ = it.upto;
        }
        void operator()(const Revert& /*it*/) const {
            CHECK(false, "engine: reverts, but did not say that it may");
        }
        void operator()(const consensus::Seal& /*it*/) const {
            CHECK(false, "engine: asks for work in an engine without work");
        }
        void operator()(const consensus::Send& it) const { host.client_.on_send(it); }
        void operator()(const consensus::NeedPayload& it) const {
            host.client_.on_need_payload(it);
        }
        void operator()(const consensus::Check& it) const { host.client_.on_check(it); }
        void operator()(const consensus::Verify& it) const { host.client_.on_verify(it); }
        void operator()(const consensus::Cancel& it) const { host.client_.on_cancel(it); }
        void operator()(const consensus::CatchUp& it) const { host.client_.on_catch_up(it); }
        void operator()(const consensus::Forget& it) const { host.client_.on_forget(it); }
        void operator()(const consensus::ReadAt& it) const { host.client_.on_read_at(it); }
        void operator()(const consensus::ReadRefused& it) const {
            host.client_.on_read_refused(it);
        }
        void operator()(const consensus::Accuse& it) const { host.client_.on_accuse(it); }
    };
    std::visit(Visitor{*this}, effect);
}

void EngineHost::forget(Token upto) {
    lanes_.run(env::Lane::journal, [this, upto] { journal_.forget(upto); }, [] {});
}

}  // namespace holdfast::node
