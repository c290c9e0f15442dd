/* holes.c: the lowest place that a bundle has among others that stay where they are.
 *
 * Each of the others that is live at a common time, or that is to be apart, forbids open intervals of the bundle's offset;
 * sorted by their lower ends they are gone through once, and the offset jumps to the upper end of each that it lies in,
 * rounded up to the alignment. O(p + r log r), p pieces of the others, r intervals. */
#include <stdlib.h>

#include "planner/assign.h"
#include "planner/instance.h"
#include "support/vec.h"

typedef struct range {
  vmo_bytes low, high; /* open */
} range;

typedef struct hole_search {
  const vmo_bundles *bundles;
  uint32_t bundle;
  const vmo_bytes *offsets; /* per bundle */
  vmr_arena *arena;
  VMO_VEC(range) ranges;
} hole_search;

static int compare_ranges(const void *left, const void *right) {
  const range *a = left, *b = right;
  if (a->low != b->low) return a->low < b->low ? -1 : 1;
  return (a->high > b->high) - (a->high < b->high);
}

/* Adds what another bundle forbids where both are live. */
static bool add_other(hole_search *search, uint32_t index) {
  const vmo_bundle *own = &search->bundles->data[search->bundle], *other = &search->bundles->data[index];
  vmo_bytes offset = search->offsets[index];
  for (uint32_t i = 0, j = 0; i < own->piece_count && j < other->piece_count;) {
    const vmo_piece *x = &search->bundles->pieces[own->piece_first + i];
    const vmo_piece *y = &search->bundles->pieces[other->piece_first + j];
    range added = {offset + y->low - x->high, offset + y->high - x->low};
    bool meet = x->begin < y->end && y->begin < x->end && added.high > 0;
    if (meet && !vmo_vec_push(search->arena, &search->ranges, added)) return false;
    if (x->end <= y->end)
      i++;
    else
      j++;
  }
  return true;
}

static bool add_apart(hole_search *search, const uint32_t *spaces, uint32_t space) {
  for (uint32_t i = 0; i < search->bundles->apart_count; i++) {
    const vmo_apart *pair = &search->bundles->apart[i];
    bool first = pair->first == search->bundle;
    uint32_t other = first ? pair->second : pair->first;
    if ((!first && pair->second != search->bundle) || spaces[other] != space) continue;
    vmo_bytes own_bytes = first ? pair->first_bytes : pair->second_bytes;
    vmo_bytes other_bytes = first ? pair->second_bytes : pair->first_bytes;
    range added = {search->offsets[other] - own_bytes, search->offsets[other] + other_bytes};
    if (!vmo_vec_push(search->arena, &search->ranges, added)) return false;
  }
  return true;
}

static vmo_bytes lowest_place(hole_search *search, vmo_bytes alignment) {
  vmo_bytes place = 0;
  const range *ranges = search->ranges.data;
  if (search->ranges.count > 1) qsort(search->ranges.data, search->ranges.count, sizeof *ranges, compare_ranges);
  for (uint32_t i = 0; i < search->ranges.count && ranges[i].low < place; i++)
    if (place < ranges[i].high) place = vmo_round_up(ranges[i].high, alignment);
  return place;
}

static bool is_free(const hole_search *search, vmo_bytes place) {
  for (uint32_t i = 0; i < search->ranges.count; i++)
    if (search->ranges.data[i].low < place && place < search->ranges.data[i].high) return false;
  return true;
}

bool vmo_find_hole(const vmo_assignment *assignment, uint32_t bundle, uint32_t space, const uint32_t *chosen,
                   uint32_t count, vmr_arena *arena, vmo_bytes *place) {
  hole_search search = {
      .bundles = assignment->bundles, .bundle = bundle, .offsets = assignment->offsets, .arena = arena};
  const vmo_bundle *own = &assignment->bundles->data[bundle];
  const vmo_space *asked = &assignment->problem->spaces[space];
  for (uint32_t i = 0; i < count; i++)
    if (!add_other(&search, chosen[i])) return false;
  if (!add_apart(&search, assignment->spaces, space)) return false;
  *place = own->fixed_offset;
  if (*place < 0)
    *place = lowest_place(&search, vmo_max_bytes(own->alignment, vmo_space_alignment(asked)));
  else if (!is_free(&search, *place))
    *place = -1;
  vmo_bytes most = asked->capacity >= 0 ? asked->capacity : VMO_BYTES_LIMIT - 1;
  if (*place + own->bytes > most) *place = -1;
  return true;
}
