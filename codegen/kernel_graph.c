/* kernel_graph.c: ops over graphs in compressed sparse row form: the neighbours of node i are col[row[i]] to
 * col[row[i+1] - 1], taken in that order; a segment is the same without col. The most frequent neighbour is the runtime's
 * (vmr_take_modes): its search is long, and has nothing in it that a compiler could make shorter by knowing the program.
 *
 * A row or column that leads outside ends the function. They are looked at for 128 nodes ahead: the least and the largest
 * column of so many are found by vector instructions, and the loop that then waits for the neighbours' numbers has no
 * branch in it, so that the processor fetches more of them at a time. Linear in nodes and edges. */
#include "codegen/compile.h"
#include "codegen/kernels.h"

#define BLOCK_NODES 128

typedef struct segments {
  vmo_emit_fold fold;
  const vmo_emit_array *row, *col, *x, *to; /* col: NULL for segments */
  LLVMValueRef width;                       /* features of a node */
  LLVMValueRef edges;
  /* while loops are open */
  LLVMValueRef node, first, end;
} segments;

static LLVMValueRef load_index(vmo_emitter *e, const vmo_emit_array *array, LLVMValueRef at) {
  LLVMValueRef index = vmo_load_element(e, array, at);
  return LLVMTypeOf(index) == e->i64 ? index : LLVMBuildSExt(e->builder, index, e->i64, "");
}

/* The edges [*first, *end) of a node: 0 <= first <= end <= limit; NULL: there is none. */
static void load_range(vmo_emitter *e, const vmo_emit_array *row, LLVMValueRef node, LLVMValueRef limit,
                       LLVMValueRef *first, LLVMValueRef *end) {
  LLVMBuilderRef b = e->builder;
  *first = load_index(e, row, node);
  *end = load_index(e, row, vmo_add_i64(e, node, vmo_i64(e, 1)));
  LLVMValueRef fine = LLVMBuildAnd(b, LLVMBuildICmp(b, LLVMIntSGE, *first, vmo_i64(e, 0), ""),
                                   LLVMBuildICmp(b, LLVMIntSLE, *first, *end, ""), "");
  if (limit != NULL) fine = LLVMBuildAnd(b, fine, LLVMBuildICmp(b, LLVMIntSLE, *end, limit, ""), "");
  vmo_require(e, fine, VMR_CALL_INDEX_OUTSIDE);
}

static void emit_degree(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *to = &op->results[0];
  vmo_emit_loop loop;
  LLVMValueRef first, end;
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), to->count, false);
  load_range(e, &op->operands[0], loop.index, NULL, &first, &end);
  LLVMValueRef degree = LLVMBuildSub(e->builder, end, first, "");
  vmo_store_element(e, to, loop.index, vmo_convert_number(e, VMO_I64, degree, to->element));
  vmo_end_loop(e, &loop);
}

/* ---- folds over edges ---- */

/* The row of x that an edge leads to, which was looked at. */
static LLVMValueRef row_of(vmo_emitter *e, const segments *s, LLVMValueRef edge) {
  return s->col != NULL ? load_index(e, s->col, edge) : edge;
}

/* What the edges came to; the mean of none is 0. */
static LLVMValueRef end_fold(vmo_emitter *e, const segments *s, LLVMValueRef value) {
  LLVMValueRef count = vmo_subtract_i64(e, s->end, s->first), result = vmo_end_fold(e, &s->fold, value, count);
  if (s->fold.kind != VMO_EMIT_MEAN) return result;
  LLVMValueRef none = LLVMBuildICmp(e->builder, LLVMIntEQ, count, vmo_i64(e, 0), "");
  return LLVMBuildSelect(e->builder, none, vmo_whole_number(e, s->fold.element, 0), result, "");
}

/* One feature, in a register. */
static void fold_feature(vmo_emitter *e, const segments *s, LLVMValueRef variable, LLVMValueRef feature) {
  vmo_emit_loop edges;
  vmo_set_variable(e, variable, vmo_begin_fold(e, &s->fold));
  vmo_begin_loop(e, &edges, s->first, s->end, false);
  LLVMValueRef at = vmo_add_i64(e, vmo_multiply_i64(e, row_of(e, s, edges.index), s->width), feature);
  LLVMValueRef value = vmo_step_fold(e, &s->fold, vmo_get_variable(e, variable), vmo_load_element(e, s->x, at));
  vmo_set_variable(e, variable, value);
  vmo_end_loop(e, &edges);
  LLVMValueRef to = vmo_add_i64(e, vmo_multiply_i64(e, s->node, s->width), feature);
  vmo_store_element(e, s->to, to, end_fold(e, s, vmo_get_variable(e, variable)));
}

