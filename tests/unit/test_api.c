/* test_api.c: the public interface as another compiler uses it: through vmemopt.h alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "vmemopt.h"

static vmo_program *create(void) {
  vmo_program *program = vmo_create_program();
  assert_non_null(program);
  return program;
}

static void assert_diagnosed(const vmo_program *program, const char *message) {
  vmo_diagnostic_info info;
  assert_true(vmo_count_diagnostics(program) > 0);
  assert_true(vmo_get_diagnostic(program, 0, &info));
  if (strstr(info.message, message) == NULL) fail_msg("'%s' does not contain '%s'", info.message, message);
}

/* Asserts that a text has these words, and frees it. */
static void assert_text_has(char *text, const char *words) {
  assert_non_null(text);
  if (strstr(text, words) == NULL) fail_msg("'%s' is not in:\n%s", words, text);
  vmo_free_text(text);
}

/* ---- from text ---- */

static const char chain[] = "dim N <= 1000\n"
                            "func @chain(%c: f64) -> f64[N] {\n"
                            "  %x = fill 1.0 : f64[N]\n"
                            "  %y = mul %x, %c : f64[N]\n"
                            "  %z = add %y, %c : f64[N]\n"
                            "  return %z\n"
                            "}\n";

static void a_program_is_read_planned_and_read_out(void **state) {
  (void)state;
  vmo_program *program = create();
  assert_int_equal(vmo_read_program(program, "chain.vmir", chain, strlen(chain)), VMO_OK);
  assert_int_equal(vmo_set_dim(program, "N", 1000), VMO_OK);
  assert_int_equal(vmo_set_alignment(program, 8), VMO_OK);
  assert_int_equal(vmo_plan_program(program), VMO_OK);
  vmo_function_id function = vmo_look_up_function(program, "chain");
  assert_int_equal(function, 0);
  assert_int_equal(vmo_look_up_function(program, "none"), VMO_NONE);

  vmo_figures figures;
  assert_true(vmo_get_figures(program, function, NULL, &figures));
  assert_int_equal(figures.total_bytes, 24000);
  assert_int_equal(figures.peak_bytes, 16000);
  assert_int_equal(figures.peak_inplace_bytes, 8000);
  assert_int_equal(figures.arena_bytes, 8000);
  assert_int_equal(figures.inplace_count, 2);
  assert_true(vmo_get_figures(program, function, "default", &figures));
  assert_false(vmo_get_figures(program, function, "sram", &figures));

  assert_int_equal(vmo_count_storages(program, function), 3);
  vmo_storage_info storage;
  assert_true(vmo_get_storage(program, function, 1, &storage));
  assert_string_equal(storage.name, "y");
  assert_string_equal(storage.kind, "result");
  assert_string_equal(storage.space, "default");
  assert_int_equal(storage.bytes, 8000);
  assert_int_equal(storage.offset, 0);
  assert_int_equal(storage.line, 4);
  assert_false(storage.dead);
  int64_t begin, end;
  assert_true(vmo_get_live_range(program, function, 1, 0, &begin, &end));
  assert_int_equal(begin, 1);
  assert_int_equal(end, 3);
  assert_false(vmo_get_live_range(program, function, 1, storage.live_count, &begin, &end));
  assert_false(vmo_get_storage(program, function, 3, &storage));

  vmo_inplace_info pair;
  assert_int_equal(vmo_count_inplace(program, function), 2);
  assert_true(vmo_get_inplace(program, function, 0, &pair));
  assert_string_equal(pair.result_name, "y");
  assert_string_equal(pair.operand_name, "x");
  assert_int_equal(pair.bytes, 8000);

  assert_text_has(vmo_format_program(program, NULL), "over = %x");
  assert_text_has(vmo_format_json(program, NULL), "\"schema\": \"vmemopt.report/1\"");
  assert_text_has(vmo_format_text(program, 100, NULL), "func @chain, line 2");
  size_t length = 1;
  char *diagnostics = vmo_format_diagnostics(program, &length);
  assert_non_null(diagnostics);
  assert_int_equal(length, 0);
  vmo_free_text(diagnostics);
  vmo_destroy_program(program);
}

static void a_plan_reads_back(void **state) {
  (void)state;
  vmo_program *program = create(), *again = create();
  assert_int_equal(vmo_read_program(program, "chain.vmir", chain, strlen(chain)), VMO_OK);
  assert_int_equal(vmo_set_dim(program, "N", 10), VMO_OK);
  assert_int_equal(vmo_plan_program(program), VMO_OK);
  size_t length;
  char *text = vmo_format_program(program, &length);
  assert_non_null(strstr(text, "dim N = 10")); /* the plan holds for this value alone */
  assert_int_equal(vmo_read_program(again, "again", text, length), VMO_OK);
  vmo_free_text(text);
  vmo_destroy_program(again);
  vmo_destroy_program(program);
}

