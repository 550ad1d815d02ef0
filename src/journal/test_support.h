// What the journal's tests share: an identity, groups written shortly, records read shortly.
#pragma once

#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "env/memory_device.h"
#include "journal/journal.h"

namespace holdfast::journal::test {

using consensus::Token;
using env::MemoryDevice;

inline Identity me() {
    Identity identity;
    identity.genesis.bytes.fill(0x5a);
    identity.node = NodeId(3);
    return identity;
}

inline std::vector<consensus::Persist> group(
    const std::vector<std::pair<uint64_t, std::string>>& records) {
    std::vector<consensus::Persist> out;
    for (const auto& [token, text] : records)
        out.push_back({Token(token), make_buffer(to_bytes(std::string_view(text)))});
    return out;
}

inline std::vector<consensus::Persist> numbered(const std::vector<uint64_t>& tokens) {
    std::vector<std::pair<uint64_t, std::string>> records;
    for (const uint64_t token : tokens) records.emplace_back(token, fmt::format("r{}", token));
    return group(records);
}

inline std::vector<uint64_t> upto(uint64_t last) {
    std::vector<uint64_t> tokens;
    for (uint64_t token = 1; token <= last; ++token) tokens.push_back(token);
    return tokens;
}

/// A journal of incarnation 7 with one group a token.
inline void filled(MemoryDevice& device, const std::vector<uint64_t>& tokens,
                   size_t rotate_bytes = segment_bytes) {
    CHECK(Journal::create(device, me(), Birth::newborn, 7), "an empty device");
    Journal journal(device, rotate_bytes);
    CHECK(journal.open(me(), 8), "a new journal opens");
    for (const uint64_t token : tokens) journal.append_group(numbered({token}));
}

inline std::string texts(const Recovered& recovered) {
    std::string out;
    for (const auto& record : recovered.records)
        out += fmt::format("{}:{} ", record.token, text_of(*record.bytes));
    return out;
}

}  // namespace holdfast::journal::test
