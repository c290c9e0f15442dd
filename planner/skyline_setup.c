/* skyline_setup.c: what a run of the skyline begins with: the seats of the items, the tiers of their alignments, trees and boxes
 * of each, the pins, and those with gaps at the sections that hold them up first.
 *
 * O(n log n), and O(sections) for each tier. */
#include "planner/skyline.h"

#define MAX_TREE_BYTES (UINT64_C(1) << 27) /* of all tiers together, unless a single one has more */
#define MAX_PIN_LOOKS (UINT64_C(1) << 26)

/* Lifts the alignment with the fewest items to the next larger one. */
static void merge_tier(vmo_bytes *alignments, uint32_t *sizes, uint32_t *count) {
  uint32_t least = 0;
  for (uint32_t i = 1; i + 1 < *count; i++)
    if (sizes[i] < sizes[least]) least = i;
  sizes[least + 1] += sizes[least];
  for (uint32_t i = least; i + 1 < *count; i++) {
    alignments[i] = alignments[i + 1];
    sizes[i] = sizes[i + 1];
  }
  --*count;
}

static void find_tiers(skyline *sky, bool coarse) {
  uint32_t per_power[64] = {0}, sizes[64], count = 0;
  vmo_bytes alignments[64];
  for (uint32_t rank = 0; rank < sky->count; rank++) {
    unsigned power = 0;
    while (INT64_C(1) << power < sky->seats[rank].alignment) power++;
    per_power[power]++;
  }
  for (unsigned power = 0; power < 64; power++) {
    if (per_power[power] == 0) continue;
    alignments[count] = INT64_C(1) << power;
    sizes[count++] = per_power[power];
  }
  uint64_t bytes = vmo_tree_bytes(sky->work->part->section_count);
  while (count > (coarse ? 1 : MAX_TIERS) || (count > 1 && count * bytes > MAX_TREE_BYTES))
    merge_tier(alignments, sizes, &count);
  sky->tier_count = count;
  for (uint32_t i = 0; i < count; i++) sky->tiers[i].alignment = alignments[i];
  for (uint32_t rank = 0; rank < sky->count; rank++) {
    sky_seat *seat = &sky->seats[rank];
    while (sky->tiers[seat->tier].alignment < seat->alignment) seat->tier++;
  }
}

static bool plant_trees(skyline *sky) {
  const vmo_part *part = sky->work->part;
  const vmo_bytes *loads = sky->instance->loads + part->section_first;
  for (uint32_t i = 0; i < sky->tier_count; i++) {
    sky_tier *tier = &sky->tiers[i];
    if (!vmo_tree_init(&tier->filled, sky->work->arena, loads, part->section_count)) return false;
    if (!sky->any_waits) continue;
    if (!vmo_tree_init(&tier->heights, sky->work->arena, loads, part->section_count)) return false;
  }
  return true;
}

/* Puts all items into the boxes of their tiers, and takes those with gaps out again. */
static bool fill_boxes(skyline *sky) {
  vmo_span *spans = vmr_arena_alloc(sky->work->arena, sky->count * sizeof *spans);
  uint32_t *points = vmr_arena_alloc(sky->work->arena, sky->count * sizeof *points);
  if (spans == NULL || points == NULL) return false;
  for (uint32_t i = 0; i < sky->tier_count; i++) {
    for (uint32_t rank = 0; rank < sky->count; rank++)
      spans[rank] = sky->seats[rank].tier == i ? vmo_sky_whole_span(sky, &sky->seats[rank]) : (vmo_span){0, 0};
    if (!vmo_boxes_init(&sky->tiers[i].boxes, sky->work->arena, spans, sky->count, points)) return false;
  }
  for (uint32_t rank = 0; rank < sky->count; rank++) {
    sky_seat *seat = &sky->seats[rank];
    seat->point = points[rank];
    if (seat->waits) vmo_boxes_set(&sky->tiers[seat->tier].boxes, seat->point, VMO_NONE);
  }
  return true;
}

/* The skyline begins at given heights. */
static void raise_ground(skyline *sky, const vmo_bytes *ground) {
  for (uint32_t i = 0; i < sky->tier_count; i++) {
    sky_tier *tier = &sky->tiers[i];
    for (uint32_t s = 0; s < sky->work->part->section_count; s++) {
      tier->filled.heights[s] = vmo_round_up(ground[s], tier->alignment);
      if (sky->any_waits) tier->heights.heights[s] = tier->filled.heights[s];
    }
    vmo_tree_refresh(&tier->filled);
    if (sky->any_waits) vmo_tree_refresh(&tier->heights);
  }
}