static void errors_in_text_have_their_place(void **state) {
  (void)state;
  static const char wrong[] = "func @f() {\n  %x = mull 1.0, 2.0 : f64\n  return\n}\n";
  vmo_program *program = create();
  assert_int_equal(vmo_read_program(program, "wrong.vmir", wrong, strlen(wrong)), VMO_INPUT_ERROR);
  vmo_diagnostic_info info;
  assert_true(vmo_get_diagnostic(program, 0, &info));
  assert_string_equal(info.severity, "error");
  assert_string_equal(info.source, "wrong.vmir");
  assert_int_equal(info.line, 2);
  assert_non_null(info.hint);
  assert_false(vmo_get_diagnostic(program, vmo_count_diagnostics(program), &info));
  assert_int_equal(vmo_plan_program(program), VMO_INPUT_ERROR);
  assert_text_has(vmo_format_diagnostics(program, NULL), "wrong.vmir:2:");
  assert_text_has(vmo_format_json(program, NULL), "\"functions\": []");
  vmo_destroy_program(program);
}

static void dims_without_values_give_no_numbers(void **state) {
  (void)state;
  static const char text[] = "dim N\nfunc @f(%a: f64[N]) -> f64[N] {\n%x = exp %a : f64[N]\nreturn %x\n}\n";
  vmo_program *program = create();
  assert_int_equal(vmo_read_program(program, "free", text, strlen(text)), VMO_OK);
  assert_int_equal(vmo_plan_program(program), VMO_OK);
  vmo_figures figures;
  assert_true(vmo_get_figures(program, 0, NULL, &figures));
  assert_int_equal(figures.total_bytes, -1);
  assert_text_has(vmo_format_json(program, NULL), "\"total_expr\": \"8*N\"");
  vmo_destroy_program(program);
}

/* ---- building ---- */

typedef struct built {
  vmo_program *program;
  vmo_function_id function;
  vmo_type_id array;
  vmo_size_id n;
} built;

/* func @f(%a: f64[N] donate) -> f64[N], without ops. */
static built begin_function(void) {
  built it = {.program = create()};
  it.n = vmo_add_bounded_dim(it.program, "N", 1000);
  it.array = vmo_make_type(it.program, "f64", &it.n, 1);
  it.function = vmo_add_function(it.program, "f");
  assert_int_equal(vmo_add_parameter(it.program, it.function, "a", it.array, true), 0);
  assert_int_equal(vmo_add_result(it.program, it.function, it.array), VMO_OK);
  return it;
}

static vmo_value_id add_scaled(built it, vmo_value_id value, double factor, const char *name) {
  const vmo_argument arguments[] = {vmo_from_value(value), vmo_from_real(factor)};
  return vmo_add_value(it.program, it.function, "mul", arguments, 2, it.array, name);
}

static void add_end(built it, const char *op, vmo_value_id value) {
  const vmo_argument argument = vmo_from_value(value);
  assert_int_not_equal(vmo_add_op(it.program, it.function, op, &argument, 1, NULL, 0), VMO_NONE);
}

static void loops_and_branches_are_built(void **state) {
  (void)state;
  built it = begin_function();
  vmo_type_id index = vmo_make_type(it.program, "i64", NULL, 0), truth = vmo_make_type(it.program, "bool", NULL, 0);
  const vmo_argument loop[] = {vmo_from_integer(0), vmo_from_size(it.n), vmo_from_value(0)};
  vmo_op_id op = vmo_add_op(it.program, it.function, "for", loop, 3, &it.array, 1);
  assert_int_equal(vmo_set_integer_attribute(it.program, it.function, op, "step", 2), VMO_OK);
  vmo_value_id result = vmo_get_result(it.program, it.function, op, 0);
  assert_int_equal(vmo_open_region(it.program, it.function, op), VMO_OK);
  vmo_value_id i = vmo_add_region_argument(it.program, it.function, "i", index);
  vmo_value_id x = vmo_add_region_argument(it.program, it.function, "x", it.array);
  const vmo_argument compared[] = {vmo_from_value(i), vmo_from_integer(10)};
  vmo_value_id small = vmo_add_value(it.program, it.function, "lt", compared, 2, truth, "small");
  const vmo_argument condition = vmo_from_value(small);
  vmo_op_id branch = vmo_add_op(it.program, it.function, "if", &condition, 1, &it.array, 1);
  vmo_open_region(it.program, it.function, branch);
  add_end(it, "yield", add_scaled(it, x, 2.0, "twice"));
  vmo_close_region(it.program, it.function);
  vmo_open_region(it.program, it.function, branch);
  add_end(it, "yield", x);
  vmo_close_region(it.program, it.function);
  add_end(it, "yield", vmo_get_result(it.program, it.function, branch, 0));
  vmo_close_region(it.program, it.function);
  add_end(it, "return", result);
  assert_int_equal(vmo_end_function(it.program, it.function), VMO_OK);
  assert_int_equal(vmo_verify_program(it.program), VMO_OK);

  char *text = vmo_format_program(it.program, NULL);
  assert_non_null(strstr(text, "= for %i = 0 to N step 2 carry (%x = %a) -> f64[N] {"));
  vmo_program *again = create();
  assert_int_equal(vmo_read_program(again, "again", text, strlen(text)), VMO_OK);
  vmo_free_text(text);
  vmo_destroy_program(again);
  assert_int_equal(vmo_plan_program(it.program), VMO_OK);
  vmo_figures figures;
  assert_true(vmo_get_figures(it.program, it.function, NULL, &figures));
  assert_int_equal(figures.total_bytes, 8000 + 1); /* %twice and %small */
  vmo_destroy_program(it.program);
}

