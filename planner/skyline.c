/* skyline.c: builds a plan from the bottom up: again and again the buffer that can lie lowest gets its
 * place; of several, the first in the given order.
 *
 *   offset ^       ┌────┐ ........ e can lie here
 *          |┌──────┘ c  └──────────┐
 *          |│ a     ┌──────────────┤   the skyline: per section, the top of what was placed there;
 *          |│       │  b           │   a buffer lies on the highest of its sections
 *          +┴───────┴──────────────┴─> sections
 *
 * Heights only grow, and with them the place of each waiting buffer. So a buffer waits at the section
 * that held it up when it was last looked at (of several equally high, the one of the largest load, which
 * will most likely stay the highest); the tree over the sections knows the lowest one at which somebody
 * waits. If that one is still the buffer's highest, the buffer is placed, else it moves on to wait at a
 * higher one. Those that wait at one section are a pairing heap by rank (Fredman, Sedgewick, Sleator and
 * Tarjan, 1986). No conflict graph; O(n) memory; O(log n) per placement and per move.
 *
 * Alignments: each has a tier of its own, a tree whose heights are rounded up to it; rounding up keeps order, so
 * the highest section stays the highest. More than a few alignments are merged by rounding alignments up.
 *
 * Gaps: a buffer lies on the highest section of all its lifetimes, and raises only those.
 *
 * Pins (fixed offsets) are obstacles above the skyline. A buffer that would hit one goes above it, and
 * waits in a heap by the offset it would get there. That offset is where it would lie now, and never
 * falls, so the choice of the lowest stays right. With very many pins, looking at all of them for each
 * buffer costs too much: the skyline then starts on top of them. */
#include "planner/tree.h"

#define MAX_TIERS 8
#define MAX_TREE_BYTES (UINT64_C(1) << 27) /* of all tiers together, unless a single one has more */
#define UNITS_PER_SPAN 50                  /* an item is looked at, and the trees are brought up to date */
#define MAX_PIN_LOOKS (UINT64_C(1) << 26)

/* All that a run needs to know of an item, in one cache line; in the order of ranks. Spans and sections are in the
 * part's own numbers. */
typedef struct sky_seat {
  vmo_bytes bytes, alignment;
  vmo_bytes offset;        /* once placed */
  vmo_span span;           /* the first one */
  uint32_t item;           /* index in the instance */
  uint32_t span_count;     /* the others are looked up there */
  uint32_t tier;           /* of its alignment */
  uint32_t section;        /* where it waits */
  uint32_t child, sibling; /* of the heap there: ranks */
} sky_seat;

typedef struct skyline {
  vmo_work *work;
  const vmo_instance *instance;
  uint32_t first_section; /* of the part */
  sky_seat *seats;        /* per rank; without the pins */
  uint32_t count;
  uint32_t tier_count;
  vmo_bytes alignments[MAX_TIERS]; /* ascending */
  vmo_tree trees[MAX_TIERS];       /* who waits first at a section is the root of the heap there */
  uint32_t *pins;                  /* items, by offset */
  uint32_t pin_count;
  vmo_keyed *held_up; /* a binary heap of (offset above a pin, rank) */
  uint32_t held_up_count;
} skyline;

/* ---- heaps of ranks ---- */

static uint32_t join_heaps(skyline *sky, uint32_t a, uint32_t b) {
  if (a == VMO_NONE) return b;
  if (b == VMO_NONE) return a;
  uint32_t parent = a < b ? a : b, under = a < b ? b : a;
  sky->seats[under].sibling = sky->seats[parent].child;
  sky->seats[parent].child = under;
  return parent;
}

