/* test_diag.c: the table of diagnostics, what a list keeps, how it is shown, what was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "support/diag.h"
#include "support/utf8.h"

#define CODE VMO_DIAG_INTERNAL
#define BAD VMO_REPLACEMENT_CHARACTER

static vmo_location at(uint32_t line, uint32_t column) { return (vmo_location){.line = line, .column = column}; }

static vmo_context *context_with(const char *source) {
  vmo_context *context = vmo_context_create();
  assert_non_null(context);
  assert_int_equal(vmo_context_set_source(context, "f.vmir", source, strlen(source)), VMO_OK);
  return context;
}

/* What is shown of all diagnostics of `context`, which is then dropped, is `expected`. */
static void check_shown(vmo_context *context, const char *expected) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_diag_print_all(context, false, &text);
  assert_string_equal(text.data, expected);
  vmo_text_free(&text);
  vmo_context_destroy(context);
}

/* ---- the context ---- */

static void a_fresh_context_is_the_api(void **state) {
  (void)state;
  vmo_context *context = vmo_context_create();
  assert_string_equal(context->source_name, "<api>");
  assert_null(context->source_text);
  assert_int_equal(context->diagnostics->count, 0);
  assert_int_equal(vmr_interner_count(context->names), 0);
  unsigned char *bytes = vmo_alloc_array(context, 100, 8);
  for (int i = 0; i < 800; i++) assert_int_equal(bytes[i], 0);
  assert_non_null(vmo_alloc(context, 0));
  assert_null(vmo_alloc_array(context, SIZE_MAX, 2));
  vmr_arena_set_limit(context->arena, 0);
  assert_null(vmo_alloc(context, (size_t)1 << 20));
  char *name = malloc((size_t)1 << 20);
  memset(name, 'n', (size_t)1 << 20);
  name[((size_t)1 << 20) - 1] = '\0';
  assert_int_equal(vmo_context_set_source(context, name, "", 0), VMO_OUT_OF_MEMORY);
  free(name);
  vmo_context_destroy(context);
  vmo_context_destroy(NULL);
}

/* ---- the table ---- */

static void the_table_is_sorted_and_complete(void **state) {
  (void)state;
  for (int i = 0; i < VMO_DIAG_COUNT; i++) {
    const vmo_diag_info *info = vmo_diag_get_info((vmo_diag_code)i);
    static const char *const letters[] = {"N", "W", "E"};
    assert_int_equal(strlen(info->code), 5);
    assert_int_equal(info->code[0], letters[info->severity][0]);
    for (int digit = 1; digit < 5; digit++) assert_true(isdigit((unsigned char)info->code[digit]));
    assert_true(strlen(info->title) > 4 && strlen(info->title) < 80);
    assert_true(strlen(info->explanation) > 40);
    if (i > 0) assert_true(strcmp(vmo_diag_get_info((vmo_diag_code)(i - 1))->code, info->code) < 0);
  }
}

static void codes_are_found_in_any_case(void **state) {
  (void)state;
  for (int i = 0; i < VMO_DIAG_COUNT; i++) {
    assert_int_equal(vmo_diag_find(vmo_diag_get_info((vmo_diag_code)i)->code), i);
  }
  assert_int_equal(vmo_diag_find("e0900"), VMO_DIAG_INTERNAL);
  assert_int_equal(vmo_diag_find("E09000"), VMO_DIAG_COUNT);
  assert_int_equal(vmo_diag_find("E090"), VMO_DIAG_COUNT);
  assert_int_equal(vmo_diag_find(""), VMO_DIAG_COUNT);
}

/* ---- the list ---- */

