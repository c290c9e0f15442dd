/* slots.c: gives every buffer its place.
 *
 *   before:  %y = mul %x, 2 : f64[N]
 *   after:   %y = mul %x, 2 {slot = 0, offset = 0} : f64[N]
 *
 * Buffers, workspaces and the arenas of callees are items; those of one home and space make one problem for the planner,
 * whose answer is checked. A stream's sub-arena is then an item of its parent, live from the fork to the join. Needs:
 * flow, buffers. Keeps everything. The cost is the planner's. */
#include "passes/slots.h"

#include "planner/planner.h"

#include <stdlib.h>
#include <string.h>

typedef struct placement {
  vmo_planning *planning;
  vmo_layout *layout;
  vmo_item_list list;
  vmo_sub_arena *arenas; /* of stream h and space s: arenas[h * spaces + s] */
  uint32_t spaces, alignment;
} placement;

/* ---- listing items ---- */

/* With -O0 of compile everything is live throughout, so that nothing shares bytes. */
static vmo_live_range range_of(const placement *p, vmo_live_range range) {
  if (!p->planning->options->apart) return range;
  return (vmo_live_range){0, (vmo_point)p->planning->function->ops.count};
}

static bool add_item(placement *p, vmo_item item, vmo_live_range range) {
  vmr_arena *arena = p->planning->scratch->arena;
  range = range_of(p, range);
  item.range_first = p->list.ranges.count;
  item.range_count = 1;
  item.offset = VMO_NONE;
  return vmo_vec_push(arena, &p->list.ranges, range) && vmo_vec_push(arena, &p->list.items, item);
}

/* The strictest alignment among a buffer's members, and the fixed offset of a state among them: its author's choice, so
 * only an alignment that a type asks for counts against it. */
static void constrain_buffer(const placement *p, vmo_item *item) {
  const vmo_flow *flow = p->planning->flow;
  vmo_storage_id member = item->index;
  uint32_t given = 1;
  bool by_default = false;
  item->fixed_offset = -1;
  do {
    const vmo_storage *storage = &flow->storages.data[member];
    if (storage->alignment == 0) by_default = true;
    if (storage->alignment > given) given = storage->alignment;
    if (storage->owner == VMO_OWNER_STATE)
      item->fixed_offset = p->planning->function->parameters.data[storage->value].offset;
    member = p->planning->buffers->next[member];
  } while (member != item->index);
  item->alignment = by_default && item->fixed_offset < 0 && p->alignment > given ? p->alignment : given;
}

static vmo_status list_buffers(placement *p, bool results) {
  vmo_occupancy occupancy;
  vmr_arena *arena = p->planning->scratch->arena;
  vmo_status status = vmo_list_buffers(p->planning, results, &occupancy);
  if (status != VMO_OK) return status;
  for (uint32_t i = 0; i < occupancy.occupants.count; i++) {
    const vmo_occupant *occupant = &occupancy.occupants.data[i];
    vmo_item item = {.kind = VMO_ITEM_BUFFER,
                     .index = occupant->tag,
                     .home = occupant->home,
                     .space = occupant->space,
                     .bytes = occupant->bytes,
                     .size = occupant->size,
                     .range_first = occupant->range_first,
                     .range_count = occupant->range_count,
                     .offset = VMO_NONE};
    constrain_buffer(p, &item);
    if (!vmo_vec_push(arena, &p->list.items, item)) return VMO_OUT_OF_MEMORY;
  }
  p->list.ranges.data = occupancy.ranges.data;
  p->list.ranges.count = occupancy.ranges.count;
  p->list.ranges.capacity = occupancy.ranges.capacity;
  for (uint32_t i = 0; i < p->list.items.count && p->planning->options->apart; i++) {
    vmo_item *item = &p->list.items.data[i];
    if (item->range_count == 0) continue;
    item->range_count = 1;
    p->list.ranges.data[item->range_first] = range_of(p, p->list.ranges.data[item->range_first]);
  }
  return VMO_OK;
}

