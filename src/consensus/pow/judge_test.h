// An onlooker of random lives who trusts no engine: from the messages that leave and the blocks on
// disks and in ledgers he tells for himself which headers keep the rules, how much work is in
// which chain, and who stands where he should not. His arithmetic is his own.
#pragma once

#include <map>
#include <set>

#include "consensus/cluster.h"
#include "consensus/pow/describe.h"
#include "consensus/pow/records.h"

namespace holdfast::pow {

class Judge {
  public:
    Judge();

    /// A message is leaving: each header in it must be valid from its own ancestry.
    void on_message(ByteView bytes);
    /// What machines have on their disks, and what their ledgers stand on.
    void look(const std::map<NodeId, consensus::Machine>& machines);
    /// A machine with nothing to wait for stands on the most work whose bodies it holds, as far as
    /// those are not ahead of the clocks.
    void expect_most_work(NodeId id, const consensus::Machine& machine, WallMillis wall_ms);

    [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
    [[nodiscard]] size_t headers() const { return headers_.size(); }
    /// How many blocks of the one chain the other has not got; of forks only.
    static size_t divergence(const consensus::Machine& one, const consensus::Machine& other);

  private:
    struct Known {
        Header header;
        U256 work;
        bool is_bad = false;  ///< its payload says so, or one before it
    };

    const Known* learn(const Header& header);
    void judge(const Header& header, const Known& parent, const Hash32& hash);
    [[nodiscard]] bool is_later(const Header& header, WallMillis wall_ms) const;
    void problem(std::string what) { problems_.push_back(std::move(what)); }

    Rules rules_;
    std::map<Hash32, Known> headers_;
    std::map<Hash32, Bytes> payloads_;
    /// Of each journal that a machine ever had.
    std::map<std::pair<NodeId, uint64_t>, consensus::Token> read_upto_;
    std::map<NodeId, Bytes> stands_on_;
    std::vector<std::string> problems_;
};

}  // namespace holdfast::pow
