/* test_planner_solve.c: the solver: small problems with drawings, statuses and errors, and random problems
 * with gaps, pins and alignments against the optimum found by brute force. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "support/diag.h"
#include "tests/unit/planner_random.h"
#include "tests/unit/short_of_memory.h"

static vmo_context *context;

static int open_context(void **state) {
  (void)state;
  context = vmo_context_create();
  return context == NULL;
}

static int close_context(void **state) {
  (void)state;
  vmo_context_destroy(context);
  return 0;
}

#define COUNT_OF(array) ((uint32_t)(sizeof(array) / sizeof *(array)))
#define PROBLEM(buffers, lifetimes, capacity) \
  ((vmo_problem){(buffers), COUNT_OF(buffers), (lifetimes), COUNT_OF(lifetimes), (capacity)})

/* Solves, and lets both checkers look at the plan. */
static vmo_solution solve(vmo_problem problem) {
  vmo_solution solution;
  assert_int_equal(vmo_solve_problem(context, &problem, NULL, &solution), VMO_OK);
  assert_int_equal(vmo_check_solution(context, &problem, &solution), VMO_OK);
  assert_int_equal(vmo_check_solution_slowly(context, &problem, &solution), VMO_OK);
  assert_non_null(solution.method);
  return solution;
}

static void expect_error(vmo_problem problem, vmo_diag_code code, const char *part) {
  vmo_solution solution;
  uint32_t before = context->diagnostics->count;
  assert_int_equal(vmo_solve_problem(context, &problem, NULL, &solution), VMO_INPUT_ERROR);
  assert_int_equal(context->diagnostics->count, before + 1);
  assert_int_equal(context->diagnostics->items[before].code, code);
  assert_non_null(strstr(context->diagnostics->items[before].message, part));
}

/* ---- small problems ---- */

/*  ┌────┐
 *  │ b  │┌────┐      a, b and c: two of them live at a time
 *  ├────┴┤ c  │
 *  │ a   └────┤ */
static void slots_are_reused(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{0, 6}, {0, 5}, {6, 10}};
  vmo_buffer buffers[] = {{100, 1, -1, 0, 1}, {50, 1, -1, 1, 1}, {150, 1, -1, 2, 1}};
  vmo_solution solution = solve(PROBLEM(buffers, lifetimes, -1));
  assert_int_equal(solution.height, 150);
  assert_int_equal(solution.lower_bound, 150);
  assert_int_equal(solution.witness, 0);
  assert_int_equal(solution.status, VMO_SOLUTION_OPTIMAL);
}

/* a ██──██   b lies in the hole of a, and c beside it
 * b   ██
 * c ██████ */
static void gaps_are_used(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{0, 2}, {4, 6}, {2, 4}, {0, 6}};
  vmo_buffer buffers[] = {{64, 1, -1, 0, 2}, {64, 1, -1, 2, 1}, {10, 1, -1, 3, 1}};
  vmo_solution solution = solve(PROBLEM(buffers, lifetimes, -1));
  assert_int_equal(solution.height, 74);
  assert_int_equal(solution.status, VMO_SOLUTION_OPTIMAL);
  assert_int_equal(solution.offsets[0], solution.offsets[1]);
}

/* Three bytes, each aligned to 64, need 129 and not 3: two whole steps and one byte. */
static void alignment_raises_the_floor(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{0, 1}};
  vmo_buffer buffers[] = {{1, 64, -1, 0, 1}, {1, 64, -1, 0, 1}, {1, 64, -1, 0, 1}};
  vmo_solution solution = solve(PROBLEM(buffers, lifetimes, -1));
  assert_int_equal(solution.lower_bound, 3);
  assert_int_equal(solution.floor, 129);
  assert_int_equal(solution.height, 129);
  assert_int_equal(solution.status, VMO_SOLUTION_OPTIMAL);
}

