/* touches.h: which instructions of a function may use which object. Private to llvm/. */
#ifndef VMO_LLVM_TOUCHES_H
#define VMO_LLVM_TOUCHES_H

#include "llvm/points_to.h"

/* By object of a solution: the instructions that may read, write, free or compare it, hand it on or keep it, in program
 * order. Nothing is said of what is captured: anybody may use that. */
typedef struct vmo_ll_touches {
  uint32_t *first; /* object_count + 1 */
  uint32_t *instructions;
} vmo_ll_touches;

/* In the solution's arena. (touches.c) */
vmo_status vmo_find_touches(vmo_ll_points_to *points_to, vmo_ll_touches *touches);

/* What running a function may do besides its task: by function of the program. (heap_use.c) */
typedef struct vmo_ll_heap_use {
  bool *allocates; /* it may take memory of the heap */
  bool *observes;  /* it may ask how much of the heap is in use */
} vmo_ll_heap_use;

vmo_status vmo_find_heap_use(vmo_ll_program *program, const vmo_ll_groups *groups, vmo_ll_heap_use *use);
bool vmo_ll_call_allocates(const vmo_ll_program *program, const vmo_ll_heap_use *use, const vmo_ll_instruction *call);
bool vmo_ll_call_observes(const vmo_ll_heap_use *use, const vmo_ll_instruction *call);

#endif
