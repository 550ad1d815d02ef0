// Linearizability with a witness: every answer names its place in the order, a block height, so
// that it is enough to check that the places respect real time and that each read is right at its
// own. Sorting instead of searching. [Wing & Gong 1993]
#pragma once

#include <map>
#include <optional>

#include "base/number.h"

namespace holdfast::sim {

class Witness {
  public:
    void on_call(uint64_t id) { floors_.emplace(id, answered_); }
    /// The place that the answer should not have been below; null if it is not.
    std::optional<Height> on_answer(uint64_t id, Height height) {
        const auto place = floors_.find(id);
        const Height floor = place == floors_.end() ? Height{} : place->second;
        if (place != floors_.end()) floors_.erase(place);
        if (height > answered_) answered_ = height;
        if (height < floor) return floor;
        return std::nullopt;
    }

  private:
    std::map<uint64_t, Height> floors_;  ///< of calls not answered yet
    Height answered_;                    ///< highest place of any answer so far
};

}  // namespace holdfast::sim
