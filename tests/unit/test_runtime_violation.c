/* test_runtime_violation.c: what may be called when misuse was found, in the part that found it as well: the callback runs
 * when the part is whole and unlocked. A callback that waits for a lock would never end: an alarm ends it. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "tests/unit/runtime_ctx.h"
#include "tests/unit/short_of_memory.h"

typedef struct parts {
  vmr_arena *arena;
  vmr_pool *pool;
  vmr_shared_pool *shared_pool;
  vmr_heap *heap;
  vmr_plan *plan;
  void *put_again;   /* given back to both pools once more */
  vmr_status second; /* what came of it */
  char *made;        /* in the arena, by the callback */
  int calls;
  vmr_status what;
  const void *object;
} parts;

/* Uses every part, the one that found it among them. */
static void use_all(void *user, vmr_ctx *ctx, vmr_status what, const void *object, const char *words) {
  parts *all = user;
  vmr_metrics metrics;
  if (all->calls++ != 0) return; /* it finds more itself */
  all->what = what;
  all->object = object;
  assert_true(strlen(words) > 10);
  void *objects[300];
  for (int i = 0; i < 300; i++) objects[i] = vmr_shared_pool_get(all->shared_pool);
  for (int i = 0; i < 300; i++) assert_int_equal(vmr_shared_pool_put(all->shared_pool, objects[i]), VMR_OK);
  assert_int_equal(vmr_pool_put(all->pool, vmr_pool_get(all->pool)), VMR_OK);
  if (all->put_again != NULL) all->second = vmr_pool_put(all->pool, all->put_again);
  vmr_heap_free(vmr_heap_alloc(all->heap, 100));
  assert_int_equal(vmr_plan_leave(all->plan, vmr_plan_enter(all->plan, 100)), VMR_OK);
  all->made = vmr_arena_alloc(all->arena, 20);
  memset(all->made, 7, 20);
  vmr_trim_shared(ctx);
  assert_int_equal(vmr_metrics_read(ctx, &metrics, sizeof metrics), VMR_OK);
  (void)vmr_ctx_is_valid(ctx);
}

static vmr_ctx *make_parts(parts *all, uint32_t flags, size_t max_live) {
  vmr_options options = vmr_options_default();
  vmr_pool_options pool_options = vmr_pool_options_for(40, 0);
  vmr_ctx *ctx = NULL;
  alarm(60);
  *all = (parts){0};
  options.flags = VMR_IGNORE_ENVIRONMENT | flags;
  options.on_violation = use_all;
  options.violation_user = all;
  pool_options.max_live = max_live;
  assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_OK);
  assert_int_equal(vmr_arena_open(&all->arena, ctx, 0), VMR_OK);
  assert_int_equal(vmr_pool_create(&all->pool, ctx, &pool_options), VMR_OK);
  assert_int_equal(vmr_shared_pool_create(&all->shared_pool, ctx, &pool_options), VMR_OK);
  assert_int_equal(vmr_heap_create(&all->heap, ctx, VMR_HEAP_SHARED), VMR_OK);
  assert_int_equal(vmr_plan_create(&all->plan, ctx, 0), VMR_OK);
  return ctx;
}

/* All parts are as they should be, and go. */
static void drop_parts(vmr_ctx *ctx, parts *all) {
  assert_true(vmr_ctx_is_valid(ctx));
  assert_int_equal(vmr_plan_destroy(all->plan), VMR_OK);
  vmr_heap_destroy(all->heap);
  assert_int_equal(vmr_shared_pool_destroy(all->shared_pool), VMR_OK);
  assert_int_equal(vmr_pool_destroy(all->pool), VMR_OK);
  vmr_arena_destroy(all->arena);
  vmr_ctx_clear_status(ctx);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  alarm(0);
}

static void an_object_that_comes_back_twice(void **state) {
  (void)state;
  for (size_t max_live = 0; max_live <= 1000; max_live += 1000) { /* with magazines, and with the lock alone */
    parts all;
    vmr_ctx *ctx = make_parts(&all, 0, max_live);
    void *object = vmr_shared_pool_get(all.shared_pool);
    assert_int_equal(vmr_shared_pool_put(all.shared_pool, object), VMR_OK);
    assert_int_equal(vmr_shared_pool_put(all.shared_pool, object), VMR_DOUBLE_FREE);
    assert_int_equal(all.calls, 1);
    assert_int_equal(all.what, VMR_DOUBLE_FREE);
    assert_ptr_equal(all.object, object);
    all.calls = 0;
    assert_int_equal(vmr_shared_pool_put(all.shared_pool, &all), VMR_FOREIGN_POINTER);
    assert_int_equal(all.what, VMR_FOREIGN_POINTER);
    drop_parts(ctx, &all);
  }
}

