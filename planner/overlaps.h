/* overlaps.h: who of a part is live somewhere within a window of sections? Private to the folder. */
#ifndef VMO_PLANNER_OVERLAPS_H
#define VMO_PLANNER_OVERLAPS_H

#include "planner/instance.h"

/* The part's items by their first sections, under a tree of the largest ends. An item counts from its first section to
 * its last, gaps included. Sections are the part's own. */
typedef struct vmo_overlaps {
  uint32_t *items;  /* per place: of the instance */
  uint32_t *ends;   /* per place */
  uint32_t *firsts; /* per section, and one more: the first place whose item begins there or later */
  uint32_t *reach;  /* 1 is the root, 2i and 2i + 1 are the children of i, leaf_count + b is block b of the places */
  uint32_t count, leaf_count;
} vmo_overlaps;

/* False: out of memory. O(n). */
bool vmo_overlaps_init(vmo_overlaps *overlaps, vmr_arena *arena, const vmo_instance *instance, const vmo_part *part);
/* The first place from `from` on whose item meets the window, or VMO_NONE. O(log n). */
uint32_t vmo_overlaps_next(const vmo_overlaps *overlaps, vmo_span window, uint32_t from);

/* How many items begin in the span. */
static inline uint32_t vmo_overlaps_begins(const vmo_overlaps *overlaps, vmo_span span) {
  return overlaps->firsts[span.end] - overlaps->firsts[span.begin];
}

#endif
