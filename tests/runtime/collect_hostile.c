/* collect_hostile.c: what a program may do to the collected heap at the worst moment: release, resurrect and allocate in
 * finalisers, release while objects are marked, use the heap from the callback that is told of short memory, meet limits and
 * destroy the heap between any two steps, wear out a handle. Without cmocka, for builds of 32 bits; `quick` does less. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/collect.h"
#include "tests/runtime/check.h"
#include "vmemrt.h"

enum { LARGE = 2500000, STEPS_MODES = 4 };

typedef struct pair {
  void *left;
  uint64_t id;
  void *right;
} pair;

typedef struct array {
  void *slots[1];
} array;

static const vmr_gc_layout PAIR = {
    .name = "pair", .bytes = sizeof(pair), .pointers = VMR_GC_POINTER(pair, left) | VMR_GC_POINTER(pair, right)};
static const vmr_gc_layout ARRAY = {.name = "array", .element_bytes = sizeof(void *), .element_pointers = 1};
static const vmr_gc_layout LEAF = {.name = "leaf", .element_bytes = 1};

static vmr_gc_type *pair_type, *array_type, *leaf_type;
static void *held[4];
static vmr_gc_root root = {.first = held, .count = 4};
static bool is_quick;

static vmr_gc *make_heap(vmr_ctx *ctx, const vmr_gc_options *options) {
  vmr_gc *gc = NULL;
  memset(held, 0, sizeof held);
  CHECK(vmr_gc_create(&gc, ctx, options) == VMR_OK && vmr_gc_add_type(gc, &PAIR, &pair_type) == VMR_OK);
  CHECK(vmr_gc_add_type(gc, &ARRAY, &array_type) == VMR_OK && vmr_gc_add_type(gc, &LEAF, &leaf_type) == VMR_OK);
  vmr_gc_add_root(gc, &root);
  return gc;
}

static vmr_gc *make_plain(uint32_t flags) {
  vmr_gc_options options = vmr_gc_options_default();
  options.flags = flags;
  options.nursery_bytes = 100000;
  options.step_bytes = 2000;
  return make_heap(NULL, &options);
}

static pair *make_pair(vmr_gc *gc, uint64_t id) {
  pair *made = vmr_gc_alloc(gc, pair_type);
  if (made != NULL) made->id = id;
  return made;
}

/* A list of pairs with ids from `count` - 1 to 0, held by held[0]. */
static void make_list(vmr_gc *gc, uint64_t count) {
  for (uint64_t i = 0; i < count; i++) {
    pair *made = make_pair(gc, i);
    CHECK(made != NULL);
    vmr_gc_write(gc, made, &made->left, held[0]);
    held[0] = made;
  }
}

static void check_list(const pair *first, uint64_t count) {
  for (; count > 0; count--, first = first->left) CHECK(first->id == count - 1);
  CHECK(first == NULL);
}

static int phase_of(const vmr_gc *gc) { return vmr_gc_body_of(gc)->phase; }

/* ---- finalisers ---- */

static int finalised;

static void release_itself(vmr_gc *gc, void *object, void *user) {
  (void)user;
  finalised++;
  CHECK(vmr_gc_release(gc, object) == VMR_OK);
  for (int i = 0; i < 400000; i++) CHECK(make_pair(gc, 1) != NULL); /* cycles begin, go on and end */
}

static void check_release_in_own_finaliser(uint32_t flags) {
  vmr_gc *gc = make_plain(flags);
  finalised = 0;
  for (int i = 0; i < 2; i++) {
    void *object = vmr_gc_alloc_tail(gc, array_type, i % 2 == 0 ? LARGE / sizeof(void *) : 3);
    CHECK(vmr_gc_add_finaliser(gc, object, release_itself, NULL) == VMR_OK);
  }
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK && finalised == 2 && vmr_gc_is_valid(gc));
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK && vmr_gc_read_figures(gc).live_objects == 0);
  vmr_gc_destroy(gc);
}

static void walk_list(vmr_gc *gc, void *object, void *user) {
  (void)gc;
  finalised++;
  check_list(object, *(uint64_t *)user);
}

