#!/usr/bin/env python3
"""Random programs whose heap is a graph (tests/random_heap_programs.py), as compiled against `vmemopt opt --heaps`.

    random_heaps.py VMEMOPT LLVM_TOOLS LIBVMEMRT [--count=N] [--seed=N] [--mode=NAME] [--keep=DIRECTORY] [--jobs=N] [--reduce]
                    [--rewrite-only]

The level at which a program is compiled, options of the rewriting, the level at which what was rewritten is compiled, and the mode
are drawn from the seed. The output and the exit code must be those of the program as compiled. What is watched by a sanitizer is
not optimised again, nor is the original: compilers take most of the time.

  plain     run with the runtime's heaps
  poison    the same, with VMEMRT_OPTIONS that overwrite what is freed and what is new
  address   under AddressSanitizer, where the runtime makes each object by malloc; the original too, with -fsanitize=undefined
  thread    programs of two threads under ThreadSanitizer, the original too

Programs are built in batches (tests/random_batches.py); one of 32, and each that fails, is built alone as well, its original then
also for the sanitizers, which say whether it is valid. That one of 32 is instrumented, too, and laid out anew by what it tells.

A program that fails is kept in the directory, by --reduce without the operations that are not needed for that. With --rewrite-only,
for a tool that is built for a sanitizer, nothing is run.
"""
import os
import pathlib
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import random_batches  # noqa: E402  found beside this file
from random_heap_programs import Program  # noqa: E402

POISON = "poison=1"
MAY_FAIL = {"ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1", "TSAN_OPTIONS": "allocator_may_return_null=1",
            "UBSAN_OPTIONS": "halt_on_error=1"}
INVALID = "the program is not valid: "


class Fault(Exception):
    pass


def run(command, **environment):
    try:
        result = subprocess.run([str(word) for word in command], capture_output=True, timeout=300,
                                env={**os.environ, **MAY_FAIL, **environment}, check=False)
    except subprocess.TimeoutExpired:
        return "timeout", b"", "no end after 300 s"
    return result.returncode, result.stdout, without_refusals(result.stderr.decode(errors="replace"))


def without_refusals(errors):
    """What is too large is asked for on purpose."""
    return "\n".join(line for line in errors.splitlines() if "Sanitizer failed to allocate" not in line)


def must(*command):
    code, _, errors = run(command)
    if code != 0:
        raise Fault(f"{' '.join(map(str, command))} gives {code}: {errors[:800]}")


def link_with(library):
    library = pathlib.Path(library).resolve()
    return [library, f"-Wl,-rpath,{library.parent}", "-lm", "-pthread"]


