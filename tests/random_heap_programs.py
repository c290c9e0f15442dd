"""Random C programs whose heap is a graph: what tests/random_heaps.py runs.

`Program(seed)` draws two to four types of objects that are counted by reference and know each other; how each is allocated and
freed (directly, by wrappers, by pointers to functions, over lists of spare ones, never); texts from the library (strdup, asprintf,
getline) and of the program; arrays that grow by realloc; and operations on a `world` that holds some objects of each type. What
is done when is drawn by the program as it runs. It reads nothing that it did not write, frees nothing twice, and prints sums.

An operation is drawn from the seed and its own number alone, so a program without some of them is otherwise the same.
"""
import random

from random_scenes import Scene  # found beside this file

HEAD = """#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static _Thread_local unsigned state;
static unsigned draw(unsigned below) { state = state * 1664525u + 1013904223u; return (state >> 8) % below; }
static void *must(void *p) { if (p == NULL) { puts("no memory"); exit(3); } return p; }
static void *get(size_t bytes) { return must(malloc(bytes)); }
static void *get_zeroed(size_t bytes) { void *p = get(bytes); memset(p, 0, bytes); return p; }
static void *get_cleared(size_t count, size_t bytes) { return must(calloc(count, bytes)); }
static void *resize(void *p, size_t bytes) { return must(realloc(p, bytes)); }
static void get_to(void **out, size_t bytes) { *out = must(malloc(bytes)); }
static void put(void *p) { if (p != NULL) free(p); }
__attribute__((noinline)) static void put_by(void (*f)(void *), void *p) { f(p); }
static void ignore(void *p) { (void)p; }
typedef struct allocator { void *(*make)(size_t); void (*drop)(void *); void *(*more)(void *, size_t); } allocator;
static const allocator fixed = {malloc, free, realloc};
static allocator chosen = {get_zeroed, put, resize};
static void (*volatile droppers[3])(void *) = {free, put, ignore};
static unsigned long mixed(unsigned long sum, const char *text) { while (text && *text) sum = sum * 31 + (unsigned char)*text++; return sum; }
"""

MAKERS = ["malloc(BYTES)", "calloc(1, BYTES)", "get(BYTES)", "get_zeroed(BYTES)", "get_cleared(1, BYTES)", "resize(NULL, BYTES)",
          "chosen.make(BYTES)", "fixed.make(BYTES)", "aligned_alloc(32, (BYTES + 31) / 32 * 32)", "realloc(NULL, BYTES)",
          "reallocarray(NULL, 1, BYTES)", "OUT get_to(&made, BYTES)", "OUT if (posix_memalign(&made, 64, BYTES)) exit(4)"]
DROPPERS = ["free(PTR)", "put(PTR)", "put_by(free, PTR)", "put_by(put, PTR)", "chosen.drop(PTR)", "fixed.drop(PTR)",
            "droppers[INDEX & 1](PTR)", "free(PTR), PTR = NULL"]
GROWERS = ["realloc(OLD, BYTES)", "resize(OLD, BYTES)", "chosen.more(OLD, BYTES)", "fixed.more(OLD, BYTES)",
           "reallocarray(OLD, BYTES, 1)"]
TEXTS = ["text = must(strdup(buffer));", "text = must(strndup(buffer, 1 + draw(9)));",
         "if (asprintf(&text, \"%s/%u\", buffer, draw(1000)) < 0) exit(5);",
         "text = get(strlen(buffer) + 1); strcpy(text, buffer);",
         "text = draw(2) ? must(strdup(buffer)) : strcpy(get(strlen(buffer) + 3), buffer);",
         "text = read_line(buffer, draw(2));"]
READ_LINE = """static char *read_line(const char *from, int given) {
  size_t room = given ? 8 : 0;
  char *line = given ? get(8) : NULL;
  FILE *file = fmemopen((void *)(uintptr_t)from, strlen(from), "r");
  if (file == NULL || getline(&line, &room, file) < 0) exit(6);
  fclose(file);
  return line;
}
"""


