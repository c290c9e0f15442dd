#!/usr/bin/env python3
"""Checks that a shared library exports exactly the functions that its public headers declare.

    exports.py LIBRARY HEADER PREFIX      e.g. libvmemopt.so include/vmemopt.h vmo_

Headers in a folder beside HEADER that is called like it (include/vmemrt/ beside include/vmemrt.h) belong to it.
A symbol that the header does not declare would be an interface by accident; one that is declared and not exported
fails only when somebody links. Needs nm.
"""
import pathlib
import re
import subprocess
import sys

# What linkers and sanitizers put into every shared library.
ALWAYS_THERE = re.compile(r"^(_init|_fini|_edata|_end|__bss_start|__odr_asan.*|___asan_.*|__asan_.*|__ubsan_.*)$")


def exported(library):
    output = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", library], check=True,
                            capture_output=True, text=True).stdout
    names = {line.split()[0].split("@")[0] for line in output.splitlines() if line.strip()}
    return {name for name in names if not ALWAYS_THERE.match(name)}


def declared(header, prefix):
    header = pathlib.Path(header)
    parts = [header, *sorted(header.with_suffix("").glob("*.h"))]
    text = "\n".join(re.sub(r"/\*.*?\*/|//[^\n]*", " ", part.read_text(), flags=re.DOTALL) for part in parts)
    macro = prefix.upper() + "API"
    return set(re.findall(rf"^[ \t]*{macro}\b[^;{{]*?\b({prefix}\w+)\s*[(;\[]", text, flags=re.MULTILINE))


def main():
    if len(sys.argv) != 4:
        print(__doc__)
        return 2
    library, header, prefix = sys.argv[1:]
    there, wanted = exported(library), declared(header, prefix)
    for name in sorted(there - wanted):
        print(f"exported, not declared in {header}: {name}")
    for name in sorted(wanted - there):
        print(f"declared in {header}, not exported: {name}")
    print(f"exports: {len(there)} exported, {len(wanted)} declared")
    return 0 if there == wanted and wanted else 1


if __name__ == "__main__":
    sys.exit(main())
