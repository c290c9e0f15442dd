/* neighbourhood.c: large neighbourhood search: frees the items around a peak of the best plan, and places them anew,
 * exactly, among the others.
 *
 *   aim  ┄┄┄┄┄┄┄┌───┐┄┄┄┄┄┄┄┄   the aim is a little below the height. Who ends above it is an offender. A window of
 *        ┌───┐  │ o │┌──────┐   sections around one is widened as long as few items are live in it: those are freed, and
 *   ┌────┴─┐ └──┴─┬─┴┴────┐ │   all orders are searched in which each takes the lowest place that the others, which stay
 *   │      │      │       │ │   where they are, and those before it leave; some order gives a plan below the aim if there
 *   └──────┴──────┴───────┴─┘   is one. Each success is one offender less; when none is left, the plan is lower.
 *            └─window─┘
 *
 * An order by rising offsets is enough, so that whoever fits below the last one is not tried; and when somebody has no
 * place below the aim any more, the order is given up. What is found is kept: nobody is above the aim who was not
 * before. The windows' sizes and places are drawn at random; the same seed gives the same plan. D. Pisinger, S. Ropke,
 * Large neighborhood search, Handbook of Metaheuristics, 2010.
 * Cost: some passes over the part's items for each window, and a limited number of nodes. */
#include <string.h>

#include "planner/solver.h"
#include "support/random.h"

#define WINDOWS 24            /* of a turn, */
#define ITEMS_PER_WINDOW 1000 /* and one more for each so many of the part */
#define MOST_FREED 14         /* items of a window; less than 32 */
#define MOST_RANGES 20000     /* offsets that others forbid them, together */
#define NODES_PER_WINDOW 1500 /* of its search */
#define MOST_MET 4000         /* items that begin in the life of one that is freed: more would forbid too much */
#define UNITS_PER_ITEM 1      /* that is looked at */
#define UNITS_PER_NODE 40
#define DEPTHS 5 /* of windows that begin below the aim */

/* Offsets that one of those who stay forbids; open. */
typedef struct range {
  vmo_bytes low, high;
} range;

typedef struct freed_item {
  uint32_t item; /* of the instance */
  vmo_bytes bytes, alignment, offset;
  uint32_t meets; /* bits of the freed items with which it shares a section; extents are not looked at */
  uint32_t range_first, range_count;
} freed_item;

/* A node: who is tried after those before. */
typedef struct order_node {
  uint32_t choices[MOST_FREED]; /* by offset */
  vmo_bytes offsets[MOST_FREED];
  uint32_t count, next;
} order_node;

typedef struct neighbourhood {
  vmo_visit *visit;
  vmr_arena *arena; /* for the turn */
  uint64_t random;
  const vmo_overlaps *overlaps;
  vmo_bytes aim;
  vmo_bytes low; /* who ends at it or below is not in the window */
  uint32_t *offenders, offender_count;
  bool *is_freed; /* per item of the part */
  freed_item freed[MOST_FREED];
  uint32_t freed_count;
  vmo_keyed *keys; /* of ranges; room for twice the most */
  range *ranges, *sorted;
  uint32_t range_count;
} neighbourhood;

static uint32_t draw(neighbourhood *n, uint32_t bound) { return (uint32_t)(vmo_next_random(&n->random) % bound); }

static vmo_bytes top_of(const neighbourhood *n, uint32_t item) {
  return n->visit->solver->best[item] + n->visit->work.instance->items[item].bytes;
}

static void list_offenders(neighbourhood *n) {
  n->visit->work.used += (uint64_t)n->visit->part->item_count * UNITS_PER_ITEM;
  const vmo_part *part = n->visit->part;
  n->offender_count = 0;
  for (uint32_t i = part->item_first; i < part->item_first + part->item_count; i++)
    if (top_of(n, i) > n->aim) n->offenders[n->offender_count++] = i;
}

/* After a window, those freed are below the aim. */
static void drop_offenders(neighbourhood *n) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < n->offender_count; i++)
    if (top_of(n, n->offenders[i]) > n->aim) n->offenders[kept++] = n->offenders[i];
  n->offender_count = kept;
}

/* ---- the window ---- */

static vmo_span part_span(const neighbourhood *n, const vmo_item *item, uint32_t index) {
  vmo_span span = n->visit->work.instance->spans[item->span_first + index];
  uint32_t first = n->visit->part->section_first;
  return (vmo_span){span.begin - first, span.end - first};
}

