/* packing.h: what stands around the one-space problem of problem.h: buffers that change their extent, that share
 * an offset or must not share bytes, and several memory spaces to choose from.
 *
 *   vmo_packing_problem problem = {.base = ..., .apart = pairs, .apart_count = 1};
 *   vmo_packing packing;
 *   status = vmo_solve_packing(context, &problem, NULL, &packing);
 *   status = vmo_check_packing(context, &problem, &packing);
 *
 *   window      in a part of the time only the bytes [low, high) of the buffer are live:
 *                 offset ^  ██████        ██████       others may use what lies below and above meanwhile,
 *                        |  █████████████████████      and the whole buffer keeps its place
 *                        |  ██████        ██████
 *   colocated   the buffers have one offset and one space. Together they are one bundle, which at any time takes the
 *               bytes from the lowest to the highest that is live in one of them; they may be live at once
 *   apart       the buffers share no byte, although their lives may be disjoint; in different spaces they never do
 *   space       offsets count in each space from 0. Each buffer goes to one that it allows
 *
 * With spaces, a plan's cost is the sum of bytes times the cost per byte of their space, each bundle counted once; the
 * cheapest plan that keeps the capacities is wanted. Of equally cheap spaces the one that stands first is taken
 * first. */
#ifndef VMO_PLANNER_PACKING_H
#define VMO_PLANNER_PACKING_H

#include "planner/problem.h"

/* In [begin, end) only the bytes [low, high) of the buffer are live, 0 <= low < high <= bytes. */
typedef struct vmo_window {
  uint32_t buffer;
  int64_t begin, end;
  vmo_bytes low, high;
} vmo_window;

typedef struct vmo_pair {
  uint32_t first, second;
} vmo_pair;

#define VMO_MAX_SPACES 64

typedef struct vmo_space {
  const char *name;
  vmo_bytes capacity;  /* -1: no limit */
  vmo_bytes alignment; /* of every buffer there, a power of two; 0 or 1: none */
  int64_t cost;        /* per byte, 0 or more */
} vmo_space;

typedef struct vmo_packing_problem {
  vmo_problem base;          /* its lifetimes are those in which all bytes of the buffer are live */
  const vmo_window *windows; /* by buffer, then begin; disjoint with each other and with the buffer's lifetimes */
  uint32_t window_count;
  const vmo_pair *colocated;
  uint32_t colocated_count;
  const vmo_pair *apart;
  uint32_t apart_count;
  const vmo_space *spaces; /* in the order in which they are fallen back to; 0 of them: one of base.capacity */
  uint32_t space_count;
  const uint64_t *allowed;        /* per buffer a bit for each space; NULL: all are allowed */
  const struct vmo_csv_row *rows; /* per buffer the row of a table that it is, for diagnostics; NULL: there is none */
  uint32_t id_column;             /* in the rows */
} vmo_packing_problem;

typedef struct vmo_packing {
  vmo_bytes *offsets;    /* per buffer; NULL: there is no plan */
  uint32_t *spaces;      /* per buffer, an index into the problem's spaces; all 0 without spaces */
  vmo_solution *results; /* per space, one without spaces: all but the offsets and blockers, which are below */
  uint32_t result_count;
  int64_t cost;       /* of the plan; 0 without spaces */
  int64_t cost_floor; /* no plan is cheaper */
  uint64_t work;      /* units that the placements of spaces used */
  vmo_solution_status status;
  const char *why;          /* in words, what the status rests on */
  const uint32_t *blockers; /* infeasible: some buffers that already cannot be placed together, ascending */
  uint32_t blocker_count;
} vmo_packing;

#endif
