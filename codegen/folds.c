/* folds.c: what kernels share: folds, and the loops around them.
 *
 * A sum of reals has one order, row-major, and is rounded at each step, so one sum takes as long as its additions take one
 * after the other. What can be had is several sums at a time: `lanes` of them side by side fill the time that each one
 * waits for its own last step. */
#include <string.h>

#include "codegen/kernels.h"

/* ---- folds ---- */

static vmo_element precision(const vmo_emit_fold *fold) { return vmo_sum_precision(fold->element); }

LLVMValueRef vmo_begin_fold(vmo_emitter *e, const vmo_emit_fold *fold) {
  switch (fold->kind) {
  case VMO_EMIT_PRODUCT: return vmo_whole_number(e, precision(fold), 1);
  case VMO_EMIT_LEAST: return vmo_greatest_number(e, precision(fold));
  case VMO_EMIT_MOST: return vmo_least_number(e, precision(fold));
  default: return vmo_whole_number(e, precision(fold), 0);
  }
}

LLVMValueRef vmo_step_fold(vmo_emitter *e, const vmo_emit_fold *fold, LLVMValueRef value, LLVMValueRef number) {
  vmo_element element = precision(fold);
  switch (fold->kind) {
  case VMO_EMIT_PRODUCT: return vmo_emit_multiply(e, element, value, number);
  case VMO_EMIT_LEAST: return vmo_smaller_number(e, element, value, number);
  case VMO_EMIT_MOST: return vmo_larger_number(e, element, value, number);
  case VMO_EMIT_SQUARES: number = vmo_emit_multiply(e, element, number, number); break;
  default: break;
  }
  return vmo_emit_add(e, element, value, number);
}

bool vmo_fold_has_end(const vmo_emit_fold *fold) {
  return fold->kind == VMO_EMIT_MEAN || fold->kind == VMO_EMIT_SQUARES || vmo_is_small_real(fold->element);
}

LLVMValueRef vmo_end_fold(vmo_emitter *e, const vmo_emit_fold *fold, LLVMValueRef value, LLVMValueRef count) {
  if (!vmo_fold_has_end(fold)) return value;
  if (fold->kind == VMO_EMIT_MEAN) {
    value = vmo_widen_real(e, precision(fold), value);
    value = LLVMBuildFDiv(e->builder, value, LLVMBuildSIToFP(e->builder, count, e->f64, ""), "");
  } else if (fold->kind == VMO_EMIT_SQUARES) {
    value = vmo_widen_real(e, precision(fold), value);
    value = vmo_call_intrinsic(e, "llvm.sqrt", &value, 1);
  }
  return vmo_round_real(e, fold->element, value);
}

/* ---- loops ---- */

void vmo_loop_in_lanes(vmo_emitter *e, LLVMValueRef count, uint32_t lanes, vmo_emit_lanes emit, void *context) {
  LLVMValueRef width = vmo_i64(e, lanes), blocks = LLVMBuildUDiv(e->builder, count, width, "");
  vmo_emit_loop loop;
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), blocks, false);
  emit(e, context, vmo_multiply_i64(e, loop.index, width), lanes);
  vmo_end_loop(e, &loop);
  vmo_begin_loop(e, &loop, vmo_multiply_i64(e, blocks, width), count, false);
  emit(e, context, loop.index, 1);
  vmo_end_loop(e, &loop);
}

void vmo_begin_pieces(vmo_emitter *e, vmo_emit_loop *loop, LLVMValueRef count, int64_t size, LLVMValueRef *first,
                      LLVMValueRef *end) {
  LLVMValueRef rounded = vmo_add_i64(e, count, vmo_i64(e, size - 1));
  vmo_begin_loop(e, loop, vmo_i64(e, 0), LLVMBuildUDiv(e->builder, rounded, vmo_i64(e, size), ""), false);
  *first = vmo_multiply_i64(e, loop->index, vmo_i64(e, size));
  *end = vmo_smaller_i64(e, vmo_add_i64(e, *first, vmo_i64(e, size)), count);
}

LLVMValueRef vmo_smaller_i64(vmo_emitter *e, LLVMValueRef x, LLVMValueRef y) {
  LLVMValueRef pair[2] = {x, y};
  return vmo_call_intrinsic(e, "llvm.smin", pair, 2);
}

LLVMValueRef vmo_larger_i64(vmo_emitter *e, LLVMValueRef x, LLVMValueRef y) {
  LLVMValueRef pair[2] = {x, y};
  return vmo_call_intrinsic(e, "llvm.smax", pair, 2);
}

bool vmo_is_size(const vmo_emitter *e, vmo_size_id size, int64_t number) {
  int64_t value;
  return vmo_size_is_constant(e->module->sizes, size, &value) && value == number;
}

uint32_t vmo_emit_axis(const vmo_emitter *e, const vmo_emit_op *op) {
  uint32_t rank = op->operands[0].rank;
  return (uint32_t)vmo_attribute_integer(e, op->op, "axis", 0, rank == 0 ? 0 : rank - 1);
}

/* ---- bytes ---- */

vmo_emit_array vmo_as_bits(const vmo_emit_array *array) {
  vmo_emit_array bits = *array;
  if (array->element == VMO_BOOL) bits.element = VMO_U8;
  if (vmo_is_small_real(array->element)) bits.element = VMO_U16;
  return array->scalar == NULL ? bits : *array;
}

static LLVMValueRef element_address(vmo_emitter *e, const vmo_emit_array *array, LLVMValueRef at) {
  return LLVMBuildInBoundsGEP2(e->builder, vmo_memory_type(e, array->element), array->pointer, &at, 1, "");
}

void vmo_copy_elements(vmo_emitter *e, const vmo_emit_array *from, LLVMValueRef from_at, const vmo_emit_array *to,
                       LLVMValueRef to_at, LLVMValueRef count) {
  vmo_emit_loop loop;
  if (from->scalar == NULL) {
    vmo_copy_bytes(e, element_address(e, to, to_at), element_address(e, from, from_at), count, to->element);
    return;
  }
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), count, true);
  vmo_store_element(e, to, vmo_add_i64(e, to_at, loop.index), from->scalar);
  vmo_end_loop(e, &loop);
}

void vmo_begin_destination(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *from = &op->operands[0], *to = &op->results[0];
  const vmo_place *here = to->place, *there = from->place;
  bool is_there = from->scalar == NULL && here != NULL && there != NULL && here->base == there->base &&
                  here->index == there->index && here->offset == there->offset;
  LLVMValueRef start = vmo_i64(e, 0);
  if (is_there) return;
  vmo_emit_array bits = from->scalar == NULL ? vmo_as_bits(from) : *from;
  vmo_copy_elements(e, &bits, start, to, start, to->count);
}
