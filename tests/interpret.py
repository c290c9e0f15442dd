"""Runs VMIR programs as plainly as can be, on small data: for tests that a program computes what it says.

    module = load(tool, path);  results = module.run("pagerank", {"N": 3, "E": 4}, arguments)

The program is read in the form that `vmemopt opt --passes=none` prints: a statement a line. Arrays are row-major lists
with a shape; floats are Python's, whatever their width, integers wrap around as theirs do. Declared ops are functions
that the caller gives. Nothing of memory is looked at: values are never shared or overwritten.
"""
import itertools
import math
import re
import subprocess

INTEGERS = {"i8": (8, True), "i16": (16, True), "i32": (32, True), "i64": (64, True),
            "u8": (8, False), "u16": (16, False), "u32": (32, False), "u64": (64, False)}


class Array:
    """A shape, () of a scalar, and the elements in row-major order."""

    def __init__(self, element, shape, data):
        self.element, self.shape, self.data = element, tuple(shape), list(data)
        assert len(self.data) == math.prod(self.shape), (self.shape, len(self.data))

    def nested(self):
        def part(shape, data):
            if not shape:
                return data[0]
            step = len(data) // shape[0] if shape[0] else 0
            return [part(shape[1:], data[i * step:(i + 1) * step]) for i in range(shape[0])]
        return part(self.shape, self.data)

    def at(self, index):
        place = 0
        for size, i in zip(self.shape, index):
            assert 0 <= i < size, f"index {i} of {size}"
            place = place * size + i
        return self.data[place]


def array(element, value):
    """An array of a number or nested lists."""
    shape, level = [], value
    while isinstance(level, list):
        shape.append(len(level))
        level = level[0] if level else 0
    flat = [value]
    for _ in shape:
        flat = [item for part in flat for item in part]
    return Array(element, shape, flat)


def indices(shape):
    return itertools.product(*map(range, shape))


def convert(element, value):
    if element == "bool":
        return bool(value)
    if element not in INTEGERS:
        return float(value)
    bits, signed = INTEGERS[element]
    value = math.trunc(value) & ((1 << bits) - 1)
    return value - (1 << bits) if signed and value >> (bits - 1) else value


def quotient(x, y):
    if isinstance(x, float) or isinstance(y, float):
        if y == 0:
            return math.nan if x == 0 or x != x else math.copysign(math.inf, x) * math.copysign(1, y)
        return x / y
    return abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)


def logarithm(x):
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan


ELEMENTWISE = {
    "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y, "div": quotient,
    "pow": lambda x, y: x ** y, "mod": lambda x, y: math.fmod(x, y) if isinstance(x, float) else x - y * quotient(x, y),
    "min": min, "max": max, "neg": lambda x: -x, "abs": abs, "sign": lambda x: (x > 0) - (x < 0), "sqrt": math.sqrt,
    "rsqrt": lambda x: 1 / math.sqrt(x), "recip": lambda x: quotient(1.0, x), "exp": math.exp, "log": logarithm,
    "sin": math.sin, "cos": math.cos, "tanh": math.tanh, "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "relu": lambda x: max(x, 0), "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2, "floor": math.floor,
    "ceil": math.ceil, "round": round, "clip": lambda x, low, high: min(max(x, low), high),
    "not": lambda x: not x if isinstance(x, bool) else ~x, "and": lambda x, y: x & y, "or": lambda x, y: x | y,
    "xor": lambda x, y: x ^ y, "eq": lambda x, y: x == y, "ne": lambda x, y: x != y, "lt": lambda x, y: x < y,
    "le": lambda x, y: x <= y, "gt": lambda x, y: x > y, "ge": lambda x, y: x >= y,
    "where": lambda c, x, y: x if c else y, "fma": lambda x, y, z: x * y + z, "axpy": lambda a, x, y: a * x + y,
    "cast": lambda x: x, "copy": lambda x: x, "broadcast": lambda x: x,
}


REDUCE = {
    "sum": sum, "mean": lambda v: sum(v) / len(v) if v else math.nan, "prod": math.prod, "any": any, "all": all,
    "min": lambda v: min(v, default=math.inf), "max": lambda v: max(v, default=-math.inf),
    "norm": lambda v: math.sqrt(sum(x * x for x in v)), "argmin": lambda v: v.index(min(v)),
    "argmax": lambda v: v.index(max(v)),
}


def elementwise(function, operands, element, shape):
    result = []
    for index in indices(shape):
        values = []
        for x in operands:
            own = index[len(index) - len(x.shape):]
            values.append(x.at([0 if size == 1 else i for size, i in zip(x.shape, own)]))
        result.append(convert(element, function(*values)))
    return Array(element, shape, result)


