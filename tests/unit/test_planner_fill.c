/* test_planner_fill.c: perfect packings, whose least height is known: rectangles cut straight, woven of pinwheels, or
 * both, into pieces with few moments and with many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "planner/fill.h"
#include "tests/unit/planner_random.h"

typedef struct rectangle_shape {
  uint32_t count;
  int64_t width;
  vmo_bytes height;
  int woven; /* percent of the cuts */
} rectangle_shape;

typedef struct piece {
  int64_t begin, end;
  vmo_bytes bytes;
} piece;

/* Four pieces around a fifth one. False: the piece is too small. */
static bool weave(random_source *source, piece *pieces, uint32_t at, uint32_t *count) {
  piece p = pieces[at];
  if (p.end - p.begin < 3 || p.bytes < 3) return false;
  int64_t left = random_in(source, p.begin + 1, p.end - 2), right = random_in(source, left + 1, p.end - 1);
  vmo_bytes low = random_in(source, 1, p.bytes - 2), high = random_in(source, low + 1, p.bytes - 1);
  pieces[at] = (piece){left, right, high - low};
  pieces[(*count)++] = (piece){p.begin, right, low};
  pieces[(*count)++] = (piece){right, p.end, high};
  pieces[(*count)++] = (piece){left, p.end, p.bytes - high};
  pieces[(*count)++] = (piece){p.begin, left, p.bytes - low};
  return true;
}

static void cut(random_source *source, const rectangle_shape *shape, piece *pieces, uint32_t at, uint32_t *count) {
  piece p = pieces[at];
  double wide = (double)(p.end - p.begin) / (double)shape->width, high = (double)p.bytes / (double)shape->height;
  bool along = (double)random_in(source, 0, 1000000) * (wide + high) < wide * 1000000;
  if (along && p.end - p.begin > 1) {
    int64_t middle = random_in(source, p.begin + 1, p.end - 1);
    pieces[at].end = middle;
    pieces[(*count)++] = (piece){middle, p.end, p.bytes};
  } else if (p.bytes > 1) {
    pieces[at].bytes = random_in(source, 1, p.bytes - 1);
    pieces[(*count)++] = (piece){p.begin, p.end, p.bytes - pieces[at].bytes};
  }
}

/* The largest of four pieces at random is cut, again and again; sizes and offsets are multiples of `alignment`. */
static random_problem make_rectangle(random_source *source, const rectangle_shape *shape, vmo_bytes alignment) {
  uint32_t room = shape->count + 4, count = 1;
  random_problem made = {.buffers = calloc(room, sizeof *made.buffers),
                         .lifetimes = calloc(room, sizeof *made.lifetimes)};
  piece *pieces = calloc(room, sizeof *pieces);
  pieces[0] = (piece){0, shape->width, shape->height};
  while (count < shape->count) {
    uint32_t best = 0;
    double most = -1;
    for (int look = 0; look < 4; look++) {
      uint32_t at = (uint32_t)random_in(source, 0, count - 1);
      double area = (double)(pieces[at].end - pieces[at].begin) * (double)pieces[at].bytes;
      if (area > most) best = at;
      if (area > most) most = area;
    }
    if (random_chance(source, shape->woven) && weave(source, pieces, best, &count)) continue;
    if (shape->woven < 100) cut(source, shape, pieces, best, &count);
  }
  for (uint32_t i = count; i-- > 1;) {
    uint32_t other = (uint32_t)random_in(source, 0, i);
    piece moved = pieces[i];
    pieces[i] = pieces[other];
    pieces[other] = moved;
  }
  for (uint32_t i = 0; i < count; i++) {
    made.buffers[i] = (vmo_buffer){pieces[i].bytes * alignment, i % 2 == 0 ? alignment : 1, -1, i, 1};
    made.lifetimes[i] = (vmo_lifetime){pieces[i].begin, pieces[i].end};
  }
  free(pieces);
  made.problem = (vmo_problem){made.buffers, count, made.lifetimes, count, -1};
  return made;
}

/* With about a second's work. */
static vmo_solution solve(vmo_context *context, const vmo_problem *problem) {
  vmo_solution solution;
  assert_int_equal(vmo_solve_problem(context, problem, &(vmo_solve_options){.work_limit = 100000000}, &solution),
                   VMO_OK);
  assert_int_equal(vmo_check_solution(context, problem, &solution), VMO_OK);
  return solution;
}

