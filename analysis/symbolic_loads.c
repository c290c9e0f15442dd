/* symbolic_loads.c: loads as expressions over free dims.
 *
 * The running sum is an expression; of the loads that occur, those that no other provably reaches are kept, and the peak
 * is their maximum. Loads are looked at only where something begins. Of very many that cannot be compared the first are
 * kept and one expression covers the others: the peak is then an upper bound. Costs as many additions of expressions as
 * there are ranges, and a comparison with each kept load. */
#include "analysis/loads.h"

#include <stdlib.h>

typedef struct event {
  vmo_point point;
  bool begins;
  vmo_size_id size;
} event;

#define MOST_KEPT 64 /* loads that nobody can compare */

typedef struct kept_loads {
  vmo_size_id data[MOST_KEPT]; /* none of them reaches another, provably */
  uint32_t count;
  vmo_size_id above; /* reaches all others; VMO_NONE: there are none */
} kept_loads;

static int compare_events(const void *left, const void *right) {
  const event *a = left, *b = right;
  if (a->point != b->point) return a->point < b->point ? -1 : 1;
  if (a->begins != b->begins) return a->begins ? 1 : -1; /* what ends at a point is gone before what begins there */
  return (a->size > b->size) - (a->size < b->size);
}

/* Keeps a load that none of those kept provably reaches, and drops those that it reaches. Too many that cannot be
 * compared are covered by one expression. False when that cannot be had. */
static bool keep_load(vmo_sizes *sizes, kept_loads *kept, vmo_size_id load) {
  uint32_t left = 0;
  if (kept->above != VMO_NONE && vmo_size_at_least(sizes, kept->above, load)) return true;
  for (uint32_t i = 0; i < kept->count; i++)
    if (vmo_size_at_least(sizes, kept->data[i], load)) return true;
  for (uint32_t i = 0; i < kept->count; i++)
    if (!vmo_size_at_least(sizes, load, kept->data[i])) kept->data[left++] = kept->data[i];
  kept->count = left;
  if (left < MOST_KEPT) {
    kept->data[kept->count++] = load;
    return true;
  }
  kept->above = kept->above == VMO_NONE ? load : vmo_size_cover_terms(sizes, kept->above, load);
  return kept->above != VMO_NONE;
}

/* The maximum over all points of the sum of what is live, and in *floor what it reaches at least, which is the same unless
 * loads had to be covered. VMO_NONE: out of memory, or beyond what a size can be. */
static vmo_size_id largest_load(vmo_sizes *sizes, event *events, uint32_t count, vmo_size_id *floor) {
  kept_loads kept = {.above = VMO_NONE};
  vmo_size_id zero = vmo_size_constant(sizes, 0), load = zero;
  if (count > 0) qsort(events, count, sizeof *events, compare_events);
  for (uint32_t i = 0; i < count && load != VMO_NONE; i++) {
    load =
        events[i].begins ? vmo_size_add(sizes, load, events[i].size) : vmo_size_subtract(sizes, load, events[i].size);
    bool last_begin =
        events[i].begins && (i + 1 == count || !events[i + 1].begins || events[i + 1].point != events[i].point);
    if (last_begin && load != VMO_NONE && !keep_load(sizes, &kept, load)) return VMO_NONE;
  }
  vmo_size_id peak = load == VMO_NONE ? VMO_NONE : zero;
  for (uint32_t i = 0; i < kept.count && peak != VMO_NONE; i++)
    peak = peak == zero ? kept.data[i] : vmo_size_max(sizes, peak, kept.data[i]);
  *floor = peak;
  return kept.above == VMO_NONE ? peak : vmo_size_cover_terms(sizes, peak, kept.above);
}

typedef struct pass {
  const vmo_flow *flow;
  const vmo_occupancy *occupancy;
  vmo_home_index homes;
  vmo_size_id *peaks, *floors; /* by stream and row, as in loads.c */
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

static void list_events(pass *p, vmo_stream_id home, uint32_t r) {
  p->count = 0;
  for (uint32_t i = p->homes.first[home]; i < p->homes.first[home + 1]; i++) {
    const vmo_occupant *occupant = &p->occupancy->occupants.data[p->homes.by_home[i]];
    if (r < p->spaces && occupant->space != r) continue;
    for (uint32_t k = 0; k < occupant->range_count; k++) {
      vmo_live_range range = p->occupancy->ranges.data[occupant->range_first + k];
      add(p, range.begin, range.end, r < p->spaces ? occupant->size : occupant->size_together);
    }
  }
  for (vmo_stream_id child = p->homes.first_child[home]; child != 0; child = p->homes.next_child[child]) {
    const vmo_stream *inner = &p->flow->streams.data[child];
    add(p, inner->fork, inner->join, p->peaks[(size_t)child * (p->spaces + 1) + r]);
  }
}

/* The floor of a home counts only where its streams' are exact: else 0, which every load reaches. */
static bool find_peak(pass *p, vmo_stream_id home, uint32_t r) {
  size_t at = (size_t)home * (p->spaces + 1) + r;
  list_events(p, home, r);
  p->peaks[at] = largest_load(p->flow->module->sizes, p->events, p->count, &p->floors[at]);
  for (vmo_stream_id child = p->homes.first_child[home]; child != 0; child = p->homes.next_child[child]) {
    size_t inner = (size_t)child * (p->spaces + 1) + r;
    if (p->floors[inner] != p->peaks[inner]) p->floors[at] = vmo_size_constant(p->flow->module->sizes, 0);
  }
  return p->peaks[at] != VMO_NONE;
}

vmo_status vmo_compute_symbolic_loads(const vmo_flow *flow, const vmo_occupancy *occupancy, vmo_loads *loads) {
  vmo_context *context = flow->memory;
  pass p = {.flow = flow, .occupancy = occupancy, .spaces = loads->space_count};
  uint32_t streams = flow->streams.count, rows = p.spaces + 1;
  p.peaks = vmo_alloc_array(context, (size_t)streams * rows, sizeof *p.peaks);
  p.floors = vmo_alloc_array(context, (size_t)streams * rows, sizeof *p.floors);
  p.events = vmo_alloc_array(context, 2 * ((size_t)occupancy->ranges.count + streams) + 2, sizeof *p.events);
  loads->floors = vmo_alloc_array(context, p.spaces, sizeof *loads->floors);
  if (!p.peaks || !p.floors || !p.events || !loads->floors || !vmo_index_homes(flow, occupancy, &p.homes))
    return VMO_OUT_OF_MEMORY;
  for (vmo_stream_id home = streams; home-- > 0;)
    for (uint32_t r = 0; r < rows; r++)
      if (!find_peak(&p, home, r)) return VMO_OUT_OF_MEMORY;
  for (uint32_t s = 0; s < p.spaces; s++) {
    loads->peaks[s] = (vmo_amount){-1, p.peaks[s]};
    loads->floors[s] = (vmo_amount){-1, p.floors[s]};
    if (p.floors[s] != p.peaks[s]) loads->exact = false;
  }
  if (p.floors[p.spaces] != p.peaks[p.spaces]) loads->exact = false;
  loads->peak = (vmo_amount){-1, p.peaks[p.spaces]};
  return VMO_OK;
}
