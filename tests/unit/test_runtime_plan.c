/* test_runtime_plan.c: plans: the same block from call to call, calls within calls, growth that keeps content, wrong order,
 * tables, buffers of the caller's, faults and guard bytes. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/unit/runtime_ctx.h"
#include "tests/unit/short_of_memory.h"

static void calls_after_the_first_allocate_nothing(void **state) {
  (void)state;
  const vmr_plan_slot slots[] = {{0, 1000}, {1024, 3000}, {0, 4096}, {4096, 0}};
  const vmr_plan_table table = {slots, 4, 4096};
  void *addresses[4], *first = NULL;
  vmr_ctx *ctx = make_flagged_ctx(0);
  vmr_plan *plan = NULL;
  assert_int_equal(vmr_plan_create(&plan, ctx, 256), VMR_OK);
  for (int call = 0; call < 10; call++) {
    assert_int_equal(vmr_plan_bind(plan, &table, addresses), VMR_OK);
    assert_true((uintptr_t)addresses[0] % 256 == 0);
    assert_ptr_equal((char *)addresses[0] + 1024, addresses[1]);
    assert_ptr_equal(addresses[0], addresses[2]);
    if (call == 0) first = addresses[0];
    assert_ptr_equal(addresses[0], first);
    memset(addresses[2], call, 4096);
    assert_int_equal(read_account(ctx, VMR_KIND_PLAN).obtained, 2); /* the plan and its block */
    assert_int_equal(vmr_plan_used_bytes(plan), 4096);
    assert_int_equal(vmr_plan_leave(plan, addresses[0]), VMR_OK);
  }
  assert_int_equal(vmr_plan_peak_bytes(plan), 4096);
  assert_int_equal(vmr_plan_used_bytes(plan), 0);
  assert_true(vmr_trim(ctx) >= 4096);
  assert_int_equal(vmr_plan_reserved_bytes(plan), 0);
  assert_int_equal(vmr_plan_destroy(plan), VMR_OK);
  assert_int_equal(read_account(ctx, VMR_KIND_PLAN).current_bytes, 0);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static int recurse(vmr_plan *plan, int depth) {
  int *block = vmr_plan_enter(plan, 100 * sizeof(int));
  assert_non_null(block);
  for (int i = 0; i < 100; i++) block[i] = depth * 100 + i;
  int sum = depth > 0 ? recurse(plan, depth - 1) : 0;
  for (int i = 0; i < 100; i++) assert_int_equal(block[i], depth * 100 + i);
  assert_int_equal(vmr_plan_leave(plan, block), VMR_OK);
  return sum + 1;
}

