/* generate.c: writes VMIR programs of any length, to measure with: bench-generate SHAPE OPS [SEED].
 *
 *   chain     each op reads the one before
 *   wide      as many values as a third of the ops live at once, then added up as a tree
 *   random    operands are any earlier values; what is left is added up as a tree
 *   recent    operands are among the last 8 values
 *   loops     nests of three loops with three carried values
 *   calls     1000 functions that call earlier ones
 *   branches  an `if` with two results every dozen ops, some of them nested
 *   held      a value for each loop that is made before all loops and read after them
 *   deep      nests of loops and branches 900 deep
 *   rotate    loops that carry 30 values and yield them rotated, so that all move
 *   views     views of views, and a storage that is viewed all over the program
 *   parts     halves of arrays that are overwritten while the other half lives
 *   fan       one value that every op reads
 *   copies    loops that all begin with one value, which is copied for each
 *   streams   `parallel` with four streams
 *   mixed     arrays of 61 sizes among the last 64 values: a packing problem
 *   symbolic  as mixed, in multiples of a dim without a value
 *   dims      as mixed, in multiples of four dims without values, so that no load is surely the largest
 *
 * Every value is read, and the number of ops is OPS to within one group of the shape. The same arguments give the same
 * bytes. Time and output are linear in OPS; memory is that of the value numbers that a shape picks from. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE "f64[1000]"

typedef struct generator {
  uint64_t state;      /* of the random numbers */
  uint32_t ops, limit; /* written so far; to be written */
  uint32_t next;       /* number of the next value */
} generator;

/* ---- random numbers: splitmix64 (Steele, Lea and Flood 2014) ---- */

static uint32_t pick(generator *g, uint32_t count) {
  uint64_t z = g->state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return (uint32_t)((z ^ z >> 31) % count);
}

/* ---- single ops; each returns the number of its result ---- */

static uint32_t begin_op(generator *g) {
  g->ops++;
  printf("  %%v%u = ", g->next);
  return g->next++;
}

static uint32_t add_fill(generator *g) {
  uint32_t result = begin_op(g);
  printf("fill %u.5 : " TYPE "\n", result % 100);
  return result;
}

static uint32_t add_unary(generator *g, uint32_t x) {
  static const char *const names[] = {"neg", "abs", "relu", "sin", "tanh", "floor"};
  uint32_t result = begin_op(g);
  printf("%s %%v%u : " TYPE "\n", names[pick(g, 6)], x);
  return result;
}

static uint32_t add_scaled(generator *g, uint32_t x) {
  static const char *const names[] = {"mul", "add", "sub", "max"};
  uint32_t result = begin_op(g);
  printf("%s %%v%u, %u.25 : " TYPE "\n", names[pick(g, 4)], x, pick(g, 9));
  return result;
}

static uint32_t add_binary(generator *g, uint32_t x, uint32_t y) {
  static const char *const names[] = {"add", "mul", "sub", "min", "max"};
  uint32_t result = begin_op(g);
  printf("%s %%v%u, %%v%u : " TYPE "\n", names[pick(g, 5)], x, y);
  return result;
}

/* Whether the largest element of x is above a half: a condition that no analysis can know. */
static uint32_t add_condition(generator *g, uint32_t x) {
  uint32_t most = begin_op(g);
  printf("max %%v%u : f64\n", x);
  uint32_t result = begin_op(g);
  printf("gt %%v%u, 0.5 : bool\n", most);
  return result;
}

static void add_yield(generator *g, const uint32_t *values, uint32_t count) {
  g->ops++;
  printf("  yield");
  for (uint32_t i = 0; i < count; i++) printf("%s %%v%u", i > 0 ? "," : "", values[i]);
  printf("\n");
}

static void add_return(generator *g, uint32_t value) {
  g->ops++;
  printf("  return %%v%u\n}\n", value);
}

/* "%v7, %v8 = " for `count` new values; the first of them. */
static uint32_t begin_results(generator *g, uint32_t count) {
  uint32_t first = g->next;
  printf("  ");
  for (uint32_t i = 0; i < count; i++) printf("%s%%v%u", i > 0 ? ", " : "", first + i);
  printf(" = ");
  g->next += count;
  return first;
}

static void add_types(uint32_t count) {
  printf("(");
  for (uint32_t i = 0; i < count; i++) printf("%s" TYPE, i > 0 ? ", " : "");
  printf(")");
}

