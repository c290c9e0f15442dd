/* rules_window.c: the shapes of convolutions and pools: how often a window fits, per direction.
 *
 *   floor((size + padding - dilation * (window - 1) - 1) / stride) + 1
 */
#include "ir/verify.h"

static int64_t item(const vmo_check *check, const char *name, uint32_t index, int64_t otherwise) {
  const vmo_attribute_item *found = vmo_op_item(check->module, check->function, check->op, name, index);
  return found == NULL ? otherwise : found->value.integer;
}

static bool check_length(vmo_check *check, const char *name, uint32_t most) {
  uint32_t count = vmo_op_item_count(check->module, check->function, check->op, name);
  if (count <= 2 || count == most) return true;
  return vmo_fail(check, VMO_DIAG_ATTRIBUTE_VALUE,
                  most == 4 ? "give one number, [down, across], or [top, left, bottom, right]"
                            : "give one number, or [down, across]",
                  "attribute `%s` of '%s' has %u items", name, check->name, count);
}

/* Both sides of the padding in direction 0 (down) or 1 (across), at most 2^62. */
static vmo_size_id padding(const vmo_check *check, uint32_t direction) {
  vmo_sizes *sizes = check->module->sizes;
  uint32_t count = vmo_op_item_count(check->module, check->function, check->op, "pad");
  vmo_size_id before = vmo_size_constant(sizes, item(check, "pad", direction, 0));
  vmo_size_id after = count == 4 ? vmo_size_constant(sizes, item(check, "pad", direction + 2, 0)) : before;
  return vmo_size_add(sizes, before, after);
}

static vmo_size_id count_windows(const vmo_check *check, uint32_t direction, vmo_size_id size, vmo_size_id window,
                                 int64_t default_stride) {
  vmo_sizes *sizes = check->module->sizes;
  vmo_size_id one = vmo_size_constant(sizes, 1);
  vmo_size_id dilation = vmo_size_constant(sizes, item(check, "dilation", direction, 1));
  vmo_size_id reach = vmo_size_multiply(sizes, dilation, vmo_size_subtract(sizes, window, one));
  vmo_size_id room = vmo_size_subtract(sizes, vmo_size_add(sizes, size, padding(check, direction)), reach);
  vmo_size_id steps = vmo_size_subtract(sizes, room, one);
  if (steps == VMO_NONE) return VMO_NONE;
  return vmo_size_add(sizes, vmo_size_divide(sizes, steps, item(check, "stride", direction, default_stride)), one);
}

static bool check_images(vmo_check *check, uint32_t operand) {
  vmo_form form = vmo_operand_form(check, operand);
  if (form.rank == 4) return true;
  return vmo_fail_at(check, VMO_DIAG_OPERAND_SHAPE, vmo_operand_location(check, operand),
                     vmo_hint_text(check, "it takes %s", check->row->info.operands),
                     "'%s' needs an array with 4 axes, but %s is %s", check->name, vmo_operand_text(check, operand),
                     vmo_form_text(check, form));
}

/* ---- convolution ---- */

static bool check_channels(vmo_check *check, vmo_form images, vmo_form filters) {
  vmo_sizes *sizes = check->module->sizes;
  int64_t groups = item(check, "groups", 0, 1), outputs;
  vmo_size_id channels = vmo_size_multiply(sizes, filters.sizes[1], vmo_size_constant(sizes, groups));
  if (channels == VMO_NONE) return vmo_fail_size(check);
  if (channels != images.sizes[1])
    return vmo_fail_at(check, VMO_DIAG_OPERAND_SHAPE, vmo_operand_location(check, 1),
                       "axis 1 of the filters times `groups` is axis 1 of the images",
                       "'%s' has images of %s channels, but filters of %s in %lld group%s", check->name,
                       vmo_size_text(check, images.sizes[1]), vmo_size_text(check, filters.sizes[1]), (long long)groups,
                       groups == 1 ? "" : "s");
  if (!vmo_size_is_constant(sizes, filters.sizes[0], &outputs) || outputs % groups == 0) return true;
  return vmo_fail_at(check, VMO_DIAG_OPERAND_SHAPE, vmo_operand_location(check, 1), NULL,
                     "'%s' has %lld filters, which is no multiple of its %lld groups", check->name, (long long)outputs,
                     (long long)groups);
}

static bool check_bias(vmo_check *check, vmo_form filters) {
  if (check->op->operand_count < 3) return true;
  vmo_form bias = vmo_operand_form(check, 2);
  if (bias.rank == 1 && bias.sizes[0] == filters.sizes[0]) return true;
  return vmo_fail_at(check, VMO_DIAG_OPERAND_SHAPE, vmo_operand_location(check, 2), "a bias has one element per filter",
                     "'%s' needs operand bias to have the shape [%s], but %s is %s", check->name,
                     vmo_size_text(check, filters.sizes[0]), vmo_operand_text(check, 2), vmo_form_text(check, bias));
}

bool vmo_rule_convolution(vmo_check *check) {
  vmo_form images = vmo_operand_form(check, 0), filters = vmo_operand_form(check, 1);
  if (!check_images(check, 0) || !check_images(check, 1) || !check_length(check, "stride", 2) ||
      !check_length(check, "dilation", 2) || !check_length(check, "pad", 4))
    return false;
  if (!check_channels(check, images, filters) || !check_bias(check, filters)) return false;
  vmo_shape shape = {.rank = 4, .sizes = {images.sizes[0], filters.sizes[0]}};
  for (uint32_t i = 0; i < 2; i++)
    shape.sizes[2 + i] = count_windows(check, i, images.sizes[2 + i], filters.sizes[2 + i], 1);
  return vmo_expect(check, 0, &shape);
}

/* ---- pools ---- */

bool vmo_rule_pool(vmo_check *check) {
  vmo_form images = vmo_operand_form(check, 0);
  if (!check_images(check, 0) || !check_length(check, "size", 2) || !check_length(check, "stride", 2) ||
      !check_length(check, "pad", 4))
    return false;
  vmo_shape shape = {.rank = 4, .sizes = {images.sizes[0], images.sizes[1]}};
  for (uint32_t i = 0; i < 2; i++) {
    int64_t window = item(check, "size", i, 1);
    shape.sizes[2 + i] =
        count_windows(check, i, images.sizes[2 + i], vmo_size_constant(check->module->sizes, window), window);
  }
  return vmo_expect(check, 0, &shape);
}
