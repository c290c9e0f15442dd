/* check_binding.c: what can be said of sizes only once dims have values: none is negative, no array is too large, no
 * slice leaves its operand.
 *
 * Types are judged once each; the errors stand where values have such a type. Only what holds for every value within
 * the binding is an error: a bounded dim may still turn out well. Linear. */
#include "ir/ops.h"

typedef struct judge {
  const vmo_module *module;
  const vmo_function *function;
  const vmo_binding *binding;
  bool out_of_memory;
} judge;

typedef enum verdict { VERDICT_GOOD, VERDICT_NEGATIVE, VERDICT_LARGE } verdict;

/* True when `size` is below 0 for every value of the dims. */
static bool is_negative(const judge *j, vmo_size_id size) {
  vmo_interval value;
  vmo_evaluation evaluation = vmo_size_evaluate(j->module->sizes, size, j->binding, &value);
  return evaluation == VMO_EVALUATION_NEGATIVE || (evaluation == VMO_EVALUATION_BOUNDED && value.high < 0);
}

static verdict judge_type(const judge *j, const vmo_type *type) {
  vmo_interval value;
  for (uint32_t i = 0; i < type->rank; i++)
    if (is_negative(j, j->module->shapes.data[type->shape_first + i])) return VERDICT_NEGATIVE;
  vmo_evaluation bytes = vmo_size_evaluate(j->module->sizes, type->bytes, j->binding, &value);
  return bytes == VMO_EVALUATION_OVERFLOW ? VERDICT_LARGE : VERDICT_GOOD;
}

/* ---- messages ---- */

/* "N-8 = -3" */
static void add_value(const judge *j, vmo_text *text, vmo_size_id size) {
  const vmo_module *module = j->module;
  vmo_interval value = {0, 0};
  vmo_size_print_compact(module->sizes, size, module->dims.data, module->context->names, text);
  vmo_evaluation evaluation = vmo_size_evaluate(module->sizes, size, j->binding, &value);
  if (vmo_size_is_constant(module->sizes, size, NULL)) return;
  if (evaluation == VMO_EVALUATION_EXACT || evaluation == VMO_EVALUATION_NEGATIVE)
    vmo_text_addf(text, " = %lld", (long long)value.low);
  else if (evaluation == VMO_EVALUATION_BOUNDED && value.high < 0)
    vmo_text_addf(text, " is at most %lld", (long long)value.high);
}

static void report(judge *j, vmo_diag_code code, vmo_location location, vmo_text *text) {
  if (vmo_text_failed(text)) j->out_of_memory = true;
  vmo_diag_add(j->module->context, code, location, "%s", text->data == NULL ? "" : text->data);
  vmo_text_free(text);
}

static void report_type(judge *j, const vmo_value *value, verdict v) {
  vmo_text text;
  const vmo_type *type = &j->module->types.data[value->type];
  vmo_text_init(&text);
  vmo_text_addf(&text, "%%%s is %s", vmo_name(j->module, value->name),
                v == VERDICT_LARGE ? "too large: " : "no array: ");
  vmo_print_type(j->module, value->type, &text);
  if (v == VERDICT_LARGE) vmo_text_add(&text, " has 2^53 bytes or more");
  for (uint32_t i = 0; v == VERDICT_NEGATIVE && i < type->rank; i++) {
    vmo_size_id size = j->module->shapes.data[type->shape_first + i];
    if (!is_negative(j, size)) continue;
    vmo_text_add(&text, ", where ");
    add_value(j, &text, size);
    break;
  }
  report(j, v == VERDICT_LARGE ? VMO_DIAG_ARRAY_TOO_LARGE : VMO_DIAG_NEGATIVE_SIZE, value->location, &text);
}

/* ---- slices and paddings ---- */

static void report_cut(judge *j, const vmo_op *op, uint32_t axis, const vmo_cut *cut, vmo_size_id whole) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_text_addf(&text, "'slice' leaves %%%s on axis %u: start ",
                vmo_value_name(j->module, j->function, vmo_op_value(j->function, op, 0)), axis);
  add_value(j, &text, cut->start);
  vmo_text_add(&text, ", size ");
  add_value(j, &text, cut->size);
  if (cut->step != 1) vmo_text_addf(&text, ", step %lld", (long long)cut->step);
  vmo_text_add(&text, ", of ");
  add_value(j, &text, whole);
  report(j, VMO_DIAG_OUT_OF_RANGE, op->location, &text);
}

