/* pipeline.c: the table of passes, and the manager that runs it: facts are computed when a pass needs them, dropped when
 * a pass does not keep them, and in debug builds the module is verified after every edit.
 *
 * Functions are planned callees first. Functions that call each other in a cycle are planned as if those others'
 * results were fresh, and take a block from the runtime at each activation. */
#include "passes/check_plan.h"
#include "passes/occupants.h"

#include <string.h>

enum {
  FLOW = 1,     /* the flow graph, with the index of its accesses */
  CFG = 2,      /* dominators and loops */
  LIVENESS = 4, /* live ranges */
  BUFFERS = 8,  /* which storages share bytes */
  ALL = 15
};

typedef struct pass_row {
  const char *name;
  vmo_status (*run)(vmo_planning *planning);
  int needs, keeps; /* facts; a pass that made no new function keeps all */
  uint32_t level;   /* runs from this -O level on */
  bool optional;    /* may be left out by --passes */
} pass_row;

/* clang-format off */
/*           name       run                     needs                      keeps level optional */
#define PIPELINE(X)                                                                             \
  X(         dce,       vmo_remove_dead_values, 0,                         0,    2,    true)    \
  X(         fuse,      vmo_fuse_ops,           FLOW | CFG | LIVENESS,     0,    2,    true)    \
  X(         alternate, vmo_alternate_loops,    FLOW | CFG | LIVENESS,     0,    2,    true)    \
  X(         measure,   vmo_measure_written,    FLOW | CFG | LIVENESS,     ALL,  0,    false)   \
  X(         shift,     vmo_shift_values,       FLOW | CFG | LIVENESS,     0,    0,    true)    \
  X(         coalesce,  vmo_coalesce_moves,     FLOW | CFG | LIVENESS,     0,    0,    false)   \
  X(         buffers,   vmo_form_buffers,       FLOW | CFG | LIVENESS,     ALL,  0,    false)   \
  X(         inplace,   vmo_choose_inplace,     ALL,                       ALL,  0,    true)    \
  X(         slots,     vmo_assign_slots,       FLOW | LIVENESS | BUFFERS, ALL,  0,    false)   \
  X(         annotate,  vmo_annotate_plan,      FLOW | BUFFERS,            ALL,  0,    false)   \
  X(         record,    vmo_record_facts,       FLOW | LIVENESS | BUFFERS, ALL,  0,    false)
/* clang-format on */

static const pass_row passes[] = {
#define ROW(name, run, needs, keeps, level, optional) {#name, run, needs, keeps, level, optional},
    PIPELINE(ROW)
#undef ROW
};

#define PASS_COUNT (sizeof passes / sizeof passes[0])
#define NAME(name, run, needs, keeps, level, optional) #name,

const char *const *vmo_pass_names(void) {
  static const char *const names[] = {PIPELINE(NAME) NULL};
  return names;
}

const char *const *vmo_dump_names(void) {
  static const char *const names[] = {"flow", "cfg", "liveness", "sharing", "choices", PIPELINE(NAME) NULL};
  return names;
}

/* ---- options ---- */

static bool is_listed(const char *list, const char *name) {
  size_t length = strlen(name);
  for (const char *c = list; c && *c;) {
    const char *comma = strchr(c, ',');
    size_t item = comma ? (size_t)(comma - c) : strlen(c);
    if (item == length && strncmp(c, name, length) == 0) return true;
    c = comma ? comma + 1 : NULL;
  }
  return false;
}

static vmo_status report_unknown_name(vmo_context *context, const char *what, const char *name, size_t length,
                                      const char *const *names) {
  char word[64];
  size_t count = 0;
  length = length < sizeof word - 1 ? length : sizeof word - 1;
  memcpy(word, name, length);
  word[length] = '\0';
  while (names[count]) count++;
  vmo_diagnostic *d =
      vmo_diag_add(context, VMO_DIAG_UNKNOWN_PASS, (vmo_location){0, 0}, "there is no %s '%s'", what, word);
  const char *nearest = vmo_nearest_word(word, names, count);
  vmo_text list;
  vmo_text_init(&list);
  for (size_t i = 0; i < count; i++) vmo_text_addf(&list, "%s%s", i ? ", " : "", names[i]);
  if (nearest)
    vmo_diag_hint(context, d, "did you mean '%s'?", nearest);
  else
    vmo_diag_hint(context, d, "there are: %s", list.data ? list.data : "");
  vmo_text_free(&list);
  return VMO_INPUT_ERROR;
}

