// Does a journal that comes back hold what was on its platter? For the checkers of every engine.
#pragma once

#include <functional>

#include <fmt/format.h>

#include "consensus/engine.h"

namespace holdfast::sim {

/// What is wrong with `back`, in words; empty: nothing. `kept` was written, in the order of its
/// tokens, and not forgotten; `stored` gives the journal's record of each.
template <class Kept, class Projection = std::identity>
std::string lost_record(const Kept& kept, consensus::Token platter,
                        const std::vector<consensus::JournalRecord>& back, Projection stored = {}) {
    auto found = back.begin();
    for (const auto& one : kept) {
        const consensus::JournalRecord& record = std::invoke(stored, one);
        if (record.token > platter) break;
        while (found != back.end() && found->token < record.token) ++found;
        if (found == back.end() || found->token != record.token)
            return fmt::format("without record {}, which was on its platter", record.token);
        if (*found->bytes != *record.bytes)
            return fmt::format("with another record {} than it wrote", record.token);
    }
    return {};
}

}  // namespace holdfast::sim