/* The first element after the last one that is taken, less the whole: above 0 when the cut goes beyond. */
static bool leaves(const judge *j, const vmo_cut *cut, vmo_size_id whole) {
  vmo_sizes *sizes = j->module->sizes;
  vmo_interval value;
  vmo_size_id one = vmo_size_constant(sizes, 1);
  vmo_size_id steps =
      vmo_size_multiply(sizes, vmo_size_subtract(sizes, cut->size, one), vmo_size_constant(sizes, cut->step));
  vmo_size_id last = vmo_size_add(sizes, cut->start, steps);
  vmo_size_id left = vmo_size_subtract(sizes, vmo_size_subtract(sizes, whole, one), last);
  if (left == VMO_NONE || !is_negative(j, left)) return false;
  /* An empty cut takes nothing, wherever it stands. */
  vmo_evaluation count = vmo_size_evaluate(sizes, cut->size, j->binding, &value);
  return count == VMO_EVALUATION_OVERFLOW || count == VMO_EVALUATION_UNBOUNDED || value.low > 0;
}

static void check_slice(judge *j, const vmo_op *op) {
  const vmo_type *type = vmo_value_type(j->module, j->function, vmo_op_value(j->function, op, 0));
  for (uint32_t axis = 0; axis < type->rank; axis++) {
    vmo_size_id whole = j->module->shapes.data[type->shape_first + axis];
    vmo_cut cut = vmo_op_cut(j->module, j->function, op, axis, whole);
    if (cut.start == VMO_NONE || cut.size == VMO_NONE) {
      j->out_of_memory = true;
      return;
    }
    if (!is_negative(j, cut.start) && !leaves(j, &cut, whole)) continue;
    report_cut(j, op, axis, &cut, whole);
    return;
  }
}

static void check_pad(judge *j, const vmo_op *op) {
  const vmo_type *type = vmo_value_type(j->module, j->function, vmo_op_value(j->function, op, 0));
  vmo_size_id zero = vmo_size_constant(j->module->sizes, 0);
  for (uint32_t axis = 0; axis < 2 * type->rank; axis++) {
    const char *side = axis % 2 == 0 ? "low" : "high";
    vmo_size_id size = vmo_op_size(j->module, j->function, op, side, axis / 2, zero);
    if (size == VMO_NONE || !is_negative(j, size)) continue;
    vmo_text text;
    vmo_text_init(&text);
    vmo_text_addf(&text, "'pad' is negative on axis %u: %s is ", axis / 2, side);
    add_value(j, &text, size);
    report(j, VMO_DIAG_OUT_OF_RANGE, op->location, &text);
    return;
  }
}

/* ---- the module ---- */

static void check_function(judge *j, const uint8_t *verdicts) {
  for (uint32_t i = 0; i < j->function->values.count; i++) {
    const vmo_value *value = &j->function->values.data[i];
    if (verdicts[value->type] != VERDICT_GOOD) report_type(j, value, (verdict)verdicts[value->type]);
  }
  for (uint32_t i = 0; i < j->function->ops.count; i++) {
    const vmo_op *op = &j->function->ops.data[i];
    if (op->code == VMO_OP_slice) check_slice(j, op);
    if (op->code == VMO_OP_pad) check_pad(j, op);
  }
}

vmo_status vmo_check_binding(const vmo_module *module, const vmo_binding *binding) {
  judge j = {.module = module, .binding = binding};
  uint32_t errors = module->context->diagnostics->errors;
  uint8_t *verdicts = vmo_alloc_array(module->context, module->types.count + 1, 1);
  if (verdicts == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < module->types.count; i++) verdicts[i] = (uint8_t)judge_type(&j, &module->types.data[i]);
  for (uint32_t i = 0; i < module->declarations.count && !j.out_of_memory; i++) {
    j.function = module->declarations.data[i].body;
    if (j.function != NULL) check_function(&j, verdicts);
  }
  for (uint32_t i = 0; i < module->functions.count && !j.out_of_memory; i++) {
    j.function = module->functions.data[i];
    check_function(&j, verdicts);
  }
  if (j.out_of_memory) return VMO_OUT_OF_MEMORY;
  return module->context->diagnostics->errors > errors ? VMO_INPUT_ERROR : VMO_OK;
}
