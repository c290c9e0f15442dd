/* planner.h: the slot allocator: buffers with lifetimes in, offsets out.
 *
 *   vmo_problem problem = {.buffers = ..., .lifetimes = ..., .capacity = -1};
 *   vmo_solution solution;
 *   status = vmo_solve_problem(context, &problem, NULL, &solution);
 *   status = vmo_check_solution(context, &problem, &solution);
 *
 * All sizes and offsets are bytes below 2^53 (VMO_BYTES_LIMIT); times are any integers. What a function
 * returns lives in the context's arena; what it needs on the way it gives back. The same problem and
 * options give the same answer, unless a clock or another thread ends the work. */
#ifndef VMO_PLANNER_PLANNER_H
#define VMO_PLANNER_PLANNER_H

#include <stdatomic.h>

#include "planner/packing.h"
#include "planner/problem.h"
#include "support/text.h"

/* ---- solving ---- */

typedef struct vmo_progress {
  vmo_bytes height; /* of the lowest plan so far */
  vmo_bytes floor;  /* no plan is lower */
  uint64_t nodes;   /* decisions that exact searches took so far */
} vmo_progress;

/* Called by the thread that called vmo_solve_problem, between steps: when the height falls and now and then. */
typedef void (*vmo_progress_report)(void *user, const vmo_progress *progress);

#define VMO_MOST_SEARCH_THREADS 64 /* more are taken as so many */

/* All zero (or a NULL pointer) is the default. A first plan is always finished, whatever the limits; from then on a
 * time limit is kept. Without a time limit and a flag the answer depends on problem, work_limit, seed and threads alone. */
typedef struct vmo_solve_options {
  uint64_t work_limit; /* in units of about 10 ns of one thread: a buffer looked at, a neighbour visited; 0: with a time
                          limit none, else the default, which grows with the problem */
  double time_limit;   /* seconds from the call on; 0: none */
  uint64_t seed;       /* of the searches that follow the fixed orders */
  uint32_t threads;    /* that search at the same time; 0 and 1: the calling one alone */
  const atomic_bool *cancelled; /* or NULL; another thread may set it: the best plan so far is then the answer */
  vmo_progress_report report;   /* or NULL */
  void *report_user;            /* handed to it */
} vmo_solve_options;

/* Finds a low plan. VMO_OK: read solution->status. VMO_INPUT_ERROR: the problem breaks the rules of
 * problem.h, or needs 2^53 bytes or more (a diagnostic says which buffer or when). */
vmo_status vmo_solve_problem(vmo_context *context, const vmo_problem *problem, const vmo_solve_options *options,
                             vmo_solution *solution);

typedef struct vmo_bound {
  vmo_bytes load;  /* the largest load: the sum of the bytes live at one time */
  int64_t witness; /* the first time at which it occurs; 0 when nothing is ever live */
  vmo_bytes floor; /* as vmo_solution.floor */
} vmo_bound;

/* The bounds alone, in the time that sorting takes. Errors as vmo_solve_problem. */
vmo_status vmo_find_bound(vmo_context *context, const vmo_problem *problem, vmo_bound *bound);

/* ---- checking: shares no code with the solver ---- */

typedef enum vmo_fault_kind {
  VMO_FAULT_NONE,
  VMO_FAULT_NEGATIVE_OFFSET, /* `buffer` has an offset below 0 */
  VMO_FAULT_MISALIGNED,      /* `buffer`'s offset is no multiple of its alignment */
  VMO_FAULT_FIXED_OFFSET,    /* `buffer` is not at its fixed offset */
  VMO_FAULT_HEIGHT,          /* the height is not the largest offset + bytes, which is that of `buffer` */
  VMO_FAULT_CAPACITY,        /* the plan is called feasible, and `buffer` ends beyond the capacity */
  VMO_FAULT_OVERLAP,         /* `buffer` and `other` share a byte at `time` */
  VMO_FAULT_LOWER_BOUND,     /* the lower bound is not the largest load, or the witness not a time of that load;
                                `time` is one */
  VMO_FAULT_SPACE,           /* of packings: `buffer` is in a space that it does not allow, or in none */
  VMO_FAULT_COLOCATED,       /* `buffer` and `other` are colocated, and lie at different places */
  VMO_FAULT_APART,           /* `buffer` and `other` are to be apart, and share a byte */
  VMO_FAULT_COST             /* the cost is not the sum of bytes times cost, or below what is called its floor */
} vmo_fault_kind;

