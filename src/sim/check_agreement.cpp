// A1, A2, A4: one block at each height, whoever executes it; positions one after the other; each
// block on the one before; and what engines deliver is the same everywhere. Keeps the chain that
// the other checkers read.
#include <fmt/format.h>

#include "node/node.h"
#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

class Agreement final : public Checker {
  public:
    explicit Agreement(const Sight& sight) : stage_(sight.stage), chain_(sight.chain) {}
    [[nodiscard]] std::string_view name() const override { return "agreement"; }

    void on_start(NodeId node, const consensus::Base& base,
                  const std::vector<consensus::JournalRecord>& /*records*/,
                  consensus::JournalHealth /*health*/, uint64_t /*incarnation*/) override {
        // The last block of an epoch may be in the ledger before the engine counts it.
        const env::StateStore* store = stage_.view(node).store;
        const Height head = store != nullptr ? ledger::reader_at_head(*store).head() : Height{};
        lives_[node] = {.delivered = base.applied, .executed = std::max(base.applied, head)};
    }
    void on_input(NodeId node, const consensus::Input& input) override {
        if (const auto* synced = std::get_if<consensus::Synced>(&input))
            lives_[node].delivered = std::max(lives_[node].delivered, synced->position);
    }
    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> effects) override {
        for (const consensus::Effect& effect : effects) {
            if (const auto* deliver = std::get_if<consensus::Deliver>(&effect))
                delivered(node, *deliver);
            if (const auto* final = std::get_if<consensus::Final>(&effect);
                final != nullptr && final->upto > lives_[node].delivered)
                violated(fmt::format("node {} calls {} final, and has delivered up to {}", node,
                                     final->upto, lives_[node].delivered));
        }
    }
    void on_block(NodeId node, const ledger::Executed& executed) override;

  private:
    struct Delivered {
        uint64_t payload = 0;
        consensus::Origin origin;
    };
    struct Life {
        Height delivered, executed;
        uint64_t snapshots = 0;
    };
    void delivered(NodeId node, const consensus::Deliver& deliver);
    bool jumped(NodeId node);
    void check_chain(NodeId node, const chain::Block& block);

    const Stage& stage_;
    std::shared_ptr<Chain> chain_;
    std::map<NodeId, Life> lives_;
    std::unordered_map<Height, Delivered> delivered_;
    std::unordered_map<Height, chain::Origin> origins_;
    std::optional<Hash32> genesis_;
};

void Agreement::delivered(NodeId node, const consensus::Deliver& deliver) {
    Life& life = lives_[node];
    if (deliver.position != life.delivered.next())
        violated(
            fmt::format("node {} delivers {} after {}", node, deliver.position, life.delivered));
    life.delivered = deliver.position;
    const Delivered now{fingerprint(*deliver.payload), deliver.origin};
    const auto [first, fresh] = delivered_.try_emplace(deliver.position, now);
    if (fresh) return;
    if (first->second.payload != now.payload)
        violated(fmt::format("node {} delivers another payload than others did at {}", node,
                             deliver.position));
    if (first->second.origin != now.origin)
        violated(fmt::format("node {} delivers {} as of another origin than others did", node,
                             deliver.position));
}

// A snapshot takes the place of blocks; the node counts those that it took.
bool Agreement::jumped(NodeId node) {
    const NodeView view = stage_.view(node);
    if (view.node == nullptr) return false;
    const uint64_t snapshots = view.node->status().counters.snapshots_synced;
    return std::exchange(lives_[node].snapshots, snapshots) < snapshots;
}

void Agreement::on_block(NodeId node, const ledger::Executed& executed) {
    Life& life = lives_[node];
    const Height height = executed.block.header.number;
    if (height != life.executed.next() && (height <= life.executed || !jumped(node)))
        violated(fmt::format("node {} executes block {} after {}", node, height, life.executed));
    life.executed = height;
    if (const ChainBlock* first = chain_->at(height)) {
        if (first->hash != executed.block.hash)
            violated(fmt::format("node {} executes another block {} than others did: {}, not {}",
                                 node, height, to_hex(executed.block.hash.view()),
                                 to_hex(first->hash.view())));
        return;
    }
    chain_->take(executed, stage_.view(node).store);
    check_chain(node, executed.block);
}

void Agreement::check_chain(NodeId node, const chain::Block& block) {
    const Height height = block.header.number;
    const Hash32& parent = block.header.parent_hash;
    if (height == Height(1)) {
        if (!genesis_) genesis_ = parent;
        if (*genesis_ != parent) violated(fmt::format("node {} begins on another genesis", node));
    } else if (const ChainBlock* before = chain_->at(height.previous());
               before != nullptr && before->hash != parent) {
        violated(
            fmt::format("block {} of node {} is not on block {}", height, node, height.previous()));
    }
    const auto extra = chain::decode_extra(block.header.extra_data);
    if (!extra) return violated(fmt::format("block {} says nothing of its origin", height));
    origins_[height] = extra->origin;
    const auto before = origins_.find(height.previous());
    if (before == origins_.end()) return;
    // Some engines count their views anew in each epoch. And in Paxos a value that a leader of the
    // past left in a later slot comes behind what a newer one proposed before that.
    const bool anew = stage_.plan().engine == "paxos" ||
                      (stage_.plan().engine == "bft" && extra->origin.epoch > before->second.epoch);
    if ((extra->origin.view < before->second.view && !anew) ||
        extra->origin.epoch < before->second.epoch)
        violated(fmt::format("block {} is of view {} in epoch {}, the one before of {} in {}",
                             height, extra->origin.view, extra->origin.epoch, before->second.view,
                             before->second.epoch));
}

}  // namespace

CheckerPtr make_agreement(const Sight& sight) {
    return std::make_unique<Agreement>(sight);
}

}  // namespace holdfast::sim