class Type:
    """One struct of the program, with the functions that make, keep, release and sum its objects."""

    def __init__(self, program, number, count):
        self.number, r = number, random.Random(f"{program.seed} type {number}")
        self.links = [(f"p{k}", r.randrange(count)) for k in range(r.randint(1, 3))]
        self.hidden = (r.randrange(count) if r.random() < 0.25 else None)   # a void * to that type
        self.text, self.items = r.random() < 0.5, r.random() < 0.4
        self.flexible, self.base = r.random() < 0.25, r.random() < 0.3
        self.pad = r.choice([0, 0, 1, 5, 24, 100, 3000])
        self.wide = r.random() < 0.2
        self.maker = r.choice(MAKERS)
        self.dropper = r.choice(DROPPERS) if r.random() < 0.75 else None
        self.spare = self.dropper is not None and not self.flexible and r.random() < 0.2
        self.grower, self.text_maker = r.choice(GROWERS), r.choice(TEXTS)
        self.hook = r.random() < 0.3 # objects know the function that releases them
        self.order = r.sample(range(6), 6)

    def declare(self):
        parts = [[f"struct t{to} *{name};" for name, to in self.links],
                 ["void *any;"] if self.hidden is not None else [],
                 ["char *text;"] if self.text else [],
                 ["long *items; int count, room;"] if self.items else [],
                 [f"char pad[{self.pad}];"] if self.pad else [],
                 ["_Alignas(16) long double wide;"] if self.wide and "aligned" not in self.maker else []]
        body = [line for k in self.order for line in parts[k]]
        hook = [f"void (*done)(struct t{self.number} *);"] if self.hook else []
        tail = ["int extra; short more[];"] if self.flexible else []
        return f"struct t{self.number} {{ int refs; long n; {' '.join(hook + body + tail)} }};"

    def functions(self):
        return "\n".join([self.make(), self.keep_and_release(), self.setters(), self.sum(), self.walk()])

    def make(self):
        i = self.number
        extra = "size_t extra = draw(20), bytes = sizeof(struct t%d) + extra * sizeof(short);" % i if self.flexible else \
            "size_t bytes = sizeof(struct t%d);" % i
        spare = f"if (spare{i} != NULL) {{ made = spare{i}; spare{i} = spare{i}->p0_spare; }} else " if self.spare else ""
        spare = spare.replace("->p0_spare", f"->{self.links[0][0]}") if self.links[0][1] == i else ""
        self.spare = bool(spare)
        if self.maker.startswith("OUT "):
            allocate = spare + "{ " + self.maker[4:].replace("BYTES", "bytes") + "; }"
        else:
            allocate = spare + f"made = {self.maker.replace('BYTES', 'bytes')};"
        fill = ["t->refs = 1; t->n = n;"]
        fill += [f"t->done = release{i};"] if self.hook else []
        fill += ["t->extra = (int)extra; for (size_t k = 0; k < extra; k++) t->more[k] = (short)(k * 3);"] if self.flexible else []
        fill += ['{ char buffer[40], *text; snprintf(buffer, sizeof buffer, "text %ld", n); ' + self.text_maker +
                 " t->text = text; }"] if self.text else []
        static = f"static _Thread_local struct t{i} *spare{i};\n" if self.spare else ""
        return (f"{static}static struct t{i} *make{i}(long n) {{ void *made = NULL; {extra}\n  {allocate}\n"
                f"  struct t{i} *t = must(made); memset(t, 0, bytes); {' '.join(fill)}\n  return t; }}")

    def keep_and_release(self):
        i = self.number
        drops = [f"if (t->{name}) release{to}(t->{name});" for name, to in self.links]
        drops += [f"if (t->any) release{self.hidden}(t->any);"] if self.hidden is not None else []
        drops += ["free(t->text);"] if self.text else []
        drops += ["put(t->items);"] if self.items else []
        if self.spare:
            drops.append(f"t->{self.links[0][0]} = spare{i}; spare{i} = t;")
        elif self.dropper:
            drops.append(self.dropper.replace("PTR", "t").replace("INDEX", "(int)draw(4)") + ";")
        return (f"static struct t{i} *keep{i}(struct t{i} *t) {{ t->refs++; return t; }}\n"
                f"static void release{i}(struct t{i} *t) {{ if (t == NULL || --t->refs > 0) return;\n  {' '.join(drops)} }}")

    def release(self, what):
        return f"{{ struct t{self.number} *gone = {what}; if (gone) gone->done(gone); }}" if self.hook else \
            f"release{self.number}({what});"

    def setters(self):
        i, lines = self.number, []
        links = self.links + ([("any", self.hidden)] if self.hidden is not None else [])
        for name, to in links:
            lines.append(f"static void set{i}_{name}(struct t{i} *t, struct t{to} *to) {{ struct t{to} *old = t->{name};"
                         f" t->{name} = to ? keep{to}(to) : NULL; if (old) release{to}(old); }}")
        if self.items:
            grower = self.grower.replace("OLD", "t->items").replace("BYTES", "(size_t)room * sizeof(long)")
            lines.append(f"static void push{i}(struct t{i} *t, long n) {{ if (t->count == t->room) {{ int room = 2 * t->room + 3;"
                         f" t->items = must({grower}); t->room = room; }} t->items[t->count++] = n; }}")
        return "\n".join(lines)

    def sum(self):
        i = self.number
        parts = [f"h = h * 7 + sum{to}(t->{name}, depth - 1);" for name, to in self.links]
        parts += [f"h = h * 5 + sum{self.hidden}(t->any, depth - 1);"] if self.hidden is not None else []
        parts += ["h = mixed(h, t->text);"] if self.text else []
        parts += ["for (int k = 0; k < t->count; k++) h = h * 3 + (unsigned long)t->items[k];"] if self.items else []
        parts += ["for (int k = 0; k < t->extra; k++) h += (unsigned long)t->more[k];"] if self.flexible else []
        parts += [f"h += (unsigned long)t->pad[{self.pad - 1}]++ & 1;"] if self.pad else []
        return (f"static unsigned long sum{i}(struct t{i} *t, int depth) {{ if (t == NULL || depth == 0) return 1;\n"
                f"  unsigned long h = (unsigned long)t->n + (unsigned long)t->refs; {' '.join(parts)}\n  return h; }}")

    def walk(self):
        i = self.number
        parts = [f"walk{to}(t->{name}, depth - 1, f, user);" if to == i else f"sum += sum{to}(t->{name}, 1);"
                 for name, to in self.links]
        return (f"static unsigned long walk{i}(struct t{i} *t, int depth, void (*f)(long *, void *), void *user) {{\n"
                f"  unsigned long sum = 0; if (t == NULL || depth == 0) return 0; f(&t->n, user); {' '.join(parts)} return sum; }}\n"
                f"static int order{i}(const void *a, const void *b) {{ const struct t{i} *x = *(struct t{i} *const *)a,"
                f" *y = *(struct t{i} *const *)b; return (x->n > y->n) - (x->n < y->n); }}")

    def forward(self):
        i = self.number
        return (f"static void release{i}(struct t{i} *); static unsigned long sum{i}(struct t{i} *, int);"
                f" static unsigned long walk{i}(struct t{i} *, int, void (*)(long *, void *), void *);"
                f" static struct t{i} *keep{i}(struct t{i} *);")


