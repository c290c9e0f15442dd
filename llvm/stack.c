/* stack.c: objects that live no longer than their function move into its frame.
 *
 *   %p = call ptr @malloc(i64 24)                 %slot = alloca [32 x i8], align 16         (at the entry)
 *   ...                                   ->      ...                                        %p is %slot
 *   call void @free(ptr %p)                       (gone)
 *
 * A slot of its own that is freed by its own pointer has lifetime markers there, so that LLVM may lay others over it.
 *
 *   %p = call ptr @malloc(i64 %n)                 %p = call ptr @vmemopt.take.malloc(i64 %n, ptr %slot, i64 1024)
 *   ...                                   ->      ...
 *   call void @free(ptr %p)                       %ours = icmp eq ptr %p, %slot
 *                                                 %rest = select i1 %ours, ptr null, ptr %p
 *                                                 call void @vmemopt.release.free(ptr %rest)
 *
 * In a loop an `i1` beside the slot says that it is taken: take sets it, the release of the slot's address clears it.
 * The calls of the function lose their `tail` marks, which promise that callees see none of its frame. Linear in the
 * edits, and one walk over the function. */
#include "llvm/stack.h"

#include <string.h>

#include "llvm/sparing.h"

/* ---- slots ---- */

static LLVMValueRef make_flag(const vmo_ll_edit *e, const char *name) {
  return LLVMBuildAlloca(e->builder, vmo_ll_flag_type(e), name);
}

static bool grows(const vmo_libc_row *row) { return row->kind == VMO_LIBC_REALLOC; }

static bool needs_spare_flag(const vmo_ll_plan *plan) {
  for (uint32_t i = 0; i < plan->releases.count; i++)
    if (grows(plan->releases.data[i].row)) return true;
  for (uint32_t i = 0; i < plan->slots.count; i++)
    if (grows(plan->slots.data[i].row)) return true;
  return false;
}

static LLVMValueRef make_bytes(const vmo_ll_edit *e, vmo_bytes bytes, uint32_t alignment, const char *name) {
  LLVMTypeRef type = LLVMArrayType2(LLVMInt8TypeInContext(e->program->llvm), (uint64_t)bytes);
  LLVMValueRef slot = LLVMBuildAlloca(e->builder, type, name);
  LLVMSetAlignment(slot, alignment);
  return slot;
}

#define SLOT_MARK "vmemopt.slot" /* metadata: what is at this address is an object of its own while it lives */

static unsigned slot_kind(const vmo_ll_program *program) {
  return LLVMGetMDKindIDInContext(program->llvm, SLOT_MARK, strlen(SLOT_MARK));
}

static void mark_slot(const vmo_ll_program *program, LLVMValueRef gep) {
  if (!program->marks_slots) return;
  LLVMMetadataRef none = LLVMMDNodeInContext2(program->llvm, NULL, 0);
  LLVMSetMetadata(gep, slot_kind(program), LLVMMetadataAsValue(program->llvm, none));
}

bool vmo_ll_is_slot(const vmo_ll_program *program, LLVMValueRef gep) {
  return program->marks_slots && LLVMIsAGetElementPtrInst(gep) && LLVMHasMetadata(gep) &&
         LLVMGetMetadata(gep, slot_kind(program)) != NULL;
}

void vmo_ll_forget_slots(const vmo_ll_program *program) {
  for (uint32_t i = 0; i < program->instructions.count; i++)
    if (program->instructions.data[i].opcode == LLVMGetElementPtr)
      LLVMSetMetadata(program->instructions.data[i].ref, slot_kind(program), NULL);
}

