/* test_lex.c: tokens, their places, numbers, and bytes that are no token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ir/lex.h"
#include "support/real.h"

static vmo_token lex_one(const char *text) {
  vmo_lexer lexer = vmo_lex_start(text, strlen(text));
  vmo_token token = vmo_lex_next(&lexer);
  assert_int_equal(vmo_lex_next(&lexer).kind, VMO_TOKEN_END);
  return token;
}

static void assert_kinds(const char *text, const vmo_token_kind *kinds, size_t count) {
  vmo_lexer lexer = vmo_lex_start(text, strlen(text));
  for (size_t i = 0; i < count; i++) assert_int_equal(vmo_lex_next(&lexer).kind, kinds[i]);
  assert_int_equal(vmo_lex_next(&lexer).kind, VMO_TOKEN_END);
  assert_int_equal(vmo_lex_next(&lexer).kind, VMO_TOKEN_END);
}

static void punctuation_is_told_apart(void **state) {
  (void)state;
  static const vmo_token_kind kinds[] = {VMO_TOKEN_LEFT_PARENTHESIS,
                                         VMO_TOKEN_RIGHT_PARENTHESIS,
                                         VMO_TOKEN_LEFT_BRACE,
                                         VMO_TOKEN_RIGHT_BRACE,
                                         VMO_TOKEN_LEFT_BRACKET,
                                         VMO_TOKEN_RIGHT_BRACKET,
                                         VMO_TOKEN_COMMA,
                                         VMO_TOKEN_COLON,
                                         VMO_TOKEN_EQUALS,
                                         VMO_TOKEN_AT_MOST,
                                         VMO_TOKEN_ARROW,
                                         VMO_TOKEN_MINUS,
                                         VMO_TOKEN_PLUS,
                                         VMO_TOKEN_TIMES,
                                         VMO_TOKEN_DIVIDE};
  assert_kinds("(){}[],:=<=->-+*/", kinds, sizeof kinds / sizeof *kinds);
}

static void names_have_their_characters(void **state) {
  (void)state;
  vmo_token token = lex_one("%a.b$c_9");
  assert_int_equal(token.kind, VMO_TOKEN_VALUE);
  assert_int_equal(token.length, 7);
  assert_memory_equal(token.text, "a.b$c_9", 7);
  token = lex_one("%0");
  assert_int_equal(token.kind, VMO_TOKEN_VALUE);
  token = lex_one("@step");
  assert_int_equal(token.kind, VMO_TOKEN_AT);
  assert_memory_equal(token.text, "step", 4);
  static const vmo_token_kind dash[] = {VMO_TOKEN_VALUE, VMO_TOKEN_MINUS, VMO_TOKEN_WORD};
  assert_kinds("%a-b", dash, 3);
  token = lex_one("% ");
  assert_int_equal(token.problem, VMO_LEX_NAME_MISSING);
}

static void places_count_lines_and_bytes(void **state) {
  (void)state;
  static const char text[] = "\xef\xbb\xbf"
                             "a // comment\r\n\tb\xc3\xa9 c\n\n  // only\n%d";
  vmo_lexer lexer = vmo_lex_start(text, sizeof text - 1);
  static const uint32_t lines[] = {1, 2, 2, 2, 5}, columns[] = {4, 2, 3, 6, 1};
  static const bool starts[] = {true, true, false, false, true};
  for (int i = 0; i < 5; i++) {
    vmo_token token = vmo_lex_next(&lexer);
    assert_int_equal(token.location.line, lines[i]);
    assert_int_equal(token.location.column, columns[i]);
    assert_int_equal(token.starts_line, starts[i]);
  }
  assert_int_equal(vmo_lex_next(&lexer).kind, VMO_TOKEN_END);
}

