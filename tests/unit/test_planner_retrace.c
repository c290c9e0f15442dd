/* test_planner_retrace.c: the skyline with second thoughts: its plans are plans, within the ceiling, the same for a seed,
 * and lower than the plain skyline's where that wastes; and the index of overlaps against a plain list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "planner/overlaps.h"
#include "planner/planner.h"
#include "tests/unit/planner_random.h"

#define MOST 400

typedef struct fixture {
  random_problem made;
  vmo_context *context;
  vmr_arena *arena, *method_arena;
  vmo_instance instance;
  uint32_t ranked[MOST];
  vmo_keyed keys[2 * MOST];
  vmo_bytes offsets[MOST];
  vmo_work work;
} fixture;

static void open_fixture(fixture *f, random_source *source, const random_shape *shape) {
  *f = (fixture){.made = random_problem_make(source, shape), .context = vmo_context_create()};
  f->arena = vmr_arena_create(0);
  f->method_arena = vmr_arena_create(0);
  assert_int_equal(vmo_build_instance(f->context, &f->made.problem, NULL, f->arena, &f->instance), VMO_OK);
}

static void close_fixture(fixture *f) {
  vmr_arena_destroy(f->method_arena);
  vmr_arena_destroy(f->arena);
  vmo_context_destroy(f->context);
  random_problem_free(&f->made);
}

static void open_work(fixture *f, const vmo_part *part, vmo_bytes ceiling) {
  vmr_arena_reset(f->method_arena);
  vmo_rank_items(&f->instance, part, VMO_ORDER_AREA, f->keys, f->ranked);
  f->work = (vmo_work){.instance = &f->instance,
                       .part = part,
                       .arena = f->method_arena,
                       .limit = UINT64_MAX,
                       .ceiling = ceiling,
                       .offsets = f->offsets};
}

static bool meet(const fixture *f, uint32_t a, uint32_t b) {
  vmo_span x = f->instance.spans[f->instance.items[a].span_first],
           y = f->instance.spans[f->instance.items[b].span_first];
  return x.begin < y.end && y.begin < x.end;
}

static void check_plan(const fixture *f, const vmo_part *part) {
  vmo_bytes height = 0;
  for (uint32_t i = part->item_first; i < part->item_first + part->item_count; i++) {
    vmo_bytes offset = f->offsets[i], bytes = f->instance.items[i].bytes;
    assert_true(offset >= 0 && offset % f->instance.items[i].alignment == 0);
    height = vmo_max_bytes(height, offset + bytes);
    for (uint32_t j = part->item_first; j < i; j++)
      assert_false(meet(f, i, j) && offset < f->offsets[j] + f->instance.items[j].bytes &&
                   f->offsets[j] < offset + bytes);
  }
  assert_int_equal(f->work.height, height);
  assert_true(height < f->work.ceiling);
}

/* Gives the height by second thoughts, and in *plain that of the skyline without. */
static vmo_bytes think(fixture *f, const vmo_part *part, vmo_second_thoughts wish, vmo_bytes *plain) {
  open_work(f, part, VMO_BYTES_LIMIT);
  assert_int_equal(vmo_plan_by_skyline(&f->work, f->ranked, false), VMO_OUTCOME_FOUND);
  *plain = f->work.height;
  open_work(f, part, *plain + 1);
  vmo_outcome outcome = vmo_plan_with_second_thoughts(&f->work, f->ranked, &wish);
  if (wish.undo_limit == 0) assert_int_equal(outcome, VMO_OUTCOME_FOUND); /* the plain skyline's own plan */
  if (outcome == VMO_OUTCOME_NONE) return *plain;
  assert_int_equal(outcome, VMO_OUTCOME_FOUND);
  check_plan(f, part);
  return f->work.height;
}

static void second_thoughts_lower_plans(void **state) {
  (void)state;
  random_source source = {31};
  static fixture f;
  uint32_t lower = 0;
  for (int round = 0; round < 60; round++) {
    random_shape shape = {.buffers = (uint32_t)random_in(&source, 2, MOST),
                          .times = random_in(&source, 2, 300),
                          .longest = random_in(&source, 1, 40),
                          .largest = random_in(&source, 1, 300)};
    open_fixture(&f, &source, &shape);
    for (uint32_t p = 0; p < f.instance.part_count; p++) {
      const vmo_part *part = &f.instance.parts[p];
      vmo_bytes plain, again;
      vmo_second_thoughts wish = {.target = part->floor, .undo_limit = round % 5 == 0 ? 0 : 20000, .seed = 7};
      vmo_bytes height = think(&f, part, wish, &plain);
      again = think(&f, part, wish, &plain);
      assert_int_equal(again, height);
      if (wish.undo_limit == 0) assert_int_equal(height, plain);
      lower += height < plain;
    }
    close_fixture(&f);
  }
  assert_true(lower >= 12);
}

/* One alignment for all, of which sizes are no multiples: what is lost by rounding counts as waste. */
static void alignments_are_kept(void **state) {
  (void)state;
  random_source source = {37};
  static fixture f;
  for (int round = 0; round < 20; round++) {
    random_shape shape = {.buffers = 200, .times = 100, .longest = 30, .largest = 300};
    open_fixture(&f, &source, &shape);
    for (uint32_t i = 0; i < 200; i++) f.made.buffers[i].alignment = 16;
    assert_int_equal(vmo_build_instance(f.context, &f.made.problem, NULL, f.arena, &f.instance), VMO_OK);
    for (uint32_t p = 0; p < f.instance.part_count; p++) {
      vmo_bytes plain;
      think(&f, &f.instance.parts[p], (vmo_second_thoughts){.target = f.instance.parts[p].floor, .undo_limit = 5000},
            &plain);
    }
    close_fixture(&f);
  }
}

static void overlaps_are_a_list(void **state) {
  (void)state;
  random_source source = {41};
  static fixture f;
  for (int round = 0; round < 40; round++) {
    random_shape shape = {.buffers = (uint32_t)random_in(&source, 1, MOST),
                          .times = 200,
                          .longest = 1 + round * 3,
                          .largest = 9,
                          .gaps = 20};
    open_fixture(&f, &source, &shape);
    for (uint32_t p = 0; p < f.instance.part_count; p++) {
      const vmo_part *part = &f.instance.parts[p];
      vmo_overlaps overlaps;
      assert_true(vmo_overlaps_init(&overlaps, f.arena, &f.instance, part));
      for (int step = 0; step < 30; step++) {
        uint32_t begin = (uint32_t)random_in(&source, 0, part->section_count - 1), met = 0, listed = 0;
        vmo_span window = {begin, (uint32_t)random_in(&source, begin + 1, part->section_count)};
        for (uint32_t i = part->item_first; i < part->item_first + part->item_count; i++) {
          const vmo_item *item = &f.instance.items[i];
          const vmo_span *spans = f.instance.spans + item->span_first;
          met += spans->begin - part->section_first < window.end &&
                 spans[item->span_count - 1].end - part->section_first > window.begin;
        }
        for (uint32_t place = 0; (place = vmo_overlaps_next(&overlaps, window, place)) != VMO_NONE; place++) listed++;
        assert_int_equal(listed, met);
      }
    }
    close_fixture(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(second_thoughts_lower_plans),
      cmocka_unit_test(alignments_are_kept),
      cmocka_unit_test(overlaps_are_a_list),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
