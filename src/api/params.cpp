// Parsed JSON, and the scalar parameters in it. Objects with fields are read in params_objects.cpp.
#include "api/params.h"

#include <array>

#include "api/params_scalar.h"

namespace holdfast::api {

namespace json = boost::json;

struct Document::Impl {
    // Freed as a whole; small requests never leave the first buffer.
    std::array<unsigned char, 2048> first{};
    json::monotonic_resource memory{first.data(), first.size()};
    json::value root = json::value(json::storage_ptr(&memory));
};

namespace {

/// Of valid JSON: a colon outside every text stands between a name and its value.
size_t members_written(std::string_view body) {
    size_t count = 0;
    bool in_text = false;
    for (size_t at = 0; at < body.size(); ++at) {
        if (body[at] == '"') in_text = !in_text;
        if (!in_text && body[at] == ':') ++count;
        if (in_text && body[at] == '\\') ++at;
    }
    return count;
}

// No deeper than json_depth_max, which the parser has seen to.
size_t members_kept(const json::value& value) {  // NOLINT(misc-no-recursion)
    size_t count = 0;
    if (value.is_array())
        for (const json::value& item : value.get_array())
            if (item.is_structured()) count += members_kept(item);
    if (!value.is_object()) return count;
    for (const auto& member : value.get_object())
        count += 1 + (member.value().is_structured() ? members_kept(member.value()) : 0);
    return count;
}

}  // namespace

Document::Document() : impl_(std::make_unique<Impl>()) {}
Document::~Document() = default;

std::unique_ptr<Document> Document::parse(std::string_view body, std::string& problem) {
    auto document = std::make_unique<Document>();
    json::parse_options options;
    options.max_depth = json_depth_max;
    json::error_code error;
    document->impl_->root =
        json::parse({body.data(), body.size()}, error, &document->impl_->memory, options);
    if (error) {
        problem = error.message();
        return nullptr;
    }
    // The library keeps the last of two members of one name. Whoever stands between a client and
    // this node may take the first, and see another request than the one that is answered.
    if (members_written(body) != members_kept(document->impl_->root)) {
        problem = "an object has two members of one name";
        return nullptr;
    }
    return document;
}

const json::value& Document::root() const {
    return impl_->root;
}

std::optional<Height> BlockRef::resolve(const ledger::Reader& reader) const {
    if (kind == Kind::latest) return reader.head();
    if (kind == Kind::hash) return reader.height_of(hash);
    if (height > reader.head()) return std::nullopt;
    return height;
}

size_t Params::size() const {
    return items_ == nullptr ? 0 : items_->size();
}

const json::value* Params::at(size_t index) const {
    if (index >= size() || (*items_)[index].is_null()) return nullptr;
    return &(*items_)[index];
}

bool Params::absent(size_t index) const {
    return at(index) == nullptr;
}

namespace {

std::unexpected<RpcError> missing(size_t index) {
    return rpc_fail(rpc_code::invalid_params,
                    fmt::format("missing value for required argument {}", index));
}

template <class T>
std::expected<T, RpcError> required(const json::value* value, size_t index,
                                    std::expected<T, std::string> (*read)(const json::value&)) {
    if (value == nullptr) return missing(index);
    auto result = read(*value);
    if (!result) return bad_param(index, result.error());
    return std::move(*result);
}

}  // namespace

std::expected<Address, RpcError> Params::address(size_t index) const {
    return required(at(index), index, &scalar::fixed<Address>);
}

std::expected<Hash32, RpcError> Params::hash(size_t index) const {
    return required(at(index), index, &scalar::fixed<Hash32>);
}

std::expected<uint64_t, RpcError> Params::quantity(size_t index) const {
    return required(at(index), index, &scalar::quantity);
}

std::expected<Bytes, RpcError> Params::data(size_t index, size_t bytes_max) const {
    const json::value* value = at(index);
    if (value == nullptr) return missing(index);
    // Refused by length before a byte is decoded.
    if (value->is_string() && value->get_string().size() > 2 * bytes_max + 2)
        return bad_param(index, fmt::format("more than {} bytes", bytes_max));
    return required(value, index, &scalar::data);
}

std::expected<bool, RpcError> Params::boolean(size_t index, bool otherwise) const {
    const json::value* value = at(index);
    if (value == nullptr) return otherwise;
    if (!value->is_bool()) return bad_param(index, "expected a boolean");
    return value->get_bool();
}

std::expected<std::string_view, RpcError> Params::text(size_t index) const {
    const json::value* value = at(index);
    if (value == nullptr) return missing(index);
    if (!value->is_string()) return bad_param(index, "expected a string");
    return scalar::view_of(value->get_string());
}

std::expected<Hash32, RpcError> Params::slot_key(size_t index) const {
    const json::value* value = at(index);
    if (value == nullptr) return missing(index);
    auto key = scalar::slot_key(*value);
    // geth gives this message without the position, and clients' tests compare it.
    if (!key) return rpc_fail(rpc_code::invalid_params, key.error());
    return *key;
}

std::expected<std::vector<Hash32>, RpcError> Params::slot_keys(size_t index) const {
    const json::value* value = at(index);
    if (value == nullptr) return std::vector<Hash32>{};
    auto keys = scalar::slot_keys(*value);
    if (!keys) return bad_param(index, keys.error());
    return std::move(*keys);
}

std::expected<BlockRef, RpcError> Params::block(size_t index) const {
    const json::value* value = at(index);
    if (value == nullptr) return BlockRef{};
    auto block = scalar::block(*value);
    if (!block) return bad_param(index, block.error());
    return *block;
}

std::expected<std::vector<double>, RpcError> Params::percentiles(size_t index) const {
    std::vector<double> result;
    const json::value* value = at(index);
    if (value == nullptr) return result;
    if (!value->is_array()) return bad_param(index, "expected an array of percentiles");
    const json::array& items = value->get_array();
    if (items.size() > percentiles_max)
        return rpc_fail(rpc_code::invalid_params,
                        fmt::format("over the query limit {}", percentiles_max));
    for (const json::value& item : items) {
        json::error_code error;
        const auto percentile = item.to_number<double>(error);
        if (error || !(percentile >= 0 && percentile <= 100))
            return rpc_fail(rpc_code::invalid_params, "invalid reward percentile");
        if (!result.empty() && percentile < result.back())
            return rpc_fail(rpc_code::invalid_params,
                            "invalid reward percentile: percentiles must ascend");
        result.push_back(percentile);
    }
    return result;
}

}  // namespace holdfast::api
