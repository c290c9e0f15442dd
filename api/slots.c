/* slots.c: the slot allocator for those who embed it on its own: the public values become the planner's, and back.
 *
 * All memory of a call is that of one context, which the plan owns. */
#include <stdatomic.h>
#include <stdlib.h>

#include "planner/planner.h"
#include "support/context.h"
#include "support/diag.h"

#include "vmemopt.h"

struct vmo_stop_flag {
  atomic_bool raised;
};

vmo_stop_flag *vmo_create_stop_flag(void) {
  vmo_stop_flag *flag = malloc(sizeof *flag);
  if (flag != NULL) atomic_init(&flag->raised, false);
  return flag;
}

void vmo_raise_stop_flag(vmo_stop_flag *flag) { atomic_store(&flag->raised, true); }

void vmo_destroy_stop_flag(vmo_stop_flag *flag) { free(flag); }

/* ---- in ---- */

typedef struct owned_plan {
  vmo_slot_plan plan; /* first, so that its address is the owner's */
  vmo_context *context;
} owned_plan;

typedef struct slots_run {
  vmo_context *context;
  const vmo_slot_problem *asked;
  vmo_packing_problem problem;
  vmo_bytes *previous; /* per buffer */
  uint32_t *previous_spaces;
  owned_plan *owned;
} slots_run;

static vmo_status fill_buffers(slots_run *run) {
  const vmo_slot_problem *asked = run->asked;
  uint64_t lives = 0, windows = 0;
  for (uint32_t i = 0; i < asked->buffer_count; i++) {
    lives += asked->buffers[i].life_count;
    windows += asked->buffers[i].window_count;
  }
  if (lives > INT32_MAX || windows > INT32_MAX || asked->buffer_count > INT32_MAX) {
    vmo_diag_add(run->context, VMO_DIAG_PROBLEM_INVALID, (vmo_location){0}, "more than 2^31 buffers, lives or windows");
    return VMO_INPUT_ERROR;
  }
  size_t count = (size_t)asked->buffer_count + 1;
  vmo_buffer *buffers = vmo_alloc_array(run->context, count, sizeof *buffers);
  vmo_lifetime *lifetimes = vmo_alloc_array(run->context, lives + 1, sizeof *lifetimes);
  vmo_window *all = vmo_alloc_array(run->context, windows + 1, sizeof *all);
  uint64_t *allowed = vmo_alloc_array(run->context, count, sizeof *allowed);
  run->previous = vmo_alloc_array(run->context, count, sizeof *run->previous);
  run->previous_spaces = vmo_alloc_array(run->context, count, sizeof *run->previous_spaces);
  if (buffers == NULL || lifetimes == NULL || all == NULL || allowed == NULL || run->previous == NULL ||
      run->previous_spaces == NULL)
    return VMO_OUT_OF_MEMORY;
  uint32_t life = 0, window = 0;
  for (uint32_t i = 0; i < asked->buffer_count; i++) {
    const vmo_slot_buffer *from = &asked->buffers[i];
    buffers[i] = (vmo_buffer){.bytes = from->bytes,
                              .alignment = from->alignment == 0 ? 1 : from->alignment,
                              .fixed_offset = from->fixed ? (from->offset < 0 ? -2 : from->offset) : -1,
                              .lifetime_first = life,
                              .lifetime_count = from->life_count};
    for (uint32_t j = 0; j < from->life_count; j++)
      lifetimes[life++] = (vmo_lifetime){from->lives[j].begin, from->lives[j].end};
    for (uint32_t j = 0; j < from->window_count; j++) {
      const vmo_slot_window *one = &from->windows[j];
      all[window++] = (vmo_window){i, one->begin, one->end, one->low, one->high};
    }
    allowed[i] = from->spaces == 0 ? UINT64_MAX : from->spaces;
    run->previous[i] = from->placed ? from->previous_offset : -1;
    run->previous_spaces[i] = from->previous_space;
  }
  run->problem.base =
      (vmo_problem){buffers, asked->buffer_count, lifetimes, life, asked->limited ? asked->capacity : -1};
  run->problem.windows = all;
  run->problem.window_count = window;
  run->problem.allowed = asked->space_count > 0 ? allowed : NULL;
  return VMO_OK;
}

static vmo_pair *copy_pairs(slots_run *run, const vmo_slot_pair *pairs, uint32_t count) {
  vmo_pair *copies = vmo_alloc_array(run->context, (size_t)count + 1, sizeof *copies);
  for (uint32_t i = 0; i < count && copies != NULL; i++) copies[i] = (vmo_pair){pairs[i].first, pairs[i].second};
  return copies;
}

