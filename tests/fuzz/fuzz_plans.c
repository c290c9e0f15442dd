/* fuzz_plans.c: any program with any plan is judged as `check` does: the checker of planned programs says yes or no, and
 * never stumbles over a plan that no planner would make. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  vmo_module *module = NULL;
  vmo_status status;
  vmo_fuzz_options options = vmo_fuzz_read_options(data, size);
  vmo_context *context = vmo_fuzz_begin("fuzz", (const char *)data, size);
  if (vmo_parse_module(context, &module) == VMO_OK) {
    vmo_binding binding = vmo_fuzz_bind(module, options.bind, &status);
    if (status == VMO_OK) status = vmo_check_given_plans(module, &binding);
    vmo_fuzz_expect_sane(status, context, "a plan is accepted, or refused with a diagnostic");
  }
  vmo_fuzz_show_diagnostics(context);
  vmo_context_destroy(context);
  return 0;
}
