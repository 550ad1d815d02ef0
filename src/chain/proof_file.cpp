// Proofs as JSON: one form for each, and hostile files refused at a bounded cost.
#include <algorithm>
#include <charconv>

#include "base/overload.h"
#include "chain/errors.h"
#include "chain/json_tree.h"
#include "chain/proof.h"

namespace holdfast::chain {
namespace {

constexpr std::string_view proof_format = "holdfast/proof/v1";
/// So that the tree of a file costs no more than some hundred MiB.
constexpr size_t proof_values_max = 1 << 20;
/// Genesis stands one deep.
constexpr size_t proof_depth_max = genesis_depth_max + 1;

std::string hex_text(ByteView bytes) {
    return '"' + to_hex0x(bytes) + '"';
}

std::string path_text(const TriePath& path) {
    std::string text;
    for (const Bytes& node : path)
        text += fmt::format("{}\n  {}", text.empty() ? "" : ",", hex_text(node));
    return '[' + text + ']';
}

std::string header_fields(const CertifiedHeader& block) {
    std::string signatures;
    for (const auto& [signer, signature] : block.signatures)
        signatures += fmt::format("{}\n  \"{}\": {}", signatures.empty() ? "" : ",", signer,
                                  hex_text(signature.view()));
    return fmt::format("\"header\": {},\n \"signatures\": {{{}}}",
                       hex_text(encode_header(block.header)), signatures);
}

/// Reads the parts of a file; the first error sticks, and everything after it reads as nothing.
class ProofReader {
  public:
    Proof proof(const Json& json) {
        Proof result;
        want_fields(json, "the file", {"format", "genesis", "history", "block", "claim"});
        if (const Json* format = take(json, "format", Json::Kind::string);
            format != nullptr && format->text != proof_format)
            refuse("format", "is not " + std::string(proof_format));
        if (const Json* tree = take(json, "genesis", Json::Kind::object)) {
            auto genesis = genesis_from(*tree);
            if (genesis)
                result.genesis = std::move(*genesis);
            else
                refuse("genesis:", describe(genesis.error()));
        }
        if (const Json* list = take(json, "history", Json::Kind::array))
            for (const Json& item : list->items) {
                if (error_) break;
                result.history.push_back(change(item));
            }
        if (const Json* tree = take(json, "block", Json::Kind::object)) {
            want_fields(*tree, "block", {"header", "signatures"});
            result.block = header(*tree);
        }
        if (const Json* tree = take(json, "claim", Json::Kind::object)) result.claim = claim(*tree);
        return result;
    }
    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  private:
    void refuse(std::string_view name, std::string_view why) {
        if (!error_)
            error_ =
                Error{.code = errc::proof_malformed, .detail = fmt::format("{} {}", name, why)};
    }
    const Json* take(const Json& json, std::string_view name, Json::Kind kind) {
        if (error_) return nullptr;
        const Json* found = json.find(name);
        if (found != nullptr && found->kind == kind) return found;
        refuse(name, found == nullptr ? std::string("is missing")
                                      : fmt::format("wants {}", to_string(kind)));
        return nullptr;
    }
    void want_fields(const Json& json, std::string_view what,
                     std::initializer_list<std::string_view> names) {
        for (const auto& [name, value] : json.fields)
            if (std::ranges::find(names, name) == names.end())
                refuse(what, fmt::format("has no field \"{}\"", name));
    }
    Bytes bytes(const Json& json, std::string_view name) {
        auto value = json.kind == Json::Kind::string && json.text.starts_with("0x")
                         ? from_hex(json.text)
                         : std::nullopt;
        if (!value) refuse(name, "is not bytes in hex behind 0x");
        return std::move(value).value_or(Bytes{});
    }
    Bytes bytes_of(const Json& json, std::string_view name) {
        const Json* found = take(json, name, Json::Kind::string);
        return found == nullptr ? Bytes{} : bytes(*found, name);
    }
    template <class Fixed>
    Fixed fixed(ByteView found, std::string_view name) {
        const auto value = Fixed::from(found);
        if (!value) refuse(name, fmt::format("is not {} bytes", Fixed::size_bytes));
        return value.value_or(Fixed{});
    }
    uint64_t number(std::string_view text, std::string_view name) {
        uint64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size())
            refuse(name, "is not a number");
        return value;
    }

