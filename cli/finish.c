/* finish.c: the end of every command: diagnostics, outputs, exit code.
 *
 * All outputs of a run are written and accepted before the first is put in its place, so that they stand there together
 * or not at all. Which are written depends on how the work ended:
 *
 *   fine           product, text, JSON, drawing, depfile, the results of `run`
 *   does not fit   text, JSON, drawing (a product over its budget is none); so of a placement with faults
 *   input error    JSON with the diagnostics
 *   internal       nothing */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "reports/reports.h"

#define STANDARD_ERROR "/dev/stderr"

typedef struct output_set {
  vmo_output *items;
  uint32_t count, capacity;
} output_set;

static vmo_exit exit_code_of(vmo_status status) {
  switch (status) {
  case VMO_OK: return VMO_EXIT_FINE;
  case VMO_INPUT_ERROR: return VMO_EXIT_INPUT;
  case VMO_DOES_NOT_FIT: return VMO_EXIT_BUDGET;
  case VMO_OUT_OF_MEMORY:
  case VMO_INTERNAL_ERROR: break;
  }
  return VMO_EXIT_INTERNAL;
}

/* ---- diagnostics ---- */

static bool write_to_stderr(void *user, const char *data, size_t count) {
  (void)user;
  return fwrite(data, 1, count, stderr) == count;
}

void vmo_print_diagnostics(vmo_cli *cli) {
  const vmo_diagnostics *list = cli->context->diagnostics;
  bool colour = vmo_use_colour(&cli->options, 2);
  vmo_text out;
  vmo_text_init_sink(&out, write_to_stderr, NULL);
  if (cli->printed == 0) {
    vmo_diag_print_all(cli->context, colour, &out);
  } else {
    for (uint32_t i = cli->printed; i < list->count; i++) {
      vmo_diag_print(cli->context, &list->items[i], colour, &out);
    }
  }
  cli->printed = list->count;
  vmo_text_flush(&out);
  vmo_text_free(&out);
}

/* ---- outputs ---- */

/* Room for the five kinds of outputs and `more` files. */
static bool make_set(vmo_cli *cli, uint32_t more, output_set *set) {
  *set = (output_set){.capacity = more + 5};
  set->items = vmo_alloc_array(cli->context, set->capacity, sizeof *set->items);
  return set->items != NULL;
}

static vmo_text *begin(vmo_cli *cli, output_set *set, const char *path) {
  if (set->count == set->capacity) return NULL; /* cannot be: it was counted */
  vmo_output *output = &set->items[set->count];
  if (!vmo_open_output(cli->context, output, path)) return NULL;
  set->count++;
  return &output->text;
}

/* Closes all, then puts all in their places; or none. */
static bool end(vmo_cli *cli, output_set *set, bool fine) {
  for (uint32_t i = 0; i < set->count && fine; i++) fine = vmo_close_output(cli->context, &set->items[i]);
  for (uint32_t i = 0; i < set->count && fine; i++) fine = vmo_commit_output(cli->context, &set->items[i]);
  for (uint32_t i = 0; i < set->count; i++) vmo_discard_output(&set->items[i]);
  return fine;
}

static const char *kind_name(vmo_input_kind kind) {
  return kind == VMO_INPUT_VMIR ? "vmir" : kind == VMO_INPUT_CSV ? "csv" : kind == VMO_INPUT_LLVM ? "llvm" : NULL;
}

static vmo_report make_report(const vmo_cli *cli, const vmo_writers *writers) {
  const char *path = cli->options.input;
  vmo_report report = {.context = cli->context,
                       .command = cli->command->name,
                       .input = path == NULL || strcmp(path, "-") == 0 ? "<stdin>" : path,
                       .input_kind = kind_name(cli->input_kind),
                       .module = cli->module,
                       .binding = &cli->binding,
                       .placement = writers->placement,
                       .sites = cli->sites,
                       .summary = cli->options.summary,
                       .full = cli->options.full,
                       .full_timeline = cli->options.full_timeline};
  if (cli->facts != NULL) {
    report.functions = cli->facts->functions.data;
    report.function_count = cli->facts->functions.count;
  }
  return report;
}

static bool add_product(vmo_cli *cli, const vmo_writers *writers, output_set *set) {
  vmo_text *out = begin(cli, set, cli->product_path);
  if (out == NULL) return false;
  if (cli->options.dump != NULL) {
    if (cli->dump.count > 0) vmo_text_add_bytes(out, cli->dump.data, cli->dump.count);
  } else {
    writers->product(cli, writers->user, out);
  }
  return true;
}

static bool add_text(vmo_cli *cli, const vmo_writers *writers, output_set *set) {
  const char *path = cli->text_to_error ? STANDARD_ERROR : cli->text_path;
  vmo_text *out = begin(cli, set, path);
  if (out == NULL) return false;
  int file = cli->text_to_error ? 2 : vmo_is_standard_output(path) ? 1 : -1;
  vmo_text_style style = {vmo_text_width(&cli->options, file), vmo_use_colour(&cli->options, file),
                          vmo_use_unicode(file)};
  if (cli->options.dump != NULL && cli->product_path == NULL) {
    if (cli->dump.count > 0) vmo_text_add_bytes(out, cli->dump.data, cli->dump.count);
  } else if (writers->text != NULL) {
    writers->text(cli, writers->user, out);
  } else {
    vmo_report report = make_report(cli, writers);
    vmo_write_text(&report, &style, out);
    if (cli->options.ascii && writers->placement != NULL) vmo_write_drawing(writers->placement, &style, out);
  }
  return true;
}

