/* test_runtime_heap.c: heaps against what heap.h promises: any size and alignment, pointers of malloc, realloc, heaps that
 * are never freed, address space that is short, fork, threads, faults; and random operations against a model. */
#define _GNU_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/unit/runtime_ctx.h"
#include "tests/unit/short_of_memory.h"

static vmr_heap *make_heap(uint32_t flags) {
  vmr_heap *heap = NULL;
  assert_int_equal(vmr_heap_create(&heap, NULL, flags), VMR_OK);
  return heap;
}

static void any_size_and_alignment(void **state) {
  (void)state;
  for (uint32_t flags = 0; flags < 8; flags++) {
    size_t least = (flags & VMR_HEAP_ALIGN8) != 0 ? 8 : 16;
    vmr_heap *heap = make_heap(flags);
    for (size_t alignment = 1; alignment <= 8 * MIB; alignment *= 4) {
      for (size_t bytes = 0; bytes < 5 * MIB; bytes = bytes * 3 / 2 + 7) {
        unsigned char *object = vmr_heap_aligned(heap, alignment, bytes);
        assert_non_null(object);
        assert_true((uintptr_t)object % (alignment < least ? least : alignment) == 0);
        assert_true(vmr_heap_usable_size(object) >= bytes);
        assert_ptr_equal(vmr_heap_of(object), heap);
        memset(object, 0xff, bytes);
        if (bytes % 3 == 0) vmr_heap_free(object);
      }
      assert_true(vmr_heap_is_valid(heap));
    }
    assert_true(vmr_heap_used_bytes(heap) > 0);
    vmr_heap_destroy(heap);
  }
}

/* Among full spans and in spans with room, in heaps of one thread and of many. */
static void the_place_given_back_last_is_given_first(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  enum { OBJECTS = 4000, LAST = OBJECTS - 1, APART = 1500 }; /* of 64 bytes; APART: in different spans */
  static void *objects[OBJECTS];
  for (uint32_t flags = 0; flags <= VMR_HEAP_SHARED; flags += VMR_HEAP_SHARED) {
    vmr_heap *heap = make_heap(flags);
    for (int i = 0; i < OBJECTS; i++) objects[i] = vmr_heap_alloc(heap, 64);
    static const int order[] = {0, APART, 1, 2 * APART, APART + 1, LAST, 2};
    int count = (int)(sizeof order / sizeof *order);
    for (int i = 0; i < count; i++) {
      vmr_heap_free(objects[order[i]]);
      assert_ptr_equal(vmr_heap_alloc(heap, 64), objects[order[i]]);
    }
    for (int i = 0; i < count; i++) vmr_heap_free(objects[order[i]]);
    assert_ptr_equal(vmr_heap_alloc(heap, 64), objects[order[count - 1]]);
    assert_true(vmr_heap_is_valid(heap));
    for (int i = 0; i < OBJECTS; i++) {
      if (i > 1 && i != APART && i != APART + 1 && i != 2 * APART && i != LAST) vmr_heap_free(objects[i]);
    }
    assert_int_equal(vmr_heap_used_bytes(heap), 0);
    assert_true(vmr_heap_is_valid(heap));
    vmr_heap_destroy(heap);
  }
}

static void sizes_are_rounded_by_a_quarter_at_most(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  vmr_heap *heap = make_heap(0);
  for (size_t bytes = 1; bytes <= 32 * KIB; bytes++) {
    void *object = vmr_heap_alloc(heap, bytes);
    size_t usable = vmr_heap_usable_size(object);
    assert_true(usable >= bytes && usable <= bytes + (bytes < 64 ? 15 : bytes / 4));
    vmr_heap_free(object);
  }
  assert_int_equal(vmr_heap_used_bytes(heap), 0);
  vmr_heap_destroy(heap);
}

/* Where eight bytes of alignment do, objects of whole words are not rounded up to 64 bytes, and lie side by side. */
static void objects_of_words_are_packed(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  vmr_heap *heap = make_heap(VMR_HEAP_ALIGN8);
  for (size_t bytes = 1; bytes <= 64; bytes++) {
    char *object = vmr_heap_alloc(heap, bytes), *next = vmr_heap_alloc(heap, bytes);
    assert_int_equal(vmr_heap_usable_size(object), (bytes + 7) / 8 * 8);
    if (bytes % 8 == 1) assert_ptr_equal(next, object + vmr_heap_usable_size(object));
    assert_int_equal((uintptr_t)vmr_heap_aligned(heap, 16, bytes) % 16, 0);
  }
  assert_true(vmr_heap_is_valid(heap));
  vmr_heap_destroy(heap);
}

