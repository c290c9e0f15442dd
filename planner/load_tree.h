/* load_tree.h: bytes over time: adds to a range, finds the largest of a range; private to the folder. */
#ifndef VMO_PLANNER_LOAD_TREE_H
#define VMO_PLANNER_LOAD_TREE_H

#include "support/context.h"

typedef struct vmo_load_tree {
  vmo_bytes *most, *added; /* per node: of its subtree, `added` of all ancestors apart */
  uint32_t leaves;
} vmo_load_tree;

/* All zero over `count` stretches of time; false when memory is out. */
bool vmo_load_tree_init(vmo_load_tree *tree, vmr_arena *arena, uint32_t count);
/* Sets all stretches. O(n). */
void vmo_load_tree_fill(vmo_load_tree *tree, const vmo_bytes *bytes, uint32_t count);
/* Adds to [from, to), which is not empty. O(log n). */
void vmo_load_tree_add(vmo_load_tree *tree, uint32_t from, uint32_t to, vmo_bytes bytes);
/* The largest in [from, to), which is not empty. O(log n). */
vmo_bytes vmo_load_tree_most(const vmo_load_tree *tree, uint32_t from, uint32_t to);

#endif
