// Brings proof of others' guilt before the ledger: as a transaction, from this node's own account.
#pragma once

#include <deque>
#include <functional>

#include "chain/statement.h"
#include "node/context.h"

namespace holdfast::node {

class Reporter {
  public:
    using Submit = std::function<Status(const TransactionPtr&)>;

    Reporter(Context& context, Submit submit) : context_(context), submit_(std::move(submit)) {}

    /// As an engine came forward with it: chain::Evidence, encoded.
    void on_accuse(ByteView evidence);
    void on_tick();
    [[nodiscard]] std::optional<Instant> deadline() const;

  private:
    struct Report {
        chain::Evidence evidence;
        Instant due;
    };
    void bring(const chain::Evidence& evidence);

    Context& context_;
    Submit submit_;
    std::deque<Report> reports_;  ///< by the time when each is due
    uint64_t nonce_ = 0;          ///< after what is in the pool, until that should be executed
    Instant nonce_until_;
};

}  // namespace holdfast::node
