/* collect_model.c: random programs over the collected heap, against a model that computes what can be reached: objects of four
 * types that know each other, held by roots, by strong and by weak handles, some with finalisers that resurrect them, some released
 * as soon as nothing refers to them. */
#include "tests/runtime/collect_model.h"

#include <stddef.h>
#include <string.h>

#include "tests/runtime/check.h"

enum { ROOTS = 40, CHILDREN = 12, OBJECTS = 10000, HOLDS = 8 };

uint64_t test_seed = 1;

uint32_t test_below(uint32_t limit) {
  test_seed = test_seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(test_seed >> 33) % limit;
}

/* ---- types ---- */

static void trace_values(vmr_gc_tracer *tracer, void *object, size_t bytes) {
  const traced *from = object;
  CHECK(bytes >= sizeof *from);
  for (int i = 0; i < 3; i++) vmr_gc_visit_value(tracer, from->values[i]);
}

const vmr_gc_layout TEST_LAYOUTS[KINDS] = {
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
  bool is_reached, has_final;
} model;

typedef struct hold { /* a strong handle */
  vmr_gc_handle handle;
  uint32_t id; /* 0: none */
} hold;

static model models[OBJECTS];
static uint32_t roots[ROOTS];
static void *root_objects[ROOTS];
static hold holds[HOLDS];
static int finals_run;
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
  for (int i = 0; i < HOLDS; i++) reach(holds[i].id, &count);
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
    CHECK(!m->has_final);
    if (m->weak != 0) {
      CHECK(vmr_gc_handle_close(gc, m->weak) == VMR_OK);
      CHECK(vmr_gc_handle_get(gc, m->weak, &object) == VMR_STALE_HANDLE && object == NULL);
      CHECK(vmr_gc_handle_close(gc, m->weak) == VMR_STALE_HANDLE);
    }
    *m = (model){0};
    unused[unused_count++] = i;
  }
}

/* A full collection, and more until no finaliser keeps anything any more. */
static bool collect_all(vmr_gc *gc) {
  int before;
  do {
    before = finals_run;
    if (vmr_gc_collect(gc, NULL) != VMR_OK) return false;
  } while (finals_run != before);
  check_collected(gc);
  return true;
}

/* ---- random programs ---- */

vmr_gc_type *test_types[KINDS];

static void *alloc_object(vmr_gc *gc, model *m, size_t *stride) {
  static const uint32_t lengths[] = {1, 2, 5, 12, 50, 300, 1000, 2500, 40000, 200000};
  uint32_t length = lengths[test_below(test_below(20) == 0 ? 10 : test_below(4) == 0 ? 7 : 5)];
  m->kind = (int)test_below(KINDS);
  *stride = 1;
  if (m->kind == PAIR || m->kind == TRACED) {
    m->child_count = m->kind == PAIR ? 2 : 3;
    return vmr_gc_alloc(gc, test_types[m->kind]);
  }
  if (m->kind == LEAF) return vmr_gc_alloc_tail(gc, test_types[LEAF], length);
  m->child_count = length < CHILDREN ? length + 1 : CHILDREN;
  *stride = length / (m->child_count - 1);
  return vmr_gc_alloc_tail(gc, test_types[ARRAY], length);
}

static void make_object(vmr_gc *gc) {
  model m = {0};
  size_t stride = 1;
  if (unused_count == 0 && (!collect_all(gc) || unused_count == 0)) return;
  m.object = alloc_object(gc, &m, &stride);
  if (m.object == NULL || unused_count == 0) return; /* a fault, or finalisers took the rest */
  uint32_t id = unused[--unused_count], place = test_below(ROOTS);
  for (size_t i = 0; i < vmr_gc_object_bytes(m.object); i++) CHECK(((char *)m.object)[i] == 0);
  models[id] = m;
  *id_of(&m) = id;
  if (m.kind == ARRAY) ((array *)m.object)->stride = stride;
  roots[place] = id;
  root_objects[place] = m.object;
  for (uint32_t k = 0; k < m.child_count; k++) {
    if (test_below(2) == 0) write_child(gc, &models[id], k, roots[test_below(ROOTS)]);
  }
  if (test_below(20) == 0 && vmr_gc_handle_open(gc, m.object, true, &models[id].weak) != VMR_OK) models[id].weak = 0;
}

