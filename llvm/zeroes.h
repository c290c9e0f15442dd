/* zeroes.h: calls of malloc and calloc that change places. Private to llvm/. */
#ifndef VMO_LLVM_ZEROES_H
#define VMO_LLVM_ZEROES_H

#include "llvm/plan.h"

/* Decides for every malloc and calloc of one function whose objects stay on the heap. (zeroes.c) */
vmo_status vmo_plan_zeroes(vmo_ll_planning *planning, const vmo_ll_points_to *points_to, const vmo_ll_touches *touches,
                           vmo_ll_plan *plan);
/* Edits them. Calls are replaced, so this comes after all other edits of the function. (zeroes.c) */
void vmo_change_zeroes(vmo_ll_program *program, const vmo_ll_plan *plan);

#endif
