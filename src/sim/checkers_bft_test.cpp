// The checkers of Byzantine agreement: a history that breaks each rule, told as the world would.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "node/messages.h"
#include "sim/cast.h"
#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

using chain::SignedStatement;
using chain::Statement;
using chain::StatementKind;
using consensus::Token;

constexpr auto propose = StatementKind::propose, notarize = StatementKind::notarize,
               skip = StatementKind::skip, finalize = StatementKind::finalize;
const NodeId one(1), two(2), three(3), four(4);
const std::vector<NodeId> everybody{one, two, three, four};

/// An engine that only has numbers.
class Numbers final : public consensus::Engine {
  public:
    void step(Instant /*now*/, consensus::Input /*input*/, consensus::Effects& /*out*/) override {}
    [[nodiscard]] consensus::EngineStatus status() const override { return {}; }
    [[nodiscard]] consensus::Probe probe() const override { return probe_of; }
    consensus::Probe probe_of;
};

/// Four validators of one ledger, and everybody who looks on.
class BftCheckers : public ::testing::Test, public Stage {
  protected:
    BftCheckers() { begin(0); }

    void begin(uint64_t liars) {
        plan_.engine = "bft";
        plan_.nodes = 4;
        plan_.epoch_blocks = 8;
        plan_.liars = liars;
        genesis_ = make_genesis(plan_);
        checkers_ = make_checkers(*this);
        for (const NodeId node : everybody) start(node, {});
    }

    [[nodiscard]] const Plan& plan() const override { return plan_; }
    [[nodiscard]] const chain::Genesis& genesis() const override { return genesis_; }
    [[nodiscard]] Duration now() const override { return {}; }
    [[nodiscard]] std::vector<NodeId> nodes() const override { return everybody; }
    [[nodiscard]] NodeView view(NodeId node) const override { return {.id = node, .up = true}; }

    template <class F>
    void tell(F what) {
        for (const auto& checker : checkers_) what(*checker);
    }
    void start(NodeId node, const std::vector<consensus::JournalRecord>& records) {
        tell([&](Checker& it) {
            it.on_start(node, {.applied = {}, .mark = {}, .members = {}}, records,
                        consensus::JournalHealth::intact, 100 + node.value);
        });
    }
    void effects(NodeId node, const std::vector<consensus::Effect>& what) {
        tell([&](Checker& it) { it.on_effects(node, engines_[node], what); });
    }
    void write(NodeId node, const bft::Record& record, bool is_torn = false) {
        const Token token = ++tokens_[node];
        const Buffer bytes = bft::encode(record);
        journals_[node].push_back({token, bytes});
        effects(node, {consensus::Persist{token, bytes}});
        if (!is_torn) tell([&](Checker& it) { it.on_platter(node, token); });
    }
    [[nodiscard]] SignedStatement signed_by(NodeId node, const Statement& statement) const {
        return {statement,
                crypto::NodeKey(voting_seed(node))
                    .sign(chain::statement_bytes(chain::genesis_hash(genesis_), statement))};
    }
    static Statement of(StatementKind kind, bft::View view, const Hash32& digest = {}) {
        return {.kind = kind, .epoch = 0, .view = view, .digest = digest};
    }
    void say(const std::vector<NodeId>& who, const Statement& statement) {
        for (const NodeId node : who)
            write(node, {.floor = {}, .said = {signed_by(node, statement)}});
    }
    void say(const std::vector<NodeId>& who, const bft::Candidate& candidate) {
        for (const NodeId node : who)
            write(node, {.floor = {},
                         .said = {signed_by(
                             node, of(notarize, candidate.proposal.place.view, candidate.digest))},
                         .candidates = {candidate}});
    }
    /// On `parent`, or on the epoch's root.
    [[nodiscard]] bft::Candidate candidate(bft::View view, std::string_view payload,
                                           const bft::Candidate* parent = nullptr) const {
        bft::Candidate made;
        made.payload = make_buffer(to_bytes(payload));
        made.proposal = {.place = {.epoch = 0, .view = view},
                         .parent_view = parent == nullptr ? 0 : parent->proposal.place.view,
                         .parent = parent == nullptr ? Hash32{} : parent->digest,
                         .height = parent == nullptr ? Height(1) : parent->proposal.height.next(),
                         .payload_hash = crypto::sha256(*made.payload)};
        made.digest = made.proposal.digest();
        made.signature = signed_by(one, of(propose, view, made.digest)).signature;
        return made;
    }
    [[nodiscard]] bft::Certificate certificate(const Statement& statement,
                                               const std::vector<NodeId>& signers) const {
        bft::Certificate made{.statement = statement, .signatures = {}};
        for (const NodeId node : signers)
            made.signatures.emplace_back(node, signed_by(node, statement).signature);
        return made;
    }
    [[nodiscard]] consensus::Deliver deliver(const bft::Candidate& it) const {
        const Statement said = of(notarize, it.proposal.place.view, it.digest);
        return {.position = it.proposal.height,
                .payload = it.payload,
                .origin = {.proposer = one, .epoch = 0, .view = it.proposal.place.view},
                .mark = bft::encode_mark({.proposal = it.proposal,
                                          .certificate = certificate(said, {one, two, three})})};
    }
    void send(NodeId from, const bft::Body& body, bool is_lie = false) {
        const Buffer bytes = bft::encode(body);
        if (!is_lie) effects(from, {consensus::Send{two, bytes}});
        const Buffer message = node::encode_message(node::EngineMessage{*bytes});
        tell([&](Checker& it) {
            if (is_lie)
                it.on_lie(from, two, *message);
            else
                it.on_send(from, two, *message);
        });
    }
    /// Proposed, notarized by all, finalized by all.
    void make_final(const bft::Candidate& it) {
        say(everybody, it);
        say(everybody, of(finalize, it.proposal.place.view, it.digest));
    }

