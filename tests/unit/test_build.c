/* test_build.c: modules built by hand: ids, names, regions, what the arrays hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ir/ir.h"

typedef struct fixture {
  vmo_context *context;
  vmo_module *module;
  vmo_size_id n;
  vmo_type_id vector, boolean, index; /* f64[N], bool, i64 */
} fixture;

static const vmo_location nowhere = {0, 0};
static const vmo_parameter plain = {false, false, -1};

static int set_up(void **state) {
  static fixture f;
  f.context = vmo_context_create();
  f.module = vmo_module_create(f.context);
  f.n = vmo_size_symbol(f.module->sizes, vmo_build_dim(f.module, "N", VMO_DIM_FREE, 0, nowhere));
  f.vector = vmo_build_type(f.module, VMO_F64, &f.n, 1, 0, 0);
  f.boolean = vmo_build_type(f.module, VMO_BOOL, NULL, 0, 0, 0);
  f.index = vmo_build_type(f.module, VMO_I64, NULL, 0, 0, 0);
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  vmo_context_destroy(((fixture *)*state)->context);
  return 0;
}

static vmo_operand value(vmo_value_id id) { return (vmo_operand){VMO_OPERAND_VALUE, id, nowhere}; }

static vmo_operand whole_number(fixture *f, vmo_function *function, uint64_t number) {
  vmo_literal literal = {VMO_LITERAL_INTEGER, VMO_ELEMENT_COUNT, false, {number}};
  return (vmo_operand){VMO_OPERAND_LITERAL, vmo_build_literal(f->module, function, literal), nowhere};
}

/* Appends an op with at most one result. */
static uint32_t append(fixture *f, vmo_function *function, vmo_opcode code, const vmo_operand *operands,
                       uint32_t operand_count, vmo_type_id type, const char *name) {
  vmo_op_spec spec = {code, VMO_NONE, operands, operand_count, &type, &name, type == VMO_NONE ? 0 : 1, nowhere};
  uint32_t op = vmo_build_op(f->module, function, &spec);
  assert_int_not_equal(op, VMO_NONE);
  return op;
}

static void yield(fixture *f, vmo_function *function, vmo_value_id yielded) {
  vmo_operand operand = value(yielded);
  append(f, function, VMO_OP_yield, &operand, 1, VMO_NONE, NULL);
  vmo_build_region_end(f->module, function);
}

static void assert_prints(fixture *f, const char *expected) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_print_module(f->module, &text);
  assert_string_equal(text.data, expected);
  vmo_text_free(&text);
}

/* A branch within a branch: the regions of the outer `if` are opened with those of the inner one in between. */
static vmo_function *build_nested_branches(fixture *f) {
  vmo_function *function = vmo_build_function(f->module, "choose", nowhere);
  vmo_value_id x = vmo_build_parameter(f->module, function, "x", f->vector, plain, nowhere);
  vmo_value_id c = vmo_build_parameter(f->module, function, "c", f->boolean, plain, nowhere);
  assert_true(vmo_build_result_type(f->module, function, f->vector));
  vmo_operand condition = value(c), operand = value(x);
  uint32_t outer = append(f, function, VMO_OP_if, &condition, 1, f->vector, "r");
  vmo_build_region(f->module, function, outer, VMO_REGION_THEN);
  uint32_t inner = append(f, function, VMO_OP_if, &condition, 1, f->vector, "s");
  vmo_build_region(f->module, function, inner, VMO_REGION_THEN);
  uint32_t negated = append(f, function, VMO_OP_neg, &operand, 1, f->vector, NULL);
  yield(f, function, function->ops.data[negated].result_first);
  vmo_build_region(f->module, function, inner, VMO_REGION_ELSE);
  yield(f, function, x);
  yield(f, function, function->ops.data[inner].result_first);
  vmo_build_region(f->module, function, outer, VMO_REGION_ELSE);
  yield(f, function, x);
  operand = value(function->ops.data[outer].result_first);
  append(f, function, VMO_OP_return, &operand, 1, VMO_NONE, NULL);
  vmo_build_region_end(f->module, function);
  return function;
}

