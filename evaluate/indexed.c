/* indexed.c: ops that go where indices say: gather, scatter, histogram, where_index, and rows of a table.
 *
 * An array of outer x axis x inner elements and n indices: element (o, i, k) of a gather is x[o, at[i], k]. Linear. */
#include "evaluate/kernel.h"

#include <math.h>

typedef struct layout {
  int64_t outer, size, inner, indices;
} layout;

static layout lay_out(const vmo_run *run) {
  const vmo_array *array = &run->operands[0];
  uint32_t axis = (uint32_t)vmo_run_integer(run, "axis", 0, 0);
  return (layout){vmo_count_sizes(array, 0, axis), array->sizes[axis], vmo_count_sizes(array, axis + 1, array->rank),
                  run->operands[1].count};
}

bool vmo_run_gather(vmo_run *run) {
  layout l = lay_out(run);
  int64_t at = 0, index;
  for (int64_t o = 0; o < l.outer; o++) {
    for (int64_t i = 0; i < l.indices; i++) {
      if (!vmo_run_index(run, &run->operands[1], i, l.size, "index", &index)) return false;
      for (int64_t k = 0; k < l.inner; k++)
        vmo_put(&run->results[0], at++, vmo_get(&run->operands[0], (o * l.size + index) * l.inner + k));
    }
  }
  return true;
}

static void add_to(vmo_array *array, int64_t at, vmo_number number) {
  vmo_put(array, at, vmo_add_numbers(array->element, vmo_get(array, at), number));
}

bool vmo_run_scatter(vmo_run *run) {
  layout l = lay_out(run);
  const vmo_array *updates = &run->operands[2];
  vmo_array *result = &run->results[0];
  int64_t from = 0, index;
  vmo_run_copy(run);
  for (int64_t o = 0; o < l.outer; o++) {
    for (int64_t i = 0; i < l.indices; i++) {
      if (!vmo_run_index(run, &run->operands[1], i, l.size, "index", &index)) return false;
      for (int64_t k = 0; k < l.inner; k++, from++) {
        int64_t to = (o * l.size + index) * l.inner + k;
        vmo_number number = vmo_get(updates, updates->rank == 0 ? 0 : from);
        if (vmo_run_code(run) == VMO_OP_scatter_add)
          add_to(result, to, number);
        else
          vmo_put(result, to, number);
      }
    }
  }
  return true;
}

/* Bounds and elements as doubles; the part of x is floor((x - low) * B / (high - low)). */
bool vmo_run_histogram(vmo_run *run) {
  const vmo_array *from = &run->operands[0];
  vmo_array *result = &run->results[0];
  vmo_element element = from->element;
  double low = vmo_convert(element, vmo_run_number(run, "low", 0, element, 0), VMO_F64).real;
  bool has_high = vmo_op_attribute(run->module, run->function, run->op, "high") != NULL;
  double high = has_high ? vmo_convert(element, vmo_run_number(run, "high", 0, element, 0), VMO_F64).real
                         : low + (double)result->count;
  vmo_number one = vmo_number_of(result->element, 1);
  for (int64_t i = 0; i < from->count; i++) {
    double x = vmo_convert(element, vmo_get(from, i), VMO_F64).real;
    if (!(x >= low && x < high)) continue;
    double part = floor((x - low) * (double)result->count / (high - low)); /* NaN where bounds are too far apart */
    if (part >= 0 && part < (double)result->count) add_to(result, (int64_t)part, one);
  }
  return true;
}

bool vmo_run_where_index(vmo_run *run) {
  const vmo_array *from = &run->operands[0];
  int64_t count = 0;
  for (int64_t i = 0; i < from->count; i++)
    if (vmo_get(from, i).natural) vmo_put(&run->results[0], count++, (vmo_number){.integer = i});
  vmo_put(&run->results[1], 0, (vmo_number){.integer = count});
  return true;
}

/* Rows of a table: x[col] of nodes, or table[at]. */
bool vmo_run_edge_gather(vmo_run *run) {
  bool edges = vmo_run_code(run) == VMO_OP_edge_gather;
  const vmo_array *indices = &run->operands[edges ? 0 : 1], *table = &run->operands[edges ? 1 : 0];
  int64_t width = vmo_count_sizes(table, 1, table->rank), at = 0, index;
  for (int64_t i = 0; i < indices->count; i++) {
    if (!vmo_run_index(run, indices, i, table->sizes[0], edges ? "node" : "index", &index)) return false;
    for (int64_t k = 0; k < width; k++) vmo_put(&run->results[0], at++, vmo_get(table, index * width + k));
  }
  return true;
}
