// The frames of a session on the wire: a 32-bit length, a kind, and the fields of that kind, all
// little-endian. Every length is checked before anything is allocated for it, and each value has
// one encoding only.
#pragma once

#include <optional>
#include <variant>

#include "base/bytes.h"
#include "base/number.h"
#include "base/result.h"
#include "env/transport.h"

namespace holdfast::session {

namespace errc {
inline constexpr Errc frame_too_large{"session.frame_too_large"};  ///< or the message it is part of
inline constexpr Errc frame_malformed{"session.frame_malformed"};
inline constexpr Errc wrong_version{"session.wrong_version"};
}  // namespace errc

inline constexpr uint16_t protocol_version = 1;
inline constexpr size_t message_bytes_max = size_t{9} * 1024 * 1024;
/// A longer message travels in pieces of this size. Two TLS records: small enough that a consensus
/// message never waits long behind a piece, large enough that the header does not matter.
inline constexpr size_t fragment_bytes_max = size_t{32} * 1024;
/// Length, kind, flags, sequence number, acknowledgement.
inline constexpr size_t frame_overhead_bytes = 4 + 1 + 1 + 8 + 8;
/// Of one frame on the wire, header included.
inline constexpr size_t frame_bytes_max = fragment_bytes_max + frame_overhead_bytes;

/// Opens a connection, in both directions.
struct Hello {
    Hash32 genesis;
    NodeId self, peer;
    uint64_t incarnation = 0;
    /// What the sender has got from the receiver, if it knows any incarnation of it.
    struct Resume {
        uint64_t incarnation = 0;
        uint64_t received = 0;
        bool operator==(const Resume&) const = default;
    };
    std::optional<Resume> resume;
    bool operator==(const Hello&) const = default;
};

/// A message, or a piece of one. All but the last piece are `fragment_bytes_max` long, and only a
/// message that is empty has an empty piece.
struct Fragment {
    env::Priority priority{};
    bool first = false, last = false;
    uint64_t sequence = 0;
    uint64_t ack = 0;  ///< highest sequence number that the sender has got
    ByteView payload;
};

struct Ack {
    uint64_t ack = 0;
};
struct Keepalive {
    uint64_t ack = 0;
};

using Frame = std::variant<Hello, Fragment, Ack, Keepalive>;

void write_frame(Bytes& to, const Hello& hello);
void write_frame(Bytes& to, const Fragment& fragment);
void write_frame(Bytes& to, const Ack& ack);
void write_frame(Bytes& to, const Keepalive& keepalive);

/// `body` is a frame without its length. A fragment's payload points into it.
Result<Frame> read_frame(ByteView body);

/// Cuts a stream of bytes into frame bodies, holding back at most one unfinished frame.
class FrameSplitter {
  public:
    /// The next whole body, taken from the front of `in`; null when more bytes are needed, and then
    /// `in` is used up. The view holds until the next call.
    Result<std::optional<ByteView>> next(ByteView& in);
    void reset();

  private:
    Bytes partial_;
    bool handed_out_ = false;  ///< `partial_` was whole, and the caller has seen it
};

}  // namespace holdfast::session
