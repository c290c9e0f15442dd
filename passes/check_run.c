/* check_run.c: the interpretation of a planned program.
 *
 * The state says of each cell (check_cells.c) which value it holds, or that nothing is known of it. Ops are taken in
 * program order, each once:
 *
 *   plain op   see check_writes.c
 *   if         both branches start from the same state; where they leave different values, nothing is known
 *   for, while at the head, all that the body changes holds nothing known but the carried arguments; the yield has to
 *              bring those back, and the state after the loop is that of the head (while: of the condition's end)
 *   parallel   every stream starts from the state at the fork; check_effects.c has proven them apart
 *   hand-over  when a value is handed on, its cells hold the receiver from then on: the name changes, no byte does
 *
 * A view has no cells of its own: they hold the value that it is a view of. Branches are undone by the map's journal,
 * so that they cost what they change. */
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
bool vmo_expect_value(const vmo_plan_run *r, uint32_t index, vmo_value_id value) {
  vmo_byte_run lost;
  if (value == VMO_NONE) return true;
  if (place_of(r, value)->base == VMO_PLACE_NOWHERE)
    return vmo_report_plan_fault(r->c, VMO_PLAN_LOST, op_at(r, index)->location,
                                 "%s is read here, but no bytes hold it", name_of(r, value));
  return !find_lost(r, value, &lost) || report_lost(r, index, value, lost.content);
}

bool vmo_expect_operands(const vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (!vmo_expect_value(r, index, vmo_op_value(r->c->function, op, i))) return false;
  return true;
}

void vmo_hold(vmo_plan_run *r, const vmo_plan_place *place, uint32_t content) {
  if (VMO_PLACE_REAL(place)) vmo_byte_map_assign(&r->map, place->first, place->last, content);
}

