/* test_csv.c: tables of buffers: what is read, what is written, and every error with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "planner/planner.h"
#include "support/diag.h"

static vmo_context *context;
static vmo_csv csv;

static int open_context(void **state) {
  (void)state;
  context = vmo_context_create();
  return context == NULL;
}

static int close_context(void **state) {
  (void)state;
  vmo_context_destroy(context);
  return 0;
}

static vmo_status read_bytes(const char *text, size_t length) {
  assert_int_equal(vmo_context_set_source(context, "in.csv", text, length), VMO_OK);
  return vmo_read_csv(context, &csv);
}

static void read_well(const char *text) {
  vmo_status status = read_bytes(text, strlen(text));
  if (status != VMO_OK) fail_msg("%s", context->diagnostics->items[0].message);
}

static void expect_written(const vmo_bytes *offsets, const char *expected) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_write_csv(&csv, offsets, &text);
  assert_false(vmo_text_failed(&text));
  assert_string_equal(text.data, expected);
  vmo_text_free(&text);
}

static void expect_id(uint32_t row, const char *expected) {
  size_t length;
  const char *id = vmo_csv_id(&csv, row, &length);
  assert_int_equal(length, strlen(expected));
  assert_memory_equal(id, expected, length);
}

static void expect_lifetimes(uint32_t row, uint32_t count, const vmo_lifetime *expected) {
  const vmo_buffer *buffer = &csv.problem.buffers[row];
  assert_int_equal(buffer->lifetime_count, count);
  for (uint32_t i = 0; i < count; i++) {
    assert_int_equal(csv.problem.lifetimes[buffer->lifetime_first + i].begin, expected[i].begin);
    assert_int_equal(csv.problem.lifetimes[buffer->lifetime_first + i].end, expected[i].end);
  }
}

/* ---- what is read and written ---- */

static void the_plain_table_is_read(void **state) {
  (void)state;
  read_well("id,lower,upper,size\na,0,3,4\nb,2,5,9007199254740991\nlast one,7,7,0");
  assert_int_equal(csv.problem.buffer_count, 3);
  assert_int_equal(csv.problem.capacity, -1);
  assert_int_equal(csv.problem.buffers[0].bytes, 4);
  assert_int_equal(csv.problem.buffers[0].alignment, 1);
  assert_int_equal(csv.problem.buffers[0].fixed_offset, -1);
  assert_int_equal(csv.problem.buffers[1].bytes, VMO_BYTES_LIMIT - 1);
  expect_lifetimes(0, 1, (vmo_lifetime[]){{0, 3}});
  expect_lifetimes(1, 1, (vmo_lifetime[]){{2, 5}});
  expect_lifetimes(2, 0, NULL);
  expect_id(2, "last one");
  assert_int_equal(vmo_csv_line(&csv, 2), 4);
  expect_written((vmo_bytes[]){0, 4, 12},
                 "id,lower,upper,size,offset\na,0,3,4,0\nb,2,5,9007199254740991,4\nlast one,7,7,0,12\n");
}

static void columns_stand_in_any_order(void **state) {
  (void)state;
  read_well("size,gaps,offset,id,upper,alignment,lower\n8,,16,x,9,16,-3\n8,0-2 5-6,,y,9,,0\n");
  assert_int_equal(csv.problem.buffers[0].bytes, 8);
  assert_int_equal(csv.problem.buffers[0].alignment, 16);
  assert_int_equal(csv.problem.buffers[0].fixed_offset, 16);
  expect_lifetimes(0, 1, (vmo_lifetime[]){{-3, 9}});
  assert_int_equal(csv.problem.buffers[1].alignment, 1);
  assert_int_equal(csv.problem.buffers[1].fixed_offset, -1);
  expect_lifetimes(1, 2, (vmo_lifetime[]){{2, 5}, {6, 9}});
  expect_id(1, "y");
  expect_written((vmo_bytes[]){16, 0},
                 "size,gaps,offset,id,upper,alignment,lower\n8,,16,x,9,16,-3\n8,0-2 5-6,0,y,9,,0\n");
}

