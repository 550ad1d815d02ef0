// Port: where a node's slow work runs. The node itself is one thread's state machine; what takes
// long is handed to a lane and comes back as a call on the node's own thread.
#pragma once

#include <functional>

namespace holdfast::env {

enum class Lane : uint8_t {
    journal,  ///< appends and syncs, one at a time, in order
    execute,  ///< payload execution and store writes, one at a time, in order
    verify,   ///< signature checks, on any worker
    bulk,     ///< block and snapshot serving, flushing, one at a time, in order
};

class Lanes {
  public:
    virtual ~Lanes() = default;
    /// Runs `work` on the lane, then `done` on the node's thread. `work` touches only what it owns
    /// or what is thread-safe. In the simulator both run on one thread, with a drawn delay between.
    virtual void run(Lane lane, std::function<void()> work, std::function<void()> done) = 0;
};

}  // namespace holdfast::env
