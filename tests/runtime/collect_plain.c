/* collect_plain.c: the collected heap without cmocka, for builds of 32 bits: random programs against a model that computes
 * what can be reached, in each mode; handles, finalisers, limits, each request for memory refused in turn, deep and
 * wide graphs, and a soak (collect_plain SOAK: so many allocations; threads: only what a second thread takes part in;
 * quick: less of each). The model stands in collect_model.c, what is about steps of a cycle in collect_steps.c. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/runtime/check.h"
#include "tests/runtime/collect_model.h"

enum { DEEP = 1000000 };

/* ---- faults ---- */

static void check_faults(void) {
  vmr_options options = vmr_options_default();
  options.fail_nth = UINT64_MAX; /* so that each object is counted */
  options.flags = VMR_IGNORE_ENVIRONMENT;
  for (uint64_t nth = 1; nth <= 60; nth++) {
    vmr_ctx *ctx = NULL;
    CHECK(vmr_ctx_create(&ctx, &options) == VMR_OK);
    test_seed = nth;
    vmr_ctx_set_faults(ctx, nth, 0, nth > 20 && nth % 2 != 0 ? 50000 : 0, (uint32_t)nth);
    test_run_random(ctx, (uint32_t)nth % 4 | VMR_GC_VERIFY | (nth % 3 == 0 ? VMR_GC_PARALLEL : 0), 1500);
    CHECK(vmr_ctx_status(ctx) == VMR_OK || vmr_ctx_status(ctx) == VMR_OUT_OF_MEMORY);
    CHECK(vmr_ctx_destroy(ctx) == VMR_OK);
  }
}

static size_t allowed; /* requests of more bytes are refused */

static void *obtain(void *user, size_t bytes) { return (void)user, bytes > allowed ? NULL : malloc(bytes); }
static void *resize(void *user, void *old, size_t old_bytes, size_t bytes) {
  return (void)user, (void)old_bytes, bytes > allowed ? NULL : realloc(old, bytes);
}
static void release(void *user, void *memory, size_t bytes) {
  (void)user;
  (void)bytes;
  free(memory);
}

/* The stack of what is to be scanned cannot grow: it is found again. The memory is the user's, not pages. */
static void check_short_stack(void) {
  vmr_options options = vmr_options_default();
  vmr_ctx *ctx = NULL;
  static void *held;
  vmr_gc_root root = {.first = &held, .count = 1};
  options.backing = (vmr_backing){obtain, resize, release, NULL};
  allowed = SIZE_MAX;
  CHECK(vmr_ctx_create(&ctx, &options) == VMR_OK);
  vmr_gc *gc = test_make_heap(ctx, VMR_GC_MANUAL);
  vmr_gc_add_root(gc, &root);
  for (int i = 0; i < 50; i++) { /* lists of arrays of pairs, and each pair has another: wide and deep */
    array *wide = vmr_gc_alloc_tail(gc, test_types[ARRAY], 1001);
    vmr_gc_write(gc, wide, &wide->slots[1000], held);
    held = wide;
    for (int k = 0; k < 1000; k++) {
      pair *outer = vmr_gc_alloc(gc, test_types[PAIR]);
      vmr_gc_write(gc, wide, &wide->slots[k], outer);
      vmr_gc_write(gc, outer, &outer->left, vmr_gc_alloc(gc, test_types[PAIR]));
    }
  }
  allowed = 0;
  vmr_gc_freed freed;
  CHECK(vmr_gc_collect(gc, &freed) == VMR_OK && freed.objects == 0);
  CHECK(vmr_gc_read_figures(gc).live_objects == 50 * 2001);
  held = NULL;
  CHECK(vmr_gc_collect(gc, &freed) == VMR_OK && freed.objects == 50 * 2001);
  vmr_gc_destroy(gc);
  CHECK(vmr_ctx_destroy(ctx) == VMR_OK);
}

