/* test_dims.c: sizes against direct evaluation of random expressions, and the forms and proofs by example. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ir/dims.h"

enum { DIMS = 3 };

typedef struct fixture {
  vmo_context *context;
  vmo_sizes *sizes;
  vmo_dim dims[DIMS];
  vmo_size_id n, m, k; /* dims 0, 1, 2 */
  uint64_t random;
} fixture;

static int set_up(void **state) {
  static fixture f;
  static const char *const names[DIMS] = {"N", "M", "K"};
  f.context = vmo_context_create();
  f.sizes = vmo_sizes_create(f.context);
  f.random = 12345;
  for (uint32_t i = 0; i < DIMS; i++)
    f.dims[i] = (vmo_dim){vmr_interner_add(f.context->names, names[i], 1), VMO_DIM_FREE, 0, {0, 0}};
  f.n = vmo_size_symbol(f.sizes, 0);
  f.m = vmo_size_symbol(f.sizes, 1);
  f.k = vmo_size_symbol(f.sizes, 2);
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  vmo_context_destroy(((fixture *)*state)->context);
  return 0;
}

static int64_t draw(fixture *f, int64_t low, int64_t high) {
  f->random ^= f->random << 13;
  f->random ^= f->random >> 7;
  f->random ^= f->random << 17;
  return low + (int64_t)(f->random % (uint64_t)(high - low + 1));
}

/* ---- random expressions, as a program for a stack machine ---- */

typedef enum step_kind { NUMBER, DIM, ADD, SUBTRACT, MULTIPLY, DIVIDE, MAXIMUM, ALIGN } step_kind;

typedef struct step {
  step_kind kind;
  int64_t operand;
} step;

typedef struct expression {
  step steps[64];
  uint32_t count;
} expression;

/* NOLINTNEXTLINE(misc-no-recursion): `depth` deep */
static void draw_expression(fixture *f, expression *e, int depth) {
  if (depth == 0 || draw(f, 0, 4) == 0) {
    bool is_dim = draw(f, 0, 2) > 0;
    e->steps[e->count++] = (step){is_dim ? DIM : NUMBER, is_dim ? draw(f, 0, DIMS - 1) : draw(f, -9, 40)};
    return;
  }
  step_kind kind = (step_kind)draw(f, ADD, ALIGN);
  draw_expression(f, e, depth - 1);
  bool binary = kind != DIVIDE && kind != ALIGN;
  if (binary) draw_expression(f, e, depth - 1);
  e->steps[e->count++] = (step){kind, binary ? 0 : draw(f, 1, 12)};
}

static int64_t floor_divide(int64_t left, int64_t right) {
  int64_t quotient = left / right;
  return quotient * right > left ? quotient - 1 : quotient;
}

static int64_t compute(step s, int64_t x, int64_t y) {
  switch (s.kind) {
  case ADD: return x + y;
  case SUBTRACT: return x - y;
  case MULTIPLY: return x * y;
  case MAXIMUM: return x > y ? x : y;
  case DIVIDE: return floor_divide(x, s.operand);
  case ALIGN: return floor_divide(x + s.operand - 1, s.operand) * s.operand;
  default: fail(); return 0;
  }
}

static int64_t evaluate_directly(const expression *e, const int64_t *values) {
  int64_t stack[64] = {0};
  uint32_t top = 0;
  for (uint32_t i = 0; i < e->count; i++) {
    step s = e->steps[i];
    if (s.kind == NUMBER || s.kind == DIM) {
      stack[top++] = s.kind == DIM ? values[s.operand] : s.operand;
    } else {
      int64_t y = s.kind == DIVIDE || s.kind == ALIGN ? 0 : stack[--top];
      stack[top - 1] = compute(s, stack[top - 1], y);
    }
  }
  return stack[0];
}

