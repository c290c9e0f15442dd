"""Whole programs that use the heap, as compiled and as rewritten, beside other allocators: processor time, memory, faults, calls.

Each is a program of corpus/c with a size as its argument, compiled by clang -O2 with KEEP=1 where it leaves its structures
to the end of the process; programs that free them as they go are marked `freed`. It runs

  glibc, mimalloc, jemalloc   as compiled; the last two are preloaded (Debian: libmimalloc2.0 libjemalloc2)
  rewritten                   by `vmemopt opt --heaps --whole-program`, and linked with libvmemrt

in turns, and all outputs must be the same. Rows of seconds and bytes have glibc as their peer; rows with targets are the least
of the rewritten program over the least of a peer. Calls are those of malloc and its like, counted in a run of their own; the last
row is what share of the programs' allocation sites neither the stack nor a heap serves.
--module=FILE measures an LLVM module of yours in place of all that, with --arguments="...".
"""
import collections
import json
import os
import pathlib
import shlex

import harness

NEEDS_LLVM = True
CORPUS = harness.ROOT / "corpus" / "c"
PRELOADED = {"mimalloc": "libmimalloc.so.2", "jemalloc": "libjemalloc.so.2"}

MOST_LEFT = 1 - 250 / 373

# What it is like, the file, KEEP, the arguments, those of a quick run; the least speed-up and the most memory, over glibc.
Program = collections.namedtuple("Program", "kind file keep arguments quick speedup memory")
PROGRAMS = [
    Program("binary tree", "tree_sum", 1, "23", "12", 3.5, 0.78),
    Program("quad tree", "disc", 1, "19", "9", 1.6, 0.78),
    Program("hierarchy of lists", "hierarchy", 1, "8 90", "4 20", 1.5, 0.80),
    Program("tree sort", "bitonic_tree", 1, "19", "9", 1.05, 0.80),
    Program("tree tour", "tour", 1, "1000000", "1000", 1.05, 0.90),
    Program("Delaunay", "delaunay", 1, "400000", "500", 1.3, 0.5),
    Program("bignum calculator", "bignum", 0, "2000000", "200", 1.4, 1.2),
    Program("interpreter on realloc", "interpreter", 0, "10000000", "500", 1.2, 1.1),
    Program("factoring", "factor", 0, "2361210814000593217769", "4295229443", 1.08, 1.3),
    Program("logic minimiser", "logic", 0, "15000", "10", 1.08, 1.3),
    Program("set cover, no heap to speak of", "set_cover", 0, "120", "3", 0.98, 1.02),
    Program("binary tree, freed", "tree_sum", 0, "23", "12", None, None),
    Program("quad tree, freed", "disc", 0, "19", "9", None, None),
    Program("hierarchy of lists, freed", "hierarchy", 0, "8 90", "4 20", None, None),
    Program("Delaunay, freed", "delaunay", 0, "400000", "500", None, None),
]


def add_options(parser):
    files = ", ".join(dict.fromkeys(program.file for program in PROGRAMS))
    parser.add_argument("--only", metavar="NAME,...", help=f"of {files}")
    parser.add_argument("--module", type=pathlib.Path, metavar="FILE", help="a module of LLVM IR, all of a program")
    parser.add_argument("--arguments", default="", metavar="TEXT", help="of the program of --module")


def find_tool(session, name):
    folder = harness.read_cache(session.build).get("LLVM_DIR")
    tool = pathlib.Path(folder).parents[2] / "bin" / name if folder else None
    return tool if tool and tool.exists() else f"{name}-19"


def runtime_words(session):
    """What links with libvmemrt: as one archive where that is built."""
    archives = sorted(session.build.glob("**/libvmemrt.a"))
    if archives:
        return [archives[0], "-pthread"]
    return [f"-L{session.build / 'lib'}", "-lvmemrt", f"-Wl,-rpath,{session.build / 'lib'}"]


def build(session, module, stem):
    """The program as compiled and as rewritten."""
    clang, better, report = find_tool(session, "clang"), stem.with_suffix(".better.bc"), stem.with_suffix(".json")
    original, rewritten = stem.with_suffix(".original"), stem.with_suffix(".rewritten")
    harness.run_program([session.program("vmemopt"), "opt", "--heaps", "--whole-program", module, "-o", better,
                         f"--json={report}"])
    harness.run_program([clang, "-O2", module, "-o", original, "-lm", "-pthread"])
    harness.run_program([clang, "-O2", better, "-o", rewritten, *runtime_words(session), "-lm"])
    return original, rewritten, json.loads(report.read_text(encoding="utf-8"))


def count_sites(report):
    """Allocation sites, and those of them that are left with malloc."""
    sites = sum(len(function["sites"]) for function in report["functions"])
    return sites, sum(site["heap"] is None for site in report["heaps"]["sites"])


def compile_program(session, program, stem):
    module = stem.with_suffix(".bc")
    harness.run_program([find_tool(session, "clang"), "-O2", "-w", f"-DKEEP={program.keep}", "-emit-llvm", "-c",
                         CORPUS / f"{program.file}.c", "-o", module])
    return module


