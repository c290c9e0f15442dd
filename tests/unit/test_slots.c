/* test_slots.c: the slot allocator through vmemopt.h alone, as another compiler embeds it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "vmemopt.h"

static vmo_slot_plan *plan_well(const vmo_slot_problem *problem, const vmo_slot_options *options) {
  vmo_slot_plan *plan;
  vmo_status status = vmo_plan_slots(problem, options, &plan);
  if (status == VMO_INPUT_ERROR) fail_msg("%s", plan->error);
  assert_int_equal(status, VMO_OK);
  return plan;
}

static void expect_error(const vmo_slot_problem *problem, const char *words) {
  vmo_slot_plan *plan;
  assert_int_equal(vmo_plan_slots(problem, NULL, &plan), VMO_INPUT_ERROR);
  if (strstr(plan->error, words) == NULL) fail_msg("'%s' does not say '%s'", plan->error, words);
  assert_null(plan->offsets);
  vmo_free_slots(plan);
}

static const vmo_slot_life early = {0, 4}, late = {4, 8}, middle = {2, 6};

static void nothing_gives_a_plan_of_nothing(void **state) {
  (void)state;
  vmo_slot_plan *plan = plan_well(&(vmo_slot_problem){0}, NULL);
  assert_int_equal(plan->status, VMO_SLOTS_OPTIMAL);
  assert_int_equal(plan->levels[0].height, 0);
  vmo_free_slots(plan);
  vmo_free_slots(NULL);
}

static void buffers_share_bytes_over_time(void **state) {
  (void)state;
  vmo_slot_buffer buffers[] = {{.bytes = 8, .lives = &early, .life_count = 1},
                               {.bytes = 8, .lives = &late, .life_count = 1},
                               {.bytes = 4, .alignment = 8, .lives = &middle, .life_count = 1}};
  vmo_slot_problem problem = {.buffers = buffers, .buffer_count = 3};
  vmo_slot_plan *plan = plan_well(&problem, NULL);
  assert_int_equal(plan->status, VMO_SLOTS_OPTIMAL);
  assert_int_equal(plan->levels[0].height, 12);
  assert_int_equal(plan->offsets[0], 0);
  assert_int_equal(plan->offsets[2], 8);
  vmo_free_slots(plan);
  problem.limited = true;
  problem.capacity = 11;
  plan = plan_well(&problem, NULL);
  assert_int_equal(plan->status, VMO_SLOTS_INFEASIBLE);
  assert_int_equal(plan->blocker_count, 2);
  assert_int_equal(plan->blockers[1], 2);
  vmo_free_slots(plan);
}

static void wrong_problems_say_what_is_wrong(void **state) {
  (void)state;
  vmo_slot_buffer buffers[] = {{.bytes = 8, .lives = &early, .life_count = 1},
                               {.bytes = 8, .fixed = true, .offset = -1}};
  vmo_slot_problem problem = {.buffers = buffers, .buffer_count = 2};
  expect_error(&problem, "buffer 1: its fixed offset is negative");
  buffers[1].offset = 0;
  buffers[0].alignment = 3;
  expect_error(&problem, "buffer 0: its alignment is no power of two");
  buffers[0].alignment = 0;
  vmo_slot_pair pair = {0, 2};
  problem.apart = &pair;
  problem.apart_count = 1;
  expect_error(&problem, "apart pair 0 is of no buffer");
  problem.apart_count = 0;
  problem.limited = true;
  problem.capacity = -5;
  expect_error(&problem, "the capacity is negative");
  problem.limited = false;
  vmo_slot_space space = {.limited = true, .capacity = -1};
  problem.spaces = &space;
  problem.space_count = 1;
  expect_error(&problem, "its capacity is out of range");
}

static void a_changed_buffer_moves_alone(void **state) {
  (void)state;
  vmo_slot_buffer buffers[] = {{.bytes = 8, .lives = &early, .life_count = 1, .placed = true, .previous_offset = 16},
                               {.bytes = 8, .lives = &late, .life_count = 1, .placed = true, .previous_offset = 16},
                               {.bytes = 16, .lives = &middle, .life_count = 1, .placed = true, .previous_offset = 4}};
  vmo_slot_problem problem = {.buffers = buffers, .buffer_count = 3, .stays_close = true, .tolerance = 0.02};
  vmo_slot_plan *plan = plan_well(&problem, NULL);
  assert_int_equal(plan->offsets[0], 16);
  assert_int_equal(plan->offsets[1], 16);
  assert_int_equal(plan->offsets[2], 0);
  assert_true(plan->kept == 2 && plan->moved == 1 && plan->added == 0);
  vmo_free_slots(plan);
}

/* ---- a search that lasts ---- */

enum { MANY = 3000 };

typedef struct many {
  vmo_slot_buffer buffers[MANY];
  vmo_slot_life lives[MANY];
  vmo_slot_problem problem;
} many;

static many *make_many(void) {
  many *made = calloc(1, sizeof *made);
  uint64_t random = 7;
  for (uint32_t i = 0; i < MANY; i++) {
    random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    made->lives[i].begin = (int64_t)(random >> 40) % 500;
    made->lives[i].end = made->lives[i].begin + 1 + (int64_t)(random >> 50) % 60;
    made->buffers[i].bytes = 1 + (int64_t)(random >> 20) % 4096;
    made->buffers[i].lives = &made->lives[i];
    made->buffers[i].life_count = 1;
  }
  made->problem.buffers = made->buffers;
  made->problem.buffer_count = MANY;
  return made;
}

static void *raise_flag(void *flag) {
  vmo_raise_stop_flag(flag);
  return NULL;
}

static void count_report(void *user, int64_t height, int64_t floor, uint64_t nodes) {
  (void)nodes;
  assert_true(height >= floor);
  ++*(int *)user;
}

static void another_thread_can_stop_the_search(void **state) {
  (void)state;
  many *made = make_many();
  vmo_stop_flag *flag = vmo_create_stop_flag();
  int reports = 0;
  vmo_slot_options options = {.time_limit = 600, .stop = flag, .report = count_report, .report_user = &reports};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, raise_flag, flag), 0);
  vmo_slot_plan *plan = plan_well(&made->problem, &options);
  pthread_join(thread, NULL);
  assert_non_null(plan->offsets);
  vmo_free_slots(plan);
  vmo_destroy_stop_flag(flag);
  free(made);
}

static void the_same_seed_gives_the_same_plan(void **state) {
  (void)state;
  many *made = make_many();
  vmo_slot_options options = {.work_limit = 3000000, .seed = 9, .threads = 2};
  vmo_slot_plan *one = plan_well(&made->problem, &options), *other = plan_well(&made->problem, &options);
  assert_memory_equal(one->offsets, other->offsets, MANY * sizeof *one->offsets);
  vmo_free_slots(one);
  vmo_free_slots(other);
  free(made);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_gives_a_plan_of_nothing),    cmocka_unit_test(buffers_share_bytes_over_time),
      cmocka_unit_test(wrong_problems_say_what_is_wrong),   cmocka_unit_test(a_changed_buffer_moves_alone),
      cmocka_unit_test(another_thread_can_stop_the_search), cmocka_unit_test(the_same_seed_gives_the_same_plan),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
