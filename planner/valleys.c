/* valleys.c: the skyline of plain items: one span each, one alignment for all, no pins. The same plan as skyline.c
 * makes, valley by valley.
 *
 *   offset ^ ┌──┐       ┌────   a valley is a run of equal sections between higher ones. Who lies in it depends on
 *          | │  └─┐   ┌─┘       nobody outside: all that others can do is to raise the rims. So the valleys need not
 *          | ┘    └───┘         be taken from the lowest up: any order gives the same plan. The one here goes left
 *          +──────────────>     first, then down, and so stays where it is in time.
 *
 * A step takes a run that is lower than its neighbours, and asks the boxes for the first item within it. That one
 * becomes a run of its own; if there is none, the run is raised to its lower neighbour and joined with it. What is to
 * the left of the run in hand descends to it, but for what is at the stop already; so each run is walked down to once.
 * The runs are kept as boundary tags: per section, where the run that begins there ends, and where the one that ends
 * there begins. Each step places an item or joins two runs: O(n) steps, and those that follow each other look at the
 * same cache lines, which is what a million items are about. */
#include "planner/valleys.h"

#include <string.h>

#define UNITS_PER_STEP 6
#define UNITS_PER_ITEM 12        /* to be put into the boxes and taken out */
#define STEPS_BETWEEN_LOOKS 1024 /* at the watch */

/* ---- runs ---- */

static void set_run(vmo_valleys *v, uint32_t begin, uint32_t end, vmo_bytes height) {
  v->heights[begin] = height;
  v->ends[begin] = end;
  v->begins[end - 1] = begin;
}

static vmo_bytes left_height(const vmo_valleys *v, uint32_t begin) {
  return begin > 0 ? v->heights[v->begins[begin - 1]] : INT64_MAX;
}

static vmo_bytes right_height(const vmo_valleys *v, uint32_t begin) {
  return v->ends[begin] < v->sections ? v->heights[v->ends[begin]] : INT64_MAX;
}

/* ---- setting up ---- */

static void lay_ground(vmo_valleys *v) {
  const vmo_bytes *ground = v->work->stage != NULL ? v->work->stage->ground : NULL;
  for (uint32_t s = 0, begin = 0; s < v->sections; s++) {
    vmo_bytes height = ground != NULL ? vmo_round_up(ground[s], v->alignment) : 0;
    if (s > 0 && height != v->heights[begin]) begin = s;
    set_run(v, begin, s + 1, height);
  }
}

vmo_span vmo_valleys_span(const vmo_valleys *v, uint32_t rank) {
  vmo_span span = v->work->instance->spans[v->items[v->ranked[rank]].span_first];
  return (vmo_span){span.begin - v->first_section, span.end - v->first_section};
}

bool vmo_valleys_init(vmo_valleys *v, vmo_work *work, const uint32_t *ranked, uint32_t count) {
  const vmo_part *part = work->part;
  *v = (vmo_valleys){.work = work, .items = work->instance->items, .count = count, .left = count};
  v->sections = part->section_count;
  v->first_section = part->section_first;
  v->alignment = part->alignment;
  v->stop = work->stage != NULL ? work->stage->stop : INT64_MAX;
  v->ranked = vmr_arena_alloc(work->arena, count * sizeof *v->ranked);
  v->points = vmr_arena_alloc(work->arena, count * sizeof *v->points);
  v->heights = vmr_arena_alloc(work->arena, v->sections * sizeof *v->heights);
  v->ends = vmr_arena_alloc(work->arena, v->sections * sizeof *v->ends);
  v->begins = vmr_arena_alloc(work->arena, v->sections * sizeof *v->begins);
  vmo_span *spans = vmr_arena_alloc(work->arena, count * sizeof *spans);
  if (vmr_arena_status(work->arena) != VMR_OK) return false;
  memcpy(v->ranked, ranked, count * sizeof *ranked);
  for (uint32_t rank = 0; rank < count; rank++) {
    spans[rank] = vmo_valleys_span(v, rank);
    work->offsets[ranked[rank]] = -1;
  }
  if (!vmo_boxes_init(&v->boxes, work->arena, spans, count, v->points)) return false;
  work->used += (uint64_t)count * UNITS_PER_ITEM;
  work->height = 0;
  lay_ground(v);
  return true;
}

/* ---- steps ---- */

