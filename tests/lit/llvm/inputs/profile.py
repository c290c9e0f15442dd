#!/usr/bin/env python3
"""Writes a profile of allocation sites, as an instrumented program would.

    profile.py FUNCTION:ALLOCATOR:ORDINAL:OBJECTS:BYTES[:LIVING[:NEXT]][@SCOPE] ...

Each word is a site without a place: that many objects of so many bytes, of which all, or LIVING, live at a time at most, and each of which
is followed by one of the site with the number NEXT; a call of the function that drops them makes SCOPE bytes at most.
"""
import json
import sys


def site(word):
    word, _, scope = word.partition("@")
    function, allocator, *numbers = word.split(":")
    ordinal, objects, size, *living = map(int, numbers)
    most = living[0] if living else objects
    followed = [{"site": living[1], "count": objects}] if len(living) > 1 else []
    freed = objects - most
    return {"function": function, "file": None, "line": 0, "column": 0, "ordinal": ordinal, "allocator": allocator, "noted": True,
            "count": objects, "bytes": objects * size, "smallest": size if objects else 0, "largest": size if objects else 0,
            "frees": freed, "moves": 0, "peak_objects": most, "peak_bytes": most * size, "left_objects": most,
            "left_bytes": most * size, "mean_life": 10 if freed else 0, "longest_life": 20 if freed else 0, "alive": "f" * 16,
            "sizes": [{"up_to": size, "count": objects}] if objects else [], "followed_by": followed, "freed_before": [],
            **({"scope_bytes": int(scope)} if scope else {})}


sites = ",\n  ".join(json.dumps(site(word)) for word in sys.argv[1:])
print(f'{{"schema": "vmemopt-profile-1", "hash": "0123456789abcdef", "clock": 0, "lost": 0, "sites": [\n  {sites}\n]}}')