/* The sum of all values, as a tree; `values` is used up. */
static uint32_t add_tree(generator *g, uint32_t *values, uint32_t count) {
  while (count > 1) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i += 2) {
      values[kept++] = i + 1 < count ? add_binary(g, values[i], values[i + 1]) : values[i];
    }
    count = kept;
  }
  return values[0];
}

static void begin_main(void) { printf("func @main() -> " TYPE " {\n"); }

static uint32_t *allocate(uint32_t count) {
  uint32_t *values = calloc((size_t)count + 1, sizeof *values);
  if (values != NULL) return values;
  fprintf(stderr, "bench-generate: memory is out\n");
  exit(1);
}

/* ---- straight lines ---- */

static void write_chain(generator *g) {
  begin_main();
  uint32_t x = add_fill(g);
  while (g->ops + 1 < g->limit) x = g->ops % 2 ? add_scaled(g, x) : add_unary(g, x);
  add_return(g, x);
}

static void write_wide(generator *g) {
  uint32_t width = g->limit / 3 > 0 ? g->limit / 3 : 1;
  uint32_t *values = allocate(width);
  begin_main();
  for (uint32_t i = 0; i < width; i++) values[i] = add_fill(g);
  for (uint32_t i = 0; i < width; i++) values[i] = add_scaled(g, values[i]);
  add_return(g, add_tree(g, values, width));
  free(values);
}

/* Two operands of all values each time leave a third of them unread; those are added up. */
static void write_random(generator *g) {
  uint32_t *unread = allocate(g->limit), count = 0, end = g->limit / 4 * 3;
  bool *is_read = calloc((size_t)g->limit + 1, 1);
  if (is_read == NULL) exit(1);
  begin_main();
  add_fill(g);
  while (g->ops < end) {
    uint32_t x = pick(g, g->next), y = pick(g, g->next);
    is_read[x] = is_read[y] = true;
    add_binary(g, x, y);
  }
  for (uint32_t v = 0; v < g->next; v++) {
    if (!is_read[v]) unread[count++] = v;
  }
  add_return(g, add_tree(g, unread, count));
  free(is_read);
  free(unread);
}

/* The oldest of the window is read before it leaves, unless it was. */
static void write_recent(generator *g) {
  uint32_t window[8];
  bool is_read[8] = {false};
  begin_main();
  for (uint32_t i = 0; i < 8; i++) window[i] = add_fill(g);
  for (uint32_t at = 0; g->ops + 9 < g->limit; at = (at + 1) % 8) {
    uint32_t x = is_read[at] ? pick(g, 8) : at, y = pick(g, 8);
    is_read[x] = is_read[y] = true;
    window[at] = add_binary(g, window[x], window[y]);
    is_read[at] = false;
  }
  add_return(g, add_tree(g, window, 8));
}

static void write_fan(generator *g) {
  begin_main();
  uint32_t hub = add_fill(g), x = add_fill(g);
  while (g->ops + 1 < g->limit) x = add_binary(g, hub, x);
  add_return(g, x);
}

/* ---- control flow ---- */

#define CARRIED 3

/* Opens `for`; `values` are its inits and become its arguments. Returns the first result. */
static uint32_t open_loop(generator *g, uint32_t *values, uint32_t count) {
  uint32_t results = begin_results(g, count);
  g->ops++;
  printf("for %%i%u = 0 to 10 carry (", results);
  for (uint32_t i = 0; i < count; i++) {
    printf("%s%%v%u = %%v%u", i > 0 ? ", " : "", g->next, values[i]);
    values[i] = g->next++;
  }
  printf(") -> ");
  add_types(count);
  printf(" {\n");
  return results;
}

static void close_loop(generator *g, uint32_t *values, uint32_t count, uint32_t results) {
  add_yield(g, values, count);
  printf("  }\n");
  for (uint32_t i = 0; i < count; i++) values[i] = results + i;
}

static uint32_t open_branch(generator *g, uint32_t condition) {
  uint32_t results = begin_results(g, CARRIED);
  g->ops++;
  printf("if %%v%u -> ", condition);
  add_types(CARRIED);
  printf(" {\n");
  return results;
}

/* The other branch yields what the values were before. */
static void close_branch(generator *g, uint32_t *values, const uint32_t *before, uint32_t results) {
  add_yield(g, values, CARRIED);
  printf("  } else {\n");
  uint32_t other[CARRIED] = {add_scaled(g, before[0]), before[1], before[2]};
  add_yield(g, other, CARRIED);
  printf("  }\n");
  for (uint32_t i = 0; i < CARRIED; i++) values[i] = results + i;
}

