"""Compiled programs against C by hand, NumPy and all results kept: time, peak memory, time to compile.

The programs are those of bench/codegen; what they are compared with is in bench/codegen.c (-O3 -march=native) and
bench/numpy_peers.py. All take turns in one run on the same inputs. A call's time is that of the computation alone: inputs
are in memory, the arena is there. Memory is what is held beyond the inputs; an argument that the program overwrites
counts, since its caller has to keep a copy.
"""
import importlib.util
import json
import pathlib
import re
import sys

import harness

NEEDS_LLVM = True
HERE = pathlib.Path(__file__).resolve().parent
WORKLOADS = ("chain", "stencil", "pagerank", "matmul", "kmeans")
BESIDE_C, BESIDE_NUMPY = 1.1, 0.5


def add_options(parser):
    parser.add_argument("--only", metavar="NAME,...", help=f"of {', '.join(WORKLOADS)}, compile, corpus")
    parser.add_argument("--level", default="2", help="-O of the programs: 2")


# ---- inputs ----

def save(session, name, array):
    import numpy
    path = session.work / f"{name}.npy"
    numpy.save(path, array)
    return path


def random_graph(source, nodes, edges):
    """Rows and columns of a graph with `edges` stored edges; every node has one at least."""
    import numpy
    ends = numpy.sort(numpy.concatenate([numpy.arange(nodes), source.integers(0, nodes, edges - nodes)]))
    row = numpy.concatenate([[0], numpy.cumsum(numpy.bincount(ends, minlength=nodes))]).astype("i8")
    return row, source.integers(0, nodes, edges).astype("i4")


def make_inputs(session, name):
    """(program, our arguments, the peers' arguments, bytes of arguments that are overwritten)."""
    import numpy
    source, quick = numpy.random.default_rng(7), session.quick
    program = HERE / "codegen" / f"{name}.vmir"
    if name == "chain":
        files = [save(session, part, source.random(10**5 if quick else 10**7)) for part in ("x", "y")]
        return program, [f"x=@{files[0]}", f"y=@{files[1]}"], files, 0
    if name == "stencil":
        size, steps = (128, 3) if quick else (4096, 5)
        plate = save(session, "plate", source.random((size, size)))
        return program, [f"heat=@{plate}", f"steps={steps}", "r=0.2"], [plate, steps, 0.2], 8 * size * size
    if name == "pagerank":
        nodes, edges, rounds = (1000, 10000, 3) if quick else (10**6, 10**7, 20)
        row, col = (save(session, part, array)
                    for part, array in zip(("row", "col"), random_graph(source, nodes, edges)))
        program = harness.ROOT / "corpus" / "graph" / "pagerank.vmir"
        return program, [f"row=@{row}", f"col=@{col}", "rank=1", f"iters={rounds}"], [row, col, rounds], 8 * nodes
    if name == "matmul":
        size = 64 if quick else 1024
        files = [save(session, part, source.random((size, size))) for part in ("a", "b")]
        return program, [f"x=@{files[0]}", f"y=@{files[1]}"], files, 0
    count, axes, groups, rounds = (1000, 8, 8, 3) if quick else (200000, 16, 32, 10)
    points = save(session, "points", source.random((count, axes), dtype="f4"))
    first = save(session, "first", source.random((groups, axes), dtype="f4"))
    program = harness.ROOT / "corpus" / "ml" / "kmeans.vmir"
    return program, [f"points=@{points}", f"first=@{first}", f"rounds={rounds}"], [points, first, rounds], 0


# ---- one of each ----

def run_ours(session, program, arguments, more=()):
    text = harness.run_program([session.program("vmemopt"), "run", program, "--measure=jit", "--json",
                                f"-O{session.options.level}", *more, *(f"--arg={word}" for word in arguments)])
    report = json.loads(text)
    return report["measure"] | {"results": report["results"]}


def read_peer(text):
    """The seconds, and what stands behind words."""
    seconds, named = [], {}
    for line in text.split("\n"):
        words = line.split()
        if len(words) == 2:
            named[words[0]] = float(words[1])
        elif words:
            seconds.append(float(words[0]))
    return min(seconds), named


def agree(name, ours, theirs):
    """The sums of a result: a peer that computes something else would be no peer."""
    import math
    result = ours["results"][0]
    total = result["mean"] * math.prod(result["sizes"])
    if not abs(total - theirs) <= 1e-3 * max(1.0, abs(theirs)):
        raise harness.BenchError(f"{name}: the sum of the result is {total}, and the peer's is {theirs}")


