// holdfast_load: signed transfers in a closed loop against running nodes, loopback or wherever they
// are; prints one line of JSON. `holdfast_load accounts` prints what a genesis must fund.
#include <algorithm>
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "client.h"
#include "transfers.h"

namespace holdfast::bench {
namespace {

double quantile(const std::vector<double>& sorted, double share) {
    if (sorted.empty()) return 0;
    const auto index = static_cast<size_t>(share * static_cast<double>(sorted.size()));
    return sorted[std::min(index, sorted.size() - 1)];
}

/// The longest time without an acknowledgement: what a failover costs the clients.
double longest_silence_ms(const std::vector<double>& sorted_s, double measured_s) {
    double longest = 0, previous = 0;
    for (const double at : sorted_s) {
        longest = std::max(longest, at - previous);
        previous = at;
    }
    return std::max(longest, measured_s - previous) * 1000;
}

void print(const LoadOptions& options, LoadResult result, double signing_s) {
    std::ranges::sort(result.latencies_us);
    std::ranges::sort(result.acknowledged_at_s);
    const auto count = result.acknowledged_at_s.size();
    const auto& latency = result.latencies_us;
    const double seconds = std::max(result.measured_s, 0.001);
    std::string refusal = result.last_refusal;
    std::erase_if(refusal, [](char c) { return c == '"' || c == '\\' || c < ' '; });
    fmt::print(
        R"({{"clients":{},"acknowledged":{},"seconds":{:.3f},"per_second":{:.1f},"p50_us":{:.0f},)"
        R"("p90_us":{:.0f},"p99_us":{:.0f},"p999_us":{:.0f},"max_us":{:.0f},)"
        R"("longest_silence_ms":{:.1f},"sent_again":{},"broken_connections":{},"ran_out":{},)"
        R"("killed_at_s":{:.3f},"signing_s":{:.2f},"last_refusal":"{}"}})"
        "\n",
        options.clients, count, seconds, static_cast<double>(count) / seconds,
        quantile(latency, 0.5), quantile(latency, 0.9), quantile(latency, 0.99),
        quantile(latency, 0.999), quantile(latency, 1),
        longest_silence_ms(result.acknowledged_at_s, seconds), result.sent_again,
        result.broken_connections, result.ran_out, result.killed_at_s, signing_s, refusal);
}

Endpoint parse_endpoint(const std::string& text) {
    const size_t colon = text.rfind(':');
    if (colon == std::string::npos) throw std::runtime_error("not host:port: " + text);
    return {text.substr(0, colon), text.substr(colon + 1)};
}

void run_load(LoadOptions options, uint64_t chain_id, size_t transfers_max) {
    const std::vector<Sender> senders = make_senders(options.clients);
    Load load(options, senders);
    const std::vector<uint64_t> nonces = load.next_nonces(20);
    const auto from = Clock::now();
    TransferPlan plan;
    plan.chain_id = chain_id;
    plan.each = std::max<size_t>(transfers_max / options.clients, 1);
    std::vector<SignedTransfers> transfers = sign_transfers(senders, nonces, plan);
    const double signing_s = std::chrono::duration<double>(Clock::now() - from).count();
    print(options, load.run(std::move(transfers)), signing_s);
}

void print_accounts(size_t count) {
    for (const Sender& sender : make_senders(count))
        fmt::print("{}\n", to_hex0x(sender.address.view()));
}

int parse_and_run(int argc, char** argv) {
    CLI::App app("closed-loop load of signed transfers");
    app.require_subcommand(1);
    LoadOptions options;
    uint64_t chain_id = 0;
    size_t transfers_max = 50'000, count = 1024;
    std::vector<std::string> endpoints;
    CLI::App* run = app.add_subcommand("run", "sends transfers and waits for their receipts");
    run->add_option("--endpoint", endpoints, "host:port of JSON-RPC over WebSocket")->required();
    run->add_option("--chain-id", chain_id)->required();
    run->add_option("--clients", options.clients, "transfers in flight")
        ->check(CLI::Range(1, 4096));
    run->add_option("--connections", options.connections)->check(CLI::Range(1, 256));
    run->add_option("--warm", options.warm_s, "seconds before measuring");
    run->add_option("--seconds", options.measured_s)->check(CLI::Range(0.1, 600.0));
    run->add_option("--timeout", options.timeout_s, "of one request, seconds");
    run->add_option("--transfers-max", transfers_max, "signed before the clock starts");
    run->add_option("--kill-at", options.kill_at_s, "seconds after measuring began");
    run->add_option("--kill-pid", options.kill_pid, "process to kill -9 then");
    CLI::App* accounts = app.add_subcommand("accounts", "the senders' addresses, one a line");
    accounts->add_option("--count", count);
    CLI11_PARSE(app, argc, argv);
    if (accounts->parsed()) {
        print_accounts(count);
        return 0;
    }
    for (const std::string& text : endpoints) options.endpoints.push_back(parse_endpoint(text));
    run_load(options, chain_id, transfers_max);
    return 0;
}

}  // namespace
}  // namespace holdfast::bench

int main(int argc, char** argv) {
    try {
        return holdfast::bench::parse_and_run(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "holdfast_load: {}\n", error.what());
        return 1;
    }
}
