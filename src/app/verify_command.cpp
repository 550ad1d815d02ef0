// holdfast verify: an auditor's look at a stopped node.
#include <memory>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/commands.h"
#include "app/init.h"
#include "app/verify.h"
#include "storage/files.h"
#include "storage/rocks_store.h"

namespace holdfast::app {

std::string_view to_string(journal::Finding finding) {
    switch (finding) {
        case journal::Finding::missing:
            return "missing";
        case journal::Finding::wrong_node:
            return "another node's";
        case journal::Finding::wrong_genesis:
            return "another ledger's";
        case journal::Finding::unsupported:
            return "of another format";
        case journal::Finding::intact:
            return "intact";
        case journal::Finding::damaged:
            return "damaged";
    }
    return "unknown";
}

Result<Verified> verify_data(const Config& config, const std::function<void(Height)>& progress) {
    const auto genesis = read_genesis(config.path(config.genesis));
    if (!genesis) return std::unexpected(genesis.error());
    const auto data = config.path(config.data);
    const auto lock = storage::FolderLock::take(data);
    if (!lock) return std::unexpected(lock.error());
    const auto store = storage::open_rocks_store(store_folder(data), {.read_only = true});
    if (!store) return std::unexpected(store.error());
    Verified result;
    result.ledger = ledger::verify(ledger::Reader((*store)->snapshot()), *genesis, progress);

    std::error_code error;
    if (!std::filesystem::is_directory(journal_folder(data), error)) return result;
    const auto device = storage::open_journal_folder(journal_folder(data));
    if (!device) return std::unexpected(device.error());
    const journal::Scan scan = journal::scan(
        **device, {.genesis = chain::genesis_hash(*genesis), .node = NodeId(config.id)});
    result.journal = scan.finding;
    result.journal_note = scan.note;
    result.journal_records = scan.records.size();
    return result;
}

namespace {

void print_report(const Verified& found) {
    const ledger::VerifyReport& ledger = found.ledger;
    fmt::print(
        "head          {} {}\nblocks        {}\ntransactions  {}\ncertificates  {}\n"
        "accounts      {}, {} wei together\njournal       {}, {} records\n",
        ledger.head, to_hex0x(ledger.head_hash.view()), ledger.blocks, ledger.transactions,
        ledger.certificates, ledger.accounts, ledger.total_balance.to_decimal(),
        to_string(found.journal), found.journal_records);
    if (!found.journal_note.empty()) fmt::print("              {}\n", found.journal_note);
    for (const std::string& problem : ledger.problems) fmt::print("PROBLEM       {}\n", problem);
    fmt::print("{}\n",
               found.is_sound()
                   ? "sound"
                   : "NOT SOUND. Repair: holdfast init --rejoin --discard, and let the other "
                     "members send what is lost");
}

void print_json(const Verified& found) {
    namespace json = boost::json;
    json::array problems;
    for (const std::string& problem : found.ledger.problems) problems.emplace_back(problem);
    fmt::print("{}\n", json::serialize(
                           json::object{{"sound", found.is_sound()},
                                        {"head", found.ledger.head.value},
                                        {"head_hash", to_hex0x(found.ledger.head_hash.view())},
                                        {"blocks", found.ledger.blocks},
                                        {"transactions", found.ledger.transactions},
                                        {"certificates", found.ledger.certificates},
                                        {"accounts", found.ledger.accounts},
                                        {"total_balance", found.ledger.total_balance.to_decimal()},
                                        {"journal", to_string(found.journal)},
                                        {"journal_note", found.journal_note},
                                        {"problems", std::move(problems)}}));
}

}  // namespace

void add_verify_command(CLI::App& app, Run& chosen) {
    struct Options {
        std::string config;
        bool json = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("verify", "re-check everything that a stopped node has on disk");
    command->add_option("--config", options->config, "config.toml of the node")->required();
    command->add_flag("--json", options->json, "the report for machines");
    command->callback([options, &chosen] {
        chosen = [options] {
            const auto config = read_config(options->config);
            if (!config) return report(config.error());
            const auto found = verify_data(*config, [](Height) {});
            if (!found) return report(found.error());
            if (options->json)
                print_json(*found);
            else
                print_report(*found);
            return found->is_sound() ? ExitCode::ok : ExitCode::failed;
        };
    });
}

}  // namespace holdfast::app
