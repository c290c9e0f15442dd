/* exact_build.c: sets up the state of the exact search for a part.
 *
 * Items are numbered by their first sections, so that what a cut in time leaves on one side is a range of them. Memory:
 * a bit for each pair of items, and an entry for each section of each item. */
#include "planner/exact.h"

static bool alloc_items(vmo_exact_state *state, vmr_arena *arena, uint32_t spans) {
  size_t count = state->item_count;
  state->item_words = (state->item_count + 63) / 64;
  state->bytes = vmr_arena_alloc_array(arena, count, sizeof *state->bytes);
  state->masks = vmr_arena_alloc_array(arena, count, sizeof *state->masks);
  state->latest = vmr_arena_alloc_array(arena, count, sizeof *state->latest);
  state->least = vmr_arena_alloc_array(arena, count, sizeof *state->least);
  state->offsets = vmr_arena_alloc_array(arena, count, sizeof *state->offsets);
  state->supported = vmr_arena_alloc_array(arena, count, sizeof *state->supported);
  state->pinned = vmr_arena_alloc_array(arena, count, sizeof *state->pinned);
  state->hulls = vmr_arena_alloc_array(arena, count, sizeof *state->hulls);
  state->neighbours = vmr_arena_alloc_array(arena, count * state->item_words, sizeof *state->neighbours);
  state->sources = vmr_arena_alloc_array(arena, count, sizeof *state->sources);
  state->span_firsts = vmr_arena_alloc_array(arena, count + 1, sizeof *state->span_firsts);
  state->spans = vmr_arena_alloc_array(arena, spans, sizeof *state->spans);
  state->unplaced = vmr_arena_alloc_array(arena, state->item_words, sizeof *state->unplaced);
  return vmr_arena_status(arena) == VMR_OK;
}

static bool alloc_sections(vmo_exact_state *state, vmr_arena *arena) {
  size_t count = state->section_count;
  state->section_words = (state->section_count + 63) / 64;
  state->cover_firsts = vmr_arena_alloc_array(arena, count + 2, sizeof *state->cover_firsts);
  state->sections = vmr_arena_alloc_array(arena, count, sizeof *state->sections);
  state->dirty = vmr_arena_alloc_array(arena, state->section_words, sizeof *state->dirty);
  return vmr_arena_status(arena) == VMR_OK;
}

static uint32_t fill_item(vmo_exact_state *state, const vmo_instance *instance, const vmo_part *part, uint32_t index,
                          uint32_t source) {
  const vmo_item *item = &instance->items[source];
  uint32_t first = state->span_firsts[index], end = first;
  state->sources[index] = source;
  state->bytes[index] = item->bytes;
  state->masks[index] = item->alignment - 1;
  state->pinned[index] = vmo_is_pin(item);
  state->latest[index] = item->fixed_offset;
  for (uint32_t j = 0; j < item->span_count; j++) {
    vmo_span span = instance->spans[item->span_first + j];
    state->spans[end++] = (vmo_span){span.begin - part->section_first, span.end - part->section_first};
  }
  state->span_firsts[index + 1] = end;
  state->hulls[index] = (vmo_span){state->spans[first].begin, state->spans[end - 1].end};
  return end;
}

static bool fill_items(vmo_exact_state *state, const vmo_instance *instance, const vmo_part *part, vmr_arena *arena) {
  vmo_keyed *order = vmr_arena_alloc(arena, 2 * (size_t)part->item_count * sizeof *order);
  uint32_t spans = 0;
  if (order == NULL) return false;
  for (uint32_t i = 0; i < part->item_count; i++) {
    const vmo_item *item = &instance->items[part->item_first + i];
    order[i] = (vmo_keyed){instance->spans[item->span_first].begin, part->item_first + i};
    spans += item->span_count;
  }
  vmo_sort_keyed(order, order + part->item_count, part->item_count);
  if (!alloc_items(state, arena, spans)) return false;
  for (uint32_t i = 0; i < part->item_count; i++) fill_item(state, instance, part, i, order[i].value);
  return true;
}

/* Lists the items of each section. */
static bool fill_covers(vmo_exact_state *state, vmr_arena *arena) {
  uint32_t sections = state->section_count, *firsts = state->cover_firsts;
  for (uint32_t j = 0; j < state->span_firsts[state->item_count]; j++)
    for (uint32_t s = state->spans[j].begin; s < state->spans[j].end; s++) firsts[s + 2]++;
  for (uint32_t s = 1; s <= sections; s++) firsts[s + 1] += firsts[s];
  state->covers = vmr_arena_alloc(arena, firsts[sections + 1] * sizeof *state->covers);
  if (state->covers == NULL) return false;
  for (uint32_t i = 0; i < state->item_count; i++)
    for (uint32_t j = state->span_firsts[i]; j < state->span_firsts[i + 1]; j++)
      for (uint32_t s = state->spans[j].begin; s < state->spans[j].end; s++) state->covers[firsts[s + 1]++] = i;
  return true;
}

/* Who shares a section with whom: the sections one after another, with the set of items that are in them. An item's
 * neighbours are those there at the first section of a span, and those that begin while it is there. */
static void find_neighbours(vmo_exact_state *state) {
  uint32_t words = state->item_words;
  for (uint32_t s = 0; s < state->section_count; s++) {
    uint64_t *here = state->unplaced; /* not yet used for anything else */
    for (uint32_t w = 0; w < words; w++) here[w] = 0;
    uint32_t begin = state->cover_firsts[s], end = state->cover_firsts[s + 1];
    for (uint32_t k = begin; k < end; k++) here[state->covers[k] / 64] |= UINT64_C(1) << state->covers[k] % 64;
    uint32_t first = begin < end ? state->covers[begin] / 64 : 0, last = begin < end ? state->covers[end - 1] / 64 : 0;
    for (uint32_t k = begin; k < end; k++) {
      uint64_t *row = state->neighbours + (size_t)state->covers[k] * words;
      for (uint32_t w = first; w <= last; w++) row[w] |= here[w];
    }
  }
  for (uint32_t i = 0; i < state->item_count; i++)
    state->neighbours[(size_t)i * words + i / 64] &= ~(UINT64_C(1) << i % 64);
}

uint64_t vmo_exact_bytes(uint64_t items, uint64_t covers) { return items * (items / 8 + 128) + covers * 4; }

bool vmo_exact_init(vmo_exact_state *state, const vmo_instance *instance, const vmo_part *part, vmr_arena *arena) {
  *state = (vmo_exact_state){
      .rules = VMO_RULE_ALL, .arena = arena, .item_count = part->item_count, .section_count = part->section_count};
  if (!fill_items(state, instance, part, arena) || !alloc_sections(state, arena) || !fill_covers(state, arena))
    return false;
  find_neighbours(state);
  return true;
}
