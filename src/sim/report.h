// What a run, or a campaign, looked like: one HTML page that needs nothing else. A timeline with a
// lane for each node, what was done to whom, and the rule that was broken, in words.
#pragma once

#include "sim/campaign.h"

namespace holdfast::sim {

struct Report {
    Plan plan;        ///< of the run that is shown
    Outcome outcome;  ///< of that run
    /// Without one the page shows what was planned, and not what became of it.
    std::optional<Recorder> recorder;
    std::vector<TallyRow> campaign;  ///< of all seeds; empty: there was only this run
    std::string version;
    std::string command;    ///< that runs it again
    std::string minimized;  ///< one sentence on how small the plan was made; empty: it was not
};

std::string html(const Report& report);

// The parts of the page.
/// `text` with the characters escaped that HTML gives a meaning to.
std::string escaped(std::string_view text);
/// The drawing: axis, partitions, a lane for each node, heights of blocks; with its legend.
std::string timeline(const Report& report);
std::string_view page_style();
std::string_view page_script();

}  // namespace holdfast::sim
