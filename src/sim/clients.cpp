// Asking, waiting, asking somebody else.
#include "sim/clients.h"

#include "sim/cast.h"
#include "sim/draw.h"

namespace holdfast::sim {
namespace {

constexpr uint64_t client_delay_us = 400;
constexpr Duration patience = 1500ms;

}  // namespace

NodeId Clients::someone(Random& random) const {
    const size_t count = nodes_.empty() ? machines_.size() : nodes_.size();
    const size_t chosen = random.below(count);
    if (!nodes_.empty()) return nodes_[chosen];
    return std::next(machines_.begin(), static_cast<ptrdiff_t>(chosen))->first;
}

void Clients::begin(const Operation& operation) {
    const uint64_t account = operation.account;
    if (operation.kind == OperationKind::read) return read(account, operation.node);
    const uint64_t nonce = next_nonce_[account]++;
    const auto first = transfer(account, nonce, 0);
    if (operation.kind == OperationKind::transfer)
        return send(first, account, operation.node, {}, true);
    const auto second = transfer(account, nonce, 1);
    Random dice = random("rival");
    send(first, account, operation.node, second->hash, true);
    send(second, account, someone(dice), first->hash, true);
}

void Clients::propose(const Bytes& call) {
    for (uint64_t id = 1; id <= around_.plan.nodes / 2 + 1; ++id) {
        const NodeId who(id);
        Random dice = random("proposal");
        send(operator_call(who, operator_nonce_[who]++, call), 0, someone(dice), {}, false);
    }
}

void Clients::send(const ledger::TransactionPtr& transaction, uint64_t account, NodeId first,
                   const Hash32& rival, bool is_ours) {
    const Call call{.id = ++last_call_,
                    .kind = OperationKind::transfer,
                    .account = account,
                    .node = first,
                    .invoked = around_.schedule.now(),
                    .transaction = transaction->hash};
    around_.watch.made(transaction->hash);
    if (is_ours) around_.watch.call(call);
    waiting_[transaction->hash] = {
        .call = call, .transaction = transaction, .asked = {}, .is_ours = is_ours, .rival = rival};
    ask(transaction->hash, first);
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
        Random other = random("again");
        ask(hash, someone(other));
    });
}

void Clients::ask_at(NodeId node, Waiting& waiting) {
    Machine& machine = *machines_.at(node);
    const Hash32 hash = waiting.transaction->hash;
    const ledger::Reader reader(machine.store_disk().snapshot());
    // It may have got in by an earlier attempt.
    if (const auto place = reader.place_of(hash)) return acknowledge(hash, node, place->height);
    const Status admitted = machine.node()->submit(waiting.transaction);
    if (admitted || admitted.error().code != mempool::errc::nonce_too_low) return;
    // Its rival got in, or its receipt has been pruned: it is settled, and we do not learn how.
    waiting_.erase(hash);
}

void Clients::on_executed(NodeId node, const ledger::Executed& executed) {
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
    if (!waiting.rival.is_zero()) waiting_.erase(waiting.rival);
    if (!waiting.is_ours) return;
    ++acknowledged;
    around_.watch.answer(
        waiting.call,
        {.at = around_.schedule.now(), .height = height, .balance = {}, .node = node});
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
