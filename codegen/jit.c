/* jit.c: code in this process, by ORC's LLJIT.
 *
 * The code goes in as an object file, made just as `vmemopt compile` makes one: what runs here is what would be linked.
 * Symbols that it needs (libm, libvmemrt) are those of the process; functions for declared ops are the caller's. */
#include <stdlib.h>
#include <string.h>

#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>

#include "codegen/compile.h"

struct vmo_loaded_code {
  LLVMOrcLLJITRef jit;
  uint32_t count;
  vmr_entry *entries;
  vmr_arenas *arenas;
};

static vmo_status report_error(vmo_context *context, const char *what, LLVMErrorRef error) {
  char *message = LLVMGetErrorMessage(error);
  vmo_diag_add(context, VMO_DIAG_INTERNAL, (vmo_location){0}, "%s: %.500s", what, message);
  LLVMDisposeErrorMessage(message);
  return VMO_INTERNAL_ERROR;
}

/* ---- what the code needs from outside ---- */

static vmo_status find_in_process(vmo_context *context, LLVMOrcLLJITRef jit) {
  LLVMOrcDefinitionGeneratorRef generator = NULL;
  LLVMErrorRef error =
      LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(&generator, LLVMOrcLLJITGetGlobalPrefix(jit), NULL, NULL);
  if (error != NULL) return report_error(context, "the process cannot be searched", error);
  LLVMOrcJITDylibAddGenerator(LLVMOrcLLJITGetMainJITDylib(jit), generator);
  return VMO_OK;
}

/* CBLAS, of which the process itself has none. */
static vmo_status find_blas(vmo_context *context, LLVMOrcLLJITRef jit) {
  LLVMOrcDefinitionGeneratorRef generator = NULL;
  const char *library = vmo_find_blas();
  if (library == NULL) {
    vmo_diagnostic *added = vmo_diag_add(context, VMO_DIAG_NO_KERNEL, (vmo_location){0}, "there is no BLAS here");
    vmo_diag_hint(context, added, "install one (package libopenblas0), or compile without");
    return VMO_INPUT_ERROR;
  }
  LLVMErrorRef error = LLVMOrcCreateDynamicLibrarySearchGeneratorForPath(&generator, library,
                                                                         LLVMOrcLLJITGetGlobalPrefix(jit), NULL, NULL);
  if (error != NULL) return report_error(context, library, error);
  LLVMOrcJITDylibAddGenerator(LLVMOrcLLJITGetMainJITDylib(jit), generator);
  return VMO_OK;
}

static vmo_status define_declared(vmo_context *context, LLVMOrcLLJITRef jit, const char *name,
                                  vmr_declared_op function) {
  LLVMOrcCSymbolMapPair pair;
  memset(&pair, 0, sizeof pair);
  pair.Name = LLVMOrcLLJITMangleAndIntern(jit, name);
  memcpy(&pair.Sym.Address, &function,
         sizeof function < sizeof pair.Sym.Address ? sizeof function : sizeof pair.Sym.Address);
  pair.Sym.Flags.GenericFlags = LLVMJITSymbolGenericFlagsExported | LLVMJITSymbolGenericFlagsCallable;
  LLVMErrorRef error = LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(jit), LLVMOrcAbsoluteSymbols(&pair, 1));
  return error == NULL ? VMO_OK : report_error(context, name, error);
}

static vmo_location location_of_op(const vmo_module *module, uint32_t declaration) {
  for (uint32_t f = 0; f < module->functions.count; f++) {
    const vmo_function *function = module->functions.data[f];
    for (uint32_t i = 0; i < function->ops.count; i++) {
      const vmo_op *op = &function->ops.data[i];
      if (op->code == VMO_OP_declared && op->callee == declaration) return op->location;
    }
  }
  return (vmo_location){0};
}

static vmo_status refuse_op(vmo_module *module, uint32_t declaration) {
  vmo_diagnostic *added = vmo_diag_add(module->context, VMO_DIAG_NO_KERNEL, location_of_op(module, declaration),
                                       "there is no function for the op @%s",
                                       vmo_name(module, module->declarations.data[declaration].name));
  vmo_diag_hint(module->context, added, "--library=FILE names a shared library that has one (docs/abi.md)");
  return VMO_INPUT_ERROR;
}

/* Those that the code calls. */
static vmo_status define_all_declared(vmo_module *module, const vmo_code *code, LLVMOrcLLJITRef jit,
                                      vmo_find_declared find, void *user) {
  vmo_status status = VMO_OK;
  for (uint32_t i = 0; i < module->declarations.count && status == VMO_OK; i++) {
    const char *name = vmo_name(module, module->declarations.data[i].name);
    if (module->declarations.data[i].body != NULL) continue;
    const char *symbol = vmo_op_symbol(module, name, code->typed);
    if (symbol == NULL) return VMO_OUT_OF_MEMORY;
    LLVMValueRef called = LLVMGetNamedFunction(code->code, symbol);
    if (called == NULL || LLVMGetFirstUse(called) == NULL) continue;
    vmr_declared_op function = find != NULL ? find(user, name) : NULL;
    status = function != NULL ? define_declared(module->context, jit, symbol, function) : refuse_op(module, i);
  }
  return status;
}