static void whole_numbers(void **state) {
  (void)state;
  assert_int_equal(lex_one("0").value.integer, 0);
  assert_int_equal(lex_one("0x1F").value.integer, 31);
  assert_true(lex_one("18446744073709551615").value.integer == UINT64_MAX);
  assert_true(lex_one("0xffffffffffffffff").value.integer == UINT64_MAX);
  assert_int_equal(lex_one("18446744073709551616").problem, VMO_LEX_LARGE_NUMBER);
  assert_int_equal(lex_one("0x10000000000000000").problem, VMO_LEX_LARGE_NUMBER);
  assert_int_equal(lex_one("99999999999999999999999999999999").problem, VMO_LEX_LARGE_NUMBER);
  static const char *const bad[] = {"12abc", "0x", "0xg", "1_000", "1$", "0b1"};
  for (int i = 0; i < 6; i++) {
    assert_int_equal(lex_one(bad[i]).kind, VMO_TOKEN_BAD);
    assert_int_equal(lex_one(bad[i]).problem, VMO_LEX_BAD_NUMBER);
  }
}

static void reals_are_rounded_as_strtod_does(void **state) {
  (void)state;
  static const char *const good[] = {"1.5",
                                     "0.1",
                                     "0.85",
                                     "2e-3",
                                     "1e308",
                                     "123456789012.345",
                                     "1e-400",
                                     "4.9e-324",
                                     "0.30000000000000004",
                                     "9007199254740993.0",
                                     "1E+5"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    vmo_token token = lex_one(good[i]);
    assert_int_equal(token.kind, VMO_TOKEN_REAL);
    assert_true(token.value.real == strtod(good[i], NULL));
  }
  assert_int_equal(lex_one("1e309").problem, VMO_LEX_LARGE_NUMBER);
  assert_int_equal(lex_one("1e99999999999999999999").problem, VMO_LEX_LARGE_NUMBER);
  static const char *const bad[] = {"1.", "1.e5", "1e", "1e+", "1.5.2", "1.5f"};
  for (int i = 0; i < 6; i++) assert_int_equal(lex_one(bad[i]).problem, VMO_LEX_BAD_NUMBER);
  char digits[3000];
  memset(digits, '1', sizeof digits);
  memcpy(digits + sizeof digits - 3, ".0", 3);
  assert_int_equal(lex_one(digits).problem, VMO_LEX_LARGE_NUMBER);
}

static void assert_prints(double number, const char *expected) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_print_real(&text, number);
  if (expected != NULL) assert_string_equal(text.data, expected);
  const char *digits = text.data + (text.data[0] == '-');
  if (isfinite(number)) {
    vmo_token token = lex_one(digits);
    assert_int_equal(token.kind, VMO_TOKEN_REAL);
    double back = digits == text.data ? token.value.real : -token.value.real;
    assert_true(back == number && !signbit(back) == !signbit(number));
  }
  vmo_text_free(&text);
}

static void printed_reals_read_back(void **state) {
  (void)state;
  assert_prints(0.1, "0.1");
  assert_prints(0.85, "0.85");
  assert_prints(2, "2.0");
  assert_prints(-0.002, "-0.002");
  assert_prints(-0.0, "-0.0");
  assert_prints(1e30, "1e+30");
  assert_prints(1e-5, "1e-05");
  assert_prints(123456.789, "123456.789");
  assert_prints(0.1 + 0.2, "0.30000000000000004");
  assert_prints(1.0 / 3, NULL);
  assert_prints(INFINITY, "inf");
  assert_prints(-INFINITY, "-inf");
  assert_prints(NAN, "nan");
  uint64_t random = 99;
  for (int i = 0; i < 20000; i++) {
    random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
    double number;
    memcpy(&number, &random, sizeof number);
    if (isfinite(number)) assert_prints(number, NULL);
    assert_prints((double)(int64_t)(random >> 40) / 1000.0, NULL);
  }
}

/* Where the decimal point is a comma, VMIR still has a point. Skipped where no such locale is installed. */
static void the_locale_does_not_matter(void **state) {
  (void)state;
  static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "nl_NL.UTF-8", "ru_RU.UTF-8"};
  size_t i = 0;
  while (i < sizeof names / sizeof *names && setlocale(LC_NUMERIC, names[i]) == NULL) i++;
  if (i == sizeof names / sizeof *names) skip();
  assert_prints(1e-9 + 0.5, NULL);
  assert_true(lex_one("0.30000000000000004").value.real == 0.1 + 0.2);
  setlocale(LC_NUMERIC, "C");
}

