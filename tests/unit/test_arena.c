/* test_arena.c: the runtime's arena, against what vmemrt.h promises: alignment, content, bounded waste,
 * failures that leave everything else as it was; and a random program against a model. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/runtime_ctx.h"
#include "tests/unit/short_of_memory.h"

#ifdef VMO_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#define ZONE_BYTES 16 /* between two objects */
#else
#define ZONE_BYTES 0
#endif

static bool is_aligned(const void *address, size_t alignment) { return (uintptr_t)address % alignment == 0; }

static void objects_are_aligned_and_apart(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  unsigned char *objects[200];
  for (size_t i = 0; i < 200; i++) {
    objects[i] = vmr_arena_alloc(arena, i * 37);
    assert_non_null(objects[i]);
    assert_true(is_aligned(objects[i], 16));
    memset(objects[i], (int)i, i * 37);
  }
  for (size_t i = 0; i < 200; i++) assert_true(is_filled(objects[i], i * 37, (unsigned char)i));
  size_t padded = 0;
  for (size_t i = 0; i < 200; i++) padded += (i == 0 ? 16 : (i * 37 + 15) / 16 * 16) + ZONE_BYTES;
  assert_int_equal(vmr_arena_used_bytes(arena), padded); /* what was left at the end of a chunk is not counted */
  assert_true(vmr_arena_reserved_bytes(arena) >= vmr_arena_used_bytes(arena));
  assert_int_equal(vmr_arena_status(arena), VMR_OK);
  vmr_arena_destroy(arena);
}

static void empty_objects_are_distinct(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  void *one = vmr_arena_alloc(arena, 0), *other = vmr_arena_alloc(arena, 0);
  void *array = vmr_arena_alloc_array(arena, 0, 8), *text = vmr_arena_copy_text(arena, NULL, 0);
  assert_non_null(one);
  assert_true(one != other && other != array && array != text);
  assert_string_equal(text, "");
  assert_int_equal(vmr_arena_used_bytes(arena), ZONE_BYTES != 0 ? 4 * 32 : 3 * 16 + 1); /* the NUL of the text */
  vmr_arena_destroy(arena);
}

static void any_power_of_two_is_an_alignment(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  for (size_t alignment = 1; alignment <= 4 * MIB; alignment *= 2) {
    for (size_t bytes = 1; bytes <= MIB; bytes *= 32) {
      unsigned char *object = vmr_arena_alloc_aligned(arena, bytes, alignment);
      assert_non_null(object);
      assert_true(is_aligned(object, alignment));
      memset(object, 0xff, bytes);
    }
  }
  vmr_arena_destroy(arena);
}

static void unaligned_objects_are_packed(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(64 * KIB);
  for (size_t i = 0; i < 60 * KIB / (6 + ZONE_BYTES * 2); i++) assert_non_null(vmr_arena_copy_text(arena, "abcde", 5));
  assert_int_equal(vmr_arena_reserved_bytes(arena), 64 * KIB);
  vmr_arena_destroy(arena);
}

static void wrong_alignments_fail_and_the_status_sticks(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  assert_null(vmr_arena_alloc_aligned(arena, 8, 0));
  assert_null(vmr_arena_alloc_aligned(arena, 8, 24));
  assert_int_equal(vmr_arena_status(arena), VMR_INVALID_ARGUMENT);
  assert_null(vmr_arena_alloc_array(arena, SIZE_MAX / 2, 3));
  assert_int_equal(vmr_arena_status(arena), VMR_INVALID_ARGUMENT);
  assert_non_null(vmr_arena_alloc(arena, 8));
  assert_int_equal(vmr_arena_status(arena), VMR_INVALID_ARGUMENT);
  vmr_arena_reset(arena);
  assert_int_equal(vmr_arena_status(arena), VMR_OK);
  vmr_arena_destroy(arena);
}

static void sizes_that_overflow_are_refused(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  assert_null(vmr_arena_alloc_array(arena, SIZE_MAX, SIZE_MAX));
  assert_int_equal(vmr_arena_status(arena), VMR_SIZE_OVERFLOW);
  vmr_arena_reset(arena);
  assert_null(vmr_arena_copy_text(arena, "", SIZE_MAX));
  assert_int_equal(vmr_arena_status(arena), VMR_SIZE_OVERFLOW);
  vmr_arena_reset(arena);
  char *object = vmr_arena_alloc(arena, 10);
  for (size_t bytes = SIZE_MAX; bytes > SIZE_MAX / 4; bytes -= SIZE_MAX / 64) {
    assert_null(vmr_arena_alloc(arena, bytes));
    assert_null(vmr_arena_alloc_aligned(arena, bytes, SIZE_MAX / 2 + 1));
    assert_null(vmr_arena_alloc_array(arena, bytes, 1));
    assert_null(vmr_arena_grow(arena, object, 10, bytes));
  }
  assert_null(vmr_arena_alloc_aligned(arena, 1, SIZE_MAX / 2 + 1));
  assert_int_equal(vmr_arena_status(arena), VMR_OUT_OF_MEMORY);
  vmr_arena_destroy(arena);
}

