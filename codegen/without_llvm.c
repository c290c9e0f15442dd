/* without_llvm.c: codegen.h in a build without LLVM: every way to code says that there is none. */
#include "codegen/codegen.h"

static vmo_status refuse(vmo_context *context) {
  vmo_diagnostic *added =
      vmo_diag_add(context, VMO_DIAG_NO_LLVM, (vmo_location){0}, "this vmemopt was built without LLVM");
  vmo_diag_hint(context, added, "build it with -DVMEMOPT_LLVM=ON; the reference engine runs programs without");
  return VMO_INPUT_ERROR;
}

vmo_status vmo_compile_module(vmo_module *module, const vmo_code_options *options, vmo_code **code) {
  (void)options;
  *code = NULL;
  return refuse(module->context);
}

void vmo_destroy_code(vmo_code *code) { (void)code; }

bool vmo_code_needs_blas(const vmo_code *code) {
  (void)code;
  return false;
}

vmo_status vmo_write_code(vmo_context *context, vmo_code *code, vmo_code_form form, vmo_text *out) {
  (void)code, (void)form, (void)out;
  return refuse(context);
}

vmo_status vmo_load_code(vmo_module *module, vmo_code *code, vmo_find_declared find, void *user,
                         vmo_loaded_code **loaded) {
  (void)code, (void)find, (void)user;
  *loaded = NULL;
  return refuse(module->context);
}

vmr_entry vmo_find_entry(const vmo_loaded_code *loaded, vmo_function_id function) {
  (void)loaded, (void)function;
  return NULL;
}

vmr_arenas vmo_find_arenas(const vmo_loaded_code *loaded, vmo_function_id function) {
  (void)loaded, (void)function;
  return NULL;
}

void vmo_unload_code(vmo_loaded_code *loaded) { (void)loaded; }

bool vmo_has_llvm(void) { return false; }
