/* collect.c: bench-collect WORKLOAD SUBJECT: one measurement of a collected heap, for bench_managed.py.
 *
 * Prints {"s": seconds, the best of several rounds, "bytes": of memory, "pause": the longest in seconds} or {"absent": ...}.
 * Subjects: `managed`, libvmemrt's collected heap, and `parallel`, which marks with two threads; `boehm`, libgc, opened at run time; `malloc`, whatever malloc is in this
 * process, with explicit frees.
 *
 *   refill   10^6 objects of 32 bytes, nine of ten of them dropped: a full collection, and new ones in their place
 *   trees    binary trees of depth 18, as in the Computer Language Benchmarks Game: a long-lived one, and many short-lived
 *            ones of depths 4 to 18
 *   mark     10^6 live objects of 32 bytes that refer to each other at random: a full collection
 *   pause    10^6 live objects, of which some are replaced all the time: the longest pause of incremental cycles */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "vmemrt.h"

enum { OBJECTS = 1000000, DEPTH = 18, LEAST_DEPTH = 4 };

typedef struct node {
  struct node *left, *right;
} node;

typedef struct record {
  struct record *first, *second;
  long payload[2];
} record;

static uint64_t random_state = 1;

static uint32_t below(uint32_t limit) {
  random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((random_state >> 33) * limit >> 31);
}

static int fail(const char *what) {
  fprintf(stderr, "bench-collect: %s\n", what);
  return 1;
}

static int say(double seconds, double pause) {
  printf("{\"s\": %.9f, \"bytes\": %lld, \"pause\": %.9f}\n", seconds, (long long)vmo_bench_peak_memory(), pause);
  return 0;
}

/* ---- binary trees ---- */

static long checked; /* nodes that were counted: so that nothing is left out */

static long count_nodes(const node *tree) {
  return tree->left != NULL ? 1 + count_nodes(tree->left) + count_nodes(tree->right) : 1;
}

/* Runs the benchmark with `make(depth)` and `drop(tree)`. */
#define RUN_TREES(make, drop) \
  do { \
    node *stretch = make(DEPTH + 1); \
    checked += count_nodes(stretch); \
    drop(stretch); \
    long_lived = make(DEPTH); \
    for (int depth = LEAST_DEPTH; depth <= DEPTH; depth += 2) { \
      int count = 1 << (DEPTH - depth + LEAST_DEPTH); \
      for (int i = 0; i < count; i++) { \
        node *tree = make(depth); \
        checked += count_nodes(tree); \
        drop(tree); \
      } \
    } \
    checked += count_nodes(long_lived); \
  } while (0)

static node *long_lived;

static node *make_malloc(int depth) {
  node *tree = malloc(sizeof *tree);
  if (tree == NULL) abort();
  tree->left = depth > 0 ? make_malloc(depth - 1) : NULL;
  tree->right = depth > 0 ? make_malloc(depth - 1) : NULL;
  return tree;
}

static void free_malloc(node *tree) {
  if (tree->left != NULL) {
    free_malloc(tree->left);
    free_malloc(tree->right);
  }
  free(tree);
}

static vmr_gc *gc;
static vmr_gc_type *node_type, *record_type, *table_type;

static node *make_managed(int depth) {
  if (depth == 0) return vmr_gc_alloc(gc, node_type);
  VMR_GC_FRAME(gc, local, node * left; node * right;);
  local.left = make_managed(depth - 1);
  local.right = make_managed(depth - 1);
  node *tree = vmr_gc_alloc(gc, node_type);
  if (tree == NULL) abort();
  vmr_gc_write(gc, tree, &tree->left, local.left);
  vmr_gc_write(gc, tree, &tree->right, local.right);
  vmr_gc_leave(gc, &local.frame);
  return tree;
}

static void *(*boehm_malloc)(size_t);
static void *(*boehm_malloc_atomic)(size_t);
static void (*boehm_collect)(void);
static size_t (*boehm_heap)(void);

static node *make_boehm(int depth) {
  node *left = depth > 0 ? make_boehm(depth - 1) : NULL, *right = depth > 0 ? make_boehm(depth - 1) : NULL;
  node *tree = boehm_malloc(sizeof *tree);
  if (tree == NULL) abort();
  tree->left = left;
  tree->right = right;
  return tree;
}

