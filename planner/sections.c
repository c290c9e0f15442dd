/* sections.c: from a problem to an instance: verifies, compresses time to sections (drawing in
 * instance.h), finds the bounds, splits into parts.
 *
 * Bounds. A section's load is a bound. With g the least alignment of all, every offset is a multiple of
 * g, so that each buffer but the topmost takes its bytes rounded up to g: a section's floor is the sum
 * of the rounded bytes, less what rounding added to the buffer that gains most by lying on top. A fixed
 * offset + bytes is a bound too. Of a shaped item only its extent counts; where extents begin at odd bytes, g is less.
 *
 * Cost: two sorts, O(n log n) at most; the rest is linear. */
#include <inttypes.h>

#include "planner/instance.h"
#include "planner/planner.h"
#include "support/diag.h"

/* ---- the rules of problem.h ---- */

static const char *broken_lifetime_rule(const vmo_problem *problem, const vmo_buffer *buffer) {
  if ((uint64_t)buffer->lifetime_first + buffer->lifetime_count > problem->lifetime_count)
    return "its lifetimes lie outside of the problem's";
  const vmo_lifetime *lifetimes = problem->lifetimes + buffer->lifetime_first;
  for (uint32_t i = 0; i < buffer->lifetime_count; i++) {
    if (lifetimes[i].begin >= lifetimes[i].end) return "one of its lifetimes is empty";
    if (i > 0 && lifetimes[i - 1].end > lifetimes[i].begin) return "its lifetimes are not sorted and disjoint";
  }
  return NULL;
}

static const char *broken_rule(const vmo_problem *problem, const vmo_buffer *buffer) {
  vmo_bytes alignment = buffer->alignment;
  if (buffer->bytes < 0) return "its size is negative";
  if (buffer->bytes >= VMO_BYTES_LIMIT) return "its size is 2^53 or more";
  if (alignment < 1 || (alignment & (alignment - 1)) != 0) return "its alignment is no power of two";
  if (alignment >= VMO_BYTES_LIMIT) return "its alignment is 2^53 or more";
  if (buffer->fixed_offset < -1) return "its fixed offset is negative";
  if (buffer->fixed_offset >= VMO_BYTES_LIMIT - buffer->bytes) return "it ends at 2^53 or beyond";
  if (buffer->fixed_offset > 0 && buffer->fixed_offset % alignment != 0)
    return "its fixed offset is no multiple of its alignment";
  return broken_lifetime_rule(problem, buffer);
}

vmo_status vmo_verify_problem(vmo_context *context, const vmo_problem *problem) {
  if (problem->buffer_count > INT32_MAX || problem->lifetime_count > INT32_MAX) {
    vmo_diag_add(context, VMO_DIAG_PROBLEM_INVALID, (vmo_location){0}, "more than 2^31 buffers or lifetimes");
    return VMO_INPUT_ERROR;
  }
  for (uint32_t i = 0; i < problem->buffer_count; i++) {
    const char *broken = broken_rule(problem, &problem->buffers[i]);
    if (broken == NULL) continue;
    vmo_diag_add(context, VMO_DIAG_PROBLEM_INVALID, (vmo_location){0}, "buffer %" PRIu32 ": %s", i, broken);
    return VMO_INPUT_ERROR;
  }
  return VMO_OK;
}

/* ---- items ---- */

static bool is_item(const vmo_buffer *buffer) { return buffer->bytes > 0 && buffer->lifetime_count > 0; }

static vmo_bytes fixed_top(const vmo_bytes fixed_offset, vmo_bytes bytes) {
  return fixed_offset < 0 ? bytes : fixed_offset + bytes;
}

/* Counts items and their lifetimes, and finds their least and largest alignment. */
static void count_items(const vmo_problem *problem, vmo_instance *instance) {
  instance->grain = VMO_BYTES_LIMIT;
  for (uint32_t i = 0; i < problem->buffer_count; i++) {
    const vmo_buffer *buffer = &problem->buffers[i];
    if (!is_item(buffer)) {
      instance->idle_height = vmo_max_bytes(instance->idle_height, fixed_top(buffer->fixed_offset, buffer->bytes));
      continue;
    }
    instance->item_count++;
    instance->span_count += buffer->lifetime_count;
    if (buffer->alignment < instance->grain) instance->grain = buffer->alignment;
    instance->largest_alignment = vmo_max_bytes(instance->largest_alignment, buffer->alignment);
  }
}

