/* fuzz_config.c: any configuration file is read for each command that takes one, and applied, or refused with a
 * diagnostic. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "tests/fuzz/fuzz.h"

static void apply(const vmo_command *command, const char *text, size_t length) {
  vmo_context *context = vmo_fuzz_begin("config", text, length);
  vmo_cli cli = {.context = context, .command = command};
  vmo_text_init(&cli.dump);
  bool fine = vmo_apply_config(&cli, text, length);
  vmo_fuzz_expect(fine == (context->diagnostics->errors == 0), context, "a failure has a diagnostic");
  vmo_fuzz_show_diagnostics(context);
  vmo_context_destroy(context);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *text = malloc(size + 1); /* as vmo_read_file gives it */
  vmo_fuzz_expect(text != NULL, NULL, "there is memory");
  if (size > 0) memcpy(text, data, size);
  text[size] = '\0';
  for (size_t i = 0; i < vmo_command_count; i++)
    if ((vmo_option_infos[VMO_OPTION_CONFIG].commands & vmo_commands[i].bit) != 0) apply(&vmo_commands[i], text, size);
  free(text);
  return 0;
}
