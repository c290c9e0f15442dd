/* oracle_ops.c: one op, byte by byte: what it reads, what it clobbers while it runs, what it writes.
 *
 * An op has two halves, between which other streams may run: first it reads all its operands, fills its workspace, and
 * writes those bytes of its results that are no operand's; then all of that must still be as it was, and the results
 * are complete. Whether a result may lie over an operand is decided element by element:
 *
 *   elementwise    result element i needs element m(i) of each operand, m being the broadcast. No order of elements is
 *                  promised, so an element that is read for i may lie in bytes of result element i alone.
 *   declared       the same with m(i) = i for operands in `inplace`; no other operand may be touched.
 *   operand 0 may be overwritten (scans, rows), or is the destination: it, exactly, may be; no other operand.
 *   all others     no byte of an operand is written. */
#include <inttypes.h>
#include <stdio.h>

#include "tests/random/oracle_internal.h"

/* ---- words ---- */

const char *vmo_locate_op(const vmo_activation *a, uint32_t index, char *text, size_t size) {
  const vmo_op *op = &a->function->ops.data[index];
  snprintf(text, size, "@%s, op %" PRIu32 " (%s%s, line %" PRIu32 ")", vmo_name(a->planned->module, a->function->name),
           index, op->inserted ? "inserted " : "", vmo_op_get_info((vmo_opcode)op->code)->name, op->location.line);
  return text;
}

static const char *name_of(const vmo_activation *a, vmo_value_id value) {
  return vmo_value_name(a->planned->module, a->function, value);
}

bool vmo_expect_bytes(vmo_execution *e, const vmo_activation *a, uint32_t op, vmo_value_id value) {
  char where[160];
  const vmo_place *place = &a->places[value];
  if (a->contents[value] == 0)
    return vmo_blame(e->verdict, VMO_FAULT_STRUCTURE, "%s: %%%s is read but was never computed",
                     vmo_locate_op(a, op, where, sizeof where), name_of(a, value));
  if (place->block == VMO_AT_NOWHERE)
    return vmo_blame(e->verdict, VMO_FAULT_LOST, "%s: %%%s is read, but no bytes hold it",
                     vmo_locate_op(a, op, where, sizeof where), name_of(a, value));
  int64_t wrong = vmo_find_wrong_byte(&e->memory, place, a->contents[value]);
  if (wrong < 0) return true;
  const vmo_memory_block *block = &e->memory.blocks.data[place->block];
  vmo_content found = block->bytes[place->at + wrong];
  return vmo_blame(e->verdict, VMO_FAULT_LOST,
                   "%s: %%%s is read, but its byte %" PRId64 ", at %" PRId64 " of %s, is byte %" PRIu64
                   " of instance %" PRIu64 " instead of byte %" PRIu64 " of %" PRIu64,
                   vmo_locate_op(a, op, where, sizeof where), name_of(a, value), wrong, place->at + wrong, block->name,
                   found & UINT32_MAX, found >> 32, (a->contents[value] + (vmo_content)wrong) & UINT32_MAX,
                   a->contents[value] >> 32);
}

/* ---- results over operands ---- */

typedef struct overlap {
  vmo_execution *e;
  const vmo_activation *a;
  uint32_t index;
  const vmo_op *op;
  vmo_value_id operand, result;
  const vmo_place *from, *to;
} overlap;

static bool blame_overlap(const overlap *o, const char *why) {
  char where[160];
  return vmo_blame(o->e->verdict, VMO_FAULT_OVERLAP, "%s: %%%s is written over %%%s: %s",
                   vmo_locate_op(o->a, o->index, where, sizeof where), name_of(o->a, o->result),
                   name_of(o->a, o->operand), why);
}

static const vmo_type *type_of(const overlap *o, vmo_value_id value) {
  return vmo_planned_type(o->a->planned, o->a->function, value);
}

static int64_t shape_at(const overlap *o, const vmo_type *type, uint32_t axis) {
  return vmo_size_at(o->a->planned, o->a->planned->module->shapes.data[type->shape_first + axis]);
}

