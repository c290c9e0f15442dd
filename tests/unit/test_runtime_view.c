/* test_runtime_view.c: views against plain definitions, numbers against libc's, and copy-on-write text against copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/runtime_ctx.h"

static uint64_t draw(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return *state ^ *state >> 29;
}

static void assert_view(vmr_view view, const char *expected) {
  assert_int_equal(view.length, strlen(expected));
  if (view.length != 0) assert_memory_equal(view.data, expected, view.length);
}

static void trimming_takes_blanks_at_the_ends(void **state) {
  (void)state;
  assert_view(vmr_view_trim(vmr_view_of("  a b\t\r\n")), "a b");
  assert_view(vmr_view_trim_start(vmr_view_of("\v\f x ")), "x ");
  assert_view(vmr_view_trim_end(vmr_view_of(" x \n")), " x");
  assert_view(vmr_view_trim(vmr_view_of(" \t ")), "");
  assert_view(vmr_view_trim(vmr_view_of(NULL)), "");
  assert_view(vmr_view_slice(vmr_view_of("hello"), 1, 3), "el");
  assert_view(vmr_view_slice(vmr_view_of("hello"), 3, SIZE_MAX), "lo");
  assert_view(vmr_view_slice(vmr_view_of("hello"), 7, 9), "");
}

static void splitting_gives_every_piece(void **state) {
  (void)state;
  const struct {
    const char *text, *separator, *pieces[5];
  } cases[] = {
      {"a,,b", ",", {"a", "", "b", NULL}}, {"", ",", {"", NULL}},
      {",", ",", {"", "", NULL}},          {"one", ",", {"one", NULL}},
      {"a--b-", "--", {"a", "b-", NULL}},  {"abc", "", {"abc", NULL}},
      {"aaa", "aa", {"", "a", NULL}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    vmr_view rest = vmr_view_of(cases[i].text), piece;
    size_t count = 0;
    for (; vmr_view_split(&rest, vmr_view_of(cases[i].separator), &piece); count++) {
      assert_non_null(cases[i].pieces[count]);
      assert_view(piece, cases[i].pieces[count]);
    }
    assert_null(cases[i].pieces[count]);
    assert_false(vmr_view_split(&rest, vmr_view_of(","), &piece));
    assert_view(vmr_view_trim(rest), ""); /* who looks at it nevertheless finds nothing */
    assert_int_equal(vmr_view_find(rest, vmr_view_of(",")), VMR_NOT_FOUND);
  }
}

/* Looking again at what did not fit takes hours here. */
static void finding_takes_the_time_of_the_text(void **state) {
  (void)state;
  size_t length = (size_t)16 << 20;
  char *text = malloc(length), *wanted = malloc(length / 2);
  assert_true(text != NULL && wanted != NULL);
  memset(text, 'a', length);
  memset(wanted, 'a', length / 2);
  assert_int_equal(vmr_view_find(vmr_view_make(text, length), vmr_view_make(wanted, length / 2)), 0);
  wanted[length / 2 - 1] = 'b';
  assert_int_equal(vmr_view_find(vmr_view_make(text, length), vmr_view_make(wanted, length / 2)), VMR_NOT_FOUND);
  text[length - 1] = 'b';
  assert_int_equal(vmr_view_find(vmr_view_make(text, length), vmr_view_make(wanted, length / 2)), length / 2);
  free(text);
  free(wanted);
}

static size_t find_plainly(vmr_view view, vmr_view wanted) {
  for (size_t at = 0; at + wanted.length <= view.length; at++)
    if (memcmp(view.data + at, wanted.data, wanted.length) == 0) return at;
  return VMR_NOT_FOUND;
}

