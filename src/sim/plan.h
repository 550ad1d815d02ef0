// The plan of a run: everything that will be done to a cluster, drawn before it begins. A plan is
// all there is to a run: the same plan gives the same run, bit for bit. As text it is a scenario
// file, readable and editable.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/number.h"
#include "base/result.h"
#include "base/time.h"

namespace holdfast::sim {

namespace errc {
inline constexpr Errc plan_malformed{"sim.plan_malformed"};  ///< the detail names line and word
inline constexpr Errc unknown_profile{"sim.unknown_profile"};
inline constexpr Errc bad_options{"sim.bad_options"};
}  // namespace errc

/// Their order is part of the code: links, then nodes' links, processes, disks, clocks, operators.
enum class FaultKind : uint8_t {
    // The network. Each holds for its duration, on one link, on all of a node's, or everywhere.
    loss,        ///< `amount` per mille of messages; streams: the connection breaks
    repeat,      ///< `amount` per mille come again, late
    delay,       ///< mean one-way delay becomes `amount` microseconds
    clog,        ///< what is sent waits for the end
    cut,         ///< node -> peer, one way
    isolate,     ///< all links of `node`, both ways
    deaf,        ///< `node` sends but does not receive
    mute,        ///< `node` receives but does not send
    split,       ///< nodes of the bit set `amount` from the others
    bridge,      ///< the same, but `node` sees both sides
    bandwidth,   ///< `amount` bytes a millisecond on each link of `node`
    disconnect,  ///< every connection of `node` breaks now
    replay,      ///< the last `amount` messages to `node` on each link come again, several times
    // Processes.
    kill,         ///< what was written stays; starts again after the duration
    power,        ///< what was not synced may be lost or torn
    power_all,    ///< of all nodes at once
    kill_within,  ///< in the middle of an event: before its `amount`-th effect on the world; of a
                  ///< node that is down, into its next life, so perhaps while it recovers
    pause,        ///< nothing is handled; messages wait
    slow,         ///< the lanes take `amount` times as long
    // Disks. The atlas refuses damage beyond what the cluster must survive.
    disk_slow,     ///< each sync takes up to `amount` ms
    disk_error,    ///< the next sync fails: the process ends
    disk_full,     ///< appends fail
    bit_rot,       ///< a bit of the journal flips
    misdirected,   ///< a write lands elsewhere in the same file
    lose_journal,  ///< the journal's folder is gone when the node comes back
    wipe,          ///< journal and ledger are gone
    // Clocks.
    drift,       ///< runs `amount` per mille of real time
    clock_step,  ///< wall time jumps by `amount` - 1'000'000'000 milliseconds
    // What operators do.
    transfer_leadership,  ///< to `node`
    add_member,           ///< `node`, a spare
    remove_member,        ///< `node`
};
inline constexpr size_t fault_kind_count = 31;

struct Fault {
    Duration at{};
    FaultKind kind{};
    Duration lasts{};  ///< of spells; for deaths, the time until the node starts again
    NodeId node;       ///< 0: everybody
    NodeId peer;       ///< of `cut` and single links; 0: all
    uint64_t amount = 0;
    bool operator==(const Fault&) const = default;
};

/// Whether a process that the fault ends loses its machine too: within an event, if that is drawn.
constexpr bool loses_power(const Fault& fault) {
    return fault.kind == FaultKind::kill_within ? fault.amount % 2 == 1
                                                : fault.kind != FaultKind::kill;
}

enum class OperationKind : uint8_t {
    transfer,
    conflict,
    read,
    excess,
    // Calls of the contracts of Byzantine agreement, about a candidate.
    stake,     ///< by its operator, or a holder who delegates; a newcomer's operator bonds
    unstake,   ///< takes back
    move,      ///< a holder's, from the candidate to `other`
    withdraw,  ///< what was taken back, once it may be paid out
    unjail,    ///< by its operator
    slander,   ///< a holder's accusation that proves nothing
};
inline constexpr size_t operation_kind_count = 10;

/// What a client does. A transfer is the next of its account, sent again to other nodes until it is
/// acknowledged; `conflict` makes two of the same nonce; a read is linearizable; `excess` wants to
/// spend more than there is, and must be refused.
struct Operation {
    Duration at{};
    OperationKind kind{};
    uint64_t account = 0;
    NodeId node;  ///< whom it asks first
    // Of calls about candidates; there `account` is a holder, and 0 the candidate's operator.
    NodeId candidate;
    NodeId other;
    uint64_t amount = 0;  ///< in thousandths of a unit of stake; 0: everything
    bool operator==(const Operation&) const = default;
};
constexpr bool is_about_stakes(OperationKind kind) {
    return kind >= OperationKind::stake;
}
/// Accounts that delegate count from 1 to this.
inline constexpr uint64_t holders_max = 4;

struct Plan {
    std::string engine = "raft";
    std::string profile = "swarm";
    uint64_t seed = 0;
    uint64_t nodes = 3;          ///< founding members, ids 1 to this
    uint64_t spares = 0;         ///< machines behind them that may be added
    Duration lasts{60'000'000};  ///< of the faults; then the cluster is healed and must get on
    bool streams = true;         ///< sessions over connections; else bare messages
    uint64_t accounts = 8;
    uint64_t segment_bytes = 32 << 20;  ///< of journals: small ones are forgotten soon
    uint64_t blocks_kept = 0;
    uint64_t log_bytes_retained = 1 << 20;  ///< small ones make block and snapshot syncs
    uint64_t delay_us = 500;                ///< mean one-way delay without faults
    uint64_t jitter_percent = 100;          ///< of that delay left to chance; at 0 all are equal
    uint64_t sync_us = 300;                 ///< mean of a journal's sync without faults
    uint64_t outbid_percent = 0;            ///< of clients that waited in vain: they bid more
    // Of bft alone.
    uint64_t epoch_blocks = 256;
    uint64_t delta_us = 150'000;  ///< what its timers take a message to need
    uint64_t weight_max = 1;      ///< weights of members are drawn up to this
    uint64_t liars = 0;           ///< members that lie, as a bit set
    uint64_t reporters = 0;       ///< nodes that bring proof of lies before the ledger: a bit set
    uint64_t evidence_epochs = 8;
    std::string policy = "poa";
    // Of the policies pos and dpos alone, as in genesis.
    uint64_t committee_max = 21;
    uint64_t unbonding_epochs = 16;
    uint64_t block_reward = 0;
    uint64_t slash_per_mille = 50;
    uint64_t accuser_per_mille = 0;
    uint64_t missed_per_mille = 500;
    uint64_t jail_epochs = 4;
    uint64_t guilts_max = 2;