    void holds() { EXPECT_THAT(findings(), ::testing::IsEmpty()) << words(); }
    void flags(std::string_view name) {
        EXPECT_THAT(findings(), ::testing::Contains(std::string(name))) << words();
    }
    std::set<std::string> findings() {
        std::set<std::string> names;
        words_.clear();
        tell([&](Checker& it) {
            for (const std::string& what : it.take_findings()) {
                names.emplace(it.name());
                words_.push_back(std::string(it.name()) + ": " + what);
            }
        });
        return names;
    }
    [[nodiscard]] std::string words() const { return ::testing::PrintToString(words_); }

    std::map<NodeId, Numbers> engines_;
    std::map<NodeId, std::vector<consensus::JournalRecord>> journals_;

  private:
    Plan plan_;
    chain::Genesis genesis_;
    std::vector<CheckerPtr> checkers_;
    std::map<NodeId, Token> tokens_;
    std::vector<std::string> words_;
};

TEST_F(BftCheckers, AreContentWithAnHonestHistory) {
    const bft::Candidate first = candidate(1, "a");
    make_final(first);
    say({one, two, three}, of(skip, 2));
    const bft::Candidate second = candidate(3, "b", &first);
    make_final(second);
    send(one, bft::Vote{signed_by(one, of(finalize, 3, second.digest))});
    send(one, bft::Certified{certificate(of(skip, 2), {one, two, three})});
    effects(one, {deliver(first), deliver(second)});
    start(one, journals_[one]);
    holds();
}

TEST_F(BftCheckers, RecordsSeeNonsenseAndAnOldToken) {
    effects(one, {consensus::Persist{Token(9), make_buffer(Bytes{9})}});
    flags("bft-records");
    effects(one, {consensus::Persist{Token(9), bft::encode(bft::Record{})}});
    flags("bft-records");
}

TEST_F(BftCheckers, OneVoiceSeesWhatExcludesItself) {
    const bft::Candidate a = candidate(1, "a"), b = candidate(1, "b");
    say({one}, a);
    holds();
    say({one}, b);
    flags("bft-one-voice");
    say({two}, of(skip, 1));
    holds();
    say({two}, of(finalize, 1, a.digest));
    flags("bft-one-voice");
}

TEST_F(BftCheckers, OneVoiceSeesAStrangerAndAnEpochTooEarly) {
    Statement early = of(skip, 1);
    early.epoch = 1;
    say({one}, early);
    flags("bft-one-voice");
    const Statement said = of(skip, 1);
    write(NodeId(5), {.floor = {}, .said = {signed_by(NodeId(5), said)}});
    flags("bft-one-voice");
}

