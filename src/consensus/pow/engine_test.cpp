// One engine and peers made by hand: what it makes of bodies that are wrong, too large, late or
// withheld, of answers that nobody asked for, of crowds, and of journals with holes.
#include <gtest/gtest.h>

#include "consensus/pow/chain_test.h"
#include "consensus/pow/core.h"

namespace holdfast::pow {
namespace {

using namespace consensus;

const NodeId self(1);
const NodeId first(2);
const NodeId second(3);

/// A host whose disk is instant and whose ledger finds all good.
class Node {
  public:
    explicit Node(const std::vector<JournalRecord>& records = {},
                  JournalHealth health = JournalHealth::intact, const Base& base = {}) {
        config_.self = self;
        config_.rules = test_rules();
        config_.neighbours_max = 4;
        Effects effects;
        engine_ = pow::restore(config_, base, records, health, now_, effects);
        carry_out(effects);
        feed(Neighbours{{first, second}});
    }

    void feed(Input input) {
        Effects effects;
        engine_->step(now_, std::move(input), effects);
        carry_out(effects);
    }
    void hear(NodeId from, const Message& message) { feed(Received{from, encode(message)}); }
    void wait(Duration duration) {
        now_ += duration;
        feed(Tick{});
    }
    /// The peer's chain, as far as headers go; what it was asked for is forgotten.
    void hear_headers(NodeId from, const Chain& chain) {
        hear(from, Announce{chain.header(chain.length())});
        Headers headers;
        for (size_t height = 1; height <= chain.length(); ++height)
            headers.headers.push_back(chain.header(height));
        hear(from, headers);
    }
    void give(NodeId from, const Chain& chain, size_t height) {
        hear(from, Body{.block = chain.hash(height), .payload = chain.payload(height)});
    }
    /// What was sent since this was asked last, in words.
    std::vector<std::string> sent() { return std::exchange(sent_, {}); }
    [[nodiscard]] bool asked(NodeId to, const Hash32& block) const {
        return std::ranges::find(bodies_asked_, std::pair(to, block)) != bodies_asked_.end();
    }
    [[nodiscard]] size_t delivered() const { return core().delivered().height().value; }
    [[nodiscard]] uint64_t probe(std::string_view name) const {
        for (const auto& [key, value] : engine_->probe())
            if (key == name) return value;
        return UINT64_MAX;
    }
    [[nodiscard]] const Core& core() const { return dynamic_cast<const Core&>(*engine_); }
    [[nodiscard]] const std::vector<JournalRecord>& journal() const { return journal_; }
    [[nodiscard]] const std::vector<CatchUp>& catch_ups() const { return catch_ups_; }

  private:
    void carry_out(const Effects& effects) {
        std::vector<Input> answers;
        for (const Effect& effect : effects) {
            if (const auto* persist = std::get_if<Persist>(&effect)) {
                journal_.push_back({persist->token, persist->record});
                answers.emplace_back(Durable{persist->token});
            }
            if (const auto* check = std::get_if<Check>(&effect)) {
                const std::string text(text_of(*check->payload));
                answers.emplace_back(
                    Checked{check->ask, Verdict::ok, std::stoull(text.substr(text.find('@') + 1))});
            }
            if (const auto* send = std::get_if<Send>(&effect)) note_sent(*send);
            if (const auto* wish = std::get_if<CatchUp>(&effect)) catch_ups_.push_back(*wish);
        }
        for (const std::string& broken : core().broken_invariants()) ADD_FAILURE() << broken;
        for (Input& answer : answers) feed(std::move(answer));
    }
    void note_sent(const Send& send) {
        sent_.push_back(fmt::format("{}: {}", send.to, describe_message(*send.bytes)));
        const auto message = decode(*send.bytes);
        if (const auto* ask = std::get_if<AskBodies>(&*message))
            for (const Hash32& hash : ask->blocks) bodies_asked_.emplace_back(send.to, hash);
    }

