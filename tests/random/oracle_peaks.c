/* oracle_peaks.c: sums what oracle_loads.c found live, and compares it with the report.
 *
 * Rows: one for each memory space, and one for all together. A stream's peak counts in its parent's load from the fork
 * to the join. At a call, the callee's own peaks count. When all sizes are numbers, every load at every op must be equal
 * to the report's; figures that are expressions must not be too low at the sizes that are tried. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/random/oracle_loads.h"

typedef struct summer {
  vmo_tracker t;
  const vmo_activation *places; /* as planned: where names are; NULL: as written */
  const vmo_peaks *callees;
  bool results_apart; /* results are the caller's bytes and do not count */
  bool *returned;     /* per name */
  uint32_t rows, points;
  int64_t *loads; /* rows * points: the function's own stream */
  int64_t *peaks; /* streams * rows */
} summer;

static uint32_t all_spaces(const summer *s) { return s->rows - 1; }

static uint32_t space_of(const summer *s, uint32_t name) {
  return vmo_planned_type(s->t.planned, s->t.function, name)->space;
}

static bool is_atom_live(const summer *s, uint32_t point, uint32_t atom) {
  return s->t.at[(size_t)point * s->t.atoms.count + atom];
}

static bool is_live(const summer *s, uint32_t point, uint32_t name) {
  for (uint32_t atom = s->t.names[name].first; atom < s->t.names[name].last; atom++)
    if (is_atom_live(s, point, atom)) return true;
  return false;
}

/* ---- as written: names count ---- */

static void mark_returned(summer *s) {
  const vmo_op *op = &s->t.function->ops.data[s->t.function->ops.count - 1];
  for (uint32_t i = 0; i < s->t.function->result_types.count; i++) {
    vmo_value_id value = vmo_op_value(s->t.function, op, i);
    if (value == VMO_NONE || s->t.names[value].view || s->t.names[value].root == VMO_NONE) continue;
    s->returned[vmo_resolve_name(&s->t, s->t.names[value].root)] = true;
  }
}

static bool counts(const summer *s, uint32_t name) {
  const vmo_name_fact *fact = &s->t.names[name];
  if (fact->root != name || fact->same != name || (s->returned[name] && s->results_apart)) return false;
  return fact->own || fact->kind == VMO_NAME_STATE;
}

static bool is_any_live(const summer *s, uint32_t point, uint32_t name) {
  if (s->t.names[name].kind == VMO_NAME_STATE) return true;
  for (uint32_t other = 0; other < s->t.count; other++)
    if (s->t.names[other].root == other && vmo_resolve_name(&s->t, other) == name && is_live(s, point, other))
      return true;
  return false;
}

static void add_written(summer *s, uint32_t stream, uint32_t point, int64_t *row) {
  for (uint32_t name = 0; name < s->t.count; name++) {
    if (!counts(s, name) || s->t.names[name].home != stream || !is_any_live(s, point, name)) continue;
    row[space_of(s, name)] += vmo_bytes_of(s->t.planned, s->t.function, name);
    row[all_spaces(s)] += vmo_bytes_of(s->t.planned, s->t.function, name);
  }
}

/* ---- as planned: bytes count, once ---- */

typedef struct extent {
  int64_t begin, end;
  bool outer; /* counted by a stream around this one */
} extent;

static int compare_extents(const void *left, const void *right) {
  const extent *a = left, *b = right;
  if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
  return (a->end > b->end) - (a->end < b->end);
}

static bool is_around(const summer *s, uint32_t outer, uint32_t stream) {
  while (stream != VMO_NONE && stream != outer) stream = s->t.streams.data[stream].parent;
  return stream == outer;
}

/* A result of a stream is in its parent's memory, and so are all that share a buffer with it. */
static bool join_homes(summer *s, uint32_t left, uint32_t right) {
  if (left == VMO_NONE || right == VMO_NONE || s->t.names[left].home == s->t.names[right].home) return false;
  uint32_t home = s->t.names[is_around(s, s->t.names[left].home, s->t.names[right].home) ? left : right].home;
  s->t.names[left].home = s->t.names[right].home = home;
  return true;
}

