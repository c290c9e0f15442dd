/* occupants.h: what takes bytes at which points. Private to passes/. */
#ifndef VMO_PASSES_OCCUPANTS_H
#define VMO_PASSES_OCCUPANTS_H

#include "passes/planning.h"

/* Occupants are tagged with their storage (its buffer's root), or as below. */
#define VMO_TAG_WORKSPACE UINT32_C(0x40000000) /* plus the index into the flow's workspaces */
#define VMO_TAG_CALLEE UINT32_C(0x80000000)    /* plus the number of the call in program order */

/* Of the program as written; planning->flow and ->liveness are those of planning->written. `results` false: the
 * function's results are the caller's. */
vmo_status vmo_list_written_occupants(const vmo_planning *planning, bool results, vmo_occupancy *occupancy);

/* The buffers of the plan, one occupant each. `results` false: without the results, which are the caller's. */
vmo_status vmo_list_buffers(const vmo_planning *planning, bool results, vmo_occupancy *occupancy);

/* All that takes bytes in the plan: buffers (one with parts lane by lane), workspaces, the peaks of callees. */
vmo_status vmo_list_occupants(const vmo_planning *planning, bool results, vmo_occupancy *occupancy);

/* Whether a buffer's bytes are in the function's arena: not a donated parameter's; a result's only if `results`. */
bool vmo_is_in_arena(const vmo_planning *planning, vmo_storage_id root, bool results);

#endif
