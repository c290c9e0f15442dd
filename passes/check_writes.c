/* check_writes.c: what one op without regions does to the bytes.
 *
 *   %y = add %x, %z {over = %x}     cells of %x, %z hold them -> results lie where the row allows -> %y's cells hold %y
 *
 * A result may overlap an operand only where both are the same bytes, element by element, the op's row allows that
 * operand, and every other operand there is read at the index that is written. Workspaces and callees' arenas are apart
 * from all that the op reads and writes. What a call does to its arguments follows from the callee's parameters and
 * plan. The results are sorted by cell and looked up for each operand, so an op costs (operands + results) times a
 * logarithm. */
#include "passes/plan_checker.h"

#include <stdlib.h>

static const vmo_op *op_at(const vmo_plan_run *r, uint32_t index) { return &r->c->function->ops.data[index]; }

static const vmo_plan_place *place_of(const vmo_plan_run *r, vmo_value_id value) { return &r->c->places[value]; }

static const char *name_of(const vmo_plan_run *r, vmo_value_id value) { return vmo_describe_value(r->c, value); }

/* ---- results over operands ---- */

static int compare_written(const void *left, const void *right) {
  const vmo_plan_write *a = left, *b = right;
  return (a->cell > b->cell) - (a->cell < b->cell);
}

static bool expect_writable(const vmo_plan_run *r, uint32_t index, vmo_value_id value) {
  const vmo_plan_base *base = &r->c->bases.data[place_of(r, value)->base];
  if (base->writable) return true;
  return vmo_report_plan_fault(r->c, VMO_PLAN_READ_ONLY, op_at(r, index)->location,
                               "%s is written to %s, which may not be written", name_of(r, value),
                               vmo_describe_place(r->c, place_of(r, value)));
}

/* Lists the results that own bytes, by cell; they may not overlap each other, nor lie where nothing may be written. */
static bool list_written(vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  r->written.count = 0;
  for (uint32_t i = 0; i < op->result_count; i++) {
    const vmo_plan_place *place = place_of(r, op->result_first + i);
    vmo_plan_write added = {.value = op->result_first + i, .cell = place->first, .operand = VMO_NONE};
    if (!r->c->owned[added.value] || !VMO_PLACE_REAL(place) || place->first >= place->last) continue;
    if (!expect_writable(r, index, added.value)) return false;
    if (!vmo_vec_push(r->c->arena, &r->written, added)) return vmo_stop_check(r->c);
  }
  if (r->written.count > 1) qsort(r->written.data, r->written.count, sizeof *r->written.data, compare_written);
  for (uint32_t i = 1; i < r->written.count; i++) {
    vmo_value_id left = r->written.data[i - 1].value, right = r->written.data[i].value;
    if (place_of(r, left)->last > place_of(r, right)->first)
      return vmo_report_plan_fault(r->c, VMO_PLAN_OVERLAP, op->location, "results %s and %s overlap in %s",
                                   name_of(r, left), name_of(r, right), vmo_describe_place(r->c, place_of(r, right)));
  }
  return true;
}

