/* test_planner_methods.c: the planner's methods, each against its definition: the skyline and the fits against plain versions of
 * themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/planner_fixture.h"

/* Where a buffer can lie at best: on the highest of what is live with it and has a place, and above the pins that it
 * would hit. */
static vmo_bytes place_on_skyline(const vmo_problem *problem, const vmo_bytes *offsets, uint32_t buffer) {
  vmo_bytes offset = 0;
  for (uint32_t i = 0; i < problem->buffer_count; i++)
    if (offsets[i] >= 0 && problem->buffers[i].fixed_offset < 0 && are_live_together(problem, i, buffer))
      offset = vmo_max_bytes(offset, offsets[i] + problem->buffers[i].bytes);
  return lowest_place(problem, offsets, buffer, offset);
}

/* The definition of the skyline: of all that have no place, the one that can lie lowest; of several, the first. */
static void plan_by_skyline_slowly(const fixture *opened, const uint32_t *ranked, uint32_t count, vmo_bytes *offsets) {
  const vmo_problem *problem = &opened->made.problem;
  for (uint32_t left = count; left > 0; left--) {
    vmo_bytes lowest = INT64_MAX;
    uint32_t chosen = VMO_NONE;
    for (uint32_t r = 0; r < count; r++) {
      uint32_t buffer = opened->instance.items[ranked[r]].buffer;
      vmo_bytes offset = offsets[buffer] < 0 ? place_on_skyline(problem, offsets, buffer) : INT64_MAX;
      if (offset >= lowest) continue;
      lowest = offset;
      chosen = buffer;
    }
    offsets[chosen] = lowest;
  }
}

/* Whether the plan is one that the definition allows when ties are broken in any way: looking at the buffers from the
 * lowest offset up, each could lie there and no lower, and who could have lain there and lies higher was hindered by
 * one that does lie there. `placed` is scratch. */
static bool is_skyline_plan(const vmo_problem *problem, const vmo_bytes *offsets, vmo_bytes *placed) {
  uint32_t count = problem->buffer_count;
  for (uint32_t i = 0; i < count; i++) {
    placed[i] = problem->buffers[i].fixed_offset;
    if (problem->buffers[i].bytes == 0 || problem->buffers[i].lifetime_count == 0) placed[i] = 0;
  }
  for (;;) {
    vmo_bytes offset = INT64_MAX;
    for (uint32_t i = 0; i < count; i++)
      if (placed[i] < 0 && offsets[i] < offset) offset = offsets[i];
    if (offset == INT64_MAX) return true;
    for (uint32_t i = 0; i < count; i++) {
      if (placed[i] >= 0) continue;
      vmo_bytes lowest = place_on_skyline(problem, placed, i);
      if (lowest < offset || (offsets[i] == offset && lowest > offset)) return false;
      bool hindered = offsets[i] == offset || lowest > offset;
      for (uint32_t j = 0; j < count && !hindered; j++)
        hindered = placed[j] < 0 && offsets[j] == offset && are_live_together(problem, i, j);
      if (!hindered) return false;
    }
    for (uint32_t i = 0; i < count; i++)
      if (placed[i] < 0 && offsets[i] == offset) placed[i] = offset;
  }
}

/* First fit, or of all gaps the tightest, from the definition. */
static void plan_by_fit_slowly(const fixture *opened, const uint32_t *ranked, uint32_t count, bool best,
                               vmo_bytes *offsets) {
  const vmo_problem *problem = &opened->made.problem;
  for (uint32_t r = 0; r < count; r++) {
    uint32_t buffer = opened->instance.items[ranked[r]].buffer;
    if (offsets[buffer] >= 0) continue;
    vmo_bytes tightest = INT64_MAX, chosen = -1, offset = 0, above = INT64_MAX;
    do {
      offset = lowest_place(problem, offsets, buffer, offset);
      above = INT64_MAX;
      vmo_bytes next = INT64_MAX;
      for (uint32_t i = 0; i < problem->buffer_count; i++) {
        if (i == buffer || offsets[i] < offset || !are_live_together(problem, i, buffer)) continue;
        if (offsets[i] >= above) continue;
        above = offsets[i];
        next = offsets[i] + problem->buffers[i].bytes;
      }
      vmo_bytes slack = above == INT64_MAX ? INT64_MAX - 1 : above - offset - problem->buffers[buffer].bytes;
      if (slack < tightest) {
        tightest = slack;
        chosen = offset;
      }
      offset = next;
    } while (best && above != INT64_MAX);
    offsets[buffer] = chosen;
  }
}

