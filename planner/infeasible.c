/* infeasible.c: why no plan exists: a few buffers that already cannot be placed together.
 *
 * Fixed offsets that contradict each other: goes through the spans of the pins (items with a fixed offset)
 * from the lowest up and keeps the tops of those seen so far in the tree over the sections. A pin that finds
 * a top above what is live of it overlaps one of them, and if any two overlap, such a pin is found.
 * A capacity below the floor: a buffer that alone ends beyond it, or else, of those that are live in the
 * section of the largest floor, the largest ones until they are too many. O(n log n).
 * A capacity that an exact search has ruled out: buffers are left out, stretch by stretch, as long as a short search
 * rules out the rest. */
#include <string.h>

#include "planner/solver.h"
#include "planner/tree.h"

#define MOST_THINNED 2000 /* buffers of one time, of which the spare ones are dropped */

/* ---- fixed offsets that overlap ---- */

static vmo_span local_span(const vmo_instance *instance, const vmo_part *part, const vmo_item *item, uint32_t index) {
  vmo_span span = instance->spans[item->span_first + index];
  return (vmo_span){span.begin - part->section_first, span.end - part->section_first};
}

/* What of the item is live in the section; nothing: low = high. */
static vmo_extent live_extent(const vmo_instance *instance, const vmo_item *item, uint32_t section) {
  for (uint32_t j = 0; j < item->span_count; j++) {
    vmo_span span = instance->spans[item->span_first + j];
    if (span.begin <= section && section < span.end) return vmo_item_extent(instance, item, j);
  }
  return (vmo_extent){0, 0};
}

/* One span of a pin; sorted by where what is live in it begins. */
typedef struct pin_span {
  vmo_bytes low, high; /* as offsets */
  uint32_t item, index;
} pin_span;

static uint32_t list_pins(const vmo_instance *instance, const vmo_part *part, pin_span *pins) {
  uint32_t count = 0;
  for (uint32_t i = part->item_first; i < part->item_first + part->item_count; i++) {
    const vmo_item *item = &instance->items[i];
    for (uint32_t j = 0; j < item->span_count && vmo_is_pin(item); j++) {
      vmo_extent extent = vmo_item_extent(instance, item, j);
      if (pins != NULL)
        pins[count] = (pin_span){item->fixed_offset + extent.low, item->fixed_offset + extent.high, i, j};
      count++;
    }
  }
  return count;
}

/* Of the spans before `count`, in their order, the pin of one that is live in the section and ends above `offset`. */
static uint32_t find_culprit(const vmo_instance *instance, const pin_span *pins, const vmo_keyed *order, uint32_t count,
                             uint32_t section, vmo_bytes offset) {
  for (uint32_t i = 0; i < count; i++) {
    const pin_span *pin = &pins[order[i].value];
    vmo_span span = instance->spans[instance->items[pin->item].span_first + pin->index];
    if (pin->high > offset && span.begin <= section && section < span.end) return pin->item;
  }
  return VMO_NONE;
}

vmo_outcome vmo_find_pin_clash(const vmo_instance *instance, const vmo_part *part, vmr_arena *arena,
                               uint32_t clash[2]) {
  uint32_t count = list_pins(instance, part, NULL);
  if (count < 2) return VMO_OUTCOME_NONE;
  pin_span *pins = vmr_arena_alloc(arena, count * sizeof *pins);
  vmo_keyed *order = vmr_arena_alloc(arena, 2 * (size_t)count * sizeof *order);
  if (pins == NULL || order == NULL) return VMO_OUTCOME_OUT_OF_MEMORY;
  list_pins(instance, part, pins);
  for (uint32_t i = 0; i < count; i++) order[i] = (vmo_keyed){(uint64_t)pins[i].low, i};
  vmo_sort_keyed(order, order + count, count);
  vmo_tree tree;
  if (!vmo_tree_init(&tree, arena, instance->loads + part->section_first, part->section_count))
    return VMO_OUTCOME_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    const pin_span *pin = &pins[order[i].value];
    vmo_span span = local_span(instance, part, &instance->items[pin->item], pin->index);
    uint32_t section;
    if (vmo_tree_highest(&tree, span, &section) > pin->low) {
      uint32_t other = find_culprit(instance, pins, order, i, section + part->section_first, pin->low);
      clash[0] = instance->items[pin->item].buffer;
      clash[1] = instance->items[other].buffer;
      return VMO_OUTCOME_FOUND;
    }
    vmo_tree_assign(&tree, span, pin->high);
  }
  return VMO_OUTCOME_NONE;
}

