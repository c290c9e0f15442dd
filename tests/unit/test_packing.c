/* test_packing.c: windows, colocated and apart buffers, spaces: by hand, and random small problems against the truth of
 * packing_random.h; both checkers on every plan, right and broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "support/diag.h"
#include "tests/unit/packing_random.h"

/* ---- both checkers ---- */

static vmo_fault_kind find(vmo_context *context, const vmo_packing_problem *problem, const vmo_packing *packing) {
  vmo_fault_list list;
  vmo_fault slow;
  assert_int_equal(vmo_list_packing_faults(context, problem, packing, 100, &list), VMO_OK);
  assert_int_equal(vmo_find_packing_fault_slowly(context, problem, packing, &slow), VMO_OK);
  vmo_fault_kind kind = list.count > 0 ? list.data[0].kind : VMO_FAULT_NONE;
  assert_int_equal(kind, slow.kind);
  if (kind == VMO_FAULT_OVERLAP) assert_int_equal(list.data[0].time, slow.time);
  return kind;
}

static vmo_packing solve(vmo_context *context, const vmo_packing_problem *problem) {
  vmo_packing packing;
  vmo_status status = vmo_solve_packing(context, problem, NULL, &packing);
  for (uint32_t i = 0; i < context->diagnostics->count; i++)
    print_message("%s\n", context->diagnostics->items[i].message);
  assert_int_equal(status, VMO_OK);
  bool fits = packing.status == VMO_SOLUTION_OPTIMAL || packing.status == VMO_SOLUTION_FEASIBLE;
  assert_true(!fits || packing.offsets != NULL);
  assert_int_equal(find(context, problem, &packing), VMO_FAULT_NONE);
  assert_int_equal(vmo_check_packing(context, problem, &packing), VMO_OK);
  return packing;
}

/* ---- by hand ---- */

/* MiniMalloc's "tetris": a takes 1 of 2 bytes at first, b the upper one of 2 later: 3 bytes in all.
 *
 *   3 ┌─────────┐
 *     │ b   ┌───┘
 *   1 ├─────┤ a │
 *   0 └─────────┘ */
static void windows_interlock(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{5, 10}, {0, 5}};
  vmo_buffer buffers[] = {{2, 1, -1, 0, 1}, {2, 1, -1, 1, 1}};
  vmo_window windows[] = {{0, 0, 5, 0, 1}, {1, 5, 10, 1, 2}};
  vmo_packing_problem problem = {.base = {buffers, 2, lifetimes, 2, -1}, .windows = windows, .window_count = 2};
  vmo_context *context = vmo_context_create();
  vmo_packing packing = solve(context, &problem);
  assert_int_equal(packing.status, VMO_SOLUTION_OPTIMAL);
  assert_int_equal(packing.results[0].height, 3);
  assert_int_equal(packing.offsets[0], 0);
  assert_int_equal(packing.offsets[1], 1);
  packing.offsets[1] = 0;
  assert_int_equal(find(context, &problem, &packing), VMO_FAULT_HEIGHT);
  packing.results[0].height = 2;
  assert_int_equal(find(context, &problem, &packing), VMO_FAULT_OVERLAP);
  vmo_context_destroy(context);
}

/* a and b are live one after the other, and would share their bytes. */
static void apart_buffers_share_no_byte(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{0, 2}, {2, 4}};
  vmo_buffer buffers[] = {{4, 1, -1, 0, 1}, {4, 1, -1, 1, 1}};
  vmo_pair apart[] = {{1, 0}};
  vmo_packing_problem problem = {.base = {buffers, 2, lifetimes, 2, -1}, .apart = apart, .apart_count = 1};
  vmo_context *context = vmo_context_create();
  vmo_packing packing = solve(context, &problem);
  assert_int_equal(packing.results[0].height, 8);
  assert_int_equal(packing.results[0].lower_bound, 4);
  assert_int_equal(packing.status, VMO_SOLUTION_OPTIMAL);
  packing.offsets[0] = packing.offsets[1] = 0;
  packing.results[0].height = 4;
  assert_int_equal(find(context, &problem, &packing), VMO_FAULT_APART);
  vmo_context_destroy(context);
}

