"""What the checks of this folder have in common: how they are run, and how they report."""
import os
import sys


def run(name, check, self_test):
    """`check(root)` gives problems and how many files it read; `self_test()` gives problems. The
    exit code: 1 if there are any."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if "--self-test" in sys.argv:
        problems, subject = self_test(), "self-test"
    else:
        problems, count = check(root)
        subject = f"{count} files"
    for problem in problems:
        print(problem)
    print(f"{name}: {subject}, {len(problems)} problems")
    return 1 if problems else 0
