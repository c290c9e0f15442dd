#!/usr/bin/env python3
"""Compiled functions as users have them: `vmemopt compile`, a header, a C compiler, a linker.

    compiled.py TOOL SOURCE LIBVMEMRT CC [FLAG...]

The example of docs/abi.md is compiled at each level, for each place of results that its C fits, linked with a C and with a
C++ program, and must print what the page says. Then what goes wrong: an error, and nothing written.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOOL, SOURCE, LIBRARY, CC = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4]
FLAGS = sys.argv[5:]
CXX = {"gcc": "g++", "cc": "c++"}.get(os.path.basename(CC), "c++")
faults = []


def run(arguments, **options):
    return subprocess.run([str(a) for a in arguments], capture_output=True, text=True, timeout=120, **options)


def blame(what):
    faults.append(what)
    print(what)


def fences(kind, text):
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def link_and_run(work, compiler, main, expected, what, options=(), libraries=()):
    flags = [*options, "-Wall", "-Wextra", "-Werror", "-std=c11"] if compiler == CC else [*options, "-Wall", "-Wextra", "-Werror"]
    built = run([compiler, *flags, *FLAGS, f"-I{work}", f"-I{SOURCE}/include", main, work / "smooth.o", LIBRARY,
                 f"-Wl,-rpath,{LIBRARY.parent}", *libraries, "-lm", "-o", work / "main"])
    if built.returncode != 0:
        return blame(f"{what}: does not build:\n{built.stderr}")
    result = run([work / "main"])
    if result.returncode != 0 or result.stdout != expected:
        blame(f"{what}: exit code {result.returncode}, printed\n{result.stdout}{result.stderr}not\n{expected}")


def check_example(work, page):
    program, main, expected = fences("vmir", page)[0], fences("c", page)[0], fences("text", page)[0]
    (work / "smooth.vmir").write_text(program)
    for name in ("main.c", "main.cpp"):
        (work / name).write_text(main)
    for level in ("-O0", "-O1", "-O2"):
        for llvm in (0, 3):
            what = f"docs/abi.md at {level} --llvm-opt={llvm}"
            made = run([TOOL, "compile", "smooth.vmir", "-o", "smooth.o", "--header", "smooth.h", level,
                        f"--llvm-opt={llvm}"], cwd=work)
            if made.returncode != 0:
                blame(f"{what}: {made.stderr}")
                continue
            link_and_run(work, CC, work / "main.c", expected, what)
    link_and_run(work, CXX, work / "main.cpp", expected, "docs/abi.md from C++")


def check_offsets(work):
    made = run([TOOL, "compile", "smooth.vmir", "--emit=c-header", "-o", "offsets.h"], cwd=work)
    if made.returncode != 0:
        return blame(f"--emit=c-header: {made.stderr}")
    text = (work / "offsets.h").read_text()
    (work / "use.c").write_text('#include "offsets.h"\nint offset = smooth_y_OFFSET + smooth_ARENA_BYTES;\n')
    for compiler, extra in ((CC, ["-std=c11"]), (CXX, ["-x", "c++"])):
        built = run([compiler, "-Wall", "-Wextra", "-Werror", *extra, "-c", "use.c", "-o", "use.o"], cwd=work)
        if built.returncode != 0:
            blame(f"--emit=c-header with {compiler}: {built.stderr}")
    (work / "offsets.h").write_text(re.sub(r"(#define smooth_ARENA_BYTES) \d+", r"\1 4", text))
    if run([CC, "-c", "use.c", "-o", "use.o"], cwd=work).returncode == 0:
        blame("--emit=c-header: an arena that is too small compiles")


PLACES = """op @mix(%x: f32[n]) -> f32[n] { workspace = 8*n }
func @inner(%x: f32[16]) -> f32[16] {
  %a = @mix %x : f32[16]
  %s = cumsum %a : f32[16]
  %y = sub %s, %a : f32[16]
  return %y
}
func @outer(%x: f32[16]) -> f32[16] {
  %m = @mix %x : f32[16]
  %c = call @inner(%m) : f32[16]
  %ARENA = sub %c, %m : f32[16]
  return %ARENA
}
"""


def check_work_places(work):
    """Workspaces and callees' arenas: as many bytes as they need, in the arena, apart from what lives beside them."""
    (work / "places.vmir").write_text(PLACES)
    made = run([TOOL, "compile", "places.vmir", "--emit=c-header", "-O1", "-o", "places.h"], cwd=work)
    if made.returncode != 0:
        return blame(f"--emit=c-header: {made.stderr}")
    text = (work / "places.h").read_text()
    found = {name: int(number) for name, number in re.findall(r"^#define (\w+) (\d+)$", text, flags=re.MULTILINE)}

    def ends(name):
        return found[name + "_OFFSET"], found[name + "_OFFSET"] + found[name + "_BYTES"]

    for one, other in (("outer_m_WORKSPACE", "outer_m"), ("inner_a_WORKSPACE", "inner_a"), ("outer_c_CALL", "outer_c"),
                       ("outer_c_CALL", "outer_m")):
        (begin, end), (first, last) = ends(one), ends(other)
        if begin < last and first < end:
            blame(f"--emit=c-header: {one} and {other} share bytes")
    if found["outer_m_WORKSPACE_BYTES"] != 128 or found["outer_c_CALL_BYTES"] < 128 or found["outer_ARENA_v3_BYTES"] != 64:
        blame(f"--emit=c-header: workspaces of {found}")
    (work / "use.c").write_text('#include "places.h"\nint room = outer_c_CALL_OFFSET + inner_a_WORKSPACE_OFFSET;\n')
    for compiler, extra in ((CC, ["-std=c11"]), (CXX, ["-x", "c++"])):
        built = run([compiler, "-Wall", "-Wextra", "-Werror", *extra, "-c", "use.c", "-o", "use.o"], cwd=work)
        if built.returncode != 0:
            blame(f"--emit=c-header with {compiler}: {built.stderr}")
    for name, wrong in (("outer_m_WORKSPACE_OFFSET", found["outer_ARENA_BYTES"]), ("outer_c_CALL_OFFSET", 4)):
        (work / "places.h").write_text(re.sub(rf"(#define {name}) \d+", rf"\1 {wrong}", text))
        if run([CC, "-c", "use.c", "-o", "use.o"], cwd=work).returncode == 0:
            blame(f"--emit=c-header: a wrong {name} compiles")


