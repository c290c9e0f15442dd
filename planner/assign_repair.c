/* assign_repair.c: places the spaces, and moves bundles on while one exceeds its capacity.
 *
 *   beyond     what ends beyond the capacity moves to another space with room
 *   wanted     where that has nowhere else to go, its bytes beyond the capacity are wanted at its times; the least worthy
 *              of the others that are live then move on, until as much is free, and each turn twice as much
 *   any        where nothing is placed (fixed offsets that overlap), one of the blockers moves, else the least worthy
 *
 * Spaces without a capacity take what comes: they are placed once the others fit. All turns share the units of one
 * solve. Cost: of a turn O(n log n) and the placements of the spaces that changed. */
#include "planner/assign_run.h"

#define MAX_REPAIRS 64
#define MOST_PRESSURE 6 /* 2^6 times the bytes that are beyond */

/* Another space with room, dearer ones first; VMO_NONE: none has any. */
static uint32_t find_other(const vmo_assign_run *run, uint32_t bundle) {
  const vmo_assignment *assignment = run->assignment;
  uint32_t own = vmo_rank_of(run, assignment->spaces[bundle]), spaces = assignment->problem->space_count;
  for (uint32_t i = 1; i < spaces; i++) {
    uint32_t space = assignment->ranked[(own + i) % spaces];
    if (vmo_is_allowed(run, bundle, space) && vmo_find_excess(run, bundle, space) == 0) return space;
  }
  return VMO_NONE;
}

static bool move_on(vmo_assign_run *run, uint32_t bundle) {
  uint32_t space = find_other(run, bundle);
  if (space == VMO_NONE) return false;
  vmo_move_bundle(run, bundle, space);
  return true;
}

static void add_wanted(vmo_assign_run *run, uint32_t bundle, vmo_bytes bytes) {
  const vmo_bundle *added = &run->assignment->bundles->data[bundle];
  for (uint32_t i = 0; i < added->piece_count; i++) {
    const vmo_piece *piece = &run->assignment->bundles->pieces[added->piece_first + i];
    vmo_load_tree_add(&run->wanted, vmo_find_time(run, piece->begin), vmo_find_time(run, piece->end), bytes);
  }
}

static bool is_wanted(const vmo_assign_run *run, uint32_t bundle) {
  const vmo_bundle *asked = &run->assignment->bundles->data[bundle];
  for (uint32_t i = 0; i < asked->piece_count; i++) {
    const vmo_piece *piece = &run->assignment->bundles->pieces[asked->piece_first + i];
    uint32_t begin = vmo_find_time(run, piece->begin), end = vmo_find_time(run, piece->end);
    if (vmo_load_tree_most(&run->wanted, begin, end) > 0) return true;
  }
  return false;
}

/* Moves what ends beyond the capacity, and notes the bytes of what cannot leave. */
static bool move_beyond(vmo_assign_run *run, uint32_t space, vmo_bytes pressure) {
  const vmo_assignment *assignment = run->assignment;
  vmo_bytes capacity = assignment->problem->spaces[space].capacity;
  bool moved = false;
  for (uint32_t i = assignment->bundles->count; i-- > 0;) {
    uint32_t bundle = run->ranked[i].bundle;
    vmo_bytes bytes = assignment->bundles->data[bundle].bytes, beyond = assignment->offsets[bundle] + bytes - capacity;
    if (assignment->spaces[bundle] != space || beyond <= 0) continue;
    if (move_on(run, bundle))
      moved = true;
    else
      add_wanted(run, bundle, (beyond < bytes ? beyond : bytes) * pressure);
  }
  return moved;
}

static bool move_wanted(vmo_assign_run *run, uint32_t space) {
  bool moved = false;
  for (uint32_t i = run->assignment->bundles->count; i-- > 0;) {
    uint32_t bundle = run->ranked[i].bundle;
    if (run->assignment->spaces[bundle] != space || !is_wanted(run, bundle) || !move_on(run, bundle)) continue;
    add_wanted(run, bundle, -run->assignment->bundles->data[bundle].bytes);
    moved = true;
  }
  return moved;
}

