/* shape.c: ops that move elements: each result element is one of the operand's, found by strides. Linear. */
#include "evaluate/kernel.h"

/* Fills a result from operand 0, whose strides along the result's axes are given. */
static bool move(vmo_run *run, vmo_array *result, const int64_t *strides, int64_t offset) {
  vmo_walk walk;
  vmo_walk_begin(&walk, result);
  vmo_walk_strided(&walk, strides, offset);
  for (int64_t i = 0; i < result->count; i++, vmo_walk_next(&walk))
    vmo_put(result, i, vmo_get(&run->operands[0], walk.offsets[0]));
  return true;
}

bool vmo_run_slice(vmo_run *run) {
  const vmo_array *from = &run->operands[0];
  vmo_array *result = &run->results[0];
  int64_t strides[VMO_MAX_RANK], offset = 0;
  vmo_fill_strides(from, strides);
  for (uint32_t axis = 0; axis < from->rank && result->count > 0; axis++) {
    vmo_size_id whole = vmo_size_constant(run->module->sizes, from->sizes[axis]);
    vmo_cut cut = vmo_op_cut(run->module, run->function, run->op, axis, whole);
    if (cut.start == VMO_NONE) return false;
    offset += vmo_run_size(run, cut.start) * strides[axis];
    strides[axis] *= result->sizes[axis] > 1 ? cut.step : 1;
  }
  return move(run, result, strides, offset);
}

bool vmo_run_split(vmo_run *run) {
  int64_t strides[VMO_MAX_RANK], offset = 0;
  uint32_t axis = (uint32_t)vmo_run_integer(run, "axis", 0, 0);
  vmo_fill_strides(&run->operands[0], strides);
  for (uint32_t i = 0; i < run->op->result_count; i++) {
    move(run, &run->results[i], strides, offset);
    offset += run->results[i].sizes[axis] * strides[axis];
  }
  return true;
}

bool vmo_run_broadcast(vmo_run *run) {
  vmo_array *result = &run->results[0];
  vmo_walk walk;
  vmo_walk_begin(&walk, result);
  vmo_walk_broadcast(&walk, &run->operands[0]);
  for (int64_t i = 0; i < result->count; i++, vmo_walk_next(&walk))
    vmo_put(result, i, vmo_get(&run->operands[0], walk.offsets[0]));
  return true;
}

bool vmo_run_transpose(vmo_run *run) {
  const vmo_array *from = &run->operands[0];
  int64_t own[VMO_MAX_RANK], strides[VMO_MAX_RANK];
  bool ordered = vmo_op_item_count(run->module, run->function, run->op, "order") > 0;
  vmo_fill_strides(from, own);
  for (uint32_t i = 0; i < from->rank; i++)
    strides[i] = own[ordered ? vmo_run_integer(run, "order", i, 0) : from->rank - 1 - i];
  return move(run, &run->results[0], strides, 0);
}

/* ---- the other way: an operand's elements go to places in the result ---- */

static void place(const vmo_array *from, vmo_array *result, const int64_t *strides, int64_t offset) {
  vmo_walk walk;
  vmo_walk_begin(&walk, from);
  vmo_walk_strided(&walk, strides, offset);
  for (int64_t i = 0; i < from->count; i++, vmo_walk_next(&walk)) vmo_put(result, walk.offsets[0], vmo_get(from, i));
}

bool vmo_run_concat(vmo_run *run) {
  vmo_array *result = &run->results[0];
  int64_t strides[VMO_MAX_RANK], offset = 0;
  uint32_t axis = (uint32_t)vmo_run_integer(run, "axis", 0, 0);
  vmo_fill_strides(result, strides);
  for (uint32_t i = 0; i < run->op->operand_count; i++) {
    place(&run->operands[i], result, strides, offset);
    offset += run->operands[i].sizes[axis] * strides[axis];
  }
  return true;
}

bool vmo_run_pad(vmo_run *run) {
  vmo_array *result = &run->results[0];
  vmo_number value = vmo_run_number(run, "value", 0, result->element, 0);
  vmo_size_id zero = vmo_size_constant(run->module->sizes, 0);
  int64_t strides[VMO_MAX_RANK], offset = 0;
  for (int64_t i = 0; i < result->count; i++) vmo_put(result, i, value);
  vmo_fill_strides(result, strides);
  for (uint32_t axis = 0; axis < result->rank; axis++) {
    vmo_size_id low = vmo_op_size(run->module, run->function, run->op, "low", axis, zero);
    offset += vmo_run_size(run, low) * strides[axis];
  }
  place(&run->operands[0], result, strides, offset);
  return true;
}
