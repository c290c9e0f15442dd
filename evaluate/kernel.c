/* kernel.c: which function runs which op, and what they share: attributes, indices that are checked, walks over several
 * arrays at once. A walk's step costs time in the number of axes that turn over, constant on average. */
#include "evaluate/kernel.h"

#include <stdarg.h>
#include <stdio.h>

#include "support/random.h"

vmo_kernel vmo_find_kernel(vmo_opcode code) {
  switch (code) {
  case VMO_OP_cast: return vmo_run_cast;
  case VMO_OP_dropout: return vmo_run_dropout;
  case VMO_OP_const: return vmo_run_const;
  case VMO_OP_fill: return vmo_run_fill;
  case VMO_OP_iota: return vmo_run_iota;
  case VMO_OP_random: return vmo_run_random;
  case VMO_OP_copy:
  case VMO_OP_reshape: return vmo_run_copy;
  case VMO_OP_slice: return vmo_run_slice;
  case VMO_OP_split: return vmo_run_split;
  case VMO_OP_concat: return vmo_run_concat;
  case VMO_OP_pad: return vmo_run_pad;
  case VMO_OP_broadcast: return vmo_run_broadcast;
  case VMO_OP_transpose: return vmo_run_transpose;
  case VMO_OP_cumsum:
  case VMO_OP_cumprod: return vmo_run_scan;
  case VMO_OP_sort:
  case VMO_OP_argsort: return vmo_run_sort;
  case VMO_OP_unique: return vmo_run_unique;
  case VMO_OP_gather: return vmo_run_gather;
  case VMO_OP_scatter:
  case VMO_OP_scatter_add: return vmo_run_scatter;
  case VMO_OP_histogram: return vmo_run_histogram;
  case VMO_OP_where_index: return vmo_run_where_index;
  case VMO_OP_edge_gather:
  case VMO_OP_embedding: return vmo_run_edge_gather;
  case VMO_OP_degree: return vmo_run_degree;
  case VMO_OP_neighbor_sum:
  case VMO_OP_neighbor_mean:
  case VMO_OP_neighbor_min:
  case VMO_OP_neighbor_max: return vmo_run_neighbors;
  case VMO_OP_neighbor_mode: return vmo_run_neighbor_mode;
  case VMO_OP_label_propagate: return vmo_run_label_propagate;
  case VMO_OP_segment_sum:
  case VMO_OP_segment_mean:
  case VMO_OP_segment_min:
  case VMO_OP_segment_max: return vmo_run_segments;
  case VMO_OP_node_count:
  case VMO_OP_edge_count: return vmo_run_count;
  case VMO_OP_normalize_sum: return vmo_run_normalize_sum;
  case VMO_OP_conv2d: return vmo_run_convolution;
  case VMO_OP_max_pool:
  case VMO_OP_avg_pool: return vmo_run_pool;
  case VMO_OP_batch_norm: return vmo_run_batch_norm;
  case VMO_OP_layer_norm: return vmo_run_layer_norm;
  case VMO_OP_softmax: return vmo_run_softmax;
  case VMO_OP_lrn: return vmo_run_local_response;
  case VMO_OP_attention: return vmo_run_attention;
  default: break;
  }
  switch (vmo_op_get_info(code)->category) {
  case VMO_CATEGORY_ELEMENTWISE: return vmo_run_elementwise;
  case VMO_CATEGORY_REDUCTION: return vmo_run_reduce;
  case VMO_CATEGORY_LINEAR_ALGEBRA: return vmo_run_product;
  default: return NULL;
  }
}

/* ---- attributes ---- */

int64_t vmo_run_integer(const vmo_run *run, const char *name, uint32_t index, int64_t otherwise) {
  const vmo_attribute_item *item = vmo_op_item(run->module, run->function, run->op, name, index);
  return item == NULL ? otherwise : item->value.integer;
}

double vmo_run_real(const vmo_run *run, const char *name, double otherwise) {
  const vmo_attribute_item *item = vmo_op_item(run->module, run->function, run->op, name, 0);
  if (item == NULL) return otherwise;
  return item->kind == VMO_ATTRIBUTE_REAL ? item->value.real : (double)item->value.integer;
}

vmo_number vmo_run_number(const vmo_run *run, const char *name, uint32_t index, vmo_element element,
                          int64_t otherwise) {
  const vmo_attribute_item *item = vmo_op_item(run->module, run->function, run->op, name, index);
  if (item == NULL) return vmo_number_of(element, otherwise);
  return item->kind == VMO_ATTRIBUTE_REAL ? vmo_number_of_real(element, item->value.real)
                                          : vmo_number_of(element, item->value.integer);
}

