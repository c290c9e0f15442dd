/* ops_read.c: attributes that more than one part needs, read the same way everywhere: axes of reductions, cuts of
 * slices. */
#include "ir/ops.h"

const vmo_attribute_item *vmo_op_item(const vmo_module *module, const vmo_function *function, const vmo_op *op,
                                      const char *name, uint32_t index) {
  const vmo_attribute *attribute = vmo_op_attribute(module, function, op, name);
  if (attribute == NULL || attribute->item_count == 0) return NULL;
  if (attribute->item_count == 1) index = 0;
  return index < attribute->item_count ? &function->items.data[attribute->item_first + index] : NULL;
}

uint32_t vmo_op_item_count(const vmo_module *module, const vmo_function *function, const vmo_op *op, const char *name) {
  const vmo_attribute *attribute = vmo_op_attribute(module, function, op, name);
  return attribute == NULL ? 0 : attribute->item_count;
}

vmo_size_id vmo_op_size(const vmo_module *module, const vmo_function *function, const vmo_op *op, const char *name,
                        uint32_t index, vmo_size_id otherwise) {
  const vmo_attribute *attribute = vmo_op_attribute(module, function, op, name);
  if (attribute == NULL || index >= attribute->item_count) return otherwise;
  const vmo_attribute_item *item = &function->items.data[attribute->item_first + index];
  if (item->kind == VMO_ATTRIBUTE_SIZE) return item->value.id;
  return vmo_size_constant(module->sizes, item->value.integer);
}

static uint64_t listed_axes(const vmo_module *module, const vmo_function *function, const vmo_op *op,
                            const char *name) {
  uint64_t axes = 0;
  const vmo_attribute *attribute = vmo_op_attribute(module, function, op, name);
  for (uint32_t i = 0; attribute != NULL && i < attribute->item_count; i++)
    axes |= UINT64_C(1) << function->items.data[attribute->item_first + i].value.integer;
  return axes;
}

uint64_t vmo_op_reduced_axes(const vmo_module *module, const vmo_function *function, const vmo_op *op, uint32_t rank) {
  if (vmo_op_attribute(module, function, op, "axis") == NULL && vmo_op_attribute(module, function, op, "axes") == NULL)
    return rank == 0 ? 0 : UINT64_MAX >> (64 - rank);
  return listed_axes(module, function, op, "axis") | listed_axes(module, function, op, "axes");
}

vmo_cut vmo_op_cut(const vmo_module *module, const vmo_function *function, const vmo_op *op, uint32_t axis,
                   vmo_size_id whole) {
  vmo_sizes *sizes = module->sizes;
  const vmo_attribute *steps = vmo_op_attribute(module, function, op, "step");
  vmo_cut cut = {.step = 1};
  if (steps != NULL && axis < steps->item_count)
    cut.step = function->items.data[steps->item_first + axis].value.integer;
  cut.start = vmo_op_size(module, function, op, "start", axis, vmo_size_constant(sizes, 0));
  vmo_size_id stop = vmo_op_size(module, function, op, "stop", axis, whole);
  vmo_size_id taken =
      vmo_size_add(sizes, vmo_size_subtract(sizes, stop, cut.start), vmo_size_constant(sizes, cut.step - 1));
  cut.size = taken == VMO_NONE ? VMO_NONE : vmo_size_divide(sizes, taken, cut.step);
  cut.size = vmo_op_size(module, function, op, "size", axis, cut.size);
  return cut;
}
