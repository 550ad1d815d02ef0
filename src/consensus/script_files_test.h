// Of every family's script test: each file of its testdata/ must come back from the driver
// unchanged. With HOLDFAST_REWRITE=1 in the environment, or --rewrite as argument, they are written
// anew: read the difference well.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "consensus/script.h"

namespace holdfast::consensus {

inline bool rewriting_scripts() {
    const auto arguments = testing::internal::GetArgvs();
    return std::getenv("HOLDFAST_REWRITE") != nullptr ||
           std::ranges::find(arguments, "--rewrite") != arguments.end();
}

/// Names of the scripts in `folder`/testdata, without their endings.
inline std::vector<std::string> scripts_in(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(folder / "testdata"))
        names.push_back(file.path().stem().string());
    std::ranges::sort(names);
    return names;
}

inline void expect_unchanged(const Family& family, const std::filesystem::path& folder,
                             const std::string& name) {
    const std::filesystem::path path = folder / "testdata" / (name + ".txt");
    std::ifstream in(path);
    std::stringstream expected;
    expected << in.rdbuf();
    const std::string actual = run_script(family, expected.str());
    EXPECT_EQ(actual.find("PROBLEM"), std::string::npos) << actual;
    if (rewriting_scripts()) {
        std::ofstream(path) << actual;
    } else {
        EXPECT_EQ(actual, expected.str());
    }
}

}  // namespace holdfast::consensus
