/* skyline.c: builds a plan from the bottom up: again and again the buffer that can lie lowest gets its
 * place; of several, the first in the given order.
 *
 *   offset ^       ┌────┐
 *          |┌──────┘ c  └──────────┐
 *          |│ a     ┌──────────────┤   the skyline: per section, the top of what was placed there;
 *          |│       │  b           │   a buffer lies on the highest of its sections
 *          +┴───────┴──────────────┴─> sections
 *
 * Buffers with one span. The lowest place of all is in a lowest valley: a run of sections at the lowest
 * height between higher ones (here that on b, right of c). A buffer can lie there exactly if its span is
 * within the run, which is asked of the boxes; the first of those is placed. If there is none, nobody can
 * ever use the valley: who has a section in it has one on its rim too. So it is filled up to the lower
 * rim, which changes no buffer's place. Each step places a buffer or joins two runs: O(n) steps.
 *
 * Buffers with gaps. They lie on the highest section of all their spans and raise only those. One waits at
 * the section that held it up when it was last looked at, in a pairing heap by rank (Fredman, Sedgewick,
 * Sleator and Tarjan, 1986); a second tree, in which no valley is filled, knows the lowest section at
 * which somebody waits. If that one is still the buffer's highest, the buffer is placed, else it moves on
 * to a higher one. After many moves it is taken as if it had no gaps, so that very many buffers with gaps
 * do not cost O(n^2). A placed buffer sets the height of its sections in both trees; that may open a
 * filled valley again, and does no harm: between the true heights and the filled ones, any will do.
 *
 * Shaped buffers. One with extents lies so that each extent is on the skyline of its span or above, and raises
 * the span to the extent's top. It is held up in a heap by the lowest offset that it had when it was last looked
 * at, which only rises.
 *
 * Alignments. Each has a tier of its own: trees whose heights are rounded up to it, which keeps their
 * order. More than a few alignments are merged by rounding alignments up.
 *
 * Pins (fixed offsets) are obstacles above the skyline. A buffer that would hit one goes above it, and is
 * held up in a heap by the offset that it would get there; if it turns out to lie higher still, it waits
 * like those with gaps. With very many pins, looking at all of them for each buffer costs too much: the
 * skyline then starts on top of them.
 *
 * No conflict graph, O(n) memory; O(log n) for each step but for the question to the boxes. */
#include "planner/boxes.h"
#include "planner/tree.h"

#define MAX_TIERS 8
#define MAX_TREE_BYTES (UINT64_C(1) << 27) /* of all tiers together, unless a single one has more */
#define UNITS_PER_SPAN 40                  /* an item is looked at */
#define UNITS_PER_VALLEY 40                /* and the trees are brought up to date */
#define MAX_MOVES (UINT32_C(1) << 21)      /* of waiting buffers, together */
#define STEPS_BETWEEN_LOOKS 128            /* at the watch */
#define MAX_PIN_LOOKS (UINT64_C(1) << 26)

/* All that a run needs to know of an item, in one cache line; in the order of ranks. Spans and sections are in the
 * part's own numbers. */
typedef struct sky_seat {
  vmo_bytes bytes, alignment;
  vmo_bytes offset;        /* once placed */
  vmo_span span;           /* the first one */
  uint32_t item;           /* index in the instance */
  uint32_t span_count;     /* the others are looked up there; 1 when the gaps were given up */
  uint32_t tier;           /* of its alignment */
  uint32_t point;          /* in the boxes: of the whole from its first span to its last */
  uint32_t section;        /* at which it waits */
  uint32_t child, sibling; /* of the heap there: ranks */
  uint32_t moves : 30;     /* how often it moved on */
  uint32_t shaped : 1;     /* its extents count */
  uint32_t waits : 1;      /* at a section, not in the boxes */
} sky_seat;

typedef enum wait_origin { FROM_VALLEY, FROM_SECTION, FROM_HELD_UP } wait_origin;

/* Who is next, and where it can lie, as far as is known. */
typedef struct candidate {
  vmo_bytes offset; /* INT64_MAX: nobody */
  uint32_t rank;
  vmo_span run; /* where that is: the valley, the section at which it waits, or all of a held up item */
  wait_origin origin;
} candidate;

/* The items of one alignment. */
typedef struct sky_tier {
  vmo_bytes alignment;
  vmo_tree filled;  /* valleys in which nobody fits are filled */
  vmo_boxes boxes;  /* of the items that lie in valleys */
  vmo_tree heights; /* the true ones, for those who wait: who waits first at a section is the root of the heap there */
  candidate found;  /* the last answer about the valleys */
  bool is_fresh;    /* and nothing has changed since */
} sky_tier;

