/* check_places.c: where each value lives, read off the plan alone.
 *
 *   %p donate, %q            the caller's bytes
 *   %c = const ..            bytes of the constant
 *   %x = .. {slot, offset}   the arena of its space        %y = .. {over = %x}   where %x lives
 *   %v = slice %x ..         where %x lives, and further   %z = .. {result = 0}  the caller's bytes of result 0
 *   loop argument, result    where the init lives
 *   result of if, parallel   where the yielded value lives (of an if: in its first branch)
 *
 * Checked on the way: entries are there exactly where they must be and agree with each other, places are aligned and
 * within their arena. One walk over the ops; linear, but for sorting slots when sizes are expressions. */
#include "passes/plan_checker.h"

#include <inttypes.h>
#include <stdlib.h>

static const vmo_type *type_of(const vmo_plan_checker *c, vmo_value_id value) {
  return vmo_value_type(c->module, c->function, value);
}

static const char *name_of(vmo_plan_checker *c, vmo_value_id value) { return vmo_describe_value(c, value); }

static vmo_location place_of_value(const vmo_plan_checker *c, vmo_value_id value) {
  return c->function->values.data[value].location;
}

static bool is_zero(const vmo_plan_checker *c, vmo_size_id size) { return size == c->zero; }

/* ---- places in an arena ---- */

/* Whether the author of a state put it there; then only the alignment that types ask for is checked. */
static bool is_pinned(const vmo_plan_checker *c, vmo_space_id space, vmo_size_id offset) {
  uint64_t key = (uint64_t)space << 32 | offset;
  return c->pin_count > 0 && bsearch(&key, c->pins, c->pin_count, sizeof key, vmo_compare_keys) != NULL;
}

static bool place_value_in_arena(vmo_plan_checker *c, vmo_value_id value) {
  const vmo_type *type = type_of(c, value);
  uint32_t usual = is_pinned(c, type->space, c->plan->values[value].offset) ? 1 : c->plan->alignment;
  vmo_plan_request r = {.value = value,
                        .location = place_of_value(c, value),
                        .space = type->space,
                        .offset = c->plan->values[value].offset,
                        .bytes = type->bytes,
                        .alignment = type->alignment != 0 ? type->alignment : usual};
  return vmo_place_in_arena(c, &r, &c->places[value]);
}

/* ---- places in bytes that are there already ---- */

/* The whole of a base that belongs to one value: a parameter, a constant, a result of the function. */
static bool place_in_base(vmo_plan_checker *c, vmo_value_id value, uint32_t base) {
  if (base == VMO_PLACE_NOWHERE) return false;
  vmo_plan_place *place = &c->places[value];
  *place = (vmo_plan_place){base, false, c->zero, c->zero, VMO_NONE, 0, 0};
  if (c->numeric) {
    place->exact = true;
    place->begin = 0;
    place->end = vmo_find_extent(c, c->function->values.data[value].type)->bytes.high;
  } else if (is_zero(c, type_of(c, value)->bytes)) {
    place->end = place->begin;
  }
  return true;
}

static bool place_in_result(vmo_plan_checker *c, vmo_value_id value) {
  int32_t result = c->plan->values[value].result;
  const vmo_type *type = type_of(c, value);
  if (!c->plan->results_in_caller || (uint32_t)result >= c->function->result_types.count)
    return vmo_report_plan_fault(c, VMO_PLAN_PLACE, place_of_value(c, value),
                                 "%s is in the bytes of result %" PRId32 ", which the caller does not provide",
                                 name_of(c, value), result);
  const vmo_type *provided = &c->module->types.data[c->function->result_types.data[result]];
  if (type->space != provided->space || !vmo_is_at_least(c, provided->bytes, type->bytes))
    return vmo_report_plan_fault(c, VMO_PLAN_BOUNDS, place_of_value(c, value),
                                 "%s is in the bytes of result %" PRId32 ", which do not hold it", name_of(c, value),
                                 result);
  return place_in_base(c, value, (uint32_t)result); /* the bases of results come first */
}

/* The alignment that a base is known to have; 0: any. */
static uint32_t alignment_of_base(const vmo_plan_checker *c, const vmo_plan_base *base) {
  uint32_t alignment = 0;
  if (base->kind == VMO_BASE_ARENA || base->kind == VMO_BASE_SLOT) return 0;
  if (base->kind == VMO_BASE_RESULT)
    alignment = c->module->types.data[c->function->result_types.data[base->index]].alignment;
  else
    alignment = type_of(c, base->index)->alignment;
  return alignment != 0 ? alignment : c->plan->alignment;
}

