/* test_packing_spaces.c: several memory spaces, with more buffers than an exact assignment takes: who is named when they
 * do not fit, limits that end the work, and numbers near 2^53. To be run under the thread sanitizer too. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "support/diag.h"
#include "tests/unit/planner_random.h"

#define MOST_BUFFERS 4000

/* Buffers with one life each, spaces, and what each buffer allows. */
typedef struct made_packing {
  vmo_packing_problem problem;
  vmo_buffer buffers[MOST_BUFFERS];
  vmo_lifetime lifetimes[MOST_BUFFERS];
  uint64_t allowed[MOST_BUFFERS];
  vmo_space spaces[3];
} made_packing;

static made_packing made;

static void start_packing(uint32_t spaces) {
  static const char *const names[] = {"sram", "psram", "flash"};
  memset(&made, 0, sizeof made);
  made.problem.base = (vmo_problem){.buffers = made.buffers, .lifetimes = made.lifetimes, .capacity = -1};
  made.problem.spaces = made.spaces;
  made.problem.space_count = spaces;
  made.problem.allowed = made.allowed;
  for (uint32_t s = 0; s < spaces; s++) made.spaces[s] = (vmo_space){names[s], -1, 1, s};
}

static void add_buffer(vmo_bytes bytes, int64_t begin, int64_t end, uint64_t allowed) {
  uint32_t i = made.problem.base.buffer_count++;
  made.buffers[i] = (vmo_buffer){bytes, 1, -1, i, 1};
  made.lifetimes[i] = (vmo_lifetime){begin, end};
  made.allowed[i] = allowed;
  made.problem.base.lifetime_count = i + 1;
}

static vmo_packing solve(vmo_context *context, const vmo_packing_problem *problem, const vmo_solve_options *options) {
  vmo_packing packing;
  assert_int_equal(vmo_solve_packing(context, problem, options, &packing), VMO_OK);
  assert_int_equal(vmo_check_packing(context, problem, &packing), VMO_OK);
  return packing;
}

/* ---- who does not fit ---- */

/* The blockers alone do not fit, which the exact assignment of few buffers says too. Whether they do without any one of
 * them is returned: only a search sees to that, loads do not. */
static bool are_least_blockers(vmo_context *context, const vmo_packing *packing) {
  bool least = true;
  vmo_buffer buffers[12];
  uint64_t allowed[12];
  assert_in_range(packing->blocker_count, 1, 12);
  for (uint32_t without = 0; without <= packing->blocker_count; without++) {
    vmo_packing_problem few = made.problem;
    few.base.buffers = buffers;
    few.base.buffer_count = 0;
    few.allowed = allowed;
    for (uint32_t i = 0; i < packing->blocker_count; i++) {
      if (i == without) continue;
      allowed[few.base.buffer_count] = made.allowed[packing->blockers[i]];
      buffers[few.base.buffer_count++] = made.buffers[packing->blockers[i]];
    }
    if (few.base.buffer_count == 0) continue;
    vmo_packing answer = solve(context, &few, NULL);
    if (without == packing->blocker_count)
      assert_int_equal(answer.status, VMO_SOLUTION_INFEASIBLE);
    else
      least = least && answer.status != VMO_SOLUTION_INFEASIBLE;
  }
  return least;
}

