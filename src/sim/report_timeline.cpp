// The drawing of a run. Whatever stretches with time is in groups of class "z", which the script
// scales; marks and words keep their size and only move (class "f", with their place in data-x).
#include <algorithm>

#include "sim/fault_table.h"
#include "sim/report.h"

namespace holdfast::sim {
namespace {

constexpr double left_edge = 92, plot_width = 1080, right = 28;
constexpr double axis_height = 30, bar_height = 18, spell_height = 5, lane_gap = 9;
constexpr double heights_height = 120;
constexpr size_t spell_rows_max = 6;
constexpr size_t points_max = 30'000;

enum class Family : uint8_t { network, process, disk, clock, membership };
std::string_view name_of(Family family) {
    constexpr std::array<std::string_view, 5> names{"network", "process", "disk", "clock",
                                                    "membership"};
    return names[static_cast<size_t>(family)];
}
Family family_of(FaultKind kind) {
    if (kind < FaultKind::kill) return Family::network;
    if (kind < FaultKind::disk_slow) return Family::process;
    if (kind < FaultKind::drift) return Family::disk;
    return kind < FaultKind::transfer_leadership ? Family::clock : Family::membership;
}
/// It holds for its duration; else it happens, and its duration is something else's.
bool is_spell(FaultKind kind) {
    return kind <= FaultKind::bandwidth || kind == FaultKind::pause || kind == FaultKind::slow ||
           kind == FaultKind::disk_slow || kind == FaultKind::disk_full || kind == FaultKind::drift;
}
bool is_everywhere(const Fault& fault) {
    return fault.node == NodeId{} || fault.kind == FaultKind::split;
}
std::string_view glyph(Family family) {
    constexpr std::array<std::string_view, 5> paths{
        "M-5,-4L5,-4L0,5Z", "M-4.5,-4.5L4.5,4.5M-4.5,4.5L4.5,-4.5", "M0,-6L5,0L0,6L-5,0Z",
        "M-4.5,0a4.5,4.5 0 1,0 9,0a4.5,4.5 0 1,0 -9,0M0,0L0,-3", "M-5,0L5,0M0,-5L0,5"};
    return paths[static_cast<size_t>(family)];
}

/// A stretch of time in a lane.
struct Span {
    Duration from{}, to{};
    std::string style, tip, label;
};

class Drawing {
  public:
    explicit Drawing(const Report& report)
        : report_(report), recorder_(report.recorder ? *report.recorder : planned(report.plan)) {
        end_ = std::max({report_.outcome.simulated, report_.plan.lasts, Duration(1s)});
        if (report_.recorder && report_.outcome.simulated > Duration{})
            end_ = report_.outcome.simulated;
    }

    std::string draw() {
        y_ = axis_height;
        lane("network", everywhere_spans(), {}, NodeId{});
        const uint64_t machines = report_.plan.nodes + report_.plan.spares;
        for (uint64_t id = 1; id <= machines; ++id) {
            const NodeId node(id);
            lane(fmt::format("node {}", id), spells_of(node), bars_of(node), node);
        }
        heights(machines);
        return whole();
    }

  private:
    /// What is left to show of a run that died without a word.
    static Recorder planned(const Plan& plan) {
        Recorder recorder;
        for (const Fault& fault : plan.faults)
            recorder.faults.push_back({.at = fault.at, .lasts = fault.lasts, .fault = fault});
        return recorder;
    }

    [[nodiscard]] double x(Duration at) const {
        const double part = static_cast<double>(std::clamp(at, Duration{}, end_).count()) /
                            static_cast<double>(end_.count());
        return part * plot_width;
    }
    [[nodiscard]] Duration spell_end(Duration at, Duration lasts) const {
        const Duration healed = recorder_.healed_at;
        const Duration to = at + lasts;
        return healed > at && healed < to ? healed : to;
    }

    void rect(const Span& span, double y, double height) {
        shapes_ += fmt::format(
            "<rect class=\"{}\" x=\"{:.3f}\" y=\"{:.1f}\" width=\"{:.3f}\" height=\"{:.1f}\">"
            "<title>{}</title></rect>\n",
            span.style, x(span.from), y, x(span.to) - x(span.from), height, escaped(span.tip));
        if (span.label.empty()) return;
        // As the script does when it scales: no word without room.
        const double room = x(span.to) - x(span.from);
        const bool hidden = room < static_cast<double>(span.label.size()) * 7 + 7;
        fixed_ += fmt::format(
            "<g class=\"f word\" data-x=\"{0:.3f}\" data-w=\"{1:.3f}\"{2} transform=\"translate("
            "{0:.3f},0)\"><text class=\"on-{3}\" x=\"4\" y=\"{4:.1f}\">{5}</text></g>\n",
            x(span.from), room, hidden ? " style=\"visibility:hidden\"" : "",
            span.style.substr(span.style.find(' ') + 1), y + height / 2 + 4, escaped(span.label));
    }