/* ---- the subjects ---- */

static bool open_boehm(void) {
  void *library = dlopen("libgc.so.1", RTLD_NOW | RTLD_GLOBAL);
  if (library == NULL) return false;
  void (*start)(void) = NULL;
  *(void **)&start = dlsym(library, "GC_init");
  *(void **)&boehm_malloc = dlsym(library, "GC_malloc");
  *(void **)&boehm_malloc_atomic = dlsym(library, "GC_malloc_atomic");
  *(void **)&boehm_collect = dlsym(library, "GC_gcollect");
  *(void **)&boehm_heap = dlsym(library, "GC_get_heap_size");
  if (start == NULL || boehm_malloc == NULL || boehm_collect == NULL) return false;
  start();
  return true;
}

static bool open_managed(uint32_t flags) {
  vmr_gc_options options = vmr_gc_options_default();
  options.flags = flags;
  vmr_gc_layout pair = {
      .name = "node", .bytes = sizeof(node), .pointers = VMR_GC_POINTER(node, left) | VMR_GC_POINTER(node, right)};
  vmr_gc_layout record_layout = {.name = "record",
                                 .bytes = sizeof(record),
                                 .pointers = VMR_GC_POINTER(record, first) | VMR_GC_POINTER(record, second)};
  vmr_gc_layout table = {.name = "table", .element_bytes = sizeof(void *), .element_pointers = 1};
  return vmr_gc_create(&gc, NULL, &options) == VMR_OK && vmr_gc_add_type(gc, &pair, &node_type) == VMR_OK &&
         vmr_gc_add_type(gc, &record_layout, &record_type) == VMR_OK &&
         vmr_gc_add_type(gc, &table, &table_type) == VMR_OK;
}

static void drop_nothing(node *tree) { (void)tree; }

static int run_trees(const char *subject) {
  double begin = vmo_bench_clock();
  if (strcmp(subject, "malloc") == 0) {
    RUN_TREES(make_malloc, free_malloc);
  } else if (strcmp(subject, "boehm") == 0) {
    RUN_TREES(make_boehm, drop_nothing);
  } else {
    vmr_gc_root root = {.first = (void **)&long_lived, .count = 1};
    vmr_gc_add_root(gc, &root);
    RUN_TREES(make_managed, drop_nothing);
    if (getenv("BENCH_FIGURES") != NULL) {
      vmr_gc_figures f = vmr_gc_read_figures(gc);
      fprintf(stderr, "cycles %d young %d pause total %.3f ms longest %.3f ms reserved %.1f MiB\n", (int)f.cycles,
              (int)f.young_cycles, (double)f.total_pause / 1e6, (double)f.longest_pause / 1e6,
              (double)f.reserved_bytes / 1048576);
    }
  }
  double seconds = vmo_bench_clock() - begin;
  return checked > 0 ? say(seconds, 0) : fail("no nodes");
}

/* A table of OBJECTS pointers that the collector sees. */
static record **table;

static record *make_record(bool is_managed) {
  record *made = is_managed ? vmr_gc_alloc(gc, record_type) : boehm_malloc(sizeof *made);
  if (made == NULL) abort();
  return made;
}

static void set_record(bool is_managed, size_t place, record *made) {
  if (is_managed)
    vmr_gc_write(gc, table, &table[place], made);
  else
    table[place] = made;
}

static bool make_table(bool is_managed) {
  static vmr_gc_root root = {.first = (void **)&table, .count = 1};
  if (is_managed) {
    vmr_gc_add_root(gc, &root);
    table = vmr_gc_alloc_tail(gc, table_type, OBJECTS);
  } else {
    table = boehm_malloc(OBJECTS * sizeof *table);
  }
  if (table == NULL) return false;
  for (size_t i = 0; i < OBJECTS; i++) {
    record *made = make_record(is_managed);
    set_record(is_managed, i, made);
  }
  return true;
}

static void collect(bool is_managed) {
  if (is_managed)
    vmr_gc_collect(gc, NULL);
  else
    boehm_collect();
}

