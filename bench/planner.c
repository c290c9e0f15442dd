/* planner.c: places the buffers of CSV files: bench-planner RUNS FILE...
 *
 * Prints one JSON object a line for each file: the height of the plan, the bounds, and the seconds of each run, reading
 * apart. Every plan is checked. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/measure.h"
#include "planner/planner.h"
#include "support/diag.h"

static vmo_status solve_once(const char *path, const char *text, size_t length, double *seconds, vmo_bytes *answer,
                             bool print) {
  vmo_context *context = vmo_context_create();
  if (context == NULL) return VMO_OUT_OF_MEMORY;
  vmo_csv csv;
  vmo_solution solution = {0};
  vmo_status status = vmo_context_set_source(context, path, text, length);
  if (status == VMO_OK) status = vmo_read_csv(context, &csv);
  double begin = vmo_bench_clock();
  if (status == VMO_OK) status = vmo_solve_problem(context, &csv.problem, NULL, &solution);
  *seconds = vmo_bench_clock() - begin;
  if (status == VMO_OK) status = vmo_check_solution(context, &csv.problem, &solution);
  *answer = solution.height;
  if (status != VMO_OK) {
    vmo_text out;
    vmo_text_init(&out);
    vmo_diag_print_all(context, false, &out);
    fprintf(stderr, "%s: status %d\n%s", path, (int)status, out.data != NULL ? out.data : "");
    vmo_text_free(&out);
  } else if (print) {
    printf("{\"buffers\": %u, \"height\": %lld, \"lower_bound\": %lld, \"floor\": %lld, \"optimal\": %s, "
           "\"method\": \"%s\", \"seconds\": [",
           csv.problem.buffer_count, (long long)solution.height, (long long)solution.lower_bound,
           (long long)solution.floor, solution.status == VMO_SOLUTION_OPTIMAL ? "true" : "false", solution.method);
  }
  vmo_context_destroy(context);
  return status;
}

/* The same problem has the same answer each time. */
static vmo_status solve_file(const char *path, int runs) {
  size_t length;
  char *text = vmo_bench_read_file(path, &length);
  vmo_status status = text != NULL ? VMO_OK : VMO_INPUT_ERROR;
  vmo_bytes first = 0;
  for (int i = 0; i < runs && status == VMO_OK; i++) {
    double seconds;
    vmo_bytes answer;
    status = solve_once(path, text, length, &seconds, &answer, i == 0);
    if (i == 0) first = answer;
    if (status != VMO_OK) break;
    printf("%s%.9f", i > 0 ? ", " : "", seconds);
    if (answer == first) continue;
    fprintf(stderr, "%s: two runs gave %lld and %lld bytes\n", path, (long long)first, (long long)answer);
    status = VMO_INTERNAL_ERROR;
  }
  if (status == VMO_OK) printf("], \"memory\": %lld}\n", (long long)vmo_bench_peak_memory());
  free(text);
  return status;
}

int main(int argc, char **argv) {
  int runs = argc > 2 ? atoi(argv[1]) : 0;
  if (runs < 1) {
    fprintf(stderr, "usage: bench-planner RUNS FILE...\n");
    return 2;
  }
  for (int i = 2; i < argc; i++)
    if (solve_file(argv[i], runs) != VMO_OK) return 1;
  return 0;
}
