/* body.c: which operands a body reads at the index that it writes.
 *
 *   op @f(%x: f64[N], %w: f64[N], %b: f64[]) -> f64[N] do {
 *     %s = slice %w {start = 1, size = N-1} : f64[N-1]
 *     %p = pad %s {high = 1} : f64[N]                      %w: elsewhere
 *     %y = fma %x, %p, %b : f64[N]                         %x: at its own index; %b: for every element
 *     return %y
 *   }
 *
 * Backwards from the returned value, each value is wanted "here" (its element i for the result's element i, in row-major
 * order) or "elsewhere". Elementwise ops want here what has as many elements as their result and elsewhere what is
 * repeated; `copy` and `reshape` keep the order; all others want their operands elsewhere, and so does whatever is wanted
 * elsewhere itself. An operand may be overwritten when it is wanted here only. Linear. */
#include "ir/declared.h"
#include "ir/verify.h"

enum { HERE = 1, ELSEWHERE = 2 };

/* Whether element i of the result needs element i of the operand and no other. */
static bool keeps_index(const vmo_module *module, const vmo_function *body, const vmo_op *op, vmo_value_id operand) {
  if (op->code == VMO_OP_copy || op->code == VMO_OP_reshape) return true;
  if (vmo_op_get_info((vmo_opcode)op->code)->category != VMO_CATEGORY_ELEMENTWISE) return false;
  return vmo_value_type(module, body, operand)->count == vmo_value_type(module, body, op->result_first)->count;
}

static void want_operands(const vmo_module *module, const vmo_function *body, const vmo_op *op, uint8_t *wanted) {
  uint8_t how = wanted[op->result_first];
  for (uint32_t i = 0; how != 0 && i < op->operand_count; i++) {
    vmo_value_id value = vmo_op_value(body, op, i);
    if (value != VMO_NONE) wanted[value] |= keeps_index(module, body, op, value) ? how : ELSEWHERE;
  }
}

bool vmo_find_same_index(const vmo_module *module, const vmo_function *body, vmr_arena *scratch, uint64_t *operands) {
  uint8_t *wanted = vmr_arena_alloc_array(scratch, (size_t)body->values.count + 1, 1);
  *operands = 0;
  if (wanted == NULL) return false;
  vmo_value_id result = vmo_op_value(body, &body->ops.data[body->ops.count - 1], 0);
  if (result != VMO_NONE) wanted[result] = HERE;
  for (uint32_t i = body->ops.count - 1; i-- > 0;)
    if (body->ops.data[i].result_count == 1) want_operands(module, body, &body->ops.data[i], wanted);
  for (uint32_t i = 0; i < body->parameters.count && i < 64; i++)
    if (wanted[i] == HERE) *operands |= UINT64_C(1) << i;
  return true;
}

/* ---- what a body may hold ---- */

static bool is_allowed(const vmo_op *op) {
  switch (op->code) {
  case VMO_OP_return:
  case VMO_OP_fill:
  case VMO_OP_copy: return true;
  case VMO_OP_split: return false;
  default: break;
  }
  vmo_op_category category = vmo_op_get_info((vmo_opcode)op->code)->category;
  return category == VMO_CATEGORY_ELEMENTWISE || category == VMO_CATEGORY_SHAPE || category == VMO_CATEGORY_REDUCTION;
}

static bool fail_body(vmo_check *check, const vmo_declaration *declaration, const char *hint, const char *what) {
  return vmo_fail_at(check, VMO_DIAG_BODY, declaration->location, hint, "@%s has a body, %s",
                     vmo_name(check->module, declaration->name), what);
}

