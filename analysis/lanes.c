/* lanes.c: the segments in which some bytes of a buffer are live: whether two lists of them fit, and their union.
 *
 * The interference test by sorted segments is the linear check of congruence classes of B. Boissinot, A. Darte,
 * F. Rastello, B. Dupont de Dinechin, C. Guillon, "Revisiting Out-of-SSA Translation" (CGO 2009), with segments of live
 * ranges in place of dominance order. */
#include "analysis/lanes.h"

/* An operand in the buffer-to-be at the op that makes the result: it must be elsewhere, or at the very bytes that the
 * result takes and allowed to be overwritten. */
static bool allows(const vmo_merge *m, vmo_point point, uint32_t result, uint32_t operand, vmo_value_id value) {
  vmo_bytes begin, end;
  if (!vmo_find_bytes(m->buffers, value, &begin, &end)) return false;
  if (m->end >= 0 && end >= 0 && (end <= m->begin || m->end <= begin)) return true;
  return begin == m->begin && end == m->end && vmo_check_operand(m->buffers, point, result, operand) == VMO_REFUSED_NOT;
}

/* Result storage `made` begins at op `point` where a member of the same buffer-to-be ends: every operand of the op that
 * is in that buffer must allow it. */
static bool is_hand_over(const vmo_merge *m, vmo_point point, vmo_storage_id made) {
  const vmo_flow *flow = m->buffers->flow;
  const vmo_storage *storage = &flow->storages.data[made];
  if (storage->owner != VMO_OWNER_RESULT || storage->definition != point) return false;
  const vmo_op *op = &flow->function->ops.data[point];
  for (uint32_t k = 0; k < op->operand_count; k++) {
    vmo_value_id value = vmo_op_value(flow->function, op, k);
    vmo_storage_id operand = value == VMO_NONE ? VMO_NONE : flow->references[value].storage;
    bool replaced = m->buffers->replaced.words && vmo_bitset_get(&m->buffers->replaced, op->operand_first + k);
    if (operand == VMO_NONE || replaced) continue;
    vmo_storage_id root = vmo_find_buffer(m->buffers, operand);
    if (root != m->left && root != m->right) continue;
    if (!allows(m, point, storage->value - op->result_first, k, value)) return false;
  }
  return true;
}

static bool meet(const vmo_merge *m, const vmo_segment *earlier, const vmo_segment *later) {
  if (earlier->end <= later->begin) return true;
  if (earlier->end == later->begin + 1 && earlier->last != VMO_NONE && later->first != VMO_NONE) {
    const vmo_storage *storage = &m->buffers->flow->storages.data[earlier->last];
    bool made_before = storage->owner != VMO_OWNER_RESULT || storage->definition != later->begin;
    if (made_before && is_hand_over(m, later->begin, later->first)) return true;
  }
  return false;
}

/* An empty segment is live between two ops: what is live across that place cannot stand beside it. */
static bool is_clear_of(const vmo_merge *m, const vmo_segment *empty, const vmo_segment *other) {
  vmo_point place = empty->begin;
  if (other->begin > place || other->end < place) return true;
  if (other->begin == other->end) return false;
  if (other->end == place) return true;
  if (other->begin < place || other->first == VMO_NONE) return false;
  const vmo_storage *storage = &m->buffers->flow->storages.data[other->first];
  return storage->owner == VMO_OWNER_RESULT && storage->definition == place; /* it begins later, at the op */
}

/* Two segments may stand in one buffer when they are apart or one hands over to the other. */
static bool compatible(const vmo_merge *m, const vmo_segment *a, const vmo_segment *b) {
  if (a->begin == a->end) return is_clear_of(m, a, b);
  if (b->begin == b->end) return is_clear_of(m, b, a);
  if (a->end <= b->begin || b->end <= a->begin) return true;
  if (a->begin < b->begin) return meet(m, a, b);
  if (b->begin < a->begin) return meet(m, b, a);
  return meet(m, a, b) || meet(m, b, a); /* both begin at one op, one of them is over with it */
}

bool vmo_test_lanes(const vmo_merge *m, const vmo_lane *left, const vmo_lane *right) {
  for (const vmo_segment *segment = vmo_find_segment(right, -1); segment; segment = vmo_next_segment(right, segment)) {
    const vmo_segment *other = vmo_find_segment(left, segment->begin);
    for (; other && other->begin <= segment->end; other = vmo_next_segment(left, other)) {
      if (compatible(m, other, segment)) continue;
      vmo_point point = other->begin > segment->begin ? other->begin : segment->begin;
      *m->conflict = (vmo_conflict){VMO_REFUSED_SHARED_LIVE, point, other->last, segment->first};
      return false;
    }
  }
  return true;
}

bool vmo_join_lanes(vmo_buffers *buffers, vmo_lane *left, const vmo_lane *right) {
  for (const vmo_segment *segment = vmo_find_segment(right, -1); segment; segment = vmo_next_segment(right, segment))
    if (!vmo_add_segment(buffers, left, segment)) return false;
  return true;
}
