/* llvm_module.c: the functions of llvm.h and codegen.h in the tool's executable: each finds the real one in the module
 * that is linked with LLVM (llvm_table.h), which is opened when the first is asked for.
 *
 * Whatever begins a piece of work has a context, and says what is wrong where the module cannot be opened; the others get
 * what those made, and are never called without it but for a NULL that is released. */
#include <dlfcn.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/llvm_table.h"

#define MODULE_FILE "vmemopt-llvm-" VMO_LLVM_MAJOR ".so"

static const vmo_llvm_table *table; /* of the module, once it is open; it stays so until the process ends */

static void refuse(vmo_context *context, const char *name, const char *words, const char *hint) {
  vmo_diagnostic *added = vmo_diag_add(context, VMO_DIAG_NO_LLVM, (vmo_location){0}, "%s %.400s", name, words);
  vmo_diag_hint(context, added, "%s", hint);
  if (added != NULL) added->source = "vmemopt";
}

/* What the module needs is opened for all, as if it were linked: code that LLVM makes in this process calls it. */
static bool open_module(vmo_context *context) {
  const char *path = vmo_find_beside_libraries(context, NULL, MODULE_FILE);
  if (path == NULL) {
    refuse(context, MODULE_FILE, "is not where it was installed",
           "it stands beside libvmemrt, and has what of vmemopt needs LLVM: install vmemopt anew");
    return false;
  }
  void *module = dlopen(path, RTLD_LAZY | RTLD_GLOBAL);
  if (module == NULL) {
    const char *reason = dlerror();
    refuse(context, MODULE_FILE " cannot be loaded:", reason != NULL ? reason : "no reason is given",
           "LLVM " VMO_LLVM_MAJOR " must be there (package libllvm" VMO_LLVM_MAJOR
           "), and the file must not be damaged");
    return false;
  }
  const vmo_llvm_table *found = dlsym(module, VMO_LLVM_TABLE_NAME);
  if (found == NULL || strcmp(found->version, VMO_VERSION) != 0 || found->bytes != sizeof *found) {
    refuse(context, path, "belongs to another vmemopt", "this is " VMO_VERSION ": install vmemopt anew");
    return false;
  }
  table = found;
  return true;
}

static bool has_module(vmo_context *context) { return table != NULL || open_module(context); }

/* ---- llvm/llvm.h ---- */

vmo_status vmo_read_llvm(vmo_context *context, const vmo_ll_source *sources, uint32_t count, vmo_ll_program **program) {
  *program = NULL;
  return has_module(context) ? table->vmo_read_llvm(context, sources, count, program) : VMO_INPUT_ERROR;
}

vmo_status vmo_adopt_llvm(vmo_context *context, void *module, vmo_ll_program **program) {
  *program = NULL;
  return has_module(context) ? table->vmo_adopt_llvm(context, module, program) : VMO_INPUT_ERROR;
}

vmo_status vmo_analyze_llvm(vmo_ll_program *program, const vmo_ll_options *options, vmo_site_facts **facts) {
  return table->vmo_analyze_llvm(program, options, facts);
}

vmo_status vmo_rewrite_llvm(vmo_ll_program *program, const vmo_ll_options *options, vmo_site_facts **facts) {
  return table->vmo_rewrite_llvm(program, options, facts);
}

vmo_status vmo_write_llvm(vmo_ll_program *program, bool text, vmo_text *out) {
  return table->vmo_write_llvm(program, text, out);
}

void vmo_release_llvm(vmo_ll_program *program) {
  if (program != NULL) table->vmo_release_llvm(program);
}

/* ---- codegen/codegen.h ---- */

vmo_status vmo_compile_module(vmo_module *module, const vmo_code_options *options, vmo_code **code) {
  *code = NULL;
  return has_module(module->context) ? table->vmo_compile_module(module, options, code) : VMO_INPUT_ERROR;
}

void vmo_destroy_code(vmo_code *code) {
  if (code != NULL) table->vmo_destroy_code(code);
}

bool vmo_code_needs_blas(const vmo_code *code) { return table->vmo_code_needs_blas(code); }

vmo_status vmo_write_code(vmo_context *context, vmo_code *code, vmo_code_form form, vmo_text *out) {
  return table->vmo_write_code(context, code, form, out);
}

vmo_status vmo_load_code(vmo_module *module, vmo_code *code, vmo_find_declared find, void *user,
                         vmo_loaded_code **loaded) {
  return table->vmo_load_code(module, code, find, user, loaded);
}

vmr_entry vmo_find_entry(const vmo_loaded_code *loaded, vmo_function_id function) {
  return table->vmo_find_entry(loaded, function);
}

vmr_arenas vmo_find_arenas(const vmo_loaded_code *loaded, vmo_function_id function) {
  return table->vmo_find_arenas(loaded, function);
}

void vmo_unload_code(vmo_loaded_code *loaded) {
  if (loaded != NULL) table->vmo_unload_code(loaded);
}

bool vmo_has_llvm(void) { return true; }
