/* test_planner_neighbourhood.c: the large neighbourhood search: its plans are valid, it lowers plans that the methods
 * before it leave, and the same seed gives the same plan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "planner/solver.h"
#include "tests/unit/planner_random.h"

typedef struct made_part {
  random_problem made;
  vmo_context *context;
  vmo_solution solution;
  vmo_solve_options options;
  vmo_solver solver;
  vmo_visit visit;
  vmr_arena *turn_arena;
} made_part;

/* A problem of one part with a plan by first fit, made as loose as it gets: each item lies above all before it. */
static void open_part(made_part *m, random_source *source, const random_shape *shape) {
  memset(m, 0, sizeof *m);
  m->made = random_problem_make(source, shape);
  m->context = vmo_context_create();
  m->turn_arena = vmr_arena_create(0);
  m->solver = (vmo_solver){.context = m->context, .problem = &m->made.problem, .options = &m->options};
  m->solver.solution = &m->solution;
  m->solver.arena = vmr_arena_create(0);
  m->solver.part_arena = vmr_arena_create(0);
  m->solver.method_arena = vmr_arena_create(0);
  vmo_instance *instance = &m->solver.instance;
  assert_int_equal(vmo_build_instance(m->context, &m->made.problem, NULL, m->solver.arena, instance), VMO_OK);
  m->solver.best = vmr_arena_alloc(m->solver.arena, instance->item_count * sizeof(vmo_bytes));
  m->solver.plans = vmr_arena_alloc_array(m->solver.arena, instance->part_count, sizeof(vmo_part_plan));
  vmo_part_plan *plan = &m->solver.plans[0];
  plan->floor = instance->parts[0].floor;
  for (uint32_t i = 0; i < instance->parts[0].item_count; i++) {
    vmo_bytes offset = vmo_round_up(plan->height, instance->items[i].alignment);
    m->solver.best[i] = offset;
    plan->height = offset + instance->items[i].bytes;
  }
  m->visit = (vmo_visit){.solver = &m->solver, .part = &instance->parts[0], .plan = plan};
  m->visit.work =
      (vmo_work){.instance = instance, .part = m->visit.part, .arena = m->solver.method_arena, .limit = UINT64_MAX};
}

static void close_part(made_part *m) {
  vmr_arena_destroy(m->turn_arena);
  vmr_arena_destroy(m->solver.method_arena);
  vmr_arena_destroy(m->solver.part_arena);
  vmr_arena_destroy(m->solver.arena);
  vmo_context_destroy(m->context);
  random_problem_free(&m->made);
}

static void expect_valid(const made_part *m) {
  const vmo_instance *instance = &m->solver.instance;
  const vmo_part *part = m->visit.part;
  vmo_bytes height = 0;
  for (uint32_t a = 0; a < part->item_count; a++) {
    const vmo_item *one = &instance->items[a];
    vmo_bytes offset = m->solver.best[a];
    assert_true(offset >= 0 && offset % one->alignment == 0);
    height = vmo_max_bytes(height, offset + one->bytes);
    for (uint32_t b = 0; b < a; b++) {
      vmo_bytes other = m->solver.best[b];
      if (!are_live_together(&m->made.problem, one->buffer, instance->items[b].buffer)) continue;
      assert_true(offset + one->bytes <= other || other + instance->items[b].bytes <= offset);
    }
  }
  assert_int_equal(height, m->visit.plan->height);
}

static void loose_plans_are_lowered(void **state) {
  (void)state;
  random_source source = {1};
  int lowered = 0;
  for (int round = 0; round < 40; round++) {
    random_shape shape = {(uint32_t)random_in(&source, 4, 60), 20, 12, 50, 30, 0, 40, 0};
    made_part m;
    open_part(&m, &source, &shape);
    vmo_bytes before = m.visit.plan->height;
    for (uint32_t turn = 0; turn < 40; turn++) {
      assert_int_equal(vmo_search_neighbourhoods(&m.visit, turn, m.turn_arena), VMO_OK);
      expect_valid(&m);
    }
    assert_true(m.visit.plan->height <= before && m.visit.plan->height >= m.visit.plan->floor);
    lowered += m.visit.plan->height * 2 < before + m.visit.plan->floor;
    close_part(&m);
  }
  assert_true(lowered >= 30);
}

static void the_same_seed_gives_the_same_plan(void **state) {
  (void)state;
  for (int round = 0; round < 3; round++) {
    vmo_bytes *kept = NULL;
    for (int again = 0; again < 2; again++) {
      random_source source = {(uint64_t)round};
      random_shape shape = {150, 60, 20, 500, 40, 0, 20, 0};
      random_problem made = random_problem_make(&source, &shape);
      vmo_context *context = vmo_context_create();
      vmo_solution solution;
      vmo_solve_options options = {.work_limit = 20000000, .seed = 5};
      assert_int_equal(vmo_solve_problem(context, &made.problem, &options, &solution), VMO_OK);
      assert_int_equal(vmo_check_solution(context, &made.problem, &solution), VMO_OK);
      if (again > 0) assert_memory_equal(kept, solution.offsets, shape.buffers * sizeof *kept);
      if (again == 0)
        kept = memcpy(malloc(shape.buffers * sizeof *kept), solution.offsets, shape.buffers * sizeof *kept);
      vmo_context_destroy(context);
      random_problem_free(&made);
    }
    free(kept);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(loose_plans_are_lowered),
      cmocka_unit_test(the_same_seed_gives_the_same_plan),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
