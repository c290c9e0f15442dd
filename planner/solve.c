/* solve.c: the whole of a solve: first plans, then work on the highest part, then the verdict.
 *
 *   verify -> instance -> bounds -> first plans -> the highest part: portfolio, search -> ... -> verdict
 *
 * A part is done when its height is its floor, or fits under what another part needs anyway, or under the
 * capacity. The work is limited in units, which are shared out by the parts' buffers; nothing depends on a clock unless
 * there is a time limit. */
#include "planner/solver.h"

/* Default units: less than a tenth of a second for a hundred buffers, a second for thousands, and two methods for a million.
 * A capacity that is not met is worth more. */
#define BASE_UNITS UINT64_C(2000000)
#define UNITS_PER_BUFFER UINT64_C(50000)
#define MOST_UNITS UINT64_C(100000000)
#define UNITS_PER_BUFFER_BEYOND UINT64_C(250)
#define FACTOR_FOR_CAPACITY 10
#define FACTOR_FOR_RANGE 32 /* to find a plan below 2^53 at all */

/* ---- plans of parts ---- */

void vmo_keep_plan(vmo_visit *visit, const char *method) {
  const vmo_part *part = visit->part;
  vmo_solver *solver = visit->solver;
  for (uint32_t i = part->item_first; i < part->item_first + part->item_count; i++)
    solver->best[i] = solver->offsets[i];
  visit->plan->height = visit->work.height;
  visit->plan->method = method;
}

void vmo_raise_floor(vmo_visit *visit, vmo_bytes height) {
  if (visit->plan->floor <= height) visit->plan->floor = height + 1;
}

bool vmo_visit_is_over(const vmo_visit *visit) {
  const vmo_part_plan *plan = visit->plan;
  return plan->height <= plan->floor || plan->height <= visit->solver->others ||
         visit->work.used >= visit->work.limit || vmo_watch_is_over(&visit->solver->watch);
}

static vmo_visit begin_visit(vmo_solver *solver, uint32_t part) {
  vmo_visit visit = {.solver = solver, .part = &solver->instance.parts[part], .plan = &solver->plans[part]};
  vmr_arena_reset(solver->part_arena);
  visit.work = (vmo_work){.instance = &solver->instance,
                          .part = visit.part,
                          .arena = solver->method_arena,
                          .offsets = solver->offsets,
                          .watch = &solver->watch};
  return visit;
}

static vmo_status plan_parts(vmo_solver *solver) {
  for (uint32_t p = 0; p < solver->instance.part_count; p++) {
    vmo_visit visit = begin_visit(solver, p);
    visit.plan->floor = visit.part->floor;
    visit.work.watch = NULL;
    vmo_status status = vmo_find_first_plan(&visit);
    if (status != VMO_OK) return status;
    solver->solution->work += visit.work.used;
  }
  return VMO_OK;
}

/* ---- the highest part first ---- */

/* Parts by height, in a binary heap whose root is the highest. */
typedef struct part_heap {
  const vmo_part_plan *plans;
  uint32_t *parts;
  uint32_t count;
} part_heap;

static bool is_before(const part_heap *heap, uint32_t a, uint32_t b) {
  if (heap->plans[a].height != heap->plans[b].height) return heap->plans[a].height > heap->plans[b].height;
  return a < b;
}

/* Restores the order below a part that has become lower. */
static void sink(part_heap *heap, uint32_t at) {
  uint32_t part = heap->parts[at];
  for (uint32_t next; (next = 2 * at + 1) < heap->count; at = next) {
    if (next + 1 < heap->count && is_before(heap, heap->parts[next + 1], heap->parts[next])) next++;
    if (!is_before(heap, heap->parts[next], part)) break;
    heap->parts[at] = heap->parts[next];
  }
  heap->parts[at] = part;
}

static bool make_heap(vmo_solver *solver, part_heap *heap) {
  *heap = (part_heap){.plans = solver->plans};
  heap->parts = vmr_arena_alloc(solver->arena, solver->instance.part_count * sizeof *heap->parts);
  if (heap->parts == NULL) return false;
  for (uint32_t p = 0; p < solver->instance.part_count; p++) {
    if (solver->plans[p].height <= solver->goal) continue;
    heap->parts[heap->count++] = p;
    solver->items_left += solver->instance.parts[p].item_count;
  }
  for (uint32_t at = heap->count / 2; at-- > 0;) sink(heap, at);
  return true;
}

static vmo_bytes second_height(const part_heap *heap) {
  vmo_bytes height = 0;
  for (uint32_t i = 1; i < heap->count && i < 3; i++)
    height = vmo_max_bytes(height, heap->plans[heap->parts[i]].height);
  return height;
}

