/* program.c: a program's life: created, read from text or built, bound, planned, destroyed. */
#include "api/program.h"

#include <stdarg.h>
#include <string.h>

const char *vmo_get_version(void) { return VMO_VERSION; }

vmo_program *vmo_create_program(void) {
  vmo_context *context = vmo_context_create();
  vmo_program *program = context != NULL ? vmo_alloc_array(context, 1, sizeof *program) : NULL;
  vmo_module *module = program != NULL ? vmo_module_create(context) : NULL;
  if (module == NULL) {
    vmo_context_destroy(context);
    return NULL;
  }
  program->context = context;
  program->module = module;
  return program;
}

/* The program lives in its context's arena. */
void vmo_destroy_program(vmo_program *program) {
  if (program != NULL) vmo_context_destroy(program->context);
}

/* ---- failures ---- */

vmo_status vmo_fail_program(vmo_program *program, vmo_status status) {
  if (program->status == VMO_OK) program->status = status;
  return status;
}

vmo_status vmo_refuse_call(vmo_program *program, const char *format, ...) {
  vmo_text message;
  vmo_text_init(&message);
  va_list arguments;
  va_start(arguments, format);
  vmo_text_addv(&message, format, arguments);
  va_end(arguments);
  vmo_diag_add(program->context, VMO_DIAG_WRONG_CALL, (vmo_location){0}, "%s",
               message.data != NULL ? message.data : format);
  vmo_text_free(&message);
  return vmo_fail_program(program, VMO_INPUT_ERROR);
}

vmo_status vmo_fail_build(vmo_program *program) {
  if (vmr_arena_status(program->context->arena) != VMR_OK) return vmo_fail_program(program, VMO_OUT_OF_MEMORY);
  if (program->context->diagnostics->errors > 0) return vmo_fail_program(program, VMO_INPUT_ERROR);
  return vmo_refuse_call(program, "a size leaves the range that can be computed with");
}

/* ---- from text ---- */

static bool is_empty(const vmo_module *module) {
  return module->functions.count + module->dims.count + module->declarations.count == 0;
}

vmo_status vmo_read_program(vmo_program *program, const char *name, const char *text, size_t length) {
  if (program->status != VMO_OK) return program->status;
  if (!is_empty(program->module))
    return vmo_refuse_call(program, "the program is not empty: nothing can be read into it");
  const char *copy = vmr_arena_copy_text(program->context->arena, text, length);
  if (copy == NULL) return vmo_fail_program(program, VMO_OUT_OF_MEMORY);
  vmo_status status = vmo_context_set_source(program->context, name, copy, length);
  vmo_module *module = NULL;
  if (status == VMO_OK) status = vmo_parse_module(program->context, &module);
  if (status != VMO_OK) return vmo_fail_program(program, status);
  program->module = module;
  program->verified = true;
  return VMO_OK;
}

/* ---- to the plan ---- */

vmo_status vmo_finish_building(vmo_program *program) {
  if (program->status != VMO_OK || program->verified) return program->status;
  for (uint32_t i = 0; i < program->module->functions.count; i++) {
    vmo_function *function = program->module->functions.data[i];
    while (function->open_regions.count > 0) vmo_build_region_end(program->module, function);
  }
  vmo_status status = vmo_verify_module(program->module);
  if (status != VMO_OK) return vmo_fail_program(program, status);
  program->verified = true;
  return VMO_OK;
}

vmo_status vmo_verify_program(vmo_program *program) { return vmo_finish_building(program); }

static vmo_status bind(vmo_program *program) {
  if (program->bound) return VMO_OK;
  program->binding = vmo_declared_binding(program->module);
  if (program->binding.count < program->module->dims.count) return VMO_OUT_OF_MEMORY;
  program->bound = true;
  return VMO_OK;
}

vmo_status vmo_set_dim(vmo_program *program, const char *name, int64_t value) {
  if (program->facts != NULL) return vmo_refuse_call(program, "the program is planned already");
  vmo_status status = vmo_finish_building(program);
  if (status == VMO_OK) status = bind(program);
  if (status == VMO_OK) status = vmo_bind_dim(program->module, &program->binding, name, value);
  return status == VMO_OK ? status : vmo_fail_program(program, status);
}

vmo_status vmo_set_alignment(vmo_program *program, uint32_t alignment) {
  if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
    return vmo_refuse_call(program, "an alignment is a power of two, not %u", alignment);
  }
  program->options.alignment = alignment;
  return VMO_OK;
}

void vmo_set_results_in_caller(vmo_program *program, bool in_caller) { program->options.results_in_caller = in_caller; }

void vmo_set_improvement(vmo_program *program, bool improve) { program->options.optimise = improve ? 2 : 0; }

vmo_status vmo_plan_program(vmo_program *program) {
  if (program->facts != NULL) return vmo_refuse_call(program, "the program is planned already");
  vmo_status status = vmo_finish_building(program);
  if (status == VMO_OK && program->module->functions.count == 0) {
    return vmo_refuse_call(program, "there is no function in the program");
  }
  if (status == VMO_OK) status = bind(program);
  if (status == VMO_OK) status = vmo_check_binding(program->module, &program->binding);
  if (status == VMO_OK) {
    vmo_fix_dims(program->module, &program->binding);
    status = vmo_plan_module(program->module, &program->binding, &program->options, &program->facts);
  }
  if (status == VMO_OK) return VMO_OK;
  program->facts = NULL;
  return vmo_fail_program(program, status);
}
