/* test_packing_large.c: packing problems too large for exact searches and brute force: every plan is checked, each method
 * that places shapes alone too, small distortions do not cost what the plain problem reaches, and limits are kept. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "planner/solver.h"
#include "tests/unit/planner_random.h"

/* A program's buffers: most lives short, sizes over three orders of magnitude; some with windows. */
typedef struct made_program {
  vmo_packing_problem problem;
  vmo_buffer *buffers;
  vmo_lifetime *lifetimes;
  vmo_window *windows;
} made_program;

static made_program make_program(random_source *source, uint32_t count, int windows, int pins) {
  made_program made = {.buffers = calloc(count, sizeof *made.buffers),
                       .lifetimes = calloc(2 * (size_t)count, sizeof *made.lifetimes),
                       .windows = calloc(count, sizeof *made.windows)};
  vmo_packing_problem *problem = &made.problem;
  uint32_t lifetimes = 0;
  for (uint32_t i = 0; i < count; i++) {
    int64_t length = 1 + random_in(source, 0, INT64_C(1) << random_in(source, 0, 8));
    vmo_bytes bytes = 8 * random_in(source, 1, INT64_C(1) << random_in(source, 0, 10));
    made.buffers[i] = (vmo_buffer){bytes, random_chance(source, 30) ? 8 : 1, -1, lifetimes, 1};
    made.lifetimes[lifetimes++] = (vmo_lifetime){i, i + length};
    if (random_chance(source, pins)) made.buffers[i].fixed_offset = 8 * random_in(source, 0, 1000);
    if (length < 4 || !random_chance(source, windows)) continue;
    int64_t from = i + length / 4, to = i + length / 2;
    vmo_bytes low = random_in(source, 0, bytes - 1), high = random_in(source, low + 1, bytes);
    made.windows[problem->window_count++] = (vmo_window){i, from, to, low, high};
    made.lifetimes[lifetimes - 1].end = from;
    made.lifetimes[lifetimes++] = (vmo_lifetime){to, i + length};
    made.buffers[i].lifetime_count = 2;
  }
  problem->base = (vmo_problem){made.buffers, count, made.lifetimes, lifetimes, -1};
  problem->windows = made.windows;
  return made;
}

static void free_program(made_program *made) {
  free(made->buffers);
  free(made->lifetimes);
  free(made->windows);
}

