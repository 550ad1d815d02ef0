// The configuration is read strictly, printed whole, and documented as it is printed.
#include "app/config.h"

#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "app/exit_code.h"

namespace holdfast::app {
namespace {

std::string with(const std::string& more) {
    return "id = 1\n" + more;
}
std::string minimal() {
    return with("[listen]\npeers = \"127.0.0.1:9000\"\n");
}
std::string_view name_of_error(const std::string& toml) {
    const auto config = parse_config(toml);
    return config ? "none" : config.error().code.name;
}
std::string read_document(const std::string& name) {
    std::ifstream in(std::string(HOLDFAST_SOURCE_DIR) + "/docs/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Config, TakesDefaultsForWhatIsNotSaid) {
    const auto config = parse_config(minimal());
    ASSERT_TRUE(config) << describe(config.error());
    EXPECT_EQ(config->id, 1U);
    EXPECT_EQ(config->listen.api, "127.0.0.1:8545");
    EXPECT_EQ(config->mempool.transactions_max, 65'536U);
}

TEST(Config, ReadsBackWhatItPrints) {
    Config config;
    config.id = 7;
    config.listen.peers = "[::1]:9000";
    config.listen.operators = "";
    config.data = "a \"quoted\\ folder";
    config.api.origins_allowed = {"https://a.example", "https://b.example"};
    config.store.blocks_kept = 1000;
    const std::string printed = config_to_toml(config);
    const auto read = parse_config(printed);
    ASSERT_TRUE(read) << describe(read.error());
    EXPECT_EQ(config_to_toml(*read), printed);
    EXPECT_EQ(read->data, config.data);
    EXPECT_EQ(read->api.origins_allowed, config.api.origins_allowed);
}

TEST(Config, NamesEveryKindOfMistake) {
    EXPECT_EQ(name_of_error(minimal()), "none");
    EXPECT_EQ(name_of_error("id = "), "config.syntax");
    EXPECT_EQ(name_of_error(with("idd = 2\n")), "config.unknown_key");
    EXPECT_EQ(name_of_error(with("[listne]\npeers = \"a:1\"\n")), "config.unknown_key");
    EXPECT_EQ(name_of_error(minimal() + "port = 1\n"), "config.unknown_key");
    EXPECT_EQ(name_of_error("id = \"1\"\n"), "config.wrong_type");
    EXPECT_EQ(name_of_error("id = 1.0\n"), "config.wrong_type");
    EXPECT_EQ(name_of_error(with("listen = 3\n")), "config.wrong_type");
    EXPECT_EQ(name_of_error(minimal() + "[api]\nhosts_allowed = [1]\n"), "config.wrong_type");
    EXPECT_EQ(name_of_error(minimal() + "[api]\nhosts_allowed = \"a\"\n"), "config.wrong_type");
    EXPECT_EQ(name_of_error("id = 0\n"), "config.invalid");
    EXPECT_EQ(name_of_error("id = -1\n"), "config.invalid");
    EXPECT_EQ(name_of_error("[listen]\npeers = \"127.0.0.1:9000\"\n"), "config.invalid");
    EXPECT_EQ(name_of_error("id = 1\n"), "config.invalid") << "nowhere to listen for peers";
    EXPECT_EQ(name_of_error(minimal() + "[log]\nlevel = \"loud\"\n"), "config.invalid");
    EXPECT_EQ(name_of_error(minimal() + "[log]\nformat = \"xml\"\n"), "config.invalid");
    EXPECT_EQ(name_of_error(minimal() + "[api]\nbatch_max = 0\n"), "config.invalid");
    const std::string open = minimal() + "operator = \"0.0.0.0:9001\"\n";
    EXPECT_EQ(name_of_error(open), "config.invalid") << "anybody could be the operator";
    EXPECT_EQ(name_of_error(open + "operator_token = \"keys/token\"\n"), "none");
    EXPECT_EQ(name_of_error(with("fee_recipient = \"0x12\"\n")), "config.invalid");
}

TEST(Config, TheFirstMembersToMeetAreReadBack) {
    Config config;
    config.id = 7;
    config.listen.peers = "127.0.0.1:9000";
    config.bootstrap.epoch = 6;
    config.bootstrap.members = {
        {.id = NodeId(4), .transport_key = {}, .endpoint = "[::1]:9001"},
        {.id = NodeId(5), .transport_key = {}, .endpoint = "node5.example:9001"}};
    config.bootstrap.members[1].transport_key.bytes[0] = 9;
    const auto read = parse_config(config_to_toml(config));
    ASSERT_TRUE(read) << describe(read.error());
    EXPECT_EQ(read->bootstrap.epoch, 6U);
    EXPECT_EQ(read->bootstrap.members, config.bootstrap.members);
    const std::string tables = fmt::format(
        "[bootstrap]\nepoch = 1\n[[bootstrap.members]]\nid = 4\ntransport_key = \"{}\"\n"
        "endpoint = \"a:1\"\n",
        to_hex0x(config.bootstrap.members[1].transport_key.view()));
    const auto other = parse_config(minimal() + tables);
    ASSERT_TRUE(other) << describe(other.error());
    EXPECT_EQ(other->bootstrap.members.size(), 1U);
}

TEST(Config, AFirstMemberIsANumberAKeyAndAnEndpoint) {
    const std::string key(64, 'a');
    const auto list = [&](const std::string& members, const std::string& epoch = "1") {
        return name_of_error(minimal() + "[bootstrap]\nepoch = " + epoch + "\nmembers = [" +
                             members + "]\n");
    };
    const auto one = [&](const std::string& id, const std::string& more = "") {
        return "{id = " + id + ", transport_key = \"0x" + key + "\", endpoint = \"a:1\"" + more +
               "}";
    };
    EXPECT_EQ(list(one("4")), "none");
    EXPECT_EQ(list(one("4"), "0"), "config.invalid") << "it would never count";
    EXPECT_EQ(list(one("4") + ", " + one("4")), "config.invalid");
    EXPECT_EQ(list(one("5") + ", " + one("4")), "config.invalid");
    EXPECT_EQ(list(one("0")), "config.invalid");
    EXPECT_EQ(list(one("4", ", weight = 1")), "config.invalid");
    EXPECT_EQ(list("{id = 4}"), "config.invalid");
    EXPECT_EQ(list("{id = 4, transport_key = \"0x12\", endpoint = \"a:1\"}"), "config.invalid");
    EXPECT_EQ(list("{id = 4, transport_key = \"0x" + key + "\", endpoint = \"a\"}"),
              "config.invalid");
    EXPECT_EQ(list("4"), "config.wrong_type");
}

TEST(Config, SaysWhereTheMistakeIs) {
    const auto config = parse_config(minimal() + "prots = 1\n");
    ASSERT_FALSE(config);
    EXPECT_NE(config.error().detail.find("line 4"), std::string::npos) << config.error().detail;
    EXPECT_NE(config.error().detail.find("listen.prots"), std::string::npos);
}

TEST(Config, IsDocumentedAsItIsPrinted) {
    const std::string document = read_document("operations.md");
    EXPECT_NE(document.find("```toml\n" + config_to_toml(Config{}) + "```"), std::string::npos)
        << "docs/operations.md must hold what `holdfast config` prints:\n"
        << config_to_toml(Config{});
}

TEST(Config, EveryAdviceIsDocumented) {
    const std::string document = read_document("operations.md");
    for (const Advice& advice : all_advice())
        EXPECT_NE(document.find(fmt::format("| `{}` | {} | {} | {} |", advice.name,
                                            static_cast<int>(advice.exit), advice.meaning,
                                            advice.repair)),
                  std::string::npos)
            << fmt::format("| `{}` | {} | {} | {} |", advice.name, static_cast<int>(advice.exit),
                           advice.meaning, advice.repair);
}

TEST(Config, EveryVerdictOfASimulationHasAnExitCodeOfItsOwn) {
    const std::string document = read_document("operations.md");
    const std::string_view meanings[] = {
        "every rule held",
        "a node crashed, broke an invariant of its own or did not come to an end",
        "a rule of safety was broken", "no progress although a healthy majority was in touch"};
    for (const sim::Verdict verdict :
         {sim::Verdict::held, sim::Verdict::crash, sim::Verdict::safety, sim::Verdict::liveness}) {
        const auto number = static_cast<size_t>(verdict);
        EXPECT_EQ(static_cast<size_t>(exit_of(verdict)), number) << to_string(verdict);
        EXPECT_NE(exit_of(verdict), ExitCode::usage);
        EXPECT_NE(document.find(fmt::format("| {} | {} |", number, meanings[number])),
                  std::string::npos)
            << meanings[number];
    }
}

TEST(Config, AnExplanationNamesWhatItMeansAndWhatToDo) {
    const std::string line =
        explain({.code = Errc{"key.permissions"}, .detail = "voting.key has mode 0644"});
    EXPECT_EQ(line,
              "others on this machine can read a key: voting.key has mode 0644 (key.permissions). "
              "Repair: take the right away: chmod 600 FILE");
    EXPECT_EQ(explain({.code = Errc{"made.up"}, .detail = "x"}), "made.up: x");
}

TEST(Endpoint, IsAHostAndAPort) {
    EXPECT_EQ(parse_endpoint("localhost:1")->port, 1);
    EXPECT_EQ(parse_endpoint("[::1]:65535")->host, "::1");
    for (const char* bad :
         {"", ":1", "a", "a:", "a:b", "a:65536", "a:-1", "a:1x", "::1:1", "[::1:1"})
        EXPECT_FALSE(parse_endpoint(bad)) << bad;
}

}  // namespace
}  // namespace holdfast::app