static bool is_name(const char *const *names, const char *name, size_t length) {
  for (; *names; names++)
    if (strlen(*names) == length && strncmp(*names, name, length) == 0) return true;
  return false;
}

static vmo_status check_names(vmo_context *context, const vmo_plan_options *options) {
  const char *list = options->passes;
  if (options->dump && !is_name(vmo_dump_names(), options->dump, strlen(options->dump)))
    return report_unknown_name(context, "dump", options->dump, strlen(options->dump), vmo_dump_names());
  if (!list || strcmp(list, "none") == 0) return VMO_OK;
  for (const char *c = list; c;) {
    const char *comma = strchr(c, ',');
    size_t length = comma ? (size_t)(comma - c) : strlen(c);
    if (!is_name(vmo_pass_names(), c, length)) return report_unknown_name(context, "pass", c, length, vmo_pass_names());
    c = comma ? comma + 1 : NULL;
  }
  return VMO_OK;
}

/* With --passes, optional passes run when they are named, and the others up to the last one that is named. */
static bool is_wanted(const vmo_plan_options *options, size_t index) {
  const pass_row *row = &passes[index];
  if (options->apart && row->run == vmo_choose_inplace) return false;
  if (!options->passes) return options->optimise >= row->level;
  if (row->optional) return is_listed(options->passes, row->name);
  for (size_t i = index; i < PASS_COUNT; i++)
    if (is_listed(options->passes, passes[i].name)) return true;
  return false;
}

/* ---- the manager ---- */

static vmo_status compute_flow(vmo_planning *p) {
  vmo_status status = vmo_build_flow(p->module, p->function, p->binding, p->scratch->arena, &p->flow);
  if (status != VMO_OK) return status;
  p->accesses = vmo_alloc_array(p->scratch, 1, sizeof *p->accesses);
  return p->accesses ? vmo_index_accesses(p->flow, p->accesses) : VMO_OUT_OF_MEMORY;
}

static vmo_status compute_facts(vmo_planning *p, int needs) {
  vmo_status status = VMO_OK;
  if (needs && !p->flow) status = compute_flow(p);
  if (status == VMO_OK && (needs & (CFG | LIVENESS)) && !p->cfg) status = vmo_compute_cfg(p->flow, &p->cfg);
  if (status == VMO_OK && (needs & LIVENESS) && !p->liveness)
    status = vmo_compute_liveness(p->flow, p->cfg, &p->liveness);
  return status;
}

static void drop_facts(vmo_planning *p, int keeps) {
  if (!(keeps & FLOW)) {
    p->flow = NULL;
    p->accesses = NULL;
  }
  if (!(keeps & CFG)) p->cfg = NULL;
  if (!(keeps & LIVENESS)) p->liveness = NULL;
  if (!(keeps & BUFFERS)) p->buffers = NULL;
}

static void dump_choices(const vmo_planning *p, vmo_text *out) {
  for (int refused = 0; refused < 2; refused++) {
    uint32_t count = refused ? p->refused.count : p->inplace.count;
    const vmo_inplace_fact *facts = refused ? p->refused.data : p->inplace.data;
    for (uint32_t i = 0; i < count; i++) {
      vmo_text_addf(out, "%%%s over %%%s: ", vmo_value_name(p->module, p->function, facts[i].result),
                    vmo_value_name(p->module, p->function, facts[i].operand));
      vmo_describe_refusal(p->module, p->function, &facts[i], out);
      vmo_text_add_char(out, '\n');
    }
  }
}

