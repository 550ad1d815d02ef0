#!/usr/bin/env python3
"""What every file of the project keeps to: widths and lengths that fit a reader, an opening that
says what it is for, citations that can be looked up, nothing of the machine that it was written on.

usage: check_text.py [--self-test]"""
import os
import re
import socket
import subprocess
import sys
import tempfile

from check import run

COLUMNS_MAX = 100
LINES_MAX = {".h": 200, ".cpp": 500, ".py": 500, ".mjs": 500, ".js": 500, ".cmake": 500, "": 500}
COMMENT = {".h": "//", ".cpp": "//", ".mjs": "//", ".js": "//"}
TEXT = (".h", ".cpp", ".py", ".mjs", ".js", ".ts", ".cmake", ".md", ".txt", ".toml", ".yml", ".sol")
# Others' words and generated files are left as they are.
SKIP = ("LICENSE", "package-lock.json",
        "tests/vectors/", "tests/fuzz/corpus/", "/testdata/vectors/")

TAG = re.compile(r"(?<![\w\]\)>])\[([A-Z][^\[\]]*|geth[^\[\]]*)\](?!\()")
ALWAYS_KNOWN = re.compile(r"EIP-\d+|\d+$")
MACHINE = re.compile(r"/(?:wo" r"rk|ro" r"ot|ho" r"me/\w+|Us" r"ers/\w+|tmp/ba" r"sh_\w+)/")
REGISTRY = re.compile(r"https?://(?!registry\.npmjs\.org)[\w.-]*"
                      r"(?:npm|registry|artifact|pypi|nexus)[\w.-]*[:/]")
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")


def files_of(root):
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"],
                            capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return [f for f in listed.stdout.splitlines() if os.path.isfile(os.path.join(root, f))]
    found = []  # a source archive: no repository
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in ("build", "node_modules", ".git", "data")]
        found += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return found


def known_tags(root):
    """The tags of docs/papers.md: rows that open with | [Tag]."""
    path = os.path.join(root, "docs", "papers.md")
    if not os.path.exists(path):
        return set()
    with open(path, encoding="utf-8") as file:
        return set(re.findall(r"^\| \[([^\]]+)\]", file.read(), re.M))


def is_known(tag, known):
    """Every part between commas that opens with a name must open with a known one."""
    parts = [part.strip() for part in tag.split(",")]
    for index, part in enumerate(parts):
        if ALWAYS_KNOWN.match(part):
            continue
        if any(part == name or part.startswith(name + " ") for name in known):
            continue
        # "Raft Fig. 2, persistent state" goes on with what was named before.
        if index > 0 and not (part[:1].isupper() and "§" in part):
            continue
        return False
    return True


def looks_like_citation(tag):
    # "[Persist, Send]" is a list of effects, "[A, B)" never closes; a citation names a place, or
    # stands alone.
    return "," not in tag or "§" in tag or any(c.isdigit() for c in tag)


def check_lines(path, lines, known):
    problems = []
    extension = os.path.splitext(path)[1]
    is_prose = extension == ".md"
    fenced = False
    for number, line in enumerate(lines, 1):
        where = f"{path}:{number}"
        fenced ^= is_prose and line.startswith("```")
        # Tables, links, commands and raw strings cannot be broken where we would like.
        unbreakable = 'R"(' in line or is_prose and (
            fenced or line.startswith("|") or "](" in line or "http" in line)
        if len(line) > COLUMNS_MAX and not unbreakable:
            problems.append(f"{where}: {len(line)} columns, {COLUMNS_MAX} allowed")
        if "\t" in line:
            problems.append(f"{where}: a tab")
        if line != line.rstrip() and not is_prose:
            problems.append(f"{where}: spaces at the end")
        if UNFINISHED.search(line):
            problems.append(f"{where}: unfinished work belongs into an issue or docs/decisions")
        if MACHINE.search(line):
            problems.append(f"{where}: a path of the machine it was written on")
        if extension in (".h", ".cpp"):
            comment = line.partition("//")[2]
            for tag in TAG.findall(comment):
                if looks_like_citation(tag) and not is_known(tag, known):
                    problems.append(f"{where}: [{tag}] is not in docs/papers.md")
    return problems


def check_shape(path, lines):
    problems = []
    extension = os.path.splitext(path)[1]
    limit = LINES_MAX.get(extension)
    if limit and len(lines) > limit:
        problems.append(f"{path}: {len(lines)} lines, {limit} allowed: split it")
    mark = COMMENT.get(extension)
    if mark and not (lines and lines[0].startswith(mark)):
        problems.append(f"{path}:1: opens without saying what it is for")
    if extension == ".h" and "#pragma once" not in lines:
        problems.append(f"{path}: no #pragma once")
    return problems