    uint64_t core = 0;  ///< nodes healed at the end, as a bit set (bit 0: node 1); 0: drawn by seed
    std::vector<Fault> faults;          ///< by time
    std::vector<Operation> operations;  ///< by time
    bool operator==(const Plan&) const = default;
    [[nodiscard]] bool lies(NodeId node) const {
        return node.value >= 1 && node.value <= nodes && (liars >> (node.value - 1) & 1) != 0;
    }
    [[nodiscard]] bool reports(NodeId node) const {
        return node.value >= 1 && (reporters >> (node.value - 1) & 1) != 0;
    }
    [[nodiscard]] bool has_stakes() const { return engine == "bft" && policy != "poa"; }
};

struct PlanOptions {
    std::string engine = "raft";
    std::string profile = "swarm";
    uint64_t nodes = 3;
    uint64_t seed = 1;
    Duration lasts{60'000'000};
    uint64_t load_per_second = 10;
    /// How many members lie; else it is drawn, so that they weigh less than a third.
    std::optional<uint64_t> liars;
    std::string policy;                  ///< of bft: poa, pos, dpos; empty: drawn
    std::optional<uint64_t> weight_max;  ///< else it is drawn
};

/// Swarm [Groce 2012]: first which classes of faults this seed has at all, then their rates, then
/// each fault. Profiles: swarm, none, network, crash, disk, clock, membership. Errors:
/// unknown_profile, bad_options.
Result<Plan> draw_plan(const PlanOptions& options);
std::vector<std::string_view> profiles();

std::string to_text(const Plan& plan);
/// Errors: plan_malformed.
Result<Plan> parse_plan(std::string_view text);

std::string_view to_string(FaultKind kind);
std::string_view to_string(OperationKind kind);
/// One fault as a sentence for people: "at 12.3 s node 3 loses power for 400 ms".
std::string describe(const Fault& fault);

}  // namespace holdfast::sim
