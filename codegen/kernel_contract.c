/* kernel_contract.c: dot, matmul, batch_matmul, outer: sums of products, k after k; each product and each sum is rounded.
 *
 * Every element of a product has one order of its sum, so bits are those of the reference engine's whatever is computed at
 * a time. With rows of y in the inner loop (i-k-j), ROWS rows of x and DEPTH of k are taken together:
 *
 *   z[i..i+1, j] = (((z + x[i, k] y[k, j]) + x[i, k+1] y[k+1, j]) + ...)       for j of a piece of COLUMNS
 *
 * which vectorises over j, loads y once for both rows and z once for four k. The piece of z stays in the first cache, and
 * one of y, COLUMNS by PANEL, in the second. Where y is given as its transpose, or the sum cannot be kept in z (f16 and bf16
 * are summed in f32), LANES elements of a row are summed side by side in registers. With vmo_code_options.blas, large
 * products of f32 and f64 call CBLAS. O(M N K). */
#include "codegen/kernels.h"

enum { ROWS = 2, DEPTH = 4, COLUMNS = 512, PANEL = 128, LANES = 8 };

/* Element (i, j) of the factor is at `start` + i * down + j * across. */
typedef struct factor {
  const vmo_emit_array *array;
  LLVMValueRef start, down, across;
} factor;

typedef struct product {
  vmo_element element, sum;
  factor x, y, z;
  LLVMValueRef m, k, n;
  /* while loops are open */
  LLVMValueRef first[2], end[2]; /* of pieces of columns, and of k */
  LLVMValueRef row;
  uint32_t rows;
  LLVMValueRef variables[LANES];
} product;

static LLVMValueRef place(vmo_emitter *e, const factor *f, LLVMValueRef i, LLVMValueRef j) {
  LLVMValueRef at = vmo_add_i64(e, vmo_multiply_i64(e, i, f->down), vmo_multiply_i64(e, j, f->across));
  return vmo_add_i64(e, f->start, at);
}

static LLVMValueRef load(vmo_emitter *e, const factor *f, LLVMValueRef i, LLVMValueRef j) {
  return vmo_load_element(e, f->array, place(e, f, i, j));
}

static LLVMValueRef next(vmo_emitter *e, LLVMValueRef index, uint32_t by) {
  return vmo_add_i64(e, index, vmo_i64(e, by));
}

/* ---- rows at a time ---- */

/* p->rows rows of z from p->row on, and `depth` of k from `k` on. */
static void add_products(vmo_emitter *e, void *context, LLVMValueRef k, uint32_t depth) {
  product *p = context;
  LLVMValueRef x[ROWS][DEPTH];
  vmo_emit_loop loop;
  k = vmo_add_i64(e, k, p->first[1]);
  for (uint32_t i = 0; i < p->rows; i++)
    for (uint32_t d = 0; d < depth; d++) x[i][d] = load(e, &p->x, next(e, p->row, i), next(e, k, d));
  vmo_begin_loop(e, &loop, p->first[0], p->end[0], true);
  LLVMValueRef y[DEPTH];
  for (uint32_t d = 0; d < depth; d++) y[d] = load(e, &p->y, next(e, k, d), loop.index);
  for (uint32_t i = 0; i < p->rows; i++) {
    LLVMValueRef at = place(e, &p->z, next(e, p->row, i), loop.index);
    LLVMValueRef sum = vmo_load_element(e, p->z.array, at);
    for (uint32_t d = 0; d < depth; d++)
      sum = vmo_emit_add(e, p->sum, sum, vmo_emit_multiply(e, p->sum, x[i][d], y[d]));
    vmo_store_element(e, p->z.array, at, sum);
  }
  vmo_end_loop(e, &loop);
}

static void clear_row(vmo_emitter *e, const product *p, LLVMValueRef row) {
  vmo_emit_loop loop;
  vmo_begin_loop(e, &loop, p->first[0], p->end[0], true);
  vmo_store_element(e, p->z.array, place(e, &p->z, row, loop.index), vmo_whole_number(e, p->element, 0));
  vmo_end_loop(e, &loop);
}

