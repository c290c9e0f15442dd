/* sort.c: sort, argsort, unique: a stable merge sort of indices, row by row; NaN comes last either way.
 * O(n log n) time, two arrays of indices. */
#include "evaluate/kernel.h"

#include <math.h>

typedef struct row {
  const vmo_array *array;
  int64_t first, stride, size;
  bool descending;
} row;

static vmo_number item(const row *r, int64_t index) { return vmo_get(r->array, r->first + index * r->stride); }

/* True when the right one must stand before the left one. */
static bool is_before(const row *r, int64_t right, int64_t left) {
  vmo_element element = r->array->element;
  vmo_number a = item(r, right), b = item(r, left);
  if (vmo_element_is_float(element) && (isnan(a.real) || isnan(b.real))) return !isnan(a.real) && isnan(b.real);
  int order = vmo_compare(element, a, b);
  return r->descending ? order > 0 : order < 0;
}

static void merge(const row *r, const int64_t *from, int64_t *to, int64_t first, int64_t middle, int64_t end) {
  int64_t left = first, right = middle;
  for (int64_t i = first; i < end; i++) {
    bool take_right = left >= middle || (right < end && is_before(r, from[right], from[left]));
    to[i] = from[take_right ? right++ : left++];
  }
}

/* Sorts the indices of a row; `order` and `spare` have room for them. The sorted ones are in what is returned. */
static int64_t *sort_row(const row *r, int64_t *order, int64_t *spare) {
  for (int64_t i = 0; i < r->size; i++) order[i] = i;
  for (int64_t width = 1; width < r->size; width *= 2) {
    for (int64_t first = 0; first < r->size; first += 2 * width) {
      int64_t middle = first + width < r->size ? first + width : r->size;
      int64_t end = first + 2 * width < r->size ? first + 2 * width : r->size;
      merge(r, order, spare, first, middle, end);
    }
    int64_t *sorted = spare;
    spare = order;
    order = sorted;
  }
  return order;
}

bool vmo_run_sort(vmo_run *run) {
  const vmo_array *from = &run->operands[0];
  vmo_array *result = &run->results[0];
  uint32_t axis = vmo_run_axis(run);
  row r = {.array = from, .stride = 1, .size = 1};
  r.descending = vmo_run_integer(run, "descending", 0, 0) != 0;
  if (from->rank > 0) {
    r.size = from->sizes[axis];
    r.stride = vmo_count_sizes(from, axis + 1, from->rank);
  }
  int64_t *order = vmo_run_scratch(run, r.size, sizeof *order), *spare = vmo_run_scratch(run, r.size, sizeof *spare);
  if (order == NULL || spare == NULL) return false;
  for (int64_t i = 0; r.size > 0 && i < from->count / r.size; i++) {
    r.first = i / r.stride * r.stride * r.size + i % r.stride;
    const int64_t *sorted = sort_row(&r, order, spare);
    for (int64_t j = 0; j < r.size; j++) {
      bool indices = vmo_run_code(run) == VMO_OP_argsort;
      vmo_put(result, r.first + j * r.stride, indices ? (vmo_number){.integer = sorted[j]} : item(&r, sorted[j]));
    }
  }
  return true;
}

bool vmo_run_unique(vmo_run *run) {
  const vmo_array *from = &run->operands[0];
  row r = {.array = from, .stride = 1, .size = from->count};
  int64_t *order = vmo_run_scratch(run, r.size, sizeof *order), *spare = vmo_run_scratch(run, r.size, sizeof *spare);
  if (order == NULL || spare == NULL) return false;
  const int64_t *sorted = sort_row(&r, order, spare);
  int64_t count = 0;
  for (int64_t i = 0; i < r.size; i++) {
    if (i > 0 && vmo_compare(from->element, item(&r, sorted[i - 1]), item(&r, sorted[i])) == 0) continue;
    vmo_put(&run->results[0], count++, item(&r, sorted[i]));
  }
  vmo_put(&run->results[1], 0, (vmo_number){.integer = count});
  return true;
}
