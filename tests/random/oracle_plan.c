/* oracle_plan.c: has a program planned by the real pipeline, and keeps what is to be judged: the planned module, the
 * functions as written, and the figures of the report. All else of the oracle reads these alone. */
#include <stdio.h>
#include <string.h>

#include "passes/passes.h"
#include "tests/random/oracle_internal.h"

/* ---- variants ---- */

vmo_variant vmo_draw_variant(uint64_t seed) {
  static const uint32_t alignments[] = {1, 1, 1, 8, 8, 64};
  uint64_t state = seed ^ UINT64_C(0x5bd1e995);
  vmo_variant variant = {0};
  variant.results_in_caller = vmo_next_random(&state) % 3 == 0;
  variant.optimise = vmo_next_random(&state) % 4 == 0 ? 2 : 0;
  variant.alignment = alignments[vmo_next_random(&state) % 6];
  uint64_t dims = vmo_next_random(&state) % 10;
  variant.dims = dims < 6 ? VMO_DIMS_BOUND : dims < 8 ? VMO_DIMS_BOUNDED : VMO_DIMS_FREE;
  return variant;
}

void vmo_describe_variant(const vmo_variant *variant, vmo_text *out) {
  static const char *const dims[] = {"bound", "bounded", "free"};
  vmo_text_addf(out, "--results=%s -O%u --align=%u --dims=%s", variant->results_in_caller ? "caller" : "arena",
                (unsigned)variant->optimise, (unsigned)variant->alignment, dims[variant->dims]);
}

/* ---- sizes ---- */

/* A small number; 0 is not rare, for empty arrays are their own case. */
static int64_t draw_size(uint64_t *random, int64_t limit) {
  static const int64_t small[] = {0, 1, 1, 2, 3, 3, 4, 5, 7, 9};
  int64_t drawn = small[vmo_next_random(random) % 10];
  return drawn > limit ? limit : drawn;
}

/* A free dim has no limit: one that gives sums and products of dims a chance to be larger than others. */
static int64_t limit_of(const vmo_dim *dim) { return dim->kind == VMO_DIM_FREE ? 9 : dim->limit; }

static vmo_binding copy_binding(vmo_context *context, const vmo_binding *from) {
  vmo_binding to = {vmo_alloc_array(context, (size_t)from->count + 1, sizeof *to.dims), from->count};
  if (to.dims && from->count > 0) memcpy(to.dims, from->dims, from->count * sizeof *to.dims);
  return to;
}

/* What the plan is to be made for. */
static bool bind_for_plan(vmo_planned *planned, const vmo_judge_options *options, vmo_verdict *verdict) {
  const vmo_module *module = planned->module;
  uint64_t random = options->seed;
  planned->binding = vmo_declared_binding(module);
  if (planned->binding.dims == NULL && module->dims.count > 0)
    return vmo_blame(verdict, VMO_FAULT_MEMORY, "no memory for the binding");
  for (uint32_t d = 0; d < module->dims.count; d++) {
    const vmo_dim *dim = &module->dims.data[d];
    int64_t drawn = draw_size(&random, limit_of(dim));
    bool bind = options->variant.dims == VMO_DIMS_BOUND ||
                (options->variant.dims == VMO_DIMS_BOUNDED && dim->kind == VMO_DIM_FREE);
    if (!bind || dim->kind == VMO_DIM_FIXED || dim->kind == VMO_DIM_LOCAL) continue;
    if (vmo_bind_dim(module, &planned->binding, vmo_name(module, dim->name), drawn) != VMO_OK)
      return vmo_blame(verdict, VMO_FAULT_INPUT, "a dim does not take its value");
  }
  if (vmo_check_binding(module, &planned->binding) != VMO_OK)
    return vmo_blame(verdict, VMO_FAULT_INPUT, "the sizes are wrong");
  return true;
}

int64_t vmo_size_at(const vmo_planned *planned, vmo_size_id size) {
  vmo_interval interval;
  if (size == VMO_NONE) return -1;
  vmo_evaluation how = vmo_size_evaluate(planned->module->sizes, size, &planned->sizes, &interval);
  return how == VMO_EVALUATION_EXACT ? interval.low : -1;
}

static void size_type(vmo_planned *planned, vmo_type_id type) {
  if (planned->type_counts[type] != 0) return; /* known, or an empty one, which is quick to find again */
  planned->type_bytes[type] = vmo_size_at(planned, planned->module->types.data[type].bytes);
  planned->type_counts[type] = vmo_size_at(planned, planned->module->types.data[type].count);
}

/* Types that nothing has are not asked for their sizes: those of declarations have none. */
static void size_types(vmo_planned *planned, const vmo_function *function) {
  for (vmo_value_id v = 0; v < function->values.count; v++) size_type(planned, function->values.data[v].type);
  for (uint32_t r = 0; r < function->result_types.count; r++) size_type(planned, function->result_types.data[r]);
}

