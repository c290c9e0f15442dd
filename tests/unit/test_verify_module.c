/* test_verify_module.c: what concerns a module as a whole: modules built by hand that do not hold together, sizes with
 * and without values for dims, many errors, little memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/verify_text.h"

/* ---- built by hand: a sound function, in which each test breaks one thing ---- */

typedef struct fixture {
  vmo_context *context;
  vmo_module *module;
  vmo_function *function;
  vmo_type_id vector, boolean, index;
  uint32_t loop, body_op; /* indices of `for` and of the op in it */
} fixture;

static const vmo_location nowhere = {0, 0};

static vmo_operand value(vmo_value_id id) { return (vmo_operand){VMO_OPERAND_VALUE, id, {0, 0}}; }

static vmo_operand number(fixture *f, uint64_t bits) {
  vmo_literal literal = {VMO_LITERAL_INTEGER, VMO_ELEMENT_COUNT, false, {bits}};
  return (vmo_operand){VMO_OPERAND_LITERAL, vmo_build_literal(f->module, f->function, literal), {0, 0}};
}

static uint32_t append(fixture *f, vmo_opcode code, const vmo_operand *operands, uint32_t count, vmo_type_id type) {
  vmo_op_spec spec = {code, VMO_NONE, operands, count, &type, NULL, type == VMO_NONE ? 0 : 1, {0, 0}};
  return vmo_build_op(f->module, f->function, &spec);
}

static vmo_value_id result_of(const fixture *f, uint32_t op) { return f->function->ops.data[op].result_first; }

/*  0 %y = add %x, %x     1 %r = for %i = 0 to 9 carry (%a = %y) { 2 %b = mul %a, %x   3 yield %b }   4 return %r  */
static int set_up(void **state) {
  static fixture f;
  f.context = vmo_context_create();
  f.module = vmo_module_create(f.context);
  vmo_size_id n = vmo_size_symbol(f.module->sizes, vmo_build_dim(f.module, "N", VMO_DIM_FREE, 0, nowhere));
  f.vector = vmo_build_type(f.module, VMO_F64, &n, 1, 0, 0);
  f.boolean = vmo_build_type(f.module, VMO_BOOL, NULL, 0, 0, 0);
  f.index = vmo_build_type(f.module, VMO_I64, NULL, 0, 0, 0);
  f.function = vmo_build_function(f.module, "f", nowhere);
  vmo_value_id x = vmo_build_parameter(f.module, f.function, "x", f.vector, (vmo_parameter){false, false, -1}, nowhere);
  vmo_build_result_type(f.module, f.function, f.vector);
  vmo_operand both[] = {value(x), value(x)};
  vmo_value_id y = result_of(&f, append(&f, VMO_OP_add, both, 2, f.vector));
  vmo_operand inits[] = {number(&f, 0), number(&f, 9), value(y)};
  f.loop = append(&f, VMO_OP_for, inits, 3, f.vector);
  vmo_region_id body = vmo_build_region(f.module, f.function, f.loop, VMO_REGION_FOR);
  vmo_build_argument(f.module, f.function, body, "i", f.index, nowhere);
  vmo_operand factors[] = {value(vmo_build_argument(f.module, f.function, body, "a", f.vector, nowhere)), value(x)};
  f.body_op = append(&f, VMO_OP_mul, factors, 2, f.vector);
  vmo_operand yielded = value(result_of(&f, f.body_op)), returned = value(result_of(&f, f.loop));
  append(&f, VMO_OP_yield, &yielded, 1, VMO_NONE);
  vmo_build_region_end(f.module, f.function);
  append(&f, VMO_OP_return, &returned, 1, VMO_NONE);
  vmo_build_region_end(f.module, f.function);
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  vmo_context_destroy(((fixture *)*state)->context);
  return 0;
}

