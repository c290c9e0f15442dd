/* test_vec.c: growable arrays: content, capacity, limits, refused memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/vec.h"

typedef struct triple {
  int32_t a, b, c;
} triple;

static void pushed_elements_stay_in_order(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  VMO_VEC(triple) triples = {0};
  VMO_VEC(char) letters = {0};
  for (int32_t i = 0; i < 200000; i++) {
    assert_true(vmo_vec_push(arena, &triples, ((triple){i, -i, i / 2})));
    assert_true(vmo_vec_push(arena, &letters, (char)('a' + i % 26)));
  }
  assert_int_equal(triples.count, 200000);
  assert_true(triples.capacity >= triples.count);
  for (int32_t i = 0; i < 200000; i++) {
    assert_true(triples.data[i].a == i && triples.data[i].b == -i && triples.data[i].c == i / 2);
    assert_int_equal(letters.data[i], 'a' + i % 26);
  }
  vmr_arena_destroy(arena);
}

static void capacity_doubles(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  VMO_VEC(uint64_t) numbers = {0};
  int growths = 0;
  for (uint32_t i = 0, capacity = 0; i < 100000; i++) {
    assert_true(vmo_vec_push(arena, &numbers, i));
    if (numbers.capacity != capacity) growths++;
    capacity = numbers.capacity;
  }
  assert_true(growths <= 15);
  assert_true(numbers.capacity < 200000);
  vmr_arena_destroy(arena);
}

static void reserved_room_is_used_without_moving(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  VMO_VEC(int) numbers = {0};
  assert_true(vmo_vec_reserve(arena, &numbers, 0));
  assert_null(numbers.data);
  assert_true(vmo_vec_reserve(arena, &numbers, 1000));
  int *data = numbers.data;
  for (int i = 0; i < 1000; i++) assert_true(vmo_vec_push(arena, &numbers, i));
  assert_ptr_equal(numbers.data, data);
  assert_true(vmo_vec_reserve(arena, &numbers, 0));
  assert_ptr_equal(numbers.data, data);
  vmr_arena_destroy(arena);
}

static void too_many_elements_are_refused(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  VMO_VEC(char) letters = {0};
  assert_true(vmo_vec_push(arena, &letters, 'a'));
  assert_false(vmo_vec_reserve(arena, &letters, INT32_MAX));
  assert_false(vmo_vec_reserve(arena, &letters, UINT32_MAX));
  assert_false(vmo_vec_reserve(arena, &letters, UINT64_MAX / 2));
  void *data = NULL;
  uint32_t capacity = 0;
  assert_false(vmo_vec_grow(arena, &data, &capacity, UINT32_MAX, 1));
  assert_false(vmo_vec_grow(arena, &data, &capacity, 1000, SIZE_MAX / 100));
  assert_true(data == NULL && capacity == 0);
  assert_true(letters.count == 1 && letters.data[0] == 'a');
  vmr_arena_destroy(arena);
}

static void without_memory_the_array_stays_as_it_was(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  VMO_VEC(uint64_t) numbers = {0};
  vmr_arena_set_limit(arena, (size_t)1 << 20);
  uint64_t pushed = 0;
  while (vmo_vec_push(arena, &numbers, pushed)) pushed++;
  assert_int_equal(vmr_arena_status(arena), VMR_OUT_OF_MEMORY);
  assert_true(pushed >= 32768 && pushed <= 131072);
  assert_int_equal(numbers.count, pushed);
  for (uint64_t i = 0; i < pushed; i++) assert_true(numbers.data[i] == i);
  vmr_arena_set_limit(arena, SIZE_MAX);
  assert_true(vmo_vec_push(arena, &numbers, pushed));
  vmr_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pushed_elements_stay_in_order),
      cmocka_unit_test(capacity_doubles),
      cmocka_unit_test(reserved_room_is_used_without_moving),
      cmocka_unit_test(too_many_elements_are_refused),
      cmocka_unit_test(without_memory_the_array_stays_as_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