WRONG = [
    # program, options, words of the error
    ("func @f(%x: f64[4]) -> f64[4] {\n  %y = add %x, %z : f64[4]\n  return %y\n}\n", [], "E0204"),
    ("func @double(%x: f64) -> f64 {\n  %y = add %x, 1.0 : f64\n  return %y\n}\n", [], "E0804"),
    ("func @exp(%x: f64) -> f64 {\n  %y = add %x, 1.0 : f64\n  return %y\n}\n", [], "E0804"),
    ("func @f(%x: f64) -> f64 {\n  %y = add %x, 1.0 : f64\n  return %y\n}\n", ["--target=nowhere-none"], "E0803"),
    ("func @f(%x: f64) -> f64 {\n  %y = add %x, 1.0 : f64\n  return %y\n}\n", ["-O7"], "--optimise"),
    ("func @f(%x: f64) -> f64 {\n  %y = add %x, 1.0 : f64\n  return %y\n}\n", ["--emit=exe"], "--emit"),
    ("func @f(%x: f64) -> f64 {\n  %y = add %x, 1.0 : f64\n  return %y\n}\n", ["--llvm-opt=4"], "--llvm-opt"),
    ("func @f(%x: f64) -> f64 {\n  %y = add %x, 1.0 : f64\n  return %y\n}\n", ["--prefix=a-b"], "--prefix"),
    ("func @f(%x: f64) -> f64 {\n  %y = add %x, 1.0 : f64\n  return %y\n}\n", ["--header=out.o"], "one file"),
    ("func @f(%x: f64) -> f64 {\n  %y = add %x, 1.0 : f64\n  return %y\n}\n", ["--header=none/out.h"], "E0004"),
    ("func @f(%x: f64[100]) -> f64[100] {\n  %y = add %x, 1.0 : f64[100]\n  return %y\n}\n", ["--max-peak=100"], "E0601"),
    ("dim N\nfunc @f(%x: f64[N]) -> f64[N] {\n  %y = add %x, 1.0 : f64[N]\n  return %y\n}\n", ["--emit=c-header"],
     "E0806"),
]


