// Every certificate that a node keeps or sends names the block of its height and is signed by
// distinct members of the set in force before that block, of more weight than a quorum needs.
// Judged by the bytes that were stored or sent, with arithmetic of its own.
#include <set>
#include <unordered_set>

#include <fmt/format.h>

#include "base/codec.h"
#include "ledger/keys.h"
#include "node/messages.h"
#include "sim/checkers.h"
#include "sim/draw.h"

namespace holdfast::sim {
namespace {

/// Certificates come a little after their blocks: looked for this far below each new one, and
/// further below now and then. A death, and the end, look at everything.
constexpr uint64_t often_looks_back = 8, seldom_looks_back = 256;
constexpr uint64_t seldom_every_blocks = 64;
constexpr size_t signatures_max = 4096;
/// Those of heights that nobody has spoken of yet.
constexpr size_t waiting_max = 4096;

class Certificates final : public Checker {
  public:
    explicit Certificates(const Sight& sight)
        : stage_(sight.stage),
          chain_(sight.chain),
          genesis_(chain::genesis_hash(sight.stage.genesis())) {
        note_set(Height(0), stage_.genesis().members);
        for (const node::Message& one :
             {node::Message(chain::Certificate{}), node::Message(node::Certificates{}),
              node::Message(node::BlocksReply{}), node::Message(node::SnapshotOffer{}),
              node::Message(node::HistoryReply{})})
            tags_.insert(node::encode_message(one)->front());
    }
    [[nodiscard]] std::string_view name() const override { return "certificate"; }

    void on_block(NodeId node, const ledger::Executed& executed) override;
    void on_send(NodeId from, NodeId to, ByteView message) override;
    void on_end(NodeId node, Death /*why*/) override { look(node, 0, UINT64_MAX); }
    void at_end() override {
        for (const NodeId node : stage_.nodes()) look(node, 0, UINT64_MAX);
    }

  private:
    struct Claim {
        NodeId node;
        bool stored = false;
        Height height;
        Hash32 block;
        std::vector<std::pair<NodeId, crypto::NodeSignature>> signatures;
    };
    void note_set(Height after, const chain::MemberSet& set) {
        sets_.try_emplace(set.epoch, set);
        epochs_.try_emplace(after, set.epoch);
    }
    [[nodiscard]] const chain::MemberSet* set_after(Height height) const;
    void look(NodeId node, uint64_t from, uint64_t to);
    void look_at(NodeId node, Height height, ByteView record);
    void sent(NodeId from, const chain::Certificate& certificate);
    void consider(Claim claim);
    void judge(const Claim& claim, const chain::MemberSet& set);

