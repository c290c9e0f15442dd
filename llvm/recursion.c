/* recursion.c: slots in functions that may be active more than once at a time, within a budget of each thread's stack.
 *
 *   f(x):  ...              f(x):        used = @vmemopt.recursion              a counter of the thread
 *                     ->                 if used > BUDGET - FRAME: return f.heap(x)         (musttail: a jump)
 *                                        @vmemopt.recursion += FRAME; r = f.stack(x); @vmemopt.recursion -= FRAME
 *                           f.stack(x):  the body with its slots; it calls f as before
 *                           f.heap(x):   the body as it was; in place of itself it calls f.heap: the budget stays used
 *
 * So there are never more frames with slots than the budget holds, however deep the recursion goes, and beyond them it
 * takes as much of the stack as before, and as much time. All modules of a program share the counter. It is volatile: by
 * their attributes, f and what it calls may not be known to write it. A longjmp or an exception that leaves f.stack leaves
 * it too large, which costs slots and nothing else. Linear in the function. */
#include "llvm/recursion.h"

#include <string.h>

#include <llvm-c/Comdat.h>
#include <llvm-c/DebugInfo.h>

#define COUNTER "vmemopt.recursion"
#define HEAP_MARK "vmemopt-heap" /* attribute of f.heap, which another run is not to split again */
#define MAX_COPIED 2000          /* instructions */

/* ---- what can be split ---- */

/* Machines whose code generators make a jump of every musttail call of the caller's own type. */
static bool has_tail_calls(const vmo_ll_program *program) {
  const char *target = LLVMGetTarget(program->module);
  return strncmp(target, "x86_64", strlen("x86_64")) == 0 || strncmp(target, "aarch64", strlen("aarch64")) == 0;
}

static bool is_copied(uint8_t opcode) {
  switch (opcode) {
  case LLVMIndirectBr:
  case LLVMInvoke:
  case LLVMCallBr:
  case LLVMResume:
  case LLVMLandingPad:
  case LLVMCleanupRet:
  case LLVMCatchRet:
  case LLVMCatchPad:
  case LLVMCleanupPad:
  case LLVMCatchSwitch: return false;
  default: return true;
  }
}

/* Whether the address of one of its blocks is taken. The address uses the block; in LLVM 19 it uses the function, too. */
static bool has_block_address(LLVMValueRef function) {
  for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(function); b != NULL; b = LLVMGetNextBasicBlock(b))
    for (LLVMUseRef use = LLVMGetFirstUse(LLVMBasicBlockAsValue(b)); use != NULL; use = LLVMGetNextUse(use))
      if (LLVMIsABlockAddress(LLVMGetUser(use))) return true;
  return false;
}

static bool is_plain(LLVMValueRef function) {
  unsigned mark = (unsigned)strlen(HEAP_MARK);
  return !LLVMHasPersonalityFn(function) && LLVMGetGC(function) == NULL && LLVMGetComdat(function) == NULL &&
         LLVMGetStringAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, HEAP_MARK, mark) ==
             NULL &&
         !vmo_ll_has_attribute(function, "alwaysinline") && !has_block_address(function);
}

bool vmo_ll_can_split(const vmo_ll_program *program, const vmo_ll_options *options, const vmo_ll_function *function) {
  if (!vmo_ll_is_defined(function) || !function->exact || function->variadic || function->count > MAX_COPIED)
    return false;
  if (function->called_back && !options->whole_program) return false; /* it hardly ever is */
  if (!has_tail_calls(program) || !is_plain(function->ref)) return false;
  for (uint32_t i = function->first; i < function->first + function->count; i++)
    if (!is_copied(program->instructions.data[i].opcode)) return false;
  return true;
}

/* ---- attributes ---- */

static void copy_attributes(LLVMValueRef from, LLVMAttributeIndex index, LLVMValueRef to, bool call) {
  LLVMAttributeRef list[64];
  unsigned count = LLVMGetAttributeCountAtIndex(from, index);
  if (count > sizeof list / sizeof *list) return;
  LLVMGetAttributesAtIndex(from, index, list);
  for (unsigned i = 0; i < count; i++) {
    if (call) {
      LLVMAddCallSiteAttribute(to, index, list[i]);
    } else {
      LLVMAddAttributeAtIndex(to, index, list[i]);
    }
  }
}

