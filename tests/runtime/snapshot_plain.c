/* snapshot_plain.c: snapshots without cmocka: retained sizes and dominators of random graphs against their definition, exports,
 * growth, and each request for memory refused in turn. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/runtime/check.h"
#include "vmemrt.h"

enum { MOST = 60, ROOTS = 3 };

typedef struct pair {
  void *left, *right;
} pair;

static uint64_t seed;
static vmr_gc_type *pair_type, *array_type;
static void *held[ROOTS];
static vmr_gc_root root = {.first = held, .count = ROOTS};

static uint32_t below(uint32_t limit) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(seed >> 33) % limit;
}

static vmr_gc *make_heap(vmr_ctx *ctx) {
  static const vmr_gc_layout pairs = {
      .name = "pair", .bytes = sizeof(pair), .pointers = VMR_GC_POINTER(pair, left) | VMR_GC_POINTER(pair, right)};
  static const vmr_gc_layout arrays = {.name = "array", .element_bytes = sizeof(void *), .element_pointers = 1};
  vmr_gc *gc = NULL;
  memset(held, 0, sizeof held);
  CHECK(vmr_gc_create(&gc, ctx, NULL) == VMR_OK && vmr_gc_add_type(gc, &pairs, &pair_type) == VMR_OK);
  CHECK(vmr_gc_add_type(gc, &arrays, &array_type) == VMR_OK);
  vmr_gc_add_root(gc, &root);
  return gc;
}

/* Random objects, some of which can be reached. */
static void make_graph(vmr_gc *gc, uint32_t count) {
  void *objects[MOST];
  for (uint32_t i = 0; i < count; i++)
    objects[i] = below(4) != 0 ? vmr_gc_alloc(gc, pair_type) : vmr_gc_alloc_tail(gc, array_type, 1 + below(9));
  for (uint32_t i = 0; i < count; i++) {
    size_t slots = vmr_gc_object_bytes(objects[i]) / sizeof(void *);
    for (size_t k = 0; k < slots; k++) {
      void *to = below(5) < 2 ? objects[below(count)] : NULL;
      vmr_gc_write(gc, objects[i], (void **)objects[i] + k, to);
    }
  }
  for (int i = 0; i < ROOTS; i++) held[i] = objects[below(count)];
}

/* The bytes that can be reached from the roots without `without`, which may be 0. */
static uint64_t count_reachable(const vmr_snapshot *s, uint32_t without, bool *is_reached) {
  uint32_t todo[MOST + 1], count = 1;
  uint64_t bytes = 0;
  memset(is_reached, 0, (MOST + 1) * sizeof *is_reached);
  todo[0] = 0;
  for (uint32_t at = 0; at < count; at++) {
    vmr_snapshot_object object;
    uint32_t references, number = todo[at];
    const uint32_t *to = vmr_snapshot_references(s, number, &references);
    if (number != 0) CHECK(vmr_snapshot_read(s, number, &object) == VMR_OK && object.references == references);
    if (number != 0) bytes += object.bytes;
    for (uint32_t k = 0; k < references; k++) {
      if (to[k] == without || is_reached[to[k]]) continue;
      is_reached[to[k]] = true;
      todo[count++] = to[k];
    }
  }
  return bytes;
}

static void check_graph(const vmr_snapshot *s) {
  bool all[MOST + 1], rest[MOST + 1], others[MOST + 1];
  uint32_t count = vmr_snapshot_count(s);
  uint64_t bytes = count_reachable(s, 0, all);
  for (uint32_t i = 1; i <= count; i++) {
    vmr_snapshot_object object;
    CHECK(all[i] && vmr_snapshot_read(s, i, &object) == VMR_OK);
    CHECK(vmr_snapshot_find(s, object.object) == i);
    CHECK(object.retained == bytes - count_reachable(s, i, rest));
    /* what dominates others is gone with them, and of those that dominate i its dominator is the last */
    if (object.dominator != 0) {
      count_reachable(s, object.dominator, others);
      CHECK(!others[i]);
    }
    for (uint32_t k = 1; k <= count; k++) {
      if (k == i || k == object.dominator) continue;
      count_reachable(s, k, others);
      if (others[i]) continue; /* k dominates i: then its dominator too, or it is the roots' */
      CHECK(object.dominator != 0 && !others[object.dominator]);
    }
  }
}

static void check_random(void) {
  for (uint64_t run = 1; run <= 300; run++) {
    vmr_snapshot *s = NULL;
    vmr_gc *gc = make_heap(NULL);
    seed = run;
    make_graph(gc, 1 + below(run % 2 != 0 ? 12 : MOST));
    CHECK(vmr_snapshot_take(&s, gc) == VMR_OK);
    check_graph(s);
    CHECK(vmr_gc_collect(gc, NULL) == VMR_OK && vmr_gc_read_figures(gc).live_objects == vmr_snapshot_count(s));
    vmr_snapshot_destroy(s);
    vmr_gc_destroy(gc);
  }
}

