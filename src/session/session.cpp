// The session's rules: greeting, numbering, acknowledgement, resumption, queues.
#include "session/session.h"

#include "base/check.h"
#include "base/overload.h"
#include "base/sometimes.h"

namespace holdfast::session {
namespace {

size_t cost_of(const Bytes& message) {
    return message.size() + message_cost_bytes;
}

size_t index_of(env::Priority priority) {
    return static_cast<size_t>(priority);
}

}  // namespace

size_t Session::Sent::size() const {
    return std::min(fragment_bytes_max, message->size() - offset);
}

Session::Session(const Identity& identity, NodeId peer, const Limits& limits)
    : identity_(identity), peer_id_(peer), limits_(limits) {}

Output Session::connected(Instant now) {
    state_ = State::greeting;
    splitter_.reset();
    last_heard_ = last_sent_ = now;
    ack_at_.reset();
    ack_due_ = keepalive_due_ = false;
    unacknowledged_bytes_ = 0;  // our hello says it all
    resend_next_ = 0;
    ++counters_.connections;

    Hello hello{.genesis = identity_.genesis,
                .self = identity_.self,
                .peer = peer_id_,
                .incarnation = identity_.incarnation,
                .resume = std::nullopt};
    if (peer_) hello.resume = Hello::Resume{peer_->incarnation, peer_->received};
    Bytes bytes;
    write_frame(bytes, hello);
    Output out;
    out.frames.push_back(make_buffer(std::move(bytes)));
    return out;
}

void Session::disconnected() {
    state_ = State::closed;
}

void Session::close(Output& out, Error why) {
    state_ = State::closed;
    out.close = std::move(why);
}

Output Session::received(Instant now, ByteView bytes) {
    Output out;
    if (state_ == State::closed || bytes.empty()) return out;
    last_heard_ = now;
    while (true) {
        auto body = splitter_.next(bytes);
        if (!body) {
            close(out, std::move(body.error()));
            return out;
        }
        if (!*body) return out;
        if (Status status = on_frame(now, **body, out); !status) {
            close(out, std::move(status.error()));
            return out;
        }
    }
}

Status Session::on_frame(Instant now, ByteView body, Output& out) {
    auto frame = read_frame(body);
    if (!frame) return std::unexpected(std::move(frame.error()));
    const bool greeting = state_ == State::greeting;
    if (const auto* hello = std::get_if<Hello>(&*frame))
        return greeting ? on_hello(*hello) : fail(errc::unexpected, "a second hello");
    if (greeting) return fail(errc::unexpected, "a frame before the hello");
    return std::visit(
        Overload{[](const Hello&) { return Status{}; },
                 [&](const Fragment& fragment) { return on_fragment(now, fragment, out); },
                 [&](const Ack& ack) { return on_ack(ack.ack); },
                 [&](const Keepalive& keepalive) { return on_ack(keepalive.ack); }},
        *frame);
}

Status Session::on_hello(const Hello& hello) {
    if (hello.genesis != identity_.genesis)
        return fail(errc::wrong_genesis,
                    fmt::format("the peer keeps {}, this node {}", to_hex0x(hello.genesis.view()),
                                to_hex0x(identity_.genesis.view())));
    if (hello.self == identity_.self)
        return fail(errc::own_identity, fmt::format("the peer calls itself {} too", hello.self));
    if (hello.self != peer_id_ || hello.peer != identity_.self)
        return fail(errc::wrong_peer,
                    fmt::format("node {} calling node {}, expected {} calling {}", hello.self,
                                hello.peer, peer_id_, identity_.self));
    if (std::ranges::find(retired_, hello.incarnation) != retired_.end())
        return fail(errc::stale_incarnation,
                    fmt::format("incarnation {:016x} was replaced", hello.incarnation));

    const bool known = peer_ && peer_->incarnation == hello.incarnation;
    const bool knows_us = hello.resume && hello.resume->incarnation == identity_.incarnation;
    if (!known) {
        if (peer_) {
            retired_.push_back(peer_->incarnation);
            HF_SOMETIMES("session.incarnation_replaced");
            if (retired_.size() > retired_max) retired_.pop_front();
        }
        peer_ = Peer{.incarnation = hello.incarnation};
        for (auto& assembly : assembly_) assembly.reset();
    }
    const uint64_t got = knows_us ? hello.resume->received : 0;
    if (known) {
        // Also when it does not know us yet: then our hello was cut off, and all that followed it.
        // Fewer than it acknowledged before cannot be: that is no longer kept to be sent again.
        if (got < acked_)
            return fail(errc::unexpected,
                        fmt::format("got {} of which {} were acknowledged", got, acked_));
        if (Status status = on_ack(got); !status) return status;
    } else {
        // The count of a peer that is new to us is followed too. It is 0 then, unless a hello of
        // another incarnation came in between; a number that it has already got would be taken
        // for a repetition, and the message lost.
        restart_numbering(got);
    }
    resend_next_ = 0;
    state_ = State::open;
    return {};
}

void Session::restart_numbering(uint64_t after) {
    for (const Sent& sent : unacked_) {
        if (sent.is_last()) ++counters_.dropped;
        release(sent);
    }
    unacked_.clear();
    acked_ = after;
    // A message of which only a part was sent starts again.
    for (auto& queue : unsent_)
        if (!queue.empty()) queue.front().sent_bytes = 0;
}

void Session::release(const Sent& sent) {
    counters_.in_flight_bytes -= sent.size() + frame_overhead_bytes;
    if (!sent.is_last()) return;
    const size_t cost = cost_of(*sent.message);
    queued_bytes_[index_of(sent.priority)] -= cost;
    counters_.queued_bytes -= cost;
}

Status Session::on_ack(uint64_t upto) {
    if (upto < acked_) return {};
    const uint64_t count = upto - acked_;
    if (count > unacked_.size())
        return fail(errc::unexpected,
                    fmt::format("acknowledges {}, sent were {}", upto, acked_ + unacked_.size()));
    for (uint64_t i = 0; i < count; ++i) {
        release(unacked_.front());
        unacked_.pop_front();
    }
    acked_ = upto;
    resend_next_ -= std::min<size_t>(resend_next_, count);
    return {};
}

Status Session::on_fragment(Instant now, const Fragment& fragment, Output& out) {
    if (Status status = on_ack(fragment.ack); !status) return status;
    if (fragment.sequence <= peer_->received) {
        ++counters_.repeated;
        return {};
    }
    if (fragment.sequence != peer_->received + 1)
        return fail(errc::sequence_gap,
                    fmt::format("{} after {}", fragment.sequence, peer_->received));

    auto& assembly = assembly_[index_of(fragment.priority)];
    // A first piece while another message is unfinished: the sender began anew, which is its right
    // when it saw another incarnation of us in between.
    if (fragment.first) assembly.reset();
    if (!fragment.first && !assembly)
        return fail(errc::unexpected, "the rest of a message without its beginning");
    if (assembly && assembly->size() + fragment.payload.size() > message_bytes_max)
        return fail(errc::frame_too_large, "a message over the limit");
    peer_->received = fragment.sequence;
    unacknowledged_bytes_ += fragment.payload.size();
    if (unacknowledged_bytes_ >= ack_at_once_bytes) ack_due_ = true;
    if (!ack_due_ && !ack_at_) ack_at_ = now + limits_.ack_delay;

    if (fragment.last) {
        if (assembly) append(*assembly, fragment.payload);
        out.messages.push_back(
            make_buffer(assembly ? std::move(*assembly) : to_bytes(fragment.payload)));
        assembly.reset();
        ++counters_.received;
    } else {
        if (!assembly) assembly.emplace();
        append(*assembly, fragment.payload);
    }
    return {};
}

Output Session::send(Instant /*now*/, env::Priority priority, Buffer message) {
    CHECK(message != nullptr && message->size() <= message_bytes_max, "messages have a bound");
    const size_t index = index_of(priority);
    const size_t cost = cost_of(*message);
    make_room(index, cost);
    if (queued_bytes_[index] + cost > limits_.queue_bytes_max[index]) {
        ++counters_.dropped;
        return {};
    }
    queued_bytes_[index] += cost;
    counters_.queued_bytes += cost;
    unsent_[index].push_back({.message = std::move(message)});
    return {};
}

/// Drops the oldest unsent until `cost` more fits. Never one of which a piece has a number: the
/// peer waits for the rest.
void Session::make_room(size_t priority, size_t cost) {
    auto& queue = unsent_[priority];
    if (cost > limits_.queue_bytes_max[priority]) return;
    while (queued_bytes_[priority] + cost > limits_.queue_bytes_max[priority]) {
        auto oldest = queue.begin();
        if (oldest != queue.end() && oldest->sent_bytes > 0) ++oldest;
        if (oldest == queue.end()) return;
        const size_t freed = cost_of(*oldest->message);
        queued_bytes_[priority] -= freed;
        counters_.queued_bytes -= freed;
        ++counters_.dropped;
        queue.erase(oldest);
    }
}

void Session::write_sent(Bytes& batch, const Sent& sent, uint64_t sequence) const {
    write_frame(batch,
                Fragment{.priority = sent.priority,
                         .first = sent.offset == 0,
                         .last = sent.is_last(),
                         .sequence = sequence,
                         .ack = peer_->received,
                         .payload = ByteView(*sent.message).subspan(sent.offset, sent.size())});
}

/// False if the batch is full before all that must go again went.
bool Session::write_resent(Bytes& batch, size_t bytes_max) {
    for (; resend_next_ < unacked_.size(); ++resend_next_) {
        const Sent& sent = unacked_[resend_next_];
        if (!batch.empty() && batch.size() + sent.size() + frame_overhead_bytes > bytes_max)
            return false;
        write_sent(batch, sent, acked_ + resend_next_ + 1);
        ++counters_.resent;
        HF_SOMETIMES("session.frames_sent_again");
    }
    return true;
}

void Session::write_new(Bytes& batch, size_t bytes_max, size_t priority) {
    const size_t window = priority == index_of(env::Priority::consensus)
                              ? limits_.in_flight_bytes_max
                              : limits_.in_flight_bytes_max / 4 * 3;
    auto& queue = unsent_[priority];
    while (!queue.empty()) {
        Queued& next = queue.front();
        const Sent sent{.message = next.message,
                        .offset = next.sent_bytes,
                        .priority = static_cast<env::Priority>(priority)};
        const size_t size = sent.size() + frame_overhead_bytes;
        if (!batch.empty() && batch.size() + size > bytes_max) return;
        // An empty window takes any frame, so that a small limit cannot stop the link for good.
        if (counters_.in_flight_bytes > 0 && counters_.in_flight_bytes + size > window) return;
        write_sent(batch, sent, acked_ + unacked_.size() + 1);
        counters_.in_flight_bytes += size;
        next.sent_bytes += sent.size();
        if (sent.is_last()) {
            ++counters_.sent;
            queue.pop_front();
        }
        unacked_.push_back(sent);
        resend_next_ = unacked_.size();
    }
}

Output Session::writable(Instant now, size_t bytes_max) {
    Output out;
    if (state_ != State::open) return out;
    Bytes batch;
    batch.reserve(std::min(bytes_max, counters_.queued_bytes + frame_overhead_bytes));
    if (write_resent(batch, bytes_max))
        for (size_t priority = 0; priority < env::priority_count; ++priority)
            write_new(batch, bytes_max, priority);
    if (batch.empty()) {
        if (ack_due_ || (ack_at_ && *ack_at_ <= now))
            write_frame(batch, Ack{peer_->received});
        else if (keepalive_due_ || last_sent_ + limits_.keepalive <= now)
            write_frame(batch, Keepalive{peer_->received});
        else
            return out;
    }
    last_sent_ = now;
    ack_at_.reset();
    ack_due_ = keepalive_due_ = false;
    unacknowledged_bytes_ = 0;
    out.frames.push_back(make_buffer(std::move(batch)));
    return out;
}

Output Session::tick(Instant now) {
    Output out;
    if (state_ == State::closed) return out;
    if (last_heard_ + limits_.silence_max <= now) {
        close(out, {errc::silent,
                    fmt::format("nothing heard for {} ms", limits_.silence_max.count() / 1000)});
        return out;
    }
    if (state_ != State::open) return out;
    // Only marked here: `writable` sends it when there is room, and until then it asks for no tick.
    if (ack_at_ && *ack_at_ <= now) {
        ack_at_.reset();
        ack_due_ = true;
    }
    if (last_sent_ + limits_.keepalive <= now) keepalive_due_ = true;
    return out;
}

std::optional<Instant> Session::deadline() const {
    if (state_ == State::closed) return std::nullopt;
    Instant at = last_heard_ + limits_.silence_max;
    if (state_ == State::open) {
        if (ack_at_) at = std::min(at, *ack_at_);
        if (!keepalive_due_) at = std::min(at, last_sent_ + limits_.keepalive);
    }
    return at;
}

}  // namespace holdfast::session
