/* loops.c: loops, branches and variables: the shape of the code around what kernels compute.
 *
 *   before ─> header: i = phi, i < high? ─> body ... ─> i + 1 ─┐        A loop is tested at its head; LLVM turns it.
 *               │  ^───────────────────────────────────────────┘
 *               └──> after
 *
 * A parallel loop's accesses carry an access group, and its back edge names it (llvm.loop.parallel_accesses): no trip
 * depends on another one's memory. */
#include <llvm-c/DebugInfo.h>

#include "codegen/compile.h"

static LLVMBasicBlockRef add_block(vmo_emitter *e, const char *name) {
  return LLVMAppendBasicBlockInContext(e->llvm, e->frame->function, name);
}

static void continue_at(vmo_emitter *e, LLVMBasicBlockRef block) { LLVMPositionBuilderAtEnd(e->builder, block); }

/* ---- loops ---- */

/* What names a loop: a node whose first operand is itself, so that no two are one. All parallel loops share one access
 * group: no parallel loop lies within another one, so an access belongs to one of them at most. */
static LLVMValueRef make_loop_note(vmo_emitter *e) {
  static const char key[] = "llvm.loop.parallel_accesses";
  LLVMMetadataRef pair[2] = {LLVMMDStringInContext2(e->llvm, key, sizeof key - 1),
                             LLVMValueAsMetadata(e->compilation->access_group)};
  LLVMMetadataRef operands[2] = {LLVMTemporaryMDNode(e->llvm, NULL, 0), LLVMMDNodeInContext2(e->llvm, pair, 2)};
  LLVMMetadataRef node = LLVMMDNodeInContext2(e->llvm, operands, 2);
  LLVMMetadataReplaceAllUsesWith(operands[0], node);
  return LLVMMetadataAsValue(e->llvm, node);
}

void vmo_begin_loop(vmo_emitter *e, vmo_emit_loop *loop, LLVMValueRef low, LLVMValueRef high, bool parallel) {
  LLVMBasicBlockRef before = LLVMGetInsertBlock(e->builder), body = add_block(e, "body");
  *loop = (vmo_emit_loop){.header = add_block(e, "loop"), .after = add_block(e, "after"), .parallel = parallel};
  LLVMMoveBasicBlockBefore(loop->header, body);
  LLVMBuildBr(e->builder, loop->header);
  continue_at(e, loop->header);
  loop->index = LLVMBuildPhi(e->builder, e->i64, "");
  LLVMAddIncoming(loop->index, &low, &before, 1);
  LLVMBuildCondBr(e->builder, LLVMBuildICmp(e->builder, LLVMIntSLT, loop->index, high, ""), body, loop->after);
  continue_at(e, body);
  if (parallel) e->is_parallel = true;
}

void vmo_end_loop(vmo_emitter *e, vmo_emit_loop *loop) {
  LLVMValueRef next = vmo_add_i64(e, loop->index, vmo_i64(e, 1));
  LLVMBasicBlockRef last = LLVMGetInsertBlock(e->builder);
  LLVMValueRef back = LLVMBuildBr(e->builder, loop->header);
  LLVMAddIncoming(loop->index, &next, &last, 1);
  if (loop->parallel) {
    LLVMSetMetadata(back, e->compilation->loop_kind, make_loop_note(e));
    e->is_parallel = false;
  }
  LLVMMoveBasicBlockAfter(loop->after, last);
  continue_at(e, loop->after);
}

void vmo_begin_while(vmo_emitter *e, vmo_emit_loop *loop) {
  *loop = (vmo_emit_loop){.header = add_block(e, "while"), .after = add_block(e, "after")};
  LLVMBuildBr(e->builder, loop->header);
  continue_at(e, loop->header);
}

void vmo_test_while(vmo_emitter *e, vmo_emit_loop *loop, LLVMValueRef condition) {
  LLVMBasicBlockRef body = add_block(e, "do");
  LLVMBuildCondBr(e->builder, condition, body, loop->after);
  continue_at(e, body);
}

void vmo_end_while(vmo_emitter *e, vmo_emit_loop *loop) {
  LLVMBasicBlockRef last = LLVMGetInsertBlock(e->builder);
  LLVMBuildBr(e->builder, loop->header);
  LLVMMoveBasicBlockAfter(loop->after, last);
  continue_at(e, loop->after);
}

