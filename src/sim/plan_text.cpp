// Plans as text: a scenario file that a person can read, change and keep. First the settings, one a
// line; then what is done, one a line, each with its time. `#` begins a comment.
#include <algorithm>
#include <charconv>
#include <optional>
#include <span>

#include "chain/genesis.h"
#include "sim/fault_table.h"

namespace holdfast::sim {
namespace {

constexpr size_t events_max = 2'000'000;
constexpr uint64_t us_per_second = 1'000'000;
constexpr uint64_t lasts_max_us = 24 * 3600 * us_per_second;

// ------------------------------------------------------------------------------------- settings

enum class Form : uint8_t { number, time, nodes };
/// A setting that is one number.
struct Setting {
    std::string_view name;
    uint64_t Plan::* field;
    Form form;
    uint64_t low, high;
};
// Bounds are those of the simulated machines, so that no file can break one of their own rules.
constexpr std::array settings{
    Setting{"seed", &Plan::seed, Form::number, 0, UINT64_MAX},
    Setting{"nodes", &Plan::nodes, Form::number, 1, 16},
    Setting{"spares", &Plan::spares, Form::number, 0, 16},
    Setting{"accounts", &Plan::accounts, Form::number, 1, 64},
    Setting{"segment-bytes", &Plan::segment_bytes, Form::number, 1'000, uint64_t{1} << 32},
    Setting{"blocks-kept", &Plan::blocks_kept, Form::number, 0, uint64_t{1} << 32},
    Setting{"log-bytes-retained", &Plan::log_bytes_retained, Form::number, 0, uint64_t{1} << 32},
    Setting{"delay", &Plan::delay_us, Form::time, 0, 60 * us_per_second},
    Setting{"jitter-percent", &Plan::jitter_percent, Form::number, 0, 100},
    Setting{"sync", &Plan::sync_us, Form::time, 0, 60 * us_per_second},
    Setting{"outbid-percent", &Plan::outbid_percent, Form::number, 0, 100},
    Setting{"epoch-blocks", &Plan::epoch_blocks, Form::number, 1, 1'000'000'000},
    Setting{"delta", &Plan::delta_us, Form::time, 1'000, 60 * us_per_second},
    Setting{"weight-max", &Plan::weight_max, Form::number, 1, 1'000'000},
    Setting{"liars", &Plan::liars, Form::nodes, 0, UINT64_MAX},
    Setting{"reporters", &Plan::reporters, Form::nodes, 0, UINT64_MAX},
    Setting{"evidence-epochs", &Plan::evidence_epochs, Form::number, 1, 64},
    Setting{"committee-max", &Plan::committee_max, Form::number, 1, 256},
    Setting{"unbonding-epochs", &Plan::unbonding_epochs, Form::number, 2, 1'000'000},
    Setting{"block-reward", &Plan::block_reward, Form::number, 0, uint64_t{1} << 62},
    Setting{"slash-per-mille", &Plan::slash_per_mille, Form::number, 0, 1000},
    Setting{"accuser-per-mille", &Plan::accuser_per_mille, Form::number, 0, 500},
    Setting{"missed-per-mille", &Plan::missed_per_mille, Form::number, 1, 1000},
    Setting{"jail-epochs", &Plan::jail_epochs, Form::number, 1, 1'000'000},
    Setting{"guilts-max", &Plan::guilts_max, Form::number, 1, 1'000'000},
};
/// From here on they are of bft alone, and written for it alone.
constexpr size_t bft_settings = 11;
static_assert(settings[bft_settings].name == "epoch-blocks");
/// And from here on of the policies that know stakes.
constexpr size_t stake_settings = 17;
static_assert(settings[stake_settings].name == "committee-max");

size_t settings_of(const Plan& plan) {
    if (plan.engine != "bft") return bft_settings;
    return plan.has_stakes() ? settings.size() : stake_settings;
}

std::string moment(Duration at) {
    const int64_t us = at.count();
    return us % 1000 == 0 ? fmt::format("{}.{:03}s", us / 1'000'000, us / 1000 % 1000)
                          : fmt::format("{}.{:06}s", us / 1'000'000, us % 1'000'000);
}

bool needs_no_target(FaultKind kind) {
    return kind == FaultKind::split || kind == FaultKind::power_all;
}

std::string fault_line(const Fault& fault) {
    const KindRow& row = row_of(fault.kind);
    std::string text = fmt::format("{} {}", moment(fault.at), row.name);
    if (fault.node != NodeId{} || fault.peer != NodeId{} || !needs_no_target(fault.kind))
        text += fault.node == NodeId{} ? " all" : fmt::format(" {}", fault.node);
    if (fault.peer != NodeId{}) text += fmt::format("->{}", fault.peer);
    if (row.unit != Unit::none)
        text += fmt::format(" {} {}", row.keyword, amount_text(row.unit, fault.amount));
    else if (fault.amount != 0)
        text += fmt::format(" amount {}", fault.amount);
    if (fault.lasts != Duration{})
        text += " for " + exact_time(static_cast<uint64_t>(fault.lasts.count()));
    return text + '\n';
}

std::string operation_line(const Operation& operation) {
    std::string text = fmt::format("{} {}", moment(operation.at), to_string(operation.kind));
    if (!is_about_stakes(operation.kind))
        return text + fmt::format(" {} at {}\n", operation.account, operation.node);
    text += fmt::format(" {}", operation.candidate);
    if (operation.other != NodeId{}) text += fmt::format(" to {}", operation.other);
    if (operation.account != 0) text += fmt::format(" by {}", operation.account);
    if (operation.amount != 0) text += fmt::format(" amount {}", operation.amount);
    return text + fmt::format(" at {}\n", operation.node);
}

// -------------------------------------------------------------------------------------- numbers

/// All of `word`, or nothing.
std::optional<uint64_t> number(std::string_view word) {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return value;
}

/// "12.345" in units of which `scale` make one; digits beyond that are refused, never rounded.
std::optional<uint64_t> decimal(std::string_view word, uint64_t scale) {
    const size_t point = word.find('.');
    const auto whole = number(word.substr(0, point));
    if (!whole || *whole > UINT64_MAX / scale - 1) return std::nullopt;
    uint64_t value = *whole * scale;
    if (point == std::string_view::npos) return value;
    if (point + 1 == word.size()) return std::nullopt;
    for (const char digit : word.substr(point + 1)) {
        if (digit < '0' || digit > '9' || scale % 10 != 0) return std::nullopt;
        scale /= 10;
        value += static_cast<uint64_t>(digit - '0') * scale;
    }
    return value;
}

std::optional<uint64_t> without(std::string_view word, std::string_view suffix, uint64_t scale) {
    if (!word.ends_with(suffix)) return std::nullopt;
    return decimal(word.substr(0, word.size() - suffix.size()), scale);
}

/// In microseconds.
std::optional<uint64_t> time_of(std::string_view word) {
    if (word.ends_with("us")) return without(word, "us", 1);
    if (word.ends_with("ms")) return without(word, "ms", 1000);
    if (const auto minutes = without(word, "m", us_per_second); minutes && *minutes < lasts_max_us)
        return *minutes * 60;
    return without(word, "s", us_per_second);
}

std::optional<uint64_t> node_set(std::string_view word) {
    if (word == "none") return 0;
    uint64_t set = 0;
    while (true) {
        const size_t comma = word.find(',');
        const auto node = number(word.substr(0, comma));
        if (!node || *node == 0 || *node > 64) return std::nullopt;
        set |= uint64_t{1} << (*node - 1);
        if (comma == std::string_view::npos) return set;
        word.remove_prefix(comma + 1);
    }
}

std::string value_text(const Setting& setting, uint64_t value) {
    switch (setting.form) {
        case Form::time:
            return exact_time(value);
        case Form::nodes:
            return node_list(value);
        case Form::number:
            break;
    }
    return fmt::format("{}", value);
}

std::optional<uint64_t> value_of(const Setting& setting, std::string_view word) {
    switch (setting.form) {
        case Form::time:
            return time_of(word);
        case Form::nodes:
            return node_set(word);
        case Form::number:
            break;
    }
    return number(word);
}

std::optional<uint64_t> milliseconds_of(std::string_view word) {
    const auto us = time_of(word);
    return us && *us % 1000 == 0 ? std::optional(*us / 1000) : std::nullopt;
}

std::optional<uint64_t> amount_of(Unit unit, std::string_view word) {
    switch (unit) {
        case Unit::per_mille:
            return without(word, "%", 10);
        case Unit::microseconds:
            return time_of(word);
        case Unit::milliseconds:
            return milliseconds_of(word);
        case Unit::nodes:
            return node_set(word);
        case Unit::bytes_per_ms:
            return without(word, "B/ms", 1);
        case Unit::times:
            return without(word, "x", 1);
        case Unit::offset_ms: {
            const bool minus = word.starts_with('-');
            if (!minus && !word.starts_with('+')) return std::nullopt;
            const auto ms = milliseconds_of(word.substr(1));
            if (!ms || *ms > no_offset) return std::nullopt;
            return minus ? no_offset - *ms : no_offset + *ms;
        }
        case Unit::none:
        case Unit::count:
            break;
    }
    return number(word);
}

// -------------------------------------------------------------------------------------- parsing

class Parser {
  public:
    explicit Parser(std::string_view text) : rest_(text) {}

    Result<Plan> run() {
        while (next_line()) {
            if (words_.empty()) continue;
            const bool timed = words_[0][0] >= '0' && words_[0][0] <= '9';
            if (!(timed ? event() : setting())) break;
            if (at_word_ < words_.size() && !problem_)
                refuse(words_[at_word_], "nothing more here");
            if (problem_) break;
        }
        if (!problem_) finish();
        if (problem_) return fail(errc::plan_malformed, *problem_);
        return std::move(plan_);
    }

  private:
    bool next_line() {
        if (rest_.empty()) return false;
        const size_t end = rest_.find('\n');
        std::string_view line = rest_.substr(0, end);
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
        ++line_;
        line = line.substr(0, line.find('#'));
        words_.clear();
        at_word_ = 0;
        constexpr std::string_view blank = " \t\r";
        for (size_t from = line.find_first_not_of(blank); from != std::string_view::npos;
             from = line.find_first_not_of(blank)) {
            line.remove_prefix(from);
            const size_t size = std::min(line.find_first_of(blank), line.size());
            words_.push_back(line.substr(0, size));
            line.remove_prefix(size);
        }
        return true;
    }

    bool refuse(std::string_view word, std::string_view wanted) {
        problem_ = fmt::format("line {}: '{}': {}", line_, word, wanted);
        return false;
    }
    /// The next word, or an empty one at the end of the line.
    std::string_view word() { return at_word_ < words_.size() ? words_[at_word_++] : ""; }
    std::string_view peek() const { return at_word_ < words_.size() ? words_[at_word_] : ""; }

    bool setting() {
        const std::string_view name = word();
        if (!plan_.faults.empty() || !plan_.operations.empty())
            return refuse(name, "settings stand before the first fault or operation");
        if (std::ranges::find(seen_, name) != seen_.end())
            return refuse(name, "is set a second time");
        seen_.emplace_back(name);
        if (name == "core") return core();
        const std::string_view value = word();
        if (value.empty()) return refuse(name, "needs a value");
        if (name == "engine" || name == "profile") {
            (name == "engine" ? plan_.engine : plan_.profile) = value;
            return true;
        }
        if (name == "policy") {
            if (!chain::policy_from(value)) return refuse(value, "poa, pos or dpos");
            plan_.policy = value;
            return true;
        }
        if (name == "streams") {
            if (value != "yes" && value != "no") return refuse(value, "yes or no");
            plan_.streams = value == "yes";
            return true;
        }
        if (name == "lasts") {
            const auto us = time_of(value);
            if (!us || *us == 0 || *us > lasts_max_us) return refuse(value, "1us to 24h, as 60s");
            plan_.lasts = Duration(static_cast<int64_t>(*us));
            return true;
        }
        const auto known = std::ranges::find(settings, name, &Setting::name);
        if (known == settings.end()) return refuse(name, "is neither a setting nor a time");
        const auto read = value_of(*known, value);
        if (!read || *read < known->low || *read > known->high)
            return refuse(value, fmt::format("{} is {} to {}{}", name, known->low, known->high,
                                             known->form == Form::time ? " us" : ""));
        plan_.*known->field = *read;
        return true;
    }

    bool core() {
        if (peek() == "drawn") {
            word();
            return true;
        }
        if (peek().empty()) return refuse("core", "nodes like 1,2,3, or drawn");
        const auto set = node_set(peek());
        if (!set || *set == 0) return refuse(peek(), "nodes like 1,2,3, or drawn");
        plan_.core = *set;
        word();
        return true;
    }

    bool event() {
        if (plan_.faults.size() + plan_.operations.size() == events_max)
            return refuse(peek(), "too many lines");
        const auto us = time_of(peek());
        if (!us || *us > lasts_max_us) return refuse(peek(), "a time, as 12.300s");
        word();
        const Duration at(static_cast<int64_t>(*us));
        const std::string_view name = word();
        for (size_t i = 0; i < operation_kind_count; ++i)
            if (const auto kind = static_cast<OperationKind>(i); name == to_string(kind))
                return operation(at, kind);
        const auto row = std::ranges::find(kind_table, name, &KindRow::name);
        if (row == kind_table.end()) return refuse(name, "no fault or operation has this name");
        return fault({.at = at, .kind = row->kind}, *row);
    }

    /// "transfer 4 at 2": account 4, asking node 2 first.
    bool operation(Duration at, OperationKind kind) {
        if (is_about_stakes(kind)) return stake_operation({.at = at, .kind = kind});
        const std::string_view account_word = word();
        const auto account = number(account_word);
        if (!account || *account >= plan_.accounts)
            return refuse(account_word, "an account, below the number of accounts");
        if (const auto got = word(); got != "at") return refuse(got, "'at' and a node");
        const std::string_view node_word = word();
        const auto node = number(node_word);
        if (!node || *node == 0 || *node > machines()) return refuse(node_word, "a node");
        plan_.operations.push_back(
            {.at = at, .kind = kind, .account = *account, .node = NodeId(*node)});
        return true;
    }

    bool number_after(std::string_view keyword, uint64_t low, uint64_t high, uint64_t& value) {
        if (peek() != keyword) return true;
        word();
        const std::string_view text = word();
        const auto read = number(text);
        if (!read || *read < low || *read > high)
            return refuse(text, fmt::format("{} is {} to {}", keyword, low, high));
        value = *read;
        return true;
    }

    /// "move 3 to 4 by 2 amount 1500 at 1": holder 2 moves a stake and a half, asking node 1 first;
    /// without `by` it is the candidate's operator, without `amount` it is everything.
    bool stake_operation(Operation made) {
        const std::string_view candidate = word();
        if (!one_node(candidate, candidate, made.candidate)) return false;
        uint64_t other = 0, node = 0;
        if (!number_after("to", 1, machines(), other) ||
            !number_after("by", 1, holders_max, made.account) ||
            !number_after("amount", 1, 1'000'000, made.amount) ||
            !number_after("at", 1, machines(), node))
            return false;
        if (made.candidate == NodeId{} || node == 0) return refuse(peek(), "'at' and a node");
        made.other = NodeId(other);
        made.node = NodeId(node);
        plan_.operations.push_back(made);
        return true;
    }

    uint64_t machines() const { return plan_.nodes + plan_.spares; }

    bool one_node(std::string_view text, std::string_view whole, NodeId& node) {
        if (text == "all") return true;
        const auto value = number(text);
        if (!value || *value == 0 || *value > machines())
            return refuse(whole, fmt::format("a node from 1 to {}, or all", machines()));
        node = NodeId(*value);
        return true;
    }

    bool fault(Fault made, const KindRow& row) {
        const bool has_target =
            peek().starts_with("all") || (!peek().empty() && peek()[0] >= '0' && peek()[0] <= '9');
        if (!has_target && !needs_no_target(row.kind)) return refuse(peek(), "a node, or all");
        if (has_target) {
            const std::string_view whole = word();
            const size_t arrow = whole.find("->");
            if (!one_node(whole.substr(0, arrow), whole, made.node)) return false;
            if (arrow != std::string_view::npos &&
                !one_node(whole.substr(arrow + 2), whole, made.peer))
                return false;
        }
        if (row.unit != Unit::none || peek() == "amount") {
            const std::string_view keyword = row.unit == Unit::none ? "amount" : row.keyword;
            if (peek() != keyword)
                return refuse(peek(), fmt::format("'{}' and an amount", keyword));
            word();
            const std::string_view value = word();
            const auto amount = amount_of(row.unit, value);
            if (!amount || *amount < row.low || *amount > row.high || !fits(row.unit, *amount))
                return refuse(value, fmt::format("not an amount of {}", row.name));
            made.amount = *amount;
        }
        if (peek() == "for") {
            word();
            const std::string_view value = word();
            const auto us = time_of(value);
            if (!us || *us > lasts_max_us) return refuse(value, "how long, as 400ms");
            made.lasts = Duration(static_cast<int64_t>(*us));
        }
        plan_.faults.push_back(made);
        return true;
    }

    bool fits(Unit unit, uint64_t amount) const {
        return unit != Unit::nodes || amount >> machines() == 0;
    }

    void finish() {
        // Written by hand, lines stand where their author likes.
        std::ranges::stable_sort(plan_.faults, {}, &Fault::at);
        std::ranges::stable_sort(plan_.operations, {}, &Operation::at);
        if (plan_.core >> machines() != 0) refuse("core", "holds a node that is not there");
        if (plan_.liars >> plan_.nodes != 0) refuse("liars", "holds a node that is no founder");
        if (plan_.reporters >> machines() != 0)
            refuse("reporters", "holds a node that is not there");
        if (plan_.evidence_epochs >= plan_.unbonding_epochs)
            refuse("unbonding-epochs", "must be above evidence-epochs");
        const bool late = (!plan_.faults.empty() && plan_.faults.back().at > plan_.lasts) ||
                          (!plan_.operations.empty() && plan_.operations.back().at > plan_.lasts);
        if (late) refuse("lasts", "ends before the last fault or operation");
    }

    std::string_view rest_;
    size_t line_ = 0;
    std::vector<std::string_view> words_;
    size_t at_word_ = 0;
    std::vector<std::string> seen_;
    std::optional<std::string> problem_;
    Plan plan_;
};

}  // namespace

std::string to_text(const Plan& plan) {
    std::string text = fmt::format("engine {}\nprofile {}\n", plan.engine, plan.profile);
    if (plan.engine == "bft") text += fmt::format("policy {}\n", plan.policy);
    for (const Setting& it : std::span(settings).first(settings_of(plan)))
        text += fmt::format("{} {}\n", it.name, value_text(it, plan.*it.field));
    text += fmt::format(
        "lasts {}\nstreams {}\ncore {}\n", exact_time(static_cast<uint64_t>(plan.lasts.count())),
        plan.streams ? "yes" : "no", plan.core == 0 ? "drawn" : node_list(plan.core));
    if (!plan.faults.empty() || !plan.operations.empty()) text += '\n';
    auto fault = plan.faults.begin();
    for (const Operation& operation : plan.operations) {
        for (; fault != plan.faults.end() && fault->at <= operation.at; ++fault)
            text += fault_line(*fault);
        text += operation_line(operation);
    }
    for (; fault != plan.faults.end(); ++fault) text += fault_line(*fault);
    return text;
}

Result<Plan> parse_plan(std::string_view text) {
    return Parser(text).run();
}

}  // namespace holdfast::sim
