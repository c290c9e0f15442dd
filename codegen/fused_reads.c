/* fused_reads.c: which elements the loops of a fused op need.
 *
 *   loops i, j   %y[i,j]  =  %s[i,j] + %u[i,j]
 *                %s = slice %p {start = [0, 1]}      %p[i, j+1]
 *                %p = pad %u {low = [1, 1]}          %u[i-1, j]   if 0 <= i-1 < H and 0 <= j < W
 *
 * From the last op to the first, each element that is read of an op's result leads to one of each operand. An index is
 * kept per axis as step * loop + shift with the shift as a size expression, so that what is shifted there and back is known
 * to be the same element, and is computed once; and so that conditions that always hold are found. Only a reshape that
 * takes axes apart needs an index that is computed in the loop. Linear in the elements, which are bounded. */
#include "codegen/fused.h"

#include <string.h>

static vmo_sizes *sizes_of(const vmo_fused *f) { return f->e->module->sizes; }

static const vmo_type *type_of(const vmo_fused *f, vmo_value_id value) {
  return vmo_value_type(f->e->module, f->body, value);
}

static vmo_size_id shape_of(const vmo_fused *f, const vmo_type *type, uint32_t axis) {
  return f->e->module->shapes.data[type->shape_first + axis];
}

static bool fail(vmo_fused *f) {
  vmo_emit_fail(f->e, VMO_OUT_OF_MEMORY);
  return false;
}

/* ---- reads ---- */

static bool same_axes(const vmo_fused_axis *left, const vmo_fused_axis *right, uint32_t rank) {
  for (uint32_t i = 0; i < rank; i++)
    if (left[i].loop != right[i].loop || left[i].step != right[i].step || left[i].shift != right[i].shift) return false;
  return true;
}

static bool report_reads(vmo_fused *f) {
  vmo_emitter *e = f->e;
  vmo_diagnostic *added = vmo_diag_add(e->module->context, VMO_DIAG_NO_CODE, f->op->op->location,
                                       "the body of @%s reads its values in more than %d ways",
                                       vmo_name(e->module, f->body->name), VMO_MOST_READS);
  vmo_diag_hint(e->module->context, added, "make two ops of it");
  vmo_emit_fail(e, VMO_INPUT_ERROR);
  return false;
}

/* The read of that element; VMO_NONE after a failure. */
static uint32_t read_value(vmo_fused *f, vmo_value_id value, const vmo_fused_axis *axes, uint32_t guard) {
  uint32_t rank = type_of(f, value)->rank;
  for (uint32_t i = f->first_read[value]; i != VMO_NONE; i = f->reads.data[i].next)
    if (f->reads.data[i].guard == guard && same_axes(f->reads.data[i].axes, axes, rank)) return i;
  if (f->reads.count == VMO_MOST_READS) {
    report_reads(f);
    return VMO_NONE;
  }
  vmo_fused_axis *kept = vmo_emit_alloc(f->e, (size_t)rank + 1, sizeof *kept);
  vmo_fused_read read = {.value = value, .axes = kept, .guard = guard, .next = f->first_read[value]};
  if (kept == NULL) return VMO_NONE;
  if (rank > 0) memcpy(kept, axes, rank * sizeof *kept);
  if (!vmo_vec_push(f->e->arena, &f->reads, read)) {
    fail(f);
    return VMO_NONE;
  }
  return f->first_read[value] = f->reads.count - 1;
}

/* ---- guards ---- */

/* Whether an axis is within [0, size) whatever the loop's index. */
static bool always_holds(const vmo_fused *f, const vmo_fused_axis *axis, vmo_size_id size) {
  vmo_sizes *sizes = sizes_of(f);
  if (axis->loop < VMO_AXIS_NONE || !vmo_size_at_least(sizes, axis->shift, f->zero)) return false;
  vmo_size_id last = axis->shift;
  if (axis->loop >= 0) {
    vmo_size_id trips = vmo_size_subtract(sizes, shape_of(f, f->space, (uint32_t)axis->loop), f->one);
    last = vmo_size_add(sizes, last, vmo_size_multiply(sizes, trips, vmo_size_constant(sizes, axis->step)));
  }
  return last != VMO_NONE && vmo_size_at_least(sizes, size, vmo_size_add(sizes, last, f->one));
}

/* The guard `parent` and that the axis is within [0, size). */
static uint32_t add_guard(vmo_fused *f, uint32_t parent, vmo_fused_axis axis, vmo_size_id size) {
  if (always_holds(f, &axis, size)) return parent;
  for (uint32_t g = 0; g < f->guards.count; g++) {
    const vmo_fused_guard *known = &f->guards.data[g];
    if (known->parent == parent && known->size == size && same_axes(&known->axis, &axis, 1)) return g;
  }
  vmo_fused_guard guard = {axis, size, parent};
  if (!vmo_vec_push(f->e->arena, &f->guards, guard)) fail(f);
  return f->guards.count - 1;
}

/* ---- from a result to its operands ---- */

