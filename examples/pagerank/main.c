/* Graphs of two sizes through one compiled function. Sizes are free: where everything is in the arena is worked out by each
 * call. The arena is a vmr_plan's block: the first call of a size allocates it, and the next ones use it again. */
#include <stdio.h>

#include <vmemrt/plan.h> /* before the header, which then has pagerank_in */

#include "pagerank.h"

/* A path: node i beside i - 1 and i + 1. */
static void make_path(int64_t nodes, int64_t *row, int32_t *col) {
  int64_t edges = 0;
  for (int64_t i = 0; i < nodes; i++) {
    row[i] = edges;
    if (i > 0) col[edges++] = (int32_t)(i - 1);
    if (i + 1 < nodes) col[edges++] = (int32_t)(i + 1);
  }
  row[nodes] = edges;
}

static int rank_path(vmr_plan *plan, int64_t nodes) {
  static int64_t row[1001];
  static int32_t col[2000];
  double *rank;
  make_path(nodes, row, col);
  int32_t status = pagerank_in(plan, nodes, row[nodes], row, col, 30, &rank);
  if (status != 0) {
    fprintf(stderr, "status %d\n", (int)status);
    return 1;
  }
  double sum = 0;
  for (int64_t i = 0; i < nodes; i++) sum += rank[i];
  printf("%4d nodes in %5d bytes: ends %.3f, next to them %.3f, sum %.3f\n", (int)nodes,
         (int)pagerank_arena_bytes(nodes, row[nodes]), rank[0], rank[1], sum);
  return 0;
}

int main(void) {
  vmr_plan *plan;
  if (vmr_plan_create(&plan, NULL, pagerank_ARENA_ALIGNMENT) != VMR_OK) return 1;
  int failed = rank_path(plan, 1000) || rank_path(plan, 5) || rank_path(plan, 1000);
  vmr_plan_destroy(plan);
  return failed;
}