static void the_offset_may_be_the_last_column(void **state) {
  (void)state;
  read_well("id,lower,upper,size,offset\na,0,1,2,\nb,0,1,2, 4 \n");
  assert_int_equal(csv.problem.buffers[0].fixed_offset, -1);
  assert_int_equal(csv.problem.buffers[1].fixed_offset, 4);
  expect_written((vmo_bytes[]){0, 4}, "id,lower,upper,size,offset\na,0,1,2,0\nb,0,1,2,4\n");
}

static void an_inclusive_end_is_one_later(void **state) {
  (void)state;
  read_well("buffer_id,start,end,size,gaps\na,3,3,1,\nb,0,9,1,2-4\n");
  expect_lifetimes(0, 1, (vmo_lifetime[]){{3, 4}});
  expect_lifetimes(1, 2, (vmo_lifetime[]){{0, 2}, {5, 10}});
  expect_written((vmo_bytes[]){0, 1}, "buffer_id,start,end,size,gaps,offset\na,3,3,1,,0\nb,0,9,1,2-4,1\n");
}

static void gaps_are_sorted_and_cut_out(void **state) {
  (void)state;
  read_well("id,lower,upper,size,gaps\na,0,20,1, 12-14  2-5 \nb,0,9,1,0-3 3-4 8-9\nc,0,9,1,0-9\nd,-9,9,1,-5--3\n");
  expect_lifetimes(0, 3, (vmo_lifetime[]){{0, 2}, {5, 12}, {14, 20}});
  expect_lifetimes(1, 1, (vmo_lifetime[]){{4, 8}});
  expect_lifetimes(2, 0, NULL);
  expect_lifetimes(3, 2, (vmo_lifetime[]){{-9, -5}, {-3, 9}});
}

static void windows_of_gaps_stay_live(void **state) {
  (void)state;
  read_well("id,start,end,size,gaps\na,0,8,4,3-4@1:2 6-6\nb,0,8,4,0-8@0:4 \nc,0,3,4,1-1@2:2\n");
  expect_lifetimes(0, 3, (vmo_lifetime[]){{0, 3}, {5, 6}, {7, 9}});
  expect_lifetimes(1, 0, NULL);
  expect_lifetimes(2, 2, (vmo_lifetime[]){{0, 1}, {2, 4}});
  assert_int_equal(csv.packing.window_count, 2);
  const vmo_window *windows = csv.packing.windows;
  assert_true(windows[0].buffer == 0 && windows[0].begin == 3 && windows[0].end == 5);
  assert_true(windows[0].low == 1 && windows[0].high == 2);
  assert_true(windows[1].buffer == 1 && windows[1].begin == 0 && windows[1].end == 9);
  assert_true(windows[1].low == 0 && windows[1].high == 4);
}

static void rows_name_each_other_and_spaces(void **state) {
  (void)state;
  read_well("id,lower,upper,size,apart,colocated,space,spaces\n"
            "a,0,1,4,c b,,,\nb,0,1,4,,d e;,,x;y\nc,0,1,4,,,y,\nd e,0,1,4,,,,x\n");
  assert_int_equal(csv.packing.apart_count, 2);
  assert_true(csv.packing.apart[0].first == 0 && csv.packing.apart[0].second == 2);
  assert_true(csv.packing.apart[1].first == 0 && csv.packing.apart[1].second == 1);
  assert_int_equal(csv.packing.colocated_count, 1);
  assert_true(csv.packing.colocated[0].first == 1 && csv.packing.colocated[0].second == 3);
  const vmo_space spaces[] = {{"y", 8, 1, 0}, {"z", 8, 1, 1}, {"x", -1, 1, 2}};
  assert_int_equal(vmo_resolve_csv_spaces(context, &csv, spaces, 3), VMO_OK);
  assert_true(csv.packing.allowed[0] == UINT64_MAX && csv.packing.allowed[1] == 5);
  assert_true(csv.packing.allowed[2] == 1 && csv.packing.allowed[3] == 4);
  vmo_text text;
  vmo_text_init(&text);
  vmo_write_packed_csv(&csv, (vmo_bytes[]){1, 2, 3, 4}, spaces, (uint32_t[]){0, 1, 2, 2}, &text);
  assert_string_equal(text.data, "id,lower,upper,size,apart,colocated,space,spaces,offset\n"
                                 "a,0,1,4,c b,,y,,1\nb,0,1,4,,d e;,z,x;y,2\nc,0,1,4,,,x,,3\nd e,0,1,4,,,x,x,4\n");
  vmo_text_free(&text);
  assert_int_equal(vmo_resolve_csv_spaces(context, &csv, spaces, 2), VMO_INPUT_ERROR);
  const vmo_diagnostic *diagnostic = &context->diagnostics->items[0];
  assert_string_equal(diagnostic->message, "there is no space 'x'");
  assert_true(diagnostic->location.line == 3 && diagnostic->location.column == 16);
}

