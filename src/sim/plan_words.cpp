// Words for what a plan holds: names of kinds, times, and each fault as a sentence.
#include <bit>

#include "base/check.h"
#include "sim/fault_table.h"

namespace holdfast::sim {
namespace {

consteval bool in_order() {
    for (size_t i = 0; i < kind_table.size(); ++i)
        if (static_cast<size_t>(kind_table[i].kind) != i) return false;
    return true;
}
static_assert(in_order());

std::string whom(NodeId node) {
    return node == NodeId{} ? "every node" : fmt::format("node {}", node);
}

/// Of spells on links.
std::string where(const Fault& fault) {
    if (fault.node == NodeId{} && fault.peer == NodeId{}) return "on all links";
    if (fault.peer == NodeId{}) return fmt::format("on all links of node {}", fault.node);
    if (fault.node == NodeId{}) return fmt::format("on all links to node {}", fault.peer);
    return fmt::format("from node {} to node {}", fault.node, fault.peer);
}

void replace(std::string& text, std::string_view name, const std::string& with) {
    if (const size_t at = text.find(name); at != std::string::npos)
        text.replace(at, name.size(), with);
}

}  // namespace

std::string_view to_string(FaultKind kind) {
    const auto index = static_cast<size_t>(kind);
    CHECK(index < kind_table.size(), "a fault has a kind");
    return kind_table[index].name;
}

std::string_view to_string(OperationKind kind) {
    switch (kind) {
        case OperationKind::transfer:
            return "transfer";
        case OperationKind::conflict:
            return "conflict";
        case OperationKind::read:
            return "read";
        case OperationKind::excess:
            return "excess";
        case OperationKind::stake:
            return "stake";
        case OperationKind::unstake:
            return "unstake";
        case OperationKind::move:
            return "move";
        case OperationKind::withdraw:
            return "withdraw";
        case OperationKind::unjail:
            return "unjail";
        case OperationKind::slander:
            return "slander";
    }
    return "unknown";
}

std::string describe(const Fault& fault) {
    const KindRow& row = row_of(fault.kind);
    std::string text(row.sentence);
    replace(text, "{who}", whom(fault.node));
    replace(text, "{where}", where(fault));
    replace(text, "{dies}", loses_power(fault) ? "loses power" : "is killed");
    replace(text, "{amount}", amount_text(row.unit, fault.amount));
    text = "at " + rough_time(fault.at) + " " + text;
    if (fault.lasts != Duration{}) text += " for " + rough_time(fault.lasts);
    return text;
}

std::string exact_time(uint64_t us) {
    if (us == 0) return "0s";
    if (us % 1'000'000 == 0) return fmt::format("{}s", us / 1'000'000);
    if (us % 1'000 == 0) return fmt::format("{}ms", us / 1'000);
    return fmt::format("{}us", us);
}

std::string rough_time(Duration time) {
    const int64_t us = time.count();
    if (us != 0 && us < 1'000) return fmt::format("{} us", us);
    if (us != 0 && us < 1'000'000) return fmt::format("{} ms", us / 1'000);
    const int64_t ms = us / 1'000;
    std::string text = fmt::format("{}.{:03}", ms / 1'000, ms % 1'000);
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text + " s";
}

std::string node_list(uint64_t set) {
    if (set == 0) return "none";
    std::string text;
    for (; set != 0; set &= set - 1)
        text += fmt::format("{}{}", text.empty() ? "" : ",", std::countr_zero(set) + 1);
    return text;
}

std::string amount_text(Unit unit, uint64_t amount) {
    switch (unit) {
        case Unit::per_mille:
            return amount % 10 == 0 ? fmt::format("{}%", amount / 10)
                                    : fmt::format("{}.{}%", amount / 10, amount % 10);
        case Unit::microseconds:
            return exact_time(amount);
        case Unit::milliseconds:
            return fmt::format("{}ms", amount);
        case Unit::nodes:
            return node_list(amount);
        case Unit::bytes_per_ms:
            return fmt::format("{}B/ms", amount);
        case Unit::times:
            return fmt::format("{}x", amount);
        case Unit::offset_ms:
            return amount >= no_offset ? fmt::format("+{}ms", amount - no_offset)
                                       : fmt::format("-{}ms", no_offset - amount);
        case Unit::none:
        case Unit::count:
            break;
    }
    return fmt::format("{}", amount);
}

}  // namespace holdfast::sim