static void shift(vmo_fused *f, vmo_fused_axis *axis, vmo_size_id by) {
  axis->shift = vmo_size_add(sizes_of(f), axis->shift, by);
  if (axis->shift == VMO_NONE) fail(f);
}

static void shift_back(vmo_fused *f, vmo_fused_axis *axis, vmo_size_id by) {
  axis->shift = vmo_size_subtract(sizes_of(f), axis->shift, by);
  if (axis->shift == VMO_NONE) fail(f);
}

static bool is_one(const vmo_fused *f, vmo_size_id size) { return size == f->one; }

/* What is repeated has one element on that axis. */
static void follow_broadcast(const vmo_fused *f, const vmo_type *from, const vmo_type *to, const vmo_fused_axis *axes,
                             vmo_fused_axis *found) {
  for (uint32_t i = 0; i < from->rank; i++) {
    bool repeats = is_one(f, shape_of(f, from, i));
    found[i] = repeats ? (vmo_fused_axis){VMO_AXIS_NONE, 1, f->zero} : axes[to->rank - from->rank + i];
  }
}

static void follow_slice(vmo_fused *f, const vmo_op *op, const vmo_type *from, const vmo_fused_axis *axes,
                         vmo_fused_axis *found) {
  for (uint32_t i = 0; i < from->rank; i++) {
    vmo_cut cut = vmo_op_cut(f->e->module, f->body, op, i, shape_of(f, from, i));
    found[i] = axes[i];
    found[i].step *= cut.step;
    found[i].shift = vmo_size_multiply(sizes_of(f), axes[i].shift, vmo_size_constant(sizes_of(f), cut.step));
    if (found[i].shift == VMO_NONE || cut.start == VMO_NONE) fail(f);
    if (f->e->status == VMO_OK) shift(f, &found[i], cut.start);
  }
}

static uint32_t follow_pad(vmo_fused *f, const vmo_op *op, const vmo_type *from, const vmo_fused_axis *axes,
                           uint32_t guard, vmo_fused_axis *found) {
  for (uint32_t i = 0; i < from->rank && f->e->status == VMO_OK; i++) {
    found[i] = axes[i];
    shift_back(f, &found[i], vmo_op_size(f->e->module, f->body, op, "low", i, f->zero));
    if (f->e->status == VMO_OK) guard = add_guard(f, guard, found[i], shape_of(f, from, i));
  }
  return guard;
}

static uint32_t follow_concat(vmo_fused *f, const vmo_op *op, uint32_t operand, const vmo_type *from,
                              const vmo_fused_axis *axes, uint32_t guard, vmo_fused_axis *found) {
  uint32_t axis = (uint32_t)vmo_op_integer(f->e->module, f->body, op, "axis", 0);
  for (uint32_t i = 0; i < from->rank; i++) found[i] = axes[i];
  for (uint32_t k = 0; k < operand && f->e->status == VMO_OK; k++)
    shift_back(f, &found[axis], shape_of(f, type_of(f, vmo_op_value(f->body, op, k)), axis));
  return f->e->status == VMO_OK ? add_guard(f, guard, found[axis], shape_of(f, from, axis)) : guard;
}

static void follow_transpose(const vmo_fused *f, const vmo_op *op, const vmo_type *from, const vmo_fused_axis *axes,
                             vmo_fused_axis *found) {
  bool ordered = vmo_op_item_count(f->e->module, f->body, op, "order") > 0;
  for (uint32_t i = 0; i < from->rank; i++) {
    const vmo_attribute_item *item = ordered ? vmo_op_item(f->e->module, f->body, op, "order", i) : NULL;
    found[item != NULL ? (uint32_t)item->value.integer : from->rank - 1 - i] = axes[i];
  }
}

/* When only axes of one element come or go, the others keep their order. */
static bool follow_plain_reshape(const vmo_fused *f, const vmo_type *from, const vmo_type *to,
                                 const vmo_fused_axis *axes, vmo_fused_axis *found) {
  uint32_t k = 0;
  for (uint32_t i = 0; i < from->rank; i++) {
    found[i] = (vmo_fused_axis){VMO_AXIS_NONE, 1, f->zero};
    if (is_one(f, shape_of(f, from, i))) continue;
    while (k < to->rank && is_one(f, shape_of(f, to, k))) k++;
    if (k == to->rank || shape_of(f, to, k) != shape_of(f, from, i)) return false;
    found[i] = axes[k++];
  }
  while (k < to->rank && is_one(f, shape_of(f, to, k))) k++;
  return k == to->rank;
}

static void follow_reshape(vmo_fused *f, uint32_t read, const vmo_type *from, const vmo_type *to,
                           vmo_fused_axis *found) {
  if (follow_plain_reshape(f, from, to, f->reads.data[read].axes, found)) return;
  f->reads.data[read].late_first = f->late_count;
  for (uint32_t i = 0; i < from->rank; i++) found[i] = (vmo_fused_axis){VMO_AXIS_LATE(f->late_count++), 1, f->zero};
}