/* Facts are printed as they are at the end. */
static void dump_facts(const vmo_planning *p) {
  const char *name = p->options->dump;
  vmo_text *out = p->options->dump_out;
  if (!name || !out || !p->flow || is_name(vmo_pass_names(), name, strlen(name))) return;
  vmo_text_addf(out, "func @%s\n", vmo_name(p->module, p->function->name));
  if (strcmp(name, "flow") == 0) vmo_dump_flow(p->flow, out);
  if (strcmp(name, "cfg") == 0 && p->cfg) vmo_dump_cfg(p->flow, p->cfg, out);
  if (strcmp(name, "liveness") == 0 && p->liveness) vmo_dump_liveness(p->flow, p->liveness, out);
  if (strcmp(name, "sharing") == 0 && p->buffers) vmo_dump_buffers(p->buffers, out);
  if (strcmp(name, "choices") == 0) dump_choices(p, out);
}

static vmo_status run_pass(vmo_planning *p, const pass_row *row) {
  const vmo_function *before = p->function;
  vmo_status status = compute_facts(p, row->needs);
  if (status == VMO_OK) status = row->run(p);
  if (status != VMO_OK) return status;
  if (p->function != before) {
    if (row->keeps == 0 && !vmo_keep_measures(p)) return VMO_OUT_OF_MEMORY;
    drop_facts(p, row->keeps);
    if (row->keeps == 0) vmr_arena_reset(p->scratch->arena);
    p->module->functions.data[p->id] = p->function;
#ifndef NDEBUG
    status = vmo_verify_module(p->module);
#endif
  }
  if (p->options->dump && p->options->dump_out && strcmp(p->options->dump, row->name) == 0)
    vmo_print_function(p->module, p->function, p->options->dump_out);
  return status;
}

static vmo_status plan_function(vmo_planning *p) {
  for (size_t i = 0; i < PASS_COUNT; i++) {
    if (!is_wanted(p->options, i) || (p->unfused && passes[i].run == vmo_fuse_ops)) continue;
    if (p->alternate && (passes[i].run == vmo_remove_dead_values || passes[i].run == vmo_fuse_ops)) continue;
    if (p->options->progress) p->options->progress(p->options->progress_user, passes[i].name, i, PASS_COUNT);
    vmo_status status = run_pass(p, &passes[i]);
    if (status != VMO_OK) return status;
  }
  dump_facts(p);
  return VMO_OK;
}

/* ---- callees ---- */

static vmo_status summarise_results(const vmo_planning *p, vmo_callee *callee) {
  uint32_t count = p->function->result_types.count, parameter_count = p->function->parameters.count;
  uint32_t *parameters = vmo_alloc(p->context, ((size_t)count + 1) * sizeof *parameters);
  uint32_t *results = vmo_alloc(p->context, ((size_t)parameter_count + 1) * sizeof *results);
  if (!parameters || !results) return VMO_OUT_OF_MEMORY;
  for (uint32_t r = 0; r < count; r++) parameters[r] = VMO_NONE;
  for (uint32_t i = 0; i < parameter_count; i++) results[i] = VMO_NONE;
  for (uint32_t m = 0; m < p->flow->moves.count; m++) {
    const vmo_move *move = &p->flow->moves.data[m];
    if (move->kind != VMO_MOVE_RETURN) continue;
    vmo_storage_id anchor = p->buffers->classes[vmo_find_buffer(p->buffers, move->target)].anchor;
    const vmo_storage *storage = &p->flow->storages.data[anchor];
    if (storage->owner == VMO_OWNER_PARAMETER) parameters[move->operand] = storage->value;
  }
  for (uint32_t r = count; r-- > 0;)
    if (parameters[r] != VMO_NONE) results[parameters[r]] = r;
  callee->summary.result_parameter = parameters;
  callee->summary.parameter_result = results;
  return VMO_OK;
}

/* The strictest of the plan that the function carries, its results included: that plan is what a reader sees, and the
 * checker goes by it. */
static uint32_t find_alignment(const vmo_planning *p) {
  uint32_t alignment = p->function->plan->alignment;
  if (p->layout.alignment > alignment) alignment = p->layout.alignment;
  return p->call_layout.alignment > alignment ? p->call_layout.alignment : alignment;
}