static void finding_and_comparing_are_what_their_definitions_say(void **state) {
  (void)state;
  uint64_t seed = 7;
  for (int round = 0; round < 20000; round++) {
    char a[12], b[6];
    vmr_view left = {a, draw(&seed) % sizeof a}, right = {b, draw(&seed) % sizeof b};
    for (size_t i = 0; i < sizeof a; i++) a[i] = (char)('a' + draw(&seed) % 2);
    for (size_t i = 0; i < sizeof b; i++) b[i] = draw(&seed) % 8 == 0 ? '\xff' : (char)('a' + draw(&seed) % 2);
    assert_int_equal(vmr_view_find(left, right), find_plainly(left, right));
    size_t common = left.length < right.length ? left.length : right.length;
    int order = memcmp(a, b, common);
    if (order == 0) order = (int)left.length - (int)right.length;
    assert_int_equal(vmr_view_compare(left, right), (order > 0) - (order < 0));
    assert_int_equal(vmr_view_equal(left, right), order == 0);
    bool starts = right.length <= left.length && memcmp(a, b, right.length) == 0;
    assert_int_equal(vmr_view_starts_with(left, right), starts);
    bool ends = right.length <= left.length && memcmp(a + left.length - right.length, b, right.length) == 0;
    assert_int_equal(vmr_view_ends_with(left, right), ends);
  }
}

/* ---- whole numbers ---- */

static void assert_i64(const char *text, vmr_status status, int64_t expected, size_t place) {
  int64_t number = 4711;
  size_t where = 99;
  assert_int_equal(vmr_view_parse_i64(vmr_view_of(text), &number, &where), status);
  assert_true(number == expected);
  assert_int_equal(where, place);
}

static void assert_u64(const char *text, vmr_status status, uint64_t expected) {
  uint64_t number = 4711;
  assert_int_equal(vmr_view_parse_u64(vmr_view_of(text), &number, NULL), status);
  assert_true(number == expected);
}

static void whole_numbers_are_exact_and_say_what_is_wrong(void **state) {
  (void)state;
  assert_i64("0", VMR_OK, 0, 99);
  assert_i64("-17", VMR_OK, -17, 99);
  assert_i64("+007", VMR_OK, 7, 99);
  assert_i64("9223372036854775807", VMR_OK, INT64_MAX, 99);
  assert_i64("-9223372036854775808", VMR_OK, INT64_MIN, 99);
  assert_i64("9223372036854775808", VMR_OUT_OF_RANGE, INT64_MAX, 99);
  assert_i64("-9223372036854775809", VMR_OUT_OF_RANGE, INT64_MIN, 99);
  assert_i64("99999999999999999999999999999999999", VMR_OUT_OF_RANGE, INT64_MAX, 99);
  assert_i64("", VMR_NOT_A_NUMBER, 4711, 0);
  assert_i64("-", VMR_NOT_A_NUMBER, 4711, 1);
  assert_i64("12a", VMR_NOT_A_NUMBER, 4711, 2);
  assert_i64(" 1", VMR_NOT_A_NUMBER, 4711, 0);
  assert_i64("1-", VMR_NOT_A_NUMBER, 4711, 1);
  assert_i64("99999999999999999999x", VMR_NOT_A_NUMBER, 4711, 20);
  assert_u64("18446744073709551615", VMR_OK, UINT64_MAX);
  assert_u64("18446744073709551616", VMR_OUT_OF_RANGE, UINT64_MAX);
  assert_u64("-0", VMR_OK, 0);
  assert_u64("-1", VMR_OUT_OF_RANGE, 0);
  assert_u64("-99", VMR_OUT_OF_RANGE, 0);
  assert_u64("0x1", VMR_NOT_A_NUMBER, 4711);
  uint64_t number = 0;
  assert_int_equal(vmr_view_parse_hex(vmr_view_of("fFfFffff00000000"), &number, NULL), VMR_OK);
  assert_true(number == UINT64_C(0xffffffff00000000));
  assert_int_equal(vmr_view_parse_hex(vmr_view_of("10000000000000000"), &number, NULL), VMR_OUT_OF_RANGE);
  assert_int_equal(vmr_view_parse_hex(vmr_view_of("g"), &number, NULL), VMR_NOT_A_NUMBER);
}

/* ---- reals ---- */

