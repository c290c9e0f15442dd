/* collect_plain.c: the collected heap without cmocka, for builds of 32 bits: random programs against a model that computes
 * what can be reached, in each mode; handles, finalisers, limits, each request for memory refused in turn, deep and
 * wide graphs, and a soak (collect_plain SOAK: so many allocations; threads: only what a second thread takes part in;
 * quick: less of each). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/runtime/check.h"
#include "vmemrt.h"

enum { ROOTS = 40, CHILDREN = 12, OBJECTS = 10000, DEEP = 1000000 };

static uint64_t seed = 1;

static uint32_t below(uint32_t limit) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(seed >> 33) % limit;
}

/* ---- types ---- */

typedef struct pair {
  void *left;
  uint64_t id;
  void *right;
} pair;

typedef struct array {
  uint64_t id;
  size_t stride; /* of the slots that are used */
  void *owner;
  void *slots[1];
} array;

typedef struct leaf {
  uint64_t id;
  char bytes[1];
} leaf;

typedef struct traced {
  uint64_t id;
  vmr_value values[3];
} traced;

enum { PAIR, ARRAY, LEAF, TRACED, KINDS };

static void trace_values(vmr_gc_tracer *tracer, void *object, size_t bytes) {
  const traced *from = object;
  CHECK(bytes >= sizeof *from);
  for (int i = 0; i < 3; i++) vmr_gc_visit_value(tracer, from->values[i]);
}

static const vmr_gc_layout LAYOUTS[KINDS] = {
    {.name = "pair", .bytes = sizeof(pair), .pointers = VMR_GC_POINTER(pair, left) | VMR_GC_POINTER(pair, right)},
    {.name = "array",
     .bytes = offsetof(array, slots),
     .pointers = VMR_GC_POINTER(array, owner),
     .element_bytes = sizeof(void *),
     .element_pointers = 1},
    {.name = "leaf", .bytes = offsetof(leaf, bytes), .element_bytes = 1},
    {.name = "traced", .bytes = sizeof(traced), .trace = trace_values},
};

/* ---- the model ---- */

typedef struct model {
  void *object; /* NULL: not in use */
  int kind;
  uint32_t child_count;
  uint32_t children[CHILDREN]; /* ids; 0: none */
  vmr_gc_handle weak;
  bool is_reached;
} model;

static model models[OBJECTS];
static uint32_t roots[ROOTS];
static void *root_objects[ROOTS];
static uint32_t unused[OBJECTS], unused_count, todo[OBJECTS];

static uint64_t *id_of(const model *m) {
  switch (m->kind) {
  case PAIR: return &((pair *)m->object)->id;
  case ARRAY: return &((array *)m->object)->id;
  case LEAF: return &((leaf *)m->object)->id;
  default: return &((traced *)m->object)->id;
  }
}

static void *child_of(const model *m, uint32_t index) {
  if (m->kind == PAIR) return index == 0 ? ((pair *)m->object)->left : ((pair *)m->object)->right;
  if (m->kind == ARRAY && index == 0) return ((array *)m->object)->owner;
  if (m->kind == ARRAY) return ((array *)m->object)->slots[(index - 1) * ((array *)m->object)->stride];
  vmr_value value = ((traced *)m->object)->values[index];
  return value.kind == VMR_VALUE_COLLECTED ? value.as.pointer : NULL;
}

static void write_child(vmr_gc *gc, model *m, uint32_t index, uint32_t child) {
  void *to = child != 0 ? models[child].object : NULL;
  m->children[index] = child;
  if (m->kind == PAIR) {
    vmr_gc_write(gc, m->object, index == 0 ? &((pair *)m->object)->left : &((pair *)m->object)->right, to);
  } else if (m->kind == ARRAY) {
    array *a = m->object;
    vmr_gc_write(gc, a, index == 0 ? &a->owner : &a->slots[(index - 1) * a->stride], to);
  } else {
    traced *t = m->object;
    t->values[index] = to != NULL ? vmr_value_collected(to) : vmr_value_missing();
    vmr_gc_write(gc, t, &t->values[index].as.pointer, to);
  }
}