uint32_t vmo_valleys_walk_on(const vmo_valleys *v, uint32_t run) {
  vmo_bytes height = v->heights[run], left = left_height(v, run);
  if (height >= v->stop) return left < v->stop ? v->begins[run - 1] : v->ends[run];
  if (left < height) return v->begins[run - 1];
  return right_height(v, run) < height ? v->ends[run] : run;
}

vmo_valley_choice vmo_valleys_look(vmo_valleys *v, uint32_t run) {
  vmo_bytes left = left_height(v, run), right = right_height(v, run);
  v->work->used += UNITS_PER_STEP;
  return (vmo_valley_choice){vmo_boxes_find(&v->boxes, (vmo_span){run, v->ends[run]}, &v->work->used),
                             left < right ? left : right};
}

/* Gives the span, all of a valley or a part of it, a new height. */
static vmo_valley_step raise_span(vmo_valleys *v, uint32_t valley, vmo_span span, vmo_bytes top) {
  vmo_valley_step made = {valley, v->ends[valley], span.begin, span.end, VMO_NONE, v->heights[valley], top};
  if (valley < span.begin) set_run(v, valley, span.begin, made.height);
  if (span.end < made.end) set_run(v, span.end, made.end, made.height);
  if (span.end < v->sections && v->heights[span.end] == top) made.right = v->ends[span.end];
  if (left_height(v, span.begin) == top) made.left = v->begins[span.begin - 1];
  set_run(v, made.left, made.right, top);
  return made;
}

static vmo_valley_step place(vmo_valleys *v, uint32_t valley, uint32_t rank) {
  uint32_t item = v->ranked[rank];
  vmo_bytes height = v->heights[valley], top = height + v->items[item].bytes;
  v->left--;
  vmo_boxes_set(&v->boxes, v->points[rank], VMO_NONE);
  v->work->offsets[item] = height;
  v->work->height = vmo_max_bytes(v->work->height, top);
  vmo_valley_step made = raise_span(v, valley, vmo_valleys_span(v, rank), vmo_round_up(top, v->alignment));
  made.rank = rank;
  return made;
}

vmo_valley_step vmo_valleys_do(vmo_valleys *v, uint32_t run, vmo_valley_choice choice) {
  if (choice.rank != VMO_NONE) return place(v, run, choice.rank);
  return raise_span(v, run, (vmo_span){run, v->ends[run]}, choice.rim);
}

void vmo_valleys_undo(vmo_valleys *v, const vmo_valley_step *step) {
  if (step->left < step->begin) set_run(v, step->left, step->begin, step->top);
  if (step->end < step->right) set_run(v, step->end, step->right, step->top);
  set_run(v, step->begin, step->end, step->height);
  if (step->rank == VMO_NONE) return;
  v->left++;
  v->work->offsets[v->ranked[step->rank]] = -1;
  vmo_boxes_set(&v->boxes, v->points[step->rank], step->rank);
}

/* ---- the whole ---- */

static vmo_outcome fill_valleys(vmo_valleys *v) {
  vmo_work *work = v->work;
  uint32_t run = 0;
  for (uint32_t steps = 1; run < v->sections && v->left > 0; steps++) {
    uint32_t next = vmo_valleys_walk_on(v, run);
    if (next == run) {
      vmo_valley_choice choice = vmo_valleys_look(v, run);
      vmo_valley_step made = vmo_valleys_do(v, run, choice);
      if (work->height >= work->ceiling || work->used > work->limit) return VMO_OUTCOME_NONE;
      if (steps % STEPS_BETWEEN_LOOKS == 0 && vmo_watch_is_over(work->watch)) return VMO_OUTCOME_NONE;
      next = vmo_valleys_next(&made);
    }
    run = next;
  }
  return VMO_OUTCOME_FOUND;
}

static void hand_out_top(const vmo_valleys *v) {
  for (uint32_t run = 0; run < v->sections; run = v->ends[run])
    for (uint32_t s = run; s < v->ends[run]; s++) v->work->stage->top[s] = v->heights[run];
}

vmo_outcome vmo_plan_by_valleys(vmo_work *work, const uint32_t *ranked, uint32_t count) {
  vmo_valleys v;
  if (!vmo_valleys_init(&v, work, ranked, count)) return VMO_OUTCOME_OUT_OF_MEMORY;
  vmo_outcome outcome = fill_valleys(&v);
  if (outcome == VMO_OUTCOME_FOUND && work->stage != NULL) hand_out_top(&v);
  return outcome;
}
