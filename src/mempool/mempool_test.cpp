// The pool held against the tables in testdata, and against a slow but plain model.
#include "mempool/mempool.h"

#include <deque>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "base/random.h"
#include "crypto/hash.h"

namespace holdfast::mempool {
namespace {

const U256 gwei{1'000'000'000};

struct Fields {
    std::string sender;
    uint64_t nonce = 0, tip = 0, cap = 0, value = 0, gas = 21'000;
};

Address address_of(std::string_view name) {
    return Address::from(ByteView(crypto::keccak256(view_of(name)).bytes).first(20)).value();
}

// Unsigned: the pool never looks at signatures.
TransactionPtr make(const Fields& fields) {
    auto made = std::make_shared<chain::RecoveredTransaction>();
    chain::Transaction& transaction = made->transaction;
    transaction.chain_id = 1;
    transaction.nonce = fields.nonce;
    transaction.max_priority_fee_per_gas = gwei * U256(fields.tip);
    transaction.max_fee_per_gas = gwei * U256(fields.cap);
    transaction.gas_limit = fields.gas;
    transaction.to = address_of("to");
    transaction.value = gwei * U256(fields.value);
    made->sender = address_of(fields.sender);
    made->raw = chain::encode_transaction(transaction);
    append(made->raw, made->sender.view());
    made->hash = crypto::keccak256(made->raw);
    return made;
}

// Runs one table.
class Table {
  public:
    void line(const std::string& text) {
        std::istringstream in(text.substr(0, text.find("->")));
        std::string command;
        in >> command;
        const size_t arrow = text.find("-> ");
        const std::string want = arrow == std::string::npos ? "" : text.substr(arrow + 3);
        if (command == "limit") {
            in >> limits_.transactions_max;
        } else if (command == "account") {
            std::string name, word;
            uint64_t nonce = 0, balance = 0;
            in >> name >> word >> nonce >> word >> balance;
            chain::Account& account = accounts_[address_of(name)];
            account.nonce = nonce;
            account.balance = gwei * U256(balance);
        } else if (command == "basefee") {
            in >> base_fee_;
        } else if (command == "tx") {
            const auto transaction = make(fields(in));
            const auto status = pool().add(transaction, fee());
            EXPECT_EQ(status ? "ok" : status.error().code.name, want) << text;
            if (status) names_[transaction->hash] = name_of(text);
        } else {
            ask(command, in, want, text);
        }
    }

  private:
    void ask(const std::string& command, std::istringstream& in, const std::string& want,
             const std::string& text) {
        if (command == "dropped") {
            const auto reason = pool().dropped_because(make(fields(in))->hash);
            EXPECT_EQ(reason ? reason->code.name : "unknown", want) << text;
        } else if (command == "select") {
            EXPECT_EQ(selected(), want) << text;
            EXPECT_EQ(pool().has_ready(excluded_), !want.empty()) << text;
        } else if (command == "size") {
            EXPECT_EQ(std::to_string(pool().size()), want) << text;
        } else if (command == "ready") {
            EXPECT_EQ(std::to_string(pool().ready()), want) << text;
        } else if (command == "next") {
            std::string name;
            in >> name;
            EXPECT_EQ(std::to_string(pool().next_nonce(address_of(name))), want) << text;
        } else if (command == "exclude") {
            excluded_.clear();
            for (const auto& transaction : pooled(in)) excluded_.insert(transaction->hash);
        } else if (command == "executed") {
            const auto transactions = pooled(in);
            for (const auto& transaction : transactions) {
                uint64_t& nonce = accounts_[transaction->sender].nonce;
                nonce = std::max(nonce, transaction->transaction.nonce + 1);
                executed_[names_.at(transaction->hash)] = transaction;
            }
            pool().executed(transactions, fee());
        } else if (command == "taken_back") {
            take_back(in);
        } else if (command == "jumped") {
            pool().jumped(fee());
        } else if (command == "drop") {
            std::string name, code;
            in >> name >> code;
            std::istringstream one(name);
            pool().drop(pooled(one).at(0)->hash, Error{Errc{codes_.emplace_back(code)}, {}});
        } else {
            FAIL() << "unknown command: " << text;
        }
    }
    // Names as they were executed; a bar between blocks.
    void take_back(std::istringstream& in) {
        std::vector<chain::Block> blocks(1);
        std::string name;
        while (in >> name) {
            if (name == "|")
                blocks.emplace_back();
            else
                blocks.back().transactions.push_back(executed_.at(name));
        }
        pool().taken_back(blocks, fee());
    }
    Mempool& pool() {
        if (!pool_) {
            pool_.emplace(limits_, 30'000'000, [this](const Address& address) {
                const auto found = accounts_.find(address);
                return found == accounts_.end() ? chain::Account{} : found->second;
            });
        }
        return *pool_;
    }
    [[nodiscard]] U256 fee() const { return gwei * U256(base_fee_); }
    static std::string name_of(const std::string& text) {
        std::istringstream in(text);
        std::string word, name;
        in >> word >> name;
        return name;
    }
    static Fields fields(std::istringstream& in) {
        Fields result;
        std::string name, key;
        in >> name;
        const size_t slash = name.find('/');
        result.sender = name.substr(0, slash);
        result.nonce = std::stoull(name.substr(slash + 1));
        uint64_t value = 0;
        while (in >> key >> value) {
            if (key == "tip") result.tip = value;
            if (key == "cap") result.cap = value;
            if (key == "value") result.value = value;
            if (key == "gas") result.gas = value;
        }
        return result;
    }
    std::vector<TransactionPtr> pooled(std::istringstream& in) {
        std::vector<TransactionPtr> result;
        std::string name;
        while (in >> name) {
            for (const auto& [hash, its_name] : names_) {
                if (its_name != name) continue;
                if (auto found = pool().find(hash)) result.push_back(found);
            }
        }
        return result;
    }
    std::string selected() {
        std::string result;
        for (const auto& item : pool().select(excluded_, 1'000'000, 30'000'000, fee()).transactions)
            result += (result.empty() ? "" : " ") + names_.at(item->hash);
        return result;
    }

    Limits limits_;
    std::map<Address, chain::Account> accounts_;
    uint64_t base_fee_ = 0;
    std::optional<Mempool> pool_;
    std::map<Hash32, std::string> names_;
    std::map<std::string, TransactionPtr> executed_;
    std::unordered_set<Hash32> excluded_;
    std::deque<std::string> codes_;
};

TEST(Mempool, Tables) {
    size_t files = 0;
    for (const auto& file :
         std::filesystem::directory_iterator(std::string(HOLDFAST_TEST_DIR) + "/testdata")) {
        SCOPED_TRACE(file.path().filename().string());
        std::ifstream in(file.path());
        Table table;
        std::string line;
        while (std::getline(in, line)) {
            if (!line.empty() && line[0] != '#') table.line(line);
        }
        ++files;
    }
    EXPECT_GE(files, 7u);
}

using Accounts = std::map<Address, chain::Account>;

/// What the pool says of itself is what is found in it, of all that was ever added.
void expect_consistent(const Mempool& pool, const Limits& limits,
                       const std::map<Hash32, TransactionPtr>& added, Accounts& accounts) {
    size_t found = 0, bytes = 0;
    std::map<Address, std::set<uint64_t>> nonces;
    for (const auto& [hash, item] : added) {
        if (!pool.find(hash)) continue;
        ++found;
        bytes += item->raw.size() + chain::payload_transaction_overhead_bytes;
        nonces[item->sender].insert(item->transaction.nonce);
    }
    EXPECT_EQ(pool.size(), found);
    EXPECT_EQ(pool.size_bytes(), bytes);
    EXPECT_LE(found, limits.transactions_max);
    EXPECT_LE(bytes, limits.bytes_max);
    size_t ready = 0;
    for (auto& [sender, set] : nonces) {
        EXPECT_LE(set.size(), limits.per_sender_max);
        uint64_t next = accounts[sender].nonce;
        EXPECT_GE(*set.begin(), next);
        for (; set.contains(next); ++next) ++ready;
        EXPECT_EQ(pool.next_nonce(sender), next);
    }
    EXPECT_EQ(pool.ready(), ready);
}

// Random traffic: after every step the counters agree with what a full walk finds, and a selection
// is in nonce order, within its bounds and free of what was excluded.
TEST(Mempool, StaysConsistentUnderRandomTraffic) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
        Random random(seed);
        Accounts accounts;
        const Limits limits{.transactions_max = 64, .bytes_max = 6000, .per_sender_max = 16};
        Mempool pool(limits, 30'000'000, [&](const Address& address) { return accounts[address]; });
        for (int i = 0; i < 12; ++i) {
            accounts[address_of(std::to_string(i))].balance =
                gwei * U256(2'000'000 * random.between(1, 40));
        }
        std::map<Hash32, TransactionPtr> alive;
        for (int step = 0; step < 600; ++step) {
            const U256 fee = gwei * U256(random.between(1, 30));
            const std::string who = std::to_string(random.below(12));
            const Fields fields{.sender = who,
                                .nonce = accounts[address_of(who)].nonce + random.below(6),
                                .tip = random.below(10),
                                .cap = random.between(10, 60),
                                .value = random.below(1000)};
            const auto transaction = make(fields);
            if (pool.add(transaction, fee)) alive[transaction->hash] = transaction;

            std::unordered_set<Hash32> excluded;
            for (const auto& [hash, item] : alive) {
                if (random.chance(1, 4)) excluded.insert(hash);
            }
            const uint64_t gas_max = 21'000 * random.between(1, 20);
            const auto selection = pool.select(excluded, 2000, gas_max, fee);
            EXPECT_EQ(pool.has_ready(excluded),
                      !pool.select(excluded, 1'000'000, 30'000'000, fee).transactions.empty());
            uint64_t gas = 0;
            std::map<Address, uint64_t> last;
            for (const auto& item : selection.transactions) {
                EXPECT_FALSE(excluded.contains(item->hash));
                EXPECT_GE(item->transaction.max_fee_per_gas, fee);
                gas += item->transaction.gas_limit;
                uint64_t next = accounts[item->sender].nonce;
                if (last.contains(item->sender)) next = last[item->sender] + 1;
                EXPECT_GE(item->transaction.nonce, next);
                last[item->sender] = item->transaction.nonce;
            }
            EXPECT_LE(gas, gas_max);
            EXPECT_LE(selection.bytes, 2000u);

            if (random.chance(1, 5)) {
                std::vector<TransactionPtr> block = pool.select({}, 500, gas_max, fee).transactions;
                for (const auto& item : block) {
                    chain::Account& account = accounts[item->sender];
                    account.nonce = item->transaction.nonce + 1;
                    account.balance = account.balance / U256(random.between(1, 3));
                }
                pool.executed(block, fee);
            }
            expect_consistent(pool, limits, alive, accounts);
            if (HasFailure()) FAIL() << "seed " << seed << " step " << step;
        }
    }
}

/// A chain of blocks from the pool, with forks, and no rule but nonces and what is paid: all that a
/// transaction may take, or perhaps less.
class Forks {
  public:
    Forks(uint64_t seed, const Limits& limits, uint64_t discount_max)
        : random_(seed),
          limits_(limits),
          discount_max_(discount_max),
          pool_(limits, 30'000'000, [this](const Address& address) { return accounts_[address]; }) {
        for (uint64_t i = 0; i < people; ++i)
            accounts_[who(i)].balance = gwei * U256(2'100'000 * random_.between(1, 20));
    }
    void add() {
        const uint64_t person = random_.below(people);
        const auto made = make({.sender = std::to_string(person),
                                .nonce = pool_.next_nonce(who(person)) + random_.below(2),
                                .tip = random_.below(10),
                                .cap = random_.between(10, 100),
                                .value = random_.below(1000)});
        if (pool_.add(made, fee_)) added_[made->hash] = made;
    }
    void execute() {
        then_.push_back(accounts_);
        chain::Block& block = blocks_.emplace_back();
        block.transactions = pool_.select({}, 2000, 21'000 * 8, fee_).transactions;
        for (const TransactionPtr& item : block.transactions) {
            chain::Account& account = accounts_[item->sender];
            ASSERT_EQ(account.nonce, item->transaction.nonce);
            ++account.nonce;
            const U256 gas = U256(21'000) * item->transaction.max_fee_per_gas;
            const U256 paid =
                item->transaction.value + gas / U256(random_.between(1, discount_max_));
            ASSERT_GE(account.balance, paid);
            account.balance -= paid;
        }
        pool_.executed(block.transactions, fee_);
    }
    void turn_back() {
        const size_t height = random_.below(blocks_.size());
        const auto from = blocks_.begin() + static_cast<ptrdiff_t>(height);
        const std::vector<chain::Block> blocks(from, blocks_.end());
        accounts_ = then_[height];
        then_.resize(height);
        blocks_.resize(height);
        pool_.taken_back(blocks, fee_);
        for (const chain::Block& block : blocks) {
            for (const TransactionPtr& item : block.transactions) {
                const bool waits = pool_.find(item->hash) != nullptr;
                EXPECT_NE(waits, pool_.dropped_because(item->hash).has_value());
                // Who could pay for all of them then can pay for them now.
                EXPECT_TRUE(waits || discount_max_ > 1);
                came_back_ += waits ? 1 : 0;
            }
        }
    }
    void run() {
        for (int step = 0; step < 400 && !::testing::Test::HasFailure(); ++step) {
            fee_ = gwei * U256(random_.between(1, 9));
            const uint64_t kind = random_.below(10);
            if (kind == 0 && !blocks_.empty())
                turn_back();
            else if (kind < 3)
                execute();
            else
                add();
            expect_consistent(pool_, limits_, added_, accounts_);
            expect_covered();
        }
        EXPECT_GT(came_back_, 20u);
    }

  private:
    static constexpr uint64_t people = 6;
    static Address who(uint64_t person) { return address_of(std::to_string(person)); }
    // What waits is covered by what its sender has.
    void expect_covered() {
        std::map<Address, U256> costs;
        for (const auto& [hash, item] : added_)
            if (pool_.find(hash))
                costs[item->sender] +=
                    item->transaction.value + U256(21'000) * item->transaction.max_fee_per_gas;
        for (const auto& [sender, cost] : costs) EXPECT_LE(cost, accounts_[sender].balance);
    }

    Random random_;
    Limits limits_;
    uint64_t discount_max_;
    Accounts accounts_;
    Mempool pool_;
    U256 fee_ = gwei;
    std::vector<Accounts> then_;
    std::vector<chain::Block> blocks_;
    std::map<Hash32, TransactionPtr> added_;
    size_t came_back_ = 0;
};

TEST(Mempool, WhatWasTakenBackWaitsAgain) {
    const Limits roomy{};
    const Limits tight{.transactions_max = 24, .bytes_max = 3000, .per_sender_max = 5};
    for (uint64_t seed = 0; seed < 10; ++seed) {
        SCOPED_TRACE(seed);
        Forks(seed, roomy, 1).run();
        Forks(seed, tight, 3).run();
        if (HasFailure()) return;
    }
}

TEST(Mempool, LaterOnesMakeWayForWhatWasTakenBack) {
    chain::Account account{};
    account.balance = gwei * U256(1'000'000'000);
    Mempool pool({.per_sender_max = 3}, 30'000'000, [&](const Address&) { return account; });
    std::vector<TransactionPtr> made;
    for (uint64_t nonce = 0; nonce < 5; ++nonce)
        made.push_back(make({.sender = "a", .nonce = nonce, .tip = 1, .cap = 100}));
    for (size_t i = 0; i < 2; ++i) ASSERT_TRUE(pool.add(made[i], gwei));
    account.nonce = 2;
    pool.executed({made[0], made[1]}, gwei);
    for (size_t i = 2; i < 5; ++i) ASSERT_TRUE(pool.add(made[i], gwei));
    account.nonce = 0;
    chain::Block block;
    block.transactions = {made[0], made[1]};
    pool.taken_back({block}, gwei);
    EXPECT_EQ(pool.ready(), 3u);
    EXPECT_TRUE(pool.find(made[2]->hash));
    EXPECT_EQ(pool.dropped_because(made[3]->hash)->code, errc::nonce_too_far);
    // But not for one that nobody pays for any more.
    account.nonce = 1;
    pool.executed({made[0]}, gwei);
    ASSERT_TRUE(pool.add(made[3], gwei));
    account = {.nonce = 0, .balance = gwei * U256(8'000'000)};
    const auto dear = make({.sender = "a", .nonce = 0, .tip = 1, .cap = 400});
    block.transactions = {dear};
    pool.taken_back({block}, gwei);
    EXPECT_TRUE(pool.dropped_because(dear->hash));
    EXPECT_TRUE(pool.find(made[3]->hash));
}

TEST(Mempool, WhoMinedWhatWasTakenBackIsLookedAtAnew) {
    std::map<Address, chain::Account> accounts;
    Mempool pool({}, 30'000'000, [&](const Address& address) { return accounts[address]; });
    const auto spent = make({.sender = "miner", .tip = 1, .cap = 100});
    accounts[address_of("miner")].balance = gwei * U256(2'100'000);
    ASSERT_TRUE(pool.add(spent, gwei));
    accounts[address_of("miner")].balance = {};
    chain::Block block;
    block.header.beneficiary = address_of("miner");
    pool.taken_back({block}, gwei);
    EXPECT_EQ(pool.size(), 0u);
    EXPECT_EQ(pool.dropped_because(spent->hash)->code, errc::insufficient_funds);
}

TEST(Mempool, ReasonsAreForgottenInTheEnd) {
    Mempool pool({}, 30'000'000, [](const Address&) { return chain::Account{}; });
    const auto hash_of = [](uint64_t number) {
        Hash32 hash;
        std::memcpy(hash.bytes.data(), &number, sizeof number);
        return hash;
    };
    for (uint64_t i = 0; i < 70'000; ++i) pool.drop(hash_of(i), Error{errc::underpriced, {}});
    EXPECT_FALSE(pool.dropped_because(hash_of(0)));
    EXPECT_TRUE(pool.dropped_because(hash_of(69'999)));
}

}  // namespace
}  // namespace holdfast::mempool
