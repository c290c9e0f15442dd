"""Managed memory: the collected heap beside Boehm's collector and mimalloc, and a symbolic engine with and without values.

Each measurement is a process of its own; the subjects take turns. Rows of WORKLOAD/SUBJECT are times, best of the rounds:

  refill   10^6 objects of 32 bytes, nine of ten dropped at random: a full collection, and new ones in their place
  trees    binary trees of depth 18: a long-lived one, and many short-lived ones of depths 4 to 18
  mark     10^6 live objects of 32 bytes that refer to each other at random: a full collection
  pause    10^6 live objects, some replaced all the time: the longest pause of incremental cycles
  engine   10^4 random lines of a symbolic engine (corpus/vm), with malloc alone and with libvmemrt: time, peak bytes,
           allocations; the last 2000 results are kept
  stack    a stack machine that stores and loads variables by name, with its manager on and off

and the rows with targets divide one least by the other. Times of corpus/vm are of the processor, others of the clock. Debian:
libgc1 libmimalloc2.0. libgc marks with as many threads as there are processors; `managed` with one, `parallel` with two.
"""
import ctypes.util
import json
import os

import harness

LINES, SEED, TURNS = 10000, 7, 3000000


def add_options(parser):
    parser.add_argument("--workloads", metavar="LIST", help=f"of: {','.join(WORKLOADS)}")


def ask(session, program, *words, preload=None, text=None):
    environment = {**os.environ, "LC_ALL": "C"}
    if preload:
        environment["LD_PRELOAD"] = preload
    return json.loads(harness.run_program([session.program(program), *words], env=environment, input=text))


def measure(session, workload, subjects, runs):
    """Samples of each subject that is there."""
    samples = harness.take_turns(subjects, runs)
    kept = {}
    for subject, said in samples.items():
        if any("absent" in each for each in said):
            session.rows.append({"name": f"{workload}/{subject}", "value": None, "median": None, "runs": 0, "unit": "s",
                                 "peer": "not installed", "peer_value": None, "ratio": None})
            continue
        session.add(f"{workload}/{subject}", [each["s"] for each in said], "s")
        kept[subject] = said
    return kept


def least(samples, key="s"):
    return min(each[key] for each in samples)


def compare(session, name, samples, over, under, target, key="s"):
    """A row of one subject's least over another's, when both are there."""
    if over in samples and under in samples:
        session.add(name, [least(samples[over], key) / least(samples[under], key)], "x", target)


def run_heap(workload, target):
    def run(session, runs):
        subjects = {name: (lambda name=name: ask(session, "bench-collect", workload, name))
                    for name in ("managed", "parallel", "boehm")}
        kept = measure(session, workload, subjects, runs)
        compare(session, f"{workload}: managed with two threads over boehm", kept, "parallel", "boehm", None)
        compare(session, f"{workload}: managed over boehm", kept, "managed", "boehm", target)
    return run


def run_trees(session, runs):
    mimalloc = ctypes.util.find_library("mimalloc")
    subjects = {name: (lambda name=name: ask(session, "bench-collect", "trees", name)) for name in ("managed", "boehm")}
    subjects["mimalloc"] = (lambda: ask(session, "bench-collect", "trees", "malloc", preload=mimalloc) if mimalloc
                            else {"absent": "mimalloc"})
    kept = measure(session, "trees", subjects, runs)
    compare(session, "trees: managed over boehm", kept, "managed", "boehm", 1 / 4)
    compare(session, "trees: managed over mimalloc", kept, "managed", "mimalloc", 1.3)
    compare(session, "trees: managed over mimalloc, memory", kept, "managed", "mimalloc", 2, "bytes")


def run_pause(session, runs):
    said = [ask(session, "bench-collect", "pause", "managed") for _ in range(runs)]
    session.add("pause: longest of a run", [each["pause"] for each in said], "s", 1e-3)


def run_engine(session, runs):
    lines = harness.run_program([session.program("vm-engine-plain"), "--random", LINES, SEED])
    subjects = {name: (lambda name=name: ask(session, f"vm-engine-{name}", "--time", text=lines))
                for name in ("plain", "managed")}
    kept = measure(session, "engine", subjects, runs)
    counted = {name: [ask(session, f"vm-engine-{name}", "--figures", text=lines)] for name in subjects}
    compare(session, "engine: managed over plain", kept, "managed", "plain", 0.9)
    compare(session, "engine: managed over plain, peak memory", counted, "managed", "plain", 1 / 1.5, "peak")
    compare(session, "engine: managed over plain, allocations", counted, "managed", "plain", 1 / 3.3, "allocations")


def run_stack(session, runs):
    subjects = {name: (lambda name=name: ask(session, "vm-stack", name, TURNS)) for name in ("on", "off")}
    kept = measure(session, "stack", subjects, runs)
    compare(session, "stack: manager on over off", kept, "on", "off", 1.0)


WORKLOADS = {"refill": run_heap("refill", 1 / 3), "trees": run_trees, "mark": run_heap("mark", 1 / 3),
             "pause": run_pause, "engine": run_engine, "stack": run_stack}


def run(session):
    wanted = session.options.workloads.split(",") if session.options.workloads else list(WORKLOADS)
    for workload in wanted:
        if workload not in WORKLOADS:
            raise harness.BenchError(f"there is no workload {workload}; there are: {', '.join(WORKLOADS)}")
    for workload in wanted:
        session.say(workload)
        WORKLOADS[workload](session, session.options.runs or (2 if session.quick else 7))
