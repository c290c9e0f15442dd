/* check_touches.c: reads and writes against those of other iterations and of other streams.
 *
 * Each op is interpreted once, but a loop's body runs again, and streams run at the same time. Two maps keep, per cell,
 * the last read and the last write, whatever branch they were in. Times are indices of ops:
 *
 *   for                        x is from outside. A write over x, when x has been read since the loop began, is seen
 *     .. read x ..             by that read in the next iteration. So is a write in one branch that stands before the
 *     .. write over x ..       read in the other branch.
 *
 *   parallel   t0              A touch at a time between the fork and the beginning of the running stream was made by
 *     stream      .. t ..      another stream of that parallel: t0 < t < t1. Of two such touches one may not be a
 *     stream   t1 .. now       write. Of streams in streams, t lies in at most one such interval.
 *
 * A read hides an earlier one of another stream from a later write; a third map remembers that a cell has been read by
 * two streams. Every write makes one run of the cells in all maps, so the cost is constant per touch over time, but for
 * a search among the open streams. Outside of loops and streams nothing is noted. */
#include "passes/plan_checker.h"

#include <inttypes.h>

/* ---- loops and streams that are open ---- */

static bool is_watching(const vmo_plan_touches *t) { return t->loops.count + t->streams.count > 0; }

bool vmo_begin_touches(vmo_plan_run *r) {
  vmo_plan_touches *t = &r->touches;
  bool any = false;
  t->depths = vmr_arena_alloc_array(r->c->arena, r->c->function->values.count, sizeof *t->depths);
  if (!t->depths) return vmo_stop_check(r->c);
  for (uint32_t i = 1; i < r->c->function->regions.count && !any; i++) {
    vmo_region_kind kind = r->c->function->regions.data[i].kind;
    any = kind != VMO_REGION_THEN && kind != VMO_REGION_ELSE;
  }
  uint32_t cells = any ? r->c->cell_count : 0;
  return (vmo_byte_map_init(r->c->arena, &t->reads, cells) && vmo_byte_map_init(r->c->arena, &t->writes, cells) &&
          vmo_byte_map_init(r->c->arena, &t->shared, cells)) ||
         vmo_stop_check(r->c);
}

/* The loops around the op that makes a value, its own for a carried argument. */
void vmo_place_in_loops(vmo_plan_run *r, vmo_value_id first, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) r->touches.depths[first + i] = r->touches.loops.count;
}

/* The outermost open loop that the value comes into from outside; VMO_NONE: none. */
static uint32_t find_outer_loop(const vmo_plan_touches *t, vmo_value_id value) {
  uint32_t depth = t->depths[value];
  return depth < t->loops.count ? t->loops.data[depth] : VMO_NONE;
}

