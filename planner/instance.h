/* instance.h: the problem as the solver's methods see it; private to the folder.
 *
 * Time is compressed to sections. Of the times at which something begins or ends only those matter at
 * which a begin follows an end: between two of them the live sets grow and then shrink, so all of them
 * are subsets of the one in the middle, and that one stands for all:
 *
 *   a  ├────────────┤                    times 0 .. 9, sections 0, 1 and 2:
 *   b     ├──────────────────────┤         0: a b        (from the begin of a to the first end)
 *   c                 ├───┤                1: b c
 *   d                       ├────────┤     2: b d
 *      0  1         3 4   5 6    8   9
 *
 * Two buffers are live together exactly when they share a section, and the largest load is that of a
 * section. A gap that nobody else begins in vanishes. Buffers that are empty or never live are no items.
 *
 * Extents. What vmo_solve_problem places is live in full whenever it is live. Bundles of packing.h are not: in each
 * lifetime they take a range of their bytes, the extent, and such items are shaped. Two items that share a section keep
 * only their extents there apart. */
#ifndef VMO_PLANNER_INSTANCE_H
#define VMO_PLANNER_INSTANCE_H

#include "planner/problem.h"
#include "planner/watch.h"
#include "support/sort.h"

/* To whoever needs 2^53 bytes or more. */
#define VMO_LARGER_UNITS_HINT "sizes and alignments in larger units, as KiB, keep offsets below 2^53"

/* Sections, half-open. */
typedef struct vmo_span {
  uint32_t begin, end;
} vmo_span;

/* The bytes [low, high) of an item that are live. */
typedef struct vmo_extent {
  vmo_bytes low, high;
} vmo_extent;

typedef struct vmo_item {
  vmo_bytes bytes; /* > 0 */
  vmo_bytes alignment;
  vmo_bytes fixed_offset;          /* -1: free to move */
  double duration;                 /* in the problem's time */
  uint32_t span_first, span_count; /* sorted, disjoint, not adjacent */
  uint32_t buffer;                 /* its index in the problem */
  bool shaped;                     /* some extent is not all of its bytes */
} vmo_item;

/* What lies between two times that no item spans is a part: it is solved on its own. */
typedef struct vmo_part {
  uint32_t item_first, item_count;
  uint32_t section_first, section_count;
  vmo_bytes floor;     /* no plan of this part is lower */
  bool shaped;         /* some item is */
  bool gapped;         /* some item has several spans, or extents, or a fixed offset */
  bool mixed;          /* alignments differ */
  vmo_bytes alignment; /* the largest */
} vmo_part;

typedef struct vmo_instance {
  vmo_item *items; /* part by part, in the problem's order in each */
  uint32_t item_count;
  vmo_span *spans;
  vmo_extent *extents; /* per span; NULL: no item is shaped */
  uint32_t span_count;
  uint32_t section_count;
  vmo_bytes *loads;  /* per section */
  vmo_bytes *floors; /* per section: the least height that the alignments of what is live there allow */
  vmo_part *parts;
  uint32_t part_count;
  uint32_t pin_count; /* items with a fixed offset */
  vmo_bytes grain;    /* every byte range begins at a multiple of it: the least alignment, or the lows' */
  vmo_bytes largest_alignment;
  vmo_bytes lower_bound;
  int64_t witness;
  vmo_bytes floor;        /* of all parts and of the buffers that are no items */
  uint32_t floor_section; /* the section of the largest floor */
  vmo_bytes idle_height;  /* the largest offset + bytes of the buffers that are no items */
} vmo_instance;

/* Checks the rules of problem.h: VMO_INPUT_ERROR and a diagnostic for the first one broken. */
vmo_status vmo_verify_problem(vmo_context *context, const vmo_problem *problem);

/* Builds the instance of a verified problem in `arena`; with extents, one per lifetime of the problem, or NULL. Touching
 * lifetimes may differ in their extents. VMO_INPUT_ERROR: a load of 2^53 or more. O(n log n). */
vmo_status vmo_build_instance(vmo_context *context, const vmo_problem *problem, const vmo_extent *extents,
                              vmr_arena *arena, vmo_instance *instance);

/* ---- orders ---- */

/* By what a method prefers one item to another; the larger first unless said otherwise. */
typedef enum vmo_order {
  VMO_ORDER_AREA, /* bytes times duration */
  VMO_ORDER_DURATION,
  VMO_ORDER_START,         /* the earlier first */
  VMO_ORDER_DURATION_ROOT, /* duration times the root of bytes */
  VMO_ORDER_BYTES,
  VMO_ORDER_SECTIONS, /* number of sections */
  VMO_ORDER_LOAD,     /* the load of its fullest section */
  VMO_ORDER_END,      /* the later first */
  VMO_ORDER_COUNT
} vmo_order;

/* What the order goes by: at least 0, the largest first. */
double vmo_order_key(const vmo_instance *instance, const vmo_item *item, vmo_order order);

/* Fills ranked[rank] with the part's items, as indices into instance->items; ties by index. `keys` has room for
 * twice the items. O(n), and for VMO_ORDER_LOAD the sections of all items. */
