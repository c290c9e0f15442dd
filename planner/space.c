/* space.c: places the bundles of one space, by way of the solver.
 *
 * Apart pairs. Each pair gets a time, after everything else, at which it and nobody else is live, but for others that
 * are to be apart from both (apart.c):
 *
 *   a  ███████            ██            The plans of the longer problem are the plans that keep the pair apart:
 *   b           ████████  ██            the only new rule is that a and b, now live together, do not overlap,
 *      0        8      17 18            and whoever was live together still is.
 *
 * So the solver needs to know nothing of pairs, its floors and its verdicts hold, and only the largest load is found
 * again from the real times.
 *
 * Shapes. A bundle that is not all live all the time (windows, smaller members) goes to the solver with the extent that
 * is live in each stretch of time. The solver searches everything but exactly there; small problems are searched to the
 * end here (exact_bundles.c). */
#include <stdlib.h>
#include <string.h>

#include "planner/budget.h"
#include "planner/relations.h"
#include "planner/solver.h"
#include "support/diag.h"
#include "support/vec.h"

#define MAX_RELATIONS UINT32_C(1000000)
#define SMALL_COUNT 64             /* bundles that the exact search is tried for */
#define FIRST_WORK UINT64_C(50000) /* before that */

typedef struct space_run {
  vmo_context *context;
  const vmo_space_problem *space;
  vmr_arena *arena, *scratch;
  uint64_t units;
  vmo_bytes *offsets; /* per bundle, the answer */
  vmo_solution *result;
  vmo_bytes *local; /* per chosen bundle: of the plan that is looked at */
  bool shaped;      /* some bundle is, or some pair is not to be apart in full */
  bool placed;      /* offsets hold a plan of result->height */
  vmo_relations relations;
} space_run;

/* ---- loads ---- */

typedef struct load_event {
  int64_t time;
  vmo_bytes change;
} load_event;

static int compare_events(const void *left, const void *right) {
  const load_event *a = left, *b = right;
  if (a->time != b->time) return a->time < b->time ? -1 : 1;
  return (a->change > b->change) - (a->change < b->change); /* ends first */
}

bool vmo_find_load(const vmo_bundles *bundles, const uint32_t *chosen, uint32_t count, vmr_arena *scratch,
                   vmo_bytes *load, int64_t *witness) {
  size_t pieces = 0, filled = 0;
  vmo_bytes now = 0;
  for (uint32_t i = 0; i < count; i++) pieces += bundles->data[chosen[i]].piece_count;
  load_event *events = vmr_arena_alloc(scratch, 2 * (pieces + 1) * sizeof *events);
  if (events == NULL) return false;
  for (uint32_t i = 0; i < count; i++)
    for (uint32_t j = 0; j < bundles->data[chosen[i]].piece_count; j++) {
      const vmo_piece *piece = &bundles->pieces[bundles->data[chosen[i]].piece_first + j];
      events[filled++] = (load_event){piece->begin, piece->high - piece->low};
      events[filled++] = (load_event){piece->end, piece->low - piece->high};
    }
  if (filled > 0) qsort(events, filled, sizeof *events, compare_events);
  *load = 0;
  *witness = 0;
  for (size_t i = 0; i < filled; i++) {
    now += events[i].change;
    if (now <= *load) continue;
    *load = now;
    *witness = events[i].time;
    if (now >= VMO_BYTES_LIMIT) return true;
  }
  /* The witness is the first begin at which the load is reached in full. */
  return true;
}

/* ---- the plain problem ---- */

typedef struct plain_problem {
  vmo_buffer *buffers;
  VMO_VEC(vmo_lifetime) lifetimes;
  VMO_VEC(vmo_extent) extents; /* per lifetime */
  vmo_apart_times apart;
  int64_t end; /* nothing is live from here on */
} plain_problem;

