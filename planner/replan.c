/* replan.c: a plan that is close to the previous one.
 *
 *   1. What was placed before and keeps every rule at its old place is pinned there. Where two of them clash, as after
 *      one of them grew, the one with the most clashes is freed first.
 *   2. The rest is placed around the pins.
 *   3. While that plan exceeds the capacity, or a plan from scratch by more than the tolerance, some more are freed:
 * those
 *      that lie highest, twice as many each time. When all would be free, the plan from scratch is taken.
 *
 * Cost: one plan from scratch, and a placement for each time that some are freed, log n of them. */
#include <stdlib.h>

#include "planner/budget.h"

typedef struct replan_run {
  vmo_context *context;
  const vmo_packing_problem *problem;
  vmo_budget_of_time budget;
  const vmo_bytes *offsets; /* previous ones */
  const uint32_t *spaces;
  bool *pinned; /* per buffer */
  vmo_buffer *buffers;
  uint64_t *allowed;
  vmo_packing_problem held; /* with the pins */
} replan_run;

static uint32_t space_count(const replan_run *run) {
  return run->problem->space_count > 0 ? run->problem->space_count : 1;
}

static uint32_t previous_space(const replan_run *run, uint32_t buffer) {
  return run->spaces != NULL ? run->spaces[buffer] : 0;
}

static bool was_placed(const replan_run *run, uint32_t buffer) {
  return run->offsets[buffer] >= 0 &&
         run->offsets[buffer] < VMO_BYTES_LIMIT - run->problem->base.buffers[buffer].bytes &&
         previous_space(run, buffer) < space_count(run);
}

/* ---- who can stay ---- */

/* The problem of those that were placed alone: the others are empty and never live. */
static vmo_status make_remains(const replan_run *run, vmo_packing_problem *remains) {
  const vmo_packing_problem *problem = run->problem;
  uint32_t count = problem->base.buffer_count, kept = 0;
  vmo_buffer *buffers = vmo_alloc_array(run->context, (size_t)count + 1, sizeof *buffers);
  vmo_window *windows = vmo_alloc_array(run->context, (size_t)problem->window_count + 1, sizeof *windows);
  if (buffers == NULL || windows == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    buffers[i] = problem->base.buffers[i];
    if (was_placed(run, i)) continue;
    buffers[i].bytes = 0;
    buffers[i].alignment = 1;
    buffers[i].fixed_offset = -1;
    buffers[i].lifetime_count = 0;
  }
  for (uint32_t i = 0; i < problem->window_count; i++)
    if (was_placed(run, problem->windows[i].buffer)) windows[kept++] = problem->windows[i];
  *remains = *problem;
  remains->base.buffers = buffers;
  remains->windows = windows;
  remains->window_count = kept;
  remains->allowed = NULL;
  remains->colocated_count = 0; /* those that share bytes by right are told apart below */
  return VMO_OK;
}

static bool are_colocated(const uint32_t *leaders, uint32_t a, uint32_t b) { return leaders[a] == leaders[b]; }

/* The least buffer of each that is colocated with others. */
static uint32_t *find_leaders(const replan_run *run) {
  uint32_t count = run->problem->base.buffer_count;
  uint32_t *leaders = vmo_alloc_array(run->context, (size_t)count + 1, sizeof *leaders);
  for (uint32_t i = 0; i < count && leaders != NULL; i++) leaders[i] = i;
  for (uint32_t i = 0; i < run->problem->colocated_count && leaders != NULL; i++) {
    uint32_t a = run->problem->colocated[i].first, b = run->problem->colocated[i].second;
    while (leaders[a] != a) a = leaders[a] = leaders[leaders[a]];
    while (leaders[b] != b) b = leaders[b] = leaders[leaders[b]];
    leaders[a > b ? a : b] = a > b ? b : a;
  }
  for (uint32_t i = 0; i < count && leaders != NULL; i++) leaders[i] = leaders[leaders[i]];
  return leaders;
}

typedef struct clash_count {
  uint32_t clashes, buffer;
} clash_count;

static int compare_clashes(const void *left, const void *right) {
  const clash_count *a = left, *b = right;
  if (a->clashes != b->clashes) return a->clashes > b->clashes ? -1 : 1;
  return (a->buffer < b->buffer) - (a->buffer > b->buffer); /* of equals the later row */
}

