#!/usr/bin/env python3
"""That a batch (tests/random_batches.py) sees what programs do: small ones, right and wrong.

    random_batches_self.py VMEMOPT LLVM_TOOLS LIBVMEMRT

Several are built together, each in several ways, and define the same names. What each prints, with which exit code or signal it ends
and what the sanitizers say is known; of one that does not compile nothing may be told, and the others may not suffer.
"""
import os
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
import random_batches  # noqa: E402  found beside this file
from random_heaps import MAY_FAIL, POISON, link_with  # noqa: E402

HEAD = "#include <pthread.h>\n#include <stdio.h>\n#include <stdlib.h>\nint global = NUMBER; int *volatile seen;\n"
MAIN = 'int main(int count, char **arguments) { %s printf("%%d\\n", global + count); return arguments[count] != NULL; }\n'
PROGRAMS = [
    ("", {}),
    ("int *p = malloc(8); seen = p; *seen = 1; free(p); if (*seen == 77) return 9;", {"address": "heap-use-after-free"}),
    ("for (int k = 0; k < 2; k++) { int x = k; seen = &x; } if (*seen == 77) return 9;", {"address": "stack-use-after-scope"}),
    ("pthread_t one, two; pthread_create(&one, NULL, add, NULL); pthread_create(&two, NULL, add, NULL);"
     " pthread_join(one, NULL); pthread_join(two, NULL);", {"thread": "data race"}),
    ("exit(5);", {name: 5 for name in ("original", "rewritten", "poisoned", "address", "thread")}),
    ("abort();", {name: -6 for name in ("original", "rewritten", "poisoned", "thread")}),
    ("this is not C", None),
]
THREAD = "static volatile int unread;\nstatic void *add(void *p) { unread++; return p; }\n"


def case_of(number):
    build = random_batches.Build
    text = HEAD.replace("NUMBER", str(100 * number)) + THREAD + MAIN % PROGRAMS[number][0]
    builds = {"original": build(False, "-O0"), "rewritten": build(True, "-O2"), "poisoned": build(True, "-O2", "none", POISON),
              "address": build(True, "-O0", "address"), "thread": build(True, "-O0", "thread")}
    return random_batches.Case(number, text, ["-O1"], ["--heaps"], builds, 2)


def faults_of(number, found):
    expected = PROGRAMS[number][1]
    for name, outcome in found.items():
        wanted = None if expected is None else expected.get(name)
        if number == 1 and name == "thread": # which may know the block, or not, as the runtime has it from malloc
            fine = outcome is not None
        elif expected is None or outcome is None:
            fine = expected is None and outcome is None
        elif isinstance(wanted, str):
            fine = outcome[0] not in (0, 9) and wanted in outcome[2]
        elif number == 5 and name == "address": # which may tell of the signal
            fine = outcome[0] != 0
        else:
            fine = outcome == ((0, f"{100 * number + 2}\n".encode(), "") if wanted is None else (wanted, b"", ""))
        if not fine:
            yield f"program {number}, {name}: {outcome}, not {wanted or 'its number'}"


def main():
    tool, tools, library = sys.argv[1:]
    tools = random_batches.Tools(tool, os.path.join(tools, "clang"), link_with(library), MAY_FAIL)
    cases = [case_of(number) for number in range(len(PROGRAMS))]
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        random_batches.prepare(tools, work)
        found = random_batches.outcomes(tools, cases, work)
    faults = [fault for case in cases
              for fault in faults_of(case.seed, {name: found.get((case.seed, name)) for name in case.builds})]
    print("\n".join(faults) or f"{len(cases)} programs are as they should be")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
