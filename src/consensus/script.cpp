// The script driver: a stanza is commands up to `----`; below it, up to an empty line, their
// effects.
#include "consensus/script.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace holdfast::consensus {
namespace {

using Words = std::vector<std::string>;
constexpr size_t deliveries_max = 10'000;
constexpr int rings_max = 10;

Words split(std::string_view line, char separator = ' ') {
    Words words;
    std::string word;
    for (const char c : line) {
        if (c != separator) {
            word += c;
        } else if (!word.empty()) {
            words.push_back(std::exchange(word, {}));
        }
    }
    if (!word.empty()) words.push_back(word);
    return words;
}

uint64_t number(const std::string& word) {
    uint64_t value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value);
    return value;
}

NodeId node(const std::string& word) {
    return NodeId(number(word));
}

// 1 2 3*5: the third weighs five.
Members members_of(const Family& family, uint64_t epoch, const Words& words, size_t from) {
    Members members{.epoch = epoch, .voters = {}};
    for (size_t i = from; i < words.size(); ++i) {
        if (words[i].find('=') != std::string::npos) continue;
        const Words parts = split(words[i], '*');
        const NodeId id = node(parts.at(0));
        members.voters.push_back(
            {.id = id,
             .weight = parts.size() > 1 ? number(parts[1]) : 1,
             .voting_key = family.voting_key ? family.voting_key(id) : crypto::NodePublicKey{}});
    }
    return members;
}

class Run {
  public:
    explicit Run(const Family& family) : family_(family) { reset({}); }

    /// What the commands of one stanza printed.
    std::string stanza(const std::vector<std::string>& commands);

  private:
    using Command = void (Run::*)(const Words&);
    static const std::map<std::string, Command, std::less<>>& commands();

    void reset(std::map<std::string, uint64_t, std::less<>> options) {
        cluster_ = std::make_unique<Cluster>(family_, std::move(options), [this](std::string line) {
            if (!silent_) lines_.push_back(std::move(line));
        });
    }
    void say(std::string line) { lines_.push_back(std::move(line)); }
    [[nodiscard]] bool cut(const Packet& packet) const {
        return cuts_.contains({packet.from, packet.to});
    }
    /// Places of the packets that `a -> b` names, oldest first; of all packets without words.
    std::vector<size_t> chosen(const Words& words);
    void deliver_everything();
    void try_command(const std::string& text);

    void on_cluster(const Words& words);
    void on_add(const Words& words);
    void on_timeout(const Words& words);
    void on_wait(const Words& words);
    void on_run(const Words& words);
    void on_propose(const Words& words);
    void on_seal(const Words& words);
    void on_mine(const Words& words);
    void on_mining(const Words& words);
    void on_probe(const Words& words);
    void on_deliver(const Words& words);
    void on_drop(const Words& words);
    void on_repeat(const Words& words);
    void on_cut(const Words& words);
    void on_heal(const Words& words);
    void on_disk(const Words& words);
    void on_store(const Words& words);
    void on_crash(const Words& words);
    void on_restart(const Words& words);
    void on_lose(const Words& words);
    void on_damage(const Words& words);
    void on_rollback(const Words& words);
    void on_members(const Words& words);
    void on_workers(const Words& words);
    void on_read(const Words& words);
    void on_transfer(const Words& words);
    void on_copy(const Words& words);
    void on_garbage(const Words& words);
    void on_packets(const Words& words);
    void on_status(const Words& words);
    void on_note(const Words& words);
    void on_silent(const Words& words);
    void on_loud(const Words& words);

    const Family& family_;
    std::unique_ptr<Cluster> cluster_;
    std::set<std::pair<NodeId, NodeId>> cuts_;
    std::vector<std::string> lines_;
    bool silent_ = false;
    size_t problems_said_ = 0;
};

const std::map<std::string, Run::Command, std::less<>>& Run::commands() {
    static const std::map<std::string, Command, std::less<>> table{
        {"cluster", &Run::on_cluster},   {"add", &Run::on_add},
        {"timeout", &Run::on_timeout},   {"wait", &Run::on_wait},
        {"propose", &Run::on_propose},   {"deliver", &Run::on_deliver},
        {"drop", &Run::on_drop},         {"repeat", &Run::on_repeat},
        {"cut", &Run::on_cut},           {"heal", &Run::on_heal},
        {"disk", &Run::on_disk},         {"store", &Run::on_store},
        {"crash", &Run::on_crash},       {"restart", &Run::on_restart},
        {"lose", &Run::on_lose},         {"damage", &Run::on_damage},
        {"members", &Run::on_members},   {"read", &Run::on_read},
        {"transfer", &Run::on_transfer}, {"copy", &Run::on_copy},
        {"garbage", &Run::on_garbage},   {"packets", &Run::on_packets},
        {"status", &Run::on_status},     {"note", &Run::on_note},
        {"rollback", &Run::on_rollback}, {"run", &Run::on_run},
        {"workers", &Run::on_workers},   {"silent", &Run::on_silent},
        {"loud", &Run::on_loud},         {"seal", &Run::on_seal},
        {"mine", &Run::on_mine},         {"mining", &Run::on_mining},
        {"probe", &Run::on_probe},
    };
    return table;
}

