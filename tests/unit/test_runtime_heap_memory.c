/* test_runtime_heap_memory.c: the memory that heaps hold: objects that are large, what goes back to the system, limits, memory
 * that gets short, and each allocation failing. */
#define _GNU_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/heap_program.h"
#include "tests/unit/runtime_ctx.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memory_goes_back),
      cmocka_unit_test(a_limit_holds),
      cmocka_unit_test(a_limit_is_not_evaded),
      cmocka_unit_test(large_objects_are_not_rounded_by_much),
      cmocka_unit_test(large_objects_grow_and_shrink),
      cmocka_unit_test(memory_can_be_given_back_when_it_is_short),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