uint32_t *vmo_list_places(const vmo_space_problem *space, vmr_arena *arena) {
  uint32_t *places = vmr_arena_alloc(arena, ((size_t)space->bundles->count + 1) * sizeof *places);
  if (places == NULL) return NULL;
  memset(places, 0xff, space->bundles->count * sizeof *places);
  for (uint32_t i = 0; i < space->chosen_count; i++) places[space->chosen[i]] = i;
  return places;
}

/* The times of pairs are nobody's business: what is too large at one is told without it. */
static bool are_pairs_small(const space_run *run, const plain_problem *plain) {
  if (!plain->apart.too_large) return true;
  vmo_diag_add(run->context, VMO_DIAG_PROBLEM_TOO_LARGE, (vmo_location){0},
               "two buffers that are to be apart need 2^53 bytes or more together");
  return false;
}

static bool add_lifetime(space_run *run, plain_problem *plain, vmo_lifetime lifetime, vmo_extent extent) {
  return vmo_vec_push(run->scratch, &plain->lifetimes, lifetime) && vmo_vec_push(run->scratch, &plain->extents, extent);
}

/* Those of the pieces, and then those of the pairs, in which as much is live as is to be apart. */
static bool add_lifetimes(space_run *run, plain_problem *plain, uint32_t index) {
  const vmo_bundles *bundles = run->space->bundles;
  uint32_t number = run->space->chosen[index];
  const vmo_bundle *bundle = &bundles->data[number];
  vmo_buffer *buffer = &plain->buffers[index];
  buffer->lifetime_first = plain->lifetimes.count;
  for (uint32_t j = 0; j < bundle->piece_count; j++) {
    const vmo_piece *piece = &bundles->pieces[bundle->piece_first + j];
    if (!add_lifetime(run, plain, (vmo_lifetime){piece->begin, piece->end}, (vmo_extent){piece->low, piece->high}))
      return false;
  }
  for (uint32_t j = plain->apart.firsts[index]; j < plain->apart.firsts[index + 1]; j++) {
    const vmo_apart_time *apart = &plain->apart.entries[j];
    int64_t time = plain->end + 2 * (int64_t)apart->time;
    if (!add_lifetime(run, plain, (vmo_lifetime){time, time + 1}, (vmo_extent){0, apart->bytes})) return false;
  }
  buffer->lifetime_count = plain->lifetimes.count - buffer->lifetime_first;
  return true;
}

static bool build_plain(space_run *run, plain_problem *plain, vmo_problem *problem) {
  const vmo_bundles *bundles = run->space->bundles;
  uint32_t count = run->space->chosen_count;
  plain->buffers = vmr_arena_alloc_array(run->scratch, (size_t)count + 1, sizeof *plain->buffers);
  if (plain->buffers == NULL || !vmo_cover_pairs(run->space, run->scratch, &plain->apart)) return false;
  run->shaped = run->shaped || plain->apart.partial;
  plain->end = INT64_MIN;
  for (uint32_t i = 0; i < bundles->piece_count; i++)
    if (bundles->pieces[i].end > plain->end) plain->end = bundles->pieces[i].end;
  if (plain->end == INT64_MIN) plain->end = 0;
  for (uint32_t i = 0; i < count; i++) {
    const vmo_bundle *bundle = &bundles->data[run->space->chosen[i]];
    run->shaped = run->shaped || bundle->shaped;
    plain->buffers[i] = (vmo_buffer){.bytes = bundle->bytes,
                                     .alignment = vmo_max_bytes(bundle->alignment, run->space->alignment),
                                     .fixed_offset = bundle->fixed_offset};
    if (!add_lifetimes(run, plain, i)) return false;
  }
  *problem = (vmo_problem){.buffers = plain->buffers,
                           .buffer_count = count,
                           .lifetimes = plain->lifetimes.data,
                           .lifetime_count = plain->lifetimes.count,
                           .capacity = run->space->capacity};
  return true;
}

