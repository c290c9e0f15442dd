/* stack.h: what the files that move objects to the stack share: stack.c, helpers.c, grow.c. Private to llvm/. */
#ifndef VMO_LLVM_STACK_H
#define VMO_LLVM_STACK_H

#include "llvm/plan.h"

typedef struct vmo_ll_edit {
  vmo_ll_program *program;
  LLVMValueRef function;
  LLVMBuilderRef builder;
  const vmo_ll_plan *plan;
  LLVMValueRef *slots, *flags;           /* by slot of the plan; flags NULL where none is needed */
  LLVMValueRef spared_begin, spared_end; /* of the slots that callees are told of; NULL: none */
  LLVMValueRef spare_flag;               /* for slots without one, where a helper wants one; NULL: not made */
} vmo_ll_edit;

static inline LLVMTypeRef vmo_ll_pointer_type(const vmo_ll_edit *e) {
  return LLVMPointerTypeInContext(e->program->llvm, 0);
}
static inline LLVMTypeRef vmo_ll_word_type(const vmo_ll_edit *e) { return LLVMInt64TypeInContext(e->program->llvm); }
static inline LLVMTypeRef vmo_ll_flag_type(const vmo_ll_edit *e) { return LLVMInt1TypeInContext(e->program->llvm); }
static inline LLVMValueRef vmo_ll_byte(const vmo_ll_edit *e, unsigned value) {
  return LLVMConstInt(LLVMInt8TypeInContext(e->program->llvm), value, false);
}

/* Functions for LLVM's inliner to put in place (helpers.c); made when they are asked for first.
 *
 *   vmemopt.take.NAME(its arguments, slot, bound[, flag])   the slot when the object fits and it is free, else the heap
 *   vmemopt.release.NAME(its arguments)                     nothing when the first is null */
LLVMValueRef vmo_ll_take_helper(const vmo_ll_edit *e, LLVMValueRef callee, const vmo_libc_row *row, bool flagged);
LLVMValueRef vmo_ll_release_helper(const vmo_ll_edit *e, LLVMValueRef callee, const vmo_libc_row *row);
/* A helper's beginning, with `builder` in its first block. */
LLVMValueRef vmo_ll_begin_helper(const vmo_ll_edit *e, const char *name, LLVMTypeRef type, LLVMBuilderRef builder);
LLVMBasicBlockRef vmo_ll_add_block(const vmo_ll_edit *e, LLVMValueRef helper, const char *name);

/* Edits a call of realloc: `release` says which slots its argument may be (NULL: none), `own` which slot its result may
 * take (VMO_NONE: none). (grow.c) */
void vmo_ll_edit_growth(vmo_ll_edit *e, LLVMValueRef call, const vmo_ll_slot_release *release, uint32_t own);

#endif
