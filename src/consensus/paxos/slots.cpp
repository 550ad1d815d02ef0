// The acceptor's memory.
#include "consensus/paxos/slots.h"

#include "base/check.h"

namespace holdfast::paxos {

Slots::Slots(Mark start, size_t alpha)
    : alpha_(alpha), start_(std::move(start)), chosen_(start_.slot), schedule_(start_.terms) {}

const Slots::Cell* Slots::find(Slot slot) const {
    if (slot <= start_.slot || slot - start_.slot > cells_.size()) return nullptr;
    const auto& cell = cells_[slot - start_.slot - 1];
    return cell ? &*cell : nullptr;
}

Height Slots::position_at(Slot slot) const {
    CHECK(slot >= start_.slot && slot <= chosen_, "only what is chosen has a place in the ledger");
    return slot == start_.slot ? start_.position : find(slot)->position;
}

Mark Slots::mark_at(Slot slot) const {
    return {slot, position_at(slot), schedule_.as_of(slot, alpha_)};
}

void Slots::accept(Slot slot, const Ballot& ballot, Value value, Token token) {
    CHECK(slot > chosen_, "what is chosen stays");
    const uint64_t place = slot - start_.slot;
    if (cells_.size() < place) cells_.resize(place);
    cells_[place - 1] = Cell{
        .ballot = ballot, .value = std::move(value), .token = token, .position = {}, .bytes = 0};
}

void Slots::choose() {
    const Slot slot = chosen_.next();
    const Height before = chosen_position();
    const uint64_t bytes_before = bytes_start_ + bytes_through(chosen_);
    CHECK(find(slot) != nullptr, "a slot without a value cannot be chosen");
    Cell& cell = *cells_[slot - start_.slot - 1];
    // Heights count payloads as they are chosen: a filler below may have taken the place of a
    // payload that this one was made to follow.
    cell.position = cell.value.kind == Kind::payload ? before.next() : before;
    cell.bytes = bytes_before + value_overhead_bytes + cell.value.data->size();
    chosen_ = slot;
    if (cell.value.kind != Kind::configuration) return;
    auto configuration = decode_configuration(*cell.value.data);
    CHECK(configuration.has_value(), "configurations are checked before they are accepted");
    schedule_.add({slot + alpha_, std::move(*configuration)});
}

void Slots::restart_at(Mark mark) {
    CHECK(mark.slot >= chosen_, "what is chosen stays");
    const uint64_t gone = std::min<uint64_t>(mark.slot - start_.slot, cells_.size());
    cells_.erase(cells_.begin(), cells_.begin() + static_cast<std::ptrdiff_t>(gone));
    start_ = std::move(mark);
    chosen_ = start_.slot;
    schedule_ = Schedule(start_.terms);
}

void Slots::drop_through(Slot slot) {
    Mark start = mark_at(slot);
    const uint64_t bytes = bytes_start_ + bytes_through(slot);
    cells_.erase(cells_.begin(), cells_.begin() + static_cast<std::ptrdiff_t>(slot - start_.slot));
    bytes_start_ = bytes;
    start_ = std::move(start);
    schedule_.drop_before(slot.next());
}

std::optional<Token> Slots::oldest_token() const {
    std::optional<Token> oldest;
    for (const auto& cell : cells_)
        if (cell && (!oldest || cell->token < *oldest)) oldest = cell->token;
    return oldest;
}

size_t Slots::bytes_through(Slot slot) const {
    if (slot <= start_.slot) return 0;
    return find(slot)->bytes - bytes_start_;
}

}  // namespace holdfast::paxos
