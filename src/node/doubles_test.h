// Doubles of a node's ports for its tests: lanes that run when told, a clock that stands still, a
// network that delivers when told, and an engine that does what its script says.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "env/memory_device.h"
#include "env/memory_store.h"
#include "node/node.h"

namespace holdfast::node::testing {

class FakeClock final : public env::Clock {
  public:
    [[nodiscard]] Instant now() const override { return now_; }
    [[nodiscard]] WallMillis wall_millis() const override {
        return 1'700'000'000'000 +
               static_cast<WallMillis>(now_.time_since_epoch() / std::chrono::milliseconds(1));
    }
    void advance(Duration by) { now_ += by; }

  private:
    Instant now_{Duration(1'000'000)};
};

/// Jobs wait until `run_one` or `run_all`; each lane keeps its order.
class ManualLanes final : public env::Lanes {
  public:
    void run(env::Lane lane, std::function<void()> work, std::function<void()> done) override {
        jobs_.push_back({lane, std::move(work), std::move(done)});
    }
    /// The oldest job of the lane; false if there is none.
    bool run_one(env::Lane lane) {
        for (auto job = jobs_.begin(); job != jobs_.end(); ++job) {
            if (job->lane != lane) continue;
            Job taken = std::move(*job);
            jobs_.erase(job);
            taken.work();
            taken.done();
            return true;
        }
        return false;
    }
    bool run_any() { return !jobs_.empty() && run_one(jobs_.front().lane); }
    [[nodiscard]] size_t waiting(env::Lane lane) const {
        return static_cast<size_t>(
            std::ranges::count_if(jobs_, [lane](const Job& job) { return job.lane == lane; }));
    }
    void clear() { jobs_.clear(); }

  private:
    struct Job {
        env::Lane lane;
        std::function<void()> work;
        std::function<void()> done;
    };
    std::deque<Job> jobs_;
};

/// Messages of all nodes, in the order they were sent.
struct Wire {
    struct Item {
        NodeId from, to;
        Buffer bytes;
    };
    std::deque<Item> items;
};

class WireTransport final : public env::Transport {
  public:
    WireTransport(Wire& wire, NodeId self) : wire_(wire), self_(self) {}
    void send(NodeId to, env::Priority /*priority*/, Buffer message) override {
        wire_.items.push_back({self_, to, std::move(message)});
    }

  private:
    Wire& wire_;
    NodeId self_;
};

/// Does what its script says; remembers what it was told.
class ScriptedEngine final : public consensus::Engine {
  public:
    using Script = std::function<void(const consensus::Input&, consensus::Effects&)>;
    explicit ScriptedEngine(Script script) : script_(std::move(script)) {}
    void step(Instant /*now*/, consensus::Input input, consensus::Effects& out) override {
        script_(input, out);
    }
    [[nodiscard]] consensus::EngineStatus status() const override { return {.role = "scripted"}; }
    [[nodiscard]] consensus::Probe probe() const override { return {}; }

  private:
    Script script_;
};

/// The smallest engine that orders anything: node 1 proposes, everybody takes its word. It persists
/// what it proposes, and it asks to catch up when it hears of a position beyond the next.
class DictatorEngine final : public consensus::Engine {
  public:
    DictatorEngine(NodeId self, std::vector<NodeId> others, Height applied)
        : self_(self), others_(std::move(others)), next_(applied.next()) {}

    void start(consensus::Effects& out) { ask(out); }
    void step(Instant /*now*/, consensus::Input input, consensus::Effects& out) override {
        if (auto* ready = std::get_if<consensus::PayloadReady>(&input)) propose(*ready, out);
        if (auto* received = std::get_if<consensus::Received>(&input)) follow(*received, out);
        if (auto* read = std::get_if<consensus::Read>(&input))
            out.emplace_back(consensus::ReadAt{.id = read->id, .height = next_.previous()});
        if (auto* changed = std::get_if<consensus::MembersChanged>(&input)) heard_ = *changed;
        if (auto* synced = std::get_if<consensus::Synced>(&input))
            if (synced->position >= next_) next_ = synced->position.next();
        if (std::holds_alternative<consensus::Durable>(input) && self_.value == 1) ask(out);
    }
    [[nodiscard]] consensus::EngineStatus status() const override { return {.role = "dictator"}; }
    [[nodiscard]] consensus::Probe probe() const override { return {}; }
    [[nodiscard]] std::vector<NodeId> counted() const override {
        std::vector<NodeId> ids{self_};
        if (!heard_) return others_;
        for (const auto& voter : heard_->members.voters) ids.push_back(voter.id);
        return ids;
    }
    [[nodiscard]] NodeId leader() const override { return leader_known ? NodeId(1) : NodeId{}; }
    [[nodiscard]] const std::optional<consensus::MembersChanged>& heard() const { return heard_; }

    [[nodiscard]] Height next() const { return next_; }

    bool leader_known = false;

  private:
    void ask(consensus::Effects& out) {
        if (self_.value != 1) return;
        out.emplace_back(
            consensus::NeedPayload{.ask = ++last_ask_, .ancestors = {}, .bytes_max = 100'000});
    }
    void propose(const consensus::PayloadReady& ready, consensus::Effects& out) {
        Writer message;
        message.ordinal(next_);
        message.raw(*ready.payload);
        const Buffer bytes = make_buffer(message.take());
        out.emplace_back(consensus::Persist{.token = ++last_token_, .record = bytes});
        for (const NodeId to : others_) out.emplace_back(consensus::Send{.to = to, .bytes = bytes});
        deliver(ready.payload, out);
    }
    void follow(const consensus::Received& received, consensus::Effects& out) {
        Reader in(*received.bytes);
        const auto position = in.ordinal<Height>();
        if (position > next_)
            out.emplace_back(
                consensus::CatchUp{.from = next_, .upto = position, .source = received.from});
        if (position == next_) deliver(make_buffer(to_bytes(in.rest())), out);
    }
    void deliver(const Buffer& payload, consensus::Effects& out) {
        out.emplace_back(consensus::Deliver{.position = next_,
                                            .payload = payload,
                                            .origin = {.proposer = NodeId(1)},
                                            .mark = to_bytes(std::string_view("mark"))});
        out.emplace_back(consensus::Final{next_});
        ++next_;
    }

    NodeId self_;
    std::vector<NodeId> others_;
    Height next_;
    consensus::AskId last_ask_;
    consensus::Token last_token_;
    std::optional<consensus::MembersChanged> heard_;
};

}  // namespace holdfast::node::testing