static void multiply_rows(vmo_emitter *e, void *context, LLVMValueRef row, uint32_t rows) {
  product *p = context;
  p->row = row;
  p->rows = rows;
  vmo_loop_in_lanes(e, vmo_subtract_i64(e, p->end[1], p->first[1]), DEPTH, add_products, p);
}

static void multiply_by_rows(vmo_emitter *e, product *p) {
  vmo_emit_loop columns, panels, rows;
  vmo_begin_pieces(e, &columns, p->n, COLUMNS, &p->first[0], &p->end[0]);
  vmo_begin_loop(e, &rows, vmo_i64(e, 0), p->m, false);
  clear_row(e, p, rows.index);
  vmo_end_loop(e, &rows);
  vmo_begin_pieces(e, &panels, p->k, PANEL, &p->first[1], &p->end[1]);
  vmo_loop_in_lanes(e, p->m, ROWS, multiply_rows, p);
  vmo_end_loop(e, &panels);
  vmo_end_loop(e, &columns);
}

/* ---- elements at a time ---- */

static void sum_products(vmo_emitter *e, void *context, LLVMValueRef column, uint32_t lanes) {
  product *p = context;
  vmo_emit_loop loop;
  for (uint32_t i = 0; i < lanes; i++) vmo_set_variable(e, p->variables[i], vmo_whole_number(e, p->sum, 0));
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), p->k, false);
  LLVMValueRef x = load(e, &p->x, p->row, loop.index);
  for (uint32_t i = 0; i < lanes; i++) {
    LLVMValueRef y = load(e, &p->y, loop.index, next(e, column, i));
    LLVMValueRef sum = vmo_get_variable(e, p->variables[i]);
    vmo_set_variable(e, p->variables[i], vmo_emit_add(e, p->sum, sum, vmo_emit_multiply(e, p->sum, x, y)));
  }
  vmo_end_loop(e, &loop);
  for (uint32_t i = 0; i < lanes; i++) {
    LLVMValueRef sum = vmo_get_variable(e, p->variables[i]);
    if (vmo_element_is_float(p->element)) sum = vmo_round_real(e, p->element, sum);
    vmo_store_element(e, p->z.array, place(e, &p->z, p->row, next(e, column, i)), sum);
  }
}

static void multiply_by_elements(vmo_emitter *e, product *p) {
  vmo_emit_loop rows;
  for (uint32_t i = 0; i < LANES; i++) p->variables[i] = vmo_make_variable(e, vmo_register_type(e, p->sum));
  vmo_begin_loop(e, &rows, vmo_i64(e, 0), p->m, false);
  p->row = rows.index;
  vmo_loop_in_lanes(e, p->n, LANES, sum_products, p);
  vmo_end_loop(e, &rows);
}

/* ---- the ops ---- */

static bool is_one(LLVMValueRef number) { return LLVMIsAConstantInt(number) && LLVMConstIntGetSExtValue(number) == 1; }

static void multiply(vmo_emitter *e, product *p) {
  bool by_elements = vmo_is_small_real(p->element) || !is_one(p->y.across) || is_one(p->n);
  if (by_elements)
    multiply_by_elements(e, p);
  else
    multiply_by_rows(e, p);
}

static factor make_factor(vmo_emitter *e, const vmo_emit_array *array, bool transposed) {
  LLVMValueRef one = vmo_i64(e, 1), columns = array->sizes[array->rank - 1];
  return (factor){array, vmo_i64(e, 0), transposed ? one : columns, transposed ? columns : one};
}

/* A vector as a column (of x) or a row (of y). */
static factor make_vector(vmo_emitter *e, const vmo_emit_array *array) {
  return (factor){array, vmo_i64(e, 0), vmo_i64(e, 1), vmo_i64(e, 1)};
}