static bool list_temporaries(placement *p) {
  const vmo_planning *planning = p->planning;
  const vmo_flow *flow = planning->flow;
  for (uint32_t i = 0; i < flow->workspaces.count; i++) {
    const vmo_workspace *workspace = &flow->workspaces.data[i];
    vmo_item item = {.kind = VMO_ITEM_WORKSPACE,
                     .index = i,
                     .home = flow->op_streams[workspace->op],
                     .bytes = workspace->bytes,
                     .size = workspace->size,
                     .alignment = p->alignment,
                     .fixed_offset = -1};
    if (!add_item(p, item, (vmo_live_range){workspace->op, workspace->op + 1})) return false;
  }
  for (uint32_t c = 0; c < planning->calls.count; c++) {
    const vmo_call_site *call = &planning->calls.data[c];
    const vmo_callee *callee = &planning->callees[call->callee];
    for (uint32_t a = 0; a < callee->arena_count; a++) {
      const vmo_arena_plan *arena = &callee->arenas[a];
      int64_t bytes = -1; /* an empty arena is nowhere, so it need not be aligned */
      bool empty = vmo_size_is_constant(planning->module->sizes, callee->call_arenas[a].size, &bytes) && bytes == 0;
      vmo_item item = {.kind = VMO_ITEM_CALLEE,
                       .index = call->offset_first + a,
                       .home = flow->op_streams[call->op],
                       .space = arena->space,
                       .bytes = callee->call_arenas[a].bytes,
                       .size = callee->call_arenas[a].size,
                       .alignment = empty ? 1 : callee->alignment,
                       .fixed_offset = -1};
      if (!add_item(p, item, (vmo_live_range){call->op, call->op + 1})) return false;
    }
  }
  return true;
}

static int compare_items(const void *left, const void *right) {
  const vmo_item *a = left, *b = right;
  if (a->home != b->home) return a->home > b->home ? -1 : 1; /* inner homes first */
  if (a->space != b->space) return a->space < b->space ? -1 : 1;
  if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
  return (a->index > b->index) - (a->index < b->index);
}

/* ---- placing one home and space, in numbers ---- */

/* A problem under construction. */
typedef struct statement {
  vmr_arena *arena;
  VMO_VEC(vmo_buffer) buffers;
  VMO_VEC(vmo_lifetime) lifetimes;
} statement;

static bool state_buffer(statement *s, vmo_bytes bytes, uint32_t alignment, vmo_bytes fixed_offset) {
  vmo_buffer buffer = {bytes, alignment, fixed_offset, s->lifetimes.count, 0};
  return vmo_vec_push(s->arena, &s->buffers, buffer);
}

static bool state_lifetime(statement *s, vmo_point begin, vmo_point end) {
  s->buffers.data[s->buffers.count - 1].lifetime_count++;
  return vmo_vec_push(s->arena, &s->lifetimes, ((vmo_lifetime){begin, end}));
}

static bool state_item(statement *s, const vmo_item_list *list, const vmo_item *item) {
  bool ok = state_buffer(s, item->bytes, item->alignment, item->fixed_offset);
  for (uint32_t k = 0; k < item->range_count && ok; k++) {
    vmo_live_range range = list->ranges.data[item->range_first + k];
    ok = state_lifetime(s, range.begin, range.end);
  }
  return ok;
}

static vmo_status solve_statement(vmo_context *context, const statement *s, vmo_solution *solution) {
  vmo_problem problem = {.buffers = s->buffers.data,
                         .buffer_count = s->buffers.count,
                         .lifetimes = s->lifetimes.data,
                         .lifetime_count = s->lifetimes.count,
                         .capacity = -1};
  vmo_status status = vmo_solve_problem(context, &problem, NULL, solution);
  return status == VMO_OK ? vmo_check_solution(context, &problem, solution) : status;
}

/* Without a capacity only fixed offsets can make a problem unsolvable; the planner's own errors name no function. */
static vmo_status report_unplaceable(const vmo_planning *planning, vmo_status status) {
  const vmo_function *function = planning->function;
  const char *name = vmo_name(planning->module, function->name);
  vmo_diagnostic *d;
  if (status == VMO_OK) {
    d = vmo_diag_add(planning->context, VMO_DIAG_PIN_NOT_PROVEN, function->location,
                     "two states of @%s at fixed offsets overlap", name);
    vmo_diag_hint(planning->context, d, "move one of them, or leave out its offset");
    return VMO_INPUT_ERROR;
  }
  if (status != VMO_INPUT_ERROR) return status;
  d = vmo_diag_add(planning->context, VMO_DIAG_PIN_NOT_PROVEN, function->location,
                   "the arena of @%s cannot be laid out below 2^53 bytes", name);
  vmo_diag_hint(planning->context, d, "use smaller dims, or a smaller fixed offset");
  return status;
}