typedef enum kind { SKYLINE, MIXED_SKYLINE, COARSE_SKYLINE, COARSE_MIXED_SKYLINE, FIRST, BEST } kind;

static bool is_coarse(kind method) { return method == COARSE_SKYLINE || method == COARSE_MIXED_SKYLINE; }
static bool is_mixed(kind method) { return method == MIXED_SKYLINE || method == COARSE_MIXED_SKYLINE; }

/* A coarse plan is the plan of a problem in which all buffers have the largest alignment. */
static void lift_alignments(fixture *opened, const vmo_part *part) {
  const vmo_instance *instance = &opened->instance;
  vmo_bytes largest = 1;
  for (uint32_t i = part->item_first; i < part->item_first + part->item_count; i++)
    largest = vmo_max_bytes(largest, instance->items[i].alignment);
  for (uint32_t i = part->item_first; i < part->item_first + part->item_count; i++)
    opened->made.buffers[instance->items[i].buffer].alignment = largest;
}

/* Runs a method on a part and compares with the plain version. */
static void compare(fixture *opened, const vmo_part *part, vmo_order order, kind method) {
  const vmo_instance *instance = &opened->instance;
  const vmo_problem *problem = &opened->made.problem;
  vmo_bytes expected[100], found[100], placed[100];
  uint32_t ranked[100];
  vmo_keyed keys[200];
  vmo_graph graph;
  vmo_rank_items(instance, part, order, keys, ranked);
  vmo_work work = {.instance = instance,
                   .part = part,
                   .arena = opened->method_arena,
                   .limit = UINT64_MAX,
                   .ceiling = VMO_BYTES_LIMIT,
                   .offsets = found};
  vmr_arena_reset(opened->method_arena);
  assert_int_equal(vmo_build_graph(instance, part, 1000000, opened->arena, &graph), VMO_OUTCOME_FOUND);
  vmo_outcome outcome = method == FIRST  ? vmo_plan_by_first_fit(&work, &graph, ranked)
                        : method == BEST ? vmo_plan_by_best_fit(&work, &graph, ranked)
                                         : vmo_plan_by_skyline(&work, ranked, is_coarse(method));
  assert_int_equal(outcome, VMO_OUTCOME_FOUND);
  if (is_coarse(method)) lift_alignments(opened, part);
  for (uint32_t i = 0; i < problem->buffer_count; i++) expected[i] = VMO_BYTES_LIMIT; /* of other parts */
  for (uint32_t i = part->item_first; i < part->item_first + part->item_count; i++)
    expected[instance->items[i].buffer] = is_mixed(method) ? found[i] : instance->items[i].fixed_offset;
  if (method == SKYLINE || method == COARSE_SKYLINE)
    plan_by_skyline_slowly(opened, ranked, part->item_count, expected);
  else if (is_mixed(method))
    assert_true(part->item_count < instance->item_count || is_skyline_plan(problem, expected, placed));
  else
    plan_by_fit_slowly(opened, ranked, part->item_count, method == BEST, expected);
  vmo_bytes height = 0;
  for (uint32_t i = part->item_first; i < part->item_first + part->item_count; i++) {
    assert_int_equal(found[i], expected[instance->items[i].buffer]);
    height = vmo_max_bytes(height, found[i] + instance->items[i].bytes);
  }
  assert_int_equal(work.height, height);
}

