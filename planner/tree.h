/* tree.h: a segment tree over the sections of a part; private to the folder.
 *
 * Each section has a height, which a range assignment sets, and maybe a buffer that waits there (the first
 * of them, by rank). The tree knows its lowest section and the lowest one at which somebody waits, and for
 * any range a highest section. Every operation is O(log sections). */
#ifndef VMO_PLANNER_TREE_H
#define VMO_PLANNER_TREE_H

#include "planner/instance.h"

typedef struct vmo_tree_node {
  vmo_bytes highest;      /* height of its highest section */
  vmo_bytes lowest;       /* height of its lowest section */
  vmo_bytes awaited;      /* height of its lowest section at which somebody waits; INT64_MAX: nobody waits */
  uint32_t highest_at;    /* a highest section; of several, one of the largest load */
  uint32_t lowest_at;     /* the first lowest section */
  uint32_t first;         /* the least rank that waits at a section of height `awaited` */
  uint32_t first_any;     /* the least rank that waits in any of its sections; VMO_NONE: none */
  uint32_t heaviest : 31; /* its section of the largest load */
  uint32_t uniform : 1;   /* all its sections have the height `highest`, and what is below it is not told yet */
} vmo_tree_node;

typedef struct vmo_tree {
  vmo_tree_node *nodes; /* 1 is the root, 2i and 2i + 1 are the children of i, leaf_count + b is block b */
  vmo_bytes *heights;   /* per section; out of date where a node above is uniform */
  uint32_t *firsts;     /* per section: the least rank that waits there, or VMO_NONE */
  const vmo_bytes *loads;
  uint32_t section_count;
  uint32_t leaf_count; /* a power of two */
  unsigned levels;
} vmo_tree;

/* All heights 0, nobody waits. Sections count from 0; `loads` has one number for each. False: out of memory. */
bool vmo_tree_init(vmo_tree *tree, vmr_arena *arena, const vmo_bytes *loads, uint32_t section_count);
/* How many bytes that takes. */
uint64_t vmo_tree_bytes(uint32_t section_count);
/* To be called after writing into tree->firsts. */
void vmo_tree_refresh(vmo_tree *tree);
/* Sets who waits first at one section. */
void vmo_tree_set_waiting(vmo_tree *tree, uint32_t section, uint32_t first);
/* Sets the height of all sections in the span. */
void vmo_tree_assign(vmo_tree *tree, vmo_span span, vmo_bytes height);
/* The height of the highest section in the span, and that section (of several, one of the largest load). */
vmo_bytes vmo_tree_highest(vmo_tree *tree, vmo_span span, uint32_t *section);
/* The first section from `section` on that is higher than `height`, or the number of sections. */
uint32_t vmo_tree_find_higher(vmo_tree *tree, uint32_t section, vmo_bytes height);
/* The height of one section. */
vmo_bytes vmo_tree_height(const vmo_tree *tree, uint32_t section);

static inline const vmo_tree_node *vmo_tree_root(const vmo_tree *tree) { return &tree->nodes[1]; }

#endif
