/* test_planner_check.c: the two checkers: each kind of fault by hand, and random plans, sound and broken,
 * on which they must agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "support/diag.h"
#include "tests/unit/planner_random.h"

/*   12 ┌─────┐          three buffers: a [0, 2) 8 bytes, b [1, 4) 4 bytes aligned to 4, c [2, 3) 8 bytes,
 *      │  b  └──┐       and d, fixed at 16, never live together with the others
 *    8 ├──┬─────┤
 *      │a │ c   │
 *    0 └──┴─────┘  */
static const vmo_lifetime lifetimes[] = {{0, 2}, {1, 4}, {2, 3}, {10, 11}};
static const vmo_buffer buffers[] = {{8, 1, -1, 0, 1}, {4, 4, -1, 1, 1}, {8, 1, -1, 2, 1}, {1, 1, 16, 3, 1}};
static const vmo_problem problem = {buffers, 4, lifetimes, 4, -1};

static vmo_fault find(const vmo_problem *asked, const vmo_bytes *offsets, vmo_solution solution, bool slowly) {
  vmo_context *context = vmo_context_create();
  vmo_fault fault;
  solution.offsets = (vmo_bytes *)offsets;
  vmo_status status = (slowly ? vmo_find_fault_slowly : vmo_find_fault)(context, asked, &solution, &fault);
  assert_int_equal(status, VMO_OK);
  vmo_context_destroy(context);
  return fault;
}

static void expect(const vmo_problem *asked, const vmo_bytes *offsets, vmo_solution solution, vmo_fault expected) {
  for (int slowly = 0; slowly < 2; slowly++) {
    vmo_fault fault = find(asked, offsets, solution, slowly);
    assert_int_equal(fault.kind, expected.kind);
    if (fault.kind == VMO_FAULT_NONE) continue;
    assert_int_equal(fault.buffer, expected.buffer);
    assert_int_equal(fault.other, expected.other);
    assert_int_equal(fault.time, expected.time);
  }
}

static const vmo_solution right = {
    .height = 17, .lower_bound = 12, .witness = 1, .status = VMO_SOLUTION_FEASIBLE, .floor = 17};

static void a_sound_plan_has_no_fault(void **state) {
  (void)state;
  expect(&problem, (vmo_bytes[]){0, 8, 0, 16}, right, (vmo_fault){.kind = VMO_FAULT_NONE});
  vmo_solution other_witness = right;
  other_witness.witness = 2;
  expect(&problem, (vmo_bytes[]){0, 8, 0, 16}, other_witness, (vmo_fault){.kind = VMO_FAULT_NONE});
}

static void faults_of_single_buffers_are_named(void **state) {
  (void)state;
  expect(&problem, (vmo_bytes[]){-1, 8, 0, 16}, right, (vmo_fault){VMO_FAULT_NEGATIVE_OFFSET, 0, VMO_NONE, 0});
  expect(&problem, (vmo_bytes[]){0, 9, 0, 16}, right, (vmo_fault){VMO_FAULT_MISALIGNED, 1, VMO_NONE, 0});
  expect(&problem, (vmo_bytes[]){0, 8, 0, 15}, right, (vmo_fault){VMO_FAULT_FIXED_OFFSET, 3, VMO_NONE, 0});
  expect(&problem, (vmo_bytes[]){0, 16, 0, 16}, right, (vmo_fault){VMO_FAULT_HEIGHT, 1, VMO_NONE, 0});
  expect(&problem, (vmo_bytes[]){INT64_MAX, 8, 0, 16}, right, (vmo_fault){VMO_FAULT_HEIGHT, 0, VMO_NONE, 0});
}

static void a_height_that_nobody_reaches_is_a_fault(void **state) {
  (void)state;
  vmo_solution tall = right;
  tall.height = 18;
  expect(&problem, (vmo_bytes[]){0, 8, 0, 16}, tall, (vmo_fault){VMO_FAULT_HEIGHT, VMO_NONE, VMO_NONE, 0});
  vmo_problem none = {0};
  expect(&none, (vmo_bytes[]){0}, right, (vmo_fault){VMO_FAULT_HEIGHT, VMO_NONE, VMO_NONE, 0});
}

