// Messages and records in words, and the engine as a Family for cluster tests.
#pragma once

#include "consensus/cluster.h"
#include "consensus/paxos/records.h"

namespace holdfast::paxos {

/// One line for people: scripts, logs, the simulator. Never parsed.
std::string describe(const Ballot& ballot);
std::string describe(const Configuration& configuration);
std::string describe(const Value& value);
std::string describe(const Message& message);
std::string describe_message(ByteView bytes);
std::string describe_record(ByteView bytes);

/// Options: nameless (1: incarnations stay unknown), seed, alpha, window, message_bytes, retained
/// (bytes).
consensus::Family family();

}  // namespace holdfast::paxos