static vmo_status summarise_arenas(const vmo_planning *p, vmo_callee *callee) {
  const vmo_plan *plan = p->function->plan;
  vmo_amount *arenas = vmo_alloc_array(p->context, plan->arena_count, sizeof *arenas);
  if (!arenas) return VMO_OUT_OF_MEMORY;
  for (uint32_t a = 0; a < plan->arena_count; a++) arenas[a] = p->call_layout.arenas[plan->arenas[a].space];
  callee->arenas = plan->arenas;
  callee->call_arenas = arenas;
  callee->arena_count = plan->arena_count;
  callee->alignment = find_alignment(p);
  return VMO_OK;
}

static vmo_amount *keep_amounts(const vmo_planning *p, const vmo_amount *amounts, uint32_t count) {
  vmo_amount *kept = vmo_alloc(p->context, ((size_t)count + 1) * sizeof *kept);
  if (kept) memcpy(kept, amounts, count * sizeof *kept);
  return kept;
}

/* What callers count and reserve for a call of the function in hand. */
static vmo_status summarise_function(const vmo_planning *p, vmo_callee *callee) {
  vmo_occupancy occupancy;
  vmo_loads loads;
  if (!p->called || !p->function->plan) return VMO_OK;
  vmo_status status = vmo_list_occupants(p, false, &occupancy);
  if (status == VMO_OK) status = vmo_compute_loads(p->flow, &occupancy, p->known, &loads);
  if (status != VMO_OK) return status;
  callee->written_peaks = keep_amounts(p, p->written_call_loads.peaks, loads.space_count);
  callee->written_peak = p->written_call_loads.peak;
  callee->planned_peaks = keep_amounts(p, loads.peaks, loads.space_count);
  callee->planned_peak = loads.peak;
  callee->known = p->known;
  callee->exact = p->callees_exact && p->written_call_loads.exact && loads.exact;
  if (!callee->written_peaks || !callee->planned_peaks) return VMO_OUT_OF_MEMORY;
  status = summarise_results(p, callee);
  return status == VMO_OK ? summarise_arenas(p, callee) : status;
}

/* ---- the module ---- */

typedef struct module_run {
  vmo_module *module;
  vmo_context kept, scratch; /* the module's context with arenas that are emptied after each function */
  const vmo_binding *binding;
  const vmo_plan_options *options;
  vmo_call_order *calls;
  bool *called;
  vmo_callee *callees;
  vmo_call_summary *summaries;
  vmo_callee *waiting; /* of the cycle in hand: not to be seen by its own members */
  vmo_module_facts *facts;
} module_run;

static void find_called(module_run *run) {
  for (uint32_t f = 0; f < run->module->functions.count; f++) {
    const vmo_function *function = run->module->functions.data[f];
    for (uint32_t op = 0; op < function->ops.count; op++)
      if (function->ops.data[op].code == VMO_OP_call) run->called[function->ops.data[op].callee] = true;
  }
}

/* Sums and maxima over free dims have a limit; who needs one beyond it stops as if memory were out. */
static vmo_status report_large_size(const module_run *run, const vmo_function *function, vmo_status status) {
  vmo_context *context = run->module->context;
  bool memory = vmr_arena_status(context->arena) != VMR_OK || vmr_arena_status(run->scratch.arena) != VMR_OK ||
                vmr_arena_status(run->kept.arena) != VMR_OK;
  if (status != VMO_OUT_OF_MEMORY || memory || vmo_sizes_status(run->module->sizes) != VMO_INPUT_ERROR) return status;
  vmo_diagnostic *d = vmo_diag_add(context, VMO_DIAG_SIZE_TOO_LARGE, function->location,
                                   "what @%s needs is beyond what can be written as an expression of its free dims",
                                   vmo_name(run->module, function->name));
  vmo_diag_hint(context, d, "give dims values or bounds: `--dim NAME=NUMBER`, or `dim NAME <= NUMBER`");
  return VMO_INPUT_ERROR;
}

/* One way to plan a function, and what came of it. */
typedef struct attempt {
  bool unfused,
      alternate; /* in: see vmo_planning; with `alternate` the function is `unplanned` of an attempt without */
  const vmo_plan_facts *earlier; /* in: of that attempt; NULL: none */
  vmo_function *function;
  vmo_plan_facts *facts;
  vmo_callee callee;
  vmo_text dump;
  vmo_function *unplanned; /* as it was before loops are made to alternate; NULL: no loop may gain */
} attempt;

