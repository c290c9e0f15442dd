/* lanes.h: what buffers.c, lanes.c, parts.c and segments.c share. Private to analysis/. */
#ifndef VMO_ANALYSIS_LANES_H
#define VMO_ANALYSIS_LANES_H

#include "analysis/buffers.h"

typedef struct vmo_merge {
  vmo_buffers *buffers;
  vmo_storage_id left, right; /* roots */
  vmo_bytes begin, end;       /* the bytes that are to be shared, in left's buffer; end -1: all */
  vmo_conflict *conflict;
} vmo_merge;

/* Whether the segments fit; otherwise m->conflict says where they do not. `left` has the more of them. */
bool vmo_test_lanes(const vmo_merge *m, const vmo_lane *left, const vmo_lane *right);

/* Adds the segments of `right` to `left`, joining those that meet; false when memory is out. */
bool vmo_join_lanes(vmo_buffers *buffers, vmo_lane *left, const vmo_lane *right);

/* Adds one segment, joining it with those that it meets; false when memory is out. */
bool vmo_add_segment(vmo_buffers *buffers, vmo_lane *lane, const vmo_segment *segment);
void vmo_remove_segment(vmo_buffers *buffers, vmo_lane *lane, const vmo_segment *segment);
/* Takes out all segments, for others to use. */
void vmo_clear_lane(vmo_buffers *buffers, vmo_lane *lane);

/* Segments of a buffer of one member, made when they are first needed; false when memory is out. */
bool vmo_make_segments(vmo_buffers *buffers, vmo_storage_id root);

/* Whether two buffers may be one as far as parameters, states, results and constants go. */
vmo_refusal vmo_check_anchors(const vmo_buffers *buffers, vmo_storage_id left, vmo_storage_id right);

/* Makes root `right` part of root `left`; segments are the caller's concern. */
void vmo_unite_buffers(vmo_buffers *buffers, vmo_storage_id left, vmo_storage_id right);

/* The bytes of a value in its buffer; end -1: all of them. False: not known. */
bool vmo_find_bytes(const vmo_buffers *buffers, vmo_value_id value, vmo_bytes *begin, vmo_bytes *end);

#endif
