/* cmd_analyze.c: `vmemopt analyze FILE`: plans a program and reports where its memory goes. */
#include "cli/cli.h"

vmo_exit vmo_run_analyze_command(vmo_cli *cli) {
  vmo_writers writers = {0};
  vmo_status status = vmo_load_input(cli, VMO_INPUT_VMIR | VMO_INPUT_LLVM);
  if (status == VMO_OK && !vmo_check_option_kinds(cli)) return VMO_EXIT_USAGE;
  if (status == VMO_OK && cli->input_kind == VMO_INPUT_LLVM) return vmo_run_llvm(cli, false);
  if (status == VMO_OK) status = vmo_refuse_more_inputs(cli);
  if (status == VMO_OK) status = vmo_parse_loaded(cli);
  if (status == VMO_OK) status = vmo_plan_loaded(cli);
  if (status == VMO_OK) status = vmo_test_budgets(cli);
  return vmo_finish(cli, status, &writers);
}
