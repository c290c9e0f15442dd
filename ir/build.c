/* build.c: makes a module: dims, types, declarations, functions; build_body.c appends the ops.
 *
 * Equal types get equal ids by hashing. Names of dims, functions and declared ops must be free; whoever asks for
 * one that is taken gets a diagnostic that says where the first one stands. */
#include <stdio.h>
#include <string.h>

#include "ir/ir.h"
#include "ir/lex.h"
#include "ir/module_index.h"

/* ---- the module ---- */

static bool open_module(vmo_module *module) {
  vmr_arena *arena = module->context->arena;
  vmr_symbol symbol = vmr_interner_add(module->context->names, "default", strlen("default"));
  return symbol != 0 && vmo_vec_push(arena, &module->spaces, symbol) &&
         vmo_index_add(module, VMO_NAME_SPACE, symbol, 0) && vmo_vec_reserve(arena, &module->shapes, 8);
}

vmo_module *vmo_module_create(vmo_context *context) {
  vmo_module *module = vmo_alloc_array(context, 1, sizeof *module);
  if (module == NULL) return NULL;
  module->context = context;
  module->sizes = vmo_sizes_create(context);
  module->index = vmo_alloc_array(context, 1, sizeof *module->index);
  if (module->sizes == NULL || module->index == NULL) return NULL;
  return open_module(module) ? module : NULL;
}

/* ---- names ---- */

