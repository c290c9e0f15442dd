"""every_type.py make|check FOLDER: arrays of every type, with the extremes of each, and whether they came through."""
import sys

import numpy

TYPES = {"a": "?", "b": "i1", "c": "u1", "d": "i2", "e": "u2", "f": "i4", "g": "u4", "h": "i8", "i": "u8", "j": "f2",
         "k": "V2", "l": "f4", "m": "f8"}


def values(name):
    kind = numpy.dtype(TYPES[name])
    if name == "a":
        return numpy.array([True, False, True, True])
    if name == "k":
        return numpy.array([0x3f80, 0x8000, 0x7f80, 0x0001], dtype="u2").view("V2")
    if kind.kind == "f":
        limits = numpy.finfo(kind)
        return numpy.array([-0.0, limits.max, limits.smallest_subnormal, -numpy.inf], dtype=kind)
    limits = numpy.iinfo(kind)
    return numpy.array([limits.min, limits.max, 0, 1], dtype=kind)


mode, folder = sys.argv[1:]
for name in TYPES:
    if mode == "make":
        version = (1 + list(TYPES).index(name) % 3, 0)
        with open(f"{folder}/{name}.npy", "wb") as file:
            numpy.lib.format.write_array(file, values(name), version=version)
    else:
        found = numpy.load(f"{folder}/o{name}.npy")
        assert found.dtype == values(name).dtype, (name, found.dtype)
        assert found.tobytes() == values(name).tobytes(), (name, found)