/* ---- a capacity that is too small ---- */

/* A buffer that alone ends beyond the capacity, or VMO_NONE. */
static uint32_t find_too_large(const vmo_problem *problem) {
  for (uint32_t i = 0; i < problem->buffer_count; i++) {
    const vmo_buffer *buffer = &problem->buffers[i];
    vmo_bytes offset = buffer->fixed_offset > 0 ? buffer->fixed_offset : 0;
    if (offset + buffer->bytes > problem->capacity) return i;
  }
  return VMO_NONE;
}

/* Puts into `live` what is live in the section of the largest floor, the largest first; the count is returned. */
static uint32_t collect_live(const vmo_instance *instance, vmo_keyed *live) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < instance->item_count; i++) {
    vmo_extent extent = live_extent(instance, &instance->items[i], instance->floor_section);
    if (extent.high > extent.low)
      live[count++] = (vmo_keyed){(uint64_t)(VMO_BYTES_LIMIT - extent.high + extent.low), i};
  }
  vmo_sort_keyed(live, live + instance->item_count, count);
  return count;
}

/* How many of them it takes until the bytes, rounded up to the least alignment but for the one that rounding costs
 * most, exceed the capacity. */
static uint32_t count_too_many(const vmo_instance *instance, const vmo_keyed *live, uint32_t count,
                               vmo_bytes capacity) {
  vmo_bytes sum = 0, most_slack = 0;
  for (uint32_t i = 0; i < count; i++) {
    vmo_bytes bytes = VMO_BYTES_LIMIT - (vmo_bytes)live[i].key, rounded = vmo_round_up(bytes, instance->grain);
    sum += rounded;
    most_slack = vmo_max_bytes(most_slack, rounded - bytes);
    if (sum - most_slack > capacity) return i + 1;
  }
  return count;
}

/* What the first `count` of them need at least: the sum of the rounded bytes, less the most that rounding added. */
static vmo_bytes sum_rounded(const vmo_keyed *live, uint32_t count, vmo_bytes grain, uint32_t without) {
  vmo_bytes sum = 0, most_slack = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (i == without) continue;
    vmo_bytes bytes = VMO_BYTES_LIMIT - (vmo_bytes)live[i].key, rounded = vmo_round_up(bytes, grain);
    sum += rounded;
    most_slack = vmo_max_bytes(most_slack, rounded - bytes);
  }
  return sum - most_slack;
}

/* Drops those without which the others are still too many. Whom rounding makes dear is not always the largest. */
static uint32_t drop_spare(vmo_keyed *live, uint32_t count, vmo_bytes grain, vmo_bytes capacity) {
  if (grain == 1 || count > MOST_THINNED) return count;
  for (uint32_t i = count; i-- > 0;) {
    if (sum_rounded(live, count, grain, i) <= capacity) continue;
    memmove(live + i, live + i + 1, (count - i - 1) * sizeof *live);
    count--;
  }
  return count;
}

/* ---- what a search has ruled out ---- */

#define NODES_PER_PROOF 20000 /* to see whether fewer buffers are still too many */
#define NODES_IN_ALL 400000

/* Items of one part that have no plan within the capacity, and maybe less of them. */
typedef struct reduction {
  vmo_solver *solver;
  vmo_part part;
  vmo_item *items; /* that remain, then room for as many again */
  uint32_t count;
  uint64_t nodes;
} reduction;

