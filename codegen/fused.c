/* fused.c: a declared op with a body as one nest of loops: what is between its ops never exists.
 *
 *   elementwise          for k < count: y[k] = body(k)                               one loop, whatever the rank
 *   anything else        for i: for j: y[i,j] = body(i, j)                           a loop for each axis
 *   with pads, concats   for i: j in [0, a): border; [a, b): interior; [b, W): border
 *                        where b = a for rows i that lie in the border themselves
 *   sum over j           for i: s = 0; for j: s += body(i, j); y[i] = s              elements in row-major order
 *   sum over i           y = 0; for i: for j: y[j] += body(i, j)                     each y[j] in the same order
 *
 * The interior's loop has no condition in it, so that LLVM vectorises it. Linear in the body's reads. */
#include "codegen/fused.h"

static vmo_size_id size_of(const vmo_fused *f, uint32_t axis) {
  return f->e->module->shapes.data[f->space->shape_first + axis];
}

/* ---- the innermost loop ---- */

/* What is done with an element. */
typedef struct sink {
  void (*take)(vmo_fused *f, const struct sink *sink, LLVMValueRef number);
  LLVMValueRef *strides;       /* of the result along the loops; NULL: it does not move along that one */
  const vmo_fused_fold *state; /* of a fold in variables */
  bool parallel;               /* elements are taken in any order */
} sink;

static void emit_loop(vmo_fused *f, const sink *to, LLVMValueRef low, LLVMValueRef high, uint32_t axis, bool interior) {
  vmo_emit_loop loop;
  vmo_begin_loop(f->e, &loop, low, high, to->parallel && interior);
  f->indices[axis] = loop.index;
  LLVMValueRef number = vmo_emit_body(f, interior);
  if (f->e->status == VMO_OK) to->take(f, to, number);
  vmo_end_loop(f->e, &loop);
}

/* The first index whose axis is at least `bound`: (bound - shift) / step, rounded up. */
static LLVMValueRef first_at(vmo_fused *f, const vmo_fused_axis *axis, vmo_size_id bound) {
  vmo_sizes *sizes = f->e->module->sizes;
  vmo_size_id distance = vmo_size_subtract(sizes, bound, axis->shift);
  if (distance != VMO_NONE) distance = vmo_size_add(sizes, distance, vmo_size_constant(sizes, axis->step - 1));
  if (distance != VMO_NONE) distance = vmo_size_divide(sizes, distance, axis->step);
  return vmo_emit_size(f->e, distance);
}

typedef struct interior {
  LLVMValueRef low, high, row; /* row: whether this row has one; NULL: yes */
} interior;

static void narrow(vmo_fused *f, interior *in, const vmo_fused_guard *guard, uint32_t inner) {
  vmo_emitter *e = f->e;
  if (guard->axis.loop == (int32_t)inner) {
    in->low = vmo_larger_i64(f->e, in->low, first_at(f, &guard->axis, f->zero));
    in->high = vmo_smaller_i64(f->e, in->high, first_at(f, &guard->axis, guard->size));
    return;
  }
  LLVMValueRef holds =
      LLVMBuildICmp(e->builder, LLVMIntULT, vmo_emit_fused_axis(f, &guard->axis), vmo_emit_size(e, guard->size), "");
  in->row = in->row == NULL ? holds : LLVMBuildAnd(e->builder, in->row, holds, "");
}

/* Of the row at hand: the part of the innermost loop in which all guards hold that the interior needs. */
static interior find_interior(vmo_fused *f, uint32_t inner) {
  vmo_emitter *e = f->e;
  interior in = {vmo_i64(e, 0), vmo_emit_size(e, size_of(f, inner)), NULL};
  bool *seen = vmo_emit_alloc(e, (size_t)f->guards.count + 1, sizeof *seen);
  for (uint32_t i = 0; seen != NULL && i < f->reads.count; i++) {
    const vmo_fused_read *read = &f->reads.data[i];
    for (uint32_t g = read->in_interior ? read->guard : VMO_NONE; g != VMO_NONE && !seen[g];
         g = f->guards.data[g].parent) {
      seen[g] = true;
      narrow(f, &in, &f->guards.data[g], inner);
    }
  }
  LLVMValueRef end = vmo_emit_size(e, size_of(f, inner));
  in.low = vmo_smaller_i64(f->e, in.low, end);
  in.high = vmo_larger_i64(f->e, in.high, in.low);
  if (in.row == NULL) return in;
  in.low = LLVMBuildSelect(e->builder, in.row, in.low, end, "");
  in.high = LLVMBuildSelect(e->builder, in.row, in.high, end, "");
  return in;
}

