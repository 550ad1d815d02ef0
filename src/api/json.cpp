// Writes JSON text straight into a string.
#include "api/json.h"

#include <fmt/format.h>

namespace holdfast::api {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

void append_hex(std::string& out, ByteView bytes) {
    const size_t start = out.size();
    out.resize(start + 2 * bytes.size());
    char* at = out.data() + start;
    for (const uint8_t byte : bytes) {
        *at++ = digits[byte >> 4];
        *at++ = digits[byte & 15];
    }
}

void append_escaped(std::string& out, std::string_view value) {
    const bool pass_high_bytes = is_utf8(value);
    for (const char c : value) {
        const auto byte = static_cast<uint8_t>(c);
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (byte < 0x20) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
        } else if (byte >= 0x80 && !pass_high_bytes) {
            out.push_back('?');
        } else {
            out.push_back(c);
        }
    }
}

/// The length of the UTF-8 sequence at `at`; 0 if it is malformed.
size_t sequence_bytes(std::string_view text, size_t at) {
    const auto byte_at = [&](size_t i) -> uint32_t {
        return i < text.size() ? static_cast<uint8_t>(text[i]) : 0;
    };
    const auto continues = [&](size_t i) { return (byte_at(i) & 0xc0) == 0x80; };
    const uint32_t first = byte_at(at);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return continues(at + 1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        if (!continues(at + 1) || !continues(at + 2)) return 0;
        const uint32_t code = (first & 15) << 12 | (byte_at(at + 1) & 63) << 6;
        return code >= 0x800 && (code < 0xd800 || code > 0xdfff) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if (!continues(at + 1) || !continues(at + 2) || !continues(at + 3)) return 0;
        const uint32_t code = (first & 7) << 18 | (byte_at(at + 1) & 63) << 12;
        return code >= 0x10000 && code <= 0x10ffff ? 4 : 0;
    }
    return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
    for (size_t at = 0; at < text.size();) {
        const size_t step = sequence_bytes(text, at);
        if (step == 0) return false;
        at += step;
    }
    return true;
}

void JsonOut::separate() {
    if (comma_) out_.push_back(',');
    comma_ = true;
}

JsonOut& JsonOut::object() {
    separate();
    out_.push_back('{');
    comma_ = false;
    return *this;
}

JsonOut& JsonOut::end_object() {
    out_.push_back('}');
    comma_ = true;
    return *this;
}

JsonOut& JsonOut::array() {
    separate();
    out_.push_back('[');
    comma_ = false;
    return *this;
}

JsonOut& JsonOut::end_array() {
    out_.push_back(']');
    comma_ = true;
    return *this;
}

JsonOut& JsonOut::key(std::string_view name) {
    separate();
    out_.push_back('"');
    out_.append(name);
    out_.append("\":");
    comma_ = false;
    return *this;
}

JsonOut& JsonOut::null() {
    return raw("null");
}

JsonOut& JsonOut::boolean(bool value) {
    return raw(value ? "true" : "false");
}

JsonOut& JsonOut::number(uint64_t value) {
    separate();
    fmt::format_to(std::back_inserter(out_), "{}", value);
    return *this;
}

JsonOut& JsonOut::number(double value) {
    separate();
    fmt::format_to(std::back_inserter(out_), "{}", value);
    return *this;
}

JsonOut& JsonOut::text(std::string_view value) {
    separate();
    out_.push_back('"');
    append_escaped(out_, value);
    out_.push_back('"');
    return *this;
}

JsonOut& JsonOut::data(ByteView bytes) {
    separate();
    out_.append("\"0x");
    append_hex(out_, bytes);
    out_.push_back('"');
    return *this;
}

JsonOut& JsonOut::quantity(uint64_t value) {
    separate();
    fmt::format_to(std::back_inserter(out_), "\"0x{:x}\"", value);
    return *this;
}

JsonOut& JsonOut::quantity(const U256& value) {
    if (value.fits_u64()) return quantity(value.low64());
    separate();
    out_.push_back('"');
    out_.append(value.to_hex_quantity());
    out_.push_back('"');
    return *this;
}

JsonOut& JsonOut::raw(std::string_view json) {
    separate();
    out_.append(json);
    return *this;
}

std::string json_text(std::string_view value) {
    return JsonOut().text(value).take();
}

std::string json_data(ByteView bytes) {
    return JsonOut(2 * bytes.size() + 4).data(bytes).take();
}

std::string json_quantity(uint64_t value) {
    return JsonOut().quantity(value).take();
}

std::string json_quantity(const U256& value) {
    return JsonOut().quantity(value).take();
}

}  // namespace holdfast::api
