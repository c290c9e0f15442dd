/* build.c: the builder's functions, each a thin cover of one in ir/ that checks what comes in.
 *
 * Ids of values, types and functions are checked against their ranges; what an op needs is left to the verifier. */
#include <string.h>

#include "api/program.h"

static const vmo_location nowhere = {0, 0};

/* The function, or NULL after a refusal. */
static vmo_function *open_function(vmo_program *program, vmo_function_id id) {
  if (program->status != VMO_OK) return NULL;
  if (id >= program->module->functions.count) {
    vmo_refuse_call(program, "there is no function %u", id);
    return NULL;
  }
  vmo_function *function = program->module->functions.data[id];
  if (!program->verified && function->open_regions.count > 0) return function;
  vmo_refuse_call(program, "the function @%s has been ended", vmo_name(program->module, function->name));
  return NULL;
}

static bool is_open(vmo_program *program) {
  if (program->status != VMO_OK) return false;
  if (!program->verified) return true;
  vmo_refuse_call(program, "the program has been verified; nothing can be added");
  return false;
}

static bool check_type(vmo_program *program, vmo_type_id type) {
  if (type < program->module->types.count) return true;
  vmo_refuse_call(program, "there is no type %u", type);
  return false;
}

/* ---- sizes ---- */

static vmo_size_id size_or_failure(vmo_program *program, vmo_size_id size) {
  if (size == VMO_NONE) vmo_fail_build(program);
  return size;
}

static vmo_size_id add_dim(vmo_program *program, const char *name, vmo_dim_kind kind, int64_t limit) {
  if (!is_open(program)) return VMO_NONE;
  if (limit < 0 || limit >= VMO_BYTES_LIMIT) {
    vmo_refuse_call(program, "the dim %s cannot be %lld", name, (long long)limit);
    return VMO_NONE;
  }
  vmo_dim_id dim = vmo_build_dim(program->module, name, kind, limit, nowhere);
  if (dim != VMO_NONE) return size_or_failure(program, vmo_size_symbol(program->module->sizes, dim));
  vmo_fail_build(program);
  return VMO_NONE;
}

vmo_size_id vmo_add_free_dim(vmo_program *program, const char *name) { return add_dim(program, name, VMO_DIM_FREE, 0); }

vmo_size_id vmo_add_bounded_dim(vmo_program *program, const char *name, int64_t limit) {
  return add_dim(program, name, VMO_DIM_BOUNDED, limit);
}

vmo_size_id vmo_add_fixed_dim(vmo_program *program, const char *name, int64_t value) {
  return add_dim(program, name, VMO_DIM_FIXED, value);
}

vmo_size_id vmo_add_local_dim(vmo_program *program, const char *name) {
  return add_dim(program, name, VMO_DIM_LOCAL, 0);
}

vmo_size_id vmo_make_size(vmo_program *program, int64_t number) {
  if (program->status != VMO_OK) return VMO_NONE;
  return size_or_failure(program, vmo_size_constant(program->module->sizes, number));
}

static vmo_size_id combine(vmo_program *program, vmo_size_id left, vmo_size_id right,
                           vmo_size_id (*operation)(vmo_sizes *, vmo_size_id, vmo_size_id)) {
  if (program->status != VMO_OK || left == VMO_NONE || right == VMO_NONE) return VMO_NONE;
  return size_or_failure(program, operation(program->module->sizes, left, right));
}

vmo_size_id vmo_make_sum(vmo_program *program, vmo_size_id left, vmo_size_id right) {
  return combine(program, left, right, vmo_size_add);
}

vmo_size_id vmo_make_difference(vmo_program *program, vmo_size_id left, vmo_size_id right) {
  return combine(program, left, right, vmo_size_subtract);
}

vmo_size_id vmo_make_product(vmo_program *program, vmo_size_id left, vmo_size_id right) {
  return combine(program, left, right, vmo_size_multiply);
}

vmo_size_id vmo_make_quotient(vmo_program *program, vmo_size_id size, int64_t divisor) {
  if (program->status != VMO_OK || size == VMO_NONE) return VMO_NONE;
  if (divisor <= 0) {
    vmo_refuse_call(program, "a size is divided by a positive number, not by %lld", (long long)divisor);
    return VMO_NONE;
  }
  return size_or_failure(program, vmo_size_divide(program->module->sizes, size, divisor));
}

