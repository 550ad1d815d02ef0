// Genesis from JSON: geth's file and its ways with numbers, plus the object "holdfast". Every field
// is either read, or known and of no meaning here, or an error.
#include <algorithm>
#include <set>

#include "chain/errors.h"
#include "chain/genesis.h"
#include "chain/json_tree.h"

namespace holdfast::chain {
namespace {

/// Collects the first error; everything after it reads as nothing.
struct Parse {
    std::optional<Error> error;
    void fail(Errc code, std::string_view path, std::string_view why) {
        if (!error) error = Error{.code = code, .detail = fmt::format("{}: {}", path, why)};
    }
};

/// Reads the fields of one object by name, and names the ones that nobody asked for.
class Fields {
  public:
    Fields(Parse& parse, const Json& json, std::string path)
        : parse_(parse), json_(json), path_(std::move(path)) {
        if (json.kind != Json::Kind::object)
            parse_.fail(errc::genesis_malformed, path_, wanted("an object", json));
    }

    /// Null if the field is absent or, as some tools write it, null.
    const Json* take(std::string_view name) {
        asked_.insert(name);
        const Json* json = json_.find(name);
        return json != nullptr && json->kind != Json::Kind::null ? json : nullptr;
    }
    const Json* take(std::string_view name, Json::Kind kind) {
        const Json* json = take(name);
        if (json == nullptr || json->kind == kind) return json;
        refuse(name, wanted(to_string(kind), *json));
        return nullptr;
    }
    void require(std::string_view name) {
        if (json_.kind == Json::Kind::object && json_.find(name) == nullptr)
            refuse(name, "is missing");
    }
    void refuse(std::string_view name, std::string_view why, Errc code = errc::genesis_malformed) {
        parse_.fail(code, path_of(name), why);
    }
    [[nodiscard]] std::string path_of(std::string_view name) const {
        return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
    }

    /// geth's HexOrDecimal: a number, or a string of decimal digits or of hex behind 0x.
    bool number(std::string_view name, U256& out) {
        const Json* json = take(name);
        if (json == nullptr) return false;
        if (json->kind != Json::Kind::number && json->kind != Json::Kind::string) {
            refuse(name, wanted("a number", *json));
            return false;
        }
        const auto value = U256::parse(json->text);
        if (!value) refuse(name, "\"" + json->text + "\" is not an integer below 2^256");
        out = value.value_or(U256{});
        return value.has_value();
    }
    bool number(std::string_view name, uint64_t& out) {
        U256 value;
        if (!number(name, value)) return false;
        if (!value.fits_u64()) refuse(name, value.to_decimal() + " does not fit 64 bits");
        out = value.low64();
        return true;
    }
    void boolean(std::string_view name, bool& out) {
        if (const Json* json = take(name, Json::Kind::boolean)) out = json->flag;
    }
    void text(std::string_view name, std::string& out) {
        if (const Json* json = take(name, Json::Kind::string)) out = json->text;
    }
    void bytes(std::string_view name, Bytes& out) {
        const Json* json = take(name, Json::Kind::string);
        if (json == nullptr) return;
        auto value = from_hex(json->text);
        if (!value || !json->text.starts_with("0x"))
            refuse(name, "\"" + json->text + "\" is not bytes in hex behind 0x");
        else
            out = std::move(*value);
    }
    template <class Fixed>
    void fixed(std::string_view name, Fixed& out) {
        const Json* json = take(name, Json::Kind::string);
        if (json == nullptr) return;
        const auto value = fixed_from_hex<Fixed>(json->text);
        if (!value)
            refuse(name,
                   fmt::format("\"{}\" is not {} bytes in hex", json->text, Fixed::size_bytes));
        out = value.value_or(Fixed{});
    }

    /// Known to geth, of no meaning here, whatever it says.
    void ignore(std::initializer_list<std::string_view> names) { asked_.insert(names); }
    /// Known to geth; we have no such thing, so it must say nothing.
    void must_be_zero(std::string_view name) {
        U256 value;
        if (number(name, value) && !value.is_zero())
            refuse(name, "must be 0", errc::genesis_invalid);
    }
    void finish() {
        for (const auto& [name, value] : json_.fields) {
            if (!asked_.contains(name))
                refuse(name, "is not a field of a genesis", errc::genesis_unknown_field);
        }
    }

  private:
    static std::string wanted(std::string_view what, const Json& json) {
        return fmt::format("wants {}, not {}", what, to_string(json.kind));
    }