/* A heap of no context that ends is the next one's, with the memory that it had, and with nothing else. */
static void heaps_that_end_begin_again(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  for (uint32_t flags = 0; flags < 8; flags++) {
    vmr_heap *heap = make_heap(0);
    unsigned char *object = vmr_heap_alloc(heap, 100), *other = vmr_heap_alloc(heap, 500);
    assert_true(object != NULL && other != NULL);
    /* what is malloc's, for want of pages, must not come back after the heap's end */
    assert_ptr_equal(vmr_heap_of(object + 1), heap);
    memset(object, 0xee, 100);
    memset(other, 0xee, 500);
    assert_null(vmr_heap_alloc(heap, SIZE_MAX / 2));
    vmr_heap_destroy(heap);
    vmr_heap_free(object); /* of nobody: nothing happens */
    vmr_heap *again = make_heap(flags);
    assert_ptr_equal(again, heap);
    assert_int_equal(vmr_heap_status(again), VMR_OK);
    assert_int_equal(vmr_heap_used_bytes(again), 0);
    unsigned char *fresh = vmr_heap_calloc(again, 1, 100);
    assert_non_null(fresh);
    assert_true(is_filled(fresh, 100, 0));
    if (flags == 0) assert_ptr_equal(fresh, object);
    assert_true(vmr_heap_used_bytes(again) >= 100 && vmr_heap_used_bytes(again) < 200);
    assert_true(vmr_heap_is_valid(again));
    vmr_heap_destroy(again);
  }
}

/* An object that grows by little again and again moves a number of times that the logarithm of its size bounds. */
static void what_creeps_moves_seldom(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  vmr_heap *heap = make_heap(0);
  unsigned char *object = NULL;
  int moves = 0;
  for (size_t bytes = 1; bytes <= 100 * KIB; bytes += 16) {
    unsigned char *grown = vmr_heap_realloc(heap, object, bytes);
    assert_non_null(grown);
    moves += grown != object;
    object = grown;
    object[bytes - 1] = (unsigned char)(bytes / 16);
  }
  for (size_t bytes = 1; bytes <= 100 * KIB; bytes += 16)
    assert_int_equal(object[bytes - 1], (unsigned char)(bytes / 16));
  assert_true(moves < 50);
  assert_true(vmr_heap_usable_size(object) < 200 * KIB);
  vmr_heap_destroy(heap);
}

/* Memory of large objects that were given back serves other heaps too, and is zero where that is asked for. */
static void memory_goes_from_heap_to_heap(void **state) {
  (void)state;
  for (int round = 0; round < 2; round++) {
    vmr_heap *heap = make_heap(0), *other = make_heap(VMR_HEAP_NEVER_FREED);
    vmr_bump bump = VMR_BUMP_WITH(0);
    unsigned char *object = vmr_heap_alloc(heap, 11 * MIB);
    assert_non_null(object);
    memset(object, 0xee, 11 * MIB);
    vmr_heap_free(object);
    for (int i = 0; i < 20; i++) {
      unsigned char *packed = vmr_heap_calloc(other, 1, 40 * KIB), *cut = vmr_bump_calloc(&bump, 1, 15 * KIB, 16);
      assert_true(packed != NULL && cut != NULL);
      assert_true(is_filled(packed, 40 * KIB, 0) && is_filled(cut, 10 * KIB, 0));
      memset(packed, 0xee, 40 * KIB);
      memset(cut, 0xee, 10 * KIB);
    }
    vmr_bump_release(&bump);
    vmr_heap_destroy(heap);
    vmr_heap_destroy(other);
  }
}

