/* numbers.c: numbers in registers: literals, arithmetic, conversion, rounding.
 *
 * All of it means what the reference engine computes. f32 and f64 are LLVM's float and double without any flag, so nothing
 * is reassociated or contracted. f16 and bf16 are taken apart by integer arithmetic, since rounding a double to 16 bits
 * must be one step, on every target:
 *
 *   f16 to float   the 15 bits without the sign, shifted to where float has them, times 2^112: exact, subnormals too
 *   double to f16  the bits of the double are cut to the narrow fraction, ties to even, carries running into the
 *                  exponent; below the least exponent, the unit of the smallest number is added and taken away again,
 *                  which leaves the rounding to the hardware's addition */
#include <float.h>
#include <math.h>
#include <string.h>

#include "codegen/emit.h"

/* ---- types ---- */

LLVMTypeRef vmo_memory_type(const vmo_emitter *e, vmo_element element) {
  switch (vmo_element_bytes(element)) {
  case 1: return e->i8;
  case 2: return e->i16;
  case 4: return element == VMO_F32 ? e->f32 : e->i32;
  default: return element == VMO_F64 ? e->f64 : e->i64;
  }
}

LLVMTypeRef vmo_register_type(const vmo_emitter *e, vmo_element element) {
  if (element == VMO_BOOL) return e->i1;
  return vmo_is_small_real(element) ? e->f32 : vmo_memory_type(e, element);
}

bool vmo_is_signed(vmo_element element) {
  return element == VMO_I8 || element == VMO_I16 || element == VMO_I32 || element == VMO_I64;
}

bool vmo_is_small_real(vmo_element element) { return element == VMO_F16 || element == VMO_BF16; }

vmo_element vmo_sum_precision(vmo_element element) { return vmo_is_small_real(element) ? VMO_F32 : element; }

/* ---- constants ---- */

LLVMValueRef vmo_i64(const vmo_emitter *e, int64_t number) { return LLVMConstInt(e->i64, (uint64_t)number, true); }
LLVMValueRef vmo_i1(const vmo_emitter *e, bool truth) { return LLVMConstInt(e->i1, truth, false); }

static LLVMTypeRef small_type(const vmo_emitter *e, vmo_element element) {
  return element == VMO_F16 ? LLVMHalfTypeInContext(e->llvm) : LLVMBFloatTypeInContext(e->llvm);
}

/* A double as the element holds it. LLVM rounds once when it makes a constant of a narrow type. */
static double round_constant(const vmo_emitter *e, vmo_element element, double real) {
  LLVMBool lost;
  if (element == VMO_F32) return (float)real;
  if (!vmo_is_small_real(element)) return real;
  return LLVMConstRealGetDouble(LLVMConstReal(small_type(e, element), real), &lost);
}

LLVMValueRef vmo_real_number(vmo_emitter *e, vmo_element element, double number) {
  if (vmo_element_is_float(element))
    return LLVMConstReal(vmo_register_type(e, element), round_constant(e, element, number));
  return vmo_convert_number(e, VMO_F64, LLVMConstReal(e->f64, number), element);
}

/* 64-bit integers go to float first, and to 16 bits from there, as conversions do. */
static double real_of_magnitude(vmo_element element, uint64_t magnitude) {
  return element == VMO_F64 ? (double)magnitude : (double)(float)magnitude;
}

LLVMValueRef vmo_whole_number(vmo_emitter *e, vmo_element element, int64_t number) {
  uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
  if (vmo_element_is_float(element)) {
    double real = real_of_magnitude(element, magnitude);
    return vmo_real_number(e, element, number < 0 ? -real : real);
  }
  if (element == VMO_BOOL) return vmo_i1(e, number != 0);
  return LLVMConstInt(vmo_register_type(e, element), (uint64_t)number, true);
}

