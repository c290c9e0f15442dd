/* product.c: dot, matmul, batch_matmul, outer: sums of products, k after k; each product and each sum is rounded.
 * O(M N K) for each matrix. */
#include "evaluate/kernel.h"

/* One factor: element (i, j) of matrix `batch` is at batch * rows * columns + i * down + j * across. */
typedef struct factor {
  const vmo_array *array;
  int64_t matrix, down, across;
} factor;

static vmo_number element_of(const factor *f, int64_t batch, int64_t i, int64_t j) {
  return vmo_get(f->array, batch * f->matrix + i * f->down + j * f->across);
}

static factor make_factor(const vmo_array *array, bool transposed) {
  int64_t rows = array->sizes[array->rank - 2], columns = array->sizes[array->rank - 1];
  return (factor){array, rows * columns, transposed ? 1 : columns, transposed ? columns : 1};
}

/* `batches` products of m x k and k x n matrices. */
static void multiply_all(const factor *x, const factor *y, vmo_array *result, int64_t batches, const int64_t *mkn) {
  vmo_element element = vmo_sum_element(result->element);
  int64_t at = 0;
  for (int64_t batch = 0; batch < batches; batch++) {
    for (int64_t i = 0; i < mkn[0]; i++) {
      for (int64_t j = 0; j < mkn[2]; j++) {
        vmo_number sum = vmo_number_of(element, 0);
        for (int64_t k = 0; k < mkn[1]; k++)
          sum = vmo_add_numbers(element, sum,
                                vmo_multiply_numbers(element, element_of(x, batch, i, k), element_of(y, batch, k, j)));
        vmo_put(result, at++, sum);
      }
    }
  }
}

bool vmo_run_product(vmo_run *run) {
  const vmo_array *x = &run->operands[0], *y = &run->operands[1];
  vmo_array *result = &run->results[0];
  if (vmo_run_code(run) == VMO_OP_dot) {
    factor left = {x, x->count, x->count, 1}, right = {y, y->count, 1, 1};
    multiply_all(&left, &right, result, 1, (int64_t[]){1, x->count, 1});
    return true;
  }
  if (vmo_run_code(run) == VMO_OP_outer) {
    factor left = {x, x->count, 1, 1}, right = {y, y->count, 1, 1};
    multiply_all(&left, &right, result, 1, (int64_t[]){x->count, 1, y->count});
    return true;
  }
  bool transpose_x = vmo_run_integer(run, "transpose_x", 0, 0) != 0;
  factor left = make_factor(x, transpose_x), right = make_factor(y, vmo_run_integer(run, "transpose_y", 0, 0) != 0);
  int64_t m = result->sizes[result->rank - 2], n = result->sizes[result->rank - 1];
  int64_t k = x->sizes[x->rank - (transpose_x ? 2 : 1)];
  multiply_all(&left, &right, result, vmo_count_sizes(result, 0, result->rank - 2), (int64_t[]){m, k, n});
  return true;
}
