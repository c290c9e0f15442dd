/* stack.c: objects that live no longer than their function move into its frame.
 *
 *   %p = call ptr @malloc(i64 24)                 %slot = alloca [32 x i8], align 16         (at the entry)
 *   ...                                   ->      ...                                        %p is %slot
 *   call void @free(ptr %p)                       (gone)
 *
 *   %p = call ptr @malloc(i64 %n)                 %p = call ptr @vmemopt.take.malloc(i64 %n, ptr %slot, i64 1024)
 *   ...                                   ->      ...
 *   call void @free(ptr %p)                       %ours = icmp eq ptr %p, %slot
 *                                                 %rest = select i1 %ours, ptr null, ptr %p
 *                                                 call void @vmemopt.release.free(ptr %rest)
 *
 * In a loop an `i1` beside the slot says that it is taken: take sets it, the release of the slot's address clears it.
 * The helpers are functions that LLVM's inliner puts in place at once; so no control flow is edited here. The calls of
 * the function lose their `tail` marks, which promise that callees see none of its frame. Linear in the edits, and one
 * walk over the function. */
#include <stdio.h>
#include <string.h>

#include "llvm/plan.h"

#define PREFIX "vmemopt."

typedef struct edit {
  vmo_ll_program *program;
  LLVMValueRef function;
  LLVMBuilderRef builder;
  const vmo_ll_plan *plan;
  LLVMValueRef *slots, *flags; /* by slot of the plan; flags NULL where none is needed */
} edit;

static LLVMTypeRef pointer_type(const edit *e) { return LLVMPointerTypeInContext(e->program->llvm, 0); }
static LLVMTypeRef word_type(const edit *e) { return LLVMInt64TypeInContext(e->program->llvm); }
static LLVMTypeRef flag_type(const edit *e) { return LLVMInt1TypeInContext(e->program->llvm); }
static LLVMValueRef number(const edit *e, vmo_bytes bytes) {
  return LLVMConstInt(word_type(e), (unsigned long long)bytes, false);
}

/* ---- helpers ---- */

static LLVMValueRef begin_helper(const edit *e, const char *name, LLVMTypeRef type, LLVMBuilderRef builder) {
  LLVMValueRef helper = LLVMAddFunction(e->program->module, name, type);
  unsigned kind = LLVMGetEnumAttributeKindForName("alwaysinline", strlen("alwaysinline"));
  LLVMSetLinkage(helper, LLVMInternalLinkage);
  LLVMAddAttributeAtIndex(helper, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                          LLVMCreateEnumAttribute(e->program->llvm, kind, 0));
  LLVMPositionBuilderAtEnd(builder, LLVMAppendBasicBlockInContext(e->program->llvm, helper, "entry"));
  return helper;
}

/* The last argument of the allocation counts its bytes; calloc has a factor before it. */
static LLVMValueRef fits(const edit *e, LLVMBuilderRef b, LLVMValueRef helper, unsigned arguments, bool product) {
  LLVMValueRef bound = LLVMGetParam(helper, arguments + 1);
  LLVMValueRef bytes = LLVMBuildIntCast2(b, LLVMGetParam(helper, 0), word_type(e), false, "");
  LLVMValueRef result = LLVMBuildICmp(b, LLVMIntULE, bytes, bound, "");
  if (!product) return result;
  LLVMValueRef size = LLVMBuildIntCast2(b, LLVMGetParam(helper, 1), word_type(e), false, "");
  LLVMValueRef small = LLVMBuildAnd(b, result, LLVMBuildICmp(b, LLVMIntULE, size, bound, ""), "");
  /* Both are small, so the product does not wrap. */
  LLVMValueRef all = LLVMBuildICmp(b, LLVMIntULE, LLVMBuildMul(b, bytes, size, ""), bound, "");
  return LLVMBuildAnd(b, small, all, "");
}

static void build_stack_path(const edit *e, LLVMBuilderRef b, LLVMValueRef helper, unsigned arguments, bool product,
                             bool flagged) {
  LLVMValueRef slot = LLVMGetParam(helper, arguments);
  if (flagged) LLVMBuildStore(b, LLVMConstInt(flag_type(e), 1, false), LLVMGetParam(helper, arguments + 2));
  if (product) {
    LLVMValueRef count = LLVMBuildIntCast2(b, LLVMGetParam(helper, 0), word_type(e), false, "");
    LLVMValueRef size = LLVMBuildIntCast2(b, LLVMGetParam(helper, 1), word_type(e), false, "");
    LLVMBuildMemSet(b, slot, LLVMConstInt(LLVMInt8TypeInContext(e->program->llvm), 0, false),
                    LLVMBuildMul(b, count, size, ""), 16);
  }
  LLVMBuildRet(b, slot);
}