static void the_first_twenty_errors_are_kept(void **state) {
  (void)state;
  vmo_context *context = vmo_context_create();
  for (uint32_t i = 1; i <= 100000; i++) {
    vmo_diagnostic *added = vmo_diag_add(context, CODE, at(i, 1), "fault %u", i);
    assert_int_equal(added != NULL, i <= VMO_MAX_ERRORS);
    vmo_diag_hint(context, added, "hint %u", i);
  }
  const vmo_diagnostics *list = context->diagnostics;
  assert_int_equal(list->count, VMO_MAX_ERRORS);
  assert_int_equal(list->errors, 100000);
  assert_int_equal(list->warnings, 0);
  assert_string_equal(list->items[19].message, "fault 20");
  assert_string_equal(list->items[19].hint, "hint 20");
  assert_true(vmr_arena_used_bytes(context->arena) < 8192);
  vmo_text text;
  vmo_text_init(&text);
  vmo_diag_print_all(context, false, &text);
  assert_non_null(strstr(text.data, "<api>:20:1: error: fault 20 [E0900]\nhint: hint 20\n99980 more errors\n"));
  vmo_text_free(&text);
  vmo_context_destroy(context);
}

/* Any row of that severity, or VMO_DIAG_COUNT. */
static vmo_diag_code code_of(vmo_severity severity) {
  int code = 0;
  while (code < VMO_DIAG_COUNT && vmo_diag_get_info((vmo_diag_code)code)->severity != severity) code++;
  return (vmo_diag_code)code;
}

static void warnings_are_bounded_and_leave_room_for_errors(void **state) {
  (void)state;
  vmo_diag_code warning = code_of(VMO_WARNING);
  if (warning == VMO_DIAG_COUNT) skip();
  vmo_context *context = vmo_context_create();
  for (uint32_t i = 1; i <= 1000; i++) {
    assert_int_equal(vmo_diag_add(context, warning, at(i, 1), "odd") != NULL, i <= VMO_MAX_REMARKS);
  }
  for (uint32_t i = 1; i <= 30; i++) {
    assert_int_equal(vmo_diag_add(context, CODE, at(i, 1), "wrong") != NULL, i <= VMO_MAX_ERRORS);
  }
  assert_int_equal(context->diagnostics->count, VMO_MAX_ERRORS + VMO_MAX_REMARKS);
  assert_int_equal(context->diagnostics->warnings, 1000);
  vmo_text text;
  vmo_text_init(&text);
  vmo_diag_print_all(context, false, &text);
  assert_non_null(strstr(text.data, "wrong [E0900]\n10 more errors\n800 more warnings\n"));
  vmo_text_free(&text);
  vmo_context_destroy(context);
}

static void notes_go_with_what_they_belong_to(void **state) {
  (void)state;
  vmo_diag_code note = code_of(VMO_NOTE);
  if (note == VMO_DIAG_COUNT) skip();
  vmo_context *context = vmo_context_create();
  for (uint32_t i = 1; i <= 30; i++) {
    vmo_diag_add(context, CODE, at(i, 1), "wrong");
    assert_int_equal(vmo_diag_add(context, note, at(i, 2), "see") != NULL, i <= VMO_MAX_ERRORS);
  }
  assert_int_equal(context->diagnostics->count, 2 * VMO_MAX_ERRORS);
  vmo_context_destroy(context);
}

static void without_memory_errors_are_still_counted(void **state) {
  (void)state;
  vmo_context *context = vmo_context_create();
  vmr_arena_set_limit(context->arena, 0);
  while (vmr_arena_alloc(context->arena, 1) != NULL) continue;
  assert_null(vmo_diag_add(context, CODE, at(1, 1), "wrong"));
  assert_int_equal(context->diagnostics->errors, 1);
  assert_int_equal(context->diagnostics->count, 0);
  check_shown(context, "1 more error\n");
}

