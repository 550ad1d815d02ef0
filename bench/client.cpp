// One thread, one event loop; no JSON library: what is needed of an answer is found by its name.
#include "client.h"

#include <algorithm>
#include <csignal>
#include <stdexcept>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

namespace holdfast::bench {
namespace {

constexpr auto tick_period = std::chrono::milliseconds(5);
constexpr auto retry_pause = std::chrono::milliseconds(10);
/// An id names its client and which of the client's questions it was.
constexpr uint64_t sequence_span = 1U << 20U;

std::optional<uint64_t> id_of(std::string_view message) {
    constexpr std::string_view name = "\"id\":";
    const size_t at = message.rfind(name);
    if (at == std::string_view::npos) return std::nullopt;
    uint64_t id = 0;
    for (size_t index = at + name.size(); index < message.size(); ++index) {
        if (message[index] < '0' || message[index] > '9') break;
        id = id * 10 + static_cast<uint64_t>(message[index] - '0');
    }
    return id;
}

bool has(std::string_view message, std::string_view text) {
    return message.find(text) != std::string_view::npos;
}

double seconds_between(Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
}

}  // namespace

struct Load::Impl {
    enum class Asked : uint8_t { nothing, nonce, transfer, receipt };
    struct Client {
        size_t connection = 0;
        size_t done = 0;  ///< transfers acknowledged
        uint64_t sequence = 0;
        Asked asked = Asked::nothing;
        Clock::time_point first_sent, asked_at;
        std::optional<Clock::time_point> retry_at;
        std::optional<uint64_t> nonce;
    };
    struct Link {
        std::unique_ptr<Connection> connection;
        size_t endpoint = 0;
        std::optional<Clock::time_point> open_at;  ///< waiting to be opened again
    };

    LoadOptions options;
    std::vector<Sender> senders;
    std::vector<SignedTransfers> transfers;
    boost::asio::io_context context{1};
    boost::asio::steady_timer timer{context};
    std::vector<Client> clients;
    std::vector<Link> links;
    LoadResult result;
    Clock::time_point measure_from, measure_until;
    bool counting_nonces = false, running = false;
    bool killed = false;

    void open_links();
    void on_opened(size_t link);
    void on_closed(size_t link, const std::string& why);
    void on_message(std::string_view message);
    void on_nonce(Client& client, std::string_view message);
    void on_answer(Client& client, size_t index, std::string_view message);
    void ask(size_t index, Asked what);
    void on_tick();
    void finish();
};

void Load::Impl::open_links() {
    clients.resize(senders.size());
    links.resize(std::min(options.connections, clients.size()));
    for (size_t index = 0; index < clients.size(); ++index)
        clients[index].connection = index % links.size();
    for (size_t index = 0; index < links.size(); ++index) {
        links[index].endpoint = index % options.endpoints.size();
        links[index].connection = std::make_unique<Connection>(
            context, Connection::Callbacks{
                         [this, index] { on_opened(index); },
                         [this](std::string_view message) { on_message(message); },
                         [this, index](const std::string& why) { on_closed(index, why); }});
        links[index].connection->open(options.endpoints[links[index].endpoint]);
    }
}

void Load::Impl::on_opened(size_t link) {
    for (size_t index = link; index < clients.size(); index += links.size()) {
        if (counting_nonces && !clients[index].nonce) ask(index, Asked::nonce);
        // What became of a transfer that was on its way is not known: ask before sending again.
        if (running) ask(index, clients[index].sequence == 0 ? Asked::transfer : Asked::receipt);
    }
}

void Load::Impl::on_closed(size_t link, const std::string& why) {
    result.broken_connections += 1;
    result.last_refusal = why;
    links[link].endpoint = (links[link].endpoint + 1) % options.endpoints.size();
    links[link].open_at = Clock::now() + retry_pause;
}

void Load::Impl::ask(size_t index, Asked what) {
    Client& client = clients[index];
    Connection& connection = *links[client.connection].connection;
    client.retry_at.reset();
    if (!connection.is_open()) return;  // asked when it opens
    const Clock::time_point now = Clock::now();
    if (what == Asked::nonce) {
        client.asked = what;
        connection.send(
            fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"eth_getTransactionCount",)"
                        R"("params":["{}","latest"]}})",
                        index * sequence_span, to_hex0x(senders[index].address.view())));
        return;
    }
    if (client.done >= transfers[index].raw.size()) {
        result.ran_out = true;
        return finish();
    }
    if (client.asked == Asked::nothing) client.first_sent = now;
    client.asked = what;
    client.asked_at = now;
    client.sequence = (client.sequence + 1) % sequence_span;
    const uint64_t id = index * sequence_span + client.sequence;
    const bool is_receipt = what == Asked::receipt;
    connection.send(fmt::format(
        R"({{"jsonrpc":"2.0","id":{},"method":"{}","params":["{}"]}})", id,
        is_receipt ? "eth_getTransactionReceipt" : "eth_sendRawTransactionSync",
        is_receipt ? transfers[index].hashes[client.done] : transfers[index].raw[client.done]));
}

