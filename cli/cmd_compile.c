/* cmd_compile.c: `vmemopt compile FILE -o prog.o --header prog.h`: a planned program as code, and how C calls it.
 *
 *   program ──> plan, and the same with results in the caller's bytes when functions call each other ──> code ──> file
 *                                                                                                    └─> C header
 *
 * The code and the header are made before the first of them is written. */
#include <string.h>

#include "cli/cli.h"
#include "codegen/codegen.h"

typedef struct compilation {
  vmo_cli *cli;
  vmo_text product, header;
} compilation;

static void write_product(const vmo_cli *cli, void *user, vmo_text *out) {
  const compilation *c = user;
  (void)cli;
  vmo_text_add_bytes(out, c->product.data, c->product.count);
}

static void write_header(const vmo_cli *cli, void *user, uint32_t index, vmo_text *out) {
  const compilation *c = user;
  (void)cli, (void)index;
  vmo_text_add_bytes(out, c->header.data, c->header.count);
}

/* The input without the folders that it lies in, so that what is made does not depend on where. */
static const char *title_of(const vmo_cli *cli) {
  const char *path = cli->options.input, *slash = strrchr(path, '/');
  if (strcmp(path, "-") == 0) return "a program";
  return slash == NULL ? path : slash + 1;
}

static vmo_status make_code(compilation *c, vmo_module *callees) {
  vmo_cli *cli = c->cli;
  const vmo_options *options = &cli->options;
  static const vmo_code_form forms[] = {VMO_CODE_OBJECT, VMO_CODE_LLVM, VMO_CODE_BITCODE, VMO_CODE_ASSEMBLY};
  vmo_code_options code_options = {.target = options->target,
                                   .cpu = options->cpu,
                                   .features = options->features,
                                   .llvm_level = options->llvm_level_given ? options->llvm_level : 2,
                                   .prefix = options->prefix,
                                   .typed = true,
                                   .instrument = options->instrument,
                                   .blas = options->blas == VMO_BLAS_ON,
                                   .threads = options->threads,
                                   .callees = callees};
  vmo_code *code;
  vmo_status status = vmo_compile_module(cli->module, &code_options, &code);
  if (status != VMO_OK) return status;
  status = vmo_write_code(cli->context, code, forms[options->emit], &c->product);
  if (status == VMO_OK && options->header != NULL)
    status = vmo_write_c_header(cli->module, options->prefix, title_of(cli), vmo_code_needs_blas(code), &c->header);
  vmo_destroy_code(code);
  return status;
}

static vmo_status make_outputs(compilation *c) {
  vmo_cli *cli = c->cli;
  vmo_module *callees;
  if (cli->options.emit == VMO_EMIT_C_HEADER)
    return vmo_write_c_offsets(cli->module, cli->options.prefix, title_of(cli), &c->product);
  vmo_status status = vmo_plan_for_calls(cli, &callees);
  return status == VMO_OK ? make_code(c, callees) : status;
}

/* What is wrong with the command line as a whole; NULL when nothing is. */
static const char *fault_of_options(const vmo_cli *cli) {
  const vmo_options *options = &cli->options;
  bool binary = options->emit == VMO_EMIT_OBJECT || options->emit == VMO_EMIT_BITCODE;
  if (binary && options->output == NULL) return "compile needs -o FILE for what is no text";
  if (!vmo_is_standard_output(cli->product_path) && vmo_is_same_file(cli->product_path, options->input))
    return "the code would be written over the program";
  if (options->emit == VMO_EMIT_C_HEADER && options->header != NULL)
    return "--emit=c-header writes the header to -o, so that --header has no use";
  if (options->header == NULL) return NULL;
  if (vmo_is_same_file(options->header, cli->product_path)) return "the code and the header would go to one file";
  if (vmo_is_same_file(options->header, options->depfile)) return "two outputs would go to one file";
  if (vmo_is_same_file(options->header, options->input) || vmo_is_same_file(options->header, options->config))
    return "the header would be written over an input";
  return NULL;
}

vmo_exit vmo_run_compile_command(vmo_cli *cli) {
  compilation c = {.cli = cli};
  const char *fault = fault_of_options(cli);
  if (fault != NULL) return vmo_usage_error(cli, NULL, "%s", fault);
  vmo_text_init(&c.product);
  vmo_text_init(&c.header);
  vmo_status status = vmo_load_module(cli);
  if (status == VMO_OK) {
    vmo_fix_dims(cli->module, &cli->binding);
    status = vmo_plan_loaded(cli);
  }
  if (status == VMO_OK) status = vmo_test_budgets(cli);
  if (status == VMO_OK) status = make_outputs(&c);
  vmo_writers writers = {.product = write_product,
                         .files = &cli->options.header,
                         .file_count = cli->options.header != NULL ? 1 : 0,
                         .file = write_header,
                         .user = &c};
  vmo_exit code = vmo_finish(cli, status, &writers);
  vmo_text_free(&c.product);
  vmo_text_free(&c.header);
  return code;
}