/* The heap without its root: joins the root's children in pairs, then the pairs from last to first. */
static uint32_t drop_root(skyline *sky, uint32_t root) {
  uint32_t pairs = VMO_NONE, heap = VMO_NONE;
  for (uint32_t a = sky->seats[root].child; a != VMO_NONE;) {
    uint32_t b = sky->seats[a].sibling, next = b == VMO_NONE ? VMO_NONE : sky->seats[b].sibling;
    uint32_t pair = join_heaps(sky, a, b);
    sky->seats[pair].sibling = pairs;
    pairs = pair;
    a = next;
  }
  while (pairs != VMO_NONE) {
    uint32_t next = sky->seats[pairs].sibling;
    heap = join_heaps(sky, heap, pairs);
    pairs = next;
  }
  sky->seats[root].child = VMO_NONE;
  return heap;
}

/* ---- those held up by pins ---- */

static bool comes_before(const vmo_keyed *a, const vmo_keyed *b) {
  return a->key < b->key || (a->key == b->key && a->value < b->value);
}

static void hold_up(skyline *sky, vmo_bytes offset, uint32_t rank) {
  vmo_keyed entry = {(uint64_t)offset, rank};
  uint32_t at = sky->held_up_count++;
  for (; at > 0 && comes_before(&entry, &sky->held_up[(at - 1) / 2]); at = (at - 1) / 2)
    sky->held_up[at] = sky->held_up[(at - 1) / 2];
  sky->held_up[at] = entry;
}

static uint32_t let_go(skyline *sky) {
  uint32_t rank = sky->held_up[0].value, count = --sky->held_up_count, at = 0;
  vmo_keyed entry = sky->held_up[count];
  for (uint32_t next; (next = 2 * at + 1) < count; at = next) {
    if (next + 1 < count && comes_before(&sky->held_up[next + 1], &sky->held_up[next])) next++;
    if (!comes_before(&sky->held_up[next], &entry)) break;
    sky->held_up[at] = sky->held_up[next];
  }
  sky->held_up[at] = entry;
  return rank;
}

/* ---- where a buffer can lie ---- */

static vmo_span item_span(const skyline *sky, const vmo_item *item, uint32_t index) {
  vmo_span span = sky->instance->spans[item->span_first + index];
  return (vmo_span){span.begin - sky->first_section, span.end - sky->first_section};
}

static vmo_span seat_span(const skyline *sky, const sky_seat *seat, uint32_t index) {
  return index == 0 ? seat->span : item_span(sky, &sky->instance->items[seat->item], index);
}

/* The height of the skyline under an item, and the section that holds it up. */
static vmo_bytes find_height(skyline *sky, const sky_seat *seat, uint32_t *section) {
  vmo_tree *tree = &sky->trees[seat->tier];
  vmo_bytes highest = vmo_tree_highest(tree, seat->span, section);
  for (uint32_t j = 1; j < seat->span_count; j++) {
    uint32_t at;
    vmo_bytes height = vmo_tree_highest(tree, seat_span(sky, seat, j), &at);
    if (height < highest || (height == highest && tree->loads[at] <= tree->loads[*section])) continue;
    highest = height;
    *section = at;
  }
  sky->work->used += (uint64_t)seat->span_count * UNITS_PER_SPAN;
  return highest;
}

static bool live_together(const vmo_instance *instance, const vmo_item *a, const vmo_item *b) {
  const vmo_span *x = instance->spans + a->span_first, *x_end = x + a->span_count;
  const vmo_span *y = instance->spans + b->span_first, *y_end = y + b->span_count;
  while (x < x_end && y < y_end) {
    if (x->end <= y->begin)
      x++;
    else if (y->end <= x->begin)
      y++;
    else
      return true;
  }
  return false;
}

/* The lowest offset from `offset` on at which the item hits no pin. */
static vmo_bytes clear_pins(skyline *sky, const sky_seat *seat, vmo_bytes offset) {
  for (uint32_t i = 0; i < sky->pin_count; i++) {
    const vmo_item *pin = &sky->instance->items[sky->pins[i]];
    vmo_bytes top = pin->fixed_offset + pin->bytes;
    if (pin->fixed_offset >= offset + seat->bytes) break;
    sky->work->used++;
    if (top > offset && live_together(sky->instance, pin, &sky->instance->items[seat->item]))
      offset = vmo_round_up(top, seat->alignment);
  }
  return offset;
}