/* A buffer with parts, placed as a whole before: its lanes stay there, live only where they are. */
static const vmo_buffer_class *class_with_parts(const vmo_planning *planning, const vmo_item *item) {
  if (planning->options->apart) return NULL;
  if (item->kind != VMO_ITEM_BUFFER || item->home != planning->buffers->classes[item->index].home) return NULL;
  const vmo_buffer_class *class = &planning->buffers->classes[item->index];
  bool pinned = class->anchor != VMO_NONE && planning->flow->storages.data[class->anchor].owner == VMO_OWNER_STATE;
  bool reserved =
      class->home != planning->flow->storages.data[item->index].stream; /* its life is longer than its reads */
  return class->part_count > 0 && !pinned && !reserved ? class : NULL;
}

static bool state_lanes(statement *s, const vmo_buffer_class *class, vmo_bytes offset) {
  bool ok = true;
  for (uint32_t i = 0; i < class->part_count && ok; i++) {
    const vmo_lane *lane = &class->parts[i];
    ok = state_buffer(s, lane->end - lane->begin, 1, offset + lane->begin);
    for (const vmo_segment *live = vmo_find_segment(lane, -1); live && ok; live = vmo_next_segment(lane, live))
      if (live->begin < live->end) /* not one between two ops */
        ok = state_lifetime(s, live->begin, live->end);
  }
  return ok;
}

/* When parts of buffers die before the rest, others may stand there: places all again around the lanes, which stay
 * where the first solution has them, and keeps the lower of the two. */
static vmo_status refine_solution(vmo_planning *planning, const vmo_item_list *list, uint32_t first, uint32_t end,
                                  vmo_solution *solution) {
  bool any = false;
  for (uint32_t i = first; i < end && !any; i++) any = class_with_parts(planning, &list->items.data[i]) != NULL;
  if (!any) return VMO_OK;
  statement s = {.arena = planning->scratch->arena};
  vmo_solution refined;
  uint32_t *places = vmo_alloc(planning->scratch, ((size_t)(end - first) + 1) * sizeof *places);
  bool ok = places != NULL;
  for (uint32_t i = first; i < end && ok; i++) {
    const vmo_item *item = &list->items.data[i];
    const vmo_buffer_class *class = class_with_parts(planning, item);
    places[i - first] = s.buffers.count;
    ok = class ? state_lanes(&s, class, solution->offsets[i - first]) : state_item(&s, list, item);
  }
  if (!ok) return VMO_OUT_OF_MEMORY;
  vmo_status status = solve_statement(planning->context, &s, &refined);
  if (status != VMO_OK || !refined.offsets || refined.height >= solution->height) return status;
  for (uint32_t i = 0; i < end - first; i++) solution->offsets[i] = refined.offsets[places[i]];
  solution->height = refined.height;
  solution->method = refined.method;
  return VMO_OK;
}

vmo_status vmo_place_items(vmo_planning *planning, vmo_item_list *list, uint32_t first, uint32_t end,
                           vmo_layout *layout, vmo_sub_arena *arena) {
  statement s = {.arena = planning->scratch->arena};
  vmo_solution solution;
  for (uint32_t i = first; i < end; i++)
    if (!state_item(&s, list, &list->items.data[i])) return VMO_OUT_OF_MEMORY;
  vmo_status status = solve_statement(planning->context, &s, &solution);
  if (status != VMO_OK || !solution.offsets) return report_unplaceable(planning, status);
  status = refine_solution(planning, list, first, end, &solution);
  if (status != VMO_OK) return status;
  for (uint32_t i = first; i < end; i++) {
    list->items.data[i].offset = vmo_size_constant(planning->module->sizes, solution.offsets[i - first]);
    if (list->items.data[i].offset == VMO_NONE) return VMO_OUT_OF_MEMORY;
  }
  arena->amount = (vmo_amount){solution.height, vmo_size_constant(planning->module->sizes, solution.height)};
  if (list->items.data[first].home == 0 && list->items.data[first].space == 0) layout->method = solution.method;
  return arena->amount.size == VMO_NONE ? VMO_OUT_OF_MEMORY : VMO_OK;
}

