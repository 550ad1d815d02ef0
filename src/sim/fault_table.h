// What the text of plans knows about each kind of fault: its word, and what its amount measures.
#pragma once

#include <array>

#include "sim/plan.h"

namespace holdfast::sim {

/// What a fault's amount measures, and so how it is written.
enum class Unit : uint8_t {
    none,          ///< no amount; written as a bare number if there is one nevertheless
    per_mille,     ///< 12.5%
    microseconds,  ///< 30ms
    milliseconds,  ///< 200ms
    nodes,         ///< 1,2
    bytes_per_ms,  ///< 2000B/ms
    count,         ///< 12
    times,         ///< 50x
    offset_ms,     ///< +1500ms: how far from `no_offset` it is
};
inline constexpr uint64_t no_offset = 1'000'000'000;

struct KindRow {
    FaultKind kind;
    std::string_view name;
    std::string_view sentence;  ///< {who}, {where}, {amount}, {dies} stand for the fault's
    Unit unit = Unit::none;
    std::string_view keyword;  ///< before the amount
    uint64_t low = 0, high = UINT64_MAX;
};

inline constexpr std::array<KindRow, fault_kind_count> kind_table{{
    {FaultKind::loss, "loss", "{amount} of messages are lost {where}", Unit::per_mille, "of", 0,
     1000},
    {FaultKind::repeat, "repeat", "{amount} of messages come again {where}", Unit::per_mille, "of",
     0, 1000},
    {FaultKind::delay, "delay", "messages take {amount} on average {where}", Unit::microseconds,
     "of", 0, 3'600'000'000},
    {FaultKind::clog, "clog", "messages wait {where}"},
    {FaultKind::cut, "cut", "nothing passes {where}"},
    {FaultKind::isolate, "isolate", "{who} is cut off from everybody"},
    {FaultKind::deaf, "deaf", "{who} sends but hears nothing"},
    {FaultKind::mute, "mute", "{who} hears but sends nothing"},
    {FaultKind::split, "split", "nodes {amount} are cut off from the others", Unit::nodes, "off"},
    {FaultKind::bridge, "bridge", "only {who} still sees both nodes {amount} and the others",
     Unit::nodes, "off"},
    {FaultKind::bandwidth, "bandwidth", "each link of {who} carries {amount}", Unit::bytes_per_ms,
     "of", 1, 1'000'000'000},
    {FaultKind::disconnect, "disconnect", "every connection of {who} breaks"},
    {FaultKind::replay, "replay", "the last {amount} messages from each peer to {who} come again",
     Unit::count, "messages", 1, 1'000},
    {FaultKind::kill, "kill", "{who} is killed"},
    {FaultKind::power, "power", "{who} loses power"},
    {FaultKind::power_all, "power-all", "every node loses power"},
    {FaultKind::kill_within, "kill-within", "{who} {dies}, {amount} effects into what it does",
     Unit::count, "effects", 0, 1'000'000},
    {FaultKind::pause, "pause", "{who} stands still"},
    {FaultKind::slow, "slow", "{who} takes {amount} as long", Unit::times, "by", 1, 100'000},
    {FaultKind::disk_slow, "disk-slow", "each sync of {who} takes up to {amount}",
     Unit::milliseconds, "to", 0, 3'600'000},
    {FaultKind::disk_error, "disk-error", "the next sync of {who} fails"},
    {FaultKind::disk_full, "disk-full", "the disk of {who} is full"},
    {FaultKind::bit_rot, "bit-rot", "a bit flips in the journal of {who}"},
    {FaultKind::misdirected, "misdirected", "a write of {who} lands elsewhere in its file"},
    {FaultKind::lose_journal, "lose-journal", "{who} loses its journal"},
    {FaultKind::wipe, "wipe", "{who} loses its journal and its ledger"},
    // A clock that stands still would never ring again.
    {FaultKind::drift, "drift", "the clock of {who} runs at {amount} of real time", Unit::per_mille,
     "to", 100, 10'000},
    {FaultKind::clock_step, "clock-step", "the wall clock of {who} jumps by {amount}",
     Unit::offset_ms, "by", 0, 2 * no_offset},
    {FaultKind::transfer_leadership, "transfer-leadership", "leadership is to pass to {who}"},
    {FaultKind::add_member, "add-member", "{who} is to become a member"},
    {FaultKind::remove_member, "remove-member", "{who} is to be a member no longer"},
}};

constexpr const KindRow& row_of(FaultKind kind) {
    return kind_table[static_cast<size_t>(kind)];
}

/// The exact time in the greatest unit that needs no fraction: "4s", "2500ms", "17us".
std::string exact_time(uint64_t us);
/// For people: "12.3 s", "400 ms", "17 us".
std::string rough_time(Duration time);
/// "1,2" for 0b11; "none".
std::string node_list(uint64_t set);
/// As scenario files have it: "12.5%", "30ms", "1,2", "50x", "-20ms".
std::string amount_text(Unit unit, uint64_t amount);

}  // namespace holdfast::sim
