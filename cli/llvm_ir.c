/* llvm_ir.c: `analyze` and `opt` of LLVM IR.
 *
 * The rewritten module is written as text to standard output and to names that end in .ll, else as bitcode. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "reports/reports.h"

static bool is_text_path(const char *path) {
  size_t length = path != NULL ? strlen(path) : 0;
  return path == NULL || vmo_is_standard_output(path) || (length > 3 && strcmp(path + length - 3, ".ll") == 0);
}

static void write_module(const vmo_cli *cli, void *user, vmo_text *out) {
  (void)user;
  if (vmo_write_llvm(cli->program, is_text_path(cli->product_path), out) != VMO_OK) out->failed = true;
}

void vmo_write_remarks_file(const vmo_cli *cli, void *user, uint32_t file, vmo_text *out) {
  (void)user, (void)file;
  vmo_write_remarks(cli->sites, out);
}

bool vmo_apply_site(vmo_cli *cli, vmo_setting_level level, const char *value) {
  const char *colon = strrchr(value, ':');
  int64_t line;
  if (colon == NULL || colon == value || !vmo_parse_count(colon + 1, strlen(colon + 1), &line) || line < 1 ||
      line > UINT32_MAX)
    return vmo_option_fault(cli, level, VMO_OPTION_EXPLAIN_SITE, "takes a file and a line, as in list.c:12, not '%s'",
                            value);
  cli->options.site_file = value;
  cli->options.site_file_length = (size_t)(colon - value);
  cli->options.site_line = (uint32_t)line;
  return true;
}

static void write_explanation(const vmo_cli *cli, void *user, vmo_text *out) {
  (void)cli;
  vmo_text_add_bytes(out, ((const vmo_text *)user)->data, ((const vmo_text *)user)->count);
}

/* What is said of the sites in one line; an error when there is none. */
static vmo_status explain_site(vmo_cli *cli, vmo_text *words) {
  const vmo_options *options = &cli->options;
  if (!vmo_explain_site(cli->sites, options->site_file, options->site_file_length, options->site_line, words)) {
    vmo_diagnostic *added =
        vmo_diag_add(cli->context, VMO_DIAG_NO_SITE, (vmo_location){0}, "nothing allocates at %s", options->site_file);
    vmo_diag_hint(cli->context, added, "places are known of what was compiled with -g");
    return VMO_INPUT_ERROR;
  }
  return vmo_text_failed(words) ? VMO_OUT_OF_MEMORY : VMO_OK;
}

vmo_ll_options vmo_make_llvm_options(const vmo_options *options) {
  return (vmo_ll_options){
      .max_object = options->max_object > 0 ? options->max_object : VMO_LL_MAX_OBJECT,
      .max_frame = options->max_frame > 0 ? options->max_frame : VMO_LL_MAX_FRAME,
      .whole_program = options->whole_program,
      .heaps = options->heaps,
      .instrument = options->instrument_file != NULL ? options->instrument_file
                    : options->instrument            ? "vmemopt.profile"
                                                     : NULL,
  };
}

/* The first input was loaded; reads the others and links all. What was read is freed once LLVM has its own. */
static vmo_status read_modules(vmo_cli *cli) {
  uint32_t more = cli->options.more_inputs.count, count = 1;
  vmo_ll_source *sources = vmo_alloc_array(cli->context, (size_t)more + 1, sizeof *sources);
  if (sources == NULL) return VMO_OUT_OF_MEMORY;
  sources[0] = (vmo_ll_source){cli->options.input, cli->source, cli->context->source_length};
  vmo_status status = VMO_OK;
  for (uint32_t i = 0; i < more && status == VMO_OK; i++) {
    vmo_ll_source *source = &sources[count];
    source->name = cli->options.more_inputs.data[i];
    source->bytes = vmo_read_file(cli->context, source->name, &source->length);
    status = source->bytes != NULL ? VMO_OK : VMO_INPUT_ERROR;
    count += status == VMO_OK;
    if (status == VMO_OK) status = vmo_refuse_foreign_module(cli, source->name, source->bytes, source->length);
  }
  if (status == VMO_OK) status = vmo_read_llvm(cli->context, sources, count, &cli->program);
  for (uint32_t i = 1; i < count; i++) free((char *)sources[i].bytes);
  return status;
}

vmo_exit vmo_run_llvm(vmo_cli *cli, bool rewrite) {
  vmo_writers writers = {.product = rewrite ? write_module : NULL,
                         .file = vmo_write_remarks_file,
                         .files = &cli->options.remarks,
                         .file_count = cli->options.remarks != NULL};
  vmo_ll_options options = vmo_make_llvm_options(&cli->options);
  vmo_site_facts *facts = NULL;
  vmo_status status = vmo_read_profile(cli, &options.profile);
  if (status == VMO_OK) status = read_modules(cli);
  if (status == VMO_OK)
    status =
        rewrite ? vmo_rewrite_llvm(cli->program, &options, &facts) : vmo_analyze_llvm(cli->program, &options, &facts);
  cli->sites = facts;
  vmo_text words;
  vmo_text_init(&words);
  if (status == VMO_OK && cli->options.site_file != NULL) {
    status = explain_site(cli, &words);
    writers.text = write_explanation;
    writers.user = &words;
  }
  vmo_exit code = vmo_finish(cli, status, &writers);
  vmo_text_free(&words);
  vmo_release_llvm(cli->program);
  return code;
}
