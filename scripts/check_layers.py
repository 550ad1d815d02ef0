#!/usr/bin/env python3
"""Holds the house to its plan: which room may include which, and what must never be found below the
I/O line. The arrows are the DEPS that each CMakeLists.txt declares; the levels are listed here.

usage: check_layers.py [--self-test]"""
import os
import re
import sys
import tempfile

from check import run

# Arrows point to a lower level: never up, never sideways.
LEVELS = {
    "base": 0, "crypto": 1,
    "consensus": 2, "env": 2, "chain": 2, "evm": 2,
    "raft": 3, "paxos": 3, "bft": 3, "pow": 3, "ledger": 3, "mempool": 3, "session": 3,
    "journal": 3, "health": 3, "placement": 3,
    "node": 4, "api": 5, "net": 5, "storage": 5, "sim": 5, "app": 6,
}
IO_LEVEL = 5  # below it: no threads, clocks, files, sockets, global randomness

FORBIDDEN_BELOW = [
    (r"#include <(thread|mutex|shared_mutex|condition_variable|future|atomic|semaphore|latch"
     r"|barrier|stop_token)>", "a thread"),
    (r"#include <(fstream|filesystem|iostream|unistd\.h|fcntl\.h|sys/[a-z]+\.h|netinet/[a-z]+\.h"
     r"|netdb\.h|poll\.h)>", "a file or socket"),
    (r"#include <(boost/asio|boost/beast|rocksdb/|openssl/ssl|spdlog/|CLI/|toml\+\+)",
     "a library that does I/O"),
    (r"steady_clock|system_clock|high_resolution_clock|clock_gettime|gettimeofday"
     r"|\btime\(nullptr\)", "a clock"),
    (r"\bstd::random_device\b|\bs?rand\(\)|\bstd::mt19937|\bstd::uniform_\w+_distribution",
     "randomness that is not seeded by the caller"),
    (r"\bstd::(thread|jthread|async|mutex|this_thread)\b", "a thread"),
]
# base/check.cpp says its last words on standard error, and nothing else may.
EXEMPT = {"base/check.cpp": {"a file or socket"}}

# A decision must never follow the order of a hash table. A loop over one whose order does not
# matter says so: "// Any order: ..." on the line or the one above.
UNORDERED_NAME = re.compile(
    r"unordered_(?:map|set|multimap|multiset)<[^;=(]*>\s+(\w+)\s*(?:;|\{|=)")
RANGE_FOR = re.compile(r"for \([^;]*:\s*\*?(?:\w+(?:\.|->))*(\w+)\)")
ANY_ORDER = "// Any order:"


def modules_of(root):
    """Module name -> (folder under src, declared modules), from the CMakeLists.txt files."""
    found = {}
    for folder, _, files in os.walk(os.path.join(root, "src")):
        if "CMakeLists.txt" not in files:
            continue
        with open(os.path.join(folder, "CMakeLists.txt"), encoding="utf-8") as file:
            text = re.sub(r"#.*", "", file.read())
        for name, body in re.findall(r"holdfast_module\(\s*(\w+)([^)]*)\)", text):
            words = body.split()
            deps, into = [], None
            for word in words:
                if word in ("DEPS", "TEST_DEPS", "LIBRARIES", "EXCEPTIONS"):
                    into = word
                elif into == "DEPS":
                    deps.append(word)
            test_deps = words[words.index("TEST_DEPS") + 1:] if "TEST_DEPS" in words else []
            test_deps = [word for word in test_deps if word in LEVELS]
            found[name] = (os.path.relpath(folder, os.path.join(root, "src")), deps, test_deps)
    return found


def owner(path, modules):
    """The module whose folder holds the file: the deepest one."""
    best = None
    for name, (folder, _, _) in modules.items():
        if path.startswith(folder + os.sep):
            if best is None or len(folder) > len(modules[best][0]):
                best = name
    return best


def check_arrows(modules):
    problems = []
    for name, (folder, deps, _) in sorted(modules.items()):
        if name not in LEVELS:
            problems.append(f"src/{folder}: module '{name}' has no level in check_layers.py")
            continue
        for dep in deps:
            if dep not in modules:
                problems.append(f"src/{folder}: DEPS names '{dep}', which is no module")
            elif LEVELS[dep] >= LEVELS[name]:
                problems.append(f"src/{folder}: '{name}' (level {LEVELS[name]}) may not need "
                                f"'{dep}' (level {LEVELS[dep]}): arrows point down")
    return problems


