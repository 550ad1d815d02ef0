// Linearizable reads: the engine gives each its point in the order, and the answer waits until the
// ledger has got there.
#pragma once

#include <functional>
#include <map>

#include "node/context.h"

namespace holdfast::node {

class Reads {
  public:
    using Done = std::function<void(Result<Height>)>;

    explicit Reads(Context& context) : context_(context) {}

    /// The id to ask the engine for; null (and an answer) if too many are waiting.
    std::optional<consensus::ReadId> begin(Done done);
    void on_read_at(const consensus::ReadAt& effect);
    void on_refused(const consensus::ReadRefused& effect);
    void on_executed(Height head);
    void on_tick();
    void fail_all(const Error& error);
    [[nodiscard]] std::optional<Instant> deadline() const;
    [[nodiscard]] size_t waiting() const { return waiting_.size(); }

  private:
    struct Waiting {
        Done done;
        Instant expires;
        std::optional<Height> at;
    };
    void answer(std::map<consensus::ReadId, Waiting>::iterator place, Result<Height> result);

    static constexpr size_t waiting_max = 8192;
    static constexpr Duration patience = 5s;

    Context& context_;
    std::map<consensus::ReadId, Waiting> waiting_;  ///< by id, so by age as well
    consensus::ReadId last_;
};

}  // namespace holdfast::node
