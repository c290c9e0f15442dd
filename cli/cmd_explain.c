/* cmd_explain.c: `vmemopt explain [CODE]`: what a diagnostic means and what to do, from the table in support/diag.def. */
#include <string.h>

#include "cli/cli.h"

static void add_list(vmo_text *out) {
  for (int code = 0; code < VMO_DIAG_COUNT; code++) {
    const vmo_diag_info *info = vmo_diag_get_info((vmo_diag_code)code);
    vmo_text_addf(out, "%s  %s\n", info->code, info->title);
  }
  vmo_text_add(out, "\nvmemopt explain CODE tells more.\n");
}

static void add_one(const vmo_cli *cli, vmo_diag_code code, vmo_text *out) {
  static const char *const severities[] = {[VMO_NOTE] = "note", [VMO_WARNING] = "warning", [VMO_ERROR] = "error"};
  const vmo_diag_info *info = vmo_diag_get_info(code);
  vmo_text_addf(out, "%s (%s): %s\n\n", info->code, severities[info->severity], info->title);
  vmo_text_add_wrapped(out, info->explanation, 0, vmo_text_width(&cli->options, 1));
}

static vmo_exit unknown_code(vmo_cli *cli) {
  const char *codes[VMO_DIAG_COUNT], *word = cli->options.input;
  for (int code = 0; code < VMO_DIAG_COUNT; code++) codes[code] = vmo_diag_get_info((vmo_diag_code)code)->code;
  const char *nearest = vmo_nearest_word(word, codes, VMO_DIAG_COUNT);
  vmo_text hint;
  vmo_text_init(&hint);
  if (nearest != NULL) vmo_text_addf(&hint, "did you mean %s? ", nearest);
  vmo_text_add(&hint, "vmemopt explain lists all codes");
  vmo_exit exit_code = vmo_usage_error(cli, hint.data, "there is no diagnostic %s", word);
  vmo_text_free(&hint);
  return exit_code;
}

vmo_exit vmo_run_explain_command(vmo_cli *cli) {
  vmo_text text;
  vmo_diag_code code = cli->options.input != NULL ? vmo_diag_find(cli->options.input) : VMO_DIAG_COUNT;
  if (cli->options.input != NULL && code == VMO_DIAG_COUNT) return unknown_code(cli);
  vmo_text_init(&text);
  if (code != VMO_DIAG_COUNT) {
    add_one(cli, code, &text);
  } else {
    add_list(&text);
  }
  vmo_exit exit_code = vmo_finish_text(cli, &text);
  vmo_text_free(&text);
  return exit_code;
}
