/* test_runtime_null.c: every public function accepts NULL for what it is to work on: it does nothing and says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "tests/unit/runtime_ctx.h"

VMR_SOA_DEFINE(points, (double, x), (int, count));

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
  assert_int_equal(vmr_plan_leave_open(plan, NULL), VMR_INVALID_ARGUMENT);
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

static void tables(void **state) {
  (void)state;
  points table, *none = NULL;
  points_init(none, NULL);
  assert_int_equal(points_reserve(none, 5), VMR_INVALID_ARGUMENT);
  assert_int_equal(points_append(none, (points_row){1, 2}), VMR_INVALID_ARGUMENT);
  assert_int_equal(points_swap_remove(none, 0), VMR_INVALID_ARGUMENT);
  points_set(none, 0, (points_row){1, 2});
  assert_int_equal(points_get(none, 0).count, 0);
  assert_int_equal(points_count(none), 0);
  assert_null(points_column_x(none));
  points_clear(none);
  points_destroy(none);
  points_init(&table, NULL);
  assert_int_equal(points_swap_remove(&table, 0), VMR_INVALID_ARGUMENT);
  assert_null(points_column_count(&table));
  points_destroy(&table);
}

static void collected_heaps(void **state) {
  (void)state;
  vmr_gc_type *type = NULL;
  vmr_gc_layout layout = {.name = "node", .bytes = 16};
  vmr_gc_handle handle = 1;
  vmr_gc_freed freed = {1, 1};
  vmr_gc_frame frame;
  void *object = &frame;
  assert_int_equal(vmr_gc_create(NULL, NULL, NULL), VMR_INVALID_ARGUMENT);
  vmr_gc_destroy(NULL);
  assert_int_equal(vmr_gc_status(NULL), VMR_OK);
  vmr_gc_clear_status(NULL);
  assert_int_equal(vmr_gc_add_type(NULL, &layout, &type), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_gc_add_type(NULL, &layout, NULL), VMR_INVALID_ARGUMENT);
  assert_null(vmr_gc_alloc(NULL, NULL));
  assert_null(vmr_gc_alloc_tail(NULL, NULL, 1));
  vmr_gc_shade(NULL, NULL);
  assert_int_equal(vmr_gc_release(NULL, NULL), VMR_OK);
  vmr_gc_add_root(NULL, NULL);
  vmr_gc_remove_root(NULL, NULL);
  vmr_gc_set_root_function(NULL, NULL, NULL);
  vmr_gc_set_profile(NULL, NULL);
  vmr_gc_note(NULL, NULL, NULL);
  vmr_gc_enter(NULL, &frame, sizeof frame);
  vmr_gc_leave(NULL, &frame);
  assert_int_equal(vmr_gc_handle_open(NULL, object, false, &handle), VMR_INVALID_ARGUMENT);
  assert_int_equal(handle, 0);
  assert_int_equal(vmr_gc_handle_get(NULL, 1, &object), VMR_STALE_HANDLE);
  assert_null(object);
  assert_int_equal(vmr_gc_handle_get(NULL, 1, NULL), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_gc_handle_close(NULL, 1), VMR_STALE_HANDLE);
  assert_int_equal(vmr_gc_add_finaliser(NULL, NULL, NULL, NULL), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_gc_collect(NULL, &freed), VMR_INVALID_ARGUMENT);
  assert_int_equal(freed.bytes + freed.objects, 0);
  assert_int_equal(vmr_gc_collect_young(NULL, NULL), VMR_INVALID_ARGUMENT);
  assert_false(vmr_gc_step(NULL, 100));
  assert_int_equal(vmr_gc_run_finalisers(NULL) + vmr_gc_trim(NULL), 0);
  assert_int_equal(vmr_gc_read_history(NULL, NULL, 0) + vmr_gc_read_types(NULL, NULL, 0), 0);
  assert_int_equal(vmr_gc_read_figures(NULL).cycles, 0);
  assert_true(vmr_gc_is_valid(NULL));
}

static void snapshots(void **state) {
  (void)state;
  vmr_snapshot_object object;
  vmr_growth growth;
  uint32_t count = 1;
  char text[100];
  assert_int_equal(vmr_snapshot_take(NULL, NULL), VMR_INVALID_ARGUMENT);
  vmr_snapshot_destroy(NULL);
  assert_int_equal(vmr_snapshot_count(NULL) + vmr_snapshot_find(NULL, text), 0);
  assert_int_equal(vmr_snapshot_read(NULL, 1, &object), VMR_INVALID_ARGUMENT);
  assert_null(vmr_snapshot_references(NULL, 1, &count));
  assert_int_equal(count, 0);
  assert_null(vmr_snapshot_references(NULL, 1, NULL));
  assert_true(vmr_snapshot_dot(NULL, text, sizeof text) > 0);
  assert_true(vmr_snapshot_json(NULL, text, sizeof text) > 0);
  assert_int_equal(vmr_snapshot_compare(NULL, NULL, &growth, 1), 0);
}

static void stores(void **state) {
  (void)state;
  vmr_value item = vmr_value_integer(1), made;
  vmr_cycles_figures figures;
  assert_int_equal(vmr_store_create(NULL, NULL, NULL), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_store_destroy(NULL), VMR_OK);
  assert_null(vmr_store_symbols(NULL));
  assert_int_equal(vmr_store_status(NULL), VMR_OK);
  vmr_store_clear_status(NULL);
  assert_int_equal(vmr_store_read_figures(NULL).made, 0);
  assert_int_equal(vmr_store_trim(NULL) + vmr_store_foreign_bytes(NULL), 0);
  assert_int_equal(vmr_store_collect_unused(NULL) + vmr_store_compress(NULL), 0);
  assert_true(vmr_store_is_valid(NULL));
  assert_int_equal(vmr_string_make(NULL, vmr_view_of("longer than a value has room for")).kind, VMR_VALUE_NONE);
  made = vmr_string_make(NULL, vmr_view_of("short"));
  assert_int_equal(vmr_string_view(NULL, &made).length, 5);
  assert_int_equal(vmr_string_view(NULL, NULL).length, 0);
  assert_int_equal(vmr_symbol_make(NULL, vmr_view_of("a")).kind, VMR_VALUE_NONE);
  assert_int_equal(vmr_list_make(NULL, &item, 1).kind, VMR_VALUE_NONE);
  assert_int_equal(vmr_list_set(NULL, item, 0, item), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_list_append(NULL, item, item), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_list_remove(NULL, item, 0), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_object_make(NULL).kind, VMR_VALUE_NONE);
  assert_int_equal(vmr_object_set(NULL, item, 1, item), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_object_remove(NULL, item, 1), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_foreign_make(NULL, NULL, NULL).kind, VMR_VALUE_NONE);
  assert_int_equal(vmr_expression_make(NULL, vmr_value_symbol(1), &item, 1).kind, VMR_VALUE_NONE);
  assert_int_equal(vmr_tuple_make(NULL, (vmr_value[]){item, vmr_value_real(1)}, 2).kind, VMR_VALUE_NONE);
  assert_int_equal(vmr_cycles_collect(NULL, 100, &figures), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_cycles_find(NULL, NULL, NULL), VMR_INVALID_ARGUMENT);
  vmr_value_release(NULL, item);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(contexts), cmocka_unit_test(arenas),          cmocka_unit_test(pools_and_plans),
      cmocka_unit_test(heaps),    cmocka_unit_test(texts),           cmocka_unit_test(figures),
      cmocka_unit_test(tables),   cmocka_unit_test(collected_heaps), cmocka_unit_test(snapshots),
      cmocka_unit_test(stores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