static vmo_size_id apply(fixture *f, step s, vmo_size_id x, vmo_size_id y, bool swap) {
  vmo_size_id left = swap ? y : x, right = swap ? x : y;
  switch (s.kind) {
  case ADD: return vmo_size_add(f->sizes, left, right);
  case SUBTRACT: return vmo_size_subtract(f->sizes, x, y);
  case MULTIPLY: return vmo_size_multiply(f->sizes, left, right);
  case MAXIMUM: return vmo_size_max(f->sizes, left, right);
  case DIVIDE: return vmo_size_divide(f->sizes, x, s.operand);
  case ALIGN: return vmo_size_align(f->sizes, x, s.operand);
  default: fail(); return VMO_NONE;
  }
}

/* `swap` exchanges the operands wherever that must not matter. */
static vmo_size_id build(fixture *f, const expression *e, bool swap) {
  vmo_size_id stack[64] = {0};
  uint32_t top = 0;
  for (uint32_t i = 0; i < e->count; i++) {
    step s = e->steps[i];
    if (s.kind == NUMBER) stack[top++] = vmo_size_constant(f->sizes, s.operand);
    if (s.kind == DIM) stack[top++] = vmo_size_symbol(f->sizes, (vmo_dim_id)s.operand);
    if (s.kind == NUMBER || s.kind == DIM) continue;
    vmo_size_id y = s.kind == DIVIDE || s.kind == ALIGN ? VMO_NONE : stack[--top];
    stack[top - 1] = apply(f, s, stack[top - 1], y, swap);
  }
  return stack[0];
}

static void draw_size(fixture *f, expression *e, vmo_size_id *size) {
  e->count = 0;
  draw_expression(f, e, (int)draw(f, 1, 4));
  *size = build(f, e, false);
  assert_int_not_equal(*size, VMO_NONE);
}

static void check_exact(fixture *f, vmo_size_id size, const int64_t *values, int64_t expected) {
  vmo_interval intervals[DIMS], result = {0, 0};
  for (uint32_t i = 0; i < DIMS; i++) intervals[i] = (vmo_interval){values[i], values[i]};
  vmo_evaluation evaluation = vmo_size_evaluate(f->sizes, size, &(vmo_binding){intervals, DIMS}, &result);
  assert_int_equal(evaluation, expected < 0 ? VMO_EVALUATION_NEGATIVE : VMO_EVALUATION_EXACT);
  assert_true(result.low == expected && result.high == expected);
}

static void random_expressions_evaluate_exactly(void **state) {
  fixture *f = *state;
  for (int round = 0; round < 4000; round++) {
    expression e;
    vmo_size_id size;
    draw_size(f, &e, &size);
    for (int i = 0; i < 8; i++) {
      int64_t values[DIMS] = {draw(f, 0, 30), draw(f, 0, 9), draw(f, 0, 3)};
      check_exact(f, size, values, evaluate_directly(&e, values));
    }
  }
}

static void operand_order_does_not_matter(void **state) {
  fixture *f = *state;
  for (int round = 0; round < 4000; round++) {
    expression e;
    vmo_size_id size;
    draw_size(f, &e, &size);
    assert_int_equal(build(f, &e, true), size);
  }
}

/* Every value within the box lies within the evaluated bounds. */
static void random_bounds_hold(void **state) {
  fixture *f = *state;
  for (int round = 0; round < 4000; round++) {
    expression e;
    vmo_size_id size;
    draw_size(f, &e, &size);
    vmo_interval box[DIMS], result;
    for (uint32_t i = 0; i < DIMS; i++) {
      box[i].low = draw(f, 0, 6);
      box[i].high = draw(f, box[i].low, box[i].low + 5);
    }
    vmo_evaluation evaluation = vmo_size_evaluate(f->sizes, size, &(vmo_binding){box, DIMS}, &result);
    assert_true(evaluation == VMO_EVALUATION_BOUNDED || evaluation == VMO_EVALUATION_EXACT ||
                evaluation == VMO_EVALUATION_NEGATIVE);
    for (int64_t n = box[0].low; n <= box[0].high; n++)
      for (int64_t m = box[1].low; m <= box[1].high; m++)
        for (int64_t k = box[2].low; k <= box[2].high; k++) {
          int64_t value = evaluate_directly(&e, (int64_t[]){n, m, k});
          assert_true(result.low <= value && value <= result.high);
        }
  }
}

