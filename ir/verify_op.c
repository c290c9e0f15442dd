/* verify_op.c: an op against its row: how many operands, of which elements; what each variable of the row stands for;
 * what literals are; and then, by the row's rule, the shapes of its results.
 *
 * The order matters: a variable is bound by operands that have a type, else by the result as written, else by the
 * literals' own kind (i64, f64 or bool). Time is linear in operands, results and their ranks. */
#include "ir/verify.h"

#include <string.h>

static bool (*const rules[VMO_RULE_COUNT])(vmo_check *) = {
    [VMO_RULE_SHAPES] = vmo_rule_shapes,
    [VMO_RULE_BROADCAST] = vmo_rule_broadcast,
    [VMO_RULE_CONSTANT] = vmo_rule_constant,
    [VMO_RULE_RESHAPE] = vmo_rule_reshape,
    [VMO_RULE_SLICE] = vmo_rule_slice,
    [VMO_RULE_SPLIT] = vmo_rule_split,
    [VMO_RULE_CONCAT] = vmo_rule_concat,
    [VMO_RULE_PAD] = vmo_rule_pad,
    [VMO_RULE_EXPAND] = vmo_rule_expand,
    [VMO_RULE_TRANSPOSE] = vmo_rule_transpose,
    [VMO_RULE_REDUCE] = vmo_rule_reduce,
    [VMO_RULE_MATMUL] = vmo_rule_matmul,
    [VMO_RULE_GATHER] = vmo_rule_gather,
    [VMO_RULE_SCATTER] = vmo_rule_scatter,
    [VMO_RULE_CONVOLUTION] = vmo_rule_convolution,
    [VMO_RULE_POOL] = vmo_rule_pool,
};

/* ---- how many ---- */

static const char *count_text(const vmo_check *check, uint32_t least, uint32_t most, const char *noun) {
  const char *plural = most == 1 || (most == VMO_NONE && least == 1) ? "" : "s";
  if (most == 0) return vmo_hint_text(check, "no %s%s", noun, plural);
  if (most == VMO_NONE) return vmo_hint_text(check, "at least %u %s%s", least, noun, plural);
  if (least != most) return vmo_hint_text(check, "%u to %u %s%s", least, most, noun, plural);
  return vmo_hint_text(check, "%u %s%s", least, noun, plural);
}

static bool check_counts(vmo_check *check) {
  const vmo_op_info *info = &check->row->info;
  uint32_t given = check->op->operand_count;
  if (given < info->operand_min || given > info->operand_max)
    return vmo_fail(check, VMO_DIAG_OPERAND_COUNT, *info->operands == '\0' ? NULL : info->operands,
                    "'%s' takes %s, but %u %s given", check->name,
                    count_text(check, info->operand_min, info->operand_max, "operand"), given,
                    given == 1 ? "is" : "are");
  given = check->op->result_count;
  if (given < info->result_min || given > info->result_max)
    return vmo_fail(check, VMO_DIAG_RESULT_COUNT, check->row->info.results, "'%s' has %s, but %u %s written",
                    check->name, count_text(check, info->result_min, info->result_max, "result"), given,
                    given == 1 ? "is" : "are");
  return true;
}

/* ---- elements ---- */

/* "a float": what the elements that a row allows are called. */
static const char *class_text(const vmo_check *check, uint32_t elements) {
  uint32_t floats = 0, integers = 0, boolean = UINT32_C(1) << VMO_BOOL, index = 1u << VMO_I32 | 1u << VMO_I64;
  for (int e = 0; e < VMO_ELEMENT_COUNT; e++) {
    floats |= (uint32_t)vmo_element_is_float((vmo_element)e) << e;
    integers |= (uint32_t)vmo_element_is_integer((vmo_element)e) << e;
    if (elements == UINT32_C(1) << e)
      return vmo_hint_text(check, "%s %s", vmo_element_article((vmo_element)e), vmo_element_name((vmo_element)e));
  }
  if (elements == floats) return "a float";
  if (elements == integers) return "an integer";
  if (elements == (floats | integers)) return "a number";
  if (elements == (integers | boolean)) return "a bool or an integer";
  return elements == index ? "an i32 or i64" : "a bool or a number";
}