/* ---- all homes ---- */

/* Where the items of streams stand in the sorted list: of stream h and space s, items[h * spaces + s]; VMO_NONE: none. */
static uint32_t *index_stream_items(const placement *p) {
  size_t count = (size_t)p->planning->flow->streams.count * p->spaces;
  uint32_t *items = vmo_alloc(p->planning->scratch, count * sizeof *items);
  if (!items) return NULL;
  memset(items, 0xff, count * sizeof *items);
  for (uint32_t i = 0; i < p->list.items.count; i++) {
    const vmo_item *item = &p->list.items.data[i];
    if (item->kind == VMO_ITEM_STREAM) items[(size_t)item->index * p->spaces + item->space] = i;
  }
  return items;
}

/* An item for the sub-arena of each stream that needs one, in its parent; how large it is will be known when what is in
 * it has been placed. */
static bool add_stream_items(placement *p) {
  const vmo_flow *flow = p->planning->flow;
  bool *used = vmo_alloc_array(p->planning->scratch, (size_t)flow->streams.count * p->spaces, sizeof *used);
  if (!used) return false;
  for (uint32_t i = 0; i < p->list.items.count; i++) {
    const vmo_item *item = &p->list.items.data[i];
    if (item->bytes != 0) used[(size_t)item->home * p->spaces + item->space] = true;
  }
  for (vmo_stream_id home = flow->streams.count; home-- > 1;) {
    const vmo_stream *stream = &flow->streams.data[home];
    for (vmo_space_id space = 0; space < p->spaces; space++) {
      if (!used[(size_t)home * p->spaces + space]) continue;
      used[(size_t)stream->parent * p->spaces + space] = true;
      vmo_item item = {
          .kind = VMO_ITEM_STREAM, .index = home, .home = stream->parent, .space = space, .fixed_offset = -1};
      if (!add_item(p, item, (vmo_live_range){stream->fork, stream->join})) return false;
    }
  }
  return true;
}

static vmo_status place_home(placement *p, vmo_stream_id home, uint32_t *next) {
  vmo_item_list *list = &p->list;
  vmo_item_placer place = p->planning->known ? vmo_place_items : vmo_place_symbolic_items;
  uint32_t first = *next;
  while (*next < list->items.count && list->items.data[*next].home == home) (*next)++;
  while (first < *next) {
    uint32_t end = first;
    vmo_space_id space = list->items.data[first].space;
    vmo_sub_arena *arena = &p->arenas[(size_t)home * p->spaces + space];
    for (; end < *next && list->items.data[end].space == space; end++)
      if (list->items.data[end].alignment > arena->alignment) arena->alignment = list->items.data[end].alignment;
    vmo_status status = place(p->planning, list, first, end, p->layout, arena);
    if (status != VMO_OK) return status;
    first = end;
  }
  return VMO_OK;
}

/* Homes from the innermost, so that the sub-arenas of a home's streams are known when it is placed. */
static vmo_status place_homes(placement *p) {
  uint32_t next = 0;
  vmo_item_list *list = &p->list;
  if (!add_stream_items(p)) return VMO_OUT_OF_MEMORY;
  if (list->items.count > 1) qsort(list->items.data, list->items.count, sizeof *list->items.data, compare_items);
  const uint32_t *stream_items = index_stream_items(p);
  if (!stream_items) return VMO_OUT_OF_MEMORY;
  for (vmo_stream_id home = p->planning->flow->streams.count; home-- > 0;) {
    vmo_status status = place_home(p, home, &next);
    if (status != VMO_OK) return status;
    for (vmo_space_id space = 0; space < p->spaces; space++) {
      size_t at = (size_t)home * p->spaces + space;
      if (stream_items[at] == VMO_NONE) continue;
      vmo_item *item = &list->items.data[stream_items[at]];
      item->bytes = p->arenas[at].amount.bytes;
      item->size = p->arenas[at].amount.size;
      item->alignment = p->arenas[at].alignment;
    }
  }
  return VMO_OK;
}

/* ---- the answer ---- */

