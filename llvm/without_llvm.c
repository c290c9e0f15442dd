/* without_llvm.c: the functions of llvm.h in a build without LLVM: reading says so, and there is nothing else to do. */
#include "support/diag.h"
#include "llvm/llvm.h"

vmo_status vmo_read_llvm(vmo_context *context, const vmo_ll_source *sources, uint32_t count, vmo_ll_program **program) {
  (void)sources, (void)count;
  vmo_diagnostic *added = vmo_diag_add(context, VMO_DIAG_NO_LLVM, (vmo_location){0},
                                       "this is LLVM IR, and this vmemopt was built without LLVM");
  vmo_diag_hint(context, added, "build it with -DVMEMOPT_LLVM=ON, which needs LLVM 19 or 22");
  *program = NULL;
  return VMO_INPUT_ERROR;
}

vmo_status vmo_adopt_llvm(vmo_context *context, void *module, vmo_ll_program **program) {
  (void)module;
  return vmo_read_llvm(context, NULL, 0, program);
}

vmo_status vmo_analyze_llvm(vmo_ll_program *program, const vmo_ll_options *options, vmo_site_facts **facts) {
  (void)program, (void)options, (void)facts;
  return VMO_INTERNAL_ERROR;
}

vmo_status vmo_rewrite_llvm(vmo_ll_program *program, const vmo_ll_options *options, vmo_site_facts **facts) {
  (void)program, (void)options, (void)facts;
  return VMO_INTERNAL_ERROR;
}

vmo_status vmo_write_llvm(vmo_ll_program *program, bool text, vmo_text *out) {
  (void)program, (void)text, (void)out;
  return VMO_INTERNAL_ERROR;
}

void vmo_release_llvm(vmo_ll_program *program) { (void)program; }