/* ---- types ---- */

static vmo_element find_element(const char *name) {
  int element = 0;
  while (element < VMO_ELEMENT_COUNT && strcmp(vmo_element_name((vmo_element)element), name) != 0) element++;
  return (vmo_element)element;
}

vmo_type_id vmo_make_type(vmo_program *program, const char *element, const vmo_size_id *shape, uint32_t rank) {
  return vmo_make_placed_type(program, element, shape, rank, NULL, 0);
}

vmo_type_id vmo_make_placed_type(vmo_program *program, const char *element, const vmo_size_id *shape, uint32_t rank,
                                 const char *space, uint32_t alignment) {
  vmo_element found = find_element(element);
  if (!is_open(program)) return VMO_NONE;
  if (found == VMO_ELEMENT_COUNT) {
    vmo_refuse_call(program, "there is no element type %s", element);
    return VMO_NONE;
  }
  if ((alignment & (alignment - 1)) != 0) {
    vmo_refuse_call(program, "an alignment is a power of two, not %u", alignment);
    return VMO_NONE;
  }
  for (uint32_t i = 0; i < rank; i++) {
    if (shape[i] != VMO_NONE) continue;
    vmo_refuse_call(program, "size %u of a shape is none", i);
    return VMO_NONE;
  }
  vmo_space_id id = space != NULL ? vmo_build_space(program->module, space) : 0;
  vmo_type_id type = id != VMO_NONE ? vmo_build_type(program->module, found, shape, rank, id, alignment) : VMO_NONE;
  if (type == VMO_NONE) vmo_fail_build(program);
  return type;
}

/* ---- functions ---- */

vmo_function_id vmo_add_function(vmo_program *program, const char *name) {
  if (!is_open(program)) return VMO_NONE;
  bool made = vmo_build_function(program->module, name, nowhere) != NULL;
  if (made && vmo_vec_push(program->context->arena, &program->regions, 0)) return program->module->functions.count - 1;
  vmo_fail_build(program);
  return VMO_NONE;
}

static vmo_value_id add_parameter(vmo_program *program, vmo_function_id id, const char *name, vmo_type_id type,
                                  vmo_parameter flags) {
  vmo_function *function = open_function(program, id);
  if (function == NULL || !check_type(program, type)) return VMO_NONE;
  if (function->ops.count > 0) {
    vmo_refuse_call(program, "parameters come before ops");
    return VMO_NONE;
  }
  vmo_value_id value = vmo_build_parameter(program->module, function, name, type, flags, nowhere);
  if (value == VMO_NONE) vmo_fail_build(program);
  return value;
}

vmo_value_id vmo_add_parameter(vmo_program *program, vmo_function_id function, const char *name, vmo_type_id type,
                               bool donated) {
  return add_parameter(program, function, name, type, (vmo_parameter){.donate = donated, .offset = -1});
}

vmo_value_id vmo_add_state(vmo_program *program, vmo_function_id function, const char *name, vmo_type_id type,
                           int64_t offset) {
  return add_parameter(program, function, name, type,
                       (vmo_parameter){.state = true, .offset = offset < 0 ? -1 : offset});
}

vmo_status vmo_add_result(vmo_program *program, vmo_function_id id, vmo_type_id type) {
  vmo_function *function = open_function(program, id);
  if (function == NULL || !check_type(program, type)) return program->status;
  return vmo_build_result_type(program->module, function, type) ? VMO_OK : vmo_fail_build(program);
}

vmo_status vmo_end_function(vmo_program *program, vmo_function_id id) {
  vmo_function *function = open_function(program, id);
  if (function == NULL) return program->status;
  if (function->open_regions.count > 1) return vmo_refuse_call(program, "a region of the function is still open");
  vmo_build_region_end(program->module, function);
  return VMO_OK;
}

/* ---- ops ---- */

