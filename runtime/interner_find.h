/* interner_find.h: finding a text in the table of an interner: what every add and find does, in line.
 *
 *   bucket   t0 t1 ... t11 | overflow 0 0 0 | place 0 | place 1 | ... | place 11
 *
 * A tag is 8 bits of the hash, never 0; 12 of them are compared at once, so that a text that is there is mostly the first
 * one that is looked at: a hit touches one line of the table and the text itself. A full bucket sends the text on to
 * the next one and is marked for it; where there is no mark the search ends: some bucket is never full. Layout after the
 * F14 tables (N. Bronson and X. Shi, "Open-sourcing F14 for faster, more memory-efficient hash tables", 2019).
 *
 * The hash is a folded 128-bit product of 16 bytes at a time, an idea of Wang Yi's wyhash
 * (https://github.com/wangyi-fudan/wyhash). It decides no order: symbols are numbered by first use. It is scaled to
 * the number of buckets, so that a table may have any number of them. */
#ifndef VMR_RUNTIME_INTERNER_FIND_H
#define VMR_RUNTIME_INTERNER_FIND_H

#include <string.h>

#include "runtime/interner.h"

#if defined(__SSE2__) && SIZE_MAX > UINT32_MAX
#include <emmintrin.h>
#define VMR_HAS_SSE2 1
#endif

#define VMR_WORD_BYTES sizeof(size_t)
#define VMR_LOW_BITS (SIZE_MAX / 255)      /* 0x0101... */
#define VMR_HIGH_BITS (VMR_LOW_BITS * 128) /* 0x8080... */
#define VMR_OVERFLOW_BYTE VMR_BUCKET_SLOTS /* the first control byte */
#define VMR_SLOT_MASK ((1u << VMR_BUCKET_SLOTS) - 1)

/* ---- the hash ---- */

static inline uint64_t vmr_load_word(const char *from, size_t bytes) {
  uint64_t word = 0;
  memcpy(&word, from, bytes);
  return word;
}

/* The two halves of the 128-bit product of `a` and `b`, folded by exclusive or. */
static inline uint64_t vmr_fold_product(uint64_t a, uint64_t b) {
#ifdef __SIZEOF_INT128__
  __extension__ unsigned __int128 product = (unsigned __int128)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
  uint64_t a_low = (uint32_t)a, a_high = a >> 32, b_low = (uint32_t)b, b_high = b >> 32;
  uint64_t cross = a_high * b_low + (a_low * b_low >> 32), other = a_low * b_high + (uint32_t)cross;
  return (a * b) ^ (a_high * b_high + (cross >> 32) + (other >> 32));
#endif
}

#define VMR_HASH_ODD_A UINT64_C(0x9e3779b97f4a7c15)
#define VMR_HASH_ODD_B UINT64_C(0xd6e8feb86659fd93)
#define VMR_SHORT_LENGTH ((size_t)16) /* a text up to here is compared as a pair of words */

/* All bytes of a short text in two words, which overlap when there are fewer than 16. */
typedef struct vmr_word_pair {
  uint64_t low, high;
} vmr_word_pair;

static inline vmr_word_pair vmr_load_pair(const char *text, size_t length) {
  if (length >= 8) return (vmr_word_pair){vmr_load_word(text, 8), vmr_load_word(text + length - 8, 8)};
  if (length >= 4) return (vmr_word_pair){vmr_load_word(text, 4), vmr_load_word(text + length - 4, 4)};
  if (length == 0) return (vmr_word_pair){0, 0};
  return (vmr_word_pair){vmr_load_word(text, 1) | vmr_load_word(text + length / 2, 1) << 8,
                         vmr_load_word(text + length - 1, 1)};
}

static inline uint64_t vmr_finish_hash(uint64_t state, vmr_word_pair rest) {
  state = vmr_fold_product(rest.low ^ VMR_HASH_ODD_B, rest.high ^ state);
  return vmr_fold_product(state ^ VMR_HASH_ODD_A, VMR_HASH_ODD_B);
}

static inline uint64_t vmr_begin_hash(size_t length) { return (length ^ VMR_HASH_ODD_A) * VMR_HASH_ODD_B; }

static inline uint64_t vmr_hash_text(const char *text, size_t length) {
  uint64_t state = vmr_begin_hash(length);
  for (; length > VMR_SHORT_LENGTH; text += 16, length -= 16) {
    state = vmr_fold_product(vmr_load_word(text, 8) ^ VMR_HASH_ODD_B, vmr_load_word(text + 8, 8) ^ state);
  }
  return vmr_finish_hash(state, vmr_load_pair(text, length));
}

static inline unsigned vmr_tag_of_hash(uint64_t hash) {
  unsigned bits = hash & 0xff;
  return bits + (bits == 0);
}

static inline size_t vmr_home_bucket(const vmr_bucket_table *table, uint64_t hash) {
  return (size_t)((hash >> 32) * table->bucket_count >> 32);
}