/* The start counted from the beginning of the arena. */
static vmo_size_id absolute_start(const vmo_plan_checker *c, const vmo_plan_place *place) {
  return vmo_size_add(c->module->sizes, c->bases.data[place->base].offset, place->start);
}

/* A result over an operand takes its place as it is, so only an alignment that its type asks for is checked. */
static bool is_aligned_over(const vmo_plan_checker *c, const vmo_plan_place *place, uint32_t alignment) {
  if (alignment == 0) return true;
  uint32_t given = alignment_of_base(c, &c->bases.data[place->base]);
  if (given != 0 && given % alignment != 0) return false;
  return place->exact ? place->begin % alignment == 0 : vmo_is_multiple(c, absolute_start(c, place), alignment);
}

/* Whether a value's own slot and offset, or result, are where `place` is. */
static bool entry_agrees(vmo_plan_checker *c, vmo_value_id value, const vmo_plan_place *place) {
  const vmo_value_plan *entry = &c->plan->values[value];
  const vmo_plan_base *base = &c->bases.data[place->base];
  if (entry->result >= 0)
    return base->kind == VMO_BASE_RESULT && base->index == (uint32_t)entry->result && place->start == c->zero;
  if (entry->offset == VMO_NONE) return true;
  if (base->kind != VMO_BASE_ARENA && base->kind != VMO_BASE_SLOT) return false;
  vmo_interval offset;
  if (absolute_start(c, place) == entry->offset) return true;
  return place->exact && vmo_evaluate_size(c, entry->offset, &offset) && offset.low == offset.high &&
         offset.low == place->begin;
}

/* What a result may be over: an operand of its op, or a donated parameter, whose bytes it then takes from the start. */
static bool may_be_over(vmo_plan_checker *c, uint32_t op, vmo_value_id value, vmo_value_id over) {
  if (over >= c->function->values.count) return false;
  if (c->stamps[over] == op + 1) return true;
  return over < c->function->parameters.count && c->function->parameters.data[over].donate &&
         !c->function->parameters.data[over].state &&
         vmo_is_at_least(c, type_of(c, over)->bytes, type_of(c, value)->bytes);
}

static bool report_over(vmo_plan_checker *c, vmo_plan_fault fault, vmo_value_id value, vmo_value_id over,
                        const char *why) {
  return vmo_report_plan_fault(c, fault, place_of_value(c, value), "%s is over %s, %s", name_of(c, value),
                               name_of(c, over), why);
}

static bool place_over(vmo_plan_checker *c, uint32_t op, vmo_value_id value) {
  vmo_value_id over = c->plan->values[value].over;
  const vmo_type *type = type_of(c, value);
  if (!may_be_over(c, op, value, over))
    return vmo_report_plan_fault(c, VMO_PLAN_PLACE, place_of_value(c, value),
                                 "%s is over a value that is no operand of its op", name_of(c, value));
  const vmo_plan_place *from = &c->places[over];
  c->places[value] = *from;
  if (from->base == VMO_PLACE_FREE && is_zero(c, type->bytes)) return true;
  if (!VMO_PLACE_REAL(from)) return report_over(c, VMO_PLAN_PLACE, value, over, "which has no bytes");
  if (type->space != type_of(c, over)->space)
    return report_over(c, VMO_PLAN_PLACE, value, over, "which is in another space");
  if (!entry_agrees(c, value, from))
    return report_over(c, VMO_PLAN_PLACE, value, over, "but its slot, offset or result says another place");
  if (!is_aligned_over(c, from, type->alignment))
    return report_over(c, VMO_PLAN_ALIGNMENT, value, over, "whose bytes are not aligned as its type asks");
  return true;
}

/* ---- views ---- */

/* A view lies within its base, whatever the bounds of its start and bytes are. */
static void bound_view(vmo_plan_checker *c, vmo_value_id value, vmo_plan_place *place) {
  const vmo_plan_place *root = &c->places[c->roots[value]];
  int64_t bytes = vmo_find_extent(c, c->function->values.data[value].type)->bytes.high;
  vmo_interval start;
  if (!vmo_evaluate_size(c, place->start, &start)) start = (vmo_interval){root->begin, root->end};
  place->exact = root->exact && start.low == start.high;
  place->begin = start.low < root->begin ? root->begin : start.low;
  place->end = start.high > root->end - bytes ? root->end : start.high + bytes;
  if (place->end < place->begin) place->end = place->begin;
}