static bool is_within(const neighbourhood *n, uint32_t index, vmo_span window) {
  const vmo_item *item = &n->visit->work.instance->items[index];
  if (top_of(n, index) <= n->low) return false;
  for (uint32_t j = 0; j < item->span_count; j++) {
    vmo_span span = part_span(n, item, j);
    if (span.begin < window.end && window.begin < span.end) return true;
  }
  return false;
}

/* The next place of the overlaps from `place` on whose item is in the window, or VMO_NONE. */
static uint32_t next_within(const neighbourhood *n, vmo_span window, uint32_t place) {
  for (;; place++) {
    place = vmo_overlaps_next(n->overlaps, window, place);
    n->visit->work.used += UNITS_PER_ITEM;
    if (place == VMO_NONE || is_within(n, n->overlaps->items[place], window)) return place;
  }
}

static uint32_t count_within(const neighbourhood *n, vmo_span window, uint32_t most) {
  uint32_t count = 0;
  for (uint32_t place = 0; count <= most && (place = next_within(n, window, place)) != VMO_NONE; place++) count++;
  return count;
}

/* A window around one of the offender's sections that has about `wanted` items; of all offsets, or of those some times
 * the offender's bytes below the aim. */
static vmo_span choose_window(neighbourhood *n, uint32_t offender, uint32_t wanted) {
  const vmo_item *item = &n->visit->work.instance->items[offender];
  uint32_t depth = draw(n, 2 * DEPTHS);
  n->low = depth < DEPTHS ? n->aim - (item->bytes << depth) : -1;
  vmo_span span = part_span(n, item, draw(n, item->span_count)), best;
  uint32_t middle = span.begin + draw(n, span.end - span.begin), sections = n->visit->part->section_count;
  best = (vmo_span){middle, middle + 1};
  for (uint32_t reach = 1; reach < sections; reach *= 2) {
    vmo_span wider = {middle > reach ? middle - reach : 0, middle + reach < sections ? middle + reach : sections};
    if (count_within(n, wider, wanted) > wanted) break;
    best = wider;
  }
  return best;
}

static vmo_span whole_span(const neighbourhood *n, uint32_t index) {
  const vmo_item *item = &n->visit->work.instance->items[index];
  return (vmo_span){part_span(n, item, 0).begin, part_span(n, item, item->span_count - 1).end};
}

static void free_item(neighbourhood *n, uint32_t index) {
  const vmo_item *item = &n->visit->work.instance->items[index];
  n->is_freed[index - n->visit->part->item_first] = true;
  n->freed[n->freed_count++] = (freed_item){.item = index, .bytes = item->bytes, .alignment = item->alignment};
}

/* Frees the offender and, of the items in the window, about `wanted`. */
static void free_items(neighbourhood *n, uint32_t offender, vmo_span window, uint32_t wanted) {
  const vmo_item *items = n->visit->work.instance->items;
  uint32_t count = count_within(n, window, UINT32_MAX - 1);
  for (uint32_t i = 0; i < n->freed_count; i++) n->is_freed[n->freed[i].item - n->visit->part->item_first] = false;
  n->freed_count = 0;
  free_item(n, offender);
  for (uint32_t place = 0; (place = next_within(n, window, place)) != VMO_NONE; place++) {
    uint32_t i = n->overlaps->items[place];
    if (n->freed_count == MOST_FREED) break;
    if (i == offender || vmo_is_pin(&items[i]) || vmo_overlaps_begins(n->overlaps, whole_span(n, i)) > MOST_MET)
      continue;
    if (count <= wanted || draw(n, count) < wanted) free_item(n, i);
  }
}

/* ---- what the others leave ---- */

static bool share_section(const neighbourhood *n, const vmo_item *a, const vmo_item *b) {
  const vmo_span *spans = n->visit->work.instance->spans;
  const vmo_span *x = spans + a->span_first, *x_end = x + a->span_count;
  const vmo_span *y = spans + b->span_first, *y_end = y + b->span_count;
  while (x < x_end && y < y_end) {
    if (x->begin < y->end && y->begin < x->end) return true;
    x->end <= y->end ? x++ : y++;
  }
  return false;
}

