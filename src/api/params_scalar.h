// Single JSON values as our types; failures are words for people. Private to params*.cpp.
#pragma once

#include <boost/json.hpp>

#include "api/params.h"

namespace holdfast::api::scalar {

template <class T>
using Read = std::expected<T, std::string>;

inline std::string_view view_of(const boost::json::string& text) {
    return {text.data(), text.size()};
}

Read<Bytes> data(const boost::json::value& value);
Read<uint64_t> quantity(const boost::json::value& value);
Read<U256> amount(const boost::json::value& value);
Read<Hash32> slot_key(const boost::json::value& value);
Read<std::vector<Hash32>> slot_keys(const boost::json::value& value);
Read<BlockRef> block(const boost::json::value& value);

template <class Fixed>
Read<Fixed> fixed(const boost::json::value& value) {
    auto bytes = data(value);
    if (!bytes) return std::unexpected(bytes.error());
    const auto result = Fixed::from(*bytes);
    if (!result)
        return std::unexpected(fmt::format("hex string has length {}, want {}", 2 * bytes->size(),
                                           2 * Fixed::size_bytes));
    return *result;
}

}  // namespace holdfast::api::scalar
