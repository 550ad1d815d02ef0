// Of tests: chains made by hand, sealed for real at the family's easy targets.
#pragma once

#include <gtest/gtest.h>

#include "consensus/pow/describe.h"
#include "consensus/pow/difficulty.h"
#include "crypto/hash.h"

namespace holdfast::pow {

/// A header on top of `parent`, sealed; what a test wants to be wrong, `spoil` makes so before.
template <class Spoil>
Header sealed_header(const Rules& rules, const Hash32& parent, const Header& before,
                     uint64_t after_ms, ByteView payload, Spoil spoil) {
    Header header{.parent = parent,
                  .height = before.height.next(),
                  .payload = crypto::sha256(payload),
                  .miner = NodeId(9),
                  .time_ms = before.time_ms + after_ms,
                  .target = next_target(rules, before.height.value, before.time_ms),
                  .nonce = 0};
    spoil(header);
    header.nonce =
        consensus::find_nonce(encode(header), header.target.to_big_endian(), 0, UINT64_MAX).value();
    return header;
}

/// A chain on genesis. Two of different flavours share their first `common` blocks.
class Chain {
  public:
    explicit Chain(size_t length, char flavour = 'a', size_t common = 0, uint64_t every_ms = 1000)
        : rules_(test_rules()) {
        headers_.push_back(genesis_header(rules_));
        hashes_.push_back(rules_.genesis);
        payloads_.push_back(nullptr);
        for (size_t height = 1; height <= length; ++height)
            extend(height > common ? flavour : 'a', every_ms);
    }
    void extend(char flavour, uint64_t after_ms) {
        const std::string text =
            fmt::format("{}{}@{}", flavour, headers_.size(), headers_.back().time_ms + after_ms);
        payloads_.push_back(make_buffer(to_bytes(std::string_view(text))));
        headers_.push_back(sealed_header(rules_, hashes_.back(), headers_.back(), after_ms,
                                         *payloads_.back(), [](Header&) {}));
        hashes_.push_back(hash_of(headers_.back()));
    }

    [[nodiscard]] const Header& header(size_t height) const { return headers_.at(height); }
    [[nodiscard]] const Hash32& hash(size_t height) const { return hashes_.at(height); }
    [[nodiscard]] const Buffer& payload(size_t height) const { return payloads_.at(height); }
    [[nodiscard]] size_t length() const { return headers_.size() - 1; }
    [[nodiscard]] Mark mark(size_t height) const {
        Mark mark{.header = headers_.at(height), .work = {}, .times = {}};
        for (size_t i = 1; i <= height; ++i) mark.work += work_of(headers_[i].target);
        for (size_t i = height < median_blocks - 1 ? 0 : height - (median_blocks - 1); i < height;
             ++i)
            mark.times.push_back(headers_[i].time_ms);
        return mark;
    }
    [[nodiscard]] uint64_t wrong_nonce(size_t height) const {
        Header header = headers_.at(height);
        while (is_sealed(header)) ++header.nonce;
        return header.nonce;
    }

  private:
    Rules rules_;
    std::vector<Header> headers_;
    std::vector<Hash32> hashes_;
    std::vector<Buffer> payloads_;
};

}  // namespace holdfast::pow
