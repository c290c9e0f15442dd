/* test_verify_control.c: loops, branches, streams, calls, declared ops, states: what is handed over must fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/verify_text.h"

/* The lines between head and `return`, from line 3 on. */
static void wrong(const char *lines, const char *code, uint32_t line, uint32_t column, const char *message,
                  const char *hint) {
  char text[2048];
  int length =
      snprintf(text, sizeof text,
               "dim N\n"
               "func @f(%%x: f64[N], %%m: bool[N], %%c: bool, %%k: i32, %%s: f64, %%q: f64[N] @sram) -> f64 {\n"
               "%s"
               "  return %%s\n}\n",
               lines);
  assert_true(length > 0 && (size_t)length < sizeof text);
  refuses(text, code, line, column, message, hint);
}

static void conditions_are_bools(void **state) {
  (void)state;
  wrong("  if %m {\n    yield\n  }\n", "E0330", 3, 6, "the condition of 'if' must be a bool, but %m is bool[N]",
        "`any %m : bool` or `all %m : bool` makes one bool of it");
  wrong("  if %k {\n    yield\n  }\n", "E0330", 3, 6, "the condition of 'if' must be a bool, but %k is i32",
        "compare it: `ne %k, 0 : bool`");
  wrong("  if 1 {\n    yield\n  }\n", "E0306", 3, 6, "1 is not a bool, which 'if' takes here",
        "write `true` or `false`");
  wrong("  %r = while carry (%a = 0) -> i64 {\n    condition %a\n  } do {\n    yield %a\n  }\n", "E0330", 4, 15,
        "the condition of 'while' must be a bool, but %a is i64", "compare it: `ne %a, 0 : bool`");
}

static void loop_bounds_are_i64(void **state) {
  (void)state;
  wrong("  for %i = %k to 9 {\n    yield\n  }\n", "E0331", 3, 12,
        "the lower bound of 'for' must be an i64, but %k is i32", "cast it: `cast %k : i64`");
  wrong("  for %i = 0 to 2.5 {\n    yield\n  }\n", "E0306", 3, 17, "2.5 is not an i64, which 'for' takes here",
        "write a whole number");
}

static void carried_values_keep_their_type(void **state) {
  (void)state;
  wrong("  %r = for %i = 0 to 9 carry (%a = %s) -> f64[N] {\n    yield %a\n  }\n", "E0332", 3, 36,
        "the initial value of %r must be f64[N], but %s is f64", "`fill %s : f64[N]` makes an array of it");
  wrong("  %r = for %i = 0 to 9 carry (%a = 0) -> f64[N] {\n    yield %a\n  }\n", "E0332", 3, 36,
        "the initial value of %r must be f64[N], but 0 is a scalar", "`fill 0 : f64[N]` makes an array of it");
  wrong("  %r = for %i = 0 to 9 carry (%a = %q) -> f64[N] {\n    yield %a\n  }\n", "E0332", 3, 36,
        "the initial value of %r must be f64[N], but %q is f64[N] @sram", "copy it there: `copy %q : f64[N]`");
  wrong("  %r = for %i = 0 to 9 carry (%a = %x) -> f64[N] {\n    yield %m\n  }\n", "E0333", 4, 11,
        "the value yielded for %r must be f64[N], but %m is bool[N]", "cast it: `cast %m : f64[N]`");
  wrong("  %r = for %i = 0 to 9 carry (%a = %x) -> f64[N] {\n    yield\n  }\n", "E0333", 4, 5,
        "'yield' hands out 0 values, but 'for' has 1 result", NULL);
  wrong("  %r = for %i = 0 to 9 carry (%a = %s) -> f32 {\n    yield 0\n  }\n", "E0332", 3, 36,
        "the initial value of %r must be f32, but %s is f64", "cast it: `cast %s : f32`");
}

static void branches_and_streams_yield_the_results(void **state) {
  (void)state;
  wrong("  %r = if %c -> f64 {\n    yield %s\n  }\n", "E0333", 3, 8, "'if' has results, but no `else`",
        "add `else { ... yield ... }`");
  wrong("  %r = if %c -> f64 {\n    yield %s\n  } else {\n    yield %s, %s\n  }\n", "E0333", 6, 5,
        "'yield' hands out 2 values, but 'if' has 1 result", NULL);
  wrong("  %r = if %c -> f64 {\n    yield 1\n  } else {\n    yield true\n  }\n", "E0306", 6, 11,
        "true is not an f64, which 'if' takes here", "write 1 or 0");
  wrong("  %a, %b = parallel -> (f64, f64) {\n    stream {\n      yield %s\n    }\n  }\n", "E0333", 3, 12,
        "the streams of 'parallel' yield 1 value, but it has 2 results",
        "its results are those of the first stream, then of the second, and so on");
  wrong("  %a, %b = parallel -> (f64, f64[N]) {\n    stream {\n      yield %s\n    }\n    stream {\n      yield %s\n   "
        " }\n"
        "  }\n",
        "E0333", 8, 13, "the value yielded for %b must be f64[N], but %s is f64",
        "`fill %s : f64[N]` makes an array of it");
}