/* The element of the operand that belongs to element `index` of the result, by broadcasting. */
static int64_t broadcast_index(const overlap *o, const vmo_type *result, const vmo_type *operand, int64_t index) {
  int64_t found = 0, stride = 1;
  for (uint32_t back = 1; back <= operand->rank; back++) { /* from the innermost axis */
    int64_t outer = shape_at(o, result, result->rank - back), size = shape_at(o, operand, operand->rank - back);
    found += (size == 1 ? 0 : index % outer) * stride;
    index /= outer;
    stride *= size;
  }
  return found;
}

/* Each operand element lies in bytes of the result elements that need it, and of no other. */
static bool elements_agree(const overlap *o, bool broadcast) {
  const vmo_type *result = type_of(o, o->result), *operand = type_of(o, o->operand);
  int64_t result_width = vmo_element_bytes(result->element), width = vmo_element_bytes(operand->element);
  int64_t count = o->to->bytes / result_width;
  if (!broadcast && (o->from->bytes != o->to->bytes || width != result_width))
    return blame_overlap(o, "they have not the same elements");
  for (int64_t i = 0; i < count; i++) {
    int64_t element = broadcast ? broadcast_index(o, result, operand, i) : i;
    for (int64_t byte = o->from->at + element * width; byte < o->from->at + (element + 1) * width; byte++) {
      if (byte < o->to->at || byte >= o->to->at + o->to->bytes) continue;
      if ((byte - o->to->at) / result_width != i) return blame_overlap(o, "an element is read after it is written");
    }
  }
  return true;
}

static bool is_exactly_over(const overlap *o) {
  const vmo_type *result = type_of(o, o->result), *operand = type_of(o, o->operand);
  return o->from->at == o->to->at && o->from->bytes == o->to->bytes &&
         vmo_element_bytes(result->element) == vmo_element_bytes(operand->element);
}

static bool may_overlap(const overlap *o, uint32_t operand) {
  const vmo_op_info *info = vmo_op_get_info((vmo_opcode)o->op->code);
  if (info->category == VMO_CATEGORY_ELEMENTWISE) return elements_agree(o, true);
  if (o->op->code == VMO_OP_declared) {
    if ((o->a->planned->module->declarations.data[o->op->callee].inplace >> operand & 1) == 0)
      return blame_overlap(o, "the declaration does not allow it");
    if (o->a->planned->module->declarations.data[o->op->callee].body &&
        !vmo_body_is_in_place(o->a->planned, o->op->callee, operand))
      return blame_overlap(o, "the body needs elements at other indices");
    return elements_agree(o, false);
  }
  if (info->overwrite == VMO_OVERWRITE_NEVER || operand > 0 || (info->inplace & 1) == 0)
    return blame_overlap(o, "the op reads its operands while it writes");
  return is_exactly_over(o) || blame_overlap(o, "they are not the same bytes");
}

static bool is_destination(const vmo_op *op) {
  return op->code == VMO_OP_scatter || op->code == VMO_OP_scatter_add || op->code == VMO_OP_label_propagate;
}

static bool check_overlaps(vmo_execution *e, const vmo_activation *a, uint32_t index, vmo_value_id result) {
  const vmo_op *op = &a->function->ops.data[index];
  for (uint32_t i = 0; i < op->operand_count; i++) {
    vmo_value_id operand = vmo_op_value(a->function, op, i);
    if (operand == VMO_NONE) continue;
    overlap o = {e, a, index, op, operand, result, &a->places[operand], &a->places[result]};
    if (vmo_places_meet(o.from, o.to) ? !may_overlap(&o, i)
                                      : i == 0 && is_destination(op) && o.to->bytes > 0 &&
                                            !blame_overlap(&o, "it has to be, for it starts as that operand"))
      return false;
  }
  for (vmo_value_id other = op->result_first; other < result; other++)
    if (vmo_places_meet(&a->places[other], &a->places[result])) {
      overlap o = {e, a, index, op, other, result, &a->places[other], &a->places[result]};
      return blame_overlap(&o, "both are results of this op");
    }
  return true;
}

/* ---- the two halves ---- */

