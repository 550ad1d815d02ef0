// JSON-RPC 2.0: a body of one request or a batch goes in, the text of the answer comes out once
// every part has been answered, in any order, on any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "api/hub.h"
#include "api/params.h"
#include "api/rpc_error.h"
#include "api/service.h"

namespace holdfast::api {

enum class Trust : uint8_t { anyone, operators };
enum class Consistency : uint8_t { latest, linearizable };

/// Who asks, and how.
struct Caller {
    Trust trust = Trust::anyone;
    Consistency consistency = Consistency::latest;
    std::shared_ptr<Subscriber> subscriber;  ///< null over HTTP
};

class Exchange;

/// One request in flight. Copies are handles to the same one; the first reply counts. A handle
/// keeps the body alive, so views into its parameters stay good.
class Call {
  public:
    Call(std::shared_ptr<Exchange> exchange, size_t slot)
        : exchange_(std::move(exchange)), slot_(slot) {}
    [[nodiscard]] const Params& params() const;
    [[nodiscard]] const Caller& caller() const;
    void reply(Answer answer) const;

  private:
    std::shared_ptr<Exchange> exchange_;
    size_t slot_;
};

/// Answers at once, on the loop's thread.
using InstantMethod = Answer (*)(Service&, const Call&);
/// Reads the ledger, on a worker.
using ReadMethod = Answer (*)(Service&, const Call&, const ledger::Reader&);
/// Arranges for call.reply, starting on the loop's thread.
using AsyncMethod = void (*)(Service&, const Call&);

enum class Effect : uint8_t { reads, other };  ///< only reads wait for the linearizable point

struct Method {
    std::string_view name;
    size_t params_max = 0;
    std::variant<InstantMethod, ReadMethod, AsyncMethod> run;
    Effect effect = Effect::reads;
    Trust trust = Trust::anyone;
};

/// Every method, by name in ascending order.
std::span<const Method> methods();
const Method* find_method(std::string_view name);

inline constexpr size_t response_bytes_max = 64 * 1024 * 1024;
/// On top of request_timeout_ms, which methods may use up themselves.
inline constexpr Duration expiry_grace = 1s;

/// Answers `body`: `done` gets the text on the loop's thread, empty if there is nothing to answer
/// (notifications only). Call on the loop's thread.
void serve_rpc(Service& service, std::string_view body, Caller caller,
               std::function<void(std::string)> done);

/// The text of an error that belongs to no request.
std::string rpc_error_body(int code, std::string_view message);

/// One body on its way.
class Exchange : public std::enable_shared_from_this<Exchange> {
  public:
    Exchange(Service& service, Caller caller, std::function<void(std::string)> done);

    /// On the loop's thread: parses, runs, and arranges for `done`.
    void start(std::string_view body);
    /// Answers whatever is unanswered with errc::timeout.
    void expire();
    /// The loop is gone, and with it whoever asked: lets go of the session.
    void abandon();

  private:
    friend class Call;
    struct Slot {
        std::string id;  ///< JSON text; empty: a notification
        Params params;
        const Method* method = nullptr;
        std::string response;
        std::atomic<bool> answered{false};
    };

    void read_request(const boost::json::value& value, Slot& slot);
    void open(size_t count, bool batch);
    void run_all();
    void run_one(size_t index);
    void refuse_body(int code, std::string_view message);
    void answer(size_t index, Answer answer);
    void count_down();
    void release_guard();
    [[nodiscard]] std::string assemble();

    std::shared_ptr<Service> service_;
    Caller caller_;
    std::function<void(std::string)> done_;
    std::unique_ptr<Document> document_;
    std::unique_ptr<Slot[]> slots_;
    size_t count_ = 0;
    bool batch_ = false;
    bool guard_released_ = false;
    std::atomic<size_t> remaining_{0};
    std::atomic<size_t> response_bytes_{0};
    Instant started_;
    Service::Live::iterator place_;
};

}  // namespace holdfast::api
