// Genesis files: what geth's tools write is read, what nobody wrote on purpose is refused by name.
#include "chain/genesis.h"

#include <gtest/gtest.h>

#include "chain/errors.h"
#include "chain/json_tree.h"

namespace holdfast::chain {
namespace {

constexpr std::string_view example = R"({
  "config": {"chainId": 1337, "homesteadBlock": 0, "londonBlock": 0, "shanghaiTime": 0,
             "terminalTotalDifficulty": 0, "blobSchedule": {"cancun": {"target": 3}}},
  "nonce": "0x0", "difficulty": "0x1", "number": "0x0", "gasUsed": 0, "excessBlobGas": null,
  "timestamp": "0x5",
  "gasLimit": "30000000",
  "coinbase": "0x0000000000000000000000000000000000000001",
  "mixHash": "0x0000000000000000000000000000000000000000000000000000000000000002",
  "extraData": "0xabcd",
  "baseFeePerGas": "0x3b9aca00",
  "alloc": {
    "f39fd6e51aad88f6f4ce6ab8827279cfffb92266": {"balance": "10000000000000000000000"},
    "0x70997970C51812dc3A010C7d01b50e0d17dc79C8": {
      "balance": 123456789012345678901234567890, "nonce": "0x2", "code": "0x6001",
      "storage": {"0x1": "0x02", "0x03": "0x00",
                  "0x0000000000000000000000000000000000000000000000000000000000000004": "ff"}}
  },
  "holdfast": {
    "engine": "raft", "dev": true, "allowUnprotected": true,
    "fees": {"baseFeeMin": 7, "baseFeeFixed": false, "elasticity": 4, "changeDenominator": 16},
    "parameters": {"electionTimeoutMs": 500, "heartbeatMs": 100, "emptyIntervalMs": 250,
                   "payloadBytesMax": 2000000, "clockAheadMaxMs": 1000, "certificateLagMax": 64,
                   "approvalBlocksMax": 10},
    "members": [
      {"id": 2, "weight": 3, "endpoint": "[::1]:30304",
       "votingKey": "0x2100000000000000000000000000000000000000000000000000000000000000",
       "transportKey": "0x2200000000000000000000000000000000000000000000000000000000000000",
       "account": "0x2300000000000000000000000000000000000000"},
      {"id": "0x1", "endpoint": "node1.example:30303",
       "votingKey": "0x1100000000000000000000000000000000000000000000000000000000000000",
       "transportKey": "0x1200000000000000000000000000000000000000000000000000000000000000",
       "account": "0x1300000000000000000000000000000000000000"}
    ]
  }
})";

/// The example with one piece of its text replaced.
std::string with(std::string_view old_text, std::string_view new_text) {
    std::string text(example);
    const size_t at = text.find(old_text);
    EXPECT_NE(at, std::string::npos) << old_text;
    return text.replace(at, old_text.size(), new_text);
}

/// How a file is refused: "code: detail".
std::string refusal(std::string_view json) {
    const auto genesis = parse_genesis(json);
    return genesis ? "" : describe(genesis.error());
}

#define EXPECT_REFUSED(json, code, words)                                                     \
    do {                                                                                      \
        const std::string refused = refusal(json);                                            \
        EXPECT_TRUE(refused.starts_with(code.name)) << refused;                               \
        EXPECT_NE(refused.find(words), std::string::npos) << refused << " lacks " << (words); \
    } while (false)

