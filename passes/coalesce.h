/* coalesce.h: what the two halves of coalescing share: deciding what is copied (coalesce.c), and putting the copies in
 * order (place_copies.c). Private to passes/. */
#ifndef VMO_PASSES_COALESCE_H
#define VMO_PASSES_COALESCE_H

#include "passes/planning.h"

/* What becomes of a move or of an operand that its op overwrites. */
typedef struct vmo_verdict {
  bool copy;  /* it needs a copy */
  bool live;  /* of a move: its target is read */
  int reason; /* of vmo_copy_fact */
} vmo_verdict;

typedef struct vmo_forced_copy { /* an operand that its op overwrites though it must not */
  uint32_t op, operand;
  int reason;
} vmo_forced_copy;

typedef struct vmo_pending_copy { /* a copy into a place, still to be put in order */
  uint32_t operand;
  vmo_operand source;
  vmo_storage_id from; /* root; VMO_NONE: bytes that nothing overwrites, or none */
  vmo_storage_id target;
  vmo_storage_id into; /* root of target */
  int reason;
  bool done;
} vmo_pending_copy;

typedef struct vmo_passed { /* how a call is passed a storage */
  uint32_t call;            /* the last one that was, plus 1 */
  uint32_t first;           /* argument */
  bool read;                /* for a parameter that is not donated, too */
} vmo_passed;

typedef struct vmo_coalescer {
  vmo_planning *planning;
  const vmo_flow *flow;
  vmo_passed *passed;              /* by storage; NULL: no call so far */
  vmo_verdict *moves;              /* by move */
  VMO_VEC(vmo_forced_copy) forced; /* in op order */
  VMO_VEC(vmo_copy_request) requests;
  VMO_VEC(vmo_pending_copy) pending;
} vmo_coalescer;

/* Turns verdicts into requests for copies; false when memory is out. */
bool vmo_place_copies(vmo_coalescer *coalescer);

/* The result of a call that the callee leaves in its parameter `parameter`, or VMO_NONE. */
uint32_t vmo_result_in_parameter(const vmo_planning *planning, const vmo_op *call, uint32_t parameter);

#endif