/* Weak handles of what was only led to by an object that became due stand for nothing, though it lives on. */
static void forget_weak(vmr_gc *gc, uint32_t id) {
  uint32_t count = 0;
  for (uint32_t i = 1; i < OBJECTS; i++) models[i].is_reached = false;
  reach(id, &count);
  for (uint32_t at = 0; at < count; at++) {
    model *m = &models[todo[at]];
    void *object = NULL;
    CHECK(m->object != NULL && *id_of(m) == todo[at]); /* what it leads to is whole */
    for (uint32_t k = 0; k < m->child_count; k++) reach(m->children[k], &count);
    if (m->weak == 0) continue;
    CHECK(vmr_gc_handle_get(gc, m->weak, &object) == VMR_OK && (object == NULL || object == m->object));
    if (object == NULL) CHECK(vmr_gc_handle_close(gc, m->weak) == VMR_OK);
    if (object == NULL) m->weak = 0;
  }
}

static void finalise(vmr_gc *gc, void *object, void *user) {
  uint32_t id = (uint32_t)((model *)user - models), place = test_below(ROOTS);
  model *m = user;
  CHECK(m->object == object && m->has_final);
  finals_run++;
  m->has_final = false;
  forget_weak(gc, id);
  if (test_below(3) == 0) {
    roots[place] = id;
    root_objects[place] = object;
  }
  if (test_below(2) == 0) make_object(gc);
}

static void add_final(vmr_gc *gc) {
  model *m = &models[roots[test_below(ROOTS)]];
  if (m->object == NULL || m->has_final) return;
  m->has_final = vmr_gc_add_finaliser(gc, m->object, finalise, m) == VMR_OK;
}

/* Takes a strong handle of a root, or gives one up, whose object becomes a root. */
static void change_hold(vmr_gc *gc) {
  uint32_t place = test_below(ROOTS);
  hold *h = &holds[test_below(HOLDS)];
  if (h->id == 0) {
    if (roots[place] == 0 || vmr_gc_handle_open(gc, root_objects[place], false, &h->handle) != VMR_OK) return;
    h->id = roots[place];
  } else {
    CHECK(vmr_gc_handle_get(gc, h->handle, &root_objects[place]) == VMR_OK);
    CHECK(root_objects[place] == models[h->id].object && vmr_gc_handle_close(gc, h->handle) == VMR_OK);
    roots[place] = h->id;
    h->id = 0;
  }
}

/* Whether nothing but one root knows of an object, not even what is garbage. */
static bool is_alone(uint32_t id) {
  uint32_t count = 0;
  if (id == 0 || models[id].weak != 0 || models[id].has_final) return false;
  for (int i = 0; i < ROOTS; i++) count += roots[i] == id;
  for (int i = 0; i < HOLDS; i++) count += holds[i].id == id;
  for (uint32_t i = 1; i < OBJECTS && count == 1; i++) {
    for (uint32_t k = 0; k < models[i].child_count; k++) count += models[i].children[k] == id;
  }
  return count == 1;
}

static void release_one(vmr_gc *gc) {
  uint32_t place = test_below(ROOTS), id = roots[place];
  void *object = root_objects[place];
  if (!is_alone(id)) return;
  roots[place] = 0;
  root_objects[place] = NULL;
  models[id] = (model){0};
  unused[unused_count++] = id;
  CHECK(vmr_gc_release(gc, object) == VMR_OK);
}

/* Sets a root to a child of another one, so that the program walks through the graph. */
static void walk(void) {
  uint32_t place = test_below(ROOTS);
  const model *m = &models[roots[test_below(ROOTS)]];
  if (m->object == NULL || m->child_count == 0) return;
  uint32_t child = m->children[test_below(m->child_count)];
  roots[place] = child;
  root_objects[place] = child != 0 ? models[child].object : NULL;
}

/* Takes an object by its weak handle, which nothing else may lead to any more. */
static void take_weak(vmr_gc *gc) {
  uint32_t place = test_below(ROOTS), id = 1 + test_below(OBJECTS - 1);
  void *object = NULL;
  for (uint32_t i = 0; i < 200 && models[id].weak == 0; i++) id = 1 + test_below(OBJECTS - 1);
  if (models[id].weak == 0) return;
  CHECK(vmr_gc_handle_get(gc, models[id].weak, &object) == VMR_OK);
  if (object == NULL) return;
  CHECK(object == models[id].object);
  roots[place] = id;
  root_objects[place] = object;
}

