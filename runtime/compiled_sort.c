/* compiled_sort.c: sort, argsort and unique for compiled functions.
 *
 * They stand here and not in the code that is compiled: a sort is long, is the same for every program, and gains nothing from
 * known sizes. It works in the result's own bytes, since a compiled function has no memory beyond its plan: elements become
 * keys of the same width (sort_keys.h), keys are sorted, and become elements again. What has one key but several forms, -0
 * and 0, NaN and NaN, is then put in the order in which the operand has it. Indices are sorted by key and by themselves,
 * which keeps equal ones in order. O(n log n). */
#include "runtime/sort_keys.h"

#define PLAIN_BEFORE(context, a, b) ((void)(context), (a) < (b))

#define ITEM uint8_t
#define SORT sort_u8
#define CONTEXT int
#define BEFORE PLAIN_BEFORE
#include "runtime/sort_items.h"

#define ITEM uint16_t
#define SORT sort_u16
#define CONTEXT int
#define BEFORE PLAIN_BEFORE
#include "runtime/sort_items.h"

#define ITEM uint32_t
#define SORT sort_u32
#define CONTEXT int
#define BEFORE PLAIN_BEFORE
#include "runtime/sort_items.h"

#define ITEM uint64_t
#define SORT sort_u64
#define CONTEXT int
#define BEFORE PLAIN_BEFORE
#include "runtime/sort_items.h"

/* One row of the operand and of the result. */
typedef struct row {
  key_format format;
  const char *from;
  char *to;
  int64_t size, stride;
  bool descending;
} row;

/* NaN is last either way. */
static uint64_t ordered_key(const row *r, int64_t index) {
  uint64_t key = load_key(&r->format, r->from, index * r->stride);
  bool is_nan = r->format.infinity != 0 && key == r->format.all;
  return r->descending && !is_nan ? ~key & r->format.all : key;
}

static bool is_index_before(const row *r, int64_t a, int64_t b) {
  uint64_t left = ordered_key(r, a), right = ordered_key(r, b);
  return left != right ? left < right : a < b;
}

#define ITEM int64_t
#define SORT sort_indices
#define CONTEXT const row *
#define BEFORE(context, a, b) is_index_before(context, a, b)
#include "runtime/sort_items.h"

void vmr_sort_keys(uint64_t *keys, int64_t count) { sort_u64(0, keys, count, 1); }

/* ---- one row ---- */

static void sort_keys(const row *r) {
  switch (r->format.bytes) {
  case 1: sort_u8(0, (uint8_t *)r->to, r->size, r->stride); return;
  case 2: sort_u16(0, (uint16_t *)r->to, r->size, r->stride); return;
  case 4: sort_u32(0, (uint32_t *)r->to, r->size, r->stride); return;
  default: sort_u64(0, (uint64_t *)r->to, r->size, r->stride); return;
  }
}

/* Zeros and NaNs as they follow each other in the operand, from result `zero` and `nan` on. */
static void restore_forms(const row *r, int64_t zero, int64_t nan) {
  uint32_t bytes = r->format.bytes;
  for (int64_t i = 0; i < r->size; i++) {
    uint64_t bits = load_bits(r->from, bytes, i * r->stride), magnitude = bits & ~r->format.sign;
    if (magnitude == 0) store_bits(r->to, bytes, zero++ * r->stride, bits);
    if (magnitude > r->format.infinity) store_bits(r->to, bytes, nan++ * r->stride, bits);
  }
}

static void sort_row(const row *r) {
  const key_format *f = &r->format;
  int64_t zero = -1, nan = -1;
  for (int64_t i = 0; i < r->size; i++) store_bits(r->to, f->bytes, i * r->stride, ordered_key(r, i));
  sort_keys(r);
  for (int64_t i = 0; i < r->size; i++) {
    uint64_t key = load_bits(r->to, f->bytes, i * r->stride);
    bool is_nan = f->infinity != 0 && key == f->all;
    if (r->descending && !is_nan) key = ~key & f->all;
    if (is_nan && nan < 0) nan = i;
    if (key == f->sign && zero < 0) zero = i;
    store_bits(r->to, f->bytes, i * r->stride, bits_of_key(f, key));
  }
  if (f->infinity != 0 && (zero >= 0 || nan >= 0)) restore_forms(r, zero, nan);
}

static void argsort_row(const row *r) {
  int64_t *indices = (int64_t *)r->to;
  for (int64_t i = 0; i < r->size; i++) indices[i * r->stride] = i;
  sort_indices(r, indices, r->size, r->stride);
}

/* ---- whole arrays ---- */

void vmr_sort_rows(const void *from, void *to, uint32_t element, int64_t outer, int64_t size, int64_t inner,
                   uint32_t flags) {
  row r = {.format = make_key_format(element), .size = size, .stride = inner};
  int64_t width = (flags & VMR_SORT_INDICES) ? (int64_t)sizeof(int64_t) : (int64_t)r.format.bytes;
  r.descending = (flags & VMR_SORT_DESCENDING) != 0;
  for (int64_t i = 0; size > 0 && i < outer * inner; i++) {
    int64_t first = i / inner * inner * size + i % inner;
    r.from = (const char *)from + first * (int64_t)r.format.bytes;
    r.to = (char *)to + first * width;
    if (flags & VMR_SORT_INDICES)
      argsort_row(&r);
    else
      sort_row(&r);
  }
}

int64_t vmr_sort_unique(const void *from, void *to, uint32_t element, int64_t count) {
  key_format f = make_key_format(element);
  int64_t kept = 0;
  vmr_sort_rows(from, to, element, 1, count, 1, 0);
  for (int64_t i = 0; i < count; i++) {
    if (kept > 0 && load_key(&f, to, i) == load_key(&f, to, kept - 1)) continue;
    store_bits(to, f.bytes, kept++, load_bits(to, f.bytes, i));
  }
  return kept;
}