/* What only a finaliser leads to is marked in steps, as all else is. */
static void check_finalisers_in_steps(void) {
  uint64_t count = 10000;
  int steps = 0;
  vmr_gc *gc = make_plain(VMR_GC_MANUAL | VMR_GC_INCREMENTAL);
  vmr_gc_handle weak;
  void *object = NULL;
  finalised = 0;
  make_list(gc, count);
  CHECK(vmr_gc_add_finaliser(gc, held[0], walk_list, &count) == VMR_OK);
  CHECK(vmr_gc_handle_open(gc, held[0], true, &weak) == VMR_OK);
  held[0] = NULL;
  while (!vmr_gc_step(gc, 1000)) {
    steps++;
    CHECK(vmr_gc_is_valid(gc));
    if (vmr_gc_handle_get(gc, weak, &object) == VMR_OK && object == NULL && phase_of(gc) == VMR_GC_MARKING)
      (void)make_pair(gc, 5);
  }
  CHECK(steps > 100 && finalised == 1);
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK && vmr_gc_read_figures(gc).live_objects == 0 && finalised == 1);
  vmr_gc_destroy(gc);
}

static void keep_child(vmr_gc *gc, void *object, void *user) {
  pair *dying = object;
  finalised++;
  if (user == NULL) {
    held[1] = dying->left; /* into a root */
  } else {
    vmr_gc_handle handle; /* by a finaliser and a weak handle of its own alone: they don't keep it */
    CHECK(vmr_gc_handle_open(gc, dying->left, true, &handle) == VMR_OK);
    *(vmr_gc_handle *)user = handle;
    CHECK(vmr_gc_add_finaliser(gc, dying->left, release_itself, NULL) == VMR_OK);
    vmr_gc_write(gc, dying, &dying->left, NULL);
  }
}

/* Finalisers that are called by hand while what they lead to is still being marked. */
static void check_finalisers_amid_marking(void) {
  for (int way = 0; way < 2; way++) {
    vmr_gc *gc = make_plain(VMR_GC_MANUAL | VMR_GC_INCREMENTAL | VMR_GC_VERIFY);
    vmr_gc_handle handle = 0;
    void *object = NULL;
    finalised = 0;
    make_list(gc, 3000);
    CHECK(vmr_gc_add_finaliser(gc, held[0], keep_child, way == 0 ? NULL : &handle) == VMR_OK);
    held[0] = NULL;
    bool is_done = false;
    while (finalised == 0 && !is_done) {
      is_done = vmr_gc_step(gc, 100);
      if (phase_of(gc) == VMR_GC_MARKING) vmr_gc_run_finalisers(gc);
    }
    CHECK(finalised == 1 && !is_done && phase_of(gc) == VMR_GC_MARKING);
    while (!vmr_gc_step(gc, 100)) continue;
    if (way == 0) check_list(held[1], 2999);
    if (way == 1) CHECK(finalised == 2 && vmr_gc_handle_get(gc, handle, &object) == VMR_OK && object == NULL);
    CHECK(vmr_gc_collect(gc, NULL) == VMR_OK);
    CHECK(vmr_gc_read_figures(gc).live_objects == (way == 0 ? 2999 : 0) && vmr_gc_status(gc) == VMR_OK);
    vmr_gc_destroy(gc);
  }
}

static void allocate_much(vmr_gc *gc, void *object, void *user) {
  (void)object, (void)user;
  finalised++;
  for (int i = 0; i < 600000; i++) CHECK(make_pair(gc, 1) != NULL);
  for (int i = 0; i < 20; i++) CHECK(vmr_gc_alloc_tail(gc, leaf_type, 3 << 20) != NULL);
}

/* What a finaliser dropped makes room for what it allocates. */
static void check_limit_in_finaliser(void) {
  vmr_gc_options options = vmr_gc_options_default();
  options.flags = VMR_GC_MANUAL;
  options.limit_bytes = 8 << 20;
  vmr_gc *gc = make_heap(NULL, &options);
  finalised = 0;
  for (int i = 0; i < 3; i++) CHECK(vmr_gc_add_finaliser(gc, make_pair(gc, 1), allocate_much, NULL) == VMR_OK);
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK && finalised == 3 && vmr_gc_status(gc) == VMR_OK && vmr_gc_is_valid(gc));
  vmr_gc_destroy(gc);
}

/* ---- release ---- */