/* Verifies, and wants one error of that code that contains `words`. */
static void breaks(fixture *f, const char *code, const char *words) {
  vmo_status status = vmo_verify_module(f->module);
  const vmo_diagnostics *diagnostics = f->context->diagnostics;
  for (uint32_t i = 0; i < diagnostics->count; i++)
    if (strcmp(vmo_diag_get_info(diagnostics->items[i].code)->code, code) == 0 &&
        strstr(diagnostics->items[i].message, words) != NULL && status == VMO_INPUT_ERROR)
      return;
  for (uint32_t i = 0; i < diagnostics->count; i++) print_error("%s\n", diagnostics->items[i].message);
  fail_msg("wanted %s: %s", code, words);
}

static void a_sound_module_is_accepted(void **state) {
  fixture *f = *state;
  assert_int_equal(vmo_verify_module(f->module), VMO_OK);
  assert_int_equal(vmo_verify_module(f->module), VMO_OK); /* and again */
  assert_int_equal(f->function->literals.data[0].element, VMO_I64);
}

static void ids_must_exist(void **state) {
  fixture *f = *state;
  vmo_function *function = f->function;
  f->function->operands.data[0].index = 1000;
  breaks(f, "E0250", "an operand does not exist");
  function->operands.data[0].index = 0;
  function->operands.data[2].index = 77;
  breaks(f, "E0250", "a literal does not exist");
  function->operands.data[2].index = 0;
  function->ops.data[0].operand_count = 1000;
  breaks(f, "E0250", "do not exist");
  function->ops.data[0].operand_count = 2;
  function->ops.data[0].code = VMO_OPCODE_COUNT;
  breaks(f, "E0250", "no such op");
  function->ops.data[0].code = VMO_OP_call;
  breaks(f, "E0250", "callee");
  function->ops.data[0].code = VMO_OP_add;
  function->values.data[1].type = VMO_NONE;
  breaks(f, "E0250", "no type");
}

static void regions_must_nest(void **state) {
  fixture *f = *state;
  vmo_function *function = f->function;
  function->regions.data[1].op_end++;
  breaks(f, "E0211", "'return' cannot end the body of 'for'");
  function->regions.data[1].op_end = function->ops.count + 1;
  breaks(f, "E0250", "a region is not where its op is");
  function->regions.data[1].op_end = f->body_op + 2;
  function->regions.data[1].parent = 1;
  breaks(f, "E0250", "a region does not know its owner");
  function->regions.data[1].parent = 0;
  function->regions.data[1].kind = VMO_REGION_THEN;
  breaks(f, "E0250", "depth or kind");
  function->regions.data[1].kind = VMO_REGION_FOR;
  function->ops.data[f->body_op].region = 0;
  breaks(f, "E0250", "not in the region it stands in");
  function->ops.data[f->body_op].region = 1;
  function->ops.data[f->loop].region_count = 0;
  breaks(f, "E0250", "not as many regions");
  function->ops.data[f->loop].region_count = 1;
  assert_int_equal(vmo_verify_module(f->module), VMO_OK);
}

static void values_must_know_where_they_come_from(void **state) {
  fixture *f = *state;
  vmo_value *y = &f->function->values.data[result_of(f, 0)];
  y->owner = 3;
  breaks(f, "E0250", "a result does not know its op");
  y->owner = 0;
  f->function->values.data[f->function->regions.data[1].argument_first].position = 1;
  breaks(f, "E0250", "an argument does not know its region");
}

static void values_must_be_defined_before_they_are_used(void **state) {
  fixture *f = *state;
  vmo_function *function = f->function;
  vmo_operand *first = &function->operands.data[function->ops.data[0].operand_first];
  first->index = result_of(f, 0);
  breaks(f, "E0205", "is used before it is defined");
  first->index = result_of(f, f->loop);
  breaks(f, "E0205", "is used before it is defined");
  first->index = function->regions.data[1].argument_first + 1;
  breaks(f, "E0206", "%a is not visible here");
  first->index = 0;
  function->operands.data[function->ops.data[f->body_op].operand_first].index = result_of(f, f->loop);
  breaks(f, "E0206", "is not visible here");
  function->operands.data[function->ops.data[f->body_op].operand_first].index = 0;
  function->operands.data[function->ops.data[f->body_op + 2].operand_first].index = result_of(f, f->body_op);
  breaks(f, "E0206", "is not visible here");
}

