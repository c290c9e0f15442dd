/* planner.c: places the buffers of CSV files: bench-planner [--OPTION=NUMBER]... FILE...
 *
 *   --runs=N  --capacity=BYTES  --time-limit=SECONDS  --threads=N  --seed=N  --work-limit=UNITS
 *
 * Prints one JSON object a line for each file: the height of the plan, the bounds, and the seconds of each run, reading
 * apart. Every plan is checked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "planner/planner.h"
#include "support/diag.h"

typedef struct bench_options {
  vmo_solve_options solve;
  vmo_bytes capacity; /* -1: minimise */
  int runs;
} bench_options;

/* What one run gave. */
typedef struct bench_sample {
  vmo_bytes height;
  double seconds, check_seconds;
} bench_sample;

static const char *name_status(const vmo_solution *solution) {
  static const char *const names[] = {"optimal", "feasible", "timeout", "infeasible"};
  return names[solution->status];
}

static void print_answer(const vmo_csv *csv, const vmo_solution *solution) {
  static const char *const proofs[] = {"none", "bound", "search"};
  printf("{\"buffers\": %u, \"height\": %lld, \"lower_bound\": %lld, \"floor\": %lld, \"status\": \"%s\", "
         "\"proof\": \"%s\", \"nodes\": %llu, \"blockers\": %u, \"method\": \"%s\", \"seconds\": [",
         csv->problem.buffer_count, (long long)solution->height, (long long)solution->lower_bound,
         (long long)solution->floor, name_status(solution), proofs[solution->proof],
         (unsigned long long)solution->nodes, solution->blocker_count, solution->method);
}

static vmo_status solve_once(const char *path, const char *text, size_t length, const bench_options *options,
                             bench_sample *sample, bool print) {
  vmo_context *context = vmo_context_create();
  if (context == NULL) return VMO_OUT_OF_MEMORY;
  vmo_csv csv;
  vmo_solution solution = {0};
  vmo_status status = vmo_context_set_source(context, path, text, length);
  if (status == VMO_OK) status = vmo_read_csv(context, &csv);
  csv.problem.capacity = options->capacity;
  double begin = vmo_bench_clock();
  if (status == VMO_OK) status = vmo_solve_problem(context, &csv.problem, &options->solve, &solution);
  double end = vmo_bench_clock();
  if (status == VMO_OK) status = vmo_check_solution(context, &csv.problem, &solution);
  *sample = (bench_sample){solution.height, end - begin, vmo_bench_clock() - end};
  if (status != VMO_OK) {
    vmo_text out;
    vmo_text_init(&out);
    vmo_diag_print_all(context, false, &out);
    fprintf(stderr, "%s: status %d\n%s", path, (int)status, out.data != NULL ? out.data : "");
    vmo_text_free(&out);
  } else if (print) {
    print_answer(&csv, &solution);
  }
  vmo_context_destroy(context);
  return status;
}

/* Without a time limit the same problem has the same answer each time. */
static vmo_status solve_file(const char *path, const bench_options *options) {
  size_t length;
  char *text = vmo_bench_read_file(path, &length);
  vmo_status status = text != NULL ? VMO_OK : VMO_INPUT_ERROR;
  bench_sample first = {0}, sample;
  for (int i = 0; i < options->runs && status == VMO_OK; i++) {
    status = solve_once(path, text, length, options, &sample, i == 0);
    if (i == 0) first = sample;
    if (status != VMO_OK) break;
    printf("%s%.9f", i > 0 ? ", " : "", sample.seconds);
    if (sample.height == first.height || options->solve.time_limit > 0) continue;
    fprintf(stderr, "%s: two runs gave %lld and %lld bytes\n", path, (long long)first.height, (long long)sample.height);
    status = VMO_INTERNAL_ERROR;
  }
  if (status == VMO_OK)
    printf("], \"check_seconds\": %.9f, \"memory\": %lld}\n", first.check_seconds, (long long)vmo_bench_peak_memory());
  free(text);
  return status;
}

/* True when the argument is --name=NUMBER. */
static bool take_option(const char *argument, const char *name, double *number) {
  size_t length = strlen(name);
  if (strncmp(argument, "--", 2) != 0 || strncmp(argument + 2, name, length) != 0 || argument[2 + length] != '=')
    return false;
  *number = strtod(argument + length + 3, NULL);
  return true;
}

static bool read_option(const char *argument, bench_options *options) {
  double number;
  if (take_option(argument, "runs", &number))
    options->runs = (int)number;
  else if (take_option(argument, "capacity", &number))
    options->capacity = (vmo_bytes)number;
  else if (take_option(argument, "time-limit", &number))
    options->solve.time_limit = number;
  else if (take_option(argument, "threads", &number))
    options->solve.threads = (uint32_t)number;
  else if (take_option(argument, "seed", &number))
    options->solve.seed = (uint64_t)number;
  else if (take_option(argument, "work-limit", &number))
    options->solve.work_limit = (uint64_t)number;
  else
    return false;
  return true;
}

int main(int argc, char **argv) {
  bench_options options = {.capacity = -1, .runs = 1};
  int at = 1;
  for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++)
    if (!read_option(argv[at], &options)) break;
  if (at == argc || strncmp(argv[at], "--", 2) == 0) {
    fprintf(stderr,
            "usage: bench-planner [--runs=N] [--capacity=BYTES] [--time-limit=SECONDS] [--threads=N] [--seed=N] "
            "[--work-limit=UNITS] FILE...\n");
    return 2;
  }
  for (; at < argc; at++)
    if (solve_file(argv[at], &options) != VMO_OK) return 1;
  return 0;
}
