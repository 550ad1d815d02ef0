// Which transactions to propose next.
#include <queue>

#include "mempool/pool.h"

namespace holdfast::mempool {
namespace {

/// A sender's next executable entry, as it stands in the queue.
struct Candidate {
    U256 pays;           ///< tip at this base fee
    uint64_t taken = 0;  ///< of its sender before it: at equal tips senders take turns
    uint64_t sequence = 0;
    const Sender* sender = nullptr;
    std::map<uint64_t, Entry>::const_iterator entry;
};

bool better(const Candidate& a, const Candidate& b) {
    if (const auto order = a.pays <=> b.pays; order != 0) return order > 0;
    if (a.taken != b.taken) return a.taken < b.taken;
    return a.sequence < b.sequence;
}
struct BestOnTop {
    bool operator()(const Candidate& a, const Candidate& b) const { return better(b, a); }
};

/// Null if the cap does not cover the base fee.
std::optional<Candidate> candidate(const Sender& sender,
                                   std::map<uint64_t, Entry>::const_iterator at, uint64_t taken,
                                   const U256& base_fee) {
    const Entry& entry = at->second;
    const auto above = checked_sub(entry.cap(), base_fee);
    if (!above) return std::nullopt;
    return Candidate{.pays = std::min(*above, entry.tip()),
                     .taken = taken,
                     .sequence = entry.sequence,
                     .sender = &sender,
                     .entry = at};
}

}  // namespace

void Mempool::Impl::walk(const std::unordered_set<Hash32>& excluded,
                         const std::function<Step(const Entry&)>& visit) const {
    std::priority_queue<Candidate, std::vector<Candidate>, BestOnTop> queue;
    auto full = full_tip_heads.begin();
    auto limited = limited_heads.begin();
    // The queue always holds the best head of each kind not yet visited, and the successors of what
    // was; so its top is the best of all.
    const auto push_head = [&](auto& next, const auto& heads) {
        if (next == heads.end()) return;
        const Sender& sender = *next->sender;
        ++next;
        if (auto head = candidate(sender, sender.entries.begin(), 0, base_fee)) queue.push(*head);
    };
    push_head(full, full_tip_heads);
    push_head(limited, limited_heads);
    while (!queue.empty()) {
        const Candidate top = queue.top();
        queue.pop();
        if (top.entry == top.sender->entries.begin()) {
            if (top.sender->head_limited) {
                push_head(limited, limited_heads);
            } else {
                push_head(full, full_tip_heads);
            }
        }
        uint64_t taken = top.taken;
        if (!excluded.contains(top.entry->second.transaction->hash)) {
            const Step step = visit(top.entry->second);
            if (step == Step::stop) return;
            if (step == Step::skip_sender) continue;
            ++taken;
        }
        const auto next = std::next(top.entry);
        if (next == top.sender->entries.end() || next->first != top.entry->first + 1) continue;
        if (auto successor = candidate(*top.sender, next, taken, base_fee)) queue.push(*successor);
    }
}

}  // namespace holdfast::mempool
