// JSON-RPC 2.0: reading bodies, running their requests, putting the answers together.
#include "api/rpc.h"

#include <cmath>

#include <boost/json.hpp>

#include "api/json.h"

namespace holdfast::api {

namespace json = boost::json;

namespace {

std::string error_response(std::string_view id, const RpcError& error) {
    std::string text = R"({"jsonrpc":"2.0","id":)";
    text.append(id).append(",\"error\":").append(to_json(error)).push_back('}');
    return text;
}

std::string result_response(std::string_view id, std::string_view result) {
    std::string text;
    text.reserve(40 + id.size() + result.size());
    text.append(R"({"jsonrpc":"2.0","id":)").append(id).append(",\"result\":");
    text.append(result).push_back('}');
    return text;
}

RpcError unknown_method(std::string_view name, const Method* hidden) {
    constexpr size_t name_bytes_max = 64;
    // ethers recognises these words.
    RpcError error{rpc_code::method_not_found,
                   fmt::format("the method {} does not exist/is not available",
                               name.substr(0, name_bytes_max)),
                   {}};
    if (hidden != nullptr)
        error.data_json = R"j({"code":"api.operator_only",)j"
                          R"j("detail":"served on the operator's listener (operator_listen)"})j";
    return error;
}

}  // namespace

std::string rpc_error_body(int code, std::string_view message) {
    return error_response("null", {code, std::string(message), {}});
}

const Params& Call::params() const {
    return exchange_->slots_[slot_].params;
}

const Caller& Call::caller() const {
    return exchange_->caller_;
}

void Call::reply(Answer answer) const {
    exchange_->answer(slot_, std::move(answer));
}

void serve_rpc(Service& service, std::string_view body, Caller caller,
               std::function<void(std::string)> done) {
    std::make_shared<Exchange>(service, std::move(caller), std::move(done))->start(body);
}

Exchange::Exchange(Service& service, Caller caller, std::function<void(std::string)> done)
    : service_(service.shared_from_this()),
      caller_(std::move(caller)),
      done_(std::move(done)),
      started_(service.now()) {}

void Exchange::refuse_body(int code, std::string_view message) {
    service_->metrics().count_request(nullptr, Outcome::error, Duration{});
    done_(rpc_error_body(code, message));
}

void Exchange::start(std::string_view body) {
    std::string problem;
    document_ = Document::parse(body, problem);
    if (document_ == nullptr) return refuse_body(rpc_code::parse_error, "parse error: " + problem);
    const json::value& root = document_->root();
    if (!root.is_array()) {
        open(1, false);
        read_request(root, slots_[0]);
        return run_all();
    }
    const json::array& items = root.get_array();
    if (items.empty()) return refuse_body(rpc_code::invalid_request, "empty batch");
    if (items.size() > service_->config().batch_max)
        return refuse_body(rpc_code::invalid_request,
                           fmt::format("batch too large: {} requests, the limit is {}",
                                       items.size(), service_->config().batch_max));
    open(items.size(), true);
    for (size_t i = 0; i < count_; ++i) read_request(items[i], slots_[i]);
    run_all();
}

void Exchange::open(size_t count, bool batch) {
    slots_ = std::make_unique<Slot[]>(count);
    count_ = count;
    batch_ = batch;
    // One more than there are requests, until all have been started.
    remaining_ = count + 1;
    const Duration timeout = std::chrono::milliseconds(service_->config().request_timeout_ms);
    auto& live = service_->live();
    place_ = live.insert(live.end(), {started_ + timeout + expiry_grace, shared_from_this()});
}

// [JSON-RPC 2.0 §4]. A request that is no request at all still gets an answer, with id null.
void Exchange::read_request(const json::value& value, Slot& slot) {
    slot.id = "null";
    const auto invalid = [&](std::string_view why) {
        slot.response = error_response(
            slot.id, {rpc_code::invalid_request, "invalid request: " + std::string(why), {}});
    };
    if (!value.is_object()) return invalid("not an object");
    const json::object& object = value.get_object();

    if (const json::value* id = object.if_contains("id")) {
        if (!id->is_string() && !id->is_number() && !id->is_null())
            return invalid("id is neither string, number nor null");
        // A number too large for a double cannot be echoed as it came.
        if (id->is_double() && !std::isfinite(id->get_double())) return invalid("id out of range");
        slot.id = json::serialize(*id);
    }
    const json::value* version = object.if_contains("jsonrpc");
    if (version == nullptr || !version->is_string() || version->get_string() != "2.0")
        return invalid("jsonrpc is not \"2.0\"");
    const json::value* method = object.if_contains("method");
    if (method == nullptr || !method->is_string()) return invalid("method is not a string");
    if (!object.contains("id")) slot.id.clear();

    const json::value* params = object.if_contains("params");
    if (params != nullptr && !params->is_array() && !params->is_null()) {
        slot.response = error_response(
            slot.id, {rpc_code::invalid_params, "params by position only: expected an array", {}});
        return;
    }
    if (params != nullptr && params->is_array()) slot.params = Params(&params->get_array());

    const std::string_view name{method->get_string().data(), method->get_string().size()};
    const Method* found = find_method(name);
    const bool hidden =
        found != nullptr && found->trust == Trust::operators && caller_.trust != Trust::operators;
    if (found == nullptr || hidden) {
        slot.response = error_response(slot.id, unknown_method(name, found));
    } else if (slot.params.size() > found->params_max) {
        slot.response = error_response(
            slot.id, {rpc_code::invalid_params,
                      fmt::format("too many arguments, want at most {}", found->params_max),
                      {}});
    } else {
        slot.method = found;
    }
}

void Exchange::run_all() {
    bool waits = false;
    for (size_t i = 0; i < count_; ++i)
        waits |= slots_[i].method != nullptr && slots_[i].method->effect == Effect::reads;
    const auto run = [self = shared_from_this()] {
        for (size_t i = 0; i < self->count_; ++i) self->run_one(i);
        self->release_guard();
    };
    if (!waits || caller_.consistency == Consistency::latest) return run();

    service_->backend().linearizable([self = shared_from_this(), run](const Result<Height>& point) {
        self->service_->dispatch([self, run, point] {
            if (!point)
                for (size_t i = 0; i < self->count_; ++i)
                    if (self->slots_[i].method != nullptr) self->answer(i, rpc_fail(point.error()));
            run();
        });
    });
}

void Exchange::run_one(size_t index) {
    Slot& slot = slots_[index];
    if (slot.answered.load()) return;
    if (slot.method == nullptr) {
        service_->metrics().count_request(nullptr, Outcome::error, Duration{});
        if (!slot.answered.exchange(true)) count_down();
        return;
    }
    const Call call(shared_from_this(), index);
    if (const auto* run = std::get_if<InstantMethod>(&slot.method->run))
        return call.reply((*run)(*service_, call));
    if (const auto* run = std::get_if<AsyncMethod>(&slot.method->run))
        return (*run)(*service_, call);
    const auto read = std::get<ReadMethod>(slot.method->run);
    const bool accepted = service_->run(Work::read, [service = service_, call, read] {
        call.reply(read(*service, call, service->backend().reader()));
    });
    if (!accepted) call.reply(rpc_fail(Error{errc::overloaded, "reads"}));
}

void Exchange::answer(size_t index, Answer answer) {
    Slot& slot = slots_[index];
    if (slot.answered.exchange(true)) return;
    service_->metrics().count_request(slot.method, answer ? Outcome::ok : Outcome::error,
                                      service_->now() - started_);
    if (answer && response_bytes_.fetch_add(answer->size()) + answer->size() > response_bytes_max)
        answer = rpc_fail(rpc_code::server_error, "response too large");
    if (!slot.id.empty())
        slot.response =
            answer ? result_response(slot.id, *answer) : error_response(slot.id, answer.error());
    count_down();
}

void Exchange::count_down() {
    if (remaining_.fetch_sub(1) != 1) return;
    service_->dispatch([self = shared_from_this(), text = assemble()]() mutable {
        self->service_->live().erase(self->place_);
        self->done_(std::move(text));
        self->done_ = nullptr;
    });
}

std::string Exchange::assemble() {
    if (!batch_) return slots_[0].id.empty() ? std::string() : std::move(slots_[0].response);
    std::string text;
    for (size_t i = 0; i < count_; ++i) {
        if (slots_[i].id.empty()) continue;
        text.push_back(text.empty() ? '[' : ',');
        text.append(slots_[i].response);
        slots_[i].response = {};
    }
    if (!text.empty()) text.push_back(']');
    return text;
}

void Exchange::abandon() {
    done_ = nullptr;
    caller_.subscriber.reset();
}

void Exchange::expire() {
    for (size_t i = 0; i < count_; ++i) {
        if (slots_[i].method != nullptr) {
            answer(i, rpc_fail(Error{errc::timeout, "no answer within the time allowed"}));
        } else if (!slots_[i].answered.exchange(true)) {
            count_down();
        }
    }
    release_guard();
}

// The guard keeps an exchange open while its requests are being started, or wait to be.
void Exchange::release_guard() {
    if (guard_released_) return;
    guard_released_ = true;
    count_down();
}

}  // namespace holdfast::api