static bool take_literal(vmo_program *program, vmo_function *function, const vmo_argument *argument,
                         vmo_operand *operand) {
  vmo_literal literal = {.kind = VMO_LITERAL_REAL, .element = VMO_ELEMENT_COUNT};
  if (argument->kind == VMO_ARGUMENT_REAL) {
    literal.value.real = argument->as.real;
  } else if (argument->kind == VMO_ARGUMENT_INTEGER) {
    literal.kind = VMO_LITERAL_INTEGER;
    literal.negative = argument->as.integer < 0;
    literal.value.bits = literal.negative ? -(uint64_t)argument->as.integer : (uint64_t)argument->as.integer;
  } else {
    literal.kind = VMO_LITERAL_BOOL;
    literal.value.bits = argument->as.boolean;
  }
  *operand = (vmo_operand){VMO_OPERAND_LITERAL, vmo_build_literal(program->module, function, literal), nowhere};
  if (operand->index == VMO_NONE) vmo_fail_build(program);
  return operand->index != VMO_NONE;
}

static bool take_argument(vmo_program *program, vmo_function *function, const vmo_argument *argument,
                          vmo_operand *operand) {
  switch (argument->kind) {
  case VMO_ARGUMENT_VALUE:
    *operand = (vmo_operand){VMO_OPERAND_VALUE, argument->as.value, nowhere};
    if (argument->as.value < function->values.count) return true;
    vmo_refuse_call(program, "there is no value %u", argument->as.value);
    return false;
  case VMO_ARGUMENT_SIZE:
    *operand = (vmo_operand){VMO_OPERAND_SIZE, argument->as.size, nowhere};
    if (argument->as.size != VMO_NONE) return true;
    vmo_refuse_call(program, "an argument's size is none");
    return false;
  case VMO_ARGUMENT_INTEGER:
  case VMO_ARGUMENT_REAL:
  case VMO_ARGUMENT_BOOLEAN: return take_literal(program, function, argument, operand);
  }
  vmo_refuse_call(program, "there is no kind of argument %d", (int)argument->kind);
  return false;
}

/* "@name": a function or a declared op. */
static bool find_callee(vmo_program *program, const char *name, vmo_op_spec *spec) {
  const vmo_module *module = program->module;
  spec->code = VMO_OP_call;
  spec->callee = vmo_find_function(module, name);
  for (uint32_t i = 0; spec->callee == VMO_NONE && i < module->declarations.count; i++) {
    if (strcmp(vmo_name(module, module->declarations.data[i].name), name) != 0) continue;
    spec->code = VMO_OP_declared;
    spec->callee = i;
  }
  if (spec->callee != VMO_NONE) return true;
  vmo_refuse_call(program, "there is no function or declared op @%s", name);
  return false;
}

static bool find_op(vmo_program *program, const char *name, uint32_t argument_count, vmo_op_spec *spec) {
  if (name[0] == '@') return find_callee(program, name + 1, spec);
  spec->code = vmo_op_find_with(name, argument_count);
  spec->callee = VMO_NONE;
  if (spec->code != VMO_OPCODE_COUNT && spec->code != VMO_OP_call && spec->code != VMO_OP_declared) return true;
  vmo_refuse_call(program, "there is no op %s", name);
  return false;
}

static vmo_op_id add_op(vmo_program *program, vmo_function *function, const char *name, const vmo_argument *arguments,
                        vmo_op_spec *spec) {
  vmo_operand *operands = vmo_alloc_array(program->context, spec->operand_count, sizeof *operands);
  if (operands == NULL) {
    vmo_fail_build(program);
    return VMO_NONE;
  }
  for (uint32_t i = 0; i < spec->operand_count; i++) {
    if (!take_argument(program, function, &arguments[i], &operands[i])) return VMO_NONE;
  }
  for (uint32_t i = 0; i < spec->result_count; i++) {
    if (!check_type(program, spec->result_types[i])) return VMO_NONE;
  }
  if (!find_op(program, name, spec->operand_count, spec)) return VMO_NONE;
  spec->operands = operands;
  vmo_op_id op = vmo_build_op(program->module, function, spec);
  if (op == VMO_NONE) vmo_fail_build(program);
  return op;
}

vmo_op_id vmo_add_op(vmo_program *program, vmo_function_id id, const char *name, const vmo_argument *arguments,
                     uint32_t argument_count, const vmo_type_id *result_types, uint32_t result_count) {
  vmo_function *function = open_function(program, id);
  vmo_op_spec spec = {.operand_count = argument_count, .result_types = result_types, .result_count = result_count};
  return function != NULL ? add_op(program, function, name, arguments, &spec) : VMO_NONE;
}

