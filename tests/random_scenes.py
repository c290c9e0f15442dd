"""Functions of random C programs in which slots own objects: what tests/random_c.py and tests/random_heap_programs.py both call.

`Scene(random, number)` draws one to three types of objects, functions that make, read and free them, and a function

    static unsigned long scene7(int n, unsigned long h)

with slots of many kinds: variables, fields, elements of arrays, unions, numbers that are addresses, memory of the heap. Each slot
owns its object alone, or is null, and statements ask which as the program runs: so whatever order they come in, and wherever
`break`, `continue` and `goto` leave from, nothing is read after it was freed, and nothing is freed twice. So loops carry objects from
one iteration to the next, where they are replaced, moved, linked, copied and handed to functions that keep or free them. What
must not change for a while (an object that is lent to a global variable) is known when the program is written.

What depends on addresses alone is never printed. `lines` are those of the program, each of which a reduction may leave out.
"""
import re

MAKES = ["malloc(BYTES)", "malloc(BYTES)", "calloc(1, BYTES)", "realloc(NULL, BYTES)", "malloc(BYTES + (size_t)(EXTRA & 3) * 24)"]
NUMBERS = ["int", "double", "float", "short", "unsigned long", "char"]
ASIDE = "__attribute__((noinline)) "
MOST = 14  # statements of a scene


