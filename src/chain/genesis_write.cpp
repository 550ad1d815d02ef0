// Genesis as JSON, for people to read and for parse_genesis to read back as the same value.
#include "chain/genesis.h"

namespace holdfast::chain {
namespace {

/// Indented JSON. Commas and line ends come from whether the container has a field already.
class JsonText {
  public:
    void begin(std::string_view name, char bracket) {
        label(name);
        text_ += bracket;
        empty_.push_back(true);
    }
    void end(char bracket) {
        const bool empty = empty_.back();
        empty_.pop_back();
        if (!empty) new_line();
        text_ += bracket;
    }
    void string(std::string_view name, std::string_view value) {
        label(name);
        quote(value);
    }
    void number(std::string_view name, uint64_t value) {
        label(name);
        text_ += std::to_string(value);
    }
    void boolean(std::string_view name, bool value) {
        label(name);
        text_ += value ? "true" : "false";
    }
    void bytes(std::string_view name, ByteView value) { string(name, to_hex0x(value)); }
    [[nodiscard]] std::string take() { return std::move(text_) + "\n"; }

  private:
    void label(std::string_view name) {
        if (empty_.empty()) return;
        if (!empty_.back()) text_ += ',';
        empty_.back() = false;
        new_line();
        if (name.empty()) return;
        quote(name);
        text_ += ": ";
    }
    void new_line() { text_.append("\n").append(2 * empty_.size(), ' '); }
    void quote(std::string_view value) {
        text_ += '"';
        for (const char c : value) {
            if (c == '"' || c == '\\')
                text_.append(1, '\\').append(1, c);
            else if (static_cast<unsigned char>(c) < 0x20)
                text_ += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
            else
                text_ += c;
        }
        text_ += '"';
    }

    std::string text_;
    std::vector<bool> empty_;  ///< per open container: no field yet
};

void write_alloc(JsonText& out, const std::map<Address, GenesisAccount>& alloc) {
    out.begin("alloc", '{');
    for (const auto& [address, account] : alloc) {
        out.begin(to_hex0x(address.view()), '{');
        out.string("balance", account.balance.to_hex_quantity());
        if (account.nonce != 0) out.string("nonce", U256(account.nonce).to_hex_quantity());
        if (!account.code.empty()) out.bytes("code", account.code);
        if (!account.storage.empty()) {
            out.begin("storage", '{');
            for (const auto& [key, value] : account.storage)
                out.bytes(to_hex0x(key.view()), value.view());
            out.end('}');
        }
        out.end('}');
    }
    out.end('}');
}

void write_members(JsonText& out, const MemberSet& set) {
    out.begin("members", '[');
    for (const Member& member : set.members) {
        out.begin("", '{');
        out.number("id", member.id.value);
        out.bytes("votingKey", member.voting_key.view());
        out.bytes("transportKey", member.transport_key.view());
        out.bytes("account", member.operator_account.view());
        out.string("endpoint", member.endpoint);
        out.number("weight", member.weight);
        out.end('}');
    }
    out.end(']');
}

void write_bft(JsonText& out, const BftParameters& bft) {
    out.begin("bft", '{');
    out.string("policy", to_string(bft.policy));
    out.number("epochBlocks", bft.epoch_blocks);
    out.number("deltaMs", bft.delta_ms);
    out.number("evidenceEpochsMax", bft.evidence_epochs_max);
    if (bft.policy != Policy::poa) {
        out.number("committeeMax", bft.committee_max);
        out.string("stakeMin", bft.stake_min.to_hex_quantity());
        out.string("stakePerWeight", bft.stake_per_weight.to_hex_quantity());
        out.number("unbondingEpochs", bft.unbonding_epochs);
        out.string("blockReward", bft.block_reward.to_hex_quantity());
        out.number("slashPerMille", bft.slash_per_mille);
        out.number("accuserPerMille", bft.accuser_per_mille);
        out.number("missedPerMille", bft.missed_per_mille);
        out.number("jailEpochs", bft.jail_epochs);
        out.number("guiltsMax", bft.guilts_max);
    }
    out.end('}');
}

void write_holdfast(JsonText& out, const Genesis& genesis) {
    out.begin("holdfast", '{');
    out.string("engine", to_string(genesis.engine));
    out.boolean("dev", genesis.dev);
    out.boolean("allowUnprotected", genesis.allow_unprotected);
    out.begin("fees", '{');
    out.string("baseFeeMin", genesis.fees.base_fee_min.to_hex_quantity());
    out.boolean("baseFeeFixed", genesis.fees.base_fee_fixed);
    out.number("elasticity", genesis.fees.elasticity);
    out.number("changeDenominator", genesis.fees.change_denominator);
    out.end('}');
    out.begin("parameters", '{');
    out.number("electionTimeoutMs", genesis.parameters.election_timeout_ms);
    out.number("heartbeatMs", genesis.parameters.heartbeat_ms);
    out.number("emptyIntervalMs", genesis.parameters.empty_interval_ms);
    out.number("payloadBytesMax", genesis.parameters.payload_bytes_max);
    out.number("clockAheadMaxMs", genesis.parameters.clock_ahead_max_ms);
    out.number("certificateLagMax", genesis.parameters.certificate_lag_max);
    out.number("approvalBlocksMax", genesis.parameters.approval_blocks_max);
    out.end('}');
    if (genesis.engine == EngineKind::bft) write_bft(out, genesis.bft);
    write_members(out, genesis.members);
    out.end('}');
}

}  // namespace

std::string genesis_to_json(const Genesis& genesis) {
    JsonText out;
    out.begin("", '{');
    out.begin("config", '{');
    out.number("chainId", genesis.chain_id);
    out.end('}');
    out.string("timestamp", U256(genesis.timestamp).to_hex_quantity());
    out.string("gasLimit", U256(genesis.gas_limit).to_hex_quantity());
    out.bytes("coinbase", genesis.coinbase.view());
    out.bytes("mixHash", genesis.mix_hash.view());
    out.bytes("extraData", genesis.extra_data);
    out.string("baseFeePerGas", genesis.fees.base_fee_initial.to_hex_quantity());
    write_alloc(out, genesis.alloc);
    write_holdfast(out, genesis);
    out.end('}');
    return out.take();
}

}  // namespace holdfast::chain