def measure_workload(session, name):
    program, arguments, words, overwritten = make_inputs(session, name)
    runs = 2 if session.quick else 5
    subjects = {"ours": lambda: run_ours(session, program, arguments),
                "c": lambda: read_peer(harness.run_program([session.program("bench-codegen"), name, runs, *words]))}
    if name in ("chain", "stencil"):
        subjects["numpy"] = lambda: read_peer(
            harness.run_program([sys.executable, HERE / "numpy_peers.py", name, runs, *words]))
    session.say(name)
    samples = harness.take_turns(subjects, 2 if session.quick else 3)
    ours = [sample["call_seconds"] for sample in samples["ours"]]
    peers = [seconds for seconds, _ in samples["c"]]
    agree(name, samples["ours"][0], samples["c"][0][1]["sum"])
    session.add(f"{name} time", ours, "s", target=BESIDE_C * min(peers), peer="C by hand", peer_samples=peers)
    if "numpy" not in samples:
        return
    agree(name, samples["ours"][0], samples["numpy"][0][1]["sum"])
    peers = [seconds for seconds, _ in samples["numpy"]]
    session.add(f"{name} time", ours, "s", target=BESIDE_NUMPY * min(peers), peer="numpy", peer_samples=peers)
    held = [sample["planned_bytes"] + overwritten for sample in samples["ours"]]
    peers = [int(named["peak"]) for _, named in samples["numpy"]]
    session.add(f"{name} memory", held, "B", target=BESIDE_NUMPY * min(peers), peer="numpy", peer_samples=peers)


# ---- compiling ----

def measure_compile(session):
    count = 1000 if session.quick else 10000
    path = session.work / "program.vmir"
    path.write_text(harness.run_program([session.program("bench-generate"), "chain", count]), encoding="ascii")
    runs = [run_ours(session, path, [])["compile_seconds"] for _ in range(1 if session.quick else 3)]
    session.add(f"compile a chain of {count} ops", runs, "s", target=5.0)


# ---- the corpus ----

def load_peaks():
    spec = importlib.util.spec_from_file_location("corpus_peaks", harness.ROOT / "tests" / "corpus_peaks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def summarise(session, path, function, level, options):
    report = json.loads(harness.run_program([session.program("vmemopt"), "analyze", path, "--json", "--detail=summary",
                                             f"-O{level}", *options]))
    return next(part["summary"] for part in report["functions"] if part["name"] == function)


def calls_others(text, function):
    """Whether the function calls one: the arena has room for what that one keeps, the bytes of all results have not."""
    body = re.search(rf"^func @{re.escape(function)}\b.*?^}}", text, re.MULTILINE | re.DOTALL)
    return body is not None and re.search(r"\bcall @", body[0]) is not None


def corpus_rows(session):
    """(function, bytes of all results as the program is written, bytes of the arena) for each expected peak of the corpus,
    at the sizes that it names; functions that call others are left out."""
    peaks = load_peaks()
    for path in sorted((harness.ROOT / "corpus").glob("*/*.vmir")):
        text = path.read_text(encoding="utf-8")
        for found in peaks.EXPECTED.finditer(peaks.head_of(text)):
            if calls_others(text, found[1]):
                continue
            dims = {name: int(value) for name, value in
                    (part.split(" = ") for part in (found[4] or "").split(", ") if part)}
            options = ["--dim", ",".join(f"{name}={value}" for name, value in dims.items())] if dims else []
            written = summarise(session, path, found[1], 0, options)
            planned = summarise(session, path, found[1], session.options.level, options)
            yield f"{path.parent.name}/{path.stem} @{found[1]}", written["total_bytes"], planned["arena_bytes"]


def measure_corpus(session):
    import statistics
    shares = []
    for name, total, arena in corpus_rows(session):
        if not total:
            continue
        shares.append(arena / total)
        target = 0.5 * total if name.startswith(("graph/pagerank", "graph/hits")) else None
        session.add(f"{name} arena", [arena], "B", target=target, peer="all results", peer_samples=[total])
    session.add("corpus, median of arena over all results", [statistics.median(shares)], "", target=0.7)


def run(session):
    try:
        import numpy  # noqa: F401  the inputs are made with it
    except ImportError as error:
        raise harness.BenchError("NumPy is missing: tools/setup installs it") from error
    wanted = session.options.only.split(",") if session.options.only else [*WORKLOADS, "compile", "corpus"]
    for name in wanted:
        if name in WORKLOADS:
            measure_workload(session, name)
        elif name == "compile":
            measure_compile(session)
        elif name == "corpus":
            measure_corpus(session)
        else:
            raise harness.BenchError(f"--only: there is no {name}")