/* libc's strtod rounds exactly too. */
static void assert_like_strtod(const char *text) {
  double number = 4711, expected = strtod(text, NULL);
  vmr_status status = vmr_view_parse_f64(vmr_view_of(text), &number, NULL);
  if (memcmp(&number, &expected, sizeof number) != 0) fail_msg("%s: %a, expected %a", text, number, expected);
  bool is_lost = isinf(expected) || (expected == 0 && strpbrk(text, "123456789") != NULL &&
                                     strpbrk(text, "123456789") < text + strcspn(text, "eE"));
  assert_int_equal(status, is_lost ? VMR_OUT_OF_RANGE : VMR_OK);
}

static void reals_are_the_nearest_doubles(void **state) {
  (void)state;
  static const char *const cases[] = {
      "0",
      "-0",
      "1",
      ".5",
      "5.",
      "-2.5e-3",
      "1e22",
      "1e23",
      "123456789012345678901234567890",
      "9007199254740993",
      "9007199254740992.999999999999999999",
      "9007199254740993.00000000000000000000000000001",
      "1.7976931348623157e308",
      "1.7976931348623158e308",
      "1.7976931348623159e308",
      "1.8e308",
      "-1e309",
      "1e99999999999999",
      "2.2250738585072014e-308",
      "2.2250738585072011e-308",
      "4.9406564584124654e-324",
      "2.4703282292062327e-324",
      "2.4703282292062328e-324",
      "2.47e-324",
      "1e-400",
      "-1e-99999999999999999999",
      "0e999",
      "0.000000000000000000000000000001e30",
      "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416"
      "692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959"
      "622842914819860834936475292719074168444365510704342711559699508093042880",
      "0.5000000000000001665334536937734810635447502136230468750",
      "6.10351562500000067762635780344e-5",
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) assert_like_strtod(cases[i]);
  uint64_t seed = 3;
  char text[1400];
  for (int round = 0; round < 60000; round++) {
    uint64_t bits = draw(&seed);
    double value;
    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value)) continue;
    snprintf(text, sizeof text, "%.*e", (int)(draw(&seed) % 25), value);
    assert_like_strtod(text);
    if (round % 64 == 0) { /* exactly between two doubles, and a little beside */
      double next = nextafter(value, INFINITY);
      snprintf(text, sizeof text, "%.900Lf", ((long double)value + (long double)next) / 2);
      if (strlen(text) < sizeof text - 1) assert_like_strtod(text);
      strcat(text, "1");
      assert_like_strtod(text);
    }
  }
}