static double duration_of(const vmo_lifetime *lifetimes, uint32_t count) {
  double sum = 0;
  for (uint32_t i = 0; i < count; i++) sum += (double)((uint64_t)lifetimes[i].end - (uint64_t)lifetimes[i].begin);
  return sum;
}

/* Copies the extents of an item; whatever is live begins at multiples of the grain. */
static void take_extents(const vmo_extent *extents, vmo_instance *instance, vmo_item *item) {
  for (uint32_t j = 0; j < item->span_count; j++) {
    vmo_extent extent = extents[j];
    instance->extents[item->span_first + j] = extent;
    item->shaped = item->shaped || extent.low > 0 || extent.high < item->bytes;
    while (extent.low % instance->grain != 0) instance->grain /= 2;
  }
}

static void fill_items(const vmo_problem *problem, const vmo_extent *extents, vmo_instance *instance) {
  uint32_t item = 0, span = 0;
  for (uint32_t i = 0; i < problem->buffer_count; i++) {
    const vmo_buffer *buffer = &problem->buffers[i];
    if (!is_item(buffer)) continue;
    instance->items[item++] = (vmo_item){
        .bytes = buffer->bytes,
        .alignment = buffer->alignment,
        .fixed_offset = buffer->fixed_offset,
        .duration = duration_of(problem->lifetimes + buffer->lifetime_first, buffer->lifetime_count),
        .span_first = span,
        .span_count = buffer->lifetime_count,
        .buffer = i,
    };
    if (extents != NULL) take_extents(extents + buffer->lifetime_first, instance, &instance->items[item - 1]);
    instance->pin_count += buffer->fixed_offset >= 0;
    span += buffer->lifetime_count;
  }
}

/* ---- events to sections ---- */

/* The begin and the end of each lifetime; a value is twice the span's index, plus 1 for a begin. */
typedef struct event_list {
  vmo_keyed *data;
  uint32_t *owners; /* per span: its item */
  uint32_t count;
  int64_t origin; /* keys are times less the earliest time */
} event_list;

static bool collect_events(const vmo_problem *problem, const vmo_instance *instance, vmr_arena *scratch,
                           event_list *events) {
  events->count = 2 * instance->span_count;
  events->data = vmr_arena_alloc(scratch, (size_t)events->count * sizeof(vmo_keyed));
  events->owners = vmr_arena_alloc(scratch, (size_t)instance->span_count * sizeof(uint32_t));
  vmo_keyed *spare = vmr_arena_alloc(scratch, (size_t)events->count * sizeof(vmo_keyed));
  if (events->data == NULL || events->owners == NULL || spare == NULL) return false;
  events->origin = INT64_MAX;
  for (uint32_t i = 0; i < instance->item_count; i++) {
    int64_t begin = problem->lifetimes[problem->buffers[instance->items[i].buffer].lifetime_first].begin;
    if (begin < events->origin) events->origin = begin;
  }
  vmo_keyed *next = events->data;
  for (uint32_t i = 0; i < instance->item_count; i++) {
    const vmo_item *item = &instance->items[i];
    const vmo_lifetime *lifetimes = problem->lifetimes + problem->buffers[item->buffer].lifetime_first;
    for (uint32_t j = 0; j < item->span_count; j++) {
      uint32_t span = item->span_first + j;
      events->owners[span] = i;
      *next++ = (vmo_keyed){(uint64_t)lifetimes[j].begin - (uint64_t)events->origin, 2 * span + 1};
      *next++ = (vmo_keyed){(uint64_t)lifetimes[j].end - (uint64_t)events->origin, 2 * span};
    }
  }
  vmo_sort_keyed(events->data, spare, events->count);
  return true;
}

/* Where the sweep over the events stands. */
typedef struct event_sweep {
  const event_list *events;
  vmo_instance *instance;
  vmo_bytes grain;
  vmo_bytes load, rounded; /* of what is live; rounded: each buffer up to a multiple of the grain */
  uint32_t section;
  bool ended; /* something ended since this section's last begin */
} event_sweep;