TEST(Genesis, ReadsAFileOfGethsAndOurs) {
    const auto genesis = parse_genesis(example);
    ASSERT_TRUE(genesis) << describe(genesis.error());
    EXPECT_EQ(genesis->chain_id, 1337U);
    EXPECT_EQ(genesis->timestamp, 5U);
    EXPECT_EQ(genesis->gas_limit, 30'000'000U);
    EXPECT_EQ(genesis->coinbase.bytes[19], 1);
    EXPECT_EQ(genesis->mix_hash.bytes[31], 2);
    EXPECT_EQ(genesis->extra_data, (Bytes{0xab, 0xcd}));
    EXPECT_EQ(genesis->fees.base_fee_initial, U256(1'000'000'000));
    EXPECT_EQ(genesis->fees.elasticity, 4U);
    EXPECT_EQ(genesis->parameters.election_timeout_ms, 500U);
    EXPECT_EQ(genesis->parameters.approval_blocks_max, 10U);
    EXPECT_TRUE(genesis->dev);
    EXPECT_FALSE(genesis->tx_rules().require_chain_id);
    EXPECT_EQ(genesis->tx_rules().chain_id, 1337U);
    EXPECT_EQ(genesis->quorum_rule(), QuorumRule::majority);

    ASSERT_EQ(genesis->alloc.size(), 2U);
    const GenesisAccount& account = genesis->alloc.begin()->second;
    EXPECT_EQ(account.balance.to_decimal(), "123456789012345678901234567890");
    EXPECT_EQ(account.nonce, 2U);
    EXPECT_EQ(account.code, (Bytes{0x60, 0x01}));
    ASSERT_EQ(account.storage.size(), 2U);  // a zero is no entry
    EXPECT_EQ(account.storage.begin()->second.bytes[31], 2);

    // By id, whatever the order of the file.
    ASSERT_EQ(genesis->members.members.size(), 2U);
    EXPECT_EQ(genesis->members.members[0].id, NodeId(1));
    EXPECT_EQ(genesis->members.members[0].weight, 1U);
    EXPECT_EQ(genesis->members.members[1].endpoint, "[::1]:30304");
}

TEST(Genesis, WritesWhatItReadsBack) {
    const Genesis genesis = parse_genesis(example).value();
    const std::string json = genesis_to_json(genesis);
    const auto again = parse_genesis(json);
    ASSERT_TRUE(again) << describe(again.error()) << json;
    EXPECT_EQ(*again, genesis);
    EXPECT_EQ(genesis_to_json(*again), json);
    EXPECT_EQ(genesis_hash(*again), genesis_hash(genesis));
}

TEST(Genesis, TheHashCoversEverything) {
    const Hash32 base = genesis_hash(parse_genesis(example).value());
    for (const auto& [old_text, new_text] : std::vector<std::pair<std::string, std::string>>{
             {"1337", "1338"},
             {"\"timestamp\": \"0x5\"", "\"timestamp\": \"0x6\""},
             {"\"30000000\"", "\"30000001\""},
             {"0xabcd", "0xabce"},
             {"0x3b9aca00", "0x3b9aca01"},
             {"10000000000000000000000", "10000000000000000000001"},
             {"0x6001", "0x6002"},
             {"\"0x02\"", "\"0x03\""},
             {"\"raft\"", "\"bft\""},
             {"\"dev\": true", "\"dev\": false"},
             {"\"allowUnprotected\": true", "\"allowUnprotected\": false"},
             {"\"elasticity\": 4", "\"elasticity\": 2"},
             {"\"heartbeatMs\": 100", "\"heartbeatMs\": 99"},
             {"\"weight\": 3", "\"weight\": 4"},
             {"30304", "30305"},
         }) {
        const auto other = parse_genesis(with(old_text, new_text));
        ASSERT_TRUE(other) << new_text << describe(other.error());
        EXPECT_NE(genesis_hash(*other), base) << new_text;
    }
    // What does not matter does not change it.
    EXPECT_EQ(genesis_hash(parse_genesis(with("\"londonBlock\": 0, ", "")).value()), base);
}

TEST(Genesis, RefusesUnknownFieldsByPath) {
    EXPECT_REFUSED(with("\"nonce\": \"0x0\"", "\"nonsense\": 1"), errc::genesis_unknown_field,
                   "nonsense");
    EXPECT_REFUSED(with("londonBlock", "lodnonBlock"), errc::genesis_unknown_field,
                   "config.lodnonBlock");
    EXPECT_REFUSED(with("\"engine\"", "\"motor\""), errc::genesis_unknown_field, "holdfast.motor");
    EXPECT_REFUSED(with("heartbeatMs", "heartBeatMs"), errc::genesis_unknown_field,
                   "holdfast.parameters.heartBeatMs");
    EXPECT_REFUSED(with("\"elasticity\"", "\"elastic\""), errc::genesis_unknown_field,
                   "holdfast.fees.elastic");
    EXPECT_REFUSED(with("\"weight\"", "\"wight\""), errc::genesis_unknown_field,
                   "holdfast.members[0].wight");
    EXPECT_REFUSED(with("\"code\"", "\"cod\""), errc::genesis_unknown_field,
                   "alloc.0x70997970C51812dc3A010C7d01b50e0d17dc79C8.cod");
}

TEST(Genesis, RefusesWrongTypesByPath) {
    EXPECT_REFUSED(with("1337", "true"), errc::genesis_malformed, "config.chainId");
    EXPECT_REFUSED(with("1337", "1.5"), errc::genesis_malformed, "config.chainId");
    EXPECT_REFUSED(with("1337", "-1"), errc::genesis_malformed, "config.chainId");
    EXPECT_REFUSED(with("1337", "\"0x10000000000000000\""), errc::genesis_malformed, "64 bits");
    EXPECT_REFUSED(with("\"0xabcd\"", "\"abcd\""), errc::genesis_malformed, "extraData");
    EXPECT_REFUSED(with("\"0xabcd\"", "\"0xabc\""), errc::genesis_malformed, "extraData");
    EXPECT_REFUSED(with("\"0xabcd\"", "7"), errc::genesis_malformed, "wants a string");
    EXPECT_REFUSED(with("\"dev\": true", "\"dev\": 1"), errc::genesis_malformed, "holdfast.dev");
    EXPECT_REFUSED(with("\"raft\"", "\"rift\""), errc::genesis_malformed, "holdfast.engine");
    EXPECT_REFUSED(with("f39fd6e5", "f39fd6"), errc::genesis_malformed, "is not an address");
    EXPECT_REFUSED(with("\"0x02\"", "\"0xzz\""), errc::genesis_malformed, "storage.0x1");
    EXPECT_REFUSED(with("\"0x1\": \"0x02\"", "\"slot\": \"0x02\""), errc::genesis_malformed,
                   "storage.slot");
    EXPECT_REFUSED(with("0x2200", "0x22"), errc::genesis_malformed, "transportKey");
    EXPECT_REFUSED(with("{\"balance\": \"10000000000000000000000\"}", "[]"),
                   errc::genesis_malformed, "wants an object");
}

TEST(Genesis, RefusesWhatIsMissing) {
    EXPECT_REFUSED("{}", errc::genesis_malformed, "config");
    EXPECT_REFUSED(with("\"chainId\": 1337, ", ""), errc::genesis_malformed, "config.chainId");
    EXPECT_REFUSED(with("\"id\": 2, ", ""), errc::genesis_malformed, "holdfast.members[0].id");
    EXPECT_REFUSED(R"({"config": {"chainId": 1}, "holdfast": {}})", errc::genesis_malformed,
                   "holdfast.members");
}

TEST(Genesis, RefusesWhatIsNoJsonOrTwiceOrTooDeep) {
    for (const auto* text : {"", "{", "[]", "null", "{\"config\": }", "{} {}", "{'a': 1}",
                             "{\"a\": 1,}", "{\"a\": /* why */ 1}", "\xff\xfe"})
        EXPECT_REFUSED(text, errc::genesis_malformed, "");
    EXPECT_REFUSED(with("\"dev\": true", "\"dev\": true, \"dev\": false"), errc::genesis_malformed,
                   "\"dev\" stands twice");
    // Escapes hide nothing: the keys are the same.
    EXPECT_REFUSED(with("\"dev\": true", "\"dev\": true, \"\\u0064ev\": false"),
                   errc::genesis_malformed, "\"dev\" stands twice");
    EXPECT_REFUSED(with("0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                        "0xF39fd6e51aad88f6f4ce6ab8827279cfffb92266"),
                   errc::genesis_invalid, "same account");
    EXPECT_REFUSED(with("\"0x03\": \"0x00\"", "\"0x01\": \"0x05\""), errc::genesis_invalid,
                   "same key");
    std::string deep(genesis_depth_max + 1, '[');
    deep.append(genesis_depth_max + 1, ']');
    EXPECT_REFUSED(deep, errc::genesis_malformed, "line 1");
}

TEST(Genesis, RefusesImpossibleChains) {
    EXPECT_REFUSED(with("1337", "0"), errc::genesis_invalid, "config.chainId");
    EXPECT_REFUSED(with("1337", "9007199254740992"), errc::genesis_invalid, "config.chainId");
    EXPECT_REFUSED(with("\"30000000\"", "\"1\""), errc::genesis_invalid, "gasLimit");
    EXPECT_REFUSED(with("\"gasUsed\": 0", "\"gasUsed\": 1"), errc::genesis_invalid, "gasUsed");
    EXPECT_REFUSED(with("\"0x5\"", "\"0xffffffffffff\""), errc::genesis_invalid, "timestamp");
    EXPECT_REFUSED(with("0xabcd", "0x" + std::string(2050, '0')), errc::genesis_invalid,
                   "extraData");
    EXPECT_REFUSED(with("\"10000000000000000000000\"", "\"0x" + std::string(64, 'f') + "\""),
                   errc::genesis_invalid, "together exceed");
    EXPECT_REFUSED(with("\"nonce\": \"0x2\"", "\"nonce\": \"0xffffffffffffffff\""),
                   errc::genesis_invalid, "nonce");
}

TEST(Genesis, RefusesImpossibleParametersAndFees) {
    EXPECT_REFUSED(with("\"heartbeatMs\": 100", "\"heartbeatMs\": 250"), errc::genesis_invalid,
                   "heartbeatMs");
    EXPECT_REFUSED(with("\"heartbeatMs\": 100", "\"heartbeatMs\": 0"), errc::genesis_invalid,
                   "heartbeatMs");
    EXPECT_REFUSED(with("2000000", "100000"), errc::genesis_invalid, "payloadBytesMax");
    EXPECT_REFUSED(with("2000000", "9000000"), errc::genesis_invalid, "payloadBytesMax");
    EXPECT_REFUSED(with("\"emptyIntervalMs\": 250", "\"emptyIntervalMs\": 0"),
                   errc::genesis_invalid, "emptyIntervalMs");
    EXPECT_REFUSED(with("\"certificateLagMax\": 64", "\"certificateLagMax\": 0"),
                   errc::genesis_invalid, "certificateLagMax");
    EXPECT_REFUSED(with("\"elasticity\": 4", "\"elasticity\": 0"), errc::genesis_invalid,
                   "elasticity");
    EXPECT_REFUSED(with("\"changeDenominator\": 16", "\"changeDenominator\": 0"),
                   errc::genesis_invalid, "changeDenominator");
    EXPECT_REFUSED(with("\"baseFeeMin\": 7", "\"baseFeeMin\": 1000000001"), errc::genesis_invalid,
                   "baseFeeMin");
    EXPECT_REFUSED(with("0x3b9aca00", "0x1" + std::string(32, '0')), errc::genesis_invalid,
                   "baseFeePerGas");
}

TEST(Genesis, RefusesMembersThatClash) {
    EXPECT_REFUSED(with("\"id\": \"0x1\"", "\"id\": 2"), errc::genesis_invalid, "id 2");
    EXPECT_REFUSED(with("\"id\": \"0x1\"", "\"id\": 0"), errc::genesis_invalid, "nobody");
    EXPECT_REFUSED(with("0x21", "0x11"), errc::genesis_invalid, "must differ");  // voting, voting
    EXPECT_REFUSED(with("0x21", "0x22"), errc::genesis_invalid, "must differ");  // its own two
    EXPECT_REFUSED(with("0x22", "0x11"), errc::genesis_invalid, "must differ");  // crosswise
    EXPECT_REFUSED(with("0x21", "0x00"), errc::genesis_invalid, "zeros");
    EXPECT_REFUSED(with("0x2300", "0x0000"), errc::genesis_invalid, "zeros");
    EXPECT_REFUSED(with("[::1]:30304", "node1.example:30303"), errc::genesis_invalid,
                   "another member has the endpoint");
    EXPECT_REFUSED(with("\"weight\": 3", "\"weight\": 0"), errc::genesis_invalid, "weight");
    EXPECT_REFUSED(with("\"weight\": 3", "\"weight\": 1000000001"), errc::genesis_invalid,
                   "weight");
    for (const auto* endpoint : {"", "node", ":1", "node:", "node:0", "node:65536", "node:01",
                                 "node:1x", "no de:1", "::1:30304", "node:-1"})
        EXPECT_REFUSED(with("[::1]:30304", endpoint), errc::genesis_invalid, "is not host:port");
    Genesis genesis = parse_genesis(example).value();
    genesis.members.members.clear();
    EXPECT_EQ(validate_genesis(genesis).error().code, errc::genesis_invalid);
}

TEST(Genesis, EngineNamesBothWays) {
    for (const auto kind : {EngineKind::raft, EngineKind::paxos, EngineKind::bft, EngineKind::pow})
        EXPECT_EQ(engine_kind_from(to_string(kind)), kind);
    EXPECT_EQ(engine_kind_from("Raft"), std::nullopt);
    Genesis genesis;
    genesis.engine = EngineKind::bft;
    EXPECT_EQ(genesis.quorum_rule(), QuorumRule::two_thirds);
}

TEST(Json, KeepsDigitsAndOrder) {
    const auto json = parse_json(
        R"({"z": 123456789012345678901234567890123456789, "a": [1, -2, true, null, "\u00e9"]})", 4);
    ASSERT_TRUE(json);
    EXPECT_EQ(json->fields[0].name, "z");
    EXPECT_EQ(json->fields[0].value.text, "123456789012345678901234567890123456789");
    const auto& items = json->find("a")->items;
    ASSERT_EQ(items.size(), 5U);
    EXPECT_EQ(items[1].text, "-2");
    EXPECT_TRUE(items[2].flag);
    EXPECT_EQ(items[3].kind, Json::Kind::null);
    EXPECT_EQ(items[4].text, "\xc3\xa9");
}

}  // namespace
}  // namespace holdfast::chain