static bool place_view(vmo_plan_checker *c, const vmo_op *op, vmo_value_id value, vmo_size_id offset) {
  vmo_sizes *sizes = c->module->sizes;
  vmo_value_id base = vmo_op_value(c->function, op, 0);
  vmo_plan_place *place = &c->places[value];
  if (base == VMO_NONE) {
    place->base = VMO_PLACE_FREE;
    return true;
  }
  c->roots[value] = c->roots[base];
  c->viewed[value] = base;
  c->views[value] = true;
  *place = c->places[base];
  if (!VMO_PLACE_REAL(place)) return true;
  place->start = vmo_size_add(sizes, place->start, offset);
  if (place->start == VMO_NONE) return vmo_stop_check(c);
  if (c->numeric) {
    bound_view(c, value, place);
    return true;
  }
  const vmo_plan_place *root = &c->places[c->roots[base]];
  vmo_size_id bytes = type_of(c, value)->bytes;
  vmo_size_id begin = vmo_size_add(sizes, (vmo_size_id)place->begin, offset), end = vmo_size_add(sizes, begin, bytes);
  vmo_size_id root_end = vmo_size_add(sizes, (vmo_size_id)root->begin, type_of(c, c->roots[base])->bytes);
  if (begin == VMO_NONE || end == VMO_NONE || root_end == VMO_NONE) return vmo_stop_check(c);
  place->begin = begin;
  place->end = end == root_end ? root->end : (int64_t)end;
  return true;
}

/* ---- parameters and results ---- */

static bool has_entry(const vmo_plan_checker *c, vmo_value_id value) {
  const vmo_value_plan *entry = &c->plan->values[value];
  return entry->slot != VMO_NONE || entry->offset != VMO_NONE || entry->over != VMO_NONE || entry->result >= 0;
}

static bool expect_no_entry(vmo_plan_checker *c, vmo_value_id value) {
  if (!has_entry(c, value)) return true;
  return vmo_report_plan_fault(c, VMO_PLAN_PLACE, place_of_value(c, value),
                               "%s owns no bytes, but the plan gives it a place", name_of(c, value));
}

static bool place_state(vmo_plan_checker *c, vmo_value_id value) {
  const vmo_value_plan *entry = &c->plan->values[value];
  int64_t pinned = c->function->parameters.data[value].offset;
  if (entry->slot == VMO_NONE || entry->offset == VMO_NONE || entry->over != VMO_NONE || entry->result >= 0)
    return vmo_report_plan_fault(c, VMO_PLAN_PLACE, place_of_value(c, value), "state %s has no place of its own",
                                 name_of(c, value));
  if (!place_value_in_arena(c, value)) return false;
  vmo_interval offset;
  if (pinned < 0 || entry->offset == vmo_size_constant(c->module->sizes, pinned)) return true;
  if (vmo_evaluate_size(c, entry->offset, &offset) && offset.low == pinned && offset.high == pinned) return true;
  return vmo_report_plan_fault(c, VMO_PLAN_PLACE, place_of_value(c, value),
                               "state %s is not at its fixed offset %" PRId64, name_of(c, value), pinned);
}

static bool place_parameters(vmo_plan_checker *c) {
  for (vmo_value_id v = 0; v < c->function->parameters.count; v++) {
    const vmo_parameter *parameter = &c->function->parameters.data[v];
    if (parameter->state) {
      if (!place_state(c, v)) return false;
      continue;
    }
    if (!expect_no_entry(c, v)) return false;
    if (type_of(c, v)->rank == 0) {
      c->places[v].base = VMO_PLACE_FREE;
      continue;
    }
    vmo_plan_base base = {VMO_BASE_PARAMETER, v, c->zero, parameter->donate};
    if (!place_in_base(c, v, vmo_add_base(c, base))) return false;
  }
  return true;
}