static void regions_of_an_op_are_consecutive(void **state) {
  fixture *f = *state;
  vmo_function *function = build_nested_branches(f);
  assert_int_equal(function->open_regions.count, 0);
  assert_int_equal(function->regions.count, 5);
  const vmo_op *outer = &function->ops.data[0], *inner = &function->ops.data[1];
  assert_int_equal(outer->region_first, 1);
  assert_int_equal(outer->region_count, 2);
  assert_int_equal(inner->region_first, 3);
  assert_int_equal(inner->region_count, 2);
  assert_int_equal(inner->region, 1);
  const vmo_region *regions = function->regions.data;
  static const vmo_region_kind kinds[] = {VMO_REGION_BODY, VMO_REGION_THEN, VMO_REGION_ELSE, VMO_REGION_THEN,
                                          VMO_REGION_ELSE};
  static const uint32_t first[] = {0, 1, 6, 2, 4}, end[] = {8, 6, 7, 4, 5}, depth[] = {0, 1, 1, 2, 2};
  static const uint32_t parent[] = {VMO_NONE, 0, 0, 1, 1}, owner[] = {VMO_NONE, 0, 0, 1, 1};
  for (uint32_t i = 0; i < 5; i++) {
    assert_int_equal(regions[i].kind, kinds[i]);
    assert_int_equal(regions[i].op_first, first[i]);
    assert_int_equal(regions[i].op_end, end[i]);
    assert_int_equal(regions[i].depth, depth[i]);
    assert_int_equal(regions[i].parent, parent[i]);
    assert_int_equal(regions[i].owner, owner[i]);
  }
  assert_prints(f, "dim N\n\n"
                   "func @choose(%x: f64[N], %c: bool) -> f64[N] {\n"
                   "  %r = if %c -> f64[N] {\n"
                   "    %s = if %c -> f64[N] {\n"
                   "      %0 = neg %x : f64[N]\n"
                   "      yield %0\n"
                   "    } else {\n"
                   "      yield %x\n"
                   "    }\n"
                   "    yield %s\n"
                   "  } else {\n"
                   "    yield %x\n"
                   "  }\n"
                   "  return %r\n"
                   "}\n");
}

static void loop_arguments_follow_their_region(void **state) {
  fixture *f = *state;
  vmo_function *function = vmo_build_function(f->module, "power", nowhere);
  vmo_value_id x = vmo_build_parameter(f->module, function, "x", f->vector, plain, nowhere);
  vmo_build_result_type(f->module, function, f->vector);
  vmo_operand operands[3] = {whole_number(f, function, 0), whole_number(f, function, 20), value(x)};
  uint32_t loop = append(f, function, VMO_OP_for, operands, 3, f->vector, "r");
  vmo_attribute_item two = {VMO_ATTRIBUTE_INTEGER, {2}};
  assert_true(vmo_build_attribute(f->module, function, loop, "step", false, &two, 1, nowhere));
  vmo_region_id region = vmo_build_region(f->module, function, loop, VMO_REGION_FOR);
  vmo_value_id i = vmo_build_argument(f->module, function, region, "i", f->index, nowhere);
  vmo_value_id carried = vmo_build_argument(f->module, function, region, "y", f->vector, nowhere);
  vmo_operand both[2] = {value(carried), value(x)};
  uint32_t product = append(f, function, VMO_OP_mul, both, 2, f->vector, "z");
  yield(f, function, function->ops.data[product].result_first);
  vmo_operand result = value(function->ops.data[loop].result_first);
  append(f, function, VMO_OP_return, &result, 1, VMO_NONE, NULL);
  vmo_build_region_end(f->module, function);

  assert_int_equal(function->values.data[i].kind, VMO_VALUE_ARGUMENT);
  assert_int_equal(function->values.data[i].owner, 1);
  assert_int_equal(function->values.data[carried].position, 1);
  assert_int_equal(function->regions.data[1].argument_first, i);
  assert_int_equal(function->regions.data[1].argument_count, 2);
  assert_int_equal(vmo_op_integer(f->module, function, &function->ops.data[loop], "step", 1), 2);
  assert_int_equal(vmo_op_integer(f->module, function, &function->ops.data[loop], "stride", 7), 7);
  assert_int_equal(vmo_op_value(function, &function->ops.data[loop], 0), VMO_NONE);
  assert_int_equal(vmo_op_value(function, &function->ops.data[loop], 2), x);
  assert_prints(f, "dim N\n\n"
                   "func @power(%x: f64[N]) -> f64[N] {\n"
                   "  %r = for %i = 0 to 20 step 2 carry (%y = %x) -> f64[N] {\n"
                   "    %z = mul %y, %x : f64[N]\n"
                   "    yield %z\n"
                   "  }\n"
                   "  return %r\n"
                   "}\n");
}

