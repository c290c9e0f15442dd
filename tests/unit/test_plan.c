/* test_plan.c: the passes on small programs: what is shared, copied, refused and removed, and that liveness along chains
 * of blocks is liveness without them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "passes/passes.h"

typedef struct planned {
  vmo_context *context;
  vmo_module *module;
  vmo_binding binding;
  vmo_module_facts *facts;
} planned;

static planned plan_with(const char *text, vmo_plan_options options) {
  planned p = {.context = vmo_context_create()};
  assert_non_null(p.context);
  assert_int_equal(vmo_context_set_source(p.context, "test.vmir", text, strlen(text)), VMO_OK);
  if (vmo_parse_module(p.context, &p.module) != VMO_OK) {
    vmo_text out;
    vmo_text_init(&out);
    vmo_diag_print_all(p.context, false, &out);
    fail_msg("%s", out.data);
  }
  p.binding = vmo_declared_binding(p.module);
  assert_int_equal(vmo_plan_module(p.module, &p.binding, &options, &p.facts), VMO_OK);
  return p;
}

static planned plan(const char *text) { return plan_with(text, (vmo_plan_options){.alignment = 8}); }
static void done(planned *p) { vmo_context_destroy(p->context); }
static vmo_plan_facts *only(const planned *p) { return p->facts->functions.data[p->facts->functions.count - 1]; }

static const vmo_inplace_fact *find_refused(const planned *p, const char *result, const char *operand) {
  const vmo_plan_facts *facts = only(p);
  for (uint32_t i = 0; i < facts->refused.count; i++) {
    const vmo_inplace_fact *fact = &facts->refused.data[i];
    if (strcmp(vmo_value_name(p->module, facts->planned, fact->result), result) == 0 &&
        strcmp(vmo_value_name(p->module, facts->planned, fact->operand), operand) == 0)
      return fact;
  }
  fail_msg("%s over %s was not refused", result, operand);
  return NULL;
}

static void expect_refused(const planned *p, const char *result, const char *operand, const char *sentence) {
  const vmo_inplace_fact *fact = find_refused(p, result, operand);
  vmo_text text;
  vmo_text_init(&text);
  vmo_describe_refusal(p->module, only(p)->planned, fact, &text);
  assert_string_equal(text.data, sentence);
  vmo_text_free(&text);
}

/* ---- in place ---- */

static void each_refusal_has_its_reason(void **state) {
  (void)state;
  planned p = plan("func @f(%in: f64[8], %give: f64[8] donate) -> (f64[8], f64) {\n"
                   "  %x = fill 1.0 : f64[8]\n"
                   "  %m = lt %x, 2.0 : bool[8]\n"
                   "  %y = where %m, %x, 0.0 : f64[8]\n"
                   "  %c = const {value = 2.0} : f64[8]\n"
                   "  %z = mul %c, %y : f64[8]\n"
                   "  %u = add %in, %y : f64[8]\n"
                   "  %s = sum %z : f64\n"
                   "  %w = mul %u, %s : f64[8]\n"
                   "  %v = reshape %w : f64[2,4]\n"
                   "  %t = add %w, 1.0 : f64[8]\n"
                   "  %r = sum %v : f64\n"
                   "  return %t, %r\n"
                   "}\n");
  expect_refused(&p, "m", "x", "element widths differ: 8 bytes and 1");
  expect_refused(&p, "y", "m", "1-byte mask cannot hold 8-byte elements");
  expect_refused(&p, "z", "c", "constant");
  expect_refused(&p, "z", "y", "operand is read later at 7:8");
  expect_refused(&p, "u", "in", "parameter is not donated");
  expect_refused(&p, "w", "s", "element counts are not provably equal");
  expect_refused(&p, "t", "w", "view of %w is still live: %v is read at 12:8");
  assert_int_equal(find_refused(&p, "s", "z")->refusal, VMO_REFUSED_OP_RULE);
  done(&p);
}

static void a_part_may_be_overwritten_while_the_rest_lives(void **state) {
  (void)state;
  planned p = plan("func @f() -> f64[4] {\n"
                   "  %x = fill 1.0 : f64[8]\n"
                   "  %lo, %hi = split %x {axis = 0} : f64[4], f64[4]\n"
                   "  %a = mul %lo, 2.0 : f64[4]\n"
                   "  %b = mul %hi, 3.0 : f64[4]\n"
                   "  %c = add %a, %b : f64[4]\n"
                   "  return %c\n"
                   "}\n");
  assert_int_equal(only(&p)->figures.peak_inplace.bytes, 64);
  assert_int_equal(only(&p)->figures.arena.bytes, 64);
  assert_int_equal(only(&p)->inplace.count, 3);
  done(&p);
}