def check_file(path, text, modules, unordered):
    problems = []
    name = owner(path, modules)
    if name is None:
        return [f"src/{path}: belongs to no module"]
    is_test = path.endswith(("_test.cpp", "_test.h"))
    allowed = set(modules[name][1]) | {name}
    if is_test:
        allowed |= set(modules[name][2])
    previous = ""
    for number, line in enumerate(text.splitlines(), 1):
        where = f"src/{path}:{number}"
        include = re.match(r'#include "([^"]+)"', line)
        if include:
            target = owner(include.group(1), modules)
            if target not in allowed:
                problems.append(f"{where}: {name} includes {include.group(1)} without declaring "
                                f"'{target}' in DEPS")
        if LEVELS.get(name, 9) < IO_LEVEL and not is_test:
            code = line if line.startswith("#include") else line.split("//")[0]
            for pattern, what in FORBIDDEN_BELOW:
                if re.search(pattern, code) and what not in EXEMPT.get(path, set()):
                    problems.append(f"{where}: {what} below the I/O line: {line.strip()}")
            loop = RANGE_FOR.search(code)
            if loop and loop.group(1) in unordered.get(name, set()):
                if ANY_ORDER not in line and ANY_ORDER not in previous:
                    problems.append(f"{where}: walks the hash table '{loop.group(1)}'; say "
                                    f"'{ANY_ORDER} ...' and why it does not matter, or sort")
        previous = line
    return problems


def check(root):
    modules = modules_of(root)
    problems = check_arrows(modules)
    sources, unordered = {}, {}
    for folder, _, files in os.walk(os.path.join(root, "src")):
        for file in sorted(files):
            if file.endswith((".h", ".cpp")):
                full = os.path.join(folder, file)
                with open(full, encoding="utf-8") as opened:
                    path = os.path.relpath(full, os.path.join(root, "src"))
                    sources[path] = opened.read()
                    names = unordered.setdefault(owner(path, modules), set())
                    names.update(UNORDERED_NAME.findall(sources[path]))
    for path, text in sorted(sources.items()):
        problems += check_file(path, text, modules, unordered)
    return problems, len(sources)


def self_test():
    """Each rule must be able to fail: a check that always passes checks nothing."""
    good = {
        "base/CMakeLists.txt": "holdfast_module(base)",
        "base/a.h": "// A.\n#pragma once\n#include <vector>\n",
        "consensus/CMakeLists.txt": "holdfast_module(consensus DEPS base)",
        "consensus/engine.h": '// E.\n#include "base/a.h"\n',
        "consensus/raft/CMakeLists.txt": "holdfast_module(raft DEPS base consensus)",
        "consensus/raft/raft.cpp": '// R.\n#include "consensus/engine.h"\n#include "base/a.h"\n',
        "net/CMakeLists.txt": "holdfast_module(net DEPS base EXCEPTIONS)",
        "net/net.cpp": "// N.\n#include <thread>\n",
    }
    bad = {
        "upward": {"base/CMakeLists.txt": "holdfast_module(base DEPS consensus)"},
        "sideways": {"env/CMakeLists.txt": "holdfast_module(env DEPS consensus)"},
        "unknown module": {"cellar/CMakeLists.txt": "holdfast_module(cellar)"},
        "undeclared": {"consensus/engine.h": '// E.\n#include "net/net.h"\n'},
        "homeless": {"attic/x.h": "// X.\n"},
        "thread": {"base/a.h": "// A.\n#include <mutex>\n"},
        "clock": {"base/a.h": "// A.\nauto t = std::chrono::steady_clock::now();\n"},
        "file": {"base/a.h": "// A.\n#include <fstream>\n"},
        "random": {"base/a.h": "// A.\nstd::random_device d;\n"},
        "hash order": {"base/a.h": "// A.\nstd::unordered_map<int, int> by_id_;\n"
                                   "void f() { for (auto& x : by_id_) use(x); }\n"},
    }

    def problems_with(changes):
        with tempfile.TemporaryDirectory() as root:
            for path, text in (good | changes).items():
                full = os.path.join(root, "src", path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as file:
                    file.write(text)
            return check(root)[0]

    failures = [f"a sound tree is refused: {p}" for p in problems_with({})]
    waived = {"base/a.h": "// A.\nstd::unordered_map<int, int> by_id_;\n// Any order: a sum.\n"
                          "void f() { for (auto& x : by_id_) use(x); }\n"}
    failures += [f"a waived loop is refused: {p}" for p in problems_with(waived)]
    failures += [f"not noticed: {name}" for name, changes in bad.items()
                 if not problems_with(changes)]
    return failures


if __name__ == "__main__":
    sys.exit(run("check_layers", check, self_test))
