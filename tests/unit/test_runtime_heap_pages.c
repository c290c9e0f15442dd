/* test_runtime_heap_pages.c: how much of what heaps and bumps hold is in memory: little more than their objects, whatever
 * pages it consists of; and that no page's content is lost when small ones become a huge one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/runtime_ctx.h"

#define CHUNK (2 * MIB)

static size_t page_bytes(void) { return (size_t)sysconf(_SC_PAGESIZE); }

/* Bytes of a large page that are in memory. */
static size_t resident_bytes(const void *object) {
  static unsigned char pages[CHUNK / 4096];
  char *chunk = (char *)((uintptr_t)object & ~(uintptr_t)(CHUNK - 1));
  size_t count = 0;
  assert_int_equal(mincore(chunk, CHUNK, pages), 0);
  for (size_t i = 0; i < CHUNK / page_bytes(); i++) count += pages[i] & 1;
  return count * page_bytes();
}

/* Memory that earlier objects have left goes to the system. */
static void forget_the_past(void) {
  vmr_ctx *ctx = make_ctx();
  vmr_heap *heap = NULL;
  assert_int_equal(vmr_heap_create(&heap, ctx, 0), VMR_OK);
  (void)vmr_trim(ctx);
  vmr_heap_destroy(heap);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static bool have_no_range(void) { return vmr_heap_range_bytes() == 0 || getenv("VMEMRT_OPTIONS") != NULL; }

/* A bump of `most` bytes in objects of 64, each filled. At any time no more than a sixteenth of it is open for what is to come. */
static unsigned char **fill_bump(vmr_bump *bump, size_t most) {
  size_t count = most / 64;
  unsigned char **objects = malloc(count * sizeof *objects);
  assert_non_null(objects);
  for (size_t i = 0; i < count; i++) {
    objects[i] = vmr_bump_alloc(bump, 64);
    memset(objects[i], (int)(i * 7 & 0xff), 64);
    size_t ahead = (size_t)(bump->end - bump->cursor);
    size_t most_ahead = i * 64 / 16 + 32 * KIB;
    assert_true(i * 64 >= 32 * MIB || (ahead <= most_ahead && ahead <= 272 * KIB));
  }
  return objects;
}

static void bumps_are_opened_in_steps(void **state) {
  (void)state;
  if (have_no_range()) skip();
  for (size_t most = 200 * KIB; most <= 40 * MIB; most = most * 3 - 64 * KIB) {
    forget_the_past();
    vmr_bump bump = VMR_BUMP_WITH(0);
    unsigned char **objects = fill_bump(&bump, most);
    for (size_t i = 0; i < most / 64; i++) assert_true(is_filled(objects[i], 64, (unsigned char)(i * 7 & 0xff)));
    size_t used = (size_t)((uintptr_t)bump.cursor & (CHUNK - 1));
    if (used != 0 && most < 32 * MIB) assert_true(resident_bytes(bump.cursor - 1) <= used + most / 16 + 32 * KIB);
    free(objects);
    vmr_bump_release(&bump);
  }
}

/* A table of some hundred KiB that is mostly empty stays out of memory, also when its chunk gets full. */
static void what_is_not_touched_is_not_in_memory(void **state) {
  (void)state;
  if (have_no_range()) skip();
  vmr_bump bump = VMR_BUMP_WITH(0);
  while (bump.total < CHUNK) assert_non_null(vmr_bump_alloc(&bump, 200));
  size_t total = bump.total;
  char *table = vmr_bump_calloc(&bump, 1, 400 * KIB, 16), *last = NULL;
  assert_non_null(table);
  table[200 * KIB] = 1;
  while (bump.total == total) last = vmr_bump_alloc(&bump, 200);
  assert_non_null(last);
  size_t outside = CHUNK - 400 * KIB;
  assert_true(resident_bytes(table) <= outside + 200 * KIB);
  assert_int_equal(table[200 * KIB], 1);
  assert_true(is_filled(table, 200 * KIB, 0));
  vmr_bump_release(&bump);
}

/* What the system refuses, and what it grants, leaves errno alone. */
static void steps_keep_errno(void **state) {
  (void)state;
  vmr_bump bump = VMR_BUMP_WITH(0);
  vmr_heap *heap = NULL;
  assert_int_equal(vmr_heap_create(&heap, NULL, 0), VMR_OK);
  errno = EDOM;
  for (size_t i = 0; i < 40 * MIB / 200; i++) assert_non_null(vmr_bump_alloc(&bump, 200));
  for (size_t i = 0; i < 40 * MIB / 200; i++) assert_non_null(vmr_heap_alloc(heap, 200));
  assert_int_equal(errno, EDOM);
  vmr_heap_destroy(heap);
  vmr_bump_release(&bump);
}

/* Objects of `bytes` in a heap with lists, up to `most` bytes, each filled; they keep their content when chunks become huge
 * pages, and memory that no object was made of stays outside. */
static void fill_heap(uint32_t flags, size_t bytes, size_t most) {
  size_t count = most / bytes;
  vmr_heap *heap = NULL;
  unsigned char **objects = malloc(count * sizeof *objects);
  assert_non_null(objects);
  forget_the_past();
  assert_int_equal(vmr_heap_create(&heap, NULL, flags), VMR_OK);
  for (size_t i = 0; i < count; i++) {
    objects[i] = vmr_heap_alloc(heap, bytes);
    assert_non_null(objects[i]);
    memset(objects[i], (int)(i * 5 & 0xff), bytes);
  }
  for (size_t i = 0; i < count; i++) assert_true(is_filled(objects[i], bytes, (unsigned char)(i * 5 & 0xff)));
  assert_true(vmr_heap_is_valid(heap));
  size_t used = (most - bytes) % CHUNK;
  if (most < 32 * MIB && used > 64 * KIB && used < CHUNK - 256 * KIB)
    assert_true(resident_bytes(objects[count - 1]) <= used + 192 * KIB);
  for (size_t i = 0; i < count; i++) vmr_heap_free(objects[i]);
  vmr_heap_destroy(heap);
  free(objects);
}

static void heaps_hold_little_beyond_their_objects(void **state) {
  (void)state;
  if (have_no_range()) skip();
  for (size_t most = MIB; most < 12 * MIB; most += 5 * MIB / 4) {
    fill_heap(0, 64, most);
    fill_heap(VMR_HEAP_SHARED, 1024, most);
  }
  fill_heap(VMR_HEAP_ALIGN8, 48, 40 * MIB);
}

/* A run may need less than a profile told, or a few objects more: neither takes a huge page for them. */
static void expectations_cost_no_memory(void **state) {
  (void)state;
  if (have_no_range()) skip();
  forget_the_past();
  vmr_bump bump = VMR_BUMP_WITH(0);
  bump.expected = 40 * MIB / KIB;
  while (bump.total <= 40 * MIB) assert_non_null(memset(vmr_bump_alloc(&bump, 64), 1, 64));
  assert_true(resident_bytes(bump.cursor - 1) <= 512 * KIB);
  vmr_bump_release(&bump);
  forget_the_past();
  vmr_heap *heap = NULL;
  assert_int_equal(vmr_heap_create(&heap, NULL, 0), VMR_OK);
  vmr_heap_expect(heap, 200 * MIB);
  char *last = NULL;
  for (size_t i = 0; i < MIB / 64; i++) assert_non_null(last = memset(vmr_heap_alloc(heap, 64), 1, 64));
  assert_true(resident_bytes(last) <= MIB + 256 * KIB);
  vmr_heap_destroy(heap);
}

/* A chunk in which spans of many classes have few objects each does not become a huge page. */
static void chunks_of_many_classes_stay_small_pages(void **state) {
  (void)state;
  if (have_no_range()) skip();
  vmr_heap *heap = NULL;
  assert_int_equal(vmr_heap_create(&heap, NULL, 0), VMR_OK);
  char *first = vmr_heap_alloc(heap, 16);
  for (size_t bytes = 32; bytes <= 20 * KIB; bytes = bytes * 5 / 4 + 16) assert_non_null(vmr_heap_alloc(heap, bytes));
  for (size_t i = 0; i < 4 * MIB / 16; i++) assert_non_null(vmr_heap_alloc(heap, 16));
  assert_true(resident_bytes(first) < CHUNK - 256 * KIB);
  assert_true(vmr_heap_is_valid(heap));
  vmr_heap_destroy(heap);
}

static bool is_of(const vmr_heap *heap, const void *object) { return vmr_heap_of(object) == heap; }

/* A heap that begins with malloc has no memory of its own before 2048 objects or 64 KiB; malloc's stay where they are. */
static void few_objects_are_mallocs(void **state) {
  (void)state;
  if (have_no_range()) skip();
  for (uint32_t flags = VMR_HEAP_BEGINS_WITH_MALLOC; flags <= (VMR_HEAP_BEGINS_WITH_MALLOC | VMR_HEAP_SHARED);
       flags++) {
    vmr_heap *heap = NULL, *large = NULL;
    assert_int_equal(vmr_heap_create(&heap, NULL, flags), VMR_OK);
    assert_int_equal(vmr_heap_create(&large, NULL, flags), VMR_OK);
    size_t reserved = vmr_heap_reserved_bytes(heap); /* a chunk that an earlier heap has left */
    char *objects[2048];
    for (int i = 0; i < 2048; i++) {
      objects[i] = i % 2 == 0 ? vmr_heap_alloc(heap, 20) : vmr_heap_calloc(heap, 4, 5);
      assert_true(is_of(NULL, objects[i]) && vmr_heap_usable_size(objects[i]) >= 20);
      assert_true(i % 2 == 0 || is_filled(objects[i], 20, 0));
      memset(objects[i], 3, 20);
    }
    assert_int_equal(vmr_heap_reserved_bytes(heap), reserved);
    char *own = vmr_heap_alloc(heap, 20), *grown = vmr_heap_realloc(heap, objects[0], 100000);
    assert_true(is_of(heap, own) && is_of(NULL, grown) && is_filled(grown, 20, 3));
    vmr_heap_free(grown);
    for (int i = 1; i < 2048; i++) vmr_heap_free(objects[i]);
    vmr_heap_free(own);
    assert_true(is_of(heap, vmr_heap_alloc(heap, 8)));
    char *small = vmr_heap_alloc(large, 40000), *other = vmr_heap_alloc(large, 40000);
    assert_true(is_of(NULL, small) && is_of(large, other));
    assert_true(is_of(large, vmr_heap_alloc(large, 8)));
    vmr_heap_free(small);
    vmr_heap_destroy(large);
    vmr_heap_destroy(heap);
  }
}

/* Not those of a heap that has to end with all its objects, or in which they are not to be freed one by one. */
static void not_all_heaps_begin_with_malloc(void **state) {
  (void)state;
  if (have_no_range()) skip();
  vmr_ctx *ctx = make_ctx();
  vmr_heap *booked = NULL, *never_freed = NULL, *plain = NULL, *bad = NULL;
  assert_int_equal(vmr_heap_create(&booked, ctx, VMR_HEAP_BEGINS_WITH_MALLOC), VMR_OK);
  assert_int_equal(vmr_heap_create(&never_freed, NULL, VMR_HEAP_BEGINS_WITH_MALLOC | VMR_HEAP_NEVER_FREED), VMR_OK);
  assert_int_equal(vmr_heap_create(&plain, NULL, VMR_HEAP_BEGINS_WITH_MALLOC), VMR_OK);
  vmr_heap_destroy(plain); /* the next one is another's */
  assert_int_equal(vmr_heap_create(&plain, NULL, 0), VMR_OK);
  assert_true(is_of(booked, vmr_heap_alloc(booked, 8)));
  assert_true(is_of(never_freed, vmr_heap_alloc(never_freed, 8)));
  assert_true(is_of(plain, vmr_heap_alloc(plain, 8)));
  assert_int_equal(vmr_heap_create(&bad, NULL, 16), VMR_INVALID_ARGUMENT);
  vmr_heap_destroy(plain);
  vmr_heap_destroy(never_freed);
  vmr_heap_destroy(booked);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chunks_of_many_classes_stay_small_pages),
      cmocka_unit_test(expectations_cost_no_memory),
      cmocka_unit_test(heaps_hold_little_beyond_their_objects),
      cmocka_unit_test(bumps_are_opened_in_steps),
      cmocka_unit_test(what_is_not_touched_is_not_in_memory),
      cmocka_unit_test(steps_keep_errno),
      cmocka_unit_test(few_objects_are_mallocs),
      cmocka_unit_test(not_all_heaps_begin_with_malloc),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
