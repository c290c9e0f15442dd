/* occupants.c: lists what takes bytes, for loads and for the planner: of the program as written, and of the plan.
 *
 * As written, every op result has bytes of its own from its definition to its last read, and what is handed over at a
 * yield costs nothing. A carried value that only ever is some other value (yielded as it came) is that value; one that
 * only ever is a parameter's or a constant's bytes is not the function's. In a plan, a buffer is one occupant. Linear in
 * storages, moves and live ranges. */
#include "passes/occupants.h"

#include <stdlib.h>
#include <string.h>

/* ---- memory that ops need while they run ---- */

static vmo_amount sum_of(const vmo_callee *callee, bool written) {
  return written ? callee->written_peak : callee->planned_peak;
}

/* A callee takes, in each space, the peak of that space; all together, its own peak, which is given to the first. */
static bool add_callee(const vmo_planning *p, const vmo_flow *flow, vmo_point op, uint32_t tag, bool written,
                       vmo_occupancy *occupancy) {
  const vmo_callee *callee = &p->callees[p->function->ops.data[op].callee];
  if (written) callee = &p->callees[p->written->ops.data[op].callee];
  if (!callee->summary.planned) return true;
  const vmo_amount *peaks = written ? callee->written_peaks : callee->planned_peaks;
  vmo_size_id zero = vmo_size_constant(p->module->sizes, 0);
  vmo_amount together = sum_of(callee, written);
  for (vmo_space_id space = 0; space < p->module->spaces.count; space++) {
    vmo_occupant occupant = {.space = space,
                             .home = flow->op_streams[op],
                             .bytes = peaks[space].bytes,
                             .size = peaks[space].size,
                             .together = space == 0 ? together.bytes : 0,
                             .size_together = space == 0 ? together.size : zero,
                             .tag = tag};
    if (!vmo_add_occupant(flow, occupancy, occupant, (vmo_live_range){op, op + 1})) return false;
  }
  return true;
}

static bool add_workspaces(const vmo_flow *flow, vmo_occupancy *occupancy) {
  for (uint32_t i = 0; i < flow->workspaces.count; i++) {
    const vmo_workspace *workspace = &flow->workspaces.data[i];
    vmo_occupant occupant = {.home = flow->op_streams[workspace->op],
                             .bytes = workspace->bytes,
                             .together = workspace->bytes,
                             .size = workspace->size,
                             .size_together = workspace->size,
                             .tag = VMO_TAG_WORKSPACE + i};
    if (!vmo_add_occupant(flow, occupancy, occupant, (vmo_live_range){workspace->op, workspace->op + 1})) return false;
  }
  return true;
}

static bool add_callees(const vmo_planning *p, const vmo_flow *flow, bool written, vmo_occupancy *occupancy) {
  const vmo_function *function = written ? p->written : p->function;
  uint32_t number = 0;
  for (uint32_t op = 0; op < function->ops.count; op++)
    if (function->ops.data[op].code == VMO_OP_call &&
        !add_callee(p, flow, (vmo_point)op, VMO_TAG_CALLEE + number++, written, occupancy))
      return false;
  return true;
}

/* ---- ranges ---- */

static bool add_range(const vmo_flow *flow, vmo_occupancy *occupancy, vmo_point begin, vmo_point end) {
  return begin >= end || vmo_vec_push(flow->memory->arena, &occupancy->ranges, ((vmo_live_range){begin, end}));
}

static int compare_ranges(const void *left, const void *right) {
  const vmo_live_range *a = left, *b = right;
  return (a->begin > b->begin) - (a->begin < b->begin);
}

/* Ranges given to one owner may come from several storages: joined, for each byte counts once. */
static void join_ranges(vmo_occupancy *occupancy, uint32_t first) {
  vmo_live_range *ranges = occupancy->ranges.data + first;
  uint32_t count = occupancy->ranges.count - first, kept = 0;
  bool sorted = true;
  for (uint32_t i = 1; i < count; i++) sorted = sorted && ranges[i - 1].begin <= ranges[i].begin;
  if (!sorted) qsort(ranges, count, sizeof *ranges, compare_ranges);
  for (uint32_t i = 0; i < count; i++) {
    if (kept > 0 && ranges[i].begin <= ranges[kept - 1].end) {
      if (ranges[i].end > ranges[kept - 1].end) ranges[kept - 1].end = ranges[i].end;
    } else {
      ranges[kept++] = ranges[i];
    }
  }
  occupancy->ranges.count = first + kept;
}

