#!/usr/bin/env python3
"""The C programs of corpus/c, original against rewritten.

    corpus_c.py VMEMOPT SOURCE_DIRECTORY LLVM_TOOLS [--heaps=LIBVMEMRT] [--rewrite-only] [--program=NAME] [--show]

Each program is compiled at -O0 to -O3, rewritten by `vmemopt opt --whole-program`, and run. Output and exit code must be
those of the original. The rewritten module is then instrumented by AddressSanitizer (its functions get the attribute after
the rewriting, which leaves sanitized functions alone) and must run clean; it is not optimised again, nor is the original.
At -O2, at least half of all lines that are marked `// local` must have been moved to the stack, and at least one of every
program that has marks, unless LLVM removed them all or their objects are too large. Where valgrind is installed, rewritten programs of
-O2 run under it, too, and must be clean: unlike AddressSanitizer it sees what is read before it was written. That it does
is tried first, with a program that does so, rewritten as the others are. With --heaps that is each program, without it each
fourth, and those that --program names: valgrind takes half a second to start, and with --heaps the same objects move to the
stack.

With --heaps, programs are rewritten by `vmemopt opt --heaps` and linked with that library; at -O1 and -O3 they are compiled with
KEEP=1, which leaves structures to the end of the process. They run as they are, with a runtime that overwrites what is freed
and what is new, and under AddressSanitizer and (-O2) valgrind, where the runtime makes each object by malloc; those that make
threads under ThreadSanitizer, too. No marks are looked at.

With --rewrite-only, for a tool that is built for a sanitizer, programs are rewritten in both ways, and nothing is run.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

LEVELS = ["-O0", "-O1", "-O2", "-O3"]
MARK = "// local"
WATCHED_LEVEL = "-O2"  # the one at which programs run under valgrind
VALGRIND = ["valgrind", "-q", "--error-exitcode=99", "--leak-check=no"]
NO_DEBUG_INFO = "-Wl,--strip-debug"  # that of clang 19 is too new for valgrind 3.19, which says so at length
READS_TOO_EARLY = """#include <stdlib.h>
int *kept;
volatile int seen;
int main(int count, char **arguments) {
  (void)arguments;
  kept = malloc(64);
  if (!kept) return 1;
  kept[0] = count;
  if (kept[count] == 12345) seen = 1; // kept[1], which nobody wrote
  free(kept);
  return 0;
}
"""


class Fault(Exception):
    pass


def run(command, **more):
    result = subprocess.run(command, capture_output=True, timeout=600, **more)
    return result.returncode, result.stdout, result.stderr.decode(errors="replace")


def must(command):
    code, out, err = run(command)
    if code != 0:
        raise Fault(f"{' '.join(map(str, command))} gives {code}: {err[:500]}")
    return out


def with_sanitizer(text, which="address"):
    return re.sub(r"^(attributes #\d+ = \{)", rf"\1 sanitize_{which}", text, flags=re.M)


def check_by_valgrind(source, level, program, wanted):
    found = run([*VALGRIND, program])
    if wanted[:2] != found[:2]:
        raise Fault(f"{source.name} {level}: under valgrind: exit code {wanted[0]} became {found[0]}, or the output differs: "
                    f"{found[2][:1500]}")


def check_that_valgrind_sees(tool, clang, work, library):
    """That a fault which nothing but valgrind sees is seen, in a program that was rewritten as those of the corpus are."""
    source, module, better, program = (work / f"reads_too_early{suffix}" for suffix in (".c", ".bc", ".better.bc", ""))
    source.write_text(READS_TOO_EARLY)
    must([clang, "-O0", "-emit-llvm", "-c", source, "-o", module])
    must([tool, "opt", *(["--heaps"] if library else []), "--whole-program", module, "-o", better])
    must([clang, "-O0", better, "-o", program, *link_options(library)])
    must([program])
    code, _, err = run([*VALGRIND, program])
    if code != 99 or "uninitialised" not in err:
        raise Fault(f"valgrind does not see {source.name} read what was not written: exit code {code}: {err[:500]}")


def link_options(library):
    heaps = [library, f"-Wl,-rpath,{os.path.dirname(os.path.abspath(library))}"] if library else []
    return [*heaps, "-pthread", "-lm"]


def check_rewriting(tool, clang, source, level, work, _watch):
    stem = work / f"{source.stem}{level}"
    module, better, report = (stem.with_suffix(suffix) for suffix in (".bc", ".ll", ".json"))
    must([clang, "-g", level, "-emit-llvm", "-c", source, "-o", module])
    for more in ([], ["--heaps"]):
        must([tool, "opt", "--whole-program", *more, module, "-o", better, f"--json={report}"])


def turned_lines(report, file):
    """Lines whose objects moved, and those where some other reason than the size keeps one."""
    moved, kept = set(), set()
    for function in report["functions"]:
        for site in function["sites"]:
            if site["line"] and site["file"].endswith(file):
                if site["verdict"].startswith("stack"):
                    moved.add(site["line"])
                elif site["refusal"] != "too-large":
                    kept.add(site["line"])
    return moved, kept


def check_heaps(tool, clang, source, level, work, watch, library):
    stem = work / f"{source.stem}{level}"
    module, better = stem.with_suffix(".bc"), stem.with_suffix(".ll")
    original, rewritten, watched = (str(stem) + suffix for suffix in (".original", ".rewritten", ".watched"))
    keep, link = level in ("-O1", "-O3"), link_options(library)
    must([clang, "-g", level, f"-DKEEP={int(keep)}", "-emit-llvm", "-c", source, "-o", module])
    must([tool, "opt", "--heaps", "--whole-program", module, "-o", better])
    must([clang, "-O0", module, "-o", original, "-pthread", "-lm"])
    must([clang, level, better, "-o", rewritten, *link, NO_DEBUG_INFO])
    runs = [(rewritten, "VMEMRT_OPTIONS", ""), (rewritten, "VMEMRT_OPTIONS", "poison=1"), (watched, "ASAN_OPTIONS", "detect_leaks=0")]
    text = better.read_text()
    better.write_text(with_sanitizer(text))
    must([clang, "-O0", "-fsanitize=address", better, "-o", watched, *link])
    if "@pthread_create" in text:
        better.write_text(with_sanitizer(text, "thread"))
        must([clang, "-O0", "-fsanitize=thread", better, "-o", watched + ".threads", *link])
        runs.append((watched + ".threads", "TSAN_OPTIONS", "exitcode=66"))
    wanted = run([original])
    for program, name, value in runs:
        got = run([program], env={**os.environ, name: value})
        if wanted[:2] != got[:2]:
            raise Fault(f"{source.name} {level}: {name}={value}: exit code {wanted[0]} became {got[0]}, or the output differs: "
                        f"{got[2][:1500]}")
    if watch:
        check_by_valgrind(source, level, rewritten, wanted)


def check(tool, clang, source, level, work, watch):
    stem = work / f"{source.stem}{level}"
    module, better, report = (stem.with_suffix(suffix) for suffix in (".bc", ".ll", ".json"))
    original, rewritten, watched = (str(stem) + suffix for suffix in (".original", ".rewritten", ".watched"))
    link = link_options(None)
    must([clang, "-g", level, "-emit-llvm", "-c", source, "-o", module])
    must([tool, "opt", "--whole-program", module, "-o", better, f"--json={report}"])
    must([clang, "-O0", module, "-o", original, *link])
    must([clang, level, better, "-o", rewritten, *link, NO_DEBUG_INFO])
    wanted = run([original])
    got = run([rewritten])
    if wanted[:2] != got[:2]:
        raise Fault(f"{source.name} {level}: exit code {wanted[0]} became {got[0]}, or the output differs")
    if watch:
        check_by_valgrind(source, level, rewritten, wanted)
    sanitized = stem.with_suffix(".watched.ll")
    sanitized.write_text(with_sanitizer(better.read_text()))
    must([clang, "-O0", "-fsanitize=address", sanitized, "-o", watched, *link])
    found = run([watched], env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    if wanted[:2] != found[:2]:
        raise Fault(f"{source.name} {level}: under AddressSanitizer: {found[2][:1500]}")
    return turned_lines(json.loads(report.read_text()), source.name)


def check_marks(results, show):
    marked = turned = 0
    for source, (lines, kept) in results:
        marks = {number for number, line in enumerate(source.read_text().splitlines(), 1) if MARK in line}
        done = marks & lines
        marked += len(marks)
        turned += len(done)
        if show:
            print(f"{source.name}: {len(done)} of {len(marks)} marked lines; not {sorted(marks - done)}, "
                  f"besides {sorted(lines - marks)}")
        if marks & kept and not done:
            yield f"{source.name}: none of its {len(marks)} marked lines was moved at -O2"
    print(f"-O2: {turned} of {marked} lines marked as local were moved to the stack")
    if 2 * turned < marked:
        yield f"less than half of the marked lines: {turned} of {marked}"


def main():
    options = [argument for argument in sys.argv[1:] if argument.startswith("--")]
    tool, root, tools = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    clang = os.path.join(tools, "clang")
    library = [option.split("=")[1] for option in options if option.startswith("--heaps=")]
    names = [option.split("=")[1] for option in options if option.startswith("--program=")]
    sources = [path for path in sorted(pathlib.Path(root, "corpus", "c").glob("*.c")) if not names or path.stem in names]
    rewrites = "--rewrite-only" in options
    faults, results = [], []
    with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(2) as pool:
        watches = not rewrites and shutil.which("valgrind") is not None
        if watches:
            try:
                check_that_valgrind_sees(tool, clang, pathlib.Path(directory), library[0] if library else None)
            except (Fault, subprocess.TimeoutExpired) as fault:
                faults.append(str(fault))
        elif not rewrites:
            print("valgrind is not installed (tools/setup does): nothing ran under it")
        how = [check_heaps, *library] if library else [check_rewriting if rewrites else check]
        jobs = [(source, level, pool.submit(how[0], *common, *how[1:]))
                for number, source in enumerate(sources) for level in LEVELS
                for watch in [watches and level == WATCHED_LEVEL and bool(library or names or number % 4 == 0)]
                for common in [(tool, clang, source, level, pathlib.Path(directory), watch)]]
        for source, level, job in jobs:
            try:
                lines = job.result()
                if level == "-O2" and not library and not rewrites:
                    results.append((source, lines))
            except (Fault, subprocess.TimeoutExpired) as fault:
                faults.append(str(fault))
    faults += check_marks(results, "--show" in options) if not library and not rewrites else []
    for fault in faults:
        print(fault)
    print(f"{len(sources)} programs at {len(LEVELS)} levels, {len(faults)} faults")
    return 1 if faults or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
