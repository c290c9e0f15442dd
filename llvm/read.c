/* read.c: a module of LLVM IR into arrays of our own.
 *
 * One walk over the module numbers functions, blocks, parameters and instructions by their addresses; a second one
 * writes the arrays. Offsets of getelementptr are summed here: constant indices into `bytes`, the others into the
 * greatest common divisor of what they are multiplied with. Time and memory are linear. */
#include <string.h>

#include <llvm/Config/llvm-config.h>

#include "llvm/libc.h"
#include "llvm/program.h"

/* ---- names of things ---- */

static uint32_t hash_of(const void *ref) { return vmo_hash_mix(0x9d2c5680u, (uint64_t)(uintptr_t)ref); }

static bool remember(vmo_ll_program *program, const void *ref, uint32_t id) {
  if (program->thing_count == program->thing_capacity &&
      !vmo_vec_grow(program->arena, (void **)&program->things, &program->thing_capacity, program->thing_count + 1,
                    sizeof *program->things))
    return false;
  program->things[program->thing_count] = (struct vmo_ll_thing){ref, id};
  return vmo_hash_index_add(program->arena, &program->index, hash_of(ref), program->thing_count++);
}

static uint32_t recall(const vmo_ll_program *program, const void *ref) {
  uint32_t cursor = 0;
  for (uint32_t at; (at = vmo_hash_index_next(&program->index, hash_of(ref), &cursor)) != VMO_NONE;)
    if (program->things[at].ref == ref) return program->things[at].id;
  return VMO_NONE;
}

uint32_t vmo_ll_find_function(const vmo_ll_program *program, LLVMValueRef value) {
  return LLVMIsAFunction(value) ? recall(program, value) : VMO_NONE;
}

uint32_t vmo_ll_find_value(const vmo_ll_program *program, LLVMValueRef value) { return recall(program, value); }

uint32_t vmo_ll_find_block(const vmo_ll_program *program, LLVMBasicBlockRef block) { return recall(program, block); }

bool vmo_ll_has_attribute(LLVMValueRef function, const char *name) {
  unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  return kind != 0 &&
         LLVMGetEnumAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, kind) != NULL;
}

static bool call_has_attribute(LLVMValueRef call, const char *name) {
  unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  return LLVMGetCallSiteEnumAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, kind) != NULL;
}

/* ---- functions ---- */

static bool is_address_taken(LLVMValueRef function) {
  for (LLVMUseRef use = LLVMGetFirstUse(function); use != NULL; use = LLVMGetNextUse(use)) {
    LLVMValueRef user = LLVMGetUser(use);
    if (!LLVMIsACallInst(user) && !LLVMIsAInvokeInst(user)) return true;
    if (LLVMGetCalledValue(user) != function) return true;
    for (unsigned i = 0; i < LLVMGetNumArgOperands(user); i++)
      if (LLVMGetOperand(user, i) == function) return true;
  }
  return false;
}

/* Whether the constant expression leads to another address; the number alone does not: it is followed where it goes. */
static bool is_distance(LLVMValueRef expression) {
  if (LLVMGetConstOpcode(expression) != LLVMPtrToInt) return true;
  for (LLVMUseRef use = LLVMGetFirstUse(expression); use != NULL; use = LLVMGetNextUse(use))
    if (LLVMIsAConstantExpr(LLVMGetUser(use)) != NULL) return true;
  return false;
}

/* Its distance to another function, as in a table of such, is a constant expression. What an ifunc means its resolver
 * chooses, from among all functions that have an address. */
static bool is_computed(const vmo_ll_program *program, LLVMValueRef function, bool address_taken) {
  for (LLVMUseRef use = LLVMGetFirstUse(function); use != NULL; use = LLVMGetNextUse(use))
    if (LLVMIsAConstantExpr(LLVMGetUser(use)) != NULL && is_distance(LLVMGetUser(use))) return true;
  return address_taken && LLVMGetFirstGlobalIFunc(program->module) != NULL;
}

static bool is_exact(LLVMLinkage linkage) {
  return linkage == LLVMExternalLinkage || linkage == LLVMInternalLinkage || linkage == LLVMPrivateLinkage;
}

