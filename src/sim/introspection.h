// What engines see of themselves, in their own words: the checker of each engine says when they are
// asked, beside the end of a run.
#pragma once

#include <fmt/format.h>

#include "sim/checkers.h"

namespace holdfast::sim {

class Introspection : public Checker {
  public:
    Introspection(const Sight& sight, SelfCheck self_check)
        : stage_(sight.stage), self_check_(std::move(self_check)) {}
    void at_end() override {
        for (const NodeId node : stage_.nodes())
            if (const consensus::Engine* engine = stage_.view(node).engine) look(node, *engine);
    }

  protected:
    void look(NodeId node, const consensus::Engine& engine) {
        for (const std::string& rule : self_check_(engine))
            violated(fmt::format("node {}: not so: {}", node, rule));
    }

  private:
    const Stage& stage_;
    SelfCheck self_check_;
};

}  // namespace holdfast::sim
