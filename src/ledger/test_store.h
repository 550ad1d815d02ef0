// For tests: a store that dies after so many writes, and what a store holds, to compare.
#pragma once

#include <map>

#include "env/memory_store.h"

namespace holdfast::ledger::testing {

/// Passes everything on until its writes are used up; then the machine is dead.
class CrashingStore final : public env::StateStore {
  public:
    CrashingStore(env::MemoryStore& inner, uint64_t writes) : inner_(inner), writes_left_(writes) {}
    [[nodiscard]] std::optional<Bytes> get(env::Column column, ByteView key) const override {
        return inner_.get(column, key);
    }
    void scan(env::Column column, ByteView from,
              const std::function<bool(ByteView, ByteView)>& visit) const override {
        inner_.scan(column, from, visit);
    }
    void write(const env::Batch& batch) override {
        if (alive()) inner_.write(batch);
    }
    void flush() override { inner_.flush(); }
    void erase_range(env::Column column, ByteView from, ByteView to) override {
        if (alive()) inner_.erase_range(column, from, to);
    }
    [[nodiscard]] std::shared_ptr<const env::StateView> snapshot() const override {
        return inner_.snapshot();
    }
    [[nodiscard]] bool crashed() const { return crashed_; }

  private:
    bool alive() {
        if (writes_left_ == 0) crashed_ = true;
        if (!crashed_) --writes_left_;
        return !crashed_;
    }
    env::MemoryStore& inner_;
    uint64_t writes_left_;
    bool crashed_ = false;
};

using Contents = std::map<std::pair<env::Column, Bytes>, Bytes>;

inline Contents contents(const env::StateView& view) {
    Contents all;
    for (size_t column = 0; column < env::column_count; ++column) {
        view.scan(env::Column(column), {}, [&](ByteView key, ByteView value) {
            all[{env::Column(column), to_bytes(key)}] = to_bytes(value);
            return true;
        });
    }
    return all;
}

/// One key in which they differ; empty if they are the same, byte for byte.
inline std::string difference(const Contents& one, const Contents& other) {
    const auto missing = [](const Contents& from, const Contents& in) -> std::string {
        for (const auto& [place, value] : from) {
            const auto found = in.find(place);
            if (found != in.end() && found->second == value) continue;
            return "column " + std::to_string(static_cast<int>(place.first)) + ", key " +
                   to_hex(place.second) + (found == in.end() ? " in one only" : " differs");
        }
        return {};
    };
    const std::string first = missing(one, other);
    return first.empty() ? missing(other, one) : first;
}

inline std::shared_ptr<env::MemoryStore> copy_of(const env::StateView& view) {
    auto copy = std::make_shared<env::MemoryStore>();
    env::Batch batch;
    for (const auto& [key, value] : contents(view)) batch.push_back({key.first, key.second, value});
    copy->write(batch);
    copy->flush();
    return copy;
}

}  // namespace holdfast::ledger::testing
