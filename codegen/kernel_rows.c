/* kernel_rows.c: ops that scale an element by what its row or channel is as a whole: softmax, layer_norm, batch_norm,
 * normalize_sum. What is computed on the way is kept in f64 and rounded once, at the end; a result may stand in its
 * operand's bytes, so a row is read before it is written. Linear. */
#include "codegen/kernels.h"

static LLVMValueRef load_real(vmo_emitter *e, const vmo_emit_array *array, LLVMValueRef at) {
  return vmo_widen_real(e, array->element, vmo_load_element(e, array, at));
}

static void store_real(vmo_emitter *e, const vmo_emit_array *array, LLVMValueRef at, LLVMValueRef real) {
  vmo_store_element(e, array, at, vmo_round_real(e, array->element, real));
}

static LLVMValueRef real_of(vmo_emitter *e, double number) { return LLVMConstReal(e->f64, number); }

/* Elements along an axis: `size` of them, `stride` apart, from `first` on. */
typedef struct line {
  const vmo_emit_array *from, *to;
  LLVMValueRef first, size, stride;
} line;

static LLVMValueRef line_at(vmo_emitter *e, const line *l, LLVMValueRef index) {
  return vmo_add_i64(e, l->first, vmo_multiply_i64(e, index, l->stride));
}

/* ---- softmax ---- */

/* The greatest number; NaN is passed over. */
static LLVMValueRef find_greatest(vmo_emitter *e, const line *l, LLVMValueRef variable) {
  vmo_emit_loop loop;
  vmo_set_variable(e, variable, vmo_least_number(e, VMO_F64));
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), l->size, false);
  LLVMValueRef real = load_real(e, l->from, line_at(e, l, loop.index)), greatest = vmo_get_variable(e, variable);
  LLVMValueRef above = LLVMBuildFCmp(e->builder, LLVMRealOGT, real, greatest, "");
  vmo_set_variable(e, variable, LLVMBuildSelect(e->builder, above, real, greatest, ""));
  vmo_end_loop(e, &loop);
  return vmo_get_variable(e, variable);
}

static LLVMValueRef power_at(vmo_emitter *e, const line *l, LLVMValueRef at, LLVMValueRef greatest) {
  LLVMValueRef real = LLVMBuildFSub(e->builder, load_real(e, l->from, at), greatest, "");
  return vmo_call_libm(e, "exp", &real, 1);
}

/* In f64 the powers are kept in the result; a narrower one cannot hold them, and they are computed twice. */
static void soften(vmo_emitter *e, const line *l, LLVMValueRef variable) {
  bool keeps = l->to->element == VMO_F64;
  LLVMValueRef greatest = find_greatest(e, l, variable);
  vmo_emit_loop loop;
  vmo_set_variable(e, variable, real_of(e, 0));
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), l->size, false);
  LLVMValueRef at = line_at(e, l, loop.index), power = power_at(e, l, at, greatest);
  vmo_set_variable(e, variable, LLVMBuildFAdd(e->builder, vmo_get_variable(e, variable), power, ""));
  if (keeps) store_real(e, l->to, at, power);
  vmo_end_loop(e, &loop);
  LLVMValueRef sum = vmo_get_variable(e, variable);
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), l->size, true);
  at = line_at(e, l, loop.index);
  power = keeps ? load_real(e, l->to, at) : power_at(e, l, at, greatest);
  store_real(e, l->to, at, LLVMBuildFDiv(e->builder, power, sum, ""));
  vmo_end_loop(e, &loop);
}

static void emit_softmax(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *x = &op->operands[0];
  uint32_t axis = vmo_emit_axis(e, op);
  LLVMValueRef one = vmo_i64(e, 1), variable = vmo_make_variable(e, e->f64);
  line l = {x, &op->results[0], NULL, x->rank == 0 ? one : x->sizes[axis], one};
  if (x->rank > 0) l.stride = vmo_count_axes(e, x, axis + 1, x->rank);
  vmo_emit_loop outer, inner;
  vmo_begin_loop(e, &outer, vmo_i64(e, 0), vmo_count_axes(e, x, 0, x->rank == 0 ? 0 : axis), false);
  vmo_begin_loop(e, &inner, vmo_i64(e, 0), l.stride, false);
  LLVMValueRef start = vmo_multiply_i64(e, outer.index, vmo_multiply_i64(e, l.size, l.stride));
  l.first = vmo_add_i64(e, start, inner.index);
  soften(e, &l, variable);
  vmo_end_loop(e, &inner);
  vmo_end_loop(e, &outer);
}

/* ---- layer_norm ---- */

/* The mean of the elements, or of the squares of what they are away from `mean`. */
static LLVMValueRef average(vmo_emitter *e, const line *l, LLVMValueRef mean, LLVMValueRef variable) {
  LLVMBuilderRef b = e->builder;
  vmo_emit_loop loop;
  vmo_set_variable(e, variable, real_of(e, 0));
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), l->size, false);
  LLVMValueRef real = load_real(e, l->from, line_at(e, l, loop.index));
  if (mean != NULL) {
    real = LLVMBuildFSub(b, real, mean, "");
    real = LLVMBuildFMul(b, real, real, "");
  }
  vmo_set_variable(e, variable, LLVMBuildFAdd(b, vmo_get_variable(e, variable), real, ""));
  vmo_end_loop(e, &loop);
  LLVMValueRef count = LLVMBuildSIToFP(b, l->size, e->f64, "");
  return LLVMBuildFDiv(b, vmo_get_variable(e, variable), count, "");
}