/* a (8 bytes) and b (4 bytes) are one bundle; c fits above b once a is dead. */
static void colocated_buffers_take_what_is_live(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{0, 4}, {2, 8}, {4, 8}};
  vmo_buffer buffers[] = {{8, 1, -1, 0, 1}, {4, 4, -1, 1, 1}, {4, 1, -1, 2, 1}};
  vmo_pair colocated[] = {{0, 1}};
  vmo_packing_problem problem = {.base = {buffers, 3, lifetimes, 3, -1}, .colocated = colocated, .colocated_count = 1};
  vmo_context *context = vmo_context_create();
  vmo_packing packing = solve(context, &problem);
  assert_int_equal(packing.results[0].height, 8);
  assert_int_equal(packing.offsets[0], packing.offsets[1]);
  assert_int_equal(packing.status, VMO_SOLUTION_OPTIMAL);
  packing.offsets[1] = 4;
  assert_int_equal(find(context, &problem, &packing), VMO_FAULT_COLOCATED);
  vmo_context_destroy(context);
}

static void expect_refusal(const vmo_packing_problem *problem, const char *words) {
  vmo_context *context = vmo_context_create();
  vmo_packing packing;
  assert_int_equal(vmo_solve_packing(context, problem, NULL, &packing), VMO_INPUT_ERROR);
  assert_int_equal(context->diagnostics->count, 1);
  if (strstr(context->diagnostics->items[0].message, words) == NULL)
    fail_msg("'%s' does not say '%s'", context->diagnostics->items[0].message, words);
  vmo_context_destroy(context);
}

static void contradictions_are_errors(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{0, 2}, {2, 4}};
  vmo_buffer buffers[] = {{4, 1, 0, 0, 1}, {4, 1, 8, 1, 1}};
  vmo_pair pair[] = {{0, 1}};
  vmo_packing_problem problem = {.base = {buffers, 2, lifetimes, 2, -1}, .colocated = pair, .colocated_count = 1};
  expect_refusal(&problem, "buffers 0 and 1 are colocated, and their fixed offsets differ");
  buffers[0].fixed_offset = -1;
  buffers[0].alignment = 16;
  expect_refusal(&problem, "the fixed offset is no multiple of their largest alignment");
  buffers[0].alignment = 1;
  problem.apart = pair;
  problem.apart_count = 1;
  expect_refusal(&problem, "they are to be apart");
  problem.apart_count = 0;
  uint64_t allowed[] = {1, 2};
  vmo_space spaces[] = {{"a", 100, 0, 0}, {"b", 100, 0, 0}};
  problem.spaces = spaces;
  problem.space_count = 2;
  problem.allowed = allowed;
  expect_refusal(&problem, "allow no space in common");
  allowed[1] = 4;
  expect_refusal(&problem, "it allows no space");
  problem.colocated_count = problem.space_count = 0;
  problem.allowed = NULL;
  vmo_window window = {0, 1, 3, 0, 2};
  problem.windows = &window;
  problem.window_count = 1;
  expect_refusal(&problem, "a window lies in one of its lifetimes");
  window = (vmo_window){0, 5, 6, 2, 5};
  expect_refusal(&problem, "a window is not inside of its bytes");
  lifetimes[1].end = INT64_MAX;
  problem.window_count = 0;
  problem.apart_count = 1;
  expect_refusal(&problem, "too near to the end of time");
}

/* b and c can share the 8 bytes of sram, one after the other; a would keep both out. */
static void the_cheapest_assignment_is_found(void **state) {
  (void)state;
  vmo_lifetime lifetimes[] = {{0, 4}, {0, 2}, {2, 4}};
  vmo_buffer buffers[] = {{8, 1, -1, 0, 1}, {8, 1, -1, 1, 1}, {8, 1, -1, 2, 1}};
  vmo_space spaces[] = {{"sram", 8, 0, 0}, {"psram", -1, 64, 1}};
  vmo_packing_problem problem = {.base = {buffers, 3, lifetimes, 3, -1}, .spaces = spaces, .space_count = 2};
  vmo_context *context = vmo_context_create();
  vmo_packing packing = solve(context, &problem);
  assert_int_equal(packing.status, VMO_SOLUTION_OPTIMAL);
  assert_int_equal(packing.cost, 8);
  assert_int_equal(packing.spaces[0], 1);
  assert_int_equal(packing.spaces[1], 0);
  assert_int_equal(packing.spaces[2], 0);
  packing.cost = 7;
  assert_int_equal(find(context, &problem, &packing), VMO_FAULT_COST);
  packing.cost = 8;
  packing.spaces[1] = 2;
  assert_int_equal(find(context, &problem, &packing), VMO_FAULT_SPACE);
  vmo_context_destroy(context);
}

