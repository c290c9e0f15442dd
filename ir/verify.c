/* verify.c: goes through a module: types, declarations, functions, ops.
 *
 * Each op is checked once, by its row (verify_op.c) or as control (verify_control.c), after its function's structure
 * has been found sound (verify_structure.c). What is the same for equal types or equal ops is worked out once: sizes
 * per type, signatures per row. Time and memory are linear in the module. */
#include "ir/verify.h"

#include <string.h>

/* ---- types ---- */

typedef enum type_fault { FAULT_NONE, FAULT_RANK, FAULT_NEGATIVE, FAULT_BYTES } type_fault;

static type_fault find_fault(const vmo_module *module, const vmo_type *type, const vmo_binding *binding) {
  vmo_interval interval;
  if (type->rank > VMO_MAX_RANK) return FAULT_RANK;
  for (uint32_t i = 0; i < type->rank; i++) {
    vmo_size_id size = module->shapes.data[type->shape_first + i];
    if (vmo_size_evaluate(module->sizes, size, binding, &interval) == VMO_EVALUATION_NEGATIVE) return FAULT_NEGATIVE;
  }
  vmo_evaluation bytes = vmo_size_evaluate(module->sizes, type->bytes, binding, &interval);
  return bytes == VMO_EVALUATION_OVERFLOW ? FAULT_BYTES : FAULT_NONE;
}

static bool report_type(vmo_check *check, vmo_location location, const char *name, vmo_type_id type, type_fault fault) {
  const char *text = vmo_type_text(check, type);
  if (fault == FAULT_RANK)
    return vmo_fail_at(check, VMO_DIAG_RANK, location, NULL, "%s has %u sizes; %d are allowed", name,
                       check->module->types.data[type].rank, VMO_MAX_RANK);
  if (fault == FAULT_NEGATIVE)
    return vmo_fail_at(check, VMO_DIAG_NEGATIVE_SIZE, location, NULL, "a size of %s is negative: %s", name, text);
  return vmo_fail_at(check, VMO_DIAG_ARRAY_TOO_LARGE, location,
                     "byte counts stay below 2^53; a smaller bound on its dims may do", "%s can be too large: %s", name,
                     text);
}

/* Reports the values of a function whose types are at fault. */
static void report_values(vmo_check *check, const vmo_function *function, const uint8_t *faults) {
  check->function = (vmo_function *)function;
  for (uint32_t k = 0; k < function->values.count; k++) {
    const vmo_value *value = &function->values.data[k];
    if (value->type < check->module->types.count && faults[value->type] != FAULT_NONE)
      report_type(check, value->location, vmo_value_text(check, k), value->type, (type_fault)faults[value->type]);
  }
}

static void report_functions(vmo_check *check, const uint8_t *faults) {
  const vmo_module *module = check->module;
  for (uint32_t i = 0; i < module->functions.count; i++) {
    report_values(check, module->functions.data[i], faults);
    for (uint32_t k = 0; k < check->function->result_types.count; k++) {
      vmo_type_id type = check->function->result_types.data[k];
      const char *name = vmo_hint_text(check, "result %u of @%s", k + 1, vmo_name(module, check->function->name));
      if (faults[type] != FAULT_NONE)
        report_type(check, check->function->location, name, type, (type_fault)faults[type]);
    }
  }
}

static void report_declarations(vmo_check *check, const uint8_t *faults) {
  const vmo_module *module = check->module;
  for (uint32_t i = 0; i < module->declarations.count; i++) {
    const vmo_declaration *declaration = &module->declarations.data[i];
    const char *name = vmo_hint_text(check, "a type of @%s", vmo_name(module, declaration->name));
    for (uint32_t k = 0; k < declaration->parameter_types.count; k++)
      if (faults[declaration->parameter_types.data[k]] != FAULT_NONE)
        report_type(check, declaration->location, name, declaration->parameter_types.data[k],
                    (type_fault)faults[declaration->parameter_types.data[k]]);
    for (uint32_t k = 0; k < declaration->result_types.count; k++)
      if (faults[declaration->result_types.data[k]] != FAULT_NONE)
        report_type(check, declaration->location, name, declaration->result_types.data[k],
                    (type_fault)faults[declaration->result_types.data[k]]);
    if (declaration->body != NULL) report_values(check, declaration->body, faults);
  }
}

/* False when memory is out or a type has more sizes than the rules have room for. */
static bool check_types(vmo_check *check) {
  const vmo_module *module = check->module;
  bool bounded = true, sound = true;
  vmo_binding binding = vmo_declared_binding(module);
  uint8_t *faults = vmo_alloc_array(module->context, module->types.count + 1, 1);
  check->out_of_memory = faults == NULL || (binding.count == 0 && module->dims.count > 0);
  if (check->out_of_memory) return false;
  for (uint32_t i = 0; i < module->types.count; i++) {
    faults[i] = (uint8_t)find_fault(module, &module->types.data[i], &binding);
    sound = sound && faults[i] == FAULT_NONE;
    bounded = bounded && faults[i] != FAULT_RANK;
  }
  if (sound) return true;
  report_declarations(check, faults);
  report_functions(check, faults);
  return bounded;
}

