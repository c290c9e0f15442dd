/* kernel_scan.c: cumsum and cumprod along an axis. Rows of neighbours are added to the row before, a loop that vectorises;
 * along the last axis, LANES rows are summed side by side. Linear. */
#include "codegen/kernels.h"

enum { LANES = 4 };

typedef struct scan {
  vmo_emit_fold fold;
  const vmo_emit_array *from, *to;
  LLVMValueRef size, inner; /* of the axis; elements from one of it to the next */
  LLVMValueRef start;
  LLVMValueRef variables[LANES];
} scan;

/* ---- one element after the other ---- */

/* Scans that begin at (first + lane) * apart. */
static void scan_lanes(vmo_emitter *e, const scan *s, LLVMValueRef first, LLVMValueRef apart, uint32_t lanes) {
  vmo_emit_loop loop;
  for (uint32_t i = 0; i < lanes; i++) vmo_set_variable(e, s->variables[i], vmo_begin_fold(e, &s->fold));
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), s->size, false);
  LLVMValueRef along = vmo_multiply_i64(e, loop.index, s->inner);
  for (uint32_t i = 0; i < lanes; i++) {
    LLVMValueRef row = vmo_multiply_i64(e, vmo_add_i64(e, first, vmo_i64(e, i)), apart);
    LLVMValueRef at = vmo_add_i64(e, vmo_add_i64(e, s->start, row), along);
    LLVMValueRef value = vmo_get_variable(e, s->variables[i]);
    value = vmo_step_fold(e, &s->fold, value, vmo_load_element(e, s->from, at));
    vmo_set_variable(e, s->variables[i], value);
    vmo_store_element(e, s->to, at, vmo_end_fold(e, &s->fold, value, vmo_i64(e, 1)));
  }
  vmo_end_loop(e, &loop);
}

static void scan_rows(vmo_emitter *e, void *context, LLVMValueRef first, uint32_t lanes) {
  const scan *s = context;
  scan_lanes(e, s, first, s->size, lanes);
}

static void scan_columns(vmo_emitter *e, void *context, LLVMValueRef first, uint32_t lanes) {
  scan_lanes(e, context, first, vmo_i64(e, 1), lanes);
}

static void make_variables(vmo_emitter *e, scan *s) {
  LLVMTypeRef type = vmo_register_type(e, vmo_sum_precision(s->fold.element));
  for (uint32_t i = 0; i < LANES; i++) s->variables[i] = vmo_make_variable(e, type);
}

/* ---- row after row ---- */

/* Row `row` of the result from the row before it, or, of the first, from nothing. */
static void add_row(vmo_emitter *e, const scan *s, LLVMValueRef row, bool is_first) {
  vmo_emit_loop loop;
  LLVMValueRef start = vmo_add_i64(e, s->start, vmo_multiply_i64(e, row, s->inner));
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), s->inner, true);
  LLVMValueRef at = vmo_add_i64(e, start, loop.index);
  LLVMValueRef value =
      is_first ? vmo_begin_fold(e, &s->fold) : vmo_load_element(e, s->to, vmo_subtract_i64(e, at, s->inner));
  vmo_store_element(e, s->to, at, vmo_step_fold(e, &s->fold, value, vmo_load_element(e, s->from, at)));
  vmo_end_loop(e, &loop);
}

static void scan_whole_rows(vmo_emitter *e, const scan *s) {
  vmo_emit_branch branch;
  vmo_emit_loop loop;
  vmo_begin_if(e, &branch, LLVMBuildICmp(e->builder, LLVMIntSGT, s->size, vmo_i64(e, 0), ""));
  add_row(e, s, vmo_i64(e, 0), true);
  vmo_begin_loop(e, &loop, vmo_i64(e, 1), s->size, false);
  add_row(e, s, loop.index, false);
  vmo_end_loop(e, &loop);
  vmo_end_if(e, &branch);
}

/* ---- the op ---- */

void vmo_emit_scan(vmo_emitter *e, const vmo_emit_op *op) {
  scan s = {.from = &op->operands[0], .to = &op->results[0], .start = vmo_i64(e, 0)};
  uint32_t axis = vmo_emit_axis(e, op);
  bool is_row = s.from->rank == 0 || axis + 1 == s.from->rank;
  s.fold = (vmo_emit_fold){op->op->code == VMO_OP_cumprod ? VMO_EMIT_PRODUCT : VMO_EMIT_SUM, s.from->element};
  s.size = s.from->rank == 0 ? vmo_i64(e, 1) : s.from->sizes[axis];
  s.inner = is_row ? vmo_i64(e, 1) : vmo_count_axes(e, s.from, axis + 1, s.from->rank);
  LLVMValueRef outer = vmo_count_axes(e, s.from, 0, s.from->rank == 0 ? 0 : axis);
  make_variables(e, &s);
  if (is_row) {
    vmo_loop_in_lanes(e, outer, LANES, scan_rows, &s);
    return;
  }
  vmo_emit_loop loop;
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), outer, false);
  s.start = vmo_multiply_i64(e, loop.index, vmo_multiply_i64(e, s.size, s.inner));
  if (vmo_is_small_real(s.from->element))
    vmo_loop_in_lanes(e, s.inner, LANES, scan_columns, &s);
  else
    scan_whole_rows(e, &s);
  vmo_end_loop(e, &loop);
}
