/* fuse_body.c: declares a fused op: its operands, and its ops as the body, under their own names. Linear in the group. */
#include <stdio.h>

#include "passes/fuse.h"

/* A name for the op: that of the function with a number. */
static uint32_t declare(vmo_fuser *fuser, vmo_location location) {
  char name[160];
  const char *base = vmo_name(fuser->module, fuser->function->name);
  snprintf(name, sizeof name, "%.120s_fused", base);
  vmr_symbol symbol = vmo_build_callable_name(fuser->module, name);
  return symbol == 0 ? VMO_NONE : vmo_build_declaration(fuser->module, vmo_name(fuser->module, symbol), location);
}

typedef struct body_builder {
  vmo_fuser *fuser;
  vmo_function *body;
  vmo_value_id values[VMO_FUSED_OPS]; /* in the body, by position in the group */
  const vmo_fusion *fusion;
} body_builder;

/* What an operand of the function is in the body. */
static bool translate(body_builder *b, vmo_operand from, vmo_operand *to) {
  *to = from;
  if (from.kind == VMO_OPERAND_SIZE) return true;
  if (from.kind == VMO_OPERAND_LITERAL) {
    to->index = vmo_build_literal(b->fuser->module, b->body, b->fuser->function->literals.data[from.index]);
    return to->index != VMO_NONE;
  }
  for (uint32_t i = 0; i < b->fusion->operand_count; i++) {
    to->index = i;
    if (b->fusion->operands[i].value == from.index) return true;
  }
  for (uint32_t i = 0; i < b->fusion->count; i++) {
    to->index = b->values[i];
    if (b->fuser->function->ops.data[b->fusion->ops[i].op].result_first == from.index) return true;
  }
  return false;
}

static bool copy_attributes(body_builder *b, const vmo_op *op, uint32_t index) {
  const vmo_function *from = b->fuser->function;
  for (uint32_t i = 0; i < op->attribute_count; i++) {
    const vmo_attribute *attribute = &from->attributes.data[op->attribute_first + i];
    if (!vmo_build_attribute(b->fuser->module, b->body, index, vmo_name(b->fuser->module, attribute->name),
                             attribute->is_list, from->items.data + attribute->item_first, attribute->item_count,
                             attribute->location))
      return false;
  }
  return true;
}

static bool copy_op(body_builder *b, uint32_t position) {
  const vmo_function *from = b->fuser->function;
  const vmo_op *op = &from->ops.data[b->fusion->ops[position].op];
  const char *name = vmo_value_name(b->fuser->module, from, op->result_first);
  vmo_operand *operands =
      vmr_arena_alloc_array(b->fuser->planning->scratch->arena, (size_t)op->operand_count + 1, sizeof *operands);
  for (uint32_t k = 0; operands && k < op->operand_count; k++)
    if (!translate(b, from->operands.data[op->operand_first + k], &operands[k])) return false;
  vmo_op_spec spec = {.code = (vmo_opcode)op->code,
                      .callee = VMO_NONE,
                      .operands = operands,
                      .operand_count = op->operand_count,
                      .result_types = &from->values.data[op->result_first].type,
                      .result_names = &name,
                      .result_count = 1,
                      .location = op->location};
  uint32_t index = operands ? vmo_build_op(b->fuser->module, b->body, &spec) : VMO_NONE;
  if (index == VMO_NONE) return false;
  b->values[position] = b->body->ops.data[index].result_first;
  return copy_attributes(b, op, index);
}

static bool fill_body(body_builder *b) {
  for (uint32_t i = b->fusion->count; i-- > 0;)
    if (!copy_op(b, i)) return false;
  vmo_operand result = {VMO_OPERAND_VALUE, b->values[0], b->body->location};
  vmo_op_spec end = {.code = VMO_OP_return,
                     .callee = VMO_NONE,
                     .operands = &result,
                     .operand_count = 1,
                     .location = b->body->location};
  if (vmo_build_op(b->fuser->module, b->body, &end) == VMO_NONE) return false;
  vmo_build_region_end(b->fuser->module, b->body);
  return true;
}

static bool declare_operands(vmo_fuser *fuser, const vmo_fusion *fusion, uint32_t id, vmo_type_id result) {
  for (uint32_t i = 0; i < fusion->operand_count; i++) {
    const vmo_value *value = &fuser->function->values.data[fusion->operands[i].value];
    if (!vmo_build_declaration_parameter(fuser->module, id, vmo_name(fuser->module, value->name), value->type))
      return false;
  }
  return vmo_build_declaration_result(fuser->module, id, result);
}

uint32_t vmo_declare_fusion(vmo_fuser *fuser, const vmo_fusion *fusion) {
  const vmo_op *root = &fuser->function->ops.data[fusion->ops[0].op];
  vmo_type_id result = fuser->function->values.data[root->result_first].type;
  uint32_t id = declare(fuser, root->location);
  if (id == VMO_NONE || !declare_operands(fuser, fusion, id, result)) return VMO_NONE;
  body_builder b = {.fuser = fuser, .fusion = fusion, .body = vmo_build_declaration_body(fuser->module, id)};
  if (!b.body || !fill_body(&b)) return VMO_NONE;
  uint64_t same = 0;
  if (!vmo_find_same_index(fuser->module, b.body, fuser->planning->scratch->arena, &same)) return VMO_NONE;
  fuser->module->declarations.data[id].inplace = same;
  return id;
}
