/* check_arenas.c: the arenas of a plan, and places in them.
 *
 * It is decided first whether the plan is one of numbers: then each space has one base, its arena, and places are ranges
 * of its bytes for the largest sizes that the binding allows. Otherwise each offset that the plan names is a base of its
 * own, and check_cells.c proves that these do not overlap. */
#include "passes/plan_checker.h"

#include <inttypes.h>
#include <stdlib.h>

static const vmo_type *type_of(const vmo_plan_checker *c, vmo_value_id value) {
  return vmo_value_type(c->module, c->function, value);
}

/* ---- sizes as numbers ---- */

bool vmo_evaluate_size(const vmo_plan_checker *c, vmo_size_id size, vmo_interval *interval) {
  switch (vmo_size_evaluate(c->module->sizes, size, c->binding, interval)) {
  case VMO_EVALUATION_EXACT:
  case VMO_EVALUATION_BOUNDED:
  case VMO_EVALUATION_NEGATIVE: return true;
  case VMO_EVALUATION_OVERFLOW: *interval = (vmo_interval){0, VMO_BYTES_LIMIT}; return true;
  case VMO_EVALUATION_UNBOUNDED: break;
  }
  return false;
}

static bool evaluates_exactly(const vmo_plan_checker *c, vmo_size_id size) {
  vmo_interval interval;
  return vmo_evaluate_size(c, size, &interval) && interval.low == interval.high;
}

static bool is_zero(const vmo_plan_checker *c, vmo_size_id size) { return size == c->zero; }

const vmo_plan_extent *vmo_find_extent(vmo_plan_checker *c, vmo_type_id type) {
  vmo_plan_extent *extent = &c->extents[type];
  if (!extent->asked) {
    extent->asked = true;
    extent->known = vmo_evaluate_size(c, c->module->types.data[type].bytes, &extent->bytes);
    if (extent->bytes.high < 0) extent->bytes.high = 0;
  }
  return extent;
}

/* An earlier edit removed what made it; only its id is left. */
static bool is_gone(const vmo_plan_checker *c, const vmo_value *value) {
  if (value->kind == VMO_VALUE_RESULT) return value->owner == VMO_NONE;
  return value->kind == VMO_VALUE_ARGUMENT && c->function->regions.data[value->owner].op_end == 0;
}

/* Whether every byte count and offset that the plan needs is a number or has an upper bound. */
static bool entries_are_numbers(vmo_plan_checker *c) {
  for (vmo_value_id v = 0; v < c->function->values.count; v++) {
    const vmo_value_plan *entry = &c->plan->values[v];
    if (is_gone(c, &c->function->values.data[v])) continue;
    if (!vmo_find_extent(c, c->function->values.data[v].type)->known) return false;
    if (entry->offset != VMO_NONE && entry->over == VMO_NONE && !evaluates_exactly(c, entry->offset)) return false;
  }
  vmo_interval interval;
  for (uint32_t i = 0; i < c->plan->arena_count; i++)
    if (!vmo_evaluate_size(c, c->plan->arenas[i].bytes, &interval)) return false;
  return true;
}

static bool callee_is_numbers(vmo_plan_checker *c, const vmo_op_plan *entry) {
  const vmo_op *op = &c->function->ops.data[entry->op];
  const vmo_plan *plan = c->module->functions.data[op->callee]->plan;
  vmo_interval interval;
  for (uint32_t i = 0; i < entry->callee_count; i++) {
    vmo_size_id offset = c->plan->callee_offsets[entry->callee_first + i];
    if (offset != VMO_NONE && !evaluates_exactly(c, offset)) return false;
    if (plan && i < plan->arena_count && plan->arenas[i].call_bytes != VMO_NONE &&
        !vmo_evaluate_size(c, plan->arenas[i].call_bytes, &interval))
      return false;
  }
  return true;
}

static bool ops_are_numbers(vmo_plan_checker *c) {
  vmo_interval interval;
  for (uint32_t i = 0; i < c->plan->op_count; i++) {
    const vmo_op_plan *entry = &c->plan->ops[i];
    const vmo_op *op = &c->function->ops.data[entry->op];
    if (op->code == VMO_OP_call && !callee_is_numbers(c, entry)) return false;
    if (entry->workspace_offset == VMO_NONE) continue;
    vmo_size_id size = vmo_op_workspace(c->module, c->function, op);
    if (size == VMO_NONE || !vmo_evaluate_size(c, size, &interval)) return false;
    if (!evaluates_exactly(c, entry->workspace_offset)) return false;
  }
  return true;
}