static void offset_and_space_are_replaced_in_any_order(void **state) {
  (void)state;
  const vmo_space spaces[] = {{"near", 8, 1, 0}, {"far", 8, 1, 1}};
  const char *texts[] = {"space,id,offset,lower,upper,size\n,a,,0,1,4\n",
                         "offset,id,lower,upper,size,space\n0,a,0,1,4,\n", "id,lower,upper,size,space\na,0,1,4,near\n",
                         "id,lower,upper,size\na,0,1,4\n"};
  const char *written[] = {
      "space,id,offset,lower,upper,size\nfar,a,7,0,1,4\n", "offset,id,lower,upper,size,space\n7,a,0,1,4,far\n",
      "id,lower,upper,size,space,offset\na,0,1,4,far,7\n", "id,lower,upper,size,offset,space\na,0,1,4,7,far\n"};
  for (int i = 0; i < 4; i++) {
    vmo_text text;
    read_well(texts[i]);
    vmo_text_init(&text);
    vmo_write_packed_csv(&csv, (vmo_bytes[]){7}, spaces, (uint32_t[]){1}, &text);
    assert_string_equal(text.data, written[i]);
    vmo_text_free(&text);
  }
}

static void rows_are_matched_by_their_ids(void **state) {
  (void)state;
  read_well("id,lower,upper,size\na,0,1,4\nb,0,1,4\nc,0,1,4\n");
  vmo_csv first = csv;
  read_well("lower,upper,size,id\n0,1,4,c\n0,1,4,x\n0,1,4,a\n");
  const uint32_t *rows = vmo_match_csv(context, &first, &csv);
  assert_non_null(rows);
  assert_true(rows[0] == 2 && rows[1] == VMO_NONE && rows[2] == 0);
}

static void line_ends_blanks_and_marks_are_accepted(void **state) {
  (void)state;
  read_well("\xEF\xBB\xBF id , lower,upper ,size\r\n\r\n  a b , 0,\t3 ,4\r\n \nb,1,2,3\r\n\n");
  assert_int_equal(csv.problem.buffer_count, 2);
  expect_id(0, "a b");
  assert_int_equal(vmo_csv_line(&csv, 1), 5);
  expect_lifetimes(0, 1, (vmo_lifetime[]){{0, 3}});
  expect_written((vmo_bytes[]){0, 4}, " id , lower,upper ,size,offset\r\n  a b , 0,\t3 ,4,0\r\nb,1,2,3,4\r\n");
}

static void what_is_written_reads_back_as_fixed(void **state) {
  (void)state;
  read_well("id,lower,upper,size\na,0,3,4\nb,2,5,8\n");
  vmo_text text;
  vmo_text_init(&text);
  vmo_write_csv(&csv, (vmo_bytes[]){8, 0}, &text);
  read_well(text.data);
  assert_int_equal(csv.problem.buffers[0].fixed_offset, 8);
  assert_int_equal(csv.problem.buffers[1].fixed_offset, 0);
  vmo_text_free(&text);
}

