/* test_runtime_metrics.c: figures agree with what was done, outlive what they were read off, and have three valid forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "tests/unit/runtime_ctx.h"

static vmr_metrics read_metrics(vmr_ctx *ctx) {
  vmr_metrics metrics;
  assert_int_equal(vmr_metrics_read(ctx, &metrics, sizeof metrics), VMR_OK);
  return metrics;
}

static void assert_counters_not_below(const vmr_metrics *now, const vmr_metrics *before) {
#define COUNTER(name) assert_true(now->name >= before->name)
#define GAUGE(name) (void)0
#define NOT_BELOW(KIND, type, name, help) KIND(name);
  VMR_METRICS(NOT_BELOW)
#undef NOT_BELOW
#undef COUNTER
#undef GAUGE
}

/* 10 gets of which 4 find an object that came back. */
static vmr_pool *use_pool(vmr_ctx *ctx) {
  vmr_pool_options options = vmr_pool_options_for(48, 16);
  vmr_pool *pool = NULL;
  void *objects[6];
  assert_int_equal(vmr_pool_create(&pool, ctx, &options), VMR_OK);
  for (int i = 0; i < 6; i++) objects[i] = vmr_pool_get(pool);
  for (int i = 0; i < 4; i++) vmr_pool_put(pool, objects[i]);
  for (int i = 0; i < 4; i++) objects[i] = vmr_pool_get(pool);
  for (int i = 0; i < 4; i++) vmr_pool_put(pool, objects[i]);
  vmr_pool_put(pool, objects[4]);
  return pool;
}