static vmo_status work_on_part(vmo_solver *solver, uint32_t index) {
  vmo_visit visit = begin_visit(solver, index);
  double share = (double)visit.part->item_count / (double)solver->items_left;
  visit.work.limit = (uint64_t)((double)solver->units_left * share);
  vmo_status status = vmo_run_portfolio(&visit);
  if (status == VMO_OK && !vmo_visit_is_over(&visit)) status = vmo_search_part(&visit);
  solver->units_left -= visit.work.used < solver->units_left ? visit.work.used : solver->units_left;
  return status;
}

/* What a part cannot do without, the others may use too. */
static vmo_status work_on_parts(vmo_solver *solver) {
  part_heap heap;
  if (!make_heap(solver, &heap)) return VMO_OUT_OF_MEMORY;
  while (heap.count > 0 && solver->plans[heap.parts[0]].height > solver->goal) {
    vmo_part_plan *plan = &solver->plans[heap.parts[0]];
    uint32_t part = heap.parts[0];
    solver->others = vmo_max_bytes(solver->goal, second_height(&heap) - 1);
    vmo_status status = plan->height > plan->floor ? work_on_part(solver, part) : VMO_OK;
    if (status != VMO_OK) return status;
    vmo_report_progress(solver);
    if (plan->height > solver->others) solver->goal = plan->height;
    if (plan->height <= solver->goal) {
      solver->items_left -= solver->instance.parts[part].item_count;
      heap.parts[0] = heap.parts[--heap.count];
    }
    if (heap.count > 0) sink(&heap, 0);
  }
  return VMO_OK;
}

void vmo_report_progress(vmo_solver *solver) {
  const vmo_solve_options *options = solver->options;
  if (options->report == NULL) return;
  vmo_progress progress = {solver->instance.idle_height, solver->instance.floor, solver->solution->nodes};
  for (uint32_t p = 0; p < solver->instance.part_count; p++) {
    progress.height = vmo_max_bytes(progress.height, solver->plans[p].height);
    progress.floor = vmo_max_bytes(progress.floor, solver->plans[p].floor);
  }
  options->report(options->report_user, &progress);
}

/* ---- the verdict ---- */

/* Two fixed offsets that overlap: there is no plan at all. */
static vmo_status find_clash(vmo_solver *solver, bool *found) {
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
    solver->solution->proof = VMO_PROOF_BOUND;
    *found = true;
    return VMO_OK;
  }
  return VMO_OK;
}

static void hand_out(vmo_solver *solver) {
  const vmo_instance *instance = &solver->instance;
  vmo_solution *solution = solver->solution;
  for (uint32_t i = 0; i < instance->item_count; i++) solution->offsets[instance->items[i].buffer] = solver->best[i];
  for (uint32_t p = 0; p < instance->part_count; p++) {
    solution->floor = vmo_max_bytes(solution->floor, solver->plans[p].floor);
    if (solver->plans[p].height <= solution->height) continue;
    solution->height = solver->plans[p].height;
    solution->method = solver->plans[p].method;
  }
}

static vmo_status judge(vmo_solver *solver) {
  vmo_solution *solution = solver->solution;
  vmo_bytes capacity = solver->problem->capacity;
  bool by_bound = solution->floor == solver->instance.floor;
  if (capacity >= 0 && solution->floor > capacity) {
    solution->status = VMO_SOLUTION_INFEASIBLE;
    solution->proof = solver->instance.floor > capacity ? VMO_PROOF_BOUND : VMO_PROOF_SEARCH;
    vmr_arena_reset(solver->part_arena);
    return vmo_find_blockers(solver);
  }
  if (solution->height <= solution->floor) {
    solution->status = VMO_SOLUTION_OPTIMAL;
    solution->proof = by_bound ? VMO_PROOF_BOUND : VMO_PROOF_SEARCH;
  } else {
    solution->status = capacity >= 0 && solution->height > capacity ? VMO_SOLUTION_TIMEOUT : VMO_SOLUTION_FEASIBLE;
  }
  return VMO_OK;
}

/* ---- the whole ---- */

/* Buffers that are no items are where they are fixed, or at 0. */
static vmo_status start_solution(vmo_solver *solver) {
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
  solver->goal = vmo_max_bytes(instance->floor, problem->capacity);
  return VMO_OK;
}

uint64_t vmo_default_work(uint32_t buffers, bool capacity) {
  uint64_t units = BASE_UNITS + buffers * UNITS_PER_BUFFER;
  units = (units < MOST_UNITS ? units : MOST_UNITS) + buffers * UNITS_PER_BUFFER_BEYOND;
  return capacity ? units * FACTOR_FOR_CAPACITY : units;
}