static void regions_end_with_their_terminator(void **state) {
  fixture *f = *state;
  vmo_op *yield = &f->function->ops.data[f->body_op + 1];
  yield->code = VMO_OP_condition;
  breaks(f, "E0211", "'condition' cannot end the body of 'for'");
  yield->code = VMO_OP_add;
  breaks(f, "E0210", "the body of 'for' does not end with `yield`");
  yield->code = VMO_OP_yield;
  f->function->ops.data[f->body_op].code = VMO_OP_yield;
  breaks(f, "E0211", "'yield' is not the last op of the body of 'for'");
}

static void an_open_body_is_refused(void **state) {
  fixture *f = *state;
  f->function = vmo_build_function(f->module, "open", nowhere);
  append(f, VMO_OP_return, NULL, 0, VMO_NONE);
  breaks(f, "E0210", "the function's body does not end with `return`");
}

static void deep_nesting_is_refused(void **state) {
  fixture *f = *state;
  f->function = vmo_build_function(f->module, "deep", nowhere);
  vmo_literal yes = {VMO_LITERAL_BOOL, VMO_ELEMENT_COUNT, false, {1}};
  vmo_operand condition = {VMO_OPERAND_LITERAL, vmo_build_literal(f->module, f->function, yes), {0, 0}};
  for (int i = 0; i < VMO_MAX_NESTING + 1; i++) {
    uint32_t op = append(f, VMO_OP_if, &condition, 1, VMO_NONE);
    vmo_build_region(f->module, f->function, op, VMO_REGION_THEN);
  }
  for (int i = 0; i < VMO_MAX_NESTING + 1; i++) {
    append(f, VMO_OP_yield, NULL, 0, VMO_NONE);
    vmo_build_region_end(f->module, f->function);
  }
  append(f, VMO_OP_return, NULL, 0, VMO_NONE);
  vmo_build_region_end(f->module, f->function);
  breaks(f, "E0107", "nested more than 1000 deep");
}

static void too_many_sizes_are_refused(void **state) {
  fixture *f = *state;
  vmo_size_id sizes[VMO_MAX_RANK + 1];
  for (int i = 0; i <= VMO_MAX_RANK; i++) sizes[i] = vmo_size_constant(f->module->sizes, 1);
  f->function->values.data[0].type = vmo_build_type(f->module, VMO_F64, sizes, VMO_MAX_RANK + 1, 0, 0);
  breaks(f, "E0341", "%x has 65 sizes; 64 are allowed");
}

/* ---- sizes ---- */

static void sizes_that_dims_cannot_help_are_refused(void **state) {
  (void)state;
  refuses("dim N = 3\nfunc @f(%x: f64[N-4]) {\n  return\n}\n", "E0440", 2, 9, "a size of %x is negative: f64[N-4]",
          NULL);
  refuses("dim N <= 100000000\nfunc @f(%x: f64[N,N]) {\n  return\n}\n", "E0441", 2, 9, "%x can be too large: f64[N,N]",
          "byte counts stay below 2^53; a smaller bound on its dims may do");
  refuses("func @f(%x: u8[9007199254740992]) {\n  return\n}\n", "E0441", 1, 9,
          "%x can be too large: u8[9007199254740992]",
          "byte counts stay below 2^53; a smaller bound on its dims may do");
  accepts("func @f(%x: u8[9007199254740991]) {\n  return\n}\n");
  accepts("dim N\nfunc @f(%x: f64[N-4,N,N]) {\n  return\n}\n");
}

