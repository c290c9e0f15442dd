/* bitset.c: what of a bitset is not one line: making, counting and stepping through the set bits.
 *
 * Bits lie in 64-bit words, the lowest first; the bits beyond the last are always clear. Counting and
 * clearing cost a step per word, stepping through all set bits a step per word and per set bit. */
#include "support/bitset.h"

#include <string.h>

static size_t word_count(uint32_t bits) { return ((size_t)bits + 63) / 64; }

/* The number of the lowest set bit of a word that has one. */
static uint32_t lowest_bit(uint64_t word) {
#if defined(__GNUC__)
  return (uint32_t)__builtin_ctzll(word);
#else
  uint32_t bit = 0;
  for (; (word & 1) == 0; word >>= 1) bit++;
  return bit;
#endif
}

static uint32_t count_bits(uint64_t word) {
#if defined(__GNUC__)
  return (uint32_t)__builtin_popcountll(word);
#else
  uint32_t count = 0;
  for (; word != 0; word &= word - 1) count++;
  return count;
#endif
}

bool vmo_bitset_init(vmr_arena *arena, vmo_bitset *set, uint32_t bits) {
  set->bits = bits;
  set->words = vmr_arena_alloc_array(arena, word_count(bits), sizeof *set->words);
  return set->words != NULL;
}

void vmo_bitset_clear_all(vmo_bitset *set) { memset(set->words, 0, word_count(set->bits) * sizeof *set->words); }

uint32_t vmo_bitset_count(const vmo_bitset *set) {
  uint32_t count = 0;
  for (size_t i = 0; i < word_count(set->bits); i++) count += count_bits(set->words[i]);
  return count;
}

uint32_t vmo_bitset_next(const vmo_bitset *set, uint32_t from) {
  if (from >= set->bits) return set->bits;
  size_t at = from / 64, words = word_count(set->bits);
  uint64_t word = set->words[at] & UINT64_MAX << (from % 64);
  while (word == 0) {
    if (++at == words) return set->bits;
    word = set->words[at];
  }
  return (uint32_t)(at * 64) + lowest_bit(word);
}
