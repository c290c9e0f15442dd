/* test_text.c: text in memory and through a sink, failures that stick, sizes for people, UTF-8. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "support/text.h"
#include "support/utf8.h"
#include "tests/unit/short_of_memory.h"

static void pieces_are_joined(void **state) {
  (void)state;
  vmo_text text;
  vmo_text_init(&text);
  assert_null(text.data);
  vmo_text_add(&text, "");
  vmo_text_add(&text, "ab");
  vmo_text_add_char(&text, 'c');
  vmo_text_add_bytes(&text, "defg", 2);
  vmo_text_add_repeat(&text, '-', 3);
  vmo_text_add_repeat(&text, '-', 0);
  vmo_text_addf(&text, "%s|%d|%5.2f", "x", -7, 1.5);
  assert_string_equal(text.data, "abcde---x|-7| 1.50");
  assert_int_equal(text.count, strlen(text.data));
  assert_true(vmo_text_flush(&text));
  assert_string_equal(text.data, "abcde---x|-7| 1.50");
  assert_false(vmo_text_failed(&text));
  vmo_text_free(&text);
  assert_null(text.data);
}

static void a_text_may_grow_long(void **state) {
  (void)state;
  vmo_text text;
  vmo_text_init(&text);
  for (int i = 0; i < 100000; i++) vmo_text_addf(&text, "%05d", i);
  assert_int_equal(text.count, 500000);
  assert_memory_equal(text.data + 5 * 99999, "99999", 6);
  vmo_text_free(&text);
}

static void formatted_pieces_may_be_long(void **state) {
  (void)state;
  for (int width = 250; width < 262; width++) { /* around the room that is first made */
    vmo_text text;
    vmo_text_init(&text);
    vmo_text_addf(&text, "%*d%s", width, 7, "!");
    vmo_text_addf(&text, "%*d", width * 40, 8);
    assert_int_equal(text.count, (size_t)width * 41 + 1);
    assert_int_equal(strlen(text.data), text.count);
    assert_memory_equal(text.data + width - 1, "7!", 2);
    assert_int_equal(text.data[text.count - 1], '8');
    vmo_text_free(&text);
  }
}

static void check_integer(int64_t number, const char *expected) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_text_add_integer(&text, number);
  assert_string_equal(text.data, expected);
  vmo_text_free(&text);
}

static void integers_are_exact(void **state) {
  (void)state;
  check_integer(0, "0");
  check_integer(-1, "-1");
  check_integer(10, "10");
  check_integer(INT64_MAX, "9223372036854775807");
  check_integer(INT64_MIN, "-9223372036854775808");
}

static void check_bytes(vmo_bytes bytes, const char *expected) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_text_add_bytes_for_people(&text, bytes);
  assert_string_equal(text.data, expected);
  vmo_text_free(&text);
}

static void bytes_have_three_digits(void **state) {
  (void)state;
  check_bytes(0, "0 B");
  check_bytes(800, "800 B");
  check_bytes(1023, "1023 B");
  check_bytes(1024, "1 KiB");
  check_bytes(1034, "1.01 KiB");
  check_bytes(1536, "1.5 KiB");
  check_bytes(10 * 1024 + 512, "10.5 KiB");
  check_bytes(10 * 1024 + 51, "10 KiB");
  check_bytes(100 * 1024 + 511, "100 KiB");
  check_bytes(1023 * 1024, "1023 KiB");
  check_bytes(1024 * 1024 - 1, "1 MiB");
  check_bytes(10 * 1024 - 1, "10 KiB");
  check_bytes(100 * 1024 - 1, "100 KiB");
  check_bytes(1572864, "1.5 MiB");
  check_bytes(INT64_C(5) << 30, "5 GiB");
  check_bytes(INT64_C(7) << 40, "7 TiB");
  check_bytes((INT64_C(1) << 53) - 1, "8 PiB");
  check_bytes(-1536, "-1.5 KiB");
  check_bytes(INT64_MAX, "8192 PiB");
  check_bytes(INT64_MIN, "-8192 PiB");
}

/* ---- sinks ---- */

typedef struct collector {
  vmo_text got;
  size_t calls, largest, capacity; /* it refuses what goes beyond `capacity` */
} collector;

