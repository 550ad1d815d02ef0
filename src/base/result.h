// Expected failures are values: Result<T>, and the named errors it carries.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace holdfast {

/// The name of one kind of failure, such as "transaction.nonce_too_low". Each module lists its own
/// as constants in its `errors.h`, with the rule each one breaks; tests and clients depend on the
/// name, never on the words of a message.
struct Errc {
    std::string_view name;  ///< static storage
    bool operator==(const Errc&) const = default;
};

struct [[nodiscard]] Error {
    Errc code;
    std::string detail;  ///< for people: what was found, what was allowed
    bool operator==(const Error& other) const { return code == other.code; }
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> fail(Errc code, std::string detail = {}) {
    return std::unexpected(Error{code, std::move(detail)});
}

/// "name: detail", as logs and API answers print it.
inline std::string describe(const Error& error) {
    std::string text(error.code.name);
    if (!error.detail.empty()) text.append(": ").append(error.detail);
    return text;
}

}  // namespace holdfast