static bool add_storage_ranges(const vmo_flow *flow, const vmo_liveness *liveness, vmo_storage_id storage,
                               vmo_occupancy *occupancy) {
  for (uint32_t i = liveness->first[storage]; i < liveness->first[storage + 1]; i++)
    if (!add_range(flow, occupancy, liveness->ranges[i].begin, liveness->ranges[i].end)) return false;
  return true;
}

/* Reservations of each storage as lists; VMO_NONE ends one. */
typedef struct reservations {
  uint32_t *head, *next;
} reservations;

static bool list_reservations(const vmo_flow *flow, reservations *lists) {
  vmo_context *context = flow->memory;
  lists->head = vmo_alloc(context, ((size_t)flow->storages.count + 1) * sizeof *lists->head);
  lists->next = vmo_alloc(context, ((size_t)flow->reservations.count + 1) * sizeof *lists->next);
  if (!lists->head || !lists->next) return false;
  for (vmo_storage_id s = 0; s < flow->storages.count; s++) lists->head[s] = VMO_NONE;
  for (uint32_t i = 0; i < flow->reservations.count; i++) {
    lists->next[i] = lists->head[flow->reservations.data[i].storage];
    lists->head[flow->reservations.data[i].storage] = i;
  }
  return true;
}

static bool add_reservations(const vmo_flow *flow, const reservations *lists, vmo_storage_id storage,
                             vmo_occupancy *occupancy) {
  for (uint32_t i = lists->head[storage]; i != VMO_NONE; i = lists->next[i])
    if (!add_range(flow, occupancy, flow->reservations.data[i].begin, flow->reservations.data[i].end)) return false;
  return true;
}

static bool push_bytes(const vmo_flow *flow, vmo_occupant occupant, uint32_t first, vmo_occupancy *occupancy) {
  join_ranges(occupancy, first);
  occupant.range_first = first;
  occupant.range_count = occupancy->ranges.count - first;
  occupant.together = occupant.bytes;
  occupant.size_together = occupant.size;
  return vmo_vec_push(flow->memory->arena, &occupancy->occupants, occupant);
}

static bool push_occupant(const vmo_flow *flow, vmo_storage_id storage, vmo_stream_id home, uint32_t first,
                          vmo_occupancy *occupancy) {
  const vmo_storage *s = &flow->storages.data[storage];
  vmo_occupant occupant = {.space = s->space, .home = home, .bytes = s->bytes, .size = s->size, .tag = storage};
  return push_bytes(flow, occupant, first, occupancy);
}

/* ---- as written ---- */

typedef struct written {
  const vmo_flow *flow;
  vmo_storage_id *same; /* the storage that a carried one always is; itself otherwise */
  bool *own;            /* it may hold bytes that the function made */
  bool *returned;
} written;

static vmo_storage_id resolve(const written *w, vmo_storage_id storage) {
  while (w->same[storage] != storage) storage = w->same[storage];
  return storage;
}

/* Moves by their targets, as lists; VMO_NONE ends one. */
typedef struct moves_into {
  uint32_t *head, *next;
} moves_into;

static bool list_moves(const vmo_flow *flow, moves_into *lists) {
  lists->head = vmo_alloc(flow->memory, ((size_t)flow->storages.count + 1) * sizeof *lists->head);
  lists->next = vmo_alloc(flow->memory, ((size_t)flow->moves.count + 1) * sizeof *lists->next);
  if (!lists->head || !lists->next) return false;
  for (vmo_storage_id s = 0; s < flow->storages.count; s++) lists->head[s] = VMO_NONE;
  for (uint32_t m = 0; m < flow->moves.count; m++) {
    lists->next[m] = lists->head[flow->moves.data[m].target];
    lists->head[flow->moves.data[m].target] = m;
  }
  return true;
}

