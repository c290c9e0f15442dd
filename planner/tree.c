/* tree.c: the segment tree of tree.h, bottom up, with assignments handed down late.
 *
 * An operation first hands down what is pending on the way from the root to the ends of its range, works
 * on the O(log n) nodes that make up the range, and then brings their ancestors up to date. */
#include "planner/tree.h"

static void settle(vmo_tree_node *node, vmo_bytes height) {
  node->highest = height;
  node->highest_at = node->heaviest;
  node->lowest = node->first_any == VMO_NONE ? INT64_MAX : height;
  node->first = node->first_any;
  node->uniform = 1;
}

static void hand_down(vmo_tree *tree, uint32_t leaf) {
  for (unsigned level = tree->levels; level > 0; level--) {
    uint32_t index = leaf >> level;
    vmo_tree_node *node = &tree->nodes[index];
    if (!node->uniform) continue;
    settle(&tree->nodes[2 * index], node->highest);
    settle(&tree->nodes[2 * index + 1], node->highest);
    node->uniform = 0;
  }
}

static uint32_t heavier(const vmo_tree *tree, uint32_t a, uint32_t b) {
  return tree->loads[b] > tree->loads[a] ? b : a;
}

static void bring_up_to_date(vmo_tree *tree, uint32_t index) {
  vmo_tree_node *node = &tree->nodes[index];
  const vmo_tree_node *left = &tree->nodes[2 * index], *right = left + 1;
  if (left->highest == right->highest) {
    node->highest_at = heavier(tree, left->highest_at, right->highest_at);
    node->highest = left->highest;
  } else {
    const vmo_tree_node *higher = left->highest > right->highest ? left : right;
    node->highest_at = higher->highest_at;
    node->highest = higher->highest;
  }
  node->first_any = left->first_any < right->first_any ? left->first_any : right->first_any;
  const vmo_tree_node *lower = left;
  if (right->lowest < left->lowest || (right->lowest == left->lowest && right->first < left->first)) lower = right;
  node->lowest = lower->lowest;
  node->first = lower->first;
}

bool vmo_tree_init(vmo_tree *tree, vmr_arena *arena, const vmo_bytes *loads, uint32_t section_count) {
  *tree = (vmo_tree){.loads = loads, .leaf_count = 1};
  while (tree->leaf_count < section_count) tree->leaf_count *= 2, tree->levels++;
  uint32_t leaves = tree->leaf_count;
  tree->nodes = vmr_arena_alloc(arena, 2 * (size_t)leaves * sizeof *tree->nodes);
  if (tree->nodes == NULL) return false;
  for (uint32_t s = 0; s < leaves; s++) { /* leaves beyond the last section share its number, and are never asked */
    uint32_t section = s < section_count ? s : section_count - 1;
    tree->nodes[leaves + s] = (vmo_tree_node){.lowest = INT64_MAX,
                                              .highest_at = section,
                                              .first = VMO_NONE,
                                              .first_any = VMO_NONE,
                                              .heaviest = section & INT32_MAX};
  }
  for (uint32_t i = leaves - 1; i > 0; i--) {
    tree->nodes[i] = (vmo_tree_node){0};
    tree->nodes[i].heaviest = heavier(tree, tree->nodes[2 * i].heaviest, tree->nodes[2 * i + 1].heaviest) & INT32_MAX;
    bring_up_to_date(tree, i);
  }
  return true;
}

static void set_leaf(vmo_tree *tree, uint32_t section, uint32_t first) {
  vmo_tree_node *leaf = &tree->nodes[tree->leaf_count + section];
  leaf->first = leaf->first_any = first;
  leaf->lowest = first == VMO_NONE ? INT64_MAX : leaf->highest;
}

void vmo_tree_set_all_waiting(vmo_tree *tree, const uint32_t *firsts, uint32_t section_count) {
  for (uint32_t i = 1; i < tree->leaf_count; i++) {
    if (!tree->nodes[i].uniform) continue;
    settle(&tree->nodes[2 * i], tree->nodes[i].highest);
    settle(&tree->nodes[2 * i + 1], tree->nodes[i].highest);
    tree->nodes[i].uniform = 0;
  }
  for (uint32_t s = 0; s < section_count; s++) set_leaf(tree, s, firsts[s]);
  for (uint32_t i = tree->leaf_count - 1; i > 0; i--) bring_up_to_date(tree, i);
}

void vmo_tree_set_waiting(vmo_tree *tree, uint32_t section, uint32_t first) {
  uint32_t leaf = tree->leaf_count + section;
  hand_down(tree, leaf);
  set_leaf(tree, section, first);
  for (uint32_t i = leaf >> 1; i > 0; i >>= 1) bring_up_to_date(tree, i);
}

/* Brings the ancestors of `leaf` up to date, but for those that lie wholly in the range, which were assigned. */
static void climb(vmo_tree *tree, uint32_t leaf) {
  for (uint32_t i = leaf >> 1; i > 0; i >>= 1)
    if (!tree->nodes[i].uniform) bring_up_to_date(tree, i);
}

void vmo_tree_assign(vmo_tree *tree, vmo_span span, vmo_bytes height) {
  uint32_t left = tree->leaf_count + span.begin, right = tree->leaf_count + span.end;
  hand_down(tree, left);
  hand_down(tree, right - 1);
  for (uint32_t a = left, b = right; a < b; a >>= 1, b >>= 1) {
    if (a & 1) settle(&tree->nodes[a++], height);
    if (b & 1) settle(&tree->nodes[--b], height);
  }
  climb(tree, left);
  climb(tree, right - 1);
}

static void prefer_higher(const vmo_tree *tree, const vmo_tree_node *node, vmo_bytes *height, uint32_t *section) {
  if (node->highest < *height) return;
  if (node->highest > *height) {
    *height = node->highest;
    *section = node->highest_at;
  } else {
    *section = heavier(tree, *section, node->highest_at);
  }
}

vmo_bytes vmo_tree_highest(vmo_tree *tree, vmo_span span, uint32_t *section) {
  uint32_t left = tree->leaf_count + span.begin, right = tree->leaf_count + span.end;
  hand_down(tree, left);
  hand_down(tree, right - 1);
  vmo_bytes height = tree->nodes[left].highest;
  *section = span.begin;
  for (; left < right; left >>= 1, right >>= 1) {
    if (left & 1) prefer_higher(tree, &tree->nodes[left++], &height, section);
    if (right & 1) prefer_higher(tree, &tree->nodes[--right], &height, section);
  }
  return height;
}