/* Operand `operand` of the op is handed to `target`, if that matters: its bytes must be the target's, and hold it. */
static bool expect_hand_over(const vmo_plan_run *r, uint32_t index, uint32_t operand, vmo_value_id target) {
  if (!r->c->needed[r->c->roots[target]]) return true;
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

static bool expect_hand_overs(const vmo_plan_run *r, uint32_t index, uint32_t first_operand, vmo_value_id first,
                              uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (!expect_hand_over(r, index, first_operand + i, first + i)) return false;
  return true;
}

/* The cells of the needed ones among `count` values hold them from now on; a value that always is another one has its
 * name already. */
static void hand_over(vmo_plan_run *r, vmo_value_id first, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (r->c->same[first + i] == first + i && r->c->needed[first + i]) vmo_hold(r, place_of(r, first + i), first + i);
}

/* ---- structured ops ---- */

static bool open_frame(vmo_plan_run *r, bool marked) {
  vmo_plan_frame opened = {.change = r->changes.count};
  if (marked) opened.mark = vmo_byte_map_mark(&r->map);
  return vmo_vec_push(r->c->arena, &r->frames, opened) || vmo_stop_check(r->c);
}

static vmo_plan_frame *top_frame(vmo_plan_run *r) { return &r->frames.data[r->frames.count - 1]; }

static bool open_loop(vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  const vmo_region *region = region_at(r, op->region_first);
  bool counted = op->code == VMO_OP_for;
  vmo_value_id first = region->argument_first + (counted ? 1 : 0);
  for (uint32_t i = 0; counted && i < 2; i++)
    if (!vmo_expect_value(r, index, vmo_op_value(r->c->function, op, i))) return false;
  if (!expect_hand_overs(r, index, counted ? 2 : 0, first, op->result_count)) return false;
  vmo_loop_effect effect = r->c->loop_effects[op->region_first];
  for (uint32_t i = effect.first; i < effect.first + effect.count; i++)
    vmo_byte_map_assign(&r->map, r->c->loop_ranges.data[i].begin, r->c->loop_ranges.data[i].end, VMO_NONE);
  hand_over(r, first, op->result_count);
  return open_frame(r, counted);
}

static bool open_regions(vmo_plan_run *r, uint32_t index) {
  const vmo_op *op = op_at(r, index);
  if (op->code == VMO_OP_for || op->code == VMO_OP_while) return open_loop(r, index);
  return vmo_expect_operands(r, index) && open_frame(r, true);
}

/* Back at the head, or at the end of the condition: the arguments there become the results. */
static bool end_loop(vmo_plan_run *r, uint32_t index, const vmo_region *region) {
  const vmo_op *owner = op_at(r, region->owner);
  vmo_value_id first = vmo_first_yield_target(r->c, op_at(r, index));
  if (!expect_hand_overs(r, index, 0, first, owner->result_count)) return false;
  vmo_byte_map_undo(&r->map, top_frame(r)->mark);
  vmo_byte_map_close(&r->map);
  r->frames.count--;
  uint32_t end = owner->code == VMO_OP_while ? region->op_first - 1 : index; /* a fault there is the condition's */
  for (uint32_t i = 0; i < owner->result_count; i++)
    if (r->c->needed[r->c->roots[owner->result_first + i]] && !vmo_expect_value(r, end, first + i)) return false;
  hand_over(r, owner->result_first, owner->result_count);
  return true;
}

/* Sets [begin, end), which one branch left as it was and the other made `content`, to what both agree on. */
static void join_with_before(vmo_plan_run *r, uint32_t begin, uint32_t end, uint32_t content) {
  while (begin < end) {
    vmo_byte_run before = vmo_byte_map_find(&r->map, begin);
    uint32_t stop = before.end < end ? before.end : end;
    if (before.content != content) vmo_byte_map_assign(&r->map, begin, stop, VMO_NONE);
    begin = stop;
  }
}

/* The state is that before the branches; [first, middle) and [middle, end) of `changes` are what they made of it. */
static void join_branches(vmo_plan_run *r, uint32_t first, uint32_t middle) {
  vmo_byte_run *changes = r->changes.data;
  uint32_t i = first, j = middle, end = r->changes.count;
  while (i < middle || j < end) {
    uint32_t left = i < middle ? changes[i].begin : UINT32_MAX, right = j < end ? changes[j].begin : UINT32_MAX;
    uint32_t begin = left < right ? left : right;
    uint32_t left_end = left == begin ? changes[i].end : left, right_end = right == begin ? changes[j].end : right;
    uint32_t stop = left_end < right_end ? left_end : right_end;
    if (left == right) {
      bool agree = changes[i].content == changes[j].content;
      vmo_byte_map_assign(&r->map, begin, stop, agree ? changes[i].content : VMO_NONE);
    } else {
      join_with_before(r, begin, stop, changes[left == begin ? i : j].content);
    }
    if (left == begin && (changes[i].begin = stop) == changes[i].end) i++;
    if (right == begin && (changes[j].begin = stop) == changes[j].end) j++;
  }
}

static bool end_branch(vmo_plan_run *r, uint32_t index, const vmo_region *region) {
  const vmo_op *owner = op_at(r, region->owner);
  vmo_plan_frame *top = top_frame(r);
  if (!expect_hand_overs(r, index, 0, owner->result_first, owner->result_count)) return false;
  hand_over(r, owner->result_first, owner->result_count);
  uint32_t middle = r->changes.count;
  vmo_byte_map_list_changes(&r->map, top->mark, &r->changes);
  vmo_byte_map_undo(&r->map, top->mark);
  bool is_then = region->kind == VMO_REGION_THEN;
  if (is_then && owner->region_count > 1) return true;
  vmo_byte_map_close(&r->map);
  join_branches(r, top->change, is_then ? r->changes.count : middle);
  r->changes.count = top->change;
  r->frames.count--;
  return true;
}

/* Whether the value is made within the region that begins with op `first`. */
static bool is_made_after(const vmo_plan_run *r, vmo_value_id value, uint32_t first) {
  const vmo_value *v = &r->c->function->values.data[value];
  if (v->kind == VMO_VALUE_PARAMETER) return false;
  return (v->kind == VMO_VALUE_RESULT ? v->owner : region_at(r, v->owner)->owner) >= first;
}

/* What the stream made of the state is kept for the join; its own values cannot be named there. */
static void keep_stream(vmo_plan_run *r, const vmo_region *region) {
  uint32_t first = r->changes.count;
  vmo_byte_map_list_changes(&r->map, top_frame(r)->mark, &r->changes);
  vmo_byte_map_undo(&r->map, top_frame(r)->mark);
  for (uint32_t i = first; i < r->changes.count; i++) {
    vmo_byte_run *change = &r->changes.data[i];
    if (change->content != VMO_NONE && is_made_after(r, change->content, region->op_first)) change->content = VMO_NONE;
  }
}

static bool end_stream(vmo_plan_run *r, uint32_t index, const vmo_region *region) {
  const vmo_op *op = op_at(r, index), *owner = op_at(r, region->owner);
  vmo_value_id first = vmo_first_yield_target(r->c, op);
  if (!expect_hand_overs(r, index, 0, first, op->operand_count)) return false;
  keep_stream(r, region);
  if (op->region + 1 < owner->region_first + owner->region_count) return true;
  vmo_byte_map_close(&r->map);
  for (uint32_t i = top_frame(r)->change; i < r->changes.count; i++)
    vmo_byte_map_assign(&r->map, r->changes.data[i].begin, r->changes.data[i].end, r->changes.data[i].content);
  r->changes.count = top_frame(r)->change;
  r->frames.count--;
  hand_over(r, owner->result_first, owner->result_count);
  return true;
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
  if (!vmo_expect_operands(r, index)) return false;
  top_frame(r)->mark = vmo_byte_map_mark(&r->map);
  return true;
}

/* What is there on entry: parameters, states, constants. */
static void begin_state(vmo_plan_run *r) {
  const vmo_function *function = r->c->function;
  for (vmo_value_id v = 0; v < function->values.count; v++) {
    const vmo_value *value = &function->values.data[v];
    bool constant = value->kind == VMO_VALUE_RESULT && op_at(r, value->owner)->code == VMO_OP_const;
    if (value->kind == VMO_VALUE_PARAMETER || constant) vmo_hold(r, place_of(r, v), v);
  }
}

bool vmo_interpret_plan(vmo_plan_checker *c) {
  vmo_plan_run r = {.c = c};
  if (!vmo_byte_map_init(c->arena, &r.map, c->cell_count)) return vmo_stop_check(c);
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
    if (r.map.failed) return vmo_stop_check(c);
  }
  return true;
}
