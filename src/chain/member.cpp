// Member sets: look-up, total weight, and the encoding that names a set.
#include "chain/member.h"

#include <algorithm>

#include "crypto/hash.h"

namespace holdfast::chain {

const Member* MemberSet::find(NodeId id) const {
    const auto at = std::ranges::lower_bound(members, id, {}, &Member::id);
    return at != members.end() && at->id == id ? &*at : nullptr;
}

uint64_t MemberSet::total_weight() const {
    uint64_t total = 0;
    for (const Member& member : members) total += member.weight;
    return total;
}

Hash32 MemberSet::hash() const {
    Writer out;
    encode(out, *this);
    return crypto::sha256(out.take());
}

void encode(Writer& out, const MemberSet& set) {
    out.u64(set.epoch);
    out.count(set.members.size());
    for (const Member& member : set.members) {
        out.ordinal(member.id);
        out.fixed(member.voting_key);
        out.fixed(member.transport_key);
        out.fixed(member.operator_account);
        out.text(member.endpoint);
        out.u64(member.weight);
    }
}

MemberSet decode_member_set(Reader& in) {
    MemberSet set;
    set.epoch = in.u64();
    const size_t count = in.count(members_max);
    for (size_t i = 0; i < count && !in.failed(); ++i) {
        Member member;
        member.id = in.ordinal<NodeId>();
        member.voting_key = in.fixed<crypto::NodePublicKey>();
        member.transport_key = in.fixed<crypto::NodePublicKey>();
        member.operator_account = in.fixed<Address>();
        member.endpoint = in.text(endpoint_bytes_max);
        member.weight = in.u64();
        const bool ascending = set.members.empty() || set.members.back().id < member.id;
        const bool weight_fits = member.weight > 0 && member.weight <= member_weight_max;
        if (!ascending || !weight_fits) in.fail_with(codec_errc::bad_value);
        set.members.push_back(std::move(member));
    }
    if (in.failed()) return {};
    return set;
}

}  // namespace holdfast::chain
