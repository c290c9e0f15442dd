/* test_planner_parts.c: what the planner's methods are built on, each piece against its definition: sections against lifetimes,
 * the tree against arrays, the boxes against a list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "planner/boxes.h"
#include "planner/tree.h"
#include "tests/unit/planner_fixture.h"

/* ---- sorting ---- */

static void sorting_is_stable_and_right(void **state) {
  (void)state;
  static vmo_keyed data[3000], spare[3000];
  random_source source = {5};
  for (uint32_t count = 0; count <= 3000; count = count * 3 / 2 + 1) {
    for (int bits = 1; bits <= 64; bits += 9) {
      for (uint32_t i = 0; i < count; i++) data[i] = (vmo_keyed){random_next(&source) >> (64 - bits), i};
      vmo_sort_keyed(data, spare, count);
      for (uint32_t i = 1; i < count; i++)
        assert_true(data[i - 1].key < data[i].key ||
                    (data[i - 1].key == data[i].key && data[i - 1].value < data[i].value));
    }
  }
}

/* ---- sections ---- */

static bool share_section(const vmo_instance *instance, const vmo_item *a, const vmo_item *b) {
  for (uint32_t i = 0; i < a->span_count; i++)
    for (uint32_t j = 0; j < b->span_count; j++) {
      vmo_span x = instance->spans[a->span_first + i], y = instance->spans[b->span_first + j];
      if (x.begin < y.end && y.begin < x.end) return true;
    }
  return false;
}

static vmo_bytes largest_load_in_sections(const vmo_instance *instance) {
  vmo_bytes largest = 0;
  for (uint32_t s = 0; s < instance->section_count; s++) {
    vmo_bytes load = 0;
    for (uint32_t i = 0; i < instance->item_count; i++)
      for (uint32_t j = 0; j < instance->items[i].span_count; j++) {
        vmo_span span = instance->spans[instance->items[i].span_first + j];
        if (span.begin <= s && s < span.end) load += instance->items[i].bytes;
      }
    assert_int_equal(instance->loads[s], load);
    assert_true(instance->floors[s] >= load);
    largest = vmo_max_bytes(largest, load);
  }
  return largest;
}

static void check_parts(const vmo_instance *instance) {
  uint32_t items = 0, sections = 0;
  for (uint32_t p = 0; p < instance->part_count; p++) {
    const vmo_part *part = &instance->parts[p];
    assert_int_equal(part->item_first, items);
    assert_int_equal(part->section_first, sections);
    items += part->item_count;
    sections += part->section_count;
    assert_true(part->item_count > 0 && part->section_count > 0 && part->floor <= instance->floor);
    for (uint32_t i = part->item_first; i < items; i++) {
      const vmo_item *item = &instance->items[i];
      assert_true(instance->spans[item->span_first].begin >= part->section_first);
      assert_true(instance->spans[item->span_first + item->span_count - 1].end <= sections);
    }
  }
  assert_int_equal(items, instance->item_count);
  assert_int_equal(sections, instance->section_count);
}

static void sections_keep_who_meets_whom(void **state) {
  (void)state;
  random_source source = {9};
  uint32_t parts = 0;
  for (int round = 0; round < 300; round++) {
    random_shape shape = {
        (uint32_t)random_in(&source, 1, 40), random_in(&source, 1, 200), random_in(&source, 1, 30), 50, 30, 0, 50, 10};
    fixture opened = open_fixture(&source, &shape);
    const vmo_instance *instance = &opened.instance;
    for (uint32_t i = 0; i < instance->item_count; i++) {
      const vmo_item *a = &instance->items[i];
      for (uint32_t j = 0; j + 1 < a->span_count; j++)
        assert_true(instance->spans[a->span_first + j].end < instance->spans[a->span_first + j + 1].begin);
      for (uint32_t j = 0; j < i; j++)
        assert_int_equal(share_section(instance, a, &instance->items[j]),
                         are_live_together(&opened.made.problem, a->buffer, instance->items[j].buffer));
    }
    if (instance->item_count > 0) assert_int_equal(largest_load_in_sections(instance), instance->lower_bound);
    check_parts(instance);
    parts += instance->part_count > 1;
    close_fixture(&opened);
  }
  assert_true(parts > 50);
}

/* ---- the tree ---- */

#define MOST_SECTIONS 300

typedef struct plain_tree {
  vmo_bytes heights[MOST_SECTIONS];
  uint32_t firsts[MOST_SECTIONS];
  uint32_t count;
} plain_tree;

static void check_root(const vmo_tree *tree, const plain_tree *plain) {
  vmo_bytes lowest = INT64_MAX;
  uint32_t first = VMO_NONE;
  for (uint32_t s = 0; s < plain->count; s++) {
    if (plain->firsts[s] == VMO_NONE || plain->heights[s] > lowest) continue;
    if (plain->heights[s] < lowest) first = VMO_NONE;
    lowest = plain->heights[s];
    if (plain->firsts[s] < first) first = plain->firsts[s];
  }
  uint32_t lowest_at = 0;
  for (uint32_t s = 1; s < plain->count; s++)
    if (plain->heights[s] < plain->heights[lowest_at]) lowest_at = s;
  assert_int_equal(vmo_tree_root(tree)->lowest, plain->heights[lowest_at]);
  assert_int_equal(vmo_tree_root(tree)->lowest_at, lowest_at);
  assert_int_equal(vmo_tree_root(tree)->awaited, lowest);
  assert_int_equal(vmo_tree_root(tree)->first, first);
}

