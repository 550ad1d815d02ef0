// Reports of guilt. Every honest node has much the same evidence, and one report is enough: so each
// waits its turn, and looks whether the ledger knows already.
#include "node/reporter.h"

#include "ledger/faults.h"

namespace holdfast::node {
namespace {

constexpr size_t reports_max = 64;
/// Between the turns of two members; long enough for a report to be executed.
constexpr Duration turn = 1s;
/// Until a report that was not executed is tried again.
constexpr Duration again = 10s;
constexpr uint64_t report_gas = 300'000;

}  // namespace

void Reporter::on_accuse(ByteView bytes) {
    const auto evidence = chain::decode_evidence(bytes);
    if (!evidence || reports_.size() >= reports_max) return;
    const chain::Statement& said = evidence->first.statement;
    context_.log().warn("node", "member {} contradicts itself in view {} of epoch {}: {}",
                        evidence->guilty, said.view, said.epoch,
                        context_.config.report_key
                            ? "the ledger will hear of it"
                            : "no report_key is configured, so others must report it");
    if (!context_.config.report_key) return;
    int64_t place = 0;
    for (const chain::Member& member : context_.members.members) {
        if (member.id == context_.config.self) break;
        ++place;
    }
    const Instant due = context_.now() + turn * place;
    const auto at = std::ranges::upper_bound(reports_, due, {}, &Report::due);
    reports_.insert(at, {*evidence, due});
}

void Reporter::on_tick() {
    while (!reports_.empty() && reports_.front().due <= context_.now()) {
        Report report = std::move(reports_.front());
        reports_.pop_front();
        if (ledger::was_proven(context_.reader(), report.evidence)) continue;
        bring(report.evidence);
        report.due = context_.now() + again;
        reports_.push_back(std::move(report));
    }
}

void Reporter::bring(const chain::Evidence& evidence) {
    const crypto::SecretKey& key = *context_.config.report_key;
    const auto public_key = crypto::public_key(key);
    if (!public_key) return;
    const auto account =
        context_.reader().account(crypto::address_of(*public_key), context_.head.number);
    chain::Transaction report;
    report.chain_id = context_.genesis.chain_id;
    report.nonce = account ? account->nonce : 0;
    if (context_.now() < nonce_until_) report.nonce = std::max(report.nonce, nonce_);
    report.gas_limit = report_gas;
    report.max_fee_per_gas = context_.next_base_fee * U256(2) + U256(1);
    report.max_priority_fee_per_gas = U256(1);
    report.to = ledger::faults_address();
    report.data = ledger::encode_accuse(evidence);
    if (!chain::sign_transaction(report, key)) return;
    auto recovered =
        chain::recover_transaction(chain::encode_transaction(report), context_.genesis.tx_rules());
    if (!recovered) return;
    const Status taken =
        submit_(std::make_shared<const chain::RecoveredTransaction>(std::move(*recovered)));
    if (taken) {
        nonce_ = report.nonce + 1;
        nonce_until_ = context_.now() + again;
    } else {
        context_.log().warn("node", "a report of member {}'s guilt was refused: {}",
                            evidence.guilty, describe(taken.error()));
    }
}

std::optional<Instant> Reporter::deadline() const {
    if (reports_.empty()) return std::nullopt;
    return reports_.front().due;
}

}  // namespace holdfast::node
