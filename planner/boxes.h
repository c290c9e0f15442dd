/* boxes.h: which of the items that lie within a run of sections comes first? Private to the folder.
 *
 * An item with the span [begin, end) is a point in the plane; those within [l, r) are the points with
 * begin >= l and end <= r. The points are sorted along a Z-shaped curve, which keeps near ones together,
 * under a tree of bounding boxes that know the least rank inside. A question goes down into the boxes that
 * lie partly within the bounds, the most promising first; as in a k-d tree (Bentley, 1975) that is
 * O(sqrt n) boxes for bad bounds, and a few for the short runs that make up most of a skyline. */
#ifndef VMO_PLANNER_BOXES_H
#define VMO_PLANNER_BOXES_H

#include "planner/instance.h"

typedef struct vmo_box {
  uint32_t begin_least, begin_most, end_least, end_most;
  uint32_t first; /* the least rank inside, or VMO_NONE */
} vmo_box;

typedef struct vmo_boxes {
  vmo_box *nodes;  /* 1 is the root, 2i and 2i + 1 are the children of i, leaf_count + b is block b of the points */
  vmo_span *spans; /* per point, along the curve */
  uint32_t *ranks; /* per point: VMO_NONE where it is taken out */
  uint32_t point_count;
  uint32_t leaf_count; /* a power of two */
} vmo_boxes;

/* Fills *boxes with the items of spans[rank]; places[rank] becomes the item's point. Ranks with an empty span are left
 * out. False: out of memory. O(n). */
bool vmo_boxes_init(vmo_boxes *boxes, vmr_arena *arena, const vmo_span *spans, uint32_t count, uint32_t *places);
/* The least rank within the run, or VMO_NONE. Adds to *used what it cost. */
uint32_t vmo_boxes_find(const vmo_boxes *boxes, vmo_span run, uint64_t *used);
/* Sets the rank of a point: VMO_NONE takes it out. */
void vmo_boxes_set(vmo_boxes *boxes, uint32_t place, uint32_t rank);

static inline bool vmo_boxes_are_empty(const vmo_boxes *boxes) { return boxes->nodes[1].first == VMO_NONE; }

#endif