static bool has_clash(fixture *opened) {
  uint32_t clash[2];
  for (uint32_t p = 0; p < opened->instance.part_count; p++)
    if (vmo_find_pin_clash(&opened->instance, &opened->instance.parts[p], opened->arena, clash) == VMO_OUTCOME_FOUND)
      return true;
  return false;
}

static void run_against_plain(kind method, uint64_t seed) {
  random_source source = {seed};
  for (int round = 0; round < 300; round++) {
    bool plain = method == SKYLINE, simple = plain || method == COARSE_SKYLINE;
    random_shape shape = {.buffers = (uint32_t)random_in(&source, 1, is_mixed(method) ? 50 : 90),
                          .times = random_in(&source, 1, 120),
                          .longest = random_in(&source, 1, 60),
                          .largest = random_in(&source, 1, round % 5 == 0 ? 3 : 300),
                          .gaps = simple ? 0 : round % 2 * 30,
                          .pins = simple || is_coarse(method) ? 0 : round % 3 * 3,
                          .alignments = plain               ? 0
                                        : is_coarse(method) ? 20 + round % 4 * 20
                                                            : round % 4 * 25,
                          .oddities = 5};
    fixture opened = open_fixture(&source, &shape);
    if (!has_clash(&opened))
      for (uint32_t p = 0; p < opened.instance.part_count; p++)
        compare(&opened, &opened.instance.parts[p], (vmo_order)(round % VMO_ORDER_COUNT), method);
    close_fixture(&opened);
  }
}

static void the_skyline_is_its_definition(void **state) {
  (void)state;
  run_against_plain(SKYLINE, 21);
}

static void the_skyline_with_everything_is_one(void **state) {
  (void)state;
  run_against_plain(MIXED_SKYLINE, 24);
}

static void the_coarse_skyline_is_that_of_one_alignment(void **state) {
  (void)state;
  run_against_plain(COARSE_SKYLINE, 25);
  run_against_plain(COARSE_MIXED_SKYLINE, 26);
}

static void first_fit_is_its_definition(void **state) {
  (void)state;
  run_against_plain(FIRST, 22);
}

static void best_fit_is_its_definition(void **state) {
  (void)state;
  run_against_plain(BEST, 23);
}

/* Below a ceiling there is a plan or none, and units of work run out. */
static void methods_give_up(void **state) {
  (void)state;
  random_source source = {31};
  random_shape shape = {80, 60, 20, 100, 10, 0, 50, 0};
  fixture opened = open_fixture(&source, &shape);
  const vmo_part *part = &opened.instance.parts[0];
  vmo_bytes offsets[80];
  uint32_t ranked[80];
  vmo_keyed keys[160];
  vmo_rank_items(&opened.instance, part, VMO_ORDER_AREA, keys, ranked);
  vmo_work work = {.instance = &opened.instance,
                   .part = part,
                   .arena = opened.method_arena,
                   .limit = UINT64_MAX,
                   .ceiling = VMO_BYTES_LIMIT,
                   .offsets = offsets};
  assert_int_equal(vmo_plan_by_skyline(&work, ranked, false), VMO_OUTCOME_FOUND);
  vmo_bytes height = work.height;
  uint64_t used = work.used;
  work.ceiling = height;
  assert_int_equal(vmo_plan_by_skyline(&work, ranked, false), VMO_OUTCOME_NONE);
  work.ceiling = height + 1;
  assert_int_equal(vmo_plan_by_skyline(&work, ranked, false), VMO_OUTCOME_FOUND);
  work.used = 0;
  work.limit = used - 1;
  assert_int_equal(vmo_plan_by_skyline(&work, ranked, false), VMO_OUTCOME_NONE);
  vmo_graph graph;
  assert_int_equal(vmo_build_graph(&opened.instance, part, 10, opened.arena, &graph), VMO_OUTCOME_NONE);
  close_fixture(&opened);
}

