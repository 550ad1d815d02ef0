// Clients see one ledger: an answer never stands below what had been answered before its question,
// and a read gives the balance that its account had right there.
#include <fmt/format.h>

#include "sim/cast.h"
#include "sim/checkers.h"
#include "sim/witness.h"

namespace holdfast::sim {
namespace {

class Linearizability final : public Checker {
  public:
    explicit Linearizability(const Sight& sight) : interpreter_(sight.interpreter) {}
    [[nodiscard]] std::string_view name() const override { return "linearizability"; }

    void on_call(const Call& call) override { witness_.on_call(call.id); }
    void on_answer(const Call& call, const Answer& answer) override {
        const bool read = call.kind == OperationKind::read;
        if (const auto floor = witness_.on_answer(call.id, answer.height))
            violated(fmt::format(
                "{} {} is answered as of block {}, and {} was answered before it was asked",
                read ? "read" : "transfer", call.id, answer.height, *floor));
        if (!read) return;
        open_.emplace(answer.height, Open{call.id, call.account, answer.balance});
        check_open();
    }
    // Word of a block may come after the answer that rests on it.
    void on_block(NodeId /*node*/, const ledger::Executed& /*executed*/) override {
        if (!open_.empty()) check_open();
    }
    void at_end() override {
        check_open();
        for (const auto& [height, read] : open_)
            violated(fmt::format("read {} is answered as of block {}, which nobody executed",
                                 read.id, height));
        open_.clear();
    }

  private:
    struct Open {
        uint64_t id = 0, account = 0;
        U256 balance;
    };
    void check_open() {
        interpreter_->advance();
        while (!open_.empty()) {
            const auto [height, read] = *open_.begin();
            const auto expected = interpreter_->balance(account(read.account), height);
            if (!expected) return;
            open_.erase(open_.begin());
            if (*expected != read.balance)
                violated(fmt::format("read {} of account {} gives {}, after block {} it was {}",
                                     read.id, read.account, read.balance.to_decimal(), height,
                                     expected->to_decimal()));
        }
    }

    std::shared_ptr<Interpreter> interpreter_;
    Witness witness_;
    std::multimap<Height, Open> open_;
};

}  // namespace

CheckerPtr make_linearizability(const Sight& sight) {
    return std::make_unique<Linearizability>(sight);
}

}  // namespace holdfast::sim
