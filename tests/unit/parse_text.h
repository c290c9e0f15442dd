/* parse_text.h: for tests of the parser: a context that lives as long as one of them. Include after cmocka.h. */
#ifndef VMO_TESTS_UNIT_PARSE_TEXT_H
#define VMO_TESTS_UNIT_PARSE_TEXT_H

#include <string.h>

#include "ir/ir.h"

static vmo_context *context;

static inline int set_up(void **state) {
  (void)state;
  context = vmo_context_create();
  return context == NULL;
}

static inline int tear_down(void **state) {
  (void)state;
  vmo_context_destroy(context);
  return 0;
}

/* Text in which nothing is wrong. */
static inline vmo_module *parse(const char *text) {
  vmo_module *module;
  assert_int_equal(vmo_context_set_source(context, "test", text, strlen(text)), VMO_OK);
  vmo_status status = vmo_parse_module(context, &module);
  if (status != VMO_OK) {
    vmo_text shown;
    vmo_text_init(&shown);
    vmo_diag_print_all(context, false, &shown);
    print_error("%s", shown.data);
    vmo_text_free(&shown);
  }
  assert_int_equal(status, VMO_OK);
  assert_int_equal(context->diagnostics->errors, 0);
  return module;
}

#define PARSER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
