/* kernel.c: which kernel emits which op: by the column "kernel" of ops.def. A new kind of kernel is a file kernel_<kind>.c, a
 * declaration in kernels.h, and its line here; what has no line is an error when a program that uses it is compiled. */
#include <string.h>

#include "codegen/compile.h"
#include "codegen/kernels.h"

static const struct {
  const char *kind;
  vmo_emit_kernel emit;
} KERNELS[] = {
    {"constant", vmo_emit_const},    {"elementwise", vmo_emit_elementwise},
    {"generate", vmo_emit_generate}, {"move", vmo_emit_move},
    {"reduce", vmo_emit_reduce},     {"scan", vmo_emit_scan},
    {"size", vmo_emit_count},        {"view", vmo_emit_move},
};

vmo_emit_kernel vmo_find_emit_kernel(vmo_opcode code) {
  const char *kind = vmo_op_get_info(code)->kernel;
  for (size_t i = 0; i < sizeof KERNELS / sizeof *KERNELS; i++)
    if (strcmp(KERNELS[i].kind, kind) == 0) return KERNELS[i].emit;
  return NULL;
}
