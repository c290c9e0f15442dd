/* fit.c: first fit and best fit: the buffers one by one in a given order, each into a gap that its placed
 * neighbours leave.
 *
 *   offset ^   ┌──┐
 *          |   └──┘ <- first fit takes the lowest gap that is large enough, best fit the tightest one;
 *          |  ┌────┐   above the last neighbour there is always room
 *          |  └────┘
 *          |   ┌──┐
 *          +───┴──┴───> the neighbours: placed buffers that are live together with the one to place
 *
 * Unlike the skyline they fill holes left below, and take pins (fixed offsets) as the buffers that are
 * placed first. Each run costs O(m log m) for m pairs of neighbours, kept in a graph, so m is limited:
 * the caller sets the limit by the memory it grants (8 bytes a pair), and does without on larger parts,
 * where the skyline does better anyway. */
#include <string.h>

#include "planner/instance.h"

#define ITEMS_BETWEEN_LOOKS 64 /* at the watch */

/* ---- the graph ---- */

/* The spans of a part, by the section in which they begin. */
typedef struct pair_sweep {
  const vmo_instance *instance;
  const vmo_part *part;
  uint32_t *firsts; /* per section, and one more: into spans */
  uint32_t *spans;  /* indices of spans */
  uint32_t *owners; /* per entry of `spans`: the item */
  uint32_t *active; /* entries whose spans are open */
} pair_sweep;

static uint32_t count_spans(const vmo_instance *instance, const vmo_part *part) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < part->item_count; i++) count += instance->items[part->item_first + i].span_count;
  return count;
}

static bool prepare_sweep(pair_sweep *sweep, vmr_arena *arena) {
  const vmo_part *part = sweep->part;
  uint32_t spans = count_spans(sweep->instance, part);
  sweep->firsts = vmr_arena_alloc_array(arena, (size_t)part->section_count + 1, sizeof *sweep->firsts);
  sweep->spans = vmr_arena_alloc(arena, spans * sizeof *sweep->spans);
  sweep->owners = vmr_arena_alloc(arena, spans * sizeof *sweep->owners);
  sweep->active = vmr_arena_alloc(arena, spans * sizeof *sweep->active);
  if (sweep->firsts == NULL || sweep->spans == NULL || sweep->owners == NULL || sweep->active == NULL) return false;
  const vmo_item *items = sweep->instance->items + part->item_first;
  for (uint32_t i = 0; i < part->item_count; i++)
    for (uint32_t j = 0; j < items[i].span_count; j++)
      sweep->firsts[sweep->instance->spans[items[i].span_first + j].begin - part->section_first]++;
  for (uint32_t s = 0, sum = 0; s <= part->section_count; s++) sweep->firsts[s] = sum += sweep->firsts[s];
  for (uint32_t i = part->item_count; i-- > 0;)
    for (uint32_t j = items[i].span_count; j-- > 0;) {
      uint32_t span = items[i].span_first + j;
      uint32_t at = --sweep->firsts[sweep->instance->spans[span].begin - part->section_first];
      sweep->spans[at] = span;
      sweep->owners[at] = part->item_first + i;
    }
  return true;
}

/* Goes over all pairs of spans that share a section. Without `neighbours`, counts them at firsts[item]; with, fills
 * the items in from firsts[item] on. False: more than `limit`. */
static bool walk_pairs(const pair_sweep *sweep, uint64_t limit, uint32_t *firsts, uint32_t *neighbours) {
  uint32_t active_count = 0, base = sweep->part->item_first;
  uint64_t count = 0;
  for (uint32_t s = 0; s < sweep->part->section_count; s++)
    for (uint32_t at = sweep->firsts[s]; at < sweep->firsts[s + 1]; at++) {
      uint32_t one = sweep->owners[at], kept = 0;
      for (uint32_t k = 0; k < active_count; k++) {
        uint32_t entry = sweep->active[k], other = sweep->owners[entry];
        if (sweep->instance->spans[sweep->spans[entry]].end <= s + sweep->part->section_first) continue;
        sweep->active[kept++] = entry;
        uint32_t one_at = firsts[one - base]++, other_at = firsts[other - base]++;
        if (neighbours == NULL) continue;
        neighbours[one_at] = other;
        neighbours[other_at] = one;
      }
      count += 2 * (uint64_t)kept;
      if (count > limit) return false;
      sweep->active[kept++] = at;
      active_count = kept;
    }
  return true;
}