/* Frees, of the pairs that clash, the ones with the most clashes until no pair is left. */
static vmo_status free_clashing(replan_run *run, const vmo_fault_list *faults, const uint32_t *leaders) {
  uint32_t count = run->problem->base.buffer_count;
  clash_count *order = vmo_alloc_array(run->context, (size_t)count + 1, sizeof *order);
  uint32_t *ranks = vmo_alloc_array(run->context, (size_t)count + 1, sizeof *ranks);
  if (order == NULL || ranks == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) order[i].buffer = i;
  for (uint32_t i = 0; i < faults->count; i++) {
    const vmo_fault *fault = &faults->data[i];
    if (fault->kind != VMO_FAULT_OVERLAP && fault->kind != VMO_FAULT_APART) continue;
    if (are_colocated(leaders, fault->buffer, fault->other)) continue;
    order[fault->buffer].clashes++;
    order[fault->other].clashes++;
  }
  if (count > 0) qsort(order, count, sizeof *order, compare_clashes);
  for (uint32_t i = 0; i < count; i++) ranks[order[i].buffer] = i;
  for (uint32_t i = 0; i < faults->count; i++) {
    const vmo_fault *fault = &faults->data[i];
    if (fault->kind != VMO_FAULT_OVERLAP && fault->kind != VMO_FAULT_APART) continue;
    if (are_colocated(leaders, fault->buffer, fault->other)) continue;
    if (!run->pinned[fault->buffer] || !run->pinned[fault->other]) continue;
    run->pinned[ranks[fault->buffer] < ranks[fault->other] ? fault->buffer : fault->other] = false;
  }
  return VMO_OK;
}

/* Whether the buffer alone may stay. */
static bool may_stay(const replan_run *run, uint32_t buffer) {
  const vmo_buffer *asked = &run->problem->base.buffers[buffer];
  vmo_bytes offset = run->offsets[buffer], capacity = run->problem->base.capacity;
  uint32_t space = previous_space(run, buffer);
  if (!was_placed(run, buffer) || offset % asked->alignment != 0) return false;
  if (asked->fixed_offset >= 0 && offset != asked->fixed_offset) return false;
  if (run->problem->allowed != NULL && !(run->problem->allowed[buffer] >> space & 1)) return false;
  if (run->problem->space_count > 0) {
    const vmo_space *home = &run->problem->spaces[space];
    capacity = home->capacity;
    if (home->alignment > 1 && offset % home->alignment != 0) return false;
  }
  return capacity < 0 || offset + asked->bytes <= capacity;
}

/* What is colocated stays together or not at all. */
static void agree(replan_run *run, const uint32_t *leaders) {
  uint32_t count = run->problem->base.buffer_count;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t leader = leaders[i];
    bool same = run->offsets[i] == run->offsets[leader] && previous_space(run, i) == previous_space(run, leader);
    bool both = run->pinned[i] && run->pinned[leader] && same;
    if (!both) run->pinned[leader] = false;
  }
  for (uint32_t i = 0; i < count; i++) run->pinned[i] = run->pinned[leaders[i]];
}