/* A count drops while objects are marked; what the dead one led to is released later, as a queue of counts to be lowered does. */
static void check_release_later(void) {
  vmr_gc *gc = make_plain(VMR_GC_GENERATIONAL | VMR_GC_INCREMENTAL | VMR_GC_MANUAL);
  pair *parent = held[0] = make_pair(gc, 1);
  void *child = held[1] = vmr_gc_alloc_tail(gc, array_type, LARGE / sizeof(void *));
  while (phase_of(gc) != VMR_GC_MARKING) vmr_gc_step(gc, 1);
  vmr_gc_write(gc, parent, &parent->left, child);
  held[0] = held[1] = NULL;
  CHECK(vmr_gc_release(gc, parent) == VMR_OK);
  while (!vmr_gc_step(gc, 1000)) continue;
  CHECK(vmr_gc_release(gc, child) == VMR_OK);
  CHECK(vmr_gc_collect_young(gc, NULL) == VMR_OK && vmr_gc_is_valid(gc));
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK && vmr_gc_read_figures(gc).live_objects == 0);
  vmr_gc_destroy(gc);
}

/* A program that releases all that it allocates needs no cycle. */
static void check_release_of_all(uint32_t flags) {
  vmr_gc *gc = make_plain(flags);
  for (int i = 0; i < 200000; i++) {
    void *made = i % 5 != 0 ? (void *)make_pair(gc, 1) : vmr_gc_alloc_tail(gc, leaf_type, (size_t)(i % 20000));
    CHECK(vmr_gc_release(gc, made) == VMR_OK);
  }
  vmr_gc_figures figures = vmr_gc_read_figures(gc);
  CHECK(figures.cycles == 0 && figures.live_objects == 0 && figures.freed_objects == 200000 && vmr_gc_is_valid(gc));
  vmr_gc_destroy(gc);
}

/* ---- between any two steps ---- */

static void count_final(vmr_gc *gc, void *object, void *user) {
  (void)user;
  finalised++;
  CHECK(((pair *)object)->id == 77 && make_pair(gc, 1) != NULL);
}

/* A heap with several chunks, of which some get empty, and with finalisers and handles. */
static vmr_gc *make_crowd(uint32_t flags, size_t limit) {
  vmr_gc_options options = vmr_gc_options_default();
  options.flags = flags;
  options.limit_bytes = limit;
  vmr_gc *gc = make_heap(NULL, &options);
  finalised = 0;
  make_list(gc, 50000);
  for (int i = 0; i < 10; i++) {
    held[2] = vmr_gc_alloc_tail(gc, leaf_type, 900000);
    pair *final = make_pair(gc, 77);
    CHECK(vmr_gc_add_finaliser(gc, final, count_final, NULL) == VMR_OK);
  }
  return gc;
}

/* Does `what` after so many steps, for each number of them until a cycle is over. */
static void between_steps(uint32_t flags, size_t limit, void (*what)(vmr_gc *gc)) {
  bool is_seen[VMR_GC_RELEASING + 1] = {false}, is_done = false;
  for (int steps = 1; !is_done; steps++) {
    vmr_gc *gc = make_crowd(flags, limit);
    for (int i = 0; i < steps && !is_done; i++)
      is_done = vmr_gc_step(gc, phase_of(gc) != VMR_GC_MARKING ? 1 : is_quick ? 400000 : 150000);
    is_seen[phase_of(gc)] = true;
    what(gc);
  }
  CHECK(is_seen[VMR_GC_CLEARING] && is_seen[VMR_GC_MARKING] && is_seen[VMR_GC_SETTLING]);
}

static void destroy(vmr_gc *gc) {
  vmr_gc_destroy(gc);
  CHECK(finalised == 10);
}

static void trim_and_go_on(vmr_gc *gc) {
  vmr_gc_trim(gc);
  CHECK(vmr_gc_is_valid(gc));
  check_list(held[0], 50000);
  while (phase_of(gc) != VMR_GC_IDLE) {
    CHECK(make_pair(gc, 2) != NULL);
    vmr_gc_step(gc, 5000);
    vmr_gc_trim(gc);
  }
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK && vmr_gc_collect(gc, NULL) == VMR_OK && finalised == 10);
  CHECK(vmr_gc_read_figures(gc).live_objects == 50001 && vmr_gc_is_valid(gc));
  destroy(gc);
}