/* The one that gains most by lying on top is the one that rounding costs most. */
static void the_floor_spares_the_worst_rounding(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{0, 1}, {5, 9}};
  vmo_buffer buffers[] = {{65, 64, -1, 0, 1}, {60, 64, -1, 0, 1}, {1, 64, -1, 1, 1}, {120, 64, -1, 1, 1}};
  vmo_solution solution = solve(PROBLEM(buffers, lifetimes, -1));
  assert_int_equal(solution.floor, 129); /* 60 -> 64, then 65; and 120 -> 128, then 1 */
  assert_int_equal(solution.height, 129);
  assert_int_equal(solution.status, VMO_SOLUTION_OPTIMAL);
}

/* A pin at 0 stays there, and one above leaves room below it. */
static void fixed_offsets_are_kept(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{0, 10}, {2, 6}, {0, 10}};
  vmo_buffer buffers[] = {{64, 1, 0, 0, 1}, {64, 1, 128, 1, 1}, {64, 1, -1, 2, 1}};
  vmo_solution solution = solve(PROBLEM(buffers, lifetimes, -1));
  assert_int_equal(solution.offsets[0], 0);
  assert_int_equal(solution.offsets[1], 128);
  assert_int_equal(solution.offsets[2], 64);
  assert_int_equal(solution.height, 192);
  assert_int_equal(solution.status, VMO_SOLUTION_OPTIMAL);
}

static void a_high_pin_raises_the_floor(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{0, 10}};
  vmo_buffer buffers[] = {{8, 8, 1000, 0, 1}, {8, 8, -1, 0, 1}};
  vmo_solution solution = solve(PROBLEM(buffers, lifetimes, -1));
  assert_int_equal(solution.lower_bound, 16);
  assert_int_equal(solution.floor, 1008);
  assert_int_equal(solution.height, 1008);
  assert_int_equal(solution.status, VMO_SOLUTION_OPTIMAL);
}

static void an_empty_problem_has_an_empty_plan(void **state) {
  (void)state;
  for (vmo_bytes capacity = -1; capacity <= 0; capacity++) {
    vmo_solution solution = solve((vmo_problem){.capacity = capacity});
    assert_int_equal(solution.height, 0);
    assert_int_equal(solution.lower_bound, 0);
    assert_int_equal(solution.status, VMO_SOLUTION_OPTIMAL);
    assert_non_null(solution.offsets);
  }
}

static void empty_and_dead_buffers_take_no_place(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{0, 10}, {0, 10}};
  vmo_buffer buffers[] = {{0, 1, -1, 0, 1}, {7, 1, -1, 0, 0}, {0, 8, 24, 0, 1}, {10, 1, -1, 1, 1}};
  vmo_solution solution = solve(PROBLEM(buffers, lifetimes, -1));
  assert_int_equal(solution.offsets[0], 0);
  assert_int_equal(solution.offsets[1], 0);
  assert_int_equal(solution.offsets[2], 24);
  assert_int_equal(solution.offsets[3], 0);
  assert_int_equal(solution.height, 24);
  assert_int_equal(solution.lower_bound, 10);
  assert_int_equal(solution.status, VMO_SOLUTION_OPTIMAL);
}

static void times_may_be_any_integers(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{INT64_MIN, INT64_MAX}, {INT64_MIN, -5}, {INT64_MAX - 1, INT64_MAX}};
  vmo_buffer buffers[] = {{4, 1, -1, 0, 1}, {4, 1, -1, 1, 1}, {8, 1, -1, 2, 1}};
  vmo_solution solution = solve(PROBLEM(buffers, lifetimes, -1));
  assert_int_equal(solution.height, 12);
  assert_int_equal(solution.witness, INT64_MAX - 1);
}

static void parts_are_solved_apart(void **state) {
  (void)state;
  enum { PARTS = 50 };
  vmo_lifetime lifetimes[2 * PARTS];
  vmo_buffer buffers[2 * PARTS];
  for (uint32_t i = 0; i < 2 * PARTS; i++) {
    lifetimes[i] = (vmo_lifetime){i / 2 * 10, i / 2 * 10 + 10};
    buffers[i] = (vmo_buffer){1 + i, 1, -1, i, 1};
  }
  vmo_solution solution = solve(PROBLEM(buffers, lifetimes, -1));
  assert_int_equal(solution.height, 2 * PARTS + 2 * PARTS - 1);
  assert_int_equal(solution.witness, (PARTS - 1) * 10);
  assert_int_equal(solution.status, VMO_SOLUTION_OPTIMAL);
}

