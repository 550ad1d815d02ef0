// The Ethereum project's own vectors: RLP, tries, transactions. [ethereum/tests]
#include <gtest/gtest.h>

#include "chain/errors.h"
#include "chain/rlp.h"
#include "chain/test_vectors.h"
#include "chain/transaction.h"
#include "chain/trie.h"
#include "crypto/hash.h"

namespace holdfast::chain {
namespace {

Bytes bytes_of(const Json& json) {
    if (json.text.starts_with("0x")) return from_hex(json.text).value_or(Bytes{});
    return to_bytes(std::string_view(json.text));
}

/// The decimal digits as RLP's number: bytes, most significant first, whatever their width.
Bytes big_number(std::string_view digits) {
    Bytes bytes;
    for (const char digit : digits) {
        unsigned carry = static_cast<unsigned>(digit - '0');
        for (size_t i = bytes.size(); i-- > 0;) {
            const unsigned value = bytes[i] * 10U + carry;
            bytes[i] = static_cast<uint8_t>(value);
            carry = value >> 8;
        }
        if (carry != 0) bytes.insert(bytes.begin(), static_cast<uint8_t>(carry));
    }
    return bytes;
}

// NOLINTNEXTLINE(misc-no-recursion): the vectors are small and our own
void encode_json(rlp::Encoder& out, const Json& json) {
    if (json.kind == Json::Kind::array) {
        out.begin_list();
        for (const Json& item : json.items) encode_json(out, item);
        out.end_list();
    } else if (json.kind == Json::Kind::number) {
        out.string(big_number(json.text));
    } else if (json.text.starts_with('#')) {
        out.string(big_number(std::string_view(json.text).substr(1)));
    } else {
        out.string(to_bytes(std::string_view(json.text)));
    }
}

TEST(Vectors, Rlp) {
    HOLDFAST_VECTORS_OR_SKIP(folder, "ethereum-tests", "RLPTests");
    size_t valid = 0;
    size_t invalid = 0;
    for (const std::string& file : test::json_files(*folder)) {
        const auto json = test::read_json(file);
        ASSERT_TRUE(json) << file;
        for (const auto& [name, vector] : json->fields) {
            const Json* in = vector.find("in");
            const Json* out = vector.find("out");
            // The random example has the bytes under "out" and the verdict under "in", as has
            // every invalid one.
            const auto bytes = from_hex(out->text);
            ASSERT_TRUE(bytes) << name;
            const bool is_valid = in->text != "INVALID";
            EXPECT_EQ(rlp::validate(*bytes).has_value(), is_valid) << name;
            ++(is_valid ? valid : invalid);
            if (!is_valid || in->text == "VALID") continue;
            rlp::Encoder encoder;
            encode_json(encoder, *in);
            EXPECT_EQ(to_hex(encoder.take()), to_hex(*bytes)) << name;
        }
    }
    EXPECT_GE(valid, 29U);
    EXPECT_GE(invalid, 26U);
}

/// Items in the order of the file; null removes.
std::vector<std::pair<Bytes, std::optional<Bytes>>> trie_steps(const Json& in) {
    std::vector<std::pair<Bytes, std::optional<Bytes>>> steps;
    const auto add = [&steps](Bytes key, const Json& value) {
        const bool removes = value.kind == Json::Kind::null;
        steps.emplace_back(std::move(key), removes ? std::nullopt : std::optional(bytes_of(value)));
    };
    for (const auto& [key, value] : in.fields) {
        Json name;
        name.text = key;
        add(bytes_of(name), value);
    }
    for (const Json& pair : in.items) add(bytes_of(pair.items[0]), pair.items[1]);
    return steps;
}

void check_plain_trie(const Json& vector, const std::string& name) {
    std::map<Bytes, Bytes> items;
    for (const auto& [key, value] : trie_steps(*vector.find("in"))) {
        items.erase(key);
        if (value) items.emplace(key, *value);
    }
    EXPECT_EQ(to_hex0x(trie_root(items).view()), vector.find("root")->text) << name;
}

/// One step at a time through the trie in place, as blocks would.
void check_secure_trie(const Json& vector, const std::string& name) {
    std::map<Nibbles, Bytes> nodes;
    const NodeSource source = [&nodes](ByteView path) -> std::optional<Bytes> {
        const auto at = nodes.find(to_bytes(path));
        return at != nodes.end() ? std::optional(at->second) : std::nullopt;
    };
    Hash32 root;
    for (const auto& [key, value] : trie_steps(*vector.find("in"))) {
        const TrieUpdate update = update_trie(source, {{crypto::keccak256(key), value}});
        root = update.root;
        for (const auto& [path, rlp] : update.nodes) {
            nodes.erase(path);
            if (rlp) nodes.emplace(path, *rlp);
        }
    }
    EXPECT_EQ(to_hex0x(root.view()), vector.find("root")->text) << name;
}

TEST(Vectors, Tries) {
    HOLDFAST_VECTORS_OR_SKIP(folder, "ethereum-tests", "TrieTests");
    size_t plain = 0;
    size_t secure = 0;
    for (const std::string& file : test::json_files(*folder)) {
        const auto json = test::read_json(file);
        ASSERT_TRUE(json) << file;
        const bool is_secure =
            file.ends_with("secureTrie.json") || file.ends_with("securetrie_test.json");
        for (const auto& [name, vector] : json->fields) {
            if (vector.find("root") == nullptr) continue;  // the order of keys is not our business
            if (is_secure)
                check_secure_trie(vector, name);
            else
                check_plain_trie(vector, name);
            ++(is_secure ? secure : plain);
        }
    }
    EXPECT_GE(plain, 11U);
    EXPECT_GE(secure, 13U);
}

/// The newest fork that the file has results for.
const Json* newest_result(const Json& vector) {
    for (const auto* fork : {"Osaka", "Prague", "Cancun", "Shanghai"})
        if (const Json* result = vector.find("result")->find(fork)) return result;
    return nullptr;
}

TEST(Vectors, Transactions) {
    HOLDFAST_VECTORS_OR_SKIP(folder, "ethereum-tests", "TransactionTests");
    // The files are older than EIP-7825 and EIP-7623; their own tests are in transaction_test.cpp.
    const TxRules rules{.chain_id = 1, .require_chain_id = false, .gas_limit_max = UINT64_MAX};
    size_t accepted = 0;
    size_t refused = 0;
    for (const std::string& file : test::json_files(*folder)) {
        const auto json = test::read_json(file);
        ASSERT_TRUE(json) << file;
        for (const auto& [name, vector] : json->fields) {
            const Json* result = newest_result(vector);
            const auto raw = from_hex(vector.find("txbytes")->text);
            if (result == nullptr || !raw) continue;
            const auto found = recover_transaction(*raw, rules);
            const Json* sender = result->find("sender");
            if (sender == nullptr) {
                EXPECT_FALSE(found) << file << " " << result->find("exception")->text;
                ++refused;
                continue;
            }
            ++accepted;
            const auto decoded = decode_transaction(*raw);
            ASSERT_TRUE(decoded) << file << " " << describe(decoded.error());
            EXPECT_EQ(U256(intrinsic_gas(*decoded)),
                      U256::parse(result->find("intrinsicGas")->text))
                << file;
            EXPECT_EQ(encode_transaction(*decoded), *raw) << file;
            if (decoded->gas_limit < floor_gas(*decoded)) continue;
            ASSERT_TRUE(found) << file << " " << describe(found.error());
            EXPECT_EQ(to_hex0x(found->sender.view()), sender->text) << file;
            EXPECT_EQ(to_hex0x(found->hash.view()), result->find("hash")->text) << file;
        }
    }
    EXPECT_GE(accepted, 50U);
    EXPECT_GE(refused, 130U);
}

}  // namespace
}  // namespace holdfast::chain
