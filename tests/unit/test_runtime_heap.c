/* test_runtime_heap.c: heaps against what heap.h promises: any size and alignment, pointers of malloc, realloc, zeros, heaps that
 * are never freed, faults; and random operations against a model. */
#define _GNU_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/unit/heap_program.h"
#include "tests/unit/runtime_ctx.h"

static void any_size_and_alignment(void **state) {
  (void)state;
  for (uint32_t flags = 0; flags < 8; flags++) {
    size_t least = (flags & VMR_HEAP_ALIGN8) != 0 ? 8 : 16;
    vmr_heap *heap = make_heap(flags);
    for (size_t alignment = 1; alignment <= 8 * MIB; alignment *= 4) {
      for (size_t bytes = 0; bytes < 5 * MIB; bytes = bytes * 3 / 2 + 7) {
        unsigned char *object = vmr_heap_aligned(heap, alignment, bytes);
        assert_non_null(object);
        assert_true((uintptr_t)object % (alignment < least ? least : alignment) == 0);
        assert_true(vmr_heap_usable_size(object) >= bytes);
        assert_ptr_equal(vmr_heap_of(object), heap);
        memset(object, 0xff, bytes);
        if (bytes % 3 == 0) vmr_heap_free(object);
      }
      assert_true(vmr_heap_is_valid(heap));
    }
    assert_true(vmr_heap_used_bytes(heap) > 0);
    vmr_heap_destroy(heap);
  }
}

/* Among full spans and in spans with room, in heaps of one thread and of many. */
static void the_place_given_back_last_is_given_first(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  enum { OBJECTS = 4000, LAST = OBJECTS - 1, APART = 1500 }; /* of 64 bytes; APART: in different spans */
  static void *objects[OBJECTS];
  for (uint32_t flags = 0; flags <= VMR_HEAP_SHARED; flags += VMR_HEAP_SHARED) {
    vmr_heap *heap = make_heap(flags);
    for (int i = 0; i < OBJECTS; i++) objects[i] = vmr_heap_alloc(heap, 64);
    static const int order[] = {0, APART, 1, 2 * APART, APART + 1, LAST, 2};
    int count = (int)(sizeof order / sizeof *order);
    for (int i = 0; i < count; i++) {
      vmr_heap_free(objects[order[i]]);
      assert_ptr_equal(vmr_heap_alloc(heap, 64), objects[order[i]]);
    }
    for (int i = 0; i < count; i++) vmr_heap_free(objects[order[i]]);
    assert_ptr_equal(vmr_heap_alloc(heap, 64), objects[order[count - 1]]);
    assert_true(vmr_heap_is_valid(heap));
    for (int i = 0; i < OBJECTS; i++) {
      if (i > 1 && i != APART && i != APART + 1 && i != 2 * APART && i != LAST) vmr_heap_free(objects[i]);
    }
    assert_int_equal(vmr_heap_used_bytes(heap), 0);
    assert_true(vmr_heap_is_valid(heap));
    vmr_heap_destroy(heap);
  }
}

static void sizes_are_rounded_by_a_quarter_at_most(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  vmr_heap *heap = make_heap(0);
  for (size_t bytes = 1; bytes <= 32 * KIB; bytes++) {
    void *object = vmr_heap_alloc(heap, bytes);
    size_t usable = vmr_heap_usable_size(object);
    assert_true(usable >= bytes && usable <= bytes + (bytes < 64 ? 15 : bytes / 4));
    vmr_heap_free(object);
  }
  assert_int_equal(vmr_heap_used_bytes(heap), 0);
  vmr_heap_destroy(heap);
}

/* Where eight bytes of alignment do, objects of whole words are not rounded up to 64 bytes, and lie side by side. */
static void objects_of_words_are_packed(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  vmr_heap *heap = make_heap(VMR_HEAP_ALIGN8);
  for (size_t bytes = 1; bytes <= 64; bytes++) {
    char *object = vmr_heap_alloc(heap, bytes), *next = vmr_heap_alloc(heap, bytes);
    assert_int_equal(vmr_heap_usable_size(object), (bytes + 7) / 8 * 8);
    if (bytes % 8 == 1) assert_ptr_equal(next, object + vmr_heap_usable_size(object));
    assert_int_equal((uintptr_t)vmr_heap_aligned(heap, 16, bytes) % 16, 0);
  }
  assert_true(vmr_heap_is_valid(heap));
  vmr_heap_destroy(heap);
}

