/* bitset.h: a fixed number of bits in an arena. */
#ifndef VMO_SUPPORT_BITSET_H
#define VMO_SUPPORT_BITSET_H

#include <stdbool.h>
#include <stdint.h>

#include "vmemrt.h"

typedef struct vmo_bitset {
  uint64_t *words; /* NULL after a failed init */
  uint32_t bits;
} vmo_bitset;

/* All bits clear; false when memory is out. */
bool vmo_bitset_init(vmr_arena *arena, vmo_bitset *set, uint32_t bits);
void vmo_bitset_clear_all(vmo_bitset *set);
uint32_t vmo_bitset_count(const vmo_bitset *set);
/* The first set bit at or after `from`, or `set->bits`. */
uint32_t vmo_bitset_next(const vmo_bitset *set, uint32_t from);

static inline bool vmo_bitset_get(const vmo_bitset *set, uint32_t bit) {
  return set->words[bit >> 6] >> (bit & 63) & 1;
}
static inline void vmo_bitset_set(vmo_bitset *set, uint32_t bit) { set->words[bit >> 6] |= UINT64_C(1) << (bit & 63); }
static inline void vmo_bitset_clear(vmo_bitset *set, uint32_t bit) {
  set->words[bit >> 6] &= ~(UINT64_C(1) << (bit & 63));
}

#endif