static void find_obstacles(vmo_ll_function *function) {
  static const char *const sanitizers[] = {"sanitize_address",   "sanitize_thread", "sanitize_memory",
                                           "sanitize_hwaddress", "sanitize_memtag", "sanitize_realtime"};
  for (size_t i = 0; i < sizeof sanitizers / sizeof *sanitizers; i++)
    function->obstacles.sanitized |= vmo_ll_has_attribute(function->ref, sanitizers[i]);
  function->obstacles.naked = vmo_ll_has_attribute(function->ref, "naked");
  function->obstacles.coroutine = vmo_ll_has_attribute(function->ref, "presplitcoroutine");
}

/* A call of reallocarray is edited to one of realloc. */
static bool is_as_in_table(const vmo_ll_program *program, const vmo_libc_row *row, LLVMValueRef function) {
  LLVMTypeRef type = LLVMGlobalGetValueType(function), types[] = {LLVMGetReturnType(type), NULL};
  if (!vmo_libc_fits(row, type)) return false;
  if (row->kind != VMO_LIBC_REALLOC || LLVMCountParams(function) == 2) return true;
  types[1] = LLVMInt64TypeInContext(program->llvm);
  return LLVMTypeOf(LLVMGetParam(function, 1)) == types[1] && LLVMTypeOf(LLVMGetParam(function, 2)) == types[1] &&
         vmo_libc_is_callable(program->module, "realloc", LLVMFunctionType(types[0], types, 2, false));
}

static bool add_function(vmo_ll_program *program, LLVMValueRef ref) {
  size_t length;
  const char *name = LLVMGetValueName2(ref, &length);
  LLVMLinkage linkage = LLVMGetLinkage(ref);
  bool declared = LLVMIsDeclaration(ref);
  vmo_ll_function function = {.ref = ref, .name = vmr_arena_copy_text(program->context->arena, name, length)};
  if (function.name == NULL) return false;
  function.parameter_count = LLVMCountParams(ref);
  function.exact = !declared && is_exact(linkage);
  function.intrinsic = LLVMGetIntrinsicID(ref) != 0;
  function.variadic = LLVMIsFunctionVarArg(LLVMGlobalGetValueType(ref));
  function.no_return = vmo_ll_has_attribute(ref, "noreturn");
  function.no_inline = vmo_ll_has_attribute(ref, "noinline") && !vmo_ll_has_attribute(ref, "optnone");
  function.address_taken = is_address_taken(ref);
  function.computed = is_computed(program, ref, function.address_taken);
  function.external = linkage != LLVMInternalLinkage && linkage != LLVMPrivateLinkage;
  const vmo_libc_row *row = vmo_find_libc(name);
  if (declared && row != NULL) {
    function.libc = is_as_in_table(program, row, ref) ? row : NULL;
  } else if (declared) {
    if (!vmo_make_libc_row(program->arena, ref, function.name, &function.libc)) return false;
  } else if (row != NULL && (strcmp(name, "malloc") == 0 || strcmp(name, "free") == 0)) {
    program->replaces_malloc = true;
  }
  find_obstacles(&function);
  return remember(program, ref, program->functions.count) &&
         vmo_vec_push(program->arena, &program->functions, function);
}

/* ---- values ---- */

static bool is_plain_constant(LLVMValueRef value) {
  switch (LLVMGetValueKind(value)) {
  case LLVMConstantIntValueKind:
  case LLVMConstantFPValueKind:
  case LLVMConstantPointerNullValueKind:
  case LLVMUndefValueValueKind:
  case LLVMPoisonValueValueKind:
  case LLVMConstantAggregateZeroValueKind:
  case LLVMConstantDataArrayValueKind:
  case LLVMConstantDataVectorValueKind:
  case LLVMConstantTokenNoneValueKind:
  case LLVMMetadataAsValueValueKind:
  case LLVMBasicBlockValueKind:
  case LLVMInlineAsmValueKind: return true;
  default: return false;
  }
}

static uint32_t value_id(const vmo_ll_program *program, LLVMValueRef value) {
  LLVMValueKind kind = LLVMGetValueKind(value);
  if (kind != LLVMInstructionValueKind && kind != LLVMArgumentValueKind)
    return is_plain_constant(value) ? VMO_LL_NOTHING : VMO_LL_OUTSIDE;
  uint32_t id = recall(program, value);
  return id != VMO_NONE ? id : VMO_LL_OUTSIDE;
}

/* Whether the size of a type is known here: not of scalable vectors, nor of types without one. */
static bool has_size(LLVMTypeRef type) {
  return LLVMTypeIsSized(type) && LLVMGetTypeKind(type) != LLVMScalableVectorTypeKind &&
         LLVMGetTypeKind(type) != LLVMTargetExtTypeKind;
}