def check_wrong(work):
    for number, (program, options, words) in enumerate(WRONG):
        folder = work / f"wrong{number}"
        folder.mkdir()
        (folder / "in.vmir").write_text(program)
        made = run([TOOL, "compile", "in.vmir", "-o", "out.o", *options], cwd=folder)
        if made.returncode == 0 or words not in made.stderr:
            blame(f"{options} of\n{program}exit code {made.returncode}, said {made.stderr!r}, not {words}")
        left = sorted(path.name for path in folder.iterdir())
        if left != ["in.vmir"]:
            blame(f"{options} of\n{program}left {left}")
    made = run([TOOL, "compile", "in.vmir", "-o", "out.o", "--prefix=my_", "--header=out.h"], cwd=work / "wrong1")
    if made.returncode != 0 or "my_double(" not in (work / "wrong1" / "out.h").read_text():
        blame(f"--prefix: {made.stderr}")


BLAS = """dim N
func @product(%x: f64[N,K], %y: f64[M,K]) -> f64[N,M] {
  %z = matmul %x, %y {transpose_y = true} : f64[N,M]
  return %z
}
""".replace("dim N", "dim N\ndim M = 40\ndim K = 57")

BLAS_MAIN = r"""
#include <math.h>
#include <stdio.h>
#include "product.h"
static double x[70 * 57], y[40 * 57], z[70 * 40];
int main(void) {
  for (int i = 0; i < 70 * 57; i++) x[i] = sin(i * 0.7);
  for (int i = 0; i < 40 * 57; i++) y[i] = cos(i * 1.3);
  int different = 0;
  if (product(70, x, y, z, NULL, 0) != 0) return 1;
  for (int i = 0; i < 70; i++)
    for (int j = 0; j < 40; j++) {
      double sum = 0, magnitude = 0;
      for (int k = 0; k < 57; k++) {
        double part = x[i * 57 + k] * y[j * 57 + k];
        sum += part;
        magnitude += fabs(part);
      }
      different += z[i * 40 + j] != sum;
      if (fabs(z[i * 40 + j] - sum) > 2 * 57 * 0x1p-52 * magnitude) return 2;
    }
  printf("%s\n", different ? "within the bound" : "the same bits");
  return 0;
}
"""


def check_blas(work):
    """--blas=on: the header says what to link with, results are within the bound of docs/abi.md; off: the bits of loops."""
    (work / "product.vmir").write_text(BLAS)
    (work / "product.c").write_text(BLAS_MAIN)
    for blas, words in (("on", "within the bound\n"), ("off", "the same bits\n")):
        made = run([TOOL, "compile", "product.vmir", "-o", "smooth.o", "--header=product.h", "--results=caller",
                    f"--blas={blas}"], cwd=work)
        if made.returncode != 0:
            blame(f"--blas={blas}: {made.stderr}")
            continue
        if ("-lopenblas" in (work / "product.h").read_text()) != (blas == "on"):
            blame(f"--blas={blas}: what the header says of CBLAS")
        link_and_run(work, CC, work / "product.c", words, f"--blas={blas}", ["-ffp-contract=off"],
                     ["-lopenblas"] if blas == "on" else [])
    made = run([TOOL, "compile", work / "smooth.vmir", "-o", work / "x.o", f"--header={work}/x.h", "--blas=on"])
    if made.returncode != 0 or "blas" in (work / "x.h").read_text():
        blame(f"--blas=on without products: {made.stderr}")


IN_BLOCK = r"""
#include <stdio.h>
#include <string.h>
#include <vmemrt/plan.h>
#include "smooth.h"
static int call(vmr_plan *plan, int64_t n, float *x) {
  float *y, peak;
  if (smooth_in(plan, n, x, 2.0f, &y, &peak) != 0) return 1;
  printf("%g ... %g, %g\n", y[0], y[n - 1], peak);
  return 0;
}
int main(int count, char **arguments) {
  static float x[1000] = {1, 2, 3, 4, 5};
  float *y, *kept;
  vmr_plan *plan;
  (void)arguments;
  if (vmr_plan_create(&plan, NULL, smooth_ARENA_ALIGNMENT) != VMR_OK) return 1;
  char *block = vmr_plan_enter(plan, (size_t)smooth_arena_bytes(5)); /* the state's first content */
  if (block == NULL) return 1;
  memset(block + smooth_offset_of_old(5), 0, 5 * sizeof *x);
  vmr_plan_leave(plan, block);
  if (call(plan, 5, x) || call(plan, 5, x) || smooth_in(plan, 5, x, 2.0f, &y, NULL) != 0) return 1;
  kept = y;
  if (count > 1 && smooth_in(plan, 1000, x, 2.0f, &y, NULL) != 0) return 1;
  printf("%g\n", kept[4]); /* with an argument: gone since the block grew */
  return vmr_plan_destroy(plan) != VMR_OK;
}
"""
IN_BLOCK_SAYS = "2 ... 10, 4\n3 ... 15, 4\n17.5\n"