class Kind:
    """A type of objects, and the functions of it."""

    def __init__(self, r, name, makes, frees, storage):
        self.name, self.random, self.frees, self.storage = name, r, frees, storage
        self.linked = r.random() < 0.4
        self.pad = r.choice([2, 8, 8, 24, 40, 200, 1500, 3000])
        fields = ["unsigned long n;", f"{r.choice(NUMBERS)} v;", f"char pad[{self.pad}];", f"struct {name} *in;"]
        r.shuffle(fields)
        self.makes = makes
        self.fields = " ".join(fields)
        self.moves = r.random() < 0.4

    def make(self, extra):
        return self.random.choice(self.makes).replace("BYTES", f"sizeof(struct {self.name})").replace("EXTRA", extra)

    def functions(self):
        t, r = self.name, self.random
        some = lambda share: ASIDE if r.random() < share else ""  # noqa: E731
        free = r.choice(self.frees)
        again = r.choice(["", f" if (n % 5 == 1) {{ free(x); x = {self.make('n')}; if (x == NULL) exit(3); }}",
                          " if (n % 4 == 1) { free(x); return NULL; }"])
        chain = f"while (x) {{ struct {t} *in = x->in; {free}; x = in; }}" if self.linked else f"if (x) {free};"
        whole = r.choice([f"struct {t} whole; memset(&whole, 0, sizeof whole); fill_{t}(&whole, n); *x = whole;",
                          f"memset(x, 0, sizeof *x); fill_{t}(x, n);", f"struct {t} *x2 = x; fill_{t}(x2, n);"])
        lines = [
            f"struct {t} {{ {self.fields} }};",
            f"struct box_{t} {{ struct {t} *a, *b; int count; }};",
            f"{self.storage} struct {t} *lent_{t};",
            f"static jmp_buf back_{t};",
            f"static void fill_{t}(struct {t} *x, unsigned long n) {{ x->n = n; x->v = (char)(n & 63); x->in = NULL;"
            f" memset(x->pad, 'a' + (int)(n % 26), sizeof x->pad - 1); x->pad[sizeof x->pad - 1] = 0; }}",
            f"{some(0.3)}static struct {t} *make_{t}(unsigned long n) {{ struct {t} *x = {self.make('n')}; if (x == NULL) exit(3);"
            f" fill_{t}(x, n); return x; }}",
            f"{ASIDE}static struct {t} *apart_{t}(unsigned long n) {{ struct {t} *x = {self.make('n')}; if (x == NULL) exit(3);{again}"
            f" {whole} return x; }}",
            f"{some(0.5)}static int out_{t}(struct {t} **to, unsigned long n) {{ *to = NULL; if (n % 6 == 2) return -1;"
            f" *to = apart_{t}(n); return 0; }}",
            f"{some(0.4)}static void drop_{t}(struct {t} *x) {{ {chain} }}",
            f"{some(0.7)}static unsigned long look_{t}(const struct {t} *x) {{ return x ? x->n * 3 + (unsigned long)(long)x->v"
            f" + (unsigned char)x->pad[0] : 7; }}",
            f"{ASIDE}static unsigned long size_{t}(const struct {t} *x) {{ return x ? x->n + strlen(x->pad) : 9; }}",
            f"{some(0.6)}static unsigned long look_box_{t}(const struct box_{t} *b) {{ return look_{t}(b->a) * 5 + (b->b ? b->b->n : 2); }}",
            f"{ASIDE}static void leave_{t}(unsigned long h) {{ if (h % 3 == 1) longjmp(back_{t}, 1); }}",
            f"{ASIDE}static unsigned long inside_{t}(struct {t} **to, unsigned long n) {{ struct {t} *x = {self.make('n')}; if (x == NULL) exit(3);"
            f" fill_{t}(x, n); *to = x; n += x->n; leave_{t}(n); {r.choice(['', 'n += (unsigned long)(long)x->v; '])}*to = NULL; free(x); return n; }}",
            f"{ASIDE}static unsigned long try_{t}(struct box_{t} *b, unsigned long n) {{ drop_{t}(b->a); b->a = NULL;"
            f" if (setjmp(back_{t}) == 0) return inside_{t}(&b->a, n); return look_{t}(b->a); }}",
            f"{ASIDE}static unsigned long borrowed_{t}(void) {{ return lent_{t} ? lent_{t}->n * 11 : 1; }}",
            f"{some(0.6)}static struct {t} *keep_or_drop_{t}(struct {t} *x, unsigned long n) {{ if (x == NULL || n % 3) return x;"
            f" drop_{t}(x); return NULL; }}",
            f"{some(0.7)}static unsigned long finish_{t}(struct {t} *x) {{ unsigned long h = look_{t}(x); drop_{t}(x); return h; }}",
            f"{some(0.7)}static void shift_{t}(struct box_{t} *b) {{ drop_{t}(b->a); b->a = b->b; b->b = NULL; b->count++; }}",
            f"{some(0.7)}static void refill_{t}(struct box_{t} *b, unsigned long n) {{ if (b->a == NULL) b->a = make_{t}(n);"
            f" else if (b->b == NULL) b->b = apart_{t}(n + b->a->n); else {{ struct {t} *x = b->a; b->a = b->b; b->b = x; }} }}",
            f"{some(0.6)}static struct box_{t} turned_{t}(struct box_{t} b) {{ struct {t} *x = b.a; b.a = b.b; b.b = x; return b; }}",
            f"static unsigned long look_all_{t}(int count, ...) {{ unsigned long h = 1; va_list list; va_start(list, count);"
            f" while (count-- > 0) h = h * 3 + look_{t}(va_arg(list, struct {t} *)); va_end(list); return h; }}",
            f"static unsigned long (*const looks_{t}[])(const struct {t} *) = {{look_{t}, size_{t}}};",
            f"static void (*volatile drops_{t}[])(struct {t} *) = {{drop_{t}, drop_{t}}};",
            f"static unsigned long pong_{t}(struct {t} *x, int depth);",
            f"{some(0.5)}static unsigned long ping_{t}(struct {t} *x, int depth) {{ struct {t} *y = {self.make('depth')}; if (y == NULL) exit(3);"
            f" fill_{t}(y, (x ? x->n : 1) + 1); unsigned long h = depth > 0 ? pong_{t}(y, depth - 1) : look_{t}(y);"
            f" h += y->n; drop_{t}(y); return h * 3 + look_{t}(x); }}",
            f"static unsigned long pong_{t}(struct {t} *x, int depth) {{ if (depth > 0 && (x->n & 1)) return ping_{t}(x, depth - 1);"
            f" struct {t} *y = apart_{t}(x->n); unsigned long h = depth > 1 ? ping_{t}(y, depth - 2) + look_{t}(y) : 3; drop_{t}(y); x->n += h & 15;"
            f" return h; }}",
        ]
        if self.moves and not self.linked:
            lines.append(f"{some(0.5)}static struct {t} *moved_{t}(struct {t} *x, int more) {{ struct {t} *y = realloc(x, sizeof *x + (size_t)more * 16);"
                         f" if (y == NULL) exit(6); return y; }}")
        return lines


