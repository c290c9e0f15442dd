/* kernel_move.c: ops that move elements: copy, slice, split, concat, pad, broadcast, transpose; and reshape where it is no
 * view. Each is a nest of loops over one of the two arrays, in which the other one has a stride for each axis; axes that both
 * run through alike become one loop, so that whole rows are moved at once. A copy is a memcpy. */
#include "codegen/emit.h"

/* ---- whole arrays ---- */

static void fill(vmo_emitter *e, const vmo_emit_array *to, LLVMValueRef number) {
  vmo_emit_loop loop;
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), to->count, true);
  vmo_store_element(e, to, loop.index, number);
  vmo_end_loop(e, &loop);
}

static void copy(vmo_emitter *e, const vmo_emit_array *from, const vmo_emit_array *to) {
  LLVMValueRef zero = vmo_i64(e, 0);
  if (from->scalar != NULL)
    fill(e, to, from->scalar);
  else if (vmo_has_one_element(e, to))
    vmo_store_element(e, to, zero, vmo_load_element(e, from, zero));
  else
    vmo_copy_bytes(e, to->pointer, from->pointer, to->count, to->element);
}

/* ---- results that are filled from strides of the operand ---- */

static void gather_strided(vmo_emitter *e, const vmo_emit_array *from, const vmo_emit_array *to,
                           const LLVMValueRef *strides, LLVMValueRef start, uint32_t dense_from) {
  vmo_emit_nest nest;
  vmo_begin_nest(&nest, to);
  uint32_t number = vmo_nest_strided(e, &nest, strides, start);
  nest.dense_from[number] = dense_from;
  vmo_open_nest(e, &nest, true);
  vmo_store_element(e, to, nest.at, vmo_load_element(e, from, nest.offsets[number]));
  vmo_close_nest(e, &nest);
}

static bool is_whole(const vmo_emitter *e, const vmo_cut *cut, vmo_size_id whole) {
  int64_t start;
  return cut->size == whole && cut->step == 1 && vmo_size_is_constant(e->module->sizes, cut->start, &start) &&
         start == 0;
}

static void slice(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *from = &op->operands[0], *to = &op->results[0];
  const LLVMValueRef *own = vmo_array_strides(e, from);
  LLVMValueRef *strides = vmo_emit_alloc(e, (size_t)from->rank + 1, sizeof *strides), start = vmo_i64(e, 0);
  uint32_t dense_from = 0;
  for (uint32_t axis = 0; own != NULL && strides != NULL && axis < from->rank; axis++) {
    vmo_cut cut = vmo_op_cut(e->module, e->function, op->op, axis, from->shape[axis]);
    start = vmo_add_i64(e, start, vmo_multiply_i64(e, vmo_emit_size(e, cut.start), own[axis]));
    strides[axis] = cut.step == 1 ? own[axis] : vmo_multiply_i64(e, own[axis], vmo_i64(e, cut.step));
    if (!is_whole(e, &cut, from->shape[axis])) dense_from = cut.step == 1 ? axis : axis + 1;
  }
  if (e->status == VMO_OK) gather_strided(e, from, to, strides, start, dense_from);
}

static uint32_t axis_of(const vmo_emitter *e, const vmo_emit_op *op) {
  return (uint32_t)vmo_attribute_integer(e, op->op, "axis", 0, 0);
}

static void split(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *from = &op->operands[0];
  uint32_t axis = axis_of(e, op);
  const LLVMValueRef *strides = vmo_array_strides(e, from);
  LLVMValueRef start = vmo_i64(e, 0);
  for (uint32_t i = 0; strides != NULL && i < op->result_count && e->status == VMO_OK; i++) {
    if (!op->results[i].is_view) gather_strided(e, from, &op->results[i], strides, start, axis);
    start = vmo_add_i64(e, start, vmo_multiply_i64(e, op->results[i].sizes[axis], strides[axis]));
  }
}

