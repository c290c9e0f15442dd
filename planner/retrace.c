/* retrace.c: the skyline of plain items with second thoughts: whoever wastes too much under a large load is taken back.
 *
 *   target ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄   the potential of a section is its load and what was wasted there, below the skyline. No
 *          ┌──┐  ▒▒▒┌──┐       plan is lower than the highest potential. It rises where a valley in which nobody fits is
 *          │  └──┘▒▒│  └──┐    filled (▒): when that takes it beyond the target, the last steps are taken back, some
 *          └────────┴─────┘    few or some hundred, those items are put into another order among themselves, and on.
 *
 * The valleys are taken from left to right and down (valleys.c), so that the last steps are those nearby, whatever the
 * size of the part. When many tries do not help, the target is raised to the least that one of them needed. The work is
 * that of one skyline and of the repeated steps, whose number is limited; O(log n) for each. */
#include "planner/load_tree.h"
#include "planner/solver.h"
#include "planner/valleys.h"
#include "support/random.h"

#define STEPS_KEPT 65536         /* a power of two */
#define LEAST_UNDONE UINT64_C(8) /* steps at most in the first tries at a place; */
#define TRIES_PER_DEPTH 4        /* after so many they are twice as many */
#define MOST_TRIES 48            /* at one place */
#define FEW_TRIES 8              /* once as many steps as may be are taken back; at twice that many, none */
#define TARGETS 64               /* at most, on the way to the ceiling */
#define NEARBY 16                /* steps beyond the last fault that count as the same place */
#define UNITS_PER_CHANGE 20      /* of the potential */
#define UNITS_PER_UNDONE 30      /* step */
#define STEPS_BETWEEN_LOOKS 1024 /* at the watch */

typedef struct retrace {
  vmo_valleys valleys;
  vmo_load_tree potential;
  vmo_second_thoughts wish;
  vmo_bytes target;
  vmo_bytes least_raise;  /* of the target */
  uint64_t random;        /* state */
  vmo_valley_step *steps; /* the last ones, round and round */
  uint64_t step_count;    /* all that are done and not taken back */
  uint64_t oldest;        /* that is kept */
  uint64_t place;         /* step count at which the place of the last fault ends */
  uint32_t tries;         /* there */
  vmo_bytes needed;       /* the least potential of those tries */
  uint64_t undone;
  uint32_t *ranks, *items, *points; /* of what was taken back; room for all steps */
  vmo_keyed *keys;                  /* room for twice that */
} retrace;

static vmo_valley_step *step_at(retrace *r, uint64_t index) { return &r->steps[index % STEPS_KEPT]; }

/* ---- potential ---- */

/* Of a valley, if it were raised. */
static vmo_bytes potential_with(const retrace *r, uint32_t run, vmo_bytes rim) {
  return vmo_load_tree_most(&r->potential, run, r->valleys.ends[run]) + rim - r->valleys.heights[run];
}

static void change_potential(retrace *r, const vmo_valley_step *step, int sign) {
  const vmo_valleys *v = &r->valleys;
  vmo_span span = {step->begin, step->end};
  vmo_bytes waste = step->top - step->height;
  if (step->rank != VMO_NONE) {
    waste -= v->items[v->ranked[step->rank]].bytes; /* by alignment */
    if (waste == 0) return;
    span = vmo_valleys_span(v, step->rank);
  }
  vmo_load_tree_add(&r->potential, span.begin, span.end, sign * waste);
  r->valleys.work->used += UNITS_PER_CHANGE;
}

/* ---- taking back ---- */

/* Puts the items of some ranks into another order among these: each is moved by up to `reach` times their number. */
static void shuffle_ranks(retrace *r, uint32_t count, double reach) {
  vmo_valleys *v = &r->valleys;
  for (uint32_t i = 0; i < count; i++) r->keys[i] = (vmo_keyed){r->ranks[i], i};
  vmo_sort_keyed(r->keys, r->keys + count, count);
  for (uint32_t i = 0; i < count; i++) {
    r->ranks[i] = (uint32_t)r->keys[i].key;
    r->items[i] = v->ranked[r->ranks[i]];
    r->points[i] = v->points[r->ranks[i]];
  }
  for (uint32_t i = 0; i < count; i++) {
    double key = 1024 * (i + reach * count * vmo_random_unit(vmo_next_random(&r->random)));
    r->keys[i] = (vmo_keyed){(uint64_t)key, i};
  }
  vmo_sort_keyed(r->keys, r->keys + count, count);
  for (uint32_t i = 0; i < count; i++) {
    v->ranked[r->ranks[i]] = r->items[r->keys[i].value];
    v->points[r->ranks[i]] = r->points[r->keys[i].value];
    vmo_boxes_set(&v->boxes, v->points[r->ranks[i]], r->ranks[i]);
  }
}

/* Takes back the last steps before the run in hand. Returns the valley of the first of them. */
static uint32_t take_back(retrace *r, uint32_t run, uint64_t count, double reach) {
  uint32_t placed = 0;
  for (; count > 0 && r->step_count > r->oldest; count--) {
    const vmo_valley_step *step = step_at(r, --r->step_count);
    change_potential(r, step, -1);
    if (step->rank != VMO_NONE) r->ranks[placed++] = step->rank;
    vmo_valleys_undo(&r->valleys, step);
    run = step->begin;
    r->undone++;
    r->valleys.work->used += UNITS_PER_UNDONE;
  }
  shuffle_ranks(r, placed, reach);
  return run;
}