static void build_take(const edit *e, LLVMBuilderRef b, LLVMValueRef helper, LLVMValueRef callee, bool product,
                       bool flagged) {
  unsigned arguments = LLVMCountParams(callee);
  LLVMValueRef values[8];
  LLVMBasicBlockRef stack = LLVMAppendBasicBlockInContext(e->program->llvm, helper, "stack");
  LLVMBasicBlockRef heap = LLVMAppendBasicBlockInContext(e->program->llvm, helper, "heap");
  LLVMValueRef good = fits(e, b, helper, arguments, product);
  if (flagged) {
    LLVMValueRef taken = LLVMBuildLoad2(b, flag_type(e), LLVMGetParam(helper, arguments + 2), "");
    good = LLVMBuildAnd(b, good, LLVMBuildNot(b, taken, ""), "");
  }
  LLVMBuildCondBr(b, good, stack, heap);
  LLVMPositionBuilderAtEnd(b, stack);
  build_stack_path(e, b, helper, arguments, product, flagged);
  LLVMPositionBuilderAtEnd(b, heap);
  for (unsigned i = 0; i < arguments; i++) values[i] = LLVMGetParam(helper, i);
  LLVMBuildRet(b, LLVMBuildCall2(b, LLVMGlobalGetValueType(callee), callee, values, arguments, ""));
}

/* vmemopt.take.<name>(its arguments, slot, bound[, flag]) */
static LLVMValueRef take_helper(const edit *e, LLVMValueRef callee, const vmo_libc_row *row, bool flagged) {
  char name[64];
  snprintf(name, sizeof name, PREFIX "take.%s%s", row->name, flagged ? ".flag" : "");
  LLVMValueRef helper = LLVMGetNamedFunction(e->program->module, name);
  if (helper != NULL) return helper;
  LLVMTypeRef types[8];
  unsigned count = LLVMCountParams(callee);
  LLVMGetParamTypes(LLVMGlobalGetValueType(callee), types);
  types[count] = pointer_type(e);
  types[count + 1] = word_type(e);
  types[count + 2] = pointer_type(e);
  LLVMBuilderRef builder = LLVMCreateBuilderInContext(e->program->llvm);
  LLVMTypeRef type = LLVMFunctionType(pointer_type(e), types, count + (flagged ? 3 : 2), false);
  helper = begin_helper(e, name, type, builder);
  build_take(e, builder, helper, callee, row->kind == VMO_LIBC_CALLOC, flagged);
  LLVMDisposeBuilder(builder);
  return helper;
}

/* vmemopt.release.<name>(its arguments): nothing when the first is null. */
static LLVMValueRef release_helper(const edit *e, LLVMValueRef callee, const vmo_libc_row *row) {
  char name[64];
  snprintf(name, sizeof name, PREFIX "release.%s", row->name);
  LLVMValueRef helper = LLVMGetNamedFunction(e->program->module, name);
  if (helper != NULL) return helper;
  LLVMTypeRef type = LLVMGlobalGetValueType(callee);
  LLVMBuilderRef b = LLVMCreateBuilderInContext(e->program->llvm);
  LLVMValueRef values[8];
  unsigned count = LLVMCountParams(callee);
  helper = begin_helper(e, name, type, b);
  LLVMBasicBlockRef heap = LLVMAppendBasicBlockInContext(e->program->llvm, helper, "heap");
  LLVMBasicBlockRef done = LLVMAppendBasicBlockInContext(e->program->llvm, helper, "done");
  for (unsigned i = 0; i < count; i++) values[i] = LLVMGetParam(helper, i);
  LLVMBuildCondBr(b, LLVMBuildIsNull(b, values[0], ""), done, heap);
  LLVMPositionBuilderAtEnd(b, heap);
  LLVMBuildCall2(b, type, callee, values, count, "");
  LLVMBuildBr(b, done);
  LLVMPositionBuilderAtEnd(b, done);
  LLVMBuildRetVoid(b);
  LLVMDisposeBuilder(b);
  return helper;
}

/* ---- allocations ---- */

static void make_slots(edit *e) {
  LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(e->function);
  LLVMPositionBuilderBefore(e->builder, LLVMGetFirstInstruction(entry));
  LLVMSetCurrentDebugLocation2(e->builder, NULL);
  for (uint32_t i = 0; i < e->plan->slots.count; i++) {
    const vmo_ll_slot *slot = &e->plan->slots.data[i];
    LLVMTypeRef type = LLVMArrayType2(LLVMInt8TypeInContext(e->program->llvm), (uint64_t)slot->bytes);
    e->slots[i] = LLVMBuildAlloca(e->builder, type, PREFIX "slot");
    LLVMSetAlignment(e->slots[i], 16);
    if (!slot->in_loop) continue;
    e->flags[i] = LLVMBuildAlloca(e->builder, flag_type(e), PREFIX "taken");
  }
  for (uint32_t i = 0; i < e->plan->slots.count; i++)
    if (e->flags[i] != NULL) LLVMBuildStore(e->builder, LLVMConstInt(flag_type(e), 0, false), e->flags[i]);
}