/* Loads that the spaces could hold together, in pieces that no space has room for. */
static void a_few_are_named_among_many(void **state) {
  (void)state;
  random_source source = {31};
  uint32_t proven = 0, least = 0;
  for (int round = 0; round < 60; round++) {
    start_packing(2 + round % 2);
    for (uint32_t s = 0; s < made.problem.space_count; s++) made.spaces[s].capacity = random_in(&source, 30, 60);
    for (int i = 0; i < 40; i++) {
      int64_t begin = random_in(&source, 0, 60);
      add_buffer(random_in(&source, 1, 6), begin, begin + random_in(&source, 1, 6),
                 (uint64_t)random_in(&source, 1, (1 << made.problem.space_count) - 1));
    }
    for (uint32_t i = 0; i <= made.problem.space_count; i++)
      add_buffer(random_in(&source, 18, 32), random_in(&source, 15, 20), random_in(&source, 21, 30), UINT64_MAX);
    vmo_context *context = vmo_context_create();
    vmo_packing packing = solve(context, &made.problem, NULL);
    if (packing.status == VMO_SOLUTION_INFEASIBLE && packing.blocker_count <= 12) {
      least += are_least_blockers(context, &packing);
      proven++;
    }
    vmo_context_destroy(context);
  }
  assert_true(proven > 10 && least > 5);
}

static void three_large_ones_have_no_place_in_two_spaces(void **state) {
  (void)state;
  start_packing(2);
  made.spaces[0].capacity = made.spaces[1].capacity = 8;
  for (int i = 0; i < 20; i++) add_buffer(1, 3 * i, 3 * i + 2, UINT64_MAX);
  for (int i = 0; i < 3; i++) add_buffer(5, 10, 20, UINT64_MAX);
  vmo_context *context = vmo_context_create();
  vmo_packing packing = solve(context, &made.problem, NULL);
  assert_int_equal(packing.status, VMO_SOLUTION_INFEASIBLE);
  assert_int_equal(packing.blocker_count, 3);
  for (uint32_t i = 0; i < 3; i++) assert_int_equal(packing.blockers[i], 20 + i);
  assert_string_equal(packing.why, "the blockers cannot be placed together");
  /* Not so when two of them fit into one space, or when not all of them are live at once. */
  made.spaces[1].capacity = 10;
  assert_int_not_equal(solve(context, &made.problem, NULL).status, VMO_SOLUTION_INFEASIBLE);
  made.spaces[1].capacity = 8;
  made.lifetimes[22] = (vmo_lifetime){30, 40};
  assert_int_not_equal(solve(context, &made.problem, NULL).status, VMO_SOLUTION_INFEASIBLE);
  vmo_context_destroy(context);
}

static void who_may_go_nowhere_else_blocks(void **state) {
  (void)state;
  start_packing(2);
  made.spaces[0].capacity = made.spaces[1].capacity = 100;
  for (int i = 0; i < 20; i++) add_buffer(1, 3 * i, 3 * i + 2, UINT64_MAX);
  add_buffer(8, 10, 20, 2);
  add_buffer(8, 15, 25, 2);
  made.buffers[20].fixed_offset = 0;
  made.buffers[21].fixed_offset = 4;
  vmo_context *context = vmo_context_create();
  vmo_packing packing = solve(context, &made.problem, NULL);
  assert_int_equal(packing.status, VMO_SOLUTION_INFEASIBLE);
  assert_int_equal(packing.blocker_count, 2);
  assert_int_equal(packing.blockers[0], 20);
  assert_int_equal(packing.blockers[1], 21);
  made.allowed[21] = 3;
  assert_int_not_equal(solve(context, &made.problem, NULL).status, VMO_SOLUTION_INFEASIBLE);
  vmo_context_destroy(context);
}

/* ---- a plan that is there for the taking ---- */

/* Every tenth buffer may be in the first space alone. How low these can be, found without much ado. */
static vmo_solution bind_tenths(vmo_context *context, random_source *source, uint32_t count) {
  made_packing *whole = malloc(sizeof *whole);
  start_packing(3);
  for (uint32_t i = 0; i < count; i++) {
    int64_t begin = 3 * (int64_t)i + random_in(source, 0, 15);
    add_buffer(random_in(source, 1, 4096), begin, begin + random_in(source, 1, 97), i % 10 == 0 ? 1 : 7);
  }
  *whole = made;
  start_packing(1);
  for (uint32_t i = 0; i < count; i += 10)
    add_buffer(whole->buffers[i].bytes, whole->lifetimes[i].begin, whole->lifetimes[i].end, 1);
  vmo_solution result = solve(context, &made.problem, &(vmo_solve_options){.work_limit = 1}).results[0];
  made = *whole;
  made.problem.spaces = made.spaces;
  free(whole);
  return result;
}