def build(work, main, *flags):
    built = run([CC, "-std=c11", "-g", "-Wall", "-Wextra", "-Werror", *FLAGS, *flags, f"-I{work}", f"-I{SOURCE}/include", main,
                 work / "smooth.o", LIBRARY, f"-Wl,-rpath,{LIBRARY.parent}", "-lm", "-o", work / "main"])
    if built.returncode != 0:
        blame(f"{main}: does not build:\n{built.stderr}")
    return built.returncode == 0


def check_watched(work, what, expected, ways, wrong=None):
    """What main.c reads is alive, says each tool that watches memory; with the argument `wrong` it is not."""
    for flags, tool, words in ways:
        if not build(work, work / "main.c", *flags):
            return
        result = run([*tool, work / "main"])
        if result.returncode != 0 or result.stdout != expected:
            blame(f"{what} {flags} {tool}: exit code {result.returncode}, printed\n{result.stdout}{result.stderr}")
        if wrong is not None and words is not None and not re.search(words, run([*tool, work / "main", wrong]).stderr):
            blame(f"{what} {flags} {tool}: a use of results that are gone is not found")


def check_in_block(work):
    """NAME_in: results and states may be read until the next call, under AddressSanitizer and Valgrind too."""
    ways = [([], [], None)]
    if not FLAGS:
        ways.append((["-fsanitize=address"], [], "use-after-poison|heap-use-after-free"))
        if shutil.which("valgrind"):
            ways.append(([], ["valgrind", "-q", "--error-exitcode=9"], "Invalid read"))
    example = SOURCE / "examples" / "pagerank"
    for what, main, program, expected, wrong in (
            ("a block", IN_BLOCK, fences("vmir", (SOURCE / "docs" / "abi.md").read_text())[0], IN_BLOCK_SAYS, "gone"),
            ("pagerank", (example / "main.c").read_text(), (example / "pagerank.vmir").read_text(),
             (example / "expected.txt").read_text(), None)):
        name = "smooth" if what == "a block" else "pagerank"
        (work / "main.c").write_text(main)
        (work / f"{name}.vmir").write_text(program.replace("dim N <= 1000000", "dim N"))
        made = run([TOOL, "compile", f"{name}.vmir", "-o", "smooth.o", f"--header={name}.h"], cwd=work)
        if made.returncode != 0:
            blame(f"{what}: {made.stderr}")
            continue
        check_watched(work, what, expected, ways, wrong)


LINE = "func @f(%x: f64[4]) -> f64[4] {\n  %y = add %x, 1.0 : f64[4]\n  return %y\n}\n"
STATES = "func @f(%x: f64, state %old.a: f64[2], state %old_a: f32[2]) -> f64 {\n  return %x, state %old.a, state %old_a\n}\n"
CLASHES = [  # programs, and the name that two things would have, or that C has already
    *[(f"op @{name}(%x: f64[n]) -> f64[n]\n{LINE}".replace("add %x, 1.0", f"@{name} %x"), name)
      for name in ("fmod", "int", "f_entry", "f_arenas", "vmr_sort_rows", "cblas_dgemm", "memcpy", "errno", "main")],
    *[(LINE.replace("@f", f"@{name}"), name) for name in ("sqrtf", "errno", "powl", "qsort", "uint8_t", "VMEMOPT_X_H")],
    *[(LINE + LINE.replace("@f", f"@f{tail}"), f"f{tail}")
      for tail in ("_entry", "_arenas", "_in", "_arena_bytes", "_ARENA_ALIGNMENT")],
    (STATES, "f_offset_of_old_a"),
    (STATES.replace("%old_a", "%new") + LINE.replace("@f", "@f_offset_of_new"), "f_offset_of_new"),
]
DOUBLE = """func @f(%x: f64[4]) -> f64[4] {
  %y_OFFSET = cumsum %x : f64[4]
  %y = sub %y_OFFSET, %x : f64[4]
  return %y
}
func @f_y(%x: f64[4]) -> f64[4] {
  %OFFSET = add %x, 1.0 : f64[4]
  return %OFFSET
}
"""
PARAMETERS = """dim I
dim linux
func @f(%f: f64[I], %f_arena_bytes: f64[linux], %plan: f64, %vmo_bytes: f64, %vmo_block: f64, %vmo_status: f64, %vmr_plan: i8,
        %uint8_t: bool, %errno: f64, %EOF: f64, %g_ARENA_ALIGNMENT: f64, %int: f64, %1: f64, %a.b: f64, %a_b: f64,
        %VMEMOPT_F_H: f64, %_.x: f64, %$_x: f64, %.MAX: f64, %_.X: f64, %class: f64, %arena: f64, %result: f64) -> f64[I] {
  %y = add %f, %vmo_bytes : f64[I]
  %z = cumsum %y : f64[I]
  %w = sub %z, %y : f64[I]
  return %w
}
func @g(%x: f64) -> f64 {
  %y = add %x, 1.0 : f64
  return %y
}
"""