static LLVMValueRef deviation_of(vmo_emitter *e, const vmo_emit_op *op, LLVMValueRef variance) {
  double epsilon = vmo_attribute_real(e, op->op, "epsilon", 1e-5);
  LLVMValueRef sum = LLVMBuildFAdd(e->builder, variance, real_of(e, epsilon), "");
  return vmo_call_intrinsic(e, "llvm.sqrt", &sum, 1);
}

static void normalize_line(vmo_emitter *e, const vmo_emit_op *op, const line *l, LLVMValueRef variable) {
  LLVMBuilderRef b = e->builder;
  vmo_emit_loop loop;
  LLVMValueRef mean = average(e, l, NULL, variable);
  LLVMValueRef deviation = deviation_of(e, op, average(e, l, mean, variable));
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), l->size, true);
  LLVMValueRef at = line_at(e, l, loop.index);
  LLVMValueRef real = LLVMBuildFSub(b, load_real(e, l->from, at), mean, "");
  real = LLVMBuildFDiv(b, real, deviation, "");
  if (op->operand_count > 1) real = LLVMBuildFMul(b, real, load_real(e, &op->operands[1], loop.index), "");
  if (op->operand_count > 2) real = LLVMBuildFAdd(b, real, load_real(e, &op->operands[2], loop.index), "");
  store_real(e, l->to, at, real);
  vmo_end_loop(e, &loop);
}

static void emit_layer_norm(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *x = &op->operands[0];
  LLVMValueRef variable = vmo_make_variable(e, e->f64);
  line l = {x, &op->results[0], NULL, x->sizes[x->rank - 1], vmo_i64(e, 1)};
  vmo_emit_loop rows;
  vmo_begin_loop(e, &rows, vmo_i64(e, 0), vmo_count_axes(e, x, 0, x->rank - 1), false);
  l.first = vmo_multiply_i64(e, rows.index, l.size);
  normalize_line(e, op, &l, variable);
  vmo_end_loop(e, &rows);
}

/* ---- batch_norm ---- */

/* One channel of one image, from `first` on. */
static void normalize_channel(vmo_emitter *e, const vmo_emit_op *op, LLVMValueRef channel, LLVMValueRef first,
                              LLVMValueRef size) {
  LLVMBuilderRef b = e->builder;
  vmo_emit_loop loop;
  LLVMValueRef scale = load_real(e, &op->operands[1], channel), bias = load_real(e, &op->operands[2], channel);
  LLVMValueRef mean = load_real(e, &op->operands[3], channel);
  LLVMValueRef deviation = deviation_of(e, op, load_real(e, &op->operands[4], channel));
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), size, true);
  LLVMValueRef at = vmo_add_i64(e, first, loop.index);
  LLVMValueRef real = LLVMBuildFSub(b, load_real(e, &op->operands[0], at), mean, "");
  real = LLVMBuildFMul(b, LLVMBuildFDiv(b, real, deviation, ""), scale, "");
  store_real(e, &op->results[0], at, LLVMBuildFAdd(b, real, bias, ""));
  vmo_end_loop(e, &loop);
}

static void emit_batch_norm(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *x = &op->operands[0];
  LLVMValueRef size = vmo_count_axes(e, x, 2, x->rank);
  vmo_emit_loop images, channels;
  vmo_begin_loop(e, &images, vmo_i64(e, 0), x->sizes[0], false);
  vmo_begin_loop(e, &channels, vmo_i64(e, 0), x->sizes[1], false);
  LLVMValueRef plane = vmo_add_i64(e, vmo_multiply_i64(e, images.index, x->sizes[1]), channels.index);
  normalize_channel(e, op, channels.index, vmo_multiply_i64(e, plane, size), size);
  vmo_end_loop(e, &channels);
  vmo_end_loop(e, &images);
}

/* ---- normalize_sum ---- */

static void emit_normalize_sum(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *x = &op->operands[0];
  const vmo_emit_fold fold = {VMO_EMIT_SUM, x->element};
  LLVMValueRef variable = vmo_make_variable(e, vmo_register_type(e, vmo_sum_precision(x->element)));
  vmo_emit_loop loop;
  vmo_set_variable(e, variable, vmo_begin_fold(e, &fold));
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), x->count, false);
  LLVMValueRef number = vmo_load_element(e, x, loop.index);
  vmo_set_variable(e, variable, vmo_step_fold(e, &fold, vmo_get_variable(e, variable), number));
  vmo_end_loop(e, &loop);
  LLVMValueRef sum = vmo_get_variable(e, variable);
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), x->count, true);
  number = vmo_load_element(e, x, loop.index);
  vmo_store_element(e, &op->results[0], loop.index, vmo_emit_divide(e, x->element, number, sum));
  vmo_end_loop(e, &loop);
}

void vmo_emit_rows(vmo_emitter *e, const vmo_emit_op *op) {
  switch (op->op->code) {
  case VMO_OP_softmax: emit_softmax(e, op); return;
  case VMO_OP_layer_norm: emit_layer_norm(e, op); return;
  case VMO_OP_batch_norm: emit_batch_norm(e, op); return;
  default: emit_normalize_sum(e, op); return;
  }
}
