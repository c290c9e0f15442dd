/* replan.h: what the files that mend a plan share; private to the folder.
 *
 *   replan.c       plans around what stays, and who has to go
 *   replan_stay.c  what can stay at its previous place */
#ifndef VMO_PLANNER_REPLAN_H
#define VMO_PLANNER_REPLAN_H

#include "planner/budget.h"

typedef struct replan_run {
  vmo_context *context;
  const vmo_packing_problem *problem;
  vmo_budget_of_time budget;
  const vmo_bytes *offsets; /* previous ones */
  const uint32_t *spaces;
  bool *pinned; /* per buffer */
  vmo_buffer *buffers;
  uint64_t *allowed;
  double tolerance;
  vmo_packing fresh;        /* a plan from scratch */
  vmo_packing_problem held; /* with the pins, and the height that is good enough as its capacity */
} replan_run;

/* ---- replan_stay.c ---- */

uint32_t vmo_replan_previous_space(const replan_run *run, uint32_t buffer);
/* Whether the buffer had a place that is one. */
bool vmo_replan_was_placed(const replan_run *run, uint32_t buffer);
/* Whether the buffer alone may stay. */
bool vmo_replan_may_stay(const replan_run *run, uint32_t buffer);
/* Per buffer: the least of those that are colocated with it. NULL: out of memory. */
uint32_t *vmo_replan_find_leaders(const replan_run *run);
/* Unpins so many that what is colocated stays together or not at all. */
void vmo_replan_agree(replan_run *run, const uint32_t *leaders);
/* Pins what was placed before and keeps every rule at its old place. */
vmo_status vmo_replan_pin(replan_run *run);

#endif
