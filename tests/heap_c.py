#!/usr/bin/env python3
"""What the heap of the C programs of corpus/c sees of their rewriting, at -O2.

    heap_c.py VMEMOPT SOURCE_DIRECTORY LLVM_TOOLS HEAP_PROBE [--heaps=LIBVMEMRT] [--program=NAME] [--show]

Peak: where the report promises that `main` needs fewer bytes of the heap at once, and everything it allocates has a known
size, the measured peak falls by that much at least; of the program in LATE it must promise something.

Failure: each allocation that is left is made to fail, in the original and in the rewritten program (the first, the last and one
in between of each place in the source whose allocations are all left). Output and exit code must agree.

With --heaps, programs are rewritten by `vmemopt opt --heaps` and linked with that library, without room for its range of addresses,
so that each object is malloc's or in a piece of memory from malloc. Each of the first allocations is made to fail, and the program
must end in a way in which the original ends when one of its own does, or as if nothing had failed; or with such an exit code,
having printed less: a piece is for many objects. With that room, the same of each request for pages, the first ones and some later,
alone and with all that follow.
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

LATE = "stages"
FIRST = 24            # allocations that fail, of programs with heaps
LITTLE = 300000       # KiB of addresses: too few for the runtime's range
PAGES = 6             # the first requests for pages that fail; and as many later ones
UNEVEN = ["hand_over", "own_threads", "threads"]  # the order of allocations is not the same in every run


class Fault(Exception):
    pass


def run(command, **more):
    return subprocess.run(command, capture_output=True, timeout=600, **more)


def must(command):
    result = run(command)
    if result.returncode != 0:
        raise Fault(f"{' '.join(map(str, command))} gives {result.returncode}: {result.stderr.decode(errors='replace')[:500]}")


class Program:
    def __init__(self, path, probe, symbolizer):
        self.path, self.probe, self.symbolizer = path, probe, symbolizer

    def run(self, **settings):
        environment = {**os.environ, "LD_PRELOAD": self.probe, **settings}
        result = run([self.path], env=environment)
        return result.returncode, result.stdout

    def run_in_little(self, failing):
        environment = {**os.environ, "HEAP_PROBE_FAIL": str(failing)}
        result = run(["sh", "-c", f'ulimit -v {LITTLE} && LD_PRELOAD="$1" exec "$0"', self.path, self.probe], env=environment)
        return result.returncode, result.stdout

    @staticmethod
    def figures(head):
        return map(int, re.fullmatch(r"peak (\d+) allocations (\d+) pages (\d+)", head).groups())

    def count_pages(self):
        log = f"{self.path}.log"
        self.run(HEAP_PROBE=log)
        _, _, pages = self.figures(pathlib.Path(log).read_text().splitlines()[0])
        return pages

    def measure(self):
        """The peak, and the place in the source of each allocation; None where it is not the program's own."""
        log = f"{self.path}.log"
        self.run(HEAP_PROBE=log, HEAP_PROBE_CALLERS="1")
        head, *callers = pathlib.Path(log).read_text().splitlines()
        peak, _, _ = self.figures(head)
        distinct = sorted(set(callers))
        addresses = [hex(int(caller, 16) - 1) for caller in distinct]
        out = run([self.symbolizer, f"--obj={self.path}", "--no-inlines", *addresses] if addresses else ["true"]).stdout.decode()
        places = {}
        for caller, block in zip(distinct, out.split("\n\n")):
            lines = block.strip().splitlines()
            places[caller] = lines[1] if len(lines) > 1 and "??" not in lines[1] else None
        return peak, [places.get(caller) for caller in callers]