/* At a valley that cannot be raised within the target: goes back, or raises the target. Returns the run in hand. */
static uint32_t think_again(retrace *r, uint32_t run, vmo_bytes potential) {
  if (r->step_count > r->place) {
    r->tries = 0;
    r->needed = INT64_MAX;
  }
  if (potential < r->needed) r->needed = potential;
  if (r->step_count + NEARBY > r->place || r->tries == 0) r->place = r->step_count + NEARBY;
  uint64_t limit = r->wish.undo_limit;
  if (++r->tries > (r->undone > limit ? FEW_TRIES : MOST_TRIES) || r->undone > 2 * limit) {
    r->target = vmo_max_bytes(r->target + r->least_raise, r->undone > 2 * limit ? potential : r->needed);
    r->place = 0;
    return run;
  }
  uint64_t most = LEAST_UNDONE << r->tries / TRIES_PER_DEPTH;
  double reach = 0.1 + vmo_random_unit(vmo_next_random(&r->random));
  return take_back(r, run, 1 + vmo_next_random(&r->random) % most, reach);
}

/* ---- the whole ---- */

static bool make(retrace *r, vmo_work *work, const uint32_t *ranked) {
  const vmo_part *part = work->part;
  if (!vmo_valleys_init(&r->valleys, work, ranked, part->item_count)) return false;
  if (!vmo_load_tree_init(&r->potential, work->arena, part->section_count)) return false;
  r->steps = vmr_arena_alloc(work->arena, STEPS_KEPT * sizeof *r->steps);
  r->ranks = vmr_arena_alloc(work->arena, STEPS_KEPT * sizeof *r->ranks);
  r->items = vmr_arena_alloc(work->arena, STEPS_KEPT * sizeof *r->items);
  r->points = vmr_arena_alloc(work->arena, STEPS_KEPT * sizeof *r->points);
  r->keys = vmr_arena_alloc(work->arena, 2 * STEPS_KEPT * sizeof *r->keys);
  if (vmr_arena_status(work->arena) != VMR_OK) return false;
  vmo_load_tree_fill(&r->potential, work->instance->loads + part->section_first, part->section_count);
  return true;
}

static void find_height(vmo_work *work) {
  const vmo_part *part = work->part;
  work->height = 0;
  for (uint32_t i = part->item_first; i < part->item_first + part->item_count; i++)
    work->height = vmo_max_bytes(work->height, work->offsets[i] + work->instance->items[i].bytes);
}

/* Whether the time is over. When what is left of it is needed for the rest of the way, nothing is taken back any more. */
static bool is_late(retrace *r) {
  const vmo_valleys *v = &r->valleys;
  int64_t rest = (int64_t)((double)r->wish.duration * v->left / v->count);
  if (!vmo_watch_has_time(v->work->watch, 2 * rest)) r->wish.undo_limit = 0;
  return vmo_watch_is_over(v->work->watch);
}

static vmo_outcome fill_valleys(retrace *r) {
  vmo_valleys *v = &r->valleys;
  const vmo_work *work = v->work;
  uint32_t run = 0;
  for (uint32_t steps = 1; v->left > 0; steps++) {
    uint32_t next = vmo_valleys_walk_on(v, run);
    if (next != run) {
      run = next;
      continue;
    }
    vmo_valley_choice choice = vmo_valleys_look(v, run);
    vmo_bytes potential = choice.rank == VMO_NONE ? potential_with(r, run, choice.rim) : 0;
    if (r->target >= work->ceiling || work->used > work->limit) return VMO_OUTCOME_NONE;
    if (steps % STEPS_BETWEEN_LOOKS == 0 && is_late(r)) return VMO_OUTCOME_NONE;
    if (potential > r->target) {
      run = think_again(r, run, potential);
      continue;
    }
    vmo_valley_step *made = step_at(r, r->step_count++);
    *made = vmo_valleys_do(v, run, choice);
    change_potential(r, made, 1);
    if (r->step_count > r->oldest + STEPS_KEPT) r->oldest = r->step_count - STEPS_KEPT;
    run = vmo_valleys_next(made);
  }
  return VMO_OUTCOME_FOUND;
}

vmo_outcome vmo_plan_with_second_thoughts(vmo_work *work, const uint32_t *ranked, const vmo_second_thoughts *wish) {
  retrace r = {.wish = *wish, .target = wish->target, .random = wish->seed, .needed = INT64_MAX};
  r.least_raise = (work->ceiling - wish->target) / TARGETS;
  if (!make(&r, work, ranked)) return VMO_OUTCOME_OUT_OF_MEMORY;
  vmo_outcome outcome = fill_valleys(&r);
  if (outcome == VMO_OUTCOME_FOUND) find_height(work);
  if (outcome == VMO_OUTCOME_FOUND && work->height >= work->ceiling) outcome = VMO_OUTCOME_NONE;
  return outcome;
}