/* What may be elsewhere leaves the space to what may not. */
static void bound_buffers_have_their_space(void **state) {
  (void)state;
  random_source source = {34};
  for (int round = 0; round < 6; round++) {
    vmo_context *context = vmo_context_create();
    vmo_bytes height = bind_tenths(context, &source, 3000).height;
    made.spaces[0].capacity = round % 2 == 0 ? height : 2 * height;
    if (round % 3 == 1) made.spaces[1].capacity = 4 * height;
    vmo_packing packing = solve(context, &made.problem, &(vmo_solve_options){.work_limit = 2000000});
    assert_int_equal(packing.status, VMO_SOLUTION_FEASIBLE);
    assert_true(packing.results[0].height <= made.spaces[0].capacity);
    vmo_context_destroy(context);
  }
}

/* ---- what ends the work ---- */

static void make_program(random_source *source, uint32_t count) {
  start_packing(3);
  made.spaces[0].capacity = 30000;
  made.spaces[1].capacity = 60000;
  for (uint32_t i = 0; i < count; i++)
    add_buffer(8 * random_in(source, 1, INT64_C(1) << random_in(source, 0, 10)), i,
               i + 1 + random_in(source, 0, INT64_C(1) << random_in(source, 0, 7)), UINT64_MAX);
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Without a limit the work takes many times as long; the machine may be busy. */
static void a_time_limit_is_kept_with_spaces(void **state) {
  (void)state;
  random_source source = {32};
  make_program(&source, MOST_BUFFERS);
  vmo_context *context = vmo_context_create();
  double begin = seconds_now();
  vmo_packing packing = solve(context, &made.problem, &(vmo_solve_options){.time_limit = 0.1});
  assert_true(seconds_now() - begin < 10);
  assert_int_equal(packing.status, VMO_SOLUTION_FEASIBLE);
  vmo_packing least = solve(context, &made.problem, &(vmo_solve_options){.time_limit = 1e-9});
  assert_non_null(least.offsets);
  assert_true(least.cost >= packing.cost_floor);
  vmo_context_destroy(context);
}

/* Turns of repair that lead nowhere are paid for by one limit. */
static void all_repairs_share_the_units(void **state) {
  (void)state;
  random_source source = {35};
  vmo_context *context = vmo_context_create();
  vmo_solve_options options = {.work_limit = 5000000};
  for (int round = 0; round < 3; round++) {
    made.spaces[0].capacity = bind_tenths(context, &source, 3000).lower_bound;
    if (round == 2) made.spaces[1].capacity = 3 * made.spaces[0].capacity;
    vmo_packing packing = solve(context, &made.problem, &options);
    assert_in_range(packing.work, 1, 3 * options.work_limit);
  }
  vmo_context_destroy(context);
}

static void *set_flag(void *argument) {
  struct timespec pause = {.tv_nsec = 30000000};
  nanosleep(&pause, NULL);
  atomic_store((atomic_bool *)argument, true);
  return NULL;
}

/* Of spaces, and of a plan that is to be close to a previous one. */
static void another_thread_can_end_the_work(void **state) {
  (void)state;
  random_source source = {33};
  make_program(&source, 2000);
  vmo_context *context = vmo_context_create();
  vmo_packing before = solve(context, &made.problem, &(vmo_solve_options){.work_limit = 1});
  for (int again = 0; again < 2; again++) {
    atomic_bool flag = false;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, set_flag, &flag), 0);
    vmo_solve_options options = {.work_limit = UINT64_MAX / 2, .threads = 2, .cancelled = &flag};
    if (again) {
      vmo_packing packing;
      vmo_moves moves;
      made.buffers[1000].bytes *= 3;
      assert_int_equal(
          vmo_replan_packing(context, &made.problem, &options, before.offsets, before.spaces, 0, &packing, &moves),
          VMO_OK);
      assert_int_equal(vmo_check_packing(context, &made.problem, &packing), VMO_OK);
    } else {
      solve(context, &made.problem, &options);
    }
    pthread_join(thread, NULL);
  }
  vmo_context_destroy(context);
}

