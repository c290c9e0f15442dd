/* fill.h: plans that waste nothing; private to the folder.
 *
 * In a part whose sections all have the same load, a plan of that height leaves no byte free at any time: it is a perfect
 * packing. Two things follow that no other problem has:
 *
 *   blocks   at a boundary between two sections, what ends there and what begins there fill the same offsets. Sizes that
 *            match are seldom an accident: items that together are a rectangle are joined to one block (blocks.c)
 *   corners  in a valley of the skyline, the byte next to its left wall belongs to an item that begins at that wall, and
 *            next to its right wall to one that ends there. A depth first search tries these few, the corner with the
 *            fewest first (fill.c) */
#ifndef VMO_PLANNER_FILL_H
#define VMO_PLANNER_FILL_H

#include "planner/instance.h"

/* An item, or several that lie in a rectangle: a child lies `at` bytes above its parent's begin. */
typedef struct vmo_block {
  vmo_bytes bytes, at;
  uint32_t begin, end;     /* sections, in the part's own numbers */
  uint32_t child, sibling; /* or VMO_NONE */
} vmo_block;

typedef struct vmo_blocks {
  vmo_block *data; /* the items first; room for twice as many less one */
  uint32_t item_count, count;
  uint32_t live_count; /* blocks that are in no other one */
  uint32_t free;       /* a block that is not used, its sibling is the next one; VMO_NONE: there is none */
  bool *joined;        /* per block: it is in another one, or not used */
  uint32_t section_count;
} vmo_blocks;

/* Whether a plan as high as the floor has to fill the part: all sections have that load, all items one span and sizes
 * that keep every alignment; none is fixed. */
bool vmo_is_filled(const vmo_instance *instance, const vmo_part *part);

/* The part's items, each a block. False: memory is out. */
bool vmo_blocks_init(vmo_blocks *blocks, const vmo_instance *instance, const vmo_part *part, vmr_arena *arena);
#define VMO_JOIN_LEVELS 4

/* Joins blocks that are likely to lie together in a plan of that height; from level to level less likely ones. Then, so
 * many times, dissolves some and joins anew; until the limits of the work. False: memory is out. */
bool vmo_join_blocks(vmo_blocks *blocks, vmo_work *work, uint32_t levels, uint32_t shakes, uint64_t seed,
                     vmr_arena *scratch);

/* Subsets of blocks that share a boundary, by the sum of their bytes. */
typedef struct vmo_subset {
  uint64_t members; /* bits */
  uint32_t size;
} vmo_subset;

/* Enumerates the subsets of `count` <= 64 blocks of up to `most` members, and with `all_but` those that lack as few.
 * sums[i] = {sum, i}; returns how many there are, at most `room`. */
uint32_t vmo_list_subsets(const vmo_blocks *blocks, const uint32_t *members, uint32_t count, uint32_t most,
                          bool all_but, vmo_subset *subsets, vmo_keyed *sums, uint32_t room);

/* One try of the search: joins, and fills with up to `nodes` decisions. Tries differ by their number and the seed.
 * VMO_OUTCOME_FOUND: the plan is in work. `arena` is used up, and is not work->arena. */
vmo_outcome vmo_fill_part(vmo_work *work, uint32_t number, uint64_t nodes, uint64_t seed, vmr_arena *arena);

#endif