bool vmo_is_at_least(const vmo_plan_checker *c, vmo_size_id left, vmo_size_id right) {
  vmo_interval a, b;
  if (left == right) return true;
  if (vmo_evaluate_size(c, left, &a) && vmo_evaluate_size(c, right, &b) && a.low >= b.high) return true;
  return vmo_size_at_least(c->module->sizes, left, right);
}

/* ---- the plan's shape ---- */

static bool is_power_of_two(uint32_t number) { return number != 0 && (number & (number - 1)) == 0; }

static bool arenas_are_sound(vmo_plan_checker *c) {
  const vmo_plan *plan = c->plan;
  for (uint32_t s = 0; s < c->module->spaces.count; s++) c->space_arenas[s] = VMO_NONE;
  for (uint32_t i = 0; i < plan->arena_count; i++) {
    vmo_space_id space = plan->arenas[i].space;
    if (space >= c->module->spaces.count || c->space_arenas[space] != VMO_NONE || plan->arenas[i].bytes == VMO_NONE)
      return vmo_report_plan_fault(c, VMO_PLAN_PLACE, c->function->location,
                                   "the plan names no bytes for an arena, or two arenas in one space");
    c->space_arenas[space] = i;
  }
  return true;
}

static bool op_plans_are_sound(vmo_plan_checker *c) {
  const vmo_plan *plan = c->plan;
  for (uint32_t i = 0; i < plan->op_count; i++) {
    const vmo_op_plan *entry = &plan->ops[i];
    bool sound = entry->op < c->function->ops.count && (i == 0 || plan->ops[i - 1].op < entry->op) &&
                 entry->callee_count <= plan->callee_offset_count &&
                 entry->callee_first <= plan->callee_offset_count - entry->callee_count;
    if (sound && entry->callee_count > 0) sound = c->function->ops.data[entry->op].code == VMO_OP_call;
    if (!sound)
      return vmo_report_plan_fault(c, VMO_PLAN_PLACE, c->function->location,
                                   "the plan's entries for ops are out of order or meet the wrong op");
  }
  return true;
}

static bool plan_is_sound(vmo_plan_checker *c) {
  if (!c->plan)
    return vmo_report_plan_fault(c, VMO_PLAN_PLACE, c->function->location, "@%s has no plan",
                                 vmo_name(c->module, c->function->name));
  if (c->plan->value_count != c->function->values.count)
    return vmo_report_plan_fault(
        c, VMO_PLAN_PLACE, c->function->location, "the plan of @%s is for %" PRIu32 " values, but there are %" PRIu32,
        vmo_name(c->module, c->function->name), c->plan->value_count, c->function->values.count);
  if (!is_power_of_two(c->plan->alignment))
    return vmo_report_plan_fault(c, VMO_PLAN_ALIGNMENT, c->function->location,
                                 "the plan's alignment %" PRIu32 " is no power of two", c->plan->alignment);
  return arenas_are_sound(c) && op_plans_are_sound(c);
}

/* ---- bases ---- */

uint32_t vmo_add_base(vmo_plan_checker *c, vmo_plan_base base) {
  if (!vmo_vec_push(c->arena, &c->bases, base)) {
    vmo_stop_check(c);
    return VMO_PLACE_NOWHERE;
  }
  return c->bases.count - 1;
}

int vmo_compare_keys(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return (a > b) - (a < b);
}

static void add_slot_key(vmo_plan_checker *c, vmo_space_id space, vmo_size_id offset) {
  if (offset != VMO_NONE) c->slot_keys[c->slot_count++] = (uint64_t)space << 32 | offset;
}

static void collect_op_slots(vmo_plan_checker *c) {
  for (uint32_t i = 0; i < c->plan->op_count; i++) {
    const vmo_op_plan *entry = &c->plan->ops[i];
    add_slot_key(c, 0, entry->workspace_offset);
    if (entry->callee_count == 0) continue;
    const vmo_plan *callee = c->module->functions.data[c->function->ops.data[entry->op].callee]->plan;
    for (uint32_t j = 0; j < entry->callee_count && callee && j < callee->arena_count; j++)
      add_slot_key(c, callee->arenas[j].space, c->plan->callee_offsets[entry->callee_first + j]);
  }
}

