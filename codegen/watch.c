/* watch.c: what compiled code tells while it runs, when it was compiled with `instrument`.
 *
 *   before(function, op)   the op   wrote(result, bytes)...   copied()   after(function, op)
 *
 * These are calls of the runtime, which finds the arena that the bytes lie in: a callee's arena is a part of its caller's,
 * so an address says more than an offset. A function under the plan for callees, where that is another one, counts behind
 * all functions of the program.
 *
 * With `progress`, loops tell how far they are: a trip costs a comparison, and a call some 256 times a loop. */
#include "codegen/compile.h"

static bool is_watched(const vmo_op *op) {
  switch (op->code) {
  case VMO_OP_for:
  case VMO_OP_while:
  case VMO_OP_if:
  case VMO_OP_parallel:
  case VMO_OP_condition:
  case VMO_OP_yield:
  case VMO_OP_return: return false;
  default: return true;
  }
}

static void tell_op(vmo_emitter *e, const vmo_unit *unit, const char *name) {
  const vmo_compilation *c = e->compilation;
  bool other = unit->module != c->module;
  uint32_t function = unit->id + (other ? c->module->functions.count : 0);
  LLVMTypeRef types[3] = {e->pointer, e->i32, e->i32};
  LLVMValueRef values[3] = {e->frame->call, LLVMConstInt(e->i32, function, false), LLVMConstInt(e->i32, e->op, false)};
  vmo_call_external(e, name, e->nothing, types, values, 3);
}

static void tell_write(vmo_emitter *e, const vmo_place *place, vmo_size_id bytes) {
  if (place->base != VMO_PLACE_ARENA && place->base != VMO_PLACE_RESULT) return;
  LLVMTypeRef types[3] = {e->pointer, e->pointer, e->i64};
  LLVMValueRef values[3] = {e->frame->call, vmo_place_pointer(e, place), vmo_emit_size(e, bytes)};
  if (values[1] != NULL) vmo_call_external(e, "vmr_call_watch_write", e->nothing, types, values, 3);
}

void vmo_emit_watch_states(vmo_emitter *e, const vmo_unit *unit) {
  for (uint32_t i = 0; e->options->instrument && i < e->function->parameters.count; i++)
    if (e->function->parameters.data[i].state)
      tell_write(e, &e->places[i], vmo_value_type(unit->module, e->function, i)->bytes);
}

void vmo_emit_watch_before(vmo_emitter *e, const vmo_unit *unit, const vmo_op *op) {
  if (e->options->instrument && is_watched(op)) tell_op(e, unit, "vmr_call_watch_before");
}

/*   if (index - low >= due) { vmr_call_watch_trip(call, index - low, high - low); due = index - low + (high - low) / 256 } */
void vmo_emit_watch_trip(vmo_emitter *e, LLVMValueRef low, LLVMValueRef index, LLVMValueRef high) {
  LLVMValueRef due = vmo_make_variable(e, e->i64);
  LLVMBuildStore(e->frame->sizes, vmo_i64(e, 0), due);
  LLVMValueRef done = LLVMBuildSub(e->builder, index, low, ""), total = LLVMBuildSub(e->builder, high, low, "");
  LLVMValueRef is_due = LLVMBuildICmp(e->builder, LLVMIntUGE, done, vmo_get_variable(e, due), "");
  vmo_emit_branch branch;
  vmo_begin_if(e, &branch, is_due);
  LLVMTypeRef types[3] = {e->pointer, e->i64, e->i64};
  LLVMValueRef values[3] = {e->frame->call, done, total};
  vmo_call_external(e, "vmr_call_watch_trip", e->nothing, types, values, 3);
  LLVMValueRef part = LLVMBuildLShr(e->builder, total, vmo_i64(e, 8), "");
  vmo_set_variable(e, due, LLVMBuildAdd(e->builder, done, part, ""));
  vmo_end_if(e, &branch);
}

/* The workspace of the op in hand counts as written. */
static void tell_workspace(vmo_emitter *e, const vmo_unit *unit, const vmo_op *op) {
  const vmo_op_plan *entry = vmo_plan_of_op(e);
  if (entry == NULL || entry->workspace_offset == VMO_NONE) return;
  vmo_place place = {VMO_PLACE_ARENA, 0, entry->workspace_offset};
  vmo_size_id bytes = vmo_op_workspace(unit->module, e->function, op);
  if (bytes != VMO_NONE) tell_write(e, &place, bytes);
}

void vmo_emit_watch_after(vmo_emitter *e, const vmo_unit *unit, const vmo_op *op) {
  if (!e->options->instrument || !is_watched(op)) return;
  for (uint32_t i = 0; i < op->result_count; i++) {
    vmo_value_id value = op->result_first + i;
    tell_write(e, &e->places[value], vmo_value_type(unit->module, e->function, value)->bytes);
  }
  tell_workspace(e, unit, op);
  LLVMTypeRef type = e->pointer;
  if (op->inserted) vmo_call_external(e, "vmr_call_watch_copy", e->nothing, &type, &e->frame->call, 1);
  tell_op(e, unit, "vmr_call_watch_after");
}