static int64_t size_of(const vmo_ll_program *program, LLVMTypeRef type) {
  unsigned long long bytes = has_size(type) ? LLVMStoreSizeOfType(program->layout, type) : (unsigned long long)-1;
  return bytes < (unsigned long long)VMO_BYTES_LIMIT ? (int64_t)bytes : -1;
}

static bool is_wide(const vmo_ll_program *program, LLVMTypeRef type) {
  LLVMTypeKind kind = LLVMGetTypeKind(type);
  if (kind == LLVMVoidTypeKind || kind == LLVMLabelTypeKind || kind == LLVMTokenTypeKind) return false;
  int64_t bytes = size_of(program, type);
  return bytes < 0 || bytes >= (int64_t)program->pointer_bytes;
}

/* ---- getelementptr ---- */

typedef struct offset {
  int64_t bytes;
  uint32_t stride;
} offset;

static void add_index(offset *sum, LLVMValueRef index, uint64_t size) {
  if (size == 0) return;
  if (size >= (uint64_t)VMO_BYTES_LIMIT || !LLVMIsAConstantInt(index) || LLVMGetIntTypeWidth(LLVMTypeOf(index)) > 64) {
    sum->stride = vmo_ll_gcd(size, sum->stride);
    return;
  }
  int64_t number = LLVMConstIntGetSExtValue(index), product;
  if (__builtin_mul_overflow(number, (int64_t)size, &product) || product > VMO_BYTES_LIMIT ||
      product < -VMO_BYTES_LIMIT) {
    sum->stride = 1;
  } else {
    sum->bytes += product;
  }
}

static LLVMTypeRef step_into(const vmo_ll_program *program, LLVMTypeRef type, LLVMValueRef index, offset *sum) {
  if (LLVMGetTypeKind(type) == LLVMStructTypeKind) {
    unsigned member = (unsigned)LLVMConstIntGetZExtValue(index);
    sum->bytes += (int64_t)LLVMOffsetOfElement(program->layout, type, member);
    return LLVMStructGetTypeAtIndex(type, member);
  }
  LLVMTypeRef element = LLVMGetElementType(type);
  if (!has_size(element)) {
    sum->stride = 1;
  } else {
    add_index(sum, index, LLVMABISizeOfType(program->layout, element));
  }
  return element;
}

static offset sum_offsets(const vmo_ll_program *program, LLVMValueRef gep) {
  offset sum = {0, 0};
  LLVMTypeRef type = LLVMGetGEPSourceElementType(gep);
  if (!has_size(type) || LLVMGetTypeKind(LLVMTypeOf(gep)) != LLVMPointerTypeKind) return (offset){0, 1};
  add_index(&sum, LLVMGetOperand(gep, 1), LLVMABISizeOfType(program->layout, type));
  unsigned count = (unsigned)LLVMGetNumOperands(gep);
  for (unsigned i = 2; i < count && sum.stride != 1; i++) {
    LLVMTypeKind kind = LLVMGetTypeKind(type);
    bool vector_index = LLVMGetTypeKind(LLVMTypeOf(LLVMGetOperand(gep, i))) != LLVMIntegerTypeKind;
    if (vector_index || kind == LLVMVectorTypeKind || kind == LLVMScalableVectorTypeKind) return (offset){0, 1};
    type = step_into(program, type, LLVMGetOperand(gep, i), &sum);
  }
  return sum;
}

void vmo_ll_sum_indices(const vmo_ll_program *program, LLVMValueRef gep, int64_t *bytes, uint32_t *stride) {
  offset sum = sum_offsets(program, gep);
  *bytes = sum.bytes;
  *stride = sum.stride;
}

/* ---- instructions ---- */

static const char *string_of(LLVMValueRef node, unsigned operand, unsigned *length) {
  LLVMValueRef operands[8];
  unsigned count = LLVMGetMDNodeNumOperands(node);
  if (count > 8 || operand >= count) return NULL;
  LLVMGetMDNodeOperands(node, operands);
  return operands[operand] != NULL ? LLVMGetMDString(operands[operand], length) : NULL;
}

/* Whether the type-based alias information says that a load reads, or a store writes, a number that has no room for a pointer, nor is a part
 * of one. A `long` or `double` may hold one that was made a number; characters may alias anything. */
