/* test_parse.c: what the parser makes of good text, what it says of bad text, and that any bytes are survived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ir/ir.h"

static vmo_context *context;

static int set_up(void **state) {
  (void)state;
  context = vmo_context_create();
  return context == NULL;
}

static int tear_down(void **state) {
  (void)state;
  vmo_context_destroy(context);
  return 0;
}

static vmo_module *parse(const char *text) {
  vmo_module *module;
  assert_int_equal(vmo_context_set_source(context, "test", text, strlen(text)), VMO_OK);
  vmo_status status = vmo_parse_module(context, &module);
  if (status != VMO_OK) {
    vmo_text shown;
    vmo_text_init(&shown);
    vmo_diag_print_all(context, false, &shown);
    print_error("%s", shown.data);
    vmo_text_free(&shown);
  }
  assert_int_equal(status, VMO_OK);
  assert_int_equal(context->diagnostics->errors, 0);
  return module;
}

/* ---- good text ---- */

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

/* ---- bad text ---- */

typedef struct fault {
  const char *text;
  uint32_t line, column;
  const char *message; /* how it begins */
  const char *hint;    /* how it begins; NULL: none is asked for */
} fault;

static bool begins(const char *text, const char *beginning) {
  return text != NULL && strncmp(text, beginning, strlen(beginning)) == 0;
}

/* Whether the text has that one fault and no other; shows what it has otherwise. */
static bool has_fault(const fault *expected) {
  vmo_module *module = NULL;
  vmo_context *own = vmo_context_create();
  vmo_context_set_source(own, "test", expected->text, strlen(expected->text));
  vmo_status status = vmo_parse_module(own, &module);
  const vmo_diagnostic *first = own->diagnostics->items;
  bool good = status == VMO_INPUT_ERROR && module == NULL && own->diagnostics->errors == 1 &&
              first->location.line == expected->line && first->location.column == expected->column &&
              begins(first->message, expected->message) &&
              (expected->hint == NULL || begins(first->hint, expected->hint));
  if (!good) {
    vmo_text shown;
    vmo_text_init(&shown);
    vmo_diag_print_all(own, false, &shown);
    print_error("wanted at %u:%u: %s (%s)\ngot:\n%s\nfor:\n%s\n", expected->line, expected->column, expected->message,
                expected->hint == NULL ? "any hint" : expected->hint, shown.data == NULL ? "nothing" : shown.data,
                expected->text);
    vmo_text_free(&shown);
  }
  vmo_context_destroy(own);
  return good;
}

#define HEAD "dim N\nfunc @f(%x: f64[N], %c: bool) -> f64[N] {\n"
#define TAIL "  return %x\n}\n"

