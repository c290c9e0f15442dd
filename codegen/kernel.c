/* kernel.c: which kernel emits which op: by the column "kernel" of ops.def. A new kind of kernel is a file kernel_<kind>.c, a
 * declaration in kernels.h, and its line here; what has no line is an error when a program that uses it is compiled. */
#include <string.h>

#include "codegen/compile.h"
#include "codegen/kernels.h"

static const struct {
  const char *kind;
  vmo_emit_kernel emit;
} KERNELS[] = {
    {"attention", vmo_emit_attention}, {"constant", vmo_emit_const},
    {"contract", vmo_emit_contract},   {"elementwise", vmo_emit_elementwise},
    {"gather", vmo_emit_gather},       {"generate", vmo_emit_generate},
    {"move", vmo_emit_move},           {"neighbors", vmo_emit_neighbors},
    {"reduce", vmo_emit_reduce},       {"rows", vmo_emit_rows},
    {"scan", vmo_emit_scan},           {"scatter", vmo_emit_scatter},
    {"segments", vmo_emit_segments},   {"size", vmo_emit_count},
    {"sort", vmo_emit_sort},           {"view", vmo_emit_move},
    {"window", vmo_emit_window},
};

vmo_emit_kernel vmo_find_emit_kernel(vmo_opcode code) {
  const char *kind = vmo_op_get_info(code)->kernel;
  for (size_t i = 0; i < sizeof KERNELS / sizeof *KERNELS; i++)
    if (strcmp(KERNELS[i].kind, kind) == 0) return KERNELS[i].emit;
  return NULL;
}