static bool is_number_by_type(const vmo_ll_program *program, LLVMValueRef load) {
  static const char *const numbers[] = {"int", "short", "bool", "_Bool", "float"};
  LLVMValueRef operands[4], tag = LLVMGetMetadata(load, program->type_alias_kind);
  if (tag == NULL || LLVMGetTypeKind(LLVMTypeOf(load)) == LLVMPointerTypeKind) return false;
  unsigned count = LLVMGetMDNodeNumOperands(tag), length = 0;
  if (count < 3 || count > 4) return false;
  LLVMGetMDNodeOperands(tag, operands);
  const char *name = operands[1] != NULL && LLVMIsAMDNode(operands[1]) ? string_of(operands[1], 0, &length) : NULL;
  for (size_t i = 0; name != NULL && i < sizeof numbers / sizeof *numbers; i++)
    if (strlen(numbers[i]) == length && memcmp(name, numbers[i], length) == 0) return true;
  return false;
}

static void read_sizes(const vmo_ll_program *program, vmo_ll_instruction *instruction) {
  LLVMValueRef ref = instruction->ref;
  instruction->wide = is_wide(program, LLVMTypeOf(ref));
  instruction->pointer = LLVMGetTypeKind(LLVMTypeOf(ref)) == LLVMPointerTypeKind;
  instruction->bytes = -1;
  if (instruction->opcode == LLVMGetElementPtr) {
    vmo_ll_sum_indices(program, ref, &instruction->bytes, &instruction->stride);
  } else if (instruction->opcode == LLVMLoad) {
    instruction->bytes = size_of(program, LLVMTypeOf(ref));
    instruction->number = is_number_by_type(program, ref);
  } else if (instruction->opcode == LLVMStore) {
    instruction->bytes = size_of(program, LLVMTypeOf(LLVMGetOperand(ref, 0)));
    instruction->number = is_number_by_type(program, ref);
  } else if (instruction->opcode == LLVMAlloca && LLVMIsAConstantInt(LLVMGetOperand(ref, 0))) {
    int64_t element = size_of(program, LLVMGetAllocatedType(ref));
    unsigned long long count = LLVMConstIntGetZExtValue(LLVMGetOperand(ref, 0));
    if (element >= 0 && count < (1u << 20)) instruction->bytes = element * (int64_t)count;
  }
}

/* Whether the author wants a function of the program, or one that is not known, at the call (-fno-builtin). */
static bool is_no_builtin(LLVMValueRef call, LLVMValueRef callee) {
  return LLVMGetIntrinsicID(callee) == 0 && call_has_attribute(call, "nobuiltin") &&
         !call_has_attribute(call, "builtin");
}

/* What a call tells about the function that it stands in. */
static void read_call(vmo_ll_program *program, vmo_ll_function *function, vmo_ll_instruction *instruction) {
  LLVMValueRef callee = LLVMGetCalledValue(instruction->ref);
  if (LLVMIsAFunction(callee) && LLVMGlobalGetValueType(callee) == LLVMGetCalledFunctionType(instruction->ref))
    instruction->callee = recall(program, callee);
  if (instruction->callee != VMO_NONE && is_no_builtin(instruction->ref, callee) && LLVMIsDeclaration(callee))
    instruction->callee = VMO_NONE;
  if (call_has_attribute(instruction->ref, "returns_twice") ||
      (LLVMIsAFunction(callee) && vmo_ll_has_attribute(callee, "returns_twice")))
    function->obstacles.setjmp = true;
  if (instruction->opcode == LLVMCall && LLVMGetTailCallKind(instruction->ref) == LLVMTailCallKindMustTail)
    function->obstacles.musttail = true;
}

static bool read_operands(vmo_ll_program *program, vmo_ll_instruction *instruction) {
  LLVMValueRef ref = instruction->ref;
  bool phi = instruction->opcode == LLVMPHI, call = vmo_ll_is_call(instruction->opcode);
  unsigned count = phi ? LLVMCountIncoming(ref) : call ? LLVMGetNumArgOperands(ref) : (unsigned)LLVMGetNumOperands(ref);
  instruction->operand_first = program->operands.count;
  instruction->operand_count = count;
  for (unsigned i = 0; i < count; i++) {
    uint32_t id = value_id(program, phi ? LLVMGetIncomingValue(ref, i) : LLVMGetOperand(ref, i));
    if (!vmo_vec_push(program->arena, &program->operands, id)) return false;
  }
  return true;
}

