/* test_runtime_bump.c: bumps, objects without books: any size and alignment, calls that are not for them, wrong arguments,
 * memory that is obtained at once because it is expected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "tests/unit/runtime_ctx.h"

enum { CUT = 10000 };

/* Sizes that a program has, and some large ones. */
static size_t cut_size(int i) { return i % 1000 == 999 ? (size_t)i * 800 : i % 37 == 0 ? 0 : (size_t)(i * 7) % 200; }

static void bumps_give_any_size(void **state) {
  (void)state;
  static unsigned char *objects[CUT];
  for (size_t granule = 8; granule <= 16; granule += 8) {
    vmr_bump bump = VMR_BUMP_WITH(granule == 8 ? VMR_HEAP_ALIGN8 : 0);
    for (int i = 0; i < CUT; i++) {
      size_t bytes = cut_size(i);
      objects[i] = i % 3 == 0   ? vmr_bump_calloc(&bump, 1, bytes, granule)
                   : i % 5 != 0 ? vmr_bump_take(&bump, bytes, granule, false)
                                : vmr_bump_aligned(&bump, (size_t)1 << i % 14, bytes);
      assert_non_null(objects[i]);
      assert_int_equal((uintptr_t)objects[i] % granule, 0);
      if (i % 3 == 0) assert_true(is_filled(objects[i], bytes, 0));
      if (i % 3 != 0 && i % 5 == 0) assert_int_equal((uintptr_t)objects[i] % ((size_t)1 << i % 14), 0);
      memset(objects[i], i & 0xff, bytes);
      if (i > 0 && cut_size(i) == 0 && cut_size(i - 1) == 0) assert_ptr_not_equal(objects[i], objects[i - 1]);
    }
    for (int i = 0; i < CUT; i++) assert_true(is_filled(objects[i], cut_size(i), (unsigned char)(i & 0xff)));
    vmr_bump_release(&bump);
    assert_null(bump.cursor);
    assert_int_equal(bump.total, 0);
  }
}

/* What must not happen, but does no harm: the object is a bump's, and is given back or resized. */
static void bumps_survive_free_and_realloc(void **state) {
  (void)state;
  if (vmr_heap_range_bytes() == 0) skip();
  vmr_bump bump = VMR_BUMP_WITH(VMR_HEAP_ALIGN8);
  vmr_heap *heap = NULL;
  assert_int_equal(vmr_heap_create(&heap, NULL, 0), VMR_OK);
  unsigned char *object = NULL;
  for (int i = 0; i < CUT; i++) {
    object = vmr_bump_alloc8(&bump, 100);
    assert_non_null(object);
    memset(object, 3, 100);
  }
  assert_null(vmr_heap_of(object));
  assert_int_equal(vmr_heap_usable_size(object), 0);
  vmr_heap_free(object);
  assert_true(is_filled(object, 100, 3));
  unsigned char *moved = vmr_heap_realloc(heap, object, 4 * MIB);
  assert_non_null(moved);
  assert_true(is_filled(moved, 100, 3));
  vmr_bump_release(&bump);
  vmr_heap_free(moved);
  vmr_heap_destroy(heap);
}

static void bumps_check_their_arguments(void **state) {
  (void)state;
  vmr_bump bump = VMR_BUMP_WITH(0);
  for (size_t bytes = SIZE_MAX; bytes > SIZE_MAX / 4; bytes -= SIZE_MAX / 64) {
    errno = 0;
    assert_null(vmr_bump_alloc(&bump, bytes));
    assert_int_equal(errno, ENOMEM);
  }
  assert_null(vmr_bump_calloc(&bump, SIZE_MAX / 2, 3, 16));
  assert_null(vmr_bump_aligned(&bump, 24, 8));
  assert_int_equal(errno, EINVAL);
  assert_null(vmr_bump_aligned(&bump, SIZE_MAX / 2 + 1, 8));
  assert_non_null(vmr_bump_calloc(&bump, 0, 3, 16));
  assert_non_null(vmr_bump_alloc(&bump, 0));
  vmr_bump_release(&bump);
  vmr_bump_release(&bump);
}

/* All at once up to 128 KiB, else by chunks; what comes beyond is obtained as ever. Where each object lies apart, nothing is. */
static void bumps_obtain_what_is_expected(void **state) {
  (void)state;
  vmr_bump few = VMR_BUMP_WITH(VMR_HEAP_ALIGN8), many = VMR_BUMP_WITH(0);
  few.expected = 40;
  many.expected = 200;
  for (size_t i = 0; i < 40 * KIB / 64; i++) memset(vmr_bump_alloc8(&few, 64), 1, 64);
  if (few.cursor == NULL) {
    vmr_bump_release(&few);
    skip();
  }
  assert_int_equal(few.total, 40 * KIB + 16);
  assert_non_null(vmr_bump_alloc8(&few, 64));
  assert_true(few.total > 40 * KIB + 16 && few.total <= 104 * KIB + 16);
  assert_non_null(vmr_bump_alloc(&many, 64));
  assert_int_equal(many.total, vmr_heap_range_bytes() != 0 ? 2 * MIB : 128 * KIB);
  vmr_bump_release(&few);
  vmr_bump_release(&many);
  assert_int_equal(few.expected, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bumps_give_any_size),
      cmocka_unit_test(bumps_survive_free_and_realloc),
      cmocka_unit_test(bumps_check_their_arguments),
      cmocka_unit_test(bumps_obtain_what_is_expected),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
