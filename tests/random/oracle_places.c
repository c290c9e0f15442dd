/* oracle_places.c: where each value of an activation lives, as the plan's text says and docs/vmir.md defines it:
 *
 *   parameter            the caller's bytes; a state: its offset in the arena; a scalar: none
 *   {slot, offset}       that offset of the arena of its space
 *   {over = %x}          where %x lives                     {result = k}    where the caller wants result k
 *   const                bytes of its own, never written    a view          within its operand, by its own attributes
 *   loop argument        where the init lives, as does the loop's result
 *   result of an if      where the value lives that the first branch yields; of a parallel: that the stream yields
 *
 * Places are fixed before the activation runs: a value that is handed over stays where it is, so if that is not the
 * place of the one it becomes, the next read finds other bytes. */
#include <inttypes.h>
#include <stdio.h>

#include "tests/random/oracle_internal.h"

typedef struct placer {
  vmo_execution *e;
  vmo_activation *a;
  const vmo_plan *plan;
} placer;

static int64_t bytes_of(const placer *p, vmo_value_id value) {
  return vmo_bytes_of(p->a->planned, p->a->function, value);
}

static const vmo_type *type_of(const placer *p, vmo_value_id value) {
  return vmo_planned_type(p->a->planned, p->a->function, value);
}

static bool blame(const placer *p, vmo_value_id value, const char *what, int64_t number) {
  const vmo_module *module = p->a->planned->module;
  return vmo_blame(p->e->verdict, VMO_FAULT_PLACE, "@%s: %%%s %s (%" PRId64 ")", vmo_name(module, p->a->function->name),
                   vmo_value_name(module, p->a->function, value), what, number);
}

static vmo_place nowhere(void) { return (vmo_place){VMO_AT_NOWHERE, 0, 0}; }

static vmo_place part_of(const vmo_place *whole, int64_t start, int64_t bytes) {
  return (vmo_place){whole->block, whole->at + start, bytes};
}

/* ---- views ---- */

typedef struct viewed {
  const vmo_planned *planned;
  const vmo_function *function;
} viewed;

/* Item `axis` of a list of sizes; a single item stands for every axis, and a missing one for `otherwise`. */
static int64_t item_at(const viewed *a, const vmo_attribute *attribute, uint32_t axis, int64_t otherwise) {
  if (attribute == NULL) return otherwise;
  if (!attribute->is_list) axis = 0;
  if (axis >= attribute->item_count) return otherwise;
  const vmo_attribute_item *item = &a->function->items.data[attribute->item_first + axis];
  return item->kind == VMO_ATTRIBUTE_SIZE ? vmo_size_at(a->planned, item->value.id) : item->value.integer;
}

static int64_t shape_at(const viewed *a, const vmo_type *type, uint32_t axis) {
  return vmo_size_at(a->planned, a->planned->module->shapes.data[type->shape_first + axis]);
}

/* Elements from the start of operand 0 to the view's first one, and to its last one. */
static void find_slice(const viewed *a, const vmo_op *op, const vmo_type *whole, const vmo_type *part, int64_t *first,
                       int64_t *last) {
  const vmo_module *module = a->planned->module;
  const vmo_attribute *start = vmo_op_attribute(module, a->function, op, "start");
  const vmo_attribute *step = vmo_op_attribute(module, a->function, op, "step");
  int64_t stride = 1;
  *first = *last = 0;
  for (uint32_t axis = whole->rank; axis-- > 0;) {
    int64_t from = item_at(a, start, axis, 0), by = item_at(a, step, axis, 1);
    *first += from * stride;
    *last += (from + (shape_at(a, part, axis) - 1) * by) * stride;
    stride *= shape_at(a, whole, axis);
  }
}

static void find_split(const viewed *a, const vmo_op *op, uint32_t result, const vmo_type *whole, const vmo_type *part,
                       int64_t *first, int64_t *last) {
  uint32_t axis = (uint32_t)vmo_op_integer(a->planned->module, a->function, op, "axis", 0);
  int64_t stride = 1, before = 0;
  for (uint32_t i = 0; i < result; i++)
    before += shape_at(a, vmo_planned_type(a->planned, a->function, op->result_first + i), axis);
  *first = *last = 0;
  for (uint32_t i = whole->rank; i-- > 0;) {
    *first += (i == axis ? before : 0) * stride;
    *last += ((i == axis ? before : 0) + shape_at(a, part, i) - 1) * stride;
    stride *= shape_at(a, whole, i);
  }
}

