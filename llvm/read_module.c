/* read_module.c: LLVM IR, text or bitcode, as a module of LLVM's; several are linked to one.
 *
 * LLVM's own messages become diagnostics with their place; nothing is printed. A module that the caller has, as in clang's
 * own process, is adopted. What stands in it is read by read.c. */
#include <stdio.h>
#include <string.h>

#include <llvm-c/Analysis.h>
#include <llvm-c/IRReader.h>
#include <llvm-c/Linker.h>

#include "llvm/program.h"

static void note_message(LLVMDiagnosticInfoRef information, void *user) {
  vmo_ll_program *program = user;
  if (LLVMGetDiagInfoSeverity(information) != LLVMDSError) return;
  char *message = LLVMGetDiagInfoDescription(information);
  vmo_diag_add(program->context, VMO_DIAG_LLVM_INPUT, (vmo_location){0}, "LLVM refuses the module: %s", message);
  LLVMDisposeMessage(message);
}

/* Bitcode names the LLVM that made it, which LLVM's words on it repeat: "(Producer: 'LLVM22.1.8' Reader: 'LLVM 19.1.7')". 0: they
 * do not, as where the file ends too soon. */
static unsigned read_producer(const char *message) {
  const char *producer = strstr(message, "(Producer: 'LLVM");
  unsigned major = 0;
  return producer != NULL && sscanf(producer, "(Producer: 'LLVM%u", &major) == 1 ? major : 0;
}

/* What is at fault, the file or its age. Text does not tell which LLVM it is of, nor does bitcode of another epoch. */
static void hint_at_fault(vmo_context *context, vmo_diagnostic *added, const char *message, bool is_text) {
  unsigned producer = read_producer(message);
  if (producer > LLVM_VERSION_MAJOR) {
    vmo_diag_hint(context, added, "LLVM %u made it: use clang-%u, or a vmemopt that was built with LLVM %u", producer,
                  LLVM_VERSION_MAJOR, producer);
  } else if (is_text || strstr(message, "epoch") != NULL) {
    vmo_diag_hint(context, added,
                  "modules of LLVM %u and older are read; newer ones need a vmemopt built with that LLVM",
                  LLVM_VERSION_MAJOR);
  } else {
    vmo_diag_hint(context, added, "the file is damaged or cut short: make it again");
  }
}

/* LLVM writes "name:line:column: error: words", and the line and a caret below it. */
static void report_parse_error(vmo_context *context, const char *name, bool first, const char *message) {
  vmo_location location = {0};
  const char *words = strstr(message, "error: ");
  unsigned line = 0, column = 0;
  size_t length = strlen("<input>");
  bool placed = strncmp(message, "<input>", length) == 0 && sscanf(message + length, ":%u:%u", &line, &column) == 2;
  words = words != NULL ? words + strlen("error: ") : message;
  int shown = (int)strcspn(words, "\n");
  vmo_diagnostic *added;
  if (first || !placed) {
    if (placed) location = (vmo_location){line, column};
    added = vmo_diag_add(context, VMO_DIAG_LLVM_INPUT, location, "LLVM %u cannot read %s: %.*s", LLVM_VERSION_MAJOR,
                         first ? "this" : name, shown, words);
  } else {
    added = vmo_diag_add(context, VMO_DIAG_LLVM_INPUT, location, "LLVM %u cannot read %s at %u:%u: %.*s",
                         LLVM_VERSION_MAJOR, name, line, column, shown, words);
  }
  hint_at_fault(context, added, words, placed);
}

/* Reads one module, which obeys the rules of LLVM IR; NULL after a diagnostic. */
static LLVMModuleRef parse_module(vmo_ll_program *program, const vmo_ll_source *source, bool first) {
  vmo_context *context = program->context;
  LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(source->bytes, source->length, "<input>");
  LLVMModuleRef module = NULL;
  char *message = NULL;
  uint32_t before = context->diagnostics->errors;
  if (LLVMParseIRInContext(program->llvm, buffer, &module, &message)) {
    if (context->diagnostics->errors == before)
      report_parse_error(context, source->name, first, message != NULL ? message : "no IR");
    LLVMDisposeMessage(message);
    return NULL;
  }
  bool broken = LLVMVerifyModule(module, LLVMReturnStatusAction, &message);
  if (broken) {
    vmo_diag_add(context, VMO_DIAG_LLVM_INPUT, (vmo_location){0}, "%s breaks a rule of LLVM IR: %.*s",
                 first ? "the module" : source->name, (int)strcspn(message, "\n"), message);
    LLVMDisposeModule(module);
  }
  LLVMDisposeMessage(message);
  return broken ? NULL : module;
}

