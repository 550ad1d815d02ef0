// Collecting attestations: lazily verified, only as many as a quorum needs.
#include "node/attestor.h"

#include "base/sometimes.h"

namespace holdfast::node {
namespace {

constexpr Duration repeat_interval = 500ms;
constexpr size_t repeats_max = 64;
/// So often an attestation is repeated before its block is passed over for a later one.
constexpr unsigned patience_repeats = 8;
/// Own attestations wait for company this long. Nobody's receipt waits for them, and blocks come by
/// the thousand a second when each holds one transfer.
constexpr Duration send_delay = 20ms;
/// How far ahead of the own head others' attestations are kept.
constexpr uint64_t ahead_max = 4096;

}  // namespace

Attestor::Attestor(Context& context, Hooks hooks)
    : context_(context),
      hooks_(std::move(hooks)),
      certified_(context.reader().certified()),
      next_repeat_(context.now()) {}

void Attestor::start() {
    const ledger::Reader reader = context_.reader();
    for (Height height = certified_.next(); height <= context_.head.number; ++height) {
        const auto hash = reader.block_hash(height);
        const auto attesting = reader.members(height.previous());
        if (!hash || !attesting) continue;
        Slot& slot = slots_[height];
        slot.certified = reader.certificate(height).has_value();
        slot.attesting = *attesting;
        slot.own = chain::attest(context_.voting_key, context_.config.self, context_.genesis_hash,
                                 attesting->epoch, height, *hash);
        try_certify(height, slot);
    }
    verify_due();
}

void Attestor::on_executed(const chain::Attestation& own, const chain::MemberSet& attesting) {
    Slot& slot = slots_[own.height];
    slot.own = own;
    slot.attesting = attesting;
    if (attesting.find(context_.config.self) != nullptr) {
        ++context_.counters.attestations_made;
        unsent_.push_back(own);
        if (!send_at_) send_at_ = context_.now() + send_delay;
        if (unsent_.size() == attestations_max) send_own();
    }
    try_certify(own.height, slot);
    verify_due();
}

void Attestor::send_own() {
    send_at_.reset();
    context_.broadcast(env::Priority::consensus, Attestations{std::exchange(unsent_, {})});
}

bool Attestor::has_certificate(Height height) const {
    const auto place = slots_.find(height);
    return height <= certified_ || (place != slots_.end() && place->second.certified);
}

void Attestor::claim(NodeId from, const chain::Attestation& attestation) {
    if (context_.is_follower(from)) return;
    // Each member speaks for itself; certificates are what is passed on.
    if (attestation.signer != from || attestation.height > context_.head.number + ahead_max) {
        ++context_.counters.messages_refused;
        return;
    }
    if (has_certificate(attestation.height)) return;
    Slot& slot = slots_[attestation.height];
    if (slot.verified.contains(from)) return;
    slot.claimed[from] = attestation;
    try_certify(attestation.height, slot);
}

void Attestor::on_attestations(NodeId from, const Attestations& message) {
    for (const chain::Attestation& one : message.attestations) claim(from, one);
    verify_due();
}

void Attestor::on_attestation_again(NodeId from, const chain::Attestation& attestation) {
    if (has_certificate(attestation.height)) {
        // It has waited for a while, so it missed ours: the certificate ends the matter.
        if (const auto certificate = context_.reader().certificate(attestation.height))
            context_.send(from, env::Priority::consensus, *certificate);
        return;
    }
    claim(from, attestation);
    verify_due();
}

void Attestor::try_certify(Height height, Slot& slot) {
    if (!slot.own || slot.certified || slot.verifying) return;
    const chain::MemberSet& set = slot.attesting;
    const auto rule = context_.genesis.quorum_rule();

    uint64_t weight = 0;
    chain::Certificate certificate{.height = height, .block_hash = slot.own->block_hash};
    const auto count = [&](const chain::Attestation& one) {
        const chain::Member* member = set.find(one.signer);
        if (member == nullptr || one.block_hash != slot.own->block_hash) return;
        weight += member->weight;
        certificate.signatures.emplace_back(one.signer, one.signature);
    };
    slot.verified.insert_or_assign(context_.config.self, *slot.own);
    for (const auto& [signer, one] : slot.verified) count(one);
    if (chain::is_quorum(weight, set.total_weight(), rule)) {
        store(height, slot, std::move(certificate));
        return;
    }
    // Are enough claims here to be worth verifying? Differing ones are verified at once: they mean
    // that somebody is wrong, perhaps we.
    std::vector<chain::Attestation> check;
    for (const auto& [signer, one] : slot.claimed) {
        const chain::Member* member = set.find(signer);
        if (member == nullptr) continue;
        const bool differs = one.block_hash != slot.own->block_hash;
        if (!differs && chain::is_quorum(weight, set.total_weight(), rule)) continue;
        if (!differs) weight += member->weight;
        check.push_back(one);
    }
    const bool differing = std::ranges::any_of(
        check, [&](const auto& one) { return one.block_hash != slot.own->block_hash; });
    if (check.empty() || (!differing && !chain::is_quorum(weight, set.total_weight(), rule)))
        return;

    slot.verifying = true;
    due_.push_back({.height = height, .claims = std::move(check), .members = set, .valid = {}});
}

// One job for all that came together.
void Attestor::verify_due() {
    if (due_.empty()) return;
    auto job = std::make_shared<std::vector<Due>>(std::exchange(due_, {}));
    context_.ports.lanes.run(
        env::Lane::verify,
        [job, genesis = context_.genesis_hash] {
            for (Due& due : *job)
                for (const chain::Attestation& one : due.claims)
                    due.valid.push_back(chain::verify_attestation(one, due.members, genesis));
        },
        [this, job] {
            for (const Due& checked : *job) on_verified(checked);
            verify_due();
        });
}

void Attestor::on_verified(const Due& due) {
    const auto& [height, checked, members, valid] = due;
    const auto place = slots_.find(height);
    if (place == slots_.end()) return;
    Slot& slot = place->second;
    slot.verifying = false;
    context_.counters.signatures_verified += checked.size();
    for (size_t i = 0; i < checked.size(); ++i) {
        slot.claimed.erase(checked[i].signer);
        if (!valid[i]) {
            ++context_.counters.messages_refused;
            continue;
        }
        slot.verified.insert_or_assign(checked[i].signer, checked[i]);
        if (slot.own && checked[i].block_hash != slot.own->block_hash) note_conflict(height, slot);
    }
    try_certify(height, slot);
}

void Attestor::note_conflict(Height height, Slot& slot) {
    ++context_.counters.conflicting_attestations;
    std::map<Hash32, uint64_t> weights;
    uint64_t spoken = 0;
    for (const auto& [signer, one] : slot.verified) {
        const chain::Member* member = slot.attesting.find(signer);
        if (member == nullptr) continue;
        weights[one.block_hash] += member->weight;
        spoken += member->weight;
    }
    const uint64_t total = slot.attesting.total_weight();
    const auto rule = context_.genesis.quorum_rule();
    bool possible = false;
    for (const auto& [hash, weight] : weights) {
        if (chain::is_quorum(weight, total, rule) && hash != slot.own->block_hash)
            hooks_.diverged(
                fmt::format("block {} executed to {} here, but a quorum attests {}: this node's "
                            "state is wrong; "
                            "wipe its data and run `holdfast init --rejoin`",
                            height, to_hex0x(slot.own->block_hash.view()), to_hex0x(hash.view())));
        possible = possible || chain::is_quorum(weight + (total - spoken), total, rule);
    }
    if (!possible)
        dispute_ = fmt::format(
            "members computed different hashes for block {}, so it can have no certificate",
            height);
}

void Attestor::on_certificate(const chain::Certificate& certificate) {
    const auto place = slots_.find(certificate.height);
    if (place == slots_.end() || place->second.certified || !place->second.own) return;
    Slot& slot = place->second;
    // Verified here and not on the workers: it comes rarely, after a loss or while catching up.
    context_.counters.signatures_verified += certificate.signatures.size();
    if (!chain::verify_certificate(certificate, slot.attesting, context_.genesis_hash,
                                   context_.genesis.quorum_rule())) {
        ++context_.counters.messages_refused;
        return;
    }
    if (certificate.block_hash != slot.own->block_hash) {
        hooks_.diverged(
            fmt::format("block {} executed to {} here, but its certificate says {}: this node's "
                        "state is wrong; "
                        "wipe its data and run `holdfast init --rejoin`",
                        certificate.height, to_hex0x(slot.own->block_hash.view()),
                        to_hex0x(certificate.block_hash.view())));
        return;
    }
    store(certificate.height, slot, certificate);
}

void Attestor::store(Height height, Slot& slot, chain::Certificate certificate) {
    slot.certified = true;
    ledger::put_certificate(context_.ports.store, certificate);
    advance();
    hooks_.certified(height);
}

void Attestor::advance() {
    while (!slots_.empty()) {
        const auto first = slots_.begin();
        if (first->first > certified_ &&
            !(first->first == certified_.next() && first->second.certified))
            break;
        certified_ = std::max(certified_, first->first);
        slots_.erase(first);
    }
}

// Whoever has taken a snapshot can attest nothing before it, so that a block may never get enough
// voices. A later one that did vouches for it: each names the hash of its parent. Not so a change
// of members: nothing but its own certificate shows who attests what follows, and nobody can take a
// snapshot past it without bringing that along.
void Attestor::pass_over() {
    if (slots_.empty() || slots_.begin()->second.repeats < patience_repeats) return;
    const auto later =
        std::ranges::find_if(slots_, [](const auto& item) { return item.second.certified; });
    if (later == slots_.end()) return;
    const uint64_t epoch = slots_.begin()->second.attesting.epoch;
    if (later->second.attesting.epoch != epoch) return;
    HF_SOMETIMES("node.certificate_passed_over");
    certified_ = later->first;
    ledger::vouch(context_.ports.store, certified_);
    slots_.erase(slots_.begin(), std::next(later));
    advance();
    hooks_.certified(certified_);
}

void Attestor::on_snapshot(Height height) {
    certified_ = std::max(certified_, height);
    slots_.erase(slots_.begin(), slots_.upper_bound(height));
}

void Attestor::on_tick() {
    if (send_at_ && context_.now() >= *send_at_) send_own();
    if (context_.now() >= next_repeat_) repeat_own();
}

// Whoever joins has executed blocks that were certified before it came: nobody sends attestations
// of those any more, and asking for each alone would take longer than the ledger takes to grow.
void Attestor::ask_for_certificates() {
    last_asked_ = context_.next_member(last_asked_);
    if (last_asked_ != NodeId{})
        context_.send(last_asked_, env::Priority::bulk, CertificatesRequest{certified_.next()});
}

void Attestor::on_certificates_request(NodeId from, const CertificatesRequest& request) {
    Certificates reply;
    const ledger::Reader reader = context_.reader();
    for (Height height = request.from; height <= certified_; ++height) {
        auto certificate = reader.certificate(height);
        if (!certificate || reply.certificates.size() == certificates_max) break;
        reply.certificates.push_back(std::move(*certificate));
    }
    if (!reply.certificates.empty()) context_.send(from, env::Priority::bulk, reply);
}

void Attestor::on_certificates(NodeId from, const Certificates& message) {
    const Height before = certified_;
    for (const chain::Certificate& one : message.certificates) on_certificate(one);
    if (certified_ > before && message.certificates.size() == certificates_max)
        context_.send(from, env::Priority::bulk, CertificatesRequest{certified_.next()});
}

void Attestor::repeat_own() {
    next_repeat_ = context_.now() + repeat_interval;
    if (slots_.size() > repeats_max) ask_for_certificates();
    size_t repeated = 0;
    for (auto& [height, slot] : slots_) {
        // The newest blocks' attestations are still on their way.
        if (height > head_at_repeat_ || repeated == repeats_max) break;
        if (!slot.own || slot.certified) continue;
        ++repeated;
        ++slot.repeats;
        context_.broadcast(env::Priority::consensus, AttestationAgain{*slot.own});
    }
    head_at_repeat_ = context_.head.number;
    pass_over();
}

std::optional<Instant> Attestor::deadline() const {
    if (slots_.empty()) return send_at_;
    return send_at_ ? std::min(*send_at_, next_repeat_) : next_repeat_;
}

}  // namespace holdfast::node