    [[nodiscard]] Span span_of(const Recorder::Done& done, std::string_view extra) const {
        std::string tip = describe(done.fault);
        if (!done.why_not.empty()) tip += " — not done: " + done.why_not;
        return {.from = done.at,
                .to = spell_end(done.at, done.lasts),
                .style = fmt::format("spell {}{}{}", name_of(family_of(done.fault.kind)), extra,
                                     done.why_not.empty() ? "" : " refused"),
                .tip = std::move(tip),
                .label = {}};
    }

    [[nodiscard]] std::vector<Span> everywhere_spans() const {
        std::vector<Span> spans;
        for (const Recorder::Done& it : recorder_.faults)
            if (is_spell(it.fault.kind) && is_everywhere(it.fault))
                spans.push_back(span_of(it, ""));
        return spans;
    }

    [[nodiscard]] std::vector<Span> spells_of(NodeId node) const {
        std::vector<Span> spans;
        for (const Recorder::Done& it : recorder_.faults) {
            const Fault& fault = it.fault;
            if (!is_spell(fault.kind)) continue;
            if (fault.kind == FaultKind::split) {
                const bool inside = (fault.amount >> (node.value - 1) & 1) != 0;
                spans.push_back(span_of(it, inside ? " side-a" : " side-b"));
            } else if (fault.node == node && !is_everywhere(fault)) {
                spans.push_back(span_of(it, ""));
            }
        }
        return spans;
    }

    // ------------------------------------------------------------------------------------- lives

    /// Closed lives as recorded, and the one that was under way when the run ended.
    [[nodiscard]] std::vector<Recorder::Life> lives_of(NodeId node) const {
        std::vector<Recorder::Life> lives;
        for (const auto& it : recorder_.lives)
            if (it.node == node) lives.push_back(it);
        std::ranges::sort(lives, {}, &Recorder::Life::from);
        const Duration last = lives.empty() ? Duration(-1us) : lives.back().to;
        std::optional<Duration> seen;
        const auto look = [&](const auto& items) {
            for (const auto& it : items)
                if (it.node == node && it.at > last && (!seen || it.at < *seen)) seen = it.at;
        };
        look(recorder_.roles);
        look(recorder_.progress);
        if (seen) lives.push_back({.from = *seen, .to = end_, .node = node, .end = {}});
        return lives;
    }

    [[nodiscard]] std::vector<Span> bars_of(NodeId node) const {
        std::vector<Span> bars;
        Duration down_since{};
        std::string why = "not started yet";
        for (const Recorder::Life& life : lives_of(node)) {
            if (life.from > down_since) bars.push_back(down(node, down_since, life.from, why));
            roles_in(life, bars);
            down_since = life.to;
            why = life.end;
        }
        if (down_since < end_) {
            if (!report_.recorder) why = "nothing is known of it";
            bars.push_back(down(node, down_since, end_, why));
        }
        for (const Recorder::Done& it : recorder_.faults)
            if (it.fault.kind == FaultKind::pause && it.fault.node == node && it.why_not.empty())
                bars.push_back({.from = it.at,
                                .to = spell_end(it.at, it.lasts),
                                .style = "paused",
                                .tip = describe(it.fault),
                                .label = {}});
        return bars;
    }
    static Span down(NodeId node, Duration from, Duration to, const std::string& why) {
        return {.from = from,
                .to = to,
                .style = "down",
                .tip = fmt::format("node {} is down from {} to {}: {}", node, rough_time(from),
                                   rough_time(to), why),
                .label = {}};
    }

    void roles_in(const Recorder::Life& life, std::vector<Span>& bars) const {
        const auto add = [&](Duration from, Duration to, const std::string& role, uint64_t view) {
            if (to <= from) return;
            const bool speaks = role == "leader" || role == "candidate";
            bars.push_back({.from = from,
                            .to = to,
                            .style = "role " + known_role(role),
                            .tip = fmt::format("node {}: {} in view {}, from {} to {}", life.node,
                                               role, view, rough_time(from), rough_time(to)),
                            .label = speaks ? std::to_string(view) : ""});
        };
        Duration from = life.from;
        std::string role = "starting";
        uint64_t view = 0;
        for (const Recorder::Role& it : recorder_.roles) {
            if (it.node != life.node || it.at < life.from || it.at > life.to) continue;
            add(from, it.at, role, view);
            from = it.at;
            role = it.role;
            view = it.view;
        }
        add(from, life.to, role, view);
    }
    static std::string known_role(const std::string& role) {
        for (const std::string_view it :
             {"leader", "candidate", "follower", "learner", "abstaining"})
            if (role == it) return role;
        return "starting";
    }

