/* kernel_reduce.c: reductions over some axes of an array.
 *
 * Neighbouring axes that all go, or all stay, are one group. Each result is folded over what goes in row-major order, as
 * the reference engine does; which results are computed at a time is free:
 *
 *   the last group goes      LANES results side by side, each with its own sum in a register
 *   the last group stays     the results of PIECE neighbours stand in the cache; row after row is added to them, a loop
 *                            that vectorises; FEW rows at a time, so that the results are read and written less often
 *
 * f16 and bf16, whose sums are kept in f32, always go the first way. Linear. */
#include "codegen/kernels.h"

enum { LANES = 8, FEW = 4, PIECE = 1024 };

typedef struct axis_group {
  LLVMValueRef count;
  LLVMValueRef stride; /* in the operand */
  LLVMValueRef to;     /* in the result; of groups that stay */
  bool goes;
} axis_group;

typedef struct reduction {
  vmo_emit_fold fold;
  const vmo_emit_array *from, *to;
  uint32_t count;
  axis_group groups[VMO_MAX_RANK];
  LLVMValueRef length; /* how many numbers a result is made of */
  /* while loops are open */
  vmo_emit_loop loops[VMO_MAX_RANK];
  uint32_t depth;
  LLVMValueRef from_at, to_at;
  LLVMValueRef first, end;       /* of a piece */
  LLVMValueRef variables[LANES]; /* the sums */
  const axis_group *kept;        /* the group whose results are computed side by side; NULL: there is one result */
} reduction;

/* ---- axes ---- */

static void add_axis(vmo_emitter *e, reduction *r, uint32_t axis, bool goes) {
  LLVMValueRef size = r->from->sizes[axis];
  axis_group *last = r->count > 0 ? &r->groups[r->count - 1] : NULL;
  if (last != NULL && (last->goes == goes || vmo_is_size(e, r->from->shape[axis], 1)))
    last->count = vmo_multiply_i64(e, last->count, size);
  else
    r->groups[r->count++] = (axis_group){.count = size, .goes = goes};
}

static void find_groups(vmo_emitter *e, reduction *r, uint64_t reduced) {
  LLVMValueRef from = vmo_i64(e, 1), to = vmo_i64(e, 1);
  for (uint32_t i = 0; i < r->from->rank; i++) add_axis(e, r, i, reduced >> i & 1);
  r->length = vmo_i64(e, 1);
  for (uint32_t i = r->count; i-- > 0;) {
    axis_group *group = &r->groups[i];
    group->stride = from;
    from = vmo_multiply_i64(e, from, group->count);
    if (group->goes) {
      r->length = vmo_multiply_i64(e, r->length, group->count);
    } else {
      group->to = to;
      to = vmo_multiply_i64(e, to, group->count);
    }
  }
}

static LLVMValueRef at_group(vmo_emitter *e, LLVMValueRef start, LLVMValueRef index, LLVMValueRef stride) {
  return vmo_add_i64(e, start, vmo_multiply_i64(e, index, stride));
}

static void open_group(vmo_emitter *e, reduction *r, const axis_group *group) {
  vmo_emit_loop *loop = &r->loops[r->depth++];
  vmo_begin_loop(e, loop, vmo_i64(e, 0), group->count, false);
  r->from_at = at_group(e, r->from_at, loop->index, group->stride);
  if (!group->goes) r->to_at = at_group(e, r->to_at, loop->index, group->to);
}

static void close_groups(vmo_emitter *e, reduction *r, uint32_t depth) {
  while (r->depth > depth) vmo_end_loop(e, &r->loops[--r->depth]);
}

/* Loops over all groups that stay, but for r->kept. */
static void open_kept(vmo_emitter *e, reduction *r) {
  r->from_at = r->to_at = vmo_i64(e, 0);
  for (uint32_t i = 0; i < r->count; i++)
    if (!r->groups[i].goes && &r->groups[i] != r->kept) open_group(e, r, &r->groups[i]);
}

/* ---- results in registers ---- */

static LLVMValueRef kept_at(vmo_emitter *e, const reduction *r, LLVMValueRef start, LLVMValueRef first, uint32_t lane,
                            bool in_result) {
  if (r->kept == NULL) return start;
  LLVMValueRef index = vmo_add_i64(e, first, vmo_i64(e, lane));
  return at_group(e, start, index, in_result ? r->kept->to : r->kept->stride);
}

