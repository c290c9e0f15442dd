/* replan.c: a plan that is close to the previous one.
 *
 *   1. What was placed before and keeps every rule at its old place is pinned there. Where two of them clash, as after
 *      one of them grew, the one with the most clashes is freed first.
 *   2. The rest is placed around the pins.
 *   3. While that plan exceeds the capacity, or a plan from scratch by more than the tolerance, some more are freed: those
 *      that end too high, and for one that is free and still too high, those that are fewest at one of the places below
 *      where it could be. Where that does not help, the highest, twice as many each time. When all would be free, or
 *      time is up, the plan from scratch is taken: after a much worse plan, nearly everything moves.
 *   4. Who moved is pinned again, in halves and then one by one, as long as the plan stays good.
 *
 * Up to some buffers, all sets to free are tried instead, the smallest first: no plan moves fewer, unless a time limit or
 * one that cancels ends that.
 *
 * Cost: one plan from scratch, and a placement each time that some are freed or pinned again, which are limited. */
#include <stdlib.h>

#include "planner/replan.h"

#define FEW_BUFFERS 12 /* of which all sets are tried */
#define MOST_EVICTIONS 24
#define MOST_TRIES 60 /* to pin again, and less the more buffers there are: */
#define TRIED_BUFFERS 2000000
#define ROOM_BUFFERS 4000000       /* that are looked at in a turn, to make room for those that end too high */
#define TRY_UNITS UINT64_C(300000) /* of work for a plan around pins, and some for each buffer */

/* ---- plans around the pins ---- */

static vmo_status solve_held(replan_run *run, vmo_packing *packing) {
  uint32_t count = run->problem->base.buffer_count;
  for (uint32_t i = 0; i < count; i++) {
    run->buffers[i] = run->problem->base.buffers[i];
    if (run->pinned[i]) run->buffers[i].fixed_offset = run->offsets[i];
    run->allowed[i] = run->problem->allowed != NULL ? run->problem->allowed[i] : UINT64_MAX;
    if (run->pinned[i] && run->problem->space_count > 0)
      run->allowed[i] = UINT64_C(1) << vmo_replan_previous_space(run, i);
  }
  vmo_solve_options options = vmo_budget_part(&run->budget, 0.5);
  uint64_t units = TRY_UNITS + 200 * (uint64_t)count;
  if (count > FEW_BUFFERS && (options.work_limit == 0 || options.work_limit > units)) options.work_limit = units;
  return vmo_solve_packing(run->context, &run->held, &options, packing);
}

static bool fits(const vmo_packing *packing) {
  return packing->offsets != NULL &&
         (packing->status == VMO_SOLUTION_OPTIMAL || packing->status == VMO_SOLUTION_FEASIBLE);
}

/* No height that is good may exceed this; -1: heights do not matter. */
static vmo_bytes good_height(const replan_run *run) {
  if (run->problem->space_count > 0) return -1;
  if (run->problem->base.capacity >= 0) return run->problem->base.capacity;
  if (!fits(&run->fresh)) return -1;
  double height = (double)run->fresh.results[0].height * (1 + run->tolerance);
  return height < (double)(VMO_BYTES_LIMIT - 1) ? (vmo_bytes)height : VMO_BYTES_LIMIT - 1;
}

static bool is_good(const replan_run *run, const vmo_packing *packing) {
  if (!fits(packing)) return !fits(&run->fresh) && packing->offsets != NULL;
  if (!fits(&run->fresh)) return true;
  if (run->problem->space_count > 1) return (double)packing->cost <= (double)run->fresh.cost * (1 + run->tolerance);
  vmo_bytes good = good_height(run);
  return good < 0 || packing->results[0].height <= good;
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
  vmo_replan_agree(run, leaders);
  return freed > 0;
}

/* ---- freeing who is in the way ---- */

static int64_t life_begin(const replan_run *run, uint32_t i) {
  const vmo_buffer *buffer = &run->problem->base.buffers[i];
  return buffer->lifetime_count > 0 ? run->problem->base.lifetimes[buffer->lifetime_first].begin : 0;
}

static int64_t life_end(const replan_run *run, uint32_t i) {
  const vmo_buffer *buffer = &run->problem->base.buffers[i];
  return buffer->lifetime_count > 0
             ? run->problem->base.lifetimes[buffer->lifetime_first + buffer->lifetime_count - 1].end
             : 0;
}