bool vmo_find_view_start(const vmo_planned *planned, const vmo_function *function, uint32_t index, uint32_t result,
                         int64_t *start) {
  const viewed view = {planned, function}, *a = &view;
  const vmo_op *op = &a->function->ops.data[index];
  const vmo_type *whole = vmo_planned_type(a->planned, a->function, vmo_op_value(a->function, op, 0));
  const vmo_type *part = vmo_planned_type(a->planned, a->function, op->result_first + result);
  int64_t first = 0, last, count = vmo_size_at(a->planned, part->count);
  *start = 0;
  if (op->code == VMO_OP_reshape) return count == vmo_size_at(a->planned, whole->count);
  if (op->code == VMO_OP_slice)
    find_slice(a, op, whole, part, &first, &last);
  else
    find_split(a, op, result, whole, part, &first, &last);
  *start = first * vmo_element_bytes(whole->element);
  return count == 0 || last - first == count - 1;
}

/* ---- values with places of their own ---- */

static bool place_in_arena(placer *p, vmo_value_id value, vmo_size_id offset, vmo_place *place) {
  const vmo_view *arena = &p->a->arenas[type_of(p, value)->space];
  int64_t at = vmo_size_at(p->a->planned, offset), bytes = bytes_of(p, value);
  uint32_t alignment = type_of(p, value)->alignment;
  if (at < 0) return blame(p, value, "has no place for these sizes", at);
  if (at + bytes > arena->bytes) return blame(p, value, "lies beyond its arena", at);
  if (alignment != 0 && (arena->at + at) % alignment != 0)
    return blame(p, value, "is not aligned as its type asks", at);
  *place = part_of(arena, at, bytes);
  return true;
}

static bool place_over(placer *p, vmo_value_id value, const vmo_value_plan *entry) {
  const vmo_place *over = &p->a->places[entry->over];
  vmo_place own;
  p->a->places[value] = (vmo_place){over->block, over->at, bytes_of(p, value)};
  if (over->block >= VMO_AT_FREE) return bytes_of(p, value) == 0 || blame(p, value, "is over bytes that are not", 0);
  if (bytes_of(p, value) > over->bytes) return blame(p, value, "is over fewer bytes than it has", over->bytes);
  if (type_of(p, value)->space != type_of(p, entry->over)->space) return blame(p, value, "is over another space", 0);
  if (entry->slot == VMO_NONE) return true;
  if (!place_in_arena(p, value, entry->offset, &own)) return false;
  return (own.block == over->block && own.at == over->at) || blame(p, value, "is over a value elsewhere", own.at);
}

static bool place_constant(placer *p, vmo_value_id value) {
  vmo_execution *e = p->e;
  for (uint32_t i = 0; i + 2 < e->constant_blocks.count; i += 3) {
    const uint32_t *entry = &e->constant_blocks.data[i];
    if (entry[0] != p->a->function->name || entry[1] != value) continue;
    p->a->places[value] = (vmo_place){entry[2], 0, bytes_of(p, value)};
    p->a->contents[value] = e->memory.blocks.data[entry[2]].bytes[0];
    return true;
  }
  uint32_t block = vmo_add_block(&e->memory, bytes_of(p, value), true, "a constant");
  bool ok = block != VMO_NONE && vmo_vec_push(e->memory.arena, &e->constant_blocks, p->a->function->name) &&
            vmo_vec_push(e->memory.arena, &e->constant_blocks, value) &&
            vmo_vec_push(e->memory.arena, &e->constant_blocks, block);
  if (!ok) return vmo_blame(e->verdict, VMO_FAULT_MEMORY, "no memory for a constant");
  p->a->places[value] = (vmo_place){block, 0, bytes_of(p, value)};
  p->a->contents[value] = vmo_make_instance(&e->memory);
  e->memory.blocks.data[block].bytes[0] = p->a->contents[value]; /* also where it is empty: there is a byte more */
  vmo_fill_place(&e->memory, &p->a->places[value], p->a->contents[value]);
  return true;
}

static bool place_view(placer *p, uint32_t index, uint32_t result) {
  const vmo_op *op = &p->a->function->ops.data[index];
  vmo_value_id value = op->result_first + result, base = vmo_op_value(p->a->function, op, 0);
  int64_t start, bytes = bytes_of(p, value);
  if (base == VMO_NONE) return blame(p, value, "is a view of nothing", 0);
  const vmo_place *whole = &p->a->places[base];
  p->a->places[value] = *whole;
  p->a->places[value].bytes = bytes;
  if (!vmo_find_view_start(p->a->planned, p->a->function, index, result, &start))
    return blame(p, value, "is a view, but not contiguous", 0);
  if (whole->block >= VMO_AT_FREE) return true;
  if (start + bytes > whole->bytes) return blame(p, value, "is a view beyond its base", start);
  p->a->places[value] = part_of(whole, start, bytes);
  return true;
}

