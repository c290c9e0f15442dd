/* kernel_sort.c: sort, argsort, unique: calls of the runtime (runtime/compiled_sort.c), which sorts in the result's bytes. */
#include "codegen/compile.h"
#include "codegen/kernels.h"

static LLVMValueRef number_of(const vmo_emitter *e, uint32_t number) { return LLVMConstInt(e->i32, number, false); }

static void emit_rows(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *from = &op->operands[0], *to = &op->results[0];
  uint32_t axis = vmo_emit_axis(e, op), flags = 0;
  LLVMValueRef one = vmo_i64(e, 1);
  if (op->op->code == VMO_OP_argsort) flags |= VMR_SORT_INDICES;
  if (vmo_attribute_integer(e, op->op, "descending", 0, 0) != 0) flags |= VMR_SORT_DESCENDING;
  LLVMTypeRef types[7] = {e->pointer, e->pointer, e->i32, e->i64, e->i64, e->i64, e->i32};
  LLVMValueRef arguments[7] = {vmo_array_pointer(e, from),
                               to->pointer,
                               number_of(e, from->element),
                               vmo_count_axes(e, from, 0, from->rank == 0 ? 0 : axis),
                               from->rank == 0 ? one : from->sizes[axis],
                               from->rank == 0 ? one : vmo_count_axes(e, from, axis + 1, from->rank),
                               number_of(e, flags)};
  vmo_call_external(e, "vmr_sort_rows", e->nothing, types, arguments, 7);
}

static void emit_unique(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *from = &op->operands[0], *to = &op->results[0];
  LLVMTypeRef types[4] = {e->pointer, e->pointer, e->i32, e->i64};
  LLVMValueRef arguments[4] = {vmo_array_pointer(e, from), to->pointer, number_of(e, from->element), from->count};
  LLVMValueRef count = vmo_call_external(e, "vmr_sort_unique", e->i64, types, arguments, 4);
  vmo_clear_elements(e, to, count);
  vmo_store_element(e, &op->results[1], vmo_i64(e, 0), count);
}

void vmo_emit_sort(vmo_emitter *e, const vmo_emit_op *op) {
  if (op->op->code == VMO_OP_unique)
    emit_unique(e, op);
  else
    emit_rows(e, op);
  vmo_drop_blocks(e);
}