/* The element of operand `operand` that the read needs. */
static void follow(vmo_fused *f, uint32_t index, const vmo_op *op, uint32_t operand) {
  vmo_fused_read *read = &f->reads.data[index];
  vmo_fused_axis found[VMO_MAX_RANK] = {{0, 0, 0}};
  vmo_value_id value = vmo_op_value(f->body, op, operand);
  const vmo_type *from = type_of(f, value), *to = type_of(f, read->value);
  uint32_t guard = read->guard;
  switch (op->code) {
  case VMO_OP_slice: follow_slice(f, op, from, read->axes, found); break;
  case VMO_OP_pad: guard = follow_pad(f, op, from, read->axes, guard, found); break;
  case VMO_OP_concat: guard = follow_concat(f, op, operand, from, read->axes, guard, found); break;
  case VMO_OP_transpose: follow_transpose(f, op, from, read->axes, found); break;
  case VMO_OP_reshape: follow_reshape(f, index, from, to, found); break;
  default: follow_broadcast(f, from, to, read->axes, found); break;
  }
  if (f->e->status != VMO_OK) return;
  uint32_t needed = read_value(f, value, found, guard);
  read = &f->reads.data[index]; /* the list may have moved */
  read->operands[operand] = needed;
  read->guards[operand] = guard;
}

static bool follow_all(vmo_fused *f, const vmo_op *op) {
  for (uint32_t i = f->first_read[op->result_first]; i != VMO_NONE && f->e->status == VMO_OK;
       i = f->reads.data[i].next) {
    uint32_t *operands = vmo_emit_alloc(f->e, (size_t)op->operand_count + 1, sizeof *operands);
    uint32_t *guards = vmo_emit_alloc(f->e, (size_t)op->operand_count + 1, sizeof *guards);
    if (operands == NULL || guards == NULL) return false;
    f->reads.data[i].operands = operands;
    f->reads.data[i].guards = guards;
    for (uint32_t k = 0; k < op->operand_count && f->e->status == VMO_OK; k++) {
      operands[k] = guards[k] = VMO_NONE;
      if (vmo_op_value(f->body, op, k) != VMO_NONE) follow(f, i, op, k);
    }
  }
  return f->e->status == VMO_OK;
}

/* ---- the interior ---- */

uint32_t vmo_main_part(const vmo_fused *f, const vmo_op *op) {
  uint32_t axis = (uint32_t)vmo_op_integer(f->e->module, f->body, op, "axis", 0), main = 0;
  int64_t most = -1, number = 0;
  for (uint32_t k = 0; k < op->operand_count; k++) {
    vmo_size_id size = shape_of(f, type_of(f, vmo_op_value(f->body, op, k)), axis);
    if (!vmo_size_is_constant(sizes_of(f), size, &number)) return k; /* whatever it is, it is often long */
    if (number > most) main = k;
    if (number > most) most = number;
  }
  return main;
}

static bool is_member(const vmo_fused *f, vmo_value_id value) {
  return f->body->values.data[value].kind == VMO_VALUE_RESULT;
}

/* Whether there is an interior: its guards must be such that the loops' indices tell. */
static void find_interior(vmo_fused *f) {
  f->is_cut = f->guards.count > 0 && f->space->rank > 0;
  for (uint32_t i = 0; i < f->reads.count; i++) {
    const vmo_fused_read *read = &f->reads.data[i];
    for (uint32_t g = read->in_interior ? read->guard : VMO_NONE; g != VMO_NONE; g = f->guards.data[g].parent)
      if (f->guards.data[g].axis.loop < VMO_AXIS_NONE) f->is_cut = false;
  }
}

static void spread_interior(vmo_fused *f, const vmo_op *op) {
  for (uint32_t i = f->first_read[op->result_first]; i != VMO_NONE; i = f->reads.data[i].next) {
    const vmo_fused_read *read = &f->reads.data[i];
    for (uint32_t k = 0; read->in_interior && k < op->operand_count; k++) {
      if (read->operands[k] == VMO_NONE) continue;
      if (op->code != VMO_OP_concat || k == vmo_main_part(f, op)) f->reads.data[read->operands[k]].in_interior = true;
    }
  }
}

bool vmo_list_reads(vmo_fused *f) {
  vmo_fused_axis axes[VMO_MAX_RANK];
  f->first_read = vmo_emit_alloc(f->e, (size_t)f->body->values.count + 1, sizeof *f->first_read);
  if (f->first_read == NULL) return false;
  for (vmo_value_id v = 0; v < f->body->values.count; v++) f->first_read[v] = VMO_NONE;
  for (uint32_t i = 0; i < f->space->rank; i++) axes[i] = (vmo_fused_axis){(int32_t)i, 1, f->zero};
  if (read_value(f, f->root, axes, VMO_NONE) == VMO_NONE) return false;
  uint32_t end = is_member(f, f->root) ? f->body->values.data[f->root].owner + 1 : 0;
  for (uint32_t i = end; i-- > 0;)
    if (!follow_all(f, &f->body->ops.data[i])) return false;
  f->reads.data[f->first_read[f->root]].in_interior = true;
  for (uint32_t i = end; i-- > 0;) spread_interior(f, &f->body->ops.data[i]);
  find_interior(f);
  return true;
}
