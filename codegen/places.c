/* places.c: where the bytes of each value are, as the plan's text says and docs/vmir.md defines it:
 *
 *   parameter          the caller's bytes; a state: its offset in the arena; a scalar: in a register
 *   {slot, offset}     that offset of the arena of its space      {over = %x}     where %x is
 *   {result = k}       the caller's bytes for result k            const           constant data
 *   a view             within its operand                         loop argument   where the init is, as is the loop's result
 *   result of an if    where the value is that the first branch yields; of a parallel: that the stream yields
 *
 * One walk through the ops in their order. */
#include "codegen/compile.h"

typedef struct placer {
  vmo_unit *unit;
  vmo_module *module;
  const vmo_function *function;
  const vmo_plan *plan;
  vmo_place *places;
  const vmo_size_id *fixed; /* by dim: its number, or VMO_NONE */
  bool failed;
} placer;

static uint32_t arena_of(const placer *p, vmo_space_id space) {
  for (uint32_t i = 0; i < p->plan->arena_count; i++)
    if (p->plan->arenas[i].space == space) return i;
  return 0;
}

static const vmo_type *type_of(const placer *p, vmo_value_id value) {
  return vmo_value_type(p->module, p->function, value);
}

static vmo_place nowhere(const placer *p) {
  return (vmo_place){VMO_PLACE_NOWHERE, 0, vmo_size_constant(p->module->sizes, 0)};
}

/* Offsets that are equal numbers are equal ids, also where one is spelled with dims that are fixed. */
static vmo_place place_at(placer *p, vmo_place_base base, uint32_t index, vmo_size_id offset) {
  vmo_size_id plain = vmo_size_substitute(p->module->sizes, offset, p->fixed, p->module->dims.count);
  if (plain == VMO_NONE) p->failed = true;
  return (vmo_place){base, index, plain == VMO_NONE ? offset : plain};
}

static vmo_place place_in_arena(placer *p, vmo_value_id value) {
  return place_at(p, VMO_PLACE_ARENA, arena_of(p, type_of(p, value)->space), p->plan->values[value].offset);
}

static vmo_size_id zero(const placer *p) { return vmo_size_constant(p->module->sizes, 0); }

static vmo_place place_view(placer *p, const vmo_op *op, vmo_size_id offset) {
  vmo_value_id base = vmo_op_value(p->function, op, 0);
  if (base == VMO_NONE || p->places[base].base == VMO_PLACE_NOWHERE) return nowhere(p);
  const vmo_place *whole = &p->places[base];
  return place_at(p, whole->base, whole->index, vmo_size_add(p->module->sizes, whole->offset, offset));
}

static vmo_place place_result(placer *p, const vmo_op *op, uint32_t result) {
  vmo_value_id value = op->result_first + result;
  const vmo_value_plan *entry = &p->plan->values[value];
  vmo_size_id offset;
  if (op->code == VMO_OP_const) return place_at(p, VMO_PLACE_CONSTANT, value, zero(p));
  if (entry->over != VMO_NONE) return p->places[entry->over];
  if (entry->result >= 0) return place_at(p, VMO_PLACE_RESULT, (uint32_t)entry->result, zero(p));
  if (entry->slot != VMO_NONE) return place_in_arena(p, value);
  if (vmo_op_is_view(p->module, p->function, op, result, &offset)) return place_view(p, op, offset);
  return nowhere(p);
}

/* ---- values that are handed over ---- */

static vmo_place place_of_operand(const placer *p, const vmo_op *op, uint32_t operand) {
  vmo_value_id value = vmo_op_value(p->function, op, operand);
  return value == VMO_NONE ? nowhere(p) : p->places[value];
}

static void place_loop(placer *p, const vmo_op *op) {
  const vmo_region *region = &p->function->regions.data[op->region_first];
  uint32_t skip = op->code == VMO_OP_for ? 1 : 0;
  if (skip == 1) p->places[region->argument_first] = nowhere(p);
  for (uint32_t i = 0; i < op->result_count; i++) {
    vmo_place place = place_of_operand(p, op, 2 * skip + i);
    p->places[region->argument_first + skip + i] = place;
    p->places[op->result_first + i] = place;
  }
}

static void place_yields(placer *p, const vmo_op *yield) {
  const vmo_region *region = &p->function->regions.data[yield->region];
  if (region->kind != VMO_REGION_THEN && region->kind != VMO_REGION_STREAM) return;
  const vmo_op *owner = &p->function->ops.data[region->owner];
  uint32_t first = owner->result_first;
  for (vmo_region_id r = owner->region_first; r < yield->region && region->kind == VMO_REGION_STREAM; r++)
    first += p->function->ops.data[p->function->regions.data[r].op_end - 1].operand_count;
  for (uint32_t i = 0; i < yield->operand_count; i++) p->places[first + i] = place_of_operand(p, yield, i);
}

static void place_parameters(placer *p) {
  for (vmo_value_id v = 0; v < p->function->parameters.count; v++) {
    if (p->function->parameters.data[v].state)
      p->places[v] = place_in_arena(p, v);
    else if (type_of(p, v)->rank == 0)
      p->places[v] = nowhere(p);
    else
      p->places[v] = place_at(p, VMO_PLACE_PARAMETER, v, zero(p));
  }
}

static void place_returned(placer *p, const vmo_op *op) {
  for (uint32_t i = 0; i < op->operand_count; i++) p->unit->results[i] = place_of_operand(p, op, i);
}

static void place_op(placer *p, const vmo_op *op) {
  switch (op->code) {
  case VMO_OP_for:
  case VMO_OP_while: place_loop(p, op); return;
  case VMO_OP_if:
  case VMO_OP_parallel:
  case VMO_OP_condition: return;
  case VMO_OP_yield: place_yields(p, op); return;
  case VMO_OP_return: place_returned(p, op); return;
  default:
    for (uint32_t r = 0; r < op->result_count; r++) p->places[op->result_first + r] = place_result(p, op, r);
  }
}

static const vmo_size_id *list_fixed_dims(placer *p, vmr_arena *arena) {
  vmo_module *module = p->module;
  vmo_size_id *fixed = vmr_arena_alloc_array(arena, (size_t)module->dims.count + 1, sizeof *fixed);
  for (uint32_t d = 0; fixed != NULL && d < module->dims.count; d++) {
    const vmo_dim *dim = &module->dims.data[d];
    fixed[d] = dim->kind == VMO_DIM_FIXED ? vmo_size_constant(module->sizes, dim->limit) : VMO_NONE;
  }
  return fixed;
}

bool vmo_find_places(vmo_unit *unit, vmr_arena *arena) {
  const vmo_function *function = unit->function;
  placer p = {.unit = unit, .module = unit->module, .function = function, .plan = function->plan};
  size_t returned = (size_t)function->result_types.count + function->parameters.count + 1;
  p.places = unit->places = vmr_arena_alloc_array(arena, (size_t)function->values.count + 1, sizeof *p.places);
  unit->results = vmr_arena_alloc_array(arena, returned, sizeof *unit->results);
  p.fixed = list_fixed_dims(&p, arena);
  if (p.places == NULL || unit->results == NULL || p.fixed == NULL) return false;
  for (uint32_t v = 0; v < function->values.count; v++) p.places[v] = nowhere(&p);
  place_parameters(&p);
  for (uint32_t i = 0; i < function->ops.count; i++) place_op(&p, &function->ops.data[i]);
  return !p.failed;
}
