/* test_runtime_limits.c: what fits below a limit is used to the last chunk; what no memory can meet is counted; many pools
 * live where there are few addresses. */
#define _GNU_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/runtime_ctx.h"
#include "tests/unit/short_of_memory.h"

static void *take(void *user, size_t bytes) {
  (void)user;
  return malloc(bytes);
}

static void *take_more(void *user, void *old, size_t old_bytes, size_t bytes) {
  (void)user, (void)old_bytes;
  return realloc(old, bytes);
}

static void give(void *user, void *memory, size_t bytes) {
  (void)user, (void)bytes;
  free(memory);
}

static vmr_ctx *make_limited_ctx(size_t limit, bool has_backing) {
  vmr_options options = vmr_options_default();
  vmr_ctx *ctx = NULL;
  options.flags = VMR_IGNORE_ENVIRONMENT;
  options.hard_limit = limit;
  if (has_backing) options.backing = (vmr_backing){take, take_more, give, NULL};
  assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_OK);
  return ctx;
}

/* Chunks and slabs double; the last ones are as small as the limit wants them. */
static void what_a_limit_leaves_is_used(void **state) {
  (void)state;
  for (size_t limit = 600 * KIB; limit <= 12 * MIB; limit = limit * 7 / 4) {
    for (int has_backing = 0; has_backing < 2; has_backing++) {
      vmr_ctx *ctx = make_limited_ctx(limit, has_backing == 1);
      vmr_arena *arena = NULL;
      assert_int_equal(vmr_arena_open(&arena, ctx, 0), VMR_OK);
      while (vmr_arena_alloc(arena, 1000) != NULL) continue;
      assert_true(current_bytes(ctx) > limit - 5 * KIB);
      assert_true(current_bytes(ctx) <= limit);
      assert_true(vmr_arena_is_valid(arena));
      vmr_arena_destroy(arena);
      vmr_pool_options options = vmr_pool_options_for(1000, 0);
      vmr_pool *pool = NULL;
      assert_int_equal(vmr_pool_create(&pool, ctx, &options), VMR_OK);
      while (vmr_pool_get(pool) != NULL) continue;
      assert_true(current_bytes(ctx) > limit - limit / 50 - 40 * KIB);
      assert_true(current_bytes(ctx) <= limit);
      assert_true(vmr_pool_is_valid(pool));
      assert_int_equal(vmr_pool_destroy(pool), VMR_STILL_IN_USE);
      assert_int_equal(current_bytes(ctx), 0);
      assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
    }
  }
}

