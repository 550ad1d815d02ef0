// B0: every queue, window, log and message stays below a limit that is generous, and fixed.
#include <fmt/format.h>

#include "node/node.h"
#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

constexpr uint64_t look_every_events = 256;
constexpr size_t effects_of_a_step_max = 16'384;
constexpr size_t message_bytes_max = 16 << 20;
constexpr size_t record_bytes_max = 64 << 20;
constexpr uint64_t undecided_entries_max = 4096;
constexpr uint64_t engine_reads_max = 3 * 4096;
constexpr uint64_t pool_transactions_max = 65'536;
constexpr uint64_t pool_bytes_max = 64 << 20;
/// Least that Raft counts for an entry that it retains; twice the allowance is generous.
constexpr uint64_t entry_bytes_min = 48;
constexpr uint64_t retained_slack_entries = 256;

struct QueueLimit {
    std::string_view name;
    uint64_t max;
};
constexpr std::array queue_limits{QueueLimit{"journal", 8192}, QueueLimit{"pipeline", 2048},
                                  QueueLimit{"recovering", 65'536}, QueueLimit{"uncertified", 4096},
                                  QueueLimit{"reads", 8192}};
constexpr uint64_t other_queues_max = 65'536;

uint64_t limit_of(std::string_view queue) {
    const auto* place = std::ranges::find(queue_limits, queue, &QueueLimit::name);
    return place == queue_limits.end() ? other_queues_max : place->max;
}

class Bounds final : public Checker {
  public:
    explicit Bounds(const Sight& sight) : stage_(sight.stage), raft_(sight.raft) {}
    [[nodiscard]] std::string_view name() const override { return "bounds"; }

    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> effects) override;
    void on_send(NodeId from, NodeId to, ByteView message) override {
        if (message.size() > message_bytes_max)
            violated(fmt::format("node {} sends {} bytes to node {}", from, message.size(), to));
    }
    void after_event() override {
        if (++events_ % look_every_events == 0) look();
    }
    void at_end() override { look(); }

  private:
    void look();
    void expect(NodeId node, std::string_view what, uint64_t value, uint64_t max) {
        if (value > max)
            violated(fmt::format("node {}: {} is {}, at most {}", node, what, value, max));
    }

    const Stage& stage_;
    std::shared_ptr<const RaftSight> raft_;
    uint64_t events_ = 0;
};

void Bounds::on_effects(NodeId node, const consensus::Engine& /*engine*/,
                        std::span<const consensus::Effect> effects) {
    expect(node, "the number of effects of a step", effects.size(), effects_of_a_step_max);
    for (const consensus::Effect& effect : effects)
        if (const auto* persist = std::get_if<consensus::Persist>(&effect))
            expect(node, "the size of a record", persist->record->size(), record_bytes_max);
    const SightProbe& probe = raft_->step().after;
    if (probe.last > probe.commit)
        expect(node, "entries not known to be committed", probe.last - probe.commit,
               undecided_entries_max);
    expect(node, "reads in the engine", probe.reads, engine_reads_max);
    const uint64_t settled = std::min(probe.delivered, probe.durable);
    const uint64_t retained_max =
        2 * stage_.plan().log_bytes_retained / entry_bytes_min + retained_slack_entries;
    if (settled > probe.start)
        expect(node, "delivered entries retained", settled - probe.start, retained_max);
}

void Bounds::look() {
    for (const NodeId id : stage_.nodes()) {
        const NodeView view = stage_.view(id);
        if (!view.up || view.node == nullptr) continue;
        const node::NodeStatus status = view.node->status();
        for (const auto& [name, depth] : status.queues)
            expect(id, fmt::format("queue {}", name), depth, limit_of(name));
        expect(id, "pending transactions", status.pending_transactions, pool_transactions_max);
        expect(id, "pending bytes", status.pending_bytes, pool_bytes_max);
    }
}

}  // namespace

CheckerPtr make_bounds(const Sight& sight) {
    return std::make_unique<Bounds>(sight);
}

}  // namespace holdfast::sim
