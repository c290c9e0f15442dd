"""Runs VMIR programs through `vmemopt run`, with the calls that tests/interpret.py has: the same tests, another engine.

    program = Program(tool, path, replaced=(), engine="reference", more=["-O2"])
    results = program.run("pagerank", {"N": 3, "E": 4}, arguments)

f32 becomes f64 in the program, so that answers are as near as those of the interpreter, which computes in doubles. Every
array goes through a .npy file, both ways; every scalar is a literal.
"""
import json
import math
import os
import re
import subprocess
import tempfile

import numpy

from interpret import Array

TYPES = {"bool": "?", "i8": "i1", "u8": "u1", "i16": "i2", "u16": "u2", "i32": "i4", "u32": "u4", "i64": "i8",
         "u64": "u8", "f16": "f2", "f32": "f4", "f64": "f8"}
PARAMETER = re.compile(r"(state )?%([\w.$]+): (\w+)")


def literal(element, value):
    if element == "bool":
        return "true" if value else "false"
    return repr(float(value)) if element.startswith("f") else str(int(value))


class Program:
    def __init__(self, tool, path, replaced=(), engine="reference", more=()):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for old, new in replaced:
            assert old in text, (path, old)
            text = text.replace(old, new)
        self.tool, self.engine, self.more = tool, engine, list(more)
        def twice(found):
            return found[1] + str(2 * int(found[2]))
        if "f32" in text:  # twice the width: offsets and workspaces too
            text = re.sub(r"^(op .*f32.*workspace = )(\d+)", twice, text, flags=re.M)
            text = re.sub(r"(\boffset )(\d+)", twice, text)
        self.text = re.sub(r"\bf32\b", "f64", text)
        self.report = None

    def parameters(self, name):
        """(name, element, whether it is a state) of each parameter."""
        head = re.search(r"func @%s\(" % name, self.text)
        depth, at = 1, head.end()
        while depth > 0:
            depth += {"(": 1, ")": -1}.get(self.text[at], 0)
            at += 1
        return [(found[2], found[3], bool(found[1])) for found in PARAMETER.finditer(self.text[head.end():at])]

    def run(self, name, dims, arguments):
        """The results, the next states behind them."""
        with tempfile.TemporaryDirectory() as folder:
            return self.run_in(folder, name, dims, arguments)

    def run_in(self, folder, name, dims, arguments):
        parameters = self.parameters(name)
        assert len(parameters) == len(arguments), (parameters, len(arguments))
        path, out = os.path.join(folder, "program.vmir"), os.path.join(folder, "out")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.text)
        os.mkdir(out)
        command = [self.tool, "run", path, name, f"--engine={self.engine}", f"--out={out}",
                   f"--json={folder}/run.json", *self.more]
        if dims:
            command.append("--dim=" + ",".join(f"{dim}={value}" for dim, value in dims.items()))
        for (parameter, element, _), argument in zip(parameters, arguments):
            if argument.shape == ():
                command.append(f"--arg={parameter}={literal(element, argument.data[0])}")
            else:
                array = numpy.array(argument.data, dtype=TYPES[element]).reshape(argument.shape)
                numpy.save(os.path.join(folder, f"{parameter}.npy"), array)
                command.append(f"--arg={parameter}=@{folder}/{parameter}.npy")
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        with open(os.path.join(folder, "run.json"), encoding="utf-8") as file:
            self.report = json.load(file)
        self.check_measure()
        return [self.load(out, result) for result in self.report["results"]]

    def check_measure(self):
        """With --measure: the plan is what happens, and both engines agree."""
        measure = self.report.get("measure")
        if measure is None:
            return
        assert measure["exact"] and measure["planned_bytes"] == measure["measured_bytes"], measure
        assert measure["copies_made"] == measure["copies_expected"], measure
        assert measure["copies_planned"] > 0 or measure["copies_made"] == 0, measure
        assert measure["allocations_per_call"] == 0 or measure["deepest"] > 0, measure
        assert measure["differing"] == 0 or measure["largest_difference"] <= 1e-12, measure

    @staticmethod
    def load(folder, result):
        array = numpy.load(os.path.join(folder, result["name"] + ".npy"))
        assert list(array.shape) == result["sizes"] and math.prod(array.shape) == array.size
        return Array(result["element"], array.shape, array.reshape(-1).tolist())
