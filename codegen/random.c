/* random.c: the numbers that random and dropout draw: the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) over a
 * counter, so that every number can be had alone, and loops over them vectorise. */
#include "codegen/emit.h"

static LLVMValueRef mix_step(vmo_emitter *e, LLVMValueRef bits, unsigned shift, uint64_t factor) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef mixed = LLVMBuildXor(b, bits, LLVMBuildLShr(b, bits, vmo_i64(e, shift), ""), "");
  return factor == 0 ? mixed : LLVMBuildMul(b, mixed, vmo_i64(e, (int64_t)factor), "");
}

static LLVMValueRef mix(vmo_emitter *e, LLVMValueRef bits) {
  bits = mix_step(e, bits, 30, UINT64_C(0xbf58476d1ce4e5b9));
  bits = mix_step(e, bits, 27, UINT64_C(0x94d049bb133111eb));
  return mix_step(e, bits, 31, 0);
}

LLVMValueRef vmo_emit_draw(vmo_emitter *e, int64_t seed, LLVMValueRef index) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef place =
      LLVMBuildMul(b, LLVMBuildAdd(b, index, vmo_i64(e, 1), ""), vmo_i64(e, (int64_t)UINT64_C(0x9e3779b97f4a7c15)), "");
  LLVMValueRef bits = mix(e, LLVMBuildAdd(b, mix(e, vmo_i64(e, seed)), place, ""));
  /* 53 bits are below 2^63: a signed conversion, which more machines have */
  LLVMValueRef whole = LLVMBuildSIToFP(b, LLVMBuildLShr(b, bits, vmo_i64(e, 11), ""), e->f64, "");
  return LLVMBuildFMul(b, whole, LLVMConstReal(e->f64, 0x1p-53), "");
}

LLVMValueRef vmo_emit_dropout(vmo_emitter *e, const vmo_op *op, vmo_element element, LLVMValueRef number,
                              LLVMValueRef index) {
  double p = vmo_attribute_real(e, op, "p", 0.5);
  LLVMValueRef drawn = vmo_emit_draw(e, vmo_attribute_integer(e, op, "seed", 0, 0), index);
  LLVMValueRef dropped = LLVMBuildFCmp(e->builder, LLVMRealOLT, drawn, LLVMConstReal(e->f64, p), "");
  LLVMValueRef kept = vmo_emit_divide(e, element, number, vmo_real_number(e, element, 1 - p));
  return LLVMBuildSelect(e->builder, dropped, vmo_whole_number(e, element, 0), kept, "");
}
