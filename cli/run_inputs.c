/* run_inputs.c: the files that a run reads, which none of its outputs may take the place of.
 *
 * They are known from the command line alone, so that a report that would be written over one of them is refused before
 * anything is read: reports are written after errors too. Files are told apart by what the system calls them, whatever
 * their paths. The program and the configuration are kept by all commands (options.c). One look at each file; a
 * comparison of two numbers for each output and input. */
#define _POSIX_C_SOURCE 200809L /* NOLINT(bugprone-reserved-identifier): the name is the standard's */
#include <string.h>
#include <sys/stat.h>

#include "cli/run.h"

struct vmo_input_file {
  dev_t device;
  ino_t number;
};

/* Regular files alone can be replaced. */
static void add_input(vmo_execution *run, const char *path) {
  struct stat file;
  if (stat(path, &file) == 0 && S_ISREG(file.st_mode))
    run->inputs[run->input_count++] = (vmo_input_file){file.st_dev, file.st_ino};
}

static bool find_inputs(vmo_execution *run) {
  const vmo_options *options = &run->cli->options;
  size_t most = (size_t)options->arguments.count + options->graphs.count + options->libraries.count + 1;
  run->inputs = vmo_alloc_array(run->cli->context, most, sizeof *run->inputs);
  if (run->inputs == NULL) return false;
  for (uint32_t i = 0; i < options->arguments.count; i++)
    if (*options->arguments.data[i].value == '@') add_input(run, options->arguments.data[i].value + 1);
  for (uint32_t i = 0; i < options->graphs.count; i++) {
    const char *text = options->graphs.data[i], *equals = strchr(text, '=');
    add_input(run, equals != NULL ? equals + 1 : text);
  }
  for (uint32_t i = 0; i < options->libraries.count; i++) add_input(run, options->libraries.data[i]);
  return true;
}

bool vmo_is_run_input(const vmo_execution *run, const char *path) {
  struct stat file;
  if (run->input_count == 0 || path == NULL || stat(path, &file) != 0) return false;
  for (uint32_t i = 0; i < run->input_count; i++)
    if (run->inputs[i].device == file.st_dev && run->inputs[i].number == file.st_ino) return true;
  return false;
}

vmo_exit vmo_keep_inputs(vmo_execution *run) {
  vmo_cli *cli = run->cli;
  if (!find_inputs(run)) return VMO_EXIT_INTERNAL;
  const char *reports[] = {cli->text_to_error ? NULL : cli->text_path, cli->json_path, cli->options.trace};
  for (int i = 0; i < 3; i++)
    if (vmo_is_run_input(run, reports[i]))
      return vmo_usage_error(cli, "give the report a file of its own", "the report would be written over the input %s",
                             reports[i]);
  return VMO_EXIT_FINE;
}
