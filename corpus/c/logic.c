/* A logic minimiser: covers of cubes over two-bit literals; complement and tautology by recursion over cofactors, expansion
 * against the complement. Sets are temporaries of recursive callees that do not keep them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VARIABLES = 8 };

typedef struct cube {
  unsigned literals; /* two bits a variable: 01 false, 10 true, 11 either, 00 empty */
} cube;

typedef struct cover {
  int count, room;
  cube *cubes;
} cover;

static const unsigned all = (1u << (2 * VARIABLES)) - 1;

static cover *new_cover(int room) {
  cover *c = malloc(sizeof *c); // local
  if (c == NULL) exit(1);
  c->count = 0;
  c->room = room < 1 ? 1 : room;
  c->cubes = malloc((size_t)c->room * sizeof *c->cubes);
  if (c->cubes == NULL) exit(1);
  return c;
}

static void drop_cover(cover *c) {
  if (c != NULL) {
    free(c->cubes);
    free(c);
  }
}

static cover *add(cover *c, unsigned literals) {
  if (c->count == c->room) {
    c->room *= 2;
    c->cubes = realloc(c->cubes, (size_t)c->room * sizeof *c->cubes);
    if (c->cubes == NULL) exit(1);
  }
  c->cubes[c->count++].literals = literals;
  return c;
}

static int is_empty(unsigned literals) {
  for (int v = 0; v < VARIABLES; v++)
    if (((literals >> (2 * v)) & 3) == 0) return 1;
  return 0;
}

/* The cubes of a cover that meet a literal, which is dropped from them. */
static cover *cofactor(const cover *c, int variable, unsigned value) {
  cover *half = new_cover(c->count);
  for (int i = 0; i < c->count; i++)
    if ((c->cubes[i].literals >> (2 * variable)) & value) add(half, c->cubes[i].literals | 3u << (2 * variable));
  return half;
}

/* The variable that most cubes depend on, or -1. */
static int choose(const cover *c) {
  int *uses = calloc(VARIABLES, sizeof *uses); // local
  int best = -1;
  if (uses == NULL) exit(1);
  for (int i = 0; i < c->count; i++)
    for (int v = 0; v < VARIABLES; v++) uses[v] += ((c->cubes[i].literals >> (2 * v)) & 3) != 3;
  for (int v = 0; v < VARIABLES; v++)
    if (uses[v] > 0 && (best < 0 || uses[v] > uses[best])) best = v;
  free(uses);
  return best;
}

static int is_tautology(const cover *c) {
  for (int i = 0; i < c->count; i++)
    if (c->cubes[i].literals == all) return 1;
  int v = choose(c);
  if (v < 0) return 0;
  cover *low = cofactor(c, v, 1), *high = NULL;
  int result = is_tautology(low);
  if (result) {
    high = cofactor(c, v, 2);
    result = is_tautology(high);
  }
  drop_cover(low);
  drop_cover(high);
  return result;
}

static void complement(const cover *c, unsigned within, cover *out) {
  for (int i = 0; i < c->count; i++)
    if (c->cubes[i].literals == all) return;
  int v = choose(c);
  if (v < 0) {
    add(out, within);
    return;
  }
  cover *low = cofactor(c, v, 1);
  complement(low, within & ~(2u << (2 * v)), out);
  drop_cover(low);
  cover *high = cofactor(c, v, 2);
  complement(high, within & ~(1u << (2 * v)), out);
  drop_cover(high);
}

static int meets(unsigned literals, const cover *off) {
  for (int i = 0; i < off->count; i++)
    if (!is_empty(literals & off->cubes[i].literals)) return 1;
  return 0;
}

/* Raises literals as long as no cube of the complement is met; drops what is then covered. */
static void expand(cover *on, const cover *off) {
  char *covered = calloc((size_t)on->count + 1, 1); // local
  if (covered == NULL) exit(1);
  for (int i = 0; i < on->count; i++) {
    unsigned *literals = &on->cubes[i].literals;
    if (covered[i]) continue;
    for (int v = 0; v < VARIABLES; v++) {
      unsigned raised = *literals | 3u << (2 * v);
      if (raised != *literals && !meets(raised, off)) *literals = raised;
    }
    for (int k = 0; k < on->count; k++)
      if (k != i && (on->cubes[k].literals & ~*literals) == 0) covered[k] = 1;
  }
  int count = 0;
  for (int i = 0; i < on->count; i++)
    if (!covered[i]) on->cubes[count++] = on->cubes[i];
  on->count = count;
  free(covered);
}

/* Whether the others cover a cube. */
static int is_redundant(const cover *on, int which) {
  cover *rest = new_cover(on->count);
  for (int i = 0; i < on->count; i++) {
    unsigned common = on->cubes[i].literals & on->cubes[which].literals;
    if (i != which && !is_empty(common)) add(rest, on->cubes[i].literals | (all & ~on->cubes[which].literals));
  }
  int result = is_tautology(rest);
  drop_cover(rest);
  return result;
}

static void drop_redundant(cover *on) {
  for (int i = 0; i < on->count;) {
    if (is_redundant(on, i)) {
      on->cubes[i] = on->cubes[--on->count];
    } else {
      i++;
    }
  }
}

static void minimise(unsigned seed) {
  cover *on = new_cover(4), *off = new_cover(16);
  for (int i = 0; i < 40; i++) {
    unsigned literals = 0;
    seed = seed * 1103515245u + 12345u;
    for (int v = 0; v < VARIABLES; v++)
      literals |= ((seed >> (8 + 2 * v)) & 3 ? 1u << ((seed >> (9 + v)) & 1) : 3u) << (2 * v);
    add(on, literals);
  }
  int before = on->count;
  complement(on, all, off);
  expand(on, off);
  drop_redundant(on);
  unsigned mixed = 0;
  for (int i = 0; i < on->count; i++) mixed = mixed * 31 + on->cubes[i].literals;
  printf("%d cubes, %d of the complement, %d left, %u\n", before, off->count, on->count, mixed);
  drop_cover(on);
  drop_cover(off);
}

/* The argument is the number of covers. */
int main(int count, char **arguments) {
  unsigned covers = count > 1 ? (unsigned)atoi(arguments[1]) : 5;
  for (unsigned seed = 1; seed <= covers; seed++) minimise(seed);
  return 0;
}