static void overlapping_parts_are_not_overwritten(void **state) {
  (void)state;
  planned p = plan("func @f() -> (f64[6], f64) {\n"
                   "  %x = fill 1.0 : f64[8]\n"
                   "  %lo = slice %x {start = [0], size = [6]} : f64[6]\n"
                   "  %hi = slice %x {start = [2], size = [6]} : f64[6]\n"
                   "  %a = mul %lo, 2.0 : f64[6]\n"
                   "  %s = sum %hi : f64\n"
                   "  return %a, %s\n"
                   "}\n");
  assert_int_equal(only(&p)->inplace.count, 0);
  assert_int_equal(only(&p)->figures.peak_inplace.bytes, 64 + 48 + 8);
  done(&p);
}

/* ---- copies ---- */

static void expect_copies(const char *text, uint32_t count, int reason) {
  planned p = plan(text);
  assert_int_equal(only(&p)->copies.count, count);
  for (uint32_t i = 0; i < count; i++)
    if (reason >= 0) assert_int_equal(only(&p)->copies.data[i].reason, reason);
  done(&p);
}

#define LOOP(init, body, yield) \
  "func @f(%in: f64[8], %n: i64) -> f64[8] {\n  %x = fill 1.0 : f64[8]\n" \
  "  %r = for %i = 0 to %n carry (%a = " init ") -> f64[8] {\n" body "    yield " yield "\n  }\n" \
  "  return %r\n}\n"

static void copies_are_made_where_bytes_cannot_be_handed_over(void **state) {
  (void)state;
  expect_copies(LOOP("%x", "    %y = mul %a, 2.0 : f64[8]\n", "%y"), 0, -1);
  expect_copies(LOOP("%in", "    %y = mul %a, 2.0 : f64[8]\n", "%y"), 1, VMO_COPY_PARAMETER);
  expect_copies(LOOP("%x", "    %y = mul %a, %x : f64[8]\n", "%y"), 1, VMO_COPY_INTERFERENCE);
  expect_copies(LOOP("%x", "    %y = cumsum %a : f64[8]\n    %z = add %y, %y : f64[8]\n", "%z"), 0, -1);
  expect_copies(LOOP("%x", "    %c = const {value = 3.0} : f64[8]\n", "%c"), 1, VMO_COPY_CONSTANT);
  expect_copies(LOOP("%x", "    %v = reshape %x : f64[2,4]\n    %w = reshape %v : f64[8]\n", "%w"), 2, -1);
}

static void exchanged_values_take_one_temporary(void **state) {
  (void)state;
  planned p = plan("func @f(%n: i64) -> (f64[8], f64[8]) {\n"
                   "  %x = fill 1.0 : f64[8]\n"
                   "  %y = fill 2.0 : f64[8]\n"
                   "  %r, %s = for %i = 0 to %n carry (%a = %x, %b = %y) -> (f64[8], f64[8]) {\n"
                   "    yield %b, %a\n"
                   "  }\n"
                   "  return %r, %s\n"
                   "}\n");
  assert_int_equal(only(&p)->copies.count, 3);
  assert_int_equal(only(&p)->figures.peak_inplace.bytes, 3 * 64);
  done(&p);
}

/* What only the end of a loop reads is live at its header too: a trip of zero must find it there. */
static void a_value_for_the_end_of_a_loop_is_not_overwritten_at_its_entry(void **state) {
  (void)state;
  planned p = plan("func @f(%n: i64) -> f64[8] {\n"
                   "  %x = fill 1.0 : f64[8]\n"
                   "  %y = fill 2.0 : f64[8]\n"
                   "  %r = for %i = 0 to %n carry (%a = %x) -> f64[8] {\n"
                   "    yield %y\n"
                   "  }\n"
                   "  %s = add %r, %x : f64[8]\n"
                   "  return %s\n"
                   "}\n");
  assert_int_equal(only(&p)->copies.count, 2);
  done(&p);
}