    Parse& parse_;
    const Json& json_;
    std::string path_;
    std::set<std::string_view> asked_;
};

/// All forks up to Prague hold from block 0, whatever a file made for another client says of them.
void parse_config(Parse& parse, const Json& json, Genesis& genesis) {
    Fields fields(parse, json, "config");
    fields.require("chainId");
    fields.number("chainId", genesis.chain_id);
    fields.ignore({"homesteadBlock",
                   "daoForkBlock",
                   "daoForkSupport",
                   "eip150Block",
                   "eip150Hash",
                   "eip155Block",
                   "eip158Block",
                   "byzantiumBlock",
                   "constantinopleBlock",
                   "petersburgBlock",
                   "istanbulBlock",
                   "muirGlacierBlock",
                   "berlinBlock",
                   "londonBlock",
                   "arrowGlacierBlock",
                   "grayGlacierBlock",
                   "mergeNetsplitBlock",
                   "mergeForkBlock",
                   "shanghaiTime",
                   "cancunTime",
                   "pragueTime",
                   "osakaTime",
                   "bpo1Time",
                   "bpo2Time",
                   "bpo3Time",
                   "bpo4Time",
                   "bpo5Time",
                   "amsterdamTime",
                   "verkleTime",
                   "terminalTotalDifficulty",
                   "terminalTotalDifficultyPassed",
                   "terminalBlockHash",
                   "terminalBlockHashEpochOffset",
                   "depositContractAddress",
                   "enableVerkleAtGenesis",
                   "blobSchedule",
                   "ethash",
                   "clique"});
    fields.finish();
}

/// geth's form of a storage word: hex of at most 32 bytes, with or without 0x.
std::optional<Hash32> parse_word(std::string_view text) {
    if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
    std::string digits(text.size() % 2, '0');
    digits.append(text);
    const auto bytes = from_hex(digits);
    if (!bytes || bytes->empty() || bytes->size() > Hash32::size_bytes) return std::nullopt;
    Hash32 word;
    std::ranges::copy_backward(*bytes, word.bytes.end());
    return word;
}

void parse_storage(Fields& account, GenesisAccount& out) {
    const Json* json = account.take("storage", Json::Kind::object);
    if (json == nullptr) return;
    for (const auto& [name, value] : json->fields) {
        const std::string field = "storage." + name;
        const auto key = parse_word(name);
        if (!key) account.refuse(field, "is not a storage key");
        const auto word = value.kind == Json::Kind::string ? parse_word(value.text) : std::nullopt;
        if (!word) account.refuse(field, "is not a word of at most 32 bytes in hex");
        if (!key || !word) return;
        if (out.storage.contains(*key))
            account.refuse(field, "is the same key as another", errc::genesis_invalid);
        // Zero is what an absent slot holds; a trie does not keep it.
        if (!word->is_zero()) out.storage.emplace(*key, *word);
    }
}

void parse_alloc(Parse& parse, const Json& json, Genesis& genesis) {
    for (const auto& [name, value] : json.fields) {
        if (parse.error) return;
        Fields fields(parse, value, "alloc." + name);
        const auto address = fixed_from_hex<Address>(name);
        if (!address) {
            parse.fail(errc::genesis_malformed, "alloc." + name, "is not an address");
            return;
        }
        GenesisAccount account;
        fields.number("balance", account.balance);
        fields.number("nonce", account.nonce);
        fields.bytes("code", account.code);
        parse_storage(fields, account);
        fields.finish();
        if (!genesis.alloc.emplace(*address, std::move(account)).second)
            parse.fail(errc::genesis_invalid, "alloc." + name, "is the same account as another");
    }
}

void parse_fees(Parse& parse, const Json& json, FeeRules& fees) {
    Fields fields(parse, json, "holdfast.fees");
    fields.number("baseFeeMin", fees.base_fee_min);
    fields.boolean("baseFeeFixed", fees.base_fee_fixed);
    fields.number("elasticity", fees.elasticity);
    fields.number("changeDenominator", fees.change_denominator);
    fields.finish();
}

void parse_parameters(Parse& parse, const Json& json, Parameters& parameters) {
    Fields fields(parse, json, "holdfast.parameters");
    fields.number("electionTimeoutMs", parameters.election_timeout_ms);
    fields.number("heartbeatMs", parameters.heartbeat_ms);
    fields.number("emptyIntervalMs", parameters.empty_interval_ms);
    fields.number("payloadBytesMax", parameters.payload_bytes_max);
    fields.number("clockAheadMaxMs", parameters.clock_ahead_max_ms);
    fields.number("certificateLagMax", parameters.certificate_lag_max);
    fields.number("approvalBlocksMax", parameters.approval_blocks_max);
    fields.finish();
}

void parse_bft(Parse& parse, const Json& json, BftParameters& bft) {
    Fields fields(parse, json, "holdfast.bft");
    if (const Json* name = fields.take("policy", Json::Kind::string)) {
        const auto policy = policy_from(name->text);
        if (!policy) fields.refuse("policy", "\"" + name->text + "\" is none of poa, pos, dpos");
        bft.policy = policy.value_or(bft.policy);
    }
    fields.number("epochBlocks", bft.epoch_blocks);
    fields.number("deltaMs", bft.delta_ms);
    fields.number("evidenceEpochsMax", bft.evidence_epochs_max);
    // Nobody has anything at stake by authority: a number that would count for nothing is a
    // mistake.
    if (bft.policy != Policy::poa) {
        fields.number("committeeMax", bft.committee_max);
        fields.number("stakeMin", bft.stake_min);
        fields.number("stakePerWeight", bft.stake_per_weight);
        fields.number("unbondingEpochs", bft.unbonding_epochs);
        fields.number("blockReward", bft.block_reward);
        fields.number("slashPerMille", bft.slash_per_mille);
        fields.number("accuserPerMille", bft.accuser_per_mille);
        fields.number("missedPerMille", bft.missed_per_mille);
        fields.number("jailEpochs", bft.jail_epochs);
        fields.number("guiltsMax", bft.guilts_max);
    }
    fields.finish();
}

void parse_members(Parse& parse, const Json& json, MemberSet& set) {
    if (json.items.size() > members_max) {
        parse.fail(errc::genesis_invalid, "holdfast.members",
                   fmt::format("{} of them, at most {}", json.items.size(), members_max));
        return;
    }
    for (size_t i = 0; i < json.items.size(); ++i) {
        Fields fields(parse, json.items[i], fmt::format("holdfast.members[{}]", i));
        for (const auto* name : {"id", "votingKey", "transportKey", "account", "endpoint"})
            fields.require(name);
        Member member;
        fields.number("id", member.id.value);
        fields.fixed("votingKey", member.voting_key);
        fields.fixed("transportKey", member.transport_key);
        fields.fixed("account", member.operator_account);
        fields.text("endpoint", member.endpoint);
        fields.number("weight", member.weight);
        fields.finish();
        set.members.push_back(std::move(member));
    }
    // A file may list them in any order; a set has one. Repeated ids stay for validation to name.
    std::ranges::sort(set.members, {}, &Member::id);
}

void parse_holdfast(Parse& parse, const Json& json, Genesis& genesis) {
    Fields fields(parse, json, "holdfast");
    if (const Json* engine = fields.take("engine", Json::Kind::string)) {
        const auto kind = engine_kind_from(engine->text);
        if (!kind)
            fields.refuse("engine", "\"" + engine->text + "\" is none of raft, paxos, bft, pow");
        genesis.engine = kind.value_or(genesis.engine);
    }
    fields.boolean("dev", genesis.dev);
    fields.boolean("allowUnprotected", genesis.allow_unprotected);
    if (const Json* fees = fields.take("fees")) parse_fees(parse, *fees, genesis.fees);
    if (const Json* parameters = fields.take("parameters"))
        parse_parameters(parse, *parameters, genesis.parameters);
    if (genesis.engine == EngineKind::bft) {
        if (const Json* bft = fields.take("bft")) parse_bft(parse, *bft, genesis.bft);
    }
    fields.require("members");
    if (const Json* members = fields.take("members", Json::Kind::array))
        parse_members(parse, *members, genesis.members);
    fields.finish();
}

Genesis parse_top(Parse& parse, const Json& json) {
    Genesis genesis;
    Fields fields(parse, json, "");
    fields.require("config");
    fields.require("holdfast");
    if (const Json* config = fields.take("config")) parse_config(parse, *config, genesis);
    fields.number("timestamp", genesis.timestamp);
    fields.number("gasLimit", genesis.gas_limit);
    fields.fixed("coinbase", genesis.coinbase);
    fields.fixed("mixHash", genesis.mix_hash);
    fields.bytes("extraData", genesis.extra_data);
    fields.number("baseFeePerGas", genesis.fees.base_fee_initial);
    if (const Json* alloc = fields.take("alloc", Json::Kind::object))
        parse_alloc(parse, *alloc, genesis);
    if (const Json* holdfast = fields.take("holdfast")) parse_holdfast(parse, *holdfast, genesis);
    // Proof of work and its nonce mean nothing here, and geth's files always have them.
    U256 ignored;
    fields.number("difficulty", ignored);
    fields.number("nonce", ignored);
    for (const auto* name : {"number", "gasUsed", "blobGasUsed", "excessBlobGas", "parentHash"})
        fields.must_be_zero(name);
    fields.finish();
    return genesis;
}

}  // namespace

Result<Genesis> parse_genesis(std::string_view json) {
    if (json.size() > genesis_bytes_max)
        return fail(errc::genesis_malformed,
                    fmt::format("{} bytes, at most {}", json.size(), genesis_bytes_max));
    const auto tree = parse_json(json, genesis_depth_max);
    if (!tree) return std::unexpected(tree.error());
    return genesis_from(*tree);
}

Result<Genesis> genesis_from(const Json& json) {
    Parse parse;
    Genesis genesis = parse_top(parse, json);
    if (parse.error) return std::unexpected(std::move(*parse.error));
    if (auto status = validate_genesis(genesis); !status)
        return std::unexpected(std::move(status).error());
    return genesis;
}

}  // namespace holdfast::chain