/* With a time limit the clock alone counts. */
static uint64_t find_units(const vmo_solver *solver) {
  if (solver->options->work_limit != 0) return solver->options->work_limit;
  if (solver->watch.deadline != 0) return UINT64_MAX / 2;
  return vmo_default_work(solver->instance.item_count, solver->problem->capacity >= 0);
}

static bool alloc_plans(vmo_solver *solver) {
  const vmo_instance *instance = &solver->instance;
  solver->offsets = vmr_arena_alloc(solver->arena, instance->item_count * sizeof *solver->offsets);
  solver->best = vmr_arena_alloc(solver->arena, instance->item_count * sizeof *solver->best);
  solver->plans = vmr_arena_alloc_array(solver->arena, instance->part_count, sizeof *solver->plans);
  return solver->offsets != NULL && solver->best != NULL && solver->plans != NULL;
}

/* A plan that reaches 2^53 is none that could be told. To come below that is a part of the first plan: no time limit
 * cuts it short. */
static vmo_status come_into_range(vmo_solver *solver) {
  const vmo_watch watch = solver->watch;
  const vmo_bytes goal = solver->goal;
  const uint64_t units = solver->units_left;
  vmo_bytes height = 0;
  for (uint32_t p = 0; p < solver->instance.part_count; p++) height = vmo_max_bytes(height, solver->plans[p].height);
  if (height < VMO_BYTES_LIMIT) return VMO_OK;
  solver->watch.deadline = 0;
  solver->goal = VMO_BYTES_LIMIT - 1;
  solver->units_left = FACTOR_FOR_RANGE * vmo_default_work(solver->instance.item_count, solver->problem->capacity >= 0);
  vmo_status status = work_on_parts(solver);
  solver->units_left = units;
  solver->watch = watch;
  solver->goal = goal;
  solver->items_left = 0;
  return status;
}

static vmo_status solve(vmo_solver *solver) {
  bool clash;
  vmo_status status =
      vmo_build_instance(solver->context, solver->problem, solver->extents, solver->arena, &solver->instance);
  if (status == VMO_OK) status = start_solution(solver);
  if (status == VMO_OK) status = find_clash(solver, &clash);
  if (status != VMO_OK) return status;
  if (clash) {
    solver->solution->offsets = NULL;
    solver->solution->height = 0;
    return VMO_OK;
  }
  solver->units_left = find_units(solver);
  if (!alloc_plans(solver)) return VMO_OUT_OF_MEMORY;
  status = plan_parts(solver);
  if (status == VMO_OK) vmo_report_progress(solver);
  if (status == VMO_OK) status = come_into_range(solver);
  bool hopeless = solver->problem->capacity >= 0 && solver->instance.floor > solver->problem->capacity;
  if (status == VMO_OK && !hopeless) status = work_on_parts(solver);
  solver->solution->work += find_units(solver) - solver->units_left;
  if (status != VMO_OK) return status;
  hand_out(solver);
  return solver->solution->height < VMO_BYTES_LIMIT ? judge(solver) : vmo_refuse_height(solver->context);
}

static int64_t find_deadline(const vmo_solve_options *options) {
  if (!(options->time_limit > 0)) return 0;
  double nanoseconds = options->time_limit * 1e9;
  return vmo_watch_now() + (nanoseconds < 4e18 ? (int64_t)nanoseconds : INT64_C(4000000000000000000));
}

vmo_status vmo_solve_problem(vmo_context *context, const vmo_problem *problem, const vmo_solve_options *options,
                             vmo_solution *solution) {
  return vmo_solve_extents(context, problem, NULL, options, solution);
}

vmo_status vmo_solve_extents(vmo_context *context, const vmo_problem *problem, const vmo_extent *extents,
                             const vmo_solve_options *options, vmo_solution *solution) {
  static const vmo_solve_options defaults = {0};
  if (options == NULL) options = &defaults;
  vmo_solver solver = {
      .context = context, .problem = problem, .extents = extents, .options = options, .solution = solution};
  solver.watch = (vmo_watch){options->cancelled, find_deadline(options)};
  *solution = (vmo_solution){0};
  vmo_status status = vmo_verify_problem(context, problem);
  if (status != VMO_OK) return status;
  solver.arena = vmr_arena_create(0);
  solver.part_arena = vmr_arena_create(0);
  solver.method_arena = vmr_arena_create(0);
  status = VMO_OUT_OF_MEMORY;
  if (solver.arena != NULL && solver.part_arena != NULL && solver.method_arena != NULL) status = solve(&solver);
  vmr_arena_destroy(solver.method_arena);
  vmr_arena_destroy(solver.part_arena);
  vmr_arena_destroy(solver.arena);
  return status;
}
