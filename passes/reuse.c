/* reuse.c: the latest earlier tenant of a range of bytes.
 *
 * Tenants move in one by one and number their bytes with their own number; a question asks for the greatest number in a
 * range. Numbers only grow, so a segment tree over the distinct offsets needs no lazy pushing: a node keeps the greatest
 * number given to its whole range and the greatest anywhere in it. */
#include "passes/reuse.h"

#include "support/sort.h"

typedef struct tree {
  uint32_t *whole, *any; /* of node i, children 2i and 2i + 1; numbers from 1, 0: nobody */
  uint32_t leaves;       /* a power of two */
} tree;

static uint32_t greatest(uint32_t left, uint32_t right) { return left > right ? left : right; }

static void move_in(tree *t, uint32_t first, uint32_t end, uint32_t number) {
  for (uint32_t left = first + t->leaves, right = end + t->leaves; left < right; left /= 2, right /= 2) {
    if (left & 1) {
      t->whole[left] = t->any[left] = number;
      left++;
    }
    if (right & 1) {
      right--;
      t->whole[right] = t->any[right] = number;
    }
  }
  for (uint32_t node = (first + t->leaves) / 2; node > 0; node /= 2) t->any[node] = greatest(t->any[node], number);
  for (uint32_t node = (end - 1 + t->leaves) / 2; node > 0; node /= 2) t->any[node] = greatest(t->any[node], number);
}

static uint32_t latest_tenant(const tree *t, uint32_t first, uint32_t end) {
  uint32_t latest = 0;
  for (uint32_t left = first + t->leaves, right = end + t->leaves; left < right; left /= 2, right /= 2) {
    if (left & 1) latest = greatest(latest, t->any[left++]);
    if (right & 1) latest = greatest(latest, t->any[--right]);
  }
  for (uint32_t node = (first + t->leaves) / 2; node > 0; node /= 2) latest = greatest(latest, t->whole[node]);
  for (uint32_t node = (end - 1 + t->leaves) / 2; node > 0; node /= 2) latest = greatest(latest, t->whole[node]);
  return latest;
}

/* Numbers the distinct offsets in order: numbers[2i] and numbers[2i + 1] are those of tenant i. Returns how many there
 * are. */
static uint32_t number_offsets(const vmo_tenant *tenants, uint32_t count, vmo_keyed *keys, uint32_t *numbers) {
  uint32_t distinct = 0, ends = 2 * count;
  for (uint32_t i = 0; i < count; i++) {
    keys[2 * (size_t)i] = (vmo_keyed){(uint64_t)tenants[i].begin, 2 * i};
    keys[2 * (size_t)i + 1] = (vmo_keyed){(uint64_t)tenants[i].end, 2 * i + 1};
  }
  vmo_sort_keyed(keys, keys + ends, ends);
  for (uint32_t k = 0; k < ends; k++) {
    distinct += k == 0 || keys[k].key != keys[k - 1].key;
    numbers[keys[k].value] = distinct - 1;
  }
  return distinct;
}

vmo_status vmo_find_former_tenants(vmo_context *context, vmo_tenant *tenants, uint32_t count) {
  tree t = {.leaves = 1};
  vmo_keyed *keys = vmo_alloc_array(context, 4 * ((size_t)count + 1), sizeof *keys);
  uint32_t *numbers = vmo_alloc_array(context, 2 * ((size_t)count + 1), sizeof *numbers);
  if (!keys || !numbers) return VMO_OUT_OF_MEMORY;
  uint32_t distinct = number_offsets(tenants, count, keys, numbers);
  while (t.leaves < distinct) t.leaves *= 2;
  t.whole = vmo_alloc_array(context, 2 * (size_t)t.leaves, sizeof *t.whole);
  t.any = vmo_alloc_array(context, 2 * (size_t)t.leaves, sizeof *t.any);
  if (!t.whole || !t.any) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t first = numbers[2 * (size_t)i], end = numbers[2 * (size_t)i + 1];
    tenants[i].former = VMO_NONE;
    if (first >= end) continue; /* no bytes */
    uint32_t latest = tenants[i].asks ? latest_tenant(&t, first, end) : 0;
    if (latest > 0) tenants[i].former = latest - 1;
    move_in(&t, first, end, i + 1);
  }
  return VMO_OK;
}