static vmo_bytes live_bytes(const event_sweep *sweep, uint32_t span) {
  const vmo_instance *instance = sweep->instance;
  if (instance->extents != NULL) return instance->extents[span].high - instance->extents[span].low;
  return instance->items[sweep->events->owners[span]].bytes;
}

static void close_spans(event_sweep *sweep, uint32_t from, uint32_t to) {
  for (uint32_t i = from; i < to; i++) {
    uint32_t span = sweep->events->data[i].value >> 1;
    if (sweep->events->data[i].value & 1) continue;
    vmo_bytes bytes = live_bytes(sweep, span);
    sweep->instance->spans[span].end = sweep->section + 1;
    sweep->load -= bytes;
    sweep->rounded -= vmo_round_up(bytes, sweep->grain);
    sweep->ended = true;
  }
}

/* False when the load gets too large. */
static bool open_spans(event_sweep *sweep, uint32_t from, uint32_t to) {
  vmo_instance *instance = sweep->instance;
  bool opened = false;
  for (uint32_t i = from; i < to; i++) {
    uint32_t span = sweep->events->data[i].value >> 1;
    if (!(sweep->events->data[i].value & 1)) continue;
    if (sweep->ended) sweep->section++;
    sweep->ended = false;
    opened = true;
    vmo_bytes bytes = live_bytes(sweep, span);
    instance->spans[span].begin = sweep->section;
    sweep->load += bytes;
    sweep->rounded += vmo_round_up(bytes, sweep->grain);
    if (sweep->load >= VMO_BYTES_LIMIT || sweep->rounded - sweep->grain >= VMO_BYTES_LIMIT) return false;
  }
  if (!opened) return true;
  instance->loads[sweep->section] = sweep->load;
  instance->floors[sweep->section] = sweep->rounded;
  if (sweep->load > instance->lower_bound) {
    instance->lower_bound = sweep->load;
    instance->witness = (int64_t)(sweep->events->data[from].key + (uint64_t)sweep->events->origin);
  }
  return true;
}

static vmo_status sweep_events(vmo_context *context, const event_list *events, vmo_instance *instance) {
  event_sweep sweep = {.events = events, .instance = instance, .grain = instance->grain};
  for (uint32_t from = 0, to; from < events->count; from = to) {
    uint64_t key = events->data[from].key;
    for (to = from + 1; to < events->count && events->data[to].key == key;) to++;
    close_spans(&sweep, from, to);
    if (open_spans(&sweep, from, to)) continue;
    vmo_diagnostic *added = vmo_diag_add(context, VMO_DIAG_PROBLEM_TOO_LARGE, (vmo_location){0},
                                         "the buffers that are live at time %" PRId64 " need 2^53 bytes or more",
                                         (int64_t)(key + (uint64_t)events->origin));
    vmo_diag_hint(context, added, VMO_LARGER_UNITS_HINT);
    return VMO_INPUT_ERROR;
  }
  instance->section_count = sweep.section + 1;
  return VMO_OK;
}

static bool has_same_extent(const vmo_instance *instance, uint32_t a, uint32_t b) {
  const vmo_extent *extents = instance->extents;
  return extents == NULL || (extents[a].low == extents[b].low && extents[a].high == extents[b].high);
}

/* Joins the spans of an item between which no section is left. */
static void join_spans(vmo_instance *instance) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < instance->item_count; i++) {
    vmo_item *item = &instance->items[i];
    uint32_t first = kept;
    for (uint32_t j = 0; j < item->span_count; j++) {
      uint32_t at = item->span_first + j;
      vmo_span span = instance->spans[at];
      if (kept > first && instance->spans[kept - 1].end == span.begin && has_same_extent(instance, kept - 1, at)) {
        instance->spans[kept - 1].end = span.end;
        continue;
      }
      if (instance->extents != NULL) instance->extents[kept] = instance->extents[at];
      instance->spans[kept++] = span;
    }
    item->span_first = first;
    item->span_count = kept - first;
  }
  instance->span_count = kept;
}

/* ---- floors ---- */

static uint32_t find_unpainted(uint32_t *next, uint32_t section) {
  while (next[section] != section) {
    next[section] = next[next[section]];
    section = next[section];
  }
  return section;
}

