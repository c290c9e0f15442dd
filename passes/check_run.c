/* check_run.c: the interpretation of a planned program.
 *
 * The state says of each cell (check_cells.c) which value it holds, or that nothing is known of it. Ops are taken in
 * program order, each once:
 *
 *   plain op   see check_writes.c
 *   if         both branches start from the same state; where they leave different values, nothing is known
 *   for, while the body is taken once, from the state before the loop; check_touches.c refuses what another iteration
 *              would see. The yield has to bring the carried arguments back to their places
 *   parallel   every stream starts from the state at the fork
 *   hand-over  when a value is handed on, its cells hold the receiver from then on: the name changes, no byte does
 *
 * A view has no cells of its own: they hold the value that it is a view of. The cost is that of the ops; an `if` costs
 * what its first branch changes once more, a `parallel` what its streams change, at each level of nesting. */
#include "passes/plan_checker.h"

#include <inttypes.h>
#include <stdlib.h>

static const vmo_op *op_at(const vmo_plan_run *r, uint32_t index) { return &r->c->function->ops.data[index]; }

static const vmo_region *region_at(const vmo_plan_run *r, vmo_region_id region) {
  return &r->c->function->regions.data[region];
}

static const vmo_plan_place *place_of(const vmo_plan_run *r, vmo_value_id value) { return &r->c->places[value]; }

static const char *name_of(const vmo_plan_run *r, vmo_value_id value) { return vmo_describe_value(r->c, value); }

/* ---- holding and handing on ---- */

/* The first run within the value's cells that does not hold it; false when all do. */
static bool find_lost(const vmo_plan_run *r, vmo_value_id value, vmo_byte_run *lost) {
  const vmo_plan_place *place = place_of(r, value);
  if (!VMO_PLACE_REAL(place)) return false;
  for (uint32_t cell = place->first; cell < place->last; cell = lost->end) {
    *lost = vmo_byte_map_find(&r->map, cell);
    if (lost->content != r->c->roots[value]) return true;
  }
  return false;
}

static bool report_lost(const vmo_plan_run *r, uint32_t index, vmo_value_id value, vmo_value_id content) {
  vmo_location location = op_at(r, index)->location;
  const char *where = vmo_describe_place(r->c, place_of(r, value));
  if (content == VMO_NONE)
    return vmo_report_plan_fault(r->c, VMO_PLAN_LOST, location,
                                 "%s is read here, but %s, where it lives, may have been overwritten",
                                 name_of(r, value), where);
  vmo_location made = r->c->function->values.data[content].location;
  return vmo_report_plan_fault(r->c, VMO_PLAN_LOST, location,
                               "%s is read here, but %s, where it lives, hold %s of %" PRIu32 ":%" PRIu32,
                               name_of(r, value), where, name_of(r, content), made.line, made.column);
}

/* The op reads the value: its bytes must hold it. */
bool vmo_expect_value(vmo_plan_run *r, uint32_t index, vmo_value_id value) {
  vmo_byte_run lost;
  if (value == VMO_NONE) return true;
  if (place_of(r, value)->base == VMO_PLACE_NOWHERE)
    return vmo_report_plan_fault(r->c, VMO_PLAN_LOST, op_at(r, index)->location,
                                 "%s is read here, but no bytes hold it", name_of(r, value));
  if (find_lost(r, value, &lost)) return report_lost(r, index, value, lost.content);
  return vmo_note_read(r, index, value);
}

bool vmo_expect_operands(vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (!vmo_expect_value(r, index, vmo_op_value(r->c->function, op, i))) return false;
  return true;
}

void vmo_hold(vmo_plan_run *r, const vmo_plan_place *place, uint32_t content) {
  if (VMO_PLACE_REAL(place)) vmo_byte_map_assign(&r->map, place->first, place->last, content);
}