static bool read_successors(vmo_ll_program *program, vmo_ll_block *block) {
  LLVMValueRef end = LLVMGetBasicBlockTerminator(block->ref);
  block->successor_first = program->successors.count;
  block->successor_count = LLVMGetNumSuccessors(end);
  for (unsigned i = 0; i < block->successor_count; i++) {
    uint32_t id = recall(program, LLVMGetSuccessor(end, i));
    if (!vmo_vec_push(program->arena, &program->successors, id)) return false;
  }
  return true;
}

static bool read_body(vmo_ll_program *program, vmo_ll_function *function) {
  for (uint32_t b = 0; b < function->block_count; b++) {
    vmo_ll_block *block = &program->blocks.data[function->block_first + b];
    if (!read_successors(program, block)) return false;
    for (uint32_t i = block->first; i < block->first + block->count; i++) {
      vmo_ll_instruction *instruction = &program->instructions.data[i];
      read_sizes(program, instruction);
      if (vmo_ll_is_call(instruction->opcode)) read_call(program, function, instruction);
      if (instruction->opcode == LLVMInvoke || instruction->opcode == LLVMLandingPad)
        function->obstacles.exception = true;
      if (!read_operands(program, instruction)) return false;
    }
  }
  return true;
}

/* ---- numbering ---- */

static uint8_t opcode_of(LLVMValueRef instruction) {
  LLVMOpcode opcode = LLVMGetInstructionOpcode(instruction);
#if LLVM_VERSION_MAJOR >= 22
  if (opcode == LLVMPtrToAddr) return (uint8_t)LLVMPtrToInt; /* the same, of addresses that nothing is made of again */
#endif
  return (uint8_t)opcode;
}

static bool number_block(vmo_ll_program *program, const vmo_ll_function *function, LLVMBasicBlockRef ref) {
  vmo_ll_block block = {.ref = ref, .first = program->instructions.count};
  uint32_t id = program->blocks.count;
  if (!remember(program, ref, id - function->block_first)) return false;
  for (LLVMValueRef i = LLVMGetFirstInstruction(ref); i != NULL; i = LLVMGetNextInstruction(i)) {
    vmo_ll_instruction instruction = {.ref = i, .block = id, .callee = VMO_NONE, .opcode = opcode_of(i)};
    if (!remember(program, i, vmo_ll_result_id(function, program->instructions.count)) ||
        !vmo_vec_push(program->arena, &program->instructions, instruction))
      return false;
  }
  block.count = program->instructions.count - block.first;
  return vmo_vec_push(program->arena, &program->blocks, block);
}

static bool number_function(vmo_ll_program *program, vmo_ll_function *function) {
  function->first = program->instructions.count;
  function->block_first = program->blocks.count;
  if (LLVMIsDeclaration(function->ref)) return true;
  for (uint32_t i = 0; i < function->parameter_count; i++)
    if (!remember(program, LLVMGetParam(function->ref, i), VMO_LL_FIRST_PARAMETER + i)) return false;
  for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(function->ref); b != NULL; b = LLVMGetNextBasicBlock(b))
    if (!number_block(program, function, b)) return false;
  function->block_count = program->blocks.count - function->block_first;
  function->count = program->instructions.count - function->first;
  return true;
}

static bool read_functions(vmo_ll_program *program) {
  for (LLVMValueRef f = LLVMGetFirstFunction(program->module); f != NULL; f = LLVMGetNextFunction(f))
    if (!add_function(program, f)) return false;
  for (uint32_t f = 0; f < program->functions.count; f++)
    if (!number_function(program, &program->functions.data[f])) return false;
  for (uint32_t f = 0; f < program->functions.count; f++)
    if (!read_body(program, &program->functions.data[f])) return false;
  return true;
}

vmo_status vmo_read_arrays(vmo_ll_program *program) {
  vmr_arena_reset(program->arena);
  memset(&program->functions, 0, sizeof program->functions);
  memset(&program->blocks, 0, sizeof program->blocks);
  memset(&program->instructions, 0, sizeof program->instructions);
  memset(&program->operands, 0, sizeof program->operands);
  memset(&program->successors, 0, sizeof program->successors);
  memset(&program->index, 0, sizeof program->index);
  program->things = NULL;
  program->thing_count = program->thing_capacity = 0;
  program->replaces_malloc = false;
  return read_functions(program) ? VMO_OK : VMO_OUT_OF_MEMORY;
}
