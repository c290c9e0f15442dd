/* analysis.c: the road from VMIR text to a plan and its JSON, stage by stage: bench-analysis [--cpu] FILE [JSON_FILE].
 *
 * The linker puts a stopwatch around each stage (--wrap), so that what runs is what the tool runs, in its own order, and
 * the libraries know nothing of it. A stage that runs several times, once a function or before and after an edit, is
 * summed up. Prints one JSON object: times in seconds (with --cpu those of the processor), memory high-water marks after each
 * step in bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "ir/ir.h"
#include "passes/check_plan.h"
#include "passes/planning.h"
#include "planner/planner.h"
#include "reports/reports.h"

/* ---- stages: name, function, parameters, arguments; bench/CMakeLists.txt names the same functions ---- */

#define STAGES(X) \
  X(verify, vmo_verify_module, (vmo_module * module), (module)) \
  X(flow, vmo_build_flow, \
    (vmo_module * module, const vmo_function *function, const vmo_binding *binding, vmr_arena *arena, \
     vmo_flow **flow), \
    (module, function, binding, arena, flow)) \
  X(accesses, vmo_index_accesses, (const vmo_flow *flow, vmo_storage_accesses *index), (flow, index)) \
  X(cfg, vmo_compute_cfg, (const vmo_flow *flow, vmo_cfg **cfg), (flow, cfg)) \
  X(liveness, vmo_compute_liveness, (const vmo_flow *flow, const vmo_cfg *cfg, vmo_liveness **liveness), \
    (flow, cfg, liveness)) \
  X(measure, vmo_measure_written, (vmo_planning * planning), (planning)) \
  X(coalesce, vmo_coalesce_moves, (vmo_planning * planning), (planning)) \
  X(buffers, vmo_form_buffers, (vmo_planning * planning), (planning)) \
  X(inplace, vmo_choose_inplace, (vmo_planning * planning), (planning)) \
  X(slots, vmo_assign_slots, (vmo_planning * planning), (planning)) \
  X(solve, vmo_solve_problem, \
    (vmo_context * context, const vmo_problem *problem, const vmo_solve_options *options, vmo_solution *solution), \
    (context, problem, options, solution)) \
  X(check_solution, vmo_check_solution, \
    (vmo_context * context, const vmo_problem *problem, const vmo_solution *solution), (context, problem, solution)) \
  X(annotate, vmo_annotate_plan, (vmo_planning * planning), (planning)) \
  X(record, vmo_record_facts, (vmo_planning * planning), (planning)) \
  X(check_plans, vmo_check_plans, (vmo_module * module, const vmo_binding *binding, bool from_input), \
    (module, binding, from_input))

enum {
#define NUMBER(stage, name, parameters, arguments) STAGE_##stage,
  STAGES(NUMBER)
#undef NUMBER
      STAGE_COUNT
};

static const char *const stage_names[] = {
#define TEXT(stage, name, parameters, arguments) #stage,
    STAGES(TEXT)
#undef TEXT
};

static double spent[STAGE_COUNT];

/* The linker's names, not ours. NOLINTBEGIN(bugprone-reserved-identifier) */
#define WATCH(stage, name, parameters, arguments) \
  vmo_status __real_##name parameters; \
  vmo_status __wrap_##name parameters; \
  vmo_status __wrap_##name parameters { \
    double begin = vmo_bench_clock(); \
    vmo_status status = __real_##name arguments; \
    spent[STAGE_##stage] += vmo_bench_clock() - begin; \
    return status; \
  }
STAGES(WATCH)
#undef WATCH
/* NOLINTEND(bugprone-reserved-identifier) */

/* ---- the road ---- */

typedef struct step { /* where the clock and the memory stood when it was over */
  double seconds;
  int64_t memory;
} step;

typedef struct run {
  vmo_context *context;
  const char *path;
  vmo_module *module;
  vmo_binding binding;
  vmo_module_facts *facts;
  double begin;
  step parsed, planned, reported;
  uint64_t json_bytes;
  FILE *json;
} run;

static step take_step(const run *r) { return (step){vmo_bench_clock() - r->begin, vmo_bench_peak_memory()}; }

static vmo_status parse(run *r, const char *text, size_t length) {
  vmo_status status = vmo_context_set_source(r->context, r->path, text, length);
  if (status == VMO_OK) status = vmo_parse_module(r->context, &r->module);
  if (status != VMO_OK) return status;
  r->binding = vmo_declared_binding(r->module);
  if (r->binding.count < r->module->dims.count) return VMO_OUT_OF_MEMORY;
  return vmo_check_binding(r->module, &r->binding);
}