static void poisoned_heaps_fill_their_objects(void **state) {
  (void)state;
  vmr_ctx *ctx = make_watched_ctx(VMR_POISON, NULL);
  for (uint32_t flags = 0; flags < 2; flags++) {
    vmr_heap *heap = NULL;
    assert_int_equal(vmr_heap_create(&heap, ctx, flags), VMR_OK);
    for (size_t bytes = 1; bytes < 3 * MIB; bytes = bytes * 4 + 3) {
      unsigned char *object = vmr_heap_alloc(heap, bytes), *zeros = vmr_heap_calloc(heap, 1, bytes);
      assert_true(object != NULL && zeros != NULL);
      assert_true(is_filled(object, bytes, 0xcb) && is_filled(zeros, bytes, 0));
      vmr_heap_free(object);
      if (vmr_heap_range_bytes() != 0 && bytes > 64 && bytes < MIB) /* behind what links it to others */
        assert_true(is_filled(object + sizeof(void *), bytes - sizeof(void *), 0xdb));
    }
    assert_true(vmr_heap_is_valid(heap));
    vmr_heap_destroy(heap);
  }
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void pointers_of_malloc_are_welcome(void **state) {
  (void)state;
  vmr_heap *heap = make_heap(0);
  char *object = malloc(100);
  assert_null(vmr_heap_of(object));
  assert_true(vmr_heap_usable_size(object) >= 100);
  object = vmr_heap_realloc(heap, object, 1000);
  assert_non_null(object);
  assert_null(vmr_heap_of(object));
  vmr_heap_free(object);
  vmr_heap_free(NULL);
  assert_int_equal(vmr_heap_usable_size(NULL), 0);
  object = vmr_heap_alloc(NULL, 10); /* without a heap they are malloc, calloc, ... */
  assert_null(vmr_heap_of(object));
  object = vmr_heap_realloc(NULL, object, 20);
  assert_non_null(object);
  free(object);
  free(vmr_heap_calloc(NULL, 3, 4));
  free(vmr_heap_aligned(NULL, 64, 4));
  object = vmr_heap_realloc(heap, NULL, 20);
  assert_ptr_equal(vmr_heap_of(object), heap);
  vmr_heap_free(object);
  vmr_heap_destroy(heap);
  vmr_heap_destroy(NULL);
}

static void arguments_are_checked(void **state) {
  (void)state;
  vmr_heap *heap = NULL;
  assert_int_equal(vmr_heap_create(NULL, NULL, 0), VMR_INVALID_ARGUMENT);
  for (uint32_t flag = 16; flag != 0; flag *= 2)
    assert_int_equal(vmr_heap_create(&heap, NULL, flag), VMR_INVALID_ARGUMENT);
  assert_null(heap);
  heap = make_heap(0);
  errno = 0;
  assert_null(vmr_heap_calloc(heap, SIZE_MAX / 2, 3));
  assert_int_equal(errno, ENOMEM);
  assert_int_equal(vmr_heap_status(heap), VMR_SIZE_OVERFLOW);
  assert_null(vmr_heap_aligned(heap, 24, 8));
  assert_int_equal(errno, EINVAL);
  assert_null(vmr_heap_aligned(heap, 0, 8));
  assert_null(vmr_heap_aligned(heap, SIZE_MAX / 2 + 1, 8));
  for (size_t bytes = SIZE_MAX; bytes > SIZE_MAX / 4; bytes -= SIZE_MAX / 64) assert_null(vmr_heap_alloc(heap, bytes));
  void *object = vmr_heap_alloc(heap, 0), *other = vmr_heap_alloc(heap, 0);
  assert_true(object != NULL && other != NULL && object != other);
  assert_null(vmr_heap_realloc(heap, object, SIZE_MAX / 2));
  vmr_heap_destroy(heap);
}

static void calloc_gives_zeros_in_memory_that_was_used(void **state) {
  (void)state;
  vmr_heap *heap = make_heap(0);
  for (int round = 0; round < 3; round++) {
    for (size_t bytes = 1; bytes < 10 * MIB; bytes *= 5) {
      unsigned char *object = vmr_heap_calloc(heap, bytes, 1);
      for (size_t i = 0; i < bytes; i++) assert_int_equal(object[i], 0);
      memset(object, 0xee, bytes);
      vmr_heap_free(object);
    }
  }
  vmr_heap_destroy(heap);
}

static void memory_goes_back(void **state) {
  (void)state;
  enum { COUNT = 30000 };
  static void *objects[COUNT];
  vmr_ctx *ctx = make_ctx();
  vmr_heap *heap = NULL;
  assert_int_equal(vmr_heap_create(&heap, ctx, 0), VMR_OK);
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < COUNT; i++) {
      objects[i] = vmr_heap_alloc(heap, 50 + i % 900);
      memset(objects[i], 1, 50 + i % 900);
    }
    assert_true(vmr_heap_used_bytes(heap) >= COUNT * (size_t)450);
    assert_true(vmr_heap_reserved_bytes(heap) < COUNT * (size_t)700);
    for (size_t i = 0; i < COUNT; i++) vmr_heap_free(objects[(i * 7) % COUNT]);
    assert_int_equal(vmr_heap_used_bytes(heap), 0);
    assert_true(vmr_heap_is_valid(heap));
    vmr_trim(ctx);
    assert_int_equal(vmr_heap_reserved_bytes(heap), 0);
  }
  assert_non_null(vmr_heap_alloc(heap, 10 * MIB)); /* dies with the heap */
  vmr_heap_destroy(heap);
  assert_int_equal(current_bytes(ctx), 0);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void a_limit_holds(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  vmr_heap *heap = NULL;
  vmr_ctx_set_limits(ctx, 0, 7 * MIB);
  assert_int_equal(vmr_heap_create(&heap, ctx, 0), VMR_OK);
  size_t sum = 0;
  for (void *object; (object = vmr_heap_alloc(heap, 10000)) != NULL; sum += 10000) memset(object, 1, 10000);
  assert_true(sum > 5 * MIB && sum < 7 * MIB);
  assert_true(current_bytes(ctx) <= 7 * MIB);
  assert_int_equal(errno, ENOMEM);
  assert_int_equal(vmr_heap_status(heap), VMR_OUT_OF_MEMORY);
  assert_true(vmr_ctx_limits_hit(ctx) > 0);
  vmr_heap_destroy(heap);
  assert_int_equal(current_bytes(ctx), 0);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* What a limit refuses does not come from malloc instead; a fault fails the request that it is for, once. */
static void a_limit_is_not_evaded(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  vmr_ctx *ctx = make_ctx();
  vmr_heap *heap = NULL;
  vmr_ctx_set_limits(ctx, 0, MIB);
  assert_int_equal(vmr_heap_create(&heap, ctx, 0), VMR_OK);
  assert_null(vmr_heap_alloc(heap, 100)); /* a chunk is 2 MiB */
  assert_int_equal(vmr_ctx_limits_hit(ctx), 1);
  assert_int_equal(read_account(ctx, VMR_KIND_HEAP).failed, 1);
  vmr_ctx_set_limits(ctx, 0, 0);
  assert_non_null(vmr_heap_alloc(heap, 100));
  vmr_heap_destroy(heap);
  vmr_ctx_set_faults(ctx, 1000, 0, 0, 0);
  assert_int_equal(vmr_heap_create(&heap, ctx, 0), VMR_OK);
  for (uint64_t nth = 1; nth < 3; nth++) { /* the object, and its chunk */
    vmr_ctx_set_faults(ctx, nth, 0, 0, 0);
    assert_null(vmr_heap_alloc(heap, 100));
  }
  vmr_ctx_set_faults(ctx, 0, 0, 0, 0);
  vmr_heap_destroy(heap);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* Pages that are locked do not go back to the system, and are not zero when they are used again. */
static void calloc_gives_zeros_in_locked_memory(void **state) {
  (void)state;
  for (size_t bytes = MIB; bytes < 64 * MIB; bytes *= 3) {
    vmr_heap *heap = make_heap(0);
    unsigned char *object = vmr_heap_alloc(heap, bytes);
    assert_non_null(object);
    memset(object, 0xee, bytes);
    bool is_locked = mlock(object, 64 * KIB) == 0;
    vmr_heap_destroy(heap);
    heap = make_heap(0);
    unsigned char *again = vmr_heap_calloc(heap, 1, bytes);
    assert_true(is_filled(again, bytes, 0));
    if (is_locked) munlock(object, 64 * KIB);
    vmr_heap_destroy(heap);
  }
}

static void large_objects_are_not_rounded_by_much(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  vmr_heap *heap = make_heap(0);
  for (size_t bytes = 40 * KIB; bytes < 40 * MIB; bytes += bytes / 7) {
    void *object = vmr_heap_alloc(heap, bytes);
    size_t usable = vmr_heap_usable_size(object);
    assert_true(usable >= bytes && usable < bytes + (bytes <= 8 * MIB ? 64 * KIB : 2 * MIB));
    assert_int_equal(vmr_heap_used_bytes(heap), usable);
    assert_true(vmr_heap_is_valid(heap));
    vmr_heap_free(object);
  }
  void *objects[16];
  for (int i = 0; i < 16; i++) objects[i] = vmr_heap_alloc(heap, MIB + 100 * KIB);
  for (int i = 0; i < 16; i++) objects[i] = vmr_heap_realloc(heap, objects[i], 2 * MIB + 50 * KIB);
  assert_true(vmr_heap_is_valid(heap));
  for (int i = 0; i < 16; i++) vmr_heap_free(objects[i]);
  assert_true(vmr_heap_is_valid(heap));
  assert_int_equal(vmr_heap_used_bytes(heap), 0);
  vmr_heap_destroy(heap);
}

/* A large object that grows stays where it is, or has its pages moved; what it holds goes along. */
static void large_objects_grow_and_shrink(void **state) {
  (void)state;
  for (uint32_t flags = 0; flags < 4; flags++) {
    vmr_ctx *ctx = make_ctx();
    vmr_heap *heap = NULL;
    assert_int_equal(vmr_heap_create(&heap, ctx, flags), VMR_OK);
    unsigned char *object = vmr_heap_alloc(heap, 50 * KIB), *between = NULL;
    memset(object, 1, 50 * KIB);
    for (size_t bytes = 50 * KIB; bytes < 60 * MIB; bytes += bytes / 3) {
      object = vmr_heap_realloc(heap, object, bytes + bytes / 3);
      assert_non_null(object);
      assert_true(is_filled(object, bytes, 1));
      memset(object, 1, bytes + bytes / 3);
      vmr_heap_free(between);
      between = vmr_heap_alloc(heap, bytes / 2); /* in the way */
      memset(between, 2, bytes / 2);
      assert_true(vmr_heap_is_valid(heap));
    }
    for (size_t bytes = 60 * MIB; bytes > 10 * KIB; bytes -= bytes / 3) {
      object = vmr_heap_realloc(heap, object, bytes);
      assert_true(is_filled(object, bytes, 1));
      assert_true(vmr_heap_is_valid(heap));
    }
    vmr_heap_destroy(heap);
    assert_int_equal(current_bytes(ctx), 0);
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  }
}

static void misuse_is_reported(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  for (uint32_t guard = 0; guard < 2; guard++) {
    misuse found = {0};
    vmr_ctx *ctx = make_watched_ctx(guard != 0 ? VMR_GUARD : 0, &found);
    vmr_heap *heap = NULL;
    assert_int_equal(vmr_heap_create(&heap, ctx, 0), VMR_OK);
    for (size_t bytes = 16; bytes < 20 * MIB; bytes = bytes * 3 + 16) {
      char *object = vmr_heap_alloc(heap, bytes), *other = vmr_heap_alloc(heap, bytes);
      /* a heap that is short of its range is served by malloc, which ends a program that misuses it */
      assert_ptr_equal(vmr_heap_of(object + 8), heap);
      assert_ptr_equal(vmr_heap_of(other + 8), heap);
      vmr_heap_free(object + 8);
      assert_int_equal(found.what, VMR_FOREIGN_POINTER);
      assert_ptr_equal(found.object, object + 8);
      vmr_heap_free(object);
      int count = found.count;
      if (guard != 0) vmr_heap_free(other);
      vmr_heap_free(object);
      if (found.count != count) assert_int_equal(found.what, VMR_DOUBLE_FREE);
      if (bytes < 3 * MIB) assert_int_equal(found.count, count + 1); /* large ones may be the system's again */
      if (guard == 0) vmr_heap_free(other);
      assert_true(vmr_heap_is_valid(heap));
    }
    assert_int_equal(vmr_heap_status(heap), VMR_FOREIGN_POINTER);
    assert_int_equal(vmr_heap_used_bytes(heap), 0);
    vmr_heap_destroy(heap);
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  }
}

/* Objects that are never freed lie without a byte between them. */
static void never_freed_objects_are_packed(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  vmr_heap *heap = make_heap(VMR_HEAP_NEVER_FREED);
  char *last = vmr_heap_alloc(heap, 48);
  for (size_t i = 1; i < 2000; i++) {
    size_t bytes = 16 * (1 + i % 40);
    char *object = vmr_heap_alloc(heap, bytes);
    assert_ptr_equal(object, last + vmr_heap_usable_size(last));
    assert_int_equal(vmr_heap_usable_size(object), bytes);
    last = object;
  }
  assert_ptr_equal(vmr_heap_realloc(heap, last, 5000), last); /* the last one grows */
  assert_true(vmr_heap_usable_size(last) >= 5000);
  vmr_heap_destroy(heap);
}

static void trim(void *user, vmr_ctx *ctx, size_t wanted) {
  ++*(int *)user;
  assert_true(wanted > 0);
  vmr_trim(ctx);
}

/* The callback runs in the midst of an allocation of the heap, pool or plan that it then trims. */
static void memory_can_be_given_back_when_it_is_short(void **state) {
  (void)state;
  for (uint32_t flags = 0; flags < 4; flags++) {
    int calls = 0;
    vmr_options options = vmr_options_default();
    vmr_pool_options pool_options = vmr_pool_options_for(1000, 0);
    vmr_ctx *ctx = NULL;
    vmr_heap *heap = NULL;
    vmr_pool *pool = NULL;
    vmr_plan *plan = NULL;
    options.flags = VMR_IGNORE_ENVIRONMENT;
    options.hard_limit = 12 * MIB;
    options.on_pressure = trim;
    options.pressure_user = &calls;
    assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_OK);
    assert_int_equal(vmr_heap_create(&heap, ctx, flags), VMR_OK);
    assert_int_equal(vmr_pool_create(&pool, ctx, &pool_options), VMR_OK);
    assert_int_equal(vmr_plan_create(&plan, ctx, 0), VMR_OK);
    for (size_t i = 1; i < 400; i++) {
      void *object = vmr_heap_alloc(heap, 40000), *block = vmr_plan_enter(plan, i * 40000);
      if (block != NULL) {
        memset(block, 1, i * 40000);
        assert_int_equal(vmr_plan_leave(plan, block), VMR_OK);
      }
      if (object != NULL) memset(object, 2, 40000);
      if (i % 2 == 0) vmr_heap_free(object);
      void *one = vmr_pool_get(pool), *other = vmr_pool_get(pool);
      if (i % 3 == 0) assert_int_equal(vmr_pool_put(pool, one), VMR_OK);
      assert_true(one == NULL || one != other);
    }
    assert_true(calls > 0 && current_bytes(ctx) <= 12 * MIB);
    assert_true(vmr_heap_is_valid(heap) && vmr_pool_is_valid(pool));
    vmr_heap_destroy(heap);
    vmr_pool_destroy(pool);
    assert_int_equal(vmr_plan_destroy(plan), VMR_OK);
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  }
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  int failed = 0;
  for (uint64_t nth = 1; nth < 60; nth++) {
    vmr_heap *heap = NULL;
    vmr_ctx_set_faults(ctx, nth, 0, 0, 0);
    if (vmr_heap_create(&heap, ctx, 0) != VMR_OK) {
      failed++;
      continue;
    }
    for (size_t i = 0; i < 20; i++) {
      char *object = vmr_heap_alloc(heap, i * 500);
      char *grown = object != NULL ? vmr_heap_realloc(heap, object, i * 2000 + 100) : NULL;
      failed += grown == NULL;
      if (grown != NULL) memset(grown, 1, i * 2000 + 100);
      if (i % 2 == 0) vmr_heap_free(grown != NULL ? grown : object);
    }
    assert_true(vmr_heap_is_valid(heap));
    vmr_heap_destroy(heap);
    assert_int_equal(current_bytes(ctx), 0);
  }
  assert_true(failed > 30);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* ---- random operations against a model ---- */

enum { MODEL = 300 };

typedef struct model {
  unsigned char *bytes;
  size_t count;
  unsigned char fill;
} model;

static uint64_t random_below(uint64_t *seed, uint64_t limit) {
  *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (*seed >> 33) % limit;
}

/* Mostly small, sometimes large. */
static size_t random_size(uint64_t *seed) { return (size_t)random_below(seed, (uint64_t)1 << random_below(seed, 22)); }

static int check_fill(const model *object) {
  for (size_t i = 0; i < object->count; i++) {
    if (object->bytes[i] != object->fill) return 1;
  }
  return 0;
}

/* 0 when every byte that was written is read back. */
static int run_random_program(vmr_heap *heap, uint64_t seed, int steps) {
  model *objects = calloc(MODEL, sizeof *objects);
  int wrong = objects == NULL;
  for (int step = 0; step < steps && !wrong; step++) {
    model *object = &objects[random_below(&seed, MODEL)];
    size_t count = random_size(&seed);
    if (object->bytes != NULL && (wrong = check_fill(object)) != 0) break;
    uint64_t what = random_below(&seed, 4);
    if (object->bytes != NULL && what < 2) {
      vmr_heap_free(object->bytes);
      *object = (model){NULL, 0, 0};
      continue;
    }
    unsigned char *old = object->bytes;
    unsigned char *fresh = old != NULL ? vmr_heap_realloc(heap, old, count)
                           : what == 2 ? vmr_heap_calloc(heap, 1, count)
                                       : vmr_heap_aligned(heap, (size_t)1 << random_below(&seed, 13), count);
    if (fresh == NULL) {
      if (old == NULL || count != 0) return 2;
      *object = (model){NULL, 0, 0}; /* resized to nothing */
      continue;
    }
    object->bytes = fresh;
    if (old == NULL && what == 2 && count != 0) wrong = fresh[0] != 0 || fresh[count - 1] != 0;
    if (old != NULL && count < object->count) object->count = count;
    if (old != NULL) wrong |= check_fill(object);
    *object = (model){fresh, count, (unsigned char)step};
    memset(fresh, object->fill, count);
  }
  for (int i = 0; objects != NULL && i < MODEL; i++) {
    wrong |= objects[i].bytes != NULL ? check_fill(&objects[i]) : 0;
    if (i % 2 == 0) vmr_heap_free(objects[i].bytes);
  }
  free(objects);
  return wrong;
}

static void random_programs_keep_every_byte(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 8; seed++) {
    vmr_heap *heap = make_heap((uint32_t)seed % 8);
    assert_int_equal(run_random_program(heap, seed, 3000), 0);
    assert_true(vmr_heap_is_valid(heap));
    vmr_heap_destroy(heap);
  }
}

/* ---- little address space ---- */

static int live_without_range(void) {
  vmr_heap *heap = NULL, *other = NULL;
  if (vmr_heap_range_bytes() != 0) return 1;
  if (vmr_heap_create(&heap, NULL, 0) != VMR_OK || vmr_heap_create(&other, NULL, VMR_HEAP_NEVER_FREED) != VMR_OK)
    return 2;
  if (run_random_program(heap, 5, 2000) != 0 || run_random_program(other, 6, 200) != 0) return 3;
  char *object = vmr_heap_alloc(heap, 100);
  if (vmr_heap_of(object) != heap || !vmr_heap_is_valid(heap)) return 4;
  vmr_bump bump = VMR_BUMP_WITH(VMR_HEAP_ALIGN8);
  for (int i = 0; i < 50000; i++) {
    char *cut = vmr_bump_alloc8(&bump, 100);
    if (cut == NULL || !is_filled((unsigned char *)cut, 100, 0)) return 6;
    memset(cut, 1, 100);
  }
  for (size_t bytes = 100 * KIB; bytes < 2 * MIB; bytes += 90 * KIB) {
    char *cut = vmr_bump_calloc(&bump, 1, bytes, 8);
    if (cut == NULL || !is_filled((unsigned char *)cut, bytes, 0)) return 7;
    memset(cut, 1, bytes);
  }
  vmr_bump_release(&bump);
  if (vmr_heap_alloc(heap, 800 * MIB) != NULL || vmr_heap_status(heap) != VMR_OUT_OF_MEMORY) return 5;
  vmr_heap_free(object);
  vmr_heap_destroy(heap); /* with what is left in it */
  vmr_heap_destroy(other);
  return 0;
}

/* What a rewritten program, whose heaps have no context, is told from outside. */
static int live_poisoned(void) {
  vmr_heap *heap = NULL;
  vmr_bump bump = VMR_BUMP_WITH(0);
  if (setenv("VMEMRT_OPTIONS", "poison=1", 1) != 0 || vmr_heap_create(&heap, NULL, 0) != VMR_OK) return 1;
  unsigned char *object = vmr_heap_alloc(heap, 100), *cut = vmr_bump_alloc(&bump, 100);
  if (object == NULL || !is_filled(object, 100, 0xcb)) return 2;
  vmr_heap_free(object);
  if (!is_filled(object + 16, 84, 0xdb)) return 3;
  if (cut == NULL || !is_filled(cut, 100, 0xcb)) return 4;
  cut = vmr_bump_calloc(&bump, 10, 10, 16);
  return cut != NULL && is_filled(cut, 100, 0) && run_random_program(heap, 9, 1000) == 0 ? 0 : 5;
}

static int live_with_malloc(void) {
  vmr_heap *heap = NULL;
  vmr_bump bump = VMR_BUMP_WITH(0);
  if (setenv("VMEMRT_OPTIONS", "heap_malloc=1", 1) != 0 || vmr_heap_create(&heap, NULL, 0) != VMR_OK) return 1;
  char *object = vmr_heap_alloc(heap, 100), *cut = vmr_bump_alloc(&bump, 100);
  if (object == NULL || vmr_heap_of(object) != heap || vmr_heap_reserved_bytes(heap) > KIB) return 2;
  if (cut == NULL || bump.cursor != NULL) return 3; /* there is nothing to cut from */
  return run_random_program(heap, 10, 1000) == 0 && vmr_heap_is_valid(heap) ? 0 : 4;
}

static void the_environment_reaches_heaps_without_context(void **state) {
  (void)state;
  assert_succeeds_with_memory((size_t)1 << 36, live_poisoned);
  assert_succeeds_with_memory((size_t)1 << 36, live_with_malloc);
}

static int live_with_a_small_range(void) {
  vmr_heap *heap = NULL;
  if (vmr_heap_range_bytes() == 0 || vmr_heap_range_bytes() > 2048 * MIB) return 1;
  if (vmr_heap_create(&heap, NULL, 0) != VMR_OK) return 2;
  return run_random_program(heap, 7, 2000) != 0 ? 3 : 0;
}

/* The range is reserved once for the process; this runs before anything else did so. */
static void little_address_space_is_enough(void **state) {
  (void)state;
  assert_succeeds_with_memory(700 * MIB, live_without_range);
  assert_succeeds_with_memory(3000 * MIB, live_with_a_small_range);
}

/* ---- threads and fork ---- */

typedef struct exchange {
  vmr_heap *heap;
  void *_Atomic *mailbox;
  uint64_t seed;
  int wrong;
} exchange;

/* Allocates, writes, and gives back what the other thread left. */
static void *work(void *argument) {
  exchange *mine = argument;
  for (int i = 0; i < 20000; i++) {
    size_t bytes = 16 + random_size(&mine->seed) % 3000;
    unsigned char *object = vmr_heap_alloc(mine->heap, bytes);
    if (object == NULL) {
      mine->wrong = 1;
      break;
    }
    memset(object, 7, bytes);
    unsigned char *other = __atomic_exchange_n((void **)&mine->mailbox[i % 64], object, __ATOMIC_ACQ_REL);
    if (other != NULL && (other[0] != 7 || other[15] != 7)) mine->wrong = 1;
    vmr_heap_free(other);
  }
  return NULL;
}

static void threads_share_a_heap(void **state) {
  (void)state;
  static void *_Atomic mailbox[64];
  vmr_heap *heap = make_heap(VMR_HEAP_SHARED);
  exchange sides[2] = {{heap, mailbox, 1, 0}, {heap, mailbox, 2, 0}};
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, work, &sides[i]), 0);
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  assert_false(sides[0].wrong || sides[1].wrong);
  assert_true(vmr_heap_is_valid(heap));
  for (int i = 0; i < 64; i++) vmr_heap_free(mailbox[i]);
  assert_int_equal(vmr_heap_used_bytes(heap), 0);
  vmr_heap_destroy(heap);
}

