/* verify_message.c: reading forms, and putting values, types and sizes into messages.
 *
 * Texts are made for errors only, and no longer once VMO_MAX_ERRORS of them are kept: a program with a million
 * errors costs no more than one without. */
#include "ir/verify.h"
#include "support/real.h"

#include <stdarg.h>
#include <string.h>

/* ---- forms ---- */

vmo_form vmo_type_form(const vmo_check *check, vmo_type_id type) {
  const vmo_type *t = &check->module->types.data[type];
  return (vmo_form){t->element, t->rank, check->module->shapes.data + t->shape_first};
}

vmo_form vmo_operand_form(const vmo_check *check, uint32_t operand) {
  const vmo_operand *o = vmo_op_operands(check->function, check->op) + operand;
  if (o->kind == VMO_OPERAND_VALUE) return vmo_type_form(check, check->function->values.data[o->index].type);
  if (o->kind == VMO_OPERAND_SIZE) return (vmo_form){VMO_I64, 0, NULL};
  return (vmo_form){check->function->literals.data[o->index].element, 0, NULL};
}

vmo_form vmo_result_form(const vmo_check *check, uint32_t result) {
  return vmo_type_form(check, check->function->values.data[check->op->result_first + result].type);
}

bool vmo_same_sizes(const vmo_size_id *left, const vmo_size_id *right, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (left[i] != right[i]) return false;
  return true;
}

bool vmo_is_one(const vmo_check *check, vmo_size_id size) {
  int64_t number;
  return vmo_size_is_constant(check->module->sizes, size, &number) && number == 1;
}

const char *vmo_formula_hint(const vmo_check *check, const vmo_size_id *left, const vmo_size_id *right,
                             uint32_t count) {
  const vmo_sizes *sizes = check->module->sizes;
  for (uint32_t i = 0; i < count; i++)
    if (left[i] != right[i] &&
        !(vmo_size_is_constant(sizes, left[i], NULL) && vmo_size_is_constant(sizes, right[i], NULL)))
      return "sizes are formulas in the dims, and equal only if they are so for all values";
  return NULL;
}

/* ---- texts ---- */

static bool is_enough(const vmo_check *check) { return check->module->context->diagnostics->errors >= VMO_MAX_ERRORS; }

/* Moves the text to the arena. */
static const char *keep(const vmo_check *check, vmo_text *text) {
  const char *kept = NULL;
  if (!vmo_text_failed(text) && text->data != NULL)
    kept = vmr_arena_copy_text(check->module->context->arena, text->data, text->count);
  vmo_text_free(text);
  return kept == NULL ? "" : kept;
}

static void add_size(const vmo_check *check, vmo_text *text, vmo_size_id size) {
  const vmo_module *module = check->module;
  vmo_size_print_compact(module->sizes, size, module->dims.data, module->context->names, text);
}

static void add_sizes(const vmo_check *check, vmo_text *text, const vmo_size_id *sizes, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    vmo_text_add(text, i == 0 ? "[" : ",");
    add_size(check, text, sizes[i]);
  }
  vmo_text_add(text, count == 0 ? "[]" : "]");
}

const char *vmo_size_text(const vmo_check *check, vmo_size_id size) {
  if (is_enough(check)) return "";
  vmo_text text;
  vmo_text_init(&text);
  add_size(check, &text, size);
  return keep(check, &text);
}

const char *vmo_sizes_text(const vmo_check *check, const vmo_size_id *sizes, uint32_t count) {
  if (is_enough(check)) return "";
  vmo_text text;
  vmo_text_init(&text);
  add_sizes(check, &text, sizes, count);
  return keep(check, &text);
}

const char *vmo_form_text(const vmo_check *check, vmo_form form) {
  if (is_enough(check)) return "";
  vmo_text text;
  vmo_text_init(&text);
  vmo_text_add(&text, form.element == VMO_ELEMENT_COUNT ? "a literal" : vmo_element_name(form.element));
  if (form.rank > 0) add_sizes(check, &text, form.sizes, form.rank);
  return keep(check, &text);
}

