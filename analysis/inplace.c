/* inplace.c: the reasons for refusing to write a result over an operand, found and put into words.
 *
 * Cost: one binary search in the accesses of the operand's storage for each refusal. */
#include "analysis/inplace.h"

/* One row a refusal: its name in JSON, and its sentence. In a sentence %l is the location, %o the other value, %v the
 * operand, %r the result, %w and %W their element widths. */
static const struct {
  const char *name, *sentence;
} refusals[VMO_REFUSAL_COUNT] = {
    [VMO_REFUSED_NOT] = {"allowed", "allowed"},
    [VMO_REFUSED_OTHER_CHOSEN] = {"other-operand-chosen", "the result already takes the bytes of %o"},
    [VMO_REFUSED_OP_RULE] = {"op-reads-neighbours",
                             "op reads neighbours: %p may read an element after its place is written"},
    [VMO_REFUSED_OPERAND_RULE] = {"operand-rule", "%p may not overwrite this operand"},
    [VMO_REFUSED_CONSTANT] = {"constant", "constant"},
    [VMO_REFUSED_NOT_DONATED] = {"parameter-not-donated", "parameter is not donated"},
    [VMO_REFUSED_WIDTH] = {"element-width", "%w-byte %m cannot hold %W-byte elements"},
    [VMO_REFUSED_COUNT] = {"element-count", "element counts are not provably equal"},
    [VMO_REFUSED_SPACE] = {"other-space", "other memory space"},
    [VMO_REFUSED_STREAM] = {"other-stream", "other stream"},
    [VMO_REFUSED_READ_LATER] = {"read-later", "operand is read later at %l"},
    [VMO_REFUSED_READ_NEXT_ITERATION] = {"read-in-next-iteration", "operand is read in the next iteration at %l"},
    [VMO_REFUSED_VIEW_LIVE] = {"view-live", "view of %v is still live: %o is read at %l"},
    [VMO_REFUSED_OVERLAPPING_OPERAND] = {"overlapping-operand", "%o has the same bytes and is read at another index"},
    [VMO_REFUSED_SHARED_LIVE] = {"shared-bytes-live", "the bytes are shared with %o, whose life overlaps"},
    [VMO_REFUSED_ALIGNMENT] = {"alignment", "the operand's bytes are not aligned as the result's type asks"},
    [VMO_REFUSED_STATE] = {"state", "the state's bytes must hold the next state"},
};

const char *vmo_refusal_name(vmo_refusal refusal) { return refusals[refusal].name; }

/* ---- finding the place ---- */

static const vmo_access *access_at(const vmo_buffers *buffers, const vmo_storage_accesses *index, uint32_t i) {
  return &buffers->flow->accesses.data[index->accesses[i]];
}

static bool touches(const vmo_access *access, const vmo_reference *bytes) {
  return access->kind == VMO_ACCESS_READ &&
         (bytes->end < 0 || access->end < 0 || (access->begin < bytes->end && bytes->begin < access->end));
}

/* The first read of the bytes that `bytes` refers to at an op in [begin, end), or NULL. */
static const vmo_access *find_read(const vmo_buffers *buffers, const vmo_storage_accesses *index,
                                   const vmo_reference *bytes, vmo_point begin, vmo_point end) {
  uint32_t low = vmo_find_access(buffers->flow, index, bytes->storage, begin), last = index->first[bytes->storage + 1];
  for (; low < last && access_at(buffers, index, low)->op < end; low++)
    if (touches(access_at(buffers, index, low), bytes)) return access_at(buffers, index, low);
  return NULL;
}