static void check_limit(void) {
  vmr_gc_options options = vmr_gc_options_default();
  vmr_gc *gc = NULL;
  static void *held;
  vmr_gc_root root = {.first = &held, .count = 1};
  held = NULL;
  options.limit_bytes = 8 << 20;
  CHECK(vmr_gc_create(&gc, NULL, &options) == VMR_OK &&
        vmr_gc_add_type(gc, &TEST_LAYOUTS[PAIR], &test_types[PAIR]) == VMR_OK);
  CHECK(vmr_gc_add_type(gc, &TEST_LAYOUTS[LEAF], &test_types[LEAF]) == VMR_OK);
  vmr_gc_add_root(gc, &root);
  for (int round = 0; round < 3; round++) {
    size_t count = 0;
    for (;; count++) {
      pair *made = vmr_gc_alloc(gc, test_types[PAIR]);
      if (made == NULL) break;
      vmr_gc_write(gc, made, &made->left, held);
      held = made;
    }
    CHECK(count > 100000 && vmr_gc_status(gc) == VMR_OUT_OF_MEMORY);
    CHECK(vmr_gc_alloc_tail(gc, test_types[LEAF], 5 << 20) == NULL);
    CHECK(vmr_gc_read_figures(gc).limits_hit > 0 && vmr_gc_read_figures(gc).reserved_bytes <= options.limit_bytes);
    vmr_gc_clear_status(gc);
    held = NULL; /* there is memory again without a word */
    CHECK(vmr_gc_alloc_tail(gc, test_types[LEAF], 5 << 20) != NULL && vmr_gc_status(gc) == VMR_OK);
  }
  CHECK(vmr_gc_alloc_tail(gc, test_types[LEAF], SIZE_MAX - 3) == NULL && vmr_gc_status(gc) == VMR_SIZE_OVERFLOW);
  CHECK(vmr_gc_alloc_tail(gc, test_types[LEAF], SIZE_MAX / 4) == NULL);
  CHECK(vmr_gc_alloc_tail(gc, test_types[PAIR], 1) == NULL);
  vmr_gc_destroy(gc);
}

/* ---- handles and finalisers ---- */

typedef struct finals {
  int count;
  void *kept; /* resurrected */
  uint64_t ids[10];
} finals;

static void finalise(vmr_gc *gc, void *object, void *user) {
  finals *f = user;
  pair *p = object;
  f->ids[f->count++ % 10] = p->id;
  CHECK(p->right == NULL || ((pair *)p->right)->id == p->id + 100); /* what it leads to is whole */
  if (p->id == 3) f->kept = p;
  for (int i = 0; i < 1000; i++) CHECK(vmr_gc_alloc(gc, test_types[PAIR]) != NULL);
  CHECK(vmr_gc_collect(gc, NULL) == VMR_WRONG_ORDER);
}

static void check_finalisers(uint32_t flags) {
  static finals f;
  vmr_gc_root root = {.first = &f.kept, .count = 1};
  vmr_gc *gc = test_make_heap(NULL, flags);
  vmr_gc_handle weak[10];
  f = (finals){0};
  vmr_gc_add_root(gc, &root);
  for (uint64_t id = 0; id < 10; id++) {
    VMR_GC_FRAME(gc, local, pair * made;);
    local.made = test_make_pair(gc, id);
    pair *inner = test_make_pair(gc, id + 100);
    vmr_gc_write(gc, local.made, &local.made->right, inner);
    CHECK(vmr_gc_handle_open(gc, local.made, true, &weak[id]) == VMR_OK);
    CHECK(vmr_gc_add_finaliser(gc, local.made, finalise, &f) == VMR_OK);
    CHECK(vmr_gc_release(gc, local.made) == VMR_STILL_IN_USE);
    vmr_gc_leave(gc, &local.frame);
  }
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK);
  CHECK(f.count == 10 && f.kept != NULL && ((pair *)f.kept)->id == 3);
  for (uint64_t id = 0; id < 10; id++) {
    void *object = &f;
    CHECK(f.ids[id] == id); /* in the order of registration */
    CHECK(vmr_gc_handle_get(gc, weak[id], &object) == VMR_OK && object == NULL);
  }
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK && f.count == 10);
  CHECK(vmr_gc_read_figures(gc).live_objects == 2 && ((pair *)((pair *)f.kept)->right)->id == 103);
  pair *last = test_make_pair(gc, 7);
  CHECK(vmr_gc_add_finaliser(gc, last, finalise, &f) == VMR_OK);
  CHECK(vmr_gc_add_finaliser(gc, NULL, finalise, &f) == VMR_INVALID_ARGUMENT);
  vmr_gc_destroy(gc);
  CHECK(f.count == 11 && f.ids[0] == 7);
}