static void reach(uint32_t id, uint32_t *count) {
  if (id == 0 || models[id].is_reached) return;
  models[id].is_reached = true;
  todo[(*count)++] = id;
}

/* Marks what the roots lead to, and checks that it is as it should be; returns how many objects. */
static uint32_t check_reachable(void) {
  uint32_t count = 0;
  for (uint32_t i = 1; i < OBJECTS; i++) models[i].is_reached = false;
  for (int i = 0; i < ROOTS; i++) reach(roots[i], &count);
  for (uint32_t at = 0; at < count; at++) {
    const model *m = &models[todo[at]];
    CHECK(m->object != NULL && *id_of(m) == todo[at]);
    for (uint32_t k = 0; k < m->child_count; k++) {
      CHECK(child_of(m, k) == (m->children[k] != 0 ? models[m->children[k]].object : NULL));
      reach(m->children[k], &count);
    }
  }
  return count;
}

/* After a full collection: what is not reached is gone. */
static void check_collected(vmr_gc *gc) {
  uint32_t count = check_reachable();
  CHECK(vmr_gc_read_figures(gc).live_objects == count);
  for (uint32_t i = 1; i < OBJECTS; i++) {
    model *m = &models[i];
    void *object = NULL;
    if (m->object == NULL) continue;
    if (m->weak != 0) {
      CHECK(vmr_gc_handle_get(gc, m->weak, &object) == VMR_OK);
      CHECK(object == (m->is_reached ? m->object : NULL));
    }
    if (m->is_reached) continue;
    if (m->weak != 0) {
      CHECK(vmr_gc_handle_close(gc, m->weak) == VMR_OK);
      CHECK(vmr_gc_handle_get(gc, m->weak, &object) == VMR_STALE_HANDLE && object == NULL);
      CHECK(vmr_gc_handle_close(gc, m->weak) == VMR_STALE_HANDLE);
    }
    *m = (model){0};
    unused[unused_count++] = i;
  }
}

/* ---- random programs ---- */

static vmr_gc_type *types[KINDS];

static void *alloc_object(vmr_gc *gc, model *m, size_t *stride) {
  static const uint32_t lengths[] = {1, 2, 5, 12, 50, 300, 1000, 2500, 40000, 200000};
  uint32_t length = lengths[below(below(20) == 0 ? 10 : below(4) == 0 ? 7 : 5)];
  m->kind = (int)below(KINDS);
  *stride = 1;
  if (m->kind == PAIR || m->kind == TRACED) {
    m->child_count = m->kind == PAIR ? 2 : 3;
    return vmr_gc_alloc(gc, types[m->kind]);
  }
  if (m->kind == LEAF) return vmr_gc_alloc_tail(gc, types[LEAF], length);
  m->child_count = length < CHILDREN ? length + 1 : CHILDREN;
  *stride = length / (m->child_count - 1);
  return vmr_gc_alloc_tail(gc, types[ARRAY], length);
}

static void make_object(vmr_gc *gc) {
  model m = {0};
  size_t stride = 1;
  if (unused_count == 0) {
    if (vmr_gc_collect(gc, NULL) == VMR_OK) check_collected(gc);
    if (unused_count == 0) return;
  }
  m.object = alloc_object(gc, &m, &stride);
  if (m.object == NULL) return; /* a fault */
  uint32_t id = unused[--unused_count], place = below(ROOTS);
  for (size_t i = 0; i < vmr_gc_object_bytes(m.object); i++) CHECK(((char *)m.object)[i] == 0);
  models[id] = m;
  *id_of(&m) = id;
  if (m.kind == ARRAY) ((array *)m.object)->stride = stride;
  roots[place] = id;
  root_objects[place] = m.object;
  for (uint32_t k = 0; k < m.child_count; k++) {
    if (below(2) == 0) write_child(gc, &models[id], k, roots[below(ROOTS)]);
  }
  if (below(20) == 0 && vmr_gc_handle_open(gc, m.object, true, &models[id].weak) != VMR_OK) models[id].weak = 0;
}

/* Sets a root to a child of another one, so that the program walks through the graph. */
static void walk(void) {
  uint32_t place = below(ROOTS);
  const model *m = &models[roots[below(ROOTS)]];
  if (m->object == NULL || m->child_count == 0) return;
  uint32_t child = m->children[below(m->child_count)];
  roots[place] = child;
  root_objects[place] = child != 0 ? models[child].object : NULL;
}