vmo_outcome vmo_build_graph(const vmo_instance *instance, const vmo_part *part, uint64_t limit, vmr_arena *arena,
                            vmo_graph *graph) {
  pair_sweep sweep = {.instance = instance, .part = part};
  uint32_t count = part->item_count;
  graph->firsts = vmr_arena_alloc_array(arena, (size_t)count + 1, sizeof *graph->firsts);
  if (graph->firsts == NULL || !prepare_sweep(&sweep, arena)) return VMO_OUTCOME_OUT_OF_MEMORY;
  if (!walk_pairs(&sweep, limit, graph->firsts, NULL)) return VMO_OUTCOME_NONE;
  uint32_t sum = 0;
  for (uint32_t i = 0; i <= count; i++) {
    uint32_t degree = graph->firsts[i];
    graph->firsts[i] = sum;
    sum += degree;
  }
  graph->count = sum;
  graph->neighbours = vmr_arena_alloc(arena, (size_t)sum * sizeof *graph->neighbours);
  if (graph->neighbours == NULL) return VMO_OUTCOME_OUT_OF_MEMORY;
  walk_pairs(&sweep, limit, graph->firsts, graph->neighbours);
  memmove(graph->firsts + 1, graph->firsts, count * sizeof *graph->firsts); /* each ran to its item's end */
  graph->firsts[0] = 0;
  return VMO_OUTCOME_FOUND;
}

/* ---- placing ---- */

typedef struct fit_run {
  vmo_work *work;
  const vmo_graph *graph;
  vmo_keyed *placed; /* the placed neighbours of one item, by where they begin; twice the room */
  vmo_bytes *tops;   /* where they end; the value of `placed` is an index into this */
  uint32_t *seen;    /* per item of the part: the last one that met it; NULL: nobody is shaped */
  bool best;
} fit_run;

/* Where extents meet, a placed neighbour stands for the blocks that keep the item, as large as it is, off those offsets
 * at which any two extents would overlap: own.high above offset hits its low, so the block begins `bytes - own.high`
 * later, and ends `own.low` earlier. */
static uint32_t collect_extents(fit_run *fit, const vmo_item *item, const vmo_item *other, vmo_bytes offset,
                                uint32_t count) {
  const vmo_instance *instance = fit->work->instance;
  for (uint32_t i = 0, j = 0; i < item->span_count && j < other->span_count;) {
    vmo_span x = instance->spans[item->span_first + i], y = instance->spans[other->span_first + j];
    if (x.begin < y.end && y.begin < x.end) {
      vmo_extent own = vmo_item_extent(instance, item, i), there = vmo_item_extent(instance, other, j);
      fit->tops[count] = offset + there.high - own.low;
      fit->placed[count] = (vmo_keyed){(uint64_t)(offset + there.low + item->bytes - own.high), count};
      count += fit->tops[count] > 0;
    }
    if (x.end <= y.end)
      i++;
    else
      j++;
  }
  return count;
}