    Config config_;
    Instant now_{Duration(1'000'000)};
    std::unique_ptr<Engine> engine_;
    std::vector<JournalRecord> journal_;
    std::vector<std::string> sent_;
    std::vector<std::pair<NodeId, Hash32>> bodies_asked_;
    std::vector<CatchUp> catch_ups_;
};

// W6: what is wrong with a body is its sender's fault, and says nothing about the block.
TEST(Engine, AWrongBodySpoilsItsSenderAndNotTheBlock) {
    const Chain chain(1);
    Node node;
    node.hear_headers(first, chain);
    ASSERT_TRUE(node.asked(first, chain.hash(1)));
    node.hear(first, Body{.block = chain.hash(1), .payload = make_buffer({1, 2, 3})});
    EXPECT_EQ(node.probe("wrong_bodies"), 1U);
    EXPECT_EQ(node.probe("bad_blocks"), 0U);
    ASSERT_TRUE(node.asked(second, chain.hash(1)));
    node.give(first, chain, 1);
    EXPECT_EQ(node.delivered(), 0U) << "who sent a wrong one is not heard";
    node.give(second, chain, 1);
    EXPECT_EQ(node.delivered(), 1U);
}

TEST(Engine, ABodyThatIsTooLargeIsBadByTheRules) {
    const Rules rules = test_rules();
    const Bytes huge(rules.payload_bytes_max + 1, 'x');
    const Header header =
        sealed_header(rules, rules.genesis, genesis_header(rules), 1000, huge, [](Header&) {});
    Node node;
    node.hear(first, Announce{header});
    node.hear(first, Body{.block = hash_of(header), .payload = make_buffer(huge)});
    EXPECT_EQ(node.probe("bad_blocks"), 1U);
    EXPECT_EQ(node.delivered(), 0U);
    EXPECT_TRUE(node.journal().empty());
}

TEST(Engine, AMinerWhoTellsTwoTimesIsRefused) {
    const Rules rules = test_rules();
    const std::string text = "x@900";
    const Header header = sealed_header(rules, rules.genesis, genesis_header(rules), 1000,
                                        view_of(text), [](Header&) {});
    Node node;
    node.hear(first, Announce{header});
    node.hear(first, Body{.block = hash_of(header),
                          .payload = make_buffer(to_bytes(std::string_view(text)))});
    EXPECT_EQ(node.probe("bad_blocks"), 1U);
    EXPECT_EQ(node.delivered(), 0U);
}

TEST(Engine, NothingIsTakenThatNobodyAskedFor) {
    const Chain chain(3);
    Node node;
    node.wait(3s);  // the first questions are over
    node.hear(first, Headers{.headers = {chain.header(1), chain.header(2)}});
    node.give(first, chain, 1);
    node.hear(first, Gap{.first = Height(5), .tip = Height(9)});
    EXPECT_EQ(node.probe("headers"), 1U);
    EXPECT_EQ(node.probe("fetches"), 0U);
    EXPECT_TRUE(node.catch_ups().empty());
}

TEST(Engine, OrphansTakeNoMemory) {
    const Chain chain(30);
    Node node;
    node.wait(3s);
    node.sent();
    for (size_t height = 30; height > 1; --height) node.hear(first, Announce{chain.header(height)});
    EXPECT_EQ(node.probe("headers"), 1U);
    EXPECT_EQ(node.probe("orphans"), 29U);
    EXPECT_EQ(node.sent().size(), 1U) << "one question is enough";
}

TEST(Engine, ACrowdHasItsLimit) {
    Node node;
    for (uint64_t id = 2; id < 50; ++id) node.hear(NodeId(id), NoBody{});
    EXPECT_EQ(node.probe("peers"), 4U);
    Neighbours many;
    for (uint64_t id = 2; id < 50; ++id) many.reachable.emplace_back(id);
    node.feed(many);
    EXPECT_EQ(node.probe("peers"), 4U);
    node.feed(Neighbours{});
    EXPECT_EQ(node.probe("peers"), 0U);
}

// Headers whose bodies nobody gives: another chain, lighter but there, goes first.
TEST(Engine, WithheldBodiesHoldUpNobody) {
    const Chain withheld(5);
    const Chain open(3, 'b');
    Node node;
    node.hear_headers(first, withheld);
    node.hear(second, Headers{});
    node.hear_headers(second, open);
    for (int i = 0; i < 3; ++i) {
        for (const NodeId id : {first, second})
            for (size_t height = 1; height <= 5; ++height)
                if (node.asked(id, withheld.hash(height)))
                    node.hear(id, NoBody{withheld.hash(height)});
        node.wait(100ms);
    }
    ASSERT_TRUE(node.asked(second, open.hash(1)));
    for (size_t height = 1; height <= 3; ++height) node.give(second, open, height);
    EXPECT_EQ(node.delivered(), 3U);
    EXPECT_EQ(node.catch_ups().size(), 1U) << "somebody's ledger may have them";
}

// There are no votes: what is left of a damaged journal proves itself.
TEST(Engine, WhatIsLeftOfADamagedJournalIsUsed) {
    const Chain chain(4);
    Node before;
    before.hear_headers(first, chain);
    for (size_t height = 1; height <= 4; ++height) before.give(first, chain, height);
    ASSERT_EQ(before.delivered(), 4U);
    std::vector<JournalRecord> records = before.journal();
    ASSERT_EQ(records.size(), 4U);
    Node all(records, JournalHealth::damaged);
    EXPECT_EQ(all.delivered(), 4U);
    Bytes broken = *records[2].bytes;
    broken.back() ^= 1;
    records[2].bytes = make_buffer(std::move(broken));
    Node most(records, JournalHealth::damaged);
    EXPECT_EQ(most.delivered(), 2U);
    EXPECT_NE(most.core().status().note, "");
    // The hole is filled by whoever has it.
    const Chain longer(5);
    most.hear_headers(first, longer);
    most.give(first, longer, 3);
    EXPECT_EQ(most.delivered(), 3U) << "what was behind the hole has to be fetched, too";
    most.give(first, longer, 4);
    most.give(first, longer, 5);
    EXPECT_EQ(most.delivered(), 5U);
}

// W2: of equals what was here first, in the next life, too.
TEST(Engine, FirstSeenOnTiesAlsoAfterARestart) {
    for (const bool swapped : {false, true}) {
        const Chain a(2, swapped ? 'b' : 'a');
        const Chain b(2, swapped ? 'a' : 'b');
        Node before;
        before.hear_headers(first, a);
        for (size_t height = 1; height <= 2; ++height) before.give(first, a, height);
        const Chain longer(3, swapped ? 'a' : 'b');
        before.hear(second, Headers{});
        before.hear_headers(second, longer);
        for (size_t height = 1; height <= 2; ++height) before.give(second, longer, height);
        ASSERT_EQ(before.core().delivered().hash, a.hash(2));
        // The ledger's store is lost, and with it what it stood on.
        const Node after(before.journal());
        EXPECT_EQ(after.core().delivered().hash, a.hash(2));
    }
}

// A store whose chain is longer than what it could go back to, with no journal at all.
TEST(Engine, BeginsFromTheStoreAlone) {
    const Chain chain(20);
    Base base{.applied = Height(20), .mark = encode(chain.mark(20)), .members = {}};
    for (size_t height = 12; height < 20; ++height)
        base.earlier.push_back(encode(chain.mark(height)));
    Node node({}, JournalHealth::lost, base);
    EXPECT_EQ(node.delivered(), 20U);
    EXPECT_EQ(node.probe("root"), 12U);
    const Chain heavier(22, 'b', 15);
    node.hear(first, Headers{});
    node.hear(second, Headers{});
    node.hear(first, Announce{heavier.header(22)});
    Headers headers;
    for (size_t height = 16; height <= 22; ++height)
        headers.headers.push_back(heavier.header(height));
    node.hear(first, headers);
    for (size_t height = 16; height <= 22; ++height) node.give(first, heavier, height);
    EXPECT_EQ(node.delivered(), 22U);
    EXPECT_EQ(node.probe("deepest"), 5U);
}

TEST(EngineDeathTest, AnotherChainsStoreIsRefused) {
    const Chain chain(3);
    Base base{.applied = Height(3), .mark = encode(chain.mark(3)), .members = {}};
    base.earlier.push_back(encode(chain.mark(1)));
    EXPECT_DEATH(Node({}, JournalHealth::intact, base), "none of this chain's");
}

}  // namespace
}  // namespace holdfast::pow