static void an_object_of_a_heap_that_comes_back_twice(void **state) {
  (void)state;
  parts all;
  vmr_ctx *ctx = make_parts(&all, 0, 0);
  if (vmr_heap_range_bytes() == 0) skip();
  void *kept = vmr_heap_alloc(all.heap, 100), *object = vmr_heap_alloc(all.heap, 100);
  vmr_heap_free(object);
  vmr_heap_free(object);
  assert_int_equal(all.calls, 1);
  assert_int_equal(all.what, VMR_DOUBLE_FREE);
  vmr_heap_free(kept);
  drop_parts(ctx, &all);
}

/* `object` has 40 bytes: what is behind them is guarded. */
static void overwrite(char *object, size_t at) { object[at] ^= 1; }

#ifdef VMO_ADDRESS_SANITIZER
#define SKIP_IF_WATCHED skip() /* the sanitizer ends the program itself */
#else
#define SKIP_IF_WATCHED (void)0
#endif

static void a_shared_pool_whose_objects_were_overwritten(void **state) {
  (void)state;
  SKIP_IF_WATCHED;
  parts all;
  vmr_ctx *ctx = make_parts(&all, VMR_GUARD, 0);
  char *object = vmr_shared_pool_get(all.shared_pool);
  overwrite(object, 40);
  assert_false(vmr_shared_pool_is_valid(all.shared_pool));
  assert_int_equal(all.what, VMR_CORRUPTED);
  assert_ptr_equal(all.object, object);
  all.calls = 0;
  assert_false(vmr_ctx_is_valid(ctx));
  assert_true(all.calls > 0);
  all.calls = 0;
  assert_int_equal(vmr_shared_pool_put(all.shared_pool, object), VMR_CORRUPTED);
  assert_true(all.calls == 1);
  object = vmr_shared_pool_get(all.shared_pool);
  assert_int_equal(vmr_shared_pool_put(all.shared_pool, object), VMR_OK);
  overwrite(object, 7); /* it is idle, and the next one out */
  all.calls = 0;
  assert_ptr_equal(vmr_shared_pool_get(all.shared_pool), object);
  assert_true(all.calls > 0);
  assert_ptr_equal(all.object, object);
  assert_int_equal(vmr_shared_pool_put(all.shared_pool, object), VMR_OK);
  drop_parts(ctx, &all);
}

/* The callback gives back the very object that is being given back: it must not be idle twice. */
static void an_object_that_the_callback_gives_back_too(void **state) {
  (void)state;
  SKIP_IF_WATCHED;
  parts all;
  vmr_ctx *ctx = make_parts(&all, VMR_GUARD, 0);
  char *object = vmr_pool_get(all.pool);
  overwrite(object, 40);
  all.put_again = object;
  assert_int_equal(vmr_pool_put(all.pool, object), VMR_CORRUPTED);
  assert_int_equal(all.second, VMR_DOUBLE_FREE);
  assert_int_equal(vmr_pool_read_figures(all.pool).live, 0);
  drop_parts(ctx, &all);
}

static void a_scope_whose_objects_were_overwritten(void **state) {
  (void)state;
  SKIP_IF_WATCHED;
  parts all;
  vmr_ctx *ctx = make_parts(&all, VMR_GUARD, 0);
  vmr_scope scope = vmr_arena_begin(all.arena);
  overwrite(vmr_arena_alloc(all.arena, 40), 40);
  assert_int_equal(vmr_arena_end(&scope), VMR_CORRUPTED);
  assert_int_equal(all.what, VMR_CORRUPTED);
  char *next = vmr_arena_alloc(all.arena, 400); /* the callback's object lies behind the scope, and lives */
  memset(next, 9, 400);
  assert_true(is_filled(all.made, 20, 7));
  assert_true(vmr_arena_is_valid(all.arena));
  overwrite(next, 400);
  all.calls = 0;
  vmr_arena_reset(all.arena);
  assert_true(all.calls == 1);
  memset(vmr_arena_alloc(all.arena, 400), 9, 400);
  assert_true(is_filled(all.made, 20, 7));
  drop_parts(ctx, &all);
}

