/* edit.c: builds a function anew with copies put in, or ops left out. Linear. */
#include "passes/edit.h"

#include <stdio.h>
#include <string.h>

typedef struct edit {
  vmo_module *module;
  const vmo_function *from;
  vmo_function *to;
  uint32_t *moved;  /* new index of each old op; VMO_NONE: gone */
  uint32_t *starts; /* new index of the first op inserted before it, or of itself */
} edit;

/* The new function begins as a copy of the old one that shares the arrays which stay as they are. */
static bool begin_edit(edit *e, uint32_t ops, uint32_t operands, uint32_t values) {
  vmo_context *context = e->module->context;
  const vmo_function *from = e->from;
  vmo_function *to = e->to = vmo_alloc(context, sizeof *to);
  if (!to) return false;
  *to = *from;
  to->plan = NULL;
  memset(&to->ops, 0, sizeof to->ops);
  memset(&to->operands, 0, sizeof to->operands);
  memset(&to->values, 0, sizeof to->values);
  memset(&to->regions, 0, sizeof to->regions);
  vmr_arena *arena = context->arena;
  if (!vmo_vec_reserve(arena, &to->ops, ops) || !vmo_vec_reserve(arena, &to->operands, operands) ||
      !vmo_vec_reserve(arena, &to->values, values) || !vmo_vec_reserve(arena, &to->regions, from->regions.count))
    return false;
  memcpy(to->operands.data, from->operands.data, from->operands.count * sizeof *to->operands.data);
  to->operands.count = from->operands.count;
  memcpy(to->values.data, from->values.data, from->values.count * sizeof *to->values.data);
  to->values.count = from->values.count;
  memcpy(to->regions.data, from->regions.data, from->regions.count * sizeof *to->regions.data);
  to->regions.count = from->regions.count;
  e->moved = vmo_alloc(context, ((size_t)from->ops.count + 1) * sizeof *e->moved);
  e->starts = vmo_alloc(context, ((size_t)from->ops.count + 1) * sizeof *e->starts);
  return e->moved && e->starts;
}

static void move_regions_and_owners(edit *e) {
  for (uint32_t r = 0; r < e->to->regions.count; r++) {
    vmo_region *region = &e->to->regions.data[r];
    if (region->owner != VMO_NONE) region->owner = e->moved[region->owner];
    uint32_t last = region->op_end == 0 ? VMO_NONE : e->moved[region->op_end - 1]; /* 0: an earlier edit removed it */
    region->op_first = last == VMO_NONE ? 0 : e->starts[region->op_first];
    region->op_end = last == VMO_NONE ? 0 : last + 1;
  }
  for (uint32_t v = 0; v < e->from->values.count; v++) {
    vmo_value *value = &e->to->values.data[v];
    if (value->kind == VMO_VALUE_RESULT && value->owner != VMO_NONE) value->owner = e->moved[value->owner];
  }
}

/* ---- copies ---- */

typedef struct naming {
  vmo_bitset taken; /* symbols that name a value of the function */
} naming;

static bool collect_names(const edit *e, naming *names) {
  if (!vmo_bitset_init(e->module->context->arena, &names->taken, vmr_interner_count(e->module->context->names) + 1))
    return false;
  for (uint32_t v = 0; v < e->from->values.count; v++)
    if (e->from->values.data[v].name) vmo_bitset_set(&names->taken, e->from->values.data[v].name);
  return true;
}

/* "x.copy", or "x.copy2", ... when that names another value; 0 when memory is out. */
static vmr_symbol name_copy(const edit *e, naming *names, vmo_value_id named_after) {
  char text[256];
  const char *base = named_after == VMO_NONE ? "result" : vmo_value_name(e->module, e->from, named_after);
  for (uint32_t number = 1;; number++) {
    if (number == 1)
      snprintf(text, sizeof text, "%.200s.copy", base);
    else
      snprintf(text, sizeof text, "%.200s.copy%u", base, number);
    vmr_symbol symbol = vmr_interner_add(e->module->context->names, text, strlen(text));
    if (symbol >= names->taken.bits) { /* new to the module, so free; later copies must see it */
      vmo_bitset grown;
      if (!vmo_bitset_init(e->module->context->arena, &grown, 2 * symbol + 64)) return 0;
      memcpy(grown.words, names->taken.words, (names->taken.bits + 63) / 64 * sizeof *grown.words);
      names->taken = grown;
    }
    if (symbol == 0 || !vmo_bitset_get(&names->taken, symbol)) {
      if (symbol) vmo_bitset_set(&names->taken, symbol);
      return symbol;
    }
  }
}

static bool insert_copy(edit *e, naming *names, const vmo_copy_request *request, vmo_value_id result) {
  const vmo_op *before = &e->from->ops.data[request->before];
  vmr_symbol name = name_copy(e, names, request->named_after);
  vmo_value value = {.name = name,
                     .type = request->type,
                     .kind = VMO_VALUE_RESULT,
                     .owner = e->to->ops.count,
                     .location = before->location};
  vmo_op op = {.code = VMO_OP_copy,
               .inserted = 1,
               .operand_first = e->to->operands.count,
               .operand_count = 1,
               .result_first = result,
               .result_count = 1,
               .region = before->region,
               .callee = VMO_NONE,
               .location = before->location};
  vmr_arena *arena = e->module->context->arena;
  if (request->operand != VMO_NONE) {
    vmo_operand *replaced = &e->to->operands.data[before->operand_first + request->operand];
    replaced->kind = VMO_OPERAND_VALUE;
    replaced->index = result;
  }
  return name != 0 && vmo_vec_push(arena, &e->to->values, value) &&
         vmo_vec_push(arena, &e->to->operands, request->source) && vmo_vec_push(arena, &e->to->ops, op);
}

vmo_function *vmo_insert_copies(vmo_module *module, const vmo_function *function, const vmo_copy_request *requests,
                                uint32_t count) {
  edit e = {.module = module, .from = function};
  naming names;
  if (!begin_edit(&e, function->ops.count + count, function->operands.count + count, function->values.count + count) ||
      !collect_names(&e, &names))
    return NULL;
  uint32_t next = 0;
  for (uint32_t op = 0; op < function->ops.count; op++) {
    e.starts[op] = e.to->ops.count;
    for (; next < count && requests[next].before == op; next++)
      if (!insert_copy(&e, &names, &requests[next], function->values.count + next)) return NULL;
    e.moved[op] = e.to->ops.count;
    if (!vmo_vec_push(module->context->arena, &e.to->ops, function->ops.data[op])) return NULL;
  }
  move_regions_and_owners(&e);
  return e.to;
}

/* ---- removal ---- */

vmo_function *vmo_keep_ops(vmo_module *module, const vmo_function *function, const vmo_bitset *kept) {
  edit e = {.module = module, .from = function};
  if (!begin_edit(&e, function->ops.count, function->operands.count, function->values.count)) return NULL;
  for (uint32_t op = 0; op < function->ops.count; op++) {
    e.starts[op] = e.to->ops.count;
    e.moved[op] = vmo_bitset_get(kept, op) ? e.to->ops.count : VMO_NONE;
    if (e.moved[op] != VMO_NONE) e.to->ops.data[e.to->ops.count++] = function->ops.data[op];
  }
  move_regions_and_owners(&e);
  return e.to;
}