static void calls_declared_ops_spaces_and_states_are_built(void **state) {
  (void)state;
  vmo_program *program = create();
  vmo_size_id n = vmo_add_fixed_dim(program, "N", 8), local = vmo_add_local_dim(program, "n");
  vmo_size_id shape = vmo_make_quotient(
      program,
      vmo_make_sum(program, vmo_make_product(program, n, vmo_make_size(program, 2)), vmo_make_size(program, 1)), 2);
  vmo_type_id any = vmo_make_type(program, "f32", &local, 1), type = vmo_make_type(program, "f32", &shape, 1);
  vmo_type_id fast = vmo_make_placed_type(program, "f32", &shape, 1, "fast", 128);
  vmo_size_id workspace = vmo_make_product(program, local, vmo_make_size(program, 16));
  assert_int_equal(vmo_declare_op(program, "fft", &any, 1, &any, 1, 1, workspace, false), VMO_OK);

  vmo_function_id inner = vmo_add_function(program, "inner"), outer = vmo_add_function(program, "outer");
  vmo_argument argument = vmo_from_value(vmo_add_parameter(program, inner, "x", type, false));
  vmo_add_result(program, inner, type);
  argument = vmo_from_value(vmo_add_value(program, inner, "@fft", &argument, 1, type, "y"));
  vmo_add_op(program, inner, "return", &argument, 1, NULL, 0);

  vmo_value_id x = vmo_add_parameter(program, outer, "x", type, false);
  vmo_value_id s = vmo_add_state(program, outer, "s", type, 0);
  vmo_add_result(program, outer, type);
  argument = vmo_from_value(x);
  argument = vmo_from_value(vmo_add_value(program, outer, "@inner", &argument, 1, type, "c"));
  vmo_value_id moved = vmo_add_value(program, outer, "copy", &argument, 1, fast, "m");
  argument = vmo_from_value(moved);
  vmo_value_id back = vmo_add_value(program, outer, "copy", &argument, 1, type, "b");
  const vmo_argument sum[] = {vmo_from_value(s), vmo_from_value(back)};
  vmo_value_id next = vmo_add_value(program, outer, "add", sum, 2, type, "next");
  const vmo_argument results[] = {vmo_from_value(back), vmo_from_value(next)};
  vmo_add_op(program, outer, "return", results, 2, NULL, 0);

  if (vmo_plan_program(program) != VMO_OK) fail_msg("%s", vmo_format_diagnostics(program, NULL));
  vmo_figures figures;
  assert_true(vmo_get_figures(program, outer, "fast", &figures));
  assert_int_equal(figures.arena_bytes, 32);
  assert_true(vmo_get_figures(program, inner, NULL, &figures));
  assert_int_equal(figures.peak_bytes, 32 + 128); /* %y, and the workspace of @fft */
  assert_true(vmo_get_figures(program, outer, NULL, &figures));
  assert_int_equal(figures.state_bytes, 32);
  assert_string_equal(vmo_get_function_name(program, outer), "outer");
  assert_int_equal(vmo_count_functions(program), 2);
  vmo_destroy_program(program);
}

/* ---- wrong use ---- */

