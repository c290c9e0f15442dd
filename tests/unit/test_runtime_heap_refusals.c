/* test_runtime_heap_refusals.c: heaps where the system or a limit refuses what they ask for, and what a program sees of that:
 * contents, errno, figures. A stand-in for mremap refuses as kernels do that are older than the one that runs. */
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
#include <sys/syscall.h>

#include "tests/unit/runtime_ctx.h"
#include "tests/unit/short_of_memory.h"

static bool refuses_all;
static int refusals;

static bool spans_mappings(void *begin, size_t bytes) {
  return syscall(SYS_mremap, begin, bytes, bytes + 64 * KIB, 0) == -1 && errno == EFAULT;
}

/* As Linux before 6.17: what is at the new place goes first, then it is seen whether the old one is a single mapping. */
VMR_API void *mremap(void *old, size_t old_bytes, size_t bytes, int flags, ...) {
  if ((flags & MREMAP_FIXED) == 0) return (void *)syscall(SYS_mremap, old, old_bytes, bytes, flags);
  va_list rest;
  va_start(rest, flags);
  void *at = va_arg(rest, void *);
  va_end(rest);
  munmap(at, bytes);
  if (!refuses_all && !spans_mappings(old, old_bytes))
    return (void *)syscall(SYS_mremap, old, old_bytes, bytes, flags, at);
  refusals++;
  errno = EFAULT;
  return MAP_FAILED;
}

/* Grows an object of 16 MiB, part of which has another mapping, out of its place; returns how often a move was refused. */
static int grow_in_mappings(bool refuses) {
  vmr_heap *heap = NULL;
  refuses_all = refuses;
  refusals = 0;
  assert_int_equal(vmr_heap_create(&heap, NULL, 0), VMR_OK);
  unsigned char *object = vmr_heap_alloc(heap, 16 * MIB), *between = vmr_heap_alloc(heap, 10 * MIB);
  assert_true(object != NULL && between != NULL);
  for (size_t i = 0; i < 16; i++) memset(object + i * MIB, (int)i + 1, MIB);
  madvise(object + 4 * MIB, 2 * MIB, MADV_NOHUGEPAGE);
  madvise(object + 10 * MIB, 64 * KIB, MADV_NOHUGEPAGE);
  errno = 0;
  unsigned char *moved = vmr_heap_realloc(heap, object, 40 * MIB);
  assert_non_null(moved);
  assert_ptr_not_equal(moved, object);
  assert_int_equal(errno, 0);
  for (size_t i = 0; i < 16; i++) assert_true(is_filled(moved + i * MIB, MIB, (unsigned char)(i + 1)));
  memset(moved, 1, 40 * MIB);
  assert_true(vmr_heap_is_valid(heap));
  object = vmr_heap_calloc(heap, 1, 16 * MIB); /* where it was */
  assert_true(object == NULL || is_filled(object, 16 * MIB, 0));
  vmr_heap_destroy(heap);
  return refusals;
}

static void what_lies_in_several_mappings_moves(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  assert_int_equal(grow_in_mappings(false), 0); /* for then the new place would be gone */
}

static void what_cannot_be_moved_is_copied(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  assert_int_equal(grow_in_mappings(true), 1);
}

/* Locked pages cannot be given back to the system. */
static void giving_back_keeps_errno(void **state) {
  (void)state;
  enum { COUNT = 60 };
  void *objects[COUNT];
  vmr_heap *heap = NULL;
  assert_int_equal(vmr_heap_create(&heap, NULL, 0), VMR_OK);
  for (int i = 0; i < COUNT; i++) {
    objects[i] = vmr_heap_alloc(heap, 4 * MIB);
    assert_non_null(objects[i]);
    (void)mlock(objects[i], 4 * KIB);
  }
  errno = 0;
  for (int i = 0; i < COUNT; i++) {
    vmr_heap_free(objects[i]);
    assert_int_equal(errno, 0);
  }
  for (int i = 0; i < COUNT && vmr_heap_range_bytes() != 0; i++) munlock(objects[i], 4 * KIB);
  vmr_heap_destroy(heap);
}

/* As glibc does. */
static void an_object_of_no_bytes_is_freed(void **state) {
  (void)state;
  for (uint32_t flags = 0; flags < 4; flags++) {
    vmr_ctx *ctx = make_flagged_ctx(flags == 3 ? VMR_HEAPS_USE_MALLOC : 0);
    vmr_heap *heap = NULL;
    assert_int_equal(vmr_heap_create(&heap, ctx, flags == 3 ? 0 : flags), VMR_OK);
    for (size_t bytes = 1; bytes < 20 * MIB; bytes *= 5) {
      void *object = vmr_heap_alloc(heap, bytes);
      assert_non_null(object);
      errno = 0;
      assert_null(vmr_heap_realloc(heap, object, 0));
      assert_int_equal(errno, 0);
      if (flags != VMR_HEAP_NEVER_FREED) assert_int_equal(vmr_heap_used_bytes(heap), 0);
    }
    assert_null(vmr_heap_realloc(heap, malloc(10), 0));
    void *object = vmr_heap_realloc(heap, NULL, 0);
    assert_non_null(object);
    assert_int_equal(vmr_heap_status(heap), VMR_OK);
    vmr_heap_destroy(heap);
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  }
}

