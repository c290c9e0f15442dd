/* graph.c: ops over graphs in compressed sparse row form: the neighbours of node i are col[row[i]] to col[row[i+1] - 1],
 * taken in that order. Linear in nodes and edges; the mode of a neighbourhood of d nodes costs O(d log d). */
#include "evaluate/fold.h"
#include "evaluate/kernel.h"

#include <stdlib.h>

static vmo_fold_kind fold_kind(vmo_opcode code) {
  switch (code) {
  case VMO_OP_neighbor_mean:
  case VMO_OP_segment_mean: return VMO_FOLD_MEAN;
  case VMO_OP_neighbor_min:
  case VMO_OP_segment_min: return VMO_FOLD_MIN;
  case VMO_OP_neighbor_max:
  case VMO_OP_segment_max: return VMO_FOLD_MAX;
  default: return VMO_FOLD_SUM;
  }
}

bool vmo_run_degree(vmo_run *run) {
  vmo_array *result = &run->results[0];
  int64_t first, end;
  for (int64_t node = 0; node < result->count; node++) {
    if (!vmo_run_range(run, &run->operands[0], node, INT64_MAX, &first, &end)) return false;
    vmo_put(result, node, vmo_number_of(result->element, end - first));
  }
  return true;
}

/* One feature of one node: over the rows of x that the edges [first, end) are, or name. */
static bool fold_edges(vmo_run *run, const vmo_array *nodes, const vmo_array *x, int64_t first, int64_t end,
                       int64_t feature, vmo_fold *fold) {
  int64_t width = vmo_count_sizes(x, 1, x->rank), row;
  for (int64_t edge = first; edge < end; edge++) {
    row = edge;
    if (nodes != NULL && !vmo_run_index(run, nodes, edge, x->sizes[0], "node", &row)) return false;
    vmo_fold_add(fold, vmo_get(x, row * width + feature));
  }
  return true;
}

static bool fold_rows(vmo_run *run, const vmo_array *nodes, const vmo_array *x, int64_t edges) {
  vmo_array *result = &run->results[0];
  int64_t width = vmo_count_sizes(x, 1, x->rank), first, end;
  for (int64_t node = 0; node < result->sizes[0]; node++) {
    if (!vmo_run_range(run, &run->operands[0], node, edges, &first, &end)) return false;
    for (int64_t feature = 0; feature < width; feature++) {
      vmo_fold fold = vmo_fold_begin(fold_kind(vmo_run_code(run)), x->element);
      if (!fold_edges(run, nodes, x, first, end, feature, &fold)) return false;
      bool mean_of_none = fold.kind == VMO_FOLD_MEAN && fold.count == 0;
      vmo_put(result, node * width + feature, mean_of_none ? (vmo_number){.real = 0} : vmo_fold_end(&fold));
    }
  }
  return true;
}

bool vmo_run_neighbors(vmo_run *run) {
  return fold_rows(run, &run->operands[1], &run->operands[2], run->operands[1].count);
}

bool vmo_run_segments(vmo_run *run) { return fold_rows(run, NULL, &run->operands[1], run->operands[1].sizes[0]); }

/* ---- the most frequent neighbour ---- */

typedef struct tally {
  vmo_number number;
  vmo_element element;
} tally;

static int compare_tallies(const void *left, const void *right) {
  const tally *a = left, *b = right;
  return vmo_compare(a->element, a->number, b->number);
}

/* The number that occurs most often, the smallest of several; `count` is at least 1. */
static vmo_number find_mode(tally *tallies, int64_t count) {
  qsort(tallies, (size_t)count, sizeof *tallies, compare_tallies);
  int64_t best = 0, best_length = 0;
  for (int64_t first = 0, end; first < count; first = end) {
    for (end = first + 1; end < count && compare_tallies(&tallies[first], &tallies[end]) == 0;) end++;
    if (end - first <= best_length) continue;
    best = first;
    best_length = end - first;
  }
  return tallies[best].number;
}

/* What node after node takes, from `x` into `result`, which may be one array. */
static bool take_modes(vmo_run *run, const vmo_array *rows, const vmo_array *nodes, const vmo_array *x,
                       vmo_array *result) {
  tally *tallies = vmo_run_scratch(run, nodes->count, sizeof *tallies);
  if (tallies == NULL) return false;
  int64_t first, end, other;
  for (int64_t node = 0; node < result->count; node++) {
    if (!vmo_run_range(run, rows, node, nodes->count, &first, &end)) return false;
    for (int64_t edge = first; edge < end; edge++) {
      if (!vmo_run_index(run, nodes, edge, x->count, "node", &other)) return false;
      tallies[edge - first] = (tally){vmo_get(x, other), x->element};
    }
    vmo_put(result, node, end > first ? find_mode(tallies, end - first) : vmo_get(x, node));
  }
  return true;
}

bool vmo_run_neighbor_mode(vmo_run *run) {
  return take_modes(run, &run->operands[0], &run->operands[1], &run->operands[2], &run->results[0]);
}

bool vmo_run_label_propagate(vmo_run *run) {
  vmo_run_copy(run);
  return take_modes(run, &run->operands[1], &run->operands[2], &run->results[0], &run->results[0]);
}

bool vmo_run_count(vmo_run *run) {
  bool nodes = vmo_run_code(run) == VMO_OP_node_count;
  vmo_put(&run->results[0], 0, (vmo_number){.integer = run->operands[0].count - (nodes ? 1 : 0)});
  return true;
}

bool vmo_run_normalize_sum(vmo_run *run) {
  const vmo_array *x = &run->operands[0];
  vmo_fold fold = vmo_fold_begin(VMO_FOLD_SUM, x->element);
  for (int64_t i = 0; i < x->count; i++) vmo_fold_add(&fold, vmo_get(x, i));
  double sum = vmo_fold_end(&fold).real;
  for (int64_t i = 0; i < x->count; i++) vmo_put(&run->results[0], i, (vmo_number){.real = vmo_get(x, i).real / sum});
  return true;
}
