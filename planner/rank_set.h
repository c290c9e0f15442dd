/* rank_set.h: an ordered set of numbers below a bound, for the checkers; the solver does not use it. Private to the
 * folder. All operations cost four steps for 16 million ranks. */
#ifndef VMO_PLANNER_RANK_SET_H
#define VMO_PLANNER_RANK_SET_H

#include "support/context.h"

#define VMO_RANK_SET_LEVELS 6 /* 64^6 is more than 2^32 */

typedef struct vmo_rank_set {
  uint64_t *levels[VMO_RANK_SET_LEVELS]; /* level 0 has a bit per rank, level k + 1 one per word of level k */
  unsigned level_count;
} vmo_rank_set;

/* An empty set of ranks below `count`; false when memory is out. */
bool vmo_rank_set_init(vmo_rank_set *set, vmr_arena *arena, uint32_t count);
void vmo_rank_set_add(vmo_rank_set *set, uint32_t rank);
void vmo_rank_set_remove(vmo_rank_set *set, uint32_t rank);
/* The next rank above (`up`) or below the given one in the set, or VMO_NONE. */
uint32_t vmo_rank_set_next(const vmo_rank_set *set, uint32_t rank, bool up);

#endif
