/* test_check_plan_control.c: the checker of planned programs on loops and branches. */
#include "check_plan_text.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {
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
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
