/* test_replan.c: plans that stay close to a previous one: random edits, and what was there before may be anything. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/packing_random.h"

static void expect_right(vmo_context *context, const vmo_packing_problem *problem, const vmo_packing *packing) {
  vmo_fault fault;
  assert_int_equal(vmo_check_packing(context, problem, packing), VMO_OK);
  assert_int_equal(vmo_find_packing_fault_slowly(context, problem, packing, &fault), VMO_OK);
  assert_int_equal(fault.kind, VMO_FAULT_NONE);
}

static bool fits(const vmo_packing *packing) {
  return packing->status == VMO_SOLUTION_OPTIMAL || packing->status == VMO_SOLUTION_FEASIBLE;
}

static void replan(vmo_context *context, const vmo_packing_problem *problem, const vmo_bytes *offsets,
                   const uint32_t *spaces, double tolerance, vmo_packing *packing, vmo_moves *moves) {
  vmo_packing fresh;
  vmo_status status = vmo_replan_packing(context, problem, NULL, offsets, spaces, tolerance, packing, moves);
  assert_int_equal(vmo_solve_packing(context, problem, NULL, &fresh), status);
  if (status != VMO_OK) return;
  expect_right(context, problem, packing);
  if (packing->offsets != NULL) assert_int_equal(moves->kept + moves->moved + moves->added, problem->base.buffer_count);
  assert_int_equal(fits(packing), fits(&fresh));
  if (!fits(&fresh)) {
    assert_int_equal(packing->status, fresh.status); /* whatever the pins ruled out */
    return;
  }
  assert_true(packing->cost_floor >= fresh.cost_floor || problem->space_count <= 1);
  assert_true(packing->results[0].floor >= fresh.results[0].floor || problem->space_count > 1);
  if (problem->space_count > 1)
    assert_true((double)packing->cost <= (double)fresh.cost * (1 + tolerance));
  else if (problem->base.capacity < 0 && problem->space_count == 0)
    assert_true((double)packing->results[0].height <= (double)fresh.results[0].height * (1 + tolerance));
}

static void random_edits_keep_every_rule(void **state) {
  (void)state;
  random_source source = {21};
  random_packing *made = malloc(sizeof *made);
  for (int round = 0; round < 1500; round++) {
    random_packing_make(&source, &(packing_shape){8, 10, 6, 20, 15, 20, 5, 5, 10, 15, round % 4}, made);
    vmo_context *context = vmo_context_create();
    vmo_packing before, after;
    vmo_moves moves;
    if (vmo_solve_packing(context, &made->problem, NULL, &before) == VMO_OK && fits(&before)) {
      replan(context, &made->problem, before.offsets, before.spaces, 0, &after, &moves);
      assert_int_equal(moves.kept, made->problem.base.buffer_count);
      vmo_buffer *edited = &made->buffers[random_in(&source, 0, made->problem.base.buffer_count - 1)];
      bool windowed = made->problem.window_count > 0;
      edited->bytes = windowed ? edited->bytes + 2 : random_in(&source, 0, 8);
      before.offsets[random_in(&source, 0, made->problem.base.buffer_count - 1)] = random_in(&source, -1, 9);
      replan(context, &made->problem, before.offsets, before.spaces, (double)random_in(&source, 0, 20) / 100, &after,
             &moves);
    }
    vmo_context_destroy(context);
  }
  free(made);
}

static void anything_may_have_been_there_before(void **state) {
  (void)state;
  random_source source = {22};
  random_packing *made = malloc(sizeof *made);
  for (int round = 0; round < 500; round++) {
    random_packing_make(&source, &(packing_shape){8, 10, 6, 20, 15, 20, 5, 5, 10, 15, round % 4}, made);
    vmo_context *context = vmo_context_create();
    vmo_bytes offsets[GRID_BUFFERS];
    uint32_t spaces[GRID_BUFFERS];
    vmo_packing packing;
    vmo_moves moves;
    for (int i = 0; i < GRID_BUFFERS; i++) {
      offsets[i] = random_chance(&source, 10) ? INT64_MAX : random_in(&source, -2, 12);
      spaces[i] = (uint32_t)(random_chance(&source, 10) ? VMO_NONE : random_in(&source, 0, 3));
    }
    replan(context, &made->problem, offsets, spaces, 0.1, &packing, &moves);
    vmo_context_destroy(context);
  }
  free(made);
}