static void random_comparisons_are_sound(void **state) {
  fixture *f = *state;
  int proven = 0;
  for (int round = 0; round < 6000; round++) {
    expression left, right;
    vmo_size_id x, y;
    draw_size(f, &left, &x);
    draw_size(f, &right, &y);
    if (round % 2 == 0) y = vmo_size_subtract(f->sizes, x, vmo_size_max(f->sizes, y, f->n)); /* often provable */
    if (!vmo_size_at_least(f->sizes, x, y)) continue;
    proven++;
    for (int i = 0; i < 60; i++) {
      int64_t values[DIMS] = {draw(f, 0, 70), draw(f, 0, 70), draw(f, 0, 5)};
      vmo_interval intervals[DIMS], result;
      for (uint32_t j = 0; j < DIMS; j++) intervals[j] = (vmo_interval){values[j], values[j]};
      vmo_size_id difference = vmo_size_subtract(f->sizes, x, y);
      assert_int_equal(vmo_size_evaluate(f->sizes, difference, &(vmo_binding){intervals, DIMS}, &result),
                       VMO_EVALUATION_EXACT);
    }
  }
  assert_true(proven > 1000);
}

static void covers_reach_both(void **state) {
  fixture *f = *state;
  for (int round = 0; round < 3000; round++) {
    expression left, right;
    vmo_size_id x, y;
    draw_size(f, &left, &x);
    draw_size(f, &right, &y);
    vmo_size_id cover = round % 2 == 0 ? vmo_size_cover(f->sizes, x, y) : vmo_size_cover_terms(f->sizes, x, y);
    if (cover == VMO_NONE) {
      vmo_sizes_clear_status(f->sizes);
      continue;
    }
    for (int i = 0; i < 20; i++) {
      int64_t values[DIMS] = {draw(f, 0, 70), draw(f, 0, 70), draw(f, 0, 5)};
      vmo_interval intervals[DIMS], result;
      for (uint32_t j = 0; j < DIMS; j++) intervals[j] = (vmo_interval){values[j], values[j]};
      vmo_evaluation evaluation = vmo_size_evaluate(f->sizes, cover, &(vmo_binding){intervals, DIMS}, &result);
      if (evaluation == VMO_EVALUATION_OVERFLOW) continue;
      assert_true(result.low >= evaluate_directly(&left, values) && result.low >= evaluate_directly(&right, values));
    }
  }
}

static void substitution_agrees_with_evaluation(void **state) {
  fixture *f = *state;
  for (int round = 0; round < 3000; round++) {
    expression e, n, k;
    vmo_size_id size, replacements[DIMS] = {VMO_NONE, VMO_NONE, VMO_NONE};
    draw_size(f, &e, &size);
    draw_size(f, &n, &replacements[0]);
    draw_size(f, &k, &replacements[2]);
    vmo_size_id replaced = vmo_size_substitute(f->sizes, size, replacements, DIMS);
    if (replaced == VMO_NONE) {
      vmo_sizes_clear_status(f->sizes);
      continue;
    }
    int64_t values[DIMS] = {draw(f, 0, 3), draw(f, 0, 3), draw(f, 0, 3)};
    int64_t inner[DIMS] = {evaluate_directly(&n, values), values[1], evaluate_directly(&k, values)};
    if (inner[0] < 0 || inner[2] < 0 || inner[0] > 99 || inner[2] > 99) continue; /* no values of dims */
    check_exact(f, replaced, values, evaluate_directly(&e, inner));
  }
}

/* ---- by example ---- */

static vmo_size_id number(fixture *f, int64_t value) { return vmo_size_constant(f->sizes, value); }

static vmo_size_id plus(fixture *f, vmo_size_id left, int64_t right) {
  return vmo_size_add(f->sizes, left, number(f, right));
}