/* ---- capacities ---- */

static void a_capacity_is_met_or_refuted(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{0, 6}, {0, 5}, {3, 10}, {20, 30}};
  vmo_buffer buffers[] = {{100, 1, -1, 0, 1}, {50, 1, -1, 1, 1}, {1, 1, -1, 2, 1}, {120, 1, -1, 3, 1}};
  vmo_solution fits = solve(PROBLEM(buffers, lifetimes, 151));
  assert_int_equal(fits.status, VMO_SOLUTION_OPTIMAL);
  assert_null(fits.blockers);
  vmo_solution tight = solve(PROBLEM(buffers, lifetimes, 150));
  assert_int_equal(tight.status, VMO_SOLUTION_INFEASIBLE);
  assert_int_equal(tight.height, 151);
  assert_int_equal(tight.blocker_count, 3);
  for (uint32_t i = 0; i < 3; i++) assert_int_equal(tight.blockers[i], i);
  vmo_solution tiny = solve(PROBLEM(buffers, lifetimes, 119));
  assert_int_equal(tiny.status, VMO_SOLUTION_INFEASIBLE);
  assert_int_equal(tiny.blocker_count, 1);
  assert_int_equal(tiny.blockers[0], 3);
}

/* a █ █    each time two are live, but any two of the three meet at some time: the load is 2, the lowest plan 3
 * b ██
 * c  ██  */
static void what_a_search_has_ruled_out_is_said(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{0, 1}, {2, 3}, {0, 2}, {1, 3}, {9, 10}};
  vmo_buffer buffers[] = {{1, 1, -1, 0, 2}, {1, 1, -1, 2, 1}, {1, 1, -1, 3, 1}, {2, 1, -1, 4, 1}};
  vmo_solution solution = solve(PROBLEM(buffers, lifetimes, 2));
  assert_int_equal(solution.status, VMO_SOLUTION_INFEASIBLE);
  assert_int_equal(solution.proof, VMO_PROOF_SEARCH);
  assert_int_equal(solution.lower_bound, 2);
  assert_int_equal(solution.floor, 3);
  assert_int_equal(solution.height, 3);
  assert_int_equal(solution.blocker_count, 3);
  for (uint32_t i = 0; i < 3; i++) assert_int_equal(solution.blockers[i], i);
  solution = solve(PROBLEM(buffers, lifetimes, 3));
  assert_int_equal(solution.status, VMO_SOLUTION_FEASIBLE);
  assert_int_equal(solution.proof, VMO_PROOF_NONE);
  solution = solve(PROBLEM(buffers, lifetimes, -1));
  assert_int_equal(solution.status, VMO_SOLUTION_OPTIMAL);
  assert_int_equal(solution.proof, VMO_PROOF_SEARCH);
}

static void pins_that_overlap_are_infeasible(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{0, 6}, {8, 10}, {9, 12}, {5, 7}};
  vmo_buffer buffers[] = {{10, 1, 5, 0, 1}, {10, 1, 5, 1, 1}, {4, 1, 0, 2, 1}, {6, 1, 14, 3, 1}};
  vmo_solution solution = solve(PROBLEM(buffers, lifetimes, -1));
  assert_int_equal(solution.status, VMO_SOLUTION_INFEASIBLE);
  assert_null(solution.offsets);
  assert_int_equal(solution.blocker_count, 2);
  assert_int_equal(solution.blockers[0], 0);
  assert_int_equal(solution.blockers[1], 3);
  buffers[3].fixed_offset = 15;
  assert_int_equal(solve(PROBLEM(buffers, lifetimes, -1)).status, VMO_SOLUTION_OPTIMAL);
}

static void a_pin_beyond_the_capacity_is_infeasible(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{0, 6}, {0, 6}};
  vmo_buffer buffers[] = {{10, 1, -1, 0, 1}, {10, 1, 95, 1, 1}};
  vmo_solution solution = solve(PROBLEM(buffers, lifetimes, 100));
  assert_int_equal(solution.status, VMO_SOLUTION_INFEASIBLE);
  assert_int_equal(solution.blocker_count, 1);
  assert_int_equal(solution.blockers[0], 1);
}

