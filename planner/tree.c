/* tree.c: the segment tree of tree.h, bottom up, with assignments handed down late.
 *
 *   nodes      [          1          ]        a leaf stands for a block of sections, which is scanned: that
 *              [    2    ][     3    ]        takes a cache line or two where a tree down to single sections
 *   blocks     [ 4  ][ 5 ][ 6  ][  7 ]        would take a miss per level
 *   sections   ::::::::::::::::::::::
 *
 * An operation first hands down what is pending on the way from the root to the ends of its range, works
 * on the blocks at the ends and the O(log n) nodes between them, and then brings their ancestors up to
 * date. */
#include "planner/tree.h"

#define BLOCK 16u

static vmo_span block_span(const vmo_tree *tree, uint32_t leaf) {
  uint32_t begin = (leaf - tree->leaf_count) * BLOCK, end = begin + BLOCK;
  return (vmo_span){begin, end < tree->section_count ? end : tree->section_count};
}

static uint32_t heavier(const vmo_tree *tree, uint32_t a, uint32_t b) {
  return tree->loads[b] > tree->loads[a] ? b : a;
}

/* Gives all sections of a node one height. `level` is the node's, 0 at the leaves. */
static void settle(vmo_tree *tree, uint32_t index, unsigned level, vmo_bytes height) {
  vmo_tree_node *node = &tree->nodes[index];
  node->highest = node->lowest = height;
  node->highest_at = node->heaviest;
  node->lowest_at = ((index << level) - tree->leaf_count) * BLOCK;
  node->awaited = node->first_any == VMO_NONE ? INT64_MAX : height;
  node->first = node->first_any;
  node->uniform = 1;
}

static void hand_down_once(vmo_tree *tree, uint32_t index, unsigned level) {
  vmo_tree_node *node = &tree->nodes[index];
  if (!node->uniform) return;
  settle(tree, 2 * index, level - 1, node->highest);
  settle(tree, 2 * index + 1, level - 1, node->highest);
  node->uniform = 0;
}

static void open_block(vmo_tree *tree, uint32_t leaf) {
  if (!tree->nodes[leaf].uniform) return;
  vmo_span span = block_span(tree, leaf);
  for (uint32_t s = span.begin; s < span.end; s++) tree->heights[s] = tree->nodes[leaf].highest;
  tree->nodes[leaf].uniform = 0;
}

/* Hands down what is pending above and at a block. */
static void hand_down(vmo_tree *tree, uint32_t leaf) {
  for (unsigned level = tree->levels; level > 0; level--) hand_down_once(tree, leaf >> level, level);
  open_block(tree, leaf);
}

static void scan_block(vmo_tree *tree, uint32_t leaf) {
  vmo_span span = block_span(tree, leaf);
  vmo_tree_node node = {.highest = -1,
                        .lowest = INT64_MAX,
                        .awaited = INT64_MAX,
                        .highest_at = tree->nodes[leaf].heaviest,
                        .first = VMO_NONE,
                        .first_any = VMO_NONE,
                        .heaviest = tree->nodes[leaf].heaviest};
  for (uint32_t s = span.begin; s < span.end; s++) {
    vmo_bytes height = tree->heights[s];
    uint32_t waiting = tree->firsts[s];
    if (height > node.highest || (height == node.highest && tree->loads[s] > tree->loads[node.highest_at])) {
      node.highest = height;
      node.highest_at = s;
    }
    if (height < node.lowest) {
      node.lowest = height;
      node.lowest_at = s;
    }
    if (waiting == VMO_NONE) continue;
    if (waiting < node.first_any) node.first_any = waiting;
    if (height < node.awaited || (height == node.awaited && waiting < node.first)) {
      node.awaited = height;
      node.first = waiting;
    }
  }
  tree->nodes[leaf] = node;
}

