/* instrument.c: calls of watch.c in a module, for each allocation, free, load and store, and for each function that
 * encloses a structure whole.
 *
 *   i 12 0 3        instruction 12 may mean objects of the nodes 0 and 3
 *   n 3 fme         node 3: some free, some realloc may get it; it is external
 *   s 5 12 17       nobody knows the objects of the sites 12 and 17 when function 5 returns, made since it was called */
#include "instrument.h"

#include <string.h>

#include "llvm/libc.h"

typedef struct instrumenter {
  vmo_ll_program *program;
  const vmo_ll_structures *structures;
  LLVMBuilderRef builder;
  LLVMTypeRef pointer, number, serial;
} instrumenter;

typedef enum hook {
  HOOK_ACCESS,
  HOOK_MADE,
  HOOK_MADE_AT,
  HOOK_FREED,
  HOOK_MOVED,
  HOOK_ENTER,
  HOOK_LEAVE,
  HOOK_POINTER,
  HOOK_POINTER_DONE,
  HOOKS
} hook;

static void call_hook(instrumenter *i, hook which, LLVMValueRef *arguments, unsigned count) {
  static const char *const names[HOOKS] = {"vmo_watch_access", "vmo_watch_made",    "vmo_watch_made_at",
                                           "vmo_watch_freed",  "vmo_watch_moved",   "vmo_watch_enter",
                                           "vmo_watch_leave",  "vmo_watch_pointer", "vmo_watch_pointer_done"};
  LLVMTypeRef parameters[3];
  for (unsigned k = 0; k < count; k++) parameters[k] = LLVMTypeOf(arguments[k]);
  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(i->program->llvm), parameters, count, false);
  LLVMValueRef function = LLVMGetNamedFunction(i->program->module, names[which]);
  if (function == NULL) function = LLVMAddFunction(i->program->module, names[which], type);
  LLVMBuildCall2(i->builder, type, function, arguments, count, "");
}

static LLVMValueRef number(const instrumenter *i, uint32_t value) { return LLVMConstInt(i->number, value, false); }

static void watch_place(instrumenter *i, hook which, LLVMValueRef place, uint32_t instruction) {
  if (LLVMGetPointerAddressSpace(LLVMTypeOf(place)) != 0) return;
  LLVMValueRef arguments[] = {place, number(i, instruction)};
  call_hook(i, which, arguments, 2);
}

/* ---- calls ---- */

static void watch_made(instrumenter *i, const vmo_ll_instruction *call, const vmo_libc_row *row, uint32_t id) {
  const char *fresh = strchr(row->arguments, VMO_EFFECT_FRESH);
  LLVMPositionBuilderBefore(i->builder, LLVMGetNextInstruction(call->ref));
  if (fresh != NULL) {
    watch_place(i, HOOK_MADE_AT, LLVMGetOperand(call->ref, (unsigned)(fresh - row->arguments)), id);
  } else {
    watch_place(i, HOOK_MADE, call->ref, id);
  }
}

/* What is called may be the library's free or malloc. */
static void watch_pointer_call(instrumenter *i, const vmo_ll_instruction *call, uint32_t id) {
  LLVMValueRef called = LLVMGetCalledValue(call->ref);
  if (call->opcode != LLVMCall || LLVMIsAInlineAsm(called)) return;
  LLVMValueRef first = call->operand_count > 0 ? LLVMGetOperand(call->ref, 0) : NULL;
  if (first == NULL || LLVMGetTypeKind(LLVMTypeOf(first)) != LLVMPointerTypeKind)
    first = LLVMConstPointerNull(i->pointer);
  LLVMValueRef before[] = {called, first, number(i, id)}, after[] = {called, call->ref};
  LLVMPositionBuilderBefore(i->builder, call->ref);
  call_hook(i, HOOK_POINTER, before, 3);
  if (!call->pointer || LLVMGetTailCallKind(call->ref) == LLVMTailCallKindMustTail) return;
  LLVMPositionBuilderBefore(i->builder, LLVMGetNextInstruction(call->ref));
  call_hook(i, HOOK_POINTER_DONE, after, 2);
}

