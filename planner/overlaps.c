/* overlaps.c: the index of overlaps.h. Those who begin before the window's end are a prefix of the places; of these, the
 * next one that ends after its begin is found in the tree of the largest ends: up until a subtree on the right reaches
 * far enough, and down into it. Blocks of places are scanned. */
#include "planner/overlaps.h"

#define BLOCK 16u

static uint32_t most(uint32_t a, uint32_t b) { return a > b ? a : b; }

/* Puts the items in the order of their first sections. */
static void place_items(vmo_overlaps *overlaps, const vmo_instance *instance, const vmo_part *part) {
  for (uint32_t i = 0; i < part->item_count; i++) {
    const vmo_item *item = &instance->items[part->item_first + i];
    overlaps->firsts[instance->spans[item->span_first].begin - part->section_first]++;
  }
  for (uint32_t s = 0, sum = 0; s <= part->section_count; s++) {
    uint32_t here = overlaps->firsts[s];
    overlaps->firsts[s] = sum;
    sum += here;
  }
  for (uint32_t i = 0; i < part->item_count; i++) {
    const vmo_item *item = &instance->items[part->item_first + i];
    const vmo_span *spans = instance->spans + item->span_first;
    uint32_t place = overlaps->firsts[spans->begin - part->section_first]++;
    overlaps->items[place] = part->item_first + i;
    overlaps->ends[place] = spans[item->span_count - 1].end - part->section_first;
  }
  for (uint32_t s = part->section_count; s > 0; s--) overlaps->firsts[s] = overlaps->firsts[s - 1];
  overlaps->firsts[0] = 0;
}

bool vmo_overlaps_init(vmo_overlaps *overlaps, vmr_arena *arena, const vmo_instance *instance, const vmo_part *part) {
  *overlaps = (vmo_overlaps){.count = part->item_count, .leaf_count = 1};
  while (overlaps->leaf_count * (uint64_t)BLOCK < overlaps->count) overlaps->leaf_count *= 2;
  overlaps->items = vmr_arena_alloc(arena, overlaps->count * sizeof *overlaps->items);
  overlaps->ends = vmr_arena_alloc(arena, overlaps->count * sizeof *overlaps->ends);
  overlaps->firsts = vmr_arena_alloc_array(arena, (size_t)part->section_count + 1, sizeof *overlaps->firsts);
  overlaps->reach = vmr_arena_alloc_array(arena, 2 * (size_t)overlaps->leaf_count, sizeof *overlaps->reach);
  if (vmr_arena_status(arena) != VMR_OK) return false;
  place_items(overlaps, instance, part);
  for (uint32_t place = 0; place < overlaps->count; place++) {
    uint32_t *reach = &overlaps->reach[overlaps->leaf_count + place / BLOCK];
    *reach = most(*reach, overlaps->ends[place]);
  }
  for (uint32_t i = overlaps->leaf_count - 1; i > 0; i--)
    overlaps->reach[i] = most(overlaps->reach[2 * (size_t)i], overlaps->reach[2 * (size_t)i + 1]);
  return true;
}

/* The first block from `block` on that reaches beyond the section, or the number of blocks. */
static uint32_t find_block(const vmo_overlaps *overlaps, uint32_t block, uint32_t section) {
  uint32_t index = overlaps->leaf_count + block;
  if (block >= overlaps->leaf_count) return overlaps->leaf_count;
  while (overlaps->reach[index] <= section) {
    for (; index & 1; index >>= 1)
      if (index == 1) return overlaps->leaf_count;
    index++;
  }
  while (index < overlaps->leaf_count) index = 2 * index + (overlaps->reach[2 * (size_t)index] <= section);
  return index - overlaps->leaf_count;
}

uint32_t vmo_overlaps_next(const vmo_overlaps *overlaps, vmo_span window, uint32_t from) {
  uint32_t end = overlaps->firsts[window.end];
  while (from < end) {
    uint32_t block = find_block(overlaps, from / BLOCK, window.begin), stop = (block + 1) * BLOCK;
    if (block == overlaps->leaf_count) return VMO_NONE;
    for (from = most(from, block * BLOCK); from < end && from < stop; from++)
      if (overlaps->ends[from] > window.begin) return from;
  }
  return VMO_NONE;
}
