/* plan.h: what is to be done with the sites of one function. Private to llvm/.
 *
 *   slots      allocations that take a slot in the frame
 *   releases   calls that may free an object in a slot
 *   inlines    calls whose callee is to stand here first: it makes or frees an object that is local here */
#ifndef VMO_LLVM_PLAN_H
#define VMO_LLVM_PLAN_H

#include "analysis/analysis.h"
#include "llvm/points_to.h"

typedef struct vmo_ll_slot {
  LLVMValueRef allocation;
  const vmo_libc_row *row;
  uint32_t object;     /* in the solution */
  vmo_bytes bytes;     /* of the slot */
  bool constant;       /* the size is known: it always fits */
  bool flagged;        /* a flag says whether the slot is taken */
  bool released_there; /* realloc: its call is among the releases, too */
  uint32_t alignment;
} vmo_ll_slot;

typedef struct vmo_ll_slot_release {
  LLVMValueRef call;
  const vmo_libc_row *row;
  uint32_t slot_first, slot_count; /* into slots_of_releases */
  uint32_t own_slot;               /* realloc: the slot that its result may take; VMO_NONE: none */
  bool only;                       /* no other object can be meant */
} vmo_ll_slot_release;

typedef struct vmo_ll_plan {
  VMO_VEC(vmo_ll_slot) slots;
  VMO_VEC(vmo_ll_slot_release) releases;
  VMO_VEC(uint32_t) slots_of_releases;
  VMO_VEC(LLVMValueRef) inlines;
  vmo_bytes frame_bytes;
} vmo_ll_plan;

typedef struct vmo_ll_planning {
  vmo_ll_program *program;
  const vmo_ll_options *options;
  const vmo_ll_groups *groups;
  const vmo_ll_summary *summaries;
  vmr_arena *arena; /* of one function: reset for the next */
  vmo_site_facts *facts;
  uint32_t *fact_of; /* by instruction of the program: the fact of the site; VMO_NONE: none, or not yet */
  bool *inlined;     /* by instruction of the program: its callee's body is to take its place */
} vmo_ll_planning;

/* Control flow of one function: loops and dominators, in `arena`. (control.c) */
vmo_status vmo_find_control(const vmo_ll_program *program, const vmo_ll_function *function, vmr_arena *arena,
                            vmo_cfg **control);
/* Decides for every site of one function, and adds to the facts. (sites.c) */
vmo_status vmo_plan_sites(vmo_ll_planning *planning, uint32_t function, vmo_ll_plan *plan);
/* Edits the function as planned. (stack.c) */
vmo_status vmo_move_to_stack(vmo_ll_program *program, LLVMValueRef function, const vmo_ll_plan *plan);
/* Puts the bodies of callees that were marked so (`alwaysinline`) in the place of their calls. (pipeline.c) */
vmo_status vmo_run_inliner(vmo_ll_program *program);

/* Where an instruction stands in the source; file NULL without debug information. (places.c) */
vmo_site_place vmo_find_source_place(vmo_context *context, LLVMValueRef instruction_or_function);

/* Whether the body of the callee can and may stand in place of a call. (sites.c) */
bool vmo_can_inline(const vmo_ll_planning *planning, const vmo_ll_function *caller, const vmo_ll_instruction *call);

#endif