static void fold_each_feature(vmo_emitter *e, const segments *s, LLVMValueRef variable) {
  vmo_emit_loop features;
  if (s->x->rank == 1) {
    fold_feature(e, s, variable, vmo_i64(e, 0));
    return;
  }
  vmo_begin_loop(e, &features, vmo_i64(e, 0), s->width, false);
  fold_feature(e, s, variable, features.index);
  vmo_end_loop(e, &features);
}

typedef enum row_step { ROW_BEGINS, ROW_GOES_ON, ROW_ENDS } row_step;

/* All features of the node at once, in the result's row: a loop that vectorises. */
static void step_row(vmo_emitter *e, const segments *s, row_step step, LLVMValueRef edge) {
  vmo_emit_loop features;
  LLVMValueRef to = vmo_multiply_i64(e, s->node, s->width), from = NULL, value;
  if (step == ROW_GOES_ON) from = vmo_multiply_i64(e, row_of(e, s, edge), s->width);
  vmo_begin_loop(e, &features, vmo_i64(e, 0), s->width, true);
  LLVMValueRef at = vmo_add_i64(e, to, features.index);
  if (step == ROW_BEGINS) {
    value = vmo_begin_fold(e, &s->fold);
  } else if (step == ROW_ENDS) {
    value = end_fold(e, s, vmo_load_element(e, s->to, at));
  } else {
    LLVMValueRef number = vmo_load_element(e, s->x, vmo_add_i64(e, from, features.index));
    value = vmo_step_fold(e, &s->fold, vmo_load_element(e, s->to, at), number);
  }
  vmo_store_element(e, s->to, at, value);
  vmo_end_loop(e, &features);
}

/* Without features no edge is looked at, as in the reference engine. */
static void fold_all_features(vmo_emitter *e, const segments *s) {
  vmo_emit_loop edges;
  LLVMValueRef some = LLVMBuildICmp(e->builder, LLVMIntSGT, s->width, vmo_i64(e, 0), "");
  step_row(e, s, ROW_BEGINS, NULL);
  vmo_begin_loop(e, &edges, s->first, LLVMBuildSelect(e->builder, some, s->end, s->first, ""), false);
  step_row(e, s, ROW_GOES_ON, edges.index);
  vmo_end_loop(e, &edges);
  if (vmo_fold_has_end(&s->fold)) step_row(e, s, ROW_ENDS, NULL);
}

static void keep_if(vmo_emitter *e, LLVMIntPredicate is_better, LLVMValueRef variable, LLVMValueRef number) {
  LLVMValueRef kept = vmo_get_variable(e, variable), better = LLVMBuildICmp(e->builder, is_better, number, kept, "");
  vmo_set_variable(e, variable, LLVMBuildSelect(e->builder, better, number, kept, ""));
}

/* The columns of the edges [first, end) are rows of x; without features they are not looked at. */
static void require_columns(vmo_emitter *e, const segments *s, LLVMValueRef first, LLVMValueRef end) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef some = LLVMBuildICmp(b, LLVMIntSGT, s->width, vmo_i64(e, 0), "");
  end = LLVMBuildSelect(b, some, end, first, "");
  LLVMTypeRef type = vmo_register_type(e, s->col->element);
  LLVMValueRef least = vmo_make_variable(e, type), most = vmo_make_variable(e, type), zero = LLVMConstNull(type);
  vmo_set_variable(e, least, zero);
  vmo_set_variable(e, most, zero);
  vmo_emit_loop edges;
  vmo_begin_loop(e, &edges, first, end, false);
  LLVMValueRef column = vmo_load_element(e, s->col, edges.index);
  keep_if(e, LLVMIntSLT, least, column);
  keep_if(e, LLVMIntSGT, most, column);
  vmo_end_loop(e, &edges);
  LLVMValueRef last = LLVMBuildSExt(b, vmo_get_variable(e, most), e->i64, "");
  LLVMValueRef fine = LLVMBuildAnd(b, LLVMBuildICmp(b, LLVMIntSGE, vmo_get_variable(e, least), zero, ""),
                                   LLVMBuildICmp(b, LLVMIntSLT, last, s->x->sizes[0], ""), "");
  LLVMValueRef none = LLVMBuildICmp(b, LLVMIntEQ, first, end, "");
  vmo_require(e, LLVMBuildOr(b, none, fine, ""), VMR_CALL_INDEX_OUTSIDE);
}

/* The rows of the nodes [low, high), of which there are some, and their columns lead nowhere outside. */
static void require_block(vmo_emitter *e, const segments *s, LLVMValueRef low, LLVMValueRef high) {
  vmo_emit_loop nodes;
  LLVMValueRef first, end;
  vmo_begin_loop(e, &nodes, low, high, false);
  load_range(e, s->row, nodes.index, s->edges, &first, &end);
  vmo_end_loop(e, &nodes);
  if (s->col != NULL) require_columns(e, s, load_index(e, s->row, low), load_index(e, s->row, high));
}