/* ---- broken plans ---- */

static void break_packing(random_source *source, const vmo_packing_problem *problem, vmo_packing *packing) {
  uint32_t victim = (uint32_t)random_in(source, 0, problem->base.buffer_count - 1);
  uint32_t space = (uint32_t)random_in(source, 0, packing->result_count - 1);
  vmo_solution *home = &packing->results[packing->spaces[victim]];
  switch (random_in(source, 0, 7)) {
  case 6: /* on top of all */
    packing->offsets[victim] = (home->height + 7) / 8 * 8;
    home->height = packing->offsets[victim] + problem->base.buffers[victim].bytes;
    break;
  case 0: packing->offsets[victim] += random_in(source, -4, 4); break;
  case 1: packing->offsets[victim] = random_in(source, 0, packing->results[space].height); break;
  case 2: packing->results[space].height += random_in(source, -2, 2); break;
  case 3: packing->results[space].lower_bound += random_in(source, -1, 1); break;
  case 4: packing->results[space].witness += random_in(source, -3, 3); break;
  case 5: packing->spaces[victim] = (uint32_t)random_in(source, 0, packing->result_count); break;
  default: packing->cost += random_in(source, -1, 1); break;
  }
}

static void both_checkers_agree_on_broken_plans(void **state) {
  (void)state;
  random_source source = {11};
  uint32_t counts[VMO_FAULT_COST + 1] = {0};
  random_packing *made = malloc(sizeof *made);
  for (int round = 0; round < random_rounds(4000); round++) {
    random_packing_make(&source, &(packing_shape){8, 10, 6, 20, 15, 20, 5, 5, 10, 20, round % 4}, made);
    vmo_context *context = vmo_context_create();
    vmo_packing packing;
    if (vmo_solve_packing(context, &made->problem, NULL, &packing) == VMO_OK && packing.offsets != NULL) {
      assert_int_equal(find(context, &made->problem, &packing), VMO_FAULT_NONE);
      break_packing(&source, &made->problem, &packing);
      counts[find(context, &made->problem, &packing)]++;
    }
    vmo_context_destroy(context);
  }
  free(made);
  for (int kind = VMO_FAULT_NONE; kind <= VMO_FAULT_COST; kind++)
    if (counts[kind] == 0) fail_msg("no plan with fault %d", kind);
}

/* ---- random problems ---- */

/* The truth of a problem with one space: heights, and with a capacity one byte less, who is in the way. */
static void test_one_space(vmo_context *context, random_packing *made, grid *g) {
  vmo_packing packing = solve(context, &made->problem);
  vmo_bytes height = grid_height(g);
  if (height < 0) { /* the fixed offsets overlap */
    assert_int_equal(packing.status, VMO_SOLUTION_INFEASIBLE);
    assert_null(packing.offsets);
  } else {
    assert_int_equal(packing.results[0].height, height);
    assert_int_equal(packing.status, VMO_SOLUTION_OPTIMAL);
    made->problem.base.capacity = height;
    vmo_packing fits = solve(context, &made->problem);
    assert_true(fits.status == VMO_SOLUTION_OPTIMAL || fits.status == VMO_SOLUTION_FEASIBLE);
    if (height == 0) return;
    made->problem.base.capacity = height - 1;
    packing = solve(context, &made->problem);
    assert_int_equal(packing.status, VMO_SOLUTION_INFEASIBLE);
    g->limits[0] = height - 1;
  }
  assert_true(packing.blocker_count > 0);
  if (height < 0) g->limits[0] = GRID_BYTES;
  for (uint32_t i = 0; i < made->problem.base.buffer_count; i++) g->left_out[i] = true;
  for (uint32_t i = 0; i < packing.blocker_count; i++) g->left_out[g->leaders[packing.blockers[i]]] = false;
  assert_false(grid_fits(g));
}

