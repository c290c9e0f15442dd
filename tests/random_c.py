#!/usr/bin/env python3
"""Random C programs that build, link, share, free and print objects of the heap, original against rewritten.

    random_c.py VMEMOPT LLVM_TOOLS [--count=N] [--seed=N] [--keep=DIRECTORY] [--jobs=N] [--reduce] [--rewrite-only]

Each program is valid C by construction: a model of the heap is kept while it is written, so that it never reads what was not
written, uses what was freed or frees twice. Objects have numbers and pointers to other objects; they are made directly, by
wrappers and by constructors, in loops, with sizes that are constants or come from the command line; they are linked, handed to
functions that read, change, link, free or keep them and to functions that call themselves, stored in globals and in arrays,
returned, copied by memcpy, strdup and byte by byte, and grown by realloc. A function or two of tests/random_scenes.py, in
which slots own objects from one iteration of a loop to the next, are called too. The program prints every number that it reads. Level
and options are drawn from the seed. It is run as compiled, as rewritten, and, three of four, rewritten under AddressSanitizer; the outputs
must agree. Programs are built in batches (tests/random_batches.py); one of 32, and each that fails, is built alone as well, then
also as it is, for AddressSanitizer and UndefinedBehaviorSanitizer, which say whether it is valid. A program that
fails is kept, by --reduce without the statements that are not needed for that. With --rewrite-only, for a tool that is built for a
sanitizer, nothing is run.
"""
import os
import pathlib
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import random_batches  # noqa: E402  found beside this file
from random_scenes import Scene  # noqa: E402

INVALID = "the generator wrote a program that is not valid: "
QUIET = {"ASAN_OPTIONS": "detect_leaks=0"}
HEAD = """#define _GNU_SOURCE
#include <stdarg.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
typedef struct node { long number; struct node *left; int small; struct node *right; char text[8]; } node;
static node *kept[4];
node *global;
static int fuel = 200; /* calls of functions by themselves */
static long check(node *n) { return n ? n->number * 3 + n->small + n->text[0] : 7; }
static void *wrapped(size_t bytes) { void *p = malloc(bytes); if (p == NULL) exit(3); return p; }
static node *make(long number) {
  node *n = wrapped(sizeof *n);
  n->number = number; n->small = (int)number % 7; n->left = n->right = NULL; memset(n->text, 'a' + n->small, 8);
  return n;
}
static node *make_zero(void) { return calloc(1, sizeof(node)); }
__attribute__((noinline)) static node *make_apart(long number) {
  node *n = wrapped(sizeof *n + (size_t)(number % 3) * 40);
  if (number % 5 == 0) { free(n); n = wrapped(sizeof *n); }
  n->number = number; n->small = 2; n->left = n->right = NULL; memset(n->text, 'd', 8);
  return n;
}
__attribute__((noinline)) static node *make_pair_apart(long a, long b) { node *n = make_apart(a); n->left = make_apart(b); return n; }
static node *make_pair(long a, long b) { node *n = make(a); n->left = make(b); return n; }
static void link_left(node *to, node *what) { to->left = what; }
static node *link_right(node *to, node *what) { to->right = what; return to; }
__attribute__((noinline)) static void link_hidden(node *to, node *what) { to->right = what; }
static void drop(node **n) { if (*n == NULL) return; free(*n); *n = NULL; }
static void drop_with_left(node *n) { free(n->left); free(n); }
static void keep(node *n, int at) { kept[at & 3] = n; }
__attribute__((noinline)) static node *pick(node *a, node *b, int which) { return which ? a : b; }
static void swap_children(node *n) { node *t = n->left; n->left = n->right; n->right = t; }
static void copy_bytes(void *to, const void *from, size_t n) { char *t = to; const char *f = from; while (n--) *t++ = *f++; }
__attribute__((noinline)) static long sum(const node *n, int depth) {
  return n == NULL || depth == 0 ? 0 : n->number + sum(n->left, depth - 1) + sum(n->right, depth - 1);
}
__attribute__((noinline)) static void drop_text(char *text) { text[0] = '3'; text[1] = 0; }
static void visit(node *n, void (*f)(node *, long *), long *total) { if (n) f(n, total); }
static void add(node *n, long *total) { *total += n->number; n->number++; }
static void fill(int n, ...) {
  va_list list;
  va_start(list, n);
  for (int i = 0; i < n; i++) *va_arg(list, node **) = make(i + 3);
  va_end(list);
}
static void make_out(node **out, long number) { *out = make_pair(number, number + 1); }
static int by_number(const void *a, const void *b) {
  const node *x = *(node *const *)a, *y = *(node *const *)b;
  return x->number < y->number ? -1 : x->number > y->number;
}
"""