static bool count_json(void *user, const char *data, size_t count) {
  run *r = user;
  r->json_bytes += count;
  return r->json == NULL || fwrite(data, 1, count, r->json) == count;
}

/* Every list, the timeline whole. */
static vmo_status report(run *r) {
  vmo_report all = {.context = r->context,
                    .command = "analyze",
                    .input = r->path,
                    .input_kind = "vmir",
                    .module = r->module,
                    .binding = &r->binding,
                    .functions = r->facts->functions.data,
                    .function_count = r->facts->functions.count,
                    .full_timeline = true};
  vmo_text out;
  vmo_text_init_sink(&out, count_json, r);
  vmo_write_json(&all, &out);
  bool fine = vmo_text_flush(&out);
  vmo_text_free(&out);
  return fine && (r->json == NULL || fflush(r->json) == 0) ? VMO_OK : VMO_OUT_OF_MEMORY;
}

static vmo_status go(run *r) {
  size_t length;
  r->begin = vmo_bench_clock();
  char *text = vmo_bench_read_file(r->path, &length);
  if (text == NULL) return VMO_INPUT_ERROR;
  vmo_status status = parse(r, text, length);
  r->parsed = take_step(r);
  vmo_plan_options options = {0};
  if (status == VMO_OK) status = vmo_plan_module(r->module, &r->binding, &options, &r->facts);
  r->planned = take_step(r);
  if (status == VMO_OK) status = report(r);
  r->reported = take_step(r);
  if (status != VMO_OK) { /* its lines are those of the text */
    vmo_text out;
    vmo_text_init(&out);
    vmo_diag_print_all(r->context, false, &out);
    fprintf(stderr, "%s: status %d\n%s", r->path, (int)status, out.data != NULL ? out.data : "");
    vmo_text_free(&out);
  }
  free(text);
  return status;
}

/* ---- the answer ---- */

static void print_figures(const run *r) {
  uint64_t ops = 0, dead = 0, copies = 0;
  int64_t total = 0, arena = 0, bound = 0;
  for (uint32_t f = 0; f < r->facts->functions.count; f++) {
    const vmo_plan_facts *facts = r->facts->functions.data[f];
    ops += facts->op_count;
    dead += facts->dead.count;
    copies += facts->figures.copies;
    total += facts->figures.total.bytes;
    arena += facts->figures.arena.bytes;
    bound += facts->figures.lower_bound.bytes;
  }
  printf("\"ops\": %llu, \"dead\": %llu, \"copies\": %llu, \"functions\": %u, ", (unsigned long long)ops,
         (unsigned long long)dead, (unsigned long long)copies, r->facts->functions.count);
  printf("\"total_bytes\": %lld, \"arena_bytes\": %lld, \"lower_bound_bytes\": %lld, \"json_bytes\": %llu,\n",
         (long long)total, (long long)arena, (long long)bound, (unsigned long long)r->json_bytes);
}

static void print_run(const run *r) {
  double verify = spent[STAGE_verify];
  printf("{");
  print_figures(r);
  printf(" \"stages\": {\"parse\": %.6f", r->parsed.seconds - verify);
  for (int i = 0; i < STAGE_COUNT; i++) printf(", \"%s\": %.6f", stage_names[i], spent[i]);
  printf(", \"json\": %.6f},\n", r->reported.seconds - r->planned.seconds);
  /* Without a plan there is nothing to place and nothing to check. */
  double facts = r->planned.seconds - spent[STAGE_slots] - spent[STAGE_check_plans];
  printf(" \"seconds\": {\"parsed\": %.6f, \"facts\": %.6f, \"planned\": %.6f, \"reported\": %.6f},\n",
         r->parsed.seconds, facts, r->planned.seconds, r->reported.seconds);
  printf(" \"memory\": {\"parsed\": %lld, \"planned\": %lld, \"reported\": %lld}}\n", (long long)r->parsed.memory,
         (long long)r->planned.memory, (long long)r->reported.memory);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "--cpu") == 0) {
    vmo_bench_count_processor_time();
    argv++, argc--;
  }
  if (argc < 2 || argc > 3) {
    fprintf(stderr, "usage: bench-analysis [--cpu] FILE [JSON_FILE]\n");
    return 2;
  }
  run r = {.path = argv[1], .context = vmo_context_create()};
  if (argc > 2 && (r.json = fopen(argv[2], "wb")) == NULL) {
    perror(argv[2]);
    return 1;
  }
  vmo_status status = r.context != NULL ? go(&r) : VMO_OUT_OF_MEMORY;
  if (status == VMO_OK) print_run(&r);
  if (r.json != NULL && fclose(r.json) != 0) status = VMO_OUT_OF_MEMORY;
  vmo_context_destroy(r.context);
  return status == VMO_OK ? 0 : 1;
}