static inline size_t vmr_next_bucket(const vmr_bucket_table *table, size_t at) {
  return at + 1 == table->bucket_count ? 0 : at + 1;
}

/* ---- the head of a bucket: which of its bytes are equal to a tag, one bit a slot ---- */

static inline size_t vmr_load_tags(const vmr_bucket *bucket, size_t word) {
  return atomic_load_explicit(&bucket->tags[word], memory_order_acquire);
}

#ifdef VMR_HAS_SSE2

typedef __m128i vmr_bucket_head;

static inline vmr_bucket_head vmr_load_head(const vmr_bucket *bucket) {
  return _mm_set_epi64x((long long)vmr_load_tags(bucket, 1), (long long)vmr_load_tags(bucket, 0));
}

static inline unsigned vmr_match_tags(vmr_bucket_head head, unsigned tag) {
  return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(head, _mm_set1_epi8((char)tag))) & VMR_SLOT_MASK;
}

static inline bool vmr_is_overflowed(vmr_bucket_head head) {
  return (_mm_extract_epi16(head, VMR_OVERFLOW_BYTE / 2) & 1) != 0;
}

#else

typedef struct vmr_bucket_head {
  size_t words[VMR_BUCKET_WORDS];
} vmr_bucket_head;

static inline vmr_bucket_head vmr_load_head(const vmr_bucket *bucket) {
  vmr_bucket_head head;
  for (size_t word = 0; word < VMR_BUCKET_WORDS; word++) head.words[word] = vmr_load_tags(bucket, word);
  return head;
}

/* Bit i is byte i of `word` being zero. */
static inline unsigned vmr_find_zeros(size_t word) {
  size_t zeros =
      ~(((word & ~VMR_HIGH_BITS) + ~VMR_HIGH_BITS) | word) & VMR_HIGH_BITS; /* of each zero byte the high bit */
#if SIZE_MAX > UINT32_MAX
  return (unsigned)(zeros * (size_t)0x0002040810204081 >> 56); /* gathers them at the top */
#else
  return (unsigned)(zeros * (size_t)0x00204081 >> 28);
#endif
}

static inline unsigned vmr_match_tags(vmr_bucket_head head, unsigned tag) {
  unsigned found = 0;
  for (size_t word = 0; word < VMR_BUCKET_WORDS; word++)
    found |= vmr_find_zeros(head.words[word] ^ VMR_LOW_BITS * tag) << (word * VMR_WORD_BYTES);
  return found & VMR_SLOT_MASK;
}

static inline bool vmr_is_overflowed(vmr_bucket_head head) {
  return (head.words[VMR_OVERFLOW_BYTE / VMR_WORD_BYTES] >> VMR_OVERFLOW_BYTE % VMR_WORD_BYTES * 8 & 1) != 0;
}

#endif

/* ---- finding ---- */

/* The symbol at `place` if the short text stands there whose words are `pair`, else 0. */
static inline vmr_symbol vmr_match_short(const vmr_interner *interner, uint32_t place, vmr_word_pair pair,
                                         size_t length) {
  const char *text;
  vmr_symbol symbol;
  if (VMR_UNLIKELY((place & VMR_PRELOADED) != 0)) {
    const vmr_view *word = &interner->words[place & ~VMR_PRELOADED];
    if (word->length != length) return 0;
    symbol = (place & ~VMR_PRELOADED) + 1;
    text = word->data;
  } else {
    const char *record = vmr_interner_record(interner, place);
    if ((unsigned char)record[VMR_SYMBOL_BYTES] != length) return 0;
    memcpy(&symbol, record, VMR_SYMBOL_BYTES);
    text = record + VMR_SYMBOL_BYTES + 1;
  }
  vmr_word_pair there = vmr_load_pair(text, length);
  return ((there.low ^ pair.low) | (there.high ^ pair.high)) == 0 ? symbol : 0;
}

/* The symbol of a text of up to 16 bytes, or 0. Calls nothing, so that nothing need be saved. */
static inline vmr_symbol vmr_table_find_short(const vmr_interner *interner, const char *text, size_t length) {
  vmr_word_pair pair = vmr_load_pair(text, length);
  uint64_t hash = vmr_finish_hash(vmr_begin_hash(length), pair);
  const vmr_bucket_table *table = atomic_load_explicit(&interner->table, memory_order_acquire);
  unsigned tag = vmr_tag_of_hash(hash);
  for (size_t at = vmr_home_bucket(table, hash);; at = vmr_next_bucket(table, at)) {
    const vmr_bucket *bucket = &table->buckets[at];
    vmr_bucket_head head = vmr_load_head(bucket);
    for (unsigned found = vmr_match_tags(head, tag); found != 0; found &= found - 1) {
      uint32_t place = atomic_load_explicit(&bucket->places[__builtin_ctz(found)], memory_order_relaxed);
      vmr_symbol symbol = vmr_match_short(interner, place, pair, length);
      if (VMR_LIKELY(symbol != 0)) return symbol;
    }
    if (!vmr_is_overflowed(head)) return 0;
  }
}

#endif
