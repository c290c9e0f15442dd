/* early_free.h: frees that move up to just after the last use. Private to llvm/. */
#ifndef VMO_LLVM_EARLY_FREE_H
#define VMO_LLVM_EARLY_FREE_H

#include "llvm/plan.h"

#define VMO_LL_MOST_FREE_OPERANDS 3

typedef struct vmo_ll_free_event {
  uint32_t instruction;
  bool freed; /* it frees the value; else it may use the object */
} vmo_ll_free_event;

typedef struct vmo_ll_free_block {
  uint32_t event_first, event_count;
  uint32_t walk; /* that met it last */
  bool made;     /* the value may have been made before its end */
  bool free;     /* from its start on, every path frees before any use */
  bool ahead;    /* a free may follow its beginning before any use */
} vmo_ll_free_block;

typedef enum vmo_ll_left_to_free {
  VMO_LL_LEFT_NOTHING, /* there was no object */
  VMO_LL_LEFT_DONE,    /* it is freed already */
  VMO_LL_LEFT_VALUE
} vmo_ll_left_to_free;

/* Where the frees of one value go. */
typedef struct vmo_ll_free_flow {
  const vmo_ll_program *program;
  const vmo_ll_function *function;
  const vmo_cfg *control;
  const vmo_ll_heap_use *heap_use;
  vmr_arena *arena;
  vmo_ll_free_block *blocks; /* of the function */
  /* of the value in hand */
  uint32_t instruction; /* that makes it */
  LLVMValueRef pointer;
  const uint32_t *frees;
  uint32_t free_count;
  bool carried;                      /* an object of an earlier round of a loop may be known when the next is made */
  VMO_VEC(vmo_ll_free_event) events; /* in program order, the making among the uses */
  VMO_VEC(uint32_t) work;
  uint32_t walk;
  /* the answer */
  VMO_VEC(vmo_ll_free_place) places;
  VMO_VEC(vmo_ll_free_edge) edges;
  bool at_block_start; /* at some place what comes before does not always lead to a free */
  bool crosses;        /* what may take memory stands between a place and a free */
  bool impossible;
} vmo_ll_free_flow;

/* The value that a phi is whenever it is not null; NULL: there is none. (free_flow.c) */
LLVMValueRef vmo_ll_value_or_null(LLVMValueRef phi);
vmo_status vmo_find_free_places(vmo_ll_free_flow *flow);

/* Decides for every free of one function that frees objects that stay on the heap, and says so in their facts. `carried`:
 * what vmo_find_carried says. (early_free.c) */
vmo_status vmo_plan_early_frees(vmo_ll_planning *planning, vmo_ll_points_to *points_to, const vmo_cfg *control,
                                const vmo_ll_touches *touches, const bool *carried, vmo_ll_plan *plan);
/* Moves them. Before slots are made: those edits drop instructions. (early_free.c) */
void vmo_move_frees(vmo_ll_program *program, uint32_t function, const vmo_ll_plan *plan);

#endif
