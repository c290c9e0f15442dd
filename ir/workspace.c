/* workspace.c: bytes that an op needs only while it runs. */
#include "ir/declared.h"
#include "ir/ops.h"

enum { FEW_DIMS = 128 };

/* Attention goes through the queries one by one: a score for each key, in f64 whatever the operands are. */
static vmo_size_id score_row(vmo_module *module, const vmo_function *function, const vmo_op *op) {
  const vmo_type *keys = vmo_value_type(module, function, vmo_op_value(function, op, 1));
  vmo_size_id count = module->shapes.data[keys->shape_first + keys->rank - 2];
  return vmo_size_multiply(module->sizes, count, vmo_size_constant(module->sizes, vmo_element_bytes(VMO_F64)));
}

static vmo_size_id declared_workspace(vmo_module *module, const vmo_function *function, const vmo_op *op) {
  const vmo_declaration *declaration = &module->declarations.data[op->callee];
  vmo_size_id few[FEW_DIMS], *replacements = few;
  uint32_t count = module->dims.count;
  if (vmo_size_is_constant(module->sizes, declaration->workspace, NULL)) return declaration->workspace;
  if (count > FEW_DIMS) replacements = vmo_alloc(module->context, count * sizeof *replacements);
  if (replacements == NULL) return VMO_NONE;
  for (uint32_t i = 0; i < count; i++) replacements[i] = VMO_NONE;
  vmo_bind_local_dims(module, function, op, declaration, replacements);
  return vmo_size_substitute(module->sizes, declaration->workspace, replacements, count);
}

vmo_size_id vmo_op_workspace(vmo_module *module, const vmo_function *function, const vmo_op *op) {
  switch (vmo_op_get_row((vmo_opcode)op->code)->workspace) {
  case VMO_WORKSPACE_SCORES: return score_row(module, function, op);
  case VMO_WORKSPACE_DECLARED: return declared_workspace(module, function, op);
  case VMO_WORKSPACE_NONE: break;
  }
  return vmo_size_constant(module->sizes, 0);
}