static void what_cannot_become_smaller_stays(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  vmr_ctx *ctx = make_ctx();
  vmr_heap *heap = NULL;
  assert_int_equal(vmr_heap_create(&heap, ctx, 0), VMR_OK);
  unsigned char *object = vmr_heap_alloc(heap, 20 * MIB);
  assert_non_null(object);
  memset(object, 5, 20 * MIB);
  vmr_ctx_set_limits(ctx, 0, 21 * MIB); /* there is no room for a chunk more */
  errno = 0;
  assert_ptr_equal(vmr_heap_realloc(heap, object, 100), object);
  assert_int_equal(errno, 0);
  assert_int_equal(vmr_heap_status(heap), VMR_OK);
  assert_true(is_filled(object, 20 * MIB, 5));
  assert_null(vmr_heap_realloc(heap, object, 30 * MIB));
  assert_int_equal(errno, ENOMEM);
  assert_int_equal(vmr_heap_status(heap), VMR_OUT_OF_MEMORY);
  assert_true(is_filled(object, 20 * MIB, 5));
  vmr_heap_destroy(heap);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* The figures know nothing of a request that the system refused, but that it failed. */
static void what_was_never_there_is_no_peak(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip(); /* AddressSanitizer ends the program */
  vmr_ctx *ctx = make_ctx();
  vmr_heap *heap = NULL;
  assert_int_equal(vmr_heap_create(&heap, ctx, 0), VMR_OK);
  assert_null(vmr_heap_alloc(heap, (size_t)1 << (sizeof(void *) == 8 ? 50 : 29)));
  assert_int_equal(read_account(ctx, VMR_KIND_HEAP).failed, 1);
  assert_true(read_account(ctx, VMR_KIND_HEAP).peak_bytes < MIB);
  assert_true(read_account(ctx, VMR_KIND_ALL).peak_bytes < MIB);
  assert_int_equal(vmr_ctx_status(ctx), VMR_OUT_OF_MEMORY);
  unsigned char *object = vmr_heap_alloc(heap, 4 * MIB);
  assert_non_null(object);
  assert_null(vmr_heap_realloc(heap, object, (size_t)1 << (sizeof(void *) == 8 ? 50 : 29)));
  assert_true(read_account(ctx, VMR_KIND_ALL).peak_bytes < 8 * MIB);
  vmr_heap_destroy(heap);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* ---- little address space ---- */

/* 480 MiB grow to 520 in a range of 1 GiB: a quarter more is nowhere, but what is asked for is. */
static int grow_into_what_is_left(void) {
  vmr_heap *heap = NULL;
  if (vmr_heap_range_bytes() != 1024 * MIB || vmr_heap_create(&heap, NULL, 0) != VMR_OK) return 1;
  char *object = vmr_heap_alloc(heap, 480 * MIB), *behind = vmr_heap_alloc(heap, 2 * MIB);
  if (vmr_heap_of(object) != heap || vmr_heap_of(behind) != heap) return 2;
  if (mmap(NULL, 700 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) return 3;
  object[0] = object[479 * MIB] = 7;
  errno = 0;
  object = vmr_heap_realloc(heap, object, 520 * MIB);
  if (object == NULL || errno != 0 || vmr_heap_status(heap) != VMR_OK) return 4;
  return object[0] == 7 && object[479 * MIB] == 7 ? 0 : 5;
}

static int leave_half_to_others(void) {
  size_t range = vmr_heap_range_bytes();
  if (range == 0 || range > 4500 * MIB) return 1;
  return mmap(NULL, 4300 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ? 0 : 2;
}

/* The range is reserved once for the process; this runs before anything else did so. */
static void limits_of_address_space_are_shared(void **state) {
  (void)state;
  assert_succeeds_with_memory(2100 * MIB, grow_into_what_is_left);
  assert_succeeds_with_memory(9000 * MIB, leave_half_to_others);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(limits_of_address_space_are_shared), cmocka_unit_test(what_lies_in_several_mappings_moves),
      cmocka_unit_test(what_cannot_be_moved_is_copied),     cmocka_unit_test(giving_back_keeps_errno),
      cmocka_unit_test(an_object_of_no_bytes_is_freed),     cmocka_unit_test(what_cannot_become_smaller_stays),
      cmocka_unit_test(what_was_never_there_is_no_peak),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