static bool collect(void *user, const char *data, size_t count) {
  collector *into = user;
  into->calls++;
  if (count > into->largest) into->largest = count;
  if (into->got.count + count > into->capacity) return false;
  vmo_text_add_bytes(&into->got, data, count);
  return true;
}

/* The same additions to any text. */
static void add_a_lot(vmo_text *text) {
  static const char block[100000] = "a block longer than a sink's";
  for (int i = 0; i < 20000; i++) vmo_text_addf(text, "line %d\n", i);
  vmo_text_add_repeat(text, '=', 200000);
  vmo_text_add_bytes(text, block, sizeof block);
  vmo_text_addf(text, "%*d", 150000, 1);
  for (int i = 0; i < 200000; i++) vmo_text_add_char(text, (char)('a' + i % 26));
  vmo_text_add(text, "end");
}

static void a_sink_gets_what_memory_would_hold(void **state) {
  (void)state;
  vmo_text whole, streamed;
  collector into = {.capacity = SIZE_MAX};
  vmo_text_init(&whole);
  add_a_lot(&whole);
  vmo_text_init_sink(&streamed, collect, &into);
  add_a_lot(&streamed);
  assert_true(into.got.count < whole.count);
  assert_true(vmo_text_flush(&streamed));
  assert_int_equal(into.got.count, whole.count);
  assert_memory_equal(into.got.data, whole.data, whole.count);
  assert_true(into.calls < 40); /* in blocks */
  assert_true(streamed.capacity < 400000);
  size_t calls = into.calls;
  assert_true(vmo_text_flush(&streamed));
  assert_int_equal(into.calls, calls);
  vmo_text_free(&whole);
  vmo_text_free(&streamed);
  vmo_text_free(&into.got);
}

static void a_sink_that_refuses_is_remembered_and_left_alone(void **state) {
  (void)state;
  vmo_text text;
  collector into = {.capacity = 100000};
  vmo_text_init_sink(&text, collect, &into);
  add_a_lot(&text);
  assert_true(vmo_text_failed(&text));
  size_t calls = into.calls;
  vmo_text_add(&text, "more");
  vmo_text_add_repeat(&text, 'x', 1000000);
  assert_false(vmo_text_flush(&text));
  assert_int_equal(into.calls, calls);
  assert_int_equal(calls, 2); /* one block taken, one refused */
  vmo_text_free(&text);
  vmo_text_free(&into.got);
}

static void a_sink_that_refuses_the_rest_fails_the_flush(void **state) {
  (void)state;
  vmo_text text;
  collector into = {.capacity = 3};
  vmo_text_init_sink(&text, collect, &into);
  vmo_text_add(&text, "four");
  assert_false(vmo_text_failed(&text));
  assert_false(vmo_text_flush(&text));
  assert_true(vmo_text_failed(&text));
  vmo_text_free(&text);
  vmo_text_free(&into.got);
}

/* ---- failures ---- */

static void sizes_that_overflow_fail_the_text(void **state) {
  (void)state;
  vmo_text text;
  vmo_text_init(&text);
  vmo_text_add(&text, "kept");
  vmo_text_add_repeat(&text, 'x', SIZE_MAX - 2);
  assert_true(vmo_text_failed(&text));
  vmo_text_add(&text, "not added");
  assert_string_equal(text.data, "kept");
  assert_false(vmo_text_flush(&text));
  vmo_text_free(&text);
}

static int exhaust_memory(void) {
  vmo_text text;
  vmo_text_init(&text);
  for (int i = 0; i < 100 && !vmo_text_failed(&text); i++) vmo_text_add_repeat(&text, 'x', (size_t)8 << 20);
  if (!vmo_text_failed(&text)) return 1;
  if (text.count < (size_t)8 << 20 || text.count % ((size_t)8 << 20) != 0) return 2;
  if (strlen(text.data) != text.count) return 3;
  vmo_text_addf(&text, "%d", 1);
  if (strlen(text.data) != text.count) return 4;
  vmo_text_free(&text);
  return 0;
}

static void without_memory_the_text_says_so(void **state) {
  (void)state;
  assert_succeeds_with_memory((size_t)256 << 20, exhaust_memory);
}

/* ---- UTF-8 ---- */

