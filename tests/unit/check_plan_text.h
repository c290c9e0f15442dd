/* check_plan_text.h: runs the checker of planned programs on a text, for its tests. */
#ifndef VMO_TESTS_UNIT_CHECK_PLAN_TEXT_H
#define VMO_TESTS_UNIT_CHECK_PLAN_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "passes/check_plan.h"

/* ---- running the checker ---- */

typedef struct outcome {
  vmo_context *context;
  vmo_status status;
} outcome;

/* Parses `text` and checks the plans of all its functions, as those of an input. */
static inline outcome check(const char *text) {
  outcome o = {vmo_context_create(), VMO_INTERNAL_ERROR};
  vmo_module *module = NULL;
  assert_non_null(o.context);
  assert_int_equal(vmo_context_set_source(o.context, "test", text, strlen(text)), VMO_OK);
  if (vmo_parse_module(o.context, &module) != VMO_OK) {
    vmo_text out;
    vmo_text_init(&out);
    vmo_diag_print_all(o.context, false, &out);
    print_error("%s\n", out.data);
    fail_msg("the program itself is wrong");
  }
  vmo_binding binding = vmo_declared_binding(module);
  o.status = vmo_check_plans(module, &binding, true);
  return o;
}

static inline void print_outcome(const outcome *o, const char *text) {
  vmo_text out;
  vmo_text_init(&out);
  vmo_diag_print_all(o->context, false, &out);
  print_error("%s\n%s\n", text, out.data ? out.data : "");
  vmo_text_free(&out);
}

static inline void accepts(const char *text) {
  outcome o = check(text);
  if (o.status != VMO_OK) print_outcome(&o, text);
  assert_int_equal(o.status, VMO_OK);
  assert_int_equal(o.context->diagnostics->count, 0);
  vmo_context_destroy(o.context);
}

/* One diagnostic, of that code, on that line of the text, whose message has `words` in it. */
static inline void refuses(const char *text, const char *code, uint32_t line, const char *words) {
  outcome o = check(text);
  bool right = o.status == VMO_INPUT_ERROR && o.context->diagnostics->count == 1;
  if (right) {
    const vmo_diagnostic *d = &o.context->diagnostics->items[0];
    right = strcmp(vmo_diag_get_info(d->code)->code, code) == 0 && d->location.line == line &&
            strstr(d->message, words) != NULL;
  }
  if (!right) print_outcome(&o, text);
  if (!right) print_error("expected %s on line %u with \"%s\"\n", code, (unsigned)line, words);
  assert_true(right);
  vmo_context_destroy(o.context);
}

#define HEAD(results, arena) "-> " results " plan {align = 8, results = arena, arena = " arena "} {\n"

#endif