static void meet_the_limit(vmr_gc *gc) {
  size_t count = 0;
  for (pair *made; (made = make_pair(gc, 3)) != NULL; count++) {
    vmr_gc_write(gc, made, &made->left, held[1]);
    held[1] = made;
  }
  CHECK(count > 1000 && vmr_gc_status(gc) == VMR_OUT_OF_MEMORY && vmr_gc_is_valid(gc));
  CHECK(vmr_gc_alloc_tail(gc, leaf_type, 3 << 20) == NULL);
  check_list(held[0], 50000);
  vmr_gc_clear_status(gc);
  held[1] = held[2] = NULL;
  CHECK(vmr_gc_alloc_tail(gc, leaf_type, 3 << 20) != NULL && vmr_gc_status(gc) == VMR_OK && vmr_gc_is_valid(gc));
  CHECK(vmr_gc_read_figures(gc).reserved_bytes <= vmr_gc_body_of(gc)->options.limit_bytes);
  destroy(gc);
}

/* ---- when memory is short ---- */

typedef struct presser {
  vmr_gc *gc;
  vmr_gc_handle handles[200];
  int calls, handle_count;
  size_t tail_bytes; /* that it allocates, too */
  bool collects;
} presser;

static void do_nothing(vmr_gc *gc, void *object, void *user) { (void)gc, (void)object, (void)user; }

static uint64_t made_count;

/* Uses the heap, whatever it was about to do. */
static void use_heap(void *user, vmr_ctx *ctx, size_t wanted) {
  presser *p = user;
  CHECK(wanted > 0);
  if (p->gc == NULL) return;
  p->calls++;
  CHECK(!vmr_gc_body_of(p->gc)->is_collecting);
  if (p->collects) CHECK(vmr_gc_collect(p->gc, NULL) == VMR_OK || vmr_gc_body_of(p->gc)->is_finalising);
  vmr_gc_trim(p->gc);
  for (int i = 0; i < 5; i++) {
    VMR_GC_FRAME(p->gc, local, void *object;);
    local.object = make_pair(p->gc, 9);
    made_count += local.object != NULL;
    vmr_gc_handle *handle = &p->handles[p->handle_count];
    if (local.object != NULL && p->handle_count < 200)
      p->handle_count += vmr_gc_handle_open(p->gc, local.object, i % 2 == 0, handle) == VMR_OK;
    if (local.object != NULL) (void)vmr_gc_add_finaliser(p->gc, local.object, do_nothing, NULL);
    void *tail = vmr_gc_alloc_tail(p->gc, leaf_type, (size_t)(p->calls * 5 + i) * 16 % 8000);
    made_count += tail != NULL;
    if (p->tail_bytes != 0) (void)vmr_gc_alloc_tail(p->gc, leaf_type, p->tail_bytes);
    vmr_gc_leave(p->gc, &local.frame);
  }
  CHECK(vmr_gc_is_valid(p->gc));
  (void)vmr_trim(ctx);
}

static void *obtain(void *user, size_t bytes) { return (void)user, malloc(bytes); }
static void *resize(void *user, void *old, size_t old_bytes, size_t bytes) {
  return (void)user, (void)old_bytes, realloc(old, bytes);
}
static void release(void *user, void *memory, size_t bytes) {
  (void)user, (void)bytes;
  free(memory);
}

/* Lowers the limits to what is in use now, so that the next request calls back. */
static void press_now(vmr_ctx *ctx, bool is_hard) {
  vmr_account account;
  CHECK(vmr_ctx_read_account(ctx, VMR_KIND_ALL, &account) == VMR_OK);
  vmr_ctx_set_limits(ctx, is_hard ? 0 : account.current_bytes, is_hard ? account.current_bytes : 0);
}

