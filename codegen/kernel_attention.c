/* kernel_attention.c: attention: query after query, with a row of scores, f64, as the op's workspace.
 *
 *   scores[k] = scale q . k where k is seen; -inf where not          LANES keys side by side
 *   scores[k] = exp(scores[k] - the greatest); then divided by their sum
 *   z[i]      = the sum of scores[k] v[k, i]                         LANES elements side by side
 *
 * Every sum is in f64, in the order of the reference engine's. O(Q K D). */
#include <math.h>

#include "codegen/kernels.h"

enum { LANES = 4 };

typedef struct attention {
  const vmo_emit_array *q, *k, *v, *mask, *to; /* mask may be NULL */
  LLVMValueRef queries, keys, depth, width, scale, scores;
  bool causal;
  LLVMValueRef batch, query, row; /* while loops are open; row: batch * queries + query */
  LLVMValueRef variables[LANES], greatest, sum;
} attention;

static LLVMValueRef load_real(vmo_emitter *e, const vmo_emit_array *array, LLVMValueRef at) {
  return vmo_widen_real(e, array->element, vmo_load_element(e, array, at));
}

/* Element (row, column) of the batch in hand, rows of them being `rows` by `columns`. */
static LLVMValueRef place(vmo_emitter *e, LLVMValueRef batch, LLVMValueRef rows, LLVMValueRef row, LLVMValueRef columns,
                          LLVMValueRef column) {
  LLVMValueRef at = vmo_add_i64(e, vmo_multiply_i64(e, batch, rows), row);
  return vmo_add_i64(e, vmo_multiply_i64(e, at, columns), column);
}

static LLVMValueRef get_score(vmo_emitter *e, const attention *a, LLVMValueRef key) {
  return vmo_load_number(e, VMO_F64, a->scores, key);
}

static void put_score(vmo_emitter *e, const attention *a, LLVMValueRef key, LLVMValueRef score) {
  vmo_store_number(e, VMO_F64, a->scores, key, score);
}

static void add_to(vmo_emitter *e, LLVMValueRef variable, LLVMValueRef real) {
  vmo_set_variable(e, variable, LLVMBuildFAdd(e->builder, vmo_get_variable(e, variable), real, ""));
}

/* ---- scores ---- */

static LLVMValueRef hide(vmo_emitter *e, const attention *a, LLVMValueRef key, LLVMValueRef score) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef least = LLVMConstReal(e->f64, -INFINITY);
  if (a->causal) score = LLVMBuildSelect(b, LLVMBuildICmp(b, LLVMIntSLE, key, a->query, ""), score, least, "");
  if (a->mask == NULL) return score;
  LLVMValueRef at = vmo_add_i64(e, vmo_multiply_i64(e, a->query, a->keys), key);
  return LLVMBuildSelect(b, vmo_load_element(e, a->mask, at), score, least, "");
}

static void score_keys(vmo_emitter *e, void *context, LLVMValueRef first, uint32_t lanes) {
  const attention *a = context;
  LLVMBuilderRef b = e->builder;
  vmo_emit_loop loop;
  for (uint32_t i = 0; i < lanes; i++) vmo_set_variable(e, a->variables[i], LLVMConstReal(e->f64, 0));
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), a->depth, false);
  LLVMValueRef q = load_real(e, a->q, vmo_add_i64(e, vmo_multiply_i64(e, a->row, a->depth), loop.index));
  for (uint32_t i = 0; i < lanes; i++) {
    LLVMValueRef key = vmo_add_i64(e, first, vmo_i64(e, i));
    LLVMValueRef k = load_real(e, a->k, place(e, a->batch, a->keys, key, a->depth, loop.index));
    add_to(e, a->variables[i], LLVMBuildFMul(b, q, k, ""));
  }
  vmo_end_loop(e, &loop);
  for (uint32_t i = 0; i < lanes; i++) {
    LLVMValueRef key = vmo_add_i64(e, first, vmo_i64(e, i)), greatest = vmo_get_variable(e, a->greatest);
    LLVMValueRef score = LLVMBuildFMul(b, vmo_get_variable(e, a->variables[i]), a->scale, "");
    score = hide(e, a, key, score);
    put_score(e, a, key, score);
    LLVMValueRef above = LLVMBuildFCmp(b, LLVMRealOGT, score, greatest, "");
    vmo_set_variable(e, a->greatest, LLVMBuildSelect(b, above, score, greatest, ""));
  }
}

