/* stages.c: the skyline in stages, with several tries for each.
 *
 *   stop 3 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  each stage goes on from where the best try of the stage below ended, with the same
 *   stop 2 ┄┄┄┄┄┌┐┄┄┄┌───┐┄┄┄  order of the items that are left, but for some noise. The best try is the one with the
 *   stop 1 ┄┌──┐┘└───┘┄┄┄└──┐  lowest potential: the largest sum, over the sections, of the skyline's height and the
 *           └──┴─────┴──────┘  load that is still to come.
 *
 * No plan above a skyline is lower than its potential, which never falls; it rises when a valley in a section of large
 * load is given up. Few sections have such a load in large problems, so that most tries cost nothing there, and a bad
 * choice is noticed when it is made. A whole pass costs some runs of the skyline. */
#include <string.h>

#include "planner/solver.h"
#include "support/random.h"

#define TRIES 8
#define MORE_TRIES 40       /* as long as all of them raise the potential */
#define ENOUGH_TRIES 3      /* when one of them left the potential as it was */
#define UNITS_PER_ITEM 20   /* to be ranked for a try */
#define NEARLY_HIGHEST 0.95 /* of the potential: sections to keep low, too */

typedef struct stages {
  vmo_visit *visit;
  vmr_arena *arena;                    /* of all that follows */
  uint64_t random;                     /* state */
  double noise;                        /* how much keys are changed: by up to this factor and 1 */
  uint32_t *left, left_count, *ranked; /* items without a place yet */
  double *keys;                        /* per item of the part */
  vmo_keyed *sorted;                   /* room for twice the items */
  vmo_bytes *offsets;                  /* per item of the part: of the best try */
  vmo_bytes *ground, *top, *best_top;  /* per section: of the skyline */
  vmo_bytes *load, *placed;            /* per section: still to come; what a try has placed, as differences */
  vmo_bytes potential, best_potential;
  double best_excess; /* of the best try: by how much other sections come near the potential */
} stages;

static double random_unit(stages *s) { return vmo_random_unit(vmo_next_random(&s->random)); }

/* ---- one try ---- */

static void rank_left(stages *s, double noise) {
  uint32_t first = s->visit->part->item_first;
  for (uint32_t i = 0; i < s->left_count; i++) {
    double key = s->keys[s->left[i] - first];
    if (noise > 0) key *= (1 + noise * random_unit(s)) / (1 + noise * random_unit(s));
    uint64_t bits;
    memcpy(&bits, &key, sizeof bits);
    s->sorted[i] = (vmo_keyed){~bits, s->left[i]};
  }
  vmo_sort_keyed(s->sorted, s->sorted + s->left_count, s->left_count);
  for (uint32_t i = 0; i < s->left_count; i++) s->ranked[i] = s->sorted[i].value;
  s->visit->work.used += (uint64_t)s->left_count * UNITS_PER_ITEM;
}

/* Sums up what has a place among the items left, as differences from section to section. */
static void add_up_placed(stages *s, const vmo_bytes *offsets) {
  const vmo_instance *instance = s->visit->work.instance;
  uint32_t sections = s->visit->part->section_count, origin = s->visit->part->section_first;
  memset(s->placed, 0, ((size_t)sections + 1) * sizeof *s->placed);
  for (uint32_t i = 0; i < s->left_count; i++) {
    const vmo_item *item = &instance->items[s->left[i]];
    if (offsets[s->left[i] - s->visit->part->item_first] < 0) continue;
    for (uint32_t j = 0; j < item->span_count; j++) {
      vmo_extent extent = vmo_item_extent(instance, item, j);
      s->placed[instance->spans[item->span_first + j].begin - origin] += extent.high - extent.low;
      s->placed[instance->spans[item->span_first + j].end - origin] -= extent.high - extent.low;
    }
  }
}

/* Keeps the try when it is the best of its stage. */
static void judge_try(stages *s) {
  const vmo_part *part = s->visit->part;
  const vmo_bytes *offsets = s->visit->work.offsets + part->item_first;
  vmo_bytes potential = 0, placed = 0;
  double excess = 0, bound = NEARLY_HIGHEST * (double)s->potential;
  add_up_placed(s, offsets);
  for (uint32_t k = 0; k < part->section_count; k++) {
    placed += s->placed[k];
    vmo_bytes height = s->top[k] + s->load[k] - placed;
    double beyond = ((double)height - bound) / bound;
    potential = vmo_max_bytes(potential, height);
    if (beyond > 0) excess += beyond * beyond;
  }
  s->visit->work.used += part->section_count;
  if (potential > s->best_potential || (potential == s->best_potential && excess >= s->best_excess)) return;
  s->best_potential = potential;
  s->best_excess = excess;
  memcpy(s->best_top, s->top, part->section_count * sizeof *s->top);
  for (uint32_t i = 0; i < s->left_count; i++)
    s->offsets[s->left[i] - part->item_first] = offsets[s->left[i] - part->item_first];
}

static vmo_outcome run_try(stages *s, vmo_bytes stop, double noise) {
  vmo_work *work = &s->visit->work;
  vmo_stage stage = {s->ground, s->left_count, stop, s->top};
  rank_left(s, noise);
  vmr_arena_reset(work->arena);
  work->stage = &stage;
  work->ceiling = VMO_BYTES_LIMIT;
  vmo_outcome outcome = vmo_plan_by_skyline(work, s->ranked, s->visit->plan->coarse);
  work->stage = NULL;
  if (outcome == VMO_OUTCOME_FOUND) judge_try(s);
  return outcome;
}

