// Plans, outcomes and recordings as bytes, on their way between a process and its children. Never
// kept: both ends are the same program.
#pragma once

#include "base/bytes.h"
#include "sim/outcome.h"
#include "sim/plan.h"
#include "sim/recorder.h"

namespace holdfast {
class Writer;
class Reader;
}  // namespace holdfast

namespace holdfast::sim {

void write(Writer& out, const Plan& plan);
void write(Writer& out, const Outcome& outcome);
void write(Writer& out, const Recorder& recorder);

/// The reader's own state says whether they are whole.
Plan read_plan(Reader& in);
Outcome read_outcome(Reader& in);
Recorder read_recorder(Reader& in);

}  // namespace holdfast::sim
