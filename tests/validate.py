#!/usr/bin/env python3
"""Validates a JSON report against docs/report.schema.json.

    validate.py SCHEMA [FILE]      FILE `-` or none: standard input
    validate.py --schemas SCHEMA...

The second form asks whether the schemas are ones. The first prints every fault with its place and exits with 1; on success passes the report through unchanged, so that a test can
pipe it on to FileCheck. Every number must also be below 2^53, which readers that keep doubles rely on.
"""
import json
import sys

import jsonschema

LIMIT = 2**53


def too_large(node, kinds, place="$"):
    todo = [(place, node)]
    while todo:
        place, node = todo.pop()
        if isinstance(node, dict):
            todo += [(f"{place}.{key}", child) for key, child in node.items()]
        elif isinstance(node, list):
            todo += [(f"{place}[{index}]", child) for index, child in enumerate(node)]
        elif isinstance(node, kinds) and not abs(node) < LIMIT:
            yield f"{place}: {node} is not below 2^53"


def no_constant(name):
    raise ValueError(f"{name} is not JSON")


def no_repetition(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError(f"a key is written twice among {keys}")
    return dict(pairs)


def check_schemas(names):
    for name in names:
        with open(name, encoding="utf-8") as file:
            schema = json.load(file)
        try:
            jsonschema.validators.validator_for(schema).check_schema(schema)
        except jsonschema.SchemaError as error:
            print(f"{name}: {error.message[:300]}", file=sys.stderr)
            return 1
    return 0


def main():
    if sys.argv[1:2] == ["--schemas"] and len(sys.argv) > 2:
        return check_schemas(sys.argv[2:])
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    name = sys.argv[2] if len(sys.argv) == 3 else "-"
    data = sys.stdin.buffer.read() if name == "-" else open(name, "rb").read()
    try:
        text = data.decode("utf-8")
        report = json.loads(text, parse_constant=no_constant, object_pairs_hook=no_repetition)
    except ValueError as error:
        print(f"{name}: no JSON: {error}", file=sys.stderr)
        return 1
    kind = jsonschema.validators.validator_for(schema)
    faults = [f"${''.join(f'[{part!r}]' for part in error.absolute_path)}: {error.message[:300]}"
              for error in kind(schema).iter_errors(report)]
    # The elements of a run's arrays are real numbers of any size.
    faults += list(too_large(report, int if schema["title"] == "vmemopt.run/1" else (int, float)))
    for fault in faults:
        print(f"{name}: {fault}", file=sys.stderr)
    sys.stdout.write(text)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
