// The second opinion: written from the rules, not from ledger/.
#include "sim/reference.h"

#include <fmt/format.h>

#include "crypto/hash.h"
#include "ledger/contract.h"
#include "ledger/reader.h"

namespace holdfast::sim {
namespace {

constexpr uint64_t transfer_gas = 21'000;

/// A log's data, word by word.
U256 word(const chain::Log& log, size_t index) {
    const ByteView data = log.data;
    if (data.size() < 32 * (index + 1)) return {};
    return U256::from_big_endian(data.subspan(32 * index, 32)).value_or(U256{});
}

/// What the staking contract has let go of, of its own accord.
std::vector<Paid> payments_in(const chain::Receipt& receipt) {
    static const Hash32 withdrawn = crypto::keccak256(view_of("Withdrawn(uint64,address,uint256)"));
    static const Hash32 slashed =
        crypto::keccak256(view_of("Slashed(uint64,address,uint256,uint256)"));
    std::vector<Paid> all;
    for (const chain::Log& log : receipt.logs) {
        if (log.address != ledger::staking_address() || log.topics.size() != 3) continue;
        const auto account = Address::from(log.topics[2].view().last(20));
        if (log.topics[0] == withdrawn) all.push_back({account, word(log, 0)});
        if (log.topics[0] == slashed) {
            all.push_back({std::nullopt, word(log, 0)});
            all.push_back({account, word(log, 1)});
        }
    }
    return all;
}

ChainBlock keep(const chain::Block& block, const std::vector<chain::Receipt>& receipts) {
    ChainBlock kept{.hash = block.hash,
                    .parent = block.header.parent_hash,
                    .beneficiary = block.header.beneficiary,
                    .base_fee = block.header.base_fee_per_gas,
                    .gas_limit = block.header.gas_limit,
                    .gas_used = block.header.gas_used,
                    .transactions = block.transactions,
                    .origin = {},
                    .ran = {}};
    if (const auto extra = chain::decode_extra(block.header.extra_data))
        kept.origin = extra->origin;
    uint64_t before = 0;
    for (const chain::Receipt& receipt : receipts) {
        kept.ran.push_back(
            {receipt.success, receipt.cumulative_gas_used - before, payments_in(receipt)});
        before = receipt.cumulative_gas_used;
    }
    kept.ran.resize(kept.transactions.size());
    return kept;
}

}  // namespace

void Chain::take(const ledger::Executed& executed, const env::StateView* store) {
    const Height height = executed.block.header.number;
    if (height <= top_) return;
    const bool fresh = blocks_.try_emplace(height, keep(executed.block, executed.receipts)).second;
    if (!fresh) return;
    if (height > top_.next() && store != nullptr) fill(height, *store);
    advance();
}

void Chain::fill(Height below, const env::StateView& store) {
    const ledger::Reader reader = ledger::reader_at_head(store);
    for (Height height = top_.next(); height < below; ++height) {
        if (blocks_.contains(height)) continue;
        const auto block = reader.block(height);
        const auto receipts = reader.receipts(height);
        if (block && receipts) blocks_.emplace(height, keep(*block, *receipts));
    }
}

void Chain::advance() {
    for (auto next = blocks_.find(top_.next()); next != blocks_.end();
         next = blocks_.find(top_.next())) {
        ++top_;
        for (const auto& transaction : next->second.transactions)
            places_.try_emplace(transaction->hash, top_);
    }
}

const ChainBlock* Chain::at(Height height) const {
    const auto place = blocks_.find(height);
    return place == blocks_.end() ? nullptr : &place->second;
}

std::optional<Height> Chain::height_of(const Hash32& transaction) const {
    const auto place = places_.find(transaction);
    return place == places_.end() ? std::nullopt : std::optional(place->second);
}

Interpreter::Interpreter(const chain::Genesis& genesis, std::shared_ptr<const Chain> chain)
    : chain_(std::move(chain)),
      fees_(genesis.fees),
      touched_(1),
      burnt_(1, U256{}),
      issued_(1, U256{}),
      parent_base_fee_(genesis.fees.base_fee_initial),
      parent_gas_limit_(genesis.gas_limit) {
    for (const auto& [address, account] : genesis.alloc) {
        states_[address].push_back({Height(0), account.balance, account.nonce});
        const auto sum = checked_add(issued_[0], account.balance);
        if (!sum) problem(Height(0), "what was issued overflows");
        issued_[0] = sum.value_or(issued_[0]);
    }
    contracts_.push_back(ledger::validators_address());
    const bool is_bft = genesis.engine == chain::EngineKind::bft;
    if (is_bft) {
        contracts_.push_back(ledger::faults_address());
        members_ = make_member_reference(genesis);
        epoch_blocks_ = genesis.bft.epoch_blocks;
    }
    for (const Address& contract : contracts_) states_[contract].push_back({Height(0), {}, 1});
    if (is_bft && genesis.bft.policy != chain::Policy::poa) {
        U256& stakes = founding_stake_;
        for (const chain::Member& member : genesis.members.members)
            stakes += U256(member.weight) * genesis.bft.stake_per_weight;
        issued_[0] += stakes;
        contracts_.push_back(ledger::staking_address());
        states_[ledger::staking_address()].push_back({Height(0), stakes, 1});
    }
    sum_ = issued_[0];
}

void Interpreter::problem(Height height, std::string_view what) {
    problems_.push_back(fmt::format("block {}: {}", height, what));
}

void Interpreter::advance() {
    while (at_ < chain_->top()) {
        ++at_;
        execute(at_, *chain_->at(at_));
    }
}

void Interpreter::execute(Height height, const ChainBlock& block) {
    check_base_fee(height, block);
    touched_.emplace_back();
    burnt_.push_back(burnt_.back());
    issued_.push_back(issued_.back());
    uint64_t gas = 0;
    for (size_t i = 0; i < block.transactions.size(); ++i) {
        run(height, block, i);
        gas += block.ran[i].gas;
    }
    if (gas != block.gas_used) problem(height, "the gas of its receipts is not the header's");
    if (members_) close(height, block);
    check_sum(height);
}

void Interpreter::close(Height height, const ChainBlock& block) {
    const chain::Origin parent =
        height.value > 1 ? chain_->at(height - 1)->origin : chain::Origin{};
    const U256 reward = members_->close(height, block.origin, parent);
    if (!reward.is_zero()) {
        open(ledger::staking_address(), height).balance += reward;
        issued_.back() += reward;
    }
    if (height.value % epoch_blocks_ == 0) computed_.emplace(height, members_->weights());
    const U256 held = state(ledger::staking_address(), height).balance;
    if (held != members_->held())
        contract_problems_.push_back(
            fmt::format("after block {} the stakes are {}, but {} are held", height,
                        members_->held().to_decimal(), held.to_decimal()));
}

const MemberReference::Weights* Interpreter::computed(Height height) const {
    const auto at = computed_.find(height);
    return at == computed_.end() ? nullptr : &at->second;
}

// All calls of plans and reports bring gas enough, so it is only the rules that refuse them.
void Interpreter::call_contract(Height height, const chain::RecoveredTransaction& call,
                                const ChainBlock::Ran& ran) {
    const chain::Transaction& it = call.transaction;
    auto guilts = members_->guilts();
    const auto expected = members_->call(
        {.height = height, .from = call.sender, .to = *it.to, .value = it.value, .data = it.data});
    for (const auto& [id, times] : members_->guilts())
        if (times != guilts[id]) guilts_.push_back({height, id});
    if (expected == MemberReference::Effect{ran.success, ran.paid}) return;
    contract_problems_.push_back(
        fmt::format("in block {} call {} of {} {}, and {} payments are in its logs; by the rules "
                    "it {} and makes {}",
                    height, to_hex(call.hash.view()),
                    to_hex(ByteView(it.data).first(std::min<size_t>(it.data.size(), 36))),
                    ran.success ? "succeeds" : "fails", ran.paid.size(),
                    expected.success ? "succeeds" : "fails", expected.paid.size()));
}

void Interpreter::pay_from_stakes(Height height, const std::vector<Paid>& payments) {
    for (const Paid& paid : payments) {
        U256& held = open(ledger::staking_address(), height).balance;
        const auto left = checked_sub(held, paid.amount);
        if (!left) return problem(height, "the staking contract pays more than it has");
        held = *left;
        if (!paid.to)
            burnt_.back() += paid.amount;
        else if (!paid.amount.is_zero())
            open(*paid.to, height).balance += paid.amount;
    }
}

void Interpreter::check_base_fee(Height height, const ChainBlock& block) {
    U256 expected = parent_base_fee_;
    const uint64_t target = parent_gas_limit_ / std::max<uint64_t>(fees_.elasticity, 1);
    const bool above = parent_gas_used_ > target;
    const uint64_t distance = above ? parent_gas_used_ - target : target - parent_gas_used_;
    if (fees_.base_fee_fixed) {
        expected = fees_.base_fee_initial;
    } else if (target != 0 && distance != 0) {
        const U256 delta =
            expected * U256(distance) / U256(target) / U256(fees_.change_denominator);
        if (above)
            expected += delta.is_zero() ? U256(1) : delta;
        else
            expected -= delta;
    }
    if (!fees_.base_fee_fixed && expected < fees_.base_fee_min) expected = fees_.base_fee_min;
    if (block.base_fee != expected) {
        problem(height, fmt::format("base fee {}, by its parent it is {}",
                                    block.base_fee.to_decimal(), expected.to_decimal()));
    }
    parent_base_fee_ = block.base_fee;
    parent_gas_limit_ = block.gas_limit;
    parent_gas_used_ = block.gas_used;
}

Interpreter::State& Interpreter::open(const Address& account, Height height) {
    auto& history = states_[account];
    if (history.empty()) {
        history.push_back({height, {}, 0});
        touched_.back().push_back(account);
    } else if (history.back().since != height) {
        history.push_back(history.back());
        history.back().since = height;
        touched_.back().push_back(account);
    }
    return history.back();
}

void Interpreter::run(Height height, const ChainBlock& block, size_t index) {
    const chain::RecoveredTransaction& recovered = *block.transactions[index];
    const chain::Transaction& transaction = recovered.transaction;
    const ChainBlock::Ran& ran = block.ran[index];
    if (!transaction.to || transaction.max_fee_per_gas < block.base_fee)
        return problem(height, "a transaction that cannot be executed here");
    const bool plain = transaction.data.empty() && transaction.access_list.empty() &&
                       std::ranges::find(contracts_, *transaction.to) == contracts_.end();
    if (plain && (ran.gas != transfer_gas || !ran.success))
        problem(height, "a plain transfer costs 21000 gas and succeeds");
    const U256 offered = block.base_fee + transaction.max_priority_fee_per_gas;
    const U256 price = std::min(offered, transaction.max_fee_per_gas);
    const U256 gas(ran.gas);
    const U256 moved = ran.success ? transaction.value : U256{};

    State& sender = open(recovered.sender, height);
    if (sender.nonce != transaction.nonce) problem(height, "a nonce out of order");
    sender.nonce = transaction.nonce + 1;
    const auto fee = checked_mul(price, gas);
    const auto cost = fee ? checked_add(*fee, moved) : std::nullopt;
    const auto left = cost ? checked_sub(sender.balance, *cost) : std::nullopt;
    if (!left) return problem(height, "a sender spends more than it has");
    sender.balance = *left;
    const auto credit = [&](const Address& to, const U256& amount) {
        State& receiver = open(to, height);
        const auto more = checked_add(receiver.balance, amount);
        if (!more) return problem(height, "a balance overflows");
        receiver.balance = *more;
    };
    credit(*transaction.to, moved);
    pay_from_stakes(height, ran.paid);
    if (members_ && std::ranges::find(contracts_, *transaction.to) != contracts_.end())
        call_contract(height, recovered, ran);
    credit(block.beneficiary, (price - block.base_fee) * gas);
    const auto burnt = checked_add(burnt_.back(), block.base_fee * gas);
    if (!burnt) return problem(height, "what is burnt overflows");
    burnt_.back() = *burnt;
}

// Only what the block touched has changed, so the sum is carried along.
void Interpreter::check_sum(Height height) {
    for (const Address& account : touched_.back()) {
        const auto& history = states_[account];
        const U256 before = history.size() > 1 ? history[history.size() - 2].balance : U256{};
        const auto less = checked_sub(sum_, before);
        const auto more = less ? checked_add(*less, history.back().balance) : std::nullopt;
        if (!more) return problem(height, "the sum of all balances overflows");
        sum_ = *more;
    }
    const auto whole = checked_add(sum_, burnt_.back());
    if (!whole || *whole != issued_.back())
        problem(height, fmt::format("balances {} and burnt {} are not what was issued, {}",
                                    sum_.to_decimal(), burnt_.back().to_decimal(),
                                    issued_.back().to_decimal()));
}

Interpreter::State Interpreter::state(const Address& account, Height height) const {
    const auto place = states_.find(account);
    if (place == states_.end()) return {};
    const auto after = std::ranges::upper_bound(place->second, height, {}, &State::since);
    return after == place->second.begin() ? State{} : *std::prev(after);
}

std::optional<U256> Interpreter::balance(const Address& account, Height height) const {
    if (height > at_) return std::nullopt;
    return state(account, height).balance;
}

const std::vector<Address>& Interpreter::touched(Height height) const {
    return touched_.at(height.value);
}

std::vector<Address> Interpreter::accounts() const {
    std::vector<Address> all;
    all.reserve(states_.size());
    for (const auto& [address, history] : states_) all.push_back(address);
    std::ranges::sort(all);
    return all;
}

}  // namespace holdfast::sim
