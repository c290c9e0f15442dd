/* levels.h: how much of a program must run one op after the other, and how much could run side by side. */
#ifndef VMO_ANALYSIS_LEVELS_H
#define VMO_ANALYSIS_LEVELS_H

#include "ir/ir.h"

typedef struct vmo_levels {
  uint32_t critical_path; /* ops on the longest chain of dependences, each region passed once */
  uint32_t width;         /* the most ops on one level */
  uint32_t *op_levels;    /* of each op, from 1; 0: a terminator */
} vmo_levels;

/* Linear. */
vmo_status vmo_compute_levels(const vmo_module *module, const vmo_function *function, vmo_levels *levels);

#endif
