// A cluster of engines in memory: their disks, ledgers and the messages between them, moved by
// hand. The stage for protocol scripts (script.h) and random tests of every family; no part of a
// node. It carries out effects as a host must, and checks what no engine alone can see.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "base/result.h"
#include "consensus/engine.h"

namespace holdfast::consensus {

/// What a family brings along: how to start one of its engines, and how to print what it says.
struct Family {
    struct Start {
        NodeId self;
        uint64_t incarnation = 0;
        const Base& base;
        const std::vector<JournalRecord>& records;
        JournalHealth health = JournalHealth::intact;
        Instant now;
        /// Options of the family's own, by name, as scripts give them.
        const std::map<std::string, uint64_t, std::less<>>& options;
        [[nodiscard]] size_t option(std::string_view name, size_t otherwise) const {
            const auto found = options.find(name);
            return found == options.end() ? otherwise : static_cast<size_t>(found->second);
        }
    };
    std::function<std::unique_ptr<Engine>(const Start&, Effects&)> restore;
    std::function<std::string(ByteView)> describe_message;
    std::function<std::string(ByteView)> describe_record;
    /// In words, what a single engine breaks.
    std::function<std::vector<std::string>(const Engine&)> broken_invariants;
    /// Under which a node's votes are checked; none if this family signs nothing.
    std::function<crypto::NodePublicKey(NodeId)> voting_key = {};
    std::function<std::string(ByteView)> describe_evidence = {};
    /// Of a family that works: a header, in words.
    std::function<std::string(ByteView)> describe_header = {};
    std::string_view view_word = "term";
    /// Two nodes may have led one view: who leads is told by the view and the node together.
    bool views_are_shared = false;
    /// Marks may differ between nodes in what proves them.
    bool marks_differ = false;
    /// Anybody may join, blocks are taken back, and what is final is said later.
    bool may_revert = false;
};

struct Packet {
    NodeId from;
    NodeId to;
    Buffer bytes;
};

/// A block as a ledger keeps it.
struct Block {
    Buffer payload;
    Origin origin;
    Bytes mark;
};

/// One machine: an engine if it is up, a disk, and a ledger that executes nothing.
struct Machine {
    std::unique_ptr<Engine> engine;
    uint64_t incarnation = 1;
    JournalHealth health = JournalHealth::intact;
    Members founding;
    Members members;  ///< as its ledger has them now

    std::vector<JournalRecord> journal;  ///< durable
    std::deque<JournalRecord> writing;   ///< lost in a crash
    bool disk_waits = false;             ///< records stay in `writing` until synced by hand
    uint64_t changes = 0;                ///< of the chain...
    uint64_t flushed_changes = 0;        ///< ...and of the store
    std::vector<std::pair<Token, uint64_t>> forgets;  ///< wait for the store to have so many

    std::vector<Block> chain;                  ///< block h is at h - 1
    size_t flushed = 0;                        ///< blocks that survive a crash
    std::optional<std::vector<Block>> stored;  ///< these do, if blocks of them were taken back
    size_t final = 0;                          ///< blocks that may not be
    bool store_waits = false;                  ///< blocks are flushed by hand only

    struct Held {
        Token after;
        Effect effect;
    };
    std::deque<Held> held;      ///< effects that wait for the disk, in order
    std::deque<Input> answers;  ///< of the host's workers and its ledger, on their way
    bool workers_wait = false;  ///< they come only when let through by hand
    std::optional<Instant> alarm;
    std::optional<NeedPayload> need;
    std::optional<Seal> seal;
    std::optional<CatchUp> catch_up;
    Token last_token;
};

class Cluster {
  public:
    using Print = std::function<void(std::string)>;

    Cluster(Family family, std::map<std::string, uint64_t, std::less<>> options, Print print)
        : family_(std::move(family)), options_(std::move(options)), print_(std::move(print)) {}

