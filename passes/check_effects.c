/* check_effects.c: what holds of whole regions, found before the interpretation.
 *
 * Needed values. A value that is only handed on (init to argument, yield to argument or result) to values that nothing
 * reads may lose its bytes; all others must keep them. Found backwards from what ops read, over the hand-overs.
 *
 * Loops. For each loop, the cells that its body changes, nested loops included: at the loop's head they hold nothing
 * that is known, but for the carried arguments.
 *
 * Streams. What one stream writes, no other may read or write. The ranges of all streams of a `parallel` are sorted and
 * swept once.
 *
 * Ranges wait on a stack while their region is open; at the end of a loop they are sorted and merged, so the cost is
 * that of sorting, times the depth of nesting at worst. */
#include "passes/plan_checker.h"

#include <inttypes.h>
#include <stdlib.h>

/* Cells that an op reads or writes. */
typedef struct touch {
  uint32_t begin, end;
  uint32_t op;
  uint32_t stream; /* of the innermost `parallel` that has ended */
  bool write;
} touch;

typedef VMO_VEC(touch) touches;

typedef struct frame {
  uint32_t writes, reads;               /* where those of the structured op begin */
  uint32_t stream_writes, stream_reads; /* of the open stream */
} frame;

typedef struct finder {
  vmo_plan_checker *c;
  VMO_VEC(vmo_value_id) found; /* needed, and their sources not looked at */
  touches writes, reads;
  VMO_VEC(frame) frames;
  uint32_t streams; /* open ones */
  uint32_t extra;   /* the next of the checker's extras */
} finder;

static const vmo_op *op_at(const finder *f, uint32_t index) { return &f->c->function->ops.data[index]; }

static const vmo_region *region_at(const finder *f, vmo_region_id region) {
  return &f->c->function->regions.data[region];
}

/* ---- needed values ---- */

static bool need(finder *f, vmo_value_id value) {
  if (value == VMO_NONE || f->c->needed[f->c->roots[value]]) return true;
  f->c->needed[f->c->roots[value]] = true;
  return vmo_vec_push(f->c->arena, &f->found, f->c->roots[value]) || vmo_stop_check(f->c);
}

bool vmo_reads_operands(const vmo_plan_checker *c, const vmo_op *op) {
  bool reads = !vmo_op_get_info((vmo_opcode)op->code)->view;
  for (uint32_t i = 0; i < op->result_count && !reads; i++) reads = c->owned[op->result_first + i];
  return reads;
}

static bool note_needs(finder *f, const vmo_op *op) {
  uint32_t end = op->operand_count;
  if (op->code == VMO_OP_yield || op->code == VMO_OP_while) end = 0; /* they only hand on */
  if (op->code == VMO_OP_for) end = 2;
  if (!vmo_reads_operands(f->c, op)) return true;
  for (uint32_t i = 0; i < end; i++)
    if (!need(f, vmo_op_value(f->c->function, op, i))) return false;
  return true;
}

/* Walks back from needed values over the hand-overs, which are first sorted by target. */
static bool spread_needs(finder *f) {
  const vmo_plan_checker *c = f->c;
  uint32_t values = c->function->values.count, count = c->hand_overs.count;
  uint32_t *first = vmr_arena_alloc_array(c->arena, (size_t)values + 2, sizeof *first);
  vmo_value_id *sources = vmr_arena_alloc_array(c->arena, (size_t)count + 1, sizeof *sources);
  if (!first || !sources) return vmo_stop_check(f->c);
  for (uint32_t i = 0; i < count; i++) first[c->roots[c->hand_overs.data[i].target] + 2]++;
  for (uint32_t v = 2; v < values + 2; v++) first[v] += first[v - 1];
  for (uint32_t i = 0; i < count; i++)
    sources[first[c->roots[c->hand_overs.data[i].target] + 1]++] = c->hand_overs.data[i].source;
  while (f->found.count > 0) {
    vmo_value_id target = f->found.data[--f->found.count];
    for (uint32_t i = first[target]; i < first[target + 1]; i++)
      if (!need(f, sources[i])) return false;
  }
  return true;
}

static bool find_needs(finder *f) {
  for (uint32_t i = 0; i < f->c->function->ops.count; i++)
    if (!note_needs(f, op_at(f, i))) return false;
  return spread_needs(f);
}

/* ---- what ops touch ---- */

static bool add_touch(finder *f, touches *list, uint32_t op, const vmo_plan_place *place) {
  if (!VMO_PLACE_REAL(place) || place->first >= place->last) return true;
  touch added = {place->first, place->last, op, 0, list == &f->writes};
  return vmo_vec_push(f->c->arena, list, added) || vmo_stop_check(f->c);
}