/* Sorts the pins in `keys` and puts them where they are fixed. If they are too many to look at one by one, the
 * skyline starts on top of them: from the lowest top up, so that the highest one stays. */
static void place_pins(skyline *sky, vmo_keyed *keys, bool below) {
  vmo_sort_keyed(keys, keys + sky->pin_count, sky->pin_count);
  for (uint32_t i = 0; i < sky->pin_count; i++) {
    const vmo_item *pin = &sky->instance->items[keys[i].value];
    vmo_bytes top = pin->fixed_offset + pin->bytes;
    sky->pins[i] = keys[i].value;
    sky->work->offsets[keys[i].value] = pin->fixed_offset;
    sky->work->height = vmo_max_bytes(sky->work->height, top);
    for (uint32_t j = 0; j < pin->span_count && below; j++)
      vmo_sky_raise_span(sky, vmo_sky_item_span(sky, pin, j), top);
  }
  if (below) sky->pin_count = 0;
}

/* Makes the seats of the ranked items; the pins go to `pins`, keyed by their offset, or by their top. */
static void take_items(skyline *sky, const uint32_t *ranked, vmo_keyed *pins, bool by_top) {
  for (uint32_t rank = 0; rank < sky->ranked_count; rank++) {
    const vmo_item *item = &sky->instance->items[ranked[rank]];
    if (vmo_is_pin(item)) {
      pins[sky->pin_count++] = (vmo_keyed){(uint64_t)(item->fixed_offset + (by_top ? item->bytes : 0)), ranked[rank]};
      continue;
    }
    sky->seats[sky->count++] = (sky_seat){.bytes = item->bytes,
                                          .alignment = item->alignment,
                                          .span = vmo_sky_item_span(sky, item, 0),
                                          .offset = -1,
                                          .item = ranked[rank],
                                          .span_count = item->span_count,
                                          .child = VMO_NONE,
                                          .sibling = VMO_NONE,
                                          .shaped = item->shaped,
                                          .waits = item->span_count > 1 || item->shaped};
    sky->any_waits = sky->any_waits || item->span_count > 1 || item->shaped;
  }
}

/* Lets the items with gaps wait at their highest sections; from the last rank to the first, so that each heap is a
 * chain. Shaped ones are held up. */
static void seat_gapped(skyline *sky) {
  for (uint32_t rank = sky->count; rank-- > 0;) {
    uint32_t section;
    if (!sky->seats[rank].waits) continue;
    vmo_bytes height = vmo_sky_find_height(sky, &sky->seats[rank], &section);
    if (sky->seats[rank].shaped)
      vmo_sky_hold_up(sky, height, rank);
    else
      vmo_sky_join_section(sky, rank, section);
  }
  for (uint32_t i = 0; i < sky->tier_count; i++) vmo_tree_refresh(&sky->tiers[i].heights);
}

static uint32_t count_pins(const skyline *sky, const uint32_t *ranked) {
  uint32_t count = 0;
  if (sky->instance->pin_count == 0) return 0;
  for (uint32_t i = 0; i < sky->ranked_count; i++) count += vmo_is_pin(&sky->instance->items[ranked[i]]);
  return count;
}

bool vmo_sky_set_up(skyline *sky, const uint32_t *ranked, bool coarse) {
  vmr_arena *arena = sky->work->arena;
  size_t count = sky->ranked_count, pins = count_pins(sky, ranked);
  bool pins_below = (uint64_t)pins * count > MAX_PIN_LOOKS;
  vmo_keyed *keys = vmr_arena_alloc(arena, 2 * pins * sizeof *keys);
  sky->seats = vmr_arena_alloc_aligned(arena, count * sizeof *sky->seats, 64);
  sky->pins = vmr_arena_alloc(arena, pins * sizeof *sky->pins);
  bool held_up = pins > 0 || sky->work->part->shaped;
  sky->held_up = vmr_arena_alloc(arena, (held_up ? count : 0) * sizeof *sky->held_up);
  if (keys == NULL || sky->seats == NULL || sky->pins == NULL || sky->held_up == NULL) return false;
  sky->any_waits = pins > 0;
  take_items(sky, ranked, keys, pins_below);
  find_tiers(sky, coarse);
  if (!plant_trees(sky) || !fill_boxes(sky)) return false;
  if (sky->work->stage != NULL) raise_ground(sky, sky->work->stage->ground);
  place_pins(sky, keys, pins_below);
  if (sky->any_waits) seat_gapped(sky);
  return true;
}