static void a_very_long_message_is_cut_after_a_whole_character(void **state) {
  (void)state;
  vmo_context *context = vmo_context_create();
  char name[4001];
  for (size_t i = 0; i < 4000; i += 2) memcpy(name + i, "\xc3\xa9", 2);
  name[4000] = '\0';
  for (int shift = 0; shift < 2; shift++) {
    const char *message = vmo_diag_add(context, CODE, at(0, 0), "%s%s", shift == 0 ? "" : "x", name)->message;
    size_t length = strlen(message);
    assert_true(length < 2000 && length > 1990);
    assert_string_equal(message + length - 3, "...");
    for (size_t i = 0, step; i < length; i += step) {
      step = vmo_utf8_decode(message + i, length - i, NULL);
      assert_true(step > 0);
    }
  }
  vmo_context_destroy(context);
}

/* ---- how it is shown ---- */

static void a_diagnostic_shows_its_line_caret_and_hint(void **state) {
  (void)state;
  vmo_context *context = context_with("func @f() {\n  %y = mul %x, 2 : f64[N]\n}\n");
  vmo_diagnostic *added = vmo_diag_add(context, CODE, at(2, 12), "%%%s is not defined", "x");
  vmo_diag_hint(context, added, "did you mean %%%s?", "z");
  check_shown(context, "f.vmir:2:12: error: %x is not defined [E0900]\n"
                       "  %y = mul %x, 2 : f64[N]\n"
                       "           ^\n"
                       "hint: did you mean %z?\n");
}

static void what_is_not_known_is_left_out(void **state) {
  (void)state;
  vmo_context *context = context_with("abc\n\ndef");
  vmo_diag_add(context, CODE, at(0, 0), "no place");
  vmo_diag_add(context, CODE, at(1, 0), "no column");
  vmo_diag_add(context, CODE, at(2, 1), "blank line");
  vmo_diag_add(context, CODE, at(3, 4), "last line's end");
  vmo_diag_add(context, CODE, at(3, 4000000000), "beyond the line");
  vmo_diag_add(context, CODE, at(4, 1), "beyond the text");
  vmo_diag_add(context, CODE, at(4000000000, 1), "far beyond");
  check_shown(context, "f.vmir: error: no place [E0900]\n"
                       "f.vmir:1: error: no column [E0900]\nabc\n"
                       "f.vmir:2:1: error: blank line [E0900]\n"
                       "f.vmir:3:4: error: last line's end [E0900]\ndef\n   ^\n"
                       "f.vmir:3:4000000000: error: beyond the line [E0900]\ndef\n   ^\n"
                       "f.vmir:4:1: error: beyond the text [E0900]\n"
                       "f.vmir:4000000000:1: error: far beyond [E0900]\n");
}

static void an_empty_source_has_nothing_to_show(void **state) {
  (void)state;
  vmo_context *context = context_with("");
  vmo_diag_add(context, CODE, at(1, 1), "empty");
  check_shown(context, "f.vmir:1:1: error: empty [E0900]\n");
  context = vmo_context_create();
  vmo_context_set_source(context, "g", NULL, 17);
  vmo_diag_add(context, CODE, at(1, 1), "no text");
  check_shown(context, "g:1:1: error: no text [E0900]\n");
}

static void a_line_is_shown_only_of_its_own_source(void **state) {
  (void)state;
  vmo_context *context = context_with("first source");
  vmo_diag_add(context, CODE, at(1, 1), "one");
  assert_int_equal(vmo_context_set_source(context, "g.vmir", "second source", 13), VMO_OK);
  vmo_diag_add(context, CODE, at(1, 8), "two");
  check_shown(context, "f.vmir:1:1: error: one [E0900]\n"
                       "g.vmir:1:8: error: two [E0900]\nsecond source\n       ^\n");
}

static void lines_are_found_in_any_order(void **state) {
  (void)state;
  vmo_context *context = context_with("a\r\nbb\nccc\n");
  vmo_diag_add(context, CODE, at(3, 3), "x");
  vmo_diag_add(context, CODE, at(1, 1), "y");
  vmo_diag_add(context, CODE, at(1, 2), "z");
  vmo_diag_add(context, CODE, at(2, 2), "w");
  check_shown(context, "f.vmir:3:3: error: x [E0900]\nccc\n  ^\n"
                       "f.vmir:1:1: error: y [E0900]\na\n^\n"
                       "f.vmir:1:2: error: z [E0900]\na\n ^\n"
                       "f.vmir:2:2: error: w [E0900]\nbb\n ^\n");
}