/* The one other storage that all sources of `s` are; VMO_NONE: there is none. */
static vmo_storage_id only_source(const written *w, const moves_into *lists, vmo_storage_id s) {
  vmo_storage_id only = VMO_NONE;
  for (uint32_t m = lists->head[s]; m != VMO_NONE; m = lists->next[m]) {
    vmo_storage_id from = w->flow->moves.data[m].source;
    if (from == VMO_NONE) return VMO_NONE;
    from = resolve(w, from);
    if (from == s || from == only) continue;
    if (only != VMO_NONE) return VMO_NONE;
    only = from;
  }
  return only;
}

static bool join_with_source(written *w, const moves_into *lists, vmo_storage_id s) {
  const vmo_storage *storages = w->flow->storages.data;
  if (storages[s].owner != VMO_OWNER_CARRIED || w->same[s] != s) return false;
  vmo_storage_id only = only_source(w, lists, s);
  if (only == VMO_NONE || storages[only].home != storages[s].home) return false;
  bool known = storages[only].bytes >= 0 && storages[only].bytes == storages[s].bytes;
  if (!known && storages[only].size != storages[s].size) return false; /* a part of it */
  w->same[s] = only;
  return true;
}

/* A carried storage whose sources are all one other storage is that storage. What one is may depend on another, inside
 * of it or beside it, so they are looked at in both orders until nothing is found; rarely more than twice, and no more
 * often than ROUNDS: what is missed then counts as a storage of its own. */
static bool find_same(written *w) {
  enum { ROUNDS = 8 };
  moves_into lists;
  uint32_t count = w->flow->storages.count;
  if (!list_moves(w->flow, &lists)) return false;
  bool changed = true;
  for (int round = 0; round < ROUNDS && changed; round++) {
    changed = false;
    for (vmo_storage_id s = count; s-- > 0;) changed = join_with_source(w, &lists, s) || changed;
    for (vmo_storage_id s = 0; s < count && changed; s++) join_with_source(w, &lists, s);
  }
  return true;
}

/* Carried storages hold bytes of the function's own when any of their sources does. */
static bool find_own(written *w) {
  const vmo_flow *flow = w->flow;
  vmo_context *context = flow->memory;
  uint32_t *head = vmo_alloc(context, ((size_t)flow->storages.count + 1) * sizeof *head);
  uint32_t *next = vmo_alloc(context, ((size_t)flow->moves.count + 1) * sizeof *next);
  VMO_VEC(vmo_storage_id) work = {0};
  if (!head || !next || !vmo_vec_reserve(context->arena, &work, flow->storages.count)) return false;
  for (vmo_storage_id s = 0; s < flow->storages.count; s++) {
    head[s] = VMO_NONE;
    w->own[s] = flow->storages.data[s].owner == VMO_OWNER_RESULT;
    if (w->own[s]) work.data[work.count++] = s;
  }
  for (uint32_t m = 0; m < flow->moves.count; m++) {
    if (flow->moves.data[m].source == VMO_NONE) continue;
    next[m] = head[flow->moves.data[m].source];
    head[flow->moves.data[m].source] = m;
  }
  while (work.count > 0) {
    vmo_storage_id from = work.data[--work.count];
    for (uint32_t m = head[from]; m != VMO_NONE; m = next[m]) {
      vmo_storage_id to = flow->moves.data[m].target;
      if (w->own[to] || flow->storages.data[to].owner != VMO_OWNER_CARRIED) continue;
      w->own[to] = true;
      work.data[work.count++] = to;
    }
  }
  return true;
}

static bool begin_written(written *w, const vmo_flow *flow) {
  vmo_context *context = flow->memory;
  *w = (written){.flow = flow};
  w->same = vmo_alloc(context, ((size_t)flow->storages.count + 1) * sizeof *w->same);
  w->own = vmo_alloc_array(context, (size_t)flow->storages.count + 1, sizeof *w->own);
  w->returned = vmo_alloc_array(context, (size_t)flow->storages.count + 1, sizeof *w->returned);
  if (!w->same || !w->own || !w->returned) return false;
  for (vmo_storage_id s = 0; s < flow->storages.count; s++) w->same[s] = s;
  if (!find_same(w) || !find_own(w)) return false;
  for (uint32_t m = 0; m < flow->moves.count; m++) {
    const vmo_move *move = &flow->moves.data[m];
    if (move->kind != VMO_MOVE_RETURN || move->source == VMO_NONE) continue;
    vmo_value_id value = vmo_op_value(flow->function, &flow->function->ops.data[move->op], move->operand);
    if (!flow->references[value].view) w->returned[resolve(w, move->source)] = true;
  }
  return true;
}