static void check_dims(vmo_check *check) {
  for (uint32_t i = 0; i < check->module->dims.count; i++) {
    const vmo_dim *dim = &check->module->dims.data[i];
    if ((dim->kind == VMO_DIM_BOUNDED || dim->kind == VMO_DIM_FIXED) && dim->limit < 0)
      vmo_fail_at(check, VMO_DIAG_NEGATIVE_SIZE, dim->location, NULL, "dim `%s` cannot be negative",
                  vmo_name(check->module, dim->name));
  }
}

/* ---- functions ---- */

/* What is wrong with a parameter, or NULL. */
static const char *parameter_fault(const vmo_parameter *parameter, const vmo_type *type) {
  int64_t step = type->alignment != 0 ? type->alignment : vmo_element_bytes(type->element);
  if (parameter->donate && type->rank == 0) return "is a scalar, which cannot be donated";
  if (parameter->state && type->rank == 0) return "is a scalar; states are arrays";
  if (parameter->state && parameter->donate) return "is a state, which is not the caller's to donate";
  if (parameter->offset == -1) return NULL;
  if (!parameter->state) return "has an offset, but is no state";
  if (parameter->offset < 0) return "has a negative offset";
  if (parameter->offset >= VMO_BYTES_LIMIT) return "has an offset of 2^53 or more";
  return parameter->offset % step == 0 ? NULL : "has an offset that is not aligned";
}

static void check_parameter(vmo_check *check, uint32_t index) {
  const vmo_parameter *parameter = &check->function->parameters.data[index];
  const vmo_value *value = &check->function->values.data[index];
  const vmo_type *type = &check->module->types.data[value->type];
  const char *fault = parameter_fault(parameter, type), *hint = NULL;
  if (fault == NULL) return;
  if (type->rank == 0)
    hint = vmo_hint_text(check, "make it an array of one element: %s[1]", vmo_element_name(type->element));
  else if (parameter->state && parameter->offset > 0)
    hint = "an offset is a multiple of the alignment that the type names, or of the element's bytes";
  vmo_fail_at(check, VMO_DIAG_PARAMETER, value->location, hint, "%s %s", vmo_value_text(check, index), fault);
}

static vmo_signature *signature_of(vmo_check *check, vmo_opcode code) {
  if (check->signatures[code] != NULL) return check->signatures[code];
  vmo_signature *signature = vmo_alloc(check->module->context, sizeof *signature);
  check->out_of_memory = signature == NULL;
  if (signature == NULL) return NULL;
  if (!vmo_read_signature(vmo_op_get_row(code), signature)) {
    vmo_fail(check, VMO_DIAG_INTERNAL, NULL, "the row of '%s' in ops.def cannot be read", vmo_op_get_info(code)->name);
    return NULL;
  }
  check->signatures[code] = signature;
  return signature;
}

static void check_op(vmo_check *check, const vmo_op *op) {
  check->op = op;
  check->row = vmo_op_get_row((vmo_opcode)op->code);
  check->name = check->row->info.name;
  check->signature = signature_of(check, (vmo_opcode)op->code);
  if (check->signature == NULL) return;
  if (check->row->info.category == VMO_CATEGORY_CONTROL)
    vmo_check_control(check);
  else
    vmo_check_op(check);
}

/* False when its structure is not sound; other faults show in the diagnostics. */
static bool check_function(vmo_check *check, vmo_function *function) {
  check->function = function;
  if (!vmo_check_structure(check)) return false;
  for (uint32_t i = 0; i < function->parameters.count; i++) check_parameter(check, i);
  for (uint32_t i = 0; i < function->ops.count && !check->out_of_memory; i++) check_op(check, &function->ops.data[i]);
  return !check->out_of_memory;
}

static void check_declaration(vmo_check *check, const vmo_declaration *declaration) {
  uint32_t errors = check->module->context->diagnostics->errors;
  vmo_check_declaration(check, declaration);
  if (declaration->body == NULL || check->module->context->diagnostics->errors > errors) return;
  if (!vmo_check_body_head(check, declaration) || !check_function(check, declaration->body)) return;
  if (check->module->context->diagnostics->errors == errors) vmo_check_body(check, declaration);
}

/* ---- the module ---- */

static bool prepare(vmo_check *check) {
  uint32_t dims = check->module->dims.count;
  check->replacements = vmo_alloc(check->module->context, (dims + 1) * sizeof *check->replacements);
  check->declared_names =
      vmo_alloc_array(check->module->context, check->module->declarations.count + 1, sizeof *check->declared_names);
  check->out_of_memory = check->replacements == NULL || check->declared_names == NULL;
  if (check->out_of_memory) return false;
  memset(check->replacements, 0xff, (dims + 1) * sizeof *check->replacements); /* VMO_NONE */
  return true;
}

vmo_status vmo_verify_module(vmo_module *module) {
  uint32_t errors = module->context->diagnostics->errors;
  vmo_check check = {.module = module, .one_more = VMO_NONE};
  check_dims(&check);
  if (prepare(&check) && check_types(&check)) {
    for (uint32_t i = 0; i < module->declarations.count && !check.out_of_memory; i++)
      check_declaration(&check, &module->declarations.data[i]);
    for (uint32_t i = 0; i < module->functions.count && !check.out_of_memory; i++)
      check_function(&check, module->functions.data[i]);
  }
  if (check.out_of_memory || vmr_arena_status(module->context->arena) == VMR_OUT_OF_MEMORY) return VMO_OUT_OF_MEMORY;
  return module->context->diagnostics->errors > errors ? VMO_INPUT_ERROR : VMO_OK;
}