    const Stage& stage_;
    std::shared_ptr<const Chain> chain_;
    Hash32 genesis_;
    std::set<uint8_t> tags_;
    std::map<uint64_t, chain::MemberSet> sets_;  ///< by epoch
    std::map<Height, uint64_t> epochs_;          ///< after which block, as far as was told
    std::unordered_set<uint64_t> looked_at_;     ///< one certificate is judged once
    std::vector<Claim> waiting_;
};

// A block that nobody spoke of lies between two of one epoch, or we do not know.
const chain::MemberSet* Certificates::set_after(Height height) const {
    const auto next = epochs_.lower_bound(height);
    if (next == epochs_.end()) return nullptr;
    if (next->first != height && std::prev(next)->second != next->second) return nullptr;
    return &sets_.at(next->second);
}

void Certificates::on_block(NodeId node, const ledger::Executed& executed) {
    const Height height = executed.block.header.number;
    note_set(height, executed.members);
    for (Claim& claim : std::exchange(waiting_, {})) consider(std::move(claim));
    const uint64_t back =
        height.value % seldom_every_blocks == 0 ? seldom_looks_back : often_looks_back;
    look(node, height.value > back ? height.value - back : 0, height.value);
}

void Certificates::look(NodeId node, uint64_t from, uint64_t to) {
    const env::StateStore* store = stage_.view(node).store;
    if (store == nullptr) return;
    store->scan(env::Column::certificates, ledger::keys::of_height(Height(from)),
                [&](ByteView key, ByteView record) {
                    const Height height(ledger::keys::read_big_endian(key));
                    if (height.value <= to) look_at(node, height, record);
                    return height.value <= to;
                });
}

void Certificates::look_at(NodeId node, Height height, ByteView record) {
    if (record.empty()) return;  // a later one vouches for this block: it is judged where it lies
    if (!looked_at_.insert(mix(height.value, fingerprint(record))).second) return;
    Claim claim{.node = node, .stored = true, .height = {}, .block = {}, .signatures = {}};
    Reader in(record);
    claim.height = in.ordinal<Height>();
    claim.block = in.fixed<Hash32>();
    const size_t count = in.count(signatures_max);
    for (size_t i = 0; i < count && !in.failed(); ++i) {
        const auto signer = in.ordinal<NodeId>();
        claim.signatures.emplace_back(signer, in.fixed<crypto::NodeSignature>());
    }
    if (!in.finish() || claim.height != height)
        return violated(
            fmt::format("node {} keeps as certificate of block {} what is none", node, height));
    consider(std::move(claim));
}

void Certificates::on_send(NodeId from, NodeId /*to*/, ByteView message) {
    if (message.empty() || !tags_.contains(message.front())) return;
    const auto decoded = node::decode_message(message);
    // One that cannot be read is refused by whoever gets it; where it lies, it is judged.
    if (!decoded) return;
    if (const auto* one = std::get_if<chain::Certificate>(&*decoded)) sent(from, *one);
    if (const auto* many = std::get_if<node::Certificates>(&*decoded))
        for (const chain::Certificate& one : many->certificates) sent(from, one);
    if (const auto* reply = std::get_if<node::BlocksReply>(&*decoded))
        for (const node::SyncBlock& block : reply->blocks)
            if (block.certificate) sent(from, *block.certificate);
    if (const auto* offer = std::get_if<node::SnapshotOffer>(&*decoded); offer && offer->block)
        sent(from, chain::certificate_of(*offer->block));
    if (const auto* history = std::get_if<node::HistoryReply>(&*decoded))
        for (const chain::MemberChange& change : history->changes)
            sent(from, chain::certificate_of(change.block));
}

void Certificates::sent(NodeId from, const chain::Certificate& certificate) {
    Writer record;
    chain::encode(record, certificate);
    if (!looked_at_.insert(mix(certificate.height.value, fingerprint(record.take()))).second)
        return;
    consider({.node = from,
              .height = certificate.height,
              .block = certificate.block_hash,
              .signatures = certificate.signatures});
}

void Certificates::consider(Claim claim) {
    if (claim.height == Height(0))
        return violated(fmt::format("node {} has a certificate of genesis", claim.node));
    const chain::MemberSet* set = set_after(claim.height.previous());
    if (set != nullptr && chain_->at(claim.height) != nullptr) return judge(claim, *set);
    if (waiting_.size() < waiting_max) waiting_.push_back(std::move(claim));
}

void Certificates::judge(const Claim& claim, const chain::MemberSet& set) {
    const auto wrong = [&](std::string_view what) {
        violated(fmt::format("node {} {} a certificate of block {} {}", claim.node,
                             claim.stored ? "keeps" : "sends", claim.height, what));
    };
    if (claim.block != chain_->at(claim.height)->hash) wrong("that names another block");
    Writer said;
    said.text("holdfast/attestation/v1");
    said.fixed(genesis_);
    said.u64(set.epoch);
    said.ordinal(claim.height);
    said.fixed(claim.block);
    const Bytes message = said.take();
    uint64_t total = 0, weight = 0;
    std::map<NodeId, const chain::Member*> silent;
    for (const chain::Member& member : set.members) {
        silent.emplace(member.id, &member);
        total += member.weight;
    }
    for (const auto& [signer, signature] : claim.signatures) {
        const auto place = silent.find(signer);
        if (place == silent.end())
            return wrong(
                fmt::format("signed by node {}, twice or without being a member of epoch {}",
                            signer, set.epoch));
        if (!crypto::verify(place->second->voting_key, message, signature))
            return wrong(fmt::format("that node {} has not signed", signer));
        weight += place->second->weight;
        silent.erase(place);
    }
    const bool two_thirds = stage_.genesis().quorum_rule() == chain::QuorumRule::two_thirds;
    // No sum of weights, nor three times one, leaves 64 bits.
    if (two_thirds ? weight * 3 > total * 2 : weight * 2 > total) return;
    wrong(fmt::format("signed by a weight of {} of {}", weight, total));
}

}  // namespace

CheckerPtr make_certificates(const Sight& sight) {
    return std::make_unique<Certificates>(sight);
}

}  // namespace holdfast::sim
