// Book-keeping of linearizable reads.
#include "node/reads.h"

namespace holdfast::node {

std::optional<consensus::ReadId> Reads::begin(Done done) {
    if (context_.stopped()) {
        done(fail(errc::stopped, context_.trouble));
        return std::nullopt;
    }
    if (waiting_.size() >= waiting_max) {
        done(fail(errc::overloaded, "too many linearizable reads are waiting"));
        return std::nullopt;
    }
    ++last_;
    waiting_.emplace(last_, Waiting{std::move(done), context_.now() + patience, std::nullopt});
    return last_;
}

void Reads::answer(std::map<consensus::ReadId, Waiting>::iterator place, Result<Height> result) {
    const Done done = std::move(place->second.done);
    waiting_.erase(place);
    done(std::move(result));
}

void Reads::on_read_at(const consensus::ReadAt& effect) {
    const auto place = waiting_.find(effect.id);
    if (place == waiting_.end()) return;
    if (effect.height <= context_.head.number)
        answer(place, context_.head.number);
    else
        place->second.at = effect.height;
}

void Reads::on_refused(const consensus::ReadRefused& effect) {
    const auto place = waiting_.find(effect.id);
    if (place != waiting_.end()) answer(place, fail(errc::no_leader, effect.why));
}

void Reads::on_executed(Height head) {
    for (auto place = waiting_.begin(); place != waiting_.end();) {
        const auto here = place++;
        if (here->second.at && *here->second.at <= head) answer(here, head);
    }
}

void Reads::on_tick() {
    while (!waiting_.empty() && waiting_.begin()->second.expires <= context_.now())
        answer(waiting_.begin(),
               fail(errc::read_timeout, "no quorum confirmed the read; is a majority reachable?"));
}

void Reads::fail_all(const Error& error) {
    while (!waiting_.empty()) answer(waiting_.begin(), std::unexpected(error));
}

std::optional<Instant> Reads::deadline() const {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.begin()->second.expires;
}

}  // namespace holdfast::node
