// A run under way: the world with everything in it. world.h is the door.
#pragma once

#include "sim/atlas.h"
#include "sim/clients.h"
#include "sim/twins.h"
#include "sim/world.h"

namespace holdfast::sim {

class Run final : public Stage {
  public:
    Run(const Plan& plan, const RunOptions& options);
    ~Run() override;
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    Outcome go();
    /// What came of it so far.
    [[nodiscard]] Outcome outcome() const;
    /// A CHECK of production code failed: the violation that this is.
    void check_failed(std::string_view message);

    // Stage
    [[nodiscard]] const Plan& plan() const override { return plan_; }
    [[nodiscard]] const chain::Genesis& genesis() const override { return genesis_; }
    [[nodiscard]] Duration now() const override { return schedule_.now(); }
    [[nodiscard]] std::vector<NodeId> nodes() const override;
    [[nodiscard]] NodeView view(NodeId node) const override;
    [[nodiscard]] std::vector<NodeId> core() const override;

  private:
    [[nodiscard]] const Machine* newest_machine() const;
    [[nodiscard]] bool is_candidate(NodeId id, const Machine& machine) const;
    [[nodiscard]] std::vector<NodeId> followers() const;
    void set_the_stage();
    void add_twin(NodeId liar);
    void part_the_honest();
    void go_on_lying();
    /// Until `until` says so, a rule is broken, or time is up; false in the last case.
    bool play(Duration deadline, const std::function<bool()>& until);
    bool demand_progress();
    void heal(const std::vector<NodeId>& nodes);
    [[nodiscard]] bool settled(std::optional<Height>& goal) const;
    [[nodiscard]] std::string picture() const;

    // operators.cpp
    void look_after_nodes();
    [[nodiscard]] bool has_a_source(const Machine& machine) const;
    void tell_members(Machine& machine);

    // faults.cpp
    void begin(const Fault& fault);
    void begin(const Operation& operation);
    void judge_committee(const ledger::Executed& executed);
    [[nodiscard]] std::string strike(const Fault& fault);
    [[nodiscard]] std::string strike_process(const Fault& fault, Machine& machine);
    [[nodiscard]] std::string strike_disk(const Fault& fault, Machine& machine);
    [[nodiscard]] std::string strike_clock(const Fault& fault, Machine& machine);
    [[nodiscard]] std::string operate(const Fault& fault, Machine& machine);
    void later(Duration after, std::function<void()> action);
    void kill(Machine& machine, Death why, Duration down);
    void on_dying(const Machine& machine);
    void restart_later(NodeId node, Duration after);

    const Plan plan_;
    RunOptions options_;
    chain::Genesis genesis_;
    Schedule schedule_;
    Network network_;
    Watch watch_;
    Surroundings around_;
    std::map<NodeId, std::unique_ptr<Machine>> machines_;
    std::map<NodeId, std::unique_ptr<TwinSet>> twins_;  ///< of those who lie
    Clients clients_;
    std::unique_ptr<Atlas> atlas_;
    bool calm_ = false;     ///< the faults are over
    bool killing_ = false;  ///< by the plan, which also says when it starts again
    std::vector<NodeId> core_;
    std::map<NodeId, Height> seen_at_;  ///< by their operators, when they last looked
    uint64_t events_ = 0;
    bool unrecoverable_ = false;
    uint64_t newest_committee_ = 0;
    bool overpowered_ = false;  ///< a third of a committee lies: nothing holds from here on
};

}  // namespace holdfast::sim
