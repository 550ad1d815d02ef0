// Whom a node talks to: the members and followers that its ledger names, or, while its ledger is
// older than the list in its configuration, those of that list.
#pragma once

#include <boost/json.hpp>

#include "app/config.h"
#include "app/rpc_client.h"
#include "chain/member.h"
#include "node/config.h"

namespace holdfast::app {

/// The network knows which of them it is itself. Followers have no endpoint: they call.
std::vector<net::Peer> peers_of(const node::PeerSet& peers, const Config::Bootstrap& bootstrap);
node::Bootstrap node_bootstrap(const Config::Bootstrap& bootstrap);

/// The members as that node's ledger has them now. Errors: errc rpc.*, errc::init_other_ledger.
Result<Config::Bootstrap> ask_bootstrap(RpcClient& client, const Hash32& genesis);
/// From the answer to holdfast_members. Errors: errc::rpc_malformed.
Result<Config::Bootstrap> bootstrap_from(const boost::json::value& answer);

}  // namespace holdfast::app