static vmo_packing solve(vmo_context *context, const vmo_packing_problem *problem, const vmo_solve_options *options) {
  vmo_packing packing;
  assert_int_equal(vmo_solve_packing(context, problem, options, &packing), VMO_OK);
  assert_int_equal(vmo_check_packing(context, problem, &packing), VMO_OK);
  return packing;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- valid plans ---- */

static void plans_of_many_shapes_are_valid(void **state) {
  (void)state;
  random_source source = {1};
  for (int round = 0; round < 60; round++) {
    made_program made = make_program(&source, (uint32_t)random_in(&source, 65, 400), 40, round % 4 == 0 ? 2 : 0);
    vmo_pair pairs[20], apart[20];
    uint32_t last = made.problem.base.buffer_count - 1;
    for (uint32_t i = 0; i < 20; i++) {
      pairs[i] = (vmo_pair){3 * i, 3 * i + 1};
      apart[i] = (vmo_pair){3 * i + (uint32_t)random_in(&source, 0, 1), last - i / 2};
    }
    made.problem.colocated = pairs;
    made.problem.colocated_count = round % 3 == 0 ? 10 : 0;
    made.problem.apart = apart;
    made.problem.apart_count = round % 5 == 0 ? 20 : 0;
    for (uint32_t i = 0; i < made.problem.base.buffer_count && made.problem.colocated_count > 0; i++)
      made.buffers[i].fixed_offset = -1;
    vmo_context *context = vmo_context_create();
    vmo_solve_options options = {.work_limit = 2000000, .seed = (uint64_t)round};
    vmo_packing packing = solve(context, &made.problem, &options);
    if (packing.offsets != NULL) assert_true(packing.results[0].height >= packing.results[0].floor);
    vmo_context_destroy(context);
    free_program(&made);
  }
}

/* ---- each method alone ---- */

typedef enum tested { SKYLINE, COARSE, FIRST, BEST } tested;

static vmo_outcome run_method(vmo_work *work, tested method, const uint32_t *ranked, vmr_arena *arena) {
  vmo_graph graph;
  if (method <= COARSE) return vmo_plan_by_skyline(work, ranked, method == COARSE);
  assert_int_equal(vmo_build_graph(work->instance, work->part, UINT64_MAX, arena, &graph), VMO_OUTCOME_FOUND);
  return method == FIRST ? vmo_plan_by_first_fit(work, &graph, ranked) : vmo_plan_by_best_fit(work, &graph, ranked);
}

/* By the definition: no two items share a byte in a section. */
static void expect_disjoint(const vmo_instance *instance, const vmo_bytes *offsets) {
  for (uint32_t a = 0; a < instance->item_count; a++)
    for (uint32_t b = 0; b < a; b++)
      for (uint32_t i = 0; i < instance->items[a].span_count; i++)
        for (uint32_t j = 0; j < instance->items[b].span_count; j++) {
          vmo_span x = instance->spans[instance->items[a].span_first + i];
          vmo_span y = instance->spans[instance->items[b].span_first + j];
          vmo_extent one = vmo_item_extent(instance, &instance->items[a], i);
          vmo_extent other = vmo_item_extent(instance, &instance->items[b], j);
          if (x.begin >= y.end || y.begin >= x.end) continue;
          assert_true(offsets[a] + one.high <= offsets[b] + other.low ||
                      offsets[b] + other.high <= offsets[a] + one.low);
        }
}

static void run_methods(const vmo_instance *instance, vmr_arena *arena) {
  vmo_bytes *offsets = calloc(instance->item_count, sizeof *offsets);
  uint32_t *ranked = calloc(instance->item_count, sizeof *ranked);
  vmo_keyed *keys = calloc(2 * (size_t)instance->item_count, sizeof *keys);
  for (tested method = SKYLINE; method <= BEST; method++) {
    vmo_bytes floor = 0;
    for (uint32_t p = 0; p < instance->part_count; p++) {
      vmo_work work = {.instance = instance,
                       .part = &instance->parts[p],
                       .arena = arena,
                       .limit = UINT64_MAX,
                       .ceiling = VMO_BYTES_LIMIT,
                       .offsets = offsets};
      vmo_rank_items(instance, work.part, VMO_ORDER_AREA, keys, ranked);
      assert_int_equal(run_method(&work, method, ranked, arena), VMO_OUTCOME_FOUND);
      assert_true(work.height >= work.part->floor);
      floor = vmo_max_bytes(floor, work.part->floor);
    }
    expect_disjoint(instance, offsets);
    for (uint32_t i = 0; i < instance->item_count; i++) assert_int_equal(offsets[i] % instance->items[i].alignment, 0);
    assert_true(floor >= instance->lower_bound);
  }
  free(keys);
  free(ranked);
  free(offsets);
}

static void each_method_places_shapes(void **state) {
  (void)state;
  random_source source = {2};
  for (int round = 0; round < 60; round++) {
    random_shape shape = {80, 60, 20, 40, 40, 0, 30, 5};
    random_problem made = random_problem_make(&source, &shape);
    vmo_extent *extents = calloc(made.problem.lifetime_count, sizeof *extents);
    for (uint32_t i = 0; i < made.problem.buffer_count; i++)
      for (uint32_t j = 0; j < made.buffers[i].lifetime_count && made.buffers[i].bytes > 0; j++) {
        vmo_extent *extent = &extents[made.buffers[i].lifetime_first + j];
        *extent = (vmo_extent){0, made.buffers[i].bytes};
        if (random_chance(&source, 40)) extent->low = random_in(&source, 0, made.buffers[i].bytes - 1);
        if (random_chance(&source, 40)) extent->high = random_in(&source, extent->low + 1, made.buffers[i].bytes);
      }
    vmo_context *context = vmo_context_create();
    vmr_arena *arena = vmr_arena_create(0);
    vmo_instance instance;
    assert_int_equal(vmo_build_instance(context, &made.problem, extents, arena, &instance), VMO_OK);
    run_methods(&instance, arena);
    vmr_arena_destroy(arena);
    vmo_context_destroy(context);
    free(extents);
    random_problem_free(&made);
  }
}

/* ---- quality and limits ---- */

/* One window, or one pair of unequal sizes, among many plain buffers costs nothing. */
static void one_shape_does_not_spoil_the_rest(void **state) {
  (void)state;
  random_source source = {3};
  made_program made = make_program(&source, 5000, 0, 0);
  vmo_context *context = vmo_context_create();
  vmo_packing plain = solve(context, &made.problem, NULL);
  vmo_lifetime window = made.lifetimes[4000];
  made.windows[0] = (vmo_window){4000, window.end, window.end + 3, 0, (made.buffers[4000].bytes + 1) / 2};
  made.problem.window_count = 1;
  vmo_packing shaped = solve(context, &made.problem, NULL);
  assert_true((double)shaped.results[0].height <= 1.002 * (double)plain.results[0].height);
  made.problem.window_count = 0;
  vmo_pair pair = {1000, 3000};
  made.problem.colocated = &pair;
  made.problem.colocated_count = 1;
  shaped = solve(context, &made.problem, NULL);
  assert_true((double)shaped.results[0].height <= 1.002 * (double)plain.results[0].height);
  assert_true(shaped.results[0].height >= shaped.results[0].lower_bound);
  vmo_context_destroy(context);
  free_program(&made);
}

/* The limit is kept to the second on a busy machine; a quadratic method would take minutes. */
static void a_time_limit_is_kept_with_shapes(void **state) {
  (void)state;
  random_source source = {4};
  made_program made = make_program(&source, 30000, 30, 0);
  vmo_pair pairs[500];
  for (uint32_t i = 0; i < 500; i++) pairs[i] = (vmo_pair){60 * i, 60 * i + 7};
  made.problem.colocated = pairs;
  made.problem.colocated_count = 500;
  vmo_context *context = vmo_context_create();
  double begin = seconds_now();
  solve(context, &made.problem, &(vmo_solve_options){.time_limit = 0.2});
  assert_true(seconds_now() - begin < 10);
  vmo_context_destroy(context);
  free_program(&made);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plans_of_many_shapes_are_valid),
      cmocka_unit_test(each_method_places_shapes),
      cmocka_unit_test(one_shape_does_not_spoil_the_rest),
      cmocka_unit_test(a_time_limit_is_kept_with_shapes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
