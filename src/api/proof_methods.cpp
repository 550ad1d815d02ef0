// What `holdfast proof` gathers, in the words of its file: any node can be asked, none is trusted.
#include "api/json.h"
#include "api/methods.h"
#include "ledger/prove.h"

namespace holdfast::api::method {

namespace {

Answer evidence_json(const Result<ledger::Evidence>& evidence) {
    if (!evidence) return rpc_fail(evidence.error());
    JsonOut out;
    out.object();
    out.key("block").raw(chain::to_json(evidence->block));
    out.key("claim").raw(chain::to_json(evidence->claim));
    return out.end_object().take();
}

/// Absent: null, for the newest certified one.
std::expected<std::optional<Height>, RpcError> block_or_newest(const Call& call, size_t index,
                                                               const ledger::Reader& reader) {
    if (call.params().absent(index)) return std::nullopt;
    const auto height = state_height(call, index, reader);
    if (!height) return std::unexpected(height.error());
    return *height;
}

}  // namespace

Answer account_proof(Service&, const Call& call, const ledger::Reader& reader) {
    const auto address = call.params().address(0);
    if (!address) return std::unexpected(address.error());
    const auto height = block_or_newest(call, 1, reader);
    if (!height) return std::unexpected(height.error());
    return evidence_json(ledger::prove_account(reader, *address, *height));
}

Answer slot_proof(Service&, const Call& call, const ledger::Reader& reader) {
    const auto address = call.params().address(0);
    if (!address) return std::unexpected(address.error());
    const auto slot = call.params().slot_key(1);
    if (!slot) return std::unexpected(slot.error());
    const auto height = block_or_newest(call, 2, reader);
    if (!height) return std::unexpected(height.error());
    return evidence_json(ledger::prove_slot(reader, *address, *slot, *height));
}

Answer receipt_proof(Service&, const Call& call, const ledger::Reader& reader) {
    const auto hash = call.params().hash(0);
    if (!hash) return std::unexpected(hash.error());
    return evidence_json(ledger::prove_receipt(reader, *hash));
}

Answer member_history(Service&, const Call& call, const ledger::Reader& reader) {
    const auto upto = state_height(call, 0, reader);
    if (!upto) return std::unexpected(upto.error());
    const auto changes = ledger::member_changes(reader, *upto);
    if (!changes) return rpc_fail(changes.error());
    JsonOut out;
    out.array();
    for (const chain::MemberChange& change : *changes) out.raw(chain::to_json(change));
    return out.end_array().take();
}

}  // namespace holdfast::api::method
