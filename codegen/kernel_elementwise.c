/* kernel_elementwise.c: ops whose elements depend on the operands' elements at their own index, broadcast.
 *
 * One nest of loops over the result; a scalar operand is read once, before it. Reals of f32 and f64 are computed in their
 * own precision where that gives what double rounded once would give (+ - * / sqrt, and what only chooses), and through
 * double and libm otherwise; f16 and bf16 always through double. */
#include "codegen/emit.h"

/* ---- reals ---- */

/* One number in double, or in float where only choosing and rounding to whole numbers is done. */
typedef struct real_math {
  vmo_emitter *e;
  vmo_element element;
  LLVMTypeRef type; /* in which it is computed */
} real_math;

static LLVMValueRef real(const real_math *m, double number) { return LLVMConstReal(m->type, number); }

static LLVMValueRef libm(const real_math *m, const char *name, LLVMValueRef x) {
  return vmo_call_libm(m->e, name, &x, 1);
}

/* -1, 0 or 1; NaN of NaN. */
static LLVMValueRef sign_of(const real_math *m, LLVMValueRef x) {
  LLVMBuilderRef b = m->e->builder;
  LLVMValueRef above = LLVMBuildFCmp(b, LLVMRealOGT, x, real(m, 0), "");
  LLVMValueRef below = LLVMBuildFCmp(b, LLVMRealOLT, x, real(m, 0), "");
  LLVMValueRef sign = LLVMBuildSelect(b, above, real(m, 1), LLVMBuildSelect(b, below, real(m, -1), real(m, 0), ""), "");
  return LLVMBuildSelect(b, LLVMBuildFCmp(b, LLVMRealUNO, x, x, ""), x, sign, "");
}

/* 1 / (1 + exp(-x)) */
static LLVMValueRef sigmoid(const real_math *m, LLVMValueRef x) {
  LLVMBuilderRef b = m->e->builder;
  LLVMValueRef power = libm(m, "exp", LLVMBuildFNeg(b, x, ""));
  return LLVMBuildFDiv(b, real(m, 1), LLVMBuildFAdd(b, real(m, 1), power, ""), "");
}

/* 0.5 x (1 + erf(x / sqrt(2))) */
static LLVMValueRef gelu(const real_math *m, LLVMValueRef x) {
  LLVMBuilderRef b = m->e->builder;
  LLVMValueRef erf = libm(m, "erf", LLVMBuildFMul(b, x, real(m, 0.70710678118654752440), ""));
  return LLVMBuildFMul(b, LLVMBuildFMul(b, real(m, 0.5), x, ""), LLVMBuildFAdd(b, real(m, 1), erf, ""), "");
}

/* What double computes for every element type, rounded once by the caller. */
static LLVMValueRef compute_in_double(const real_math *m, vmo_opcode code, const LLVMValueRef *in) {
  vmo_emitter *e = m->e;
  switch (code) {
  case VMO_OP_pow: return vmo_call_libm(e, "pow", in, 2);
  case VMO_OP_mod: return vmo_call_libm(e, "fmod", in, 2);
  case VMO_OP_exp: return libm(m, "exp", in[0]);
  case VMO_OP_log: return libm(m, "log", in[0]);
  case VMO_OP_sin: return libm(m, "sin", in[0]);
  case VMO_OP_cos: return libm(m, "cos", in[0]);
  case VMO_OP_tanh: return libm(m, "tanh", in[0]);
  case VMO_OP_sigmoid: return sigmoid(m, in[0]);
  case VMO_OP_gelu: return gelu(m, in[0]);
  default: return NULL;
  }
}

/* What gives the same in float as in double and rounded; NULL for the rest. */
static LLVMValueRef compute_directly(const real_math *m, vmo_opcode code, const LLVMValueRef *in) {
  vmo_emitter *e = m->e;
  LLVMBuilderRef b = e->builder;
  vmo_element own = m->type == e->f64 ? VMO_F64 : VMO_F32;
  switch (code) {
  case VMO_OP_add: return LLVMBuildFAdd(b, in[0], in[1], "");
  case VMO_OP_sub: return LLVMBuildFSub(b, in[0], in[1], "");
  case VMO_OP_mul: return LLVMBuildFMul(b, in[0], in[1], "");
  case VMO_OP_div: return LLVMBuildFDiv(b, in[0], in[1], "");
  case VMO_OP_min: return vmo_smaller_number(e, own, in[0], in[1]);
  case VMO_OP_max: return vmo_larger_number(e, own, in[0], in[1]);
  case VMO_OP_neg: return LLVMBuildFNeg(b, in[0], "");
  case VMO_OP_abs: return vmo_call_intrinsic(e, "llvm.fabs", in, 1);
  case VMO_OP_sign: return sign_of(m, in[0]);
  case VMO_OP_sqrt: return vmo_call_intrinsic(e, "llvm.sqrt", in, 1);
  case VMO_OP_recip: return LLVMBuildFDiv(b, real(m, 1), in[0], "");
  case VMO_OP_relu: return vmo_larger_number(e, own, in[0], real(m, 0));
  case VMO_OP_floor: return vmo_call_intrinsic(e, "llvm.floor", in, 1);
  case VMO_OP_ceil: return vmo_call_intrinsic(e, "llvm.ceil", in, 1);
  case VMO_OP_round: return vmo_call_intrinsic(e, "llvm.rint", in, 1);
  case VMO_OP_clip: return vmo_smaller_number(e, own, vmo_larger_number(e, own, in[0], in[1]), in[2]);
  case VMO_OP_fma: return vmo_call_intrinsic(e, "llvm.fma", in, 3);
  default: return NULL;
  }
}