/* A buffer in the way: what it takes, and where. */
typedef struct obstacle {
  vmo_bytes low, high;
  uint32_t buffer;
} obstacle;

static int compare_obstacles(const void *left, const void *right) {
  const obstacle *a = left, *b = right;
  if (a->low != b->low) return a->low < b->low ? -1 : 1;
  return (a->buffer > b->buffer) - (a->buffer < b->buffer);
}

/* How many obstacles the bytes [place, place + bytes) hit; frees them if asked to. Sorted by `low`. */
static uint32_t hit(replan_run *run, const obstacle *obstacles, uint32_t count, vmo_bytes place, vmo_bytes bytes,
                    bool frees) {
  uint32_t hits = 0;
  for (uint32_t i = 0; i < count && obstacles[i].low < place + bytes; i++) {
    if (obstacles[i].high <= place) continue;
    hits++;
    if (frees) run->pinned[obstacles[i].buffer] = false;
  }
  return hits;
}

/* Frees those that are fewest at a place below `good` where the buffer could be. False: there is no such place. */
static bool make_room(replan_run *run, uint32_t buffer, vmo_bytes good, obstacle *obstacles) {
  const vmo_buffer *wanted = &run->problem->base.buffers[buffer];
  uint32_t count = 0, fewest = UINT32_MAX;
  vmo_bytes best = 0;
  for (uint32_t i = 0; i < run->problem->base.buffer_count; i++) {
    const vmo_buffer *other = &run->problem->base.buffers[i];
    if (!run->pinned[i] || life_begin(run, i) >= life_end(run, buffer) || life_begin(run, buffer) >= life_end(run, i))
      continue;
    obstacles[count++] = (obstacle){run->offsets[i], run->offsets[i] + other->bytes, i};
  }
  if (count > 0) qsort(obstacles, count, sizeof *obstacles, compare_obstacles);
  for (uint32_t i = 0; i <= 2 * count && i < 4096 && fewest > 0; i++) { /* on the ground, on one, or under one */
    vmo_bytes place = i == 0 ? 0 : i % 2 == 1 ? obstacles[i / 2].high : obstacles[i / 2 - 1].low - wanted->bytes;
    if (place < 0) continue;
    place = (place + wanted->alignment - 1) & ~(wanted->alignment - 1);
    if (place + wanted->bytes > good) continue;
    uint32_t hits = hit(run, obstacles, count, place, wanted->bytes, false);
    if (hits >= fewest) continue;
    fewest = hits;
    best = place;
  }
  if (fewest == UINT32_MAX || fewest == 0) return false;
  hit(run, obstacles, count, best, wanted->bytes, true);
  return true;
}

/* Frees who ends too high, or whoever is in the way of one that is free. False: nobody was. */
static bool free_offenders(replan_run *run, const vmo_packing *packing, obstacle *obstacles, const uint32_t *leaders) {
  vmo_bytes good = good_height(run);
  uint32_t rooms = ROOM_BUFFERS / (run->problem->base.buffer_count + 1) + 1;
  bool freed = false;
  for (uint32_t i = 0; i < run->problem->base.buffer_count && good >= 0 && packing->offsets != NULL; i++) {
    if (packing->offsets[i] + run->problem->base.buffers[i].bytes <= good) continue;
    if (run->problem->base.buffers[i].fixed_offset >= 0) return false;
    if (!run->pinned[i]) {
      if (rooms-- == 0 || vmo_budget_is_over(&run->budget)) break;
      freed = make_room(run, i, good, obstacles) || freed;
      continue;
    }
    run->pinned[i] = false;
    freed = true;
  }
  vmo_replan_agree(run, leaders);
  return freed;
}

/* ---- pinning again ---- */

/* Pins some of those that moved, [from, to) of the list, and keeps that if the plan stays good. */
static vmo_status pin_again(replan_run *run, const uint32_t *moved, uint32_t from, uint32_t to, const uint32_t *leaders,
                            vmo_packing *packing, bool *kept) {
  uint32_t count = run->problem->base.buffer_count;
  bool *before = vmo_alloc_array(run->context, (size_t)count + 1, sizeof *before);
  vmo_packing tried;
  if (before == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) before[i] = run->pinned[i];
  for (uint32_t i = from; i < to; i++) run->pinned[moved[i]] = vmo_replan_may_stay(run, moved[i]);
  vmo_replan_agree(run, leaders);
  *kept = false;
  for (uint32_t i = 0; i < count; i++) *kept = *kept || (run->pinned[i] && !before[i]);
  if (!*kept) return VMO_OK;
  vmo_status status = solve_held(run, &tried);
  if (status != VMO_OK) return status;
  *kept = is_good(run, &tried);
  if (*kept) *packing = tried;
  for (uint32_t i = 0; i < count && !*kept; i++) run->pinned[i] = before[i];
  return VMO_OK;
}