class Writer:
    """Writes one function at a time. `alive` maps variables to objects; an object is what they share."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = []
        self.counter, self.scenes = 0, 0

    def name(self):
        self.counter += 1
        return f"v{self.counter}"

    def put(self, text):
        self.lines.append("  " + text)

    def function(self, index, callees):
        self.itself = index # until it calls itself
        self.lines.append(f"static node *f{index}(node *argument, int n) {{")
        self.put("long total = argument->number;")
        objects = []   # of {names, left, right, foreign}: foreign ones belong to the caller
        foreign = {"name": "argument", "left": None, "right": None, "foreign": True, "held": 1}
        objects.append(foreign)
        for _ in range(self.random.randint(2, 7)):
            self.statement(objects, callees)
        self.finish(objects)
        self.lines.append("}")

    def own(self, objects):
        return [o for o in objects if not o["foreign"]]

    def new(self, objects, text, left=None):
        name = self.name()
        self.put(f"node *{name} = {text};")
        o = {"name": name, "left": left, "right": None, "foreign": False, "held": 0}
        objects.append(o)
        return o

    def make_object(self, objects):
        r, number = self.random, self.random.randint(1, 99)
        kind = r.randrange(8)
        if kind == 0:
            o = self.new(objects, "malloc(sizeof(node))")
            self.put(f"if ({o['name']} == NULL) exit(4);")
            self.put(f"memset({o['name']}, 0, sizeof(node)); {o['name']}->number = {number};")
        elif kind == 1:
            o = self.new(objects, "make_zero()")
            self.put(f"{o['name']}->number = {number} + n;")
        elif kind == 2:
            o = self.new(objects, f"wrapped(sizeof(node) + (size_t)n * {r.choice([0, 1, 40, 400])})")
            self.put(f"memset({o['name']}, 0, sizeof(node)); {o['name']}->small = n;")
        elif kind == 3:
            left = {"name": None, "left": None, "right": None, "foreign": False, "held": 1}
            o = self.new(objects, f"{r.choice(['make_pair', 'make_pair_apart'])}({number}, n)", left)
            left["name"] = self.name()
            objects.append(left)
            self.put(f"node *{left['name']} = {o['name']}->left;")
        elif kind == 4:
            names = [self.name() for _ in range(r.randint(1, 3))]
            self.put(f"node *{', *'.join(names)}; fill({len(names)}, &{', &'.join(names)});")
            objects += [{"name": n, "left": None, "right": None, "foreign": False, "held": 0} for n in names]
        elif kind == 5:
            name = self.name()
            left = {"name": self.name(), "left": None, "right": None, "foreign": False, "held": 1}
            self.put(f"node *{name}; make_out(&{name}, {number}); node *{left['name']} = {name}->left;")
            objects += [left, {"name": name, "left": left, "right": None, "foreign": False, "held": 0}]
        else:
            self.new(objects, f"{r.choice(['make', 'make_apart'])}({number} + n)")

    def set_child(self, parent, side, child):
        if parent[side] is not None:
            parent[side]["held"] -= 1
        parent[side] = child
        child["held"] += 1

    def link(self, objects):
        r, own = self.random, self.own(objects)
        if not own:
            return
        parent, child = r.choice(own), r.choice(own)
        if parent is child:
            return
        side = r.choice(["left", "right"])
        if side == "left":
            self.put(r.choice(["link_left({0}, {1});", "{0}->left = {1};"]).format(parent["name"], child["name"]))
        else:
            self.put(r.choice(["link_right({0}, {1})->small++;", "link_hidden({0}, {1});", "{0}->right = {1};"])
                     .format(parent["name"], child["name"]))
        self.set_child(parent, side, child)

    def unlink_children(self, o):
        for side in ("left", "right"):
            if o[side] is not None:
                o[side]["held"] -= 1
                o[side] = None

    def free(self, objects):
        free = [o for o in self.own(objects) if o["held"] == 0]
        if not free:
            return
        o = self.random.choice(free)
        left = o["left"]
        if left is not None and left["held"] == 1 and not left["foreign"] and self.random.random() < 0.3:
            self.put(f"drop_with_left({o['name']});")
            self.unlink_children(o)
            self.unlink_children(left)
            objects.remove(left)
        else:
            self.put(self.random.choice(["free({0});", "drop(&{0});"]).format(o["name"]))
            self.unlink_children(o)
        objects.remove(o)

    def read(self, objects):
        o = self.random.choice(objects)
        self.put(self.random.choice([
            "total += check({0});", "total += sum({0}, 3);", "visit({0}, add, &total);", "{0}->number += n;",
            "{{ node copy; memcpy(&copy, {0}, sizeof copy); total += check(copy.left) + check(&copy); }}",
            "{{ node copy; copy_bytes(&copy, {0}, sizeof copy); total += check(copy.right) + sum(&copy, 2); }}",
            "if (n > 1) {0}->text[0] ^= 1;"]).format(o["name"]))

    def loop(self):
        r = self.random
        a, i = self.name(), self.name()
        size = r.choice(["sizeof(node)", f"(size_t){i} * 60 + sizeof(node)", "sizeof(node) + (size_t)n"])
        self.put(f"for (int {i} = 0; {i} < n + {r.randint(0, 3)}; {i}++) {{ node *{a} = malloc({size});")
        self.put(f"  if ({a} == NULL) exit(5); {a}->number = {i}; total += {a}->number * 5;")
        self.put(f"  if ({i} == {r.randint(0, 5)}) {{ free({a}); {r.choice(['continue', 'break'])}; }} free({a}); }}")

    def list(self):
        h, i, t, make = self.name(), self.name(), self.name(), self.random.choice(["make", "make_apart"])
        self.put(f"node *{h} = NULL; for (int {i} = 0; {i} < n + 2; {i}++) {{ node *{t} = {make}({i}); {t}->left = {h};"
                 f" {h} = {t}; }}")
        self.put(f"while ({h}) {{ node *{t} = {h}->left; total += {h}->number; free({h}); {h} = {t}; }}")

    def grow(self):
        r, a, i = self.random, self.name(), self.name()
        start = r.choice(["NULL", "malloc(2 * sizeof(long))"])
        self.put(f"{{ long *{a} = {start}; size_t room = {0 if start == 'NULL' else 2};"
                 f" for (int {i} = 0; {i} < n * {r.choice([1, 9, 70])} + 1; {i}++) {{")
        self.put(f"  if ((size_t){i} >= room) {{ room = room ? 2 * room : 3; {a} = realloc({a}, room * sizeof *{a}); }}")
        self.put(f"  if ({a} == NULL) exit(6); {a}[{i}] = {i} ^ n; }} total += {a}[n]; free({a}); }}")

    def array(self, objects):
        if len(objects) < 3:
            return
        a, i = self.name(), self.name()
        names = ", ".join(o["name"] for o in objects)
        self.put(f"{{ node *list[] = {{{names}}}; node **{a} = malloc(sizeof list); if ({a} == NULL) exit(7);")
        self.put(f"  memcpy({a}, list, sizeof list); qsort({a}, sizeof list / sizeof *list, sizeof *list, by_number);")
        self.put(f"  for (size_t {i} = 0; {i} < sizeof list / sizeof *list; {i}++) total = total * 3 + {a}[{i}]->number;")
        self.put(f"  free({a}); }}")

    def call(self, objects, callees):
        if not callees:
            return
        o, result = self.random.choice(objects), self.name()
        self.put(f"node *{result} = f{self.random.choice(callees)}({o['name']}, n);")
        o["held"] += 1 # the result may be the argument
        objects.append({"name": result, "left": o, "right": None, "foreign": True, "held": 1})

    def recurse(self, objects):
        if self.itself is None:
            return
        o, result = self.random.choice(objects), self.name()
        self.put(f"node *{result} = {o['name']}; if (fuel > 0) {{ fuel--; {result} = f{self.itself}({o['name']}, n); }}")
        self.itself = None
        o["held"] += 1 # the result may be the argument
        objects.append({"name": result, "left": o, "right": None, "foreign": True, "held": 1})

    def alias(self, objects):
        own = self.own(objects)
        if len(own) < 2:
            return
        a, b = self.random.sample(own, 2)
        self.put(f"pick({a['name']}, {b['name']}, n & 1)->small += 2;")

    def escape(self, objects):
        own = [o for o in self.own(objects) if o["left"] is None and o["right"] is None]
        if not own:
            return
        o = self.random.choice(own)
        self.put(self.random.choice(["global = {0};", "keep({0}, n);"]).format(o["name"]))
        o["foreign"] = True # whoever knows it now, it is never freed

    def copy(self, objects):
        """Copies that are read while what they are copies of stays, is written, or is freed."""
        r, c, s = self.random, self.name(), self.name()
        of = r.choice(objects)["name"]
        if r.random() < 0.5:
            self.put(f"{{ node *{c} = malloc(sizeof(node)); if ({c} == NULL) exit(6); memcpy({c}, {of}, sizeof(node));")
            change = r.choice(["", f"{of}->number += 1000;", f"visit({of}, add, &total);", f"{c}->number -= n;"])
            reads = r.choice([f"total += {c}->number;", f"total += check({c});", f"total += {c}->small + sum({c}, 2);"])
        else:
            self.put(f"{{ char {s}[32]; snprintf({s}, sizeof {s}, \"%ld\", {of}->number); char *{c} = strdup({s});")
            change = r.choice(["", f"{s}[0] = '7';", f"memset({s}, '1', 3);", f"{c}[0] = '4';", f"drop_text({s});"])
            reads = r.choice([f"total += strtol({c}, NULL, 10);", f"total += (long)strlen({c}) + {c}[0];",
                              f"for (char *at = {c}; *at; at++) total += *at;"])
        parts = r.choice([[reads, change], [change, reads], [reads, change, reads], [reads]])
        self.put("  " + " ".join(parts) + f" free({c}); }}")

    def scene(self):
        """A call of a function of tests/random_scenes.py."""
        if self.scenes > 0:
            self.put(f"total = (long)(scene{self.random.randrange(self.scenes)}(n, (unsigned long)total) % 1000003);")

    def statement(self, objects, callees):
        choices = [(self.make_object, 5), (self.link, 4), (self.free, 3), (self.read, 5), (self.loop, 1), (self.list, 1),
                   (self.grow, 1), (self.array, 1), (self.call, 2), (self.alias, 1), (self.escape, 1), (self.copy, 2), (self.recurse, 1),
                   (self.scene, 1)]
        what = self.random.choices([c for c, _ in choices], [w for _, w in choices])[0]
        if what in (self.loop, self.list, self.grow, self.scene):
            what()
        elif what == self.call:
            what(objects, callees)
        else:
            what(objects)

    def finish(self, objects):
        r = self.random
        self.put('printf("%ld\\n", total);')
        own = self.own(objects)
        # What is returned is not freed, nor what can be reached from it.
        result = r.choice(objects)
        saved, todo = [], [result]
        while todo:
            o = todo.pop()
            if any(o is s for s in saved):
                continue
            saved.append(o)
            todo += [o[side] for side in ("left", "right") if o[side] is not None]
        for o in own:
            if not any(o is s for s in saved) and r.random() < 0.9:
                self.put(f"free({o['name']});")
        self.put(f"return {result['name']};")


def functions(seed):
    """How many there are, their lines, and those of scenes."""
    writer = Writer(seed)
    count = writer.random.choice([1, 1, 2, 3])
    for number in range(writer.random.choice([1, 1, 1, 1, 1, 2])):
        writer.lines += Scene(writer.random, number).lines
        writer.scenes += 1
    for index in range(count):
        writer.function(index, list(range(index)))
    return count, writer.lines, writer.scenes


def program(seed, without=()):
    """Its text, but for the lines of functions with these numbers."""
    count, lines, scenes = functions(seed)
    calls = " ".join(f'printf("%lu\\n", scene{k}(n, 1));' for k in range(scenes))
    body = "\n".join(line for k, line in enumerate(lines) if k not in without)
    return (f"{HEAD}{body}\nint main(int count, char **arguments) {{\n  node first = {{5, NULL, 1, NULL, \"main\"}};\n"
            f"  (void)arguments;\n  for (int n = count; n < count + 6; n++) {{ node *r = f{count - 1}(&first, n);\n"
            f"    printf(\"= %ld\\n\", check(r)); {calls} }}\n  return 0;\n}}\n")


def run(command, **more):
    try:
        result = subprocess.run(command, capture_output=True, timeout=600, **more)
    except subprocess.TimeoutExpired:
        return "timeout", b"", "no end after 600 s"
    return result.returncode, result.stdout, result.stderr.decode(errors="replace")


def must(command):
    code, _, err = run(command)
    return None if code == 0 else f"{' '.join(map(str, command))} gives {code}: {err[:600]}"


class Drawn:
    """How a program is built: what the seed says besides its text."""

    def __init__(self, seed):
        draw = random.Random(seed)
        self.level = draw.choice(["-O0", "-O1", "-O2", "-O3"])
        self.aliasing = draw.choice([[], ["-fno-strict-aliasing"]])
        self.frame = draw.choice([[], ["--max-stack=64"], ["--max-stack=16"], ["--max-stack=48", "--max-frame=96"]])
        self.flags = [self.level, *self.aliasing]


def case_of(seed):
    drawn = Drawn(seed)
    Build = random_batches.Build
    builds = {"original": Build(False, "-O0"), "rewritten": Build(True, drawn.level)}
    if seed % 4 != 0 or seed % random_batches.ALONE == 0:
        builds["watched"] = Build(True, "-O0", "address")
    return random_batches.Case(seed, program(seed), drawn.flags, drawn.frame, builds)


def check(tool, clang, seed, work, rewrite_only=False, without=()):
    """What is wrong with the program of that seed, or None."""
    source, module, better, watched = (work / name for name in ("p.c", "p.bc", "b.ll", "w.ll"))
    drawn = Drawn(seed)
    source.write_text(program(seed, without))
    linked = [clang, "-w", *random_batches.linker(clang)]
    fault = must([clang, "-w", *drawn.flags, "-emit-llvm", "-c", source, "-o", module])
    if fault:
        return INVALID + fault
    steps = [[tool, "opt", "--whole-program", *drawn.frame, module, "-o", better],
             [*linked, "-O0", module, "-o", work / "original"],
             [*linked, drawn.level, better, "-o", work / "rewritten"]]
    for step in steps[:1] if rewrite_only else steps:
        fault = must(step)
        if fault:
            return fault
    if rewrite_only:
        return None
    watched.write_text(random_batches.sanitized(better.read_text(), "address"))
    fault = must([*linked, "-O0", "-fsanitize=address", watched, "-o", work / "watched"]) or \
        must([*linked, "-O0", "-fsanitize=address,undefined", source, "-o", work / "valid"])
    if fault:
        return fault
    quiet = {**os.environ, **QUIET}
    wanted = run([work / "valid"], env=quiet)
    if wanted[0] != 0 or wanted[2]:
        return INVALID + wanted[2][:600]
    for which in ("original", "rewritten", "watched"):
        got = run([work / which], env=quiet)
        if got[:2] != wanted[:2]:
            return f"{drawn.level} {' '.join(drawn.frame)} {which}: another output, exit code {got[0]}: {got[2][:900]}"
    return None


def check_alone(words, seed, rewrite_only, without=()):
    tool, tools = words
    with tempfile.TemporaryDirectory() as directory:
        return check(tool, os.path.join(tools, "clang"), seed, pathlib.Path(directory), rewrite_only, without)


def reduced(words, seed, fault):
    """The lines that can go while something is wrong: runs of them, ever shorter."""
    without, length, count = set(), 32, len(functions(seed)[1])
    while length > 0:
        for first in range(0, count, length):
            more = without.union(range(first, min(first + length, count)))
            still = check_alone(words, seed, False, more) if more != without else None
            if still and not still.startswith(INVALID):
                without, fault = more, still
        length //= 2
    return without, fault


def judge(seed, named, words, found):
    """What is wrong with the program, of which `found` has the outcomes in a batch, or None."""
    outputs = {outcome and outcome[:2] for outcome in found.values()}
    agrees = len(outputs) == 1 and None not in outputs and next(iter(outputs))[0] == 0
    if agrees and seed % random_batches.ALONE != 0:
        return None
    without, fault = set(), check_alone(words, seed, "rewrite-only" in named)
    if fault is None and (agrees or not found):
        return None
    if fault is None:
        fault = f"only in a batch: {found}"
    elif "reduce" in named and not fault.startswith(INVALID):
        without, fault = reduced(words, seed, fault)
    if "keep" in named:
        pathlib.Path(named["keep"], f"seed{seed}.c").write_text(program(seed, without))
    return f"seed {seed}: {fault}"


def main():
    named = dict((argument[2:].split("=") + [""])[:2] for argument in sys.argv[1:] if argument.startswith("--"))
    words = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    first, count, faults = int(named.get("seed", 1)), int(named.get("count", 20)), 0
    tools = random_batches.Tools(words[0], os.path.join(words[1], "clang"), [], QUIET)
    for fault in random_batches.judge_all(tools, range(first, first + count), None if "rewrite-only" in named else case_of,
                                          lambda seed, found: judge(seed, named, words, found), int(named.get("jobs", 2))):
        faults += 1
        print(fault, flush=True)
    print(f"{count} programs from seed {first} on, {faults} faults")
    return 1 if faults or count < 1 else 0


if __name__ == "__main__":
    sys.exit(main())