static void fold_block(vmo_emitter *e, segments *s, LLVMValueRef low, LLVMValueRef high, LLVMValueRef variable) {
  vmo_emit_loop nodes;
  vmo_begin_loop(e, &nodes, low, high, false);
  s->node = nodes.index;
  s->first = load_index(e, s->row, s->node);
  s->end = load_index(e, s->row, vmo_add_i64(e, s->node, vmo_i64(e, 1)));
  if (s->x->rank == 1 || vmo_is_small_real(s->x->element))
    fold_each_feature(e, s, variable);
  else
    fold_all_features(e, s);
  vmo_end_loop(e, &nodes);
}

static void fold_segments(vmo_emitter *e, segments *s) {
  vmo_emit_loop blocks;
  LLVMBuilderRef b = e->builder;
  LLVMValueRef variable = vmo_make_variable(e, vmo_register_type(e, vmo_sum_precision(s->fold.element)));
  LLVMValueRef count = s->to->sizes[0], size = vmo_i64(e, BLOCK_NODES);
  s->width = vmo_count_axes(e, s->x, 1, s->x->rank);
  LLVMValueRef last = LLVMBuildUDiv(b, vmo_add_i64(e, count, vmo_i64(e, BLOCK_NODES - 1)), size, "");
  vmo_begin_loop(e, &blocks, vmo_i64(e, 0), last, false);
  LLVMValueRef low = vmo_multiply_i64(e, blocks.index, size), high = vmo_add_i64(e, low, size);
  high = LLVMBuildSelect(b, LLVMBuildICmp(b, LLVMIntSLT, high, count, ""), high, count, "");
  require_block(e, s, low, high);
  fold_block(e, s, low, high, variable);
  vmo_end_loop(e, &blocks);
}

static vmo_emit_fold_kind fold_kind(vmo_opcode code) {
  switch (code) {
  case VMO_OP_neighbor_mean:
  case VMO_OP_segment_mean: return VMO_EMIT_MEAN;
  case VMO_OP_neighbor_min:
  case VMO_OP_segment_min: return VMO_EMIT_LEAST;
  case VMO_OP_neighbor_max:
  case VMO_OP_segment_max: return VMO_EMIT_MOST;
  default: return VMO_EMIT_SUM;
  }
}

/* ---- the most frequent neighbour ---- */

static LLVMValueRef number_of(const vmo_emitter *e, uint32_t number) { return LLVMConstInt(e->i32, number, false); }

/* `x` is read and the result written node after node; they may be one array. */
static void take_modes(vmo_emitter *e, const vmo_emit_array *row, const vmo_emit_array *col, const vmo_emit_array *x,
                       const vmo_emit_array *to) {
  LLVMTypeRef types[9] = {e->pointer, e->i32, e->pointer, e->i32, e->i64, e->pointer, e->pointer, e->i32, e->i64};
  LLVMValueRef arguments[9] = {vmo_array_pointer(e, row),
                               number_of(e, (uint32_t)vmo_element_bytes(row->element)),
                               vmo_array_pointer(e, col),
                               number_of(e, (uint32_t)vmo_element_bytes(col->element)),
                               col->count,
                               vmo_array_pointer(e, x),
                               to->pointer,
                               number_of(e, to->element),
                               to->count};
  LLVMValueRef status = vmo_call_external(e, "vmr_take_modes", e->i32, types, arguments, 9);
  vmo_drop_blocks(e);
  vmo_require_status(e, status, true);
}

void vmo_emit_neighbors(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *in = op->operands, *to = &op->results[0];
  if (op->op->code == VMO_OP_label_propagate) {
    vmo_begin_destination(e, op);
    take_modes(e, &in[1], &in[2], to, to);
  } else if (op->op->code == VMO_OP_neighbor_mode) {
    take_modes(e, &in[0], &in[1], &in[2], to);
  } else {
    segments s = {.row = &in[0], .col = &in[1], .x = &in[2], .to = to};
    s.fold = (vmo_emit_fold){fold_kind((vmo_opcode)op->op->code), in[2].element};
    s.edges = in[1].count;
    fold_segments(e, &s);
  }
}

void vmo_emit_segments(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *in = op->operands;
  if (op->op->code == VMO_OP_degree) {
    emit_degree(e, op);
    return;
  }
  segments s = {.row = &in[0], .x = &in[1], .to = &op->results[0]};
  s.fold = (vmo_emit_fold){fold_kind((vmo_opcode)op->op->code), in[1].element};
  s.edges = in[1].sizes[0];
  fold_segments(e, &s);
}
