/* sizes.c: size expressions as i64.
 *
 * A size is computed once in a function, in its entry block, whichever region asks first. The entry has made sure that no
 * size of a type wraps around or is negative (checks.c), so additions here are plain. Fixed dims are
 * numbers. Linear in the sizes that are used. */
#include "codegen/compile.h"

static bool grow_memo(vmo_emitter *e, vmo_size_id size) {
  vmo_emit_frame *frame = e->frame;
  if (size < frame->size_count) return true;
  uint32_t count = size + size / 2 + 64;
  LLVMValueRef *values = vmo_emit_alloc(e, count, sizeof *values);
  if (values == NULL) return false;
  for (uint32_t i = 0; i < frame->size_count; i++) values[i] = frame->size_values[i];
  frame->size_values = values;
  frame->size_count = count;
  return true;
}

LLVMValueRef vmo_emit_dim(vmo_emitter *e, vmo_dim_id dim) {
  const vmo_dim *described = &e->module->dims.data[dim];
  LLVMValueRef *value = &e->frame->dims[dim];
  if (described->kind == VMO_DIM_FIXED) return vmo_i64(e, described->limit);
  if (*value != NULL) return *value;
  LLVMBuilderRef b = e->frame->sizes;
  LLVMValueRef index = vmo_i64(e, dim);
  if (e->frame->dims_pointer == NULL) e->frame->dims_pointer = vmo_load_call_member(e, b, VMO_CALL_DIMS);
  LLVMValueRef dims = e->frame->dims_pointer;
  *value = LLVMBuildLoad2(b, e->i64, LLVMBuildGEP2(b, e->i64, dims, &index, 1, ""), "");
  return *value;
}

static LLVMValueRef floor_divide(vmo_emitter *e, LLVMBuilderRef b, LLVMValueRef number, int64_t divisor) {
  LLVMValueRef by = vmo_i64(e, divisor);
  LLVMValueRef quotient = LLVMBuildSDiv(b, number, by, ""), rest = LLVMBuildSRem(b, number, by, "");
  LLVMValueRef below = LLVMBuildICmp(b, LLVMIntSLT, rest, vmo_i64(e, 0), "");
  return LLVMBuildSub(b, quotient, LLVMBuildZExt(b, below, e->i64, ""), "");
}

static LLVMValueRef greater(LLVMBuilderRef b, LLVMValueRef x, LLVMValueRef y) {
  return LLVMBuildSelect(b, LLVMBuildICmp(b, LLVMIntSGT, x, y, ""), x, y, "");
}

uint32_t vmo_run_size_step(vmo_emitter *e, const vmo_size_step *step, LLVMValueRef *stack, uint32_t top) {
  LLVMBuilderRef b = e->frame->sizes;
  switch (step->kind) {
  case VMO_STEP_NUMBER: stack[top] = vmo_i64(e, step->number); return top + 1;
  case VMO_STEP_DIM: stack[top] = vmo_emit_dim(e, (vmo_dim_id)step->number); return top + 1;
  case VMO_STEP_ADD: stack[top - 2] = LLVMBuildAdd(b, stack[top - 2], stack[top - 1], ""); return top - 1;
  case VMO_STEP_MULTIPLY: stack[top - 2] = LLVMBuildMul(b, stack[top - 2], stack[top - 1], ""); return top - 1;
  case VMO_STEP_MAX: stack[top - 2] = greater(b, stack[top - 2], stack[top - 1]); return top - 1;
  case VMO_STEP_DIVIDE: stack[top - 1] = floor_divide(e, b, stack[top - 1], step->number); return top;
  }
  return top;
}

static LLVMValueRef compute(vmo_emitter *e, vmo_size_id size) {
  uint32_t count, top = 0;
  vmo_size_step *steps = vmo_size_list_steps(e->module->sizes, size, e->arena, &count);
  LLVMValueRef *stack = vmo_emit_alloc(e, (size_t)count + 1, sizeof *stack);
  if (steps == NULL || stack == NULL) {
    vmo_emit_fail(e, VMO_OUT_OF_MEMORY);
    return vmo_i64(e, 0);
  }
  for (uint32_t i = 0; i < count; i++) top = vmo_run_size_step(e, &steps[i], stack, top);
  return stack[0];
}

LLVMValueRef vmo_emit_size(vmo_emitter *e, vmo_size_id size) {
  int64_t number;
  if (size == VMO_NONE) {
    vmo_emit_fail(e, VMO_OUT_OF_MEMORY);
    return vmo_i64(e, 0);
  }
  if (vmo_size_is_constant(e->module->sizes, size, &number)) return vmo_i64(e, number);
  if (!grow_memo(e, size)) return vmo_i64(e, 0);
  if (e->frame->size_values[size] == NULL) {
    LLVMValueRef value = compute(e, size);
    e->frame->size_values[size] = value;
  }
  return e->frame->size_values[size];
}
