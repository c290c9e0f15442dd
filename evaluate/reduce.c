/* reduce.c: reductions and scans. Elements are taken in row-major order, one after the other, so that a sum of floats has
 * one result. Linear. */
#include "evaluate/fold.h"
#include "evaluate/kernel.h"

#include <math.h>

/* ---- folds ---- */

vmo_fold vmo_fold_begin(vmo_fold_kind kind, vmo_element element) {
  vmo_fold fold = {.kind = kind, .element = vmo_sum_element(element)};
  switch (kind) {
  case VMO_FOLD_PRODUCT: fold.value = vmo_number_of(fold.element, 1); break;
  case VMO_FOLD_MIN: fold.value = vmo_greatest(element); break;
  case VMO_FOLD_MAX: fold.value = vmo_least(element); break;
  default: fold.value = vmo_number_of(fold.element, 0); break;
  }
  return fold;
}

static void fold_real(vmo_fold *fold, double real) {
  double value = fold->value.real;
  switch (fold->kind) {
  case VMO_FOLD_PRODUCT: value *= real; break;
  case VMO_FOLD_MIN: value = isnan(value) || value < real ? value : real; break;
  case VMO_FOLD_MAX: value = isnan(value) || value > real ? value : real; break;
  case VMO_FOLD_SQUARES: value += vmo_round_to(fold->element, real * real); break;
  default: value += real; break;
  }
  fold->value.real = vmo_round_to(fold->element, value);
}

void vmo_fold_add(vmo_fold *fold, vmo_number number) {
  fold->count++;
  if (vmo_element_is_float(fold->element)) {
    fold_real(fold, number.real);
    return;
  }
  bool less = vmo_compare(fold->element, number, fold->value) < 0;
  switch (fold->kind) {
  case VMO_FOLD_PRODUCT: fold->value = vmo_multiply_numbers(fold->element, fold->value, number); break;
  case VMO_FOLD_MIN: fold->value = less ? number : fold->value; break;
  case VMO_FOLD_MAX: fold->value = less ? fold->value : number; break;
  default: fold->value = vmo_add_numbers(fold->element, fold->value, number); break;
  }
}

vmo_number vmo_fold_end(const vmo_fold *fold) {
  vmo_number value = fold->value;
  if (fold->kind == VMO_FOLD_MEAN) value.real /= (double)fold->count;
  if (fold->kind == VMO_FOLD_SQUARES) value.real = sqrt(value.real);
  return value;
}

/* ---- reductions ---- */

static vmo_fold_kind fold_kind(vmo_opcode code) {
  switch (code) {
  case VMO_OP_prod: return VMO_FOLD_PRODUCT;
  case VMO_OP_mean: return VMO_FOLD_MEAN;
  case VMO_OP_reduce_min:
  case VMO_OP_all: return VMO_FOLD_MIN;
  case VMO_OP_reduce_max:
  case VMO_OP_any: return VMO_FOLD_MAX;
  case VMO_OP_norm: return VMO_FOLD_SQUARES;
  default: return VMO_FOLD_SUM;
  }
}

/* The strides of the result along the operand's axes: 0 along those that go. */
static void result_strides(const vmo_run *run, uint64_t reduced, int64_t *strides) {
  int64_t stride = 1;
  for (uint32_t axis = run->operands[0].rank; axis-- > 0;) {
    bool goes = reduced >> axis & 1;
    strides[axis] = goes ? 0 : stride;
    if (!goes) stride *= run->operands[0].sizes[axis];
  }
}

static bool fold_all(vmo_run *run, uint64_t reduced) {
  const vmo_array *from = &run->operands[0];
  vmo_array *result = &run->results[0];
  int64_t strides[VMO_MAX_RANK];
  vmo_fold *folds = vmo_run_scratch(run, result->count, sizeof *folds);
  if (folds == NULL) return false;
  for (int64_t i = 0; i < result->count; i++) folds[i] = vmo_fold_begin(fold_kind(vmo_run_code(run)), from->element);
  result_strides(run, reduced, strides);
  vmo_walk walk;
  vmo_walk_begin(&walk, from);
  vmo_walk_strided(&walk, strides, 0);
  for (int64_t i = 0; i < from->count; i++, vmo_walk_next(&walk))
    vmo_fold_add(&folds[walk.offsets[0]], vmo_get(from, i));
  for (int64_t i = 0; i < result->count; i++) vmo_put(result, i, vmo_fold_end(&folds[i]));
  return true;
}

/* The first of the extreme elements; NaN is more extreme than any number. */
static bool find_extremes(vmo_run *run, uint64_t reduced) {
  const vmo_array *from = &run->operands[0];
  vmo_array *result = &run->results[0];
  bool greatest = vmo_run_code(run) == VMO_OP_argmax,
       whole = from->rank == 0 || reduced == UINT64_MAX >> (64 - from->rank);
  uint32_t axis = 0;
  while (axis + 1 < from->rank && !(reduced >> axis & 1)) axis++;
  int64_t strides[VMO_MAX_RANK];
  vmo_number *best = vmo_run_scratch(run, result->count, sizeof *best);
  bool *seen = vmo_run_scratch(run, result->count, sizeof *seen);
  if (best == NULL || seen == NULL) return false;
  result_strides(run, reduced, strides);
  vmo_walk walk;
  vmo_walk_begin(&walk, from);
  vmo_walk_strided(&walk, strides, 0);
  for (int64_t i = 0; i < from->count; i++, vmo_walk_next(&walk)) {
    int64_t to = walk.offsets[0];
    vmo_number number = vmo_get(from, i);
    bool is_nan = vmo_element_is_float(from->element) && isnan(number.real);
    bool was_nan = vmo_element_is_float(from->element) && isnan(best[to].real);
    int order = vmo_compare(from->element, number, best[to]);
    bool better = is_nan || was_nan ? is_nan && !was_nan : greatest ? order > 0 : order < 0;
    if (seen[to] && !better) continue;
    seen[to] = true;
    best[to] = number;
    vmo_put(result, to, (vmo_number){.integer = whole ? i : walk.at[axis]});
  }
  return true;
}

bool vmo_run_reduce(vmo_run *run) {
  uint64_t reduced = vmo_op_reduced_axes(run->module, run->function, run->op, run->operands[0].rank);
  vmo_opcode code = vmo_run_code(run);
  return code == VMO_OP_argmin || code == VMO_OP_argmax ? find_extremes(run, reduced) : fold_all(run, reduced);
}

/* ---- scans ---- */

bool vmo_run_scan(vmo_run *run) {
  const vmo_array *from = &run->operands[0];
  vmo_array *result = &run->results[0];
  uint32_t axis = vmo_run_axis(run);
  vmo_fold_kind kind = vmo_run_code(run) == VMO_OP_cumprod ? VMO_FOLD_PRODUCT : VMO_FOLD_SUM;
  int64_t size = from->rank == 0 ? 1 : from->sizes[axis];
  int64_t stride = from->rank == 0 ? 1 : vmo_count_sizes(from, axis + 1, from->rank);
  for (int64_t row = 0; size > 0 && row < from->count / size; row++) {
    int64_t first = row / stride * stride * size + row % stride;
    vmo_fold fold = vmo_fold_begin(kind, from->element);
    for (int64_t i = 0; i < size; i++) {
      vmo_fold_add(&fold, vmo_get(from, first + i * stride));
      vmo_put(result, first + i * stride, vmo_fold_end(&fold));
    }
  }
  return true;
}