/* By how much rounding adds to the bytes of each span, the most first; the value is the span. */
static void rank_slacks(const vmo_instance *instance, vmo_keyed *slacks) {
  vmo_bytes grain = instance->grain;
  for (uint32_t i = 0; i < instance->item_count; i++) {
    const vmo_item *item = &instance->items[i];
    for (uint32_t j = 0; j < item->span_count; j++) {
      vmo_extent extent = vmo_item_extent(instance, item, j);
      vmo_bytes bytes = extent.high - extent.low;
      slacks[item->span_first + j] =
          (vmo_keyed){(uint64_t)(grain - (vmo_round_up(bytes, grain) - bytes)), item->span_first + j};
    }
  }
  vmo_sort_keyed(slacks, slacks + instance->span_count, instance->span_count);
}

/* Takes from each section's rounded load the most that rounding added to what is live there: painting the sections in
 * the order of falling slack, each once. */
static bool lower_floors(vmo_instance *instance, vmr_arena *scratch) {
  vmo_bytes grain = instance->grain;
  if (grain == 1) return true;
  vmo_keyed *slacks = vmr_arena_alloc(scratch, 2 * (size_t)instance->span_count * sizeof *slacks);
  uint32_t *next = vmr_arena_alloc(scratch, ((size_t)instance->section_count + 1) * sizeof *next);
  if (slacks == NULL || next == NULL) return false;
  rank_slacks(instance, slacks);
  for (uint32_t i = 0; i <= instance->section_count; i++) next[i] = i;
  for (uint32_t i = 0; i < instance->span_count; i++) {
    vmo_span span = instance->spans[slacks[i].value];
    vmo_bytes slack = grain - (vmo_bytes)slacks[i].key;
    for (uint32_t at = find_unpainted(next, span.begin); at < span.end; at = find_unpainted(next, at)) {
      instance->floors[at] -= slack;
      next[at] = at + 1;
    }
  }
  return true;
}

/* ---- parts ---- */

/* Cuts before each section that no item enters from the left. */
static bool cut_parts(vmo_instance *instance, vmr_arena *arena, vmr_arena *scratch) {
  uint32_t *reach = vmr_arena_alloc_array(scratch, instance->section_count, sizeof *reach);
  if (reach == NULL) return false;
  for (uint32_t i = 0; i < instance->item_count; i++) {
    const vmo_span *spans = instance->spans + instance->items[i].span_first;
    uint32_t end = spans[instance->items[i].span_count - 1].end;
    if (end > reach[spans->begin]) reach[spans->begin] = end;
  }
  uint32_t count = 0;
  for (uint32_t s = 0, end = 0; s < instance->section_count; s++) {
    count += s == end;
    if (reach[s] > end) end = reach[s];
  }
  instance->parts = vmr_arena_alloc_array(arena, count, sizeof *instance->parts);
  if (instance->parts == NULL) return false;
  for (uint32_t s = 0, end = 0; s < instance->section_count; s++) {
    if (s == end) instance->parts[instance->part_count++].section_first = s;
    if (reach[s] > end) end = reach[s];
    vmo_part *part = &instance->parts[instance->part_count - 1];
    part->section_count++;
    part->floor = vmo_max_bytes(part->floor, instance->floors[s]);
  }
  return true;
}

/* Puts the items in the order of their parts. */
static bool group_items(vmo_instance *instance, vmr_arena *arena, vmr_arena *scratch) {
  uint32_t *part_of = vmr_arena_alloc(scratch, instance->section_count * sizeof *part_of);
  vmo_item *grouped = vmr_arena_alloc(arena, instance->item_count * sizeof *grouped);
  if (part_of == NULL || grouped == NULL) return false;
  for (uint32_t p = 0; p < instance->part_count; p++)
    for (uint32_t s = 0; s < instance->parts[p].section_count; s++) part_of[instance->parts[p].section_first + s] = p;
  for (uint32_t i = 0; i < instance->item_count; i++)
    instance->parts[part_of[instance->spans[instance->items[i].span_first].begin]].item_count++;
  for (uint32_t p = 1; p < instance->part_count; p++)
    instance->parts[p].item_first = instance->parts[p - 1].item_first + instance->parts[p - 1].item_count;
  for (uint32_t p = 0; p < instance->part_count; p++) instance->parts[p].item_count = 0;
  for (uint32_t i = 0; i < instance->item_count; i++) {
    const vmo_item *item = &instance->items[i];
    vmo_part *part = &instance->parts[part_of[instance->spans[item->span_first].begin]];
    grouped[part->item_first + part->item_count++] = *item;
    part->floor = vmo_max_bytes(part->floor, fixed_top(item->fixed_offset, item->bytes));
    part->shaped = part->shaped || item->shaped;
    part->gapped = part->gapped || item->shaped || item->span_count > 1 || vmo_is_pin(item);
    part->mixed = part->mixed || (part->item_count > 1 && part->alignment != item->alignment);
    part->alignment = vmo_max_bytes(part->alignment, item->alignment);
  }
  instance->items = grouped;
  return true;
}