static void emit_innermost(vmo_fused *f, const sink *to, uint32_t axis) {
  LLVMValueRef zero = vmo_i64(f->e, 0), end = vmo_emit_size(f->e, size_of(f, axis));
  if (!f->is_cut) {
    emit_loop(f, to, zero, end, axis, f->guards.count == 0);
    return;
  }
  interior in = find_interior(f, axis);
  emit_loop(f, to, zero, in.low, axis, false);
  emit_loop(f, to, in.low, in.high, axis, true);
  emit_loop(f, to, in.high, end, axis, false);
}

/* ---- loops around ---- */

static void open_axis(vmo_fused *f, vmo_emit_loop *loop, uint32_t axis) {
  vmo_begin_loop(f->e, loop, vmo_i64(f->e, 0), vmo_emit_size(f->e, size_of(f, axis)), false);
  f->indices[axis] = loop->index;
}

/* Loops over those axes of `axes` (bits), all but the innermost of the space when `to` is to take its elements. */
static void emit_nest(vmo_fused *f, const sink *to, uint64_t axes) {
  vmo_emit_loop loops[VMO_MAX_RANK];
  uint32_t rank = f->space->rank, depth = 0, last = rank;
  for (uint32_t axis = 0; axis < rank; axis++)
    if (axes >> axis & 1) last = axis;
  if (last == rank) { /* one element */
    to->take(f, to, vmo_emit_body(f, f->guards.count == 0));
    return;
  }
  for (uint32_t axis = 0; axis < last; axis++)
    if (axes >> axis & 1) open_axis(f, &loops[depth++], axis);
  emit_innermost(f, to, last);
  while (depth > 0) vmo_end_loop(f->e, &loops[--depth]);
}

static uint64_t all_axes(const vmo_fused *f) { return f->space->rank == 0 ? 0 : UINT64_MAX >> (64 - f->space->rank); }

/* ---- into the result ---- */

static LLVMValueRef result_index(vmo_fused *f, const sink *to) {
  LLVMValueRef index = NULL;
  for (uint32_t axis = 0; axis < f->space->rank; axis++) {
    if (to->strides[axis] == NULL) continue;
    bool unit = LLVMIsAConstantInt(to->strides[axis]) && LLVMConstIntGetSExtValue(to->strides[axis]) == 1;
    LLVMValueRef step = unit ? f->indices[axis] : vmo_multiply_i64(f->e, f->indices[axis], to->strides[axis]);
    index = index == NULL ? step : vmo_add_i64(f->e, index, step);
  }
  return index == NULL ? vmo_i64(f->e, 0) : index;
}

static void store(vmo_fused *f, const sink *to, LLVMValueRef number) {
  vmo_store_element(f->e, &f->op->results[0], result_index(f, to), number);
}

static void fold_into_result(vmo_fused *f, const sink *to, LLVMValueRef number) {
  LLVMValueRef index = result_index(f, to);
  LLVMValueRef value = vmo_load_element(f->e, &f->op->results[0], index);
  vmo_store_element(f->e, &f->op->results[0], index, vmo_step_fold(f->e, &f->fold, value, number));
}

