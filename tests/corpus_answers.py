#!/usr/bin/env python3
"""Runs every program of the corpus on small data and compares with an answer that was found another way: a textbook's
example, a direct computation, or a property that only the right answer has.

    corpus_answers.py VMEMOPT SOURCE_DIRECTORY [--engine=ENGINE [--run=OPTION]...] [NAME...]

The programs are run by tests/interpret.py, or with --engine by `vmemopt run`.

Each test below is named after the program's file; a program without a test is a fault.
"""
import cmath
import glob
import itertools
import math
import os
import random
import sys

from interpret import Array, array, load
from run_program import Program

TESTS = {}
TOOL = SOURCE = ENGINE = None
OPTIONS = []


def test(path):
    def register(function):
        TESTS[path] = function
        return function
    return register


def interpreted(path, declared=None, replaced=()):
    return load(TOOL, os.path.join(SOURCE, "corpus", path + ".vmir"), declared, replaced)


def program(path, declared=None, replaced=()):
    if ENGINE is None:
        return interpreted(path, declared, replaced)
    return Program(TOOL, os.path.join(SOURCE, "corpus", path + ".vmir"), replaced, ENGINE, OPTIONS)


def f64(value):
    return array("f64", value)


def i64(value):
    return array("i64", value)


def i32(value):
    return array("i32", value)


def near(x, y, tolerance=1e-9):
    if isinstance(x, Array):
        x = x.nested()
    if isinstance(x, list):
        assert len(x) == len(y), (x, y)
        for a, b in zip(x, y):
            near(a, b, tolerance)
    else:
        assert x == y or math.isfinite(x) and abs(x - y) <= tolerance * max(1, abs(x), abs(y)), f"{x} is not {y}"


def noise(seed, *shape, low=-1.0, high=1.0):
    source = random.Random(seed)

    def part(sizes):
        return [part(sizes[1:]) for _ in range(sizes[0])] if sizes else source.uniform(low, high)
    return part(shape)


def product(a, b):
    return [[sum(x * y for x, y in zip(row, column)) for column in zip(*b)] for row in a]


def compressed(lists):
    """Rows and columns of a graph given by neighbour lists."""
    row = list(itertools.accumulate((len(part) for part in lists), initial=0))
    return i64(row), Array("i32", (row[-1],), [v for part in lists for v in part])


def undirected(count, edges):
    lists = [[] for _ in range(count)]
    for a, b in edges:
        lists[a].append(b)
        lists[b].append(a)
    return [sorted(part) for part in lists]


def random_graph(seed, count, edges):
    source = random.Random(seed)
    return undirected(count, sorted(source.sample(list(itertools.combinations(range(count), 2)), edges)))


def sizes(lists):
    return {"N": len(lists), "E": sum(map(len, lists))}


# ---- graphs ----

@test("graph/pagerank")
def pagerank():
    graph = undirected(4, [(0, 1), (1, 2), (2, 3), (1, 3)])
    ranks, = program("graph/pagerank").run("pagerank", sizes(graph), [*compressed(graph), f64([1.0] * 4), i64(200)])
    for v, part in enumerate(graph):
        near(ranks.data[v], 0.15 + 0.85 * sum(ranks.data[u] / len(graph[u]) for u in part))
    near(sum(ranks.data), 4)


@test("graph/hits")
def hits():
    out = [[1, 2], [2], [], [2, 0]]
    into = [[u for u in range(4) if v in out[u]] for v in range(4)]
    hub, authority = program("graph/hits").run("hits", sizes(out), [*compressed(into), *compressed(out), f64([1.0] * 4),
                                                                    i64(300)])
    # Fixed point: a = A'h / |A'h|, h = A a / |A a|.
    received = [sum(hub.data[u] for u in into[v]) for v in range(4)]
    near(authority, [value / math.hypot(*received) for value in received])
    given = [sum(authority.data[v] for v in out[u]) for u in range(4)]
    near(hub, [value / math.hypot(*given) for value in given])
    assert authority.data[2] == max(authority.data)


@test("graph/label_propagation")
def label_propagation():
    # Two triangles with a bridge.
    graph = undirected(6, [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5), (2, 3)])
    labels, count, rounds = program("graph/label_propagation").run("communities", sizes(graph),
                                                                  [*compressed(graph), i64(50)])
    assert labels.data[0] == labels.data[1] == labels.data[2] and labels.data[3] == labels.data[4] == labels.data[5]
    assert count.data == [len(set(labels.data))] and 0 < rounds.data[0] < 50


@test("graph/bellman_ford")
def bellman_ford():
    # Cormen et al., the figure of the chapter: s t x y z.
    edges = {(0, 1): 6, (0, 3): 7, (1, 2): 5, (1, 3): 8, (1, 4): -4, (2, 1): -2, (3, 2): -3, (3, 4): 9, (4, 2): 7,
             (4, 0): 2}
    into = [[u for u in range(5) if (u, v) in edges] for v in range(5)]
    weight = [float(edges[u, v]) for v in range(5) for u in into[v]]
    run = program("graph/bellman_ford").run
    dist, cycle = run("bellman_ford", sizes(into), [*compressed(into), f64(weight), i64([0])])
    near(dist, [0, 2, 4, 7, -2])
    assert cycle.data == [False]
    weight = [-9.0 if (u, v) == (2, 1) else float(edges[u, v]) for v in range(5) for u in into[v]]
    assert run("bellman_ford", sizes(into), [*compressed(into), f64(weight), i64([0])])[1].data == [True]


