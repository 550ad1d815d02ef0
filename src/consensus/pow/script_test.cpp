// Protocol scripts: see consensus/script_files_test.h.
#include "consensus/pow/describe.h"
#include "consensus/script_files_test.h"

namespace holdfast::pow {
namespace {

class Script : public testing::TestWithParam<std::string> {};

TEST_P(Script, ComesBackUnchanged) {
    consensus::expect_unchanged(family(), HOLDFAST_TEST_DIR, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Testdata, Script,
                         testing::ValuesIn(consensus::scripts_in(HOLDFAST_TEST_DIR)),
                         [](const auto& script) { return script.param; });

}  // namespace
}  // namespace holdfast::pow