static void equal_types_have_equal_ids(void **state) {
  fixture *f = *state;
  vmo_module *module = f->module;
  vmo_size_id four = vmo_size_constant(module->sizes, 4), shape[2] = {f->n, four};
  vmo_type_id matrix = vmo_build_type(module, VMO_F32, shape, 2, 0, 0);
  assert_int_equal(matrix, vmo_build_type(module, VMO_F32, shape, 2, 0, 0));
  assert_int_not_equal(matrix, vmo_build_type(module, VMO_I32, shape, 2, 0, 0));
  assert_int_not_equal(matrix, vmo_build_type(module, VMO_F32, shape, 1, 0, 0));
  assert_int_not_equal(matrix, vmo_build_type(module, VMO_F32, shape, 2, 0, 128));
  vmo_space_id sram = vmo_build_space(module, "sram");
  assert_int_equal(sram, 1);
  assert_int_equal(sram, vmo_build_space(module, "sram"));
  assert_int_equal(vmo_build_space(module, "default"), 0);
  assert_int_not_equal(matrix, vmo_build_type(module, VMO_F32, shape, 2, sram, 0));
  const vmo_type *type = &module->types.data[matrix];
  assert_int_equal(type->bytes, vmo_size_multiply(module->sizes, f->n, vmo_size_constant(module->sizes, 16)));
  vmo_size_id large = vmo_size_constant(module->sizes, INT64_C(1) << 61);
  assert_int_equal(vmo_build_type(module, VMO_F64, &large, 1, 0, 0), VMO_NONE);
  assert_int_equal(vmo_sizes_status(module->sizes), VMO_INPUT_ERROR);
}

static void many_types_are_told_apart(void **state) {
  fixture *f = *state;
  for (int round = 0; round < 2; round++)
    for (int64_t i = 0; i < 5000; i++) {
      vmo_size_id size = vmo_size_constant(f->module->sizes, i);
      assert_int_equal(vmo_build_type(f->module, VMO_F32, &size, 1, 0, 0), 3 + i);
    }
}

static void names_of_values_become_fit_and_unique(void **state) {
  fixture *f = *state;
  vmo_function *function = vmo_build_function(f->module, "names", nowhere);
  static const char *const wanted[] = {"x", "x", "a/b:c", NULL, "1", NULL, "", "x.1"};
  static const char *const given[] = {"x", "x.1", "a_b_c", "0", "1", "2", "3", "x.1.7"};
  for (uint32_t i = 0; i < 8; i++) {
    vmo_value_id id = vmo_build_parameter(f->module, function, wanted[i], f->vector, plain, nowhere);
    assert_int_equal(id, i);
    assert_string_equal(vmo_value_name(f->module, function, id), given[i]);
  }
  vmo_function *other = vmo_build_function(f->module, "others", nowhere);
  vmo_build_parameter(f->module, other, "x", f->vector, plain, nowhere);
  assert_string_equal(vmo_value_name(f->module, other, 0), "x");
  vmr_symbol symbol = vmo_build_value_name(f->module, function, "x");
  assert_string_equal(vmo_name(f->module, symbol), "x.8");
}

static void taken_and_bad_names_are_refused(void **state) {
  fixture *f = *state;
  assert_int_equal(vmo_build_dim(f->module, "N", VMO_DIM_FREE, 0, nowhere), VMO_NONE);
  assert_string_equal(f->context->diagnostics->items[0].message, "`N` is declared twice");
  assert_int_equal(vmo_build_dim(f->module, "2N", VMO_DIM_FREE, 0, nowhere), VMO_NONE);
  assert_string_equal(f->context->diagnostics->items[1].message, "`2N` is no name for a dim");
  assert_int_equal(vmo_build_dim(f->module, "max", VMO_DIM_FREE, 0, nowhere), VMO_NONE);
  assert_non_null(vmo_build_function(f->module, "f", (vmo_location){3, 7}));
  assert_null(vmo_build_function(f->module, "f", nowhere));
  assert_string_equal(f->context->diagnostics->items[3].message, "`@f` is already declared at 3:7");
  assert_int_equal(vmo_build_declaration(f->module, "f", nowhere), VMO_NONE);
  assert_null(vmo_build_function(f->module, "", nowhere));
  assert_int_equal(f->context->diagnostics->errors, 6);
  vmo_dim_id local = vmo_build_dim(f->module, "k", VMO_DIM_LOCAL, 0, nowhere);
  assert_int_equal(local, vmo_build_dim(f->module, "k", VMO_DIM_LOCAL, 0, nowhere));
}

static void functions_are_found_by_name(void **state) {
  fixture *f = *state;
  vmo_build_function(f->module, "a", nowhere);
  vmo_build_declaration(f->module, "fft", nowhere);
  vmo_build_function(f->module, "b", nowhere);
  assert_int_equal(vmo_find_function(f->module, "a"), 0);
  assert_int_equal(vmo_find_function(f->module, "b"), 1);
  assert_int_equal(vmo_find_function(f->module, "fft"), VMO_NONE);
  assert_int_equal(vmo_find_function(f->module, "never mentioned"), VMO_NONE);
}

