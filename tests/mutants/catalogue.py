"""The planted bugs: reading their headers, and the table in README.md that lists them."""
import os
import re

FOLDER = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(FOLDER))
README = os.path.join(FOLDER, "README.md")
FIELDS = ("Id", "Kind", "Source", "Wrong", "Scenario", "Checker", "Options")
KINDS = {"S": "safety", "L": "liveness", "D": "durability"}
TABLE_HEAD = ["| id | kind | wrong change | expected checker |", "|---|---|---|---|"]
NAME = re.compile(r"([A-Z]+[0-9]+[a-z]?)-[a-z0-9-]+\.patch")


class Mutant:
    """One patch: `fields` by name, `problems` of the header in words, `diff` as it stands."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        header, separator, self.diff = text.partition("\n\n--- ")
        self.problems = [] if separator else ["no empty line between header and diff"]
        self.fields = {}
        for line in header.splitlines():
            key, colon, value = line.partition(": ")
            if not colon or key not in FIELDS or key in self.fields or not value.strip():
                self.problems.append(f"unknown, repeated or empty header line: {line}")
            else:
                self.fields[key] = value.strip()
        missing = [key for key in FIELDS if key not in self.fields]
        if missing:
            self.problems.append("the header lacks " + ", ".join(missing))
        elif self.kind not in KINDS:
            self.problems.append(f"kind {self.kind} is none of {', '.join(KINDS)}")
        match = NAME.fullmatch(self.name)
        if not match or match[1] != self.fields.get("Id"):
            self.problems.append("the file is not named <Id>-<short-name>.patch")

    @property
    def id(self):
        return self.fields.get("Id", self.name)

    @property
    def kind(self):
        return self.fields["Kind"]

    @property
    def options(self):
        return [] if self.fields["Options"] == "none" else self.fields["Options"].split()

    def row(self):
        wrong = self.fields["Wrong"].replace("|", "\\|")
        return f"| {self.id} | {self.kind} | {wrong} | {self.fields['Checker']} |"


def order(mutant):
    """R1, R2, …, R10, then the other families, our own last."""
    letters, number, rest = re.match(r"([A-Z]*)(\d*)(.*)", mutant.id).groups()
    families = ["R", "B", "W", "G"]
    rank = families.index(letters) if letters in families else len(families)
    return rank, letters, int(number or 0), rest


def load(folder=FOLDER):
    names = [name for name in os.listdir(folder) if name.endswith(".patch")]
    return sorted((Mutant(os.path.join(folder, name)) for name in names), key=order)


def table(mutants):
    return TABLE_HEAD + [mutant.row() for mutant in mutants]


def split_readme(text):
    """The lines before the table, the table, and the lines after it."""
    lines = text.splitlines()
    if TABLE_HEAD[0] not in lines:
        return lines, [], []
    first = lines.index(TABLE_HEAD[0])
    last = first
    while last < len(lines) and lines[last].startswith("|"):
        last += 1
    return lines[:first], lines[first:last], lines[last:]
