// The state store on RocksDB: one atomic batch a block, never synced on the hot path.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "env/state_store.h"
#include "storage/files.h"

namespace holdfast::storage {

struct RocksOptions {
    size_t cache_bytes = 64 << 20;
    size_t write_buffer_bytes = 32 << 20;
    bool read_only = false;  ///< for `verify` and other inspection
    bool create = false;     ///< only `init` creates; elsewhere a missing store is an error
};

/// Errors: errc::cannot_open, errc::in_use, errc::damaged: what a flush promised is gone.
Result<std::unique_ptr<env::StateStore>> open_rocks_store(const std::filesystem::path& folder,
                                                          const RocksOptions& options);

}  // namespace holdfast::storage
