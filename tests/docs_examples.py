#!/usr/bin/env python3
"""Checks every VMIR program in the documents, that docs/vmir.md shows every construct of the language, and that
docs/report.md names every member of the JSON reports.

    docs_examples.py VMEMOPT SOURCE_DIRECTORY

A fenced block that opens with ```vmir is a complete program, which `vmemopt check` must accept. One that opens with
```vmir plan carries its plan, and must be what `vmemopt opt` makes of it. One that opens with ```vmir error must be
refused, with exactly the diagnostics in the ```text block that follows it, where the program is called program.vmir.

A block that opens with ```console shows commands, each after `$ `, with all that they write to standard output; a line
`...` stands for the rest of it. The document's latest program is program.vmir there, and the corpus is corpus/. A block
that opens with ```commands shows commands only, each a line, which must succeed; what follows two blanks or a # says what
they do. `commands 3` means that their exit code is 3.
"""
import glob
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

# Every construct of the language: what it is called, and what it looks like without comments.
NAME = r"[A-Za-z0-9_.]+"
CONSTRUCTS = {
    "free dim": r"^dim \w+ *$",
    "bounded dim": r"^dim \w+ <= \d+",
    "fixed dim": r"^dim \w+ = \d+",
    "size expression with +": r"\[[^\]]*\+[^\]]*\]",
    "size expression with -": r"\[[^\]]*-[^\]]*\]",
    "size expression with *": r"\[[^\]]*\*[^\]]*\]",
    "size expression with /": r"\[[^\]]*/\d+[^\]]*\]",
    "size expression with max": r"\[[^\]]*max\([^\]]*\]",
    "function with one result": r"func @\w+\([^{]*\) -> \w+\[",
    "function with several results": r"func @\w+\([^{]*\) -> \(",
    "function without parameters": r"func @\w+\(\)",
    "donated parameter": r"%\w+: [^,)]* donate",
    "state": r"state %\w+: ",
    "pinned state": r"state %\w+: [^,)]*(\[[^\]]*\])? offset \d+",
    "next state": r"return .*state %\w+",
    "scalar type": r": f64\b(?!\[)",
    "array type": r": f64\[",
    "memory space": r"\] @\w+",
    "alignment": r" align \d+",
    "literal operand": r"\w+ .*%\w+, -?\d+(\.\d+)? :",
    "dim as operand": r"= \w+ (%\w+, )*[A-Z]\w*(, | :)",
    "attribute": r"\{\w+ = \w+\}",
    "attribute with a list": r"\{\w+ = \[",
    "view": r"= reshape %",
    "op with several results": rf"%{NAME}, %{NAME} = (unique|where_index|split|@\w+) ",
    "for": r"for %\w+ = \S+ to \S+ ",
    "for with a step": r"for %\w+ = \S+ to \S+ step \d+",
    "for that carries one value": r"for [^{]*carry \([^,{]*\) -> \w",
    "for that carries several values": r"%\w+, %\w+ = for [^{]*carry \([^{]*, %[^{]*\) -> \(",
    "for without carried values": r"^ *for %\w+ = \S+ to \S+ \{",
    "while": r"while carry \(",
    "condition and do": r"condition %\w+\s+\} do \{",
    "if with results": r"= if %\w+ -> ",
    "if without results": r"^ *if %\w+ \{",
    "else": r"\} else \{",
    "parallel": r"= parallel -> \(",
    "stream": r"stream \{",
    "yield of several values": r"yield %\w+, %\w+",
    "call": r"= call @\w+\(",
    "call with several results": r"%\w+, %\w+ = call @\w+\([^)]*\) : \S+, \S+",
    "recursion": r"func @(\w+)\((?:(?!\nfunc ).)*?call @\1\(",
    "op declaration": r"^op @\w+\(%\w+: \w+\[[a-z]",
    "declared inplace": r"\{[^}]*inplace = \[\d",
    "declared workspace": r"\{[^}]*workspace = ",
    "declared effect": r"\{[^}]*effect = true",
    "use of a declared op": r"= @\w+ %",
    "return of several values": r"return %\w+, %\w+",
    "plan of a function": r"plan \{[^}]*arena = ",
    "plan of an op": r"\{[^}]*slot = \d+, offset = ",
    "in-place annotation": r"over = %\w+",
}


# What commands in a document without a program are given, and the other files that documents name.
SAMPLE = """dim N <= 1000

func @sample(%x: f64[N]) -> f64[N] {
  %y = mul %x, 2.0 : f64[N]
  return %y
}
"""
BUFFERS = "id,lower,upper,size\na,0,3,100\nb,1,5,200\nc,3,7,100\n"


