// The list of members that a newcomer begins with, and when it counts.
#include "app/bootstrap.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/init.h"

namespace holdfast::app {
namespace {

namespace json = boost::json;

std::optional<uint64_t> number_in(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    boost::system::error_code error;
    const auto number = value == nullptr ? 0 : value->to_number<uint64_t>(error);
    if (value == nullptr || error || number > INT64_MAX) return std::nullopt;
    return number;
}

std::string_view text_in(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    const json::string* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string_view{} : std::string_view(*text);
}

std::optional<net::Peer> peer_from(const json::value& value) {
    const json::object* object = value.if_object();
    if (object == nullptr) return std::nullopt;
    const auto id = number_in(*object, "id");
    const auto key = fixed_from_hex<crypto::NodePublicKey>(text_in(*object, "transportKey"));
    const std::string_view endpoint = text_in(*object, "endpoint");
    if (!id || *id == 0 || !key || !parse_endpoint(endpoint)) return std::nullopt;
    return net::Peer{.id = NodeId(*id), .transport_key = *key, .endpoint = std::string(endpoint)};
}

}  // namespace

// A list of a later epoch replaces the older one whole: whoever is only in the older has left.
std::vector<net::Peer> peers_of(const node::PeerSet& peers, const Config::Bootstrap& bootstrap) {
    if (peers.members.epoch < bootstrap.epoch) return bootstrap.members;
    std::vector<net::Peer> result;
    for (const chain::Member& one : peers.members.members)
        result.push_back(
            {.id = one.id, .transport_key = one.transport_key, .endpoint = one.endpoint});
    for (const chain::Member& one : peers.followers)
        result.push_back({.id = one.id, .transport_key = one.transport_key, .endpoint = {}});
    return result;
}

node::Bootstrap node_bootstrap(const Config::Bootstrap& bootstrap) {
    node::Bootstrap result{.epoch = bootstrap.epoch, .members = {}};
    for (const net::Peer& peer : bootstrap.members) result.members.push_back(peer.id);
    return result;
}

Result<Config::Bootstrap> bootstrap_from(const json::value& answer) {
    const auto malformed = [](std::string_view what) {
        return fail(errc::rpc_malformed, fmt::format("the list of members: {}", what));
    };
    const json::object* object = answer.if_object();
    if (object == nullptr) return malformed("no object");
    const auto epoch = number_in(*object, "epoch");
    const json::value* members = object->if_contains("members");
    if (!epoch || members == nullptr || !members->is_array() || members->as_array().empty() ||
        members->as_array().size() > chain::members_max)
        return malformed("no epoch or no members");
    Config::Bootstrap result{.epoch = *epoch, .members = {}};
    for (const json::value& member : members->as_array()) {
        auto peer = peer_from(member);
        if (!peer) return malformed("a member without number, key or endpoint");
        result.members.push_back(std::move(*peer));
    }
    std::ranges::sort(result.members, {}, &net::Peer::id);
    if (std::ranges::adjacent_find(result.members, {}, &net::Peer::id) != result.members.end())
        return malformed("a number twice");
    // Nothing has changed since genesis, so genesis will do.
    if (result.epoch == 0) result.members.clear();
    return result;
}

// The operator's own genesis says which ledger is meant; the node asked only says who keeps it now.
Result<Config::Bootstrap> ask_bootstrap(RpcClient& client, const Hash32& genesis) {
    const auto theirs = client.call("holdfast_genesis");
    if (!theirs) return std::unexpected(theirs.error());
    const json::object* object = theirs->if_object();
    const auto hash =
        fixed_from_hex<Hash32>(object == nullptr ? std::string_view{} : text_in(*object, "hash"));
    if (!hash) return fail(errc::rpc_malformed, "no hash of a genesis in the answer");
    if (*hash != genesis)
        return fail(errc::init_other_ledger,
                    fmt::format("{}: genesis {}, not {}", client.url(), to_hex0x(hash->view()),
                                to_hex0x(genesis.view())));
    const auto members = client.call("holdfast_members");
    if (!members) return std::unexpected(members.error());
    return bootstrap_from(*members);
}

}  // namespace holdfast::app