LLVMValueRef vmo_literal_number(vmo_emitter *e, const vmo_literal *literal) {
  vmo_element element = literal->element;
  uint64_t bits = literal->value.bits;
  if (literal->kind == VMO_LITERAL_REAL) return vmo_real_number(e, element, literal->value.real);
  if (element == VMO_BOOL) return vmo_i1(e, bits != 0);
  if (!vmo_element_is_float(element))
    return LLVMConstInt(vmo_register_type(e, element), literal->negative ? 0 - bits : bits, false);
  double real = real_of_magnitude(element, bits);
  return vmo_real_number(e, element, literal->negative ? -real : real);
}

int64_t vmo_attribute_integer(const vmo_emitter *e, const vmo_op *op, const char *name, uint32_t index,
                              int64_t otherwise) {
  const vmo_attribute_item *item = vmo_op_item(e->module, e->function, op, name, index);
  return item == NULL ? otherwise : item->value.integer;
}

double vmo_attribute_real(const vmo_emitter *e, const vmo_op *op, const char *name, double otherwise) {
  const vmo_attribute_item *item = vmo_op_item(e->module, e->function, op, name, 0);
  if (item == NULL) return otherwise;
  return item->kind == VMO_ATTRIBUTE_REAL ? item->value.real : (double)item->value.integer;
}

LLVMValueRef vmo_attribute_number(vmo_emitter *e, const vmo_op *op, const char *name, uint32_t index,
                                  vmo_element element, int64_t otherwise) {
  const vmo_attribute_item *item = vmo_op_item(e->module, e->function, op, name, index);
  if (item == NULL) return vmo_whole_number(e, element, otherwise);
  if (item->kind == VMO_ATTRIBUTE_REAL) return vmo_real_number(e, element, item->value.real);
  return vmo_whole_number(e, element, item->value.integer);
}

static unsigned bits_of(vmo_element element) { return (unsigned)vmo_element_bytes(element) * 8; }

LLVMValueRef vmo_least_number(vmo_emitter *e, vmo_element element) {
  LLVMTypeRef type = vmo_register_type(e, element);
  if (vmo_element_is_float(element)) return LLVMConstReal(type, -INFINITY);
  return LLVMConstInt(type, vmo_is_signed(element) ? UINT64_C(1) << (bits_of(element) - 1) : 0, false);
}

LLVMValueRef vmo_greatest_number(vmo_emitter *e, vmo_element element) {
  LLVMTypeRef type = vmo_register_type(e, element);
  if (vmo_element_is_float(element)) return LLVMConstReal(type, INFINITY);
  if (element == VMO_BOOL) return vmo_i1(e, true);
  return LLVMConstInt(type, UINT64_MAX >> (64 - bits_of(element) + (vmo_is_signed(element) ? 1 : 0)), false);
}

/* ---- calls that compute ---- */

static LLVMAttributeRef make_attribute(const vmo_emitter *e, const char *name, uint64_t value) {
  return LLVMCreateEnumAttribute(e->llvm, LLVMGetEnumAttributeKindForName(name, strlen(name)), value);
}

LLVMValueRef vmo_call_libm(vmo_emitter *e, const char *name, const LLVMValueRef *arguments, uint32_t count) {
  LLVMTypeRef parameters[3] = {e->f64, e->f64, e->f64};
  LLVMTypeRef type = LLVMFunctionType(e->f64, parameters, count, false);
  LLVMValueRef function = LLVMGetNamedFunction(e->code, name);
  if (function == NULL) {
    static const char *const facts[] = {"nobuiltin", "nounwind", "willreturn"};
    function = LLVMAddFunction(e->code, name, type);
    for (int i = 0; i < 3; i++)
      LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, make_attribute(e, facts[i], 0));
    /* no memory that the program knows: errno is all that libm writes */
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, make_attribute(e, "memory", 0));
  }
  LLVMValueRef call = LLVMBuildCall2(e->builder, type, function, (LLVMValueRef *)arguments, count, "");
  LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, make_attribute(e, "nobuiltin", 0));
  return call;
}

