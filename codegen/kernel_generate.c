/* kernel_generate.c: fill, iota, random, and the sizes of graphs: arrays out of little. One loop each; every element comes
 * from its index alone, so that loops vectorise. */
#include "codegen/emit.h"

/* start + step * index: the index is rounded first, then the product, then the sum. */
static LLVMValueRef progress(vmo_emitter *e, const vmo_op *op, vmo_element element, LLVMValueRef index) {
  LLVMValueRef start = vmo_attribute_number(e, op, "start", 0, element, 0);
  LLVMValueRef step = vmo_attribute_number(e, op, "step", 0, element, 1), at;
  if (vmo_element_is_float(element))
    at = vmo_round_real(e, element, LLVMBuildSIToFP(e->builder, index, e->f64, ""));
  else
    at = vmo_convert_number(e, VMO_I64, index, element);
  return vmo_emit_add(e, element, start, vmo_emit_multiply(e, element, step, at));
}

/* low + u (high - low), but below high, which rounding may reach. */
static LLVMValueRef draw_real(vmo_emitter *e, vmo_element element, LLVMValueRef low, LLVMValueRef high,
                              LLVMValueRef drawn) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef least = vmo_widen_real(e, element, low), most = vmo_widen_real(e, element, high);
  LLVMValueRef above = LLVMBuildFMul(b, drawn, LLVMBuildFSub(b, most, least, ""), "");
  LLVMValueRef number = vmo_round_real(e, element, LLVMBuildFAdd(b, least, above, ""));
  return LLVMBuildSelect(b, LLVMBuildFCmp(b, LLVMRealOLT, number, high, ""), number, low, "");
}

/* low + floor(u (high - low)), in 64 bits of which the element keeps its own. */
static LLVMValueRef draw_integer(vmo_emitter *e, vmo_element element, LLVMValueRef low, LLVMValueRef high,
                                 LLVMValueRef drawn) {
  LLVMBuilderRef b = e->builder;
  bool is_signed = vmo_is_signed(element);
  LLVMValueRef least = LLVMBuildIntCast2(b, low, e->i64, is_signed, "");
  LLVMValueRef most = LLVMBuildIntCast2(b, high, e->i64, is_signed, "");
  LLVMValueRef width = LLVMBuildSub(b, most, least, "");
  LLVMValueRef some = LLVMBuildICmp(b, is_signed ? LLVMIntSLT : LLVMIntULT, least, most, "");
  LLVMValueRef scaled = LLVMBuildFMul(b, drawn, LLVMBuildUIToFP(b, width, e->f64, ""), "");
  LLVMValueRef steps = LLVMBuildSelect(b, some, LLVMBuildFPToUI(b, scaled, e->i64, ""), vmo_i64(e, 0), "");
  LLVMValueRef below = LLVMBuildICmp(b, LLVMIntULT, steps, width, "");
  steps = LLVMBuildSelect(b, below, steps, LLVMBuildSub(b, width, vmo_i64(e, 1), ""), "");
  return LLVMBuildIntCast2(b, LLVMBuildAdd(b, least, steps, ""), LLVMTypeOf(low), false, "");
}

static LLVMValueRef draw(vmo_emitter *e, const vmo_op *op, vmo_element element, LLVMValueRef index) {
  LLVMValueRef drawn = vmo_emit_draw(e, vmo_attribute_integer(e, op, "seed", 0, 0), index);
  LLVMValueRef low = vmo_attribute_number(e, op, "low", 0, element, 0);
  LLVMValueRef high = vmo_attribute_number(e, op, "high", 0, element, 1);
  if (vmo_element_is_float(element)) return draw_real(e, element, low, high, drawn);
  return draw_integer(e, element, low, high, drawn);
}

void vmo_emit_generate(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *result = &op->results[0];
  LLVMValueRef value = op->operand_count > 0 ? vmo_load_element(e, &op->operands[0], vmo_i64(e, 0)) : NULL;
  vmo_emit_loop loop;
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), result->count, true);
  if (op->op->code == VMO_OP_iota) value = progress(e, op->op, result->element, loop.index);
  if (op->op->code == VMO_OP_random) value = draw(e, op->op, result->element, loop.index);
  vmo_store_element(e, result, loop.index, value);
  vmo_end_loop(e, &loop);
}

/* node_count of rows, which are one more; edge_count. */
void vmo_emit_count(vmo_emitter *e, const vmo_emit_op *op) {
  LLVMValueRef count = op->operands[0].sizes[0];
  if (op->op->code == VMO_OP_node_count) count = vmo_subtract_i64(e, count, vmo_i64(e, 1));
  vmo_store_element(e, &op->results[0], vmo_i64(e, 0), count);
}
