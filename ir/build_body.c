/* build_body.c: appends values, ops and regions to a function.
 *
 * Ops are appended in program order, so an op's operands, results and attributes lie together by themselves. Regions
 * do not: the branches of an `if` are opened with others in between. They are numbered as they come, and anew, in
 * the order of the ops they belong to, when the body is closed; from then on an op's regions are consecutive, and
 * the numbers depend on the program alone. */
#include <stdio.h>
#include <string.h>

#include "ir/ir.h"
#include "ir/module_index.h"

/* ---- names of values ---- */

enum { NAME_BYTES = 128 };

static bool is_name_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '$';
}

static vmr_symbol take_number(vmo_module *module, vmo_function *function) {
  for (;;) {
    char text[16];
    int length = snprintf(text, sizeof text, "%u", function->next_number++);
    vmr_symbol symbol = vmr_interner_add(module->context->names, text, (size_t)length);
    if (symbol == 0 || vmo_index_find_value(module, function, symbol) == VMO_NONE) return symbol;
  }
}

/* A taken name gets the number of values: the next one is different, so the search is short. */
static vmr_symbol take_numbered(vmo_module *module, vmo_function *function, const char *base) {
  for (uint32_t number = function->values.count;; number++) {
    char text[NAME_BYTES + 16];
    int length = snprintf(text, sizeof text, "%s.%u", base, number);
    vmr_symbol symbol = vmr_interner_add(module->context->names, text, (size_t)length);
    if (symbol == 0 || vmo_index_find_value(module, function, symbol) == VMO_NONE) return symbol;
  }
}

vmr_symbol vmo_build_value_name(vmo_module *module, vmo_function *function, const char *base) {
  if (base == NULL || *base == '\0') return take_number(module, function);
  char fit[NAME_BYTES];
  size_t length = 0;
  for (; base[length] != '\0' && length < NAME_BYTES - 1; length++)
    fit[length] = is_name_byte(base[length]) ? base[length] : '_';
  fit[length] = '\0';
  vmr_symbol symbol = vmr_interner_add(module->context->names, fit, length);
  if (symbol == 0 || vmo_index_find_value(module, function, symbol) == VMO_NONE) return symbol;
  return take_numbered(module, function, fit);
}

/* ---- parameters and arguments ---- */

vmo_value_id vmo_append_parameter(vmo_module *module, vmo_function *function, vmr_symbol name, vmo_type_id type,
                                  vmo_parameter flags, vmo_location location) {
  vmr_arena *arena = module->context->arena;
  vmo_value value = {name, type, VMO_VALUE_PARAMETER, VMO_NONE, function->parameters.count, location};
  if (!vmo_vec_push(arena, &function->parameters, flags)) return VMO_NONE;
  return vmo_vec_push(arena, &function->values, value) ? function->values.count - 1 : VMO_NONE;
}

vmo_value_id vmo_build_parameter(vmo_module *module, vmo_function *function, const char *name, vmo_type_id type,
                                 vmo_parameter flags, vmo_location location) {
  vmr_symbol symbol = vmo_build_value_name(module, function, name);
  return symbol == 0 ? VMO_NONE : vmo_append_parameter(module, function, symbol, type, flags, location);
}

vmo_value_id vmo_append_argument(vmo_module *module, vmo_function *function, vmo_region_id region, vmr_symbol name,
                                 vmo_type_id type, vmo_location location) {
  vmo_region *owner = &function->regions.data[region];
  vmo_value value = {name, type, VMO_VALUE_ARGUMENT, region, owner->argument_count, location};
  if (!vmo_vec_push(module->context->arena, &function->values, value)) return VMO_NONE;
  if (owner->argument_count++ == 0) owner->argument_first = function->values.count - 1;
  return function->values.count - 1;
}

vmo_value_id vmo_build_argument(vmo_module *module, vmo_function *function, vmo_region_id region, const char *name,
                                vmo_type_id type, vmo_location location) {
  vmr_symbol symbol = vmo_build_value_name(module, function, name);
  return symbol == 0 ? VMO_NONE : vmo_append_argument(module, function, region, symbol, type, location);
}

/* ---- ops ---- */

static bool append_results(vmo_module *module, vmo_function *function, const vmo_op_spec *spec, const vmr_symbol *names,
                           const vmo_location *locations) {
  vmr_arena *arena = module->context->arena;
  for (uint32_t i = 0; i < spec->result_count; i++) {
    vmo_value value = {names[i],
                       spec->result_types[i],
                       VMO_VALUE_RESULT,
                       function->ops.count,
                       i,
                       locations == NULL ? spec->location : locations[i]};
    if (!vmo_vec_push(arena, &function->values, value)) return false;
  }
  return true;
}

static bool append_operands(vmo_module *module, vmo_function *function, const vmo_op_spec *spec) {
  if (!vmo_vec_reserve(module->context->arena, &function->operands, spec->operand_count)) return false;
  for (uint32_t i = 0; i < spec->operand_count; i++)
    function->operands.data[function->operands.count++] = spec->operands[i];
  return true;
}

static vmo_region_id innermost(const vmo_function *function) {
  return function->open_regions.data[function->open_regions.count - 1];
}

uint32_t vmo_append_op(vmo_module *module, vmo_function *function, const vmo_op_spec *spec, const vmr_symbol *names,
                       const vmo_location *locations) {
  if (function->open_regions.count == 0) return VMO_NONE;
  vmo_op op = {.code = (uint16_t)spec->code,
               .operand_first = function->operands.count,
               .operand_count = spec->operand_count,
               .result_first = function->values.count,
               .result_count = spec->result_count,
               .attribute_first = function->attributes.count,
               .region_first = function->regions.count,
               .region = innermost(function),
               .callee = spec->callee,
               .location = spec->location};
  if (!append_operands(module, function, spec) || !append_results(module, function, spec, names, locations))
    return VMO_NONE;
  return vmo_vec_push(module->context->arena, &function->ops, op) ? function->ops.count - 1 : VMO_NONE;
}

