/* lives.h: where in a function an object lives. Private to llvm/. */
#ifndef VMO_LLVM_LIVES_H
#define VMO_LLVM_LIVES_H

#include "planner/problem.h"
#include "llvm/plan.h"

typedef struct vmo_ll_life_block {
  bool begins_made;                  /* the making may have reached its start */
  bool used_after;                   /* a use may follow its end, before the object is made again */
  uint32_t first_touch, touch_count; /* of the object in hand */
} vmo_ll_life_block;

typedef struct vmo_ll_lives {
  vmo_ll_points_to *p;
  const vmo_cfg *control;
  vmo_ll_life_block *blocks;
  VMO_VEC(uint32_t) work;
  VMO_VEC(vmo_lifetime) lifetimes; /* half-open, of instructions of the function, from 0 */
} vmo_ll_lives;

/* False: out of memory, as below. */
bool vmo_begin_lives(vmo_ll_lives *lives, vmo_ll_points_to *p, const vmo_cfg *control);
/* Appends the live range of what instruction `made` makes and `touches`, in program order, use. `direct`: each use means
 * the object that was made last. (lives.c) */
bool vmo_find_life(vmo_ll_lives *lives, uint32_t made, const uint32_t *touches, uint32_t count, bool direct);
/* By object that a loop makes: whether a pointer to one may still be there when the next is made. NULL: out of memory. */
bool *vmo_find_carried(const vmo_ll_points_to *p, const vmo_cfg *control);

#endif
