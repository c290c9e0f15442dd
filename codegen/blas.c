/* blas.c: matrix products through CBLAS, the C interface that OpenBLAS, the reference BLAS and others have (L. Blackford et
 * al., An updated set of basic linear algebra subprograms (BLAS), ACM TOMS 28, 2002). Nothing here links one: object files
 * name cblas_sgemm and cblas_dgemm, and code that is loaded here finds them in a library of the machine, when asked to. */
#include "codegen/compile.h"
#include "codegen/kernels.h"

enum { ROW_MAJOR = 101, NOT_TRANSPOSED = 111, TRANSPOSED = 112 }; /* of cblas.h */
enum { LEAST = 16 };                                              /* a smaller product is sooner done than called */

bool vmo_can_use_blas(const vmo_emitter *e, const vmo_emit_product *p) {
  return e->options->blas && (p->element == VMO_F32 || p->element == VMO_F64) && p->x->scalar == NULL &&
         p->y->scalar == NULL;
}

LLVMValueRef vmo_is_for_blas(vmo_emitter *e, const vmo_emit_product *p) {
  LLVMValueRef sizes[3] = {p->m, p->n, p->k}, fits = vmo_i1(e, true);
  for (int i = 0; i < 3; i++) {
    LLVMValueRef above = LLVMBuildSub(e->builder, sizes[i], vmo_i64(e, LEAST), "");
    LLVMValueRef in = LLVMBuildICmp(e->builder, LLVMIntULE, above, vmo_i64(e, INT32_MAX - LEAST), "");
    fits = LLVMBuildAnd(e->builder, fits, in, "");
  }
  return fits;
}

static LLVMValueRef element_address(vmo_emitter *e, const vmo_emit_array *array, LLVMValueRef at) {
  return LLVMBuildInBoundsGEP2(e->builder, vmo_memory_type(e, array->element), array->pointer, &at, 1, "");
}

static LLVMValueRef narrow(vmo_emitter *e, LLVMValueRef size) { return LLVMBuildTrunc(e->builder, size, e->i32, ""); }

static LLVMValueRef number(const vmo_emitter *e, unsigned value) { return LLVMConstInt(e->i32, value, false); }

/* order, transposition of x and y, m, n, k, alpha, x, its row, y, its row, beta, z, its row; z is not read as beta is 0. */
void vmo_emit_blas(vmo_emitter *e, const vmo_emit_product *p) {
  LLVMTypeRef i = e->i32, real = vmo_memory_type(e, p->element), pointer = e->pointer;
  LLVMTypeRef types[14] = {i, i, i, i, i, i, real, pointer, i, pointer, i, real, pointer, i};
  LLVMValueRef arguments[14] = {number(e, ROW_MAJOR),
                                number(e, p->transpose_x ? TRANSPOSED : NOT_TRANSPOSED),
                                number(e, p->transpose_y ? TRANSPOSED : NOT_TRANSPOSED),
                                narrow(e, p->m),
                                narrow(e, p->n),
                                narrow(e, p->k),
                                LLVMConstReal(real, 1),
                                element_address(e, p->x, p->x_start),
                                narrow(e, p->transpose_x ? p->m : p->k),
                                element_address(e, p->y, p->y_start),
                                narrow(e, p->transpose_y ? p->k : p->n),
                                LLVMConstReal(real, 0),
                                element_address(e, p->z, p->z_start),
                                narrow(e, p->n)};
  const char *name = p->element == VMO_F64 ? "cblas_dgemm" : "cblas_sgemm";
  vmo_call_external(e, name, e->nothing, types, arguments, 14);
}