/* Operand `operand` of the op is handed to `target`, if that matters: its bytes must be the target's, and hold it. */
static bool expect_hand_over(vmo_plan_run *r, uint32_t index, uint32_t operand, vmo_value_id target) {
  if (!r->c->needed[target]) return true;
  const vmo_op *op = op_at(r, index);
  vmo_value_id value = vmo_op_value(r->c->function, op, operand);
  const vmo_plan_place *to = place_of(r, target);
  if (to->base == VMO_PLACE_FREE) return true;
  if (value == VMO_NONE || !VMO_PLACE_REAL(place_of(r, value)))
    return vmo_report_plan_fault(r->c, VMO_PLAN_LOST, op->location,
                                 "%s gets a value here that has no bytes; a copy is missing", name_of(r, target));
  if (!vmo_same_start(place_of(r, value), to) && to->first < to->last)
    return vmo_report_plan_fault(r->c, VMO_PLAN_LOST, op->location,
                                 "%s is handed to %s here, but lives in %s, and %s in %s", name_of(r, value),
                                 name_of(r, target), vmo_describe_place(r->c, place_of(r, value)), name_of(r, target),
                                 vmo_describe_place(r->c, to));
  return vmo_expect_value(r, index, value);
}

static bool expect_hand_overs(vmo_plan_run *r, uint32_t index, uint32_t first_operand, vmo_value_id first,
                              uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (!expect_hand_over(r, index, first_operand + i, first + i)) return false;
  return true;
}

bool vmo_write_place(vmo_plan_run *r, uint32_t index, const vmo_plan_place *place, uint32_t content) {
  if (!vmo_note_write(r, index, place)) return false;
  vmo_hold(r, place, content);
  return true;
}

/* The cells of the needed ones among `count` values hold them from now on; a value that always is another one has its
 * name already. */
static bool hand_over(vmo_plan_run *r, uint32_t index, vmo_value_id first, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (r->c->same[first + i] != first + i || !r->c->needed[first + i]) continue;
    if (!vmo_note_loss(r, index, "handed on", place_of(r, first + i))) return false;
    vmo_hold(r, place_of(r, first + i), first + i);
  }
  return true;
}

/* ---- structured ops ---- */

static bool open_frame(vmo_plan_run *r) {
  vmo_plan_frame opened = {vmo_byte_map_mark(&r->map), r->changes.count};
  return vmo_vec_push(r->c->arena, &r->frames, opened) || vmo_stop_check(r->c);
}

static vmo_plan_frame *top_frame(vmo_plan_run *r) { return &r->frames.data[r->frames.count - 1]; }

static bool open_loop(vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  uint32_t skip = op->code == VMO_OP_for ? 1 : 0;
  vmo_value_id first = region_at(r, op->region_first)->argument_first + skip;
  for (uint32_t i = 0; i < 2 * skip; i++)
    if (!vmo_expect_value(r, index, vmo_op_value(r->c->function, op, i))) return false;
  if (!expect_hand_overs(r, index, 2 * skip, first, op->result_count)) return false;
  if (!hand_over(r, index, first, op->result_count)) return false;
  if (!vmo_vec_push(r->c->arena, &r->touches.loops, index)) return vmo_stop_check(r->c);
  vmo_place_in_loops(r, first, op->result_count);
  return true;
}

static bool open_stream(vmo_plan_run *r, uint32_t fork, vmo_region_id region) {
  vmo_plan_stream opened = {fork, region_at(r, region)->op_first};
  return vmo_vec_push(r->c->arena, &r->touches.streams, opened) || vmo_stop_check(r->c);
}

static bool open_regions(vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  if (op->code == VMO_OP_for || op->code == VMO_OP_while) return open_loop(r, index);
  if (!vmo_expect_operands(r, index) || !open_frame(r)) return false;
  return op->code != VMO_OP_parallel || open_stream(r, index, op->region_first);
}

/* The carried values that the results of the loop will be must be in their places when it may end. */
static bool expect_results(vmo_plan_run *r, uint32_t index, const vmo_op *loop) {
  const vmo_region *region = region_at(r, loop->region_first);
  vmo_value_id first = region->argument_first + (loop->code == VMO_OP_for ? 1 : 0);
  for (uint32_t i = 0; i < loop->result_count; i++)
    if (r->c->needed[loop->result_first + i] && !vmo_expect_value(r, index, first + i)) return false;
  return true;
}

/* What the body made of other cells than those of the arguments are values of its own, which nothing behind the loop
 * can name. So its last state serves as the one after the loop. */