/* ---- large numbers and broken rules ---- */

static void sizes_near_the_limit_are_exact(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{0, 2}, {1, 3}};
  vmo_buffer buffers[] = {{VMO_BYTES_LIMIT - 2, 1, -1, 0, 1}, {1, 1, -1, 1, 1}};
  vmo_solution solution = solve(PROBLEM(buffers, lifetimes, -1));
  assert_int_equal(solution.height, VMO_BYTES_LIMIT - 1);
  assert_int_equal(solution.status, VMO_SOLUTION_OPTIMAL);
  vmo_buffer huge[] = {{1, VMO_BYTES_LIMIT / 2, -1, 0, 1}, {1, VMO_BYTES_LIMIT / 2, -1, 1, 1}};
  assert_int_equal(solve(PROBLEM(huge, lifetimes, -1)).height, VMO_BYTES_LIMIT / 2 + 1);
}

/* Problems that only the exact search solves, so large that every other plan would end beyond 2^53. */
static void searched_plans_near_the_limit_are_found(void **state) {
  (void)state;
  random_source source = {77};
  int searched = 0;
  for (int round = 0; round < 400 && searched < 8; round++) {
    random_problem made = random_problem_make(&source, &(random_shape){30, 14, 8, 40, 0, 0, 0, 0});
    vmo_solution small, large;
    assert_int_equal(vmo_solve_problem(context, &made.problem, NULL, &small), VMO_OK);
    if (small.status == VMO_SOLUTION_OPTIMAL && strcmp(small.method, "exact search") == 0) {
      vmo_bytes factor = (VMO_BYTES_LIMIT - 1) / small.height;
      for (uint32_t i = 0; i < made.problem.buffer_count; i++) made.buffers[i].bytes *= factor;
      assert_int_equal(vmo_solve_problem(context, &made.problem, NULL, &large), VMO_OK);
      assert_int_equal(vmo_check_solution(context, &made.problem, &large), VMO_OK);
      assert_int_equal(large.height, small.height * factor);
      searched++;
    }
    random_problem_free(&made);
  }
  assert_true(searched >= 3);
}

/* A capacity below the load is ruled out without a search, however large the problem is. */
static void a_bound_needs_no_search(void **state) {
  (void)state;
  random_source source = {78};
  random_problem made = random_problem_make(&source, &(random_shape){3000, 300, 60, 1000, 0, 0, 20, 0});
  vmo_bound bound;
  vmo_solution solution;
  assert_int_equal(vmo_find_bound(context, &made.problem, &bound), VMO_OK);
  made.problem.capacity = bound.floor - 1;
  assert_int_equal(vmo_solve_problem(context, &made.problem, NULL, &solution), VMO_OK);
  assert_int_equal(solution.status, VMO_SOLUTION_INFEASIBLE);
  assert_int_equal(solution.proof, VMO_PROOF_BOUND);
  assert_int_equal(solution.nodes, 0);
  assert_string_equal(solution.method, "skyline by area");
  random_problem_free(&made);
}

static void loads_beyond_the_limit_are_refused(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{0, 2}, {1, 3}};
  vmo_buffer buffers[] = {{VMO_BYTES_LIMIT - 1, 1, -1, 0, 1}, {1, 1, -1, 1, 1}};
  expect_error(PROBLEM(buffers, lifetimes, -1), VMO_DIAG_PROBLEM_TOO_LARGE, "live at time 1");
  static vmo_buffer many[5000];
  for (uint32_t i = 0; i < COUNT_OF(many); i++) many[i] = (vmo_buffer){VMO_BYTES_LIMIT - 1, 1, -1, 0, 1};
  expect_error(PROBLEM(many, lifetimes, -1), VMO_DIAG_PROBLEM_TOO_LARGE, "live at time 0");
  vmo_buffer aligned[] = {
      {1, VMO_BYTES_LIMIT / 2, -1, 0, 1}, {1, VMO_BYTES_LIMIT / 2, -1, 0, 1}, {1, VMO_BYTES_LIMIT / 2, -1, 1, 1}};
  expect_error(PROBLEM(aligned, lifetimes, -1), VMO_DIAG_PROBLEM_TOO_LARGE, "2^53");
}

