// Lives: how they begin, how they end, and what is left on the disk.
#include "sim/machine.h"

#include "base/check.h"
#include "sim/draw.h"
#include "sim/process.h"
#include "sim/twins.h"

namespace holdfast::sim {

Machine::Machine(Surroundings& around, NodeId id, Twin twin)
    : around_(around), id_(id), twin_(twin), clock_(around.schedule) {
    journal_disk_.on_platter([this](consensus::Token token) {
        unborn_ = false;
        around_.watch.platter(id_, token);
    });
    if (twin == Twin::none)
        around_.network.plug(id_, *this);
    else
        liar_.emplace(around.plan, around.genesis_hash, id, number());
}

Machine::~Machine() = default;

Random Machine::random(std::string_view what) {
    return draw(around_.plan.seed, what, number(), ++draws_);
}

uint64_t Machine::number() const {
    return id_.value + (twin_ == Twin::second ? twin_offset : 0);
}

bool Machine::talks_to(NodeId peer) const {
    if (twin_ == Twin::none || around_.plan.lies(peer)) return true;
    const bool with_first = draw(around_.plan.seed, "side", peer.value).chance(1, 2);
    return with_first == (twin_ == Twin::first);
}

NodeId Machine::address_of(NodeId peer) const {
    const bool is_aside = twin_ == Twin::second && around_.plan.lies(peer);
    return is_aside ? NodeId(peer.value + twin_offset) : peer;
}

NodeId Machine::address_for(NodeId peer) const {
    const bool is_aside = twin_ == Twin::second && around_.plan.lies(peer);
    return is_aside ? NodeId(id_.value + twin_offset) : id_;
}

void Machine::install() {
    const bool made =
        ledger::Ledger::create(store_disk_, around_.genesis).has_value() &&
        journal::Journal::create(journal_disk_, {.genesis = around_.genesis_hash, .node = id_},
                                 journal::Birth::newborn, random("birth").next() | 1)
            .has_value();
    CHECK(made, "sim: an empty disk takes a ledger and a journal");
    store_disk_.flush();
}

// What `holdfast init --rejoin` does.
void Machine::rejoin(bool with_store) {
    if (with_store) {
        store_disk_.clear();
        CHECK(ledger::Ledger::create(store_disk_, around_.genesis).has_value(),
              "sim: an empty store takes a ledger");
        store_disk_.flush();
    }
    journal_disk_.clear();
    const auto made =
        journal::Journal::create(journal_disk_, {.genesis = around_.genesis_hash, .node = id_},
                                 journal::Birth::rejoin, random("rejoin").next() | 1);
    CHECK(made.has_value(), "sim: an empty folder takes a journal");
    note_journal_lost();
}

void Machine::note_journal_lost() {
    incarnation_ = 0;
    harmed_ = false;
    unborn_ = true;
    ++journals_lost_;
    around_.watch.journal_lost(id_);
}

void Machine::lose_journal(bool with_store) {
    CHECK(!up(), "sim: disks are replaced while the machine is down");
    rejoin(with_store);
}

void Machine::start() {
    for (int attempt = 0; !up() && attempt < 2; ++attempt) {
        process_ = std::make_unique<Process>(*this, ++lives_);
        if (const auto doom = std::exchange(doom_, {}))
            process_->pulse().end_after(doom->first, doom->second);
        journal_disk_.attach(&process_->pulse());
        store_disk_.attach(&process_->pulse());
        const Status opened = process_->open();
        if (process_->pulse().ended()) return die(*process_->pulse().ended());
        if (opened) break;
        // The operator reads the one line, and does what it names.
        const Errc code = opened.error().code;
        around_.watch.line(id_, describe(opened.error()));
        process_.reset();
        journal_disk_.process_ended();
        store_disk_.process_ended();
        if (code != journal::errc::missing && code != ledger::errc::no_ledger) {
            around_.watch.violation("start", fmt::format("node {} refuses to start: {}", id_,
                                                         describe(opened.error())));
            return;
        }
        rejoin(code == ledger::errc::no_ledger);
    }
    if (up()) after_event();
}

void Machine::die(Death why) {
    if (!up()) return;
    store_disk_.process_ended();
    around_.dying(*this);
    around_.watch.life_ended(id_, why);
    around_.network.drop_connections(id_, why == Death::power_lost);
    if (twin_ == Twin::second)
        around_.network.drop_connections(NodeId(number()), why == Death::power_lost);
    process_.reset();
    deferred_.clear();
    paused_ = false;
    journal_disk_.process_ended();
    Random fate = random("power");
    // After a failed sync nobody knows what the kernel still has. [Rebello ATC'20]
    if (why == Death::power_lost || (why == Death::disk_failed && fate.chance(1, 2))) {
        journal_disk_.lose_power(fate);
        store_disk_.lose_power(fate);
    }
}

void Machine::die_within(uint64_t effects, Death why) {
    if (!up()) {
        doom_ = {effects, why};
        return;
    }
    process_->pulse().end_after(effects, why);
}

void Machine::spare() {
    doom_.reset();
    if (up()) process_->pulse().go_on();
}

void Machine::pause() {
    if (up()) paused_ = true;
}

void Machine::resume() {
    if (!paused_) return;
    paused_ = false;
    std::deque<std::function<void()>> deferred = std::move(deferred_);
    deferred_.clear();
    const uint64_t life = lives_;
    for (auto& action : deferred)
        if (up() && life == lives_) handle(std::move(action));
}

void Machine::handle(std::function<void()> action) {
    if (!up()) return;
    if (paused_) {
        deferred_.push_back(std::move(action));
        return;
    }
    action();
    after_event();
}

void Machine::handle_at(Duration when, std::function<void()> action) {
    const uint64_t order = random("order").next();
    around_.schedule.at(when, order, [this, life = lives_, action = std::move(action)] {
        if (up() && lives_ == life) handle(action);
    });
}

void Machine::after_event() {
    if (up() && !process_->pulse().ended()) process_->idle();
    if (up() && process_->pulse().ended()) die(*process_->pulse().ended());
    if (up()) process_->rearm();
    around_.watch.event_is_over();
}

void Machine::clock_changed() {
    if (!up()) return;
    process_->disarm();
    handle([] {});
}

node::Node* Machine::node() const {
    return up() ? process_->node() : nullptr;
}

const consensus::Engine* Machine::engine() const {
    return up() ? process_->engine() : nullptr;
}

Duration Machine::lane_time(env::Lane lane) {
    Random dice = random("lane");
    uint64_t us = 0;
    switch (lane) {
        case env::Lane::journal:
            us = exponential(dice, around_.plan.sync_us) +
                 dice.between(0, static_cast<uint64_t>(sync_latency_.count()));
            break;
        case env::Lane::execute:
            us = exponential(dice, 100);
            break;
        case env::Lane::verify:
            us = exponential(dice, 80);
            break;
        case env::Lane::bulk:
            us = exponential(dice, 500);
            break;
    }
    return Duration(static_cast<int64_t>((1 + us) * slowness_));
}

// -------------------------------------------------------------------------------------- socket

bool Machine::knows(NodeId peer) const {
    return up() && process_->knows(peer);
}

void Machine::on_message(NodeId from, Buffer message) {
    handle([this, from, message = std::move(message)] { process_->hear(from, message); });
}

void Machine::on_connected(NodeId peer, ConnectionId connection) {
    if (!up()) return around_.network.close(connection, address_for(peer));
    handle([this, peer, connection] { process_->on_connected(peer, connection); });
}

void Machine::on_dial_failed(NodeId peer) {
    handle([this, peer] { process_->on_dial_failed(peer); });
}

void Machine::on_bytes(NodeId peer, ConnectionId connection, Buffer bytes) {
    handle([this, peer, connection, bytes = std::move(bytes)] {
        process_->on_bytes(peer, connection, *bytes);
    });
}

void Machine::on_room(NodeId peer, ConnectionId connection) {
    handle([this, peer, connection] { process_->on_room(peer, connection); });
}

void Machine::on_broken(NodeId peer, ConnectionId connection) {
    handle([this, peer, connection] { process_->on_broken(peer, connection); });
}

}  // namespace holdfast::sim
