"""The planner on buffers of real programs: height over lower bound, and time.

Instances are CSV files with the columns id,lower,upper,size. A number in the name (A.1048576.csv) is the capacity that
the instance was published with, and known to fit in: a row compares the height with it. The peer solves for that capacity too.
"""
import json
import pathlib
import random
import time

import harness

DATA = harness.ROOT.parent / "shared" / "data" / "planner"
PEER = harness.Peer("minimalloc")


def add_options(parser):
    parser.add_argument("--data", type=pathlib.Path, metavar="DIR",
                        help="folder of CSV files; without one, instances are generated")


def generate(session):
    """Buffers of a straight line program: sizes over four orders of magnitude, most lives short, some long."""
    paths = []
    for count in (100, 1000) if session.quick else (100, 1000, 10000, 100000):
        source, lines = random.Random(count), ["id,lower,upper,size"]
        for number in range(count):
            length = 1 + int(source.paretovariate(0.7)) % count
            lines.append(f"{number},{number},{number + length},{64 * (1 + int(10 ** source.uniform(0, 4)))}")
        paths.append(session.work / f"generated_{count}.csv")
        paths[-1].write_text("\n".join(lines) + "\n", encoding="ascii")
    return paths


def find_instances(session):
    folder = session.options.data
    if folder is None:
        folder = DATA if DATA.is_dir() else None
    if folder is None:
        return generate(session)
    paths = sorted(folder.glob("*.csv"))
    if not paths:
        raise harness.BenchError(f"{folder}: there are no CSV files")
    return paths


def read_capacity(path):
    parts = path.name.split(".")
    return int(parts[-2]) if len(parts) > 2 and parts[-2].isdigit() else None


def measure_ours(session, path):
    return json.loads(harness.run_program([session.program("bench-planner"), path]))


def measure_peer(session, path, capacity):
    begin = time.monotonic()
    harness.run_program([PEER.path, f"--capacity={capacity}", f"--input={path}", f"--output={session.work / 'peer.csv'}"])
    return time.monotonic() - begin


def run(session):
    runs = session.options.runs or (1 if session.quick else 3)
    for path in find_instances(session):
        session.say(path.name)
        capacity, name = read_capacity(path), path.name.removesuffix(".csv")
        subjects = {"ours": lambda p=path: measure_ours(session, p)}
        if PEER.path and capacity:
            subjects["peer"] = lambda p=path, c=capacity: measure_peer(session, p, c)
        samples = harness.take_turns(subjects, runs)
        first = samples["ours"][0]
        bound = first["lower_bound"]
        session.add(f"{name} height over bound", [first["height"] / bound if bound else 1.0], "x")
        if capacity:
            session.add(f"{name} height over capacity", [first["height"] / capacity], "x")
        session.add(f"{name} time", [seconds for said in samples["ours"] for seconds in said["seconds"]], "s",
                    peer=PEER if capacity else None, peer_samples=samples.get("peer"))
