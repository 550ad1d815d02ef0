// The world of engines: what a host owes them by consensus/engine.h, and no more.
#include "engines.h"

#include <algorithm>

#include "base/check.h"

namespace holdfast::bench {
namespace {

using namespace consensus;

constexpr uint64_t delay_us_min = 100, delay_us_max = 900;
constexpr Duration sync_takes{300};
constexpr Duration payload_takes{200};
constexpr uint64_t lost_of_1000 = 1;
constexpr size_t log_bytes_retained = 1 << 20;

}  // namespace

Engines::Engines(uint64_t nodes, uint64_t seed) : nodes_(nodes), random_(seed) {
    Base base{.applied = {}, .mark = {}, .members = {.epoch = 1, .voters = {}}};
    for (uint64_t id = 1; id <= nodes; ++id)
        base.members.voters.push_back({.id = NodeId(id), .weight = 1, .voting_key = {}});
    for (size_t at = 0; at < nodes; ++at) {
        raft::Config config{.self = NodeId(at + 1), .seed = seed, .incarnation = at + 1};
        config.log_bytes_retained = log_bytes_retained;
        Effects effects;
        nodes_[at].engine = raft::restore(config, base, {}, JournalHealth::intact, now_, effects);
        take(at, effects);
    }
}

void Engines::run(uint64_t events) {
    const uint64_t goal = events_.all() + events;
    while (events_.all() < goal) {
        CHECK(!queue_.empty(), "engines always have a deadline");
        std::ranges::pop_heap(queue_, Later{});
        Event event = std::move(queue_.back());
        queue_.pop_back();
        now_ = event.at;
        happen(std::move(event));
    }
}

uint64_t Engines::delivered() const {
    return std::ranges::min_element(nodes_, {}, &Node::delivered)->delivered;
}

void Engines::happen(Event event) {
    if (!event.input) return look_at_alarm(event.node);
    Node& node = nodes_[event.node];
    if (const auto* durable = std::get_if<Durable>(&*event.input)) {
        ++events_.syncs;
        node.syncing = false;
        node.durable = durable->token;
        release(event.node);
    } else if (std::holds_alternative<Received>(*event.input)) {
        ++events_.messages;
    } else {
        ++events_.payloads;
    }
    step(event.node, std::move(*event.input));
}

// Deadlines move much more often than they pass: what is in the queue looks, and comes again.
void Engines::look_at_alarm(size_t at) {
    Node& node = nodes_[at];
    if (node.looks_at != now_) return;  // an earlier look has taken its place
    node.looks_at.reset();
    if (!node.alarm) return;
    if (*node.alarm > now_) return look_at_alarm_later(at);
    node.alarm.reset();
    ++events_.timers;
    step(at, Tick{});
}

void Engines::look_at_alarm_later(size_t at) {
    Node& node = nodes_[at];
    if (node.looks_at && *node.looks_at <= *node.alarm) return;
    node.looks_at = std::max(*node.alarm, now_);
    later(*node.looks_at - now_, at, std::nullopt);
}

void Engines::step(size_t at, Input input) {
    Effects effects;
    nodes_[at].engine->step(now_, std::move(input), effects);
    take(at, effects);
}

void Engines::take(size_t at, Effects& effects) {
    Node& node = nodes_[at];
    Token barrier;
    for (Effect& effect : effects) {
        if (const auto* persist = std::get_if<Persist>(&effect)) {
            node.written = barrier = persist->token;
        } else if (node.held.empty() && barrier <= node.durable) {
            carry_out(at, effect);
        } else {
            node.held.push_back({barrier, std::move(effect)});
        }
    }
    release(at);
    sync(at);
}

void Engines::release(size_t at) {
    Node& node = nodes_[at];
    bool order_waits = false;
    std::erase_if(node.held, [&](const Held& held) {
        const bool ordered = is_ordered(held.effect);
        const bool waits = held.after > node.durable || (order_waits && ordered);
        order_waits |= waits && ordered;
        if (!waits) carry_out(at, held.effect);
        return !waits;
    });
}

void Engines::carry_out(size_t at, const Effect& effect) {
    Node& node = nodes_[at];
    if (const auto* send = std::get_if<Send>(&effect)) {
        if (random_.chance(lost_of_1000, 1000)) return;
        const uint64_t us = random_.between(delay_us_min, delay_us_max);
        later(Duration(static_cast<int64_t>(us)), send->to.value - 1,
              Received{NodeId(at + 1), send->bytes});
    } else if (const auto* timer = std::get_if<SetTimer>(&effect)) {
        node.alarm = timer->at;
        look_at_alarm_later(at);
    } else if (const auto* need = std::get_if<NeedPayload>(&effect)) {
        later(payload_takes, at, PayloadReady{need->ask, payload_});
    } else if (const auto* deliver = std::get_if<Deliver>(&effect)) {
        CHECK(deliver->position.value == ++node.delivered, "engines deliver without gaps");
    }
}

/// One sync at a time, of everything that was written before it began.
void Engines::sync(size_t at) {
    Node& node = nodes_[at];
    if (node.syncing || node.written <= node.durable) return;
    node.syncing = true;
    later(sync_takes, at, Durable{node.written});
}

void Engines::later(Duration after, size_t node, std::optional<Input> input) {
    queue_.push_back({now_ + after, made_++, node, std::move(input)});
    std::ranges::push_heap(queue_, Later{});
}

}  // namespace holdfast::bench