static void watch_call(instrumenter *i, const vmo_ll_instruction *call, uint32_t id) {
  if (call->callee == VMO_NONE) {
    watch_pointer_call(i, call, id);
    return;
  }
  const vmo_libc_row *row = i->program->functions.data[call->callee].libc;
  if (row == NULL || call->opcode != LLVMCall) return;
  bool makes = vmo_libc_allocates(row) && strchr(row->arguments, VMO_EFFECT_GROW) == NULL;
  if (row->arguments[0] != VMO_EFFECT_FREE) {
    if (makes) watch_made(i, call, row, id);
    return;
  }
  LLVMPositionBuilderBefore(i->builder, makes ? LLVMGetNextInstruction(call->ref) : call->ref);
  if (makes) {
    LLVMValueRef arguments[] = {LLVMGetOperand(call->ref, 0), call->ref, number(i, id)};
    call_hook(i, HOOK_MOVED, arguments, 3);
  } else {
    watch_place(i, HOOK_FREED, LLVMGetOperand(call->ref, 0), id);
  }
}

static void watch_instruction(instrumenter *i, uint32_t id) {
  const vmo_ll_instruction *instruction = &i->program->instructions.data[id];
  if (vmo_ll_is_call(instruction->opcode)) {
    watch_call(i, instruction, id);
  } else if (instruction->opcode == LLVMLoad || instruction->opcode == LLVMStore) {
    LLVMPositionBuilderBefore(i->builder, instruction->ref);
    watch_place(i, HOOK_ACCESS, LLVMGetOperand(instruction->ref, instruction->opcode == LLVMStore), id);
  }
}

/* ---- functions ---- */

static bool encloses(const vmo_ll_structures *structures, uint32_t function) {
  for (uint32_t s = 0; s < structures->scopes.count; s++)
    if (structures->scopes.data[s].function == function && structures->scopes.data[s].whole) return true;
  return false;
}

/* The number of objects so far is kept in the frame. */
static void watch_function(instrumenter *i, uint32_t id) {
  const vmo_ll_function *function = &i->program->functions.data[id];
  LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(function->ref);
  LLVMPositionBuilderBefore(i->builder, LLVMGetFirstInstruction(entry));
  LLVMValueRef kept = LLVMBuildAlloca(i->builder, i->serial, "");
  LLVMValueRef enter[] = {kept, number(i, id)};
  call_hook(i, HOOK_ENTER, enter, 2);
  for (uint32_t k = function->first; k < function->first + function->count; k++) {
    const vmo_ll_instruction *instruction = &i->program->instructions.data[k];
    if (instruction->opcode != LLVMRet) continue;
    LLVMPositionBuilderBefore(i->builder, instruction->ref);
    LLVMValueRef leave[] = {number(i, id), LLVMBuildLoad2(i->builder, i->serial, kept, "")};
    call_hook(i, HOOK_LEAVE, leave, 2);
  }
}

/* ---- claims ---- */

static void write_claims(const instrumenter *i, vmo_text *claims) {
  const vmo_ll_structures *structures = i->structures;
  for (uint32_t n = 0; n < structures->nodes.count; n++) {
    const vmo_ll_structure_node *node = &structures->nodes.data[n];
    vmo_text_addf(claims, "n %u .%s%s%s\n", n, node->freed ? "f" : "", node->moved ? "m" : "",
                  node->external ? "e" : "");
  }
  for (uint32_t k = 0; k < i->program->instructions.count; k++) {
    if (vmo_ll_node_count_of(structures, k) == 0) continue;
    vmo_text_addf(claims, "i %u", k);
    for (uint32_t n = 0; n < vmo_ll_node_count_of(structures, k); n++)
      vmo_text_addf(claims, " %u", vmo_ll_nodes_of(structures, k)[n]);
    vmo_text_add(claims, "\n");
  }
  for (uint32_t s = 0; s < structures->scopes.count; s++) {
    const vmo_ll_structure_scope *scope = &structures->scopes.data[s];
    if (!scope->whole) continue;
    vmo_text_addf(claims, "s %u", scope->function);
    for (uint32_t k = 0; k < scope->site_count; k++)
      vmo_text_addf(claims, " %u", structures->scope_sites.data[scope->site_first + k]);
    vmo_text_add(claims, "\n");
  }
}

void vmo_instrument_structures(vmo_ll_program *program, const vmo_ll_structures *structures, vmo_text *claims) {
  instrumenter i = {.program = program, .structures = structures, .builder = LLVMCreateBuilderInContext(program->llvm)};
  i.pointer = LLVMPointerTypeInContext(program->llvm, 0);
  i.number = LLVMInt32TypeInContext(program->llvm);
  i.serial = LLVMInt64TypeInContext(program->llvm);
  write_claims(&i, claims);
  for (uint32_t k = 0; k < program->instructions.count; k++) watch_instruction(&i, k);
  for (uint32_t f = 0; f < program->functions.count; f++)
    if (vmo_ll_is_defined(&program->functions.data[f]) && encloses(structures, f)) watch_function(&i, f);
  LLVMDisposeBuilder(i.builder);
}
