/* loads.c: loads in numbers.
 *
 * For each stream, inner ones first, the ranges of its occupants are added to a difference array over its points, one
 * array a space and one for all together; the running sum is the load. Costs the number of ranges plus, for each
 * stream, its length. */
#include "analysis/loads.h"

#include <string.h>

typedef struct pass {
  const vmo_flow *flow;
  const vmo_occupancy *occupancy;
  uint32_t spaces; /* of the module; row `spaces` is all together */
  vmo_home_index homes;
  vmo_bytes *peaks;      /* of stream h and row r: peaks[h * (spaces + 1) + r] */
  vmo_point *points;     /* of each stream's peak, spaces together */
  vmo_bytes *difference; /* (spaces + 1) rows of the longest stream's length + 1 */
  bool *used;            /* rows with anything in them */
} pass;

bool vmo_add_occupant(const vmo_flow *flow, vmo_occupancy *occupancy, vmo_occupant occupant, vmo_live_range range) {
  vmr_arena *arena = flow->memory->arena;
  occupant.range_first = occupancy->ranges.count;
  occupant.range_count = 1;
  return vmo_vec_push(arena, &occupancy->ranges, range) && vmo_vec_push(arena, &occupancy->occupants, occupant);
}

bool vmo_index_homes(const vmo_flow *flow, const vmo_occupancy *occupancy, vmo_home_index *index) {
  vmo_context *context = flow->memory;
  uint32_t streams = flow->streams.count, count = occupancy->occupants.count;
  index->first = vmo_alloc_array(context, streams + 2, sizeof *index->first);
  index->by_home = vmo_alloc_array(context, count + 1, sizeof *index->by_home);
  index->first_child = vmo_alloc_array(context, streams + 1, sizeof *index->first_child);
  index->next_child = vmo_alloc_array(context, streams + 1, sizeof *index->next_child);
  if (!index->first || !index->by_home || !index->first_child || !index->next_child) return false;
  for (uint32_t i = 0; i < count; i++) index->first[occupancy->occupants.data[i].home + 2]++;
  for (uint32_t h = 0; h < streams; h++) index->first[h + 2] += index->first[h + 1];
  for (uint32_t i = 0; i < count; i++) index->by_home[index->first[occupancy->occupants.data[i].home + 1]++] = i;
  for (uint32_t h = streams; h-- > 1;) {
    uint32_t parent = flow->streams.data[h].parent;
    index->next_child[h] = index->first_child[parent];
    index->first_child[parent] = h;
  }
  return true;
}

static bool allocate(pass *p) {
  vmo_context *context = p->flow->memory;
  uint32_t streams = p->flow->streams.count, rows = p->spaces + 1;
  p->peaks = vmo_alloc_array(context, (size_t)streams * rows, sizeof *p->peaks);
  p->points = vmo_alloc_array(context, streams, sizeof *p->points);
  p->difference = vmo_alloc_array(context, ((size_t)p->flow->op_count + 1) * rows, sizeof *p->difference);
  p->used = vmo_alloc_array(context, rows, sizeof *p->used);
  return p->peaks && p->points && p->difference && p->used && vmo_index_homes(p->flow, p->occupancy, &p->homes);
}

static vmo_bytes *row(pass *p, uint32_t space) { return p->difference + (size_t)space * (p->flow->op_count + 1); }

static void add(pass *p, const vmo_stream *stream, uint32_t space, vmo_point begin, vmo_point end, vmo_bytes bytes) {
  if (begin < stream->begin) begin = stream->begin;
  if (end > stream->end) end = stream->end;
  if (begin >= end || bytes == 0) return;
  p->used[space] = true;
  row(p, space)[begin] += bytes;
  row(p, space)[end] -= bytes;
}

static void add_occupants(pass *p, vmo_stream_id home) {
  const vmo_stream *stream = &p->flow->streams.data[home];
  for (uint32_t i = p->homes.first[home]; i < p->homes.first[home + 1]; i++) {
    const vmo_occupant *occupant = &p->occupancy->occupants.data[p->homes.by_home[i]];
    for (uint32_t k = 0; k < occupant->range_count; k++) {
      vmo_live_range range = p->occupancy->ranges.data[occupant->range_first + k];
      add(p, stream, occupant->space, range.begin, range.end, occupant->bytes);
      add(p, stream, p->spaces, range.begin, range.end, occupant->together);
    }
  }
}