/* The slots that share bytes with others, and those that callees are told of. */
static void make_frames(vmo_ll_edit *e) {
  LLVMTypeRef byte = LLVMInt8TypeInContext(e->program->llvm);
  for (uint32_t f = 0; f < e->plan->frames.count; f++) {
    const vmo_ll_frame *frame = &e->plan->frames.data[f];
    LLVMValueRef all = make_bytes(e, frame->bytes, frame->alignment, "vmemopt.frame");
    LLVMValueRef bytes = LLVMConstInt(vmo_ll_word_type(e), (unsigned long long)frame->bytes, false);
    if (frame->spared) {
      e->spared_begin = all;
      e->spared_end = LLVMBuildInBoundsGEP2(e->builder, byte, all, &bytes, 1, "vmemopt.end");
    }
    for (uint32_t i = 0; i < e->plan->slots.count; i++) {
      const vmo_ll_slot *slot = &e->plan->slots.data[i];
      LLVMValueRef offset = LLVMConstInt(vmo_ll_word_type(e), (unsigned long long)slot->offset, false);
      if (slot->frame != f) continue;
      e->slots[i] = LLVMBuildInBoundsGEP2(e->builder, byte, all, &offset, 1, "vmemopt.slot");
      mark_slot(e->program, e->slots[i]);
    }
  }
}

/* A slot of the caller's; where it gives none, a byte that is always taken, and whose address no object has. */
static void find_given_slot(vmo_ll_edit *e, uint32_t i) {
  unsigned first = e->plan->slots.data[i].parameter;
  LLVMValueRef given = LLVMGetParam(e->function, first), own = make_flag(e, "vmemopt.nowhere");
  LLVMBuildStore(e->builder, LLVMConstInt(vmo_ll_flag_type(e), 1, false), own);
  LLVMValueRef none = LLVMBuildIsNull(e->builder, given, "");
  e->slots[i] = LLVMBuildSelect(e->builder, none, own, given, "vmemopt.slot");
  e->flags[i] = LLVMBuildSelect(e->builder, none, own, LLVMGetParam(e->function, first + 2), "vmemopt.taken");
}

static void make_slots(vmo_ll_edit *e) {
  LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(e->function);
  LLVMValueRef free_flag = LLVMConstInt(vmo_ll_flag_type(e), 0, false);
  LLVMPositionBuilderBefore(e->builder, LLVMGetFirstInstruction(entry));
  LLVMSetCurrentDebugLocation2(e->builder, NULL);
  for (uint32_t i = 0; i < e->plan->slots.count; i++) {
    const vmo_ll_slot *slot = &e->plan->slots.data[i];
    if (slot->parameter != VMO_NONE) continue;
    e->slots[i] = slot->frame == VMO_NONE ? make_bytes(e, slot->bytes, slot->alignment, "vmemopt.slot") : NULL;
    if (slot->flagged) e->flags[i] = make_flag(e, "vmemopt.taken");
  }
  make_frames(e);
  if (needs_spare_flag(e->plan)) e->spare_flag = make_flag(e, "vmemopt.unused");
  for (uint32_t i = 0; i < e->plan->slots.count; i++)
    if (e->flags[i] != NULL) LLVMBuildStore(e->builder, free_flag, e->flags[i]);
  if (e->spare_flag != NULL) LLVMBuildStore(e->builder, free_flag, e->spare_flag);
  for (uint32_t i = 0; i < e->plan->slots.count; i++)
    if (e->plan->slots.data[i].parameter != VMO_NONE) find_given_slot(e, i);
}

/* ---- lifetimes ---- */

static bool is_always_slot(const vmo_ll_edit *e, const vmo_ll_slot_release *release) {
  const vmo_ll_slot *slot = &e->plan->slots.data[e->plan->slots_of_releases.data[release->slot_first]];
  return release->only && release->slot_count == 1 && slot->constant && !slot->flagged;
}

/* Whether a release surely ends the slot's life: what it is given is `pointer`, and no null in its place. */
static bool ends_slot(const vmo_ll_edit *e, const vmo_ll_slot_release *release, uint32_t slot, LLVMValueRef pointer) {
  return is_always_slot(e, release) && e->plan->slots_of_releases.data[release->slot_first] == slot &&
         LLVMGetOperand(release->call, 0) == pointer;
}

static bool has_end(const vmo_ll_edit *e, uint32_t slot) {
  for (uint32_t r = 0; r < e->plan->releases.count; r++)
    if (!grows(e->plan->releases.data[r].row) &&
        ends_slot(e, &e->plan->releases.data[r], slot, e->plan->slots.data[slot].allocation))
      return true;
  return false;
}

