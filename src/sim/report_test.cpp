// The page: it says what must be said, is well formed, needs nothing from outside, and nothing in
// it can be broken by what a plan or a log line contains.
#include "sim/report.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace holdfast::sim {
namespace {

/// Tags that open are closed, in order; attributes are quoted; no bare ampersand. Empty if so.
std::string ill_formed(std::string_view page) {
    std::vector<std::string> open;
    size_t at = 0;
    while ((at = page.find_first_of("<&", at)) != std::string_view::npos) {
        const std::string where(page.substr(at, 60));
        if (page[at] == '&') {
            const size_t end = page.find(';', at);
            if (end == std::string_view::npos || end - at > 6) return "ampersand: " + where;
            at = end;
            continue;
        }
        const size_t end = page.find('>', at);
        if (end == std::string_view::npos) return "unclosed: " + where;
        std::string_view tag = page.substr(at + 1, end - at - 1);
        at = end + 1;
        if (tag.starts_with("!DOCTYPE")) continue;
        if (std::count(tag.begin(), tag.end(), '"') % 2 != 0) return "quotes: " + where;
        const std::string name(
            tag.substr(tag.starts_with('/') ? 1 : 0, tag.find_first_of(" /", 1)));
        if (tag.starts_with('/')) {
            if (open.empty() || "/" + open.back() != tag) return "closes another: " + where;
            open.pop_back();
        } else if (!tag.ends_with('/')) {
            open.push_back(name);
            if (name == "style" || name == "script") at = page.find("</" + name, at);
        }
    }
    return open.empty() ? "" : "left open: " + open.back();
}

Report sample() {
    Report report{.plan = {.nodes = 3, .spares = 1, .lasts = 10s},
                  .outcome = {.seed = 5, .verdict = Verdict::safety, .simulated = 12s},
                  .recorder = {},
                  .campaign = {},
                  .version = "holdfast 0.1.0",
                  .command = "holdfast sim --seed 5",
                  .minimized = "from 100 faults to 3"};
    report.plan.seed = 5;
    report.outcome.violations = {
        {.checker = "agreement", .what = "height 7 has <a> & \"b\"", .at = 11s}};
    Recorder recorder;
    const Fault kill{.at = 2s, .kind = FaultKind::kill, .lasts = 1s, .node = NodeId(1)};
    const Fault split{.at = 4s, .kind = FaultKind::split, .lasts = 20s, .amount = 0b11};
    const Fault wipe{.at = 5s, .kind = FaultKind::wipe, .lasts = 1s, .node = NodeId(2)};
    const Fault pause{.at = 6s, .kind = FaultKind::pause, .lasts = 1s, .node = NodeId(3)};
    report.plan.faults = {kill, split, wipe, pause};
    recorder.lives = {{.from = 0s, .to = 2s, .node = NodeId(1), .end = "killed <hard>"},
                      {.from = 3s, .to = 12s, .node = NodeId(1), .end = {}}};
    recorder.roles = {{.at = 1s, .node = NodeId(1), .role = "leader", .view = 41},
                      {.at = 1s, .node = NodeId(2), .role = "follower", .view = 41},
                      {.at = 5s, .node = NodeId(2), .role = "\"new\"", .view = 42}};
    recorder.faults = {{.at = 2s, .lasts = 1s, .fault = kill, .why_not = {}},
                       {.at = 4s, .lasts = 20s, .fault = split, .why_not = {}},
                       {.at = 5s, .lasts = 1s, .fault = wipe, .why_not = "the last <copy>"},
                       {.at = 6s, .lasts = 1s, .fault = pause, .why_not = {}}};
    for (uint64_t i = 1; i < 50; ++i)
        recorder.progress.push_back({.at = Duration(100'000) * static_cast<int64_t>(i),
                                     .node = NodeId(1 + i % 2),
                                     .height = Height(i)});
    recorder.line(11s, NodeId(1), "executes <block> & more");
    recorder.healed_at = 10s;
    report.recorder = std::move(recorder);
    return report;
}

bool has(std::string_view page, std::string_view text) {
    return page.find(text) != std::string_view::npos;
}

TEST(Report, SaysWhatMustBeSaid) {
    const std::string page = html(sample());
    for (const std::string_view text :
         {"A rule was broken: agreement", "height 7 has &lt;a&gt; &amp; &quot;b&quot;",
          "No two nodes ever have different final blocks", "holdfast sim --seed 5",
          "holdfast 0.1.0", "from 100 faults to 3", "node 1: leader in view 41, from 1 s to 2 s",
          "node 1 is down from 2 s to 3 s: killed &lt;hard&gt;",
          "nodes 1,2 are cut off from the others", "not done: the last &lt;copy&gt;",
          "mark disk refused", "class=\"paused\"", "class=\"healed\"", "executes &lt;block&gt;",
          "4.000s split off 1,2 for 20s", "prefers-color-scheme: dark"})
        EXPECT_TRUE(has(page, text)) << text;
    // Node 2 was up when the run ended, although nobody wrote down that life.
    EXPECT_TRUE(has(page, "node 2: &quot;new&quot; in view 42, from 5 s to 12 s"));
    // The healing ends a spell.
    EXPECT_FALSE(has(page, "<p class=\"what\">Progress was not demanded"));
}

TEST(Report, IsWellFormedAndAlone) {
    EXPECT_EQ(ill_formed("<p>a<br/></p>"), "");
    EXPECT_NE(ill_formed("<p><b></p></b>"), "");
    EXPECT_NE(ill_formed("<p>a & b</p>"), "");
    const std::string page = html(sample());
    EXPECT_EQ(ill_formed(page), "");
    for (const std::string_view outside : {"src=", "href=", "url(h", "@import", "<link"})
        EXPECT_FALSE(has(page, outside)) << outside;
    // The only address is a name of a form.
    EXPECT_EQ(page.find("http"), page.rfind("http"));
    EXPECT_TRUE(has(page, "http://www.w3.org/2000/svg"));
}

TEST(Report, ShowsPlannedFaultsOfARunThatDiedWithoutAWord) {
    Report report = sample();
    report.recorder.reset();
    report.outcome.verdict = Verdict::crash;
    report.outcome.violations = {{.checker = "signal SIGSEGV", .what = "died"}};
    report.outcome.simulated = {};
    const std::string page = html(report);
    EXPECT_EQ(ill_formed(page), "");
    EXPECT_TRUE(has(page, "The program gave up"));
    EXPECT_TRUE(has(page, "at 2 s node 1 is killed for 1 s"));
    EXPECT_TRUE(has(page, "nothing is known of it"));
}

TEST(Report, OfACampaignThatHeldBeginsWithTheSums) {
    Report report = sample();
    report.outcome.verdict = Verdict::held;
    report.outcome.violations.clear();
    Tally tally;
    tally.add(report.outcome);
    report.campaign = rows(tally, {"never <seen>"});
    const std::string page = html(report);
    EXPECT_EQ(ill_formed(page), "");
    EXPECT_TRUE(has(page, "Every rule held"));
    EXPECT_LT(page.find("All seeds"), page.find("What happened"));
    EXPECT_TRUE(has(page, "never &lt;seen&gt;"));
}

TEST(Report, IsWellFormedWhateverTheRun) {
    for (uint64_t seed = 1; seed <= 30; ++seed) {
        Random random(seed);
        auto plan = draw_plan({.nodes = 1 + random.below(7), .seed = seed});
        ASSERT_TRUE(plan);
        Report report = sample();
        Recorder recorder;
        for (const Fault& it : plan->faults)
            recorder.faults.push_back({.at = it.at,
                                       .lasts = it.lasts,
                                       .fault = it,
                                       .why_not = random.chance(1, 5) ? "refused" : ""});
        report.plan = *plan;
        report.outcome.simulated = 90s;
        recorder.healed_at = 60s;
        report.recorder = recorder;
        ASSERT_EQ(ill_formed(html(report)), "") << seed;
    }
}

}  // namespace
}  // namespace holdfast::sim