static void figures_are_those_of_what_lives(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  vmr_arena *arena = NULL;
  vmr_interner *interner = NULL;
  assert_int_equal(vmr_arena_open(&arena, ctx, 4096), VMR_OK);
  assert_int_equal(vmr_interner_open(&interner, ctx, NULL), VMR_OK);
  vmr_pool *pool = use_pool(ctx);
  for (int i = 0; i < 10; i++) assert_non_null(vmr_arena_alloc(arena, 160));
  vmr_interner_add(interner, "alpha", 5);
  vmr_interner_add(interner, "alpha", 5);
  vmr_interner_add(interner, "beta", 4);
  vmr_metrics metrics = read_metrics(ctx);
  vmr_account all;
  assert_int_equal(vmr_ctx_read_account(ctx, VMR_KIND_ALL, &all), VMR_OK);
  assert_int_equal(metrics.current_bytes, all.current_bytes);
  assert_int_equal(metrics.peak_bytes, all.peak_bytes);
  assert_int_equal(metrics.obtained_bytes, all.total_bytes);
  assert_int_equal(metrics.allocations, all.obtained + 10);
  assert_int_equal(metrics.arenas, 1);
  assert_int_equal(metrics.arena_used_bytes, vmr_arena_used_bytes(arena));
  assert_true(metrics.arena_used_bytes >= 1600);
  assert_int_equal(metrics.arena_waste_bytes, vmr_arena_reserved_bytes(arena) - vmr_arena_used_bytes(arena));
  assert_int_equal(metrics.pools, 1);
  assert_int_equal(metrics.pool_live_objects, 1);
  assert_int_equal(metrics.pool_idle_objects, 5);
  assert_int_equal(metrics.pool_hits, 4);
  assert_int_equal(metrics.pool_misses, 6);
  assert_true(metrics.pool_hit_rate > 0.3999 && metrics.pool_hit_rate < 0.4001);
  assert_int_equal(metrics.interned_strings, 2);
  assert_int_equal(metrics.interned_bytes, 9);
  assert_int_equal(metrics.interner_saved_bytes, 6);
  assert_int_equal(metrics.violations, 0);
  assert_int_equal(vmr_pool_destroy(pool), VMR_STILL_IN_USE);
  vmr_interner_destroy(interner);
  vmr_arena_destroy(arena);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void counters_outlive_what_they_counted(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  vmr_metrics before = read_metrics(ctx);
  for (int round = 0; round < 3; round++) {
    vmr_arena *arena = NULL;
    vmr_interner *interner = NULL;
    vmr_interner_options options = vmr_interner_options_default();
    vmr_pool_options pool_options = vmr_pool_options_for(40, 0);
    vmr_pool *pool = NULL;
    options.most_symbols = 1;
    pool_options.max_live = 1;
    assert_int_equal(vmr_pool_create(&pool, ctx, &pool_options), VMR_OK);
    for (int i = 0; i < 5; i++) assert_int_equal(vmr_pool_put(pool, vmr_pool_get(pool)), VMR_OK);
    void *object = vmr_pool_get(pool);
    assert_null(vmr_pool_get(pool));
    assert_int_equal(vmr_pool_put(pool, object), VMR_OK);
    assert_int_equal(vmr_arena_open(&arena, ctx, 0), VMR_OK);
    assert_int_equal(vmr_interner_open(&interner, ctx, &options), VMR_OK);
    vmr_arena_alloc(arena, 1000);
    vmr_arena_reset(arena);
    vmr_arena_alloc(arena, 500);
    vmr_interner_add(interner, "one", 3);
    vmr_interner_add(interner, "one", 3);
    assert_int_equal(vmr_interner_add(interner, "two", 3), 0);
    vmr_metrics living = read_metrics(ctx);
    assert_counters_not_below(&living, &before);
    vmr_interner_destroy(interner);
    vmr_arena_destroy(arena);
    assert_int_equal(vmr_pool_destroy(pool), VMR_OK);
    vmr_metrics after = read_metrics(ctx);
    assert_counters_not_below(&after, &living);
    before = after;
  }
  assert_int_equal(before.arenas, 0);
  assert_int_equal(before.interned_strings, 0);
  assert_int_equal(before.interner_hits, 3);
  assert_int_equal(before.interner_saved_bytes, 3 * 4);
  assert_in_range(before.arena_object_bytes, 3 * 1500, 3 * 1600);
  assert_int_equal(before.pool_hits, 3 * 5);
  assert_int_equal(before.pool_misses, 3 * 2);
  assert_int_equal(before.pool_refused, 3);
  assert_int_equal(before.limits_hit, 2 * 3);
  assert_int_equal(before.current_bytes, 0);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void failures_and_limits_are_counted(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  vmr_arena *arena = NULL;
  vmr_ctx_set_limits(ctx, 0, 100000);
  assert_int_equal(vmr_arena_open(&arena, ctx, 4096), VMR_OK);
  assert_null(vmr_arena_alloc(arena, 200000));
  vmr_metrics metrics = read_metrics(ctx);
  assert_int_equal(metrics.limits_hit, 1);
  assert_int_equal(metrics.failed_allocations, 1);
  vmr_arena_destroy(arena);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void heaps_show_what_they_obtained(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  vmr_heap *heap = NULL;
  vmr_account account;
  assert_int_equal(vmr_heap_create(&heap, ctx, 0), VMR_OK);
  void *object = vmr_heap_alloc(heap, 100);
  assert_non_null(object);
  assert_int_equal(vmr_ctx_read_account(ctx, VMR_KIND_HEAP, &account), VMR_OK);
  assert_true(account.current_bytes >= 100);
  assert_int_equal(read_metrics(ctx).heap_reserved_bytes, account.current_bytes);
  vmr_heap_free(object);
  vmr_heap_destroy(heap);
  assert_int_equal(read_metrics(ctx).heap_reserved_bytes, 0);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* ---- tasks ---- */

static void a_task_counts_what_happens_in_it(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  vmr_arena *arena = NULL;
  vmr_task outer, inner;
  vmr_task_figures figures;
  assert_int_equal(vmr_arena_open(&arena, ctx, 4096), VMR_OK);
  assert_int_equal(vmr_task_begin(ctx, &outer), VMR_OK);
  vmr_arena_alloc(arena, 64);
  assert_int_equal(vmr_task_begin(ctx, &inner), VMR_OK);
  vmr_pool *pool = use_pool(ctx);
  vmr_arena_alloc(arena, 128);
  assert_int_equal(vmr_task_end(&outer, &figures), VMR_WRONG_ORDER);
  assert_int_equal(vmr_task_end(&inner, &figures), VMR_OK);
  assert_in_range(figures.arena_object_bytes, 128, 128 + 16); /* with a red zone, where memory is watched */
  assert_true(figures.allocations >= 11);                     /* 10 gets, and what the pool obtained */
  uint64_t inside = figures.allocations;
  assert_int_equal(vmr_task_end(&inner, NULL), VMR_WRONG_ORDER);
  assert_int_equal(vmr_task_end(&outer, &figures), VMR_OK);
  assert_in_range(figures.arena_object_bytes, 192, 192 + 32);
  assert_int_equal(figures.allocations, inside + 1); /* the first chunk */
  vmr_metrics metrics = read_metrics(ctx);
  assert_int_equal(metrics.tasks, 2);
  assert_int_equal(metrics.task_allocations, figures.allocations + inside);
  assert_int_equal(metrics.task_allocations_peak, figures.allocations);
  assert_true(metrics.allocations_per_task > (double)inside && metrics.allocations_per_task < (double)inside + 1);
  vmr_pool_destroy(pool);
  vmr_arena_destroy(arena);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void arguments_are_checked(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  vmr_metrics metrics;
  vmr_task task;
  assert_int_equal(vmr_metrics_read(NULL, &metrics, sizeof metrics), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_metrics_read(ctx, NULL, sizeof metrics), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_metrics_read(ctx, &metrics, sizeof metrics + 1), VMR_INVALID_ARGUMENT);
  metrics.peak_bytes = 77;
  assert_int_equal(vmr_metrics_read(ctx, &metrics, offsetof(vmr_metrics, peak_bytes)), VMR_OK);
  assert_int_equal(metrics.peak_bytes, 77); /* an older caller's structure ends there */
  assert_int_equal(vmr_task_begin(NULL, &task), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_task_begin(ctx, NULL), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_task_end(NULL, NULL), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* ---- forms ---- */

typedef size_t (*format)(vmr_ctx *ctx, char *buffer, size_t capacity);

static char *format_all(vmr_ctx *ctx, format function) {
  size_t length = function(ctx, NULL, 0);
  char *text = malloc(length + 1);
  assert_int_equal(function(ctx, text, length + 1), length);
  assert_int_equal(strlen(text), length);
  return text;
}

static void what_does_not_fit_is_counted(void **state) {
  (void)state;
  const format formats[] = {vmr_metrics_text, vmr_metrics_json, vmr_metrics_prometheus};
  vmr_ctx *ctx = make_ctx();
  for (int i = 0; i < 3; i++) {
    char *whole = format_all(ctx, formats[i]), part[64];
    size_t length = strlen(whole);
    for (size_t capacity = 1; capacity < sizeof part; capacity++) {
      memset(part, '#', sizeof part);
      assert_int_equal(formats[i](ctx, part, capacity), length);
      assert_int_equal(strlen(part), capacity - 1);
      assert_memory_equal(part, whole, capacity - 1);
      assert_true(capacity + 1 >= sizeof part || part[capacity] == '#');
    }
    free(whole);
  }
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void json_has_every_member(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  vmr_pool *pool = use_pool(ctx);
  char *text = format_all(ctx, vmr_metrics_json);
  vmr_metrics metrics = read_metrics(ctx);
  cJSON *object = cJSON_Parse(text);
  int members = 0;
  assert_non_null(object);
#define CHECK_MEMBER(KIND, type, name, help) \
  assert_true(cJSON_IsNumber(cJSON_GetObjectItem(object, #name))); \
  assert_true(cJSON_GetObjectItem(object, #name)->valuedouble == (double)metrics.name); \
  members++;
  VMR_METRICS(CHECK_MEMBER)
#undef CHECK_MEMBER
  assert_int_equal(cJSON_GetArraySize(object), members);
  cJSON_Delete(object);
  free(text);
  vmr_pool_destroy(pool);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* [a-zA-Z_:][a-zA-Z0-9_:]*, of which we use no colon. */
static bool is_metric_name(const char *name, size_t length) {
  for (size_t i = 0; i < length; i++) {
    bool is_letter = (name[i] >= 'a' && name[i] <= 'z') || name[i] == '_';
    if (!is_letter && (i == 0 || !isdigit((unsigned char)name[i]))) return false;
  }
  return length != 0;
}

/* Three lines for each metric: HELP, TYPE, value, of one name. */
static void prometheus_text_is_valid(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  vmr_pool *pool = use_pool(ctx);
  char *text = format_all(ctx, vmr_metrics_prometheus), *rest = text;
  int metrics = 0;
  while (*rest != '\0') {
    char name[100], type[20], value[40];
    int used = 0;
    assert_int_equal(sscanf(rest, "# HELP %99s %*[^\n]\n%n", name, &used), 1);
    assert_true(used > 0 && is_metric_name(name, strlen(name)));
    rest += used;
    char again[100], third[100];
    assert_int_equal(sscanf(rest, "# TYPE %99s %19s\n%n", again, type, &used), 2);
    rest += used;
    assert_int_equal(sscanf(rest, "%99s %39[0-9.]\n%n", third, value, &used), 2);
    rest += used;
    assert_string_equal(name, again);
    assert_string_equal(name, third);
    bool is_total = strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0;
    assert_string_equal(type, is_total ? "counter" : "gauge");
    metrics++;
  }
  assert_true(metrics > 20);
  assert_non_null(strstr(text, "\nvmemrt_pool_hits_total 4\n"));
  assert_non_null(strstr(text, "\nvmemrt_pool_hit_rate 0.400000\n"));
  assert_non_null(strstr(text, "# HELP vmemrt_current_bytes Bytes obtained from the backing and not given back.\n"
                               "# TYPE vmemrt_current_bytes gauge\nvmemrt_current_bytes "));
  free(text);
  vmr_pool_destroy(pool);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void lines_have_a_name_and_a_value(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  char *text = format_all(ctx, vmr_metrics_text);
  assert_memory_equal(text, "current_bytes 0\npeak_bytes 0\n", 29);
  assert_non_null(strstr(text, "\nallocations_per_task 0.000000\n"));
  free(text);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* What an object is taken from, and what refused it, is counted wherever it happens. */
static void every_part_is_counted(void **state) {
  (void)state;
  enum { COUNT = 1000 };
  static char buffer[4096];
  void *objects[COUNT];
  vmr_ctx *ctx = make_ctx();
  vmr_shared_pool *shared = NULL;
  vmr_pool *pool = NULL;
  vmr_heap *heap = NULL;
  vmr_arena *arena = NULL, *limited = NULL;
  vmr_pool_options options = vmr_pool_options_for(40, 0);
  assert_int_equal(vmr_shared_pool_create(&shared, ctx, &options), VMR_OK);
  options.max_live = 3;
  assert_int_equal(vmr_pool_create(&pool, ctx, &options), VMR_OK);
  assert_int_equal(vmr_heap_create(&heap, ctx, 0), VMR_OK);
  assert_int_equal(vmr_arena_open_in(&arena, ctx, buffer, sizeof buffer, true), VMR_OK);
  assert_int_equal(vmr_arena_open(&limited, ctx, 0), VMR_OK);
  vmr_metrics before = read_metrics(ctx);
  assert_int_equal(before.pools, 2); /* the one beneath the shared pool is no other */
  for (int i = 0; i < COUNT; i++) objects[i] = vmr_shared_pool_get(shared);
  for (int i = 0; i < COUNT; i += 2) assert_int_equal(vmr_shared_pool_put(shared, objects[i]), VMR_OK);
  vmr_metrics after = read_metrics(ctx);
  assert_int_equal(after.pool_live_objects, COUNT / 2);
  assert_true(after.pool_idle_objects >= COUNT / 2);
  assert_int_equal(after.pool_hits + after.pool_misses, COUNT);
  assert_int_equal(after.pool_refused, 0);
  for (int i = 0; i < 5; i++) (void)vmr_pool_get(pool); /* two are refused */
  for (int i = 0; i < 50; i++) vmr_heap_free(vmr_heap_alloc(heap, 10));
  assert_non_null(vmr_arena_alloc(arena, 1000));
  assert_null(vmr_arena_alloc(arena, 8000)); /* the buffer is full */
  vmr_arena_set_limit(limited, 100);
  assert_null(vmr_arena_alloc(limited, 1000));
  assert_null(vmr_arena_alloc_array(limited, SIZE_MAX / 2, 3));
  assert_null(vmr_heap_calloc(heap, SIZE_MAX / 2, 3));
  vmr_metrics last = read_metrics(ctx);
  vmr_account books = read_account(ctx, VMR_KIND_ALL);
  assert_int_equal(last.pool_refused, 2);
  assert_int_equal(last.heap_objects, 50);
  assert_int_equal(last.allocations, books.obtained + COUNT + 3 + 50);
  assert_int_equal(last.failed_allocations, 2 + 1 + 1 + 1 + 1);
  assert_int_equal(last.limits_hit, 2 + 1);
  assert_in_range(last.arena_used_bytes, 1008, 1024); /* under a sanitizer there is a red zone */
  assert_true(last.arena_reserved_bytes > 3000);
  assert_true(vmr_ctx_is_valid(ctx));
  assert_true(vmr_shared_pool_trim(shared) == 0);
  vmr_arena_destroy(limited);
  vmr_arena_destroy(arena);
  vmr_heap_destroy(heap);
  assert_int_equal(vmr_pool_destroy(pool), VMR_STILL_IN_USE);
  assert_int_equal(vmr_shared_pool_destroy(shared), VMR_STILL_IN_USE);
  vmr_metrics gone = read_metrics(ctx);
  assert_int_equal(gone.allocations - read_account(ctx, VMR_KIND_ALL).obtained, COUNT + 3 + 50);
  assert_int_equal(gone.pool_hits + gone.pool_misses, COUNT + 5);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(figures_are_those_of_what_lives), cmocka_unit_test(counters_outlive_what_they_counted),
      cmocka_unit_test(failures_and_limits_are_counted), cmocka_unit_test(a_task_counts_what_happens_in_it),
      cmocka_unit_test(arguments_are_checked),           cmocka_unit_test(what_does_not_fit_is_counted),
      cmocka_unit_test(json_has_every_member),           cmocka_unit_test(prometheus_text_is_valid),
      cmocka_unit_test(every_part_is_counted),           cmocka_unit_test(lines_have_a_name_and_a_value),
      cmocka_unit_test(heaps_show_what_they_obtained),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
