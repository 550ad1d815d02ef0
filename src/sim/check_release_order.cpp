// A9: what stands behind a Persist in its list of effects reaches nobody before the record is on
// the platter; and what a journal gives back to the next life is there too.
#include <fmt/format.h>

#include "node/messages.h"
#include "sim/checkers.h"
#include "sim/draw.h"

namespace holdfast::sim {
namespace {

class ReleaseOrder final : public Checker {
  public:
    ReleaseOrder() : tag_(node::encode_message(node::EngineMessage{})->front()) {}
    [[nodiscard]] std::string_view name() const override { return "release-order"; }

    void on_start(NodeId node, const consensus::Base& /*base*/,
                  const std::vector<consensus::JournalRecord>& records,
                  consensus::JournalHealth /*health*/, uint64_t /*incarnation*/) override {
        Life& life = lives_[node] = {};
        for (const auto& record : records) life.platter = std::max(life.platter, record.token);
    }
    // All that a journal holds counts as durable in the life that reads it, but a process that was
    // killed may have left it in memory only.
    void on_unsynced_start(NodeId node) override {
        violated(fmt::format("node {} starts with records that are not on its platter", node));
    }
    void on_end(NodeId node, Death /*why*/) override { lives_[node] = {}; }
    void on_platter(NodeId node, consensus::Token token) override {
        lives_[node].platter = std::max(lives_[node].platter, token);
    }
    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> effects) override {
        Life& life = lives_[node];
        consensus::Token barrier;
        for (const consensus::Effect& effect : effects) {
            if (const auto* persist = std::get_if<consensus::Persist>(&effect))
                barrier = persist->token;
            if (const auto* send = std::get_if<consensus::Send>(&effect))
                life.unsent[mix(send->to.value, fingerprint(*send->bytes))].push_back(barrier);
            if (const auto* deliver = std::get_if<consensus::Deliver>(&effect))
                if (barrier > life.platter) life.undelivered[deliver->position] = barrier;
        }
    }
    void on_send(NodeId from, NodeId to, ByteView message) override;
    void on_block(NodeId node, const ledger::Executed& executed) override;

  private:
    struct Life {
        consensus::Token platter;
        /// Message -> the tokens that each copy of it has to wait for.
        std::unordered_map<uint64_t, std::vector<consensus::Token>> unsent;
        std::map<Height, consensus::Token> undelivered;
    };
    uint8_t tag_;
    std::map<NodeId, Life> lives_;
};

void ReleaseOrder::on_send(NodeId from, NodeId to, ByteView message) {
    if (message.empty() || message.front() != tag_) return;
    Life& life = lives_[from];
    const auto place = life.unsent.find(mix(to.value, fingerprint(message.subspan(1))));
    if (place == life.unsent.end())
        return violated(
            fmt::format("node {} sends to node {} what its engine did not say", from, to));
    // Equal copies are the same to everybody: the one that waits for least goes first.
    auto& tokens = place->second;
    const auto least = std::ranges::min_element(tokens);
    if (*least > life.platter)
        violated(
            fmt::format("node {} sends to node {} what waits for record {}, with {} on its platter",
                        from, to, *least, life.platter));
    tokens.erase(least);
    if (tokens.empty()) life.unsent.erase(place);
}

void ReleaseOrder::on_block(NodeId node, const ledger::Executed& executed) {
    Life& life = lives_[node];
    const Height height = executed.block.header.number;
    while (!life.undelivered.empty() && life.undelivered.begin()->first <= height) {
        const auto [position, token] = *life.undelivered.begin();
        life.undelivered.erase(life.undelivered.begin());
        if (position == height && token > life.platter)
            violated(fmt::format(
                "node {} executes block {}, which waits for record {}, with {} on its platter",
                node, height, token, life.platter));
    }
}

}  // namespace

CheckerPtr make_release_order(const Sight& /*sight*/) {
    return std::make_unique<ReleaseOrder>();
}

}  // namespace holdfast::sim
