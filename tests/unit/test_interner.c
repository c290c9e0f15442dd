/* test_interner.c: the runtime's interner: numbering, texts that stay where they are, any bytes. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/short_of_memory.h"
#include "vmemrt.h"

#define MANY 300000u

static vmr_symbol add(vmr_interner *interner, const char *text) {
  return vmr_interner_add(interner, text, strlen(text));
}

static void symbols_count_up_from_one(void **state) {
  (void)state;
  vmr_interner *interner = vmr_interner_create();
  assert_int_equal(vmr_interner_count(interner), 0);
  assert_int_equal(add(interner, "b"), 1);
  assert_int_equal(add(interner, "a"), 2);
  assert_int_equal(add(interner, "b"), 1);
  assert_int_equal(add(interner, "c"), 3);
  assert_int_equal(vmr_interner_count(interner), 3);
  vmr_interner_destroy(interner);
}

static void finding_adds_nothing(void **state) {
  (void)state;
  vmr_interner *interner = vmr_interner_create();
  assert_int_equal(vmr_interner_find(interner, "a", 1), 0);
  assert_int_equal(add(interner, "a"), 1);
  assert_int_equal(vmr_interner_find(interner, "a", 1), 1);
  assert_int_equal(vmr_interner_find(interner, "ab", 2), 0);
  assert_int_equal(vmr_interner_find(interner, "", 0), 0);
  assert_int_equal(vmr_interner_count(interner), 1);
  vmr_interner_destroy(interner);
}

static void any_bytes_are_a_text(void **state) {
  (void)state;
  vmr_interner *interner = vmr_interner_create();
  size_t length = 99;
  assert_int_equal(vmr_interner_add(interner, "a\0b", 3), 1);
  assert_int_equal(vmr_interner_add(interner, "a\0c", 3), 2);
  assert_int_equal(vmr_interner_add(interner, "a", 1), 3);
  assert_int_equal(vmr_interner_add(interner, NULL, 0), 4);
  assert_int_equal(vmr_interner_add(interner, "\xff\xfe", 2), 5);
  assert_int_equal(vmr_interner_add(interner, "", 0), 4);
  assert_memory_equal(vmr_interner_text(interner, 1, &length), "a\0b\0", 4);
  assert_int_equal(length, 3);
  assert_string_equal(vmr_interner_text(interner, 4, &length), "");
  assert_int_equal(length, 0);
  vmr_interner_destroy(interner);
}

static void numbers_that_are_no_symbols_have_no_text(void **state) {
  (void)state;
  vmr_interner *interner = vmr_interner_create();
  add(interner, "a");
  assert_null(vmr_interner_text(interner, 0, NULL));
  assert_null(vmr_interner_text(interner, 2, NULL));
  assert_null(vmr_interner_text(interner, UINT32_MAX, NULL));
  assert_string_equal(vmr_interner_text(interner, 1, NULL), "a");
  vmr_interner_destroy(interner);
}

/* Every length up to 70, differing in one byte at each place. */
static void texts_that_differ_in_one_byte_are_different(void **state) {
  (void)state;
  vmr_interner *interner = vmr_interner_create();
  char text[70];
  uint32_t expected = 0;
  memset(text, 'x', sizeof text);
  for (size_t length = 1; length <= sizeof text; length++) {
    assert_int_equal(vmr_interner_add(interner, text, length), ++expected);
    for (size_t at = 0; at < length; at++) {
      text[at] = 'y';
      assert_int_equal(vmr_interner_add(interner, text, length), ++expected);
      text[at] = 'x';
    }
  }
  assert_int_equal(vmr_interner_add(interner, text, 1), 1);
  vmr_interner_destroy(interner);
}

static void texts_stay_where_they_are(void **state) {
  (void)state;
  vmr_interner *interner = vmr_interner_create();
  const char **texts = malloc(MANY * sizeof *texts);
  char name[32];
  for (uint32_t i = 0; i < MANY; i++) {
    int length = snprintf(name, sizeof name, "value.%u", i);
    assert_int_equal(vmr_interner_add(interner, name, (size_t)length), i + 1);
    texts[i] = vmr_interner_text(interner, i + 1, NULL);
  }
  for (uint32_t i = 0; i < MANY; i++) {
    int length = snprintf(name, sizeof name, "value.%u", i);
    assert_int_equal(vmr_interner_find(interner, name, (size_t)length), i + 1);
    assert_ptr_equal(vmr_interner_text(interner, i + 1, NULL), texts[i]);
    assert_string_equal(texts[i], name);
  }
  assert_int_equal(vmr_interner_count(interner), MANY);
  free(texts);
  vmr_interner_destroy(interner);
}

static void a_huge_text_is_a_text(void **state) {
  (void)state;
  vmr_interner *interner = vmr_interner_create();
  size_t bytes = (size_t)5 << 20, length = 0;
  char *text = malloc(bytes);
  memset(text, 'q', bytes);
  assert_int_equal(vmr_interner_add(interner, text, bytes), 1);
  assert_int_equal(vmr_interner_add(interner, text, bytes - 1), 2);
  text[bytes / 2] = 'p';
  assert_int_equal(vmr_interner_add(interner, text, bytes), 3);
  assert_memory_equal(vmr_interner_text(interner, 3, &length), text, bytes);
  assert_int_equal(length, bytes);
  free(text);
  vmr_interner_destroy(interner);
}

static void a_text_of_four_gib_is_refused_unread(void **state) {
  (void)state;
  vmr_interner *interner = vmr_interner_create();
  assert_int_equal(vmr_interner_add(interner, "x", (size_t)UINT32_MAX), 0);
  assert_int_equal(vmr_interner_add(interner, "x", SIZE_MAX), 0);
  assert_int_equal(vmr_interner_find(interner, "x", SIZE_MAX), 0);
  assert_int_equal(add(interner, "x"), 1);
  vmr_interner_destroy(interner);
}

static int exhaust_memory(void) {
  vmr_interner *interner = vmr_interner_create();
  char name[32];
  uint32_t count = 0;
  if (interner == NULL) return 1;
  for (;; count++) {
    int length = snprintf(name, sizeof name, "%u", count);
    vmr_symbol symbol = vmr_interner_add(interner, name, (size_t)length);
    if (symbol == 0) break;
    if (symbol != count + 1) return 2;
  }
  if (count < 10000 || vmr_interner_count(interner) != count) return 3;
  for (uint32_t i = 0; i <= count; i++) {
    int length = snprintf(name, sizeof name, "%u", i);
    if (vmr_interner_find(interner, name, (size_t)length) != (i < count ? i + 1 : 0)) return 4;
    if (i < count && strcmp(vmr_interner_text(interner, i + 1, NULL), name) != 0) return 5;
  }
  vmr_interner_destroy(interner);
  return 0;
}

static void without_memory_what_was_added_stays(void **state) {
  (void)state;
  assert_succeeds_with_memory((size_t)64 << 20, exhaust_memory);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(symbols_count_up_from_one),
      cmocka_unit_test(finding_adds_nothing),
      cmocka_unit_test(any_bytes_are_a_text),
      cmocka_unit_test(numbers_that_are_no_symbols_have_no_text),
      cmocka_unit_test(texts_that_differ_in_one_byte_are_different),
      cmocka_unit_test(texts_stay_where_they_are),
      cmocka_unit_test(a_huge_text_is_a_text),
      cmocka_unit_test(a_text_of_four_gib_is_refused_unread),
      cmocka_unit_test(without_memory_what_was_added_stays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
