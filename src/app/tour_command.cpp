// holdfast tour: as few nodes as survive one, a load, a kill -9 of the leader, its return, and an
// audit of what each of them has on disk afterwards.
#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fmt/format.h>

#include "app/commands.h"
#include "app/development.h"
#include "app/init.h"
#include "app/load.h"
#include "app/local_cluster.h"
#include "app/verify.h"
#include "storage/rocks_store.h"

namespace holdfast::app {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace errc {
inline constexpr Errc tour_failed{"tour.failed"};
}  // namespace errc

constexpr uint16_t ports_needed = 4 * 10;  // the engine that needs most starts four nodes
constexpr uint64_t ready_patience_ms = 30'000;
constexpr uint64_t catch_up_patience_ms = 60'000;
constexpr size_t window = 2;  // in flight an account: a load to watch, not one to measure

bool is_free(uint16_t port) {
    boost::asio::io_context io;
    boost::asio::ip::tcp::acceptor acceptor(io);
    boost::system::error_code error;
    const boost::asio::ip::tcp::endpoint endpoint(boost::asio::ip::address_v4::loopback(), port);
    return !acceptor.open(endpoint.protocol(), error) && !acceptor.bind(endpoint, error);
}

/// Below the range that the kernel lends to outgoing connections, so that a killed node finds its
/// own port free when it comes back, and above what the functional tests use.
uint16_t free_port_base() {
    constexpr uint16_t first = 30'000, last = 32'700;
    for (int attempt = 0; attempt < 200; ++attempt) {
        std::array<uint8_t, 2> bytes{};
        crypto::random_bytes(bytes);
        const auto base =
            static_cast<uint16_t>(first + (bytes[0] * 256 + bytes[1]) % (last - first));
        bool all = true;
        for (uint16_t port = base; all && port < base + ports_needed; ++port) all = is_free(port);
        if (all) return base;
    }
    return first;
}

/// A folder that is gone when the tour ends, however it ends.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string pattern = (fs::temp_directory_path() / "holdfast-tour-XXXXXX").string();
        if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
    }
    ~TemporaryFolder() {
        std::error_code error;
        if (!path_.empty()) fs::remove_all(path_, error);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

class Tour {
  public:
    explicit Tour(InitOptions ledger) : ledger_(std::move(ledger)) {}

    Status run() {
        say("A ledger begins, agreeing by {}.", ledger_.engine);
        if (auto ok = begin(); !ok) return ok;
        if (auto ok = under_load(); !ok) return ok;
        if (auto ok = kill_leader(); !ok) return ok;
        if (auto ok = bring_back(); !ok) return ok;
        if (auto ok = count(); !ok) return ok;
        return audit();
    }

  private:
    template <class... Args>
    void say(fmt::format_string<Args...> format, Args&&... args) {
        const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
        fmt::print("{:6.1f} s  {}\n", seconds, fmt::format(format, std::forward<Args>(args)...));
        std::fflush(stdout);
    }
    template <class... Args>
    static Status failed(fmt::format_string<Args...> format, Args&&... args) {
        return fail(errc::tour_failed, fmt::format(format, std::forward<Args>(args)...));
    }

    Status begin() {
        const fs::path home = folder_.path() / "ledger";
        ledger_.out = home;
        ledger_.dev = true;
        ledger_.port_base = free_port_base();
        if (auto ok = init_ledger(ledger_); !ok) return ok;
        cluster_.emplace(home);
        if (auto ok = cluster_->start_all(); !ok) return ok;
        if (auto ok = cluster_->wait_ready(ready_patience_ms); !ok) return ok;
        say("All {} nodes answer; node {} leads.", cluster_->nodes().size(),
            cluster_->leader().value_or(0));
        return {};
    }

    Status under_load() {
        LoadOptions options{.endpoints = cluster_->endpoints(), .keys = {}, .window = window};
        for (const DevelopmentAccount& account : development_accounts())
            options.keys.push_back(account.key);
        load_.emplace(std::move(options));
        load_->start();
        std::this_thread::sleep_for(3s);
        if (load_->acknowledged() == 0) return failed("nothing was acknowledged within 3 s");
        say("Ten accounts send transfers: {} acknowledged in 3 s.", load_->acknowledged());
        return {};
    }

    Status kill_leader() {
        const auto leader = cluster_->leader();
        if (!leader) return failed("nobody leads");
        killed_ = *leader;
        const uint64_t before = load_->acknowledged();
        load_->reset_silence();
        cluster_->kill(killed_);
        say("kill -9 node {}, the leader, in the middle of it.", killed_);
        std::this_thread::sleep_for(5s);
        const uint64_t after = load_->acknowledged() - before;
        if (after == 0) return failed("the others did not go on within 5 s");
        say("The ledger goes on: {} more acknowledged in 5 s; longest silence {} ms.", after,
            load_->silence_max_ms());
        return {};
    }

    Status bring_back() {
        const auto start = Clock::now();
        if (auto ok = cluster_->start(killed_); !ok) return ok;
        say("Node {} is started again, with the load still on.", killed_);
        // Ten clients that never pause take every core there is: a node that comes back learns from
        // the first moment, but overtakes the others only when they leave it some time.
        std::this_thread::sleep_for(3s);
        report_ = load_->finish();
        load_.reset();
        say("The load ends: {} sent, {} acknowledged, {} unaccounted for.", report_.sent,
            report_.acknowledged, report_.unacknowledged);
        while (Clock::now() - start < std::chrono::milliseconds(catch_up_patience_ms)) {
            const auto mine = cluster_->head(killed_);
            uint64_t highest = 0;
            for (const ClusterNode& node : cluster_->nodes())
                highest = std::max(highest, cluster_->head(node.id).value_or(0));
            // Blocks go on meanwhile: within two of the highest is abreast.
            if (mine && *mine + 2 >= highest && highest > 0) {
                const auto took =
                    std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
                say("It has caught up to block {} in {} ms.", *mine, took.count());
                return {};
            }
            std::this_thread::sleep_for(20ms);
        }
        return failed("node {} did not catch up: {}", killed_, cluster_->last_words(killed_));
    }

    /// Every acknowledged transfer must be found at every node, the killed one too.
    Status count() {
        const LoadReport& report = report_;
        if (report.unacknowledged != 0)
            return failed("{} transfers were never acknowledged ({})", report.unacknowledged,
                          report.last_error);
        for (const ClusterNode& node : cluster_->nodes()) {
            const auto missing = missing_at(node, report.hashes);
            if (!missing) return std::unexpected(missing.error());
            if (*missing != 0)
                return failed("node {} lost {} acknowledged transfers", node.id, *missing);
        }
        say("Each node has a receipt for every one of them.");
        return {};
    }

    static Result<size_t> missing_at(const ClusterNode& node, const std::vector<Hash32>& hashes) {
        constexpr size_t batch = 500;
        RpcClient client(node.api);
        size_t missing = 0;
        for (size_t from = 0; from < hashes.size(); from += batch) {
            std::vector<boost::json::array> params;
            for (size_t i = from; i < std::min(from + batch, hashes.size()); ++i)
                params.push_back({to_hex0x(hashes[i].view())});
            auto answers = client.batch("eth_getTransactionReceipt", params);
            if (!answers) return std::unexpected(answers.error());
            for (const auto& answer : *answers)
                if (!answer || !answer->is_object()) ++missing;
        }
        return missing;
    }

    Status audit() {
        if (!cluster_->stop_all()) return failed("a node did not stop cleanly");
        say("All nodes are stopped; what each has on disk is re-computed from genesis.");
        std::vector<Verified> found;
        for (const ClusterNode& node : cluster_->nodes()) {
            const auto config = read_config(node.config_file);
            if (!config) return std::unexpected(config.error());
            auto verified = verify_data(*config, [](Height) {});
            if (!verified) return std::unexpected(verified.error());
            if (!verified->is_sound())
                return failed("node {}: {}", node.id,
                              verified->ledger.problems.empty() ? verified->journal_note
                                                                : verified->ledger.problems[0]);
            say("Node {}: {} blocks, {} transactions, {} certificates, {} wei: sound.", node.id,
                verified->ledger.blocks, verified->ledger.transactions,
                verified->ledger.certificates, verified->ledger.total_balance.to_decimal());
            found.push_back(std::move(*verified));
        }
        return compare(found);
    }

    /// A node may have stopped a block earlier than another: at the lowest head all must agree.
    Status compare(const std::vector<Verified>& found) {
        Height lowest = found[0].ledger.head;
        for (const Verified& one : found) lowest = std::min(lowest, one.ledger.head);
        std::optional<Hash32> hash;
        for (const ClusterNode& node : cluster_->nodes()) {
            const auto config = read_config(node.config_file);
            if (!config) return std::unexpected(config.error());
            const auto store = storage::open_rocks_store(store_folder(config->path(config->data)),
                                                         {.read_only = true});
            if (!store) return std::unexpected(store.error());
            const auto here = ledger::Reader((*store)->snapshot()).block_hash(lowest);
            if (!here || (hash && *hash != *here))
                return failed("node {} has another block {}", node.id, lowest);
            hash = here;
        }
        say("Block {} is {} on all of them: nothing lost, nothing different.", lowest,
            to_hex0x(hash->view()));
        return {};
    }

    InitOptions ledger_;
    Clock::time_point started_ = Clock::now();
    TemporaryFolder folder_;
    std::optional<LocalCluster> cluster_;
    std::optional<Load> load_;
    LoadReport report_;
    uint64_t killed_ = 0;
};

}  // namespace

void add_tour_command(CLI::App& app, Run& chosen) {
    auto ledger = std::make_shared<InitOptions>();
    CLI::App* command = app.add_subcommand("tour", "watch a ledger survive the loss of its leader");
    add_ledger_options(*command, *ledger);
    command->callback([ledger, &chosen] {
        chosen = [ledger] {
            Tour tour(*ledger);
            if (auto ok = tour.run(); !ok) return report(ok.error());
            return ExitCode::ok;
        };
    });
}

}  // namespace holdfast::app