typedef struct skyline {
  vmo_work *work;
  const vmo_instance *instance;
  uint32_t first_section; /* of the part */
  uint32_t ranked_count;
  sky_seat *seats; /* per rank; without the pins */
  uint32_t count;
  sky_tier tiers[MAX_TIERS]; /* by alignment, ascending */
  uint32_t tier_count;
  bool any_waits; /* the trees of true heights are kept */
  uint32_t *pins; /* items, by offset */
  uint32_t pin_count;
  vmo_keyed *held_up; /* a binary heap of (offset, rank): above a pin, or of a shaped one */
  uint32_t held_up_count;
  vmo_bytes stop; /* nobody is placed from here on */
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

/* ---- those held up ---- */

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

static vmo_extent seat_extent(const skyline *sky, const sky_seat *seat, uint32_t index) {
  return seat->shaped ? vmo_item_extent(sky->instance, &sky->instance->items[seat->item], index)
                      : (vmo_extent){0, seat->bytes};
}

/* The lowest offset at which all extents of a shaped item are on the skyline. The tier of the least alignment knows it
 * best, since extents begin anywhere. */
static vmo_bytes find_shaped_offset(skyline *sky, const sky_seat *seat) {
  vmo_bytes offset = 0;
  uint32_t section;
  for (uint32_t j = 0; j < seat->span_count; j++) {
    vmo_bytes height = vmo_tree_highest(&sky->tiers[0].heights, seat_span(sky, seat, j), &section);
    offset = vmo_max_bytes(offset, height - seat_extent(sky, seat, j).low);
  }
  sky->work->used += (uint64_t)seat->span_count * UNITS_PER_SPAN;
  return vmo_round_up(offset, seat->alignment);
}

/* The true height of the skyline under an item, and the section that holds it up; of a shaped one, its offset. */
static vmo_bytes find_height(skyline *sky, const sky_seat *seat, uint32_t *section) {
  if (seat->shaped) return find_shaped_offset(sky, seat);
  vmo_tree *tree = &sky->tiers[seat->tier].heights;
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

/* The lowest offset from `offset` on at which the item does not hit this pin. */
static vmo_bytes clear_pin(skyline *sky, const sky_seat *seat, const vmo_item *pin, vmo_bytes offset) {
  const vmo_instance *instance = sky->instance;
  const vmo_item *item = &instance->items[seat->item];
  for (uint32_t i = 0, j = 0; i < pin->span_count && j < item->span_count;) {
    vmo_span x = instance->spans[pin->span_first + i], y = instance->spans[item->span_first + j];
    if (x.begin < y.end && y.begin < x.end) {
      vmo_extent there = vmo_item_extent(instance, pin, i), own = seat_extent(sky, seat, j);
      vmo_bytes low = pin->fixed_offset + there.low, high = pin->fixed_offset + there.high;
      if (offset + own.high > low && offset + own.low < high) offset = vmo_round_up(high - own.low, seat->alignment);
    }
    if (x.end <= y.end)
      i++;
    else
      j++;
  }
  return offset;
}

/* The lowest offset from `offset` on at which the item hits no pin. Whom extents lift over one pin may hit one that was
 * looked at before. */
static vmo_bytes clear_pins(skyline *sky, const sky_seat *seat, vmo_bytes offset) {
  for (vmo_bytes before = -1; before != offset;) {
    before = offset;
    for (uint32_t i = 0; i < sky->pin_count; i++) {
      const vmo_item *pin = &sky->instance->items[sky->pins[i]];
      if (pin->fixed_offset >= offset + seat->bytes) break;
      sky->work->used++;
      if (pin->fixed_offset + pin->bytes > offset) offset = clear_pin(sky, seat, pin, offset);
    }
    if (sky->instance->extents == NULL) break;
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

static vmo_span whole_span(const skyline *sky, const sky_seat *seat) {
  return (vmo_span){seat->span.begin, seat_span(sky, seat, seat->span_count - 1).end};
}

/* Puts all items into the boxes of their tiers, and takes those with gaps out again. */
static bool fill_boxes(skyline *sky) {
  vmo_span *spans = vmr_arena_alloc(sky->work->arena, sky->count * sizeof *spans);
  uint32_t *points = vmr_arena_alloc(sky->work->arena, sky->count * sizeof *points);
  if (spans == NULL || points == NULL) return false;
  for (uint32_t i = 0; i < sky->tier_count; i++) {
    for (uint32_t rank = 0; rank < sky->count; rank++)
      spans[rank] = sky->seats[rank].tier == i ? whole_span(sky, &sky->seats[rank]) : (vmo_span){0, 0};
    if (!vmo_boxes_init(&sky->tiers[i].boxes, sky->work->arena, spans, sky->count, points)) return false;
  }
  for (uint32_t rank = 0; rank < sky->count; rank++) {
    sky_seat *seat = &sky->seats[rank];
    seat->point = points[rank];
    if (seat->waits) vmo_boxes_set(&sky->tiers[seat->tier].boxes, seat->point, VMO_NONE);
  }
  return true;
}

/* Raises a span of the skyline in all trees. */
static void raise_span(skyline *sky, vmo_span span, vmo_bytes top) {
  for (uint32_t i = 0; i < sky->tier_count; i++) {
    sky_tier *tier = &sky->tiers[i];
    vmo_bytes height = vmo_round_up(top, tier->alignment);
    vmo_tree_assign(&tier->filled, span, height);
    if (sky->any_waits) vmo_tree_assign(&tier->heights, span, height);
    tier->is_fresh = false;
  }
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
    for (uint32_t j = 0; j < pin->span_count && below; j++) raise_span(sky, item_span(sky, pin, j), top);
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
                                          .span = item_span(sky, item, 0),
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

/* Puts an item into the heap of a section; true when it is the first there. */
static bool join_section(skyline *sky, uint32_t rank, uint32_t section) {
  sky_seat *seat = &sky->seats[rank];
  uint32_t *first = &sky->tiers[seat->tier].heights.firsts[section];
  seat->section = section;
  seat->waits = 1;
  *first = join_heaps(sky, *first, rank);
  return *first == rank;
}

/* Lets the items with gaps wait at their highest sections; from the last rank to the first, so that each heap is a
 * chain. Shaped ones are held up. */
static void seat_gapped(skyline *sky) {
  for (uint32_t rank = sky->count; rank-- > 0;) {
    uint32_t section;
    if (!sky->seats[rank].waits) continue;
    vmo_bytes height = find_height(sky, &sky->seats[rank], &section);
    if (sky->seats[rank].shaped)
      hold_up(sky, height, rank);
    else
      join_section(sky, rank, section);
  }
  for (uint32_t i = 0; i < sky->tier_count; i++) vmo_tree_refresh(&sky->tiers[i].heights);
}

static uint32_t count_pins(const skyline *sky, const uint32_t *ranked) {
  uint32_t count = 0;
  if (sky->instance->pin_count == 0) return 0;
  for (uint32_t i = 0; i < sky->ranked_count; i++) count += vmo_is_pin(&sky->instance->items[ranked[i]]);
  return count;
}

static bool set_up(skyline *sky, const uint32_t *ranked, bool coarse) {
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

/* ---- the run ---- */

/* Equally low ones in different valleys do not touch each other: from left to right. In one valley: by rank. */
static bool is_better(const candidate *a, const candidate *b) {
  if (a->offset != b->offset) return a->offset < b->offset;
  if (a->run.end <= b->run.begin || b->run.end <= a->run.begin) return a->run.begin < b->run.begin;
  return a->rank < b->rank;
}

/* The first item within the first lowest valley of a tier; valleys in which nobody fits are filled on the way. */
static candidate search_valleys(skyline *sky, sky_tier *tier) {
  vmo_tree *tree = &tier->filled;
  while (!tier->is_fresh) {
    vmo_bytes height = vmo_tree_root(tree)->lowest, left = INT64_MAX, right = INT64_MAX;
    vmo_span run = {.begin = vmo_tree_root(tree)->lowest_at};
    tier->found = (candidate){.offset = INT64_MAX};
    tier->is_fresh = true;
    if (vmo_boxes_are_empty(&tier->boxes)) break;
    run.end = vmo_tree_find_higher(tree, run.begin, height);
    uint32_t rank = vmo_boxes_find(&tier->boxes, run, &sky->work->used);
    sky->work->used += UNITS_PER_VALLEY;
    if (rank != VMO_NONE) {
      tier->found = (candidate){height, rank, run, FROM_VALLEY};
      break;
    }
    if (run.begin > 0) left = vmo_tree_height(tree, run.begin - 1);
    if (run.end < tree->section_count) right = vmo_tree_height(tree, run.end);
    vmo_tree_assign(tree, run, left < right ? left : right);
    tier->is_fresh = false;
  }
  return tier->found;
}

static candidate find_next(skyline *sky) {
  candidate best = {.offset = INT64_MAX}, other;
  if (sky->held_up_count > 0) {
    uint32_t rank = sky->held_up[0].value;
    best = (candidate){(vmo_bytes)sky->held_up[0].key, rank, whole_span(sky, &sky->seats[rank]), FROM_HELD_UP};
  }
  for (uint32_t i = 0; i < sky->tier_count; i++) {
    other = search_valleys(sky, &sky->tiers[i]);
    if (other.offset < INT64_MAX && is_better(&other, &best)) best = other;
    const vmo_tree_node *root = sky->any_waits ? vmo_tree_root(&sky->tiers[i].heights) : NULL;
    if (root == NULL || root->awaited == INT64_MAX) continue;
    uint32_t section = sky->seats[root->first].section;
    other = (candidate){root->awaited, root->first, {section, section + 1}, FROM_SECTION};
    if (is_better(&other, &best)) best = other;
  }
  return best;
}

static void set_in_boxes(skyline *sky, const sky_seat *seat, uint32_t rank) {
  vmo_boxes_set(&sky->tiers[seat->tier].boxes, seat->point, rank);
  sky->tiers[seat->tier].is_fresh = false;
}

/* Takes the item from where it waits. */
static void take(skyline *sky, const candidate *next) {
  sky_seat *seat = &sky->seats[next->rank];
  switch (next->origin) {
  case FROM_VALLEY: set_in_boxes(sky, seat, VMO_NONE); break;
  case FROM_SECTION:
    vmo_tree_set_waiting(&sky->tiers[seat->tier].heights, seat->section, drop_root(sky, next->rank));
    break;
  case FROM_HELD_UP: let_go(sky); break;
  }
}

/* Takes an item as if it were live in full from its first span to its last. */
static void give_up_gaps(skyline *sky, uint32_t rank) {
  sky_seat *seat = &sky->seats[rank];
  seat->span = whole_span(sky, seat);
  seat->span_count = 1;
  seat->shaped = 0;
  set_in_boxes(sky, seat, rank);
}

/* Lets the item wait for its turn at `offset`, which is above `height` if a pin holds it up. */
static void put_back(skyline *sky, uint32_t rank, vmo_bytes height, uint32_t section, vmo_bytes offset) {
  sky_seat *seat = &sky->seats[rank];
  if (offset > height) {
    hold_up(sky, offset, rank);
  } else if (seat->moves++ > MAX_MOVES / sky->count) {
    give_up_gaps(sky, rank);
  } else if (seat->shaped) {
    hold_up(sky, offset, rank);
  } else if (join_section(sky, rank, section)) {
    vmo_tree_set_waiting(&sky->tiers[seat->tier].heights, section, rank);
  }
}

/* Takes the next item, and places it if it can lie where it was thought to. Returns the top that it has or would
 * have. */
static vmo_bytes serve_next(skyline *sky, bool *placed) {
  candidate next = find_next(sky);
  sky_seat *seat = &sky->seats[next.rank];
  uint32_t section = 0;
  *placed = false;
  if (next.offset >= sky->stop) return -1;
  take(sky, &next);
  vmo_bytes height = next.origin == FROM_VALLEY ? next.offset : find_height(sky, seat, &section);
  vmo_bytes offset = sky->pin_count > 0 && height <= next.offset ? clear_pins(sky, seat, height) : height;
  *placed = offset == next.offset;
  if (*placed) {
    seat->offset = offset;
    for (uint32_t j = 0; j < seat->span_count; j++)
      raise_span(sky, seat_span(sky, seat, j), offset + seat_extent(sky, seat, j).high);
  } else {
    put_back(sky, next.rank, height, section, offset);
  }
  return offset + seat->bytes;
}

static void hand_out(const skyline *sky) {
  for (uint32_t rank = 0; rank < sky->count; rank++) {
    const sky_seat *seat = &sky->seats[rank];
    sky->work->offsets[seat->item] = seat->offset;
    if (seat->offset >= 0) sky->work->height = vmo_max_bytes(sky->work->height, seat->offset + seat->bytes);
  }
  for (uint32_t s = 0; s < sky->work->part->section_count && sky->work->stage != NULL; s++)
    sky->work->stage->top[s] = vmo_tree_height(sky->any_waits ? &sky->tiers[0].heights : &sky->tiers[0].filled, s);
}

vmo_outcome vmo_plan_by_skyline(vmo_work *work, const uint32_t *ranked, bool coarse) {
  skyline sky = {.work = work, .instance = work->instance, .first_section = work->part->section_first};
  sky.ranked_count = work->stage != NULL ? work->stage->count : work->part->item_count;
  if (!work->part->gapped && (coarse || !work->part->mixed)) return vmo_plan_by_valleys(work, ranked, sky.ranked_count);
  sky.stop = work->stage != NULL ? work->stage->stop : INT64_MAX;
  work->height = 0;
  if (!set_up(&sky, ranked, coarse)) return VMO_OUTCOME_OUT_OF_MEMORY;
  if (work->height >= work->ceiling) return VMO_OUTCOME_NONE;
  for (uint32_t left = sky.count, steps = 0; left > 0;) {
    bool placed;
    vmo_bytes top = serve_next(&sky, &placed);
    if (top < 0) break;
    if (top >= work->ceiling || work->used > work->limit) return VMO_OUTCOME_NONE;
    if (++steps % STEPS_BETWEEN_LOOKS == 0 && vmo_watch_is_over(work->watch)) return VMO_OUTCOME_NONE;
    left -= placed;
  }
  hand_out(&sky);
  return VMO_OUTCOME_FOUND;
}