/* Two roundings on the way. */
static LLVMValueRef compute_in_steps(const real_math *m, vmo_opcode code, const LLVMValueRef *in) {
  LLVMBuilderRef b = m->e->builder;
  if (code == VMO_OP_rsqrt) {
    LLVMValueRef root = vmo_round_real(m->e, m->element, vmo_call_intrinsic(m->e, "llvm.sqrt", in, 1));
    if (m->type == m->e->f64) root = vmo_widen_real(m->e, m->element, root);
    return LLVMBuildFDiv(b, real(m, 1), root, "");
  }
  LLVMValueRef product = vmo_round_real(m->e, m->element, LLVMBuildFMul(b, in[0], in[1], ""));
  if (m->type == m->e->f64) product = vmo_widen_real(m->e, m->element, product);
  return LLVMBuildFAdd(b, product, in[2], "");
}

static bool needs_double(vmo_opcode code) {
  switch (code) {
  case VMO_OP_pow:
  case VMO_OP_mod:
  case VMO_OP_exp:
  case VMO_OP_log:
  case VMO_OP_sin:
  case VMO_OP_cos:
  case VMO_OP_tanh:
  case VMO_OP_sigmoid:
  case VMO_OP_gelu: return true;
  default: return false;
  }
}

static LLVMValueRef compute_real(vmo_emitter *e, vmo_opcode code, vmo_element element, const LLVMValueRef *given,
                                 uint32_t count) {
  bool wide = element != VMO_F32 || needs_double(code);
  real_math m = {e, element, wide ? e->f64 : e->f32};
  LLVMValueRef in[3], result;
  for (uint32_t i = 0; i < count; i++) in[i] = wide ? vmo_widen_real(e, element, given[i]) : given[i];
  if (code == VMO_OP_rsqrt || code == VMO_OP_axpy)
    result = compute_in_steps(&m, code, in);
  else
    result = needs_double(code) ? compute_in_double(&m, code, in) : compute_directly(&m, code, in);
  return vmo_round_real(e, element, result);
}

/* ---- integers ---- */

/* x^y by squaring, of 64 bits; a function of the module, made when it is first needed. */
static LLVMValueRef power_function(vmo_emitter *e, LLVMTypeRef type) {
  static const char name[] = "vmo.power";
  LLVMValueRef function = LLVMGetNamedFunction(e->code, name);
  if (function != NULL) return function;
  function = LLVMAddFunction(e->code, name, type);
  LLVMSetLinkage(function, LLVMInternalLinkage);
  LLVMBuilderRef b = LLVMCreateBuilderInContext(e->llvm);
  LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(e->llvm, function, "entry");
  LLVMBasicBlockRef loop = LLVMAppendBasicBlockInContext(e->llvm, function, "loop");
  LLVMBasicBlockRef done = LLVMAppendBasicBlockInContext(e->llvm, function, "done");
  LLVMPositionBuilderAtEnd(b, entry);
  LLVMBuildBr(b, loop);
  LLVMPositionBuilderAtEnd(b, loop);
  LLVMValueRef result = LLVMBuildPhi(b, e->i64, ""), base = LLVMBuildPhi(b, e->i64, ""),
               exponent = LLVMBuildPhi(b, e->i64, "");
  LLVMValueRef odd = LLVMBuildTrunc(b, exponent, e->i1, "");
  LLVMValueRef next = LLVMBuildSelect(b, odd, LLVMBuildMul(b, result, base, ""), result, "");
  LLVMValueRef square = LLVMBuildMul(b, base, base, "");
  LLVMValueRef half = LLVMBuildLShr(b, exponent, LLVMConstInt(e->i64, 1, false), "");
  LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntEQ, half, vmo_i64(e, 0), ""), done, loop);
  LLVMValueRef results[2] = {vmo_i64(e, 1), next}, bases[2] = {LLVMGetParam(function, 0), square},
               exponents[2] = {LLVMGetParam(function, 1), half};
  LLVMBasicBlockRef from[2] = {entry, loop};
  LLVMAddIncoming(result, results, from, 2);
  LLVMAddIncoming(base, bases, from, 2);
  LLVMAddIncoming(exponent, exponents, from, 2);
  LLVMPositionBuilderAtEnd(b, done);
  LLVMBuildRet(b, next);
  LLVMDisposeBuilder(b);
  return function;
}