static void run_pressed(vmr_gc *gc, vmr_ctx *ctx, bool is_hard) {
  uint64_t length = 0;
  for (int round = 0; round < (is_quick ? 200 : 500); round++) {
    if (round % 3 == 0) press_now(ctx, is_hard);
    pair *made = make_pair(gc, length);
    made_count += made != NULL;
    if (made != NULL) {
      vmr_gc_write(gc, made, &made->left, held[0]);
      held[0] = made;
      length++;
    }
    held[2] = vmr_gc_alloc_tail(gc, leaf_type, (size_t)round * 97 % 60000);
    made_count += held[2] != NULL;
    vmr_gc_handle handle = 0;
    VMR_GC_FRAME(gc, local, void *object;);
    void *fresh = make_pair(gc, 4); /* nothing but the call holds it */
    made_count += fresh != NULL;
    if (fresh != NULL && vmr_gc_handle_open(gc, fresh, false, &handle) == VMR_OK) {
      CHECK(vmr_gc_handle_get(gc, handle, &local.object) == VMR_OK && ((pair *)local.object)->id == 4);
      if (round % 4 != 0) CHECK(vmr_gc_handle_close(gc, handle) == VMR_OK);
      if (vmr_gc_add_finaliser(gc, local.object, do_nothing, NULL) == VMR_OK) CHECK(((pair *)local.object)->id == 4);
    }
    vmr_gc_leave(gc, &local.frame);
    if (round % 50 == 0) vmr_ctx_set_limits(ctx, 0, 0);
    if (round % 11 == 0) vmr_gc_step(gc, 1000);
    if (round % 100 == 0) CHECK(vmr_gc_is_valid(gc));
  }
  check_list(held[0], length);
}

/* A context that tells `p` of short memory, which uses the heap once it has one. */
static vmr_ctx *make_pressed_ctx(presser *p, bool has_backing) {
  vmr_options options = vmr_options_default();
  vmr_ctx *ctx = NULL;
  options.flags = VMR_IGNORE_ENVIRONMENT;
  options.on_pressure = use_heap;
  options.pressure_user = p;
  if (has_backing) options.backing = (vmr_backing){obtain, resize, release, NULL};
  CHECK(vmr_ctx_create(&ctx, &options) == VMR_OK);
  return ctx;
}

static void destroy_pressed(presser *p, vmr_ctx *ctx) {
  vmr_gc *gc = p->gc;
  p->gc = NULL;
  vmr_gc_destroy(gc);
  CHECK(vmr_ctx_destroy(ctx) == VMR_OK);
}

static void check_pressure(uint32_t flags, bool is_hard, bool has_backing, bool collects) {
  vmr_gc_options gc_options = vmr_gc_options_default();
  presser p = {.collects = collects};
  vmr_ctx *ctx = make_pressed_ctx(&p, has_backing);
  gc_options.flags = flags;
  gc_options.nursery_bytes = 50000;
  gc_options.step_bytes = 500;
  gc_options.parallel_objects = 1;
  made_count = 0;
  vmr_gc *gc = make_heap(ctx, &gc_options);
  p.gc = gc;
  run_pressed(gc, ctx, is_hard);
  vmr_ctx_set_limits(ctx, 0, 0);
  CHECK(p.calls > 10 && vmr_gc_is_valid(gc) && vmr_gc_status(gc) != VMR_CORRUPTED);
  CHECK(vmr_gc_read_figures(gc).allocated_objects == made_count);
  destroy_pressed(&p, ctx);
}

/* The callback does first what the heap is about to do: it uses a size for the first time, and collects what a handle or a
 * finaliser is being made for. */
static void check_pressed_firsts(void) {
  presser p = {.collects = true};
  vmr_ctx *ctx = make_pressed_ctx(&p, false);
  vmr_gc *gc = make_heap(ctx, NULL);
  p.gc = gc;
  for (p.tail_bytes = 16; p.tail_bytes <= 8192; p.tail_bytes += 64) {
    press_now(ctx, false);
    CHECK(vmr_gc_alloc_tail(gc, leaf_type, p.tail_bytes) != NULL);
  }
  int before = p.calls;
  for (int i = 0; i < 1000; i++) {
    vmr_gc_handle handle;
    pair *fresh = make_pair(gc, 4);
    press_now(ctx, false);
    CHECK(vmr_gc_handle_open(gc, fresh, false, &handle) == VMR_OK && fresh->id == 4);
    press_now(ctx, false);
    CHECK(vmr_gc_add_finaliser(gc, fresh, do_nothing, NULL) == VMR_OK && fresh->id == 4);
  }
  CHECK(p.calls > before + 4 && vmr_gc_is_valid(gc));
  destroy_pressed(&p, ctx);
}

