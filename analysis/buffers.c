/* buffers.c: merges storages into buffers; see buffers.h for the picture.
 *
 * The interference test by sorted segments is the linear check of congruence classes of B. Boissinot, A. Darte,
 * F. Rastello, B. Dupont de Dinechin, C. Guillon, "Revisiting Out-of-SSA Translation" (CGO 2009), with segments of
 * live ranges in place of dominance order. */
#include "analysis/buffers.h"

#include <string.h>

/* ---- union-find ---- */

vmo_storage_id vmo_find_buffer(const vmo_buffers *buffers, vmo_storage_id storage) {
  vmo_storage_id *parents = buffers->parents;
  while (parents[storage] != storage) {
    parents[storage] = parents[parents[storage]];
    storage = parents[storage];
  }
  return storage;
}

static bool is_anchor(const vmo_storage *storage) {
  return storage->owner == VMO_OWNER_PARAMETER || storage->owner == VMO_OWNER_STATE ||
         storage->owner == VMO_OWNER_RETURNED;
}

vmo_status vmo_create_buffers(const vmo_flow *flow, const vmo_liveness *liveness, const vmo_call_summary *summaries,
                              vmo_buffers **result) {
  vmo_context *context = flow->module->context;
  size_t count = (size_t)flow->storages.count + 1;
  vmo_buffers *buffers = vmo_alloc_array(context, 1, sizeof *buffers);
  if (!buffers) return VMO_OUT_OF_MEMORY;
  *buffers = (vmo_buffers){.flow = flow, .liveness = liveness, .summaries = summaries};
  buffers->parents = vmo_alloc(context, count * sizeof *buffers->parents);
  buffers->next = vmo_alloc(context, count * sizeof *buffers->next);
  buffers->classes = vmo_alloc_array(context, count, sizeof *buffers->classes);
  if (!buffers->parents || !buffers->next || !buffers->classes) return VMO_OUT_OF_MEMORY;
  for (vmo_storage_id s = 0; s < flow->storages.count; s++) {
    const vmo_storage *storage = &flow->storages.data[s];
    buffers->parents[s] = buffers->next[s] = s;
    buffers->classes[s].anchor = is_anchor(storage) ? s : VMO_NONE;
    buffers->classes[s].home = storage->home;
  }
  *result = buffers;
  return VMO_OK;
}

/* A class of one member has its segments made when they are first asked for. */
static bool make_segments(vmo_buffers *buffers, vmo_storage_id root) {
  vmo_buffer_class *class = &buffers->classes[root];
  const vmo_liveness *liveness = buffers->liveness;
  uint32_t count = liveness->first[root + 1] - liveness->first[root];
  if (class->segments || count == 0) return true;
  class->segments = vmo_alloc(buffers->flow->module->context, count * sizeof *class->segments);
  if (!class->segments) return false;
  class->segment_count = class->segment_capacity = count;
  for (uint32_t i = 0; i < count; i++) {
    vmo_live_range range = liveness->ranges[liveness->first[root] + i];
    class->segments[i] = (vmo_segment){range.begin, range.end, root, root};
  }
  return true;
}

/* ---- may an operand give its bytes to a result? ---- */

bool vmo_equal_storage(const vmo_flow *flow, vmo_storage_id left, vmo_storage_id right) {
  const vmo_storage *a = &flow->storages.data[left], *b = &flow->storages.data[right];
  const vmo_type *x = &flow->module->types.data[a->type], *y = &flow->module->types.data[b->type];
  if (vmo_element_bytes(x->element) != vmo_element_bytes(y->element)) return false;
  return x->count == y->count || (a->exact && b->exact && a->bytes == b->bytes);
}

static bool equal_widths(const vmo_module *module, vmo_type_id left, vmo_type_id right) {
  return vmo_element_bytes(module->types.data[left].element) == vmo_element_bytes(module->types.data[right].element);
}

/* A call hands back the donated argument's bytes when the callee's plan says so. */
static bool is_returned_argument(const vmo_buffers *buffers, const vmo_op *op, uint32_t result, uint32_t operand) {
  const vmo_call_summary *summary = buffers->summaries ? &buffers->summaries[op->callee] : NULL;
  return summary && summary->planned && summary->result_parameter[result] == operand;
}

