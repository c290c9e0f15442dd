/* main.c: vmemopt, the tool: finds the command, reads its options, runs it.
 *
 *   arguments ──> options (options.c, config.c) ──> command (cmd_*.c) ──> outputs and exit code (finish.c) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static vmo_exit unknown_command(vmo_cli *cli, const char *name) {
  if (name[0] == '-') return vmo_usage_error(cli, NULL, "a command comes first, not %s", name);
  const char *nearest = vmo_nearest_command(name);
  if (nearest == NULL) return vmo_usage_error(cli, NULL, "there is no command %s", name);
  vmo_text hint;
  vmo_text_init(&hint);
  vmo_text_addf(&hint, "did you mean %s?", nearest);
  vmo_exit code = vmo_usage_error(cli, hint.data, "there is no command %s", name);
  vmo_text_free(&hint);
  return code;
}

static vmo_exit show_help(vmo_cli *cli) {
  vmo_text text;
  vmo_text_init(&text);
  if (cli->options.version) {
    vmo_text_add(&text, "vmemopt " VMO_VERSION "\n");
  } else if (cli->command != NULL) {
    vmo_print_command_help(cli->command, &text);
  } else {
    vmo_print_help(&text);
  }
  vmo_exit code = vmo_finish_text(cli, &text);
  vmo_text_free(&text);
  return code;
}

/* `help [COMMAND]`. */
static vmo_exit show_help_of(vmo_cli *cli, int count, char **names) {
  if (count > 1) return vmo_usage_error(cli, "vmemopt help COMMAND", "one argument too many: %s", names[1]);
  if (count == 1) cli->command = vmo_find_command(names[0]);
  return count == 1 && cli->command == NULL ? unknown_command(cli, names[0]) : show_help(cli);
}

static vmo_exit run(vmo_cli *cli, int count, char **arguments) {
  if (count < 2) return vmo_usage_error(cli, NULL, "a command is missing");
  const char *name = arguments[1];
  cli->options.version = strcmp(name, "--version") == 0;
  if (cli->options.version || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) return show_help(cli);
  if (strcmp(name, "help") == 0) return show_help_of(cli, count - 2, arguments + 2);
  cli->command = vmo_find_command(name);
  if (cli->command == NULL) return unknown_command(cli, name);
  if (!vmo_parse_options(cli, count - 2, arguments + 2)) {
    return cli->context->diagnostics->errors > 0 ? VMO_EXIT_USAGE : VMO_EXIT_INTERNAL;
  }
  if (cli->options.help || cli->options.version) return show_help(cli);
  return cli->command->run(cli);
}

static vmo_exit report_lack_of_memory(void) {
  fputs("vmemopt: error: out of memory\n", stderr);
  return VMO_EXIT_INTERNAL;
}

int main(int count, char **arguments) {
  vmo_occupy_standard_files();
  vmo_cli cli = {.context = vmo_context_create()};
  if (cli.context == NULL || vmo_context_set_source(cli.context, "vmemopt", NULL, 0) != VMO_OK) {
    vmo_context_destroy(cli.context);
    return report_lack_of_memory();
  }
  vmo_text_init(&cli.dump);
  vmo_exit code = run(&cli, count, arguments);
  vmo_print_diagnostics(&cli);
  if (code == VMO_EXIT_INTERNAL && cli.context->diagnostics->errors == 0) report_lack_of_memory();
  vmo_text_free(&cli.dump);
  vmo_context_destroy(cli.call_context);
  vmo_context_destroy(cli.context);
  free(cli.source);
  free(cli.config_source);
  free(cli.other_source);
  return code;
}
