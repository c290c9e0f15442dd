/* kernels.h: the kernels, one for each word in the column "kernel" of ops.def, and what several of them share; private to
 * codegen/. */
#ifndef VMO_CODEGEN_KERNELS_H
#define VMO_CODEGEN_KERNELS_H

#include "codegen/emit.h"

void vmo_emit_reduce(vmo_emitter *e, const vmo_emit_op *op);
void vmo_emit_scan(vmo_emitter *e, const vmo_emit_op *op);
void vmo_emit_sort(vmo_emitter *e, const vmo_emit_op *op);
void vmo_emit_contract(vmo_emitter *e, const vmo_emit_op *op);
void vmo_emit_gather(vmo_emitter *e, const vmo_emit_op *op);
void vmo_emit_scatter(vmo_emitter *e, const vmo_emit_op *op);
void vmo_emit_segments(vmo_emitter *e, const vmo_emit_op *op);
void vmo_emit_neighbors(vmo_emitter *e, const vmo_emit_op *op);
void vmo_emit_rows(vmo_emitter *e, const vmo_emit_op *op);
void vmo_emit_window(vmo_emitter *e, const vmo_emit_op *op);
void vmo_emit_attention(vmo_emitter *e, const vmo_emit_op *op);

/* ---- folds: many numbers to one, in the order in which they are added (folds.c) ---- */

typedef enum vmo_emit_fold_kind {
  VMO_EMIT_SUM,
  VMO_EMIT_PRODUCT,
  VMO_EMIT_MEAN,   /* of reals */
  VMO_EMIT_LEAST,  /* NaN if any is */
  VMO_EMIT_MOST,   /* likewise */
  VMO_EMIT_SQUARES /* of reals: the root of the sum of squares */
} vmo_emit_fold_kind;

typedef struct vmo_emit_fold {
  vmo_emit_fold_kind kind;
  vmo_element element; /* of what is folded, and of what comes out */
} vmo_emit_fold;

/* What a fold is on the way has the register form of vmo_sum_precision(element). */
LLVMValueRef vmo_begin_fold(vmo_emitter *e, const vmo_emit_fold *fold);
LLVMValueRef vmo_step_fold(vmo_emitter *e, const vmo_emit_fold *fold, LLVMValueRef value, LLVMValueRef number);
/* What `count` (i64) numbers came to, in the element's register form. */
LLVMValueRef vmo_end_fold(vmo_emitter *e, const vmo_emit_fold *fold, LLVMValueRef value, LLVMValueRef count);
/* Whether the end is another number than the last step's. */
bool vmo_fold_has_end(const vmo_emit_fold *fold);
/* The fold of a reduction that is no search (kernel_reduce.c). */
vmo_emit_fold_kind vmo_find_fold_kind(vmo_opcode code);
/* Whether a number takes the place of the best so far in argmin or argmax: NaN is more extreme than any other. */
LLVMValueRef vmo_is_better(vmo_emitter *e, vmo_opcode code, vmo_element element, LLVMValueRef number,
                           LLVMValueRef best);

/* ---- matrix products through CBLAS (blas.c) ---- */

/* z[m, n] = x[m, k] y[k, n]; a transposed one is given as its transpose. */
typedef struct vmo_emit_product {
  vmo_element element;
  const vmo_emit_array *x, *y, *z;
  LLVMValueRef x_start, y_start, z_start; /* elements before the matrices */
  LLVMValueRef m, n, k;
  bool transpose_x, transpose_y;
} vmo_emit_product;

/* Whether the options ask for it and the types allow it; then, while it runs (i1), whether the sizes do. */
bool vmo_can_use_blas(const vmo_emitter *e, const vmo_emit_product *product);
LLVMValueRef vmo_is_for_blas(vmo_emitter *e, const vmo_emit_product *product);
void vmo_emit_blas(vmo_emitter *e, const vmo_emit_product *product);

/* ---- what loops are made of (folds.c) ---- */

/* Emits code for indices [first, first + lanes). */
typedef void (*vmo_emit_lanes)(vmo_emitter *e, void *context, LLVMValueRef first, uint32_t lanes);

/* A loop over [0, count) that takes `lanes` of them at a time, and one that takes what is left one by one: sums that have an
 * order each, and so cannot be computed faster one by one, are computed side by side. */
void vmo_loop_in_lanes(vmo_emitter *e, LLVMValueRef count, uint32_t lanes, vmo_emit_lanes emit, void *context);

/* A loop over [low, high) in pieces of at most `size`: the piece is [*first, *end). To be ended by vmo_end_loop. */
void vmo_begin_pieces(vmo_emitter *e, vmo_emit_loop *loop, LLVMValueRef count, int64_t size, LLVMValueRef *first,
                      LLVMValueRef *end);

LLVMValueRef vmo_smaller_i64(vmo_emitter *e, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef vmo_larger_i64(vmo_emitter *e, LLVMValueRef x, LLVMValueRef y);
/* Whether a size is the number. */
bool vmo_is_size(const vmo_emitter *e, vmo_size_id size, int64_t number);
/* The axis that the op names; the last one of operand 0 by default. */
uint32_t vmo_emit_axis(const vmo_emitter *e, const vmo_emit_op *op);
/* The same array with elements as bits: numbers that are only moved are not taken apart. */
vmo_emit_array vmo_as_bits(const vmo_emit_array *array);
/* Copies `count` elements of equal bytes: from element `from_at` on to `to_at` on. */
void vmo_copy_elements(vmo_emitter *e, const vmo_emit_array *from, LLVMValueRef from_at, const vmo_emit_array *to,
                       LLVMValueRef to_at, LLVMValueRef count);
/* The result of a destination op starts as operand 0: copied, unless the plan has put it there. */
void vmo_begin_destination(vmo_emitter *e, const vmo_emit_op *op);

#endif