/* ---- errors ---- */

typedef struct refusal {
  const char *text;
  const char *code;
  uint32_t line, column;
  const char *message; /* a part of it */
} refusal;

#define HEAD "id,lower,upper,size\n"
#define ALIGNED "id,lower,upper,size,alignment,offset\n"
#define WISHES "id,lower,upper,size,colocated,apart,spaces,space\n"
#define GAPS "id,lower,upper,size,gaps\n"

static const refusal refusals[] = {
    {"", "E0501", 1, 1, "the file is empty"},
    {"\n \r\n", "E0501", 1, 1, "the file is empty"},
    {HEAD, "E0502", 1, 20, "no buffers follow"},
    {HEAD "\n\n", "E0502", 1, 20, "no buffers follow"},
    {"id,lower,upper,sise\na,0,1,2\n", "E0503", 1, 16, "unknown column 'sise'"},
    {"id,lower,upper,size,colour\n", "E0503", 1, 21, "unknown column 'colour'"},
    {"id,lower,upper,size,\n", "E0503", 1, 21, "unknown column ''"},
    {"0,995328,1000448,656384\n", "E0503", 1, 1, "unknown column '0'"},
    {"id;lower;upper;size\na;0;1;2\n", "E0503", 1, 3, "apart by semicolons, not by commas"},
    {"id\tlower\tupper\tsize\na\t0\t1\t2\n", "E0503", 1, 3, "apart by tabs, not by commas"},
    {"\"id\",\"lower\",\"upper\",\"size\"\n", "E0503", 1, 1, "unknown column '\"id\"'"},
    {HEAD "a;0;1;2\n", "E0506", 2, 8, "1 fields"},
    {HEAD "\"a,b\",0,1,2\n", "E0506", 2, 11, "5 fields"},
    {"id,start,end,size\na,3,2,1\n", "E0510", 2, 5, "ends at 2, before it begins at 3"},
    {"id,lower,size\na,0,1\n", "E0504", 1, 14, "the column 'upper' is missing"},
    {"lower,upper,size\n", "E0504", 1, 17, "the column 'id' is missing"},
    {"id,lower,upper,size,lower\n", "E0505", 1, 21, "'lower' is there a second time"},
    {"id,lower,upper,size,end\n", "E0505", 1, 21, "under another name"},
    {"id,lower,upper,size,gaps,offset,alignment,size\n", "E0505", 1, 43, "'size' is there"},
    {HEAD "a,0,1\n", "E0506", 2, 6, "3 fields where the header names 4"},
    {HEAD "a,0,1,2,3\n", "E0506", 2, 9, "5 fields"},
    {HEAD "a,0,1,2,\n", "E0506", 2, 9, "5 fields"},
    {HEAD "a,0,1,2\nb\n", "E0506", 3, 2, "1 fields"},
    {HEAD "a,zero,1,2\n", "E0507", 2, 3, "the begin 'zero' is no number"},
    {HEAD "a,0,1.5,2\n", "E0507", 2, 5, "the end '1.5' is no number"},
    {HEAD "a,0,1,4KiB\n", "E0507", 2, 7, "the size '4KiB' is no number"},
    {HEAD "a,0,1,+4\n", "E0507", 2, 7, "is no number"},
    {HEAD "a,0,1,-\n", "E0507", 2, 7, "is no number"},
    {HEAD "a,0,1,\"4\"\n", "E0507", 2, 7, "is no number"},
    {HEAD "a,0,1,  \n", "E0507", 2, 9, "the size is empty"},
    {HEAD "a,0,1,-4\n", "E0508", 2, 7, "the size '-4' is negative"},
    {ALIGNED "a,0,1,4,1,-1\n", "E0508", 2, 11, "the offset '-1' is negative"},
    {HEAD "a,0,1,9007199254740992\n", "E0509", 2, 7, "out of range"},
    {HEAD "a,0,99999999999999999999999999999999,1\n", "E0509", 2, 5, "out of range"},
    {HEAD "a,-9007199254740992,1,1\n", "E0509", 2, 3, "out of range"},
    {ALIGNED "a,0,1,2,1,9007199254740990\n", "E0509", 2, 11, "end of the buffer"},
    {HEAD "a,5,4,1\n", "E0510", 2, 5, "ends at 4, before it begins at 5"},
    {"id,start,end,size\na,5,4,1\n", "E0510", 2, 5, "ends at 4"},
    {ALIGNED "a,0,1,4,24,\n", "E0511", 2, 9, "'24' is no power of two"},
    {ALIGNED "a,0,1,4,0,\n", "E0511", 2, 9, "no power of two"},
    {ALIGNED "a,0,1,4,-8,\n", "E0511", 2, 9, "no power of two"},
    {GAPS "a,0,9,4,3-2\n", "E0512", 2, 9, "'3-2' ends before it begins"},
    {GAPS "a,0,9,4,1-2 3-3\n", "E0512", 2, 13, "ends before it begins"},
    {GAPS "a,0,9,4,1-2 8-10\n", "E0512", 2, 13, "not inside of the lifetime"},
    {GAPS "a,2,9,4,1-3\n", "E0512", 2, 9, "not inside of the lifetime"},
    {GAPS "a,0,9,4,1\n", "E0512", 2, 9, "malformed"},
    {GAPS "a,0,9,4,1-\n", "E0512", 2, 9, "malformed"},
    {GAPS "a,0,9,4,1:3\n", "E0512", 2, 9, "malformed"},
    {GAPS "a,0,9,4,1-3x\n", "E0512", 2, 9, "malformed"},
    {GAPS "a,0,9,4,1-4 3-5\n", "E0512", 2, 9, "overlap"},
    {GAPS "a,0,9,4,1-9007199254740992\n", "E0509", 2, 9, "out of range"},
    {GAPS "a,0,9,4,1-2 3-5@0:5\n", "E0513", 2, 17, "'0:5' is not inside of the buffer"},
    {GAPS "a,0,9,4,1-2 3-5@3:2\n", "E0513", 2, 17, "not inside of the buffer"},
    {GAPS "a,0,9,4,1-2@2\n", "E0513", 2, 13, "'2' is malformed"},
    {GAPS "a,0,9,4,1-2@\n", "E0513", 2, 13, "'' is malformed"},
    {GAPS "a,0,9,4,1-2@0:2x\n", "E0513", 2, 13, "malformed"},
    {GAPS "a,0,9,4,1-2@0:9007199254740992\n", "E0509", 2, 9, "out of range"},
    {WISHES "a,0,9,4,b,,,\n", "E0516", 2, 9, "'b' is the id of no row"},
    {WISHES "a,0,9,4,,a,,\n", "E0516", 2, 10, "'a' is this row itself"},
    {WISHES "a b,0,9,4,,,,\nc,0,9,4,,a b,,\n", "E0516", 3, 10, "'a' is the id of no row"},
    {WISHES "a,0,9,4,,,sram psram,flash\n", "E0517", 2, 22, "'flash' is none of those"},
    {HEAD "a,0,1,2\n ,0,1,2\n", "E0518", 3, 2, "the id is empty"},
    {"id,size,lower,end\na,1,1,2\n", "E0519", 1, 15, "'lower' and 'end' are of two kinds"},
    {"id,upper,begin,size\na,1,0,2\n", "E0519", 1, 4, "'begin' and 'upper' are of two kinds"},
    {HEAD "a,0,1,2\nb,0,1,2\na,4,5,6\n", "E0514", 4, 1, "'a' is used already, on line 2"},
    {ALIGNED "a,0,1,4,8,12\n", "E0515", 2, 11, "12 is no multiple of the buffer's alignment 8"},
};

