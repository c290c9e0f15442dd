/* sparing.h: copies of functions that free nothing in a part of their caller's frame. Private to llvm/. */
#ifndef VMO_LLVM_SPARING_H
#define VMO_LLVM_SPARING_H

#include "llvm/plan.h"

typedef struct vmo_ll_sparing vmo_ll_sparing;

/* For the functions as they were read last; lives in the program's arena. NULL: out of memory. */
vmo_ll_sparing *vmo_ll_begin_sparing(vmo_ll_program *program, const vmo_ll_groups *groups,
                                     const vmo_ll_summary *summaries);
/* Whether the callee, and all that it has free its arguments, can be copied so. */
bool vmo_ll_can_spare(const vmo_ll_planning *planning, uint32_t caller, const vmo_ll_instruction *call);
/* Whether the callee is such a copy, which is not told yet where slots are. */
bool vmo_ll_is_spared(const vmo_ll_planning *planning, const vmo_ll_instruction *call);
/* Whether a function is such a copy. */
bool vmo_ll_spares(const vmo_ll_program *program, LLVMValueRef function);
/* What a function, or the one that it is a copy of, is called. */
const char *vmo_ll_original_name(const vmo_ll_program *program, uint32_t function);
/* Has a call mean a copy, in time. */
vmo_status vmo_ll_want_sparing(vmo_ll_sparing *sparing, uint32_t call);
/* Makes the copies that calls are to mean, and has these mean them; `made`: there are some, and the arrays are old. */
vmo_status vmo_ll_make_sparing(vmo_ll_sparing *sparing, bool *made);
/* Tells a call of a copy where slots are: from `begin` up to before `end`. */
void vmo_ll_tell_slots(LLVMValueRef call, LLVMValueRef begin, LLVMValueRef end);

#endif
