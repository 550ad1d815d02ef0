// Keys are small numbers: nothing here is secret.
#include "sim/cast.h"

#include <map>

#include "base/check.h"
#include "ledger/validators.h"
#include "sim/draw.h"

namespace holdfast::sim {
namespace {

constexpr uint64_t chain_id = 1337;
/// Accounts of clients have these numbers; operators' are beyond.
constexpr uint64_t accounts_max = 64;
constexpr uint64_t first_operator = 1000, first_holder = 2000, first_reporter = 3000;
}  // namespace

crypto::SecretKey secret_key(uint64_t number) {
    crypto::SecretKey key;
    for (size_t i = 0; i < 8; ++i)
        key.bytes[31 - i] = static_cast<uint8_t>((number + 1) >> (8 * i));
    return key;
}

namespace {

crypto::NodeSeed seed_of(NodeId node, uint8_t use) {
    crypto::NodeSeed seed;
    seed.bytes[0] = static_cast<uint8_t>(node.value);
    seed.bytes[1] = use;
    return seed;
}

constexpr uint64_t transfer_gas = 21'000;
constexpr uint64_t fee_cap = 100'000'000'000;
constexpr std::string_view riches = "1000000000000000000000";
const U256 largest = U256(UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX);

chain::Transaction blank(uint64_t nonce, uint64_t gas) {
    chain::Transaction transaction;
    transaction.nonce = nonce;
    transaction.gas_limit = gas;
    transaction.max_fee_per_gas = U256(fee_cap);
    transaction.max_priority_fee_per_gas = U256(1);
    return transaction;
}

ledger::TransactionPtr sign(chain::Transaction transaction, uint64_t signer) {
    transaction.chain_id = chain_id;
    const bool is_signed = chain::sign_transaction(transaction, secret_key(signer)).has_value();
    auto recovered =
        chain::recover_transaction(chain::encode_transaction(transaction), {.chain_id = chain_id});
    CHECK(is_signed && recovered, "sim: what the cast signs is well formed");
    return std::make_shared<const chain::RecoveredTransaction>(std::move(*recovered));
}

}  // namespace

crypto::NodeSeed voting_seed(NodeId node) {
    return seed_of(node, 1);
}

chain::Member member(NodeId node) {
    static std::map<NodeId, chain::Member> made;
    auto& place = made[node];
    if (place.id != node)
        place = {.id = node,
                 .voting_key = crypto::NodeKey(seed_of(node, 1)).public_key(),
                 .transport_key = crypto::NodeKey(seed_of(node, 2)).public_key(),
                 .operator_account = account(first_operator + node.value),
                 .endpoint = "node" + std::to_string(node.value) + ".example:7000",
                 .weight = 1};
    return place;
}

chain::Member member(const Plan& plan, NodeId node) {
    chain::Member made = member(node);
    if (plan.weight_max > 1 && plan.policy != "dpos")
        made.weight = draw(plan.seed, "weight", node.value).between(1, plan.weight_max);
    return made;
}

bool too_many_lie(const Plan& plan) {
    uint64_t lying = 0, whole = 0;
    for (uint64_t id = 1; id <= plan.nodes; ++id) {
        const uint64_t weight = member(plan, NodeId(id)).weight;
        whole += weight;
        if (plan.lies(NodeId(id))) lying += weight;
    }
    return lying * 3 >= whole;
}

Address account(uint64_t number) {
    static std::map<uint64_t, Address> made;
    auto [place, fresh] = made.try_emplace(number);
    if (fresh) place->second = crypto::address_of(crypto::public_key(secret_key(number)).value());
    return place->second;
}

U256 stake_unit() {
    return U256(1'000'000'000'000'000'000);
}

namespace {

chain::BftParameters bft_parameters(const Plan& plan) {
    chain::BftParameters made;
    made.policy = chain::policy_from(plan.policy).value_or(chain::Policy::poa);
    made.epoch_blocks = plan.epoch_blocks;
    made.delta_ms = std::max<uint64_t>(1, plan.delta_us / 1000);
    made.evidence_epochs_max = plan.evidence_epochs;
    if (made.policy == chain::Policy::poa) return made;
    made.committee_max = plan.committee_max;
    made.stake_min = made.stake_per_weight = stake_unit();
    made.unbonding_epochs = plan.unbonding_epochs;
    made.block_reward = U256(plan.block_reward);
    made.slash_per_mille = plan.slash_per_mille;
    made.accuser_per_mille = plan.accuser_per_mille;
    made.missed_per_mille = plan.missed_per_mille;
    made.jail_epochs = plan.jail_epochs;
    made.guilts_max = plan.guilts_max;
    return made;
}

}  // namespace

chain::Genesis make_genesis(const Plan& plan) {
    CHECK(plan.accounts <= accounts_max, "sim: the cast has this many accounts");
    chain::Genesis genesis;
    genesis.chain_id = chain_id;
    genesis.timestamp = 1'700'000'000;
    genesis.dev = true;
    if (plan.engine == "bft") {
        genesis.engine = chain::EngineKind::bft;
        genesis.bft = bft_parameters(plan);
    }
    if (plan.engine == "paxos") genesis.engine = chain::EngineKind::paxos;
    const U256 rich = *U256::parse(riches);
    for (uint64_t id = 1; id <= plan.nodes; ++id) {
        genesis.members.members.push_back(member(plan, NodeId(id)));
        genesis.alloc[account(first_operator + id)].balance = rich;
    }
    for (uint64_t number = 0; number < plan.accounts; ++number)
        genesis.alloc[account(number)].balance = rich;
    if (plan.engine != "bft") return genesis;
    for (uint64_t id = 1; id <= plan.nodes + plan.spares; ++id) {
        if (plan.has_stakes()) genesis.alloc[account(first_operator + id)].balance = rich;
        if (plan.reports(NodeId(id))) genesis.alloc[account(first_reporter + id)].balance = rich;
    }
    const bool somebody_slanders = std::ranges::find(plan.operations, OperationKind::slander,
                                                     &Operation::kind) != plan.operations.end();
    for (uint64_t holder = 1; holder <= holders_max; ++holder)
        if (plan.has_stakes() || plan.reporters != 0 || somebody_slanders)
            genesis.alloc[account(first_holder + holder)].balance = rich;
    return genesis;
}

ledger::TransactionPtr transfer(uint64_t from, uint64_t nonce, uint64_t variant, uint64_t bid) {
    static std::map<std::array<uint64_t, 4>, ledger::TransactionPtr> made;
    auto& place = made[{from, nonce, variant, bid}];
    if (!place) {
        chain::Transaction transaction = blank(nonce, transfer_gas);
        transaction.max_fee_per_gas = U256(fee_cap * (1 + bid));
        transaction.max_priority_fee_per_gas = U256(1 + bid);
        transaction.to = account((from + 1 + variant) % 2 == 0 ? 0 : 1);
        transaction.value = U256(1 + nonce * 10 + variant);
        place = sign(std::move(transaction), from);
    }
    return place;
}

ledger::TransactionPtr excess(uint64_t from, uint64_t nonce, uint64_t shape) {
    chain::Transaction transaction = blank(nonce, transfer_gas);
    transaction.to = account(from + 1);
    const U256 fee = U256(transfer_gas) * U256(fee_cap);
    switch (shape % excess_shapes) {
        case 0:  // as much as can be said
            transaction.value = largest;
            break;
        case 1:  // with its fee it is zero again
            transaction.value = largest - fee + U256(1);
            break;
        case 2:  // the highest fee that is a number, and the value that takes it around to one
            transaction.max_fee_per_gas = largest / U256(transfer_gas);
            transaction.value = largest % U256(transfer_gas) + U256(2);
            break;
        case 3:  // more than was ever issued
            transaction.value = *U256::parse(riches) * U256(1'000);
            break;
        default:  // all that an account began with, and nothing left for the fee
            transaction.value = *U256::parse(riches);
            break;
    }
    return sign(std::move(transaction), from);
}

uint64_t operator_number(NodeId node) {
    return first_operator + node.value;
}
uint64_t holder_number(uint64_t holder) {
    return first_holder + holder;
}
uint64_t reporter_number(NodeId node) {
    return first_reporter + node.value;
}

ledger::TransactionPtr contract_call(uint64_t caller, uint64_t nonce, const ContractCall& call) {
    const bool is_vote = call.to == ledger::validators_address();
    chain::Transaction transaction = blank(nonce, is_vote ? 1'000'000 : 3'000'000);
    transaction.to = call.to;
    transaction.value = call.value;
    transaction.data = call.data;
    return sign(std::move(transaction), caller);
}

}  // namespace holdfast::sim
