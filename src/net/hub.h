// The network itself: one thread with all links on it, and the door between that thread and the
// others.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "net/doorman.h"

namespace holdfast::net {

/// Bytes of messages on their way from `send` to their link's queue. The network's thread empties
/// it all the time; a full one means that the machine is drowning, and the message is dropped.
inline constexpr size_t inbox_bytes_max = 128 << 20;

/// Calls of ours that were found to lead back to us, until their other end has been seen too.
inline constexpr size_t own_calls_max = 64;

class Hub final : public Network {
  public:
    Hub(NetworkConfig config, Callbacks callbacks, Logger logger);
    ~Hub() override;

    Status open(std::vector<Peer> peers);
    void send(NodeId to, env::Priority priority, Buffer message) override;
    void set_peers(std::vector<Peer> peers) override;
    [[nodiscard]] std::vector<PeerInfo> peers() const override;
    [[nodiscard]] uint16_t port() const override { return port_; }
    void stop() override;

  private:
    struct Outgoing {
        NodeId to;
        env::Priority priority;
        Buffer message;
    };
    using Work = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;

    void post_drain();
    void drain();
    void apply_peers(std::vector<Peer> peers);
    void admit(const std::shared_ptr<Connection>& connection);
    void own_key_seen(Connection& connection, const Peer* called);
    void close_all();
    [[nodiscard]] std::vector<PeerInfo> collect() const;

    mutable Shared shared_;
    Doorman doorman_;
    uint16_t port_ = 0;
    Work work_;
    std::thread thread_;

    // Of the network's thread.
    std::map<NodeId, std::shared_ptr<Link>> links_;
    std::shared_ptr<Link> own_link_;  ///< never carries a session: see own_key_seen
    std::map<crypto::NodePublicKey, NodeId> keys_;
    std::deque<ClientRandom> own_calls_;

    mutable std::mutex inbox_mutex_;
    std::vector<Outgoing> inbox_;
    size_t inbox_bytes_ = 0;
    std::map<NodeId, uint64_t> inbox_dropped_;
    std::optional<std::vector<Peer>> peers_wanted_;
    bool drain_posted_ = false;

    mutable std::mutex stop_mutex_;
    bool stopped_ = false;
    std::vector<PeerInfo> last_infos_;  ///< what `peers` says after `stop`
};

}  // namespace holdfast::net