static vmo_status try_plan(module_run *run, vmo_function_id id, vmo_function *function, attempt *made) {
  vmo_plan_options options = *run->options;
  vmo_planning planning = {.module = run->module,
                           .context = run->module->context,
                           .kept = &run->kept,
                           .scratch = &run->scratch,
                           .binding = run->binding,
                           .options = &options,
                           .id = id,
                           .unfused = made->unfused,
                           .alternate = made->alternate,
                           .recursive = run->calls->recursive[id],
                           .called = run->called[id],
                           .callees = run->callees,
                           .summaries = run->summaries,
                           .function = function};
  if (made->earlier) memcpy(&planning.fused, &made->earlier->fused, sizeof planning.fused);
  vmo_text_init(&made->dump);
  if (options.dump_out) options.dump_out = &made->dump;
  function->plan = NULL;
  run->module->functions.data[id] = function;
  vmo_sizes_clear_status(run->module->sizes);
  vmo_status status = plan_function(&planning);
  if (status == VMO_OK) status = summarise_function(&planning, &made->callee);
  if (status != VMO_OK) status = report_large_size(run, planning.function, status);
  made->function = planning.function;
  made->facts = planning.facts;
  made->unplanned = planning.may_alternate ? planning.unplanned : NULL;
  vmr_arena_reset(run->scratch.arena);
  vmr_arena_reset(run->kept.arena);
  return status;
}

/* The one is dropped and the other one stays. */
static void choose(module_run *run, vmo_function_id id, attempt *chosen, attempt *other, bool better) {
  bool is_earlier = other->alternate && other->dump.data == NULL; /* it did not run the pass that is to be dumped */
  vmo_text dump = better && !is_earlier ? other->dump : chosen->dump;
  vmo_text_free(better && !is_earlier ? &chosen->dump : &other->dump);
  if (better) *chosen = *other;
  chosen->dump = dump;
  run->module->functions.data[id] = chosen->function;
}

/* Fusion keeps loads low, but what the planner makes of them is its own: where numbers can tell, the function is planned
 * without fusion too, and the smaller arena is taken. */
static vmo_status try_unfused(module_run *run, vmo_function_id id, vmo_function *function, uint32_t declarations,
                              attempt *chosen) {
  attempt unfused = {.unfused = true};
  if (!chosen->facts || chosen->facts->fused.count == 0 || !chosen->facts->known) return VMO_OK;
  vmo_status status = try_plan(run, id, function, &unfused);
  bool smaller = status == VMO_OK && unfused.facts->figures.arena.bytes < chosen->facts->figures.arena.bytes;
  choose(run, id, chosen, &unfused, smaller);
  if (smaller) vmo_drop_declarations(run->module, declarations);
  return status;
}

/* Whether the arena grows by no more than the scalars that say whether there is a next trip: where numbers can tell by a
 * 64th at most, else provably by 256 bytes for each loop. */
static bool is_hardly_larger(const vmo_plan_facts *facts, const vmo_plan_facts *than) {
  const vmo_amount *arena = &facts->figures.arena, *least = &than->figures.arena;
  if (facts->known) return arena->bytes <= least->bytes + least->bytes / 64;
  vmo_sizes *sizes = facts->module->sizes;
  vmo_size_id room = vmo_size_constant(sizes, (int64_t)256 * facts->alternated.count);
  vmo_size_id most = room == VMO_NONE ? VMO_NONE : vmo_size_add(sizes, least->size, room);
  return most != VMO_NONE && vmo_size_at_least(sizes, most, arena->size);
}

/* Loops that copy back what they carry do two trips in one where that copies less. */
static vmo_status try_alternate(module_run *run, vmo_function_id id, attempt *chosen) {
  uint64_t copied = chosen->facts && chosen->unplanned ? vmo_weigh_loop_copies(chosen->facts) : 0;
  if (copied == 0) return VMO_OK;
  attempt alternate = {.unfused = chosen->unfused, .alternate = true, .earlier = chosen->facts};
  vmo_status status = try_plan(run, id, chosen->unplanned, &alternate);
  bool better = status == VMO_OK && vmo_weigh_loop_copies(alternate.facts) < copied &&
                is_hardly_larger(alternate.facts, chosen->facts);
  choose(run, id, chosen, &alternate, better);
  return status;
}