def check_names(work):
    """Names that C has, or that two things would have, are refused; with a prefix they are fine."""
    for number, (program, name) in enumerate([*CLASHES, (DOUBLE, "f_y_OFFSET_OFFSET")]):
        (work / "names.vmir").write_text(program)
        options = ["--emit=c-header", "-O1"] if program == DOUBLE else ["--header=names.h"]
        made = run([TOOL, "compile", "names.vmir", "-o", f"names{number}.o", *options], cwd=work)
        if made.returncode != 1 or f"'{name}'" not in made.stderr or "E0804" not in made.stderr:
            blame(f"{name} in\n{program}exit code {made.returncode}, said {made.stderr!r}")
        elif (work / f"names{number}.o").exists():
            blame(f"{name} is refused, and yet there is an object file")
    for prefix, program in (("my_", LINE.replace("@f", "@sqrtf")), ("my_", LINE.replace("@f", "@int"))):
        (work / "names.vmir").write_text(program)
        made = run([TOOL, "compile", "names.vmir", "-o", "names.o", f"--prefix={prefix}"], cwd=work)
        if made.returncode != 0:
            blame(f"--prefix={prefix} of\n{program}{made.stderr}")
    (work / "names.vmir").write_text(LINE.replace("@f", "@p"))
    if run([TOOL, "compile", "names.vmir", "-o", "names.o", "--prefix=ex"], cwd=work).returncode != 1:
        blame("--prefix=ex of @p is exp, and not refused")


LIBRARY_HEADERS = [f"#include <{name}.h>" for name in ("complex", "errno", "math", "stdio", "stdlib")]
PLAN_HEADER = ["#include <vmemrt/plan.h>"]


def check_headers(work):
    """The header of each program of the corpus, with all that it declares, is C11 and C++17 without a warning."""
    (work / "parameters.vmir").write_text(PARAMETERS)
    programs = [work / "parameters.vmir", *sorted((SOURCE / "corpus").rglob("*.vmir"))]
    if len(programs) < 40:
        blame(f"{len(programs)} programs in corpus/")
    for program in programs:
        made = run([TOOL, "compile", program, "-o", work / "header.o", f"--header={work}/header.h", "-O0", "--llvm-opt=0"])
        if made.returncode != 0:
            blame(f"{program.name}: {made.stderr}")
            continue
        own = program.parent == work
        for lines in [[*LIBRARY_HEADERS, *PLAN_HEADER], LIBRARY_HEADERS] if own else [PLAN_HEADER]:
            check_header(work, program.name, lines)


def check_header(work, what, lines):
    (work / "use.c").write_text("\n".join([*lines, '#include "header.h"', "int nothing;", ""]))
    (work / "use.cpp").write_text((work / "use.c").read_text().replace("#include <complex.h>\n", ""))
    for compiler, standard, name in ((CC, "gnu11", "use.c"), (CC, "c11", "use.c"), (CXX, "c++17", "use.cpp")):
        built = run([compiler, f"-std={standard}", "-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only",
                     f"-I{SOURCE}/include", name], cwd=work)
        if built.returncode != 0:
            blame(f"{what} {lines} as {standard}:\n{built.stderr[:1500]}")


def main():
    page = (SOURCE / "docs" / "abi.md").read_text()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        check_example(work, page)
        check_offsets(work)
        check_work_places(work)
        check_blas(work)
        check_in_block(work)
        check_names(work)
        check_headers(work)
        check_wrong(work)
    print(f"compiled: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
