/* load_tree.c: a segment tree with range add and range maximum. What is added to a whole subtree stands at its top
 * and is
 * never pushed down: a query adds up what it meets on its way from the leaves to the root. Nothing recurses. */
#include "planner/load_tree.h"

#include "planner/instance.h"

bool vmo_load_tree_init(vmo_load_tree *tree, vmr_arena *arena, uint32_t count) {
  tree->leaves = 1;
  while (tree->leaves < count) tree->leaves *= 2;
  tree->most = vmr_arena_alloc_array(arena, 2 * (size_t)tree->leaves, sizeof *tree->most);
  tree->added = vmr_arena_alloc_array(arena, 2 * (size_t)tree->leaves, sizeof *tree->added);
  return tree->most != NULL && tree->added != NULL;
}

void vmo_load_tree_fill(vmo_load_tree *tree, const vmo_bytes *bytes, uint32_t count) {
  for (uint32_t i = 0; i < 2 * tree->leaves; i++) tree->most[i] = tree->added[i] = 0;
  for (uint32_t i = 0; i < count; i++) tree->most[tree->leaves + i] = bytes[i];
  for (uint32_t node = tree->leaves - 1; node > 0; node--)
    tree->most[node] = vmo_max_bytes(tree->most[2 * (size_t)node], tree->most[2 * (size_t)node + 1]);
}

static void add_at(vmo_load_tree *tree, uint32_t node, vmo_bytes bytes) {
  tree->most[node] += bytes;
  tree->added[node] += bytes;
}

static void pull_up(vmo_load_tree *tree, uint32_t node) {
  for (node /= 2; node > 0; node /= 2)
    tree->most[node] =
        vmo_max_bytes(tree->most[2 * (size_t)node], tree->most[2 * (size_t)node + 1]) + tree->added[node];
}

void vmo_load_tree_add(vmo_load_tree *tree, uint32_t from, uint32_t to, vmo_bytes bytes) {
  uint32_t left = from + tree->leaves, right = to + tree->leaves;
  for (; left < right; left /= 2, right /= 2) {
    if (left & 1) add_at(tree, left++, bytes);
    if (right & 1) add_at(tree, --right, bytes);
  }
  pull_up(tree, from + tree->leaves);
  pull_up(tree, to - 1 + tree->leaves);
}

vmo_bytes vmo_load_tree_most(const vmo_load_tree *tree, uint32_t from, uint32_t to) {
  vmo_bytes left_most = INT64_MIN, right_most = INT64_MIN;
  uint32_t left = from + tree->leaves, right = to + tree->leaves - 1;
  left_most = tree->most[left];
  right_most = tree->most[right];
  while (left / 2 != right / 2) {
    if (!(left & 1)) left_most = vmo_max_bytes(left_most, tree->most[left + 1]);
    if (right & 1) right_most = vmo_max_bytes(right_most, tree->most[right - 1]);
    left /= 2;
    right /= 2;
    left_most += tree->added[left];
    right_most += tree->added[right];
  }
  vmo_bytes most = vmo_max_bytes(left_most, right_most);
  for (left /= 2; left > 0; left /= 2) most += tree->added[left];
  return most;
}
