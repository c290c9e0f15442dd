/* test_check_plan.c: the checker of planned programs, on programs that carry their plan: right ones of every construct,
 * and wrong ones with one fault each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "passes/check_plan.h"

/* ---- running the checker ---- */

typedef struct outcome {
  vmo_context *context;
  vmo_status status;
} outcome;

/* Parses `text` and checks the plans of all its functions, as those of an input. */
static outcome check(const char *text) {
  outcome o = {vmo_context_create(), VMO_INTERNAL_ERROR};
  vmo_module *module = NULL;
  assert_non_null(o.context);
  assert_int_equal(vmo_context_set_source(o.context, "test", text, strlen(text)), VMO_OK);
  if (vmo_parse_module(o.context, &module) != VMO_OK) {
    vmo_text out;
    vmo_text_init(&out);
    vmo_diag_print_all(o.context, false, &out);
    print_error("%s\n", out.data);
    fail_msg("the program itself is wrong");
  }
  vmo_binding binding = vmo_declared_binding(module);
  o.status = vmo_check_plans(module, &binding, true);
  return o;
}

static void print_outcome(const outcome *o, const char *text) {
  vmo_text out;
  vmo_text_init(&out);
  vmo_diag_print_all(o->context, false, &out);
  print_error("%s\n%s\n", text, out.data ? out.data : "");
  vmo_text_free(&out);
}

static void accepts(const char *text) {
  outcome o = check(text);
  if (o.status != VMO_OK) print_outcome(&o, text);
  assert_int_equal(o.status, VMO_OK);
  assert_int_equal(o.context->diagnostics->count, 0);
  vmo_context_destroy(o.context);
}

/* One diagnostic, of that code, on that line of the text, whose message has `words` in it. */
static void refuses(const char *text, const char *code, uint32_t line, const char *words) {
  outcome o = check(text);
  bool right = o.status == VMO_INPUT_ERROR && o.context->diagnostics->count == 1;
  if (right) {
    const vmo_diagnostic *d = &o.context->diagnostics->items[0];
    right = strcmp(vmo_diag_get_info(d->code)->code, code) == 0 && d->location.line == line &&
            strstr(d->message, words) != NULL;
  }
  if (!right) print_outcome(&o, text);
  if (!right) print_error("expected %s on line %u with \"%s\"\n", code, (unsigned)line, words);
  assert_true(right);
  vmo_context_destroy(o.context);
}

#define HEAD(results, arena) "-> " results " plan {align = 8, results = arena, arena = " arena "} {\n"

/* ---- straight lines ---- */

static void a_chain_in_place(void **unused) {
  (void)unused;
  accepts("func @f() " HEAD("f64[4]", "32") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                            "  %y = mul %x, 2.0 {slot = 0, offset = 0, over = %x} : f64[4]\n"
                                            "  %z = add %y, %y {slot = 0, offset = 0, over = %y} : f64[4]\n"
                                            "  return %z\n"
                                            "}\n");
}

static void a_value_that_is_overwritten_before_it_is_read(void **unused) {
  (void)unused;
  refuses("func @f() " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                            "  %y = fill 2.0 {slot = 1, offset = 24} : f64[4]\n"
                                            "  %z = add %x, %y {slot = 1, offset = 24, over = %y} : f64[4]\n"
                                            "  return %z\n"
                                            "}\n",
          "E0651", 4, "%x is read here, but bytes [0, 32) of the arena, where it lives, hold %y of 3:3");
}

static void an_operand_that_is_read_again_is_not_overwritten(void **unused) {
  (void)unused;
  refuses("func @f() " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                            "  %y = mul %x, 2.0 {slot = 0, offset = 0, over = %x} : f64[4]\n"
                                            "  %z = add %x, %y {slot = 1, offset = 32} : f64[4]\n"
                                            "  return %z\n"
                                            "}\n",
          "E0651", 4, "hold %y");
}

static void an_op_that_reads_neighbours_is_not_in_place(void **unused) {
  (void)unused;
  refuses("func @f(%a: f64[4,4]) " HEAD("f64[4,4]",
                                        "128") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4,4]\n"
                                               "  %y = matmul %a, %x {slot = 0, offset = 0, over = %x} : f64[4,4]\n"
                                               "  return %y\n"
                                               "}\n",
          "E0653", 3, "the op does not allow it");
}

static void results_over_operands_need_equal_elements(void **unused) {
  (void)unused;
  refuses("func @f() " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                            "  %m = lt %x, 2.0 {slot = 1, offset = 32} : bool[4]\n"
                                            "  %y = where %m, 1.0, 0.0 {slot = 1, offset = 32, over = %m} : f64[4]\n"
                                            "  return %y\n"
                                            "}\n",
          "E0653", 4, "element by element");
  refuses("func @f() " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                            "  %y = mul %x, 2.0 {slot = 0, offset = 8} : f64[4]\n"
                                            "  return %y\n"
                                            "}\n",
          "E0653", 3, "element by element");
}

static void another_operand_in_the_same_bytes_is_read_at_the_same_index(void **unused) {
  (void)unused;
  refuses("func @f() " HEAD("f64[4]", "32") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                            "  %v = slice %x {start = [0], size = [1]} : f64[1]\n"
                                            "  %y = mul %x, %v {slot = 0, offset = 0, over = %x} : f64[4]\n"
                                            "  return %y\n"
                                            "}\n",
          "E0653", 4, "element by element");
}

static void an_operand_that_is_read_elsewhere_is_not_overwritten_with_another(void **unused) {
  (void)unused;
#define DECLARED(inplace, second) \
  "op @g(%x: f64[n], %y: f64[n]) -> f64[n] { inplace = [" inplace "] }\n" \
  "func @f(%k: f64[4]) " HEAD("f64[4]", "32") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n" \
                                              "  %y = @g %x, " second " {slot = 0, offset = 0, over = %x} : f64[4]\n" \
                                              "  return %y\n" \
                                              "}\n"
  accepts(DECLARED("0", "%k"));
  accepts(DECLARED("0, 1", "%x"));
  refuses(DECLARED("0", "%x"), "E0653", 4, "another operand there is read at other indices");
  refuses(DECLARED("1", "%k"), "E0653", 4, "the op does not allow it");
}

static void two_results_do_not_overlap(void **unused) {
  (void)unused;
  refuses("op @two(%x: f64[n]) -> (f64[n], f64[n])\n"
          "func @f(%x: f64[4]) " HEAD("f64[4]",
                                      "64") "  %a, %b = @two %x {slot = [0, 1], offset = [0, 24]} : f64[4], f64[4]\n"
                                            "  %c = add %a, %b {slot = 0, offset = 0, over = %a} : f64[4]\n"
                                            "  return %c\n"
                                            "}\n",
          "E0653", 3, "results %a and %b overlap");
}

/* ---- whose bytes ---- */

static void donated_parameters_are_written_others_are_not(void **unused) {
  (void)unused;
  accepts("func @f(%x: f64[4] donate) " HEAD("f64[4]", "0") "  %y = mul %x, 2.0 {over = %x} : f64[4]\n"
                                                            "  return %y\n"
                                                            "}\n");
  refuses("func @f(%x: f64[4]) " HEAD("f64[4]", "0") "  %y = mul %x, 2.0 {over = %x} : f64[4]\n"
                                                     "  return %y\n"
                                                     "}\n",
          "E0654", 2, "parameter %x, which may not be written");
}

/* A result that nothing in its op leads to may be put into a donated parameter that is dead. */
static void a_dead_donated_parameter_is_a_place(void **unused) {
  (void)unused;
#define INTO(parameter) \
  "func @f(%x: f64[4] donate, %q: f64[4], %s: f64[2] donate) " HEAD( \
      "f64[4]", "64") "  %y = exp %x {slot = 0, offset = 0} : f64[4]\n" \
                      "  %z = exp %y {over = " parameter "} : f64[4]\n" \
                      "  return %z\n" \
                      "}\n"
  accepts(INTO("%x"));
  refuses(INTO("%q"), "E0652", 3, "no operand of its op");
  refuses(INTO("%s"), "E0652", 3, "no operand of its op");
}

