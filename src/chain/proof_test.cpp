// Proofs that stand alone: what they prove, and that no part of one can be other than it is.
#include "chain/proof.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "chain/errors.h"
#include "chain/test_proof.h"

namespace holdfast::chain {
namespace {

using testing::ProofWorld;

const ProofWorld& world() {
    static const ProofWorld made(EngineKind::bft);
    return made;
}
Hash32 trusted() {
    return genesis_hash(world().genesis);
}
Proof account_proof() {
    return world().proof(world().account_claim(world().rich));
}
Proof slot_proof() {
    return world().proof(world().slot_claim(world().contract, world().slot));
}
Proof receipt_proof() {
    return world().proof(world().receipt_claim(2));
}

Errc refusal(const Proof& proof) {
    const auto proven = check_proof(proof, trusted());
    return proven ? Errc{} : proven.error().code;
}

TEST(Proof, ProvesAnAccount) {
    const auto proven = check_proof(account_proof(), trusted());
    ASSERT_TRUE(proven) << describe(proven.error());
    EXPECT_EQ(proven->height, Height(12));
    EXPECT_EQ(proven->time_ms, 1'700'000'000'012U);
    EXPECT_EQ(proven->rule, QuorumRule::two_thirds);
    EXPECT_EQ(proven->members, world().sets[2]);
    EXPECT_EQ(proven->changes, 2U);
    EXPECT_EQ(proven->signers, 2U);
    EXPECT_EQ(proven->signed_weight, 5U);
    const auto& account = std::get<ProvenAccount>(proven->value).account;
    ASSERT_TRUE(account);
    EXPECT_EQ(account->balance, U256(1'000'000));
    EXPECT_EQ(account->nonce, 3U);
}

TEST(Proof, ProvesThatThereIsNoAccount) {
    const auto proven =
        check_proof(world().proof(world().account_claim(world().nobody)), trusted());
    ASSERT_TRUE(proven) << describe(proven.error());
    EXPECT_FALSE(std::get<ProvenAccount>(proven->value).account);
}

TEST(Proof, ProvesSlots) {
    const auto value = [](const Address& address, const Hash32& slot) {
        const auto proven =
            check_proof(world().proof(world().slot_claim(address, slot)), trusted());
        EXPECT_TRUE(proven) << describe(proven.error());
        return proven ? std::get<ProvenSlot>(proven->value).value : U256(77);
    };
    EXPECT_EQ(value(world().contract, world().slot), U256(100'000'000));
    EXPECT_EQ(value(world().contract, world().empty_slot), U256(0));
    EXPECT_EQ(value(world().rich, world().slot), U256(0)) << "an account without storage";
    EXPECT_EQ(value(world().nobody, world().slot), U256(0));
}

TEST(Proof, ProvesReceipts) {
    for (const uint64_t index : {0U, 1U, 2U}) {
        const auto proven = check_proof(world().proof(world().receipt_claim(index)), trusted());
        ASSERT_TRUE(proven) << describe(proven.error());
        const auto& receipt = std::get<ProvenReceipt>(proven->value);
        EXPECT_EQ(receipt.index, index);
        EXPECT_EQ(receipt.transaction.transaction.value, U256(index + 1));
        EXPECT_EQ(receipt.receipt.success, index != 1);
        EXPECT_EQ(receipt.receipt.cumulative_gas_used, 21'000 * (index + 1));
        EXPECT_EQ(receipt.receipt.logs.size(), index == 2 ? 1U : 0U);
    }
}

TEST(Proof, EngineSaysHowManyAreEnough) {
    // Of the last set's weight 7, member 5 alone has 4: more than half, not more than two thirds.
    const ProofWorld raft(EngineKind::raft);
    for (const ProofWorld* any : {&raft, &world()}) {
        Proof proof = any->proof(any->account_claim(any->rich));
        proof.block.signatures = any->sign(proof.block.header, 2, {5});
        const auto proven = check_proof(proof, genesis_hash(any->genesis));
        EXPECT_EQ(proven.has_value(), any == &raft);
        if (!proven) {
            EXPECT_EQ(proven.error().code, errc::certificate_no_quorum);
        }
    }
}

TEST(Proof, NeedsNoHistoryIfTheMembersNeverChanged) {
    Proof proof = account_proof();
    proof.history.clear();
    proof.block.signatures = world().sign(proof.block.header, 0, {1, 2, 3});
    EXPECT_EQ(refusal(proof), Errc{});
}

/// One thing that is not as it should be.
struct Tampering {
    std::string_view name;
    Errc refused_as;
    std::function<void(Proof&)> tamper;
};

void expect_refused(const Proof& good, const std::vector<Tampering>& all) {
    ASSERT_EQ(refusal(good), Errc{});
    for (const auto& [name, refused_as, tamper] : all) {
        Proof bad = good;
        tamper(bad);
        EXPECT_EQ(refusal(bad).name, refused_as.name) << name;
    }
}

TEST(Proof, EveryFieldOfGenesisCounts) {
    const Errc other = errc::proof_other_genesis;
    expect_refused(
        account_proof(),
        {{"chain id", other, [](Proof& p) { p.genesis.chain_id += 1; }},
         {"balances", other, [](Proof& p) { p.genesis.alloc[Address{}].balance = U256(1); }},
         {"engine", other, [](Proof& p) { p.genesis.engine = EngineKind::raft; }},
         {"weight", other, [](Proof& p) { p.genesis.members.members[0].weight = 9; }},
         {"key", other, [](Proof& p) { p.genesis.members.members[0].voting_key.bytes[3] ^= 1; }},
         {"epochs", other, [](Proof& p) { p.genesis.bft.epoch_blocks += 1; }}});
    const auto elsewhere = check_proof(account_proof(), Hash32{{1}});
    ASSERT_FALSE(elsewhere);
    EXPECT_EQ(elsewhere.error().code, errc::proof_other_genesis);
}

TEST(Proof, EveryFieldOfAHeaderCounts) {
    const std::vector<std::pair<std::string_view, std::function<void(Header&)>>> fields{
        {"parent_hash", [](Header& h) { h.parent_hash.bytes[0] ^= 1; }},
        {"ommers_hash", [](Header& h) { h.ommers_hash.bytes[0] ^= 1; }},
        {"beneficiary", [](Header& h) { h.beneficiary.bytes[0] ^= 1; }},
        {"state_root", [](Header& h) { h.state_root.bytes[0] ^= 1; }},
        {"transactions_root", [](Header& h) { h.transactions_root.bytes[0] ^= 1; }},
        {"receipts_root", [](Header& h) { h.receipts_root.bytes[0] ^= 1; }},
        {"logs_bloom", [](Header& h) { h.logs_bloom.bytes[0] ^= 1; }},
        {"difficulty", [](Header& h) { h.difficulty += U256(1); }},
        {"number", [](Header& h) { ++h.number; }},
        {"gas_limit", [](Header& h) { h.gas_limit += 1; }},
        {"gas_used", [](Header& h) { h.gas_used += 1; }},
        {"timestamp", [](Header& h) { h.timestamp += 1; }},
        {"extra_data", [](Header& h) { h.extra_data[5] ^= 1; }},
        {"prev_randao", [](Header& h) { h.prev_randao.bytes[0] ^= 1; }},
        {"nonce", [](Header& h) { h.nonce[0] ^= 1; }},
        {"base_fee_per_gas", [](Header& h) { h.base_fee_per_gas += U256(1); }},
        {"withdrawals_root", [](Header& h) { h.withdrawals_root.bytes[0] ^= 1; }},
        {"blob_gas_used", [](Header& h) { h.blob_gas_used += 1; }},
        {"excess_blob_gas", [](Header& h) { h.excess_blob_gas += 1; }},
        {"parent_beacon_block_root", [](Header& h) { h.parent_beacon_block_root.bytes[0] ^= 1; }},
        {"requests_hash", [](Header& h) { h.requests_hash.bytes[0] ^= 1; }}};
    for (const auto& [name, change] : fields) {
        for (const int which : {0, 1, 2}) {
            Proof bad = account_proof();
            change(which == 2 ? bad.block.header
                              : bad.history[static_cast<size_t>(which)].block.header);
            EXPECT_EQ(refusal(bad).name, errc::certificate_bad_signature.name) << name << which;
        }
    }
}

TEST(Proof, SignaturesAreOfEnoughDistinctMembers) {
    const auto sign_block = [](size_t set, const std::vector<uint64_t>& signers) {
        return [set, signers](Proof& p) {
            p.block.signatures = world().sign(p.block.header, set, signers);
        };
    };
    expect_refused(
        account_proof(),
        {{"none", errc::certificate_no_quorum, sign_block(2, {})},
         {"too few, though most heads", errc::certificate_no_quorum, sign_block(2, {2, 3, 4})},
         {"one short", errc::certificate_no_quorum, sign_block(2, {5})},
         {"a stranger", errc::certificate_unknown_signer, sign_block(2, {2, 5, 9})},
         {"a member of before", errc::certificate_unknown_signer, sign_block(2, {1, 2, 5})},
         {"twice", errc::certificate_malformed, sign_block(2, {5, 5})},
         {"backwards", errc::certificate_malformed, sign_block(2, {5, 2})},
         {"as members of an older set", errc::certificate_bad_signature, sign_block(1, {2, 5})},
         {"another's signature", errc::certificate_bad_signature,
          [](Proof& p) { p.block.signatures[0].second = p.block.signatures[1].second; }},
         {"one bit", errc::certificate_bad_signature,
          [](Proof& p) { p.block.signatures[1].second.bytes[40] ^= 1; }},
         {"of another block", errc::certificate_bad_signature,
          [](Proof& p) {
              p.block.signatures = world().sign(p.history[1].block.header, 2, {2, 5});
          }},
         {"too few for a change", errc::certificate_no_quorum,
          [](Proof& p) { p.history[0].block.signatures.pop_back(); }},
         {"a change signed by those whom it brings", errc::certificate_unknown_signer,
          [](Proof& p) {
              auto& block = p.history[0].block;
              block.signatures = world().sign(block.header, 1, {1, 2, 3, 4, 5});
          }}});
}

TEST(Proof, HistoryHasEveryChangeInOrder) {
    expect_refused(
        account_proof(),
        {{"the first is skipped", errc::certificate_unknown_signer,
          [](Proof& p) { p.history.erase(p.history.begin()); }},
         {"the last is skipped", errc::certificate_bad_signature,
          [](Proof& p) {
              p.history.pop_back();
              // As many as the set of before would need: the epoch that they signed is another.
              p.block.signatures = world().sign(p.block.header, 2, {2, 3, 4, 5});
          }},
         {"all are skipped", errc::certificate_unknown_signer, [](Proof& p) { p.history.clear(); }},
         {"one twice", errc::proof_order,
          [](Proof& p) { p.history.insert(p.history.begin(), p.history[0]); }},
         {"backwards", errc::certificate_unknown_signer,
          [](Proof& p) { std::swap(p.history[0], p.history[1]); }},
         {"a block that changed nothing", errc::proof_order,
          [](Proof& p) {
              const Header header = world().header_at(10, 2);
              p.history.push_back({{header, world().sign(header, 2, {2, 5})}, world().sets[2]});
          }},
         {"the block itself below the last change", errc::proof_order,
          [](Proof& p) {
              p.block.header = world().header_at(8, 2);
              p.block.signatures = world().sign(p.block.header, 2, {2, 5});
          }},
         {"block 0", errc::proof_order, [](Proof& p) {
              p.history.clear();
              p.block.header = world().header_at(0, 0);
              p.block.signatures = world().sign(p.block.header, 0, {1, 2, 3, 4});
          }}});
}

TEST(Proof, MembersAreThoseThatTheHeaderNames) {
    const Errc other = errc::proof_other_members;
    const auto member = [](auto change) {
        return [change](Proof& p) { change(p.history[1].members.members[1]); };
    };
    expect_refused(
        account_proof(),
        {{"id", other, member([](Member& m) { m.id = NodeId(33); })},
         {"voting key", other, member([](Member& m) { m.voting_key.bytes[0] ^= 1; })},
         {"transport key", other, member([](Member& m) { m.transport_key.bytes[0] ^= 1; })},
         {"account", other, member([](Member& m) { m.operator_account.bytes[0] ^= 1; })},
         {"endpoint", other, member([](Member& m) { m.endpoint += "0"; })},
         {"weight", other, member([](Member& m) { m.weight += 1; })},
         {"epoch", other, [](Proof& p) { p.history[1].members.epoch += 1; }},
         {"one more", other,
          [](Proof& p) { p.history[1].members.members.push_back(testing::proof_member(9, 99)); }},
         {"one less", other, [](Proof& p) { p.history[0].members.members.pop_back(); }},
         {"none", other, [](Proof& p) { p.history[1].members.members.clear(); }}});
}

TEST(Proof, ClaimsLeadToTheRoots) {
    const Errc invalid = errc::proof_invalid;
    const auto account = [](Proof& p) -> AccountClaim& { return std::get<AccountClaim>(p.claim); };
    expect_refused(
        account_proof(),
        {{"address", invalid, [&](Proof& p) { account(p).address = world().nobody; }},
         {"no path", invalid, [&](Proof& p) { account(p).account_proof.clear(); }},
         {"cut", invalid, [&](Proof& p) { account(p).account_proof.pop_back(); }},
         {"longer", invalid, [&](Proof& p) { account(p).account_proof.push_back(Bytes{0xc0}); }},
         {"balance", invalid, [&](Proof& p) { account(p).account_proof.back().back() ^= 1; }},
         {"root", invalid, [&](Proof& p) { account(p).account_proof.front()[9] ^= 1; }}});
    const auto slot = [](Proof& p) -> SlotClaim& { return std::get<SlotClaim>(p.claim); };
    expect_refused(
        slot_proof(),
        {{"address", invalid, [&](Proof& p) { slot(p).address = world().rich; }},
         {"slot", invalid, [&](Proof& p) { slot(p).slot.bytes[0] ^= 0x55; }},
         {"value", invalid, [&](Proof& p) { slot(p).slot_proof.back().back() ^= 1; }},
         {"no path", invalid, [&](Proof& p) { slot(p).slot_proof.clear(); }},
         {"account path", invalid, [&](Proof& p) { slot(p).account_proof.pop_back(); }}});
    Proof surplus = world().proof(world().slot_claim(world().rich, world().slot));
    slot(surplus).slot_proof.push_back(Bytes{0x80});
    EXPECT_EQ(refusal(surplus), invalid) << "what proves nothing does not belong there";
}

TEST(Proof, AReceiptIsOfItsTransaction) {
    const Errc invalid = errc::proof_invalid;
    const auto claim = [](Proof& p) -> ReceiptClaim& { return std::get<ReceiptClaim>(p.claim); };
    expect_refused(
        receipt_proof(),
        {{"hash", invalid, [&](Proof& p) { claim(p).transaction.bytes[0] ^= 1; }},
         {"index", invalid, [&](Proof& p) { claim(p).index = 1; }},
         {"index beyond", invalid, [&](Proof& p) { claim(p).index = 3; }},
         {"transaction", invalid, [&](Proof& p) { claim(p).transaction_proof.back()[40] ^= 1; }},
         {"receipt", invalid, [&](Proof& p) { claim(p).receipt_proof.back()[40] ^= 1; }},
         {"no transaction", invalid, [&](Proof& p) { claim(p).transaction_proof.clear(); }},
         {"no receipt", invalid, [&](Proof& p) { claim(p).receipt_proof.clear(); }},
         {"another's receipt", invalid,
          [&](Proof& p) { claim(p).receipt_proof = world().receipt_claim(1).receipt_proof; }},
         {"roots changed about", invalid,
          [&](Proof& p) { std::swap(claim(p).transaction_proof, claim(p).receipt_proof); }}});
}

TEST(ProofFile, ReadsBackInBothForms) {
    for (const Proof& proof : {account_proof(), slot_proof(), receipt_proof(),
                               world().proof(world().slot_claim(world().nobody, {}))}) {
        const std::string text = proof_to_json(proof);
        for (const Form form : {Form::strict, Form::any}) {
            const auto again = parse_proof(text, form);
            ASSERT_TRUE(again) << describe(again.error());
            EXPECT_TRUE(*again == proof);
        }
        EXPECT_TRUE(parse_proof(" " + text, Form::any));
        EXPECT_FALSE(parse_proof(" " + text, Form::strict));
    }
}

TEST(ProofFile, NoByteOfItCanBeAnother) {
    for (const Proof& proof : {account_proof(), receipt_proof()}) {
        const std::string text = proof_to_json(proof);
        for (size_t at = 0; at < text.size(); at += 11) {
            std::string bad = text;
            bad[at] = static_cast<char>(static_cast<unsigned char>(bad[at]) ^ (1U << (at % 7)));
            const auto parsed = parse_proof(bad, Form::strict);
            EXPECT_TRUE(!parsed || !check_proof(*parsed, trusted())) << "byte " << at;
        }
        for (size_t size = 0; size < text.size(); size += 97)
            EXPECT_FALSE(parse_proof(text.substr(0, size), Form::strict));
    }
}

TEST(ProofFile, SaysWhatIsWrong) {
    const std::string good = proof_to_json(account_proof());
    const auto with = [&good](std::string_view from, std::string_view to) {
        std::string bad = good;
        bad.replace(bad.find(from), from.size(), to);
        const auto parsed = parse_proof(bad, Form::any);
        return parsed ? "nothing" : describe(parsed.error());
    };
    EXPECT_EQ(with("proof/v1", "proof/v2"), "proof.malformed: format is not holdfast/proof/v1");
    EXPECT_EQ(with("\"claim\"", "\"clam\""), "proof.malformed: the file has no field \"clam\"");
    EXPECT_EQ(with("\"history\": [", "\"history\": [7, "), "proof.malformed: header is missing");
    EXPECT_EQ(with("\"accountProof\": [", "\"accountProof\": [\"0xabc\", "),
              "proof.malformed: accountProof is not bytes in hex behind 0x");
    EXPECT_EQ(with("\"2\": \"0x", "\"two\": \"0x"), "proof.malformed: a signer is not a number");
    EXPECT_EQ(with("\"2\": \"0x", "\"2\": \"0x00"), "proof.malformed: a signature is not 64 bytes");
    EXPECT_EQ(with("\"3\": \"0x", "\"1\": \"0x").substr(0, 42),
              "proof.malformed: the key \"1\" stands twice ");
    EXPECT_EQ(with("\"members\": \"0x", "\"members\": \"0x00").substr(0, 24),
              "proof.malformed: members");
    EXPECT_EQ(with("\"chainId\": 4242", "\"chainId\": 0").substr(0, 41),
              "proof.malformed: genesis: genesis.invalid");
    EXPECT_EQ(parse_proof("[]", Form::any).error().code, errc::proof_malformed);
    EXPECT_EQ(parse_proof(std::string(proof_bytes_max + 1, ' '), Form::any).error().code,
              errc::proof_too_large);
    EXPECT_EQ(parse_proof(std::string(2 << 20, '['), Form::any).error().code,
              errc::proof_too_large);
}

/// What was written once is good for ever. The files are the seeds of the fuzzer too.
TEST(ProofFile, OldFilesAreReadAndWrittenAsEver) {
    const std::string folder = HOLDFAST_SOURCE_DIR "/tests/fuzz/corpus/proof_file/";
    const bool rewrite = std::getenv("HOLDFAST_REWRITE") != nullptr;
    for (const auto& [name, proof] :
         {std::pair{"account", account_proof()}, std::pair{"slot", slot_proof()},
          std::pair{"receipt", receipt_proof()}}) {
        const std::string text = proof_to_json(proof);
        if (rewrite) std::ofstream(folder + name, std::ios::binary) << text;
        std::ifstream in(folder + name, std::ios::binary);
        EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), text) << name;
    }
}

}  // namespace
}  // namespace holdfast::chain