static bool end_loop(vmo_plan_run *r, uint32_t index, const vmo_region *region) {
  const vmo_op *owner = op_at(r, region->owner);
  vmo_value_id first = vmo_first_yield_target(r->c, op_at(r, index));
  if (!expect_hand_overs(r, index, 0, first, owner->result_count)) return false;
  if (!hand_over(r, index, first, owner->result_count) || !expect_results(r, index, owner)) return false;
  r->touches.loops.count--;
  vmo_place_in_loops(r, owner->result_first, owner->result_count);
  return hand_over(r, index, owner->result_first, owner->result_count);
}

/* [begin, end) holds `content` at the end of one region, and what it holds now at the end of another one: what they do
 * not agree on is not known. */
static void join_run(vmo_plan_run *r, const vmo_byte_run *other) {
  for (uint32_t cell = other->begin; cell < other->end;) {
    vmo_byte_run here = vmo_byte_map_find(&r->map, cell);
    uint32_t end = here.end < other->end ? here.end : other->end;
    if (here.content != other->content) vmo_byte_map_assign(&r->map, cell, end, VMO_NONE);
    cell = end;
  }
}

/* A region of an `if` or `parallel` ends. What it changed is kept, and the state at the fork brought back for the next
 * one; at the end of the last one, all are joined. Cells that only this one changed hold values that cannot be named
 * behind it, which is as good as not known. */
static void end_fork(vmo_plan_run *r, const vmo_region *region, const vmo_op *owner) {
  vmo_plan_frame *top = top_frame(r);
  bool is_last = region->op_end == region_at(r, owner->region_first + owner->region_count - 1)->op_end;
  if (!is_last) {
    vmo_byte_map_list_changes(&r->map, top->mark, &r->changes);
    vmo_byte_map_undo(&r->map, top->mark);
    return;
  }
  vmo_byte_map_close(&r->map);
  for (uint32_t i = top->change; i < r->changes.count; i++) join_run(r, &r->changes.data[i]);
  r->changes.count = top->change;
  r->frames.count--;
  vmo_place_in_loops(r, owner->result_first, owner->result_count);
}

static bool end_branch(vmo_plan_run *r, uint32_t index, const vmo_region *region) {
  const vmo_op *owner = op_at(r, region->owner);
  if (!expect_hand_overs(r, index, 0, owner->result_first, owner->result_count)) return false;
  if (!hand_over(r, index, owner->result_first, owner->result_count)) return false;
  end_fork(r, region, owner);
  return true;
}

/* The results are handed over when all streams have ended: others may read the yielded value. */
static bool end_stream(vmo_plan_run *r, uint32_t index, const vmo_region *region) {
  const vmo_op *op = op_at(r, index), *owner = op_at(r, region->owner);
  if (!expect_hand_overs(r, index, 0, vmo_first_yield_target(r->c, op), op->operand_count)) return false;
  r->touches.streams.count--;
  end_fork(r, region, owner);
  if (op->region + 1 < owner->region_first + owner->region_count) return open_stream(r, region->owner, op->region + 1);
  return hand_over(r, index, owner->result_first, owner->result_count);
}

/* ---- return ---- */

static bool report_return(const vmo_plan_run *r, uint32_t index, vmo_value_id value, const char *why) {
  return vmo_report_plan_fault(r->c, VMO_PLAN_RETURN, op_at(r, index)->location, "%s is returned, but %s",
                               name_of(r, value), why);
}

/* The place of result `operand` outlives the function. */
static bool result_may_leave(const vmo_plan_run *r, uint32_t index, uint32_t operand) {
  const vmo_plan_checker *c = r->c;
  vmo_value_id value = vmo_op_value(c->function, op_at(r, index), operand);
  if (value == VMO_NONE)
    return vmo_report_plan_fault(r->c, VMO_PLAN_RETURN, op_at(r, index)->location,
                                 "result %" PRIu32 " has no bytes; a copy is missing", operand);
  const vmo_plan_place *place = place_of(r, value);
  if (c->views[value]) return report_return(r, index, value, "is a view; a copy is missing");
  if (place->base == VMO_PLACE_FREE && vmo_value_type(c->module, c->function, value)->bytes == c->zero) return true;
  if (!VMO_PLACE_REAL(place)) return report_return(r, index, value, "has no bytes; a copy is missing");
  const vmo_plan_base *base = &c->bases.data[place->base];
  if (!base->writable) return report_return(r, index, value, "is not the function's own; a copy is missing");
  if (!c->plan->results_in_caller || base->kind == VMO_BASE_PARAMETER) return true;
  if (base->kind == VMO_BASE_RESULT && base->index == operand && place->start == c->zero) return true;
  return report_return(r, index, value, "does not live in the bytes that the caller provides for it");
}

