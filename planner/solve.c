/* solve.c: the portfolio: several methods on each part of the problem, the lowest plan wins.
 *
 *   verify -> instance -> bounds -> for each part: method after method, until the height cannot fall
 *
 * A part is done when its height is the floor, or fits under what another part needs anyway, or under the
 * capacity. The methods share a number of units of work, divided among the parts by their buffers; the
 * first method always runs to its end, so that there is a plan. Nothing depends on a clock. */
#include "planner/instance.h"
#include "planner/planner.h"
#include "support/diag.h"

/* Default units: the whole portfolio and as much again of search for some thousands of buffers, about a second for
 * ten thousand, and two methods for a million. */
#define BASE_UNITS UINT64_C(200000)
#define UNITS_PER_BUFFER UINT64_C(10000)
#define MOST_UNITS UINT64_C(100000000)
#define UNITS_PER_BUFFER_BEYOND UINT64_C(250)
#define MAX_NEIGHBOURS UINT64_C(16000000) /* of a part's graph, for the fits: 64 MB */
#define MAX_SEARCHED 10000                /* buffers of a part; with more, the search gains nothing in its time */

typedef enum method_kind {
  SKYLINE,
  SKYLINE_COARSE, /* with all alignments lifted to the largest: small buffers then leave fewer odd steps */
  FIRST_FIT,
  BEST_FIT
} method_kind;

typedef struct plan_method {
  method_kind kind;
  vmo_order order;
  const char *name;
} plan_method;

/* In the order in which they are tried. */
static const plan_method methods[] = {
    {SKYLINE, VMO_ORDER_AREA, "skyline by area"},
    {SKYLINE, VMO_ORDER_START, "skyline by start"},
    {SKYLINE, VMO_ORDER_DURATION_ROOT, "skyline by duration times root of size"},
    {SKYLINE_COARSE, VMO_ORDER_AREA, "skyline by area with one alignment"},
    {SKYLINE_COARSE, VMO_ORDER_DURATION_ROOT, "skyline by duration times root of size with one alignment"},
    {SKYLINE, VMO_ORDER_DURATION, "skyline by duration"},
    {SKYLINE, VMO_ORDER_BYTES, "skyline by size"},
    {SKYLINE, VMO_ORDER_SECTIONS, "skyline by sections"},
    {SKYLINE, VMO_ORDER_END, "skyline by end"},
    {BEST_FIT, VMO_ORDER_BYTES, "best fit by size"},
    {BEST_FIT, VMO_ORDER_AREA, "best fit by area"},
    {BEST_FIT, VMO_ORDER_DURATION, "best fit by duration"},
    {BEST_FIT, VMO_ORDER_DURATION_ROOT, "best fit by duration times root of size"},
    {BEST_FIT, VMO_ORDER_LOAD, "best fit by load"},
    {BEST_FIT, VMO_ORDER_START, "best fit by start"},
    {FIRST_FIT, VMO_ORDER_BYTES, "first fit by size"},
    {FIRST_FIT, VMO_ORDER_AREA, "first fit by area"},
    {FIRST_FIT, VMO_ORDER_DURATION, "first fit by duration"},
    {FIRST_FIT, VMO_ORDER_DURATION_ROOT, "first fit by duration times root of size"},
    {FIRST_FIT, VMO_ORDER_LOAD, "first fit by load"},
    {FIRST_FIT, VMO_ORDER_START, "first fit by start"},
};
#define METHOD_COUNT (sizeof methods / sizeof *methods)

typedef struct solver_run {
  vmo_context *context;
  const vmo_problem *problem;
  vmo_instance instance;
  vmo_solution *solution;
  vmr_arena *part_arena, *method_arena; /* dropped after each part, after each plan_method */
  vmo_bytes *offsets;                   /* of the method that runs, per item */
  uint64_t seed, units_left, items_left;
  vmo_bytes reached; /* a height that the whole plan has anyway, or may have */
} solver_run;

/* ---- one part ---- */

typedef enum graph_state { GRAPH_UNKNOWN, GRAPH_BUILT, GRAPH_TOO_LARGE } graph_state;

