// holdfast proof: one file that proves an account, a slot or a receipt to whoever has the hash of
// the genesis. Gathered from nodes that need not be trusted: the file is checked before it is
// written.
#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/commands.h"
#include "app/init.h"
#include "app/rpc_client.h"
#include "app/verify.h"
#include "ledger/prove.h"
#include "storage/files.h"
#include "storage/rocks_store.h"

namespace holdfast::app {
namespace {

namespace json = boost::json;
constexpr auto certificate_poll_interval = std::chrono::milliseconds(50);

struct ProofArguments {
    std::vector<std::string> rpc;
    std::string config, address, slot, transaction, out = "proof.json";
    std::optional<uint64_t> block;
    uint64_t wait_ms = 10'000;
};

/// What is asked for, read from the command line.
struct Question {
    Address address;
    Hash32 slot;
    Hash32 transaction;
    std::optional<Height> height;
    enum class Kind : uint8_t { account, slot, receipt } kind = Kind::account;
};

std::string hex_number(uint64_t number) {
    return U256(number).to_hex_quantity();
}

/// Null, with a word on standard error, if something is not what it should be.
std::optional<Question> question_from(const ProofArguments& options, Question::Kind kind) {
    Question question{.kind = kind};
    const auto refuse = [](std::string_view what, const std::string& text) {
        fmt::print(stderr, "holdfast: {} is no {}\n", text, what);
        return std::nullopt;
    };
    if (options.block) question.height = Height(*options.block);
    if (kind == Question::Kind::receipt) {
        const auto hash = fixed_from_hex<Hash32>(options.transaction);
        if (!hash) return refuse("hash of a transaction", options.transaction);
        question.transaction = *hash;
        return question;
    }
    const auto address = fixed_from_hex<Address>(options.address);
    if (!address) return refuse("address", options.address);
    question.address = *address;
    if (kind == Question::Kind::slot) {
        const auto slot = U256::parse(options.slot);
        if (!slot) return refuse("slot (a number, or 0x and hex)", options.slot);
        question.slot = Hash32::from(slot->to_big_endian()).value_or(Hash32{});
    }
    return question;
}

Result<json::value> ask_evidence(RpcClient& client, const Question& question) {
    const json::value block =
        question.height ? json::value(hex_number(question.height->value)) : json::value();
    switch (question.kind) {
        case Question::Kind::account:
            return client.call("holdfast_accountProof", {to_hex0x(question.address.view()), block});
        case Question::Kind::slot:
            return client.call("holdfast_slotProof", {to_hex0x(question.address.view()),
                                                      to_hex0x(question.slot.view()), block});
        case Question::Kind::receipt:
            return client.call("holdfast_receiptProof", {to_hex0x(question.transaction.view())});
    }
    return fail(errc::rpc_malformed);
}

/// The block is executed before it is certified, and the question may come in between.
Result<json::value> wait_evidence(RpcClient& client, const Question& question, uint64_t wait_ms) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
    while (true) {
        auto answer = ask_evidence(client, question);
        if (answer || answer.error().code != errc::rpc_refused ||
            answer.error().detail.find(ledger::errc::not_certified.name) == std::string::npos ||
            std::chrono::steady_clock::now() >= deadline)
            return answer;
        std::this_thread::sleep_for(certificate_poll_interval);
    }
}

/// Every change of members up to `upto`, the oldest first. Pages of any node fit those of another.
Result<json::array> ask_history(std::vector<std::unique_ptr<RpcClient>>& clients, Height upto) {
    json::array newest_first;
    size_t asked = 0;
    while (true) {
        const auto page = clients[asked]->call("holdfast_memberHistory", {hex_number(upto.value)});
        if (!page) {
            if (++asked < clients.size()) continue;
            return std::unexpected(page.error());
        }
        const json::array* list = page->if_array();
        if (list == nullptr) return fail(errc::rpc_malformed, "the history is no list");
        if (list->empty()) break;
        newest_first.insert(newest_first.end(), list->begin(), list->end());
        const json::object* last = list->back().if_object();
        const json::value* header = last == nullptr ? nullptr : last->if_contains("header");
        const auto bytes = header == nullptr || !header->is_string()
                               ? std::nullopt
                               : from_hex(std::string_view(header->as_string()));
        const auto decoded = chain::decode_header(bytes.value_or(Bytes{}));
        if (!decoded || decoded->number > upto || decoded->number == Height(0))
            return fail(errc::rpc_malformed, "a change of members without a header that fits");
        upto = decoded->number.previous();
    }
    std::ranges::reverse(newest_first);
    return newest_first;
}

Result<chain::Proof> from_nodes(const ProofArguments& options, const Question& question) {
    std::vector<std::unique_ptr<RpcClient>> clients;
    clients.reserve(options.rpc.size() + 1);
    for (const std::string& url : options.rpc) clients.push_back(std::make_unique<RpcClient>(url));
    if (clients.empty()) clients.push_back(std::make_unique<RpcClient>("127.0.0.1:8545"));
    const auto genesis = clients[0]->call("holdfast_genesis");
    if (!genesis) return std::unexpected(genesis.error());
    const auto evidence = wait_evidence(*clients[0], question, options.wait_ms);
    if (!evidence) return std::unexpected(evidence.error());
    const json::object* found = evidence->if_object();
    const json::object* answer = genesis->if_object();
    if (found == nullptr || answer == nullptr || !found->contains("block") ||
        !found->contains("claim") || !answer->contains("genesis"))
        return fail(errc::rpc_malformed, "the answer lacks a part of the proof");
    json::object file{{"format", "holdfast/proof/v1"},
                      {"genesis", answer->at("genesis")},
                      {"history", json::array()},
                      {"block", found->at("block")},
                      {"claim", found->at("claim")}};
    auto proof = chain::parse_proof(json::serialize(file), chain::Form::any);
    const Height height = proof ? proof->block.header.number : Height(0);
    if (!proof || height == Height(0)) return proof;
    const auto history = ask_history(clients, height.previous());
    if (!history) return std::unexpected(history.error());
    file["history"] = *history;
    return chain::parse_proof(json::serialize(file), chain::Form::any);
}

Result<chain::Proof> from_data(const ProofArguments& options, const Question& question) {
    const auto config = read_config(options.config);
    if (!config) return std::unexpected(config.error());
    auto genesis = read_genesis(config->path(config->genesis));
    if (!genesis) return std::unexpected(genesis.error());
    const auto data = config->path(config->data);
    const auto lock = storage::FolderLock::take(data);
    if (!lock) return std::unexpected(lock.error());
    const auto store = storage::open_rocks_store(store_folder(data), {.read_only = true});
    if (!store) return std::unexpected(store.error());
    const ledger::Reader reader((*store)->snapshot());
    const auto evidence = [&] {
        switch (question.kind) {
            case Question::Kind::account:
                return ledger::prove_account(reader, question.address, question.height);
            case Question::Kind::slot:
                return ledger::prove_slot(reader, question.address, question.slot, question.height);
            case Question::Kind::receipt:
                break;
        }
        return ledger::prove_receipt(reader, question.transaction);
    }();
    if (!evidence) return std::unexpected(evidence.error());
    chain::Proof proof{.genesis = std::move(*genesis),
                       .history = {},
                       .block = evidence->block,
                       .claim = evidence->claim};
    Height upto = proof.block.header.number.previous();
    while (true) {
        auto page = ledger::member_changes(reader, upto);
        if (!page) return std::unexpected(page.error());
        if (page->empty()) break;
        upto = page->back().block.header.number.previous();
        std::ranges::move(*page, std::back_inserter(proof.history));
    }
    std::ranges::reverse(proof.history);
    return proof;
}

/// A node may answer another question than the one it was asked.
bool is_about(const chain::Proof& proof, const Question& question) {
    if (question.height && proof.block.header.number != *question.height) return false;
    switch (question.kind) {
        case Question::Kind::account: {
            const auto* claim = std::get_if<chain::AccountClaim>(&proof.claim);
            return claim != nullptr && claim->address == question.address;
        }
        case Question::Kind::slot: {
            const auto* claim = std::get_if<chain::SlotClaim>(&proof.claim);
            return claim != nullptr && claim->address == question.address &&
                   claim->slot == question.slot;
        }
        case Question::Kind::receipt: {
            const auto* claim = std::get_if<chain::ReceiptClaim>(&proof.claim);
            return claim != nullptr && claim->transaction == question.transaction;
        }
    }
    return false;
}

ExitCode write_proof(const ProofArguments& options, Question::Kind kind) {
    const auto question = question_from(options, kind);
    if (!question) return ExitCode::usage;
    const auto proof =
        options.config.empty() ? from_nodes(options, *question) : from_data(options, *question);
    if (!proof) return report(proof.error());
    if (!is_about(*proof, *question))
        return report({.code = errc::rpc_malformed, .detail = "a proof of something else"});
    // Nobody was trusted so far, so what is written is what the next reader would find good.
    const Hash32 genesis = chain::genesis_hash(proof->genesis);
    const auto proven = chain::check_proof(*proof, genesis);
    if (!proven) return report(proven.error());
    const std::string text = chain::proof_to_json(*proof);
    if (auto good = chain::parse_proof(text, chain::Form::strict); !good)
        return report(good.error());
    if (auto ok = storage::write_file(options.out, view_of(text), 0644); !ok)
        return report(ok.error());
    fmt::print("{}: {} bytes, block {}, {} changes of members\n", options.out, text.size(),
               proven->height, proven->changes);
    fmt::print("check it anywhere: holdfast verify-proof {} --genesis {}\n", options.out,
               to_hex0x(genesis.view()));
    return ExitCode::ok;
}

}  // namespace