static void constants_are_not_written(void **unused) {
  (void)unused;
  refuses("func @f() " HEAD("f64[4]", "0") "  %x = const {value = [1, 2, 3, 4]} : f64[4]\n"
                                           "  %y = mul %x, 2.0 {over = %x} : f64[4]\n"
                                           "  return %y\n"
                                           "}\n",
          "E0654", 3, "constant %x");
}

static void results_of_the_caller(void **unused) {
  (void)unused;
  accepts("func @f() -> (f64[4], f64[4]) plan {align = 8, results = caller, arena = 0} {\n"
          "  %x = fill 1.0 {result = 1} : f64[4]\n"
          "  %y = mul %x, 2.0 {result = 0} : f64[4]\n"
          "  %z = add %x, %y {over = %x, result = 1} : f64[4]\n"
          "  return %y, %z\n"
          "}\n");
  refuses("func @f() -> (f64[4], f64[4]) plan {align = 8, results = caller, arena = 0} {\n"
          "  %x = fill 1.0 {result = 1} : f64[4]\n"
          "  %y = fill 2.0 {result = 0} : f64[4]\n"
          "  return %x, %y\n"
          "}\n",
          "E0659", 4, "%x is returned, but does not live in the bytes");
  refuses("func @f() " HEAD("f64[4]", "0") "  %x = fill 1.0 {result = 0} : f64[4]\n"
                                           "  return %x\n"
                                           "}\n",
          "E0652", 2, "does not provide");
}

static void what_may_not_be_returned(void **unused) {
  (void)unused;
  refuses("func @f(%x: f64[4]) " HEAD("f64[4]", "0") "  return %x\n}\n", "E0659", 2, "is not the function's own");
  refuses("func @f() " HEAD("f64[4]", "0") "  %x = const {value = 1} : f64[4]\n  return %x\n}\n", "E0659", 3,
          "is not the function's own");
  refuses("func @f() " HEAD("f64[2,2]", "32") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                              "  %v = reshape %x : f64[2,2]\n"
                                              "  return %v\n"
                                              "}\n",
          "E0659", 4, "is a view");
  refuses("func @f() " HEAD("(f64[4], f64[4])", "32") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                                      "  return %x, %x\n"
                                                      "}\n",
          "E0659", 3, "shares bytes");
}

/* ---- entries, bounds, alignment ---- */

static void every_result_has_one_place(void **unused) {
  (void)unused;
  refuses("func @f() " HEAD("f64[4]", "32") "  %x = fill 1.0 : f64[4]\n  return %x\n}\n", "E0652", 2,
          "%x has no place");
  refuses("func @f() " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                            "  %y = mul %x, 2.0 {slot = 1, offset = 32, over = %x} : f64[4]\n"
                                            "  return %y\n"
                                            "}\n",
          "E0652", 3, "%y is over %x, but");
  refuses("func @f() " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                            "  %z = fill 1.0 {slot = 1, offset = 32} : f64[4]\n"
                                            "  %y = mul %x, 2.0 {slot = 1, offset = 32, over = %z} : f64[4]\n"
                                            "  return %y\n"
                                            "}\n",
          "E0652", 4, "no operand of its op");
  refuses("func @f() " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                            "  %v = reshape %x {slot = 0, offset = 0} : f64[2,2]\n"
                                            "  %y = neg %v {slot = 1, offset = 32} : f64[2,2]\n"
                                            "  %w = reshape %y : f64[4]\n"
                                            "  %z = neg %w {slot = 0, offset = 0} : f64[4]\n"
                                            "  return %z\n"
                                            "}\n",
          "E0652", 3, "%v owns no bytes");
}

static void every_place_is_within_its_arena(void **unused) {
  (void)unused;
  refuses("func @f() " HEAD("f64[4]", "31") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n  return %x\n}\n",
          "E0655", 2, "%x takes bytes [0, 32), but the arena of space default has 31");
  refuses(
      "func @f() " HEAD("f64[4] @sram", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4] @sram\n  return %x\n}\n",
      "E0655", 2, "for which there is no arena");
  accepts("func @f() -> f64[4] @sram plan {align = 8, results = arena, arena = 0, arena @sram = 32} {\n"
          "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4] @sram\n  return %x\n}\n");
}

static void every_place_is_aligned(void **unused) {
  (void)unused;
  refuses("func @f() " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 4} : f64[4]\n  return %x\n}\n",
          "E0656", 2, "no multiple of 8");
  refuses("func @f() " HEAD("f64[4] align 64",
                            "512") "  %x = fill 1.0 {slot = 0, offset = 32} : f64[4] align 64\n  return %x\n}\n",
          "E0656", 2, "no multiple of 64");
}

/* ---- views ---- */

static void a_view_keeps_its_base_alive(void **unused) {
  (void)unused;
  accepts("func @f() " HEAD("f64[2]", "48") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                            "  %v = slice %x {start = [2], size = [2]} : f64[2]\n"
                                            "  %t = fill 2.0 {slot = 1, offset = 0} : f64[2]\n"
                                            "  %y = add %t, %v {slot = 2, offset = 32} : f64[2]\n"
                                            "  return %y\n"
                                            "}\n");
  refuses("func @f() " HEAD("f64[2]", "48") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                            "  %v = slice %x {start = [2], size = [2]} : f64[2]\n"
                                            "  %t = fill 2.0 {slot = 1, offset = 8} : f64[2]\n"
                                            "  %y = add %t, %v {slot = 2, offset = 32} : f64[2]\n"
                                            "  return %y\n"
                                            "}\n",
          "E0651", 5, "%v is read here");
}

static void halves_are_written_in_place_on_their_own(void **unused) {
  (void)unused;
  accepts("func @f() " HEAD("(f64[2], f64[2])", "32") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                                      "  %a, %b = split %x : f64[2], f64[2]\n"
                                                      "  %y = neg %b {slot = 1, offset = 16, over = %b} : f64[2]\n"
                                                      "  %z = neg %a {slot = 0, offset = 0, over = %a} : f64[2]\n"
                                                      "  return %z, %y\n"
                                                      "}\n");
}

static void a_base_is_broken_by_writing_over_its_view(void **unused) {
  (void)unused;
  refuses("func @f() " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                            "  %a, %b = split %x : f64[2], f64[2]\n"
                                            "  %y = neg %b {slot = 1, offset = 16, over = %b} : f64[2]\n"
                                            "  %z = neg %x {slot = 2, offset = 32} : f64[4]\n"
                                            "  return %z\n"
                                            "}\n",
          "E0651", 5, "%x is read here");
}

/* ---- loops ---- */

#define LOOP_HEAD "func @f(%n: i64) " HEAD("f64[4]", "128")

static void a_loop_in_place(void **unused) {
  (void)unused;
  accepts(LOOP_HEAD "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                    "  %k = fill 3.0 {slot = 1, offset = 32} : f64[4]\n"
                    "  %r = for %i = 0 to %n carry (%c = %x) -> f64[4] {\n"
                    "    %t = mul %c, %k {slot = 2, offset = 64} : f64[4]\n"
                    "    %y = add %c, %t {slot = 0, offset = 0, over = %c} : f64[4]\n"
                    "    yield %y\n"
                    "  }\n"
                    "  return %r\n"
                    "}\n");
}