vmo_refusal vmo_check_operand(const vmo_buffers *buffers, vmo_point point, uint32_t result, uint32_t operand) {
  const vmo_flow *flow = buffers->flow;
  const vmo_function *function = flow->function;
  const vmo_op *op = &function->ops.data[point];
  vmo_value_id value = vmo_op_value(function, op, operand), made = op->result_first + result;
  const vmo_reference *from = &flow->references[value], *to = &flow->references[made];
  const vmo_storage *source = &flow->storages.data[from->storage], *target = &flow->storages.data[to->storage];
  bool call = op->code == VMO_OP_call;
  if (call && !is_returned_argument(buffers, op, result, operand)) return VMO_REFUSED_OP_RULE;
  if (!call && !vmo_op_may_overwrite(flow->module, function, op, operand)) {
    bool declared = op->code == VMO_OP_declared;
    return declared || vmo_op_get_info(op->code)->overwrite != VMO_OVERWRITE_NEVER ? VMO_REFUSED_OPERAND_RULE
                                                                                   : VMO_REFUSED_OP_RULE;
  }
  if (source->owner == VMO_OWNER_CONSTANT) return VMO_REFUSED_CONSTANT;
  if (source->owner == VMO_OWNER_PARAMETER && !source->donated) return VMO_REFUSED_NOT_DONATED;
  if (!equal_widths(flow->module, function->values.data[value].type, target->type)) return VMO_REFUSED_WIDTH;
  const vmo_type *x = vmo_value_type(flow->module, function, value), *y = &flow->module->types.data[target->type];
  bool whole = from->end < 0 && vmo_equal_storage(flow, from->storage, to->storage);
  if (x->count != y->count && !whole) return VMO_REFUSED_COUNT;
  if (source->space != target->space) return VMO_REFUSED_SPACE;
  vmo_stream_id stream = flow->op_streams[point];
  if (source->stream != stream && source->home != stream) return VMO_REFUSED_STREAM;
  if (!call && !vmo_op_reads_same_index(flow->module, function, op, operand)) return VMO_REFUSED_OPERAND_RULE;
  return whole ? VMO_REFUSED_NOT : VMO_REFUSED_VIEW_LIVE;
}

/* Result storage `made` begins at op `point` where a member of the same buffer-to-be ends: every operand of the op that
 * is in that buffer must allow it. */
static bool is_hand_over(const vmo_buffers *buffers, vmo_point point, vmo_storage_id made, vmo_storage_id left,
                         vmo_storage_id right) {
  const vmo_flow *flow = buffers->flow;
  const vmo_storage *storage = &flow->storages.data[made];
  if (storage->owner != VMO_OWNER_RESULT || storage->definition != point) return false;
  const vmo_op *op = &flow->function->ops.data[point];
  uint32_t result = storage->value - op->result_first;
  for (uint32_t k = 0; k < op->operand_count; k++) {
    vmo_value_id value = vmo_op_value(flow->function, op, k);
    vmo_storage_id operand = value == VMO_NONE ? VMO_NONE : flow->references[value].storage;
    if (operand == VMO_NONE) continue;
    vmo_storage_id root = vmo_find_buffer(buffers, operand);
    if (root != left && root != right) continue;
    if (vmo_check_operand(buffers, point, result, k) != VMO_REFUSED_NOT) return false;
  }
  return true;
}

/* ---- merging ---- */

typedef struct merge {
  vmo_buffers *buffers;
  vmo_storage_id left, right; /* roots; left has no fewer segments */
  vmo_conflict *conflict;
} merge;

static bool meet(const merge *m, const vmo_segment *earlier, const vmo_segment *later) {
  if (earlier->end <= later->begin) return true;
  if (earlier->end == later->begin + 1) {
    const vmo_storage *storage = &m->buffers->flow->storages.data[earlier->last];
    bool made_before = storage->owner != VMO_OWNER_RESULT || storage->definition != later->begin;
    if (made_before && is_hand_over(m->buffers, later->begin, later->first, m->left, m->right)) return true;
  }
  return false;
}

/* Two segments may stand in one buffer when they are apart or one hands over to the other. */
static bool compatible(const merge *m, const vmo_segment *a, const vmo_segment *b) {
  if (a->end <= b->begin || b->end <= a->begin) return true;
  if (a->begin < b->begin) return meet(m, a, b);
  if (b->begin < a->begin) return meet(m, b, a);
  return meet(m, a, b) || meet(m, b, a); /* both begin at one op, one of them is over with it */
}

