/* test_runtime_null.c: every public function accepts NULL for what it is to work on: it does nothing and says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "tests/unit/runtime_ctx.h"

static void contexts(void **state) {
  (void)state;
  vmr_account account;
  assert_int_equal(vmr_ctx_create(NULL, NULL), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_ctx_destroy(NULL), VMR_OK);
  assert_int_equal(vmr_ctx_status(NULL), VMR_OK);
  vmr_ctx_clear_status(NULL);
  assert_string_equal(vmr_ctx_message(NULL), "");
  vmr_ctx_set_limits(NULL, 1, 1);
  vmr_ctx_set_faults(NULL, 1, 1, 1, 1);
  assert_int_equal(vmr_trim(NULL) + vmr_trim_shared(NULL), 0);
  assert_true(vmr_ctx_is_valid(NULL));
  assert_int_equal(vmr_ctx_read_account(NULL, VMR_KIND_ALL, &account), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_ctx_limits_hit(NULL) + vmr_ctx_pressures(NULL), 0);
}

static void arenas(void **state) {
  (void)state;
  vmr_arena *nothing = NULL;
  assert_int_equal(vmr_arena_open(NULL, NULL, 0), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_arena_open_in(NULL, NULL, NULL, 0, false), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_arena_open_in(&nothing, NULL, NULL, 1000, false), VMR_INVALID_ARGUMENT);
  vmr_arena_destroy(nothing);
  vmr_arena_set_limit(nothing, 1);
  assert_null(vmr_arena_alloc(nothing, 1));
  assert_null(vmr_arena_alloc_slow(nothing, 1));
  assert_null(vmr_arena_alloc_aligned(nothing, 1, 1));
  assert_null(vmr_arena_alloc_array(nothing, 1, 1));
  assert_null(vmr_arena_grow(nothing, NULL, 0, 1));
  assert_false(vmr_arena_grow_last(nothing, NULL, 0, 1));
  assert_null(vmr_arena_copy_text(nothing, "a", 1));
  assert_null(vmr_arena_strdup(nothing, "a"));
  assert_int_equal(vmr_arena_on_release(nothing, free, NULL), VMR_INVALID_ARGUMENT);
  vmr_scope scope = vmr_arena_begin(nothing);
  assert_int_equal(vmr_arena_end(&scope), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_arena_end(NULL), VMR_INVALID_ARGUMENT);
  vmr_arena_reset(nothing);
  assert_int_equal(vmr_arena_trim(nothing), 0);
  assert_int_equal(vmr_arena_used_bytes(nothing) + vmr_arena_peak_bytes(nothing) + vmr_arena_reserved_bytes(nothing),
                   0);
  assert_int_equal(vmr_arena_status(nothing), VMR_OK);
  assert_true(vmr_arena_is_valid(nothing));
  assert_int_equal(vmr_arena_pool_create(NULL, NULL, 0, 0), VMR_INVALID_ARGUMENT);
  assert_null(vmr_arena_pool_acquire(NULL));
  assert_int_equal(vmr_arena_pool_release(NULL, NULL), VMR_OK);
  assert_int_equal(vmr_arena_pool_destroy(NULL), VMR_OK);
  vmr_arena *arena = vmr_arena_create(0);
  assert_int_equal(vmr_arena_pool_release(NULL, arena), VMR_INVALID_ARGUMENT);
  assert_null(vmr_arena_copy_text(arena, NULL, 5));
  assert_int_equal(vmr_arena_on_release(arena, NULL, NULL), VMR_INVALID_ARGUMENT);
  assert_string_equal(vmr_arena_strdup(arena, NULL), "");
  vmr_arena_destroy(arena);
}

static void pools_and_plans(void **state) {
  (void)state;
  vmr_pool *nothing = NULL;
  char bytes[64], *byte = bytes + 32;
  vmr_pool_options options = vmr_pool_options_for(8, 0);
  assert_int_equal(vmr_pool_create(NULL, NULL, &options), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_pool_create(&nothing, NULL, NULL), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_pool_create_in(&nothing, NULL, &options, NULL, 1000), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_pool_create_in(NULL, NULL, &options, byte, 1), VMR_INVALID_ARGUMENT);
  assert_null(vmr_pool_get(nothing));
  assert_null(vmr_pool_get_slow(nothing));
  assert_int_equal(vmr_pool_put(nothing, byte), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_pool_put_slow(nothing, byte), VMR_INVALID_ARGUMENT);
  assert_null(vmr_pool_next_live(nothing, NULL));
  assert_int_equal(vmr_pool_trim(nothing), 0);
  assert_int_equal(vmr_pool_read_figures(nothing).live, 0);
  assert_int_equal(vmr_pool_status(nothing), VMR_OK);
  assert_true(vmr_pool_is_valid(nothing));
  assert_int_equal(vmr_pool_destroy(nothing), VMR_OK);
  assert_int_equal(vmr_shared_pool_create(NULL, NULL, &options), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_shared_pool_create_in(NULL, NULL, &options, byte, 1), VMR_INVALID_ARGUMENT);
  assert_null(vmr_shared_pool_get(NULL));
  assert_int_equal(vmr_shared_pool_put(NULL, byte), VMR_INVALID_ARGUMENT);
  assert_null(vmr_shared_pool_next_live(NULL, NULL));
  assert_int_equal(vmr_shared_pool_trim(NULL), 0);
  assert_int_equal(vmr_shared_pool_read_figures(NULL).live, 0);
  assert_int_equal(vmr_shared_pool_status(NULL), VMR_OK);
  assert_true(vmr_shared_pool_is_valid(NULL));
  assert_int_equal(vmr_shared_pool_destroy(NULL), VMR_OK);

  vmr_plan *plan = NULL;
  void *places[1];
  assert_int_equal(vmr_plan_create(NULL, NULL, 0), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_plan_create_in(&plan, NULL, 0, NULL, 1000), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_plan_destroy(plan), VMR_OK);
  assert_null(vmr_plan_enter(plan, 1));
  assert_int_equal(vmr_plan_bind(plan, NULL, places), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_plan_leave(plan, NULL), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_plan_used_bytes(plan) + vmr_plan_peak_bytes(plan) + vmr_plan_reserved_bytes(plan), 0);
  assert_int_equal(vmr_plan_trim(plan), 0);
  assert_true(vmr_plan_is_valid(plan));
  assert_int_equal(vmr_plan_status(plan), VMR_OK);
}

static void heaps(void **state) {
  (void)state;
  assert_int_equal(vmr_heap_create(NULL, NULL, 0), VMR_INVALID_ARGUMENT);
  vmr_heap_destroy(NULL);
  free(vmr_heap_alloc(NULL, 1));
  free(vmr_heap_calloc(NULL, 1, 1));
  free(vmr_heap_realloc(NULL, NULL, 1));
  free(vmr_heap_aligned(NULL, 16, 1));
  assert_null(vmr_heap_aligned(NULL, 3, 1));
  vmr_heap_free(NULL);
  assert_int_equal(vmr_heap_usable_size(NULL), 0);
  assert_null(vmr_heap_of(NULL));
  assert_int_equal(vmr_heap_used_bytes(NULL) + vmr_heap_reserved_bytes(NULL), 0);
  assert_int_equal(vmr_heap_status(NULL), VMR_OK);
  assert_true(vmr_heap_is_valid(NULL));
}

static void texts(void **state) {
  (void)state;
  int64_t number;
  vmr_view rest = vmr_view_of(NULL), piece;
  assert_int_equal(vmr_interner_open(NULL, NULL, NULL), VMR_INVALID_ARGUMENT);
  vmr_interner_destroy(NULL);
  assert_int_equal(vmr_interner_add(NULL, "a", 1) + vmr_interner_find(NULL, "a", 1), 0);
  assert_null(vmr_interner_text(NULL, 1, NULL));
  assert_null(vmr_interner_view(NULL, 1).data);
  assert_int_equal(vmr_interner_count(NULL) + vmr_interner_trim(NULL), 0);
  assert_int_equal(vmr_interner_read_figures(NULL).symbols, 0);
  assert_int_equal(vmr_interner_status(NULL), VMR_OK);
  assert_true(vmr_interner_is_valid(NULL));
  vmr_interner *interner = vmr_interner_create();
  assert_int_equal(vmr_interner_add(interner, NULL, 3) + vmr_interner_find(interner, NULL, 3), 0);
  assert_int_equal(vmr_interner_add(interner, NULL, 0), 1);
  vmr_interner_destroy(interner);
  assert_int_equal(vmr_text_share(NULL).view.length, 0);
  assert_null(vmr_text_write(NULL, 1));
  assert_int_equal(vmr_text_append(NULL, vmr_view_of("a")), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_text_resize(NULL, 1), VMR_INVALID_ARGUMENT);
  vmr_text_release(NULL);
  assert_int_equal(vmr_view_compare(rest, vmr_view_of("")), 0);
  assert_int_equal(vmr_view_find(rest, rest), 0);
  assert_int_equal(vmr_view_trim(rest).length + vmr_view_trim_start(rest).length + vmr_view_trim_end(rest).length, 0);
  assert_false(vmr_view_split(NULL, rest, &piece));
  assert_false(vmr_view_split(&rest, rest, NULL));
  assert_int_equal(vmr_view_parse_i64(vmr_view_of("1"), NULL, NULL), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_view_parse_u64(vmr_view_of("1"), NULL, NULL), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_view_parse_hex(vmr_view_of("1"), NULL, NULL), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_view_parse_f64(vmr_view_of("1"), NULL, NULL), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_view_parse_i64(rest, &number, NULL), VMR_NOT_A_NUMBER);
}

static void figures(void **state) {
  (void)state;
  vmr_metrics metrics;
  vmr_task task;
  char text[100];
  assert_int_equal(vmr_metrics_read(NULL, &metrics, sizeof metrics), VMR_INVALID_ARGUMENT);
  assert_true(vmr_metrics_text(NULL, NULL, 0) > 0);
  assert_true(vmr_metrics_json(NULL, text, sizeof text) > 0);
  assert_true(vmr_metrics_prometheus(NULL, text, sizeof text) > 0);
  assert_int_equal(vmr_task_begin(NULL, &task), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_task_end(NULL, NULL), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_profile_create(NULL, NULL, NULL), VMR_INVALID_ARGUMENT);
  vmr_profile_destroy(NULL);
  vmr_profile_note(NULL, text, 1, NULL);
  vmr_profile_note_slow(NULL, text, 1, NULL);
  vmr_profile_forget(NULL, text);
  vmr_profile_forget_slow(NULL, text);
  vmr_profile_each_live(NULL, NULL, NULL);
  assert_int_equal(vmr_profile_folded(NULL, false, text, sizeof text), 0);
  assert_int_equal(vmr_profile_read_events(NULL, NULL, 0), 0);
  assert_int_equal(vmr_profile_status(NULL), VMR_OK);
  assert_int_equal(vmr_buffer_create(NULL, NULL, 1, 1), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_buffer_resize(NULL, 1, 1), VMR_INVALID_ARGUMENT);
  vmr_buffer_release(NULL);
  assert_int_equal(vmr_soa_reserve(NULL, NULL, NULL, 0, 1), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_soa_grow(NULL, NULL, NULL, 0), VMR_INVALID_ARGUMENT);
  vmr_soa_release(NULL, NULL, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(contexts), cmocka_unit_test(arenas), cmocka_unit_test(pools_and_plans),
      cmocka_unit_test(heaps),    cmocka_unit_test(texts),  cmocka_unit_test(figures),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
