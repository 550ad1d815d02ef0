// Messages and records in words, and the engine as a Family for cluster tests.
#pragma once

#include "consensus/bft/messages.h"
#include "consensus/bft/records.h"
#include "consensus/cluster.h"

namespace holdfast::bft {

/// One line for people: scripts, logs, the simulator. Never parsed.
std::string describe(const Statement& statement);
std::string describe(const Proposal& proposal);
std::string describe(const Certificate& certificate);
std::string describe_message(ByteView bytes);
std::string describe_record(ByteView bytes);
std::string describe_evidence(ByteView bytes);

/// Options: epoch (blocks), unfinal (blocks), journal (bytes), kept (bytes of candidates). A
/// machine whose number is beyond 100 is a twin: it has the name and key of the node without the
/// hundred.
consensus::Family family();

}  // namespace holdfast::bft
