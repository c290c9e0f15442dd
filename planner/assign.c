/* assign.c: spaces for many bundles: greedy, repair, improvement; a few bundles are left to assign_exact.c.
 *
 *   greedy    the bundles in the order of what it saves to have one in its cheapest space, per byte and time that it
 *             takes there; each goes to the cheapest space whose load stays within the capacity (load_tree.c)
 *   repair    each space is placed; while one ends beyond its capacity, bundles move on (assign_repair.c)
 *   retreat   where that fails, repair once more from the other end: whatever may go to a space without a capacity goes
 *             there, else to the dearest one with room
 *   improve   bundles that are not in their cheapest space are tried in cheaper ones (assign_improve.c)
 *
 * Cost: O(n log n) and placements, which are limited in units of work together. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "planner/assign_run.h"
#include "planner/solver.h"
#include "support/diag.h"

#define WORK_OF_REPAIR 4 /* default solves */

/* ---- the run ---- */

static int compare_times(const void *left, const void *right) {
  int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

static bool list_times(vmo_assign_run *run) {
  const vmo_bundles *bundles = run->assignment->bundles;
  run->times = vmr_arena_alloc(run->scratch, 2 * ((size_t)bundles->piece_count + 1) * sizeof *run->times);
  if (run->times == NULL) return false;
  for (uint32_t i = 0; i < bundles->piece_count; i++) {
    run->times[2 * (size_t)i] = bundles->pieces[i].begin;
    run->times[2 * (size_t)i + 1] = bundles->pieces[i].end;
  }
  if (bundles->piece_count > 0) qsort(run->times, 2 * (size_t)bundles->piece_count, sizeof *run->times, compare_times);
  for (size_t i = 0; i < 2 * (size_t)bundles->piece_count; i++)
    if (i == 0 || run->times[i] != run->times[run->time_count - 1]) run->times[run->time_count++] = run->times[i];
  return true;
}

/* ---- greedy ---- */

static uint32_t cheapest_of(const vmo_assign_run *run, uint32_t bundle) {
  uint32_t rank = 0;
  while (!vmo_is_allowed(run, bundle, run->assignment->ranked[rank])) rank++;
  return rank;
}

static double find_worth(const vmo_assign_run *run, uint32_t bundle) {
  const vmo_assignment *assignment = run->assignment;
  const vmo_bundle *valued = &assignment->bundles->data[bundle];
  uint32_t rank = cheapest_of(run, bundle), other = rank + 1;
  while (other < assignment->problem->space_count && !vmo_is_allowed(run, bundle, assignment->ranked[other])) other++;
  if (other == assignment->problem->space_count) return 1e300; /* it has nowhere else to go */
  double saved = (double)(vmo_bundle_cost(assignment, bundle, assignment->ranked[other]) -
                          vmo_bundle_cost(assignment, bundle, assignment->ranked[rank]));
  double taken = 1;
  for (uint32_t i = 0; i < valued->piece_count; i++) {
    const vmo_piece *piece = &assignment->bundles->pieces[valued->piece_first + i];
    taken += (double)(piece->high - piece->low) * (double)((uint64_t)piece->end - (uint64_t)piece->begin);
  }
  return saved / taken;
}

static int compare_worth(const void *left, const void *right) {
  const vmo_ranked_bundle *a = left, *b = right;
  if (a->worth != b->worth) return a->worth > b->worth ? -1 : 1;
  return (a->bundle > b->bundle) - (a->bundle < b->bundle);
}

/* The cheapest space in which the load leaves room; else the one with the least excess. */
static uint32_t find_room(const vmo_assign_run *run, uint32_t bundle) {
  const vmo_assignment *assignment = run->assignment;
  uint32_t best = VMO_NONE;
  vmo_bytes least = INT64_MAX;
  for (uint32_t rank = 0; rank < assignment->problem->space_count && least > 0; rank++) {
    uint32_t space = assignment->ranked[rank];
    if (!vmo_is_allowed(run, bundle, space)) continue;
    vmo_bytes excess = vmo_find_excess(run, bundle, space);
    if (excess >= least) continue;
    least = excess;
    best = space;
  }
  return best;
}

static void assign_greedily(vmo_assign_run *run) {
  for (uint32_t i = 0; i < run->assignment->bundles->count; i++)
    vmo_enter_bundle(run, run->ranked[i].bundle, find_room(run, run->ranked[i].bundle));
}

/* ---- retreat ---- */

/* The cheapest space without a capacity that the bundle allows; else the dearest one with room; else as in the greedy. */
static uint32_t find_refuge(const vmo_assign_run *run, uint32_t bundle) {
  const vmo_assignment *assignment = run->assignment;
  for (uint32_t rank = 0; rank < assignment->problem->space_count; rank++) {
    uint32_t space = assignment->ranked[rank];
    if (assignment->problem->spaces[space].capacity < 0 && vmo_is_allowed(run, bundle, space)) return space;
  }
  for (uint32_t rank = assignment->problem->space_count; rank-- > 0;) {
    uint32_t space = assignment->ranked[rank];
    if (vmo_is_allowed(run, bundle, space) && vmo_find_excess(run, bundle, space) == 0) return space;
  }
  return find_room(run, bundle);
}

static void retreat(vmo_assign_run *run) {
  const vmo_assignment *assignment = run->assignment;
  for (uint32_t s = 0; s < assignment->problem->space_count; s++) {
    vmo_load_tree_fill(&run->loads[s], NULL, 0);
    run->solved[s] = false;
  }
  for (uint32_t i = 0; i < assignment->bundles->count; i++)
    vmo_enter_bundle(run, run->ranked[i].bundle, find_refuge(run, run->ranked[i].bundle));
}

/* Repairs, and once more from the retreat; half of units and time for each. */
static vmo_status place_or_retreat(vmo_assign_run *run, bool few) {
  vmo_assignment *assignment = run->assignment;
  uint64_t work = run->work_left;
  run->work_left = work / 2;
  run->time_kept = 0.6 * assignment->budget->options.time_limit;
  vmo_status status = vmo_place_all(run);
  bool open = status == VMO_OK && !assignment->fits && !few && assignment->blockers == NULL;
  if (open && !vmo_budget_is_over(assignment->budget)) status = vmo_find_unassignable(assignment);
  run->work_left += work - work / 2;
  run->time_kept = 0.2 * assignment->budget->options.time_limit;
  if (status != VMO_OK || assignment->fits || assignment->blockers != NULL) return status;
  retreat(run);
  return vmo_place_all(run);
}

/* ---- the whole ---- */

/* Leaves each bundle the spaces into which it fits on its own; one that has none is a blocker. */
static bool restrict_spaces(vmo_assign_run *run) {
  vmo_assignment *assignment = run->assignment;
  for (uint32_t b = 0; b < assignment->bundles->count; b++) {
    const vmo_bundle *bundle = &assignment->bundles->data[b];
    vmo_bytes low = vmo_max_bytes(bundle->fixed_offset, 0);
    assignment->allowed[b] = 0;
    for (uint32_t s = 0; s < assignment->problem->space_count; s++) {
      const vmo_space *space = &assignment->problem->spaces[s];
      bool fits =
          (space->capacity < 0 || low + bundle->bytes <= space->capacity) && low % vmo_space_alignment(space) == 0;
      if (fits && (bundle->allowed >> s & 1)) assignment->allowed[b] |= UINT64_C(1) << s;
    }
    if (assignment->allowed[b] != 0) continue;
    assignment->allowed[b] = bundle->allowed;
    uint32_t *blocker = vmr_arena_alloc(assignment->arena, sizeof *blocker);
    if (blocker == NULL) return false;
    *blocker = b;
    assignment->blockers = blocker;
    assignment->blocker_count = 1;
  }
  return true;
}

/* False: some sum of costs reaches 2^53. */
static bool sum_costs(vmo_assignment *assignment) {
  int64_t most = 0;
  for (uint32_t b = 0; b < assignment->bundles->count; b++) {
    int64_t highest = 0, lowest = INT64_MAX, bytes = assignment->bundles->data[b].bytes;
    for (uint32_t s = 0; s < assignment->problem->space_count; s++) {
      int64_t cost = assignment->problem->spaces[s].cost;
      if (cost > highest) highest = cost;
      if ((assignment->allowed[b] >> s & 1) && cost < lowest) lowest = cost;
    }
    if (highest > 0 && bytes > (VMO_BYTES_LIMIT - 1 - most) / highest) return false;
    most += bytes * highest;
    assignment->cost_floor += bytes * lowest;
  }
  return true;
}

static void rank_spaces(vmo_assignment *assignment) {
  for (uint32_t s = 0; s < assignment->problem->space_count; s++) {
    uint32_t at = s;
    int64_t cost = assignment->problem->spaces[s].cost;
    for (; at > 0 && assignment->problem->spaces[assignment->ranked[at - 1]].cost > cost; at--)
      assignment->ranked[at] = assignment->ranked[at - 1];
    assignment->ranked[at] = s;
  }
}

static void rank_bundles(vmo_assign_run *run) {
  uint32_t count = run->assignment->bundles->count;
  for (uint32_t b = 0; b < count; b++) run->ranked[b] = (vmo_ranked_bundle){find_worth(run, b), b};
  if (count > 0) qsort(run->ranked, count, sizeof *run->ranked, compare_worth);
}

static uint64_t find_work(const vmo_assignment *assignment) {
  const vmo_solve_options *options = &assignment->budget->options;
  if (options->work_limit > 0) return options->work_limit;
  if (options->time_limit > 0) return UINT64_MAX / 2;
  return WORK_OF_REPAIR * vmo_default_work(assignment->bundles->count, false);
}

static bool start(vmo_assign_run *run) {
  vmo_assignment *assignment = run->assignment;
  size_t bundles = (size_t)assignment->bundles->count + 1, spaces = assignment->problem->space_count;
  assignment->allowed = vmr_arena_alloc(assignment->arena, bundles * sizeof(uint64_t));
  assignment->ranked = vmr_arena_alloc(assignment->arena, spaces * sizeof(uint32_t));
  run->loads = vmr_arena_alloc_array(run->scratch, spaces, sizeof *run->loads);
  run->ranked = vmr_arena_alloc(run->scratch, bundles * sizeof *run->ranked);
  run->chosen = vmr_arena_alloc(run->scratch, bundles * sizeof *run->chosen);
  run->solved = vmr_arena_alloc_array(run->scratch, spaces, sizeof *run->solved);
  if (assignment->allowed == NULL || assignment->ranked == NULL || run->loads == NULL || run->ranked == NULL ||
      run->chosen == NULL || run->solved == NULL || !restrict_spaces(run) || !list_times(run))
    return false;
  rank_spaces(assignment);
  for (uint32_t s = 0; s < spaces; s++)
    if (!vmo_load_tree_init(&run->loads[s], run->scratch, run->time_count)) return false;
  if (!vmo_load_tree_init(&run->wanted, run->scratch, run->time_count)) return false;
  rank_bundles(run);
  run->work_left = find_work(assignment);
  return true;
}

static vmo_status assign(vmo_assign_run *run) {
  vmo_assignment *assignment = run->assignment;
  if (!start(run)) return VMO_OUT_OF_MEMORY;
  if (!sum_costs(assignment)) {
    vmo_diag_add(assignment->context, VMO_DIAG_PROBLEM_TOO_LARGE, (vmo_location){0},
                 "the bytes of the buffers times the cost of the dearest space reach 2^53");
    return VMO_INPUT_ERROR;
  }
  if (assignment->blockers != NULL) return VMO_OK; /* it fits nowhere, and has no place */
  bool proven = false, found = false, few = assignment->bundles->count <= VMO_EXACT_ASSIGNMENT_BUNDLES;
  vmo_status status = vmo_find_overloads(assignment);
  if (status == VMO_OK && few && assignment->blockers == NULL) status = vmo_assign_exactly(assignment, &proven, &found);
  if (status == VMO_OK && found && proven) {
    for (uint32_t b = 0; b < assignment->bundles->count; b++) vmo_enter_bundle(run, b, assignment->spaces[b]);
  } else if (status == VMO_OK) {
    assign_greedily(run);
  }
  if (status == VMO_OK) status = place_or_retreat(run, few);
  if (status == VMO_OK && assignment->fits && !(found && proven)) status = vmo_improve_assignment(run);
  if (status != VMO_OK || !(found && proven && assignment->fits)) return status;
  assignment->cost_floor = 0;
  for (uint32_t b = 0; b < assignment->bundles->count; b++)
    assignment->cost_floor += vmo_bundle_cost(assignment, b, assignment->spaces[b]);
  return VMO_OK;
}

vmo_status vmo_assign_spaces(vmo_assignment *assignment) {
  vmo_assign_run run = {.assignment = assignment, .scratch = vmr_arena_create(0)};
  if (run.scratch == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = assign(&run);
  vmr_arena_destroy(run.scratch);
  return status;
}