typedef struct vmo_fault {
  vmo_fault_kind kind;
  uint32_t buffer, other; /* indices; VMO_NONE where the kind names none */
  int64_t time;
} vmo_fault;

/* Looks for a fault: of single buffers in index order, then height and capacity, then the overlap that begins
 * earliest, then the bound. A sweep over time, O(n log n). The problem must keep the rules of problem.h. A solution
 * without offsets has no fault. VMO_OK (fault->kind says) or VMO_OUT_OF_MEMORY. */
vmo_status vmo_find_fault(vmo_context *context, const vmo_problem *problem, const vmo_solution *solution,
                          vmo_fault *fault);
/* The same answer (of several overlaps maybe another one) from the definition: every pair, every begin. O(n^2). */
vmo_status vmo_find_fault_slowly(vmo_context *context, const vmo_problem *problem, const vmo_solution *solution,
                                 vmo_fault *fault);

/* VMO_OK when there is no fault; else VMO_INTERNAL_ERROR and a diagnostic that names it. */
vmo_status vmo_check_solution(vmo_context *context, const vmo_problem *problem, const vmo_solution *solution);
vmo_status vmo_check_solution_slowly(vmo_context *context, const vmo_problem *problem, const vmo_solution *solution);

/* "buffers 3 and 7 overlap at time 12" */
void vmo_describe_fault(const vmo_problem *problem, const vmo_solution *solution, const vmo_fault *fault,
                        vmo_text *out);

/* ---- packings: packing.h ---- */

/* Finds a low or, with spaces, a cheap plan. VMO_OK: read packing->status; infeasible: packing->blockers.
 * VMO_INPUT_ERROR:
 * the problem breaks the rules of packing.h, or what is colocated, apart and fixed contradicts itself. A problem with
 * nothing of packing.h in it is solved as vmo_solve_problem does. */
vmo_status vmo_solve_packing(vmo_context *context, const vmo_packing_problem *problem, const vmo_solve_options *options,
                             vmo_packing *packing);

/* Makes a packing of somebody's offsets and spaces (NULL: all 0), which it keeps: heights, bounds and cost are found.
 * Errors as vmo_solve_packing. */
vmo_status vmo_measure_packing(vmo_context *context, const vmo_packing_problem *problem, vmo_bytes *offsets,
                               uint32_t *spaces, vmo_packing *packing);

/* How a plan differs from the previous one. */
typedef struct vmo_moves {
  uint32_t kept;  /* buffers at their previous places */
  uint32_t moved; /* at others */
  uint32_t added; /* that had none */
} vmo_moves;

/* As vmo_solve_packing, but close to a previous plan: offsets[i] is where buffer i was, or -1; spaces[i] in which space
 * (NULL: all in the first). What can stay where it was stays, what is new or no longer fits goes into the holes, and
 * others are moved only while the plan exceeds a capacity, or is higher or dearer than a plan from scratch by more than
 * `tolerance` of it (0.02: 2 %). */
vmo_status vmo_replan_packing(vmo_context *context, const vmo_packing_problem *problem,
                              const vmo_solve_options *options, const vmo_bytes *offsets, const uint32_t *spaces,
                              double tolerance, vmo_packing *packing, vmo_moves *moves);

typedef struct vmo_fault_list {
  vmo_fault *data;
  uint32_t count;
  bool more; /* there are more than were asked for */
} vmo_fault_list;

/* Lists up to `most` faults: of single buffers, of pairs, of heights and capacities, overlaps by time (each pair of
 * bundles once, bundles by their first buffers), bounds, cost. Sweeps over time and offsets; O(n log n) for a plan
 * without overlaps. The problem must keep the rules of packing.h. */
vmo_status vmo_list_packing_faults(vmo_context *context, const vmo_packing_problem *problem, const vmo_packing *packing,
                                   uint32_t most, vmo_fault_list *faults);
/* The first fault (of several overlaps maybe another one) from the definition: every pair at every begin. O(n^3). */
vmo_status vmo_find_packing_fault_slowly(vmo_context *context, const vmo_packing_problem *problem,
                                         const vmo_packing *packing, vmo_fault *fault);

