"""The planner on buffers of real programs, hard instances, perfect packings and a million buffers: height and time.

Instances are CSV files with the columns id,lower,upper,size. A number in the name (A.1048576.csv) is the capacity that
the instance was published with, and known to fit in: it is solved for that capacity, by the peer too. Targets that were
set for a published instance are looked up by its name. Perfect packings and straight line programs are generated.

A time limit is wall time: on a busy machine less work is done in it.
"""
import json
import pathlib
import random
import time

import harness

DATA = harness.ROOT.parent / "shared" / "data" / "planner"
PEER = harness.Peer("minimalloc")
PEER_PUBLISHED = {"A": 4.9, "B": 3.6, "C": 0.6, "D": 2.5, "E": 3.7}  # seconds, another machine
SUM_TARGET = 0.76  # seconds for A to E, of which 1/19 of the peer's time is 0.8

# name of an instance: (time limit in seconds or None, most that the height may be over the lower bound, most seconds)
TARGETS = {"iopddl_G_1": [(None, 1.0, 0.1)], "somas_resnet50": [(None, 1.0, 0.1)],
           "iopddl_S_1": [(1, 1.0018, None), (10, 1.0005, None)], "D": [(2, 1029120 / 986112, None)]}


def add_options(parser):
    parser.add_argument("--data", type=pathlib.Path, metavar="DIR",
                        help="folder of CSV files; without one, only generated instances are measured")
    parser.add_argument("--largest", type=int, metavar="N", help="buffers of the largest straight line program: 1000000")


# ---- generated instances ----

def write_instance(session, name, rows):
    path = session.work / f"{name}.csv"
    lines = (f"{number},{begin},{end},{size}" for number, (begin, end, size) in enumerate(rows))
    path.write_text("id,lower,upper,size\n" + "\n".join(lines) + "\n", encoding="ascii")
    return path


def make_program(count):
    """Buffers of a straight line program: sizes over four orders of magnitude, most lives short, some long."""
    source = random.Random(count)
    for number in range(count):
        length = 1 + int(source.paretovariate(0.7)) % count
        yield number, number + length, 64 * (1 + int(10 ** source.uniform(0, 4)))


def choose_piece(source, pieces):
    """The largest of four at random."""
    return max(source.sample(range(len(pieces)), min(4, len(pieces))),
               key=lambda i: (pieces[i][1] - pieces[i][0]) * pieces[i][2])


def cut_rectangle(count, seed, height):
    """A rectangle that is cut into `count` pieces, across or along, again and again, the larger ones more often: the
    least height of a plan is its own."""
    source, width = random.Random(seed), 10 * count
    pieces = [(0, width, height)]
    while len(pieces) < count:
        at = choose_piece(source, pieces)
        begin, end, size = pieces[at]
        wide, high = (end - begin) / width, size / height
        if source.random() * (wide + high) < wide and end - begin > 1:
            cut = source.randint(begin + 1, end - 1)
            pieces[at] = (begin, cut, size)
            pieces.append((cut, end, size))
        elif size > 1:
            part = source.randint(1, size - 1)
            pieces[at] = (begin, end, part)
            pieces.append((begin, end, size - part))
    source.shuffle(pieces)
    return pieces


def weave_rectangle(count, seed, height):
    """The same with pinwheels, which no straight cut divides: four pieces around a fifth one."""
    source, width = random.Random(seed), 10 * count
    pieces = [(0, width, height)]
    while len(pieces) < count:
        at = choose_piece(source, pieces)
        begin, end, size = pieces[at]
        if end - begin < 3 or size < 3:
            continue
        left, right = sorted(source.sample(range(begin + 1, end), 2))
        low, high = sorted(source.sample(range(1, size), 2))
        pieces[at] = (left, right, high - low)
        pieces += [(begin, right, low), (right, end, high), (left, end, size - high), (begin, left, size - low)]
    source.shuffle(pieces)
    return pieces


# ---- measuring ----

def read_capacity(path):
    parts = path.name.split(".")
    return int(parts[-2]) if len(parts) > 2 and parts[-2].isdigit() else None


def measure_ours(session, path, limit=None, capacity=None, threads=1):
    options = [f"--threads={threads}"]
    if limit is not None:
        options.append(f"--time-limit={limit}")
    if capacity is not None:
        options.append(f"--capacity={capacity}")
    return json.loads(harness.run_program([session.program("bench-planner"), *options, path]))


def measure_peer(session, path, capacity):
    begin = time.monotonic()
    harness.run_program([PEER.path, f"--capacity={capacity}", f"--input={path}", f"--output={session.work / 'peer.csv'}"])
    return time.monotonic() - begin


