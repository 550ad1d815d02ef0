// The story of a run, for its report: who was up, who led, what was done to whom, how far each got,
// and the last events before the end.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "sim/outcome.h"
#include "sim/plan.h"

namespace holdfast::sim {

struct Recorder {
    struct Life {
        Duration from{}, to{};
        NodeId node;
        std::string end;  ///< why it ended; empty if it did not
    };
    struct Role {
        Duration at{};
        NodeId node;
        std::string role;
        uint64_t view = 0;
    };
    struct Done {
        Duration at{};
        Duration lasts{};
        Fault fault;
        std::string why_not;  ///< empty if it took effect; else what the atlas or the world said
    };
    struct Progress {
        Duration at{};
        NodeId node;
        Height height;
    };
    struct Line {
        Duration at{};
        NodeId node;  ///< 0: the world
        std::string text;
    };
    static constexpr size_t lines_max = 400;

    std::vector<Life> lives;
    std::vector<Role> roles;
    std::vector<Done> faults;
    std::vector<Progress> progress;  ///< of each node, whenever its head has moved
    std::deque<Line> lines;          ///< the last ones: log lines, inputs and effects in words
    Duration healed_at{};  ///< the faults ended and progress was demanded; 0: never got there

    void line(Duration at, NodeId node, std::string text) {
        if (lines.size() == lines_max) lines.pop_front();
        lines.push_back({at, node, std::move(text)});
    }
};

}  // namespace holdfast::sim