TEST_F(BftCheckers, PromiseSeesWhatIsNotOnThePlatter) {
    const SignedStatement said = signed_by(one, of(skip, 1));
    write(one, {.floor = {}, .said = {said}}, true);
    holds();
    send(one, bft::Vote{said});
    flags("bft-promise");
}

TEST_F(BftCheckers, QuorumsSeeTwoThatCanBe) {
    const bft::Candidate a = candidate(1, "a"), b = candidate(1, "b");
    say({one, two, three}, a);
    holds();
    say({two, three, four}, b);
    flags("bft-quorums");
    say({one, two, three}, of(finalize, 1, a.digest));
    findings();
    say({two, three}, of(skip, 1));
    findings();
    say({four}, of(skip, 1));
    flags("bft-quorums");
}

TEST_F(BftCheckers, QuorumsLetALiarSupportEverything) {
    begin(0b0001);
    const bft::Candidate a = candidate(1, "a"), b = candidate(1, "b");
    say({two, three}, a);
    holds();
    say({four}, b);
    holds();
    say({three}, b);
    flags("bft-quorums");
}

TEST_F(BftCheckers, NotarizedSeesAFinalizationTooEarly) {
    const bft::Candidate a = candidate(1, "a");
    say({one, two}, a);
    say({one}, of(finalize, 1, a.digest));
    flags("bft-notarized");
}

TEST_F(BftCheckers, ParentSeesAGapAndAParentThatIsNone) {
    const bft::Candidate a = candidate(1, "a");
    say({one, two}, of(skip, 1));
    say({one}, candidate(2, "b"));
    flags("bft-parent");
    say({one}, a);
    say({one}, candidate(2, "c", &a));
    flags("bft-parent");
    say({two}, of(notarize, 2, Hash32{}));
    flags("bft-parent");
}

TEST_F(BftCheckers, ParentSeesAHeightThatDoesNotFollow) {
    bft::Candidate a = candidate(1, "a");
    a.proposal.height = Height(2);
    a.digest = a.proposal.digest();
    say({one}, a);
    flags("bft-parent");
}

TEST_F(BftCheckers, FinalitySeesAnotherLine) {
    make_final(candidate(1, "a"));
    holds();
    make_final(candidate(2, "b"));
    flags("bft-finality");
}

TEST_F(BftCheckers, FinalitySeesWhatIsNotFinal) {
    const bft::Candidate a = candidate(1, "a");
    say(everybody, a);
    effects(one, {deliver(a)});
    flags("bft-finality");
}

TEST_F(BftCheckers, FinalitySeesAMarkOfAnother) {
    const bft::Candidate a = candidate(1, "a"), b = candidate(2, "b", &a);
    make_final(a);
    make_final(b);
    consensus::Deliver wrong = deliver(a);
    wrong.mark = deliver(b).mark;
    effects(one, {wrong});
    flags("bft-finality");
    wrong = deliver(a);
    wrong.payload = b.payload;
    effects(two, {wrong});
    flags("bft-finality");
}

TEST_F(BftCheckers, CertificatesAreCountedAgain) {
    const Statement said = of(skip, 1);
    say({one, two, three}, said);
    send(one, bft::Certified{certificate(said, {one, two, three})});
    holds();
    send(one, bft::Certified{certificate(said, {one, two})});
    flags("bft-certificate");
    bft::Certificate forged = certificate(said, {one, two, three});
    forged.signatures[1].second = forged.signatures[0].second;
    send(one, bft::Certified{forged});
    flags("bft-certificate");
    send(one, bft::Certified{certificate(said, {one, two, four})});
    flags("bft-certificate");
}