/* 300 buffers, one of which grows: nearly all of the others stay. */
static void an_edit_of_one_buffer_moves_few(void **state) {
  (void)state;
  random_source source = {23};
  random_shape shape = {300, 400, 40, 1000, 0, 0, 0, 0};
  random_problem made = random_problem_make(&source, &shape);
  vmo_packing_problem problem = {.base = made.problem};
  vmo_context *context = vmo_context_create();
  vmo_packing before, after;
  vmo_moves moves;
  assert_int_equal(vmo_solve_packing(context, &problem, NULL, &before), VMO_OK);
  made.buffers[150].bytes = 1500;
  replan(context, &problem, before.offsets, before.spaces, 0.05, &after, &moves);
  assert_true(moves.kept >= 280);
  vmo_context_destroy(context);
  random_problem_free(&made);
}

/* The fewest of the previously placed buffers that any plan of that height moves, by trying all sets that stay. */
static int fewest_moves(random_packing *made, const vmo_bytes *before, vmo_bytes height) {
  uint32_t count = made->problem.base.buffer_count;
  vmo_bytes pins[GRID_BUFFERS];
  int fewest = INT_MAX;
  grid *g = malloc(sizeof *g);
  for (uint32_t i = 0; i < count; i++) pins[i] = made->buffers[i].fixed_offset;
  for (uint32_t stay = 0; stay < UINT32_C(1) << count; stay++) {
    int moved = 0;
    for (uint32_t i = 0; i < count; i++) {
      made->buffers[i].fixed_offset = stay >> i & 1 ? before[i] : pins[i];
      moved += !(stay >> i & 1);
    }
    if (moved >= fewest) continue;
    grid_start(g, &made->problem);
    if (grid_contradicts(g)) continue;
    vmo_bytes reached = grid_height(g);
    if (reached >= 0 && reached <= height) fewest = moved;
  }
  for (uint32_t i = 0; i < count; i++) made->buffers[i].fixed_offset = pins[i];
  free(g);
  return fewest;
}

/* After one buffer has grown, no plan within the capacity, or as low as one from scratch, moves fewer. */
static void no_plan_moves_fewer(void **state) {
  (void)state;
  random_source source = {24};
  random_packing *made = malloc(sizeof *made);
  int several = 0;
  for (int round = 0; round < 120; round++) {
    random_packing_make(&source, &(packing_shape){6, 8, 5, 20, 10, 20, 0, 0, 10, 0, 0}, made);
    vmo_context *context = vmo_context_create();
    vmo_packing before, fresh, after;
    vmo_moves moves;
    if (vmo_solve_packing(context, &made->problem, NULL, &before) == VMO_OK && fits(&before)) {
      made->buffers[random_in(&source, 0, made->problem.base.buffer_count - 1)].bytes += random_in(&source, 1, 4);
      assert_int_equal(vmo_solve_packing(context, &made->problem, NULL, &fresh), VMO_OK);
      vmo_bytes height = fresh.results[0].height;
      if (round % 2 == 0) made->problem.base.capacity = height += random_in(&source, 0, 3);
      assert_int_equal(vmo_replan_packing(context, &made->problem, NULL, before.offsets, NULL, 0, &after, &moves),
                       VMO_OK);
      assert_true(fits(&after) && after.results[0].height <= height);
      assert_int_equal(moves.moved, fewest_moves(made, before.offsets, height));
      several += moves.moved > 1;
    }
    vmo_context_destroy(context);
  }
  free(made);
  assert_true(several > 0);
}

/* One buffer grows among hundreds, with room at the top: it alone moves. A looser capacity moves no more. */
static void looser_capacities_move_no_more(void **state) {
  (void)state;
  random_source source = {25};
  for (int round = 0; round < 2; round++) {
    random_shape shape = {150, 200, 40, 1000, 0, 0, 0, 0};
    random_problem made = random_problem_make(&source, &shape);
    vmo_packing_problem problem = {.base = made.problem};
    vmo_context *context = vmo_context_create();
    vmo_packing before, after;
    vmo_moves moves;
    assert_int_equal(vmo_solve_packing(context, &problem, NULL, &before), VMO_OK);
    made.buffers[70 + round].bytes += 400;
    uint32_t former = UINT32_MAX;
    for (int percent = 2; percent <= 100; percent *= 7) {
      problem.base.capacity = before.results[0].height * (100 + percent) / 100 + 400;
      assert_int_equal(vmo_replan_packing(context, &problem, NULL, before.offsets, NULL, 0, &after, &moves), VMO_OK);
      expect_right(context, &problem, &after);
      assert_true(moves.moved <= 30 && moves.moved <= former);
      former = moves.moved;
    }
    assert_true(former <= 1);
    vmo_context_destroy(context);
    random_problem_free(&made);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_edits_keep_every_rule),    cmocka_unit_test(anything_may_have_been_there_before),
      cmocka_unit_test(an_edit_of_one_buffer_moves_few), cmocka_unit_test(no_plan_moves_fewer),
      cmocka_unit_test(looser_capacities_move_no_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