/* ---- other passes ---- */

static void dead_values_go_only_when_asked(void **state) {
  (void)state;
  const char *text = "func @f(%n: i64) -> f64[8] {\n"
                     "  %x = fill 1.0 : f64[8]\n"
                     "  %dead = exp %x : f64[8]\n"
                     "  %loop = for %i = 0 to %n carry (%a = %dead) -> f64[8] {\n"
                     "    %b = exp %a : f64[8]\n"
                     "    yield %b\n"
                     "  }\n"
                     "  %y = cumsum %x : f64[8]\n"
                     "  return %y\n"
                     "}\n";
  planned kept = plan(text);
  assert_int_equal(only(&kept)->op_count, 7);
  assert_int_equal(only(&kept)->dead.count, 1);
  done(&kept);
  planned removed = plan_with(text, (vmo_plan_options){.alignment = 8, .optimise = 2});
  assert_int_equal(only(&removed)->op_count, 3);
  assert_int_equal(only(&removed)->dead.count, 0);
  assert_int_equal(only(&removed)->figures.arena.bytes, 64);
  done(&removed);
}

static void levels_count_the_longest_chain(void **state) {
  (void)state;
  planned p = plan("func @f() -> f64[8] {\n"
                   "  %a = fill 1.0 : f64[8]\n  %b = fill 2.0 : f64[8]\n  %c = fill 3.0 : f64[8]\n"
                   "  %d = add %a, %b : f64[8]\n  %e = add %d, %c : f64[8]\n"
                   "  return %e\n}\n");
  assert_int_equal(only(&p)->critical_path, 3);
  assert_int_equal(only(&p)->parallel_width, 3);
  done(&p);
}

static void callees_come_first_and_cycles_are_flagged(void **state) {
  (void)state;
  planned p = plan("func @main(%c: bool) -> f64[8] {\n"
                   "  %x = fill 1.0 : f64[8]\n  %y = call @even(%x, %c) : f64[8]\n  %z = call @leaf(%y) : f64[8]\n"
                   "  return %z\n}\n"
                   "func @even(%x: f64[8], %c: bool) -> f64[8] {\n"
                   "  %r = if %c -> f64[8] {\n    %o = call @odd(%x, false) : f64[8]\n    yield %o\n  } else {\n"
                   "    %p = mul %x, 2.0 : f64[8]\n    yield %p\n  }\n  return %r\n}\n"
                   "func @odd(%x: f64[8], %c: bool) -> f64[8] {\n"
                   "  %y = call @even(%x, %c) : f64[8]\n  return %y\n}\n"
                   "func @leaf(%x: f64[8]) -> f64[8] {\n  %y = exp %x : f64[8]\n  %s = sum %y : f64\n"
                   "  %z = mul %x, %s : f64[8]\n  return %z\n}\n");
  const bool recursive[] = {false, true, true, false};
  for (uint32_t f = 0; f < 4; f++) assert_int_equal(p.facts->functions.data[f]->recursive, recursive[f]);
  /* main: y and z, and at the call of leaf its exp result (64) and sum (8), of which 64 + 8 are live at once */
  assert_int_equal(p.facts->functions.data[0]->figures.peak_inplace.bytes, 64 + 64 + 64 + 8);
  done(&p);
}

/* ---- chains ---- */

static void expect_same_liveness(const char *text) {
  planned p = plan_with(text, (vmo_plan_options){.passes = "none"});
  vmo_flow *flow;
  vmo_cfg *cfg;
  vmo_liveness *with, *without;
  assert_int_equal(vmo_build_flow(p.module, p.module->functions.data[0], &p.binding, p.context->arena, &flow), VMO_OK);
  assert_int_equal(vmo_compute_cfg(flow, &cfg), VMO_OK);
  assert_int_equal(vmo_compute_liveness(flow, cfg, &with), VMO_OK);
  for (uint32_t b = 0; b < flow->blocks.count; b++) flow->blocks.data[b].chain = VMO_NONE;
  for (uint32_t l = 0; l < cfg->loops.count; l++) cfg->loops.data[l].contiguous = false;
  assert_int_equal(vmo_compute_liveness(flow, cfg, &without), VMO_OK);
  for (uint32_t s = 0; s < flow->storages.count; s++)
    for (vmo_point op = 0; op < flow->op_count; op++)
      if (vmo_is_live_at(with, s, op) != vmo_is_live_at(without, s, op)) fail_msg("storage %u, op %d", s, op);
  done(&p);
}

