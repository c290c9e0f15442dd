/* destinations.h: functions that are told where to put the object that they make. Private to llvm/. */
#ifndef VMO_LLVM_DESTINATIONS_H
#define VMO_LLVM_DESTINATIONS_H

#include "llvm/plan.h"

/* Three parameters of the function that a call of malloc stands in: where its object may go, how many bytes are there, and
 * the flag that says whether that is taken. Null, 0, null: nowhere. */
typedef struct vmo_ll_destination {
  LLVMValueRef maker; /* the call */
  uint32_t parameter; /* the first of the three */
} vmo_ll_destination;

typedef VMO_VEC(vmo_ll_destination) vmo_ll_destinations;

/* What a function of the program can have; more calls in it than these are left alone. */
#define VMO_LL_MOST_DESTINATIONS 4

/* Whether a function can be given such parameters. */
bool vmo_ll_can_have_destination(const vmo_ll_planning *planning, uint32_t function);
/* Gives the functions of `makers` (instructions of the program) such parameters, which all calls set to null, and adds to
 * `destinations`, in the context's arena. The arrays have to be read again. */
vmo_status vmo_make_destinations(vmo_ll_program *program, uint32_t *makers, uint32_t count,
                                 vmo_ll_destinations *destinations);
/* By instruction of the program: the first of the parameters; VMO_NONE: it has none. NULL: out of memory. */
uint32_t *vmo_ll_index_destinations(vmo_ll_program *program, const vmo_ll_destinations *destinations);

#endif
