/* verify_control.c: control ops: what is handed over to regions, callees and results has the types written there.
 *
 * An op with regions is checked together with the terminators of its regions, so that an error can name both ends.
 * Handing over needs the same element, shape and memory space; an alignment only where an argument is passed. */
#include "ir/verify.h"

#include <string.h>

/* ---- handing over ---- */

static bool fail_handover(vmo_check *check, vmo_diag_code code, uint32_t operand, vmo_type_id type, const char *what) {
  const vmo_operand *o = vmo_op_operands(check->function, check->op) + operand;
  const char *text = vmo_operand_text(check, operand), *wanted = vmo_type_text(check, type), *hint = NULL;
  if (o->kind == VMO_OPERAND_SIZE && check->module->types.data[type].rank == 0)
    return vmo_fail_at(check, code, vmo_operand_location(check, operand),
                       vmo_hint_text(check, "cast it: `cast %s : %s`", text, wanted), "%s must be %s, but %s is an i64",
                       what, wanted, text);
  if (o->kind != VMO_OPERAND_VALUE)
    return vmo_fail_at(check, code, vmo_operand_location(check, operand),
                       vmo_hint_text(check, "`fill %s : %s` makes an array of it", text, wanted),
                       "%s must be %s, but %s is a scalar", what, wanted, text);
  vmo_form form = vmo_operand_form(check, operand), target = vmo_type_form(check, type);
  bool same_shape = form.rank == target.rank && vmo_same_sizes(form.sizes, target.sizes, form.rank);
  if (same_shape && form.element == target.element)
    hint = vmo_hint_text(check, "copy it there: `copy %s : %s`", text, wanted);
  else if (same_shape)
    hint = vmo_hint_text(check, "cast it: `cast %s : %s`", text, wanted);
  else if (form.rank == 0 && form.element == target.element)
    hint = vmo_hint_text(check, "`fill %s : %s` makes an array of it", text, wanted);
  else if (form.rank == target.rank)
    hint = vmo_formula_hint(check, form.sizes, target.sizes, form.rank);
  vmo_type_id given = check->function->values.data[o->index].type;
  return vmo_fail_at(check, code, vmo_operand_location(check, operand), hint, "%s must be %s, but %s is %s", what,
                     wanted, text, vmo_type_text(check, given));
}

static bool same_type(const vmo_check *check, vmo_type_id left, vmo_type_id right) {
  if (left == right) return true;
  vmo_form a = vmo_type_form(check, left), b = vmo_type_form(check, right);
  return a.element == b.element && a.rank == b.rank && vmo_same_sizes(a.sizes, b.sizes, a.rank) &&
         check->module->types.data[left].space == check->module->types.data[right].space;
}

/* Whether an operand can be handed over to a place of that type; a literal to any scalar, for now. */
static bool fits(const vmo_check *check, uint32_t operand, vmo_type_id type) {
  const vmo_operand *o = vmo_op_operands(check->function, check->op) + operand;
  const vmo_type *target = &check->module->types.data[type];
  if (o->kind == VMO_OPERAND_VALUE) return same_type(check, check->function->values.data[o->index].type, type);
  return target->rank == 0 && (o->kind == VMO_OPERAND_LITERAL || target->element == VMO_I64);
}

/* A literal takes the element of the place it is handed to. */
static bool type_literal(vmo_check *check, uint32_t operand, vmo_type_id type) {
  const vmo_operand *o = vmo_op_operands(check->function, check->op) + operand;
  if (o->kind != VMO_OPERAND_LITERAL) return true;
  return vmo_check_literal(check, &check->function->literals.data[o->index], check->module->types.data[type].element,
                           vmo_operand_location(check, operand));
}

/* An init or a yielded value, to result `result` of `owner`. */
static bool hand_to_result(vmo_check *check, vmo_diag_code code, uint32_t operand, const vmo_op *owner,
                           uint32_t result) {
  vmo_value_id id = owner->result_first + result;
  vmo_type_id type = check->function->values.data[id].type;
  if (fits(check, operand, type)) return type_literal(check, operand, type);
  const char *what = code == VMO_DIAG_YIELD ? "the value yielded for" : "the initial value of";
  return fail_handover(check, code, operand, type, vmo_hint_text(check, "%s %s", what, vmo_value_text(check, id)));
}