static void shortcuts_give_the_liveness_of_the_plain_walk(void **state) {
  (void)state;
  expect_same_liveness("func @f(%n: i64, %c: bool) -> f64[8] {\n"
                       "  %x = fill 1.0 : f64[8]\n  %k = fill 5.0 : f64[8]\n"
                       "  %r = for %i = 0 to %n carry (%a = %x) -> f64[8] {\n"
                       "    %q = if %c -> f64[8] {\n      %u = add %a, %k : f64[8]\n      yield %u\n    } else {\n"
                       "      %v = mul %a, 2.0 : f64[8]\n      yield %v\n    }\n"
                       "    %w = for %j = 0 to 3 carry (%b = %q) -> f64[8] {\n"
                       "      %d = add %b, %a : f64[8]\n      yield %d\n    }\n"
                       "    yield %w\n  }\n"
                       "  %m = if %c -> f64[8] {\n    yield %k\n  } else {\n    yield %r\n  }\n"
                       "  %z = while carry (%e = %m) -> f64[8] {\n    %s = sum %e : f64\n"
                       "    %go = lt %s, 9.0 : bool\n    condition %go\n  } do {\n"
                       "    %f = add %e, %r : f64[8]\n    yield %f\n  }\n"
                       "  return %z\n}\n");
  expect_same_liveness("func @f(%n: i64) -> f64[8] {\n"
                       "  %x = fill 1.0 : f64[8]\n  %k = fill 5.0 : f64[8]\n"
                       "  %p, %q, %r = parallel -> (f64[8], f64[8], f64[8]) {\n"
                       "    stream {\n      %a = add %x, %k : f64[8]\n"
                       "      %b = for %i = 0 to %n carry (%c = %a) -> f64[8] {\n"
                       "        %d = add %c, %x : f64[8]\n        yield %d\n      }\n      yield %b\n    }\n"
                       "    stream {\n      %e, %g = parallel -> (f64[8], f64[8]) {\n"
                       "        stream {\n          %h = neg %k : f64[8]\n          yield %h\n        }\n"
                       "        stream {\n          %l = abs %x : f64[8]\n          yield %l\n        }\n      }\n"
                       "      %m = add %e, %g : f64[8]\n      yield %m\n    }\n"
                       "    stream {\n      %o = neg %x : f64[8]\n      yield %o\n    }\n  }\n"
                       "  %s = add %p, %q : f64[8]\n  %t = add %s, %r : f64[8]\n  %u = add %t, %k : f64[8]\n"
                       "  return %u\n}\n");
}

/* ---- free dims without end ---- */

static int64_t bytes_with(const planned *p, vmo_size_id size, int64_t n, int64_t m) {
  vmo_interval dims[2] = {{n, n}, {m, m}}, result;
  assert_int_equal(vmo_size_evaluate(p->module->sizes, size, &(vmo_binding){dims, 2}, &result), VMO_EVALUATION_EXACT);
  return result.high;
}

/* Of arrays whose sizes cross (i*N + (200-i)*M), one after the other, none is provably the largest. */
static void loads_that_nobody_can_compare_are_covered(void **state) {
  (void)state;
  vmo_text text;
  vmo_text_init(&text);
  vmo_text_add(&text, "dim N\ndim M\nfunc @f() -> f64 {\n  %t0 = fill 0.0 : f64\n");
  for (int i = 0; i <= 200; i++)
    vmo_text_addf(&text,
                  "  %%v%d = fill 1.0 : f64[%d*N+%d*M]\n  %%s%d = sum %%v%d : f64\n  %%t%d = add %%t%d, %%s%d : f64\n",
                  i, i, 200 - i, i, i, i + 1, i, i);
  vmo_text_add(&text, "  return %t201\n}\n");
  planned p = plan(text.data);
  const vmo_plan_facts *facts = only(&p);
  assert_true(!facts->known && facts->bounded);
  for (int64_t n = 0; n < 10; n += 3)
    for (int64_t m = 0; m < 10; m += 3) {
      int64_t largest = 8 * 200 * (n > m ? n : m), lower = bytes_with(&p, facts->figures.lower_bound.size, n, m);
      assert_true(bytes_with(&p, facts->figures.peak.size, n, m) >= largest);
      assert_true(bytes_with(&p, facts->figures.arena.size, n, m) >= largest);
      assert_true(lower <= largest + 24 && lower > 0 - (n + m == 0));
    }
  vmo_text_free(&text);
  done(&p);
}