static void a_value_from_outside_is_lost_in_the_next_iteration(void **unused) {
  (void)unused;
  refuses(LOOP_HEAD "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                    "  %k = fill 3.0 {slot = 1, offset = 32} : f64[4]\n"
                    "  %r = for %i = 0 to %n carry (%c = %x) -> f64[4] {\n"
                    "    %t = mul %c, %k {slot = 1, offset = 32, over = %k} : f64[4]\n"
                    "    %y = add %c, %t {slot = 0, offset = 0, over = %c} : f64[4]\n"
                    "    yield %y\n"
                    "  }\n"
                    "  return %r\n"
                    "}\n",
          "E0651", 5, "%k is overwritten here, but read again in the next iteration at 5:10");
}

static void a_value_from_outside_is_lost_behind_the_loop(void **unused) {
  (void)unused;
  refuses(LOOP_HEAD "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                    "  %k = fill 3.0 {slot = 1, offset = 32} : f64[4]\n"
                    "  %r = for %i = 0 to %n carry (%c = %x) -> f64[4] {\n"
                    "    %t = exp %c {slot = 1, offset = 32} : f64[4]\n"
                    "    %y = add %c, %t {slot = 0, offset = 0, over = %c} : f64[4]\n"
                    "    yield %y\n"
                    "  }\n"
                    "  %z = add %r, %k {slot = 0, offset = 0, over = %r} : f64[4]\n"
                    "  return %z\n"
                    "}\n",
          "E0651", 9, "%k is read here");
}

static void a_yield_that_is_elsewhere(void **unused) {
  (void)unused;
  refuses(LOOP_HEAD "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                    "  %r = for %i = 0 to %n carry (%c = %x) -> f64[4] {\n"
                    "    %y = mul %c, 2.0 {slot = 1, offset = 32} : f64[4]\n"
                    "    yield %y\n"
                    "  }\n"
                    "  return %r\n"
                    "}\n",
          "E0651", 5, "%y is handed to %c here, but lives in bytes [32, 64) of the arena, and %c in bytes [0, 32)");
}

static void a_swap_needs_copies(void **unused) {
  (void)unused;
  refuses("func @f(%n: i64) " HEAD("(f64[4], f64[4])",
                                   "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                         "  %y = fill 2.0 {slot = 1, offset = 32} : f64[4]\n"
                                         "  %r, %s = for %i = 0 to %n carry (%a = %x, %b = %y) -> (f64[4], f64[4]) {\n"
                                         "    yield %b, %a\n"
                                         "  }\n"
                                         "  return %r, %s\n"
                                         "}\n",
          "E0651", 5, "%b is handed to %a");
  accepts("func @f(%n: i64) " HEAD("(f64[4], f64[4])",
                                   "96") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                         "  %y = fill 2.0 {slot = 1, offset = 32} : f64[4]\n"
                                         "  %r, %s = for %i = 0 to %n carry (%a = %x, %b = %y) -> (f64[4], f64[4]) {\n"
                                         "    %t = copy %a {slot = 2, offset = 64} : f64[4]\n"
                                         "    %p = copy %b {slot = 0, offset = 0} : f64[4]\n"
                                         "    %q = copy %t {slot = 1, offset = 32} : f64[4]\n"
                                         "    yield %p, %q\n"
                                         "  }\n"
                                         "  return %r, %s\n"
                                         "}\n");
}

static void an_init_without_bytes_needs_a_copy(void **unused) {
  (void)unused;
  refuses("func @f(%n: i64) " HEAD("i64", "8") "  %r = for %i = 0 to %n carry (%c = 0) -> i64 {\n"
                                               "    %y = add %c, %i {slot = 0, offset = 0} : i64\n"
                                               "    yield %y\n"
                                               "  }\n"
                                               "  return %r\n"
                                               "}\n",
          "E0651", 2, "a copy is missing");
  accepts("func @f(%n: i64) " HEAD("i64", "8") "  %z = copy 0 {slot = 0, offset = 0} : i64\n"
                                               "  %r = for %i = 0 to %n carry (%c = %z) -> i64 {\n"
                                               "    %y = add %c, %i {slot = 0, offset = 0, over = %c} : i64\n"
                                               "    yield %y\n"
                                               "  }\n"
                                               "  return %r\n"
                                               "}\n");
}

static void an_init_that_is_read_later_needs_a_copy(void **unused) {
  (void)unused;
  refuses("func @f(%n: i64) " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                                   "  %r = for %i = 0 to %n carry (%c = %x) -> f64[4] {\n"
                                                   "    %y = mul %c, 2.0 {slot = 0, offset = 0, over = %c} : f64[4]\n"
                                                   "    yield %y\n"
                                                   "  }\n"
                                                   "  %z = add %r, %x {slot = 1, offset = 32} : f64[4]\n"
                                                   "  return %z\n"
                                                   "}\n",
          "E0651", 7, "%x is read here");
}

/* What nothing reads may be anywhere: the carried %c is only handed on. */
static void a_carried_value_that_nothing_reads(void **unused) {
  (void)unused;
  accepts("func @f(%n: i64) " HEAD("(f64[4], f64[4])",
                                   "96") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                         "  %a = fill 1.0 {slot = 1, offset = 32} : f64[4]\n"
                                         "  %r, %s = for %i = 0 to %n carry (%c = %x, %d = %a) -> (f64[4], f64[4]) {\n"
                                         "    %y = mul %d, 2.0 {slot = 2, offset = 64} : f64[4]\n"
                                         "    %z = mul %d, 3.0 {slot = 1, offset = 32, over = %d} : f64[4]\n"
                                         "    yield %y, %z\n"
                                         "  }\n"
                                         "  return %x, %s\n"
                                         "}\n");
}

static void an_argument_may_be_lost_before_the_yield_brings_it_back(void **unused) {
  (void)unused;
  accepts("func @f(%n: i64) " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                                   "  %r = for %i = 0 to %n carry (%c = %x) -> f64[4] {\n"
                                                   "    %y = mul %c, 2.0 {slot = 1, offset = 32} : f64[4]\n"
                                                   "    %t = fill 7.0 {slot = 0, offset = 0} : f64[4]\n"
                                                   "    %z = add %y, %t {slot = 1, offset = 32, over = %y} : f64[4]\n"
                                                   "    %w = copy %z {slot = 0, offset = 0} : f64[4]\n"
                                                   "    yield %w\n"
                                                   "  }\n"
                                                   "  return %r\n"
                                                   "}\n");
}

static void nested_loops(void **unused) {
  (void)unused;
#define NESTED(inner_offset) \
  LOOP_HEAD "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n" \
            "  %k = fill 3.0 {slot = 1, offset = 32} : f64[4]\n" \
            "  %r = for %i = 0 to %n carry (%c = %x) -> f64[4] {\n" \
            "    %u = add %c, %k {slot = 0, offset = 0, over = %c} : f64[4]\n" \
            "    %s = for %j = 0 to %n carry (%d = %u) -> f64[4] {\n" \
            "      %t = exp %d {slot = 2, offset = " inner_offset "} : f64[4]\n" \
            "      %v = add %d, %t {slot = 0, offset = 0, over = %d} : f64[4]\n" \
            "      yield %v\n" \
            "    }\n" \
            "    yield %s\n" \
            "  }\n" \
            "  return %r\n" \
            "}\n"
  accepts(NESTED("64"));
  refuses(NESTED("32"), "E0651", 7, "%k is overwritten here, but read again in the next iteration at 5:10");
}

/* The inner loop takes %k as its own: the next iteration of the outer one would find what the inner one left. */
static void an_inner_loop_uses_up_a_value_from_outside(void **unused) {
  (void)unused;
  refuses("func @f(%n: i64) " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                                   "  %k = fill 3.0 {slot = 1, offset = 32} : f64[4]\n"
                                                   "  %r = for %i = 0 to %n carry (%c = %x) -> f64[4] {\n"
                                                   "    %s = for %j = 0 to %n carry (%d = %k) -> f64[4] {\n"
                                                   "      %v = add %d, %d {slot = 1, offset = 32, over = %d} : f64[4]\n"
                                                   "      yield %v\n"
                                                   "    }\n"
                                                   "    %y = add %c, %s {slot = 0, offset = 0, over = %c} : f64[4]\n"
                                                   "    yield %y\n"
                                                   "  }\n"
                                                   "  return %r\n"
                                                   "}\n",
          "E0651", 5, "%k is handed on here, but read again");
}

#define WHILE(condition_offset, do_offset) \
  "func @f() " HEAD("f64[4]", "128") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n" \
                                     "  %k = fill 3.0 {slot = 1, offset = 32} : f64[4]\n" \
                                     "  %r = while carry (%c = %x) -> f64[4] {\n" \
                                     "    %s = sum %c {slot = 2, offset = 64} : f64\n" \
                                     "    %go = lt %s, 100.0 {slot = 3, offset = " condition_offset "} : bool\n" \
                                     "    condition %go\n" \
                                     "  } do {\n" \
                                     "    %t = mul %c, %k {slot = 4, offset = " do_offset "} : f64[4]\n" \
                                     "    %y = add %c, %t {slot = 0, offset = 0, over = %c} : f64[4]\n" \
                                     "    yield %y\n" \
                                     "  }\n" \
                                     "  %z = add %r, %k {slot = 0, offset = 0, over = %r} : f64[4]\n" \
                                     "  return %z\n" \
                                     "}\n"

static void a_while_loop(void **unused) {
  (void)unused;
  accepts(WHILE("72", "64"));
  refuses(WHILE("8", "64"), "E0651", 7, "%c is read here");
  refuses(WHILE("40", "64"), "E0651", 9, "%k is read here");
  refuses(WHILE("72", "32"), "E0651", 9, "%k is overwritten here, but read again in the next iteration at 9:10");
}

/* The result of a while is what the condition saw last. */
static void a_condition_that_breaks_the_result(void **unused) {
  (void)unused;
  refuses("func @f() " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                            "  %r = while carry (%c = %x) -> f64[4] {\n"
                                            "    %s = sum %c {slot = 2, offset = 32} : f64\n"
                                            "    %go = lt %s, 100.0 {slot = 3, offset = 16} : bool\n"
                                            "    condition %go\n"
                                            "  } do {\n"
                                            "    %y = fill 2.0 {slot = 0, offset = 0} : f64[4]\n"
                                            "    yield %y\n"
                                            "  }\n"
                                            "  return %r\n"
                                            "}\n",
          "E0651", 6, "%c is read here");
}

/* ---- branches ---- */

#define IF(then_offset, else_place) \
  "func @f(%p: bool) " HEAD("f64[4]", "128") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n" \
                                             "  %k = fill 3.0 {slot = 1, offset = 32} : f64[4]\n" \
                                             "  %r = if %p -> f64[4] {\n" \
                                             "    %t = exp %k {slot = 2, offset = " then_offset "} : f64[4]\n" \
                                             "    %y = add %x, %t {slot = 0, offset = 0, over = %x} : f64[4]\n" \
                                             "    yield %y\n" \
                                             "  } else {\n" \
                                             "    %z = mul %x, 2.0 {" else_place "} : f64[4]\n" \
                                             "    yield %z\n" \
                                             "  }\n" \
                                             "  %w = add %r, %k {slot = 0, offset = 0, over = %r} : f64[4]\n" \
                                             "  return %w\n" \
                                             "}\n"

