// How heights fall into the epochs of Byzantine agreement, and who takes turns in one.
#pragma once

#include <vector>

#include "base/number.h"
#include "chain/member.h"
#include "chain/schedule.h"

namespace holdfast::chain {

/// Of the block at `height`; the one at height `epoch_blocks` is the last of epoch 0.
inline uint64_t epoch_of(Height height, uint64_t epoch_blocks) {
    return height.value == 0 ? 0 : (height.value - 1) / epoch_blocks;
}
/// Of the block that follows the one at `height`.
inline uint64_t epoch_after(Height height, uint64_t epoch_blocks) {
    return height.value / epoch_blocks;
}
/// The last block of the epoch that the block after the one at `height` belongs to.
inline Height last_of_epoch_after(Height height, uint64_t epoch_blocks) {
    return Height((epoch_after(height, epoch_blocks) + 1) * epoch_blocks);
}
/// Executing such a block computes the members of the epoch that follows.
inline bool is_boundary(Height height, uint64_t epoch_blocks) {
    return height.value > 0 && height.value % epoch_blocks == 0;
}
/// Views of an epoch count from 1.
inline constexpr uint64_t first_view = 1;

inline std::vector<Turn> turns_of(const MemberSet& set) {
    std::vector<Turn> turns;
    turns.reserve(set.members.size());
    for (const Member& member : set.members) turns.push_back({member.id, member.weight});
    return turns;
}

}  // namespace holdfast::chain