static vmo_size_id times(fixture *f, vmo_size_id left, int64_t right) {
  return vmo_size_multiply(f->sizes, left, number(f, right));
}

static void assert_prints(fixture *f, vmo_size_id size, const char *expected) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_size_print(f->sizes, size, f->dims, f->context->names, &text);
  assert_string_equal(text.data, expected);
  vmo_text_free(&text);
}

static void sizes_print_as_they_are_read(void **state) {
  fixture *f = *state;
  vmo_sizes *s = f->sizes;
  assert_prints(f, number(f, 0), "0");
  assert_prints(f, number(f, -5), "-5");
  assert_prints(f, plus(f, times(f, f->n, 8), 8), "8*N + 8");
  assert_prints(f, vmo_size_align(s, f->n, 64), "(N + 63)/64*64");
  assert_prints(f, vmo_size_max(s, times(f, f->n, 8), times(f, f->m, 4)), "max(8*N, 4*M)");
  assert_prints(f, vmo_size_subtract(s, number(f, 5), f->n), "5 - N");
  assert_prints(f, vmo_size_subtract(s, number(f, -5), f->n), "-N - 5");
  assert_prints(f, vmo_size_subtract(s, vmo_size_multiply(s, f->m, f->n), f->n), "N*M - N");
  assert_prints(f, vmo_size_multiply(s, f->n, vmo_size_divide(s, f->m, 2)), "M/2*N");
  assert_prints(f, vmo_size_multiply(s, vmo_size_divide(s, f->n, 3), vmo_size_divide(s, f->m, 2)), "N/3*(M/2)");
  assert_prints(f, vmo_size_divide(s, times(f, f->n, 3), 4), "3*N/4");
  vmo_text text;
  vmo_text_init(&text);
  vmo_size_print_compact(s, plus(f, vmo_size_max(s, times(f, f->n, 3), f->m), 1), f->dims, f->context->names, &text);
  assert_string_equal(text.data, "max(3*N,M)+1");
  vmo_text_free(&text);
}

/* Of 100 sizes that nobody can compare the maximum gives way to one term a dim. */
static void covers_stay_short(void **state) {
  fixture *f = *state;
  vmo_size_id all = vmo_size_constant(f->sizes, 0);
  for (int64_t i = 0; i <= 100; i++) {
    vmo_size_id left = vmo_size_multiply(f->sizes, f->n, vmo_size_constant(f->sizes, i));
    vmo_size_id right = vmo_size_multiply(f->sizes, f->m, vmo_size_constant(f->sizes, 100 - i));
    all = vmo_size_cover_terms(f->sizes, all, vmo_size_add(f->sizes, left, right));
  }
  assert_prints(f, all, "100*N + 100*M");
}

static void equal_sizes_have_equal_ids(void **state) {
  fixture *f = *state;
  vmo_sizes *s = f->sizes;
  vmo_size_id square = vmo_size_multiply(s, plus(f, f->n, 1), plus(f, f->n, 1));
  vmo_size_id expanded = plus(f, vmo_size_add(s, vmo_size_multiply(s, f->n, f->n), times(f, f->n, 2)), 1);
  assert_int_equal(square, expanded);
  assert_int_equal(vmo_size_subtract(s, square, expanded), number(f, 0));
  assert_int_equal(vmo_size_divide(s, times(f, f->n, 64), 64), f->n);
  assert_int_equal(vmo_size_divide(s, plus(f, times(f, f->n, 8), 7), 8), f->n);
  assert_int_equal(vmo_size_divide(s, vmo_size_divide(s, f->n, 3), 5), vmo_size_divide(s, f->n, 15));
  assert_int_equal(vmo_size_divide(s, vmo_size_divide(s, times(f, f->n, 3), 2), 3), vmo_size_divide(s, f->n, 2));
  assert_int_equal(vmo_size_divide(s, plus(f, f->n, -3), 2), plus(f, vmo_size_divide(s, plus(f, f->n, 1), 2), -2));
  vmo_size_id aligned = vmo_size_align(s, f->n, 64);
  assert_int_equal(vmo_size_align(s, aligned, 64), aligned);
  assert_int_equal(vmo_size_align(s, aligned, 16), aligned);
  assert_int_equal(vmo_size_align(s, times(f, f->n, 64), 64), times(f, f->n, 64));
  assert_int_equal(vmo_size_align(s, number(f, 65), 64), number(f, 128));
  assert_int_equal(vmo_size_align(s, number(f, 0), 64), number(f, 0));
  vmo_size_id left = vmo_size_max(s, vmo_size_max(s, f->n, f->m), f->k);
  assert_int_equal(left, vmo_size_max(s, f->k, vmo_size_max(s, f->m, f->n)));
  assert_int_equal(vmo_size_max(s, left, f->m), left);
  assert_int_equal(times(f, left, 8), vmo_size_max(s, times(f, left, 8), times(f, f->m, 8)));
  assert_int_equal(vmo_size_max(s, plus(f, f->n, 1), f->n), plus(f, f->n, 1));
}