static void join_children(vmo_tree *tree, uint32_t index) {
  vmo_tree_node *node = &tree->nodes[index];
  const vmo_tree_node *left = &tree->nodes[2 * (size_t)index], *right = left + 1;
  if (left->highest == right->highest) {
    node->highest_at = heavier(tree, left->highest_at, right->highest_at);
    node->highest = left->highest;
  } else {
    const vmo_tree_node *higher = left->highest > right->highest ? left : right;
    node->highest_at = higher->highest_at;
    node->highest = higher->highest;
  }
  const vmo_tree_node *lower = right->lowest < left->lowest ? right : left;
  node->lowest = lower->lowest;
  node->lowest_at = lower->lowest_at;
  node->first_any = left->first_any < right->first_any ? left->first_any : right->first_any;
  lower = left;
  if (right->awaited < left->awaited || (right->awaited == left->awaited && right->first < left->first)) lower = right;
  node->awaited = lower->awaited;
  node->first = lower->first;
}

/* Brings the ancestors of a block up to date, but for those that were assigned as a whole. */
static void climb(vmo_tree *tree, uint32_t leaf) {
  for (uint32_t i = leaf >> 1; i > 0; i >>= 1)
    if (!tree->nodes[i].uniform) join_children(tree, i);
}

/* ---- setting up ---- */

static uint32_t count_leaves(uint32_t section_count) {
  uint32_t leaves = 1;
  while (leaves * (uint64_t)BLOCK < section_count) leaves *= 2;
  return leaves;
}

uint64_t vmo_tree_bytes(uint32_t section_count) {
  return count_leaves(section_count) * (2 * sizeof(vmo_tree_node) + BLOCK * (sizeof(vmo_bytes) + sizeof(uint32_t)));
}

bool vmo_tree_init(vmo_tree *tree, vmr_arena *arena, const vmo_bytes *loads, uint32_t section_count) {
  uint32_t leaves = count_leaves(section_count);
  *tree = (vmo_tree){.loads = loads, .section_count = section_count, .leaf_count = leaves};
  while (leaves >> tree->levels > 1) tree->levels++;
  tree->nodes = vmr_arena_alloc_array(arena, 2 * (size_t)leaves, sizeof *tree->nodes);
  tree->heights = vmr_arena_alloc_array(arena, section_count, sizeof *tree->heights);
  tree->firsts = vmr_arena_alloc(arena, section_count * sizeof *tree->firsts);
  if (tree->nodes == NULL || tree->heights == NULL || tree->firsts == NULL) return false;
  for (uint32_t s = 0; s < section_count; s++) tree->firsts[s] = VMO_NONE;
  for (uint32_t leaf = leaves; leaf < 2 * leaves; leaf++) {
    vmo_span span = block_span(tree, leaf);
    uint32_t heaviest = span.begin < section_count ? span.begin : 0; /* blocks beyond the last are never asked */
    for (uint32_t s = span.begin; s < span.end; s++) heaviest = heavier(tree, heaviest, s);
    tree->nodes[leaf].heaviest = heaviest & INT32_MAX;
    scan_block(tree, leaf);
  }
  for (uint32_t i = leaves - 1; i > 0; i--) {
    tree->nodes[i].heaviest =
        heavier(tree, tree->nodes[2 * (size_t)i].heaviest, tree->nodes[2 * (size_t)i + 1].heaviest) & INT32_MAX;
    join_children(tree, i);
  }
  return true;
}

void vmo_tree_refresh(vmo_tree *tree) {
  for (uint32_t leaf = tree->leaf_count; leaf < 2 * tree->leaf_count; leaf++) hand_down(tree, leaf);
  for (uint32_t s = 0; s < tree->section_count; s += BLOCK) scan_block(tree, tree->leaf_count + s / BLOCK);
  for (uint32_t i = tree->leaf_count - 1; i > 0; i--) join_children(tree, i);
}

/* ---- the operations ---- */

void vmo_tree_set_waiting(vmo_tree *tree, uint32_t section, uint32_t first) {
  uint32_t leaf = tree->leaf_count + section / BLOCK;
  hand_down(tree, leaf);
  tree->firsts[section] = first;
  scan_block(tree, leaf);
  climb(tree, leaf);
}

/* The part of the span that lies in the block. */
static vmo_span cut_span(const vmo_tree *tree, uint32_t leaf, vmo_span span) {
  vmo_span block = block_span(tree, leaf);
  return (vmo_span){span.begin > block.begin ? span.begin : block.begin, span.end < block.end ? span.end : block.end};
}

