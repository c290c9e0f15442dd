/* random.h: the numbers of splitmix64 (Steele, Lea and Flood: Fast splittable pseudorandom number generators, OOPSLA
 * 2014): a state that counts on by a constant, and a function that mixes its bits. Good enough for searches, hashes and
 * test data; no secret is safe with it. The runtime, the benches and the tests' oracle have their own on purpose. */
#ifndef VMO_SUPPORT_RANDOM_H
#define VMO_SUPPORT_RANDOM_H

#include <stdint.h>

#define VMO_RANDOM_STEP UINT64_C(0x9E3779B97F4A7C15)

/* Mixes the bits; one to one, and 0 stays 0. */
static inline uint64_t vmo_mix_bits(uint64_t bits) {
  bits = (bits ^ bits >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  bits = (bits ^ bits >> 27) * UINT64_C(0x94D049BB133111EB);
  return bits ^ bits >> 31;
}

/* The next number; any state will do as the first. */
static inline uint64_t vmo_next_random(uint64_t *state) { return vmo_mix_bits(*state += VMO_RANDOM_STEP); }

/* Evenly from [0, 1), in steps of 2^-53. */
static inline double vmo_random_unit(uint64_t bits) { return (double)(bits >> 11) * 0x1p-53; }

#endif
