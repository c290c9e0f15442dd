/* run_compiled.c: a function compiled, planned and called in this process.
 *
 *   program, parsed again ──> dims fixed ──> plan ──> code ──> loaded        (a second time with results in the caller's
 *                                                                            bytes, when functions call each other)
 *
 * Everything that a call needs is obtained before the first one: arenas, copies of donated arguments, places for results.
 * States begin in the arena's place for them and stay there. */
#define _POSIX_C_SOURCE 200809L /* NOLINT(bugprone-reserved-identifier): the name is the standard's */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/run_engines.h"

#define DEEP_NEST 64

double vmo_seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static vmo_bytes bytes_of(const vmo_array *array) { return array->count * vmo_element_bytes(array->element); }

static void copy_bytes(void *to, const void *from, vmo_bytes bytes) {
  if (bytes > 0) memcpy(to, from, (size_t)bytes);
}

/* ---- planning ---- */

/* Parses the program once more, and plans it. */
static vmo_status plan(vmo_execution *run, bool results_in_caller, vmo_module **module, vmo_module_facts **facts) {
  vmo_plan_options plan = vmo_make_plan_options(run->cli);
  plan.results_in_caller = results_in_caller;
  vmo_status status = vmo_parse_module(run->cli->context, module);
  if (status != VMO_OK) return status;
  vmo_fix_dims(*module, &run->cli->binding);
  return vmo_plan_module(*module, &run->cli->binding, &plan, facts);
}

/* Whether products go through CBLAS: only where there are some, as a library that none needs takes its time to open. */
static bool wants_blas(const vmo_execution *run) {
  vmo_blas_choice choice = run->cli->options.blas;
  bool found = choice == VMO_BLAS_ON;
  if (choice == VMO_BLAS_OFF || found) return found;
  for (uint32_t f = 0; f < run->module->functions.count && !found; f++) {
    const vmo_function *function = run->module->functions.data[f];
    for (uint32_t i = 0; i < function->ops.count && !found; i++)
      found = function->ops.data[i].code == VMO_OP_matmul || function->ops.data[i].code == VMO_OP_batch_matmul;
  }
  return found && vmo_find_blas() != NULL;
}

/* LLVM's passes take far more than linear time in the depth of loops within loops: 200 of them half a minute. Such
 * programs are compiled without. */
static uint32_t choose_llvm_level(const vmo_options *options, const vmo_module *module) {
  if (options->llvm_level_given) return options->llvm_level;
  for (uint32_t f = 0; f < module->functions.count; f++) {
    const vmo_function *function = module->functions.data[f];
    for (uint32_t i = 0; i < function->regions.count; i++)
      if (function->regions.data[i].depth > DEEP_NEST) return 0;
  }
  return 3;
}

static vmo_status compile(vmo_execution *run, vmo_compiled *compiled) {
  vmo_module_facts *facts, *others;
  bool in_caller = run->cli->options.results_in_caller;
  vmo_status status = plan(run, in_caller, &compiled->module, &facts);
  if (status != VMO_OK) return status;
  compiled->facts = facts->functions.data[run->id];
  compiled->function = compiled->module->functions.data[run->id];
  if (!in_caller && vmo_has_calls(compiled->module)) status = plan(run, true, &compiled->callees, &others);
  if (status != VMO_OK) return status;
  compiled->progress = vmo_has_progress() && !compiled->instrument && run->report.measure == NULL && run->calls == 1;
  vmo_code_options options = {.cpu = "native",
                              .llvm_level = choose_llvm_level(&run->cli->options, compiled->module),
                              .instrument = compiled->instrument,
                              .progress = compiled->progress,
                              .blas = wants_blas(run),
                              .only = compiled->function,
                              .callees = compiled->callees};
  vmo_code *code = NULL;
  vmo_show_progress(NULL, "compiling", 0, 1);
  status = vmo_compile_module(compiled->module, &options, &code);
  if (status == VMO_OK && vmo_code_needs_blas(code)) run->report.remark = "products through CBLAS";
  if (status == VMO_OK) status = vmo_load_code(compiled->module, code, vmo_find_declared_op, run, &compiled->loaded);
  vmo_destroy_code(code);
  return status;
}

/* ---- what calls need ---- */

