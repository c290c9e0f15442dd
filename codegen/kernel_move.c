/* kernel_move.c: ops that move elements: copy, slice, split, concat, pad, broadcast, transpose; and reshape where it is no view.
 *
 * A move is a nest of axes, each with a size and a stride in either array. Neighbouring axes that both arrays run through
 * without a gap become one; when one axis with stride 1 is left, it is a memcpy. Where the inner axis of the result is not
 * the operand's (a transposition), the two are walked in tiles, so that either array's lines are used up while they are in
 * the cache. Linear. */
#include "codegen/kernels.h"

#define TILE 16

typedef struct move_axis {
  LLVMValueRef size;
  LLVMValueRef from, to; /* strides, in elements; from: NULL where the operand repeats */
  bool joins;            /* both arrays run on from the axis before */
} move_axis;

typedef struct move {
  vmo_emit_array from, to;
  LLVMValueRef from_start, to_start;
  uint32_t rank;
  move_axis axes[VMO_MAX_RANK];
} move;

static move begin_move(vmo_emitter *e, const vmo_emit_array *from, const vmo_emit_array *to) {
  move m = {.from = vmo_as_bits(from), .to = *to};
  if (from->scalar == NULL) m.to = vmo_as_bits(to);
  m.from_start = m.to_start = vmo_i64(e, 0);
  return m;
}

static bool is_number(LLVMValueRef value, int64_t number) {
  return value != NULL && LLVMIsAConstantInt(value) && LLVMConstIntGetSExtValue(value) == number;
}

/* One axis of those that join: sizes multiplied, strides of the last. */
static void join_axes(vmo_emitter *e, move *m) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < m->rank; i++) {
    if (i == 0 || !m->axes[i].joins) {
      m->axes[count++] = m->axes[i];
      continue;
    }
    move_axis *last = &m->axes[count - 1];
    last->size = is_number(last->size, 1) ? m->axes[i].size : vmo_multiply_i64(e, last->size, m->axes[i].size);
    last->from = m->axes[i].from;
    last->to = m->axes[i].to;
  }
  m->rank = count;
}

/* ---- loops ---- */

static LLVMValueRef advance(vmo_emitter *e, LLVMValueRef at, LLVMValueRef index, LLVMValueRef stride) {
  if (stride == NULL) return at;
  LLVMValueRef step = is_number(stride, 1) ? index : vmo_multiply_i64(e, index, stride);
  return is_number(at, 0) ? step : vmo_add_i64(e, at, step);
}

static void open_axis(vmo_emitter *e, move *m, const move_axis *a, vmo_emit_loop *loop, LLVMValueRef low,
                      LLVMValueRef high, bool parallel) {
  vmo_begin_loop(e, loop, low, high, parallel);
  m->from_start = advance(e, m->from_start, loop->index, a->from);
  m->to_start = advance(e, m->to_start, loop->index, a->to);
}

static void move_element(vmo_emitter *e, const move *m) {
  vmo_store_element(e, &m->to, m->to_start, vmo_load_element(e, &m->from, m->from_start));
}

/* Axes `outer` and `inner` in squares. */
static void move_tiles(vmo_emitter *e, move *m, const move_axis *outer, const move_axis *inner) {
  vmo_emit_loop loops[4];
  LLVMValueRef first[2], end[2];
  vmo_begin_pieces(e, &loops[0], outer->size, TILE, &first[0], &end[0]);
  vmo_begin_pieces(e, &loops[1], inner->size, TILE, &first[1], &end[1]);
  open_axis(e, m, outer, &loops[2], first[0], end[0], false);
  open_axis(e, m, inner, &loops[3], first[1], end[1], true);
  move_element(e, m);
  for (int i = 4; i-- > 0;) vmo_end_loop(e, &loops[i]);
}