static void branches(void **unused) {
  (void)unused;
  accepts(IF("64", "slot = 0, offset = 0, over = %x"));
  refuses(IF("64", "slot = 3, offset = 96"), "E0651", 10, "%z is handed to %r");
  refuses(IF("32", "slot = 0, offset = 0, over = %x"), "E0651", 12, "%k is read here");
  refuses(IF("16", "slot = 0, offset = 0, over = %x"), "E0653", 5, "");
}

/* %k is overwritten in one branch only; nothing is known of its bytes after both. */
static void what_one_branch_breaks_is_lost_after_both(void **unused) {
  (void)unused;
#define BROKEN(last) \
  "func @f(%p: bool) " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n" \
                                            "  %k = fill 3.0 {slot = 1, offset = 32} : f64[4]\n" \
                                            "  %r = if %p -> f64[4] {\n" \
                                            "    yield %x\n" \
                                            "  } else {\n" \
                                            "    %t = fill 5.0 {slot = 2, offset = 32} : f64[4]\n" \
                                            "    %z = add %x, %t {slot = 0, offset = 0, over = %x} : f64[4]\n" \
                                            "    yield %z\n" \
                                            "  }\n" \
                                            "  %w = add %r, " last " {slot = 0, offset = 0, over = %r} : f64[4]\n" \
                                            "  return %w\n" \
                                            "}\n"
  accepts(BROKEN("%r"));
  refuses(BROKEN("%k"), "E0651", 11,
          "%k is read here, but bytes [32, 64) of the arena, where it lives, hold %t of 7:5");
}

static void an_else_branch_sees_nothing_of_the_then_branch(void **unused) {
  (void)unused;
  accepts("func @f(%p: bool) " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                                    "  %k = fill 3.0 {slot = 1, offset = 32} : f64[4]\n"
                                                    "  %r = if %p -> f64[4] {\n"
                                                    "    %y = fill 5.0 {slot = 0, offset = 0} : f64[4]\n"
                                                    "    %t = fill 5.0 {slot = 2, offset = 32} : f64[4]\n"
                                                    "    %u = add %y, %t {slot = 0, offset = 0, over = %y} : f64[4]\n"
                                                    "    yield %u\n"
                                                    "  } else {\n"
                                                    "    %z = add %x, %k {slot = 0, offset = 0, over = %x} : f64[4]\n"
                                                    "    yield %z\n"
                                                    "  }\n"
                                                    "  return %r\n"
                                                    "}\n");
}

/* As above, with the branch that breaks it first. */
static void what_the_first_branch_breaks_is_lost_after_both(void **unused) {
  (void)unused;
  refuses("func @f(%p: bool) " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                                    "  %k = fill 3.0 {slot = 1, offset = 32} : f64[4]\n"
                                                    "  %r = if %p -> f64[4] {\n"
                                                    "    %t = fill 5.0 {slot = 2, offset = 32} : f64[4]\n"
                                                    "    %z = add %x, %t {slot = 0, offset = 0, over = %x} : f64[4]\n"
                                                    "    yield %z\n"
                                                    "  } else {\n"
                                                    "    yield %x\n"
                                                    "  }\n"
                                                    "  %w = add %r, %k {slot = 0, offset = 0, over = %r} : f64[4]\n"
                                                    "  return %w\n"
                                                    "}\n",
          "E0651", 11, "%k is read here, but bytes [32, 64) of the arena, where it lives, may have been overwritten");
}

static void a_branch_without_another(void **unused) {
  (void)unused;
#define LONE(offset) \
  "op @show(%x: f64[n]) { effect = true }\n" \
  "func @f(%p: bool) " HEAD("f64[4]", "64") "  %k = fill 3.0 {slot = 0, offset = 0} : f64[4]\n" \
                                            "  if %p {\n" \
                                            "    %t = fill 5.0 {slot = 1, offset = " offset "} : f64[4]\n" \
                                            "    @show %t\n" \
                                            "    yield\n" \
                                            "  }\n" \
                                            "  return %k\n" \
                                            "}\n"
  accepts(LONE("32"));
  refuses(LONE("16"), "E0651", 9, "%k is read here");
}