/* Binds N and wants one error, or none when `code` is NULL. */
static void binding(const char *line, int64_t n, const char *code, const char *message) {
  char text[512];
  int length =
      snprintf(text, sizeof text, "dim N\ndim M <= 10\nfunc @f(%%x: f64[N]) -> f64 {\n  %s\n  return 0\n}\n", line);
  assert_true(length > 0 && (size_t)length < sizeof text);
  verified v = verify_text(text);
  assert_int_equal(v.status, VMO_OK);
  vmo_binding dims = vmo_declared_binding(v.module);
  assert_int_equal(vmo_bind_dim(v.module, &dims, "N", n), VMO_OK);
  vmo_status status = vmo_check_binding(v.module, &dims);
  const vmo_diagnostics *diagnostics = v.context->diagnostics;
  bool right = code == NULL ? status == VMO_OK && diagnostics->count == 0
                            : status == VMO_INPUT_ERROR && diagnostics->count == 1 &&
                                  strcmp(vmo_diag_get_info(diagnostics->items[0].code)->code, code) == 0 &&
                                  strcmp(diagnostics->items[0].message, message) == 0 &&
                                  diagnostics->items[0].location.line == 4;
  if (!right) {
    print_diagnostics(&v, text);
    fail_msg("wanted %s: %s", code == NULL ? "nothing" : code, message);
  }
  vmo_context_destroy(v.context);
}

static void a_binding_must_leave_sizes_possible(void **state) {
  (void)state;
  binding("%y = fill 0 : f64[N-2]", 2, NULL, "");
  binding("%y = fill 0 : f64[N-2]", 1, "E0440", "%y is no array: f64[N-2], where N-2 = -1");
  binding("%y = fill 0 : f64[N,N]", 100000000, "E0441", "%y is too large: f64[N,N] has 2^53 bytes or more");
  binding("%y = fill 0 : f64[M-N]", 10, NULL, ""); /* M may be 10 */
  binding("%y = fill 0 : f64[M-N]", 11, "E0440", "%y is no array: f64[M-N], where M-N is at most -1");
}

static void a_binding_must_keep_slices_inside(void **state) {
  (void)state;
  binding("%y = slice %x {start = 2, size = 3} : f64[3]", 5, NULL, "");
  binding("%y = slice %x {start = 2, size = 3} : f64[3]", 4, "E0442",
          "'slice' leaves %x on axis 0: start 2, size 3, of N = 4");
  binding("%y = slice %x {start = N-1, size = 1} : f64[1]", 0, "E0442",
          "'slice' leaves %x on axis 0: start N-1 = -1, size 1, of N = 0");
  binding("%y = slice %x {start = 1, size = 3, step = 4} : f64[3]", 10, NULL, "");
  binding("%y = slice %x {start = 1, size = 3, step = 4} : f64[3]", 9, "E0442",
          "'slice' leaves %x on axis 0: start 1, size 3, step 4, of N = 9");
  binding("%y = slice %x {start = 3, size = 0} : f64[0]", 1, NULL, ""); /* nothing is taken */
  binding("%y = slice %x {start = M, size = 1} : f64[1]", 5, NULL, ""); /* M may be less */
  binding("%y = pad %x {low = N-3} : f64[2*N-3]", 2, "E0442", "'pad' is negative on axis 0: low is N-3 = -1");
}

/* ---- many errors, little memory ---- */

static void twenty_errors_are_kept_and_all_are_counted(void **state) {
  (void)state;
  vmo_text text;
  vmo_text_init(&text);
  vmo_text_add(&text, "dim N\nfunc @f(%x: f64[N]) {\n");
  for (int i = 0; i < 1000; i++) vmo_text_addf(&text, "  %%y%d = mul %%x, true : f64[N]\n", i);
  vmo_text_add(&text, "  return\n}\n");
  verified v = verify_text(text.data);
  assert_int_equal(v.status, VMO_INPUT_ERROR);
  assert_int_equal(v.context->diagnostics->count, VMO_MAX_ERRORS);
  assert_int_equal(v.context->diagnostics->errors, 1000);
  assert_int_equal(v.context->diagnostics->items[19].location.line, 22);
  vmo_context_destroy(v.context);
  vmo_text_free(&text);
}

