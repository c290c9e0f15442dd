/* structures_digits.c: uses that tell bits of a number without copying them.
 *
 * Where the program reads addresses back, an object's address may come again from what was chosen by its bits:
 *
 *   out[i] = "0123456789abcdef"[address >> shift & 15];    an index into a table whose elements are kept
 *   out[i] = address >> i & 1 ? '1' : '0';                 a comparison of some of its bits, which selects or branches
 *   putchar('0' + (int)(address >> i & 7));                a small number for a function of the library
 *
 * The index of a table that never changes always tells. Other arrays are indexed by any number, so there the index must be made of some
 * bits, and the element a number that is kept: a table that finds objects by a hash of their address gives pointers.
 * The lowest four bits of an address that is not shifted are those of every object of malloc's: tags tell nothing.
 * The order of addresses is not seen to tell them. A use costs what the index or comparison is made of, LONGEST_CHAIN at most. */
#include "llvm/points_to.h"
#include "llvm/structures_find.h"

#define LONGEST_CHAIN 8
#define MOST_INCOMING 8
#define TAG_BITS 15
#define HALF_BITS 32

static unsigned bits_of(LLVMValueRef value) {
  LLVMTypeRef type = LLVMTypeOf(value);
  if (LLVMGetTypeKind(type) == LLVMVectorTypeKind) type = LLVMGetElementType(type);
  return LLVMGetTypeKind(type) == LLVMIntegerTypeKind ? LLVMGetIntTypeWidth(type) : 0;
}

static LLVMOpcode opcode_of(LLVMValueRef value) {
  return LLVMIsAInstruction(value) ? LLVMGetInstructionOpcode(value) : (LLVMOpcode)0;
}

/* ---- numbers that are made of some bits of others ---- */

/* Whether an instruction gives some of a number's bits. A count of elements is no part of an address. */
static bool takes_bits(LLVMValueRef value) {
  switch (opcode_of(value)) {
  case LLVMLShr:
  case LLVMAShr:
  case LLVMUDiv:
  case LLVMSDiv: return !LLVMGetExact(value);
  case LLVMURem:
  case LLVMSRem: return true;
  default: return false;
  }
}

static bool passes_on(LLVMOpcode opcode) {
  return opcode == LLVMTrunc || opcode == LLVMZExt || opcode == LLVMSExt || opcode == LLVMFreeze || opcode == LLVMOr ||
         opcode == LLVMXor;
}

/* Whether other bits of a number may stand where its lowest were: it goes round a loop that shifts it, or is a variable. */
static bool is_moved(LLVMValueRef value) {
  for (int i = 0; i < LONGEST_CHAIN; i++) {
    LLVMOpcode opcode = opcode_of(value);
    if (takes_bits(value)) return true;
    if (opcode == LLVMLoad) return LLVMIsAAllocaInst(LLVMGetOperand(value, 0)) != NULL;
    if (opcode == LLVMPHI) {
      unsigned count = LLVMCountIncoming(value);
      bool moved = count > MOST_INCOMING;
      for (unsigned k = 0; k < count && !moved; k++) moved = takes_bits(LLVMGetIncomingValue(value, k));
      return moved;
    }
    if (!passes_on(opcode) && opcode != LLVMAnd) return opcode == LLVMShuffleVector || opcode == LLVMExtractElement;
    value = LLVMGetOperand(value, 0);
  }
  return true;
}

static bool is_tag_mask(LLVMValueRef mask) {
  return LLVMIsAConstantInt(mask) && LLVMGetIntTypeWidth(LLVMTypeOf(mask)) <= 64 &&
         LLVMConstIntGetZExtValue(mask) <= TAG_BITS;
}

/* Whether a number is made of some bits of another, of those that tell two objects apart. */
static bool is_part(LLVMValueRef value) {
  for (int i = 0; i < LONGEST_CHAIN && bits_of(value) > 0; i++) {
    LLVMOpcode opcode = opcode_of(value);
    if (takes_bits(value)) return true;
    if (opcode == LLVMAnd) return !is_tag_mask(LLVMGetOperand(value, 1)) || is_moved(LLVMGetOperand(value, 0));
    if (opcode == LLVMTrunc && bits_of(value) < HALF_BITS && bits_of(value) > 4) return true;
    if (!passes_on(opcode)) return is_moved(value);
    value = LLVMGetOperand(value, 0);
  }
  return bits_of(value) > 0;
}

