// JSON as a plain tree, strictly: repeated keys, comments and deep nesting are refused, and numbers
// keep their digits, for amounts do not fit a double. For genesis and proofs.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace holdfast::chain {

struct JsonField;

struct Json {
    enum class Kind : uint8_t { null, boolean, number, string, array, object };

    Kind kind = Kind::null;
    bool flag = false;  ///< boolean
    std::string text;   ///< string: its content; number: its digits as written
    std::vector<Json> items;
    std::vector<JsonField> fields;  ///< object: in the order of the file

    [[nodiscard]] const Json* find(std::string_view name) const;
};

struct JsonField {
    std::string name;
    Json value;
};

std::string_view to_string(Json::Kind kind);

/// Errors: errc::genesis_malformed, with the place.
Result<Json> parse_json(std::string_view text, size_t depth_max);

}  // namespace holdfast::chain
