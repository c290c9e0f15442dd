/* sort.h: sorting numbers that stand for something. */
#ifndef VMO_SUPPORT_SORT_H
#define VMO_SUPPORT_SORT_H

#include <stdint.h>

typedef struct vmo_keyed {
  uint64_t key;
  uint32_t value;
} vmo_keyed;

/* Sorts by key; equal keys keep their order. `spare` has room for `count`. O(count). */
void vmo_sort_keyed(vmo_keyed *data, vmo_keyed *spare, uint32_t count);

#endif
