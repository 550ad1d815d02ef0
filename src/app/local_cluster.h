// All nodes of a cluster's folder as children of this process: started, watched, killed, stopped.
#pragma once

#include <map>

#include "app/cluster_folder.h"
#include "app/process.h"
#include "app/rpc_client.h"

namespace holdfast::app {

class LocalCluster {
  public:
    explicit LocalCluster(std::filesystem::path folder);

    [[nodiscard]] const std::vector<ClusterNode>& nodes() const { return nodes_; }
    [[nodiscard]] std::vector<std::string> endpoints() const;

    Status start_all();
    Status start(uint64_t id);
    void kill(uint64_t id);  ///< SIGKILL, as a power cut would
    /// SIGTERM to all at once; false if any had to be killed.
    bool stop_all();
    /// Ids of nodes that have ended since the last call, with how.
    std::vector<std::pair<uint64_t, std::string>> take_ended();
    [[nodiscard]] size_t running() const { return processes_.size(); }

    /// Until every running node answers, and one of them leads. Errors: the first one's end, with
    /// its last words; errc::not_ready after `patience_ms`.
    Status wait_ready(uint64_t patience_ms);
    /// Null while nobody leads.
    std::optional<uint64_t> leader();
    /// Null if the node does not answer.
    std::optional<uint64_t> head(uint64_t id);
    /// The end of a node's log.
    [[nodiscard]] std::string last_words(uint64_t id) const;

  private:
    [[nodiscard]] const ClusterNode& node(uint64_t id) const;
    [[nodiscard]] static std::filesystem::path log_of(const ClusterNode& node) {
        return node.folder / "log";
    }
    std::filesystem::path folder_;
    std::vector<ClusterNode> nodes_;
    std::map<uint64_t, Process> processes_;
};

namespace errc {
inline constexpr Errc not_ready{"local.not_ready"};
}  // namespace errc

/// Where the cluster answers, and which accounts are funded.
void print_endpoints(const LocalCluster& cluster);

}  // namespace holdfast::app
