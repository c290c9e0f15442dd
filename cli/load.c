/* load.c: from an input to a module whose functions are planned, and the test of its budgets. */
#include <string.h>

#include "cli/cli.h"

/* ---- reading ---- */

static vmo_status bind_dims(vmo_cli *cli) {
  cli->binding = vmo_declared_binding(cli->module);
  if (cli->binding.count < cli->module->dims.count) return VMO_OUT_OF_MEMORY;
  vmo_status status = VMO_OK;
  for (uint32_t i = 0; i < cli->options.dims.count; i++) {
    const vmo_dim_setting *setting = &cli->options.dims.data[i];
    vmo_status bound = vmo_bind_dim(cli->module, &cli->binding, setting->name, setting->value);
    if (bound != VMO_OK) status = bound;
    if (status == VMO_OUT_OF_MEMORY) return status;
  }
  return status == VMO_OK ? vmo_check_binding(cli->module, &cli->binding) : status;
}

vmo_status vmo_load_module(vmo_cli *cli) {
  vmo_status status = vmo_load_input(cli, VMO_INPUT_VMIR);
  return status == VMO_OK ? vmo_parse_loaded(cli) : status;
}

vmo_status vmo_parse_loaded(vmo_cli *cli) {
  vmo_status status = vmo_parse_module(cli->context, &cli->module);
  if (status != VMO_OK) {
    cli->module = NULL;
    return status;
  }
  return bind_dims(cli);
}

/* ---- planning ---- */

enum { DEFAULT_LEVEL = 2 }; /* of compile and run */

vmo_plan_options vmo_make_plan_options(vmo_cli *cli) {
  const vmo_options *options = &cli->options;
  bool makes_code = (cli->command->bit & (VMO_COMPILE | VMO_RUN)) != 0;
  vmo_plan_options plan = {.alignment = options->alignment,
                           .results_in_caller = options->results_in_caller,
                           .optimise = options->optimise,
                           .passes = options->passes,
                           .dump = options->dump,
                           .dump_out = &cli->dump,
                           .summary_only = options->summary,
                           .progress = vmo_show_progress};
  if (!makes_code) return plan;
  uint32_t level = options->optimise_given ? options->optimise : DEFAULT_LEVEL;
  plan.optimise = level == 2 ? 2 : 0;
  plan.apart = level == 0;
  return plan;
}

vmo_status vmo_plan_loaded(vmo_cli *cli) {
  vmo_plan_options plan = vmo_make_plan_options(cli);
  vmo_status status = vmo_plan_module(cli->module, &cli->binding, &plan, &cli->facts);
  if (status != VMO_OK) cli->facts = NULL;
  if (status == VMO_OK && vmo_text_failed(&cli->dump)) status = VMO_OUT_OF_MEMORY;
  return status;
}

bool vmo_has_calls(const vmo_module *module) {
  for (uint32_t f = 0; f < module->functions.count; f++)
    for (uint32_t i = 0; i < module->functions.data[f]->ops.count; i++)
      if (module->functions.data[f]->ops.data[i].code == VMO_OP_call) return true;
  return false;
}

