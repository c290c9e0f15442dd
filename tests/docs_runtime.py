#!/usr/bin/env python3
"""Compiles and runs every C program of docs/runtime.md and docs/managed.md, and compares what it prints with the ```text
block behind it. Then each allocation that a context of the program makes fails in turn: the program may end with 1, but
neither crash nor leak, as AddressSanitizer sees it. Then each request for memory at all, with failing_memory.c loaded before
the program, where there is that module.

    docs_runtime.py SOURCE_DIRECTORY LIBRARY FAILING_MEMORY|- COMPILER [FLAG...]
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

PROGRAM = re.compile(r"^```c\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)


def check(program, expected, source, library, failing, compiler, work):
    """None, or what is wrong."""
    (work / "program.c").write_text(program, encoding="utf-8")
    built = subprocess.run([*compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{source / 'include'}",
                            str(work / "program.c"), "-o", str(work / "program"), str(library),
                            f"-Wl,-rpath,{library.parent}"], capture_output=True, text=True, check=False)
    if built.returncode != 0:
        return built.stderr
    environment = {name: text for name, text in os.environ.items() if name != "VMEMRT_OPTIONS"}
    done = subprocess.run([str(work / "program")], capture_output=True, text=True, check=False, timeout=60,
                          env=environment)
    if done.returncode != 0:
        return f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
    if expected is None:
        return "no ```text block says what it prints"
    if done.stdout != expected:
        return f"it prints\n{done.stdout}"
    return check_faults(program, source, library, compiler, work) or check_requests(failing, work)


def check_requests(failing, work):
    """Runs a program with each of its requests for memory failing."""
    if failing is None:
        return None
    done = subprocess.run([str(work / "program")], capture_output=True, text=True, check=False, timeout=300,
                          env={**os.environ, "LD_PRELOAD": str(failing)})
    return None if done.returncode == 0 and "0 faults" in done.stdout else done.stdout + done.stderr


def check_faults(program, source, library, compiler, work):
    """Runs a program with faults until none strikes it any more."""
    if "vmr_ctx_create" not in program or "_FORTIFY_SOURCE" in program:
        return None
    built = subprocess.run([*compiler, "-std=c11", "-g", "-fsanitize=address", f"-I{source / 'include'}",
                            str(work / "program.c"), "-o", str(work / "faulty"), str(library),
                            f"-Wl,-rpath,{library.parent}"], capture_output=True, text=True, check=False)
    if built.returncode != 0:
        return built.stderr
    plain = None
    for nth in range(0, 60):
        done = subprocess.run([str(work / "faulty")], capture_output=True, text=True, check=False, timeout=60,
                              env={**os.environ, "VMEMRT_OPTIONS": f"fail_nth={nth}", "ASAN_OPTIONS": "exitcode=99"})
        if done.returncode not in (0, 1):
            return f"with fail_nth={nth}: exit code {done.returncode}\n{done.stderr}"
        if nth == 0:
            plain = done.stdout
        elif done.returncode == 0 and done.stdout == plain and nth > 8:
            return None
    return None


def main():
    if len(sys.argv) < 5:
        print(__doc__, file=sys.stderr)
        return 2
    source, library, compiler = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve(), sys.argv[4:]
    failing = None if sys.argv[3] == "-" else pathlib.Path(sys.argv[3]).resolve()
    faults = 0
    with tempfile.TemporaryDirectory() as work:
        for name in ("runtime.md", "managed.md"):
            document = source / "docs" / name
            text = document.read_text(encoding="utf-8")
            count = 0
            for match in PROGRAM.finditer(text):
                count += 1
                fault = check(match[1], match[2], source, library, failing, compiler, pathlib.Path(work))
                if fault:
                    faults += 1
                    print(f"{document}:{text.count(chr(10), 0, match.start()) + 1}: {fault}")
            print(f"{name}: {count} programs")
            faults += count == 0
    print(f"{faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