/* Each value is read and has a successor. */
static void add_step(generator *g, uint32_t *values) {
  uint32_t sum = add_binary(g, values[0], values[1]);
  values[0] = add_binary(g, sum, values[2]);
  values[1] = add_scaled(g, sum);
  values[2] = add_unary(g, values[2]);
}

/* Loops within each other, each third level a branch when there are more than three. */
static void add_nest(generator *g, uint32_t *values, uint32_t depth) {
  uint32_t(*before)[CARRIED] = calloc(depth, sizeof *before);
  uint32_t *results = allocate(depth);
  if (before == NULL) exit(1);
  for (uint32_t level = 0; level < depth; level++) {
    memcpy(before[level], values, sizeof before[level]);
    if (depth > 3 && level % 3 == 2)
      results[level] = open_branch(g, add_condition(g, values[1]));
    else
      results[level] = open_loop(g, values, CARRIED);
    add_step(g, values);
  }
  for (uint32_t level = depth; level-- > 0;) {
    if (level + 1 < depth) add_step(g, values);
    if (depth > 3 && level % 3 == 2)
      close_branch(g, values, before[level], results[level]);
    else
      close_loop(g, values, CARRIED, results[level]);
  }
  free(results);
  free(before);
}

static void begin_carried(generator *g, uint32_t *values) {
  begin_main();
  for (uint32_t i = 0; i < CARRIED; i++) values[i] = add_fill(g);
}

static void write_loops(generator *g) {
  uint32_t values[CARRIED];
  begin_carried(g, values);
  while (g->ops + 30 < g->limit) add_nest(g, values, 3);
  add_return(g, add_tree(g, values, CARRIED));
}

static void write_deep(generator *g) {
  uint32_t values[CARRIED];
  begin_carried(g, values);
  while (g->ops + 20 < g->limit) {
    uint32_t depth = (g->limit - g->ops) / 11;
    add_nest(g, values, depth > 900 ? 900 : depth > 0 ? depth : 1);
  }
  add_return(g, add_tree(g, values, CARRIED));
}

static void write_branches(generator *g) {
  uint32_t values[CARRIED], before[2][CARRIED], results[2];
  begin_carried(g, values);
  while (g->ops + 30 < g->limit) {
    bool nested = pick(g, 3) == 0;
    for (int level = 0; level < 1 + nested; level++) {
      memcpy(before[level], values, sizeof values);
      results[level] = open_branch(g, add_condition(g, values[0]));
      add_step(g, values);
    }
    for (int level = nested; level >= 0; level--) close_branch(g, values, before[level], results[level]);
  }
  add_return(g, add_tree(g, values, CARRIED));
}

/* Values of their own for the loops, live from before the first loop to behind the last. */
static void write_held(generator *g) {
  uint32_t loops = g->limit / 8 > 0 ? g->limit / 8 : 1;
  uint32_t *held = allocate(loops);
  begin_main();
  for (uint32_t i = 0; i < loops; i++) held[i] = add_fill(g);
  uint32_t values[1] = {add_fill(g)};
  for (uint32_t i = 0; i < loops; i++) {
    uint32_t results = open_loop(g, values, 1);
    values[0] = add_binary(g, values[0], held[i]);
    values[0] = add_binary(g, values[0], held[pick(g, loops)]);
    values[0] = add_unary(g, values[0]);
    close_loop(g, values, 1, results);
  }
  for (uint32_t i = 0; i < loops; i++) values[0] = add_binary(g, values[0], held[i]);
  add_return(g, values[0]);
  free(held);
}

static void write_copies(generator *g) {
  begin_main();
  uint32_t common = add_fill(g), sum = add_fill(g);
  while (g->ops + 8 < g->limit) {
    uint32_t values[1] = {common}, results = open_loop(g, values, 1);
    values[0] = add_scaled(g, values[0]);
    close_loop(g, values, 1, results);
    sum = add_binary(g, sum, values[0]);
  }
  add_return(g, add_binary(g, sum, common));
}

#define ROTATED 30

static void write_rotate(generator *g) {
  uint32_t values[ROTATED];
  begin_main();
  for (uint32_t i = 0; i < ROTATED; i++) values[i] = add_fill(g);
  while (g->ops + 3 * ROTATED < g->limit) {
    uint32_t results = open_loop(g, values, ROTATED);
    for (uint32_t i = 0; i < ROTATED; i++) values[i] = add_scaled(g, add_unary(g, values[i]));
    uint32_t first = values[0];
    for (uint32_t i = 0; i + 1 < ROTATED; i++) values[i] = values[i + 1];
    values[ROTATED - 1] = first;
    close_loop(g, values, ROTATED, results);
  }
  add_return(g, add_tree(g, values, ROTATED));
}

