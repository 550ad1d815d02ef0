// The newest certificate of an answer decides; without one, voices are counted.
#include "node/hearsay.h"

#include "chain/receipt.h"
#include "consensus/quorum.h"

namespace holdfast::node {

Examined examine(std::span<const SyncBlock> blocks, Height from, Height upto,
                 const chain::MemberSet& members, const Hash32& genesis) {
    Examined result;
    for (const SyncBlock& block : blocks) {
        const Height height = from + result.hashes.size();
        if (height > upto) break;
        if (block.header.number != height || !chain::decode_extra(block.header.extra_data))
            result.flaw = "it sent blocks out of order";
        else if (!result.hashes.empty() && block.header.parent_hash != result.hashes.back())
            result.flaw = "it sent blocks that do not follow each other";
        else if (block.header.transactions_root != chain::ordered_root(block.transactions))
            result.flaw = "it sent a block with other transactions than its header names";
        if (!result.flaw.empty()) return result;
        result.hashes.push_back(chain::header_hash(block.header));
    }
    // The newest is enough; and nobody honest keeps one that does not hold.
    for (size_t count = result.hashes.size(); count > 0; --count) {
        const auto& certificate = blocks[count - 1].certificate;
        if (!certificate) continue;
        const bool holds = certificate->height == from + (count - 1) &&
                           certificate->block_hash == result.hashes[count - 1] &&
                           chain::verify_certificate(*certificate, members, genesis,
                                                     chain::QuorumRule::two_thirds);
        if (holds)
            result.certified = count;
        else
            result.flaw = "it sent a certificate that does not hold";
        break;
    }
    return result;
}

void Hearsay::note(NodeId from, Height first, std::span<const Hash32> hashes) {
    for (size_t i = 0; i < hashes.size(); ++i) said_[first + i][from] = hashes[i];
}

size_t Hearsay::believed(Height first, std::span<const Hash32> hashes,
                         const chain::MemberSet& members) const {
    for (size_t count = hashes.size(); count > 0; --count) {
        const auto at = said_.find(first + (count - 1));
        if (at == said_.end()) continue;
        uint64_t weight = 0;
        for (const auto& [node, hash] : at->second)
            if (const chain::Member* member = members.find(node);
                member != nullptr && hash == hashes[count - 1])
                weight += member->weight;
        if (consensus::more_than_one_third(weight, members.total_weight())) return count;
    }
    return 0;
}

}  // namespace holdfast::node
