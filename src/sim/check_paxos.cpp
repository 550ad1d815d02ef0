// P-1B, P-2A, P-2B, P-CH, P-GAP and P-TR: promises are kept, one value is chosen in a slot, and
// what is chosen is delivered in its order. What one node sees of itself comes last.
#include "node/messages.h"
#include "sim/introspection.h"
#include "sim/paxos_sight.h"

namespace holdfast::sim {
namespace {

/// Feeds the sight, and says what it finds about values.
class PaxosChosen final : public Checker {
  public:
    explicit PaxosChosen(const Sight& sight)
        : paxos_(sight.paxos), tag_(node::encode_message(node::EngineMessage{})->front()) {}
    [[nodiscard]] std::string_view name() const override { return "paxos-chosen"; }

    void on_start(NodeId node, const consensus::Base& /*base*/,
                  const std::vector<consensus::JournalRecord>& records,
                  consensus::JournalHealth health, uint64_t incarnation) override {
        const bool readable = health != consensus::JournalHealth::damaged;
        paxos_->on_start(node, readable ? records : std::vector<consensus::JournalRecord>{},
                         incarnation);
    }
    void on_end(NodeId node, Death /*why*/) override { paxos_->on_end(node); }
    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> effects) override {
        for (const consensus::Effect& effect : effects) {
            if (const auto* persist = std::get_if<consensus::Persist>(&effect))
                paxos_->on_persist(node, *persist);
            if (const auto* deliver = std::get_if<consensus::Deliver>(&effect))
                paxos_->on_deliver(node, *deliver);
        }
    }
    void on_platter(NodeId node, consensus::Token token) override {
        paxos_->on_platter(node, token);
    }
    void on_send(NodeId from, NodeId /*to*/, ByteView message) override {
        if (!message.empty() && message.front() == tag_)
            paxos_->on_message(from, message.subspan(1));
    }
    void after_event() override {
        for (std::string& problem : std::exchange(paxos_->problems.chosen, {}))
            violated(std::move(problem));
    }

  private:
    std::shared_ptr<PaxosSight> paxos_;
    uint8_t tag_;
};

class PaxosPromise final : public Checker {
  public:
    explicit PaxosPromise(const Sight& sight) : paxos_(sight.paxos) {}
    [[nodiscard]] std::string_view name() const override { return "paxos-promise"; }
    void after_event() override {
        for (std::string& problem : std::exchange(paxos_->problems.promise, {}))
            violated(std::move(problem));
    }

  private:
    std::shared_ptr<PaxosSight> paxos_;
};

class PaxosOrder final : public Checker {
  public:
    explicit PaxosOrder(const Sight& sight) : paxos_(sight.paxos) {}
    [[nodiscard]] std::string_view name() const override { return "paxos-order"; }
    void after_event() override {
        for (std::string& problem : std::exchange(paxos_->problems.order, {}))
            violated(std::move(problem));
    }

  private:
    std::shared_ptr<PaxosSight> paxos_;
};

class PaxosInvariants final : public Introspection {
  public:
    PaxosInvariants(const Sight& sight, SelfCheck self_check)
        : Introspection(sight, std::move(self_check)) {}
    [[nodiscard]] std::string_view name() const override { return "paxos-invariants"; }

    void on_effects(NodeId node, const consensus::Engine& engine,
                    std::span<const consensus::Effect> /*effects*/) override {
        constexpr uint64_t look_every_steps = 64;
        if (++steps_ % look_every_steps == 0) look(node, engine);
    }

  private:
    uint64_t steps_ = 0;
};

}  // namespace

CheckerPtr make_paxos_chosen(const Sight& sight) {
    return std::make_unique<PaxosChosen>(sight);
}

CheckerPtr make_paxos_promise(const Sight& sight) {
    return std::make_unique<PaxosPromise>(sight);
}

CheckerPtr make_paxos_order(const Sight& sight) {
    return std::make_unique<PaxosOrder>(sight);
}

CheckerPtr make_paxos_invariants(const Sight& sight, SelfCheck self_check) {
    return std::make_unique<PaxosInvariants>(sight, std::move(self_check));
}

}  // namespace holdfast::sim