LLVMValueRef vmo_call_intrinsic(vmo_emitter *e, const char *name, const LLVMValueRef *arguments, uint32_t count) {
  LLVMTypeRef overloaded = LLVMTypeOf(arguments[0]);
  unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
  LLVMValueRef function = LLVMGetIntrinsicDeclaration(e->code, id, &overloaded, 1);
  return LLVMBuildCall2(e->builder, LLVMIntrinsicGetType(e->llvm, id, &overloaded, 1), function,
                        (LLVMValueRef *)arguments, count, "");
}

/* ---- reals of 16 bits ---- */

typedef struct small_format {
  unsigned fraction; /* bits */
  double least;      /* the smallest normal number */
  double magic;      /* at this magnitude a double's unit is the unit of the subnormals */
  double beyond;     /* from here on it is infinity, once rounded */
} small_format;

static small_format format_of(vmo_element element) {
  if (element == VMO_F16) return (small_format){10, 0x1p-14, 0x1p28, 0x1p16};
  return (small_format){7, 0x1p-126, 0x1p-81, 0x1p127 * 2};
}

static LLVMValueRef bits_of_real(vmo_emitter *e, LLVMValueRef real) {
  return LLVMBuildBitCast(e->builder, real, LLVMTypeOf(real) == e->f64 ? e->i64 : e->i32, "");
}

/* A double of at least the smallest normal magnitude, its fraction cut to `bits`, ties to even. */
static LLVMValueRef round_fraction(vmo_emitter *e, LLVMValueRef real, unsigned bits) {
  LLVMBuilderRef b = e->builder;
  unsigned cut = 52 - bits;
  LLVMValueRef raw = bits_of_real(e, real);
  LLVMValueRef odd = LLVMBuildAnd(b, LLVMBuildLShr(b, raw, vmo_i64(e, cut), ""), vmo_i64(e, 1), "");
  LLVMValueRef half = vmo_i64(e, (INT64_C(1) << (cut - 1)) - 1);
  LLVMValueRef raised = LLVMBuildAdd(b, raw, LLVMBuildAdd(b, half, odd, ""), "");
  LLVMValueRef kept = LLVMBuildAnd(b, raised, vmo_i64(e, -(INT64_C(1) << cut)), "");
  return LLVMBuildBitCast(b, kept, e->f64, "");
}

/* A double rounded to a 16-bit format, as a double. */
static LLVMValueRef round_small(vmo_emitter *e, vmo_element element, LLVMValueRef real) {
  small_format format = format_of(element);
  LLVMBuilderRef b = e->builder;
  LLVMValueRef size = vmo_call_intrinsic(e, "llvm.fabs", &real, 1);
  LLVMValueRef magic = LLVMConstReal(e->f64, format.magic);
  LLVMValueRef small = LLVMBuildFSub(b, LLVMBuildFAdd(b, size, magic, ""), magic, "");
  LLVMValueRef normal = round_fraction(e, size, format.fraction);
  LLVMValueRef is_small = LLVMBuildFCmp(b, LLVMRealOLT, size, LLVMConstReal(e->f64, format.least), "");
  LLVMValueRef rounded = LLVMBuildSelect(b, is_small, small, normal, "");
  LLVMValueRef is_beyond = LLVMBuildFCmp(b, LLVMRealOGE, rounded, LLVMConstReal(e->f64, format.beyond), "");
  rounded = LLVMBuildSelect(b, is_beyond, LLVMConstReal(e->f64, INFINITY), rounded, "");
  LLVMValueRef is_nan = LLVMBuildFCmp(b, LLVMRealUNO, size, size, "");
  rounded = LLVMBuildSelect(b, is_nan, LLVMConstReal(e->f64, (double)NAN), rounded, "");
  LLVMValueRef signed_pair[2] = {rounded, real};
  return vmo_call_intrinsic(e, "llvm.copysign", signed_pair, 2);
}

/* A float that f16 holds exactly: its 16 bits. The product with 2^-112 puts the exponent where f16 has it, and makes
 * subnormals of what f16 has as such; both are exact. */
