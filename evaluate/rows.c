/* rows.c: ops that scale an element by what its row, channel or query is as a whole: softmax, the norms, attention.
 * What is computed on the way is kept in f64; the result is rounded once. Linear, attention O(Q K D). */
#include "evaluate/kernel.h"

#include <math.h>

static double real_at(const vmo_array *array, int64_t index) { return vmo_get(array, index).real; }

/* ---- softmax ---- */

bool vmo_run_softmax(vmo_run *run) {
  const vmo_array *x = &run->operands[0];
  uint32_t axis = vmo_run_axis(run);
  int64_t size = x->rank == 0 ? 1 : x->sizes[axis], stride = x->rank == 0 ? 1 : vmo_count_sizes(x, axis + 1, x->rank);
  for (int64_t row = 0; size > 0 && row < x->count / size; row++) {
    int64_t first = row / stride * stride * size + row % stride;
    double greatest = -INFINITY, sum = 0;
    for (int64_t i = 0; i < size; i++) greatest = fmax(greatest, real_at(x, first + i * stride));
    for (int64_t i = 0; i < size; i++) sum += exp(real_at(x, first + i * stride) - greatest);
    for (int64_t i = 0; i < size; i++) {
      double real = exp(real_at(x, first + i * stride) - greatest) / sum;
      vmo_put(&run->results[0], first + i * stride, (vmo_number){.real = real});
    }
  }
  return true;
}

/* ---- norms ---- */

bool vmo_run_batch_norm(vmo_run *run) {
  const vmo_array *x = &run->operands[0];
  double epsilon = vmo_run_real(run, "epsilon", 1e-5);
  int64_t inner = vmo_count_sizes(x, 2, x->rank);
  for (int64_t i = 0; i < x->count; i++) {
    int64_t channel = i / inner % x->sizes[1];
    double deviation = sqrt(real_at(&run->operands[4], channel) + epsilon);
    double real = (real_at(x, i) - real_at(&run->operands[3], channel)) / deviation;
    real = real * real_at(&run->operands[1], channel) + real_at(&run->operands[2], channel);
    vmo_put(&run->results[0], i, (vmo_number){.real = real});
  }
  return true;
}

static void find_moments(const vmo_array *x, int64_t first, int64_t size, double *mean, double *variance) {
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < size; i++) sum += real_at(x, first + i);
  *mean = sum / (double)size;
  for (int64_t i = 0; i < size; i++) {
    double away = real_at(x, first + i) - *mean;
    squares += away * away;
  }
  *variance = squares / (double)size;
}

bool vmo_run_layer_norm(vmo_run *run) {
  const vmo_array *x = &run->operands[0];
  double epsilon = vmo_run_real(run, "epsilon", 1e-5);
  int64_t size = x->sizes[x->rank - 1];
  for (int64_t first = 0; first < x->count; first += size) {
    double mean, variance;
    find_moments(x, first, size, &mean, &variance);
    for (int64_t i = 0; i < size; i++) {
      double real = (real_at(x, first + i) - mean) / sqrt(variance + epsilon);
      if (run->op->operand_count > 1) real *= real_at(&run->operands[1], i);
      if (run->op->operand_count > 2) real += real_at(&run->operands[2], i);
      vmo_put(&run->results[0], first + i, (vmo_number){.real = real});
    }
  }
  return true;
}

/* ---- attention ---- */

typedef struct attention {
  const vmo_array *q, *k, *v, *mask; /* mask may be NULL */
  int64_t queries, keys, depth, width;
  double scale;
  bool causal; /* query i sees keys 0 to i */
  double *scores;
} attention;

static bool is_seen(const attention *a, int64_t query, int64_t key) {
  if (a->causal && key > query) return false;
  return a->mask == NULL || vmo_get(a->mask, query * a->keys + key).natural;
}

/* The weights of all keys for one query; all 0 when it sees none. */
static void score(const attention *a, int64_t batch, int64_t query) {
  double greatest = -INFINITY, sum = 0;
  for (int64_t key = 0; key < a->keys; key++) {
    double product = 0;
    for (int64_t i = 0; i < a->depth; i++)
      product += real_at(a->q, (batch * a->queries + query) * a->depth + i) *
                 real_at(a->k, (batch * a->keys + key) * a->depth + i);
    a->scores[key] = is_seen(a, query, key) ? product * a->scale : -INFINITY;
    greatest = fmax(greatest, a->scores[key]);
  }
  for (int64_t key = 0; key < a->keys; key++) {
    a->scores[key] = a->scores[key] == -INFINITY ? 0 : exp(a->scores[key] - greatest);
    sum += a->scores[key];
  }
  for (int64_t key = 0; key < a->keys && sum > 0; key++) a->scores[key] /= sum;
}

bool vmo_run_attention(vmo_run *run) {
  attention a = {.q = &run->operands[0], .k = &run->operands[1], .v = &run->operands[2]};
  uint32_t rank = a.q->rank;
  a.mask = run->op->operand_count > 3 ? &run->operands[3] : NULL;
  a.queries = a.q->sizes[rank - 2];
  a.depth = a.q->sizes[rank - 1];
  a.keys = a.k->sizes[rank - 2];
  a.width = a.v->sizes[rank - 1];
  a.scale = vmo_run_real(run, "scale", 1 / sqrt((double)a.depth));
  a.causal = vmo_run_integer(run, "causal", 0, 0) != 0;
  a.scores = vmo_run_scratch(run, a.keys, sizeof *a.scores);
  if (a.scores == NULL) return false;
  for (int64_t row = 0; row < vmo_count_sizes(a.q, 0, rank - 1); row++) {
    int64_t batch = row / a.queries;
    score(&a, batch, row % a.queries);
    for (int64_t i = 0; i < a.width; i++) {
      double sum = 0;
      for (int64_t key = 0; key < a.keys; key++)
        sum += a.scores[key] * real_at(a.v, (batch * a.keys + key) * a.width + i);
      vmo_put(&run->results[0], row * a.width + i, (vmo_number){.real = sum});
    }
  }
  return true;
}
