/* assign.c: spaces for many bundles: greedy, repair, improvement; a few bundles are left to assign_exact.c.
 *
 *   greedy   the bundles in the order of what it saves to have one in its cheapest space, per byte and time that it
 *            takes there; each goes to the cheapest space whose load stays within the capacity (load_tree.c)
 *   repair   each space is placed; while one ends beyond its capacity, those that lie there, or else the least worth
 *            of the others, move on to the next space with room
 *   improve  bundles that are not in their cheapest space are tried in the holes of cheaper ones; then the cheaper
 *            space is placed anew with such a bundle, while tries are left
 *
 * Cost: O(n log n) and a few placements for the first two; the last is limited in units of work. */
#include "planner/assign.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "planner/instance.h"
#include "planner/load_tree.h"
#include "support/diag.h"

#define EXACT_UNITS UINT64_C(2000000)
#define MAX_REPAIRS 64
#define HOLE_UNITS UINT64_C(200000000) /* pieces looked at when holes are searched */
#define ANEW_WORK UINT64_C(10000000)   /* of one of them */
#define ANEW_TRIES 40                  /* placements of a space with one bundle more */
#define ANEW_BUNDLES 2000              /* of a space that is placed anew for one bundle */

/* ---- the run ---- */

typedef struct assign_run {
  vmo_assignment *assignment;
  vmr_arena *scratch;
  int64_t *times; /* all begins and ends, ascending, each once */
  uint32_t time_count;
  vmo_load_tree *loads; /* per space */
  double *worth;        /* per bundle: what its cheapest space saves, per byte and time */
  uint32_t *chosen;     /* the bundles of one space */
  bool *solved;         /* per space: its result is that of its bundles */
} assign_run;