/* ---- functions ---- */

static void called(const char *call, uint32_t column, const char *message, const char *hint) {
  char text[1024];
  int length = snprintf(text, sizeof text,
                        "dim N\n"
                        "func @g(%%x: f64[N], %%k: i32) -> (f64[N], i32) {\n"
                        "  return %%x, %%k\n}\n"
                        "func @near(%%x: f64[N] align 128) -> f64[N] {\n"
                        "  return %%x\n}\n"
                        "func @kept(%%x: f64[N], state %%t: f64[N]) -> f64[N] {\n"
                        "  return %%x, state %%t\n}\n"
                        "func @f(%%x: f64[N], %%y: f32[N]) -> f64[N] {\n"
                        "  %s\n  return %%x\n}\n",
                        call);
  assert_true(length > 0 && (size_t)length < sizeof text);
  refuses(text, "E0320", 12, column, message, hint);
}

static void calls_match_their_functions(void **state) {
  (void)state;
  called("%a, %b = call @g(%x) : f64[N], i32", 12, "@g takes 2 arguments, but 1 is given", NULL);
  called("%a = call @g(%x, 1) : f64[N]", 8, "@g has 2 results, but 1 is written", NULL);
  called("%a, %b = call @g(%y, 1) : f64[N], i32", 20, "argument 1 of @g must be f64[N], but %y is f32[N]",
         "cast it: `cast %y : f64[N]`");
  called("%a, %b = call @g(%x, N) : f64[N], i32", 24, "argument 2 of @g must be i32, but N is an i64",
         "cast it: `cast N : i32`");
  called("%a, %b = call @g(%x, 1) : f64[N], i64", 12, "result 2 of @g is i32, but i64 is written", NULL);
  called("%a = call @near(%x) : f64[N]", 19, "argument 1 of @near must be aligned to 128 bytes",
         "write `align 128` in the type of %x");
  called("%a = call @kept(%x, %x) : f64[N]", 8, "@kept has state, so it cannot be called",
         "the caller can hold the state and pass it as a donated parameter");
}

static void functions_may_call_themselves(void **state) {
  (void)state;
  accepts("func @even(%n: i64) -> bool {\n"
          "  %z = eq %n, 0 : bool\n"
          "  %r = if %z -> bool {\n"
          "    yield true\n"
          "  } else {\n"
          "    %m = sub %n, 1 : i64\n"
          "    %o = call @odd(%m) : bool\n"
          "    yield %o\n"
          "  }\n"
          "  return %r\n"
          "}\n"
          "func @odd(%n: i64) -> bool {\n"
          "  %e = call @even(%n) : bool\n"
          "  %r = not %e : bool\n"
          "  return %r\n"
          "}\n");
}

static void results_and_states_are_returned(void **state) {
  (void)state;
  refuses("func @f(%x: f64) -> (f64, f64) {\n  return %x\n}\n", "E0334", 2, 3,
          "@f returns 2 results, but 1 value is given", NULL);
  refuses("func @f(%x: f64, %n: i64) -> f64 {\n  return %n\n}\n", "E0334", 2, 10,
          "result 1 of @f must be f64, but %n is i64", "cast it: `cast %n : f64`");
  refuses("func @f(%x: f64[3], state %s: f64[4]) -> f64[3] {\n  return %x, state %x\n}\n", "E0334", 2, 20,
          "the next content of state %s must be f64[4], but %x is f64[3]", NULL);
  accepts("func @f(%x: f64) -> (f64, u8, i64) {\n  return 1, 255, 3\n}\n");
  refuses("func @f(%x: f64) -> u8 {\n  return 256\n}\n", "E0306", 2, 10, "256 does not fit in a u8",
          "u8 holds 0 to 255");
}

