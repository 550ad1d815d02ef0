// Re-checking a stopped node's whole data folder, trusting nothing that stands in it.
#pragma once

#include "app/config.h"
#include "journal/recovery.h"
#include "ledger/reader.h"

namespace holdfast::app {

struct Verified {
    ledger::VerifyReport ledger;
    journal::Finding journal = journal::Finding::missing;
    std::string journal_note;
    size_t journal_records = 0;

    [[nodiscard]] bool is_sound() const {
        return ledger.problems.empty() && journal == journal::Finding::intact;
    }
};

/// Errors: the folder cannot be looked at, which is another thing than unsound. The folder is
/// locked meanwhile, and nothing in it is changed.
Result<Verified> verify_data(const Config& config, const std::function<void(Height)>& progress);

std::string_view to_string(journal::Finding finding);

}  // namespace holdfast::app