/* Whether a comparison is with one number, as a test of bits is. */
static bool tests_bits(LLVMValueRef comparison, uint32_t operand) {
  LLVMIntPredicate predicate = LLVMGetICmpPredicate(comparison);
  LLVMValueRef number = LLVMGetOperand(comparison, operand);
  return (predicate == LLVMIntEQ || predicate == LLVMIntNE) &&
         LLVMIsConstant(LLVMGetOperand(comparison, 1 - operand)) && is_part(number);
}

/* ---- tables ---- */

/* What an address is a place in, as far as it is seen. */
static LLVMValueRef base_of(LLVMValueRef address) {
  for (int i = 0; i < LONGEST_CHAIN; i++) {
    bool expression = LLVMIsAConstantExpr(address) && LLVMGetConstOpcode(address) == LLVMGetElementPtr;
    if (!expression && opcode_of(address) != LLVMGetElementPtr) break;
    address = LLVMGetOperand(address, 0);
  }
  return address;
}

static bool is_constant(LLVMValueRef table) { return LLVMIsAGlobalVariable(table) && LLVMIsGlobalConstant(table); }

/* Whether a number that is read at an address is kept, or somebody is handed the address. */
static bool gives_element(const vmo_ll_finder *finder, LLVMValueRef address) {
  const uint8_t *kept = &finder->kept[finder->value_first[finder->function]];
  for (LLVMUseRef use = LLVMGetFirstUse(address); use != NULL; use = LLVMGetNextUse(use)) {
    LLVMValueRef user = LLVMGetUser(use);
    LLVMOpcode opcode = opcode_of(user);
    if (opcode == LLVMCall || opcode == LLVMInvoke) return true;
    if (opcode != LLVMLoad || bits_of(user) == 0) continue;
    uint32_t value = vmo_ll_find_value(finder->program, user);
    if (value != VMO_NONE && kept[value] >= VMO_LL_TOLD) return true;
  }
  return false;
}

static bool tells_index(const vmo_ll_finder *finder, const vmo_ll_instruction *gep, uint32_t operand) {
  if (operand == 0) return false;
  if (is_constant(base_of(LLVMGetOperand(gep->ref, 0)))) return true;
  return is_part(LLVMGetOperand(gep->ref, operand)) && gives_element(finder, gep->ref);
}

/* ---- all uses ---- */

/* A function of the library may write a small number somewhere. */
static bool tells_library(const vmo_ll_program *program, const vmo_ll_instruction *call, uint32_t operand) {
  const vmo_libc_row *row = call->callee == VMO_NONE ? NULL : program->functions.data[call->callee].libc;
  unsigned bits = bits_of(LLVMGetOperand(call->ref, operand));
  return row != NULL && bits > 1 && bits < 8 * VMO_LL_POINTER_BYTES;
}

bool vmo_ll_tells_bits(const vmo_ll_finder *finder, const vmo_ll_instruction *user, uint32_t operand,
                       bool result_kept) {
  if (!finder->reads_addresses) return false;
  switch ((int)user->opcode) {
  case LLVMGetElementPtr: return tells_index(finder, user, operand);
  case LLVMICmp: return result_kept && tests_bits(user->ref, operand);
  case LLVMBr: return operand == 0;
  case LLVMSwitch: return operand == 0 && is_part(LLVMGetOperand(user->ref, operand));
  case LLVMUDiv:
  case LLVMSDiv:
  case LLVMURem:
  case LLVMSRem:
  case LLVMUIToFP:
  case LLVMSIToFP: return operand == 0 && result_kept;
  case LLVMCall:
  case LLVMInvoke: return tells_library(finder->program, user, operand);
  default: return false;
  }
}

bool vmo_ll_may_be_digit(const vmo_ll_program *program, const vmo_ll_instruction *user, uint32_t operand) {
  if (user->opcode == LLVMGetElementPtr) return operand > 0 && is_constant(base_of(LLVMGetOperand(user->ref, 0)));
  return vmo_ll_is_call(user->opcode) && tells_library(program, user, operand);
}

bool vmo_ll_is_of_variable(const vmo_ll_instruction *load) {
  return LLVMIsAAllocaInst(base_of(LLVMGetOperand(load->ref, 0))) != NULL;
}

bool vmo_ll_cuts_elements(const vmo_ll_instruction *instruction) {
  return instruction->opcode == LLVMTrunc && LLVMGetTypeKind(LLVMTypeOf(instruction->ref)) == LLVMVectorTypeKind &&
         bits_of(instruction->ref) < 8 * VMO_LL_POINTER_BYTES;
}
