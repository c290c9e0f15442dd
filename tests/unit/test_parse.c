/* test_parse.c: what the parser makes of good text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "tests/unit/parse_text.h"

static void dims_count_in_the_whole_file(void **state) {
  (void)state;
  vmo_module *module = parse("func @f(%x: f64[N]) -> f64[N] {\n  return %x\n}\n"
                             "dim N <= 10\n\tdim M = 7 // fixed\ndim F");
  assert_int_equal(module->dims.count, 3);
  assert_int_equal(module->dims.data[0].kind, VMO_DIM_BOUNDED);
  assert_int_equal(module->dims.data[0].limit, 10);
  assert_int_equal(module->dims.data[0].location.line, 4);
  assert_int_equal(module->dims.data[0].location.column, 5);
  assert_int_equal(module->dims.data[1].kind, VMO_DIM_FIXED);
  assert_int_equal(module->dims.data[2].kind, VMO_DIM_FREE);
}

static void types_have_all_their_parts(void **state) {
  (void)state;
  vmo_module *module = parse("dim B\nfunc @f(%x: f32[B,2*B+1] @sram align 128 donate, %s: bool) {\n  return\n}\n");
  const vmo_function *function = module->functions.data[0];
  const vmo_type *type = vmo_value_type(module, function, 0);
  assert_int_equal(type->element, VMO_F32);
  assert_int_equal(type->rank, 2);
  assert_int_equal(type->alignment, 128);
  assert_int_equal(type->space, 1);
  assert_string_equal(vmo_name(module, module->spaces.data[1]), "sram");
  assert_true(function->parameters.data[0].donate);
  assert_false(function->parameters.data[1].donate);
  assert_int_equal(vmo_value_type(module, function, 1)->rank, 0);
}

static vmo_size_id parse_size(const char *text, vmo_module **module) {
  char program[256];
  snprintf(program, sizeof program, "dim N\ndim M\nop @o(%%n: f64[N]) {workspace = %s}\nfunc @f() {\n return\n}\n",
           text);
  *module = parse(program);
  return (*module)->declarations.data[0].workspace;
}

static void assert_size(const char *text, const char *expected) {
  const char *spelling = text;
  for (int round = 0; round < 2; round++) { /* as given, and as printed */
    vmo_module *module;
    vmo_text printed;
    vmo_size_id size = parse_size(spelling, &module);
    vmo_text_init(&printed);
    vmo_size_print(module->sizes, size, module->dims.data, context->names, &printed);
    assert_string_equal(printed.data, expected);
    vmo_text_free(&printed);
    spelling = expected;
  }
}

static void sizes_have_the_usual_precedence(void **state) {
  (void)state;
  assert_size("1 + 2 * N", "2*N + 1");
  assert_size("(1 + 2) * N", "3*N");
  assert_size("N / 2 * 4", "N/2*4");
  assert_size("4 * N / 2", "2*N");
  assert_size("(N + 63) / 64 * 64", "(N + 63)/64*64");
  assert_size("N*M - N + 5", "N*M - N + 5");
  assert_size("10 - N + 2*M - (M - N)", "M + 10");
  assert_size("-N/2 + 8*N", "8*N - N/2");
  assert_size("max(8*N, 4*M, N)", "max(8*N, 4*M)");
  assert_size("max(N, M) + max(N/2*(M/3), 7)", "max(N/2*(M/3), 7) + max(N, M)");
  assert_size("0x10", "16");
}

static void literals_keep_kind_and_sign(void **state) {
  (void)state;
  vmo_module *module = parse("dim N\nfunc @f(%x: f64[N], %i: i64[N]) -> f64[N] {\n"
                             "  %a = clip %x, -2e-3, inf : f64[N]\n"
                             "  %b = mul %a, 3 : f64[N]\n"
                             "  %c = mul %i, -9223372036854775808 : i64[N]\n"
                             "  %d = add %b, nan : f64[N]\n"
                             "  %e = where true, %d, -inf : f64[N]\n"
                             "  return %e\n}\n");
  const vmo_function *function = module->functions.data[0];
  const vmo_literal *literals = function->literals.data;
  assert_int_equal(function->literals.count, 7);
  assert_true(literals[0].kind == VMO_LITERAL_REAL && literals[0].value.real == -2e-3);
  assert_true(literals[1].kind == VMO_LITERAL_REAL && literals[1].value.real > 1e308);
  assert_true(literals[2].kind == VMO_LITERAL_INTEGER && literals[2].value.bits == 3);
  assert_true(literals[3].negative && literals[3].value.bits == UINT64_C(1) << 63);
  assert_true(literals[4].value.real != literals[4].value.real);
  assert_true(literals[5].kind == VMO_LITERAL_BOOL && literals[5].value.bits == 1);
  assert_true(literals[6].value.real < -1e308);
}