typedef struct part_run {
  solver_run *solver;
  const vmo_part *part;
  vmo_work work;
  vmo_graph graph;
  graph_state graph_state;
  vmo_bytes height, enough;        /* of the best plan; no need to go lower */
  const char *method;              /* of the best plan; NULL: none yet */
  const plan_method *best_skyline; /* the last skyline that was the best plan */
  uint64_t cost;                   /* of the first method */
} part_run;

/* False: out of memory. */
static bool want_graph(part_run *run) {
  if (run->graph_state != GRAPH_UNKNOWN) return true;
  vmo_outcome outcome =
      vmo_build_graph(&run->solver->instance, run->part, MAX_NEIGHBOURS, run->solver->part_arena, &run->graph);
  run->graph_state = outcome == VMO_OUTCOME_FOUND ? GRAPH_BUILT : GRAPH_TOO_LARGE;
  run->work.used += outcome == VMO_OUTCOME_FOUND ? run->graph.count : MAX_NEIGHBOURS;
  return outcome != VMO_OUTCOME_OUT_OF_MEMORY;
}

/* Whether the part lets the method run at all. False in *ready: memory is out. */
static bool suits(part_run *run, const plan_method *method, bool *ready) {
  *ready = true;
  if (method->kind == SKYLINE) return true;
  if (method->kind == SKYLINE_COARSE) return run->solver->instance.grain < run->solver->instance.largest_alignment;
  *ready = want_graph(run);
  return *ready && run->graph_state == GRAPH_BUILT;
}

static vmo_outcome run_method(part_run *run, const plan_method *method) {
  bool ready, suitable = suits(run, method, &ready);
  if (!suitable) return ready ? VMO_OUTCOME_NONE : VMO_OUTCOME_OUT_OF_MEMORY;
  vmr_arena *arena = run->solver->method_arena;
  size_t count = run->part->item_count;
  vmr_arena_reset(arena);
  uint32_t *ranked = vmr_arena_alloc(arena, count * sizeof *ranked);
  vmo_keyed *keys = vmr_arena_alloc(arena, 2 * count * sizeof *keys);
  if (ranked == NULL || keys == NULL) return VMO_OUTCOME_OUT_OF_MEMORY;
  vmo_rank_items(&run->solver->instance, run->part, method->order, keys, ranked);
  switch (method->kind) {
  case SKYLINE: return vmo_plan_by_skyline(&run->work, ranked, false);
  case SKYLINE_COARSE: return vmo_plan_by_skyline(&run->work, ranked, true);
  case FIRST_FIT: return vmo_plan_by_first_fit(&run->work, &run->graph, ranked);
  case BEST_FIT: return vmo_plan_by_best_fit(&run->work, &run->graph, ranked);
  }
  return VMO_OUTCOME_NONE;
}

/* Writes the plan into the solution. */
static void keep_plan(part_run *run, const char *method) {
  const vmo_part *part = run->part;
  const vmo_item *items = run->solver->instance.items;
  for (uint32_t i = part->item_first; i < part->item_first + part->item_count; i++)
    run->solver->solution->offsets[items[i].buffer] = run->solver->offsets[i];
  run->height = run->work.height;
  run->method = method;
}

/* Runs the fixed methods. The first one has no limit. */
static vmo_status run_portfolio(part_run *run, uint64_t units) {
  for (size_t i = 0; i < METHOD_COUNT; i++) {
    bool first = run->method == NULL;
    run->work.ceiling = first ? VMO_BYTES_LIMIT : run->height;
    run->work.limit = first ? UINT64_MAX : units;
    if (run->work.used + run->cost > run->work.limit) break;
    vmo_outcome outcome = run_method(run, &methods[i]);
    if (outcome == VMO_OUTCOME_OUT_OF_MEMORY) return VMO_OUT_OF_MEMORY;
    if (first) run->cost = run->work.used;
    if (outcome == VMO_OUTCOME_NONE) continue;
    keep_plan(run, methods[i].name);
    if (methods[i].kind <= SKYLINE_COARSE) run->best_skyline = &methods[i];
    if (run->height <= run->enough) break;
  }
  if (run->method != NULL) return VMO_OK;
  vmo_diag_add(run->solver->context, VMO_DIAG_PROBLEM_TOO_LARGE, (vmo_location){0},
               "no plan of less than 2^53 bytes was found");
  return VMO_INPUT_ERROR;
}

