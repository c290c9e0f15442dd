/* assign_exact.c: the cheapest assignment of a few bundles to spaces, by trying all of them.
 *
 * Depth first over the bundles, the largest first, spaces from the cheapest on; an assignment is left as soon as
 * what it
 * costs, with the cheapest space for each bundle that is left, is no less than the best one. Whether a set of bundles
 * fits a space is decided by the exact search, once per space and set. A set that does not fit has no larger one that
 * does. At most spaces^bundles steps; the stack has one entry per bundle. */
#include <string.h>

#include "planner/assign.h"
#include "planner/relations.h"

#define UNITS UINT64_C(20000000) /* of one run, for all questions of fit */
#define STEPS UINT64_C(4000000)

typedef enum fit_answer { FIT_UNKNOWN, FIT_YES, FIT_NO } fit_answer;

typedef struct exact_run {
  vmo_assignment *assignment;
  vmr_arena *arena, *scratch;
  uint8_t *answers; /* per space and set of bundles */
  uint32_t count, space_count;
  uint32_t order[VMO_EXACT_ASSIGNMENT_BUNDLES];
  uint64_t steps, units;
  bool gave_up, failed;
  bool any; /* the first assignment that fits is enough, whatever it costs */
} exact_run;

static fit_answer ask(exact_run *run, uint32_t space, uint32_t set) {
  const vmo_space *asked = &run->assignment->problem->spaces[space];
  uint32_t chosen[VMO_EXACT_ASSIGNMENT_BUNDLES], count = 0;
  vmo_bytes offsets[VMO_EXACT_ASSIGNMENT_BUNDLES];
  for (uint32_t b = 0; b < run->count; b++)
    if (set >> b & 1) chosen[count++] = b;
  vmo_space_problem problem = {run->assignment->bundles, chosen, count, asked->capacity, vmo_space_alignment(asked)};
  vmo_relations relations;
  vmr_arena_reset(run->scratch);
  vmo_bytes height = asked->capacity >= 0 ? asked->capacity : VMO_BYTES_LIMIT - 1;
  vmo_search_verdict verdict = VMO_SEARCH_OUT_OF_MEMORY;
  if (vmo_build_relations(&problem, UINT32_MAX, run->scratch, &relations) == VMO_OUTCOME_FOUND)
    verdict = vmo_search_bundles(&relations, height, &run->units, run->scratch, offsets);
  run->gave_up = run->gave_up || verdict == VMO_SEARCH_GAVE_UP;
  run->failed = run->failed || verdict == VMO_SEARCH_OUT_OF_MEMORY;
  return verdict == VMO_SEARCH_FOUND ? FIT_YES : FIT_NO;
}

static bool fits(exact_run *run, uint32_t space, uint32_t set) {
  uint8_t *answer = &run->answers[((size_t)space << run->count) + set];
  if (*answer == FIT_UNKNOWN) *answer = (uint8_t)ask(run, space, set);
  return *answer == FIT_YES;
}

/* The larger bundles first. */
static void order_bundles(exact_run *run, uint32_t without) {
  const vmo_bundle *bundles = run->assignment->bundles->data;
  uint32_t filled = 0;
  for (uint32_t b = 0; b < run->count; b++) {
    if (without >> b & 1) continue;
    uint32_t at = filled++;
    for (; at > 0 && bundles[run->order[at - 1]].bytes < bundles[b].bytes; at--) run->order[at] = run->order[at - 1];
    run->order[at] = b;
  }
}

/* What the bundles from each depth on cost at least. */
static void fill_floors(const exact_run *run, uint32_t count, int64_t *floors) {
  floors[count] = 0;
  for (uint32_t depth = count; depth-- > 0;) {
    const vmo_assignment *assignment = run->assignment;
    uint32_t bundle = run->order[depth], rank = 0;
    while (!(assignment->allowed[bundle] >> assignment->ranked[rank] & 1)) rank++;
    floors[depth] = floors[depth + 1] + vmo_bundle_cost(assignment, bundle, assignment->ranked[rank]);
  }
}

