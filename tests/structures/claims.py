#!/usr/bin/env python3
"""What llvm/structures.h says of C programs, checked while they run.

    claims.py VMO_STRUCTURES SOURCE_DIRECTORY LLVM_TOOLS [--count=N] [--seed=N] [--keep=DIRECTORY] [--all-levels=yes]

The programs of corpus/c, at -O0 and -O2 or all levels, and random ones (tests/random_c.py,
tests/random_heap_programs.py) are instrumented by vmo-structures and linked with
tests/structures/watch.c, which knows every object: one that is met, freed or moved by an instruction that is not said to
mean it, or met after the function has returned that was said to enclose it, is a fault. The output must be the original's.
"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import random_c  # noqa: E402  found in the folder above
import random_heap_programs  # noqa: E402

THREADS = ["hand_over", "own_threads", "threads"]  # watch.c is for one thread
LEVELS = ["-O0", "-O1", "-O2", "-O3"]


def check(tool, clang, watch, source, level, work):
    """What is wrong with the claims about a program, or None."""
    work = work / f"{source.stem}{level}"
    work.mkdir()
    module, watched, claims = work / "p.bc", work / "w.bc", work / "claims"
    for step in ([clang, "-w", level, "-emit-llvm", "-c", source, "-o", module],
                 [tool, "--instrument", module, watched, claims],
                 [clang, "-w", "-O0", module, "-o", work / "original", "-lm", "-pthread"],
                 [clang, "-w", "-O0", watched, watch, "-o", work / "watched", "-lm", "-pthread"]):
        fault = random_c.must(step)
        if fault:
            return fault
    wanted = random_c.run([work / "original"])
    got = random_c.run([work / "watched"], env={**os.environ, "VMO_CLAIMS": str(claims)})
    if wanted[:2] == got[:2]:
        return None
    return f"{level}: exit code {wanted[0]} became {got[0]}: {got[2][:600]}"


def main():
    named = dict(argument[2:].split("=") for argument in sys.argv[1:] if argument.startswith("--"))
    tool, root, tools = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    clang, first, count = os.path.join(tools, "clang"), int(named.get("seed", 1)), int(named.get("count", 20))
    faults = programs = 0
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        watch = work / "watch.o"
        fault = random_c.must([clang, "-O2", "-c", pathlib.Path(root, "tests", "structures", "watch.c"), "-o", watch])
        if fault:
            sys.exit(fault)
        jobs = [] if "no-corpus" in named else [(path, level) for path in sorted(pathlib.Path(root, "corpus", "c").glob("*.c"))
                if path.stem not in THREADS for level in (LEVELS if "all-levels" in named else LEVELS[::2])]
        for seed in range(first, first + count):
            path = work / f"seed{seed}.c"
            path.write_text(random_c.program(seed))
            jobs.append((path, LEVELS[seed % 4]))
            program = random_heap_programs.Program(seed)
            if program.threads:
                continue
            path = work / f"graph{seed}.c"
            path.write_text(program.text())
            jobs.append((path, LEVELS[seed // 4 % 4]))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            found = [pool.submit(check, tool, clang, watch, path, level, work) for path, level in jobs]
        for (path, level), result in zip(jobs, found):
            fault = result.result()
            programs += 1
            if fault is None:
                continue
            faults += 1
            print(f"{path.name}: {fault}")
            if "keep" in named:
                pathlib.Path(named["keep"], path.name).write_text(path.read_text())
    print(f"{programs} programs, {faults} faults")
    return 1 if faults or not programs else 0


if __name__ == "__main__":
    sys.exit(main())
