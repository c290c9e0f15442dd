/* rules_reduce.c: the shapes of reductions, gathers and scatters: axes go, or others take their place. */
#include "ir/verify.h"

/* ---- reductions ---- */

static bool check_axes(vmo_check *check) {
  uint32_t axis = vmo_op_item_count(check->module, check->function, check->op, "axis");
  uint32_t axes = vmo_op_item_count(check->module, check->function, check->op, "axes");
  if (axis > 0 && axes > 0)
    return vmo_fail(check, VMO_DIAG_ATTRIBUTE_VALUE, "leave one of them out", "'%s' has both `axis` and `axes`",
                    check->name);
  uint64_t reduced = vmo_op_reduced_axes(check->module, check->function, check->op, 0);
  uint32_t different = 0;
  for (uint32_t i = 0; i < VMO_MAX_RANK; i++) different += reduced >> i & 1;
  if (different == axis + axes) return true;
  return vmo_fail(check, VMO_DIAG_ATTRIBUTE_VALUE, NULL, "'%s' names an axis twice", check->name);
}

bool vmo_rule_reduce(vmo_check *check) {
  if (!check_axes(check)) return false;
  vmo_form form = vmo_operand_form(check, 0);
  uint64_t reduced = vmo_op_reduced_axes(check->module, check->function, check->op, form.rank);
  bool keep = vmo_op_integer(check->module, check->function, check->op, "keep", 0) != 0;
  vmo_shape shape = {0};
  for (uint32_t axis = 0; axis < form.rank; axis++) {
    if (!(reduced >> axis & 1))
      shape.sizes[shape.rank++] = form.sizes[axis];
    else if (keep)
      shape.sizes[shape.rank++] = vmo_size_constant(check->module->sizes, 1);
  }
  return vmo_expect(check, 0, &shape);
}

/* ---- gather and scatter ---- */

/* Operand 0's shape with the shape of the indices, operand 1, in place of the axis. */
static bool gathered_shape(vmo_check *check, vmo_shape *shape) {
  vmo_form array = vmo_operand_form(check, 0), indices = vmo_operand_form(check, 1);
  uint32_t axis = (uint32_t)vmo_op_integer(check->module, check->function, check->op, "axis", 0);
  shape->rank = 0;
  if (array.rank == 0)
    return vmo_fail_at(check, VMO_DIAG_OPERAND_SHAPE, vmo_operand_location(check, 0), NULL,
                       "'%s' needs an array, but %s is a scalar", check->name, vmo_operand_text(check, 0));
  if (array.rank - 1 + indices.rank > VMO_MAX_RANK)
    return vmo_fail(check, VMO_DIAG_RANK, NULL, "'%s' would have more than %d axes", check->name, VMO_MAX_RANK);
  for (uint32_t i = 0; i < axis; i++) shape->sizes[shape->rank++] = array.sizes[i];
  for (uint32_t i = 0; i < indices.rank; i++) shape->sizes[shape->rank++] = indices.sizes[i];
  for (uint32_t i = axis + 1; i < array.rank; i++) shape->sizes[shape->rank++] = array.sizes[i];
  return true;
}

bool vmo_rule_gather(vmo_check *check) {
  vmo_shape shape;
  return gathered_shape(check, &shape) && vmo_expect(check, 0, &shape);
}

bool vmo_rule_scatter(vmo_check *check) {
  vmo_shape updates, shape = {0};
  if (!gathered_shape(check, &updates)) return false;
  vmo_form given = vmo_operand_form(check, 2), destination = vmo_operand_form(check, 0);
  if (given.rank > 0 && (given.rank != updates.rank || !vmo_same_sizes(given.sizes, updates.sizes, updates.rank)))
    return vmo_fail_at(check, VMO_DIAG_OPERAND_SHAPE, vmo_operand_location(check, 2),
                       "give a scalar, or one element for each that is put",
                       "'%s' needs operand y to be a scalar or to have the shape %s, but %s is %s", check->name,
                       vmo_sizes_text(check, updates.sizes, updates.rank), vmo_operand_text(check, 2),
                       vmo_form_text(check, given));
  for (; shape.rank < destination.rank; shape.rank++) shape.sizes[shape.rank] = destination.sizes[shape.rank];
  return vmo_expect(check, 0, &shape);
}