/* Takes the solver's answer over, its blockers in the numbers of the bundles. */
static bool take_solution(space_run *run, const vmo_solution *solution) {
  *run->result = *solution;
  run->placed = solution->offsets != NULL;
  for (uint32_t i = 0; i < run->space->chosen_count && run->placed; i++)
    run->offsets[run->space->chosen[i]] = solution->offsets[i];
  uint32_t *blockers = vmr_arena_alloc(run->arena, ((size_t)solution->blocker_count + 1) * sizeof *blockers);
  if (blockers == NULL) return false;
  for (uint32_t i = 0; i < solution->blocker_count; i++) blockers[i] = run->space->chosen[solution->blockers[i]];
  run->result->blockers = solution->blocker_count > 0 ? blockers : NULL;
  return vmo_find_load(run->space->bundles, run->space->chosen, run->space->chosen_count, run->scratch,
                       &run->result->lower_bound, &run->result->witness);
}

/* ---- to the end ---- */

static vmo_bytes find_local_height(const space_run *run) {
  vmo_bytes height = 0;
  for (uint32_t i = 0; i < run->relations.count; i++)
    height = vmo_max_bytes(height, run->local[i] + run->relations.nodes[i].bytes);
  return height;
}

static void keep_local(space_run *run, vmo_bytes height, const char *method) {
  for (uint32_t i = 0; i < run->space->chosen_count; i++) run->offsets[run->space->chosen[i]] = run->local[i];
  run->result->height = height;
  run->result->method = method;
  run->placed = true;
}

static bool is_low_enough(const space_run *run) {
  vmo_bytes enough = run->space->capacity >= 0 ? run->space->capacity : run->result->floor;
  return run->placed && run->result->height <= enough;
}

/* Of all nodes, drops those without which the others still do not fit. */
static vmo_status shrink_blockers(space_run *run) {
  uint32_t count = run->relations.count, kept = 0;
  uint32_t *left = vmr_arena_alloc(run->scratch, ((size_t)count + 1) * sizeof *left), left_count = count;
  if (left == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) left[i] = run->space->chosen[i];
  vmr_arena *arena = vmr_arena_create(0);
  vmo_status status = arena != NULL ? VMO_OK : VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count && status == VMO_OK; i++) {
    uint32_t dropped = left[kept];
    memmove(left + kept, left + kept + 1, (left_count - kept - 1) * sizeof *left);
    vmo_space_problem fewer = *run->space;
    fewer.chosen = left;
    fewer.chosen_count = left_count - 1;
    vmr_arena_reset(arena);
    vmo_relations relations;
    uint64_t units = run->units;
    vmo_search_verdict verdict = VMO_SEARCH_OUT_OF_MEMORY;
    if (vmo_build_relations(&fewer, MAX_RELATIONS, arena, &relations) == VMO_OUTCOME_FOUND)
      verdict = vmo_search_bundles(&relations, run->space->capacity, &units, arena, run->local);
    if (verdict == VMO_SEARCH_OUT_OF_MEMORY) status = VMO_OUT_OF_MEMORY;
    if (verdict == VMO_SEARCH_NONE) {
      left_count--;
      continue;
    }
    memmove(left + kept + 1, left + kept, (left_count - kept - 1) * sizeof *left);
    left[kept++] = dropped;
  }
  vmr_arena_destroy(arena);
  if (status != VMO_OK) return status;
  run->result->blockers = vmr_arena_alloc(run->arena, ((size_t)left_count + 1) * sizeof *left);
  if (run->result->blockers == NULL) return VMO_OUT_OF_MEMORY;
  memcpy((uint32_t *)run->result->blockers, left, left_count * sizeof *left);
  run->result->blocker_count = left_count;
  run->result->status = VMO_SOLUTION_INFEASIBLE;
  run->result->proof = VMO_PROOF_SEARCH;
  return VMO_OK;
}

