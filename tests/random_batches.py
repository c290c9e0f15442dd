"""Many random programs at once, as compiled and as rewritten: what makes tests/random_c.py and tests/random_heaps.py fast.

A compiler takes longer to start than to compile a program of some hundred lines, and so does a linker, above all with a sanitizer.
So clang and vmemopt are started once for a batch of programs (tests/random/many_runs.c), and all of them are linked to one
executable file for each sanitizer, by lld where it is there, of which tests/random/run_programs.c forks a process for each. For
that, what a module shows to others gets another name, main too. Nothing is judged here: the scripts compare what programs print, and
build each that differs, or of which something is missing, alone before they blame it.
"""
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import subprocess
import tempfile

AT_ONCE = 20  # programs
ALONE = 32  # one of so many is built alone, too
HERE = pathlib.Path(__file__).resolve().parent / "random"


@dataclasses.dataclass
class Build:
    """One way to build a program: its module as it is, or rewritten; clang's level; address, thread or none."""
    rewritten: bool
    level: str
    sanitizer: str = "none"
    options: str = ""  # of libvmemrt, while it runs


@dataclasses.dataclass
class Case:
    seed: int
    text: str
    flags: list  # of clang's front end
    rewrite: list  # options of `vmemopt opt`
    builds: dict  # by name
    count: int = 1  # of what main is given


@dataclasses.dataclass
class Tools:
    vmemopt: str
    clang: str
    link: list  # what programs are linked with
    environment: dict  # in which they run
    many_runs: str = ""
    run_programs: str = ""


def linker(clang):
    """Arguments that have clang link faster where it can be."""
    folder = pathlib.Path(clang).parent
    return [f"-B{folder}", "-fuse-ld=lld"] if (folder / "ld.lld").exists() else []


def sanitized(text, sanitizer):
    """Functions that are watched: all that have attributes, and those that have none."""
    if sanitizer == "none":
        return text
    text = re.sub(r"^(attributes #\d+ = \{)", rf"\1 sanitize_{sanitizer}", text, flags=re.M)
    return re.sub(r"^(define [^#\n]*\))( personality[^\n]*)? \{$", rf"\1 sanitize_{sanitizer}\2 {{", text, flags=re.M)


def renamed(text, tail):
    """The module with the tail at the end of each name that it defines for others."""
    shown = re.findall(r"^define (?!internal |private )[^@\n]*@([\w.]+)\(", text, flags=re.M)
    shown += re.findall(r"^@([\w.]+) = (?!internal |private |external |appending )", text, flags=re.M)
    return re.sub(rf"@({'|'.join(map(re.escape, shown))})(?![\w.])", rf"@\1{tail}", text)


def call(command, **more):
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, timeout=1800, check=False, **more)
    except subprocess.TimeoutExpired:
        return "timeout", b""
    return done.returncode, done.stdout


def run_lines(tools, program, lines):
    """Runs the program with each of these lists of arguments; what fails writes nothing."""
    text = "".join(" ".join([str(program), *map(str, line)]) + "\n" for line in lines)
    call([program], input=text.encode(), env={**os.environ, "LD_PRELOAD": str(tools.many_runs)})


def compile_all(tools, cases, work):
    """The entries (case, name) that could be built, as WORK/SEED.NAME.o."""
    for case in cases:
        (work / f"{case.seed}.c").write_text(case.text)
    run_lines(tools, tools.clang, [["-w", *case.flags, "-S", "-emit-llvm", work / f"{case.seed}.c", "-o", work / f"{case.seed}.ll"]
                                   for case in cases])
    run_lines(tools, tools.vmemopt, [["opt", "--whole-program", *case.rewrite, work / f"{case.seed}.ll", "-o",
                                      work / f"{case.seed}.better.ll"] for case in cases])
    lines = []
    for case in cases:
        for name, build in case.builds.items():
            module, output = work / f"{case.seed}{'.better' * build.rewritten}.ll", work / f"{case.seed}.{name}"
            if module.exists():
                text = sanitized(module.read_text(), build.sanitizer)
                pathlib.Path(f"{output}.ll").write_text(renamed(text, f"_{case.seed}_{name}"))
                lines.append(["-w", build.level, *watch(build.sanitizer), "-c", f"{output}.ll", "-o", f"{output}.o"])
    run_lines(tools, tools.clang, lines)
    return [(case, name) for case in cases for name in case.builds if (work / f"{case.seed}.{name}.o").exists()]


def watch(sanitizer):
    return [] if sanitizer == "none" else [f"-fsanitize={sanitizer}"]


def link_all(tools, sanitizer, objects, file):
    command = [tools.clang, "-w", *watch(sanitizer), *linker(tools.clang), "-rdynamic", tools.run_programs, *objects, "-o", file]
    return call([*command, *tools.link])[0] == 0


def run_all(tools, file, options, entries, work):
    """{(seed, name): (exit code, output, errors)}."""
    words = [word for case, name in entries for word in (f"main_{case.seed}_{name}", case.count, f"{work}/{case.seed}.{name}")]
    environment = {**os.environ, **tools.environment, **({"VMEMRT_OPTIONS": options} if options else {})}
    codes = dict(line.split() for line in call([file, *words], env=environment)[1].decode().splitlines())
    results = {}
    for case, name in entries:
        code, path = codes.get(f"main_{case.seed}_{name}"), f"{work}/{case.seed}.{name}"
        if code is not None and os.path.exists(path + ".err"): # not when its module has no main
            errors = pathlib.Path(path + ".err").read_text(errors="replace")
            results[case.seed, name] = (int(code), pathlib.Path(path + ".out").read_bytes(), errors)
    return results


def outcomes(tools, cases, work):
    """{(seed, name of build): (exit code, output, errors)}, of what could be built."""
    groups = {}
    for case, name in compile_all(tools, cases, work):
        groups.setdefault(case.builds[name].sanitizer, []).append((case, name))
    results = {}
    for sanitizer, entries in groups.items():
        file = work / f"all.{sanitizer}"
        if not link_all(tools, sanitizer, [work / f"{case.seed}.{name}.o" for case, name in entries], file):
            continue
        for options in sorted({case.builds[name].options for case, name in entries}):
            same = [(case, name) for case, name in entries if case.builds[name].options == options]
            results.update(run_all(tools, file, options, same, work))
    return results


def prepare(tools, work):
    tools.many_runs, tools.run_programs = work / "many_runs.so", work / "run_programs.o"
    for source, more, output in (("many_runs.c", ["-shared", "-fPIC"], tools.many_runs), ("run_programs.c", ["-c"], tools.run_programs)):
        code, _ = call([tools.clang, "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", *more, HERE / source, "-o", output])
        if code != 0:
            raise SystemExit(f"{HERE / source} does not compile")


def judge_all(tools, seeds, case_of, judge, jobs):
    """Yields what judge(seed, {name: outcome or None}) says of each program, in order, where it says something. Without case_of
    nothing is built here."""
    def judge_batch(batch):
        if case_of is None:
            return [judge(seed, {}) for seed in batch]
        cases = [case_of(seed) for seed in batch]
        with tempfile.TemporaryDirectory() as directory:
            found = outcomes(tools, cases, pathlib.Path(directory))
        return [judge(case.seed, {name: found.get((case.seed, name)) for name in case.builds}) for case in cases]

    with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        if case_of is not None:
            prepare(tools, pathlib.Path(directory))
        size = min(AT_ONCE, -(-len(seeds) // jobs)) or 1
        for answers in pool.map(judge_batch, [seeds[first:first + size] for first in range(0, len(seeds), size)]):
            yield from (answer for answer in answers if answer is not None)