std::string Run::stanza(const std::vector<std::string>& texts) {
    lines_.clear();
    for (const std::string& text : texts) try_command(text);
    const auto& problems = cluster_->problems();
    for (; problems_said_ < problems.size(); ++problems_said_)
        lines_.push_back("PROBLEM " + problems[problems_said_]);
    if (lines_.empty()) lines_.emplace_back("ok");
    std::string result;
    for (const std::string& line : lines_) result += line + "\n";
    return result;
}

void Run::try_command(const std::string& text) {
    const Words words = split(text);
    const auto found = commands().find(words.front());
    if (found == commands().end()) return say("no such command: " + words.front());
    const bool names_node = words.size() > 1 && words.front() != "cluster" &&
                            words.front() != "add" && words.front() != "wait" &&
                            words.front() != "members" && words.front() != "run";
    if (names_node && !cluster_->machines().contains(node(words[1])))
        return say("no such node: " + words[1]);
    (this->*found->second)(words);
}

void Run::on_cluster(const Words& words) {
    std::map<std::string, uint64_t, std::less<>> options;
    for (const std::string& word : words) {
        const Words option = split(word, '=');
        if (option.size() == 2) options[option[0]] = number(option[1]);
    }
    reset(std::move(options));
    problems_said_ = 0;
    cuts_.clear();
    const Members members = members_of(family_, 1, words, 1);
    // Beginnings are alike and tell nothing.
    silent_ = true;
    for (const Voter& voter : members.voters) cluster_->add(voter.id, members);
    if (family_.may_revert) deliver_everything();
    silent_ = false;
}

// add 4 to 1 2 3: a newcomer that knows the founding set
void Run::on_add(const Words& words) {
    cluster_->add(node(words.at(1)), members_of(family_, 1, words, 3));
}

void Run::on_timeout(const Words& words) {
    const NodeId id = node(words.at(1));
    // A deadline that moved on rings early and silently; ring until something comes of it.
    const size_t before = lines_.size() + cluster_->packets().size();
    for (int i = 0; i < rings_max && lines_.size() + cluster_->packets().size() == before; ++i)
        cluster_->ring(id);
}

void Run::on_wait(const Words& words) {
    cluster_->advance(std::chrono::milliseconds(number(words.at(1))));
}

// run 500: lets everything happen by itself for so many milliseconds; nothing is slow, cuts hold
void Run::on_run(const Words& words) {
    const Instant end = cluster_->now() + std::chrono::milliseconds(number(words.at(1)));
    for (size_t i = 0; i < deliveries_max; ++i) {
        deliver_everything();
        std::optional<NodeId> first;
        for (auto& [id, machine] : cluster_->machines()) {
            if (!machine.engine || !machine.alarm || *machine.alarm > end) continue;
            if (!first || *machine.alarm < *cluster_->machine(*first).alarm) first = id;
        }
        if (!first) break;
        cluster_->ring(*first);
    }
    cluster_->set_now(end);
}

void Run::on_propose(const Words& words) {
    const NodeId id = node(words.at(1));
    Machine& machine = cluster_->machine(id);
    for (size_t i = 2; i < words.size(); ++i) {
        if (!machine.need) return say(words[1] + ": asks for no payload");
        const NeedPayload need = *machine.need;
        machine.need.reset();
        cluster_->feed(id, cluster_->payload_for(need, words[i]));
    }
}

// seal 1 [wrongly]: its miner finds what it looks for, or thinks so
void Run::on_seal(const Words& words) {
    const NodeId id = node(words.at(1));
    if (!cluster_->machine(id).seal) return say(words[1] + ": has nothing to seal");
    cluster_->seal(id, words.size() < 3);
}

// mine 1 a b: a payload, and the seal for it, for each
void Run::on_mine(const Words& words) {
    for (size_t i = 2; i < words.size(); ++i) {
        on_propose({"propose", words[1], words[i]});
        on_seal({"seal", words[1]});
    }
}