static void step(vmr_gc *gc) {
  uint32_t what = test_below(105), place = test_below(ROOTS);
  model *m = &models[roots[place]];
  if (what < 50) {
    make_object(gc);
  } else if (what < 75) {
    if (m->object != NULL && m->child_count != 0)
      write_child(gc, m, test_below(m->child_count), test_below(4) != 0 ? roots[test_below(ROOTS)] : 0);
  } else if (what < 90) {
    walk();
  } else if (what < 93) {
    take_weak(gc);
  } else if (what < 95) {
    change_hold(gc);
  } else if (what < 98) {
    release_one(gc);
  } else if (what < 99) {
    add_final(gc);
  } else {
    roots[place] = 0;
    root_objects[place] = NULL;
  }
}

static void forget_all(void) {
  memset(holds, 0, sizeof holds);
  memset(models, 0, sizeof models);
  memset(roots, 0, sizeof roots);
  memset(root_objects, 0, sizeof root_objects);
  unused_count = 0;
  for (uint32_t i = 1; i < OBJECTS; i++) unused[unused_count++] = i;
}

vmr_gc *test_make_heap_of(vmr_ctx *ctx, uint32_t flags, size_t nursery_bytes) {
  vmr_gc_options options = vmr_gc_options_default();
  vmr_gc *gc = NULL;
  options.flags = flags;
  options.nursery_bytes = nursery_bytes;
  options.step_bytes = 2000;
  options.parallel_objects = 1;
  if (vmr_gc_create(&gc, ctx, &options) != VMR_OK) return NULL;
  for (int i = 0; i < KINDS; i++) {
    if (vmr_gc_add_type(gc, &TEST_LAYOUTS[i], &test_types[i]) != VMR_OK) {
      vmr_gc_destroy(gc);
      return NULL;
    }
  }
  return gc;
}

vmr_gc *test_make_heap(vmr_ctx *ctx, uint32_t flags) { return test_make_heap_of(ctx, flags, 100000); }

void test_run_random(vmr_ctx *ctx, uint32_t flags, int steps) {
  vmr_gc_root root = {.first = root_objects, .count = ROOTS};
  vmr_gc *gc = test_make_heap(ctx, flags);
  forget_all();
  if (gc == NULL) return;
  vmr_gc_add_root(gc, &root);
  for (int i = 0; i < steps; i++) {
    step(gc);
    uint32_t what = test_below(1000);
    if (what == 0) {
      CHECK(collect_all(gc) && vmr_gc_is_valid(gc));
    } else if (what < 4) {
      check_reachable();
      CHECK(vmr_gc_is_valid(gc));
    } else if (what == 4 || ((flags & VMR_GC_GENERATIONAL) != 0 && what > 960)) {
      CHECK(vmr_gc_collect_young(gc, NULL) == VMR_OK);
      CHECK(vmr_gc_read_figures(gc).live_objects >= check_reachable());
    } else if (what < 200 && (flags & VMR_GC_INCREMENTAL) != 0) {
      vmr_gc_step(gc, 1 + test_below(500));
    } else if (what == 200) {
      vmr_gc_trim(gc);
    } else if (what < 211) {
      check_reachable();
    }
  }
  for (int i = 0; i < HOLDS; i++) {
    if (holds[i].id != 0) CHECK(vmr_gc_handle_close(gc, holds[i].handle) == VMR_OK);
    holds[i].id = 0;
  }
  int before;
  do { /* finalisers set roots */
    before = finals_run;
    memset(roots, 0, sizeof roots);
    memset(root_objects, 0, sizeof root_objects);
    CHECK(collect_all(gc));
  } while (finals_run != before);
  vmr_gc_figures figures = vmr_gc_read_figures(gc);
  CHECK(figures.live_objects == 0 && figures.live_bytes == 0 && figures.allocated_objects == figures.freed_objects);
  bool has_young = (flags & VMR_GC_GENERATIONAL) == 0 || (flags & VMR_GC_MANUAL) != 0 || figures.young_cycles > 0;
  CHECK(figures.cycles > 1 && (has_young || steps < 10000));
  CHECK(vmr_gc_status(gc) != VMR_CORRUPTED && vmr_gc_is_valid(gc));
  vmr_gc_remove_root(gc, &root);
  vmr_gc_destroy(gc);
}

pair *test_make_pair(vmr_gc *gc, uint64_t id) {
  pair *made = vmr_gc_alloc(gc, test_types[PAIR]);
  CHECK(made != NULL);
  made->id = id;
  return made;
}