#define BRANCHES_IN_A_LOOP(then, otherwise) \
  "func @f(%p: bool, %n: i64) " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n" \
                                                     "  %k = fill 3.0 {slot = 1, offset = 32} : f64[4]\n" \
                                                     "  %r = for %i = 0 to %n carry (%c = %x) -> f64[4] {\n" \
                                                     "    %y = if %p -> f64[4] {\n" then "      yield %u\n" \
                                                     "    } else {\n" otherwise "      yield %v\n" \
                                                     "    }\n" \
                                                     "    yield %y\n" \
                                                     "  }\n" \
                                                     "  return %r\n" \
                                                     "}\n"
#define WRITES_K(t, u) \
  "      " t " = fill 5.0 {slot = 2, offset = 32} : f64[4]\n" \
  "      " u " = add %c, " t " {slot = 0, offset = 0, over = %c} : f64[4]\n"
#define READS_K(u) "      " u " = add %c, %k {slot = 0, offset = 0, over = %c} : f64[4]\n"

/* In one iteration one branch overwrites %k, in the next the other one reads it. */
static void branches_of_different_iterations(void **unused) {
  (void)unused;
  refuses(BRANCHES_IN_A_LOOP(WRITES_K("%t", "%u"), READS_K("%v")), "E0651", 10,
          "%k is read here, but overwritten for the next iteration in another branch, at 6:12");
  refuses(BRANCHES_IN_A_LOOP(READS_K("%u"), WRITES_K("%t", "%v")), "E0651", 9,
          "%k is overwritten here, but read again in the next iteration at 6:");
}

/* Nothing reads %k any more; both branches may use its bytes, and each reads what it put there. */
static void branches_use_dead_bytes(void **unused) {
  (void)unused;
  accepts(BRANCHES_IN_A_LOOP(WRITES_K("%t", "%u"), WRITES_K("%s", "%v")));
}

/* %c, %r and %s are %x all the time: no byte changes, and %x lives on. */
static void values_that_are_handed_on_as_they_are(void **unused) {
  (void)unused;
#define SAME(yielded) \
  "func @f(%p: bool, %n: i64) " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n" \
                                                     "  %r = for %i = 0 to %n carry (%c = %x) -> f64[4] {\n" \
                                                     "    %t = add %c, %x {slot = 1, offset = 32} : f64[4]\n" \
                                                     "    yield " yielded "\n" \
                                                     "  }\n" \
                                                     "  %s = if %p -> f64[4] {\n" \
                                                     "    yield %r\n" \
                                                     "  } else {\n" \
                                                     "    yield %x\n" \
                                                     "  }\n" \
                                                     "  %y = add %s, %r {slot = 1, offset = 32} : f64[4]\n" \
                                                     "  %z = add %y, %x {slot = 1, offset = 32, over = %y} : f64[4]\n" \
                                                     "  return %z\n" \
                                                     "}\n"
  accepts(SAME("%c"));
  accepts(SAME("%x"));
  refuses(SAME("%t"), "E0651", 4, "%x is read here");
}

/* ---- streams ---- */

#define STREAMS(second, outer) \
  "func @f() " HEAD("(f64[4], f64[4])", "256") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n" \
                                               "  %a, %b = parallel -> (f64[4], f64[4]) {\n" \
                                               "    stream {\n" \
                                               "      %t = exp %x {slot = 1, offset = 32} : f64[4]\n" \
                                               "      %y = mul %t, 2.0 {slot = 2, offset = 64} : f64[4]\n" \
                                               "      yield %y\n" \
                                               "    }\n" \
                                               "    stream {\n" \
                                               "      %z = log %x {" second "} : f64[4]\n" \
                                               "      yield %z\n" \
                                               "    }\n" \
                                               "  }\n" \
                                               "  %c = add %a, %b {slot = 2, offset = 64, over = %a} : f64[4]\n" \
                                               "  return %c, " outer "\n" \
                                               "}\n"

static void streams(void **unused) {
  (void)unused;
  accepts(STREAMS("slot = 3, offset = 96", "%b"));
  accepts(STREAMS("slot = 3, offset = 96", "%x"));
  refuses(STREAMS("slot = 3, offset = 48", "%b"), "E0658", 10, "writes bytes that another stream writes at 5:12");
  refuses(STREAMS("slot = 3, offset = 64", "%b"), "E0658", 10, "writes bytes that another stream writes at 6:12");
  refuses(STREAMS("slot = 0, offset = 0, over = %x", "%b"), "E0658", 10,
          "writes bytes that another stream reads in the parallel at 3:12");
}

/* Both streams read %x, and then the second one writes it; the first one, at the same time, may read what is new. */
static void a_value_that_two_streams_read_is_written_by_neither(void **unused) {
  (void)unused;
  refuses("func @f(%n: i64) " HEAD("(f64[4], f64[4])",
                                   "160") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                          "  %a, %b = parallel -> (f64[4], f64[4]) {\n"
                                          "    stream {\n"
                                          "      %y = exp %x {slot = 1, offset = 32} : f64[4]\n"
                                          "      yield %y\n"
                                          "    }\n"
                                          "    stream {\n"
                                          "      %z = log %x {slot = 2, offset = 64} : f64[4]\n"
                                          "      %t = fill 2.0 {slot = 0, offset = 0} : f64[4]\n"
                                          "      %w = add %z, %t {slot = 2, offset = 64, over = %z} : f64[4]\n"
                                          "      yield %w\n"
                                          "    }\n"
                                          "  }\n"
                                          "  return %a, %b\n"
                                          "}\n",
          "E0658", 10, "this writes bytes that another stream reads in the parallel at 3:12");
}

static void streams_in_streams(void **unused) {
  (void)unused;
#define NEST(inner, outer) \
  "func @f() " HEAD("(f64[4], f64[4], f64[4])", "256") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n" \
                                                       "  %a, %b, %c = parallel -> (f64[4], f64[4], f64[4]) {\n" \
                                                       "    stream {\n" \
                                                       "      %d, %e = parallel -> (f64[4], f64[4]) {\n" \
                                                       "        stream {\n" \
                                                       "          %u = exp %x {slot = 1, offset = 32} : f64[4]\n" \
                                                       "          yield %u\n" \
                                                       "        }\n" \
                                                       "        stream {\n" \
                                                       "          %v = log %x {slot = 2, offset = " inner \
                                                       "} : f64[4]\n" \
                                                       "          yield %v\n" \
                                                       "        }\n" \
                                                       "      }\n" \
                                                       "      yield %d, %e\n" \
                                                       "    }\n" \
                                                       "    stream {\n" \
                                                       "      %w = sin %x {slot = 3, offset = " outer "} : f64[4]\n" \
                                                       "      yield %w\n" \
                                                       "    }\n" \
                                                       "  }\n" \
                                                       "  return %a, %b, %c\n" \
                                                       "}\n"
  accepts(NEST("64", "96"));
  refuses(NEST("48", "96"), "E0658", 11, "writes bytes that another stream writes at 7:16");
  refuses(NEST("64", "40"), "E0658", 18, "writes bytes that another stream writes at 7:16");
  refuses(NEST("64", "80"), "E0658", 18, "writes bytes that another stream writes at 11:16");
}

/* ---- calls ---- */

#define CALLEE \
  "func @g(%u: f64[4] donate, %v: f64[4]) -> (f64[4], f64[4]) plan {align = 8, results = arena, arena = 64, " \
  "call_arena = 32} {\n" \
  "  %t = exp %v {slot = 0, offset = 0} : f64[4]\n" \
  "  %q = add %u, %t {over = %u} : f64[4]\n" \
  "  %w = mul %t, 2.0 {slot = 1, offset = 32} : f64[4]\n" \
  "  return %q, %w\n" \
  "}\n"

