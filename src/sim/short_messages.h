// The engine's short messages, read off the wire of the virtual network.
#pragma once

#include <optional>

#include "consensus/raft/messages.h"
#include "node/messages.h"

namespace holdfast::sim {

class ShortMessages {
  public:
    /// Null if the message is not an engine's, or a long one: an append with entries, whose term
    /// was said before in short ones.
    [[nodiscard]] std::optional<raft::Message> read(ByteView message) const {
        if (message.empty() || message.front() != tag_ || message.size() > short_message_bytes)
            return std::nullopt;
        auto decoded = raft::decode(message.subspan(1));
        return decoded ? std::optional(std::move(*decoded)) : std::nullopt;
    }

  private:
    static constexpr size_t short_message_bytes = 96;
    uint8_t tag_ = node::encode_message(node::EngineMessage{})->front();
};

}  // namespace holdfast::sim
