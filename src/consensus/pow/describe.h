// Messages and records in words, and the engine as a Family for cluster tests.
#pragma once

#include "consensus/cluster.h"
#include "consensus/pow/messages.h"

namespace holdfast::pow {

/// One line for people: scripts, logs, the simulator. Never parsed.
std::string describe(const Header& header);
std::string describe_message(ByteView bytes);
std::string describe_record(ByteView bytes);

/// The rules that the family's scripts and tests live by, unless options say otherwise: easy work,
/// and genesis at time 0. Options: depth, mines (0: nobody from the start), hashes (that the first
/// block takes on average), interval and half_life (ms), retained (blocks), headers (in memory),
/// batch (headers in a message).
Rules test_rules();
consensus::Family family();

}  // namespace holdfast::pow
