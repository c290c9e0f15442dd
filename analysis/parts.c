/* parts.c: a result takes the bytes of a part of a buffer; see vmo_take_part.
 *
 * The buffer is divided into lanes of bytes, each with its own segments. In the lanes that the result takes, the life of
 * the operand's storage is replaced by the life of just those bytes, found from the accesses that touch them. A storage
 * with very many accesses is not divided, so that splitting one array into n parts does not cost n times n. */
#include "analysis/lanes.h"

#include <string.h>

enum { MAX_PARTS = 1024 };

static bool copy_lane(vmo_buffers *buffers, const vmo_lane *from, vmo_lane *to) {
  vmr_arena *arena = buffers->flow->memory->arena;
  *to = (vmo_lane){.begin = from->begin, .end = from->end};
  if (!vmo_vec_reserve(arena, &to->restricted, from->restricted.count)) return false;
  for (uint32_t i = 0; i < from->restricted.count; i++)
    to->restricted.data[to->restricted.count++] = from->restricted.data[i];
  return vmo_join_lanes(buffers, to, from);
}

/* ---- dividing ---- */

static bool reserve_part(vmo_buffers *buffers, vmo_buffer_class *class) {
  return class->part_count < class->part_capacity ||
         vmo_vec_grow(buffers->flow->memory->arena, (void **)&class->parts, &class->part_capacity,
                      class->part_count + 1, sizeof *class->parts);
}

static bool begin_parts(vmo_buffers *buffers, vmo_storage_id root) {
  vmo_buffer_class *class = &buffers->classes[root];
  if (class->part_count > 0) return true;
  if (!reserve_part(buffers, class) || !copy_lane(buffers, &class->whole, &class->parts[0])) return false;
  class->parts[0].begin = 0;
  class->parts[0].end = buffers->flow->storages.data[root].bytes;
  class->part_count = 1;
  buffers->has_parts = true;
  return true;
}

/* Makes `at` a border between lanes. */
static bool divide(vmo_buffers *buffers, vmo_buffer_class *class, vmo_bytes at) {
  uint32_t i = 0;
  while (i < class->part_count && class->parts[i].end <= at) i++;
  if (i == class->part_count || class->parts[i].begin >= at) return true;
  if (!reserve_part(buffers, class)) return false;
  memmove(&class->parts[i + 1], &class->parts[i], (class->part_count - i) * sizeof *class->parts);
  class->part_count++;
  if (!copy_lane(buffers, &class->parts[i + 1], &class->parts[i])) return false;
  class->parts[i].end = class->parts[i + 1].begin = at;
  return true;
}

/* ---- the life of just these bytes ---- */

/* Takes the storage's life over one of its ranges out of a lane; what else is live in the segments there stays, a life
 * that takes over at the storage's last op included: it begins at that op. */
static bool cut_range(vmo_buffers *buffers, vmo_lane *lane, vmo_live_range range, vmo_storage_id storage) {
  const vmo_segment *next = vmo_find_segment(lane, range.begin);
  while (next && next->begin <= range.end) {
    vmo_segment cut = *next;
    bool own = cut.begin == cut.end && cut.begin == range.begin && range.begin == range.end && cut.first == storage;
    if (!own && (cut.begin >= range.end || cut.end <= range.begin)) {
      next = vmo_next_segment(lane, next);
      continue;
    }
    vmo_segment before = {.begin = cut.begin, .end = range.begin, .first = cut.first, .last = VMO_NONE};
    vmo_segment after = {.begin = range.end - 1, .end = cut.end, .first = VMO_NONE, .last = cut.last};
    vmo_remove_segment(buffers, lane, next);
    if (before.begin < before.end && !vmo_add_segment(buffers, lane, &before)) return false;
    if (range.end < cut.end && !vmo_add_segment(buffers, lane, &after)) return false;
    if (cut.end > range.end) break;
    next = vmo_find_segment(lane, range.end);
  }
  return true;
}

/* Notes that the storage is restricted in the lane; *already when it was, and its life there may be one with others'. */
static bool note_restricted(vmo_buffers *buffers, vmo_lane *lane, vmo_storage_id storage, bool *already) {
  uint32_t at = lane->restricted.count;
  while (at > 0 && lane->restricted.data[at - 1] > storage) at--;
  *already = at > 0 && lane->restricted.data[at - 1] == storage;
  if (*already) return true;
  if (!vmo_vec_reserve(buffers->flow->memory->arena, &lane->restricted, 1)) return false;
  vmo_storage_id *place = lane->restricted.data + at;
  memmove(place + 1, place, (lane->restricted.count++ - at) * sizeof *place);
  *place = storage;
  return true;
}

/* From now on `storage` (at `offset` in the buffer) lives in the lane only where the lane's bytes do. */
static vmo_status restrict_lane(vmo_buffers *buffers, vmo_byte_liveness *bytes, vmo_lane *lane, vmo_storage_id storage,
                                vmo_bytes offset) {
  const vmo_liveness *liveness = buffers->liveness;
  const vmo_live_range *ranges;
  uint32_t count;
  bool already;
  if (!note_restricted(buffers, lane, storage, &already)) return VMO_OUT_OF_MEMORY;
  if (already) return VMO_OK;
  for (uint32_t i = liveness->first[storage]; i < liveness->first[storage + 1]; i++)
    if (!cut_range(buffers, lane, liveness->ranges[i], storage)) return VMO_OUT_OF_MEMORY;
  vmo_status status = vmo_find_byte_liveness(bytes, storage, lane->begin - offset, lane->end - offset, &ranges, &count);
  for (uint32_t i = 0; i < count && status == VMO_OK; i++) {
    vmo_segment own = {.begin = ranges[i].begin, .end = ranges[i].end, .first = storage, .last = storage};
    if (!vmo_add_segment(buffers, lane, &own)) status = VMO_OUT_OF_MEMORY;
  }
  return status;
}