static void check_handles(uint32_t flags) {
  vmr_gc *gc = test_make_heap(NULL, flags);
  vmr_gc_handle strong = 0, first, again;
  void *object = NULL;
  CHECK(vmr_gc_handle_open(gc, test_make_pair(gc, 5), false, &strong) == VMR_OK && strong != 0);
  CHECK(vmr_gc_handle_open(gc, NULL, false, &first) == VMR_INVALID_ARGUMENT && first == 0);
  for (int i = 0; i < 100; i++) {
    CHECK(vmr_gc_handle_open(gc, test_make_pair(gc, 6), i % 2 == 0, &first) == VMR_OK);
    CHECK(vmr_gc_handle_close(gc, first) == VMR_OK);
    CHECK(vmr_gc_handle_open(gc, test_make_pair(gc, 7), i % 2 == 0, &again) == VMR_OK && again != first);
    CHECK(vmr_gc_handle_get(gc, first, &object) == VMR_STALE_HANDLE && object == NULL);
    CHECK(vmr_gc_handle_get(gc, again, &object) == VMR_OK && ((pair *)object)->id == 7);
    CHECK(vmr_gc_handle_close(gc, again) == VMR_OK);
  }
  CHECK(vmr_gc_handle_get(gc, 0, &object) == VMR_STALE_HANDLE);
  CHECK(vmr_gc_handle_get(gc, 12345, &object) == VMR_STALE_HANDLE);
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK && vmr_gc_read_figures(gc).live_objects == 1);
  CHECK(vmr_gc_handle_get(gc, strong, &object) == VMR_OK && ((pair *)object)->id == 5);
  CHECK(vmr_gc_handle_close(gc, strong) == VMR_OK);
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK && vmr_gc_read_figures(gc).live_objects == 0);
  vmr_gc_destroy(gc);
}

/* ---- release, depth, history ---- */

static void check_release(uint32_t flags) {
  enum { COUNT = 5000 };
  static void *held[COUNT];
  vmr_gc_root root = {.first = held, .count = COUNT};
  vmr_gc *gc = test_make_heap(NULL, flags);
  memset(held, 0, sizeof held);
  vmr_gc_add_root(gc, &root);
  for (int round = 0; round < 60; round++) {
    for (int i = 0; i < COUNT; i++) {
      if (held[i] == NULL) held[i] = test_make_pair(gc, (uint64_t)i);
      CHECK(((pair *)held[i])->id == (uint64_t)i && ((pair *)held[i])->left == NULL);
    }
    for (int i = 0; i < COUNT; i++) {
      if (test_below(2) == 0) continue;
      CHECK(vmr_gc_release(gc, held[i]) == VMR_OK);
      held[i] = NULL;
    }
    if (round % 7 == 3) CHECK(vmr_gc_collect(gc, NULL) == VMR_OK);
    CHECK(vmr_gc_is_valid(gc));
  }
  for (size_t bytes = 10000; bytes < 10000000; bytes *= 3)
    CHECK(vmr_gc_release(gc, vmr_gc_alloc_tail(gc, test_types[LEAF], bytes)) == VMR_OK && vmr_gc_is_valid(gc));
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK);
  uint64_t count = 0;
  for (int i = 0; i < COUNT; i++) count += held[i] != NULL;
  CHECK(vmr_gc_read_figures(gc).live_objects == count);
  vmr_gc_destroy(gc);
}

