#!/usr/bin/env python3
"""numpy_peers.py NAME RUNS ARGUMENT...: the chain and the stencil of bench/codegen in NumPy, as one would write them.

Prints the seconds of each run, and at the end the most bytes that arrays held beyond the inputs, in a run of its own.
"""
import sys
import time
import tracemalloc

import numpy


def chain(x, y):
    a = x * 1.5
    b = a + y
    c = numpy.abs(b)
    d = numpy.sqrt(c)
    e = d - x
    f = e * e
    g = numpy.maximum(f, y)
    return g + 1.0


def stencil(plate, steps, r):
    u = numpy.zeros((plate.shape[0] + 2, plate.shape[1] + 2))
    u[1:-1, 1:-1] = plate
    for _ in range(steps):
        around = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]
        u[1:-1, 1:-1] += (around - 4.0 * u[1:-1, 1:-1]) * r
    return u[1:-1, 1:-1]


def main():
    name, runs, *words = sys.argv[1:]
    if name == "chain":
        arguments = [numpy.load(word) for word in words]
        compute = chain
    else:
        arguments = [numpy.load(words[0]), int(words[1]), float(words[2])]
        compute = stencil
    for _ in range(int(runs)):
        begin = time.perf_counter()
        compute(*arguments)
        print(f"{time.perf_counter() - begin:.9f}")
    tracemalloc.start()
    result = compute(*arguments)
    print("peak", tracemalloc.get_traced_memory()[1])
    print("sum", repr(float(result.sum())))


if __name__ == "__main__":
    main()
