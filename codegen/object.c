/* object.c: targets, LLVM's optimisation, and code as bytes. */
#include <string.h>

#include <llvm-c/BitWriter.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>

#include "codegen/compile.h"
#include "codegen/cpu.h"

/* ---- machines ---- */

static void initialise_targets(void) {
  LLVMInitializeAllTargetInfos();
  LLVMInitializeAllTargets();
  LLVMInitializeAllTargetMCs();
  LLVMInitializeAllAsmPrinters();
}

static LLVMTargetMachineRef refuse_target(vmo_context *context, const char *what, const char *name, const char *why) {
  vmo_diagnostic *added =
      vmo_diag_add(context, VMO_DIAG_UNKNOWN_TARGET, (vmo_location){0}, "there is no %s '%s'", what, name);
  if (why != NULL) vmo_diag_hint(context, added, "%s", why);
  return NULL;
}

/* The options' own text, or this machine's; the latter is LLVM's to free. */
typedef struct machine_names {
  char *triple, *cpu, *features;
} machine_names;

static machine_names find_names(const vmo_code_options *options) {
  bool is_native = options->cpu != NULL && strcmp(options->cpu, "native") == 0;
  machine_names names;
  names.triple = options->target == NULL ? LLVMGetDefaultTargetTriple() : LLVMNormalizeTargetTriple(options->target);
  names.cpu = is_native ? LLVMGetHostCPUName() : LLVMCreateMessage(options->cpu == NULL ? "" : options->cpu);
  names.features = is_native && options->features == NULL
                       ? LLVMGetHostCPUFeatures()
                       : LLVMCreateMessage(options->features == NULL ? "" : options->features);
  return names;
}

/* Names that LLVM knows; it would say so to the standard error, and may end the process over the first. */
static bool check_names(vmo_context *context, const vmo_code_options *options, LLVMTargetRef target,
                        const machine_names *names) {
  if (names->cpu[0] != '\0' && !vmo_has_cpu(target, names->triple, names->cpu)) {
    refuse_target(context, "CPU", names->cpu,
                  "LLVM's names are listed by llc -march=... -mcpu=help; native is this one");
    return false;
  }
  for (const char *at = options->features; at != NULL && *at != '\0';) {
    size_t length = strcspn(at, ",");
    bool is_signed = *at == '+' || *at == '-';
    if (!is_signed || !vmo_has_feature(target, names->triple, at + 1, length - 1)) {
      const char *word = vmr_arena_copy_text(context->arena, at, length);
      refuse_target(context, "feature", word != NULL ? word : at, "each is + or - and a name, as in +avx2,-fma");
      return false;
    }
    at += length + (at[length] == ',');
  }
  return true;
}

LLVMTargetMachineRef vmo_make_machine(vmo_context *context, const vmo_code_options *options) {
  LLVMTargetRef target = NULL;
  LLVMTargetMachineRef machine = NULL;
  char *message = NULL;
  initialise_targets();
  machine_names names = find_names(options);
  if (LLVMGetTargetFromTriple(names.triple, &target, &message)) {
    refuse_target(context, "target", names.triple, "a triple is like x86_64-linux-gnu or aarch64-linux-gnu");
    LLVMDisposeMessage(message);
  } else if (check_names(context, options, target, &names)) {
    LLVMCodeGenOptLevel level = options->llvm_level == 0   ? LLVMCodeGenLevelNone
                                : options->llvm_level == 1 ? LLVMCodeGenLevelLess
                                : options->llvm_level == 2 ? LLVMCodeGenLevelDefault
                                                           : LLVMCodeGenLevelAggressive;
    machine = LLVMCreateTargetMachine(target, names.triple, names.cpu, names.features, level, LLVMRelocPIC,
                                      LLVMCodeModelDefault);
    if (machine == NULL) refuse_target(context, "machine for target", names.triple, NULL);
  }
  LLVMDisposeMessage(names.triple);
  LLVMDisposeMessage(names.cpu);
  LLVMDisposeMessage(names.features);
  return machine;
}

/* ---- passes ---- */

static vmo_status report_error(vmo_context *context, const char *what, LLVMErrorRef error) {
  char *message = LLVMGetErrorMessage(error);
  vmo_diag_add(context, VMO_DIAG_INTERNAL, (vmo_location){0}, "%s: %.500s", what, message);
  LLVMDisposeErrorMessage(message);
  return VMO_INTERNAL_ERROR;
}

vmo_status vmo_optimise_code(vmo_compilation *c) {
  static const char *const pipelines[] = {"default<O0>", "default<O1>", "default<O2>", "default<O3>"};
  uint32_t level = c->options->llvm_level > 3 ? 3 : c->options->llvm_level;
  LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
  LLVMPassBuilderOptionsSetLoopVectorization(options, level >= 2);
  LLVMPassBuilderOptionsSetSLPVectorization(options, level >= 2);
  LLVMPassBuilderOptionsSetLoopUnrolling(options, level >= 1);
  LLVMErrorRef error = LLVMRunPasses(c->code, pipelines[level], c->machine, options);
  LLVMDisposePassBuilderOptions(options);
  return error == NULL ? VMO_OK : report_error(c->context, "LLVM's passes", error);
}

/* ---- bytes ---- */

static void take_buffer(LLVMMemoryBufferRef buffer, vmo_text *out) {
  vmo_text_add_bytes(out, LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer));
  LLVMDisposeMemoryBuffer(buffer);
}

static vmo_status write_machine_code(vmo_context *context, vmo_code *code, LLVMCodeGenFileType type, vmo_text *out) {
  LLVMMemoryBufferRef buffer = NULL;
  char *message = NULL;
  LLVMModuleRef copy = LLVMCloneModule(code->code); /* emission changes what it is given */
  bool failed = LLVMTargetMachineEmitToMemoryBuffer(code->machine, copy, type, &message, &buffer);
  LLVMDisposeModule(copy);
  if (!failed) {
    take_buffer(buffer, out);
    return VMO_OK;
  }
  vmo_diag_add(context, VMO_DIAG_INTERNAL, (vmo_location){0}, "LLVM writes no code: %.500s", message);
  LLVMDisposeMessage(message);
  return VMO_INTERNAL_ERROR;
}

static void write_text(const vmo_code *code, vmo_text *out) {
  char *text = LLVMPrintModuleToString(code->code);
  vmo_text_add(out, text);
  LLVMDisposeMessage(text);
}

vmo_status vmo_write_code(vmo_context *context, vmo_code *code, vmo_code_form form, vmo_text *out) {
  vmo_status status = VMO_OK;
  switch (form) {
  case VMO_CODE_LLVM: write_text(code, out); break;
  case VMO_CODE_BITCODE: take_buffer(LLVMWriteBitcodeToMemoryBuffer(code->code), out); break;
  case VMO_CODE_ASSEMBLY: status = write_machine_code(context, code, LLVMAssemblyFile, out); break;
  case VMO_CODE_OBJECT: status = write_machine_code(context, code, LLVMObjectFile, out); break;
  }
  return status == VMO_OK && vmo_text_failed(out) ? VMO_OUT_OF_MEMORY : status;
}

/* ---- LLVM itself ---- */

bool vmo_has_llvm(void) { return true; }