static void find_floor(vmo_instance *instance) {
  instance->floor = instance->idle_height;
  for (uint32_t s = 1; s < instance->section_count; s++)
    if (instance->floors[s] > instance->floors[instance->floor_section]) instance->floor_section = s;
  for (uint32_t p = 0; p < instance->part_count; p++)
    instance->floor = vmo_max_bytes(instance->floor, instance->parts[p].floor);
}

/* ---- the whole ---- */

static vmo_status build(vmo_context *context, const vmo_problem *problem, const vmo_extent *extents, vmr_arena *arena,
                        vmr_arena *scratch, vmo_instance *instance) {
  count_items(problem, instance);
  if (instance->item_count == 0) {
    instance->floor = instance->idle_height;
    return VMO_OK;
  }
  size_t spans = instance->span_count;
  instance->items = vmr_arena_alloc(scratch, instance->item_count * sizeof *instance->items);
  instance->spans = vmr_arena_alloc(arena, spans * sizeof *instance->spans);
  instance->loads = vmr_arena_alloc(arena, spans * sizeof *instance->loads);
  instance->floors = vmr_arena_alloc(arena, spans * sizeof *instance->floors);
  if (instance->items == NULL || instance->spans == NULL || instance->loads == NULL || instance->floors == NULL)
    return VMO_OUT_OF_MEMORY;
  if (extents != NULL) instance->extents = vmr_arena_alloc(arena, spans * sizeof *instance->extents);
  if (extents != NULL && instance->extents == NULL) return VMO_OUT_OF_MEMORY;
  fill_items(problem, extents, instance);
  event_list events;
  if (!collect_events(problem, instance, scratch, &events)) return VMO_OUT_OF_MEMORY;
  vmo_status status = sweep_events(context, &events, instance);
  if (status != VMO_OK) return status;
  join_spans(instance);
  if (!lower_floors(instance, scratch) || !cut_parts(instance, arena, scratch) ||
      !group_items(instance, arena, scratch))
    return VMO_OUT_OF_MEMORY;
  find_floor(instance);
  if (instance->floor < VMO_BYTES_LIMIT) return VMO_OK;
  vmo_diagnostic *added = vmo_diag_add(context, VMO_DIAG_PROBLEM_TOO_LARGE, (vmo_location){0},
                                       "with their alignments, the buffers need 2^53 bytes or more");
  vmo_diag_hint(context, added, VMO_LARGER_UNITS_HINT);
  return VMO_INPUT_ERROR;
}

vmo_status vmo_build_instance(vmo_context *context, const vmo_problem *problem, const vmo_extent *extents,
                              vmr_arena *arena, vmo_instance *instance) {
  *instance = (vmo_instance){0};
  vmr_arena *scratch = vmr_arena_create(0);
  if (scratch == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = build(context, problem, extents, arena, scratch, instance);
  vmr_arena_destroy(scratch);
  return status;
}

vmo_status vmo_find_bound(vmo_context *context, const vmo_problem *problem, vmo_bound *bound) {
  vmo_status status = vmo_verify_problem(context, problem);
  if (status != VMO_OK) return status;
  vmr_arena *arena = vmr_arena_create(0);
  if (arena == NULL) return VMO_OUT_OF_MEMORY;
  vmo_instance instance;
  status = vmo_build_instance(context, problem, NULL, arena, &instance);
  *bound = (vmo_bound){instance.lower_bound, instance.witness, instance.floor};
  vmr_arena_destroy(arena);
  return status;
}
