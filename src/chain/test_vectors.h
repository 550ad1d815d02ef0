// For tests only: where the public test vectors are. They are never part of the repository: the
// variable HOLDFAST_VECTORS names a folder of their archives (or of what was unpacked from them),
// else a folder shared/vectors beside the sources is looked for. Archives are unpacked once, below
// the working directory of the test.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "chain/json_tree.h"

namespace holdfast::chain::test {

inline bool run(const std::string& command) {
    return std::system(("( " + command + " ) >/dev/null 2>&1").c_str()) == 0;
}

/// Everything that a command prints.
inline std::string output_of(const std::string& command) {
    std::string text;
    std::FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return text;
    char buffer[65'536];
    while (const size_t size = std::fread(buffer, 1, sizeof buffer, pipe))
        text.append(buffer, size);
    pclose(pipe);
    return text;
}

/// The folder `part` of an archive, unpacked; null if there are no vectors here.
inline std::optional<std::string> vectors(const std::string& archive, const std::string& part) {
    const char* named = std::getenv("HOLDFAST_VECTORS");
    const std::string home =
        named != nullptr ? named : std::string(HOLDFAST_SOURCE_DIR) + "/../shared/vectors";
    for (const std::string& ready : {home + "/" + archive + "/" + part, home + "/" + part})
        if (run("test -d '" + ready + "'")) return ready;
    const std::string packed = home + "/" + archive + ".tar.zst";
    if (!run("test -r '" + packed + "'")) return std::nullopt;
    // Tests run at the same time: unpack aside, then move into place in one step.
    const std::string place = "vectors-" + archive;
    const std::string folder = place + "/" + part;
    const std::string unpack =
        "test -d '" + folder + "' || { mkdir -p '" + place + "' && aside=$(mktemp -d '" + place +
        "/aside.XXXXXX') && tar --zstd -xf '" + packed + "' -C \"$aside\" '" + part +
        "' && { mv -T \"$aside/" + part + "\" '" + folder + "' || test -d '" + folder +
        "'; }; rm -rf \"$aside\"; }";
    run(unpack);
    if (!run("test -d '" + folder + "'")) return std::nullopt;
    return folder;
}

inline std::vector<std::string> json_files(const std::string& folder) {
    std::vector<std::string> files;
    std::string line;
    for (const char c : output_of("find '" + folder + "' -name '*.json' | LC_ALL=C sort")) {
        if (c != '\n') {
            line += c;
            continue;
        }
        files.push_back(line);
        line.clear();
    }
    return files;
}

/// Null if the file is absent or no JSON.
inline std::optional<Json> read_json(const std::string& path) {
    auto json = parse_json(output_of("cat '" + path + "'"), 200);
    if (!json) return std::nullopt;
    return std::move(*json);
}

}  // namespace holdfast::chain::test

/// Skips the test, and says so, when the vectors are not here.
#define HOLDFAST_VECTORS_OR_SKIP(folder, archive, part)                  \
    const auto folder = ::holdfast::chain::test::vectors(archive, part); \
    if (!folder) GTEST_SKIP() << archive << "/" << part << " is not here: set HOLDFAST_VECTORS"