static vmo_status fail_call(vmo_execution *run, const vmr_call *call, int32_t status) {
  static const char *const messages[] = {
      [VMR_CALL_OK] = "",
      [VMR_CALL_NO_ARENA] = "an arena is missing",
      [VMR_CALL_ARENA_TOO_SMALL] = "an arena is too small",
      [VMR_CALL_ARENA_MISALIGNED] = "an arena is misaligned",
      [VMR_CALL_WRONG_SIZE] = "a size is negative, above its bound, or 2^53 bytes or more",
      [VMR_CALL_NO_ARGUMENT] = "an argument is missing",
      [VMR_CALL_INDEX_OUTSIDE] = "an index is outside of its array, or the rows of a graph do not ascend",
      [VMR_CALL_OUT_OF_MEMORY] = "",
      [VMR_CALL_TOO_DEEP] = "calls are nested too deep",
      [VMR_CALL_DECLARED_FAILED] = "the function for a declared op has failed"};
  vmo_location place = {call->fault_line, call->fault_column};
  if (status == VMR_CALL_OUT_OF_MEMORY) return VMO_OUT_OF_MEMORY;
  vmo_diag_code code = status == VMR_CALL_INDEX_OUTSIDE     ? VMO_DIAG_INDEX_OUTSIDE
                       : status == VMR_CALL_TOO_DEEP        ? VMO_DIAG_CALL_DEPTH
                       : status == VMR_CALL_DECLARED_FAILED ? VMO_DIAG_NO_KERNEL
                       : status == VMR_CALL_WRONG_SIZE      ? VMO_DIAG_BINDING
                                                            : VMO_DIAG_INTERNAL;
  vmo_diagnostic *added = vmo_diag_add(run->cli->context, code, place, "%s", messages[status]);
  if (code == VMO_DIAG_INDEX_OUTSIDE)
    vmo_diag_hint(run->cli->context, added, "--engine=reference tells which index, and the range that it is not in");
  if (code == VMO_DIAG_CALL_DEPTH) vmo_diag_hint(run->cli->context, added, "does the recursion end?");
  return code == VMO_DIAG_INTERNAL ? VMO_INTERNAL_ERROR : VMO_INPUT_ERROR;
}

static vmo_status make_arenas(vmo_execution *run, vmo_compiled *compiled) {
  vmo_context *context = run->cli->context;
  const vmo_plan *plan = compiled->function->plan;
  size_t alignment = vmo_arena_alignment(compiled->module, compiled->function), count = plan->arena_count;
  compiled->arena_count = plan->arena_count;
  compiled->arena_bytes = vmo_alloc_array(context, count + 1, sizeof *compiled->arena_bytes);
  compiled->high_water = vmo_alloc_array(context, count + 1, sizeof *compiled->high_water);
  compiled->arenas = vmo_alloc_array(context, count + 1, sizeof *compiled->arenas);
  if (compiled->arena_bytes == NULL || compiled->high_water == NULL || compiled->arenas == NULL)
    return VMO_OUT_OF_MEMORY;
  int32_t status = vmo_find_arenas(compiled->loaded, run->id)(compiled->dims, compiled->arena_bytes);
  if (status != VMR_CALL_OK) return fail_call(run, &(vmr_call){.depth = 0}, status);
  for (size_t i = 0; i < count; i++) {
    size_t bytes = (size_t)compiled->arena_bytes[i];
    compiled->arenas[i] = vmr_arena_alloc_aligned(context->arena, bytes, alignment);
    if (compiled->arenas[i] == NULL) return VMO_OUT_OF_MEMORY;
  }
  return VMO_OK;
}

static vmo_status make_arguments(vmo_execution *run, vmo_compiled *compiled) {
  vmo_context *context = run->cli->context;
  const vmo_function *function = compiled->function;
  compiled->arguments = vmo_alloc_array(context, (size_t)function->parameters.count + 1, sizeof *compiled->arguments);
  if (compiled->arguments == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < function->parameters.count; i++) {
    compiled->arguments[i] = run->arguments[i].data;
    if (!function->parameters.data[i].donate) continue;
    compiled->arguments[i] = vmr_arena_alloc_aligned(context->arena, (size_t)bytes_of(&run->arguments[i]), 64);
    if (compiled->arguments[i] == NULL) return VMO_OUT_OF_MEMORY;
  }
  return VMO_OK;
}

static vmo_status make_results(vmo_execution *run, vmo_compiled *compiled) {
  uint32_t count = compiled->function->result_types.count;
  compiled->results = vmo_alloc_array(run->cli->context, (size_t)count + 1, sizeof *compiled->results);
  return compiled->results != NULL ? VMO_OK : VMO_OUT_OF_MEMORY;
}

