/* packing.c: from a packing problem to a packing: bundles, their spaces, their places, and what is said about them.
 *
 *   buffers ──> bundles (merge.c) ──> spaces (assign.c) ──> places in each space (space.c, solve.c) ──> buffers
 *
 * A problem with nothing of packing.h in it goes to the solver as it is. */
#include <inttypes.h>
#include <stdlib.h>

#include "planner/assign.h"
#include "planner/csv_reader.h"
#include "planner/instance.h"
#include "planner/planner.h"
#include "support/diag.h"

#define EXACT_UNITS UINT64_C(20000000)

typedef struct packing_run {
  vmo_context *context;
  const vmo_packing_problem *problem;
  const vmo_solve_options *options;
  vmo_budget_of_time budget;
  vmo_packing *packing;
  vmr_arena *arena;
  vmo_bundles bundles;
  vmo_bytes *offsets; /* per bundle */
  uint32_t *spaces;   /* per bundle */
} packing_run;

static uint32_t count_spaces(const vmo_packing_problem *problem) {
  return problem->space_count > 0 ? problem->space_count : 1;
}

static bool is_plain(const vmo_packing_problem *problem) {
  return problem->window_count == 0 && problem->colocated_count == 0 && problem->apart_count == 0 &&
         problem->space_count == 0;
}

static vmo_status alloc_packing(vmo_context *context, const vmo_packing_problem *problem, vmo_packing *packing) {
  *packing = (vmo_packing){.result_count = count_spaces(problem), .why = ""};
  packing->spaces = vmo_alloc_array(context, (size_t)problem->base.buffer_count + 1, sizeof *packing->spaces);
  packing->results = vmo_alloc_array(context, packing->result_count, sizeof *packing->results);
  return packing->spaces != NULL && packing->results != NULL ? VMO_OK : VMO_OUT_OF_MEMORY;
}

/* ---- what the status rests on ---- */

/* Whether one buffer alone makes the height, wherever the others are: live or not, each has its room. */
static bool is_single(const vmo_problem *problem, vmo_bytes height) {
  for (uint32_t i = 0; i < problem->buffer_count; i++)
    if (vmo_max_bytes(problem->buffers[i].fixed_offset, 0) + problem->buffers[i].bytes == height) return true;
  return false;
}

static const char *explain_height(const vmo_packing_problem *problem, const vmo_solution *result, bool capacity) {
  switch (result->status) {
  case VMO_SOLUTION_OPTIMAL:
    if (result->height == result->lower_bound) return "the height is the largest load";
    if (result->proof == VMO_PROOF_SEARCH) return "the search for a lower plan was exhausted";
    if (is_single(&problem->base, result->height)) return "one buffer alone ends there";
    if (problem->apart_count > 0) return "alignments, fixed offsets and buffers that are apart allow no lower plan";
    return "alignments and fixed offsets allow no lower plan";
  case VMO_SOLUTION_FEASIBLE: return capacity ? "the capacity is kept" : "the best plan that was found";
  case VMO_SOLUTION_TIMEOUT: return "a limit was reached before a plan within the capacity was found";
  case VMO_SOLUTION_INFEASIBLE:
    if (result->proof == VMO_PROOF_SEARCH) return "the search for a plan of the blockers was exhausted";
    return "the blockers cannot be placed together";
  }
  return "";
}

static const char *explain_spaces(const vmo_packing *packing) {
  switch (packing->status) {
  case VMO_SOLUTION_OPTIMAL: return "no plan within the capacities is cheaper";
  case VMO_SOLUTION_FEASIBLE: return "the capacities are kept; the cheapest plan that was found";
  case VMO_SOLUTION_TIMEOUT: return "no plan within the capacities was found";
  case VMO_SOLUTION_INFEASIBLE: return "the blockers cannot be placed together";
  }
  return "";
}

/* ---- blockers of bundles are their members ---- */

