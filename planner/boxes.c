/* boxes.c: the boxes of boxes.h. */
#include "planner/boxes.h"

#define BLOCK 8u
#define STACK 64 /* the way down is at most 32 long, and each step leaves one box behind */

/* The bits of a number, a zero after each. */
static uint64_t spread_bits(uint32_t number) {
  uint64_t bits = number;
  bits = (bits | bits << 16) & UINT64_C(0x0000FFFF0000FFFF);
  bits = (bits | bits << 8) & UINT64_C(0x00FF00FF00FF00FF);
  bits = (bits | bits << 4) & UINT64_C(0x0F0F0F0F0F0F0F0F);
  bits = (bits | bits << 2) & UINT64_C(0x3333333333333333);
  return (bits | bits << 1) & UINT64_C(0x5555555555555555);
}

static void block_points(const vmo_boxes *boxes, uint32_t leaf, uint32_t *from, uint32_t *to) {
  *from = (leaf - boxes->leaf_count) * BLOCK;
  *to = *from + BLOCK < boxes->point_count ? *from + BLOCK : boxes->point_count;
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }
static uint32_t most(uint32_t a, uint32_t b) { return a > b ? a : b; }

static vmo_box join(const vmo_box *a, const vmo_box *b) {
  return (vmo_box){least(a->begin_least, b->begin_least), most(a->begin_most, b->begin_most),
                   least(a->end_least, b->end_least), most(a->end_most, b->end_most), least(a->first, b->first)};
}

static vmo_box bound_block(const vmo_boxes *boxes, uint32_t leaf) {
  vmo_box box = {.begin_least = UINT32_MAX, .end_least = UINT32_MAX, .first = VMO_NONE};
  uint32_t from, to;
  block_points(boxes, leaf, &from, &to);
  for (uint32_t i = from; i < to; i++) {
    vmo_span span = boxes->spans[i];
    box = join(&box, &(vmo_box){span.begin, span.begin, span.end, span.end, boxes->ranks[i]});
  }
  return box;
}

bool vmo_boxes_init(vmo_boxes *boxes, vmr_arena *arena, const vmo_span *spans, uint32_t count, uint32_t *places) {
  *boxes = (vmo_boxes){.leaf_count = 1};
  vmo_keyed *keys = vmr_arena_alloc(arena, 2 * (size_t)count * sizeof *keys);
  if (keys == NULL) return false;
  for (uint32_t rank = 0; rank < count; rank++) {
    vmo_span span = spans[rank];
    if (span.begin == span.end) continue;
    keys[boxes->point_count++] = (vmo_keyed){spread_bits(span.begin) << 1 | spread_bits(span.end), rank};
  }
  vmo_sort_keyed(keys, keys + count, boxes->point_count);
  while (boxes->leaf_count * (uint64_t)BLOCK < boxes->point_count) boxes->leaf_count *= 2;
  boxes->nodes = vmr_arena_alloc(arena, 2 * (size_t)boxes->leaf_count * sizeof *boxes->nodes);
  boxes->spans = vmr_arena_alloc(arena, boxes->point_count * sizeof *boxes->spans);
  boxes->ranks = vmr_arena_alloc(arena, boxes->point_count * sizeof *boxes->ranks);
  if (boxes->nodes == NULL || boxes->spans == NULL || boxes->ranks == NULL) return false;
  for (uint32_t i = 0; i < boxes->point_count; i++) {
    boxes->ranks[i] = keys[i].value;
    boxes->spans[i] = spans[keys[i].value];
    places[keys[i].value] = i;
  }
  for (uint32_t leaf = boxes->leaf_count; leaf < 2 * boxes->leaf_count; leaf++)
    boxes->nodes[leaf] = bound_block(boxes, leaf);
  for (uint32_t i = boxes->leaf_count - 1; i > 0; i--)
    boxes->nodes[i] = join(&boxes->nodes[2 * (size_t)i], &boxes->nodes[2 * (size_t)i + 1]);
  return true;
}

static uint32_t find_in_block(const vmo_boxes *boxes, uint32_t leaf, vmo_span run, uint32_t best) {
  uint32_t from, to;
  block_points(boxes, leaf, &from, &to);
  for (uint32_t i = from; i < to; i++)
    if (boxes->ranks[i] < best && boxes->spans[i].begin >= run.begin && boxes->spans[i].end <= run.end)
      best = boxes->ranks[i];
  return best;
}

/* Whether a box may hold a point within the run with a rank below `best`. */
static bool is_promising(const vmo_box *box, vmo_span run, uint32_t best) {
  return box->first < best && box->begin_most >= run.begin && box->end_least <= run.end;
}

uint32_t vmo_boxes_find(const vmo_boxes *boxes, vmo_span run, uint64_t *used) {
  uint32_t stack[STACK], depth = 0, best = VMO_NONE;
  for (stack[depth++] = 1; depth > 0; ++*used) {
    uint32_t index = stack[--depth];
    const vmo_box *box = &boxes->nodes[index], *children = &boxes->nodes[2 * (size_t)index];
    if (!is_promising(box, run, best)) continue;
    if (box->begin_least >= run.begin && box->end_most <= run.end) {
      best = box->first;
    } else if (index >= boxes->leaf_count) {
      best = find_in_block(boxes, index, run, best);
    } else {
      uint32_t later = 2 * index + (children[0].first < children[1].first);
      if (is_promising(&boxes->nodes[later], run, best)) stack[depth++] = later;
      if (is_promising(&boxes->nodes[later ^ 1], run, best)) stack[depth++] = later ^ 1;
    }
  }
  return best;
}

void vmo_boxes_set(vmo_boxes *boxes, uint32_t place, uint32_t rank) {
  uint32_t index = boxes->leaf_count + place / BLOCK, from, to, first = VMO_NONE;
  boxes->ranks[place] = rank;
  block_points(boxes, index, &from, &to);
  for (uint32_t i = from; i < to; i++) first = least(first, boxes->ranks[i]);
  boxes->nodes[index].first = first;
  for (index >>= 1; index > 0; index >>= 1) {
    first = least(boxes->nodes[2 * (size_t)index].first, boxes->nodes[2 * (size_t)index + 1].first);
    if (boxes->nodes[index].first == first) break;
    boxes->nodes[index].first = first;
  }
}
