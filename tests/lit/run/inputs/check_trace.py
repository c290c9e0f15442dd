"""check_trace.py FILE COUNT: a trace in the Trace Event Format: COUNT bars, each within the time, and counters of bytes."""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    trace = json.load(file)
bars = [event for event in trace["traceEvents"] if event["ph"] == "X"]
counters = [event for event in trace["traceEvents"] if event["ph"] == "C"]
assert len(bars) == int(sys.argv[2]) and len(bars) + len(counters) == len(trace["traceEvents"])
assert bars[0]["ts"] == 0 and all(bar["dur"] >= 0 and bar["args"]["bytes_moved"] > 0 for bar in bars)
assert all(a["ts"] + a["dur"] <= b["ts"] + 0.01 for a, b in zip(bars, bars[1:])), bars
assert counters and all(event["args"]["bytes"] == 32 for event in counters)
assert trace["otherData"]["dropped"] == 0