static void expect_optimum(random_source *source, const rectangle_shape *shape, int rounds, vmo_bytes alignment) {
  for (int round = 0; round < rounds; round++) {
    random_problem made = make_rectangle(source, shape, alignment);
    vmo_context *context = vmo_context_create();
    vmo_solution solution = solve(context, &made.problem);
    assert_int_equal(solution.height, shape->height * alignment);
    assert_int_equal(solution.status, VMO_SOLUTION_OPTIMAL);
    vmo_context_destroy(context);
    random_problem_free(&made);
  }
}

static void few_moments(void **state) {
  (void)state;
  random_source source = {1};
  for (int woven = 0; woven <= 100; woven += 100)
    for (int64_t width = 40; width <= 200; width += 80) {
      expect_optimum(&source, &(rectangle_shape){300, width, 1000000, woven}, 4, 1);
      expect_optimum(&source, &(rectangle_shape){500, width, 1000000, woven}, 2, 1);
    }
}

static void many_moments(void **state) {
  (void)state;
  random_source source = {2};
  for (int woven = 0; woven <= 100; woven += 100)
    expect_optimum(&source, &(rectangle_shape){1000, 10000, 1000000, woven}, 2, 1);
}

static void aligned_pieces(void **state) {
  (void)state;
  random_source source = {3};
  expect_optimum(&source, &(rectangle_shape){200, 100, 100000, 0}, 5, 64);
}

/* Many equal sums are accidents here: whatever is found is right. */
static void small_sizes(void **state) {
  (void)state;
  random_source source = {4};
  for (int round = 0; round < 60; round++) {
    rectangle_shape shape = {(uint32_t)random_in(&source, 2, 40), random_in(&source, 2, 12), random_in(&source, 30, 90),
                             30};
    random_problem made = make_rectangle(&source, &shape, 1);
    vmo_context *context = vmo_context_create();
    vmo_solution solution = solve(context, &made.problem);
    assert_true(solution.height >= shape.height);
    vmo_context_destroy(context);
    random_problem_free(&made);
  }
}

/* Filling alone: as high as the floor, and by the definition no two pieces share a byte. */
static void filling_finds_right_plans_or_none(void **state) {
  (void)state;
  random_source source = {5};
  int found = 0;
  for (int round = 0; round < 120; round++) {
    rectangle_shape shape = {(uint32_t)random_in(&source, 3, 90), random_in(&source, 2, 60), 10000, 40};
    random_problem made = make_rectangle(&source, &shape, 1);
    vmo_context *context = vmo_context_create();
    vmr_arena *arena = vmr_arena_create(0), *method_arena = vmr_arena_create(0), *own = vmr_arena_create(0);
    vmo_instance instance;
    assert_int_equal(vmo_build_instance(context, &made.problem, NULL, arena, &instance), VMO_OK);
    vmo_bytes *offsets = calloc(instance.item_count, sizeof *offsets);
    if (instance.part_count == 1 && vmo_is_filled(&instance, &instance.parts[0])) {
      vmo_work work = {.instance = &instance,
                       .part = &instance.parts[0],
                       .arena = method_arena,
                       .limit = UINT64_MAX,
                       .offsets = offsets};
      if (vmo_fill_part(&work, (uint32_t)round, 5000, 7, own) == VMO_OUTCOME_FOUND) {
        vmo_solution solution = {.offsets = offsets,
                                 .height = work.height,
                                 .lower_bound = instance.lower_bound,
                                 .witness = instance.witness,
                                 .status = VMO_SOLUTION_OPTIMAL};
        assert_int_equal(work.height, shape.height);
        assert_int_equal(vmo_check_solution_slowly(context, &made.problem, &solution), VMO_OK);
        found++;
      }
    }
    free(offsets);
    vmr_arena_destroy(own);
    vmr_arena_destroy(method_arena);
    vmr_arena_destroy(arena);
    vmo_context_destroy(context);
    random_problem_free(&made);
  }
  assert_true(found > 40);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(few_moments),
      cmocka_unit_test(many_moments),
      cmocka_unit_test(aligned_pieces),
      cmocka_unit_test(small_sizes),
      cmocka_unit_test(filling_finds_right_plans_or_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
