/* llvm_ir.c: `analyze` and `opt` of LLVM IR.
 *
 * The rewritten module is written as text to standard output and to names that end in .ll, else as bitcode. */
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

static void write_remarks(const vmo_cli *cli, void *user, uint32_t file, vmo_text *out) {
  (void)user, (void)file;
  vmo_write_remarks(cli->sites, out);
}

static vmo_ll_options options_of(const vmo_options *options) {
  return (vmo_ll_options){
      .max_object = options->max_object > 0 ? options->max_object : VMO_LL_MAX_OBJECT,
      .max_frame = options->max_frame > 0 ? options->max_frame : VMO_LL_MAX_FRAME,
      .whole_program = options->whole_program,
  };
}

vmo_exit vmo_run_llvm(vmo_cli *cli, bool rewrite) {
  vmo_writers writers = {.product = rewrite ? write_module : NULL,
                         .file = write_remarks,
                         .files = &cli->options.remarks,
                         .file_count = cli->options.remarks != NULL};
  vmo_ll_options options = options_of(&cli->options);
  vmo_site_facts *facts = NULL;
  vmo_status status = vmo_read_llvm(cli->context, cli->source, cli->context->source_length, &cli->program);
  if (status == VMO_OK)
    status =
        rewrite ? vmo_rewrite_llvm(cli->program, &options, &facts) : vmo_analyze_llvm(cli->program, &options, &facts);
  cli->sites = facts;
  vmo_exit code = vmo_finish(cli, status, &writers);
  vmo_release_llvm(cli->program);
  return code;
}
