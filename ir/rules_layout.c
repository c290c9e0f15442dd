/* rules_layout.c: the shapes of reshape, slice, split, concat, pad, transpose and const.
 *
 * Where a bound cannot be proven for all dims (a slice of N-2 elements from 1 on), it is left to the binding: only
 * what is wrong for all values is an error here. */
#include "ir/verify.h"

#include <string.h>

static vmo_sizes *sizes_of(const vmo_check *check) { return check->module->sizes; }

static bool is_negative(const vmo_check *check, vmo_size_id size) {
  return vmo_size_at_least(sizes_of(check), vmo_size_constant(sizes_of(check), -1), size);
}

static void copy_shape(vmo_shape *shape, vmo_form form) {
  shape->rank = form.rank;
  memcpy(shape->sizes, form.sizes, form.rank * sizeof *form.sizes);
}

static vmo_shape written_shape(const vmo_check *check, uint32_t result) {
  vmo_shape shape = {0};
  vmo_form form = vmo_result_form(check, result);
  if (form.rank > 0) copy_shape(&shape, form);
  return shape;
}

static bool need_axes(vmo_check *check, uint32_t operand) {
  if (vmo_operand_form(check, operand).rank > 0) return true;
  return vmo_fail_at(check, VMO_DIAG_OPERAND_SHAPE, vmo_operand_location(check, operand), NULL,
                     "'%s' needs an array, but %s is a scalar", check->name, vmo_operand_text(check, operand));
}

/* No more items than operand 0 has axes. */
static bool check_length(vmo_check *check, const char *attribute) {
  uint32_t count = vmo_op_item_count(check->module, check->function, check->op, attribute);
  vmo_form form = vmo_operand_form(check, 0);
  if (count <= form.rank) return true;
  return vmo_fail(check, VMO_DIAG_ATTRIBUTE_VALUE, NULL, "attribute `%s` of '%s' has %u items, but %s has %u %s",
                  attribute, check->name, count, vmo_operand_text(check, 0), form.rank,
                  form.rank == 1 ? "axis" : "axes");
}

/* ---- const ---- */

bool vmo_rule_constant(vmo_check *check) {
  uint32_t given = vmo_op_item_count(check->module, check->function, check->op, "value");
  const vmo_value *result = &check->function->values.data[check->op->result_first];
  vmo_size_id count = check->module->types.data[result->type].count;
  vmo_shape shape = written_shape(check, 0);
  if (given == 1 || count == vmo_size_constant(sizes_of(check), given)) return vmo_expect(check, 0, &shape);
  return vmo_fail(check, VMO_DIAG_ATTRIBUTE_VALUE,
                  "give one value for all elements, or each of them in row-major order",
                  "'%s' has %u values, but %s has %s elements", check->name, given,
                  vmo_form_text(check, vmo_result_form(check, 0)), vmo_size_text(check, count));
}

/* ---- reshape ---- */

/* Literals, dims, loop indices and scalar parameters have no bytes that a view could name. */
static bool has_bytes(const vmo_check *check, uint32_t operand) {
  vmo_value_id id = vmo_op_value(check->function, check->op, operand);
  if (id == VMO_NONE) return false;
  const vmo_value *value = &check->function->values.data[id];
  if (check->module->types.data[value->type].rank > 0 || value->kind == VMO_VALUE_RESULT) return true;
  if (value->kind == VMO_VALUE_PARAMETER) return false;
  return check->function->regions.data[value->owner].kind != VMO_REGION_FOR || value->position > 0;
}

static bool check_view(vmo_check *check) {
  const vmo_value *values = check->function->values.data;
  if (!has_bytes(check, 0))
    return vmo_fail_at(check, VMO_DIAG_VIEW, vmo_operand_location(check, 0),
                       vmo_hint_text(check, "`fill %s : %s` makes an array of it", vmo_operand_text(check, 0),
                                     vmo_form_text(check, vmo_result_form(check, 0))),
                       "'%s' gives a view, but %s has no bytes of its own", check->name, vmo_operand_text(check, 0));
  const vmo_type *viewed = &check->module->types.data[values[vmo_op_value(check->function, check->op, 0)].type];
  const vmo_type *view = &check->module->types.data[values[check->op->result_first].type];
  bool aligned = view->alignment == 0 || (viewed->alignment != 0 && viewed->alignment % view->alignment == 0);
  if (view->space == viewed->space && aligned) return true;
  const char *text = vmo_operand_text(check, 0);
  return vmo_fail(
      check, VMO_DIAG_VIEW, vmo_hint_text(check, "`copy` %s to where it is needed, and reshape the copy", text),
      "'%s' gives a view, which has the %s of %s", check->name, aligned ? "memory space" : "alignment", text);
}