static void arrays_are_zeroed_even_in_memory_that_was_used(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  for (int round = 0; round < 3; round++) {
    unsigned char *small = vmr_arena_alloc_array(arena, 1000, 8);
    unsigned char *big = vmr_arena_alloc_array(arena, 100000, 8);
    assert_true(is_filled(small, 8000, 0));
    assert_true(is_filled(big, 800000, 0));
    memset(small, 0xff, 8000);
    memset(big, 0xff, 800000);
    vmr_arena_reset(arena);
  }
  vmr_arena_destroy(arena);
}

static void the_last_object_grows_in_place(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  unsigned char *object = vmr_arena_alloc(arena, 100);
  memset(object, 7, 100);
  assert_ptr_equal(vmr_arena_grow(arena, object, 100, 1000), object);
  memset(object, 7, 1000);
  assert_int_equal(vmr_arena_used_bytes(arena), 1008 + ZONE_BYTES);
  unsigned char *other = vmr_arena_alloc(arena, 1);
  *other = 8;
  unsigned char *moved = vmr_arena_grow(arena, object, 1000, 2000);
  assert_true(moved != object);
  assert_true(is_filled(moved, 1000, 7));
  assert_int_equal(*other, 8);
  vmr_arena_destroy(arena);
}

static void growing_to_no_more_changes_nothing(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  char *small = vmr_arena_alloc(arena, 100), *big = vmr_arena_alloc(arena, MIB);
  size_t used = vmr_arena_used_bytes(arena);
  assert_ptr_equal(vmr_arena_grow(arena, small, 100, 100), small);
  assert_ptr_equal(vmr_arena_grow(arena, small, 100, 50), small);
  assert_ptr_equal(vmr_arena_grow(arena, big, MIB, 0), big);
  assert_int_equal(vmr_arena_used_bytes(arena), used);
  assert_non_null(vmr_arena_grow(arena, NULL, 0, 10));
  vmr_arena_destroy(arena);
}

/* Three vectors that double by turns: what they leave behind is a small constant, not as much again. */
static void doubling_vectors_leave_little_behind(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  unsigned char *vectors[3] = {NULL, NULL, NULL};
  for (size_t bytes = 16; bytes <= 8 * MIB; bytes *= 2) {
    for (int i = 0; i < 3; i++) {
      vectors[i] = vmr_arena_grow(arena, vectors[i], vectors[i] != NULL ? bytes / 2 : 0, bytes);
      assert_non_null(vectors[i]);
      assert_true(is_aligned(vectors[i], 16));
      if (bytes > 16) assert_true(is_filled(vectors[i], bytes / 2, (unsigned char)i));
      memset(vectors[i], i, bytes);
    }
  }
  assert_true(vmr_arena_reserved_bytes(arena) < 3 * 8 * MIB + MIB);
  vmr_arena_destroy(arena);
}

static void an_aligned_big_object_keeps_its_alignment_when_it_grows(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  unsigned char *before = vmr_arena_alloc(arena, MIB), *object = vmr_arena_alloc_aligned(arena, MIB, 4096);
  unsigned char *after = vmr_arena_alloc(arena, MIB);
  memset(before, 1, MIB);
  memset(object, 2, MIB);
  memset(after, 3, MIB);
  object = vmr_arena_grow(arena, object, MIB, 3 * MIB);
  assert_true(is_aligned(object, 4096));
  assert_true(is_filled(object, MIB, 2));
  memset(object, 2, 3 * MIB);
  after = vmr_arena_grow(arena, after, MIB, 2 * MIB);
  assert_true(is_filled(before, MIB, 1));
  assert_true(is_filled(object, 3 * MIB, 2));
  assert_true(is_filled(after, MIB, 3));
  assert_true(vmr_arena_used_bytes(arena) >= 6 * MIB);
  assert_true(vmr_arena_reserved_bytes(arena) < 6 * MIB + 64 * KIB);
  vmr_arena_destroy(arena);
}