/* Long enough to need more than the arena's first chunk, and with errors at its end. */
static void write_long_program(vmo_text *text) {
  vmo_text_add(
      text,
      "dim N\nop @fft(%z: f64[n]) -> f64[n] { workspace = 16*n }\nfunc @f(%x: f64[N], %w: f64[N,N]) -> f64[N] {\n");
  for (int i = 1; i < 100; i++) {
    vmo_text_addf(text, "  %%a%d = add %%x, %%w : f64[N,N]\n", i);
    vmo_text_addf(text, "  %%b%d = matmul %%a%d, %%w : f64[N,N]\n", i, i);
    vmo_text_addf(text, "  %%c%d = slice %%b%d {start = [%d, 1], size = [N-%d, 2]} : f64[N-%d,2]\n", i, i, i, i, i);
    vmo_text_addf(text, "  %%d%d = @fft %%x : f64[N]\n", i);
  }
  vmo_text_add(text, "  %e = sum %x {axis = 1} : f64\n  %g = mul %x, %w : f64[N]\n  return %x\n}\n");
}

/* Whatever allocation fails, the status says so and nothing else happens. */
static void little_memory_is_survived(void **state) {
  (void)state;
  unsigned refused = 0, finished = 0;
  vmo_text text;
  vmo_text_init(&text);
  write_long_program(&text);
  for (size_t limit = 1; limit < ((size_t)1 << 21); limit += limit / 16 + 1) {
    vmo_context *context = vmo_context_create();
    vmo_module *module = NULL;
    assert_non_null(context);
    vmr_arena_set_limit(context->arena, limit);
    if (vmo_context_set_source(context, "test", text.data, text.count) == VMO_OK) {
      vmo_status status = vmo_parse_module(context, &module);
      refused += status == VMO_OUT_OF_MEMORY;
      finished += status == VMO_INPUT_ERROR;
      assert_true(status == VMO_OUT_OF_MEMORY || status == VMO_INPUT_ERROR);
    }
    vmo_context_destroy(context);
  }
  vmo_text_free(&text);
  assert_true(refused > 0 && finished > 0);
}

/* The verifier alone: the module is there, and memory ends at any of its allocations. */
static void the_verifier_survives_little_memory(void **state) {
  (void)state;
  unsigned refused = 0;
  vmo_text text;
  vmo_text_init(&text);
  write_long_program(&text);
  vmo_text_add(&text, "func @g(%x: f64) -> f64 {\n  return %x\n}\n");
  char *fine = strstr(text.data, "  %e = sum");
  memmove(fine, strstr(fine, "  return"), strlen(strstr(fine, "  return")) + 1); /* without the errors */
  for (size_t more = 0; more < 20000; more += 64) {
    verified v = verify_text(text.data);
    assert_int_equal(v.status, VMO_OK);
    size_t filler = 0;
    vmr_arena_set_limit(v.context->arena, 0);
    while (vmr_arena_alloc(v.context->arena, 64) != NULL) filler += 64; /* to the end of the last chunk */
    assert_true(filler < 1 << 20);
    vmr_arena_set_limit(v.context->arena, vmr_arena_reserved_bytes(v.context->arena) + more);
    vmo_status status = vmo_verify_module(v.module);
    refused += status == VMO_OUT_OF_MEMORY;
    assert_true(status == VMO_OUT_OF_MEMORY || status == VMO_OK);
    vmo_context_destroy(v.context);
  }
  vmo_text_free(&text);
  assert_true(refused > 0);
}

#define BUILT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      BUILT(a_sound_module_is_accepted),
      BUILT(ids_must_exist),
      BUILT(regions_must_nest),
      BUILT(values_must_know_where_they_come_from),
      BUILT(values_must_be_defined_before_they_are_used),
      BUILT(regions_end_with_their_terminator),
      BUILT(an_open_body_is_refused),
      BUILT(deep_nesting_is_refused),
      BUILT(too_many_sizes_are_refused),
      cmocka_unit_test(sizes_that_dims_cannot_help_are_refused),
      cmocka_unit_test(a_binding_must_leave_sizes_possible),
      cmocka_unit_test(a_binding_must_keep_slices_inside),
      cmocka_unit_test(twenty_errors_are_kept_and_all_are_counted),
      cmocka_unit_test(little_memory_is_survived),
      cmocka_unit_test(the_verifier_survives_little_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