/* One base for each offset at which something is placed. */
static bool add_slot_bases(vmo_plan_checker *c) {
  size_t most = (size_t)c->function->values.count + c->plan->op_count + c->plan->callee_offset_count;
  c->slot_keys = vmr_arena_alloc_array(c->arena, most + 1, sizeof *c->slot_keys);
  if (!c->slot_keys) return vmo_stop_check(c);
  for (vmo_value_id v = 0; v < c->function->values.count; v++)
    if (c->plan->values[v].over == VMO_NONE) add_slot_key(c, type_of(c, v)->space, c->plan->values[v].offset);
  collect_op_slots(c);
  if (c->slot_count > 0) qsort(c->slot_keys, c->slot_count, sizeof *c->slot_keys, vmo_compare_keys);
  uint32_t kept = 0;
  for (uint32_t i = 0; i < c->slot_count; i++)
    if (i == 0 || c->slot_keys[i] != c->slot_keys[i - 1]) c->slot_keys[kept++] = c->slot_keys[i];
  c->slot_count = kept;
  c->slot_first = c->bases.count;
  for (uint32_t i = 0; i < kept; i++) {
    vmo_plan_base base = {VMO_BASE_SLOT, (uint32_t)(c->slot_keys[i] >> 32), (vmo_size_id)c->slot_keys[i], true};
    if (vmo_add_base(c, base) == VMO_PLACE_NOWHERE) return false;
  }
  return true;
}

static bool add_bases(vmo_plan_checker *c) {
  for (uint32_t k = 0; k < c->function->result_types.count; k++)
    if (vmo_add_base(c, (vmo_plan_base){VMO_BASE_RESULT, k, c->zero, true}) == VMO_PLACE_NOWHERE) return false;
  if (!c->numeric) return add_slot_bases(c);
  c->slot_first = c->bases.count;
  for (uint32_t i = 0; i < c->plan->arena_count; i++) {
    vmo_plan_base base = {VMO_BASE_ARENA, c->plan->arenas[i].space, c->zero, true};
    if (vmo_add_base(c, base) == VMO_PLACE_NOWHERE) return false;
  }
  return true;
}

/* Offsets that authors gave to states. */
static bool list_pins(vmo_plan_checker *c) {
  c->pins = vmr_arena_alloc_array(c->arena, (size_t)c->function->parameters.count + 1, sizeof *c->pins);
  if (!c->pins) return vmo_stop_check(c);
  for (vmo_value_id v = 0; v < c->function->parameters.count; v++) {
    const vmo_parameter *parameter = &c->function->parameters.data[v];
    if (parameter->state && parameter->offset >= 0 && c->plan->values[v].offset != VMO_NONE)
      c->pins[c->pin_count++] = (uint64_t)type_of(c, v)->space << 32 | c->plan->values[v].offset;
  }
  if (c->pin_count > 0) qsort(c->pins, c->pin_count, sizeof *c->pins, vmo_compare_keys);
  return true;
}

/* ---- places in an arena ---- */

bool vmo_is_multiple(const vmo_plan_checker *c, vmo_size_id size, uint32_t divisor) {
  vmo_sizes *sizes = c->module->sizes;
  vmo_size_id quotient = vmo_size_divide(sizes, size, divisor);
  return quotient != VMO_NONE && vmo_size_multiply(sizes, quotient, vmo_size_constant(sizes, divisor)) == size;
}

static const char *space_name(const vmo_plan_checker *c, vmo_space_id space) {
  return vmo_name(c->module, c->module->spaces.data[space]);
}

static const char *requested(vmo_plan_checker *c, const vmo_plan_request *r) {
  return r->value != VMO_NONE ? vmo_describe_value(c, r->value) : r->name;
}

static bool place_as_number(vmo_plan_checker *c, const vmo_plan_request *r, vmo_plan_place *place) {
  vmo_interval offset, bytes, arena;
  uint32_t index = c->space_arenas[r->space];
  if (!vmo_evaluate_size(c, r->offset, &offset) || !vmo_evaluate_size(c, r->bytes, &bytes) ||
      !vmo_evaluate_size(c, c->plan->arenas[index].bytes, &arena))
    return vmo_report_plan_fault(c, VMO_PLAN_PLACE, r->location, "%s: its place depends on a dim that is free",
                                 requested(c, r));
  int64_t size = bytes.high < 0 ? 0 : bytes.high, end = offset.high + size;
  if (offset.low % r->alignment != 0)
    return vmo_report_plan_fault(c, VMO_PLAN_ALIGNMENT, r->location,
                                 "%s is at byte %" PRId64 ", which is no multiple of %" PRIu32, requested(c, r),
                                 offset.low, r->alignment);
  if (offset.low < 0 || end > arena.low)
    return vmo_report_plan_fault(c, VMO_PLAN_BOUNDS, r->location,
                                 "%s takes bytes [%" PRId64 ", %" PRId64 "), but the arena of space %s has %" PRId64,
                                 requested(c, r), offset.low, end, space_name(c, r->space), arena.low);
  *place = (vmo_plan_place){c->slot_first + index, true, r->offset, offset.low, end, 0, 0};
  return true;
}