/* Slabs that were given back are opened again as far as there is room for them. */
static void a_trimmed_pool_grows_again_below_a_limit(void **state) {
  (void)state;
  enum { COUNT = 3000 };
  static void *objects[COUNT];
  vmr_ctx *ctx = make_limited_ctx(8 * MIB, false);
  vmr_pool_options options = vmr_pool_options_for(1000, 0);
  vmr_pool *pool = NULL;
  vmr_arena *arena = NULL;
  assert_int_equal(vmr_pool_create(&pool, ctx, &options), VMR_OK);
  assert_int_equal(vmr_arena_open(&arena, ctx, 0), VMR_OK);
  for (int i = 0; i < COUNT; i++) assert_non_null(objects[i] = vmr_pool_get(pool));
  for (int i = 0; i < COUNT; i++) assert_int_equal(vmr_pool_put(pool, objects[i]), VMR_OK);
  assert_true(vmr_trim(ctx) > COUNT * 1000);
  assert_non_null(vmr_arena_alloc(arena, 7500 * KIB));
  int count = 0;
  while (vmr_pool_get(pool) != NULL) count++;
  assert_true(count > 300);
  assert_true(vmr_pool_is_valid(pool));
  vmr_arena_destroy(arena);
  while (count < COUNT && vmr_pool_get(pool) != NULL) count++;
  assert_int_equal(count, COUNT);
  assert_true(vmr_pool_is_valid(pool));
  assert_int_equal(vmr_pool_destroy(pool), VMR_STILL_IN_USE);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static uint64_t count_failed(vmr_ctx *ctx) {
  vmr_metrics metrics;
  assert_int_equal(vmr_metrics_read(ctx, &metrics, sizeof metrics), VMR_OK);
  return metrics.failed_allocations;
}

VMR_SOA_DEFINE(table, (int64_t, number));

static void what_no_memory_can_meet_is_counted(void **state) {
  (void)state;
  for (uint32_t flags = 0; flags <= VMR_GUARD; flags += VMR_GUARD) {
    vmr_ctx *ctx = make_flagged_ctx(flags);
    vmr_arena *arena = NULL;
    vmr_plan *plan = NULL;
    vmr_interner *interner = NULL;
    vmr_buffer buffer;
    vmr_text text = vmr_text_borrow(ctx, vmr_view_of("some"));
    table rows;
    uint64_t count = 0;
    table_init(&rows, ctx);
    assert_int_equal(vmr_arena_open(&arena, ctx, 0), VMR_OK);
    assert_int_equal(vmr_plan_create(&plan, ctx, 0), VMR_OK);
    assert_int_equal(vmr_interner_open(&interner, ctx, NULL), VMR_OK);
    assert_null(vmr_arena_alloc(arena, SIZE_MAX));
    assert_int_equal(count_failed(ctx), ++count);
    assert_null(vmr_arena_alloc_array(arena, SIZE_MAX, 2));
    assert_int_equal(count_failed(ctx), ++count);
    assert_null(vmr_arena_copy_text(arena, "text", SIZE_MAX));
    assert_int_equal(count_failed(ctx), ++count);
    assert_null(vmr_plan_enter(plan, SIZE_MAX / 2));
    assert_int_equal(count_failed(ctx), ++count);
    assert_int_equal(vmr_interner_add(interner, "text", SIZE_MAX), 0);
    assert_int_equal(count_failed(ctx), ++count);
    assert_int_equal(vmr_buffer_create(&buffer, ctx, SIZE_MAX, 2), VMR_SIZE_OVERFLOW);
    assert_int_equal(count_failed(ctx), ++count);
    assert_int_equal(vmr_text_resize(&text, SIZE_MAX - 1), VMR_SIZE_OVERFLOW);
    assert_int_equal(count_failed(ctx), ++count);
    assert_int_equal(vmr_text_append(&text, vmr_view_make("more", SIZE_MAX - 1)), VMR_SIZE_OVERFLOW);
    assert_int_equal(count_failed(ctx), ++count);
    assert_null(vmr_text_write(&text, SIZE_MAX - 1));
    assert_int_equal(count_failed(ctx), ++count);
    assert_int_equal(table_reserve(&rows, SIZE_MAX / 4), VMR_SIZE_OVERFLOW);
    assert_int_equal(count_failed(ctx), ++count);
    vmr_interner_destroy(interner);
    assert_int_equal(vmr_plan_destroy(plan), VMR_OK);
    vmr_arena_destroy(arena);
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  }
}

/* ---- few addresses ---- */

static size_t count_addresses(void) {
  size_t pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%zu", &pages) != 1) pages = 0;
  if (file != NULL) (void)fclose(file);
  return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* 0: 40 pools leave the program its share. */
static int make_many_pools(void) {
  size_t most = count_addresses() + 320 * MIB;
  if (setrlimit(RLIMIT_AS, &(struct rlimit){most, most}) != 0) return 2;
  vmr_ctx *ctx = make_ctx();
  vmr_pool_options options = vmr_pool_options_for(64, 0);
  vmr_pool *pools[40];
  for (int i = 0; i < 40; i++) {
    if (vmr_pool_create(&pools[i], ctx, &options) != VMR_OK) return 3;
    void *object = vmr_pool_get(pools[i]);
    if (object == NULL || vmr_pool_put(pools[i], object) != VMR_OK || !vmr_pool_is_valid(pools[i])) return 4;
  }
  void *memory = malloc(200 * MIB);
  if (memory == NULL) return 5;
  free(memory);
  for (int i = 0; i < 40; i++) {
    if (vmr_pool_destroy(pools[i]) != VMR_OK) return 6;
  }
  return vmr_ctx_destroy(ctx) == VMR_OK ? 0 : 7;
}

/* 0: pages that the system does not open are neither used nor booked. */
static int run_out_of_pages(void) {
  vmr_ctx *ctx = make_ctx();
  vmr_pool_options options = vmr_pool_options_for(64, 0);
  vmr_pool *pool = NULL;
  int count = 0;
  struct rlimit limit;
  if (vmr_pool_create(&pool, ctx, &options) != VMR_OK || vmr_pool_get(pool) == NULL) return 2;
  free(malloc(100 * KIB)); /* for records, and the stack */
  if (getrlimit(RLIMIT_DATA, &limit) != 0 || setrlimit(RLIMIT_DATA, &(struct rlimit){4 * KIB, limit.rlim_max}) != 0)
    return 3;
  while (count < 1000000 && vmr_pool_get(pool) != NULL) count++;
  if (setrlimit(RLIMIT_DATA, &limit) != 0 || count == 1000000) return 4;
  if (count_failed(ctx) == 0 || !vmr_ctx_is_valid(ctx) || vmr_pool_get(pool) == NULL) return 5;
  if (vmr_pool_destroy(pool) != VMR_STILL_IN_USE) return 6;
  return vmr_ctx_destroy(ctx) == VMR_OK ? 0 : 7;
}

static void assert_child_returns_0(int (*run)(void)) {
#ifdef VMO_ADDRESS_SANITIZER
  skip(); /* its own addresses are too many for a limit */
#endif
  int status = -1;
  pid_t child = fork();
  if (child == 0) _exit(run());
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

static void pools_are_modest_where_addresses_are_few(void **state) {
  (void)state;
  assert_child_returns_0(make_many_pools);
}

static void a_slab_without_pages_is_not_booked(void **state) {
  (void)state;
  assert_child_returns_0(run_out_of_pages);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_a_limit_leaves_is_used),        cmocka_unit_test(a_trimmed_pool_grows_again_below_a_limit),
      cmocka_unit_test(what_no_memory_can_meet_is_counted), cmocka_unit_test(pools_are_modest_where_addresses_are_few),
      cmocka_unit_test(a_slab_without_pages_is_not_booked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