/* The first of the written results that ends after `place` begins. */
static uint32_t first_written_at(const vmo_plan_run *r, const vmo_plan_place *place) {
  uint32_t low = 0, high = r->written.count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (place_of(r, r->written.data[middle].value)->last > place->first)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

static bool same_elements(const vmo_plan_run *r, vmo_value_id left, vmo_value_id right) {
  const vmo_type *a = vmo_value_type(r->c->module, r->c->function, left);
  const vmo_type *b = vmo_value_type(r->c->module, r->c->function, right);
  return vmo_element_bytes(a->element) == vmo_element_bytes(b->element) && vmo_same_size(r->c, a->count, b->count);
}

static bool report_overlap(const vmo_plan_run *r, uint32_t index, vmo_value_id result, vmo_value_id operand,
                           const char *why) {
  return vmo_report_plan_fault(r->c, VMO_PLAN_OVERLAP, op_at(r, index)->location,
                               "%s is written over %s in %s while that is read: %s", name_of(r, result),
                               name_of(r, operand), vmo_describe_place(r->c, place_of(r, result)), why);
}

static bool has_body(const vmo_plan_run *r, const vmo_op *op) {
  return op->code == VMO_OP_declared && r->c->module->declarations.data[op->callee].body != NULL;
}

/* Operand `operand` lies where `w` is written. */
static bool note_overlap(const vmo_plan_run *r, uint32_t index, uint32_t operand, vmo_plan_write *w) {
  const vmo_op *op = op_at(r, index);
  vmo_value_id value = vmo_op_value(r->c->function, op, operand);
  if (!vmo_same_start(place_of(r, value), place_of(r, w->value)) || !same_elements(r, value, w->value))
    return report_overlap(r, index, w->value, value, "they are not the same bytes, element by element");
  bool allowed = vmo_op_may_overwrite(r->c->module, r->c->function, op, operand), in_place = true;
  if (has_body(r, op) && !vmo_body_reads_in_place(r->c, op, operand, &in_place)) return false;
  if (!in_place) return report_overlap(r, index, w->value, value, "its body reads it at other indices");
  if (allowed) w->allowed = true;
  if (!vmo_op_reads_same_index(r->c->module, r->c->function, op, operand)) w->unordered += allowed ? 1 : 2;
  w->operand = operand;
  return true;
}

static bool note_overlaps(const vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  for (uint32_t i = 0; i < op->operand_count && r->written.count > 0; i++) {
    vmo_value_id value = vmo_op_value(r->c->function, op, i);
    if (value == VMO_NONE || !VMO_PLACE_REAL(place_of(r, value))) continue;
    for (uint32_t w = first_written_at(r, place_of(r, value)); w < r->written.count; w++) {
      if (!vmo_places_overlap(place_of(r, value), place_of(r, r->written.data[w].value))) break;
      if (!note_overlap(r, index, i, &r->written.data[w])) return false;
    }
  }
  return true;
}

/* One operand may be overwritten as the row says; all others there must be read at the index that is written. */
static bool overlaps_are_allowed(const vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  for (uint32_t i = 0; i < r->written.count; i++) {
    const vmo_plan_write *w = &r->written.data[i];
    if (w->operand == VMO_NONE) continue;
    vmo_value_id operand = vmo_op_value(r->c->function, op, w->operand);
    if (!w->allowed) return report_overlap(r, index, w->value, operand, "the op does not allow it");
    if (w->unordered > 1)
      return report_overlap(r, index, w->value, operand, "another operand there is read at other indices");
  }
  return true;
}

static bool expect_destination(const vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  const vmo_plan_place *result = place_of(r, op->result_first);
  if (!vmo_op_is_destination(op) || !VMO_PLACE_REAL(result) || result->first >= result->last) return true;
  vmo_value_id operand = vmo_op_value(r->c->function, op, 0);
  if (operand != VMO_NONE && VMO_PLACE_REAL(place_of(r, operand)) && vmo_same_start(place_of(r, operand), result) &&
      same_elements(r, operand, op->result_first))
    return true;
  return vmo_report_plan_fault(r->c, VMO_PLAN_OVERLAP, op->location,
                               "%s has to be written over operand 0, which it starts as, but is in %s",
                               name_of(r, op->result_first), vmo_describe_place(r->c, result));
}

/* ---- bytes of the running op ---- */

static bool extra_is_apart(const vmo_plan_run *r, uint32_t index, const vmo_plan_place *extra) {
  const vmo_op *op = op_at(r, index);
  const char *what = op->code == VMO_OP_call ? "the callee's arena" : "the workspace";
  for (uint32_t i = 0; i < op->operand_count + op->result_count; i++) {
    vmo_value_id value =
        i < op->operand_count ? vmo_op_value(r->c->function, op, i) : op->result_first + (i - op->operand_count);
    if (value == VMO_NONE || !vmo_places_overlap(place_of(r, value), extra)) continue;
    return vmo_report_plan_fault(r->c, op->code == VMO_OP_call ? VMO_PLAN_CALL : VMO_PLAN_OVERLAP, op->location,
                                 "%s, %s, overlaps %s in %s", what, vmo_describe_place(r->c, extra), name_of(r, value),
                                 vmo_describe_place(r->c, place_of(r, value)));
  }
  return true;
}

/* Workspace and callee's arenas of the op: apart from all that it reads and writes, and unknown from now on. */
static bool use_extras(vmo_plan_run *r, uint32_t index) {
  const vmo_plan_checker *c = r->c;
  for (; r->extra < c->extras.count && c->extras.data[r->extra].op == index; r->extra++) {
    const vmo_plan_place *extra = &c->extras.data[r->extra].place;
    if (!extra_is_apart(r, index, extra)) return false;
    if (!vmo_write_place(r, index, extra, VMO_NONE)) return false;
  }
  return true;
}

static bool write_results(vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  vmo_place_in_loops(r, op->result_first, op->result_count);
  for (uint32_t i = 0; i < r->written.count; i++) {
    vmo_value_id value = r->written.data[i].value;
    if (!vmo_write_place(r, index, place_of(r, value), value)) return false;
  }
  return true;
}

bool vmo_run_plain_op(vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  if (op->code == VMO_OP_const || !vmo_reads_operands(r->c, op)) return true;
  if (!vmo_expect_operands(r, index) || !expect_destination(r, index)) return false;
  if (!list_written(r, index) || !note_overlaps(r, index) || !overlaps_are_allowed(r, index)) return false;
  return use_extras(r, index) && write_results(r, index);
}

/* ---- calls ---- */

static bool report_call(const vmo_plan_run *r, uint32_t index, vmo_value_id value, const char *why) {
  return vmo_report_plan_fault(r->c, VMO_PLAN_CALL, op_at(r, index)->location, "%s of this call %s", name_of(r, value),
                               why);
}

/* Marks in the map which cells of the arguments are handed out, and undoes that again. */
static bool donated_are_apart(vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  for (uint32_t i = 0; i < op->operand_count; i++) {
    if (!vmo_is_donated(r->c, op, i)) continue;
    vmo_hold(r, place_of(r, vmo_op_value(r->c->function, op, i)), r->c->function->values.count + i);
  }
  for (uint32_t i = 0; i < op->operand_count; i++) {
    vmo_value_id value = vmo_op_value(r->c->function, op, i);
    if (value == VMO_NONE || !VMO_PLACE_REAL(place_of(r, value))) continue;
    uint32_t own = vmo_is_donated(r->c, op, i) ? r->c->function->values.count + i : r->c->roots[value];
    for (uint32_t cell = place_of(r, value)->first, end = place_of(r, value)->last; cell < end;) {
      vmo_byte_run there = vmo_byte_map_find(&r->map, cell);
      if (there.content != own)
        return report_call(r, index, value, "lies in bytes of another argument, which the callee overwrites");
      cell = there.end;
    }
  }
  return true;
}

static bool donated_may_be_written(const vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  for (uint32_t i = 0; i < op->operand_count; i++) {
    if (!vmo_is_donated(r->c, op, i)) continue;
    vmo_value_id value = vmo_op_value(r->c->function, op, i);
    if (r->c->views[value]) return report_call(r, index, value, "is a view, but the callee overwrites it");
    if (!r->c->bases.data[place_of(r, value)->base].writable)
      return report_call(r, index, value, "may not be written, but the callee overwrites it");
  }
  return true;
}

static bool donate_arguments(vmo_plan_run *r, uint32_t index) {
  if (!donated_may_be_written(r, index)) return false;
  uint32_t mark = vmo_byte_map_mark(&r->map);
  bool apart = donated_are_apart(r, index);
  vmo_byte_map_undo(&r->map, mark);
  vmo_byte_map_close(&r->map);
  return apart;
}

/* A result that the callee returns in a donated argument is over that argument; every other one is apart from all. */
static bool call_results_agree(vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  const vmo_function *callee = r->c->module->functions.data[op->callee];
  const uint32_t *results = callee->plan ? vmo_find_callee_results(r->c, op->callee) : NULL;
  if (callee->plan && !results) return false;
  for (uint32_t i = 0; i < r->written.count; i++) {
    vmo_plan_write *w = &r->written.data[i];
    uint32_t comes_in = results ? results[w->value - op->result_first] : VMO_CALLEE_FRESH;
    if (comes_in == VMO_CALLEE_PART)
      return report_call(r, index, w->value, "comes back in a part of a donated argument");
    if (comes_in == VMO_CALLEE_FRESH) continue;
    vmo_value_id argument = vmo_op_value(r->c->function, op, comes_in);
    if (argument == VMO_NONE || !vmo_same_start(place_of(r, argument), place_of(r, w->value)) ||
        !same_elements(r, argument, w->value))
      return report_call(r, index, w->value, "comes back in the bytes of a donated argument, but is planned elsewhere");
    w->operand = comes_in;
  }
  return true;
}

static bool call_results_are_apart(const vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  for (uint32_t i = 0; i < op->operand_count; i++) {
    vmo_value_id value = vmo_op_value(r->c->function, op, i);
    if (value == VMO_NONE || !VMO_PLACE_REAL(place_of(r, value))) continue;
    for (uint32_t w = first_written_at(r, place_of(r, value)); w < r->written.count; w++) {
      const vmo_plan_write *there = &r->written.data[w];
      if (!vmo_places_overlap(place_of(r, value), place_of(r, there->value))) break;
      if (there->operand == i) continue;
      return report_call(r, index, there->value, "overlaps an argument that the callee does not return it in");
    }
  }
  return true;
}

bool vmo_run_call(vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  if (!vmo_expect_operands(r, index) || !donate_arguments(r, index)) return false;
  if (!list_written(r, index) || !call_results_agree(r, index) || !call_results_are_apart(r, index)) return false;
  if (!use_extras(r, index)) return false;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    if (!vmo_is_donated(r->c, op, i)) continue;
    if (!vmo_write_place(r, index, place_of(r, vmo_op_value(r->c->function, op, i)), VMO_NONE)) return false;
  }
  return write_results(r, index);
}
