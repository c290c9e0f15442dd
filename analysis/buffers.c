/* buffers.c: which storages are one buffer, and whether two may become one; see buffers.h for the picture. */
#include "analysis/lanes.h"

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
  vmo_context *context = flow->memory;
  size_t count = (size_t)flow->storages.count + 1;
  vmo_buffers *buffers = vmo_alloc_array(context, 1, sizeof *buffers);
  if (!buffers) return VMO_OUT_OF_MEMORY;
  *buffers = (vmo_buffers){.flow = flow, .liveness = liveness, .summaries = summaries};
  buffers->parents = vmo_alloc(context, count * sizeof *buffers->parents);
  buffers->next = vmo_alloc(context, count * sizeof *buffers->next);
  buffers->offsets = vmo_alloc(context, count * sizeof *buffers->offsets);
  buffers->classes = vmo_alloc_array(context, count, sizeof *buffers->classes);
  buffers->access_counts = vmo_alloc_array(context, count, sizeof *buffers->access_counts);
  if (!buffers->parents || !buffers->next || !buffers->offsets || !buffers->classes || !buffers->access_counts)
    return VMO_OUT_OF_MEMORY;
  for (uint32_t m = 0; m < flow->members.count; m++) buffers->access_counts[flow->members.data[m]]++;
  for (vmo_storage_id s = 0; s < flow->storages.count; s++) {
    const vmo_storage *storage = &flow->storages.data[s];
    buffers->parents[s] = buffers->next[s] = s;
    buffers->offsets[s] = -1;
    buffers->classes[s].whole.end = -1;
    buffers->classes[s].anchor = is_anchor(storage) ? s : VMO_NONE;
    buffers->classes[s].home = storage->home;
  }
  *result = buffers;
  return VMO_OK;
}

