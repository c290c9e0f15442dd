/* test_planner_limits.c: what ends a solve and what does not change its answer: work limits, time limits, a flag that
 * another thread sets, threads, seeds. To be run under the thread sanitizer too. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "tests/unit/planner_random.h"

static vmo_solution solve(vmo_context *context, const vmo_problem *problem, const vmo_solve_options *options) {
  vmo_solution solution;
  assert_int_equal(vmo_solve_problem(context, problem, options, &solution), VMO_OK);
  assert_int_equal(vmo_check_solution(context, problem, &solution), VMO_OK);
  return solution;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- the same answer ---- */

static void expect_same(const vmo_problem *problem, const vmo_solve_options *options) {
  vmo_context *context = vmo_context_create();
  vmo_solution once = solve(context, problem, options), again = solve(context, problem, options);
  assert_int_equal(once.height, again.height);
  assert_int_equal(once.floor, again.floor);
  assert_int_equal(once.nodes, again.nodes);
  assert_string_equal(once.method, again.method);
  assert_memory_equal(once.offsets, again.offsets, problem->buffer_count * sizeof *once.offsets);
  vmo_context_destroy(context);
}

/* Whoever comes first: with two threads and with three the answer is the same each time. */
static void threads_do_not_change_an_answer(void **state) {
  (void)state;
  random_source source = {8};
  for (int round = 0; round < 40; round++) {
    random_problem made = random_cuts(&source, (uint32_t)random_in(&source, 20, 220), 300, 100000);
    vmo_solve_options options = {.threads = (uint32_t)random_in(&source, 1, 3),
                                 .seed = random_next(&source),
                                 .work_limit = (uint64_t)random_in(&source, 1, 6000000)};
    if (round % 3 == 0) made.problem.capacity = 100000 + random_in(&source, 0, 3000);
    expect_same(&made.problem, &options);
    random_problem_free(&made);
  }
}

/* ---- limits ---- */

/* The time between the call and the answer is the limit and a little: on a busy machine maybe more, so only the work
 * is looked at, which without a limit would be a hundred times as much. */
static void a_time_limit_ends_the_work(void **state) {
  (void)state;
  random_source source = {5};
  random_problem made = random_cuts(&source, 900, 2000, 1000000);
  vmo_context *context = vmo_context_create();
  double begin = seconds_now();
  vmo_solution solution = solve(context, &made.problem, &(vmo_solve_options){.time_limit = 0.2, .threads = 2});
  assert_true(seconds_now() - begin < 20);
  assert_true(solution.offsets != NULL && solution.height >= 1000000);
  solution = solve(context, &made.problem, &(vmo_solve_options){.time_limit = 1e-9});
  assert_string_equal(solution.method, "skyline by area");
  vmo_context_destroy(context);
  random_problem_free(&made);
}

static void *set_flag(void *argument) {
  struct timespec pause = {.tv_nsec = 50000000};
  nanosleep(&pause, NULL);
  atomic_store((atomic_bool *)argument, true);
  return NULL;
}

static void another_thread_can_end_the_work(void **state) {
  (void)state;
  random_source source = {6};
  random_problem made = random_cuts(&source, 900, 2000, 1000000);
  vmo_context *context = vmo_context_create();
  for (uint32_t threads = 1; threads <= 2; threads++) {
    atomic_bool flag = false;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, set_flag, &flag), 0);
    vmo_solve_options options = {.work_limit = UINT64_MAX / 2, .threads = threads, .cancelled = &flag};
    vmo_solution solution = solve(context, &made.problem, &options);
    pthread_join(thread, NULL);
    assert_true(atomic_load(&flag) || solution.status == VMO_SOLUTION_OPTIMAL);
  }
  atomic_bool set = true;
  vmo_solution solution = solve(context, &made.problem, &(vmo_solve_options){.cancelled = &set});
  assert_string_equal(solution.method, "skyline by area");
  vmo_context_destroy(context);
  random_problem_free(&made);
}

/* A capacity that cannot be met in the time carries the lowest plan. */
static void a_timeout_has_a_plan(void **state) {
  (void)state;
  random_source source = {7};
  random_problem made = random_cuts(&source, 900, 2000, 1000000);
  vmo_context *context = vmo_context_create();
  made.problem.capacity = 1000000;
  vmo_solution solution = solve(context, &made.problem, &(vmo_solve_options){.work_limit = 1});
  assert_int_equal(solution.status, VMO_SOLUTION_TIMEOUT);
  assert_true(solution.height > 1000000);
  vmo_context_destroy(context);
  random_problem_free(&made);
}

/* ---- progress ---- */

typedef struct listener {
  uint32_t calls;
  vmo_progress last;
} listener;

static void listen(void *user, const vmo_progress *progress) {
  listener *heard = user;
  if (heard->calls > 0) {
    assert_true(progress->height <= heard->last.height);
    assert_true(progress->floor >= heard->last.floor);
    assert_true(progress->nodes >= heard->last.nodes);
  }
  heard->calls++;
  heard->last = *progress;
}

static void progress_only_gets_better(void **state) {
  (void)state;
  random_source source = {9};
  random_problem made = random_cuts(&source, 150, 300, 100000);
  vmo_context *context = vmo_context_create();
  listener heard = {0};
  vmo_solve_options options = {.report = listen, .report_user = &heard, .threads = 2};
  vmo_solution solution = solve(context, &made.problem, &options);
  assert_true(heard.calls >= 2);
  assert_int_equal(heard.last.height, solution.height);
  assert_int_equal(heard.last.floor, solution.floor);
  vmo_context_destroy(context);
  random_problem_free(&made);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(threads_do_not_change_an_answer), cmocka_unit_test(a_time_limit_ends_the_work),
      cmocka_unit_test(another_thread_can_end_the_work), cmocka_unit_test(a_timeout_has_a_plan),
      cmocka_unit_test(progress_only_gets_better),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
