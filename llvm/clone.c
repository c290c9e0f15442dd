/* clone.c: a function once more, under another name.
 *
 * Instruction by instruction, since llvm-c clones no more at once: first all are made, then their operands are those of the copy. Notes
 * for debuggers about variables are left out; places in the source stay. Linear in the function. */
#include <string.h>

#include "llvm/heap_clones.h"
#include "llvm/plan.h"

typedef struct copy {
  vmo_ll_program *program;
  const vmo_ll_function *function;
  LLVMBuilderRef builder;
  LLVMValueRef made, *values; /* by local value id */
  LLVMBasicBlockRef *blocks;
} copy;

static void copy_attributes(const copy *c, LLVMAttributeIndex index, LLVMAttributeRef *room) {
  unsigned count = LLVMGetAttributeCountAtIndex(c->function->ref, index);
  LLVMGetAttributesAtIndex(c->function->ref, index, room);
  for (unsigned i = 0; i < count; i++) LLVMAddAttributeAtIndex(c->made, index, room[i]);
}

/* The original's type with more parameters; NULL: memory is out. */
static LLVMTypeRef type_with(const copy *c, const LLVMTypeRef *more, unsigned count) {
  LLVMTypeRef type = LLVMGlobalGetValueType(c->function->ref);
  unsigned own = LLVMCountParamTypes(type);
  LLVMTypeRef *types = vmr_arena_alloc_array(c->program->arena, (size_t)own + count + 1, sizeof(LLVMTypeRef));
  if (types == NULL) return NULL;
  LLVMGetParamTypes(type, types);
  for (unsigned i = 0; i < count; i++) types[own + i] = more[i];
  return LLVMFunctionType(LLVMGetReturnType(type), types, own + count, LLVMIsFunctionVarArg(type));
}

static bool copy_head(copy *c, const char *name, LLVMTypeRef type) {
  LLVMValueRef from = c->function->ref;
  if (type == NULL) return false;
  c->made = LLVMAddFunction(c->program->module, name, type);
  LLVMSetLinkage(c->made, LLVMInternalLinkage);
  LLVMSetFunctionCallConv(c->made, LLVMGetFunctionCallConv(from));
  unsigned most = LLVMGetAttributeCountAtIndex(from, (LLVMAttributeIndex)LLVMAttributeFunctionIndex);
  for (unsigned i = 0; i <= c->function->parameter_count; i++) {
    unsigned count = LLVMGetAttributeCountAtIndex(from, i);
    most = count > most ? count : most;
  }
  LLVMAttributeRef *room = vmr_arena_alloc_array(c->program->arena, (size_t)most + 1, sizeof(LLVMAttributeRef));
  if (room == NULL) return false;
  copy_attributes(c, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, room);
  for (unsigned i = 0; i <= c->function->parameter_count; i++) copy_attributes(c, i, room);
  for (uint32_t i = 0; i < c->function->parameter_count; i++)
    c->values[VMO_LL_FIRST_PARAMETER + i] = LLVMGetParam(c->made, i);
  return true;
}

/* What an operand of the original is in the copy. */
static LLVMValueRef in_copy(const copy *c, LLVMValueRef value) {
  if (LLVMValueIsBasicBlock(value))
    return LLVMBasicBlockAsValue(c->blocks[vmo_ll_find_block(c->program, LLVMValueAsBasicBlock(value))]);
  if (!LLVMIsAInstruction(value) && !LLVMIsAArgument(value)) return value;
  return c->values[vmo_ll_find_value(c->program, value)];
}

static bool is_left_out(const copy *c, const vmo_ll_instruction *instruction) {
  return instruction->callee != VMO_NONE &&
         strncmp(c->program->functions.data[instruction->callee].name, "llvm.dbg.", strlen("llvm.dbg.")) == 0;
}

static void make_instruction(copy *c, uint32_t id) {
  const vmo_ll_instruction *instruction = &c->program->instructions.data[id];
  if (is_left_out(c, instruction)) return;
  LLVMValueRef *value = &c->values[vmo_ll_result_id(c->function, id)];
  if (instruction->opcode == LLVMPHI) {
    *value = LLVMBuildPhi(c->builder, LLVMTypeOf(instruction->ref), "");
  } else {
    *value = LLVMInstructionClone(instruction->ref);
    LLVMInsertIntoBuilder(c->builder, *value);
    vmo_ll_forget(c->program, *value, "DIAssignID"); /* ties it to notes of the original */
  }
}

static void connect_instruction(copy *c, uint32_t id) {
  LLVMValueRef from = c->program->instructions.data[id].ref, to = c->values[vmo_ll_result_id(c->function, id)];
  if (to == NULL) return;
  if (LLVMIsAPHINode(from)) {
    for (unsigned i = 0; i < LLVMCountIncoming(from); i++) {
      LLVMValueRef value = in_copy(c, LLVMGetIncomingValue(from, i));
      LLVMBasicBlockRef block = c->blocks[vmo_ll_find_block(c->program, LLVMGetIncomingBlock(from, i))];
      LLVMAddIncoming(to, &value, &block, 1);
    }
    return;
  }
  for (int i = 0; i < LLVMGetNumOperands(from); i++) {
    LLVMValueRef operand = LLVMGetOperand(from, (unsigned)i), other = in_copy(c, operand);
    if (other != operand) LLVMSetOperand(to, (unsigned)i, other);
  }
}

LLVMValueRef vmo_ll_clone_with_parameters(vmo_ll_program *program, uint32_t id, const char *name,
                                          const LLVMTypeRef *more, unsigned count, LLVMValueRef **values) {
  const vmo_ll_function *function = &program->functions.data[id];
  copy c = {.program = program, .function = function};
  c.values = vmr_arena_alloc_array(program->arena, (size_t)vmo_ll_value_count(function) + 1, sizeof *c.values);
  c.blocks = vmr_arena_alloc_array(program->arena, (size_t)function->block_count + 1, sizeof(LLVMBasicBlockRef));
  if (c.values == NULL || c.blocks == NULL || !copy_head(&c, name, type_with(&c, more, count))) return NULL;
  *values = c.values;
  c.builder = LLVMCreateBuilderInContext(program->llvm);
  for (uint32_t b = 0; b < function->block_count; b++) {
    const vmo_ll_block *block = &program->blocks.data[function->block_first + b];
    c.blocks[b] = LLVMAppendBasicBlockInContext(program->llvm, c.made, "");
    LLVMPositionBuilderAtEnd(c.builder, c.blocks[b]);
    for (uint32_t i = block->first; i < block->first + block->count; i++) make_instruction(&c, i);
  }
  for (uint32_t i = function->first; i < function->first + function->count; i++) connect_instruction(&c, i);
  LLVMDisposeBuilder(c.builder);
  return c.made;
}

LLVMValueRef vmo_ll_clone_function(vmo_ll_program *program, uint32_t id, const char *name) {
  LLVMValueRef *values;
  return vmo_ll_clone_with_parameters(program, id, name, NULL, 0, &values);
}
