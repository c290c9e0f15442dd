/* test_npy.c: heads of .npy files, written and read, cut off anywhere, and with any byte changed; edge lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "support/diag.h"
#include "support/edges.h"
#include "support/npy.h"
#include "support/real.h"

/* ---- .npy ---- */

/* A file of version `major` whose dictionary is `text`; malloc'ed, `*length` bytes. */
static char *make_file(int major, const char *text, size_t *length) {
  size_t count = strlen(text), preamble = major == 1 ? 10 : 12;
  char *bytes = calloc(1, preamble + count + 1);
  assert_non_null(bytes);
  memcpy(bytes, "\x93NUMPY", 6);
  bytes[6] = (char)major;
  bytes[8] = (char)(count & 255);
  bytes[9] = (char)(count >> 8);
  memcpy(bytes + preamble, text, count);
  *length = preamble + count;
  return bytes;
}

static const char *read_text(int major, const char *text, vmo_npy *head) {
  size_t length;
  char *bytes = make_file(major, text, &length);
  const char *fault = vmo_parse_npy(bytes, length, head);
  free(bytes);
  return fault;
}

static void what_is_written_is_read(void **state) {
  (void)state;
  int64_t sizes[VMO_NPY_MAX_RANK];
  for (uint32_t rank = 0; rank <= VMO_NPY_MAX_RANK; rank++) {
    vmo_text text;
    vmo_npy head;
    int64_t count = 1;
    for (uint32_t i = 0; i < rank; i++) sizes[i] = i < 12 ? i + 1 : 1;
    for (uint32_t i = 0; i < rank; i++) count *= sizes[i];
    vmo_text_init(&text);
    vmo_write_npy_head('f', 8, rank, sizes, &text);
    assert_false(vmo_text_failed(&text));
    assert_null(vmo_parse_npy(text.data, text.count, &head));
    assert_int_equal(head.kind, 'f');
    assert_int_equal(head.width, 8);
    assert_int_equal(head.rank, rank);
    assert_int_equal(head.count, count);
    assert_memory_equal(head.sizes, sizes, rank * sizeof *sizes);
    assert_int_equal(head.head_bytes, text.count);
    assert_int_equal(text.count % 64, 0);
    assert_int_equal(text.data[text.count - 1], '\n');
    assert_true(vmo_npy_is_native(&head));
    vmo_text_free(&text);
  }
}

/* The bytes that NumPy 1.24 writes for numpy.arange(3, dtype='u1'). */
static void the_bytes_are_those_of_numpy(void **state) {
  (void)state;
  vmo_text text;
  int64_t sizes[] = {3};
  vmo_text_init(&text);
  vmo_write_npy_head('u', 1, 1, sizes, &text);
  assert_int_equal(text.count, 128);
  assert_memory_equal(text.data, "\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }   ",
                      70);
  vmo_text_free(&text);
}

static void a_head_that_is_cut_off_is_refused_everywhere(void **state) {
  (void)state;
  for (int major = 1; major <= 3; major++) {
    size_t length;
    char *bytes = make_file(major, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }  \n", &length);
    vmo_npy head;
    assert_null(vmo_parse_npy(bytes, length, &head));
    assert_int_equal(head.count, 12);
    for (size_t cut = 0; cut < length; cut++) {
      char *part = malloc(cut + 1); /* of its own, so that a sanitizer sees a step too far */
      assert_non_null(part);
      memcpy(part, bytes, cut);
      assert_non_null(vmo_parse_npy(part, cut, &head));
      free(part);
    }
    free(bytes);
  }
}

