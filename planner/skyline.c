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
#define MAX_TREE_NODES (UINT64_C(1) << 22) /* in all tiers together, unless a single one has more */
#define MAX_PIN_LOOKS (UINT64_C(1) << 26)

typedef struct skyline {
  vmo_work *work;
  const vmo_instance *instance;
  uint32_t *ranked; /* items without the pins */
  uint32_t count;
  uint32_t tier_count;
  vmo_bytes alignments[MAX_TIERS]; /* ascending */
  vmo_tree trees[MAX_TIERS];
  uint32_t *waiting[MAX_TIERS]; /* per section: the root of its heap, a rank */
  uint32_t *child, *sibling;    /* of the heaps, per rank */
  uint32_t *waits_at;           /* per rank */
  uint32_t *pins;               /* by offset */
  uint32_t pin_count;
  vmo_keyed *held_up; /* a binary heap of (offset above a pin, rank) */
  uint32_t held_up_count;
} skyline;

/* ---- heaps of ranks ---- */

static uint32_t join_heaps(skyline *sky, uint32_t a, uint32_t b) {
  if (a == VMO_NONE) return b;
  if (b == VMO_NONE) return a;
  uint32_t parent = a < b ? a : b, under = a < b ? b : a;
  sky->sibling[under] = sky->child[parent];
  sky->child[parent] = under;
  return parent;
}

