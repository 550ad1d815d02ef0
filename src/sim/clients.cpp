// Asking, waiting, asking somebody else.
#include "sim/clients.h"

#include "ledger/faults.h"
#include "ledger/staking.h"
#include "ledger/validators.h"
#include "sim/draw.h"

namespace holdfast::sim {
namespace {

constexpr uint64_t client_delay_us = 400;
constexpr Duration patience = 1500ms;

}  // namespace

void Clients::members_are(const chain::MemberSet& members) {
    members_.clear();
    for (const chain::Member& it : members.members)
        if (!around_.plan.lies(it.id)) members_.push_back(it.id);
}

NodeId Clients::someone(Random& random) const {
    std::vector<NodeId> seated;
    for (const NodeId id : members_)
        if (nodes_.empty() || std::ranges::find(nodes_, id) != nodes_.end()) seated.push_back(id);
    if (!seated.empty()) return seated[random.below(seated.size())];
    const size_t count = nodes_.empty() ? machines_.size() : nodes_.size();
    const size_t chosen = random.below(count);
    if (!nodes_.empty()) return nodes_[chosen];
    return std::next(machines_.begin(), static_cast<ptrdiff_t>(chosen))->first;
}

// Nobody trusts a liar twice.
NodeId Clients::honest(NodeId node) const {
    while (around_.plan.lies(node)) node = NodeId(node.value % around_.plan.nodes + 1);
    return node;
}

void Clients::begin(const Operation& planned) {
    Operation operation = planned;
    operation.node = honest(planned.node);
    const uint64_t account = operation.account;
    if (operation.kind == OperationKind::read) return read(account, operation.node);
    if (operation.kind == OperationKind::excess) return overreach(operation);
    const uint64_t nonce = next_nonce_[account]++;
    if (operation.kind == OperationKind::transfer)
        return send(account, nonce, 0, {}, operation.node);
    Random dice = random("rival");
    send(account, nonce, 0, {transfer(account, nonce, 1)->hash}, operation.node);
    send(account, nonce, 1, {transfer(account, nonce, 0)->hash}, someone(dice));
}

// It stands where the account's next transfer will: were it let in, it would be executed.
void Clients::overreach(const Operation& operation) {
    Random dice = random("excess");
    const auto transaction =
        excess(operation.account, next_nonce_[operation.account], dice.below(excess_shapes));
    around_.watch.made(transaction->hash);
    machines_.at(operation.node)->handle([this, node = operation.node, transaction] {
        if (machines_.at(node)->node()->submit(transaction))
            around_.watch.admitted(node, *transaction);
    });
}

void Clients::propose(const Bytes& call) {
    for (uint64_t id = 1; id <= around_.plan.nodes / 2 + 1; ++id) {
        const NodeId who(id);
        Random dice = random("proposal");
        send_call(operator_number(who),
                  {.to = ledger::validators_address(), .value = {}, .data = call}, someone(dice));
    }
}

void Clients::send_call(uint64_t caller, const ContractCall& call, NodeId first) {
    send({.transaction = contract_call(caller, caller_nonce_[caller]++, call), .is_ours = false},
         first);
}

void Clients::begin_stakes(const Operation& operation) {
    const uint64_t caller = operation.account == 0 ? operator_number(operation.candidate)
                                                   : holder_number(operation.account);
    send_call(caller, stake_call(operation), honest(operation.node));
}

ContractCall Clients::stake_call(const Operation& operation) {
    static const U256 everything = U256{} - U256(1);
    const NodeId id = operation.candidate, other = operation.other;
    const bool by_holder = operation.account != 0;
    const U256 coins = U256(operation.amount) * (stake_unit() / U256(1000));
    const U256 amount = operation.amount == 0 ? everything : coins;
    ContractCall call{.to = ledger::staking_address(), .value = {}, .data = {}};
    switch (operation.kind) {
        case OperationKind::stake: {
            call.value = operation.amount == 0 ? stake_unit() : coins;
            const bool is_new = id.value > around_.plan.nodes && !bonded_.contains(id);
            const chain::Member who = member(id);
            if (by_holder) {
                call.data = ledger::encode_delegate(id);
            } else if (is_new && call.value >= stake_unit()) {
                bonded_.insert(id);
                call.data =
                    ledger::encode_bond(id, who.voting_key, who.transport_key, who.endpoint);
            } else {
                call.data = ledger::encode_bond_more(id);
            }
            break;
        }
        case OperationKind::unstake:
            call.data = by_holder ? ledger::encode_undelegate(id, amount)
                                  : ledger::encode_unbond(id, amount);
            break;
        case OperationKind::move:
            call.data = ledger::encode_redelegate(id, other, amount);
            break;
        case OperationKind::withdraw:
            call.data = ledger::encode_withdraw(id);
            break;
        case OperationKind::unjail:
            call.data = ledger::encode_unjail(id);
            break;
        case OperationKind::slander:
            call.to = ledger::faults_address();
            call.data = slander_of(id);
            break;
        case OperationKind::transfer:
        case OperationKind::conflict:
        case OperationKind::read:
        case OperationKind::excess:
            break;
    }
    return call;
}

// Two statements that would be proof, were one not signed by another's key.
Bytes Clients::slander_of(NodeId candidate) {
    Random dice = random("slander");
    const uint64_t epoch = head_.value / around_.plan.epoch_blocks;
    chain::Statement lie{.kind = chain::StatementKind::notarize,
                         .epoch = epoch - dice.below(std::min<uint64_t>(epoch + 1, 3)),
                         .view = dice.between(1, 20)};
    const crypto::NodeKey others(voting_seed(NodeId(candidate.value % around_.plan.nodes + 1)));
    chain::Evidence made{.guilty = candidate, .first = {}, .second = {}};
    for (chain::SignedStatement* part : {&made.first, &made.second}) {
        ++lie.digest.bytes[0];
        *part = {lie, others.sign(chain::statement_bytes(around_.genesis_hash, lie))};
    }
    return ledger::encode_accuse(made);
}

void Clients::send(uint64_t account, uint64_t nonce, uint64_t variant, std::set<Hash32> rivals,
                   NodeId first) {
    send({.call = {.account = account},
          .transaction = transfer(account, nonce, variant),
          .variant = variant,
          .rivals = std::move(rivals)},
         first);
}

void Clients::send(Waiting waiting, NodeId first) {
    const Hash32 hash = waiting.transaction->hash;
    waiting.call.id = ++last_call_;
    waiting.call.kind = OperationKind::transfer;
    waiting.call.node = first;
    waiting.call.invoked = around_.schedule.now();
    waiting.call.transaction = hash;
    around_.watch.made(hash);
    if (waiting.is_ours) around_.watch.call(waiting.call);
    waiting_[hash] = std::move(waiting);
    ask(hash, first);
}

// The same once more for a higher fee. What was sent before is not taken back, so either may get
// in, and the client takes whichever it hears of. Each is outbid once: were a bid that was given up
// made again, it could be answered as of before it was asked for.
void Clients::bid_more(const Hash32& hash) {
    Waiting& old = waiting_.at(hash);
    Random dice = draw(around_.plan.seed, "bid", draws_);
    if (!old.is_ours || old.outbid || old.bid == bids_max ||
        dice.below(100) >= around_.plan.outbid_percent)
        return;
    old.outbid = true;
    const uint64_t account = old.call.account;
    Waiting more{.call = {.account = account},
                 .transaction = transfer(account, old.transaction->transaction.nonce, old.variant,
                                         old.bid + 1),
                 .variant = old.variant,
                 .bid = old.bid + 1,
                 .rivals = old.rivals};
    more.rivals.insert(hash);
    for (const Hash32& rival : more.rivals)
        if (const auto at = waiting_.find(rival); at != waiting_.end())
            at->second.rivals.insert(more.transaction->hash);
    send(std::move(more), someone(dice));
}

// One attempt: some time on the way, then the node; and if nothing has come of it after a while,
// another attempt elsewhere.
void Clients::ask(const Hash32& hash, NodeId node) {
    Random dice = random("attempt");
    const Duration now = around_.schedule.now();
    const auto on_the_way = static_cast<int64_t>(1 + exponential(dice, client_delay_us));
    around_.schedule.at(now + Duration(on_the_way), dice.next(), [this, hash, node] {
        const auto at = waiting_.find(hash);
        if (at == waiting_.end()) return;
        at->second.asked = node;
        machines_.at(node)->handle([this, hash, node] {
            const auto still = waiting_.find(hash);
            if (still != waiting_.end()) ask_at(node, still->second);
        });
    });
    around_.schedule.at(now + patience, dice.next(), [this, hash] {
        if (!waiting_.contains(hash)) return;
        bid_more(hash);
        Random other = random("again");
        ask(hash, someone(other));
    });
}

void Clients::ask_at(NodeId node, Waiting& waiting) {
    Machine& machine = *machines_.at(node);
    const ledger::TransactionPtr transaction = waiting.transaction;
    const Hash32& hash = transaction->hash;
    const ledger::Reader reader(machine.store_disk().snapshot());
    // It may have got in by an earlier attempt.
    if (const auto place = reader.place_of(hash)) return acknowledge(hash, node, place->height);
    const Status admitted = machine.node()->submit(transaction);
    if (admitted) return around_.watch.admitted(node, *transaction);
    if (admitted.error().code != mempool::errc::nonce_too_low) return;
    // Its rival got in, or its receipt has been pruned: it is settled, and we do not learn how.
    waiting_.erase(hash);
}

void Clients::on_executed(NodeId node, const ledger::Executed& executed) {
    head_ = std::max(head_, executed.block.header.number);
    for (const auto& transaction : executed.block.transactions) {
        const auto at = waiting_.find(transaction->hash);
        if (at != waiting_.end() && at->second.asked == node)
            acknowledge(transaction->hash, node, executed.block.header.number);
    }
}

void Clients::acknowledge(const Hash32& hash, NodeId node, Height height) {
    const auto at = waiting_.find(hash);
    const Waiting waiting = std::move(at->second);
    waiting_.erase(at);
    for (const Hash32& rival : waiting.rivals) waiting_.erase(rival);
    if (!waiting.is_ours) return;
    ++acknowledged;
    around_.watch.answer(
        waiting.call,
        {.at = around_.schedule.now(), .height = height, .balance = {}, .node = node});
}

bool Clients::operators_wait() const {
    return std::ranges::any_of(waiting_, [](const auto& it) { return !it.second.is_ours; });
}

std::string Clients::oldest() const {
    const Waiting* first = nullptr;
    for (const auto& [hash, waiting] : waiting_)
        if (first == nullptr || waiting.call.id < first->call.id) first = &waiting;
    if (first == nullptr) return "nobody waits";
    const chain::Transaction& transaction = first->transaction->transaction;
    return fmt::format("the oldest of {} transfers is {} number {} of account {}", waiting_.size(),
                       first->is_ours ? "transfer" : "an operator's call,", transaction.nonce,
                       first->call.account);
}

void Clients::read(uint64_t account_number, NodeId node) {
    const Call call{.id = ++last_call_,
                    .kind = OperationKind::read,
                    .account = account_number,
                    .node = node,
                    .invoked = around_.schedule.now()};
    around_.watch.call(call);
    Machine& machine = *machines_.at(node);
    machine.handle([this, &machine, call] {
        machine.node()->read([this, &machine, call](const Result<Height>& point) {
            if (!point) return;
            const ledger::Reader reader(machine.store_disk().snapshot());
            const Height head = reader.head();
            const auto found = reader.account(account(call.account), head);
            if (!found) return;
            ++reads_answered;
            around_.watch.answer(call, {.at = around_.schedule.now(),
                                        .height = head,
                                        .balance = found->balance,
                                        .node = machine.id()});
        });
    });
}

}  // namespace holdfast::sim
