// Byzantine agreement as the all-seeing eye has it: who has said what, over all lives and journals,
// and what a quorum could be made of. Kept by the checker `bft-records` from journal records,
// messages and blocks alone; the others read it. Sums of weights are its own.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "consensus/bft/messages.h"
#include "consensus/bft/records.h"
#include "sim/observer.h"

namespace holdfast::sim {

/// No honest node says both.
bool contradict(const chain::Statement& one, const chain::Statement& other);
std::string to_string(const chain::Statement& statement);
/// More than two thirds.
constexpr bool is_quorum(uint64_t part, uint64_t whole) {
    return part * 3 > whole * 2;
}

class BftSight {
  public:
    /// What became durable: a record that holds it is on the platter.
    struct News {
        NodeId node;
        chain::SignedStatement said;
    };

    explicit BftSight(const Stage& stage);

    void on_start(NodeId node, const std::vector<consensus::JournalRecord>& records);
    void on_effects(NodeId node, std::span<const consensus::Effect> effects);
    void on_platter(NodeId node, consensus::Token token);
    void on_send(ByteView message);
    void on_block(const ledger::Executed& executed);

    /// Of the call that is being told.
    [[nodiscard]] const std::vector<News>& news() const { return news_; }
    /// The engine's message that is being sent; null if it is another's.
    [[nodiscard]] const bft::Body* message() const { return body_ ? &*body_ : nullptr; }

    /// Null as long as nobody has executed the boundary.
    [[nodiscard]] const chain::MemberSet* set(uint64_t epoch);
    [[nodiscard]] bool is_liar(NodeId node) const;
    /// Those who lie weigh less than a third.
    [[nodiscard]] bool is_sound(const chain::MemberSet& set) const;
    /// Has it been in a journal of this node, on the platter?
    [[nodiscard]] bool has_said(NodeId node, const chain::Statement& statement) const;
    /// Do those who said it, with everybody who lies, make a quorum?
    [[nodiscard]] bool formable(const chain::Statement& statement);
    /// Everything that somebody honest has said there.
    [[nodiscard]] std::set<chain::Statement> said_at(bft::Place place) const;
    /// The lowest final proposal at or above the place in its epoch: its certificate was formable.
    [[nodiscard]] std::optional<chain::Statement> final_from(bft::Place place);
    /// The highest view of the epoch in which somebody honest has spoken.
    [[nodiscard]] bft::View highest_view(uint64_t epoch) const;
    /// Null if nobody honest ever held or sent it.
    [[nodiscard]] const bft::Proposal* proposal(const Hash32& digest) const;
    /// Is `digest`, of that view, the proposal `below`, or an ancestor of it? Null: not known.
    [[nodiscard]] std::optional<bool> is_in_past(const Hash32& digest, bft::View view,
                                                 const Hash32& below) const;
    /// Nodes whose journals have held the candidate on the platter.
    [[nodiscard]] const std::set<NodeId>& holders(const Hash32& digest) const;

    std::vector<std::string> take_problems() { return std::exchange(problems_, {}); }

  private:
    struct Written {
        consensus::Token token;
        std::vector<chain::SignedStatement> said;
        std::vector<Hash32> candidates;
    };
    Written read(NodeId node, consensus::Token token, ByteView bytes);
    void keep(NodeId node, const Written& written);

    const Stage& stage_;
    std::map<uint64_t, chain::MemberSet> sets_;  ///< by epoch
    std::map<NodeId, std::vector<Written>> pending_;
    std::map<NodeId, consensus::Token> newest_;
    std::map<bft::Place, std::map<NodeId, std::set<chain::Statement>>> books_;
    std::map<Hash32, bft::Proposal> proposals_;
    std::map<Hash32, std::set<NodeId>> holders_;
    std::vector<News> news_;
    Bytes last_message_;
    std::optional<bft::Body> body_, last_body_;
    uint8_t tag_;
    std::vector<std::string> problems_;
};

}  // namespace holdfast::sim