int64_t vmo_run_size(const vmo_run *run, vmo_size_id size) {
  vmo_interval value = {0, 0};
  vmo_size_evaluate(run->module->sizes, size, run->binding, &value);
  return value.low;
}

uint32_t vmo_run_axis(const vmo_run *run) {
  uint32_t rank = run->operands[0].rank;
  return (uint32_t)vmo_run_integer(run, "axis", 0, rank == 0 ? 0 : rank - 1);
}

int64_t vmo_count_sizes(const vmo_array *array, uint32_t first, uint32_t end) {
  int64_t count = 1;
  for (uint32_t i = first; i < end; i++) count *= array->sizes[i];
  return count;
}

/* ---- errors ---- */

bool vmo_run_fail(vmo_run *run, vmo_diag_code code, const char *hint, const char *format, ...) {
  char message[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  vmo_diagnostic *diagnostic = vmo_diag_add(run->context, code, run->op->location, "%s", message);
  if (hint != NULL) vmo_diag_hint(run->context, diagnostic, "%s", hint);
  return false;
}

static int64_t load_index(const vmo_array *indices, int64_t at) { return vmo_get(indices, at).integer; }

bool vmo_run_index(vmo_run *run, const vmo_array *indices, int64_t at, int64_t limit, const char *what,
                   int64_t *index) {
  *index = load_index(indices, at);
  if (*index >= 0 && *index < limit) return true;
  return vmo_run_fail(run, VMO_DIAG_INDEX_OUTSIDE, NULL, "%s %lld, at place %lld of the indices, is not in [0, %lld)",
                      what, (long long)*index, (long long)at, (long long)limit);
}

bool vmo_run_range(vmo_run *run, const vmo_array *rows, int64_t node, int64_t limit, int64_t *first, int64_t *end) {
  *first = load_index(rows, node);
  *end = load_index(rows, node + 1);
  if (*first >= 0 && *first <= *end && *end <= limit) return true;
  if (*end < *first)
    return vmo_run_fail(run, VMO_DIAG_INDEX_OUTSIDE, "rows begin at 0 and never fall",
                        "row %lld reaches from %lld back to %lld", (long long)node, (long long)*first, (long long)*end);
  return vmo_run_fail(run, VMO_DIAG_INDEX_OUTSIDE, "rows begin at 0, never fall, and end at the number of edges",
                      "row %lld reaches from %lld to %lld, but there are %lld edges", (long long)node,
                      (long long)*first, (long long)*end, (long long)limit);
}

void *vmo_run_scratch(vmo_run *run, int64_t count, size_t size) {
  return vmr_arena_alloc_array(run->scratch, (size_t)count, size);
}

/* ---- walks ---- */

void vmo_fill_strides(const vmo_array *array, int64_t *strides) {
  int64_t stride = 1;
  for (uint32_t i = array->rank; i-- > 0;) {
    strides[i] = stride;
    stride *= array->sizes[i];
  }
}

void vmo_walk_begin(vmo_walk *walk, const vmo_array *array) {
  walk->rank = array->rank;
  walk->others = 0;
  walk->sizes = array->sizes;
  for (uint32_t i = 0; i < array->rank; i++) walk->at[i] = 0;
}

void vmo_walk_strided(vmo_walk *walk, const int64_t *strides, int64_t offset) {
  for (uint32_t i = 0; i < walk->rank; i++) walk->strides[walk->others][i] = strides[i];
  walk->offsets[walk->others++] = offset;
}

void vmo_walk_broadcast(vmo_walk *walk, const vmo_array *other) {
  int64_t own[VMO_MAX_RANK], strides[VMO_MAX_RANK] = {0};
  uint32_t missing = walk->rank - other->rank;
  vmo_fill_strides(other, own);
  for (uint32_t i = 0; i < other->rank; i++) strides[missing + i] = other->sizes[i] == 1 ? 0 : own[i];
  vmo_walk_strided(walk, strides, 0);
}

void vmo_walk_next(vmo_walk *walk) {
  for (uint32_t axis = walk->rank; axis-- > 0;) {
    if (++walk->at[axis] < walk->sizes[axis]) {
      for (uint32_t i = 0; i < walk->others; i++) walk->offsets[i] += walk->strides[i][axis];
      return;
    }
    walk->at[axis] = 0;
    for (uint32_t i = 0; i < walk->others; i++) walk->offsets[i] -= walk->strides[i][axis] * (walk->sizes[axis] - 1);
  }
}

/* ---- random numbers ---- */

/* Over a counter: every number can be had alone. */
double vmo_draw_uniform(uint64_t seed, uint64_t index) {
  return vmo_random_unit(vmo_mix_bits(vmo_mix_bits(seed) + (index + 1) * VMO_RANDOM_STEP));
}
