// Answers the engine's pull for a payload: at once when there is something to say, empty after a
// while when there is not, and not at all while speaking would do harm.
#pragma once

#include <functional>

#include "node/context.h"
#include "node/payloads.h"

namespace holdfast::node {

class Proposer {
  public:
    struct Hooks {
        std::function<void(consensus::PayloadReady)> answer;
        /// These transactions are in a payload now.
        std::function<void(const std::vector<Hash32>&)> proposed;
        /// Payloads delivered but not yet executed, oldest first.
        std::function<std::vector<Buffer>()> unexecuted;
        /// Enough is waiting to be executed: say nothing for now.
        std::function<bool()> busy;
        /// Empty while proposing is fine; otherwise what is wrong.
        std::function<std::string()> hold;
    };

    Proposer(Context& context, mempool::Mempool& pool, Payloads& payloads, Hooks hooks);

    void on_need_payload(const consensus::NeedPayload& ask);
    void on_cancel(consensus::AskId ask);
    /// This payload is on its way no more.
    void on_executed(const Buffer& payload);
    /// Something changed: a transaction came, a block was executed, time passed.
    void poke();
    [[nodiscard]] std::optional<Instant> deadline() const;
    /// Why an ask goes unanswered; empty if none does.
    [[nodiscard]] const std::string& holding() const { return holding_; }

  private:
    [[nodiscard]] std::vector<std::shared_ptr<KnownPayload>> on_their_way();
    [[nodiscard]] bool is_worth_it(size_t under_way) const;
    void answer(const std::unordered_set<Hash32>& excluded);

    Context& context_;
    mempool::Mempool& pool_;
    Payloads& payloads_;
    Hooks hooks_;
    std::optional<consensus::NeedPayload> ask_;
    std::optional<Instant> asked_at_;
    Instant quiet_since_;  ///< neither proposed nor executed anything since
    std::string holding_;
};

}  // namespace holdfast::node
