/* hash_index.c: see hash_index.h. Slots are kept at most half full, so that a probe ends soon; ids are never
 * removed, so that an empty slot ends a search. */
#include "support/hash_index.h"

enum { FIRST_CAPACITY = 16 };

uint32_t vmo_hash_index_next(const vmo_hash_index *index, uint32_t hash, uint32_t *cursor) {
  if (index->capacity == 0) return VMO_NONE;
  uint32_t mask = index->capacity - 1;
  for (;;) {
    const vmo_hash_slot *slot = &index->slots[(hash + *cursor) & mask];
    if (slot->id == VMO_NONE) return VMO_NONE;
    *cursor += 1;
    if (slot->hash == hash) return slot->id;
  }
}

static void insert(vmo_hash_slot *slots, uint32_t capacity, vmo_hash_slot added) {
  uint32_t mask = capacity - 1, at = added.hash & mask;
  while (slots[at].id != VMO_NONE) at = (at + 1) & mask;
  slots[at] = added;
}

static bool enlarge(vmr_arena *arena, vmo_hash_index *index) {
  if (index->capacity > UINT32_MAX / 4) return false;
  uint32_t capacity = index->capacity == 0 ? FIRST_CAPACITY : index->capacity * 2;
  vmo_hash_slot *slots = vmr_arena_alloc(arena, capacity * sizeof *slots);
  if (slots == NULL) return false;
  for (uint32_t i = 0; i < capacity; i++) slots[i] = (vmo_hash_slot){0, VMO_NONE};
  for (uint32_t i = 0; i < index->capacity; i++)
    if (index->slots[i].id != VMO_NONE) insert(slots, capacity, index->slots[i]);
  index->slots = slots;
  index->capacity = capacity;
  return true;
}

bool vmo_hash_index_add(vmr_arena *arena, vmo_hash_index *index, uint32_t hash, uint32_t id) {
  if ((index->count + 1) > index->capacity / 2 && !enlarge(arena, index)) return false;
  insert(index->slots, index->capacity, (vmo_hash_slot){hash, id});
  index->count++;
  return true;
}