/* Whether a search rules the items out. */
static vmo_status rule_out(reduction *r, vmo_item *items, uint32_t count, bool *ruled_out) {
  vmo_instance instance = r->solver->instance;
  vmo_part part = r->part;
  vmo_exact exact;
  instance.items = items;
  part.item_first = 0;
  part.item_count = count;
  vmr_arena_reset(r->solver->method_arena);
  if (!vmo_exact_create(&exact, &instance, &part, 14, r->solver->method_arena)) return VMO_OUT_OF_MEMORY;
  vmo_exact_answer answer = vmo_exact_search(&exact, r->solver->problem->capacity, NODES_PER_PROOF, &r->solver->watch);
  r->nodes += exact.nodes + 100;
  *ruled_out = answer == VMO_EXACT_NONE;
  return answer == VMO_EXACT_OUT_OF_MEMORY ? VMO_OUT_OF_MEMORY : VMO_OK;
}

/* Leaves out stretches of items, ever shorter ones, as long as the rest is still too much. */
static vmo_status reduce(reduction *r) {
  for (uint32_t length = r->count / 2; length > 0; length /= 2)
    for (uint32_t from = 0; from < r->count && r->count > length && r->nodes < NODES_IN_ALL;) {
      uint32_t end = from + length < r->count ? from + length : r->count, kept = 0;
      vmo_item *rest = r->items + r->count;
      bool ruled_out;
      for (uint32_t i = 0; i < r->count; i++)
        if (i < from || i >= end) rest[kept++] = r->items[i];
      vmo_status status = rule_out(r, rest, kept, &ruled_out);
      if (status != VMO_OK) return status;
      if (ruled_out) {
        memmove(r->items, rest, kept * sizeof *rest);
        r->count = kept;
      } else {
        from = end;
      }
    }
  return VMO_OK;
}

/* The part whose floor a search raised above the capacity. */
static vmo_status reduce_part(vmo_solver *solver, vmo_keyed *found, uint32_t *count) {
  reduction r = {.solver = solver};
  uint32_t p = 0;
  while (solver->plans[p].floor <= solver->problem->capacity) p++;
  r.part = solver->instance.parts[p];
  r.count = r.part.item_count;
  r.items = vmr_arena_alloc(solver->part_arena, 2 * (size_t)r.count * sizeof *r.items);
  if (r.items == NULL) return VMO_OUT_OF_MEMORY;
  memcpy(r.items, solver->instance.items + r.part.item_first, r.count * sizeof *r.items);
  vmo_status status = reduce(&r);
  for (uint32_t i = 0; i < r.count; i++) found[i] = (vmo_keyed){r.items[i].buffer, r.items[i].buffer};
  *count = r.count;
  return status;
}

/* ---- the blockers ---- */

static void list_section(const vmo_solver *solver, vmo_keyed *found, uint32_t *count) {
  const vmo_instance *instance = &solver->instance;
  *count = count_too_many(instance, found, collect_live(instance, found), solver->problem->capacity);
  *count = drop_spare(found, *count, instance->grain, solver->problem->capacity);
  for (uint32_t i = 0; i < *count; i++) {
    uint32_t buffer = instance->items[found[i].value].buffer;
    found[i] = (vmo_keyed){buffer, buffer};
  }
}

vmo_status vmo_find_blockers(vmo_solver *solver) {
  size_t room = (size_t)solver->instance.item_count + 1;
  uint32_t single = find_too_large(solver->problem), count = 1;
  vmo_keyed *found = vmr_arena_alloc(solver->part_arena, 2 * room * sizeof *found);
  vmo_status status = found != NULL ? VMO_OK : VMO_OUT_OF_MEMORY;
  if (found == NULL) return status;
  if (single != VMO_NONE)
    found[0].value = single;
  else if (solver->solution->proof == VMO_PROOF_BOUND)
    list_section(solver, found, &count);
  else
    status = reduce_part(solver, found, &count);
  if (status != VMO_OK) return status;
  vmo_sort_keyed(found, found + room, count);
  uint32_t *blockers = vmo_alloc_array(solver->context, count, sizeof *blockers);
  if (blockers == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) blockers[i] = found[i].value;
  solver->solution->blockers = blockers;
  solver->solution->blocker_count = count;
  return VMO_OK;
}
