/* size_words.c: what an allocation asks for: bytes and alignment, when they are constants, and else the bytes as an
 * expression over the function's arguments: "8 * argument 1 + 16", or "8 * count + 16" where the debug information has
 * their names.
 *
 * Sums, differences, products and shifts of constants and arguments are followed through widenings; anything else makes
 * the size unknown. Depth is limited, and so is time. */
#include <string.h>

#include "support/text.h"
#include "llvm/site.h"

#define MAX_DEPTH 6
#define MAX_ALIGNMENT 64

/* ---- constants ---- */

static bool constant_of(LLVMValueRef value, uint64_t *number) {
  if (!LLVMIsAConstantInt(value) || LLVMGetIntTypeWidth(LLVMTypeOf(value)) > 64) return false;
  *number = LLVMConstIntGetZExtValue(value);
  return *number < (uint64_t)VMO_BYTES_LIMIT;
}

static vmo_bytes product_of(LLVMValueRef left, LLVMValueRef right) {
  uint64_t first, second;
  if (!constant_of(left, &first) || !constant_of(right, &second)) return -1;
  return second != 0 && first > (uint64_t)VMO_BYTES_LIMIT / second ? -1 : (vmo_bytes)(first * second);
}

vmo_bytes vmo_ll_constant_size(LLVMValueRef call, const vmo_libc_row *row) {
  uint64_t first;
  switch (row->kind) {
  case VMO_LIBC_MALLOC:
  case VMO_LIBC_NEW: return constant_of(LLVMGetOperand(call, 0), &first) ? (vmo_bytes)first : -1;
  case VMO_LIBC_ALIGNED: return constant_of(LLVMGetOperand(call, 1), &first) ? (vmo_bytes)first : -1;
  case VMO_LIBC_MEMALIGN: return constant_of(LLVMGetOperand(call, 2), &first) ? (vmo_bytes)first : -1;
  case VMO_LIBC_REALLOC:
    if (LLVMGetNumArgOperands(call) > 2) return product_of(LLVMGetOperand(call, 1), LLVMGetOperand(call, 2));
    return constant_of(LLVMGetOperand(call, 1), &first) ? (vmo_bytes)first : -1;
  case VMO_LIBC_CALLOC: return product_of(LLVMGetOperand(call, 0), LLVMGetOperand(call, 1));
  default: return -1;
  }
}

uint32_t vmo_ll_alignment_of(LLVMValueRef call, const vmo_libc_row *row) {
  uint64_t alignment;
  bool stored = row->kind == VMO_LIBC_MEMALIGN;
  if (row->kind != VMO_LIBC_ALIGNED && !stored) return VMO_LL_SLOT_ALIGNMENT;
  if (!constant_of(LLVMGetOperand(call, stored ? 1 : 0), &alignment) || alignment > MAX_ALIGNMENT) return 0;
  if (stored && alignment < VMO_LL_POINTER_BYTES) return 0;
  if ((alignment & (alignment - 1)) != 0) return 0;
  return alignment > VMO_LL_SLOT_ALIGNMENT ? (uint32_t)alignment : VMO_LL_SLOT_ALIGNMENT;
}

/* ---- words ---- */

typedef enum binding { BIND_SUM, BIND_PRODUCT } binding;

static bool add_words(vmo_context *context, LLVMValueRef value, binding around, uint32_t depth, vmo_text *out);

static bool add_pair(vmo_context *context, LLVMValueRef pair, const char *sign, binding own, binding around,
                     uint32_t depth, vmo_text *out) {
  LLVMValueRef left = LLVMGetOperand(pair, 0), right = LLVMGetOperand(pair, 1);
  bool enclosed = own < around, swap = own == BIND_PRODUCT && LLVMIsAConstantInt(right); /* 8 * n */
  if (enclosed) vmo_text_add_char(out, '(');
  if (!add_words(context, swap ? right : left, own, depth + 1, out)) return false;
  vmo_text_add(out, sign);
  bool minus = own == BIND_SUM && sign[1] == '-';
  if (!add_words(context, swap ? left : right, minus ? BIND_PRODUCT : own, depth + 1, out)) return false;
  if (enclosed) vmo_text_add_char(out, ')');
  return true;
}

