/* fuzz.c: what the fuzz targets share: options, expectations, bindings. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

vmo_fuzz_options vmo_fuzz_read_options(const uint8_t *data, size_t size) {
  vmo_fuzz_options options = {0};
  if (size < 3 || memcmp(data, "//!", 3) != 0) return options;
  for (size_t i = 3; i < size && data[i] != '\n'; i++) {
    if (data[i] == 'c') options.plan.results_in_caller = true;
    if (data[i] == '2') options.plan.optimise = 2;
    if (data[i] == 'b') options.bind = true;
    if (data[i] == 'f') options.bind = options.fix = true;
    if (data[i] == 'a') options.plan.alignment = 1;
    if (data[i] == 'p') options.plan.alignment = 4096;
  }
  return options;
}

vmo_context *vmo_fuzz_begin(const char *name, const char *text, size_t length) {
  vmo_context *context = vmo_context_create();
  vmo_fuzz_expect(context != NULL && vmo_context_set_source(context, name, text, length) == VMO_OK, NULL,
                  "a context can be made");
  return context;
}

void vmo_fuzz_expect(bool holds, const vmo_context *context, const char *what) {
  if (holds) return;
  fprintf(stderr, "fuzz: this does not hold: %s\n", what);
  if (context != NULL) {
    vmo_text shown;
    vmo_text_init(&shown);
    vmo_diag_print_all(context, false, &shown);
    if (shown.count > 0) fwrite(shown.data, 1, shown.count, stderr);
    vmo_text_free(&shown);
  }
  abort();
}

void vmo_fuzz_expect_sane(vmo_status status, const vmo_context *context, const char *what) {
  vmo_fuzz_expect(status != VMO_INTERNAL_ERROR && status != VMO_OUT_OF_MEMORY, context, what);
  vmo_fuzz_expect(status == VMO_OK || context->diagnostics->errors > 0, context, "a failure has a diagnostic");
  vmo_fuzz_expect(status != VMO_OK || context->diagnostics->errors == 0, context, "an error is a failure");
}

void vmo_fuzz_show_diagnostics(const vmo_context *context) {
  vmo_text shown;
  vmo_text_init(&shown);
  vmo_diag_print_all(context, true, &shown);
  vmo_text_free(&shown);
}

vmo_binding vmo_fuzz_bind(vmo_module *module, bool bind, vmo_status *status) {
  static const int64_t values[] = {7, 0, 64, 1};
  vmo_binding binding = vmo_declared_binding(module);
  *status = VMO_OK;
  for (uint32_t i = 0; bind && i < module->dims.count && *status == VMO_OK; i++) {
    const vmo_dim *dim = &module->dims.data[i];
    if (dim->kind != VMO_DIM_FREE && dim->kind != VMO_DIM_BOUNDED) continue;
    int64_t value = values[i % 4];
    if (dim->kind == VMO_DIM_BOUNDED && value > dim->limit) value = dim->limit;
    *status = vmo_bind_dim(module, &binding, vmo_name(module, dim->name), value);
  }
  if (*status == VMO_OK) *status = vmo_check_binding(module, &binding);
  return binding;
}
