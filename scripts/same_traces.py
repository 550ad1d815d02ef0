#!/usr/bin/env python3
"""A seed is a whole run: builds of one version by different compilers, optimized or not, with
sanitizers or without, must say the same trace of it. Prints the first seed that differs.

usage: same_traces.py BINARY BINARY... [-- OPTIONS OF holdfast sim]"""
import subprocess
import sys

RUNS = (["--nodes", "3", "--seeds", "8"], ["--nodes", "5", "--seeds", "4"],
        ["--nodes", "7", "--seeds", "2"], ["--engine", "bft", "--nodes", "4", "--seeds", "4"])


def traces(binary, options):
    ran = subprocess.run([binary, "sim", "--trace", "--quiet", "--minutes", "0.5", *options],
                         capture_output=True, text=True, check=False)
    lines = [line for line in ran.stdout.splitlines() if line.startswith("trace:")]
    if ran.returncode != 0 or not lines:
        sys.exit(f"{binary} sim {' '.join(options)}: exit {ran.returncode}\n"
                 f"{ran.stdout}{ran.stderr}")
    return lines


def main():
    arguments = sys.argv[1:]
    at = arguments.index("--") if "--" in arguments else len(arguments)
    binaries, runs = arguments[:at], [arguments[at + 1:]] if at < len(arguments) else RUNS
    if len(binaries) < 2:
        sys.exit(__doc__)
    compared = 0
    for options in runs:
        expected = traces(binaries[0], options)
        for other in binaries[1:]:
            found = traces(other, options)
            for one, two in zip(expected, found):
                if one != two:
                    sys.exit(f"with {' '.join(options)}: {binaries[0]} says {one}, "
                             f"{other} says {two}")
            if len(expected) != len(found):
                sys.exit(f"with {' '.join(options)}: {len(expected)} and {len(found)} seeds")
            compared += len(found)
    print(f"same_traces: {compared} comparisons, all equal")


if __name__ == "__main__":
    main()
