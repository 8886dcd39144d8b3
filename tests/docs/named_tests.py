#!/usr/bin/env python3
"""Each test that docs/correctness.md names by `Suite.name` exists. Prints those that do not; exit code 1.

  named_tests.py ROOT
"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
known = set()
for source in [*root.glob("src/**/*"), *root.glob("tests/**/*")]:
    if source.suffix in (".cc", ".h"):
        known.update(map(".".join, re.findall(r"TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", source.read_text())))
named = re.findall(r"`([A-Z]\w*\.[a-z]\w*)`", (root / "docs/correctness.md").read_text())
missing = sorted(set(named) - known)
for name in missing:
    print("no such test:", name)
if not named:
    print("docs/correctness.md names no test at all")
sys.exit(1 if missing or not named else 0)