static void mark_lifetime(const vmo_ll_edit *e, const char *name, uint32_t slot) {
  LLVMTypeRef pointer = vmo_ll_pointer_type(e);
  unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
  LLVMValueRef marker = LLVMGetIntrinsicDeclaration(e->program->module, id, &pointer, 1);
  LLVMValueRef bytes = LLVMConstInt(vmo_ll_word_type(e), (unsigned long long)e->plan->slots.data[slot].bytes, false);
  LLVMValueRef values[] = {bytes, e->slots[slot]};
  unsigned count = LLVMCountParams(marker); /* newer versions take the slot alone */
  LLVMBuildCall2(e->builder, LLVMGlobalGetValueType(marker), marker, values + 2 - count, count, "");
}

/* ---- fences ---- */

#define FENCE_CONSTRAINTS "=*m,*m"

bool vmo_ll_is_fence(const vmo_ll_instruction *call) {
  LLVMValueRef assembly = LLVMIsACallInst(call->ref) ? LLVMGetCalledValue(call->ref) : NULL;
  size_t words, constraints;
  if (assembly == NULL || !LLVMIsAInlineAsm(assembly)) return false;
  LLVMGetInlineAsmAsmString(assembly, &words);
  const char *text = LLVMGetInlineAsmConstraintString(assembly, &constraints);
  return words == 0 && constraints == strlen(FENCE_CONSTRAINTS) && strncmp(text, FENCE_CONSTRAINTS, constraints) == 0;
}

static void add_enum_attribute(const vmo_ll_edit *e, LLVMValueRef call, const char *name, uint64_t value) {
  unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                           LLVMCreateEnumAttribute(e->program->llvm, kind, value));
}

/* No code: nothing that reads or writes the slot's bytes crosses it, in LLVM's IR or in what is made of that, whatever types
 * the accesses have. Other memory is left alone. */
static void put_fence(const vmo_ll_edit *e, uint32_t slot) {
  const uint64_t arguments_read_and_written = 3;
  LLVMTypeRef pointer = vmo_ll_pointer_type(e), parameters[] = {pointer, pointer};
  uint64_t known = (uint64_t)e->plan->slots.data[slot].bytes; /* none: the slot is the caller's */
  LLVMTypeRef bytes = LLVMArrayType2(LLVMInt8TypeInContext(e->program->llvm), known > 0 ? known : 1);
  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(e->program->llvm), parameters, 2, false);
  LLVMValueRef values[] = {e->slots[slot], e->slots[slot]};
  LLVMValueRef nothing = LLVMGetInlineAsm(type, "", 0, FENCE_CONSTRAINTS, strlen(FENCE_CONSTRAINTS), true, false,
                                          LLVMInlineAsmDialectATT, false);
  LLVMValueRef call = LLVMBuildCall2(e->builder, type, nothing, values, 2, "");
  unsigned element = LLVMGetEnumAttributeKindForName("elementtype", strlen("elementtype"));
  for (unsigned i = 1; i <= 2; i++)
    LLVMAddCallSiteAttribute(call, i, LLVMCreateTypeAttribute(e->program->llvm, element, bytes));
  add_enum_attribute(e, call, "nounwind", 0);
  add_enum_attribute(e, call, "memory", arguments_read_and_written);
}

/* ---- allocations ---- */

static void take_constant(vmo_ll_edit *e, uint32_t i) {
  const vmo_ll_slot *slot = &e->plan->slots.data[i];
  LLVMValueRef bytes = LLVMConstInt(vmo_ll_word_type(e), (unsigned long long)slot->bytes, false);
  if (slot->frame == VMO_NONE && has_end(e, i)) mark_lifetime(e, "llvm.lifetime.start", i);
  if (slot->row->kind == VMO_LIBC_CALLOC) LLVMBuildMemSet(e->builder, e->slots[i], vmo_ll_byte(e, 0), bytes, 16);
  if (slot->row->kind == VMO_LIBC_MEMALIGN) {
    LLVMBuildStore(e->builder, e->slots[i], LLVMGetOperand(slot->allocation, 0));
    LLVMReplaceAllUsesWith(slot->allocation, LLVMConstNull(LLVMTypeOf(slot->allocation)));
  } else {
    LLVMReplaceAllUsesWith(slot->allocation, e->slots[i]);
  }
}