/* Sorts the ranges of a freed item by their lower ends. */
static void sort_ranges(neighbourhood *n, freed_item *freed) {
  range *own = n->ranges + freed->range_first;
  for (uint32_t i = 0; i < freed->range_count; i++)
    n->keys[i] = (vmo_keyed){(uint64_t)(own[i].low + VMO_BYTES_LIMIT), i};
  vmo_sort_keyed(n->keys, n->keys + freed->range_count, freed->range_count);
  for (uint32_t i = 0; i < freed->range_count; i++) n->sorted[i] = own[n->keys[i].value];
  memcpy(own, n->sorted, freed->range_count * sizeof *own);
}

/* Adds what an item that stays forbids: where extents meet, as much as these do. */
static void add_ranges(neighbourhood *n, const freed_item *freed, const vmo_item *other, vmo_bytes offset) {
  const vmo_instance *instance = n->visit->work.instance;
  const vmo_item *own = &instance->items[freed->item];
  for (uint32_t i = 0, j = 0; i < own->span_count && j < other->span_count && n->range_count < MOST_RANGES;) {
    vmo_span x = instance->spans[own->span_first + i], y = instance->spans[other->span_first + j];
    if (x.begin < y.end && y.begin < x.end) {
      vmo_extent here = vmo_item_extent(instance, own, i), there = vmo_item_extent(instance, other, j);
      range made = {offset + there.low - here.high, offset + there.high - here.low};
      if (made.high > 0) n->ranges[n->range_count++] = made;
      if (!own->shaped && !other->shaped) return;
    }
    x.end <= y.end ? i++ : j++;
  }
}

/* False: they are too many. */
static bool list_ranges(neighbourhood *n, uint32_t index) {
  const vmo_item *items = n->visit->work.instance->items;
  freed_item *freed = &n->freed[index];
  vmo_span span = whole_span(n, freed->item);
  freed->range_first = n->range_count;
  for (uint32_t place = 0; (place = vmo_overlaps_next(n->overlaps, span, place)) != VMO_NONE; place++) {
    uint32_t i = n->overlaps->items[place];
    vmo_bytes offset = n->visit->solver->best[i];
    n->visit->work.used += UNITS_PER_ITEM;
    if (offset >= n->aim || n->is_freed[i - n->visit->part->item_first]) continue;
    add_ranges(n, freed, &items[i], offset);
    if (n->range_count == MOST_RANGES) return false;
  }
  freed->range_count = n->range_count - freed->range_first;
  for (uint32_t i = 0; i < n->freed_count; i++)
    if (i != index && share_section(n, &items[n->freed[i].item], &items[freed->item])) freed->meets |= UINT32_C(1) << i;
  sort_ranges(n, freed);
  n->visit->work.used += freed->range_count * UINT64_C(4);
  return true;
}

/* The lowest offset that those who stay and the `placed` ones leave. */
static vmo_bytes lowest_place(const neighbourhood *n, uint32_t index, uint32_t placed) {
  const freed_item *freed = &n->freed[index];
  const range *ranges = n->ranges + freed->range_first;
  vmo_bytes place = 0;
  uint32_t at = 0;
  for (bool moved = true; moved;) {
    moved = false;
    for (; at < freed->range_count && ranges[at].low < place; at++)
      if (place < ranges[at].high) place = vmo_round_up(ranges[at].high, freed->alignment);
    for (uint32_t left = placed & freed->meets; left != 0; left &= left - 1) {
      const freed_item *other = &n->freed[__builtin_ctz(left)];
      if (place + freed->bytes <= other->offset || other->offset + other->bytes <= place) continue;
      place = vmo_round_up(other->offset + other->bytes, freed->alignment);
      moved = true;
    }
  }
  return place;
}

/* ---- all orders ---- */

/* Who can come next, the lowest first. False: somebody has no place below the aim. */
static bool list_next(const neighbourhood *n, uint32_t placed, vmo_bytes last, order_node *node) {
  node->count = node->next = 0;
  for (uint32_t i = 0; i < n->freed_count; i++) {
    if (placed >> i & 1) continue;
    vmo_bytes place = lowest_place(n, i, placed);
    if (place + n->freed[i].bytes > n->aim) return false;
    if (place < last) continue;
    uint32_t to = node->count++;
    for (; to > 0 && node->offsets[to - 1] > place; to--) {
      node->choices[to] = node->choices[to - 1];
      node->offsets[to] = node->offsets[to - 1];
    }
    node->choices[to] = i;
    node->offsets[to] = place;
  }
  return true;
}

