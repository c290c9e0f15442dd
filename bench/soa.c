/* soa.c: the sum of one field of many records that no cache holds: from a column, and from an array of structures.
 *
 *   bench-soa ROUNDS RECORDS
 *
 * Records of 64 bytes, eight fields of eight. Prints JSON: nanoseconds per record, a number for each round. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/measure.h"
#include "vmemrt.h"

typedef struct record {
  int64_t a, b, c, d, e, f, g, h;
} record;

VMR_SOA_DEFINE(records, (int64_t, a), (int64_t, b), (int64_t, c), (int64_t, d), (int64_t, e), (int64_t, f),
               (int64_t, g), (int64_t, h));

static volatile int64_t sink;

static double sum_rows(const record *rows, size_t count) {
  double begin = vmo_bench_clock();
  int64_t sum = 0;
  for (size_t i = 0; i < count; i++) sum += rows[i].c;
  sink = sum;
  return vmo_bench_clock() - begin;
}

static double sum_column(const records *table) {
  double begin = vmo_bench_clock();
  const int64_t *column = records_column_c(table);
  int64_t sum = 0;
  for (size_t i = 0, count = records_count(table); i < count; i++) sum += column[i];
  sink = sum;
  return vmo_bench_clock() - begin;
}

static void print_samples(const char *name, const double *seconds, int rounds, size_t count) {
  printf("\"%s\": [", name);
  for (int i = 0; i < rounds; i++) printf("%s%.5f", i == 0 ? "" : ", ", seconds[i] * 1e9 / (double)count);
  printf("]");
}

int main(int argc, char **argv) {
  int rounds = argc == 3 ? atoi(argv[1]) : 0, count = argc == 3 ? atoi(argv[2]) : 0;
  if (rounds < 1 || count < 1) return fprintf(stderr, "usage: bench-soa ROUNDS RECORDS\n"), 2;
  record *rows = malloc((size_t)count * sizeof *rows);
  double *samples = malloc(2 * (size_t)rounds * sizeof *samples);
  records table;
  records_init(&table, NULL);
  if (rows == NULL || samples == NULL || records_reserve(&table, (size_t)count) != VMR_OK) return 1;
  for (int64_t i = 0; i < count; i++) {
    rows[i] = (record){i, i + 1, i * 3, i, i, i, i, i};
    if (records_append(&table, (records_row){i, i + 1, i * 3, i, i, i, i, i}) != VMR_OK) return 1;
  }
  for (int round = 0; round < rounds; round++) {
    samples[round] = sum_column(&table);
    int64_t column = sink;
    samples[rounds + round] = sum_rows(rows, (size_t)count);
    if (sink != column) return fprintf(stderr, "the sums differ\n"), 1;
  }
  printf("{");
  print_samples("column", samples, rounds, (size_t)count);
  printf(", ");
  print_samples("rows", samples + rounds, rounds, (size_t)count);
  printf("}\n");
  records_destroy(&table);
  free(samples);
  free(rows);
  return 0;
}