def blocks(text):
    """Yields (line, info, body) for each fenced block."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        if not lines[at].startswith("```"):
            at += 1
            continue
        start = at
        at += 1
        while at < len(lines) and lines[at] != "```":
            at += 1
        if at == len(lines):
            raise SystemExit(f"line {start + 1}: this block has no end")
        yield start + 1, lines[start][3:].strip(), "\n".join(lines[start + 1:at]) + "\n"
        at += 1


def run_check(tool, program, folder):
    with open(os.path.join(folder, "program.vmir"), "w", encoding="utf-8") as file:
        file.write(program)
    return subprocess.run([tool, "check", "program.vmir"], cwd=folder, capture_output=True, text=True, timeout=60,
                          check=False)


def check_accepted(tool, program, folder):
    result = run_check(tool, program, folder)
    if result.returncode == 0:
        return None
    return f"exit code {result.returncode}\n{result.stderr}"


def check_planned(tool, program, folder):
    fault = check_accepted(tool, program, folder)
    if fault:
        return fault
    result = subprocess.run([tool, "opt", "program.vmir"], cwd=folder, capture_output=True, text=True, timeout=60,
                            check=False)
    if result.returncode != 0 or result.stdout != program:
        return f"`vmemopt opt` writes (exit code {result.returncode})\n{result.stdout}{result.stderr}"
    return None


def check_refused(tool, program, expected, folder):
    result = run_check(tool, program, folder)
    if result.returncode != 1:
        return f"exit code {result.returncode} where 1 was expected\n{result.stderr}"
    if result.stderr.strip() != expected.strip():
        return f"it says\n{result.stderr}"
    return None


def run_command(tool, line, folder, previous):
    """Runs a command as the documents write it, in a folder with the program in question."""
    words = shlex.split(line)
    if words[0] != "vmemopt":
        return None
    with open(os.path.join(folder, "program.vmir"), "w", encoding="utf-8") as file:
        file.write(previous)
    return subprocess.run([tool] + words[1:], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def check_console(tool, body, folder, previous):
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        line, expected = part.split("\n", 1)
        result = run_command(tool, line, folder, previous)
        if result is None:
            return f"`{line}` is no command of vmemopt"
        output = result.stdout
        if expected.endswith("\n...\n"):
            expected = expected[:-len("...\n")]
            output = output[:len(expected)]
        if result.returncode != 0 or output.rstrip() != expected.rstrip():
            return f"`{line}` writes (exit code {result.returncode})\n{result.stdout}{result.stderr}"
    return None


def check_commands(tool, body, folder, previous, code):
    for line in body.split("\n"):
        command = re.split(r"  | *#", line)[0]
        if not command:
            continue
        result = run_command(tool, command, folder, previous)
        if result is None:
            return f"`{command}` is no command of vmemopt"
        if result.returncode != code:
            return f"`{command}` ends with exit code {result.returncode}\n{result.stderr}"
    return None


def check_document(tool, path, folder):
    """Returns (faults, programs accepted, number of blocks that were checked)."""
    with open(path, encoding="utf-8") as file:
        found = list(blocks(file.read()))
    faults, accepted, count = [], [], 0
    samples = [body for _, info, body in found if info == "vmir"] or [SAMPLE]
    latest = samples[0]
    for index, (line, info, body) in enumerate(found):
        if info == "vmir":
            fault = check_accepted(tool, body, folder)
            accepted.append(body)
            latest = body
        elif info == "console":
            fault = check_console(tool, body, folder, latest)
        elif re.fullmatch(r"commands( \d)?", info):
            fault = check_commands(tool, body, folder, latest, int(info[8:] or 0))
        elif info == "vmir plan":
            fault = check_planned(tool, body, folder)
            accepted.append(body)
        elif info == "vmir error":
            following = found[index + 1] if index + 1 < len(found) else None
            if following is None or following[1] != "text":
                fault = "no ```text block with the diagnostics follows"
            else:
                fault = check_refused(tool, body, following[2], folder)
        elif info.startswith("vmir"):
            fault = f"`{info}` is no kind of block"
        else:
            continue
        count += 1
        if fault:
            faults.append(f"{path}:{line}: {fault}")
    return faults, accepted, count


def missing_constructs(programs):
    text = "\n".join(re.sub(r" *//.*", "", program) for program in programs)
    return [name for name, pattern in CONSTRUCTS.items() if not re.search(pattern, text, re.MULTILINE | re.DOTALL)]


def undocumented_members(source):
    """Members of the JSON reports that docs/report.md does not name; sizes as expressions are told by one rule."""
    with open(os.path.join(source, "docs", "report.schema.json"), encoding="utf-8") as file:
        parts, names = [json.load(file)], set()
    with open(os.path.join(source, "docs", "report.md"), encoding="utf-8") as file:
        text = file.read()
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            names |= set(part.get("properties", {}))
        if isinstance(part, (dict, list)):
            parts += part.values() if isinstance(part, dict) else part
    return [name for name in sorted(names)
            if not name.endswith("_expr") and f"`{name}`" not in text and f"`{name}[]`" not in text]


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    tool, source = os.path.abspath(sys.argv[1]), sys.argv[2]
    reference = os.path.join(source, "docs", "vmir.md")
    paths = sorted(glob.glob(os.path.join(source, "docs", "*.md"))) + [os.path.join(source, "README.md")]
    faults, count, shown = [], 0, []
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(os.path.join(source, "corpus"), os.path.join(folder, "corpus"))
        with open(os.path.join(folder, "buffers.csv"), "w", encoding="utf-8") as file:
            file.write(BUFFERS)
        for path in paths:
            if not os.path.exists(path):
                continue
            found, accepted, programs = check_document(tool, path, folder)
            faults += found
            count += programs
            if path == reference:
                shown = accepted
    faults += [f"{reference}: no program shows: {name}" for name in missing_constructs(shown)]
    faults += [f"docs/report.md does not name the member `{name}`" for name in undocumented_members(source)]
    for fault in faults:
        print(fault)
    print(f"{count} programs and commands, {len(faults)} faults")
    return 1 if faults or not count else 0


if __name__ == "__main__":
    sys.exit(main())