/* An operand that must be a scalar of one element. */
static bool check_scalar(vmo_check *check, vmo_diag_code code, uint32_t operand, vmo_element element,
                         const char *what) {
  const vmo_operand *o = vmo_op_operands(check->function, check->op) + operand;
  if (o->kind == VMO_OPERAND_LITERAL)
    return vmo_check_literal(check, &check->function->literals.data[o->index], element,
                             vmo_operand_location(check, operand));
  vmo_form form = vmo_operand_form(check, operand);
  if (form.element == element && form.rank == 0) return true;
  const char *text = vmo_operand_text(check, operand), *hint = NULL;
  if (element == VMO_BOOL && form.element == VMO_BOOL)
    hint = vmo_hint_text(check, "`any %s : bool` or `all %s : bool` makes one bool of it", text, text);
  else if (form.rank == 0 && element == VMO_BOOL)
    hint = vmo_hint_text(check, "compare it: `ne %s, 0 : bool`", text);
  else if (form.rank == 0)
    hint = vmo_hint_text(check, "cast it: `cast %s : %s`", text, vmo_element_name(element));
  return vmo_fail_at(check, code, vmo_operand_location(check, operand), hint, "%s must be %s %s, but %s is %s", what,
                     vmo_element_article(element), vmo_element_name(element), text, vmo_form_text(check, form));
}

/* ---- regions ---- */

static const vmo_region *region_of(const vmo_check *check, const vmo_op *op, uint32_t number) {
  return &check->function->regions.data[op->region_first + number];
}

/* The values that a region yields, against `count` results of its owner from `first` on. */
static bool check_yields(vmo_check *check, const vmo_op *owner, uint32_t number, uint32_t first, uint32_t count) {
  const vmo_op *before = check->op;
  check->op = &check->function->ops.data[region_of(check, owner, number)->op_end - 1];
  bool good = check->op->operand_count == count;
  if (!good)
    vmo_fail(check, VMO_DIAG_YIELD, NULL, "'yield' hands out %u value%s, but '%s' has %u result%s",
             check->op->operand_count, check->op->operand_count == 1 ? "" : "s", check->name, count,
             count == 1 ? "" : "s");
  for (uint32_t i = 0; good && i < count; i++) good = hand_to_result(check, VMO_DIAG_YIELD, i, owner, first + i);
  check->op = before;
  return good;
}

/* The arguments of a loop's region after the first `skipped` ones, against the op's results. */
static bool check_carried(vmo_check *check, const vmo_op *op, uint32_t skipped) {
  const vmo_region *region = region_of(check, op, 0);
  if (region->argument_count != skipped + op->result_count)
    return vmo_fail(check, VMO_DIAG_CARRIED, "write a type for each value that is carried",
                    "'%s' carries %u value%s, but has %u result%s", check->name, region->argument_count - skipped,
                    region->argument_count - skipped == 1 ? "" : "s", op->result_count,
                    op->result_count == 1 ? "" : "s");
  for (uint32_t i = 0; i < op->result_count; i++) {
    vmo_value_id argument = region->argument_first + skipped + i;
    vmo_type_id type = check->function->values.data[op->result_first + i].type;
    if (!same_type(check, check->function->values.data[argument].type, type))
      return vmo_fail(check, VMO_DIAG_CARRIED, NULL, "%s and %s are one carried value, but their types differ",
                      vmo_value_text(check, argument), vmo_value_text(check, op->result_first + i));
  }
  return true;
}

static bool check_inits(vmo_check *check, const vmo_op *op, uint32_t skipped) {
  if (op->operand_count != skipped + op->result_count)
    return vmo_fail(check, VMO_DIAG_CARRIED, NULL, "'%s' has %u initial value%s, but %u result%s", check->name,
                    op->operand_count - skipped, op->operand_count - skipped == 1 ? "" : "s", op->result_count,
                    op->result_count == 1 ? "" : "s");
  for (uint32_t i = 0; i < op->result_count; i++)
    if (!hand_to_result(check, VMO_DIAG_CARRIED, skipped + i, op, i)) return false;
  return true;
}

