/* fit_bundles.c: first fit under relations: the nodes one by one, each at the lowest offset that those before allow.
 *
 * What the placed nodes forbid of the next one's offset is a list of open intervals; sorted by their lower ends they
 * are gone through once, and the offset jumps to the upper end of each that it lies in, rounded up to the alignment. */
#include <stdlib.h>

#include "planner/relations.h"

typedef struct range {
  vmo_bytes low, high; /* open */
} range;

static int compare_ranges(const void *left, const void *right) {
  const range *a = left, *b = right;
  if (a->low != b->low) return a->low < b->low ? -1 : 1;
  return (a->high > b->high) - (a->high < b->high);
}

/* Collects what the placed nodes forbid of the node's offset. */
static uint32_t collect(const vmo_relations *relations, uint32_t node, const vmo_bytes *offsets, range *ranges) {
  uint32_t count = 0;
  for (uint32_t i = relations->firsts[node]; i < relations->firsts[node + 1]; i++) {
    const vmo_relation *relation = &relations->data[i];
    if (offsets[relation->other] < 0) continue;
    vmo_bytes other = offsets[relation->other];
    if (other - relation->low > 0) ranges[count++] = (range){other - relation->high, other - relation->low};
  }
  return count;
}

static vmo_bytes lowest_place(range *ranges, uint32_t count, vmo_bytes alignment) {
  vmo_bytes place = 0;
  if (count > 1) qsort(ranges, count, sizeof *ranges, compare_ranges);
  for (uint32_t i = 0; i < count && ranges[i].low < place; i++)
    if (place < ranges[i].high) place = vmo_round_up(ranges[i].high, alignment);
  return place;
}

/* Whether no relation forbids the node's offset; else the clash is the node and a placed one. */
static bool is_free(const vmo_relations *relations, uint32_t node, const vmo_bytes *offsets, uint32_t clash[2]) {
  for (uint32_t i = relations->firsts[node]; i < relations->firsts[node + 1]; i++) {
    const vmo_relation *relation = &relations->data[i];
    if (offsets[relation->other] < 0) continue;
    vmo_bytes distance = offsets[relation->other] - offsets[node];
    if (distance <= relation->low || distance >= relation->high) continue;
    clash[0] = node < relation->other ? node : relation->other;
    clash[1] = node < relation->other ? relation->other : node;
    return false;
  }
  return true;
}

vmo_bytes vmo_height_of_nodes(const vmo_relations *relations, const vmo_bytes *offsets) {
  vmo_bytes height = 0;
  for (uint32_t i = 0; i < relations->count; i++)
    height = vmo_max_bytes(height, offsets[i] + relations->nodes[i].bytes);
  return height;
}

vmo_outcome vmo_fit_bundles(const vmo_relations *relations, const uint32_t *order, vmr_arena *scratch,
                            vmo_bytes *offsets, uint32_t clash[2]) {
  uint32_t most = 0;
  clash[0] = clash[1] = VMO_NONE;
  for (uint32_t i = 0; i < relations->count; i++) {
    uint32_t count = relations->firsts[i + 1] - relations->firsts[i];
    if (count > most) most = count;
    offsets[i] = -1;
  }
  for (uint32_t i = 0; i < relations->count; i++) {
    offsets[i] = relations->nodes[i].fixed_offset;
    if (offsets[i] >= 0 && !is_free(relations, i, offsets, clash)) return VMO_OUTCOME_NONE;
  }
  range *ranges = vmr_arena_alloc(scratch, ((size_t)most + 1) * sizeof *ranges);
  if (ranges == NULL) return VMO_OUTCOME_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < relations->count; i++) {
    uint32_t node = order[i];
    if (offsets[node] >= 0) continue;
    uint32_t count = collect(relations, node, offsets, ranges);
    offsets[node] = lowest_place(ranges, count, relations->nodes[node].alignment);
    if (offsets[node] >= VMO_BYTES_LIMIT - relations->nodes[node].bytes) return VMO_OUTCOME_NONE;
  }
  return VMO_OUTCOME_FOUND;
}
