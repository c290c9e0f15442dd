"""LLVM IR of large programs: time and memory of analysis and rewriting, beside what clang -O2 takes to compile them.

  clang -O2     compiles all sources to objects, one after the other
  analyze       `vmemopt analyze` of the program: all sources as one module, made by clang -O2
  opt           `vmemopt opt`, which writes what it rewrote
  opt --heaps   the same with heaps

in turns. Times are those of the processor, of all that clang does and of all that vmemopt does; targets are a fifth of clang's, and
1 GB. The program is vmemopt's own, with its unit tests and its generator of programs. --sources="FILE FILE" measures one of yours,
with --flags="-I... -D..."; --module=FILE one that is LLVM IR, where clang -O2 begins with that and is no compiler's whole work.
"""
import pathlib
import shlex

import bench_heap
import harness

NEEDS_LLVM = True
SHARE, MOST_BYTES = 0.2, 10 ** 9
FOLDERS = ["runtime", "support", "ir", "planner", "analysis", "passes", "evaluate", "codegen", "llvm", "reports", "api", "cli",
           "tests/unit", "tests/random"]
QUICK_FOLDERS = ["runtime", "support"]
APART = {"without_llvm.c", "llvm_module.c", "test_round_trip.c"}  # have functions of the same names as others, or a table that the build makes


def add_options(parser):
    parser.add_argument("--sources", metavar="FILES", help="C files of one program, with blanks between them")
    parser.add_argument("--flags", default="", metavar="TEXT", help="what clang is told besides -O2")
    parser.add_argument("--module", type=pathlib.Path, metavar="FILE", help="a module of LLVM IR, all of a program")


def list_own_sources(session):
    """The project's files with the flags that each takes; there is one main, that of the tool."""
    folder = harness.read_cache(session.build).get("LLVM_DIR")
    headers = pathlib.Path(folder).parents[2] / "include" if folder else "/usr/lib/llvm-19/include"
    flags = ["-std=c11", "-w", f"-I{harness.ROOT}", f"-I{harness.ROOT / 'include'}", "-isystem", headers, '-DVMO_VERSION="0"',
             '-DVMO_BIN_TO_LIB="../lib"', '-DVMO_LLVM_MAJOR="19"', f'-DVMO_SOURCE_DIRECTORY="{harness.ROOT}"']
    files = [file for name in (QUICK_FOLDERS if session.quick else FOLDERS)
             for file in sorted((harness.ROOT / name).glob("*.c")) if file.name not in APART]
    return [(file, flags if file.parent.name == "cli" else [*flags, f"-Dmain=main_of_{file.parent.name}_{file.stem}"]) for file in files]


def list_sources(session):
    if session.options.sources is None:
        return list_own_sources(session)
    flags = ["-w", *shlex.split(session.options.flags)]
    return [(pathlib.Path(file).resolve(), flags) for file in session.options.sources.split()]


def make_module(session, sources):
    """All sources as one module."""
    clang, parts = bench_heap.find_tool(session, "clang"), []
    for index, (file, flags) in enumerate(sources):
        session.say(f"clang -O2 -emit-llvm {file.name}")
        parts.append(session.work / f"{index}.bc")
        harness.run_program([clang, "-O2", *flags, "-emit-llvm", "-c", file, "-o", parts[-1]])
    module = session.work / "program.bc"
    harness.run_program([bench_heap.find_tool(session, "llvm-link"), *parts, "-o", module])
    return module


def compile_all(session, sources):
    """Every source by clang -O2, one after the other; the memory is that of the largest."""
    clang, total = bench_heap.find_tool(session, "clang"), {"seconds": 0.0, "cpu": 0.0, "memory": 0}
    for file, flags in sources:
        session.say(f"clang -O2 {file.name}")
        run = harness.run_measured([clang, "-O2", *flags, "-c", file, "-o", session.work / "object.o"])
        total = {"seconds": total["seconds"] + run["seconds"], "cpu": total["cpu"] + run["cpu"],
                 "memory": max(total["memory"], run["memory"])}
    return total


def rewrite(session, module, words):
    session.say(" ".join(words))
    out = [] if words[0] == "analyze" else ["-o", session.work / "better.bc"]
    return harness.run_measured([session.program("vmemopt"), *words, "--whole-program", module, *out])


def count_lines(sources):
    return sum(file.read_bytes().count(b"\n") for file, _ in sources)


def run(session):
    given = session.options.module
    sources = [(given.resolve(), [])] if given else list_sources(session)
    module = given.resolve() if given else make_module(session, sources)
    commands = {"analyze": ["analyze"], "opt": ["opt"], "opt --heaps": ["opt", "--heaps"]}
    subjects = {"clang -O2": lambda: compile_all(session, sources)}
    subjects.update({name: (lambda words=words: rewrite(session, module, words)) for name, words in commands.items()})
    samples = harness.take_turns(subjects, session.options.runs or (1 if session.quick else 3))
    clang = samples["clang -O2"]
    if given is None:
        session.add("lines of C", [count_lines(sources)], "")
    session.add("clang -O2", [one["cpu"] for one in clang], "s")
    session.add("clang -O2 memory", [one["memory"] for one in clang], "B")
    most = SHARE * min(one["cpu"] for one in clang)
    for name in commands:
        session.add(name, [one["cpu"] for one in samples[name]], "s", None if given else most, "clang -O2", [one["cpu"] for one in clang])
        session.add(f"{name} memory", [one["memory"] for one in samples[name]], "B", MOST_BYTES, "clang -O2",
                    [one["memory"] for one in clang])