static void the_caret_stands_right_under_tabs_and_wide_encodings(void **state) {
  (void)state;
  vmo_context *context = context_with("\t%a\t= \xc3\xa9\xe2\x82\xac %b");
  vmo_diag_add(context, CODE, at(1, 13), "x");
  vmo_diag_add(context, CODE, at(1, 9), "inside a character");
  check_shown(context, "f.vmir:1:13: error: x [E0900]\n\t%a\t= \xc3\xa9\xe2\x82\xac %b\n\t  \t     ^\n"
                       "f.vmir:1:9: error: inside a character [E0900]\n\t%a\t= \xc3\xa9\xe2\x82\xac %b\n\t  \t   ^\n");
}

static void nothing_that_steers_a_terminal_gets_out(void **state) {
  (void)state;
  vmo_context *context = vmo_context_create();
  static const char source[] = "a\x1b[31m\0b\xff\xc3\xa9\xe2\x80\xae c";
  assert_int_equal(vmo_context_set_source(context, "f\n\x1b", source, sizeof source - 1), VMO_OK);
  vmo_diagnostic *added = vmo_diag_add(context, CODE, at(1, sizeof source - 1), "bad \x1b\xff%s", "\x07");
  vmo_diag_hint(context, added, "drop \x9b%s", "\x01");
  check_shown(context, "f" BAD BAD ":1:16: error: bad " BAD BAD BAD " [E0900]\n"
                       "a" BAD "[31m" BAD "b" BAD "\xc3\xa9" BAD " c\n"
                       "            ^\n"
                       "hint: drop " BAD BAD "\n");
}

static void colour_is_asked_for(void **state) {
  (void)state;
  vmo_context *context = context_with("abc");
  const vmo_diagnostic *added = vmo_diag_add(context, CODE, at(1, 2), "m");
  vmo_text text;
  vmo_text_init(&text);
  vmo_diag_print(context, added, true, &text);
  assert_string_equal(text.data, "\033[1mf.vmir:1:2: \033[1;31merror\033[0m: \033[1mm\033[0m [E0900]\n"
                                 "abc\n \033[1;32m^\033[0m\n");
  vmo_text_free(&text);
  vmo_context_destroy(context);
}

/* The shown part of a line of `length` bytes that are their own column, for a caret at each column: never
 * wider than 160, with the caret under its own byte. */
static void check_window(size_t length, size_t column) {
  char *source = malloc(length + 1);
  for (size_t i = 0; i < length; i++) source[i] = (char)('!' + i % 90);
  source[length] = '\0';
  vmo_context *context = context_with(source);
  vmo_text text;
  vmo_text_init(&text);
  vmo_diag_print(context, vmo_diag_add(context, CODE, at(1, (uint32_t)column), "m"), false, &text);
  char *line = strchr(text.data, '\n') + 1, *caret_line = strchr(line, '\n') + 1;
  size_t shown = (size_t)(caret_line - 1 - line), caret = strspn(caret_line, " ");
  assert_true(shown == length || (shown <= 160 && shown >= 157));
  assert_string_equal(caret_line + caret, "^\n");
  if (column <= length) assert_int_equal(line[caret], source[column - 1]);
  if (column > length) assert_int_equal(caret, shown);
  assert_true(length <= 160 || strncmp(line, "...", 3) == 0 || strncmp(caret_line - 4, "...", 3) == 0);
  vmo_text_free(&text);
  vmo_context_destroy(context);
  free(source);
}

static void long_lines_are_clipped_around_the_caret(void **state) {
  (void)state;
  for (size_t length = 1; length <= 1000; length = length * 5 / 4 + 1) {
    for (size_t column = 1; column <= length + 1; column++) check_window(length, column);
  }
  check_window(160, 161);
  check_window(161, 80);
  check_window(10000000, 5000000);
}

