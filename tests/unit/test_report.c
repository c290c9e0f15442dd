/* test_report.c: the parts that reports are made of: JSON as a stream, tables that fit, a timeline that keeps its
 * peaks. Whole reports are tested through the tool, in tests/lit/reports/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "reports/model.h"
#include "reports/table.h"
#include "reports/writer.h"

/* ---- JSON ---- */

static void records_and_brackets_make_one_document(void **state) {
  (void)state;
  vmo_text text;
  vmo_text_init(&text);
  vmo_json_writer writer = {.out = &text, .empty = true};
  vmo_json_open(&writer, NULL, '{');
  vmo_put_string(&writer, "name", "a \"b\"");
  vmo_put_integer(&writer, "most", VMO_BYTES_LIMIT - 1);
  vmo_put_null(&writer, "none");
  vmo_json_open(&writer, "list", '[');
  for (int i = 0; i < 2; i++) {
    vmo_json_open_row(&writer, NULL, '{');
    vmo_put_boolean(&writer, "odd", i == 1);
    vmo_json_open_row(&writer, "pair", '[');
    vmo_put_integer(&writer, NULL, -1);
    vmo_put_text(&writer, NULL, vmo_json_scratch(&writer));
    vmo_json_close(&writer, ']');
    vmo_json_close(&writer, '}');
  }
  vmo_json_close(&writer, ']');
  vmo_json_open(&writer, "empty", '[');
  vmo_json_close(&writer, ']');
  vmo_json_close(&writer, '}');
  assert_string_equal(text.data, "{\n  \"name\": \"a \\\"b\\\"\",\n  \"most\": 9007199254740991,\n  \"none\": null,\n"
                                 "  \"list\": [\n    {\"odd\":false,\"pair\":[-1,\"\"]},\n"
                                 "    {\"odd\":true,\"pair\":[-1,\"\"]}\n  ],\n  \"empty\": []\n}\n");
  assert_false(vmo_text_failed(&text));
  vmo_text_free(&text);
}

static void a_number_that_readers_would_round_fails_the_text(void **state) {
  (void)state;
  vmo_text text;
  vmo_text_init(&text);
  vmo_json_writer writer = {.out = &text, .empty = true};
  vmo_json_open_row(&writer, NULL, '{');
  vmo_put_integer(&writer, "a", VMO_BYTES_LIMIT);
  vmo_put_integer(&writer, "b", 1);
  vmo_json_close(&writer, '}');
  assert_true(vmo_text_failed(&text));
  vmo_text_free(&text);
}

/* ---- tables ---- */

static const char *const names[] = {"%x", "%longer", "%\xc3\xa4\xc3\xb6", "%y"};

static void fill(const void *user, uint32_t row, vmo_text *cells) {
  (void)user;
  vmo_text_add(&cells[0], names[row % 4]);
  vmo_text_addf(&cells[1], "%u", row * 100);
  if (row != 1) vmo_text_add(&cells[2], "what is said of it at some length");
}

static char *print_table(uint32_t rows, uint32_t shown, vmo_text_style style) {
  vmo_table table = {.columns = {{"name", false}, {"bytes", true}, {"remark", false}},
                     .column_count = 3,
                     .row_count = rows,
                     .shown_rows = shown,
                     .fill = fill};
  vmo_text out;
  vmo_text_init(&out);
  vmo_write_table(&table, &style, &out);
  assert_false(vmo_text_failed(&out));
  return out.data;
}

static void columns_are_as_wide_as_their_cells(void **state) {
  (void)state;
  char *table = print_table(3, 0, (vmo_text_style){.width = 100, .unicode = true});
  assert_string_equal(table, "    name     bytes  remark\n"
                             "    %x           0  what is said of it at some length\n"
                             "    %longer    100\n"
                             "    %\xc3\xa4\xc3\xb6        200  what is said of it at some length\n");
  free(table);
}

static void rows_are_cut_to_the_width(void **state) {
  (void)state;
  char *table = print_table(1, 0, (vmo_text_style){.width = 40, .unicode = true});
  assert_string_equal(table, "    name  bytes  remark\n    %x        0  what is said of it at \xe2\x80\xa6\n");
  free(table);
  table = print_table(1, 0, (vmo_text_style){.width = 40});
  assert_string_equal(table, "    name  bytes  remark\n    %x        0  what is said of it a...\n");
  free(table);
}