static void every_error_has_its_place(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    const refusal *expected = &refusals[i];
    vmo_context *outer = context;
    context = vmo_context_create();
    vmo_status status = read_bytes(expected->text, strlen(expected->text));
    if (status != VMO_INPUT_ERROR || context->diagnostics->count == 0) fail_msg("accepted: %s", expected->text);
    const vmo_diagnostic *diagnostic = &context->diagnostics->items[0];
    assert_string_equal(vmo_diag_get_info(diagnostic->code)->code, expected->code);
    if (strstr(diagnostic->message, expected->message) == NULL)
      fail_msg("'%s' is not in '%s'", expected->message, diagnostic->message);
    if (diagnostic->location.line != expected->line || diagnostic->location.column != expected->column)
      fail_msg("%s: at %u:%u", expected->text, diagnostic->location.line, diagnostic->location.column);
    vmo_context_destroy(context);
    context = outer;
  }
}

static void a_misspelt_column_gets_a_proposal(void **state) {
  (void)state;
  const char *text = "id,lowr,upper,size\n";
  assert_int_equal(read_bytes(text, strlen(text)), VMO_INPUT_ERROR);
  assert_string_equal(context->diagnostics->items[0].hint, "did you mean 'lower'?");
}

/* What is wrong with a whole header is told once, with what to write. */
static void one_wrong_header_is_one_error(void **state) {
  (void)state;
  static const char *const texts[][2] = {
      {"id;lower;upper;size\na;0;1;2\n",
       "write id,lower,upper,size; within the fields colocated, apart and spaces, semicolons part names"},
      {"\"id\",\"lower\",\"upper\",\"size\"\na,0,1,2\n", "quotes have no meaning here: leave them out"},
      {"0,995328,1000448,656384\n", "the first line names the columns, for example id,lower,upper,size"},
      {"id,lower,upper,sise\na,0,1,2\n", "did you mean 'size'?"},
      {HEAD "a;0;1;2\n", "fields are apart by commas"},
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    vmo_context *outer = context;
    context = vmo_context_create();
    assert_int_equal(read_bytes(texts[i][0], strlen(texts[i][0])), VMO_INPUT_ERROR);
    assert_int_equal(context->diagnostics->count, 1);
    assert_string_equal(context->diagnostics->items[0].hint, texts[i][1]);
    vmo_context_destroy(context);
    context = outer;
  }
}