static int compare_times(const void *left, const void *right) {
  int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

static bool list_times(assign_run *run) {
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

static uint32_t find_time(const assign_run *run, int64_t time) {
  uint32_t low = 0, high = run->time_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (run->times[middle] < time)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void add_load(assign_run *run, uint32_t bundle, uint32_t space, int sign) {
  const vmo_bundle *added = &run->assignment->bundles->data[bundle];
  for (uint32_t i = 0; i < added->piece_count; i++) {
    const vmo_piece *piece = &run->assignment->bundles->pieces[added->piece_first + i];
    vmo_load_tree_add(&run->loads[space], find_time(run, piece->begin), find_time(run, piece->end),
                      sign * (piece->high - piece->low));
  }
}

/* By how much the load exceeds the capacity when the bundle comes in. */
static vmo_bytes find_excess(const assign_run *run, uint32_t bundle, uint32_t space) {
  const vmo_bundle *added = &run->assignment->bundles->data[bundle];
  vmo_bytes capacity = run->assignment->problem->spaces[space].capacity, excess = 0;
  for (uint32_t i = 0; i < added->piece_count && capacity >= 0; i++) {
    const vmo_piece *piece = &run->assignment->bundles->pieces[added->piece_first + i];
    vmo_bytes load = vmo_load_tree_most(&run->loads[space], find_time(run, piece->begin), find_time(run, piece->end));
    excess = vmo_max_bytes(excess, load + piece->high - piece->low - capacity);
  }
  return excess;
}

static bool is_allowed(const assign_run *run, uint32_t bundle, uint32_t space) {
  return (run->assignment->allowed[bundle] >> space & 1) != 0;
}

static void move_bundle(assign_run *run, uint32_t bundle, uint32_t space) {
  uint32_t *at = &run->assignment->spaces[bundle];
  run->solved[*at] = run->solved[space] = false;
  add_load(run, bundle, *at, -1);
  add_load(run, bundle, space, 1);
  *at = space;
}

/* ---- greedy ---- */

static uint32_t cheapest_of(const assign_run *run, uint32_t bundle) {
  uint32_t rank = 0;
  while (!is_allowed(run, bundle, run->assignment->ranked[rank])) rank++;
  return rank;
}

static double find_worth(const assign_run *run, uint32_t bundle) {
  const vmo_assignment *assignment = run->assignment;
  const vmo_bundle *valued = &assignment->bundles->data[bundle];
  uint32_t rank = cheapest_of(run, bundle), other = rank + 1;
  while (other < assignment->problem->space_count && !is_allowed(run, bundle, assignment->ranked[other])) other++;
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

typedef struct ranked_bundle {
  double worth;
  uint32_t bundle;
} ranked_bundle;

static int compare_worth(const void *left, const void *right) {
  const ranked_bundle *a = left, *b = right;
  if (a->worth != b->worth) return a->worth > b->worth ? -1 : 1;
  return (a->bundle > b->bundle) - (a->bundle < b->bundle);
}

static ranked_bundle *rank_bundles(const assign_run *run) {
  uint32_t count = run->assignment->bundles->count;
  ranked_bundle *ranked = vmr_arena_alloc(run->scratch, ((size_t)count + 1) * sizeof *ranked);
  if (ranked == NULL) return NULL;
  for (uint32_t b = 0; b < count; b++) ranked[b] = (ranked_bundle){run->worth[b], b};
  if (count > 0) qsort(ranked, count, sizeof *ranked, compare_worth);
  return ranked;
}

/* The cheapest space in which the load leaves room, from rank `from` on; else the one with the least excess. */
static uint32_t find_room(const assign_run *run, uint32_t bundle, uint32_t from, bool *room) {
  const vmo_assignment *assignment = run->assignment;
  uint32_t best = VMO_NONE;
  vmo_bytes least = INT64_MAX;
  for (uint32_t rank = from; rank < assignment->problem->space_count; rank++) {
    uint32_t space = assignment->ranked[rank];
    if (!is_allowed(run, bundle, space)) continue;
    vmo_bytes excess = find_excess(run, bundle, space);
    if (excess >= least) continue;
    least = excess;
    best = space;
    if (excess == 0) break;
  }
  *room = best != VMO_NONE && least == 0;
  return best;
}

static vmo_status assign_greedily(assign_run *run) {
  ranked_bundle *ranked = rank_bundles(run);
  if (ranked == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < run->assignment->bundles->count; i++) {
    bool room;
    uint32_t bundle = ranked[i].bundle, space = find_room(run, bundle, 0, &room);
    run->assignment->spaces[bundle] = space;
    add_load(run, bundle, space, 1);
  }
  return VMO_OK;
}

/* ---- placing and repair ---- */

static uint32_t choose_bundles(assign_run *run, uint32_t space) {
  uint32_t count = 0;
  for (uint32_t b = 0; b < run->assignment->bundles->count; b++)
    if (run->assignment->spaces[b] == space) run->chosen[count++] = b;
  return count;
}

static vmo_status place_space(assign_run *run, uint32_t space, double share, uint64_t most_work) {
  vmo_assignment *assignment = run->assignment;
  vmo_solve_options options = vmo_budget_part(assignment->budget, share);
  if (most_work > 0 && (options.work_limit == 0 || options.work_limit > most_work)) options.work_limit = most_work;
  const vmo_space *asked = &assignment->problem->spaces[space];
  vmo_space_problem problem = {.bundles = assignment->bundles,
                               .chosen = run->chosen,
                               .chosen_count = choose_bundles(run, space),
                               .capacity = asked->capacity,
                               .alignment = vmo_space_alignment(asked)};
  run->solved[space] = true;
  return vmo_solve_space(assignment->context, &problem, &options, vmo_budget_units(assignment->budget, EXACT_UNITS),
                         assignment->arena, assignment->offsets, &assignment->results[space]);
}

static bool is_within(const assign_run *run, uint32_t space) {
  const vmo_solution *result = &run->assignment->results[space];
  return result->status == VMO_SOLUTION_OPTIMAL || result->status == VMO_SOLUTION_FEASIBLE;
}

static uint32_t rank_of(const assign_run *run, uint32_t space) {
  uint32_t rank = 0;
  while (run->assignment->ranked[rank] != space) rank++;
  return rank;
}

/* Moves bundles out of a space that ends beyond its capacity: those that do, and where none can leave, the one that
 * is worth least and has somewhere to go. False: nothing moved. */
static bool relieve(assign_run *run, uint32_t space) {
  const vmo_assignment *assignment = run->assignment;
  vmo_bytes capacity = assignment->problem->spaces[space].capacity;
  uint32_t count = choose_bundles(run, space), least = VMO_NONE, to = VMO_NONE;
  bool moved = false, room, placed = assignment->results[space].offsets != NULL;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t bundle = run->chosen[i], next = find_room(run, bundle, rank_of(run, space) + 1, &room);
    if (next == VMO_NONE || !room || next == space) continue;
    if (placed && assignment->offsets[bundle] + assignment->bundles->data[bundle].bytes > capacity) {
      move_bundle(run, bundle, next);
      moved = true;
    } else if (least == VMO_NONE || run->worth[bundle] < run->worth[least]) {
      least = bundle;
      to = next;
    }
  }
  if (!moved && least != VMO_NONE) move_bundle(run, least, to);
  return moved || least != VMO_NONE;
}

/* What cannot be placed in a space and may be nowhere else cannot be placed. */
static void note_blockers(assign_run *run, uint32_t space) {
  vmo_assignment *assignment = run->assignment;
  const vmo_solution *result = &assignment->results[space];
  if (result->status != VMO_SOLUTION_INFEASIBLE || result->blocker_count == 0 || assignment->blockers != NULL) return;
  for (uint32_t i = 0; i < result->blocker_count; i++)
    if (assignment->allowed[result->blockers[i]] != UINT64_C(1) << space) return;
  assignment->blockers = result->blockers;
  assignment->blocker_count = result->blocker_count;
}

static vmo_status place_all(assign_run *run) {
  uint32_t spaces = run->assignment->problem->space_count;
  for (uint32_t turn = 0;; turn++) {
    bool moved = false;
    run->assignment->fits = true;
    for (uint32_t rank = 0; rank < spaces; rank++) {
      uint32_t space = run->assignment->ranked[rank];
      vmo_status status = run->solved[space] ? VMO_OK : place_space(run, space, 1.0 / (spaces - rank + 1), 0);
      if (status != VMO_OK) return status;
      if (is_within(run, space)) continue;
      run->assignment->fits = false;
      note_blockers(run, space);
      if (turn < MAX_REPAIRS && !vmo_budget_is_over(run->assignment->budget)) moved = relieve(run, space) || moved;
    }
    if (!moved) return VMO_OK;
  }
}

/* ---- improvement ---- */

/* The lowest place of the bundle among the bundles of the space that are placed there, or -1. */
static vmo_bytes find_hole(assign_run *run, uint32_t bundle, uint32_t space, uint64_t *units, vmr_arena *arena) {
  uint32_t chosen = choose_bundles(run, space);
  uint64_t cost = 1;
  vmo_bytes place;
  for (uint32_t i = 0; i < chosen; i++) cost += 1 + run->assignment->bundles->data[run->chosen[i]].piece_count;
  *units -= *units < cost ? *units : cost;
  vmr_arena_reset(arena);
  return vmo_find_hole(run->assignment, bundle, space, run->chosen, chosen, arena, &place) ? place : -1;
}

/* Puts a bundle into a hole that the plan of a cheaper space has. */
static bool fill_hole(assign_run *run, uint32_t bundle, uint32_t space, uint64_t *units, vmr_arena *arena) {
  vmo_bytes hole = find_hole(run, bundle, space, units, arena);
  if (hole < 0) return false;
  uint32_t from = run->assignment->spaces[bundle];
  vmo_solution *results = run->assignment->results;
  bool solved[2] = {run->solved[from], run->solved[space]};
  move_bundle(run, bundle, space);
  run->solved[from] = solved[0];
  run->solved[space] = solved[1];
  run->assignment->offsets[bundle] = hole;
  vmo_bytes top = hole + run->assignment->bundles->data[bundle].bytes;
  results[space].height = vmo_max_bytes(results[space].height, top);
  if (results[space].offsets == NULL) results[space].offsets = run->assignment->offsets;
  return true;
}

/* Places a cheaper space with the bundle in it; as before when that fails. */
static vmo_status place_anew(assign_run *run, uint32_t bundle, uint32_t space, bool *done) {
  vmo_assignment *assignment = run->assignment;
  uint32_t from = assignment->spaces[bundle], count = choose_bundles(run, space);
  vmo_solution before = assignment->results[space];
  vmo_bytes *offsets = vmr_arena_alloc(run->scratch, ((size_t)count + 1) * sizeof *offsets);
  uint32_t *members = vmr_arena_alloc(run->scratch, ((size_t)count + 1) * sizeof *members);
  if (offsets == NULL || members == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    members[i] = run->chosen[i];
    offsets[i] = assignment->offsets[members[i]];
  }
  vmo_bytes own = assignment->offsets[bundle];
  bool solved = run->solved[from];
  move_bundle(run, bundle, space);
  vmo_status status = place_space(run, space, 0.1, ANEW_WORK);
  if (status != VMO_OK) return status;
  run->solved[from] = solved;
  *done = is_within(run, space);
  if (*done) return VMO_OK;
  move_bundle(run, bundle, from);
  run->solved[from] = solved;
  run->solved[space] = true;
  assignment->results[space] = before;
  assignment->offsets[bundle] = own;
  for (uint32_t i = 0; i < count; i++) assignment->offsets[members[i]] = offsets[i];
  return VMO_OK;
}

static vmo_status improve(assign_run *run) {
  vmo_assignment *assignment = run->assignment;
  ranked_bundle *ranked = rank_bundles(run);
  vmr_arena *arena = vmr_arena_create(0);
  vmo_status status = ranked != NULL && arena != NULL ? VMO_OK : VMO_OUT_OF_MEMORY;
  uint64_t units = HOLE_UNITS;
  uint32_t tries = ANEW_TRIES;
  for (uint32_t i = 0; i < assignment->bundles->count && status == VMO_OK && !vmo_budget_is_over(assignment->budget);
       i++) {
    uint32_t bundle = ranked[i].bundle, now = rank_of(run, assignment->spaces[bundle]);
    bool done = false;
    for (uint32_t rank = 0; rank < now && !done && status == VMO_OK; rank++) {
      uint32_t space = assignment->ranked[rank];
      bool cheaper =
          vmo_bundle_cost(assignment, bundle, space) < vmo_bundle_cost(assignment, bundle, assignment->spaces[bundle]);
      if (!cheaper || !is_allowed(run, bundle, space) || find_excess(run, bundle, space) > 0) continue;
      if (units > 0) done = fill_hole(run, bundle, space, &units, arena);
      if (done || tries == 0 || choose_bundles(run, space) > ANEW_BUNDLES) continue;
      tries--;
      status = place_anew(run, bundle, space, &done);
    }
  }
  vmr_arena_destroy(arena);
  return status;
}

/* ---- the whole ---- */

/* Leaves each bundle the spaces into which it fits on its own; one that has none is a blocker. */
static bool restrict_spaces(assign_run *run) {
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

static bool start(assign_run *run) {
  vmo_assignment *assignment = run->assignment;
  size_t bundles = (size_t)assignment->bundles->count + 1, spaces = assignment->problem->space_count;
  assignment->allowed = vmr_arena_alloc(assignment->arena, bundles * sizeof(uint64_t));
  assignment->ranked = vmr_arena_alloc(assignment->arena, spaces * sizeof(uint32_t));
  run->loads = vmr_arena_alloc_array(run->scratch, spaces, sizeof *run->loads);
  run->worth = vmr_arena_alloc(run->scratch, bundles * sizeof *run->worth);
  run->chosen = vmr_arena_alloc(run->scratch, bundles * sizeof *run->chosen);
  run->solved = vmr_arena_alloc_array(run->scratch, spaces, sizeof *run->solved);
  if (assignment->allowed == NULL || assignment->ranked == NULL || run->loads == NULL || run->worth == NULL ||
      run->chosen == NULL || run->solved == NULL || !restrict_spaces(run) || !list_times(run))
    return false;
  rank_spaces(assignment);
  for (uint32_t s = 0; s < spaces; s++)
    if (!vmo_load_tree_init(&run->loads[s], run->scratch, run->time_count)) return false;
  for (uint32_t b = 0; b < assignment->bundles->count; b++) run->worth[b] = find_worth(run, b);
  return true;
}

static vmo_status assign(assign_run *run) {
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
    for (uint32_t b = 0; b < assignment->bundles->count; b++) add_load(run, b, assignment->spaces[b], 1);
  } else if (status == VMO_OK) {
    status = assign_greedily(run);
  }
  if (status == VMO_OK) status = place_all(run);
  bool open = status == VMO_OK && !assignment->fits && !few && assignment->blockers == NULL;
  if (open && !vmo_budget_is_over(assignment->budget)) status = vmo_find_unassignable(assignment);
  if (status == VMO_OK && assignment->fits && !(found && proven)) status = improve(run);
  if (status != VMO_OK || !(found && proven && assignment->fits)) return status;
  assignment->cost_floor = 0;
  for (uint32_t b = 0; b < assignment->bundles->count; b++)
    assignment->cost_floor += vmo_bundle_cost(assignment, b, assignment->spaces[b]);
  return VMO_OK;
}

vmo_status vmo_assign_spaces(vmo_assignment *assignment) {
  assign_run run = {.assignment = assignment, .scratch = vmr_arena_create(0)};
  if (run.scratch == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = assign(&run);
  vmr_arena_destroy(run.scratch);
  return status;
}