/* Scores become weights: 0 for what is not seen; all 0 when nothing is. */
static void weigh_keys(vmo_emitter *e, const attention *a) {
  LLVMBuilderRef b = e->builder;
  vmo_emit_loop loop;
  vmo_emit_branch branch;
  LLVMValueRef greatest = vmo_get_variable(e, a->greatest), zero = LLVMConstReal(e->f64, 0);
  vmo_set_variable(e, a->sum, zero);
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), a->keys, false);
  LLVMValueRef score = get_score(e, a, loop.index), away = LLVMBuildFSub(b, score, greatest, "");
  LLVMValueRef unseen = LLVMBuildFCmp(b, LLVMRealOEQ, score, LLVMConstReal(e->f64, -INFINITY), "");
  LLVMValueRef weight = LLVMBuildSelect(b, unseen, zero, vmo_call_libm(e, "exp", &away, 1), "");
  put_score(e, a, loop.index, weight);
  add_to(e, a->sum, weight);
  vmo_end_loop(e, &loop);
  LLVMValueRef sum = vmo_get_variable(e, a->sum);
  vmo_begin_if(e, &branch, LLVMBuildFCmp(b, LLVMRealOGT, sum, zero, ""));
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), a->keys, true);
  put_score(e, a, loop.index, LLVMBuildFDiv(b, get_score(e, a, loop.index), sum, ""));
  vmo_end_loop(e, &loop);
  vmo_end_if(e, &branch);
}

/* ---- values ---- */

static void sum_values(vmo_emitter *e, void *context, LLVMValueRef first, uint32_t lanes) {
  const attention *a = context;
  vmo_emit_loop loop;
  for (uint32_t i = 0; i < lanes; i++) vmo_set_variable(e, a->variables[i], LLVMConstReal(e->f64, 0));
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), a->keys, false);
  LLVMValueRef weight = get_score(e, a, loop.index);
  for (uint32_t i = 0; i < lanes; i++) {
    LLVMValueRef column = vmo_add_i64(e, first, vmo_i64(e, i));
    LLVMValueRef v = load_real(e, a->v, place(e, a->batch, a->keys, loop.index, a->width, column));
    add_to(e, a->variables[i], LLVMBuildFMul(e->builder, weight, v, ""));
  }
  vmo_end_loop(e, &loop);
  for (uint32_t i = 0; i < lanes; i++) {
    LLVMValueRef column = vmo_add_i64(e, first, vmo_i64(e, i));
    LLVMValueRef at = vmo_add_i64(e, vmo_multiply_i64(e, a->row, a->width), column);
    vmo_store_element(e, a->to, at, vmo_round_real(e, a->to->element, vmo_get_variable(e, a->variables[i])));
  }
}

static LLVMValueRef find_scale(vmo_emitter *e, const vmo_emit_op *op, LLVMValueRef depth) {
  if (vmo_op_attribute(e->module, e->function, op->op, "scale") != NULL)
    return LLVMConstReal(e->f64, vmo_attribute_real(e, op->op, "scale", 1));
  LLVMValueRef root = LLVMBuildSIToFP(e->builder, depth, e->f64, "");
  root = vmo_call_intrinsic(e, "llvm.sqrt", &root, 1);
  return LLVMBuildFDiv(e->builder, LLVMConstReal(e->f64, 1), root, "");
}

void vmo_emit_attention(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *in = op->operands;
  uint32_t rank = in[0].rank;
  attention a = {.q = &in[0], .k = &in[1], .v = &in[2], .to = &op->results[0]};
  if (op->operand_count > 3) a.mask = &in[3];
  a.queries = a.q->sizes[rank - 2];
  a.depth = a.q->sizes[rank - 1];
  a.keys = a.k->sizes[rank - 2];
  a.width = a.v->sizes[rank - 1];
  a.scale = find_scale(e, op, a.depth);
  a.causal = vmo_attribute_integer(e, op->op, "causal", 0, 0) != 0;
  a.scores = op->workspace != NULL ? op->workspace : LLVMConstNull(e->pointer); /* NULL: there are no keys */
  for (uint32_t i = 0; i < LANES; i++) a.variables[i] = vmo_make_variable(e, e->f64);
  a.greatest = vmo_make_variable(e, e->f64);
  a.sum = vmo_make_variable(e, e->f64);
  vmo_emit_loop batches, queries;
  vmo_begin_loop(e, &batches, vmo_i64(e, 0), vmo_count_axes(e, a.q, 0, rank - 2), false);
  vmo_begin_loop(e, &queries, vmo_i64(e, 0), a.queries, false);
  a.batch = batches.index;
  a.query = queries.index;
  a.row = vmo_add_i64(e, vmo_multiply_i64(e, a.batch, a.queries), a.query);
  vmo_set_variable(e, a.greatest, LLVMConstReal(e->f64, -INFINITY));
  vmo_loop_in_lanes(e, a.keys, LANES, score_keys, &a);
  weigh_keys(e, &a);
  vmo_loop_in_lanes(e, a.width, LANES, sum_values, &a);
  vmo_end_loop(e, &queries);
  vmo_end_loop(e, &batches);
}