vmo_value_id vmo_add_value(vmo_program *program, vmo_function_id id, const char *name, const vmo_argument *arguments,
                           uint32_t argument_count, vmo_type_id result_type, const char *result_name) {
  vmo_function *function = open_function(program, id);
  vmo_op_spec spec = {
      .operand_count = argument_count, .result_types = &result_type, .result_names = &result_name, .result_count = 1};
  vmo_op_id op = function != NULL ? add_op(program, function, name, arguments, &spec) : VMO_NONE;
  return op != VMO_NONE ? function->ops.data[op].result_first : VMO_NONE;
}

vmo_value_id vmo_get_result(const vmo_program *program, vmo_function_id id, vmo_op_id op, uint32_t index) {
  if (id >= program->module->functions.count) return VMO_NONE;
  const vmo_function *function = program->module->functions.data[id];
  if (op >= function->ops.count || index >= function->ops.data[op].result_count) return VMO_NONE;
  return function->ops.data[op].result_first + index;
}

/* ---- attributes ---- */

static vmo_status set_attribute(vmo_program *program, vmo_function_id id, vmo_op_id op, const char *name, bool is_list,
                                const vmo_attribute_item *items, uint32_t count) {
  vmo_function *function = open_function(program, id);
  if (function == NULL) return program->status;
  if (op + 1 != function->ops.count)
    return vmo_refuse_call(program, "attributes are set on the op that was added last");
  bool set = vmo_build_attribute(program->module, function, op, name, is_list, items, count, nowhere);
  return set ? VMO_OK : vmo_fail_build(program);
}

vmo_status vmo_set_integer_attribute(vmo_program *program, vmo_function_id function, vmo_op_id op, const char *name,
                                     int64_t value) {
  vmo_attribute_item item = {.kind = VMO_ATTRIBUTE_INTEGER, .value.integer = value};
  return set_attribute(program, function, op, name, false, &item, 1);
}

vmo_status vmo_set_integers_attribute(vmo_program *program, vmo_function_id function, vmo_op_id op, const char *name,
                                      const int64_t *values, uint32_t count) {
  vmo_attribute_item *items = vmo_alloc_array(program->context, count, sizeof *items);
  if (items == NULL) return vmo_fail_build(program);
  for (uint32_t i = 0; i < count; i++) {
    items[i] = (vmo_attribute_item){.kind = VMO_ATTRIBUTE_INTEGER, .value.integer = values[i]};
  }
  return set_attribute(program, function, op, name, true, items, count);
}

vmo_status vmo_set_size_attribute(vmo_program *program, vmo_function_id function, vmo_op_id op, const char *name,
                                  vmo_size_id value) {
  vmo_attribute_item item = {.kind = VMO_ATTRIBUTE_SIZE, .value.id = value};
  if (value == VMO_NONE) return vmo_refuse_call(program, "the size of an attribute is none");
  bool constant = vmo_size_is_constant(program->module->sizes, value, &item.value.integer);
  if (constant) item.kind = VMO_ATTRIBUTE_INTEGER;
  return set_attribute(program, function, op, name, false, &item, 1);
}

vmo_status vmo_set_real_attribute(vmo_program *program, vmo_function_id function, vmo_op_id op, const char *name,
                                  double value) {
  vmo_attribute_item item = {.kind = VMO_ATTRIBUTE_REAL, .value.real = value};
  return set_attribute(program, function, op, name, false, &item, 1);
}

vmo_status vmo_set_boolean_attribute(vmo_program *program, vmo_function_id function, vmo_op_id op, const char *name,
                                     bool value) {
  vmo_attribute_item item = {.kind = VMO_ATTRIBUTE_BOOL, .value.integer = value};
  return set_attribute(program, function, op, name, false, &item, 1);
}

/* ---- regions ---- */

