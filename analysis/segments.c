/* segments.c: the live segments of a lane, in order, where many are added in any place.
 *
 * A lane is a treap: a search tree by where segments begin, and a heap by a mixed-up form of the same number, so that
 * its shape depends on nothing but what is in it and its depth is logarithmic as if the order of adding were random
 * (C. R. Aragon, R. Seidel, "Randomized Search Trees", FOCS 1989). Finding, adding and removing cost that depth.
 * Segments that are no longer used are kept in a list and taken again.
 *
 *   [3, 5)  [5, 5)  [5, 9)    in this order: an empty segment is before the op where it stands; no two others begin at
 *                             one op, for they would overlap and be one */
#include "analysis/lanes.h"

/* ---- the tree ---- */

static bool is_empty(const vmo_segment *segment) { return segment->begin == segment->end; }

/* By what segments are ordered. */
static uint32_t key_of(const vmo_segment *segment) { return 2 * (uint32_t)segment->begin + !is_empty(segment); }

/* A permutation of the keys: no two segments of a lane have the same rank. */
static uint32_t rank_of(const vmo_segment *segment) {
  uint32_t mixed = key_of(segment) * UINT32_C(0x9e3779b1);
  mixed = (mixed ^ mixed >> 15) * UINT32_C(0x85ebca77);
  return mixed ^ mixed >> 13;
}

/* Divides a tree: what has a lesser key, and the rest. */
static void split(vmo_segment *tree, uint32_t key, vmo_segment **before, vmo_segment **rest) {
  while (tree) {
    if (key_of(tree) < key) {
      *before = tree;
      before = &tree->right;
      tree = tree->right;
    } else {
      *rest = tree;
      rest = &tree->left;
      tree = tree->left;
    }
  }
  *before = *rest = NULL;
}

/* One tree of two, of which the left one is before the right one. */
static vmo_segment *join(vmo_segment *left, vmo_segment *right) {
  vmo_segment *root, **at = &root;
  while (left && right) {
    if (rank_of(left) > rank_of(right)) {
      *at = left;
      at = &left->right;
      left = left->right;
    } else {
      *at = right;
      at = &right->left;
      right = right->left;
    }
  }
  *at = left ? left : right;
  return root;
}

static void insert(vmo_lane *lane, vmo_segment *segment) {
  vmo_segment **at = &lane->root;
  while (*at && rank_of(*at) > rank_of(segment)) at = key_of(segment) < key_of(*at) ? &(*at)->left : &(*at)->right;
  split(*at, key_of(segment), &segment->left, &segment->right);
  *at = segment;
  lane->segment_count++;
}

static vmo_segment *take_out(vmo_lane *lane, const vmo_segment *segment) {
  vmo_segment **at = &lane->root;
  while (*at != segment) at = key_of(segment) < key_of(*at) ? &(*at)->left : &(*at)->right;
  vmo_segment *gone = *at;
  *at = join(gone->left, gone->right);
  lane->segment_count--;
  return gone;
}

/* ---- finding ---- */

const vmo_segment *vmo_find_segment(const vmo_lane *lane, vmo_point point) {
  const vmo_segment *found = NULL;
  for (const vmo_segment *at = lane->root; at;) {
    bool fits = at->end >= point;
    if (fits) found = at;
    at = fits ? at->left : at->right;
  }
  return found;
}

const vmo_segment *vmo_next_segment(const vmo_lane *lane, const vmo_segment *segment) {
  const vmo_segment *found = NULL;
  for (const vmo_segment *at = segment->right ? segment->right : lane->root; at;) {
    bool after = key_of(at) > key_of(segment);
    if (after) found = at;
    at = after ? at->left : at->right;
  }
  return found;
}

/* The last one whose key is `key` or less. */
static vmo_segment *find_at_or_before(const vmo_lane *lane, uint32_t key) {
  vmo_segment *found = NULL;
  for (vmo_segment *at = lane->root; at;) {
    bool fits = key_of(at) <= key;
    if (fits) found = at;
    at = fits ? at->right : at->left;
  }
  return found;
}

/* ---- adding ---- */

static vmo_segment *new_segment(vmo_buffers *buffers, const vmo_segment *content) {
  vmo_segment *made = buffers->free_segments;
  if (made)
    buffers->free_segments = made->right;
  else
    made = vmo_alloc(buffers->flow->memory, sizeof *made);
  if (made) *made = (vmo_segment){content->begin, content->end, content->first, content->last, NULL, NULL};
  return made;
}

static void free_segment(vmo_buffers *buffers, vmo_segment *segment) {
  segment->right = buffers->free_segments;
  buffers->free_segments = segment;
}

/* Of two that begin at one op, the one that the op makes comes after the one that it reads. */
static bool comes_before(const vmo_flow *flow, const vmo_segment *a, const vmo_segment *b) {
  if (a->begin != b->begin) return a->begin < b->begin;
  if (a->first == VMO_NONE) return true;
  const vmo_storage *first = &flow->storages.data[a->first];
  return !(first->owner == VMO_OWNER_RESULT && first->definition == a->begin);
}

/* Whether `segment` hands over to `later`. Segments that only touch stay apart: a value that takes over from the one and
 * hands over to the other may come between. */
static bool hands_over(const vmo_segment *segment, const vmo_segment *later) {
  return !is_empty(segment) && !is_empty(later) && segment->end > later->begin;
}

/* `later`, to which `segment` hands over, becomes part of it. */
static void extend(vmo_segment *segment, const vmo_segment *later) {
  if (later->end < segment->end) return;
  segment->end = later->end;
  segment->last = later->last;
}

/* Both begin at the same op, and become one. */
static void unite(const vmo_flow *flow, vmo_segment *segment, const vmo_segment *added) {
  if (comes_before(flow, segment, added)) {
    extend(segment, added);
    return;
  }
  vmo_segment former = *segment;
  segment->end = added->end;
  segment->first = added->first;
  segment->last = added->last;
  extend(segment, &former);
}

bool vmo_add_segment(vmo_buffers *buffers, vmo_lane *lane, const vmo_segment *added) {
  vmo_segment *at = find_at_or_before(lane, key_of(added));
  if (at && key_of(at) == key_of(added)) {
    if (!is_empty(at)) unite(buffers->flow, at, added);
  } else if (at && hands_over(at, added)) {
    extend(at, added);
  } else {
    at = new_segment(buffers, added);
    if (!at) return false;
    insert(lane, at);
  }
  const vmo_segment *next;
  while ((next = vmo_next_segment(lane, at)) && hands_over(at, next)) {
    extend(at, next);
    free_segment(buffers, take_out(lane, next));
  }
  return true;
}

void vmo_remove_segment(vmo_buffers *buffers, vmo_lane *lane, const vmo_segment *segment) {
  free_segment(buffers, take_out(lane, segment));
}

void vmo_clear_lane(vmo_buffers *buffers, vmo_lane *lane) {
  vmo_segment *at = lane->root;
  while (at) {
    while (at->left) { /* rotate to the right: what is left of it comes up */
      vmo_segment *left = at->left;
      at->left = left->right;
      left->right = at;
      at = left;
    }
    vmo_segment *rest = at->right;
    free_segment(buffers, at);
    at = rest;
  }
  lane->root = NULL;
  lane->segment_count = 0;
}