static vmo_status run_function(module_run *run, vmo_function_id id) {
  vmo_function *function = run->module->functions.data[id];
  uint32_t declarations = run->module->declarations.count;
  attempt chosen = {0};
  if (run->options->passes && strcmp(run->options->passes, "none") == 0) return VMO_OK; /* a plan that is there stays */
  vmo_status status = try_plan(run, id, function, &chosen);
  if (status == VMO_OK) status = try_unfused(run, id, function, declarations, &chosen);
  if (status == VMO_OK) status = try_alternate(run, id, &chosen);
  run->waiting[id] = chosen.callee;
  run->facts->functions.data[id] = chosen.facts;
  if (run->options->dump_out && chosen.dump.data) vmo_text_add(run->options->dump_out, chosen.dump.data);
  vmo_text_free(&chosen.dump);
  return status;
}

/* Functions of a cycle stand together in the order: what is known of them is published when all are planned. */
static void publish_cycle(module_run *run, uint32_t first, uint32_t end) {
  for (uint32_t i = first; i < end; i++) {
    vmo_function_id id = run->calls->order[i];
    run->callees[id] = run->waiting[id];
    run->callees[id].summary.planned = run->waiting[id].arena_count > 0;
    run->summaries[id] = run->callees[id].summary;
  }
}

static vmo_status run_functions(module_run *run) {
  uint32_t count = run->module->functions.count, first = 0;
  for (uint32_t i = 0; i < count; i++) {
    vmo_function_id id = run->calls->order[i];
    vmo_status status = run_function(run, id);
    if (status != VMO_OK) return status;
    if (i + 1 < count && run->calls->cycle[run->calls->order[i + 1]] == run->calls->cycle[id]) continue;
    publish_cycle(run, first, i + 1);
    first = i + 1;
  }
  return VMO_OK;
}

vmo_status vmo_plan_module(vmo_module *module, const vmo_binding *binding, const vmo_plan_options *options,
                           vmo_module_facts **facts) {
  vmo_context *context = module->context;
  size_t count = (size_t)module->functions.count + 1;
  module_run run = {.module = module, .binding = binding, .options = options};
  vmo_status status = check_names(context, options);
  if (status == VMO_OK) status = vmo_order_calls(module, &run.calls);
  if (status != VMO_OK) return status;
  run.called = vmo_alloc_array(context, count, sizeof *run.called);
  run.callees = vmo_alloc_array(context, count, sizeof *run.callees);
  run.waiting = vmo_alloc_array(context, count, sizeof *run.waiting);
  run.summaries = vmo_alloc_array(context, count, sizeof *run.summaries);
  run.facts = vmo_alloc_array(context, 1, sizeof *run.facts);
  if (!run.called || !run.callees || !run.waiting || !run.summaries || !run.facts ||
      !vmo_vec_reserve(context->arena, &run.facts->functions, module->functions.count))
    return VMO_OUT_OF_MEMORY;
  run.facts->module = module;
  run.facts->binding = binding;
  run.facts->functions.count = module->functions.count;
  for (uint32_t f = 0; f < module->functions.count; f++) run.facts->functions.data[f] = NULL;
  find_called(&run);
  run.scratch = run.kept = *context;
  run.scratch.arena = vmr_arena_create(0);
  run.kept.arena = vmr_arena_create(0);
  status = run.scratch.arena && run.kept.arena ? run_functions(&run) : VMO_OUT_OF_MEMORY;
  vmr_arena_destroy(run.scratch.arena);
  vmr_arena_destroy(run.kept.arena);
  if (status == VMO_OK) status = vmo_check_plans(module, binding, false);
  if (status != VMO_OK) return status;
  *facts = run.facts;
  return VMO_OK;
}

vmo_status vmo_check_given_plans(vmo_module *module, const vmo_binding *binding) {
  return vmo_check_plans(module, binding, true);
}
