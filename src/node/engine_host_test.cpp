// The host's side of the contract: what waits for what, and which broken rules end the process.
#include "node/engine_host.h"

#include <gtest/gtest.h>

#include "node/doubles_test.h"

namespace holdfast::node {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
using consensus::Deliver;
using consensus::Effects;
using consensus::Final;
using consensus::Input;
using consensus::Persist;
using consensus::Send;
using consensus::Token;

/// Writes down, in order, what it is asked to do.
class Recorder final : public EngineClient {
  public:
    std::vector<std::string> seen;
    void on_send(const Send& it) override { seen.push_back(fmt::format("send {}", it.to)); }
    void on_need_payload(const consensus::NeedPayload& it) override {
        seen.push_back(fmt::format("need {}", it.ask));
    }
    void on_check(const consensus::Check& it) override {
        seen.push_back(fmt::format("check {}", it.ask));
    }
    void on_verify(const consensus::Verify& it) override {
        seen.push_back(fmt::format("verify {}", it.ask));
    }
    void on_cancel(const consensus::Cancel& it) override {
        seen.push_back(fmt::format("cancel {}", it.ask));
    }
    void on_deliver(const Deliver& it) override {
        seen.push_back(fmt::format("deliver {}", it.position));
    }
    void on_catch_up(const consensus::CatchUp& it) override {
        seen.push_back(fmt::format("catch up {}", it.upto));
    }
    void on_forget(const consensus::Forget& it) override {
        seen.push_back(fmt::format("forget {}", it.upto));
    }
    void on_read_at(const consensus::ReadAt& it) override {
        seen.push_back(fmt::format("read at {}", it.height));
    }
    void on_read_refused(const consensus::ReadRefused&) override { seen.emplace_back("refused"); }
    void on_accuse(const consensus::Accuse&) override { seen.emplace_back("accuse"); }
};

class EngineHostTest : public ::testing::Test {
  protected:
    EngineHostTest() : journal_(device_), host_(journal_, lanes_, clock_, recorder_) {
        const journal::Identity identity{.genesis = {}, .node = NodeId(1)};
        EXPECT_TRUE(journal::Journal::create(device_, identity, journal::Birth::newborn, 7));
        EXPECT_TRUE(journal_.open(identity, 8));
    }
    /// Makes the engine answer each Tick with the next of these lists.
    void script(std::vector<Effects> lists) {
        auto left = std::make_shared<std::deque<Effects>>(lists.begin(), lists.end());
        host_.start(
            std::make_unique<ScriptedEngine>([this, left](const Input& input, Effects& out) {
                if (const auto* durable = std::get_if<consensus::Durable>(&input))
                    recorder_.seen.push_back(fmt::format("durable {}", durable->token));
                if (!std::holds_alternative<consensus::Tick>(input) || left->empty()) return;
                out = left->front();
                left->pop_front();
            }),
            {}, Height(0));
    }
    void tick() { host_.step(consensus::Tick{}); }
    std::vector<std::string> take() { return std::exchange(recorder_.seen, {}); }

    static Persist persist(uint64_t token) {
        return {.token = Token(token), .record = make_buffer({1, 2, 3})};
    }
    static Send send(uint64_t to) { return {.to = NodeId(to), .bytes = make_buffer({})}; }
    static Deliver deliver(uint64_t position) {
        return {.position = Height(position), .payload = make_buffer({}), .origin = {}, .mark = {}};
    }