class Operation:
    """One function over a world; `text` is its body."""

    def __init__(self, program, number):
        self.program, self.number = program, number
        self.random = random.Random(f"{program.seed} operation {number}")
        self.type = self.random.choice(program.types)
        self.before = ""
        kinds = [self.create] * 4 + [self.link] * 4 + [self.drop] * 2 + [self.sum] + [self.walk] + [self.sort] * 2 + \
            [self.push] * 2 + [self.text] + [self.scope] * 4 + [self.mix] * 2 + [self.copy] + [self.interior] + [self.hide] + \
            [self.scene] * 3 + [self.odd] + [self.move] * 2 + [self.usable] + [self.pass_on] + [self.tree] * 2 + [self.jump] * program.jumps
        self.body = (self.create if number < len(program.types) else self.random.choice(kinds))()

    def slots(self, kind=None):
        return f"w->s{(kind or self.type).number}"

    def create(self):
        t = self.type = self.program.types[self.number % len(self.program.types)]
        return f"unsigned a = draw(6); {t.release(self.slots() + '[a]')} {self.slots()}[a] = make{t.number}((long)draw(1000));"

    def link(self):
        t, r = self.type, self.random
        name, to = r.choice(t.links + ([("any", t.hidden)] if t.hidden is not None else []))
        return (f"struct t{t.number} *x = {self.slots()}[draw(6)]; struct t{to} *y = w->s{to}[draw(6)];"
                f" if (x && {r.choice(['y', '1', 'y && (void *)x != (void *)y'])}) set{t.number}_{name}(x, y);")

    def drop(self):
        return f"unsigned a = draw(6); {self.type.release(self.slots() + '[a]')} {self.slots()}[a] = NULL;"

    def sum(self):
        return f"h += sum{self.type.number}({self.slots()}[draw(6)], {self.random.randint(1, 4)});"

    def walk(self):
        k = self.number
        self.before = f"static void visit{k}(long *n, void *user) {{ *(unsigned long *)user += (unsigned long)*n; *n += {k}; }}\n"
        return f"h += walk{self.type.number}({self.slots()}[draw(6)], 3, visit{k}, &h);"

    def sort(self):
        i, r = self.type.number, self.random
        array = r.choice(["malloc(6 * sizeof *list)", "get(6 * sizeof *list)", "calloc(6, sizeof *list)"])
        return (f"struct t{i} **list = must({array}); size_t count = 0; for (int k = 0; k < 6; k++) if ({self.slots()}[k])"
                f" list[count++] = {self.slots()}[k]; qsort(list, count, sizeof *list, order{i});"
                f" for (size_t k = 0; k < count; k++) h = h * 31 + (unsigned long)list[k]->n;"
                f" {r.choice(DROPPERS).replace('PTR', 'list').replace('INDEX', '1')};")

    def push(self):
        if not self.type.items:
            return self.sum()
        return (f"struct t{self.type.number} *x = {self.slots()}[draw(6)]; if (x) for (unsigned k = draw({self.random.choice([4, 40])});"
                f" k > 0; k--) push{self.type.number}(x, (long)k * 5);")

    def text(self):
        if not self.type.text:
            return self.create()
        return (f"struct t{self.type.number} *x = {self.slots()}[draw(6)]; char buffer[40], *text;"
                f' snprintf(buffer, sizeof buffer, "again %u", draw(99)); if (x) {{ {self.random.choice(TEXTS)}'
                f" {self.random.choice(['free', 'put'])}(x->text); x->text = text; }}")

    def scope(self):
        """A list that is built, used and left behind or freed, by a function and those that it calls."""
        k, r, i = self.number, self.random, self.type.number
        keep = r.random() < 0.3
        maker, dropper = r.choice(MAKERS[:8]), r.choice(DROPPERS)
        self.before = (
            f"struct l{k} {{ struct l{k} *next; struct t{i} *item; long n; char pad[{r.choice([1, 8, 40])}]; }};\n"
            f"static struct l{k} *cons{k}(struct l{k} *next, long n, struct t{i} *item) {{ struct l{k} *l ="
            f" must({maker.replace('BYTES', f'sizeof(struct l{k})')}); l->next = next; l->n = n; l->item = item; return l; }}\n"
            f"static void drop{k}(struct l{k} *l) {{ while (l) {{ struct l{k} *next = l->next;"
            f" {dropper.replace('PTR', 'l').replace('INDEX', '0')}; l = next; }} }}\n"
            f"{r.choice(['', '__attribute__((noinline)) '])}static unsigned long build{k}(struct world *w, int depth) {{\n"
            f"  struct l{k} *l = NULL; unsigned long h = 1; unsigned count = 1 + draw({r.choice([3, 12, 60])});\n"
            f"  for (unsigned a = 0; a < count; a++) l = cons{k}(l, (long)draw(50), w->s{i}[a % 6]);\n"
            f"  if (depth > 0 && draw(2)) h += build{k}(w, depth - 1);\n"
            f"  {r.choice(['', f'if (h % 3 == 0) return h;', f'if (l->n == 7) {{ drop{k}(l); return 3; }}'])}\n"
            f"  for (struct l{k} *at = l; at; at = at->next) h = h * 3 + (unsigned long)at->n + (at->item ? (unsigned long)at->item->n : 0);\n"
            f"  {r.choice([f'drop{k}(l);', f'drop{k}(l);', f'if (draw(2)) drop{k}(l);', ''])} return h; }}\n")
        if keep:
            self.before += f"static _Thread_local struct l{k} *kept{k};\n"
            return (f"h += build{k}(w, 1); if (draw(3) == 0) {{ drop{k}(kept{k}); kept{k} = NULL; }} else"
                    f" kept{k} = cons{k}(kept{k}, 4, NULL); h += kept{k} ? 2 : 1;")
        return f"h += build{k}(w, {r.randint(0, 3)});"

    def scene(self):
        """A function with slots that own objects (tests/random_scenes.py), some of which hold theirs until the next call."""
        r, k = self.random, self.number
        frees = [dropper.replace("PTR", "x").replace("INDEX", "1") for dropper in DROPPERS[:7]]
        threads, lasting = self.program.threads, r.random() < 0.4
        scene = Scene(r, k, MAKERS[:8], frees, self.program.jumps, lasting and not threads, "static _Thread_local" if threads else "static")
        self.before = "\n".join(scene.lines) + "\n"
        return f"h = scene{k}((int)draw(4), h);"

    def tree(self):
        """A tree that one function makes and another drops, its root in the caller."""
        k, r = self.number, self.random
        self.before = (
            f"struct b{k} {{ struct b{k} *left, *right; int n; }};\n"
            f"static struct b{k} *grow{k}(int depth) {{ if (depth == 0) return NULL;"
            f" struct b{k} *b = must({r.choice(MAKERS[:8]).replace('BYTES', f'sizeof(struct b{k})')}); b->n = depth;"
            f" b->left = grow{k}(depth - 1); b->right = draw(4) ? grow{k}(depth - 1) : b->left; return b; }}\n"
            f"static unsigned long add{k}(struct b{k} *b) {{ return b ? (unsigned long)b->n + 3 * add{k}(b->left) + 5 * add{k}(b->right) : 1; }}\n"
            f"static void fell{k}(struct b{k} *b) {{ if (!b) return; if (b->right != b->left) fell{k}(b->right);"
            f" fell{k}(b->left); {r.choice(DROPPERS).replace('PTR', 'b').replace('INDEX', '1')}; }}\n")
        ending = r.choice([f"fell{k}(b);", f"fell{k}(b);", "", f"if (draw(2)) fell{k}(b);"])
        return f"struct b{k} *b = grow{k}(1 + (int)draw(7)); h += add{k}(b); {ending}"

    def mix(self):
        r = self.random
        return r.choice([
            'char *s = draw(2) ? must(strdup("one two")) : strcpy(get(16), "three"); s = resize(s, 40); strcat(s, "!");'
            " h = mixed(h, s); free(s);",
            'char *s = NULL; if (asprintf(&s, "%lu", h) < 0) exit(7); char *more = realloc(s, 80); h = mixed(h, must(more)); put(more);',
            'char *s = NULL; size_t bytes = 0; FILE *f = open_memstream(&s, &bytes); if (!f) exit(8);'
            ' for (unsigned k = draw(300); k > 0; k--) fprintf(f, "%u,", k); fclose(f); h += bytes; put_by(free, s);',
            'char *line = get(4); size_t room = 4; char from[] = "a line that is longer\\nthan that\\n";'
            ' FILE *f = fmemopen(from, sizeof from - 1, "r"); while (f && getline(&line, &room, f) > 0) h = mixed(h, line);'
            " if (f) fclose(f); free(line);",
            "void *list[4]; for (int k = 0; k < 4; k++) list[k] = k & 1 ? (void *)must(strdup(\"x\")) : chosen.make(8);"
            " for (int k = 0; k < 4; k++) droppers[k & 1](list[k]);"])

    def copy(self):
        i = self.type.number
        name, _ = self.type.links[0]
        return (f"struct t{i} *x = {self.slots()}[draw(6)]; if (x) {{ struct t{i} y; memcpy(&y, x, sizeof y);"
                f" h += (unsigned long)y.n; if (y.{name}) h += (unsigned long)y.{name}->n; }}"
                f" struct t{i} *all[6]; memmove(all, {self.slots()}, sizeof all); if (all[5]) all[5]->n++;")

    def interior(self):
        return f"struct t{self.type.number} *x = {self.slots()}[draw(6)]; long *n = x ? &x->n : NULL; if (n) *n ^= 5;"

    def hide(self):
        i = self.type.number
        return (f"unsigned a = draw(6); uintptr_t mask = (uintptr_t)0x5a5a << 3; w->hidden = (uintptr_t){self.slots()}[a] ^ mask;"
                f" struct t{i} *x = (struct t{i} *)(w->hidden ^ mask); if (x) h += (unsigned long)x->n;")

    def odd(self):
        return self.random.choice([
            "volatile size_t huge = SIZE_MAX / 2 - draw(4); errno = 0; void *p = malloc(huge); h += p == NULL && errno == ENOMEM; free(p);",
            "volatile size_t huge = SIZE_MAX / 4; errno = 0; void *p = calloc(huge, 8); h += p == NULL && errno == ENOMEM; free(p);",
            "volatile size_t none = 0; void *p = malloc(none), *q = malloc(none); h += p != q || !p; free(p); free(q); free(NULL);",
            "volatile size_t huge = SIZE_MAX / 2; char *p = get(9); strcpy(p, \"12345678\"); void *q = realloc(p, huge);"
            " h = mixed(h, q == NULL ? p : \"\"); free(q == NULL ? p : q);"])

    def move(self):
        """An object that nobody else knows is moved by realloc."""
        t = self.type
        if not t.flexible or t.spare or t.hook or "align" in t.maker:
            return self.sort()
        return (f"unsigned a = draw(6); struct t{t.number} *x = {self.slots()}[a]; if (x && x->refs == 1) {{ int more = (int)draw(60);"
                f" x = must({self.random.choice(GROWERS[:4]).replace('OLD', 'x').replace('BYTES', f'sizeof *x + (size_t)more * sizeof(short)')});"
                f" for (int k = x->extra; k < more; k++) x->more[k] = (short)k; x->extra = more; {self.slots()}[a] = x; }}")

    def usable(self):
        return (f"struct t{self.type.number} *x = {self.slots()}[draw(6)];"
                " if (x) h += malloc_usable_size(x) >= sizeof *x; char *s = get(33); h += malloc_usable_size(s) >= 33; put(s);")

    def pass_on(self):
        k, i = self.number, self.type.number
        self.before = (f"struct pair{k} {{ struct t{i} *x; void *y; }};\n"
                       f"static struct pair{k} both{k}(int count, ...) {{ va_list list; va_start(list, count);"
                       f" struct pair{k} p = {{va_arg(list, struct t{i} *), NULL}}; while (--count > 0) p.y = va_arg(list, void *);"
                       f" va_end(list); return p; }}\n")
        return (f"struct pair{k} p = both{k}(3, {self.slots()}[0], {self.slots()}[1], {self.slots()}[draw(6)]); if (p.x) h += 3;"
                f" struct t{i} *y = p.y; if (y) {{ keep{i}(y); {self.type.release('y')} h += (unsigned long)y->n; }}")

    def jump(self):
        k = self.number
        self.before = (f"static jmp_buf back{k};\n__attribute__((noinline)) static void leave{k}(struct world *w) {{"
                       f" char *s = get(20); strcpy(s, \"left\"); w->hidden = (uintptr_t)s[0]; if (draw(2)) longjmp(back{k}, 1); free(s); }}\n")
        return f"if (setjmp(back{k}) == 0) leave{k}(w); h += 1;"

    def text_of(self):
        return (f"{self.before}static unsigned long op{self.number}(struct world *w, unsigned long h) {{\n"
                f"  (void)w; {self.body}\n  return h; }}\n")


