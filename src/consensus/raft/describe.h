// Raft's messages and records in words, and Raft as a Family for cluster tests.
#pragma once

#include "consensus/cluster.h"
#include "consensus/raft/records.h"

namespace holdfast::raft {

/// One line for people: scripts, logs, the simulator. Never parsed.
std::string describe(EntryId id);
std::string describe(const Configuration& configuration);
std::string describe(const Entry& entry, Index index);
std::string describe(const Message& message);
std::string describe_message(ByteView bytes);
std::string describe_record(ByteView bytes);

/// Options: nameless (1: incarnations stay unknown), seed, window, in_flight, append_bytes,
/// retained (bytes).
consensus::Family family();

}  // namespace holdfast::raft
