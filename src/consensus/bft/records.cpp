// Journal records, and their replay.
#include "consensus/bft/records.h"

namespace holdfast::bft {
namespace {

constexpr size_t said_max = 1 << 16;
constexpr size_t candidates_max = 1 << 12;
constexpr size_t certificates_max = 1 << 16;

constexpr uint8_t has_incarnation = 1;
constexpr uint8_t is_forgetful = 2;
constexpr uint8_t has_floor = 4;

}  // namespace

Buffer encode(const Record& record) {
    Writer out;
    out.u8(static_cast<uint8_t>((record.incarnation ? has_incarnation : 0) |
                                (record.forgetful ? is_forgetful : 0) |
                                (record.floor ? has_floor : 0)));
    if (record.incarnation) out.u64(*record.incarnation);
    if (record.floor) encode(out, *record.floor);
    out.count(record.said.size());
    for (const SignedStatement& said : record.said) chain::encode(out, said);
    out.count(record.candidates.size());
    for (const Candidate& candidate : record.candidates) encode(out, candidate);
    out.count(record.certificates.size());
    for (const Certificate& certificate : record.certificates) encode(out, certificate);
    return make_buffer(out.take());
}

Result<Record> decode_record(ByteView bytes) {
    Reader in(bytes);
    Record record;
    const uint8_t flags = in.u8();
    if (flags > (has_incarnation | is_forgetful | has_floor)) in.fail_with(codec_errc::bad_value);
    if ((flags & has_incarnation) != 0) record.incarnation = in.u64();
    record.forgetful = (flags & is_forgetful) != 0;
    if ((flags & has_floor) != 0) record.floor = decode_place(in);
    const size_t said = in.count(said_max);
    for (size_t i = 0; i < said && !in.failed(); ++i)
        record.said.push_back(chain::decode_signed_statement(in));
    const size_t candidates = in.count(candidates_max);
    for (size_t i = 0; i < candidates && !in.failed(); ++i)
        record.candidates.push_back(decode_candidate(in));
    const size_t certificates = in.count(certificates_max);
    for (size_t i = 0; i < certificates && !in.failed(); ++i)
        record.certificates.push_back(decode_certificate(in));
    if (const Status status = in.finish(); !status) return std::unexpected(status.error());
    return record;
}

Result<Recalled> recall(const std::vector<consensus::JournalRecord>& records) {
    Recalled recalled;
    for (const consensus::JournalRecord& stored : records) {
        auto record = decode_record(*stored.bytes);
        if (!record) return std::unexpected(record.error());
        recalled.last = stored.token;
        if (record->incarnation) {
            if (recalled.incarnation && recalled.incarnation != record->incarnation)
                return fail(codec_errc::bad_value, "records of two journals");
            recalled.incarnation = record->incarnation;
            recalled.forgetful = record->forgetful;
        }
        for (const SignedStatement& said : record->said) {
            // A checkpoint repeats what earlier records, if they are left, have told.
            if (place_of(said.statement) <= recalled.gate.floor()) continue;
            if (!recalled.gate.allows(said.statement))
                return fail(codec_errc::bad_value, "statements that contradict each other");
            recalled.gate.record(said);
        }
        if (record->floor) recalled.gate.raise_floor(*record->floor);
        std::ranges::move(record->candidates, std::back_inserter(recalled.candidates));
        std::ranges::move(record->certificates, std::back_inserter(recalled.certificates));
    }
    return recalled;
}

}  // namespace holdfast::bft