/* Spends what is left of the units on a search from the best order of the skyline on. */
static vmo_status search_ranks(part_run *run, uint64_t units) {
  uint32_t count = run->part->item_count;
  if (run->best_skyline == NULL || count > MAX_SEARCHED || run->height <= run->enough) return VMO_OK;
  vmr_arena *arena = run->solver->part_arena;
  uint32_t *ranked = vmr_arena_alloc(arena, count * sizeof *ranked);
  vmo_keyed *keys = vmr_arena_alloc(arena, 2 * (size_t)count * sizeof *keys);
  if (ranked == NULL || keys == NULL) return VMO_OUT_OF_MEMORY;
  vmo_rank_items(&run->solver->instance, run->part, run->best_skyline->order, keys, ranked);
  run->work.limit = units;
  run->work.height = run->height;
  vmo_outcome outcome = vmo_improve_plan(&run->work, ranked, run->best_skyline->kind == SKYLINE_COARSE, run->enough,
                                         run->solver->seed, arena);
  if (outcome == VMO_OUTCOME_FOUND) keep_plan(run, "skyline by searched ranks");
  return outcome == VMO_OUTCOME_OUT_OF_MEMORY ? VMO_OUT_OF_MEMORY : VMO_OK;
}

static vmo_status solve_part(solver_run *solver, const vmo_part *part) {
  part_run run = {.solver = solver, .part = part, .enough = vmo_max_bytes(part->floor, solver->reached)};
  run.work = (vmo_work){
      .instance = &solver->instance, .part = part, .arena = solver->method_arena, .offsets = solver->offsets};
  uint64_t share = (uint64_t)((double)solver->units_left * part->item_count / (double)solver->items_left);
  vmr_arena_reset(solver->part_arena);
  vmo_status status = run_portfolio(&run, share);
  if (status == VMO_OK) status = search_ranks(&run, share);
  if (status != VMO_OK) return status;
  solver->units_left -= run.work.used < solver->units_left ? run.work.used : solver->units_left;
  solver->items_left -= part->item_count;
  vmo_solution *solution = solver->solution;
  if (run.height > solution->height) {
    solution->height = run.height;
    solution->method = run.method;
  }
  solver->reached = vmo_max_bytes(solver->reached, run.height);
  return VMO_OK;
}

/* ---- all parts ---- */

/* The parts with the highest floors first: what they need, the others may use. */
static vmo_status solve_parts(solver_run *solver) {
  const vmo_instance *instance = &solver->instance;
  vmr_arena *arena = vmr_arena_create(0);
  if (arena == NULL) return VMO_OUT_OF_MEMORY;
  vmo_keyed *order = vmr_arena_alloc(arena, 2 * (size_t)instance->part_count * sizeof *order);
  vmo_status status = order != NULL ? VMO_OK : VMO_OUT_OF_MEMORY;
  if (order != NULL) {
    for (uint32_t p = 0; p < instance->part_count; p++)
      order[p] = (vmo_keyed){(uint64_t)(VMO_BYTES_LIMIT - instance->parts[p].floor), p};
    vmo_sort_keyed(order, order + instance->part_count, instance->part_count);
  }
  for (uint32_t p = 0; p < instance->part_count && status == VMO_OK; p++)
    status = solve_part(solver, &instance->parts[order[p].value]);
  vmr_arena_destroy(arena);
  return status;
}

/* ---- infeasible problems ---- */

/* Two fixed offsets that overlap: there is no plan at all. */
static vmo_status find_clash(solver_run *solver, bool *found) {
  const vmo_instance *instance = &solver->instance;
  *found = false;
  for (uint32_t p = 0; p < instance->part_count && instance->pin_count > 1; p++) {
    uint32_t clash[2];
    vmr_arena_reset(solver->part_arena);
    vmo_outcome outcome = vmo_find_pin_clash(instance, &instance->parts[p], solver->part_arena, clash);
    if (outcome == VMO_OUTCOME_OUT_OF_MEMORY) return VMO_OUT_OF_MEMORY;
    if (outcome == VMO_OUTCOME_NONE) continue;
    uint32_t *blockers = vmo_alloc_array(solver->context, 2, sizeof *blockers);
    if (blockers == NULL) return VMO_OUT_OF_MEMORY;
    blockers[0] = clash[clash[0] > clash[1]];
    blockers[1] = clash[clash[0] < clash[1]];
    solver->solution->blockers = blockers;
    solver->solution->blocker_count = 2;
    solver->solution->status = VMO_SOLUTION_INFEASIBLE;
    *found = true;
    return VMO_OK;
  }
  return VMO_OK;
}

