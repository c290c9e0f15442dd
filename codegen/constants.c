/* constants.c: const ops, and bytes for what has none.
 *
 * A const with one value for all elements is a scalar in a register, whatever its shape; one with a value for each element
 * is constant data of the module. Where an array in a register must have bytes all the same (an argument of a call, an
 * operand of a declared op), it gets them: constant data when its size is known and small, the stack when it has one
 * element, and otherwise a block of the runtime's for as long as the op runs. */
#include "codegen/compile.h"

#define LARGEST_DATA (INT64_C(1) << 20) /* elements of constant data that are all equal */

/* ---- constant data ---- */

static LLVMTypeRef constant_type(const vmo_emitter *e, vmo_element element) {
  if (element == VMO_F16) return LLVMHalfTypeInContext(e->llvm);
  if (element == VMO_BF16) return LLVMBFloatTypeInContext(e->llvm);
  return vmo_memory_type(e, element);
}

/* The number of an item as it stands in memory: LLVM's own narrow types have the same bytes. */
static LLVMValueRef item_constant(vmo_emitter *e, const vmo_op *op, uint32_t index, vmo_element element) {
  LLVMValueRef number = vmo_attribute_number(e, op, "value", index, element, 0);
  if (element == VMO_BOOL) return LLVMConstInt(e->i8, LLVMConstIntGetZExtValue(number), false);
  LLVMBool lost;
  if (!vmo_is_small_real(element)) return number;
  return LLVMConstReal(constant_type(e, element), LLVMConstRealGetDouble(number, &lost));
}

static LLVMValueRef add_data(vmo_emitter *e, LLVMTypeRef element, LLVMValueRef *items, uint64_t count) {
  LLVMValueRef data = LLVMConstArray2(element, items, count);
  LLVMValueRef global = LLVMAddGlobal(e->code, LLVMTypeOf(data), "constant");
  LLVMSetInitializer(global, data);
  LLVMSetGlobalConstant(global, true);
  LLVMSetLinkage(global, LLVMPrivateLinkage);
  LLVMSetUnnamedAddress(global, LLVMGlobalUnnamedAddr);
  LLVMSetAlignment(global, VMO_DEFAULT_ALIGNMENT);
  return global;
}

LLVMValueRef vmo_constant_data(vmo_emitter *e, vmo_value_id value) {
  const vmo_op *op = &e->function->ops.data[e->function->values.data[value].owner];
  vmo_element element = vmo_value_type(e->module, e->function, value)->element;
  uint32_t count = vmo_op_item_count(e->module, e->function, op, "value");
  if (e->constants[value] != NULL) return e->constants[value];
  LLVMValueRef *items = vmo_emit_alloc(e, (size_t)count + 1, sizeof *items);
  if (items == NULL) return LLVMConstNull(e->pointer);
  for (uint32_t i = 0; i < count; i++) items[i] = item_constant(e, op, i, element);
  e->constants[value] = add_data(e, constant_type(e, element), items, count);
  return e->constants[value];
}

static bool is_list(const vmo_emitter *e, const vmo_op *op) {
  const vmo_attribute *attribute = vmo_op_attribute(e->module, e->function, op, "value");
  return attribute != NULL && attribute->is_list;
}

void vmo_emit_const(vmo_emitter *e, const vmo_emit_op *op) {
  vmo_element element = op->results[0].element;
  if (is_list(e, op->op) && vmo_op_item_count(e->module, e->function, op->op, "value") != 1) return;
  e->scalars[op->op->result_first] = vmo_attribute_number(e, op->op, "value", 0, element, 0);
}

/* ---- bytes for what is in a register ---- */

static LLVMValueRef put_on_stack(vmo_emitter *e, const vmo_emit_array *array) {
  LLVMValueRef variable = vmo_make_variable(e, vmo_memory_type(e, array->element));
  LLVMSetAlignment(variable, 8);
  vmo_store_number(e, array->element, variable, vmo_i64(e, 0), array->scalar);
  return variable;
}

/* Equal constants of a known, small size. NULL when it is not. */
static LLVMValueRef repeat_in_data(vmo_emitter *e, const vmo_emit_array *array) {
  bool known = LLVMIsAConstantInt(array->count) && LLVMIsConstant(array->scalar);
  uint64_t count = known ? LLVMConstIntGetZExtValue(array->count) : 0;
  if (!known || count > LARGEST_DATA || vmo_is_small_real(array->element)) return NULL;
  LLVMValueRef *items = vmo_emit_alloc(e, count + 1, sizeof *items);
  if (items == NULL) return NULL;
  for (uint64_t i = 0; i < count; i++)
    items[i] = array->element == VMO_BOOL ? LLVMConstInt(e->i8, LLVMConstIntGetZExtValue(array->scalar), false)
                                          : array->scalar;
  return add_data(e, vmo_memory_type(e, array->element), items, count);
}

/* A block that is given back after the op. */
static LLVMValueRef repeat_in_block(vmo_emitter *e, const vmo_emit_array *array) {
  LLVMTypeRef types[4] = {e->pointer, e->i64, e->i64, e->pointer};
  LLVMValueRef variable = vmo_make_variable(e, e->pointer);
  LLVMValueRef width = vmo_i64(e, vmo_element_bytes(array->element));
  LLVMValueRef values[4] = {e->frame->call, vmo_multiply_i64(e, array->count, width), vmo_i64(e, VMO_DEFAULT_ALIGNMENT),
                            variable};
  vmo_emit_loop loop;
  vmo_require_status(e, vmo_call_external(e, "vmr_call_begin_activation", e->i32, types, values, 4), true);
  LLVMValueRef block = vmo_get_variable(e, variable);
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), array->count, true);
  vmo_store_number(e, array->element, block, loop.index, array->scalar);
  vmo_end_loop(e, &loop);
  if (!vmo_vec_push(e->arena, &e->blocks, block)) vmo_emit_fail(e, VMO_OUT_OF_MEMORY);
  return block;
}

LLVMValueRef vmo_array_pointer(vmo_emitter *e, const vmo_emit_array *array) {
  if (array->scalar == NULL) return array->pointer;
  if (vmo_has_one_element(e, array)) return put_on_stack(e, array);
  LLVMValueRef data = repeat_in_data(e, array);
  return data != NULL ? data : repeat_in_block(e, array);
}

void vmo_drop_blocks(vmo_emitter *e) {
  for (; e->blocks.count > 0; e->blocks.count--) {
    LLVMTypeRef types[2] = {e->pointer, e->pointer};
    LLVMValueRef values[2] = {e->frame->call, e->blocks.data[e->blocks.count - 1]};
    vmo_call_external(e, "vmr_call_end_activation", e->nothing, types, values, 2);
  }
}
