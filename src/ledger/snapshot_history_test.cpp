// Who may vouch for a snapshot: those to whom the changes of members lead from what the taker
// knows itself, and nobody else, whatever they sign.
#include <gtest/gtest.h>

#include "chain/errors.h"
#include "ledger/epoch_chain.h"

namespace holdfast::ledger {
namespace {

using namespace testing;

/// Authorities 1 to 4, epochs of four blocks. Member 5 comes in block 4 and member 6 in block 8,
/// member 1 goes in block 12; block 14 is the head. Every block has its certificate.
class SnapshotHistory : public ::testing::Test {
  protected:
    SnapshotHistory() {
        while (chain.chain.ledger().head() < Height(14)) {
            const uint64_t height = chain.chain.ledger().head().value + 1;
            std::vector<TransactionPtr> calls;
            const auto decide = [&](const Bytes& data, std::initializer_list<uint64_t> voters) {
                for (const uint64_t from : voters)
                    calls.push_back(
                        make_transaction({.from = from,
                                          .nonce = chain.chain.account(account_address(from)).nonce,
                                          .to = validators_address(),
                                          .data = data,
                                          .gas_limit = 2'000'000}));
            };
            if (height == 2) decide(encode_add_member(make_member(5)), {1, 2, 3});
            if (height == 6) decide(encode_add_member(make_member(6)), {1, 2, 3});
            if (height == 10) decide(encode_remove_member(NodeId(1)), {1, 2, 3, 4});
            chain.next(std::move(calls));
            for (const auto& receipt : chain.last.receipts) EXPECT_TRUE(receipt.success);
            chain.chain.certify_head();
            if (height == 5) copy_head_to(early);
        }
        const auto page = member_changes_after(chain.chain.reader(), Height(0), Height(13));
        EXPECT_TRUE(page);
        history = *page;
        EXPECT_EQ(history.size(), 3U);
        block = chain.chain.attested(Height(14));
        members = chain.chain.ledger().members();
    }
    void copy_head_to(TestChain& other) const {
        const auto taken = take_snapshot(other.ledger(), chain.chain);
        EXPECT_TRUE(taken) << describe(taken.error());
    }
    /// What a taker says to the history, then to the block, then to all of it.
    Status take(TestChain& target) {
        Ledger& ledger = target.ledger();
        ledger.begin_import();
        if (auto good = ledger.import_history(history); !good) return good;
        const Status attested = ledger.check_attested(block);
        Bytes cursor;
        do {
            EXPECT_TRUE(ledger.import_chunk(export_chunk(chain.chain.reader(), cursor, 500)));
        } while (!cursor.empty());
        const Height before = ledger.head();
        const Status done = ledger.finish_import(block, members, {});
        EXPECT_EQ(attested.has_value(), done.has_value());
        if (!done) {
            EXPECT_EQ(ledger.head(), before);
            target.expect_sound();
        }
        return done;
    }
    void expect_refused(Errc why) {
        TestChain target(chain.chain.genesis());
        const Status taken = take(target);
        ASSERT_FALSE(taken);
        EXPECT_EQ(taken.error().code, why) << describe(taken.error());
    }
    /// Attested again, by these, as members of `epoch`.
    void sign(chain::CertifiedHeader& header, uint64_t epoch, const Ids& signers) const {
        header.signatures.clear();
        for (const uint64_t id : signers)
            header.signatures.emplace_back(
                NodeId(id), chain::attest(member_key(id), NodeId(id), chain.genesis_hash, epoch,
                                          header.header.number, chain::header_hash(header.header))
                                .signature);
    }
    /// The header names this set now, so that it hangs together with what follows.
    static void name(chain::Header& header, const chain::MemberSet& set) {
        auto extra = chain::decode_extra(header.extra_data).value();
        extra.next_members_hash = set.hash();
        header.extra_data = chain::encode_extra(extra);
    }

