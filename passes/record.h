/* record.h: what the files that record a planned function share; private to the folder.
 *
 *   record.c        storages, copies, dead values, peaks, figures
 *   record_slots.c  who shares bytes: slots and reuse */
#ifndef VMO_PASSES_RECORD_H
#define VMO_PASSES_RECORD_H

#include "passes/planning.h"

typedef struct recorder {
  vmo_planning *p;
  vmo_plan_facts *facts;
  vmr_arena *arena;
  uint32_t *fact_of;       /* by storage of the planned flow; VMO_NONE: none */
  uint32_t *uses;          /* of each value of the planned function, as an operand */
  vmo_storage_id *init_of; /* of each storage as written: the source of the first move into it; VMO_NONE: none */
  uint32_t first_workspace, first_callee; /* facts */
  vmo_space_figures *by_space;            /* all spaces of the module */
} recorder;

/* Lists the slots, and the storages of each. False: out of memory. */
bool vmo_record_slots(recorder *r);
/* Lists which buffers take the bytes of dead ones, and counts them by space. */
vmo_status vmo_record_reuse(recorder *r);

#endif