static bool place_in_slot(vmo_plan_checker *c, const vmo_plan_request *r, vmo_plan_place *place) {
  uint64_t key = (uint64_t)r->space << 32 | r->offset;
  const uint64_t *found = bsearch(&key, c->slot_keys, c->slot_count, sizeof key, vmo_compare_keys);
  if (!vmo_is_multiple(c, r->offset, r->alignment))
    return vmo_report_plan_fault(c, VMO_PLAN_ALIGNMENT, r->location,
                                 "%s: its offset is not provably a multiple of %" PRIu32, requested(c, r),
                                 r->alignment);
  uint32_t base = c->slot_first + (uint32_t)(found - c->slot_keys);
  *place = (vmo_plan_place){base, false, c->zero, c->zero, VMO_NONE, 0, 0};
  if (is_zero(c, r->bytes)) place->end = place->begin;
  vmo_plan_slot_use use = {base, r->bytes, r->location};
  return vmo_vec_push(c->arena, &c->slot_uses, use) || vmo_stop_check(c);
}

bool vmo_place_in_arena(vmo_plan_checker *c, const vmo_plan_request *r, vmo_plan_place *place) {
  if (c->space_arenas[r->space] == VMO_NONE)
    return vmo_report_plan_fault(c, VMO_PLAN_BOUNDS, r->location, "%s is in space %s, for which there is no arena",
                                 requested(c, r), space_name(c, r->space));
  if (!is_power_of_two(r->alignment))
    return vmo_report_plan_fault(c, VMO_PLAN_ALIGNMENT, r->location, "%s: alignment %" PRIu32 " is no power of two",
                                 requested(c, r), r->alignment);
  return c->numeric ? place_as_number(c, r, place) : place_in_slot(c, r, place);
}

/* ---- the beginning ---- */

static bool allocate_places(vmo_plan_checker *c) {
  size_t values = c->function->values.count, regions = c->function->regions.count;
  c->space_arenas = vmr_arena_alloc_array(c->arena, c->module->spaces.count, sizeof *c->space_arenas);
  c->extents = vmr_arena_alloc_array(c->arena, c->module->types.count, sizeof *c->extents);
  c->places = vmr_arena_alloc_array(c->arena, values, sizeof *c->places);
  c->roots = vmr_arena_alloc_array(c->arena, values, sizeof *c->roots);
  c->stamps = vmr_arena_alloc_array(c->arena, values, sizeof *c->stamps);
  c->same = vmr_arena_alloc_array(c->arena, values, sizeof *c->same);
  c->viewed = vmr_arena_alloc_array(c->arena, values, sizeof *c->viewed);
  c->views = vmr_arena_alloc_array(c->arena, values, sizeof *c->views);
  c->owned = vmr_arena_alloc_array(c->arena, values, sizeof *c->owned);
  c->stream_results = vmr_arena_alloc_array(c->arena, regions, sizeof *c->stream_results);
  if (!c->space_arenas || !c->extents || !c->places || !c->roots || !c->stamps || !c->same || !c->viewed || !c->views ||
      !c->owned || !c->stream_results)
    return vmo_stop_check(c);
  for (vmo_value_id v = 0; v < values; v++) {
    c->places[v].base = VMO_PLACE_NOWHERE;
    c->roots[v] = v;
    c->viewed[v] = VMO_NONE;
  }
  return true;
}

bool vmo_read_arenas(vmo_plan_checker *c) {
  c->zero = vmo_size_constant(c->module->sizes, 0);
  if (c->zero == VMO_NONE || !allocate_places(c)) return vmo_stop_check(c);
  if (!plan_is_sound(c)) return false;
  c->numeric = entries_are_numbers(c) && ops_are_numbers(c);
  return add_bases(c) && list_pins(c);
}