static void fold_lanes(vmo_emitter *e, void *context, LLVMValueRef first, uint32_t lanes) {
  reduction *r = context;
  uint32_t depth = r->depth;
  LLVMValueRef from_at = r->from_at;
  for (uint32_t i = 0; i < lanes; i++) vmo_set_variable(e, r->variables[i], vmo_begin_fold(e, &r->fold));
  for (uint32_t i = 0; i < r->count; i++)
    if (r->groups[i].goes) open_group(e, r, &r->groups[i]);
  for (uint32_t i = 0; i < lanes; i++) {
    LLVMValueRef number = vmo_load_element(e, r->from, kept_at(e, r, r->from_at, first, i, false));
    LLVMValueRef value = vmo_get_variable(e, r->variables[i]);
    vmo_set_variable(e, r->variables[i], vmo_step_fold(e, &r->fold, value, number));
  }
  close_groups(e, r, depth);
  r->from_at = from_at;
  for (uint32_t i = 0; i < lanes; i++) {
    LLVMValueRef value = vmo_end_fold(e, &r->fold, vmo_get_variable(e, r->variables[i]), r->length);
    vmo_store_element(e, r->to, kept_at(e, r, r->to_at, first, i, true), value);
  }
}

static void fold_in_registers(vmo_emitter *e, reduction *r) {
  LLVMTypeRef type = vmo_register_type(e, vmo_sum_precision(r->fold.element));
  for (uint32_t i = 0; i < LANES; i++) r->variables[i] = vmo_make_variable(e, type);
  open_kept(e, r);
  if (r->kept == NULL)
    fold_lanes(e, r, vmo_i64(e, 0), 1);
  else
    vmo_loop_in_lanes(e, r->kept->count, LANES, fold_lanes, r);
  close_groups(e, r, 0);
}

/* ---- results in memory ---- */

/* `rows` neighbours along the innermost group that goes, from `first` on, to a piece of the results. */
static void fold_rows(vmo_emitter *e, void *context, LLVMValueRef first, uint32_t rows) {
  reduction *r = context;
  const axis_group *inner = &r->groups[r->count - 2];
  vmo_emit_loop loop;
  LLVMValueRef from_at = at_group(e, r->from_at, first, inner->stride);
  vmo_begin_loop(e, &loop, r->first, r->end, true);
  LLVMValueRef to = vmo_add_i64(e, r->to_at, loop.index), value = vmo_load_element(e, r->to, to);
  for (uint32_t i = 0; i < rows; i++) {
    LLVMValueRef from =
        vmo_add_i64(e, vmo_add_i64(e, from_at, loop.index), vmo_multiply_i64(e, inner->stride, vmo_i64(e, i)));
    value = vmo_step_fold(e, &r->fold, value, vmo_load_element(e, r->from, from));
  }
  vmo_store_element(e, r->to, to, value);
  vmo_end_loop(e, &loop);
}

static void fill_piece(vmo_emitter *e, reduction *r, bool end) {
  vmo_emit_loop loop;
  vmo_begin_loop(e, &loop, r->first, r->end, true);
  LLVMValueRef to = vmo_add_i64(e, r->to_at, loop.index);
  LLVMValueRef value =
      end ? vmo_end_fold(e, &r->fold, vmo_load_element(e, r->to, to), r->length) : vmo_begin_fold(e, &r->fold);
  vmo_store_element(e, r->to, to, value);
  vmo_end_loop(e, &loop);
}

static void fold_in_memory(vmo_emitter *e, reduction *r) {
  vmo_emit_loop pieces;
  open_kept(e, r);
  vmo_begin_pieces(e, &pieces, r->kept->count, PIECE, &r->first, &r->end);
  fill_piece(e, r, false);
  uint32_t depth = r->depth;
  LLVMValueRef from_at = r->from_at;
  for (uint32_t i = 0; i + 2 < r->count; i++)
    if (r->groups[i].goes) open_group(e, r, &r->groups[i]);
  vmo_loop_in_lanes(e, r->groups[r->count - 2].count, FEW, fold_rows, r);
  close_groups(e, r, depth);
  r->from_at = from_at;
  if (vmo_fold_has_end(&r->fold)) fill_piece(e, r, true);
  vmo_end_loop(e, &pieces);
  close_groups(e, r, 0);
}