static void each_fault_is_reported_once_at_its_place(void **state) {
  (void)state;
  static const fault faults[] = {
      {"", 1, 1, "there is no function here", "a program has"},
      {"// nothing\n", 2, 1, "there is no function here", NULL},
      {"dim N", 1, 6, "there is no function here", NULL},
      {"hello\n", 1, 1, "expected `dim`, `op` or `func`, found `hello`", NULL},
      {"func f() {\n  return\n}\n", 1, 6, "expected the function's name", NULL},
      {"dim\nfunc @f() {\n  return\n}\n", 1, 4, "expected the dim's name (`dim N <= 1000`), but the line ends", NULL},
      {"dim N N\nfunc @f() {\n  return\n}\n", 1, 7, "expected `<=`, `=` or the end of the line", NULL},
      {"dim N <= 99999999999999999999\nfunc @f() {\n  return\n}\n", 1, 10, "the number 99999999999999999999 is too",
       NULL},
      {"dim N <= 9999999999999999\nfunc @f() {\n  return\n}\n", 1, 10, "a size is at most 9007199254740991", NULL},
      {"dim N\ndim N\nfunc @f() {\n  return\n}\n", 2, 5, "`N` is already declared at 1:5", NULL},
      {"dim max\nfunc @f() {\n  return\n}\n", 1, 5, "`max` is no name for a dim", NULL},
      {"func @f() {\n  return\n}\nfunc @f() {\n  return\n}\n", 4, 6, "`@f` is already declared at 1:6", NULL},
      {"op @f()\nfunc @f() {\n  return\n}\n", 2, 6, "`@f` is already declared at 1:4", NULL},
      {HEAD "  %y = neg %x : f65[N]\n" TAIL, 3, 17, "`f65` is no element type", "did you mean `f64`?"},
      {HEAD "  %y = neg %x : f64[]\n" TAIL, 3, 20, "an array has at least one size", "a scalar"},
      {HEAD "  %y = neg %x : f64[NN]\n" TAIL, 3, 21, "`NN` is not declared as a dim", "declare it at the top"},
      {HEAD "  %y = neg %x : f64[N/0]\n" TAIL, 3, 23, "a divisor is at least 1, not 0", NULL},
      {HEAD "  %y = neg %x : f64[N/N]\n" TAIL, 3, 23, "expected a divisor, found `N`", NULL},
      {HEAD "  %y = neg %x : f64[9223372036854775808]\n" TAIL, 3, 21, "this size is beyond what can be computed", NULL},
      {HEAD "  %y = neg %x : f64[4611686018427387903*8*N]\n" TAIL, 3, 40, "this size is beyond", NULL},
      {HEAD "  %y = neg %x : f64[N] align 3\n" TAIL, 3, 30, "an alignment is a power of two", NULL},
      {HEAD "  %y = neg %x\n" TAIL, 3, 14, "expected `:` and the result's type, but the line ends here", NULL},
      {HEAD "  %y = neg %x : f64[N\n" TAIL, 3, 22, "expected `,` or `]`, but the line ends here", NULL},
      {HEAD "  %y = nog %x : f64[N]\n" TAIL, 3, 8, "there is no op `nog`", "did you mean `neg`?"},
      {HEAD "  %y = frobnicate %x : f64[N]\n" TAIL, 3, 8, "there is no op `frobnicate`", "`vmemopt ops`"},
      {HEAD "  %y = %x : f64[N]\n" TAIL, 3, 8, "expected an op, found `%x`", NULL},
      {HEAD "  %y = neg %z : f64[N]\n" TAIL, 3, 12, "%z is not defined", NULL},
      {HEAD "  %value = neg %x : f64[N]\n  %y = neg %valeu : f64[N]\n" TAIL, 4, 12, "%valeu is not defined",
       "did you mean %value?"},
      {HEAD "  %y = add %x, %N : f64[N]\n" TAIL, 3, 16, "%N is not defined", "`N` is a dim"},
      {HEAD "  %y = add %x, c : f64[N]\n" TAIL, 3, 16, "`c` is no operand", "did you mean %c?"},
      {HEAD "  %y = neg %z : f64[N]\n  %z = neg %y : f64[N]\n" TAIL, 3, 12, "%z is used before its definition at 4:3",
       NULL},
      {HEAD "  %y = neg %z : f64[N]\n  %w, %z = split %x : f64[N], f64[0]\n" TAIL, 3, 12,
       "%z is used before its definition at 4:7", NULL},
      {HEAD "  %y = neg %y : f64[N]\n" TAIL, 3, 12, "%y is used in its own definition", NULL},
      {HEAD "  %x = neg %x : f64[N]\n" TAIL, 3, 3, "%x is already defined at 2:9", "each value"},
      {HEAD "  %a, %a = split %x : f64[N], f64[0]\n" TAIL, 3, 7, "%a is already defined at 3:3", NULL},
      {HEAD
       "  if %c {\n    %a = neg %x : f64[N]\n    yield\n  } else {\n    %a = neg %x : f64[N]\n    yield\n  }\n" TAIL,
       7, 5, "%a is already defined at 4:5", NULL},
      {HEAD "  if %c {\n    %a = neg %x : f64[N]\n    yield\n  }\n  %b = neg %a : f64[N]\n" TAIL, 7, 12,
       "%a is not visible here: it is defined at 4:5", "hand it over"},
      {HEAD "  %r = for %i = 0 to 4 carry (%y = %x) -> f64[N] {\n    yield %r\n  }\n" TAIL, 4, 11,
       "%r is used within its own definition at 3:3", NULL},
      {HEAD "  for %i = 0 to 4 {\n    yield\n  }\n  %y = add %x, %i : f64[N]\n" TAIL, 6, 16, "%i is not visible here",
       NULL},
      {HEAD "  while {\n    %go = eq 1, 2 : bool\n    condition %go\n  } do {\n    %no = not %go : bool\n    yield\n  "
            "}\n" TAIL,
       7, 15, "%go is not visible here", NULL},
      {HEAD "  %a, %b = neg %x : f64[N]\n" TAIL, 3, 12, "2 names for results, but 1 type", "every result"},
      {HEAD "  neg %x : f64[N]\n" TAIL, 3, 3, "0 names for results, but 1 type", "every result has a name"},
      {HEAD "  %r = for %i = 0 to 4 carry (%y = %x) {\n    yield %y\n  }\n" TAIL, 3, 8,
       "1 value is carried, but `->` gives 0 types", NULL},
      {HEAD "  %y = add %x,\n  %z = neg %x : f64[N]\n" TAIL, 3, 15, "expected an operand after `,`, but the line ends",
       NULL},
      {HEAD "  %y = add %x, , %x : f64[N]\n" TAIL, 3, 16, "expected an operand, found `,`", NULL},
      {HEAD "  %y = neg %x : f64[N] f64\n" TAIL, 3, 24, "expected the end of the line, found `f64`", NULL},
      {HEAD "  %y = neg %x : f64[N] %z = neg %x : f64[N]\n" TAIL, 3, 24, "expected the end of the line", NULL},
      {HEAD "  %y = add %x, 1e999 : f64[N]\n" TAIL, 3, 16, "the number 1e999 is too large", NULL},
      {HEAD "  %y = add %x, 12x : f64[N]\n" TAIL, 3, 16, "`12x` is no number", NULL},
      {HEAD "  %y = add %x, % : f64[N]\n" TAIL, 3, 16, "a name must follow `%` at once", NULL},
      {HEAD "  %y = add %x, \"1\" : f64[N]\n" TAIL, 3, 16, "expected an operand, found quoted text", NULL},
      {HEAD "  %y = sum %x {axis = \"a} : f64\n" TAIL, 3, 23, "the closing `\"` is missing", NULL},
      {HEAD "  %y = sum %x {axis = \"\\q\"} : f64\n" TAIL, 3, 23, "unknown escape", NULL},
      {HEAD "  %y = sum %x {axis} : f64\n" TAIL, 3, 20, "expected `=`, found `}`", NULL},
      {HEAD "  %y = sum %x {axis = } : f64\n" TAIL, 3, 23, "expected an attribute's value, found `}`", NULL},
      {HEAD "  %y = sum %x {axis = 0, axis = 0} : f64\n" TAIL, 3, 26, "`axis` is given twice", NULL},
      {HEAD "  %y = sum %x {axis = 0 : f64\n" TAIL, 3, 25, "expected `,` or `}`, found `:`", NULL},
      {HEAD "  %y = sum %x {axis = 9223372036854775808} : f64\n" TAIL, 3, 23, "the number 9223372036854775808 is too",
       NULL},
      {HEAD "  %y = neg %x {slot = 1, offset = 0} : f64[N]\n" TAIL, 3, 16, "the function has no `plan {...}`", NULL},
      {HEAD "  %y = @fft %x : f64[N]\n" TAIL, 3, 8, "there is no declared op @fft", "declare it"},
      {HEAD "  %y = @f %x : f64[N]\n" TAIL, 3, 8, "@f is a function, not a declared op", "write: call @f"},
      {HEAD "  call @ff(%x)\n" TAIL, 3, 8, "there is no function @ff", NULL},
      {HEAD "  call f(%x)\n" TAIL, 3, 8, "expected a function's name", NULL},
      {HEAD "  ~\n" TAIL, 3, 3, "expected an op, found `~`", NULL},
      {HEAD "  \xff\xfe\x01\n" TAIL, 3, 3, "expected an op, found the byte 0xff", "other letters"},
      {HEAD "  if %c {\n    %a = neg %x : f64[N]\n  }\n" TAIL, 5, 3, "a branch of `if` must end with `yield`",
       "write `yield`"},
      {HEAD "  for %i = 0 to 4 {\n    return %x\n  }\n" TAIL, 4, 5, "`return` cannot end the body of `for`",
       "it ends with `yield`"},
      {HEAD "  while {\n    yield\n  } do {\n    yield\n  }\n" TAIL, 4, 5,
       "`yield` cannot end the condition of `while`", NULL},
      {HEAD TAIL "}\n", 5, 1, "expected `dim`, `op` or `func`, found `}`", NULL},
      {HEAD "  return %x\n  %y = neg %x : f64[N]\n}\n", 4, 3, "nothing can follow the `return` that ends a function",
       NULL},
      {HEAD "}\n", 3, 1, "a function must end with `return`", NULL},
      {HEAD "  return %x\n", 4, 1, "the file ends, but the `{` at 2:41 is not closed", "a `}` is missing"},
      {HEAD "  return %x\nfunc @g() {\n  return\n}\n", 4, 1, "`func` cannot stand within a function", NULL},
      {HEAD "  %y = add %x", 3, 14, "expected `:` and the result's type, but the file ends here", NULL},
      {HEAD "  return state %x\n}\n", 3, 10, "`return` gives 1 state, but the function has 0", NULL},
      {"func @f(state %s: f64[4]) {\n  return %s\n}\n", 2, 10, "`return` gives 0 states, but the function has 1", NULL},
      {"func @f(%x: f64, %x: f64) {\n  return\n}\n", 1, 18, "%x is already defined at 1:9", NULL},
      {"op @o(%x: f64[n]) {inplace = [1]}\nfunc @f() {\n  return\n}\n", 1, 20, "`inplace` lists operands", NULL},
      {"op @o(%x: f64[n]) {workspace = -1}\nfunc @f() {\n  return\n}\n", 1, 20, "`workspace` is a number of bytes",
       NULL},
      {"op @o(%x: f64[n]) {effects = true}\nfunc @f() {\n  return\n}\n", 1, 20, "`effects` is no fact of an op", NULL},
      {"op @o(%x: f64[n])\nfunc @f(%x: f64[n]) {\n  return\n}\n", 2, 17, "`n` is not declared as a dim", NULL},
      {"func @f(%x: f64[2]) plan {align = 64} {\n  return\n}\n", 1, 21, "the plan does not say how large the arena is",
       NULL},
      {"func @f(%x: f64[2]) plan {arena = 0, arena = 1} {\n  return\n}\n", 1, 44, "this arena is given twice", NULL},
      {"func @f(%x: f64[2]) -> f64[2] plan {arena = 0} {\n  %y = neg %x {slot = 1} : f64[2]\n  return %y\n}\n", 2, 16,
       "`slot` and `offset` are given together", NULL},
      {"func @f(%x: f64[2]) -> f64[2] plan {arena = 0} {\n  %y = neg %x {slot = [1]} : f64[2]\n  return %y\n}\n", 2, 16,
       "`slot` does not say where the result is", NULL},
      {"func @f(%x: f64[2]) -> f64[2] plan {arena = 0} {\n  %y = neg %x {over = 1} : f64[2]\n  return %y\n}\n", 2, 16,
       "`over` does not say where the result is", NULL},
  };
  bool good = true;
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) good = has_fault(&faults[i]) && good;
  assert_true(good);
}

