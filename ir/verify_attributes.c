/* verify_attributes.c: the attributes of an op against those of its row: known names, given once, of the right kind
 * and range, and those that must be given.
 *
 * Names are compared as text with the few of the row. */
#include "ir/verify.h"

#include <string.h>

static const char *const kind_words[] = {
    [VMO_ATTRIBUTE_INTEGER] = "an integer", [VMO_ATTRIBUTE_REAL] = "a number with a fraction",
    [VMO_ATTRIBUTE_BOOL] = "a bool",        [VMO_ATTRIBUTE_SIZE] = "a size with a dim in it",
    [VMO_ATTRIBUTE_TEXT] = "a text",        [VMO_ATTRIBUTE_WORD] = "a word",
    [VMO_ATTRIBUTE_VALUE] = "a value",
};

static const char *const class_words[] = {
    [VMO_CLASS_INT] = "an integer",
    [VMO_CLASS_REAL] = "a number",
    [VMO_CLASS_BOOL] = "true or false",
    [VMO_CLASS_NUMBER] = "a value",
    [VMO_CLASS_SIZE] = "a size, such as 3 or N+1",
    [VMO_CLASS_AXIS] = "the number of an axis",
};

/* ---- one item ---- */

static bool kind_is_allowed(vmo_attribute_class class, vmo_attribute_kind kind) {
  switch (class) {
  case VMO_CLASS_INT:
  case VMO_CLASS_AXIS: return kind == VMO_ATTRIBUTE_INTEGER;
  case VMO_CLASS_REAL: return kind == VMO_ATTRIBUTE_INTEGER || kind == VMO_ATTRIBUTE_REAL;
  case VMO_CLASS_BOOL: return kind == VMO_ATTRIBUTE_BOOL;
  case VMO_CLASS_SIZE: return kind == VMO_ATTRIBUTE_INTEGER || kind == VMO_ATTRIBUTE_SIZE;
  case VMO_CLASS_NUMBER: break;
  }
  return kind == VMO_ATTRIBUTE_INTEGER || kind == VMO_ATTRIBUTE_REAL || kind == VMO_ATTRIBUTE_BOOL;
}

static bool check_axis(vmo_check *check, const vmo_attribute *attribute, int64_t axis) {
  vmo_form form = vmo_operand_form(check, 0);
  if (axis >= 0 && axis < (int64_t)form.rank) return true;
  const char *hint = form.rank == 0 ? NULL : vmo_hint_text(check, "axes are counted from 0 to %u", form.rank - 1);
  return vmo_fail_at(check, VMO_DIAG_AXIS, attribute->location, hint, "'%s' has no axis %lld to work on: %s is %s",
                     check->name, (long long)axis, vmo_operand_text(check, 0), vmo_form_text(check, form));
}

static bool check_range(vmo_check *check, const vmo_attribute *attribute, const vmo_attribute_pattern *pattern,
                        double number) {
  bool low = !pattern->has_low || number >= (double)pattern->low;
  bool high = !pattern->has_high || number <= (double)pattern->high;
  if (low && high) return true;
  const char *name = vmo_word_text(check, pattern->name);
  if (pattern->has_low && pattern->has_high)
    return vmo_fail_at(check, VMO_DIAG_ATTRIBUTE_VALUE, attribute->location, NULL,
                       "attribute `%s` of '%s' must be between %lld and %lld", name, check->name,
                       (long long)pattern->low, (long long)pattern->high);
  return vmo_fail_at(check, VMO_DIAG_ATTRIBUTE_VALUE, attribute->location, NULL,
                     "attribute `%s` of '%s' must be at %s %lld", name, check->name, low ? "most" : "least",
                     (long long)(low ? pattern->high : pattern->low));
}

/* A number that is to be of the element of the row's variable. */
static bool check_number(vmo_check *check, const vmo_attribute *attribute, char variable,
                         const vmo_attribute_item *item) {
  vmo_literal literal = {.element = VMO_ELEMENT_COUNT};
  if (item->kind == VMO_ATTRIBUTE_REAL) {
    literal.kind = VMO_LITERAL_REAL;
    literal.value.real = item->value.real;
  } else {
    literal.kind = item->kind == VMO_ATTRIBUTE_BOOL ? VMO_LITERAL_BOOL : VMO_LITERAL_INTEGER;
    literal.negative = item->value.integer < 0;
    literal.value.bits = literal.negative ? -(uint64_t)item->value.integer : (uint64_t)item->value.integer;
  }
  return vmo_check_literal(check, &literal, check->elements[variable - 'A'], attribute->location);
}