def levels(graph, start):
    found, queue = {start: 0}, [start]
    for node in queue:
        for other in graph[node]:
            if other not in found:
                found[other] = found[node] + 1
                queue.append(other)
    return [found.get(node, -1) for node in range(len(graph))]


@test("graph/bfs_levels")
def bfs_levels():
    graph = random_graph(3, 14, 16)
    result, depth = program("graph/bfs_levels").run("bfs", sizes(graph), [*compressed(graph), i64([2])])
    assert result.data == levels(graph, 2), (result.data, levels(graph, 2))
    assert depth.data[0] == max(result.data) + 2


@test("graph/k_core")
def k_core():
    graph = random_graph(5, 12, 20)
    graph.append([])
    cores, peels = program("graph/k_core").run("k_core", sizes(graph), compressed(graph))
    for k in range(1, 6):
        left = set(range(13))
        while any(len(left & set(graph[v])) < k for v in left):
            left -= {v for v in left if len(left & set(graph[v])) < k}
        assert {v for v in range(13) if cores.data[v] >= k} == left, k
    assert peels.data[0] >= max(cores.data)


@test("graph/connected_components")
def connected_components():
    graph = random_graph(8, 20, 14)
    labels, count = program("graph/connected_components").run("components", sizes(graph), compressed(graph))
    wanted = [min(v for v, level in enumerate(levels(graph, node)) if level >= 0) for node in range(20)]
    assert labels.data == wanted and count.data == [len(set(wanted))]


@test("graph/maximal_independent_set")
def maximal_independent_set():
    graph = random_graph(9, 15, 30)
    graph.append([])
    order = list(range(1, 17))
    random.Random(4).shuffle(order)
    chosen = program("graph/maximal_independent_set").run("independent_set", sizes(graph), [*compressed(graph),
                                                                                              i32(order)])[0].data
    for v, part in enumerate(graph):
        assert chosen[v] != any(chosen[u] for u in part)


@test("graph/graph_convolution")
def graph_convolution():
    graph = random_graph(1, 6, 8)
    x, w1, w2 = noise(1, 6, 5), noise(2, 5, 4), noise(3, 4, 3)
    z, = program("graph/graph_convolution", None, [("F = 128", "F = 5"), ("H = 64", "H = 4"), ("C = 40", "C = 3")]).run(
        "gcn", sizes(graph), [*compressed(graph), f64(x), f64(w1), f64(w2)])
    a = [[((u in graph[v]) + (u == v)) / math.sqrt((len(graph[u]) + 1) * (len(graph[v]) + 1)) for u in range(6)]
         for v in range(6)]
    hidden = [[max(value, 0) for value in row] for row in product(product(a, x), w1)]
    near(z, [softmax(row) for row in product(product(a, hidden), w2)])


def softmax(row):
    weights = [math.exp(value) for value in row]
    return [weight / sum(weights) for weight in weights]


# ---- learning ----

@test("ml/kmeans")
def kmeans():
    points = [[0.0, 0.0], [0.0, 1.0], [10.0, 10.0], [10.0, 12.0]]
    centres, owner = program("ml/kmeans").run("kmeans", {"N": 4, "D": 2, "K": 3}, [
        f64(points), f64([[1.0, 1.0], [9.0, 9.0], [-50.0, 0.0]]), i64(4)])
    near(centres, [[0, 0.5], [10, 11], [-50, 0]])
    assert owner.data == [0, 0, 1, 1]