static uint32_t count_errors(const char *text, size_t length) {
  vmo_module *module;
  vmo_context *own = vmo_context_create();
  vmo_context_set_source(own, "test", text, length);
  vmo_status status = vmo_parse_module(own, &module);
  uint32_t errors = own->diagnostics->errors;
  assert_true(status == VMO_OK || (status == VMO_INPUT_ERROR && errors > 0));
  vmo_context_destroy(own);
  return errors;
}

/* What depends on a definition that is wrong is not reported on top of it. */
static void faults_do_not_cascade(void **state) {
  (void)state;
  static const char text[] = HEAD "  %a = nog %x : f64[N]\n  %b = add %a, %a : f64[N]\n  %d = neg %b : f64[N]\n"
                                  "  %u = add %q, %q : f64[N]\n  %v = neg %q : f64[N]\n"
                                  "  %e, %g = frob %c {\n    %h = nog %x\n  }\n  %k = add %e, %g : f64[N]\n"
                                  "  return %k\n}\n";
  assert_int_equal(count_errors(text, sizeof text - 1), 3);
}

static void messages_come_in_the_order_of_the_text(void **state) {
  (void)state;
  static const char text[] = HEAD "  call @none()\n  %y = nog %x : f64[N]\n  return %x\n}\ndim N\n";
  vmo_module *module;
  vmo_context_set_source(context, "test", text, sizeof text - 1);
  assert_int_equal(vmo_parse_module(context, &module), VMO_INPUT_ERROR);
  assert_int_equal(context->diagnostics->errors, 3);
  for (uint32_t i = 1; i < 3; i++)
    assert_true(context->diagnostics->items[i - 1].location.line < context->diagnostics->items[i].location.line);
}