static void the_first_failure_is_kept(void **state) {
  (void)state;
  built it = begin_function();
  vmo_value_id none = add_scaled(it, 77, 2.0, "x");
  assert_int_equal(none, VMO_NONE);
  assert_int_equal(add_scaled(it, 0, 2.0, "y"), VMO_NONE); /* nothing is done any more */
  assert_int_equal(vmo_end_function(it.program, it.function), VMO_INPUT_ERROR);
  assert_int_equal(vmo_plan_program(it.program), VMO_INPUT_ERROR);
  assert_int_equal(vmo_count_diagnostics(it.program), 1);
  assert_diagnosed(it.program, "there is no value 77");
  vmo_destroy_program(it.program);
}

static void wrong_ids_and_words_are_named(void **state) {
  (void)state;
  static const char *const messages[] = {"there is no op mull",
                                         "there is no function or declared op @g",
                                         "there is no function 9",
                                         "there is no type 99",
                                         "there is no element type f65",
                                         "an alignment is a power of two, not 3",
                                         "no region is open",
                                         "has no further region",
                                         "attributes are set on the op that was added last",
                                         "a size is divided by a positive number",
                                         "cannot be -1"};
  for (int i = 0; i < (int)(sizeof messages / sizeof *messages); i++) {
    built it = begin_function();
    const vmo_argument argument = vmo_from_value(0);
    vmo_op_id op = vmo_add_op(it.program, it.function, "exp", &argument, 1, &it.array, 1);
    switch (i) {
    case 0: vmo_add_op(it.program, it.function, "mull", &argument, 1, &it.array, 1); break;
    case 1: vmo_add_op(it.program, it.function, "@g", &argument, 1, &it.array, 1); break;
    case 2: vmo_add_op(it.program, 9, "exp", &argument, 1, &it.array, 1); break;
    case 3: vmo_add_value(it.program, it.function, "exp", &argument, 1, 99, NULL); break;
    case 4: vmo_make_type(it.program, "f65", NULL, 0); break;
    case 5: vmo_make_placed_type(it.program, "f64", NULL, 0, NULL, 3); break;
    case 6: vmo_close_region(it.program, it.function); break;
    case 7: vmo_open_region(it.program, it.function, op); break;
    case 8: vmo_set_integer_attribute(it.program, it.function, op + 1, "axis", 0); break;
    case 9: vmo_make_quotient(it.program, it.n, 0); break;
    case 10: vmo_add_fixed_dim(it.program, "M", -1); break;
    }
    assert_diagnosed(it.program, messages[i]);
    assert_int_equal(vmo_plan_program(it.program), VMO_INPUT_ERROR);
    vmo_destroy_program(it.program);
  }
}

static void calls_out_of_order_are_refused(void **state) {
  (void)state;
  vmo_program *program = create();
  assert_int_equal(vmo_plan_program(program), VMO_INPUT_ERROR);
  assert_diagnosed(program, "there is no function in the program");
  vmo_destroy_program(program);

  program = create();
  assert_int_equal(vmo_read_program(program, "a", chain, strlen(chain)), VMO_OK);
  assert_int_equal(vmo_read_program(program, "b", chain, strlen(chain)), VMO_INPUT_ERROR);
  vmo_destroy_program(program);

  program = create();
  assert_int_equal(vmo_read_program(program, "a", chain, strlen(chain)), VMO_OK);
  assert_int_equal(vmo_count_storages(program, 0), 0); /* not planned */
  assert_int_equal(vmo_plan_program(program), VMO_OK);
  assert_int_equal(vmo_plan_program(program), VMO_INPUT_ERROR);
  assert_int_equal(vmo_add_function(program, "late"), VMO_NONE);
  vmo_destroy_program(program);

  program = create();
  assert_int_equal(vmo_read_program(program, "a", chain, strlen(chain)), VMO_OK);
  assert_int_equal(vmo_set_dim(program, "N", 1001), VMO_INPUT_ERROR);
  assert_int_equal(vmo_plan_program(program), VMO_INPUT_ERROR);
  vmo_destroy_program(program);
  vmo_destroy_program(NULL);
  vmo_free_text(NULL);
}

static void the_version_is_told(void **state) {
  (void)state;
  assert_non_null(strchr(vmo_get_version(), '.'));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_program_is_read_planned_and_read_out),
      cmocka_unit_test(a_plan_reads_back),
      cmocka_unit_test(errors_in_text_have_their_place),
      cmocka_unit_test(dims_without_values_give_no_numbers),
      cmocka_unit_test(loops_and_branches_are_built),
      cmocka_unit_test(calls_declared_ops_spaces_and_states_are_built),
      cmocka_unit_test(the_first_failure_is_kept),
      cmocka_unit_test(wrong_ids_and_words_are_named),
      cmocka_unit_test(calls_out_of_order_are_refused),
      cmocka_unit_test(the_version_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