/* Whether the value names bytes of the op's operand: it has no place in the plan. */
static bool is_view(const vmo_activation *a, const vmo_op *op, vmo_value_id value) {
  const vmo_value_plan *entry = &a->function->plan->values[value];
  bool named = op->code == VMO_OP_reshape || op->code == VMO_OP_slice || op->code == VMO_OP_split;
  return named && entry->over == VMO_NONE && entry->slot == VMO_NONE && entry->result < 0;
}

/* Views are what a part of operand 0 is; *all: the op makes nothing else. */
static void name_views(const vmo_activation *a, uint32_t index, bool *all) {
  const vmo_op *op = &a->function->ops.data[index];
  *all = op->result_count > 0;
  for (uint32_t i = 0; i < op->result_count; i++) {
    vmo_value_id value = op->result_first + i;
    int64_t start;
    if (!is_view(a, op, value)) {
      *all = false;
      continue;
    }
    vmo_value_id base = vmo_op_value(a->function, op, 0);
    a->contents[value] =
        vmo_find_view_start(a->planned, a->function, index, i, &start) ? a->contents[base] + (vmo_content)start : 0;
  }
}

static bool expect_operands(vmo_execution *e, const vmo_activation *a, uint32_t index) {
  const vmo_op *op = &a->function->ops.data[index];
  for (uint32_t i = 0; i < op->operand_count; i++) {
    vmo_value_id value = vmo_op_value(a->function, op, i);
    if (value != VMO_NONE && !vmo_expect_bytes(e, a, index, value)) return false;
  }
  return true;
}

static bool find_workspace(vmo_execution *e, const vmo_activation *a, uint32_t index, vmo_place *place) {
  char where[160];
  const vmo_plan *plan = a->function->plan;
  int64_t bytes =
              vmo_size_at(a->planned, vmo_op_workspace(a->planned->module, a->function, &a->function->ops.data[index])),
          at = -1;
  *place = (vmo_place){VMO_AT_FREE, 0, 0};
  if (bytes == 0) return true;
  for (uint32_t i = 0; i < plan->op_count; i++)
    if (plan->ops[i].op == index) at = vmo_size_at(a->planned, plan->ops[i].workspace_offset);
  if (at < 0 || at + bytes > a->arenas[0].bytes)
    return vmo_blame(e->verdict, VMO_FAULT_PLACE, "%s: its workspace of %" PRId64 " bytes at %" PRId64 " has no room",
                     vmo_locate_op(a, index, where, sizeof where), bytes, at);
  *place = (vmo_place){a->arenas[0].block, a->arenas[0].at + at, bytes};
  return true;
}

static bool is_in_an_operand(const vmo_activation *a, const vmo_op *op, uint32_t block, int64_t at) {
  for (uint32_t i = 0; i < op->operand_count; i++) {
    vmo_value_id value = vmo_op_value(a->function, op, i);
    if (value == VMO_NONE) continue;
    const vmo_place *place = &a->places[value];
    if (vmo_is_real(place) && place->block == block && at >= place->at && at < place->at + place->bytes) return true;
  }
  return false;
}

/* Writes, or (check) looks for, what the op has written so far of a result: the bytes that are no operand's. */
static bool half_written(vmo_execution *e, const vmo_activation *a, const vmo_op *op, vmo_value_id value, bool check) {
  const vmo_place *place = &a->places[value];
  if (!vmo_is_real(place)) return true;
  vmo_content *bytes = e->memory.blocks.data[place->block].bytes;
  for (int64_t i = 0; i < place->bytes; i++) {
    vmo_content content = a->contents[value] + (vmo_content)i;
    if (is_in_an_operand(a, op, place->block, place->at + i)) continue;
    if (check && bytes[place->at + i] != content) return false;
    bytes[place->at + i] = content;
  }
  return true;
}

