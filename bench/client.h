// The closed loop: every client sends one transfer, waits for its receipt, sends the next. A broken
// node is survived: the client goes to the next one, asks for the receipt and sends again if need
// be.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "connection.h"
#include "transfers.h"

namespace holdfast::bench {

using Clock = std::chrono::steady_clock;

struct LoadOptions {
    std::vector<Endpoint> endpoints;
    size_t clients = 1;
    size_t connections = 16;  ///< shared by the clients
    double warm_s = 1;
    double measured_s = 5;
    double timeout_s = 2;  ///< of one request, before another node is asked
    /// Run a process into the ground this long after the measuring began; 0: do not.
    double kill_at_s = 0;
    int kill_pid = 0;
};

struct LoadResult {
    std::vector<double> latencies_us;       ///< of what was sent and acknowledged while measuring
    std::vector<double> acknowledged_at_s;  ///< since measuring began
    double measured_s = 0;
    uint64_t sent_again = 0;
    uint64_t broken_connections = 0;
    bool ran_out = false;  ///< of signed transfers: the measured time was cut short
    double killed_at_s = 0;
    std::string last_refusal;
};

class Load {
  public:
    Load(LoadOptions options, std::vector<Sender> senders);
    ~Load();
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    /// Asks the first endpoint that answers for every sender's next nonce. Throws after `seconds`.
    std::vector<uint64_t> next_nonces(double seconds);
    LoadResult run(std::vector<SignedTransfers> transfers);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast::bench