/* The axis along which the operand is contiguous, when that is not the last one; else the rank. */
static uint32_t find_other_axis(const move *m) {
  if (m->rank < 2 || m->axes[m->rank - 1].from == NULL || is_number(m->axes[m->rank - 1].from, 1)) return m->rank;
  for (uint32_t i = 0; i + 1 < m->rank; i++)
    if (is_number(m->axes[i].from, 1)) return i;
  return m->rank;
}

static bool is_contiguous(const move *m, const move_axis *a) {
  return is_number(a->to, 1) && (is_number(a->from, 1) || m->from.scalar != NULL);
}

static void emit_move(vmo_emitter *e, move *m) {
  vmo_emit_loop loops[VMO_MAX_RANK];
  uint32_t depth = 0;
  join_axes(e, m);
  if (m->rank == 0) {
    move_element(e, m);
    return;
  }
  uint32_t other = find_other_axis(m), last = m->rank - 1;
  const move_axis *inner = &m->axes[last];
  for (uint32_t i = 0; i < last; i++)
    if (i != other && !is_number(m->axes[i].size, 1))
      open_axis(e, m, &m->axes[i], &loops[depth++], vmo_i64(e, 0), m->axes[i].size, false);
  if (other < m->rank) {
    move_tiles(e, m, &m->axes[other], inner);
  } else if (depth == 0 && is_contiguous(m, inner)) {
    vmo_copy_elements(e, &m->from, m->from_start, &m->to, m->to_start, inner->size);
  } else {
    vmo_emit_loop loop;
    open_axis(e, m, inner, &loop, vmo_i64(e, 0), inner->size, true);
    move_element(e, m);
    vmo_end_loop(e, &loop);
  }
  while (depth > 0) vmo_end_loop(e, &loops[--depth]);
}

/* ---- the ops ---- */

static void copy_whole(vmo_emitter *e, const vmo_emit_array *from, const vmo_emit_array *to) {
  move m = begin_move(e, from, to);
  m.rank = 1;
  m.axes[0] = (move_axis){to->count, vmo_i64(e, 1), vmo_i64(e, 1), false};
  emit_move(e, &m);
}

static void emit_slice(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *from = &op->operands[0], *to = &op->results[0];
  const LLVMValueRef *strides = vmo_array_strides(e, from), *own = vmo_array_strides(e, to);
  move m = begin_move(e, from, to);
  bool steps = false;
  m.rank = from->rank;
  for (uint32_t i = 0; i < from->rank && e->status == VMO_OK; i++) {
    vmo_cut cut = vmo_op_cut(e->module, e->function, op->op, i, from->shape[i]);
    LLVMValueRef stride = cut.step == 1 ? strides[i] : vmo_multiply_i64(e, strides[i], vmo_i64(e, cut.step));
    bool whole = vmo_is_size(e, cut.start, 0) && cut.step == 1 && to->shape[i] == from->shape[i];
    m.axes[i] = (move_axis){to->sizes[i], stride, own[i], whole && !steps};
    m.from_start = advance(e, m.from_start, vmo_emit_size(e, cut.start), strides[i]);
    steps = cut.step != 1;
  }
  emit_move(e, &m);
}

/* Rows of `row` elements, which stand apart by `from` and `to`. */
static void move_rows(vmo_emitter *e, move *m, LLVMValueRef rows, LLVMValueRef row, LLVMValueRef from,
                      LLVMValueRef to) {
  m->rank = 2;
  m->axes[0] = (move_axis){rows, from, to, false};
  m->axes[1] = (move_axis){row, vmo_i64(e, 1), vmo_i64(e, 1), false};
  emit_move(e, m);
}

static LLVMValueRef row_of(vmo_emitter *e, const vmo_emit_array *array, uint32_t axis) {
  return vmo_count_axes(e, array, axis, array->rank);
}