/* The cheapest assignment of all bundles but `without` into `spaces`; false: there is none. */
static bool search_all(exact_run *run, uint32_t without, uint32_t *spaces) {
  const vmo_assignment *assignment = run->assignment;
  uint32_t sets[VMO_MAX_SPACES] = {0}, ranks[VMO_EXACT_ASSIGNMENT_BUNDLES] = {0}, depth = 0, count = run->count;
  int64_t floors[VMO_EXACT_ASSIGNMENT_BUNDLES + 1], cost = 0, best = INT64_MAX;
  for (uint32_t b = 0; b < run->count; b++) count -= without >> b & 1;
  order_bundles(run, without);
  fill_floors(run, count, floors);
  for (bool back = false;;) {
    if (run->failed || run->gave_up || run->steps++ > STEPS) break;
    if (depth == count && !back) {
      best = cost;
      for (uint32_t i = 0; i < count; i++) spaces[run->order[i]] = assignment->ranked[ranks[i]];
      if (run->any) return true;
      back = true;
    }
    if (back) {
      if (depth == 0) break;
      depth--;
      uint32_t bundle = run->order[depth], space = assignment->ranked[ranks[depth]++];
      sets[space] &= ~(UINT32_C(1) << bundle);
      cost -= vmo_bundle_cost(assignment, bundle, space);
      back = false;
    }
    uint32_t bundle = run->order[depth], rank = ranks[depth];
    for (; rank < run->space_count; rank++) {
      uint32_t space = assignment->ranked[rank], set = sets[space] | UINT32_C(1) << bundle;
      if (!(assignment->allowed[bundle] >> space & 1)) continue;
      if (!run->any && cost + vmo_bundle_cost(assignment, bundle, space) + floors[depth + 1] >= best) continue;
      if (fits(run, space, set)) break;
    }
    ranks[depth] = rank;
    if (rank == run->space_count) {
      ranks[depth] = 0;
      back = true;
      continue;
    }
    sets[assignment->ranked[rank]] |= UINT32_C(1) << bundle;
    cost += vmo_bundle_cost(assignment, bundle, assignment->ranked[rank]);
    if (++depth < count) ranks[depth] = 0;
  }
  run->gave_up = run->gave_up || run->steps > STEPS;
  return best != INT64_MAX;
}

/* Drops bundles as long as the others do not fit. */
static vmo_status find_blockers(exact_run *run) {
  uint32_t without = 0, spaces[VMO_EXACT_ASSIGNMENT_BUNDLES], count = 0;
  run->any = true;
  for (uint32_t b = 0; b < run->count; b++) {
    bool found = search_all(run, without | UINT32_C(1) << b, spaces);
    if (run->failed) return VMO_OUT_OF_MEMORY;
    if (!found && !run->gave_up) without |= UINT32_C(1) << b;
  }
  uint32_t *blockers = vmr_arena_alloc(run->assignment->arena, run->count * sizeof *blockers);
  if (blockers == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t b = 0; b < run->count; b++)
    if (!(without >> b & 1)) blockers[count++] = b;
  run->assignment->blockers = blockers;
  run->assignment->blocker_count = count;
  return VMO_OK;
}

static vmo_status search(exact_run *run, bool *proven, bool *found) {
  uint32_t spaces[VMO_EXACT_ASSIGNMENT_BUNDLES] = {0};
  run->answers = vmr_arena_alloc_array(run->arena, (size_t)run->space_count << run->count, sizeof *run->answers);
  if (run->answers == NULL) return VMO_OUT_OF_MEMORY;
  *found = search_all(run, 0, spaces);
  if (run->failed) return VMO_OUT_OF_MEMORY;
  *proven = !run->gave_up;
  if (!*proven) return VMO_OK;
  if (!*found) return find_blockers(run);
  memcpy(run->assignment->spaces, spaces, run->count * sizeof *spaces);
  return VMO_OK;
}

vmo_status vmo_assign_exactly(vmo_assignment *assignment, bool *proven, bool *found) {
  exact_run run = {.assignment = assignment,
                   .count = assignment->bundles->count,
                   .space_count = assignment->problem->space_count,
                   .units = vmo_budget_units(assignment->budget, UNITS)};
  *proven = *found = false;
  run.arena = vmr_arena_create(0);
  run.scratch = vmr_arena_create(0);
  vmo_status status = VMO_OUT_OF_MEMORY;
  if (run.arena != NULL && run.scratch != NULL) status = search(&run, proven, found);
  vmr_arena_destroy(run.scratch);
  vmr_arena_destroy(run.arena);
  return status;
}
