/* main.c: vmemopt, the tool: finds the command, reads its options, runs it.
 *
 *   arguments ──> options (options.c, config.c) ──> command (cmd_*.c) ──> outputs and exit code (finish.c) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

const vmo_command vmo_commands[] = {
    {"check", VMO_CHECK, vmo_run_check, "FILE", false, "read a program and say what is wrong with it",
     "Reads VMIR text, checks every rule of the language, and says what is wrong with it.\n"
     "With --dim, the sizes that follow are checked too. A CSV of buffers is checked as well."},
    {"analyze", VMO_ANALYZE, vmo_run_analyze, "FILE", false, "report where the memory of a program goes",
     "Plans a program's memory and reports it: totals, peaks, what is overwritten in place and why not,\n"
     "what shares a slot, which copies are needed. The program is taken as it is written; -O2 improves it\n"
     "first. docs/report.md defines each figure."},
    {"opt", VMO_OPT, vmo_run_opt, "FILE", false, "write a program back with its memory plan in it",
     "Plans a program's memory and writes the program with its plan, as VMIR text that parses back.\n"
     "With --passes=none it is written as it was parsed. With --dim, the dims get these values in the\n"
     "program, since the plan holds for them alone. Over --max-peak, no program is written."},
    {"plan", VMO_PLAN, vmo_run_plan, "FILE", false, "place buffers of a CSV in one arena",
     "Reads a CSV with a row for each buffer, id,lower,upper,size, live in [lower, upper), and optional\n"
     "columns alignment, offset (fixed) and gaps; writes it back with the offset of each. A summary goes\n"
     "to standard output when the CSV goes to a file, and to standard error otherwise. When the buffers\n"
     "do not fit the --capacity, no CSV is written."},
    {"ops", VMO_OPS, vmo_run_ops, "[NAME]", true, "list the ops of VMIR, or tell about one",
     "Lists the table of ops, or tells about one: operands, result, what it may overwrite."},
    {"explain", VMO_EXPLAIN, vmo_run_explain, "[CODE]", true, "tell about a diagnostic such as E0601",
     "Tells what a diagnostic means and what to do, or lists all of them."},
};
const size_t vmo_command_count = sizeof vmo_commands / sizeof *vmo_commands;

static const vmo_command *find_command(const char *name) {
  for (size_t i = 0; i < vmo_command_count; i++) {
    if (strcmp(vmo_commands[i].name, name) == 0) return &vmo_commands[i];
  }
  return NULL;
}

static vmo_exit unknown_command(vmo_cli *cli, const char *name) {
  const char *names[sizeof vmo_commands / sizeof *vmo_commands];
  if (name[0] == '-') return vmo_usage_error(cli, NULL, "a command comes first, not %s", name);
  for (size_t i = 0; i < vmo_command_count; i++) names[i] = vmo_commands[i].name;
  const char *nearest = vmo_nearest_word(name, names, vmo_command_count);
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

static vmo_exit run(vmo_cli *cli, int count, char **arguments) {
  if (count < 2) return vmo_usage_error(cli, NULL, "a command is missing");
  const char *name = arguments[1];
  cli->options.version = strcmp(name, "--version") == 0;
  if (cli->options.version || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) return show_help(cli);
  cli->command = find_command(name);
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
  vmo_context_destroy(cli.context);
  free(cli.source);
  free(cli.config_source);
  return code;
}