// mining 1 on | off
void Run::on_mining(const Words& words) {
    const bool starts = words.at(2) == "on";
    cluster_->feed(node(words[1]),
                   Admin{.action = starts ? AdminAction::start_mining : AdminAction::stop_mining});
}

// probe 1 orphans flawed: some of the numbers that checkers see
void Run::on_probe(const Words& words) {
    std::string text = words.at(1) + ":";
    const auto& engine = cluster_->machine(node(words[1])).engine;
    const Probe probe = engine ? engine->probe() : Probe{};
    for (const auto& [name, value] : probe)
        if (std::ranges::find(words, name) != words.end())
            text += fmt::format(" {}={}", name, value);
    say(text);
}

std::vector<size_t> Run::chosen(const Words& words) {
    std::vector<size_t> places;
    for (size_t i = 0; i < cluster_->packets().size(); ++i) {
        const Packet& packet = cluster_->packets()[i];
        const bool all = words.size() < 4 || words[2] != "->";
        if (all || (packet.from == node(words[1]) && packet.to == node(words[3])))
            places.push_back(i);
    }
    return places;
}

void Run::deliver_everything() {
    for (size_t i = 0; i < deliveries_max && !cluster_->packets().empty(); ++i) {
        if (cut(cluster_->packets().front())) {
            cluster_->packets().pop_front();
        } else {
            cluster_->deliver_packet(0);
        }
    }
}

// deliver | deliver 1 -> 2 [last | all]
void Run::on_deliver(const Words& words) {
    if (words.size() == 1) return deliver_everything();
    const auto places = chosen(words);
    if (places.empty()) return say("nothing is under way");
    const std::string which = words.size() > 4 ? words[4] : "first";
    if (which == "last") return cluster_->deliver_packet(places.back());
    if (which == "first") return cluster_->deliver_packet(places.front());
    size_t gone = 0;
    for (const size_t place : places) cluster_->deliver_packet(place - gone++);
}

void Run::on_drop(const Words& words) {
    const auto places = chosen(words);
    if (places.empty()) return say("nothing is under way");
    const bool first_only = words.size() > 4 && words[4] == "first";
    size_t gone = 0;
    for (const size_t place : places) {
        if (first_only && gone > 0) return;
        auto& packets = cluster_->packets();
        packets.erase(packets.begin() + static_cast<std::ptrdiff_t>(place - gone++));
    }
}

void Run::on_repeat(const Words& words) {
    const auto places = chosen(words);
    if (places.empty()) return say("nothing is under way");
    const Packet again = cluster_->packets()[places.front()];
    cluster_->packets().push_back(again);
}

// cut 1 -> 2: one way; cut 1 2: both ways
void Run::on_cut(const Words& words) {
    if (words.at(2) == "->") {
        cuts_.insert({node(words[1]), node(words[3])});
        return;
    }
    for (size_t i = 2; i < words.size(); ++i) {
        cuts_.insert({node(words[1]), node(words[i])});
        cuts_.insert({node(words[i]), node(words[1])});
    }
}

void Run::on_heal(const Words&) {
    cuts_.clear();
}

// disk 1 waits | disk 1 writes [count] | disk 1 syncs
void Run::on_disk(const Words& words) {
    const NodeId id = node(words.at(1));
    Machine& machine = cluster_->machine(id);
    if (words.at(2) == "waits") {
        machine.disk_waits = true;
    } else if (words[2] == "writes") {
        cluster_->sync(id, words.size() > 3 ? number(words[3]) : SIZE_MAX);
    } else {
        machine.disk_waits = false;
        cluster_->sync(id);
    }
}

void Run::on_store(const Words& words) {
    const NodeId id = node(words.at(1));
    cluster_->machine(id).store_waits = words.at(2) == "waits";
    if (words[2] != "waits") cluster_->flush(id);
}

void Run::on_crash(const Words& words) {
    cluster_->crash(node(words.at(1)), words.size() > 2 ? number(words[2]) : 0);
}

void Run::on_restart(const Words& words) {
    cluster_->restart(node(words.at(1)));
}

void Run::on_lose(const Words& words) {
    const NodeId id = node(words.at(1));
    cluster_->crash(id);
    cluster_->lose_disk(id, words.size() > 2 && words[2] == "all");
}

void Run::on_damage(const Words& words) {
    cluster_->crash(node(words.at(1)));
    cluster_->machine(node(words[1])).health = JournalHealth::damaged;
}