    EpochChain chain{epoch_genesis(chain::Policy::poa)};
    TestChain early{chain.chain.genesis()};  ///< knows two of the sets, from a snapshot of block 5
    std::vector<chain::MemberChange> history;
    chain::CertifiedHeader block;
    chain::MemberSet members;
};

TEST_F(SnapshotHistory, LeadsThroughSeveralChanges) {
    TestChain target(chain.chain.genesis());
    const Status taken = take(target);
    ASSERT_TRUE(taken) << describe(taken.error());
    EXPECT_EQ(target.ledger().members(), members);
    target.expect_sound();
    EXPECT_EQ(member_changes(target.reader(), Height(14)).value().size(), 3U);
    EXPECT_EQ(member_changes_after(target.reader(), Height(0), Height(13)).value(), history);
}

TEST_F(SnapshotHistory, GoesOnFromWhatIsKnown) {
    EXPECT_EQ(early.ledger().head(), Height(5));
    // Nothing of what lies below is asked for, or taken.
    EXPECT_FALSE(take(early));
    early.ledger().begin_import();
    EXPECT_EQ(early.ledger().import_history_at(), Height(5));
    const auto all = history;
    history.erase(history.begin());
    const Status taken = take(early);
    ASSERT_TRUE(taken) << describe(taken.error());
    EXPECT_EQ(member_changes_after(early.reader(), Height(0), Height(13)).value(), all);
    early.expect_sound();
}

TEST_F(SnapshotHistory, WhatWasExecutedWithoutACertificateGetsOne) {
    // Block 8 was executed here, and its change of the members, but nobody said who attests it.
    TestChain target(chain.chain.genesis());
    for (Height height(1); height <= Height(9); ++height) {
        const auto executed = chain.chain.reader().block(height).value();
        OrderedPayload payload = target.payload(executed.transactions);
        payload.origin = chain::decode_extra(executed.header.extra_data)->origin;
        ASSERT_EQ(target.ledger().execute(payload).block.hash, executed.hash);
        if (height < Height(8)) target.certify_head();
    }
    ASSERT_EQ(member_changes(target.reader(), Height(9)).error().code, errc::not_certified);
    target.ledger().begin_import();
    EXPECT_EQ(target.ledger().import_history_at(), Height(7));
    const auto all = history;
    history.erase(history.begin());
    ASSERT_TRUE(take(target));
    EXPECT_EQ(member_changes_after(target.reader(), Height(0), Height(13)).value(), all);
    target.expect_sound();
}

TEST_F(SnapshotHistory, AGapIsNoticed) {
    const auto all = history;
    history.erase(history.begin());
    expect_refused(chain::errc::certificate_unknown_signer);
    history = all;
    history.erase(history.begin() + 1);
    expect_refused(chain::errc::certificate_unknown_signer);
    // The set before the last had more weight than the quorum of the last one needs; but those who
    // signed have signed as members of another epoch.
    history = all;
    history.pop_back();
    expect_refused(chain::errc::certificate_bad_signature);
    history.clear();
    expect_refused(chain::errc::certificate_unknown_signer);
    history = {all[1], all[0], all[2]};
    expect_refused(chain::errc::certificate_unknown_signer);
    history = {all[0], all[0], all[1], all[2]};
    expect_refused(chain::errc::proof_order);
}

TEST_F(SnapshotHistory, AStrangersWordIsNoQuorum) {
    // Somebody who was never a member, with all the weight of a set of his own.
    chain::MemberSet own{.epoch = 4, .members = {make_member(9)}};
    block.header.beneficiary = plain_address(9);
    sign(block, 4, {9});
    expect_refused(chain::errc::certificate_unknown_signer);
    chain::MemberChange change{.block = history.back().block, .members = own};
    change.block.header.number = Height(13);
    name(change.block.header, own);
    sign(change.block, 3, {9});
    history.push_back(change);
    expect_refused(chain::errc::certificate_unknown_signer);
    // One of the members hands everything over to himself.
    history.back().members.members = {make_member(2)};
    name(history.back().block.header, history.back().members);
    sign(history.back().block, 3, {2});
    expect_refused(chain::errc::certificate_no_quorum);
    // So many as may lie do, and more.
    sign(history.back().block, 3, {2, 3, 4});
    expect_refused(chain::errc::certificate_no_quorum);
    sign(history.back().block, 3, {2, 3, 4, 5});
    sign(block, 4, {2});
    TestChain target(chain.chain.genesis());
    EXPECT_TRUE(take(target)) << "a quorum of members could do it";
}

TEST_F(SnapshotHistory, ASetIsTheOneThatTheHeaderNames) {
    history[2].members.members.push_back(make_member(9));
    expect_refused(chain::errc::proof_other_members);
}

TEST_F(SnapshotHistory, FormerMembersVouchForNothingNew) {
    // All of genesis, who were a quorum once, and still have their keys.
    block.header.beneficiary = plain_address(9);
    sign(block, 0, {1, 2, 3, 4});
    expect_refused(chain::errc::certificate_unknown_signer);
    // To somebody who is told of no change they still look like one: it is their time that they
    // sign for (docs/proofs.md).
    history.clear();
    TestChain target(chain.chain.genesis());
    EXPECT_TRUE(take(target));
}

TEST_F(SnapshotHistory, TheMembersAfterTheBlockAreThoseOfItsHeader) {
    members.epoch += 1;
    TestChain target(chain.chain.genesis());
    target.ledger().begin_import();
    ASSERT_TRUE(target.ledger().import_history(history));
    EXPECT_EQ(target.ledger().finish_import(block, members, {}).error().code, errc::bad_snapshot);
    EXPECT_EQ(target.ledger().import_history({}).error().code, errc::bad_snapshot);
    EXPECT_EQ(target.ledger().check_attested(block).error().code, errc::bad_snapshot);
    target.expect_sound();
}

}  // namespace
}  // namespace holdfast::ledger
