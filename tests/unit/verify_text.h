/* verify_text.h: runs the verifier over a text and compares what it says. Include after cmocka.h. */
#ifndef VMO_TESTS_UNIT_VERIFY_TEXT_H
#define VMO_TESTS_UNIT_VERIFY_TEXT_H

#include <string.h>

#include "ir/ir.h"

typedef struct verified {
  vmo_context *context;
  vmo_module *module;
  vmo_status status;
} verified;

static inline verified verify_text(const char *text) {
  verified v = {.context = vmo_context_create()};
  assert_non_null(v.context);
  assert_int_equal(vmo_context_set_source(v.context, "test", text, strlen(text)), VMO_OK);
  v.status = vmo_parse_module(v.context, &v.module);
  return v;
}

static inline void print_diagnostics(const verified *v, const char *text) {
  vmo_text out;
  vmo_text_init(&out);
  vmo_diag_print_all(v->context, false, &out);
  print_error("%s\n%s\n", text, out.data == NULL ? "" : out.data);
  vmo_text_free(&out);
}

static inline void accepts(const char *text) {
  verified v = verify_text(text);
  if (v.status != VMO_OK) print_diagnostics(&v, text);
  assert_int_equal(v.status, VMO_OK);
  vmo_context_destroy(v.context);
}

/* One error: its code, its place, its message and hint (NULL: no hint). */
static inline void refuses(const char *text, const char *code, uint32_t line, uint32_t column, const char *message,
                           const char *hint) {
  verified v = verify_text(text);
  bool right = v.status == VMO_INPUT_ERROR && v.context->diagnostics->count == 1;
  if (right) {
    const vmo_diagnostic *d = &v.context->diagnostics->items[0];
    right = strcmp(vmo_diag_get_info(d->code)->code, code) == 0 && d->location.line == line &&
            d->location.column == column && strcmp(d->message, message) == 0 &&
            (hint == NULL ? d->hint == NULL : d->hint != NULL && strcmp(d->hint, hint) == 0);
  }
  if (!right) {
    print_diagnostics(&v, text);
    fail_msg("wanted %s at %u:%u: %s\nhint: %s", code, line, column, message, hint == NULL ? "none" : hint);
  }
  vmo_context_destroy(v.context);
}

#endif