static void a_child_of_a_busy_process_has_working_heaps(void **state) {
  (void)state;
  static void *_Atomic mailbox[64];
  vmr_heap *heap = make_heap(VMR_HEAP_SHARED);
  char *object = vmr_heap_alloc(heap, 1000);
  memset(object, 5, 1000);
  exchange side = {heap, mailbox, 3, 0};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, work, &side), 0);
  for (int i = 0; i < 20; i++) {
    pid_t child = fork();
    if (child == 0) {
      bool is_fine = object[999] == 5 && run_random_program(heap, (uint64_t)i, 100) == 0 && vmr_heap_is_valid(heap);
      _exit(is_fine ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_false(side.wrong);
  vmr_heap_destroy(heap);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(little_address_space_is_enough),
      cmocka_unit_test(the_environment_reaches_heaps_without_context),
      cmocka_unit_test(any_size_and_alignment),
      cmocka_unit_test(objects_of_words_are_packed),
      cmocka_unit_test(heaps_that_end_begin_again),
      cmocka_unit_test(what_creeps_moves_seldom),
      cmocka_unit_test(memory_goes_from_heap_to_heap),
      cmocka_unit_test(poisoned_heaps_fill_their_objects),
      cmocka_unit_test(the_place_given_back_last_is_given_first),
      cmocka_unit_test(sizes_are_rounded_by_a_quarter_at_most),
      cmocka_unit_test(pointers_of_malloc_are_welcome),
      cmocka_unit_test(arguments_are_checked),
      cmocka_unit_test(calloc_gives_zeros_in_memory_that_was_used),
      cmocka_unit_test(memory_goes_back),
      cmocka_unit_test(a_limit_holds),
      cmocka_unit_test(a_limit_is_not_evaded),
      cmocka_unit_test(calloc_gives_zeros_in_locked_memory),
      cmocka_unit_test(large_objects_are_not_rounded_by_much),
      cmocka_unit_test(large_objects_grow_and_shrink),
      cmocka_unit_test(misuse_is_reported),
      cmocka_unit_test(never_freed_objects_are_packed),
      cmocka_unit_test(memory_can_be_given_back_when_it_is_short),
      cmocka_unit_test(every_allocation_may_fail),
      cmocka_unit_test(random_programs_keep_every_byte),
      cmocka_unit_test(threads_share_a_heap),
      cmocka_unit_test(a_child_of_a_busy_process_has_working_heaps),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
