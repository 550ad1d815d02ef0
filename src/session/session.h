// One peer's session as a state machine: sequence numbers, acknowledgement, resumption after a broken
// connection without loss or repetition, priorities, bounded queues. It moves no bytes itself: `net`
// does in production, the simulator does in the simulator.
//
// A session outlives its connections. Each side numbers its messages from 1 within an incarnation (a
// random number drawn when the process starts); a hello on every new connection tells the peer what
// incarnation this is and the highest sequence number received from the peer's incarnation, and
// whatever the peer has not got is sent again. A peer with a new incarnation has forgotten everything:
// what it had not acknowledged is dropped, since consensus messages repeat themselves when it matters.
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

namespace holdfast::session {

namespace errc {
inline constexpr Errc frame_too_large{"session.frame_too_large"};
inline constexpr Errc frame_malformed{"session.frame_malformed"};
inline constexpr Errc wrong_genesis{"session.wrong_genesis"};    ///< the peer keeps another ledger
inline constexpr Errc wrong_version{"session.wrong_version"};
inline constexpr Errc wrong_peer{"session.wrong_peer"};          ///< claims another node's id
inline constexpr Errc own_identity{"session.own_identity"};      ///< our own id and key from elsewhere
inline constexpr Errc sequence_gap{"session.sequence_gap"};      ///< a number skipped: the peer is faulty
inline constexpr Errc unexpected{"session.unexpected"};          ///< a frame out of place
}  // namespace errc

inline constexpr uint16_t protocol_version = 1;
/// Of one message; and of one frame on the wire, header included.
inline constexpr size_t message_bytes_max = 9 * 1024 * 1024;
inline constexpr size_t frame_overhead_bytes = 17;
inline constexpr size_t frame_bytes_max = message_bytes_max + frame_overhead_bytes;

struct Limits {
    /// Unsent and unacknowledged bytes a peer; beyond it the lowest priority's oldest is dropped.
    std::array<size_t, env::priority_count> queue_bytes_max{32 << 20, 8 << 20, 32 << 20};
    size_t in_flight_bytes_max = 16 << 20;  ///< sent but not acknowledged: the window
    Duration ack_delay{20'000};             ///< an acknowledgement waits this long for company
    Duration keepalive{1'000'000};          ///< an idle link says so this often
    Duration silence_max{5'000'000};        ///< a link silent for longer is broken
};

struct Identity {
    Hash32 genesis;
    NodeId self;
    uint64_t incarnation = 0;  ///< random at process start
};

/// What the session wants done after a call, in order.
struct Output {
    std::vector<Buffer> frames;    ///< to write to the connection
    std::vector<Buffer> messages;  ///< received, in order, each once
    std::optional<Error> close;    ///< the connection must be closed, for this reason
};

struct Counters {
    uint64_t sent = 0, received = 0, resent = 0, dropped = 0, repeated = 0, connections = 0;
    size_t queued_bytes = 0, in_flight_bytes = 0;
};

class Session {
  public:
    Session(const Identity& identity, NodeId peer, const Limits& limits);

    /// A new authenticated connection to the peer; an older one is forgotten.
    Output connected(Instant now);
    void disconnected();
    /// Bytes from the connection, in any pieces.
    Output received(Instant now, ByteView bytes);
    Output send(Instant now, env::Priority priority, Buffer message);
    /// The connection has room again: more frames, highest priority first, up to `bytes_max`.
    Output writable(Instant now, size_t bytes_max);
    Output tick(Instant now);
    /// When `tick` wants to be called next; null while there is nothing to wait for.
    [[nodiscard]] std::optional<Instant> deadline() const;

    [[nodiscard]] bool is_connected() const;
    [[nodiscard]] const Counters& counters() const;
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
