/* codegen.c: what compiled programs are measured against: the same computations in C, as one would write them by hand.
 *
 *   bench-codegen NAME RUNS ARGUMENT...     NAME: chain stencil pagerank matmul kmeans
 *
 * Arguments are .npy files and numbers, as those of the program in bench/codegen/NAME.vmir. Prints the seconds of each run,
 * in which nothing is allocated, and the sum of the result, so that nobody takes the work away. Compiled with -O3
 * -march=native; sums may not be reassociated, as in the programs. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "support/npy.h"

#ifdef VMO_HAS_CBLAS
#include <cblas.h>
#endif

typedef struct array {
  vmo_npy head;
  void *data;
} array;

static void fail(const char *what) {
  fprintf(stderr, "bench-codegen: %s\n", what);
  exit(2);
}

/* What a program takes, until it ends. */
static void *taken[16];
static size_t taken_count;

static void *get_memory(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 127) / 64 * 64);
  if (memory == NULL || taken_count == sizeof taken / sizeof *taken) fail("out of memory");
  memset(memory, 0, bytes);
  return taken[taken_count++] = memory;
}

static void free_memory(void) {
  while (taken_count > 0) free(taken[--taken_count]);
}

static array read_array(const char *path) {
  array read;
  char head[4096];
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail(path);
  size_t got = fread(head, 1, sizeof head, file);
  const char *fault = vmo_parse_npy(head, got, &read.head);
  if (fault != NULL) fail(fault);
  size_t bytes = (size_t)read.head.count * read.head.width;
  read.data = get_memory(bytes);
  if (fseek(file, (long)read.head.head_bytes, SEEK_SET) != 0 || fread(read.data, 1, bytes, file) != bytes) fail(path);
  fclose(file);
  return read;
}

static double sum_of(const double *x, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += x[i];
  return sum;
}

/* ---- the computations ---- */

static void chain(const double *restrict x, const double *restrict y, double *restrict z, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    double a = x[i] * 1.5, b = a + y[i], c = fabs(b), d = sqrt(c), e = d - x[i], f = e * e;
    double g = f > y[i] ? f : y[i];
    z[i] = g + 1.0;
  }
}

/* One step inside, the edge held at 0. */
static void step(const double *restrict u, double *restrict v, int64_t height, int64_t width, double r) {
  for (int64_t i = 0; i < height; i++) {
    const double *row = u + i * width, *up = i > 0 ? row - width : NULL, *down = i + 1 < height ? row + width : NULL;
    double *out = v + i * width;
    if (up == NULL || down == NULL) {
      for (int64_t j = 0; j < width; j++) {
        double vertical = (up != NULL ? up[j] : 0) + (down != NULL ? down[j] : 0);
        double horizontal = (j > 0 ? row[j - 1] : 0) + (j + 1 < width ? row[j + 1] : 0);
        out[j] = row[j] + (vertical + horizontal - 4 * row[j]) * r;
      }
      continue;
    }
    out[0] = row[0] + (up[0] + down[0] + row[1] - 4 * row[0]) * r;
    for (int64_t j = 1; j + 1 < width; j++)
      out[j] = row[j] + (up[j] + down[j] + (row[j - 1] + row[j + 1]) - 4 * row[j]) * r;
    int64_t last = width - 1;
    out[last] = row[last] + (up[last] + down[last] + row[last - 1] - 4 * row[last]) * r;
  }
}

static void pagerank(const int64_t *restrict row, const int32_t *restrict col, double *restrict rank,
                     double *restrict share, int64_t nodes, int64_t rounds) {
  for (int64_t k = 0; k < rounds; k++) {
    for (int64_t v = 0; v < nodes; v++) share[v] = rank[v] / (double)(row[v + 1] - row[v]);
    for (int64_t v = 0; v < nodes; v++) {
      double sum = 0;
      for (int64_t e = row[v]; e < row[v + 1]; e++) sum += share[col[e]];
      rank[v] = 0.85 * sum + 0.15;
    }
  }
}

static void kmeans(const float *restrict points, float *restrict centres, int64_t *restrict owner, float *restrict sums,
                   float *restrict counts, int64_t count, int64_t axes, int64_t groups) {
  memset(sums, 0, (size_t)(groups * axes) * sizeof *sums);
  memset(counts, 0, (size_t)groups * sizeof *counts);
  for (int64_t i = 0; i < count; i++) {
    const float *point = points + i * axes;
    float best = INFINITY;
    int64_t nearest = 0;
    for (int64_t k = 0; k < groups; k++) {
      float distance = 0;
      for (int64_t d = 0; d < axes; d++) {
        float apart = point[d] - centres[k * axes + d];
        distance += apart * apart;
      }
      if (distance < best) {
        best = distance;
        nearest = k;
      }
    }
    owner[i] = nearest;
    counts[nearest] += 1;
    for (int64_t d = 0; d < axes; d++) sums[nearest * axes + d] += point[d];
  }
  for (int64_t k = 0; k < groups; k++)
    for (int64_t d = 0; d < axes && counts[k] > 0; d++) centres[k * axes + d] = sums[k * axes + d] / counts[k];
}