/* ---- large numbers ---- */

static void expect_too_large(const char *words) {
  vmo_context *context = vmo_context_create();
  vmo_packing packing;
  assert_int_equal(vmo_solve_packing(context, &made.problem, NULL, &packing), VMO_INPUT_ERROR);
  assert_int_equal(context->diagnostics->count, 1);
  assert_int_equal(context->diagnostics->items[0].code, VMO_DIAG_PROBLEM_TOO_LARGE);
  if (strstr(context->diagnostics->items[0].message, words) == NULL)
    fail_msg("'%s' does not say '%s'", context->diagnostics->items[0].message, words);
  vmo_context_destroy(context);
}

static void sizes_near_the_limit_are_exact(void **state) {
  (void)state;
  vmo_bytes half = VMO_BYTES_LIMIT / 2;
  vmo_context *context = vmo_context_create();
  start_packing(2);
  made.spaces[0].capacity = half;
  made.spaces[1].cost = 1;
  add_buffer(half - 1, 0, 5, UINT64_MAX);
  add_buffer(half - 2, 2, 9, UINT64_MAX);
  add_buffer(1, 2, 9, UINT64_MAX);
  vmo_packing packing = solve(context, &made.problem, NULL);
  assert_int_equal(packing.status, VMO_SOLUTION_OPTIMAL);
  assert_int_equal(packing.cost, half - 2);
  assert_int_equal(packing.results[0].height, half);
  made.spaces[1].cost = 4;
  expect_too_large("times the cost");
  made.problem.space_count = 1;
  made.spaces[0].capacity = -1;
  packing = solve(context, &made.problem, NULL);
  assert_int_equal(packing.results[0].height, VMO_BYTES_LIMIT - 2);
  made.buffers[2].bytes = 3;
  expect_too_large("live at time 2 ");
  vmo_context_destroy(context);
}

/* The pair's own time, after all others, is nobody's business. */
static void apart_pairs_near_the_limit_are_told_without_a_time(void **state) {
  (void)state;
  vmo_bytes half = VMO_BYTES_LIMIT / 2;
  vmo_pair pair = {0, 1};
  start_packing(0);
  made.problem.allowed = NULL;
  add_buffer(half, 0, 4, 0);
  add_buffer(half, 6, 9, 0);
  made.problem.apart = &pair;
  made.problem.apart_count = 1;
  expect_too_large("two buffers that are to be apart need 2^53 bytes or more together");
  made.buffers[1].bytes--;
  vmo_context *context = vmo_context_create();
  vmo_packing packing = solve(context, &made.problem, NULL);
  assert_int_equal(packing.results[0].height, VMO_BYTES_LIMIT - 1);
  assert_int_equal(packing.results[0].lower_bound, half);
  assert_int_equal(packing.results[0].witness, 0);
  assert_string_equal(packing.why, "alignments, fixed offsets and buffers that are apart allow no lower plan");
  vmo_context_destroy(context);
}

/* ---- many apart pairs ---- */

/* Fills problem.apart with so many of all pairs. */
static void pair_up(random_source *source, int percent) {
  uint32_t count = made.problem.base.buffer_count;
  vmo_pair *pairs = malloc((size_t)count * count / 2 * sizeof *pairs);
  made.problem.apart_count = 0;
  for (uint32_t i = 0; i < count; i++)
    for (uint32_t j = 0; j < i; j++)
      if (random_chance(source, percent)) pairs[made.problem.apart_count++] = (vmo_pair){j, i};
  made.problem.apart = pairs;
}