static LLVMValueRef bound_of(const vmo_ll_edit *e, uint32_t i) {
  const vmo_ll_slot *slot = &e->plan->slots.data[i];
  if (slot->parameter != VMO_NONE) return LLVMGetParam(e->function, slot->parameter + 1);
  return LLVMConstInt(vmo_ll_word_type(e), (unsigned long long)slot->bytes, false);
}

static void take_bounded(vmo_ll_edit *e, uint32_t i) {
  const vmo_ll_slot *slot = &e->plan->slots.data[i];
  LLVMValueRef callee = LLVMGetCalledValue(slot->allocation), values[8];
  LLVMValueRef helper = vmo_ll_take_helper(e, callee, slot->row, slot->flagged);
  unsigned count = LLVMGetNumArgOperands(slot->allocation);
  for (unsigned k = 0; k < count; k++) values[k] = LLVMGetOperand(slot->allocation, k);
  values[count] = e->slots[i];
  values[count + 1] = bound_of(e, i);
  values[count + 2] = e->flags[i];
  LLVMValueRef taken =
      LLVMBuildCall2(e->builder, LLVMGlobalGetValueType(helper), helper, values, count + (slot->flagged ? 3 : 2), "");
  LLVMReplaceAllUsesWith(slot->allocation, taken);
}

static void give_slot(const vmo_ll_edit *e, uint32_t i) {
  const vmo_ll_slot *slot = &e->plan->slots.data[i];
  LLVMSetOperand(slot->allocation, slot->argument, e->slots[i]);
  LLVMSetOperand(slot->allocation, slot->argument + 1, bound_of(e, i));
  LLVMSetOperand(slot->allocation, slot->argument + 2, e->flags[i]);
}

static void edit_allocation(vmo_ll_edit *e, uint32_t i) {
  const vmo_ll_slot *slot = &e->plan->slots.data[i];
  LLVMPositionBuilderBefore(e->builder, slot->allocation);
  if (slot->fenced) put_fence(e, i);
  if (slot->argument != VMO_NONE) {
    give_slot(e, i);
    return;
  }
  if (slot->constant && !slot->flagged) {
    take_constant(e, i);
  } else {
    take_bounded(e, i);
  }
  LLVMInstructionEraseFromParent(slot->allocation);
}

static void fence_growth(const vmo_ll_edit *e, uint32_t slot) {
  LLVMPositionBuilderBefore(e->builder, e->plan->slots.data[slot].allocation);
  if (e->plan->slots.data[slot].fenced) put_fence(e, slot);
}

/* A call of realloc may both give a slot back and take one. */
static void edit_growths(vmo_ll_edit *e) {
  const vmo_ll_plan *plan = e->plan;
  for (uint32_t r = 0; r < plan->releases.count; r++) {
    const vmo_ll_slot_release *release = &plan->releases.data[r];
    if (!grows(release->row)) continue;
    if (release->own_slot != VMO_NONE) fence_growth(e, release->own_slot);
    vmo_ll_edit_growth(e, release->call, release, release->own_slot);
  }
  for (uint32_t i = 0; i < plan->slots.count; i++)
    if (grows(plan->slots.data[i].row) && !plan->slots.data[i].released_there) {
      fence_growth(e, i);
      vmo_ll_edit_growth(e, plan->slots.data[i].allocation, NULL, i);
    }
}

/* ---- releases ---- */

/* The address with that of the slot made null; the slot is free again. */
static LLVMValueRef spare_slot(vmo_ll_edit *e, LLVMValueRef address, uint32_t slot) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef ours = LLVMBuildICmp(b, LLVMIntEQ, address, e->slots[slot], "");
  if (e->flags[slot] != NULL) {
    LLVMValueRef taken = LLVMBuildLoad2(b, vmo_ll_flag_type(e), e->flags[slot], "");
    LLVMBuildStore(b, LLVMBuildAnd(b, taken, LLVMBuildNot(b, ours, ""), ""), e->flags[slot]);
  }
  return LLVMBuildSelect(b, ours, LLVMConstPointerNull(vmo_ll_pointer_type(e)), address, "");
}