/* ---- each of them, timed ---- */

static double run_chain(char **arguments, int runs) {
  array x = read_array(arguments[0]), y = read_array(arguments[1]);
  double *z = get_memory((size_t)x.head.count * sizeof *z);
  for (int i = 0; i < runs; i++) {
    double begin = vmo_bench_clock();
    chain(x.data, y.data, z, x.head.count);
    printf("%.9f\n", vmo_bench_clock() - begin);
  }
  return sum_of(z, x.head.count);
}

static double run_stencil(char **arguments, int runs) {
  array plate = read_array(arguments[0]);
  int64_t steps = strtoll(arguments[1], NULL, 10), count = plate.head.count;
  double r = strtod(arguments[2], NULL), *u = get_memory((size_t)count * 8), *v = get_memory((size_t)count * 8);
  for (int i = 0; i < runs; i++) {
    memcpy(u, plate.data, (size_t)count * 8);
    double begin = vmo_bench_clock();
    for (int64_t k = 0; k < steps; k++) {
      step(u, v, plate.head.sizes[0], plate.head.sizes[1], r);
      double *other = u;
      u = v;
      v = other;
    }
    printf("%.9f\n", vmo_bench_clock() - begin);
  }
  return sum_of(u, count);
}

static double run_pagerank(char **arguments, int runs) {
  array row = read_array(arguments[0]), col = read_array(arguments[1]);
  int64_t rounds = strtoll(arguments[2], NULL, 10), nodes = row.head.count - 1;
  double *rank = get_memory((size_t)nodes * 8), *share = get_memory((size_t)nodes * 8);
  for (int i = 0; i < runs; i++) {
    for (int64_t v = 0; v < nodes; v++) rank[v] = 1;
    double begin = vmo_bench_clock();
    pagerank(row.data, col.data, rank, share, nodes, rounds);
    printf("%.9f\n", vmo_bench_clock() - begin);
  }
  return sum_of(rank, nodes);
}

static double run_matmul(char **arguments, int runs) {
  array x = read_array(arguments[0]), y = read_array(arguments[1]);
  int n = (int)x.head.sizes[0];
  double *z = get_memory((size_t)x.head.count * 8);
#ifdef VMO_HAS_CBLAS
  for (int i = 0; i < runs; i++) {
    double begin = vmo_bench_clock();
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, x.data, n, y.data, n, 0, z, n);
    printf("%.9f\n", vmo_bench_clock() - begin);
  }
#else
  (void)runs, (void)n, (void)y;
  fail("there is no CBLAS in this build");
#endif
  return sum_of(z, x.head.count);
}

static double run_kmeans(char **arguments, int runs) {
  array points = read_array(arguments[0]), first = read_array(arguments[1]);
  int64_t rounds = strtoll(arguments[2], NULL, 10), count = points.head.sizes[0], axes = points.head.sizes[1];
  int64_t groups = first.head.sizes[0], size = groups * axes;
  float *centres = get_memory((size_t)size * 4), *sums = get_memory((size_t)size * 4);
  float *counts = get_memory((size_t)groups * 4);
  int64_t *owner = get_memory((size_t)count * 8);
  for (int i = 0; i < runs; i++) {
    memcpy(centres, first.data, (size_t)size * 4);
    double begin = vmo_bench_clock();
    for (int64_t k = 0; k < rounds; k++) kmeans(points.data, centres, owner, sums, counts, count, axes, groups);
    printf("%.9f\n", vmo_bench_clock() - begin);
  }
  double sum = 0;
  for (int64_t i = 0; i < size; i++) sum += (double)centres[i];
  return sum;
}

int main(int count, char **words) {
  static const struct {
    const char *name;
    int arguments;
    double (*run)(char **arguments, int runs);
  } known[] = {{"chain", 2, run_chain},
               {"stencil", 3, run_stencil},
               {"pagerank", 3, run_pagerank},
               {"matmul", 2, run_matmul},
               {"kmeans", 3, run_kmeans}};
  for (size_t i = 0; count > 3 && i < sizeof known / sizeof *known; i++) {
    if (strcmp(words[1], known[i].name) != 0 || count != 3 + known[i].arguments) continue;
    double sum = known[i].run(words + 3, atoi(words[2]));
    printf("sum %.17g\n", sum);
    free_memory();
    return 0;
  }
  fputs("usage: bench-codegen chain|stencil|pagerank|matmul|kmeans RUNS ARGUMENT...\n", stderr);
  return 2;
}
