"""libvmemrt: what an object costs, beside the least that is possible and beside other allocators.

Each measurement is a process of its own, the best of its rounds; the subjects take turns. Rows of WORKLOAD/SUBJECT:

  reset     1000 objects of 24 to 64 bytes: allocate, touch, then all are forgotten (or freed one by one): time of one
  cold      10^6 such objects in a process that has none yet: allocate and touch: time of one
  pair      64 bytes: taken, touched and given back at once: time of both
  lifo      64 bytes: 1000 are taken and touched, then given back in reverse order: time of both for one
  random    the same in a random order
  shared    64 bytes: taken and touched by one thread, given back by another: time of one
  scope     ten objects of 24 to 64 bytes, in a heap of their own, which then goes with them; or freed one by one: time of all
  mix       one of 20000 objects of 16 to 528 bytes is freed, and one of another size takes its place: time of both
  large     the same for 12 objects of 1 to 8 MiB, of which the first byte is touched
  grow      a vector grows by halves from 64 KiB to 64 MiB, each page of it touched: time of one growth
  intern    a text that is there among 10^5 of 12 bytes is interned again, by one thread and by two at once: time of one;
            and the bytes that such a text takes, everything included
  profile   objects of 32 bytes in an arena, noted in a profile that is off, or on, or not at all: time of one
  soa       the sum of one i64 field of 64-byte records that no cache holds: time of one record

and rows WORKLOAD: SUBJECT over PEER, in which one least is divided by the other; these have the targets. A peer that is
not installed is a row that says so. Debian: libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4 libapr1 libtalloc2
libglib2.0-0.
"""
import ctypes.util
import json
import os

import harness
import runtime_text

PRELOADED = {"jemalloc": "jemalloc", "mimalloc": "mimalloc", "tcmalloc": "tcmalloc_minimal"}
MALLOCS = ["glibc", *PRELOADED]
WHOLE = ["limit", "arena", "arena with limits", "bump", *MALLOCS, "obstack", "apr", "talloc", "glib"]
SHARED = ["shared pool", *MALLOCS, "glib"]
HEAPS = ["heap", "shared heap", *MALLOCS]
SINGLE = ["limit", "pool", "pool with limits", "heap", *MALLOCS, "glib"]
WORKLOADS = {"reset": WHOLE, "cold": WHOLE, "pair": SINGLE, "lifo": SINGLE, "random": SINGLE,
             "shared": SHARED, "scope": ["bump", *HEAPS], "mix": HEAPS, "large": HEAPS, "grow": HEAPS}

# Measurements with programs of their own.
OTHERS = {"intern": runtime_text.measure_interner, "soa": runtime_text.measure_soa,
          "profile": runtime_text.measure_profile}

# (workload, subject, peer): the most that the subject's time may be over the peer's.
TARGETS = {
    ("reset", "arena", "limit"): 1.3,
    ("reset", "arena", "glibc"): 1 / 9, ("reset", "arena", "jemalloc"): 1 / 7, ("reset", "arena", "mimalloc"): 1 / 3,
    ("reset", "arena with limits", "arena"): 1.03,
    ("cold", "arena", "glibc"): 1 / 6, ("cold", "arena", "mimalloc"): 1 / 1.2,
    ("pair", "pool", "mimalloc"): 1 / 3.5, ("lifo", "pool", "mimalloc"): 1 / 1.7, ("random", "pool", "mimalloc"): 1 / 3,
    ("pair", "pool with limits", "pool"): 1.03,
    ("shared", "shared pool", "mimalloc"): 1.0,
}


def add_options(parser):
    parser.add_argument("--workloads", metavar="LIST", help=f"of: {','.join([*WORKLOADS, *OTHERS])}")


def find_preload(name):
    """The file of a library as the linker knows it, or None."""
    return ctypes.util.find_library(PRELOADED[name])


def measure(session, workload, subject):
    """Nanoseconds of one operation, or None when the subject is not installed."""
    environment = {**os.environ, "LC_ALL": "C", "ASAN_OPTIONS": "detect_leaks=0"}
    if subject in PRELOADED:
        library = find_preload(subject)
        if library is None or harness.read_cache(session.build).get("VMEMOPT_SANITIZE"):
            return None
        environment["LD_PRELOAD"] = library
    said = json.loads(harness.run_program([session.program("bench-runtime"), workload, subject], env=environment))
    return said.get("ns")


def run_workload(session, workload, runs):
    subjects = {subject: (lambda name=subject: measure(session, workload, name)) for subject in WORKLOADS[workload]}
    samples = harness.take_turns(subjects, runs)
    for subject, times in samples.items():
        if None in times:
            session.rows.append(absent_row(f"{workload}/{subject}"))
        else:
            session.add(f"{workload}/{subject}", [time * 1e-9 for time in times], "s")
    for (name, subject, peer), target in TARGETS.items():
        if name == workload and None not in samples[subject] + samples[peer]:
            session.add(f"{workload}: {subject} over {peer}", [min(samples[subject]) / min(samples[peer])], "x", target)


def absent_row(name):
    return {"name": name, "value": None, "median": None, "runs": 0, "unit": "s", "peer": "not installed",
            "peer_value": None, "ratio": None}


def run(session):
    names = [*WORKLOADS, *OTHERS]
    wanted = session.options.workloads.split(",") if session.options.workloads else names
    for workload in wanted:
        if workload not in names:
            raise harness.BenchError(f"there is no workload {workload}; there are: {', '.join(names)}")
    for workload in wanted:
        session.say(workload)
        if workload in OTHERS:
            OTHERS[workload](session)
        else:
            run_workload(session, workload, session.options.runs or (2 if session.quick else 9))
