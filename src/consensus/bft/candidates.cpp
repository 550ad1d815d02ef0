// Two maps: what is delivered would only be in the way of those who look through the open ones.
#include "consensus/bft/candidates.h"

#include "base/check.h"

namespace holdfast::bft {

const Known* Candidates::find(const Hash32& digest) const {
    for (const Map* map : {&open_, &settled_})
        if (const auto at = map->find(digest); at != map->end()) return &at->second;
    return nullptr;
}

Known* Candidates::find(const Hash32& digest) {
    for (Map* map : {&open_, &settled_})
        if (const auto at = map->find(digest); at != map->end()) return &at->second;
    return nullptr;
}

Known& Candidates::add(const Candidate& candidate) {
    if (Known* known = find(candidate.digest)) return *known;
    Known& known = open_[candidate.digest];
    known.candidate = candidate;
    return known;
}

const Certificate& Candidates::settle(const Hash32& digest, const Certificate& certificate) {
    if (auto node = open_.extract(digest)) {
        settled_bytes_ += node.mapped().candidate.payload->size();
        order_.push_back(digest);
        settled_.insert(std::move(node));
    }
    Known* known = find(digest);
    CHECK(known != nullptr, "what is delivered is here");
    known->certificate = certificate;
    return *known->certificate;
}

void Candidates::forget_old() {
    while (order_.size() > 1 && settled_bytes_ > settled_bytes_max_) {
        const auto oldest = settled_.find(order_.front());
        settled_bytes_ -= oldest->second.candidate.payload->size();
        settled_.erase(oldest);
        order_.pop_front();
    }
}

}  // namespace holdfast::bft