static void comparisons_that_planning_needs(void **state) {
  fixture *f = *state;
  vmo_sizes *s = f->sizes;
  vmo_size_id half = vmo_size_divide(s, f->n, 2), aligned = vmo_size_align(s, f->n, 64);
  vmo_size_id largest = vmo_size_max(s, f->n, f->m);
  assert_true(vmo_size_at_least(s, times(f, f->n, 8), times(f, f->n, 4)));
  assert_false(vmo_size_at_least(s, times(f, f->n, 4), times(f, f->n, 8)));
  assert_false(vmo_size_at_least(s, f->n, f->m));
  assert_true(vmo_size_at_least(s, f->n, half));
  assert_true(vmo_size_at_least(s, half, number(f, 0)));
  assert_true(vmo_size_at_least(s, aligned, f->n));
  assert_false(vmo_size_at_least(s, f->n, aligned));
  assert_true(vmo_size_at_least(s, plus(f, f->n, 63), aligned));
  assert_true(vmo_size_at_least(s, vmo_size_divide(s, plus(f, f->n, 1), 2), half));
  /* what is rounded up to 64 and then to 128 lies behind it, though no bound of N says so */
  vmo_size_id eighth = times(f, vmo_size_divide(s, plus(f, f->n, 7), 8), 64);
  vmo_size_id sixteenth = times(f, vmo_size_divide(s, plus(f, f->n, 7), 16), 128);
  assert_true(vmo_size_at_least(s, plus(f, sixteenth, 64), eighth));
  assert_false(vmo_size_at_least(s, plus(f, sixteenth, 63), eighth));
  assert_true(vmo_size_at_least(s, eighth, sixteenth));
  vmo_size_id further = times(f, vmo_size_divide(s, plus(f, f->n, 15), 16), 128);
  assert_true(vmo_size_at_least(s, further, eighth));
  assert_false(vmo_size_at_least(s, plus(f, further, -1), eighth));
  assert_true(vmo_size_at_least(s, plus(f, eighth, 64), further));
  assert_true(vmo_size_at_least(s, largest, f->m));
  assert_true(vmo_size_at_least(s, vmo_size_add(s, f->n, f->m), largest));
  assert_true(vmo_size_at_least(s, vmo_size_align(s, largest, 64), f->n));
  assert_true(vmo_size_at_least(s, vmo_size_max(s, largest, f->k), largest));
  assert_false(vmo_size_at_least(s, largest, f->k));
  assert_true(vmo_size_at_least(s, vmo_size_add(s, half, aligned), f->n)); /* a quotient that must be kept */
}

static void quotients_may_be_negative(void **state) {
  fixture *f = *state;
  vmo_sizes *s = f->sizes;
  vmo_size_id quotient = vmo_size_divide(s, vmo_size_subtract(s, f->n, f->m), 4);
  assert_false(vmo_size_at_least(s, quotient, number(f, 0)));
  check_exact(f, quotient, (int64_t[]){0, 1, 0}, -1);
  check_exact(f, quotient, (int64_t[]){3, 9, 0}, -2);
  assert_true(vmo_size_at_least(s, vmo_size_max(s, quotient, number(f, 0)), number(f, 0)));
}