/* Offsets in sub-arenas become offsets in the function's arena: outer homes last in the list, so it is read backwards. */
static vmo_status place_absolutely(placement *p) {
  vmo_sizes *sizes = p->planning->module->sizes;
  uint32_t streams = p->planning->flow->streams.count;
  vmo_size_id zero = vmo_size_constant(sizes, 0);
  vmo_size_id *base = vmo_alloc(p->planning->scratch, ((size_t)streams * p->spaces + 1) * sizeof *base);
  if (!base || zero == VMO_NONE) return VMO_OUT_OF_MEMORY;
  for (size_t i = 0; i < (size_t)streams * p->spaces; i++) base[i] = zero;
  for (uint32_t i = p->list.items.count; i-- > 0;) {
    vmo_item *item = &p->list.items.data[i];
    vmo_size_id start = base[(size_t)item->home * p->spaces + item->space];
    vmo_size_id offset = start == zero ? item->offset : vmo_size_add(sizes, start, item->offset);
    if (offset == VMO_NONE) return VMO_OUT_OF_MEMORY;
    switch (item->kind) {
    case VMO_ITEM_BUFFER: p->layout->buffers[item->index].offset = offset; break;
    case VMO_ITEM_WORKSPACE: p->layout->workspaces[item->index] = offset; break;
    case VMO_ITEM_CALLEE: p->layout->callees[item->index] = offset; break;
    case VMO_ITEM_STREAM: base[(size_t)item->index * p->spaces + item->space] = offset; break;
    }
    item->offset = offset;
  }
  return VMO_OK;
}

/* The items of one home and space are list.items[first..end); true while there is such a group at or after *first. */
static bool next_group(const placement *p, uint32_t first, uint32_t *end) {
  const vmo_item *items = p->list.items.data;
  if (first >= p->list.items.count) return false;
  *end = first + 1;
  while (*end < p->list.items.count && items[*end].home == items[first].home && items[*end].space == items[first].space)
    (*end)++;
  return true;
}

/* Symbolic slots are numbered as they lie in the arena: those inside a sub-arena after the slot that it stands in.
 *
 *   home 0     | 0 | 1           | 4 |          slot 1 holds the sub-arena of a stream,
 *   stream 1       | 2 | 3 |                    whose own slots are 2 and 3
 *
 * Counts from the inner homes to the outer ones, then numbers from the outer to the inner. */
static bool number_symbolic_slots(placement *p) {
  vmo_context *context = p->planning->scratch;
  size_t groups = (size_t)p->planning->flow->streams.count * p->spaces;
  uint32_t count = p->list.items.count, end;
  uint32_t *sizes = vmo_alloc_array(context, groups + 1, sizeof *sizes); /* slots of a group and of those inside */
  uint32_t *bases = vmo_alloc_array(context, groups + 1, sizeof *bases);
  uint32_t *inside = vmo_alloc_array(context, (size_t)count + 2, sizeof *inside); /* by slot: slots inside it */
  if (!sizes || !bases || !inside) return false;
  for (uint32_t first = 0; next_group(p, first, &end); first = end) {
    const vmo_item *items = p->list.items.data;
    uint32_t *size = &sizes[(size_t)items[first].home * p->spaces + items[first].space], slots = 0, nested = 0;
    for (uint32_t i = first; i < end; i++) {
      if (items[i].slot + 1 > slots) slots = items[i].slot + 1;
      if (items[i].kind == VMO_ITEM_STREAM) nested += sizes[(size_t)items[i].index * p->spaces + items[i].space];
    }
    *size = slots + nested;
  }
  for (uint32_t space = 1; space < p->spaces; space++) bases[space] = bases[space - 1] + sizes[space - 1];
  for (uint32_t last = count; last > 0;) {
    uint32_t first = last - 1;
    vmo_item *items = p->list.items.data;
    while (first > 0 && items[first - 1].home == items[last - 1].home &&
           items[first - 1].space == items[last - 1].space)
      first--;
    uint32_t base = bases[(size_t)items[first].home * p->spaces + items[first].space];
    for (uint32_t i = 0; i <= last - first; i++) inside[i] = 0;
    for (uint32_t i = first; i < last; i++)
      if (items[i].kind == VMO_ITEM_STREAM)
        inside[items[i].slot + 1] += sizes[(size_t)items[i].index * p->spaces + items[i].space];
    for (uint32_t i = 1; i <= last - first; i++) inside[i] += inside[i - 1];
    for (uint32_t i = first; i < last; i++) {
      uint32_t number = base + items[i].slot + inside[items[i].slot];
      if (items[i].kind == VMO_ITEM_BUFFER) p->layout->buffers[items[i].index].slot = number;
      if (items[i].kind == VMO_ITEM_STREAM) bases[(size_t)items[i].index * p->spaces + items[i].space] = number + 1;
    }
    last = first;
  }
  return true;
}