static void a_plan_whose_block_was_overwritten(void **state) {
  (void)state;
  SKIP_IF_WATCHED;
  parts all;
  vmr_ctx *ctx = make_parts(&all, VMR_GUARD, 0);
  char *block = vmr_plan_enter(all.plan, 40);
  overwrite(block, 40);
  assert_int_equal(vmr_plan_leave(all.plan, block), VMR_CORRUPTED);
  assert_true(all.calls == 1);
  assert_ptr_equal(all.object, block);
  assert_int_equal(vmr_plan_used_bytes(all.plan), 0);
  drop_parts(ctx, &all);
}

/* More than one operation tells of are counted nevertheless. */
static void many_objects_that_were_overwritten(void **state) {
  (void)state;
  SKIP_IF_WATCHED;
  enum { COUNT = 20 };
  misuse found = {0};
  vmr_ctx *ctx = make_watched_ctx(VMR_GUARD, &found);
  vmr_pool_options options = vmr_pool_options_for(40, 0);
  vmr_shared_pool *pool = NULL;
  vmr_metrics metrics;
  char *objects[COUNT];
  assert_int_equal(vmr_shared_pool_create(&pool, ctx, &options), VMR_OK);
  for (int i = 0; i < COUNT; i++) overwrite(objects[i] = vmr_shared_pool_get(pool), 40);
  assert_false(vmr_shared_pool_is_valid(pool));
  assert_true(found.count >= 8 && found.count <= COUNT);
  assert_int_equal(vmr_metrics_read(ctx, &metrics, sizeof metrics), VMR_OK);
  assert_int_equal(metrics.violations, COUNT);
  for (int i = 0; i < COUNT; i++) assert_int_equal(vmr_shared_pool_put(pool, objects[i]), VMR_CORRUPTED);
  assert_int_equal(vmr_shared_pool_destroy(pool), VMR_OK);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* A put that needs a magazine asks for memory: the pressure callback, too, runs without the lock. */
static void trim_shared(void *user, vmr_ctx *ctx, size_t wanted) {
  assert_true(wanted > 0);
  ++*(int *)user;
  vmr_trim_shared(ctx);
}

static void a_put_that_is_short_of_memory(void **state) {
  (void)state;
  enum { COUNT = 1000 };
  vmr_options options = vmr_options_default();
  vmr_pool_options pool_options = vmr_pool_options_for(40, 0);
  vmr_ctx *ctx = NULL;
  vmr_shared_pool *pool = NULL;
  void *objects[COUNT];
  int calls = 0;
  alarm(60);
  options.flags = VMR_IGNORE_ENVIRONMENT;
  options.on_pressure = trim_shared;
  options.pressure_user = &calls;
  assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_OK);
  assert_int_equal(vmr_shared_pool_create(&pool, ctx, &pool_options), VMR_OK);
  for (int i = 0; i < COUNT; i++) objects[i] = vmr_shared_pool_get(pool);
  vmr_ctx_set_limits(ctx, 0, current_bytes(ctx)); /* not a byte more */
  for (int i = 0; i < COUNT; i++) assert_int_equal(vmr_shared_pool_put(pool, objects[i]), VMR_OK);
#ifndef VMO_ADDRESS_SANITIZER /* there each operation takes the lock, and none a magazine */
  assert_true(calls > 0);
#endif
  assert_true(vmr_shared_pool_is_valid(pool));
  assert_int_equal(vmr_shared_pool_destroy(pool), VMR_OK);
  vmr_ctx_clear_status(ctx);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  alarm(0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_object_that_comes_back_twice),
      cmocka_unit_test(an_object_of_a_heap_that_comes_back_twice),
      cmocka_unit_test(a_shared_pool_whose_objects_were_overwritten),
      cmocka_unit_test(an_object_that_the_callback_gives_back_too),
      cmocka_unit_test(a_scope_whose_objects_were_overwritten),
      cmocka_unit_test(a_plan_whose_block_was_overwritten),
      cmocka_unit_test(many_objects_that_were_overwritten),
      cmocka_unit_test(a_put_that_is_short_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