static void check_deep_and_wide(uint32_t flags, int deep) {
  static void *held;
  vmr_gc_root root = {.first = &held, .count = 1};
  vmr_gc *gc = test_make_heap(NULL, flags);
  held = NULL;
  vmr_gc_add_root(gc, &root);
  for (int i = 0; i < deep; i++) {
    pair *made = test_make_pair(gc, (uint64_t)i);
    vmr_gc_write(gc, made, &made->left, held);
    held = made;
  }
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK && vmr_gc_read_figures(gc).live_objects == (uint64_t)deep);
  held = vmr_gc_alloc_tail(gc, test_types[ARRAY], (size_t)deep);
  for (int i = 0; i < deep; i++) {
    pair *made = test_make_pair(gc, (uint64_t)i);
    vmr_gc_write(gc, held, &((array *)held)->slots[i], made);
  }
  vmr_gc_freed freed;
  CHECK(vmr_gc_collect(gc, &freed) == VMR_OK && vmr_gc_read_figures(gc).live_objects == (uint64_t)deep + 1);
  for (int i = 0; i < deep; i++) CHECK(((pair *)((array *)held)->slots[i])->id == (uint64_t)i);
  vmr_gc_cycle cycles[VMR_GC_HISTORY + 5];
  size_t count = vmr_gc_read_history(gc, cycles, VMR_GC_HISTORY + 5);
  CHECK(count >= 2 && count <= VMR_GC_HISTORY && cycles[count - 1].number == vmr_gc_read_figures(gc).cycles);
  CHECK(cycles[count - 1].live_objects == (uint64_t)deep + 1 && cycles[count - 1].freed_objects == freed.objects);
  vmr_gc_type_figures live[KINDS];
  CHECK(vmr_gc_read_types(gc, live, KINDS) == KINDS && live[PAIR].objects == (uint64_t)deep &&
        live[ARRAY].objects == 1);
  CHECK(strcmp(vmr_gc_type_name(held), "array") == 0);
  held = NULL;
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK && vmr_gc_read_figures(gc).live_objects == 0);
  vmr_gc_trim(gc);
  CHECK(vmr_gc_read_figures(gc).reserved_bytes == 0);
  vmr_gc_destroy(gc);
}

/* A graph that both threads have work in: a table of chains, each of which leads to all places of the next table. Marked with
 * a second thread and without one, with memory for the stacks and without. */
static void check_two_threads(uint32_t flags) {
  enum { WIDE = 3000, TABLES = 40, CHAIN = 5 };
  static void *held;
  vmr_gc_root root = {.first = &held, .count = 1};
  vmr_gc *gc = test_make_heap(NULL, flags);
  held = NULL;
  vmr_gc_add_root(gc, &root);
  for (int t = 0; t < TABLES; t++) {
    VMR_GC_FRAME(gc, local, array * table; pair * chain;);
    local.table = vmr_gc_alloc_tail(gc, test_types[ARRAY], WIDE);
    vmr_gc_write(gc, local.table, &local.table->owner, held);
    for (int i = 0; i < WIDE; i++) {
      local.chain = held;
      for (int k = 0; k < CHAIN; k++) {
        pair *made = test_make_pair(gc, (uint64_t)i);
        vmr_gc_write(gc, made, &made->left, local.chain);
        local.chain = made;
      }
      vmr_gc_write(gc, local.table, &local.table->slots[i], local.chain);
    }
    held = local.table;
    vmr_gc_leave(gc, &local.frame);
  }
  uint64_t count = TABLES * (1 + WIDE * CHAIN);
  uint64_t before = vmr_gc_read_figures(gc).parallel_cycles;
  for (int round = 0; round < 5; round++)
    CHECK(vmr_gc_collect(gc, NULL) == VMR_OK && vmr_gc_read_figures(gc).live_objects == count);
  CHECK(vmr_gc_read_figures(gc).parallel_cycles == before + ((flags & VMR_GC_PARALLEL) != 0 ? 5 : 0));
  CHECK(vmr_gc_is_valid(gc));
  held = ((array *)held)->owner; /* the newest table goes, all others stay */
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK);
  CHECK(vmr_gc_read_figures(gc).live_objects == count - 1 - WIDE * CHAIN);
  vmr_gc_destroy(gc);
}