static LLVMValueRef encode_f16(vmo_emitter *e, LLVMValueRef real) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef raw = bits_of_real(e, real), wide[4];
  for (int i = 0; i < 4; i++) wide[i] = NULL;
  LLVMValueRef sign = LLVMBuildAnd(b, LLVMBuildLShr(b, raw, LLVMConstInt(e->i32, 16, false), ""),
                                   LLVMConstInt(e->i32, 0x8000, false), "");
  LLVMValueRef size = vmo_call_intrinsic(e, "llvm.fabs", &real, 1);
  wide[0] = bits_of_real(e, LLVMBuildFMul(b, size, LLVMConstReal(e->f32, 0x1p-112), ""));
  wide[1] = LLVMBuildLShr(b, wide[0], LLVMConstInt(e->i32, 13, false), "");
  wide[2] = LLVMBuildSelect(b, LLVMBuildFCmp(b, LLVMRealOEQ, size, LLVMConstReal(e->f32, INFINITY), ""),
                            LLVMConstInt(e->i32, 0x7c00, false), wide[1], "");
  wide[3] = LLVMBuildSelect(b, LLVMBuildFCmp(b, LLVMRealUNO, size, size, ""), LLVMConstInt(e->i32, 0x7e00, false),
                            wide[2], "");
  return LLVMBuildTrunc(b, LLVMBuildOr(b, wide[3], sign, ""), e->i16, "");
}

static LLVMValueRef encode_bf16(vmo_emitter *e, LLVMValueRef real) {
  LLVMValueRef high = LLVMBuildLShr(e->builder, bits_of_real(e, real), LLVMConstInt(e->i32, 16, false), "");
  return LLVMBuildTrunc(e->builder, high, e->i16, "");
}

static LLVMValueRef decode_f16(vmo_emitter *e, LLVMValueRef bits) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef wide = LLVMBuildZExt(b, bits, e->i32, "");
  LLVMValueRef size = LLVMBuildAnd(b, wide, LLVMConstInt(e->i32, 0x7fff, false), "");
  LLVMValueRef shifted = LLVMBuildShl(b, size, LLVMConstInt(e->i32, 13, false), "");
  LLVMValueRef scaled = LLVMBuildFMul(b, LLVMBuildBitCast(b, shifted, e->f32, ""), LLVMConstReal(e->f32, 0x1p112), "");
  LLVMValueRef special = LLVMBuildOr(b, shifted, LLVMConstInt(e->i32, 0x7f800000, false), "");
  LLVMValueRef is_special = LLVMBuildICmp(b, LLVMIntUGE, size, LLVMConstInt(e->i32, 0x7c00, false), "");
  LLVMValueRef real = LLVMBuildSelect(b, is_special, special, bits_of_real(e, scaled), "");
  LLVMValueRef sign = LLVMBuildShl(b, LLVMBuildAnd(b, wide, LLVMConstInt(e->i32, 0x8000, false), ""),
                                   LLVMConstInt(e->i32, 16, false), "");
  return LLVMBuildBitCast(b, LLVMBuildOr(b, real, sign, ""), e->f32, "");
}

static LLVMValueRef decode_bf16(vmo_emitter *e, LLVMValueRef bits) {
  LLVMValueRef wide =
      LLVMBuildShl(e->builder, LLVMBuildZExt(e->builder, bits, e->i32, ""), LLVMConstInt(e->i32, 16, false), "");
  return LLVMBuildBitCast(e->builder, wide, e->f32, "");
}

LLVMValueRef vmo_decode_number(vmo_emitter *e, vmo_element element, LLVMValueRef stored) {
  switch (element) {
  case VMO_BOOL: return LLVMBuildICmp(e->builder, LLVMIntNE, stored, LLVMConstInt(e->i8, 0, false), "");
  case VMO_F16: return decode_f16(e, stored);
  case VMO_BF16: return decode_bf16(e, stored);
  default: return stored;
  }
}

