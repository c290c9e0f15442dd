/* streams.c: a parallel's streams, each as a function of its own, so that threads can run them.
 *
 *   parallel { stream { A } stream { B } }      frame = {arenas, parameters, results, scalars that are visible}
 *                                               vmr_call_run_streams(call, {stream A, stream B}, 2, frame)
 *
 * The runtime runs them in order or on threads, as the call says; each stream's bytes are apart from the others' by the plan,
 * so the results are equal. What a stream sees of the function around it is handed over by the frame; sizes are computed
 * again. Instrumented code has its streams in place, one after the other. */
#include "codegen/compile.h"

struct vmo_emit_streams {
  vmo_emit_frame *outer; /* of the function around */
  vmo_emit_frame inner;  /* of the stream in hand */
  LLVMBasicBlockRef block;
  LLVMTypeRef frame_type;
  LLVMValueRef frame, functions;
  LLVMValueRef *values; /* what the frame holds, in the function around */
  uint32_t value_count, capture_count, stream_count;
};

/* ---- the frame ---- */

static uint32_t result_count(const vmo_emitter *e) {
  return e->plan->results_in_caller ? e->function->result_types.count : 0;
}

static bool is_pointer(const vmo_emitter *e, LLVMValueRef value) {
  return value != NULL && LLVMTypeOf(value) == e->pointer;
}

/* Arenas, parameters that are addresses, results, then scalars. */
static void list_values(vmo_emitter *e, vmo_emit_streams *s) {
  uint32_t parameters = e->function->parameters.count;
  s->capture_count = e->captures.count;
  s->values = vmo_emit_alloc(e, (size_t)e->plan->arena_count + parameters + result_count(e) + s->capture_count + 1,
                             sizeof *s->values);
  if (s->values == NULL) return;
  for (uint32_t i = 0; i < e->plan->arena_count; i++) s->values[s->value_count++] = e->frame->arenas[i];
  for (uint32_t i = 0; i < parameters; i++)
    if (is_pointer(e, e->frame->parameters[i])) s->values[s->value_count++] = e->frame->parameters[i];
  for (uint32_t i = 0; i < result_count(e); i++) s->values[s->value_count++] = e->frame->results[i];
  for (uint32_t i = 0; i < s->capture_count; i++) s->values[s->value_count++] = e->scalars[e->captures.data[i]];
}

static void fill_frame(vmo_emitter *e, vmo_emit_streams *s) {
  LLVMTypeRef *types = vmo_emit_alloc(e, (size_t)s->value_count + 1, sizeof *types);
  if (types == NULL) return;
  for (uint32_t i = 0; i < s->value_count; i++) types[i] = LLVMTypeOf(s->values[i]);
  s->frame_type = LLVMStructTypeInContext(e->llvm, types, s->value_count, false);
  s->frame = LLVMBuildAlloca(e->frame->sizes, s->frame_type, "");
  for (uint32_t i = 0; i < s->value_count; i++)
    LLVMBuildStore(e->builder, s->values[i], LLVMBuildStructGEP2(e->builder, s->frame_type, s->frame, i, ""));
}

/* The frame's values, as the stream has them. */
static void read_frame(vmo_emitter *e, vmo_emit_streams *s) {
  LLVMBuilderRef b = s->inner.sizes;
  LLVMValueRef frame = LLVMGetParam(s->inner.function, 1);
  uint32_t parameters = e->function->parameters.count, at = 0;
  LLVMValueRef *inner = vmo_emit_alloc(e, (size_t)s->value_count + 1, sizeof *inner);
  s->inner.arenas = vmo_emit_alloc(e, (size_t)e->plan->arena_count + 1, sizeof *inner);
  s->inner.parameters = vmo_emit_alloc(e, (size_t)parameters + 1, sizeof *inner);
  s->inner.results = vmo_emit_alloc(e, (size_t)result_count(e) + 1, sizeof *inner);
  if (e->status != VMO_OK) return;
  for (uint32_t i = 0; i < s->value_count; i++)
    inner[i] = LLVMBuildLoad2(b, LLVMTypeOf(s->values[i]), LLVMBuildStructGEP2(b, s->frame_type, frame, i, ""), "");
  for (uint32_t i = 0; i < e->plan->arena_count; i++) s->inner.arenas[i] = inner[at++];
  for (uint32_t i = 0; i < parameters; i++)
    if (is_pointer(e, s->outer->parameters[i])) s->inner.parameters[i] = inner[at++];
  for (uint32_t i = 0; i < result_count(e); i++) s->inner.results[i] = inner[at++];
  for (uint32_t i = 0; i < s->capture_count; i++) e->scalars[e->captures.data[i]] = inner[at++];
}

/* ---- streams ---- */

vmo_emit_streams *vmo_begin_streams(vmo_emitter *e, const vmo_op *op) {
  vmo_emit_streams *s = vmo_emit_alloc(e, 1, sizeof *s);
  if (s == NULL) return NULL;
  s->outer = e->frame;
  s->functions = LLVMBuildAlloca(e->frame->sizes, LLVMArrayType2(e->pointer, op->region_count), "");
  list_values(e, s);
  if (e->status == VMO_OK) fill_frame(e, s);
  return s;
}

void vmo_begin_stream(vmo_emitter *e, vmo_emit_streams *s) {
  LLVMTypeRef types[2] = {e->pointer, e->pointer};
  LLVMValueRef index = vmo_i64(e, s->stream_count++);
  LLVMValueRef function = LLVMAddFunction(e->code, "stream", LLVMFunctionType(e->i32, types, 2, false));
  LLVMSetLinkage(function, LLVMInternalLinkage);
  LLVMBuildStore(e->builder, function, LLVMBuildGEP2(e->builder, e->pointer, s->functions, &index, 1, ""));
  s->block = LLVMGetInsertBlock(e->builder);
  vmo_open_frame(e, &s->inner, function);
  read_frame(e, s);
}

void vmo_end_stream(vmo_emitter *e, vmo_emit_streams *s) {
  LLVMBuildRet(e->builder, LLVMConstInt(e->i32, VMR_CALL_OK, false));
  vmo_close_frame(e, &s->inner);
  e->frame = s->outer;
  for (uint32_t i = 0; i < s->capture_count; i++)
    e->scalars[e->captures.data[i]] = s->values[s->value_count - s->capture_count + i];
  LLVMPositionBuilderAtEnd(e->builder, s->block);
}

void vmo_end_streams(vmo_emitter *e, const vmo_emit_streams *s) {
  LLVMTypeRef types[4] = {e->pointer, e->pointer, e->i32, e->pointer};
  LLVMValueRef values[4] = {e->frame->call, s->functions, LLVMConstInt(e->i32, s->stream_count, false), s->frame};
  vmo_require_status(e, vmo_call_external(e, "vmr_call_run_streams", e->i32, types, values, 4), false);
}