    CertifiedHeader header(const Json& json) {
        CertifiedHeader block;
        auto decoded = decode_header(bytes_of(json, "header"));
        if (decoded)
            block.header = std::move(*decoded);
        else
            refuse("header:", describe(decoded.error()));
        const Json* signatures = take(json, "signatures", Json::Kind::object);
        if (signatures == nullptr) return block;
        if (signatures->fields.size() > members_max) refuse("signatures", "are too many");
        for (const auto& [signer, signature] : signatures->fields) {
            if (error_) break;
            block.signatures.emplace_back(
                number(signer, "a signer"),
                fixed<crypto::NodeSignature>(bytes(signature, "a signature"), "a signature"));
        }
        // JSON has no order of fields.
        std::ranges::sort(block.signatures, {}, [](const auto& item) { return item.first; });
        return block;
    }
    MemberChange change(const Json& json) {
        want_fields(json, "a change of members", {"header", "signatures", "members"});
        MemberChange result{.block = header(json), .members = {}};
        const Bytes encoded = bytes_of(json, "members");
        holdfast::Reader in(encoded);
        result.members = decode_member_set(in);
        if (auto end = in.finish(); !end) refuse("members:", describe(end.error()));
        return result;
    }
    TriePath path(const Json& json, std::string_view name) {
        TriePath result;
        const Json* list = take(json, name, Json::Kind::array);
        if (list == nullptr) return result;
        if (list->items.size() > proof_nodes_max) refuse(name, "has too many nodes");
        for (const Json& item : list->items) {
            if (error_) break;
            result.push_back(bytes(item, name));
        }
        return result;
    }
    Claim claim(const Json& json) {
        if (json.find("transaction") != nullptr) {
            want_fields(json, "a claim about a receipt",
                        {"transaction", "index", "transactionProof", "receiptProof"});
            const Json* index = take(json, "index", Json::Kind::number);
            return ReceiptClaim{
                .transaction = fixed<Hash32>(bytes_of(json, "transaction"), "transaction"),
                .index = index == nullptr ? 0 : number(index->text, "index"),
                .transaction_proof = path(json, "transactionProof"),
                .receipt_proof = path(json, "receiptProof")};
        }
        const auto address = fixed<Address>(bytes_of(json, "account"), "account");
        if (json.find("slot") == nullptr) {
            want_fields(json, "a claim about an account", {"account", "accountProof"});
            return AccountClaim{.address = address, .account_proof = path(json, "accountProof")};
        }
        want_fields(json, "a claim about a slot", {"account", "slot", "accountProof", "slotProof"});
        return SlotClaim{.address = address,
                         .slot = fixed<Hash32>(bytes_of(json, "slot"), "slot"),
                         .account_proof = path(json, "accountProof"),
                         .slot_proof = path(json, "slotProof")};
    }

    std::optional<Error> error_;
};

}  // namespace

std::string to_json(const CertifiedHeader& block) {
    return fmt::format("{{{}}}", header_fields(block));
}

std::string to_json(const MemberChange& change) {
    Writer members;
    encode(members, change.members);
    return fmt::format("{{{},\n \"members\": {}}}", header_fields(change.block),
                       hex_text(members.take()));
}

std::string to_json(const Claim& claim) {
    return std::visit(
        Overload{[](const AccountClaim& one) {
                     return fmt::format("{{\"account\": {},\n \"accountProof\": {}}}",
                                        hex_text(one.address.view()), path_text(one.account_proof));
                 },
                 [](const SlotClaim& one) {
                     return fmt::format(
                         "{{\"account\": {},\n \"slot\": {},\n \"accountProof\": "
                         "{},\n \"slotProof\": {}}}",
                         hex_text(one.address.view()), hex_text(one.slot.view()),
                         path_text(one.account_proof), path_text(one.slot_proof));
                 },
                 [](const ReceiptClaim& one) {
                     return fmt::format(
                         "{{\"transaction\": {},\n \"index\": {},\n \"transactionProof\": {},\n "
                         "\"receiptProof\": {}}}",
                         hex_text(one.transaction.view()), one.index,
                         path_text(one.transaction_proof), path_text(one.receipt_proof));
                 }},
        claim);
}

std::string proof_to_json(const Proof& proof) {
    std::string genesis = genesis_to_json(proof.genesis);
    genesis.pop_back();  // the end of its last line
    std::string history;
    for (const MemberChange& change : proof.history) {
        if (!history.empty()) history += ',';
        history += '\n' + to_json(change);
    }
    return fmt::format(
        "{{\"format\": \"{}\",\n\"genesis\": {},\n\"history\": [{}],\n\"block\": {},\n\"claim\": "
        "{}}}\n",
        proof_format, genesis, history, to_json(proof.block), to_json(proof.claim));
}

Result<Proof> parse_proof(std::string_view json, Form form) {
    if (json.size() > proof_bytes_max)
        return fail(errc::proof_too_large,
                    fmt::format("{} bytes, at most {}", json.size(), proof_bytes_max));
    // Every value but the first has one of these before it.
    const auto values =
        std::ranges::count_if(json, [](char c) { return c == ',' || c == '[' || c == '{'; });
    if (static_cast<size_t>(values) > proof_values_max)
        return fail(errc::proof_too_large, "more values than any proof has");
    const auto tree = parse_json(json, proof_depth_max);
    if (!tree) return fail(errc::proof_malformed, tree.error().detail);
    ProofReader reader;
    Proof proof = reader.proof(*tree);
    if (reader.error()) return std::unexpected(*reader.error());
    if (form == Form::strict) {
        const std::string again = proof_to_json(proof);
        if (again != json) {
            const auto line =
                std::count(json.begin(), std::ranges::mismatch(json, again).in1, '\n');
            return fail(errc::proof_malformed,
                        fmt::format("line {} is not as a proof is written", line + 1));
        }
    }
    return proof;
}

}  // namespace holdfast::chain
