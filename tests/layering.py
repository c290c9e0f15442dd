#!/usr/bin/env python3
"""Reads every #include of the project and fails on any that the table of folders forbids.

    layering.py ROOT          check the tree at ROOT
    layering.py --self-test   check that this script finds each kind of fault

A folder may include what its row in the table below names and whatever those may include; of another folder only its
own header and those that OPEN lists; of the world outside only what OUTSIDE lists.
"""
import pathlib
import re
import sys
import tempfile

# folder: what it may include. A path names one header of a folder instead of all its open ones.
MAY_INCLUDE = {
    "runtime": [],
    "corpus": [],
    "corpus/vm": ["runtime"],
    "support": ["runtime"],
    "ir": ["support"],
    "planner": ["support"],
    "analysis": ["ir", "planner/problem.h"],
    "passes": ["analysis", "planner", "ir"],
    "evaluate": ["ir"],
    "codegen": ["analysis", "ir", "runtime"],
    "llvm": ["analysis", "planner", "runtime"],
    "frontends": ["ir"],
    "reports": ["analysis", "planner", "ir"],
    "api": ["passes", "reports", "planner", "analysis", "ir"],
    "cli": ["runtime", "support", "ir", "planner", "analysis", "passes", "evaluate", "codegen", "llvm", "frontends",
            "reports"],
}

# What others may include of a folder besides <folder>/<folder>.h; the rest is private. support/ is a box of tools, all
# of them open. The runtime shows the public header alone.
OPEN = {
    "runtime": ["vmemrt.h", "vmemrt/*"],
    "support": ["support/*"],
    "ir": ["ir/ops.def"],
    "planner": ["planner/problem.h"],
    "analysis": ["analysis/flow.h"],
    "evaluate": ["evaluate/number.h"],
    "llvm": ["llvm/plugin.h"],
}

# The public header of the compiler: for the folders above the runtime.
PUBLIC = "vmemopt.h"

# Headers from outside that only some folders may name, by the start of their path; libc and POSIX are open to all.
OUTSIDE = {
    "cjson/": ["support", "reports", "cli"],
    "llvm-c/": ["codegen", "llvm"],
    "llvm/": ["codegen", "llvm"],
    "clang-c/": ["llvm"],
    "cmocka": [],
}

# Folders that may include anything of the project: they test or measure the inside.
UNBOUND = ["tests", "bench"]
# What judges others must not lean on them: files by the start of their path, and the folders whose headers they leave
# alone but for one, through which they ask for what they judge.
APART = {"tests/random/oracle": (["analysis", "planner", "passes"], "passes/passes.h", "tests/random/oracle_plan.c")}
# Folders that show how to use the public headers, and so include nothing else.
PUBLIC_ONLY = ["examples", "include"]

SUFFIXES = {".c", ".h", ".def", ".cpp", ".inc"}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]')


def reachable(folder):
    """The folders and single headers that `folder` may include, its own among them."""
    seen, todo = {folder}, list(MAY_INCLUDE[folder])
    while todo:
        entry = todo.pop()
        if entry not in seen:
            seen.add(entry)
            todo += MAY_INCLUDE.get(entry.split("/")[0], []) if "/" not in entry else []
    return seen


def owner_of(target):
    """The folder that a header belongs to; the runtime's public ones are vmemrt.h and those of include/vmemrt/."""
    return "runtime" if target == "vmemrt.h" or target.startswith("vmemrt/") else target.split("/")[0]


def is_open(target):
    owner = owner_of(target)
    allowed = OPEN.get(owner, []) + [f"{owner}/{owner}.h"]
    return target in allowed or f"{target.split('/')[0]}/*" in allowed


def fault_inside(folder, target, root):
    """Why `folder` may not include the project's header `target`, or None."""
    if folder in UNBOUND:
        return None
    if target == PUBLIC:
        return "the runtime knows nothing of the compiler" if folder == "runtime" else None
    if folder in PUBLIC_ONLY:
        return None if owner_of(target) == "runtime" and is_open(target) else "only the public headers may be included here"
    owner = owner_of(target)
    if (owner == folder or target.startswith(f"{folder}/")) and (target.startswith("vmemrt") or (root / target).exists()):
        return None
    if owner not in MAY_INCLUDE:
        return "no such folder: headers are named from the root, as in \"support/vec.h\""
    if not is_open(target):
        return f"{target} is private to {owner}/"
    allowed = reachable(folder)
    if owner not in allowed and target not in allowed:
        return f"{folder}/ may not include {owner}/"
    return None


def fault_outside(folder, target):
    for start, folders in OUTSIDE.items():
        if target.startswith(start) and folder not in folders + UNBOUND:
            return f"<{target}> is not for {folder}/"
    return None


def fault_apart(path, target):
    """Why a file that judges may not include `target`, or None."""
    for start, (judged, door, doorkeeper) in APART.items():
        if path.startswith(start) and target.split("/")[0] in judged and (target, path) != (door, doorkeeper):
            return f"{start}* shares no code with what it judges"
    return None


def is_beside(path, target):
    """Whether a header is the example's own, or made from a program of its own."""
    return (path.parent / target).exists() or (path.parent / target).with_suffix(".vmir").exists()


