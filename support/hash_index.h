/* hash_index.h: finds ids by the hash of what they name.
 *
 * Open addressing with linear probing; the caller keeps the things themselves and compares them:
 *
 *   uint32_t cursor = 0;
 *   for (uint32_t id; (id = vmo_hash_index_next(&index, hash, &cursor)) != VMO_NONE;)
 *     if (equal(things[id], wanted)) return id;
 *   vmo_hash_index_add(arena, &index, hash, new_id);
 *
 * Expected constant time; 8 bytes a slot, at most half of the slots taken. */
#ifndef VMO_SUPPORT_HASH_INDEX_H
#define VMO_SUPPORT_HASH_INDEX_H

#include "support/context.h"

typedef struct vmo_hash_slot {
  uint32_t hash;
  uint32_t id; /* VMO_NONE: empty */
} vmo_hash_slot;

typedef struct vmo_hash_index {
  vmo_hash_slot *slots;
  uint32_t capacity; /* a power of two, or 0 */
  uint32_t count;
} vmo_hash_index;

/* The next id whose hash is `hash`, or VMO_NONE. `*cursor` starts at 0 and is moved on. */
uint32_t vmo_hash_index_next(const vmo_hash_index *index, uint32_t hash, uint32_t *cursor);
/* False when memory is out. */
bool vmo_hash_index_add(vmr_arena *arena, vmo_hash_index *index, uint32_t hash, uint32_t id);

/* Mixes `word` into a running hash. */
static inline uint32_t vmo_hash_mix(uint32_t hash, uint64_t word) {
  uint64_t mixed = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
  mixed ^= mixed >> 29;
  mixed *= UINT64_C(0xbf58476d1ce4e5b9);
  return (uint32_t)(mixed >> 32) ^ (uint32_t)mixed;
}

#endif