static void any_byte_may_be_wrong(void **state) {
  (void)state;
  size_t length, accepted = 0;
  char *bytes = make_file(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }  \n", &length);
  for (size_t at = 0; at < length; at++) {
    char right = bytes[at];
    for (int wrong = 0; wrong < 256; wrong++) {
      vmo_npy head;
      bytes[at] = (char)wrong;
      if (vmo_parse_npy(bytes, length, &head) != NULL) continue;
      accepted++;
      assert_true(head.rank <= VMO_NPY_MAX_RANK && head.width > 0 && head.head_bytes <= length);
      assert_true(head.count >= 0 && head.count <= (VMO_BYTES_LIMIT - 1) / head.width);
    }
    bytes[at] = right;
  }
  assert_true(accepted > length); /* digits, kinds, blanks */
  free(bytes);
}

static void heads_are_read_as_python_would(void **state) {
  (void)state;
  vmo_npy head;
  assert_null(read_text(2, "{\"shape\":(),\"fortran_order\":True,\"descr\":\"|b1\"}", &head));
  assert_int_equal(head.rank, 0);
  assert_int_equal(head.count, 1);
  assert_true(head.is_fortran);
  assert_null(read_text(1, "{'descr': '>i4', 'fortran_order': False, 'shape': (7L,)}", &head));
  assert_int_equal(head.order, '>');
  assert_int_equal(head.sizes[0], 7);
  assert_false(vmo_npy_is_native(&head));
  assert_null(read_text(3, "{'descr':'=f4','fortran_order':False,'shape':(0, 9007199254740991)}", &head));
  assert_int_equal(head.count, 0);
  assert_true(vmo_npy_is_native(&head));
}

static void what_is_wrong_is_told_apart(void **state) {
  (void)state;
  static const struct {
    const char *text, *fault;
  } cases[] = {
      {"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (3,)}", "records"},
      {"{'descr': '|O', 'fortran_order': False, 'shape': (3,)}", "Python objects"},
      {"{'descr': '<f8', 'fortran_order': false, 'shape': (3,)}", "fortran_order"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (3 4)}", "shape"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (-3,)}", "shape"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}", "shape"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (2251799813685248,)}", "2^53"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (67108864, 67108864)}", "2^53"},
      {"{'descr': '<f8', 'fortran_order': False}", "dictionary"},
      {"{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (3,)}", "dictionary"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (3,), 'more': 1}", "dictionary"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (3,)} x", "dictionary"},
      {"{'descr': '<f0', 'fortran_order': False, 'shape': (3,)}", "descr"},
      {"", "dictionary"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    vmo_npy head;
    const char *fault = read_text(1, cases[i].text, &head);
    assert_non_null(fault);
    if (strstr(fault, cases[i].fault) == NULL) fail_msg("%s: '%s'", cases[i].text, fault);
  }
}

/* ---- edges ---- */

static vmo_status read_edges(vmo_context *context, const char *text, vmo_edges *edges) {
  assert_int_equal(vmo_context_set_source(context, "edges.txt", text, strlen(text)), VMO_OK);
  return vmo_read_edges(context, edges);
}

static void assert_numbers(const int64_t *numbers, int64_t count, const int64_t *wanted, int64_t wanted_count) {
  assert_int_equal(count, wanted_count);
  for (int64_t i = 0; i < count; i++) assert_int_equal(numbers[i], wanted[i]);
}

static void edges_become_rows(void **state) {
  (void)state;
  vmo_context *context = vmo_context_create();
  vmo_edges edges;
  vmo_rows rows;
  assert_non_null(context);
  assert_int_equal(read_edges(context, "# a\n\n0 2 0.5\r\n% b\n2,1,-1e3\n//c\n\t1 , 1\t2\n0\t1 inf", &edges), VMO_OK);
  assert_int_equal(edges.largest, 2);
  assert_true(edges.weighted);
  assert_int_equal(vmo_make_rows(context, &edges, VMO_EDGES_DIRECTED, 4, &rows), VMO_OK);
  assert_numbers(rows.row, rows.node_count + 1, (const int64_t[]){0, 2, 3, 4, 4}, 5);
  assert_numbers(rows.col, rows.edge_count, (const int64_t[]){2, 1, 1, 1}, 4);
  assert_true(rows.weight[0] == 0.5 && rows.weight[3] == -1e3);
  assert_int_equal(vmo_make_rows(context, &edges, VMO_EDGES_REVERSED, 3, &rows), VMO_OK);
  assert_numbers(rows.row, rows.node_count + 1, (const int64_t[]){0, 0, 3, 4}, 4);
  assert_numbers(rows.col, rows.edge_count, (const int64_t[]){2, 1, 0, 0}, 4);
  assert_int_equal(vmo_make_rows(context, &edges, VMO_EDGES_UNDIRECTED, 3, &rows), VMO_OK);
  assert_numbers(rows.row, rows.node_count + 1, (const int64_t[]){0, 2, 5, 7}, 4);
  assert_numbers(rows.col, rows.edge_count, (const int64_t[]){2, 1, 2, 1, 0, 0, 1}, 7);
  vmo_context_destroy(context);
}