/* Of the result and the arguments: how they are handed over. */
static void copy_argument_attributes(LLVMValueRef from, LLVMValueRef to, bool call) {
  for (unsigned i = 0; i <= LLVMCountParams(from); i++) copy_attributes(from, LLVMAttributeReturnIndex + i, to, call);
}

static void copy_function_attributes(LLVMValueRef from, LLVMValueRef to) {
  copy_attributes(from, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, to, false);
  copy_argument_attributes(from, to, false);
  LLVMSetFunctionCallConv(to, LLVMGetFunctionCallConv(from));
}

/* Inlined, f.stack would have its slots in each frame of f, and f.heap among them. */
static void keep_apart(const vmo_ll_program *program, LLVMValueRef function) {
  unsigned kind = LLVMGetEnumAttributeKindForName("noinline", strlen("noinline"));
  LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                          LLVMCreateEnumAttribute(program->llvm, kind, 0));
}

/* ---- the copy ---- */

typedef struct copy {
  const vmo_ll_program *program;
  const vmo_ll_function *function;
  LLVMValueRef made;
  LLVMBuilderRef builder;
  LLVMValueRef *values;      /* by local value id */
  LLVMBasicBlockRef *blocks; /* by number of the block in the function */
} copy;

static LLVMValueRef counterpart(const copy *c, LLVMValueRef value) {
  if (LLVMValueIsBasicBlock(value))
    return LLVMBasicBlockAsValue(c->blocks[vmo_ll_find_block(c->program, LLVMValueAsBasicBlock(value))]);
  if (LLVMIsAArgument(value) || LLVMIsAInstruction(value)) return c->values[vmo_ll_find_value(c->program, value)];
  return value;
}

/* Notes for debuggers tell of another function's variables. */
static bool is_note(const copy *c, const vmo_ll_instruction *instruction) {
  if (instruction->callee == VMO_NONE) return false;
  return strncmp(c->program->functions.data[instruction->callee].name, "llvm.dbg.", strlen("llvm.dbg.")) == 0;
}

static void copy_instruction(copy *c, uint32_t i) {
  const vmo_ll_instruction *instruction = &c->program->instructions.data[i];
  LLVMValueRef made;
  if (is_note(c, instruction)) return;
  LLVMPositionBuilderAtEnd(c->builder, c->blocks[instruction->block - c->function->block_first]);
  if (instruction->opcode == LLVMPHI) {
    made = LLVMBuildPhi(c->builder, LLVMTypeOf(instruction->ref), "");
  } else {
    made = LLVMInstructionClone(instruction->ref);
    LLVMInsertIntoBuilder(c->builder, made);
    LLVMInstructionSetDebugLoc(made, NULL);
    vmo_ll_forget(c->program, made, "DIAssignID"); /* ties it to notes of the original */
  }
  c->values[vmo_ll_result_id(c->function, i)] = made;
}

static void copy_incoming(const copy *c, LLVMValueRef phi, LLVMValueRef made) {
  for (unsigned k = 0; k < LLVMCountIncoming(phi); k++) {
    LLVMValueRef value = counterpart(c, LLVMGetIncomingValue(phi, k));
    LLVMBasicBlockRef block = c->blocks[vmo_ll_find_block(c->program, LLVMGetIncomingBlock(phi, k))];
    LLVMAddIncoming(made, &value, &block, 1);
  }
}

static void copy_operands(const copy *c, uint32_t i) {
  const vmo_ll_instruction *instruction = &c->program->instructions.data[i];
  LLVMValueRef made = c->values[vmo_ll_result_id(c->function, i)];
  if (made == NULL) return;
  if (instruction->opcode == LLVMPHI) {
    copy_incoming(c, instruction->ref, made);
    return;
  }
  unsigned count = (unsigned)LLVMGetNumOperands(made);
  for (unsigned k = 0; k < count; k++) {
    bool itself = vmo_ll_is_call(instruction->opcode) && k + 1 == count &&
                  LLVMGetCalledValue(instruction->ref) == c->function->ref;
    LLVMSetOperand(made, k, itself ? c->made : counterpart(c, LLVMGetOperand(made, k)));
  }
}