static void reset_keeps_chunks_and_gives_back_big_objects(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(4 * KIB);
  size_t reserved = 0;
  void *first = NULL;
  for (int round = 0; round < 20; round++) {
    for (size_t i = 0; i < 1000; i++) {
      void *object = vmr_arena_alloc(arena, 100 + i);
      assert_non_null(object);
      if (i == 0 && round == 0) first = object;
      if (i == 0) assert_ptr_equal(object, first);
    }
    if (round == 0) reserved = vmr_arena_reserved_bytes(arena);
    assert_int_equal(vmr_arena_reserved_bytes(arena), reserved);
    assert_non_null(vmr_arena_alloc(arena, 10 * MIB));
    assert_true(vmr_arena_reserved_bytes(arena) > reserved + 10 * MIB);
    vmr_arena_reset(arena);
    assert_int_equal(vmr_arena_reserved_bytes(arena), reserved);
    assert_int_equal(vmr_arena_used_bytes(arena), 0);
  }
  vmr_arena_destroy(arena);
}

static void texts_are_copied_whole(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  char *copy = vmr_arena_copy_text(arena, "a\0b!", 3);
  assert_memory_equal(copy, "a\0b\0", 4);
  vmr_arena_destroy(arena);
}

static void a_failed_growth_leaves_the_object_untouched(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  unsigned char *small = vmr_arena_alloc(arena, KIB), *big = vmr_arena_alloc(arena, MIB);
  memset(small, 1, KIB);
  memset(big, 2, MIB);
  vmr_arena_set_limit(arena, 0);
  size_t reserved = vmr_arena_reserved_bytes(arena), used = vmr_arena_used_bytes(arena);
  assert_null(vmr_arena_grow(arena, small, KIB, 100 * KIB));
  assert_null(vmr_arena_grow(arena, small, KIB, MIB));
  assert_null(vmr_arena_grow(arena, big, MIB, MIB + 1));
  assert_int_equal(vmr_arena_status(arena), VMR_OUT_OF_MEMORY);
  assert_int_equal(vmr_arena_reserved_bytes(arena), reserved);
  assert_int_equal(vmr_arena_used_bytes(arena), used);
  assert_true(is_filled(small, KIB, 1));
  assert_true(is_filled(big, MIB, 2));
  assert_non_null(vmr_arena_alloc(arena, KIB)); /* what is there may still be used */
  vmr_arena_set_limit(arena, SIZE_MAX);
  assert_non_null(vmr_arena_grow(arena, big, MIB, 2 * MIB));
  vmr_arena_destroy(arena);
}

/* ---- a random program against a model ---- */

#define OBJECTS 64

typedef struct tracked {
  unsigned char *bytes; /* filled with `fill` */
  size_t count, alignment;
  unsigned char fill;
} tracked;

static uint64_t random_state;

static size_t random_below(size_t limit) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (size_t)(random_state % limit);
}

/* Mostly small, sometimes around and beyond the size from which an object has a block of its own. */
static size_t random_bytes(void) {
  size_t kind = random_below(16);
  if (kind == 0) return 120 * KIB + random_below(16 * KIB);
  return kind == 1 ? random_below(300 * KIB) : random_below(1500);
}

/* One allocation, growth or check of one object; false when memory was refused. */
static bool step(vmr_arena *arena, tracked *at, unsigned char fill) {
  size_t bytes = random_bytes();
  if (at->bytes != NULL) {
    assert_true(is_filled(at->bytes, at->count, at->fill));
    assert_true(is_aligned(at->bytes, at->alignment));
  }
  if (at->bytes != NULL && random_below(4) != 0) {
    if (bytes < at->count) bytes = at->count;
    unsigned char *grown = vmr_arena_grow(arena, at->bytes, at->count, bytes);
    if (grown == NULL) return false;
    assert_true(is_filled(grown, at->count, at->fill));
    if (grown != at->bytes && at->alignment > 16) at->alignment = 16;
    at->bytes = grown;
  } else {
    size_t alignment = (size_t)1 << random_below(10);
    unsigned char *fresh = random_below(2) == 0 ? vmr_arena_alloc_aligned(arena, bytes, alignment)
                                                : vmr_arena_alloc_array(arena, bytes, alignment = 1);
    if (fresh == NULL) return false;
    at->bytes = fresh;
    at->alignment = alignment;
  }
  at->count = bytes;
  at->fill = fill;
  memset(at->bytes, fill, bytes);
  return true;
}

