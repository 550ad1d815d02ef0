// The load's workers: each keeps a window of one account's transfers in flight, at whatever
// endpoint answers.
#include "app/load.h"

#include <algorithm>
#include <deque>

#include "app/keys.h"

namespace holdfast::app {
namespace {

using namespace std::chrono_literals;
/// A silent endpoint may be cut off from its peers without knowing it: then another is asked.
constexpr auto silence_before_switch = 2s;
constexpr auto pause_between_polls = 5ms;
constexpr auto pause_after_error = 50ms;
constexpr uint64_t max_fee_wei = 100'000'000'000;
constexpr uint64_t tip_wei = 1'000'000'000;
constexpr uint64_t transfer_gas = 21'000;

uint64_t in_ms(std::chrono::steady_clock::duration duration) {
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

}  // namespace

class Load::Worker {
  public:
    Worker(Load& load, size_t index)
        : load_(load),
          key_(load.options_.keys[index]),
          self_(account_of(key_)),
          endpoint_(index % load.options_.endpoints.size()) {
        connect();
    }

    void run() {
        if (!begin()) return;
        progress_ = Clock::now();
        Clock::time_point give_up = Clock::time_point::max();
        for (;;) {
            if (load_.stopping_) {
                if (give_up == Clock::time_point::max())
                    give_up = Clock::now() + std::chrono::milliseconds(load_.options_.drain_ms);
                if (flying_.empty() || Clock::now() >= give_up) break;
            }
            if (round()) {
                if (Clock::now() - progress_ > silence_before_switch) switch_endpoint("silence");
                std::this_thread::sleep_for(pause_between_polls);
            } else {
                std::this_thread::sleep_for(pause_after_error);
            }
        }
        const std::lock_guard lock(load_.mutex_);
        load_.report_.sent += sent_;
        load_.report_.unacknowledged += flying_.size();
        load_.report_.switches += switches_;
        if (!last_error_.empty()) load_.report_.last_error = last_error_;
    }

  private:
    struct Flying {
        Signed transaction;
        Clock::time_point sent_at;
        bool offered = false;  ///< to the present endpoint
    };

    void connect() {
        client_ = std::make_unique<RpcClient>(load_.options_.endpoints[endpoint_],
                                              load_.options_.timeout_ms);
    }
    void switch_endpoint(std::string why) {
        last_error_ = std::move(why);
        ++switches_;
        endpoint_ = (endpoint_ + 1) % load_.options_.endpoints.size();
        connect();
        progress_ = Clock::now();
        // The new one may never have heard of what was given to the old one.
        for (Flying& flying : flying_) flying.offered = false;
    }
    /// Chain id and nonce, from whoever answers.
    bool begin() {
        while (!load_.stopping_) {
            const auto chain_id = ask_number(*client_, "eth_chainId");
            const auto nonce = ask_number(*client_, "eth_getTransactionCount",
                                          {to_hex0x(self_.view()), "pending"});
            if (chain_id && nonce) {
                chain_id_ = *chain_id;
                nonce_ = *nonce;
                return true;
            }
            switch_endpoint(describe(chain_id ? nonce.error() : chain_id.error()));
            std::this_thread::sleep_for(pause_after_error);
        }
        return false;
    }