/* Of a thousand buffers that exclude each other, live one after the other, none can use the bytes of another. */
static void buffers_that_exclude_each_other_add_up(void **state) {
  (void)state;
  random_source source = {36};
  vmo_bytes sum = 0;
  start_packing(0);
  made.problem.allowed = NULL;
  for (int i = 0; i < 1000; i++) add_buffer(random_in(&source, 1, 100), i, i + 2, 0);
  for (int i = 0; i < 1000; i++) sum += made.buffers[i].bytes;
  pair_up(&source, 100);
  vmo_context *context = vmo_context_create();
  double begin = seconds_now();
  vmo_packing packing = solve(context, &made.problem, &(vmo_solve_options){.time_limit = 0.5});
  assert_true(seconds_now() - begin < 10);
  assert_int_equal(packing.status, VMO_SOLUTION_OPTIMAL);
  assert_int_equal(packing.results[0].height, sum);
  assert_int_equal(packing.results[0].floor, sum);
  free((void *)made.problem.apart);
  vmo_context_destroy(context);
}

/* The floor is that of some that exclude each other, and no more. */
static void some_pairs_keep_their_floor(void **state) {
  (void)state;
  random_source source = {37};
  for (int round = 0; round < 10; round++) {
    start_packing(0);
    made.problem.allowed = NULL;
    for (int i = 0; i < 100; i++) add_buffer(1, 3 * i, 3 * i + 2, 0);
    pair_up(&source, 10 * round);
    vmo_context *context = vmo_context_create();
    vmo_packing packing = solve(context, &made.problem, &(vmo_solve_options){.work_limit = 1000000});
    assert_true(packing.results[0].floor <= packing.results[0].height);
    assert_true(round == 0 || packing.results[0].floor >= 1 + round / 2);
    assert_int_equal(packing.results[0].lower_bound, 1);
    free((void *)made.problem.apart);
    vmo_context_destroy(context);
  }
}

/* ---- buffers that are never live ---- */

/* They overlap nothing, and their room counts all the same: an arena has to hold whatever an offset points at. */
static void never_live_buffers_have_their_room(void **state) {
  (void)state;
  start_packing(0);
  made.problem.allowed = NULL;
  add_buffer(4, 0, 4, 0);
  add_buffer(10, 0, 0, 0);
  made.buffers[1].lifetime_count = 0;
  vmo_context *context = vmo_context_create();
  vmo_packing packing = solve(context, &made.problem, NULL);
  assert_int_equal(packing.status, VMO_SOLUTION_OPTIMAL);
  assert_int_equal(packing.results[0].height, 10);
  assert_int_equal(packing.results[0].lower_bound, 4);
  assert_int_equal(packing.results[0].floor, 10);
  assert_string_equal(packing.why, "one buffer alone ends there");
  made.problem.base.capacity = 9;
  packing = solve(context, &made.problem, NULL);
  assert_int_equal(packing.status, VMO_SOLUTION_INFEASIBLE);
  assert_int_equal(packing.blocker_count, 1);
  assert_int_equal(packing.blockers[0], 1);
  vmo_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_few_are_named_among_many),
      cmocka_unit_test(three_large_ones_have_no_place_in_two_spaces),
      cmocka_unit_test(who_may_go_nowhere_else_blocks),
      cmocka_unit_test(bound_buffers_have_their_space),
      cmocka_unit_test(a_time_limit_is_kept_with_spaces),
      cmocka_unit_test(all_repairs_share_the_units),
      cmocka_unit_test(another_thread_can_end_the_work),
      cmocka_unit_test(sizes_near_the_limit_are_exact),
      cmocka_unit_test(apart_pairs_near_the_limit_are_told_without_a_time),
      cmocka_unit_test(buffers_that_exclude_each_other_add_up),
      cmocka_unit_test(some_pairs_keep_their_floor),
      cmocka_unit_test(never_live_buffers_have_their_room),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