/* The bytes of a state in its arena. */
static void *find_state(const vmo_execution *run, const vmo_compiled *compiled, uint32_t parameter) {
  const vmo_plan *plan = compiled->function->plan;
  const vmo_type *type = vmo_value_type(compiled->module, compiled->function, parameter);
  vmo_interval offset;
  vmo_size_evaluate(compiled->module->sizes, plan->values[parameter].offset, &run->cli->binding, &offset);
  uint32_t arena = 0;
  while (plan->arenas[arena].space != type->space) arena++;
  return (char *)compiled->arenas[arena] + offset.low;
}

static void exchange_states(const vmo_execution *run, const vmo_compiled *compiled, bool in) {
  for (uint32_t i = 0; i < compiled->function->parameters.count; i++) {
    if (!compiled->function->parameters.data[i].state || bytes_of(&run->arguments[i]) == 0) continue;
    void *state = find_state(run, compiled, i), *given = run->arguments[i].data;
    copy_bytes(in ? state : given, in ? given : state, bytes_of(&run->arguments[i]));
  }
}

vmo_status vmo_prepare_compiled(vmo_execution *run, vmo_compiled *compiled) {
  vmo_context *context = run->cli->context;
  double begin = vmo_seconds_now();
  vmo_status status = compile(run, compiled);
  compiled->compile_seconds = vmo_seconds_now() - begin;
  if (status != VMO_OK) return status;
  compiled->entry = vmo_find_entry(compiled->loaded, run->id);
  compiled->dims = vmo_alloc_array(context, (size_t)run->module->dims.count + 1, sizeof *compiled->dims);
  if (compiled->dims == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < run->module->dims.count; i++) {
    const vmo_interval *values = &run->cli->binding.dims[i];
    compiled->dims[i] = values->low == values->high ? values->low : 0;
  }
  status = make_arenas(run, compiled);
  if (status == VMO_OK) status = make_arguments(run, compiled);
  if (status == VMO_OK) status = make_results(run, compiled);
  if (status == VMO_OK) exchange_states(run, compiled, true);
  return status;
}

/* ---- one call ---- */

vmo_status vmo_call_compiled(vmo_execution *run, vmo_compiled *compiled, double *seconds) {
  const vmo_function *function = compiled->function;
  for (uint32_t i = 0; i < function->parameters.count; i++)
    if (function->parameters.data[i].donate)
      copy_bytes(compiled->arguments[i], run->arguments[i].data, bytes_of(&run->arguments[i]));
  for (uint32_t i = 0; i < function->result_types.count; i++)
    compiled->results[i] = run->cli->options.results_in_caller ? run->places[i].array.data : NULL;
  compiled->watch.high_water = compiled->high_water;
  compiled->watch.arena_count = compiled->arena_count;
  vmr_call call = {.dims = compiled->dims,
                   .arguments = compiled->arguments,
                   .results = compiled->results,
                   .arenas = compiled->arenas,
                   .arena_bytes = compiled->arena_bytes,
                   .watch = compiled->instrument || compiled->progress ? &compiled->watch : NULL,
                   .threads = compiled->instrument ? 1 : run->cli->options.threads};
  double begin = vmo_seconds_now();
  int32_t status = compiled->entry(&call);
  *seconds = vmo_seconds_now() - begin;
  return status == VMR_CALL_OK ? VMO_OK : fail_call(run, &call, status);
}

void vmo_take_compiled_results(vmo_execution *run, const vmo_compiled *compiled) {
  for (uint32_t i = 0; i < compiled->function->result_types.count; i++) {
    const vmo_array *array = &run->places[i].array;
    if (compiled->results[i] != array->data) copy_bytes(array->data, compiled->results[i], bytes_of(array));
  }
  exchange_states(run, compiled, false);
}

const vmo_op *vmo_watched_op(const vmo_compiled *compiled, uint32_t function, uint32_t op, const vmo_module **module,
                             const vmo_function **owner) {
  uint32_t count = compiled->module->functions.count;
  *module = function < count ? compiled->module : compiled->callees;
  *owner = (*module)->functions.data[function < count ? function : function - count];
  return &(*owner)->ops.data[op];
}

void vmo_drop_compiled(vmo_compiled *compiled) {
  vmo_unload_code(compiled->loaded);
  compiled->loaded = NULL;
}
