/* vec.h: growable arrays in an arena.
 *
 *   VMO_VEC(vmo_op) ops = {0};
 *   if (!vmo_vec_push(arena, &ops, op)) return VMO_OUT_OF_MEMORY;
 *   for (uint32_t i = 0; i < ops.count; i++) use(&ops.data[i]);
 *
 * At most 2^31 elements. The memory belongs to the arena; there is nothing to free. */
#ifndef VMO_SUPPORT_VEC_H
#define VMO_SUPPORT_VEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmemrt.h"

#define VMO_VEC(type) \
  struct { \
    type *data; \
    uint32_t count, capacity; \
  }

/* Makes room for `wanted` elements of `size` bytes in all; false when memory is out. */
bool vmo_vec_grow(vmr_arena *arena, void **data, uint32_t *capacity, uint32_t wanted, size_t size);

/* Room for `extra` more elements; true on success. */
#define vmo_vec_reserve(arena, vec, extra) \
  ((vec)->count + (uint64_t)(extra) <= (vec)->capacity || \
   ((vec)->count + (uint64_t)(extra) <= INT32_MAX && \
    vmo_vec_grow((arena), (void **)&(vec)->data, &(vec)->capacity, (vec)->count + (uint32_t)(extra), \
                 sizeof *(vec)->data)))

/* Appends a copy of `item`; true on success. */
#define vmo_vec_push(arena, vec, item) \
  (vmo_vec_reserve((arena), (vec), 1) ? ((vec)->data[(vec)->count++] = (item), true) : false)

/* Moves the elements into an array of just their size in `arena`, which need not be the one they are in. */
bool vmo_vec_settle(vmr_arena *arena, void **data, uint32_t count, uint32_t *capacity, size_t size);
#define vmo_vec_move(arena, vec) \
  vmo_vec_settle((arena), (void **)&(vec)->data, (vec)->count, &(vec)->capacity, sizeof *(vec)->data)

#endif
