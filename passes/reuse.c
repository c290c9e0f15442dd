/* reuse.c: the latest earlier tenant of a range of bytes.
 *
 * Tenants move in one by one and number their bytes with their own number; a question asks for the greatest number in a
 * range. Numbers only grow, so a segment tree over the distinct offsets needs no lazy pushing: a node keeps the greatest
 * number given to its whole range and the greatest anywhere in it. */
#include "passes/reuse.h"

#include <stdlib.h>

typedef struct tree {
  uint32_t *whole, *any; /* of node i, children 2i and 2i + 1; numbers from 1, 0: nobody */
  vmo_bytes *offsets;
  uint32_t leaves; /* a power of two */
} tree;

static int compare_offsets(const void *left, const void *right) {
  vmo_bytes a = *(const vmo_bytes *)left, b = *(const vmo_bytes *)right;
  return (a > b) - (a < b);
}

static uint32_t find_offset(const vmo_bytes *offsets, uint32_t count, vmo_bytes offset) {
  uint32_t low = 0, high = count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (offsets[middle] < offset)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

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

vmo_status vmo_find_former_tenants(vmo_context *context, vmo_tenant *tenants, uint32_t count) {
  tree t = {.leaves = 1};
  uint32_t distinct = 0;
  t.offsets = vmo_alloc(context, 2 * ((size_t)count + 1) * sizeof *t.offsets);
  if (!t.offsets) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    t.offsets[2 * (size_t)i] = tenants[i].begin;
    t.offsets[2 * (size_t)i + 1] = tenants[i].end;
  }
  if (count > 0) qsort(t.offsets, 2 * (size_t)count, sizeof *t.offsets, compare_offsets);
  for (size_t i = 0; i < 2 * (size_t)count; i++)
    if (distinct == 0 || t.offsets[i] != t.offsets[distinct - 1]) t.offsets[distinct++] = t.offsets[i];
  while (t.leaves < distinct) t.leaves *= 2;
  t.whole = vmo_alloc_array(context, 2 * (size_t)t.leaves, sizeof *t.whole);
  t.any = vmo_alloc_array(context, 2 * (size_t)t.leaves, sizeof *t.any);
  if (!t.whole || !t.any) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t first = find_offset(t.offsets, distinct, tenants[i].begin);
    uint32_t end = find_offset(t.offsets, distinct, tenants[i].end);
    tenants[i].former = VMO_NONE;
    if (first >= end) continue; /* no bytes */
    uint32_t latest = tenants[i].asks ? latest_tenant(&t, first, end) : 0;
    if (latest > 0) tenants[i].former = latest - 1;
    move_in(&t, first, end, i + 1);
  }
  return VMO_OK;
}