bool vmo_rule_reshape(vmo_check *check) {
  if (!check_view(check)) return false;
  vmo_value_id operand = vmo_op_value(check->function, check->op, 0);
  vmo_size_id count = vmo_value_type(check->module, check->function, operand)->count;
  vmo_size_id wanted = vmo_value_type(check->module, check->function, check->op->result_first)->count;
  vmo_shape shape = written_shape(check, 0);
  if (count == wanted) return vmo_expect(check, 0, &shape);
  return vmo_fail(check, VMO_DIAG_RESULT_TYPE, "a reshape keeps the number of elements, provably for all dims",
                  "'%s' cannot turn %s, which has %s elements, into %s, which has %s", check->name,
                  vmo_operand_text(check, 0), vmo_size_text(check, count),
                  vmo_form_text(check, vmo_result_form(check, 0)), vmo_size_text(check, wanted));
}

/* ---- slice ---- */

/* Errors that hold for all dims; the rest is checked when dims are bound. */
static bool check_cut(vmo_check *check, uint32_t axis, vmo_size_id whole, vmo_cut cut) {
  vmo_sizes *sizes = sizes_of(check);
  if (cut.size == whole && cut.step == 1 && cut.start == vmo_size_constant(sizes, 0)) return true;
  vmo_size_id one = vmo_size_constant(sizes, 1);
  vmo_size_id steps =
      vmo_size_multiply(sizes, vmo_size_subtract(sizes, cut.size, one), vmo_size_constant(sizes, cut.step));
  vmo_size_id last = vmo_size_add(sizes, cut.start, steps);
  if (last == VMO_NONE) return vmo_fail_size(check);
  if (is_negative(check, cut.start) || is_negative(check, cut.size))
    return vmo_fail(check, VMO_DIAG_ATTRIBUTE_VALUE,
                    "starts and sizes are 0 or more, and a stop is no less than its start",
                    "'%s' takes %s elements from %s on along axis %u of %s", check->name,
                    vmo_size_text(check, cut.size), vmo_size_text(check, cut.start), axis, vmo_operand_text(check, 0));
  if (!vmo_size_at_least(sizes, last, whole) || !vmo_size_at_least(sizes, cut.size, one)) return true;
  return vmo_fail(check, VMO_DIAG_ATTRIBUTE_VALUE, NULL, "'%s' reaches element %s of axis %u of %s, which has %s",
                  check->name, vmo_size_text(check, last), axis, vmo_operand_text(check, 0),
                  vmo_size_text(check, whole));
}

bool vmo_rule_slice(vmo_check *check) {
  vmo_form form = vmo_operand_form(check, 0);
  if (!need_axes(check, 0) || !check_length(check, "start") || !check_length(check, "size") ||
      !check_length(check, "stop") || !check_length(check, "step"))
    return false;
  if (vmo_op_item_count(check->module, check->function, check->op, "size") > 0 &&
      vmo_op_item_count(check->module, check->function, check->op, "stop") > 0)
    return vmo_fail(check, VMO_DIAG_ATTRIBUTE_VALUE, "leave one of them out", "'%s' has both `size` and `stop`",
                    check->name);
  vmo_shape shape = {.rank = form.rank};
  for (uint32_t axis = 0; axis < form.rank; axis++) {
    vmo_cut cut = vmo_op_cut(check->module, check->function, check->op, axis, form.sizes[axis]);
    if (cut.start == VMO_NONE || cut.size == VMO_NONE) return vmo_fail_size(check);
    if (!check_cut(check, axis, form.sizes[axis], cut)) return false;
    shape.sizes[axis] = cut.size;
  }
  return vmo_expect(check, 0, &shape);
}

/* ---- split and concat ---- */

bool vmo_rule_split(vmo_check *check) {
  if (!need_axes(check, 0)) return false;
  vmo_form form = vmo_operand_form(check, 0);
  uint32_t axis = (uint32_t)vmo_op_integer(check->module, check->function, check->op, "axis", 0);
  vmo_size_id sum = vmo_size_constant(sizes_of(check), 0);
  for (uint32_t i = 0; i < check->op->result_count; i++) {
    vmo_form part = vmo_result_form(check, i);
    vmo_shape shape;
    copy_shape(&shape, form);
    if (part.rank == form.rank) shape.sizes[axis] = part.sizes[axis];
    if (!vmo_expect(check, i, &shape)) return false;
    sum = vmo_size_add(sizes_of(check), sum, part.sizes[axis]);
    if (sum == VMO_NONE) return vmo_fail_size(check);
  }
  if (sum == form.sizes[axis]) return true;
  return vmo_fail(check, VMO_DIAG_RESULT_TYPE, "the parts' sizes along the axis add up to the operand's",
                  "'%s' has parts of %s elements in all along axis %u, but %s has %s", check->name,
                  vmo_size_text(check, sum), axis, vmo_operand_text(check, 0), vmo_size_text(check, form.sizes[axis]));
}