/* The place that argmin and argmax tell: along the one axis that goes, or of all elements. */
static LLVMValueRef place_of(vmo_fused *f, const sink *to) {
  uint32_t rank = f->space->rank, gone = 0, axis = 0;
  LLVMValueRef place = vmo_i64(f->e, 0);
  for (uint32_t i = 0; i < rank; i++)
    if (to->strides[i] == NULL) gone++, axis = i;
  if (gone < rank && gone == 1) return f->indices[axis];
  if (f->flat) return f->indices[0];
  for (uint32_t i = 0; i < rank; i++)
    place = vmo_add_i64(f->e, vmo_multiply_i64(f->e, place, vmo_emit_size(f->e, size_of(f, i))), f->indices[i]);
  return place;
}

static void fold_into_state(vmo_fused *f, const sink *to, LLVMValueRef number) {
  vmo_step_fused_fold(f, to->state, number, vmo_is_search(f->reduction) ? place_of(f, to) : NULL);
}

/* Strides of the result along the axes that stay; NULL along those that go. */
static LLVMValueRef *kept_strides(vmo_fused *f, uint64_t gone) {
  LLVMValueRef *strides = vmo_emit_alloc(f->e, (size_t)f->space->rank + 1, sizeof *strides), stride = vmo_i64(f->e, 1);
  bool first = true;
  for (uint32_t axis = f->space->rank; strides != NULL && axis-- > 0;) {
    if (gone >> axis & 1) continue;
    strides[axis] = stride;
    LLVMValueRef size = vmo_emit_size(f->e, size_of(f, axis));
    stride = first ? size : vmo_multiply_i64(f->e, stride, size);
    first = false;
  }
  return strides;
}

/* ---- the kinds of nests ---- */

static void emit_flat(vmo_fused *f, const sink *to) {
  vmo_emit_loop loop;
  vmo_begin_loop(f->e, &loop, vmo_i64(f->e, 0), vmo_emit_size(f->e, f->space->count), to->parallel);
  f->indices[0] = loop.index;
  LLVMValueRef number = vmo_emit_body(f, true);
  if (f->e->status == VMO_OK) to->take(f, to, number);
  vmo_end_loop(f->e, &loop);
}

static void store_flat(vmo_fused *f, const sink *to, LLVMValueRef number) {
  (void)to;
  vmo_store_element(f->e, &f->op->results[0], f->indices[0], number);
}

static void emit_elements(vmo_fused *f) {
  sink to = {.take = f->flat ? store_flat : store, .parallel = true};
  to.strides = kept_strides(f, 0);
  if (to.strides == NULL) return;
  if (f->flat)
    emit_flat(f, &to);
  else
    emit_nest(f, &to, all_axes(f));
}

/* The product of the sizes of the axes that go. */
static LLVMValueRef count_gone(vmo_fused *f, uint64_t gone) {
  LLVMValueRef count = vmo_i64(f->e, 1);
  for (uint32_t axis = 0; axis < f->space->rank; axis++)
    if (gone >> axis & 1) count = vmo_multiply_i64(f->e, count, vmo_emit_size(f->e, size_of(f, axis)));
  return count;
}

/* Each result element by itself: loops over what stays, and within them loops over what goes. */
static void emit_rows(vmo_fused *f, uint64_t gone) {
  vmo_emit_loop loops[VMO_MAX_RANK];
  vmo_fused_fold state = {NULL, NULL, NULL};
  uint32_t depth = 0;
  sink to = {.take = fold_into_state, .state = &state, .strides = kept_strides(f, gone)};
  if (to.strides == NULL) return;
  for (uint32_t axis = 0; axis < f->space->rank; axis++)
    if ((gone >> axis & 1) == 0) open_axis(f, &loops[depth++], axis);
  vmo_begin_fused_fold(f, &state);
  if (f->flat)
    emit_flat(f, &to);
  else
    emit_nest(f, &to, gone);
  if (f->e->status != VMO_OK) return;
  LLVMValueRef number = vmo_end_fused_fold(f, &state, count_gone(f, gone));
  vmo_store_element(f->e, &f->op->results[0], result_index(f, &to), number);
  while (depth > 0) vmo_end_loop(f->e, &loops[--depth]);
}