static uint32_t add_stream(generator *g, uint32_t x, uint32_t y) {
  printf("  stream {\n");
  uint32_t product = add_binary(g, x, y), result = add_unary(g, product);
  result = add_binary(g, result, product);
  add_yield(g, &result, 1);
  printf("  }\n");
  return result;
}

static void write_streams(generator *g) {
  uint32_t values[4];
  begin_main();
  for (uint32_t i = 0; i < 4; i++) values[i] = add_fill(g);
  while (g->ops + 30 < g->limit) {
    uint32_t results = begin_results(g, 4);
    g->ops++;
    printf("parallel -> ");
    add_types(4);
    printf(" {\n");
    for (uint32_t i = 0; i < 4; i++) add_stream(g, values[i], values[pick(g, 4)]);
    printf("  }\n");
    for (uint32_t i = 0; i < 4; i++) values[i] = add_scaled(g, results + i);
  }
  add_return(g, add_tree(g, values, 4));
}

/* ---- functions ---- */

static void write_function(generator *g, uint32_t id, uint32_t ops) {
  printf("func @f%u(%%v%u: " TYPE ", %%v%u: " TYPE " donate) -> (" TYPE ", " TYPE ") {\n", id, g->next, g->next + 1);
  uint32_t values[CARRIED] = {g->next, g->next + 1, 0}, end = g->ops + ops;
  g->next += 2;
  values[2] = add_scaled(g, values[0]);
  for (uint32_t call = 0; call < 2; call++) {
    while (g->ops + 8 < (call + 1 == 2 ? end : end - ops / 2)) add_step(g, values);
    if (id == 0) continue;
    uint32_t results = begin_results(g, 2);
    g->ops++;
    printf("call @f%u(%%v%u, %%v%u) : " TYPE ", " TYPE "\n", pick(g, id), values[1], values[0]);
    values[0] = results;
    values[1] = results + 1;
  }
  values[0] = add_binary(g, values[0], values[2]);
  g->ops++;
  printf("  return %%v%u, %%v%u\n}\n\n", values[0], values[1]);
}

static void write_calls(generator *g) {
  uint32_t functions = g->limit >= 20000 ? 1000 : g->limit / 20 + 1;
  for (uint32_t id = 0; id < functions; id++) write_function(g, id, g->limit / functions);
}

/* ---- views and sizes ---- */

/* Contiguous parts of parts of x, down to a scalar. */
static uint32_t add_views(generator *g, uint32_t x) {
  uint32_t matrix = begin_op(g);
  printf("reshape %%v%u : f64[10,100]\n", x);
  uint32_t rows = begin_op(g);
  printf("slice %%v%u {start = [%u, 0], size = [4, 100]} : f64[4,100]\n", matrix, pick(g, 6));
  uint32_t flat = begin_op(g);
  printf("reshape %%v%u : f64[400]\n", rows);
  uint32_t part = begin_op(g);
  printf("slice %%v%u {start = [%u], size = [200]} : f64[200]\n", flat, pick(g, 200));
  uint32_t sum = begin_op(g);
  printf("sum %%v%u : f64\n", part);
  return sum;
}

static void write_views(generator *g) {
  begin_main();
  uint32_t base = add_fill(g), x = add_fill(g);
  while (g->ops + 15 < g->limit) {
    uint32_t sum = add_views(g, x), window = begin_op(g);
    printf("slice %%v%u {start = [%u], size = [100]} : f64[100]\n", base, pick(g, 900));
    uint32_t scaled = begin_op(g);
    printf("mul %%v%u, %%v%u : f64[100]\n", window, sum);
    uint32_t total = begin_op(g);
    printf("sum %%v%u : f64\n", scaled);
    uint32_t next = begin_op(g);
    printf("mul %%v%u, %%v%u : " TYPE "\n", x, total);
    x = add_unary(g, next);
  }
  add_return(g, add_binary(g, x, base));
}