static void copy_body(copy *c) {
  const vmo_ll_function *f = c->function;
  for (uint32_t p = 0; p < f->parameter_count; p++) c->values[VMO_LL_FIRST_PARAMETER + p] = LLVMGetParam(c->made, p);
  for (uint32_t b = 0; b < f->block_count; b++)
    c->blocks[b] = LLVMAppendBasicBlockInContext(c->program->llvm, c->made, "");
  for (uint32_t i = f->first; i < f->first + f->count; i++) copy_instruction(c, i);
  for (uint32_t i = f->first; i < f->first + f->count; i++) copy_operands(c, i);
}

LLVMValueRef vmo_ll_copy_function(const vmo_ll_program *program, uint32_t id, vmr_arena *arena) {
  const vmo_ll_function *function = &program->functions.data[id];
  copy c = {.program = program, .function = function};
  c.values = vmr_arena_alloc_array(arena, vmo_ll_value_count(function), sizeof *c.values);
  c.blocks = vmr_arena_alloc_array(arena, function->block_count, sizeof *c.blocks);
  if (c.values == NULL || c.blocks == NULL) return NULL;
  c.made = LLVMAddFunction(program->module, function->name, LLVMGlobalGetValueType(function->ref));
  LLVMSetLinkage(c.made, LLVMInternalLinkage);
  copy_function_attributes(function->ref, c.made);
  keep_apart(program, c.made);
  LLVMAddAttributeAtIndex(c.made, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                          LLVMCreateStringAttribute(program->llvm, HEAP_MARK, (unsigned)strlen(HEAP_MARK), "", 0));
  c.builder = LLVMCreateBuilderInContext(program->llvm);
  copy_body(&c);
  LLVMDisposeBuilder(c.builder);
  return c.made;
}

/* ---- the function that chooses ---- */

typedef struct choice {
  vmo_ll_program *program;
  const vmo_ll_split *split;
  LLVMBuilderRef builder;
  LLVMValueRef made, counter;
  LLVMTypeRef type;
  LLVMValueRef *arguments;
} choice;

static LLVMTypeRef word_type(const choice *c) { return LLVMInt64TypeInContext(c->program->llvm); }

static LLVMValueRef find_counter(const choice *c) {
  LLVMValueRef counter = LLVMGetNamedGlobal(c->program->module, COUNTER);
  if (counter != NULL) return counter;
  counter = LLVMAddGlobal(c->program->module, word_type(c), COUNTER);
  LLVMSetInitializer(counter, LLVMConstInt(word_type(c), 0, false));
  LLVMSetLinkage(counter, LLVMLinkOnceODRLinkage);
  LLVMSetVisibility(counter, LLVMHiddenVisibility);
  LLVMSetThreadLocal(counter, true);
  return counter;
}

static LLVMValueRef load_counter(const choice *c) {
  LLVMValueRef used = LLVMBuildLoad2(c->builder, word_type(c), c->counter, "used");
  LLVMSetVolatile(used, true);
  return used;
}

static void store_counter(const choice *c, LLVMValueRef used) {
  LLVMSetVolatile(LLVMBuildStore(c->builder, used, c->counter), true);
}

static LLVMValueRef call(const choice *c, LLVMValueRef callee) {
  LLVMValueRef made = LLVMBuildCall2(c->builder, c->type, callee, c->arguments, LLVMCountParams(callee), "");
  LLVMSetInstructionCallConv(made, LLVMGetFunctionCallConv(callee));
  copy_argument_attributes(callee, made, true);
  return made;
}

static void build_return(const choice *c, LLVMValueRef result) {
  if (LLVMGetTypeKind(LLVMGetReturnType(c->type)) == LLVMVoidTypeKind) {
    LLVMBuildRetVoid(c->builder);
  } else {
    LLVMBuildRet(c->builder, result);
  }
}

