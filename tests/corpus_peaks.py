#!/usr/bin/env python3
"""Checks that each function of the corpus has the peak that its program's head comment expects.

    corpus_peaks.py VMEMOPT SOURCE_DIRECTORY

A head comment has, for each function of the program, a line such as

    // expected peak of @pagerank: 16*N = 16000 bytes for N = 1000, E = 5000 (as written 24*N = 24000, arena 16000)

which may be broken, with the next line indented. It gives the peak as planned (`peak_inplace_bytes`), first as a size
expression over dims and then as a number; the dims it is for; the peak of the program as written (`peak_bytes`), in the
same way; and the arena's bytes. An expression that is a number stands once. What follows is for people: who makes up
the peak.

Tested are the numbers, with these dims given; the expressions, with these dims, with half of them, and with 7 more of
each; and the expressions of the report for the same program with all bounded dims left free, at the same dims.
"""
import glob
import json
import os
import re
import subprocess
import sys

EXPECTED = re.compile(r"expected peak of @(\w+): (?:([^=]+) = )?(\d+) bytes(?: for ([^()]*?))? "
                      r"\(as written (?:([^=]+) = )?(\d+), arena (\d+)\)")


def evaluate(expression, dims):
    """A size expression, whose quotients are rounded down."""
    return eval(expression.replace("/", "//"), {"__builtins__": {}, "max": max}, dims)


def head_of(text):
    """The comment at the top, its lines joined."""
    lines = []
    for line in text.split("\n"):
        if not line.startswith("//"):
            break
        lines.append(line[2:].strip())
    return " ".join(lines)


def analyse(tool, text, dims):
    options = ["--dim", ",".join(f"{name}={value}" for name, value in dims.items())] if dims else []
    done = subprocess.run([tool, "analyze", "-", "--json", "--detail=summary", *options], input=text, text=True,
                          capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        raise ValueError(f"exit code {done.returncode}: {done.stderr}")
    return {function["name"]: function["summary"] for function in json.loads(done.stdout)["functions"]}


def other_dims(text, dims):
    """Half of each dim, and 7 more than each, within the declared bounds."""
    bounds = {name: int(limit) for name, limit in re.findall(r"^dim (\w+) <= (\d+)", text, re.M)}
    yield {name: value // 2 for name, value in dims.items()}
    yield {name: min(value + 7, bounds.get(name, value + 7)) for name, value in dims.items()}


def check_expressions(tool, text, function, dims, planned, written):
    fixed = {name: int(value) for name, value in re.findall(r"^dim (\w+) = (\d+)", text, re.M)}
    free = analyse(tool, re.sub(r"^(dim \w+) <= \d+", r"\1", text, flags=re.M), {})[function]
    for given in [dims, *other_dims(text, dims)]:
        summary = analyse(tool, text, given)[function]
        for key, expression in (("peak_inplace", planned), ("peak", written)):
            number = summary[key + "_bytes"]
            if evaluate(expression, fixed | given) != number:
                yield f"{key}_bytes of @{function} is {number} for {given}, but {expression} is " \
                      f"{evaluate(expression, fixed | given)}"
            if not dims:
                continue
            symbolic = free.get(key + "_expr") or str(free[key + "_bytes"])
            if evaluate(symbolic, fixed | given) != number:
                yield f"{key}_bytes of @{function} is {number} for {given}, but the report's {symbolic} is " \
                      f"{evaluate(symbolic, fixed | given)}"


def check_program(tool, path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    head = head_of(text)
    lines = list(EXPECTED.finditer(head))
    if len(lines) != head.count("expected peak"):
        yield "a line with an expected peak is not in the form that this test reads"
    expected = {line[1] for line in lines}
    functions = set(re.findall(r"^func @(\w+)", text, re.M))
    if expected != functions or len(lines) != len(functions):
        yield f"expected peaks are there of {sorted(expected)}, functions are {sorted(functions)}"
        return
    for line in lines:
        dims = {name: int(value) for name, value in re.findall(r"(\w+) = (\d+)", line[4] or "")}
        open_dims = set(re.findall(r"^dim (\w+)(?: <= \d+)?\s*$", text, re.M))
        if set(dims) != open_dims:
            yield f"the peak of @{line[1]} must be given for the dims {sorted(open_dims)}"
            continue
        summary = analyse(tool, text, dims)[line[1]]
        for key, number in (("peak_inplace_bytes", line[3]), ("peak_bytes", line[6]), ("arena_bytes", line[7])):
            if summary[key] != int(number):
                yield f"{key} of @{line[1]} is {summary[key]}, expected was {number}"
        yield from check_expressions(tool, text, line[1], dims, line[2] or line[3], line[5] or line[6])


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    tool, source = sys.argv[1:]
    paths = sorted(glob.glob(os.path.join(source, "corpus", "*", "*.vmir")))
    faults = []
    for path in paths:
        try:
            faults += [f"{os.path.relpath(path, source)}: {fault}" for fault in check_program(tool, path)]
        except (ValueError, KeyError, SyntaxError, NameError) as fault:
            faults.append(f"{os.path.relpath(path, source)}: {fault}")
    for fault in faults:
        print(fault)
    print(f"{len(paths)} programs, {len(faults)} faults")
    return 1 if faults or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
