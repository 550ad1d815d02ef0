// Single JSON values as our types.
#include "api/params_scalar.h"

namespace holdfast::api::scalar {

namespace json = boost::json;

namespace {

/// What a client sent, shortened: messages must not echo megabytes.
std::string shown(std::string_view text) {
    constexpr size_t shown_bytes_max = 80;
    if (text.size() <= shown_bytes_max) return std::string(text);
    return std::string(text.substr(0, shown_bytes_max)) + "...";
}

bool has_prefix(std::string_view text) {
    return text.starts_with("0x") || text.starts_with("0X");
}

}  // namespace

Read<Bytes> data(const json::value& value) {
    if (!value.is_string()) return std::unexpected("expected a hex string");
    const std::string_view text = view_of(value.get_string());
    if (!has_prefix(text)) return std::unexpected("hex string without 0x prefix");
    const auto bytes = from_hex(text.substr(2));
    if (!bytes) {
        if (text.size() % 2 != 0) return std::unexpected("hex string of odd length");
        return std::unexpected("invalid hex string");
    }
    return *bytes;
}

Read<U256> amount(const json::value& value) {
    if (value.is_int64() && value.get_int64() >= 0)
        return U256(static_cast<uint64_t>(value.get_int64()));
    if (value.is_uint64()) return U256(value.get_uint64());
    if (!value.is_string()) return std::unexpected("expected a hex quantity");
    const std::string_view text = view_of(value.get_string());
    if (!has_prefix(text)) return std::unexpected("hex string without 0x prefix");
    if (text.size() > 66) return std::unexpected("hex number of more than 256 bits");
    // One form for each number, so that nothing on the way can read it differently. [EIP-1474]
    if (text.size() > 3 && text[2] == '0')
        return std::unexpected("hex number with leading zero digits");
    const auto number = U256::parse("0x" + std::string(text.substr(2)));
    if (!number) return std::unexpected(fmt::format("invalid hex number \"{}\"", shown(text)));
    return *number;
}

Read<uint64_t> quantity(const json::value& value) {
    const auto number = amount(value);
    if (!number) return std::unexpected(number.error());
    if (!number->fits_u64()) return std::unexpected("hex number of more than 64 bits");
    return number->low64();
}

Read<Hash32> slot_key(const json::value& value) {
    if (!value.is_string()) return std::unexpected("expected a storage key as a hex string");
    const std::string_view text = view_of(value.get_string());
    std::string digits(has_prefix(text) ? text.substr(2) : text);
    if (digits.size() > 64)
        return std::unexpected(
            fmt::format("storage key too long (want at most 32 bytes): \"{}\"", shown(text)));
    if (digits.empty())
        return std::unexpected(fmt::format("invalid hex in storage key: \"{}\"", shown(text)));
    digits.insert(0, 64 - digits.size(), '0');
    const auto key = fixed_from_hex<Hash32>(digits);
    if (!key)
        return std::unexpected(fmt::format("invalid hex in storage key: \"{}\"", shown(text)));
    return *key;
}

Read<std::vector<Hash32>> slot_keys(const json::value& value) {
    if (!value.is_array()) return std::unexpected("expected an array of storage keys");
    const json::array& items = value.get_array();
    if (items.size() > slot_keys_max)
        return std::unexpected(fmt::format("more than {} storage keys", slot_keys_max));
    std::vector<Hash32> keys;
    keys.reserve(items.size());
    for (const json::value& item : items) {
        const auto key = slot_key(item);
        if (!key) return std::unexpected(key.error());
        keys.push_back(*key);
    }
    return keys;
}

namespace {

// [EIP-1898]
Read<BlockRef> block_object(const json::object& object) {  // NOLINT(misc-no-recursion)
    const json::value* number = object.if_contains("blockNumber");
    const json::value* hash = object.if_contains("blockHash");
    if ((number != nullptr) == (hash != nullptr))
        return std::unexpected("expected either blockNumber or blockHash");
    if (number != nullptr) {
        if (number->is_object()) return std::unexpected("blockNumber is an object");
        return block(*number);
    }
    const auto value = fixed<Hash32>(*hash);
    if (!value) return std::unexpected(value.error());
    return BlockRef{BlockRef::Kind::hash, {}, *value};
}

}  // namespace

// Recurses once at the most: the number inside an object is no object.
Read<BlockRef> block(const json::value& value) {  // NOLINT(misc-no-recursion)
    if (value.is_object()) return block_object(value.get_object());
    if (value.is_string()) {
        const std::string_view text = view_of(value.get_string());
        if (text == "latest" || text == "pending" || text == "safe" || text == "finalized")
            return BlockRef{};
        if (text == "earliest") return BlockRef{BlockRef::Kind::number, Height(0), {}};
        if (text.size() == 66 && has_prefix(text)) {
            const auto hash = fixed<Hash32>(value);
            if (!hash) return std::unexpected(hash.error());
            return BlockRef{BlockRef::Kind::hash, {}, *hash};
        }
    }
    const auto number = quantity(value);
    if (!number) return std::unexpected("invalid block: " + number.error());
    return BlockRef{BlockRef::Kind::number, Height(*number), {}};
}

}  // namespace holdfast::api::scalar
