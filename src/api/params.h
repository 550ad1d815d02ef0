// The body of a request as parsed JSON, and its parameters as typed values. Boost.JSON stays behind
// this door.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

#include "api/log_query.h"
#include "api/rpc_error.h"
#include "base/bytes.h"
#include "base/number.h"
#include "base/u256.h"
#include "ledger/ledger.h"
#include "ledger/reader.h"

namespace holdfast::api {

inline constexpr size_t json_depth_max = 32;

/// Owns the parse of one body.
class Document {
  public:
    Document();
    ~Document();
    Document(const Document&) = delete;
    Document& operator=(const Document&) = delete;

    /// Null, with the reason in `problem`, unless `body` is one JSON value and nothing more, whose
    /// objects have each name once.
    static std::unique_ptr<Document> parse(std::string_view body, std::string& problem);
    [[nodiscard]] const boost::json::value& root() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Which block a request means. `latest`, `safe`, `finalized` and `pending` are one: what is
/// executed is final.
struct BlockRef {
    enum class Kind : uint8_t { latest, number, hash };
    Kind kind = Kind::latest;
    Height height;
    Hash32 hash;

    /// Null: there is no such block.
    [[nodiscard]] std::optional<Height> resolve(const ledger::Reader& reader) const;
};

/// What eth_call and its kin take. Fees, access lists and nonces are accepted and have no bearing
/// on a simulation without a payer.
struct CallRequest {
    ledger::Call call;
    bool has_from = false;
};

/// The parameters of one request. Positions beyond the end count as null.
class Params {
  public:
    Params() = default;
    explicit Params(const boost::json::array* items) : items_(items) {}

    [[nodiscard]] size_t size() const;
    [[nodiscard]] bool absent(size_t index) const;  ///< or null

    [[nodiscard]] std::expected<Address, RpcError> address(size_t index) const;
    [[nodiscard]] std::expected<Hash32, RpcError> hash(size_t index) const;
    [[nodiscard]] std::expected<Bytes, RpcError> data(size_t index, size_t bytes_max) const;
    /// A quantity, or a plain JSON number.
    [[nodiscard]] std::expected<uint64_t, RpcError> quantity(size_t index) const;
    [[nodiscard]] std::expected<bool, RpcError> boolean(size_t index, bool otherwise) const;
    [[nodiscard]] std::expected<std::string_view, RpcError> text(size_t index) const;
    /// A slot's key: up to 32 bytes of hex, leading zeros optional.
    [[nodiscard]] std::expected<Hash32, RpcError> slot_key(size_t index) const;
    [[nodiscard]] std::expected<std::vector<Hash32>, RpcError> slot_keys(size_t index) const;
    /// Number, tag, hash or the object of [EIP-1898]. Absent: latest.
    [[nodiscard]] std::expected<BlockRef, RpcError> block(size_t index) const;
    [[nodiscard]] std::expected<CallRequest, RpcError> call(size_t index) const;
    /// Balances and nonces to simulate with. Absent: none. What else could be
    /// overridden is refused by name.
    [[nodiscard]] std::expected<std::vector<ledger::AccountOverride>, RpcError> overrides(
        size_t index) const;
    [[nodiscard]] std::expected<LogFilter, RpcError> log_filter(size_t index) const;
    /// Ascending, each within 0 to 100.
    [[nodiscard]] std::expected<std::vector<double>, RpcError> percentiles(size_t index) const;
    /// [[address, [slot keys]]], as the object of eth_getStorageValues gives them.
    using SlotsWanted = std::vector<std::pair<Address, std::vector<Hash32>>>;
    [[nodiscard]] std::expected<SlotsWanted, RpcError> slots_wanted(size_t index) const;

  private:
    [[nodiscard]] const boost::json::value* at(size_t index) const;
    const boost::json::array* items_ = nullptr;
};

inline constexpr size_t slot_keys_max = 1024;
inline constexpr size_t overrides_max = 1024;
inline constexpr size_t percentiles_max = 100;

}  // namespace holdfast::api