    // ------------------------------------------------------------------------------------- lanes

    void lane(const std::string& name, const std::vector<Span>& spells,
              const std::vector<Span>& bars, NodeId node) {
        // Spells that overlap stand above each other.
        std::vector<Duration> busy_until;
        const double top = y_;
        for (const Span& span : spells) {
            size_t row = 0;
            while (row < busy_until.size() && busy_until[row] > span.from) ++row;
            row = std::min(row, spell_rows_max - 1);
            if (row >= busy_until.size()) busy_until.resize(row + 1);
            busy_until[row] = std::max(busy_until[row], span.to);
            rect(span, top + static_cast<double>(row) * (spell_height + 1), spell_height);
        }
        y_ += static_cast<double>(std::max<size_t>(busy_until.size(), 1)) * (spell_height + 1) + 1;
        const bool is_node = node != NodeId{};
        for (const Span& bar : bars) {
            const bool tall = bar.style == "role leader" || bar.style == "paused";
            const double inset = bar.style == "down" ? bar_height / 2 - 1 : tall ? 0 : 3;
            rect(bar, y_ + inset, bar_height - 2 * inset);
        }
        names_ += fmt::format("<text class=\"lane-name\"{} x=\"{:.0f}\" y=\"{:.1f}\">{}</text>\n",
                              is_node ? fmt::format(" data-node=\"{}\"", node) : "", left_edge - 12,
                              is_node ? y_ + bar_height / 2 + 4 : (top + y_) / 2 + 3, name);
        if (is_node || spells.empty()) marks(node, y_ + bar_height / 2);
        y_ += is_node ? bar_height : 2;
        grid_ +=
            fmt::format("<line class=\"rule\" x1=\"0\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n",
                        plot_width, y_ + lane_gap / 2, y_ + lane_gap / 2);
        y_ += lane_gap;
    }

    /// Faults that happen at one moment.
    void marks(NodeId node, double y) {
        if (node == NodeId{}) return;
        for (const Recorder::Done& it : recorder_.faults) {
            if (is_spell(it.fault.kind)) continue;
            if (it.fault.node != node && it.fault.node != NodeId{}) continue;
            std::string tip = describe(it.fault);
            if (!it.why_not.empty()) tip += " — not done: " + it.why_not;
            const Family family = family_of(it.fault.kind);
            fixed_ += fmt::format(
                "<g class=\"f\" data-x=\"{0:.3f}\" transform=\"translate({0:.3f},0)\"><path "
                "class=\"mark {1}{2}\" transform=\"translate(0,{3:.1f})\" d=\"{4}\"><title>{5}"
                "</title></path></g>\n",
                x(it.at), name_of(family), it.why_not.empty() ? "" : " refused", y, glyph(family),
                escaped(tip));
        }
    }

    // ----------------------------------------------------------------------------------- heights

    void heights(uint64_t machines) {
        uint64_t highest = 1;
        for (const auto& it : recorder_.progress) highest = std::max(highest, it.height.value);
        const double bottom = y_ + heights_height;
        const auto y_of = [&](uint64_t height) {
            return bottom - (heights_height - 14) * static_cast<double>(height) /
                                static_cast<double>(highest);
        };
        names_ += fmt::format(
            "<text class=\"lane-name\" x=\"{0:.0f}\" y=\"{1:.1f}\">blocks</text>\n"
            "<text class=\"small\" x=\"{0:.0f}\" y=\"{2:.1f}\">{3}</text>\n"
            "<text class=\"small\" x=\"{0:.0f}\" y=\"{4:.1f}\">0</text>\n",
            left_edge - 12, y_ + heights_height / 2, y_of(highest) + 4, highest, bottom);
        grid_ +=
            fmt::format("<line class=\"rule\" x1=\"0\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n",
                        plot_width, bottom, bottom);
        const size_t step = recorder_.progress.size() / points_max + 1;
        for (uint64_t id = 0; id <= machines; ++id) {  // 0: the greatest of all
            std::string path;
            uint64_t height = 0;
            size_t count = 0;
            for (const auto& it : recorder_.progress) {
                if (id != 0 && it.node != NodeId(id)) continue;
                if (id == 0 && it.height.value <= height) continue;
                height = it.height.value;
                if (count++ % step != 0) continue;
                if (path.empty()) path = fmt::format("M{:.3f},{:.1f}", x(it.at), y_of(height - 1));
                path += fmt::format("H{:.3f}V{:.1f}", x(it.at), y_of(height));
            }
            if (path.empty()) continue;
            shapes_ += fmt::format("<path class=\"height{}\" data-node=\"{}\" d=\"{}\"/>\n",
                                   id == 0 ? " all" : "", id, path);
        }
        y_ = bottom;
    }