static void edit_release(vmo_ll_edit *e, const vmo_ll_slot_release *release) {
  uint32_t first = e->plan->slots_of_releases.data[release->slot_first];
  if (e->plan->slots.data[first].frame == VMO_NONE && ends_slot(e, release, first, e->slots[first])) {
    LLVMPositionBuilderBefore(e->builder, release->call);
    mark_lifetime(e, "llvm.lifetime.end", first);
  }
  if (!is_always_slot(e, release)) {
    LLVMValueRef callee = LLVMGetCalledValue(release->call), values[8];
    unsigned count = LLVMGetNumArgOperands(release->call);
    LLVMPositionBuilderBefore(e->builder, release->call);
    for (unsigned k = 0; k < count; k++) values[k] = LLVMGetOperand(release->call, k);
    for (uint32_t i = 0; i < release->slot_count; i++)
      values[0] = spare_slot(e, values[0], e->plan->slots_of_releases.data[release->slot_first + i]);
    LLVMValueRef helper = vmo_ll_release_helper(e, callee, release->row);
    LLVMBuildCall2(e->builder, LLVMGlobalGetValueType(helper), helper, values, count, "");
  }
  LLVMInstructionEraseFromParent(release->call);
}

static void drop_tail_marks(const vmo_ll_edit *e) {
  for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(e->function); b != NULL; b = LLVMGetNextBasicBlock(b))
    for (LLVMValueRef i = LLVMGetFirstInstruction(b); i != NULL; i = LLVMGetNextInstruction(i))
      if (LLVMIsACallInst(i) && LLVMGetTailCallKind(i) == LLVMTailCallKindTail)
        LLVMSetTailCallKind(i, LLVMTailCallKindNone);
}

void vmo_ll_forget(const vmo_ll_program *program, LLVMValueRef instruction, const char *kind) {
  LLVMSetMetadata(instruction, LLVMGetMDKindIDInContext(program->llvm, kind, (unsigned)strlen(kind)), NULL);
}

/* What says that an access is of other bytes than another, or that bytes never change. */
static void forget_order(const vmo_ll_program *program, LLVMValueRef access) {
  static const char *const kinds[] = {"tbaa",    "tbaa.struct",     "alias.scope",
                                      "noalias", "invariant.group", "invariant.load"};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) vmo_ll_forget(program, access, kinds[i]);
}

vmo_status vmo_move_to_stack(vmo_ll_program *program, LLVMValueRef function, const vmo_ll_plan *plan) {
  vmo_ll_edit e = {.program = program, .function = function, .plan = plan};
  if (plan->slots.count == 0) return VMO_OK;
  e.slots = vmr_arena_alloc_array(program->arena, plan->slots.count, sizeof *e.slots);
  e.flags = vmr_arena_alloc_array(program->arena, plan->slots.count, sizeof *e.flags);
  if (e.slots == NULL || e.flags == NULL) return VMO_OUT_OF_MEMORY;
  e.builder = LLVMCreateBuilderInContext(program->llvm);
  for (uint32_t i = 0; i < plan->untyped.count; i++) forget_order(program, plan->untyped.data[i]);
  make_slots(&e);
  for (uint32_t i = 0; i < plan->slots.count; i++)
    if (!grows(plan->slots.data[i].row)) edit_allocation(&e, i);
  edit_growths(&e);
  for (uint32_t i = 0; i < plan->releases.count; i++)
    if (!grows(plan->releases.data[i].row)) edit_release(&e, &plan->releases.data[i]);
  for (uint32_t i = 0; i < plan->sparing.count; i++)
    vmo_ll_tell_slots(program->instructions.data[plan->sparing.data[i]].ref, e.spared_begin, e.spared_end);
  drop_tail_marks(&e);
  LLVMDisposeBuilder(e.builder);
  return VMO_OK;
}
