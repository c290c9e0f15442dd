/* planner_fixture.h: a random problem as the planner's methods see it. Include after cmocka.h. */
#ifndef VMO_TESTS_UNIT_PLANNER_FIXTURE_H
#define VMO_TESTS_UNIT_PLANNER_FIXTURE_H

#include "planner/tree.h"
#include "tests/unit/planner_random.h"

typedef struct fixture {
  random_problem made;
  vmo_context *context;
  vmr_arena *arena, *method_arena;
  vmo_instance instance;
} fixture;

static inline fixture open_fixture(random_source *source, const random_shape *shape) {
  fixture opened = {.made = random_problem_make(source, shape), .context = vmo_context_create()};
  opened.arena = vmr_arena_create(0);
  opened.method_arena = vmr_arena_create(0);
  assert_int_equal(vmo_verify_problem(opened.context, &opened.made.problem), VMO_OK);
  assert_int_equal(vmo_build_instance(opened.context, &opened.made.problem, NULL, opened.arena, &opened.instance),
                   VMO_OK);
  return opened;
}

static inline void close_fixture(fixture *opened) {
  vmr_arena_destroy(opened->method_arena);
  vmr_arena_destroy(opened->arena);
  vmo_context_destroy(opened->context);
  random_problem_free(&opened->made);
}

#endif