/* Units of work of one skyline for `count` buffers. */
static uint64_t measure_skyline(vmo_lifetime (*lifetime_of)(uint32_t index, uint32_t count), uint32_t count) {
  vmo_context *context = vmo_context_create();
  vmr_arena *arena = vmr_arena_create(0), *method_arena = vmr_arena_create(0);
  vmo_lifetime *lifetimes = vmr_arena_alloc(arena, count * sizeof *lifetimes);
  vmo_buffer *buffers = vmr_arena_alloc(arena, count * sizeof *buffers);
  uint32_t *ranked = vmr_arena_alloc(arena, count * sizeof *ranked);
  vmo_keyed *keys = vmr_arena_alloc(arena, 2 * count * sizeof *keys);
  random_source source = {1};
  for (uint32_t i = 0; i < count; i++) {
    lifetimes[i] = lifetime_of(i, count);
    buffers[i] = (vmo_buffer){random_in(&source, 1, 100000), 1, -1, i, 1};
  }
  vmo_problem problem = {buffers, count, lifetimes, count, -1};
  vmo_instance instance;
  assert_int_equal(vmo_build_instance(context, &problem, NULL, arena, &instance), VMO_OK);
  assert_int_equal(instance.part_count, 1);
  vmo_work work = {.instance = &instance,
                   .part = instance.parts,
                   .arena = method_arena,
                   .limit = UINT64_MAX,
                   .ceiling = VMO_BYTES_LIMIT,
                   .offsets = vmr_arena_alloc(arena, count * sizeof(vmo_bytes))};
  vmo_rank_items(&instance, instance.parts, VMO_ORDER_AREA, keys, ranked);
  assert_int_equal(vmo_plan_by_skyline(&work, ranked, false), VMO_OUTCOME_FOUND);
  vmr_arena_destroy(method_arena);
  vmr_arena_destroy(arena);
  vmo_context_destroy(context);
  return work.used;
}

/* Activations live until their gradients are made, and the gradients are short. */
static vmo_lifetime training(uint32_t index, uint32_t count) {
  if (index < count / 2) return (vmo_lifetime){index, count - index};
  return (vmo_lifetime){index, index + 2};
}

static vmo_lifetime chain(uint32_t index, uint32_t count) {
  (void)count;
  return (vmo_lifetime){index, index + 2};
}

static vmo_lifetime staggered(uint32_t index, uint32_t count) { return (vmo_lifetime){index, index + count}; }

static void the_skyline_takes_a_linear_number_of_steps(void **state) {
  (void)state;
  vmo_lifetime (*const shapes[])(uint32_t, uint32_t) = {training, chain, staggered};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    uint64_t few = measure_skyline(shapes[i], 2000), many = measure_skyline(shapes[i], 32000);
    assert_true(many < 32 * few); /* 16 times the buffers */
  }
}

/* More alignments than the skyline keeps apart: some are lifted, none is missed. */
static void many_alignments_are_kept(void **state) {
  (void)state;
  random_source source = {77};
  for (int round = 0; round < 50; round++) {
    random_shape shape = {60, 40, 15, 100, 20, 0, 0, 0};
    random_problem made = random_problem_make(&source, &shape);
    for (uint32_t i = 0; i < made.problem.buffer_count; i++)
      made.buffers[i].alignment = INT64_C(1) << random_in(&source, 0, 20);
    vmo_context *context = vmo_context_create();
    vmo_solution solution;
    vmo_solve_options options = {.work_limit = 1};
    assert_int_equal(vmo_solve_problem(context, &made.problem, &options, &solution), VMO_OK);
    assert_string_equal(solution.method, "skyline by area");
    assert_int_equal(vmo_check_solution_slowly(context, &made.problem, &solution), VMO_OK);
    vmo_context_destroy(context);
    random_problem_free(&made);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_skyline_is_its_definition),
      cmocka_unit_test(the_skyline_with_everything_is_one),
      cmocka_unit_test(the_coarse_skyline_is_that_of_one_alignment),
      cmocka_unit_test(first_fit_is_its_definition),
      cmocka_unit_test(best_fit_is_its_definition),
      cmocka_unit_test(methods_give_up),
      cmocka_unit_test(the_skyline_takes_a_linear_number_of_steps),
      cmocka_unit_test(many_alignments_are_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