/* Takes an object by its weak handle, which nothing else may lead to any more. */
static void take_weak(vmr_gc *gc) {
  uint32_t place = below(ROOTS), id = 1 + below(OBJECTS - 1);
  void *object = NULL;
  for (uint32_t i = 0; i < 200 && models[id].weak == 0; i++) id = 1 + below(OBJECTS - 1);
  if (models[id].weak == 0) return;
  CHECK(vmr_gc_handle_get(gc, models[id].weak, &object) == VMR_OK);
  if (object == NULL) return;
  CHECK(object == models[id].object);
  roots[place] = id;
  root_objects[place] = object;
}

static void step(vmr_gc *gc) {
  uint32_t what = below(100), place = below(ROOTS);
  model *m = &models[roots[place]];
  if (what < 50) {
    make_object(gc);
  } else if (what < 75) {
    if (m->object != NULL && m->child_count != 0)
      write_child(gc, m, below(m->child_count), below(4) != 0 ? roots[below(ROOTS)] : 0);
  } else if (what < 90) {
    walk();
  } else if (what < 93) {
    take_weak(gc);
  } else {
    roots[place] = 0;
    root_objects[place] = NULL;
  }
}

static void forget_all(void) {
  memset(models, 0, sizeof models);
  memset(roots, 0, sizeof roots);
  memset(root_objects, 0, sizeof root_objects);
  unused_count = 0;
  for (uint32_t i = 1; i < OBJECTS; i++) unused[unused_count++] = i;
}

static vmr_gc *make_heap_of(vmr_ctx *ctx, uint32_t flags, size_t nursery_bytes) {
  vmr_gc_options options = vmr_gc_options_default();
  vmr_gc *gc = NULL;
  options.flags = flags;
  options.nursery_bytes = nursery_bytes;
  options.step_bytes = 2000;
  options.parallel_objects = 1;
  if (vmr_gc_create(&gc, ctx, &options) != VMR_OK) return NULL;
  for (int i = 0; i < KINDS; i++) {
    if (vmr_gc_add_type(gc, &LAYOUTS[i], &types[i]) != VMR_OK) {
      vmr_gc_destroy(gc);
      return NULL;
    }
  }
  return gc;
}

static vmr_gc *make_heap(vmr_ctx *ctx, uint32_t flags) { return make_heap_of(ctx, flags, 100000); }

static void run_random(vmr_ctx *ctx, uint32_t flags, int steps) {
  vmr_gc_root root = {.first = root_objects, .count = ROOTS};
  vmr_gc *gc = make_heap(ctx, flags);
  forget_all();
  if (gc == NULL) return;
  vmr_gc_add_root(gc, &root);
  for (int i = 0; i < steps; i++) {
    step(gc);
    uint32_t what = below(1000);
    if (what == 0) {
      CHECK(vmr_gc_collect(gc, NULL) == VMR_OK);
      check_collected(gc);
      CHECK(vmr_gc_is_valid(gc));
    } else if (what < 4) {
      check_reachable();
      CHECK(vmr_gc_is_valid(gc));
    } else if (what == 4 || ((flags & VMR_GC_GENERATIONAL) != 0 && what > 960)) {
      CHECK(vmr_gc_collect_young(gc, NULL) == VMR_OK);
      CHECK(vmr_gc_read_figures(gc).live_objects >= check_reachable());
    } else if (what < 200 && (flags & VMR_GC_INCREMENTAL) != 0) {
      vmr_gc_step(gc, 1 + below(500));
    } else if (what == 200) {
      vmr_gc_trim(gc);
    } else if (what < 211) {
      check_reachable();
    }
  }
  memset(roots, 0, sizeof roots);
  memset(root_objects, 0, sizeof root_objects);
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK);
  check_collected(gc);
  vmr_gc_figures figures = vmr_gc_read_figures(gc);
  CHECK(figures.live_objects == 0 && figures.live_bytes == 0 && figures.allocated_objects == figures.freed_objects);
  bool has_young = (flags & VMR_GC_GENERATIONAL) == 0 || (flags & VMR_GC_MANUAL) != 0 || figures.young_cycles > 0;
  CHECK(figures.cycles > 1 && (has_young || steps < 10000));
  CHECK(vmr_gc_status(gc) != VMR_CORRUPTED && vmr_gc_is_valid(gc));
  vmr_gc_remove_root(gc, &root);
  vmr_gc_destroy(gc);
}

