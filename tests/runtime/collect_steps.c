/* collect_steps.c: the collected heap while a cycle goes on: what changes between two steps stays right, step by step and in
 * chunks that are cleared, settled and given back; and what the metrics say of it. */
#include <string.h>

#include "tests/runtime/check.h"
#include "tests/runtime/collect_model.h"
/* A list of which the end is far from being scanned, and a pair that is scanned soon: `held` are both. */
static vmr_gc *begin_steps(void **held, pair **last) {
  vmr_gc *gc = test_make_heap(NULL, VMR_GC_MANUAL | VMR_GC_INCREMENTAL);
  held[0] = *last = test_make_pair(gc, 0);
  for (uint64_t i = 1; i < 10000; i++) {
    pair *made = test_make_pair(gc, i);
    vmr_gc_write(gc, made, &made->left, held[0]);
    held[0] = made;
  }
  held[1] = test_make_pair(gc, 10000);
  vmr_gc_write(gc, *last, &(*last)->right, test_make_pair(gc, 10001));
  return gc;
}

void test_steps(void) {
  static void *held[3];
  vmr_gc_root root = {.first = held, .count = 3};
  for (int way = 0; way < 3; way++) {
    pair *last = NULL;
    memset(held, 0, sizeof held);
    vmr_gc *gc = begin_steps(held, &last);
    vmr_gc_add_root(gc, &root);
    CHECK(!vmr_gc_step(gc, 5000) && gc->is_marking);
    pair *moved = last->right;
    vmr_gc_write(gc, last, &last->right, NULL);
    if (way == 0) vmr_gc_write(gc, held[1], &((pair *)held[1])->left, moved); /* into one that was scanned */
    if (way == 1) held[2] = moved;                                            /* into a root */
    while (!vmr_gc_step(gc, 5000)) continue;
    CHECK(vmr_gc_is_valid(gc) && vmr_gc_read_figures(gc).live_objects == (way < 2 ? 10002 : 10001));
    for (int i = 0; i < 100000; i++) test_make_pair(gc, 9);
    if (way < 2) CHECK(moved->id == 10001 && moved->left == NULL);
    CHECK(vmr_gc_collect(gc, NULL) == VMR_OK);
    CHECK(vmr_gc_read_figures(gc).live_objects == (way < 2 ? 10002 : 10001));
    vmr_gc_destroy(gc);
  }
}

/* What is allocated while a cycle is under way lives through it; what was not handed out of its block does not count. */
void test_born_while_marking(void) {
  static void *held;
  vmr_gc_root root = {.first = &held, .count = 1};
  held = NULL;
  vmr_gc *gc = test_make_heap(NULL, VMR_GC_MANUAL | VMR_GC_INCREMENTAL);
  vmr_gc_add_root(gc, &root);
  held = vmr_gc_alloc_tail(gc, test_types[ARRAY], 100000);
  while (!gc->is_marking) CHECK(!vmr_gc_step(gc, 1));
  for (uint64_t i = 0; i < 10; i++) test_make_pair(gc, i);
  CHECK(vmr_gc_release(gc, test_make_pair(gc, 1)) == VMR_OK);
  while (!vmr_gc_step(gc, 1)) continue;
  CHECK(vmr_gc_read_figures(gc).live_objects == 12 && vmr_gc_is_valid(gc));
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK && vmr_gc_read_figures(gc).live_objects == 1);
  vmr_gc_destroy(gc);
}

/* Clearing and settling many chunks is done in as many steps, while objects are allocated, dropped and released: none is lost,
 * given twice or counted twice. */
void test_steps_among_chunks(uint32_t flags) {
  enum { COUNT = 6000, BYTES = 5000 };
  static void *held[COUNT];
  vmr_gc_root root = {.first = held, .count = COUNT};
  vmr_gc *gc = test_make_heap(NULL, flags);
  uint64_t made = 0, live = 0;
  memset(held, 0, sizeof held);
  vmr_gc_add_root(gc, &root);
  for (int round = 0; round < 4; round++) {
    uint32_t steps = 0;
    for (int i = 0; i < COUNT; i++) {
      if (test_below(3) != 0 || held[i] == NULL) {
        held[i] = vmr_gc_alloc_tail(gc, test_types[LEAF], BYTES);
        ((leaf *)held[i])->id = (uint64_t)i;
        made++;
      }
      if (test_below(3) == 0) held[i] = NULL;
    }
    uint64_t chunks = vmr_gc_read_figures(gc).reserved_bytes >> 21;
    for (bool is_done = false; !is_done; steps++) {
      is_done = vmr_gc_step(gc, 1);
      uint32_t place = test_below(COUNT);
      if (held[place] != NULL && test_below(2) == 0) CHECK(vmr_gc_release(gc, held[place]) == VMR_OK);
      leaf *fresh = held[place] = vmr_gc_alloc_tail(gc, test_types[LEAF], BYTES);
      CHECK(fresh->id == 0 && fresh->bytes[BYTES - 1] == 0);
      fresh->id = place;
      made++;
      if (steps % 8 == 0) CHECK(vmr_gc_is_valid(gc));
    }
    CHECK(steps > chunks + chunks / 8 && chunks > 10);
    vmr_gc_cycle last;
    CHECK(vmr_gc_read_history(gc, &last, 1) == 1 && last.number == vmr_gc_read_figures(gc).cycles);
    live = 0;
    for (int i = 0; i < COUNT; i++) {
      CHECK(held[i] == NULL || ((leaf *)held[i])->id == (uint64_t)i);
      live += held[i] != NULL;
    }
    CHECK(vmr_gc_collect(gc, NULL) == VMR_OK && vmr_gc_is_valid(gc));
    vmr_gc_figures figures = vmr_gc_read_figures(gc);
    CHECK(figures.live_objects == live && figures.allocated_objects == made && figures.freed_objects == made - live);
  }
  vmr_gc_destroy(gc);
}