static void dims_take_values_within_their_bounds(void **state) {
  fixture *f = *state;
  vmo_dim_id bounded = vmo_build_dim(f->module, "M", VMO_DIM_BOUNDED, 100, (vmo_location){2, 5});
  vmo_dim_id fixed = vmo_build_dim(f->module, "K", VMO_DIM_FIXED, 8, nowhere);
  vmo_build_dim(f->module, "local", VMO_DIM_LOCAL, 0, nowhere);
  vmo_binding binding = vmo_declared_binding(f->module);
  assert_int_equal(binding.count, 4);
  assert_true(binding.dims[0].low == 0 && binding.dims[0].high == INT64_MAX);
  assert_true(binding.dims[bounded].low == 0 && binding.dims[bounded].high == 100);
  assert_true(binding.dims[fixed].low == 8 && binding.dims[fixed].high == 8);
  assert_int_equal(vmo_bind_dim(f->module, &binding, "N", 1000), VMO_OK);
  assert_int_equal(vmo_bind_dim(f->module, &binding, "M", 100), VMO_OK);
  assert_int_equal(vmo_bind_dim(f->module, &binding, "K", 8), VMO_OK);
  assert_true(binding.dims[0].low == 1000 && binding.dims[0].high == 1000);
  assert_int_equal(f->context->diagnostics->errors, 0);
  assert_int_equal(vmo_bind_dim(f->module, &binding, "M", 101), VMO_INPUT_ERROR);
  assert_string_equal(f->context->diagnostics->items[0].message, "dim `M` cannot be 101: line 2 says `M <= 100`");
  assert_int_equal(vmo_bind_dim(f->module, &binding, "K", 7), VMO_INPUT_ERROR);
  assert_int_equal(vmo_bind_dim(f->module, &binding, "N", -1), VMO_INPUT_ERROR);
  assert_string_equal(f->context->diagnostics->items[2].message, "dim `N` cannot be negative: -1");
  assert_int_equal(vmo_bind_dim(f->module, &binding, "local", 1), VMO_INPUT_ERROR);
  assert_int_equal(vmo_bind_dim(f->module, &binding, "none", 1), VMO_INPUT_ERROR);
  assert_string_equal(f->context->diagnostics->items[4].message, "the program has no dim `none`");
}

static void elements_have_their_widths(void **state) {
  (void)state;
  assert_string_equal(vmo_element_name(VMO_BF16), "bf16");
  assert_int_equal(vmo_element_bytes(VMO_BOOL), 1);
  assert_int_equal(vmo_element_bytes(VMO_BF16), 2);
  assert_int_equal(vmo_element_bytes(VMO_U32), 4);
  assert_int_equal(vmo_element_bytes(VMO_F64), 8);
  assert_true(vmo_element_is_float(VMO_F16) && !vmo_element_is_float(VMO_I64));
  assert_true(vmo_element_is_integer(VMO_U8) && !vmo_element_is_integer(VMO_BOOL));
}

/* A body by hand is opened with the operands as its parameters, and prints with the declaration. */
static void bodies_are_built(void **state) {
  fixture *f = *state;
  uint32_t twice = vmo_build_declaration(f->module, "twice", nowhere);
  assert_int_not_equal(twice, VMO_NONE);
  assert_true(vmo_build_declaration_parameter(f->module, twice, "x", f->vector));
  assert_true(vmo_build_declaration_result(f->module, twice, f->vector));
  vmo_function *body = vmo_build_declaration_body(f->module, twice);
  vmo_operand operands[2] = {value(0), value(0)};
  uint32_t sum = append(f, body, VMO_OP_add, operands, 2, f->vector, "y");
  operands[0] = value(body->ops.data[sum].result_first);
  append(f, body, VMO_OP_return, operands, 1, VMO_NONE, NULL);
  vmo_build_region_end(f->module, body);
  uint64_t same = 0;
  assert_true(vmo_find_same_index(f->module, body, f->module->context->arena, &same));
  assert_int_equal(same, 1);
  f->module->declarations.data[twice].inplace = same;
  assert_int_equal(vmo_verify_module(f->module), VMO_OK);
  vmo_text text;
  vmo_text_init(&text);
  vmo_print_module(f->module, &text);
  assert_non_null(strstr(text.data, "{inplace = [0]} do {\n  %y = add %x, %x : "));
  vmo_text_free(&text);
  body->parameters.data[0].donate = true;
  assert_int_equal(vmo_verify_module(f->module), VMO_INPUT_ERROR);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(bodies_are_built),
      TEST(regions_of_an_op_are_consecutive),
      TEST(loop_arguments_follow_their_region),
      TEST(equal_types_have_equal_ids),
      TEST(many_types_are_told_apart),
      TEST(names_of_values_become_fit_and_unique),
      TEST(taken_and_bad_names_are_refused),
      TEST(functions_are_found_by_name),
      TEST(dims_take_values_within_their_bounds),
      TEST(elements_have_their_widths),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