def is_named(root, path):
    """A file that the CMakeLists.txt of the folder above names itself."""
    folder, name = os.path.split(path)
    listing = os.path.join(root, os.path.dirname(folder), "CMakeLists.txt")
    if not os.path.exists(listing):
        return False
    with open(listing, encoding="utf-8") as file:
        return f"{os.path.basename(folder)}/{name}" in file.read()


def check_built(root, files):
    """No source that the build does not know: it would rot unseen."""
    problems = []
    subdirs = set()
    listing = os.path.join(root, "src", "CMakeLists.txt")
    if os.path.exists(listing):
        with open(listing, encoding="utf-8") as file:
            subdirs = set(re.findall(r"add_subdirectory\(([^)]+)\)", file.read()))
    for path in files:
        if not path.endswith(".cpp"):
            continue
        folder, name = os.path.split(path)
        if folder.startswith("src/"):
            if folder[4:] not in subdirs and not is_named(root, path):
                problems.append(f"{path}: its folder is not in src/CMakeLists.txt")
        elif folder in ("bench", "tests/malicious"):
            with open(os.path.join(root, folder, "CMakeLists.txt"), encoding="utf-8") as file:
                if name not in file.read():
                    problems.append(f"{path}: not in {folder}/CMakeLists.txt")
        elif folder in ("tests/fuzz", "tests/bench"):
            kind = folder.rpartition("/")[2]
            if not name.endswith(f"_{kind}.cpp") and name != "replay.cpp":
                problems.append(f"{path}: the build takes *_{kind}.cpp only")
        else:
            problems.append(f"{path}: no CMakeLists.txt builds this folder")
    return problems


def check(root):
    known = known_tags(root)
    host = socket.gethostname()
    problems, count = [], 0
    files = [f for f in files_of(root) if not any(part in f for part in SKIP[2:])]
    for path in sorted(files):
        base = os.path.basename(path)
        with open(os.path.join(root, path), "rb") as file:
            raw = file.read()
        is_script = raw.startswith(b"#!")
        if base == "package-lock.json" and REGISTRY.search(raw.decode("utf-8", "replace")):
            problems.append(f"{path}: names a private package registry")
        if base in SKIP or not (path.endswith(TEXT) or is_script):
            continue
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            problems.append(f"{path}: not UTF-8")
            continue
        count += 1
        lines = text.splitlines()
        problems += check_shape(path, lines) + check_lines(path, lines, known)
        if text and not text.endswith("\n"):
            problems.append(f"{path}: no newline at the end")
        if len(host) > 5 and host in text:
            problems.append(f"{path}: names the machine it was written on")
    return problems + check_built(root, files), count


def self_test():
    """Each rule must be able to fail: a check that always passes checks nothing."""
    good = {
        "src/CMakeLists.txt": "add_subdirectory(base)\n",
        "src/base/a.h": "// What it is for. [Raft §5.2] [EIP-155] [Persist, Send]\n"
                        "// [YP §1, EIP-2, 3]\n"
                        "#pragma once\n",
        "src/base/a.cpp": "// What it is for.\nint a[10];\n",
        "docs/papers.md": "| [Raft] | a paper |\n| [YP] | another |\n",
    }
    bad = {
        "long line": {"src/base/a.cpp": "// A.\n" + "x" * 101 + "\n"},
        "long file": {"src/base/a.cpp": "// A.\n" * 501},
        "long header": {"src/base/a.h": "// A.\n#pragma once\n" + "// A.\n" * 199},
        "no opening": {"src/base/a.cpp": "int x;\n"},
        "no pragma": {"src/base/a.h": "// A.\n"},
        "tab": {"src/base/a.cpp": "// A.\n\tint x;\n"},
        "trailing space": {"src/base/a.cpp": "// A. \n"},
        "unknown tag": {"src/base/a.cpp": "// A. [Nobody §1]\n"},
        "unknown second tag": {"src/base/a.cpp": "// A. [Raft §1, Nobody §2]\n"},
        "unknown bare tag": {"src/base/a.cpp": "// A. [Nobody]\n"},
        "unfinished": {"src/base/a.cpp": "// TO" "DO: A.\n"},
        "machine path": {"src/base/a.cpp": "// see /ro" "ot/x\n"},
        "not built": {"src/attic/x.cpp": "// A.\n"},
        "odd fuzzer": {"tests/fuzz/x.cpp": "// A.\n"},
        "no newline": {"src/base/a.cpp": "// A."},
        "registry": {"package-lock.json": '{"resolved": "http://npm.corp.example/x"}\n'},
    }

    def problems_with(changes):
        with tempfile.TemporaryDirectory() as root:
            for path, text in (good | changes).items():
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as file:
                    file.write(text)
            return check(root)[0]

    failures = [f"a sound tree is refused: {p}" for p in problems_with({})]
    failures += [f"not noticed: {name}" for name, changes in bad.items()
                 if not problems_with(changes)]
    return failures


if __name__ == "__main__":
    sys.exit(run("check_text", check, self_test))