LLVMValueRef vmo_encode_number(vmo_emitter *e, vmo_element element, LLVMValueRef number) {
  switch (element) {
  case VMO_BOOL: return LLVMBuildZExt(e->builder, number, e->i8, "");
  case VMO_F16: return encode_f16(e, number);
  case VMO_BF16: return encode_bf16(e, number);
  default: return number;
  }
}

LLVMValueRef vmo_widen_real(vmo_emitter *e, vmo_element element, LLVMValueRef number) {
  return element == VMO_F64 ? number : LLVMBuildFPExt(e->builder, number, e->f64, "");
}

LLVMValueRef vmo_round_real(vmo_emitter *e, vmo_element element, LLVMValueRef number) {
  if (element == VMO_F64 || (element == VMO_F32 && LLVMTypeOf(number) == e->f32)) return number;
  if (LLVMTypeOf(number) == e->f32) number = LLVMBuildFPExt(e->builder, number, e->f64, "");
  if (vmo_is_small_real(element)) number = round_small(e, element, number);
  return LLVMBuildFPTrunc(e->builder, number, e->f32, "");
}

/* ---- conversion ---- */

static LLVMValueRef real_to_integer(vmo_emitter *e, LLVMValueRef real, vmo_element to) {
  const char *name = vmo_is_signed(to) ? "llvm.fptosi.sat" : "llvm.fptoui.sat";
  LLVMTypeRef types[2] = {vmo_register_type(e, to), LLVMTypeOf(real)};
  unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
  LLVMValueRef function = LLVMGetIntrinsicDeclaration(e->code, id, types, 2);
  return LLVMBuildCall2(e->builder, LLVMIntrinsicGetType(e->llvm, id, types, 2), function, &real, 1, "");
}

static LLVMValueRef integer_to_real(vmo_emitter *e, vmo_element from, LLVMValueRef number, vmo_element to) {
  LLVMTypeRef type = to == VMO_F64 ? e->f64 : e->f32;
  LLVMValueRef real = vmo_is_signed(from) ? LLVMBuildSIToFP(e->builder, number, type, "")
                                          : LLVMBuildUIToFP(e->builder, number, type, "");
  return vmo_round_real(e, to, real);
}

static LLVMValueRef integer_to_integer(vmo_emitter *e, vmo_element from, LLVMValueRef number, vmo_element to) {
  LLVMTypeRef type = vmo_register_type(e, to);
  return LLVMBuildIntCast2(e->builder, number, type, vmo_is_signed(from), "");
}

LLVMValueRef vmo_convert_number(vmo_emitter *e, vmo_element from, LLVMValueRef number, vmo_element to) {
  bool real = vmo_element_is_float(from);
  if (from == to) return number;
  if (to == VMO_BOOL && real)
    return LLVMBuildFCmp(e->builder, LLVMRealUNE, number, LLVMConstReal(LLVMTypeOf(number), 0), "");
  if (to == VMO_BOOL)
    return LLVMBuildICmp(e->builder, LLVMIntNE, number, LLVMConstInt(LLVMTypeOf(number), 0, false), "");
  if (vmo_element_is_float(to))
    return real ? vmo_round_real(e, to, to == VMO_F64 ? vmo_widen_real(e, from, number) : number)
                : integer_to_real(e, from, number, to);
  return real ? real_to_integer(e, number, to) : integer_to_integer(e, from, number, to);
}

/* ---- arithmetic ---- */

typedef LLVMValueRef (*binary_builder)(LLVMBuilderRef, LLVMValueRef, LLVMValueRef, const char *);

/* f16 and bf16 are computed in double: a float would do for + - * /, but one rule serves all ops. */
static LLVMValueRef build_real(vmo_emitter *e, vmo_element element, binary_builder build, LLVMValueRef x,
                               LLVMValueRef y) {
  if (!vmo_is_small_real(element)) return build(e->builder, x, y, "");
  return vmo_round_real(e, element,
                        build(e->builder, vmo_widen_real(e, element, x), vmo_widen_real(e, element, y), ""));
}

