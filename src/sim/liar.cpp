// Lies, each drawn.
#include "sim/liar.h"

#include "base/overload.h"
#include "chain/block.h"
#include "crypto/hash.h"
#include "sim/cast.h"

namespace holdfast::sim {

using chain::Statement;
using chain::StatementKind;

namespace {

constexpr size_t told_max = 64;

}  // namespace

Liar::Liar(const Plan& plan, const Hash32& genesis, NodeId self, uint64_t which)
    : self_(self),
      key_(voting_seed(self)),
      genesis_(genesis),
      random_(draw(plan.seed, "lies", self.value, which)),
      tag_(node::encode_message(node::EngineMessage{})->front()) {
    for (const node::Message& one :
         {node::Message(node::BlocksReply{}), node::Message(node::SnapshotOffer{}),
          node::Message(node::HistoryReply{})})
        forged_tags_.insert(node::encode_message(one)->front());
    Random manner = draw(plan.seed, "manner of lying", self.value);
    for (uint64_t* percent :
         {&drops_, &repeats_, &withholds_, &contradicts_, &exaggerates_, &forges_})
        *percent = manner.chance(1, 2) ? manner.between(1, 40) : 0;
}

std::vector<Buffer> Liar::instead_of(NodeId to, const Buffer& message) {
    std::vector<Buffer> out;
    if (message->empty()) return {message};
    if (forges_ > 0 && forged_tags_.contains(message->front())) {
        auto other = node::decode_message(*message);
        if (!other || !forge(*other, to)) return {message};
        return {node::encode_message(*other)};
    }
    if (message->front() != tag_) return {message};
    auto body = bft::decode(ByteView(*message).subspan(1));
    if (!body) return {message};
    if (const auto* vote = std::get_if<bft::Vote>(&*body)) said_.insert(vote->said.statement);
    if (random_.chance(drops_, 100)) return {};
    if (!old_.empty() && random_.chance(repeats_, 100))
        out.push_back(old_[random_.below(old_.size())]);
    tell(std::move(*body), to, out);
    old_.push_back(message);
    if (old_.size() > told_max) old_.pop_front();
    return out;
}

bool Liar::forge(node::Message& message, NodeId to) {
    if (auto* history = std::get_if<node::HistoryReply>(&message)) {
        forge(*history, to);
        return true;
    }
    auto* offer = std::get_if<node::SnapshotOffer>(&message);
    usurped_.erase(to);
    // Snapshots are rare.
    if (!random_.chance(offer != nullptr ? 50 : forges_, 100)) return false;
    if (offer != nullptr)
        forge(*offer, to);
    else
        forge(std::get<node::BlocksReply>(message));
    return true;
}

// A block that nobody has, with the true state, attested by the only member of a set of its own.
void Liar::forge(node::SnapshotOffer& offer, NodeId to) {
    const chain::Member* self = offer.block ? offer.members.find(self_) : nullptr;
    if (self == nullptr) return;
    const chain::MemberSet own{.epoch = offer.members.epoch + 1, .members = {*self}};
    offer.block->header.beneficiary.bytes[0] ^= 1;
    attest_alone(*offer.block, own.epoch);
    usurped_[to] = {.offered = offer.block->header, .members = own};
}

// How that set came about: the members before handed everything over to it. Or less than there is.
void Liar::forge(node::HistoryReply& reply, NodeId to) {
    const auto place = usurped_.find(to);
    if (place == usurped_.end()) {
        if (!reply.changes.empty() && random_.chance(1, 2))
            reply.changes.erase(reply.changes.begin() +
                                static_cast<std::ptrdiff_t>(random_.below(reply.changes.size())));
        return;
    }
    const auto& [offered, own] = place->second;
    auto extra = chain::decode_extra(offered.extra_data);
    if (!extra) return;
    extra->next_members_hash = own.hash();
    chain::MemberChange change{.block = {.header = offered, .signatures = {}}, .members = own};
    change.block.header.number = offered.number.previous();
    change.block.header.extra_data = chain::encode_extra(*extra);
    attest_alone(change.block, own.epoch - 1);
    std::erase_if(reply.changes, [&](const chain::MemberChange& it) {
        return it.block.header.number >= change.block.header.number;
    });
    if (reply.changes.size() < node::history_changes_max) reply.changes.push_back(change);
}

void Liar::attest_alone(chain::CertifiedHeader& block, uint64_t epoch) const {
    block.signatures = {{self_, chain::attest(key_, self_, genesis_, epoch, block.header.number,
                                              chain::header_hash(block.header))
                                    .signature}};
}

// Other blocks than it has, or than there are.
void Liar::forge(node::BlocksReply& reply) {
    if (random_.chance(1, 4)) reply.head = reply.head + random_.between(1, 2000);
    if (reply.blocks.empty()) return;
    const size_t from = random_.below(reply.blocks.size());
    node::SyncBlock& first = reply.blocks[from];
    switch (random_.below(4)) {
        case 0:
            first.transactions.clear();
            break;
        case 1:
            if (first.certificate && !first.certificate->signatures.empty())
                first.certificate->signatures.front().second.bytes[0] ^= 1;
            break;
        case 2:
            reply.blocks.erase(reply.blocks.begin() + static_cast<std::ptrdiff_t>(from));
            break;
        default:
            // A history of its own, that hangs together.
            first.header.beneficiary.bytes[0] ^= 1;
            for (size_t i = from; i < reply.blocks.size(); ++i) {
                reply.blocks[i].certificate.reset();
                if (i > from)
                    reply.blocks[i].header.parent_hash =
                        chain::header_hash(reply.blocks[i - 1].header);
            }
    }
}

bool Liar::betrays(const bft::Certificate& certificate) const {
    return !said_.contains(certificate.statement) &&
           std::ranges::any_of(certificate.signatures,
                               [this](const auto& it) { return it.first == self_; });
}

Buffer Liar::hears(Buffer message) {
    if (message->empty() || message->front() != tag_) return message;
    auto body = bft::decode(ByteView(*message).subspan(1));
    if (!body) return message;
    if (const auto* certified = std::get_if<bft::Certified>(&*body))
        return betrays(certified->certificate) ? nullptr : message;
    if (auto* propose = std::get_if<bft::Propose>(&*body)) {
        proposals_.push_back(propose->candidate.proposal);
        if (proposals_.size() > told_max) proposals_.pop_front();
        std::erase_if(propose->justification,
                      [this](const bft::Certificate& it) { return betrays(it); });
    }
    if (auto* answer = std::get_if<bft::Answer>(&*body);
        answer != nullptr && answer->certificate && betrays(*answer->certificate))
        answer->certificate.reset();
    if (auto* fetched = std::get_if<bft::Fetched>(&*body);
        fetched != nullptr && fetched->certificate && betrays(*fetched->certificate))
        fetched->certificate.reset();
    return this->message(*body);
}

void Liar::tell(bft::Body body, NodeId to, std::vector<Buffer>& out) {
    const bool exaggerates = random_.chance(exaggerates_, 100);
    std::visit(Overload{
                   [&](bft::Propose& it) { tell_propose(std::move(it), to, out); },
                   [&](bft::Vote& it) { tell_vote(it, out); },
                   [&](bft::Certified& it) {
                       if (!random_.chance(withholds_, 100)) out.push_back(message(it));
                   },
                   [&](bft::Standing& it) {
                       if (exaggerates) it.final = it.final + random_.between(1, 2000);
                       if (exaggerates) it.current += random_.between(0, 50);
                       out.push_back(message(it));
                   },
                   [&](bft::InLedger& it) {
                       if (exaggerates) it.upto = it.upto + random_.between(1, 2000);
                       out.push_back(message(it));
                   },
                   [&](bft::Answer& it) {
                       if (exaggerates) it.seen.view /= 2;
                       if (exaggerates) it.spoken.view += random_.below(4);
                       if (random_.chance(withholds_, 100)) it.certificate.reset();
                       out.push_back(message(it));
                   },
                   [&](auto& it) { out.push_back(message(it)); },
               },
               body);
}

const bft::Proposal* Liar::some_older(bft::Place place) {
    if (proposals_.empty()) return nullptr;
    const bft::Proposal& it = proposals_[random_.below(proposals_.size())];
    return it.place.epoch == place.epoch && it.place.view < place.view ? &it : nullptr;
}

// Another payload for every second peer, or a proposal that does not follow on its parent.
void Liar::tell_propose(bft::Propose propose, NodeId to, std::vector<Buffer>& out) {
    if (random_.chance(withholds_, 100)) propose.justification.clear();
    bft::Candidate& candidate = propose.candidate;
    const bool is_own =
        crypto::verify(key_.public_key(),
                       chain::statement_bytes(genesis_, {.kind = StatementKind::propose,
                                                         .epoch = candidate.proposal.place.epoch,
                                                         .view = candidate.proposal.place.view,
                                                         .digest = candidate.digest}),
                       candidate.signature);
    if (!is_own || (to.value % 2 == 0 && random_.chance(1, 2)) ||
        !random_.chance(contradicts_, 100)) {
        out.push_back(message(propose));
        return;
    }
    auto payload = chain::decode_payload(*candidate.payload);
    if (payload && random_.chance(1, 2)) {
        ++payload->time_ms;
        chain::Payload other{.time_ms = payload->time_ms,
                             .fee_recipient = payload->fee_recipient,
                             .transactions = {}};
        candidate.payload = make_buffer(chain::encode_payload(other));
        candidate.proposal.payload_hash = crypto::sha256(*candidate.payload);
    } else if (const bft::Proposal* older = some_older(candidate.proposal.place)) {
        candidate.proposal.parent_view = older->place.view;
        candidate.proposal.parent = older->digest();
        candidate.proposal.height = older->height.next();
    } else {
        candidate.proposal.height = candidate.proposal.height.next();
    }
    candidate.digest = candidate.proposal.digest();
    candidate.signature = say({.kind = StatementKind::propose,
                               .epoch = candidate.proposal.place.epoch,
                               .view = candidate.proposal.place.view,
                               .digest = candidate.digest})
                              .signature;
    out.push_back(message(propose));
}

Hash32 Liar::some_digest(const Statement& beside) {
    if (!beside.digest.is_zero()) heard_.push_back(beside.digest);
    if (heard_.size() > told_max) heard_.pop_front();
    if (!heard_.empty() && random_.chance(3, 4)) return heard_[random_.below(heard_.size())];
    Hash32 made = beside.digest;
    made.bytes[0] ^= 1;
    return made;
}

void Liar::tell_vote(const bft::Vote& vote, std::vector<Buffer>& out) {
    const Statement& statement = vote.said.statement;
    const Hash32 other = some_digest(statement);
    if (!random_.chance(withholds_, 100)) out.push_back(message(vote));
    if (!random_.chance(contradicts_, 100)) return;
    Statement lie = statement;
    constexpr std::array kinds{StatementKind::notarize, StatementKind::skip,
                               StatementKind::finalize};
    lie.kind = kinds.at(random_.below(kinds.size()));
    lie.digest = lie.kind == StatementKind::skip ? Hash32{} : other;
    if (random_.chance(1, 8)) lie.view += random_.between(1, 3);
    out.push_back(message(bft::Vote{say(lie)}));
}

Buffer Liar::message(const bft::Body& body) const {
    return node::encode_message(node::EngineMessage{*bft::encode(body)});
}

chain::SignedStatement Liar::say(const Statement& statement) const {
    return {statement, key_.sign(chain::statement_bytes(genesis_, statement))};
}

}  // namespace holdfast::sim
