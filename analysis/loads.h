/* loads.h: bytes live at each point, and their peaks.
 *
 * What takes bytes is a list of occupants: storages of the program as written, or the buffers of a plan, and besides
 * them workspaces and the memory of callees. The load of a stream is a peak of its own that its parent carries from the
 * fork to the join:
 *
 *   load at a point of a parallel = outer occupants live there + results + the sum of the streams' own peaks */
#ifndef VMO_ANALYSIS_LOADS_H
#define VMO_ANALYSIS_LOADS_H

#include "analysis/facts.h"

typedef struct vmo_occupant {
  uint32_t range_first, range_count; /* into vmo_occupancy.ranges */
  vmo_space_id space;
  vmo_stream_id home;
  vmo_bytes bytes;    /* in its space; -1: not known */
  vmo_bytes together; /* in the sum over all spaces: the same, but for a callee whose spaces peak apart in time */
  vmo_size_id size, size_together;
  uint32_t tag; /* the caller's: which storage, buffer, ... */
} vmo_occupant;

typedef struct vmo_occupancy {
  VMO_VEC(vmo_occupant) occupants;
  VMO_VEC(vmo_live_range) ranges;
} vmo_occupancy;

typedef struct vmo_loads {
  uint32_t space_count;
  vmo_amount *peaks;              /* the largest load of each space of the module */
  vmo_amount peak;                /* the largest load, spaces together */
  vmo_amount *floors;             /* what the largest load of each space reaches at least: the peaks when exact */
  bool exact;                     /* with free dims: false when the loads were too many to be told apart */
  vmo_point point;                /* where that is; -1: nothing is ever live, or not known */
  vmo_bytes *timeline;            /* op_count loads, spaces together; NULL when not known */
  VMO_VEC(uint32_t) contributors; /* occupants that are live at the peak, those of streams at their own peaks */
} vmo_loads;

/* Homes of occupants, and streams within streams. */
typedef struct vmo_home_index {
  uint32_t *first, *by_home;          /* occupants of stream h: by_home[first[h]..first[h + 1]) */
  uint32_t *first_child, *next_child; /* streams as a tree; 0 ends a list: stream 0 is nobody's child */
} vmo_home_index;

bool vmo_index_homes(const vmo_flow *flow, const vmo_occupancy *occupancy, vmo_home_index *index);

/* Loads under `flow`'s streams; `known`: all occupants have numbers. */
vmo_status vmo_compute_loads(const vmo_flow *flow, const vmo_occupancy *occupancy, bool known, vmo_loads *loads);

/* The same with expressions over free dims (symbolic_loads.c). */
vmo_status vmo_compute_symbolic_loads(const vmo_flow *flow, const vmo_occupancy *occupancy, vmo_loads *loads);

/* Adds an occupant that is live in one range. */
bool vmo_add_occupant(const vmo_flow *flow, vmo_occupancy *occupancy, vmo_occupant occupant, vmo_live_range range);

#endif
