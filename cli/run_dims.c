/* run_dims.c: dims from the sizes of arguments.
 *
 *   %row: i64[N+1]   and an argument of 5 elements   say   N = 4
 *
 * A size in which one dim has no value yet is solved for it where the size is linear in that dim: two evaluations give
 * its slope, a third proves the answer. Others wait for the next round, which begins when a dim was found; so there are
 * at most as many rounds as dims, and mostly one. */
#include <stdio.h>

#include "cli/run.h"

static bool evaluate(vmo_execution *run, vmo_size_id size, int64_t *number) {
  vmo_interval value;
  vmo_evaluation how = vmo_size_evaluate(run->module->sizes, size, &run->cli->binding, &value);
  *number = value.low;
  return how == VMO_EVALUATION_EXACT || how == VMO_EVALUATION_NEGATIVE;
}

static bool has_value(const vmo_execution *run, vmo_dim_id dim) {
  const vmo_interval *values = &run->cli->binding.dims[dim];
  return values->low == values->high;
}

/* The one dim without a value in a size; VMO_NONE: none or several. */
static vmo_dim_id find_unknown(const vmo_execution *run, vmo_size_id size) {
  vmo_dim_id found = VMO_NONE;
  for (uint32_t i = 0; i < run->module->dims.count; i++) {
    if (has_value(run, i) || !vmo_size_mentions(run->module->sizes, size, i)) continue;
    if (found != VMO_NONE) return VMO_NONE;
    found = i;
  }
  return found;
}

static bool evaluate_with(vmo_execution *run, vmo_size_id size, vmo_dim_id dim, int64_t value, int64_t *number) {
  run->cli->binding.dims[dim] = (vmo_interval){value, value};
  return evaluate(run, size, number);
}

/* Looks for the value of `dim` that makes the size `wanted`. */
static bool solve(vmo_execution *run, vmo_size_id size, vmo_dim_id dim, int64_t wanted, int64_t *value) {
  vmo_interval before = run->cli->binding.dims[dim];
  int64_t at_0, at_1, proof;
  bool solved = evaluate_with(run, size, dim, 0, &at_0) && evaluate_with(run, size, dim, 1, &at_1) && at_1 != at_0 &&
                (wanted - at_0) % (at_1 - at_0) == 0;
  *value = solved ? (wanted - at_0) / (at_1 - at_0) : -1;
  solved = solved && *value >= 0 && evaluate_with(run, size, dim, *value, &proof) && proof == wanted;
  run->cli->binding.dims[dim] = before;
  return solved;
}

static vmo_status size_fault(vmo_execution *run, uint32_t parameter, const char *what) {
  const vmo_source *source = &run->sources[parameter];
  vmo_text type, shape;
  vmo_text_init(&type);
  vmo_text_init(&shape);
  vmo_print_type(run->module, run->function->values.data[parameter].type, &type);
  for (uint32_t i = 0; i < source->rank; i++)
    vmo_text_addf(&shape, "%s%lld", i > 0 ? "," : "", (long long)source->sizes[i]);
  vmo_status status =
      vmo_argument_fault(run, parameter, VMO_DIAG_ARGUMENT_VALUE, NULL, "it is [%s], and the parameter is %s%s",
                         shape.data != NULL ? shape.data : "", type.data != NULL ? type.data : "", what);
  vmo_text_free(&type);
  vmo_text_free(&shape);
  return status;
}

static vmo_status infer_axis(vmo_execution *run, uint32_t parameter, uint32_t axis, bool *progress) {
  const vmo_type *type = vmo_value_type(run->module, run->function, parameter);
  vmo_size_id size = run->module->shapes.data[type->shape_first + axis];
  int64_t found = run->sources[parameter].sizes[axis], number;
  if (evaluate(run, size, &number)) {
    char what[64];
    snprintf(what, sizeof what, ", whose axis %u has %lld", axis, (long long)number);
    return number == found ? VMO_OK : size_fault(run, parameter, what);
  }
  vmo_dim_id dim = find_unknown(run, size);
  if (dim == VMO_NONE || !solve(run, size, dim, found, &number)) return VMO_OK;
  const char *name = vmo_name(run->module, run->module->dims.data[dim].name);
  *progress = true;
  return vmo_bind_dim(run->module, &run->cli->binding, name, number);
}