static void run_random_program(uint64_t seed, size_t limit, int steps) {
  tracked objects[OBJECTS] = {{0}};
  vmr_arena *arena = vmr_arena_create(seed % 3 == 0 ? 0 : KIB << seed % 8);
  random_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
  vmr_arena_set_limit(arena, limit);
  for (int i = 0; i < steps; i++) {
    if (!step(arena, &objects[random_below(OBJECTS)], (unsigned char)i)) {
      assert_int_equal(vmr_arena_status(arena), VMR_OUT_OF_MEMORY);
    }
    assert_true(vmr_arena_reserved_bytes(arena) <= limit);
    assert_true(vmr_arena_used_bytes(arena) <= vmr_arena_reserved_bytes(arena));
    if (random_below(500) == 0) {
      vmr_arena_reset(arena);
      memset(objects, 0, sizeof objects);
    }
  }
  for (int i = 0; i < OBJECTS; i++) {
    if (objects[i].bytes != NULL) assert_true(is_filled(objects[i].bytes, objects[i].count, objects[i].fill));
  }
  vmr_arena_destroy(arena);
}

static void random_programs_keep_every_byte(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 8; seed++) run_random_program(seed, SIZE_MAX, 1500);
}

static void random_programs_survive_any_limit(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 40; seed++) run_random_program(seed, (size_t)seed * seed * 4 * KIB, 300);
}

/* ---- the system refuses ---- */

static int exhaust_memory(void) {
  vmr_arena *arena = vmr_arena_create(0);
  if (arena == NULL) return 1;
  unsigned char *vector = NULL;
  size_t bytes = MIB;
  for (;; bytes *= 2) {
    unsigned char *grown = vmr_arena_grow(arena, vector, vector != NULL ? bytes / 2 : 0, bytes);
    if (grown == NULL) break;
    vector = grown;
    memset(vector, 5, bytes);
  }
  if (vmr_arena_status(arena) != VMR_OUT_OF_MEMORY || bytes > 256 * MIB) return 2;
  if (vector == NULL || !is_filled(vector, bytes / 2, 5)) return 3;
  while (vmr_arena_alloc(arena, 64 * KIB) != NULL) continue;
  if (vmr_arena_alloc_array(arena, MIB, 300) != NULL) return 4;
  if (vmr_arena_reserved_bytes(arena) > 256 * MIB) return 5;
  vmr_arena_destroy(arena);
  return 0;
}

static void a_system_without_memory_is_an_orderly_failure(void **state) {
  (void)state;
  assert_succeeds_with_memory(256 * MIB, exhaust_memory);
}

/* ---- the sanitizer ---- */

#ifdef VMO_ADDRESS_SANITIZER
static void bytes_around_objects_are_poisoned(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  char *object = vmr_arena_alloc(arena, 21), *text = vmr_arena_copy_text(arena, "abc", 3);
  assert_null(__asan_region_is_poisoned(object, 21));
  assert_true(__asan_address_is_poisoned(object + 21));
  assert_null(__asan_region_is_poisoned(text, 4));
  assert_true(__asan_address_is_poisoned(text + 4));
  text = vmr_arena_grow(arena, text, 4, 50);
  assert_null(__asan_region_is_poisoned(text, 50));
  assert_true(__asan_address_is_poisoned(text + 50));
  assert_non_null(vmr_arena_grow(arena, text, 50, MIB));
  assert_true(__asan_address_is_poisoned(text));
  vmr_arena_reset(arena);
  assert_true(__asan_address_is_poisoned(object));
  vmr_arena_destroy(arena);
}
#endif

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(objects_are_aligned_and_apart),
      cmocka_unit_test(empty_objects_are_distinct),
      cmocka_unit_test(any_power_of_two_is_an_alignment),
      cmocka_unit_test(unaligned_objects_are_packed),
      cmocka_unit_test(wrong_alignments_fail_and_the_status_sticks),
      cmocka_unit_test(sizes_that_overflow_are_refused),
      cmocka_unit_test(arrays_are_zeroed_even_in_memory_that_was_used),
      cmocka_unit_test(the_last_object_grows_in_place),
      cmocka_unit_test(growing_to_no_more_changes_nothing),
      cmocka_unit_test(doubling_vectors_leave_little_behind),
      cmocka_unit_test(an_aligned_big_object_keeps_its_alignment_when_it_grows),
      cmocka_unit_test(reset_keeps_chunks_and_gives_back_big_objects),
      cmocka_unit_test(texts_are_copied_whole),
      cmocka_unit_test(a_failed_growth_leaves_the_object_untouched),
      cmocka_unit_test(random_programs_keep_every_byte),
      cmocka_unit_test(random_programs_survive_any_limit),
      cmocka_unit_test(a_system_without_memory_is_an_orderly_failure),
#ifdef VMO_ADDRESS_SANITIZER
      cmocka_unit_test(bytes_around_objects_are_poisoned),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