/* Puts the module into the program's, and takes it away from the caller. */
static vmo_status link_module(vmo_ll_program *program, LLVMModuleRef module, const char *name) {
  uint32_t before = program->context->diagnostics->errors;
  if (program->module == NULL) {
    program->module = module;
    return VMO_OK;
  }
  if (!LLVMLinkModules2(program->module, module)) return VMO_OK;
  vmo_diagnostics *diagnostics = program->context->diagnostics;
  if (diagnostics->errors == before) {
    vmo_diag_add(program->context, VMO_DIAG_LLVM_INPUT, (vmo_location){0}, "LLVM cannot link %s", name);
  } else if (!diagnostics->dropping && diagnostics->count > 0) {
    vmo_diag_hint(program->context, &diagnostics->items[diagnostics->count - 1],
                  "that was found when %s was linked to the inputs before it", name);
  }
  return VMO_INPUT_ERROR;
}

static vmo_status read_modules(vmo_ll_program *program, const vmo_ll_source *sources, uint32_t count) {
  vmo_status status = VMO_OK;
  for (uint32_t i = 0; i < count && status == VMO_OK; i++) {
    LLVMModuleRef module = parse_module(program, &sources[i], i == 0);
    status = module != NULL ? link_module(program, module, sources[i].name) : VMO_INPUT_ERROR;
  }
  return status;
}

vmo_status vmo_verify_llvm(vmo_ll_program *program) {
  char *message = NULL;
  bool broken = LLVMVerifyModule(program->module, LLVMReturnStatusAction, &message);
  if (broken)
    vmo_diag_add(program->context, VMO_DIAG_INTERNAL, (vmo_location){0}, "the rewritten module is broken: %.*s",
                 (int)strcspn(message, "\n"), message);
  LLVMDisposeMessage(message);
  return broken ? VMO_INTERNAL_ERROR : VMO_OK;
}

static vmo_status check_layout(vmo_ll_program *program) {
  program->layout = LLVMGetModuleDataLayout(program->module);
  program->pointer_bytes = LLVMPointerSizeForAS(program->layout, 0);
  if (program->pointer_bytes == 8) return VMO_OK;
  vmo_diagnostic *added = vmo_diag_add(program->context, VMO_DIAG_LLVM_INPUT, (vmo_location){0},
                                       "the module is for a machine with pointers of %u bytes", program->pointer_bytes);
  vmo_diag_hint(program->context, added, "machines with pointers of 8 bytes are supported");
  return VMO_INPUT_ERROR;
}

static vmo_ll_program *create_program(vmo_context *context) {
  vmo_ll_program *program = vmo_alloc_array(context, 1, sizeof *program);
  if (program == NULL) return NULL;
  *program = (vmo_ll_program){.context = context, .arena = vmr_arena_create(0)};
  return program;
}

static vmo_status read_program(vmo_ll_program *program) {
  vmo_status status = check_layout(program);
  program->type_alias_kind = LLVMGetMDKindIDInContext(program->llvm, "tbaa", 4);
  if (status == VMO_OK) program->edited = vmo_repair_calls(program) > 0;
  return status == VMO_OK ? vmo_read_arrays(program) : status;
}

vmo_status vmo_read_llvm(vmo_context *context, const vmo_ll_source *sources, uint32_t count, vmo_ll_program **result) {
  vmo_ll_program *program = *result = create_program(context);
  if (program == NULL || program->arena == NULL) return VMO_OUT_OF_MEMORY;
  program->llvm = LLVMContextCreate();
  LLVMContextSetDiagnosticHandler(program->llvm, note_message, program);
  vmo_status status = read_modules(program, sources, count);
  return status == VMO_OK ? read_program(program) : status;
}

vmo_status vmo_adopt_llvm(vmo_context *context, void *module, vmo_ll_program **result) {
  vmo_ll_program *program = *result = create_program(context);
  if (program == NULL || program->arena == NULL) return VMO_OUT_OF_MEMORY;
  program->adopted = true;
  program->module = module;
  program->llvm = LLVMGetModuleContext(program->module);
  return read_program(program);
}

void vmo_release_llvm(vmo_ll_program *program) {
  if (program == NULL) return;
  if (program->module != NULL && !program->adopted) LLVMDisposeModule(program->module);
  if (program->llvm != NULL && !program->adopted) LLVMContextDispose(program->llvm);
  vmr_arena_destroy(program->arena);
  program->module = NULL;
  program->llvm = NULL;
  program->arena = NULL;
}
