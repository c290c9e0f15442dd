/* cmd_opt.c: `vmemopt opt FILE`: writes the program back with its plan in it.
 *
 * A plan with numbers holds for the dims that it was made for, so these become fixed in the program that carries it. */
#include "cli/cli.h"

static void write_program(const vmo_cli *cli, void *user, vmo_text *out) {
  (void)user;
  vmo_print_module(cli->module, out);
}

vmo_exit vmo_run_opt_command(vmo_cli *cli) {
  vmo_writers writers = {.product = write_program};
  vmo_status status = vmo_load_input(cli, VMO_INPUT_VMIR | VMO_INPUT_LLVM);
  if (status == VMO_OK && !vmo_check_option_kinds(cli)) return VMO_EXIT_USAGE;
  if (status == VMO_OK && cli->input_kind == VMO_INPUT_LLVM) return vmo_run_llvm(cli, true);
  if (status == VMO_OK) status = vmo_refuse_more_inputs(cli);
  if (status == VMO_OK) status = vmo_parse_loaded(cli);
  if (status == VMO_OK) {
    vmo_fix_dims(cli->module, &cli->binding);
    status = vmo_plan_loaded(cli);
  }
  if (status == VMO_OK) status = vmo_test_budgets(cli);
  return vmo_finish(cli, status, &writers);
}
