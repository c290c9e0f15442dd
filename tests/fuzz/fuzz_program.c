/* fuzz_program.c: any text is parsed and verified; what is valid prints as text that reads back as the same module and
 * prints the same once more. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/random/same_module.h"

static void expect_round_trip(const vmo_module *module, const vmo_context *context) {
  vmo_text first, second;
  vmo_module *again = NULL;
  vmo_text_init(&first);
  vmo_text_init(&second);
  vmo_print_module(module, &first);
  vmo_fuzz_expect(!vmo_text_failed(&first), context, "a module prints");
  vmo_context *other = vmo_fuzz_begin("printed", first.data != NULL ? first.data : "", first.count);
  vmo_fuzz_expect(vmo_parse_module(other, &again) == VMO_OK, other, "what is printed reads back");
  vmo_fuzz_expect(vmo_find_difference(module, again) == NULL, other, "what reads back is the same module");
  vmo_print_module(again, &second);
  vmo_fuzz_expect(first.count == second.count && (first.count == 0 || !memcmp(first.data, second.data, first.count)),
                  other, "it prints the same once more");
  vmo_text_free(&first);
  vmo_text_free(&second);
  vmo_context_destroy(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  vmo_module *module = NULL;
  vmo_context *context = vmo_fuzz_begin("fuzz", (const char *)data, size);
  vmo_status status = vmo_parse_module(context, &module);
  vmo_fuzz_expect_sane(status, context, "a text is parsed, or refused with a diagnostic");
  if (status == VMO_OK) {
    expect_round_trip(module, context);
    vmo_fuzz_expect(vmo_verify_module(module) == VMO_OK, context, "what was verified is valid still");
  }
  vmo_fuzz_show_diagnostics(context);
  vmo_context_destroy(context);
  return 0;
}