void Load::Impl::on_message(std::string_view message) {
    const auto id = id_of(message);
    if (!id || *id / sequence_span >= clients.size()) return;
    const auto index = static_cast<size_t>(*id / sequence_span);
    Client& client = clients[index];
    if (client.asked == Asked::nonce) return on_nonce(client, message);
    if (running && client.sequence == *id % sequence_span) on_answer(client, index, message);
}

void Load::Impl::on_nonce(Client& client, std::string_view message) {
    constexpr std::string_view name = "\"result\":\"0x";
    const size_t at = message.find(name);
    if (at == std::string_view::npos) throw std::runtime_error(std::string(message));
    client.nonce = std::stoull(std::string(message.substr(at + name.size(), 16)), nullptr, 16);
    client.asked = Asked::nothing;
    if (std::ranges::all_of(clients, [](const Client& each) { return each.nonce.has_value(); }))
        context.stop();
}

void Load::Impl::on_answer(Client& client, size_t index, std::string_view message) {
    const Clock::time_point now = Clock::now();
    if (has(message, "\"status\":\"0x1\"")) {
        if (client.first_sent >= measure_from)
            result.latencies_us.push_back(seconds_between(client.first_sent, now) * 1e6);
        if (now >= measure_from)
            result.acknowledged_at_s.push_back(seconds_between(measure_from, now));
        client.done += 1;
        client.asked = Asked::nothing;
        return ask(index, Asked::transfer);
    }
    if (client.asked == Asked::receipt) {  // null: not there, or not yet
        result.sent_again += 1;
        return ask(index, Asked::transfer);
    }
    result.last_refusal = message.substr(0, 300);
    client.retry_at = now + retry_pause;
}

void Load::Impl::on_tick() {
    const Clock::time_point now = Clock::now();
    if (now >= measure_until) return finish();
    if (options.kill_pid > 0 && !killed &&
        seconds_between(measure_from, now) >= options.kill_at_s) {
        killed = true;
        kill(options.kill_pid, SIGKILL);
        result.killed_at_s = seconds_between(measure_from, Clock::now());
    }
    for (Link& link : links) {
        if (!link.open_at || now < *link.open_at) continue;
        link.open_at.reset();
        link.connection->open(options.endpoints[link.endpoint]);
    }
    for (size_t index = 0; running && index < clients.size(); ++index) {
        Client& client = clients[index];
        const bool is_late = client.asked != Asked::nothing &&
                             seconds_between(client.asked_at, now) > options.timeout_s;
        if (is_late) client.connection = (client.connection + 1) % links.size();
        if (is_late || (client.retry_at && now >= *client.retry_at)) ask(index, Asked::receipt);
    }
    timer.expires_after(tick_period);
    timer.async_wait([this](auto error) {
        if (!error) on_tick();
    });
}

void Load::Impl::finish() {
    if (!running) return;
    running = false;
    result.measured_s = seconds_between(measure_from, std::min(Clock::now(), measure_until));
    context.stop();
}

Load::Load(LoadOptions options, std::vector<Sender> senders) : impl_(std::make_unique<Impl>()) {
    impl_->options = std::move(options);
    impl_->senders = std::move(senders);
}
Load::~Load() = default;

std::vector<uint64_t> Load::next_nonces(double seconds) {
    Impl& load = *impl_;
    load.counting_nonces = true;
    load.measure_from = Clock::now();
    load.measure_until = load.measure_from + std::chrono::hours(1);
    load.open_links();
    const auto limit =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    boost::asio::post(load.context, [&load] { load.on_tick(); });
    load.context.run_for(limit);
    load.counting_nonces = false;
    std::vector<uint64_t> nonces;
    for (const Impl::Client& client : load.clients) {
        if (!client.nonce)
            throw std::runtime_error("no node told the nonces: " + load.result.last_refusal);
        nonces.push_back(*client.nonce);
    }
    load.result = {};
    return nonces;
}

LoadResult Load::run(std::vector<SignedTransfers> transfers) {
    Impl& load = *impl_;
    load.transfers = std::move(transfers);
    const auto seconds = [](double count) {
        return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(count));
    };
    load.context.restart();
    load.measure_from = Clock::now() + seconds(load.options.warm_s);
    load.measure_until = load.measure_from + seconds(load.options.measured_s);
    load.running = true;
    load.timer.cancel();
    boost::asio::post(load.context, [&load] {
        for (size_t index = 0; index < load.clients.size(); ++index)
            load.ask(index, Impl::Asked::transfer);
        load.on_tick();
    });
    load.context.run();
    return load.result;
}

}  // namespace holdfast::bench
