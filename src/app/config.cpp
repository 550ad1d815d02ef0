// Reading the configuration strictly, and printing it with its words.
#include "app/config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>

#include <toml++/toml.h>

#include "app/config_fields.h"
#include "chain/member.h"
#include "storage/files.h"

namespace holdfast::app {
namespace {

constexpr size_t config_bytes_max = 1 << 20;

std::string_view type_name(const toml::node& node) {
    if (node.is_string()) return "a string";
    if (node.is_integer()) return "a whole number";
    if (node.is_boolean()) return "a boolean";
    if (node.is_array()) return "an array";
    if (node.is_table()) return "a table";
    return "something else";
}

/// Takes every known field out of the table; what nobody asked for is an unknown key.
class Reading {
  public:
    explicit Reading(const toml::table& root) : root_(root), table_(&root) { known_[""]; }

    void section(const char* name) {
        section_ = name;
        known_[""].insert(name);
        known_[section_];
        const toml::node* node = root_.get(name);
        table_ = node == nullptr ? nullptr : node->as_table();
        if (node != nullptr && table_ == nullptr) wrong_type(name, *node, "a table");
    }
    void field(const char* name, uint64_t& value, const Bounds& bounds, const char*) {
        const toml::node* node = find(name);
        if (node == nullptr) return;
        const auto number = node->value_exact<int64_t>();
        if (!number) return wrong_type(name, *node, "a whole number");
        if (*number < 0 || static_cast<uint64_t>(*number) < bounds.least ||
            static_cast<uint64_t>(*number) > bounds.most)
            return fail_with(errc::config_invalid,
                             fmt::format("{} = {}: from {} to {} is allowed", full(name), *number,
                                         bounds.least, bounds.most));
        value = static_cast<uint64_t>(*number);
    }
    void field(const char* name, std::string& value, const char*) {
        const toml::node* node = find(name);
        if (node == nullptr) return;
        auto text = node->value_exact<std::string>();
        if (!text) return wrong_type(name, *node, "a string");
        value = std::move(*text);
    }
    void field(const char* name, std::vector<std::string>& value, const char*) {
        const toml::node* node = find(name);
        if (node == nullptr) return;
        const toml::array* items = node->as_array();
        if (items == nullptr) return wrong_type(name, *node, "an array of strings");
        value.clear();
        for (const toml::node& item : *items) {
            auto text = item.value_exact<std::string>();
            if (!text) return wrong_type(name, item, "an array of strings");
            value.push_back(std::move(*text));
        }
    }

    void field(const char* name, std::vector<net::Peer>& value, const char*) {
        const toml::node* node = find(name);
        if (node == nullptr) return;
        const toml::array* items = node->as_array();
        if (items == nullptr) return wrong_type(name, *node, "an array of tables");
        value.clear();
        for (const toml::node& item : *items) {
            const toml::table* table = item.as_table();
            if (table == nullptr) return wrong_type(name, item, "an array of tables");
            const auto id = (*table)["id"].value_exact<int64_t>();
            const auto key = (*table)["transport_key"].value_exact<std::string>();
            const auto endpoint = (*table)["endpoint"].value_exact<std::string>();
            const auto key_bytes =
                fixed_from_hex<crypto::NodePublicKey>(key.value_or(std::string{}));
            if (table->size() != 3 || !id || *id <= 0 || !key_bytes || !endpoint ||
                !parse_endpoint(*endpoint))
                return fail_with(errc::config_invalid,
                                 fmt::format("line {}: {} need id, transport_key, endpoint, and "
                                             "nothing else",
                                             item.source().begin.line, full(name)));
            value.push_back({.id = NodeId(static_cast<uint64_t>(*id)),
                             .transport_key = *key_bytes,
                             .endpoint = *endpoint});
        }
    }

    Status finish() {
        if (error_) return std::unexpected(*error_);
        for (const auto& [section, keys] : known_) {
            const toml::table* table =
                section.empty() ? &root_ : root_.get_as<toml::table>(section);
            if (table == nullptr) continue;
            for (const auto& [key, node] : *table)
                if (!keys.contains(std::string(key.str())))
                    return fail(errc::config_unknown_key,
                                fmt::format("line {}: {}{}{}", node.source().begin.line, section,
                                            section.empty() ? "" : ".", key.str()));
        }
        return {};
    }

  private:
    const toml::node* find(const char* name) {
        known_[section_].insert(name);
        return table_ == nullptr ? nullptr : table_->get(name);
    }
    [[nodiscard]] std::string full(const char* name) const {
        return section_.empty() ? std::string(name) : section_ + "." + name;
    }
    void wrong_type(const char* name, const toml::node& node, std::string_view wanted) {
        fail_with(errc::config_wrong_type,
                  fmt::format("line {}: {} is {}, not {}", node.source().begin.line,
                              section_ == name ? section_ : full(name), type_name(node), wanted));
    }
    void fail_with(Errc code, std::string detail) {
        if (!error_) error_ = Error{code, std::move(detail)};
    }