const char *vmo_type_text(const vmo_check *check, vmo_type_id type) {
  if (is_enough(check)) return "";
  vmo_text text;
  vmo_text_init(&text);
  vmo_print_type(check->module, type, &text);
  return keep(check, &text);
}

static void add_literal(vmo_text *text, const vmo_literal *literal) {
  if (literal->kind == VMO_LITERAL_REAL)
    vmo_print_real(text, literal->value.real);
  else if (literal->kind == VMO_LITERAL_BOOL)
    vmo_text_add(text, literal->value.bits ? "true" : "false");
  else
    vmo_text_addf(text, "%s%llu", literal->negative ? "-" : "", (unsigned long long)literal->value.bits);
}

const char *vmo_literal_text(const vmo_check *check, const vmo_literal *literal) {
  if (is_enough(check)) return "";
  vmo_text text;
  vmo_text_init(&text);
  add_literal(&text, literal);
  return keep(check, &text);
}

const char *vmo_value_text(const vmo_check *check, vmo_value_id value) {
  if (is_enough(check)) return "";
  return vmo_hint_text(check, "%%%s", vmo_value_name(check->module, check->function, value));
}

const char *vmo_operand_text(const vmo_check *check, uint32_t operand) {
  const vmo_operand *o = vmo_op_operands(check->function, check->op) + operand;
  if (o->kind == VMO_OPERAND_VALUE) return vmo_value_text(check, o->index);
  if (o->kind == VMO_OPERAND_SIZE) return vmo_size_text(check, o->index);
  return vmo_literal_text(check, &check->function->literals.data[o->index]);
}

const char *vmo_word_text(const vmo_check *check, vmo_word word) {
  if (is_enough(check)) return "";
  const char *text = vmr_arena_copy_text(check->module->context->arena, word.text, word.length);
  return text == NULL ? "" : text;
}

const char *vmo_element_article(vmo_element element) {
  return strchr("if", vmo_element_name(element)[0]) != NULL ? "an" : "a";
}

const char *vmo_hint_text(const vmo_check *check, const char *format, ...) {
  if (is_enough(check)) return "";
  vmo_text text;
  vmo_text_init(&text);
  va_list arguments;
  va_start(arguments, format);
  vmo_text_addv(&text, format, arguments);
  va_end(arguments);
  return keep(check, &text);
}

/* ---- errors ---- */

vmo_location vmo_operand_location(const vmo_check *check, uint32_t operand) {
  vmo_location location = vmo_op_operands(check->function, check->op)[operand].location;
  return location.line == 0 ? check->op->location : location;
}

static bool fail(vmo_check *check, vmo_diag_code code, vmo_location location, const char *hint, const char *format,
                 va_list arguments) {
  vmo_context *context = check->module->context;
  vmo_text text;
  vmo_text_init(&text);
  if (!is_enough(check)) vmo_text_addv(&text, format, arguments);
  vmo_diagnostic *diagnostic = vmo_diag_add(context, code, location, "%s", text.data == NULL ? "" : text.data);
  if (hint != NULL && *hint != '\0') vmo_diag_hint(context, diagnostic, "%s", hint);
  vmo_text_free(&text);
  return false;
}

bool vmo_fail(vmo_check *check, vmo_diag_code code, const char *hint, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fail(check, code, check->op->location, hint, format, arguments);
  va_end(arguments);
  return false;
}

bool vmo_fail_at(vmo_check *check, vmo_diag_code code, vmo_location location, const char *hint, const char *format,
                 ...) {
  va_list arguments;
  va_start(arguments, format);
  fail(check, code, location, hint, format, arguments);
  va_end(arguments);
  return false;
}

bool vmo_fail_size(vmo_check *check) {
  if (vmo_sizes_status(check->module->sizes) == VMO_OUT_OF_MEMORY ||
      vmr_arena_status(check->module->context->arena) != VMR_OK) {
    check->out_of_memory = true;
    return false;
  }
  return vmo_fail(check, VMO_DIAG_SIZE_TOO_LARGE, NULL, "a size of '%s' is too large to compute", check->name);
}