bool vmo_set_sizes(vmo_planned *planned, uint32_t number, uint64_t random, vmo_verdict *verdict) {
  const vmo_module *module = planned->module;
  planned->sizes = copy_binding(planned->context, &planned->binding);
  planned->type_bytes = vmo_alloc_array(planned->context, (size_t)module->types.count + 1, sizeof(int64_t));
  planned->type_counts = vmo_alloc_array(planned->context, (size_t)module->types.count + 1, sizeof(int64_t));
  if (!planned->sizes.dims || !planned->type_bytes || !planned->type_counts)
    return vmo_blame(verdict, VMO_FAULT_MEMORY, "no memory for sizes");
  for (uint32_t d = 0; d < module->dims.count; d++) {
    vmo_interval *interval = &planned->sizes.dims[d];
    const vmo_dim *dim = &module->dims.data[d];
    int64_t drawn = draw_size(&random, limit_of(dim));
    if (interval->low == interval->high || dim->kind == VMO_DIM_LOCAL) continue;
    if (number == 0) drawn = interval->high == INT64_MAX ? 9 : interval->high;
    *interval = (vmo_interval){drawn, drawn};
  }
  for (uint32_t f = 0; f < module->functions.count; f++) size_types(planned, module->functions.data[f]);
  planned->bodies_seen = vmo_alloc_array(planned->context, (size_t)module->declarations.count + 1, sizeof(uint64_t));
  planned->bodies_here = vmo_alloc_array(planned->context, (size_t)module->declarations.count + 1, sizeof(uint64_t));
  if (!planned->bodies_seen || !planned->bodies_here)
    return vmo_blame(verdict, VMO_FAULT_MEMORY, "no memory for sizes");
  return true;
}

/* ---- the report ---- */

static vmo_reported read_figures(const vmo_space_figures *figures) {
  return (vmo_reported){.total = figures->total.size,
                        .peak = figures->peak.size,
                        .peak_inplace = figures->peak_inplace.size,
                        .lower_bound = figures->lower_bound.size,
                        .arena = figures->arena.size,
                        .param = figures->param.size,
                        .constant = figures->constant.size,
                        .state = figures->state.size};
}

static bool read_report(vmo_planned *planned, const vmo_module_facts *facts) {
  vmo_context *context = planned->context;
  uint32_t count = planned->module->functions.count;
  planned->written = vmo_alloc_array(context, (size_t)count + 1, sizeof *planned->written);
  planned->reported = vmo_alloc_array(context, (size_t)count + 1, sizeof *planned->reported);
  planned->spaces = vmo_alloc_array(context, (size_t)count + 1, sizeof *planned->spaces);
  if (!planned->written || !planned->reported || !planned->spaces) return false;
  for (uint32_t f = 0; f < count; f++) {
    const vmo_plan_facts *function = facts->functions.data[f];
    planned->written[f] = function->written;
    planned->reported[f] = read_figures(&function->figures);
    if (function->known) {
      planned->reported[f].written_loads = function->written_loads;
      planned->reported[f].planned_loads = function->planned_loads;
      planned->reported[f].points = (uint32_t)function->point_count;
    }
    planned->spaces[f] = vmo_alloc_array(context, planned->module->spaces.count, sizeof **planned->spaces);
    if (!planned->spaces[f]) return false;
    for (uint32_t s = 0; s < planned->module->spaces.count; s++) planned->spaces[f][s].total = VMO_NONE;
    for (uint32_t s = 0; s < function->spaces.count; s++)
      planned->spaces[f][function->spaces.data[s].space] = read_figures(&function->spaces.data[s]);
  }
  return true;
}

static bool blame_with_diagnostics(const vmo_planned *planned, vmo_fault fault, const char *what,
                                   vmo_verdict *verdict) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_diag_print_all(planned->context, false, &text);
  vmo_blame(verdict, fault, "%s: %s", what, text.data ? text.data : "no diagnostic");
  vmo_text_free(&text);
  return false;
}

/* A plan that a checker refused is still there to be looked at. */
static bool every_function_has_a_plan(const vmo_module *module) {
  for (uint32_t f = 0; f < module->functions.count; f++)
    if (module->functions.data[f]->plan == NULL) return false;
  return true;
}

bool vmo_plan_for_judging(const vmo_program_source *source, const vmo_judge_options *options, bool results_in_caller,
                          vmo_planned *planned, vmo_verdict *verdict) {
  vmo_module_facts *facts = NULL;
  *planned = (vmo_planned){.context = vmo_context_create()};
  if (planned->context == NULL) return vmo_blame(verdict, VMO_FAULT_MEMORY, "no context");
  planned->module = source->make(source->user, planned->context);
  if (planned->module == NULL) return blame_with_diagnostics(planned, VMO_FAULT_INPUT, "no program", verdict);
  if (!bind_for_plan(planned, options, verdict)) return false;
  vmo_plan_options plan = {.alignment = options->variant.alignment,
                           .results_in_caller = results_in_caller,
                           .optimise = options->variant.optimise};
  vmo_status status = vmo_plan_module(planned->module, &planned->binding, &plan, &facts);
  if (status == VMO_OUT_OF_MEMORY) return vmo_blame(verdict, VMO_FAULT_MEMORY, "planning ran out of memory");
  planned->refused = status != VMO_OK;
  if (status == VMO_INTERNAL_ERROR && options->unchecked && every_function_has_a_plan(planned->module)) return true;
  if (status != VMO_OK) return blame_with_diagnostics(planned, VMO_FAULT_PIPELINE, "no plan", verdict);
  return read_report(planned, facts) || vmo_blame(verdict, VMO_FAULT_MEMORY, "no memory for the report");
}