/* ---- taking ---- */

/* What the result shares its bytes with already moves along, but a place that must stand for itself cannot. */
static bool is_movable(const vmo_buffers *buffers, vmo_storage_id root) {
  vmo_storage_id anchor = buffers->classes[root].anchor;
  if (buffers->classes[root].part_count > 0) return false;
  if (anchor == VMO_NONE) return true;
  return buffers->flow->storages.data[anchor].owner == VMO_OWNER_RETURNED && !buffers->results_apart;
}

/* In the bytes of a parameter, or of a result that the caller provides, the plan's text says of a value whose bytes it is
 * over, and not where: so a result can take a part there, but nothing that shares its bytes can come along. */
static bool is_sayable(const vmo_buffers *buffers, vmo_storage_id into, vmo_storage_id root) {
  vmo_storage_id anchor = buffers->classes[into].anchor;
  if (anchor == VMO_NONE || buffers->next[root] == root) return true;
  vmo_storage_owner owner = buffers->flow->storages.data[anchor].owner;
  return owner != VMO_OWNER_PARAMETER && !(owner == VMO_OWNER_RETURNED && buffers->results_apart);
}

static void set_offsets(vmo_buffers *buffers, vmo_storage_id root, vmo_bytes offset) {
  vmo_storage_id member = root;
  do {
    buffers->offsets[member] = offset;
    member = buffers->next[member];
  } while (member != root);
}

static uint32_t count_accesses(const vmo_buffers *buffers, vmo_storage_id storage) {
  return buffers->access_counts[storage];
}

static vmo_status take_lanes(const vmo_merge *m, vmo_byte_liveness *bytes, vmo_storage_id storage, vmo_bytes offset) {
  vmo_buffer_class *class = &m->buffers->classes[m->left];
  const vmo_lane *made = &m->buffers->classes[m->right].whole;
  uint32_t first = 0, end;
  while (class->parts[first].begin < m->begin) first++;
  for (end = first; end < class->part_count && class->parts[end].begin < m->end; end++) {
    vmo_status status = restrict_lane(m->buffers, bytes, &class->parts[end], storage, offset);
    if (status != VMO_OK) return status; /* the lane is now true whether or not the result is taken in */
    if (!vmo_test_lanes(m, &class->parts[end], made)) return VMO_OK;
  }
  for (uint32_t i = first; i < end; i++)
    if (!vmo_join_lanes(m->buffers, &class->parts[i], made)) return VMO_OUT_OF_MEMORY;
  set_offsets(m->buffers, m->right, m->begin);
  vmo_unite_buffers(m->buffers, m->left, m->right);
  return VMO_OK;
}

/* Of a place for a result and what shares its bytes already. Alone, it is written over its operand, wherever that is;
 * others of its buffer, such as a copy to what a loop carries, have that place as their own. */
static uint32_t find_alignment(const vmo_buffers *buffers, vmo_storage_id root, const vmo_storage *result) {
  bool alone = buffers->next[root] == root;
  return alone || result->alignment > buffers->alignment ? result->alignment : buffers->alignment;
}

static vmo_refusal check_part(const vmo_buffers *buffers, vmo_value_id value, vmo_storage_id made, vmo_merge *m) {
  const vmo_flow *flow = buffers->flow;
  const vmo_storage *result = &flow->storages.data[made], *root = &flow->storages.data[m->left];
  if (!is_movable(buffers, m->right) || !is_sayable(buffers, m->left, m->right)) return VMO_REFUSED_SHARED_LIVE;
  if (root->bytes < 0 || !root->exact || !vmo_find_bytes(buffers, value, &m->begin, &m->end))
    return VMO_REFUSED_VIEW_LIVE;
  if (m->end < 0) m->end = root->bytes;
  if (m->end - m->begin != result->bytes || m->begin == m->end) return VMO_REFUSED_COUNT;
  uint32_t alignment = find_alignment(buffers, m->right, result);
  if (alignment > 1 && m->begin % alignment != 0) return VMO_REFUSED_ALIGNMENT;
  bool many = buffers->classes[m->left].part_count + 2 > MAX_PARTS;
  if (many || count_accesses(buffers, flow->references[value].storage) > 4 * MAX_PARTS) return VMO_REFUSED_VIEW_LIVE;
  return vmo_check_anchors(buffers, m->left, m->right);
}

vmo_status vmo_take_part(vmo_buffers *buffers, vmo_byte_liveness *bytes, vmo_value_id value, vmo_storage_id made,
                         vmo_conflict *conflict) {
  vmo_storage_id storage = buffers->flow->references[value].storage;
  vmo_merge m = {buffers, vmo_find_buffer(buffers, storage), vmo_find_buffer(buffers, made), 0, -1, conflict};
  *conflict = (vmo_conflict){VMO_REFUSED_NOT, -1, VMO_NONE, VMO_NONE};
  if (m.right == m.left) return VMO_OK;
  conflict->refusal = check_part(buffers, value, made, &m);
  if (conflict->refusal != VMO_REFUSED_NOT) return VMO_OK;
  vmo_buffer_class *class = &buffers->classes[m.left];
  if (!vmo_make_segments(buffers, m.left) || !vmo_make_segments(buffers, m.right) || !begin_parts(buffers, m.left) ||
      !divide(buffers, class, m.begin) || !divide(buffers, class, m.end))
    return VMO_OUT_OF_MEMORY;
  vmo_bytes offset = buffers->offsets[storage];
  return take_lanes(&m, bytes, storage, offset < 0 ? 0 : offset);
}