/* Nothing that is wrong is found here for the first time, so that its diagnostics need not be shown. */
vmo_status vmo_plan_for_calls(vmo_cli *cli, vmo_module **callees) {
  const vmo_context *from = cli->context;
  vmo_plan_options plan = vmo_make_plan_options(cli);
  vmo_module_facts *facts;
  *callees = NULL;
  if (plan.results_in_caller || !vmo_has_calls(cli->module)) return VMO_OK;
  vmo_context *context = cli->call_context = vmo_context_create();
  if (context == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = vmo_context_set_source(context, from->source_name, from->source_text, from->source_length);
  if (status == VMO_OK) status = vmo_parse_module(context, callees);
  if (status != VMO_OK) return status;
  vmo_fix_dims(*callees, &cli->binding);
  plan.results_in_caller = true;
  plan.dump = NULL;
  plan.dump_out = NULL;
  return vmo_plan_module(*callees, &cli->binding, &plan, &facts);
}

/* ---- budgets ---- */

/* The space of that name must be one of the program's: a misspelt one would always be within its budget. */
static vmo_status find_space(vmo_cli *cli, const char *name, vmo_space_id *space) {
  const vmo_module *module = cli->module;
  const char **names = vmo_alloc_array(cli->context, module->spaces.count, sizeof *names);
  if (names == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < module->spaces.count; i++) {
    names[i] = vmo_name(module, module->spaces.data[i]);
    if (strcmp(names[i], name) != 0) continue;
    *space = i;
    return VMO_OK;
  }
  const char *nearest = vmo_nearest_word(name, names, module->spaces.count);
  vmo_diagnostic *added = vmo_diag_add(cli->context, VMO_DIAG_BUDGET_NOT_KNOWN, (vmo_location){0},
                                       "--max-peak names the space %s, which the program does not use", name);
  if (nearest != NULL) vmo_diag_hint(cli->context, added, "did you mean %s?", nearest);
  return VMO_INPUT_ERROR;
}

static vmo_amount arena_of(const vmo_plan_facts *facts, vmo_space_id space) {
  if (space == VMO_NONE) return facts->figures.arena;
  for (uint32_t i = 0; i < facts->spaces.count; i++) {
    if (facts->spaces.data[i].space == space) return facts->spaces.data[i].arena;
  }
  return (vmo_amount){0, VMO_NONE};
}

static void report_over_budget(vmo_cli *cli, const vmo_plan_facts *facts, const vmo_budget *budget, vmo_bytes need) {
  vmo_text need_text, budget_text;
  vmo_text_init(&need_text);
  vmo_text_init(&budget_text);
  vmo_text_add_bytes_for_people(&need_text, need);
  vmo_text_add_bytes_for_people(&budget_text, budget->bytes);
  vmo_diagnostic *added = vmo_diag_add(
      cli->context, VMO_DIAG_OVER_BUDGET, facts->planned->location,
      "@%s needs an arena of %lld bytes (%s)%s%s, %lld more than the budget of %lld (%s)",
      vmo_name(cli->module, facts->planned->name), (long long)need, need_text.data != NULL ? need_text.data : "",
      budget->space != NULL ? " in space " : "", budget->space != NULL ? budget->space : "",
      (long long)(need - budget->bytes), (long long)budget->bytes, budget_text.data != NULL ? budget_text.data : "");
  vmo_diag_hint(cli->context, added, "the report lists what is live at the peak, and what was not overwritten and why");
  vmo_text_free(&need_text);
  vmo_text_free(&budget_text);
}

static vmo_status test_budget(vmo_cli *cli, const vmo_plan_facts *facts, const vmo_budget *budget, vmo_space_id space) {
  if (facts == NULL) {
    vmo_diag_add(cli->context, VMO_DIAG_BUDGET_NOT_KNOWN, (vmo_location){0},
                 "--max-peak says nothing of functions that --passes leaves unplanned");
    return VMO_INPUT_ERROR;
  }
  vmo_amount need = arena_of(facts, space);
  const char *name = vmo_name(cli->module, facts->planned->name);
  if (need.bytes < 0) {
    vmo_diagnostic *added =
        vmo_diag_add(cli->context, VMO_DIAG_BUDGET_NOT_KNOWN, facts->planned->location,
                     "the arena of @%s depends on dims without a value, so --max-peak says nothing", name);
    vmo_diag_hint(cli->context, added, "--dim NAME=NUMBER gives a dim its value");
    return VMO_INPUT_ERROR;
  }
  if (need.bytes > budget->bytes) {
    report_over_budget(cli, facts, budget, need.bytes);
    return VMO_DOES_NOT_FIT;
  }
  if (facts->recursive) {
    vmo_diag_add(cli->context, VMO_DIAG_BUDGET_OF_RECURSION, facts->planned->location,
                 "@%s calls itself: --max-peak is tested against one activation", name);
  }
  return VMO_OK;
}

/* Of two outcomes the one that the exit code is to tell. */
static vmo_status worse_of(vmo_status a, vmo_status b) {
  static const int rank[] = {
      [VMO_OK] = 0, [VMO_DOES_NOT_FIT] = 1, [VMO_INPUT_ERROR] = 2, [VMO_INTERNAL_ERROR] = 3, [VMO_OUT_OF_MEMORY] = 4};
  return rank[a] >= rank[b] ? a : b;
}

vmo_status vmo_test_budgets(vmo_cli *cli) {
  vmo_status result = VMO_OK;
  for (uint32_t i = 0; i < cli->options.budgets.count; i++) {
    const vmo_budget *budget = &cli->options.budgets.data[i];
    vmo_space_id space = VMO_NONE;
    vmo_status status = budget->space != NULL ? find_space(cli, budget->space, &space) : VMO_OK;
    result = worse_of(result, status);
    for (uint32_t f = 0; status == VMO_OK && f < cli->facts->functions.count; f++) {
      result = worse_of(result, test_budget(cli, cli->facts->functions.data[f], budget, space));
    }
  }
  return result;
}
