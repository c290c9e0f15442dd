#!/usr/bin/env python3
"""smoke.py BUILD: tools/bench runs, with a small program of each shape, and its JSON is what bench/harness.py says.

No time is looked at. Programs differ with the seed and with nothing else.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "bench"))

import bench_analysis  # noqa: E402

KEYS = {"name", "value", "median", "runs", "unit", "peer", "peer_value", "ratio"}


def run(*command):
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def check_report(report, bench):
    assert report["schema"] == "vmemopt.bench/1" and report["bench"] == bench and report["quick"] is True
    assert report["machine"]["cpu"] and report["machine"]["cores"] >= 1
    assert report["versions"]["vmemopt"] and report["date"].endswith("Z")
    assert report["rows"], "no rows"
    for row in report["rows"]:
        keys = set(row)
        assert keys == KEYS or keys == KEYS | {"target", "met"}, row
        if row["value"] is None:
            assert row["peer"] == "not installed" and row["runs"] == 0, row
            continue
        assert isinstance(row["value"], (int, float)) and row["value"] <= row["median"], row
        assert (row["peer_value"] is None) == (row["ratio"] is None), row


def check_analysis(build, file, ops):
    table = run(ROOT / "tools/bench", "analysis", "--quick", f"--ops={ops // 10},{ops}", f"--build={build}", f"--json={file}")
    report = json.loads(file.read_text(encoding="utf-8"))
    check_report(report, "analysis")
    names = {row["name"] for row in report["rows"]}
    for shape in bench_analysis.SHAPES:
        assert {f"{shape}/{ops // 10} facts", f"{shape}/{ops} json", f"{shape}/{ops} plan growth"} <= names, shape
    assert all(name in table for name in names)


def check_planner(build, folder):
    (folder / "three.16.csv").write_text("id,lower,upper,size\na,0,2,8\nb,1,3,8\nc,2,4,8\n", encoding="ascii")
    text = run(ROOT / "tools/bench", "planner", "--quick", f"--data={folder}", f"--build={build}", "--json=-")
    report = json.loads(text)
    check_report(report, "planner")
    rows = {row["name"]: row for row in report["rows"]}
    assert rows["three minimised height over bound"]["value"] == 1.0
    assert rows["three.16 height over capacity"]["met"] is True
    assert rows["three.16 time"]["peer"].startswith("minimalloc")
    assert any(name.startswith("perfect packing, cut, 100 ") for name in rows)
    assert "program of 1000 buffers height over bound" in rows


def check_runtime(build):
    text = run(ROOT / "tools/bench", "runtime", "--quick", "--runs=1", f"--build={build}", "--json=-")
    report = json.loads(text)
    check_report(report, "runtime")
    rows = {row["name"]: row for row in report["rows"]}
    for name in ("reset/limit", "reset/arena", "reset/glibc", "cold/arena", "random/pool"):
        assert rows[name]["value"] > 0, name
    assert "reset: arena over limit" in rows


def check_managed(build):
    text = run(ROOT / "tools/bench", "managed", "--quick", "--runs=1", f"--build={build}", "--json=-",
               "--workloads=refill,pause,engine,stack")
    report = json.loads(text)
    check_report(report, "managed")
    rows = {row["name"]: row for row in report["rows"]}
    for name in ("refill/managed", "refill/parallel", "pause: longest of a run", "engine/plain", "engine/managed",
                 "engine: managed over plain, allocations", "stack: manager on over off"):
        assert rows[name]["value"] > 0, name


def check_codegen(build):
    text = run(sys.executable, ROOT / "tools/bench", "codegen", "--quick", f"--build={build}",
               "--only=chain,stencil,pagerank", "--json=-")
    report = json.loads(text)
    check_report(report, "codegen")
    rows = {(row["name"], row["peer"]) for row in report["rows"]}
    assert {("chain time", "C by hand"), ("chain memory", "numpy"), ("pagerank time", "C by hand")} <= rows, rows


def check_heap(build):
    text = run(sys.executable, ROOT / "tools/bench", "heap", "--quick", f"--build={build}", "--json=-",
               "--only=bitonic_tree,factor,delaunay")
    report = json.loads(text)
    check_report(report, "heap")
    rows = {row["name"]: row for row in report["rows"]}
    for kind in ("tree sort", "factoring", "Delaunay", "Delaunay, freed"):
        assert rows[f"{kind}: calls of malloc"]["peer_value"] > 100, kind
        for what in ("time over glibc", "memory over glibc", "page faults", "peak memory"):
            assert rows[f"{kind}: {what}"]["value"] > 0, (kind, what)
    assert 0 <= rows["sites left with malloc, of all"]["value"] < 1
    assert "met" in rows["factoring: memory over glibc"] and "met" not in rows["Delaunay, freed: time over glibc"]


def check_llvm(build):
    source = ROOT / "corpus" / "c" / "stages.c"
    text = run(sys.executable, ROOT / "tools/bench", "llvm", "--quick", f"--build={build}", "--json=-", f"--sources={source}",
               "--flags=-DKEEP=1")
    report = json.loads(text)
    check_report(report, "llvm")
    rows = {row["name"]: row for row in report["rows"]}
    assert rows["lines of C"]["value"] == len(source.read_text(encoding="utf-8").splitlines())
    for name in ("analyze", "opt", "opt --heaps"):
        assert rows[name]["value"] > 0 and "met" in rows[name], name
        assert rows[f"{name} memory"]["peer_value"] == rows["clang -O2 memory"]["value"] > 0, name


def check_generator(build):
    generate = pathlib.Path(build) / "bin" / "bench-generate"
    first = run(generate, "random", 1000, 7)
    assert first == run(generate, "random", 1000, 7)
    assert first != run(generate, "random", 1000, 8)


def main():
    build = sys.argv[1]
    cache = (pathlib.Path(build) / "CMakeCache.txt").read_text(encoding="utf-8")
    sanitized = re.search("^VMEMOPT_SANITIZE:[A-Z]+=.", cache, re.MULTILINE)
    listed = run(ROOT / "tools/bench")
    assert "analysis" in listed and "planner" in listed and "runtime" in listed
    with tempfile.TemporaryDirectory() as folder:
        check_generator(build)
        check_analysis(build, pathlib.Path(folder) / "rows.json", 500 if sanitized else 1000)
        check_planner(build, pathlib.Path(folder))
    check_runtime(build)
    check_managed(build)
    if "VMEMOPT_LLVM:BOOL=ON" not in cache:
        return
    if sanitized:
        print("left out: heap, whose programs cannot be linked with a runtime that is built for a sanitizer, codegen and llvm")
    else:
        check_codegen(build)
        check_heap(build)
        check_llvm(build)


if __name__ == "__main__":
    main()
