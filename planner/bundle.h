/* bundle.h: the bundles of a packing problem; private to the folder.
 *
 * Buffers that are colocated, directly or through others, are one bundle, and so is each buffer that is alone. What a
 * bundle takes over time is its pieces: disjoint stretches of time with one range of bytes each.
 *
 *   a  ████          lifetimes of a (8 bytes) and b (4 bytes), colocated:
 *      ████
 *   b  ██████████    bundle of 8 bytes, pieces [0, 4): [0, 8), [4, 10): [0, 4)
 *      0   4     10  */
#ifndef VMO_PLANNER_BUNDLE_H
#define VMO_PLANNER_BUNDLE_H

#include "planner/packing.h"

typedef struct vmo_piece {
  int64_t begin, end;
  vmo_bytes low, high; /* of the bundle's bytes */
} vmo_piece;

typedef struct vmo_bundle {
  vmo_bytes bytes;        /* of its largest member */
  vmo_bytes alignment;    /* of its strictest member */
  vmo_bytes fixed_offset; /* -1: free to move */
  uint64_t allowed;       /* spaces */
  uint32_t piece_first, piece_count;
  uint32_t member; /* its first member */
  bool shaped;     /* some piece is not all of its bytes */
} vmo_bundle;

/* The first `first_bytes` of one bundle and the first `second_bytes` of the other share no byte. */
typedef struct vmo_apart {
  uint32_t first, second; /* first < second */
  vmo_bytes first_bytes, second_bytes;
} vmo_apart;

typedef struct vmo_bundles {
  vmo_bundle *data;
  uint32_t count;
  vmo_piece *pieces;
  uint32_t piece_count;
  uint32_t *owners; /* per buffer: its bundle */
  vmo_apart *apart; /* sorted; one for each pair of bundles and sizes */
  uint32_t apart_count;
} vmo_bundles;

/* Checks the rules of packing.h. VMO_INPUT_ERROR and a diagnostic for the first one broken. (merge.c) */
vmo_status vmo_verify_packing_problem(vmo_context *context, const vmo_packing_problem *problem);

/* Builds the bundles of a verified problem in `arena`. VMO_INPUT_ERROR: what is colocated contradicts itself.
 * O(n log n). (merge.c) */
vmo_status vmo_build_bundles(vmo_context *context, const vmo_packing_problem *problem, vmr_arena *arena,
                             vmo_bundles *bundles);

/* ---- one space (space.c) ---- */

typedef struct vmo_space_problem {
  const vmo_bundles *bundles;
  const uint32_t *chosen; /* the bundles that are here, ascending */
  uint32_t chosen_count;
  vmo_bytes capacity;  /* -1: minimise */
  vmo_bytes alignment; /* of the space, at least 1 */
} vmo_space_problem;

/* Per bundle of all its place among the chosen ones, or VMO_NONE; NULL: memory is out. */
uint32_t *vmo_list_places(const vmo_space_problem *space, vmr_arena *arena);

/* A time at which a bundle is live with some others that are to be apart from it, and how much of it. */
typedef struct vmo_apart_time {
  uint32_t time;
  vmo_bytes bytes;
} vmo_apart_time;

typedef struct vmo_apart_times {
  uint32_t *firsts; /* per chosen bundle, and one more: into entries */
  vmo_apart_time *entries;
  uint32_t count; /* of times */
  bool partial;   /* some pair keeps only a part of its bytes apart */
  bool too_large; /* some pair needs 2^53 bytes or more */
} vmo_apart_times;

/* Gives each pair of chosen bundles that is not apart anyway a time at which both are live; all that are live at one
 * are to be apart. False: memory is out. (apart.c) */
bool vmo_cover_pairs(const vmo_space_problem *space, vmr_arena *arena, vmo_apart_times *times);

struct vmo_solve_options;

/* Solves one space. offsets[bundle] is set for the chosen bundles; `result` is what packing.h says of results, and its
 * offsets are only NULL or not; its blockers are bundles, in `arena`. With `exact_units`, small problems that the
 * solver
 * leaves open are searched to the end, for so many units of work. */
vmo_status vmo_solve_space(vmo_context *context, const vmo_space_problem *space,
                           const struct vmo_solve_options *options, uint64_t exact_units, vmr_arena *arena,
                           vmo_bytes *offsets, vmo_solution *result);

/* The largest load of the chosen bundles, the hulls of their live bytes added up, and the first time of it. False:
 * memory
 * is out. O(p log p). */
bool vmo_find_load(const vmo_bundles *bundles, const uint32_t *chosen, uint32_t count, vmr_arena *scratch,
                   vmo_bytes *load, int64_t *witness);

#endif