/* Of a placement ids, offsets and spaces are read, and nothing else. */
static void a_placement_needs_ids_and_offsets_alone(void **state) {
  (void)state;
  const char *text = "id,start,end,size,alignment,gaps,apart,space,offset\na,,,,3,x,nobody,sram,12\nb,9,3,-5,,,,,\n";
  assert_int_equal(vmo_context_set_source(context, "in.csv", text, strlen(text)), VMO_OK);
  assert_int_equal(vmo_read_placement_csv(context, &csv), VMO_OK);
  assert_int_equal(csv.problem.buffer_count, 2);
  assert_int_equal(csv.problem.buffers[0].fixed_offset, 12);
  assert_int_equal(csv.problem.buffers[1].fixed_offset, -1);
  assert_int_equal(csv.space_name_count, 1);
  expect_id(1, "b");
  text = "id,lower,upper,size\na,0,1,2\n";
  assert_int_equal(vmo_context_set_source(context, "in.csv", text, strlen(text)), VMO_OK);
  assert_int_equal(vmo_read_placement_csv(context, &csv), VMO_INPUT_ERROR);
  assert_int_equal(context->diagnostics->count, 1);
  assert_string_equal(context->diagnostics->items[0].message, "of a placement, the column 'offset' is missing");
}

static void several_errors_are_told_at_once(void **state) {
  (void)state;
  const char *text = HEAD "a,0,x,1\nb,0,1,1\nc,5,4,1\nb,0,1,1\n";
  assert_int_equal(read_bytes(text, strlen(text)), VMO_INPUT_ERROR);
  assert_int_equal(context->diagnostics->count, 3);
  assert_int_equal(context->diagnostics->items[2].location.line, 5);
}