static void add_children(pass *p, vmo_stream_id home) {
  const vmo_stream *stream = &p->flow->streams.data[home];
  for (uint32_t child = p->homes.first_child[home]; child != 0; child = p->homes.next_child[child]) {
    const vmo_stream *inner = &p->flow->streams.data[child];
    for (uint32_t r = 0; r <= p->spaces; r++)
      add(p, stream, r, inner->fork, inner->join, p->peaks[(size_t)child * (p->spaces + 1) + r]);
  }
}

/* Sums one row over the stream's points into a peak, and clears it for the next stream. */
static void sum_row(pass *p, vmo_stream_id home, uint32_t space, vmo_bytes *timeline) {
  const vmo_stream *stream = &p->flow->streams.data[home];
  vmo_bytes load = 0, peak = 0, *difference = row(p, space);
  vmo_point point = -1;
  for (vmo_point i = stream->begin; i < stream->end; i++) {
    load += difference[i];
    difference[i] = 0;
    if (timeline) timeline[i] = load;
    if (load > peak) {
      peak = load;
      point = i;
    }
  }
  difference[stream->end] = 0;
  p->peaks[(size_t)home * (p->spaces + 1) + space] = peak;
  if (space == p->spaces) p->points[home] = point;
}

static void sum_stream(pass *p, vmo_stream_id home, vmo_bytes *timeline) {
  memset(p->used, 0, p->spaces + 1);
  add_occupants(p, home);
  add_children(p, home);
  p->points[home] = -1;
  for (uint32_t r = 0; r <= p->spaces; r++)
    if (p->used[r]) sum_row(p, home, r, r == p->spaces ? timeline : NULL);
}

static bool covers(const pass *p, const vmo_occupant *occupant, vmo_point point) {
  for (uint32_t k = 0; k < occupant->range_count; k++) {
    vmo_live_range range = p->occupancy->ranges.data[occupant->range_first + k];
    if (range.begin <= point && point < range.end) return true;
  }
  return false;
}

/* Who is live at the function's peak; of a stream that runs then, who is live at the stream's own. */
static bool find_contributors(const pass *p, vmo_loads *loads) {
  vmo_context *context = p->flow->memory;
  uint32_t streams = p->flow->streams.count;
  bool *active = vmo_alloc_array(context, streams, sizeof *active);
  if (!active) return false;
  active[0] = true;
  for (vmo_stream_id h = 1; h < streams; h++) {
    const vmo_stream *stream = &p->flow->streams.data[h];
    vmo_point point = p->points[stream->parent];
    active[h] = active[stream->parent] && stream->fork <= point && point < stream->join;
  }
  for (uint32_t i = 0; i < p->occupancy->occupants.count; i++) {
    const vmo_occupant *occupant = &p->occupancy->occupants.data[i];
    if (occupant->together == 0 || !active[occupant->home] || !covers(p, occupant, p->points[occupant->home])) continue;
    if (!vmo_vec_push(context->arena, &loads->contributors, i)) return false;
  }
  return true;
}

static bool set_amount(vmo_module *module, vmo_amount *amount, vmo_bytes bytes) {
  *amount = (vmo_amount){bytes, vmo_size_constant(module->sizes, bytes)};
  return amount->size != VMO_NONE;
}

vmo_status vmo_compute_loads(const vmo_flow *flow, const vmo_occupancy *occupancy, bool known, vmo_loads *loads) {
  vmo_context *context = flow->memory;
  *loads = (vmo_loads){.space_count = flow->module->spaces.count, .point = -1};
  loads->peaks = vmo_alloc_array(context, loads->space_count, sizeof *loads->peaks);
  if (!loads->peaks) return VMO_OUT_OF_MEMORY;
  loads->floors = loads->peaks;
  loads->exact = true;
  if (!known) return vmo_compute_symbolic_loads(flow, occupancy, loads);
  pass p = {.flow = flow, .occupancy = occupancy, .spaces = loads->space_count};
  loads->timeline = vmo_alloc_array(context, (size_t)flow->op_count, sizeof *loads->timeline);
  if (!loads->timeline || !allocate(&p)) return VMO_OUT_OF_MEMORY;
  for (vmo_stream_id home = flow->streams.count; home-- > 0;) sum_stream(&p, home, home == 0 ? loads->timeline : NULL);
  loads->point = p.points[0];
  for (uint32_t s = 0; s < p.spaces; s++)
    if (!set_amount(flow->module, &loads->peaks[s], p.peaks[s])) return VMO_OUT_OF_MEMORY;
  if (!set_amount(flow->module, &loads->peak, p.peaks[p.spaces]) || !find_contributors(&p, loads))
    return VMO_OUT_OF_MEMORY;
  return VMO_OK;
}
