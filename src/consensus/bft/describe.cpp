// Messages and records in words, one line each: for scripts, logs and the simulator. Never parsed.
#include "consensus/bft/describe.h"

#include "base/overload.h"

namespace holdfast::bft {
namespace {

constexpr size_t digest_bytes_shown = 2;

std::string short_of(const Hash32& digest) {
    return to_hex(digest.view().first(digest_bytes_shown));
}

std::string describe(const Place& place) {
    return fmt::format("{}.{}", place.epoch, place.view);
}

std::string describe(const Candidate& candidate) {
    return fmt::format("{} \"{}\"", describe(candidate.proposal), text_of(*candidate.payload));
}

std::string describe(const std::vector<Certificate>& certificates) {
    std::string text;
    for (const Certificate& one : certificates) text += " [" + describe(one) + "]";
    return text;
}

}  // namespace

std::string describe(const Statement& statement) {
    static constexpr std::array<std::string_view, 4> names{"propose", "notarize", "skip",
                                                           "finalize"};
    const std::string text = fmt::format("{} {}.{}", names.at(static_cast<size_t>(statement.kind)),
                                         statement.epoch, statement.view);
    return statement.kind == StatementKind::skip ? text : text + " " + short_of(statement.digest);
}

std::string describe(const Proposal& proposal) {
    return fmt::format("{} {} on {} {}", describe(proposal.place), short_of(proposal.digest()),
                       proposal.parent_view,
                       proposal.is_filler() ? "filler" : fmt::format("height {}", proposal.height));
}

std::string describe(const Certificate& certificate) {
    std::string by;
    for (const auto& [signer, signature] : certificate.signatures) by += fmt::format(" {}", signer);
    return describe(certificate.statement) + " by" + by;
}

std::string describe_message(ByteView bytes) {
    const auto body = decode(bytes);
    if (!body) return "refused: " + holdfast::describe(body.error());
    return std::visit(
        Overload{
            [](const Propose& m) {
                return "Propose " + describe(m.candidate) + describe(m.justification);
            },
            [](const Vote& m) { return "Vote " + describe(m.said.statement); },
            [](const Certified& m) { return "Certified " + describe(m.certificate); },
            [](const Waiting& m) { return "Waiting " + describe(m.place); },
            [](const Standing& m) {
                return fmt::format("Standing at {}.{} final {} height {}", m.floor.epoch, m.current,
                                   describe(m.floor), m.final);
            },
            [](const Fetch& m) { return "Fetch " + short_of(m.digest); },
            [](const Fetched& m) {
                return "Fetched " + describe(m.candidate) +
                       (m.certificate ? " [" + describe(*m.certificate) + "]" : "");
            },
            [](const InLedger& m) { return fmt::format("InLedger up to {}", m.upto); },
            [](const Inquiry&) { return std::string("Inquiry"); },
            [](const Answer& m) {
                return fmt::format("Answer seen {} spoken {}", describe(m.seen),
                                   describe(m.spoken));
            },
        },
        *body);
}

std::string describe_record(ByteView bytes) {
    const auto record = decode_record(bytes);
    if (!record) return "refused: " + holdfast::describe(record.error());
    std::string text;
    const auto add = [&text](const std::string& part) {
        text += (text.empty() ? "" : ", ") + part;
    };
    if (record->incarnation) add(record->forgetful ? "birth, forgetful" : "birth");
    if (record->floor) add("floor " + describe(*record->floor));
    for (const SignedStatement& said : record->said) add(describe(said.statement));
    for (const Candidate& candidate : record->candidates)
        add("candidate " + short_of(candidate.digest));
    for (const Certificate& certificate : record->certificates)
        add("[" + describe(certificate.statement) + "]");
    return text;
}

std::string describe_evidence(ByteView bytes) {
    const auto evidence = chain::decode_evidence(bytes);
    if (!evidence) return "refused: " + holdfast::describe(evidence.error());
    return fmt::format("{} of {} and {}", evidence->guilty, describe(evidence->first.statement),
                       describe(evidence->second.statement));
}

}  // namespace holdfast::bft