static vmo_evaluation evaluate(fixture *f, vmo_size_id size, vmo_interval n, vmo_interval m, vmo_interval *result) {
  vmo_interval intervals[DIMS] = {n, m, {0, INT64_MAX}};
  *result = (vmo_interval){-1, -1};
  return vmo_size_evaluate(f->sizes, size, &(vmo_binding){intervals, DIMS}, result);
}

static void intervals_are_tight_where_sizes_are_monotone(void **state) {
  fixture *f = *state;
  vmo_sizes *s = f->sizes;
  vmo_interval result, ten = {0, 10};
  vmo_size_id rest = vmo_size_subtract(s, f->n, vmo_size_divide(s, f->n, 2));
  assert_int_equal(evaluate(f, rest, ten, ten, &result), VMO_EVALUATION_BOUNDED);
  assert_true(result.low == 0 && result.high == 5);
  vmo_size_id falling = vmo_size_divide(s, vmo_size_subtract(s, number(f, 10), f->n), 2);
  assert_int_equal(evaluate(f, falling, ten, ten, &result), VMO_EVALUATION_BOUNDED);
  assert_true(result.low == 0 && result.high == 5);
  vmo_size_id triangle = vmo_size_divide(s, vmo_size_multiply(s, f->n, plus(f, f->n, -1)), 2);
  assert_int_equal(evaluate(f, triangle, ten, ten, &result), VMO_EVALUATION_BOUNDED);
  assert_true(result.high == 45);
}

static void free_dims_and_overflow_are_told_apart(void **state) {
  fixture *f = *state;
  vmo_sizes *s = f->sizes;
  vmo_interval result, any = {0, INT64_MAX}, ten = {0, 10};
  int64_t limit = VMO_BYTES_LIMIT;
  vmo_size_id bytes = times(f, f->n, 8);
  assert_int_equal(evaluate(f, bytes, any, ten, &result), VMO_EVALUATION_UNBOUNDED);
  assert_int_equal(evaluate(f, bytes, (vmo_interval){limit / 8 - 1, limit / 8 - 1}, ten, &result),
                   VMO_EVALUATION_EXACT);
  assert_true(result.high == limit - 8);
  assert_int_equal(evaluate(f, bytes, (vmo_interval){limit / 8, limit / 8}, ten, &result), VMO_EVALUATION_OVERFLOW);
  assert_int_equal(evaluate(f, bytes, (vmo_interval){0, limit}, ten, &result), VMO_EVALUATION_OVERFLOW);
  assert_int_equal(evaluate(f, vmo_size_multiply(s, bytes, bytes), (vmo_interval){limit, limit}, ten, &result),
                   VMO_EVALUATION_OVERFLOW);
  assert_int_equal(evaluate(f, vmo_size_subtract(s, number(f, 10), f->n), any, ten, &result), VMO_EVALUATION_BOUNDED);
  assert_true(result.high == 10 && result.low < 0);
  assert_int_equal(evaluate(f, vmo_size_multiply(s, f->n, f->m), any, (vmo_interval){0, 0}, &result),
                   VMO_EVALUATION_EXACT);
  assert_int_equal(evaluate(f, number(f, limit), any, any, &result), VMO_EVALUATION_OVERFLOW);
  assert_int_equal(evaluate(f, vmo_size_add(s, f->n, number(f, limit)), any, any, &result), VMO_EVALUATION_OVERFLOW);
  assert_int_equal(evaluate(f, number(f, -1), any, any, &result), VMO_EVALUATION_NEGATIVE);
}