static void parameters_are_checked(void **state) {
  (void)state;
  refuses("func @f(%x: f64 donate) -> f64 {\n  return %x\n}\n", "E0340", 1, 9,
          "%x is a scalar, which cannot be donated", "make it an array of one element: f64[1]");
  refuses("func @f(%x: f64, state %s: f32) -> f64 {\n  return %x, state %s\n}\n", "E0340", 1, 24,
          "%s is a scalar; states are arrays", "make it an array of one element: f32[1]");
  refuses("func @f(%x: f64, state %s: f64[2] offset 12) -> f64 {\n  return %x, state %s\n}\n", "E0340", 1, 24,
          "%s has an offset that is not aligned",
          "an offset is a multiple of the alignment that the type names, or of the element's bytes");
  refuses("func @f(%x: f64, state %s: f64[2] align 64 offset 32) -> f64 {\n  return %x, state %s\n}\n", "E0340", 1, 24,
          "%s has an offset that is not aligned",
          "an offset is a multiple of the alignment that the type names, or of the element's bytes");
}

/* ---- declared ops ---- */

static void declared(const char *line, const char *code, uint32_t column, const char *message, const char *hint) {
  char text[1024];
  int length = snprintf(text, sizeof text,
                        "dim N\n"
                        "dim M\n"
                        "op @mix(%%a: f64[n,2*k], %%b: f64[k], %%c: f32) -> f64[n+k] { inplace = [0] }\n"
                        "op @fast(%%a: f64[n] @sram) -> f64[n] @sram\n"
                        "func @f(%%x: f64[N,8], %%y: f64[4], %%z: f64[M], %%w: f64[N,2*M]) -> f64[4] {\n"
                        "  %s\n  return %%y\n}\n",
                        line);
  assert_true(length > 0 && (size_t)length < sizeof text);
  if (code == NULL)
    accepts(text);
  else
    refuses(text, code, 6, column, message, hint);
}

static void declared_ops_bind_their_dims(void **state) {
  (void)state;
  declared("%r = @mix %x, %y, 1 : f64[N+4]", NULL, 0, NULL, NULL);
  declared("%r = @mix %w, %z, 1 : f64[N+M]", NULL, 0, NULL, NULL);
  declared("%r = @mix %w, %z, 1 : f64[N+M] @sram", NULL, 0, NULL, NULL);
  declared("%r = @mix %x, %z, 1 : f64[N+M]", "E0322", 13, "'@mix' needs operand a to be f64[N,2*M], but %x is f64[N,8]",
           "the declaration says `%a: f64[n,2*k]`");
  declared("%r = @mix %x, %y, 1 : f64[N]", "E0304", 8, "'@mix' expects result %r to be f64[N+4], but f64[N] is written",
           "the declaration says `f64[n+k]`");
  declared("%r = @mix %x, %y : f64[N+4]", "E0301", 8, "'@mix' is declared with 3 operands, but 2 are given", NULL);
  declared("%r = @mix %x, %y, true : f64[N+4]", "E0306", 21, "true is not an f32, which '@mix' takes here",
           "write 1 or 0");
  declared("%r = @mix %x, %y, N : f64[N+4]", "E0322", 21, "'@mix' needs operand c to be f32, but N is i64",
           "the declaration says `%c: f32`");
  declared("%r = @fast %z : f64[M] @sram", "E0322", 14, "'@fast' needs operand a in another memory space or alignment",
           "the declaration says `%a: f64[n] @sram`");
}

static void declarations_are_checked(void **state) {
  (void)state;
  refuses("op @g(%a: f64[2*n]) -> f64[n]\nfunc @f() {\n  return\n}\n", "E0321", 1, 4,
          "no operand of @g says what `n` is", "let `n` stand alone in an operand's shape, or declare `dim n`");
  refuses("op @g(%a: f64[n]) -> f64[n] { workspace = 8*m }\nfunc @f() {\n  return\n}\n", "E0321", 1, 4,
          "no operand of @g says what `m` is", "let `m` stand alone in an operand's shape, or declare `dim m`");
  refuses("op @g(%a: f64[n]) -> f64[n] { workspace = -8*n - 8 }\nfunc @f() {\n  return\n}\n", "E0321", 1, 4,
          "the workspace of @g is negative", NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(conditions_are_bools),
      cmocka_unit_test(loop_bounds_are_i64),
      cmocka_unit_test(carried_values_keep_their_type),
      cmocka_unit_test(branches_and_streams_yield_the_results),
      cmocka_unit_test(calls_match_their_functions),
      cmocka_unit_test(functions_may_call_themselves),
      cmocka_unit_test(results_and_states_are_returned),
      cmocka_unit_test(parameters_are_checked),
      cmocka_unit_test(declared_ops_bind_their_dims),
      cmocka_unit_test(declarations_are_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