static bool add_svg(vmo_cli *cli, const vmo_writers *writers, output_set *set) {
  vmo_text *out = begin(cli, set, cli->options.svg);
  if (out == NULL) return false;
  vmo_write_svg(writers->placement, out);
  return true;
}

static bool add_json(vmo_cli *cli, const vmo_writers *writers, output_set *set) {
  vmo_text *out = begin(cli, set, cli->json_path);
  if (out == NULL) return false;
  if (writers->json != NULL) {
    writers->json(cli, writers->user, out);
  } else {
    vmo_report report = make_report(cli, writers);
    vmo_write_json(&report, out);
  }
  return true;
}

static bool add_files(vmo_cli *cli, const vmo_writers *writers, output_set *set) {
  for (uint32_t i = 0; i < writers->file_count; i++) {
    vmo_text *out = begin(cli, set, writers->files[i]);
    if (out == NULL) return false;
    writers->file(cli, writers->user, i, out);
    if (!vmo_close_output(cli->context, &set->items[set->count - 1])) return false; /* few files are open at a time */
  }
  return true;
}

/* ---- what depends on what ---- */

/* A path as Make reads it back. Make has no way to write a newline. */
static void add_make_path(vmo_text *out, const char *path) {
  for (const char *at = path; *at != '\0'; at++) {
    if (*at == ' ' || *at == '\t') { /* backslashes before a blank would escape each other */
      for (const char *back = at; back > path && back[-1] == '\\'; back--) vmo_text_add_char(out, '\\');
      vmo_text_add_char(out, '\\');
    }
    if (*at == '#' || *at == ':' || *at == '%') vmo_text_add_char(out, '\\');
    if (*at == '$') vmo_text_add_char(out, '$');
    vmo_text_add_char(out, *at);
  }
}

static void add_make_target(vmo_text *out, const char *path, bool *first) {
  if (path == NULL || vmo_is_standard_output(path)) return;
  if (!*first) vmo_text_add_char(out, ' ');
  add_make_path(out, path);
  *first = false;
}

static bool add_depfile(vmo_cli *cli, output_set *set) {
  vmo_text *out = begin(cli, set, cli->options.depfile);
  if (out == NULL) return false;
  bool first = true;
  add_make_target(out, cli->product_path, &first);
  if (!cli->text_to_error) add_make_target(out, cli->text_path, &first);
  add_make_target(out, cli->json_path, &first);
  add_make_target(out, cli->options.svg, &first);
  vmo_text_add_char(out, ':');
  const char *sources[] = {cli->options.input, cli->options.previous, cli->options.validated, cli->options.config};
  for (int i = 0; i < 4; i++) {
    if (sources[i] == NULL || strcmp(sources[i], "-") == 0) continue;
    vmo_text_add_char(out, ' ');
    add_make_path(out, sources[i]);
  }
  for (uint32_t i = 0; i < cli->options.more_inputs.count; i++) {
    vmo_text_add_char(out, ' ');
    add_make_path(out, cli->options.more_inputs.data[i]);
  }
  vmo_text_add_char(out, '\n');
  return true;
}

/* ---- the end ---- */

vmo_exit vmo_finish(vmo_cli *cli, vmo_status status, const vmo_writers *writers) {
  output_set set;
  vmo_exit code = exit_code_of(status);
  vmo_clear_progress();
  vmo_print_diagnostics(cli);
  if (code == VMO_EXIT_INTERNAL || !make_set(cli, writers->file_count, &set)) return VMO_EXIT_INTERNAL;
  bool fine = true, has_text = code == VMO_EXIT_FINE || code == VMO_EXIT_BUDGET || writers->faulty;
  if (fine && code == VMO_EXIT_FINE && cli->product_path != NULL) fine = add_product(cli, writers, &set);
  if (fine && code == VMO_EXIT_FINE) fine = add_files(cli, writers, &set);
  if (fine && has_text && cli->text_path != NULL) fine = add_text(cli, writers, &set);
  if (fine && cli->json_path != NULL) fine = add_json(cli, writers, &set);
  bool drawn = has_text && cli->options.svg != NULL && writers->placement != NULL;
  if (fine && drawn) fine = add_svg(cli, writers, &set);
  if (fine && code == VMO_EXIT_FINE && cli->options.depfile != NULL) fine = add_depfile(cli, &set);
  return end(cli, &set, fine) ? code : VMO_EXIT_INPUT;
}

vmo_exit vmo_finish_text(vmo_cli *cli, const vmo_text *text) {
  output_set set;
  if (!make_set(cli, 0, &set) || vmo_text_failed(text)) return VMO_EXIT_INTERNAL;
  vmo_text *out = begin(cli, &set, cli->text_path != NULL ? cli->text_path : "-");
  if (out != NULL) vmo_text_add_bytes(out, text->data, text->count);
  return end(cli, &set, out != NULL) ? VMO_EXIT_FINE : VMO_EXIT_INPUT;
}
