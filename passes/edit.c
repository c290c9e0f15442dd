/* edit.c: builds a function anew with copies put in, or ops left out or replaced. Linear. */
#include "passes/edit.h"

#include <string.h>

bool vmo_begin_edit(vmo_edit *e, uint32_t ops, uint32_t operands, uint32_t values) {
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
  e->moved = vmr_arena_alloc(e->scratch, ((size_t)from->ops.count + 1) * sizeof *e->moved);
  e->starts = vmr_arena_alloc(e->scratch, ((size_t)from->ops.count + 1) * sizeof *e->starts);
  return e->moved && e->starts;
}

void vmo_end_edit(vmo_edit *e) {
  for (uint32_t r = 0; r < e->from->regions.count; r++) {
    vmo_region *region = &e->to->regions.data[r];
    if (region->op_end == 0) continue; /* gone since an earlier edit */
    if (region->owner != VMO_NONE) region->owner = e->moved[region->owner];
    uint32_t last = e->moved[region->op_end - 1];
    region->op_first = last == VMO_NONE ? 0 : e->starts[region->op_first];
    region->op_end = last == VMO_NONE ? 0 : last + 1;
  }
  for (uint32_t v = 0; v < e->from->values.count; v++) {
    vmo_value *value = &e->to->values.data[v];
    if (value->kind == VMO_VALUE_RESULT && value->owner != VMO_NONE) value->owner = e->moved[value->owner];
  }
}

/* ---- copies ---- */

static bool insert_copy(vmo_edit *e, vmo_naming *names, const vmo_copy_request *request, vmo_value_id result) {
  const vmo_op *before = &e->from->ops.data[request->before];
  const char *base =
      request->named_after == VMO_NONE ? "result" : vmo_value_name(e->module, e->from, request->named_after);
  vmr_symbol name = vmo_name_after(e->module, names, base, ".copy");
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
    const vmo_op *user = &e->from->ops.data[request->user];
    vmo_operand *replaced = &e->to->operands.data[user->operand_first + request->operand];
    replaced->kind = VMO_OPERAND_VALUE;
    replaced->index = result;
  }
  return name != 0 && vmo_vec_push(arena, &e->to->values, value) &&
         vmo_vec_push(arena, &e->to->operands, request->source) && vmo_vec_push(arena, &e->to->ops, op);
}

static bool insert_copies(vmo_edit *e, vmo_naming *names, const vmo_copy_request *requests, uint32_t count) {
  const vmo_function *from = e->from;
  uint32_t next = 0;
  if (!vmo_collect_names(from, names)) return false;
  for (uint32_t op = 0; op < from->ops.count; op++) {
    e->starts[op] = e->to->ops.count;
    for (; next < count && requests[next].before == op; next++)
      if (!insert_copy(e, names, &requests[next], from->values.count + next)) return false;
    e->moved[op] = e->to->ops.count;
    e->to->ops.data[e->to->ops.count++] = from->ops.data[op];
  }
  vmo_end_edit(e);
  return true;
}

vmo_function *vmo_insert_copies(vmo_module *module, const vmo_function *function, vmr_arena *scratch,
                                const vmo_copy_request *requests, uint32_t count) {
  vmo_edit e = {.module = module, .from = function, .scratch = scratch};
  vmo_naming names = {.arena = scratch};
  bool done = vmo_begin_edit(&e, function->ops.count + count, function->operands.count + count,
                             function->values.count + count) &&
              insert_copies(&e, &names, requests, count);
  return done ? e.to : NULL;
}

/* ---- removal and replacement ---- */

static void replace(vmo_edit *e, vmo_op *op, const vmo_replacement *with) {
  op->code = VMO_OP_declared;
  op->callee = with->callee;
  op->attribute_count = 0;
  op->operand_first = e->to->operands.count;
  op->operand_count = with->operand_count;
  for (uint32_t i = 0; i < with->operand_count; i++) e->to->operands.data[e->to->operands.count++] = with->operands[i];
}

vmo_function *vmo_replace_ops(vmo_module *module, const vmo_function *function, vmr_arena *scratch,
                              const vmo_bitset *kept, const vmo_replacement *replacements, uint32_t count) {
  vmo_edit e = {.module = module, .from = function, .scratch = scratch};
  uint32_t operands = function->operands.count, next = 0;
  for (uint32_t i = 0; i < count; i++) operands += replacements[i].operand_count;
  if (!vmo_begin_edit(&e, function->ops.count, operands, function->values.count)) return NULL;
  for (uint32_t op = 0; op < function->ops.count; op++) {
    e.starts[op] = e.to->ops.count;
    e.moved[op] = vmo_bitset_get(kept, op) ? e.to->ops.count : VMO_NONE;
    if (e.moved[op] == VMO_NONE) continue;
    e.to->ops.data[e.to->ops.count++] = function->ops.data[op];
    if (next < count && replacements[next].op == op)
      replace(&e, &e.to->ops.data[e.to->ops.count - 1], &replacements[next++]);
  }
  vmo_end_edit(&e);
  return e.to;
}

vmo_function *vmo_keep_ops(vmo_module *module, const vmo_function *function, vmr_arena *scratch,
                           const vmo_bitset *kept) {
  return vmo_replace_ops(module, function, scratch, kept, NULL, 0);
}
