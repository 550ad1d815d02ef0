// Every file of testdata/ must come back from the script driver unchanged. With HOLDFAST_REWRITE=1
// in the environment, or --rewrite as argument, they are written anew: read the difference well.
#include "consensus/script.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "consensus/raft/describe.h"

namespace holdfast::raft {
namespace {

namespace fs = std::filesystem;

bool rewriting() {
    const auto arguments = testing::internal::GetArgvs();
    return std::getenv("HOLDFAST_REWRITE") != nullptr ||
           std::ranges::find(arguments, "--rewrite") != arguments.end();
}

std::string read_file(const fs::path& path) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

std::vector<std::string> scripts() {
    std::vector<std::string> names;
    for (const auto& file : fs::directory_iterator(fs::path(HOLDFAST_TEST_DIR) / "testdata"))
        names.push_back(file.path().stem().string());
    std::ranges::sort(names);
    return names;
}

class Script : public testing::TestWithParam<std::string> {};

TEST_P(Script, ComesBackUnchanged) {
    const fs::path path = fs::path(HOLDFAST_TEST_DIR) / "testdata" / (GetParam() + ".txt");
    const std::string expected = read_file(path);
    const std::string actual = consensus::run_script(family(), expected);
    EXPECT_EQ(actual.find("PROBLEM"), std::string::npos) << actual;
    if (rewriting()) {
        std::ofstream(path) << actual;
    } else {
        EXPECT_EQ(actual, expected);
    }
}

INSTANTIATE_TEST_SUITE_P(Raft, Script, testing::ValuesIn(scripts()),
                         [](const auto& script) { return script.param; });

}  // namespace
}  // namespace holdfast::raft