static void take_constant(edit *e, uint32_t i) {
  const vmo_ll_slot *slot = &e->plan->slots.data[i];
  if (slot->row->kind == VMO_LIBC_CALLOC)
    LLVMBuildMemSet(e->builder, e->slots[i], LLVMConstInt(LLVMInt8TypeInContext(e->program->llvm), 0, false),
                    number(e, slot->bytes), 16);
  LLVMReplaceAllUsesWith(slot->allocation, e->slots[i]);
}

static void take_bounded(edit *e, uint32_t i) {
  const vmo_ll_slot *slot = &e->plan->slots.data[i];
  LLVMValueRef callee = LLVMGetCalledValue(slot->allocation), values[8];
  LLVMValueRef helper = take_helper(e, callee, slot->row, slot->in_loop);
  unsigned count = LLVMGetNumArgOperands(slot->allocation);
  for (unsigned k = 0; k < count; k++) values[k] = LLVMGetOperand(slot->allocation, k);
  values[count] = e->slots[i];
  values[count + 1] = number(e, slot->bytes);
  values[count + 2] = e->flags[i];
  LLVMValueRef taken =
      LLVMBuildCall2(e->builder, LLVMGlobalGetValueType(helper), helper, values, count + (slot->in_loop ? 3 : 2), "");
  LLVMReplaceAllUsesWith(slot->allocation, taken);
}

static void edit_allocations(edit *e) {
  for (uint32_t i = 0; i < e->plan->slots.count; i++) {
    const vmo_ll_slot *slot = &e->plan->slots.data[i];
    LLVMPositionBuilderBefore(e->builder, slot->allocation);
    if (slot->constant && !slot->in_loop) {
      take_constant(e, i);
    } else {
      take_bounded(e, i);
    }
    LLVMInstructionEraseFromParent(slot->allocation);
  }
}

/* ---- releases ---- */

/* The address with that of the slot made null; the slot is free again. */
static LLVMValueRef spare_slot(edit *e, LLVMValueRef address, uint32_t slot) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef ours = LLVMBuildICmp(b, LLVMIntEQ, address, e->slots[slot], "");
  if (e->flags[slot] != NULL) {
    LLVMValueRef taken = LLVMBuildLoad2(b, flag_type(e), e->flags[slot], "");
    LLVMBuildStore(b, LLVMBuildAnd(b, taken, LLVMBuildNot(b, ours, ""), ""), e->flags[slot]);
  }
  return LLVMBuildSelect(b, ours, LLVMConstPointerNull(pointer_type(e)), address, "");
}

static bool is_always_slot(const edit *e, const vmo_ll_slot_release *release) {
  const vmo_ll_slot *slot = &e->plan->slots.data[e->plan->slots_of_releases.data[release->slot_first]];
  return release->only && release->slot_count == 1 && slot->constant && !slot->in_loop;
}

static void edit_release(edit *e, const vmo_ll_slot_release *release) {
  if (!is_always_slot(e, release)) {
    LLVMValueRef callee = LLVMGetCalledValue(release->call), values[8];
    unsigned count = LLVMGetNumArgOperands(release->call);
    LLVMPositionBuilderBefore(e->builder, release->call);
    for (unsigned k = 0; k < count; k++) values[k] = LLVMGetOperand(release->call, k);
    for (uint32_t i = 0; i < release->slot_count; i++)
      values[0] = spare_slot(e, values[0], e->plan->slots_of_releases.data[release->slot_first + i]);
    LLVMValueRef helper = release_helper(e, callee, release->row);
    LLVMBuildCall2(e->builder, LLVMGlobalGetValueType(helper), helper, values, count, "");
  }
  LLVMInstructionEraseFromParent(release->call);
}

static void drop_tail_marks(const edit *e) {
  for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(e->function); b != NULL; b = LLVMGetNextBasicBlock(b))
    for (LLVMValueRef i = LLVMGetFirstInstruction(b); i != NULL; i = LLVMGetNextInstruction(i))
      if (LLVMIsACallInst(i) && LLVMGetTailCallKind(i) == LLVMTailCallKindTail)
        LLVMSetTailCallKind(i, LLVMTailCallKindNone);
}

vmo_status vmo_move_to_stack(vmo_ll_program *program, LLVMValueRef function, const vmo_ll_plan *plan) {
  edit e = {.program = program, .function = function, .plan = plan};
  if (plan->slots.count == 0) return VMO_OK;
  e.slots = vmr_arena_alloc_array(program->arena, plan->slots.count, sizeof *e.slots);
  e.flags = vmr_arena_alloc_array(program->arena, plan->slots.count, sizeof *e.flags);
  if (e.slots == NULL || e.flags == NULL) return VMO_OUT_OF_MEMORY;
  e.builder = LLVMCreateBuilderInContext(program->llvm);
  make_slots(&e);
  edit_allocations(&e);
  for (uint32_t i = 0; i < plan->releases.count; i++) edit_release(&e, &plan->releases.data[i]);
  drop_tail_marks(&e);
  LLVMDisposeBuilder(e.builder);
  return VMO_OK;
}