#define CALLER(first, arguments, plan, last) \
  CALLEE "func @f(%p: f64[4], %d: f64[4] donate) " HEAD( \
      "(f64[4], f64[4])", "256") "  %x = " first " : f64[4]\n" \
                                 "  %y = fill 2.0 {slot = 1, offset = 32} : f64[4]\n" \
                                 "  %a, %b = call @g(" arguments ") {" plan "} : f64[4], f64[4]\n" \
                                 "  %c = add %a, " last " {over = %a} : f64[4]\n" \
                                 "  return %c, %b\n" \
                                 "}\n"
#define FIRST "fill 1.0 {slot = 0, offset = 0}"
#define OVER "slot = [0, 2], offset = [0, 64], over = [%x, none], callee_offset = 96"

static void calls(void **unused) {
  (void)unused;
  accepts(CALLER(FIRST, "%x, %y", OVER, "%y"));
  accepts(
      CALLER(FIRST, "%d, %y", "slot = [none, 2], offset = [none, 64], over = [%d, none], callee_offset = 96", "%x"));
  refuses(CALLER(FIRST, "%x, %y", OVER, "%x"), "E0651", 11, "%x is read here");
}

static void arguments_that_may_not_be_donated(void **unused) {
  (void)unused;
  refuses(CALLER(FIRST, "%p, %y", "slot = [none, 2], offset = [none, 64], over = [%p, none], callee_offset = 96", "%y"),
          "E0657", 10, "%p of this call may not be written");
  refuses(CALLER("const {value = 1}", "%x, %y",
                 "slot = [none, 2], offset = [none, 64], over = [%x, none], callee_offset = 96", "%y"),
          "E0657", 10, "%x of this call may not be written");
  refuses(CALLER(FIRST, "%x, %x", OVER, "%y"), "E0657", 10, "lies in bytes of another argument");
  refuses(CALLEE "func @f() " HEAD("f64[4]", "256") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[2,2]\n"
                                                    "  %y = fill 2.0 {slot = 1, offset = 32} : f64[4]\n"
                                                    "  %v = reshape %x : f64[4]\n"
                                                    "  %a, %b = call @g(%v, %y) {slot = [0, 2], offset = [0, 64], over "
                                                    "= [%v, none], callee_offset = 96} : "
                                                    "f64[4], f64[4]\n"
                                                    "  return %b\n"
                                                    "}\n",
          "E0657", 11, "%v of this call is a view");
}

static void results_of_calls_are_where_the_callee_leaves_them(void **unused) {
  (void)unused;
  refuses(CALLER(FIRST, "%x, %y", "slot = [3, 2], offset = [128, 64], callee_offset = 96", "%y"), "E0657", 10,
          "%a of this call comes back in the bytes of a donated argument");
  refuses(CALLER(FIRST, "%x, %y", "slot = [0, 1], offset = [0, 32], over = [%x, %y], callee_offset = 96", "%a"),
          "E0657", 10, "%b of this call overlaps an argument");
}

static void arenas_of_callees(void **unused) {
  (void)unused;
  refuses(CALLER(FIRST, "%x, %y", "slot = [0, 2], offset = [0, 64], over = [%x, none], callee_offset = 40", "%y"),
          "E0657", 10, "the callee's arena, bytes [40, 72) of the arena, overlaps %y");
  refuses(CALLER(FIRST, "%x, %y", "slot = [0, 2], offset = [0, 64], over = [%x, none], callee_offset = 72", "%y"),
          "E0657", 10, "overlaps %b");
  refuses(CALLER(FIRST, "%x, %y", "slot = [0, 2], offset = [0, 64], over = [%x, none], callee_offset = 232", "%y"),
          "E0655", 10, "the callee's arena takes bytes");
  refuses(CALLER(FIRST, "%x, %y", "slot = [0, 2], offset = [0, 64], over = [%x, none], callee_offset = 100", "%y"),
          "E0656", 10, "the callee's arena is at byte 100");
  refuses(CALLER(FIRST, "%x, %y", "slot = [0, 2], offset = [0, 64], over = [%x, none]", "%y"), "E0657", 10,
          "places 0 arenas");
  refuses(CALLEE "func @f() " HEAD("f64[4]", "256") "  %k = fill 3.0 {slot = 5, offset = 96} : f64[4]\n"
                                                    "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                                    "  %y = fill 2.0 {slot = 1, offset = 32} : f64[4]\n"
                                                    "  %a, %b = call @g(%x, %y) {" OVER "} : f64[4], f64[4]\n"
                                                    "  %c = add %a, %k {over = %a} : f64[4]\n"
                                                    "  return %c\n"
                                                    "}\n",
          "E0651", 12, "%k is read here");
}

static void a_recursive_call_has_no_arena_here(void **unused) {
  (void)unused;
  accepts("func @f(%n: i64, %x: f64[4]) -> f64[4] plan {align = 8, results = arena, arena = 64, call_arena = 32} {\n"
          "  %more = gt %n, 0 {slot = 0, offset = 0} : bool\n"
          "  %r = if %more -> f64[4] {\n"
          "    %m = sub %n, 1 {slot = 1, offset = 8} : i64\n"
          "    %y = call @f(%m, %x) {slot = 2, offset = 32} : f64[4]\n"
          "    yield %y\n"
          "  } else {\n"
          "    %z = copy %x {slot = 2, offset = 32} : f64[4]\n"
          "    yield %z\n"
          "  }\n"
          "  return %r\n"
          "}\n");
}

/* ---- workspaces, destinations, states ---- */

#define WORKSPACE(offset, last) \
  "op @fft(%x: f64[n]) -> f64[n] { inplace = [0], workspace = 16*n }\n" \
  "func @f() " HEAD("f64[4]", "192") "  %k = fill 1.0 {slot = 0, offset = 0} : f64[4]\n" \
                                     "  %x = fill 1.0 {slot = 1, offset = 32} : f64[4]\n" \
                                     "  %y = @fft %x {slot = 1, offset = 32, over = %x" offset "} : f64[4]\n" \
                                     "  %z = add %y, " last " {slot = 1, offset = 32, over = %y} : f64[4]\n" \
                                     "  return %z\n" \
                                     "}\n"

static void workspaces(void **unused) {
  (void)unused;
  accepts(WORKSPACE(", workspace_offset = 64", "%k"));
  refuses(WORKSPACE("", "%k"), "E0652", 5, "workspace has no place");
  refuses(WORKSPACE(", workspace_offset = 56", "%k"), "E0653", 5, "overlaps %x");
  refuses(WORKSPACE(", workspace_offset = 136", "%k"), "E0655", 5, "the workspace takes bytes");
  refuses("op @fft(%x: f64[n]) -> f64[n] { inplace = [0], workspace = 16*n }\n"
          "func @f() " HEAD("f64[4]",
                            "192") "  %x = fill 1.0 {slot = 1, offset = 0} : f64[4]\n"
                                   "  %k = fill 1.0 {slot = 0, offset = 64} : f64[4]\n"
                                   "  %y = @fft %x {slot = 1, offset = 0, over = %x, workspace_offset = 40} : f64[4]\n"
                                   "  %z = add %y, %k {slot = 1, offset = 0, over = %y} : f64[4]\n"
                                   "  return %z\n"
                                   "}\n",
          "E0651", 6, "%k is read here");
}

static void destinations_are_written_in_place(void **unused) {
  (void)unused;
#define SCATTER(place) \
  "func @f(%at: i64[2], %what: f64[2]) " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n" \
                                                              "  %y = scatter %x, %at, %what {" place "} : f64[4]\n" \
                                                              "  return %y\n" \
                                                              "}\n"
  accepts(SCATTER("slot = 0, offset = 0, over = %x"));
  refuses(SCATTER("slot = 1, offset = 32"), "E0653", 3, "%y has to be written over operand 0");
  refuses("func @f(%at: i64[2]) " HEAD("f64[4]",
                                       "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                             "  %v = slice %x {start = [0], size = [2]} : f64[2]\n"
                                             "  %y = scatter %x, %at, %v {slot = 0, offset = 0, over = %x} : f64[4]\n"
                                             "  return %y\n"
                                             "}\n",
          "E0653", 4, "element by element");
}

