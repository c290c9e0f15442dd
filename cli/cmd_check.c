/* cmd_check.c: `vmemopt check FILE`: reads an input and says what is wrong with it: with the program, and with the
 * plan that it may carry. */
#include "cli/cli.h"
#include "planner/planner.h"

typedef struct checked {
  vmo_csv csv;
} checked;

static void write_count(vmo_text *out, uint32_t count, const char *noun) {
  vmo_text_addf(out, "%u %s%s", count, noun, count == 1 ? "" : "s");
}

static void write_verdict(const vmo_cli *cli, void *user, vmo_text *out) {
  const checked *found = user;
  vmo_text_addf(out, "%s: no errors; ", cli->context->source_name);
  if (cli->module == NULL) {
    write_count(out, found->csv.problem.buffer_count, "buffer");
  } else {
    uint32_t ops = 0;
    for (uint32_t i = 0; i < cli->module->functions.count; i++) ops += cli->module->functions.data[i]->ops.count;
    write_count(out, cli->module->functions.count, "function");
    vmo_text_add(out, ", ");
    write_count(out, ops, "op");
  }
  vmo_text_add_char(out, '\n');
}

vmo_exit vmo_run_check_command(vmo_cli *cli) {
  checked found = {0};
  vmo_writers writers = {.text = write_verdict, .user = &found};
  vmo_status status = vmo_load_input(cli, VMO_INPUT_VMIR | VMO_INPUT_CSV);
  if (status == VMO_OK) {
    bool csv = cli->input_kind == VMO_INPUT_CSV;
    status = csv ? vmo_read_csv(cli->context, &found.csv) : vmo_parse_loaded(cli);
    if (status == VMO_OK && !csv) status = vmo_check_given_plans(cli->module, &cli->binding);
  }
  return vmo_finish(cli, status, &writers);
}
