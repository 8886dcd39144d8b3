#!/usr/bin/env python3
"""Checks which folder of src/ includes which.

    include_check.py <root>        prints file:line for each violation; exit code 1 if there is any
    include_check.py --self-test   plants violations in a temporary tree and expects each to be found

The table below is the dependency rule of the architecture. Tests beside the code (*_test.cc) keep the same rule; tests that join layers
live in tests/ and may include anything of src/.
"""

import pathlib
import re
import sys
import tempfile

# Folder -> folders of ours it may include besides itself. "stores/*" is any one store, never another.
ALLOWED = {
    "base": [],
    "model": ["base"],
    "config": ["model", "base"],
    "wire": ["model", "base"],
    "contract": ["model", "base"],
    "stores/*": ["contract", "wire", "model", "base"],
    "objects": ["contract", "model", "base"],
    "guards": ["contract", "model", "base"],
    "journal": ["model", "base"],
    "ledger": ["journal", "model", "base"],
    "engine": ["contract", "ledger", "journal", "config", "model", "base"],
    "gateway": ["contract", "wire", "journal", "model", "base"],
    "dualrun": ["wire", "model", "base"],
    "control": ["engine", "contract", "ledger", "journal", "config", "model", "base"],
    "app": None,  # the one place that may name everything, concrete stores too
}
FORBIDDEN_FOLDERS = {"util", "utils", "common", "helper", "helpers", "misc"}
SUFFIXES = {".h", ".cc"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
MANAGER = re.compile(r"^\s*(?:class|struct)\s+(?:\[\[\w+\]\]\s*)?(\w*Manager)\b")


def owner(path):
    """The folder of the table that a path below src/ belongs to, and its exact folder."""
    parts = path.split("/")
    if parts[0] == "stores" and len(parts) > 2:
        return "stores/*", "stores/" + parts[1]
    return parts[0], parts[0]


def check_source(root, file, problems):
    relative = file.relative_to(root / "src").as_posix()
    rule, folder = owner(relative)
    if rule not in ALLOWED:
        problems.append(f"src/{relative}:1: folder '{folder}' has no dependency rule in tests/include_check")
        return
    allowed = ALLOWED[rule]
    for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
        where = f"src/{relative}:{number}"
        manager = MANAGER.match(line)
        if manager:
            problems.append(f"{where}: '{manager.group(1)}' says nothing about what it does; name the thing")
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, target = match.group(1) == '"', match.group(2)
        exists = (root / "src" / target).is_file()
        if not quoted and not exists:
            continue  # a library's header
        if not quoted:
            problems.append(f'{where}: <{target}> is ours: write "{target}"')
        if not exists:
            problems.append(f'{where}: "{target}" is not a path from src/')
            continue
        target_rule, target_folder = owner(target)
        if target_folder == folder or allowed is None:
            continue
        if target_rule not in allowed:
            problems.append(f"{where}: {folder} must not include {target_folder} ({target})")


def check_test(root, file, problems):
    relative = file.relative_to(root).as_posix()
    for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match or match.group(1) != '"':
            continue
        target = match.group(2)
        if not (root / "src" / target).is_file() and not (root / target).is_file():
            problems.append(f'{relative}:{number}: "{target}" is neither a path from src/ nor from the root')


def check(root):
    root = pathlib.Path(root)
    problems = []
    for top in ("src", "tests"):
        for path in sorted((root / top).rglob("*")):
            if path.is_dir() and path.name.lower() in FORBIDDEN_FOLDERS:
                problems.append(f"{path.relative_to(root).as_posix()}:1: a folder is named after what it holds, not '{path.name}'")
            elif path.is_file() and path.suffix in SUFFIXES:
                (check_source if top == "src" else check_test)(root, path, problems)
    return problems


def self_test():
    planted = {
        "src/base/error.h": ("", None),
        "src/model/key.h": ('#include "base/error.h"\n', None),
        "src/wire/mysql/event.h": ('#include "model/key.h"\n', None),
        "src/contract/source.h": ('#include "model/key.h"\n', None),
        "src/stores/mysql/source.h": ('#include "contract/source.h"\n#include "wire/mysql/event.h"\n', None),
        "src/stores/mysql/own.cc": ('#include "stores/mysql/source.h"\n#include <string>\n', None),
        "src/journal/journal.h": ('#include "model/key.h"\n', None),
        "src/app/stores.cc": ('#include "stores/mysql/source.h"\n', None),
        "tests/contract/suite.cc": ('#include "stores/mysql/source.h"\n', None),
        "src/base/up.cc": ('\n#include "model/key.h"\n', "src/base/up.cc:2: base must not include model"),
        "src/engine/copy.cc": ('#include "stores/mysql/source.h"\n', "src/engine/copy.cc:1: engine must not include stores/mysql"),
        "src/engine/copy_test.cc": ('#include "stores/mysql/source.h"\n', "src/engine/copy_test.cc:1: engine must not include"),
        "src/control/api.cc": ('#include "stores/mysql/source.h"\n', "src/control/api.cc:1: control must not include stores/mysql"),
        "src/stores/file/x.cc": ('#include "stores/mysql/source.h"\n', "src/stores/file/x.cc:1: stores/file must not include stores/mysql"),
        "src/ledger/x.cc": ('#include "contract/source.h"\n', "src/ledger/x.cc:1: ledger must not include contract"),
        "src/wire/mysql/y.cc": ('#include "contract/source.h"\n', "src/wire/mysql/y.cc:1: wire must not include contract"),
        "src/journal/x.cc": ('#include "x.h"\n', 'src/journal/x.cc:1: "x.h" is not a path from src/'),
        "src/journal/y.cc": ("#include <model/key.h>\n", "src/journal/y.cc:1: <model/key.h> is ours"),
        "src/engine/common/z.h": ("", "src/engine/common:1: a folder is named"),
        "src/engine/z.h": ("class CopyManager {};\n", "src/engine/z.h:1: 'CopyManager'"),
        "src/extra/z.h": ("", "src/extra/z.h:1: folder 'extra' has no dependency rule"),
        "tests/fault/z.cc": ('#include "nowhere.h"\n', 'tests/fault/z.cc:1: "nowhere.h" is neither'),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, (text, _) in planted.items():
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        problems = check(folder)
    expected = [start for _, start in planted.values() if start]
    missed = [start for start in expected if not any(p.startswith(start) for p in problems)]
    false_alarms = [p for p in problems if not any(p.startswith(start) for start in expected)]
    for line in [f"not found: {m}" for m in missed] + [f"false alarm: {p}" for p in false_alarms]:
        print(line)
    return not missed and not false_alarms


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    if sys.argv[1] == "--self-test":
        return 0 if self_test() else 1
    problems = check(sys.argv[1])
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
