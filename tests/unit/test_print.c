/* test_print.c: the printer's text, and that it reads back as the same text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ir/ir.h"

/* Parses `text`, prints the module, and asserts that this is `expected`. */
static void assert_prints(const char *text, const char *expected) {
  vmo_module *module;
  vmo_text printed;
  vmo_context *context = vmo_context_create();
  vmo_context_set_source(context, "test", text, strlen(text));
  vmo_text_init(&printed);
  if (vmo_parse_module(context, &module) == VMO_OK)
    vmo_print_module(module, &printed);
  else
    vmo_diag_print_all(context, false, &printed);
  assert_string_equal(printed.data, expected);
  vmo_text_free(&printed);
  vmo_context_destroy(context);
}

static void assert_unchanged(const char *text) { assert_prints(text, text); }

static void blanks_and_comments_are_not_kept(void **state) {
  (void)state;
  assert_prints(
      "dim N<=10// bound\n\n\n// a function\nfunc @f(%x:f64[ N ],%c : bool)->f64[N]\n{\n%r=if %c->f64[N]{yield %x}\n"
      "else\n{ %y=neg %x:f64[N]\n yield %y }\nreturn %r }",
      "dim N <= 10\n\n"
      "func @f(%x: f64[N], %c: bool) -> f64[N] {\n"
      "  %r = if %c -> f64[N] {\n"
      "    yield %x\n"
      "  } else {\n"
      "    %y = neg %x : f64[N]\n"
      "    yield %y\n"
      "  }\n"
      "  return %r\n"
      "}\n");
}

static void every_form_prints_as_it_is_written(void **state) {
  (void)state;
  assert_unchanged("dim N <= 100\n"
                   "dim M = 7\n"
                   "dim B\n"
                   "\n"
                   "op @fft(%x: f64[n]) -> f64[n] {inplace = [0], workspace = 16*n}\n"
                   "op @log(%x: f64[n,2*n]) {effect = true}\n"
                   "op @both(%x: f64[n], %y: f64[n]) -> (f64[n], f64[n]) {inplace = [0, 1]}\n"
                   "op @plain() -> i64\n"
                   "\n"
                   "func @f(%x: f64[N] donate, %c: bool, %n: i64, state %s: f32[B,64] offset 128) -> (f64[N], f64) {\n"
                   "  %a, %k = for %i = 0 to %n step 2 carry (%y = %x, %j = 0) -> (f64[N], i64) {\n"
                   "    %z = add %y, 1.5 : f64[N]\n"
                   "    %j1 = add %j, %i : i64\n"
                   "    yield %z, %j1\n"
                   "  }\n"
                   "  for %i2 = %k to N {\n"
                   "    yield\n"
                   "  }\n"
                   "  %w = while carry (%p = %a) -> f64[N] {\n"
                   "    %m = max %p : f64\n"
                   "    %go = lt %m, 100 : bool\n"
                   "    condition %go\n"
                   "  } do {\n"
                   "    %q = mul %p, 2 : f64[N]\n"
                   "    yield %q\n"
                   "  }\n"
                   "  %s1, %s2 = parallel -> (f64[N], f64) {\n"
                   "    stream {\n"
                   "      %f = @fft %w : f64[N]\n"
                   "      yield %f\n"
                   "    }\n"
                   "    stream {\n"
                   "      %t = sum %w {axis = 0} : f64\n"
                   "      yield %t\n"
                   "    }\n"
                   "  }\n"
                   "  if %c {\n"
                   "    yield\n"
                   "  }\n"
                   "  %u, %v = @both %s1, %w : f64[N], f64[N]\n"
                   "  %b, %d = call @g(%u, %c) : f64[N], bool\n"
                   "  call @nothing()\n"
                   "  return %v, %s2, state %s\n"
                   "}\n"
                   "\n"
                   "func @g(%x: f64[N], %c: bool) -> (f64[N], bool) {\n"
                   "  return %x, %c\n"
                   "}\n"
                   "\n"
                   "func @nothing() {\n"
                   "  return\n"
                   "}\n");
}

static void types_and_sizes_print_compactly(void **state) {
  (void)state;
  assert_prints(
      "dim N\ndim M\nfunc @f(%x: bf16[(N + 63) / 64 * 64, 2 * M + 1, max(N, M, 8*N)] @sram align 128) {\n return\n}\n",
      "dim N\ndim M\n\nfunc @f(%x: bf16[(N+63)/64*64,2*M+1,max(8*N,M)] @sram align 128) {\n  return\n}\n");
}

static void literals_print_as_what_they_are(void **state) {
  (void)state;
  assert_prints(
      "func @f(%x: f64[4], %i: i8[4]) {\n  %a = clip %x, -0.0, 1e30 : f64[4]\n  %b = clip %x, -inf, nan : f64[4]\n"
      "  %c = add %i, -0x80 : i8[4]\n  %d = add %x, 3 : f64[4]\n  %e = where false, %x, 2.50 : f64[4]\n  return\n}\n",
      "func @f(%x: f64[4], %i: i8[4]) {\n  %a = clip %x, -0.0, 1e+30 : f64[4]\n  %b = clip %x, -inf, nan : f64[4]\n"
      "  %c = add %i, -128 : i8[4]\n  %d = add %x, 3 : f64[4]\n  %e = where false, %x, 2.5 : f64[4]\n  return\n}\n");
}

static void plans_print_behind_attributes(void **state) {
  (void)state;
  assert_unchanged(
      "dim N\n"
      "\n"
      "func @g(%x: f64[N]) -> f64[N] plan {align = 8, results = caller, arena = 0, call_arena = 0} {\n"
      "  %y = cumsum %x {axis = 0, result = 0} : f64[N]\n"
      "  return %y\n"
      "}\n"
      "\n"
      "func @f(%x: f64[N], state %s: f64[N] offset 0 {slot = 0, offset = 0}) -> f64[N] plan {align = 64, "
      "results = arena, arena = max(8*N, 64) + 64, arena @sram = 256, call_arena @sram = 16} {\n"
      "  %a = add %x, 1 {slot = 1, offset = (N + 7)/8*64} : f64[N]\n"
      "  %b, %n = unique %a {slot = [1, none], offset = [64, none], over = [%a, none]} : f64[N], i64\n"
      "  %c = call @g(%b) {slot = 2, offset = 128, workspace_offset = 8, callee_offset = [256, none]} : f64[N]\n"
      "  return %c, state %s\n"
      "}\n");
}

static void a_single_op_prints_without_its_regions(void **state) {
  (void)state;
  static const char text[] = "func @f(%n: i64) {\n  for %i = 0 to %n {\n    yield\n  }\n  return\n}\n";
  vmo_module *module;
  vmo_text printed;
  vmo_context *context = vmo_context_create();
  vmo_context_set_source(context, "test", text, sizeof text - 1);
  assert_int_equal(vmo_parse_module(context, &module), VMO_OK);
  vmo_text_init(&printed);
  vmo_print_op(module, module->functions.data[0], 0, &printed);
  assert_string_equal(printed.data, "for %i = 0 to %n");
  vmo_text_free(&printed);
  vmo_text_init(&printed);
  vmo_print_function(module, module->functions.data[0], &printed);
  assert_string_equal(printed.data, text);
  vmo_text_free(&printed);
  vmo_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blanks_and_comments_are_not_kept), cmocka_unit_test(every_form_prints_as_it_is_written),
      cmocka_unit_test(types_and_sizes_print_compactly),  cmocka_unit_test(literals_print_as_what_they_are),
      cmocka_unit_test(plans_print_behind_attributes),    cmocka_unit_test(a_single_op_prints_without_its_regions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
