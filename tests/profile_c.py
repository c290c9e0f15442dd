#!/usr/bin/env python3
"""The C programs of corpus/c, instrumented, run, and laid out by what they told.

    profile_c.py VMEMOPT SOURCE_DIRECTORY LLVM_TOOLS LIBVMEMRT [--program=NAME] [--show]

Each program is compiled at -O0 and -O2, rewritten by `opt --heaps --instrument`, and run: it prints what it printed, and writes a profile
that docs/profile.schema.json describes and that adds up. Compiled
anew, it is rewritten by `opt --heaps --profile`, for which all sites are known again, and prints the same, with overwritten memory
and under AddressSanitizer too. The report expects what was counted, and there are no more heaps than without a profile.

A program that makes little in each call while it is watched (unseen_input.c) frees nothing one by one in such calls. Given more, it
needs no more memory than the original.
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import jsonschema

from corpus_c import Fault, must, run, with_sanitizer

LEVELS = ["-O0", "-O2"]


def adds_up(profile, name):
    """What holds of every profile."""
    count = len(profile["sites"])
    for number, site in enumerate(profile["sites"]):
        def wrong(what):
            raise Fault(f"{name}: site {number}, {site['function']}:{site['line']}: {what}: {site}")
        if site["left_objects"] != site["count"] - site["frees"]:
            wrong("objects that are made, freed and left")
        if not site["left_bytes"] <= site["peak_bytes"] <= site["bytes"]:
            wrong("bytes")
        if not site["left_objects"] <= site["peak_objects"] <= site["count"]:
            wrong("objects at a time")
        if site["mean_life"] > site["longest_life"] or site["longest_life"] > profile["clock"]:
            wrong("lives")
        if (int(site["alive"], 16) != 0) != (site["count"] != 0):
            wrong("parts of the run")
        if any(other["site"] >= count for other in site["followed_by"] + site["freed_before"]):
            wrong("neighbours")
        if sum(size["count"] for size in site["sizes"]) > site["count"]:
            wrong("sizes")
    if sum(site["bytes"] for site in profile["sites"]) != profile["clock"] or profile["lost"] != 0:
        raise Fault(f"{name}: the clock")
    followed = sum(other["count"] for site in profile["sites"] for other in site["followed_by"])
    made = sum(site["count"] for site in profile["sites"])
    if followed > made:
        raise Fault(f"{name}: {followed} objects followed another of {made}")


def check(tool, clang, source, level, work, library, schema):
    stem = work / f"{source.stem}{level}"
    module, better, told = (str(stem) + suffix for suffix in (".bc", ".ll", ".profile"))
    original, watched, laid_out, sanitized = (str(stem) + suffix for suffix in (".original", ".watched", ".laid_out", ".sanitized"))
    link = [library, f"-Wl,-rpath,{os.path.dirname(os.path.abspath(library))}", "-pthread", "-lm"]
    compiler = [clang, "-g", level, "-DKEEP=0", "-emit-llvm", "-c", source, "-o", module]
    must(compiler)
    must([clang, level, module, "-o", original, "-pthread", "-lm"])
    wanted = run([original])
    must([tool, "opt", "--heaps", "--whole-program", "--instrument", module, "-o", better])
    must([clang, level, better, "-o", watched, *link])
    got = run([watched], env={**os.environ, "VMEMOPT_PROFILE_FILE": told})
    if wanted[:2] != got[:2]:
        raise Fault(f"{source.name} {level}: instrumented: exit code {wanted[0]} became {got[0]}, or the output differs: {got[2][:500]}")
    profile = json.loads(pathlib.Path(told).read_text())
    jsonschema.validate(profile, schema)
    adds_up(profile, f"{source.name} {level}")
    must(compiler)
    plain = json.loads(must([tool, "analyze", "--heaps", "--whole-program", module, "--json"]))
    report = pathlib.Path(str(stem) + ".json")
    code, _, err = run([tool, "opt", "--heaps", "--whole-program", f"--profile={told}", module, "-o", better, f"--json={report}"])
    if code != 0 or err:
        raise Fault(f"{source.name} {level}: with its own profile: {code}: {err[:500]}")
    heaps = json.loads(report.read_text())["heaps"]
    if any(site["run"] is None and site["allocator"] in ("malloc", "calloc", "realloc") for site in heaps["sites"]):
        raise Fault(f"{source.name} {level}: a site of which nothing is told")
    if len(heaps["heaps"]) > max(len(plain["heaps"]["heaps"]), len(profile["sites"])):
        raise Fault(f"{source.name} {level}: {len(heaps['heaps'])} heaps, {len(plain['heaps']['heaps'])} without a profile")
    expected = sum(heap["expected_objects"] for heap in heaps["heaps"])
    counted = sum(site["run"]["objects"] for site in heaps["sites"] if site["heap"] is not None)
    if expected != counted:
        raise Fault(f"{source.name} {level}: {expected} objects are expected, and {counted} were made")
    must([clang, level, better, "-o", laid_out, *link])
    text = pathlib.Path(better).read_text()
    pathlib.Path(better).write_text(with_sanitizer(text))
    must([clang, "-g", level, "-fsanitize=address", better, "-o", sanitized, *link])
    for program, name, value in ((laid_out, "VMEMRT_OPTIONS", ""), (laid_out, "VMEMRT_OPTIONS", "poison=1"),
                                 (sanitized, "ASAN_OPTIONS", "detect_leaks=0")):
        got = run([program], env={**os.environ, name: value})
        if wanted[:2] != got[:2]:
            raise Fault(f"{source.name} {level}: {name}={value}: exit code {wanted[0]} became {got[0]}, or the output differs: "
                        f"{got[2][:1500]}")
    return sum(site["count"] for site in profile["sites"])


def resident_kibibytes(command):
    """Of the process at most, and what it printed."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss, (process.returncode, text)