static void broadcast(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *from = &op->operands[0], *to = &op->results[0];
  vmo_emit_nest nest;
  vmo_begin_nest(&nest, to);
  uint32_t number = vmo_nest_broadcast(e, &nest, from);
  vmo_open_nest(e, &nest, true);
  if (e->status == VMO_OK) vmo_store_element(e, to, nest.at, vmo_load_element(e, from, nest.offsets[number]));
  vmo_close_nest(e, &nest);
}

static void transpose(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *from = &op->operands[0], *to = &op->results[0];
  const LLVMValueRef *own = vmo_array_strides(e, from);
  LLVMValueRef *strides = vmo_emit_alloc(e, (size_t)from->rank + 1, sizeof *strides);
  bool ordered = vmo_op_item_count(e->module, e->function, op->op, "order") > 0;
  for (uint32_t i = 0; own != NULL && strides != NULL && i < from->rank; i++) {
    int64_t axis = ordered ? vmo_attribute_integer(e, op->op, "order", i, 0) : (int64_t)(from->rank - 1 - i);
    strides[i] = own[axis];
  }
  if (e->status == VMO_OK) gather_strided(e, from, to, strides, vmo_i64(e, 0), to->rank);
}

/* ---- results in which the operands get places ---- */

static void place(vmo_emitter *e, const vmo_emit_array *from, const vmo_emit_array *to, const LLVMValueRef *strides,
                  LLVMValueRef start, uint32_t dense_from) {
  vmo_emit_nest nest;
  vmo_begin_nest(&nest, from);
  uint32_t number = vmo_nest_strided(e, &nest, strides, start);
  nest.dense_from[number] = dense_from;
  vmo_open_nest(e, &nest, true);
  vmo_store_element(e, to, nest.offsets[number], vmo_load_element(e, from, nest.at));
  vmo_close_nest(e, &nest);
}

static void concat(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *to = &op->results[0];
  uint32_t axis = axis_of(e, op);
  const LLVMValueRef *strides = vmo_array_strides(e, to);
  LLVMValueRef start = vmo_i64(e, 0);
  for (uint32_t i = 0; strides != NULL && i < op->operand_count && e->status == VMO_OK; i++) {
    place(e, &op->operands[i], to, strides, start, axis);
    start = vmo_add_i64(e, start, vmo_multiply_i64(e, op->operands[i].sizes[axis], strides[axis]));
  }
}

static void pad(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *from = &op->operands[0], *to = &op->results[0];
  const LLVMValueRef *strides = vmo_array_strides(e, to);
  vmo_size_id zero = vmo_size_constant(e->module->sizes, 0);
  LLVMValueRef start = vmo_i64(e, 0);
  uint32_t dense_from = 0;
  if (strides == NULL) return;
  fill(e, to, vmo_attribute_number(e, op->op, "value", 0, to->element, 0));
  for (uint32_t axis = 0; axis < to->rank; axis++) {
    vmo_size_id low = vmo_op_size(e->module, e->function, op->op, "low", axis, zero);
    start = vmo_add_i64(e, start, vmo_multiply_i64(e, vmo_emit_size(e, low), strides[axis]));
    if (to->shape[axis] != from->shape[axis]) dense_from = axis;
  }
  if (e->status == VMO_OK) place(e, from, to, strides, start, dense_from);
}

void vmo_emit_move(vmo_emitter *e, const vmo_emit_op *op) {
  switch (op->op->code) {
  case VMO_OP_slice: slice(e, op); return;
  case VMO_OP_split: split(e, op); return;
  case VMO_OP_concat: concat(e, op); return;
  case VMO_OP_pad: pad(e, op); return;
  case VMO_OP_broadcast: broadcast(e, op); return;
  case VMO_OP_transpose: transpose(e, op); return;
  default: copy(e, &op->operands[0], &op->results[0]); return;
  }
}