static vmo_block_id block_of(const vmo_flow *flow, vmo_point point) {
  uint32_t low = 0, high = flow->blocks.count - 1;
  while (low < high) { /* the last block that begins at or before point and is not empty */
    uint32_t middle = low + (high - low + 1) / 2;
    if (flow->blocks.data[middle].begin <= point)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

static const vmo_access *find_read_in_next_iteration(const vmo_buffers *buffers, const vmo_cfg *cfg,
                                                     const vmo_storage_accesses *index, const vmo_reference *bytes,
                                                     vmo_point point) {
  uint32_t l = cfg->block_loops[block_of(buffers->flow, point)];
  for (; l != VMO_NONE; l = cfg->loops.data[l].parent) {
    vmo_point begin = buffers->flow->blocks.data[cfg->loops.data[l].first].begin;
    const vmo_access *read = find_read(buffers, index, bytes, begin, point + 1);
    if (read) return read;
  }
  return NULL;
}

void vmo_blame_read(const vmo_flow *flow, vmo_point op, vmo_value_id value, vmo_refusal refusal,
                    vmo_inplace_fact *fact) {
  fact->refusal = refusal;
  fact->read = op;
  bool other = value != VMO_NONE && value != fact->operand;
  if (other && (flow->references[value].view || flow->references[fact->operand].view)) {
    fact->refusal = VMO_REFUSED_VIEW_LIVE;
    fact->other = value;
  }
}

/* Another operand of the op has the same bytes and must not be overwritten. */
static bool blame_operand(const vmo_buffers *buffers, vmo_inplace_fact *fact) {
  const vmo_flow *flow = buffers->flow;
  const vmo_op *op = &flow->function->ops.data[fact->op];
  vmo_storage_id root = vmo_find_buffer(buffers, flow->references[fact->operand].storage);
  for (uint32_t k = 0; k < op->operand_count; k++) {
    vmo_value_id value = vmo_op_value(flow->function, op, k);
    if (value == VMO_NONE || flow->references[value].storage == VMO_NONE) continue;
    if (vmo_find_buffer(buffers, flow->references[value].storage) != root) continue;
    if (vmo_check_operand(buffers, fact->op, fact->result - op->result_first, k) == VMO_REFUSED_NOT) continue;
    fact->refusal = VMO_REFUSED_OVERLAPPING_OPERAND;
    fact->other = value;
    return true;
  }
  return false;
}

bool vmo_explain_read(const vmo_buffers *buffers, const vmo_cfg *cfg, const vmo_storage_accesses *accesses,
                      vmo_inplace_fact *fact) {
  const vmo_flow *flow = buffers->flow;
  const vmo_reference *bytes = &flow->references[fact->operand];
  if (!vmo_is_live_at(buffers->liveness, bytes->storage, fact->op + 1)) return false;
  const vmo_access *read = find_read(buffers, accesses, bytes, fact->op + 1, flow->op_count);
  vmo_refusal refusal = VMO_REFUSED_READ_LATER;
  if (!read) {
    read = find_read_in_next_iteration(buffers, cfg, accesses, bytes, fact->op);
    refusal = VMO_REFUSED_READ_NEXT_ITERATION;
  }
  if (read) vmo_blame_read(flow, read->op, read->value, refusal, fact);
  return read != NULL;
}

void vmo_explain_conflict(const vmo_buffers *buffers, const vmo_cfg *cfg, const vmo_storage_accesses *accesses,
                          const vmo_conflict *conflict, vmo_inplace_fact *fact) {
  const vmo_flow *flow = buffers->flow;
  vmo_storage_id storage = flow->references[fact->operand].storage;
  fact->refusal = conflict->refusal;
  if (conflict->refusal != VMO_REFUSED_SHARED_LIVE) return;
  if (vmo_explain_read(buffers, cfg, accesses, fact) || blame_operand(buffers, fact)) return;
  vmo_storage_id result = flow->references[fact->result].storage;
  vmo_storage_id other = conflict->left == result || conflict->left == storage ? conflict->right : conflict->left;
  if (other != VMO_NONE) fact->other = flow->storages.data[other].value;
}

/* ---- words ---- */

/* The virtual end reads where the last op stands. */
static void add_location(const vmo_function *function, vmo_point point, vmo_text *out) {
  uint32_t count = function->ops.count;
  vmo_location location = {0};
  if (point >= 0) location = function->ops.data[(uint32_t)point < count ? (uint32_t)point : count - 1].location;
  if (location.line == 0)
    vmo_text_add(out, "a later op");
  else
    vmo_text_addf(out, "%u:%u", location.line, location.column);
}

static void add_value(const vmo_module *module, const vmo_function *function, vmo_value_id value, vmo_text *out) {
  if (value == VMO_NONE)
    vmo_text_add(out, "a result of the function");
  else
    vmo_text_addf(out, "%%%s", vmo_value_name(module, function, value));
}

static void add_placeholder(const vmo_module *module, const vmo_function *function, const vmo_inplace_fact *fact,
                            char placeholder, vmo_text *out) {
  vmo_element from = vmo_value_type(module, function, fact->operand)->element;
  vmo_element to = vmo_value_type(module, function, fact->result)->element;
  const vmo_op *op = &function->ops.data[function->values.data[fact->result].owner];
  switch (placeholder) {
  case 'l': add_location(function, fact->read, out); break;
  case 'o': add_value(module, function, fact->other, out); break;
  case 'v': add_value(module, function, fact->operand, out); break;
  case 'w': vmo_text_add_integer(out, vmo_element_bytes(from)); break;
  case 'W': vmo_text_add_integer(out, vmo_element_bytes(to)); break;
  case 'm': vmo_text_add(out, from == VMO_BOOL ? "mask" : vmo_element_name(from)); break;
  case 'p':
    if (op->code == VMO_OP_declared)
      vmo_text_addf(out, "@%s", vmo_name(module, module->declarations.data[op->callee].name));
    else
      vmo_text_add(out, vmo_op_get_info(op->code)->name);
    break;
  default: vmo_text_add_char(out, placeholder);
  }
}

void vmo_describe_refusal(const vmo_module *module, const vmo_function *function, const vmo_inplace_fact *fact,
                          vmo_text *out) {
  const char *sentence = refusals[fact->refusal].sentence;
  vmo_element from = vmo_value_type(module, function, fact->operand)->element;
  vmo_element to = vmo_value_type(module, function, fact->result)->element;
  if (fact->refusal == VMO_REFUSED_WIDTH && vmo_element_bytes(from) > vmo_element_bytes(to))
    sentence = "element widths differ: %w bytes and %W";
  for (const char *c = sentence; *c; c++) {
    if (*c == '%' && c[1])
      add_placeholder(module, function, fact, *++c, out);
    else
      vmo_text_add_char(out, *c);
  }
}
