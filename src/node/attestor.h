// Attestations and certificates: every member signs the hash that it computed, and a quorum of them
// is the block's certificate. A node that finds a certificate for another hash than its own stops.
#pragma once

#include <functional>
#include <map>

#include "node/context.h"

namespace holdfast::node {

class Attestor {
  public:
    struct Hooks {
        /// A block has its certificate, written to the store.
        std::function<void(Height)> certified;
        /// A certificate contradicts what this node computed.
        std::function<void(std::string why)> diverged;
    };

    Attestor(Context& context, Hooks hooks);

    /// Takes up where the store stands: blocks executed but not certified are attested anew.
    void start();

    /// A block was executed. `attesting` is the set in force in the state before it.
    void on_executed(const chain::Attestation& own, const chain::MemberSet& attesting);
    void on_attestations(NodeId from, const Attestations& message);
    void on_attestation_again(NodeId from, const chain::Attestation& attestation);
    void on_certificate(const chain::Certificate& certificate);
    void on_certificates_request(NodeId from, const CertificatesRequest& request);
    void on_certificates(NodeId from, const Certificates& message);
    /// The ledger jumped: everything up to here came certified.
    void on_snapshot(Height height);
    void on_tick();
    [[nodiscard]] std::optional<Instant> deadline() const;

    /// Every block up to here has its certificate.
    [[nodiscard]] Height certified() const { return certified_; }
    /// This one has its own, whatever those before it have.
    [[nodiscard]] bool has_certificate(Height height) const;
    /// Not empty if differing attestations have made a quorum impossible at some height.
    [[nodiscard]] const std::string& dispute() const { return dispute_; }
    [[nodiscard]] size_t pending() const { return slots_.size(); }

  private:
    /// What is known about one height that has no certificate yet.
    struct Slot {
        std::optional<chain::Attestation> own;
        chain::MemberSet attesting;
        std::map<NodeId, chain::Attestation> claimed;  ///< not yet verified
        std::map<NodeId, chain::Attestation> verified;
        bool verifying = false;
        bool certified = false;
        unsigned repeats = 0;  ///< of the own attestation
    };

    /// Claims of one height whose signatures are worth checking.
    struct Due {
        Height height;
        std::vector<chain::Attestation> claims;
        chain::MemberSet members;
        std::vector<bool> valid;
    };

    void claim(NodeId from, const chain::Attestation& attestation);
    void try_certify(Height height, Slot& slot);
    void verify_due();
    void on_verified(const Due& checked);
    void send_own();
    void repeat_own();
    void ask_for_certificates();
    void note_conflict(Height height, Slot& slot);
    void store(Height height, Slot& slot, chain::Certificate certificate);
    void advance();
    void pass_over();

    Context& context_;
    Hooks hooks_;
    Height certified_;
    std::map<Height, Slot> slots_;
    std::vector<Due> due_;  ///< to be checked by the next job on the workers
    std::vector<chain::Attestation> unsent_;
    std::optional<Instant> send_at_;
    std::string dispute_;
    Instant next_repeat_;
    NodeId last_asked_;      ///< for certificates; the next one is the next in turn
    Height head_at_repeat_;  ///< blocks up to here have waited for a whole interval
};

}  // namespace holdfast::node