static bool search_orders(neighbourhood *n) {
  order_node nodes[MOST_FREED + 1];
  uint32_t depth = 0, placed = 0, order[MOST_FREED];
  bool open = list_next(n, 0, 0, &nodes[0]);
  for (uint32_t count = 0; count < NODES_PER_WINDOW; count++) {
    n->visit->work.used += UNITS_PER_NODE;
    if (depth == n->freed_count) return true;
    if (!open || nodes[depth].next == nodes[depth].count) {
      if (depth == 0) return false;
      placed &= ~(UINT32_C(1) << order[--depth]);
      open = true;
      continue;
    }
    order_node *node = &nodes[depth];
    uint32_t chosen = node->choices[node->next];
    n->freed[chosen].offset = node->offsets[node->next++];
    order[depth++] = chosen;
    placed |= UINT32_C(1) << chosen;
    open = depth == n->freed_count || list_next(n, placed, n->freed[chosen].offset, &nodes[depth]);
  }
  return false;
}

/* Whether the freed items are below the aim now. */
static bool search_window(neighbourhood *n) {
  n->range_count = 0;
  for (uint32_t i = 0; i < n->freed_count; i++)
    if (!list_ranges(n, i)) return false;
  if (!search_orders(n)) return false;
  for (uint32_t i = 0; i < n->freed_count; i++) n->visit->solver->best[n->freed[i].item] = n->freed[i].offset;
  return true;
}

/* ---- the whole ---- */

/* The index is made once in a visit. */
static bool make_overlaps(vmo_visit *visit) {
  if (visit->overlaps != NULL) return true;
  visit->overlaps = vmr_arena_alloc(visit->solver->part_arena, sizeof *visit->overlaps);
  return visit->overlaps != NULL &&
         vmo_overlaps_init(visit->overlaps, visit->solver->part_arena, visit->work.instance, visit->part);
}

static bool make(neighbourhood *n) {
  size_t items = n->visit->part->item_count;
  n->offenders = vmr_arena_alloc(n->arena, items * sizeof *n->offenders);
  n->is_freed = vmr_arena_alloc_array(n->arena, items, sizeof *n->is_freed);
  n->keys = vmr_arena_alloc(n->arena, 2 * MOST_RANGES * sizeof *n->keys);
  n->ranges = vmr_arena_alloc(n->arena, MOST_RANGES * sizeof *n->ranges);
  n->sorted = vmr_arena_alloc(n->arena, MOST_RANGES * sizeof *n->sorted);
  return vmr_arena_status(n->arena) == VMR_OK;
}

/* Below the height by less and less of the way to the floor. */
static vmo_bytes choose_aim(neighbourhood *n) {
  const vmo_part_plan *plan = n->visit->plan;
  vmo_bytes lowest = vmo_max_bytes(plan->floor, n->visit->solver->others), room = plan->height - lowest;
  vmo_bytes step = room >> (1 + draw(n, 8));
  return plan->height - (step > 0 ? step : 1);
}

static void take_height(neighbourhood *n) {
  const vmo_part *part = n->visit->part;
  vmo_bytes height = 0;
  for (uint32_t i = part->item_first; i < part->item_first + part->item_count; i++)
    height = vmo_max_bytes(height, top_of(n, i));
  if (height >= n->visit->plan->height) return;
  n->visit->plan->height = height;
  n->visit->plan->method = "large neighbourhood search";
}

vmo_status vmo_search_neighbourhoods(vmo_visit *visit, uint32_t turn, vmr_arena *arena) {
  neighbourhood n = {.visit = visit, .arena = arena};
  vmr_arena_reset(arena);
  if (!make_overlaps(visit) || !make(&n)) return VMO_OUT_OF_MEMORY;
  n.overlaps = visit->overlaps;
  n.random = vmo_mix_bits(visit->solver->options->seed + turn * VMO_RANDOM_STEP + 1);
  n.aim = choose_aim(&n);
  list_offenders(&n);
  uint32_t windows = WINDOWS + visit->part->item_count / ITEMS_PER_WINDOW;
  for (uint32_t window = 0; window < windows && n.offender_count > 0 && !vmo_visit_is_over(visit); window++) {
    uint32_t offender = n.offenders[draw(&n, n.offender_count)], wanted = 3 + draw(&n, MOST_FREED - 3);
    if (vmo_is_pin(&visit->work.instance->items[offender])) break;
    free_items(&n, offender, choose_window(&n, offender, wanted), wanted);
    if (search_window(&n)) drop_offenders(&n);
  }
  take_height(&n);
  return VMO_OK;
}
