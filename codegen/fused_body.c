/* fused_body.c: the code that computes one element of a fused op's result, within its innermost loop.
 *
 * In the interior everything that is read is there, so it is loads and arithmetic that LLVM vectorises. At borders a guard
 * says whether an element is there; what is not is not loaded:
 *
 *   interior   a = load u[i-1, j]; ...            border   if (0 <= i-1 < H) a = load u[i-1, j] else a = 0; ...
 *
 * Values are computed in the order of the body's ops, each read of them once. */
#include "codegen/fused.h"

/* ---- indices ---- */

LLVMValueRef vmo_emit_fused_axis(vmo_fused *f, const vmo_fused_axis *axis) {
  vmo_emitter *e = f->e;
  LLVMValueRef index = NULL;
  if (axis->loop >= 0) index = f->indices[axis->loop];
  if (axis->loop < VMO_AXIS_NONE) index = f->late[VMO_AXIS_LATE_NUMBER(axis->loop)];
  if (index == NULL) return vmo_emit_size(e, axis->shift);
  if (axis->step != 1) index = vmo_multiply_i64(e, index, vmo_i64(e, axis->step));
  return axis->shift == f->zero ? index : vmo_add_i64(e, index, vmo_emit_size(e, axis->shift));
}

/* Numbers of a general reshape's operand: the element's number in row-major order, taken apart anew. */
static void emit_late(vmo_fused *f, const vmo_fused_read *read, const vmo_op *op) {
  vmo_emitter *e = f->e;
  const vmo_type *to = vmo_value_type(e->module, f->body, read->value);
  const vmo_type *from = vmo_value_type(e->module, f->body, vmo_op_value(f->body, op, 0));
  LLVMValueRef number = vmo_i64(e, 0);
  if (read->operands[0] == VMO_NONE || f->reads.data[read->operands[0]].axes == NULL) return;
  bool is_late = false;
  for (uint32_t i = 0; i < from->rank; i++)
    is_late = is_late || f->reads.data[read->operands[0]].axes[i].loop == VMO_AXIS_LATE(read->late_first + i);
  if (!is_late) return;
  for (uint32_t i = 0; i < to->rank; i++) {
    LLVMValueRef size = vmo_emit_size(e, e->module->shapes.data[to->shape_first + i]);
    number = vmo_add_i64(e, vmo_multiply_i64(e, number, size), vmo_emit_fused_axis(f, &read->axes[i]));
  }
  for (uint32_t i = from->rank; i-- > 0;) {
    LLVMValueRef size = vmo_emit_size(e, e->module->shapes.data[from->shape_first + i]);
    LLVMValueRef least = vmo_larger_i64(e, size, vmo_i64(e, 1));
    f->late[read->late_first + i] = i == 0 ? number : LLVMBuildSRem(e->builder, number, least, "");
    number = LLVMBuildSDiv(e->builder, number, least, "");
  }
}

/* ---- guards ---- */

/* A chain of guards is as long as pads and concats lie within each other. */
LLVMValueRef vmo_emit_guard(vmo_fused *f, uint32_t guard) {
  vmo_emitter *e = f->e;
  LLVMValueRef all = NULL;
  for (; guard != VMO_NONE; guard = f->guards.data[guard].parent) {
    const vmo_fused_guard *g = &f->guards.data[guard];
    if (f->guard_values[guard] == NULL) {
      LLVMValueRef index = vmo_emit_fused_axis(f, &g->axis), size = vmo_emit_size(e, g->size);
      f->guard_values[guard] = LLVMBuildICmp(e->builder, LLVMIntULT, index, size, ""); /* below 0 is far above */
    }
    all = all == NULL ? f->guard_values[guard] : LLVMBuildAnd(e->builder, all, f->guard_values[guard], "");
  }
  return all;
}

/* ---- elements ---- */

static LLVMValueRef load_operand(vmo_fused *f, const vmo_fused_read *read) {
  vmo_emitter *e = f->e;
  const vmo_emit_array *array = &f->op->operands[read->value];
  LLVMValueRef index = vmo_i64(e, 0);
  for (uint32_t i = 0; i < array->rank; i++) {
    LLVMValueRef at = vmo_emit_fused_axis(f, &read->axes[i]), stride = f->strides[read->value][i];
    bool unit = LLVMIsAConstantInt(stride) && LLVMConstIntGetSExtValue(stride) == 1;
    LLVMValueRef step = unit ? at : vmo_multiply_i64(e, at, stride);
    index = i == 0 ? step : vmo_add_i64(e, index, step);
  }
  return vmo_load_element(e, array, index);
}

static LLVMValueRef read_operand(vmo_fused *f, const vmo_fused_read *read) {
  vmo_emitter *e = f->e;
  if (f->outside[read->value] != NULL) return f->outside[read->value];
  if (f->flat) return vmo_load_element(e, &f->op->operands[read->value], f->indices[0]);
  LLVMValueRef guard = f->interior ? NULL : vmo_emit_guard(f, read->guard);
  if (guard == NULL) return load_operand(f, read);
  vmo_emit_branch branch;
  vmo_element element = f->op->operands[read->value].element;
  LLVMValueRef variable = vmo_make_variable(e, vmo_register_type(e, element));
  vmo_set_variable(e, variable, LLVMConstNull(vmo_register_type(e, element)));
  vmo_begin_if(e, &branch, guard);
  vmo_set_variable(e, variable, load_operand(f, read));
  vmo_end_if(e, &branch);
  return vmo_get_variable(e, variable);
}

