/* symbolic_loads.c: loads as expressions over free dims.
 *
 * The running sum is an expression; of the loads that occur, those that no other provably reaches are kept, and the peak
 * is their maximum. Loads are looked at only where something begins. Costs as many additions of expressions as there are
 * ranges, and a comparison with each kept load. */
#include "analysis/loads.h"

#include <stdlib.h>
#include <string.h>

typedef struct event {
  vmo_point point;
  bool begins;
  vmo_size_id size;
} event;

typedef struct kept_loads {
  vmo_size_id *data;
  uint32_t count, capacity;
} kept_loads;

static int compare_events(const void *left, const void *right) {
  const event *a = left, *b = right;
  if (a->point != b->point) return a->point < b->point ? -1 : 1;
  if (a->begins != b->begins) return a->begins ? 1 : -1; /* what ends at a point is gone before what begins there */
  return (a->size > b->size) - (a->size < b->size);
}

/* Drops the loads that `load` provably reaches; keeps it unless one of them reaches it. */
static bool keep_load(vmo_module *module, kept_loads *kept, vmo_size_id load) {
  uint32_t left = 0;
  for (uint32_t i = 0; i < kept->count; i++)
    if (kept->data[i] == load || vmo_size_at_least(module->sizes, kept->data[i], load)) return true;
  for (uint32_t i = 0; i < kept->count; i++)
    if (!vmo_size_at_least(module->sizes, load, kept->data[i])) kept->data[left++] = kept->data[i];
  kept->count = left;
  return vmo_vec_push(module->context->arena, kept, load);
}

/* The maximum over all points of the sum of what is live. VMO_NONE: out of memory. */
static vmo_size_id largest_load(vmo_module *module, event *events, uint32_t count) {
  kept_loads kept = {0};
  vmo_size_id zero = vmo_size_constant(module->sizes, 0), load = zero;
  if (count > 0) qsort(events, count, sizeof *events, compare_events);
  for (uint32_t i = 0; i < count && load != VMO_NONE; i++) {
    load = events[i].begins ? vmo_size_add(module->sizes, load, events[i].size)
                            : vmo_size_subtract(module->sizes, load, events[i].size);
    bool last_begin =
        events[i].begins && (i + 1 == count || !events[i + 1].begins || events[i + 1].point != events[i].point);
    if (last_begin && load != VMO_NONE && !keep_load(module, &kept, load)) return VMO_NONE;
  }
  vmo_size_id peak = load == VMO_NONE ? VMO_NONE : zero;
  for (uint32_t i = 0; i < kept.count && peak != VMO_NONE; i++)
    peak = peak == zero ? kept.data[i] : vmo_size_max(module->sizes, peak, kept.data[i]);
  return peak;
}

typedef struct pass {
  const vmo_flow *flow;
  const vmo_occupancy *occupancy;
  vmo_size_id *peaks; /* by stream and row, as in loads.c */
  uint32_t spaces;
  event *events;
  uint32_t count;
} pass;

static void add(pass *p, vmo_point begin, vmo_point end, vmo_size_id size) {
  int64_t number = 1;
  if (begin >= end || (vmo_size_is_constant(p->flow->module->sizes, size, &number) && number == 0)) return;
  p->events[p->count++] = (event){begin, true, size};
  p->events[p->count++] = (event){end, false, size};
}

static vmo_size_id peak_of(pass *p, vmo_stream_id home, uint32_t r) {
  p->count = 0;
  for (uint32_t i = 0; i < p->occupancy->occupants.count; i++) {
    const vmo_occupant *occupant = &p->occupancy->occupants.data[i];
    if (occupant->home != home || (r < p->spaces && occupant->space != r)) continue;
    for (uint32_t k = 0; k < occupant->range_count; k++) {
      vmo_live_range range = p->occupancy->ranges.data[occupant->range_first + k];
      add(p, range.begin, range.end, r < p->spaces ? occupant->size : occupant->size_together);
    }
  }
  for (vmo_stream_id child = home + 1; child < p->flow->streams.count; child++) {
    const vmo_stream *inner = &p->flow->streams.data[child];
    if (inner->parent == home) add(p, inner->fork, inner->join, p->peaks[(size_t)child * (p->spaces + 1) + r]);
  }
  return largest_load(p->flow->module, p->events, p->count);
}

vmo_status vmo_compute_symbolic_loads(const vmo_flow *flow, const vmo_occupancy *occupancy, vmo_loads *loads) {
  vmo_context *context = flow->memory;
  pass p = {.flow = flow, .occupancy = occupancy, .spaces = loads->space_count};
  uint32_t streams = flow->streams.count, rows = p.spaces + 1;
  p.peaks = vmo_alloc_array(context, (size_t)streams * rows, sizeof *p.peaks);
  p.events = vmo_alloc_array(context, 2 * ((size_t)occupancy->ranges.count + streams) + 2, sizeof *p.events);
  if (!p.peaks || !p.events) return VMO_OUT_OF_MEMORY;
  for (vmo_stream_id home = streams; home-- > 0;)
    for (uint32_t r = 0; r < rows; r++)
      if ((p.peaks[(size_t)home * rows + r] = peak_of(&p, home, r)) == VMO_NONE) return VMO_OUT_OF_MEMORY;
  for (uint32_t s = 0; s < p.spaces; s++) loads->peaks[s] = (vmo_amount){-1, p.peaks[s]};
  loads->peak = (vmo_amount){-1, p.peaks[p.spaces]};
  return VMO_OK;
}
