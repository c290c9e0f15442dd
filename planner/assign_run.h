/* assign_run.h: what the steps of an assignment of many bundles share; private to assign*.c. */
#ifndef VMO_PLANNER_ASSIGN_RUN_H
#define VMO_PLANNER_ASSIGN_RUN_H

#include "planner/assign.h"
#include "planner/instance.h"
#include "planner/load_tree.h"

typedef struct vmo_ranked_bundle {
  double worth; /* what its cheapest space saves, per byte and time */
  uint32_t bundle;
} vmo_ranked_bundle;

typedef struct vmo_assign_run {
  vmo_assignment *assignment;
  vmr_arena *scratch;
  int64_t *times; /* all begins and ends, ascending, each once */
  uint32_t time_count;
  vmo_load_tree *loads;      /* per space */
  vmo_load_tree wanted;      /* for the repair: bytes that lie beyond a capacity and cannot leave */
  vmo_ranked_bundle *ranked; /* all bundles, the worthiest first */
  uint32_t *chosen;          /* the bundles of one space */
  bool *solved;              /* per space: its result is that of its bundles */
  uint64_t work_left;        /* units for all placements of spaces that have a capacity */
  double time_kept;          /* of the time limit: seconds for what comes later */
} vmo_assign_run;

static inline bool vmo_is_allowed(const vmo_assign_run *run, uint32_t bundle, uint32_t space) {
  return (run->assignment->allowed[bundle] >> space & 1) != 0;
}

/* ---- loads (assign_run.c) ---- */

/* The index of a time in run->times. */
uint32_t vmo_find_time(const vmo_assign_run *run, int64_t time);
/* By how much the load exceeds the capacity when the bundle comes in. */
vmo_bytes vmo_find_excess(const vmo_assign_run *run, uint32_t bundle, uint32_t space);
/* Puts a bundle that is in no space into one. */
void vmo_enter_bundle(vmo_assign_run *run, uint32_t bundle, uint32_t space);
void vmo_move_bundle(vmo_assign_run *run, uint32_t bundle, uint32_t space);
uint32_t vmo_rank_of(const vmo_assign_run *run, uint32_t space);

/* ---- placing (assign_run.c) ---- */

/* Fills run->chosen. */
uint32_t vmo_choose_bundles(vmo_assign_run *run, uint32_t space);
/* Places the bundles of a space, for that share of the time and at most so many units, 0: the default. What was used
 * is taken from run->work_left if the space has a capacity. */
vmo_status vmo_place_space(vmo_assign_run *run, uint32_t space, double share, uint64_t most_work);
bool vmo_space_is_within(const vmo_assign_run *run, uint32_t space);

/* ---- steps ---- */

/* Places all spaces and moves bundles out of those that exceed their capacity, until all fit or the work or the time is
 * used up: assignment->fits. (assign_repair.c) */
vmo_status vmo_place_all(vmo_assign_run *run);
/* Moves bundles into cheaper spaces that have room. (assign_improve.c) */
vmo_status vmo_improve_assignment(vmo_assign_run *run);

#endif