/* The straightforward encoder, for a round trip. */
static size_t encode(uint32_t value, char *into) {
  if (value < 0x80) {
    into[0] = (char)value;
    return 1;
  }
  size_t length = value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;
  for (size_t i = length; i-- > 1; value >>= 6) into[i] = (char)(0x80 | (value & 0x3f));
  into[0] = (char)(value | (0xf00u >> length & 0xff));
  return length;
}

static void every_character_is_decoded(void **state) {
  (void)state;
  char bytes[4];
  for (uint32_t value = 0; value <= 0x10ffff; value++) {
    size_t length = encode(value, bytes);
    uint32_t decoded = UINT32_MAX;
    bool surrogate = value >= 0xd800 && value <= 0xdfff;
    assert_int_equal(vmo_utf8_decode(bytes, length, &decoded), surrogate ? 0 : length);
    if (!surrogate) assert_int_equal(decoded, value);
    assert_int_equal(vmo_utf8_decode(bytes, length - 1, NULL), 0);
  }
}

static void what_is_no_utf8_is_refused(void **state) {
  (void)state;
  static const char *const wrong[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80",
                                      "\xff",
                                      "\xc3(",
                                      "\xe2\x82("};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    assert_int_equal(vmo_utf8_decode(wrong[i], strlen(wrong[i]), NULL), 0);
  }
}

static void wrong_bytes_come_out_as_replacements(void **state) {
  (void)state;
  vmo_text text;
  vmo_text_init(&text);
  vmo_text_add_utf8(&text,
                    "\xff"
                    "a\xc3\xa9\xc3(\0z\xe2\x82",
                    10);
  assert_int_equal(text.count, 3 + 1 + 2 + 3 + 1 + 1 + 1 + 3 + 3);
  assert_memory_equal(text.data,
                      "\xef\xbf\xbd"
                      "a\xc3\xa9\xef\xbf\xbd(\0z\xef\xbf\xbd\xef\xbf\xbd",
                      text.count + 1);
  vmo_text_free(&text);
}

static void what_steers_a_terminal_is_not_printable(void **state) {
  (void)state;
  static const uint32_t hidden[] = {0, '\t', '\n', 0x1b, 0x7f, 0x9b, 0x200b, 0x202e, 0x2028, 0x2066, 0xfeff, 0xe0001};
  static const uint32_t seen[] = {' ', '~', 0xa0, 0xe9, 0x2027, 0x3042, 0xfffd, 0x1f600};
  for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) assert_false(vmo_utf8_is_printable(hidden[i]));
  for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) assert_true(vmo_utf8_is_printable(seen[i]));
}

static void words_are_wrapped_at_the_width(void **state) {
  (void)state;
  vmo_text text;
  vmo_text_init(&text);
  vmo_text_add(&text, "a: ");
  vmo_text_add_wrapped(&text, "one two  three verylongwordthatisalone four", 3, 12);
  assert_string_equal(text.data, "a: one two\n   three\n   verylongwordthatisalone\n   four\n");
  vmo_text_free(&text);
  vmo_text_add_wrapped(&text, "\xc3\xa4\xc3\xb6 \xc3\xbc", 0, 4); /* characters count, not bytes */
  assert_string_equal(text.data, "\xc3\xa4\xc3\xb6 \xc3\xbc\n");
  vmo_text_free(&text);
  vmo_text_add_wrapped(&text, "  ", 5, 10);
  assert_string_equal(text.data, "\n");
  vmo_text_free(&text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pieces_are_joined),
      cmocka_unit_test(a_text_may_grow_long),
      cmocka_unit_test(formatted_pieces_may_be_long),
      cmocka_unit_test(integers_are_exact),
      cmocka_unit_test(bytes_have_three_digits),
      cmocka_unit_test(a_sink_gets_what_memory_would_hold),
      cmocka_unit_test(a_sink_that_refuses_is_remembered_and_left_alone),
      cmocka_unit_test(a_sink_that_refuses_the_rest_fails_the_flush),
      cmocka_unit_test(sizes_that_overflow_fail_the_text),
      cmocka_unit_test(without_memory_the_text_says_so),
      cmocka_unit_test(every_character_is_decoded),
      cmocka_unit_test(what_is_no_utf8_is_refused),
      cmocka_unit_test(wrong_bytes_come_out_as_replacements),
      cmocka_unit_test(what_steers_a_terminal_is_not_printable),
      cmocka_unit_test(words_are_wrapped_at_the_width),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