static vmo_status pin_what_can_stay(replan_run *run) {
  vmo_packing_problem remains;
  vmo_packing packing;
  vmo_fault_list faults;
  uint32_t count = run->problem->base.buffer_count;
  const uint32_t *leaders = find_leaders(run);
  vmo_bytes *offsets = vmo_alloc_array(run->context, (size_t)count + 1, sizeof *offsets);
  uint32_t *spaces = vmo_alloc_array(run->context, (size_t)count + 1, sizeof *spaces);
  if (leaders == NULL || offsets == NULL || spaces == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = make_remains(run, &remains);
  for (uint32_t i = 0; i < count; i++) {
    run->pinned[i] = may_stay(run, i);
    offsets[i] = was_placed(run, i) ? run->offsets[i] : 0;
    spaces[i] = was_placed(run, i) ? previous_space(run, i) : 0;
  }
  if (status == VMO_OK) status = vmo_measure_packing(run->context, &remains, offsets, spaces, &packing);
  if (status == VMO_OK) status = vmo_list_packing_faults(run->context, &remains, &packing, 8 * count + 100, &faults);
  if (status == VMO_OK) status = free_clashing(run, &faults, leaders);
  if (status == VMO_OK) agree(run, leaders);
  return status;
}

/* ---- plans around the pins ---- */

static vmo_status solve_held(replan_run *run, vmo_packing *packing) {
  for (uint32_t i = 0; i < run->problem->base.buffer_count; i++) {
    run->buffers[i] = run->problem->base.buffers[i];
    if (run->pinned[i]) run->buffers[i].fixed_offset = run->offsets[i];
    run->allowed[i] = run->problem->allowed != NULL ? run->problem->allowed[i] : UINT64_MAX;
    if (run->pinned[i] && run->problem->space_count > 0) run->allowed[i] = UINT64_C(1) << previous_space(run, i);
  }
  vmo_solve_options options = vmo_budget_part(&run->budget, 0.5);
  return vmo_solve_packing(run->context, &run->held, &options, packing);
}

static bool fits(const vmo_packing *packing) {
  return packing->offsets != NULL &&
         (packing->status == VMO_SOLUTION_OPTIMAL || packing->status == VMO_SOLUTION_FEASIBLE);
}

static bool is_good(const replan_run *run, const vmo_packing *packing, const vmo_packing *fresh, double tolerance) {
  if (!fits(packing)) return !fits(fresh) && packing->offsets != NULL;
  if (!fits(fresh)) return true;
  if (run->problem->space_count > 1) return (double)packing->cost <= (double)fresh->cost * (1 + tolerance);
  if (run->held.base.capacity >= 0) return true;
  return (double)packing->results[0].height <= (double)fresh->results[0].height * (1 + tolerance);
}

typedef struct ranked_top {
  vmo_bytes top;
  uint32_t buffer;
} ranked_top;

static int compare_tops(const void *left, const void *right) {
  const ranked_top *a = left, *b = right;
  if (a->top != b->top) return a->top > b->top ? -1 : 1;
  return (a->buffer > b->buffer) - (a->buffer < b->buffer);
}

/* Frees the highest pins, `wanted` of them; false: none is left. */
static bool free_highest(replan_run *run, ranked_top *tops, uint32_t wanted, const uint32_t *leaders) {
  uint32_t count = 0, freed = 0;
  for (uint32_t i = 0; i < run->problem->base.buffer_count; i++)
    if (run->pinned[i] && run->problem->base.buffers[i].fixed_offset < 0)
      tops[count++] = (ranked_top){run->offsets[i] + run->problem->base.buffers[i].bytes, i};
  if (count > 0) qsort(tops, count, sizeof *tops, compare_tops);
  for (; freed < count && freed < wanted; freed++) run->pinned[tops[freed].buffer] = false;
  agree(run, leaders);
  return freed > 0;
}

static vmo_status replan(replan_run *run, double tolerance, vmo_packing *packing) {
  vmo_packing fresh;
  uint32_t count = run->problem->base.buffer_count;
  const uint32_t *leaders = find_leaders(run);
  ranked_top *tops = vmo_alloc_array(run->context, (size_t)count + 1, sizeof *tops);
  if (tops == NULL || leaders == NULL) return VMO_OUT_OF_MEMORY;
  vmo_solve_options options = vmo_budget_part(&run->budget, 0.5);
  vmo_status status = vmo_solve_packing(run->context, run->problem, &options, &fresh);
  if (status == VMO_OK) status = pin_what_can_stay(run);
  for (uint32_t wanted = count / 64 + 1; status == VMO_OK; wanted = wanted < count / 2 ? 2 * wanted : count) {
    status = solve_held(run, packing);
    if (status != VMO_OK || is_good(run, packing, &fresh, tolerance)) return status;
    if (free_highest(run, tops, wanted, leaders)) continue;
    *packing = fresh;
    break;
  }
  return status;
}

/* ---- the whole ---- */

static void count_moves(const replan_run *run, const vmo_packing *packing, vmo_moves *moves) {
  *moves = (vmo_moves){0};
  for (uint32_t i = 0; i < run->problem->base.buffer_count && packing->offsets != NULL; i++) {
    if (!was_placed(run, i))
      moves->added++;
    else if (packing->offsets[i] == run->offsets[i] && packing->spaces[i] == previous_space(run, i))
      moves->kept++;
    else
      moves->moved++;
  }
}

/* The pins are no wishes of the problem: what they make of floors and verdicts is taken back. */
static void take_back(const replan_run *run, vmo_packing *packing, const vmo_packing_problem *problem) {
  if (!fits(packing)) return;
  bool optimal = packing->status == VMO_SOLUTION_OPTIMAL;
  for (uint32_t s = 0; s < packing->result_count; s++) {
    vmo_solution *result = &packing->results[s];
    result->floor = result->lower_bound;
    result->proof = result->height == result->lower_bound ? VMO_PROOF_BOUND : VMO_PROOF_NONE;
    result->status = result->proof == VMO_PROOF_BOUND ? VMO_SOLUTION_OPTIMAL : VMO_SOLUTION_FEASIBLE;
    result->method = "the previous plan, mended";
  }
  (void)run;
  if (problem->space_count > 1) {
    packing->cost_floor = 0;
    packing->status = VMO_SOLUTION_FEASIBLE;
  } else {
    packing->status = packing->results[0].status;
  }
  packing->why = optimal && packing->status == VMO_SOLUTION_OPTIMAL ? "the height is the largest load"
                                                                    : "close to the previous plan";
}

vmo_status vmo_replan_packing(vmo_context *context, const vmo_packing_problem *problem,
                              const vmo_solve_options *options, const vmo_bytes *offsets, const uint32_t *spaces,
                              double tolerance, vmo_packing *packing, vmo_moves *moves) {
  size_t count = (size_t)problem->base.buffer_count + 1;
  replan_run run = {.context = context,
                    .problem = problem,
                    .budget = vmo_begin_budget(options),
                    .offsets = offsets,
                    .spaces = spaces,
                    .held = *problem};
  run.pinned = vmo_alloc_array(context, count, sizeof *run.pinned);
  run.buffers = vmo_alloc_array(context, count, sizeof *run.buffers);
  run.allowed = vmo_alloc_array(context, count, sizeof *run.allowed);
  if (run.pinned == NULL || run.buffers == NULL || run.allowed == NULL) return VMO_OUT_OF_MEMORY;
  run.held.base.buffers = run.buffers;
  if (problem->space_count > 0) run.held.allowed = run.allowed;
  vmo_status status = replan(&run, tolerance, packing);
  if (status != VMO_OK) return status;
  count_moves(&run, packing, moves);
  if (moves->kept > 0) take_back(&run, packing, problem);
  return VMO_OK;
}