static void test_spaces(vmo_context *context, random_packing *made, grid *g) {
  vmo_packing packing = solve(context, &made->problem);
  int64_t cost = grid_cost(g);
  if (cost >= 0) {
    if (made->problem.space_count > 1) assert_int_equal(packing.status, VMO_SOLUTION_OPTIMAL);
    assert_true(packing.status == VMO_SOLUTION_OPTIMAL || packing.status == VMO_SOLUTION_FEASIBLE);
    assert_int_equal(packing.cost, cost);
    return;
  }
  assert_int_equal(packing.status, VMO_SOLUTION_INFEASIBLE);
  assert_true(packing.blocker_count > 0);
  for (uint32_t i = 0; i < made->problem.base.buffer_count; i++) g->left_out[i] = true;
  for (uint32_t i = 0; i < packing.blocker_count; i++) g->left_out[g->leaders[packing.blockers[i]]] = false;
  assert_false(grid_fits(g));
}

static void test_random(const packing_shape *shape, uint64_t seed, int rounds) {
  random_source source = {seed};
  random_packing *made = malloc(sizeof *made);
  grid *g = malloc(sizeof *g);
  for (int round = 0; round < random_rounds(rounds); round++) {
    random_packing_make(&source, shape, made);
    grid_start(g, &made->problem);
    vmo_context *context = vmo_context_create();
    vmo_packing refused;
    if (grid_contradicts(g))
      assert_int_equal(vmo_solve_packing(context, &made->problem, NULL, &refused), VMO_INPUT_ERROR);
    else
      (made->problem.space_count > 0 ? test_spaces : test_one_space)(context, made, g);
    vmo_context_destroy(context);
  }
  free(g);
  free(made);
}

/*                                     buffers times bytes  gaps win align pins odd  coloc apart spaces */
static void random_windows(void **state) {
  (void)state;
  test_random(&(packing_shape){5, 10, 6, 30, 40, 30, 0, 5, 0, 0, 0}, 1, 1200);
  test_random(&(packing_shape){4, 8, 6, 30, 40, 30, 20, 5, 0, 0, 0}, 2, 800);
}

static void random_apart(void **state) {
  (void)state;
  test_random(&(packing_shape){7, 10, 5, 30, 0, 20, 10, 5, 0, 40, 0}, 3, 1200);
}

/* Enough buffers for the plan without the pairs to be mended. */
static void pairs_among_many_are_mended(void **state) {
  (void)state;
  random_source source = {31};
  for (int round = 0; round < 25; round++) {
    random_shape shape = {100, 150, 30, 50, 10, 0, 10, 0};
    random_problem made = random_problem_make(&source, &shape);
    vmo_pair apart[20];
    for (uint32_t i = 0; i < 20; i++)
      apart[i] = (vmo_pair){5 * i, (uint32_t)random_in(&source, 0, 4) + (5 * i + 30) % 95};
    vmo_packing_problem problem = {.base = made.problem, .apart = apart, .apart_count = 20};
    vmo_context *context = vmo_context_create();
    vmo_packing packing = solve(context, &problem);
    assert_non_null(packing.offsets);
    assert_true(packing.results[0].height >= packing.results[0].floor);
    vmo_context_destroy(context);
    random_problem_free(&made);
  }
}

static void random_colocated(void **state) {
  (void)state;
  test_random(&(packing_shape){7, 10, 5, 30, 0, 20, 5, 5, 30, 20, 0}, 4, 1200);
}

static void random_everything_in_one_space(void **state) {
  (void)state;
  test_random(&(packing_shape){6, 8, 5, 30, 20, 20, 5, 5, 20, 20, 0}, 5, 1500);
}

static void random_assignments(void **state) {
  (void)state;
  test_random(&(packing_shape){6, 8, 5, 20, 0, 20, 5, 5, 0, 0, 3}, 6, 800);
  test_random(&(packing_shape){5, 8, 4, 20, 20, 20, 5, 5, 15, 20, 3}, 7, 800);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(windows_interlock),
      cmocka_unit_test(apart_buffers_share_no_byte),
      cmocka_unit_test(colocated_buffers_take_what_is_live),
      cmocka_unit_test(contradictions_are_errors),
      cmocka_unit_test(the_cheapest_assignment_is_found),
      cmocka_unit_test(both_checkers_agree_on_broken_plans),
      cmocka_unit_test(random_windows),
      cmocka_unit_test(random_apart),
      cmocka_unit_test(pairs_among_many_are_mended),
      cmocka_unit_test(random_colocated),
      cmocka_unit_test(random_everything_in_one_space),
      cmocka_unit_test(random_assignments),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