def reduce(function, x, attributes, element, shape):
    axes = attributes.get("axis", attributes.get("axes", list(range(len(x.shape)))))
    axes = axes if isinstance(axes, list) else [axes]
    groups = {index: [] for index in indices([n for a, n in enumerate(x.shape) if a not in axes])}
    for index, value in zip(indices(x.shape), x.data):
        groups[tuple(i for a, i in enumerate(index) if a not in axes)].append(value)
    limits = INTEGERS.get(element)
    extreme = {math.inf: (1 << (limits[0] - limits[1])) - 1, -math.inf: -(1 << (limits[0] - 1)) if limits[1] else 0
               } if limits else {}
    values = [function(group) for group in groups.values()]
    return Array(element, shape, [convert(element, extreme.get(v, v)) for v in values])


def build(element, shape, value_at):
    return Array(element, shape, [convert(element, value_at(index)) for index in indices(shape)])


def pair(value):
    return value if isinstance(value, list) else [value, value]


def op_matmul(x, y, attributes, element, shape):
    def item(a, index, turned):
        return a.at(index[:-2] + (index[-1], index[-2]) if turned else index)
    turn_x, turn_y = attributes.get("transpose_x", False), attributes.get("transpose_y", False)
    inner = x.shape[-2 if turn_x else -1]
    return build(element, shape, lambda i: sum(item(x, i[:-1] + (k,), turn_x) * item(y, i[:-2] + (k, i[-1]), turn_y)
                                               for k in range(inner)))


def op_conv2d(x, w, bias, attributes, element, shape):
    (sy, sx), (py, px) = pair(attributes.get("stride", 1)), pair(attributes.get("pad", 0))
    dy, dx = pair(attributes.get("dilation", 1))
    groups = attributes.get("groups", 1)
    outs, ins, rows, columns = w.shape
    assert x.shape[1] == ins * groups

    def value(index):
        n, o, p, q = index
        total = bias.at([o]) if bias else 0
        first = o // (outs // groups) * ins
        for i, r, s in indices((ins, rows, columns)):
            y, z = p * sy + r * dy - py, q * sx + s * dx - px
            if 0 <= y < x.shape[2] and 0 <= z < x.shape[3]:
                total += x.at((n, first + i, y, z)) * w.at((o, i, r, s))
        return total
    return build(element, shape, value)


def op_max_pool(x, attributes, element, shape):
    rows, columns = pair(attributes["size"])
    (sy, sx), (py, px) = pair(attributes.get("stride", [rows, columns])), pair(attributes.get("pad", 0))

    def value(index):
        n, c, p, q = index
        places = ((p * sy + r - py, q * sx + s - px) for r, s in indices((rows, columns)))
        return max(x.at((n, c, y, z)) for y, z in places if 0 <= y < x.shape[2] and 0 <= z < x.shape[3])
    return build(element, shape, value)


def op_scatter(x, at, y, attributes, add):
    axis = attributes.get("axis", 0)
    result = list(x.data)
    for index in indices(x.shape[:axis] + at.shape + x.shape[axis + 1:]):
        target = at.at(index[axis:axis + len(at.shape)])
        place = 0
        for size, i in zip(x.shape, index[:axis] + (target,) + index[axis + len(at.shape):]):
            assert 0 <= i < size, f"index {i} of {size}"
            place = place * size + i
        value = y.data[0] if y.shape == () else y.at(index)
        result[place] = convert(x.element, result[place] + value if add else value)
    return Array(x.element, x.shape, result)


def op_attention(q, k, v, mask, attributes, element, shape):
    scale = attributes.get("scale", 1 / math.sqrt(q.shape[-1]))
    keys = range(k.shape[-2])

    def value(index):
        head, row = index[:-2], index[-2]
        scores = [scale * sum(q.at(head + (row, d)) * k.at(head + (key, d)) for d in range(q.shape[-1]))
                  for key in keys]
        seen = [key for key in keys if mask is None or mask.at((row, key))]
        top = max(scores[key] for key in seen)
        weights = {key: math.exp(scores[key] - top) for key in seen}
        return sum(w * v.at(head + (key, index[-1])) for key, w in weights.items()) / sum(weights.values())
    return build(element, shape, value)


def rows_of(x, axis):
    """The indices of each row of x along the axis."""
    for rest in indices(x.shape[:axis] + x.shape[axis + 1:]):
        yield [rest[:axis] + (i,) + rest[axis:] for i in range(x.shape[axis])]


def along(x, axis, function):
    done = {}
    for row in rows_of(x, axis):
        done.update(zip(row, function([x.at(index) for index in row])))
    return build(x.element, x.shape, lambda index: done[index])


