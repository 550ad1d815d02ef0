// A folder that `holdfast init` made, with all its nodes on this machine.
#pragma once

#include <filesystem>
#include <vector>

#include "app/config.h"

namespace holdfast::app {

struct ClusterNode {
    uint64_t id = 0;
    std::filesystem::path folder, config_file;
    std::string api, peers;  ///< endpoints
};

/// By ascending id: every folder inside that holds a configuration that can be read.
std::vector<ClusterNode> cluster_nodes(const std::filesystem::path& folder);

}  // namespace holdfast::app