static void emit_split(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *from = &op->operands[0];
  uint32_t axis = (uint32_t)vmo_attribute_integer(e, op->op, "axis", 0, 0);
  LLVMValueRef rows = vmo_count_axes(e, from, 0, axis), whole = row_of(e, from, axis), start = vmo_i64(e, 0);
  for (uint32_t i = 0; i < op->result_count; i++) {
    move m = begin_move(e, from, &op->results[i]);
    LLVMValueRef row = row_of(e, &op->results[i], axis);
    m.from_start = start;
    start = vmo_add_i64(e, start, row);
    if (!op->results[i].is_view) move_rows(e, &m, rows, row, whole, row);
  }
}

static void emit_concat(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *to = &op->results[0];
  uint32_t axis = (uint32_t)vmo_attribute_integer(e, op->op, "axis", 0, 0);
  LLVMValueRef rows = vmo_count_axes(e, to, 0, axis), whole = row_of(e, to, axis), start = vmo_i64(e, 0);
  for (uint32_t i = 0; i < op->operand_count; i++) {
    move m = begin_move(e, &op->operands[i], to);
    LLVMValueRef row = row_of(e, &op->operands[i], axis);
    m.to_start = start;
    start = vmo_add_i64(e, start, row);
    move_rows(e, &m, rows, row, row, whole);
  }
}

static void emit_broadcast(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *from = &op->operands[0], *to = &op->results[0];
  const LLVMValueRef *strides = vmo_array_strides(e, from), *own = vmo_array_strides(e, to);
  move m = begin_move(e, from, to);
  uint32_t missing = to->rank - from->rank;
  m.rank = to->rank;
  for (uint32_t i = 0; i < to->rank && e->status == VMO_OK; i++) {
    bool repeats = i < missing || vmo_is_size(e, from->shape[i - missing], 1);
    m.axes[i] = (move_axis){to->sizes[i], repeats ? NULL : strides[i - missing], own[i], false};
    m.axes[i].joins = i > 0 && repeats == (m.axes[i - 1].from == NULL);
  }
  emit_move(e, &m);
}

static void emit_transpose(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *from = &op->operands[0], *to = &op->results[0];
  const LLVMValueRef *strides = vmo_array_strides(e, from), *own = vmo_array_strides(e, to);
  bool ordered = vmo_op_item_count(e->module, e->function, op->op, "order") > 0;
  move m = begin_move(e, from, to);
  int64_t last = -2;
  m.rank = to->rank;
  for (uint32_t i = 0; i < to->rank && e->status == VMO_OK; i++) {
    int64_t source = ordered ? vmo_attribute_integer(e, op->op, "order", i, 0) : (int64_t)(to->rank - 1 - i);
    m.axes[i] = (move_axis){to->sizes[i], strides[source], own[i], source == last + 1};
    last = source;
  }
  emit_move(e, &m);
}

/* ---- padding ---- */

/* The result in rows: its axes from `axis` on, behind which nothing is padded. Axes before it are loops. */
typedef struct padding {
  const vmo_emit_array *from, *to;
  LLVMValueRef value;
  uint32_t axis;
  LLVMValueRef low, middle, row; /* elements of a result's row: before the operand's, the operand's, all */
  LLVMValueRef inside;           /* i1: the row has some of the operand */
  LLVMValueRef from_at, to_at;
} padding;

static void fill_row(vmo_emitter *e, const padding *p, LLVMValueRef first, LLVMValueRef end) {
  vmo_emit_loop loop;
  vmo_begin_loop(e, &loop, first, end, true);
  vmo_store_element(e, p->to, vmo_add_i64(e, p->to_at, loop.index), p->value);
  vmo_end_loop(e, &loop);
}

static void pad_row(vmo_emitter *e, const padding *p) {
  vmo_emit_branch branch;
  vmo_emit_loop loop;
  vmo_begin_if(e, &branch, p->inside);
  LLVMValueRef end = vmo_add_i64(e, p->low, p->middle);
  fill_row(e, p, vmo_i64(e, 0), p->low);
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), p->middle, true);
  LLVMValueRef to_at = vmo_add_i64(e, vmo_add_i64(e, p->to_at, p->low), loop.index);
  vmo_store_element(e, p->to, to_at, vmo_load_element(e, p->from, vmo_add_i64(e, p->from_at, loop.index)));
  vmo_end_loop(e, &loop);
  fill_row(e, p, end, p->row);
  vmo_begin_else(e, &branch);
  fill_row(e, p, vmo_i64(e, 0), p->row);
  vmo_end_if(e, &branch);
}

