// From an agreed payload to an executed block: decode, recover the senders that are not known yet,
// then execute in order on the execution lane, which alone touches the ledger.
#pragma once

#include <deque>
#include <functional>

#include "node/context.h"
#include "node/payloads.h"

namespace holdfast::node {

/// A block on its way through the pipeline.
struct PipelineItem {
    ledger::OrderedPayload ordered;
    std::shared_ptr<KnownPayload> payload;
    /// Blocks from peers bring the hash that executing them must give.
    std::optional<Hash32> expected_hash;
    std::optional<chain::Certificate> certificate;

    bool prepared = false;
    std::shared_ptr<const ledger::Executed> executed;
    chain::Attestation attestation;  ///< ours
};

class Pipeline {
  public:
    using Find = Payloads::Find;
    using Done = std::function<void(PipelineItem&)>;

    Pipeline(Context& context, ledger::Ledger& ledger, Payloads& payloads, Find find, Done done)
        : context_(context),
          ledger_(ledger),
          payloads_(payloads),
          find_(std::move(find)),
          done_(std::move(done)) {}

    void deliver(const consensus::Deliver& delivered);
    /// A block that a peer executed: the same way in.
    void deliver_synced(const SyncBlock& block);

    /// The ledger jumped: what a snapshot has brought is executed no more.
    void on_jumped();

    /// Payloads delivered and not yet executed, oldest first.
    [[nodiscard]] std::vector<Buffer> unexecuted() const;
    [[nodiscard]] size_t depth() const { return items_.size(); }
    /// The height after the newest in the pipeline.
    [[nodiscard]] Height next_height() const;

  private:
    void push(std::shared_ptr<PipelineItem> item);
    void prepare(const std::shared_ptr<PipelineItem>& item);
    void pump();
    void execute(const std::shared_ptr<PipelineItem>& item);
    void finished(const std::shared_ptr<PipelineItem>& item);

    Context& context_;
    ledger::Ledger& ledger_;
    Payloads& payloads_;
    Find find_;
    Done done_;
    std::deque<std::shared_ptr<PipelineItem>> items_;
    bool executing_ = false;
};

}  // namespace holdfast::node