void add_proof_command(CLI::App& app, Run& chosen) {
    auto options = std::make_shared<ProofArguments>();
    CLI::App* command =
        app.add_subcommand("proof", "write a file that proves a part of the ledger, offline");
    command->require_subcommand(1);
    CLI::App* account = command->add_subcommand("account", "its balance, nonce and code");
    CLI::App* slot = command->add_subcommand("slot", "one slot of a contract's storage");
    CLI::App* receipt = command->add_subcommand("receipt", "what became of a transaction");
    for (CLI::App* verb : {account, slot}) {
        verb->add_option("address", options->address, "of the account")->required();
        verb->add_option("--block", options->block,
                         "in the state after it; otherwise the newest certified one");
    }
    slot->add_option("slot", options->slot, "its number, or 0x and hex")->required();
    receipt->add_option("hash", options->transaction, "of the transaction")->required();
    for (CLI::App* verb : {account, slot, receipt}) {
        verb->add_option("--rpc", options->rpc,
                         "host:port of a node's API; further ones are asked for the history of "
                         "the members, if need be");
        verb->add_option("--config", options->config,
                         "config.toml of a stopped node, whose data is read instead");
        verb->add_option("--out", options->out, "the file to write")->capture_default_str();
        verb->add_option("--wait-ms", options->wait_ms, "for the block's certificate")
            ->capture_default_str();
    }
    const auto run = [options, &chosen](Question::Kind kind) {
        return [options, kind, &chosen] {
            chosen = [options, kind] { return write_proof(*options, kind); };
        };
    };
    account->callback(run(Question::Kind::account));
    slot->callback(run(Question::Kind::slot));
    receipt->callback(run(Question::Kind::receipt));
}

}  // namespace holdfast::app
