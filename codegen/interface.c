/* interface.c: how a function of VMIR looks in C.
 *
 *   int32_t NAME(dims..., arguments..., results..., arena, arena_bytes, [arena_SPACE, arena_SPACE_bytes]...)
 *
 * Linear in the functions that are reached, but for names of parameters, which are compared with each other. What C could
 * call a function is names.c's. */
#include "codegen/interface.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- dims ---- */

static bool mark_dims(const vmo_module *module, vmo_size_id size, vmr_arena *arena, bool *used) {
  uint32_t count;
  if (vmo_size_is_constant(module->sizes, size, NULL)) return true;
  const vmo_size_step *steps = vmo_size_list_steps(module->sizes, size, arena, &count);
  for (uint32_t i = 0; steps != NULL && i < count; i++)
    if (steps[i].kind == VMO_STEP_DIM && module->dims.data[steps[i].number].kind != VMO_DIM_FIXED)
      used[steps[i].number] = true;
  return steps != NULL;
}

typedef struct dim_search {
  const vmo_module *module;
  vmr_arena *arena;
  bool *used, *seen_types, *seen_functions;
  VMO_VEC(vmo_function_id) todo;
} dim_search;

static bool search_type(dim_search *s, vmo_type_id id) {
  const vmo_type *type = &s->module->types.data[id];
  if (s->seen_types[id]) return true;
  s->seen_types[id] = true;
  for (uint32_t i = 0; i < type->rank; i++)
    if (!mark_dims(s->module, s->module->shapes.data[type->shape_first + i], s->arena, s->used)) return false;
  return true;
}

/* Operands and attributes may name dims too. */
static bool search_op(dim_search *s, const vmo_function *function, const vmo_op *op) {
  const vmo_operand *operands = vmo_op_operands(function, op);
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (operands[i].kind == VMO_OPERAND_SIZE && !mark_dims(s->module, operands[i].index, s->arena, s->used))
      return false;
  for (uint32_t i = 0; i < op->attribute_count; i++) {
    const vmo_attribute *attribute = &function->attributes.data[op->attribute_first + i];
    for (uint32_t k = 0; k < attribute->item_count; k++) {
      const vmo_attribute_item *item = &function->items.data[attribute->item_first + k];
      if (item->kind == VMO_ATTRIBUTE_SIZE && !mark_dims(s->module, item->value.id, s->arena, s->used)) return false;
    }
  }
  if (op->code != VMO_OP_call || s->seen_functions[op->callee]) return true;
  s->seen_functions[op->callee] = true;
  return vmo_vec_push(s->arena, &s->todo, op->callee);
}

static bool search_ops(dim_search *s, const vmo_function *function) {
  for (uint32_t i = 0; i < function->values.count; i++)
    if (!search_type(s, function->values.data[i].type)) return false;
  for (uint32_t i = 0; i < function->ops.count; i++)
    if (!search_op(s, function, &function->ops.data[i])) return false;
  return true;
}

/* The bodies of declared ops, too; in them are no others. */
static bool search_function(dim_search *s, const vmo_function *function) {
  if (!search_ops(s, function)) return false;
  for (uint32_t i = 0; i < function->ops.count; i++) {
    const vmo_op *op = &function->ops.data[i];
    const vmo_function *body = op->code == VMO_OP_declared ? s->module->declarations.data[op->callee].body : NULL;
    if (body != NULL && !search_ops(s, body)) return false;
  }
  return true;
}

const bool *vmo_find_used_dims(const vmo_module *module, const vmo_function *function, vmr_arena *arena) {
  dim_search s = {.module = module, .arena = arena};
  size_t dims = (size_t)module->dims.count + 1, types = (size_t)module->types.count + 1;
  size_t functions = (size_t)module->functions.count + 1;
  s.used = vmr_arena_alloc_array(arena, dims + types + functions, sizeof *s.used);
  if (s.used == NULL) return NULL;
  memset(s.used, 0, (dims + types + functions) * sizeof *s.used);
  s.seen_types = s.used + dims;
  s.seen_functions = s.seen_types + types;
  bool fine = search_function(&s, function);
  for (uint32_t i = 0; fine && i < s.todo.count; i++)
    fine = search_function(&s, module->functions.data[s.todo.data[i]]);
  return fine ? s.used : NULL;
}

/* ---- names of parameters ---- */

static bool is_name_taken(const vmo_c_interface *c, const char *name) {
  for (uint32_t i = 0; i < c->parameters.count; i++)
    if (strcmp(c->parameters.data[i].name, name) == 0) return true;
  return vmo_is_header_word(name, c->function);
}

/* `wanted` with what C does not allow made `_`, `v_` before what a header cannot use, and a number behind it when it is
 * taken. No word of a header is told by its beginning alone that is `v_`: numbers find an end. */