/* VMO_OK when there is no fault; else VMO_INTERNAL_ERROR and a diagnostic that names it. */
vmo_status vmo_check_packing(vmo_context *context, const vmo_packing_problem *problem, const vmo_packing *packing);

/* "buffers a and b overlap at time 12"; `name` gives the name of a buffer, NULL: its number. */
void vmo_describe_packing_fault(const vmo_packing_problem *problem, const vmo_packing *packing, const vmo_fault *fault,
                                const char *(*name)(void *user, uint32_t buffer), void *user, vmo_text *out);

/* ---- CSV: what static memory planners exchange ---- */

/* One row is one buffer. Columns, in any order:
 *   id                      any text without commas; also called buffer, buffer_id
 *   lower, upper            half-open; or start (begin), end with the end inclusive, also that of the gaps
 *   size                    bytes
 *   alignment               optional; a power of two; empty: 1
 *   offset                  optional; a fixed offset; empty: free to move
 *   gaps                    optional; "a-b c-d": the buffer is not live in [a, b) and [c, d); "a-b@lo:hi": in [a, b)
 * only
 *                           its bytes [lo, hi) are
 *   colocated, apart        optional; ids, apart by blanks or, where ids have blanks, by semicolons: buffers that share
 *                           this one's offset, or no byte with it
 *   spaces                  optional; names: the memory spaces that it may be in; empty: all
 *   space                   optional; the one that it must be in; empty: any
 *   hint                    optional; MiniMalloc's first offset to try; passed over */
typedef struct vmo_csv_name {
  const char *text; /* not NUL-terminated */
  uint32_t length, line, column;
} vmo_csv_name;

typedef struct vmo_csv {
  vmo_problem problem;             /* buffers in row order; no capacity; without the windows */
  vmo_packing_problem packing;     /* the same with windows and pairs; no spaces yet: vmo_resolve_csv_spaces */
  const vmo_csv_name *space_names; /* that the rows name, where they are first named */
  uint32_t space_name_count;
  const uint64_t *named_spaces; /* per row, bits of space_names; NULL: no row names any */
  struct vmo_csv_row *rows;     /* private */
  const char *header;
  uint32_t header_length;
  uint32_t id_column, offset_column, space_column; /* VMO_NONE: there is none */
  bool carriage_returns;                           /* the header ends with CRLF, and so do the lines written */
} vmo_csv;

/* Reads the context's source (vmo_context_set_source), which must outlive *csv. VMO_INPUT_ERROR: diagnostics
 * E05xx with line and column. */
vmo_status vmo_read_csv(vmo_context *context, vmo_csv *csv);
/* The same of a placement: it needs the columns id and offset alone, and of the others, whatever their names, only
 * `space` is read; sizes and lifetimes are those of the problem that it places. Its problem's buffers hold the offsets, fixed_offset, and nothing
 * else. */
vmo_status vmo_read_placement_csv(vmo_context *context, vmo_csv *csv);
/* The id of a row, not NUL-terminated. */
const char *vmo_csv_id(const vmo_csv *csv, uint32_t row, size_t *length);
/* The line of a row in the source, from 1. */
uint32_t vmo_csv_line(const vmo_csv *csv, uint32_t row);
/* Gives csv->packing its spaces, and the rows those that they name. VMO_INPUT_ERROR: a row names one that is none of
 * these. */
vmo_status vmo_resolve_csv_spaces(vmo_context *context, vmo_csv *csv, const vmo_space *spaces, uint32_t space_count);
/* Per row of `csv` the row of `other` with its id, or VMO_NONE; in the context's arena. NULL: memory is out. */
uint32_t *vmo_match_csv(vmo_context *context, const vmo_csv *csv, const vmo_csv *other);
/* As vmo_write_csv, and with spaces (NULL: none) their names in the column `space`, or in a new last one. */
void vmo_write_packed_csv(const vmo_csv *csv, const vmo_bytes *offsets, const vmo_space *spaces,
                          const uint32_t *space_of, vmo_text *out);
/* The rows as they were read, with their offsets: in the column `offset` where there is one, else in a new last
 * one. */
void vmo_write_csv(const vmo_csv *csv, const vmo_bytes *offsets, vmo_text *out);

#endif