/* A class of one member has its segments made when they are first asked for. */
bool vmo_make_segments(vmo_buffers *buffers, vmo_storage_id root) {
  vmo_lane *lane = &buffers->classes[root].whole;
  const vmo_liveness *liveness = buffers->liveness;
  if (lane->root) return true;
  for (uint32_t i = liveness->first[root]; i < liveness->first[root + 1]; i++) {
    vmo_segment segment = {
        .begin = liveness->ranges[i].begin, .end = liveness->ranges[i].end, .first = root, .last = root};
    if (!vmo_add_segment(buffers, lane, &segment)) return false;
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

/* A call hands back the donated argument's bytes when the callee's plan says so. */
static bool is_returned_argument(const vmo_buffers *buffers, const vmo_op *op, uint32_t result, uint32_t operand) {
  const vmo_call_summary *summary = buffers->summaries ? &buffers->summaries[op->callee] : NULL;
  return summary && summary->planned && summary->result_parameter[result] == operand;
}

/* Whether an operand whose type has `count` elements is read at the index at which the result, of as many elements or
 * not, is written. */
static bool reads_same_index(const vmo_flow *flow, const vmo_op *op, uint32_t operand, bool equal_counts) {
  bool plain = op->region_count == 0 && !vmo_op_is_destination(op); /* then the counts decide */
  return (plain && equal_counts) || vmo_op_reads_same_index(flow->module, flow->function, op, operand);
}

/* The operand's storage is looked up, and little else of it: it may lie anywhere. */
vmo_refusal vmo_check_operand_bytes(const vmo_buffers *buffers, vmo_point point, uint32_t result, uint32_t operand,
                                    vmo_storage_id storage, bool whole) {
  const vmo_flow *flow = buffers->flow;
  const vmo_function *function = flow->function;
  const vmo_op *op = &function->ops.data[point];
  vmo_value_id value = vmo_op_value(function, op, operand), made = op->result_first + result;
  vmo_storage_id to = flow->references[made].storage;
  const vmo_storage *source = &flow->storages.data[storage], *target = &flow->storages.data[to];
  bool call = op->code == VMO_OP_call;
  if (call && !is_returned_argument(buffers, op, result, operand)) return VMO_REFUSED_OP_RULE;
  if (!call && !vmo_op_may_overwrite(flow->module, function, op, operand)) {
    bool declared = op->code == VMO_OP_declared;
    return declared || vmo_op_get_info(op->code)->overwrite != VMO_OVERWRITE_NEVER ? VMO_REFUSED_OPERAND_RULE
                                                                                   : VMO_REFUSED_OP_RULE;
  }
  if (source->owner == VMO_OWNER_CONSTANT) return VMO_REFUSED_CONSTANT;
  if (source->owner == VMO_OWNER_PARAMETER && !source->donated) return VMO_REFUSED_NOT_DONATED;
  vmo_type_id type = source->value == value ? source->type : function->values.data[value].type;
  const vmo_type *x = &flow->module->types.data[type], *y = &flow->module->types.data[target->type];
  if (vmo_element_bytes(x->element) != vmo_element_bytes(y->element)) return VMO_REFUSED_WIDTH;
  if (x->count != y->count && !(whole && vmo_equal_storage(flow, storage, to))) return VMO_REFUSED_COUNT;
  if (source->space != target->space) return VMO_REFUSED_SPACE;
  vmo_stream_id stream = flow->op_streams[point];
  if (source->stream != stream && source->home != stream) return VMO_REFUSED_STREAM;
  bool starts_as_operand = call || (vmo_op_is_destination(op) && operand == 0);
  if (!starts_as_operand && !reads_same_index(flow, op, operand, x->count == y->count)) return VMO_REFUSED_OPERAND_RULE;
  return VMO_REFUSED_NOT;
}

vmo_refusal vmo_check_operand(const vmo_buffers *buffers, vmo_point point, uint32_t result, uint32_t operand) {
  const vmo_flow *flow = buffers->flow;
  vmo_value_id value = vmo_op_value(flow->function, &flow->function->ops.data[point], operand);
  const vmo_reference *from = &flow->references[value];
  return vmo_check_operand_bytes(buffers, point, result, operand, from->storage, from->end < 0);
}

/* The bytes of a value in its buffer; end -1: all of them. False: not known. */
bool vmo_find_bytes(const vmo_buffers *buffers, vmo_value_id value, vmo_bytes *begin, vmo_bytes *end) {
  const vmo_flow *flow = buffers->flow;
  const vmo_reference *reference = &flow->references[value];
  vmo_bytes offset = buffers->offsets[reference->storage];
  const vmo_storage *storage = &flow->storages.data[reference->storage];
  *begin = offset < 0 ? 0 : offset;
  *end = offset < 0 ? -1 : offset + storage->bytes;
  if (reference->end >= 0) {
    *end = *begin + reference->end;
    *begin += reference->begin;
    return true;
  }
  const vmo_type *type = vmo_value_type(flow->module, flow->function, value);
  return !reference->view || type->bytes == storage->size;
}

bool vmo_is_whole_buffer(const vmo_buffers *buffers, vmo_value_id value) {
  vmo_bytes begin, end;
  vmo_storage_id root = vmo_find_buffer(buffers, buffers->flow->references[value].storage);
  return buffers->classes[root].part_count == 0 && vmo_find_bytes(buffers, value, &begin, &end) && end < 0;
}

bool vmo_is_same_place(const vmo_buffers *buffers, vmo_value_id left, vmo_value_id right) {
  vmo_bytes begin, end, other_begin, other_end;
  return vmo_find_bytes(buffers, left, &begin, &end) && vmo_find_bytes(buffers, right, &other_begin, &other_end) &&
         begin == other_begin && end == other_end;
}

/* ---- merging ---- */

/* Two places that exist apart from each other cannot be one. */
vmo_refusal vmo_check_anchors(const vmo_buffers *buffers, vmo_storage_id left, vmo_storage_id right) {
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

void vmo_unite_buffers(vmo_buffers *buffers, vmo_storage_id left, vmo_storage_id right) {
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
  else if (buffers->classes[left].part_count + buffers->classes[right].part_count > 0)
    conflict->refusal = VMO_REFUSED_VIEW_LIVE;
  else
    conflict->refusal = vmo_check_anchors(buffers, left, right);
  if (conflict->refusal != VMO_REFUSED_NOT) return VMO_OK;
  if (!vmo_make_segments(buffers, left) || !vmo_make_segments(buffers, right)) return VMO_OUT_OF_MEMORY;
  if (buffers->classes[left].whole.segment_count < buffers->classes[right].whole.segment_count) {
    vmo_storage_id swap = left;
    left = right;
    right = swap;
  }
  vmo_merge m = {buffers, left, right, 0, -1, conflict};
  vmo_lane *kept = &buffers->classes[left].whole, *gone = &buffers->classes[right].whole;
  if (!vmo_test_lanes(&m, kept, gone)) return VMO_OK;
  if (!vmo_join_lanes(buffers, kept, gone)) return VMO_OUT_OF_MEMORY;
  vmo_clear_lane(buffers, gone);
  vmo_unite_buffers(buffers, left, right);
  return VMO_OK;
}

static void dump_segments(const vmo_lane *lane, vmo_text *out) {
  for (const vmo_segment *s = vmo_find_segment(lane, -1); s; s = vmo_next_segment(lane, s))
    vmo_text_addf(out, " [%d, %d)", s->begin, s->end);
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
    const vmo_buffer_class *class = &buffers->classes[s];
    if (class->part_count == 0) dump_segments(&class->whole, out);
    for (uint32_t i = 0; i < class->part_count; i++) {
      vmo_text_addf(out, " bytes [%lld, %lld)", (long long)class->parts[i].begin, (long long)class->parts[i].end);
      dump_segments(&class->parts[i], out);
    }
    vmo_text_add_char(out, '\n');
  }
}
