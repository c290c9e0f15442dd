/* fused_fold.c: reductions of elements that a fused op computes, one element at a time: as those of whole arrays are
 * (folds.c, kernel_reduce.c), in the same order and precision, so that results agree bit for bit. */
#include "codegen/fused.h"

bool vmo_is_search(const vmo_op *op) { return op->code == VMO_OP_argmin || op->code == VMO_OP_argmax; }

void vmo_begin_fused_fold(vmo_fused *f, vmo_fused_fold *state) {
  vmo_emitter *e = f->e;
  bool is_search = vmo_is_search(f->reduction);
  vmo_element element = f->space->element;
  LLVMTypeRef type = vmo_register_type(e, is_search ? element : vmo_sum_precision(element));
  state->value = vmo_make_variable(e, type);
  vmo_set_variable(e, state->value, is_search ? LLVMConstNull(type) : vmo_begin_fold(e, &f->fold));
  if (!is_search) return;
  state->place = vmo_make_variable(e, e->i64);
  state->seen = vmo_make_variable(e, e->i1);
  vmo_set_variable(e, state->place, vmo_i64(e, 0));
  vmo_set_variable(e, state->seen, vmo_i1(e, false));
}

void vmo_step_fused_fold(vmo_fused *f, const vmo_fused_fold *state, LLVMValueRef number, LLVMValueRef place) {
  vmo_emitter *e = f->e;
  LLVMValueRef value = vmo_get_variable(e, state->value);
  if (!vmo_is_search(f->reduction)) {
    vmo_set_variable(e, state->value, vmo_step_fold(e, &f->fold, value, number));
    return;
  }
  LLVMValueRef better = vmo_is_better(e, (vmo_opcode)f->reduction->code, f->space->element, number, value);
  LLVMValueRef unseen = LLVMBuildNot(e->builder, vmo_get_variable(e, state->seen), "");
  LLVMValueRef take = LLVMBuildOr(e->builder, unseen, better, "");
  LLVMValueRef last = vmo_get_variable(e, state->place);
  vmo_set_variable(e, state->value, LLVMBuildSelect(e->builder, take, number, value, ""));
  vmo_set_variable(e, state->place, LLVMBuildSelect(e->builder, take, place, last, ""));
  vmo_set_variable(e, state->seen, vmo_i1(e, true));
}

LLVMValueRef vmo_end_fused_fold(vmo_fused *f, const vmo_fused_fold *state, LLVMValueRef count) {
  if (vmo_is_search(f->reduction)) return vmo_get_variable(f->e, state->place);
  return vmo_end_fold(f->e, &f->fold, vmo_get_variable(f->e, state->value), count);
}