static bool check_body_op(vmo_check *check, const vmo_declaration *declaration, const vmo_op *op) {
  const vmo_function *body = declaration->body;
  const vmo_op_info *info = vmo_op_get_info((vmo_opcode)op->code);
  const char *name = vmo_name(check->module, declaration->name);
  if (!is_allowed(op))
    return vmo_fail_at(check, VMO_DIAG_BODY, op->location,
                       "a body has elementwise and shape ops, `fill`, `copy`, and at its end a reduction",
                       "'%s' cannot stand in the body of @%s", info->name, name);
  if (info->category != VMO_CATEGORY_REDUCTION) return true;
  if (vmo_op_value(body, &body->ops.data[body->ops.count - 1], 0) == op->result_first) return true;
  return vmo_fail_at(check, VMO_DIAG_BODY, op->location, "what needs the reduced values is another op",
                     "'%s' reduces in the midst of the body of @%s, which must return what it gives", info->name, name);
}

static bool check_head(vmo_check *check, const vmo_declaration *declaration) {
  const vmo_module *module = check->module;
  int64_t bytes = 0;
  bool workspace = !vmo_size_is_constant(module->sizes, declaration->workspace, &bytes) || bytes != 0;
  if (declaration->result_types.count != 1) return fail_body(check, declaration, NULL, "so it has one result");
  if (workspace || declaration->effect)
    return fail_body(check, declaration, "`inplace` is the one fact to be given",
                     "which needs no workspace and has no effect");
  const vmo_function *body = declaration->body;
  bool agrees = body->parameters.count == declaration->parameter_types.count && body->result_types.count == 1 &&
                body->result_types.data[0] == declaration->result_types.data[0];
  for (uint32_t i = 0; agrees && i < body->parameters.count; i++)
    agrees = body->values.data[i].type == declaration->parameter_types.data[i] && !body->parameters.data[i].donate &&
             !body->parameters.data[i].state;
  if (agrees) return true;
  return vmo_fail_at(check, VMO_DIAG_MALFORMED, declaration->location, NULL,
                     "the body of @%s has other parameters or results than its head",
                     vmo_name(module, declaration->name));
}

static bool check_dims(vmo_check *check, const vmo_declaration *declaration) {
  for (uint32_t i = 0; i < declaration->parameter_types.count; i++) {
    const vmo_type *type = &check->module->types.data[declaration->parameter_types.data[i]];
    for (uint32_t k = 0; k < type->rank; k++)
      if (vmo_size_unbound_dim(check->module, check->module->shapes.data[type->shape_first + k], check->replacements) !=
          VMO_NONE)
        return fail_body(check, declaration, "declare it: `dim n`", "so its sizes are of dims that the file declares");
  }
  return true;
}

/* `inplace` is no promise here: it has to follow from the body. */
static bool check_claims(vmo_check *check, const vmo_declaration *declaration) {
  uint64_t proven;
  if (!vmo_find_same_index(check->module, declaration->body, check->module->context->arena, &proven)) {
    check->out_of_memory = true;
    return false;
  }
  for (uint32_t i = 0; i < declaration->parameter_types.count && i < 64; i++) {
    if ((declaration->inplace & ~proven & UINT64_C(1) << i) == 0) continue;
    return vmo_fail_at(check, VMO_DIAG_BODY, declaration->location,
                       "leave it out of `inplace`; only operands that are read at the written index alone may be there",
                       "the body of @%s reads %%%s at other indices than the one it writes, or not at all",
                       vmo_name(check->module, declaration->name),
                       vmo_name(check->module, declaration->parameter_names.data[i]));
  }
  return true;
}

bool vmo_check_body_head(vmo_check *check, const vmo_declaration *declaration) {
  return check_head(check, declaration) && check_dims(check, declaration);
}

void vmo_check_body(vmo_check *check, const vmo_declaration *declaration) {
  const vmo_function *body = declaration->body;
  for (uint32_t i = 0; i < body->ops.count; i++)
    if (!check_body_op(check, declaration, &body->ops.data[i])) return;
  const vmo_op *end = &body->ops.data[body->ops.count - 1];
  vmo_value_id result = vmo_op_value(body, end, 0);
  if (result == VMO_NONE || body->values.data[result].kind != VMO_VALUE_RESULT)
    fail_body(check, declaration, NULL, "but returns nothing that it computes");
  else
    check_claims(check, declaration);
}
