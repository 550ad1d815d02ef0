// Members, former members and followers, as they change with the head.
#include "node/peers.h"

#include "base/sometimes.h"
#include "ledger/followers.h"

namespace holdfast::node {
namespace {

template <class... Kinds>
bool is_any_of(const Message& message) {
    return (std::holds_alternative<Kinds>(message) || ...);
}

}  // namespace

void Peers::start() {
    context_.followers = ledger::followers(context_.reader(), context_.genesis);
    former_members_stay_ = true;  // if there are any
    tell();
}

void Peers::on_executed(const ledger::Executed& executed) {
    if (ledger::may_change_followers(executed.block, executed.receipts, context_.genesis))
        look_for_followers();
}

void Peers::on_members_changed() {
    former_members_stay_ = true;
    HF_SOMETIMES("node.former_members_stay");
    tell();
}

// Blocks are to be had from former members as well: perhaps from nobody else.
void Peers::tell() {
    const PeerSet peers = all();
    context_.former_members.clear();
    for (const chain::Member& peer : peers.members.members)
        if (context_.members.find(peer.id) == nullptr) context_.former_members.push_back(peer.id);
    context_.ports.events.on_peers(peers);
}

PeerSet Peers::all() const {
    PeerSet peers{.members = context_.reader().members_and(counted_()), .followers = {}};
    for (const chain::Member& one : context_.followers)
        if (one.id != context_.config.self && peers.members.find(one.id) == nullptr)
            peers.followers.push_back(one);
    return peers;
}

// They stay until the engine counts its quorums in the newest set: to get there it may need their
// voices. [Raft §6]
void Peers::part_from_former_members() {
    if (!former_members_stay_) return;
    const auto is_member = [this](NodeId id) { return context_.members.find(id) != nullptr; };
    if (!std::ranges::all_of(counted_(), is_member)) return;
    former_members_stay_ = false;
    tell();
}

// Off the node's thread: there may be many candidates.
void Peers::look_for_followers() {
    if (!context_.genesis.has_stakes()) return;
    look_again_ = looking_;
    if (looking_) return;
    looking_ = true;
    auto found = std::make_shared<std::vector<chain::Member>>();
    context_.ports.lanes.run(
        env::Lane::bulk,
        [this, found] { *found = ledger::followers(context_.reader(), context_.genesis); },
        [this, found] {
            looking_ = false;
            if (look_again_) look_for_followers();
            if (*found == context_.followers) return;
            context_.followers = std::move(*found);
            HF_SOMETIMES("node.followers_changed");
            tell();
        });
}

bool Peers::follower_may_say(const Message& message) {
    return is_any_of<Transactions, AttestationAgain, CertificatesRequest, BlocksRequest,
                     BlocksReply, SnapshotRequest, HistoryRequest, ChunkRequest>(message);
}

}  // namespace holdfast::node