static bool touch_value(finder *f, touches *list, uint32_t op, vmo_value_id value) {
  return !f->c->needed[f->c->roots[value]] || add_touch(f, list, op, &f->c->places[value]);
}

/* The receivers of hand-overs: their cells change name. */
static bool touch_receivers(finder *f, uint32_t op, vmo_value_id first, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (f->c->same[first + i] == first + i && !touch_value(f, &f->writes, op, first + i)) return false;
  return true;
}

static bool touch_operands(finder *f, uint32_t index) {
  const vmo_op *op = op_at(f, index);
  if (f->streams == 0) return true;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    vmo_value_id value = vmo_op_value(f->c->function, op, i);
    if (value != VMO_NONE && !touch_value(f, &f->reads, index, value)) return false;
  }
  return true;
}

static bool touch_plain_op(finder *f, uint32_t index) {
  const vmo_op *op = op_at(f, index);
  if (vmo_reads_operands(f->c, op) && !touch_operands(f, index)) return false;
  for (; f->extra < f->c->extras.count && f->c->extras.data[f->extra].op == index; f->extra++)
    if (!add_touch(f, &f->writes, index, &f->c->extras.data[f->extra].place)) return false;
  for (uint32_t i = 0; i < op->result_count; i++)
    if (f->c->owned[op->result_first + i] && !add_touch(f, &f->writes, index, &f->c->places[op->result_first + i]))
      return false;
  for (uint32_t i = 0; op->code == VMO_OP_call && i < op->operand_count; i++)
    if (vmo_is_donated(f->c, op, i) &&
        !add_touch(f, &f->writes, index, &f->c->places[vmo_op_value(f->c->function, op, i)]))
      return false;
  return true;
}

/* ---- sorted and merged ranges ---- */

static int compare_touches(const void *left, const void *right) {
  const touch *a = left, *b = right;
  if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
  return (a->op > b->op) - (a->op < b->op);
}

/* Sorts the touches from `first` on and merges those that meet. */
static void merge_touches(touches *list, uint32_t first) {
  uint32_t kept = first;
  if (list->count - first > 1) qsort(list->data + first, list->count - first, sizeof *list->data, compare_touches);
  for (uint32_t i = first; i < list->count; i++) {
    touch next = list->data[i];
    if (kept > first && next.begin <= list->data[kept - 1].end) {
      if (next.end > list->data[kept - 1].end) list->data[kept - 1].end = next.end;
    } else {
      list->data[kept++] = next;
    }
  }
  list->count = kept;
}

static bool keep_loop_effect(finder *f, const vmo_op *op, uint32_t first) {
  vmo_plan_checker *c = f->c;
  merge_touches(&f->writes, first);
  vmo_loop_effect effect = {c->loop_ranges.count, f->writes.count - first};
  c->loop_effects[op->region_first] = effect;
  for (uint32_t i = first; i < f->writes.count; i++) {
    vmo_cell_range range = {f->writes.data[i].begin, f->writes.data[i].end};
    if (!vmo_vec_push(c->arena, &c->loop_ranges, range)) return vmo_stop_check(c);
  }
  return true;
}

/* ---- streams ---- */

/* How far the touches so far reach: the furthest one, and the furthest one of another stream. */
typedef struct reach {
  touch best, second;
} reach;

static void extend(reach *r, const touch *t) {
  if (t->stream == r->best.stream) {
    if (t->end > r->best.end) r->best = *t;
  } else if (t->end > r->best.end) {
    r->second = r->best;
    r->best = *t;
  } else if (t->end > r->second.end) {
    r->second = *t;
  }
}

/* A touch of another stream than `t`'s that reaches into it, or NULL. */
static const touch *reached_by(const reach *r, const touch *t) {
  const touch *other = r->best.stream != t->stream ? &r->best : &r->second;
  return other->end > t->begin ? other : NULL;
}

static bool report_conflict(finder *f, const touch *here, const touch *there) {
  const touch *late = here->op > there->op ? here : there, *early = late == here ? there : here;
  return vmo_report_plan_fault(f->c, VMO_PLAN_STREAM, op_at(f, late->op)->location,
                               "this %s bytes that another stream %s at %" PRIu32 ":%" PRIu32,
                               late->write ? "writes" : "reads", early->write ? "writes" : "reads",
                               op_at(f, early->op)->location.line, op_at(f, early->op)->location.column);
}