static void only_twenty_errors_are_kept(void **state) {
  (void)state;
  vmo_text text;
  vmo_module *module;
  vmo_text_init(&text);
  vmo_text_add(&text, HEAD);
  for (int i = 0; i < 50; i++) vmo_text_add(&text, "  %y = nog %x : f64[N]\n");
  vmo_text_add(&text, TAIL);
  vmo_context_set_source(context, "test", text.data, text.count);
  assert_int_equal(vmo_parse_module(context, &module), VMO_INPUT_ERROR);
  assert_int_equal(context->diagnostics->errors, 50);
  assert_int_equal(context->diagnostics->count, VMO_MAX_ERRORS);
  vmo_text_free(&text);
}

/* Builds `depth` loops within each other. */
static char *nest(int depth) {
  char *text = calloc((size_t)depth, 64);
  char *at = text + sprintf(text, "func @f() {\n");
  for (int i = 0; i < depth; i++) at += sprintf(at, "for %%i%d = 0 to 2 {\n", i);
  for (int i = 0; i < depth; i++) at += sprintf(at, "yield\n}\n");
  sprintf(at, "return\n}\n");
  return text;
}

static void nesting_is_bounded(void **state) {
  (void)state;
  char *text = nest(VMO_MAX_NESTING);
  assert_int_equal(count_errors(text, strlen(text)), 0);
  free(text);
  text = nest(VMO_MAX_NESTING + 1);
  assert_int_equal(count_errors(text, strlen(text)), 1);
  free(text);
  text = nest(50000);
  assert_int_equal(count_errors(text, strlen(text)), 1);
  free(text);
  static const char start[] = "dim N\nfunc @f(%x: f64[";
  text = malloc(100000);
  memcpy(text, start, sizeof start);
  memset(text + sizeof start - 1, '(', 100000 - sizeof start);
  assert_int_equal(count_errors(text, 100000 - 1), 1);
  free(text);
}