static bool may_be_view(const vmo_op *op) {
  return op->code == VMO_OP_reshape || op->code == VMO_OP_slice || op->code == VMO_OP_split;
}

static bool place_result(placer *p, uint32_t index, uint32_t result) {
  const vmo_op *op = &p->a->function->ops.data[index];
  vmo_value_id value = op->result_first + result;
  const vmo_value_plan *entry = &p->plan->values[value];
  if (op->code == VMO_OP_const) return place_constant(p, value);
  if (entry->over != VMO_NONE) return place_over(p, value, entry);
  if (entry->result >= 0) {
    p->a->places[value] = p->a->results[entry->result];
    if (p->a->places[value].block >= VMO_AT_FREE && bytes_of(p, value) > 0)
      return blame(p, value, "is in a result's bytes, which nobody provides", entry->result);
    if (p->a->places[value].bytes < bytes_of(p, value)) return blame(p, value, "is larger than its result", 0);
    p->a->places[value].bytes = bytes_of(p, value);
    return true;
  }
  if (entry->slot != VMO_NONE) return place_in_arena(p, value, entry->offset, &p->a->places[value]);
  if (may_be_view(op)) return place_view(p, index, result);
  if (bytes_of(p, value) != 0) return blame(p, value, "has no place", 0);
  p->a->places[value] = (vmo_place){VMO_AT_FREE, 0, 0};
  return true;
}

/* ---- values that are handed over ---- */

static void hand_place(placer *p, const vmo_op *op, uint32_t operand, vmo_value_id to) {
  vmo_value_id from = vmo_op_value(p->a->function, op, operand);
  p->a->places[to] = from == VMO_NONE || p->a->places[from].block == VMO_AT_FREE ? nowhere() : p->a->places[from];
  if (bytes_of(p, to) == 0) p->a->places[to] = (vmo_place){VMO_AT_FREE, 0, 0};
}

static void place_loop(placer *p, const vmo_op *op) {
  const vmo_region *region = &p->a->function->regions.data[op->region_first];
  uint32_t skip = op->code == VMO_OP_for ? 1 : 0;
  if (skip) p->a->places[region->argument_first].block = VMO_AT_FREE;
  for (uint32_t i = 0; i < op->result_count; i++) {
    hand_place(p, op, 2 * skip + i, region->argument_first + skip + i);
    p->a->places[op->result_first + i] = p->a->places[region->argument_first + skip + i];
  }
}

static void place_yields(placer *p, const vmo_op *yield) {
  const vmo_function *function = p->a->function;
  const vmo_region *region = &function->regions.data[yield->region];
  if (region->kind != VMO_REGION_THEN && region->kind != VMO_REGION_STREAM) return;
  const vmo_op *owner = &function->ops.data[region->owner];
  uint32_t first = 0;
  for (vmo_region_id r = owner->region_first; r < yield->region && region->kind == VMO_REGION_STREAM; r++)
    first += function->ops.data[function->regions.data[r].op_end - 1].operand_count;
  for (uint32_t i = 0; i < yield->operand_count; i++) hand_place(p, yield, i, owner->result_first + first + i);
}

static bool place_parameters(placer *p) {
  const vmo_function *function = p->a->function;
  for (vmo_value_id v = 0; v < function->parameters.count; v++) {
    const vmo_parameter *parameter = &function->parameters.data[v];
    const vmo_value_plan *entry = &p->plan->values[v];
    if (!parameter->state) continue; /* the caller has placed it */
    if (entry->slot == VMO_NONE) return blame(p, v, "is a state without a place", 0);
    if (!place_in_arena(p, v, entry->offset, &p->a->places[v])) return false;
    if (parameter->offset >= 0 && vmo_size_at(p->a->planned, entry->offset) != parameter->offset)
      return blame(p, v, "is not at its fixed offset", parameter->offset);
  }
  return true;
}

bool vmo_place_values(vmo_execution *e, vmo_activation *a) {
  placer p = {e, a, a->function->plan};
  if (p.plan == NULL) return vmo_blame(e->verdict, VMO_FAULT_PLACE, "a function has no plan");
  if (!place_parameters(&p)) return false;
  for (uint32_t i = 0; i < a->function->ops.count; i++) {
    const vmo_op *op = &a->function->ops.data[i];
    if (op->code == VMO_OP_for || op->code == VMO_OP_while)
      place_loop(&p, op);
    else if (op->code == VMO_OP_yield)
      place_yields(&p, op);
    else if (op->region_count == 0 && op->code != VMO_OP_parallel)
      for (uint32_t r = 0; r < op->result_count; r++)
        if (!place_result(&p, i, r)) return false;
  }
  return true;
}