static void broken_rules_are_refused(void **state) {
  (void)state;
  static const struct {
    vmo_buffer buffer;
    const char *message;
  } cases[] = {
      {{-1, 1, -1, 0, 1}, "size is negative"},
      {{VMO_BYTES_LIMIT, 1, -1, 0, 1}, "size is 2^53"},
      {{1, 0, -1, 0, 1}, "no power of two"},
      {{1, 24, -1, 0, 1}, "no power of two"},
      {{1, INT64_MIN, -1, 0, 1}, "no power of two"},
      {{1, VMO_BYTES_LIMIT, -1, 0, 1}, "alignment is 2^53"},
      {{1, 1, -2, 0, 1}, "fixed offset is negative"},
      {{1, 1, VMO_BYTES_LIMIT - 1, 0, 1}, "ends at 2^53"},
      {{1, 4, 6, 0, 1}, "no multiple of its alignment"},
      {{1, 1, -1, 2, 2}, "outside of the problem"},
      {{1, 1, -1, UINT32_MAX, 2}, "outside of the problem"},
      {{1, 1, -1, 1, 1}, "is empty"},
      {{1, 1, -1, 2, 1}, "is empty"},
      {{1, 1, -1, 3, 2}, "not sorted and disjoint"},
  };
  vmo_lifetime lifetimes[] = {{0, 1}, {5, 4}, {3, 3}, {4, 9}, {8, 10}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    vmo_problem problem = {&cases[i].buffer, 1, lifetimes, i == 9 ? 3 : COUNT_OF(lifetimes), -1};
    expect_error(problem, VMO_DIAG_PROBLEM_INVALID, cases[i].message);
  }
}

static void the_bound_alone_agrees(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{0, 6}, {4, 8}, {5, 7}};
  vmo_buffer buffers[] = {{3, 4, -1, 0, 1}, {5, 4, -1, 1, 1}, {2, 4, 20, 2, 1}};
  vmo_problem problem = PROBLEM(buffers, lifetimes, -1);
  vmo_bound bound;
  assert_int_equal(vmo_find_bound(context, &problem, &bound), VMO_OK);
  assert_int_equal(bound.load, 10);
  assert_int_equal(bound.witness, 5);
  assert_int_equal(bound.floor, 22);
}

/* ---- random problems ---- */

/* Brute force on tiny problems with everything: the optimum is found and proven. */
static void random_problems_against_brute_force(void **state) {
  (void)state;
  random_source source = {42};
  uint32_t searched = 0, infeasible = 0;
  for (int round = 0; round < random_rounds(3000); round++) {
    random_shape shape = {(uint32_t)random_in(&source, 1, round % 50 == 0 ? 9 : 7),
                          random_in(&source, 1, 12),
                          6,
                          random_in(&source, 1, 40),
                          30,
                          round % 3 == 0 ? 15 : 0,
                          round % 2 == 0 ? 50 : 0,
                          10};
    random_problem made = random_problem_make(&source, &shape);
    vmo_bytes optimum = optimal_height(&made.problem);
    vmo_solution solution = solve(made.problem);
    if (optimum < 0) {
      assert_int_equal(solution.status, VMO_SOLUTION_INFEASIBLE);
      assert_null(solution.offsets);
      infeasible++;
    } else {
      assert_int_equal(solution.status, VMO_SOLUTION_OPTIMAL);
      assert_int_equal(solution.height, optimum);
      assert_int_equal(solution.floor, optimum);
      searched += solution.proof == VMO_PROOF_SEARCH;
    }
    random_problem_free(&made);
  }
  assert_true((int)infeasible > random_rounds(20));
  assert_true((int)searched > random_rounds(20));
}