static void check_for(vmo_check *check, const vmo_op *op) {
  const vmo_region *region = region_of(check, op, 0);
  if (op->operand_count < 2 || region->argument_count < 1) {
    vmo_fail(check, VMO_DIAG_MALFORMED, NULL, "'for' needs two bounds and an index");
    return;
  }
  vmo_form index = vmo_type_form(check, check->function->values.data[region->argument_first].type);
  if (index.element != VMO_I64 || index.rank != 0)
    vmo_fail(check, VMO_DIAG_MALFORMED, NULL, "the index of 'for' must be an i64");
  if (!check_scalar(check, VMO_DIAG_LOOP_BOUND, 0, VMO_I64, "the lower bound of 'for'") ||
      !check_scalar(check, VMO_DIAG_LOOP_BOUND, 1, VMO_I64, "the upper bound of 'for'") || !vmo_check_attributes(check))
    return;
  if (check_inits(check, op, 2) && check_carried(check, op, 1)) check_yields(check, op, 0, 0, op->result_count);
}

static void check_while(vmo_check *check, const vmo_op *op) {
  if (region_of(check, op, 1)->argument_count != 0) {
    vmo_fail(check, VMO_DIAG_MALFORMED, NULL, "the second region of 'while' has arguments");
    return;
  }
  if (!check_inits(check, op, 0) || !check_carried(check, op, 0)) return;
  check->op = &check->function->ops.data[region_of(check, op, 0)->op_end - 1];
  if (check->op->operand_count != 1)
    vmo_fail(check, VMO_DIAG_CONDITION, NULL, "'condition' takes one value, but %u are given",
             check->op->operand_count);
  else
    check_scalar(check, VMO_DIAG_CONDITION, 0, VMO_BOOL, "the condition of 'while'");
  check->op = op;
  check_yields(check, op, 1, 0, op->result_count);
}

static void check_if(vmo_check *check, const vmo_op *op) {
  if (op->operand_count != 1)
    vmo_fail(check, VMO_DIAG_MALFORMED, NULL, "'if' needs one condition");
  else if (!check_scalar(check, VMO_DIAG_CONDITION, 0, VMO_BOOL, "the condition of 'if'"))
    return;
  if (op->region_count == 1 && op->result_count > 0)
    vmo_fail(check, VMO_DIAG_YIELD, "add `else { ... yield ... }`", "'if' has results, but no `else`");
  else
    for (uint32_t i = 0; i < op->region_count; i++) check_yields(check, op, i, 0, op->result_count);
}

static void check_parallel(vmo_check *check, const vmo_op *op) {
  uint64_t yielded = 0;
  for (uint32_t i = 0; i < op->region_count; i++)
    yielded += check->function->ops.data[region_of(check, op, i)->op_end - 1].operand_count;
  if (yielded != op->result_count) {
    vmo_fail(check, VMO_DIAG_YIELD, "its results are those of the first stream, then of the second, and so on",
             "the streams of 'parallel' yield %llu value%s, but it has %u result%s", (unsigned long long)yielded,
             yielded == 1 ? "" : "s", op->result_count, op->result_count == 1 ? "" : "s");
    return;
  }
  for (uint32_t i = 0, first = 0; i < op->region_count; i++) {
    uint32_t count = check->function->ops.data[region_of(check, op, i)->op_end - 1].operand_count;
    check_yields(check, op, i, first, count);
    first += count;
  }
}

/* ---- calls ---- */

static bool is_aligned_for(const vmo_check *check, uint32_t operand, vmo_type_id type) {
  const vmo_type *wanted = &check->module->types.data[type];
  vmo_value_id value = vmo_op_value(check->function, check->op, operand);
  if (value == VMO_NONE || wanted->rank == 0 || wanted->alignment == 0) return true;
  const vmo_type *given = vmo_value_type(check->module, check->function, value);
  return given->alignment != 0 && given->alignment % wanted->alignment == 0;
}

static bool fail_argument(vmo_check *check, const char *name, uint32_t operand, vmo_type_id type) {
  const char *what = vmo_hint_text(check, "argument %u of @%s", operand + 1, name);
  if (!fits(check, operand, type)) return fail_handover(check, VMO_DIAG_CALL, operand, type, what);
  uint32_t alignment = check->module->types.data[type].alignment;
  const char *text = vmo_operand_text(check, operand);
  return vmo_fail_at(check, VMO_DIAG_CALL, vmo_operand_location(check, operand),
                     vmo_hint_text(check, "write `align %u` in the type of %s", alignment, text),
                     "%s must be aligned to %u bytes", what, alignment);
}

static bool check_arguments(vmo_check *check, const vmo_function *callee, const char *name) {
  for (uint32_t i = 0; i < callee->parameters.count; i++) {
    vmo_type_id type = callee->values.data[i].type;
    if (!fits(check, i, type) || !is_aligned_for(check, i, type)) return fail_argument(check, name, i, type);
    if (!type_literal(check, i, type)) return false;
  }
  return true;
}