/* ---- setting up ---- */

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
  for (uint32_t i = 0; i < count; i++) sky->alignments[i] = alignments[i];
  for (uint32_t rank = 0; rank < sky->count; rank++) {
    sky_seat *seat = &sky->seats[rank];
    while (sky->alignments[seat->tier] < seat->alignment) seat->tier++;
  }
}

static bool plant_trees(skyline *sky) {
  const vmo_part *part = sky->work->part;
  const vmo_bytes *loads = sky->instance->loads + part->section_first;
  for (uint32_t tier = 0; tier < sky->tier_count; tier++)
    if (!vmo_tree_init(&sky->trees[tier], sky->work->arena, loads, part->section_count)) return false;
  return true;
}

/* Raises a span of the skyline in all trees. */
static void raise_span(skyline *sky, vmo_span span, vmo_bytes top) {
  for (uint32_t tier = 0; tier < sky->tier_count; tier++)
    vmo_tree_assign(&sky->trees[tier], span, vmo_round_up(top, sky->alignments[tier]));
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
    for (uint32_t j = 0; j < pin->span_count && below; j++) raise_span(sky, item_span(sky, pin, j), top);
  }
  if (below) sky->pin_count = 0;
}

/* Makes the seats of the ranked items; the pins go to `pins`, keyed by their offset, or by their top. */
static void take_items(skyline *sky, const uint32_t *ranked, vmo_keyed *pins, bool by_top) {
  for (uint32_t rank = 0; rank < sky->work->part->item_count; rank++) {
    const vmo_item *item = &sky->instance->items[ranked[rank]];
    if (vmo_is_pin(item)) {
      pins[sky->pin_count++] = (vmo_keyed){(uint64_t)(item->fixed_offset + (by_top ? item->bytes : 0)), ranked[rank]};
      continue;
    }
    sky->seats[sky->count++] = (sky_seat){.bytes = item->bytes,
                                          .alignment = item->alignment,
                                          .span = item_span(sky, item, 0),
                                          .item = ranked[rank],
                                          .span_count = item->span_count,
                                          .child = VMO_NONE,
                                          .sibling = VMO_NONE};
  }
}

/* Puts an item into the heap of a section; true when it is the first there. */
static bool take_seat(skyline *sky, uint32_t rank, uint32_t section) {
  sky_seat *seat = &sky->seats[rank];
  uint32_t *first = &sky->trees[seat->tier].firsts[section];
  seat->section = section;
  *first = join_heaps(sky, *first, rank);
  return *first == rank;
}

/* Lets everybody wait at its highest section; from the last rank to the first, so that each heap is a chain. */
static void seat_all(skyline *sky) {
  for (uint32_t rank = sky->count; rank-- > 0;) {
    uint32_t section;
    find_height(sky, &sky->seats[rank], &section);
    take_seat(sky, rank, section);
  }
  for (uint32_t tier = 0; tier < sky->tier_count; tier++) vmo_tree_refresh(&sky->trees[tier]);
}

static uint32_t count_pins(const vmo_instance *instance, const vmo_part *part) {
  uint32_t count = 0;
  if (instance->pin_count == 0) return 0;
  for (uint32_t i = 0; i < part->item_count; i++) count += vmo_is_pin(&instance->items[part->item_first + i]);
  return count;
}

