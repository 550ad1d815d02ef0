// The eth_ methods: what they give, in which shape, and how they fail.
#include <set>

#include "api/eth_values.h"
#include "api/test_server.h"
#include "chain/proof.h"
#include "chain/rlp.h"

namespace holdfast::api::testing {
namespace {

class Eth : public ServerTest {
  protected:
    /// Two transfers in block 1.
    void SetUp() override {
        ServerTest::SetUp();
        first = led::make_transaction({.from = 0, .to = led::plain_address(1), .value = U256(5)});
        second = led::make_transaction({.from = 1, .to = led::plain_address(2), .value = U256(7)});
        backend.submit(first, {});
        backend.submit(second, {});
        backend.mine();
        // The notice goes to the server's thread ahead of any request.
    }
    static std::set<std::string> names(const json::value& object) {
        std::set<std::string> result;
        for (const auto& [name, value] : object.as_object()) result.emplace(name);
        return result;
    }
    ledger::TransactionPtr first, second;
};

TEST_F(Eth, says_who_and_where_it_is) {
    EXPECT_EQ(result("eth_chainId"), "0x1092");
    EXPECT_EQ(result("net_version"), "4242");
    EXPECT_EQ(result("net_listening"), true);
    EXPECT_EQ(result("net_peerCount"), "0x1");
    EXPECT_EQ(result("eth_accounts"), json::array());
    EXPECT_EQ(result("eth_blockNumber"), "0x1");
    EXPECT_EQ(result("eth_mining"), false);
    EXPECT_EQ(result("eth_syncing"), false);
    EXPECT_TRUE(std::string(result("web3_clientVersion").as_string()).starts_with("Holdfast/v"));
    EXPECT_EQ(result("web3_sha3", R"(["0x"])"),
              "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    backend.state = node::NodeState::syncing;
    EXPECT_EQ(result("eth_syncing").at("highestBlock"), "0x8");
}

TEST_F(Eth, state_is_read_at_numbers_tags_hashes_and_objects) {
    const std::string address = hex(led::plain_address(1));
    const std::string hash = hex(backend.reader().block_hash(Height(1)).value());
    for (const std::string& block :
         {std::string(R"("latest")"), std::string(R"("pending")"), std::string(R"("safe")"),
          std::string(R"("finalized")"), std::string(R"("0x1")"), "\"" + hash + "\"",
          R"({"blockHash":")" + hash + R"(","requireCanonical":true})",
          std::string(R"({"blockNumber":"0x1"})"), std::string("null")})
        EXPECT_EQ(result("eth_getBalance", fmt::format(R"(["{}",{}])", address, block)), "0x5")
            << block;
    EXPECT_EQ(result("eth_getBalance", fmt::format(R"(["{}"])", address)), "0x5");
    EXPECT_EQ(result("eth_getBalance", fmt::format(R"(["{}","earliest"])", address)), "0x0");
    EXPECT_EQ(error("eth_getBalance", fmt::format(R"(["{}","0x2"])", address)),
              "-32000 header not found");
    EXPECT_EQ(result("eth_getCode", fmt::format(R"(["{}","latest"])", address)), "0x");
    EXPECT_EQ(result("eth_getStorageAt", fmt::format(R"(["{}","0x0","latest"])", address)),
              json::value(json::string("0x" + std::string(64, '0'))));
}

TEST_F(Eth, bad_parameters_are_named_by_position) {
    struct Case {
        std::string_view method, params, error;
    };
    const Case cases[] = {
        {"eth_getBalance", "[]", "-32602 missing value for required argument 0"},
        {"eth_getBalance", "[5]", "-32602 invalid argument 0: expected a hex string"},
        {"eth_getBalance", R"(["0x12"])", "-32602 invalid argument 0: hex string has length 2"},
        {"eth_getBalance", R"(["0xzz"])", "-32602 invalid argument 0: invalid hex"},
        {"eth_getBalance", R"(["aa"])", "-32602 invalid argument 0: hex string without 0x"},
        {"eth_getBalance", R"(["0x0000000000000000000000000000000000000001","soon"])",
         "-32602 invalid argument 1: invalid block"},
        {"eth_getBalance", R"(["0x0000000000000000000000000000000000000001",{}])",
         "-32602 invalid argument 1: expected either"},
        {"eth_getBalance",
         R"(["0x0000000000000000000000000000000000000001",{"blockNumber":{"blockNumber":{}}}])",
         "-32602 invalid argument 1: blockNumber is an object"},
        {"eth_getBlockByNumber", R"(["0x10000000000000000"])", "-32602 invalid argument 0"},
        {"eth_getBlockByNumber", R"(["0x01"])",
         "-32602 invalid argument 0: invalid block: hex number with leading zero digits"},
        {"eth_getBlockByNumber", R"(["0x00"])", "-32602 invalid argument 0: invalid block: hex nu"},
        {"eth_feeHistory", R"(["0x05","latest"])", "-32602 invalid argument 0: hex number with"},
        {"eth_call", R"([{"value":"0x01"}])", "-32602 invalid argument 0: value: hex number with"},
        {"eth_call", R"([{"gasPrice":"0x1","maxFeePerGas":"0x1"}])",
         "-32602 invalid argument 0: both gasPrice and (maxFeePerGas or maxPriorityFeePerGas)"},
        {"eth_estimateGas", R"([{"gasPrice":"0x0","maxPriorityFeePerGas":"0x0"}])",
         "-32602 invalid argument 0: both gasPrice and (maxFeePerGas or maxPriorityFeePerGas)"},
        {"eth_call", R"([{"maxFeePerGas":"0x1","maxPriorityFeePerGas":"0x2"}])",
         "-32602 invalid argument 0: maxFeePerGas (1) < maxPriorityFeePerGas (2)"},
        {"eth_call", R"([{"gasPrice":"cheap"}])", "-32602 invalid argument 0: gasPrice: hex"},
        {"eth_getBlockByNumber", R"(["latest",5])",
         "-32602 invalid argument 1: expected a boolean"},
        {"eth_getBlockByNumber", "[]", "-32602 missing value"},
        {"eth_getTransactionByHash", R"(["0x1"])", "-32602 invalid argument 0: hex string of odd"},
        {"eth_getStorageAt", R"(["0xaa00000000000000000000000000000000000000","0xasdf","latest"])",
         R"(-32602 invalid hex in storage key: "0xasdf")"},
        {"eth_call", "[]", "-32602 invalid argument 0: expected a transaction call object"},
        {"eth_call", R"([{"to":"0x00"}])", "-32602 invalid argument 0: to: hex string has length"},
        {"eth_call", R"([{"data":"0x01","input":"0x02"}])", "-32602 invalid argument 0: both"},
        {"eth_call", R"([{},"latest",[]])", "-32602 invalid argument 2: expected an object"},
        {"eth_call", R"([{},"latest",{"0x01":{}}])", "-32602 invalid argument 2: invalid address"},
        {"eth_call", R"([{},"latest",{"0x0000000000000000000000000000000000000001":5}])",
         "-32602 invalid argument 2: expected an object of overrides"},
        {"eth_call",
         R"([{},"latest",{"0x0000000000000000000000000000000000000001":{"balance":1.5}}])",
         "-32602 invalid argument 2: balance: expected"},
        {"eth_call", R"([{},"latest",{"0x0000000000000000000000000000000000000001":{"colour":1}}])",
         "-32602 invalid argument 2: unknown override \"colour\""},
        {"eth_call",
         R"([{},"latest",{"0x0000000000000000000000000000000000000001":{"code":"0x"}}])",
         "-32602 overriding code is not supported"},
        {"eth_estimateGas",
         R"([{},"latest",{"0x0000000000000000000000000000000000000001":{"stateDiff":{}}}])",
         "-32602 overriding stateDiff is not supported"},
        {"eth_call", R"([{},"latest",{},{"number":"0x1"}])",
         "-32602 overriding the block is not supported"},
        {"eth_feeHistory", R"(["0x1","latest",[50,10]])", "-32602 invalid reward percentile"},
        {"eth_feeHistory", R"(["0x1","latest",[101]])", "-32602 invalid reward percentile"},
        {"eth_getLogs", R"([{"fromBlock":"0x1","toBlock":"0x0"}])",
         "-32602 invalid block range params"},
        {"eth_getLogs", R"([{"fromBlock":"0x0","toBlock":"0x9"}])",
         "-32602 block range extends beyond current head block"},
        {"eth_getLogs", R"([{"topics":[[],[],[],[],[]]}])", "-32602 invalid argument 0: topics"},
        {"eth_getLogs", R"([{"address":"0x1"}])", "-32602 invalid argument 0: address"},
        {"eth_sendRawTransaction", R"(["0x"])", "-32000 rlp: value size exceeds available input"},
        {"eth_sendRawTransaction", R"(["0x05"])", "-32000 transaction type not supported"},
        {"eth_sendRawTransactionSync", R"(["0x02",0])", "-32602 invalid argument 1"},
        {"eth_getFilterChanges", R"(["0x12"])", "-32000 filter not found"},
        {"eth_subscribe", R"(["newHeads"])", "-32601 the method eth_subscribe does not exist"},
        {"eth_getStorageValues", "[{}]", "-32602 empty request"},
        {"web3_sha3", R"(["0x123"])", "-32602 invalid argument 0: hex string of odd length"},
    };
    for (const Case& c : cases) {
        const std::string found = error(c.method, c.params);
        EXPECT_TRUE(found.starts_with(c.error)) << c.method << c.params << ": " << found;
    }
}

TEST_F(Eth, blocks_have_every_field_of_the_specification) {
    const json::value block = result("eth_getBlockByNumber", R"(["0x1",true])");
    const std::set<std::string> wanted{"baseFeePerGas",
                                       "blobGasUsed",
                                       "difficulty",
                                       "excessBlobGas",
                                       "extraData",
                                       "gasLimit",
                                       "gasUsed",
                                       "hash",
                                       "logsBloom",
                                       "miner",
                                       "mixHash",
                                       "nonce",
                                       "number",
                                       "parentBeaconBlockRoot",
                                       "parentHash",
                                       "receiptsRoot",
                                       "requestsHash",
                                       "sha3Uncles",
                                       "size",
                                       "stateRoot",
                                       "timestamp",
                                       "transactions",
                                       "transactionsRoot",
                                       "uncles",
                                       "withdrawals",
                                       "withdrawalsRoot"};
    EXPECT_EQ(names(block), wanted);
    EXPECT_EQ(block.at("transactions").as_array().size(), 2U);
    EXPECT_EQ(result("eth_getBlockByHash",
                     fmt::format(R"(["{}",true])", block.at("hash").as_string().c_str())),
              block);
    EXPECT_EQ(
        result("eth_getBlockByNumber", R"(["latest",false])").at("transactions").as_array()[0],
        block.at("transactions").at(0).at("hash"));
    EXPECT_TRUE(result("eth_getBlockByNumber", R"(["0x9",true])").is_null());
    EXPECT_TRUE(result("eth_getBlockByHash", fmt::format(R"(["0x{}",true])", std::string(64, '1')))
                    .is_null());
    const std::string raw_block(result("debug_getRawBlock", R"(["0x1"])").as_string());
    const auto size = U256::parse(block.at("size").as_string().c_str());
    EXPECT_EQ(size->low64() * 2 + 2, raw_block.size());
    EXPECT_TRUE(chain::rlp::validate(from_hex(raw_block).value()).has_value());
    EXPECT_EQ(result("eth_getBlockTransactionCountByNumber", R"(["0x1"])"), "0x2");
    EXPECT_EQ(result("eth_getUncleCountByBlockNumber", R"(["0x1"])"), "0x0");
    EXPECT_TRUE(result("eth_getUncleByBlockNumberAndIndex", R"(["0x1","0x0"])").is_null());
    EXPECT_TRUE(result("eth_getUncleCountByBlockNumber", R"(["0x9"])").is_null());
}

TEST_F(Eth, transactions_and_receipts_have_every_field_of_the_specification) {
    const std::string hash = hex(first->hash);
    const json::value transaction = result("eth_getTransactionByHash", param(hash));
    const std::set<std::string> wanted{"blockHash",
                                       "blockNumber",
                                       "blockTimestamp",
                                       "from",
                                       "gas",
                                       "gasPrice",
                                       "maxFeePerGas",
                                       "maxPriorityFeePerGas",
                                       "hash",
                                       "input",
                                       "nonce",
                                       "to",
                                       "transactionIndex",
                                       "value",
                                       "type",
                                       "accessList",
                                       "chainId",
                                       "v",
                                       "r",
                                       "s",
                                       "yParity"};
    EXPECT_EQ(names(transaction), wanted);
    EXPECT_EQ(transaction.at("value"), "0x5");
    const json::value receipt = result("eth_getTransactionReceipt", param(hash));
    const std::set<std::string> wanted_receipt{"blockHash",
                                               "blockNumber",
                                               "contractAddress",
                                               "cumulativeGasUsed",
                                               "effectiveGasPrice",
                                               "from",
                                               "gasUsed",
                                               "logs",
                                               "logsBloom",
                                               "status",
                                               "to",
                                               "transactionHash",
                                               "transactionIndex",
                                               "type"};
    EXPECT_EQ(names(receipt), wanted_receipt);
    EXPECT_EQ(receipt.at("status"), "0x1");
    EXPECT_EQ(receipt.at("gasUsed"), "0x5208");
    EXPECT_EQ(receipt.at("effectiveGasPrice"), transaction.at("gasPrice"));
    const json::value receipts = result("eth_getBlockReceipts", R"(["latest"])");
    ASSERT_EQ(receipts.as_array().size(), 2U);
    EXPECT_EQ(receipts.at(receipt.at("transactionIndex") == "0x0" ? 0 : 1), receipt);
    EXPECT_EQ(result("eth_getTransactionByBlockNumberAndIndex",
                     fmt::format(R"(["0x1","{}"])",
                                 transaction.at("transactionIndex").as_string().c_str())),
              transaction);
    EXPECT_TRUE(result("eth_getTransactionByBlockNumberAndIndex", R"(["0x1","0x2"])").is_null());
    EXPECT_EQ(result("eth_getRawTransactionByHash", param(hash)),
              json::value(json::string(to_hex0x(first->raw))));
    EXPECT_EQ(result("eth_getBlockReceipts", R"(["0x0"])"), json::array());
    EXPECT_TRUE(
        result("eth_getTransactionReceipt", fmt::format(R"(["0x{}"])", std::string(64, 'd')))
            .is_null());
}

TEST_F(Eth, a_pending_transaction_is_seen_and_counted) {
    const auto pending =
        led::make_transaction({.from = 0, .nonce = 1, .to = led::plain_address(3)});
    EXPECT_EQ(result("eth_sendRawTransaction", param(to_hex0x(pending->raw))),
              json::value(json::string(hex(pending->hash))));
    const json::value seen = result("eth_getTransactionByHash", param(hex(pending->hash)));
    for (const auto* name : {"blockHash", "blockNumber", "transactionIndex"})
        EXPECT_TRUE(seen.at(name).is_null());
    EXPECT_TRUE(result("eth_getTransactionReceipt", param(hex(pending->hash))).is_null());
    const std::string who = hex(led::account_address(0));
    EXPECT_EQ(result("eth_getTransactionCount", fmt::format(R"(["{}","latest"])", who)), "0x1");
    EXPECT_EQ(result("eth_getTransactionCount", fmt::format(R"(["{}","pending"])", who)), "0x2");
    backend.queued = 2;
    EXPECT_EQ(result("txpool_status"), json::value({{"pending", "0x1"}, {"queued", "0x2"}}));
    EXPECT_EQ(result("holdfast_transactionFate", param(hex(pending->hash))).at("status"),
              "pending");
    backend.mine();
    const json::value fate = result("holdfast_transactionFate", param(hex(pending->hash)));
    EXPECT_EQ(fate.at("status"), "executed");
    EXPECT_EQ(fate.at("blockNumber"), "0x2");
}

TEST_F(Eth, refusals_carry_the_words_that_clients_match_and_our_name) {
    const auto send = [&](const led::TxFields& fields) {
        return error("eth_sendRawTransaction", param(raw(fields)));
    };
    const auto to = led::plain_address(4);
    EXPECT_TRUE(send({.from = 0, .nonce = 0, .to = to}).starts_with("-32000 nonce too low"));
    EXPECT_TRUE(send({.from = 99, .to = to, .value = U256(1)})
                    .starts_with("-32000 insufficient funds for gas * price + value"));
    EXPECT_TRUE(send({.from = 2, .to = to, .gas_limit = 20'999})
                    .starts_with("-32000 intrinsic gas too low"));
    result("eth_sendRawTransaction", param(raw({.from = 2, .to = to})));
    EXPECT_TRUE(send({.from = 2, .to = to}).starts_with("-32000 already known"));
    const std::string replaced = send({.from = 2, .to = to, .value = U256(1)});
    EXPECT_TRUE(replaced.starts_with("-32000 replacement transaction underpriced")) << replaced;
    EXPECT_TRUE(replaced.ends_with("transaction.replacement_underpriced"));
    EXPECT_TRUE(error("eth_sendRawTransaction",
                      param(to_hex0x(led::make_transaction({.from = 3, .to = to}, 1)->raw)))
                    .starts_with("-32000 invalid chain id for signer"));
    const std::string huge(2 * 300'000, 'a');
    EXPECT_TRUE(error("eth_sendRawTransaction", param("0x" + huge)).starts_with("-32602"));
}

TEST_F(Eth, the_synchronous_send_waits_for_the_receipt) {
    backend.mines_at_once = true;
    const auto sent = led::make_transaction({.from = 3, .to = led::plain_address(5)});
    const json::value receipt = result("eth_sendRawTransactionSync", param(to_hex0x(sent->raw)));
    EXPECT_EQ(receipt.at("transactionHash"), json::value(json::string(hex(sent->hash))));
    EXPECT_EQ(receipt.at("status"), "0x1");
    // Sent again, it is answered with the same receipt instead of "nonce too low".
    EXPECT_EQ(result("eth_sendRawTransactionSync", param(to_hex0x(sent->raw))), receipt);
    EXPECT_EQ(result("eth_getTransactionReceipt", param(hex(sent->hash))), receipt);
}

// [EIP-7966]
TEST_F(Eth, the_synchronous_send_times_out_with_the_hash) {
    const auto sent = led::make_transaction({.from = 3, .to = led::plain_address(5)});
    const json::value answer =
        rpc("eth_sendRawTransactionSync", fmt::format(R"(["{}",1])", to_hex0x(sent->raw)));
    EXPECT_EQ(answer.at("error").at("code"), 4);
    EXPECT_EQ(answer.at("error").at("data"), json::value(json::string(hex(sent->hash))));
    EXPECT_TRUE(
        error("eth_sendRawTransactionSync", param(raw({.from = 99, .to = led::plain_address(1)})))
            .starts_with("-32000 insufficient funds"));
}

TEST_F(Eth, fees_are_told_in_arrays_of_the_right_length) {
    const json::value history = result("eth_feeHistory", R"([4,"latest",[0,50,100]])");
    EXPECT_EQ(history.at("oldestBlock"), "0x0");
    EXPECT_EQ(history.at("baseFeePerGas").as_array().size(), 3U);
    EXPECT_EQ(history.at("gasUsedRatio").as_array().size(), 2U);
    EXPECT_EQ(history.at("baseFeePerBlobGas").as_array().size(), 3U);
    ASSERT_EQ(history.at("reward").as_array().size(), 2U);
    EXPECT_EQ(history.at("reward").at(1).as_array(),
              (json::array{"0x3b9aca00", "0x3b9aca00", "0x3b9aca00"}));
    EXPECT_FALSE(result("eth_feeHistory", R"(["0x1","0x1"])").as_object().contains("reward"));
    EXPECT_EQ(result("eth_maxPriorityFeePerGas"), "0x3b9aca00");
    EXPECT_EQ(result("eth_blobBaseFee"), "0x1");
    EXPECT_EQ(result("eth_baseFee"), history.at("baseFeePerGas").at(2));
}

TEST_F(Eth, calls_and_estimates) {
    const std::string transfer =
        fmt::format(R"([{{"from":"{}","to":"{}","value":"0x1"}}])", hex(led::account_address(0)),
                    hex(led::plain_address(9)));
    EXPECT_EQ(result("eth_call", transfer), "0x");
    EXPECT_EQ(result("eth_estimateGas", transfer), "0x5208");
    EXPECT_EQ(result("eth_createAccessList", transfer).at("accessList"), json::array());
    // As viem and ethers send them when asked to pretend.
    const std::string poor = hex(led::plain_address(77));
    const std::string pretended = fmt::format(
        R"([{{"from":"{0}","to":"{1}","value":"0x1"}},"latest",{{"{0}":{{"balance":"0x1","nonce":"0x5"}}}}])",
        poor, hex(led::plain_address(9)));
    for (const char* method : {"eth_call", "eth_estimateGas", "eth_createAccessList"})
        EXPECT_TRUE(rpc(method, pretended).as_object().contains("result")) << method;
    EXPECT_EQ(error("eth_call", fmt::format(R"([{{"from":"{}","to":"{}","value":"0x1"}}])", poor,
                                            hex(led::plain_address(9))))
                  .substr(0, 6),
              "-32000");
    // members() of the validators contract.
    const std::string members = fmt::format(
        R"([{{"to":"{}","data":"0x{}"}}])", hex(ledger::validators_address()),
        to_hex(crypto::keccak256(to_bytes(std::string_view("members()"))).view().first(4)));
    EXPECT_GT(result("eth_call", members).as_string().size(), 200U);
    const json::value reverted = rpc(
        "eth_call",
        fmt::format(R"([{{"to":"{}","data":"0xdeadbeef"}}])", hex(ledger::validators_address())));
    EXPECT_EQ(reverted.at("error").at("code"), 3) << reverted;
    EXPECT_TRUE(std::string(reverted.at("error").at("message").as_string())
                    .starts_with("execution reverted"));
}

TEST_F(Eth, proofs_lead_to_the_state_root) {
    const Address address = led::plain_address(1);
    const json::value proof =
        result("eth_getProof", fmt::format(R"(["{}",["0x0"],"latest"])", hex(address)));
    EXPECT_EQ(proof.at("balance"), "0x5");
    std::vector<Bytes> nodes;
    for (const auto& node : proof.at("accountProof").as_array())
        nodes.push_back(from_hex(node.as_string().c_str()).value());
    const auto header = backend.reader().header(Height(1)).value();
    const auto value =
        chain::verify_proof(header.state_root, crypto::keccak256(address.view()).view(), nodes);
    ASSERT_TRUE(value && *value);
    EXPECT_EQ(chain::decode_account(**value)->balance, U256(5));
    EXPECT_EQ(proof.at("storageProof").at(0).at("value"), "0x0");
}

TEST_F(Eth, certificates_members_and_fates) {
    EXPECT_TRUE(result("holdfast_certificate", R"(["0x1"])").is_null());
    backend.certify(Height(1));
    const json::value certificate = result("holdfast_certificate", R"(["0x1"])");
    EXPECT_EQ(certificate.at("signatures").as_array().size(), 2U);
    EXPECT_EQ(certificate.at("rule"), "majority");
    EXPECT_EQ(result("holdfast_members").at("members").as_array().size(), 3U);
    EXPECT_EQ(result("holdfast_status").at("agreement").at("role"), "leader");
    EXPECT_EQ(result("holdfast_peers").at(0).at("lastError"), "reset \"by\" peer");
    EXPECT_EQ(result("holdfast_genesis").at("genesis").at("config").at("chainId"), 4242);
    const std::string nothing = "0x" + std::string(64, 'e');
    EXPECT_EQ(result("holdfast_transactionFate", param(nothing)).at("status"), "unknown");
    const auto doomed = led::make_transaction({.from = 5, .to = led::plain_address(1)});
    backend.submit(doomed, {});
    backend.drop(doomed->hash, {ledger::errc::fee_cap_below_base_fee, "7"});
    const json::value fate = result("holdfast_transactionFate", param(hex(doomed->hash)));
    EXPECT_EQ(fate.at("status"), "dropped");
    EXPECT_EQ(fate.at("reason").at("code"), "transaction.fee_cap_below_base_fee");
}

TEST_F(Eth, parts_of_proofs_fit_together) {
    const std::string of = fmt::format(R"(["{}"])", hex(led::plain_address(1)));
    EXPECT_TRUE(error("holdfast_accountProof", of).ends_with(" ledger.not_certified"));
    backend.certify(Height(1));
    const auto checked = [&](const json::value& part) {
        const json::object file{{"format", "holdfast/proof/v1"},
                                {"genesis", result("holdfast_genesis").at("genesis")},
                                {"history", result("holdfast_memberHistory")},
                                {"block", part.at("block")},
                                {"claim", part.at("claim")}};
        const auto proof = chain::parse_proof(json::serialize(file), chain::Form::any);
        EXPECT_TRUE(proof) << describe(proof.error());
        const auto proven = chain::check_proof(proof.value(), backend.genesis_hash());
        EXPECT_TRUE(proven) << describe(proven.error());
        return proven.value().value;
    };
    const auto account =
        std::get<chain::ProvenAccount>(checked(result("holdfast_accountProof", of)));
    EXPECT_EQ(account.account->balance, U256(5));
    const std::string slot =
        fmt::format(R"(["{}","0x0","0x1"])", hex(ledger::validators_address()));
    EXPECT_EQ(std::get<chain::ProvenSlot>(checked(result("holdfast_slotProof", slot))).value,
              backend.reader().slot(ledger::validators_address(), {}, Height(1)).value());
    const auto receipt = std::get<chain::ProvenReceipt>(
        checked(result("holdfast_receiptProof", param(hex(second->hash)))));
    EXPECT_EQ(receipt.transaction.hash, second->hash);
    EXPECT_TRUE(receipt.receipt.success);
    EXPECT_EQ(result("holdfast_memberHistory"), json::array());
}

}  // namespace
}  // namespace holdfast::api::testing