static vmo_status copy_blockers(packing_run *run, const uint32_t *bundles, uint32_t count) {
  uint32_t buffers = run->problem->base.buffer_count, filled = 0;
  bool *named = vmr_arena_alloc_array(run->arena, (size_t)run->bundles.count + 1, sizeof *named);
  uint32_t *blockers = vmo_alloc_array(run->context, (size_t)buffers + 1, sizeof *blockers);
  if (named == NULL || blockers == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) named[bundles[i]] = true;
  for (uint32_t i = 0; i < buffers; i++)
    if (named[run->bundles.owners[i]]) blockers[filled++] = i;
  run->packing->blockers = blockers;
  run->packing->blocker_count = filled;
  return VMO_OK;
}

/* ---- one space ---- */

static vmo_status check_pins(packing_run *run, vmo_bytes alignment) {
  for (uint32_t b = 0; b < run->bundles.count; b++) {
    const vmo_bundle *bundle = &run->bundles.data[b];
    if (bundle->fixed_offset < 0 || bundle->fixed_offset % alignment == 0) continue;
    uint32_t line = run->problem->rows != NULL ? run->problem->rows[bundle->member].line : 0;
    vmo_diag_add(run->context, VMO_DIAG_LAYOUT_CONTRADICTION, (vmo_location){line, line > 0},
                 "the fixed offset %" PRId64 " is no multiple of the space's alignment %" PRId64, bundle->fixed_offset,
                 alignment);
    return VMO_INPUT_ERROR;
  }
  return VMO_OK;
}

static vmo_status solve_one_space(packing_run *run) {
  const vmo_packing_problem *problem = run->problem;
  vmo_space_problem space = {.bundles = &run->bundles, .capacity = problem->base.capacity, .alignment = 1};
  if (problem->space_count > 0) {
    space.capacity = problem->spaces[0].capacity;
    space.alignment = vmo_space_alignment(&problem->spaces[0]);
  }
  vmo_status status = check_pins(run, space.alignment);
  uint32_t *chosen = vmr_arena_alloc(run->arena, ((size_t)run->bundles.count + 1) * sizeof *chosen);
  if (status != VMO_OK || chosen == NULL) return status != VMO_OK ? status : VMO_OUT_OF_MEMORY;
  for (uint32_t b = 0; b < run->bundles.count; b++) chosen[b] = b;
  space.chosen = chosen;
  space.chosen_count = run->bundles.count;
  vmo_solution *result = &run->packing->results[0];
  status = vmo_solve_space(run->context, &space, run->options, vmo_budget_units(&run->budget, EXACT_UNITS), run->arena,
                           run->offsets, result);
  if (status != VMO_OK) return status;
  run->packing->work = result->work;
  run->packing->status = result->status;
  run->packing->why = explain_height(problem, result, space.capacity >= 0);
  return result->blocker_count > 0 ? copy_blockers(run, result->blockers, result->blocker_count) : VMO_OK;
}

/* ---- several ---- */

static vmo_status solve_spaces(packing_run *run) {
  vmo_packing *packing = run->packing;
  vmo_assignment assignment = {.context = run->context,
                               .problem = run->problem,
                               .budget = &run->budget,
                               .bundles = &run->bundles,
                               .arena = run->arena,
                               .spaces = run->spaces,
                               .offsets = run->offsets,
                               .results = packing->results};
  vmo_status status = vmo_assign_spaces(&assignment);
  if (status != VMO_OK) return status;
  packing->cost_floor = assignment.cost_floor;
  packing->work = assignment.work;
  packing->status = VMO_SOLUTION_FEASIBLE;
  if (!assignment.fits) packing->status = VMO_SOLUTION_TIMEOUT;
  if (assignment.blockers == NULL) return VMO_OK;
  packing->status = VMO_SOLUTION_INFEASIBLE;
  return copy_blockers(run, assignment.blockers, assignment.blocker_count);
}

/* ---- figures ---- */