static void share_homes(summer *s) {
  const vmo_plan *plan = s->t.function->plan;
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t v = 0; v < s->t.count; v++)
      if (plan->values[v].over != VMO_NONE)
        changed = join_homes(s, s->t.names[v].root, s->t.names[plan->values[v].over].root) || changed;
    for (uint32_t m = 0; m < s->t.moves.count; m++) {
      const vmo_hand *move = &s->t.moves.data[m];
      if (move->source == VMO_NONE) continue;
      if (vmo_places_meet(&s->places->places[move->target], &s->places->places[move->source]))
        changed = join_homes(s, move->target, move->source) || changed;
    }
  }
}

/* Bytes in any of the extents, without those in any outer one. */
static int64_t count_bytes(extent *extents, uint32_t count) {
  int64_t all = 0, outer = 0, all_end = INT64_MIN, outer_end = INT64_MIN;
  if (count > 1) qsort(extents, count, sizeof *extents, compare_extents);
  for (uint32_t i = 0; i < count; i++) {
    int64_t begin = extents[i].begin > all_end ? extents[i].begin : all_end;
    if (extents[i].end > begin) all += extents[i].end - begin;
    if (extents[i].end > all_end) all_end = extents[i].end;
    begin = extents[i].begin > outer_end ? extents[i].begin : outer_end;
    if (!extents[i].outer) continue;
    if (extents[i].end > begin) outer += extents[i].end - begin;
    if (extents[i].end > outer_end) outer_end = extents[i].end;
  }
  return all - outer;
}

static void add_planned(summer *s, uint32_t stream, uint32_t point, extent *extents, int64_t *row) {
  for (uint32_t space = 0; space < all_spaces(s); space++) {
    uint32_t count = 0;
    const vmo_view *arena = &s->places->arenas[space];
    for (uint32_t i = 0; i < s->t.atoms.count; i++) {
      const vmo_atom *atom = &s->t.atoms.data[i];
      const vmo_place *place = &s->places->places[atom->root];
      const vmo_name_fact *fact = &s->t.names[atom->root];
      if (!vmo_is_real(place) || place->block != arena->block || !is_around(s, fact->home, stream)) continue;
      if (!is_atom_live(s, point, i) && fact->kind != VMO_NAME_STATE) continue;
      extents[count++] = (extent){place->at + atom->begin, place->at + atom->end, fact->home != stream};
    }
    int64_t bytes = count_bytes(extents, count);
    row[space] += bytes;
    row[all_spaces(s)] += bytes;
  }
}

/* ---- streams and calls ---- */

static void add_running_op(summer *s, uint32_t point, int64_t *row) {
  const vmo_op *op = &s->t.function->ops.data[point];
  int64_t workspace = 0;
  if (op->code == VMO_OP_call && s->callees != NULL) {
    const vmo_peaks *callee = &s->callees[op->callee];
    for (uint32_t r = 0; r < s->rows; r++) {
      const int64_t *peaks = s->places == NULL ? callee->written : s->t.parts ? callee->parts : callee->whole;
      row[r] += peaks[r];
    }
  } else if (op->region_count == 0) {
    workspace = vmo_size_at(s->t.planned, vmo_op_workspace(s->t.planned->module, s->t.function, op));
  }
  row[0] += workspace;
  row[all_spaces(s)] += workspace;
}

static void add_children(summer *s, uint32_t stream, uint32_t point, int64_t *row) {
  for (uint32_t child = stream + 1; child < s->t.streams.count; child++) {
    const vmo_stream_fact *fact = &s->t.streams.data[child];
    if (fact->parent != stream || point < fact->fork || point >= fact->join) continue;
    for (uint32_t r = 0; r < s->rows; r++) row[r] += s->peaks[(size_t)child * s->rows + r];
  }
}

static void sum_stream(summer *s, uint32_t stream, extent *extents, int64_t *row) {
  const vmo_stream_fact *fact = &s->t.streams.data[stream];
  for (uint32_t point = fact->begin; point < fact->end; point++) {
    memset(row, 0, s->rows * sizeof *row);
    if (s->places != NULL)
      add_planned(s, stream, point, extents, row);
    else
      add_written(s, stream, point, row);
    if (s->t.op_streams[point] == stream) add_running_op(s, point, row);
    add_children(s, stream, point, row);
    for (uint32_t r = 0; r < s->rows; r++) {
      int64_t *peak = &s->peaks[(size_t)stream * s->rows + r];
      if (row[r] > *peak) *peak = row[r];
      if (stream == 0) s->loads[(size_t)r * s->points + point] = row[r];
    }
  }
}

