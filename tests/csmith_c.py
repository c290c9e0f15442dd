#!/usr/bin/env python3
"""Programs of csmith (https://github.com/csmith-project/csmith), original against rewritten.

    csmith_c.py VMEMOPT LLVM_TOOLS [--count=N] [--seed=N] [--heaps=LIBVMEMRT]

csmith's programs take no memory of the heap by themselves, so their functions are given some: malloc, and free before each
return, of the arrays that are declared in functions (see `onto_heap`). Each program is run as compiled, and as rewritten by
`vmemopt opt --whole-program`, with --heaps for heaps of that library; the checksums that they print must agree. Programs that run
longer than some seconds are left out, and counted. Without csmith the test says so and ends with 77, which CTest counts as skipped.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
HEADERS = ["/usr/include/csmith", "/usr/include/csmith-2.3.0", "/usr/local/include", "/usr/include"]
HEAP = """
#include <stdlib.h>
struct moved { void *at; };
static void *moved_new(unsigned long bytes, const void *from) {
  void *at = malloc(bytes);
  if (at == NULL) exit(3);
  return memcpy(at, from, bytes);
}
static void moved_end(void *moved) { free(((struct moved *)moved)->at); }
"""


def run(command, seconds=60, folder=None):
    try:
        result = subprocess.run(command, capture_output=True, timeout=seconds, cwd=folder)
    except subprocess.TimeoutExpired:
        return None, b"", "took too long"
    return result.returncode, result.stdout, result.stderr.decode(errors="replace")


def onto_heap(text):
    """The local arrays of integers, `int32_t l_5[3] = {1,2,3};`, become blocks that hold the same and are freed where
    their scope ends."""
    pattern = re.compile(r"^( +)(const |volatile )?(u?int(?:8|16|32|64)_t) (l_\d+)((?:\[\d+\])+) = (\{.*\});$")
    lines, moved = [], 0
    for line in text.split("\n"):
        match = pattern.match(line)
        if match is None or match.group(2):
            lines.append(line)
            continue
        space, _, kind, name, sizes, values = match.groups()
        rest = "".join(re.findall(r"\[\d+\]", sizes)[1:])
        moved += 1
        lines.append(f"{space}const {kind} {name}_first{sizes} = {values};")
        lines.append(f"{space}struct moved {name}_moved __attribute__((cleanup(moved_end))) = "
                     f"{{moved_new(sizeof {name}_first, {name}_first)}};")
        lines.append(f"{space}{kind} (*{name}){rest} = {name}_moved.at;")
    return "\n".join(lines), moved


def check(csmith, headers, tool, clang, seed, work, library=None):
    """(the fault or None, whether it was compared, arrays that were moved)"""
    source, module, better = work / "p.c", work / "p.bc", work / "b.ll"
    code, out, err = run([csmith, "--seed", str(seed), "--no-argc", "--max-funcs", "6", "--max-block-depth", "3"],
                         folder=work)  # it leaves a file there
    if code != 0:
        return f"csmith gives {code}: {err[:300]}", False, 0
    text, moved = onto_heap(out.decode())
    source.write_text(text.replace('#include "csmith.h"', '#include "csmith.h"' + HEAP, 1))
    level = ["-O0", "-O1", "-O2", "-O3"][seed % 4]
    for step in ([clang, "-w", level, *headers, "-emit-llvm", "-c", source, "-o", module],
                 [tool, "opt", "--whole-program", *(["--heaps"] if library else []), module, "-o", better],
                 [clang, "-w", level, module, "-o", work / "original"],
                 [clang, "-w", level, better, "-o", work / "rewritten",
                  *([library, f"-Wl,-rpath,{os.path.dirname(os.path.abspath(library))}"] if library else [])]):
        code, _, err = run(step)
        if code != 0:
            return f"{' '.join(map(str, step))} gives {code}: {err[:600]}", False, moved
    wanted = run([work / "original"], 5)
    if wanted[0] is None:
        return None, False, moved
    got = run([work / "rewritten"], 30)
    return (None if wanted[:2] == got[:2] else f"{level}: {wanted[:2]} became {got[:2]}"), True, moved


def main():
    named = dict(argument[2:].split("=") for argument in sys.argv[1:] if argument.startswith("--"))
    tool, tools = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    csmith = shutil.which("csmith")
    headers = [f"-I{path}" for path in HEADERS if os.path.exists(os.path.join(path, "csmith.h"))]
    if csmith is None or not headers:
        print("skipped: csmith or its headers are not installed (Debian: apt-get install csmith libcsmith-dev)")
        return SKIPPED
    first, count = int(named.get("seed", 1)), int(named.get("count", 6))
    faults = compared = moved = 0
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as directory:
            fault, done, arrays = check(csmith, headers, tool, os.path.join(tools, "clang"), seed, pathlib.Path(directory),
                                        named.get("heaps"))
        compared += done
        moved += arrays
        if fault is not None:
            faults += 1
            print(f"seed {seed}: {fault}")
    print(f"{count} programs of csmith from seed {first} on, {compared} compared, {moved} arrays on the heap, {faults} faults")
    return 1 if faults or compared == 0 or moved == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