/* What to cast to, where `elements` are allowed. */
static vmo_element cast_target(uint32_t elements, vmo_element from) {
  if (elements >> VMO_F64 & 1) return vmo_element_bytes(from) == 8 ? VMO_F64 : VMO_F32;
  return elements >> VMO_I64 & 1 ? VMO_I64 : VMO_BOOL;
}

static bool fail_class(vmo_check *check, uint32_t operand, const vmo_pattern *pattern) {
  vmo_form form = vmo_operand_form(check, operand), cast = form;
  cast.element = cast_target(pattern->elements, form.element);
  const char *text = vmo_operand_text(check, operand);
  const char *hint = cast.element == VMO_BOOL
                         ? vmo_hint_text(check, "a comparison gives a bool, such as `ne %s, 0`", text)
                         : vmo_hint_text(check, "cast it first: `cast %s : %s`", text, vmo_form_text(check, cast));
  return vmo_fail_at(check, VMO_DIAG_OPERAND_ELEMENT, vmo_operand_location(check, operand), hint,
                     "'%s' needs operand %s to be %s, but %s is %s", check->name, vmo_word_text(check, pattern->name),
                     class_text(check, pattern->elements), text, vmo_form_text(check, form));
}

/* The first operand that gave `variable` its element. */
static uint32_t find_binder(const vmo_check *check, char variable) {
  uint32_t operand = 0;
  while (vmo_signature_operand(check->signature, operand)->variable != variable ||
         vmo_op_operands(check->function, check->op)[operand].kind == VMO_OPERAND_LITERAL)
    operand++;
  return operand;
}

static bool fail_tie(vmo_check *check, uint32_t operand, char variable) {
  uint32_t first = find_binder(check, variable);
  vmo_form wanted = vmo_operand_form(check, first), form = vmo_operand_form(check, operand), cast = form;
  const char *text = vmo_operand_text(check, operand), *other = vmo_operand_text(check, first);
  bool to_float = vmo_element_is_float(form.element) && !vmo_element_is_float(wanted.element);
  if (to_float) cast = wanted;
  cast.element = to_float ? form.element : wanted.element;
  const char *hint = vmo_hint_text(check, "cast one of them, such as `cast %s : %s`", to_float ? other : text,
                                   vmo_form_text(check, cast));
  return vmo_fail_at(check, VMO_DIAG_OPERAND_ELEMENT, vmo_operand_location(check, operand), hint,
                     "'%s' needs operands of one element type, but %s is %s and %s is %s", check->name, other,
                     vmo_form_text(check, wanted), text, vmo_form_text(check, form));
}

static bool bind_operands(vmo_check *check) {
  for (uint32_t i = 0; i < check->op->operand_count; i++) {
    if (vmo_op_operands(check->function, check->op)[i].kind == VMO_OPERAND_LITERAL) continue;
    const vmo_pattern *pattern = vmo_signature_operand(check->signature, i);
    vmo_element element = vmo_operand_form(check, i).element;
    vmo_element *bound = pattern->variable == 0 ? NULL : &check->elements[pattern->variable - 'A'];
    if (!(pattern->elements >> element & 1)) return fail_class(check, i, pattern);
    if (bound == NULL) continue;
    if (*bound == VMO_ELEMENT_COUNT) *bound = element;
    if (*bound != element) return fail_tie(check, i, pattern->variable);
  }
  return true;
}

static bool bind_results(vmo_check *check) {
  for (uint32_t i = 0; i < check->op->result_count; i++) {
    const vmo_pattern *pattern = vmo_signature_result(check->signature, i);
    vmo_form form = vmo_result_form(check, i);
    vmo_element *bound = pattern->variable == 0 ? NULL : &check->elements[pattern->variable - 'A'];
    bool is_free = bound == NULL ? (pattern->elements & (pattern->elements - 1)) != 0 : *bound == VMO_ELEMENT_COUNT;
    if (!is_free) continue; /* vmo_expect compares */
    if (!(pattern->elements >> form.element & 1))
      return vmo_fail(check, VMO_DIAG_RESULT_TYPE, NULL, "'%s' gives %s, but %s is written", check->name,
                      class_text(check, pattern->elements), vmo_form_text(check, form));
    if (bound != NULL) *bound = form.element;
  }
  return true;
}