class Program:
    def __init__(self, seed, without=()):
        self.seed, r = seed, random.Random(f"{seed} program")
        self.threads = r.random() < 0.15
        self.jumps = int(not self.threads and r.random() < 0.1)
        count = r.randint(2, 4)
        self.types = [Type(self, k, count) for k in range(count)]
        self.count = len(self.types) * 2 + r.randint(4, 14)
        self.world = r.choice(["global", "heap", "frame"]) if not self.threads else r.choice(["heap", "frame"])
        self.rounds = r.choice([60, 300, 1500])
        self.indirect, self.clean = r.random() < 0.5, r.random() < 0.5
        self.without = set(without)

    def text(self):
        declarations = "\n".join([f"struct t{t.number};" for t in self.types] + [t.declare() for t in self.types] +
                                 [t.forward() for t in self.types])
        functions = "\n".join(t.functions() for t in self.types)
        world = "struct world { uintptr_t hidden; " + " ".join(f"struct t{t.number} *s{t.number}[6];" for t in self.types) + " };\n"
        operations = [Operation(self, k) for k in range(self.count)]
        kept = [o for o in operations if o.number not in self.without]
        return (HEAD + READ_LINE + declarations + "\n" + functions + "\n" + world +
                "".join(o.text_of() for o in kept) + self.runner(kept) + (self.two_threads() if self.threads else self.main()))

    def runner(self, operations):
        count = len(operations)
        if self.indirect:
            table = ", ".join(f"op{o.number}" for o in operations)
            step = f"h = table[draw({count})](w, h);"
            head = f"static unsigned long (*const table[])(struct world *, unsigned long) = {{{table}}};\n"
        else:
            cases = " ".join(f"case {k}: h = op{o.number}(w, h); break;" for k, o in enumerate(operations))
            step, head = f"switch (draw({count})) {{ {cases} }}", ""
        releases = " ".join(f"for (int k = 0; k < 6; k++) {t.release(f'w->s{t.number}[k]')}" for t in self.types)
        sums = " ".join(f"for (int k = 0; k < 6; k++) h = h * 13 + sum{t.number}(w->s{t.number}[k], 3);" for t in self.types)
        return (f"{head}static unsigned long run(struct world *w, unsigned seed) {{\n  unsigned long h = 1; state = seed;\n"
                f"  for (int round = 0; round < {self.rounds}; round++) {{ {step} if (round % 20 == 0) {{ {sums} }} }}\n"
                f"  {releases if self.clean else ''}\n  return h; }}\n")

    def make_world(self):
        return {"global": "static struct world all; struct world *w = &all; memset(w, 0, sizeof *w);",
                "heap": "struct world *w = must(calloc(1, sizeof *w));",
                "frame": "struct world all = {0}, *w = &all;"}[self.world]

    def main(self):
        end = "free(w);" if self.world == "heap" and self.clean else ""
        return (f"int main(int count, char **arguments) {{\n  (void)arguments;\n  for (unsigned seed = 1; seed < 4; seed++) {{\n"
                f"    {self.make_world()}\n    if (count > 5) chosen.make = malloc, chosen.drop = free;\n"
                f'    printf("%lu\\n", run(w, seed * (unsigned)count)); {end} }}\n  return 0;\n}}\n')

    def own(self):
        """Lists that main's thread turns over meanwhile; in what else may get at them the other threads differ."""
        r = random.Random(f"{self.seed} own")
        who = r.choice(["main", "main", "call", "free", "move", "end", "routine"])
        before = "__attribute__((noinline)) " if r.random() < 0.5 else ""
        text = f"""struct own {{ struct own *next; long n; int *numbers; }};
static struct own *owned, *given;
{before}static unsigned long turn(struct own **list, unsigned n) {{
  unsigned long sum = 0;
  for (unsigned k = 0; k < n; k++) {{
    struct own *o = malloc(sizeof *o);
    if (!o || !(o->numbers = malloc({r.choice([8, 24, 60])}))) exit(8);
    o->n = o->numbers[0] = (int)k;
    o->next = *list;
    *list = o;
    if (k % {r.choice([2, 5, 40])} == 1 && (o->numbers = realloc(o->numbers, 8 * (k % 9 + 1))) == NULL) exit(8);
    if (k % 3 != 2) continue;
    *list = o->next;
    sum += (unsigned long)(o->n + o->numbers[0]);
    free(o->numbers);
    free(o);
  }}
  return sum;
}}
{before}static void give(struct own *o) {{ pthread_mutex_lock(&lock); o->next = given; given = o; pthread_mutex_unlock(&lock); }}
{before}static struct own *take(void) {{
  pthread_mutex_lock(&lock);
  struct own *o = given;
  if (o) given = o->next;
  pthread_mutex_unlock(&lock);
  return o;
}}
static void at_end(void) {{ while (owned) {{ struct own *next = owned->next; free(owned->numbers); free(owned); owned = next; }} }}
static void *routine(void *user) {{ struct own *mine = NULL; *(unsigned *)user += (unsigned)turn(&mine, 40); return NULL; }}
"""
        theirs = {"call": "{ struct own *mine = NULL; h += turn(&mine, 50); }",
                  "free": "for (struct own *o; (o = take()) != NULL;) { free(o->numbers); free(o); }",
                  "move": "for (struct own *o; (o = take()) != NULL;) if ((o->numbers = realloc(o->numbers, 400)) == NULL) exit(8);"}
        gives = "if (owned) { struct own *o = owned; owned = o->next; give(o); } " if who in ("free", "move") else ""
        more = {"end": "atexit(at_end); ", "routine": "unsigned more = 0; routine(&more); pthread_t other; "
                "if (pthread_create(&other, NULL, routine, &more)) exit(9); "}
        last = {"routine": "pthread_join(other, NULL); own += more; "}
        main = f"{more.get(who, '')}for (unsigned k = 0; k < 5; k++) {{ own += turn(&owned, 100 + k); {gives}}} {last.get(who, '')}"
        return text, theirs.get(who, ""), main

    def two_threads(self):
        """Each has a world of its own; objects are made by one and dropped by the other."""
        t = self.types[0]
        own, theirs, mains = self.own()
        end = "free(w);" if self.world == "heap" and self.clean else ""
        return f"""struct box {{ struct box *next; struct t0 *what; }};
static struct box *boxes;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void hand_over(unsigned n) {{
  for (unsigned k = 0; k < n; k++) {{
    struct box *b = get(sizeof *b);
    b->what = make0((long)k);
    pthread_mutex_lock(&lock);
    b->next = boxes;
    boxes = b;
    pthread_mutex_unlock(&lock);
  }}
}}
static unsigned long take_over(unsigned n) {{
  unsigned long sum = 0;
  while (n > 0) {{
    pthread_mutex_lock(&lock);
    struct box *b = boxes;
    if (b) boxes = b->next;
    pthread_mutex_unlock(&lock);
    if (!b) {{ sched_yield(); continue; }}
    sum += (unsigned long)b->what->n;
    {t.release('b->what')}
    free(b);
    n--;
  }}
  return sum;
}}
{own}static void *work(void *user) {{
  unsigned seed = *(unsigned *)user;
  {self.make_world()}
  unsigned long h = run(w, seed), taken = 0;
  if (seed & 1) hand_over(200); else taken = take_over(200);
  {end} {theirs}
  unsigned long *result = get(sizeof *result);
  *result = h * 3 + taken;
  return result;
}}
int main(int count, char **arguments) {{
  (void)arguments;
  for (unsigned seed = 1; seed < 4; seed += 2) {{
    pthread_t threads[2];
    unsigned seeds[2] = {{seed, seed + (unsigned)count}};
    unsigned long own = 0;
    for (int k = 0; k < 2; k++) if (pthread_create(&threads[k], NULL, work, &seeds[k])) exit(9);
    {mains}
    for (int k = 0; k < 2; k++) {{ void *result; pthread_join(threads[k], &result); printf("%lu\\n", *(unsigned long *)result); free(result); }}
    printf("%lu\\n", own);
  }}
  return 0;
}}
"""
