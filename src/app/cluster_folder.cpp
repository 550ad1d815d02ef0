// Finding the nodes of a cluster's folder.
#include "app/cluster_folder.h"

#include <algorithm>

namespace holdfast::app {

std::vector<ClusterNode> cluster_nodes(const std::filesystem::path& folder) {
    std::vector<ClusterNode> nodes;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const auto file = entry.path() / "config.toml";
        if (!std::filesystem::exists(file, error)) continue;
        const auto config = read_config(file);
        if (!config) continue;
        nodes.push_back({.id = config->id,
                         .folder = entry.path(),
                         .config_file = file,
                         .api = config->listen.api,
                         .peers = config->listen.peers});
    }
    std::ranges::sort(nodes, {}, &ClusterNode::id);
    return nodes;
}

}  // namespace holdfast::app
