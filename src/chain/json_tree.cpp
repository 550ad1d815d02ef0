// Boost.JSON reads; this gathers what it reads. Boost's own tree would keep the last of two equal
// keys and turn large numbers into doubles.
#include "chain/json_tree.h"

#include <algorithm>
#include <utility>

#include <boost/json/basic_parser_impl.hpp>

#include "base/check.h"
#include "chain/errors.h"

// Boost asks for these where exceptions are off. Nothing here calls a throwing form.
namespace boost {
void throw_exception(const std::exception& error);
void throw_exception(const std::exception& error, const source_location& where);

void throw_exception(const std::exception& error) {
    holdfast::fatal(std::string("an exception from a library: ") + error.what());
}
void throw_exception(const std::exception& error, const source_location& /*where*/) {
    throw_exception(error);
}
}  // namespace boost

namespace holdfast::chain {
namespace {

using boost::json::error_code;
using boost::json::string_view;

/// Receives the parser's events. The names and types are Boost.JSON's.
struct Builder {
    static constexpr std::size_t max_object_size = SIZE_MAX;
    static constexpr std::size_t max_array_size = SIZE_MAX;
    static constexpr std::size_t max_key_size = SIZE_MAX;
    static constexpr std::size_t max_string_size = SIZE_MAX;

    Json root;
    /// The containers around the next value. Stable: only the innermost one ever grows.
    std::vector<Json*> open;
    std::string key;
    std::string part;
    std::string why;  ///< what we refuse beyond the parser's own errors

    Json& place(Json::Kind kind) {
        Json* at = &root;
        if (!open.empty() && open.back()->kind == Json::Kind::array) {
            at = &open.back()->items.emplace_back();
        } else if (!open.empty()) {
            at = &open.back()->fields.emplace_back(JsonField{std::move(key), Json{}}).value;
            key.clear();
        }
        at->kind = kind;
        return *at;
    }
    bool refuse(std::string reason, error_code& code) {
        why = std::move(reason);
        code = boost::json::error::syntax;
        return false;
    }
    bool on_number(string_view text) {
        part.append(text.data(), text.size());
        place(Json::Kind::number).text = std::exchange(part, {});
        return true;
    }

    bool on_document_begin(error_code& /*code*/) { return true; }
    bool on_document_end(error_code& /*code*/) { return true; }
    bool on_object_begin(error_code& /*code*/) {
        open.push_back(&place(Json::Kind::object));
        return true;
    }
    bool on_object_end(std::size_t /*size*/, error_code& code) {
        std::vector<std::string_view> names;
        names.reserve(open.back()->fields.size());
        for (const auto& [name, value] : open.back()->fields) names.emplace_back(name);
        std::ranges::sort(names);
        const auto repeated = std::ranges::adjacent_find(names);
        if (repeated != names.end())
            return refuse("the key \"" + std::string(*repeated) + "\" stands twice in one object",
                          code);
        open.pop_back();
        return true;
    }
    bool on_array_begin(error_code& /*code*/) {
        open.push_back(&place(Json::Kind::array));
        return true;
    }
    bool on_array_end(std::size_t /*size*/, error_code& /*code*/) {
        open.pop_back();
        return true;
    }
    bool on_key_part(string_view text, std::size_t /*size*/, error_code& /*code*/) {
        key.append(text.data(), text.size());
        return true;
    }
    bool on_key(string_view text, std::size_t size, error_code& code) {
        return on_key_part(text, size, code);
    }
    bool on_string_part(string_view text, std::size_t /*size*/, error_code& /*code*/) {
        part.append(text.data(), text.size());
        return true;
    }
    bool on_string(string_view text, std::size_t size, error_code& code) {
        on_string_part(text, size, code);
        place(Json::Kind::string).text = std::exchange(part, {});
        return true;
    }
    bool on_number_part(string_view text, error_code& /*code*/) {
        part.append(text.data(), text.size());
        return true;
    }
    bool on_int64(std::int64_t /*value*/, string_view text, error_code& /*code*/) {
        return on_number(text);
    }
    bool on_uint64(std::uint64_t /*value*/, string_view text, error_code& /*code*/) {
        return on_number(text);
    }
    bool on_double(double /*value*/, string_view text, error_code& /*code*/) {
        return on_number(text);
    }
    bool on_bool(bool value, error_code& /*code*/) {
        place(Json::Kind::boolean).flag = value;
        return true;
    }
    bool on_null(error_code& /*code*/) {
        place(Json::Kind::null);
        return true;
    }
    bool on_comment_part(string_view /*text*/, error_code& /*code*/) { return true; }
    bool on_comment(string_view /*text*/, error_code& /*code*/) { return true; }
};

/// Where the parser stood, for people.
std::string line_of(std::string_view text, size_t at) {
    const auto line = 1 + std::ranges::count(text.substr(0, at), '\n');
    return "line " + std::to_string(line);
}

}  // namespace

const Json* Json::find(std::string_view name) const {
    const auto at = std::ranges::find(fields, name, &JsonField::name);
    return at != fields.end() ? &at->value : nullptr;
}

std::string_view to_string(Json::Kind kind) {
    switch (kind) {
        case Json::Kind::null:
            return "null";
        case Json::Kind::boolean:
            return "a boolean";
        case Json::Kind::number:
            return "a number";
        case Json::Kind::string:
            return "a string";
        case Json::Kind::array:
            return "an array";
        case Json::Kind::object:
            return "an object";
    }
    return "";
}

Result<Json> parse_json(std::string_view text, size_t depth_max) {
    boost::json::parse_options options;
    options.max_depth = depth_max;
    boost::json::basic_parser<Builder> parser(options);
    error_code code;
    const size_t read = parser.write_some(false, text.data(), text.size(), code);
    const Builder& builder = parser.handler();
    if (code) {
        const std::string why = builder.why.empty() ? code.message() : builder.why;
        return fail(errc::genesis_malformed, why + ", " + line_of(text, read));
    }
    if (read != text.size())
        return fail(errc::genesis_malformed, "more after the value, " + line_of(text, read));
    return std::move(parser.handler().root);
}

}  // namespace holdfast::chain
