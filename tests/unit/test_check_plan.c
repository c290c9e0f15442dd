/* test_check_plan.c: the checker of planned programs, on programs that carry their plan: right ones of every construct,
 * and wrong ones with one fault each. Here straight lines, places and views. */
#include "check_plan_text.h"

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
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
