/* binding.c: values for dims, as the program declares them and as the user gives them. */
#include <inttypes.h>
#include <string.h>

#include "ir/ir.h"
#include "ir/module_index.h"

static vmo_interval declared_interval(const vmo_dim *dim) {
  switch (dim->kind) {
  case VMO_DIM_FIXED: return (vmo_interval){dim->limit, dim->limit};
  case VMO_DIM_BOUNDED: return (vmo_interval){0, dim->limit};
  default: return (vmo_interval){0, INT64_MAX};
  }
}

vmo_binding vmo_declared_binding(const vmo_module *module) {
  vmo_binding binding = {NULL, 0};
  binding.dims = vmo_alloc(module->context, (module->dims.count + 1) * sizeof *binding.dims);
  if (binding.dims == NULL) return binding;
  binding.count = module->dims.count;
  for (uint32_t i = 0; i < binding.count; i++) binding.dims[i] = declared_interval(&module->dims.data[i]);
  return binding;
}

static vmo_status fail_unknown(const vmo_module *module, const char *name) {
  vmo_context *context = module->context;
  size_t count = 0;
  vmo_diagnostic *diagnostic =
      vmo_diag_add(context, VMO_DIAG_BINDING, (vmo_location){0, 0}, "the program has no dim `%s`", name);
  const char **names = vmo_alloc(context, (module->dims.count + 1) * sizeof *names);
  if (names == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < module->dims.count; i++)
    if (module->dims.data[i].kind != VMO_DIM_LOCAL) names[count++] = vmo_name(module, module->dims.data[i].name);
  const char *nearest = vmo_nearest_word(name, names, count);
  if (nearest != NULL) vmo_diag_hint(context, diagnostic, "did you mean `%s`?", nearest);
  return VMO_INPUT_ERROR;
}

static vmo_status fail_value(const vmo_module *module, const vmo_dim *dim, int64_t value) {
  const char *name = vmo_name(module, dim->name);
  vmo_location nowhere = {0, 0};
  if (value < 0)
    vmo_diag_add(module->context, VMO_DIAG_BINDING, nowhere, "dim `%s` cannot be negative: %" PRId64, name, value);
  else
    vmo_diag_add(module->context, VMO_DIAG_BINDING, nowhere,
                 "dim `%s` cannot be %" PRId64 ": line %u says `%s %s %" PRId64 "`", name, value, dim->location.line,
                 name, dim->kind == VMO_DIM_FIXED ? "=" : "<=", dim->limit);
  return VMO_INPUT_ERROR;
}

vmo_status vmo_bind_dim(const vmo_module *module, vmo_binding *binding, const char *name, int64_t value) {
  vmr_symbol symbol = vmr_interner_find(module->context->names, name, strlen(name));
  vmo_dim_id id = symbol == 0 ? VMO_NONE : vmo_index_find(module, VMO_NAME_DIM, symbol);
  if (id == VMO_NONE || module->dims.data[id].kind == VMO_DIM_LOCAL) return fail_unknown(module, name);
  vmo_interval declared = declared_interval(&module->dims.data[id]);
  if (value < 0 || value < declared.low || value > declared.high)
    return fail_value(module, &module->dims.data[id], value);
  binding->dims[id] = (vmo_interval){value, value};
  return VMO_OK;
}

void vmo_fix_dims(vmo_module *module, const vmo_binding *binding) {
  for (uint32_t i = 0; i < module->dims.count && i < binding->count; i++) {
    vmo_dim *dim = &module->dims.data[i];
    if (dim->kind == VMO_DIM_LOCAL || binding->dims[i].low != binding->dims[i].high) continue;
    dim->kind = VMO_DIM_FIXED;
    dim->limit = binding->dims[i].low;
  }
}