/* The optimum as the capacity is met, with one byte less nothing is, and the blockers do not fit even alone. */
static void one_byte_too_small_is_infeasible(void **state) {
  (void)state;
  random_source source = {77};
  uint32_t searched = 0;
  for (int round = 0; round < random_rounds(1500); round++) {
    random_shape shape = {
        (uint32_t)random_in(&source, 3, 8), 8, 4, random_in(&source, 1, 30), 30, 0, round % 2 * 50, 0};
    random_problem made = random_problem_make(&source, &shape);
    vmo_bytes optimum = optimal_height(&made.problem);
    made.problem.capacity = optimum;
    assert_true(solve(made.problem).status <= VMO_SOLUTION_FEASIBLE);
    made.problem.capacity = optimum - 1;
    vmo_solution solution = solve(made.problem);
    assert_int_equal(solution.status, VMO_SOLUTION_INFEASIBLE);
    vmo_buffer alone[9];
    for (uint32_t i = 0; i < solution.blocker_count; i++) alone[i] = made.buffers[solution.blockers[i]];
    made.problem.buffers = alone;
    made.problem.buffer_count = solution.blocker_count;
    assert_true(optimal_height(&made.problem) >= optimum);
    searched += solution.proof == VMO_PROOF_SEARCH;
    random_problem_free(&made);
  }
  assert_true((int)searched > random_rounds(20));
}

/* The blockers of an infeasible capacity do not fit even alone. */
static void blockers_are_infeasible_alone(void **state) {
  (void)state;
  random_source source = {3};
  uint32_t seen = 0;
  for (int round = 0; round < random_rounds(1000); round++) {
    random_shape shape = {7, 10, 6, 40, 20, 10, 50, 10};
    random_problem made = random_problem_make(&source, &shape);
    made.problem.capacity = random_in(&source, 0, 100);
    vmo_solution solution = solve(made.problem);
    if (solution.status == VMO_SOLUTION_INFEASIBLE) {
      vmo_buffer alone[8];
      assert_in_range(solution.blocker_count, 1, 7);
      for (uint32_t i = 0; i < solution.blocker_count; i++) alone[i] = made.buffers[solution.blockers[i]];
      made.problem.buffers = alone;
      made.problem.buffer_count = solution.blocker_count;
      vmo_bytes optimum = optimal_height(&made.problem);
      assert_true(optimum < 0 || optimum > made.problem.capacity);
      seen++;
    } else {
      assert_null(solution.blockers);
    }
    random_problem_free(&made);
  }
  assert_true((int)seen > random_rounds(300));
}

/* Larger ones: sound, the same twice, and for any limit and seed. */
static void plans_are_sound_and_repeatable(void **state) {
  (void)state;
  random_source source = {11};
  for (int round = 0; round < random_rounds(120); round++) {
    random_shape shape = {(uint32_t)random_in(&source, 50, 600),
                          300,
                          random_in(&source, 2, 200),
                          100000,
                          round % 2 * 30,
                          round % 3 == 0 ? 1 : 0,
                          round % 5 * 20,
                          2};
    random_problem made = random_problem_make(&source, &shape);
    vmo_solve_options options = {.work_limit = (uint64_t)random_in(&source, 1, 2000000), .seed = (uint64_t)round};
    vmo_solution once, again;
    assert_int_equal(vmo_solve_problem(context, &made.problem, &options, &once), VMO_OK);
    assert_int_equal(vmo_check_solution(context, &made.problem, &once), VMO_OK);
    assert_int_equal(vmo_solve_problem(context, &made.problem, &options, &again), VMO_OK);
    assert_int_equal(once.height, again.height);
    assert_int_equal(once.status, again.status);
    if (once.offsets != NULL)
      assert_memory_equal(once.offsets, again.offsets, made.problem.buffer_count * sizeof *once.offsets);
    random_problem_free(&made);
  }
}

/* More pins than the skyline looks at one by one: it starts above them. */
static void very_many_pins_are_survived(void **state) {
  (void)state;
  enum { PINS = 9000, MOVABLE = 3000 };
  static vmo_lifetime lifetimes[PINS + MOVABLE];
  static vmo_buffer buffers[PINS + MOVABLE];
  for (uint32_t i = 0; i < PINS + MOVABLE; i++) {
    lifetimes[i] = (vmo_lifetime){i % 3000, i % 3000 + 40};
    buffers[i] = (vmo_buffer){16, 16, i < PINS ? 16 * (int64_t)(i / 3000 * 40 + i % 40) : -1, i, 1};
  }
  vmo_solution solution = solve(PROBLEM(buffers, lifetimes, -1));
  assert_true(solution.height >= 16 * 160 && solution.height <= 16 * 200);
}

