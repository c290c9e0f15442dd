"""compare_timelines.py THIN FULL: a thinned timeline has at most 4096 true points, in order, and both peaks."""
import json
import sys

thin, full = (json.load(open(path))["functions"][0] for path in sys.argv[1:])
points = {moment["point"]: moment for moment in full["timeline"]}
assert len(full["timeline"]) > 4096 and sorted(points) == list(range(len(points)))
assert 2048 <= len(thin["timeline"]) <= 4096
assert all(points[moment["point"]] == moment for moment in thin["timeline"])
order = [moment["point"] for moment in thin["timeline"]]
assert order == sorted(set(order))
for key, peak in (("bytes", "peak"), ("inplace_bytes", "peak_inplace")):
    most = max(moment[key] for moment in full["timeline"])
    assert most == max(moment[key] for moment in thin["timeline"]) == full[peak]["bytes"] == full["summary"][peak + "_bytes"]