/* Storages that resolve to one another, as lists from the one that stands for them. */
static bool list_members(const written *w, vmo_storage_id **head, vmo_storage_id **next) {
  vmo_context *context = w->flow->memory;
  uint32_t count = w->flow->storages.count;
  *head = vmo_alloc(context, ((size_t)count + 1) * sizeof **head);
  *next = vmo_alloc(context, ((size_t)count + 1) * sizeof **next);
  if (!*head || !*next) return false;
  for (vmo_storage_id s = 0; s < count; s++) (*head)[s] = VMO_NONE;
  for (vmo_storage_id s = count; s-- > 0;) {
    vmo_storage_id root = resolve(w, s);
    (*next)[s] = (*head)[root];
    (*head)[root] = s;
  }
  return true;
}

vmo_status vmo_list_written_occupants(const vmo_planning *planning, bool results, vmo_occupancy *occupancy) {
  const vmo_flow *flow = planning->flow;
  written w;
  reservations lists;
  vmo_storage_id *head, *next;
  memset(occupancy, 0, sizeof *occupancy);
  if (!begin_written(&w, flow) || !list_reservations(flow, &lists) || !list_members(&w, &head, &next))
    return VMO_OUT_OF_MEMORY;
  for (vmo_storage_id s = 0; s < flow->storages.count; s++) {
    const vmo_storage *storage = &flow->storages.data[s];
    uint32_t first = occupancy->ranges.count;
    if (resolve(&w, s) != s || (w.returned[s] && !results)) continue;
    bool ok = true;
    if (storage->owner == VMO_OWNER_STATE) {
      ok = add_range(flow, occupancy, 0, flow->op_count - 1);
    } else {
      if (!w.own[s]) continue;
      for (vmo_storage_id member = head[s]; member != VMO_NONE && ok; member = next[member])
        ok = add_storage_ranges(flow, planning->liveness, member, occupancy) &&
             add_reservations(flow, &lists, member, occupancy);
    }
    if (!ok || !push_occupant(flow, s, storage->home, first, occupancy)) return VMO_OUT_OF_MEMORY;
  }
  bool ok = add_workspaces(flow, occupancy) && add_callees(planning, flow, true, occupancy);
  return ok ? VMO_OK : VMO_OUT_OF_MEMORY;
}

/* ---- as planned ---- */

bool vmo_is_in_arena(const vmo_planning *planning, vmo_storage_id root, bool results) {
  const vmo_storage *storages = planning->flow->storages.data;
  vmo_storage_id anchor = planning->buffers->classes[root].anchor;
  if (storages[root].owner == VMO_OWNER_CONSTANT) return false;
  if (anchor == VMO_NONE) return true;
  if (storages[anchor].owner == VMO_OWNER_PARAMETER) return false;
  return storages[anchor].owner == VMO_OWNER_STATE || results;
}

static bool add_segments(const vmo_flow *flow, const vmo_lane *lane, vmo_occupancy *occupancy) {
  for (const vmo_segment *s = vmo_find_segment(lane, -1); s; s = vmo_next_segment(lane, s))
    if (!add_range(flow, occupancy, s->begin, s->end)) return false;
  return true;
}

static bool add_members_reservations(const vmo_planning *p, const reservations *lists, vmo_storage_id root,
                                     vmo_occupancy *occupancy) {
  vmo_storage_id member = root;
  do {
    if (!add_reservations(p->flow, lists, member, occupancy)) return false;
    member = p->buffers->next[member];
  } while (member != root);
  return true;
}