/* All result elements side by side, for the innermost axis stays: its neighbours are neighbours in memory. */
static void emit_columns(vmo_fused *f, uint64_t gone) {
  vmo_emitter *e = f->e;
  const vmo_emit_array *result = &f->op->results[0];
  vmo_emit_loop loop;
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), result->count, true);
  vmo_store_element(e, result, loop.index, vmo_begin_fold(e, &f->fold));
  vmo_end_loop(e, &loop);
  sink to = {.take = fold_into_result, .strides = kept_strides(f, gone), .parallel = true};
  if (to.strides == NULL) return;
  emit_nest(f, &to, all_axes(f));
  if (f->e->status != VMO_OK || !vmo_fold_has_end(&f->fold)) return;
  LLVMValueRef count = count_gone(f, gone);
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), result->count, true);
  vmo_store_element(e, result, loop.index, vmo_end_fold(e, &f->fold, vmo_load_element(e, result, loop.index), count));
  vmo_end_loop(e, &loop);
}

static void emit_reduction(vmo_fused *f) {
  uint64_t gone = vmo_op_reduced_axes(f->e->module, f->body, f->reduction, f->space->rank);
  bool inner_stays = f->space->rank > 0 && (gone >> (f->space->rank - 1) & 1) == 0;
  bool keeps_precision = vmo_sum_precision(f->space->element) == f->space->element;
  f->flat = f->flat && gone == all_axes(f);
  if (inner_stays && keeps_precision && !vmo_is_search(f->reduction))
    emit_columns(f, gone);
  else
    emit_rows(f, gone);
}

/* ---- the whole ---- */

/* Whether one loop over the elements in row-major order will do. */
static bool is_flat(const vmo_fused *f) {
  const vmo_module *module = f->e->module;
  uint32_t end = f->body->values.data[f->root].kind == VMO_VALUE_RESULT ? f->body->values.data[f->root].owner + 1 : 0;
  for (uint32_t i = 0; i < end; i++) {
    const vmo_op *op = &f->body->ops.data[i];
    bool moves = op->code == VMO_OP_copy || op->code == VMO_OP_reshape || op->code == VMO_OP_fill;
    if (!moves && vmo_op_get_info((vmo_opcode)op->code)->category != VMO_CATEGORY_ELEMENTWISE) return false;
    if (vmo_value_type(module, f->body, op->result_first)->count != f->space->count) return false;
  }
  for (uint32_t i = 0; i < f->body->parameters.count; i++) {
    const vmo_emit_array *operand = &f->op->operands[i];
    if (vmo_value_type(module, f->body, i)->count != f->space->count && !vmo_has_one_element(f->e, operand))
      return false;
  }
  return true;
}

static void emit(vmo_fused *f) {
  if (!vmo_list_reads(f)) return;
  f->flat = is_flat(f);
  if (!vmo_prepare_body(f)) return;
  if (f->reduction != NULL)
    emit_reduction(f);
  else
    emit_elements(f);
}

void vmo_emit_fused(vmo_emitter *e, const vmo_emit_op *op, const vmo_function *body) {
  vmo_fused f = {.e = e, .body = body, .op = op};
  const vmo_function *function = e->function;
  vmo_value_id result = vmo_op_value(body, &body->ops.data[body->ops.count - 1], 0);
  const vmo_op *last = &body->ops.data[body->values.data[result].owner];
  f.zero = vmo_size_constant(e->module->sizes, 0);
  f.one = vmo_size_constant(e->module->sizes, 1);
  f.root = result;
  if (vmo_op_get_info((vmo_opcode)last->code)->category == VMO_CATEGORY_REDUCTION) {
    f.reduction = last;
    f.root = vmo_op_value(body, last, 0);
  }
  f.space = vmo_value_type(e->module, body, f.root);
  if (f.reduction != NULL && !vmo_is_search(last))
    f.fold = (vmo_emit_fold){vmo_find_fold_kind((vmo_opcode)last->code), f.space->element};
  e->function = body; /* attributes are read from it */
  emit(&f);
  e->function = function;
}