static vmo_status pin_moved(replan_run *run, const uint32_t *leaders, vmo_packing *packing) {
  uint32_t count = run->problem->base.buffer_count, moved_count = 0, tries = TRIED_BUFFERS / (count + 1);
  uint32_t *moved = vmo_alloc_array(run->context, (size_t)count + 1, sizeof *moved);
  if (moved == NULL) return VMO_OUT_OF_MEMORY;
  if (tries > MOST_TRIES) tries = MOST_TRIES;
  for (uint32_t i = 0; i < count; i++)
    if (!run->pinned[i] && vmo_replan_was_placed(run, i) && packing->offsets[i] != run->offsets[i])
      moved[moved_count++] = i;
  for (uint32_t length = moved_count; length > 0; length = length > 1 ? (length + 1) / 2 : 0)
    for (uint32_t from = 0; from < moved_count && tries > 0 && !vmo_budget_is_over(&run->budget); tries--) {
      uint32_t to = from + length < moved_count ? from + length : moved_count;
      bool kept;
      vmo_status status = pin_again(run, moved, from, to, leaders, packing, &kept);
      if (status != VMO_OK) return status;
      from = to;
    }
  return VMO_OK;
}

/* ---- all sets of a few ---- */

/* Frees `size` of the buffers that may stay, set after set; *found: one of them gives a good plan. */
static vmo_status try_sets(replan_run *run, uint32_t size, const uint32_t *leaders, vmo_packing *packing, bool *found) {
  uint32_t count = run->problem->base.buffer_count;
  for (uint32_t set = 0; set < UINT32_C(1) << count && !vmo_budget_is_over(&run->budget); set++) {
    if ((uint32_t)__builtin_popcount(set) != size) continue;
    bool sensible = true;
    for (uint32_t i = 0; i < count; i++) {
      run->pinned[i] = vmo_replan_may_stay(run, i) && !(set >> i & 1);
      sensible = sensible && (vmo_replan_may_stay(run, i) || !(set >> i & 1));
    }
    if (!sensible) continue;
    vmo_replan_agree(run, leaders);
    vmo_status status = solve_held(run, packing);
    *found = status == VMO_OK && is_good(run, packing);
    if (status != VMO_OK || *found) return status;
  }
  return VMO_OK;
}

static vmo_status try_all_sets(replan_run *run, const uint32_t *leaders, vmo_packing *packing, bool *found) {
  vmo_status status = VMO_OK;
  *found = false;
  if (run->problem->base.buffer_count > FEW_BUFFERS) return VMO_OK;
  for (uint32_t size = 0; size <= run->problem->base.buffer_count && status == VMO_OK && !*found; size++)
    status = try_sets(run, size, leaders, packing, found);
  return status;
}

static vmo_status replan(replan_run *run, vmo_packing *packing) {
  uint32_t count = run->problem->base.buffer_count;
  const uint32_t *leaders = vmo_replan_find_leaders(run);
  ranked_top *tops = vmo_alloc_array(run->context, (size_t)count + 1, sizeof *tops);
  obstacle *obstacles = vmo_alloc_array(run->context, (size_t)count + 1, sizeof *obstacles);
  if (tops == NULL || leaders == NULL || obstacles == NULL) return VMO_OUT_OF_MEMORY;
  vmo_solve_options options = vmo_budget_part(&run->budget, 0.5);
  vmo_status status = vmo_solve_packing(run->context, run->problem, &options, &run->fresh);
  if (status != VMO_OK) return status;
  if (run->problem->space_count == 0) run->held.base.capacity = good_height(run);
  bool found;
  status = try_all_sets(run, leaders, packing, &found);
  if (status == VMO_OK && found && !fits(packing)) *packing = run->fresh;
  if (status != VMO_OK || found) return status;
  status = vmo_replan_pin(run);
  uint32_t wanted = count / 64 + 1;
  for (uint32_t turn = 0; status == VMO_OK; turn++) {
    status = solve_held(run, packing);
    if (status != VMO_OK) return status;
    if (is_good(run, packing)) {
      if (fits(packing)) return pin_moved(run, leaders, packing);
      break; /* nor does the plan from scratch, whose verdict knows of no pins */
    }
    if (vmo_budget_is_over(&run->budget)) break;
    if (turn < MOST_EVICTIONS && free_offenders(run, packing, obstacles, leaders)) continue;
    if (!free_highest(run, tops, wanted, leaders)) break;
    wanted = wanted < count / 2 ? 2 * wanted : count;
  }
  if (status == VMO_OK) *packing = run->fresh;
  return status;
}

