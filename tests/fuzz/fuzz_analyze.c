/* fuzz_analyze.c: any program goes the whole way of `analyze`: text to facts, plan, both checkers, and both reports. Its
 * plan is printed, read back, and checked as a given one.
 *
 * No work grows with the values of dims, so the length of the text bounds the time. */
#include <string.h>

#include <cjson/cJSON.h>

#include "reports/reports.h"
#include "tests/fuzz/fuzz.h"

static void expect_reports(vmo_module *module, const vmo_binding *binding, const vmo_module_facts *facts) {
  vmo_context *context = module->context;
  vmo_report report = {.context = context,
                       .command = "analyze",
                       .input = "fuzz",
                       .input_kind = "vmir",
                       .module = module,
                       .binding = binding,
                       .functions = facts->functions.data,
                       .function_count = facts->functions.count,
                       .full_timeline = true};
  const vmo_text_style style = {.width = 100, .unicode = true};
  vmo_text out;
  vmo_text_init(&out);
  vmo_write_json(&report, &out);
  vmo_fuzz_expect(!vmo_text_failed(&out), context, "the JSON report can be written");
  cJSON *json = cJSON_ParseWithLength(out.data, out.count);
  vmo_fuzz_expect(json != NULL, context, "the JSON report is JSON");
  cJSON_Delete(json);
  vmo_text_free(&out);
  report.full = true;
  vmo_text_init(&out);
  vmo_write_text(&report, &style, &out);
  vmo_fuzz_expect(!vmo_text_failed(&out) && out.count > 0, context, "the text report can be written");
  vmo_text_free(&out);
}

/* What `opt` writes is a program that `check` accepts. (Its values may be numbered anew: some were removed or put in.) */
static void expect_plan_holds(vmo_module *module, const vmo_binding *binding) {
  vmo_text text, twice;
  vmo_module *again = NULL;
  vmo_text_init(&text);
  vmo_text_init(&twice);
  vmo_fix_dims(module, binding);
  vmo_print_module(module, &text);
  vmo_fuzz_expect(!vmo_text_failed(&text) && text.count > 0, module->context, "a planned module prints");
  vmo_context *other = vmo_fuzz_begin("planned", text.data, text.count);
  vmo_fuzz_expect(vmo_parse_module(other, &again) == VMO_OK, other, "a planned module reads back");
  vmo_print_module(again, &twice);
  vmo_fuzz_expect(text.count == twice.count && memcmp(text.data, twice.data, text.count) == 0, other,
                  "and prints the same once more");
  vmo_binding declared = vmo_declared_binding(again);
  vmo_fuzz_expect(vmo_check_binding(again, &declared) == VMO_OK, other, "its sizes are fine");
  vmo_fuzz_expect(vmo_check_given_plans(again, &declared) == VMO_OK, other, "its plan is right");
  vmo_text_free(&text);
  vmo_text_free(&twice);
  vmo_context_destroy(other);
}

static void plan(vmo_module *module, const vmo_fuzz_options *options) {
  vmo_status status;
  vmo_module_facts *facts = NULL;
  vmo_binding binding = vmo_fuzz_bind(module, options->bind, &status);
  if (status == VMO_OK && options->fix) vmo_fix_dims(module, &binding);
  if (status == VMO_OK) status = vmo_plan_module(module, &binding, &options->plan, &facts);
  vmo_fuzz_expect_sane(status, module->context, "a program is planned, or refused with a diagnostic");
  if (status != VMO_OK) return;
  expect_reports(module, &binding, facts);
  expect_plan_holds(module, &binding);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  vmo_module *module = NULL;
  vmo_fuzz_options options = vmo_fuzz_read_options(data, size);
  vmo_context *context = vmo_fuzz_begin("fuzz", (const char *)data, size);
  if (vmo_parse_module(context, &module) == VMO_OK) plan(module, &options);
  vmo_context_destroy(context);
  return 0;
}
