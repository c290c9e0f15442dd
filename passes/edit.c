/* edit.c: builds a function anew with copies put in, or ops left out or replaced. Linear. */
#include "passes/edit.h"

#include "support/hash_index.h"

#include <stdio.h>
#include <string.h>

typedef struct edit {
  vmo_module *module;
  const vmo_function *from;
  vmo_function *to;
  uint32_t *moved;    /* new index of each old op; VMO_NONE: gone */
  uint32_t *starts;   /* new index of the first op inserted before it, or of itself */
  vmr_arena *scratch; /* for what is of use during the edit */
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
  e->moved = vmr_arena_alloc(e->scratch, ((size_t)from->ops.count + 1) * sizeof *e->moved);
  e->starts = vmr_arena_alloc(e->scratch, ((size_t)from->ops.count + 1) * sizeof *e->starts);
  return e->moved && e->starts;
}

static void move_regions_and_owners(edit *e) {
  for (uint32_t r = 0; r < e->to->regions.count; r++) {
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

typedef struct taken_name { /* a symbol that names a value of the function */
  vmr_symbol symbol;
  uint32_t next; /* number to try for the next copy that would be called so */
} taken_name;

typedef struct naming {
  vmr_arena *arena;
  vmo_hash_index index;
  VMO_VEC(taken_name) names;
} naming;

static taken_name *find_name(naming *n, vmr_symbol symbol) {
  uint32_t cursor = 0;
  for (uint32_t id; (id = vmo_hash_index_next(&n->index, vmo_hash_mix(0, symbol), &cursor)) != VMO_NONE;)
    if (n->names.data[id].symbol == symbol) return &n->names.data[id];
  return NULL;
}

static bool take_name(naming *n, vmr_symbol symbol) {
  taken_name taken = {.symbol = symbol, .next = 2};
  return vmo_vec_push(n->arena, &n->names, taken) &&
         vmo_hash_index_add(n->arena, &n->index, vmo_hash_mix(0, symbol), n->names.count - 1);
}

static bool collect_names(const edit *e, naming *n) {
  for (uint32_t v = 0; v < e->from->values.count; v++)
    if (e->from->values.data[v].name && !take_name(n, e->from->values.data[v].name)) return false;
  return true;
}

/* "x.copy", or "x.copy2", ... when that names another value; 0 when memory is out. Where the search ended is kept with
 * "x.copy", so that a value that is copied all over costs no search each time. */
static vmr_symbol name_copy(const edit *e, naming *n, vmo_value_id named_after) {
  char text[256];
  vmr_interner *interner = e->module->context->names;
  const char *base = named_after == VMO_NONE ? "result" : vmo_value_name(e->module, e->from, named_after);
  int length = snprintf(text, sizeof text, "%.200s.copy", base);
  vmr_symbol symbol = vmr_interner_add(interner, text, (size_t)length);
  taken_name *first = find_name(n, symbol);
  if (symbol != 0 && first) {
    do {
      int digits = snprintf(text + length, sizeof text - (size_t)length, "%u", first->next++);
      symbol = vmr_interner_add(interner, text, (size_t)(length + digits));
    } while (symbol != 0 && find_name(n, symbol));
  }
  return symbol != 0 && take_name(n, symbol) ? symbol : 0;
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
    const vmo_op *user = &e->from->ops.data[request->user];
    vmo_operand *replaced = &e->to->operands.data[user->operand_first + request->operand];
    replaced->kind = VMO_OPERAND_VALUE;
    replaced->index = result;
  }
  return name != 0 && vmo_vec_push(arena, &e->to->values, value) &&
         vmo_vec_push(arena, &e->to->operands, request->source) && vmo_vec_push(arena, &e->to->ops, op);
}

static bool insert_copies(edit *e, naming *names, const vmo_copy_request *requests, uint32_t count) {
  const vmo_function *from = e->from;
  uint32_t next = 0;
  if (!collect_names(e, names)) return false;
  for (uint32_t op = 0; op < from->ops.count; op++) {
    e->starts[op] = e->to->ops.count;
    for (; next < count && requests[next].before == op; next++)
      if (!insert_copy(e, names, &requests[next], from->values.count + next)) return false;
    e->moved[op] = e->to->ops.count;
    e->to->ops.data[e->to->ops.count++] = from->ops.data[op];
  }
  move_regions_and_owners(e);
  return true;
}

vmo_function *vmo_insert_copies(vmo_module *module, const vmo_function *function, vmr_arena *scratch,
                                const vmo_copy_request *requests, uint32_t count) {
  edit e = {.module = module, .from = function, .scratch = scratch};
  naming names = {.arena = scratch};
  bool done =
      begin_edit(&e, function->ops.count + count, function->operands.count + count, function->values.count + count) &&
      insert_copies(&e, &names, requests, count);
  return done ? e.to : NULL;
}

/* ---- removal and replacement ---- */

static void replace(edit *e, vmo_op *op, const vmo_replacement *with) {
  op->code = VMO_OP_declared;
  op->callee = with->callee;
  op->attribute_count = 0;
  op->operand_first = e->to->operands.count;
  op->operand_count = with->operand_count;
  for (uint32_t i = 0; i < with->operand_count; i++) e->to->operands.data[e->to->operands.count++] = with->operands[i];
}

vmo_function *vmo_replace_ops(vmo_module *module, const vmo_function *function, vmr_arena *scratch,
                              const vmo_bitset *kept, const vmo_replacement *replacements, uint32_t count) {
  edit e = {.module = module, .from = function, .scratch = scratch};
  uint32_t operands = function->operands.count, next = 0;
  for (uint32_t i = 0; i < count; i++) operands += replacements[i].operand_count;
  if (!begin_edit(&e, function->ops.count, operands, function->values.count)) return NULL;
  for (uint32_t op = 0; op < function->ops.count; op++) {
    e.starts[op] = e.to->ops.count;
    e.moved[op] = vmo_bitset_get(kept, op) ? e.to->ops.count : VMO_NONE;
    if (e.moved[op] == VMO_NONE) continue;
    e.to->ops.data[e.to->ops.count++] = function->ops.data[op];
    if (next < count && replacements[next].op == op)
      replace(&e, &e.to->ops.data[e.to->ops.count - 1], &replacements[next++]);
  }
  move_regions_and_owners(&e);
  return e.to;
}

vmo_function *vmo_keep_ops(vmo_module *module, const vmo_function *function, vmr_arena *scratch,
                           const vmo_bitset *kept) {
  return vmo_replace_ops(module, function, scratch, kept, NULL, 0);
}