static void build_choice(const choice *c, vmo_bytes budget) {
  LLVMContextRef llvm = c->program->llvm;
  LLVMValueRef frame = LLVMConstInt(word_type(c), (unsigned long long)c->split->frame_bytes, false);
  LLVMValueRef most = LLVMConstInt(word_type(c), (unsigned long long)(budget - c->split->frame_bytes), false);
  LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(llvm, c->made, "entry");
  LLVMBasicBlockRef stack = LLVMAppendBasicBlockInContext(llvm, c->made, "stack");
  LLVMBasicBlockRef heap = LLVMAppendBasicBlockInContext(llvm, c->made, "heap");
  LLVMPositionBuilderAtEnd(c->builder, entry);
  LLVMValueRef used = load_counter(c);
  LLVMBuildCondBr(c->builder, LLVMBuildICmp(c->builder, LLVMIntULE, used, most, "room"), stack, heap);
  LLVMPositionBuilderAtEnd(c->builder, stack);
  store_counter(c, LLVMBuildAdd(c->builder, used, frame, ""));
  LLVMValueRef result = call(c, c->split->function);
  store_counter(c, LLVMBuildSub(c->builder, load_counter(c), frame, ""));
  build_return(c, result);
  LLVMPositionBuilderAtEnd(c->builder, heap);
  result = call(c, c->split->heap);
  LLVMSetTailCallKind(result, LLVMTailCallKindMustTail);
  build_return(c, result);
}

/* `words` has room for the name and what follows it. */
static void name_function(LLVMValueRef function, char *words, size_t length, const char *end) {
  memcpy(words + length, end, strlen(end));
  LLVMSetValueName2(function, words, length + strlen(end));
}

/* The new function is what others call, and know by its name. */
static bool take_place(choice *c) {
  LLVMValueRef old = c->split->function;
  size_t length;
  const char *name = LLVMGetValueName2(old, &length);
  char *words = vmr_arena_alloc_array(c->program->arena, length + sizeof ".stack", 1);
  if (words == NULL) return false;
  memcpy(words, name, length);
  LLVMReplaceAllUsesWith(old, c->made);
  name_function(old, words, length, ".stack");
  name_function(c->split->heap, words, length, ".heap");
  name_function(c->made, words, length, "");
  copy_function_attributes(old, c->made);
  LLVMSetLinkage(c->made, LLVMGetLinkage(old));
  LLVMSetVisibility(c->made, LLVMGetVisibility(old));
  LLVMSetUnnamedAddress(c->made, LLVMGetUnnamedAddress(old));
  LLVMSetDLLStorageClass(c->made, LLVMGetDLLStorageClass(old));
  if (LLVMGetSection(old) != NULL) LLVMSetSection(c->made, LLVMGetSection(old));
  LLVMSetVisibility(old, LLVMDefaultVisibility);
  LLVMSetDLLStorageClass(old, LLVMDefaultStorageClass);
  LLVMSetLinkage(old, LLVMInternalLinkage);
  keep_apart(c->program, old);
  return true;
}

vmo_status vmo_ll_split_function(vmo_ll_program *program, const vmo_ll_options *options, const vmo_ll_split *split) {
  choice c = {.program = program, .split = split, .type = LLVMGlobalGetValueType(split->function)};
  unsigned parameters = LLVMCountParams(split->function);
  c.arguments = vmr_arena_alloc_array(program->arena, (size_t)parameters + 1, sizeof *c.arguments);
  if (c.arguments == NULL) return VMO_OUT_OF_MEMORY;
  c.made = LLVMAddFunction(program->module, "", c.type);
  LLVMGetParams(c.made, c.arguments);
  if (!take_place(&c)) return VMO_OUT_OF_MEMORY;
  c.counter = find_counter(&c);
  c.builder = LLVMCreateBuilderInContext(program->llvm);
  build_choice(&c, options->max_frame * VMO_LL_RECURSIVE_FRAMES);
  LLVMDisposeBuilder(c.builder);
  return VMO_OK;
}
