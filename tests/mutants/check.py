#!/usr/bin/env python3
"""The planted bugs must stay plantable: every patch applies to the tree, every header is complete,
and the table in README.md lists exactly them. Needs no repository.

usage: check.py [--write]      with --write: renews the table
       check.py --self-test"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import catalogue  # noqa: E402


def does_not_apply(mutant, root):
    """What `patch` says if the diff does not fit; None if it does."""
    tried = subprocess.run(["patch", "--dry-run", "-p1", "-F0", "-s", "-f", "-r", "-",
                            "-i", mutant.path],
                           cwd=root, capture_output=True, text=True, check=False)
    return (tried.stdout + tried.stderr).strip() if tried.returncode else None


def problems_of(mutants, readme, root):
    problems, ids = [], {}
    for mutant in mutants:
        problems += [f"{mutant.name}: {problem}" for problem in mutant.problems]
        other = ids.setdefault(mutant.id, mutant.name)
        if other != mutant.name:
            problems.append(f"{mutant.name}: has the id of {other}")
        touched = re.findall(r"^(?:--- a|\+\+\+ b)/(\S+)", "--- " + mutant.diff, re.M)
        if any(not path.startswith("src/") or path.endswith("_test.cpp") for path in touched):
            problems.append(f"{mutant.name}: changes more than production code")
        misfit = does_not_apply(mutant, root)
        if misfit:
            problems.append(f"{mutant.name}: does not apply: {misfit.splitlines()[0]}")
    listed = catalogue.split_readme(readme)[1]
    wanted = catalogue.table([one for one in mutants if not one.problems])
    problems += [f"README.md lists what no patch says: {row}"
                 for row in listed if row not in wanted]
    problems += [f"README.md lacks a row (check.py --write): {row}"
                 for row in wanted if row not in listed]
    return problems


def write_table(mutants):
    with open(catalogue.README, encoding="utf-8") as file:
        before, _, after = catalogue.split_readme(file.read())
    with open(catalogue.README, "w", encoding="utf-8") as file:
        file.write("\n".join(before + catalogue.table(mutants) + after) + "\n")


GOOD = """Id: R1
Kind: S
Source: own
Wrong: adds one too many
Scenario: any
Checker: agreement
Options: none

--- a/src/a.cpp
+++ b/src/a.cpp
@@ -1,3 +1,3 @@
 int f(int a) {
-    return a + 1;
+    return a + 2;
 }
"""


def self_test():
    """Each rule must be able to fail."""
    source = "int f(int a) {\n    return a + 1;\n}\n"
    row = "| R1 | S | adds one too many | agreement |"
    bad = {
        "missing field": {"patch": GOOD.replace("Checker: agreement\n", "")},
        "wrong kind": {"patch": GOOD.replace("Kind: S", "Kind: X")},
        "wrong name": {"name": "R2-one.patch"},
        "does not apply": {"source": source.replace("+ 1", "+ 3")},
        "not production code": {"patch": GOOD.replace("src/a.cpp", "tests/a.cpp")},
        "not listed": {"row": ""},
        "listed otherwise": {"row": row.replace("one", "two")},
    }

    def problems_with(change):
        root = tempfile.mkdtemp()
        try:
            for folder in ("src", "tests"):
                os.mkdir(os.path.join(root, folder))
                with open(os.path.join(root, folder, "a.cpp"), "w", encoding="utf-8") as file:
                    file.write(change.get("source", source))
            path = os.path.join(root, change.get("name", "R1-one.patch"))
            with open(path, "w", encoding="utf-8") as file:
                file.write(change.get("patch", GOOD))
            readme = "\n".join(catalogue.TABLE_HEAD + [change.get("row", row)])
            return problems_of(catalogue.load(root), readme, root)
        finally:
            shutil.rmtree(root)

    failures = [f"a sound folder is refused: {p}" for p in problems_with({})]
    return failures + [f"not noticed: {name}" for name, change in bad.items()
                       if not problems_with(change)]


def main():
    if "--self-test" in sys.argv:
        problems, subject = self_test(), "self-test"
    else:
        mutants = catalogue.load()
        if "--write" in sys.argv:
            write_table(mutants)
        with open(catalogue.README, encoding="utf-8") as file:
            readme = file.read()
        problems = problems_of(mutants, readme, catalogue.ROOT)
        subject = f"{len(mutants)} planted bugs"
    for problem in problems:
        print(problem)
    print(f"check: {subject}, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
