// The judge of random lives.
#include "consensus/pow/judge_test.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "crypto/hash.h"

namespace holdfast::pow {
namespace {

U256 number_of(const Hash32& hash) {
    return *U256::from_big_endian(hash.view());
}

/// Long division of 2^256, bit by bit.
U256 dumb_work(const U256& target) {
    const U256 divisor = target + 1;
    U256 quotient, rest = 1;
    for (int i = 0; i < 256; ++i) {
        const bool carries = (rest >> 255).low64() != 0;
        rest = rest << 1;
        quotient = quotient << 1;
        if (!carries && rest < divisor) continue;
        rest -= divisor;
        quotient += 1;
    }
    return quotient;
}

/// With floating point, so only nearly.
double schedule(const Rules& rules, const Header& parent) {
    const double drift = static_cast<double>(parent.time_ms) -
                         static_cast<double>(rules.genesis_time_ms) -
                         static_cast<double>(rules.interval_ms * parent.height.value);
    const double anchor = static_cast<double>((rules.genesis_target >> 200).low64());
    const double most = static_cast<double>((rules.target_max >> 200).low64());
    return std::min(anchor * std::exp2(drift / static_cast<double>(rules.half_life_ms)), most);
}

}  // namespace

Judge::Judge() : rules_(test_rules()) {
    headers_[rules_.genesis] = {.header = genesis_header(rules_), .work = {}};
}

void Judge::on_message(ByteView bytes) {
    const auto message = decode(bytes);
    if (!message) return problem("an engine sent what does not decode");
    if (const auto* announce = std::get_if<Announce>(&*message)) learn(announce->tip);
    if (const auto* headers = std::get_if<Headers>(&*message))
        for (const Header& header : headers->headers) learn(header);
    if (const auto* body = std::get_if<Body>(&*message)) {
        const auto known = headers_.find(body->block);
        if (known == headers_.end()) return problem("a body without a header was sent");
        if (crypto::sha256(*body->payload) != known->second.header.payload)
            problem("a body that is another's was sent");
    }
}

const Judge::Known* Judge::learn(const Header& header) {
    const Hash32 hash = crypto::sha256(crypto::sha256(encode(header)).view());
    const auto known = headers_.find(hash);
    if (known != headers_.end()) return &known->second;
    const auto parent = headers_.find(header.parent);
    if (parent == headers_.end()) {
        problem(fmt::format("header {} is told before its parent ever was", header.height));
        return nullptr;
    }
    judge(header, parent->second, hash);
    Known& fresh = headers_[hash];
    fresh = {.header = header,
             .work = parent->second.work + dumb_work(header.target),
             .is_bad = parent->second.is_bad};
    return &fresh;
}

// W-PoW, and the rules of a header.
void Judge::judge(const Header& header, const Known& parent, const Hash32& hash) {
    const auto expect = [&](bool holds, std::string_view rule) {
        if (!holds) problem(fmt::format("header {}: {}", header.height, rule));
    };
    expect(number_of(hash) <= header.target, "nobody worked on it");
    expect(header.height.value == parent.header.height.value + 1, "its height is wrong");
    const double target = static_cast<double>((header.target >> 200).low64());
    const double wanted = schedule(rules_, parent.header);
    expect(std::abs(target - wanted) < wanted * 0.001, "its target is not the schedule's");
    std::vector<WallMillis> times;
    const Known* one = &parent;
    for (size_t i = 0; i < 11; ++i) {
        times.push_back(one->header.time_ms);
        if (one->header.height == Height{}) break;
        one = &headers_.at(one->header.parent);
    }
    std::ranges::sort(times);
    expect(header.time_ms > times[times.size() / 2], "its time is not above the median");
}

void Judge::look(const std::map<NodeId, consensus::Machine>& machines) {
    for (const auto& [id, machine] : machines) {
        for (const auto& stored : machine.journal) {
            consensus::Token& read_upto = read_upto_[{id, machine.incarnation}];
            if (stored.token <= read_upto) continue;
            read_upto = stored.token;
            const auto record = decode_record(*stored.bytes);
            if (!record) problem("a record does not decode");
            if (!record || !record->header) continue;
            learn(*record->header);
            const Hash32 hash = hash_of(*record->header);
            payloads_[hash] = *record->payload;
            if (text_of(*record->payload).starts_with("bad")) headers_.at(hash).is_bad = true;
        }
        // Each ledger is a path in the tree, and says where its blocks come from.
        const Bytes tip = machine.chain.empty() ? Bytes{} : machine.chain.back().mark;
        if (std::exchange(stands_on_[id], tip) == tip) continue;
        Hash32 before = rules_.genesis;
        for (const consensus::Block& block : machine.chain) {
            const auto mark = decode_mark(block.mark);
            if (!mark) return problem("a ledger has a block without a mark");
            const Known* known = learn(mark->header);
            if (known == nullptr) return;
            const bool fits = mark->header.parent == before && mark->work == known->work &&
                              mark->header.payload == crypto::sha256(*block.payload) &&
                              block.origin.proposer == mark->header.miner;
            if (!fits) problem(fmt::format("the ledger of {} is no path in the tree", id));
            before = hash_of(mark->header);
        }
    }
}

bool Judge::is_later(const Header& header, WallMillis wall_ms) const {
    constexpr WallMillis patience_ms = 5000;
    const Known* one = &headers_.at(hash_of(header));
    for (size_t i = 0; i < 30 && one->header.height != Height{}; ++i) {
        if (one->header.time_ms + patience_ms > wall_ms) return true;
        one = &headers_.at(one->header.parent);
    }
    return false;
}

// W-WORK.
void Judge::expect_most_work(NodeId id, const consensus::Machine& machine, WallMillis wall_ms) {
    std::set<Hash32> here{rules_.genesis};
    std::map<Height, std::vector<Hash32>> held;
    for (const consensus::Block& block : machine.chain)
        here.insert(hash_of(decode_mark(block.mark)->header));
    for (const auto& stored : machine.journal) {
        const auto record = decode_record(*stored.bytes);
        if (record && record->header)
            held[record->header->height].push_back(hash_of(*record->header));
    }
    const U256 work = machine.chain.empty() ? U256{} : decode_mark(machine.chain.back().mark)->work;
    for (const auto& [height, hashes] : held) {
        for (const Hash32& hash : hashes) {
            const Known& known = headers_.at(hash);
            if (!here.contains(known.header.parent)) continue;
            here.insert(hash);
            const bool counts = !known.is_bad && !is_later(known.header, wall_ms);
            if (counts && known.work > work)
                problem(fmt::format("node {} has a chain of more work at {} and stays at {}", id,
                                    height, machine.chain.size()));
        }
    }
}

size_t Judge::divergence(const consensus::Machine& one, const consensus::Machine& other) {
    size_t common = std::min(one.chain.size(), other.chain.size());
    while (common > 0 && one.chain[common - 1].mark != other.chain[common - 1].mark) --common;
    return one.chain.size() - common;
}

}  // namespace holdfast::pow