/* ---- where the extreme one is ---- */

/* Whether `number` takes the place of `best`: NaN is more extreme than any number, and the first of equals stays. */
LLVMValueRef vmo_is_better(vmo_emitter *e, vmo_opcode code, vmo_element element, LLVMValueRef number,
                           LLVMValueRef best) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef better =
      code == VMO_OP_argmax ? vmo_is_less(e, element, best, number) : vmo_is_less(e, element, number, best);
  if (!vmo_element_is_float(element)) return better;
  LLVMValueRef is_nan = vmo_is_nan(e, element, number), was_nan = vmo_is_nan(e, element, best);
  LLVMValueRef first_nan = LLVMBuildAnd(b, is_nan, LLVMBuildNot(b, was_nan, ""), "");
  return LLVMBuildOr(b, better, first_nan, "");
}

static void find_extremes(vmo_emitter *e, reduction *r, vmo_opcode code) {
  vmo_element element = r->from->element;
  LLVMBuilderRef b = e->builder;
  LLVMValueRef best = vmo_make_variable(e, vmo_register_type(e, element)), where = vmo_make_variable(e, e->i64);
  const axis_group *searched = NULL;
  r->kept = NULL;
  open_kept(e, r);
  vmo_set_variable(e, where, vmo_i64(e, 0));
  for (uint32_t i = 0; i < r->count; i++)
    if (r->groups[i].goes) searched = &r->groups[i];
  if (searched != NULL) {
    vmo_emit_loop loop;
    vmo_set_variable(e, best, vmo_whole_number(e, element, 0));
    vmo_begin_loop(e, &loop, vmo_i64(e, 0), searched->count, false);
    LLVMValueRef number = vmo_load_element(e, r->from, at_group(e, r->from_at, loop.index, searched->stride));
    LLVMValueRef is_first = LLVMBuildICmp(b, LLVMIntEQ, loop.index, vmo_i64(e, 0), "");
    LLVMValueRef old = vmo_get_variable(e, best);
    LLVMValueRef take = LLVMBuildOr(b, is_first, vmo_is_better(e, code, element, number, old), "");
    vmo_set_variable(e, best, LLVMBuildSelect(b, take, number, old, ""));
    vmo_set_variable(e, where, LLVMBuildSelect(b, take, loop.index, vmo_get_variable(e, where), ""));
    vmo_end_loop(e, &loop);
  }
  vmo_store_element(e, r->to, r->to_at, vmo_get_variable(e, where));
  close_groups(e, r, 0);
}

/* ---- the op ---- */

vmo_emit_fold_kind vmo_find_fold_kind(vmo_opcode code) {
  switch (code) {
  case VMO_OP_prod: return VMO_EMIT_PRODUCT;
  case VMO_OP_mean: return VMO_EMIT_MEAN;
  case VMO_OP_reduce_min:
  case VMO_OP_all: return VMO_EMIT_LEAST;
  case VMO_OP_reduce_max:
  case VMO_OP_any: return VMO_EMIT_MOST;
  case VMO_OP_norm: return VMO_EMIT_SQUARES;
  default: return VMO_EMIT_SUM;
  }
}

void vmo_emit_reduce(vmo_emitter *e, const vmo_emit_op *op) {
  vmo_opcode code = (vmo_opcode)op->op->code;
  reduction *r = vmo_emit_alloc(e, 1, sizeof *r);
  if (r == NULL) return;
  r->from = &op->operands[0];
  r->to = &op->results[0];
  r->fold = (vmo_emit_fold){vmo_find_fold_kind(code), r->from->element};
  find_groups(e, r, vmo_op_reduced_axes(e->module, e->function, op->op, r->from->rank));
  if (code == VMO_OP_argmin || code == VMO_OP_argmax) {
    find_extremes(e, r, code);
    return;
  }
  for (uint32_t i = 0; i < r->count; i++)
    if (!r->groups[i].goes) r->kept = &r->groups[i];
  bool last_stays = r->count > 1 && !r->groups[r->count - 1].goes;
  if (last_stays && !vmo_is_small_real(r->from->element) && r->to->element != VMO_BOOL)
    fold_in_memory(e, r);
  else
    fold_in_registers(e, r);
}
