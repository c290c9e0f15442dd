#!/usr/bin/env python3
"""Compiled functions allocate nothing: many calls ask malloc for no more than one.

    no_allocations.py VMEMOPT SOURCE_DIRECTORY COUNTER      COUNTER: the library of tests/count_allocations.c
"""
import os
import re
import subprocess
import sys

TOOL, SOURCE, COUNTER = sys.argv[1:]
MORE_CALLS = 2000
PROGRAMS = [("tests/lit/run/compiled.vmir", "accumulate", ["--arg=x=random:1", "--dim=N=1000"]),
            ("tests/lit/run/compiled.vmir", "powers", ["--arg=x=random:1", "--arg=count=5", "--dim=N=1000"]),
            ("corpus/graph/pagerank.vmir", "pagerank", ["--arg=row=[0,1,3,4]", "--arg=col=[1,0,2,1]", "--arg=rank=1",
                                                        "--arg=iters=20"]),
            ("corpus/ml/kmeans.vmir", "kmeans", ["--dim=N=50,D=3,K=4", "--arg=*=random:3", "--arg=rounds=3"]),
            ("corpus/signal/stereo_compressor.vmir", "compress", ["--arg=*=random:1"])]


def count(path, function, options, calls):
    done = subprocess.run([TOOL, "run", os.path.join(SOURCE, path), function, "--engine=jit", f"--calls={calls}", *options],
                          capture_output=True, text=True, timeout=120, check=False,
                          env=os.environ | {"LD_PRELOAD": COUNTER})
    assert done.returncode == 0, done.stderr
    return int(re.search(r"^allocations (\d+)$", done.stderr, re.M)[1])


for path, function, options in PROGRAMS:
    once, often = count(path, function, options, 1), count(path, function, options, 1 + MORE_CALLS)
    print(f"{path} @{function}: {once} allocations for one call, {often} for {MORE_CALLS} more")
    # LLVM's own vary by some thirty from run to run; one in twenty calls would be more.
    assert once > 0 and often - once < MORE_CALLS // 20, (path, function)