/* Whether the member has bytes in the lane. */
static bool is_in_lane(const vmo_planning *p, vmo_storage_id member, const vmo_lane *lane) {
  vmo_bytes begin = p->buffers->offsets[member];
  return begin < 0 || (begin < lane->end && lane->begin < begin + p->flow->storages.data[member].bytes);
}

static bool add_lane_reservations(const vmo_planning *p, const reservations *lists, vmo_storage_id root,
                                  const vmo_lane *lane, vmo_occupancy *occupancy) {
  vmo_storage_id member = root;
  do {
    if (is_in_lane(p, member, lane) && !add_reservations(p->flow, lists, member, occupancy)) return false;
    member = p->buffers->next[member];
  } while (member != root);
  return true;
}

/* A buffer with parts takes bytes lane by lane. */
static bool add_lanes(const vmo_planning *p, const reservations *lists, vmo_storage_id root, vmo_occupancy *occupancy) {
  const vmo_buffer_class *class = &p->buffers->classes[root];
  for (uint32_t i = 0; i < class->part_count; i++) {
    uint32_t first = occupancy->ranges.count;
    vmo_bytes bytes = class->parts[i].end - class->parts[i].begin;
    vmo_occupant occupant = {.space = p->flow->storages.data[root].space,
                             .home = class->home,
                             .bytes = bytes,
                             .size = vmo_size_constant(p->module->sizes, bytes),
                             .tag = root};
    if (occupant.size == VMO_NONE || !add_segments(p->flow, &class->parts[i], occupancy) ||
        !add_lane_reservations(p, lists, root, &class->parts[i], occupancy) ||
        !push_bytes(p->flow, occupant, first, occupancy))
      return false;
  }
  return true;
}

static bool add_buffer(const vmo_planning *p, const reservations *lists, vmo_storage_id root, bool lanes,
                       vmo_occupancy *occupancy) {
  const vmo_flow *flow = p->flow;
  const vmo_buffer_class *class = &p->buffers->classes[root];
  uint32_t first = occupancy->ranges.count;
  if (class->anchor != VMO_NONE && flow->storages.data[class->anchor].owner == VMO_OWNER_STATE)
    return add_range(flow, occupancy, 0, flow->op_count) && push_occupant(flow, root, class->home, first, occupancy);
  if (class->part_count > 0 && lanes) return add_lanes(p, lists, root, occupancy);
  for (uint32_t i = 0; i < class->part_count; i++)
    if (!add_segments(flow, &class->parts[i], occupancy)) return false;
  bool own = class->part_count == 0 && !class->whole.root; /* alone: its storage's ranges */
  bool ok = own ? add_storage_ranges(flow, p->liveness, root, occupancy)
                : class->part_count > 0 || add_segments(flow, &class->whole, occupancy);
  if (!ok || !add_members_reservations(p, lists, root, occupancy)) return false;
  return occupancy->ranges.count == first || push_occupant(flow, root, class->home, first, occupancy);
}

static vmo_status list_buffers(const vmo_planning *planning, bool results, bool lanes, vmo_occupancy *occupancy) {
  const vmo_flow *flow = planning->flow;
  reservations lists;
  memset(occupancy, 0, sizeof *occupancy);
  if (!list_reservations(flow, &lists)) return VMO_OUT_OF_MEMORY;
  for (vmo_storage_id s = 0; s < flow->storages.count; s++) {
    if (vmo_find_buffer(planning->buffers, s) != s || !vmo_is_in_arena(planning, s, results)) continue;
    if (!add_buffer(planning, &lists, s, lanes, occupancy)) return VMO_OUT_OF_MEMORY;
  }
  return VMO_OK;
}

vmo_status vmo_list_buffers(const vmo_planning *planning, bool results, vmo_occupancy *occupancy) {
  return list_buffers(planning, results, false, occupancy);
}

vmo_status vmo_list_occupants(const vmo_planning *planning, bool results, vmo_occupancy *occupancy) {
  vmo_status status = list_buffers(planning, results, true, occupancy);
  if (status != VMO_OK) return status;
  bool ok = add_workspaces(planning->flow, occupancy) && add_callees(planning, planning->flow, false, occupancy);
  return ok ? VMO_OK : VMO_OUT_OF_MEMORY;
}