/* The stack of what is to be scanned grows, in a store and in a second thread: what is marked then must be scanned. */
static void check_pressed_marking(uint32_t flags) {
  enum { WIDE = 30000 };
  for (int way = 0; way < 2; way++) {
    vmr_gc_options gc_options = vmr_gc_options_default();
    presser p = {.collects = true};
    vmr_ctx *ctx = make_pressed_ctx(&p, false);
    gc_options.flags = flags;
    gc_options.parallel_objects = 1;
    made_count = 0;
    vmr_gc *gc = make_heap(ctx, &gc_options);
    held[0] = vmr_gc_alloc_tail(gc, array_type, WIDE);
    held[1] = vmr_gc_alloc_tail(gc, array_type, WIDE);
    for (int i = 0; i < WIDE; i++) {
      pair *outer = make_pair(gc, (uint64_t)i);
      vmr_gc_write(gc, held[0], &((array *)held[0])->slots[i], outer);
      vmr_gc_write(gc, outer, &outer->left, make_pair(gc, (uint64_t)i));
    }
    p.gc = gc;
    if (way == 0) { /* by stores */
      while (!gc->is_marking) vmr_gc_step(gc, 1);
      press_now(ctx, false);
      for (int i = 0; i < WIDE; i++)
        vmr_gc_write(gc, held[1], &((array *)held[1])->slots[i], ((array *)held[0])->slots[i]);
      CHECK(p.calls == 0); /* nobody expects a store to collect */
    } else {
      press_now(ctx, false);
    }
    CHECK(vmr_gc_collect(gc, NULL) == VMR_OK && vmr_gc_is_valid(gc));
    for (int i = 0; i < WIDE; i++) {
      pair *outer = ((array *)held[0])->slots[i];
      CHECK(outer->id == (uint64_t)i && ((pair *)outer->left)->id == (uint64_t)i);
    }
    CHECK(way == 0 || p.calls > 0);
    destroy_pressed(&p, ctx);
  }
}

/* ---- a handle that was opened 2^32 times ---- */

static void check_worn_handle(void) {
  vmr_gc *gc = make_plain(0);
  vmr_gc_handle first, last, next;
  void *object = NULL;
  held[0] = make_pair(gc, 1);
  CHECK(vmr_gc_handle_open(gc, held[0], false, &first) == VMR_OK && vmr_gc_handle_close(gc, first) == VMR_OK);
  vmr_gc_body_of(gc)->entries[0].generation = UINT32_MAX;
  CHECK(vmr_gc_handle_open(gc, held[0], false, &last) == VMR_OK && last >> 32 == UINT32_MAX);
  CHECK(vmr_gc_handle_close(gc, last) == VMR_OK && vmr_gc_handle_get(gc, last, &object) == VMR_STALE_HANDLE);
  CHECK(vmr_gc_handle_open(gc, held[0], false, &next) == VMR_OK && (uint32_t)next != (uint32_t)last);
  for (uint64_t generation = 0; generation < 3; generation++)
    CHECK(vmr_gc_handle_get(gc, generation << 32 | 1, &object) == VMR_STALE_HANDLE && object == NULL);
  CHECK(vmr_gc_handle_close(gc, next) == VMR_OK);
  vmr_gc_destroy(gc);
}

int main(int count, char **arguments) {
  static const uint32_t modes[STEPS_MODES] = {0, VMR_GC_GENERATIONAL, VMR_GC_INCREMENTAL,
                                              VMR_GC_GENERATIONAL | VMR_GC_INCREMENTAL | VMR_GC_VERIFY};
  is_quick = count > 1 && strcmp(arguments[1], "quick") == 0;
  for (int i = 0; i < STEPS_MODES; i++) {
    check_release_in_own_finaliser(modes[i]);
    check_release_of_all(modes[i]);
    for (int way = 0; way < 8; way++)
      check_pressure(modes[i] | (way == 3 ? VMR_GC_PARALLEL : 0), way % 2 != 0, way / 2 % 2 != 0, way >= 4);
  }
  check_pressed_firsts();
  check_pressed_marking(VMR_GC_MANUAL | VMR_GC_INCREMENTAL);
  check_pressed_marking(VMR_GC_GENERATIONAL | VMR_GC_PARALLEL | VMR_GC_MANUAL);
  check_finalisers_in_steps();
  check_finalisers_amid_marking();
  check_limit_in_finaliser();
  check_release_later();
  check_worn_handle();
  for (uint32_t flags = 0; flags < 2; flags++) {
    uint32_t manual = VMR_GC_MANUAL | VMR_GC_INCREMENTAL | flags;
    between_steps(manual, 0, destroy);
    between_steps(manual, 0, trim_and_go_on);
    between_steps(manual, 24 << 20, meet_the_limit);
  }
  return 0;
}