/* Loops whose carried value is changed half by half. */
static void write_parts(generator *g) {
  uint32_t values[1];
  begin_main();
  values[0] = add_fill(g);
  while (g->ops + 25 < g->limit) {
    uint32_t results = open_loop(g, values, 1);
    for (int i = 0; i < 4; i++) {
      uint32_t low = begin_results(g, 2), high = low + 1;
      g->ops++;
      printf("split %%v%u {axis = 0} : f64[500], f64[500]\n", values[0]);
      uint32_t changed = begin_op(g);
      printf("tanh %%v%u : f64[500]\n", low);
      uint32_t sum = begin_op(g);
      printf("add %%v%u, %%v%u : f64[500]\n", high, changed);
      values[0] = begin_op(g);
      printf("concat %%v%u, %%v%u {axis = 0} : " TYPE "\n", changed, sum);
    }
    values[0] = add_unary(g, values[0]);
    close_loop(g, values, 1, results);
  }
  add_return(g, values[0]);
}

#define RECENT 64
#define SIZES 61

/* An array of the given size, in numbers or over dims. */
static void add_size(uint32_t size, uint32_t dims) {
  if (dims > 0)
    printf("f64[%u*%c]", size / dims + 1, "NMLK"[size % dims]);
  else
    printf("f64[%u]", 16 + size * size * 7);
}

/* Each value is scaled by the sum of another one, which may have any size. */
static void write_sizes(generator *g, uint32_t dims) {
  uint32_t window[RECENT], sizes[RECENT];
  for (uint32_t i = 0; i < dims; i++) printf("dim %c\n", "NMLK"[i]);
  printf("func @main() -> f64 {\n");
  for (uint32_t i = 0; i < RECENT; i++) {
    window[i] = begin_op(g);
    printf("fill %u.0 : ", i);
    add_size(sizes[i] = pick(g, SIZES), dims);
    printf("\n");
  }
  for (uint32_t at = 0; g->ops + 2 * RECENT + 4 < g->limit; at = pick(g, RECENT)) {
    uint32_t sum = begin_op(g);
    printf("sum %%v%u : f64\n", window[at]);
    uint32_t other = pick(g, RECENT), result = begin_op(g);
    if (other == at || pick(g, 2) == 0) {
      printf("fill %%v%u : ", sum);
      sizes[at] = pick(g, SIZES);
    } else {
      printf("mul %%v%u, %%v%u : ", window[other], sum);
      sizes[at] = sizes[other];
    }
    add_size(sizes[at], dims);
    printf("\n");
    window[at] = result;
  }
  uint32_t total = 0;
  for (uint32_t i = 0; i < RECENT; i++) {
    uint32_t sum = begin_op(g);
    printf("sum %%v%u : f64\n", window[i]);
    if (i > 0) {
      uint32_t more = begin_op(g);
      printf("add %%v%u, %%v%u : f64\n", total, sum);
      sum = more;
    }
    total = sum;
  }
  add_return(g, total);
}

static void write_mixed(generator *g) { write_sizes(g, 0); }
static void write_symbolic(generator *g) { write_sizes(g, 1); }
static void write_dims(generator *g) { write_sizes(g, 4); }

/* ---- the tool ---- */

static const struct {
  const char *name;
  void (*write)(generator *g);
} shapes[] = {{"chain", write_chain},       {"wide", write_wide},         {"random", write_random},
              {"recent", write_recent},     {"loops", write_loops},       {"calls", write_calls},
              {"branches", write_branches}, {"held", write_held},         {"deep", write_deep},
              {"rotate", write_rotate},     {"views", write_views},       {"parts", write_parts},
              {"fan", write_fan},           {"copies", write_copies},     {"streams", write_streams},
              {"mixed", write_mixed},       {"symbolic", write_symbolic}, {"dims", write_dims}};

#define SHAPE_COUNT (sizeof shapes / sizeof shapes[0])

static int tell_usage(void) {
  fprintf(stderr, "usage: bench-generate SHAPE OPS [SEED]\nshapes:");
  for (size_t i = 0; i < SHAPE_COUNT; i++) fprintf(stderr, " %s", shapes[i].name);
  fprintf(stderr, "\n");
  return 2;
}

int main(int argc, char **argv) {
  if (argc < 3 || argc > 4) return tell_usage();
  unsigned long ops = strtoul(argv[2], NULL, 10);
  if (ops < 50 || ops > 100000000) {
    fprintf(stderr, "bench-generate: OPS is a number from 50 to 100000000\n");
    return 2;
  }
  generator g = {.state = argc > 3 ? strtoull(argv[3], NULL, 10) : 1, .limit = (uint32_t)ops};
  for (size_t i = 0; i < SHAPE_COUNT; i++) {
    if (strcmp(argv[1], shapes[i].name) != 0) continue;
    shapes[i].write(&g);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
  }
  return tell_usage();
}