static void quoted_text_is_decoded(void **state) {
  (void)state;
  vmo_token token = lex_one("\"a\\\"b\\\\c\\n\\t\\x41\xc3\xa9\"");
  char out[64];
  assert_int_equal(token.kind, VMO_TOKEN_TEXT);
  size_t count = vmo_lex_decode(&token, out);
  assert_int_equal(count, 10);
  assert_memory_equal(out, "a\"b\\c\n\tA\xc3\xa9", 10);
  assert_int_equal(lex_one("\"\"").length, 0);
  assert_int_equal(lex_one("\"a\\q\"").problem, VMO_LEX_BAD_ESCAPE);
  assert_int_equal(lex_one("\"a\\x4\"").problem, VMO_LEX_BAD_ESCAPE);
  assert_int_equal(lex_one("\"open").problem, VMO_LEX_UNCLOSED_TEXT);
  assert_int_equal(lex_one("\"open\\").problem, VMO_LEX_UNCLOSED_TEXT);
  vmo_lexer lexer = vmo_lex_start("\"open\nnext", 10);
  assert_int_equal(vmo_lex_next(&lexer).problem, VMO_LEX_UNCLOSED_TEXT);
  assert_int_equal(vmo_lex_next(&lexer).kind, VMO_TOKEN_WORD);
}

static void runs_of_other_bytes_are_one_token(void **state) {
  (void)state;
  static const char bytes[] = "a\0\1\2\xff\xfe z~~";
  vmo_lexer lexer = vmo_lex_start(bytes, sizeof bytes - 1);
  assert_int_equal(vmo_lex_next(&lexer).kind, VMO_TOKEN_WORD);
  vmo_token token = vmo_lex_next(&lexer);
  assert_int_equal(token.problem, VMO_LEX_STRAY);
  assert_int_equal(token.length, 5);
  assert_int_equal(vmo_lex_next(&lexer).kind, VMO_TOKEN_WORD);
  assert_int_equal(vmo_lex_next(&lexer).length, 1); /* each printable one by itself */
  assert_int_equal(vmo_lex_next(&lexer).length, 1);
  assert_int_equal(vmo_lex_next(&lexer).kind, VMO_TOKEN_END);
}

/* The lexer must not look behind the end: the copies have no byte to spare, for a sanitizer to see. */
static void every_prefix_is_survived(void **state) {
  (void)state;
  static const char text[] = "// c\n%x = add -1.5e+3, 0x1f : f64[N] @s \"q\\x41\" <= -> < / //";
  for (size_t length = 0; length < sizeof text; length++) {
    char *exact = malloc(length > 0 ? length : 1);
    memcpy(exact, text, length);
    vmo_lexer lexer = vmo_lex_start(exact, length);
    size_t tokens = 0;
    while (vmo_lex_next(&lexer).kind != VMO_TOKEN_END) assert_true(++tokens <= length);
    free(exact);
  }
}

static void words_of_the_language_are_reserved(void **state) {
  (void)state;
  assert_true(vmo_word_is_reserved("for", 3));
  assert_true(vmo_word_is_reserved("bf16", 4));
  assert_true(vmo_word_is_reserved("max", 3));
  assert_false(vmo_word_is_reserved("fo", 2));
  assert_false(vmo_word_is_reserved("fort", 4));
  assert_false(vmo_word_is_reserved("N", 1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(punctuation_is_told_apart),          cmocka_unit_test(names_have_their_characters),
      cmocka_unit_test(places_count_lines_and_bytes),       cmocka_unit_test(whole_numbers),
      cmocka_unit_test(reals_are_rounded_as_strtod_does),   cmocka_unit_test(printed_reals_read_back),
      cmocka_unit_test(the_locale_does_not_matter),         cmocka_unit_test(quoted_text_is_decoded),
      cmocka_unit_test(runs_of_other_bytes_are_one_token),  cmocka_unit_test(every_prefix_is_survived),
      cmocka_unit_test(words_of_the_language_are_reserved),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
