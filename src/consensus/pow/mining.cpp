// Making blocks: a payload on top of what is delivered, a header around it, and work on that until
// it is sealed or somebody else's is. [Nakamoto §5]
#include "base/check.h"
#include "base/sometimes.h"
#include "consensus/pow/core.h"
#include "consensus/pow/difficulty.h"
#include "crypto/hash.h"

namespace holdfast::pow {
namespace {

/// So far behind what others work on, work is for nothing.
constexpr uint64_t behind_max = 2;

}  // namespace

bool Core::may_mine() {
    if (!mines_ || !introduced() || delivered_->parted) return false;
    if (is_in_a_switch()) return false;
    // A block of one's own that the disk has not got yet is the one to build upon: nobody else
    // would, and a second one beside it would be work against oneself.
    const Block* own = tree_.find(own_);
    if (own != nullptr && own->parent == delivered_ && own->validity != Validity::bad) return false;
    const Block* best = best_header();
    return best == nullptr || best->height() <= delivered_->height() + behind_max;
}

WallMillis Core::time_min() const {
    return median_of(tree_.times_upto(*delivered_)) + 1;
}

void Core::drive_mining() {
    if (!may_mine()) return cancel_mining();
    const bool need_is_old = need_ && need_->block != delivered_->hash;
    const bool work_is_old = work_ && work_->header.parent != delivered_->hash;
    if (need_is_old || work_is_old) cancel_mining();
    if (need_ || (work_ && now_ < refresh_at_)) return;
    if (!work_ && now_ < refresh_at_ && refused_on_ == delivered_->hash) return;
    // What is judged just now may be the next block to build upon.
    if (checking_ && !work_) return;
    need_ = Asked{.ask = ++last_ask_, .block = delivered_->hash};
    // Everything before it is delivered: that is what it is built upon.
    out_.asks.emplace_back(consensus::NeedPayload{.ask = last_ask_,
                                                  .ancestors = {},
                                                  .bytes_max = config_.rules.payload_bytes_max,
                                                  .time_min_ms = time_min()});
}

void Core::cancel_mining() {
    if (need_) out_.asks.emplace_back(consensus::Cancel{need_->ask});
    if (work_) out_.asks.emplace_back(consensus::Cancel{work_->ask});
    need_.reset();
    work_.reset();
}

void Core::on_payload(const consensus::PayloadReady& ready) {
    if (!need_ || need_->ask != ready.ask) return;
    need_.reset();
    refresh_at_ = now_ + config_.refresh;
    CHECK(ready.payload->size() <= config_.rules.payload_bytes_max,
          "the host answered with too large a payload");
    if (ready.time_ms < time_min() || ready.time_ms > ordinal_max) {
        miner_note_ = "a payload came with a time that no block may have: is the clock right?";
        refused_on_ = delivered_->hash;
        return;
    }
    const Header& parent = delivered_->header;
    Header header{.parent = delivered_->hash,
                  .height = parent.height.next(),
                  .payload = crypto::sha256(*ready.payload),
                  .miner = config_.self,
                  .time_ms = ready.time_ms,
                  .target = next_target(config_.rules, parent.height.value, parent.time_ms),
                  .nonce = 0};
    work_ = Work{.ask = {}, .header = header, .payload = ready.payload};
    seal();
}

void Core::seal() {
    work_->ask = ++last_ask_;
    out_.asks.emplace_back(consensus::Seal{.ask = work_->ask,
                                           .header = encode(work_->header),
                                           .target = work_->header.target.to_big_endian()});
}

void Core::on_sealed(const consensus::Sealed& sealed) {
    if (!work_ || work_->ask != sealed.ask) return;
    Header header = work_->header;
    header.nonce = sealed.nonce;
    if (!is_sealed(header)) {
        ++counters_.wrong_nonces;
        miner_note_ =
            "the miner answered with a nonce that seals nothing: its program or its "
            "machine computes wrongly";
        return seal();
    }
    miner_note_.clear();
    Block* block = tree_.add(header).block;
    CHECK(block != nullptr, "a header made by the rules keeps them");
    // The host made this payload on top of what is delivered: there is nothing to ask.
    block->validity = Validity::good;
    keep_body(*block, std::move(work_->payload));
    own_ = block->hash;
    ++counters_.mined;
    work_.reset();
    refresh_at_ = now_;
}

void Core::on_admin(const consensus::Admin& admin) {
    if (admin.action == consensus::AdminAction::start_mining) mines_ = true;
    if (admin.action == consensus::AdminAction::stop_mining) mines_ = false;
    if (!mines_) miner_note_.clear();
}

}  // namespace holdfast::pow