/* Lowers the plan until it is proven lowest, or fits, or cannot fit; or the units are used up. */
static vmo_status search_to_end(space_run *run) {
  vmo_solution *result = run->result;
  vmr_arena *arena = vmr_arena_create(0);
  if (arena == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = VMO_OK;
  uint64_t units = run->units;
  bool open = true;
  while (open && !is_low_enough(run)) {
    vmo_bytes wanted = run->space->capacity >= 0 ? run->space->capacity : result->height - 1;
    if (!run->placed && run->space->capacity < 0) wanted = VMO_BYTES_LIMIT - 1;
    vmr_arena_reset(arena);
    switch (vmo_search_bundles(&run->relations, wanted, &units, arena, run->local)) {
    case VMO_SEARCH_FOUND: keep_local(run, find_local_height(run), "exact search"); break;
    case VMO_SEARCH_NONE:
      open = false;
      if (run->space->capacity >= 0 || !run->placed) {
        status = shrink_blockers(run);
      } else {
        result->floor = result->height;
        result->proof = VMO_PROOF_SEARCH;
      }
      break;
    case VMO_SEARCH_GAVE_UP: open = false; break;
    case VMO_SEARCH_OUT_OF_MEMORY:
      open = false;
      status = VMO_OUT_OF_MEMORY;
      break;
    }
  }
  vmr_arena_destroy(arena);
  return status;
}

static void judge(space_run *run) {
  vmo_solution *result = run->result;
  if (result->status == VMO_SOLUTION_INFEASIBLE) return;
  if (!run->placed || (run->space->capacity >= 0 && result->height > run->space->capacity))
    result->status = VMO_SOLUTION_TIMEOUT;
  else
    result->status = result->height <= result->floor ? VMO_SOLUTION_OPTIMAL : VMO_SOLUTION_FEASIBLE;
  if (result->status != VMO_SOLUTION_OPTIMAL)
    result->proof = VMO_PROOF_NONE;
  else if (result->proof == VMO_PROOF_NONE)
    result->proof = VMO_PROOF_BOUND;
}

/* Goes on where the solver searches nothing exactly. */
static vmo_status refine(space_run *run) {
  vmo_outcome outcome = vmo_build_relations(run->space, MAX_RELATIONS, run->scratch, &run->relations);
  if (outcome == VMO_OUTCOME_OUT_OF_MEMORY) return VMO_OUT_OF_MEMORY;
  if (outcome == VMO_OUTCOME_NONE) return VMO_OK;
  run->local = vmr_arena_alloc(run->scratch, ((size_t)run->space->chosen_count + 1) * sizeof *run->local);
  if (run->local == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = search_to_end(run);
  judge(run);
  return status;
}

/* With many bundles around them, pairs that are apart can cost much height, since their times of their own lie far from
 * their lives. So the problem is also solved without the pairs, and mended: all stay where they are but the second ones
 * of the pairs that share bytes, which go into the holes. */
static vmo_status mend(space_run *run, const plain_problem *plain, const vmo_problem *problem,
                       const vmo_budget_of_time *budget) {
  vmo_solution loose, mended;
  vmo_solve_options options = vmo_budget_part(budget, 0.6);
  uint32_t count = problem->buffer_count;
  const vmo_bundles *bundles = run->space->bundles;
  const vmo_extent *extents = run->shaped ? plain->extents.data : NULL;
  for (uint32_t i = 0; i < count; i++)
    plain->buffers[i].lifetime_count -= plain->apart.firsts[i + 1] - plain->apart.firsts[i];
  vmo_status status = vmo_solve_extents(run->context, problem, extents, &options, &loose);
  if (status == VMO_OK) run->result->work += loose.work;
  if (status != VMO_OK || loose.offsets == NULL || loose.height >= run->result->height) return status;
  uint32_t *places = vmo_list_places(run->space, run->scratch);
  bool *moves = vmr_arena_alloc_array(run->scratch, (size_t)count + 1, sizeof *moves);
  if (places == NULL || moves == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < bundles->apart_count; i++) {
    uint32_t a = places[bundles->apart[i].first], b = places[bundles->apart[i].second];
    if (a == VMO_NONE || b == VMO_NONE || moves[a]) continue;
    moves[b] = moves[b] || (loose.offsets[a] < loose.offsets[b] + plain->buffers[b].bytes &&
                            loose.offsets[b] < loose.offsets[a] + plain->buffers[a].bytes);
  }
  for (uint32_t i = 0; i < count; i++) {
    plain->buffers[i].lifetime_count += plain->apart.firsts[i + 1] - plain->apart.firsts[i];
    if (!moves[i]) plain->buffers[i].fixed_offset = loose.offsets[i];
  }
  options = vmo_budget_part(budget, 1);
  status = vmo_solve_extents(run->context, problem, extents, &options, &mended);
  if (status == VMO_OK) run->result->work += mended.work;
  if (status != VMO_OK || mended.offsets == NULL || mended.height >= run->result->height) return status;
  for (uint32_t i = 0; i < count; i++) run->offsets[run->space->chosen[i]] = mended.offsets[i];
  run->result->height = mended.height;
  run->result->method = loose.method;
  judge(run);
  return VMO_OK;
}

/* The exact search gave up: the solver goes on with what is left of the limits. */
static vmo_status search_on(space_run *run, const vmo_problem *problem, const vmo_extent *extents,
                            const vmo_budget_of_time *budget) {
  vmo_solution before = *run->result, solution;
  vmo_solve_options part = vmo_budget_part(budget, 1);
  vmo_status status = vmo_solve_extents(run->context, problem, extents, &part, &solution);
  if (status == VMO_OK) run->result->work += solution.work;
  if (status != VMO_OK || solution.height >= before.height) return status;
  if (!take_solution(run, &solution)) return VMO_OUT_OF_MEMORY;
  run->result->nodes += before.nodes;
  run->result->work += before.work;
  judge(run);
  return VMO_OK;
}

/* Nothing is left to be found. */
static bool is_settled(const space_run *run) {
  return is_low_enough(run) || run->result->status == VMO_SOLUTION_INFEASIBLE;
}

static vmo_status solve(space_run *run, const vmo_solve_options *options) {
  plain_problem plain = {0};
  vmo_problem problem;
  vmo_solution solution;
  if (!build_plain(run, &plain, &problem)) return VMO_OUT_OF_MEMORY;
  if (!are_pairs_small(run, &plain)) return VMO_INPUT_ERROR;
  vmo_budget_of_time budget = vmo_begin_budget(options);
  bool pairs = plain.apart.firsts[run->space->chosen_count] > 0, small = run->space->chosen_count <= SMALL_COUNT;
  bool mendable = pairs && !small, searchable = run->shaped && small && run->units > 0;
  vmo_solve_options part = vmo_budget_part(&budget, mendable ? 0.4 : 1);
  if (searchable && (part.work_limit == 0 || part.work_limit > FIRST_WORK)) part.work_limit = FIRST_WORK;
  const vmo_extent *extents = run->shaped ? plain.extents.data : NULL;
  vmo_status status = vmo_solve_extents(run->context, &problem, extents, &part, &solution);
  if (status != VMO_OK) return status;
  if (!take_solution(run, &solution)) return VMO_OUT_OF_MEMORY;
  if (is_settled(run)) return VMO_OK;
  if (!searchable) return mendable ? mend(run, &plain, &problem, &budget) : VMO_OK;
  run->units = vmo_budget_units(&budget, run->units);
  status = refine(run);
  if (status != VMO_OK || is_settled(run) || vmo_budget_is_over(&budget)) return status;
  return search_on(run, &problem, extents, &budget);
}

vmo_status vmo_solve_space(vmo_context *context, const vmo_space_problem *space, const vmo_solve_options *options,
                           uint64_t exact_units, vmr_arena *arena, vmo_bytes *offsets, vmo_solution *result) {
  space_run run = {
      .context = context, .space = space, .arena = arena, .units = exact_units, .offsets = offsets, .result = result};
  run.scratch = vmr_arena_create(0);
  if (run.scratch == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = solve(&run, options);
  if (status == VMO_OK) result->offsets = run.placed ? offsets : NULL; /* as a mark */
  vmr_arena_destroy(run.scratch);
  return status;
}