static bool check_item(vmo_check *check, const vmo_attribute *attribute, const vmo_attribute_pattern *pattern,
                       const vmo_attribute_item *item) {
  if (!kind_is_allowed(pattern->class, item->kind))
    return vmo_fail_at(check, VMO_DIAG_ATTRIBUTE_VALUE, attribute->location, NULL,
                       "attribute `%s` of '%s' must be %s, but %s is given", vmo_word_text(check, pattern->name),
                       check->name, class_words[pattern->class], kind_words[item->kind]);
  if (pattern->class == VMO_CLASS_AXIS) return check_axis(check, attribute, item->value.integer);
  if (pattern->class == VMO_CLASS_NUMBER) return check_number(check, attribute, pattern->variable, item);
  if (item->kind == VMO_ATTRIBUTE_INTEGER) return check_range(check, attribute, pattern, (double)item->value.integer);
  return item->kind != VMO_ATTRIBUTE_REAL || check_range(check, attribute, pattern, item->value.real);
}

static bool check_items(vmo_check *check, const vmo_attribute *attribute, const vmo_attribute_pattern *pattern) {
  if (!pattern->list && (attribute->is_list || attribute->item_count != 1))
    return vmo_fail_at(check, VMO_DIAG_ATTRIBUTE_VALUE, attribute->location, NULL,
                       "attribute `%s` of '%s' must be %s, but a list is given", vmo_word_text(check, pattern->name),
                       check->name, class_words[pattern->class]);
  for (uint32_t i = 0; i < attribute->item_count; i++)
    if (!check_item(check, attribute, pattern, &check->function->items.data[attribute->item_first + i])) return false;
  return true;
}

/* ---- names ---- */

/* The number of the attribute in the row, or VMO_NONE. */
static uint32_t find_pattern(const vmo_signature *signature, const char *name) {
  for (uint32_t i = 0; i < signature->attribute_count; i++)
    if (vmo_word_is(signature->attributes[i].name, name)) return i;
  return VMO_NONE;
}

static bool fail_unknown(vmo_check *check, const vmo_attribute *attribute) {
  const vmo_signature *signature = check->signature;
  const char *names[VMO_MAX_ATTRIBUTES], *name = vmo_name(check->module, attribute->name);
  for (uint32_t i = 0; i < signature->attribute_count; i++)
    names[i] = vmo_word_text(check, signature->attributes[i].name);
  const char *near = vmo_nearest_word(name, names, signature->attribute_count), *hint;
  if (near != NULL)
    hint = vmo_hint_text(check, "did you mean `%s`?", near);
  else if (signature->attribute_count > 0)
    hint = vmo_hint_text(check, "it has: %s", check->row->info.attributes);
  else
    hint = vmo_hint_text(check, "'%s' has no attributes", check->name);
  return vmo_fail_at(check, VMO_DIAG_ATTRIBUTE_UNKNOWN, attribute->location, hint, "'%s' has no attribute `%s`",
                     check->name, name);
}

static bool check_given(vmo_check *check, const vmo_attribute *attribute, uint32_t *seen) {
  uint32_t found = find_pattern(check->signature, vmo_name(check->module, attribute->name));
  if (found == VMO_NONE) return fail_unknown(check, attribute);
  if (*seen >> found & 1)
    return vmo_fail_at(check, VMO_DIAG_ATTRIBUTE_VALUE, attribute->location, NULL,
                       "attribute `%s` of '%s' is given twice", vmo_name(check->module, attribute->name), check->name);
  *seen |= UINT32_C(1) << found;
  return check_items(check, attribute, &check->signature->attributes[found]);
}

bool vmo_check_attributes(vmo_check *check) {
  uint32_t seen = 0;
  for (uint32_t i = 0; i < check->op->attribute_count; i++)
    if (!check_given(check, &check->function->attributes.data[check->op->attribute_first + i], &seen)) return false;
  for (uint32_t i = 0; i < check->signature->attribute_count; i++) {
    const vmo_attribute_pattern *pattern = &check->signature->attributes[i];
    if (!pattern->required || seen >> i & 1) continue;
    const char *name = vmo_word_text(check, pattern->name);
    return vmo_fail(check, VMO_DIAG_ATTRIBUTE_MISSING,
                    vmo_hint_text(check, "add `{%s = ...}`: %s", name, class_words[pattern->class]),
                    "'%s' needs the attribute `%s`", check->name, name);
  }
  return true;
}