static bool move_any(vmo_assign_run *run, uint32_t space) {
  const vmo_solution *result = &run->assignment->results[space];
  for (uint32_t i = 0; i < result->blocker_count; i++)
    if (run->assignment->spaces[result->blockers[i]] == space && move_on(run, result->blockers[i])) return true;
  for (uint32_t i = run->assignment->bundles->count; i-- > 0;)
    if (run->assignment->spaces[run->ranked[i].bundle] == space && move_on(run, run->ranked[i].bundle)) return true;
  return false;
}

/* False: nothing moved. */
static bool relieve(vmo_assign_run *run, uint32_t space, uint32_t turn) {
  bool moved = false;
  vmo_bytes pressure = INT64_C(1) << (turn < MOST_PRESSURE ? turn : MOST_PRESSURE);
  if (run->assignment->results[space].offsets != NULL && run->assignment->problem->spaces[space].capacity >= 0) {
    vmo_load_tree_fill(&run->wanted, NULL, 0);
    moved = move_beyond(run, space, pressure);
    moved = move_wanted(run, space) || moved;
  }
  return moved || move_any(run, space);
}

/* What cannot be placed in a space and may be nowhere else cannot be placed. */
static void note_blockers(vmo_assign_run *run, uint32_t space) {
  vmo_assignment *assignment = run->assignment;
  const vmo_solution *result = &assignment->results[space];
  if (result->status != VMO_SOLUTION_INFEASIBLE || result->blocker_count == 0 || assignment->blockers != NULL) return;
  for (uint32_t i = 0; i < result->blocker_count; i++)
    if (assignment->allowed[result->blockers[i]] != UINT64_C(1) << space) return;
  assignment->blockers = result->blockers;
  assignment->blocker_count = result->blocker_count;
}

/* Time for what comes later is kept. */
static bool is_over(const vmo_assign_run *run) {
  const vmo_budget_of_time *budget = run->assignment->budget;
  return run->work_left == 0 || vmo_budget_is_over(budget) || vmo_budget_left(budget) <= run->time_kept;
}

/* A quarter of what is left to be spent: as many turns as may be, and the first ones not in a hurry. */
static vmo_status place_limited(vmo_assign_run *run, uint32_t space) {
  double left = vmo_budget_left(run->assignment->budget), spent = left - run->time_kept;
  return vmo_place_space(run, space, spent > 0 ? 0.25 * spent / left : 0, run->work_left / 4 + 1);
}

/* Places the spaces that have a capacity, or those that have none, and relieves them. */
static vmo_status place_some(vmo_assign_run *run, bool limited, uint32_t turn, bool *moved) {
  const vmo_assignment *assignment = run->assignment;
  uint32_t spaces = assignment->problem->space_count;
  for (uint32_t rank = 0; rank < spaces; rank++) {
    uint32_t space = assignment->ranked[rank];
    if ((assignment->problem->spaces[space].capacity >= 0) != limited) continue;
    vmo_status status = VMO_OK;
    if (!run->solved[space])
      status = limited ? place_limited(run, space) : vmo_place_space(run, space, 1.0 / (spaces - rank + 1), 0);
    if (status != VMO_OK) return status;
    if (vmo_space_is_within(run, space)) continue;
    run->assignment->fits = false;
    note_blockers(run, space);
    if (turn < MAX_REPAIRS && run->assignment->blockers == NULL && !is_over(run))
      *moved = relieve(run, space, turn) || *moved;
  }
  return VMO_OK;
}

vmo_status vmo_place_all(vmo_assign_run *run) {
  for (uint32_t turn = 0;; turn++) {
    bool moved = false;
    run->assignment->fits = true;
    vmo_status status = place_some(run, true, turn, &moved);
    if (status == VMO_OK && !moved) status = place_some(run, false, turn, &moved);
    if (status != VMO_OK || !moved) return status;
  }
}