/* ---- the whole ---- */

static void count_moves(const replan_run *run, const vmo_packing *packing, vmo_moves *moves) {
  *moves = (vmo_moves){0};
  for (uint32_t i = 0; i < run->problem->base.buffer_count && packing->offsets != NULL; i++) {
    if (!vmo_replan_was_placed(run, i))
      moves->added++;
    else if (packing->offsets[i] == run->offsets[i] && packing->spaces[i] == vmo_replan_previous_space(run, i))
      moves->kept++;
    else
      moves->moved++;
  }
}

/* The pins are no wishes of the problem: floors and verdicts are those of the plan from scratch, which knows no pins. */
static void judge_height(const replan_run *run, vmo_solution *result) {
  const vmo_solution *fresh = &run->fresh.results[0];
  result->floor = fresh->floor > result->lower_bound ? fresh->floor : result->lower_bound;
  bool lowest = result->height <= result->floor;
  result->status = lowest ? VMO_SOLUTION_OPTIMAL : VMO_SOLUTION_FEASIBLE;
  result->proof = !lowest                                 ? VMO_PROOF_NONE
                  : result->height == result->lower_bound ? VMO_PROOF_BOUND
                  : fresh->proof != VMO_PROOF_NONE        ? fresh->proof
                                                          : VMO_PROOF_SEARCH;
}

/* In a space of several what bundles lie there is the plan's own choice: their load is its floor. */
static void judge_space(vmo_solution *result) {
  bool lowest = result->height == result->lower_bound;
  result->floor = result->lower_bound;
  result->status = lowest ? VMO_SOLUTION_OPTIMAL : VMO_SOLUTION_FEASIBLE;
  result->proof = lowest ? VMO_PROOF_BOUND : VMO_PROOF_NONE;
}

static const char *explain_mended(const replan_run *run, const vmo_packing *packing) {
  if (packing->status != VMO_SOLUTION_OPTIMAL) return "close to the previous plan";
  if (run->problem->space_count > 1) return "no plan within the capacities is cheaper";
  if (packing->results[0].height == packing->results[0].lower_bound) return "the height is the largest load";
  return run->fresh.status == VMO_SOLUTION_OPTIMAL ? run->fresh.why : "no plan from scratch can be lower";
}

static void take_back(const replan_run *run, vmo_packing *packing) {
  if (!fits(packing)) return;
  bool several = run->problem->space_count > 1;
  for (uint32_t s = 0; s < packing->result_count; s++) {
    if (several)
      judge_space(&packing->results[s]);
    else
      judge_height(run, &packing->results[s]);
    packing->results[s].method = "the previous plan, mended";
  }
  packing->status = packing->results[0].status;
  if (several) {
    packing->cost_floor = run->fresh.cost_floor;
    packing->status = packing->cost == packing->cost_floor ? VMO_SOLUTION_OPTIMAL : VMO_SOLUTION_FEASIBLE;
  }
  packing->why = explain_mended(run, packing);
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
                    .tolerance = tolerance,
                    .held = *problem};
  run.pinned = vmo_alloc_array(context, count, sizeof *run.pinned);
  run.buffers = vmo_alloc_array(context, count, sizeof *run.buffers);
  run.allowed = vmo_alloc_array(context, count, sizeof *run.allowed);
  if (run.pinned == NULL || run.buffers == NULL || run.allowed == NULL) return VMO_OUT_OF_MEMORY;
  run.held.base.buffers = run.buffers;
  if (problem->space_count > 0) run.held.allowed = run.allowed;
  vmo_status status = replan(&run, packing);
  if (status != VMO_OK) return status;
  count_moves(&run, packing, moves);
  if (moves->kept == 0 && fits(&run.fresh)) { /* nothing is gained by being mended */
    *packing = run.fresh;
    count_moves(&run, packing, moves);
  }
  if (packing->offsets != run.fresh.offsets) take_back(&run, packing);
  return VMO_OK;
}