    // ------------------------------------------------------------------------------- put together

    std::string backdrop() const {
        std::string text;
        const Duration healed = recorder_.healed_at;
        if (healed > Duration{} && healed < end_)
            text += fmt::format(
                "<g class=\"z\"><rect class=\"healed\" x=\"{:.3f}\" y=\"{}\" "
                "width=\"{:.3f}\" height=\"{:.1f}\"/></g>\n",
                x(healed), axis_height - 6, plot_width - x(healed), y_ - axis_height + 6);
        return text;
    }
    std::string foreground() const {
        std::string text;
        if (recorder_.healed_at > Duration{} && recorder_.healed_at < end_)
            text += flag(recorder_.healed_at, "healed-flag", "faults end", 11);
        if (!report_.outcome.violations.empty())
            text += flag(report_.outcome.violations.front().at, "broken-flag",
                         report_.outcome.violations.front().checker, 11);
        return text;
    }
    /// Its word stands on the side where there is room.
    [[nodiscard]] std::string flag(Duration at, std::string_view style, const std::string& word,
                                   double y) const {
        const bool late = x(at) > plot_width * 0.8;
        return fmt::format(
            "<g class=\"f {0}\" data-x=\"{1:.3f}\" transform=\"translate({1:.3f},0)\"><line "
            "y1=\"2\""
            " y2=\"{2:.1f}\"/><text x=\"{3}\" y=\"{4}\" text-anchor=\"{5}\">{6}</text></g>\n",
            style, x(at), y_, late ? -5 : 5, y, late ? "end" : "start", escaped(word));
    }

    std::string ticks() const {
        double step = 0.001;
        const double seconds = static_cast<double>(end_.count()) / 1e6;
        for (int i = 0; seconds / step > 12; ++i) step *= i % 3 == 1 ? 2.5 : 2;
        std::string text;
        for (double at = 0; at <= seconds; at += step)
            text += fmt::format(
                "<g transform=\"translate({:.3f},0)\"><line y1=\"0\" y2=\"{:.1f}\"/>"
                "<text y=\"{:.1f}\">{:g} s</text></g>\n",
                at / seconds * plot_width, y_ - axis_height + 6, y_ - axis_height + 22, at);
        return text;
    }

    std::string whole() const {
        const double width = left_edge + plot_width + right, height = y_ + 24;
        return fmt::format(
            "<svg id=\"timeline\" tabindex=\"0\" viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\" "
            "aria-label=\"timeline of the run\" data-left=\"{2:.0f}\" data-width=\"{3:.0f}\" "
            "data-us=\"{4}\" data-bottom=\"{5:.1f}\" data-top=\"{6:.1f}\">\n"
            "<defs><clipPath id=\"plot\"><rect x=\"-14\" y=\"0\" width=\"{7:.0f}\" "
            "height=\"{1:.0f}\""
            "/></clipPath><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits="
            "\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><line class=\"hatch\" x1=\"0\" "
            "y1=\"0\" x2=\"0\" y2=\"6\"/></pattern></defs>\n{8}"
            "<g transform=\"translate({2:.0f},0)\"><g clip-path=\"url(#plot)\">\n{9}"
            "<g class=\"ticks\" transform=\"translate(0,{10:.1f})\">\n{11}</g>\n{12}"
            "<g class=\"z\">\n{13}</g>\n{14}{15}"
            "<line class=\"cross\" y1=\"{10:.1f}\" y2=\"{5:.1f}\"/>"
            "<rect class=\"chosen\" y=\"{10:.1f}\" height=\"{16:.1f}\"/></g></g></svg>\n",
            width, height, left_edge, plot_width, end_.count(), y_, axis_height, plot_width + 28,
            names_, backdrop(), axis_height - 6, ticks(), grid_, shapes_, fixed_, foreground(),
            y_ - axis_height + 6);
    }

    const Report& report_;
    const Recorder recorder_;
    Duration end_{};
    double y_ = 0;
    std::string names_, grid_, shapes_, fixed_;
};

}  // namespace

std::string timeline(const Report& report) {
    return Drawing(report).draw();
}

}  // namespace holdfast::sim