static void check_call_results(vmo_check *check, const vmo_op *op, const vmo_function *callee, const char *name) {
  for (uint32_t i = 0; i < op->result_count; i++) {
    vmo_type_id written = check->function->values.data[op->result_first + i].type;
    if (same_type(check, written, callee->result_types.data[i])) continue;
    vmo_fail(check, VMO_DIAG_CALL, NULL, "result %u of @%s is %s, but %s is written", i + 1, name,
             vmo_type_text(check, callee->result_types.data[i]), vmo_type_text(check, written));
    return;
  }
}

static void check_call(vmo_check *check, const vmo_op *op) {
  const vmo_function *callee = check->module->functions.data[op->callee];
  const char *name = vmo_name(check->module, callee->name);
  uint32_t parameters = callee->parameters.count, results = callee->result_types.count;
  for (uint32_t i = 0; i < parameters; i++) {
    if (!callee->parameters.data[i].state) continue;
    vmo_fail(check, VMO_DIAG_CALL, "the caller can hold the state and pass it as a donated parameter",
             "@%s has state, so it cannot be called", name);
    return;
  }
  if (op->operand_count != parameters)
    vmo_fail(check, VMO_DIAG_CALL, NULL, "@%s takes %u argument%s, but %u %s given", name, parameters,
             parameters == 1 ? "" : "s", op->operand_count, op->operand_count == 1 ? "is" : "are");
  else if (op->result_count != results)
    vmo_fail(check, VMO_DIAG_CALL, NULL, "@%s has %u result%s, but %u %s written", name, results,
             results == 1 ? "" : "s", op->result_count, op->result_count == 1 ? "is" : "are");
  else if (check_arguments(check, callee, name))
    check_call_results(check, op, callee, name);
}

/* ---- return ---- */

/* The operands of `return` from `at` on: the next content of each state. */
static void check_states(vmo_check *check, uint32_t at) {
  const vmo_function *function = check->function;
  for (uint32_t i = 0; i < function->parameters.count; i++) {
    if (!function->parameters.data[i].state) continue;
    vmo_type_id type = function->values.data[i].type;
    if (!fits(check, at, type)) {
      const char *what = vmo_hint_text(check, "the next content of state %s", vmo_value_text(check, i));
      fail_handover(check, VMO_DIAG_RETURN, at, type, what);
      return;
    }
    if (!type_literal(check, at++, type)) return;
  }
}

static void check_return(vmo_check *check, const vmo_op *op) {
  const vmo_function *function = check->function;
  const char *name = vmo_name(check->module, function->name);
  uint32_t results = function->result_types.count, states = 0;
  for (uint32_t i = 0; i < function->parameters.count; i++) states += function->parameters.data[i].state;
  if (op->operand_count != results + states) {
    const char *also = states == 0 ? "" : vmo_hint_text(check, " and %u state%s", states, states == 1 ? "" : "s");
    vmo_fail(check, VMO_DIAG_RETURN, states == 0 ? NULL : "each `state` parameter gets its next content: `state %t`",
             "@%s returns %u result%s%s, but %u value%s given", name, results, results == 1 ? "" : "s", also,
             op->operand_count, op->operand_count == 1 ? " is" : "s are");
    return;
  }
  for (uint32_t i = 0; i < results; i++) {
    vmo_type_id type = function->result_types.data[i];
    if (!fits(check, i, type)) {
      fail_handover(check, VMO_DIAG_RETURN, i, type, vmo_hint_text(check, "result %u of @%s", i + 1, name));
      return;
    }
    if (!type_literal(check, i, type)) return;
  }
  check_states(check, results);
}

/* ---- all of them ---- */

void vmo_check_control(vmo_check *check) {
  const vmo_op *op = check->op;
  if (op->code != VMO_OP_for && op->code != VMO_OP_declared && !vmo_check_attributes(check)) return;
  switch (op->code) {
  case VMO_OP_for: check_for(check, op); break;
  case VMO_OP_while: check_while(check, op); break;
  case VMO_OP_if: check_if(check, op); break;
  case VMO_OP_parallel: check_parallel(check, op); break;
  case VMO_OP_call: check_call(check, op); break;
  case VMO_OP_declared: vmo_check_declared(check); break;
  case VMO_OP_return: check_return(check, op); break;
  default: break; /* yield and condition are checked with the op whose region they end */
  }
}