/* The heap without its root: joins the root's children in pairs, then the pairs from last to first. */
static uint32_t drop_root(skyline *sky, uint32_t root) {
  uint32_t pairs = VMO_NONE;
  for (uint32_t a = sky->child[root]; a != VMO_NONE;) {
    uint32_t b = sky->sibling[a], next = b == VMO_NONE ? VMO_NONE : sky->sibling[b];
    uint32_t pair = join_heaps(sky, a, b);
    sky->sibling[pair] = pairs;
    pairs = pair;
    a = next;
  }
  uint32_t heap = VMO_NONE;
  while (pairs != VMO_NONE) {
    uint32_t next = sky->sibling[pairs];
    heap = join_heaps(sky, heap, pairs);
    pairs = next;
  }
  sky->child[root] = VMO_NONE;
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

static const vmo_item *item_of(const skyline *sky, uint32_t rank) { return &sky->instance->items[sky->ranked[rank]]; }

/* The span in the part's own numbers. */
static vmo_span span_of(const skyline *sky, const vmo_item *item, uint32_t index) {
  vmo_span span = sky->instance->spans[item->span_first + index];
  uint32_t first = sky->work->part->section_first;
  return (vmo_span){span.begin - first, span.end - first};
}

static uint32_t tier_of(const skyline *sky, const vmo_item *item) {
  uint32_t tier = 0;
  while (sky->alignments[tier] < item->alignment) tier++;
  return tier;
}

static vmo_bytes find_height(skyline *sky, const vmo_item *item, uint32_t *section) {
  vmo_tree *tree = &sky->trees[tier_of(sky, item)];
  vmo_bytes highest = -1;
  *section = 0;
  for (uint32_t j = 0; j < item->span_count; j++) {
    uint32_t at;
    vmo_bytes height = vmo_tree_highest(tree, span_of(sky, item, j), &at);
    if (height < highest || (height == highest && tree->loads[at] <= tree->loads[*section])) continue;
    highest = height;
    *section = at;
  }
  sky->work->used += item->span_count;
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
static vmo_bytes clear_pins(skyline *sky, const vmo_item *item, vmo_bytes offset) {
  for (uint32_t i = 0; i < sky->pin_count; i++) {
    const vmo_item *pin = &sky->instance->items[sky->pins[i]];
    vmo_bytes top = pin->fixed_offset + pin->bytes;
    if (pin->fixed_offset >= offset + item->bytes) break;
    sky->work->used++;
    if (top > offset && live_together(sky->instance, pin, item)) offset = vmo_round_up(top, item->alignment);
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

static void find_tiers(skyline *sky) {
  uint32_t per_power[64] = {0}, sizes[64], count = 0;
  vmo_bytes alignments[64];
  for (uint32_t rank = 0; rank < sky->count; rank++) {
    unsigned power = 0;
    while (INT64_C(1) << power < item_of(sky, rank)->alignment) power++;
    per_power[power]++;
  }
  for (unsigned power = 0; power < 64; power++) {
    if (per_power[power] == 0) continue;
    alignments[count] = INT64_C(1) << power;
    sizes[count++] = per_power[power];
  }
  uint64_t nodes = 4 * (uint64_t)sky->work->part->section_count;
  while (count > MAX_TIERS || (count > 1 && count * nodes > MAX_TREE_NODES)) merge_tier(alignments, sizes, &count);
  sky->tier_count = count;
  for (uint32_t i = 0; i < count; i++) sky->alignments[i] = alignments[i];
}

/* Raises the skyline under a buffer in all trees. */
static void raise_skyline(skyline *sky, const vmo_item *item, vmo_bytes top) {
  for (uint32_t tier = 0; tier < sky->tier_count; tier++)
    for (uint32_t j = 0; j < item->span_count; j++)
      vmo_tree_assign(&sky->trees[tier], span_of(sky, item, j), vmo_round_up(top, sky->alignments[tier]));
}

static void place(skyline *sky, uint32_t index, vmo_bytes offset) {
  const vmo_item *item = &sky->instance->items[index];
  sky->work->offsets[index] = offset;
  sky->work->height = vmo_max_bytes(sky->work->height, offset + item->bytes);
}

/* Takes the pins out of the ranked items and sorts them: by offset, or by their tops if `by_top`. */
static void take_pins(skyline *sky, bool by_top, vmo_keyed *keys) {
  uint32_t movable = 0;
  for (uint32_t rank = 0; rank < sky->count; rank++) {
    uint32_t index = sky->ranked[rank];
    const vmo_item *item = item_of(sky, rank);
    if (!vmo_is_pin(item)) {
      sky->ranked[movable++] = index;
      continue;
    }
    keys[sky->pin_count++] = (vmo_keyed){(uint64_t)(item->fixed_offset + (by_top ? item->bytes : 0)), index};
    place(sky, index, item->fixed_offset);
  }
  sky->count = movable;
  vmo_sort_keyed(keys, keys + sky->pin_count, sky->pin_count);
  for (uint32_t i = 0; i < sky->pin_count; i++) sky->pins[i] = keys[i].value;
}

static uint32_t count_pins(const vmo_instance *instance, const vmo_part *part) {
  uint32_t count = 0;
  if (instance->pin_count == 0) return 0;
  for (uint32_t i = 0; i < part->item_count; i++) count += vmo_is_pin(&instance->items[part->item_first + i]);
  return count;
}

static bool make_room(skyline *sky, uint32_t pins) {
  vmr_arena *arena = sky->work->arena;
  size_t count = sky->work->part->item_count;
  sky->ranked = vmr_arena_alloc(arena, count * sizeof *sky->ranked);
  sky->child = vmr_arena_alloc(arena, count * sizeof *sky->child);
  sky->sibling = vmr_arena_alloc(arena, count * sizeof *sky->sibling);
  sky->waits_at = vmr_arena_alloc(arena, count * sizeof *sky->waits_at);
  sky->pins = vmr_arena_alloc(arena, pins * sizeof *sky->pins);
  sky->held_up = vmr_arena_alloc(arena, (pins > 0 ? count : 0) * sizeof *sky->held_up);
  return sky->ranked != NULL && sky->child != NULL && sky->sibling != NULL && sky->waits_at != NULL &&
         sky->pins != NULL && sky->held_up != NULL;
}

static bool plant_trees(skyline *sky) {
  const vmo_part *part = sky->work->part;
  for (uint32_t tier = 0; tier < sky->tier_count; tier++) {
    sky->waiting[tier] = vmr_arena_alloc(sky->work->arena, part->section_count * sizeof(uint32_t));
    if (sky->waiting[tier] == NULL || !vmo_tree_init(&sky->trees[tier], sky->work->arena,
                                                     sky->instance->loads + part->section_first, part->section_count))
      return false;
    for (uint32_t s = 0; s < part->section_count; s++) sky->waiting[tier][s] = VMO_NONE;
  }
  return true;
}

/* Lets everybody wait at its highest section; from the last rank to the first, so that each heap is a chain. */
static void seat_all(skyline *sky) {
  for (uint32_t rank = sky->count; rank-- > 0;) {
    const vmo_item *item = item_of(sky, rank);
    uint32_t section, tier = tier_of(sky, item);
    find_height(sky, item, &section);
    sky->child[rank] = VMO_NONE;
    sky->waits_at[rank] = section;
    sky->waiting[tier][section] = join_heaps(sky, sky->waiting[tier][section], rank);
  }
  for (uint32_t tier = 0; tier < sky->tier_count; tier++)
    vmo_tree_set_all_waiting(&sky->trees[tier], sky->waiting[tier], sky->work->part->section_count);
}

static bool set_up(skyline *sky, vmo_order order) {
  const vmo_part *part = sky->work->part;
  uint32_t pins = count_pins(sky->instance, part);
  bool pins_below = (uint64_t)pins * part->item_count > MAX_PIN_LOOKS;
  vmo_keyed *keys = vmr_arena_alloc(sky->work->arena, 2 * (size_t)part->item_count * sizeof *keys);
  if (keys == NULL || !make_room(sky, pins)) return false;
  vmo_rank_items(sky->instance, part, order, keys, sky->ranked);
  sky->count = part->item_count;
  if (pins > 0) take_pins(sky, pins_below, keys);
  find_tiers(sky);
  if (!plant_trees(sky)) return false;
  if (pins_below) {
    for (uint32_t i = 0; i < pins; i++) {
      const vmo_item *pin = &sky->instance->items[sky->pins[i]];
      raise_skyline(sky, pin, pin->fixed_offset + pin->bytes);
    }
    sky->pin_count = 0;
  }
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

static void seat(skyline *sky, uint32_t rank, uint32_t tier, uint32_t section) {
  uint32_t before = sky->waiting[tier][section], heap = join_heaps(sky, before, rank);
  sky->waits_at[rank] = section;
  sky->waiting[tier][section] = heap;
  if (heap != before) vmo_tree_set_waiting(&sky->trees[tier], section, heap);
}

static void unseat(skyline *sky, uint32_t rank, uint32_t tier) {
  uint32_t section = sky->waits_at[rank];
  sky->waiting[tier][section] = drop_root(sky, rank);
  vmo_tree_set_waiting(&sky->trees[tier], section, sky->waiting[tier][section]);
}

/* Takes the next buffer from where it waits, and places it if it can lie at the offset at which it was found.
 * Otherwise it waits where it now can. Returns that offset. */
static vmo_bytes serve_next(skyline *sky, bool *placed) {
  uint32_t tier = choose_tier(sky), rank = vmo_tree_first(&sky->trees[tier]), section;
  vmo_bytes found = vmo_tree_lowest(&sky->trees[tier]);
  if (sky->held_up_count > 0 && comes_before(&sky->held_up[0], &(vmo_keyed){(uint64_t)found, rank})) {
    found = (vmo_bytes)sky->held_up[0].key;
    rank = let_go(sky);
    tier = tier_of(sky, item_of(sky, rank));
  } else {
    unseat(sky, rank, tier);
  }
  const vmo_item *item = item_of(sky, rank);
  vmo_bytes height = find_height(sky, item, &section);
  vmo_bytes offset = sky->pin_count > 0 && height <= found ? clear_pins(sky, item, height) : height;
  *placed = offset == found;
  if (*placed) {
    place(sky, sky->ranked[rank], offset);
    raise_skyline(sky, item, offset + item->bytes);
  } else if (offset == height) {
    seat(sky, rank, tier, section);
  } else {
    hold_up(sky, offset, rank);
  }
  return offset + item->bytes;
}

vmo_outcome vmo_plan_by_skyline(vmo_work *work, vmo_order order) {
  skyline sky = {.work = work, .instance = work->instance};
  work->height = 0;
  if (!set_up(&sky, order)) return VMO_OUTCOME_OUT_OF_MEMORY;
  if (work->height >= work->ceiling) return VMO_OUTCOME_NONE;
  for (uint32_t left = sky.count; left > 0;) {
    bool placed;
    vmo_bytes top = serve_next(&sky, &placed);
    if (top >= work->ceiling || work->used > work->limit) return VMO_OUTCOME_NONE;
    left -= placed;
  }
  return VMO_OUTCOME_FOUND;
}
