// When it lies, to whom, and how.
#include "lying_engine.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "chain/block.h"
#include "crypto/hash.h"

namespace holdfast::malicious {

using chain::Statement;
using chain::StatementKind;

namespace {

constexpr size_t remembered_max = 64;
constexpr size_t lies_max = 1024;
/// Its own proposals it always contradicts, its votes in one view of so many.
constexpr bft::View votes_period = 3;
/// Of so many views the first half is spent in silence towards one peer.
constexpr bft::View silence_period = 16;
/// One message of so many is followed by an old one.
constexpr uint64_t replay_period = 5;

std::optional<bft::View> view_of(const bft::Body& body) {
    if (const auto* propose = std::get_if<bft::Propose>(&body))
        return propose->candidate.proposal.place.view;
    if (const auto* vote = std::get_if<bft::Vote>(&body)) return vote->said.statement.view;
    return std::nullopt;
}

}  // namespace

LyingEngine::LyingEngine(std::unique_ptr<consensus::Engine> honest, NodeId self,
                         const crypto::NodeSeed& voting_seed, const Hash32& genesis)
    : honest_(std::move(honest)), self_(self), key_(voting_seed), genesis_(genesis) {}

void LyingEngine::step(Instant now, consensus::Input input, consensus::Effects& out) {
    if (auto* received = std::get_if<consensus::Received>(&input)) {
        received->bytes = without_lies(std::move(received->bytes));
        if (received->bytes == nullptr) return;
    }
    consensus::Effects meant;
    honest_->step(now, std::move(input), meant);
    peers_ = honest_->counted();
    std::erase(peers_, self_);
    std::ranges::sort(peers_);
    for (consensus::Effect& effect : meant) {
        const auto* send = std::get_if<consensus::Send>(&effect);
        // Lies go where the truth would: behind the same records, so that they outlive a crash too.
        if (send != nullptr && !peers_.empty())
            tell(send->to, send->bytes, out);
        else
            out.push_back(std::move(effect));
    }
}

consensus::EngineStatus LyingEngine::status() const {
    consensus::EngineStatus status = honest_->status();
    status.note = fmt::format("contradicted {}, withheld {}, replayed {}{}{}", contradicted_,
                              withheld_, replayed_, status.note.empty() ? "" : "; ", status.note);
    return status;
}

// ------------------------------------------------------------------------------------- listening

bool LyingEngine::betrays(const bft::Certificate& certificate) const {
    return std::ranges::find(lies_, certificate.statement) != lies_.end() &&
           std::ranges::any_of(certificate.signatures,
                               [this](const auto& it) { return it.first == self_; });
}

Buffer LyingEngine::without_lies(Buffer message) const {
    auto body = bft::decode(*message);
    if (!body) return message;
    if (const auto* certified = std::get_if<bft::Certified>(&*body))
        return betrays(certified->certificate) ? nullptr : message;
    if (auto* propose = std::get_if<bft::Propose>(&*body))
        std::erase_if(propose->justification,
                      [this](const bft::Certificate& it) { return betrays(it); });
    const auto strip = [this](std::optional<bft::Certificate>& it) {
        if (it && betrays(*it)) it.reset();
    };
    if (auto* answer = std::get_if<bft::Answer>(&*body)) strip(answer->certificate);
    if (auto* fetched = std::get_if<bft::Fetched>(&*body)) strip(fetched->certificate);
    return bft::encode(*body);
}

// -------------------------------------------------------------------------------------- speaking

NodeId LyingEngine::fooled_in(bft::View view) const {
    return peers_[view % peers_.size()];
}

NodeId LyingEngine::deaf_in(bft::View view) const {
    return peers_[view / silence_period % peers_.size()];
}

void LyingEngine::tell(NodeId to, const Buffer& message, consensus::Effects& out) {
    const auto body = bft::decode(*message);
    CHECK(body, "what an engine sends can be read");
    if (const auto view = view_of(*body)) view_ = *view;
    if (++sent_ % replay_period == 0) replay(to, out);
    old_.push_back(message);
    if (old_.size() > remembered_max) old_.pop_front();
    if (withholds(to, *body)) {
        ++withheld_;
        return;
    }
    Buffer lie;
    if (to == fooled_in(view_)) {
        if (const auto* propose = std::get_if<bft::Propose>(&*body)) lie = other_propose(*propose);
        if (const auto* vote = std::get_if<bft::Vote>(&*body)) lie = other_vote(*vote);
    }
    if (lie != nullptr) ++contradicted_;
    out.push_back(consensus::Send{.to = to, .bytes = lie != nullptr ? lie : message});
}

// Towards one peer all is silent, and nobody is given what he asks for.
bool LyingEngine::withholds(NodeId to, const bft::Body& body) const {
    if (view_ % silence_period >= silence_period / 2) return false;
    return to == deaf_in(view_) || std::holds_alternative<bft::Certified>(body) ||
           std::holds_alternative<bft::Fetched>(body);
}

// Any old message, of whatever view or epoch, to whoever is spoken to.
void LyingEngine::replay(NodeId to, consensus::Effects& out) {
    if (old_.empty()) return;
    out.push_back(consensus::Send{.to = to, .bytes = old_[sent_ * 7 % old_.size()]});
    ++replayed_;
}

// Another payload that is just as valid: nobody could tell it from the first one by itself.
Buffer LyingEngine::other_propose(const bft::Propose& propose) {
    bft::Propose other = propose;
    bft::Candidate& candidate = other.candidate;
    const auto payload = chain::decode_payload(*candidate.payload);
    if (candidate.proposal.is_filler() || !payload) return nullptr;
    candidate.payload =
        make_buffer(chain::encode_payload(chain::Payload{.time_ms = payload->time_ms + 1,
                                                         .fee_recipient = payload->fee_recipient,
                                                         .transactions = {}}));
    candidate.proposal.payload_hash = crypto::sha256(*candidate.payload);
    candidate.digest = candidate.proposal.digest();
    candidate.signature = say({.kind = StatementKind::propose,
                               .epoch = candidate.proposal.place.epoch,
                               .view = candidate.proposal.place.view,
                               .digest = candidate.digest})
                              .signature;
    return bft::encode(other);
}

// For the other proposal if there is one, else for one that nobody made; and who says finalize
// elsewhere says skip here.
Buffer LyingEngine::other_vote(const bft::Vote& vote) {
    Statement lie = vote.said.statement;
    const auto other = std::ranges::find_if(lies_, [&](const Statement& said) {
        return said.kind == StatementKind::propose && said.epoch == lie.epoch &&
               said.view == lie.view;
    });
    if (lie.kind == StatementKind::skip) return nullptr;
    if (other == lies_.end() && lie.view % votes_period != 0) return nullptr;
    if (lie.kind == StatementKind::finalize) {
        lie.kind = StatementKind::skip;
        lie.digest = {};
    } else if (other != lies_.end()) {
        lie.digest = other->digest;
    } else {
        lie.digest.bytes[0] ^= 1;
    }
    return bft::encode(bft::Vote{say(lie)});
}

chain::SignedStatement LyingEngine::say(const Statement& statement) {
    lies_.push_back(statement);
    if (lies_.size() > lies_max) lies_.pop_front();
    return {statement, key_.sign(chain::statement_bytes(genesis_, statement))};
}

}  // namespace holdfast::malicious