static uint32_t first_segment_ending_after(const vmo_buffer_class *class, vmo_point point) {
  uint32_t low = 0, high = class->segment_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (class->segments[middle].end <= point)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static bool test_segments(const merge *m) {
  const vmo_buffer_class *left = &m->buffers->classes[m->left], *right = &m->buffers->classes[m->right];
  for (uint32_t i = 0; i < right->segment_count; i++) {
    const vmo_segment *segment = &right->segments[i];
    for (uint32_t k = first_segment_ending_after(left, segment->begin);
         k < left->segment_count && left->segments[k].begin < segment->end; k++) {
      const vmo_segment *other = &left->segments[k];
      if (compatible(m, other, segment)) continue;
      vmo_point point = other->begin > segment->begin ? other->begin : segment->begin;
      *m->conflict = (vmo_conflict){VMO_REFUSED_SHARED_LIVE, point, other->last, segment->first};
      return false;
    }
  }
  return true;
}

/* Of two that begin at one op, the one that the op makes comes after the one that it reads. */
static bool comes_before(const vmo_flow *flow, const vmo_segment *a, const vmo_segment *b) {
  if (a->begin != b->begin) return a->begin < b->begin;
  const vmo_storage *first = &flow->storages.data[a->first];
  return !(first->owner == VMO_OWNER_RESULT && first->definition == a->begin);
}

/* Appends a segment to sorted ones, joining it with the last when they meet. */
static void append_segment(vmo_segment *segments, uint32_t *count, vmo_segment segment) {
  vmo_segment *last = *count > 0 ? &segments[*count - 1] : NULL;
  if (!last || last->end < segment.begin) {
    segments[(*count)++] = segment;
  } else if (segment.end >= last->end) {
    last->end = segment.end;
    last->last = segment.last;
  }
}

/* The usual case: all of `right` lies at or after the end of `left`. */
static bool append_segments(vmo_buffers *buffers, vmo_buffer_class *left, const vmo_buffer_class *right) {
  uint32_t wanted = left->segment_count + right->segment_count;
  if (wanted > left->segment_capacity) {
    uint32_t capacity = wanted < 4 ? 4 : wanted + wanted / 2;
    vmo_segment *grown = vmr_arena_grow(buffers->flow->module->context->arena, left->segments,
                                        left->segment_capacity * sizeof *grown, capacity * sizeof *grown);
    if (!grown) return false;
    left->segments = grown;
    left->segment_capacity = capacity;
  }
  for (uint32_t i = 0; i < right->segment_count; i++)
    append_segment(left->segments, &left->segment_count, right->segments[i]);
  return true;
}

static bool interleave_segments(vmo_buffers *buffers, vmo_buffer_class *left, const vmo_buffer_class *right) {
  uint32_t a = 0, b = 0, count = 0, wanted = left->segment_count + right->segment_count;
  vmo_segment *merged = vmo_alloc(buffers->flow->module->context, wanted * sizeof *merged);
  if (!merged) return false;
  while (a < left->segment_count || b < right->segment_count) {
    bool take_left = b == right->segment_count ||
                     (a < left->segment_count && comes_before(buffers->flow, &left->segments[a], &right->segments[b]));
    append_segment(merged, &count, take_left ? left->segments[a++] : right->segments[b++]);
  }
  left->segments = merged;
  left->segment_count = count;
  left->segment_capacity = wanted;
  return true;
}

static bool join_segments(vmo_buffers *buffers, vmo_buffer_class *left, const vmo_buffer_class *right) {
  if (right->segment_count == 0) return true;
  bool at_end = left->segment_count == 0 ||
                comes_before(buffers->flow, &left->segments[left->segment_count - 1], &right->segments[0]);
  return at_end ? append_segments(buffers, left, right) : interleave_segments(buffers, left, right);
}

/* Two places that exist apart from each other cannot be one. */
static vmo_refusal check_anchors(const vmo_buffers *buffers, vmo_storage_id left, vmo_storage_id right) {
  const vmo_storage *storages = buffers->flow->storages.data;
  vmo_storage_id a = buffers->classes[left].anchor, b = buffers->classes[right].anchor;
  const vmo_storage *both[] = {&storages[left], &storages[right], a == VMO_NONE ? NULL : &storages[a],
                               b == VMO_NONE ? NULL : &storages[b]};
  for (int i = 0; i < 4; i++) {
    if (!both[i]) continue;
    if (both[i]->owner == VMO_OWNER_CONSTANT) return VMO_REFUSED_CONSTANT;
    if (both[i]->owner == VMO_OWNER_PARAMETER && !both[i]->donated) return VMO_REFUSED_NOT_DONATED;
  }
  if (a == VMO_NONE || b == VMO_NONE) return VMO_REFUSED_NOT;
  bool returned = (storages[a].owner == VMO_OWNER_RETURNED) != (storages[b].owner == VMO_OWNER_RETURNED);
  bool parameter = storages[a].owner == VMO_OWNER_PARAMETER || storages[b].owner == VMO_OWNER_PARAMETER;
  return returned && parameter && !buffers->keep_results_fresh ? VMO_REFUSED_NOT : VMO_REFUSED_SHARED_LIVE;
}

/* The outer one of two streams. */
static vmo_stream_id outer_stream(const vmo_flow *flow, vmo_stream_id left, vmo_stream_id right) {
  while (left != right) {
    if (left > right)
      left = flow->streams.data[left].parent;
    else
      right = flow->streams.data[right].parent;
  }
  return left;
}

static void unite(vmo_buffers *buffers, vmo_storage_id left, vmo_storage_id right) {
  vmo_buffer_class *kept = &buffers->classes[left];
  const vmo_buffer_class *gone = &buffers->classes[right];
  const vmo_storage *storages = buffers->flow->storages.data;
  kept->home = outer_stream(buffers->flow, kept->home, gone->home);
  bool replaces =
      kept->anchor == VMO_NONE || (gone->anchor != VMO_NONE && storages[gone->anchor].owner == VMO_OWNER_PARAMETER);
  if (replaces) kept->anchor = gone->anchor;
  buffers->parents[right] = left;
  vmo_storage_id swap = buffers->next[left];
  buffers->next[left] = buffers->next[right];
  buffers->next[right] = swap;
}

vmo_status vmo_merge_buffers(vmo_buffers *buffers, vmo_storage_id left, vmo_storage_id right, vmo_conflict *conflict) {
  const vmo_storage *storages = buffers->flow->storages.data;
  *conflict = (vmo_conflict){VMO_REFUSED_NOT, -1, VMO_NONE, VMO_NONE};
  left = vmo_find_buffer(buffers, left);
  right = vmo_find_buffer(buffers, right);
  if (left == right) return VMO_OK;
  if (storages[left].space != storages[right].space)
    conflict->refusal = VMO_REFUSED_SPACE;
  else
    conflict->refusal = check_anchors(buffers, left, right);
  if (conflict->refusal != VMO_REFUSED_NOT) return VMO_OK;
  if (!make_segments(buffers, left) || !make_segments(buffers, right)) return VMO_OUT_OF_MEMORY;
  if (buffers->classes[left].segment_count < buffers->classes[right].segment_count) {
    vmo_storage_id swap = left;
    left = right;
    right = swap;
  }
  merge m = {buffers, left, right, conflict};
  if (!test_segments(&m)) return VMO_OK;
  if (!join_segments(buffers, &buffers->classes[left], &buffers->classes[right])) return VMO_OUT_OF_MEMORY;
  unite(buffers, left, right);
  return VMO_OK;
}

void vmo_dump_buffers(const vmo_buffers *buffers, vmo_text *out) {
  for (vmo_storage_id s = 0; s < buffers->flow->storages.count; s++) {
    if (vmo_find_buffer(buffers, s) != s || buffers->next[s] == s) continue;
    vmo_text_add(out, "buffer");
    vmo_storage_id member = s;
    do {
      vmo_text_add_char(out, ' ');
      vmo_dump_storage_name(buffers->flow, member, out);
      member = buffers->next[member];
    } while (member != s);
    for (uint32_t i = 0; i < buffers->classes[s].segment_count; i++)
      vmo_text_addf(out, " [%d, %d)", buffers->classes[s].segments[i].begin, buffers->classes[s].segments[i].end);
    vmo_text_add_char(out, '\n');
  }
}