/* Constant memory: `count` allocations of which some thousand live at a time. */
static void soak(long count, uint32_t flags) {
  enum { LIVE = 4096 };
  static void *held[LIVE];
  vmr_gc_root root = {.first = held, .count = LIVE};
  vmr_gc *gc = test_make_heap(NULL, flags);
  uint64_t most = 0;
  memset(held, 0, sizeof held);
  vmr_gc_add_root(gc, &root);
  for (long i = 0; i < count; i++) {
    uint32_t place = test_below(LIVE);
    size_t length = test_below(16) == 0 ? test_below(2000) : test_below(20);
    void *made = i % 4 == 0 ? vmr_gc_alloc_tail(gc, test_types[LEAF], length) : (void *)test_make_pair(gc, (uint64_t)i);
    CHECK(made != NULL);
    if (i % 4 != 0) vmr_gc_write(gc, made, &((pair *)made)->left, i % 8 == 1 ? NULL : held[test_below(LIVE) / 2 * 2]);
    if (i % 4 != 0 && ((pair *)made)->left != NULL)
      place |= 1; /* those refer to the others: no chains */
    else
      place = place / 2 * 2;
    held[place] = made;
    if (i == count / 4) most = vmr_gc_read_figures(gc).reserved_bytes;
    if (i > count / 4) CHECK(vmr_gc_read_figures(gc).reserved_bytes <= most * 2 + (8 << 20));
  }
  CHECK(vmr_gc_is_valid(gc));
  vmr_gc_destroy(gc);
}

/* Some of all, for tools that slow it down. */
static void run_quickly(uint32_t flags, uint64_t run) {
  test_seed = run;
  test_run_random(NULL, flags, 1000);
  check_handles(flags);
  check_finalisers(flags);
  check_deep_and_wide(flags, 3000);
  soak(20000, flags);
}

int main(int count, char **arguments) {
  static const uint32_t modes[] = {0, VMR_GC_GENERATIONAL, VMR_GC_INCREMENTAL, VMR_GC_GENERATIONAL | VMR_GC_INCREMENTAL,
                                   VMR_GC_GENERATIONAL | VMR_GC_PARALLEL};
  enum { MODES = sizeof modes / sizeof *modes };
  int first = count > 1 && strcmp(arguments[1], "threads") == 0 ? MODES - 1 : 0;
  if (count > 1 && strcmp(arguments[1], "quick") == 0) {
    for (int mode = 0; mode < MODES; mode++) run_quickly(modes[mode], (uint64_t)mode + 1);
    test_steps();
    test_steps_among_chunks(VMR_GC_MANUAL | VMR_GC_INCREMENTAL | VMR_GC_GENERATIONAL);
    return 0;
  }
  if (first > 0) count = 1;
  long allocations = count > 1 ? atol(arguments[1]) : 300000;
  for (int mode = first; mode < MODES; mode++) {
    for (uint64_t run = 1; run <= 4; run++) {
      test_seed = run;
      test_run_random(NULL, modes[mode] | (run % 2 != 0 ? VMR_GC_VERIFY : 0) | (run > 2 ? VMR_GC_MANUAL : 0), 12000);
    }
    check_handles(modes[mode]);
    check_finalisers(modes[mode]);
    check_release(modes[mode]);
    check_deep_and_wide(modes[mode], mode == 3 ? DEEP : DEEP / 20);
    check_two_threads(modes[mode]);
    soak(allocations, modes[mode]);
  }
  if (first > 0) return 0;
  test_steps();
  test_born_while_marking();
  test_metrics();
  test_trim_among_cards();
  test_steps_among_chunks(VMR_GC_MANUAL | VMR_GC_INCREMENTAL);
  test_steps_among_chunks(VMR_GC_MANUAL | VMR_GC_INCREMENTAL | VMR_GC_GENERATIONAL);
  check_limit();
  check_short_stack();
  check_faults();
  return 0;
}