static bool add_shift(vmo_context *context, LLVMValueRef shift, uint32_t depth, vmo_text *out) {
  LLVMValueRef by = LLVMGetOperand(shift, 1);
  if (!LLVMIsAConstantInt(by) || LLVMConstIntGetZExtValue(by) >= 62) return false;
  vmo_text_addf(out, "%llu * ", 1ull << LLVMConstIntGetZExtValue(by));
  return add_words(context, LLVMGetOperand(shift, 0), BIND_PRODUCT, depth + 1, out);
}

static uint32_t argument_number(LLVMValueRef argument) {
  LLVMValueRef function = LLVMGetParamParent(argument);
  uint32_t number = 1;
  for (LLVMValueRef p = LLVMGetFirstParam(function); p != NULL && p != argument; p = LLVMGetNextParam(p)) number++;
  return number;
}

static bool add_words(vmo_context *context, LLVMValueRef value, binding around, uint32_t depth, vmo_text *out) {
  if (depth > MAX_DEPTH) return false;
  if (LLVMIsAConstantInt(value)) {
    if (LLVMGetIntTypeWidth(LLVMTypeOf(value)) > 64) return false;
    vmo_text_addf(out, "%lld", LLVMConstIntGetSExtValue(value));
    return true;
  }
  if (LLVMIsAArgument(value)) {
    uint32_t number = argument_number(value);
    const char *name = vmo_find_parameter_name(context, value, number - 1);
    if (name != NULL) {
      vmo_text_add_utf8(out, name, strlen(name));
    } else {
      vmo_text_addf(out, "argument %u", number);
    }
    return true;
  }
  if (!LLVMIsAInstruction(value)) return false;
  switch (LLVMGetInstructionOpcode(value)) {
  case LLVMZExt:
  case LLVMSExt:
  case LLVMTrunc:
  case LLVMFreeze: return add_words(context, LLVMGetOperand(value, 0), around, depth + 1, out);
  case LLVMAdd: return add_pair(context, value, " + ", BIND_SUM, around, depth, out);
  case LLVMSub: return add_pair(context, value, " - ", BIND_SUM, around, depth, out);
  case LLVMMul: return add_pair(context, value, " * ", BIND_PRODUCT, around, depth, out);
  case LLVMShl: return add_shift(context, value, depth, out);
  default: return false;
  }
}

static bool add_product(vmo_context *context, LLVMValueRef call, unsigned first, vmo_text *out) {
  if (!add_words(context, LLVMGetOperand(call, first), BIND_PRODUCT, 0, out)) return false;
  vmo_text_add(out, " * ");
  return add_words(context, LLVMGetOperand(call, first + 1), BIND_PRODUCT, 0, out);
}

static bool add_size(vmo_context *context, LLVMValueRef call, const vmo_libc_row *row, vmo_text *out) {
  switch (row->kind) {
  case VMO_LIBC_MALLOC:
  case VMO_LIBC_NEW: return add_words(context, LLVMGetOperand(call, 0), BIND_SUM, 0, out);
  case VMO_LIBC_ALIGNED: return add_words(context, LLVMGetOperand(call, 1), BIND_SUM, 0, out);
  case VMO_LIBC_MEMALIGN: return add_words(context, LLVMGetOperand(call, 2), BIND_SUM, 0, out);
  case VMO_LIBC_REALLOC:
    if (LLVMGetNumArgOperands(call) > 2) return add_product(context, call, 1, out);
    return add_words(context, LLVMGetOperand(call, 1), BIND_SUM, 0, out);
  case VMO_LIBC_CALLOC: return add_product(context, call, 0, out);
  default: return false;
  }
}

const char *vmo_describe_size(vmo_context *context, LLVMValueRef call, const vmo_libc_row *row) {
  vmo_text words;
  vmo_text_init(&words);
  bool known = add_size(context, call, row, &words) && !vmo_text_failed(&words);
  const char *copy = known ? vmr_arena_copy_text(context->arena, words.data, words.count) : NULL;
  vmo_text_free(&words);
  return copy;
}