static uint32_t collect_placed(fit_run *fit, uint32_t index) {
  uint32_t local = index - fit->work->part->item_first, count = 0;
  const vmo_graph *graph = fit->graph;
  for (uint32_t k = graph->firsts[local]; k < graph->firsts[local + 1]; k++) {
    uint32_t neighbour = graph->neighbours[k];
    vmo_bytes offset = fit->work->offsets[neighbour];
    const vmo_item *items = fit->work->instance->items;
    if (offset < 0) continue;
    if (fit->seen != NULL) {
      uint32_t *seen = &fit->seen[neighbour - fit->work->part->item_first];
      if (*seen != index + 1) count = collect_extents(fit, &items[index], &items[neighbour], offset, count);
      *seen = index + 1;
      continue;
    }
    fit->tops[count] = offset + items[neighbour].bytes;
    fit->placed[count] = (vmo_keyed){(uint64_t)offset, count};
    count++;
  }
  fit->work->used += 1 + graph->firsts[local + 1] - graph->firsts[local];
  vmo_sort_keyed(fit->placed, fit->placed + count, count);
  return count;
}

static vmo_bytes choose_offset(fit_run *fit, uint32_t index) {
  const vmo_item *item = &fit->work->instance->items[index];
  uint32_t count = collect_placed(fit, index);
  vmo_bytes offset = 0, tightest = -1, least_slack = INT64_MAX;
  for (uint32_t k = 0; k < count; k++) {
    vmo_bytes bottom = (vmo_bytes)fit->placed[k].key, slack = bottom - offset - item->bytes;
    if (slack >= 0 && slack < least_slack) {
      if (!fit->best) return offset;
      tightest = offset;
      least_slack = slack;
    }
    offset = vmo_max_bytes(offset, vmo_round_up(fit->tops[fit->placed[k].value], item->alignment));
  }
  return tightest >= 0 ? tightest : offset;
}

static bool place(vmo_work *work, uint32_t index, vmo_bytes offset) {
  if (index % ITEMS_BETWEEN_LOOKS == 0 && vmo_watch_is_over(work->watch)) return false;
  work->offsets[index] = offset;
  work->height = vmo_max_bytes(work->height, offset + work->instance->items[index].bytes);
  return work->height < work->ceiling && work->used <= work->limit;
}

static vmo_outcome plan_by_fit(vmo_work *work, const vmo_graph *graph, const uint32_t *ranked, bool best) {
  const vmo_part *part = work->part;
  size_t most = 0;
  for (uint32_t i = 0; i < part->item_count; i++) {
    size_t degree = graph->firsts[i + 1] - graph->firsts[i];
    if (degree > most) most = degree;
  }
  fit_run fit = {.work = work, .graph = graph, .best = best};
  fit.placed = vmr_arena_alloc(work->arena, 2 * most * sizeof *fit.placed);
  fit.tops = vmr_arena_alloc(work->arena, most * sizeof *fit.tops);
  if (part->shaped) fit.seen = vmr_arena_alloc_array(work->arena, part->item_count, sizeof *fit.seen);
  if (fit.placed == NULL || fit.tops == NULL || (part->shaped && fit.seen == NULL)) return VMO_OUTCOME_OUT_OF_MEMORY;
  work->height = 0;
  for (uint32_t rank = 0; rank < part->item_count; rank++) { /* pins first; nobody else has a place (-1) */
    uint32_t index = ranked[rank];
    work->offsets[index] = -1;
    vmo_bytes fixed = work->instance->items[index].fixed_offset;
    if (fixed >= 0 && !place(work, index, fixed)) return VMO_OUTCOME_NONE;
  }
  for (uint32_t rank = 0; rank < part->item_count; rank++) {
    uint32_t index = ranked[rank];
    if (work->offsets[index] < 0 && !place(work, index, choose_offset(&fit, index))) return VMO_OUTCOME_NONE;
  }
  return VMO_OUTCOME_FOUND;
}

vmo_outcome vmo_plan_by_first_fit(vmo_work *work, const vmo_graph *graph, const uint32_t *ranked) {
  return plan_by_fit(work, graph, ranked, false);
}

vmo_outcome vmo_plan_by_best_fit(vmo_work *work, const vmo_graph *graph, const uint32_t *ranked) {
  return plan_by_fit(work, graph, ranked, true);
}