/* Cells that are to be apart from each other at the end. */
typedef struct claim {
  uint32_t first, last;
  vmo_value_id value;
} claim;

static int compare_claims(const void *left, const void *right) {
  const claim *a = left, *b = right;
  if (a->first != b->first) return a->first < b->first ? -1 : 1;
  return (a->value > b->value) - (a->value < b->value);
}

static bool claims_are_apart(const vmo_plan_run *r, uint32_t index, claim *claims, uint32_t count) {
  if (count > 1) qsort(claims, count, sizeof *claims, compare_claims);
  for (uint32_t i = 1; i < count; i++)
    if (claims[i - 1].last > claims[i].first)
      return report_return(r, index, claims[i].value, "shares bytes with another result or a state");
  return true;
}

static bool return_values(vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  const vmo_function *function = r->c->function;
  uint32_t results = function->result_types.count, operand = results, count = 0;
  claim *claims = vmr_arena_alloc_array(r->c->arena, (size_t)op->operand_count + 1, sizeof *claims);
  if (!claims) return vmo_stop_check(r->c);
  if (!vmo_expect_operands(r, index)) return false;
  for (uint32_t i = 0; i < results; i++) {
    if (!result_may_leave(r, index, i)) return false;
    vmo_value_id value = vmo_op_value(function, op, i);
    const vmo_plan_place *place = place_of(r, value);
    if (VMO_PLACE_REAL(place) && place->first < place->last)
      claims[count++] = (claim){place->first, place->last, value};
  }
  for (vmo_value_id state = 0; state < function->parameters.count; state++) {
    if (!function->parameters.data[state].state) continue;
    const vmo_plan_place *place = place_of(r, state);
    r->c->needed[state] = true;
    if (!expect_hand_over(r, index, operand++, state)) return false;
    if (place->first < place->last) claims[count++] = (claim){place->first, place->last, state};
  }
  return claims_are_apart(r, index, claims, count);
}

/* ---- the walk ---- */

static bool end_region(vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  const vmo_region *region = region_at(r, op->region);
  switch (region->kind) {
  case VMO_REGION_BODY: return return_values(r, index);
  case VMO_REGION_FOR:
  case VMO_REGION_DO: return end_loop(r, index, region);
  case VMO_REGION_THEN:
  case VMO_REGION_ELSE: return end_branch(r, index, region);
  case VMO_REGION_STREAM: return end_stream(r, index, region);
  case VMO_REGION_CONDITION: break;
  }
  return vmo_expect_operands(r, index) && expect_results(r, index, op_at(r, region->owner));
}

/* What is there on entry: parameters, states, constants. */
static void begin_state(vmo_plan_run *r) {
  const vmo_function *function = r->c->function;
  for (vmo_value_id v = 0; v < function->values.count; v++) {
    const vmo_value *value = &function->values.data[v];
    bool constant =
        value->kind == VMO_VALUE_RESULT && value->owner != VMO_NONE && op_at(r, value->owner)->code == VMO_OP_const;
    if (value->kind == VMO_VALUE_PARAMETER || constant) vmo_hold(r, place_of(r, v), v);
  }
}

bool vmo_interpret_plan(vmo_plan_checker *c) {
  vmo_plan_run r = {.c = c};
  if (!vmo_byte_map_init(c->arena, &r.map, c->cell_count)) return vmo_stop_check(c);
  if (!vmo_begin_touches(&r)) return false;
  begin_state(&r);
  for (uint32_t i = 0; i < c->function->ops.count; i++) {
    const vmo_op *op = op_at(&r, i);
    bool go_on;
    if (op->region_count > 0)
      go_on = open_regions(&r, i);
    else if (vmo_op_get_info((vmo_opcode)op->code)->terminator)
      go_on = end_region(&r, i);
    else
      go_on = op->code == VMO_OP_call ? vmo_run_call(&r, i) : vmo_run_plain_op(&r, i);
    if (!go_on) return false;
    if (r.map.failed || r.touches.reads.failed || r.touches.writes.failed || r.touches.shared.failed)
      return vmo_stop_check(c);
  }
  return true;
}