static void errors_show_the_line_and_a_caret(void **state) {
  (void)state;
  const char *text = HEAD "a,0,1,none\n";
  assert_int_equal(read_bytes(text, strlen(text)), VMO_INPUT_ERROR);
  vmo_text out;
  vmo_text_init(&out);
  vmo_diag_print_all(context, false, &out);
  assert_non_null(strstr(out.data, "in.csv:2:7: error: the size 'none' is no number"));
  assert_non_null(strstr(out.data, "a,0,1,none\n"));
  assert_non_null(strstr(out.data, "      ^"));
  vmo_text_free(&out);
}

static void any_bytes_are_survived(void **state) {
  (void)state;
  static const char alphabet[] = "0123456789,,,,--@: \n\n\n\r\tab\"\0\xFF";
  uint64_t random = 1;
  char text[400];
  for (int round = 0; round < 3000; round++) {
    size_t length = 0;
    const char *head = round % 2 == 0 ? GAPS : ALIGNED;
    memcpy(text, head, strlen(head));
    for (length = strlen(head); length < sizeof text; length++) {
      random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
      text[length] = alphabet[(random >> 33) % (sizeof alphabet - 1)];
    }
    vmo_context *outer = context;
    context = vmo_context_create();
    if (read_bytes(text, round % sizeof text) == VMO_OK)
      assert_int_equal(context->diagnostics->count, 0);
    else
      assert_true(context->diagnostics->count > 0);
    vmo_context_destroy(context);
    context = outer;
  }
}

/* Linear: a slow reader would take minutes, and the time limit of the test ends it. */
static void a_million_lines_are_read(void **state) {
  (void)state;
  enum { ROWS = 1000000 };
  char *text = malloc((size_t)ROWS * 40), *at = text;
  assert_non_null(text);
  at += sprintf(at, HEAD);
  for (int i = 0; i < ROWS; i++) at += sprintf(at, "buffer%d,%d,%d,%d\n", i, i, i + 17, i % 4096);
  assert_int_equal(read_bytes(text, (size_t)(at - text)), VMO_OK);
  assert_int_equal(csv.problem.buffer_count, ROWS);
  expect_id(ROWS - 1, "buffer999999");
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(the_plain_table_is_read, open_context, close_context),
      cmocka_unit_test_setup_teardown(columns_stand_in_any_order, open_context, close_context),
      cmocka_unit_test_setup_teardown(the_offset_may_be_the_last_column, open_context, close_context),
      cmocka_unit_test_setup_teardown(an_inclusive_end_is_one_later, open_context, close_context),
      cmocka_unit_test_setup_teardown(gaps_are_sorted_and_cut_out, open_context, close_context),
      cmocka_unit_test_setup_teardown(windows_of_gaps_stay_live, open_context, close_context),
      cmocka_unit_test_setup_teardown(rows_name_each_other_and_spaces, open_context, close_context),
      cmocka_unit_test_setup_teardown(offset_and_space_are_replaced_in_any_order, open_context, close_context),
      cmocka_unit_test_setup_teardown(rows_are_matched_by_their_ids, open_context, close_context),
      cmocka_unit_test_setup_teardown(line_ends_blanks_and_marks_are_accepted, open_context, close_context),
      cmocka_unit_test_setup_teardown(what_is_written_reads_back_as_fixed, open_context, close_context),
      cmocka_unit_test_setup_teardown(every_error_has_its_place, open_context, close_context),
      cmocka_unit_test_setup_teardown(a_misspelt_column_gets_a_proposal, open_context, close_context),
      cmocka_unit_test_setup_teardown(one_wrong_header_is_one_error, open_context, close_context),
      cmocka_unit_test_setup_teardown(a_placement_needs_ids_and_offsets_alone, open_context, close_context),
      cmocka_unit_test_setup_teardown(several_errors_are_told_at_once, open_context, close_context),
      cmocka_unit_test_setup_teardown(errors_show_the_line_and_a_caret, open_context, close_context),
      cmocka_unit_test_setup_teardown(any_bytes_are_survived, open_context, close_context),
      cmocka_unit_test_setup_teardown(a_million_lines_are_read, open_context, close_context),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