static vmo_status fill_wishes(slots_run *run) {
  const vmo_slot_problem *asked = run->asked;
  vmo_space *spaces = vmo_alloc_array(run->context, (size_t)asked->space_count + 1, sizeof *spaces);
  run->problem.colocated = copy_pairs(run, asked->colocated, asked->colocated_count);
  run->problem.apart = copy_pairs(run, asked->apart, asked->apart_count);
  if (spaces == NULL || run->problem.colocated == NULL || run->problem.apart == NULL) return VMO_OUT_OF_MEMORY;
  run->problem.colocated_count = asked->colocated_count;
  run->problem.apart_count = asked->apart_count;
  for (uint32_t i = 0; i < asked->space_count; i++) {
    const vmo_slot_space *from = &asked->spaces[i];
    spaces[i] = (vmo_space){"", from->limited ? from->capacity : -1, from->alignment, from->cost};
    if (from->limited && from->capacity < 0) spaces[i].capacity = -2; /* not "no limit" by mistake */
  }
  run->problem.spaces = spaces;
  run->problem.space_count = asked->space_count;
  if (!asked->limited || asked->capacity >= 0) return VMO_OK;
  vmo_diag_add(run->context, VMO_DIAG_PROBLEM_INVALID, (vmo_location){0}, "the capacity is negative");
  return VMO_INPUT_ERROR;
}

/* ---- out ---- */

static vmo_status fill_plan(slots_run *run, const vmo_packing *packing, const vmo_moves *moves) {
  static const vmo_slot_status statuses[] = {[VMO_SOLUTION_OPTIMAL] = VMO_SLOTS_OPTIMAL,
                                             [VMO_SOLUTION_FEASIBLE] = VMO_SLOTS_FEASIBLE,
                                             [VMO_SOLUTION_TIMEOUT] = VMO_SLOTS_TIMEOUT,
                                             [VMO_SOLUTION_INFEASIBLE] = VMO_SLOTS_INFEASIBLE};
  vmo_slot_level *levels = vmo_alloc_array(run->context, packing->result_count, sizeof *levels);
  if (levels == NULL) return VMO_OUT_OF_MEMORY;
  vmo_slot_plan *plan = &run->owned->plan;
  *plan = (vmo_slot_plan){.status = statuses[packing->status],
                          .why = packing->why,
                          .offsets = packing->offsets,
                          .spaces = packing->spaces,
                          .levels = levels,
                          .level_count = packing->result_count,
                          .cost = packing->cost,
                          .cost_floor = packing->cost_floor,
                          .blockers = packing->blockers,
                          .blocker_count = packing->blocker_count,
                          .kept = moves->kept,
                          .moved = moves->moved,
                          .added = moves->added};
  for (uint32_t i = 0; i < packing->result_count; i++) {
    const vmo_solution *result = &packing->results[i];
    levels[i] = (vmo_slot_level){result->height, result->lower_bound, result->witness, result->floor};
    plan->nodes += result->nodes;
  }
  return VMO_OK;
}

/* ---- the whole ---- */

typedef struct report_relay {
  const vmo_slot_options *options;
} report_relay;

static void relay_report(void *user, const vmo_progress *progress) {
  const report_relay *relay = user;
  relay->options->report(relay->options->report_user, progress->height, progress->floor, progress->nodes);
}

static vmo_status plan_slots(slots_run *run, const vmo_slot_options *options) {
  vmo_packing packing;
  vmo_moves moves = {0};
  report_relay relay = {options};
  vmo_solve_options solving = {0};
  if (options != NULL)
    solving = (vmo_solve_options){.work_limit = options->work_limit,
                                  .time_limit = options->time_limit,
                                  .seed = options->seed,
                                  .threads = options->threads,
                                  .cancelled = options->stop != NULL ? &options->stop->raised : NULL,
                                  .report = options->report != NULL ? relay_report : NULL,
                                  .report_user = &relay};
  vmo_status status = fill_buffers(run);
  if (status == VMO_OK) status = fill_wishes(run);
  if (status != VMO_OK) return status;
  if (run->asked->stays_close)
    status = vmo_replan_packing(run->context, &run->problem, &solving, run->previous, run->previous_spaces,
                                run->asked->tolerance, &packing, &moves);
  else
    status = vmo_solve_packing(run->context, &run->problem, &solving, &packing);
  if (status == VMO_OK) status = vmo_check_packing(run->context, &run->problem, &packing);
  return status == VMO_OK ? fill_plan(run, &packing, &moves) : status;
}

vmo_status vmo_plan_slots(const vmo_slot_problem *problem, const vmo_slot_options *options, vmo_slot_plan **plan) {
  *plan = NULL;
  slots_run run = {.context = vmo_context_create(), .asked = problem};
  if (run.context == NULL) return VMO_OUT_OF_MEMORY;
  run.owned = vmo_alloc_array(run.context, 1, sizeof *run.owned);
  vmo_status status = run.owned != NULL ? plan_slots(&run, options) : VMO_OUT_OF_MEMORY;
  if (status == VMO_INPUT_ERROR) {
    const vmo_diagnostics *list = run.context->diagnostics;
    run.owned->plan.error = list->count > 0 ? list->items[0].message : "the problem breaks a rule";
  } else if (status != VMO_OK) {
    vmo_context_destroy(run.context);
    return status;
  }
  run.owned->context = run.context;
  *plan = &run.owned->plan;
  return status;
}

void vmo_free_slots(vmo_slot_plan *plan) {
  if (plan != NULL) vmo_context_destroy(((owned_plan *)plan)->context);
}