class Slot:
    """Where an object's address stands; `base` tells which slots may be the same."""

    def __init__(self, kind, base, read, write=None, box=None, count=0, lasts=False):
        self.kind, self.base, self.read, self.write = kind, base, read, write or read + " = VALUE;"
        self.box, self.count, self.lasts = box, count, lasts # the struct it is in; elements of its array; whether the next call finds it

    def put(self, value):
        return self.write.replace("VALUE", value)


class Scene:
    def __init__(self, r, number, makes=(), frees=(), jumps=True, lasting=False, storage="static"):
        self.random, self.number, self.lines, self.names, self.left = r, number, [], 0, MOST
        self.jumps, self.lasting = jumps, lasting
        frees = ["free(x)", "free(x)", *frees]
        self.kinds = [Kind(r, f"{letter}{number}", MAKES + list(makes), frees, storage) for letter in "xyz"[:r.choice([1, 1, 1, 2, 3])]]
        self.slots, self.pinned, self.lending, self.loops, self.ends = [], [], [], [], []
        self.lines.append(f"{r.choice(['', ASIDE])}static unsigned long scene{number}(int n, unsigned long h) {{")
        self.declare()
        i = self.name("i")
        self.put(f"for (int {i} = 0; {i} < n + {r.randint(1, 6)}; {i}++) {{")
        self.body(i, r.randint(4, 8))
        self.put("}")
        self.block(r.randint(0, 3))
        self.put("out:")
        for slot in r.sample(self.slots, len(self.slots)):
            if not slot.count and not slot.lasts:
                self.put(self.free(slot) if r.random() < 0.9 else f"h += {slot.read} != NULL;")
        for end in self.ends:
            self.put(end)
        self.put("return h;")
        self.lines = used([line for kind in self.kinds for line in kind.functions()], self.lines + ["}"])

    def name(self, letter):
        self.names += 1
        return f"{letter}{self.names}"

    def put(self, text):
        self.lines.append("  " + text)

    # ---- slots ----

    def declare(self):
        """The slots of the function, all null."""
        for kind in self.kinds:
            ways = [self.variable, self.variable, self.box, self.array, self.holder, self.union, self.hidden] + [self.static] * 3 * self.lasting
            for way in self.random.sample(ways, self.random.randint(1, 3)):
                way(kind)

    def variable(self, kind):
        v = self.name("v")
        self.put(f"struct {kind.name} *{v} = NULL;")
        self.slots.append(Slot(kind, v, v))

    def box(self, kind):
        b = self.name("b")
        self.put(f"struct box_{kind.name} {b} = {{NULL, NULL, 0}};")
        self.slots += [Slot(kind, f"{b}.{field}", f"{b}.{field}", box=b) for field in "ab"]

    def array(self, kind):
        a, count = self.name("a"), self.random.randint(2, 4)
        self.put(f"struct {kind.name} *{a}[{count}] = {{NULL}};")
        self.slots += [Slot(kind, a, f"{a}[AT]", count=count)] * 2
        self.ends.append(f"for (int k = 0; k < {count}; k++) drop_{kind.name}({a}[k]);")

    def static(self, kind):
        """A slot whose object is there for the next call."""
        v = self.name("v")
        self.put(f"static struct {kind.name} *{v};")
        self.slots.append(Slot(kind, v, v, lasts=True))

    def holder(self, kind):
        p = self.name("p")
        self.put(f"struct box_{kind.name} *{p} = malloc(sizeof *{p}); if ({p} == NULL) exit(3); {p}->a = {p}->b = NULL; {p}->count = 0;")
        self.slots += [Slot(kind, f"{p}.{field}", f"{p}->{field}", box=f"(*{p})") for field in "ab"]
        self.ends.append(f"free({p});")

    def union(self, kind):
        u = self.name("u")
        self.put(f"union {{ struct {kind.name} *p; uintptr_t bits; }} {u} = {{NULL}};")
        self.slots.append(Slot(kind, u, f"((struct {kind.name} *){u}.bits)", f"{u}.p = VALUE;"))

    def hidden(self, kind):
        u, mask = self.name("u"), self.random.choice([0, 0, 85])
        self.put(f"intptr_t {u} = {mask};")
        self.slots.append(Slot(kind, u, f"((struct {kind.name} *)({u} ^ {mask}))", f"{u} = (intptr_t)(VALUE) ^ {mask};"))

    def free(self, slot):
        t, s = slot.kind.name, slot.read
        ways = [f"drop_{t}({s});", f"drop_{t}({s});", f"h += finish_{t}({s});", f"drops_{t}[h & 1]({s});"]
        if not slot.kind.linked:
            ways += [f"free({s});", f"if ({s} != NULL) free({s});", f"free({s});"]
        return self.random.choice(ways)

    def any(self, kind=None, but=()):
        """A slot that may be written, or None; those of arrays have an index of their own."""
        fit = [s for s in self.slots if s.base not in self.pinned and s.base not in but and (kind is None or s.kind is kind)]
        return self.at(self.random.choice(fit)) if fit else None

    def at(self, slot):
        if not slot.count:
            return slot
        k = self.random.choice([str(self.random.randrange(slot.count)), f"{self.index()} % {slot.count}"])
        return Slot(slot.kind, slot.base, slot.read.replace("AT", k))

    def read_only(self, kind=None):
        fit = [s for s in self.slots if kind is None or s.kind is kind]
        return self.at(self.random.choice(fit)) if fit else None

    def index(self):
        """A number that changes from round to round."""
        return self.loops[-1] if self.loops else "n"

    # ---- statements ----

    def condition(self):
        i = self.index()
        return self.random.choice([f"{i} == {self.random.randint(0, 4)}", f"h % {self.random.choice([2, 3, 5, 7])} == 1", f"({i} & 1)",
                                   f"n + {i} > {self.random.randint(3, 9)}", "(h & 24) == 8"])

    def block(self, count):
        for _ in range(count):
            if self.left > 0:
                self.left -= 1
                self.statement()

    def body(self, i, count):
        self.loops.append(i)
        self.block(count)
        self.loops.pop()

    def statement(self):
        choices = [(self.replace, 6), (self.use, 5), (self.drop, 2), (self.move, 3), (self.swap, 1), (self.link, 2), (self.jump, 2),
                   (self.inner, 1), (self.temporary, 4), (self.branch, 2), (self.copy, 3), (self.text, 2), (self.lend, 2), (self.compare, 2),
                   (self.boxed, 3), (self.recur, 1), (self.late, 4), (self.tried, self.jumps), (self.hand, 2), (self.cleared, 1), (self.grow, 1), (self.odd, 1)]
        what = self.random.choices([c for c, _ in choices], [w for _, w in choices])[0]
        what()

    def value(self):
        return f"(unsigned long){self.index()} + {self.random.randint(0, 40)}"

    def make_to(self, kind, name):
        """A declaration of `name`, with a new object or null."""
        t, r = kind.name, self.random
        direct = f"struct {t} *{name} = {kind.make(self.index())}; if ({name} == NULL) exit(3); fill_{t}({name}, {self.value()});"
        return r.choice([direct, direct, f"struct {t} *{name} = make_{t}({self.value()});",
                         f"struct {t} *{name} = apart_{t}({self.value()});",
                         f"struct {t} *{name}; if (out_{t}(&{name}, {self.value()}) < 0) h++;",
                         f"struct {t} *{name} = {self.condition()} ? make_{t}(h & 31) : apart_{t}({self.value()});"])

    def replace(self):
        """A slot gets a new object; the old one is read and freed before or after."""
        s = self.any()
        if s is None:
            return
        r, x = self.random, self.name("t")
        old = r.choice([f"if ({s.read}) {{ h = h * 3 + {s.read}->n; }} {self.free(s)}", self.free(s),
                        f"h += look_{s.kind.name}({s.read}); {self.free(s)}", f"if ({s.read}) h += (unsigned long)(long){s.read}->v; {self.free(s)}"])
        made = self.make_to(s.kind, x)
        if r.random() < 0.3:
            self.put(f"{{ {old} {s.put('NULL')} {made} {s.put(x)} }}")
        else:
            more = r.choice(["", "", f"if ({x} && {s.read}) {x}->n += {s.read}->n;", f"h += {x} == {s.read} ? 100 : 1;",
                             f"if ({x}) {x}->n += h & 7;"])
            self.put(f"{{ {made} {more} {old} {s.put(x)} }}")

    def use(self):
        s = self.read_only()
        if s is None:
            return
        t, i = s.kind.name, self.index()
        others = ", ".join(o.read for o in [self.read_only(s.kind) for _ in range(2)])
        ways = [f"if ({s.read}) h = h * 3 + {s.read}->n;", f"h += look_{t}({s.read});", f"h += looks_{t}[{i} & 1]({s.read});",
                f"if ({s.read}) h += (unsigned long)(long){s.read}->v;", f"h += look_all_{t}(2, {others});", f"h ^= size_{t}({s.read});",
                f"{{ const struct {t} *b = {self.condition()} ? {s.read} : {self.read_only(s.kind).read}; if (b) h += b->n; }}"]
        if s.base not in self.pinned:
            ways += [f"if ({s.read}) {s.read}->n += {self.value()};", f"if ({s.read}) {s.read}->v = (char)(h & 31);",
                     f"if ({s.read}) {s.read}->pad[0] ^= 1;"]
        self.put(self.random.choice(ways))

    def drop(self):
        s = self.any()
        if s is not None:
            self.put(f"{self.free(s)} {s.put('NULL')}")

    def two(self):
        a = self.any()
        b = self.any(a.kind, but=(a.base,)) if a is not None else None
        return (a, b) if b is not None else (None, None)

    def move(self):
        a, b = self.two()
        if a is not None:
            self.put(f"{{ struct {a.kind.name} *t = {a.read}; {self.free(b)} {b.put('t')} {a.put('NULL')} }}")

    def swap(self):
        a, b = self.two()
        if a is not None:
            self.put(f"{{ struct {a.kind.name} *t = {a.read}, *s = {b.read}; {a.put('s')} {b.put('t')} }}")

    def link(self):
        a, b = self.two()
        if a is None or not a.kind.linked:
            return self.move()
        t = a.kind.name
        self.put(self.random.choice([
            f"if ({a.read} && {b.read}) {{ drop_{t}({a.read}->in); {a.read}->in = {b.read}; {b.put('NULL')} }}",
            f"if ({a.read} && {a.read}->in && !{b.read}) {{ struct {t} *s = {a.read}->in; {a.read}->in = NULL; {b.put('s')} }}",
            f"if ({b.read}) {{ struct {t} *s = {b.read}; while (s->in) s = s->in; s->in = {a.read}; {a.put('NULL')} }}",
            f"for (struct {t} *s = {a.read}; s; s = s->in) h = h * 5 + s->n;"]))
        return None

    def jump(self):
        s = self.any()
        before = f"{self.free(s)} {s.put('NULL')} " if s is not None and self.random.random() < 0.5 else ""
        where = self.random.choice(["break;", "continue;", "goto out;", "goto out;"]) if self.loops else "goto out;"
        self.put(f"if ({self.condition()} && h % 3 == 0) {{ {before}{where} }}")

    def inner(self):
        if len(self.loops) > 1:
            return self.use()
        i = self.name("i")
        self.put(f"for (int {i} = 0; {i} < {self.random.choice(['2', '3', 'n'])}; {i}++) {{")
        self.body(i, self.random.randint(2, 4))
        self.put("}")
        return None

    def temporary(self):
        """An object that lives for some statements; where they are left it is lost."""
        kind, x = self.random.choice(self.kinds), self.name("t")
        self.put(f"{{ {self.make_to(kind, x)}")
        slot = Slot(kind, x, x)
        self.slots.append(slot)
        if self.random.random() < 0.3 and self.loops:
            self.put(f"if ({self.condition()}) {{ {self.free(slot)} {self.random.choice(['continue', 'break', 'goto out'])}; }}")
        self.block(self.random.randint(1, 3))
        self.slots.remove(slot)
        self.put(self.random.choice(["", f"h += look_{kind.name}({x}); "]) + self.free(slot) + " }")

    def late(self):
        """Objects that are freed long after their last use, by a ladder of labels or by one that frees whatever is not null."""
        r, ladder, label = self.random, self.random.random() < 0.5, self.name("done")
        kinds = [r.choice(self.kinds) for _ in range(r.randint(1, 3))]
        made = [(kind.name, self.name("p")) for kind in kinds]
        self.put("{ " + " ".join(f"struct {t} *{p} = NULL;" for t, p in made))
        for k, (t, p) in enumerate(made):
            direct = f"{p} = {kinds[k].make(self.index())}; if ({p} == NULL) exit(3); fill_{t}({p}, {self.value()});"
            self.put(r.choice([direct, direct, f"{p} = make_{t}({self.value()});"]) + f" h += {p}->n;")
            for other, q in made[:k]:
                if r.random() < 0.4:
                    self.put(f"h += (void *){p} == (void *){q} ? 100 : 1;")
            self.block(r.randint(0, 1))
            if r.random() < 0.5:
                to = f"{label}_{k}" if ladder else label
                again = "" if ladder else r.choice(["", f"free({p}); {p} = NULL; "])
                self.put(f"if ({self.condition()} && h % 3 == 1) {{ {again}goto {to}; }}")
        t, first = made[0]
        box = next((q for u, q in made[1:] if u == t), "NULL")
        boxed = r.random() < 0.5
        if boxed:
            self.put(f"struct box_{t} b{first} = {{{first}, {box}, 0}};")
        lent = kinds[0] not in self.lending and r.random() < 0.3
        if lent:
            self.put(f"lent_{t} = {first};")
            self.lending.append(kinds[0])
        self.block(r.randint(0, 2))
        if lent:
            self.put(f"h += borrowed_{t}(); lent_{t} = NULL;")
            self.lending.remove(kinds[0])
        if boxed:
            self.put(f"h = h * 3 + look_box_{t}(&b{first});")
        t, last = made[-1]
        if not ladder and r.random() < 0.5:
            self.put(r.choice([f"if ({self.condition()}) {{ h += finish_{t}({last}); {last} = NULL; }}",
                               f"if ({self.condition()}) {{ h += {last}->n; free({last}); {last} = NULL; }}",
                               f"{{ struct {t} *other = NULL; if ({self.condition()}) {{ other = {last}; {last} = NULL; }} h += look_{t}({last}); free(other); }}"]))
        if ladder:
            self.put(" ".join(f"{label}_{k}: free({made[k][1]});" for k in reversed(range(len(made)))) + " }")
        else:
            self.put(f"{label}: " + " ".join(f"free({q});" for _, q in r.sample(made, len(made))) + " }")

    def tried(self):
        """A jump out of a function that may free, and may not."""
        kind, b = self.random.choice(self.kinds), self.name("b")
        t = kind.name
        self.put(f"{{ struct box_{t} {b} = {{NULL, NULL, 0}}; h += try_{t}(&{b}, {self.value()}); h += look_{t}({b}.a); drop_{t}({b}.a); }}")

    def branch(self):
        self.put(f"if ({self.condition()}) {{")
        self.block(self.random.randint(1, 2))
        if self.random.random() < 0.5:
            self.put("} else {")
            self.block(1)
        self.put("}")

    def copy(self):
        """Of an object, which is changed, replaced or freed while the copy is read; what it points to is left alone."""
        s = self.read_only()
        if s is None:
            return
        t, c, r = s.kind.name, self.name("c"), self.random
        self.put(f"if ({s.read}) {{ struct {t} *{c} = malloc(sizeof *{c}); if ({c} == NULL) exit(3); memcpy({c}, {s.read}, sizeof *{c});")
        for _ in range(r.randint(0, 2)):
            self.put(r.choice([f"h += {c}->n;", f"h += look_{t}({c});", f"h += strlen({c}->pad);", f"h += (unsigned long)(long){c}->v;"]))
            self.block(1)
        if r.random() < 0.4 and s.base not in self.pinned:
            self.put(f"if ({s.read}) {{ {s.read}->n += 77; {s.read}->pad[0] = 'Z'; }}")
        self.put(f"h = h * 3 + {r.choice([f'{c}->n', f'look_{t}({c})', f'size_{t}({c})'])}; free({c}); }}")

    def text(self):
        """A text of an object's, or of a variable's that is gone, copied by strdup, strndup and realloc."""
        s = self.read_only()
        if s is None:
            return
        c, r = self.name("c"), self.random
        source = r.choice([f"{s.read} ? {s.read}->pad : \"none\"", f"{s.read} ? {s.read}->pad : \"none\"", ""])
        make = r.choice(["strdup(FROM)", "strdup(FROM)", "strndup(FROM, 5)", "strcpy(malloc(strlen(FROM) + 1), FROM)"])
        if source:
            self.put(f"{{ const char *from{c} = {source}; char *{c} = {make.replace('FROM', f'from{c}')}; if ({c} == NULL) exit(3);")
        else:
            self.put(f"{{ char *{c}; {{ char from{c}[24]; snprintf(from{c}, sizeof from{c}, \"%lu\", h % 1000); {c} = {make.replace('FROM', f'from{c}')};"
                     f" from{c}[0] = '#'; }} if ({c} == NULL) exit(3);")
        self.block(r.randint(0, 2))
        if r.random() < 0.3:
            self.put(f"{c} = realloc({c}, strlen({c}) + 40); if ({c} == NULL) exit(3); strcat({c}, \"!\");")
        if r.random() < 0.4 and source and s.base not in self.pinned:
            self.put(r.choice([f"if ({s.read}) {s.read}->pad[0] = 'Y';", f"{self.free(s)} {s.put('NULL')}"]))
        self.put(r.choice([f"h = h * 3 + strlen({c}) + (unsigned char){c}[0];", f"for (char *at = {c}; *at; at++) h = h * 5 + (unsigned char)*at;",
                           f"h += strcmp({c}, \"b\") > 0;"]) + f" free({c}); }}")

    def lend(self):
        """A global variable knows an object for some statements."""
        s = self.any()
        if s is None or s.kind in self.lending: # a jump may leave another object there
            return
        t, before = s.kind.name, self.pinned
        self.put(f"lent_{t} = {s.read};")
        self.pinned = before + [o.base for o in self.slots if o.base.split(".")[0] == s.base.split(".")[0]]
        self.lending.append(s.kind)
        self.block(self.random.randint(0, 2))
        self.lending.remove(s.kind)
        self.pinned = before
        self.put(f"h += borrowed_{t}(); lent_{t} = NULL;")
        if self.random.random() < 0.5:
            self.put(f"{self.free(s)} {s.put('NULL')}")

    def compare(self):
        s = self.any()
        if s is None:
            return
        x, i = self.name("t"), self.index()
        self.put(f"{{ {self.make_to(s.kind, x)} h += {x} != NULL && {x} == {s.read} ? 1000 : 1;"
                 f" if (({i} & 1) && {x} != NULL) {{ {self.free(s)} {s.put(x)} }} else {{ {self.free(Slot(s.kind, x, x))} }} }}")

    def boxed(self):
        boxes = [s for s in self.slots if s.box and s.base not in self.pinned]
        if not boxes:
            return self.use()
        s = self.random.choice(boxes)
        t, b = s.kind.name, s.box
        self.put(self.random.choice([f"h = h * 3 + look_box_{t}(&{b});", f"h = h * 3 + look_box_{t}(&{b});", f"shift_{t}(&{b});",
                                     f"refill_{t}(&{b}, {self.value()});", f"{b} = turned_{t}({b});"]))
        return None

    def recur(self):
        s = self.any()
        if s is not None:
            self.put(f"h += ping_{s.kind.name}({s.read}, {self.random.choice(['2', '3', '(int)(h & 3)'])});")

    def hand(self):
        """To functions that may free it, move it, or know it by its bytes."""
        s = self.any()
        if s is None:
            return
        t = s.kind.name
        ways = [s.put(f"keep_or_drop_{t}({s.read}, h)"), f"h += finish_{t}({s.read}); {s.put('NULL')}"]
        if not s.kind.linked and s.kind.moves:
            ways += [f"if ({s.read}) {{ struct {t} *t = moved_{t}({s.read}, (int)(h & 31)); {s.put('t')} }}"] * 2
        self.put(self.random.choice(ways))

    def cleared(self):
        """Memory that is cleared, or is to be, and written in whole or in part."""
        r, z = self.random, self.name("z")
        size = r.choice([16, 40, 1200, 5000])
        room = r.choice([str(size), f"(size_t){size} + (size_t)n"])
        part = r.choice([room, room, str(size // 2), f"{size} - 3"])
        start = r.choice([f"calloc(1, {room}); if ({z} == NULL) exit(3);", f"calloc({room}, 1); if ({z} == NULL) exit(3);",
                          f"malloc({room}); if ({z} == NULL) exit(3); memset({z}, 0, {room});"])
        first = r.choice(["", "", f"h += (unsigned char){z}[{size - 1}];"])
        self.put(f"{{ char *{z} = {start} {first} memset({z}, {r.choice(['1', '(int)(h & 63)', '0'])}, {part});"
                 f" h = h * 3 + (unsigned char){z}[{size - 1}] + (unsigned char){z}[{size // 3}]; free({z}); }}")

    def grow(self):
        r, a, i = self.random, self.name("g"), self.name("i")
        self.put(f"{{ int *{a} = {r.choice(['NULL', 'malloc(8)'])}; for (int {i} = 0; {i} < {r.choice(['n', '3', '20'])} + 1; {i}++) {{"
                 f" int *more = realloc({a}, (size_t)({i} + 2) * sizeof *{a}); if (more == NULL) exit(6); {a} = more; {a}[{i}] = {i} * 3;"
                 f" {r.choice(['', f'if (h % 5 == 1 && {i} > 2) break;'])} h += (unsigned long){a}[{i} / 2]; }} free({a}); }}")

    def odd(self):
        """Addresses that go where few programs send them, and come back."""
        s = self.any()
        if s is None:
            return
        t, r = s.kind.name, self.random
        there = r.choice([
            "char text[40]; snprintf(text, sizeof text, \"%p\", (void *)FROM); void *back = NULL; sscanf(text, \"%p\", &back);",
            "char text[40]; snprintf(text, sizeof text, \"%lx\", (unsigned long)FROM); void *back = (void *)strtoul(text, NULL, 16);",
            "int ends[2]; void *sent = FROM, *back = NULL; if (pipe(ends) || write(ends[1], &sent, sizeof sent) < 0 ||"
            " read(ends[0], &back, sizeof back) < 0) exit(8); close(ends[0]); close(ends[1]);",
            "void *back = NULL, *sent = FROM; for (size_t k = 0; k < sizeof back; k++) ((char *)&back)[k] = ((char *)&sent)[k];",
            "char other; uintptr_t apart = (uintptr_t)FROM - (uintptr_t)&other; void *back = (void *)((uintptr_t)&other + apart);",
            "unsigned low = (unsigned)(uintptr_t)FROM, high = (unsigned)((uintptr_t)FROM >> 32);"
            " void *back = (void *)((uintptr_t)high << 32 | low);",
            "void *back = FROM; h += back == NULL || malloc_usable_size(back) >= sizeof(struct TYPE);"]).replace("TYPE", t)
        after = r.choice([f"{self.free(Slot(s.kind, 'back', f'((struct {t} *)back)'))} {s.put('NULL')}", "",
                          f"if (back) ((struct {t} *)back)->n += 5; h += look_{t}({s.read});"])
        self.put(f"{{ struct {t} *from = {s.read}; {there.replace('FROM', 'from')} h += look_{t}(back); {after} }}")


def used(declarations, lines):
    """The lines, after those declarations that they need."""
    def names(text):
        return set(re.findall(r"\w+", text))

    told = [re.search(r"(\w+)(\(|\[\]\)\(|;| \{)", line.removeprefix(ASIDE)).group(1) for line in declarations]
    needed, todo = set(), names(" ".join(lines))
    while todo:
        more = {k for k, name in enumerate(told) if name in todo} - needed
        todo = set().union(*(names(declarations[k]) for k in more))
        needed |= more
    return [declarations[k] for k in sorted(needed)] + lines
