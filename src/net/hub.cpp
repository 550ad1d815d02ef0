// The network's thread, and the hand-over to and from it.
#include "net/hub.h"

#include <future>

#include <boost/asio/post.hpp>
#include <pthread.h>

#include "base/check.h"

namespace holdfast::net {

Result<std::unique_ptr<Network>> Network::start(NetworkConfig config, std::vector<Peer> peers,
                                                Callbacks callbacks, Logger logger) {
    auto hub = std::make_unique<Hub>(std::move(config), std::move(callbacks), std::move(logger));
    if (Status status = hub->open(std::move(peers)); !status)
        return std::unexpected(std::move(status.error()));
    return hub;
}

Hub::Hub(NetworkConfig config, Callbacks callbacks, Logger logger)
    : shared_(std::move(config), std::move(callbacks), std::move(logger)),
      doorman_(shared_, [this](const auto& connection) { admit(connection); }),
      work_(boost::asio::make_work_guard(shared_.io)) {
    shared_.own_key_answered = [this](Connection& connection, const Peer& called) {
        own_key_seen(connection, &called);
    };
}

Hub::~Hub() {
    stop();
}

Status Hub::open(std::vector<Peer> peers) {
    // Our own key is let in too: only a finished handshake proves that somebody holds it.
    auto tls = Tls::create(shared_.config.transport_seed, [this](const auto& key) {
        return keys_.contains(key) || key == shared_.own_key;
    });
    if (!tls) return std::unexpected(std::move(tls.error()));
    shared_.tls = std::move(*tls);
    if (Status status = doorman_.listen(shared_.config.listen); !status) return status;
    port_ = doorman_.port();
    apply_peers(std::move(peers));
    thread_ = std::thread([this] { shared_.io.run(); });
    ::pthread_setname_np(thread_.native_handle(), "net");
    return {};
}

void Hub::stop() {
    CHECK(std::this_thread::get_id() != thread_.get_id(), "a callback cannot stop the network");
    {
        const std::lock_guard lock(stop_mutex_);
        if (stopped_) return;
        stopped_ = true;
    }
    if (thread_.joinable()) {
        boost::asio::post(shared_.io, [this] { close_all(); });
        thread_.join();
    } else {
        close_all();
        shared_.io.poll();
    }
}

void Hub::close_all() {
    auto infos = collect();
    for (PeerInfo& info : infos) info.connected = false;
    {
        const std::lock_guard lock(stop_mutex_);
        last_infos_ = std::move(infos);
    }
    doorman_.stop();
    shared_.resolver.cancel();
    for (const auto& [id, link] : links_) link->stop();
    if (own_link_) own_link_->stop();
    // `run` returns once every handler that is still on its way has come back with an error.
    work_.reset();
}

void Hub::send(NodeId to, env::Priority priority, Buffer message) {
    if (message == nullptr || message->size() > session::message_bytes_max) {
        shared_.logger.error("net",
                             "a message of {} bytes to peer {} is over the limit of {}: dropped",
                             message ? message->size() : 0, to, session::message_bytes_max);
        return;
    }
    const std::lock_guard lock(inbox_mutex_);
    const size_t cost = message->size() + session::message_cost_bytes;
    if (inbox_bytes_ + cost > inbox_bytes_max) {
        ++inbox_dropped_[to];
        return;
    }
    inbox_bytes_ += cost;
    inbox_.push_back({.to = to, .priority = priority, .message = std::move(message)});
    post_drain();
}

void Hub::set_peers(std::vector<Peer> peers) {
    const std::lock_guard lock(inbox_mutex_);
    peers_wanted_ = std::move(peers);
    post_drain();
}

/// With `inbox_mutex_` held. One drain on its way serves all who come before it runs: that is what
/// turns a burst of small messages into one write.
void Hub::post_drain() {
    if (drain_posted_) return;
    drain_posted_ = true;
    boost::asio::post(shared_.io, [this] { drain(); });
}

void Hub::drain() {
    std::vector<Outgoing> batch;
    std::optional<std::vector<Peer>> peers;
    {
        const std::lock_guard lock(inbox_mutex_);
        batch.swap(inbox_);
        peers.swap(peers_wanted_);
        inbox_bytes_ = 0;
        drain_posted_ = false;
    }
    if (peers) apply_peers(std::move(*peers));
    for (Outgoing& outgoing : batch)
        if (const auto link = links_.find(outgoing.to); link != links_.end())
            link->second->send(outgoing.priority, std::move(outgoing.message));
    for (const auto& [id, link] : links_) link->pump();
}

void Hub::apply_peers(std::vector<Peer> peers) {
    keys_.clear();
    std::map<NodeId, std::shared_ptr<Link>> links;
    std::vector<std::shared_ptr<Link>> fresh;
    for (Peer& peer : peers) {
        if (shared_.is_own(peer)) {
            // A membership list names its own reader too, and where its peers expect it: if anybody
            // else answers there, two of us run.
            if (own_link_ && own_link_->peer() == peer) continue;
            if (own_link_) own_link_->stop();
            own_link_ = std::make_shared<Link>(shared_, std::move(peer));
            fresh.push_back(own_link_);
            continue;
        }
        keys_.insert_or_assign(peer.transport_key, peer.id);
        const auto old = links_.find(peer.id);
        if (old != links_.end() && old->second->peer().transport_key == peer.transport_key) {
            links.insert_or_assign(peer.id, old->second);
            old->second->move_to(peer.endpoint);
            continue;
        }
        auto link = std::make_shared<Link>(shared_, std::move(peer));
        fresh.push_back(link);
        links.insert_or_assign(link->peer().id, link);
    }
    links_.swap(links);
    for (const auto& [id, link] : links) {
        const auto kept = links_.find(id);
        if (kept == links_.end() || kept->second != link) link->stop();
    }
    for (const auto& link : fresh) link->start();
}

void Hub::admit(const std::shared_ptr<Connection>& connection) {
    const auto key = connection->key();
    if (key == shared_.own_key) {
        own_key_seen(*connection, nullptr);
        return connection->close();
    }
    // The set may have changed since the handshake began.
    const auto id = key ? keys_.find(*key) : keys_.end();
    if (id == keys_.end()) return connection->close();
    links_.at(id->second)->adopt(connection);
}

/// A peer's endpoint that leads back to this very process is a mistake in a file; any other holder
/// of our key is a second copy of this node, which could vote against it.
void Hub::own_key_seen(Connection& connection, const Peer* called) {
    const ClientRandom random = connection.random();
    const bool is_dialed = connection.side() == Side::dialed;
    if (is_dialed && doorman_.is_greeting(random)) {
        own_calls_.push_back(random);  // the other end will be here in a moment
        if (own_calls_.size() > own_calls_max) own_calls_.pop_front();
        if (called != nullptr && shared_.is_own(*called)) return;
        shared_.logger.warn("net", "a peer's endpoint leads back to this node at {}: correct it",
                            connection.remote());
        return;
    }
    if (!is_dialed && std::ranges::find(own_calls_, random) != own_calls_.end()) return;
    shared_.logger.error("net",
                         "{} holds this node's own transport key: a second copy of this node runs "
                         "there; stop one of them",
                         connection.remote());
    if (shared_.callbacks.own_key_seen) shared_.callbacks.own_key_seen(connection.remote());
    if (called != nullptr && shared_.is_own(*called) && shared_.callbacks.own_endpoint_taken)
        shared_.callbacks.own_endpoint_taken(connection.remote());
}

std::vector<PeerInfo> Hub::collect() const {
    std::vector<PeerInfo> infos;
    const std::lock_guard lock(inbox_mutex_);
    for (const auto& [id, link] : links_) {
        infos.push_back(link->info());
        const auto dropped = inbox_dropped_.find(id);
        if (dropped != inbox_dropped_.end()) infos.back().counters.dropped += dropped->second;
    }
    return infos;
}

std::vector<PeerInfo> Hub::peers() const {
    if (std::this_thread::get_id() == thread_.get_id()) return collect();
    // Shared: the answer may be read, and this frame left, before `set_value` has returned.
    const auto promise = std::make_shared<std::promise<std::vector<PeerInfo>>>();
    auto answer = promise->get_future();
    {
        // What is posted before `stop` posts its own last task is sure to run.
        const std::lock_guard lock(stop_mutex_);
        if (stopped_) return last_infos_;
        boost::asio::post(shared_.io, [this, promise] { promise->set_value(collect()); });
    }
    return answer.get();
}

}  // namespace holdfast::net
