/* cmd_plan.c: `vmemopt plan FILE --capacity=SIZE`: places the buffers of a CSV in one arena.
 *
 * The placement is checked by code that shares nothing with the planner before anything is said about it. */
#include "cli/cli.h"
#include "planner/planner.h"
#include "reports/reports.h"

typedef struct placed {
  vmo_csv csv;
  vmo_solution solution;
} placed;

static void write_csv(const vmo_cli *cli, void *user, vmo_text *out) {
  const placed *found = user;
  (void)cli;
  vmo_write_csv(&found->csv, found->solution.offsets, out);
}

/* An error when no placement fits; says what is known of the least capacity. */
static vmo_status judge(vmo_cli *cli, const vmo_solution *solution) {
  const vmo_bytes capacity = cli->options.capacity;
  if (solution->status == VMO_SOLUTION_OPTIMAL || solution->status == VMO_SOLUTION_FEASIBLE) return VMO_OK;
  vmo_diagnostic *added;
  if (solution->status == VMO_SOLUTION_TIMEOUT) {
    added = vmo_diag_add(cli->context, VMO_DIAG_DOES_NOT_FIT, (vmo_location){0},
                         "no placement within %lld bytes was found; the lowest has %lld bytes", (long long)capacity,
                         (long long)solution->height);
    vmo_diag_hint(cli->context, added, "none can be lower than %lld bytes; one between may exist",
                  (long long)solution->floor);
  } else if (solution->offsets != NULL) {
    added = vmo_diag_add(cli->context, VMO_DIAG_DOES_NOT_FIT, (vmo_location){0},
                         "no placement within %lld bytes exists: at time %lld, %lld bytes are live",
                         (long long)capacity, (long long)solution->witness, (long long)solution->lower_bound);
    if (solution->floor > solution->lower_bound) {
      vmo_diag_hint(cli->context, added,
                    "with alignments and fixed offsets no placement is lower than %lld bytes; "
                    "one of %lld is known",
                    (long long)solution->floor, (long long)solution->height);
    } else {
      vmo_diag_hint(cli->context, added, "a capacity of %lld bytes is known to suffice", (long long)solution->height);
    }
  } else {
    vmo_diag_add(cli->context, VMO_DIAG_DOES_NOT_FIT, (vmo_location){0},
                 "no placement exists: fixed offsets make buffers overlap that are live together");
  }
  return VMO_DOES_NOT_FIT;
}

static vmo_status place(vmo_cli *cli, placed *found) {
  vmo_status status = vmo_read_csv(cli->context, &found->csv);
  if (status != VMO_OK) return status;
  found->csv.problem.capacity = cli->options.capacity;
  status = vmo_solve_problem(cli->context, &found->csv.problem, NULL, &found->solution);
  if (status != VMO_OK) return status;
  return vmo_check_solution(cli->context, &found->csv.problem, &found->solution);
}

vmo_exit vmo_run_plan_command(vmo_cli *cli) {
  placed found = {0};
  vmo_placement placement = {&found.csv.problem, &found.solution};
  vmo_writers writers = {.product = write_csv, .user = &found};
  vmo_status status = vmo_load_input(cli, VMO_INPUT_CSV);
  if (status == VMO_OK) status = place(cli, &found);
  if (status == VMO_OK) {
    writers.placement = &placement;
    status = judge(cli, &found.solution);
  }
  return vmo_finish(cli, status, &writers);
}