def softmax_row(row):
    top = max(row)
    weights = [math.exp(value - top) for value in row]
    return [weight / sum(weights) for weight in weights]


def normalised(row, epsilon):
    mean = sum(row) / len(row)
    variance = sum((value - mean) ** 2 for value in row) / len(row)
    return [(value - mean) / math.sqrt(variance + epsilon) for value in row]


def segments(row):
    return [range(row.data[i], row.data[i + 1]) for i in range(len(row.data) - 1)]


def over_neighbours(kind, row, x, places, element, shape):
    """The reduction of x at the places of each node's edges."""
    function = REDUCE[kind] if kind != "mean" else lambda v: sum(v) / len(v) if v else 0.0
    limits = INTEGERS.get(element)
    low = -(1 << (limits[0] - 1)) if limits and limits[1] else 0 if limits else -math.inf
    high = (1 << (limits[0] - limits[1])) - 1 if limits else math.inf
    nothing = {"sum": 0, "mean": 0.0, "min": high, "max": low}[kind]
    edges = segments(row)

    def value(index):
        values = [x.at((places[e],) + index[1:]) for e in edges[index[0]]]
        return function(values) if values else nothing
    return build(element, shape, value)


def label_propagate(labels, row, col):
    result = list(labels.data)
    for node, edges in enumerate(segments(row)):
        seen = [result[col.data[e]] for e in edges]
        if seen:
            result[node] = min(set(seen), key=lambda label: (-seen.count(label), label))
    return Array(labels.element, labels.shape, result)


def apply(name, args, attributes, types):
    """The results of an op of the table."""
    element, shape = types[0]
    x = args[0] if args else None
    if name in REDUCE and len(args) == 1:
        return [reduce(REDUCE[name], x, attributes, element, shape)]
    if name in ELEMENTWISE:
        return [elementwise(ELEMENTWISE[name], args, element, shape)]
    if name in ("matmul", "batch_matmul"):
        return [op_matmul(x, args[1], attributes, element, shape)]
    if name.startswith("neighbor_"):
        return [over_neighbours(name[9:], x, args[2], args[1].data, element, shape)]
    if name.startswith("segment_"):
        return [over_neighbours(name[8:], x, args[1], range(args[1].shape[0]), element, shape)]
    axis = attributes.get("axis", 0)
    match name:
        case "const":
            value = attributes["value"]
            return [Array(element, shape, [convert(element, v) for v in
                                           (value if isinstance(value, list) else [value] * math.prod(shape))])]
        case "fill":
            return [build(element, shape, lambda index: x.data[0])]
        case "iota":
            return [build(element, shape, lambda i: attributes.get("start", 0) + attributes.get("step", 1) * i[0])]
        case "reshape":
            return [Array(element, shape, x.data)]
        case "slice":
            start = attributes.get("start", [0] * len(shape))
            start = (start if isinstance(start, list) else [start]) + [0] * len(shape)
            assert "step" not in attributes
            return [build(element, shape, lambda i: x.at([a + b for a, b in zip(i, start)]))]
        case "split":
            results, begin = [], 0
            for part_element, part in types:
                results.append(build(part_element, part, lambda i, b=begin: x.at(
                    i[:axis] + (i[axis] + b,) + i[axis + 1:])))
                begin += part[axis]
            return results
        case "concat":
            ends = list(itertools.accumulate(part.shape[axis] for part in args))

            def joined(i):
                part = next(k for k, end in enumerate(ends) if i[axis] < end)
                return args[part].at(i[:axis] + (i[axis] - ends[part] + args[part].shape[axis],) + i[axis + 1:])
            return [build(element, shape, joined)]
        case "pad":
            low = attributes.get("low", 0)
            low = low if isinstance(low, list) else [low] * len(shape)

            def padded(i):
                own = [a - b for a, b in zip(i, low)]
                return x.at(own) if all(0 <= a < n for a, n in zip(own, x.shape)) else attributes.get("value", 0)
            return [build(element, shape, padded)]
        case "transpose":
            order = attributes.get("order", list(reversed(range(len(shape)))))
            return [build(element, shape, lambda i: x.at([i[order.index(a)] for a in range(len(shape))]))]
        case "cumsum":
            return [along(x, attributes.get("axis", len(shape) - 1), lambda row: list(itertools.accumulate(row)))]
        case "softmax":
            return [along(x, attributes.get("axis", len(shape) - 1), softmax_row)]
        case "layer_norm":
            plain = along(x, len(shape) - 1, lambda row: normalised(row, attributes.get("epsilon", 1e-5)))
            scale, bias = (args + [None, None])[1:3]
            return [build(element, shape, lambda i: plain.at(i) * (scale.at(i[-1:]) if scale else 1)
                          + (bias.at(i[-1:]) if bias else 0))]
        case "batch_norm":
            scale, bias, mean, variance = args[1:]
            epsilon = attributes.get("epsilon", 1e-5)
            return [build(element, shape, lambda i: (x.at(i) - mean.at(i[1:2])) / math.sqrt(
                variance.at(i[1:2]) + epsilon) * scale.at(i[1:2]) + bias.at(i[1:2]))]
        case "attention":
            return [op_attention(x, args[1], args[2], args[3] if len(args) > 3 else None, attributes, element, shape)]
        case "conv2d":
            return [op_conv2d(x, args[1], args[2] if len(args) > 2 else None, attributes, element, shape)]
        case "max_pool":
            return [op_max_pool(x, attributes, element, shape)]
        case "unique":
            found = sorted(set(x.data))
            return [Array(element, shape, found + [0] * (shape[0] - len(found))), Array("i64", (), [len(found)])]
        case "dot":
            return [Array(element, (), [sum(a * b for a, b in zip(x.data, args[1].data))])]
        case "outer":
            return [build(element, shape, lambda i: x.at(i[:1]) * args[1].at(i[1:]))]
        case "gather":
            at = args[1]
            return [build(element, shape, lambda i: x.at(
                i[:axis] + (at.at(i[axis:axis + len(at.shape)]),) + i[axis + len(at.shape):]))]
        case "scatter" | "scatter_add":
            return [op_scatter(x, args[1], args[2], attributes, name == "scatter_add")]
        case "histogram":
            low, high = attributes.get("low", 0), attributes.get("high", shape[0])
            bins = [math.floor((value - low) * shape[0] / (high - low)) for value in x.data]
            return [build(element, shape, lambda i: bins.count(i[0]))]
        case "degree":
            return [Array(element, shape, [convert(element, len(edges)) for edges in segments(x)])]
        case "edge_gather":
            return [build(element, shape, lambda i: args[1].at((x.data[i[0]],) + i[1:]))]
        case "label_propagate":
            return [label_propagate(*args)]
    raise NotImplementedError(name)