static void attributes_keep_their_kinds(void **state) {
  (void)state;
  vmo_module *module = parse("dim N\nfunc @f(%x: f64[N,4]) -> f64[N] {\n"
                             "  %y = slice %x {start = [0, 0], size = [N, 4]} : f64[N,4]\n"
                             "  %z = sum %y {axis = 1, keep = false} : f64[N]\n"
                             "  return %z\n}\n");
  const vmo_function *function = module->functions.data[0];
  const vmo_op *slice = &function->ops.data[0], *sum = &function->ops.data[1];
  const vmo_attribute *size = vmo_op_attribute(module, function, slice, "size");
  assert_non_null(size);
  assert_true(size->is_list);
  assert_int_equal(size->item_count, 2);
  assert_int_equal(function->items.data[size->item_first].kind, VMO_ATTRIBUTE_SIZE);
  assert_int_equal(function->items.data[size->item_first + 1].kind, VMO_ATTRIBUTE_INTEGER);
  assert_int_equal(vmo_op_integer(module, function, sum, "axis", -1), 1);
  assert_int_equal(vmo_op_integer(module, function, sum, "keep", -1), 0);
  assert_null(vmo_op_attribute(module, function, sum, "size"));
  assert_int_equal(size->location.line, 3);
  assert_int_equal(size->location.column, 34);
}

static void a_while_sees_its_arguments_in_both_regions(void **state) {
  (void)state;
  vmo_module *module = parse("func @f(%n: i64) -> i64 {\n"
                             "  %r = while carry (%x = %n) -> i64 {\n    %go = gt %x, 0 : bool\n    condition %go\n"
                             "  } do {\n    %y = sub %x, 1 : i64\n    yield %y\n  }\n  return %r\n}\n");
  const vmo_function *function = module->functions.data[0];
  assert_int_equal(function->regions.count, 3);
  assert_int_equal(function->regions.data[1].kind, VMO_REGION_CONDITION);
  assert_int_equal(function->regions.data[2].kind, VMO_REGION_DO);
  assert_int_equal(function->regions.data[1].argument_count, 1);
  assert_int_equal(function->regions.data[2].argument_count, 0);
  assert_int_equal(vmo_op_value(function, &function->ops.data[3], 0), function->regions.data[1].argument_first);
}

static void callees_may_come_later(void **state) {
  (void)state;
  vmo_module *module = parse("dim N\nfunc @f(%x: f64[N]) -> f64[N] {\n  %y = call @g(%x) : f64[N]\n"
                             "  %z = @own %y : f64[N]\n  %w = call @f(%z) : f64[N]\n  return %w\n}\n"
                             "func @g(%x: f64[N]) -> f64[N] {\n  return %x\n}\nop @own(%x: f64[k]) -> f64[k]\n");
  const vmo_function *function = module->functions.data[0];
  assert_int_equal(function->ops.data[0].callee, 1);
  assert_int_equal(function->ops.data[1].callee, 0);
  assert_int_equal(function->ops.data[2].callee, 0);
  assert_int_equal(function->ops.data[3].callee, VMO_NONE);
}

static void the_number_of_operands_chooses_between_ops_of_one_name(void **state) {
  (void)state;
  vmo_module *module = parse("dim N\nfunc @f(%x: f64[N]) -> f64 {\n  %a = max %x, 0 : f64[N]\n  %b = max %a : f64\n"
                             "  return %b\n}\n");
  assert_int_equal(module->functions.data[0]->ops.data[0].code, VMO_OP_max);
  assert_int_equal(module->functions.data[0]->ops.data[1].code, VMO_OP_reduce_max);
}

static void an_op_without_results_may_follow_a_type(void **state) {
  (void)state;
  vmo_module *module = parse("dim N\nop @log(%x: f64[n]) {effect = true}\nfunc @f(%x: f64[N]) {\n"
                             "  %y = neg %x : f64[N]\n  @log %y\n  return\n}\n");
  assert_int_equal(module->spaces.count, 1); /* @log is no memory space of the type before it */
  assert_int_equal(module->functions.data[0]->ops.data[1].code, VMO_OP_declared);
}