static void the_capacity_binds_plans_that_claim_to_fit(void **state) {
  (void)state;
  vmo_problem small = problem;
  vmo_solution lowest = right;
  small.capacity = 16;
  lowest.status = VMO_SOLUTION_TIMEOUT;
  expect(&small, (vmo_bytes[]){0, 8, 0, 16}, right, (vmo_fault){VMO_FAULT_CAPACITY, 3, VMO_NONE, 0});
  expect(&small, (vmo_bytes[]){0, 8, 0, 16}, lowest, (vmo_fault){.kind = VMO_FAULT_NONE});
  small.capacity = 17;
  expect(&small, (vmo_bytes[]){0, 8, 0, 16}, right, (vmo_fault){.kind = VMO_FAULT_NONE});
}

static void overlaps_name_both_and_since_when(void **state) {
  (void)state;
  expect(&problem, (vmo_bytes[]){0, 4, 0, 16}, right, (vmo_fault){VMO_FAULT_OVERLAP, 0, 1, 1});
  expect(&problem, (vmo_bytes[]){5, 4, 8, 16}, right, (vmo_fault){VMO_FAULT_OVERLAP, 0, 1, 1});
  expect(&problem, (vmo_bytes[]){4, 0, 3, 16}, right, (vmo_fault){VMO_FAULT_OVERLAP, 1, 2, 2});
}

static void a_wrong_bound_or_witness_is_a_fault(void **state) {
  (void)state;
  vmo_solution low = right, elsewhere = right, early = right;
  low.lower_bound = 11;
  elsewhere.witness = 0;
  early.witness = -5;
  expect(&problem, (vmo_bytes[]){0, 8, 0, 16}, low, (vmo_fault){VMO_FAULT_LOWER_BOUND, VMO_NONE, VMO_NONE, 1});
  expect(&problem, (vmo_bytes[]){0, 8, 0, 16}, elsewhere, (vmo_fault){VMO_FAULT_LOWER_BOUND, VMO_NONE, VMO_NONE, 1});
  expect(&problem, (vmo_bytes[]){0, 8, 0, 16}, early, (vmo_fault){VMO_FAULT_LOWER_BOUND, VMO_NONE, VMO_NONE, 1});
}

/* b lies in the hole of a:   a ██──██
 *                            b   ██    */
static void gaps_may_be_used_by_others(void **state) {
  (void)state;
  vmo_lifetime holed[] = {{0, 2}, {4, 6}, {2, 4}};
  vmo_buffer pair[] = {{8, 1, -1, 0, 2}, {8, 1, -1, 2, 1}};
  vmo_problem gap = {pair, 2, holed, 3, -1};
  vmo_solution solution = {.height = 8, .lower_bound = 8, .status = VMO_SOLUTION_OPTIMAL};
  expect(&gap, (vmo_bytes[]){0, 0}, solution, (vmo_fault){.kind = VMO_FAULT_NONE});
  holed[2].end = 5;
  solution.lower_bound = 16;
  solution.witness = 4;
  expect(&gap, (vmo_bytes[]){0, 0}, solution, (vmo_fault){VMO_FAULT_OVERLAP, 0, 1, 4});
}

static void empty_and_dead_buffers_overlap_nothing(void **state) {
  (void)state;
  vmo_buffer odd[] = {{8, 1, -1, 0, 1}, {0, 1, -1, 0, 1}, {8, 1, -1, 0, 0}};
  vmo_problem asked = {odd, 3, lifetimes, 1, -1};
  vmo_solution solution = {.height = 8, .lower_bound = 8, .witness = 0, .status = VMO_SOLUTION_OPTIMAL};
  expect(&asked, (vmo_bytes[]){0, 4, 0}, solution, (vmo_fault){.kind = VMO_FAULT_NONE});
}

