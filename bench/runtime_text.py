"""Rows of tools/bench runtime about texts and columns: the interner beside GLib's, structures of arrays beside rows."""
import json

import harness


def absent_row(name, unit):
    return {"name": name, "value": None, "median": None, "runs": 0, "unit": unit, "peer": "not installed",
            "peer_value": None, "ratio": None}


def add_ratio(session, name, ours, peers, target):
    """One least over the other, or a row that says that the peer is absent."""
    if peers is None:
        session.rows.append(absent_row(name, "x"))
    else:
        session.add(name, [min(ours) / min(peers)], "x", target)


def measure_interner(session):
    rounds = session.options.runs or (3 if session.quick else 100)
    said = json.loads(harness.run_program([session.program("bench-interner"), rounds, 1000 if session.quick else 100000]))
    names = {"single": "interner", "shared": "shared interner", "shared_two": "shared interner, two threads",
             "glib": "g_intern_string", "glib_two": "g_intern_string, two threads"}
    for key, name in names.items():
        if key in said:
            session.add(f"intern/{name}", [nanoseconds * 1e-9 for nanoseconds in said[key]], "s")
        else:
            session.rows.append(absent_row(f"intern/{name}", "s"))
    add_ratio(session, "intern: interner over glib", said["single"], said.get("glib"), 1 / 2.7)
    add_ratio(session, "intern: two threads over glib", said["shared_two"], said.get("glib_two"), 1 / 4.5)
    target = None if session.quick else 46
    session.add("intern: bytes of a text", [said["bytes_single"]], "B", target)
    session.add("intern: bytes of a text, shared", [said["bytes_shared"]], "B", target)


def measure_soa(session):
    """Out of cache: 256 MiB of records, 32 MiB of the column."""
    rounds = session.options.runs or (2 if session.quick else 15)
    said = json.loads(harness.run_program([session.program("bench-soa"), rounds, 10000 if session.quick else 4 << 20]))
    for key, name in {"column": "structure of arrays", "rows": "array of structures"}.items():
        session.add(f"soa/{name}", [nanoseconds * 1e-9 for nanoseconds in said[key]], "s")
    session.add("soa: column over rows", [min(said["column"]) / min(said["rows"])], "x", None if session.quick else 1 / 7)


def measure_profile(session):
    rounds = session.options.runs or (3 if session.quick else 100)
    said = json.loads(harness.run_program([session.program("bench-profile"), rounds, 1000 if session.quick else 100000]))
    for key, name in {"none": "arena", "off": "arena, profile off", "on": "arena, one sample in 512 KiB"}.items():
        session.add(f"profile/{name}", [nanoseconds * 1e-9 for nanoseconds in said[key]], "s")
    session.add("profile: off over none", [min(said["off"]) / min(said["none"])], "x", None if session.quick else 1.03)
