// Port: messages between authenticated nodes. Best effort: may lose, delay, repeat or reorder.
#pragma once

#include "base/bytes.h"
#include "base/number.h"

namespace holdfast::env {

/// Lower goes first when a link is busy.
enum class Priority : uint8_t {
    consensus,  ///< engine messages and attestations
    gossip,     ///< transactions
    bulk,       ///< blocks and snapshots
};
inline constexpr size_t priority_count = 3;

class Transport {
  public:
    virtual ~Transport() = default;
    virtual void send(NodeId to, Priority priority, Buffer message) = 0;
};

}  // namespace holdfast::env