static bool set_up(skyline *sky, const uint32_t *ranked, bool coarse) {
  const vmo_part *part = sky->work->part;
  vmr_arena *arena = sky->work->arena;
  size_t count = part->item_count, pins = count_pins(sky->instance, part);
  bool pins_below = (uint64_t)pins * count > MAX_PIN_LOOKS;
  vmo_keyed *keys = vmr_arena_alloc(arena, 2 * pins * sizeof *keys);
  sky->seats = vmr_arena_alloc_aligned(arena, count * sizeof *sky->seats, 64);
  sky->pins = vmr_arena_alloc(arena, pins * sizeof *sky->pins);
  sky->held_up = vmr_arena_alloc(arena, (pins > 0 ? count : 0) * sizeof *sky->held_up);
  if (keys == NULL || sky->seats == NULL || sky->pins == NULL || sky->held_up == NULL) return false;
  take_items(sky, ranked, keys, pins_below);
  find_tiers(sky, coarse);
  if (!plant_trees(sky)) return false;
  place_pins(sky, keys, pins_below);
  seat_all(sky);
  return true;
}

/* ---- the run ---- */

/* The tier at whose lowest section the next buffer waits. */
static uint32_t choose_tier(const skyline *sky) {
  uint32_t chosen = 0;
  for (uint32_t tier = 1; tier < sky->tier_count; tier++) {
    vmo_bytes lowest = vmo_tree_lowest(&sky->trees[tier]), least = vmo_tree_lowest(&sky->trees[chosen]);
    if (lowest < least || (lowest == least && vmo_tree_first(&sky->trees[tier]) < vmo_tree_first(&sky->trees[chosen])))
      chosen = tier;
  }
  return chosen;
}

/* Takes the next item from where it waits, and places it if it can lie at the offset at which it was found.
 * Otherwise it waits where it now can. Returns the top that it has or would have. */
static vmo_bytes serve_next(skyline *sky, bool *placed) {
  uint32_t tier = choose_tier(sky), rank = vmo_tree_first(&sky->trees[tier]), section;
  vmo_bytes found = vmo_tree_lowest(&sky->trees[tier]);
  if (sky->held_up_count > 0 && comes_before(&sky->held_up[0], &(vmo_keyed){(uint64_t)found, rank})) {
    found = (vmo_bytes)sky->held_up[0].key;
    rank = let_go(sky);
  } else {
    vmo_tree_set_waiting(&sky->trees[tier], sky->seats[rank].section, drop_root(sky, rank));
  }
  sky_seat *seat = &sky->seats[rank];
  vmo_bytes height = find_height(sky, seat, &section);
  vmo_bytes offset = sky->pin_count > 0 && height <= found ? clear_pins(sky, seat, height) : height;
  *placed = offset == found;
  if (*placed) {
    seat->offset = offset;
    for (uint32_t j = 0; j < seat->span_count; j++) raise_span(sky, seat_span(sky, seat, j), offset + seat->bytes);
  } else if (offset > height) {
    hold_up(sky, offset, rank);
  } else if (take_seat(sky, rank, section)) {
    vmo_tree_set_waiting(&sky->trees[seat->tier], section, rank);
  }
  return offset + seat->bytes;
}

static void hand_out(const skyline *sky) {
  for (uint32_t rank = 0; rank < sky->count; rank++) {
    const sky_seat *seat = &sky->seats[rank];
    sky->work->offsets[seat->item] = seat->offset;
    sky->work->height = vmo_max_bytes(sky->work->height, seat->offset + seat->bytes);
  }
}

vmo_outcome vmo_plan_by_skyline(vmo_work *work, const uint32_t *ranked, bool coarse) {
  skyline sky = {.work = work, .instance = work->instance, .first_section = work->part->section_first};
  work->height = 0;
  if (!set_up(&sky, ranked, coarse)) return VMO_OUTCOME_OUT_OF_MEMORY;
  if (work->height >= work->ceiling) return VMO_OUTCOME_NONE;
  for (uint32_t left = sky.count; left > 0;) {
    bool placed;
    vmo_bytes top = serve_next(&sky, &placed);
    if (top >= work->ceiling || work->used > work->limit) return VMO_OUTCOME_NONE;
    left -= placed;
  }
  hand_out(&sky);
  return VMO_OUTCOME_FOUND;
}
