/* replan_stay.c: what of the previous plan can stay where it was.
 *
 * Each buffer that was placed and may lie there by itself is pinned. The placement that these make is measured as a problem of
 * its own, in which the others are never live; of two that clash there the one with more clashes is freed.
 *
 * Cost: one measure of a placement, and sorting. */
#include <stdlib.h>

#include "planner/replan.h"

static uint32_t space_count(const replan_run *run) {
  return run->problem->space_count > 0 ? run->problem->space_count : 1;
}

uint32_t vmo_replan_previous_space(const replan_run *run, uint32_t buffer) {
  return run->spaces != NULL ? run->spaces[buffer] : 0;
}

bool vmo_replan_was_placed(const replan_run *run, uint32_t buffer) {
  return run->offsets[buffer] >= 0 &&
         run->offsets[buffer] < VMO_BYTES_LIMIT - run->problem->base.buffers[buffer].bytes &&
         vmo_replan_previous_space(run, buffer) < space_count(run);
}

/* The problem of those that were placed alone: the others are empty and never live. */
static vmo_status make_remains(const replan_run *run, vmo_packing_problem *remains) {
  const vmo_packing_problem *problem = run->problem;
  uint32_t count = problem->base.buffer_count, kept = 0;
  vmo_buffer *buffers = vmo_alloc_array(run->context, (size_t)count + 1, sizeof *buffers);
  vmo_window *windows = vmo_alloc_array(run->context, (size_t)problem->window_count + 1, sizeof *windows);
  if (buffers == NULL || windows == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    buffers[i] = problem->base.buffers[i];
    if (vmo_replan_was_placed(run, i)) continue;
    buffers[i].bytes = 0;
    buffers[i].alignment = 1;
    buffers[i].fixed_offset = -1;
    buffers[i].lifetime_count = 0;
  }
  for (uint32_t i = 0; i < problem->window_count; i++)
    if (vmo_replan_was_placed(run, problem->windows[i].buffer)) windows[kept++] = problem->windows[i];
  *remains = *problem;
  remains->base.buffers = buffers;
  remains->windows = windows;
  remains->window_count = kept;
  remains->allowed = NULL;
  remains->colocated_count = 0; /* those that share bytes by right are told apart below */
  return VMO_OK;
}

static bool are_colocated(const uint32_t *leaders, uint32_t a, uint32_t b) { return leaders[a] == leaders[b]; }

uint32_t *vmo_replan_find_leaders(const replan_run *run) {
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

bool vmo_replan_may_stay(const replan_run *run, uint32_t buffer) {
  const vmo_buffer *asked = &run->problem->base.buffers[buffer];
  vmo_bytes offset = run->offsets[buffer], capacity = run->problem->base.capacity;
  uint32_t space = vmo_replan_previous_space(run, buffer);
  if (!vmo_replan_was_placed(run, buffer) || offset % asked->alignment != 0) return false;
  if (asked->fixed_offset >= 0 && offset != asked->fixed_offset) return false;
  if (run->problem->allowed != NULL && !(run->problem->allowed[buffer] >> space & 1)) return false;
  if (run->problem->space_count > 0) {
    const vmo_space *home = &run->problem->spaces[space];
    capacity = home->capacity;
    if (home->alignment > 1 && offset % home->alignment != 0) return false;
  }
  return capacity < 0 || offset + asked->bytes <= capacity;
}

void vmo_replan_agree(replan_run *run, const uint32_t *leaders) {
  uint32_t count = run->problem->base.buffer_count;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t leader = leaders[i];
    bool same = run->offsets[i] == run->offsets[leader] &&
                vmo_replan_previous_space(run, i) == vmo_replan_previous_space(run, leader);
    bool both = run->pinned[i] && run->pinned[leader] && same;
    if (!both) run->pinned[leader] = false;
  }
  for (uint32_t i = 0; i < count; i++) run->pinned[i] = run->pinned[leaders[i]];
}

vmo_status vmo_replan_pin(replan_run *run) {
  vmo_packing_problem remains;
  vmo_packing packing;
  vmo_fault_list faults;
  uint32_t count = run->problem->base.buffer_count;
  const uint32_t *leaders = vmo_replan_find_leaders(run);
  vmo_bytes *offsets = vmo_alloc_array(run->context, (size_t)count + 1, sizeof *offsets);
  uint32_t *spaces = vmo_alloc_array(run->context, (size_t)count + 1, sizeof *spaces);
  if (leaders == NULL || offsets == NULL || spaces == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = make_remains(run, &remains);
  for (uint32_t i = 0; i < count; i++) {
    run->pinned[i] = vmo_replan_may_stay(run, i);
    offsets[i] = vmo_replan_was_placed(run, i) ? run->offsets[i] : 0;
    spaces[i] = vmo_replan_was_placed(run, i) ? vmo_replan_previous_space(run, i) : 0;
  }
  if (status == VMO_OK) status = vmo_measure_packing(run->context, &remains, offsets, spaces, &packing);
  if (status == VMO_OK) status = vmo_list_packing_faults(run->context, &remains, &packing, 8 * count + 100, &faults);
  if (status == VMO_OK) status = free_clashing(run, &faults, leaders);
  if (status == VMO_OK) vmo_replan_agree(run, leaders);
  return status;
}
