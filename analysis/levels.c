/* levels.c: an op's level is one more than the greatest level of what it reads and of the structured op around it; the
 * results of a structured op have the greatest level that its regions reach. */
#include "analysis/levels.h"

typedef struct leveller {
  const vmo_function *function;
  uint32_t *values;  /* the level at which each value is there */
  uint32_t *reached; /* the greatest level inside each region so far */
  uint32_t *levels;  /* of each op */
} leveller;

static uint32_t greatest_operand(const leveller *l, const vmo_op *op) {
  uint32_t level = 0;
  for (uint32_t k = 0; k < op->operand_count; k++) {
    vmo_value_id value = vmo_op_value(l->function, op, k);
    if (value != VMO_NONE && l->values[value] > level) level = l->values[value];
  }
  return level;
}

static void raise(leveller *l, vmo_region_id region, uint32_t level) {
  if (level > l->reached[region]) l->reached[region] = level;
}

/* The last terminator of a structured op: its results are there now, and the region around it has got this far. */
static void close_op(leveller *l, uint32_t owner) {
  const vmo_op *op = &l->function->ops.data[owner];
  uint32_t level = l->levels[owner];
  for (uint32_t r = 0; r < op->region_count; r++)
    if (l->reached[op->region_first + r] > level) level = l->reached[op->region_first + r];
  for (uint32_t r = 0; r < op->result_count; r++) l->values[op->result_first + r] = level;
  raise(l, op->region, level);
}

static void open_op(leveller *l, const vmo_op *op, uint32_t level) {
  for (uint32_t r = 0; r < op->region_count; r++) {
    const vmo_region *region = &l->function->regions.data[op->region_first + r];
    for (uint32_t a = 0; a < region->argument_count; a++) l->values[region->argument_first + a] = level;
  }
}

static void level_op(leveller *l, uint32_t index) {
  const vmo_op *op = &l->function->ops.data[index];
  const vmo_region *region = &l->function->regions.data[op->region];
  uint32_t around = region->owner == VMO_NONE ? 0 : l->levels[region->owner];
  uint32_t level = greatest_operand(l, op);
  if (around > level) level = around;
  if (vmo_op_get_info(op->code)->terminator) {
    raise(l, op->region, level);
    const vmo_op *owner = region->owner == VMO_NONE ? NULL : &l->function->ops.data[region->owner];
    if (owner && op->region == owner->region_first + owner->region_count - 1) close_op(l, region->owner);
    return;
  }
  l->levels[index] = ++level;
  raise(l, op->region, level);
  open_op(l, op, level);
  for (uint32_t r = 0; r < op->result_count; r++) l->values[op->result_first + r] = level;
}

vmo_status vmo_compute_levels(const vmo_module *module, const vmo_function *function, vmo_levels *levels) {
  vmo_context *context = module->context;
  leveller l = {.function = function};
  l.values = vmo_alloc_array(context, function->values.count + 1, sizeof *l.values);
  l.reached = vmo_alloc_array(context, function->regions.count + 1, sizeof *l.reached);
  l.levels = vmo_alloc_array(context, function->ops.count + 1, sizeof *l.levels);
  uint32_t *counts = vmo_alloc_array(context, function->ops.count + 2, sizeof *counts);
  if (!l.values || !l.reached || !l.levels || !counts) return VMO_OUT_OF_MEMORY;
  *levels = (vmo_levels){.op_levels = l.levels};
  for (uint32_t op = 0; op < function->ops.count; op++) {
    level_op(&l, op);
    uint32_t level = l.levels[op];
    if (level == 0) continue;
    if (++counts[level] > levels->width) levels->width = counts[level];
    if (level > levels->critical_path) levels->critical_path = level;
  }
  return VMO_OK;
}