def height_over_bound(said):
    return said["height"] / said["lower_bound"] if said["lower_bound"] else 1.0


def add_result(session, name, samples, most=None, seconds=None):
    session.add(f"{name} height over bound", [height_over_bound(said) for said in samples], "x", target=most)
    session.add(f"{name} time", [one for said in samples for one in said["seconds"]], "s", target=seconds)


def measure_capacity(session, path, capacity, runs):
    """One thread and two, and the peer, for the capacity. Gives the least time of one thread."""
    name = path.name.removesuffix(".csv")
    subjects = {threads: lambda n=threads: measure_ours(session, path, capacity=capacity, threads=n)
                for threads in (1, 2)}
    if PEER.path:
        subjects["peer"] = lambda: measure_peer(session, path, capacity)
    samples = harness.take_turns(subjects, runs)
    times = {threads: [one for said in samples[threads] for one in said["seconds"]] for threads in (1, 2)}
    session.add(f"{name} height over capacity", [said["height"] / capacity for said in samples[1]], "x", target=1.0)
    session.add(f"{name} time", times[1], "s", peer=PEER, peer_samples=samples.get("peer"))
    session.add(f"{name} time with 2 threads", times[2], "s")
    return min(times[1])


def measure_file(session, path, runs):
    """An instance without a capacity, or with its capacity left aside."""
    name = path.name.removesuffix(".csv")
    stem = name.split(".")[0]
    for limit, most, seconds in TARGETS.get(stem, [(None, None, None)]):
        if session.quick and limit is not None and limit > 2:
            continue
        label = f"{stem} minimised" + (f" in {limit} s" if limit is not None else "")
        samples = harness.take_turns({"ours": lambda t=limit: measure_ours(session, path, limit=t)}, runs)["ours"]
        add_result(session, label, samples, most, seconds)


def measure_folder(session, folder, runs):
    paths = sorted(folder.glob("*.csv"))
    if not paths:
        raise harness.BenchError(f"{folder}: there are no CSV files")
    times = {}
    for path in paths:
        session.say(path.name)
        capacity = read_capacity(path)
        if capacity:
            times[path.name.split(".")[0]] = measure_capacity(session, path, capacity, runs)
        measure_file(session, path, runs)
    if set(PEER_PUBLISHED) <= set(times):
        session.add("A to E for their capacities, one thread", [sum(times[name] for name in PEER_PUBLISHED)], "s",
                    target=SUM_TARGET, peer=f"{PEER.name}, as published", peer_samples=[sum(PEER_PUBLISHED.values())])


def measure_packings(session):
    height = 1000000
    for count in (100, 500) if session.quick else (100, 200, 300, 500, 1000, 5000):
        for shape, make in (("cut", cut_rectangle), ("woven", weave_rectangle)):
            limit, most = (1, 1.0) if count <= 500 else (5, 1.02 if count == 5000 else None)
            name = f"perfect packing, {shape}, {count}"
            session.say(name)
            samples = [measure_ours(session, write_instance(session, f"{shape}_{count}_{seed}", make(count, seed, height)),
                                    limit=limit) for seed in range(1 if session.quick else 3)]
            worst = max(samples, key=height_over_bound)
            add_result(session, f"{name} in {limit} s, worst of {len(samples)}", [worst], most)


def measure_programs(session, runs):
    largest = session.options.largest or (1000 if session.quick else 1000000)
    for count in [size for size in (100, 1000, 10000, 100000) if size < largest] + [largest]:
        session.say(f"program of {count}")
        path = write_instance(session, f"program_{count}", make_program(count))
        limit = 5 if count >= 1000000 else None
        samples = [measure_ours(session, path, limit=limit) for _ in range(runs if count < 1000000 else 1)]
        name = f"program of {count} buffers"
        if count >= 1000000:
            add_result(session, f"{name} in 5 s", samples, 1.005, 5.25 + 0.01)
            session.add(f"{name} memory", [said["memory"] for said in samples], "bytes", target=400e6)
            session.add(f"{name} check", [said["check_seconds"] for said in samples], "s", target=2)
        else:
            add_result(session, name, samples)


def run(session):
    runs = session.options.runs or (1 if session.quick else 3)
    folder = session.options.data
    if folder is None and DATA.is_dir() and not session.quick:
        folder = DATA
    if folder is not None:
        measure_folder(session, folder, runs)
    measure_packings(session)
    measure_programs(session, runs)
