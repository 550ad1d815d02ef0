// L-CV, L-NN: balances and what was burnt add up to what was issued after every block, nobody
// spends what it has not, and each node's store holds exactly what the second opinion says.
#include <fmt/format.h>

#include "chain/account.h"
#include "crypto/hash.h"
#include "ledger/block_records.h"
#include "ledger/keys.h"
#include "ledger/reader.h"
#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

constexpr uint64_t whole_scan_every_blocks = 50;

class Conservation final : public Checker {
  public:
    explicit Conservation(const Sight& sight)
        : stage_(sight.stage), chain_(sight.chain), interpreter_(sight.interpreter) {}
    [[nodiscard]] std::string_view name() const override { return "conservation"; }

    void on_block(NodeId node, const ledger::Executed& executed) override;
    void at_end() override {
        interpreter_->advance();
        for (std::string& problem : interpreter_->take_problems()) violated(std::move(problem));
        for (const NodeId node : stage_.nodes()) {
            const env::StateStore* store = stage_.view(node).store;
            if (store != nullptr && stage_.view(node).up) scan(node, *store);
        }
    }

  private:
    void scan(NodeId node, const env::StateStore& store);
    const Bytes& key_of(const Address& account);
    void compare(NodeId node, Height height, const Address& account,
                 const std::optional<Bytes>& stored);

    const Stage& stage_;
    std::shared_ptr<const Chain> chain_;
    std::shared_ptr<Interpreter> interpreter_;
    std::unordered_map<Address, Bytes> keys_;
};

const Bytes& Conservation::key_of(const Address& account) {
    auto [place, fresh] = keys_.try_emplace(account);
    if (fresh) place->second = to_bytes(crypto::keccak256(account.view()).view());
    return place->second;
}

void Conservation::compare(NodeId node, Height height, const Address& account,
                           const std::optional<Bytes>& stored) {
    const Interpreter::State expected = interpreter_->state(account, height);
    chain::Account found;
    if (stored) {
        const auto decoded = chain::decode_account(*stored);
        if (!decoded)
            return violated(
                fmt::format("node {} holds no account at {}", node, to_hex(account.view())));
        found = *decoded;
    }
    if (found.balance == expected.balance && found.nonce == expected.nonce) return;
    violated(fmt::format("after block {} node {} has balance {} and nonce {} at {}, not {} and {}",
                         height, node, found.balance.to_decimal(), found.nonce,
                         to_hex(account.view()), expected.balance.to_decimal(), expected.nonce));
}

void Conservation::on_block(NodeId node, const ledger::Executed& executed) {
    interpreter_->advance();
    for (std::string& problem : interpreter_->take_problems()) violated(std::move(problem));
    const Height height = executed.block.header.number;
    const env::StateStore* store = stage_.view(node).store;
    const bool comparable = store != nullptr && height <= interpreter_->at() &&
                            chain_->at(height)->hash == executed.block.hash &&
                            ledger::reader_at_head(*store).head() == height;
    if (!comparable) return;
    for (const Address& account : interpreter_->touched(height))
        compare(node, height, account, store->get(env::Column::accounts, key_of(account)));
    if (height.value % whole_scan_every_blocks == 0) scan(node, *store);
}

void Conservation::scan(NodeId node, const env::StateStore& store) {
    const Height head = ledger::reader_at_head(store).head();
    if (head > interpreter_->at()) return;
    std::map<Bytes, Address> known;
    for (const Address& account : interpreter_->accounts()) known.emplace(key_of(account), account);
    std::optional<U256> sum = U256{};
    store.scan(env::Column::accounts, {}, [&](ByteView key, ByteView value) {
        const auto place = known.find(to_bytes(key));
        const auto account = chain::decode_account(value);
        if (account && sum) sum = checked_add(*sum, account->balance);
        if (place == known.end()) {
            if (!account || !account->balance.is_zero())
                violated(fmt::format("node {} has an account that nobody ever paid", node));
        } else {
            compare(node, head, place->second, to_bytes(value));
            known.erase(place);
        }
        return true;
    });
    for (const auto& [key, account] : known) compare(node, head, account, std::nullopt);
    const auto burnt = ledger::meta_amount(store, ledger::keys::burnt);
    if (!burnt || *burnt != interpreter_->burnt(head))
        violated(fmt::format("node {} says that {} was burnt up to block {}, it was {}", node,
                             burnt ? burnt->to_decimal() : "nothing", head,
                             interpreter_->burnt(head).to_decimal()));
    const auto whole = sum && burnt ? checked_add(*sum, *burnt) : std::nullopt;
    const auto issued = ledger::meta_amount(store, ledger::keys::issued).value_or(U256{});
    if (const U256 made = interpreter_->issued(head) - interpreter_->issued(Height(0)) +
                          interpreter_->founding_stake();
        issued != made)
        violated(fmt::format("node {} says that {} was issued up to block {}, it was {}", node,
                             issued.to_decimal(), head, made.to_decimal()));
    if (!whole || *whole != interpreter_->issued(head))
        violated(fmt::format("node {} holds {} and burnt {} at block {}, issued were {}", node,
                             sum ? sum->to_decimal() : "an overflow",
                             burnt ? burnt->to_decimal() : "nothing", head,
                             interpreter_->issued(head).to_decimal()));
}

}  // namespace

CheckerPtr make_conservation(const Sight& sight) {
    return std::make_unique<Conservation>(sight);
}

}  // namespace holdfast::sim
