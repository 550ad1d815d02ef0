// Messages and records in words, one line each: for scripts, logs and the simulator. Never parsed.
#include "consensus/pow/describe.h"

#include "base/overload.h"
#include "consensus/pow/records.h"

namespace holdfast::pow {
namespace {

constexpr size_t shown_bytes_max = 24;
constexpr size_t shown_headers_max = 4;

/// Its end: the beginning is all zeros.
std::string short_name(const Hash32& hash) {
    return to_hex(ByteView(hash.bytes).last(2));
}

std::string name_of(const Header& header) {
    return fmt::format("{}.{}", header.height, short_name(hash_of(header)));
}

std::string quoted(ByteView payload) {
    std::string text(text_of(payload.first(std::min(payload.size(), shown_bytes_max))));
    const bool printable = std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 127; });
    return printable ? fmt::format("\"{}\"", text) : fmt::format("{} bytes", payload.size());
}

std::string names(const std::vector<Hash32>& hashes) {
    std::string text;
    for (size_t i = 0; i < std::min(hashes.size(), shown_headers_max); ++i)
        text += " " + short_name(hashes[i]);
    return text + (hashes.size() > shown_headers_max ? " ..." : "");
}

}  // namespace

std::string describe(const Header& header) {
    return fmt::format("{} by {}", name_of(header), header.miner);
}

std::string describe_message(ByteView bytes) {
    const auto message = decode(bytes);
    if (!message) return "no message";
    return std::visit(
        Overload{
            [](const Announce& m) { return "Announce " + describe(m.tip); },
            [](const AskHeaders& m) { return "AskHeaders after" + names(m.locator); },
            [](const Headers& m) {
                std::string text = "Headers";
                for (const Header& header : m.headers) text += " " + name_of(header);
                return text + (m.headers.empty() ? " none" : "") + (m.more ? " and more" : "");
            },
            [](const Gap& m) { return fmt::format("Gap first={} tip={}", m.first, m.tip); },
            [](const AskBodies& m) { return "AskBodies" + names(m.blocks); },
            [](const Body& m) {
                return fmt::format("Body {} {}", short_name(m.block), quoted(*m.payload));
            },
            [](const NoBody& m) { return "NoBody " + short_name(m.block); },
        },
        *message);
}

std::string describe_record(ByteView bytes) {
    const auto record = decode_record(bytes);
    if (!record) return "no record";
    if (!record->header) return "final " + short_name(record->final);
    return fmt::format("block {} {}", describe(*record->header), quoted(*record->payload));
}

}  // namespace holdfast::pow
