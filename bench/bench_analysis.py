"""Programs of 10^3 to 10^6 ops: time and memory from text to facts, plan and JSON.

The programs are those of bench/generate.c. Rows of SHAPE/OPS:

  parse        text to a module, without the verifier
  verify       every rule of the language; once more after each edit in debug builds
  facts        from text to all facts and the summary, without planner and without the checker of plans
  plan         from text to a plan that was checked
  json         from text to the report with every list and the whole timeline, written to a file
  memory       the most that the process held
  tool         `vmemopt analyze` as people run it: from the file to the text and a JSON report; the same with
  tool -O2     `vmemopt opt -O2`, which also prints the planned program
  tool memory  the most that these held
  growth       of plan and json: how many times the time of a tenth of the ops
  stage.NAME   with --stages: the parts that these consist of
"""
import json

import harness

# The shapes that targets were set for first, then what other programs do to an analysis.
SHAPES = ["chain", "wide", "random", "recent", "loops", "calls", "branches", "held", "deep", "rotate", "views", "parts", "fan",
          "streams", "copies", "mixed", "symbolic", "dims"]
TARGET_OPS = 10**6
TARGETS = {"facts": 3.0, "plan": 8.0, "json": 12.0, "memory": 1500 * 10**6}  # at TARGET_OPS
GROWTH = 12.0  # from a tenth of TARGET_OPS to all of them
STEPS = {"facts": "facts", "plan": "planned", "json": "reported"}  # row: step of bench-analysis


def add_options(parser):
    parser.add_argument("--shapes", metavar="LIST", help=f"of: {','.join(SHAPES)}")
    parser.add_argument("--ops", metavar="LIST", help="numbers of ops; by default 1000,10000,100000,1000000")
    parser.add_argument("--seed", type=int, default=1, help="of the generator")
    parser.add_argument("--cpu", action="store_true", help="processor time instead of time, for a machine that is busy")
    parser.add_argument("--stages", action="store_true", help="rows for each stage")


def read_list(text, fallback):
    return text.split(",") if text else fallback


def read_plan(session):
    shapes = read_list(session.options.shapes, SHAPES)
    for shape in shapes:
        if shape not in SHAPES:
            raise harness.BenchError(f"there is no shape {shape}; there are: {', '.join(SHAPES)}")
    try:
        sizes = [int(ops) for ops in read_list(session.options.ops, ["1000", "10000"] if session.quick else
                                               ["1000", "10000", "100000", "1000000"])]
    except ValueError as error:
        raise harness.BenchError(f"--ops: {error}") from error
    return shapes, sorted(sizes)


def count_runs(session, ops):
    return session.options.runs or (1 if session.quick else 3 if ops >= TARGET_OPS // 10 else 5)


def measure(session, program, report):
    """One run of bench-analysis; what it says is checked where it can be."""
    cpu = ["--cpu"] if session.options.cpu else []
    said = json.loads(harness.run_program([session.program("bench-analysis"), *cpu, program, report]))
    if said["dead"]:
        raise harness.BenchError(f"{program}: {said['dead']} values are not read; the generator is wrong")
    if report.stat().st_size != said["json_bytes"]:
        raise harness.BenchError(f"{report}: {said['json_bytes']} bytes were written, not all arrived")
    return said


def measure_tool(session, program, report):
    """The tool from outside: start, reading, printing and writing included."""
    tool = session.program("vmemopt")
    analyzed = harness.run_measured([tool, "analyze", program, f"--json={report}"])
    planned = harness.run_measured([tool, "opt", "-O2", program])
    return {"analyze": analyzed, "opt": planned}


def add_tool_rows(session, name, runs):
    key = "cpu" if session.options.cpu else "seconds"
    session.add(f"{name} tool", [run["analyze"][key] for run in runs], "s")
    session.add(f"{name} tool -O2", [run["opt"][key] for run in runs], "s")
    session.add(f"{name} tool memory", [max(run[part]["memory"] for part in run) for run in runs], "B")


def add_rows(session, name, runs, targets):
    def samples(group, key):
        return [run[group][key] for run in runs]

    def add(row, numbers, unit):
        session.add(f"{name} {row}", numbers, unit, targets.get(row))

    add("parse", samples("stages", "parse"), "s")
    add("verify", samples("stages", "verify"), "s")
    for row, step in STEPS.items():
        add(row, samples("seconds", step), "s")
    add("memory", samples("memory", "reported"), "B")
    if session.options.stages:
        for stage in runs[0]["stages"]:
            add(f"stage.{stage}", samples("stages", stage), "s")


def add_growth(session, shape, ops, runs, fewer):
    """Times per op would hide what a step of ten shows at once; generated sizes differ a little, so they are put in."""
    for row, step in STEPS.items():
        now, before = (min(run["seconds"][step] / run["ops"] for run in some) for some in (runs, fewer))
        target = GROWTH if ops == TARGET_OPS else None
        session.add(f"{shape}/{ops} {row} growth", [10 * now / before], "x", target)


def run(session):
    shapes, sizes = read_plan(session)
    for shape in shapes:
        by_ops = {}
        for ops in sizes:
            session.say(f"{shape}/{ops}")
            program, report = session.work / f"{shape}.vmir", session.work / "report.json"
            with open(program, "w", encoding="ascii") as out:
                out.write(harness.run_program([session.program("bench-generate"), shape, ops, session.options.seed]))
            subjects = {"stages": lambda: measure(session, program, report),
                        "tool": lambda: measure_tool(session, program, report)}
            samples = harness.take_turns(subjects, count_runs(session, ops))
            by_ops[ops] = samples["stages"]
            add_rows(session, f"{shape}/{ops}", by_ops[ops], TARGETS if ops == TARGET_OPS else {})
            add_tool_rows(session, f"{shape}/{ops}", samples["tool"])
            if ops // 10 in by_ops:
                add_growth(session, shape, ops, by_ops[ops], by_ops[ops // 10])
        program.unlink()