/* Which kind an op's next region is; VMO_REGION_BODY: it has no more. */
static vmo_region_kind next_region(const vmo_op *op) {
  switch (op->code) {
  case VMO_OP_for: return op->region_count == 0 ? VMO_REGION_FOR : VMO_REGION_BODY;
  case VMO_OP_while:
    return op->region_count == 0 ? VMO_REGION_CONDITION : op->region_count == 1 ? VMO_REGION_DO : VMO_REGION_BODY;
  case VMO_OP_if:
    return op->region_count == 0 ? VMO_REGION_THEN : op->region_count == 1 ? VMO_REGION_ELSE : VMO_REGION_BODY;
  case VMO_OP_parallel: return VMO_REGION_STREAM;
  default: return VMO_REGION_BODY;
  }
}

vmo_status vmo_open_region(vmo_program *program, vmo_function_id id, vmo_op_id op) {
  vmo_function *function = open_function(program, id);
  if (function == NULL) return program->status;
  if (op >= function->ops.count) return vmo_refuse_call(program, "there is no op %u", op);
  vmo_region_kind kind = next_region(&function->ops.data[op]);
  if (kind == VMO_REGION_BODY) return vmo_refuse_call(program, "op %u has no further region", op);
  if (function->open_regions.count > VMO_MAX_NESTING) return vmo_refuse_call(program, "regions are nested too deeply");
  vmo_region_id innermost = function->open_regions.data[function->open_regions.count - 1];
  if (function->ops.data[op].region != innermost) {
    return vmo_refuse_call(program, "another region has to be closed first");
  }
  vmo_region_id region = vmo_build_region(program->module, function, op, kind);
  if (region == VMO_NONE) return vmo_fail_build(program);
  program->regions.data[id] = region;
  return VMO_OK;
}

vmo_value_id vmo_add_region_argument(vmo_program *program, vmo_function_id id, const char *name, vmo_type_id type) {
  vmo_function *function = open_function(program, id);
  if (function == NULL || !check_type(program, type)) return VMO_NONE;
  vmo_region_id region = program->regions.data[id];
  bool innermost = function->open_regions.data[function->open_regions.count - 1] == region;
  bool fresh = region != 0 && innermost && function->regions.data[region].op_first == function->ops.count;
  if (!fresh) {
    vmo_refuse_call(program, "arguments of a region come before its ops");
    return VMO_NONE;
  }
  vmo_value_id value = vmo_build_argument(program->module, function, region, name, type, nowhere);
  if (value == VMO_NONE) vmo_fail_build(program);
  return value;
}

vmo_status vmo_close_region(vmo_program *program, vmo_function_id id) {
  vmo_function *function = open_function(program, id);
  if (function == NULL) return program->status;
  if (function->open_regions.count < 2) return vmo_refuse_call(program, "no region is open");
  vmo_build_region_end(program->module, function);
  return VMO_OK;
}

/* ---- declared ops ---- */

static bool declare_types(vmo_program *program, uint32_t declaration, const vmo_type_id *parameters,
                          uint32_t parameter_count, const vmo_type_id *results, uint32_t result_count) {
  for (uint32_t i = 0; i < parameter_count; i++) {
    vmo_text name;
    vmo_text_init(&name);
    vmo_text_addf(&name, "p%u", i);
    bool fine = name.data != NULL && check_type(program, parameters[i]) &&
                vmo_build_declaration_parameter(program->module, declaration, name.data, parameters[i]);
    vmo_text_free(&name);
    if (!fine) return false;
  }
  for (uint32_t i = 0; i < result_count; i++) {
    if (!check_type(program, results[i])) return false;
    if (!vmo_build_declaration_result(program->module, declaration, results[i])) return false;
  }
  return true;
}

vmo_status vmo_declare_op(vmo_program *program, const char *name, const vmo_type_id *parameter_types,
                          uint32_t parameter_count, const vmo_type_id *result_types, uint32_t result_count,
                          uint64_t inplace, vmo_size_id workspace, bool effect) {
  if (!is_open(program)) return program->status;
  uint32_t id = vmo_build_declaration(program->module, name, nowhere);
  if (id == VMO_NONE) return vmo_fail_build(program);
  if (!declare_types(program, id, parameter_types, parameter_count, result_types, result_count)) {
    return program->status != VMO_OK ? program->status : vmo_fail_build(program);
  }
  vmo_declaration *declaration = &program->module->declarations.data[id];
  declaration->inplace = inplace;
  declaration->effect = effect;
  if (workspace != VMO_NONE) declaration->workspace = workspace;
  return VMO_OK;
}