/* ---- branches ---- */

void vmo_begin_if(vmo_emitter *e, vmo_emit_branch *branch, LLVMValueRef condition) {
  LLVMBasicBlockRef then = add_block(e, "then");
  *branch = (vmo_emit_branch){.otherwise = add_block(e, "else"), .after = NULL};
  LLVMBuildCondBr(e->builder, condition, then, branch->otherwise);
  continue_at(e, then);
}

void vmo_begin_else(vmo_emitter *e, vmo_emit_branch *branch) {
  branch->after = add_block(e, "after");
  LLVMBasicBlockRef last = LLVMGetInsertBlock(e->builder);
  LLVMBuildBr(e->builder, branch->after);
  LLVMMoveBasicBlockAfter(branch->otherwise, last);
  continue_at(e, branch->otherwise);
}

void vmo_end_if(vmo_emitter *e, vmo_emit_branch *branch) {
  LLVMBasicBlockRef last = LLVMGetInsertBlock(e->builder);
  if (branch->after == NULL) branch->after = branch->otherwise;
  LLVMBuildBr(e->builder, branch->after);
  LLVMMoveBasicBlockAfter(branch->after, last);
  continue_at(e, branch->after);
}

/* ---- variables ---- */

LLVMValueRef vmo_make_variable(vmo_emitter *e, LLVMTypeRef type) { return LLVMBuildAlloca(e->frame->sizes, type, ""); }

LLVMValueRef vmo_get_variable(vmo_emitter *e, LLVMValueRef variable) {
  return LLVMBuildLoad2(e->builder, LLVMGetAllocatedType(variable), variable, "");
}

void vmo_set_variable(vmo_emitter *e, LLVMValueRef variable, LLVMValueRef value) {
  LLVMBuildStore(e->builder, value, variable);
}

/* ---- conditions that must hold ---- */

static void note_place(vmo_emitter *e) {
  vmo_location location = e->function->ops.data[e->op].location;
  LLVMValueRef line = e->frame->line, column = e->frame->column;
  if (line == NULL) line = LLVMConstInt(e->i32, location.line, false);
  if (column == NULL) column = LLVMConstInt(e->i32, location.column, false);
  vmo_store_call_member(e, VMO_CALL_FAULT_LINE, line);
  vmo_store_call_member(e, VMO_CALL_FAULT_COLUMN, column);
}

void vmo_fail_with(vmo_emitter *e, LLVMValueRef status) {
  LLVMBasicBlockRef here = LLVMGetInsertBlock(e->builder);
  LLVMBuildBr(e->builder, e->frame->fail);
  LLVMAddIncoming(e->frame->status, &status, &here, 1);
}

void vmo_require(vmo_emitter *e, LLVMValueRef condition, vmr_call_status status) {
  LLVMBasicBlockRef fine = add_block(e, "fine"), fault = add_block(e, "fault");
  LLVMBuildCondBr(e->builder, condition, fine, fault);
  continue_at(e, fault);
  note_place(e);
  vmo_fail_with(e, LLVMConstInt(e->i32, (unsigned)status, false));
  continue_at(e, fine);
}

void vmo_require_status(vmo_emitter *e, LLVMValueRef status, bool note) {
  LLVMBasicBlockRef fine = add_block(e, "fine"), fault = add_block(e, "fault");
  LLVMValueRef is_fine = LLVMBuildICmp(e->builder, LLVMIntEQ, status, LLVMConstInt(e->i32, VMR_CALL_OK, false), "");
  LLVMBuildCondBr(e->builder, is_fine, fine, fault);
  continue_at(e, fault);
  if (note) note_place(e);
  vmo_fail_with(e, status);
  continue_at(e, fine);
}

LLVMValueRef vmo_require_index(vmo_emitter *e, LLVMValueRef index, LLVMValueRef limit) {
  if (LLVMTypeOf(index) != e->i64) index = LLVMBuildSExt(e->builder, index, e->i64, "");
  vmo_require(e, LLVMBuildICmp(e->builder, LLVMIntULT, index, limit, ""), VMR_CALL_INDEX_OUTSIDE);
  return index;
}