static void check_highest(vmo_tree *tree, const plain_tree *plain, const vmo_bytes *loads, vmo_span span) {
  vmo_bytes highest = 0, heaviest = 0;
  uint32_t at;
  for (uint32_t s = span.begin; s < span.end; s++) highest = vmo_max_bytes(highest, plain->heights[s]);
  for (uint32_t s = span.begin; s < span.end; s++)
    if (plain->heights[s] == highest) heaviest = vmo_max_bytes(heaviest, loads[s]);
  assert_int_equal(vmo_tree_highest(tree, span, &at), highest);
  assert_in_range(at, span.begin, span.end - 1);
  assert_int_equal(plain->heights[at], highest);
  assert_int_equal(loads[at], heaviest);
}

static void check_higher(vmo_tree *tree, const plain_tree *plain, uint32_t section, vmo_bytes height) {
  assert_int_equal(vmo_tree_height(tree, section), plain->heights[section]);
  uint32_t higher = section;
  while (higher < plain->count && plain->heights[higher] <= height) higher++;
  assert_int_equal(vmo_tree_find_higher(tree, section, height), higher);
}

static void drive_tree(random_source *source, uint32_t sections) {
  vmo_bytes loads[MOST_SECTIONS];
  plain_tree plain = {.count = sections};
  vmr_arena *arena = vmr_arena_create(0);
  vmo_tree tree;
  for (uint32_t s = 0; s < sections; s++) loads[s] = random_in(source, 1, 9);
  assert_true(vmo_tree_init(&tree, arena, loads, sections));
  for (uint32_t s = 0; s < sections; s++) plain.firsts[s] = tree.firsts[s] = random_chance(source, 50) ? s : VMO_NONE;
  vmo_tree_refresh(&tree);
  for (int step = 0; step < 400; step++) {
    uint32_t begin = (uint32_t)random_in(source, 0, sections - 1);
    vmo_span span = {begin, (uint32_t)random_in(source, begin + 1, sections)};
    vmo_bytes height = random_in(source, 0, 6);
    switch (random_in(source, 0, 3)) {
    case 0:
      vmo_tree_assign(&tree, span, height);
      for (uint32_t s = span.begin; s < span.end; s++) plain.heights[s] = height;
      break;
    case 1:
      plain.firsts[begin] = random_chance(source, 40) ? VMO_NONE : (uint32_t)random_in(source, 0, 1000);
      vmo_tree_set_waiting(&tree, begin, plain.firsts[begin]);
      break;
    case 2: check_higher(&tree, &plain, begin, height); break;
    default: check_highest(&tree, &plain, loads, span);
    }
    check_root(&tree, &plain);
  }
  vmr_arena_destroy(arena);
}

static void the_tree_is_an_array(void **state) {
  (void)state;
  random_source source = {13};
  for (uint32_t sections = 1; sections <= MOST_SECTIONS; sections += sections < 70 ? 1 : 23)
    drive_tree(&source, sections);
}

/* ---- the boxes ---- */

static void the_boxes_are_a_list(void **state) {
  (void)state;
  enum { MOST = 400 };
  vmo_span spans[MOST];
  uint32_t places[MOST];
  bool inside[MOST];
  random_source source = {17};
  for (int round = 0; round < 60; round++) {
    vmr_arena *arena = vmr_arena_create(0);
    vmo_boxes boxes;
    uint32_t count = (uint32_t)random_in(&source, 0, round < 20 ? 12 : MOST);
    for (uint32_t i = 0; i < count; i++) {
      uint32_t begin = (uint32_t)random_in(&source, 0, 1000);
      spans[i] = (vmo_span){begin, begin + (uint32_t)random_in(&source, 0, round % 2 == 0 ? 20 : 1000)};
      inside[i] = spans[i].begin < spans[i].end;
    }
    assert_true(vmo_boxes_init(&boxes, arena, spans, count, places));
    for (int step = 0; step < 500; step++) {
      uint32_t begin = (uint32_t)random_in(&source, 0, 1000), first = VMO_NONE;
      vmo_span run = {begin, begin + (uint32_t)random_in(&source, 1, 1000)};
      uint64_t used = 0;
      bool any = false;
      for (uint32_t i = count; i-- > 0;) {
        any = any || inside[i];
        if (inside[i] && spans[i].begin >= run.begin && spans[i].end <= run.end) first = i;
      }
      assert_int_equal(vmo_boxes_are_empty(&boxes), !any);
      assert_int_equal(vmo_boxes_find(&boxes, run, &used), first);
      uint32_t changed = first != VMO_NONE ? first : count > 0 ? (uint32_t)random_in(&source, 0, count - 1) : VMO_NONE;
      if (changed == VMO_NONE || spans[changed].begin == spans[changed].end) continue;
      inside[changed] = !inside[changed];
      vmo_boxes_set(&boxes, places[changed], inside[changed] ? changed : VMO_NONE);
    }
    vmr_arena_destroy(arena);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sorting_is_stable_and_right),
      cmocka_unit_test(sections_keep_who_meets_whom),
      cmocka_unit_test(the_tree_is_an_array),
      cmocka_unit_test(the_boxes_are_a_list),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