#define STATE(where, y, t, next) \
  "func @f(%x: f64[4], state %s: f64[4] offset 32 {slot = 0, offset = " where \
  "}) " HEAD("f64[4]", "128") "  %y = add %s, %x {" y "} : f64[4]\n" \
                              "  %t = mul %s, %x {" t "} : f64[4]\n" \
                              "  return %y, state " next "\n" \
                              "}\n"

static void states(void **unused) {
  (void)unused;
  accepts(STATE("32", "slot = 1, offset = 64", "slot = 0, offset = 32, over = %s", "%t"));
  accepts(STATE("32", "slot = 1, offset = 64", "slot = 2, offset = 0", "%s"));
  refuses(STATE("0", "slot = 1, offset = 64", "slot = 0, offset = 0, over = %s", "%t"), "E0652", 1, "fixed offset 32");
  refuses(STATE("32", "slot = 1, offset = 64", "slot = 2, offset = 0", "%t"), "E0651", 4, "%t is handed to %s");
  refuses(STATE("32", "slot = 1, offset = 64", "slot = 0, offset = 32, over = %s", "%s"), "E0651", 4,
          "%s is read here");
  refuses(STATE("32", "slot = 1, offset = 40", "slot = 2, offset = 64", "%s"), "E0653", 2, "");
}

/* Its author put the state at 32, so the plan's own alignment does not count there. */
static void a_pinned_state_is_where_its_author_put_it(void **unused) {
  (void)unused;
#define PINNED(place) \
  "func @f(%x: f64[4], state %s: f64[4] offset 32 {slot = 0, offset = 32}) -> f64[4] " \
  "plan {align = 64, results = arena, arena = 128} {\n" \
  "  %y = exp %s {slot = 1, offset = 64} : f64[4]\n" \
  "  %t = exp %x {" place "} : f64[4]\n" \
  "  return %y, state %t\n" \
  "}\n"
  accepts(PINNED("slot = 0, offset = 32"));
  refuses(PINNED("slot = 2, offset = 96"), "E0656", 3, "no multiple of 64");
}

/* ---- sizes that are not numbers ---- */

#define SYMBOLIC(x, y, z, arena) \
  "dim N\n" \
  "dim M\n" \
  "func @f(%p: f64[N], %q: f64[M]) -> f64[N] plan {align = 64, results = arena, arena = " arena "} {\n" \
  "  %x = exp %p {" x "} : f64[N]\n" \
  "  %y = exp %q {" y "} : f64[M]\n" \
  "  %s = sum %y {slot = 2, offset = (8*N + 63)/64*64 + (8*M + 63)/64*64} : f64\n" \
  "  %z = mul %x, %s {" z "} : f64[N]\n" \
  "  return %z\n" \
  "}\n"
#define SYMBOLIC_END "(8*N + 63)/64*64 + (8*M + 63)/64*64 + 8"

static void slots_whose_sizes_are_expressions(void **unused) {
  (void)unused;
  accepts(SYMBOLIC("slot = 0, offset = 0", "slot = 1, offset = (8*N + 63)/64*64", "slot = 0, offset = 0, over = %x",
                   SYMBOLIC_END));
  refuses(SYMBOLIC("slot = 0, offset = 0", "slot = 0, offset = 0", "slot = 1, offset = (8*N + 63)/64*64", SYMBOLIC_END),
          "E0655", 5, "do not provably end before the next slot");
  refuses(SYMBOLIC("slot = 0, offset = 0", "slot = 1, offset = (8*N + 63)/64*64", "slot = 0, offset = 0, over = %x",
                   "(8*N + 63)/64*64 + (8*M + 63)/64*64"),
          "E0655", 6, "do not provably end");
  refuses(SYMBOLIC("slot = 0, offset = 0", "slot = 1, offset = 8*N", "slot = 0, offset = 0, over = %x", SYMBOLIC_END),
          "E0656", 5, "not provably a multiple of 64");
}

static void slots_of_expressions_hold_one_value_at_a_time(void **unused) {
  (void)unused;
#define SHARED(last) \
  "dim N\n" \
  "func @f(%p: f64[N]) -> f64[N] plan {align = 8, results = arena, arena = 16*N} {\n" \
  "  %x = exp %p {slot = 0, offset = 0} : f64[N]\n" \
  "  %y = cumsum %x {slot = 1, offset = 8*N} : f64[N]\n" \
  "  %z = exp %y {slot = 0, offset = 0} : f64[N]\n" \
  "  %w = add %z, " last " {slot = 1, offset = 8*N} : f64[N]\n" \
  "  return %w\n" \
  "}\n"
  accepts(SHARED("%z"));
  refuses(SHARED("%x"), "E0651", 6, "%x is read here, but the bytes from 0 on of the arena, where it lives, hold %z");
}

static void parts_of_slots_of_expressions(void **unused) {
  (void)unused;
#define PARTS(a, b, last) \
  "dim N\n" \
  "func @f() -> (f64[N], f64[N]) plan {align = 8, results = arena, arena = 32*N} {\n" \
  "  %x = fill 1.0 {slot = 0, offset = 0} : f64[2*N]\n" \
  "  %a, %b = split %x : f64[N], f64[N]\n" \
  "  %y = neg %b {" b "} : f64[N]\n" \
  "  %z = neg %a {" a "} : f64[N]\n" \
  "  %w = add %z, " last " {slot = 3, offset = 24*N} : f64[N]\n" \
  "  return %y, %w\n" \
  "}\n"
  accepts(PARTS("over = %a", "over = %b", "%z"));
  accepts(PARTS("slot = 0, offset = 0, over = %a", "slot = 1, offset = 8*N, over = %b", "%z"));
  refuses(PARTS("over = %a", "over = %b", "%b"), "E0651", 7, "%b is read here");
  refuses(PARTS("over = %a", "slot = 1, offset = 0, over = %b", "%z"), "E0652", 5, "%y is over %b, but");
}

/* With a bound, offsets are numbers; but %v may begin anywhere below its largest start. */
static void views_whose_start_is_only_bounded(void **unused) {
  (void)unused;
#define BOUNDED(from, over) \
  "dim N <= 4\n" \
  "func @f() -> (f64[1], f64[1]) plan {align = 8, results = arena, arena = 80} {\n" \
  "  %x = fill 1.0 {slot = 0, offset = 0} : f64[8]\n" \
  "  %v = slice %x {start = [N], size = [1]} : f64[1]\n" \
  "  %w = slice %x {start = [" from "], size = [1]} : f64[1]\n" \
  "  %y = neg %v {" over "} : f64[1]\n" \
  "  %z = neg %w {slot = 2, offset = 72} : f64[1]\n" \
  "  return %y, %z\n" \
  "}\n"
  accepts(BOUNDED("2", "slot = 1, offset = 64"));
  accepts(BOUNDED("5", "over = %v"));
  refuses(BOUNDED("2", "over = %v"), "E0651", 7, "%w is read here");
}

/* Both have 32 bytes at most, but not always as many elements. */
static void equal_bounds_are_not_equal_sizes(void **unused) {
  (void)unused;
  refuses("op @g(%x: f64[n], %y: f64[m]) -> f64[m] { inplace = [0] }\n"
          "dim N <= 4\n"
          "dim M <= 4\n"
          "func @f(%p: f64[N] donate, %q: f64[M]) " HEAD("f64[M]", "0") "  %y = @g %p, %q {over = %p} : f64[M]\n"
                                                                        "  return %y\n"
                                                                        "}\n",
          "E0653", 5, "element by element");
}

