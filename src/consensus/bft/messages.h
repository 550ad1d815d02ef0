// What validators say to each other, and the encoding, with a bound on everything. A message that
// breaks one is refused whole: bytes from outside never reach a CHECK.
#pragma once

#include <variant>

#include "consensus/bft/values.h"

namespace holdfast::bft {

inline constexpr size_t justification_max = 64;

/// A leader's proposal, with the certificates that its parent needs: whoever left a view by another
/// certificate than the leader did could not vote otherwise. [commonware, "Fetching Missing
/// Certificates"]
struct Propose {
    Candidate candidate;
    std::vector<Certificate> justification;
};
/// A vote of the sender's own.
struct Vote {
    SignedStatement said;
};
struct Certified {
    Certificate certificate;
};
/// The leader has nothing to propose yet, and is well.
struct Waiting {
    Place place;
};
/// Where the sender is, for whoever can help it on, or needs its help: R8.
struct Standing {
    Place floor;
    View current = 0;
    Height final;
};
/// Send me this candidate.
struct Fetch {
    Hash32 digest;
};
struct Fetched {
    Candidate candidate;
    std::optional<Certificate> certificate;  ///< that it was notarized or is final, if known
};
/// What you need is in my ledger only, which reaches up to here: sync blocks.
struct InLedger {
    Height upto;
};
/// A reader asks what may be final by now; a voter that lost its journal asks what it may have
/// said. `number` is never repeated by an asker, in this life or any other.
struct Inquiry {
    uint64_t number = 0;
};
/// The highest place that the answerer knows to be notarized or final, or skipped, with the
/// certificate (none at an epoch's root); and the highest at which it has spoken, or may have.
struct Answer {
    uint64_t number = 0;
    Place seen;
    Place spoken;
    std::optional<Certificate> certificate;
};

using Body = std::variant<Propose, Vote, Certified, Waiting, Standing, Fetch, Fetched, InLedger,
                          Inquiry, Answer>;

Buffer encode(const Body& body);
/// Errors: codec_errc.
Result<Body> decode(ByteView bytes);

}  // namespace holdfast::bft