static bool is_word(const char *name) {
  if (*name >= '0' && *name <= '9') return false;
  for (const char *c = name; *c != '\0'; c++)
    if (!(*c == '_' || (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'))) return false;
  return *name != '\0';
}

/* The symbol of a name that is a word; 0 with a diagnostic when it is none. */
static vmr_symbol take_word(vmo_module *module, const char *what, const char *name, vmo_location location) {
  if (is_word(name)) return vmr_interner_add(module->context->names, name, strlen(name));
  vmo_diagnostic *diagnostic =
      vmo_diag_add(module->context, VMO_DIAG_BAD_NAME, location, "`%s` is no name for %s", name, what);
  vmo_diag_hint(module->context, diagnostic, "names consist of letters, digits and _, and start with no digit");
  return 0;
}

static bool check_not_reserved(vmo_module *module, const char *name, vmo_location location) {
  if (!vmo_word_is_reserved(name, strlen(name))) return true;
  vmo_diagnostic *diagnostic =
      vmo_diag_add(module->context, VMO_DIAG_BAD_NAME, location, "`%s` is no name for a dim", name);
  vmo_diag_hint(module->context, diagnostic, "VMIR uses this word itself; take another one");
  return false;
}

static void report_taken(vmo_module *module, const char *sigil, const char *name, vmo_location location,
                         vmo_location first) {
  if (first.line == 0)
    vmo_diag_add(module->context, VMO_DIAG_DUPLICATE_NAME, location, "`%s%s` is declared twice", sigil, name);
  else
    vmo_diag_add(module->context, VMO_DIAG_DUPLICATE_NAME, location, "`%s%s` is already declared at %u:%u", sigil, name,
                 first.line, first.column);
}

/* ---- dims, spaces, types ---- */

vmo_dim_id vmo_build_dim(vmo_module *module, const char *name, vmo_dim_kind kind, int64_t limit,
                         vmo_location location) {
  bool is_limited = kind == VMO_DIM_BOUNDED || kind == VMO_DIM_FIXED;
  vmo_dim dim = {take_word(module, "a dim", name, location), kind, is_limited ? limit : 0, location};
  if (dim.name == 0 || !check_not_reserved(module, name, location)) return VMO_NONE;
  vmo_dim_id known = vmo_index_find(module, VMO_NAME_DIM, dim.name);
  if (known != VMO_NONE) {
    if (kind == VMO_DIM_LOCAL && module->dims.data[known].kind == VMO_DIM_LOCAL) return known;
    report_taken(module, "", name, location, module->dims.data[known].location);
    return VMO_NONE;
  }
  if (!vmo_vec_push(module->context->arena, &module->dims, dim)) return VMO_NONE;
  return vmo_index_add(module, VMO_NAME_DIM, dim.name, module->dims.count - 1) ? module->dims.count - 1 : VMO_NONE;
}

vmo_space_id vmo_build_space(vmo_module *module, const char *name) {
  vmr_symbol symbol = take_word(module, "a memory space", name, (vmo_location){0, 0});
  if (symbol == 0) return VMO_NONE;
  vmo_space_id known = vmo_index_find(module, VMO_NAME_SPACE, symbol);
  if (known != VMO_NONE) return known;
  if (!vmo_vec_push(module->context->arena, &module->spaces, symbol)) return VMO_NONE;
  return vmo_index_add(module, VMO_NAME_SPACE, symbol, module->spaces.count - 1) ? module->spaces.count - 1 : VMO_NONE;
}

static uint32_t hash_type(const vmo_type *type, const vmo_size_id *shape) {
  uint32_t hash =
      vmo_hash_mix((uint32_t)type->element * 64 + type->rank, (uint64_t)type->space << 32 | type->alignment);
  for (uint32_t i = 0; i < type->rank; i++) hash = vmo_hash_mix(hash, shape[i]);
  return hash;
}

static bool is_type(const vmo_module *module, const vmo_type *known, const vmo_type *wanted, const vmo_size_id *shape) {
  if (known->element != wanted->element || known->rank != wanted->rank || known->space != wanted->space ||
      known->alignment != wanted->alignment)
    return false;
  for (uint32_t i = 0; i < wanted->rank; i++)
    if (module->shapes.data[known->shape_first + i] != shape[i]) return false;
  return true;
}

static vmo_type_id add_type(vmo_module *module, vmo_type type, const vmo_size_id *shape, uint32_t hash) {
  vmo_sizes *sizes = module->sizes;
  vmr_arena *arena = module->context->arena;
  type.shape_first = module->shapes.count;
  type.count = vmo_size_constant(sizes, 1);
  for (uint32_t i = 0; i < type.rank; i++) type.count = vmo_size_multiply(sizes, type.count, shape[i]);
  type.bytes = vmo_size_multiply(sizes, type.count, vmo_size_constant(sizes, vmo_element_bytes(type.element)));
  if (type.bytes == VMO_NONE || !vmo_vec_reserve(arena, &module->shapes, type.rank)) return VMO_NONE;
  for (uint32_t i = 0; i < type.rank; i++) module->shapes.data[module->shapes.count++] = shape[i];
  if (!vmo_vec_push(arena, &module->types, type)) return VMO_NONE;
  return vmo_hash_index_add(arena, &module->index->types, hash, module->types.count - 1) ? module->types.count - 1
                                                                                         : VMO_NONE;
}

vmo_type_id vmo_build_type(vmo_module *module, vmo_element element, const vmo_size_id *shape, uint32_t rank,
                           vmo_space_id space, uint32_t alignment) {
  vmo_type type = {.element = element, .rank = rank, .space = space, .alignment = alignment};
  uint32_t hash = hash_type(&type, shape), cursor = 0;
  for (uint32_t id; (id = vmo_hash_index_next(&module->index->types, hash, &cursor)) != VMO_NONE;)
    if (is_type(module, &module->types.data[id], &type, shape)) return id;
  return add_type(module, type, shape, hash);
}

/* ---- declared ops and functions ---- */

enum { CALLABLE_NAME_BYTES = 176 };

static vmo_location callable_location(const vmo_module *module, uint32_t callable) {
  return callable % 2 == 0 ? module->functions.data[callable / 2]->location
                           : module->declarations.data[callable / 2].location;
}

/* The symbol of a name that no callable has; 0 with a diagnostic otherwise. */
static vmr_symbol take_callable_name(vmo_module *module, const char *what, const char *name, vmo_location location) {
  vmr_symbol symbol = take_word(module, what, name, location);
  uint32_t known = symbol == 0 ? VMO_NONE : vmo_index_find(module, VMO_NAME_CALLABLE, symbol);
  if (known == VMO_NONE) return symbol;
  report_taken(module, "@", name, location, callable_location(module, known));
  return 0;
}

/* Numbers count up with the declarations, so that the search is short. */
vmr_symbol vmo_build_callable_name(vmo_module *module, const char *base) {
  for (uint32_t number = module->declarations.count + 1;; number++) {
    char text[CALLABLE_NAME_BYTES];
    int length = snprintf(text, sizeof text, "%.160s%u", base, number);
    vmr_symbol symbol = vmr_interner_add(module->context->names, text, (size_t)length);
    if (symbol == 0 || vmo_index_find(module, VMO_NAME_CALLABLE, symbol) == VMO_NONE) return symbol;
  }
}

uint32_t vmo_build_declaration(vmo_module *module, const char *name, vmo_location location) {
  vmo_declaration declaration = {.location = location, .workspace = vmo_size_constant(module->sizes, 0)};
  declaration.name = take_callable_name(module, "an op", name, location);
  if (declaration.name == 0 || !vmo_vec_push(module->context->arena, &module->declarations, declaration))
    return VMO_NONE;
  uint32_t id = module->declarations.count - 1;
  return vmo_index_add(module, VMO_NAME_CALLABLE, declaration.name, VMO_CALLABLE_DECLARATION(id)) ? id : VMO_NONE;
}

void vmo_drop_declarations(vmo_module *module, uint32_t count) {
  for (uint32_t i = count; i < module->declarations.count; i++)
    module->declarations.data[i].name = 0; /* the index asks */
  module->declarations.count = count;
}

bool vmo_build_declaration_parameter(vmo_module *module, uint32_t declaration, const char *name, vmo_type_id type) {
  vmo_declaration *declared = &module->declarations.data[declaration];
  vmr_symbol symbol = vmr_interner_add(module->context->names, name, strlen(name));
  return symbol != 0 && vmo_vec_push(module->context->arena, &declared->parameter_names, symbol) &&
         vmo_vec_push(module->context->arena, &declared->parameter_types, type);
}

bool vmo_build_declaration_result(vmo_module *module, uint32_t declaration, vmo_type_id type) {
  return vmo_vec_push(module->context->arena, &module->declarations.data[declaration].result_types, type);
}

/* Opens the body; arrays that are read at index 0 even when they are empty are given room, so as not to be NULL. */
static bool open_body(vmr_arena *arena, vmo_function *function) {
  vmo_region body = {.kind = VMO_REGION_BODY, .owner = VMO_NONE, .parent = VMO_NONE};
  return vmo_vec_push(arena, &function->regions, body) && vmo_vec_push(arena, &function->open_regions, 0) &&
         vmo_vec_reserve(arena, &function->operands, 4) && vmo_vec_reserve(arena, &function->values, 4) &&
         vmo_vec_reserve(arena, &function->ops, 4) && vmo_vec_reserve(arena, &function->attributes, 1) &&
         vmo_vec_reserve(arena, &function->items, 1) && vmo_vec_reserve(arena, &function->parameters, 1) &&
         vmo_vec_reserve(arena, &function->result_types, 1);
}

vmo_function *vmo_open_declaration_body(vmo_module *module, uint32_t declaration) {
  const vmo_declaration *declared = &module->declarations.data[declaration];
  vmo_function *body = vmo_alloc_array(module->context, 1, sizeof *body);
  if (body == NULL || !open_body(module->context->arena, body)) return NULL;
  body->name = declared->name;
  body->location = declared->location;
  for (uint32_t i = 0; i < declared->result_types.count; i++)
    if (!vmo_build_result_type(module, body, declared->result_types.data[i])) return NULL;
  return module->declarations.data[declaration].body = body;
}

vmo_function *vmo_build_declaration_body(vmo_module *module, uint32_t declaration) {
  vmo_function *body = vmo_open_declaration_body(module, declaration);
  const vmo_declaration *declared = &module->declarations.data[declaration];
  for (uint32_t i = 0; body != NULL && i < declared->parameter_types.count; i++) {
    const char *name = vmo_name(module, declared->parameter_names.data[i]);
    vmo_parameter flags = {.offset = -1};
    if (vmo_build_parameter(module, body, name, declared->parameter_types.data[i], flags, body->location) == VMO_NONE)
      return NULL;
  }
  return body;
}

vmo_function *vmo_build_function(vmo_module *module, const char *name, vmo_location location) {
  vmr_symbol symbol = take_callable_name(module, "a function", name, location);
  if (symbol == 0) return NULL;
  vmo_function *function = vmo_alloc_array(module->context, 1, sizeof *function);
  if (function == NULL || !open_body(module->context->arena, function)) return NULL;
  function->name = symbol;
  function->location = location;
  if (!vmo_vec_push(module->context->arena, &module->functions, function)) return NULL;
  uint32_t callable = VMO_CALLABLE_FUNCTION(module->functions.count - 1);
  return vmo_index_add(module, VMO_NAME_CALLABLE, symbol, callable) ? function : NULL;
}

bool vmo_build_room(vmo_module *module, vmo_function *function, uint32_t ops) {
  vmr_arena *arena = module->context->arena;
  uint32_t more = ops + ops / 4; /* some ops have several results, some more than two operands */
  return vmo_vec_reserve(arena, &function->ops, ops) && vmo_vec_reserve(arena, &function->values, more) &&
         vmo_vec_reserve(arena, &function->operands, 2 * more);
}

bool vmo_build_result_type(vmo_module *module, vmo_function *function, vmo_type_id type) {
  return vmo_vec_push(module->context->arena, &function->result_types, type);
}
