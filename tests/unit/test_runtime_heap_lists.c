/* test_runtime_heap_lists.c: what compiled code knows of heaps: the lists that it takes objects from and gives them back to
 * without a call, and that these are empty wherever the runtime is to see each object. */
#define _GNU_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/unit/runtime_ctx.h"
#include "tests/unit/short_of_memory.h"

static vmr_heap *make_heap(vmr_ctx *ctx, uint32_t flags) {
  vmr_heap *heap = NULL;
  assert_int_equal(vmr_heap_create(&heap, ctx, flags), VMR_OK);
  return heap;
}

static vmr_heap_list *list_of(vmr_heap *heap, size_t bytes, size_t granule) {
  return ((vmr_heap_list **)(void *)heap)[vmr_heap_class(bytes, granule)];
}

/* As compiled code finds it; NULL: the object does not lie in the range. */
static vmr_heap_list *list_at(const void *object) {
  const vmr_heap_range *range = vmr_heap_find_range();
  uintptr_t offset = (uintptr_t)object - range->base;
  if (offset >= range->taken) return NULL;
  return (vmr_heap_list *)(range->base + (offset >> VMR_HEAP_LIST_SHIFT) * VMR_HEAP_LIST_BYTES);
}

/* As compiled code gives it back. */
static void give(void *object) {
  vmr_heap_list *list = list_at(object);
  bool stays = list != NULL && list->is_quick && list->idle != object && list->live != 0 &&
               (list->live > 1 || list->next == list);
  if (!stays) return vmr_heap_free(object);
  *(void **)object = list->idle;
  list->idle = object;
  list->live--;
  *list->place = list;
}

static void classes_are_those_of_the_runtime(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  for (size_t granule = 8; granule <= 16; granule += 8) {
    vmr_heap *heap = make_heap(NULL, granule == 8 ? VMR_HEAP_ALIGN8 : 0);
    for (size_t bytes = 0; bytes <= 32 * KIB; bytes++) {
      void *object = vmr_heap_alloc(heap, bytes);
      assert_true(vmr_heap_class(bytes, granule) < VMR_HEAP_CLASSES);
      assert_ptr_equal(list_of(heap, bytes, granule), list_at(object));
      vmr_heap_free(object);
    }
    vmr_heap_destroy(heap);
  }
}

enum { OBJECTS = 3000 };

static size_t size_of(int i) { return i % 50 == 49 ? (size_t)i : (size_t)(i * 7) % 130; }

/* Taken and given back in place and by the runtime, in turns. */
static void the_runtime_and_compiled_code_agree(void **state) {
  (void)state;
  static unsigned char *objects[OBJECTS];
  for (uint32_t flags = 0; flags < 8; flags++) {
    size_t granule = (flags & VMR_HEAP_ALIGN8) != 0 ? 8 : 16;
    vmr_heap *heap = make_heap(NULL, flags);
    memset(objects, 0, sizeof objects);
    for (int round = 0; round < 20 * OBJECTS; round++) {
      int i = (int)((unsigned)round * 2654435761u >> 7) % OBJECTS;
      if (objects[i] != NULL) {
        assert_true(is_filled(objects[i], size_of(i), (unsigned char)i));
        (round % 3 == 0 ? vmr_heap_free : give)(objects[i]);
        objects[i] = NULL;
      } else {
        objects[i] = round % 5 == 0 ? vmr_heap_alloc(heap, size_of(i)) : vmr_heap_take(heap, size_of(i), granule);
        assert_int_equal((uintptr_t)objects[i] % granule, 0);
        memset(objects[i], i, size_of(i));
      }
      if (round % OBJECTS == 0) assert_true(vmr_heap_is_valid(heap));
    }
    for (int i = 0; i < OBJECTS; i++) give(objects[i]);
    assert_true(vmr_heap_is_valid(heap));
    if ((flags & VMR_HEAP_NEVER_FREED) == 0) assert_int_equal(vmr_heap_used_bytes(heap), 0);
    vmr_heap_destroy(heap);
  }
}

static void what_was_given_back_last_is_taken_first(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  vmr_heap *heap = make_heap(NULL, 0);
  for (size_t bytes = 1; bytes <= 32 * KIB; bytes = bytes * 3 / 2 + 1) {
    void *first = vmr_heap_take(heap, bytes, 16), *second = vmr_heap_take(heap, bytes, 16);
    give(first);
    assert_ptr_equal(list_at(first)->idle, first);
    assert_ptr_equal(vmr_heap_take(heap, bytes, 16), first);
    give(second);
    give(first);
    assert_ptr_equal(vmr_heap_alloc(heap, bytes), first);
    assert_ptr_equal(vmr_heap_realloc(heap, NULL, bytes), second);
  }
  assert_true(vmr_heap_is_valid(heap));
  vmr_heap_destroy(heap);
}