def faults_of_file(root, path):
    folder = path.relative_to(root).parts[0]
    inner = "/".join(path.relative_to(root).parts[:2])
    folder = inner if inner in MAY_INCLUDE else folder
    if folder not in MAY_INCLUDE and folder not in UNBOUND + PUBLIC_ONLY:
        yield f"{path.relative_to(root)}: folder {folder}/ has no row in tests/layering.py"
        return
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        inside, target = match[1] == '"', match[2]
        own = folder == "examples" and "/" not in target and is_beside(path, target)
        fault = fault_inside(folder, target, root) if inside and not own else None
        fault = fault or (None if inside else fault_outside(folder, target))
        fault = fault or fault_apart(path.relative_to(root).as_posix(), target)
        if not inside and ((root / target).exists() or target in (PUBLIC, "vmemrt.h")) and folder != "examples":
            fault = "the project's own headers stand in quotes"
        if fault:
            yield f"{path.relative_to(root)}:{number}: {line.strip()}: {fault}"


def sources(root):
    for folder in sorted(entry for entry in root.iterdir() if entry.is_dir()):
        if folder.name.startswith(".") or folder.name == "build" or (folder / "CMakeCache.txt").exists():
            continue
        for path in sorted(folder.rglob("*")):
            if path.suffix in SUFFIXES and path.is_file():
                yield path


def check(root):
    paths = list(sources(root))
    faults = [fault for path in paths for fault in faults_of_file(root, path)]
    return len(paths), faults


def self_test():
    """Each file below has one line, and the words that the fault must contain; None: no fault."""
    cases = {
        "tests/random/oracle_a.c": ('#include "analysis/facts.h"', "shares no code"),
        "tests/random/oracle_plan.c": ('#include "passes/passes.h"', None),
        "tests/random/oracle_b.c": ('#include "passes/passes.h"', "shares no code"),
        "tests/random/other.c": ('#include "passes/passes.h"', None),
        "runtime/a.c": ('#include "vmemopt.h"', "runtime knows nothing"),
        "runtime/b.c": ('#include "support/vec.h"', "may not include support/"),
        "runtime/c.c": ('#include "vmemrt.h"', None),
        "runtime/d.c": ('#include "vmemrt/base.h"', None),
        "support/a.c": ('#include "vmemrt.h"', None),
        "support/f.c": ('#include "vmemrt/arena.h"', None),
        "support/b.c": ('#  include "ir/ir.h"', "may not include ir/"),
        "support/c.c": ('#include <cjson/cJSON.h>', None),
        "support/d.c": ('#include "runtime/os.h"', "private to runtime/"),
        "support/vec.h": ('#include <stddef.h>', None),
        "support/e.c": ('#include <support/vec.h>', "stand in quotes"),
        "ir/a.c": ('#include "vec.h"', "no such folder"),
        "ir/b.c": ('#include <cjson/cJSON.h>', "not for ir/"),
        "ir/lex.h": ('#include "support/vec.h"', None),
        "ir/c.c": ('#include "ir/lex.h"', None),
        "planner/a.c": ('#include "ir/ir.h"', "may not include ir/"),
        "analysis/a.c": ('#include "planner/problem.h"', None),
        "analysis/b.c": ('#include "planner/planner.h"', "may not include planner/"),
        "analysis/c.c": ('#include "ir/lex.h"', "private to ir/"),
        "analysis/d.c": ('#include "passes/passes.h"', "may not include passes/"),
        "passes/a.c": ('#include "analysis/flow.h"', None),
        "passes/b.c": ('#include "support/text.h"', None),
        "passes/c.c": ('#include "reports/reports.h"', "may not include reports/"),
        "codegen/a.c": ('#include "planner/planner.h"', "may not include planner/"),
        "codegen/b.c": ('#include "planner/problem.h"', None),
        "evaluate/a.c": ('#include <llvm-c/Core.h>', "not for evaluate/"),
        "reports/a.c": ('#include "ir/ops.def"', None),
        "reports/b.c": ('#include "passes/passes.h"', "may not include passes/"),
        "cli/a.c": ('#include "reports/json.h"', "private to reports/"),
        "cli/b.c": ('#include "passes/passes.h"', None),
        "tests/unit/a.c": ('#include "ir/lex.h"', None),
        "examples/a.c": ('#include "support/vec.h"', "only the public headers"),
        "include/vmemopt.h": ('#include "support/vec.h"', "only the public headers"),
        "include/vmemrt.h": ('#include "vmemrt/base.h"', None),
        "corpus/c/a.c": ('#include "vmemrt.h"', "may not include runtime/"),
        "corpus/vm/a.c": ('#include "vmemrt.h"', None),
        "corpus/vm/b.c": ('#include "support/vec.h"', "may not include support/"),
        "corpus/c/b.c": ('#include <pthread.h>', None),
        "extra/a.c": ('#include <stdio.h>', "has no row"),
    }
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        for name, (line, _) in cases.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text("/* head */\n" + line + "\n")
        count, faults = check(root)
    wrong = 0 if count == len(cases) else 1
    for name, (line, words) in cases.items():
        found = [fault for fault in faults if fault.startswith(name + ":")]
        if (words is None) != (not found) or (words and words not in found[0]):
            print(f"{name}: {line}: expected {words!r}, found {found}")
            wrong += 1
    print(f"layering: {len(cases)} cases, {wrong} wrong")
    return wrong == 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 0 if self_test() else 1
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    count, faults = check(pathlib.Path(sys.argv[1]).resolve())
    for fault in faults:
        print(fault)
    print(f"layering: {count} files, {len(faults)} forbidden includes")
    return 1 if faults or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
