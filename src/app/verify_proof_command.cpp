// holdfast verify-proof: what a proof file proves, from the hash of the genesis alone.
#include <chrono>
#include <ctime>
#include <memory>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "app/commands.h"
#include "base/overload.h"
#include "chain/proof.h"
#include "crypto/hash.h"
#include "storage/files.h"

namespace holdfast::app {
namespace {

namespace json = boost::json;

/// What is proven, in the order in which it is told.
using Lines = std::vector<std::pair<std::string, std::string>>;

std::string time_of(WallMillis time_ms) {
    const std::time_t seconds(static_cast<std::time_t>(time_ms / 1000));
    std::tm utc{};
    if (gmtime_r(&seconds, &utc) == nullptr) return std::to_string(time_ms) + " ms";
    return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", utc);
}

std::string hex_of(ByteView bytes) {
    return to_hex0x(bytes);
}

Lines lines_of(const chain::ProvenAccount& proven) {
    Lines lines{{"account", hex_of(proven.address.view())}};
    if (!proven.account) {
        lines.emplace_back("exists", "no: balance 0, nonce 0");
        return lines;
    }
    const bool has_code = proven.account->code_hash != crypto::keccak256({});
    lines.emplace_back("balance", proven.account->balance.to_decimal() + " wei");
    lines.emplace_back("nonce", std::to_string(proven.account->nonce));
    lines.emplace_back("code",
                       has_code ? "hash " + hex_of(proven.account->code_hash.view()) : "none");
    lines.emplace_back("storage", proven.account->storage_root == chain::empty_trie_root()
                                      ? "none"
                                      : "root " + hex_of(proven.account->storage_root.view()));
    return lines;
}

Lines lines_of(const chain::ProvenSlot& proven) {
    return {{"account", hex_of(proven.address.view())},
            {"slot", hex_of(proven.slot.view())},
            {"value", hex_of(proven.value.to_big_endian())},
            {"in decimal", proven.value.to_decimal()}};
}

Lines lines_of(const chain::ProvenReceipt& proven) {
    const chain::Transaction& transaction = proven.transaction.transaction;
    Lines lines{{"transaction", hex_of(proven.transaction.hash.view())},
                {"status", proven.receipt.success ? "succeeded" : "failed"},
                {"index", std::to_string(proven.index)},
                {"from", hex_of(proven.transaction.sender.view())},
                {"to", transaction.to ? hex_of(transaction.to->view()) : "none: a creation"},
                {"value", transaction.value.to_decimal() + " wei"},
                {"nonce", std::to_string(transaction.nonce)},
                {"gas so far", std::to_string(proven.receipt.cumulative_gas_used)},
                {"logs", std::to_string(proven.receipt.logs.size())}};
    for (const chain::Log& log : proven.receipt.logs) {
        std::string text = "by " + hex_of(log.address.view());
        for (const Hash32& topic : log.topics)
            text += "\n            topic " + hex_of(topic.view());
        text += "\n            data  " + hex_of(log.data);
        lines.emplace_back("log", std::move(text));
    }
    return lines;
}

Lines lines_of(const chain::Proven& proven, const Hash32& genesis) {
    const std::string_view what =
        std::visit(Overload{[](const chain::ProvenAccount&) { return "an account"; },
                            [](const chain::ProvenSlot&) { return "a slot of storage"; },
                            [](const chain::ProvenReceipt&) { return "a receipt"; }},
                   proven.value);
    Lines lines{{"proven", fmt::format("{}, as of block {}", what, proven.height)}};
    auto value = std::visit([](const auto& one) { return lines_of(one); }, proven.value);
    std::ranges::move(value, std::back_inserter(lines));
    const bool majority = proven.rule == chain::QuorumRule::majority;
    lines.emplace_back("block",
                       fmt::format("{} {}", proven.height, hex_of(proven.block_hash.view())));
    lines.emplace_back("time", time_of(proven.time_ms));
    lines.emplace_back(
        "signed by", fmt::format("{} of {} members, weight {} of {}: more than {}", proven.signers,
                                 proven.members.members.size(), proven.signed_weight,
                                 proven.members.total_weight(), majority ? "half" : "two thirds"));
    lines.emplace_back("members", proven.changes == 0
                                      ? "those of genesis"
                                      : fmt::format("changed {} times since genesis, set {}",
                                                    proven.changes, proven.members.epoch));
    lines.emplace_back(
        "engine", majority
                      ? fmt::format("{}: holds if no member lied", chain::to_string(proven.engine))
                      : fmt::format("{}: holds if less than a third of the weight lied",
                                    chain::to_string(proven.engine)));
    lines.emplace_back("genesis", hex_of(genesis.view()));
    return lines;
}

/// What is wrong may quote the file, which is anybody's.
std::string one_line(const Error& error) {
    constexpr size_t length_max = 400;
    std::string text = describe(error);
    for (char& c : text)
        if (c < ' ' || c > '~') c = '?';
    if (text.size() > length_max) text.replace(length_max, std::string::npos, "...");
    return text;
}

struct VerifyProofArguments {
    std::string file, genesis;
    bool json = false;
};

void print_json(const chain::Proven& proven, const Lines& lines, double milliseconds) {
    json::object object{{"ok", true}, {"height", proven.height.value}};
    json::array logs;
    for (const auto& [name, value] : lines)
        if (name == "log")
            logs.emplace_back(value);
        else
            object[name] = value;
    if (std::holds_alternative<chain::ProvenReceipt>(proven.value)) object["log"] = std::move(logs);
    object["milliseconds"] = milliseconds;
    fmt::print("{}\n", json::serialize(object));
}

ExitCode verify_file(const VerifyProofArguments& options) {
    const auto genesis = fixed_from_hex<Hash32>(options.genesis);
    if (!genesis) {
        fmt::print(stderr, "holdfast: --genesis {} is not 32 bytes in hex\n", options.genesis);
        return ExitCode::usage;
    }
    const auto bytes = storage::read_file(options.file, chain::proof_bytes_max);
    if (!bytes) return report(bytes.error());
    const auto start = std::chrono::steady_clock::now();
    const auto proof = chain::parse_proof(text_of(*bytes), chain::Form::strict);
    const auto proven = proof ? chain::check_proof(*proof, *genesis)
                              : Result<chain::Proven>(std::unexpected(proof.error()));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    if (!proven) {
        fmt::print(stderr, "NOT PROVEN: {}\n", one_line(proven.error()));
        return ExitCode::failed;
    }
    const Lines lines = lines_of(*proven, *genesis);
    if (options.json) {
        print_json(*proven, lines, took.count());
        return ExitCode::ok;
    }
    for (const auto& [name, value] : lines) fmt::print("{:<11} {}\n", name, value);
    fmt::print("{:<11} in {:.1f} ms\n", "checked", took.count());
    return ExitCode::ok;
}

}  // namespace

void add_verify_proof_command(CLI::App& app, Run& chosen) {
    auto options = std::make_shared<VerifyProofArguments>();
    CLI::App* command = app.add_subcommand(
        "verify-proof", "check what `holdfast proof` wrote, with no node and no network");
    command->add_option("file", options->file, "the proof")->required();
    command
        ->add_option("--genesis", options->genesis,
                     "hash of the ledger's genesis: all that is trusted")
        ->required();
    command->add_flag("--json", options->json, "for machines");
    command->callback([options, &chosen] { chosen = [options] { return verify_file(*options); }; });
}

}  // namespace holdfast::app