/* Nine of ten objects are dropped; a collection, and new ones for them. */
static int run_refill(bool is_managed) {
  double best = 1e9;
  if (!make_table(is_managed)) return fail("out of memory");
  for (int round = 0; round < 12; round++) {
    for (size_t i = 0; i < OBJECTS; i++) {
      if (below(10) != 0) set_record(is_managed, i, NULL);
    }
    double begin = vmo_bench_clock();
    collect(is_managed);
    for (size_t i = 0; i < OBJECTS; i++) {
      if (table[i] != NULL) continue;
      record *made = make_record(is_managed);
      set_record(is_managed, i, made);
    }
    double seconds = vmo_bench_clock() - begin;
    if (seconds < best) best = seconds;
  }
  return say(best, 0);
}

static int run_mark(bool is_managed) {
  double best = 1e9;
  if (!make_table(is_managed)) return fail("out of memory");
  for (size_t i = 0; i < OBJECTS; i++) {
    record *first = table[below(OBJECTS)], *second = table[below(OBJECTS)];
    if (is_managed) {
      vmr_gc_write(gc, table[i], &table[i]->first, first);
      vmr_gc_write(gc, table[i], &table[i]->second, second);
    } else {
      table[i]->first = first;
      table[i]->second = second;
    }
  }
  for (int round = 0; round < 12; round++) {
    double begin = vmo_bench_clock();
    collect(is_managed);
    double seconds = vmo_bench_clock() - begin;
    if (seconds < best) best = seconds;
  }
  return say(best, 0);
}

/* Live objects are replaced at random while incremental cycles run. */
static int run_pause(void) {
  if (!make_table(true)) return fail("out of memory");
  double begin = vmo_bench_clock();
  for (long i = 0; i < 20l * OBJECTS; i++) {
    record *made = make_record(true);
    uint32_t place = OBJECTS / 2 + below(OBJECTS / 2); /* the first half stays: what is replaced is not referred to */
    record *other = table[below(OBJECTS / 2)];
    vmr_gc_write(gc, made, &made->first, other);
    if (i % 4 == 0) set_record(true, place, made);
  }
  double seconds = vmo_bench_clock() - begin;
  vmr_gc_figures figures = vmr_gc_read_figures(gc);
  if (getenv("BENCH_FIGURES") != NULL) {
    fprintf(stderr, "cycles %d young %d steps %d reserved %.1f MiB live %d\n", (int)figures.cycles,
            (int)figures.young_cycles, (int)figures.steps, (double)figures.reserved_bytes / 1048576,
            (int)figures.live_objects);
    for (int i = 0; i < VMR_GC_PAUSES; i++)
      if (figures.pauses[i] != 0) fprintf(stderr, "  %d ns: %d\n", 1 << i, (int)figures.pauses[i]);
  }
  return say(seconds, (double)figures.longest_pause * 1e-9);
}

int main(int argument_count, char **arguments) {
  if (argument_count < 3)
    return fail("usage: bench-collect trees|refill|mark|pause managed|parallel|boehm|malloc [FLAGS]");
  const char *workload = arguments[1], *subject = arguments[2];
  bool is_parallel = strcmp(subject, "parallel") == 0, is_managed = is_parallel || strcmp(subject, "managed") == 0;
  uint32_t flags = strcmp(workload, "pause") == 0 ? VMR_GC_GENERATIONAL | VMR_GC_INCREMENTAL : VMR_GC_GENERATIONAL;
  if (is_parallel) flags |= VMR_GC_PARALLEL;
  if (argument_count > 3) flags = (uint32_t)atoi(arguments[3]);
  if (is_managed && !open_managed(flags)) return fail("out of memory");
  if (strcmp(subject, "boehm") == 0 && !open_boehm()) return printf("{\"absent\": \"libgc\"}\n"), 0;
  if (strcmp(workload, "trees") == 0) return run_trees(subject);
  if (strcmp(workload, "refill") == 0) return run_refill(is_managed);
  if (strcmp(workload, "mark") == 0) return run_mark(is_managed);
  if (strcmp(workload, "pause") == 0) return run_pause();
  return fail("no such workload");
}