/* A heap of no context that ends is the next one's, with the memory that it had, and with nothing else. */
static void heaps_that_end_begin_again(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  for (uint32_t flags = 0; flags < 8; flags++) {
    vmr_heap *heap = make_heap(0);
    unsigned char *object = vmr_heap_alloc(heap, 100), *other = vmr_heap_alloc(heap, 500);
    assert_true(object != NULL && other != NULL);
    /* what is malloc's, for want of pages, must not come back after the heap's end */
    assert_ptr_equal(vmr_heap_of(object + 1), heap);
    memset(object, 0xee, 100);
    memset(other, 0xee, 500);
    assert_null(vmr_heap_alloc(heap, SIZE_MAX / 2));
    vmr_heap_destroy(heap);
    vmr_heap_free(object); /* of nobody: nothing happens */
    vmr_heap *again = make_heap(flags);
    assert_ptr_equal(again, heap);
    assert_int_equal(vmr_heap_status(again), VMR_OK);
    assert_int_equal(vmr_heap_used_bytes(again), 0);
    unsigned char *fresh = vmr_heap_calloc(again, 1, 100);
    assert_non_null(fresh);
    assert_true(is_filled(fresh, 100, 0));
    if (flags == 0) assert_ptr_equal(fresh, object);
    assert_true(vmr_heap_used_bytes(again) >= 100 && vmr_heap_used_bytes(again) < 200);
    assert_true(vmr_heap_is_valid(again));
    vmr_heap_destroy(again);
  }
}

/* An object that grows by little again and again moves a number of times that the logarithm of its size bounds. */
static void what_creeps_moves_seldom(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  vmr_heap *heap = make_heap(0);
  unsigned char *object = NULL;
  int moves = 0;
  for (size_t bytes = 1; bytes <= 100 * KIB; bytes += 16) {
    unsigned char *grown = vmr_heap_realloc(heap, object, bytes);
    assert_non_null(grown);
    moves += grown != object;
    object = grown;
    object[bytes - 1] = (unsigned char)(bytes / 16);
  }
  for (size_t bytes = 1; bytes <= 100 * KIB; bytes += 16)
    assert_int_equal(object[bytes - 1], (unsigned char)(bytes / 16));
  assert_true(moves < 50);
  assert_true(vmr_heap_usable_size(object) < 200 * KIB);
  vmr_heap_destroy(heap);
}

/* Memory of large objects that were given back serves other heaps too, and is zero where that is asked for. */
static void memory_goes_from_heap_to_heap(void **state) {
  (void)state;
  for (int round = 0; round < 2; round++) {
    vmr_heap *heap = make_heap(0), *other = make_heap(VMR_HEAP_NEVER_FREED);
    vmr_bump bump = VMR_BUMP_WITH(0);
    unsigned char *object = vmr_heap_alloc(heap, 11 * MIB);
    assert_non_null(object);
    memset(object, 0xee, 11 * MIB);
    vmr_heap_free(object);
    for (int i = 0; i < 20; i++) {
      unsigned char *packed = vmr_heap_calloc(other, 1, 40 * KIB), *cut = vmr_bump_calloc(&bump, 1, 15 * KIB, 16);
      assert_true(packed != NULL && cut != NULL);
      assert_true(is_filled(packed, 40 * KIB, 0) && is_filled(cut, 10 * KIB, 0));
      memset(packed, 0xee, 40 * KIB);
      memset(cut, 0xee, 10 * KIB);
    }
    vmr_bump_release(&bump);
    vmr_heap_destroy(heap);
    vmr_heap_destroy(other);
  }
}