static bool streams_are_apart(finder *f, const frame *top) {
  touches sweep = {0};
  uint32_t writes = f->writes.count - top->writes, reads = f->reads.count - top->reads;
  if (!vmo_vec_reserve(f->c->arena, &sweep, writes + reads)) return vmo_stop_check(f->c);
  for (uint32_t i = top->writes; i < f->writes.count; i++) sweep.data[sweep.count++] = f->writes.data[i];
  for (uint32_t i = top->reads; i < f->reads.count; i++) sweep.data[sweep.count++] = f->reads.data[i];
  if (sweep.count > 1) qsort(sweep.data, sweep.count, sizeof *sweep.data, compare_touches);
  reach written = {{.stream = VMO_NONE}, {.stream = VMO_NONE}}, touched = written;
  for (uint32_t i = 0; i < sweep.count; i++) {
    const touch *here = &sweep.data[i], *there = reached_by(here->write ? &touched : &written, here);
    if (there) return report_conflict(f, here, there);
    extend(&touched, here);
    if (here->write) extend(&written, here);
  }
  return true;
}

static void end_stream(finder *f, vmo_region_id region, frame *top) {
  uint32_t stream = region - op_at(f, region_at(f, region)->owner)->region_first;
  for (uint32_t i = top->stream_writes; i < f->writes.count; i++) f->writes.data[i].stream = stream;
  for (uint32_t i = top->stream_reads; i < f->reads.count; i++) f->reads.data[i].stream = stream;
  top->stream_writes = f->writes.count;
  top->stream_reads = f->reads.count;
}

/* ---- the walk ---- */

static bool open_regions(finder *f, uint32_t index) {
  const vmo_op *op = op_at(f, index);
  bool loop = op->code == VMO_OP_for || op->code == VMO_OP_while;
  if (!touch_operands(f, index)) return false;
  frame opened = {f->writes.count, f->reads.count, f->writes.count, f->reads.count};
  if (!vmo_vec_push(f->c->arena, &f->frames, opened)) return vmo_stop_check(f->c);
  if (op->code == VMO_OP_parallel) f->streams++;
  uint32_t skip = op->code == VMO_OP_for ? 1 : 0;
  return !loop || touch_receivers(f, index, region_at(f, op->region_first)->argument_first + skip, op->result_count);
}

static bool close_regions(finder *f, uint32_t index) {
  const vmo_op *op = op_at(f, index);
  frame top = f->frames.data[--f->frames.count];
  if (op->code == VMO_OP_for || op->code == VMO_OP_while) return keep_loop_effect(f, op, top.writes);
  if (op->code == VMO_OP_parallel) {
    if (!streams_are_apart(f, &top)) return false;
    f->streams--;
    merge_touches(&f->writes, top.writes);
    if (f->streams == 0)
      f->reads.count = top.reads;
    else
      merge_touches(&f->reads, top.reads);
  }
  return touch_receivers(f, index, op->result_first, op->result_count);
}

/* The values that a terminator hands on are read there if their targets matter. */
static bool touch_yields(finder *f, uint32_t index) {
  const vmo_op *op = op_at(f, index);
  vmo_value_id first = vmo_first_yield_target(f->c, op);
  if (f->streams == 0) return true;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    vmo_value_id value = vmo_op_value(f->c->function, op, i);
    if (value == VMO_NONE || !f->c->needed[f->c->roots[first + i]]) continue;
    if (!add_touch(f, &f->reads, index, &f->c->places[value])) return false;
  }
  return true;
}

static bool end_region(finder *f, uint32_t index) {
  const vmo_op *op = op_at(f, index);
  const vmo_region *region = region_at(f, op->region);
  bool touched = op->code == VMO_OP_yield ? touch_yields(f, index) : touch_operands(f, index);
  if (!touched || region->kind == VMO_REGION_BODY) return touched;
  const vmo_op *owner = op_at(f, region->owner);
  if (region->kind == VMO_REGION_STREAM) end_stream(f, op->region, &f->frames.data[f->frames.count - 1]);
  if (op->region + 1 < owner->region_first + owner->region_count) return true;
  return close_regions(f, region->owner);
}

static bool find_touches(finder *f) {
  for (uint32_t i = 0; i < f->c->function->ops.count; i++) {
    const vmo_op *op = op_at(f, i);
    bool terminator = vmo_op_get_info((vmo_opcode)op->code)->terminator;
    bool go_on = op->region_count > 0 ? open_regions(f, i) : terminator ? end_region(f, i) : touch_plain_op(f, i);
    if (!go_on) return false;
  }
  return true;
}

bool vmo_find_effects(vmo_plan_checker *c) {
  finder f = {.c = c};
  c->needed = vmr_arena_alloc_array(c->arena, c->function->values.count, sizeof *c->needed);
  c->loop_effects = vmr_arena_alloc_array(c->arena, c->function->regions.count, sizeof *c->loop_effects);
  if (!c->needed || !c->loop_effects) return vmo_stop_check(c);
  return find_needs(&f) && find_touches(&f);
}
