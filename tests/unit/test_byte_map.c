/* test_byte_map.c: the map of byte ranges against an array of cells, assignments, marks and undo at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "passes/byte_map.h"

enum { CELLS = 70000, DEPTH = 6 };

static uint64_t state = 88172645463325252u;

static uint32_t draw(uint32_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state % below);
}

static void assert_equal(const vmo_byte_map *map, const uint32_t *model) {
  assert_true(vmo_byte_map_is_valid(map));
  for (uint32_t cell = 0; cell < map->size;) {
    vmo_byte_run run = vmo_byte_map_find(map, cell);
    assert_int_equal(run.begin, cell);
    for (; cell < run.end; cell++) assert_int_equal(model[cell], run.content);
  }
}

static void assign(vmo_byte_map *map, uint32_t *model, uint32_t begin, uint32_t end, uint32_t content) {
  vmo_byte_map_assign(map, begin, end, content);
  for (uint32_t cell = begin; cell < end; cell++) model[cell] = content;
}

static void assign_at_random(vmo_byte_map *map, uint32_t *model) {
  uint32_t begin = draw(map->size + 1), length = draw(draw(4) ? 100 : map->size);
  uint32_t end = map->size - begin < length ? map->size : begin + length;
  assign(map, model, begin, end, draw(5) ? draw(6) : VMO_NONE);
}

static vmr_arena *arena;

static uint32_t *make_model(uint32_t size) {
  uint32_t *model = vmr_arena_alloc(arena, size * sizeof *model);
  assert_non_null(model);
  for (uint32_t i = 0; i < size; i++) model[i] = VMO_NONE;
  return model;
}

static void holds_what_was_assigned_last(void **unused) {
  (void)unused;
  const uint32_t sizes[] = {1, 2, 63, 64, 65, 4095, 4096, 4097, CELLS};
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    vmo_byte_map map;
    assert_true(vmo_byte_map_init(arena, &map, sizes[s]));
    uint32_t *model = make_model(sizes[s]);
    for (int i = 0; i < 400; i++) {
      assign_at_random(&map, model);
      if (i % 40 == 0) assert_equal(&map, model);
    }
    assert_equal(&map, model);
    assert_int_equal(map.journal.count, 0);
  }
}

static void equal_neighbours_become_one_run(void **unused) {
  (void)unused;
  vmo_byte_map map;
  assert_true(vmo_byte_map_init(arena, &map, 300));
  for (uint32_t i = 0; i < 300; i += 10) vmo_byte_map_assign(&map, i, i + 10, 7);
  assert_int_equal(vmo_byte_map_find(&map, 150).begin, 0);
  assert_int_equal(vmo_byte_map_find(&map, 150).end, 300);
}

static void undo_brings_back_the_state_at_the_mark(void **unused) {
  (void)unused;
  vmo_byte_map map;
  assert_true(vmo_byte_map_init(arena, &map, 5000));
  uint32_t *model = make_model(5000), *saved[DEPTH], marks[DEPTH];
  for (int round = 0; round < 60; round++) {
    for (int depth = 0; depth < DEPTH; depth++) {
      for (uint32_t i = draw(30); i > 0; i--) assign_at_random(&map, model);
      marks[depth] = vmo_byte_map_mark(&map);
      saved[depth] = make_model(5000);
      for (uint32_t i = 0; i < 5000; i++) saved[depth][i] = model[i];
    }
    for (int depth = DEPTH - 1; depth >= 0; depth--) {
      for (uint32_t i = draw(30); i > 0; i--) assign_at_random(&map, model);
      if (draw(3) > 0) {
        vmo_byte_map_undo(&map, marks[depth]);
        for (uint32_t i = 0; i < 5000; i++) model[i] = saved[depth][i];
        assert_equal(&map, model);
      }
      vmo_byte_map_close(&map);
    }
    assert_equal(&map, model);
    assert_int_equal(map.journal.count, 0);
  }
}

static void lists_all_changes_since_a_mark(void **unused) {
  (void)unused;
  vmo_byte_map map;
  assert_true(vmo_byte_map_init(arena, &map, 3000));
  uint32_t *model = make_model(3000);
  for (int round = 0; round < 50; round++) {
    for (int i = 0; i < 20; i++) assign_at_random(&map, model);
    uint32_t *before = make_model(3000), mark = vmo_byte_map_mark(&map);
    for (uint32_t i = 0; i < 3000; i++) before[i] = model[i];
    for (int i = 0; i < 10; i++) assign_at_random(&map, model);
    vmo_byte_runs changes = {0};
    vmo_byte_map_list_changes(&map, mark, &changes);
    vmo_byte_map_undo(&map, mark);
    vmo_byte_map_close(&map);
    assert_equal(&map, before);
    for (uint32_t i = 0; i < changes.count; i++) {
      assert_true(i == 0 || changes.data[i - 1].end <= changes.data[i].begin);
      assert_true(changes.data[i].begin < changes.data[i].end);
      vmo_byte_map_assign(&map, changes.data[i].begin, changes.data[i].end, changes.data[i].content);
    }
    assert_equal(&map, model);
    assert_false(map.failed);
  }
}

static int open_arena(void **unused) {
  (void)unused;
  arena = vmr_arena_create(0);
  return arena == NULL;
}

static int close_arena(void **unused) {
  (void)unused;
  vmr_arena_destroy(arena);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(holds_what_was_assigned_last, open_arena, close_arena),
      cmocka_unit_test_setup_teardown(equal_neighbours_become_one_run, open_arena, close_arena),
      cmocka_unit_test_setup_teardown(undo_brings_back_the_state_at_the_mark, open_arena, close_arena),
      cmocka_unit_test_setup_teardown(lists_all_changes_since_a_mark, open_arena, close_arena),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