    /// A machine with an intact, empty journal; `members` is the founding set as it knows it.
    void add(NodeId id, const Members& members);
    void feed(NodeId id, Input input);
    /// Lets through what workers and ledger have to answer, the first `count`.
    void answer(NodeId id, size_t count = SIZE_MAX);
    /// Rings the node's alarm, if it has one: time moves on to it.
    void ring(NodeId id);
    /// Writes the oldest `count` waiting records to the disk and says so.
    void sync(NodeId id, size_t count = SIZE_MAX);
    /// Makes the ledger's blocks survive a crash.
    void flush(NodeId id);
    /// Of the records not yet durable, the first `kept` happen to have reached the disk.
    void crash(NodeId id, size_t kept = 0);
    void restart(NodeId id);
    /// The journal is gone, and the ledger too if `with_store`; the node must be down.
    void lose_disk(NodeId id, bool with_store);
    /// The host's answer to CatchUp: copies `from`'s blocks and tells the engine.
    void copy_blocks(NodeId from, NodeId to);
    /// Gives the node's miner what it looks for, or what it does not.
    void seal(NodeId id, bool rightly);
    /// What the clocks of all machines show.
    [[nodiscard]] WallMillis wall_ms() const;
    /// A payload that says its time, for families that want to know.
    [[nodiscard]] PayloadReady payload_for(const NeedPayload& need, std::string text) const;
    /// The node's ledger now has this set.
    void change_members(NodeId id, const Members& members);
    /// For families with epochs (option `epoch`: blocks in each): what the ledgers decide at the
    /// next boundary that any of them reaches.
    void plan_members(Members members) { planned_ = std::move(members); }
    [[nodiscard]] Members members_at(Height height);
    /// Asks for a point to read at; the answer is checked against what was final anywhere by now.
    void read(NodeId id, ReadId read);
    /// Removes the packet and hands it to its receiver, if that is up.
    void deliver_packet(size_t at);

    [[nodiscard]] Machine& machine(NodeId id) { return machines_.at(id); }
    [[nodiscard]] std::map<NodeId, Machine>& machines() { return machines_; }
    [[nodiscard]] std::deque<Packet>& packets() { return packets_; }
    [[nodiscard]] const Family& family() const { return family_; }
    [[nodiscard]] Instant now() const { return now_; }
    void advance(Duration by) { now_ += by; }
    void set_now(Instant now) { now_ = std::max(now_, now); }

    /// What was seen to go wrong, in words, oldest first; it is never forgotten.
    [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
    /// Every block that any ledger ever took as final.
    [[nodiscard]] const std::vector<Block>& history() const { return history_; }
    [[nodiscard]] size_t reads_answered() const { return reads_answered_; }
    /// Every evidence that any engine came forward with.
    [[nodiscard]] const std::set<Bytes>& accused() const { return accused_; }

  private:
    void step(NodeId id, Input input);
    void run(NodeId id, Machine& machine, const Effects& effects);
    void carry_out(NodeId id, Machine& machine, const Effect& effect);
    void release(NodeId id, Machine& machine);
    void take_block(NodeId id, Machine& machine, const Deliver& deliver);
    void take_back(NodeId id, Machine& machine, Height above);
    void take_final(NodeId id, Machine& machine, Height upto);
    void compare(NodeId id, size_t height, const Block& block);
    [[nodiscard]] std::vector<Bytes> earlier_marks(const Machine& machine) const;
    [[nodiscard]] Verdict verdict_of(const Buffer& payload) const;
    [[nodiscard]] Neighbours neighbours_of(NodeId id) const;
    [[nodiscard]] uint64_t epoch_blocks() const;
    void check(NodeId id, const Machine& machine);
    void forget(Machine& machine);
    void print_role(NodeId id, const EngineStatus& before, const EngineStatus& after);
    void problem(std::string what) { problems_.push_back(std::move(what)); }
    void print(std::string line) {
        if (print_) print_(std::move(line));
    }

    Family family_;
    std::map<std::string, uint64_t, std::less<>> options_;
    Print print_;
    Instant now_{Duration(1'000'000)};
    std::map<NodeId, Machine> machines_;
    std::deque<Packet> packets_;
    std::vector<Block> history_;
    std::map<uint64_t, NodeId> leaders_;  ///< view -> who led it, ever
    std::optional<Members> planned_;
    std::map<Height, Members> decided_;  ///< by boundary
    std::map<std::pair<NodeId, ReadId>, Height> reads_;
    size_t reads_answered_ = 0;
    std::set<Bytes> accused_;
    uint64_t next_incarnation_ = 1;
    std::vector<std::string> problems_;
};

}  // namespace holdfast::consensus