/* ---- faults ---- */

static void check_faults(void) {
  vmr_options options = vmr_options_default();
  options.fail_nth = UINT64_MAX; /* so that each object is counted */
  options.flags = VMR_IGNORE_ENVIRONMENT;
  for (uint64_t nth = 1; nth <= 60; nth++) {
    vmr_ctx *ctx = NULL;
    CHECK(vmr_ctx_create(&ctx, &options) == VMR_OK);
    seed = nth;
    vmr_ctx_set_faults(ctx, nth, 0, nth > 20 && nth % 2 != 0 ? 50000 : 0, (uint32_t)nth);
    run_random(ctx, (uint32_t)nth % 4 | VMR_GC_VERIFY | (nth % 3 == 0 ? VMR_GC_PARALLEL : 0), 1500);
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
  vmr_gc *gc = make_heap(ctx, VMR_GC_MANUAL);
  vmr_gc_add_root(gc, &root);
  for (int i = 0; i < 50; i++) { /* lists of arrays of pairs, and each pair has another: wide and deep */
    array *wide = vmr_gc_alloc_tail(gc, types[ARRAY], 1001);
    vmr_gc_write(gc, wide, &wide->slots[1000], held);
    held = wide;
    for (int k = 0; k < 1000; k++) {
      pair *outer = vmr_gc_alloc(gc, types[PAIR]);
      vmr_gc_write(gc, wide, &wide->slots[k], outer);
      vmr_gc_write(gc, outer, &outer->left, vmr_gc_alloc(gc, types[PAIR]));
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
  CHECK(vmr_gc_create(&gc, NULL, &options) == VMR_OK && vmr_gc_add_type(gc, &LAYOUTS[PAIR], &types[PAIR]) == VMR_OK);
  CHECK(vmr_gc_add_type(gc, &LAYOUTS[LEAF], &types[LEAF]) == VMR_OK);
  vmr_gc_add_root(gc, &root);
  for (int round = 0; round < 3; round++) {
    size_t count = 0;
    for (;; count++) {
      pair *made = vmr_gc_alloc(gc, types[PAIR]);
      if (made == NULL) break;
      vmr_gc_write(gc, made, &made->left, held);
      held = made;
    }
    CHECK(count > 100000 && vmr_gc_status(gc) == VMR_OUT_OF_MEMORY);
    CHECK(vmr_gc_alloc_tail(gc, types[LEAF], 5 << 20) == NULL);
    CHECK(vmr_gc_read_figures(gc).limits_hit > 0 && vmr_gc_read_figures(gc).reserved_bytes <= options.limit_bytes);
    vmr_gc_clear_status(gc);
    held = NULL; /* there is memory again without a word */
    CHECK(vmr_gc_alloc_tail(gc, types[LEAF], 5 << 20) != NULL && vmr_gc_status(gc) == VMR_OK);
  }
  CHECK(vmr_gc_alloc_tail(gc, types[LEAF], SIZE_MAX - 3) == NULL && vmr_gc_status(gc) == VMR_SIZE_OVERFLOW);
  CHECK(vmr_gc_alloc_tail(gc, types[LEAF], SIZE_MAX / 4) == NULL);
  CHECK(vmr_gc_alloc_tail(gc, types[PAIR], 1) == NULL);
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
  for (int i = 0; i < 1000; i++) CHECK(vmr_gc_alloc(gc, types[PAIR]) != NULL);
  CHECK(vmr_gc_collect(gc, NULL) == VMR_WRONG_ORDER);
}

static pair *make_pair(vmr_gc *gc, uint64_t id) {
  pair *made = vmr_gc_alloc(gc, types[PAIR]);
  CHECK(made != NULL);
  made->id = id;
  return made;
}

static void check_finalisers(uint32_t flags) {
  static finals f;
  vmr_gc_root root = {.first = &f.kept, .count = 1};
  vmr_gc *gc = make_heap(NULL, flags);
  vmr_gc_handle weak[10];
  f = (finals){0};
  vmr_gc_add_root(gc, &root);
  for (uint64_t id = 0; id < 10; id++) {
    VMR_GC_FRAME(gc, local, pair * made;);
    local.made = make_pair(gc, id);
    pair *inner = make_pair(gc, id + 100);
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
  pair *last = make_pair(gc, 7);
  CHECK(vmr_gc_add_finaliser(gc, last, finalise, &f) == VMR_OK);
  CHECK(vmr_gc_add_finaliser(gc, NULL, finalise, &f) == VMR_INVALID_ARGUMENT);
  vmr_gc_destroy(gc);
  CHECK(f.count == 11 && f.ids[0] == 7);
}

static void check_handles(uint32_t flags) {
  vmr_gc *gc = make_heap(NULL, flags);
  vmr_gc_handle strong = 0, first, again;
  void *object = NULL;
  CHECK(vmr_gc_handle_open(gc, make_pair(gc, 5), false, &strong) == VMR_OK && strong != 0);
  CHECK(vmr_gc_handle_open(gc, NULL, false, &first) == VMR_INVALID_ARGUMENT && first == 0);
  for (int i = 0; i < 100; i++) {
    CHECK(vmr_gc_handle_open(gc, make_pair(gc, 6), i % 2 == 0, &first) == VMR_OK);
    CHECK(vmr_gc_handle_close(gc, first) == VMR_OK);
    CHECK(vmr_gc_handle_open(gc, make_pair(gc, 7), i % 2 == 0, &again) == VMR_OK && again != first);
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

/* ---- a cycle, step by step ---- */

/* A list of which the end is far from being scanned, and a pair that is scanned soon: `held` are both. */
static vmr_gc *begin_steps(void **held, pair **last) {
  vmr_gc *gc = make_heap(NULL, VMR_GC_MANUAL | VMR_GC_INCREMENTAL);
  held[0] = *last = make_pair(gc, 0);
  for (uint64_t i = 1; i < 10000; i++) {
    pair *made = make_pair(gc, i);
    vmr_gc_write(gc, made, &made->left, held[0]);
    held[0] = made;
  }
  held[1] = make_pair(gc, 10000);
  vmr_gc_write(gc, *last, &(*last)->right, make_pair(gc, 10001));
  return gc;
}

static void check_steps(void) {
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
    for (int i = 0; i < 100000; i++) make_pair(gc, 9);
    if (way < 2) CHECK(moved->id == 10001 && moved->left == NULL);
    CHECK(vmr_gc_collect(gc, NULL) == VMR_OK);
    CHECK(vmr_gc_read_figures(gc).live_objects == (way < 2 ? 10002 : 10001));
    vmr_gc_destroy(gc);
  }
}

/* What is allocated while a cycle is under way lives through it; what was not handed out of its block does not count. */
static void check_born_while_marking(void) {
  static void *held;
  vmr_gc_root root = {.first = &held, .count = 1};
  held = NULL;
  vmr_gc *gc = make_heap(NULL, VMR_GC_MANUAL | VMR_GC_INCREMENTAL);
  vmr_gc_add_root(gc, &root);
  held = vmr_gc_alloc_tail(gc, types[ARRAY], 100000);
  while (!gc->is_marking) CHECK(!vmr_gc_step(gc, 1));
  for (uint64_t i = 0; i < 10; i++) make_pair(gc, i);
  CHECK(vmr_gc_release(gc, make_pair(gc, 1)) == VMR_OK);
  while (!vmr_gc_step(gc, 1)) continue;
  CHECK(vmr_gc_read_figures(gc).live_objects == 12 && vmr_gc_is_valid(gc));
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK && vmr_gc_read_figures(gc).live_objects == 1);
  vmr_gc_destroy(gc);
}

/* Clearing and settling many chunks is done in as many steps, while objects are allocated, dropped and released: none is lost,
 * given twice or counted twice. */
static void check_steps_among_chunks(uint32_t flags) {
  enum { COUNT = 6000, BYTES = 5000 };
  static void *held[COUNT];
  vmr_gc_root root = {.first = held, .count = COUNT};
  vmr_gc *gc = make_heap(NULL, flags);
  uint64_t made = 0, live = 0;
  memset(held, 0, sizeof held);
  vmr_gc_add_root(gc, &root);
  for (int round = 0; round < 4; round++) {
    uint32_t steps = 0;
    for (int i = 0; i < COUNT; i++) {
      if (below(3) != 0 || held[i] == NULL) {
        held[i] = vmr_gc_alloc_tail(gc, types[LEAF], BYTES);
        ((leaf *)held[i])->id = (uint64_t)i;
        made++;
      }
      if (below(3) == 0) held[i] = NULL;
    }
    uint64_t chunks = vmr_gc_read_figures(gc).reserved_bytes >> 21;
    for (bool is_done = false; !is_done; steps++) {
      is_done = vmr_gc_step(gc, 1);
      uint32_t place = below(COUNT);
      if (held[place] != NULL && below(2) == 0) CHECK(vmr_gc_release(gc, held[place]) == VMR_OK);
      leaf *fresh = held[place] = vmr_gc_alloc_tail(gc, types[LEAF], BYTES);
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
static void check_trim_among_cards(void) {
  static void *held;
  vmr_gc_root root = {.first = &held, .count = 1};
  for (int steps = 1; steps < 16; steps++) {
    vmr_gc *gc = make_heap_of(NULL, VMR_GC_GENERATIONAL | VMR_GC_INCREMENTAL, 8 << 20);
    held = NULL;
    vmr_gc_add_root(gc, &root);
    pair *old = held = make_pair(gc, 1);
    CHECK(vmr_gc_collect(gc, NULL) == VMR_OK);
    vmr_gc_write(gc, old, &old->left, make_pair(gc, 2));
    void *large[7];
    for (int i = 0; i < 7; i++) large[i] = vmr_gc_alloc_tail(gc, types[LEAF], 900000);
    for (int i = 0; i < 7; i++) CHECK(vmr_gc_release(gc, large[i]) == VMR_OK);
    CHECK(vmr_gc_alloc_tail(gc, types[LEAF], 2500000) != NULL && gc->is_marking); /* a young cycle begins */
    bool is_done = false;
    for (int i = 0; i < steps && !is_done; i++) is_done = vmr_gc_step(gc, 300);
    CHECK(vmr_gc_trim(gc) > 0);
    while (!is_done) is_done = vmr_gc_step(gc, 300);
    CHECK(vmr_gc_is_valid(gc) && ((pair *)old->left)->id == 2);
    vmr_gc_destroy(gc);
  }
}

/* What a context's metrics tell of its heaps, of those that are gone too. */
static void check_metrics(void) {
  vmr_ctx *ctx = NULL;
  vmr_metrics metrics;
  CHECK(vmr_ctx_create(&ctx, NULL) == VMR_OK);
  vmr_gc *gc = make_heap(ctx, VMR_GC_GENERATIONAL);
  vmr_gc_handle kept;
  CHECK(vmr_gc_handle_open(gc, make_pair(gc, 1), false, &kept) == VMR_OK);
  for (uint64_t i = 0; i < 100000; i++) make_pair(gc, i);
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

/* ---- release, depth, history ---- */

static void check_release(uint32_t flags) {
  enum { COUNT = 5000 };
  static void *held[COUNT];
  vmr_gc_root root = {.first = held, .count = COUNT};
  vmr_gc *gc = make_heap(NULL, flags);
  memset(held, 0, sizeof held);
  vmr_gc_add_root(gc, &root);
  for (int round = 0; round < 60; round++) {
    for (int i = 0; i < COUNT; i++) {
      if (held[i] == NULL) held[i] = make_pair(gc, (uint64_t)i);
      CHECK(((pair *)held[i])->id == (uint64_t)i && ((pair *)held[i])->left == NULL);
    }
    for (int i = 0; i < COUNT; i++) {
      if (below(2) == 0) continue;
      CHECK(vmr_gc_release(gc, held[i]) == VMR_OK);
      held[i] = NULL;
    }
    if (round % 7 == 3) CHECK(vmr_gc_collect(gc, NULL) == VMR_OK);
    CHECK(vmr_gc_is_valid(gc));
  }
  for (size_t bytes = 10000; bytes < 10000000; bytes *= 3)
    CHECK(vmr_gc_release(gc, vmr_gc_alloc_tail(gc, types[LEAF], bytes)) == VMR_OK && vmr_gc_is_valid(gc));
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK);
  uint64_t count = 0;
  for (int i = 0; i < COUNT; i++) count += held[i] != NULL;
  CHECK(vmr_gc_read_figures(gc).live_objects == count);
  vmr_gc_destroy(gc);
}

static void check_deep_and_wide(uint32_t flags, int deep) {
  static void *held;
  vmr_gc_root root = {.first = &held, .count = 1};
  vmr_gc *gc = make_heap(NULL, flags);
  held = NULL;
  vmr_gc_add_root(gc, &root);
  for (int i = 0; i < deep; i++) {
    pair *made = make_pair(gc, (uint64_t)i);
    vmr_gc_write(gc, made, &made->left, held);
    held = made;
  }
  CHECK(vmr_gc_collect(gc, NULL) == VMR_OK && vmr_gc_read_figures(gc).live_objects == (uint64_t)deep);
  held = vmr_gc_alloc_tail(gc, types[ARRAY], (size_t)deep);
  for (int i = 0; i < deep; i++) {
    pair *made = make_pair(gc, (uint64_t)i);
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
  vmr_gc *gc = make_heap(NULL, flags);
  held = NULL;
  vmr_gc_add_root(gc, &root);
  for (int t = 0; t < TABLES; t++) {
    VMR_GC_FRAME(gc, local, array * table; pair * chain;);
    local.table = vmr_gc_alloc_tail(gc, types[ARRAY], WIDE);
    vmr_gc_write(gc, local.table, &local.table->owner, held);
    for (int i = 0; i < WIDE; i++) {
      local.chain = held;
      for (int k = 0; k < CHAIN; k++) {
        pair *made = make_pair(gc, (uint64_t)i);
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
  vmr_gc *gc = make_heap(NULL, flags);
  uint64_t most = 0;
  memset(held, 0, sizeof held);
  vmr_gc_add_root(gc, &root);
  for (long i = 0; i < count; i++) {
    uint32_t place = below(LIVE);
    size_t length = below(16) == 0 ? below(2000) : below(20);
    void *made = i % 4 == 0 ? vmr_gc_alloc_tail(gc, types[LEAF], length) : (void *)make_pair(gc, (uint64_t)i);
    CHECK(made != NULL);
    if (i % 4 != 0) vmr_gc_write(gc, made, &((pair *)made)->left, i % 8 == 1 ? NULL : held[below(LIVE) / 2 * 2]);
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
  seed = run;
  run_random(NULL, flags, 1000);
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
    check_steps();
    check_steps_among_chunks(VMR_GC_MANUAL | VMR_GC_INCREMENTAL | VMR_GC_GENERATIONAL);
    return 0;
  }
  if (first > 0) count = 1;
  long allocations = count > 1 ? atol(arguments[1]) : 300000;
  for (int mode = first; mode < MODES; mode++) {
    for (uint64_t run = 1; run <= 4; run++) {
      seed = run;
      run_random(NULL, modes[mode] | (run % 2 != 0 ? VMR_GC_VERIFY : 0) | (run > 2 ? VMR_GC_MANUAL : 0), 12000);
    }
    check_handles(modes[mode]);
    check_finalisers(modes[mode]);
    check_release(modes[mode]);
    check_deep_and_wide(modes[mode], mode == 3 ? DEEP : DEEP / 20);
    check_two_threads(modes[mode]);
    soak(allocations, modes[mode]);
  }
  if (first > 0) return 0;
  check_steps();
  check_born_while_marking();
  check_metrics();
  check_trim_among_cards();
  check_steps_among_chunks(VMR_GC_MANUAL | VMR_GC_INCREMENTAL);
  check_steps_among_chunks(VMR_GC_MANUAL | VMR_GC_INCREMENTAL | VMR_GC_GENERATIONAL);
  check_limit();
  check_short_stack();
  check_faults();
  return 0;
}