/* 5000 free dims: their sum is no size any more, and that is said rather than that memory is out. */
static void sums_of_too_many_dims_are_an_error(void **state) {
  (void)state;
  vmo_text text;
  vmo_text_init(&text);
  for (int i = 0; i < 5000; i++) vmo_text_addf(&text, "dim D%d\n", i);
  vmo_text_add(&text, "func @f() -> f64 {\n  %t0 = fill 0.0 : f64\n");
  for (int i = 0; i < 5000; i++)
    vmo_text_addf(&text, "  %%v%d = fill 1.0 : f64[D%d]\n  %%s%d = sum %%v%d : f64\n  %%t%d = add %%t%d, %%s%d : f64\n",
                  i, i, i, i, i + 1, i, i);
  vmo_text_add(&text, "  return %t5000\n}\n");
  planned p = {.context = vmo_context_create()};
  assert_int_equal(vmo_context_set_source(p.context, "test.vmir", text.data, text.count), VMO_OK);
  assert_int_equal(vmo_parse_module(p.context, &p.module), VMO_OK);
  p.binding = vmo_declared_binding(p.module);
  assert_int_equal(vmo_plan_module(p.module, &p.binding, &(vmo_plan_options){0}, &p.facts), VMO_INPUT_ERROR);
  vmo_text out;
  vmo_text_init(&out);
  vmo_diag_print_all(p.context, false, &out);
  assert_non_null(strstr(out.data, "beyond what can be written as an expression of its free dims [E0402]"));
  vmo_text_free(&out);
  vmo_text_free(&text);
  done(&p);
}

/* ---- names of copies ---- */

/* One value goes into several loops: each copy has a name of its own, none of those that are taken. */
static void copies_are_named_apart(void **state) {
  (void)state;
  planned p = plan("func @f(%n: i64) -> f64[8] {\n"
                   "  %x = fill 1.0 : f64[8]\n"
                   "  %x.copy2 = fill 2.0 : f64[8]\n"
                   "  %a = for %i = 0 to %n carry (%p = %x) -> f64[8] {\n    %q = neg %p : f64[8]\n    yield %q\n  }\n"
                   "  %b = for %j = 0 to %n carry (%r = %x) -> f64[8] {\n    %s = neg %r : f64[8]\n    yield %s\n  }\n"
                   "  %c = for %k = 0 to %n carry (%t = %x) -> f64[8] {\n    %u = neg %t : f64[8]\n    yield %u\n  }\n"
                   "  %d = add %a, %b : f64[8]\n  %e = add %c, %x : f64[8]\n  %g = add %d, %e : f64[8]\n"
                   "  %h = add %g, %x.copy2 : f64[8]\n  return %h\n}\n");
  static const char *const names[] = {"x.copy", "x.copy3", "x.copy4"};
  const vmo_plan_facts *facts = only(&p);
  assert_int_equal(facts->copies.count, 3);
  for (uint32_t i = 0; i < 3; i++)
    assert_string_equal(vmo_value_name(p.module, facts->planned, facts->copies.data[i].copy), names[i]);
  done(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(loads_that_nobody_can_compare_are_covered),
      cmocka_unit_test(sums_of_too_many_dims_are_an_error),
      cmocka_unit_test(copies_are_named_apart),
      cmocka_unit_test(each_refusal_has_its_reason),
      cmocka_unit_test(a_part_may_be_overwritten_while_the_rest_lives),
      cmocka_unit_test(overlapping_parts_are_not_overwritten),
      cmocka_unit_test(copies_are_made_where_bytes_cannot_be_handed_over),
      cmocka_unit_test(exchanged_values_take_one_temporary),
      cmocka_unit_test(a_value_for_the_end_of_a_loop_is_not_overwritten_at_its_entry),
      cmocka_unit_test(dead_values_go_only_when_asked),
      cmocka_unit_test(levels_count_the_longest_chain),
      cmocka_unit_test(callees_come_first_and_cycles_are_flagged),
      cmocka_unit_test(shortcuts_give_the_liveness_of_the_plain_walk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
