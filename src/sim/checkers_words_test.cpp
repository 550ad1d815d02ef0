// What nodes say to each other, and of blocks: the checkers of sessions and of certificates are
// silent about a history that keeps their rule, and speak of one that breaks it.
#include "ledger/keys.h"
#include "sim/checkers_test.h"

namespace holdfast::sim {
namespace {

using testing::one;
using testing::three;
using testing::two;

class CertificateChecker : public testing::CheckerTest {
  protected:
    CertificateChecker() {
        const ledger::Reader reader(h.stores[one]->snapshot());
        attested_ = reader.block_hash(Height(1)).value();
        epoch_ = h.genesis().members.epoch;
    }
    /// As node `signer` would sign it.
    std::pair<NodeId, crypto::NodeSignature> signed_by(NodeId signer) const {
        const crypto::NodeKey key(voting_seed(signer));
        return {signer, chain::attest(key, signer, chain::genesis_hash(h.genesis()), epoch_,
                                      Height(1), attested_)
                            .signature};
    }
    [[nodiscard]] chain::Certificate by(const std::vector<NodeId>& signers) const {
        chain::Certificate made{.height = Height(1), .block_hash = attested_};
        for (const NodeId signer : signers) made.signatures.push_back(signed_by(signer));
        return made;
    }
    void keeps(NodeId node, const chain::Certificate& certificate) {
        ledger::put_certificate(*h.stores[node], certificate);
        h.tell([&](Checker& it) { it.on_end(node, Death::killed); });
    }
    void sends(const node::Message& message) {
        const Buffer bytes = node::encode_message(message);
        h.tell([&](Checker& it) { it.on_send(one, two, *bytes); });
    }
    Hash32 attested_;
    uint64_t epoch_ = 0;
};

TEST_F(CertificateChecker, IsSilentAboutAQuorum) {
    keeps(one, by({one, two}));
    keeps(two, by({one, two, three}));
    sends(by({two, three}));
    holds();
}

TEST_F(CertificateChecker, SeesTooFew) {
    keeps(one, by({two}));
    flags("certificate");
}

TEST_F(CertificateChecker, SeesOneVoiceTwice) {
    keeps(one, by({one, one}));
    flags("certificate");
}

TEST_F(CertificateChecker, SeesAStranger) {
    sends(by({one, two, NodeId(4)}));
    flags("certificate");
}

TEST_F(CertificateChecker, SeesTheWrongSet) {
    epoch_ += 1;
    keeps(one, by({one, two}));
    flags("certificate");
}

TEST_F(CertificateChecker, SeesAForgedVoice) {
    chain::Certificate forged = by({one, two});
    forged.signatures[1].second = forged.signatures[0].second;
    sends(node::Certificates{{forged}});
    flags("certificate");
}

TEST_F(CertificateChecker, SeesAnotherBlock) {
    attested_.bytes[0] ^= 1;
    keeps(one, by({one, two}));
    flags("certificate");
}

TEST_F(CertificateChecker, SeesWhatIsNoCertificate) {
    h.stores[one]->write(
        {{env::Column::certificates, ledger::keys::of_height(Height(1)), Bytes{1, 2, 3}}});
    h.tell([](Checker& it) { it.at_end(); });
    flags("certificate");
}

TEST_F(CertificateChecker, WaitsForWordOfTheBlock) {
    chain::Certificate early = by({one});
    early.height = Height(2);
    sends(early);
    holds();
    h.block(three, h.execute(three, {transfer(0, 0, 0)}));
    h.findings();
    h.block(three, h.execute(three, {}));
    flags("certificate");
}

class SessionChecker : public testing::CheckerTest {
  protected:
    SessionChecker() {
        begins(one, two);
        begins(two, one);
        connect(1);
    }
    void begins(NodeId node, NodeId peer) {
        h.tell([&](Checker& it) { it.on_session(node, peer); });
    }
    void connect(uint64_t connection) {
        connection_ = connection;
        h.tell([&](Checker& it) {
            it.on_connected(one, two, connection);
            it.on_connected(two, one, connection);
        });
    }
    /// Node 2 ends and comes again.
    void reborn() {
        h.tell([](Checker& it) { it.on_end(two, Death::killed); });
        begins(two, one);
    }
    /// From node 1 to node 2. Kinds differ by their first byte, as messages do.
    void say(const std::string& what, env::Priority priority = env::Priority::consensus) {
        const Bytes message = to_bytes("k" + what);
        h.tell([&](Checker& it) { it.on_queued(one, two, priority, message); });
    }
    void hear(const std::string& what) {
        const Bytes message = to_bytes("k" + what);
        h.tell([&](Checker& it) { it.on_handed(two, one, connection_, message); });
    }
    uint64_t connection_ = 0;
};

TEST_F(SessionChecker, IsSilentAboutResumption) {
    for (const char* what : {"a", "b", "b", "c"}) say(what);
    hear("a");
    hear("b");
    connect(2);
    hear("b");
    hear("c");
    holds();
}

TEST_F(SessionChecker, SeesARepetition) {
    say("a");
    say("b");
    hear("a");
    connect(2);
    hear("a");
    flags("session");
}

TEST_F(SessionChecker, SeesAGap) {
    for (const char* what : {"a", "b", "c"}) say(what);
    hear("a");
    connect(2);
    hear("c");
    flags("session");
}

TEST_F(SessionChecker, SeesAnotherOrder) {
    say("a");
    say("b");
    hear("b");
    hear("a");
    flags("session");
}

TEST_F(SessionChecker, SeesWhatNobodySaid) {
    say("a");
    hear("b");
    flags("session");
}

TEST_F(SessionChecker, LetsANewProcessMissWhatItsForerunnerWasSent) {
    for (const char* what : {"a", "b", "c", "d"}) say(what);
    hear("a");
    reborn();
    connect(2);
    hear("c");
    hear("d");
    holds();
}

TEST_F(SessionChecker, SeesANewProcessHearWhatItsForerunnerHeard) {
    say("a");
    say("b");
    hear("a");
    hear("b");
    reborn();
    connect(2);
    hear("b");
    flags("session");
}

TEST_F(SessionChecker, LetsWhatWasUnacknowledgedComeAgainToWhoBeganAnew) {
    say("a");
    hear("a");
    begins(two, one);
    connect(2);
    hear("a");
    holds();
}

TEST_F(SessionChecker, TellsALateConnectionFromTheNextSession) {
    say("a");
    say("b");
    hear("a");
    // Node 1 ends and comes again; what it said is still under way.
    h.tell([](Checker& it) { it.on_end(one, Death::power_lost); });
    begins(one, two);
    say("c");
    hear("b");
    connect(2);
    hear("c");
    holds();
    hear("b");
    flags("session");
}

TEST_F(SessionChecker, ForgivesAGapOfAFullQueue) {
    say("a");
    for (int i = 0; i < 40; ++i) say(std::to_string(i) + std::string(1 << 19, 'x'));
    say("b");
    hear("a");
    hear("b");
    holds();
    hear("a");
    flags("session");
}

}  // namespace
}  // namespace holdfast::sim