static vmo_size_id padding_of(vmo_emitter *e, const vmo_emit_op *op, const char *name, uint32_t axis) {
  return vmo_op_size(e->module, e->function, op->op, name, axis, vmo_size_constant(e->module->sizes, 0));
}

static bool is_padded(vmo_emitter *e, const vmo_emit_op *op, uint32_t axis) {
  return !vmo_is_size(e, padding_of(e, op, "low", axis), 0) || !vmo_is_size(e, padding_of(e, op, "high", axis), 0);
}

static void enter_axis(vmo_emitter *e, const vmo_emit_op *op, padding *p, uint32_t axis, vmo_emit_loop *loop) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef low = vmo_emit_size(e, padding_of(e, op, "low", axis));
  vmo_begin_loop(e, loop, vmo_i64(e, 0), p->to->sizes[axis], false);
  LLVMValueRef at = vmo_subtract_i64(e, loop->index, low);
  LLVMValueRef inside = LLVMBuildICmp(b, LLVMIntULT, at, p->from->sizes[axis], "");
  LLVMValueRef before = p->from_at;
  p->inside = LLVMBuildAnd(b, p->inside, inside, "");
  p->from_at = vmo_add_i64(e, vmo_multiply_i64(e, before, p->from->sizes[axis]), at);
  p->to_at = vmo_add_i64(e, vmo_multiply_i64(e, p->to_at, p->to->sizes[axis]), loop->index);
}

static void emit_pad(vmo_emitter *e, const vmo_emit_op *op) {
  vmo_emit_loop loops[VMO_MAX_RANK];
  padding p = {&op->operands[0], &op->results[0], .inside = vmo_i1(e, true)};
  p.value = vmo_attribute_number(e, op->op, "value", 0, p.to->element, 0);
  p.axis = p.to->rank;
  while (p.axis > 0 && !is_padded(e, op, p.axis - 1)) p.axis--;
  if (p.axis == 0) {
    copy_whole(e, p.from, p.to);
    return;
  }
  p.axis--;
  LLVMValueRef inner = vmo_count_axes(e, p.to, p.axis + 1, p.to->rank);
  p.low = vmo_multiply_i64(e, vmo_emit_size(e, padding_of(e, op, "low", p.axis)), inner);
  p.middle = vmo_multiply_i64(e, p.from->sizes[p.axis], inner);
  p.row = vmo_multiply_i64(e, p.to->sizes[p.axis], inner);
  p.from_at = p.to_at = vmo_i64(e, 0);
  for (uint32_t i = 0; i < p.axis; i++) enter_axis(e, op, &p, i, &loops[i]);
  p.from_at = LLVMBuildMul(e->builder, p.from_at, p.middle, "");
  p.to_at = vmo_multiply_i64(e, p.to_at, p.row);
  pad_row(e, &p);
  for (uint32_t i = p.axis; i-- > 0;) vmo_end_loop(e, &loops[i]);
}

void vmo_emit_move(vmo_emitter *e, const vmo_emit_op *op) {
  switch (op->op->code) {
  case VMO_OP_slice: emit_slice(e, op); return;
  case VMO_OP_split: emit_split(e, op); return;
  case VMO_OP_concat: emit_concat(e, op); return;
  case VMO_OP_broadcast: emit_broadcast(e, op); return;
  case VMO_OP_transpose: emit_transpose(e, op); return;
  case VMO_OP_pad: emit_pad(e, op); return;
  default: copy_whole(e, &op->operands[0], &op->results[0]); return;
  }
}