@test("ml/mlp_training_step")
def mlp_training_step():
    dims = {"B": 3}
    small = [("I = 784", "I = 4"), ("H = 512", "H = 5"), ("C = 10", "C = 3")]
    run = program("ml/mlp_training_step", None, small).run
    loss = interpreted("ml/mlp_training_step", None, small).run # it is asked for two times for each weight
    x, target = f64(noise(1, 3, 4)), f64([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    weights = [f64(noise(2, 4, 5)), f64(noise(3, 5)), f64(noise(4, 5, 3)), f64(noise(5, 3))]
    rate = 0.5
    moved = run("training_step", dims, [x, target, *weights, f64(rate)])
    near(moved[4].data[0], loss("training_step", dims, [x, target, *weights, f64(rate)])[4].data[0])
    for k, weight in enumerate(weights):
        for i in range(len(weight.data)):
            losses = []
            for step in (1e-6, -1e-6):
                changed = Array("f64", weight.shape, weight.data)
                changed.data[i] += step
                losses.append(loss("training_step", dims, [x, target, *weights[:k], changed, *weights[k + 1:], f64(0.0)]
                                   )[4].data[0])
            near((weight.data[i] - moved[k].data[i]) / rate, (losses[0] - losses[1]) / 2e-6, 1e-6)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


@test("ml/lstm")
def lstm():
    steps, rows, inputs, units = 3, 2, 3, 2
    x, h, c = noise(1, steps, rows, inputs), noise(2, rows, units), noise(3, rows, units)
    wx, wh, b = noise(4, inputs, 4 * units), noise(5, units, 4 * units), noise(6, 4 * units)
    out, last = program("ml/lstm", None, [("B = 32", "B = 2"), ("I = 80", "I = 3"), ("H = 256", "H = 2")]).run(
        "lstm", {"S": steps}, [f64(v) for v in (x, h, c, wx, wh, b)])
    for t in range(steps):
        sums = [[a + d + e for a, d, e in zip(*rows_, b)] for rows_ in zip(product(x[t], wx), product(h, wh))]
        for r, j in itertools.product(range(rows), range(units)):
            i, f, g, o = (sums[r][k * units + j] for k in range(4))
            c[r][j] = sigmoid(f) * c[r][j] + sigmoid(i) * math.tanh(g)
            h[r][j] = sigmoid(o) * math.tanh(c[r][j])
        near(out.nested()[t], h)
    near(last, c)


@test("ml/transformer_block")
def transformer_block():
    # Compared with attention head by head, on lists.
    s, a, p, f = 3, 2, 64, 5
    d = a * p
    arguments = [noise(k, *shape) for k, shape in enumerate([(s, d), (d,), (d,), (d, d), (d, d), (d, d), (d, d), (d,),
                                                              (d,), (d, f), (f, d)])]
    y, = program("ml/transformer_block", None, [("A = 12", "A = 2"), ("F = 3072", "F = 5")]).run(
        "block", {"S": s}, list(map(f64, arguments)))
    x, gain1, bias1, wq, wk, wv, wo, gain2, bias2, w1, w2 = arguments

    def normal(rows, gain, bias):
        result = []
        for row in rows:
            mean = sum(row) / d
            root = math.sqrt(sum((v - mean) ** 2 for v in row) / d + 1e-5)
            result.append([(v - mean) / root * g + b for v, g, b in zip(row, gain, bias)])
        return result
    n = normal(x, gain1, bias1)
    q, k, v = product(n, wq), product(n, wk), product(n, wv)
    merged = [[] for _ in range(s)]
    for head in range(a):
        part = slice(head * p, head * p + p)
        weights = [softmax([sum(i * j for i, j in zip(qi[part], kj[part])) / math.sqrt(p) for kj in k]) for qi in q]
        for row, mixed in zip(merged, product(weights, [vj[part] for vj in v])):
            row += mixed
    mid = [[i + j for i, j in zip(*rows)] for rows in zip(x, product(merged, wo))]
    up = [[v * (1 + math.erf(v / math.sqrt(2))) / 2 for v in row] for row in product(normal(mid, gain2, bias2), w1)]
    near(y, [[i + j for i, j in zip(*rows)] for rows in zip(mid, product(up, w2))])


def convolve(images, filters, stride, pad):
    """Direct convolution of [B][C][H][W] with [O][C][R][S]."""
    height, rows = len(images[0][0]), len(filters[0][0])
    count = (height + 2 * pad - rows) // stride + 1

    def value(image, weight, p, q):
        return sum(image[c][y][x] * weight[c][y - p * stride + pad][x - q * stride + pad]
                   for c in range(len(weight)) for y in range(height) for x in range(height)
                   if 0 <= y - p * stride + pad < rows and 0 <= x - q * stride + pad < rows)
    return [[[[value(image, weight, p, q) for q in range(count)] for p in range(count)] for weight in filters]
            for image in images]


@test("ml/resnet_block")
def resnet_block():
    c, w = 2, 5
    x = noise(1, 1, c, w, w)
    filters = [noise(2, 2 * c, c, 3, 3), noise(3, 2 * c, 2 * c, 3, 3), noise(4, 2 * c, c, 1, 1)]
    norms = [[noise(10 + k, 2 * c), noise(20 + k, 2 * c), noise(30 + k, 2 * c), noise(40 + k, 2 * c, low=0.5, high=2)]
             for k in range(3)]
    arguments = [f64(x)]
    for weight, norm in zip(filters, norms):
        arguments += [f64(weight), *map(f64, norm)]
    y, = program("ml/resnet_block", None, [("C = 64", "C = 2"), ("W = 56", "W = 5")]).run("block", {"B": 1}, arguments)

    def normal(images, scale, bias, mean, variance):
        return [[[[(v - m) / math.sqrt(s + 1e-5) * g + b for v in row] for row in plane]
                 for plane, g, b, m, s in zip(image, scale, bias, mean, variance)] for image in images]
    first = normal(convolve(x, filters[0], 2, 1), *norms[0])
    first = [[[[max(v, 0) for v in row] for row in plane] for plane in image] for image in first]
    second = normal(convolve(first, filters[1], 1, 1), *norms[1])
    short = normal(convolve(x, filters[2], 2, 0), *norms[2])
    near(y, [[[[max(i + j, 0) for i, j in zip(*rows)] for rows in zip(*planes)] for planes in zip(*images)]
             for images in zip(second, short)])


@test("ml/cached_attention")
def cached_attention():
    # Token by token with the caches, and all tokens at once with a causal mask.
    t, a, p = 4, 2, 3
    d = a * p
    run = program("ml/cached_attention", None, [("T = 2048", "T = 4"), ("A = 16", "A = 2"), ("P = 64", "P = 3"),
                                                ("8388608", "96")]).run
    x, wq, wk, wv, wo = noise(1, t, d), noise(2, d, d), noise(3, d, d), noise(4, d, d), noise(5, d, d)
    keys = values = f64(noise(9, a, t, p))
    q, k, v = product(x, wq), product(x, wk), product(x, wv)
    for step in range(t):
        y, keys, values = run("decode", {}, [f64([x[step]]), i64([step]), *map(f64, (wq, wk, wv, wo)), keys, values])
        merged = []
        for head in range(a):
            part = slice(head * p, head * p + p)
            weight = softmax([sum(i * j for i, j in zip(q[step][part], k[n][part])) / math.sqrt(p)
                              for n in range(step + 1)])
            merged += product([weight], [v[n][part] for n in range(step + 1)])[0]
        near(y, product([merged], wo))


@test("ml/pca")
def pca():
    # Points along (3, 4)/5 with standard deviation 10, and across it with 1.
    source = random.Random(2)
    points = [[3 + 6 * s - 0.8 * e, 4 + 8 * s + 0.6 * e] for s, e in
              ((source.gauss(0, 1), source.gauss(0, 1)) for _ in range(40))]
    components, variances = program("ml/pca").run("pca", {"N": 40, "D": 2, "K": 2}, [f64(points), f64([1.0, 0.0]),
                                                                                  i64(200)])
    mean = [sum(column) / 40 for column in zip(*points)]
    c = [[sum((r[i] - mean[i]) * (r[j] - mean[j]) for r in points) / 39 for j in range(2)] for i in range(2)]
    half, root = (c[0][0] + c[1][1]) / 2, math.hypot((c[0][0] - c[1][1]) / 2, c[0][1])
    near(variances, [half + root, half - root])
    for v, value in zip(components.nested(), variances.data):
        near(product(c, [[v[0]], [v[1]]]), [[value * v[0]], [value * v[1]]], 1e-7)


# ---- science ----

@test("science/adaptive_simpson")
def adaptive_simpson():
    area, = program("science/adaptive_simpson").run("integrate", {}, [f64(-1.0), f64(3.0), f64(1e-10)])
    near(area, math.sqrt(math.pi) / 2 * (math.erf(3) + math.erf(1)), 1e-12)


def sparse(matrix):
    lists = [[j for j, v in enumerate(row) if v] for row in matrix]
    return [*compressed(lists), f64([v for row in matrix for v in row if v])], sizes(lists)


def laplacian(count):
    return [[4.0 if i == j else -1.0 if abs(i - j) == 1 else 0.0 for j in range(count)] for i in range(count)]


@test("science/conjugate_gradient")
def conjugate_gradient():
    matrix, solution = laplacian(8), noise(1, 8)
    b = [row[0] for row in product(matrix, [[v] for v in solution])]
    arguments, dims = sparse(matrix)
    x, _, rounds = program("science/conjugate_gradient").run("conjugate_gradient", dims, [
        *arguments, f64(b), f64(noise(2, 8)), f64(1e-12), i64(50)])
    near(x, solution)
    assert 0 < rounds.data[0] <= 9


@test("science/heat_stencil")
def heat_stencil():
    # sin x sin y decays by 1 - 4 r (2 - cos pi/(H+1) - cos pi/(W+1)) / 2 in each step.
    h, w, r = 4, 5, 0.2
    plate = [[math.sin(math.pi * i / (h + 1)) * math.sin(math.pi * j / (w + 1)) for j in range(1, w + 1)]
             for i in range(1, h + 1)]
    factor = 1 - 2 * r * (2 - math.cos(math.pi / (h + 1)) - math.cos(math.pi / (w + 1)))
    end, last = program("science/heat_stencil").run("heat", {"H": h, "W": w}, [f64(plate), i64(6), i64(4), f64(r)])
    near(end, [[v * factor ** 6 for v in row] for row in plate])
    near(last, [[v * factor ** 5 for v in row] for row in plate])


@test("science/jacobi")
def jacobi():
    matrix, solution = laplacian(6), noise(1, 6)
    b = [row[0] for row in product(matrix, [[v] for v in solution])]
    x, move = program("science/jacobi").run("jacobi", {"N": 6}, [f64(matrix), f64([4.0] * 6), f64(b), f64(1e-13),
                                                                i64(90)])
    near(x, solution)
    assert move.data[0] <= 1e-13


@test("science/jacobi_stencil")
def jacobi_stencil():
    # x + 2 y solves Laplace's equation, in differences too.
    h, w = 5, 6
    wanted = [[j + 2.0 * i for j in range(w)] for i in range(h)]
    inside = [[0 < i < h - 1 and 0 < j < w - 1 for j in range(w)] for i in range(h)]
    start = [[0.0 if inside[i][j] else wanted[i][j] for j in range(w)] for i in range(h)]
    run = program("science/jacobi_stencil").run
    end, saved, change, rounds = run("laplace", {"H": h, "W": w}, [
        f64(start), array("bool", inside), i64(7), f64(1e-12), i64(1000)])
    near(end, wanted)
    assert change.data[0] <= 1e-12 and 5 < rounds.data[0] < 1000
    again = run("laplace", {"H": h, "W": w}, [f64(start), array("bool", inside), i64(1000), f64(0.0),
                                               i64(rounds.data[0] // 7 * 7)])
    near(saved, again[0].nested())


@test("science/tiled_matmul")
def tiled_matmul():
    a, b = noise(1, 6, 6), noise(2, 6, 6)
    c, = program("science/tiled_matmul", None, [("N = 1024", "N = 6"), ("T = 64", "T = 2"), ("step 64", "step 2")]).run(
        "tiled_matmul", {}, [f64(a), f64(b)])
    near(c, product(a, b))


@test("science/nbody")
def nbody():
    n, soft, dt, steps = 4, 0.01, 0.01, 30
    x, v, mass = noise(1, n, 3), noise(2, n, 3), noise(3, n, low=0.5, high=1)
    x_end, v_end = program("science/nbody").run("leapfrog", {"N": n}, [f64(x), f64(v), f64(mass), f64(soft), f64(dt),
                                                                     i64(steps)])

    def acceleration(x):
        result = []
        for i in range(n):
            a = [0.0] * 3
            for j in range(n):
                d = [p - q for p, q in zip(x[j], x[i])]
                w = mass[j] / (sum(k * k for k in d) + soft) ** 1.5
                a = [p + w * q for p, q in zip(a, d)]
            result.append(a)
        return result
    for _ in range(steps):
        v = [[p + dt / 2 * q for p, q in zip(*rows)] for rows in zip(v, acceleration(x))]
        x = [[p + dt * q for p, q in zip(*rows)] for rows in zip(x, v)]
        v = [[p + dt / 2 * q for p, q in zip(*rows)] for rows in zip(v, acceleration(x))]
    near(x_end, x, 1e-7)
    near(v_end, v, 1e-7)


@test("science/power_iteration")
def power_iteration():
    n = 6
    arguments, dims = sparse(laplacian(n))
    vector, value, rounds = program("science/power_iteration").run("power_iteration", dims, [
        *arguments, f64([1.0] + [0.0] * (n - 1)), f64(1e-10), i64(5000)])
    near(value, 4 + 2 * math.cos(math.pi / (n + 1)))
    wanted = [math.sin(math.pi * (i + 1) / (n + 1)) * (-1) ** i for i in range(n)]
    near(vector, [v / math.hypot(*wanted) for v in wanted], 1e-6)
    assert 0 < rounds.data[0] < 5000


@test("science/kalman_filter")
def kalman_filter():
    # One number, measured twice in each instant: the estimates are means weighted by inverse variances.
    run = program("science/kalman_filter", None, [("D = 6", "D = 1"), ("M = 3", "M = 2")]).run
    z = noise(1, 5, 2)
    path, p_end = run("filter", {"T": 5}, [f64(v) for v in ([[1.0]], [[0.25]], [[1.0], [1.0]], [0.5, 2.0], z, [[0.3]],
                                                            [[4.0]])])
    weight, total = 1 / 4, 0.3 / 4
    for t, (z1, z2) in enumerate(z):
        total, weight = total / weight, 1 / (1 / weight + 0.25)  # the variance grows between instants
        weight, total = weight + 1 / 0.5 + 1 / 2, total * weight + z1 / 0.5 + z2 / 2
        near(path.nested()[t][0], total / weight)
    near(p_end, [[1 / weight]])
    # Constant velocity: after many exact measurements of the place, the velocity is known.
    run = program("science/kalman_filter", None, [("D = 6", "D = 2"), ("M = 3", "M = 1")]).run
    path, _ = run("filter", {"T": 60}, [f64(v) for v in ([[1.0, 1.0], [0.0, 1.0]], [[1e-9, 0.0], [0.0, 1e-9]],
                                                         [[1.0, 0.0]], [1e-6], [[2.0 + 3 * t] for t in range(1, 61)],
                                                         [[0.0], [0.0]], [[100.0, 0.0], [0.0, 100.0]])])
    near(path.nested()[59], [182, 3], 1e-3)


@test("science/gauss_seidel")
def gauss_seidel():
    n = 4
    solution = noise(1, n, n)

    def at(u, i, j):
        return u[i][j] if 0 <= i < n and 0 <= j < n else 0.0
    f = [[4 * solution[i][j] - sum(at(solution, i + a, j + b) for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1)))
          for j in range(n)] for i in range(n)]
    red = array("bool", [[(i + j) % 2 == 0 for j in range(n)] for i in range(n)])
    u, change, rounds = program("science/gauss_seidel").run("poisson", {"N": n}, [
        f64([[0.0] * n] * n), f64(f), red, f64(1.2), f64(1e-13), i64(500)])
    near(u, solution)
    assert change.data[0] <= 1e-13 and 5 < rounds.data[0] < 60


@test("science/lattice_boltzmann")
def lattice_boltzmann():
    h, w, omega, steps = 3, 4, 1.3, 3
    c = [(0, 0), (1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, 1), (-1, -1), (1, -1)]
    weight = [4 / 9] + [1 / 9] * 4 + [1 / 36] * 4
    f = noise(1, 9, h, w, low=0.1, high=0.2)
    end, = program("science/lattice_boltzmann").run("flow", {"H": h, "W": w}, [f64(f), f64(omega), i64(steps)])
    for _ in range(steps):
        moved = [[[0.0] * w for _ in range(h)] for _ in range(9)]
        for y, x in itertools.product(range(h), range(w)):
            cell = [f[k][y][x] for k in range(9)]
            rho = sum(cell)
            ux, uy = (sum(c[k][axis] * cell[k] for k in range(9)) / rho for axis in range(2))
            for k in range(9):
                cu = c[k][0] * ux + c[k][1] * uy
                equal = weight[k] * rho * (1 + 3 * cu + 4.5 * cu * cu - 1.5 * (ux * ux + uy * uy))
                moved[k][(y + c[k][1]) % h][(x + c[k][0]) % w] = cell[k] + omega * (equal - cell[k])
        f = moved
    near(end, f)


# ---- sequences ----

def local_score(a, b, match, mismatch, gap):
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, j in itertools.product(range(1, len(a) + 1), range(1, len(b) + 1)):
        table[i][j] = max(0, table[i - 1][j - 1] + (match if a[i - 1] == b[j - 1] else mismatch),
                          table[i - 1][j] - gap, table[i][j - 1] - gap)
    return max(map(max, table))


@test("bio/smith_waterman")
def smith_waterman():
    run = program("bio/smith_waterman").run
    source = random.Random(7)
    for rows, columns in ((8, 11), (11, 8), (1, 5), (5, 1), (9, 9)):
        a, b = ([source.randrange(3) for _ in range(count)] for count in (rows, columns))
        score, = run("align", {"M": rows, "L": columns}, [i32(a), i32(b), i32(3), i32(-3), i32(2)])
        assert score.data == [local_score(a, b, 3, -3, 2)], (a, b, score.data)


@test("bio/viterbi")
def viterbi():
    source = random.Random(3)
    s, k, t = 3, 4, 6
    start, move, emit = noise(1, s), noise(2, s, s), noise(3, k, s)
    seen = [source.randrange(k) for _ in range(t)]
    path, score = program("bio/viterbi").run("viterbi", {"S": s, "K": k, "T": t}, [f64(start), f64(move), f64(emit),
                                                                                 i64(seen)])

    def log_probability(states):
        total = start[states[0]] + emit[seen[0]][states[0]]
        for i in range(1, t):
            total += move[states[i - 1]][states[i]] + emit[seen[i]][states[i]]
        return total
    best = max(itertools.product(range(s), repeat=t), key=log_probability)
    assert tuple(path.data) == best
    near(score, log_probability(best))


# ---- signals ----

def fft(x, sign=-1):
    data = [complex(a, b) for a, b in x.nested()]
    n = len(data)
    out = [sum(v * cmath.exp(sign * 2j * math.pi * k * i / n) for i, v in enumerate(data)) for k in range(n)]
    scale = 1 if sign < 0 else 1 / n
    return [array(x.element, [[value.real * scale, value.imag * scale] for value in out])]


@test("signal/fir_filter")
def fir_filter():
    blocks, taps = noise(1, 3, 4), noise(2, 3)
    run = program("signal/fir_filter", None, [("B = 256", "B = 4"), ("H = 63", "H = 2")]).run
    line, past, got = [v for part in blocks for v in part], f64([0.0, 0.0]), []
    for block in blocks:
        y, past = run("fir", {}, [f64(block), f64([[[taps]]]), f64(2.0), past])
        got += y.data
    near(got, [2 * sum(taps[2 - k] * line[n - k] for k in range(3) if n >= k) for n in range(12)])


@test("signal/power_spectrum")
def power_spectrum():
    s, half = 3, 4
    signal, window = noise(1, (s + 1) * half), noise(2, 2 * half)
    mean, = program("signal/power_spectrum", {"fft": fft}).run("welch", {"S": s, "L": half}, [f64(signal), f64(window)])
    total = [0.0] * (2 * half)
    for i in range(s):
        part = [v * w for v, w in zip(signal[i * half:], window)]
        for k in range(2 * half):
            total[k] += abs(sum(v * cmath.exp(-2j * math.pi * k * n / (2 * half)) for n, v in enumerate(part))) ** 2 / s
    near(mean, total)


@test("signal/stereo_compressor")
def stereo_compressor():
    left, right = noise(1, 5), noise(2, 5)
    out_left, out_right, level = program("signal/stereo_compressor", None, [("B = 128", "B = 5")]).run(
        "compress", {}, [f64(left), f64(right), f64(0.1), f64([0.5])])
    wanted = 0.45 + 0.1 * max(map(abs, left + right))
    near(level, [wanted])
    near(out_left.data + out_right.data, [v * min(1, 0.1 / wanted) for v in left + right])


@test("signal/fft_convolution")
def fft_convolution():
    b = 4
    blocks, taps = noise(1, 3, b), noise(2, b + 1)
    declared = {"fft": fft, "inverse_fft": lambda x: fft(x, 1)}
    run = program("signal/fft_convolution", declared, [("B = 1024", "B = 4")]).run
    response, = fft(f64([[v, 0.0] for v in taps + [0.0] * (b - 1)]))
    past, got, line = f64([0.0] * b), [], [v for block in blocks for v in block]
    for block in blocks:
        y, past = run("convolve", {}, [f64(block), response, past])
        got += y.data
    near(got, [sum(taps[k] * line[n - k] for k in range(b + 1) if n >= k) for n in range(3 * b)])


@test("signal/four_step_fft")
def four_step_fft():
    rows, columns = 3, 4
    re, im = noise(1, 12), noise(2, 12)
    out_re, out_im = program("signal/four_step_fft").run("fft", {"R": rows, "C": columns}, [f64(re), f64(im)])
    near([[a, b] for a, b in zip(out_re.data, out_im.data)], fft(f64([[a, b] for a, b in zip(re, im)]))[0].nested())


def picture(seed, h, w):
    source = random.Random(seed)
    return [[source.randrange(256) for _ in range(w)] for _ in range(h)]


def window(image, kernel, i, j):
    i, j = i - len(kernel) // 2, j - len(kernel[0]) // 2
    return sum(kernel[a][b] * image[i + a][j + b] for a in range(len(kernel)) for b in range(len(kernel[0]))
               if 0 <= i + a < len(image) and 0 <= j + b < len(image[0]))


@test("signal/sobel")
def sobel():
    h, w = 5, 6
    image = picture(1, h, w)
    got, edge = program("signal/sobel").run("sobel", {"H": h, "W": w}, [array("u8", image), f64(200.0)])
    x, y = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]
    length = [[math.hypot(window(image, x, i, j), window(image, y, i, j)) for j in range(w)] for i in range(h)]
    near(got, [[min(round(v), 255) for v in row] for row in length])
    assert edge.nested() == [[v > 200 for v in row] for row in length]


@test("signal/harris")
def harris():
    h, w, k = 7, 8, 0.05
    image = [[float(v) / 255 for v in row] for row in picture(2, h, w)]
    got, = program("signal/harris").run("corners", {"H": h, "W": w}, [f64(image), f64(k), f64(0.001)])
    gx = [[window(image, [[-0.5, 0, 0.5]], i, j) for j in range(w)] for i in range(h)]
    gy = [[window(image, [[-0.5], [0], [0.5]], i, j) for j in range(w)] for i in range(h)]
    line = [1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16]
    kernel = [[a * b for b in line] for a in line]

    def blur(one, other):
        both = [[a * b for a, b in zip(*rows)] for rows in zip(one, other)]
        return [[window(both, kernel, i, j) for j in range(w)] for i in range(h)]
    a, b, c = blur(gx, gx), blur(gy, gy), blur(gx, gy)
    r = [[a[i][j] * b[i][j] - c[i][j] ** 2 - k * (a[i][j] + b[i][j]) ** 2 for j in range(w)] for i in range(h)]
    near(got, [[r[i][j] if r[i][j] > 0.001 and r[i][j] >= max(r[y][x] for y in range(max(0, i - 1), min(h, i + 2))
                                                              for x in range(max(0, j - 1), min(w, j + 2))) else 0.0
                for j in range(w)] for i in range(h)])
    assert any(got.data)


@test("signal/histogram_equalisation")
def histogram_equalisation():
    image = [[52, 55, 61, 59], [62, 59, 55, 104], [63, 65, 66, 113]]
    got, = program("signal/histogram_equalisation").run("equalise", {"H": 3, "W": 4}, [array("u8", image)])
    flat = [v for row in image for v in row]

    def cdf(v):
        return sum(u <= v for u in flat)
    assert got.nested() == [[round(255 * (cdf(v) - cdf(52)) / (12 - cdf(52))) for v in row] for row in image]


@test("signal/biquad")
def biquad():
    blocks, (b0, b1, b2, a1, a2) = noise(1, 3, 5), (0.2, 0.3, 0.1, -0.5, 0.25)
    run = program("signal/biquad", None, [("B = 480", "B = 5")]).run
    past, got, line, wanted = f64([0.0] * 4), [], [v for block in blocks for v in block], []
    for block in blocks:
        y, past = run("biquad", {}, [f64(block), *map(f64, (b0, b1, b2, a1, a2)), past])
        got += y.data
    x, y = [0.0, 0.0] + line, [0.0, 0.0]
    for n in range(2, 17):
        y.append(b0 * x[n] + b1 * x[n - 1] + b2 * x[n - 2] - a1 * y[n - 1] - a2 * y[n - 2])
    near(got, y[2:])


# ---- small devices ----

@test("embedded/keyword_spotting")
def keyword_spotting():
    t, f, c, k = 5, 4, 2, 3
    # "Same" padding of 5 by 4 under a filter of 10 by 4 with stride 2: 9 rows and 2 columns, as for 49 by 10.
    run = program("embedded/keyword_spotting", None, [("T = 49", "T = 5"), ("F = 10", "F = 4"), ("K = 12", "K = 3"),
                                                      ("groups = 64", "groups = 2"), ("[64", "[2"), (",64,", ",2,"),
                                                      ("1,64]", "1,2]")]).run
    features, w0, b0 = noise(1, t, f), noise(2, c, 1, 10, 4), noise(3, c)
    blocks = [[noise(10 * n, c, 1, 3, 3), noise(10 * n + 1, c), noise(10 * n + 2, c, c, 1, 1), noise(10 * n + 3, c)]
              for n in range(1, 5)]
    w, b = noise(4, c, k), noise(5, k)
    likely, = run("spot", {}, [f64(v) for v in [features, w0, b0, *itertools.chain(*blocks), w, b]])
    rows, columns = 3, 2
    x = [[[max(0, b0[o] + sum(w0[o][0][r][s] * features[2 * p + r - 4][2 * q + s - 1]
                              for r in range(10) for s in range(4)
                              if 0 <= 2 * p + r - 4 < t and 0 <= 2 * q + s - 1 < f)) for q in range(columns)]
          for p in range(rows)] for o in range(c)]
    for d, e, m, n in blocks:
        each = [[[max(0, e[o] + window(x[o], d[o][0], p, q)) for q in range(columns)] for p in range(rows)]
                for o in range(c)]
        x = [[[max(0, n[o] + sum(m[o][i][0][0] * each[i][p][q] for i in range(c))) for q in range(columns)]
              for p in range(rows)] for o in range(c)]
    pooled = [sum(map(sum, plane)) / (rows * columns) for plane in x]
    near(likely, [softmax([v + u for v, u in zip(product([pooled], w)[0], b)])])


@test("embedded/mel_features")
def mel_features():
    h, n, m, c = 3, 8, 3, 2
    spectrum = n // 2 + 1

    def real_fft(x):
        return [array("f64", fft(f64([[v, 0.0] for v in x.data]))[0].nested()[:spectrum])]
    run = program("embedded/mel_features", {"real_fft": real_fft}, [("H = 240", "H = 3"), ("L = 512", "L = 8"),
                                                                    ("M = 40", "M = 3"), ("C = 13", "C = 2")]).run
    sound, weights, cosines = noise(1, 4 * h), noise(2, 2 * h), noise(4, m, c)
    bank = noise(3, spectrum, m, low=0, high=1)
    past, line = f64([0.0] * (h + 1)), [0.0] * (h + 1) + sound
    for frame in range(4):
        block = sound[frame * h:frame * h + h]
        got, past = run("features", {}, [*map(f64, (block, weights, bank, cosines)), past])
        part = line[frame * h:frame * h + 2 * h + 1]
        clear = [(part[i + 1] - 0.97 * part[i]) * weights[i] for i in range(2 * h)]
        power = [abs(sum(v * cmath.exp(-2j * math.pi * k * i / n) for i, v in enumerate(clear))) ** 2
                 for k in range(spectrum)]
        energy = [math.log(max(v, 1e-10)) for v in product([power], bank)[0]]
        near(got, product([energy], cosines)[0])


# ---- geometry ----

@test("geometry/vertex_normals")
def vertex_normals():
    # A tetrahedron with three right angles at the origin.
    places = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    faces = [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]
    a, b, c = zip(*faces)
    normals, = program("geometry/vertex_normals").run("normals", {"V": 4, "T": 4}, [f64(places), i32(list(a)),
                                                                                  i32(list(b)), i32(list(c))])
    root = 1 / math.sqrt(3)
    # At the origin the three faces of the planes; at (1, 0, 0) two of them and (1, 1, 1): the sum is (1, 0, 0).
    near(normals, [[-root] * 3, [1, 0, 0], [0, 1, 0], [0, 0, 1]])


@test("geometry/mesh_smoothing")
def mesh_smoothing():
    graph = random_graph(6, 7, 11)
    x, by = noise(1, 7, 3), (0.5, -0.53)
    got, = program("geometry/mesh_smoothing").run("smooth", {"V": 7, "E": 22}, [*compressed(graph), f64(x), f64(by[0]),
                                                                               f64(by[1]), i64(3)])
    for step in by * 3:
        x = [[v + step * (sum(x[u][k] for u in part) / max(len(part), 1) - v) for k, v in enumerate(row)]
             for row, part in zip(x, graph)]
    near(got, x)


# ---- finance ----

def normal(x):
    return (1 + math.erf(x / math.sqrt(2))) / 2


def black_scholes_price(spot, strike, time, rate, volatility):
    d1 = (math.log(spot / strike) + (rate + volatility ** 2 / 2) * time) / (volatility * math.sqrt(time))
    d2 = d1 - volatility * math.sqrt(time)
    call = spot * normal(d1) - strike * math.exp(-rate * time) * normal(d2)
    return call, call - spot + strike * math.exp(-rate * time)


@test("finance/black_scholes")
def black_scholes():
    cases = [(100.0, 100.0, 1.0), (80.0, 100.0, 0.5), (120.0, 90.0, 2.0)]
    call, put = program("finance/black_scholes").run("black_scholes", {"N": 3}, [
        *(f64(list(column)) for column in zip(*cases)), f64(0.05), f64(0.2)])
    for k, case in enumerate(cases):
        near([call.data[k], put.data[k]], list(black_scholes_price(*case, 0.05, 0.2)), 1e-5)


@test("finance/binomial_tree")
def binomial_tree():
    spot, strike, rate, volatility, time, steps = 50.0, 52.0, 0.05, 0.3, 2.0, 40
    value, = program("finance/binomial_tree").run("american_put", {"S": steps}, list(map(f64, (spot, strike, rate,
                                                                                          volatility, time))))
    dt = time / steps
    up, growth = math.exp(volatility * math.sqrt(dt)), math.exp(rate * dt)
    p = (growth - 1 / up) / (up - 1 / up)
    values = [max(0, strike - spot * up ** (2 * j - steps)) for j in range(steps + 1)]
    for k in reversed(range(steps)):
        values = [max(strike - spot * up ** (2 * j - k), (p * values[j + 1] + (1 - p) * values[j]) / growth)
                  for j in range(k + 1)]
    near(value, values[0])


@test("finance/monte_carlo")
def monte_carlo():
    # The same paths, one by one, with shifts in place of products.
    spot, strike, rate, volatility, time, steps = 100.0, 95.0, 0.03, 0.25, 1.0, 4
    seeds = [2463534242, 5, 77777, 4294967295]
    price, error = program("finance/monte_carlo", None, [("S = 252", "S = 4")]).run("asian", {"P": 4}, [
        array("u32", seeds), *map(f64, (spot, strike, rate, volatility, time))])
    payoffs = []
    for state in seeds:
        log_ratio, total = 0.0, 0.0
        for _ in range(steps):
            uniform = []
            for _ in range(2):
                state ^= state << 13 & 0xffffffff
                state ^= state >> 17
                state ^= state << 5 & 0xffffffff
                uniform.append(state / 2 ** 32)
            z = math.sqrt(-2 * math.log(uniform[0])) * math.cos(2 * math.pi * uniform[1])
            dt = time / steps
            log_ratio += (rate - volatility ** 2 / 2) * dt + volatility * math.sqrt(dt) * z
            total += spot * math.exp(log_ratio)
        payoffs.append(max(total / steps - strike, 0))
    mean = sum(payoffs) / 4
    near(price, mean * math.exp(-rate * time))
    spread = math.sqrt(sum((v - mean) ** 2 for v in payoffs) / 4)
    near(error, spread / 2 * math.exp(-rate * time))


def main():
    global TOOL, SOURCE, ENGINE
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    TOOL, SOURCE = sys.argv[1:3]
    names = []
    for word in sys.argv[3:]:
        if word.startswith("--engine="):
            ENGINE = word.removeprefix("--engine=")
        elif word.startswith("--run="):
            OPTIONS.append(word.removeprefix("--run="))
        else:
            names.append(word)
    found = {os.path.relpath(path, os.path.join(SOURCE, "corpus"))[:-len(".vmir")]
             for path in glob.glob(os.path.join(SOURCE, "corpus", "*", "*.vmir"))}
    faults = [f"corpus/{name}.vmir has no test" for name in sorted(found - set(TESTS))]
    faults += [f"corpus/{name}.vmir is not there" for name in sorted(set(TESTS) - found)]
    for name in sorted(found & set(TESTS)):
        if names and name not in names:
            continue
        try:
            TESTS[name]()
        except Exception as fault:  # whatever it is, the other programs run too
            faults.append(f"corpus/{name}.vmir: {type(fault).__name__}: {fault}")
    for fault in faults:
        print(fault)
    print(f"{len(found)} programs, {len(faults)} faults")
    return 1 if faults or not found else 0


if __name__ == "__main__":
    sys.exit(main())