static bool place_owned(vmo_plan_checker *c, uint32_t op, vmo_value_id value) {
  const vmo_value_plan *entry = &c->plan->values[value];
  if ((entry->slot == VMO_NONE) != (entry->offset == VMO_NONE) || (entry->slot != VMO_NONE && entry->result >= 0))
    return vmo_report_plan_fault(c, VMO_PLAN_PLACE, place_of_value(c, value),
                                 "%s has a slot without an offset, or a slot besides the caller's bytes",
                                 name_of(c, value));
  if (entry->over != VMO_NONE) return place_over(c, op, value);
  if (entry->result >= 0) return place_in_result(c, value);
  if (entry->slot != VMO_NONE) return place_value_in_arena(c, value);
  if (is_zero(c, type_of(c, value)->bytes)) {
    c->places[value].base = VMO_PLACE_FREE;
    return true;
  }
  return vmo_report_plan_fault(c, VMO_PLAN_PLACE, place_of_value(c, value), "%s has no place", name_of(c, value));
}

static bool place_results(vmo_plan_checker *c, uint32_t index) {
  const vmo_op *op = &c->function->ops.data[index];
  bool may_be_view = vmo_op_get_info((vmo_opcode)op->code)->view;
  for (uint32_t i = 0; i < op->result_count; i++) {
    vmo_value_id value = op->result_first + i;
    vmo_size_id offset = VMO_NONE;
    bool view = may_be_view && vmo_op_is_view(c->module, c->function, op, i, &offset);
    c->owned[value] = !view && op->code != VMO_OP_const;
    if (c->owned[value]) {
      if (!place_owned(c, index, value)) return false;
      continue;
    }
    if (!expect_no_entry(c, value)) return false;
    if (view && offset == VMO_NONE) return vmo_stop_check(c);
    bool placed =
        view ? place_view(c, op, value, offset)
             : place_in_base(c, value, vmo_add_base(c, (vmo_plan_base){VMO_BASE_CONSTANT, value, c->zero, false}));
    if (!placed) return false;
  }
  return true;
}

/* ---- structured ops ---- */

/* A value that is always another one has that one's name. */
static void take_identity(vmo_plan_checker *c, vmo_value_id value) {
  c->roots[value] = c->roots[c->same[value]];
  c->views[value] = c->views[c->same[value]];
}

/* Values that are handed on take the place of the operand; without bytes they have none. */
static bool hand_place(vmo_plan_checker *c, const vmo_op *op, uint32_t operand, vmo_value_id to) {
  vmo_value_id from = vmo_op_value(c->function, op, operand);
  take_identity(c, to);
  if (from != VMO_NONE && VMO_PLACE_REAL(&c->places[from]))
    c->places[to] = c->places[from];
  else if (is_zero(c, type_of(c, to)->bytes))
    c->places[to].base = VMO_PLACE_FREE;
  return expect_no_entry(c, to);
}

static bool place_loop(vmo_plan_checker *c, const vmo_op *op) {
  const vmo_region *region = &c->function->regions.data[op->region_first];
  uint32_t skip = op->code == VMO_OP_for ? 1 : 0, first_init = op->code == VMO_OP_for ? 2 : 0;
  if (skip) c->places[region->argument_first].base = VMO_PLACE_FREE;
  for (uint32_t i = 0; i < op->result_count; i++) {
    vmo_value_id argument = region->argument_first + skip + i, result = op->result_first + i;
    if (!hand_place(c, op, first_init + i, argument) || !expect_no_entry(c, result)) return false;
    c->places[result] = c->places[argument];
    take_identity(c, result);
  }
  return true;
}

static bool place_yields(vmo_plan_checker *c, const vmo_op *yield) {
  const vmo_region *region = &c->function->regions.data[yield->region];
  if (region->kind != VMO_REGION_THEN && region->kind != VMO_REGION_STREAM) return true;
  vmo_value_id first = vmo_first_yield_target(c, yield);
  for (uint32_t i = 0; i < yield->operand_count; i++)
    if (!hand_place(c, yield, i, first + i)) return false;
  return true;
}

/* ---- bytes of the running op ---- */

static bool add_extra(vmo_plan_checker *c, uint32_t op, const vmo_plan_request *r) {
  vmo_plan_extra extra = {.op = op};
  if (!vmo_place_in_arena(c, r, &extra.place)) return false;
  return vmo_vec_push(c->arena, &c->extras, extra) || vmo_stop_check(c);
}

static bool place_workspace(vmo_plan_checker *c, uint32_t index, const vmo_op_plan *entry) {
  const vmo_op *op = &c->function->ops.data[index];
  vmo_size_id bytes = vmo_op_workspace(c->module, c->function, op);
  if (bytes == VMO_NONE) return vmo_stop_check(c);
  if (is_zero(c, bytes)) return true;
  if (!entry || entry->workspace_offset == VMO_NONE)
    return vmo_report_plan_fault(c, VMO_PLAN_PLACE, op->location, "the op's workspace has no place");
  vmo_plan_request r = {VMO_NONE, "the workspace", op->location, 0, entry->workspace_offset, bytes, c->plan->alignment};
  return add_extra(c, index, &r);
}

