// The encoding of messages: a version, the number of the alternative, its fields.
#include "consensus/bft/messages.h"

#include "base/overload.h"

namespace holdfast::bft {
namespace {

constexpr uint8_t version = 1;

SignedStatement read_vote(Reader& in) {
    const SignedStatement said = chain::decode_signed_statement(in);
    if (!is_vote(said.statement)) in.fail_with(codec_errc::bad_value);
    return said;
}

void write_optional(Writer& out, const std::optional<Certificate>& certificate) {
    out.boolean(certificate.has_value());
    if (certificate) encode(out, *certificate);
}

Propose read_propose(Reader& in) {
    Propose propose;
    propose.candidate = decode_candidate(in);
    const size_t count = in.count(justification_max);
    for (size_t i = 0; i < count && !in.failed(); ++i)
        propose.justification.push_back(decode_certificate(in));
    return propose;
}

Answer read_answer(Reader& in) {
    Answer answer;
    answer.number = in.u64();
    answer.seen = decode_place(in);
    answer.spoken = decode_place(in);
    if (in.boolean()) answer.certificate = decode_certificate(in);
    return answer;
}

Body read_body(Reader& in) {
    switch (in.u8()) {
        case 0:
            return read_propose(in);
        case 1:
            return Vote{read_vote(in)};
        case 2:
            return Certified{decode_certificate(in)};
        case 3:
            return Waiting{decode_place(in)};
        case 4: {
            Standing standing;
            standing.floor = decode_place(in);
            standing.current = decode_ordinal(in);
            standing.final = Height(decode_ordinal(in));
            return standing;
        }
        case 5:
            return Fetch{in.fixed<Hash32>()};
        case 6: {
            Fetched fetched{decode_candidate(in), std::nullopt};
            if (in.boolean()) fetched.certificate = decode_certificate(in);
            return fetched;
        }
        case 7:
            return InLedger{Height(decode_ordinal(in))};
        case 8:
            return Inquiry{in.u64()};
        case 9:
            return read_answer(in);
        default:
            in.fail_with(codec_errc::bad_value);
            return Waiting{};
    }
}

}  // namespace

Buffer encode(const Body& body) {
    Writer out;
    out.u8(version);
    out.u8(static_cast<uint8_t>(body.index()));
    std::visit(Overload{
                   [&](const Propose& m) {
                       encode(out, m.candidate);
                       out.count(m.justification.size());
                       for (const Certificate& one : m.justification) encode(out, one);
                   },
                   [&](const Vote& m) { chain::encode(out, m.said); },
                   [&](const Certified& m) { encode(out, m.certificate); },
                   [&](const Waiting& m) { encode(out, m.place); },
                   [&](const Standing& m) {
                       encode(out, m.floor);
                       out.u64(m.current);
                       out.ordinal(m.final);
                   },
                   [&](const Fetch& m) { out.fixed(m.digest); },
                   [&](const Fetched& m) {
                       encode(out, m.candidate);
                       write_optional(out, m.certificate);
                   },
                   [&](const InLedger& m) { out.ordinal(m.upto); },
                   [&](const Inquiry& m) { out.u64(m.number); },
                   [&](const Answer& m) {
                       out.u64(m.number);
                       encode(out, m.seen);
                       encode(out, m.spoken);
                       write_optional(out, m.certificate);
                   },
               },
               body);
    return make_buffer(out.take());
}

Result<Body> decode(ByteView bytes) {
    Reader in(bytes);
    if (in.u8() != version) in.fail_with(codec_errc::bad_value);
    Body body = read_body(in);
    if (const Status status = in.finish(); !status) return std::unexpected(status.error());
    return body;
}

}  // namespace holdfast::bft