static vmo_status judge(solver_run *solver) {
  vmo_solution *solution = solver->solution;
  vmo_bytes capacity = solver->problem->capacity;
  if (capacity >= 0 && solution->floor > capacity) {
    solution->status = VMO_SOLUTION_INFEASIBLE;
    vmr_arena_reset(solver->part_arena);
    return vmo_find_blockers(solver->context, solver->problem, &solver->instance, solver->part_arena, solution);
  }
  solution->status = solution->height <= solution->floor            ? VMO_SOLUTION_OPTIMAL
                     : capacity >= 0 && solution->height > capacity ? VMO_SOLUTION_NOT_FOUND
                                                                    : VMO_SOLUTION_FEASIBLE;
  return VMO_OK;
}

/* ---- the whole ---- */

/* Buffers that are no items are where they are fixed, or at 0. */
static vmo_status start_solution(solver_run *solver) {
  const vmo_problem *problem = solver->problem;
  const vmo_instance *instance = &solver->instance;
  vmo_solution *solution = solver->solution;
  solution->offsets = vmo_alloc_array(solver->context, problem->buffer_count, sizeof *solution->offsets);
  if (solution->offsets == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < problem->buffer_count; i++)
    solution->offsets[i] = vmo_max_bytes(problem->buffers[i].fixed_offset, 0);
  solution->height = instance->idle_height;
  solution->lower_bound = instance->lower_bound;
  solution->witness = instance->witness;
  solution->floor = instance->floor;
  solution->method = "nothing to choose";
  solver->reached = vmo_max_bytes(instance->idle_height, problem->capacity);
  return VMO_OK;
}

static vmo_status run(solver_run *solver) {
  vmo_status status = start_solution(solver);
  if (status != VMO_OK) return status;
  bool clash;
  status = find_clash(solver, &clash);
  if (status == VMO_OK && clash) {
    solver->solution->offsets = NULL;
    solver->solution->height = 0;
    return VMO_OK;
  }
  if (status == VMO_OK) status = solve_parts(solver);
  return status == VMO_OK ? judge(solver) : status;
}

static uint64_t default_units(uint64_t buffers) {
  uint64_t units = BASE_UNITS + buffers * UNITS_PER_BUFFER;
  return (units < MOST_UNITS ? units : MOST_UNITS) + buffers * UNITS_PER_BUFFER_BEYOND;
}

static vmo_status solve(solver_run *solver, vmr_arena *arena, const vmo_solve_options *options) {
  vmo_status status = vmo_build_instance(solver->context, solver->problem, arena, &solver->instance);
  if (status != VMO_OK) return status;
  bool limited = options != NULL && options->work_limit > 0;
  solver->seed = options != NULL ? options->seed : 0;
  solver->items_left = solver->instance.item_count;
  solver->units_left = limited ? options->work_limit : default_units(solver->instance.item_count);
  solver->offsets = vmr_arena_alloc(arena, solver->instance.item_count * sizeof *solver->offsets);
  return solver->offsets != NULL ? run(solver) : VMO_OUT_OF_MEMORY;
}

vmo_status vmo_solve_problem(vmo_context *context, const vmo_problem *problem, const vmo_solve_options *options,
                             vmo_solution *solution) {
  *solution = (vmo_solution){0};
  vmo_status status = vmo_verify_problem(context, problem);
  if (status != VMO_OK) return status;
  vmr_arena *arena = vmr_arena_create(0);
  solver_run solver = {.context = context, .problem = problem, .solution = solution};
  solver.part_arena = vmr_arena_create(0);
  solver.method_arena = vmr_arena_create(0);
  status = VMO_OUT_OF_MEMORY;
  if (arena != NULL && solver.part_arena != NULL && solver.method_arena != NULL)
    status = solve(&solver, arena, options);
  vmr_arena_destroy(solver.method_arena);
  vmr_arena_destroy(solver.part_arena);
  vmr_arena_destroy(arena);
  return status;
}