static bool check_part(vmo_check *check, uint32_t operand, vmo_form first, uint32_t axis) {
  vmo_form part = vmo_operand_form(check, operand);
  bool fits = part.rank == first.rank;
  for (uint32_t i = 0; fits && i < part.rank; i++) fits = i == axis || part.sizes[i] == first.sizes[i];
  if (fits) return true;
  return vmo_fail_at(check, VMO_DIAG_OPERAND_SHAPE, vmo_operand_location(check, operand),
                     vmo_hint_text(check, "the parts may differ along axis %u only", axis),
                     "'%s' cannot put %s, which is %s, after %s, which is %s", check->name,
                     vmo_operand_text(check, operand), vmo_form_text(check, part), vmo_operand_text(check, 0),
                     vmo_form_text(check, first));
}

bool vmo_rule_concat(vmo_check *check) {
  if (!need_axes(check, 0)) return false;
  vmo_form first = vmo_operand_form(check, 0);
  uint32_t axis = (uint32_t)vmo_op_integer(check->module, check->function, check->op, "axis", 0);
  vmo_shape shape;
  copy_shape(&shape, first);
  for (uint32_t i = 1; i < check->op->operand_count; i++) {
    if (!check_part(check, i, first, axis)) return false;
    shape.sizes[axis] = vmo_size_add(sizes_of(check), shape.sizes[axis], vmo_operand_form(check, i).sizes[axis]);
    if (shape.sizes[axis] == VMO_NONE) return vmo_fail_size(check);
  }
  return vmo_expect(check, 0, &shape);
}

/* ---- pad and transpose ---- */

bool vmo_rule_pad(vmo_check *check) {
  vmo_form form = vmo_operand_form(check, 0);
  if (!need_axes(check, 0) || !check_length(check, "low") || !check_length(check, "high")) return false;
  vmo_size_id zero = vmo_size_constant(sizes_of(check), 0);
  vmo_shape shape = {.rank = form.rank};
  for (uint32_t axis = 0; axis < form.rank; axis++) {
    vmo_size_id low = vmo_op_size(check->module, check->function, check->op, "low", axis, zero);
    vmo_size_id high = vmo_op_size(check->module, check->function, check->op, "high", axis, zero);
    vmo_size_id more = vmo_size_add(sizes_of(check), low, high);
    shape.sizes[axis] = vmo_size_add(sizes_of(check), form.sizes[axis], more);
    if (shape.sizes[axis] == VMO_NONE) return vmo_fail_size(check);
    if (is_negative(check, low) || is_negative(check, high))
      return vmo_fail(check, VMO_DIAG_ATTRIBUTE_VALUE, "`slice` takes elements away",
                      "'%s' needs `low` and `high` to be 0 or more, but on axis %u one is not", check->name, axis);
  }
  return vmo_expect(check, 0, &shape);
}

static bool read_order(vmo_check *check, uint32_t rank, uint32_t *order) {
  uint64_t seen = 0;
  const vmo_attribute *given = vmo_op_attribute(check->module, check->function, check->op, "order");
  for (uint32_t i = 0; i < rank; i++) {
    order[i] = rank - 1 - i;
    if (given != NULL && i < given->item_count)
      order[i] = (uint32_t)check->function->items.data[given->item_first + i].value.integer;
    seen |= UINT64_C(1) << order[i];
  }
  bool each_once = rank == 0 || seen == UINT64_MAX >> (64 - rank);
  if (each_once && (given == NULL || given->item_count == rank)) return true;
  return vmo_fail_at(check, VMO_DIAG_ATTRIBUTE_VALUE, given->location, NULL,
                     "attribute `order` of '%s' must name each of the %u axes of %s once", check->name, rank,
                     vmo_operand_text(check, 0));
}

bool vmo_rule_transpose(vmo_check *check) {
  vmo_form form = vmo_operand_form(check, 0);
  uint32_t order[VMO_MAX_RANK];
  if (!read_order(check, form.rank, order)) return false;
  vmo_shape shape = {.rank = form.rank};
  for (uint32_t i = 0; i < form.rank; i++) shape.sizes[i] = form.sizes[order[i]];
  return vmo_expect(check, 0, &shape);
}