static vmo_status infer_parameter(vmo_execution *run, uint32_t parameter, bool *progress) {
  const vmo_source *source = &run->sources[parameter];
  const vmo_type *type = vmo_value_type(run->module, run->function, parameter);
  if (!source->has_shape) return VMO_OK;
  if (source->rank != type->rank) return size_fault(run, parameter, "");
  vmo_status status = VMO_OK;
  for (uint32_t axis = 0; axis < type->rank && status == VMO_OK; axis++)
    status = infer_axis(run, parameter, axis, progress);
  return status;
}

vmo_status vmo_infer_dims(vmo_execution *run) {
  bool progress = true;
  vmo_status status = VMO_OK;
  while (progress && status == VMO_OK) {
    progress = false;
    for (uint32_t i = 0; i < run->function->parameters.count && status == VMO_OK; i++)
      status = infer_parameter(run, i, &progress);
  }
  return status;
}

/* ---- what has no value ---- */

static bool operand_mentions(const vmo_execution *run, const vmo_function *function, vmo_dim_id dim) {
  for (uint32_t i = 0; i < function->operands.count; i++) {
    const vmo_operand *operand = &function->operands.data[i];
    if (operand->kind == VMO_OPERAND_SIZE && vmo_size_mentions(run->module->sizes, operand->index, dim)) return true;
  }
  for (uint32_t i = 0; i < function->items.count; i++) {
    const vmo_attribute_item *item = &function->items.data[i];
    if (item->kind == VMO_ATTRIBUTE_SIZE && vmo_size_mentions(run->module->sizes, item->value.id, dim)) return true;
  }
  return false;
}

static bool function_mentions(const vmo_execution *run, const vmo_function *function, vmo_dim_id dim) {
  for (uint32_t i = 0; i < function->values.count; i++) {
    const vmo_type *type = vmo_value_type(run->module, function, i);
    for (uint32_t axis = 0; axis < type->rank; axis++)
      if (vmo_size_mentions(run->module->sizes, run->module->shapes.data[type->shape_first + axis], dim)) return true;
  }
  return operand_mentions(run, function, dim);
}

/* The functions that the one to run may reach, in the order in which they are found; `count` of them. */
static const uint32_t *find_reached(vmo_execution *run, uint32_t *count) {
  uint32_t functions = run->module->functions.count;
  uint32_t *list = vmo_alloc_array(run->cli->context, (size_t)functions + 1, sizeof *list);
  bool *seen = vmo_alloc_array(run->cli->context, (size_t)functions + 1, sizeof *seen);
  if (list == NULL || seen == NULL) return NULL;
  *count = 1;
  list[0] = run->id;
  seen[run->id] = true;
  for (uint32_t at = 0; at < *count; at++) {
    const vmo_function *function = run->module->functions.data[list[at]];
    for (uint32_t i = 0; i < function->ops.count; i++) {
      const vmo_op *op = &function->ops.data[i];
      if (op->code != VMO_OP_call || seen[op->callee]) continue;
      seen[op->callee] = true;
      list[(*count)++] = op->callee;
    }
  }
  return list;
}

vmo_status vmo_require_dims(vmo_execution *run) {
  uint32_t count;
  vmo_status status = VMO_OK;
  const uint32_t *reached = find_reached(run, &count);
  if (reached == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t dim = 0; dim < run->module->dims.count; dim++) {
    const vmo_dim *declared = &run->module->dims.data[dim];
    if (declared->kind == VMO_DIM_LOCAL || has_value(run, dim)) continue;
    bool used = false;
    for (uint32_t i = 0; i < count && !used; i++)
      used = function_mentions(run, run->module->functions.data[reached[i]], dim);
    if (!used) continue;
    const char *name = vmo_name(run->module, declared->name);
    vmo_diagnostic *added =
        vmo_diag_add(run->cli->context, VMO_DIAG_DIM_WITHOUT_VALUE, declared->location, "dim %s has no value", name);
    vmo_diag_hint(run->cli->context, added, "--dim %s=NUMBER, or an argument whose sizes tell it", name);
    status = VMO_INPUT_ERROR;
  }
  return status == VMO_OK ? vmo_check_binding(run->module, &run->cli->binding) : status;
}