static void marks_and_line_ends_of_other_systems(void **state) {
  (void)state;
  vmo_module *module = parse("\xef\xbb\xbf"
                             "dim N\r\nfunc @f(%x: f64[N]) -> f64[N] {\r\n\t%y = neg %x : f64[N]\r\n\treturn %y\r\n}");
  assert_int_equal(module->functions.data[0]->ops.data[0].location.line, 3);
  assert_int_equal(module->functions.data[0]->ops.data[0].location.column, 7);
}

/* ---- any bytes ---- */

static uint64_t draw(uint64_t *random) {
  *random ^= *random << 13;
  *random ^= *random >> 7;
  *random ^= *random << 17;
  return *random;
}

static const char sample[] =
    "dim N <= 100\nop @fft(%x: f64[n]) -> f64[n] {inplace = [0], workspace = 16*n}\n"
    "func @f(%x: f64[N] donate, %c: bool, state %s: f32[N,4] offset 0 {slot = 0, offset = 0}) -> f64[N] "
    "plan {align = 64, arena = max(8*N, 64)} {\n"
    "  %r = if %c -> f64[N] {\n    %a = add %x, -1.5e3 : f64[N]\n    yield %a\n  } else {\n    yield %x\n  }\n"
    "  %l = for %i = 0 to N step 2 carry (%y = %r) -> f64[N] {\n    %z = @fft %y {slot = 1, offset = 64} : f64[N]\n"
    "    yield %z\n  }\n  %p = parallel -> f64[N] {\n    stream {\n      yield %l\n    }\n  }\n"
    "  %w = while carry (%v = %p) -> f64[N] {\n    condition %c\n  } do {\n    yield %v\n  }\n"
    "  %m = sum %w {axis = [0], keep = false} : f64\n  return %w, state %s\n}\n";

