// holdfast member: who the members are, and an operator's approval to add or remove one.
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/commands.h"
#include "app/keys.h"
#include "app/sender.h"
#include "ledger/validators.h"

namespace holdfast::app {
namespace {

namespace json = boost::json;

struct MemberArguments {
    std::string rpc = "127.0.0.1:8545", key, voting_key, transport_key, account, endpoint;
    uint64_t id = 0, weight = 1, wait_ms = 30'000;
    bool json = false;
};

ExitCode list_members(const MemberArguments& options) {
    RpcClient client(options.rpc);
    const auto answer = client.call("holdfast_members");
    if (!answer) return report(answer.error());
    if (options.json) {
        fmt::print("{}\n", json::serialize(*answer));
        return ExitCode::ok;
    }
    const json::object* object = answer->if_object();
    const json::value* members = object == nullptr ? nullptr : object->if_contains("members");
    if (members == nullptr || !members->is_array())
        return report({.code = errc::rpc_malformed, .detail = "no members in the answer"});
    for (const json::value& member : members->as_array()) {
        std::string line;
        for (const auto& [name, value] : member.as_object())
            line += fmt::format(
                "{}{} {}", line.empty() ? "" : "  ", std::string_view(name),
                value.is_string() ? std::string(value.as_string()) : json::serialize(value));
        fmt::print("{}\n", line);
    }
    return ExitCode::ok;
}

/// The call is proposal and approval in one; it takes effect with the approval of more than half.
ExitCode approve(const MemberArguments& options, Bytes call) {
    const auto key = read_account_key(options.key);
    if (!key) return report(key.error());
    RpcClient client(options.rpc);
    const auto prepared =
        prepare(client, account_of(*key), ledger::validators_address(), U256(0), std::move(call));
    if (!prepared) return report(prepared.error());
    const auto transaction = sign(*prepared, *key);
    if (!transaction) return report(transaction.error());
    const auto receipt = send_and_wait(client, *transaction, options.wait_ms);
    if (!receipt) return report(receipt.error());
    if (receipt->at("status").as_string() != "0x1")
        return report({.code = errc::reverted, .detail = to_hex0x(transaction->hash.view())});
    fmt::print(
        "approved in transaction {}; it takes effect once more than half of the operators have "
        "approved the same\n",
        to_hex0x(transaction->hash.view()));
    return ExitCode::ok;
}

ExitCode add_member(const MemberArguments& options) {
    chain::Member member{
        .id = NodeId(options.id), .endpoint = options.endpoint, .weight = options.weight};
    const auto voting = fixed_from_hex<crypto::NodePublicKey>(options.voting_key);
    const auto transport = fixed_from_hex<crypto::NodePublicKey>(options.transport_key);
    const auto account = fixed_from_hex<Address>(options.account);
    if (!voting || !transport || !account) {
        fmt::print(stderr, "holdfast: --{} is not hexadecimal of the right length\n",
                   !voting      ? "voting-key"
                   : !transport ? "transport-key"
                                : "account");
        return ExitCode::usage;
    }
    member.voting_key = *voting;
    member.transport_key = *transport;
    member.operator_account = *account;
    return approve(options, ledger::encode_add_member(member));
}

}  // namespace

void add_member_command(CLI::App& app, Run& chosen) {
    auto options = std::make_shared<MemberArguments>();
    CLI::App* command = app.add_subcommand("member", "the ledger's members: list, add, remove");
    command->require_subcommand(1);
    CLI::App* list = command->add_subcommand("list", "who they are now");
    CLI::App* add = command->add_subcommand("add", "propose a member, or approve the proposal");
    CLI::App* remove = command->add_subcommand("remove", "propose a removal, or approve it");
    for (CLI::App* verb : {list, add, remove})
        verb->add_option("--rpc", options->rpc, "host:port of a node's API")->capture_default_str();
    list->add_flag("--json", options->json, "as the node gave it");
    for (CLI::App* verb : {add, remove}) {
        verb->add_option("--id", options->id, "the member's number")->required();
        verb->add_option("--key", options->key, "an operator's key: a file, 0x..., dev:0 to dev:9")
            ->required();
        verb->add_option("--wait-ms", options->wait_ms, "for the receipt")->capture_default_str();
    }
    add->add_option("--voting-key", options->voting_key, "public, from init --join")->required();
    add->add_option("--transport-key", options->transport_key, "public")->required();
    add->add_option("--account", options->account, "of its operator")->required();
    add->add_option("--endpoint", options->endpoint, "host:port where its peers reach it")
        ->required();
    add->add_option("--weight", options->weight, "of its vote")->capture_default_str();
    list->callback([options, &chosen] { chosen = [options] { return list_members(*options); }; });
    add->callback([options, &chosen] { chosen = [options] { return add_member(*options); }; });
    remove->callback([options, &chosen] {
        chosen = [options] {
            return approve(*options, ledger::encode_remove_member(NodeId(options->id)));
        };
    });
}

}  // namespace holdfast::app
