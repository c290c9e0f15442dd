/* copies.h: objects that are copies of others, which are read in their place. Private to llvm/. */
#ifndef VMO_LLVM_COPIES_H
#define VMO_LLVM_COPIES_H

#include "llvm/plan.h"

/* Decides for one site; `taken` tells the answer. (copies.c) */
vmo_status vmo_plan_copy(vmo_ll_planning *planning, vmo_ll_points_to *points_to, const vmo_cfg *control,
                         const vmo_ll_touches *touches, uint32_t object, vmo_ll_plan *plan, bool *taken);
/* Edits them. After frees were moved, which may stand before what is dropped here, and before slots are made. (copies.c) */
void vmo_drop_copies(vmo_ll_program *program, const vmo_ll_plan *plan);

#endif
