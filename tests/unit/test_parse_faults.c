/* test_parse_faults.c: what the parser says of bad text, and that any bytes are survived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/parse_text.h"

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
  const struct CMUnitTest tests[] = {
      PARSER_TEST(each_fault_is_reported_once_at_its_place),
      PARSER_TEST(faults_do_not_cascade),
      PARSER_TEST(messages_come_in_the_order_of_the_text),
      PARSER_TEST(only_twenty_errors_are_kept),
      PARSER_TEST(nesting_is_bounded),
      PARSER_TEST(every_prefix_is_survived),
      PARSER_TEST(random_edits_are_survived),
      PARSER_TEST(random_bytes_are_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
