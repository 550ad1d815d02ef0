// Two tables, found by everything that the verdict depends on.
#include "crypto/verdicts.h"

#include <memory>
#include <string>
#include <unordered_map>

namespace holdfast::crypto {
namespace {

/// Enough for every signature that is still being passed around.
constexpr size_t remembered_max = 200'000;

struct Tables {
    std::unordered_map<std::string, bool> checked;
    std::unordered_map<std::string, PublicKey> recovered;
};

std::unique_ptr<Tables>& tables() {
    static std::unique_ptr<Tables> instance;
    return instance;
}

void add(std::string& to, ByteView bytes) {
    for (const uint8_t byte : bytes) to.push_back(static_cast<char>(byte));
}

std::string name_of(const NodePublicKey& key, ByteView message, const NodeSignature& signature) {
    std::string name;
    name.reserve(96 + message.size());
    add(name, key.view());
    add(name, signature.view());
    add(name, message);
    return name;
}

std::string name_of(const Hash32& digest, const RecoverableSignature& signature) {
    std::string name;
    name.reserve(97);
    add(name, digest.view());
    add(name, signature.r.view());
    add(name, signature.s.view());
    name.push_back(static_cast<char>(signature.y_parity));
    return name;
}

template <class Table>
void keep_in(Table& table, std::string name, const typename Table::mapped_type& value) {
    if (table.size() >= remembered_max) table.clear();
    table.emplace(std::move(name), value);
}

template <class Table>
std::optional<typename Table::mapped_type> find_in(const Table& table, const std::string& name) {
    const auto at = table.find(name);
    return at == table.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace

void remember_verdicts() {
    if (!tables()) tables() = std::make_unique<Tables>();
}

namespace verdicts {

std::optional<bool> find(const NodePublicKey& key, ByteView message,
                         const NodeSignature& signature) {
    if (!tables()) return std::nullopt;
    return find_in(tables()->checked, name_of(key, message, signature));
}

void keep(const NodePublicKey& key, ByteView message, const NodeSignature& signature, bool valid) {
    if (tables()) keep_in(tables()->checked, name_of(key, message, signature), valid);
}

std::optional<PublicKey> find(const Hash32& digest, const RecoverableSignature& signature) {
    if (!tables()) return std::nullopt;
    return find_in(tables()->recovered, name_of(digest, signature));
}

void keep(const Hash32& digest, const RecoverableSignature& signature, const PublicKey& key) {
    if (tables()) keep_in(tables()->recovered, name_of(digest, signature), key);
}

}  // namespace verdicts
}  // namespace holdfast::crypto