    /// False if the endpoint failed.
    bool round() {
        if (!load_.stopping_) fill();
        return offer() && collect();
    }
    void fill() {
        while (flying_.size() < load_.options_.window) {
            chain::Transaction transaction;
            transaction.chain_id = chain_id_;
            transaction.nonce = nonce_++;
            transaction.max_fee_per_gas = U256(max_fee_wei);
            transaction.max_priority_fee_per_gas = U256(tip_wei);
            transaction.gas_limit = transfer_gas;
            transaction.to = self_;  // to itself: the load moves nothing, whatever is lost
            transaction.value = U256(1);
            auto signed_one = sign(std::move(transaction), key_);
            if (!signed_one) return;
            flying_.push_back({.transaction = std::move(*signed_one), .sent_at = Clock::now()});
            ++sent_;
        }
    }
    bool offer() {
        std::vector<boost::json::array> params;
        std::vector<size_t> places;
        for (size_t i = 0; i < flying_.size(); ++i) {
            if (flying_[i].offered) continue;
            params.push_back({to_hex0x(flying_[i].transaction.raw)});
            places.push_back(i);
        }
        if (params.empty()) return true;
        const auto answers = client_->batch("eth_sendRawTransaction", params);
        if (!answers) return failed(answers.error());
        for (size_t i = 0; i < places.size(); ++i) {
            const auto& answer = (*answers)[i];
            // Known already, or executed already, is as good as admitted: the receipt will tell.
            flying_[places[i]].offered =
                answer || answer.error().detail.find("already") != std::string::npos ||
                answer.error().detail.find("nonce_too_low") != std::string::npos;
            if (!flying_[places[i]].offered) last_error_ = describe(answer.error());
        }
        return true;
    }
    bool collect() {
        std::vector<boost::json::array> params;
        params.reserve(flying_.size());
        for (const Flying& flying : flying_)
            params.push_back({to_hex0x(flying.transaction.hash.view())});
        const auto answers = client_->batch("eth_getTransactionReceipt", params);
        if (!answers) return failed(answers.error());
        std::deque<Flying> still;
        for (size_t i = 0; i < answers->size(); ++i) {
            const auto& answer = (*answers)[i];
            if (answer && answer->is_object()) {
                progress_ = Clock::now();
                load_.note_acknowledged(flying_[i].transaction.hash,
                                        progress_ - flying_[i].sent_at);
            } else {
                still.push_back(std::move(flying_[i]));
            }
        }
        flying_ = std::move(still);
        return true;
    }
    bool failed(const Error& error) {
        switch_endpoint(describe(error));
        return false;
    }

    Load& load_;
    crypto::SecretKey key_;
    Address self_;
    size_t endpoint_;
    std::unique_ptr<RpcClient> client_;
    uint64_t chain_id_ = 0, nonce_ = 0, sent_ = 0, switches_ = 0;
    std::deque<Flying> flying_;
    Clock::time_point progress_;
    std::string last_error_;
};

Load::~Load() {
    stopping_ = true;
    for (std::thread& thread : threads_)
        if (thread.joinable()) thread.join();
}

void Load::start() {
    started_ = last_ = Clock::now();
    for (size_t i = 0; i < options_.keys.size(); ++i)
        threads_.emplace_back([this, i] { Worker(*this, i).run(); });
}

LoadReport Load::finish() {
    stopping_ = true;
    ended_ = Clock::now();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    const std::lock_guard lock(mutex_);
    report_.acknowledged = acknowledged_;
    report_.seconds = static_cast<double>(in_ms(ended_ - started_)) / 1000.0;
    report_.silence_max_ms = in_ms(silence_max_);
    std::ranges::sort(latencies_ms_);
    if (!latencies_ms_.empty()) {
        report_.latency_p50_ms = latencies_ms_[latencies_ms_.size() / 2];
        report_.latency_p99_ms = latencies_ms_[latencies_ms_.size() * 99 / 100];
    }
    return report_;
}

void Load::note_gap(Clock::time_point now) {
    silence_max_ = std::max(silence_max_, now - last_);
    last_ = now;
}

void Load::note_acknowledged(const Hash32& hash, Clock::duration latency) {
    const std::lock_guard lock(mutex_);
    note_gap(Clock::now());
    latencies_ms_.push_back(static_cast<uint32_t>(in_ms(latency)));
    report_.hashes.push_back(hash);
    ++acknowledged_;
}

uint64_t Load::silence_ms() {
    const std::lock_guard lock(mutex_);
    return in_ms(Clock::now() - last_);
}

void Load::reset_silence() {
    const std::lock_guard lock(mutex_);
    silence_max_ = {};
}

uint64_t Load::silence_max_ms() {
    const std::lock_guard lock(mutex_);
    return in_ms(std::max(silence_max_, Clock::now() - last_));
}

}  // namespace holdfast::app
