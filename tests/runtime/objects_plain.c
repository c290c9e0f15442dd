/* objects_plain.c: arenas, pools, plans and heaps without cmocka, for builds of 32 bits: random operations against a model,
 * sizes at the end of size_t, buffers of the caller's. */
#include <stdint.h>
#include <string.h>

#include "tests/runtime/check.h"
#include "vmemrt.h"

enum { OBJECTS = 300 };

typedef struct model {
  unsigned char *bytes;
  size_t count;
  unsigned char fill;
} model;

static uint64_t seed;

static uint32_t below(uint32_t limit) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(seed >> 33) % limit;
}

static void fill(model *object, void *bytes, size_t count) {
  CHECK(bytes != NULL);
  *object = (model){bytes, count, (unsigned char)below(256)};
  memset(bytes, object->fill, count);
}

static void check_fill(const model *object) {
  for (size_t i = 0; i < object->count; i++) CHECK(object->bytes[i] == object->fill);
}

static void run_arena(vmr_arena *arena) {
  static model objects[OBJECTS];
  memset(objects, 0, sizeof objects);
  for (int step = 0; step < 3000; step++) {
    model *object = &objects[below(OBJECTS)];
    size_t count = below(1u << below(18)), alignment = (size_t)1 << below(10);
    check_fill(object);
    if (object->bytes != NULL && below(3) == 0 && count > object->count) {
      unsigned char *grown = vmr_arena_grow(arena, object->bytes, object->count, count);
      CHECK(grown != NULL);
      object->bytes = grown;
      check_fill(object);
      fill(object, grown, count);
    } else {
      fill(object, vmr_arena_alloc_aligned(arena, count, alignment), count);
      CHECK((uintptr_t)object->bytes % alignment == 0);
    }
    if (below(400) == 0) {
      CHECK(vmr_arena_is_valid(arena));
      vmr_arena_reset(arena);
      memset(objects, 0, sizeof objects);
    }
  }
  for (size_t bytes = SIZE_MAX; bytes > SIZE_MAX / 4; bytes -= SIZE_MAX / 64) {
    CHECK(vmr_arena_alloc(arena, bytes) == NULL);
    CHECK(vmr_arena_alloc_array(arena, bytes, 2) == NULL);
  }
}

static void run_pool(vmr_pool *pool, size_t bytes) {
  static model objects[OBJECTS];
  memset(objects, 0, sizeof objects);
  for (int step = 0; step < 5000; step++) {
    model *object = &objects[below(OBJECTS)];
    check_fill(object);
    if (object->bytes == NULL) {
      fill(object, vmr_pool_get(pool), bytes);
    } else {
      CHECK(vmr_pool_put(pool, object->bytes) == VMR_OK);
      if (below(10) == 0) CHECK(vmr_pool_put(pool, object->bytes) == VMR_DOUBLE_FREE);
      *object = (model){NULL, 0, 0};
    }
  }
  CHECK(vmr_pool_is_valid(pool));
}

static void run_heap(vmr_heap *heap) {
  static model objects[OBJECTS];
  memset(objects, 0, sizeof objects);
  for (int step = 0; step < 5000; step++) {
    model *object = &objects[below(OBJECTS)];
    size_t count = below(1u << below(18));
    check_fill(object);
    if (below(2) == 0) {
      vmr_heap_free(object->bytes);
      *object = (model){NULL, 0, 0};
    } else if (object->bytes != NULL && count == 0) {
      CHECK(vmr_heap_realloc(heap, object->bytes, 0) == NULL);
      *object = (model){NULL, 0, 0};
    } else {
      fill(object, vmr_heap_realloc(heap, object->bytes, count), count);
    }
  }
  CHECK(vmr_heap_is_valid(heap));
}

/* Objects that nobody gives back: each keeps what was written to it. */
static void run_bump(vmr_bump *bump, size_t granule) {
  enum { CUT = 3000 };
  static model objects[CUT];
  for (int i = 0; i < CUT; i++) {
    size_t count = below(1u << below(14));
    bool zeroed = below(2) == 0;
    unsigned char *bytes =
        below(9) == 0 ? vmr_bump_aligned(bump, 64, count) : vmr_bump_take(bump, count, granule, zeroed);
    CHECK(bytes != NULL && (uintptr_t)bytes % granule == 0);
    objects[i] = (model){NULL, 0, 0};
    fill(&objects[i], bytes, count);
  }
  for (int i = 0; i < CUT; i++) check_fill(&objects[i]);
  vmr_bump_release(bump);
  CHECK(bump->pieces == NULL && bump->total == 0);
}

int main(void) {
  static char buffer[1 << 20];
  vmr_arena *arena = vmr_arena_create(0);
  run_arena(arena);
  vmr_arena_destroy(arena);
  CHECK(vmr_arena_open_in(&arena, NULL, buffer + 3, sizeof buffer - 3, false) == VMR_OK);
  run_arena(arena);
  vmr_arena_destroy(arena);
  for (size_t bytes = 1; bytes < 200; bytes += 13) {
    vmr_pool_options options = vmr_pool_options_for(bytes, (size_t)1 << bytes % 8);
    vmr_pool *pool = NULL;
    CHECK(vmr_pool_create(&pool, NULL, &options) == VMR_OK);
    run_pool(pool, bytes);
    CHECK(vmr_pool_destroy(pool) == VMR_STILL_IN_USE);
    CHECK(vmr_pool_create_in(&pool, NULL, &options, buffer + 5, sizeof buffer - 5) == VMR_OK);
    run_pool(pool, bytes);
    CHECK(vmr_pool_destroy(pool) == VMR_STILL_IN_USE);
  }
  vmr_heap *heap = NULL;
  vmr_bump bump = {0}, words = VMR_BUMP_WITH(VMR_HEAP_ALIGN8);
  run_bump(&bump, 16);
  run_bump(&words, 8);
  static const uint32_t kinds[] = {0, VMR_HEAP_SHARED, VMR_HEAP_ALIGN8, VMR_HEAP_ALIGN8 | VMR_HEAP_SHARED};
  for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
    uint32_t flags = kinds[kind];
    CHECK(vmr_heap_create(&heap, NULL, flags) == VMR_OK);
    run_heap(heap);
    vmr_heap_destroy(heap);
  }
  vmr_plan *plan = NULL;
  CHECK(vmr_plan_create(&plan, NULL, 32) == VMR_OK);
  for (size_t bytes = 1; bytes < 100000; bytes = bytes * 2 + 1) {
    void *block = vmr_plan_enter(plan, bytes);
    CHECK(block != NULL && (uintptr_t)block % 32 == 0);
    memset(block, 1, bytes);
    CHECK(vmr_plan_leave(plan, block) == VMR_OK);
  }
  CHECK(vmr_plan_enter(plan, SIZE_MAX) == NULL);
  CHECK(vmr_plan_destroy(plan) == VMR_OK);
  return 0;
}