TEST_F(BftCheckers, EvidenceMustProveALie) {
    begin(0b0100);
    const Hash32 a = candidate(1, "a").digest, b = candidate(1, "b").digest;
    const auto accuse = [&](NodeId guilty, const SignedStatement& x, const SignedStatement& y) {
        effects(one,
                {consensus::Accuse{chain::encode({.guilty = guilty, .first = x, .second = y})}});
    };
    accuse(three, signed_by(three, of(notarize, 1, a)), signed_by(three, of(notarize, 1, b)));
    holds();
    accuse(three, signed_by(three, of(notarize, 1, a)), signed_by(three, of(notarize, 2, b)));
    flags("bft-evidence");
    accuse(three, signed_by(three, of(notarize, 1, a)), signed_by(two, of(notarize, 1, b)));
    flags("bft-evidence");
    accuse(two, signed_by(two, of(notarize, 1, a)), signed_by(two, of(notarize, 1, b)));
    flags("bft-evidence");
    effects(one, {consensus::Accuse{Bytes{1}}});
    flags("bft-evidence");
}

TEST_F(BftCheckers, GuiltIsNamedWhenAgreementBreaks) {
    begin(0b0110);
    const bft::Candidate a = candidate(1, "a"), b = candidate(1, "b");
    for (const NodeId liar : {two, three})
        for (const bft::Candidate* it : {&a, &b})
            send(liar, bft::Vote{signed_by(liar, of(notarize, 1, it->digest))}, true);
    say({one}, a);
    say({four}, b);
    effects(one, {deliver(a)});
    EXPECT_FALSE(findings().contains("bft-guilt"));
    effects(four, {deliver(b)});
    const auto found = findings();
    EXPECT_TRUE(found.contains("agreement")) << words();
    EXPECT_TRUE(found.contains("bft-guilt")) << words();
    EXPECT_FALSE(found.contains("bft-accountability")) << words();
    EXPECT_THAT(words(), ::testing::HasSubstr("the guilt of 2, 3: a weight of 2 of 4"));
}

TEST_F(BftCheckers, AccountabilitySeesTooFewGuilty) {
    begin(0b0110);
    const bft::Candidate a = candidate(1, "a"), b = candidate(1, "b");
    send(two, bft::Vote{signed_by(two, of(notarize, 1, a.digest))}, true);
    // A signature that is not his proves nothing.
    send(two, bft::Vote{signed_by(three, of(notarize, 1, b.digest))}, true);
    effects(one, {deliver(a)});
    effects(four, {deliver(b)});
    flags("bft-accountability");
}

TEST_F(BftCheckers, StabilitySeesAForgottenRecordAndALowerView) {
    say({one}, of(skip, 1));
    start(one, {});
    flags("bft-stability");
    engines_[two].probe_of = {{"epoch", 0}, {"view", 5}, {"final_view", 3}, {"delivered", 2}};
    effects(two, {});
    holds();
    engines_[two].probe_of[2].second = 2;
    effects(two, {});
    flags("bft-stability");
}

TEST_F(BftCheckers, DurabilitySeesAPayloadThatFewHave) {
    const bft::Candidate a = candidate(1, "a");
    say({one, two}, a);
    say({three, four}, of(notarize, 1, a.digest));
    say(everybody, of(finalize, 1, a.digest));
    holds();
    effects(one, {deliver(a)});
    flags("bft-durability");
}

TEST_F(BftCheckers, BoundsSeeALoudStandstill) {
    engines_[one].probe_of = {{"epoch", 0}, {"view", 1}, {"verifying", 5000}};
    effects(one, {});
    flags("bft-bounds");
    const Buffer bytes = bft::encode(bft::Waiting{});
    const std::vector<consensus::Effect> many(3000, consensus::Send{two, bytes});
    engines_[two].probe_of = {{"epoch", 0}, {"view", 1}};
    effects(two, many);
    holds();
    effects(two, many);
    flags("bft-bounds");
}

TEST_F(BftCheckers, BoundsSeeATimerWithoutACap) {
    tell([](Checker& it) { it.on_timer(one, 60s); });
    holds();
    tell([](Checker& it) { it.on_timer(one, 600s); });
    flags("bft-bounds");
}

TEST_F(BftCheckers, ReadSeesAnOldPlace) {
    const bft::Candidate a = candidate(1, "a");
    make_final(a);
    effects(one, {deliver(a)});
    tell([](Checker& it) { it.on_input(two, consensus::Read{consensus::ReadId(1)}); });
    effects(two, {consensus::ReadAt{consensus::ReadId(1), Height(0)}});
    flags("bft-read");
}

}  // namespace
}  // namespace holdfast::sim
