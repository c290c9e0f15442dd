/* problem.h: the planner's question and its answer, as plain values.
 *
 *   offset ^            ┌──────┐          a buffer is a bar: its lifetimes on the time axis,
 *          |   ┌──────┐ │  c   │          its bytes on the offset axis; two bars may not overlap
 *          |   │  b   │ └──────┘
 *          | ┌─┴──┬───┴─────┐
 *          | │ a  │    d    │
 *          +─┴────┴─────────┴──> time
 *
 * One problem is one memory space. Placing bars at the least height is dynamic storage allocation
 * (NP-hard, Garey and Johnson problem SR2). */
#ifndef VMO_PLANNER_PROBLEM_H
#define VMO_PLANNER_PROBLEM_H

#include "support/context.h"

/* Half-open: live at begin, ..., end - 1. */
typedef struct vmo_lifetime {
  int64_t begin, end;
} vmo_lifetime;

typedef struct vmo_buffer {
  vmo_bytes bytes;         /* >= 0; an empty buffer gets offset 0 (or its fixed one) and overlaps nothing */
  vmo_bytes alignment;     /* a power of two, at least 1 */
  vmo_bytes fixed_offset;  /* -1: free to move */
  uint32_t lifetime_first; /* into vmo_problem.lifetimes: sorted, disjoint, none empty; */
  uint32_t lifetime_count; /* 0 of them: the buffer is never live and overlaps nothing */
} vmo_buffer;

typedef struct vmo_problem {
  const vmo_buffer *buffers;
  uint32_t buffer_count;
  const vmo_lifetime *lifetimes;
  uint32_t lifetime_count;
  vmo_bytes capacity; /* -1: minimise */
} vmo_problem;

typedef enum vmo_solution_status {
  VMO_SOLUTION_OPTIMAL,   /* no plan is lower; `proof` says why */
  VMO_SOLUTION_FEASIBLE,  /* a plan within the capacity, not proven lowest */
  VMO_SOLUTION_TIMEOUT,   /* there is a capacity, and a limit was reached before a plan within it was found or ruled
                             out; offsets hold the lowest plan found */
  VMO_SOLUTION_INFEASIBLE /* no plan exists: the floor exceeds the capacity (offsets hold the lowest plan found
                             without it), or two fixed offsets overlap (offsets is NULL) */
} vmo_solution_status;

/* Why an optimal plan cannot be lower, or none within the capacity exists. */
typedef enum vmo_proof {
  VMO_PROOF_NONE,
  VMO_PROOF_BOUND, /* by the floor that loads, alignments and fixed offsets give */
  VMO_PROOF_SEARCH /* a search of all plans below the floor ended without one */
} vmo_proof;

typedef struct vmo_solution {
  vmo_bytes *offsets;    /* one per buffer, in the context's arena */
  vmo_bytes height;      /* the largest offset + bytes, of buffers that are never live too: each has its room */
  vmo_bytes lower_bound; /* the largest load */
  int64_t witness;       /* a time at which that load occurs; 0 when nothing is ever live */
  const char *method;    /* what found the plan, e.g. "skyline by area" */
  vmo_solution_status status;
  vmo_proof proof;          /* optimal, infeasible: why */
  vmo_bytes floor;          /* no plan is lower: lower_bound, raised by alignments, fixed offsets and searches */
  const uint32_t *blockers; /* infeasible: some buffers that already cannot fit together, ascending; else NULL */
  uint32_t blocker_count;
  uint64_t nodes; /* decisions that exact searches took */
  uint64_t work;  /* units that were used, also for the first plan */
} vmo_solution;

#endif