static void each_activation_has_a_block(void **state) {
  (void)state;
  vmr_ctx *ctx = make_flagged_ctx(0);
  vmr_plan *plan = NULL;
  assert_int_equal(vmr_plan_create(&plan, ctx, 0), VMR_OK);
  assert_int_equal(recurse(plan, 20), 21);
  uint64_t obtained = read_account(ctx, VMR_KIND_PLAN).obtained;
  assert_int_equal(obtained, 22);
  assert_int_equal(recurse(plan, 20), 21);
  assert_int_equal(recurse(plan, 5), 6);
  assert_int_equal(read_account(ctx, VMR_KIND_PLAN).obtained, obtained);
  assert_int_equal(vmr_plan_peak_bytes(plan), 21 * 100 * sizeof(int)); /* planned bytes times the deepest activation */
  assert_int_equal(vmr_plan_destroy(plan), VMR_OK);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void growth_keeps_content_and_neighbours(void **state) {
  (void)state;
  vmr_plan *plan = NULL;
  assert_int_equal(vmr_plan_create(&plan, NULL, 0), VMR_OK);
  char *outer = vmr_plan_enter(plan, 50);
  memset(outer, 1, 50);
  for (size_t bytes = 10; bytes < 100000; bytes = bytes * 3 / 2) {
    char *inner = vmr_plan_enter(plan, bytes);
    if (bytes > 10) assert_int_equal(inner[9], 2);
    memset(inner, 2, bytes);
    char *innermost = vmr_plan_enter(plan, 20);
    memset(innermost, 3, 20);
    assert_int_equal(vmr_plan_leave(plan, inner), VMR_WRONG_ORDER);
    assert_int_equal(vmr_plan_leave(plan, NULL), VMR_OK);
    assert_int_equal(vmr_plan_leave(plan, inner), VMR_OK);
  }
  for (int i = 0; i < 50; i++) assert_int_equal(outer[i], 1);
  assert_int_equal(vmr_plan_leave(plan, outer), VMR_OK);
  assert_int_equal(vmr_plan_leave(plan, NULL), VMR_WRONG_ORDER);
  assert_int_equal(vmr_plan_status(plan), VMR_WRONG_ORDER);
  assert_non_null(vmr_plan_enter(plan, 0));
  assert_int_equal(vmr_plan_destroy(plan), VMR_STILL_IN_USE);
}

static void arguments_are_checked(void **state) {
  (void)state;
  const vmr_plan_slot late = {90, 20}, wraps = {SIZE_MAX, 2};
  const vmr_plan_table tables[] = {{&late, 1, 100}, {&wraps, 1, 100}, {NULL, 1, 100}};
  void *address = NULL;
  vmr_plan *plan = NULL;
  assert_int_equal(vmr_plan_create(NULL, NULL, 0), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_plan_create(&plan, NULL, 48), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_plan_create(&plan, NULL, SIZE_MAX / 2 + 1), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_plan_create_in(&plan, NULL, 0, &address, 8), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_plan_create_in(&plan, NULL, 0, NULL, 10000), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_plan_create(&plan, NULL, 1), VMR_OK);
  for (int i = 0; i < 3; i++) assert_int_equal(vmr_plan_bind(plan, &tables[i], &address), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_plan_bind(plan, NULL, &address), VMR_INVALID_ARGUMENT);
  assert_null(vmr_plan_enter(plan, SIZE_MAX));
  assert_null(vmr_plan_enter(plan, SIZE_MAX / 2));
  assert_int_equal(vmr_plan_used_bytes(plan), 0);
  assert_int_equal(vmr_plan_destroy(plan), VMR_OK);
  assert_int_equal(vmr_plan_destroy(NULL), VMR_OK);
}

static void a_plan_lives_in_a_buffer(void **state) {
  (void)state;
  static char buffer[4096];
  vmr_plan *plan = NULL;
  for (size_t skew = 0; skew < 3; skew++) {
    assert_int_equal(vmr_plan_create_in(&plan, NULL, 32, buffer + skew, sizeof buffer - 8), VMR_OK);
    for (int call = 0; call < 3; call++) {
      char *outer = vmr_plan_enter(plan, 1000 + (size_t)call * 200);
      memset(outer, 1, 1000 + (size_t)call * 200);
      char *inner = vmr_plan_enter(plan, 1000);
      if (call == 0) assert_non_null(inner);
      if (inner != NULL) {
        memset(inner, 2, 1000);
        assert_true(inner > buffer && inner + 1000 <= buffer + sizeof buffer);
        assert_int_equal(vmr_plan_leave(plan, inner), VMR_OK);
      }
      assert_null(vmr_plan_enter(plan, 4096));
      assert_int_equal(outer[999], 1);
      assert_int_equal(vmr_plan_leave(plan, outer), VMR_OK);
    }
    assert_int_equal(vmr_plan_destroy(plan), VMR_OK);
  }
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  vmr_ctx *ctx = make_flagged_ctx(0);
  int failed = 0;
  for (uint64_t nth = 1; nth < 80; nth++) {
    vmr_plan *plan = NULL;
    vmr_ctx_set_faults(ctx, nth, 0, 0, 0);
    failed += vmr_plan_create(&plan, ctx, 0) != VMR_OK;
    for (size_t i = 1; plan != NULL && i < 20; i++) {
      void *outer = vmr_plan_enter(plan, i * 100), *inner = vmr_plan_enter(plan, i * 50);
      failed += (outer == NULL) + (inner == NULL);
      if (inner != NULL) assert_int_equal(vmr_plan_leave(plan, inner), VMR_OK);
      if (outer != NULL) assert_int_equal(vmr_plan_leave(plan, outer), VMR_OK);
    }
    assert_int_equal(vmr_plan_destroy(plan), VMR_OK);
    assert_int_equal(read_account(ctx, VMR_KIND_PLAN).current_bytes, 0);
  }
  assert_true(failed > 30 && failed < 80);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void writes_behind_a_block_are_found(void **state) {
  (void)state;
#ifdef VMO_ADDRESS_SANITIZER
  skip(); /* the sanitizer finds them itself */
#endif
  vmr_ctx *ctx = make_flagged_ctx(VMR_GUARD);
  vmr_plan *plan = NULL;
  assert_int_equal(vmr_plan_create(&plan, ctx, 0), VMR_OK);
  for (size_t bytes = 200; bytes > 100; bytes -= 7) { /* within a larger block too */
    volatile char *block = vmr_plan_enter(plan, bytes);
    block[bytes - 1] = 1;
    assert_int_equal(vmr_plan_leave(plan, NULL), VMR_OK);
    block = vmr_plan_enter(plan, bytes);
    block[bytes] ^= 1;
    assert_int_equal(vmr_plan_leave(plan, NULL), VMR_CORRUPTED);
    assert_int_equal(vmr_ctx_status(ctx), VMR_CORRUPTED);
    vmr_ctx_clear_status(ctx);
  }
  assert_int_equal(vmr_plan_destroy(plan), VMR_OK);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void a_plan_knows_whether_it_is_valid(void **state) {
  (void)state;
#ifdef __SANITIZE_ADDRESS__
  skip(); /* the sanitizer finds it itself */
#endif
  misuse found = {0};
  vmr_ctx *ctx = make_watched_ctx(VMR_GUARD, &found);
  vmr_plan *plan = NULL;
  assert_int_equal(vmr_plan_create(&plan, ctx, 0), VMR_OK);
  assert_true(vmr_plan_is_valid(plan));
  char *outer = vmr_plan_enter(plan, 100), *inner = vmr_plan_enter(plan, 50);
  assert_true(vmr_plan_is_valid(plan) && vmr_ctx_is_valid(ctx));
  outer[100] ^= 1;
  assert_false(vmr_plan_is_valid(plan));
  assert_int_equal(found.what, VMR_CORRUPTED);
  assert_false(vmr_ctx_is_valid(ctx));
  outer[100] ^= 1;
  assert_int_equal(vmr_plan_leave(plan, inner), VMR_OK);
  assert_true(vmr_plan_is_valid(plan));
  assert_int_equal(vmr_plan_leave(plan, outer), VMR_OK);
  assert_int_equal(vmr_plan_destroy(plan), VMR_OK);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(calls_after_the_first_allocate_nothing),
      cmocka_unit_test(each_activation_has_a_block),
      cmocka_unit_test(growth_keeps_content_and_neighbours),
      cmocka_unit_test(arguments_are_checked),
      cmocka_unit_test(a_plan_lives_in_a_buffer),
      cmocka_unit_test(every_allocation_may_fail),
      cmocka_unit_test(a_plan_knows_whether_it_is_valid),
      cmocka_unit_test(writes_behind_a_block_are_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