static void a_refused_plan_is_an_internal_error(void **state) {
  (void)state;
  vmo_context *context = vmo_context_create();
  vmo_bytes offsets[] = {0, 4, 0, 16};
  vmo_solution solution = right;
  solution.offsets = offsets;
  assert_int_equal(vmo_check_solution(context, &problem, &solution), VMO_INTERNAL_ERROR);
  assert_int_equal(context->diagnostics->count, 1);
  assert_non_null(strstr(context->diagnostics->items[0].message, "buffers 0 and 1 overlap at time 1"));
  assert_int_equal(vmo_check_solution_slowly(context, &problem, &solution), VMO_INTERNAL_ERROR);
  offsets[1] = 8;
  assert_int_equal(vmo_check_solution(context, &problem, &solution), VMO_OK);
  solution.offsets = NULL;
  assert_int_equal(vmo_check_solution(context, &problem, &solution), VMO_OK);
  vmo_context_destroy(context);
}

/* ---- random plans ---- */

static void break_plan(random_source *source, const vmo_problem *asked, vmo_solution *solution) {
  uint32_t victim = (uint32_t)random_in(source, 0, asked->buffer_count - 1);
  switch (random_in(source, 0, 4)) {
  case 0: solution->offsets[victim] += random_in(source, -8, 8); break;
  case 1: solution->offsets[victim] = random_in(source, 0, solution->height); break;
  case 2: solution->height += random_in(source, -2, 2); break;
  case 3: solution->lower_bound += random_in(source, -1, 1); break;
  default: solution->witness += random_in(source, -3, 3); break;
  }
}

/* Whether the fault is one indeed. */
static bool is_true(const vmo_problem *asked, const vmo_solution *solution, const vmo_fault *fault) {
  if (fault->kind != VMO_FAULT_OVERLAP) return true;
  vmo_bytes a = solution->offsets[fault->buffer], b = solution->offsets[fault->other];
  return are_live_together(asked, fault->buffer, fault->other) && a < b + asked->buffers[fault->other].bytes &&
         b < a + asked->buffers[fault->buffer].bytes;
}

static void both_checkers_agree_on_random_plans(void **state) {
  (void)state;
  random_source source = {7};
  uint32_t counts[VMO_FAULT_LOWER_BOUND + 1] = {0};
  for (int round = 0; round < 1500; round++) {
    random_shape shape = {(uint32_t)random_in(&source, 1, 60), random_in(&source, 1, 60), 10, 40, 30, 5, 50, 10};
    random_problem made = random_problem_make(&source, &shape);
    vmo_context *context = vmo_context_create();
    vmo_solution solution;
    vmo_solve_options soon = {.work_limit = 20000}; /* any plan will do */
    assert_int_equal(vmo_solve_problem(context, &made.problem, &soon, &solution), VMO_OK);
    vmo_fault fast, slow;
    vmo_find_fault(context, &made.problem, &solution, &fast);
    vmo_find_fault_slowly(context, &made.problem, &solution, &slow);
    assert_int_equal(fast.kind, VMO_FAULT_NONE);
    assert_int_equal(slow.kind, VMO_FAULT_NONE);
    if (solution.offsets != NULL) {
      break_plan(&source, &made.problem, &solution);
      vmo_find_fault(context, &made.problem, &solution, &fast);
      vmo_find_fault_slowly(context, &made.problem, &solution, &slow);
      assert_int_equal(fast.kind, slow.kind);
      assert_true(is_true(&made.problem, &solution, &fast) && is_true(&made.problem, &solution, &slow));
      counts[fast.kind]++;
    }
    vmo_context_destroy(context);
    random_problem_free(&made);
  }
  for (int kind = VMO_FAULT_NONE; kind <= VMO_FAULT_LOWER_BOUND; kind++)
    if (kind != VMO_FAULT_CAPACITY) assert_true(counts[kind] > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_sound_plan_has_no_fault),
      cmocka_unit_test(faults_of_single_buffers_are_named),
      cmocka_unit_test(a_height_that_nobody_reaches_is_a_fault),
      cmocka_unit_test(the_capacity_binds_plans_that_claim_to_fit),
      cmocka_unit_test(overlaps_name_both_and_since_when),
      cmocka_unit_test(a_wrong_bound_or_witness_is_a_fault),
      cmocka_unit_test(gaps_may_be_used_by_others),
      cmocka_unit_test(empty_and_dead_buffers_overlap_nothing),
      cmocka_unit_test(a_refused_plan_is_an_internal_error),
      cmocka_unit_test(both_checkers_agree_on_random_plans),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
