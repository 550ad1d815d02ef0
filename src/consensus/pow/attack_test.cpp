// An adversary who mines in secret and shows his chain when it is heavier, against engines that
// know nothing of it: how often does he undo a payment that has so many blocks on top of it?
#include <cmath>

#include <gtest/gtest.h>

#include "base/random.h"
#include "consensus/pow/describe.h"
#include "consensus/pow/probability.h"

namespace holdfast::pow {
namespace {

using consensus::Machine;

const NodeId honest(1);
const NodeId other(2);
const NodeId adversary(3);
constexpr uint64_t give_up_behind = 12;

class Attack {
  public:
    explicit Attack(uint64_t seed, uint64_t depth)
        : random_(seed), cluster_(pow::family(), {{"mines", 1}, {"depth", depth}}, {}) {
        for (const NodeId id : {honest, other, adversary}) cluster_.add(id, {});
        deliver(true);
    }

    /// Who finds the next block is drawn by `percent` of power. True if the adversary, who began
    /// when the payment was made, has more work than a chain with `depth` blocks on top of it.
    bool undoes(uint64_t percent, uint64_t depth) {
        mine(honest);
        deliver(true);
        const size_t fork = length(honest) - 1;
        const size_t payment = fork + 1;
        const Bytes paid = cluster_.machine(honest).chain[fork].mark;
        // He leaves the payment out: his own chain begins one block earlier.
        size_t secret = fork;
        size_t open = payment;
        while (open < payment + depth - 1 || (secret <= open && secret + give_up_behind > open))
            ++(random_.chance(percent, 100) ? secret : open);
        show(secret - fork, open - payment);
        return cluster_.machine(honest).chain[fork].mark != paid;
    }
    [[nodiscard]] const std::vector<std::string>& problems() const { return cluster_.problems(); }
    [[nodiscard]] std::string note(NodeId id) { return cluster_.machine(id).engine->status().note; }
    [[nodiscard]] size_t length(NodeId id) { return cluster_.machine(id).chain.size(); }

    /// A chain of the adversary's own, beside `open` more blocks of the honest.
    void show(size_t secret, size_t open) {
        // He has not seen the payment's block, as it were: his store is put back, and nobody talks
        // to him meanwhile.
        while (length(adversary) == 0) mine(honest), deliver(true);
        const size_t fork = length(adversary) - 1;
        cluster_.crash(adversary);
        Machine& machine = cluster_.machine(adversary);
        machine.chain.resize(fork);
        machine.flushed = fork;
        machine.final = std::min(machine.final, fork);
        machine.journal.clear();
        cluster_.restart(adversary);
        cluster_.packets().clear();
        cluster_.advance(20s);
        cluster_.ring(adversary);
        cluster_.packets().clear();
        for (size_t i = 0; i < open; ++i) mine(honest), deliver(false);
        for (size_t i = 0; i < secret; ++i) mine(adversary), cluster_.packets().clear();
        for (int i = 0; i < 6; ++i) {
            cluster_.advance(11s);
            for (const NodeId id : {honest, other, adversary}) cluster_.ring(id);
            deliver(true);
        }
    }

  private:
    void mine(NodeId id) {
        Machine& machine = cluster_.machine(id);
        for (int i = 0; i < 10 && !machine.need; ++i) cluster_.ring(id);
        ASSERT_TRUE(machine.need.has_value());
        const consensus::NeedPayload need = *machine.need;
        machine.need.reset();
        cluster_.advance(1s);
        cluster_.feed(id, cluster_.payload_for(need, fmt::format("p{}", ++payloads_)));
        cluster_.seal(id, true);
    }
    void deliver(bool to_the_adversary) {
        for (int i = 0; i < 2000 && !cluster_.packets().empty(); ++i) {
            const auto& packet = cluster_.packets().front();
            const bool passes =
                to_the_adversary || (packet.to != adversary && packet.from != adversary);
            if (passes) {
                cluster_.deliver_packet(0);
            } else {
                cluster_.packets().pop_front();
            }
        }
    }

    Random random_;
    consensus::Cluster cluster_;
    uint64_t payloads_ = 0;
};

// No oftener than the paper says, but for chance: three standard deviations.
TEST(Attack, PaymentsAreUndoneAsOftenAsThePaperSays) {
    constexpr int attempts = 60;
    int undone_ever = 0;
    for (const auto& [percent, depth] : {std::pair<uint64_t, uint64_t>{10, 2}, {30, 3}, {45, 4}}) {
        int undone = 0;
        for (int i = 0; i < attempts; ++i) {
            Attack attack(static_cast<uint64_t>(i) * 1000 + percent, 1000);
            if (attack.undoes(percent, depth)) ++undone;
            ASSERT_TRUE(attack.problems().empty()) << attack.problems().front();
        }
        undone_ever += undone;
        const double bound = reversal_probability(static_cast<double>(percent) / 100, depth);
        const double deviation = std::sqrt(bound * (1 - bound) / attempts);
        fmt::print("{} % of power, {} deep: undone {} of {}, bound {:.4f}\n", percent, depth,
                   undone, attempts, bound);
        EXPECT_LE(undone / static_cast<double>(attempts), bound + 3 * deviation + 0.02);
    }
    EXPECT_GT(undone_ever, 0) << "an attack that never succeeds tests nothing";
}

// What is final stays, however much work is shown; and it is told.
TEST(Attack, WhatIsFinalStays) {
    Attack attack(1, 3);
    attack.show(0, 5);
    EXPECT_EQ(attack.note(honest), "");
    const size_t before = attack.length(honest);
    attack.show(12, 4);
    EXPECT_GE(attack.length(honest), before);
    EXPECT_NE(attack.note(honest), "");
    EXPECT_NE(attack.note(other), "");
}

}  // namespace
}  // namespace holdfast::pow
