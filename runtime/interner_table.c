/* interner_table.c: filling and growing the hash table of an interner; interner_find.h draws it.
 *
 * Nothing is ever removed, so that readers need no lock: a place is written first, then its tag is released. A table is filled
 * up to nine tenths. A larger one is filled in the order of the texts, whose hashes are computed anew. */
#include <string.h>

#include "runtime/interner_find.h"

#define LEAST_BUCKETS ((uint64_t)16)
#define CACHE_LINE ((size_t)64)
#define FEW_BUCKETS 1024u /* a table that is no larger doubles */

vmr_symbol vmr_table_find(const vmr_interner *interner, uint64_t hash, const char *text, size_t length) {
  const vmr_bucket_table *table = atomic_load_explicit(&interner->table, memory_order_acquire);
  unsigned tag = vmr_tag_of_hash(hash);
  for (size_t at = vmr_home_bucket(table, hash);; at = vmr_next_bucket(table, at)) {
    const vmr_bucket *bucket = &table->buckets[at];
    vmr_bucket_head head = vmr_load_head(bucket);
    for (unsigned found = vmr_match_tags(head, tag); found != 0; found &= found - 1) {
      vmr_symbol symbol;
      uint32_t place = atomic_load_explicit(&bucket->places[__builtin_ctz(found)], memory_order_relaxed);
      vmr_view there = vmr_interner_read(interner, place, &symbol);
      if (there.length == length && (length == 0 || memcmp(there.data, text, length) == 0)) return symbol;
    }
    if (!vmr_is_overflowed(head)) return 0;
  }
}

/* Puts a byte that is 0 into the head of a bucket. */
static void set_byte(vmr_bucket *bucket, size_t byte, unsigned value) {
  _Atomic size_t *word = &bucket->tags[byte / VMR_WORD_BYTES];
  size_t old = atomic_load_explicit(word, memory_order_relaxed);
  atomic_store_explicit(word, old | (size_t)value << byte % VMR_WORD_BYTES * 8, memory_order_release);
}

void vmr_table_insert(vmr_bucket_table *table, uint64_t hash, uint32_t place) {
  size_t at = vmr_home_bucket(table, hash);
  for (;; at = vmr_next_bucket(table, at)) {
    vmr_bucket *bucket = &table->buckets[at];
    unsigned free_slots = vmr_match_tags(vmr_load_head(bucket), 0);
    if (free_slots != 0) {
      unsigned slot = (unsigned)__builtin_ctz(free_slots);
      atomic_store_explicit(&bucket->places[slot], place, memory_order_relaxed);
      set_byte(bucket, slot, vmr_tag_of_hash(hash));
      return;
    }
    set_byte(bucket, VMR_OVERFLOW_BYTE, 1);
  }
}

/* ---- growing ---- */

vmr_bucket_table *vmr_table_create(vmr_interner *interner, uint64_t texts) {
  uint64_t buckets = texts / VMR_BUCKET_SLOTS * 10 / 9 + 2;
  if (buckets < LEAST_BUCKETS) buckets = LEAST_BUCKETS;
  if (buckets > (SIZE_MAX / 2) / sizeof(vmr_bucket)) {
    vmr_interner_refuse(interner, VMR_OUT_OF_MEMORY, false);
    return NULL;
  }
  size_t bytes = sizeof(vmr_bucket_table) + CACHE_LINE + (size_t)buckets * sizeof(vmr_bucket);
  vmr_bucket_table *table = vmr_interner_obtain(interner, bytes);
  if (table == NULL) return NULL;
  memset(table, 0, bytes);
  uintptr_t first = ((uintptr_t)(table + 1) + CACHE_LINE - 1) & ~(uintptr_t)(CACHE_LINE - 1);
  *table = (vmr_bucket_table){.head = {.bytes = bytes}, .bucket_count = (uint32_t)buckets, .buckets = (void *)first};
  table->room = (uint32_t)(buckets * VMR_BUCKET_SLOTS * 9 / 10);
  return table;
}

/* Tables of one thread grow by three eighths, for what is free costs bytes and what is outgrown is given back. Shared ones
 * double, so that all that are outgrown together are no larger than the one in use. */
static uint64_t grown_room(const vmr_interner *interner, const vmr_bucket_table *table) {
  bool doubles = interner->stripes != NULL || table->bucket_count < FEW_BUCKETS;
  return doubles ? (uint64_t)table->room * 2 : (uint64_t)table->room / 8 * 11;
}

bool vmr_table_reserve(vmr_interner *interner) {
  vmr_bucket_table *old = atomic_load_explicit(&interner->table, memory_order_relaxed);
  uint32_t count = atomic_load_explicit(&interner->count, memory_order_relaxed);
  if (count < old->room) return true;
  vmr_bucket_table *table = vmr_table_create(interner, grown_room(interner, old));
  if (table == NULL) return false;
  for (uint32_t i = 0; i < count; i++) { /* in the order of the texts, which are read one after the other */
    vmr_symbol symbol;
    uint32_t place = vmr_interner_place(interner, i + 1);
    vmr_view text = vmr_interner_read(interner, place, &symbol);
    vmr_table_insert(table, vmr_hash_text(text.data, text.length), place);
  }
  atomic_store_explicit(&interner->table, table, memory_order_release);
  vmr_interner_retire(interner, &old->head);
  return true;
}

uint64_t vmr_table_count_entries(const vmr_bucket_table *table) {
  uint64_t entries = 0;
  for (size_t i = 0; i < table->bucket_count; i++)
    entries += VMR_BUCKET_SLOTS - (unsigned)__builtin_popcount(vmr_match_tags(vmr_load_head(&table->buckets[i]), 0));
  return entries;
}
