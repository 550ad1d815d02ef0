// Reading and making keys. What a file's mode lets others read is refused: a key that leaked once
// is no longer a key, and the operator is the only one who can tell.
#include "app/keys.h"

#include <charconv>

#include <fmt/format.h>

#include "app/development.h"
#include "base/check.h"
#include "storage/files.h"

namespace holdfast::app {
namespace {

constexpr size_t key_file_bytes_max = 256;

Result<Bytes> read_key_file(const std::filesystem::path& file) {
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::file_status status = fs::status(file, error);
    if (error || !fs::is_regular_file(status))
        return fail(errc::key_unreadable, fmt::format("{} is not a file", file.string()));
    if ((status.permissions() & (fs::perms::group_all | fs::perms::others_all)) != fs::perms::none)
        return fail(errc::key_permissions,
                    fmt::format("{} has mode {:04o}", file.string(),
                                static_cast<unsigned>(status.permissions()) & 07777U));
    auto bytes = storage::read_file(file, key_file_bytes_max);
    if (!bytes) return fail(errc::key_unreadable, bytes.error().detail);
    std::string_view text = text_of(*bytes);
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    auto key = from_hex(text);
    if (!key || key->size() != 32)
        return fail(errc::key_unreadable,
                    fmt::format("{} does not hold 64 hexadecimal digits", file.string()));
    return *key;
}

}  // namespace

Result<crypto::NodeSeed> read_node_key(const std::filesystem::path& file) {
    auto bytes = read_key_file(file);
    if (!bytes) return std::unexpected(bytes.error());
    return *crypto::NodeSeed::from(*bytes);
}

Result<crypto::SecretKey> read_account_key(const std::string& source) {
    const std::string_view text = source;
    if (text.starts_with("dev:")) {
        size_t index = SIZE_MAX;
        const auto parsed = std::from_chars(text.data() + 4, text.data() + text.size(), index);
        if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() ||
            index >= development_accounts().size())
            return fail(errc::key_unreadable, fmt::format("{}: dev:0 to dev:9 are known", source));
        return development_accounts()[index].key;
    }
    std::optional<crypto::SecretKey> key;
    if (text.starts_with("0x")) {
        key = fixed_from_hex<crypto::SecretKey>(text);
        if (!key) return fail(errc::key_unreadable, "not 64 hexadecimal digits behind 0x");
    } else {
        auto bytes = read_key_file(source);
        if (!bytes) return std::unexpected(bytes.error());
        key = crypto::SecretKey::from(*bytes);
    }
    // Not the words of the error of the curve: they must never hold a part of the key.
    if (!crypto::public_key(*key)) return fail(errc::key_unreadable, "out of the curve's range");
    return *key;
}

uint64_t random_number() {
    std::array<uint8_t, 8> bytes{};
    uint64_t value = 0;
    while (value == 0) {
        crypto::random_bytes(bytes);
        std::memcpy(&value, bytes.data(), sizeof value);
    }
    return value;
}

crypto::NodeSeed new_node_key() {
    crypto::NodeSeed seed;
    crypto::random_bytes(seed.bytes);
    return seed;
}

crypto::SecretKey new_account_key() {
    crypto::SecretKey key;
    do {
        crypto::random_bytes(key.bytes);
    } while (!crypto::public_key(key));
    return key;
}

Status write_key(const std::filesystem::path& file, ByteView key) {
    std::error_code error;
    if (std::filesystem::exists(file, error))
        return fail(errc::key_unreadable,
                    fmt::format("{} exists already and is not overwritten", file.string()));
    return storage::write_file(file, view_of(to_hex(key) + "\n"), 0600);
}

Address account_of(const crypto::SecretKey& key) {
    const auto public_key = crypto::public_key(key);
    CHECK(public_key.has_value(), "the key was checked when it was read or made");
    return crypto::address_of(*public_key);
}

}  // namespace holdfast::app
