// The page around the drawing: what happened, in words first; then how to see it again; then the
// last events, the sums and the plan.
#include "sim/report.h"

#include <algorithm>

#include "sim/fault_table.h"

namespace holdfast::sim {
namespace {

/// What each rule promises, for readers who have not seen its checker.
struct Rule {
    std::string_view checker, promise;
};
constexpr std::array promises{
    Rule{"acked", "What was acknowledged to a client stays in the ledger for ever."},
    Rule{"agreement", "No two nodes ever have different final blocks at the same height."},
    Rule{"bft-accountability", "Whoever broke agreement can be named by what he has signed."},
    Rule{"bft-certificate", "A certificate is signed by more than two thirds of the weight."},
    Rule{"bft-durability", "The payload of what is final is on the disks of a quorum."},
    Rule{"bft-evidence", "Whoever accuses proves it, and nobody honest is accused."},
    Rule{"bft-finality", "Each final proposal is in the past of every later one."},
    Rule{"bft-notarized", "Only what a quorum has notarized is finalized."},
    Rule{"bft-one-voice", "A validator never says two things that exclude each other."},
    Rule{"bft-parent", "A proposal stands on a notarized one, with only skipped views between."},
    Rule{"bft-promise", "What a validator says is on its disk."},
    Rule{"bft-quorums", "No two certificates that exclude each other can come about."},
    Rule{"bft-read", "A read sees everything that was final when it was asked."},
    Rule{"bft-stability", "A validator that comes back knows everything that it had on disk."},
    Rule{"bounds", "Every queue, log and message stays below its limit."},
    Rule{"conservation", "Money is neither made nor lost: balances add up to what was issued."},
    Rule{"durability", "What is final is on the disks of a quorum."},
    Rule{"integrity", "Each transaction takes effect at most once."},
    Rule{"linearizability", "Clients see one ledger: no answer goes back behind an earlier one."},
    Rule{"paxos-chosen", "One value is chosen in a slot, for ever. [PMS §2.2]"},
    Rule{"paxos-order", "What is delivered is what is chosen, in its order."},
    Rule{"paxos-promise", "An acceptor keeps its promises, and has on its disk what it says."},
    Rule{"paxos-read", "A read sees everything that was final when it was asked."},
    Rule{"raft-config", "The members change one step at a time, and majorities always overlap."},
    Rule{"raft-election-safety", "There is at most one leader in a term. [Raft §5.2]"},
    Rule{"raft-leader-completeness",
         "A leader's log holds everything committed before its term. [Raft §5.4]"},
    Rule{"raft-leader-append-only", "A leader only ever appends to its own log. [Raft §5.3]"},
    Rule{"raft-log-matching", "Logs that agree on one entry agree on all before it. [Raft §5.3]"},
    Rule{"raft-one-vote", "A node votes once in a term, whatever happens to it. [Raft §5.2]"},
    Rule{"raft-read-index", "A read sees everything that was final when it was asked."},
    Rule{"release-order", "A promise leaves a node only once it is on its disk."},
    Rule{"stability", "A node that comes back knows everything that it ever told."},
    Rule{"state-equality", "The same blocks give the same state, byte for byte."},
    Rule{"stopped", "No node stops itself because of what others or its disk did to it."},
    Rule{"validity", "Nothing is executed that no client made."},
    Rule{"liveness", "Once the faults are over, the cluster gets on and answers everybody."},
    Rule{"determinism", "The same plan gives the same run, bit for bit."},
    Rule{"CHECK", "Production code never finds one of its own assumptions broken."},
};

std::string headline(const Outcome& outcome) {
    switch (outcome.verdict) {
        case Verdict::held:
            return "Every rule held";
        case Verdict::crash:
            return "The program gave up";
        case Verdict::safety:
            break;
        case Verdict::liveness:
            return "The cluster did not get on";
    }
    return "A rule was broken: " +
           (outcome.violations.empty() ? "" : escaped(outcome.violations.front().checker));
}

std::string top(const Report& report) {
    const Outcome& outcome = report.outcome;
    const bool held = outcome.verdict == Verdict::held;
    std::string text =
        fmt::format("<p class=\"over\">Holdfast simulation · {}</p>\n<h1 class=\"{}\">{}</h1>\n",
                    escaped(report.version), held ? "held" : "broken", headline(outcome));
    if (held)
        text += outcome.unrecoverable
                    ? "<p class=\"what\">Progress was not demanded: the damage was beyond what any "
                      "cluster of this size survives.</p>\n"
                    : "";
    for (size_t i = 0; i < std::min<size_t>(outcome.violations.size(), 4); ++i) {
        const Violation& it = outcome.violations[i];
        text += fmt::format("<p class=\"what\">{} <span class=\"over\">({}, at {})</span></p>\n",
                            escaped(it.what), escaped(it.checker), rough_time(it.at));
    }
    if (!outcome.violations.empty()) {
        const auto rule =
            std::ranges::find(promises, outcome.violations.front().checker, &Rule::checker);
        if (rule != promises.end())
            text +=
                fmt::format("<p class=\"rule-text\">The rule: {}</p>\n", escaped(rule->promise));
    }
    return text;
}

std::string facts(const Report& report) {
    const Plan& plan = report.plan;
    const Outcome& outcome = report.outcome;
    std::string text = "<dl class=\"facts\">\n";
    const auto fact = [&](std::string_view name, const std::string& value) {
        text += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, escaped(value));
    };
    fact("seed", std::to_string(plan.seed));
    fact("engine", plan.engine);
    fact("nodes", plan.spares == 0 ? std::to_string(plan.nodes)
                                   : fmt::format("{} and {} spare", plan.nodes, plan.spares));
    if (plan.liars != 0) fact("liars", node_list(plan.liars));
    fact("faults", plan.profile);
    fact("simulated", rough_time(outcome.simulated));
    fact("events", grouped(outcome.events));
    fact("blocks", grouped(outcome.blocks));
    fact("elections", grouped(outcome.elections));
    fact("transfers acknowledged", grouped(outcome.transfers_acknowledged));
    fact("trace", fmt::format("{:016x}", outcome.trace));
    text += "</dl>\n";
    if (!report.minimized.empty())
        text += fmt::format("<p class=\"rule-text\">The plan was minimized {}.</p>\n",
                            escaped(report.minimized));
    return text + fmt::format(
                      "<div class=\"command\"><code>{0}</code><button data-copy=\"{0}\">copy"
                      "</button></div>\n",
                      escaped(report.command));
}

std::string tools(const Report& report) {
    const auto end = std::max({report.outcome.simulated, Duration(1s)}).count();
    std::string text =
        "<h2>What happened</h2>\n<div class=\"tools\">"
        "<button data-from=\"0\" data-to=\"1e15\">whole run</button>";
    const auto button = [&](int64_t from, int64_t to, std::string_view name) {
        text += fmt::format("<button data-from=\"{}\" data-to=\"{}\">{}</button>",
                            std::max<int64_t>(from, 0), to, name);
    };
    if (!report.outcome.violations.empty()) {
        const auto at = report.outcome.violations.front().at.count();
        button(at - 5'000'000, at + 100'000, "5 s before it broke");
        button(at - 200'000, at + 10'000, "200 ms before");
    }
    if (report.recorder && report.recorder->healed_at > Duration{})
        button(report.recorder->healed_at.count() - 500'000, end, "after the faults");
    text +=
        "<span>Drag over a stretch of time to look closer; double click for the whole; arrow "
        "keys, + and − move.</span></div>\n";
    if (!report.recorder)
        text +=
            "<p class=\"rule-text\">The process died without a word, so this is what was "
            "planned, not what became of it.</p>\n";
    return text;
}

std::string legend() {
    std::string text = "<ul class=\"legend\">\n";
    const auto item = [&](std::string_view drawing, std::string_view words) {
        text += fmt::format("<li><svg viewBox=\"0 0 22 16\" aria-hidden=\"true\">{}</svg>{}</li>\n",
                            drawing, words);
    };
    const auto bar = [](std::string_view role, int y) {
        return fmt::format("<rect class=\"role {}\" x=\"1\" y=\"{}\" width=\"20\" height=\"{}\"/>",
                           role, y, 16 - 2 * y);
    };
    item(bar("leader", 0), "leader, with its view");
    item(bar("candidate", 3), "candidate");
    item(bar("follower", 3), "follower");
    item(bar("learner", 3), "learner");
    item(bar("abstaining", 3), "abstaining");
    item(bar("starting", 3), "starting");
    item("<rect class=\"down\" x=\"1\" y=\"7\" width=\"20\" height=\"2\"/>", "down");
    item("<rect class=\"paused\" x=\"1\" y=\"1\" width=\"20\" height=\"14\"/>", "paused");
    const auto mark = [](std::string_view style, std::string_view path) {
        return fmt::format("<path class=\"mark {}\" transform=\"translate(11,8)\" d=\"{}\"/>",
                           style, path);
    };
    const auto spell = [](std::string_view style) {
        return fmt::format("<rect class=\"spell {}\" x=\"2\" y=\"6\" width=\"18\" height=\"5\"/>",
                           style);
    };
    item(spell("network"), "network fault");
    item(spell("network side-b"), "the other side of a split");
    item(spell("process"), "slow or paused");
    item(spell("disk"), "slow or full disk");
    item(spell("clock"), "drifting clock");
    item(mark("network", "M-5,-4L5,-4L0,5Z"), "connections break");
    item(mark("process", "M-4.5,-4.5L4.5,4.5M-4.5,4.5L4.5,-4.5"), "process or power killed");
    item(mark("disk", "M0,-6L5,0L0,6L-5,0Z"), "disk damage");
    item(mark("clock", "M-4.5,0a4.5,4.5 0 1,0 9,0a4.5,4.5 0 1,0 -9,0M0,0L0,-3"), "clock jumps");
    item(mark("membership", "M-5,0L5,0M0,-5L0,5"), "operator");
    item(mark("process refused", "M-4.5,-4.5L4.5,4.5M-4.5,4.5L4.5,-4.5"), "planned, not done");
    return text + "</ul>\n";
}

std::string last_events(const Report& report) {
    if (!report.recorder || report.recorder->lines.empty()) return {};
    std::string text =
        "<h2>The last events</h2>\n<div class=\"events\"><table>\n<thead><tr><th>time</th>"
        "<th>node</th><th>event</th></tr></thead>\n<tbody>\n";
    for (const Recorder::Line& it : report.recorder->lines)
        text += fmt::format(
            "<tr data-us=\"{0}\"><td class=\"time\">{1}.{2:06} s</td><td class=\"node\">{3}</td>"
            "<td>{4}</td></tr>\n",
            it.at.count(), it.at.count() / 1'000'000, it.at.count() % 1'000'000,
            it.node == NodeId{} ? "" : fmt::format("node {}", it.node), escaped(it.text));
    for (const Violation& it : report.outcome.violations)
        text += fmt::format(
            "<tr class=\"now\" data-us=\"{0}\"><td class=\"time\">{1}.{2:06} s</td><td></td>"
            "<td>{3}: {4}</td></tr>\n",
            it.at.count(), it.at.count() / 1'000'000, it.at.count() % 1'000'000,
            escaped(it.checker), escaped(it.what));
    return text + "</tbody></table></div>\n";
}

std::string campaign(const Report& report) {
    if (report.campaign.empty()) return {};
    std::string text = "<h2>All seeds</h2>\n<table class=\"campaign\"><tbody>\n";
    for (const TallyRow& row : report.campaign)
        text +=
            fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", escaped(row.name), escaped(row.value));
    return text + "</tbody></table>\n";
}

std::string plan_text(const Report& report) {
    return fmt::format(
        "<details><summary>The plan: {} faults, {} operations</summary>\n"
        "<p class=\"rule-text\">Saved to a file it runs again: holdfast sim --scenario FILE</p>\n"
        "<pre>{}</pre></details>\n",
        grouped(report.plan.faults.size()), grouped(report.plan.operations.size()),
        escaped(to_text(report.plan)));
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        switch (c) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            default:
                // Control characters have no place in a page.
                safe += static_cast<unsigned char>(c) < 0x20 && c != '\n' ? ' ' : c;
        }
    }
    return safe;
}

std::string html(const Report& report) {
    const std::string sums = campaign(report);
    const bool held = report.outcome.verdict == Verdict::held;
    std::string page = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
        "<title>{} · seed {} · Holdfast</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n",
        headline(report.outcome), report.plan.seed, page_style());
    page += top(report) + facts(report);
    // What held is best told by its sums; what broke, by what happened.
    if (held) page += sums;
    page += tools(report);
    page +=
        "<div class=\"stage\">" + timeline(report) + "</div>\n" + legend() + last_events(report);
    if (!held) page += sums;
    page += plan_text(report);
    page += "</main>\n<div id=\"tip\" role=\"tooltip\"></div>\n<script>";
    page += page_script();
    return page + "</script>\n</body>\n</html>\n";
}

}  // namespace holdfast::sim
