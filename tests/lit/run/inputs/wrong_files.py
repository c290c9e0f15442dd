"""wrong_files.py VMEMOPT PROGRAM: array files that are refused, each with its message, and nothing written."""
import os
import subprocess
import sys

import numpy

TOOL, PROGRAM = sys.argv[1:]
GOOD = numpy.arange(6, dtype="f4").reshape(2, 3)


def run(name, *engine):
    return subprocess.run([TOOL, "run", PROGRAM, *engine, f"--arg=x=@{name}", "--out=y.npy"],
                          capture_output=True, text=True, timeout=60, check=False)


def refuse(name, message, hint=None):
    refuse_by(run(name), name, message, hint)  # the engine by default
    refuse_by(run(name, "--engine=reference"), name, message, hint)


def refuse_by(done, name, message, hint):
    assert done.returncode == 1, (name, done)
    assert message in done.stderr, (name, done.stderr)
    assert hint is None or f"hint: {hint}" in done.stderr, (name, done.stderr)
    assert done.stdout == "" and not os.path.exists("y.npy"), name


def refuse_array(array, message, hint=None):
    numpy.save("x.npy", array)
    refuse("x.npy", message, hint)


numpy.save("good.npy", GOOD)
assert run("good.npy").returncode == 0 and (numpy.load("y.npy") == 2 * GOOD).all()
os.remove("y.npy")
with open("good.npy", "rb") as file:
    BYTES = file.read()

refuse("none.npy", "vmemopt: error: argument x: cannot read none.npy: No such file or directory [E0001]")
refuse(".", "vmemopt: error: argument x: cannot read .: Is a directory [E0001]")
refuse(PROGRAM, "it is no .npy file [E0707]", "numpy.save writes .npy files")
refuse_array(GOOD.astype("f8"), "x.npy: its elements are 'f8', and the parameter's f32 [E0707]", "in Python: x.astype('f4')")
refuse_array(GOOD.astype("i4"), "its elements are 'i4', and the parameter's f32 [E0707]", "in Python: x.astype('f4')")
refuse_array(GOOD.astype("c8"), "its elements are 'c8', and the parameter's f32 [E0707]")
refuse_array(GOOD.astype(">f4"), "its elements are in the other byte order [E0707]", "in Python: x.astype(x.dtype.newbyteorder")
refuse_array(numpy.asfortranarray(GOOD), "it is in Fortran order", "in Python: numpy.ascontiguousarray(x)")
refuse_array(GOOD.reshape(6), "it is [6], and the parameter is f32[N,M] [E0706]")
refuse_array(numpy.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f4")]), "its elements are records [E0707]")
with open("two.npy", "wb") as file:
    file.write(BYTES + BYTES)
refuse("two.npy", "it goes on after its array [E0707]", "one file holds one array")
for cut in range(len(BYTES)):
    with open("cut.npy", "wb") as file:
        file.write(BYTES[:cut])
    if cut in (0, 1, 5, 9, 11, 40, 127, 128, 129, len(BYTES) - 1):
        refuse("cut.npy", "cut off" if cut > 9 else "", None)
refuse("cut.npy", f"it is cut off: {len(BYTES) - 1} of {len(BYTES)} bytes [E0707]")

# Through a pipe the length is known at the end only.
for data, message in ((BYTES[:-1], "it is cut off"), (BYTES + b"x", "it goes on after its array")):
    done = subprocess.run([TOOL, "run", PROGRAM, "--engine=reference", "--arg=x=@/dev/stdin", "--out=y.npy"], input=data,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 1 and message in done.stderr.decode() and not os.path.exists("y.npy"), done
