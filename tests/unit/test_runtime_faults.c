/* test_runtime_faults.c: each allocation of a program that uses every part fails in turn, with and without guard bytes and with
 * a backing of the user's: nothing crashes, every part stays valid, nothing is left, and what failed says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "tests/unit/runtime_ctx.h"

VMR_SOA_DEFINE(points, (double, x), (int, count));

static void *obtain(void *user, size_t bytes) {
  ++*(size_t *)user;
  return malloc(bytes);
}

static void *resize(void *user, void *old, size_t old_bytes, size_t bytes) {
  (void)user, (void)old_bytes;
  return realloc(old, bytes);
}

static void release(void *user, void *memory, size_t bytes) {
  (void)bytes;
  --*(size_t *)user;
  free(memory);
}

static void use_arenas(vmr_ctx *ctx) {
  vmr_arena *arena = NULL;
  vmr_arena_pool *pool = NULL;
  if (vmr_arena_open(&arena, ctx, 2000) == VMR_OK) {
    vmr_scope scope = vmr_arena_begin(arena);
    char *object = vmr_arena_alloc_array(arena, 300, 10);
    object = object != NULL ? vmr_arena_grow(arena, object, 3000, 200000) : NULL;
    object = object != NULL ? vmr_arena_grow(arena, object, 200000, 400000) : NULL;
    if (object != NULL) memset(object, 1, 400000);
    (void)vmr_arena_strdup(arena, "text");
    assert_true(vmr_ctx_is_valid(ctx));
    assert_int_equal(vmr_arena_end(&scope), VMR_OK);
  }
  if (vmr_arena_pool_create(&pool, ctx, 0, 1) == VMR_OK) {
    vmr_arena *first = vmr_arena_pool_acquire(pool), *second = vmr_arena_pool_acquire(pool);
    assert_int_equal(vmr_arena_pool_release(pool, first), VMR_OK);
    assert_int_equal(vmr_arena_pool_release(pool, second), VMR_OK);
  }
  assert_int_equal(vmr_arena_pool_destroy(pool), VMR_OK);
  vmr_arena_destroy(arena);
}

static void use_pools(vmr_ctx *ctx) {
  enum { COUNT = 400 };
  void *objects[COUNT];
  vmr_pool_options options = vmr_pool_options_for(100, 0);
  vmr_pool *pool = NULL;
  vmr_shared_pool *shared = NULL;
  (void)vmr_pool_create(&pool, ctx, &options);
  for (int i = 0; i < COUNT; i++) objects[i] = vmr_pool_get(pool);
  assert_true(vmr_ctx_is_valid(ctx));
  for (int i = 0; i < COUNT; i++) assert_int_equal(vmr_pool_put(pool, objects[i]), VMR_OK);
  (void)vmr_shared_pool_create(&shared, ctx, &options);
  for (int i = 0; i < COUNT; i++) objects[i] = vmr_shared_pool_get(shared);
  assert_true(vmr_ctx_is_valid(ctx));
  for (int i = 0; i < COUNT; i++) assert_int_equal(vmr_shared_pool_put(shared, objects[i]), VMR_OK);
  vmr_trim(ctx);
  assert_int_equal(vmr_pool_destroy(pool), VMR_OK);
  assert_int_equal(vmr_shared_pool_destroy(shared), VMR_OK);
}

static void use_heaps(vmr_ctx *ctx) {
  for (uint32_t flags = 0; flags < 4; flags++) {
    vmr_heap *heap = NULL;
    if (vmr_heap_create(&heap, ctx, flags) != VMR_OK) continue;
    for (size_t bytes = 10; bytes < 5 * MIB; bytes *= 12) {
      void *object = vmr_heap_calloc(heap, 1, bytes), *grown = NULL;
      if (object != NULL) grown = vmr_heap_realloc(heap, object, bytes * 3);
      vmr_heap_free(grown != NULL ? grown : object);
    }
    assert_true(vmr_ctx_is_valid(ctx));
    vmr_heap_destroy(heap);
  }
}

static void use_texts(vmr_ctx *ctx) {
  vmr_interner_options options = vmr_interner_options_default();
  char name[10];
  for (int shared = 0; shared < 2; shared++) {
    vmr_interner *interner = NULL;
    options.is_shared = shared == 1;
    (void)vmr_interner_open(&interner, ctx, &options);
    for (int i = 0; i < 300; i++) {
      for (int k = 0; k < 9; k++) name[k] = (char)('a' + (i >> k) % 7);
      vmr_symbol symbol = vmr_interner_add(interner, name, 9);
      if (symbol != 0) assert_int_equal(vmr_interner_find(interner, name, 9), symbol);
    }
    assert_true(vmr_ctx_is_valid(ctx));
    vmr_interner_destroy(interner);
  }
  vmr_text text = vmr_text_borrow(ctx, vmr_view_of("borrowed")), copy = vmr_text_share(&text);
  if (vmr_text_append(&copy, vmr_view_of(" and more")) == VMR_OK) assert_int_equal(copy.view.length, 17);
  vmr_text_release(&copy);
  vmr_text_release(&text);
}

static void use_tables(vmr_ctx *ctx) {
  vmr_buffer buffer;
  vmr_plan *plan = NULL;
  points table;
  points_init(&table, ctx);
  for (int i = 0; i < 100; i++) (void)points_append(&table, (points_row){.x = i, .count = i});
  points_destroy(&table);
  if (vmr_buffer_create(&buffer, ctx, 100, 8) == VMR_OK) (void)vmr_buffer_resize(&buffer, 1000, 8);
  vmr_buffer_release(&buffer);
  if (vmr_plan_create(&plan, ctx, 0) == VMR_OK) {
    void *outer = vmr_plan_enter(plan, 1000), *inner = outer != NULL ? vmr_plan_enter(plan, 5000) : NULL;
    assert_true(vmr_ctx_is_valid(ctx));
    if (inner != NULL) assert_int_equal(vmr_plan_leave(plan, inner), VMR_OK);
    if (outer != NULL) assert_int_equal(vmr_plan_leave(plan, outer), VMR_OK);
  }
  assert_int_equal(vmr_plan_destroy(plan), VMR_OK);
}

static void use_profile(vmr_ctx *ctx) {
  vmr_profile_options options = vmr_profile_options_default();
  vmr_profile *profile = NULL;
  options.sample_bytes = 1;
  options.events = 10;
  if (vmr_profile_create(&profile, ctx, &options) == VMR_OK) assert_int_equal(vmr_profile_watch(profile), VMR_OK);
  use_tables(ctx);
  use_pools(ctx);
  vmr_profile_destroy(profile);
}

static void every_allocation_fails_once(void **state) {
  (void)state;
  void (*const uses[])(vmr_ctx *) = {use_arenas, use_pools, use_heaps, use_texts, use_tables, use_profile};
  for (size_t use = 0; use < 3 * (sizeof uses / sizeof *uses); use++) {
    size_t live = 0;
    vmr_options options = vmr_options_default();
    vmr_ctx *ctx = NULL;
    options.flags = VMR_IGNORE_ENVIRONMENT | (use % 3 == 1 ? VMR_GUARD : 0);
    if (use % 3 == 2) options.backing = (vmr_backing){obtain, resize, release, &live};
    assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_OK);
    uint64_t failed = 0;
    for (uint64_t nth = 1; failed == nth - 1 && nth < 5000; nth++) {
      vmr_ctx_set_faults(ctx, nth, 0, 0, 0);
      uses[use / 3](ctx);
      assert_int_equal(current_bytes(ctx), 0);
      failed = read_account(ctx, VMR_KIND_ALL).failed;
      assert_int_equal(vmr_ctx_status(ctx), failed == nth ? VMR_OUT_OF_MEMORY : VMR_OK); /* and no misuse */
      vmr_ctx_clear_status(ctx);
    }
    assert_true(failed > 5);
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
    assert_int_equal(live, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_fails_once)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