/* How many of the open streams forked before that time. */
static uint32_t count_forks_before(const vmo_plan_touches *t, uint32_t time) {
  uint32_t low = 0, high = t->streams.count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (t->streams.data[middle].fork < time)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* The `parallel` in another stream of which `time` lies; VMO_NONE: in none. */
static uint32_t find_other_stream(const vmo_plan_touches *t, uint32_t time) {
  uint32_t low = count_forks_before(t, time);
  return low > 0 && time < t->streams.data[low - 1].begin ? t->streams.data[low - 1].fork : VMO_NONE;
}

static bool is_open_fork(const vmo_plan_touches *t, uint32_t fork) {
  uint32_t low = count_forks_before(t, fork);
  return low < t->streams.count && t->streams.data[low].fork == fork;
}

/* ---- reports ---- */

static vmo_location location_of(const vmo_plan_run *r, uint32_t op) { return r->c->function->ops.data[op].location; }

static bool report_streams(const vmo_plan_run *r, uint32_t op, const char *does, const char *did, uint32_t other) {
  vmo_location there = location_of(r, other);
  return vmo_report_plan_fault(r->c, VMO_PLAN_STREAM, location_of(r, op),
                               "this %s bytes that another stream %s at %" PRIu32 ":%" PRIu32, does, did, there.line,
                               there.column);
}

/* What happens to the value here, and what at `other`. */
static bool report_iteration(const vmo_plan_run *r, uint32_t op, vmo_value_id value, const char *here,
                             const char *there_too, uint32_t other) {
  vmo_location there = location_of(r, other);
  return vmo_report_plan_fault(r->c, VMO_PLAN_LOST, location_of(r, op), "%s is %s here, but %s at %" PRIu32 ":%" PRIu32,
                               vmo_describe_value(r->c, value), here, there_too, there.line, there.column);
}

/* ---- reads ---- */

/* Of the cells that are read now: those that another stream has read are shared from now on. The outermost parallel
 * that they are shared in counts. */
static void note_shared(vmo_plan_touches *t, const vmo_plan_place *place) {
  for (uint32_t cell = place->first, end; cell < place->last; cell = end) {
    vmo_byte_run read = vmo_byte_map_find(&t->reads, cell), known = vmo_byte_map_find(&t->shared, cell);
    end = read.end < known.end ? read.end : known.end;
    if (end > place->last) end = place->last;
    if (read.content == VMO_NONE) continue;
    uint32_t fork = find_other_stream(t, t->events.data[read.content].op);
    if (fork == VMO_NONE) continue;
    if (known.content != VMO_NONE && known.content < fork && is_open_fork(t, known.content)) continue;
    vmo_byte_map_assign(&t->shared, cell, end, fork);
  }
}

/* No other branch, in an earlier iteration, and no other stream has written what is read. */
static bool writes_allow_read(vmo_plan_run *r, uint32_t op, vmo_value_id value) {
  vmo_plan_touches *t = &r->touches;
  const vmo_plan_place *place = &r->c->places[value];
  uint32_t loop = find_outer_loop(t, r->c->roots[value]), runs = 0;
  if (loop == VMO_NONE && t->streams.count == 0) return true;
  for (uint32_t cell = place->first; cell < place->last; runs++) {
    vmo_byte_run written = vmo_byte_map_find(&t->writes, cell);
    cell = written.end;
    if (written.content == VMO_NONE) continue;
    if (loop != VMO_NONE && written.content > loop)
      return report_iteration(r, op, value, "read", "overwritten for the next iteration in another branch,",
                              written.content);
    if (find_other_stream(t, written.content) != VMO_NONE)
      return report_streams(r, op, "reads", "writes", written.content);
  }
  /* What is older than the loop does not matter to this value any more; one run is quicker to look at again. */
  if (runs > 1 && t->streams.count == 0) vmo_byte_map_assign(&t->writes, place->first, place->last, VMO_NONE);
  return true;
}

bool vmo_note_read(vmo_plan_run *r, uint32_t op, vmo_value_id value) {
  vmo_plan_touches *t = &r->touches;
  const vmo_plan_place *place = &r->c->places[value];
  if (!is_watching(t) || !VMO_PLACE_REAL(place) || place->first >= place->last) return true;
  if (!writes_allow_read(r, op, value)) return false;
  if (t->streams.count > 0) note_shared(t, place);
  vmo_plan_read event = {op, r->c->roots[value]};
  if (!vmo_vec_push(r->c->arena, &t->events, event)) return vmo_stop_check(r->c);
  vmo_byte_map_assign(&t->reads, place->first, place->last, t->events.count - 1);
  return true;
}

/* ---- writes ---- */

/* [begin, end) holds `value`, and will not any more. */
static bool lose_value(const vmo_plan_run *r, uint32_t op, const char *how, uint32_t begin, uint32_t end,
                       vmo_value_id value) {
  const vmo_plan_touches *t = &r->touches;
  uint32_t loop = find_outer_loop(t, value);
  if (loop == VMO_NONE) return true;
  for (uint32_t cell = begin; cell < end;) {
    vmo_byte_run read = vmo_byte_map_find(&t->reads, cell);
    const vmo_plan_read *event = read.content == VMO_NONE ? NULL : &t->events.data[read.content];
    if (event && event->root == value && event->op > loop)
      return report_iteration(r, op, value, how, "read again in the next iteration", event->op);
    cell = read.end;
  }
  return true;
}

bool vmo_note_loss(const vmo_plan_run *r, uint32_t op, const char *how, const vmo_plan_place *place) {
  if (r->touches.loops.count == 0 || !VMO_PLACE_REAL(place)) return true;
  for (uint32_t cell = place->first; cell < place->last;) {
    vmo_byte_run held = vmo_byte_map_find(&r->map, cell);
    uint32_t end = held.end < place->last ? held.end : place->last;
    if (held.content != VMO_NONE && !lose_value(r, op, how, cell, end, held.content)) return false;
    cell = held.end;
  }
  return true;
}

static bool streams_allow_write(const vmo_plan_run *r, uint32_t op, const vmo_plan_place *place) {
  const vmo_plan_touches *t = &r->touches;
  for (uint32_t cell = place->first; cell < place->last;) {
    vmo_byte_run written = vmo_byte_map_find(&t->writes, cell);
    if (written.content != VMO_NONE && find_other_stream(t, written.content) != VMO_NONE)
      return report_streams(r, op, "writes", "writes", written.content);
    cell = written.end;
  }
  for (uint32_t cell = place->first; cell < place->last;) {
    vmo_byte_run read = vmo_byte_map_find(&t->reads, cell);
    if (read.content != VMO_NONE && find_other_stream(t, t->events.data[read.content].op) != VMO_NONE)
      return report_streams(r, op, "writes", "reads", t->events.data[read.content].op);
    cell = read.end;
  }
  for (uint32_t cell = place->first; cell < place->last;) {
    vmo_byte_run shared = vmo_byte_map_find(&t->shared, cell);
    if (shared.content != VMO_NONE && is_open_fork(t, shared.content))
      return report_streams(r, op, "writes", "reads in the parallel", shared.content);
    cell = shared.end;
  }
  return true;
}

bool vmo_note_write(vmo_plan_run *r, uint32_t op, const vmo_plan_place *place) {
  vmo_plan_touches *t = &r->touches;
  if (!is_watching(t) || !VMO_PLACE_REAL(place) || place->first >= place->last) return true;
  if (!vmo_note_loss(r, op, "overwritten", place)) return false;
  if (t->streams.count > 0 && !streams_allow_write(r, op, place)) return false;
  vmo_byte_map_assign(&t->reads, place->first, place->last, VMO_NONE);
  vmo_byte_map_assign(&t->shared, place->first, place->last, VMO_NONE);
  vmo_byte_map_assign(&t->writes, place->first, place->last, op);
  return true;
}