    env::MemoryDevice device_;
    journal::Journal journal_;
    ManualLanes lanes_;
    FakeClock clock_;
    Recorder recorder_;
    EngineHost host_;
};

using Seen = std::vector<std::string>;

TEST_F(EngineHostTest, WhatStandsBehindAPersistWaitsForTheDisk) {
    script({{persist(1), send(2)}});
    tick();
    EXPECT_EQ(take(), Seen{});
    lanes_.run_one(env::Lane::journal);
    EXPECT_EQ(take(), (Seen{"send 2", "durable 1"}));
}

TEST_F(EngineHostTest, WhatStandsBeforeAPersistGoesAtOnce) {
    script({{send(2), persist(1)}});
    tick();
    EXPECT_EQ(take(), Seen{"send 2"});
}

TEST_F(EngineHostTest, AnotherListDoesNotWaitForAnEarlierPersist) {
    script({{persist(1), send(2)}, {send(3)}});
    tick();
    tick();
    EXPECT_EQ(take(), Seen{"send 3"});
}

TEST_F(EngineHostTest, DeliveriesKeepTheirOrderAcrossLists) {
    script({{persist(1), deliver(1)}, {deliver(2), send(3)}});
    tick();
    tick();
    EXPECT_EQ(take(), Seen{"send 3"});
    lanes_.run_one(env::Lane::journal);
    EXPECT_EQ(take(), (Seen{"deliver 1", "deliver 2", "durable 1"}));
}

TEST_F(EngineHostTest, RecordsGatherWhileAGroupIsBeingSynced) {
    script({{persist(1), send(1)}, {persist(2), send(2)}, {persist(3), send(3)}});
    tick();
    tick();
    tick();
    EXPECT_EQ(lanes_.waiting(env::Lane::journal), 1U);
    lanes_.run_one(env::Lane::journal);
    EXPECT_EQ(take(), (Seen{"send 1", "durable 1"}));
    lanes_.run_one(env::Lane::journal);
    EXPECT_EQ(take(), (Seen{"send 2", "send 3", "durable 3"}));
    EXPECT_EQ(host_.journal_syncs(), 2U);
}

TEST_F(EngineHostTest, TheTimerIsOneDeadlineReplacedByTheNext) {
    const Instant soon = clock_.now() + 10ms;
    script({{consensus::SetTimer{soon + 5ms}, consensus::SetTimer{soon}}, {send(9)}});
    tick();
    EXPECT_EQ(host_.deadline(), soon);
    host_.on_tick();
    EXPECT_EQ(take(), Seen{});
    clock_.advance(10ms);
    host_.on_tick();
    EXPECT_EQ(take(), Seen{"send 9"});
    EXPECT_FALSE(host_.deadline());
}

TEST_F(EngineHostTest, AStoppedHostReleasesNothing) {
    script({{persist(1), send(2)}});
    tick();
    host_.stop();
    lanes_.run_one(env::Lane::journal);
    EXPECT_EQ(take(), Seen{});
}

TEST_F(EngineHostTest, EqualHistoriesHaveEqualTraces) {
    script({{send(2), persist(1)}, {send(3)}});
    tick();
    const uint64_t first = host_.trace();
    tick();
    EXPECT_NE(first, host_.trace());

    Recorder recorder;
    EngineHost other(journal_, lanes_, clock_, recorder);
    other.start(std::make_unique<ScriptedEngine>(
                    [](const Input&, Effects& out) { out = {send(2), persist(1)}; }),
                {}, Height(0));
    other.step(consensus::Tick{});
    EXPECT_EQ(first, other.trace());
}

using EngineHostDeathTest = EngineHostTest;

TEST_F(EngineHostDeathTest, TokensMustGrow) {
    script({{persist(2)}, {persist(2)}});
    tick();
    EXPECT_DEATH(tick(), "tokens must strictly increase");
}

TEST_F(EngineHostDeathTest, DeliveryMustNotSkip) {
    script({{deliver(2)}});
    EXPECT_DEATH(tick(), "skipped or repeated a position");
}

TEST_F(EngineHostDeathTest, FinalityMustNotRunAheadOrBack) {
    script({{deliver(1), Final{Height(1)}}, {Final{Height(0)}}, {}});
    tick();
    EXPECT_DEATH(tick(), "finality went backwards");
}

TEST_F(EngineHostDeathTest, AnEngineThatMayNotRevertMustNot) {
    script({{consensus::Revert{Height(0)}}});
    EXPECT_DEATH(tick(), "reverts");
}

}  // namespace
}  // namespace holdfast::node