/* ---- nests ---- */

void vmo_begin_nest(vmo_emit_nest *nest, const vmo_emit_array *array) {
  *nest = (vmo_emit_nest){.array = array, .rank = array->rank};
}

uint32_t vmo_nest_strided(vmo_emitter *e, vmo_emit_nest *nest, const LLVMValueRef *strides, LLVMValueRef start) {
  if (nest->others == VMO_NEST_ARRAYS) vmo_emit_fail(e, VMO_INTERNAL_ERROR);
  if (e->status != VMO_OK) return 0;
  nest->strides[nest->others] = strides;
  nest->dense_from[nest->others] = nest->rank;
  nest->starts[nest->others] = start;
  return nest->others++;
}

static bool is_one(const vmo_emitter *e, vmo_size_id size) {
  int64_t number;
  return vmo_size_is_constant(e->module->sizes, size, &number) && number == 1;
}

uint32_t vmo_nest_broadcast(vmo_emitter *e, vmo_emit_nest *nest, const vmo_emit_array *other) {
  const LLVMValueRef *own = vmo_array_strides(e, other);
  LLVMValueRef *strides = vmo_emit_alloc(e, (size_t)nest->rank + 1, sizeof *strides);
  uint32_t missing = nest->rank - other->rank;
  for (uint32_t i = 0; own != NULL && strides != NULL && i < other->rank; i++)
    strides[missing + i] = is_one(e, other->shape[i]) ? NULL : own[i];
  uint32_t number = vmo_nest_strided(e, nest, strides, vmo_i64(e, 0));
  nest->dense_from[number] = 0;
  return number;
}

/* Whether axes `axis` and the next one can be one: each other array repeats along both, or runs on through both. */
static bool can_merge(const vmo_emit_nest *nest, uint32_t axis) {
  for (uint32_t i = 0; i < nest->others; i++) {
    bool outer = nest->strides[i][axis] != NULL, inner = nest->strides[i][axis + 1] != NULL;
    if (outer != inner || (outer && axis < nest->dense_from[i])) return false;
  }
  return true;
}

static void open_axes(vmo_emitter *e, vmo_emit_nest *nest, uint32_t first, uint32_t end, bool innermost) {
  vmo_emit_loop *loop = &nest->loops[nest->depth++];
  LLVMValueRef count = vmo_count_axes(e, nest->array, first, end);
  vmo_begin_loop(e, loop, vmo_i64(e, 0), count, innermost && nest->parallel);
  if (end - first == 1) nest->indices[first] = loop->index;
  nest->at = nest->depth == 1 ? loop->index : vmo_add_i64(e, vmo_multiply_i64(e, nest->at, count), loop->index);
  for (uint32_t i = 0; i < nest->others; i++) {
    LLVMValueRef stride = nest->strides[i][end - 1];
    if (stride == NULL) continue;
    bool unit = LLVMIsAConstantInt(stride) && LLVMConstIntGetSExtValue(stride) == 1;
    LLVMValueRef step = unit ? loop->index : vmo_multiply_i64(e, loop->index, stride);
    bool zero = LLVMIsAConstantInt(nest->offsets[i]) && LLVMConstIntGetZExtValue(nest->offsets[i]) == 0;
    nest->offsets[i] = zero ? step : vmo_add_i64(e, nest->offsets[i], step);
  }
}

void vmo_open_nest(vmo_emitter *e, vmo_emit_nest *nest, bool parallel) {
  nest->parallel = parallel;
  nest->at = vmo_i64(e, 0);
  for (uint32_t i = 0; i < nest->others; i++) nest->offsets[i] = nest->starts[i];
  for (uint32_t i = 0; i < nest->rank; i++) nest->indices[i] = NULL;
  if (e->status != VMO_OK) return;
  for (uint32_t first = 0, end; first < nest->rank; first = end) {
    for (end = first + 1; end < nest->rank && can_merge(nest, end - 1);) end++;
    open_axes(e, nest, first, end, end == nest->rank);
  }
}

void vmo_close_nest(vmo_emitter *e, vmo_emit_nest *nest) {
  while (nest->depth > 0) vmo_end_loop(e, &nest->loops[--nest->depth]);
}
