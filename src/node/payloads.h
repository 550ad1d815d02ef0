// Payloads that this node has built or decoded, by the buffer that holds them: so that a payload is
// decoded, hashed and recovered once, however often it is asked about.
#pragma once

#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "node/context.h"

namespace holdfast::node {

/// One payload as far as it is known here.
struct KnownPayload {
    Buffer bytes;  ///< keeps the key of the cache alive
    WallMillis time_ms = 0;
    Address fee_recipient;
    bool well_formed = true;
    std::vector<Hash32> hashes;                  ///< of every transaction, in order
    std::vector<TransactionPtr> transactions;    ///< null where the sender is not yet recovered
    std::vector<Bytes> raw;                      ///< encoded, while senders may still be unknown
    bool tried = false;                          ///< what is unknown still has no sender
    size_t jobs = 0;                             ///< of workers that recover senders now
    std::vector<std::function<void()>> waiting;  ///< for them

    [[nodiscard]] ByteView raw_of(size_t index) const { return raw[index]; }
};

class Payloads {
  public:
    using Find = std::function<TransactionPtr(const Hash32&)>;

    /// Decodes and hashes on first sight; `find` looks for transactions known already.
    std::shared_ptr<KnownPayload> know(const Buffer& bytes, const Find& find);
    /// Calls `done` when every sender is known that can be; at once if nothing is missing. What is
    /// null then was not signed by anybody.
    static void recover(Context& context, const std::shared_ptr<KnownPayload>& payload,
                        const Find& find, std::function<void()> done);
    /// A payload built here, with everything known.
    void add(const std::shared_ptr<KnownPayload>& payload);
    void forget(const Buffer& bytes) { known_.erase(bytes.get()); }
    [[nodiscard]] size_t size() const { return known_.size(); }

  private:
    std::unordered_map<const Bytes*, std::shared_ptr<KnownPayload>> known_;
};

}  // namespace holdfast::node
