// Writes JSON text straight into a string: answers are mostly hex, so no tree is built first.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/number.h"
#include "base/u256.h"

namespace holdfast::api {

/// Commas come by themselves; what is opened must be closed by the caller.
class JsonOut {
  public:
    JsonOut() = default;
    explicit JsonOut(size_t reserve_bytes) { out_.reserve(reserve_bytes); }

    JsonOut& object();
    JsonOut& end_object();
    JsonOut& array();
    JsonOut& end_array();
    /// `name` is ours and needs no escaping.
    JsonOut& key(std::string_view name);

    JsonOut& null();
    JsonOut& boolean(bool value);
    JsonOut& number(uint64_t value);
    JsonOut& number(double value);
    /// Escaped; bytes that are not UTF-8 become '?'.
    JsonOut& text(std::string_view value);
    /// "0x" and every byte.
    JsonOut& data(ByteView bytes);
    /// "0x1f": no leading zeros.
    JsonOut& quantity(uint64_t value);
    JsonOut& quantity(const U256& value);
    /// JSON text made elsewhere.
    JsonOut& raw(std::string_view json);

    template <size_t N, class Tag>
    JsonOut& data(const FixedBytes<N, Tag>& value) {
        return data(value.view());
    }
    template <class Tag>
    JsonOut& quantity(Ordinal<Tag> value) {
        return quantity(value.value);
    }

    [[nodiscard]] size_t size() const { return out_.size(); }
    [[nodiscard]] std::string take() { return std::move(out_); }

  private:
    void separate();
    std::string out_;
    bool comma_ = false;
};

/// One value as JSON text.
std::string json_text(std::string_view value);
std::string json_data(ByteView bytes);
std::string json_quantity(uint64_t value);
std::string json_quantity(const U256& value);

/// Well-formed UTF-8 without surrogates and overlong forms. [RFC 3629]
bool is_utf8(std::string_view text);

}  // namespace holdfast::api
