/* llvm_table.h: what of the tool needs LLVM, as a table of functions.
 *
 *   vmemopt ── llvm_module.c ── dlopen ──> vmemopt-llvm-19.so ── llvm_table.c ── llvm/, codegen/ ──> libLLVM
 *
 * libLLVM takes some 20 ms to load. A command that needs none, as `cc` or `analyze` of VMIR, must not pay for it, so that the
 * tool's executable has functions of the same names that find the real ones here. The module has its own copies of what those
 * are built on (support/, ir/, planner/, analysis/), which keep no globals; both share libvmemrt. The pass plugin and the unit
 * tests are linked with the real ones. */
#ifndef VMO_CLI_LLVM_TABLE_H
#define VMO_CLI_LLVM_TABLE_H

#include "codegen/codegen.h"
#include "llvm/llvm.h"

/* All functions of llvm/llvm.h, and those of codegen/codegen.h that are not in every build. */
#define VMO_LLVM_FUNCTIONS(FUNCTION) \
  FUNCTION(vmo_read_llvm) \
  FUNCTION(vmo_adopt_llvm) \
  FUNCTION(vmo_analyze_llvm) \
  FUNCTION(vmo_rewrite_llvm) \
  FUNCTION(vmo_write_llvm) \
  FUNCTION(vmo_release_llvm) \
  FUNCTION(vmo_compile_module) \
  FUNCTION(vmo_destroy_code) \
  FUNCTION(vmo_code_needs_blas) \
  FUNCTION(vmo_write_code) \
  FUNCTION(vmo_load_code) \
  FUNCTION(vmo_find_entry) \
  FUNCTION(vmo_find_arenas) \
  FUNCTION(vmo_unload_code)

typedef struct vmo_llvm_table {
  const char *version; /* of vmemopt */
  size_t bytes;        /* of this table */
#define MEMBER(name) __typeof__(name) *name;
  VMO_LLVM_FUNCTIONS(MEMBER)
#undef MEMBER
} vmo_llvm_table;

/* The one symbol that the module shows. */
#define VMO_LLVM_TABLE_NAME "vmo_llvm_functions"
extern const vmo_llvm_table vmo_llvm_functions;

#endif