static void no_edges_are_a_graph_too(void **state) {
  (void)state;
  vmo_context *context = vmo_context_create();
  vmo_edges edges;
  vmo_rows rows;
  assert_non_null(context);
  assert_int_equal(read_edges(context, "\n# nothing", &edges), VMO_OK);
  assert_int_equal(edges.largest, -1);
  assert_int_equal(vmo_make_rows(context, &edges, VMO_EDGES_UNDIRECTED, 0, &rows), VMO_OK);
  assert_numbers(rows.row, rows.node_count + 1, (const int64_t[]){0}, 1);
  assert_int_equal(rows.edge_count, 0);
  vmo_context_destroy(context);
}

static void malformed_lines_are_named(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint32_t line, column;
  } cases[] = {{"0 1\n1", 2, 2},  {"0 1\nx 2", 2, 1},    {"0 -1", 1, 3},       {"0 1.5", 1, 3},
               {"0 1 2 3", 1, 7}, {"0 1 x", 1, 5},       {"0 1\n0 1 2", 2, 1}, {"0 1099511627776", 1, 3},
               {"0,,1", 1, 3},    {"\n\n0 1 0x10", 3, 5}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    vmo_context *context = vmo_context_create();
    vmo_edges edges;
    assert_non_null(context);
    assert_int_equal(read_edges(context, cases[i].text, &edges), VMO_INPUT_ERROR);
    assert_int_equal(context->diagnostics->count, 1);
    assert_int_equal(context->diagnostics->items[0].location.line, cases[i].line);
    assert_int_equal(context->diagnostics->items[0].location.column, cases[i].column);
    vmo_context_destroy(context);
  }
}

/* ---- numbers ---- */

static void a_number_is_all_of_its_text(void **state) {
  (void)state;
  static const char *const good[] = {"0", "1.5", ".5", "5.", "-2e10", "+1E-3", "inf", "-inf", "nan"};
  static const char *const bad[] = {"",   "-",  ".",    "e5",    "1e",       "1e+",  "1.5x",
                                    " 1", "1 ", "0x10", "1e999", "infinity", "1.2.3"};
  double number;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    if (!vmo_parse_real(good[i], strlen(good[i]), &number)) fail_msg("%s", good[i]);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (vmo_parse_real(bad[i], strlen(bad[i]), &number)) fail_msg("%s", bad[i]);
  assert_true(vmo_parse_real("-2.5e1", 6, &number) && number == -25);
  assert_true(vmo_parse_real("1.5x", 3, &number) && number == 1.5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(the_bytes_are_those_of_numpy),
      cmocka_unit_test(a_head_that_is_cut_off_is_refused_everywhere),
      cmocka_unit_test(any_byte_may_be_wrong),
      cmocka_unit_test(heads_are_read_as_python_would),
      cmocka_unit_test(what_is_wrong_is_told_apart),
      cmocka_unit_test(edges_become_rows),
      cmocka_unit_test(no_edges_are_a_graph_too),
      cmocka_unit_test(malformed_lines_are_named),
      cmocka_unit_test(a_number_is_all_of_its_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