static void overflow_is_noted_and_stays(void **state) {
  fixture *f = *state;
  vmo_sizes *s = f->sizes;
  assert_int_equal(vmo_sizes_status(s), VMO_OK);
  vmo_size_id large = number(f, (INT64_C(1) << 62) - 1);
  assert_int_not_equal(large, VMO_NONE);
  assert_int_equal(vmo_size_add(s, large, number(f, 1)), VMO_NONE);
  assert_int_equal(vmo_sizes_status(s), VMO_INPUT_ERROR);
  assert_int_equal(vmo_size_add(s, f->n, number(f, 1)), plus(f, f->n, 1)); /* the table is still good */
  assert_int_equal(vmo_sizes_status(s), VMO_INPUT_ERROR);
  vmo_sizes_clear_status(s);
  assert_int_equal(vmo_size_multiply(s, large, times(f, f->n, 2)), VMO_NONE);
  assert_int_equal(vmo_size_constant(s, INT64_MIN), VMO_NONE);
  assert_int_equal(vmo_size_multiply(s, VMO_NONE, f->n), VMO_NONE);
  assert_int_equal(vmo_size_divide(s, f->n, 0), VMO_NONE);
  vmo_sizes_clear_status(s);
  assert_false(vmo_size_at_least(s, large, times(f, f->n, -2)) && vmo_sizes_status(s) != VMO_OK);
  assert_int_equal(vmo_sizes_status(s), VMO_OK);
}

/* Squaring a sum of 12 dims over and over leaves every limit behind, and so does nesting. */
static void expressions_have_a_limit(void **state) {
  fixture *f = *state;
  vmo_sizes *s = f->sizes;
  vmo_size_id sum = number(f, 1);
  for (vmo_dim_id dim = 0; dim < 12; dim++) sum = vmo_size_add(s, sum, vmo_size_symbol(s, dim));
  for (int i = 0; i < 10 && sum != VMO_NONE; i++) sum = vmo_size_multiply(s, sum, sum);
  assert_int_equal(sum, VMO_NONE);
  assert_int_equal(vmo_sizes_status(s), VMO_INPUT_ERROR);
  vmo_sizes_clear_status(s);
  vmo_size_id nested = f->n;
  for (int i = 0; i < 200 && nested != VMO_NONE; i++)
    nested = vmo_size_divide(s, vmo_size_multiply(s, plus(f, nested, 1), f->m), 3);
  assert_int_equal(nested, VMO_NONE);
  vmo_sizes_clear_status(s);
  vmo_size_id largest = f->n;
  for (vmo_dim_id dim = 0; dim < 2000 && largest != VMO_NONE; dim++)
    largest = vmo_size_max(s, largest, vmo_size_symbol(s, dim));
  assert_int_equal(largest, VMO_NONE);
  assert_int_equal(vmo_sizes_status(s), VMO_INPUT_ERROR);
  vmo_sizes_clear_status(s);
}

static void mentions_looks_into_atoms(void **state) {
  fixture *f = *state;
  vmo_sizes *s = f->sizes;
  vmo_size_id size = vmo_size_max(s, vmo_size_divide(s, plus(f, f->m, 1), 2), number(f, 7));
  assert_true(vmo_size_mentions(s, size, 1));
  assert_false(vmo_size_mentions(s, size, 0));
  assert_false(vmo_size_mentions(s, number(f, 3), 0));
  assert_true(vmo_size_is_constant(s, vmo_size_subtract(s, size, size), NULL));
  assert_false(vmo_size_is_constant(s, size, NULL));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(random_expressions_evaluate_exactly),
      TEST(operand_order_does_not_matter),
      TEST(random_bounds_hold),
      TEST(random_comparisons_are_sound),
      TEST(covers_reach_both),
      TEST(covers_stay_short),
      TEST(substitution_agrees_with_evaluation),
      TEST(sizes_print_as_they_are_read),
      TEST(equal_sizes_have_equal_ids),
      TEST(comparisons_that_planning_needs),
      TEST(quotients_may_be_negative),
      TEST(intervals_are_tight_where_sizes_are_monotone),
      TEST(free_dims_and_overflow_are_told_apart),
      TEST(overflow_is_noted_and_stays),
      TEST(expressions_have_a_limit),
      TEST(mentions_looks_into_atoms),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