void vmo_rank_items(const vmo_instance *instance, const vmo_part *part, vmo_order order, vmo_keyed *keys,
                    uint32_t *ranked);

/* ---- methods ---- */

/* For the skyline: to place only some items, from a ground up to a stop. */
typedef struct vmo_stage {
  const vmo_bytes *ground; /* per section of the part: where the skyline begins */
  uint32_t count;          /* of the ranked items; pins are among them each time */
  vmo_bytes stop;          /* nobody is placed at this offset or above: such items get the offset -1 */
  vmo_bytes *top;          /* out: per section of the part: where the skyline ends */
} vmo_stage;

/* What all methods work on: one part, their scratch memory, what is left to do. */
typedef struct vmo_work {
  const vmo_instance *instance;
  const vmo_part *part;
  vmr_arena *arena;       /* dropped after the part */
  uint64_t used;          /* units so far, counted up by the methods */
  uint64_t limit;         /* give up when more are used */
  vmo_bytes ceiling;      /* give up as soon as the plan cannot end below this */
  const vmo_watch *watch; /* or NULL; give up when it is over */
  vmo_bytes *offsets;     /* out: per item of the instance */
  vmo_bytes height;       /* out: of the part */
  vmo_stage *stage;       /* or NULL: all items, from the ground up */
} vmo_work;

typedef enum vmo_outcome {
  VMO_OUTCOME_FOUND, /* for a method: a complete plan below the ceiling */
  VMO_OUTCOME_NONE,  /* for a method: gave up, out of units or at the ceiling */
  VMO_OUTCOME_OUT_OF_MEMORY
} vmo_outcome;

/* All take the part's items by rank, as vmo_rank_items makes them.
 *
 * Skyline (skyline.c): ties by rank. With `coarse`, all alignments are lifted to the largest. */
vmo_outcome vmo_plan_by_skyline(vmo_work *work, const uint32_t *ranked, bool coarse);
/* The same where the part is not gapped, and with the largest alignment for all `count` items (valleys.c). */
vmo_outcome vmo_plan_by_valleys(vmo_work *work, const uint32_t *ranked, uint32_t count);

/* What second thoughts are to reach. */
typedef struct vmo_second_thoughts {
  vmo_bytes target;    /* the height to stay within as long as that can be */
  uint64_t undo_limit; /* steps to take back at most */
  uint64_t seed;
  int64_t duration; /* nanoseconds that a plan takes without any */
} vmo_second_thoughts;

/* The skyline of a part that is neither gapped nor mixed, with second thoughts (retrace.c). */
vmo_outcome vmo_plan_with_second_thoughts(vmo_work *work, const uint32_t *ranked, const vmo_second_thoughts *wish);

/* Who is live together with whom, in one array. */
typedef struct vmo_graph {
  uint32_t *firsts; /* per item of the part, and one more: into neighbours */
  uint32_t
      *neighbours; /* as indices into the instance's items; twice where two share sections on both sides of a gap */
  uint64_t count;  /* of neighbours */
} vmo_graph;

/* Builds the graph of a part in `arena`; VMO_OUTCOME_NONE when it has more than `limit` neighbours. */
vmo_outcome vmo_build_graph(const vmo_instance *instance, const vmo_part *part, uint64_t limit, vmr_arena *arena,
                            vmo_graph *graph);

/* First fit or best fit (fit.c): the items one by one in the order of ranks, each into a gap between its neighbours. */
vmo_outcome vmo_plan_by_first_fit(vmo_work *work, const vmo_graph *graph, const uint32_t *ranked);
vmo_outcome vmo_plan_by_best_fit(vmo_work *work, const vmo_graph *graph, const uint32_t *ranked);

/* Searches for ranks with which the skyline ends below work->height, from `ranked` on, which it changes; until the
 * height is at most `enough` or the units are used up (improve.c). VMO_OUTCOME_FOUND: the plan is in work. `arena` is
 * not work->arena. */
vmo_outcome vmo_improve_plan(vmo_work *work, uint32_t *ranked, bool coarse, vmo_bytes enough, uint64_t seed,
                             vmr_arena *arena);

/* ---- infeasible problems (infeasible.c) ---- */

/* VMO_OUTCOME_FOUND: two fixed offsets of the part overlap, and `clash` names the buffers (of the problem). */
vmo_outcome vmo_find_pin_clash(const vmo_instance *instance, const vmo_part *part, vmr_arena *arena, uint32_t clash[2]);

/* ---- small things that the methods share ---- */

static inline vmo_bytes vmo_round_up(vmo_bytes bytes, vmo_bytes alignment) {
  return (bytes + alignment - 1) & ~(alignment - 1);
}

/* What of the item is live in its span of that index. */
static inline vmo_extent vmo_item_extent(const vmo_instance *instance, const vmo_item *item, uint32_t index) {
  return item->shaped ? instance->extents[item->span_first + index] : (vmo_extent){0, item->bytes};
}

static inline bool vmo_is_pin(const vmo_item *item) { return item->fixed_offset >= 0; }

static inline vmo_bytes vmo_max_bytes(vmo_bytes a, vmo_bytes b) { return a > b ? a : b; }

#endif
