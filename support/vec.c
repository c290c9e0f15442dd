/* vec.c: makes room in a growable array.
 *
 * Capacity doubles, so that a push costs constant time on average. The arena grows its last object in
 * place and big objects in blocks of their own, so that the old copies of a vector that doubled up to
 * b bytes take less than b, and nothing at all once it is big. */
#include "support/vec.h"

#include <string.h>

#define FIRST_CAPACITY 8u
#define LARGEST_CAPACITY ((uint32_t)INT32_MAX)

bool vmo_vec_grow(vmr_arena *arena, void **data, uint32_t *capacity, uint32_t wanted, size_t size) {
  if (wanted <= *capacity) return true;
  if (wanted > LARGEST_CAPACITY) return false;
  uint32_t roomier = *capacity <= LARGEST_CAPACITY / 2 ? *capacity * 2 : LARGEST_CAPACITY;
  if (roomier < FIRST_CAPACITY) roomier = FIRST_CAPACITY;
  if (roomier < wanted) roomier = wanted;
  if (size != 0 && roomier > SIZE_MAX / size) return false;
  /* `data` is the address of a pointer of another type: it is read and written as bytes. */
  void *array;
  memcpy(&array, data, sizeof array);
  array = vmr_arena_grow(arena, array, *capacity * size, roomier * size);
  if (array == NULL) return false;
  memcpy(data, &array, sizeof array);
  *capacity = roomier;
  return true;
}

bool vmo_vec_settle(vmr_arena *arena, void **data, uint32_t count, uint32_t *capacity, size_t size) {
  void *from, *to = NULL;
  memcpy(&from, data, sizeof from);
  if (count > 0) {
    to = vmr_arena_alloc(arena, count * size);
    if (to == NULL) return false;
    memcpy(to, from, count * size);
  }
  memcpy(data, &to, sizeof to);
  *capacity = count;
  return true;
}
