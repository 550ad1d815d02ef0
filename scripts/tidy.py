#!/usr/bin/env python3
"""clang-tidy over the files that changed since the last commit, or over all with --tidy. A file
that passed is not looked at again until it, a header that it includes, or the rules change.

usage: tidy.py BUILD_FOLDER [--tidy]"""
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOL = "clang-tidy-19"
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def headers_of(path, seen):
    """The project's own headers that a file includes, and theirs."""
    for name in INCLUDE.findall(read(path).decode("utf-8", "replace")):
        header = os.path.join(ROOT, "src", name)
        if header not in seen and os.path.exists(header):
            seen.add(header)
            headers_of(header, seen)
    return seen


def fingerprint(path):
    digest = hashlib.sha256(read(os.path.join(ROOT, ".clang-tidy")))
    for part in [path, *sorted(headers_of(path, set()))]:
        digest.update(part.encode() + b"\0" + read(part))
    return digest.hexdigest()


def changed():
    """Sources that differ from the last commit; nothing of a fresh clone does."""
    command = ["git", "-C", ROOT, "status", "--porcelain", "--untracked-files=all"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return {os.path.join(ROOT, line[3:].split(" -> ")[-1]) for line in lines}


def tidy(build, path, stamps):
    stamp = os.path.join(stamps, fingerprint(path))
    if os.path.exists(stamp):
        return None
    command = [TOOL, "-p", build, "--quiet", "--extra-arg=-Wno-unknown-warning-option", path]
    run = subprocess.run(command, capture_output=True, text=True,
                         check=False)
    if run.returncode == 0:
        with open(stamp, "w", encoding="utf-8"):
            pass
        return None
    return f"{os.path.relpath(path, ROOT)}\n{run.stdout}{run.stderr}"


def main():
    build = os.path.abspath(sys.argv[1])
    stamps = os.path.join(build, "tidy")
    os.makedirs(stamps, exist_ok=True)
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        sources = sorted({entry["file"] for entry in json.load(file)})
    if "--tidy" not in sys.argv:
        touched = changed()
        sources = [s for s in sources if s in touched or headers_of(s, set()) & touched]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda path: tidy(build, path, stamps), sources)
        problems = [result for result in results if result]
    print("\n".join(problems))
    print(f"tidy: {len(sources)} files, {len(problems)} with problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