/* ---- loading ---- */

static vmo_status add_object(vmo_context *context, LLVMOrcLLJITRef jit, vmo_code *code) {
  vmo_text object;
  vmo_text_init(&object);
  vmo_status status = vmo_write_code(context, code, VMO_CODE_OBJECT, &object);
  if (status == VMO_OK) {
    LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(object.data, object.count, "vmir");
    LLVMErrorRef error = LLVMOrcLLJITAddObjectFile(jit, LLVMOrcLLJITGetMainJITDylib(jit), buffer);
    if (error != NULL) status = report_error(context, "the object file", error);
  }
  vmo_text_free(&object);
  return status;
}

static vmo_status look_up(vmo_module *module, vmo_loaded_code *loaded, const vmo_function *function, const char *prefix,
                          const char *suffix, void *place, size_t bytes) {
  vmo_text name;
  LLVMOrcExecutorAddress address = 0;
  vmo_text_init(&name);
  vmo_text_addf(&name, "%s%s%s", prefix, vmo_name(module, function->name), suffix);
  if (vmo_text_failed(&name)) return VMO_OUT_OF_MEMORY;
  LLVMErrorRef error = LLVMOrcLLJITLookup(loaded->jit, &address, name.data);
  vmo_text_free(&name);
  if (error != NULL) {
    char *message = LLVMGetErrorMessage(error);
    vmo_diagnostic *added = vmo_diag_add(module->context, VMO_DIAG_NO_KERNEL, function->location,
                                         "@%s cannot be loaded: %.300s", vmo_name(module, function->name), message);
    vmo_diag_hint(module->context, added, "a declared op needs a function that computes it");
    LLVMDisposeErrorMessage(message);
    return VMO_INPUT_ERROR;
  }
  uintptr_t number = (uintptr_t)address;
  memcpy(place, &number, bytes);
  return VMO_OK;
}

static vmo_status look_up_all(vmo_module *module, const vmo_code *code, vmo_loaded_code *loaded) {
  loaded->count = module->functions.count;
  loaded->entries = vmo_alloc_array(module->context, (size_t)loaded->count + 1, sizeof *loaded->entries);
  loaded->arenas = vmo_alloc_array(module->context, (size_t)loaded->count + 1, sizeof *loaded->arenas);
  if (loaded->entries == NULL || loaded->arenas == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = VMO_OK;
  for (uint32_t i = 0; i < loaded->count && status == VMO_OK; i++) {
    const vmo_function *function = module->functions.data[i];
    if (code->only != VMO_NONE && code->only != i) continue;
    status = look_up(module, loaded, function, code->prefix, "_entry", &loaded->entries[i], sizeof loaded->entries[i]);
    if (status == VMO_OK)
      status = look_up(module, loaded, function, code->prefix, "_arenas", &loaded->arenas[i], sizeof loaded->arenas[i]);
  }
  return status;
}

vmo_status vmo_load_code(vmo_module *module, vmo_code *code, vmo_find_declared find, void *user,
                         vmo_loaded_code **loaded) {
  vmo_context *context = module->context;
  *loaded = NULL;
  vmo_loaded_code *made = vmo_alloc_array(context, 1, sizeof *made);
  if (made == NULL) return VMO_OUT_OF_MEMORY;
  LLVMErrorRef error = LLVMOrcCreateLLJIT(&made->jit, NULL);
  if (error != NULL) return report_error(context, "no code can be loaded here", error);
  vmo_status status = define_all_declared(module, code, made->jit, find, user);
  if (status == VMO_OK) status = find_in_process(context, made->jit);
  if (status == VMO_OK && code->blas) status = find_blas(context, made->jit);
  if (status == VMO_OK) status = add_object(context, made->jit, code);
  if (status == VMO_OK) status = look_up_all(module, code, made);
  if (status == VMO_OK)
    *loaded = made;
  else
    vmo_unload_code(made);
  return status;
}

vmr_entry vmo_find_entry(const vmo_loaded_code *loaded, vmo_function_id function) {
  return function < loaded->count ? loaded->entries[function] : NULL;
}

vmr_arenas vmo_find_arenas(const vmo_loaded_code *loaded, vmo_function_id function) {
  return function < loaded->count ? loaded->arenas[function] : NULL;
}

void vmo_unload_code(vmo_loaded_code *loaded) {
  if (loaded == NULL) return;
  LLVMErrorRef error = LLVMOrcDisposeLLJIT(loaded->jit);
  if (error != NULL) LLVMConsumeError(error);
}
