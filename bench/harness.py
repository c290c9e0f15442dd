"""What every bench shares: where the built programs are, runs that take turns, rows with targets, table and JSON.

A bench is a module bench_NAME.py beside this one: its first line of documentation is what `tools/bench` lists,
`add_options(parser)` is optional, and `run(session)` measures and adds rows.

    {"schema": "vmemopt.bench/1", "bench": ..., "date": ..., "quick": ..., "machine": {...}, "versions": {...},
     "rows": [{"name", "value", "median", "runs", "unit", "peer", "peer_value", "ratio"} and, where one is set,
              {"target", "met"}]}

`value` is the least of all runs, for what disturbs a run only ever makes it slower; `ratio` is value over the peer's
least. A peer that is not installed leaves peer_value and ratio null, and `peer` says so. Nothing here asserts a time.
"""
import datetime
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


class BenchError(Exception):
    """A program that is missing or fails, or an option that makes no sense; the message is for the user."""


def run_program(command, **more):
    """The standard output of a command, which must succeed."""
    try:
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, check=False, **more)
    except OSError as error:
        raise BenchError(f"{command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        words = " ".join(str(word) for word in command)
        raise BenchError(f"{words}: exit code {done.returncode}\n{done.stderr[-4000:]}")
    return done.stdout


def run_measured(command):
    """A command that must succeed, with its output thrown away: time, processor time and the most memory it held."""
    begin = time.monotonic()
    try:
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except OSError as error:
        raise BenchError(f"{command[0]}: {error.strerror}") from error
    with process:
        message = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - begin
    if process.returncode != 0:
        words = " ".join(str(word) for word in command)
        raise BenchError(f"{words}: exit code {process.returncode}\n{message.decode(errors='replace')[-4000:]}")
    return {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss * 1024}


def take_turns(subjects, runs):
    """Calls each of the named subjects once, then each a second time, and so on, so that a slow moment of the machine
    meets all of them. Gives their results by name."""
    samples = {name: [] for name in subjects}
    for _ in range(runs):
        for name, measure in subjects.items():
            samples[name].append(measure())
    return samples


class Peer:
    """A program that others wrote, measured beside ours."""

    def __init__(self, name):
        self.name = name
        self.path = shutil.which(name)

    def __str__(self):
        return self.name if self.path else f"{self.name} (not installed)"


# ---- the head ----

def describe_machine():
    model = platform.processor() or platform.machine()
    memory = None
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        pass
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "memory_bytes": memory,
            "system": f"{platform.system()} {platform.release()} {platform.machine()}"}


def first_line(command):
    try:
        return run_program(command).splitlines()[0].strip()
    except (BenchError, IndexError):
        return None


def describe_commit():
    commit = first_line(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"])
    if commit and first_line(["git", "-C", ROOT, "status", "--porcelain", "--untracked-files=no"]):
        commit += " and changes"
    return commit


def read_cache(build):
    """The variables of a CMake build, by name."""
    entries = {}
    try:
        text = (build / "CMakeCache.txt").read_text(encoding="utf-8")
    except OSError:
        return entries
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and ":" in name and not line.startswith(("#", "//")):
            entries[name.split(":")[0]] = value
    return entries


def describe_versions(build):
    cache = read_cache(build)
    compiler = cache.get("CMAKE_C_COMPILER")
    return {"vmemopt": first_line([build / "bin" / "vmemopt", "--version"]), "commit": describe_commit(),
            "compiler": first_line([compiler, "--version"]) if compiler else None,
            "build": cache.get("CMAKE_BUILD_TYPE"), "python": platform.python_version()}


# ---- one run of a bench ----

class Session:
    """The options of this run, and the rows that it has so far."""

    def __init__(self, bench, options, build, work):
        self.bench, self.options, self.build, self.work = bench, options, build, work
        self.quick = options.quick
        self.rows = []

    def program(self, name):
        path = self.build / "bin" / name
        if not path.exists():
            raise BenchError(f"{path} is missing: build it, or leave out --build and tools/bench does so")
        return path

    def say(self, text):
        """Tells a waiting person where we are."""
        if sys.stderr.isatty():
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    def add(self, name, samples, unit, target=None, peer=None, peer_samples=None):
        """A row. `target` is the most that `value` may be; `peer` may be a Peer or a name."""
        value = min(samples)
        row = {"name": name, "value": value, "median": statistics.median(samples), "runs": len(samples), "unit": unit,
               "peer": str(peer) if peer else None, "peer_value": min(peer_samples) if peer_samples else None,
               "ratio": None}
        if row["peer_value"]:
            row["ratio"] = value / row["peer_value"]
        if target is not None:
            row["target"], row["met"] = target, value <= target
        self.rows.append(row)

    def as_json(self):
        return {"schema": "vmemopt.bench/1", "bench": self.bench,
                "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "quick": self.quick, "machine": describe_machine(), "versions": describe_versions(self.build),
                "rows": self.rows}


# ---- for people ----

def format_number(number):
    if number is None:
        return ""
    if isinstance(number, int) or abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.4g}"


def format_value(value, unit):
    """Seconds and bytes in units that are easy to read."""
    if value is None:
        return ""
    if unit == "s":
        for scale, name in ((1, "s"), (1e-3, "ms"), (1e-6, "us")):
            if value >= scale:
                return f"{value / scale:.3g} {name}"
        return f"{value * 1e9:.3g} ns"
    if unit == "B":
        for shift, name in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
            if value >= 1 << shift:
                return f"{value / (1 << shift):.3g} {name}"
        return f"{value:.0f} B"
    return f"{format_number(value)} {unit}".rstrip()


def format_row(row):
    unit = row["unit"]
    met = {True: "met", False: "MISSED"}.get(row.get("met"), "")
    return [row["name"], format_value(row["value"], unit), format_value(row["median"], unit),
            row["peer"] or "", format_value(row["peer_value"], unit),
            f"{row['ratio']:.3g}" if row["ratio"] is not None else "",
            format_value(row["target"], unit) if "target" in row else "", met]


def print_table(report, out=sys.stdout):
    machine, versions = report["machine"], report["versions"]
    print(f"{report['bench']}{' (quick)' if report['quick'] else ''}: {report['date']}, {machine['cpu']}, "
          f"{machine['cores']} cores, {machine['system']}", file=out)
    print("  " + ", ".join(f"{name} {text}" for name, text in versions.items() if text) + "\n", file=out)
    head = ["", "least", "median", "peer", "peer's", "ratio", "target", ""]
    lines = [head] + [format_row(row) for row in report["rows"]]
    used = [any(line[column] for line in lines[1:]) for column in range(len(head))]
    lines = [[cell for cell, wanted in zip(line, used) if wanted] for line in lines]
    widths = [max(len(cell) for cell in column) for column in zip(*lines)]
    for line in lines:
        cells = [line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        print("  ".join(cells).rstrip(), file=out)
    targets = [row["met"] for row in report["rows"] if "met" in row]
    if targets:
        print(f"\n{sum(targets)} of {len(targets)} targets met", file=out)


def write_json(report, path):
    text = json.dumps(report, indent=1) + "\n"
    if path == "-":
        sys.stdout.write(text)
        return
    try:
        pathlib.Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise BenchError(f"{path}: {error.strerror}") from error