/* Nothing is to be had without a call, and nothing is taken back without one. */
static void assert_calls(vmr_heap *heap) {
  void *objects[100];
  for (int i = 0; i < 100; i++) {
    objects[i] = vmr_heap_take(heap, (size_t)i % 20, 8);
    assert_non_null(objects[i]);
    memset(objects[i], 1, (size_t)i % 20);
    assert_true(list_at(objects[i]) == NULL || !list_at(objects[i])->is_quick);
  }
  for (int i = 0; i < 100; i += 3) give(objects[i]);
  for (size_t bytes = 0; bytes <= VMR_HEAP_QUICK_BYTES; bytes++) {
    assert_null(list_of(heap, bytes, 8)->idle);
    assert_false(list_of(heap, bytes, 8)->is_quick);
  }
  assert_true(vmr_heap_is_valid(heap));
  vmr_heap_destroy(heap);
}

static void lists_are_empty_where_objects_are_watched(void **state) {
  (void)state;
  for (uint32_t flags = 1; flags < 8; flags++) {
    if ((flags & (VMR_HEAP_SHARED | VMR_HEAP_NEVER_FREED)) != 0) assert_calls(make_heap(NULL, flags));
  }
  static const uint32_t modes[] = {VMR_POISON, VMR_GUARD, VMR_HEAPS_USE_MALLOC};
  for (int i = 0; i < 3; i++) {
    vmr_ctx *ctx = make_flagged_ctx(modes[i]);
    assert_calls(make_heap(ctx, VMR_HEAP_ALIGN8));
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  }
}

static int live_poisoned(void) {
  vmr_heap *heap = NULL;
  if (setenv("VMEMRT_OPTIONS", "poison=1", 1) != 0 || vmr_heap_create(&heap, NULL, VMR_HEAP_ALIGN8) != VMR_OK) return 1;
  for (int i = 0; i < 1000; i++) {
    unsigned char *object = vmr_heap_take(heap, 40, 8);
    if (object == NULL || !is_filled(object, 40, 0xcb)) return 2;
    memset(object, 7, 40);
    give(object);
    if (!is_filled(object + sizeof(void *), 40 - sizeof(void *), 0xdb)) return 3;
  }
  return vmr_heap_is_valid(heap) ? 0 : 4;
}

static int live_with_malloc(void) {
  vmr_heap *heap = NULL;
  if (setenv("VMEMRT_OPTIONS", "heap_malloc=1", 1) != 0 || vmr_heap_create(&heap, NULL, 0) != VMR_OK) return 1;
  for (int i = 0; i < 1000; i++) {
    void *object = vmr_heap_take(heap, 40, 16);
    if (object == NULL || list_at(object) != NULL || vmr_heap_of(object) != heap) return 2;
    give(object);
  }
  return vmr_heap_used_bytes(heap) == 0 ? 0 : 3;
}

static void the_environment_has_a_say(void **state) {
  (void)state;
  assert_succeeds_with_memory((size_t)1 << 36, live_poisoned);
  assert_succeeds_with_memory((size_t)1 << 36, live_with_malloc);
}

/* Where no heap could be made, malloc serves. */
static void no_heap_is_malloc(void **state) {
  (void)state;
  for (size_t bytes = 0; bytes <= 2 * VMR_HEAP_QUICK_BYTES; bytes += 100) {
    void *object = vmr_heap_take(NULL, bytes, 16);
    assert_non_null(object);
    assert_null(list_at(object));
    assert_null(vmr_heap_of(object));
    give(object);
  }
#ifndef __SANITIZE_ADDRESS__ /* which ends the process where that much is asked for */
  assert_null(vmr_heap_take(NULL, SIZE_MAX / 2, 16));
#endif
  give(NULL);
}

/* The last object given back, given back again: not in place. */
static void a_second_free_is_seen(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  misuse found = {0};
  vmr_ctx *ctx = make_watched_ctx(0, &found);
  vmr_heap *heap = make_heap(ctx, 0);
  void *object = vmr_heap_take(heap, 40, 16), *other = vmr_heap_take(heap, 40, 16);
  assert_true(list_at(object)->is_quick);
  give(object);
  give(object);
  assert_int_equal(found.what, VMR_DOUBLE_FREE);
  assert_ptr_equal(found.object, object);
  give(other);
  give(other);
  assert_int_equal(found.count, 2);
  assert_true(vmr_heap_is_valid(heap));
  vmr_heap_destroy(heap);
  vmr_ctx_destroy(ctx); /* says that there was misuse */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_environment_has_a_say), /* the first: it is read once */
      cmocka_unit_test(classes_are_those_of_the_runtime),
      cmocka_unit_test(the_runtime_and_compiled_code_agree),
      cmocka_unit_test(what_was_given_back_last_is_taken_first),
      cmocka_unit_test(lists_are_empty_where_objects_are_watched),
      cmocka_unit_test(no_heap_is_malloc),
      cmocka_unit_test(a_second_free_is_seen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