/* ---- a pass over all stages ---- */

static void begin_pass(stages *s) {
  const vmo_part *part = s->visit->part;
  s->left_count = part->item_count;
  s->potential = 0;
  for (uint32_t i = 0; i < part->item_count; i++) s->left[i] = part->item_first + i;
  for (uint32_t k = 0; k < part->section_count; k++) {
    s->ground[k] = 0;
    s->load[k] = s->visit->work.instance->loads[part->section_first + k];
    s->potential = vmo_max_bytes(s->potential, s->load[k]);
  }
}

/* Takes the best try over. */
static void end_stage(stages *s) {
  const vmo_part *part = s->visit->part;
  vmo_bytes placed = 0;
  uint32_t kept = 0;
  add_up_placed(s, s->offsets);
  for (uint32_t k = 0; k < part->section_count; k++) {
    placed += s->placed[k];
    s->load[k] -= placed;
    s->ground[k] = s->best_top[k];
  }
  for (uint32_t i = 0; i < s->left_count; i++)
    if (s->offsets[s->left[i] - part->item_first] < 0) s->left[kept++] = s->left[i];
  s->left_count = kept;
  s->potential = s->best_potential;
}

static vmo_outcome run_stage(stages *s, vmo_bytes stop, bool first_noisy) {
  s->best_potential = INT64_MAX;
  for (uint32_t turn = 0; turn < (s->best_potential > s->potential ? MORE_TRIES : TRIES); turn++) {
    if (!vmo_watch_has_time(&s->visit->solver->watch, s->visit->plan->duration / 2)) return VMO_OUTCOME_NONE;
    vmo_outcome outcome = run_try(s, stop, turn > 0 || first_noisy ? s->noise * (1 + turn / TRIES) : 0);
    if (outcome != VMO_OUTCOME_FOUND) return outcome;
    if (turn + 1 >= ENOUGH_TRIES && s->best_potential <= s->potential) break;
  }
  end_stage(s);
  return s->potential < s->visit->plan->height ? VMO_OUTCOME_FOUND : VMO_OUTCOME_NONE;
}

/* VMO_OUTCOME_NONE: the pass was given up, at the limits or when it could not become better than the best plan. */
static vmo_outcome run_pass(stages *s, uint32_t count, bool noisy) {
  vmo_bytes height = vmo_max_bytes(s->visit->plan->floor, s->visit->part->floor);
  begin_pass(s);
  for (uint32_t stage = 1; s->left_count > 0; stage++) {
    vmo_bytes stop = stage < count ? height / count * stage : INT64_MAX;
    vmo_outcome outcome = run_stage(s, stop, noisy);
    if (outcome != VMO_OUTCOME_FOUND) return outcome;
  }
  return VMO_OUTCOME_FOUND;
}

static void take_plan(stages *s) {
  vmo_work *work = &s->visit->work;
  const vmo_part *part = s->visit->part;
  work->height = 0;
  for (uint32_t i = 0; i < part->item_count; i++) {
    work->offsets[part->item_first + i] = s->offsets[i];
    work->height = vmo_max_bytes(work->height, s->offsets[i] + work->instance->items[part->item_first + i].bytes);
  }
  if (work->height < s->visit->plan->height) vmo_keep_plan(s->visit, "skyline in stages");
}

/* ---- the whole ---- */

static bool set_up(stages *s, vmo_visit *visit, vmr_arena *arena) {
  size_t items = visit->part->item_count, sections = visit->part->section_count;
  *s = (stages){.visit = visit, .arena = arena};
  s->left = vmr_arena_alloc(arena, items * sizeof *s->left);
  s->ranked = vmr_arena_alloc(arena, items * sizeof *s->ranked);
  s->keys = vmr_arena_alloc(arena, items * sizeof *s->keys);
  s->sorted = vmr_arena_alloc(arena, 2 * items * sizeof *s->sorted);
  s->offsets = vmr_arena_alloc(arena, items * sizeof *s->offsets);
  s->ground = vmr_arena_alloc(arena, sections * sizeof *s->ground);
  s->top = vmr_arena_alloc(arena, sections * sizeof *s->top);
  s->best_top = vmr_arena_alloc(arena, sections * sizeof *s->best_top);
  s->load = vmr_arena_alloc(arena, sections * sizeof *s->load);
  s->placed = vmr_arena_alloc(arena, (sections + 1) * sizeof *s->placed);
  if (vmr_arena_status(arena) != VMR_OK) return false;
  for (uint32_t i = 0; i < items; i++)
    s->keys[i] = vmo_order_key(visit->work.instance, &visit->work.instance->items[visit->part->item_first + i],
                               visit->plan->order);
  return true;
}

vmo_status vmo_run_stages(vmo_visit *visit, uint32_t pass, vmr_arena *arena) {
  static const uint32_t counts[] = {60, 30, 20, 100};
  static const double noises[] = {0.5, 1, 0.25};
  stages s;
  vmr_arena_reset(arena);
  if (!set_up(&s, visit, arena)) return VMO_OUT_OF_MEMORY;
  s.random = visit->solver->options->seed + pass;
  s.noise = noises[pass / 4 % 3];
  vmo_outcome outcome = run_pass(&s, counts[pass % 4], pass > 0);
  if (outcome == VMO_OUTCOME_FOUND) take_plan(&s);
  return outcome == VMO_OUTCOME_OUT_OF_MEMORY ? VMO_OUT_OF_MEMORY : VMO_OK;
}
