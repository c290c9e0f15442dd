/* test_bitset.c: bitsets of every size around a word's end, against an array of bool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "support/bitset.h"

#define MOST_BITS 300

static void check_against(const vmo_bitset *set, const bool *expected) {
  uint32_t count = 0, next = set->bits;
  for (uint32_t bit = set->bits; bit-- > 0;) {
    assert_int_equal(vmo_bitset_get(set, bit), expected[bit]);
    if (expected[bit]) {
      count++;
      next = bit;
    }
    assert_int_equal(vmo_bitset_next(set, bit), next);
  }
  assert_int_equal(vmo_bitset_count(set), count);
  assert_int_equal(vmo_bitset_next(set, set->bits), set->bits);
  assert_int_equal(vmo_bitset_next(set, UINT32_MAX), set->bits);
}

static void every_size_agrees_with_an_array(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  uint32_t random = 1;
  for (uint32_t bits = 0; bits <= MOST_BITS; bits++) {
    bool expected[MOST_BITS + 1] = {false};
    vmo_bitset set;
    assert_true(vmo_bitset_init(arena, &set, bits));
    assert_non_null(set.words);
    check_against(&set, expected);
    for (uint32_t i = 0; i < bits; i++) {
      random = random * 1664525u + 1013904223u;
      uint32_t bit = (random >> 8) % bits;
      expected[bit] = i % 3 != 0;
      if (expected[bit]) {
        vmo_bitset_set(&set, bit);
      } else {
        vmo_bitset_clear(&set, bit);
      }
    }
    check_against(&set, expected);
    memset(expected, 0, sizeof expected);
    vmo_bitset_clear_all(&set);
    check_against(&set, expected);
  }
  vmr_arena_destroy(arena);
}

static void stepping_visits_each_set_bit_once(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  vmo_bitset set;
  uint32_t bits = 1000000, visited = 0;
  assert_true(vmo_bitset_init(arena, &set, bits));
  for (uint32_t bit = 7; bit < bits; bit += 1009) vmo_bitset_set(&set, bit);
  for (uint32_t bit = vmo_bitset_next(&set, 0); bit < bits; bit = vmo_bitset_next(&set, bit + 1)) {
    assert_int_equal(bit, 7 + 1009 * visited);
    visited++;
  }
  assert_int_equal(visited, vmo_bitset_count(&set));
  assert_int_equal(visited, (bits - 7 + 1008) / 1009);
  vmr_arena_destroy(arena);
}

static void without_memory_there_are_no_words(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  vmo_bitset set;
  vmr_arena_set_limit(arena, 1000);
  assert_false(vmo_bitset_init(arena, &set, UINT32_MAX));
  assert_null(set.words);
  vmr_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_size_agrees_with_an_array),
      cmocka_unit_test(stepping_visits_each_set_bit_once),
      cmocka_unit_test(without_memory_there_are_no_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
