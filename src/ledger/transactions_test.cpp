// The table in testdata/transactions.txt: one transaction a line, with what becomes of it.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "ledger/test_chain.h"

namespace holdfast::ledger {
namespace {

using namespace testing;

Address precompile(uint64_t number) {
    Address address;
    address.bytes[18] = static_cast<uint8_t>(number >> 8);
    address.bytes[19] = static_cast<uint8_t>(number);
    return address;
}

Address named(const std::string& name) {
    if (name == "validators") return validators_address();
    if (name.starts_with("self")) return account_address(std::stoull(name.substr(4)));
    if (name.starts_with("precompile"))
        return precompile(std::stoull(name.substr(10), nullptr, 16));
    return Address::from(ByteView(crypto::keccak256(view_of(name)).bytes).first(20)).value();
}

chain::Genesis table_genesis() {
    chain::Genesis genesis = make_genesis(8);
    genesis.fees.base_fee_fixed = true;
    genesis.fees.base_fee_initial = gwei;
    genesis.alloc[named("contract")] = {.balance = {}, .nonce = 1, .code = {0x60}};
    return genesis;
}

class Table {
  public:
    void line(const std::string& text) {
        std::istringstream in(text.substr(0, text.find("->")));
        std::string command, name;
        in >> command;
        const size_t arrow = text.find("-> ");
        const std::string want = arrow == std::string::npos ? "" : text.substr(arrow + 3);
        if (command == "tx") {
            pending_.push_back({read(in), want, text});
        } else if (command == "block") {
            run_block();
        } else if (command == "balance") {
            in >> name;
            EXPECT_EQ((chain_.account(named(name)).balance / gwei).to_decimal(), want) << text;
        } else if (command == "exists") {
            in >> name;
            EXPECT_EQ(chain_.account(named(name)).is_empty() ? "no" : "yes", want) << text;
        } else if (command == "nonce") {
            uint64_t number = 0;
            in >> number;
            EXPECT_EQ(std::to_string(chain_.account(account_address(number)).nonce), want) << text;
        } else {
            FAIL() << "unknown command: " << text;
        }
    }
    void finish() { chain_.expect_sound(); }

  private:
    struct Line {
        TransactionPtr transaction;
        std::string want, text;
    };
    static TransactionPtr read(std::istringstream& in) {
        TxFields fields;
        std::string key, word;
        in >> fields.from;
        while (in >> key) {
            if (key == "create") continue;
            in >> word;
            if (key == "nonce") fields.nonce = std::stoull(word);
            if (key == "to") fields.to = named(word);
            if (key == "value") fields.value = gwei * U256(std::stoull(word));
            if (key == "gas") fields.gas_limit = std::stoull(word);
            if (key == "tip") fields.tip = gwei * U256(std::stoull(word));
            if (key == "cap") fields.cap = gwei * U256(std::stoull(word));
            if (key == "data") fields.data = from_hex(word).value();
        }
        return make_transaction(fields);
    }
    void run_block() {
        std::vector<TransactionPtr> transactions;
        transactions.reserve(pending_.size());
        for (const Line& line : pending_) transactions.push_back(line.transaction);
        const Executed executed = chain_.execute(transactions);
        size_t in_block = 0, left_out = 0;
        uint64_t gas_before = 0;
        for (const Line& line : pending_) {
            std::string got;
            if (in_block < executed.receipts.size() &&
                executed.block.transactions[in_block] == line.transaction) {
                const chain::Receipt& receipt = executed.receipts[in_block++];
                got = fmt::format("{} {}", receipt.success ? "ok" : "reverted",
                                  receipt.cumulative_gas_used - gas_before);
                gas_before = receipt.cumulative_gas_used;
            } else {
                const LeftOut& item = executed.left_out.at(left_out++);
                got = std::string(item.reason.code.name) + (item.may_fit_later ? " later" : "");
            }
            EXPECT_EQ(got, line.want) << line.text;
        }
        pending_.clear();
    }

    TestChain chain_{table_genesis()};
    std::vector<Line> pending_;
};

TEST(Transactions, Table) {
    std::ifstream in(std::string(HOLDFAST_TEST_DIR) + "/testdata/transactions.txt");
    ASSERT_TRUE(in.good());
    Table table;
    std::string line;
    while (std::getline(in, line)) {
        if (!line.empty() && line[0] != '#') table.line(line);
    }
    table.finish();
}

}  // namespace
}  // namespace holdfast::ledger