/* Streams within streams have greater numbers. */
static bool sum_loads(summer *s) {
  vmr_arena *arena = s->t.arena;
  if (!vmo_track_names(&s->t)) return false;
  s->rows = s->t.planned->module->spaces.count + 1;
  s->points = s->t.function->ops.count;
  s->returned = vmr_arena_alloc_array(arena, (size_t)s->t.count + 1, sizeof *s->returned);
  s->loads = vmr_arena_alloc_array(arena, (size_t)s->rows * s->points, sizeof *s->loads);
  s->peaks = vmr_arena_alloc_array(arena, (size_t)s->rows * s->t.streams.count, sizeof *s->peaks);
  extent *extents = vmr_arena_alloc_array(arena, (size_t)s->t.atoms.count + 1, sizeof *extents);
  int64_t *row = vmr_arena_alloc_array(arena, s->rows, sizeof *row);
  if (!s->returned || !s->loads || !s->peaks || !extents || !row) return false;
  mark_returned(s);
  if (s->places != NULL) share_homes(s);
  for (uint32_t stream = s->t.streams.count; stream-- > 0;) sum_stream(s, stream, extents, row);
  return true;
}

/* ---- against the report ---- */

/* What is found. As planned it is known within bounds: of an array of which only parts are still to be read, the plan
 * may have reused the others, or not. */
typedef struct found {
  summer written, whole, parts;
} found;

typedef struct comparison {
  const vmo_planned *planned;
  uint32_t id;
  vmo_verdict *verdict;
} comparison;

static const char *function_name(const comparison *c) {
  return vmo_name(c->planned->module, c->planned->module->functions.data[c->id]->name);
}

/* The figure lies within [low, high]. */
static bool is_within(const comparison *c, const char *what, int64_t number, int64_t low, int64_t high) {
  if (number >= low && number <= high) return true;
  return vmo_blame(c->verdict, VMO_FAULT_LOAD,
                   "@%s: the report's %s is %" PRId64 ", but %" PRId64 " to %" PRId64 " was found", function_name(c),
                   what, number, low, high);
}

static bool compare_figure(const comparison *c, const char *what, vmo_size_id reported, int64_t low, int64_t high) {
  return is_within(c, what, vmo_size_at(c->planned, reported), low, high);
}

/* Inserted copies are not in the program as written: at one, the report has the load of the op behind it. */
static bool compare_points(const comparison *c, const found *f, bool exact) {
  const vmo_reported *reported = &c->planned->reported[c->id];
  uint32_t at = 0, points = f->whole.points, all = all_spaces(&f->whole);
  char what[60];
  for (uint32_t point = 0; point < points && reported->planned_loads != NULL; point++) {
    size_t here = (size_t)all * points + point, before = (size_t)all * f->written.points + at;
    snprintf(what, sizeof what, "load as planned at op %" PRIu32, point);
    if (!is_within(c, what, reported->planned_loads[point], f->parts.loads[here],
                   exact ? f->whole.loads[here] : INT64_MAX))
      return false;
    snprintf(what, sizeof what, "load as written at op %" PRIu32, point);
    if (!is_within(c, what, reported->written_loads[point], f->written.loads[before],
                   exact ? f->written.loads[before] : INT64_MAX))
      return false;
    if (!f->whole.t.function->ops.data[point].inserted) at++;
  }
  return true;
}

static int64_t sum_types(const comparison *c, const vmo_tracker *t, vmo_name_kind kind, uint32_t space) {
  int64_t sum = 0;
  for (uint32_t name = 0; name < t->count; name++)
    if (t->names[name].root == name && t->names[name].kind == kind &&
        vmo_planned_type(c->planned, t->function, name)->space == space)
      sum += vmo_bytes_of(c->planned, t->function, name);
  return sum;
}