    const toml::table& root_;
    const toml::table* table_;
    std::string section_;
    std::map<std::string, std::set<std::string>> known_;
    std::optional<Error> error_;
};

std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

class Printing {
  public:
    void section(const char* name) { out_ += fmt::format("\n[{}]\n", name); }
    void field(const char* name, const uint64_t& value, const Bounds&, const char* words) {
        line(name, fmt::format("{}", value), words);
    }
    void field(const char* name, const std::string& value, const char* words) {
        line(name, in_quotes(value), words);
    }
    void field(const char* name, const std::vector<std::string>& value, const char* words) {
        std::string items;
        for (const std::string& item : value)
            items += (items.empty() ? "" : ", ") + in_quotes(item);
        line(name, "[" + items + "]", words);
    }
    void field(const char* name, const std::vector<net::Peer>& value, const char* words) {
        std::string items;
        for (const net::Peer& peer : value)
            items += fmt::format("\n    {{id = {}, transport_key = {}, endpoint = {}}},", peer.id,
                                 in_quotes(to_hex0x(peer.transport_key.view())),
                                 in_quotes(peer.endpoint));
        line(name, "[" + items + (items.empty() ? "]" : "\n]"), words);
    }
    std::string take() { return std::move(out_); }

  private:
    void line(const char* name, const std::string& value, std::string_view words) {
        while (!words.empty()) {
            const size_t end = std::min(words.find('\n'), words.size());
            out_ += fmt::format("# {}\n", words.substr(0, end));
            words.remove_prefix(std::min(end + 1, words.size()));
        }
        out_ += fmt::format("{} = {}\n", name, value);
    }
    std::string out_;
};

Status check_choice(const char* key, const std::string& value,
                    std::initializer_list<std::string_view> allowed) {
    if (std::ranges::find(allowed, value) != allowed.end()) return {};
    return fail(errc::config_invalid, fmt::format("{} = \"{}\": one of {} is allowed", key, value,
                                                  fmt::join(allowed, ", ")));
}

Status check_bootstrap(const Config::Bootstrap& bootstrap) {
    if (!bootstrap.members.empty() && bootstrap.epoch == 0)
        return fail(errc::config_invalid, "bootstrap.members without bootstrap.epoch are no use");
    if (bootstrap.members.size() > chain::members_max)
        return fail(errc::config_invalid,
                    fmt::format("bootstrap.members are {}; {} are allowed",
                                bootstrap.members.size(), chain::members_max));
    if (std::ranges::adjacent_find(bootstrap.members, std::greater_equal<>{}, &net::Peer::id) !=
        bootstrap.members.end())
        return fail(errc::config_invalid, "bootstrap.members: by ascending id, each id once");
    return {};
}

bool is_loopback(const std::string& host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

Status check_config(const Config& config) {
    if (config.id == 0) return fail(errc::config_invalid, "id is missing: members count from 1");
    if (auto ok = check_choice("log.level", config.log.level, {"debug", "info", "warn", "error"});
        !ok)
        return ok;
    if (auto ok = check_choice("log.format", config.log.format, {"text", "json"}); !ok) return ok;
    if (!config.fee_recipient.empty() && !fixed_from_hex<Address>(config.fee_recipient))
        return fail(errc::config_invalid,
                    fmt::format("fee_recipient = \"{}\" is not an address", config.fee_recipient));
    if (auto ok = check_bootstrap(config.bootstrap); !ok) return ok;
    const std::array endpoints{std::pair{"listen.peers", &config.listen.peers},
                               std::pair{"listen.api", &config.listen.api},
                               std::pair{"listen.operator", &config.listen.operators}};
    for (const auto& [key, value] : endpoints) {
        if (value->empty() && value != &config.listen.peers) continue;
        if (auto endpoint = parse_endpoint(*value); !endpoint)
            return fail(errc::config_invalid, fmt::format("{} = {}", key, endpoint.error().detail));
    }
    if (!config.listen.operators.empty() && config.listen.operator_token.empty() &&
        !is_loopback(parse_endpoint(config.listen.operators)->host))
        return fail(errc::config_invalid,
                    fmt::format("listen.operator = {}: reachable from elsewhere, it needs "
                                "listen.operator_token",
                                config.listen.operators));
    return {};
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
    const auto bad = [&] {
        return fail(errc::config_invalid, fmt::format("\"{}\" is not \"host:port\"", text));
    };
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return bad();
    Endpoint endpoint{.host = std::string(text.substr(0, colon)), .port = 0};
    const std::string_view port = text.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (error != std::errc{} || end != port.data() + port.size()) return bad();
    if (endpoint.host.starts_with('[')) {
        if (!endpoint.host.ends_with(']')) return bad();
        endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
    } else if (endpoint.host.contains(':')) {
        return bad();  // an IPv6 address without brackets: which colon begins the port?
    }
    return endpoint;
}

Result<Config> parse_config(std::string_view text) {
    Config config;
    try {
        const toml::table root = toml::parse(text);
        Reading reading(root);
        visit_config(config, reading);
        if (auto ok = reading.finish(); !ok) return std::unexpected(ok.error());
    } catch (const toml::parse_error& error) {
        return fail(errc::config_syntax,
                    fmt::format("line {}: {}", error.source().begin.line, error.description()));
    }
    if (auto ok = check_config(config); !ok) return std::unexpected(ok.error());
    return config;
}

Result<Config> read_config(const std::filesystem::path& file) {
    auto bytes = storage::read_file(file, config_bytes_max);
    if (!bytes) return fail(errc::config_unreadable, bytes.error().detail);
    auto config = parse_config(text_of(*bytes));
    if (!config)
        return fail(config.error().code,
                    fmt::format("{}: {}", file.string(), config.error().detail));
    config->folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    return config;
}

std::string config_to_toml(const Config& config) {
    Printing printing;
    visit_config(config, printing);
    return printing.take();
}

}  // namespace holdfast::app