static LLVMValueRef is_number(vmo_emitter *e, LLVMValueRef x, int64_t number) {
  return LLVMBuildICmp(e->builder, LLVMIntEQ, x, LLVMConstInt(LLVMTypeOf(x), (uint64_t)number, true), "");
}

/* A negative power is 1 / x^-y: 0 but for 1 and -1; 1 / 0 is 0 as everywhere. */
static LLVMValueRef negative_power(vmo_emitter *e, LLVMValueRef x, LLVMValueRef y) {
  LLVMBuilderRef b = e->builder;
  LLVMTypeRef type = LLVMTypeOf(x);
  LLVMValueRef zero = LLVMConstInt(type, 0, false), one = LLVMConstInt(type, 1, false);
  LLVMValueRef is_odd = LLVMBuildTrunc(b, y, e->i1, "");
  LLVMValueRef of_minus = LLVMBuildSelect(b, is_odd, LLVMConstAllOnes(type), one, "");
  LLVMValueRef other = LLVMBuildSelect(b, is_number(e, x, -1), of_minus, zero, "");
  return LLVMBuildSelect(b, is_number(e, x, 1), one, other, "");
}

static LLVMValueRef power(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y) {
  LLVMTypeRef pair[2] = {e->i64, e->i64}, type = LLVMFunctionType(e->i64, pair, 2, false);
  bool is_signed = vmo_is_signed(element);
  LLVMValueRef wide[2] = {LLVMBuildIntCast2(e->builder, x, e->i64, is_signed, ""),
                          LLVMBuildIntCast2(e->builder, y, e->i64, is_signed, "")};
  LLVMValueRef below = LLVMBuildICmp(e->builder, LLVMIntSLT, y, LLVMConstInt(LLVMTypeOf(y), 0, false), "");
  if (is_signed) wide[1] = LLVMBuildSelect(e->builder, below, vmo_i64(e, 0), wide[1], "");
  LLVMValueRef result = LLVMBuildCall2(e->builder, type, power_function(e, type), wide, 2, "");
  result = LLVMBuildTrunc(e->builder, result, LLVMTypeOf(x), "");
  return is_signed ? LLVMBuildSelect(e->builder, below, negative_power(e, x, y), result, "") : result;
}

/* x - y (x / y), with x of 0: what division gives makes it so. */
static LLVMValueRef remainder_of(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y) {
  LLVMValueRef quotient = vmo_emit_divide(e, element, x, y);
  return LLVMBuildSub(e->builder, x, LLVMBuildMul(e->builder, quotient, y, ""), "");
}

static LLVMValueRef integer_sign(vmo_emitter *e, vmo_element element, LLVMValueRef x) {
  LLVMBuilderRef b = e->builder;
  LLVMTypeRef type = LLVMTypeOf(x);
  LLVMValueRef zero = LLVMConstInt(type, 0, false);
  LLVMValueRef above = LLVMBuildZExt(b, vmo_is_less(e, element, zero, x), type, "");
  return LLVMBuildSub(b, above, LLVMBuildZExt(b, vmo_is_less(e, element, x, zero), type, ""), "");
}

static LLVMValueRef magnitude(vmo_emitter *e, vmo_element element, LLVMValueRef x) {
  if (!vmo_is_signed(element)) return x;
  LLVMValueRef below = vmo_is_less(e, element, x, LLVMConstInt(LLVMTypeOf(x), 0, false));
  return LLVMBuildSelect(e->builder, below, LLVMBuildNeg(e->builder, x, ""), x, "");
}