static bool compare_space(const comparison *c, const found *f, uint32_t space, bool exact) {
  const vmo_reported *r = &c->planned->spaces[c->id][space];
  if (r->total == VMO_NONE) return true;
  int64_t total = sum_types(c, &f->written.t, VMO_NAME_MADE, space), peak = f->written.peaks[space];
  int64_t state = sum_types(c, &f->written.t, VMO_NAME_STATE, space);
  int64_t low = f->parts.peaks[space], high = f->whole.peaks[space];
  return compare_figure(c, "total", r->total, total, exact ? total : INT64_MAX) &&
         compare_figure(c, "state bytes", r->state, state, exact ? state : INT64_MAX) &&
         compare_figure(c, "peak", r->peak, peak, exact ? peak : INT64_MAX) &&
         compare_figure(c, "peak in place", r->peak_inplace, low, exact ? high : INT64_MAX) &&
         compare_figure(c, "arena", r->arena, low, INT64_MAX) &&
         compare_figure(c, "arena", r->arena, vmo_size_at(c->planned, r->lower_bound), INT64_MAX);
}

static bool compare(const comparison *c, const found *f, bool exact) {
  for (uint32_t space = 0; space < c->planned->module->spaces.count; space++)
    if (!compare_space(c, f, space, exact)) return false;
  return compare_points(c, f, exact);
}

/* Whether the sizes are those for which the report has numbers. */
static bool figures_are_exact(const vmo_planned *planned) {
  for (uint32_t d = 0; d < planned->sizes.count; d++)
    if (planned->module->dims.data[d].kind != VMO_DIM_LOCAL &&
        planned->binding.dims[d].high != planned->sizes.dims[d].low)
      return false;
  return true;
}

static bool keep_peaks(const found *f, vmo_context *context, vmo_peaks *peaks) {
  size_t bytes = f->written.rows * sizeof *peaks->written;
  peaks->written = vmo_alloc(context, bytes);
  peaks->parts = vmo_alloc(context, bytes);
  peaks->whole = vmo_alloc(context, bytes);
  if (!peaks->written || !peaks->parts || !peaks->whole) return false;
  memcpy(peaks->written, f->written.peaks, bytes);
  memcpy(peaks->parts, f->parts.peaks, bytes);
  memcpy(peaks->whole, f->whole.peaks, bytes);
  return true;
}

static bool find_loads(found *f, const vmo_planned *planned, uint32_t id, const vmo_peaks *callees, vmr_arena *arena,
                       const vmo_activation *places) {
  const vmo_function *function = planned->module->functions.data[id];
  vmo_tracker t = {.planned = planned, .function = function, .arena = arena};
  f->whole = (summer){.t = t, .callees = callees, .places = places};
  f->parts = (summer){.t = t, .callees = callees, .places = places};
  f->parts.t.parts = true;
  t.function = planned->written[id];
  f->written = (summer){.t = t, .callees = callees, .results_apart = function->plan->results_in_caller};
  return sum_loads(&f->written) && sum_loads(&f->whole) && sum_loads(&f->parts);
}

bool vmo_judge_loads(const vmo_planned *planned, uint32_t id, const vmo_peaks *callees, vmo_peaks *peaks,
                     vmo_verdict *verdict) {
  comparison c = {planned, id, verdict};
  found f;
  vmr_arena *arena = vmr_arena_create(0);
  vmo_path path = {0};
  vmo_execution e = {.entry = planned, .apart = planned, .memory = {.arena = arena}, .path = &path, .verdict = verdict};
  if (arena == NULL) return vmo_blame(verdict, VMO_FAULT_MEMORY, "no memory for loads");
  vmo_activation *places = vmo_enter_function(&e, id);
  bool ok = places != NULL;
  if (ok)
    ok = find_loads(&f, planned, id, callees, arena, places) ||
         vmo_blame(verdict, VMO_FAULT_MEMORY, "no memory for loads");
  if (ok) ok = compare(&c, &f, figures_are_exact(planned));
  if (ok && peaks != NULL)
    ok = keep_peaks(&f, planned->context, peaks) || vmo_blame(verdict, VMO_FAULT_MEMORY, "no memory for peaks");
  vmr_arena_destroy(arena);
  return ok;
}