/* ---- deep and long programs ---- */

/* Nested `if`s as deep as the language allows, each with a value of its own in place. */
static void the_deepest_nesting(void **unused) {
  (void)unused;
  enum { DEPTH = 900 };
  vmo_text text;
  vmo_text_init(&text);
  vmo_text_add(&text, "func @f(%p: bool) " HEAD("f64[4]", "64") "  %x0 = fill 1.0 {slot = 0, offset = 0} : f64[4]\n");
  for (int i = 0; i < DEPTH; i++)
    vmo_text_addf(&text,
                  "  %%r%d = if %%p -> f64[4] {\n"
                  "  %%x%d = neg %%x%d {slot = 0, offset = 0, over = %%x%d} : f64[4]\n",
                  i, i + 1, i, i);
  vmo_text_addf(&text, "  yield %%x%d\n", DEPTH);
  for (int i = DEPTH - 1; i >= 0; i--) {
    vmo_text_addf(&text, "  } else {\n  %%y%d = exp %%x%d {slot = 0, offset = 0, over = %%x%d} : f64[4]\n", i, i, i);
    vmo_text_addf(&text, "  yield %%y%d\n  }\n", i);
    if (i > 0) vmo_text_addf(&text, "  yield %%r%d\n", i);
  }
  vmo_text_add(&text, "  return %r0\n}\n");
  accepts(text.data);
  vmo_text_free(&text);
}

static void a_long_program(void **unused) {
  (void)unused;
  enum { LENGTH = 100000 };
  vmo_text text;
  vmo_text_init(&text);
  vmo_text_add(&text, "func @f() " HEAD("f64", "1600000") "  %x0 = fill 1.0 {slot = 0, offset = 0} : f64\n");
  for (int i = 1; i < LENGTH; i++)
    vmo_text_addf(&text, "  %%x%d = neg %%x%d {slot = %d, offset = %d} : f64\n", i, i - 1, i, i * 16);
  vmo_text_addf(&text, "  return %%x%d\n}\n", LENGTH - 1);
  accepts(text.data);
  vmo_text_free(&text);
}

/* ---- as an internal check ---- */

static void our_own_plans_fail_as_internal_errors(void **unused) {
  (void)unused;
  const char *text = "func @f(%x: f64[4]) " HEAD("f64[4]", "0") "  %y = mul %x, 2.0 {over = %x} : f64[4]\n"
                                                                "  return %y\n"
                                                                "}\n"
                                                                "func @g(%x: f64[4]) -> f64[4] {\n"
                                                                "  %y = mul %x, 2.0 : f64[4]\n"
                                                                "  return %y\n"
                                                                "}\n";
  vmo_context *context = vmo_context_create();
  vmo_module *module = NULL;
  assert_int_equal(vmo_context_set_source(context, "test", text, strlen(text)), VMO_OK);
  assert_int_equal(vmo_parse_module(context, &module), VMO_OK);
  vmo_binding binding = vmo_declared_binding(module);
  assert_int_equal(vmo_check_plan(module, module->functions.data[0], &binding), VMO_INTERNAL_ERROR);
  assert_int_equal(vmo_check_given_plan(module, module->functions.data[0], &binding), VMO_INPUT_ERROR);
  assert_int_equal(vmo_check_plan(module, module->functions.data[1], &binding), VMO_INTERNAL_ERROR);
  assert_int_equal(context->diagnostics->count, 3);
  assert_string_equal(vmo_diag_get_info(context->diagnostics->items[0].code)->code, "E0901");
  assert_non_null(strstr(context->diagnostics->items[0].message, "the plan of @f is wrong: %y is written to"));
  assert_string_equal(vmo_diag_get_info(context->diagnostics->items[1].code)->code, "E0654");
  assert_non_null(strstr(context->diagnostics->items[2].message, "@g has no plan"));
  vmo_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_chain_in_place),
      cmocka_unit_test(a_value_that_is_overwritten_before_it_is_read),
      cmocka_unit_test(an_operand_that_is_read_again_is_not_overwritten),
      cmocka_unit_test(an_op_that_reads_neighbours_is_not_in_place),
      cmocka_unit_test(results_over_operands_need_equal_elements),
      cmocka_unit_test(another_operand_in_the_same_bytes_is_read_at_the_same_index),
      cmocka_unit_test(an_operand_that_is_read_elsewhere_is_not_overwritten_with_another),
      cmocka_unit_test(two_results_do_not_overlap),
      cmocka_unit_test(donated_parameters_are_written_others_are_not),
      cmocka_unit_test(a_dead_donated_parameter_is_a_place),
      cmocka_unit_test(constants_are_not_written),
      cmocka_unit_test(results_of_the_caller),
      cmocka_unit_test(what_may_not_be_returned),
      cmocka_unit_test(every_result_has_one_place),
      cmocka_unit_test(every_place_is_within_its_arena),
      cmocka_unit_test(every_place_is_aligned),
      cmocka_unit_test(a_view_keeps_its_base_alive),
      cmocka_unit_test(halves_are_written_in_place_on_their_own),
      cmocka_unit_test(a_base_is_broken_by_writing_over_its_view),
      cmocka_unit_test(a_loop_in_place),
      cmocka_unit_test(a_value_from_outside_is_lost_in_the_next_iteration),
      cmocka_unit_test(a_value_from_outside_is_lost_behind_the_loop),
      cmocka_unit_test(a_yield_that_is_elsewhere),
      cmocka_unit_test(a_swap_needs_copies),
      cmocka_unit_test(an_init_without_bytes_needs_a_copy),
      cmocka_unit_test(an_init_that_is_read_later_needs_a_copy),
      cmocka_unit_test(a_carried_value_that_nothing_reads),
      cmocka_unit_test(an_argument_may_be_lost_before_the_yield_brings_it_back),
      cmocka_unit_test(nested_loops),
      cmocka_unit_test(an_inner_loop_uses_up_a_value_from_outside),
      cmocka_unit_test(a_while_loop),
      cmocka_unit_test(a_condition_that_breaks_the_result),
      cmocka_unit_test(branches),
      cmocka_unit_test(what_one_branch_breaks_is_lost_after_both),
      cmocka_unit_test(an_else_branch_sees_nothing_of_the_then_branch),
      cmocka_unit_test(what_the_first_branch_breaks_is_lost_after_both),
      cmocka_unit_test(a_branch_without_another),
      cmocka_unit_test(branches_of_different_iterations),
      cmocka_unit_test(branches_use_dead_bytes),
      cmocka_unit_test(values_that_are_handed_on_as_they_are),
      cmocka_unit_test(streams),
      cmocka_unit_test(a_value_that_two_streams_read_is_written_by_neither),
      cmocka_unit_test(streams_in_streams),
      cmocka_unit_test(calls),
      cmocka_unit_test(arguments_that_may_not_be_donated),
      cmocka_unit_test(results_of_calls_are_where_the_callee_leaves_them),
      cmocka_unit_test(arenas_of_callees),
      cmocka_unit_test(a_recursive_call_has_no_arena_here),
      cmocka_unit_test(workspaces),
      cmocka_unit_test(destinations_are_written_in_place),
      cmocka_unit_test(states),
      cmocka_unit_test(a_pinned_state_is_where_its_author_put_it),
      cmocka_unit_test(slots_whose_sizes_are_expressions),
      cmocka_unit_test(slots_of_expressions_hold_one_value_at_a_time),
      cmocka_unit_test(parts_of_slots_of_expressions),
      cmocka_unit_test(views_whose_start_is_only_bounded),
      cmocka_unit_test(equal_bounds_are_not_equal_sizes),
      cmocka_unit_test(the_deepest_nesting),
      cmocka_unit_test(a_long_program),
      cmocka_unit_test(our_own_plans_fail_as_internal_errors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