/* Chunks are given back while cards are looked at: those of the next chunk are looked at from the first one on. */
void test_trim_among_cards(void) {
  static void *held;
  vmr_gc_root root = {.first = &held, .count = 1};
  for (int steps = 1; steps < 16; steps++) {
    vmr_gc *gc = test_make_heap_of(NULL, VMR_GC_GENERATIONAL | VMR_GC_INCREMENTAL, 2200000);
    held = NULL;
    vmr_gc_add_root(gc, &root);
    pair *old = held = test_make_pair(gc, 1);
    CHECK(vmr_gc_collect(gc, NULL) == VMR_OK);
    vmr_gc_write(gc, old, &old->left, test_make_pair(gc, 2));
    void *large[2]; /* of which the second one needs a chunk more */
    for (int i = 0; i < 2; i++) large[i] = vmr_gc_alloc_tail(gc, test_types[LEAF], 1040000);
    for (int i = 0; i < 2; i++) CHECK(vmr_gc_release(gc, large[i]) == VMR_OK);
    CHECK(vmr_gc_alloc_tail(gc, test_types[LEAF], 2500000) != NULL && gc->is_marking); /* a young cycle begins */
    bool is_done = false;
    for (int i = 0; i < steps && !is_done; i++) is_done = vmr_gc_step(gc, 300);
    CHECK(vmr_gc_trim(gc) > 0);
    while (!is_done) is_done = vmr_gc_step(gc, 300);
    CHECK(vmr_gc_is_valid(gc) && ((pair *)old->left)->id == 2);
    vmr_gc_destroy(gc);
  }
}

/* What a context's metrics tell of its heaps, of those that are gone too. */
void test_metrics(void) {
  vmr_ctx *ctx = NULL;
  vmr_metrics metrics;
  CHECK(vmr_ctx_create(&ctx, NULL) == VMR_OK);
  vmr_gc *gc = test_make_heap(ctx, VMR_GC_GENERATIONAL);
  vmr_gc_handle kept;
  CHECK(vmr_gc_handle_open(gc, test_make_pair(gc, 1), false, &kept) == VMR_OK);
  for (uint64_t i = 0; i < 100000; i++) test_make_pair(gc, i);
  CHECK(vmr_gc_collect_young(gc, NULL) == VMR_OK && vmr_gc_collect(gc, NULL) == VMR_OK);
  vmr_gc_figures figures = vmr_gc_read_figures(gc);
  uint64_t over_1ms = 0;
  for (int i = 20; i < VMR_GC_PAUSES; i++) over_1ms += figures.pauses[i]; /* from 1.05 ms on */
  CHECK(vmr_metrics_read(ctx, &metrics, sizeof metrics) == VMR_OK);
  CHECK(metrics.collections == figures.cycles && metrics.young_collections == figures.young_cycles);
  CHECK(metrics.collected_live_objects == 1 && metrics.collected_live_bytes == figures.live_bytes);
  CHECK(metrics.collected_freed_bytes == figures.freed_bytes && figures.freed_objects == 100000);
  CHECK(metrics.collected_promoted_bytes == figures.promoted_bytes && figures.promoted_bytes == figures.live_bytes);
  CHECK(metrics.collection_pause_nanoseconds == figures.total_pause);
  CHECK(metrics.collection_longest_pause == figures.longest_pause);
  CHECK(metrics.collection_pauses == figures.steps && figures.steps >= 2);
  CHECK(metrics.collection_pauses_over_1ms >= over_1ms);
  CHECK(metrics.collection_pauses_over_1ms <= metrics.collection_pauses_over_100us);
  CHECK(metrics.collection_pauses_over_10ms <= metrics.collection_pauses_over_1ms);
  CHECK(metrics.collection_pauses_over_100us <= metrics.collection_pauses);
  CHECK((metrics.collection_pauses_over_10ms > 0) == (figures.longest_pause > 10000000));
  vmr_gc_destroy(gc);
  CHECK(vmr_metrics_read(ctx, &metrics, sizeof metrics) == VMR_OK && metrics.collections == figures.cycles);
  CHECK(metrics.collection_pauses == figures.steps && metrics.collected_live_objects == 0);
  CHECK(vmr_ctx_destroy(ctx) == VMR_OK);
}
