/* cmd_run.c: `vmemopt run FILE [FUNCTION]`: runs a function on arguments, shows or writes its results.
 *
 *   program ──> function ──> arguments, dims ──> engine ──> results ──> text, JSON, .npy files */
#include <string.h>

#include "cli/run.h"
#include "codegen/codegen.h"

/* ---- which function ---- */

/* Whether a function of the module, itself apart, calls each function. */
static bool *find_called(vmo_execution *run) {
  const vmo_module *module = run->module;
  bool *called = vmo_alloc_array(run->cli->context, (size_t)module->functions.count + 1, sizeof *called);
  for (uint32_t f = 0; called != NULL && f < module->functions.count; f++) {
    const vmo_function *function = module->functions.data[f];
    for (uint32_t i = 0; i < function->ops.count; i++) {
      const vmo_op *op = &function->ops.data[i];
      if (op->code == VMO_OP_call && op->callee != f) called[op->callee] = true;
    }
  }
  return called;
}

static vmo_status function_fault(vmo_execution *run, const char *message, const char *name) {
  vmo_text list;
  vmo_text_init(&list);
  for (uint32_t i = 0; i < run->module->functions.count; i++)
    vmo_text_addf(&list, "%s %s", i > 0 ? "," : "", vmo_name(run->module, run->module->functions.data[i]->name));
  vmo_diagnostic *added =
      vmo_diag_add(run->cli->context, VMO_DIAG_RUN_FUNCTION, (vmo_location){0}, "%s%s", message, name);
  if (list.data != NULL) vmo_diag_hint(run->cli->context, added, "the functions are:%s", list.data);
  vmo_text_free(&list);
  return VMO_INPUT_ERROR;
}

static vmo_status choose_function(vmo_execution *run) {
  const char *name = run->cli->options.function;
  uint32_t candidates = 0;
  run->module = run->cli->module;
  run->id = name != NULL ? vmo_find_function(run->module, name) : VMO_NONE;
  if (name != NULL && run->id == VMO_NONE) return function_fault(run, "the program has no function ", name);
  const bool *called = find_called(run);
  if (called == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < run->module->functions.count && name == NULL; i++) {
    if (called[i]) continue;
    if (run->id == VMO_NONE) run->id = i;
    candidates++;
  }
  if (name == NULL && candidates != 1)
    return function_fault(run, "which function is to run? vmemopt run FILE NAME", "");
  run->function = run->module->functions.data[run->id];
  return VMO_OK;
}

/* ---- the report ---- */

static void write_text(const vmo_cli *cli, void *user, vmo_text *out) {
  const vmo_execution *run = user;
  vmo_text_style style = {vmo_text_width(&cli->options, 1), vmo_use_colour(&cli->options, 1), vmo_use_unicode(1)};
  vmo_write_run_text(&run->report, &style, out);
}

static void write_json(const vmo_cli *cli, void *user, vmo_text *out) {
  vmo_execution *run = user;
  run->report.context = cli->context;
  vmo_write_run_json(&run->report, out);
}

static void begin_report(vmo_execution *run, const char *remark) {
  const vmo_cli *cli = run->cli;
  run->report = (vmo_run_report){.context = cli->context,
                                 .input = strcmp(cli->options.input, "-") == 0 ? "<stdin>" : cli->options.input,
                                 .function = vmo_name(run->module, run->function->name),
                                 .engine = run->compiled ? "jit" : "reference",
                                 .remark = remark,
                                 .measure = cli->options.measure != VMO_MEASURE_NOT ? &run->measure : NULL,
                                 .watch = cli->options.instrument || cli->options.trace != NULL ? &run->watch : NULL,
                                 .module = run->module,
                                 .binding = &cli->binding,
                                 .calls = run->calls};
}

/* ---- the command ---- */

static vmo_status refuse_reference(vmo_execution *run, const char *option) {
  vmo_diagnostic *added =
      vmo_diag_add(run->cli->context, VMO_DIAG_USAGE, (vmo_location){0},
                   "%s looks at the compiled engine, and --engine=reference asks for the other", option);
  if (added != NULL) added->source = "vmemopt";
  return VMO_INPUT_ERROR;
}

/* The compiled engine by default, where there is LLVM. */
static vmo_status choose_engine(vmo_execution *run, const char **remark) {
  const vmo_options *options = &run->cli->options;
  *remark = options->engine == VMO_ENGINE_DEFAULT && !vmo_has_llvm() ? "this build has no LLVM" : NULL;
  run->compiled = options->engine == VMO_ENGINE_JIT || (options->engine == VMO_ENGINE_DEFAULT && vmo_has_llvm());
  const char *needs = options->measure != VMO_MEASURE_NOT ? "--measure"
                      : options->trace != NULL            ? "--trace"
                      : options->instrument               ? "--instrument"
                                                          : NULL;
  run->keep_events = options->trace != NULL;
  if (needs != NULL && !run->compiled && vmo_has_llvm()) return refuse_reference(run, needs);
  bool missing = (run->compiled || needs != NULL) && !vmo_has_llvm();
  if (missing)
    vmo_diag_hint(run->cli->context,
                  vmo_diag_add(run->cli->context, VMO_DIAG_NO_LLVM, (vmo_location){0},
                               "%s needs LLVM, which this build "
                               "of vmemopt does not have",
                               needs != NULL ? needs : "--engine=jit"),
                  "--engine=reference runs without; configure with VMEMOPT_LLVM=ON for both");
  return missing ? VMO_INPUT_ERROR : VMO_OK;
}

static vmo_status execute(vmo_execution *run) {
  const char *remark = NULL;
  run->calls = run->cli->options.calls > 0 ? run->cli->options.calls : 1;
  vmo_status status = choose_function(run);
  if (status == VMO_OK) status = choose_engine(run, &remark);
  if (status == VMO_OK) begin_report(run, remark);
  if (status == VMO_OK) status = vmo_make_arguments(run);
  if (status == VMO_OK) status = vmo_place_results(run);
  if (status == VMO_OK && run->cli->json_path != NULL) status = vmo_describe_arguments(run);
  if (status == VMO_OK) status = vmo_run_function(run);
  return status == VMO_OK ? vmo_describe_results(run) : status;
}

vmo_exit vmo_run_run_command(vmo_cli *cli) {
  vmo_execution run = {.cli = cli};
  vmo_exit kept = vmo_keep_inputs(&run);
  if (kept != VMO_EXIT_FINE) return kept;
  vmo_status status = vmo_load_module(cli);
  if (status == VMO_OK) status = execute(&run);
  vmo_writers writers = {.text = write_text,
                         .json = write_json,
                         .files = run.paths,
                         .file_count = status == VMO_OK ? run.path_count : 0,
                         .file = vmo_write_result_file,
                         .user = &run};
  vmo_exit code = vmo_finish(cli, status, &writers);
  vmo_close_sources(&run);
  vmo_close_libraries(&run);
  return code;
}
