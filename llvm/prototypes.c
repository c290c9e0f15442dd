/* prototypes.c: calls of functions that were not declared with their parameters, as C was written once.
 *
 *   extern struct set *set_clear();              call ptr (ptr, i32, ...) @set_clear(ptr %s, i32 8)
 *                                          ->    call ptr @set_clear(ptr %s, i32 8)
 *
 * clang calls such a function as one of any parameters; where another module defines it, LLVM does not see that it is the
 * callee. When the arguments are what the definition takes, the call is made one of its type, as LLVM's InstCombine does.
 * So it is where the function takes an int and is given a long, as of `sizeof`, in a register: it looks at the lower half.
 * Linear: one walk over the module. */
#include <string.h>

#include "llvm/program.h"

#define MOST_ARGUMENTS 64
#define REGISTERS 4 /* that integers are handed over in, everywhere */

/* Whether a parameter of 32 bits is the lower half of an argument of 64: x86-64 and AArch64 hand over the first arguments in
 * registers, whole, and a callee looks at as many bits as it asked for. */
static bool is_lower_half(LLVMValueRef call, unsigned argument, LLVMTypeRef type) {
  const char *target = LLVMGetTarget(LLVMGetGlobalParent(LLVMGetCalledValue(call)));
  bool known = strncmp(target, "x86_64", strlen("x86_64")) == 0 || strncmp(target, "aarch64-", strlen("aarch64-")) == 0;
  LLVMTypeRef given = LLVMTypeOf(LLVMGetOperand(call, argument));
  return known && argument < REGISTERS && LLVMGetTypeKind(given) == LLVMIntegerTypeKind &&
         LLVMGetTypeKind(type) == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(given) == 64 &&
         LLVMGetIntTypeWidth(type) == 32;
}

/* Whether the arguments of a call are those that a function takes, and its result is used as what it is. */
static bool agrees(LLVMValueRef call, LLVMTypeRef type) {
  LLVMTypeRef parameters[MOST_ARGUMENTS];
  unsigned count = LLVMCountParamTypes(type);
  if (LLVMIsFunctionVarArg(type) || count > MOST_ARGUMENTS || count != LLVMGetNumArgOperands(call)) return false;
  if (LLVMTypeOf(call) != LLVMGetReturnType(type) && LLVMGetFirstUse(call) != NULL) return false;
  LLVMGetParamTypes(type, parameters);
  for (unsigned i = 0; i < count; i++)
    if (LLVMTypeOf(LLVMGetOperand(call, i)) != parameters[i] && !is_lower_half(call, i, parameters[i])) return false;
  return true;
}

static void copy_attributes(LLVMValueRef from, LLVMValueRef to, LLVMAttributeIndex index) {
  LLVMAttributeRef attributes[32];
  unsigned count = LLVMGetCallSiteAttributeCount(from, index);
  if (count > sizeof attributes / sizeof *attributes) return;
  LLVMGetCallSiteAttributes(from, index, attributes);
  for (unsigned i = 0; i < count; i++) LLVMAddCallSiteAttribute(to, index, attributes[i]);
}

static void repair(LLVMBuilderRef builder, LLVMValueRef call, LLVMValueRef function, LLVMTypeRef type) {
  LLVMValueRef arguments[MOST_ARGUMENTS];
  unsigned count = LLVMGetNumArgOperands(call);
  LLVMTypeRef parameters[MOST_ARGUMENTS];
  LLVMGetParamTypes(type, parameters);
  LLVMPositionBuilderBefore(builder, call); /* at the call's place in the source */
  for (unsigned i = 0; i < count; i++) {
    arguments[i] = LLVMGetOperand(call, i);
    if (LLVMTypeOf(arguments[i]) != parameters[i])
      arguments[i] = LLVMBuildTrunc(builder, arguments[i], parameters[i], "");
  }
  LLVMValueRef better = LLVMBuildCall2(builder, type, function, arguments, count, "");
  LLVMSetInstructionCallConv(better, LLVMGetInstructionCallConv(call));
  LLVMSetTailCallKind(better, LLVMGetTailCallKind(call));
  copy_attributes(call, better, (LLVMAttributeIndex)LLVMAttributeFunctionIndex);
  for (unsigned i = 0; i < count; i++)
    if (arguments[i] == LLVMGetOperand(call, i)) copy_attributes(call, better, i + 1);
  if (LLVMTypeOf(call) == LLVMTypeOf(better)) {
    copy_attributes(call, better, LLVMAttributeReturnIndex);
    LLVMReplaceAllUsesWith(call, better);
  }
  LLVMInstructionEraseFromParent(call);
}

static bool needs_repair(LLVMValueRef instruction) {
  if (!LLVMIsACallInst(instruction) || LLVMGetTailCallKind(instruction) == LLVMTailCallKindMustTail ||
      LLVMGetNumOperandBundles(instruction) > 0)
    return false;
  LLVMValueRef callee = LLVMGetCalledValue(instruction);
  if (!LLVMIsAFunction(callee) || LLVMGetIntrinsicID(callee) != 0) return false;
  LLVMTypeRef type = LLVMGlobalGetValueType(callee);
  return type != LLVMGetCalledFunctionType(instruction) &&
         LLVMGetFunctionCallConv(callee) == LLVMGetInstructionCallConv(instruction) && agrees(instruction, type);
}

uint32_t vmo_repair_calls(vmo_ll_program *program) {
  LLVMBuilderRef builder = LLVMCreateBuilderInContext(program->llvm);
  uint32_t repaired = 0;
  for (LLVMValueRef f = LLVMGetFirstFunction(program->module); f != NULL; f = LLVMGetNextFunction(f))
    for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f); b != NULL; b = LLVMGetNextBasicBlock(b))
      for (LLVMValueRef i = LLVMGetFirstInstruction(b), next; i != NULL; i = next) {
        next = LLVMGetNextInstruction(i);
        if (!needs_repair(i)) continue;
        LLVMValueRef callee = LLVMGetCalledValue(i);
        repair(builder, i, callee, LLVMGlobalGetValueType(callee));
        repaired++;
      }
  LLVMDisposeBuilder(builder);
  return repaired;
}