# ---- text ----

TYPE = re.compile(r"(bool|bf16|[iuf]\d+)(?:\[([^\]]*)\])?")


def split_list(text):
    """The items of a list, at commas outside of brackets."""
    items, depth, last = [], 0, 0
    for at, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if c == "," and depth == 0:
            items.append(text[last:at].strip())
            last = at + 1
    return [item for item in items + [text[last:].strip()] if item]


class Module:
    def __init__(self, text, declared):
        self.declared, self.functions, self.fixed = declared, {}, {}
        lines = [line.strip() for line in text.split("\n")]
        for at, line in enumerate(lines):
            fixed = re.fullmatch(r"dim (\w+) = (\d+)", line)
            if fixed:
                self.fixed[fixed[1]] = int(fixed[2])
            head = re.match(r"func @(\w+)\((.*)\)(?: -> .*)? \{$", line)
            if head:
                parameters = head[2][:re.search(r"\) -> |$", head[2]).start()]
                names = [re.search(r"%[\w.$]+", p)[0] for p in split_list(parameters)]
                self.functions[head[1]] = (names, self.region(lines, at)[0])

    def region(self, lines, at):
        """The statements from the line after `at` to its closing brace, and where that is. Regions are nested."""
        body, at = [], at + 1
        while not lines[at].startswith("}"):
            if not lines[at].endswith("{"):
                body.append((lines[at], []))
                at += 1
                continue
            head, parts = lines[at], []
            if " parallel " in head or head.startswith("parallel"):
                at += 1
                while lines[at] == "stream {":
                    part, at = self.region(lines, at)
                    parts.append(part)
                    at += 1
            else:
                part, at = self.region(lines, at)
                parts.append(part)
                if lines[at] in ("} else {", "} do {"):
                    part, at = self.region(lines, at)
                    parts.append(part)
            body.append((head, parts))
            at += 1
        return body, at

    def run(self, name, dims, arguments):
        """The results, the next states behind them."""
        self.dims = self.fixed | dims
        return self.call(name, arguments)

    def call(self, name, arguments):
        names, body = self.functions[name]
        assert len(names) == len(arguments), (name, names)
        return self.run_region(body, dict(zip(names, arguments)))

    def size(self, text):
        return eval(text.replace("/", "//"), {"max": max}, self.dims)

    def type_of(self, text):
        found = TYPE.match(text)
        return found[1], tuple(map(self.size, split_list(found[2]))) if found[2] else ()

    def operand(self, text, values, element):
        text = text.removeprefix("state ")
        if text.startswith("%"):
            return values[text]
        if text in self.dims:
            return Array("i64", (), [self.dims[text]])
        number = {"true": True, "false": False, "inf": math.inf, "-inf": -math.inf, "nan": math.nan}.get(text)
        if number is None:
            number = float(text) if re.search(r"[.e]", text) else int(text)
        return Array(element, (), [convert(element, number)])

    def attribute(self, text):
        if text.startswith("["):
            return [self.attribute(item) for item in split_list(text[1:-1])]
        if text in ("true", "false"):
            return text == "true"
        try:
            return float(text) if re.search(r"^-?\d+[.e]|inf", text) else self.size(text)
        except NameError:
            return text

    def run_region(self, body, outer):
        values = dict(outer)
        for line, parts in body:
            end = re.match(r"(yield|return|condition)\b(.*)", line)
            if end:
                return [self.operand(text, values, "f64") for text in split_list(end[2])]
            names, rest = [], line
            if line.startswith("%"):
                left, rest = line.split(" = ", 1)
                names = split_list(left)
            results = self.statement(rest, parts, values)
            assert len(results) >= len(names), line
            values.update(zip(names, results))
        raise ValueError("no end")

    def statement(self, text, parts, values):
        word = re.match(r"@?\w+", text)[0]
        if word in ("for", "while", "if", "parallel"):
            return getattr(self, "run_" + word)(text, parts, values)
        rest, types = text[len(word):].strip(), []
        if " : " in " " + rest:
            rest, written = (" " + rest).rsplit(" : ", 1)
            types = [self.type_of(item) for item in split_list(written)]
        if word == "call":
            name, arguments = re.match(r"\s*@(\w+)\((.*)\)", rest).groups()
            return self.call(name, [self.operand(t, values, "f64" if re.search(r"[.e]", t) else "i64")
                                    for t in split_list(arguments)])
        attributes = {}
        braces = re.search(r"\{(.*)\}\s*$", rest)
        if braces:
            attributes = {k: self.attribute(v) for k, v in (i.split(" = ", 1) for i in split_list(braces[1]))}
            rest = rest[:braces.start()]
        texts = split_list(rest)
        known = [values[t].element for t in texts if t in values]
        if word == "where" and known[0] == "bool":
            known = known[1:]
        element = known[0] if known else types[0][0]
        indexed = word in ("gather", "scatter", "scatter_add")
        arguments = [self.operand(t, values, "i64" if indexed and k == 1 else element) for k, t in enumerate(texts)]
        if word.startswith("@"):
            return self.declared[word[1:]](*arguments)
        return apply(word, arguments, attributes, types)

    def carried(self, text, values):
        found = re.search(r"carry \((.*?)\) ->", text)
        items = [item.split(" = ") for item in split_list(found[1])] if found else []
        types = re.search(r"-> (.*) \{$", text)
        kinds = split_list(types[1].strip("()")) if types else []
        return [name for name, _ in items], [self.operand(init, values, TYPE.match(kind)[1])
                                             for (_, init), kind in zip(items, kinds)]

    def run_for(self, text, parts, values):
        head = re.match(r"for (%\S+) = (\S+) to (\S+)(?: step (\d+))?", text)
        low, high = (self.operand(head[k], values, "i64").data[0] for k in (2, 3))
        names, now = self.carried(text, values)
        for i in range(low, high, int(head[4] or 1)):
            now = self.run_region(parts[0], values | dict(zip(names, now)) | {head[1]: Array("i64", (), [i])})
        return now

    def run_while(self, text, parts, values):
        names, now = self.carried(text, values)
        while self.run_region(parts[0], values | dict(zip(names, now)))[0].data[0]:
            now = self.run_region(parts[1], values | dict(zip(names, now)))
        return now

    def run_if(self, text, parts, values):
        chosen = self.operand(text.split()[1], values, "bool").data[0]
        return self.run_region(parts[0 if chosen else 1], values) if chosen or len(parts) > 1 else []

    def run_parallel(self, _, parts, values):
        return [value for part in parts for value in self.run_region(part, values)]


def load(tool, path, declared=None, replaced=()):
    """The program; `replaced` are pairs of texts, such as fixed dims made smaller."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for old, new in replaced:
        assert old in text, (path, old)
        text = text.replace(old, new)
    plain = subprocess.run([tool, "opt", "--passes=none", "-"], input=text, capture_output=True, text=True, timeout=60,
                           check=True).stdout
    return Module(plain, declared or {})