class Check:
    """How one program is checked: all that the seed says."""

    def __init__(self, seed, named, tool, tools, library):
        self.program, draw = Program(seed), random.Random(f"{seed} check")
        self.level, self.last = draw.choice(["-O0", "-O1", "-O2", "-O3", "-Os"]), draw.choice(["-O0", "-O1", "-O2", "-O3"])
        self.options = draw.choice([[], [], ["--max-stack=16"], ["--max-stack=16"]])
        drawn = draw.choices(["plain", "poison", "address"], [3, 2, 2])[0]
        if self.program.threads and draw.random() < 0.6:
            drawn = "thread"
        self.mode, self.rewrite_only = named.get("mode") or drawn, "rewrite-only" in named
        self.count = draw.choice([1, 1, 2])
        self.seed, self.tool, self.clang = seed, tool, os.path.join(tools, "clang")
        self.link, self.linker = link_with(library), random_batches.linker(self.clang)

    def text(self, without=()):
        return Program(self.seed, without).text()

    def outcome(self, path, **environment):
        code, out, errors = run([path, *["x"] * (self.count - 1)], **environment)
        return (code, out), errors

    def rewrite(self, work):
        source, module = work / "p.c", work / "p.bc"
        must(self.clang, "-w", self.level, "-emit-llvm", "-c", source, "-o", module)
        must(self.tool, "opt", "--heaps", "--whole-program", *self.options, module, "-o", work / "better.ll")

    def compile(self, work, sanitizer):
        self.rewrite(work)
        if sanitizer:
            must(self.clang, "-w", *self.linker, "-O0", f"-fsanitize={sanitizer}", work / "p.c", "-o", work / "valid", "-lm", "-pthread")
        must(self.clang, "-w", *self.linker, "-O0", work / "p.bc", "-o", work / "original", "-lm", "-pthread")

    def finish(self, work, sanitizer):
        """Links what was rewritten, watched by the sanitizer."""
        better, level, watch = work / "better.ll", self.last, []
        if sanitizer:
            better.write_text(random_batches.sanitized(better.read_text(), sanitizer))
            level, watch = "-O0", [f"-fsanitize={sanitizer}"]
        must(self.clang, "-w", *self.linker, level, *watch, better, "-o", work / "rewritten", *self.link)

    def case(self):
        """For a batch."""
        sanitizer = self.sanitizer()
        better = random_batches.Build(True, "-O0" if sanitizer else self.last, sanitizer or "none",
                                      POISON if self.mode == "poison" else "")
        return random_batches.Case(self.seed, self.text(), [self.level], ["--heaps", *self.options],
                                   {"original": random_batches.Build(False, "-O0"), "rewritten": better}, self.count)

    def sanitizer(self):
        return {"address": "address", "thread": "thread"}.get(self.mode)

    def run(self, work, without=()):
        """Raises a Fault when something is wrong."""
        (work / "p.c").write_text(self.text(without))
        if self.rewrite_only:
            return self.rewrite(work)
        sanitizer = self.sanitizer()
        self.compile(work, "address,undefined" if sanitizer == "address" else sanitizer)
        for which in ["valid"] * bool(sanitizer) + ["original"]: # the output is the second's: levels differ in what may fail
            wanted, errors = self.outcome(work / which)
            if wanted[0] != 0 or errors:
                raise Fault(f"{INVALID}exit code {wanted[0]}: {errors[:1500]}")
        self.finish(work, sanitizer)
        got, errors = self.outcome(work / "rewritten", **({"VMEMRT_OPTIONS": POISON} if self.mode == "poison" else {}))
        if got != wanted or errors:
            raise Fault(f"exit code {got[0]}, {'the same' if got[1] == wanted[1] else 'another'} output: {errors[:1500]}")
        if self.seed % random_batches.ALONE == 0:
            self.run_with_profile(work, wanted)

    def run_with_profile(self, work, wanted):
        """The program tells what it allocates, and is laid out by that."""
        rewrite = [self.tool, "opt", "--heaps", "--whole-program", *self.options, work / "lines.bc", "-o", work / "better.ll"]
        told = work / "told.profile"
        must(self.clang, "-w", "-g", self.level, "-emit-llvm", "-c", work / "p.c", "-o", work / "lines.bc")
        for more, level, environment in ((["--instrument"], "-O0", {"VMEMOPT_PROFILE_FILE": str(told)}),
                                         ([f"--profile={told}"], self.last, {"VMEMRT_OPTIONS": POISON})):
            must(*rewrite, *more)
            must(self.clang, "-w", *self.linker, level, work / "better.ll", "-o", work / "profiled", *self.link)
            got, errors = self.outcome(work / "profiled", **environment)
            if got != wanted or errors:
                raise Fault(f"opt {more[0]}: exit code {got[0]}, {'the same' if got[1] == wanted[1] else 'another'} output: {errors[:1500]}")

    def describe(self):
        return f"{self.mode}, {self.level}, opt {' '.join(self.options)}, {self.last}, {self.count - 1} arguments"


def fault_of(check, without=()):
    with tempfile.TemporaryDirectory() as directory:
        try:
            check.run(pathlib.Path(directory), without)
        except Fault as fault:
            return str(fault)
    return None


def reduced(check, fault):
    """The operations that can go while something is wrong."""
    without = []
    for k in range(check.program.count):
        still = fault_of(check, [*without, k]) if len(without) + 1 < check.program.count else None
        if still and not still.startswith(INVALID):
            without, fault = [*without, k], still
    return without, fault


def agree(found):
    """Whether outcomes in a batch are what they should be."""
    return bool(found) and None not in found.values() and all(
        outcome[:2] == (0, found["original"][1]) and not without_refusals(outcome[2]) for outcome in found.values())


def judge(seed, named, words, found):
    """What is wrong with the program, of which `found` has the outcomes in a batch, or None."""
    agrees = agree(found)
    if agrees and seed % random_batches.ALONE != 0:
        return None
    check = Check(seed, named, *words)
    fault, without = fault_of(check), []
    if fault is None and (agrees or not found):
        return None
    if fault is None:
        fault = f"only in a batch: {found}"
    elif "reduce" in named and not fault.startswith(INVALID):
        without, fault = reduced(check, fault)
    if "keep" in named:
        pathlib.Path(named["keep"], f"heap{seed}.c").write_text(f"/* {check.describe()} */\n{check.text(without)}")
    return f"seed {seed}: {check.describe()}: {fault}"


def main():
    named = dict((argument[2:].split("=") + [""])[:2] for argument in sys.argv[1:] if argument.startswith("--"))
    words = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    first, count, faults = int(named.get("seed", 1)), int(named.get("count", 40)), 0
    case_of = None if "rewrite-only" in named else lambda seed: Check(seed, named, *words).case()
    tools = random_batches.Tools(words[0], os.path.join(words[1], "clang"), link_with(words[2]), MAY_FAIL)
    for fault in random_batches.judge_all(tools, range(first, first + count), case_of,
                                          lambda seed, found: judge(seed, named, words, found), int(named.get("jobs", 2))):
        faults += 1
        print(fault, flush=True)
    print(f"{count} programs from seed {first} on, {faults} faults")
    return 1 if faults or count < 1 else 0


if __name__ == "__main__":
    sys.exit(main())
