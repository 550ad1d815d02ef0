// What a transfer costs the ledger: execution with all its hashing, store writes and indexes on the
// in-memory store, and how many writes it asks of a real one. And what the pool costs.
#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/random.h"
#include "crypto/hash.h"
#include "env/memory_store.h"
#include "ledger/ledger.h"
#include "mempool/mempool.h"

namespace holdfast {
namespace {

const U256 gwei{1'000'000'000};

Address numbered_address(uint64_t number) {
    Hash32 seed;
    std::memcpy(seed.bytes.data(), &number, sizeof number);
    return Address::from(ByteView(crypto::keccak256(seed.view()).bytes).first(20)).value();
}

// Senders are given, so signatures need only have the right shape.
ledger::TransactionPtr transfer(uint64_t from, uint64_t to, uint64_t nonce) {
    auto made = std::make_shared<chain::RecoveredTransaction>();
    chain::Transaction& transaction = made->transaction;
    transaction.chain_id = 1;
    transaction.nonce = nonce;
    transaction.max_priority_fee_per_gas = gwei;
    transaction.max_fee_per_gas = gwei * U256(100);
    transaction.gas_limit = 21'000;
    transaction.to = numbered_address(to);
    transaction.value = U256(1 + from);
    transaction.signature.r.bytes.fill(0x55);
    transaction.signature.s.bytes.fill(0x33);
    made->sender = numbered_address(from);
    made->raw = chain::encode_transaction(transaction);
    made->hash = crypto::keccak256(made->raw);
    return made;
}

/// Counts what would reach the disk.
class CountingStore final : public env::StateStore {
  public:
    [[nodiscard]] std::optional<Bytes> get(env::Column column, ByteView key) const override {
        ++gets;
        return inner_.get(column, key);
    }
    void scan(env::Column column, ByteView from,
              const std::function<bool(ByteView, ByteView)>& visit) const override {
        inner_.scan(column, from, visit);
    }
    void write(const env::Batch& batch) override {
        for (const auto& item : batch) {
            ++(item.value ? puts : deletes);
            bytes += item.key.size() + (item.value ? item.value->size() : 0);
        }
        inner_.write(batch);
    }
    void flush() override { inner_.flush(); }
    void erase_range(env::Column column, ByteView from, ByteView to) override {
        inner_.erase_range(column, from, to);
    }
    [[nodiscard]] std::shared_ptr<const env::StateView> snapshot() const override {
        return inner_.snapshot();
    }
    mutable uint64_t gets = 0;
    uint64_t puts = 0, deletes = 0, bytes = 0;

  private:
    env::MemoryStore inner_;
};

void execute_transfers(benchmark::State& state) {
    const auto accounts = static_cast<uint64_t>(state.range(0));
    constexpr uint64_t block_transactions = 1000;
    chain::Genesis genesis;
    genesis.chain_id = 1;
    for (uint64_t i = 0; i < accounts; ++i)
        genesis.alloc[numbered_address(i)].balance = gwei * gwei * U256(1'000'000);
    CountingStore store;
    CHECK(ledger::Ledger::create(store, genesis), "a good genesis");
    auto ledger = std::move(*ledger::Ledger::open(store, genesis));
    Random random(1);
    std::vector<uint64_t> nonces(accounts);
    store.gets = store.puts = store.deletes = store.bytes = 0;
    uint64_t executed = 0;
    for ([[maybe_unused]] const auto step : state) {
        state.PauseTiming();
        ledger::OrderedPayload payload{.height = ledger->head().next(),
                                       .fee_recipient = numbered_address(1'000'000)};
        for (uint64_t i = 0; i < block_transactions; ++i) {
            const uint64_t from = random.below(accounts);
            payload.transactions.push_back(transfer(from, random.below(accounts), nonces[from]++));
        }
        store.flush();
        state.ResumeTiming();
        const auto result = ledger->execute(payload);
        CHECK(result.left_out.empty(), "everything fits");
        executed += result.block.transactions.size();
    }
    const auto per_transaction = [&](uint64_t count) {
        return static_cast<double>(count) / static_cast<double>(executed);
    };
    state.SetItemsProcessed(static_cast<int64_t>(executed));
    state.counters["us_per_tx"] =
        benchmark::Counter(static_cast<double>(executed) / 1e6,
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["puts_per_tx"] = per_transaction(store.puts);
    state.counters["deletes_per_tx"] = per_transaction(store.deletes);
    state.counters["gets_per_tx"] = per_transaction(store.gets);
    state.counters["bytes_per_tx"] = per_transaction(store.bytes);
}
BENCHMARK(execute_transfers)->Arg(2000)->Arg(100'000)->Unit(benchmark::kMillisecond);

mempool::Mempool full_pool(uint64_t senders, uint64_t each) {
    mempool::Mempool pool({}, 30'000'000, [](const Address&) {
        return chain::Account{.balance = gwei * gwei * U256(1'000'000)};
    });
    for (uint64_t nonce = 0; nonce < each; ++nonce) {
        for (uint64_t sender = 0; sender < senders; ++sender)
            CHECK(pool.add(transfer(sender, 1, nonce), gwei), "there is room");
    }
    return pool;
}

void select_thousand(benchmark::State& state) {
    const auto senders = static_cast<uint64_t>(state.range(0));
    const auto pool = full_pool(senders, 60'000 / senders);
    const auto first = pool.select({}, 1'000'000, 1000 * 21'000, gwei);
    std::unordered_set<Hash32> excluded;
    for (const auto& item : first.transactions) excluded.insert(item->hash);
    for ([[maybe_unused]] const auto step : state) {
        const auto selection = pool.select(excluded, 1'000'000, 1000 * 21'000, gwei);
        CHECK(selection.transactions.size() == 1000, "the pool is deep enough");
    }
}
BENCHMARK(select_thousand)->Arg(60)->Arg(2000)->Arg(60'000)->Unit(benchmark::kMicrosecond);

void admit(benchmark::State& state) {
    std::vector<ledger::TransactionPtr> transactions;
    for (uint64_t i = 0; i < 50'000; ++i) transactions.push_back(transfer(i % 2000, 1, i / 2000));
    for ([[maybe_unused]] const auto step : state) {
        mempool::Mempool pool({}, 30'000'000, [](const Address&) {
            return chain::Account{.balance = gwei * gwei * U256(1'000'000)};
        });
        for (const auto& item : transactions) benchmark::DoNotOptimize(pool.add(item, gwei));
        state.SetItemsProcessed(static_cast<int64_t>(transactions.size()) +
                                state.items_processed());
    }
}
BENCHMARK(admit)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace holdfast