static bool call_needs_no_arena(const vmo_plan_checker *c, const vmo_plan *plan) {
  for (uint32_t i = 0; i < plan->arena_count; i++)
    if (plan->arenas[i].call_bytes == VMO_NONE || !is_zero(c, plan->arenas[i].call_bytes)) return false;
  return true;
}

static bool place_callee_arena(vmo_plan_checker *c, uint32_t index, const vmo_op_plan *entry, uint32_t arena) {
  const vmo_op *op = &c->function->ops.data[index];
  const vmo_arena_plan *planned = &c->module->functions.data[op->callee]->plan->arenas[arena];
  uint32_t alignment = vmo_find_callee_alignment(c, op->callee, arena);
  if (alignment == 0) return false;
  if (planned->space >= c->module->spaces.count)
    return vmo_report_plan_fault(c, VMO_PLAN_CALL, op->location, "the callee's plan has an arena in no space");
  if (planned->call_bytes != VMO_NONE && is_zero(c, planned->call_bytes)) return true;
  vmo_size_id offset = c->plan->callee_offsets[entry->callee_first + arena];
  if (planned->call_bytes == VMO_NONE || offset == VMO_NONE)
    return vmo_report_plan_fault(c, VMO_PLAN_CALL, op->location, "the arena of the callee has no place here");
  vmo_plan_request r = {VMO_NONE, "the callee's arena", op->location, planned->space,
                        offset,   planned->call_bytes,  alignment};
  return add_extra(c, index, &r);
}

static bool place_callee(vmo_plan_checker *c, uint32_t index, const vmo_op_plan *entry) {
  const vmo_op *op = &c->function->ops.data[index];
  const vmo_plan *plan = c->module->functions.data[op->callee]->plan;
  uint32_t count = entry ? entry->callee_count : 0;
  if (count == 0) {
    bool recursive = false;
    if (plan && call_needs_no_arena(c, plan)) return true;
    if (!vmo_find_recursion(c, op->callee, &recursive)) return false;
    if (recursive) return true; /* the runtime gives each activation a block */
  }
  if (!plan || count != plan->arena_count)
    return vmo_report_plan_fault(c, VMO_PLAN_CALL, op->location, "the plan places %" PRIu32 " arenas for @%s, which %s",
                                 count, vmo_name(c->module, c->module->functions.data[op->callee]->name),
                                 plan ? "has another number of them" : "has no plan");
  for (uint32_t i = 0; i < count; i++)
    if (!place_callee_arena(c, index, entry, i)) return false;
  return true;
}

/* ---- the walk ---- */

static void stamp_operands(vmo_plan_checker *c, uint32_t index) {
  const vmo_op *op = &c->function->ops.data[index];
  for (uint32_t i = 0; i < op->operand_count; i++) {
    vmo_value_id value = vmo_op_value(c->function, op, i);
    if (value != VMO_NONE) c->stamps[value] = index + 1;
  }
}

static bool locate_op(vmo_plan_checker *c, uint32_t index, const vmo_op_plan *entry) {
  const vmo_op *op = &c->function->ops.data[index];
  stamp_operands(c, index);
  switch (op->code) {
  case VMO_OP_for:
  case VMO_OP_while: return place_loop(c, op);
  case VMO_OP_if: return true;
  case VMO_OP_parallel: return true;
  case VMO_OP_yield: return place_yields(c, op);
  case VMO_OP_condition:
  case VMO_OP_return: return true;
  case VMO_OP_call: return place_callee(c, index, entry) && place_results(c, index);
  default: return place_workspace(c, index, entry) && place_results(c, index);
  }
}

bool vmo_locate_values(vmo_plan_checker *c) {
  uint32_t cursor = 0;
  if (!vmo_read_arenas(c) || !vmo_find_identities(c) || !place_parameters(c)) return false;
  for (uint32_t i = 0; i < c->function->ops.count; i++) {
    const vmo_op_plan *entry = NULL;
    if (cursor < c->plan->op_count && c->plan->ops[cursor].op == i) entry = &c->plan->ops[cursor++];
    if (!locate_op(c, i, entry)) return false;
  }
  return true;
}