/* The element of literals that nothing else gives one: f64, bool or i64, after the first that is no integer. */
static vmo_element default_element(const vmo_check *check, const vmo_pattern *pattern, uint32_t from) {
  for (uint32_t i = from; i < check->op->operand_count; i++) {
    const vmo_operand *operand = vmo_op_operands(check->function, check->op) + i;
    bool tied = pattern->variable != 0 && vmo_signature_operand(check->signature, i)->variable == pattern->variable;
    if ((i != from && !tied) || operand->kind != VMO_OPERAND_LITERAL) continue;
    vmo_literal_kind kind = check->function->literals.data[operand->index].kind;
    if (kind == VMO_LITERAL_REAL) return VMO_F64;
    if (kind == VMO_LITERAL_BOOL) return VMO_BOOL;
  }
  return pattern->elements >> VMO_I64 & 1 ? VMO_I64 : pattern->elements >> VMO_F64 & 1 ? VMO_F64 : VMO_BOOL;
}

static bool type_literals(vmo_check *check) {
  for (uint32_t i = 0; i < check->op->operand_count; i++) {
    const vmo_operand *operand = vmo_op_operands(check->function, check->op) + i;
    if (operand->kind != VMO_OPERAND_LITERAL) continue;
    const vmo_pattern *pattern = vmo_signature_operand(check->signature, i);
    vmo_element *bound = pattern->variable == 0 ? NULL : &check->elements[pattern->variable - 'A'], element;
    element = bound != NULL && *bound != VMO_ELEMENT_COUNT ? *bound : default_element(check, pattern, i);
    if (!(pattern->elements >> element & 1))
      return vmo_fail_at(check, VMO_DIAG_OPERAND_ELEMENT, vmo_operand_location(check, i), NULL,
                         "'%s' needs operand %s to be %s, but it is %s", check->name,
                         vmo_word_text(check, pattern->name), class_text(check, pattern->elements),
                         vmo_operand_text(check, i));
    vmo_literal *literal = &check->function->literals.data[operand->index];
    if (!vmo_check_literal(check, literal, element, vmo_operand_location(check, i))) return false;
    if (bound != NULL) *bound = element;
  }
  return true;
}

/* ---- results ---- */

static vmo_element expected_element(const vmo_check *check, const vmo_pattern *pattern, vmo_element written) {
  if (pattern->variable != 0 && check->elements[pattern->variable - 'A'] != VMO_ELEMENT_COUNT)
    return check->elements[pattern->variable - 'A'];
  return pattern->elements >> written & 1 ? written : cast_target(pattern->elements, written);
}

static const char *result_hint(const vmo_check *check, vmo_form expected, vmo_form written) {
  if (expected.element != written.element && expected.rank == written.rank &&
      vmo_same_sizes(expected.sizes, written.sizes, written.rank))
    return vmo_hint_text(check, "write `%s`, and cast it where another element type is needed",
                         vmo_form_text(check, expected));
  const char *hint = NULL;
  if (expected.rank == written.rank) hint = vmo_formula_hint(check, expected.sizes, written.sizes, written.rank);
  return hint != NULL ? hint : vmo_hint_text(check, "write `%s`", vmo_form_text(check, expected));
}

bool vmo_expect(vmo_check *check, uint32_t result, const vmo_shape *shape) {
  for (uint32_t i = 0; i < shape->rank; i++)
    if (shape->sizes[i] == VMO_NONE) return vmo_fail_size(check);
  vmo_form written = vmo_result_form(check, result);
  vmo_element element = expected_element(check, vmo_signature_result(check->signature, result), written.element);
  vmo_form expected = {element, shape->rank, shape->sizes};
  if (element == written.element && shape->rank == written.rank &&
      vmo_same_sizes(shape->sizes, written.sizes, written.rank))
    return true;
  const char *which = check->op->result_count == 1
                          ? "its result"
                          : vmo_hint_text(check, "result %s", vmo_value_text(check, check->op->result_first + result));
  return vmo_fail(check, VMO_DIAG_RESULT_TYPE, result_hint(check, expected, written),
                  "'%s' expects %s to be %s, but %s is written", check->name, which, vmo_form_text(check, expected),
                  vmo_form_text(check, written));
}

/* ---- the op ---- */

void vmo_check_op(vmo_check *check) {
  for (int i = 0; i < VMO_VARIABLES; i++) check->elements[i] = VMO_ELEMENT_COUNT;
  if (!check_counts(check)) return;
  if (!bind_operands(check) || !bind_results(check) || !type_literals(check)) return;
  if (vmo_check_attributes(check)) rules[check->row->rule](check);
}