static vmo_status measure_space(packing_run *run, uint32_t space, uint32_t *chosen) {
  vmo_solution *result = &run->packing->results[space];
  uint32_t count = 0;
  result->height = 0;
  for (uint32_t b = 0; b < run->bundles.count; b++) {
    if (run->spaces[b] != space) continue;
    chosen[count++] = b;
    result->height = vmo_max_bytes(result->height, run->offsets[b] + run->bundles.data[b].bytes);
  }
  vmr_arena *scratch = vmr_arena_create(0);
  if (scratch == NULL) return VMO_OUT_OF_MEMORY;
  bool found = vmo_find_load(&run->bundles, chosen, count, scratch, &result->lower_bound, &result->witness);
  vmr_arena_destroy(scratch);
  if (result->floor < result->lower_bound) result->floor = result->lower_bound;
  if (result->floor > result->height) result->floor = result->lower_bound; /* bundles have come and gone */
  if (result->status != VMO_SOLUTION_INFEASIBLE)
    result->status = result->height <= result->floor ? VMO_SOLUTION_OPTIMAL : VMO_SOLUTION_FEASIBLE;
  vmo_bytes capacity =
      run->problem->space_count > 0 ? run->problem->spaces[space].capacity : run->problem->base.capacity;
  if (capacity >= 0 && result->height > capacity && result->status != VMO_SOLUTION_INFEASIBLE)
    result->status = VMO_SOLUTION_TIMEOUT;
  return found ? VMO_OK : VMO_OUT_OF_MEMORY;
}

/* Heights, bounds and cost of the bundles where they are. */
static vmo_status measure(packing_run *run) {
  vmo_packing *packing = run->packing;
  uint32_t *chosen = vmr_arena_alloc(run->arena, ((size_t)run->bundles.count + 1) * sizeof *chosen);
  if (chosen == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t space = 0; space < packing->result_count; space++) {
    vmo_status status = measure_space(run, space, chosen);
    if (status != VMO_OK) return status;
  }
  packing->cost = 0;
  for (uint32_t b = 0; b < run->bundles.count && run->problem->space_count > 0; b++) {
    int64_t cost = run->problem->spaces[run->spaces[b]].cost, bytes = run->bundles.data[b].bytes;
    if (cost > 0 && bytes > (VMO_BYTES_LIMIT - 1 - packing->cost) / cost) {
      vmo_diag_add(run->context, VMO_DIAG_PROBLEM_TOO_LARGE, (vmo_location){0},
                   "the bytes of the buffers times the costs of their spaces reach 2^53");
      return VMO_INPUT_ERROR;
    }
    packing->cost += bytes * cost;
  }
  return VMO_OK;
}

static vmo_status fill_packing(packing_run *run) {
  vmo_packing *packing = run->packing;
  uint32_t count = run->problem->base.buffer_count;
  bool several = run->problem->space_count > 1, placed = true;
  for (uint32_t space = 0; space < packing->result_count; space++)
    placed = placed && packing->results[space].offsets != NULL;
  for (uint32_t space = 0; space < packing->result_count; space++) packing->results[space].offsets = NULL;
  if (!placed) return VMO_OK;
  packing->offsets = vmo_alloc_array(run->context, (size_t)count + 1, sizeof *packing->offsets);
  if (packing->offsets == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    packing->offsets[i] = run->offsets[run->bundles.owners[i]];
    packing->spaces[i] = run->spaces[run->bundles.owners[i]];
  }
  vmo_status status = run->problem->space_count > 0 ? measure(run) : VMO_OK;
  if (!several) {
    packing->cost_floor = packing->cost;
  } else if (status == VMO_OK && packing->status == VMO_SOLUTION_FEASIBLE && packing->cost == packing->cost_floor) {
    packing->status = VMO_SOLUTION_OPTIMAL;
  }
  return status;
}

/* ---- the whole ---- */