/* In numbers each buffer is a slot of its own, numbered by its root; symbolic ones share the slot of their place. */
static bool number_slots(placement *p) {
  uint32_t storages = p->planning->flow->storages.count, slots = 0;
  if (!p->planning->known) return number_symbolic_slots(p);
  for (vmo_storage_id s = 0; s < storages; s++)
    if (p->layout->buffers[s].offset != VMO_NONE) p->layout->buffers[s].slot = slots++;
  return true;
}

static bool begin_layout(placement *p) {
  const vmo_planning *planning = p->planning;
  vmo_context *context = planning->scratch;
  vmo_layout *layout = p->layout;
  uint32_t streams = planning->flow->streams.count, storages = planning->flow->storages.count;
  vmo_size_id zero = vmo_size_constant(planning->module->sizes, 0);
  layout->method = "";
  layout->buffers = vmo_alloc(context, ((size_t)storages + 1) * sizeof *layout->buffers);
  layout->workspaces =
      vmo_alloc_array(context, (size_t)planning->flow->workspaces.count + 1, sizeof *layout->workspaces);
  layout->callees = /* the plan keeps them */
      vmo_alloc_array(planning->context, (size_t)planning->callee_offset_count + 1, sizeof *layout->callees);
  layout->arenas = vmo_alloc_array(context, p->spaces, sizeof *layout->arenas);
  p->arenas = vmo_alloc_array(context, (size_t)streams * p->spaces, sizeof *p->arenas);
  if (!layout->buffers || !layout->workspaces || !layout->callees || !layout->arenas || !p->arenas || zero == VMO_NONE)
    return false;
  for (vmo_storage_id s = 0; s < storages; s++) layout->buffers[s] = (vmo_spot){VMO_NONE, VMO_NONE};
  for (size_t i = 0; i < (size_t)streams * p->spaces; i++) p->arenas[i] = (vmo_sub_arena){{0, zero}, 1};
  return true;
}

static vmo_status make_layout(vmo_planning *planning, bool results, vmo_layout *layout) {
  placement p = {.planning = planning, .layout = layout, .spaces = planning->module->spaces.count};
  p.alignment = planning->options->alignment ? planning->options->alignment : VMO_DEFAULT_ALIGNMENT;
  if (!begin_layout(&p)) return VMO_OUT_OF_MEMORY;
  vmo_status status = list_buffers(&p, results);
  if (status == VMO_OK && !list_temporaries(&p)) status = VMO_OUT_OF_MEMORY;
  if (status == VMO_OK) status = place_homes(&p);
  if (status == VMO_OK) status = place_absolutely(&p);
  if (status != VMO_OK) return status;
  if (!number_slots(&p)) return VMO_OUT_OF_MEMORY;
  layout->alignment = 1;
  for (uint32_t s = 0; s < p.spaces; s++) {
    layout->arenas[s] = p.arenas[s].amount;
    if (p.arenas[s].alignment > layout->alignment) layout->alignment = p.arenas[s].alignment;
  }
  return VMO_OK;
}

static bool list_calls(vmo_planning *planning) {
  for (uint32_t op = 0; op < planning->function->ops.count; op++) {
    const vmo_op *o = &planning->function->ops.data[op];
    if (o->code != VMO_OP_call) continue;
    vmo_call_site call = {(vmo_point)op, o->callee, planning->callee_offset_count};
    planning->callee_offset_count += planning->callees[o->callee].arena_count;
    if (!vmo_vec_push(planning->scratch->arena, &planning->calls, call)) return false;
  }
  return true;
}

vmo_status vmo_assign_slots(vmo_planning *planning) {
  bool apart = planning->options->results_in_caller;
  if (!list_calls(planning)) return VMO_OUT_OF_MEMORY;
  vmo_status status = make_layout(planning, !apart, &planning->layout);
  if (status != VMO_OK || !planning->called) return status;
  if (apart) {
    planning->call_layout = planning->layout;
    return VMO_OK;
  }
  return make_layout(planning, false, &planning->call_layout);
}