/* An inserted copy is what it copies; all else is new. */
static void name_results(vmo_execution *e, const vmo_activation *a, const vmo_op *op) {
  for (uint32_t i = 0; i < op->result_count; i++) {
    vmo_value_id value = op->result_first + i;
    vmo_value_id source = op->inserted ? vmo_op_value(a->function, op, 0) : VMO_NONE;
    if (is_view(a, op, value)) continue;
    a->contents[value] = source != VMO_NONE ? a->contents[source] : vmo_make_instance(&e->memory);
  }
}

static bool check_results(vmo_execution *e, const vmo_activation *a, uint32_t index, const vmo_place *workspace) {
  char where[160];
  const vmo_op *op = &a->function->ops.data[index];
  for (uint32_t i = 0; i < op->result_count; i++) {
    vmo_value_id value = op->result_first + i;
    const vmo_place *place = &a->places[value];
    if (is_view(a, op, value)) continue;
    if (!check_overlaps(e, a, index, value)) return false;
    if (vmo_is_real(place) && e->memory.blocks.data[place->block].read_only)
      return vmo_blame(e->verdict, VMO_FAULT_CONTRACT, "%s: %%%s is written into %s",
                       vmo_locate_op(a, index, where, sizeof where), name_of(a, value),
                       e->memory.blocks.data[place->block].name);
    if (vmo_places_meet(place, workspace))
      return vmo_blame(e->verdict, VMO_FAULT_OVERLAP, "%s: the workspace lies in %%%s",
                       vmo_locate_op(a, index, where, sizeof where), name_of(a, value));
  }
  return true;
}

bool vmo_begin_op(vmo_execution *e, vmo_thread *thread, bool alone) {
  const vmo_activation *a = thread->activation;
  uint32_t index = thread->op;
  const vmo_op *op = &a->function->ops.data[index];
  vmo_place workspace;
  bool all_views;
  if (op->code == VMO_OP_const) return true;
  name_views(a, index, &all_views);
  if (all_views) return true;
  if (!expect_operands(e, a, index) || !find_workspace(e, a, index, &workspace)) return false;
  name_results(e, a, op);
  if (!check_results(e, a, index, &workspace)) return false;
  for (uint32_t i = 0; i < op->result_count && !alone; i++)
    if (!is_view(a, op, op->result_first + i)) half_written(e, a, op, op->result_first + i, false);
  if (!vmo_is_real(&workspace)) return true;
  thread->workspace = vmo_make_instance(&e->memory);
  vmo_fill_place(&e->memory, &workspace, thread->workspace);
  return expect_operands(e, a, index);
}

/* What other streams did meanwhile: nothing to what this op reads, needs and has written. */
static bool nothing_was_touched(vmo_execution *e, const vmo_thread *thread) {
  char where[160];
  const vmo_activation *a = thread->activation;
  const vmo_op *op = &a->function->ops.data[thread->op];
  vmo_place workspace;
  if (!expect_operands(e, a, thread->op) || !find_workspace(e, a, thread->op, &workspace)) return false;
  if (vmo_find_wrong_byte(&e->memory, &workspace, thread->workspace) >= 0)
    return vmo_blame(e->verdict, VMO_FAULT_LOST, "%s: another stream wrote into its workspace",
                     vmo_locate_op(a, thread->op, where, sizeof where));
  for (uint32_t i = 0; i < op->result_count; i++)
    if (!is_view(a, op, op->result_first + i) && !half_written(e, a, op, op->result_first + i, true))
      return vmo_blame(e->verdict, VMO_FAULT_LOST, "%s: another stream wrote into its result",
                       vmo_locate_op(a, thread->op, where, sizeof where));
  return true;
}

bool vmo_end_op(vmo_execution *e, vmo_thread *thread, bool alone) {
  const vmo_activation *a = thread->activation;
  const vmo_op *op = &a->function->ops.data[thread->op];
  bool all_views;
  if (op->code == VMO_OP_const) return true;
  name_views(a, thread->op, &all_views);
  if (all_views) return true;
  if (!alone && !nothing_was_touched(e, thread)) return false;
  for (uint32_t i = 0; i < op->result_count; i++)
    if (!is_view(a, op, op->result_first + i))
      vmo_fill_place(&e->memory, &a->places[op->result_first + i], a->contents[op->result_first + i]);
  return true;
}