enum { FEW_RESULTS = 16 };

uint32_t vmo_build_op(vmo_module *module, vmo_function *function, const vmo_op_spec *spec) {
  vmr_symbol few[FEW_RESULTS], *names = few;
  if (spec->result_count > FEW_RESULTS) names = vmo_alloc(module->context, spec->result_count * sizeof *names);
  if (names == NULL) return VMO_NONE;
  for (uint32_t i = 0; i < spec->result_count; i++) names[i] = 0; /* named below: names must differ from each other */
  uint32_t op = vmo_append_op(module, function, spec, names, NULL);
  for (uint32_t i = 0; op != VMO_NONE && i < spec->result_count; i++) {
    const char *wanted = spec->result_names == NULL ? NULL : spec->result_names[i];
    vmr_symbol name = vmo_build_value_name(module, function, wanted);
    vmo_value_id value = function->ops.data[op].result_first + i;
    if (name == 0 || !vmo_index_set_value(module, function, name, value)) return VMO_NONE;
    function->values.data[value].name = name;
  }
  return op;
}

uint32_t vmo_build_literal(vmo_module *module, vmo_function *function, vmo_literal literal) {
  return vmo_vec_push(module->context->arena, &function->literals, literal) ? function->literals.count - 1 : VMO_NONE;
}

bool vmo_append_attribute(vmo_module *module, vmo_function *function, uint32_t op, const vmo_attribute *attribute,
                          const vmo_attribute_item *items) {
  vmr_arena *arena = module->context->arena;
  vmo_attribute added = *attribute;
  added.item_first = function->items.count;
  if (!vmo_vec_reserve(arena, &function->items, added.item_count)) return false;
  for (uint32_t i = 0; i < added.item_count; i++) function->items.data[function->items.count++] = items[i];
  if (function->ops.data[op].attribute_count == 0) function->ops.data[op].attribute_first = function->attributes.count;
  if (!vmo_vec_push(arena, &function->attributes, added)) return false;
  function->ops.data[op].attribute_count++;
  return true;
}

bool vmo_build_attribute(vmo_module *module, vmo_function *function, uint32_t op, const char *name, bool is_list,
                         const vmo_attribute_item *items, uint32_t item_count, vmo_location location) {
  vmr_symbol symbol = vmr_interner_add(module->context->names, name, strlen(name));
  vmo_attribute attribute = {symbol, is_list, 0, item_count, location};
  return symbol != 0 && vmo_append_attribute(module, function, op, &attribute, items);
}

/* ---- regions ---- */

vmo_region_id vmo_build_region(vmo_module *module, vmo_function *function, uint32_t owner, vmo_region_kind kind) {
  vmr_arena *arena = module->context->arena;
  if (function->open_regions.count == 0) return VMO_NONE;
  vmo_region region = {.kind = kind,
                       .owner = owner,
                       .parent = innermost(function),
                       .op_first = function->ops.count,
                       .op_end = function->ops.count,
                       .argument_first = function->values.count,
                       .depth = function->open_regions.count};
  vmo_region_id id = function->regions.count;
  if (!vmo_vec_push(arena, &function->regions, region) || !vmo_vec_push(arena, &function->open_regions, id))
    return VMO_NONE;
  vmo_op *op = &function->ops.data[owner];
  if (op->region_count++ == 0) op->region_first = id;
  return id;
}

/* Fills renumbered[old id] = new id; false when nothing changes. Regions of one op were opened in their order. */
static bool number_regions(vmo_function *function, vmo_region_id *renumbered) {
  uint32_t next = 1;
  bool changed = false;
  for (uint32_t i = 0; i < function->ops.count; i++) {
    vmo_op *op = &function->ops.data[i];
    op->region_first = next;
    next += op->region_count;
  }
  renumbered[0] = 0;
  for (vmo_region_id id = 1; id < function->regions.count; id++) { /* region_first counts up, and is set back below */
    renumbered[id] = function->ops.data[function->regions.data[id].owner].region_first++;
    changed = changed || renumbered[id] != id;
  }
  for (uint32_t i = 0; i < function->ops.count; i++)
    function->ops.data[i].region_first -= function->ops.data[i].region_count;
  return changed;
}

static void renumber_regions(vmo_module *module, vmo_function *function) {
  uint32_t count = function->regions.count;
  vmo_region_id *renumbered = vmo_alloc(module->context, count * sizeof *renumbered);
  if (renumbered == NULL || !number_regions(function, renumbered)) return;
  vmo_region *old = vmo_alloc(module->context, count * sizeof *old);
  if (old == NULL) return; /* the arena's status tells */
  memcpy(old, function->regions.data, count * sizeof *old);
  for (vmo_region_id id = 0; id < count; id++) {
    vmo_region *region = &function->regions.data[renumbered[id]];
    *region = old[id];
    if (region->parent != VMO_NONE) region->parent = renumbered[region->parent];
    for (uint32_t i = 0; i < region->argument_count; i++)
      function->values.data[region->argument_first + i].owner = renumbered[id];
  }
  for (uint32_t i = 0; i < function->ops.count; i++)
    function->ops.data[i].region = renumbered[function->ops.data[i].region];
}

void vmo_build_region_end(vmo_module *module, vmo_function *function) {
  if (function->open_regions.count == 0) return;
  function->regions.data[innermost(function)].op_end = function->ops.count;
  function->open_regions.count--;
  if (function->open_regions.count == 0) renumber_regions(module, function);
}
