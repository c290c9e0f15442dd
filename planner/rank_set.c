/* rank_set.c: an ordered set of ranks in a tree of 64-bit words. A bit in a word of one level says that the word
 * below it
 * is not empty, so that the next rank up or down is found in a few steps for millions of ranks. */
#include "planner/rank_set.h"

bool vmo_rank_set_init(vmo_rank_set *set, vmr_arena *arena, uint32_t count) {
  *set = (vmo_rank_set){0};
  size_t words = count;
  do {
    words = words / 64 + 1;
    set->levels[set->level_count] = vmr_arena_alloc_array(arena, words, sizeof(uint64_t));
    if (set->levels[set->level_count++] == NULL) return false;
  } while (words > 1);
  return true;
}

void vmo_rank_set_add(vmo_rank_set *set, uint32_t rank) {
  for (unsigned level = 0; level < set->level_count; level++, rank /= 64)
    set->levels[level][rank / 64] |= UINT64_C(1) << (rank % 64);
}

void vmo_rank_set_remove(vmo_rank_set *set, uint32_t rank) {
  for (unsigned level = 0; level < set->level_count; level++, rank /= 64) {
    set->levels[level][rank / 64] &= ~(UINT64_C(1) << (rank % 64));
    if (set->levels[level][rank / 64] != 0) return;
  }
}

static unsigned lowest_bit(uint64_t word) {
  unsigned bit = 0;
  for (unsigned step = 32; step > 0; step /= 2)
    if ((word & ((UINT64_C(1) << step) - 1)) == 0) word >>= step, bit += step;
  return bit;
}

static unsigned highest_bit(uint64_t word) {
  unsigned bit = 0;
  for (unsigned step = 32; step > 0; step /= 2)
    if (word >> step != 0) word >>= step, bit += step;
  return bit;
}

uint32_t vmo_rank_set_next(const vmo_rank_set *set, uint32_t rank, bool up) {
  for (unsigned level = 0; level < set->level_count; level++, rank /= 64) {
    uint64_t bit = UINT64_C(1) << (rank % 64), beyond = up ? ~(bit | (bit - 1)) : bit - 1;
    uint64_t word = set->levels[level][rank / 64] & beyond;
    if (word == 0) continue;
    rank = rank / 64 * 64 + (up ? lowest_bit(word) : highest_bit(word));
    while (level-- > 0) {
      word = set->levels[level][rank];
      rank = rank * 64 + (up ? lowest_bit(word) : highest_bit(word));
    }
    return rank;
  }
  return VMO_NONE;
}
