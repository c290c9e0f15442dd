/* kernel.h: one op about to run; private to evaluate/.
 *
 * The engine hands a kernel its operands as arrays (literals and dims as scalars) and results with their sizes, zeroed.
 * A kernel reads attributes, fills the results, and returns false after it has told why it cannot. */
#ifndef VMO_EVALUATE_KERNEL_H
#define VMO_EVALUATE_KERNEL_H

#include "evaluate/number.h"

typedef struct vmo_run {
  vmo_context *context;
  vmo_module *module;
  const vmo_function *function;
  const vmo_binding *binding;
  const vmo_op *op;
  const vmo_array *operands;
  vmo_array *results;
  vmr_arena *scratch; /* emptied after the op */
} vmo_run;

typedef bool (*vmo_kernel)(vmo_run *run);

/* What runs ops of that code; NULL for control ops. */
vmo_kernel vmo_find_kernel(vmo_opcode code);

/* ---- kernels, by the row's column; a file each ---- */

bool vmo_run_elementwise(vmo_run *run);
bool vmo_run_cast(vmo_run *run);
bool vmo_run_dropout(vmo_run *run);
bool vmo_run_const(vmo_run *run);
bool vmo_run_fill(vmo_run *run);
bool vmo_run_iota(vmo_run *run);
bool vmo_run_random(vmo_run *run);
bool vmo_run_copy(vmo_run *run); /* reshape too */
bool vmo_run_slice(vmo_run *run);
bool vmo_run_split(vmo_run *run);
bool vmo_run_concat(vmo_run *run);
bool vmo_run_pad(vmo_run *run);
bool vmo_run_broadcast(vmo_run *run);
bool vmo_run_transpose(vmo_run *run);
bool vmo_run_reduce(vmo_run *run);
bool vmo_run_scan(vmo_run *run);
bool vmo_run_sort(vmo_run *run);
bool vmo_run_unique(vmo_run *run);
bool vmo_run_product(vmo_run *run); /* dot, matmul, batch_matmul, outer */
bool vmo_run_gather(vmo_run *run);
bool vmo_run_scatter(vmo_run *run);
bool vmo_run_histogram(vmo_run *run);
bool vmo_run_where_index(vmo_run *run);
bool vmo_run_edge_gather(vmo_run *run); /* embedding too */
bool vmo_run_degree(vmo_run *run);
bool vmo_run_neighbors(vmo_run *run);
bool vmo_run_neighbor_mode(vmo_run *run);
bool vmo_run_label_propagate(vmo_run *run);
bool vmo_run_segments(vmo_run *run);
bool vmo_run_count(vmo_run *run); /* node_count, edge_count */
bool vmo_run_normalize_sum(vmo_run *run);
bool vmo_run_convolution(vmo_run *run);
bool vmo_run_pool(vmo_run *run);
bool vmo_run_batch_norm(vmo_run *run);
bool vmo_run_layer_norm(vmo_run *run);
bool vmo_run_softmax(vmo_run *run);
bool vmo_run_local_response(vmo_run *run);
bool vmo_run_attention(vmo_run *run);

/* ---- what kernels share (kernel.c) ---- */

static inline vmo_opcode vmo_run_code(const vmo_run *run) { return (vmo_opcode)run->op->code; }
static inline vmo_number vmo_get(const vmo_array *array, int64_t index) {
  return vmo_load(array->element, array->data, index);
}
static inline void vmo_put(vmo_array *array, int64_t index, vmo_number number) {
  vmo_store(array->element, array->data, index, number);
}

/* Attributes with the row's default. A size attribute is evaluated under the binding. */
int64_t vmo_run_integer(const vmo_run *run, const char *name, uint32_t index, int64_t otherwise);
double vmo_run_real(const vmo_run *run, const char *name, double otherwise);
vmo_number vmo_run_number(const vmo_run *run, const char *name, uint32_t index, vmo_element element, int64_t otherwise);
int64_t vmo_run_size(const vmo_run *run, vmo_size_id size);
/* `axis`, the last one of operand 0 by default. */
uint32_t vmo_run_axis(const vmo_run *run);

/* The product of sizes [first, end). */
int64_t vmo_count_sizes(const vmo_array *array, uint32_t first, uint32_t end);

/* An index that lies in [0, limit); else the error that says what `what` index is wrong. */
bool vmo_run_index(vmo_run *run, const vmo_array *indices, int64_t at, int64_t limit, const char *what, int64_t *index);
/* The neighbours or the segment of `node`: [*first, *end) within [0, limit]. */
bool vmo_run_range(vmo_run *run, const vmo_array *rows, int64_t node, int64_t limit, int64_t *first, int64_t *end);
bool vmo_run_fail(vmo_run *run, vmo_diag_code code, const char *hint, const char *format, ...) VMO_PRINTF(4, 5);
void *vmo_run_scratch(vmo_run *run, int64_t count, size_t size);

/* Runs through an array's elements in row-major order and says where each is in up to three others, whose strides (in
 * elements, 0 along axes that repeat) are given. */
typedef struct vmo_walk {
  uint32_t rank, others;
  const int64_t *sizes;
  int64_t at[VMO_MAX_RANK];
  int64_t strides[3][VMO_MAX_RANK];
  int64_t offsets[3];
} vmo_walk;

void vmo_walk_begin(vmo_walk *walk, const vmo_array *array);
/* Another array that is broadcast to the first, its axes aligned at the last. */
void vmo_walk_broadcast(vmo_walk *walk, const vmo_array *other);
/* Another array with a stride for each axis, from an offset on. */
void vmo_walk_strided(vmo_walk *walk, const int64_t *strides, int64_t offset);
void vmo_walk_next(vmo_walk *walk);

/* Row-major strides of an array, rank of them. */
void vmo_fill_strides(const vmo_array *array, int64_t *strides);

#endif
