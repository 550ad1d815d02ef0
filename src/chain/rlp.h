// Recursive length prefix, canonical form only. [YP §App. B]
#pragma once

#include <concepts>

#include "base/bytes.h"
#include "base/result.h"
#include "base/u256.h"

namespace holdfast::chain::rlp {

inline constexpr size_t depth_max = 16;

/// Builds one item. Lists: `begin_list`, items, `end_list`.
class Encoder {
  public:
    void string(ByteView bytes);
    void number(uint64_t value);
    void number(const U256& value);
    template <size_t N, class Tag>
    void fixed(const FixedBytes<N, Tag>& value) {
        string(value.view());
    }
    void begin_list();
    void end_list();
    /// An item that is encoded already.
    void raw(ByteView item);
    [[nodiscard]] Bytes take();

  private:
    Bytes out_;
    std::vector<size_t> open_;  ///< where each open list's content starts
};

/// Reads items in order; the first failure sticks and later reads give empty values, as with
/// holdfast::Reader. A number with leading zeros, a length in a longer form than needed and a
/// single byte behind a prefix are refused.
class Decoder {
  public:
    explicit Decoder(ByteView in) : in_(in) {}

    ByteView string(size_t bytes_max = SIZE_MAX);
    uint64_t number();
    U256 number256();
    template <class Fixed>
    Fixed fixed() {
        const ByteView view = string();
        auto value = Fixed::from(view);
        if (!value) fail_with_length(view.size(), Fixed::size_bytes);
        return value.value_or(Fixed{});
    }
    /// A decoder of the list's content, which this one steps over. Empty after a failure.
    Decoder list();
    /// Takes over the failure of a finished list, or fails if it has items left.
    void close(const Decoder& list);
    /// The next item whole, prefix included.
    ByteView item();

    [[nodiscard]] bool at_end() const { return in_.empty(); }
    [[nodiscard]] bool next_is_list() const { return !in_.empty() && in_[0] >= 0xc0; }
    [[nodiscard]] bool failed() const { return error_.has_value(); }
    /// An error if any read failed or bytes are left.
    Status finish();
    void fail_with(Errc code, std::string detail = {});

  private:
    void fail_with_length(size_t found, size_t wanted);
    ByteView in_;
    std::optional<Error> error_;
};

/// Whole-input validity: canonical, complete, at most depth_max deep. For fuzzing and vectors.
Status validate(ByteView in);

}  // namespace holdfast::chain::rlp
