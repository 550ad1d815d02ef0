// One peer's session as a state machine: sequence numbers, acknowledgement, resumption after a
// broken connection without loss or repetition, priorities, bounded queues. It moves no bytes
// itself: `net` does in production, the simulator does in the simulator. How it works is said at
// class Session.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/number.h"
#include "base/result.h"
#include "base/time.h"
#include "env/transport.h"
#include "session/frame.h"

namespace holdfast::session {

namespace errc {
inline constexpr Errc wrong_genesis{"session.wrong_genesis"};  ///< the peer keeps another ledger
inline constexpr Errc wrong_peer{"session.wrong_peer"};        ///< claims another node's id
inline constexpr Errc own_identity{"session.own_identity"};  ///< our own id and key from elsewhere
inline constexpr Errc sequence_gap{
    "session.sequence_gap"};                             ///< a number skipped: the peer is faulty
inline constexpr Errc unexpected{"session.unexpected"};  ///< a frame out of place
/// A hello of an incarnation that a newer one has replaced: a late connection of a process that is
/// gone, or a second copy of the peer.
inline constexpr Errc stale_incarnation{"session.stale_incarnation"};
inline constexpr Errc silent{"session.silent"};  ///< nothing heard for `silence_max`
}  // namespace errc

/// What a queued message costs beside its bytes, so that many tiny ones are bounded too.
inline constexpr size_t message_cost_bytes = 64;
/// Received bytes that are acknowledged at once, so that the peer's window never waits for our
/// delay.
inline constexpr size_t ack_at_once_bytes = size_t{512} * 1024;
/// Replaced incarnations of a peer that are remembered, so that their late hellos are refused.
inline constexpr size_t retired_max = 16;

struct Limits {
    /// Unsent and unacknowledged bytes of each priority, with `message_cost_bytes` for each
    /// message; beyond it the oldest unsent message of that priority is dropped, else the new one.
    std::array<size_t, env::priority_count> queue_bytes_max{32 << 20, 8 << 20, 32 << 20};
    /// Sent but not acknowledged: the window. A quarter of it is kept for consensus messages.
    size_t in_flight_bytes_max = 16 << 20;
    Duration ack_delay{20'000};       ///< an acknowledgement waits this long for company
    Duration keepalive{1'000'000};    ///< an idle link says so this often
    Duration silence_max{5'000'000};  ///< a link silent for longer is broken
};

struct Identity {
    Hash32 genesis;
    NodeId self;
    /// Random at process start, and another for each session: whoever begins one anew with a peer
    /// remembers nothing of the one before.
    uint64_t incarnation = 0;
};

/// What the session wants done after a call, in order.
struct Output {
    std::vector<Buffer> frames;    ///< to write to the connection; each holds one or more frames
    std::vector<Buffer> messages;  ///< received, each once, in the sender's order for each priority
    std::optional<Error> close;    ///< the connection must be closed, for this reason
};

/// Messages sent whole, received and dropped; frames sent again and frames that came again.
struct Counters {
    uint64_t sent = 0, received = 0, resent = 0, dropped = 0, repeated = 0, connections = 0;
    size_t queued_bytes = 0, in_flight_bytes = 0;
};

/// A session outlives its connections. Each side numbers its frames from 1 within an incarnation (a
/// random number drawn when the process starts); the hello on every new connection tells the peer
/// what incarnation this is and the highest number received from the peer's incarnation, and
/// whatever the peer has not got is sent again. A peer with a new incarnation has forgotten
/// everything: what was sent to the old one and not acknowledged is dropped, since consensus
/// messages repeat themselves when it matters. A message over `fragment_bytes_max` travels as
/// several frames, so a consensus message waits for one fragment of a large one, not for all of it.
///
/// Frames come from `connected` and `writable` only: whoever moves the bytes asks for more when the
/// connection has room, and after each other call.
class Session {
  public:
    Session(const Identity& identity, NodeId peer, const Limits& limits);

    /// A new authenticated connection to the peer; an older one is forgotten. Gives our hello.
    Output connected(Instant now);
    void disconnected();
    /// Bytes from the connection, in any pieces. After a `close` the session is disconnected.
    Output received(Instant now, ByteView bytes);
    /// Queues, connected or not. At most `message_bytes_max` long.
    Output send(Instant now, env::Priority priority, Buffer message);
    /// The connection has room again: more frames, highest priority first, up to `bytes_max`, but
    /// at least one if any is due.
    Output writable(Instant now, size_t bytes_max);
    Output tick(Instant now);
    /// When `tick` wants to be called next; null while there is nothing to wait for.
    [[nodiscard]] std::optional<Instant> deadline() const;

    /// The peer's hello has come on the present connection.
    [[nodiscard]] bool is_connected() const { return state_ == State::open; }
    [[nodiscard]] const Counters& counters() const { return counters_; }

  private:
    enum class State : uint8_t { closed, greeting, open };
    struct Queued {
        Buffer message;
        size_t sent_bytes = 0;  ///< of the message at the front, some fragments may be gone already
    };
    struct Sent {
        Buffer message;
        size_t offset = 0;
        env::Priority priority{};
        [[nodiscard]] size_t size() const;
        [[nodiscard]] bool is_last() const { return offset + size() == message->size(); }
    };
    struct Peer {
        uint64_t incarnation = 0;
        uint64_t received = 0;  ///< highest sequence number got from it
    };

    Status on_frame(Instant now, ByteView body, Output& out);
    Status on_hello(const Hello& hello);
    Status on_fragment(Instant now, const Fragment& fragment, Output& out);
    Status on_ack(uint64_t upto);
    void restart_numbering(uint64_t after);
    void close(Output& out, Error why);
    void make_room(size_t priority, size_t cost);
    void release(const Sent& sent);
    bool write_resent(Bytes& batch, size_t bytes_max);
    void write_new(Bytes& batch, size_t bytes_max, size_t priority);
    void write_sent(Bytes& batch, const Sent& sent, uint64_t sequence) const;

    Identity identity_;
    NodeId peer_id_;
    Limits limits_;
    Counters counters_;
    State state_ = State::closed;

    std::optional<Peer> peer_;      ///< null until its first hello
    std::deque<uint64_t> retired_;  ///< earlier incarnations of the peer
    FrameSplitter splitter_;
    std::array<std::optional<Bytes>, env::priority_count> assembly_;

    std::array<std::deque<Queued>, env::priority_count> unsent_;
    std::array<size_t, env::priority_count> queued_bytes_{};
    std::deque<Sent> unacked_;  ///< numbers acked_ + 1 and on
    uint64_t acked_ = 0;
    size_t resend_next_ = 0;  ///< of `unacked_`: those before it went out on this connection

    Instant last_heard_{}, last_sent_{};
    std::optional<Instant> ack_at_;
    size_t unacknowledged_bytes_ = 0;  ///< received since our last acknowledgement
    bool ack_due_ = false, keepalive_due_ = false;
};

/// Reconnect delays: doubling from `first` to `cap`, each drawn from [half, whole].
class Backoff {
  public:
    Backoff(Duration first, Duration cap, uint64_t seed);
    Duration next();
    void reset();

  private:
    Duration first_, cap_, current_;
    uint64_t state_;
};

}  // namespace holdfast::session