def find_subjects(original, rewritten):
    """Each subject's program and environment; None for one that is not installed."""
    subjects = {"glibc": (original, {}), "rewritten": (rewritten, {})}
    for name, library in PRELOADED.items():
        paths = [path for folder in ("/usr/lib", "/usr/local/lib", "/lib")
                 for path in (*pathlib.Path(folder).glob(library + "*"), *pathlib.Path(folder).glob(f"*-linux-gnu/{library}*"))]
        subjects[name] = (original, {"LD_PRELOAD": str(paths[0])}) if paths else None
    return subjects


def count_calls(session, program, arguments):
    """Allocations in one run, by a probe that is preloaded."""
    probe, log = session.work / "heap_probe.so", session.work / "calls"
    if not probe.exists():
        harness.run_program([find_tool(session, "clang"), "-O2", "-shared", "-fPIC",
                             harness.ROOT / "tests" / "heap_probe.c", "-o", probe])
    harness.run_program([program, *arguments],
                        env={**os.environ, "LD_PRELOAD": str(probe), "HEAP_PROBE": str(log)})
    return int(log.read_text(encoding="ascii").split()[3])


def run_once(session, program, arguments, environment):
    preload = [f"--preload={library}" for library in environment.values()]
    return json.loads(harness.run_program([session.program("bench-spawn"), *preload, program, *arguments]))


def add_ratio(session, name, samples, peer, key, target):
    """A row of the rewritten program's least over a peer's."""
    if samples[peer] is None:
        session.rows.append({"name": name, "value": None, "median": None, "runs": 0, "unit": "x", "peer": "not installed",
                             "peer_value": None, "ratio": None})
        return
    least = {subject: min(each[key] for each in samples[subject]) for subject in ("rewritten", peer)}
    session.add(name, [least["rewritten"] / least[peer] if least[peer] else 1.0], "x", target)


def add_rows(session, name, samples, calls, speedup, memory):
    for what, key, unit in (("time", "cpu", "s"), ("peak memory", "memory", "B"), ("page faults", "faults", "")):
        session.add(f"{name}: {what}", [each[key] for each in samples["rewritten"]], unit, None, "glibc",
                    [each[key] for each in samples["glibc"]])
    session.add(f"{name}: calls of malloc", [calls["rewritten"]], "", None, "glibc", [calls["glibc"]])
    add_ratio(session, f"{name}: time over glibc", samples, "glibc", "cpu", 1 / speedup if speedup else None)
    add_ratio(session, f"{name}: memory over glibc", samples, "glibc", "memory", memory)
    for peer in PRELOADED:
        gains = samples[peer] and min(each["cpu"] for each in samples[peer]) < min(each["cpu"] for each in samples["glibc"])
        target = 1.0 if speedup and gains and peer == "mimalloc" else None
        add_ratio(session, f"{name}: time over {peer}", samples, peer, "cpu", target)
        add_ratio(session, f"{name}: memory over {peer}", samples, peer, "memory", None)


def measure(session, name, module, arguments, speedup=None, memory=None):
    session.say(name)
    original, rewritten, report = build(session, module, module.with_suffix("") if module.parent == session.work
                                        else session.work / module.stem)
    subjects = find_subjects(original, rewritten)
    there = {subject: what for subject, what in subjects.items() if what}
    outputs = {subject: harness.run_program([path, *arguments], env={**os.environ, **environment})
               for subject, (path, environment) in there.items()}
    if len(set(outputs.values())) != 1:
        raise harness.BenchError(f"{name}: outputs differ")
    calls = {"glibc": count_calls(session, original, arguments), "rewritten": count_calls(session, rewritten, arguments)}
    turns = {subject: (lambda path=path, environment=environment: run_once(session, path, arguments, environment))
             for subject, (path, environment) in there.items()}
    samples = harness.take_turns(turns, session.options.runs or (1 if session.quick else 5))
    add_rows(session, name, {**dict.fromkeys(subjects), **samples}, calls, speedup, memory)
    return count_sites(report)


def run(session):
    if session.options.module:
        measure(session, session.options.module.stem, session.options.module.resolve(),
                shlex.split(session.options.arguments))
        return
    wanted = session.options.only.split(",") if session.options.only else None
    unknown = set(wanted or []) - {program.file for program in PROGRAMS}
    if unknown:
        raise harness.BenchError(f"there is no program {', '.join(sorted(unknown))}")
    sites, left = {}, {}
    for program in PROGRAMS:
        if wanted and program.file not in wanted:
            continue
        module = compile_program(session, program, session.work / f"{program.file}{program.keep}")
        sites[program.file], left[program.file] = measure(
            session, program.kind, module, (program.quick if session.quick else program.arguments).split(),
            program.speedup, program.memory)
    session.add("sites left with malloc, of all", [sum(left.values()) / sum(sites.values())], "", MOST_LEFT)