static void every_prefix_is_survived(void **state) {
  (void)state;
  for (size_t length = 0; length < sizeof sample - 1; length++) {
    char *exact = malloc(length > 0 ? length : 1);
    memcpy(exact, sample, length);
    count_errors(exact, length);
    free(exact);
  }
}

static void random_edits_are_survived(void **state) {
  (void)state;
  static const char letters[] = " \n{}()[],:=%@-\"/<\x00\xff%x0N";
  uint64_t random = 4711;
  for (int round = 0; round < 4000; round++) {
    size_t length = sizeof sample - 1;
    char *text = malloc(length);
    memcpy(text, sample, length);
    for (uint64_t edits = 1 + draw(&random) % 4; edits > 0; edits--) {
      size_t at = draw(&random) % length, count = draw(&random) % 12;
      if (at + count > length) count = length - at;
      if (draw(&random) % 2 == 0) {
        text[at] = letters[draw(&random) % (sizeof letters - 1)];
      } else {
        memmove(text + at, text + at + count, length - at - count);
        length -= count;
      }
    }
    char *exact = malloc(length > 0 ? length : 1); /* no byte to spare, for a sanitizer to see */
    memcpy(exact, text, length);
    count_errors(exact, length);
    free(exact);
    free(text);
  }
}

static void random_bytes_are_survived(void **state) {
  (void)state;
  uint64_t random = 815;
  for (int round = 0; round < 300; round++) {
    size_t length = 1 + draw(&random) % 600;
    char *bytes = malloc(length);
    for (size_t i = 0; i < length; i++) bytes[i] = (char)draw(&random);
    assert_true(count_errors(bytes, length) > 0);
    free(bytes);
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(dims_count_in_the_whole_file),
      TEST(types_have_all_their_parts),
      TEST(sizes_have_the_usual_precedence),
      TEST(literals_keep_kind_and_sign),
      TEST(attributes_keep_their_kinds),
      TEST(a_while_sees_its_arguments_in_both_regions),
      TEST(callees_may_come_later),
      TEST(the_number_of_operands_chooses_between_ops_of_one_name),
      TEST(an_op_without_results_may_follow_a_type),
      TEST(declarations_bind_their_own_names),
      TEST(a_plan_is_read),
      TEST(each_fault_is_reported_once_at_its_place),
      TEST(faults_do_not_cascade),
      TEST(messages_come_in_the_order_of_the_text),
      TEST(only_twenty_errors_are_kept),
      TEST(nesting_is_bounded),
      TEST(marks_and_line_ends_of_other_systems),
      TEST(every_prefix_is_survived),
      TEST(random_edits_are_survived),
      TEST(random_bytes_are_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