static void assign_in_block(vmo_tree *tree, uint32_t leaf, vmo_span span, vmo_bytes height) {
  vmo_span cut = cut_span(tree, leaf, span);
  for (uint32_t s = cut.begin; s < cut.end; s++) tree->heights[s] = height;
  scan_block(tree, leaf);
}

void vmo_tree_assign(vmo_tree *tree, vmo_span span, vmo_bytes height) {
  uint32_t left = tree->leaf_count + span.begin / BLOCK, right = tree->leaf_count + (span.end - 1) / BLOCK;
  hand_down(tree, left);
  assign_in_block(tree, left, span, height);
  if (left != right) {
    hand_down(tree, right);
    assign_in_block(tree, right, span, height);
    unsigned level = 0;
    for (uint32_t a = left + 1, b = right; a < b; a >>= 1, b >>= 1, level++) {
      if (a & 1) settle(tree, a++, level, height);
      if (b & 1) settle(tree, --b, level, height);
    }
    climb(tree, right);
  }
  climb(tree, left);
}

static void prefer(const vmo_tree *tree, vmo_bytes other, uint32_t other_at, vmo_bytes *height, uint32_t *section) {
  if (other < *height) return;
  *section = other > *height ? other_at : heavier(tree, *section, other_at);
  *height = other;
}

static void find_in_block(const vmo_tree *tree, uint32_t leaf, vmo_span span, vmo_bytes *height, uint32_t *section) {
  vmo_span cut = cut_span(tree, leaf, span), block = block_span(tree, leaf);
  if (cut.begin == block.begin && cut.end == block.end) {
    prefer(tree, tree->nodes[leaf].highest, tree->nodes[leaf].highest_at, height, section);
    return;
  }
  for (uint32_t s = cut.begin; s < cut.end; s++) prefer(tree, tree->heights[s], s, height, section);
}

vmo_bytes vmo_tree_highest(vmo_tree *tree, vmo_span span, uint32_t *section) {
  uint32_t left = tree->leaf_count + span.begin / BLOCK, right = tree->leaf_count + (span.end - 1) / BLOCK;
  vmo_bytes height = -1;
  *section = span.begin;
  hand_down(tree, left);
  find_in_block(tree, left, span, &height, section);
  if (left == right) return height;
  hand_down(tree, right);
  find_in_block(tree, right, span, &height, section);
  for (uint32_t a = left + 1, b = right; a < b; a >>= 1, b >>= 1) {
    if (a & 1) prefer(tree, tree->nodes[a].highest, tree->nodes[a].highest_at, &height, section), a++;
    if (b & 1) b--, prefer(tree, tree->nodes[b].highest, tree->nodes[b].highest_at, &height, section);
  }
  return height;
}

vmo_bytes vmo_tree_height(const vmo_tree *tree, uint32_t section) {
  uint32_t leaf = tree->leaf_count + section / BLOCK;
  for (unsigned level = tree->levels + 1; level-- > 0;)
    if (tree->nodes[leaf >> level].uniform) return tree->nodes[leaf >> level].highest;
  return tree->heights[section];
}

static uint32_t find_higher_in_block(vmo_tree *tree, uint32_t leaf, uint32_t section, vmo_bytes height) {
  uint32_t end = block_span(tree, leaf).end;
  open_block(tree, leaf);
  while (section < end && tree->heights[section] <= height) section++;
  return section;
}

uint32_t vmo_tree_find_higher(vmo_tree *tree, uint32_t section, vmo_bytes height) {
  uint32_t index = tree->leaf_count + section / BLOCK;
  unsigned level = 0;
  hand_down(tree, index);
  section = find_higher_in_block(tree, index, section, height);
  if (section < block_span(tree, index).end || section == tree->section_count) return section;
  do { /* up to the next ancestor that is a left child, and over to its sibling, until one is high enough */
    for (; index & 1; index >>= 1, level++)
      if (index == 1) return tree->section_count;
    index++;
  } while (tree->nodes[index].highest <= height);
  for (; level > 0; level--) {
    hand_down_once(tree, index, level);
    index *= 2;
    if (tree->nodes[index].highest <= height) index++;
  }
  return find_higher_in_block(tree, index, block_span(tree, index).begin, height);
}