def check_unseen(tool, clang, root, level, work, library, schema):
    source, stem = pathlib.Path(root, "tests", "unseen_input.c"), str(work / f"unseen{level}")
    module, better, told, report, original, laid_out = (stem + suffix for suffix in (".bc", ".ll", ".profile", ".json", "", ".laid_out"))
    link = [library, f"-Wl,-rpath,{os.path.dirname(os.path.abspath(library))}"]
    rewrite = [tool, "opt", "--heaps", "--whole-program", "--max-stack=8", module, "-o", better]
    must([clang, "-g", level, "-emit-llvm", "-c", source, "-o", module])
    must([clang, module, "-o", original])
    must([*rewrite, f"--instrument={told}"])
    must([clang, better, "-o", laid_out, *link])
    must([laid_out])
    profile = json.loads(pathlib.Path(told).read_text())
    jsonschema.validate(profile, schema)
    counted = sum(site.get("scope_bytes", 0) for site in profile["sites"])
    if not 29 * 24 <= counted <= 29 * 32:
        raise Fault(f"unseen {level}: {counted} bytes in a call, which makes 10 to 29 cells")
    must([*rewrite, f"--profile={told}", f"--json={report}"])
    if [heap["block"] for heap in json.loads(pathlib.Path(report).read_text())["heaps"]["heaps"]] != [16384]:
        raise Fault(f"unseen {level}: no block")
    must([clang, level, better, "-o", laid_out, *link])
    for argument in ("1000", "3000000"):
        (was, wanted), (now, got) = (resident_kibibytes([program, argument]) for program in (original, laid_out))
        if wanted != got:
            raise Fault(f"unseen {level}: {argument}: {wanted} became {got}")
        if now > was + 2048: # what is not freed would be 72 MB
            raise Fault(f"unseen {level}: {argument}: {was} KiB became {now}")
    return sum(site["count"] for site in profile["sites"])


def main():
    options = [argument for argument in sys.argv[1:] if argument.startswith("--")]
    tool, root, tools, library = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    clang = os.path.join(tools, "clang")
    names = [option.split("=")[1] for option in options if option.startswith("--program=")]
    schema = json.loads(pathlib.Path(root, "docs", "profile.schema.json").read_text())
    sources = [path for path in sorted(pathlib.Path(root, "corpus", "c").glob("*.c")) if not names or path.stem in names]
    faults, objects = [], 0
    with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [(source, level, pool.submit(check, tool, clang, source, level, pathlib.Path(directory), library, schema))
                for source in sources for level in LEVELS]
        if not names:
            jobs += [(pathlib.Path("unseen_input.c"), level,
                      pool.submit(check_unseen, tool, clang, root, level, pathlib.Path(directory), library, schema)) for level in LEVELS]
        for source, level, job in jobs:
            try:
                counted = job.result()
                objects += counted
                if "--show" in options:
                    print(f"{source.name} {level}: {counted} objects")
            except (Fault, subprocess.TimeoutExpired, jsonschema.ValidationError) as fault:
                faults.append(str(fault))
    for fault in faults:
        print(fault)
    print(f"{len(sources)} programs, {objects} objects noted, {len(faults)} faults")
    return 1 if faults or not sources or objects == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
