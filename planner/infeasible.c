/* infeasible.c: why no plan exists: a few buffers that already cannot be placed together.
 *
 * Fixed offsets that contradict each other: goes through the pins (items with a fixed offset) from the
 * lowest up and keeps the tops of those seen so far in the tree over the sections. A pin that finds a top
 * above its own offset overlaps one of them, and if any two overlap, such a pin is found.
 * A capacity below the floor: a buffer that alone ends beyond it, or else, of those that are live in the
 * section of the largest floor, the largest ones until they are too many. O(n log n). */
#include "planner/planner.h"
#include "planner/tree.h"

/* ---- fixed offsets that overlap ---- */

static vmo_span local_span(const vmo_instance *instance, const vmo_part *part, const vmo_item *item, uint32_t index) {
  vmo_span span = instance->spans[item->span_first + index];
  return (vmo_span){span.begin - part->section_first, span.end - part->section_first};
}

static bool is_live_in(const vmo_instance *instance, const vmo_item *item, uint32_t section) {
  for (uint32_t j = 0; j < item->span_count; j++) {
    vmo_span span = instance->spans[item->span_first + j];
    if (span.begin <= section && section < span.end) return true;
  }
  return false;
}

/* The section, in the part's own numbers, at which the pin hits one below it, or VMO_NONE. */
static uint32_t find_hit(const vmo_instance *instance, const vmo_part *part, vmo_tree *tree, const vmo_item *pin) {
  for (uint32_t j = 0; j < pin->span_count; j++) {
    uint32_t section;
    if (vmo_tree_highest(tree, local_span(instance, part, pin, j), &section) > pin->fixed_offset) return section;
  }
  return VMO_NONE;
}

/* Of the pins before `count`, one that is live in the section and ends above `offset`. */
static uint32_t find_culprit(const vmo_instance *instance, const vmo_keyed *pins, uint32_t count, uint32_t section,
                             vmo_bytes offset) {
  for (uint32_t i = 0; i < count; i++) {
    const vmo_item *pin = &instance->items[pins[i].value];
    if (pin->fixed_offset + pin->bytes > offset && is_live_in(instance, pin, section)) return pins[i].value;
  }
  return VMO_NONE;
}

vmo_outcome vmo_find_pin_clash(const vmo_instance *instance, const vmo_part *part, vmr_arena *arena,
                               uint32_t clash[2]) {
  vmo_keyed *pins = vmr_arena_alloc(arena, 2 * (size_t)part->item_count * sizeof *pins);
  if (pins == NULL) return VMO_OUTCOME_OUT_OF_MEMORY;
  uint32_t count = 0;
  for (uint32_t i = part->item_first; i < part->item_first + part->item_count; i++)
    if (vmo_is_pin(&instance->items[i])) pins[count++] = (vmo_keyed){(uint64_t)instance->items[i].fixed_offset, i};
  if (count < 2) return VMO_OUTCOME_NONE;
  vmo_sort_keyed(pins, pins + part->item_count, count);
  vmo_tree tree;
  if (!vmo_tree_init(&tree, arena, instance->loads + part->section_first, part->section_count))
    return VMO_OUTCOME_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    const vmo_item *pin = &instance->items[pins[i].value];
    uint32_t section = find_hit(instance, part, &tree, pin);
    if (section != VMO_NONE) {
      uint32_t other = find_culprit(instance, pins, i, section + part->section_first, pin->fixed_offset);
      clash[0] = pin->buffer;
      clash[1] = instance->items[other].buffer;
      return VMO_OUTCOME_FOUND;
    }
    for (uint32_t j = 0; j < pin->span_count; j++)
      vmo_tree_assign(&tree, local_span(instance, part, pin, j), pin->fixed_offset + pin->bytes);
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
  for (uint32_t i = 0; i < instance->item_count; i++)
    if (is_live_in(instance, &instance->items[i], instance->floor_section))
      live[count++] = (vmo_keyed){(uint64_t)(VMO_BYTES_LIMIT - instance->items[i].bytes), i};
  vmo_sort_keyed(live, live + instance->item_count, count);
  return count;
}

/* How many of them it takes until the bytes, rounded up to the least alignment but for the one that rounding costs
 * most, exceed the capacity. */
static uint32_t count_too_many(const vmo_instance *instance, const vmo_keyed *live, uint32_t count,
                               vmo_bytes capacity) {
  vmo_bytes sum = 0, most_slack = 0;
  for (uint32_t i = 0; i < count; i++) {
    vmo_bytes bytes = instance->items[live[i].value].bytes, rounded = vmo_round_up(bytes, instance->grain);
    sum += rounded;
    most_slack = vmo_max_bytes(most_slack, rounded - bytes);
    if (sum - most_slack > capacity) return i + 1;
  }
  return count;
}

vmo_status vmo_find_blockers(vmo_context *context, const vmo_problem *problem, const vmo_instance *instance,
                             vmr_arena *arena, vmo_solution *solution) {
  uint32_t single = find_too_large(problem), count = 1;
  vmo_keyed *found = vmr_arena_alloc(arena, 2 * ((size_t)instance->item_count + 1) * sizeof *found);
  if (found == NULL) return VMO_OUT_OF_MEMORY;
  if (single == VMO_NONE) {
    count = count_too_many(instance, found, collect_live(instance, found), problem->capacity);
    for (uint32_t i = 0; i < count; i++) {
      uint32_t buffer = instance->items[found[i].value].buffer;
      found[i] = (vmo_keyed){buffer, buffer};
    }
    vmo_sort_keyed(found, found + instance->item_count, count);
  } else {
    found[0].value = single;
  }
  uint32_t *blockers = vmo_alloc_array(context, count, sizeof *blockers);
  if (blockers == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) blockers[i] = found[i].value;
  solution->blockers = blockers;
  solution->blocker_count = count;
  return VMO_OK;
}
