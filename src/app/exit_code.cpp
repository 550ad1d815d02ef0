// The refusals that an operator can meet, each with its meaning and its repair.
#include "app/exit_code.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace holdfast::app {
namespace {

constexpr std::array advices{
    Advice{"config.unreadable", ExitCode::bad_config, "the configuration cannot be read",
           "give an existing file: --config FILE"},
    Advice{"config.syntax", ExitCode::bad_config, "the configuration is not TOML",
           "correct the line; `holdfast config` prints a whole example"},
    Advice{"config.unknown_key", ExitCode::bad_config, "no setting has this name",
           "correct or remove it; `holdfast config` prints all there are"},
    Advice{"config.wrong_type", ExitCode::bad_config, "a setting has a value of the wrong type",
           "give the type that `holdfast config` shows"},
    Advice{"config.invalid", ExitCode::bad_config, "a setting has an impossible value",
           "give a value within the bounds that the message names"},
    Advice{"config.not_a_member", ExitCode::bad_config,
           "the id is no member's, and yet the keys are a member's",
           "correct `id`: it is the number that these keys were registered with"},
    Advice{"config.engine_missing", ExitCode::bad_config,
           "this build has no engine of the kind that genesis names",
           "use a build that has it, or make a genesis with another: holdfast init --engine raft"},
    Advice{"key.unreadable", ExitCode::bad_config, "a key file is missing or not a key",
           "restore it from your backup, or make one: holdfast key new"},
    Advice{"key.permissions", ExitCode::bad_config, "others on this machine can read a key",
           "take the right away: chmod 600 FILE"},
    Advice{"key.well_known", ExitCode::bad_config,
           "a key or account that everybody knows, on a ledger that is not for development",
           "make a new key: holdfast key new; or begin a development ledger: holdfast init --dev"},
    Advice{
        "key.wrong_member", ExitCode::bad_config,
        "a key is not the one that the ledger has for this member",
        "correct `id`, or use the registered key; a lost one takes a new id: holdfast init --join"},
    Advice{"key.shared", ExitCode::bad_config, "the voting and the transport key are the same",
           "make a second one: holdfast key new"},
    Advice{"genesis.unreadable", ExitCode::bad_config, "the genesis file cannot be read",
           "copy genesis.json from another node of the same ledger"},
    Advice{"genesis.malformed", ExitCode::bad_config, "the genesis file has a wrong form",
           "copy genesis.json from another node of the same ledger"},
    Advice{"genesis.unknown_field", ExitCode::bad_config, "the genesis file has an unknown field",
           "correct or remove the field before the ledger begins; never afterwards"},
    Advice{"genesis.invalid", ExitCode::bad_config, "the genesis file breaks a rule",
           "correct it before the ledger begins; never afterwards"},
    Advice{"storage.cannot_open", ExitCode::bad_data, "the data folder cannot be opened",
           "correct `data`; if the disk was lost: holdfast init --rejoin --config FILE"},
    Advice{"storage.in_use", ExitCode::bad_data, "another process works in this data folder",
           "stop that process first; never delete the LOCK file while it runs"},
    Advice{"storage.cannot_read", ExitCode::bad_data, "a file cannot be read",
           "look at its owner and mode, then at the disk: dmesg"},
    Advice{"storage.cannot_write", ExitCode::bad_data, "a file cannot be written",
           "make room on the disk and look at the folder's owner"},
    Advice{"storage.damaged", ExitCode::bad_data, "the store has lost what it had promised to keep",
           "look at the disk, then fetch the state anew: holdfast init --rejoin --discard"},
    Advice{"journal.missing", ExitCode::bad_data,
           "the journal is gone, so this node cannot know what it promised",
           "if the disk was lost or replaced: holdfast init --rejoin --data DIR"},
    Advice{"journal.wrong_node", ExitCode::bad_data, "the journal belongs to another node",
           "correct `id` or `data`: every node has a data folder of its own"},
    Advice{"journal.wrong_genesis", ExitCode::bad_data, "the journal belongs to another ledger",
           "correct `genesis` or `data`"},
    Advice{"journal.exists", ExitCode::bad_data, "there is a journal already",
           "nothing was changed; only a lost journal is made anew"},
    Advice{"ledger.missing", ExitCode::bad_data, "the store holds no ledger",
           "begin one: holdfast init; or fetch it from the others: holdfast init --rejoin"},
    Advice{"ledger.wrong_genesis", ExitCode::bad_data, "the store holds another ledger",
           "correct `genesis` or `data`"},
    Advice{"init.exists", ExitCode::bad_data, "there is something at the place already",
           "nothing was changed; give another place with --out"},
    Advice{"init.other_ledger", ExitCode::bad_config, "the node asked keeps another ledger",
           "nothing was changed; give genesis.json of that node's ledger, or another node: --rpc"},
    Advice{"net.cannot_listen", ExitCode::cannot_listen,
           "the address for peers is taken or not this machine's",
           "stop what uses it (ss -ltnp shows who), or correct listen.peers"},
    Advice{"api.cannot_listen", ExitCode::cannot_listen,
           "an address of the API is taken or not this machine's",
           "stop what uses it (ss -ltnp shows who), or correct listen.api or listen.operator"},
    Advice{"node.duplicate", ExitCode::stopped,
           "a second node runs with this node's key, and both would vote",
           "stop one of the two for good, then start the other"},
    Advice{
        "node.diverged", ExitCode::stopped,
        "this node computed another block than the members certified",
        "compare versions and disks, then fetch the state anew: holdfast init --rejoin --discard"},
    Advice{"rpc.unreachable", ExitCode::failed, "no node answers there",
           "start the node, or name another with --rpc"},
};

}  // namespace

ExitCode exit_of(sim::Verdict verdict) {
    switch (verdict) {
        case sim::Verdict::held:
            return ExitCode::ok;
        case sim::Verdict::crash:
            return ExitCode::node_crashed;
        case sim::Verdict::safety:
            return ExitCode::rule_broken;
        case sim::Verdict::liveness:
            return ExitCode::no_progress;
    }
    return ExitCode::failed;
}

const Advice* advice_on(Errc code) {
    const auto* found = std::ranges::find(advices, code.name, &Advice::name);
    return found == advices.end() ? nullptr : found;
}

std::span<const Advice> all_advice() {
    return advices;
}

std::string explain(const Error& error) {
    const Advice* advice = advice_on(error.code);
    if (advice == nullptr) return describe(error);
    return fmt::format("{}{}{} ({}). Repair: {}", advice->meaning, error.detail.empty() ? "" : ": ",
                       error.detail, error.code.name, advice->repair);
}

ExitCode report(const Error& error) {
    fmt::print(stderr, "holdfast: {}\n", explain(error));
    const Advice* advice = advice_on(error.code);
    return advice == nullptr ? ExitCode::failed : advice->exit;
}

}  // namespace holdfast::app