LLVMValueRef vmo_emit_add(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y) {
  if (vmo_element_is_float(element)) return build_real(e, element, LLVMBuildFAdd, x, y);
  return LLVMBuildAdd(e->builder, x, y, "");
}

LLVMValueRef vmo_emit_subtract(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y) {
  if (vmo_element_is_float(element)) return build_real(e, element, LLVMBuildFSub, x, y);
  return LLVMBuildSub(e->builder, x, y, "");
}

LLVMValueRef vmo_emit_multiply(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y) {
  if (vmo_element_is_float(element)) return build_real(e, element, LLVMBuildFMul, x, y);
  return LLVMBuildMul(e->builder, x, y, "");
}

/* An integer divided by 0 is 0; -1 as divisor is apart, since the least number has no negative. */
static LLVMValueRef divide_integers(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y) {
  LLVMBuilderRef b = e->builder;
  LLVMTypeRef type = LLVMTypeOf(x);
  LLVMValueRef zero = LLVMConstInt(type, 0, false), one = LLVMConstInt(type, 1, false);
  LLVMValueRef is_zero = LLVMBuildICmp(b, LLVMIntEQ, y, zero, "");
  if (!vmo_is_signed(element)) {
    LLVMValueRef quotient = LLVMBuildUDiv(b, x, LLVMBuildSelect(b, is_zero, one, y, ""), "");
    return LLVMBuildSelect(b, is_zero, zero, quotient, "");
  }
  LLVMValueRef is_minus = LLVMBuildICmp(b, LLVMIntEQ, y, LLVMConstAllOnes(type), "");
  LLVMValueRef safe = LLVMBuildSelect(b, LLVMBuildOr(b, is_zero, is_minus, ""), one, y, "");
  LLVMValueRef quotient = LLVMBuildSDiv(b, x, safe, "");
  quotient = LLVMBuildSelect(b, is_minus, LLVMBuildSub(b, zero, x, ""), quotient, "");
  return LLVMBuildSelect(b, is_zero, zero, quotient, "");
}

LLVMValueRef vmo_emit_divide(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y) {
  if (vmo_element_is_float(element)) return build_real(e, element, LLVMBuildFDiv, x, y);
  return divide_integers(e, element, x, y);
}

/* ---- order ---- */

LLVMValueRef vmo_is_less(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y) {
  if (vmo_element_is_float(element)) return LLVMBuildFCmp(e->builder, LLVMRealOLT, x, y, "");
  return LLVMBuildICmp(e->builder, vmo_is_signed(element) ? LLVMIntSLT : LLVMIntULT, x, y, "");
}

LLVMValueRef vmo_is_same(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y) {
  if (vmo_element_is_float(element)) return LLVMBuildFCmp(e->builder, LLVMRealOEQ, x, y, "");
  return LLVMBuildICmp(e->builder, LLVMIntEQ, x, y, "");
}

LLVMValueRef vmo_is_nan(vmo_emitter *e, vmo_element element, LLVMValueRef x) {
  if (!vmo_element_is_float(element)) return vmo_i1(e, false);
  return LLVMBuildFCmp(e->builder, LLVMRealUNO, x, x, "");
}

/* `first` where it holds or x is NaN, else y. Where y is NaN, no order holds, so y it is. */
static LLVMValueRef choose(vmo_emitter *e, vmo_element element, LLVMValueRef holds, LLVMValueRef x, LLVMValueRef y) {
  LLVMValueRef chosen = LLVMBuildSelect(e->builder, holds, x, y, "");
  if (!vmo_element_is_float(element)) return chosen;
  return LLVMBuildSelect(e->builder, vmo_is_nan(e, element, x), x, chosen, "");
}

LLVMValueRef vmo_smaller_number(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y) {
  return choose(e, element, vmo_is_less(e, element, x, y), x, y);
}

LLVMValueRef vmo_larger_number(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y) {
  return choose(e, element, vmo_is_less(e, element, y, x), x, y);
}