/* Operand `operand` of the read's op: a literal, a dim, or the element that was computed before. */
static LLVMValueRef number_of(vmo_fused *f, const vmo_fused_read *read, const vmo_op *op, uint32_t operand) {
  const vmo_operand *o = vmo_op_operands(f->body, op) + operand;
  if (o->kind == VMO_OPERAND_LITERAL) return vmo_literal_number(f->e, &f->body->literals.data[o->index]);
  if (o->kind == VMO_OPERAND_SIZE) return vmo_emit_size(f->e, o->index);
  return f->numbers[read->operands[operand]];
}

/* The element if its guard holds, else another one. */
static LLVMValueRef choose(vmo_fused *f, const vmo_fused_read *read, uint32_t operand, LLVMValueRef otherwise) {
  LLVMValueRef number = f->numbers[read->operands[operand]];
  if (f->interior || read->guards[operand] == read->guard) return number; /* it surely holds */
  return LLVMBuildSelect(f->e->builder, vmo_emit_guard(f, read->guards[operand]), number, otherwise, "");
}

static LLVMValueRef choose_part(vmo_fused *f, const vmo_fused_read *read, const vmo_op *op) {
  uint32_t main = vmo_main_part(f, op);
  LLVMValueRef number = f->numbers[read->operands[main]];
  for (uint32_t k = 0; k < op->operand_count && !f->interior; k++)
    if (k != main) number = choose(f, read, k, number);
  return number;
}

static vmo_element element_of(const vmo_fused *f, const vmo_op *op, uint32_t operand) {
  const vmo_operand *o = vmo_op_operands(f->body, op) + operand;
  if (o->kind == VMO_OPERAND_LITERAL) return f->body->literals.data[o->index].element;
  return o->kind == VMO_OPERAND_SIZE ? VMO_I64 : vmo_value_type(f->e->module, f->body, o->index)->element;
}

static LLVMValueRef compute(vmo_fused *f, const vmo_fused_read *read, const vmo_op *op) {
  vmo_emitter *e = f->e;
  vmo_element to = vmo_value_type(e->module, f->body, read->value)->element;
  LLVMValueRef in[3] = {NULL, NULL, NULL};
  switch (op->code) {
  case VMO_OP_concat: return choose_part(f, read, op);
  case VMO_OP_pad: return choose(f, read, 0, vmo_attribute_number(e, op, "value", 0, to, 0));
  case VMO_OP_fill:
  case VMO_OP_copy:
  case VMO_OP_slice:
  case VMO_OP_broadcast:
  case VMO_OP_transpose:
  case VMO_OP_reshape: return number_of(f, read, op, 0);
  default: break;
  }
  for (uint32_t k = 0; k < op->operand_count; k++) in[k] = number_of(f, read, op, k);
  return vmo_compute_element(e, op, element_of(f, op, 0), to, in, NULL);
}

/* ---- the body ---- */

static const vmo_op *maker_of(const vmo_fused *f, vmo_value_id value) {
  const vmo_value *v = &f->body->values.data[value];
  return v->kind == VMO_VALUE_RESULT ? &f->body->ops.data[v->owner] : NULL;
}

/* Values come to be in the order of their ids; parameters are the first. */
LLVMValueRef vmo_emit_body(vmo_fused *f, bool interior) {
  f->interior = interior;
  for (uint32_t g = 0; g < f->guards.count; g++) f->guard_values[g] = NULL;
  for (uint32_t i = 0; i < f->reads.count && !f->flat; i++) {
    const vmo_op *op = maker_of(f, f->reads.data[i].value);
    if (op != NULL && op->code == VMO_OP_reshape) emit_late(f, &f->reads.data[i], op);
  }
  for (vmo_value_id value = 0; value <= f->root && f->e->status == VMO_OK; value++) {
    const vmo_op *op = maker_of(f, value);
    for (uint32_t i = f->first_read[value]; i != VMO_NONE; i = f->reads.data[i].next) {
      const vmo_fused_read *read = &f->reads.data[i];
      if (interior && !read->in_interior) continue;
      f->numbers[i] = op == NULL ? read_operand(f, read) : compute(f, read, op);
    }
  }
  return f->e->status == VMO_OK ? f->numbers[f->first_read[f->root]] : vmo_i64(f->e, 0);
}

/* Elements that are the same in all trips are loaded before the loops; an array of one element has it always. */
bool vmo_prepare_body(vmo_fused *f) {
  vmo_emitter *e = f->e;
  uint32_t operands = f->op->operand_count;
  f->numbers = vmo_emit_alloc(e, (size_t)f->reads.count + 1, sizeof *f->numbers);
  f->guard_values = vmo_emit_alloc(e, (size_t)f->guards.count + 1, sizeof *f->guard_values);
  f->late = vmo_emit_alloc(e, (size_t)f->late_count + 1, sizeof *f->late);
  f->outside = vmo_emit_alloc(e, (size_t)operands + 1, sizeof *f->outside);
  f->strides = vmo_emit_alloc(e, (size_t)operands + 1, sizeof *f->strides);
  if (e->status != VMO_OK) return false;
  for (uint32_t i = 0; i < operands; i++) {
    const vmo_emit_array *array = &f->op->operands[i];
    if (vmo_has_one_element(e, array)) f->outside[i] = vmo_load_element(e, array, vmo_i64(e, 0));
    f->strides[i] = vmo_array_strides(e, array);
  }
  return e->status == VMO_OK;
}