static vmo_status solve_bundles(packing_run *run) {
  vmo_status status = vmo_build_bundles(run->context, run->problem, run->arena, &run->bundles);
  if (status != VMO_OK) return status;
  run->offsets = vmr_arena_alloc_array(run->arena, (size_t)run->bundles.count + 1, sizeof *run->offsets);
  run->spaces = vmr_arena_alloc_array(run->arena, (size_t)run->bundles.count + 1, sizeof *run->spaces);
  if (run->offsets == NULL || run->spaces == NULL) return VMO_OUT_OF_MEMORY;
  status = run->problem->space_count > 1 ? solve_spaces(run) : solve_one_space(run);
  if (status == VMO_OK) status = fill_packing(run);
  if (status == VMO_OK && run->problem->space_count > 1) run->packing->why = explain_spaces(run->packing);
  return status;
}

static vmo_status solve_plainly(packing_run *run) {
  vmo_packing *packing = run->packing;
  vmo_solution *result = &packing->results[0];
  vmo_status status = vmo_solve_problem(run->context, &run->problem->base, run->options, result);
  if (status != VMO_OK) return status;
  packing->offsets = result->offsets;
  packing->work = result->work;
  packing->blockers = result->blockers;
  packing->blocker_count = result->blocker_count;
  packing->status = result->status;
  packing->why = explain_height(run->problem, result, run->problem->base.capacity >= 0);
  result->offsets = NULL;
  return VMO_OK;
}

vmo_status vmo_solve_packing(vmo_context *context, const vmo_packing_problem *problem, const vmo_solve_options *options,
                             vmo_packing *packing) {
  packing_run run = {.context = context, .problem = problem, .options = options, .packing = packing};
  run.budget = vmo_begin_budget(options);
  vmo_status status = alloc_packing(context, problem, packing);
  if (status == VMO_OK) status = vmo_verify_packing_problem(context, problem);
  if (status != VMO_OK) return status;
  if (is_plain(problem)) return solve_plainly(&run);
  run.arena = vmr_arena_create(0);
  if (run.arena == NULL) return VMO_OUT_OF_MEMORY;
  status = solve_bundles(&run);
  vmr_arena_destroy(run.arena);
  return status;
}

/* ---- somebody's placement ---- */

/* Places of bundles from those of their first members; sums that would leave the range are the checker's to tell. */
static vmo_status take_placement(packing_run *run) {
  vmo_status status = vmo_build_bundles(run->context, run->problem, run->arena, &run->bundles);
  if (status != VMO_OK) return status;
  uint32_t spaces = count_spaces(run->problem);
  run->offsets = vmr_arena_alloc_array(run->arena, (size_t)run->bundles.count + 1, sizeof *run->offsets);
  run->spaces = vmr_arena_alloc_array(run->arena, (size_t)run->bundles.count + 1, sizeof *run->spaces);
  if (run->offsets == NULL || run->spaces == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t b = 0; b < run->bundles.count; b++) {
    uint32_t member = run->bundles.data[b].member, space = run->packing->spaces[member];
    run->spaces[b] = space < spaces ? space : 0;
    run->offsets[b] = run->packing->offsets[member];
  }
  status = measure(run);
  for (uint32_t i = 0; i < run->problem->base.buffer_count && status == VMO_OK; i++) {
    uint32_t space = run->packing->spaces[i];
    if (space >= spaces) continue;
    vmo_solution *result = &run->packing->results[space];
    result->height = vmo_max_bytes(result->height, run->packing->offsets[i] + run->problem->base.buffers[i].bytes);
  }
  return status;
}

vmo_status vmo_measure_packing(vmo_context *context, const vmo_packing_problem *problem, vmo_bytes *offsets,
                               uint32_t *spaces, vmo_packing *packing) {
  packing_run run = {.context = context, .problem = problem, .packing = packing};
  vmo_status status = alloc_packing(context, problem, packing);
  if (status == VMO_OK) status = vmo_verify_packing_problem(context, problem);
  if (status != VMO_OK) return status;
  packing->offsets = offsets;
  if (spaces != NULL) packing->spaces = spaces;
  run.arena = vmr_arena_create(0);
  if (run.arena == NULL) return VMO_OUT_OF_MEMORY;
  status = take_placement(&run);
  vmr_arena_destroy(run.arena);
  packing->status = VMO_SOLUTION_FEASIBLE; /* as is claimed */
  packing->why = "a placement that was given";
  return status;
}