/* Integers and bools, in their own width: what 64 bits would give, cut. */
static LLVMValueRef compute_integer(vmo_emitter *e, vmo_opcode code, vmo_element element, const LLVMValueRef *in) {
  LLVMBuilderRef b = e->builder;
  switch (code) {
  case VMO_OP_add: return LLVMBuildAdd(b, in[0], in[1], "");
  case VMO_OP_sub: return LLVMBuildSub(b, in[0], in[1], "");
  case VMO_OP_mul: return LLVMBuildMul(b, in[0], in[1], "");
  case VMO_OP_neg: return LLVMBuildNeg(b, in[0], "");
  case VMO_OP_not: return LLVMBuildNot(b, in[0], "");
  case VMO_OP_and: return LLVMBuildAnd(b, in[0], in[1], "");
  case VMO_OP_or: return LLVMBuildOr(b, in[0], in[1], "");
  case VMO_OP_xor: return LLVMBuildXor(b, in[0], in[1], "");
  case VMO_OP_fma:
  case VMO_OP_axpy: return LLVMBuildAdd(b, LLVMBuildMul(b, in[0], in[1], ""), in[2], "");
  case VMO_OP_div: return vmo_emit_divide(e, element, in[0], in[1]);
  case VMO_OP_mod: return remainder_of(e, element, in[0], in[1]);
  case VMO_OP_pow: return power(e, element, in[0], in[1]);
  case VMO_OP_min: return vmo_smaller_number(e, element, in[0], in[1]);
  case VMO_OP_max: return vmo_larger_number(e, element, in[0], in[1]);
  case VMO_OP_sign: return integer_sign(e, element, in[0]);
  case VMO_OP_abs: return magnitude(e, element, in[0]);
  case VMO_OP_relu: return vmo_larger_number(e, element, in[0], LLVMConstInt(LLVMTypeOf(in[0]), 0, false));
  case VMO_OP_clip: return vmo_smaller_number(e, element, vmo_larger_number(e, element, in[0], in[1]), in[2]);
  default: return NULL;
  }
}

/* ---- any ---- */

static LLVMValueRef compare(vmo_emitter *e, vmo_opcode code, vmo_element element, LLVMValueRef x, LLVMValueRef y) {
  static const LLVMRealPredicate reals[] = {LLVMRealOEQ, LLVMRealUNE, LLVMRealOLT,
                                            LLVMRealOLE, LLVMRealOGT, LLVMRealOGE};
  static const LLVMIntPredicate integers[] = {LLVMIntEQ, LLVMIntNE, LLVMIntSLT, LLVMIntSLE, LLVMIntSGT, LLVMIntSGE};
  static const LLVMIntPredicate naturals[] = {LLVMIntEQ, LLVMIntNE, LLVMIntULT, LLVMIntULE, LLVMIntUGT, LLVMIntUGE};
  int which = (int)code - (int)VMO_OP_eq;
  if (vmo_element_is_float(element)) return LLVMBuildFCmp(e->builder, reals[which], x, y, "");
  return LLVMBuildICmp(e->builder, (vmo_is_signed(element) ? integers : naturals)[which], x, y, "");
}

LLVMValueRef vmo_compute_element(vmo_emitter *e, const vmo_op *op, vmo_element from, vmo_element to,
                                 const LLVMValueRef *in, LLVMValueRef index) {
  vmo_opcode code = (vmo_opcode)op->code;
  if (code == VMO_OP_where) return LLVMBuildSelect(e->builder, in[0], in[1], in[2], "");
  if (code == VMO_OP_cast) return vmo_convert_number(e, from, in[0], to);
  if (code == VMO_OP_dropout) return vmo_emit_dropout(e, op, to, in[0], index);
  if (code >= VMO_OP_eq && code <= VMO_OP_ge) return compare(e, code, from, in[0], in[1]);
  if (vmo_element_is_float(from)) return compute_real(e, code, from, in, op->operand_count);
  return compute_integer(e, code, from, in);
}

void vmo_emit_elementwise(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *result = &op->results[0];
  vmo_emit_nest nest;
  LLVMValueRef in[3] = {NULL, NULL, NULL};
  uint32_t numbers[3] = {0, 0, 0};
  vmo_begin_nest(&nest, result);
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const vmo_emit_array *operand = &op->operands[i];
    if (vmo_has_one_element(e, operand))
      in[i] = vmo_load_element(e, operand, vmo_i64(e, 0));
    else
      numbers[i] = vmo_nest_broadcast(e, &nest, operand);
  }
  vmo_open_nest(e, &nest, true);
  LLVMValueRef loaded[3];
  for (uint32_t i = 0; i < op->operand_count; i++)
    loaded[i] = in[i] != NULL ? in[i] : vmo_load_element(e, &op->operands[i], nest.offsets[numbers[i]]);
  LLVMValueRef number = vmo_compute_element(e, op->op, op->operands[0].element, result->element, loaded, nest.at);
  vmo_store_element(e, result, nest.at, number);
  vmo_close_nest(e, &nest);
}