static void long_tables_say_how_many_rows_are_missing(void **state) {
  (void)state;
  char *table = print_table(10, 3, (vmo_text_style){.width = 100});
  assert_non_null(strstr(table, "    and 7 more (--detail=full shows all)\n"));
  free(table);
  table = print_table(4, 3, (vmo_text_style){.width = 100}); /* the line would cost as much as the row */
  assert_null(strstr(table, "more"));
  free(table);
}

static void text_is_cut_between_characters(void **state) {
  (void)state;
  vmo_text out;
  vmo_text_init(&out);
  vmo_add_cut(&out, "\xc3\xa4\xc3\xb6\xc3\xbc", 2, true);
  assert_string_equal(out.data, "\xc3\xa4\xe2\x80\xa6");
  assert_int_equal(vmo_text_columns(out.data), 2);
  vmo_text_free(&out);
  vmo_add_cut(&out, "\xff\xfe", 2, true);
  assert_string_equal(out.data, "\xef\xbf\xbd\xef\xbf\xbd");
  vmo_text_free(&out);
}

/* ---- the timeline ---- */

enum { POINTS = 100003 };

static vmo_bytes written[POINTS], planned[POINTS];

static void buckets_cover_all_points_and_keep_the_largest_loads(void **state) {
  (void)state;
  static vmo_plan_facts facts = {.written_loads = written, .planned_loads = planned, .point_count = POINTS};
  uint32_t seed = 1;
  for (int i = 0; i < POINTS; i++) {
    seed = seed * 1664525u + 1013904223u;
    written[i] = seed >> 12;
    planned[i] = (seed >> 8) % 1000;
  }
  vmo_point next = 0;
  for (uint32_t i = 0; i < 2048; i++) {
    vmo_bucket bucket = vmo_timeline_bucket(&facts, i, 2048);
    assert_int_equal(bucket.begin, next);
    assert_true(bucket.end > bucket.begin);
    for (vmo_point point = bucket.begin; point < bucket.end; point++) {
      assert_true(written[bucket.most_written] >= written[point]);
      assert_true(planned[bucket.most_planned] >= planned[point]);
    }
    assert_true(bucket.most_written >= bucket.begin && bucket.most_written < bucket.end);
    assert_true(bucket.most_planned >= bucket.begin && bucket.most_planned < bucket.end);
    next = bucket.end;
  }
  assert_int_equal(next, POINTS);
}

/* ---- shares ---- */

static void check_share(vmo_bytes total, vmo_bytes arena, const char *expected) {
  vmo_space_figures figures = {.total = {.bytes = total}, .arena = {.bytes = arena}};
  vmo_bytes saved;
  vmo_text out;
  vmo_text_init(&out);
  assert_true(vmo_saved_bytes(&figures, &saved));
  vmo_add_share(vmo_saved_share(&figures, saved), &out);
  assert_string_equal(out.data, expected);
  vmo_text_free(&out);
}

static void savings_are_rounded_to_hundredths_and_may_be_negative(void **state) {
  (void)state;
  check_share(24000, 8000, "66.67");
  check_share(100, 50, "50");
  check_share(0, 0, "0");
  check_share(0, 64, "0");
  check_share(8, 64, "-700");
  check_share(3, 4, "-33.33");
  check_share(10000, 9999, "0.01");
  check_share(100000, 99999, "0");
  check_share(VMO_BYTES_LIMIT - 1, 0, "100");
  vmo_space_figures unknown = {.total = {.bytes = -1}, .arena = {.bytes = 8}};
  vmo_bytes saved;
  assert_false(vmo_saved_bytes(&unknown, &saved));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(records_and_brackets_make_one_document),
      cmocka_unit_test(a_number_that_readers_would_round_fails_the_text),
      cmocka_unit_test(columns_are_as_wide_as_their_cells),
      cmocka_unit_test(rows_are_cut_to_the_width),
      cmocka_unit_test(long_tables_say_how_many_rows_are_missing),
      cmocka_unit_test(text_is_cut_between_characters),
      cmocka_unit_test(buckets_cover_all_points_and_keep_the_largest_loads),
      cmocka_unit_test(savings_are_rounded_to_hundredths_and_may_be_negative),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