static void declarations_bind_their_own_names(void **state) {
  (void)state;
  vmo_module *module =
      parse("op @a(%x: f64[n], %y: f64[n,k]) -> (f64[k], f64[n]) {inplace = [0, 1], workspace = 16*n}\n"
            "op @b(%x: i32[n]) {effect = true}\ndim N\nfunc @f() {\n  return\n}\n");
  const vmo_declaration *a = &module->declarations.data[0], *b = &module->declarations.data[1];
  assert_int_equal(a->inplace, 3);
  assert_int_equal(a->result_types.count, 2);
  assert_int_equal(module->dims.data[0].kind, VMO_DIM_FREE); /* dims of the file come first */
  assert_int_equal(module->dims.count, 3);
  assert_int_equal(module->dims.data[1].kind, VMO_DIM_LOCAL);
  assert_true(vmo_size_mentions(module->sizes, a->workspace, 1));
  assert_true(b->effect && !a->effect);
}

static void a_plan_is_read(void **state) {
  (void)state;
  vmo_module *module =
      parse("dim N\nfunc @g(%x: f64[N]) -> f64[N] {\n  %y = neg %x : f64[N]\n  return %y\n}\n"
            "func @f(%x: f64[N], state %s: f64[N] offset 0 {slot = 3, offset = 0}) -> f64[N] plan {align = 32, "
            "results = caller, arena = 8*N, call_arena = 64, arena @sram = 256} {\n"
            "  %a = add %x, 1 {slot = 0, offset = 8*N} : f64[N]\n"
            "  %b, %n = unique %a {slot = [1, none], offset = [64, none], over = [%a, none]} : f64[N], i64\n"
            "  %c = call @g(%b) {slot = 2, offset = 128, callee_offset = [256, none]} : f64[N]\n"
            "  %d = neg %c {workspace_offset = 512, result = 0} : f64[N]\n"
            "  return %d, state %s\n}\n");
  const vmo_plan *plan = module->functions.data[1]->plan;
  assert_null(module->functions.data[0]->plan);
  assert_non_null(plan);
  assert_int_equal(plan->alignment, 32);
  assert_true(plan->results_in_caller);
  assert_int_equal(plan->arena_count, 2);
  assert_int_equal(plan->arenas[0].call_bytes, vmo_size_constant(module->sizes, 64));
  assert_int_equal(plan->arenas[1].space, 1);
  assert_int_equal(plan->arenas[1].call_bytes, VMO_NONE);
  assert_int_equal(plan->value_count, module->functions.data[1]->values.count);
  assert_int_equal(plan->values[0].slot, VMO_NONE);
  assert_int_equal(plan->values[1].slot, 3);
  assert_int_equal(plan->values[3].over, 2);
  assert_int_equal(plan->values[4].slot, VMO_NONE);
  assert_int_equal(plan->values[6].result, 0);
  assert_int_equal(plan->values[5].result, -1);
  assert_int_equal(plan->op_count, 2);
  assert_int_equal(plan->ops[0].op, 2);
  assert_int_equal(plan->ops[0].callee_count, 2);
  assert_int_equal(plan->callee_offsets[plan->ops[0].callee_first + 1], VMO_NONE);
  assert_int_equal(plan->ops[1].workspace_offset, vmo_size_constant(module->sizes, 512));
}

static void marks_and_line_ends_of_other_systems(void **state) {
  (void)state;
  vmo_module *module = parse("\xef\xbb\xbf"
                             "dim N\r\nfunc @f(%x: f64[N]) -> f64[N] {\r\n\t%y = neg %x : f64[N]\r\n\treturn %y\r\n}");
  assert_int_equal(module->functions.data[0]->ops.data[0].location.line, 3);
  assert_int_equal(module->functions.data[0]->ops.data[0].location.column, 7);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      PARSER_TEST(dims_count_in_the_whole_file),
      PARSER_TEST(types_have_all_their_parts),
      PARSER_TEST(sizes_have_the_usual_precedence),
      PARSER_TEST(literals_keep_kind_and_sign),
      PARSER_TEST(attributes_keep_their_kinds),
      PARSER_TEST(a_while_sees_its_arguments_in_both_regions),
      PARSER_TEST(callees_may_come_later),
      PARSER_TEST(the_number_of_operands_chooses_between_ops_of_one_name),
      PARSER_TEST(an_op_without_results_may_follow_a_type),
      PARSER_TEST(declarations_bind_their_own_names),
      PARSER_TEST(a_plan_is_read),
      PARSER_TEST(marks_and_line_ends_of_other_systems),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