static void emit_dot(vmo_emitter *e, product *p) {
  p->x = make_vector(e, p->x.array);
  p->y = make_vector(e, p->y.array);
  p->m = p->n = vmo_i64(e, 1);
  p->k = p->x.array->count;
  multiply_by_elements(e, p);
}

static void emit_outer(vmo_emitter *e, product *p) {
  vmo_emit_loop rows, columns;
  LLVMValueRef zero = vmo_whole_number(e, p->sum, 0);
  p->n = p->y.array->count;
  vmo_begin_loop(e, &rows, vmo_i64(e, 0), p->x.array->count, false);
  LLVMValueRef x = vmo_load_element(e, p->x.array, rows.index), start = vmo_multiply_i64(e, rows.index, p->n);
  vmo_begin_loop(e, &columns, vmo_i64(e, 0), p->n, true);
  LLVMValueRef number = vmo_emit_multiply(e, p->sum, x, vmo_load_element(e, p->y.array, columns.index));
  number = vmo_emit_add(e, p->sum, zero, number); /* a sum of one product: -0 is 0 */
  if (vmo_element_is_float(p->element)) number = vmo_round_real(e, p->element, number);
  vmo_store_element(e, p->z.array, vmo_add_i64(e, start, columns.index), number);
  vmo_end_loop(e, &columns);
  vmo_end_loop(e, &rows);
}

/* Through CBLAS where the options and the sizes are such. */
static void multiply_somehow(vmo_emitter *e, product *p, const vmo_emit_product *whole) {
  vmo_emit_branch branch;
  if (!vmo_can_use_blas(e, whole)) {
    multiply(e, p);
    return;
  }
  vmo_begin_if(e, &branch, vmo_is_for_blas(e, whole));
  vmo_emit_blas(e, whole);
  vmo_begin_else(e, &branch);
  multiply(e, p);
  vmo_end_if(e, &branch);
}

static void emit_matmul(vmo_emitter *e, const vmo_emit_op *op, product *p) {
  bool transpose_x = vmo_attribute_integer(e, op->op, "transpose_x", 0, 0) != 0;
  bool transpose_y = vmo_attribute_integer(e, op->op, "transpose_y", 0, 0) != 0;
  const vmo_emit_array *x = &op->operands[0], *z = &op->results[0];
  vmo_emit_loop batches;
  p->x = make_factor(e, x, transpose_x);
  p->y = make_factor(e, &op->operands[1], transpose_y);
  p->z = make_factor(e, z, false);
  p->m = z->sizes[z->rank - 2];
  p->n = z->sizes[z->rank - 1];
  p->k = x->sizes[x->rank - (transpose_x ? 2 : 1)];
  vmo_begin_loop(e, &batches, vmo_i64(e, 0), vmo_count_axes(e, z, 0, z->rank - 2), false);
  p->x.start = vmo_multiply_i64(e, batches.index, vmo_multiply_i64(e, p->m, p->k));
  p->y.start = vmo_multiply_i64(e, batches.index, vmo_multiply_i64(e, p->k, p->n));
  p->z.start = vmo_multiply_i64(e, batches.index, vmo_multiply_i64(e, p->m, p->n));
  vmo_emit_product whole = {p->element, x,    &op->operands[1], z,          p->x.start, p->y.start, p->z.start, p->m,
                            p->n,       p->k, transpose_x,      transpose_y};
  multiply_somehow(e, p, &whole);
  vmo_end_loop(e, &batches);
}

void vmo_emit_contract(vmo_emitter *e, const vmo_emit_op *op) {
  product p = {.element = op->results[0].element};
  p.sum = vmo_sum_precision(p.element);
  p.x.array = &op->operands[0];
  p.y.array = &op->operands[1];
  p.z = (factor){&op->results[0], vmo_i64(e, 0), vmo_i64(e, 0), vmo_i64(e, 0)};
  if (op->op->code == VMO_OP_dot)
    emit_dot(e, &p);
  else if (op->op->code == VMO_OP_outer)
    emit_outer(e, &p);
  else
    emit_matmul(e, op, &p);
}
