// A bounded cache of two generations: what was used since the last turn stays for another one.
// Cheaper than a list of recent use, and as good when the hot set fits half of it.
#pragma once

#include <unordered_map>
#include <utility>

namespace holdfast::ledger {

template <class Key, class Value, class Hasher>
class GenerationCache {
  public:
    GenerationCache(size_t entries_max, const Hasher& hasher)
        : half_(entries_max / 2), young_(64, hasher), old_(64, hasher) {}

    /// Null if not cached; valid until the next call.
    Value* find(const Key& key) {
        if (const auto young = young_.find(key); young != young_.end()) return &young->second;
        const auto old = old_.find(key);
        if (old == old_.end()) return nullptr;
        Value value = std::move(old->second);
        old_.erase(old);
        return &put(key, std::move(value));
    }
    Value& put(const Key& key, Value value) {
        const auto young = young_.find(key);
        if (young != young_.end()) return young->second = std::move(value);
        if (young_.size() >= half_) {
            old_ = std::move(young_);
            young_.clear();
        } else if (!old_.empty()) {
            old_.erase(key);
        }
        return young_.emplace(key, std::move(value)).first->second;
    }
    void erase(const Key& key) {
        young_.erase(key);
        old_.erase(key);
    }
    void clear() {
        young_.clear();
        old_.clear();
    }

  private:
    size_t half_;
    std::unordered_map<Key, Value, Hasher> young_, old_;
};

}  // namespace holdfast::ledger