static const char *make_name(vmr_arena *arena, const vmo_c_interface *c, const char *wanted) {
  size_t length = strlen(wanted);
  char *name = vmr_arena_alloc_array(arena, length + 16, 1);
  if (name == NULL) return NULL;
  bool digit = isdigit((unsigned char)wanted[0]) != 0;
  snprintf(name, length + 16, "%s%s", digit ? "v" : "", wanted);
  for (char *at = name; *at != '\0'; at++)
    if (!isalnum((unsigned char)*at)) *at = '_';
  if (vmo_is_header_word(name, c->function)) {
    memmove(name + 2, name, strlen(name) + 1);
    memcpy(name, "v_", 2);
  }
  size_t end = strlen(name);
  for (unsigned number = 2; is_name_taken(c, name); number++) snprintf(name + end, length + 16 - end, "_%u", number);
  return name;
}

const char *vmo_c_type(vmo_element element) {
  static const char *const names[VMO_ELEMENT_COUNT] = {
      [VMO_BOOL] = "uint8_t", [VMO_I8] = "int8_t",    [VMO_U8] = "uint8_t",    [VMO_I16] = "int16_t",
      [VMO_U16] = "uint16_t", [VMO_I32] = "int32_t",  [VMO_U32] = "uint32_t",  [VMO_I64] = "int64_t",
      [VMO_U64] = "uint64_t", [VMO_F16] = "uint16_t", [VMO_BF16] = "uint16_t", [VMO_F32] = "float",
      [VMO_F64] = "double"};
  return names[element];
}

/* ---- parameters ---- */

static bool add(vmo_module *module, vmo_c_interface *c, vmo_c_kind kind, uint32_t index, const char *wanted,
                const char *type) {
  vmr_arena *arena = module->context->arena;
  vmo_c_parameter parameter = {kind, index, make_name(arena, c, wanted), type};
  return parameter.name != NULL && type != NULL && vmo_vec_push(arena, &c->parameters, parameter);
}

/* "const double *" and the like. */
static const char *pointer_type(vmo_module *module, vmo_element element, const char *before, const char *stars) {
  const char *plain = vmo_c_type(element);
  size_t bytes = strlen(before) + strlen(plain) + strlen(stars) + 2;
  char *text = vmr_arena_alloc_array(module->context->arena, bytes, 1);
  if (text != NULL) snprintf(text, bytes, "%s%s %s", before, plain, stars);
  return text;
}

static bool add_argument(vmo_module *module, const vmo_function *function, vmo_c_interface *c, uint32_t index) {
  const vmo_parameter *parameter = &function->parameters.data[index];
  const vmo_type *type = vmo_value_type(module, function, index);
  if (parameter->state) return true;
  const char *spelled = type->rank == 0 ? pointer_type(module, type->element, "", "")
                                        : pointer_type(module, type->element, parameter->donate ? "" : "const ", "*");
  return add(module, c, VMO_C_ARGUMENT, index, vmo_value_name(module, function, index), spelled);
}

/* Named after the value that is returned, when it has a name of its own. */
static bool add_result(vmo_module *module, const vmo_function *function, vmo_c_interface *c, uint32_t index) {
  const vmo_type *type = &module->types.data[function->result_types.data[index]];
  bool told = type->rank > 0 && !function->plan->results_in_caller;
  char name[32];
  snprintf(name, sizeof name, function->result_types.count > 1 ? "result_%u" : "result", (unsigned)index);
  return add(module, c, VMO_C_RESULT, index, name, pointer_type(module, type->element, "", told ? "**" : "*"));
}

static bool add_arena(vmo_module *module, const vmo_function *function, vmo_c_interface *c, uint32_t index) {
  vmo_space_id space = function->plan->arenas[index].space;
  char name[96], bytes[112];
  snprintf(name, sizeof name, space == 0 ? "arena" : "arena_%.80s", vmo_name(module, module->spaces.data[space]));
  snprintf(bytes, sizeof bytes, "%s_bytes", name);
  return add(module, c, VMO_C_ARENA, index, name, "void *") &&
         add(module, c, VMO_C_ARENA_BYTES, index, bytes, "int64_t ");
}

bool vmo_find_c_interface(vmo_module *module, const vmo_function *function, const char *prefix, vmo_c_interface *c) {
  vmr_arena *arena = module->context->arena;
  const bool *used = vmo_find_used_dims(module, function, arena);
  *c = (vmo_c_interface){.function = vmo_join_c_name(arena, prefix, vmo_name(module, function->name), "", "")};
  bool fine = used != NULL && c->function != NULL;
  for (uint32_t d = 0; fine && d < module->dims.count; d++)
    if (used[d]) fine = add(module, c, VMO_C_DIM, d, vmo_name(module, module->dims.data[d].name), "int64_t ");
  for (uint32_t i = 0; fine && i < function->parameters.count; i++) fine = add_argument(module, function, c, i);
  for (uint32_t i = 0; fine && i < function->result_types.count; i++) fine = add_result(module, function, c, i);
  for (uint32_t i = 0; fine && i < function->plan->arena_count; i++) fine = add_arena(module, function, c, i);
  return fine;
}