def chosen_failures(before, after):
    """Pairs: the number of an allocation in the original, and of the same one in the rewritten program."""
    numbers = [collections.defaultdict(list), collections.defaultdict(list)]
    for places, of in zip((before, after), numbers):
        for number, place in enumerate(places, 1):
            if place is not None:
                of[place].append(number)
    for place, here in sorted(numbers[0].items()):
        there = numbers[1].get(place, [])
        if len(here) != len(there):
            continue
        for k in sorted({0, len(here) // 2, len(here) - 1}):
            yield place, here[k], there[k]


def check(tool, tools, probe, source, work, show):
    clang, stem = os.path.join(tools, "clang"), work / source.stem
    module, better, report = (stem.with_suffix(suffix) for suffix in (".bc", ".ll", ".json"))
    must([clang, "-g", "-O2", "-emit-llvm", "-c", source, "-o", module])
    must([tool, "opt", "--whole-program", module, "-o", better, f"--json={report}"])
    programs = []
    for which, name in ((module, "original"), (better, "rewritten")):
        must([clang, "-g", "-O2", which, "-o", f"{stem}.{name}", "-pthread", "-lm"])
        programs.append(Program(f"{stem}.{name}", probe, os.path.join(tools, "llvm-symbolizer")))
    (peak, before), (lower, after) = (program.measure() for program in programs)
    functions = json.loads(report.read_text())["functions"]
    main = next(function for function in functions if function["name"] == "main")
    promised = (main["heap_before"] or 0) - (main["heap_after"] or 0)
    certain = all(site["bytes"] is not None and site["loop_depth"] == 0 for f in functions for site in f["sites"])
    if show:
        print(f"{source.name}: peak {peak} -> {lower}, promised {promised}{'' if certain else ', of known sizes'}")
    if source.stem == LATE and (promised == 0 or not certain):
        raise Fault(f"{source.name}: nothing is promised")
    # Where threads are at work, the peak is as high as one happens to be ahead of another.
    if source.stem not in UNEVEN and ((certain and peak - lower < promised) or lower > peak):
        raise Fault(f"{source.name}: {promised} bytes less were promised, the peak went from {peak} to {lower}")
    tried = 0
    for place, here, there in chosen_failures(before, after) if source.stem not in UNEVEN else []:
        results = [p.run(HEAP_PROBE_FAIL=str(n)) for p, n in zip(programs, (here, there))]
        tried += 1
        if results[0] != results[1]:
            raise Fault(f"{source.name}: when allocation {here} fails ({place}; {there} of the rewritten program), exit code "
                        f"{results[0][0]} becomes {results[1][0]}, or the output differs")
    return tried


def check_heaps(tool, tools, probe, source, work, show, library):
    clang, stem = os.path.join(tools, "clang"), work / source.stem
    module, better = stem.with_suffix(".bc"), stem.with_suffix(".ll")
    must([clang, "-O2", "-DKEEP=1", "-emit-llvm", "-c", source, "-o", module])
    must([tool, "opt", "--heaps", "--whole-program", "--max-stack=8", module, "-o", better])
    original, rewritten = (Program(f"{stem}.{name}", probe, None) for name in ("original", "rewritten"))
    must([clang, "-O2", module, "-o", original.path, "-pthread", "-lm"])
    folder = os.path.dirname(os.path.abspath(library))
    must([clang, "-O2", better, "-o", rewritten.path, library, f"-Wl,-rpath,{folder}", "-pthread", "-lm"])
    done = original.run() # with all addresses that it wants: threads alone may want more than there are in little
    whole = done[1]
    ends = {done, *(original.run_in_little(n) for n in range(FIRST + 1))}
    tried = 0

    def judge(end, what):
        if end not in ends and not (end[0] in {code for code, _ in ends} and end[0] != 0 and whole.startswith(end[1])):
            raise Fault(f"{source.name}: when {what} of the program with heaps fails, exit code {end[0]} and its output "
                        f"are none of the original's: {sorted({code for code, _ in ends})}")

    for n in range(FIRST + 1) if source.stem not in UNEVEN else [0]:
        judge(rewritten.run_in_little(n), f"allocation {n}")
        tried += 1
    pages = rewritten.count_pages()
    chosen = {*range(1, min(pages, PAGES) + 1), *range(PAGES, pages + 1, max(1, (pages - PAGES) // PAGES))}
    for n in sorted(chosen) if source.stem not in UNEVEN else []:
        judge(rewritten.run(HEAP_PROBE_NO_PAGES=str(n)), f"request {n} for pages")
        judge(rewritten.run(HEAP_PROBE_NO_PAGES=f"{n}+"), f"each request for pages from the {n}. on")
        tried += 2
    if show:
        print(f"{source.name}: {len(ends)} ways to end, {pages} requests for pages")
    return tried


def main():
    options = [argument for argument in sys.argv[1:] if argument.startswith("--")]
    tool, root, tools, probe = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    library = [option.split("=")[1] for option in options if option.startswith("--heaps=")]
    names = [option.split("=")[1] for option in options if option.startswith("--program=")]
    sources = [path for path in sorted(pathlib.Path(root, "corpus", "c").glob("*.c")) if not names or path.stem in names]
    faults, tried = [], 0
    with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(check_heaps if library else check, tool, tools, probe, source, pathlib.Path(directory),
                            "--show" in options, *library) for source in sources]
        for job in jobs:
            try:
                tried += job.result()
            except (Fault, subprocess.TimeoutExpired) as fault:
                faults.append(str(fault))
    for fault in faults:
        print(fault)
    print(f"{len(sources)} programs, {tried} failing allocations, {len(faults)} faults")
    return 1 if faults or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
