/* relations.h: bundles whose distances are restricted, and the exact search among them; private to the folder.
 *
 * Two pieces that are live together may not overlap, and that forbids an open interval of the distance between their
 * bundles' offsets, as does the wish to be apart. A pair of plain bundles forbids (-bytes of the second, bytes of the
 * first); pairs with windows may forbid several intervals, in whose holes the bundles interlock:
 *
 *        ██  ░░░░      y lies on x at one time,
 *   x ██████ ░░  y     and beside it at another
 *        ██  ░░░░                                      distance y - x:  allowed ──(forbidden)── allowed ── ... */
#ifndef VMO_PLANNER_RELATIONS_H
#define VMO_PLANNER_RELATIONS_H

#include "planner/bundle.h"
#include "planner/instance.h"

/* The offset of `other` less that of the node itself is not in the open interval (low, high). */
typedef struct vmo_relation {
  uint32_t other;
  vmo_bytes low, high;
} vmo_relation;

typedef struct vmo_node {
  vmo_bytes bytes, alignment, fixed_offset;
} vmo_node;

typedef struct vmo_relations {
  vmo_node *nodes; /* per chosen bundle */
  uint32_t count;
  uint32_t *firsts; /* per node, and one more: into data */
  vmo_relation *data;
  uint32_t data_count; /* each relation is there twice, once for each side */
} vmo_relations;

/* Builds the relations of the chosen bundles of a space in `arena`. VMO_OUTCOME_NONE: there are more than `limit`. */
vmo_outcome vmo_build_relations(const vmo_space_problem *space, uint32_t limit, vmr_arena *arena,
                                vmo_relations *relations);

typedef enum vmo_search_verdict {
  VMO_SEARCH_FOUND,   /* `offsets` is a plan of at most the height asked for */
  VMO_SEARCH_NONE,    /* there is no such plan: the search was exhausted */
  VMO_SEARCH_GAVE_UP, /* the units are used up */
  VMO_SEARCH_OUT_OF_MEMORY
} vmo_search_verdict;

/* Searches for a plan of at most `height`; counts the units of work down from *units. (exact_bundles.c) */
vmo_search_verdict vmo_search_bundles(const vmo_relations *relations, vmo_bytes height, uint64_t *units,
                                      vmr_arena *scratch, vmo_bytes *offsets);

#endif
