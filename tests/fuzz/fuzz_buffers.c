/* fuzz_buffers.c: any table of buffers is read; what is valid is placed within a bounded number of units of work, both
 * checkers agree that the placement is right, and the table with its offsets reads back to the same placement.
 *
 * The capacity is the lower bound itself, so that the search runs on when the fixed orders end above it. */
#include <cjson/cJSON.h>

#include "planner/planner.h"
#include "reports/reports.h"
#include "tests/fuzz/fuzz.h"

enum { WORK = 100000, MOST_FOR_SLOW_CHECK = 200 };

static void expect_placed(vmo_context *context, const vmo_csv *csv, const vmo_solution *solution) {
  const vmo_problem *problem = &csv->problem;
  vmo_fuzz_expect(vmo_check_solution(context, problem, solution) == VMO_OK, context, "a placement is right");
  if (problem->buffer_count > MOST_FOR_SLOW_CHECK) return;
  vmo_fuzz_expect(vmo_check_solution_slowly(context, problem, solution) == VMO_OK, context,
                  "a placement is right by definition");
}

/* With windows, colocated and apart buffers; in every form. */
static void expect_packed(vmo_context *context, const vmo_csv *csv) {
  vmo_packing packing;
  vmo_fault fault = {.kind = VMO_FAULT_NONE};
  const vmo_solve_options options = {.work_limit = WORK};
  vmo_status status = vmo_solve_packing(context, &csv->packing, &options, &packing);
  vmo_fuzz_expect_sane(status, context, "buffers are packed, or refused with a diagnostic");
  if (status != VMO_OK) return;
  vmo_fuzz_expect(vmo_check_packing(context, &csv->packing, &packing) == VMO_OK, context, "a packing is right");
  if (csv->problem.buffer_count <= MOST_FOR_SLOW_CHECK)
    vmo_fuzz_expect(vmo_find_packing_fault_slowly(context, &csv->packing, &packing, &fault) == VMO_OK, context,
                    "memory");
  vmo_fuzz_expect(fault.kind == VMO_FAULT_NONE, context, "a packing is right by definition");
  const vmo_placement placement = {csv, &csv->packing, &packing, NULL, NULL};
  const vmo_report report = {
      .context = context, .command = "plan", .input = "fuzz", .input_kind = "csv", .placement = &placement};
  const vmo_text_style style = {.width = 60};
  vmo_text out, drawn;
  vmo_text_init(&out);
  vmo_text_init(&drawn);
  vmo_write_json(&report, &out);
  cJSON *json = vmo_text_failed(&out) ? NULL : cJSON_ParseWithLength(out.data, out.count);
  vmo_fuzz_expect(json != NULL, context, "the JSON report is JSON");
  vmo_write_text(&report, &style, &drawn);
  vmo_write_drawing(&placement, &style, &drawn);
  vmo_write_svg(&placement, &drawn);
  vmo_fuzz_expect(!vmo_text_failed(&drawn), context, "a packing can be drawn");
  cJSON_Delete(json);
  vmo_text_free(&drawn);
  vmo_text_free(&out);
}

/* The offsets that are written are fixed ones when they are read. */
static void expect_round_trip(vmo_context *context, const vmo_csv *csv, const vmo_solution *solution) {
  vmo_text out;
  vmo_csv again;
  vmo_solution same;
  vmo_text_init(&out);
  vmo_write_csv(csv, solution->offsets, &out);
  vmo_fuzz_expect(!vmo_text_failed(&out) && out.count > 0, context, "a table can be written");
  vmo_context *other = vmo_fuzz_begin("placed", out.data, out.count);
  vmo_fuzz_expect(vmo_read_csv(other, &again) == VMO_OK, other, "a placed table reads back");
  vmo_fuzz_expect(again.problem.buffer_count == csv->problem.buffer_count, other, "with all its rows");
  again.problem.capacity = csv->problem.capacity;
  const vmo_solve_options options = {.work_limit = WORK};
  vmo_fuzz_expect(vmo_solve_problem(other, &again.problem, &options, &same) == VMO_OK, other, "and can be solved");
  vmo_fuzz_expect(same.offsets != NULL && same.height == solution->height, other, "to the same height");
  for (uint32_t i = 0; i < again.problem.buffer_count; i++)
    vmo_fuzz_expect(same.offsets[i] == solution->offsets[i], other, "with the same offsets");
  vmo_text_free(&out);
  vmo_context_destroy(other);
}

static void place(vmo_context *context, vmo_csv *csv) {
  vmo_solution solution;
  vmo_bound bound;
  const vmo_solve_options options = {.work_limit = WORK};
  vmo_status status = vmo_find_bound(context, &csv->problem, &bound);
  if (status == VMO_OK) csv->problem.capacity = bound.load;
  if (status == VMO_OK) status = vmo_solve_problem(context, &csv->problem, &options, &solution);
  vmo_fuzz_expect_sane(status, context, "buffers are placed, or refused with a diagnostic");
  if (status != VMO_OK) return;
  vmo_fuzz_expect(solution.lower_bound == bound.load, context, "the bounds agree");
  expect_placed(context, csv, &solution);
  if (solution.offsets != NULL) expect_round_trip(context, csv, &solution);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  vmo_csv csv;
  vmo_context *context = vmo_fuzz_begin("fuzz", (const char *)data, size);
  vmo_status status = vmo_read_csv(context, &csv);
  vmo_fuzz_expect_sane(status, context, "a table is read, or refused with a diagnostic");
  if (status == VMO_OK) place(context, &csv);
  if (status == VMO_OK) expect_packed(context, &csv);
  vmo_fuzz_show_diagnostics(context);
  vmo_context_destroy(context);
  return 0;
}