static void clipping_does_not_cut_characters(void **state) {
  (void)state;
  char source[3001];
  for (size_t i = 0; i < 3000; i += 3) memcpy(source + i, "\xe2\x82\xac", 3);
  source[3000] = '\0';
  vmo_context *context = context_with(source);
  vmo_text text;
  vmo_text_init(&text);
  vmo_diag_print(context, vmo_diag_add(context, CODE, at(1, 1501), "m"), false, &text);
  assert_null(strstr(text.data, BAD));
  const char *line = strchr(text.data, '\n') + 1;
  assert_int_equal(strchr(line, '\n') - line, 2 * 3 + 154 * 3);
  assert_int_equal(strspn(strchr(line, '\n') + 1, " "), 80);
  vmo_text_free(&text);
  vmo_context_destroy(context);
}

/* ---- did you mean ---- */

static void the_nearest_word_is_found(void **state) {
  (void)state;
  static const char *const ops[] = {"add", "sub", "mul", "div", "reshape", "neighbor_sum", "matmul", "and"};
  size_t count = sizeof ops / sizeof *ops;
  assert_string_equal(vmo_nearest_word("mull", ops, count), "mul");
  assert_string_equal(vmo_nearest_word("MUL", ops, count), "mul");
  assert_string_equal(vmo_nearest_word("mlu", ops, count), "mul");
  assert_string_equal(vmo_nearest_word("addd", ops, count), "add");
  assert_string_equal(vmo_nearest_word("adn", ops, count), "add"); /* the first of two that are as near */
  assert_string_equal(vmo_nearest_word("neighbour_sum", ops, count), "neighbor_sum");
  assert_string_equal(vmo_nearest_word("matmlu", ops, count), "matmul");
  assert_string_equal(vmo_nearest_word("rehsape", ops, count), "reshape");
}

static void what_is_far_is_not_offered(void **state) {
  (void)state;
  static const char *const ops[] = {"add", "x", "",
                                    "a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name"};
  size_t count = sizeof ops / sizeof *ops;
  assert_null(vmo_nearest_word("convolution", ops, count));
  assert_null(vmo_nearest_word("", ops, count));
  assert_null(vmo_nearest_word("y", ops, count));
  assert_null(vmo_nearest_word("axy", ops, count));
  assert_null(vmo_nearest_word(ops[3], ops, count));
  assert_null(vmo_nearest_word("add", ops, 0));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_fresh_context_is_the_api),
      cmocka_unit_test(the_table_is_sorted_and_complete),
      cmocka_unit_test(codes_are_found_in_any_case),
      cmocka_unit_test(the_first_twenty_errors_are_kept),
      cmocka_unit_test(warnings_are_bounded_and_leave_room_for_errors),
      cmocka_unit_test(notes_go_with_what_they_belong_to),
      cmocka_unit_test(without_memory_errors_are_still_counted),
      cmocka_unit_test(a_very_long_message_is_cut_after_a_whole_character),
      cmocka_unit_test(a_diagnostic_shows_its_line_caret_and_hint),
      cmocka_unit_test(what_is_not_known_is_left_out),
      cmocka_unit_test(an_empty_source_has_nothing_to_show),
      cmocka_unit_test(a_line_is_shown_only_of_its_own_source),
      cmocka_unit_test(lines_are_found_in_any_order),
      cmocka_unit_test(the_caret_stands_right_under_tabs_and_wide_encodings),
      cmocka_unit_test(nothing_that_steers_a_terminal_gets_out),
      cmocka_unit_test(colour_is_asked_for),
      cmocka_unit_test(long_lines_are_clipped_around_the_caret),
      cmocka_unit_test(clipping_does_not_cut_characters),
      cmocka_unit_test(the_nearest_word_is_found),
      cmocka_unit_test(what_is_far_is_not_offered),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