static void what_is_no_real_is_refused_with_its_place(void **state) {
  (void)state;
  const struct {
    const char *text;
    size_t where;
  } cases[] = {{"", 0},    {".", 1},     {"-", 1},  {"e5", 0},   {"1e", 2},  {"1e+", 3}, {"1.5x", 3},
               {"nan", 0}, {"1e5.0", 3}, {" 1", 0}, {"0x10", 1}, {"1,5", 1}, {"--1", 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double number = 4711;
    size_t where = 99;
    assert_int_equal(vmr_view_parse_f64(vmr_view_of(cases[i].text), &number, &where), VMR_NOT_A_NUMBER);
    assert_int_equal(where, cases[i].where);
    assert_true(number == 4711);
  }
}

/* ---- copy on write ---- */

static uint64_t count_obtained(const vmr_ctx *ctx) {
  vmr_account account;
  assert_int_equal(vmr_ctx_read_account(ctx, VMR_KIND_BUFFER, &account), VMR_OK);
  return account.obtained;
}

static void only_writing_copies(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  const char *literal = "borrowed";
  vmr_text a = vmr_text_borrow(ctx, vmr_view_of(literal)), b = vmr_text_share(&a);
  assert_ptr_equal(b.view.data, literal);
  assert_int_equal(count_obtained(ctx), 0);
  vmr_text_write(&b, 0)[0] = 'B';
  assert_view(a.view, "borrowed");
  assert_view(b.view, "Borrowed");
  vmr_text c = vmr_text_share(&b);
  assert_ptr_equal(c.view.data, b.view.data);
  assert_int_equal(count_obtained(ctx), 1);
  assert_int_equal(vmr_text_append(&c, vmr_view_of(" time")), VMR_OK);
  assert_view(b.view, "Borrowed");
  assert_view(c.view, "Borrowed time");
  char *place = vmr_text_write(&b, 0);
  assert_ptr_equal(vmr_text_write(&b, 0), place); /* alone: no further copy */
  assert_int_equal(count_obtained(ctx), 2);
  assert_int_equal(vmr_text_append(&c, c.view), VMR_OK);
  assert_view(c.view, "Borrowed timeBorrowed time");
  assert_int_equal(vmr_text_resize(&c, 3), VMR_OK);
  assert_int_equal(vmr_text_resize(&c, 5), VMR_OK);
  assert_memory_equal(c.view.data, "Bor\0\0", 5);
  assert_int_equal(vmr_text_resize(&c, SIZE_MAX), VMR_SIZE_OVERFLOW);
  assert_null(vmr_text_write(&c, SIZE_MAX));
  vmr_text_release(&a);
  vmr_text_release(&b);
  vmr_text_release(&c);
  vmr_text_release(&c);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* Eight texts that are shared, appended to, cut and written at random, against plain arrays; any allocation may fail. */
static void texts_behave_as_copies_would(void **state) {
  (void)state;
  enum { TEXTS = 8, LONGEST = 300 };
  for (uint32_t seed_of_faults = 0; seed_of_faults < 20; seed_of_faults++) {
    vmr_ctx *ctx = make_ctx();
    vmr_ctx_set_faults(ctx, 0, 0, seed_of_faults % 2 * 100000, seed_of_faults);
    vmr_text texts[TEXTS];
    char model[TEXTS][LONGEST];
    uint64_t seed = seed_of_faults;
    for (int i = 0; i < TEXTS; i++) texts[i] = vmr_text_borrow(ctx, vmr_view_of(""));
    for (int round = 0; round < 3000; round++) {
      size_t i = draw(&seed) % TEXTS, k = draw(&seed) % TEXTS, length = texts[i].view.length;
      switch (draw(&seed) % 4) {
      case 0:
        if (i == k) break;
        vmr_text_release(&texts[i]);
        texts[i] = vmr_text_share(&texts[k]);
        memcpy(model[i], model[k], LONGEST);
        break;
      case 1: {
        size_t more = texts[k].view.length, from = draw(&seed) % (more + 1);
        if (length + more - from > LONGEST) break;
        vmr_view part = vmr_view_slice(texts[k].view, from, more);
        char copy[LONGEST];
        memcpy(copy, model[k] + from, more - from);
        if (vmr_text_append(&texts[i], part) == VMR_OK) memcpy(model[i] + length, copy, more - from);
        break;
      }
      case 2:
        if (length + 3 > LONGEST || vmr_text_resize(&texts[i], length + 3) != VMR_OK) break;
        memset(model[i] + length, 0, 3);
        break;
      default: {
        char *bytes = length != 0 ? vmr_text_write(&texts[i], 0) : NULL;
        if (bytes != NULL) bytes[length / 2] = model[i][length / 2] = (char)('a' + draw(&seed) % 26);
        if (draw(&seed) % 8 == 0) assert_int_equal(vmr_text_resize(&texts[i], length / 2), VMR_OK);
      }
      }
      for (int t = 0; t < TEXTS; t++)
        if (texts[t].view.length != 0) assert_memory_equal(texts[t].view.data, model[t], texts[t].view.length);
    }
    for (int i = 0; i < TEXTS; i++) vmr_text_release(&texts[i]);
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(trimming_takes_blanks_at_the_ends),
      cmocka_unit_test(splitting_gives_every_piece),
      cmocka_unit_test(finding_and_comparing_are_what_their_definitions_say),
      cmocka_unit_test(finding_takes_the_time_of_the_text),
      cmocka_unit_test(whole_numbers_are_exact_and_say_what_is_wrong),
      cmocka_unit_test(reals_are_the_nearest_doubles),
      cmocka_unit_test(what_is_no_real_is_refused_with_its_place),
      cmocka_unit_test(only_writing_copies),
      cmocka_unit_test(texts_behave_as_copies_would),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
