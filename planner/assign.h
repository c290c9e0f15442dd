/* assign.h: which bundle goes to which space; private to the folder. */
#ifndef VMO_PLANNER_ASSIGN_H
#define VMO_PLANNER_ASSIGN_H

#include "planner/budget.h"
#include "planner/bundle.h"
#include "planner/planner.h"

#define VMO_EXACT_ASSIGNMENT_BUNDLES 12 /* as many bundles, all assignments are searched */

typedef struct vmo_assignment {
  vmo_context *context;
  const vmo_packing_problem *problem;
  const vmo_budget_of_time *budget;
  const vmo_bundles *bundles;
  vmr_arena *arena;
  uint64_t *allowed;        /* per bundle: the spaces in which it fits on its own */
  uint32_t *ranked;         /* the spaces, cheaper ones first */
  uint32_t *spaces;         /* per bundle, the answer */
  vmo_bytes *offsets;       /* per bundle, the answer */
  vmo_solution *results;    /* per space, the answer */
  int64_t cost_floor;       /* no plan is cheaper */
  uint64_t work;            /* units that the placements used */
  bool fits;                /* all capacities are kept */
  const uint32_t *blockers; /* bundles; NULL: not known to be infeasible */
  uint32_t blocker_count;
} vmo_assignment;

/* Assigns and places all bundles. VMO_OK: `fits` or not, and `blockers`. (assign.c) */
vmo_status vmo_assign_spaces(vmo_assignment *assignment);

/* Fills the blockers when some cannot fit by their loads alone. (assign_overload.c) */
vmo_status vmo_find_overloads(vmo_assignment *assignment);

/* Searches all assignments of at most VMO_EXACT_ASSIGNMENT_BUNDLES bundles. *proven: `spaces` is a cheapest one, or
 * there is none and the blockers say who cannot fit. Else the units of work were used up and nothing changed.
 * (assign_exact.c) */
vmo_status vmo_assign_exactly(vmo_assignment *assignment, bool *proven, bool *found);

/* Of more bundles, after they were placed in vain: fills the blockers when a few of them have no assignment.
 * (assign_subset.c) */
vmo_status vmo_find_unassignable(vmo_assignment *assignment);

/* The lowest place of a bundle in a space in which others, `chosen`, stay where they are: -1: there is none within the
 * capacity. False: memory is out. (holes.c) */
bool vmo_find_hole(const vmo_assignment *assignment, uint32_t bundle, uint32_t space, const uint32_t *chosen,
                   uint32_t count, vmr_arena *arena, vmo_bytes *place);

/* The cost of a bundle in a space. */
static inline int64_t vmo_bundle_cost(const vmo_assignment *assignment, uint32_t bundle, uint32_t space) {
  return assignment->bundles->data[bundle].bytes * assignment->problem->spaces[space].cost;
}

static inline vmo_bytes vmo_space_alignment(const vmo_space *space) {
  return space->alignment > 1 ? space->alignment : 1;
}

#endif