/* Some 100 bytes of work for each of 400000 buffers do not fit in what is left of the address space. */
static int solve_with_too_little(void) {
  enum { BUFFERS = 400000 };
  vmo_lifetime *lifetimes = malloc(BUFFERS * sizeof *lifetimes);
  vmo_buffer *buffers = malloc(BUFFERS * sizeof *buffers);
  vmo_context *own = vmo_context_create();
  if (lifetimes == NULL || buffers == NULL || own == NULL) return 1;
  for (uint32_t i = 0; i < BUFFERS; i++) {
    lifetimes[i] = (vmo_lifetime){i, i + 10};
    buffers[i] = (vmo_buffer){64, 64, -1, i, 1};
  }
  vmo_problem problem = {buffers, BUFFERS, lifetimes, BUFFERS, -1};
  vmo_solution solution;
  int result = vmo_solve_problem(own, &problem, NULL, &solution) == VMO_OUT_OF_MEMORY ? 0 : 2;
  vmo_context_destroy(own);
  free(lifetimes);
  free(buffers);
  return result;
}

static void lack_of_memory_is_reported(void **state) {
  (void)state;
  assert_succeeds_with_memory((size_t)64 << 20, solve_with_too_little);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(slots_are_reused, open_context, close_context),
      cmocka_unit_test_setup_teardown(gaps_are_used, open_context, close_context),
      cmocka_unit_test_setup_teardown(alignment_raises_the_floor, open_context, close_context),
      cmocka_unit_test_setup_teardown(the_floor_spares_the_worst_rounding, open_context, close_context),
      cmocka_unit_test_setup_teardown(fixed_offsets_are_kept, open_context, close_context),
      cmocka_unit_test_setup_teardown(a_high_pin_raises_the_floor, open_context, close_context),
      cmocka_unit_test_setup_teardown(an_empty_problem_has_an_empty_plan, open_context, close_context),
      cmocka_unit_test_setup_teardown(empty_and_dead_buffers_take_no_place, open_context, close_context),
      cmocka_unit_test_setup_teardown(times_may_be_any_integers, open_context, close_context),
      cmocka_unit_test_setup_teardown(parts_are_solved_apart, open_context, close_context),
      cmocka_unit_test_setup_teardown(a_capacity_is_met_or_refuted, open_context, close_context),
      cmocka_unit_test_setup_teardown(what_a_search_has_ruled_out_is_said, open_context, close_context),
      cmocka_unit_test_setup_teardown(pins_that_overlap_are_infeasible, open_context, close_context),
      cmocka_unit_test_setup_teardown(a_pin_beyond_the_capacity_is_infeasible, open_context, close_context),
      cmocka_unit_test_setup_teardown(sizes_near_the_limit_are_exact, open_context, close_context),
      cmocka_unit_test_setup_teardown(searched_plans_near_the_limit_are_found, open_context, close_context),
      cmocka_unit_test_setup_teardown(a_bound_needs_no_search, open_context, close_context),
      cmocka_unit_test_setup_teardown(loads_beyond_the_limit_are_refused, open_context, close_context),
      cmocka_unit_test_setup_teardown(broken_rules_are_refused, open_context, close_context),
      cmocka_unit_test_setup_teardown(the_bound_alone_agrees, open_context, close_context),
      cmocka_unit_test_setup_teardown(random_problems_against_brute_force, open_context, close_context),
      cmocka_unit_test_setup_teardown(one_byte_too_small_is_infeasible, open_context, close_context),
      cmocka_unit_test_setup_teardown(blockers_are_infeasible_alone, open_context, close_context),
      cmocka_unit_test_setup_teardown(plans_are_sound_and_repeatable, open_context, close_context),
      cmocka_unit_test_setup_teardown(very_many_pins_are_survived, open_context, close_context),
      cmocka_unit_test(lack_of_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