// rollback 2 to 1: crashes, and an old copy of the ledger's store is put back
void Run::on_rollback(const Words& words) {
    const NodeId id = node(words.at(1));
    cluster_->crash(id);
    Machine& machine = cluster_->machine(id);
    machine.chain.resize(number(words.at(3)));
    machine.flushed = machine.chain.size();
}

// members 2 = 1 2 3 [on 1]: epoch 2; every ledger has it, or one alone
void Run::on_members(const Words& words) {
    Words ids(words.begin() + 3, words.end());
    std::optional<NodeId> only;
    if (ids.size() > 2 && ids[ids.size() - 2] == "on") {
        only = node(ids.back());
        ids.resize(ids.size() - 2);
    }
    const Members members = members_of(family_, number(words.at(1)), ids, 0);
    cluster_->plan_members(members);
    for (auto& [id, machine] : cluster_->machines())
        if (!only || *only == id) cluster_->change_members(id, members);
}

// workers 1 wait | workers 1 answer [count] | workers 1 work
void Run::on_workers(const Words& words) {
    const NodeId id = node(words.at(1));
    cluster_->machine(id).workers_wait = words.at(2) != "work";
    if (words[2] != "wait") cluster_->answer(id, words.size() > 3 ? number(words[3]) : SIZE_MAX);
}

void Run::on_read(const Words& words) {
    cluster_->read(node(words.at(1)), ReadId(number(words.at(2))));
}

// transfer 1 [to 2]
void Run::on_transfer(const Words& words) {
    const NodeId target = words.size() > 3 ? node(words[3]) : NodeId{};
    cluster_->feed(node(words.at(1)),
                   Admin{.action = AdminAction::transfer_leadership, .target = target});
}

// copy 1 -> 3: node 3's ledger syncs blocks from node 1's
void Run::on_copy(const Words& words) {
    cluster_->copy_blocks(node(words.at(1)), node(words.at(3)));
}

// garbage 2 -> 1 0102 00*8 ff: any bytes, as hex words, `*` repeats one
void Run::on_garbage(const Words& words) {
    Bytes bytes;
    for (size_t i = 4; i < words.size(); ++i) {
        const Words parts = split(words[i], '*');
        const auto part = from_hex(parts.at(0));
        if (!part) return say("not hex: " + parts[0]);
        const uint64_t times = parts.size() > 1 ? number(parts[1]) : 1;
        for (uint64_t n = 0; n < times; ++n) append(bytes, *part);
    }
    cluster_->feed(node(words.at(3)), Received{node(words[1]), make_buffer(std::move(bytes))});
}

void Run::on_packets(const Words& words) {
    for (const size_t place : chosen(words)) {
        const Packet& packet = cluster_->packets()[place];
        say(fmt::format("under way {} -> {}: {}", packet.from, packet.to,
                        family_.describe_message(*packet.bytes)));
    }
}

void Run::on_status(const Words& words) {
    for (const auto& [id, machine] : cluster_->machines()) {
        if (words.size() > 1 && id != node(words[1])) continue;
        if (!machine.engine) {
            say(fmt::format("{} down", id));
            continue;
        }
        const EngineStatus status = machine.engine->status();
        say(fmt::format("{} {:<10} view={} leader={} final={} last={} epoch={}", id, status.role,
                        status.view, status.leader ? fmt::to_string(*status.leader) : "none",
                        status.final, status.last, status.members_epoch));
    }
}

void Run::on_note(const Words& words) {
    const auto& engine = cluster_->machine(node(words.at(1))).engine;
    const std::string note = engine ? engine->status().note : "down";
    say(words[1] + ": " + (note.empty() ? "nothing to note" : note));
}

void Run::on_silent(const Words&) {
    silent_ = true;
}

void Run::on_loud(const Words&) {
    silent_ = false;
}

}  // namespace

std::string run_script(const Family& family, std::string_view script) {
    Run run(family);
    std::string result;
    std::vector<std::string> commands;
    bool in_effects = false;
    size_t at = 0;
    while (at < script.size()) {
        const size_t end = std::min(script.find('\n', at), script.size());
        const std::string line(script.substr(at, end - at));
        at = end + 1;
        if (in_effects && !line.empty()) continue;
        in_effects = false;
        result += line + "\n";
        if (line == "----") {
            result += run.stanza(commands);
            commands.clear();
            in_effects = true;
        } else if (!line.empty() && line.front() != '#') {
            commands.push_back(line);
        }
    }
    return result;
}

}  // namespace holdfast::consensus
