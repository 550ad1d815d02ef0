// Parameters that are objects: calls, log filters, storage wish lists.
#include "api/params.h"
#include "api/params_scalar.h"

namespace holdfast::api {

namespace json = boost::json;

namespace {

const json::value* field(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains({name.data(), name.size()});
    return value == nullptr || value->is_null() ? nullptr : value;
}

/// Reads `name` if it is there. Returns the problem; empty if none.
template <class T, class Target>
std::string read_field(const json::object& object, std::string_view name,
                       scalar::Read<T> (*read)(const json::value&), Target& into) {
    const json::value* value = field(object, name);
    if (value == nullptr) return {};
    auto result = read(*value);
    if (!result) return fmt::format("{}: {}", name, result.error());
    into = std::move(*result);
    return {};
}

// Nobody pays for a simulation, but a call that makes no sense is refused as it would be if sent.
std::string check_fees(const json::object& object) {
    std::optional<U256> price, cap, tip;
    std::string problem = read_field(object, "gasPrice", &scalar::amount, price);
    if (problem.empty()) problem = read_field(object, "maxFeePerGas", &scalar::amount, cap);
    if (problem.empty()) problem = read_field(object, "maxPriorityFeePerGas", &scalar::amount, tip);
    if (problem.empty() && price && (cap || tip))
        problem = "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified";
    if (problem.empty() && cap && tip && *cap < *tip)
        problem = fmt::format("maxFeePerGas ({}) < maxPriorityFeePerGas ({})", cap->to_decimal(),
                              tip->to_decimal());
    return problem;
}

std::string read_call(const json::object& object, CallRequest& request) {
    ledger::Call& call = request.call;
    request.has_from = field(object, "from") != nullptr;
    std::string problem = read_field(object, "from", &scalar::fixed<Address>, call.from);
    if (problem.empty()) problem = read_field(object, "to", &scalar::fixed<Address>, call.to);
    if (problem.empty()) problem = read_field(object, "gas", &scalar::quantity, call.gas_limit);
    if (problem.empty()) problem = read_field(object, "value", &scalar::amount, call.value);
    // "input" is the newer name; both are in use, and may be given together if they agree.
    std::optional<Bytes> input;
    std::optional<Bytes> data;
    if (problem.empty()) problem = read_field(object, "input", &scalar::data, input);
    if (problem.empty()) problem = read_field(object, "data", &scalar::data, data);
    if (problem.empty() && input && data && *input != *data)
        problem = "both \"data\" and \"input\" are set and not equal";
    if (input) {
        call.data = std::move(*input);
    } else if (data) {
        call.data = std::move(*data);
    }
    return problem.empty() ? check_fees(object) : problem;
}

std::expected<ledger::AccountOverride, RpcError> read_override(size_t index, std::string_view name,
                                                               const json::value& value) {
    const auto address = fixed_from_hex<Address>(name);
    if (!address || !name.starts_with("0x")) return bad_param(index, "invalid address");
    if (!value.is_object()) return bad_param(index, "expected an object of overrides");
    ledger::AccountOverride result{.address = *address};
    for (const auto& member : value.get_object()) {
        const std::string_view what{member.key().data(), member.key().size()};
        if (member.value().is_null()) continue;
        if (what == "code" || what == "state" || what == "stateDiff" ||
            what == "movePrecompileToAddress")
            return override_unsupported(what);
        if (what != "balance" && what != "nonce")
            return bad_param(index, fmt::format("unknown override \"{}\"", what.substr(0, 64)));
    }
    std::string problem =
        read_field(value.get_object(), "balance", &scalar::amount, result.balance);
    if (problem.empty())
        problem = read_field(value.get_object(), "nonce", &scalar::quantity, result.nonce);
    if (!problem.empty()) return bad_param(index, problem);
    return result;
}

std::string read_addresses(const json::value& value, std::vector<Address>& into) {
    if (!value.is_array()) {
        const auto address = scalar::fixed<Address>(value);
        if (!address) return "address: " + address.error();
        into.push_back(*address);
        return {};
    }
    if (value.get_array().size() > log_addresses_max)
        return fmt::format("more than {} addresses", log_addresses_max);
    for (const json::value& item : value.get_array()) {
        const auto address = scalar::fixed<Address>(item);
        if (!address) return "address: " + address.error();
        into.push_back(*address);
    }
    return {};
}

std::string read_topics(const json::value& value, std::vector<std::vector<Hash32>>& into) {
    if (!value.is_array()) return "topics: expected an array";
    if (value.get_array().size() > log_topics_max)
        return fmt::format("topics: more than {}", log_topics_max);
    for (const json::value& position : value.get_array()) {
        std::vector<Hash32>& choices = into.emplace_back();
        if (position.is_null()) continue;
        if (!position.is_array()) {
            const auto topic = scalar::fixed<Hash32>(position);
            if (!topic) return "topics: " + topic.error();
            choices.push_back(*topic);
            continue;
        }
        if (position.get_array().size() > log_topic_choices_max)
            return fmt::format("topics: more than {} in one position", log_topic_choices_max);
        for (const json::value& choice : position.get_array()) {
            // A null among the choices makes the position a wildcard. [geth]
            if (choice.is_null()) {
                choices.clear();
                break;
            }
            const auto topic = scalar::fixed<Hash32>(choice);
            if (!topic) return "topics: " + topic.error();
            choices.push_back(*topic);
        }
    }
    return {};
}

std::string read_bound(const json::object& object, std::string_view name,
                       std::optional<Height>& into) {
    const json::value* value = field(object, name);
    if (value == nullptr) return {};
    const auto block = value->is_object()
                           ? std::unexpected(std::string("expected a number or a tag"))
                           : scalar::block(*value);
    if (!block) return fmt::format("{}: {}", name, block.error());
    if (block->kind == BlockRef::Kind::hash) return fmt::format("{}: expected a number", name);
    if (block->kind == BlockRef::Kind::number) into = block->height;
    return {};
}

std::string read_log_filter(const json::object& object, LogFilter& filter) {
    filter.has_from = field(object, "fromBlock") != nullptr;
    const bool has_range = filter.has_from || field(object, "toBlock") != nullptr;
    std::string problem =
        read_field(object, "blockHash", &scalar::fixed<Hash32>, filter.block_hash);
    if (!problem.empty()) return problem;
    if (filter.block_hash && has_range)
        return "cannot specify both blockHash and fromBlock/toBlock, choose one or the other";
    problem = read_bound(object, "fromBlock", filter.from);
    if (problem.empty()) problem = read_bound(object, "toBlock", filter.to);
    if (problem.empty())
        if (const json::value* addresses = field(object, "address"))
            problem = read_addresses(*addresses, filter.addresses);
    if (problem.empty())
        if (const json::value* topics = field(object, "topics"))
            problem = read_topics(*topics, filter.topics);
    return problem;
}

}  // namespace

std::expected<CallRequest, RpcError> Params::call(size_t index) const {
    const json::value* value = at(index);
    if (value == nullptr || !value->is_object())
        return bad_param(index, "expected a transaction call object");
    CallRequest request;
    const std::string problem = read_call(value->get_object(), request);
    if (!problem.empty()) return bad_param(index, problem);
    return request;
}

std::expected<std::vector<ledger::AccountOverride>, RpcError> Params::overrides(
    size_t index) const {
    std::vector<ledger::AccountOverride> result;
    const json::value* value = at(index);
    if (value == nullptr) return result;
    if (!value->is_object()) return bad_param(index, "expected an object of addresses");
    if (value->get_object().size() > overrides_max)
        return bad_param(index, fmt::format("more than {} overrides", overrides_max));
    for (const auto& member : value->get_object()) {
        auto one = read_override(index, {member.key().data(), member.key().size()}, member.value());
        if (!one) return std::unexpected(one.error());
        result.push_back(std::move(*one));
    }
    return result;
}

std::expected<LogFilter, RpcError> Params::log_filter(size_t index) const {
    const json::value* value = at(index);
    LogFilter filter;
    if (value == nullptr) return filter;
    if (!value->is_object()) return bad_param(index, "expected a filter object");
    const std::string problem = read_log_filter(value->get_object(), filter);
    if (!problem.empty()) return bad_param(index, problem);
    return filter;
}

std::expected<Params::SlotsWanted, RpcError> Params::slots_wanted(size_t index) const {
    const json::value* value = at(index);
    if (value == nullptr || !value->is_object())
        return bad_param(index, "expected an object of addresses and their storage keys");
    SlotsWanted wanted;
    size_t total = 0;
    for (const auto& [name, keys] : value->get_object()) {
        const auto address = fixed_from_hex<Address>({name.data(), name.size()});
        if (!address || !name.starts_with("0x")) return bad_param(index, "invalid address");
        auto list = scalar::slot_keys(keys);
        if (!list) return bad_param(index, list.error());
        total += list->size();
        wanted.emplace_back(*address, std::move(*list));
    }
    if (total == 0) return rpc_fail(rpc_code::invalid_params, "empty request");
    if (total > slot_keys_max)
        return rpc_fail(rpc_code::invalid_params,
                        fmt::format("too many slots (max {})", slot_keys_max));
    return wanted;
}

}  // namespace holdfast::api