static void check_exports(void) {
  static const char json[] =
      "{\"objects\": [\n"
      "  {\"id\": 1, \"type\": \"pair\", \"bytes\": 16, \"retained\": 32, \"dominator\": 0, \"to\": [2, 2]},\n"
      "  {\"id\": 2, \"type\": \"pair\", \"bytes\": 16, \"retained\": 16, \"dominator\": 1, \"to\": [2]}\n]}\n";
  static const char dot[] =
      "digraph objects {\n  0 [label=\"roots\"];\n  1 [label=\"pair\", bytes=16, retained=32];\n"
      "  2 [label=\"pair\", bytes=16, retained=16];\n  0 -> 1;\n  1 -> 2;\n  1 -> 2;\n  2 -> 2;\n}\n";
  char text[500];
  vmr_snapshot_object object;
  vmr_snapshot *s = NULL;
  vmr_gc *gc = make_heap(NULL);
  pair *first = held[0] = vmr_gc_alloc(gc, pair_type), *second = vmr_gc_alloc(gc, pair_type);
  vmr_gc_write(gc, first, &first->left, second);
  vmr_gc_write(gc, first, &first->right, second);
  vmr_gc_write(gc, second, &second->left, second);
  CHECK(vmr_snapshot_take(&s, gc) == VMR_OK && vmr_snapshot_find(s, text) == 0);
  CHECK(vmr_snapshot_read(s, 0, &object) == VMR_OUT_OF_RANGE && vmr_snapshot_read(s, 3, &object) == VMR_OUT_OF_RANGE);
  CHECK(vmr_snapshot_read(s, 1, NULL) == VMR_INVALID_ARGUMENT);
  CHECK(vmr_snapshot_json(s, text, sizeof text) == sizeof json - 1 && strcmp(text, json) == 0);
  CHECK(vmr_snapshot_dot(s, text, sizeof text) == sizeof dot - 1 && strcmp(text, dot) == 0);
  CHECK(vmr_snapshot_dot(s, text, 10) == sizeof dot - 1 && strcmp(text, "digraph o") == 0);
  CHECK(vmr_snapshot_json(s, NULL, 0) == sizeof json - 1);
  vmr_snapshot_destroy(s);
  vmr_gc_destroy(gc);
}

static void check_growth(void) {
  vmr_growth rows[3];
  vmr_snapshot *older = NULL, *newer = NULL;
  vmr_gc *gc = make_heap(NULL);
  held[0] = vmr_gc_alloc(gc, pair_type);
  CHECK(vmr_snapshot_take(&older, gc) == VMR_OK);
  held[0] = NULL;
  held[1] = vmr_gc_alloc_tail(gc, array_type, 100000);
  for (int i = 0; i < 50000; i++) vmr_gc_write(gc, held[1], (void **)held[1] + i, vmr_gc_alloc_tail(gc, array_type, 4));
  CHECK(vmr_snapshot_take(&newer, gc) == VMR_OK && vmr_snapshot_count(newer) == 50001);
  CHECK(vmr_snapshot_compare(older, newer, rows, 3) == 2);
  CHECK(strcmp(rows[0].type, "array") == 0 && rows[0].objects == 50001 && rows[0].bytes > 2000000);
  CHECK(strcmp(rows[1].type, "pair") == 0 && rows[1].objects == -1 && rows[1].bytes == -16);
  vmr_gc_destroy(gc); /* which they outlive */
  CHECK(vmr_snapshot_compare(newer, older, rows, 1) == 2 && strcmp(rows[0].type, "pair") == 0 && rows[0].objects == 1);
  vmr_snapshot_destroy(older);
  vmr_snapshot_destroy(newer);
}

static void check_faults(void) {
  vmr_options options = vmr_options_default();
  vmr_ctx *ctx = NULL;
  vmr_snapshot *s = NULL;
  options.flags = VMR_IGNORE_ENVIRONMENT;
  CHECK(vmr_ctx_create(&ctx, &options) == VMR_OK);
  vmr_gc *gc = make_heap(ctx);
  seed = 5;
  make_graph(gc, MOST);
  uint64_t nth = 1;
  for (;; nth++) {
    vmr_ctx_set_faults(ctx, nth, 0, 0, 0);
    vmr_status status = vmr_snapshot_take(&s, gc);
    if (status == VMR_OK) break;
    CHECK(status == VMR_OUT_OF_MEMORY && s == NULL);
  }
  CHECK(nth > 5);
  vmr_snapshot_destroy(s);
  vmr_gc_destroy(gc);
  CHECK(vmr_ctx_destroy(ctx) == VMR_OK);
}

int main(void) {
  check_random();
  check_exports();
  check_growth();
  check_faults();
  return 0;
}
