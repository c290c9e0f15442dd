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
#include "planner/skyline.h"

#define UNITS_PER_SPAN 40             /* an item is looked at */
#define UNITS_PER_VALLEY 40           /* and the trees are brought up to date */
#define MAX_MOVES (UINT32_C(1) << 21) /* of waiting buffers, together */
#define STEPS_BETWEEN_LOOKS 128       /* at the watch */

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

void vmo_sky_hold_up(skyline *sky, vmo_bytes offset, uint32_t rank) {
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
    vmo_bytes height = vmo_tree_highest(&sky->tiers[0].heights, vmo_sky_seat_span(sky, seat, j), &section);
    offset = vmo_max_bytes(offset, height - seat_extent(sky, seat, j).low);
  }
  sky->work->used += (uint64_t)seat->span_count * UNITS_PER_SPAN;
  return vmo_round_up(offset, seat->alignment);
}

vmo_bytes vmo_sky_find_height(skyline *sky, const sky_seat *seat, uint32_t *section) {
  if (seat->shaped) return find_shaped_offset(sky, seat);
  vmo_tree *tree = &sky->tiers[seat->tier].heights;
  vmo_bytes highest = vmo_tree_highest(tree, seat->span, section);
  for (uint32_t j = 1; j < seat->span_count; j++) {
    uint32_t at;
    vmo_bytes height = vmo_tree_highest(tree, vmo_sky_seat_span(sky, seat, j), &at);
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

/* ---- the run ---- */

void vmo_sky_raise_span(skyline *sky, vmo_span span, vmo_bytes top) {
  for (uint32_t i = 0; i < sky->tier_count; i++) {
    sky_tier *tier = &sky->tiers[i];
    vmo_bytes height = vmo_round_up(top, tier->alignment);
    vmo_tree_assign(&tier->filled, span, height);
    if (sky->any_waits) vmo_tree_assign(&tier->heights, span, height);
    tier->is_fresh = false;
  }
}

bool vmo_sky_join_section(skyline *sky, uint32_t rank, uint32_t section) {
  sky_seat *seat = &sky->seats[rank];
  uint32_t *first = &sky->tiers[seat->tier].heights.firsts[section];
  seat->section = section;
  seat->waits = 1;
  *first = join_heaps(sky, *first, rank);
  return *first == rank;
}

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
    best = (candidate){(vmo_bytes)sky->held_up[0].key, rank, vmo_sky_whole_span(sky, &sky->seats[rank]), FROM_HELD_UP};
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
  seat->span = vmo_sky_whole_span(sky, seat);
  seat->span_count = 1;
  seat->shaped = 0;
  set_in_boxes(sky, seat, rank);
}

/* Lets the item wait for its turn at `offset`, which is above `height` if a pin holds it up. */
static void put_back(skyline *sky, uint32_t rank, vmo_bytes height, uint32_t section, vmo_bytes offset) {
  sky_seat *seat = &sky->seats[rank];
  if (offset > height) {
    vmo_sky_hold_up(sky, offset, rank);
  } else if (seat->moves++ > MAX_MOVES / sky->count) {
    give_up_gaps(sky, rank);
  } else if (seat->shaped) {
    vmo_sky_hold_up(sky, offset, rank);
  } else if (vmo_sky_join_section(sky, rank, section)) {
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
  vmo_bytes height = next.origin == FROM_VALLEY ? next.offset : vmo_sky_find_height(sky, seat, &section);
  vmo_bytes offset = sky->pin_count > 0 && height <= next.offset ? clear_pins(sky, seat, height) : height;
  *placed = offset == next.offset;
  if (*placed) {
    seat->offset = offset;
    for (uint32_t j = 0; j < seat->span_count; j++)
      vmo_sky_raise_span(sky, vmo_sky_seat_span(sky, seat, j), offset + seat_extent(sky, seat, j).high);
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
  if (!vmo_sky_set_up(&sky, ranked, coarse)) return VMO_OUTCOME_OUT_OF_MEMORY;
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