static void poisoned_heaps_fill_their_objects(void **state) {
  (void)state;
  vmr_ctx *ctx = make_watched_ctx(VMR_POISON, NULL);
  for (uint32_t flags = 0; flags < 2; flags++) {
    vmr_heap *heap = NULL;
    assert_int_equal(vmr_heap_create(&heap, ctx, flags), VMR_OK);
    for (size_t bytes = 1; bytes < 3 * MIB; bytes = bytes * 4 + 3) {
      unsigned char *object = vmr_heap_alloc(heap, bytes), *zeros = vmr_heap_calloc(heap, 1, bytes);
      assert_true(object != NULL && zeros != NULL);
      assert_true(is_filled(object, bytes, 0xcb) && is_filled(zeros, bytes, 0));
      vmr_heap_free(object);
      if (vmr_heap_range_bytes() != 0 && bytes > 64 && bytes < MIB) /* behind what links it to others */
        assert_true(is_filled(object + sizeof(void *), bytes - sizeof(void *), 0xdb));
    }
    assert_true(vmr_heap_is_valid(heap));
    vmr_heap_destroy(heap);
  }
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void pointers_of_malloc_are_welcome(void **state) {
  (void)state;
  vmr_heap *heap = make_heap(0);
  char *object = malloc(100);
  assert_null(vmr_heap_of(object));
  assert_true(vmr_heap_usable_size(object) >= 100);
  object = vmr_heap_realloc(heap, object, 1000);
  assert_non_null(object);
  assert_null(vmr_heap_of(object));
  vmr_heap_free(object);
  vmr_heap_free(NULL);
  assert_int_equal(vmr_heap_usable_size(NULL), 0);
  object = vmr_heap_alloc(NULL, 10); /* without a heap they are malloc, calloc, ... */
  assert_null(vmr_heap_of(object));
  object = vmr_heap_realloc(NULL, object, 20);
  assert_non_null(object);
  free(object);
  free(vmr_heap_calloc(NULL, 3, 4));
  free(vmr_heap_aligned(NULL, 64, 4));
  object = vmr_heap_realloc(heap, NULL, 20);
  assert_ptr_equal(vmr_heap_of(object), heap);
  vmr_heap_free(object);
  vmr_heap_destroy(heap);
  vmr_heap_destroy(NULL);
}

static void arguments_are_checked(void **state) {
  (void)state;
  vmr_heap *heap = NULL;
  assert_int_equal(vmr_heap_create(NULL, NULL, 0), VMR_INVALID_ARGUMENT);
  for (uint32_t flag = 16; flag != 0; flag *= 2)
    assert_int_equal(vmr_heap_create(&heap, NULL, flag), VMR_INVALID_ARGUMENT);
  assert_null(heap);
  heap = make_heap(0);
  errno = 0;
  assert_null(vmr_heap_calloc(heap, SIZE_MAX / 2, 3));
  assert_int_equal(errno, ENOMEM);
  assert_int_equal(vmr_heap_status(heap), VMR_SIZE_OVERFLOW);
  assert_null(vmr_heap_aligned(heap, 24, 8));
  assert_int_equal(errno, EINVAL);
  assert_null(vmr_heap_aligned(heap, 0, 8));
  assert_null(vmr_heap_aligned(heap, SIZE_MAX / 2 + 1, 8));
  for (size_t bytes = SIZE_MAX; bytes > SIZE_MAX / 4; bytes -= SIZE_MAX / 64) assert_null(vmr_heap_alloc(heap, bytes));
  void *object = vmr_heap_alloc(heap, 0), *other = vmr_heap_alloc(heap, 0);
  assert_true(object != NULL && other != NULL && object != other);
  assert_null(vmr_heap_realloc(heap, object, SIZE_MAX / 2));
  vmr_heap_destroy(heap);
}

static void calloc_gives_zeros_in_memory_that_was_used(void **state) {
  (void)state;
  vmr_heap *heap = make_heap(0);
  for (int round = 0; round < 3; round++) {
    for (size_t bytes = 1; bytes < 10 * MIB; bytes *= 5) {
      unsigned char *object = vmr_heap_calloc(heap, bytes, 1);
      for (size_t i = 0; i < bytes; i++) assert_int_equal(object[i], 0);
      memset(object, 0xee, bytes);
      vmr_heap_free(object);
    }
  }
  vmr_heap_destroy(heap);
}

/* Pages that are locked do not go back to the system, and are not zero when they are used again. */
static void calloc_gives_zeros_in_locked_memory(void **state) {
  (void)state;
  for (size_t bytes = MIB; bytes < 64 * MIB; bytes *= 3) {
    vmr_heap *heap = make_heap(0);
    unsigned char *object = vmr_heap_alloc(heap, bytes);
    assert_non_null(object);
    memset(object, 0xee, bytes);
    bool is_locked = mlock(object, 64 * KIB) == 0;
    vmr_heap_destroy(heap);
    heap = make_heap(0);
    unsigned char *again = vmr_heap_calloc(heap, 1, bytes);
    assert_true(is_filled(again, bytes, 0));
    if (is_locked) munlock(object, 64 * KIB);
    vmr_heap_destroy(heap);
  }
}

static void misuse_is_reported(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  for (uint32_t guard = 0; guard < 2; guard++) {
    misuse found = {0};
    vmr_ctx *ctx = make_watched_ctx(guard != 0 ? VMR_GUARD : 0, &found);
    vmr_heap *heap = NULL;
    assert_int_equal(vmr_heap_create(&heap, ctx, 0), VMR_OK);
    for (size_t bytes = 16; bytes < 20 * MIB; bytes = bytes * 3 + 16) {
      char *object = vmr_heap_alloc(heap, bytes), *other = vmr_heap_alloc(heap, bytes);
      /* a heap that is short of its range is served by malloc, which ends a program that misuses it */
      assert_ptr_equal(vmr_heap_of(object + 8), heap);
      assert_ptr_equal(vmr_heap_of(other + 8), heap);
      vmr_heap_free(object + 8);
      assert_int_equal(found.what, VMR_FOREIGN_POINTER);
      assert_ptr_equal(found.object, object + 8);
      vmr_heap_free(object);
      int count = found.count;
      if (guard != 0) vmr_heap_free(other);
      vmr_heap_free(object);
      if (found.count != count) assert_int_equal(found.what, VMR_DOUBLE_FREE);
      if (bytes < 3 * MIB) assert_int_equal(found.count, count + 1); /* large ones may be the system's again */
      if (guard == 0) vmr_heap_free(other);
      assert_true(vmr_heap_is_valid(heap));
    }
    assert_int_equal(vmr_heap_status(heap), VMR_FOREIGN_POINTER);
    assert_int_equal(vmr_heap_used_bytes(heap), 0);
    vmr_heap_destroy(heap);
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  }
}

/* Objects that are never freed lie without a byte between them. */
static void never_freed_objects_are_packed(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  vmr_heap *heap = make_heap(VMR_HEAP_NEVER_FREED);
  char *last = vmr_heap_alloc(heap, 48);
  for (size_t i = 1; i < 2000; i++) {
    size_t bytes = 16 * (1 + i % 40);
    char *object = vmr_heap_alloc(heap, bytes);
    assert_ptr_equal(object, last + vmr_heap_usable_size(last));
    assert_int_equal(vmr_heap_usable_size(object), bytes);
    last = object;
  }
  assert_ptr_equal(vmr_heap_realloc(heap, last, 5000), last); /* the last one grows */
  assert_true(vmr_heap_usable_size(last) >= 5000);
  vmr_heap_destroy(heap);
}

static void random_programs_keep_every_byte(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 8; seed++) {
    vmr_heap *heap = make_heap((uint32_t)seed % 8);
    assert_int_equal(run_random_program(heap, seed, 3000), 0);
    assert_true(vmr_heap_is_valid(heap));
    vmr_heap_destroy(heap);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_size_and_alignment),
      cmocka_unit_test(objects_of_words_are_packed),
      cmocka_unit_test(heaps_that_end_begin_again),
      cmocka_unit_test(what_creeps_moves_seldom),
      cmocka_unit_test(memory_goes_from_heap_to_heap),
      cmocka_unit_test(poisoned_heaps_fill_their_objects),
      cmocka_unit_test(the_place_given_back_last_is_given_first),
      cmocka_unit_test(sizes_are_rounded_by_a_quarter_at_most),
      cmocka_unit_test(pointers_of_malloc_are_welcome),
      cmocka_unit_test(arguments_are_checked),
      cmocka_unit_test(calloc_gives_zeros_in_memory_that_was_used),
      cmocka_unit_test(calloc_gives_zeros_in_locked_memory),
      cmocka_unit_test(misuse_is_reported),
      cmocka_unit_test(never_freed_objects_are_packed),
      cmocka_unit_test(random_programs_keep_every_byte),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
